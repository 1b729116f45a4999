"""Pulling, cutting and bending wires, by real mouse and key events."""
from __future__ import annotations

from hand import ALT, CTRL, NO, RIGHT, Hand, Kind
from PySide6 import QtGui, QtWidgets
from PySide6.QtCore import Qt

from editor import commands
from editor.model.document import GraphDocument
from editor.model.items import Card, Ref


def test_a_wire_is_pulled_from_an_output_to_an_input(hand):
    hand.begin(hand.port("x", "output"), (120, 300), hand.port("lone", "input"))
    assert hand.view.overlays.pending is not None and hand.view.overlays.pending[2:] == ("float32", True)
    hand.release(hand.port("lone", "input"))
    assert ("x", "lone", 0) in hand.wires and hand.view.overlays.pending is None
    hand.drag(hand.port("k", "input"), hand.port("b", "output"))
    assert ("b", "k", 0) in hand.wires
    hand.drag(hand.port("k", "output"), (hand.title("lone")))
    assert ("x", "lone", 0) in hand.wires, "on a card, only a free input is taken"


def test_what_does_not_fit_fades_and_says_why(qtbot, hand):
    hand.begin(hand.port("a", "output"), (520, 200))
    qtbot.waitUntil(lambda: "x" in hand.tool.gesture.reasons)
    assert hand.tool.gesture.reasons.keys() == {"x"}
    hand.move(hand.port("x", "input"))
    assert hand.view.overlays.pending[3] is False
    hand.release(hand.port("x", "input"))
    assert hand.said and "circle" in hand.said[-1]
    assert hand.scene.refused("x") == "" and hand.wires == [("a", "b", 0), ("x", "a", 0)]


def test_a_wire_whose_type_does_not_fit_can_be_drawn_nevertheless(qtbot):
    hand = Hand(qtbot, GraphDocument([Card("x", "op/placeholder", {"dtype": "bool"}), Card("a", "op/exp", x=400)]))
    hand.begin(hand.port("x", "output"), (300, 200), hand.port("a", "input"))
    assert hand.view.overlays.pending[3] is False
    hand.release(hand.port("a", "input"))
    assert hand.wires == [("x", "a", 0)] and hand.inference.problem("a") is not None
    hand.close()


def test_a_wire_pulled_off_is_taken_out_or_put_elsewhere(hand):
    hand.drag(hand.port("b", "input"), (560, 300))
    assert hand.wires == [("x", "a", 0)] and hand.searched == []
    hand.document.undo()
    hand.drag(hand.port("b", "input"), hand.port("lone", "input"))
    assert hand.wires == [("a", "lone", 0), ("x", "a", 0)]
    assert hand.document.history == ["Reconnect 'a'"]
    hand.document.undo()
    hand.drag(hand.port("b", "input"), (560, 200), hand.port("b", "input"))
    assert hand.document.history == []
    hand.drag(hand.port("b", "input"), hand.port("lone", "input"), modifiers=CTRL)
    assert hand.wires == [("a", "b", 0), ("a", "lone", 0), ("x", "a", 0)]


def test_a_wire_let_go_on_a_card_whose_fitting_inputs_are_taken_says_so(hand):
    hand.drag(hand.port("x", "output"), hand.title("b"))
    assert hand.said == ["What takes it on b is connected already: drop it on that socket to replace the wire."]
    assert ("a", "b", 0) in hand.wires


def test_a_wire_let_go_in_the_empty_asks_for_a_card_that_takes_it(hand):
    hand.drag(hand.port("b", "output"), (860, 300))
    request, = hand.searched
    assert request.side == "input" and request.what == "float32 (?, 4)"
    kinds = [kind.key for kind, _ in request.offers]
    assert "op/sqrt" in kinds and "optimizer/SGD" not in kinds
    made = hand.tool.add("op/sqrt", 0)
    assert ("b", made, 0) in hand.wires and hand.selected == {made}
    x, y = hand.port(made, "input")
    assert abs(x - 860) <= 12 and abs(y - 300) <= 12
    assert len(hand.document.history) == 1
    hand.drag(hand.port("lone", "input"), (-200, 300))
    assert hand.searched[-1].side == "output"
    made = hand.tool.add("op/const", 0)
    assert (made, "lone", 0) in hand.wires


def test_escape_breaks_pulling_off(hand):
    hand.begin(hand.port("b", "input"), (560, 300))
    hand.key(Qt.Key.Key_Escape)
    hand.release((560, 300))
    assert hand.wires == [("a", "b", 0), ("x", "a", 0)]
    assert hand.view.overlays.pending is None and hand.searched == []


def test_what_was_pulled_may_be_undone_meanwhile(hand):
    hand.document.do(commands.add_card(hand.document, "op/exp", 900, 0))
    hand.begin(hand.port("exp", "output"), (1000, 300))
    hand.document.undo()
    hand.move((1000, 350))
    hand.release(hand.port("lone", "input"))
    assert hand.searched == [] and ("exp", "lone", 0) not in hand.wires
    x, y = hand.title("a")
    hand.begin((x, y), (x + 60, y + 60), modifiers=ALT)
    hand.document.undo()
    hand.move((x + 90, y + 90), modifiers=ALT)
    hand.release((x + 90, y + 90), modifiers=ALT)
    assert len(list(hand.document.cards)) == 5


def test_the_knife_cuts_what_it_crosses(hand):
    (x, y), (u, v) = hand.port("a", "output"), hand.port("b", "input")
    hand.begin(((x + u) / 2, y - 100), ((x + u) / 2, y), ((x + u) / 2, v + 100), button=RIGHT, modifiers=CTRL)
    assert len(hand.view.overlays.knife) > 1
    hand.release(((x + u) / 2, v + 100), RIGHT, CTRL)
    assert hand.wires == [("x", "a", 0)] and hand.document.history == ["Disconnect a wire"]
    assert hand.view.overlays.knife == [] and hand.menus == []


def test_bends_are_made_moved_and_taken_out(hand):
    (x, y), (u, v) = hand.port("a", "output"), hand.port("b", "input")
    middle, ref = ((x + u) / 2, (y + v) / 2), Ref("wire", ("b", 0))
    hand.double_click(middle)
    (bend,) = hand.document.items[ref].bends
    assert abs(bend[0] - middle[0]) <= 6 and bend[0] % 12 == 0
    hand.drag(bend, (bend[0], bend[1] + 60), (bend[0], bend[1] + 120))
    assert hand.document.items[ref].bends == ((bend[0], bend[1] + 120),)
    assert hand.document.history == ["Bend a wire", "Bend a wire"]
    hand.click((bend[0], bend[1] + 120))
    hand.key(Qt.Key.Key_Delete)
    assert hand.document.items[ref].bends == ()
    hand.click(middle)
    hand.key(Qt.Key.Key_Delete)
    assert ref not in hand.document.items


def test_delete_is_the_bends_even_where_the_window_has_it_as_a_shortcut(hand):
    (x, y), (u, v) = hand.port("a", "output"), hand.port("b", "input")
    middle, ref = ((x + u) / 2, (y + v) / 2), Ref("wire", ("b", 0))
    hand.double_click(middle)
    override = QtGui.QKeyEvent(Kind.ShortcutOverride, Qt.Key.Key_Delete, NO)
    override.ignore()
    QtWidgets.QApplication.sendEvent(hand.view, override)
    assert override.isAccepted()
    hand.tool.edits.select_all()
    override.ignore()
    QtWidgets.QApplication.sendEvent(hand.view, override)
    assert not override.isAccepted()
    assert ref in hand.document.items


def test_a_wire_is_bent_by_pulling_at_it(hand):
    (x, y), (u, v) = hand.port("a", "output"), hand.port("b", "input")
    middle = ((x + u) / 2, (y + v) / 2)
    hand.drag(middle, (middle[0], middle[1] + 96))
    assert len(hand.document.items[Ref("wire", ("b", 0))].bends) == 1
    hand.document.undo()
    hand.begin(middle, (middle[0], middle[1] + 50), (middle[0], middle[1] + 96))
    hand.key(Qt.Key.Key_Escape)
    assert hand.document.items[Ref("wire", ("b", 0))].bends == () and hand.document.history == []
