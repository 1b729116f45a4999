"""Sizes and fields of cards, and keys, by real mouse and key events."""
from __future__ import annotations

from hand import CTRL, NO, NOBUTTON, RIGHT, SHIFT, Hand, Kind, edited
from PySide6 import QtGui, QtWidgets
from PySide6.QtCore import Qt

from editor import commands
from editor.model.document import GraphDocument
from editor.model.items import Card, Note, Ref

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
    hand.double_click((100, 60))
    hand.tool.inline.widget.setPlainText("long")
    hand.key(Qt.Key.Key_Escape)
    assert hand.tool.inline.widget is None and hand.document.items[Ref("note", "n")].text == "long"
    hand.document.undo()
    assert hand.document.items[Ref("note", "n")].text == "new"
    hand.close()


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
    hand.key(Qt.Key.Key_Tab)
    other = hand.tool.add("op/exp")
    assert not hand.scene.card_rect(made).intersects(hand.scene.card_rect(other)), "the pointer has stayed where it was"


def test_shift_tab_asks_for_what_comes_next(hand):
    hand.view.setFocus()
    hand.click(hand.title("b"))
    hand.key(Qt.Key.Key_Backtab, SHIFT)
    assert hand.searched[-1].end.card == "b"
    made = hand.tool.add("op/sqrt", 0)
    assert ("b", made, 0) in hand.wires
    assert hand.port(made, "input")[1] - hand.port("b", "output")[1] <= 12
    hand.click(hand.title("b"))
    hand.key(Qt.Key.Key_Backtab, SHIFT)
    other = hand.tool.add("op/sqrt", 0)
    assert not hand.scene.card_rect(made).intersects(hand.scene.card_rect(other))


def test_double_click_in_the_empty_searches_and_right_click_opens_a_menu(hand):
    hand.double_click((-150, 250))
    assert hand.searched[-1].offers is None
    hand.click(hand.title("a"), RIGHT)
    assert hand.menus[-1].ref == Ref("card", "a") and hand.selected == {"a"}
    hand.click((-150, 250), RIGHT)
    assert hand.menus[-1].ref is None
    hand.click(hand.title("b"), modifiers=CTRL | SHIFT)
    assert hand.viewed == [("b", 0)]
