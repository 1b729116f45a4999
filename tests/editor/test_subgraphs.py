"""Subgraphs without a window: what they take and give, taken together and apart, in files, and in what computes."""
from __future__ import annotations

import itertools
import json

import numpy as np
import pytest

import graphengine as ge
from editor import commands
from editor.commands import Refused
from editor.infer import Inference
from editor.io.python import python_source
from editor.model import subgraphs
from editor.model.build import build
from editor.model.document import GraphDocument
from editor.model.files import from_text, open_document, save, to_text
from editor.model.items import SUBGRAPH, Card, Frame, Note, Ref, Wire
from editor.model.meaning import Meaning, Signatures, moved_values


def graph():
    """x -> a, b -> sum (a + b) -> end; x is read by both, w by b alone."""
    return GraphDocument([
        Card("x", "op/placeholder", {"shape": [None, 3]}, 0, 0), Card("w", "op/placeholder", {"shape": [3]}, 0, 200),
        Card("a", "op/negative", x=300, y=0), Card("b", "op/multiply", x=300, y=200), Card("sum", "op/add", x=600, y=0),
        Card("end", "op/exp", x=900, y=0), Note("n", "text", 500, 400), Frame("f", "title", 280, 180, 250, 140),
        Wire("x", 0, "a", 0), Wire("x", 0, "b", 0), Wire("w", 0, "b", 1), Wire("a", 0, "sum", 0, ((500.0, 20.0),)),
        Wire("b", 0, "sum", 1), Wire("sum", 0, "end", 0, ((800.0, 50.0),))])


def cards(*ids):
    return [Ref("card", id) for id in ids]


def grouped(*ids, name="block"):
    document = graph()
    document.do(commands.group(document, cards(*ids), name))
    return document


def ports(document, subgraph):
    return ([(p.socket.name, p.ends, p.wire is not None) for p in subgraphs.inputs(document, subgraph)],
            [(p.socket.name, p.ends) for p in subgraphs.outputs(document, subgraph)])


def test_what_crosses_the_border_is_what_it_takes_and_gives():
    document = grouped("a", "b", "sum")
    taken, given = ports(document, "block")
    assert taken == [("a", (("a", 0), ("b", 0)), True), ("b y", (("b", 1),), True)]      # x once, though two read it
    assert given == [("sum", (("sum", 0),))]


def test_what_is_not_connected_inside_can_be_connected_from_outside():
    document = grouped("a", "b", "sum")
    document.do(commands.disconnect(document, [Ref("wire", ("b", 1)), Ref("wire", ("end", 0))]))
    taken, given = ports(document, "block")
    assert taken[1] == ("b y", (("b", 1),), False)
    assert given == [("sum", (("sum", 0),))]           # nothing reads it, so something outside may


def test_a_result_that_is_read_inside_and_outside_is_given_too():
    document = grouped("a", "b")
    document.do(commands.connect(document, "a", 0, "b", 1))
    assert [name for name, _ in ports(document, "block")[1]] == ["a", "b"]


def test_grouping_moves_nothing_and_touches_no_wire():
    document, before = grouped("a", "b", "sum"), graph()
    assert set(document.wires) == set(before.wires)
    for id in ("a", "b", "sum"):
        card, old = document.card(id), before.card(id)
        assert card.parent == "block" and (card.x, card.y) == (old.x, old.y)
    block = document.card("block")
    assert block.kind == SUBGRAPH and (block.x + block.width / 2, block.y) == (546.0, 100.0)     # 300 to 792, 0 to 200


def test_unpacking_gives_back_what_there_was():
    document = grouped("a", "b", "sum")
    document.do(commands.unpack(document, ["block"]))
    assert to_text(document) == to_text(graph())


def test_unpacking_elsewhere_moves_everything_alike_and_straightens_what_leaves():
    document = grouped("a", "b", "sum")
    document.do(commands.move(document, cards("block"), 100, 50))
    document.do(commands.unpack(document, ["block"]))
    places = [(document.card(id).x, document.card(id).y) for id in ("a", "b", "sum")]
    assert places == [(400, 50), (400, 250), (700, 50)]
    assert document.wires_into("sum")[0].bends == ((600.0, 70.0),) and document.wires_into("end")[0].bends == ()
    assert {(w.source, w.target) for w in document.wires} == {(w.source, w.target) for w in graph().wires}


def test_frames_and_notes_go_along():
    document = graph()
    document.do(commands.group(document, [*cards("b"), Ref("frame", "f"), Ref("note", "n")]))
    assert {part.ref for part in document.parts("subgraph")} == {*cards("b"), Ref("frame", "f"), Ref("note", "n")}
    assert commands.content(document, "f") == set(cards("b"))
    document.do(commands.unpack(document, ["subgraph"]))
    assert to_text(document) == to_text(graph())


def test_a_frame_holds_nothing_of_another_level():
    assert commands.content(grouped("a", "b", "sum"), "f") == set()


def test_subgraphs_in_subgraphs():
    document = grouped("a", "b", name="inner")
    document.do(commands.group(document, cards("inner", "sum"), "outer"))
    assert subgraphs.path_to(document, "inner") == ("outer", "inner")
    assert {card.id for card in subgraphs.inside(document, "outer")} == {"a", "b", "sum"}
    assert [name for name, *_ in ports(document, "outer")[0]] == ["a", "b y"]
    assert subgraphs.shown_as(document, "a", "") == "outer" and subgraphs.shown_as(document, "a", "outer") == "inner"
    assert subgraphs.shown_as(document, "x", "outer") is None
    document.do(commands.unpack(document, ["outer"]))
    assert document.card("inner").parent == "" and document.card("a").parent == "inner"


def test_what_cannot_be():
    document = grouped("a", "b")
    with pytest.raises(Refused, match="Select the cards"):
        commands.group(document, [Ref("note", "n")])
    with pytest.raises(Refused, match="different subgraphs"):
        commands.group(document, cards("a", "sum"))
    with pytest.raises(Refused, match="Select a subgraph"):
        commands.unpack(document, ["a"])
    with pytest.raises(Refused, match="no sockets of its own"):
        commands.connect(document, "x", 0, "block", 0)
    with pytest.raises(Refused, match="unpack it first"):
        commands.replace_kind(document, "block", "op/exp")


# -------------------------------------------------------------------- other edits

def test_deleting_takes_what_lies_in_it():
    document = grouped("a", "b", "sum")
    before = to_text(document)
    document.do(commands.delete(document, cards("block")))
    assert {card.id for card in document.cards} == {"x", "w", "end"} and not list(document.wires)
    document.undo()
    assert to_text(document) == before


def test_deleting_and_reconnecting_leads_around_it():
    document = grouped("a", "b", "sum")
    document.do(commands.delete_and_reconnect(document, cards("block")))
    assert [(w.source, w.target) for w in document.wires] == [("x", "end")]


def test_a_copy_is_a_graph_of_its_own():
    document = grouped("a", "b", "sum")
    document.do(commands.duplicate(document, cards("block"), with_inputs=True))
    assert {part.id for part in document.parts("block_1")} == {"a_1", "b_1", "sum_1"}
    assert (document.card("block_1").x, document.card("a_1").x) == (document.card("block").x + 24, 300)
    assert {(w.source, w.target) for w in document.wires if w.target.endswith("_1")} == {
        ("x", "a_1"), ("x", "b_1"), ("w", "b_1"), ("a_1", "sum_1"), ("b_1", "sum_1")}
    assert document.wires_into("sum_1")[0].bends == ((500.0, 20.0),)
    document.do(commands.rename(document, "a_1", "other"))
    assert document.card("a") is not None


def test_copied_and_pasted_into_another_document():
    text = commands.copy_text(grouped("a", "b", "sum"), cards("block"))
    other = GraphDocument([Card("a", "op/exp")])
    other.do(commands.placed(other, commands.paste(other, text, 50, 60), ""))
    assert {part.id for part in other.parts("block")} == {"a_1", "b", "sum"}
    assert (other.card("block").x, other.card("block").y) == (50, 60) and other.card("a_1").x == 300


def test_pasted_inside_a_subgraph_it_lies_there():
    document = grouped("a", "b", "sum")
    text = commands.copy_text(document, cards("block"))
    document.do(commands.placed(document, commands.paste(document, text, 0, 0), "block"))
    assert document.card("block_1").parent == "block" and document.card("a_1").parent == "block_1"
    text = commands.copy_text(document, cards("a_1"))           # a card from inside, pasted outside
    document.do(commands.placed(document, commands.paste(document, text, 0, 0), ""))
    assert document.card("a_2").parent == ""


def test_text_with_a_subgraph_in_itself_is_refused():
    found = json.loads(commands.copy_text(grouped("a", "b"), cards("block", "x")))
    next(item for item in found["items"] if item["id"] == "block")["parent"] = "block"
    with pytest.raises(Refused, match="lies in itself"):
        commands.paste(graph(), json.dumps(found), 0, 0)


def test_renaming_keeps_what_lies_in_it():
    document = grouped("a", "b")
    document.do(commands.rename(document, "block", "features"))
    assert {part.id for part in document.parts("features")} == {"a", "b"} and not document.parts("block")


def test_bypassing_bypasses_all_cards_in_it():
    document = grouped("a", "b")
    document.do(commands.bypass(document, ["block"]))
    assert document.card("a").bypassed and document.card("b").bypassed and not document.card("block").bypassed
    document.do(commands.bypass(document, ["block"]))
    assert not document.card("a").bypassed


def test_a_card_beside_another_lies_where_that_one_does():
    document = grouped("a", "b")
    document.do(commands.add_card(document, "op/identity", 0, 0, wire=Ref("wire", ("b", 1))))
    assert document.card("identity").parent == "block"


def test_one_output_to_all_that_an_input_stands_for():
    document = grouped("a", "b", "sum")
    first = subgraphs.inputs(document, "block")[0]
    off = [Ref("wire", end) for end in first.ends]
    document.do(commands.rewire(document, off, "w", 0, first.ends))
    assert [(p.ends, p.wire.source) for p in subgraphs.inputs(document, "block")] == [
        ((("a", 0), ("b", 0), ("b", 1)), "w")]
    with pytest.raises(Refused, match="circle"):
        commands.rewire(document, (), "end", 0, first.ends)


# -------------------------------------------------------------------- files

def test_in_files(tmp_path):
    document = grouped("a", "b", name="inner")
    document.do(commands.group(document, [*cards("inner", "sum"), Ref("frame", "f")], "outer"))
    save(document, tmp_path / "g.graph.json")
    again = open_document(tmp_path / "g.graph.json")
    assert to_text(again) == to_text(document) == to_text(from_text(to_text(document)))
    save(again, tmp_path / "again.graph.json")
    assert (tmp_path / "again.graph.json").read_bytes() == (tmp_path / "g.graph.json").read_bytes()


def test_a_file_whose_nodes_somebody_changed_keeps_subgraphs(tmp_path):
    path = tmp_path / "g.graph.json"
    save(grouped("a", "b"), path)
    raw = json.loads(path.read_text())
    next(node for node in raw["nodes"] if node["id"] == "end")["op"] = "tanh"
    path.write_text(json.dumps(raw))
    found = open_document(path)
    assert found.card("end").kind == "op/tanh"
    assert found.card("block").kind == SUBGRAPH and {part.id for part in found.parts("block")} == {"a", "b"}


@pytest.mark.parametrize("parent", ["nowhere", "x", "block"])
def test_what_lies_nowhere_is_no_document(parent):
    text = to_text(grouped("a", "b")).replace('"id": "block"', f'"id": "block", "parent": "{parent}"')
    with pytest.raises(ge.errors.FileFormatError, match="lies in no subgraph"):
        from_text(text)


# -------------------------------------------------------------------- what computes

def test_what_computes_knows_nothing_of_it():
    plain, document = graph(), grouped("a", "b", "sum")
    one, other = build(plain), build(document)
    assert not other.problems and [n.name for n in one.graph.nodes] == [n.name for n in other.graph.nodes]
    feeds = {"x": np.float32([[1, 2, 3]]), "w": np.float32([1, 0, 2])}
    found = ge.Session(other.graph).run(other.tensors["end", 0], {other.graph.by_name[k].outputs[0]: v
                                                                  for k, v in feeds.items()})
    np.testing.assert_allclose(found, np.exp(-feeds["x"] + feeds["x"] * feeds["w"]), rtol=1e-6)
    assert Meaning(plain).whole() == Meaning(document).whole()
    assert moved_values(plain.items, document) == {}
    assert python_source(plain) == python_source(document)


def test_types_and_problems_map_through():
    document = grouped("a", "b", "sum")
    inference = Inference(document)
    result, = inference.outputs("block")
    assert (result.dtype, result.shape, result.name) == ("float32", "(?, 3)", "sum")
    assert [(row.socket.name, row.number, row.wire.source) for row in inference.inputs_of("block")] == [
        ("a", 0, "x"), ("b y", 1, "w")]
    assert inference.problem("block") is None
    document.do(commands.set_attribute(document, ["w"], "shape", [4]))
    assert inference.problem("block") == inference.problem("b") and inference.problem("b").severity == "error"
    assert [problem.card for problem in inference.problems()] == ["b"]


def nested(count):
    """Subgraphs that lie in each other, with a card in the last."""
    around = [""] + [f"s{k}" for k in range(count)]
    return GraphDocument([*(Card(id, SUBGRAPH, parent=parent) for parent, id in itertools.pairwise(around)),
                          Card("x", "op/placeholder", parent=around[-1])])


def test_subgraphs_lie_in_each_other_as_deep_as_can_be_shown():
    deepest = nested(subgraphs.DEEPEST)
    assert from_text(to_text(deepest)).items == deepest.items
    for document in (nested(subgraphs.DEEPEST + 1), nested(1500)):
        with pytest.raises(ge.errors.FileFormatError, match="lies in more than 63 others"):
            from_text(to_text(document))
        with pytest.raises(Refused, match="At most 64 subgraphs"):
            commands.paste(graph(), commands.copy_text(document, cards("s0")), 0, 0)
    with pytest.raises(Refused, match="At most 64 subgraphs"):
        commands.group(deepest, cards("x"))
    with pytest.raises(Refused, match="At most 64 subgraphs"):
        commands.group(deepest, cards("s0"))
    document = grouped("a", "b", "sum")
    edit = commands.paste(document, commands.copy_text(deepest, cards("s0")), 0, 0)
    with pytest.raises(Refused, match="At most 64 subgraphs"):
        commands.placed(document, edit, "block")
    document.do(commands.placed(document, edit, ""))


def test_cards_in_a_circle_have_a_number_too():
    p, q, r = Card("p", "op/negative"), Card("q", "op/negative"), Card("r", "op/negative", after=("p",))
    document = GraphDocument([p, q, r, Wire("p", 0, "q", 0), Wire("q", 0, "p", 0)])
    assert len({Signatures(document).of(id) for id in ("p", "q", "r")}) == 3
