"""Documents, files and the graphs that drawings mean; numbers come from the engine or from hand."""
from __future__ import annotations

import dataclasses
import json
import pathlib

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

import graphengine as ge
from editor.incoming import document_of_model
from editor.io.python import python_source
from editor.model.build import build, in_order, weight_bytes
from editor.model.document import Change, GraphDocument
from editor.model.files import from_text, open_document, save, to_text
from editor.model.items import Card, Frame, Note, Ref, Setting, Wire
from editor.model.kinds import catalog
from editor.model.meaning import Meaning, Signatures
from editor.model.plain import from_plain, to_plain
from graphengine import keras

SAMPLES = sorted(pathlib.Path(__file__).resolve().parents[2].joinpath("samples").glob("*.graph.json"))


def change(document, *items, gone=(), merge=None, label="Edit"):
    after = {item.ref: item for item in items} | dict.fromkeys(gone)
    return Change(label, {ref: document.items.get(ref) for ref in after}, after, merge)


def placeholder(id, shape, dtype="float32"):
    return Card(id, "op/placeholder", {"shape": shape} | ({"dtype": dtype} if dtype != "float32" else {}))


# -------------------------------------------------------------------- documents

def test_undo_and_redo_give_the_same_text():
    document = GraphDocument([Card("a", "op/add")])
    first = to_text(document)
    document.do(change(document, Card("b", "op/negative"), Wire("a", 0, "b", 0)))
    document.do(change(document, gone=[Ref("card", "b"), Ref("wire", ("b", 0))]))
    last = to_text(document)
    assert first == last
    assert document.undo() is not None
    assert [w.source for w in document.wires_into("b").values()] == ["a"]
    document.undo()
    assert to_text(document) == first
    assert document.undo() is None
    document.redo()
    document.redo()
    assert to_text(document) == last
    assert document.redo() is None


def test_edits_with_one_key_are_one_until_they_end():
    document = GraphDocument([Card("a", "op/add")])
    for x in (12.0, 24.0, 36.0):
        document.do(change(document, dataclasses.replace(document.card("a"), x=x), merge=("move", "a"), label="Move"))
    assert document.history == ["Move"]
    document.end_merging()
    document.do(change(document, dataclasses.replace(document.card("a"), x=48.0), merge=("move", "a"), label="Move"))
    assert document.history == ["Move", "Move"]
    document.undo()
    assert document.card("a").x == 36.0
    document.undo()
    assert document.card("a").x == 0.0


def test_modified_means_other_than_saved():
    document = GraphDocument([Card("a", "op/add")])
    assert not document.is_modified
    document.do(change(document, Card("b", "op/negative"), merge="key"))
    document.mark_saved()
    assert not document.is_modified
    document.do(change(document, Card("c", "op/negative"), merge="key"))
    assert document.is_modified, "an edit after saving is not merged into the one before"
    document.undo()
    assert not document.is_modified


def test_a_saved_state_that_undoing_does_not_reach_stays_modified(monkeypatch):
    monkeypatch.setattr("editor.model.document.LEVELS", 3)
    document = GraphDocument()
    for name in "abcde":
        document.do(change(document, Card(name, "op/add")))
    while document.undo():
        pass
    assert document.is_modified and document.card("a") is not None


def test_an_edit_that_changes_nothing_is_no_edit():
    document = GraphDocument([Card("a", "op/add")])
    document.do(change(document, document.card("a")))
    assert document.history == []


items = st.one_of(
    st.builds(Card, st.sampled_from("abcd"), st.sampled_from(["op/add", "op/negative"]),
              st.dictionaries(st.sampled_from(["axis", "shape"]), st.integers(0, 9)), st.floats(-99, 99).map(round)),
    st.builds(Frame, st.sampled_from("ab"), st.text(max_size=5), *[st.integers(-9, 9)] * 4),
    st.builds(Note, st.sampled_from("ab"), st.text(max_size=5), st.integers(-9, 9), st.integers(-9, 9)),
    st.builds(Setting, st.just("seed"), st.integers(0, 9)),
    st.builds(Wire, st.sampled_from("ab"), st.integers(0, 1), st.sampled_from("cd"), st.integers(0, 2)),
)


@given(st.lists(st.tuples(items, st.booleans(), st.sampled_from([None, "k"])), max_size=30))
def test_any_edits_can_be_undone_and_redone(edits):
    document = GraphDocument()
    first = to_text(document)
    for item, remove, merge in edits:
        document.do(change(document, gone=[item.ref], merge=merge) if remove else change(document, item, merge=merge))
    last, steps = to_text(document), 0
    while document.undo():
        steps += 1
    assert to_text(document) == first
    assert not document.wires_into("c") and not document.wires_from("a")
    for _ in range(steps):
        document.redo()
    assert to_text(document) == last
    assert document.redo() is None


@given(items)
def test_items_as_plain_values(item):
    assert from_plain(json.loads(json.dumps(to_plain(item))), "here") == item


@pytest.mark.parametrize("raw, says", [
    ({"item": "card", "id": 3, "kind": "op/add"}, "id is 3, not a text"),
    ({"item": "card", "id": "a"}, "has no kind"),
    ({"item": "card", "id": "a", "kind": "op/add", "x": 1e300}, "x is"),
    ({"item": "card", "id": "a", "kind": "op/add", "colour": 3}, "no part 'colour'"),
    ({"item": "wire", "source": "a", "output": -1, "target": "b", "input": 0}, "output is -1"),
    ({"item": "robot"}, "no item"), ([], "no item"), (None, "no item"),
    ({"item": ["card"]}, "no item"),
])
def test_plain_values_that_are_refused(raw, says):
    with pytest.raises(ge.errors.FileFormatError, match=says):
        from_plain(raw, "here")


def test_cards_in_order_of_reading():
    cards = [Card(id, "op/negative") for id in "baz"]
    document = GraphDocument([*cards, Wire("z", 0, "a", 0), Card("late", "op/negative", after=("b",))])
    assert [c.id for c in in_order(document)] == ["b", "late", "z", "a"]


# -------------------------------------------------------------------- graphs

def test_the_graph_of_a_drawing_computes_what_it_says():
    document = GraphDocument([
        placeholder("x", [None, 2]), Card("w", "op/const", {"value": {"dtype": "float32", "shape": [2, 2],
                                                                      "values": [1.0, 2.0, 3.0, 4.0]}}),
        Card("y", "op/matmul"), Wire("x", 0, "y", 0), Wire("w", 0, "y", 1),
    ])
    built = build(document)
    assert not built.problems
    got = ge.Session(built.graph).run(built.tensors["y", 0], {"x": [[1.0, 1.0]]})
    np.testing.assert_array_equal(got, [[4.0, 6.0]])
    assert built.card_of("y") == "y"


def test_layers_become_nodes_under_their_name_and_share_weights():
    hidden = Card("hidden", "layer/Dense", {"units": 2, "activation": "relu"})
    document = GraphDocument([placeholder("x", [None, 3]), hidden, Wire("x", 0, "hidden", 0), Setting("seed", 7)])
    built = build(document)
    assert {"hidden/kernel", "hidden/bias"} <= set(built.nodes["hidden"])
    assert all(built.card_of(n) == "hidden" for n in built.nodes["hidden"])
    kernel = built.layers["hidden"].kernel
    again = build(document, training=True, layers=built.layers)
    assert again.layers["hidden"].kernel is kernel
    fresh = build(document)
    np.testing.assert_array_equal(fresh.layers["hidden"].kernel, kernel)    # the seed decides
    x = np.array([[1.0, -2.0, 3.0]], "float32")
    got = ge.Session(built.graph).run(built.tensors["hidden", 0], {"x": x})
    np.testing.assert_allclose(got, np.maximum(x @ np.asarray(kernel), 0), rtol=1e-6)


def test_what_does_not_fit_is_left_out_with_what_reads_it():
    document = GraphDocument([
        placeholder("x", [None, 3]), placeholder("w", [4, 2]), Card("bad", "op/matmul"), Card("after", "op/negative"),
        Card("fine", "op/negative"), Wire("x", 0, "bad", 0), Wire("w", 0, "bad", 1), Wire("bad", 0, "after", 0),
        Wire("x", 0, "fine", 0), Card("alone", "op/add"), Card("what", "op/there_is_no_such"),
    ])
    built = build(document)
    assert set(built.problems) == {"bad", "alone", "what"}
    assert "3 (a" in str(built.problems["bad"])
    assert built.left_out == {"after"}
    assert ("fine", 0) in built.tensors


def test_a_bypassed_card_lets_its_first_input_through():
    document = GraphDocument([placeholder("x", [2]), Card("n", "op/negative", bypassed=True), Card("e", "op/exp"),
                              Wire("x", 0, "n", 0), Wire("n", 0, "e", 0)])
    built = build(document)
    got = ge.Session(built.graph).run(built.tensors["e", 0], {"x": [0.0, 1.0]})
    np.testing.assert_allclose(got, np.exp([0.0, 1.0]), rtol=1e-6)


# -------------------------------------------------------------------- files

@pytest.mark.parametrize("path", SAMPLES, ids=lambda p: p.name.split(".")[0])
def test_samples_open_build_and_come_back(path, tmp_path):
    document = open_document(path)
    built = build(document)
    assert not built.problems and not built.left_out
    text = to_text(document)
    assert to_text(from_text(text, document.arrays)) == text
    target = tmp_path / "a.graph.json"
    save(document, target)
    assert not document.is_modified
    again = open_document(target)
    assert to_text(again) == text
    first = target.read_bytes()
    save(again, target)
    assert target.read_bytes() == first
    shared = {f"{n.name}/initial_value" for n in built.graph.nodes if n.op.name == "shared_variable"}
    assert {n.name for n in ge.load(target).nodes} == {n.name for n in built.graph.nodes} | shared


def drawn():
    """A drawing with a layer, something unfinished, and everything around."""
    return GraphDocument([
        placeholder("x", [None, 3]), Card("hidden", "layer/Dense", {"units": 2}, x=240.0, y=12.5),
        Card("open", "op/add", {}, x=500.0), Card("loss", "op/reduce_mean", x=480.0), Wire("x", 0, "hidden", 0),
        Wire("hidden", 0, "open", 0), Wire("hidden", 0, "loss", 0, bends=((300.0, 20.0),)),
        Frame("f", "Model", 0, 0, 300, 200, hue=3), Note("n", "# Look\nhere", 10, 300), Setting("seed", 4),
    ])


def test_a_file_keeps_layers_unfinished_cards_and_the_picture(tmp_path):
    document = drawn()
    target = tmp_path / "a.graph.json"
    save(document, target)
    assert to_text(open_document(target)) == to_text(document)
    graph = ge.load(target)                     # the engine reads it without knowing of drawings
    assert {"x", "hidden/kernel", "loss"} <= set(graph.by_name) and "open" not in graph.by_name
    x = np.ones((2, 3), "float32")
    with graph.as_default():
        session = ge.Session(graph)
        session.run(ge.global_variables_initializer())
    kernel = session.run("hidden/kernel")
    assert session.run("loss", {"x": x}) == pytest.approx(float((x @ kernel).mean()), rel=1e-5)


def test_nodes_changed_by_others_count_and_places_stay(tmp_path):
    document = GraphDocument([placeholder("x", [3]), Card("n", "op/negative", x=240.0, y=36.0), Wire("x", 0, "n", 0)])
    target = tmp_path / "a.graph.json"
    save(document, target)
    raw = json.loads(target.read_text())
    raw["nodes"].append({"id": "more", "op": "exp", "inputs": ["n"]})
    target.write_text(json.dumps(raw))
    again = open_document(target)
    assert {c.id for c in again.cards} == {"x", "n", "more"}
    assert (again.card("n").x, again.card("n").y) == (240.0, 36.0)
    assert again.wires_into("more")[0].source == "n"


def changed_by_others(path, document, id, op):
    """The document in a file in which another program made a node another op."""
    save(document, path)
    raw = json.loads(path.read_text())
    for node in raw["nodes"]:
        if node["id"] == id:
            node["op"] = op
    path.write_text(json.dumps(raw))
    return open_document(path)


def test_tags_and_bends_stay_where_others_change_a_node(tmp_path):
    wires = Wire("a", 0, "b", 0, portal="w"), Wire("a", 0, "c", 0, bends=((1.0, 2.0),))
    document = GraphDocument([placeholder("a", [2]), Card("b", "op/negative"), Card("c", "op/negative"), *wires])
    assert set(changed_by_others(tmp_path / "a.graph.json", document, "b", "abs").wires) == set(wires)


def test_the_nodes_of_a_layer_stay_in_its_subgraph_where_others_change_a_node(tmp_path):
    document = GraphDocument([
        Card("s", "subgraph"), placeholder("x", [None, 10]), Card("dense", "layer/Dense", {"units": 5}, 900.0, 300.0,
                                                                   parent="s"), Wire("x", 0, "dense", 0),
        Card("o", "op/negative", x=1200.0, parent="s"), Wire("dense", 0, "o", 0)])
    opened = changed_by_others(tmp_path / "a.graph.json", document, "o", "abs")
    inner = [card for card in opened.cards if card.id.startswith("dense/")]
    assert len(inner) > 2 and {card.parent for card in inner} == {"s"}
    assert len({(card.x, card.y) for card in inner}) == len(inner) and min(card.x for card in inner) == 900.0


@pytest.mark.parametrize("parts", [
    (Card("p", "op/negative", after=("q",)), Card("q", "op/negative", after=("p",))),
    (Card("p", "op/negative"), Card("q", "op/negative"), Wire("p", 0, "q", 0), Wire("q", 0, "p", 0))])
def test_what_nodes_never_held_leads_in_no_circle(tmp_path, parts):
    path = tmp_path / "a.graph.json"
    save(GraphDocument([placeholder("x", [2])]), path)
    raw = json.loads(path.read_text())
    raw["view"] = {"items": [to_plain(item) for item in parts], "digest": "another"}
    path.write_text(json.dumps(raw))
    document = open_document(path)
    assert {card.id for card in in_order(document)} == {"p", "q", "x"}
    save(document, path)
    assert to_text(open_document(path)) == to_text(document)


def test_what_nodes_never_held_survives_changes_by_others(tmp_path):
    target = tmp_path / "a.graph.json"
    save(drawn(), target)
    raw = json.loads(target.read_text())
    raw["nodes"].append({"id": "more", "op": "const", "attributes": {"value": {"dtype": "float32", "shape": [],
                                                                              "values": [1.0]}}})
    target.write_text(json.dumps(raw))
    again = open_document(target)
    assert again.card("more") is not None and again.card("open").kind == "op/add"
    assert again.setting("seed") == 4
    assert not build(again).problems.keys() - {"open"}


@pytest.mark.parametrize("name, value", [("seed", "abc"), ("weights", 5), ("seed", [1])])
def test_settings_of_another_type_do_no_harm(name, value, tmp_path):
    document = GraphDocument([Card("x", "op/placeholder", {"shape": [2]}), Setting(name, value)])
    save(document, tmp_path / "a.graph.json")
    assert open_document(tmp_path / "a.graph.json").setting(name) == value


def test_parts_of_a_file_do_not_become_settings(tmp_path):
    graph = ge.Graph()
    graph.document["seed"] = "of somebody else"
    graph.save(tmp_path / "a.graph.json")
    document = open_document(tmp_path / "a.graph.json")
    assert document.setting("seed") is None
    save(document, tmp_path / "b.graph.json")
    assert ge.load(tmp_path / "b.graph.json").document["seed"] == "of somebody else"


def test_a_renamed_layer_keeps_its_weights():
    from editor import commands

    document = GraphDocument([placeholder("x", [None, 3]), Card("hidden", "layer/Dense", {"units": 2}),
                              Wire("x", 0, "hidden", 0)])
    document.do(commands.keep_weights(document, {"hidden/kernel": np.full((3, 2), 7.0, "float32")}))
    document.do(commands.rename(document, "hidden", "first"))
    np.testing.assert_array_equal(build(document).layers["first"].kernel, np.full((3, 2), 7.0))
    document.undo()
    np.testing.assert_array_equal(build(document).layers["hidden"].kernel, np.full((3, 2), 7.0))


def test_large_arrays_stay_beside_and_come_back(tmp_path):
    numbers = np.arange(5000, dtype="float32").reshape(50, 100)
    graph = ge.Graph()
    with graph.as_default():
        ge.constant(numbers, name="big")
    graph.save(tmp_path / "a.graph.json")
    document = open_document(tmp_path / "a.graph.json")
    (name, array), = document.arrays.items()
    assert document.card("big").attributes["value"]["array"] == name
    np.testing.assert_array_equal(array, numbers)
    save(document, tmp_path / "b.graph.json")
    np.testing.assert_array_equal(ge.Session(ge.load(tmp_path / "b.graph.json")).run("big"), numbers)


def test_parts_of_a_file_that_nobody_knows_are_kept(tmp_path):
    graph = ge.Graph()
    with graph.as_default():
        ge.placeholder("float32", [2], name="x")
    graph.document["licence"] = {"name": "CC0"}
    graph.save(tmp_path / "a.graph.json")
    document = open_document(tmp_path / "a.graph.json")
    save(document, tmp_path / "b.graph.json")
    assert ge.load(tmp_path / "b.graph.json").document["licence"] == {"name": "CC0"}


@pytest.mark.parametrize("view, says", [
    ({"items": 3}, "no list"), ({"items": [[1]]}, "no list"),
])
def test_hostile_views_are_refused(view, says, tmp_path):
    path = tmp_path / "a.graph.json"
    path.write_text(json.dumps({"format": "graphengine", "version": 1, "nodes": [], "view": view}))
    with pytest.raises(ge.errors.FileFormatError, match=says):
        open_document(path)


@pytest.mark.parametrize("note, says", [
    (b'"text": "caf\xe9", "x": 0', "not text in UTF-8"), (b'"text": "a", "x": NaN', "no number of JSON"),
    (b'"text": "a", "text": "b"', "twice"),
])
def test_drawings_are_read_as_strictly_as_graphs(note, says, tmp_path):
    """Else the next save would keep what was read in place of what stood there."""
    path = tmp_path / "a.graph.json"
    path.write_bytes(b'{"graphengine": "drawing", "version": 1, "items": [{"item": "note", "id": "n", ' + note + b"}]}")
    with pytest.raises(ge.errors.FileFormatError, match=says):
        open_document(path)


@pytest.mark.parametrize("lines, says", [
    ([Card("a", "op/negative"), Wire("gone", 0, "a", 0)], "'gone', which is not there"),
    ([Card("a", "op/negative"), Card("b", "op/negative"), Wire("a", 0, "b", 0), Wire("b", 0, "a", 0)], "in a circle"),
])
def test_text_whose_items_do_not_belong_together(lines, says):
    text = json.dumps({"graphengine": "drawing", "version": 1, "items": [to_plain(i) for i in lines]})
    with pytest.raises(ge.errors.FileFormatError, match=says):
        from_text(text)


def test_every_kind_says_what_it_is():
    for kind in catalog().values():
        assert kind.title and kind.category and kind.summary, kind.key
        assert kind.hidden or kind.family in ("Ops", "Layers", "Losses", "Metrics", "Optimizers", "Data", "Training")
        assert len({f.name for f in kind.fields}) == len(kind.fields)


def test_the_training_of_a_drawing_is_a_train_section():
    document = GraphDocument([
        Card("iris", "data/iris", {"scale": {"x": "standard"}, "train_rows": 105}), placeholder("x", [None, 4]),
        placeholder("y", [None], "int64"), Card("model", "layer/Dense", {"units": 3}),
        Card("loss", "loss/SparseCategoricalCrossentropy", {"from_logits": True}),
        Card("adam", "optimizer/Adam", {"learning_rate": 0.01}), Card("train", "train", {"epochs": 5}),
        Card("accuracy", "metric/sparse_categorical_accuracy"),
        Wire("iris", 0, "x", 0), Wire("iris", 1, "y", 0), Wire("x", 0, "model", 0), Wire("y", 0, "loss", 0),
        Wire("model", 0, "loss", 1), Wire("loss", 0, "train", 0), Wire("adam", 0, "train", 1),
        Wire("y", 0, "accuracy", 0), Wire("model", 0, "accuracy", 1), Wire("accuracy", 0, "train", 2),
    ])
    built = build(document)
    assert not built.problems
    section = built.graph.document["train"]
    assert section["data"] == {"dataset": "iris", "feeds": {"x": "x", "y": "y"}, "scale": {"x": "standard"},
                               "train_rows": 105}
    assert section["epochs"] == 5 and section["optimizer"]["learning_rate"] == 0.01
    assert list(section["metrics"]) == ["accuracy"]
    training = ge.Training(built.graph, ".")
    before = training.evaluate("train")["loss"]
    training.fit(30)
    assert training.evaluate("train")["loss"] < before / 2


def test_weights_of_a_keras_model_stand_beside_the_document(tmp_path):
    """Not number by number in it: a request to run it, and each look for changes, would go through them all."""
    model = keras.Sequential([keras.Input((40,)), keras.layers.Dense(60, name="wide"), keras.layers.Dense(2)])
    document = document_of_model(model)
    kernel = document.setting("weights")["wide/kernel"]
    assert set(kernel) == {"dtype", "shape", "array"} and len(to_text(document)) < 5000
    np.testing.assert_array_equal(document.arrays[kernel["array"]], model.layers[0].kernel)
    model.to_document(tmp_path / "plain.graph.json")
    opened = open_document(tmp_path / "plain.graph.json")
    assert opened.items == document.items and opened.arrays.keys() == document.arrays.keys()
    save(opened, tmp_path / "saved.graph.json")
    assert open_document(tmp_path / "saved.graph.json").items == document.items


def test_a_text_is_kept_as_long_as_the_item_is():
    document = GraphDocument([Card("a", "op/relu", {"n": 1}), Setting("seed", 3)])
    meaning, made = Meaning(document), []
    whole = meaning.whole()
    for item in document.items.values():
        key = item.ref, False
        made.append(meaning._known[key])
    assert meaning.whole() == whole and all(meaning._known[entry[0].ref, False] is entry for entry in made)
    card = document.card("a")
    document.settle(Change("", {}, {card.ref: dataclasses.replace(card, attributes={"n": True})}))
    assert meaning.whole() != whole, "1 is not true"
    document.settle(Change("", {}, {card.ref: dataclasses.replace(card, x=5.0)}))
    assert meaning.whole() == whole


def test_the_meaning_of_a_model_is_found_in_one_walk(monkeypatch):
    """However many cards have variables: it is asked for while somebody edits."""
    document = GraphDocument([Card("c0", "op/placeholder"), *(Card(f"c{k}", "layer/Dense", {"units": 2})
                                                              for k in range(1, 40)),
                              *(Wire(f"c{k}", 0, f"c{k + 1}", 0) for k in range(39))])
    asked, card = [], document.card
    monkeypatch.setattr(document, "card", lambda id: asked.append(id) or card(id))
    holders = [f"c{k}" for k in range(1, 40)]
    whole = Meaning(document).model(holders)
    assert len(asked) <= 3 * 40 and whole == Meaning(document).model(holders[-1:])


def test_edits_that_are_undone_leave_cards_where_they_have_settled():
    """Only what an edit moved goes back to where it was."""
    card = Card("a", "op/relu", x=0.0, y=100.0)
    document = GraphDocument([card])
    document.do(Change("Name", {card.ref: card}, {card.ref: dataclasses.replace(card, attributes={"n": 1})}))
    document.mark_saved()
    named = document.card("a")
    document.do(Change("Move", {card.ref: named}, {card.ref: dataclasses.replace(named, y=120.0)}))
    document.undo()
    told = []
    document.listeners.append(lambda refs: told.append(document.is_settling))
    document.settle(Change("", {}, {card.ref: dataclasses.replace(named, y=150.0)}))
    assert not document.is_modified and document.history == ["Name"] and document.undone == ["Move"]
    places = []
    for step in (document.redo, document.undo, document.undo, document.redo):
        step()
        places.append(document.card("a").y)
    assert places == [120.0, 150.0, 150.0, 150.0] and not document.is_modified
    assert told == [True, False, False, False, False]


# -------------------------------------------------------------------- weights

def large():
    """A layer whose weights no machine holds."""
    return GraphDocument([Card("x", "op/placeholder", {"shape": [None, 1000]}),
                          Card("wide", "layer/Dense", {"units": 10**9}), Wire("x", 0, "wide", 0)])


def test_weights_are_counted_and_exported_without_being_made():
    assert weight_bytes(large()) == 4 * (1000 + 1) * 10**9
    assert "units=1000000000" in python_source(large())


def test_signatures_follow_what_a_card_waits_for():
    """A variable is read after it was assigned to: what was assigned counts."""
    numbers = [{"value": {"dtype": "float32", "shape": [], "values": [number]}} for number in (0.0, 1.0, 5.0)]
    document = GraphDocument([
        Card("first", "op/const", numbers[0]), Card("v", "op/variable"), Wire("first", 0, "v", 0),
        Card("given", "op/const", numbers[1]), Card("assign", "op/assign"), Wire("v", 0, "assign", 0),
        Wire("given", 0, "assign", 1), Card("read", "op/read_variable", after=("assign",)), Wire("v", 0, "read", 0)])
    signatures = Signatures(document)
    document.listeners.append(signatures.forget)
    before = signatures.of("read")
    source = document.card("given")
    document.do(Change("", {source.ref: source}, {source.ref: dataclasses.replace(source, attributes=numbers[2])}))
    assert signatures.of("read") != before
    document.undo()
    assert signatures.of("read") == before
