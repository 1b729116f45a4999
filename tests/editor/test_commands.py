"""Edits: what each changes, and what it refuses."""
from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

from editor import commands
from editor.commands import Refused
from editor.model.build import feed_outputs
from editor.model.catalog import REQUIRED
from editor.model.document import Change, GraphDocument
from editor.model.files import from_text, to_text
from editor.model.items import Card, Frame, Note, Ref, Setting, Wire


def card(id, kind="op/negative", x=0.0, y=0.0, **more):
    return Card(id, kind, x=x, y=y, **more)


def chain():
    """x -> a -> b -> c, and x and a in a list of operands."""
    return GraphDocument([
        card("x", "op/placeholder"), card("a", x=200), card("b", x=400), card("c", "op/add", x=600),
        card("many", "op/concat", x=800),
        Wire("x", 0, "a", 0), Wire("a", 0, "b", 0), Wire("b", 0, "c", 0), Wire("x", 0, "c", 1),
        Wire("x", 0, "many", 0), Wire("a", 0, "many", 1), Wire("b", 0, "many", 2),
    ])


def wires(document):
    return sorted((w.source, w.target, w.input) for w in document.wires)


def undone(document, change):
    """Do an edit, and check that undoing and redoing it is exact."""
    before = dict(document.items)
    document.do(change)
    after = dict(document.items)
    document.undo()
    assert document.items == before
    document.redo()
    assert document.items == after
    return document


# -------------------------------------------------------------------- cards

def test_new_cards_have_names_of_their_kind_that_are_free():
    document = GraphDocument()
    for _ in range(3):
        document.do(commands.add_card(document, "op/matmul", 10, 20))
    assert [c.id for c in document.cards] == ["matmul", "matmul_1", "matmul_2"]
    assert document.history == ["Add MatMul"] * 3
    with pytest.raises(Refused, match="no 'op/nothing'"):
        commands.add_card(document, "op/nothing", 0, 0)


def test_a_new_card_begins_with_what_its_kind_needs_and_without_what_is_default():
    document = GraphDocument()
    document.do(commands.add_card(document, "layer/Dense", 0, 0, {"use_bias": True, "activation": "relu"}))
    assert dict(document.card("dense").attributes) == {"units": 32, "activation": "relu"}


def test_a_new_card_can_be_wired_at_once():
    document = chain()
    undone(document, commands.add_card(document, "op/exp", 0, 0, source=("x", 0)))
    assert ("x", "exp", 0) in wires(document)
    undone(document, commands.add_card(document, "op/exp", 0, 0, target=("a", 0)))
    assert document.wires_into("a") == {0: Wire("exp_1", 0, "a", 0)}
    undone(document, commands.add_card(document, "op/exp", 0, 0, wire=Ref("wire", ("b", 0))))
    assert {("a", "exp_2", 0), ("exp_2", "b", 0)} < set(wires(document))
    assert commands.made(document.undo()) == {Ref("card", "exp_2")}


def test_rename_takes_wires_and_who_waits_along():
    document = chain()
    document.do(commands.add_card(document, "op/negative", 0, 0, name="waits"))
    waits = document.card("waits")
    document.settle(Change("", {}, {waits.ref: Card("waits", waits.kind, after=("a", "x"))}))
    undone(document, commands.rename(document, "a", "scope/new"))
    assert document.card("a") is None
    assert document.card("waits").after == ("scope/new", "x")
    touching = [w for w in wires(document) if "scope/new" in w]
    assert touching == [("scope/new", "b", 0), ("scope/new", "many", 1), ("x", "scope/new", 0)]
    document.do(commands.rename(document, "scope/new", "Scope/New"))
    assert document.card("Scope/New") is not None


@pytest.mark.parametrize(("name", "says"), [
    ("", "can be called"), ("a:1", "no ':'"), ("a/", "at the end"), ("a\nb", "printable"), ("x" * 1001, "1000"),
    ("B", "card called 'b' already"),
])
def test_names_that_no_card_can_have(name, says):
    with pytest.raises(Refused, match=says):
        commands.rename(chain(), "a", name)


def test_attributes_are_set_on_many_cards_and_their_defaults_leave_no_trace():
    document = GraphDocument([card("p", "layer/Dense", attributes={"units": 8}),
                              card("q", "layer/Dense", attributes={"units": 9, "use_bias": False})])
    undone(document, commands.set_attribute(document, ["p", "q"], "use_bias", False))
    assert [dict(c.attributes) for c in document.cards] == [
        {"units": 8, "use_bias": False}, {"units": 9, "use_bias": False}]
    undone(document, commands.set_attribute(document, ["p", "q"], "use_bias", True))
    undone(document, commands.set_attribute(document, ["p"], "units", REQUIRED))
    assert [dict(c.attributes) for c in document.cards] == [{}, {"units": 9}]
    assert document.history[-1] == "Set units of card 'p'"


@pytest.mark.parametrize(("kind", "name", "value", "says"), [
    ("layer/Dense", "units", "many", "takes a whole number"), ("layer/Dense", "units", True, "takes a whole number"),
    ("layer/Dense", "use_bias", 1, "takes true or false"), ("layer/Dense", "nothing", 1, "no attribute 'nothing'"),
    ("op/placeholder", "dtype", "float99", "name of a dtype"), ("op/placeholder", "shape", [-3], "takes sizes"),
    ("optimizer/SGD", "momentum", 2.0, "0 to 1"), ("optimizer/SGD", "learning_rate", "fast", "takes a number"),
    ("train", "epochs", 0, "at least 1"), ("op/const", "value", 3, "an array"),
])
def test_values_that_no_attribute_takes(kind, name, value, says):
    document = GraphDocument([card("k", kind)])
    with pytest.raises(Refused, match=says):
        commands.set_attribute(document, ["k"], name, value)


def test_typing_is_one_edit():
    document = GraphDocument([card("k", "train")])
    for n in (2, 20, 200):
        document.do(commands.set_attribute(document, ["k"], "epochs", n, merge="typing"))
    document.undo()
    assert dict(document.card("k").attributes) == {}


def test_another_kind_keeps_what_it_can():
    document = GraphDocument([
        card("x", "op/placeholder"), card("k", "op/concat", attributes={"axis": 1}), card("y"),
        Wire("x", 0, "k", 0), Wire("x", 0, "k", 1), Wire("x", 0, "k", 2), Wire("k", 0, "y", 0)])
    undone(document, commands.replace_kind(document, "k", "op/stack"))
    assert dict(document.card("k").attributes) == {"axis": 1}
    undone(document, commands.replace_kind(document, "k", "op/add"))
    assert dict(document.card("k").attributes) == {}
    assert wires(document) == [("k", "y", 0), ("x", "k", 0), ("x", "k", 1)]


def test_bypass_collapse_and_previews_are_switches():
    document = chain()
    document.do(commands.bypass(document, ["a"]))
    document.do(commands.bypass(document, ["a", "b"]))
    assert document.card("a").bypassed and document.card("b").bypassed
    document.do(commands.bypass(document, ["a", "b"]))
    assert not document.card("a").bypassed and not document.card("b").bypassed
    document.do(commands.collapse(document, [Ref("card", "a")]))
    document.do(commands.show_preview(document, ["a"]))
    assert document.card("a").collapsed and not document.card("a").preview
    assert document.history[-3:] == ["Use 2 cards", "Collapse card 'a'", "Hide the values of card 'a'"]


# -------------------------------------------------------------------- wires

def test_an_input_has_one_wire_and_a_list_takes_more_at_its_end():
    document = chain()
    undone(document, commands.connect(document, "x", 0, "b", 0))
    assert document.wires_into("b") == {0: Wire("x", 0, "b", 0)}
    undone(document, commands.connect(document, "c", 0, "many", 1))
    assert [w.source for w in document.wires_into("many").values()] == ["x", "a", "b", "c"]


def with_items(document, *items):
    """A document with further items."""
    return GraphDocument([*document.items.values(), *items])


@pytest.mark.parametrize(("source", "target", "input", "says"), [
    ("c", "a", 0, "in a circle"), ("a", "a", 0, "feed itself"), ("x", "a", 7, "no input number 7"),
    ("sgd", "a", 0, "takes a tensor, but 'sgd' gives an optimizer"), ("a", "train", 1, "takes an optimizer"),
    ("csv", "a", 0, "gives rows of data"), ("nobody", "a", 0, "no card called 'nobody'"),
])
def test_wires_that_cannot_be(source, target, input, says):
    document = with_items(chain(), card("sgd", "optimizer/SGD"), card("csv", "data/csv"), card("train", "train"))
    with pytest.raises(Refused, match=says):
        commands.connect(document, source, 0, target, input)


def test_no_circle_through_cards_that_wait():
    document = GraphDocument([card("a"), card("b", after=("a",))])
    with pytest.raises(Refused, match="circle"):
        commands.connect(document, "b", 0, "a", 0)


def test_rows_of_data_go_into_placeholders():
    document = GraphDocument([card("csv", "data/csv"), card("x", "op/placeholder"), card("train", "train"),
                              card("sgd", "optimizer/SGD"), card("m")])
    document.do(commands.connect(document, "csv", 1, "x", 0))
    document.do(commands.connect(document, "sgd", 0, "train", 1))
    document.do(commands.connect(document, "m", 0, "train", 5))
    assert wires(document) == [("csv", "x", 0), ("m", "train", 2), ("sgd", "train", 1)]


def test_the_end_of_a_wire_is_put_elsewhere():
    document = chain()
    undone(document, commands.reconnect(document, Ref("wire", ("many", 0)), "b", 0))
    assert [w.source for w in document.wires_into("many").values()] == ["a", "b"]
    assert document.wires_into("b")[0].source == "x"
    undone(document, commands.reconnect(document, Ref("wire", ("many", 1)), "many", 0))
    assert [w.source for w in document.wires_into("many").values()] == ["b", "a"]
    assert commands.reconnect(document, Ref("wire", ("b", 0)), "b", 0).is_nothing


def test_disconnecting_closes_the_gap_in_a_list():
    document = chain()
    undone(document, commands.disconnect(document, [Ref("wire", ("many", 1)), Ref("wire", ("c", 0))]))
    assert document.wires_into("many") == {0: Wire("x", 0, "many", 0), 1: Wire("b", 0, "many", 1)}
    assert list(document.wires_into("c")) == [1]


def test_deleting_cards_takes_their_wires_and_closes_gaps():
    document = chain()
    document.do(commands.add_card(document, "op/negative", 0, 0, name="waits"))
    document.settle(Change("", {}, {Ref("card", "waits"): Card("waits", "op/negative", after=("a", "x"))}))
    undone(document, commands.delete(document, [Ref("card", "a"), Ref("card", "gone")]))
    assert wires(document) == [("b", "c", 0), ("b", "many", 1), ("x", "c", 1), ("x", "many", 0)]
    assert document.card("waits").after == ("x",)
    assert document.history[-1] == "Delete card 'a'"


def test_settings_are_not_deleted_with_a_selection():
    document = GraphDocument([Setting("seed", 3)])
    assert commands.delete(document, [Ref("setting", "seed")]).is_nothing


def test_delete_and_reconnect_joins_source_and_readers():
    document = chain()
    undone(document, commands.delete_and_reconnect(document, [Ref("card", "a"), Ref("card", "b")]))
    assert wires(document) == [("x", "c", 0), ("x", "c", 1), ("x", "many", 0), ("x", "many", 1), ("x", "many", 2)]


def test_delete_and_reconnect_joins_only_what_fits():
    document = GraphDocument([card("csv", "data/csv"), card("x", "op/placeholder"), card("y"),
                              Wire("csv", 0, "x", 0), Wire("x", 0, "y", 0)])
    document.do(commands.delete_and_reconnect(document, [Ref("card", "x")]))
    assert wires(document) == []


def test_inserting_takes_the_first_input_that_fits():
    document = with_items(chain(), card("mul", "op/multiply"), card("sgd", "optimizer/SGD"))
    undone(document, commands.insert_on_wire(document, Ref("wire", ("many", 1)), "mul",
                                             fits=lambda source, output, target, input: input == 1))
    assert {("a", "mul", 1), ("mul", "many", 1)} < set(wires(document))
    document = with_items(document, card("train", "train"))
    for id in ("sgd", "mul", "many", "train"):
        with pytest.raises(Refused):
            commands.insert_on_wire(document, Ref("wire", ("many", 1)), id)


def test_a_card_upstream_cannot_be_inserted_further_down():
    document = with_items(chain(), card("late", "op/add"))
    document.do(commands.connect(document, "c", 0, "late", 0))
    with pytest.raises(Refused, match="circle"):
        commands.insert_on_wire(document, Ref("wire", ("a", 0)), "late")


def test_bends():
    document = chain()
    undone(document, commands.set_bends(document, Ref("wire", ("b", 0)), [(300, 40.123)]))
    assert document.wires_into("b")[0].bends == ((300.0, 40.12),)


# -------------------------------------------------------------------- places

def test_frames_move_what_lies_inside_and_wires_keep_their_course():
    document = GraphDocument([
        Frame("f", "both", -10, -10, 500, 300), card("a"), card("b", x=250), card("far", x=900),
        Note("n", "text", 100, 100), Frame("inner", "", 20, 20, 100, 100), Frame("across", "", 300, 20, 400, 100),
        Wire("a", 0, "b", 0, ((220.0, 20.0),)), Wire("a", 0, "far", 0, ((5.0, 5.0),))])
    undone(document, commands.move(document, [Ref("frame", "f")], 10, 20))
    assert (document.card("b").x, document.card("b").y) == (260, 20)
    assert document.items[Ref("note", "n")].y == 120
    assert document.items[Ref("frame", "inner")].x == 30
    assert document.items[Ref("frame", "across")].x == 300
    assert document.card("far").x == 900
    assert document.wires_into("b")[0].bends == ((230.0, 40.0),)
    assert document.wires_into("far")[0].bends == ((5.0, 5.0),)
    assert document.history[-1] == "Move 2 cards, 2 frames and a note"


def test_a_drag_is_one_edit_and_one_that_comes_back_is_none():
    document = chain()
    start = commands.with_content(document, [Ref("card", "a")])
    for dx in (0.1, 0.2, 12.0, 48.0):
        document.do(commands.move(document, [], dx, 5, merge="drag", start=start))
    assert (document.card("a").x, document.history) == (248, ["Move card 'a'"])
    document.do(commands.move(document, [], 0, 0, merge="drag", start=start))
    assert document.history == [] and not document.is_modified


def test_sizes_have_steps_and_limits():
    document = GraphDocument([card("a"), Note("n", "", 0, 0), Frame("f", "", 0, 0, 200, 200)])
    for width, wanted in ((200, 192), (0, 144), (9999, 360), (206, 216)):
        document.do(commands.resize(document, Ref("card", "a"), 0, 0, width))
        assert document.card("a").width == wanted
    document.do(commands.resize(document, Ref("frame", "f"), 5, 6, 1, 300))
    frame = document.items[Ref("frame", "f")]
    assert (frame.x, frame.y, frame.width, frame.height) == (5, 6, 96, 300)


def test_frames_notes_and_settings():
    document = GraphDocument([card("a")])
    undone(document, commands.frame_selection(document, {Ref("card", "a"): (0, 0, 192, 90)}, "Title"))
    frame = document.items[Ref("frame", "frame")]
    assert commands.content(document, "frame") == {Ref("card", "a")}
    assert (frame.x, frame.width) == (-24, 240)
    undone(document, commands.edit_frame(document, "frame", title="Other"))
    undone(document, commands.edit_frame(document, "frame", hue=11))
    assert document.items[Ref("frame", "frame")].hue == 2
    undone(document, commands.add_note(document, 5, 6))
    undone(document, commands.edit_note(document, "note", "# Hello"))
    undone(document, commands.set_setting(document, "seed", 7))
    undone(document, commands.set_setting(document, "seed", None))
    with pytest.raises(Refused, match="Select"):
        commands.frame_selection(document, {})
    with pytest.raises(Refused, match="finite"):
        commands.add_note(document, float("nan"), 0)


def test_an_arrangement_is_one_edit():
    document = chain()
    places = {c.ref: (k * 10.0, 5.0) for k, c in enumerate(document.cards)}
    undone(document, commands.arrange(document, places, {Ref("wire", ("b", 0)): [(1, 2)]}, "Tidy up"))
    assert document.card("c").x == 30 and document.wires_into("b")[0].bends == ((1.0, 2.0),)
    assert document.history == ["Tidy up"]


# -------------------------------------------------------------------- clipboard

def test_pasted_cards_have_free_names_and_their_inner_wires():
    document = chain()
    text = commands.copy_text(document, [Ref("card", k) for k in ("a", "b", "many")])
    undone(document, commands.paste(document, text, 1000, 500))
    assert commands.made(document.undo()) == {Ref("card", k) for k in ("a_1", "b_1", "many_1")}
    document.redo()
    assert (document.card("a_1").x, document.card("b_1").x) == (1000, 1200)
    assert [w for w in wires(document) if "_1" in w[1]] == [
        ("a_1", "b_1", 0), ("a_1", "many_1", 0), ("b_1", "many_1", 1)]
    assert document.history[-1] == "Paste 3 cards"
    document.do(commands.paste(document, text, 0, 0, with_inputs=True))
    assert {("x", "a_2", 0), ("x", "many_2", 0), ("a_2", "many_2", 1), ("b_2", "many_2", 2)} < set(wires(document))


def test_pasting_into_another_window():
    text = commands.copy_text(chain(), [Ref("card", k) for k in ("x", "a")])
    other = GraphDocument()
    other.do(commands.paste(other, text, 0, 0, with_inputs=True))
    assert wires(other) == [("x", "a", 0)]


def test_duplicates_with_inputs():
    document = chain()
    undone(document, commands.duplicate(document, [Ref("card", "b")]))
    undone(document, commands.duplicate(document, [Ref("card", "b_1"), Ref("card", "b")], with_inputs=True))
    assert [w for w in wires(document) if w[1].startswith("b_")] == [("a", "b_2", 0)] or [
        w for w in wires(document) if w[1].startswith("b_")] == [("a", "b_3", 0)]


def test_arrays_travel_with_cards():
    large = np.arange(5000, dtype=np.float32).reshape(50, 100)
    value = {"dtype": "float32", "shape": [50, 100], "array": "w"}
    document = GraphDocument([card("k", "op/const", attributes={"value": value}),
                              card("p", "op/placeholder", example=value)], {"w": large})
    text = commands.copy_text(document, [Ref("card", "k"), Ref("card", "p")])
    other = GraphDocument()
    other.do(commands.paste(other, text, 0, 0))
    name = other.card("k").attributes["value"]["array"]
    assert other.card("p").example["array"] == name
    np.testing.assert_array_equal(other.arrays[name], large)
    assert other.arrays[name].dtype == np.float32
    document.arrays["w"] = np.zeros(5_000_000)
    with pytest.raises(Refused, match="40,000,000 bytes"):
        commands.copy_text(document, [Ref("card", "k")])


def sound():
    return json.loads(commands.copy_text(chain(), [Ref("card", k) for k in ("a", "b")]))


def hostile():
    good = sound()
    first = good["items"][0]
    yield "", "holds no cards"
    yield "[" * 100_000, "holds no cards"
    yield "[]", "holds no cards"
    yield '{"graphengine": "cards"}', "later version"
    yield json.dumps({**good, "version": 2}), "later version"
    yield json.dumps({**good, "items": {}}), "no lists"
    yield json.dumps({**good, "items": []}), "0|1 items"
    yield json.dumps({**good, "items": [first, first]}), "same name"
    yield json.dumps({**good, "items": [5]}), "no item"
    yield json.dumps({**good, "items": [good["wires"][0]]}), "no card"
    yield json.dumps({**good, "wires": [first]}), "wire 1 is none"
    for change, says in (
        ({"id": "a:b"}, "no ':'"), ({"id": 7}, "id is"), ({"x": "left"}, "x is"), ({"x": 1e300}, "x is"),
        ({"attributes": []}, "attributes is"), ({"kind": None}, "kind is"), ({"evil": 1}, "no part 'evil'"),
        ({"attributes": {"value": {"dtype": "float32", "shape": [2000], "array": "gone"}}}, "is missing"),
    ):
        yield json.dumps({**good, "items": [{**first, **change}]}), says
    yield json.dumps({**good, "items": [{**first, "x": 5}]}).replace('"x": 5', '"x": NaN'), "x is"
    yield json.dumps({**good, "items": [{**first, "attributes": {"a": 1.5}}]}).replace("1.5", "1e999"), "finite"
    yield json.dumps({**good, "arrays": {"w": 5}}), "does not hold what it says"
    for dtype, shape, data in (("float32", [2], "AAAA"), ("object", [0], ""), ("float32", [-1], ""),
                               ("float32", [2**39], ""), ("float32", [1], "!!!!"), (None, [0], "")):
        array = {"dtype": dtype, "shape": shape, "base64": data}
        yield json.dumps({**good, "arrays": {"w": array}}), "does not hold what it says"


@pytest.mark.parametrize(("text", "says"), list(hostile()), ids=lambda v: str(v)[-40:])
def test_text_that_is_no_copied_cards(text, says):
    document = chain()
    before = dict(document.items)
    with pytest.raises(Refused, match=says):
        commands.paste(document, text, 0, 0)
    assert document.items == before and document.arrays == {}


def test_hostile_wires_are_left_out():
    good = sound()
    circle = {"item": "wire", "source": "b", "output": 0, "target": "a", "input": 0}
    far = {"item": "wire", "source": "a", "output": 0, "target": "b", "input": 99_999}
    outside = {"item": "wire", "source": "a", "output": 0, "target": "c", "input": 0}
    document = chain()
    document.do(commands.paste(document, json.dumps({**good, "wires": [*good["wires"], circle, far, outside]}), 0, 0))
    assert [w for w in wires(document) if "_1" in w[0] + w[1]] == [("a_1", "b_1", 0)]


def test_pasted_cards_neither_read_nor_wait_in_a_circle():
    good = sound()
    rows = [{**row, "after": ["b" if row["id"] == "a" else "a"]} for row in good["items"]]
    for wired in (good["wires"], []):
        document = GraphDocument()
        document.do(commands.paste(document, json.dumps({**good, "items": rows, "wires": wired}), 0, 0))
        assert [card.after for card in document.cards] == [(), ("a",)]


def test_many_cards_are_doubled_without_a_walk_for_each_wire(monkeypatch):
    monkeypatch.setattr("editor.commands.edit.Edit.leads_to", lambda *_: pytest.fail("it walks through the graph"))
    ids = ["dense", *(f"dense_{k}" for k in range(1, 3000))]
    document = GraphDocument([*(card(id) for id in reversed(ids)),
                              *(Wire(before, 0, id, 0) for before, id in itertools.pairwise(ids))])
    refs = [Ref("card", id) for id in ids]
    text = commands.copy_text(document, refs)
    document.do(commands.duplicate(document, refs))
    assert {c.id for c in document.cards} == {*ids, *(f"dense_{k}" for k in range(3000, 6000))}
    assert len(list(document.wires)) == 2 * 2999
    other = GraphDocument()
    other.do(commands.paste(other, text, 0, 0))
    assert len(list(other.wires)) == 2999


def test_sizes_of_pasted_items_are_those_that_can_be():
    document = GraphDocument()
    text = json.dumps({**sound(), "items": [{"item": "card", "id": "w", "kind": "op/negative", "width": -5},
                                            {"item": "note", "id": "n", "text": "", "x": 0, "y": 0, "height": 0}]})
    document.do(commands.paste(document, text, 0, 0))
    assert (document.card("w").width, document.items[Ref("note", "n")].height) == (144, 48)


def test_a_placeholder_without_a_shape_takes_the_one_of_its_rows():
    document = GraphDocument([
        Card("iris", "data/iris"), Card("x", "op/placeholder"), Card("y", "op/placeholder"),
        Card("own", "op/placeholder", {"shape": [None, 3]})])
    for output, target in ((0, "x"), (1, "y"), (0, "own")):
        document.do(commands.connect(document, "iris", output, target, 0))
    assert document.card("x").attributes == {"shape": [None, 4]}
    assert document.card("y").attributes == {"shape": [None], "dtype": "int64"}
    assert document.card("own").attributes == {"shape": [None, 3]}
    document.do(commands.add_card(document, "op/placeholder", 0, 0, source=("iris", 0), input=0))
    assert document.card("placeholder").attributes == {"shape": [None, 4]}
    document.undo()
    document.undo()
    document.undo()
    assert document.card("y").attributes == {}


def test_outputs_of_data_stand_by_name_and_their_wires_follow_them():
    """In every order of an attribute's entries, of which files keep none."""
    feeds = {"x": ["a", "b"], "kind": "kind"}
    document = GraphDocument([Card("d", "data/csv", {"file": "a.csv", "feeds": feeds}), Card("p", "op/placeholder"),
                              Card("q", "op/placeholder"), Wire("d", 1, "p", 0), Wire("d", 0, "q", 0)])

    def wired():
        names = [name for name, _ in feed_outputs(document.card("d"))]
        return {wire.target: names[wire.output] for wire in document.wires}

    assert wired() == {"p": "x", "q": "kind"}
    document = from_text(to_text(document))
    assert wired() == {"p": "x", "q": "kind"}
    document.do(commands.set_attribute(document, ["d"], "feeds", {"x": ["a"], "b": "b", "kind": "kind"}))
    assert wired() == {"p": "x", "q": "kind"}
    document.do(commands.set_attribute(document, ["d"], "feeds", {"x": ["a"], "b": "b", "z": "kind"}))
    assert wired() == {"p": "x", "q": "z"}
    document.undo()
    document.undo()
    assert wired() == {"p": "x", "q": "kind"}


@pytest.mark.parametrize(("feeds", "expected"), [
    ({"b": ["b"], "c": ["c"]}, {"q": ("b", ["b"]), "r": ("c", ["c"])}),
    ({"a": ["a"], "c": ["c"]}, {"p": ("a", ["a"]), "r": ("c", ["c"])}),
    ({"a": ["a"], "y": ["c"], "z": ["b"]}, {"p": ("a", ["a"]), "q": ("z", ["b"]), "r": ("y", ["c"])}),
    ({"a": ["a"], "b": ["c"], "c": ["b"]}, {"p": ("a", ["a"]), "q": ("b", ["c"]), "r": ("c", ["b"])}),
    ({}, {}),
])
def test_no_wire_of_an_output_that_is_gone_reads_other_columns(feeds, expected):
    document = GraphDocument([
        Card("d", "data/csv", {"file": "a.csv", "feeds": {"a": ["a"], "b": ["b"], "c": ["c"]}}),
        *(Card(name, "op/placeholder", {"shape": [None, 1]}) for name in "pqr"),
        *(Wire("d", k, name, 0) for k, name in enumerate("pqr"))])
    before = dict(document.items)
    document.do(commands.set_attribute(document, ["d"], "feeds", feeds))
    outputs = feed_outputs(document.card("d"))
    assert {wire.target: outputs[wire.output] for wire in document.wires} == expected
    document.undo()
    assert document.items == before


def test_rows_of_files_and_random_numbers_give_their_shape():
    sources = {
        "table": ("data/csv", {"file": "a.csv", "feeds": {"x": ["a", "b"], "y": "kind"}}, {"shape": [None, 2]}),
        "noise": ("data/random", {"shape": [100, 5, 2]}, {"shape": [None, 5, 2]}),
        "labels": ("data/random", {"shape": [100], "distribution": "integers"}, {"shape": [None], "dtype": "int64"}),
        "array": ("data/npy", {"file": "a.npy"}, {}),
    }
    for source, (kind, attributes, expected) in sources.items():
        document = GraphDocument([Card(source, kind, attributes), Card("x", "op/placeholder")])
        document.do(commands.connect(document, source, 0, "x", 0))
        assert document.card("x").attributes == expected, source
