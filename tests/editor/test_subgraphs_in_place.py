"""A subgraph that is expanded in place: a frame of its name around what lay in it, of which it is made again."""
from __future__ import annotations

import pytest
from hand import Hand

from editor import commands
from editor.commands import Refused
from editor.model.document import GraphDocument
from editor.model.files import from_text, to_text
from editor.model.items import SUBGRAPH, Card, Ref, Wire

from .test_subgraphs import cards, graph, grouped


@pytest.fixture
def hand(qtbot):
    """A hand at x -> block (a, b, sum) -> end, where the block is beside its neighbors."""
    document = grouped("a", "b", "sum")
    document.do(commands.delete(document, [Ref("frame", "f"), Ref("note", "n")]))
    document.do(commands.move(document, cards("end"), -100, 100))
    found = Hand(qtbot, document)
    found.view.centerOn(450, 150)
    yield found
    found.close()


def box(hand, ref):
    return hand.scene.item_rect(ref)


def test_it_becomes_a_frame_and_what_lies_right_moves_away(hand):
    before = to_text(hand.document)
    inside = {id: hand.document.card(id) for id in ("a", "b", "sum")}
    hand.scene.select(cards("block"))
    hand.tool.edits.expand()
    document = hand.document
    (frame,) = [f for f in document.frames if f.title == "block"]
    assert document.card("block") is None and hand.scene.selected() == {frame.ref}
    assert {ref.key for ref in hand.scene.contents(frame.id)} >= {"a", "b", "sum"}
    for id, was in inside.items():                  # as they lay to each other
        now, first = document.card(id), document.card("a")
        assert (now.x - first.x, now.y - first.y) == (was.x - inside["a"].x, was.y - inside["a"].y) and not now.parent
    outer = box(hand, frame.ref)
    for id in ("x", "w", "end"):
        assert not outer.intersects(box(hand, Ref("card", id))), id
    for id in ("a", "b", "sum"):
        assert outer.contains(box(hand, Ref("card", id))), id
    assert box(hand, Ref("card", "end")).left() > outer.right()
    hand.tool.edits.group()
    assert document.card("block").kind == SUBGRAPH and frame.ref not in document.items
    assert {part.ref.key for part in document.parts("block")} == {"a", "b", "sum"}
    assert hand.scene.selected() == set(cards("block"))
    document.undo()
    document.undo()
    assert to_text(document) == before


def test_expanding_again_needs_no_more_room(hand):
    hand.scene.select(cards("block"))
    hand.tool.edits.expand()
    hand.tool.edits.group()
    places = {card.id: (card.x, card.y) for card in hand.document.cards if not card.parent}
    for _ in range(3):
        hand.tool.edits.expand()
        hand.tool.edits.group()
    assert places == {card.id: (card.x, card.y) for card in hand.document.cards if not card.parent}


@pytest.mark.parametrize("dx", [-60, 30])
def test_a_note_beside_it_is_not_taken_for_one_of_its_own(hand, dx):
    block = hand.document.card("block")
    hand.document.do(commands.add_note(hand.document, block.x + dx, block.y + 150, "beside"))
    (note,) = hand.document.notes
    hand.scene.select(cards("block"))
    hand.tool.edits.expand()
    (frame,) = [f for f in hand.document.frames if f.title == "block"]
    assert not box(hand, frame.ref).intersects(box(hand, note.ref))
    hand.tool.edits.group()
    assert hand.document.items[note.ref].parent == ""


def test_what_a_collapsed_frame_hides_is_not_taken_in(hand):
    block = hand.document.card("block")
    hand.document.do(commands.add_card(hand.document, "op/relu", block.x, block.y + 150))
    (mine,) = [card for card in hand.document.cards if card.kind == "op/relu"]
    rect = box(hand, mine.ref)
    hand.document.do(commands.frame_selection(
        hand.document, {mine.ref: (rect.x(), rect.y(), rect.width(), rect.height())}, "mine"))
    (frame,) = hand.document.frames
    hand.document.do(commands.collapse(hand.document, [frame.ref]))
    hand.scene.select(cards("block"))
    hand.tool.edits.expand()
    hand.tool.edits.group()
    assert hand.document.card(mine.id).parent == "" and hand.document.items[frame.ref].parent == ""
    assert mine.ref in hand.scene.contents(frame.id)


def test_a_frame_around_it_becomes_larger(hand):
    block = hand.document.card("block")
    place = block.x, block.y, block.width, 100.0
    hand.document.do(commands.frame_selection(hand.document, {block.ref: place}, "around"))
    (around,) = [f for f in hand.document.frames if f.title == "around"]
    hand.scene.select(cards("block"))
    hand.tool.edits.expand()
    (inner,) = [f for f in hand.document.frames if f.title == "block"]
    assert hand.document.items[around.ref] != around
    assert box(hand, around.ref).contains(box(hand, inner.ref))
    assert {"a", "b", "sum"} <= {ref.key for ref in hand.scene.contents(around.id)}


def test_bends_inside_go_along():
    document = grouped("a", "b", "sum")
    boxes = {part.ref: (part.x, part.y, part.width, 60.0) for part in document.parts("block")}
    old = document.card("a").x, document.wires_into("sum")[0].bends
    document.do(commands.expand(document, "block", boxes, 1000, 500))
    moved = document.card("a").x - old[0]
    assert document.wires_into("sum")[0].bends[0][0] - old[1][0][0] == moved != 0
    assert document.wires_into("end")[0].bends == ()
    assert from_text(to_text(document)).items == document.items


def test_a_title_that_no_card_can_have():
    document = graph()
    document.do(commands.edit_frame(document, "f", "what: this"))
    document.do(commands.group(document, [*cards("b"), Ref("frame", "f")], frame=Ref("frame", "f")))
    assert document.card("subgraph").kind == SUBGRAPH and document.card("b").parent == "subgraph"


def test_what_cannot_be_expanded():
    document = GraphDocument([Card("g", SUBGRAPH), Card("x", "op/placeholder"), Card("y", "op/exp"),
                              Wire("x", 0, "y", 0)])
    with pytest.raises(Refused, match="nothing in it"):
        commands.expand(document, "g", {}, 0, 0)
    with pytest.raises(Refused, match="Select a subgraph"):
        commands.expand(document, "x", {Ref("card", "y"): (0, 0, 1, 1)}, 0, 0)


