"""Gestures on a real view without a screen, by real mouse, key, drag and drop events."""
from __future__ import annotations

import pytest
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QPointF, Qt

from editor import commands
from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Card, Frame, Note, Ref, Wire
from editor.scene import GraphScene, GraphView
from editor.tools import KIND_MIME, Interaction

NO = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NOBUTTON = Qt.MouseButton.NoButton
Kind = QtCore.QEvent.Type


class Hand:
    """A person at the canvas: places are the scene's."""

    def __init__(self, qtbot, document):
        self.document = document
        self.inference = Inference(document)
        self.scene = GraphScene(document, self.inference)
        self.view = GraphView(self.scene)
        self.view.resize(1400, 900)
        qtbot.addWidget(self.view)
        self.tool = Interaction(document, self.inference, self.view)
        self.view.show()
        qtbot.waitExposed(self.view)
        self.view.set_zoom(1.0)
        self.view.centerOn(400, 300)
        self.said, self.searched, self.menus, self.viewed, self.files = [], [], [], [], []
        self.tool.said.connect(self.said.append)
        self.tool.search_requested.connect(self.searched.append)
        self.tool.menu_requested.connect(lambda place, hit: self.menus.append(hit))
        self.tool.viewer_requested.connect(lambda card, output: self.viewed.append((card, output)))
        self.tool.files_dropped.connect(lambda paths, at: self.files.append(paths))

    def close(self):
        self.tool.detach()
        self.scene.detach()
        self.inference.close()

    def place(self, at):
        return QPointF(self.view.mapFromScene(QPointF(*at)))

    def _send(self, type, at, button, buttons, modifiers):
        viewport, place = self.view.viewport(), self.place(at)
        far = QPointF(viewport.mapToGlobal(place.toPoint()))
        QtWidgets.QApplication.sendEvent(viewport, QtGui.QMouseEvent(type, place, far, button, buttons, modifiers))

    def press(self, at, button=LEFT, modifiers=NO):
        self._send(Kind.MouseButtonPress, at, button, button, modifiers)

    def move(self, at, button=LEFT, modifiers=NO):
        self._send(Kind.MouseMove, at, NOBUTTON, button, modifiers)

    def release(self, at, button=LEFT, modifiers=NO):
        self._send(Kind.MouseButtonRelease, at, button, NOBUTTON, modifiers)

    def click(self, at, button=LEFT, modifiers=NO):
        self.press(at, button, modifiers)
        self.release(at, button, modifiers)

    def double_click(self, at):
        self.click(at)
        self._send(Kind.MouseButtonDblClick, at, LEFT, LEFT, NO)
        self.release(at)

    def begin(self, start, *way, button=LEFT, modifiers=NO):
        self.press(start, button, modifiers)
        for at in way:
            self.move(at, button, modifiers)

    def drag(self, start, *way, button=LEFT, modifiers=NO):
        middle = ((start[0] + way[0][0]) / 2, (start[1] + way[0][1]) / 2)
        self.begin(start, middle, *way, button=button, modifiers=modifiers)
        self.release(way[-1], button, modifiers)

    def key(self, key, modifiers=NO, text=""):
        target = QtWidgets.QApplication.focusWidget() if self.tool.inline.widget is None else self.tool.inline.widget
        for type in (Kind.KeyPress, Kind.KeyRelease):
            QtWidgets.QApplication.sendEvent(target or self.view, QtGui.QKeyEvent(type, key, modifiers, text))

    def port(self, card, side, number=0):
        at = self.scene.port_position(card, side, number)
        return at.x(), at.y()

    def title(self, card):
        rect = self.scene.card_rect(card)
        return rect.left() + 60, rect.top() + 12

    def row(self, card, name):
        number = [field.name for field in self.scene.shown_fields(card)].index(name)
        middle = self.scene.row_rect(card, number).center()
        return middle.x(), middle.y()

    @property
    def selected(self):
        return {ref.key for ref in self.scene.selected()}

    @property
    def wires(self):
        return sorted((w.source, w.target, w.input) for w in self.document.wires)


def graph():
    return GraphDocument([
        Card("x", "op/placeholder", {"shape": [None, 4]}, 0, 0), Card("a", "op/negative", x=300, y=0),
        Card("b", "op/exp", x=600, y=0), Card("lone", "op/tanh", x=0, y=400),
        Card("k", "op/cast", {"dtype": "int32"}, 300, 400),
        Wire("x", 0, "a", 0), Wire("a", 0, "b", 0)])


@pytest.fixture
def hand(qtbot):
    found = Hand(qtbot, graph())
    yield found
    found.close()


# -------------------------------------------------------------------- selecting and moving

def test_clicks_select(hand):
    hand.click(hand.title("a"))
    assert hand.selected == {"a"}
    hand.click(hand.title("b"), modifiers=SHIFT)
    hand.click(hand.title("lone"), modifiers=CTRL)
    assert hand.selected == {"a", "b", "lone"}
    hand.click(hand.title("b"), modifiers=CTRL)
    assert hand.selected == {"a", "lone"}
    hand.click(hand.title("lone"))
    assert hand.selected == {"lone"}
    hand.click((-150, 250))
    assert hand.selected == set()
    assert hand.document.history == []


def test_a_rubber_band_selects_what_it_touches(hand):
    hand.drag((280, -40), (700, 60))
    assert hand.selected == {"a", "b"}
    hand.drag((-40, 350), (60, 500), modifiers=SHIFT)
    assert hand.selected == {"a", "b", "lone"}
    hand.begin((-60, -60), (700, 500))
    assert hand.selected == {"x", "a", "b", "lone", "k"} and hand.view.overlays.lasso is not None
    hand.key(Qt.Key.Key_Escape)
    assert hand.selected == {"a", "b", "lone"} and hand.view.overlays.lasso is None


def test_dragging_moves_what_is_selected_in_one_edit_and_snaps(hand):
    hand.click(hand.title("a"))
    hand.click(hand.title("b"), modifiers=SHIFT)
    x, y = hand.title("a")
    hand.drag((x, y), (x + 30, y + 200), (x + 50, y + 310))
    a, b = hand.document.card("a"), hand.document.card("b")
    assert (b.x - a.x, b.y - a.y) == (300, 0) and a.y > 250
    assert hand.document.history == ["Move 2 cards"]
    assert a.x % 12 == 0 or abs(a.x - 345) < 10
    hand.document.undo()
    assert hand.document.card("a").x == 300
    assert hand.scene.card_rect("a").x() == 300


def test_guides_hold_a_card_on_a_straight_wire_and_alt_ignores_them(hand):
    x, y = hand.title("a")
    hand.begin((x, y), (x + 20, y + 60), (x + 33, y + 4))
    assert len(hand.view.overlays.guides) == 1
    hand.release((x + 33, y + 4))
    assert hand.port("a", "output")[1] == hand.port("b", "input")[1]
    hand.document.undo()
    hand.begin((x, y), (x + 20, y + 60))
    hand.move((x + 33, y + 4), modifiers=ALT)
    assert not hand.view.overlays.guides
    hand.release((x + 33, y + 4), modifiers=ALT)
    assert (hand.document.card("a").x, hand.document.card("a").y) == (333, 4)


def test_escape_breaks_a_drag_off(hand):
    x, y = hand.title("a")
    hand.begin((x, y), (x + 100, y + 100))
    assert hand.scene.card_rect("a").x() > 350
    hand.key(Qt.Key.Key_Escape)
    assert hand.scene.card_rect("a").x() == 300 and hand.document.history == []
    hand.release((x + 100, y + 100))
    assert hand.document.history == [] and hand.tool.gesture is None


def test_alt_drag_doubles(hand):
    x, y = hand.title("a")
    hand.drag((x, y), (x, y + 300), modifiers=ALT)
    assert hand.document.card("a").y == 0 and hand.document.card("a_1").y > 250
    assert hand.selected == {"a_1"} and hand.document.history == ["Duplicate card 'a'"]
    hand.document.undo()
    hand.begin((x, y), (x, y + 300), modifiers=ALT)
    hand.key(Qt.Key.Key_Escape)
    assert hand.document.card("a_1") is None and hand.document.history == []


def test_frames_take_what_lies_inside_along(qtbot):
    hand = Hand(qtbot, GraphDocument([Frame("f", "title", -40, -40, 600, 300), Card("a", "op/exp", x=0, y=20),
                                      Card("far", "op/exp", x=800, y=20)]))
    hand.drag((100, -28), (124, 92))
    frame, a, far = hand.document.items[Ref("frame", "f")], hand.document.card("a"), hand.document.card("far")
    assert (frame.y, a.y, far.y) == (84, 144, 20)
    assert len(hand.document.history) == 1
    hand.close()


def test_doubling_a_frame_doubles_what_is_in_it(qtbot):
    hand = Hand(qtbot, GraphDocument([Frame("f", "title", -40, -40, 300, 300), Card("a", "op/exp", x=0, y=20)]))
    hand.drag((100, -28), (100, 372), modifiers=ALT)
    assert (hand.document.card("a").y, hand.document.card("a_1").y) == (20, 420) and hand.selected == {"f_1", "a_1"}
    hand.click((250, 100))
    hand.click((100, -28))
    assert hand.selected == {"f"}
    hand.tool.edits.duplicate()
    assert hand.selected == {"f_2", "a_2"}
    hand.close()


def test_what_is_selected_is_told_in_words(hand):
    hand.click(hand.title("b"))
    assert hand.view.accessibleDescription() == "Exp b, float32 (?, 4), reads a"
    hand.click(hand.title("lone"), modifiers=SHIFT)
    assert hand.view.accessibleDescription() == "2 cards"


def test_a_lone_card_dropped_on_a_wire_is_led_through(hand):
    x, y = hand.title("lone")
    start, end = hand.port("a", "output"), hand.port("b", "input")
    middle = ((start[0] + end[0]) / 2, (start[1] + end[1]) / 2)
    rect = hand.scene.card_rect("lone")
    dx, dy = middle[0] - rect.center().x(), middle[1] - rect.center().y()
    hand.begin((x, y), (x + dx / 2, y + dy / 2), (x + dx, y + dy))
    assert hand.scene.hover.ref == Ref("wire", ("b", 0))
    hand.release((x + dx, y + dy))
    assert {("a", "lone", 0), ("lone", "b", 0)} < set(hand.wires)
    assert hand.document.history == ["Insert 'lone'"]
    hand.document.undo()
    assert hand.document.card("lone").x == 0 and ("a", "b", 0) in hand.wires


def test_a_wired_card_is_not_inserted(hand):
    x, y = hand.title("x")
    hand.drag((x, y), (x + 400, y - 20))
    assert hand.wires == [("a", "b", 0), ("x", "a", 0)]


# -------------------------------------------------------------------- wires

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


# -------------------------------------------------------------------- sizes and fields

def test_edges_are_pulled(hand):
    rect = hand.scene.card_rect("b")
    edge = (rect.right() - 1, rect.bottom() - 3)
    hand.drag(edge, (edge[0] + 30, edge[1]), (edge[0] + 72, edge[1]))
    assert hand.document.card("b").width == 264 and hand.document.history == ["Resize card 'b'"]
    hand.begin(edge := (edge[0] + 72, edge[1]), (edge[0] - 300, edge[1]))
    hand.key(Qt.Key.Key_Escape)
    assert hand.document.card("b").width == 264 and len(hand.document.history) == 1


def test_notes_have_corners_and_text(qtbot):
    hand = Hand(qtbot, GraphDocument([Note("n", "old", 0, 0)]))
    hand.drag((212, 116), (260, 150), (308, 188))
    note = hand.document.items[Ref("note", "n")]
    assert (note.width, note.height) == (312, 192)
    hand.double_click((100, 60))
    assert isinstance(hand.tool.inline.widget, QtWidgets.QPlainTextEdit)
    hand.tool.inline.widget.setPlainText("new")
    hand.click((-200, 400))
    assert hand.document.items[Ref("note", "n")].text == "new"
    hand.close()


def edited(hand):
    assert hand.tool.inline.widget is not None
    return hand.tool.inline.widget


def test_rows_are_edited_in_place(hand):
    hand.click(hand.row("x", "shape"))
    line = edited(hand)
    assert line.text() == "(?, 4)" and line.hasSelectedText()
    line.setText("(?, 8)")
    hand.key(Qt.Key.Key_Return)
    assert hand.tool.inline.widget is None
    assert hand.document.card("x").attributes["shape"] == [None, 8]
    assert hand.inference.outputs("b")[0].shape == "(?, 8)"


def test_a_wrong_value_says_so_and_escape_leaves_the_old_one(hand):
    hand.click(hand.row("x", "shape"))
    line = edited(hand)
    line.clear()
    QtWidgets.QApplication.sendEvent(line, QtGui.QKeyEvent(Kind.KeyPress, Qt.Key.Key_Z, NO, "z"))
    assert line.property("invalid") is True
    hand.key(Qt.Key.Key_Return)
    assert hand.tool.inline.widget is line
    hand.key(Qt.Key.Key_Escape)
    assert hand.tool.inline.widget is None and hand.document.history == []
    hand.click(hand.row("x", "shape"))
    edited(hand).setText("zebra")
    hand.click((-200, 250))
    assert hand.document.history == [] and "zebra" in hand.said[-1]


def test_tab_goes_to_the_next_row(hand):
    hand.document.do(commands.set_attribute(hand.document, ["x"], "dtype", "float64"))
    fields = [field.name for field in hand.scene.shown_fields("x")]
    assert fields == ["dtype", "shape"]
    hand.click(hand.row("x", fields[0]))
    hand.key(Qt.Key.Key_Tab)
    assert edited(hand).accessibleName() == f"{fields[1]} of x"
    hand.key(Qt.Key.Key_Backtab)
    assert edited(hand).accessibleName() == f"{fields[0]} of x"
    hand.key(Qt.Key.Key_Escape)


def test_names_are_edited_on_the_title(hand):
    hand.double_click(hand.title("a"))
    edited(hand).setText("b")
    hand.key(Qt.Key.Key_Return)
    assert hand.tool.inline.widget is not None, "b is taken"
    edited(hand).setText("scope/neg")
    hand.key(Qt.Key.Key_Return)
    assert hand.wires == [("scope/neg", "b", 0), ("x", "scope/neg", 0)]


def test_a_field_goes_with_its_card(hand):
    hand.click(hand.row("x", "shape"))
    edited(hand)
    hand.document.do(commands.delete(hand.document, [Ref("card", "x")]))
    assert hand.tool.inline.widget is None


def test_switches_turn_at_a_click_and_choices_open(qtbot):
    hand = Hand(qtbot, GraphDocument([Card("d", "layer/Dense", {"units": 4, "use_bias": False, "activation": "tanh"})]))
    hand.click(hand.row("d", "use_bias"))
    assert "use_bias" not in hand.document.card("d").attributes
    hand.click(hand.row("d", "activation"))
    box = edited(hand)
    assert isinstance(box, QtWidgets.QComboBox) and box.currentText() == "tanh"
    box.hidePopup()
    box.setCurrentIndex(box.findText("relu"))
    box.activated.emit(box.currentIndex())
    assert hand.tool.inline.widget is None
    assert hand.document.card("d").attributes["activation"] == "relu"
    hand.close()


# -------------------------------------------------------------------- keys

def test_keys_walk_along_wires(hand):
    hand.view.setFocus()
    hand.click(hand.title("a"))
    for key, there in ((Qt.Key.Key_Right, "b"), (Qt.Key.Key_Left, "a"), (Qt.Key.Key_Left, "x"),
                       (Qt.Key.Key_Down, "lone"), (Qt.Key.Key_Right, "k"), (Qt.Key.Key_Up, "a")):
        hand.key(key)
        assert hand.selected == {there}


def test_keys_delete_nudge_edit_and_search(hand):
    hand.view.setFocus()
    hand.click(hand.title("a"))
    hand.key(Qt.Key.Key_Right, SHIFT)
    hand.key(Qt.Key.Key_Down, SHIFT)
    hand.key(Qt.Key.Key_Down, SHIFT)
    assert (hand.document.card("a").x, hand.document.card("a").y) == (312, 24)
    assert hand.document.history == ["Move card 'a'"]
    hand.key(Qt.Key.Key_Delete, CTRL)
    assert hand.wires == [("x", "b", 0)]
    hand.document.undo()
    hand.click(hand.title("a"))
    hand.key(Qt.Key.Key_Delete)
    assert hand.wires == [] and hand.document.card("a") is None
    hand.click(hand.title("x"))
    hand.key(Qt.Key.Key_Return)
    assert edited(hand).accessibleName().endswith("of x")
    hand.key(Qt.Key.Key_Escape)
    hand.key(Qt.Key.Key_F2)
    assert edited(hand).accessibleName() == "Name of x"
    hand.key(Qt.Key.Key_Escape)
    assert hand.selected == {"x"}
    hand.key(Qt.Key.Key_Escape)
    assert hand.selected == set()
    hand.move((100, 300), NOBUTTON)
    hand.key(Qt.Key.Key_Tab)
    assert hand.searched[-1].offers is None
    made = hand.tool.add("op/exp")
    assert abs(hand.document.card(made).x - 64) <= 12


def test_shift_tab_asks_for_what_comes_next(hand):
    hand.view.setFocus()
    hand.click(hand.title("b"))
    hand.key(Qt.Key.Key_Backtab, SHIFT)
    assert hand.searched[-1].end.card == "b"
    made = hand.tool.add("op/sqrt", 0)
    assert ("b", made, 0) in hand.wires
    assert hand.port(made, "input")[1] - hand.port("b", "output")[1] <= 12


def test_double_click_in_the_empty_searches_and_right_click_opens_a_menu(hand):
    hand.double_click((-150, 250))
    assert hand.searched[-1].offers is None
    hand.click(hand.title("a"), RIGHT)
    assert hand.menus[-1].ref == Ref("card", "a") and hand.selected == {"a"}
    hand.click((-150, 250), RIGHT)
    assert hand.menus[-1].ref is None
    hand.click(hand.title("b"), modifiers=CTRL | SHIFT)
    assert hand.viewed == [("b", 0)]


# -------------------------------------------------------------------- drops

class Dragged:
    """Something that is dragged over the view, by the events that Qt sends."""

    def __init__(self, hand, data):
        self.hand, self.data = hand, data

    def enter(self, at):
        event = QtGui.QDragEnterEvent(self.hand.place(at).toPoint(), Qt.DropAction.CopyAction, self.data, LEFT, NO)
        event.ignore()
        QtWidgets.QApplication.sendEvent(self.hand.view.viewport(), event)
        return event.isAccepted()

    def over(self, at):
        event = QtGui.QDragMoveEvent(self.hand.place(at).toPoint(), Qt.DropAction.CopyAction, self.data, LEFT, NO)
        QtWidgets.QApplication.sendEvent(self.hand.view.viewport(), event)

    def drop(self, at):
        event = QtGui.QDropEvent(self.hand.place(at), Qt.DropAction.CopyAction, self.data, LEFT, NO)
        QtWidgets.QApplication.sendEvent(self.hand.view.viewport(), event)


def of_kind(key):
    data = QtCore.QMimeData()
    data.setData(KIND_MIME, key.encode())
    return data


def test_a_kind_is_dragged_from_the_palette(hand):
    dragged = Dragged(hand, of_kind("op/matmul"))
    assert dragged.enter((100, 250))
    dragged.over((100, 260))
    assert hand.view.overlays.ghost is not None
    dragged.drop((100, 260))
    assert hand.view.overlays.ghost is None
    made = hand.document.card("matmul")
    assert abs(made.x - 64) <= 6 and abs(made.y - 245) <= 6 and made.x % 12 == 0
    assert hand.selected == {"matmul"} and hand.document.history == ["Add MatMul"]


def test_a_kind_dropped_on_a_wire_is_led_through(hand):
    (x, y), (u, v) = hand.port("a", "output"), hand.port("b", "input")
    dragged, at = Dragged(hand, of_kind("op/sqrt")), ((x + u) / 2 - 60, (y + v) / 2 - 15)
    dragged.enter(at)
    dragged.over(at)
    assert hand.scene.hover.ref == Ref("wire", ("b", 0))
    dragged.drop(at)
    assert {("a", "sqrt", 0), ("sqrt", "b", 0)} < set(hand.wires)
    assert hand.document.history == ["Add Sqrt"]


def test_files_and_copied_cards_are_dropped_and_other_things_are_not(hand, tmp_path):
    data = QtCore.QMimeData()
    data.setUrls([QtCore.QUrl.fromLocalFile(str(tmp_path / "graph.json"))])
    dragged = Dragged(hand, data)
    assert dragged.enter((0, 300))
    dragged.drop((0, 300))
    assert hand.files == [[str(tmp_path / "graph.json")]]
    data = QtCore.QMimeData()
    data.setText(commands.copy_text(hand.document, [Ref("card", "a")]))
    dragged = Dragged(hand, data)
    assert dragged.enter((0, 300))
    dragged.drop((0, 300))
    assert hand.selected == {"a_1"}
    data = QtCore.QMimeData()
    data.setText("anything")
    assert not Dragged(hand, data).enter((0, 300))
    assert not Dragged(hand, of_kind("op/nothing")).enter((0, 300))


# -------------------------------------------------------------------- edits of the selection

def test_copy_cut_and_paste_through_the_clipboard(hand):
    hand.click(hand.title("a"))
    hand.tool.edits.copy()
    hand.move((120, 240), NOBUTTON)
    hand.tool.edits.paste()
    hand.tool.edits.paste()
    first, second = hand.document.card("a_1"), hand.document.card("a_2")
    assert (second.x - first.x, second.y - first.y) == (24, 24) and hand.selected == {"a_2"}
    assert (first.x, first.y) == (120, 240)
    hand.tool.edits.cut()
    assert hand.document.card("a_2") is None
    hand.tool.edits.paste(QPointF(0, 0))
    assert (hand.document.card("a_2").x, hand.document.card("a_2").y) == (0, 0)
    QtGui.QGuiApplication.clipboard().setText("no cards")
    hand.tool.edits.paste()
    assert hand.said[-1] == "The text holds no cards that were copied."
    hand.tool.edits.select_all()
    hand.tool.edits.duplicate(with_inputs=True)
    assert len(list(hand.document.cards)) == 14


def test_frames_notes_bypass_and_layout(hand):
    hand.tool.edits.select_all()
    hand.tool.edits.align("left")
    assert {card.x for card in hand.document.cards} == {0}
    hand.document.undo()
    hand.tool.edits.align("center_v")
    hand.scene.end_glide()
    assert len({hand.scene.card_rect(card.id).center().y() for card in hand.document.cards}) == 1
    hand.document.undo()
    hand.tool.edits.tidy()
    hand.scene.end_glide()
    boxes = [hand.scene.card_rect(card.id) for card in hand.document.cards]
    assert not any(p.intersects(q) for p in boxes for q in boxes if p is not q)
    assert hand.document.history == ["Tidy up"]
    hand.tool.edits.distribute("v")
    hand.tool.edits.straighten()
    hand.scene.end_glide()
    assert hand.port("a", "output")[1] == hand.port("b", "input")[1]
    frame = hand.tool.edits.frame()
    assert hand.scene.contents(frame.key) >= {card.ref for card in hand.document.cards}
    note = hand.tool.edits.note()
    assert hand.selected == {note.key}
    hand.click(hand.title("a"))
    hand.tool.edits.bypass()
    hand.tool.edits.collapse()
    hand.tool.edits.show_previews()
    card = hand.document.card("a")
    assert card.bypassed and card.collapsed and not card.preview


def test_a_press_ends_the_way_of_cards_to_their_new_places(hand):
    hand.tool.edits.tidy()
    assert hand.scene.card_rect("lone").topLeft() != QPointF(hand.document.card("lone").x, hand.document.card("lone").y)
    hand.press((-200, 600))
    for card in hand.document.cards:
        assert hand.scene.card_rect(card.id).topLeft() == QPointF(card.x, card.y)
    hand.release((-200, 600))


def test_nothing_selected_is_nothing_done(hand):
    for name in ("delete", "delete_and_reconnect", "duplicate", "bypass", "collapse", "show_previews", "straighten"):
        getattr(hand.tool.edits, name)()
    hand.tool.edits.align("top")
    hand.tool.edits.nudge(1, 0)
    hand.tool.edits.frame()
    assert hand.document.history == [] and hand.said == ["Select the cards to be framed first."]
