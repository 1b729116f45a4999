"""Edits of the graphs that come along: each card and wire once, and all of it by way of the clipboard."""
from __future__ import annotations

from pathlib import Path

import pytest

from editor import commands
from editor.model.build import build
from editor.model.document import GraphDocument
from editor.model.files import open_document, to_text
from editor.model.kinds import catalog
from graphengine.tools.drawn.files import nodes_of, store

SAMPLES = sorted((Path(__file__).parents[2] / "samples").glob("*.graph.json"))


@pytest.fixture(params=SAMPLES, ids=lambda path: path.name.partition(".")[0])
def document(request):
    return open_document(request.param)


def test_every_card_and_wire_can_be_edited(document):
    first = to_text(document)
    for card in list(document.cards):
        for change in (
            commands.delete(document, [card.ref]), commands.delete_and_reconnect(document, [card.ref]),
            commands.rename(document, card.id, "another/name"), commands.bypass(document, [card.id]),
            commands.duplicate(document, [card.ref], with_inputs=True),
            *(commands.set_attribute(document, [card.id], name, value) for name, value in card.attributes.items()),
        ):
            document.do(change)
            assert all(document.card(w.source) and document.card(w.target) for w in document.wires)
            if not change.is_nothing:
                document.undo()
    for wire in list(document.wires):
        document.do(commands.disconnect(document, [wire.ref]))
        document.do(commands.connect(document, wire.source, wire.output, wire.target, wire.input))
        document.undo()
        document.undo()
    assert document.history == [] and to_text(document) == first


def written(graph):
    """The nodes as they stand in a file; large arrays by the hash of their contents."""
    return nodes_of(graph, lambda name, array: store(array, {}), "the graph")


def test_a_copy_is_the_same_graph(document):
    text = commands.copy_text(document, [ref for ref in document.items if ref.kind in ("card", "frame", "note")])
    other = GraphDocument()
    other.do(commands.paste(other, text, 0, 0))
    assert len(list(other.wires)) == len(list(document.wires))
    one, copied = build(document), build(other)
    assert not one.problems and not copied.problems
    assert written(one.graph) == written(copied.graph)


def test_every_attribute_of_a_sample_is_one_that_its_kind_has(document):
    for card in document.cards:
        assert all(catalog()[card.kind].field(name) for name in card.attributes), card
