"""Drops on the canvas, by the events that Qt sends, and edits of the selection."""
from __future__ import annotations

from hand import LEFT, NO, NOBUTTON
from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QPointF, Qt

from editor import commands
from editor.model.items import Ref
from editor.tools import KIND_MIME

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

    def drop(self, at, offered=Qt.DropAction.CopyAction):
        event = QtGui.QDropEvent(self.hand.place(at), offered | Qt.DropAction.CopyAction, self.data, LEFT, NO)
        event.setDropAction(offered)
        QtWidgets.QApplication.sendEvent(self.hand.view.viewport(), event)
        return event


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
    new = hand.scene.card_rect("sqrt")
    assert not any(new.intersects(hand.scene.card_rect(id)) for id in "xab"), "there was no room on the wire"


def test_files_and_copied_cards_are_dropped_and_other_things_are_not(hand, tmp_path):
    data = QtCore.QMimeData()
    data.setUrls([QtCore.QUrl.fromLocalFile(str(tmp_path / "graph.json"))])
    dragged = Dragged(hand, data)
    assert dragged.enter((0, 300))
    dragged.drop((0, 300))
    assert hand.files == [[str(tmp_path / "graph.json")]]
    assert dragged.enter((0, 300))
    event = dragged.drop((0, 300), Qt.DropAction.MoveAction)
    assert event.isAccepted() and event.dropAction() == Qt.DropAction.CopyAction, "whoever gives it keeps the file"
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


def test_tidying_up_covers_no_note(hand):
    hand.tool.edits.tidy()
    hand.scene.end_glide()
    at = hand.scene.card_rect("a").center()
    note = hand.tool.edits.note(at)
    hand.tool.edits.tidy()
    hand.scene.end_glide()
    shown = hand.scene.item_rect(note)
    assert not any(shown.intersects(hand.scene.card_rect(card.id)) for card in hand.document.cards)


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
