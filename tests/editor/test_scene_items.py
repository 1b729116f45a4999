"""The scene shows the document, whatever is done to it: one item for each, none left over."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import drawn_scene
import numpy as np
import pytest
from PySide6 import QtCore, QtGui, QtWidgets

from editor.infer import Problem, Result
from editor.model.document import Change, GraphDocument
from editor.model.items import Card, Frame, Item, Note, Ref, Wire
from editor.model.meaning import OTHERS
from editor.scene import NOWHERE, GraphScene, Hit
from editor.scene.inks import inks
from editor.scene.scene import OUTDATED_MS

ITEMS = drawn_scene.picture_items()


def card(id: str) -> Ref:
    return Ref("card", id)


def wire(target: str, number: int) -> Ref:
    return Ref("wire", (target, number))


@pytest.fixture
def scene(qapp: QtWidgets.QApplication) -> Iterator[GraphScene]:
    document, inference = drawn_scene.document_and_inference()
    made = GraphScene(document, inference, inference.kinds)
    yield made
    made.detach()


def change(document: GraphDocument, *items: Item, remove: tuple[Ref, ...] = ()) -> None:
    after: dict[Ref, Item | None] = {item.ref: item for item in items}
    after.update(dict.fromkeys(remove))
    document.do(Change("Test", {ref: document.items.get(ref) for ref in after}, after))


def remove_card(document: GraphDocument, id: str) -> None:
    ends = [w.ref for w in [*document.wires_into(id).values(), *document.wires_from(id)]]
    change(document, remove=(card(id), *ends))


def assert_in_step(scene: GraphScene) -> None:
    """Items of the scene and of the document are the same, and wires end at their sockets."""
    items = scene.document.items
    shown = {*(card(id) for id in scene.cards), *scene.wires, *(Ref("frame", id) for id in scene.frames),
             *(Ref("note", id) for id in scene.notes)}
    assert shown == {ref for ref in items if ref.kind != "setting"}
    on_scene = {type(item).__name__ for item in scene.items() if item.parentItem() is None}
    assert on_scene <= {"CardItem", "WireItem", "FrameItem", "NoteItem", "GroupItem", "HaloItem"}
    tops = [item for item in scene.items() if item.parentItem() is None]
    assert len(tops) == len(shown) + len(scene.groups) + 1
    for ref, item in scene.wires.items():
        end = scene.port_position(ref.key[0], "input", ref.key[1])
        path = item.path()
        assert path.pointAtPercent(1) == end
        assert path.pointAtPercent(0) == scene.port_position(item.wire.source, "output", item.wire.output)
    for id, shown_card in scene.cards.items():
        assert shown_card.look.card == items[card(id)]


@pytest.mark.parametrize("text, room, shown", [
    ("1.2345678901234e-12", 8, "1.2…e-12"), ("123456.789", 6, "12345…"), ("0.001", 5, "0.001"),
    ("[0.5, 1e-9, 2.25]", 13, "[0.5, 1e-9, …"), ("[0.5, 1e-9, 2.25]", 8, "[0.5, …"), ("hidden_layer", 6, "hidde…"),
])
def test_a_value_that_is_cut_keeps_its_exponent(scene, text, room, shown):
    letters = inks().mono
    cut = letters.cut_value(text, letters.width("0" * room) + 0.5)
    assert cut == shown


def test_a_card_that_cannot_be_drawn_is_red_and_ends_nothing(scene, monkeypatch, qtbot):
    said = []
    monkeypatch.setattr("sys.excepthook", lambda *error: said.append(error[0]))
    item = scene.cards["add"]
    monkeypatch.setattr(item, "face", lambda near, present: 1 / 0)
    shown = item.sceneBoundingRect()
    image = QtGui.QImage(shown.size().toSize(), QtGui.QImage.Format.Format_RGB32)
    image.fill(QtGui.QColor("white"))
    painter = QtGui.QPainter(image)
    scene.render(painter, QtCore.QRectF(image.rect()), shown)
    painter.end()
    assert ZeroDivisionError in said and image.pixelColor(image.rect().center()) == inks().error


def test_items_lie_on_each_other_as_they_stand_in_the_document(scene):
    cards = [Card(f"c{i}", "op/relu", x=900, y=900) for i in range(40)]
    notes = [Note(f"n{i}", "above", x=900, y=900) for i in range(40)]
    change(scene.document, *cards, *notes)
    at = QtCore.QRectF(905, 905, 1, 1)
    stacked = scene.items(at, order=QtCore.Qt.SortOrder.AscendingOrder)
    assert [item for item in stacked if item in scene.cards.values()] == [scene.cards[f"c{i}"] for i in range(40)]
    assert [item for item in stacked if item in scene.notes.values()] == [scene.notes[f"n{i}"] for i in range(40)]


def test_scene_begins_in_step(scene):
    assert_in_step(scene)
    assert len(scene.cards) == 8 and len(scene.wires) == 7


def test_cards_and_wires_come_and_go_with_undo_and_redo(scene):
    document = scene.document
    change(document, Card("new", "op/relu", x=500, y=500), Wire("add", 0, "new", 0))
    assert_in_step(scene)
    remove_card(document, "matmul")
    assert_in_step(scene)
    for step in (document.undo, document.undo, document.redo, document.redo, document.undo):
        step()
        assert_in_step(scene)


def test_deleting_everything_and_undoing_leaves_no_orphans(scene):
    document = scene.document
    scene.select(document.items)
    change(document, remove=tuple(document.items))
    assert_in_step(scene)
    assert scene.selected() == set()
    document.undo()
    assert_in_step(scene)


def test_a_wire_at_an_input_is_replaced(scene):
    change(scene.document, Wire("b1", 0, "matmul", 0))
    assert_in_step(scene)
    assert scene.wires[wire("matmul", 0)].wire.source == "b1"


def test_moving_a_card_takes_its_wires_along(scene):
    moved = replace(scene.document.card("matmul"), x=400.0, y=300.0)
    change(scene.document, moved)
    assert scene.card_rect("matmul").topLeft() == QtCore.QPointF(400, 300)
    assert_in_step(scene)


def test_a_drag_is_shown_without_touching_the_document(scene):
    before = dict(scene.document.items)
    scene.preview_positions({card("matmul"): QtCore.QPointF(10, 20)})
    assert scene.document.items == before
    assert scene.wires[wire("matmul", 0)].path().pointAtPercent(1) == scene.port_position("matmul", "input", 0)
    assert scene.port_position("matmul", "input", 0) == QtCore.QPointF(10, 67)
    scene.end_preview()
    assert_in_step(scene)
    assert scene.card_rect("matmul").topLeft() == QtCore.QPointF(330, 110)


def test_sockets_are_where_the_geometry_says(scene):
    assert scene.port_position("matmul", "input", 1) == QtCore.QPointF(330, 179)
    assert scene.port_position("matmul", "output", 0) == QtCore.QPointF(522, 157)


# -------------------------------------------------------------------- hit test

@pytest.mark.parametrize(("place", "expected"), [
    ((400, 120), Hit("card", card("matmul"), "title", 0)),
    ((332, 158), Hit("card", card("matmul"), "input", 0)),
    ((325, 180), Hit("card", card("matmul"), "input", 1)),
    ((528, 157), Hit("card", card("matmul"), "output", 0)),
    ((100, 122), Hit("card", card("x"), "row", 0)),
    ((1200, 221), Hit("card", card("matmul_1"), "badge", 2)),
    ((281, 127), Hit("wire", wire("matmul", 0), "path", 0)),
    ((700, 400), NOWHERE),
])
def test_hit(scene, place, expected):
    assert scene.hit(QtCore.QPointF(*place)) == expected


def test_upper_card_is_hit(scene):
    change(scene.document, Card("over", "op/relu", x=340.0, y=120.0))
    assert scene.hit(QtCore.QPointF(400, 125)).ref == card("over")
    scene.select([card("matmul")])      # what is selected comes to the front
    assert scene.hit(QtCore.QPointF(400, 130)).ref == card("matmul")


def test_wires_are_found_from_farther_when_they_look_thin(scene):
    place = QtCore.QPointF(281, 127 + 14)
    assert scene.hit(place, 1.0) == NOWHERE
    assert scene.hit(place, 0.3).kind == "wire"


def test_frames_and_notes_and_bends_are_hit(scene):
    change(scene.document, Frame("f", "F", 600, 300, 300, 200), Note("n", "hello", 50, 450),
           replace(scene.document.items[wire("add", 1)], bends=((560.0, 400.0),)))
    assert scene.hit(QtCore.QPointF(700, 310)) == Hit("frame", Ref("frame", "f"), "title")
    assert scene.hit(QtCore.QPointF(899, 499)) == Hit("frame", Ref("frame", "f"), "resize")
    assert scene.hit(QtCore.QPointF(750, 450)) == NOWHERE
    assert scene.hit(QtCore.QPointF(80, 480)) == Hit("note", Ref("note", "n"), "body")
    assert scene.hit(QtCore.QPointF(560, 401)) == Hit("wire", wire("add", 1), "bend", 0)


# -------------------------------------------------------------------- selection, hover, dimming

def test_selection(scene, qtbot):
    with qtbot.waitSignal(scene.selection_changed):
        scene.select([card("x"), wire("matmul", 0)])
    assert scene.selected() == {card("x"), wire("matmul", 0)}
    assert scene.cards["x"].state.selected and scene.wires[wire("matmul", 0)].selected
    scene.select([card("x"), card("w1")], "toggle")
    assert scene.selected() == {card("w1"), wire("matmul", 0)}
    scene.select([card("b1")], "add")
    assert len(scene.selected()) == 3
    scene.select([card("nobody")])
    assert scene.selected() == set()
    with qtbot.assertNotEmitted(scene.selection_changed):
        scene.select([])


def test_deleted_items_are_no_longer_selected_and_come_back_unselected(scene, qtbot):
    scene.select([card("x"), card("w1")])
    with qtbot.waitSignal(scene.selection_changed):
        remove_card(scene.document, "x")
    assert scene.selected() == {card("w1")}
    scene.document.undo()
    assert not scene.cards["x"].state.selected


def test_hovering_a_socket_lights_its_wires(scene):
    scene.set_hover(Hit("card", card("relu"), "output", 0))
    lit = {ref for ref, item in scene.wires.items() if item.hovered}
    assert lit == {wire("matmul_1", 0), wire("crossentropy", 0)}
    scene.set_hover(Hit("wire", wire("matmul", 0), "path"))
    assert {ref for ref, item in scene.wires.items() if item.hovered} == {wire("matmul", 0)}
    scene.set_hover(None)
    assert not any(item.hovered for item in scene.wires.values())


def test_dimming_fades_cards_and_inputs_and_says_why(scene):
    scene.dim({"w1": "w1 has no inputs", ("matmul", 1): "!b would be in a circle"})
    assert scene.cards["w1"].opacity() < 0.5
    assert scene.cards["matmul"].opacity() == 1.0
    assert scene.cards["matmul"].state.unfit == {1}
    assert "would be in a circle" in scene.tooltip(Hit("card", card("matmul"), "input", 1))
    assert scene.refused("w1", 0) == "w1 has no inputs"
    scene.undim()
    assert scene.cards["w1"].opacity() == 1.0 and not scene.cards["matmul"].state.unfit


# -------------------------------------------------------------------- what inference says

def test_problem_appears_on_its_card_and_wire_and_goes(scene):
    assert scene.wires[wire("matmul_1", 0)].wrong
    assert scene.cards["matmul_1"].look.state == "error"
    high = scene.card_rect("matmul_1").height()
    scene.inference.troubles.clear()
    for listener in scene.inference.listeners:
        listener(frozenset({"matmul_1"}))
    assert not scene.wires[wire("matmul_1", 0)].wrong
    assert scene.card_rect("matmul_1").height() < high


def test_a_warning_leaves_the_wire_as_it_is(scene):
    scene.inference.troubles["add"] = Problem("add", 0, "warning", "not fed", "nothing feeds it")
    for listener in scene.inference.listeners:
        listener(frozenset({"add", "gone"}))
    assert scene.cards["add"].look.state == "warning"
    assert not scene.wires[wire("add", 0)].wrong


def test_new_dtype_colours_wires_downstream(scene):
    scene.inference.shapes["x"] = (Result("int32", "(?, 784)", None),)
    for listener in scene.inference.listeners:
        listener(frozenset({"x"}))
    assert scene.wires[wire("matmul", 0)].dtype == "int32"
    assert scene.cards["matmul"].look.inputs[0][2] == "int32"


def test_tooltips_are_plain_text_inside(scene):
    scene.inference.troubles["add"] = Problem("add", 0, "error", "<b>bold</b>", "<img src=x> & more")
    text = scene.tooltip(Hit("card", card("add"), "badge", 2))
    assert "<img" not in text and "&lt;img src=x&gt; &amp; more" in text


def test_tooltip_of_a_wire_tells_dtype_shape_bytes_and_range(scene):
    drawn_scene.show_results(scene)
    text = scene.tooltip(Hit("wire", wire("matmul", 0), "path"))
    assert "float32 (?, 784)" in text and "64 × 784" in text and "0.2 MB" in text and "to" in text


@pytest.mark.parametrize(("part", "number", "word"), [
    ("input", 0, "left factor"), ("output", 0, "(?, 128)"), ("title", 0, "What MatMul does"),
    ("badge", 0, "no problems")])
def test_tooltips(scene, part, number, word):
    assert word in scene.tooltip(Hit("card", card("matmul"), part, number))


# -------------------------------------------------------------------- results, overlays

def test_results_survive_undo_and_go_when_told(scene):
    drawn_scene.show_results(scene)
    high = scene.card_rect("w1").height()
    remove_card(scene.document, "w1")
    scene.document.undo()
    assert scene.card_rect("w1").height() == high and scene.cards["w1"].look.chip == "∂ 3.1e-3"
    scene.clear_results()
    assert scene.card_rect("w1").height() < high and not scene.groups
    assert scene.cards["matmul"].look.results.seconds is None


def test_layout_keeps_room_for_values(scene):
    before = scene.layout_size("x")
    assert before.height() > scene.card_rect("x").height()
    drawn_scene.show_results(scene)
    assert scene.card_rect("x").size() == before


def test_groups_follow_their_cards(scene):
    drawn_scene.show_results(scene)
    (group,) = scene.groups
    scene.preview_positions({card("relu"): QtCore.QPointF(860, 600)})
    assert group.box.bottom > 600
    assert "add+relu" in scene.group_tooltip(QtCore.QPointF(700, 110)) and not scene.group_tooltip(QtCore.QPointF(5, 5))
    remove_card(scene.document, "relu")
    assert not group.isVisible()


def test_gradient_overlay_marks_what_leads_to_the_loss(scene):
    scene.show_gradient_overlay(True)
    marked = {ref for ref, item in scene.wires.items() if item.backward}
    assert marked == set(scene.wires) - {wire("matmul_1", 0)}
    scene.show_gradient_overlay(False)
    assert not any(item.backward for item in scene.wires.values())


def test_running_moves_dashes_unless_motion_is_reduced(scene, monkeypatch):
    from editor.theme import theme
    monkeypatch.setattr(theme, "_reduced_motion", True)
    scene.show_running(True, ["matmul"])
    assert not scene._clock.isActive()
    assert scene.cards["matmul"].look.state == "running"
    monkeypatch.setattr(theme, "_reduced_motion", False)
    scene.show_running(True, ["add"])
    assert scene._clock.isActive() and scene.cards["matmul"].look.state == "ok"
    scene.show_running(False)
    assert not scene._clock.isActive() and not any(w.running for w in scene.wires.values())


def test_hidden_constants_take_their_wires_along(scene):
    scene.hide_constants(True)
    hidden = {id for id, item in scene.cards.items() if not item.isVisible()}
    assert hidden == {"x", "w1", "b1"}          # cards of ops without inputs
    assert not scene.wires[wire("matmul", 0)].isVisible()
    scene.hide_constants(False)
    assert all(item.isVisible() for item in [*scene.cards.values(), *scene.wires.values()])


def test_collapsed_frame_hides_its_cards_and_holds_their_wires(scene):
    frame = Frame("f", "Layer", 590, 60, 500, 200)
    change(scene.document, frame)
    assert scene.contents("f") == {card("add"), card("relu")}
    change(scene.document, replace(frame, collapsed=True))
    assert not scene.cards["add"].isVisible() and not scene.wires[wire("relu", 0)].isVisible()
    assert scene.port_position("add", "input", 0) == QtCore.QPointF(590, 74)
    assert scene.wires[wire("crossentropy", 0)].path().pointAtPercent(0) == QtCore.QPointF(1090, 74)
    scene.document.undo()
    assert scene.cards["add"].isVisible() and scene.wires[wire("relu", 0)].isVisible()
    assert_in_step(scene)


def test_unknown_kinds_and_long_lists_are_shown(qapp):
    document, inference = drawn_scene.document_and_inference(drawn_scene.furnished_items())
    scene = GraphScene(document, inference, inference.kinds)
    assert_in_step(scene)
    assert scene.cards["odd"].look.title == "not_there"
    assert scene.cards["c"].look.numbers == (0, 1, 2)
    assert [f.name for f in scene.shown_fields("c")] == ["axis"]
    assert scene.row_rect("c", 0).height() == 22
    scene.detach()
    assert not document.listeners


def test_a_layout_moves_cards_smoothly_and_the_next_edit_ends_it(scene, qtbot):
    def moved(id: str, x: float) -> None:
        change(scene.document, replace(scene.document.card(id), x=x))

    scene.glide()
    moved("x", 200.0)
    assert scene.card_rect("x").x() < 200
    assert scene.contents_rect([Ref("card", "x")]).x() == 200, "what fits the view fits where it will be"
    qtbot.waitUntil(lambda: scene.card_rect("x").x() == 200)
    assert_in_step(scene)
    scene.glide()
    moved("x", 0.0)
    moved("w1", 10.0)
    assert scene.card_rect("x").x() == 0 and scene.card_rect("w1").x() == 10
    assert_in_step(scene)


def test_many_cards_are_at_once_where_a_layout_puts_them(scene):
    extra = [Card(f"extra{k}", "op/placeholder") for k in range(201)]
    change(scene.document, *extra)
    scene.glide()
    change(scene.document, *(replace(card, x=300.0) for card in extra))
    assert {scene.card_rect(card.id).x() for card in extra} == {300.0}


def test_gradients_from_before_an_edit_of_the_model_are_marked(scene, qtbot):
    document = scene.document
    change(document, Card("t", "train", {}), Wire("crossentropy", 0, "t", 0))
    scene.show_gradients({"add": 0.5}, {})
    assert not scene.cards["add"].state.unlearnt
    old = document.card("add")
    change(document, replace(old, attributes={**old.attributes, "odd": 1}))
    qtbot.waitUntil(lambda: scene.cards["add"].state.unlearnt)
    document.undo()
    qtbot.waitUntil(lambda: not scene.cards["add"].state.unlearnt)


def test_values_from_before_an_edit_are_marked_until_the_next_run_or_undo(scene, qtbot):
    document = scene.document
    first = "add"
    values = {(id, 0): drawn_scene.preview(np.arange(6.0)) for id in scene.cards}

    def outdated() -> set[str]:
        return {id for id, item in scene.cards.items() if item.state.outdated}

    scene.show_previews(values)
    assert not outdated()
    change(document, replace(document.card(first), x=-400.0))
    qtbot.wait(OUTDATED_MS + 50)
    assert not outdated(), "a place is no value"
    old = document.card(first)
    change(document, replace(old, attributes={**old.attributes, "odd": 1}))
    qtbot.waitUntil(lambda: first in outdated())
    assert outdated() == set(document.downstream(first)) < set(scene.cards)
    scene.show_previews(values, OTHERS)
    assert outdated() == set(scene.cards), "they were computed before the edit"
    scene.show_previews(values)
    assert not outdated()
    document.undo()
    qtbot.waitUntil(lambda: first in outdated())
    document.redo()
    qtbot.waitUntil(lambda: not outdated())


def test_the_curve_of_a_training_outlives_a_run(scene):
    change(scene.document, Card("t", "train", {}), Wire("crossentropy", 0, "t", 0))
    for card in ("t", "crossentropy"):
        scene.show_series(card, [2.0, 1.0])
    scene.show_heat({"relu": 0.5})
    before = scene.cards["relu"].look
    scene.forget_training()
    assert scene.cards["relu"].look is before, "nothing of it is forgotten"
    assert scene.cards["t"].look.strip is not None and scene.cards["crossentropy"].look.strip is None


def test_a_note_lies_below_wires(scene):
    wire = next(item for item in scene.wires.values() if item.wire.target == "relu")
    middle = QtCore.QPointF(*wire.middle)
    change(scene.document, Note("n", "hello", middle.x() - 60, middle.y() - 40))
    assert scene.hit(middle).ref == wire.wire.ref
    assert scene.notes["n"].zValue() < wire.zValue()
    assert scene.hit(QtCore.QPointF(middle.x() - 50, middle.y() - 32)).kind in ("note", "card")
