"""Selecting and moving what is on the canvas, by real mouse and key events."""
from __future__ import annotations

import itertools

from hand import ALT, CTRL, SHIFT, Hand
from PySide6.QtCore import Qt

from editor.model.document import Change, GraphDocument
from editor.model.items import Card, Frame, Note, Ref, Wire


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


def test_a_card_dropped_on_a_wire_gets_room_and_what_lies_right_moves_away_with_its_frame_and_bends(hand):
    far = Note("far", "far", 900, 500)
    hand.document.do(Change("Beside", dict.fromkeys(
        [Ref("frame", "f"), Ref("note", "far"), Ref("card", "end"), Ref("wire", ("end", 0))]), {
            Ref("frame", "f"): Frame("f", "Frame", 280, -60, 560, 300), far.ref: far,
            Ref("card", "end"): Card("end", "op/exp", x=1000, y=0),
            Ref("wire", ("end", 0)): Wire("b", 0, "end", 0, ((900.0, -40.0),))}))
    x, y = hand.title("lone")
    start, end = hand.port("a", "output"), hand.port("b", "input")
    rect = hand.scene.card_rect("lone")
    dx = (start[0] + end[0]) / 2 - rect.center().x()
    hand.drag((x, y), (x + dx, y + start[1] - rect.center().y()))
    hand.scene.end_glide()
    places = {id: hand.scene.card_rect(id) for id in ("a", "lone", "b", "end")}
    for left, right in itertools.pairwise(places.values()):
        assert left.right() + 30 <= right.left()
    document, moved = hand.document, hand.document.card("b").x - 600
    assert document.card("end").x == 1000 + moved and document.items[far.ref].x == 900 + moved
    assert document.card("k").x == 300 and document.card("a").x == 300, "what lies left stays"
    assert document.items[Ref("frame", "f")].width == 560 + moved and document.items[Ref("frame", "f")].x == 280
    assert document.items[Ref("wire", ("end", 0))].bends == ((900.0 + moved, -40.0),)
    document.undo()
    assert document.card("b").x == 600 and document.card("lone").x == 0 and hand.wires[0] == ("a", "b", 0)


def test_a_wired_card_is_not_inserted(hand):
    x, y = hand.title("x")
    hand.drag((x, y), (x + 400, y - 20))
    assert hand.wires == [("a", "b", 0), ("x", "a", 0)]
