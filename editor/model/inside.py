"""What a card is made of, as a drawing of its own: a document and a card come in, another document goes out.

A path begins with a card of the document; what follows are nodes, each inside the one before.
"""
from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import graphengine as ge
from graphengine.tools.drawn.draw import Drawing, Type, no_array, operand_nodes
from graphengine.tools.drawn.inside import Inside, attributes_of, can_open, inside_card, opened

from .document import GraphDocument
from .items import Card, Wire

Path = tuple[str, ...]
__all__ = ["Drawn", "Path", "can_open", "inside"]


@dataclass(frozen=True)
class Drawn:
    """The drawing of what is inside. types : of the results of each card; sources : cards outside, by placeholder."""

    document: GraphDocument
    types: Mapping[str, tuple[Type, ...]]
    sources: Mapping[str, tuple[str, int]]


def inside(document: GraphDocument, operands: tuple[Type, ...] | None, path: Path) -> Drawn | None:
    """What the last of a path is made of; None if that is not known, or if it is no more than itself.

    Parameters
    ----------
    operands : types of what is wired to the card; None if they are not known
    """
    card = document.card(path[0])
    if card is None or operands is None or not can_open(card.kind):
        return None
    try:
        level, sources = _level_of_card(document, card, operands)
        for name in path[1:]:
            node = level.graph.by_name.get(name) if level is not None else None
            level, sources = (opened(node) if node is not None else None), {}
    except ge.errors.GraphEngineError:
        return None
    if level is None or not level.graph.nodes:
        return None
    return Drawn(*_drawn(level.graph), sources)


def _level_of_card(
    document: GraphDocument, card: Card, operands: tuple[Type, ...]
) -> tuple[Inside | None, dict[str, tuple[str, int]]]:
    drawing = Drawing(no_array, plain=True, names=[card.id])
    tensors = operand_nodes(drawing.graph, operands)
    before = len(drawing.graph.nodes)
    wires = document.wires_into(card.id)
    drawing.card(card.id, card.kind, json.loads(json.dumps(dict(card.attributes))), tensors)
    nodes = drawing.graph.nodes[before:]
    ends = {id(t): (wires[k].source, wires[k].output) for k, t in enumerate(tensors) if k in wires}
    names = {tensor: source for tensor, (source, _) in ends.items()}
    level = opened(nodes[-1]) if card.kind.startswith("op/") else inside_card(card.id, nodes, names)
    found = level.sources.items() if level is not None else ()
    return level, {name: ends[id(t)] for name, t in found if id(t) in ends}


def _drawn(graph: ge.Graph) -> tuple[GraphDocument, dict[str, tuple[Type, ...]]]:
    items: list[Card | Wire] = []
    types = {}
    for node in graph.nodes:
        items.append(Card(node.name, f"op/{node.op.name}", attributes_of(node)))
        items += [Wire(t.node.name, t.position, node.name, k) for k, t in enumerate(node.inputs)]
        types[node.name] = tuple(Type(t.dtype.name, t.shape) for t in node.outputs)
    return GraphDocument(items), types
