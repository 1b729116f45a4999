"""Which cards give what a model is asked for: a drawn graph comes in, names of cards go out."""
from __future__ import annotations

from collections.abc import Iterable

from graphengine.tools.drawn.draw import becomes_nodes

from .build import in_order
from .document import GraphDocument
from .items import SUBGRAPH
from .kinds import CONST, PLACEHOLDER, VARIABLE, catalog
from .subgraphs import outputs

JUDGING = ("Loss", "Metric")                # categories of cards that compare an answer with the right one
GIVEN = (CONST, PLACEHOLDER, VARIABLE)


def chosen(document: GraphDocument, cards: Iterable[str]) -> list[str]:
    """Those of the cards that have results, and in place of a subgraph those whose results it gives."""
    found: dict[str, None] = {}
    for id in cards:
        card = document.card(id)
        if card is not None and card.kind == SUBGRAPH:
            found.update({end: None for port in outputs(document, id) for end, _ in port.ends})
        elif card is not None and becomes_nodes(card.kind):
            found[id] = None
    return list(found)


def answers(document: GraphDocument) -> list[str]:
    """Cards that no card reads but those that judge what they say, which themselves are none, nor what follows them."""
    judging: set[str] = set()
    found: list[str] = []
    for card in in_order(document):
        kind = catalog().get(card.kind)
        before = {wire.source for wire in document.wires_into(card.id).values()}
        if kind is not None and (kind.category in JUDGING or before & judging):
            judging.add(card.id)
        elif becomes_nodes(card.kind) and card.kind not in GIVEN:
            found.append(card.id)
    read = {wire.source for wire in document.wires if wire.target in found}
    return [card for card in found if card not in read]
