"""Subgraphs: cards that stand for others, which say by `parent` that they lie there.

The cards of all subgraphs lie in one flat document, so that whatever computes knows nothing of this: wires lead from
card to card, across borders too. What a subgraph takes and gives is worked out here from the wires that cross its
border, and from the sockets inside that nothing is connected to yet.
"""
from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .catalog import Kind, Socket
from .document import GraphDocument
from .items import SUBGRAPH, Card, Frame, Note, Ref, Wire
from .kinds import TRAIN, catalog

End = tuple[str, int]                       # a card, and the number of one of its inputs or outputs
KIND = Kind(SUBGRAPH, "Subgraph", "Subgraphs", "", (), (), (),
            "Stands for the cards that lie in it. A copy of it is a graph of its own.", "")
DEEPEST = 64                                # subgraphs that lie in each other


@dataclass(frozen=True)
class Port:
    """A socket of a subgraph.

    ends : the sockets inside that it stands for; of an input all that read the same from outside
    socket : the first of them, under the name that it has on the subgraph
    wire : that comes from outside into the first of them; None of an output, and where nothing is connected
    """

    ends: tuple[End, ...]
    socket: Socket
    wire: Wire | None = None


def kind_of(card: Card) -> Kind | None:
    """What a card is; None if this version knows no such thing."""
    return KIND if card.kind == SUBGRAPH else catalog().get(card.kind)


def path_to(document: GraphDocument, level: str) -> tuple[str, ...]:
    """The subgraphs around what lies in one, from outside: `level` is the last, () is the way to the graph."""
    found: list[str] = []
    while level:
        found.append(level)
        card = document.card(level)
        level = card.parent if card is not None else ""
    return tuple(reversed(found))


def shown_as(document: GraphDocument, card: str, level: str) -> str | None:
    """The card by which one is seen at a level: itself or a subgraph around it; None if it does not lie there."""
    found = document.card(card)
    while found is not None and found.parent != level:
        found = document.card(found.parent)
    return found.id if found is not None else None


def inside(document: GraphDocument, card: str) -> list[Card]:
    """The cards that one stands for, however deep they lie; of one that is no subgraph itself."""
    found = document.card(card)
    if found is None or found.kind != SUBGRAPH:
        return [] if found is None else [found]
    return [inner for part in document.parts(card) if isinstance(part, Card) for inner in inside(document, part.id)]


def with_inside(document: GraphDocument, refs: Iterable[Ref]) -> list[Ref]:
    """Items, and everything in the subgraphs among them; each once."""
    found: dict[Ref, None] = {}
    left = list(refs)[::-1]
    while left:
        ref = left.pop()
        card = document.items.get(ref)
        if ref not in found and isinstance(card, Card) and card.kind == SUBGRAPH:
            left += [part.ref for part in reversed(document.parts(card.id))]
        found[ref] = None
    return list(found)


def inputs(document: GraphDocument, subgraph: str) -> list[Port]:
    """What a subgraph takes, in the order of the cards inside from top to bottom.

    One input for each result that comes from outside, however many cards inside read it; and one for each socket
    inside that has to be connected and is not.
    """
    found: dict[object, tuple[list[End], Socket, Wire | None]] = {}
    for card, ids in _sorted(document, subgraph):
        kind = catalog().get(card.kind)
        if kind is None:
            continue
        wires = document.wires_into(card.id)
        for number in sorted({*wires, *(n for n, s in enumerate(kind.inputs) if not s.optional)}):
            wire, socket = wires.get(number), kind.input(number)
            if socket is None or (wire is not None and wire.source in ids):
                continue
            key = (wire.source, wire.output) if wire is not None else (card.id, number, "")
            several = sum(1 for s in kind.inputs if not s.optional) > 1
            name = f"{card.id} {socket.name}" if several else card.id
            found.setdefault(key, ([], _named(socket, name), wire))[0].append((card.id, number))
    return [Port(tuple(ends), socket, wire) for ends, socket, wire in found.values()]


def outputs(document: GraphDocument, subgraph: str) -> list[Port]:
    """What a subgraph gives: results that are read outside, and those of cards that nothing reads, from top to bottom.

    An Identity card makes an output of a result that is read inside only.
    """
    found = []
    for card, ids in _sorted(document, subgraph):
        kind, wires = catalog().get(card.kind), document.wires_from(card.id)
        count = max([len(kind.outputs) if kind is not None else 0, 0 if card.kind == TRAIN else 1,
                     *(w.output + 1 for w in wires)])
        for number in range(count):
            if any(w.target not in ids for w in wires if w.output == number) or not wires:
                known = kind.outputs[number] if kind is not None and number < len(kind.outputs) else Socket(str(number))
                name = f"{card.id} {known.name}" if count > 1 else card.id
                found.append(Port(((card.id, number),), _named(known, name)))
    return found


def _named(socket: Socket, name: str) -> Socket:
    return Socket(name, socket.doc, socket.carries, socket.accepts, optional=socket.optional)


def _sorted(document: GraphDocument, subgraph: str) -> Iterator[tuple[Card, set[str]]]:
    """The cards inside from top to bottom, each with the ids of all of them."""
    cards = _ordered(document, subgraph)
    ids = {card.id for card in cards}
    return ((card, ids) for card in cards)


def _ordered(document: GraphDocument, subgraph: str) -> list[Card]:
    parts = sorted((p for p in document.parts(subgraph) if isinstance(p, Card)), key=lambda c: (c.y, c.x, c.id))
    return [inner for card in parts
            for inner in (_ordered(document, card.id) if card.kind == SUBGRAPH else [card])]


def level_of(document: GraphDocument, ref: Ref) -> str:
    """The subgraph that an item lies in, "" for none; of a wire that of the card it ends at."""
    item = document.items.get(Ref("card", ref.key[0]) if ref.kind == "wire" else ref)
    return item.parent if isinstance(item, Card | Frame | Note) else ""


def lost(document: GraphDocument) -> list[Ref]:
    """Items whose parent is no subgraph, or lies in a circle: what no way from the graph leads to."""
    seen: set[Ref] = set()
    left = list(document.parts(""))
    while left:
        item = left.pop()
        seen.add(item.ref)
        if isinstance(item, Card) and item.kind == SUBGRAPH:
            left += document.parts(item.id)
    return [ref for ref, item in document.items.items() if isinstance(item, Card | Frame | Note) and ref not in seen]


def too_deep(cards: Iterable[Card]) -> str | None:
    """A subgraph that lies in `DEEPEST` others: what it takes and gives would be worked out anew for each of them."""
    within: dict[str, list[str]] = {}
    for card in cards:
        if card.kind == SUBGRAPH:
            within.setdefault(card.parent, []).append(card.id)
    level = [""]
    for _ in range(DEEPEST + 1):
        level = [inner for around in level for inner in within.get(around, ())]
    return next(iter(level), None)
