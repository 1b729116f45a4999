"""Edits of subgraphs: cards that are taken together, and taken apart again. No wire is touched by either."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ..model.document import Change, GraphDocument
from ..model.items import SUBGRAPH, Card, Frame, Item, Note, Ref
from ..model.words import Words
from .edit import Box, Edit, Refused, check_depth, counted
from .names import check_name
from .places import bare_box, coordinate, frame_around


def group(document: GraphDocument, refs: Iterable[Ref], name: str = "subgraph", frame: Ref | None = None) -> Change:
    """Put cards, frames and notes into a subgraph, whose card stands where the middle of them was.

    frame : the one among them in whose place it comes, with its title as `name` if a card can be called that

    Raises
    ------
    Refused if there is no card among them, or they do not lie together.
    """
    edit, around = Edit(document), None
    if frame is not None:
        around = edit.frame(frame.key)
        name = _allowed(around.title, name)
        edit.remove(frame)
    items = [item for ref in refs if isinstance(item := edit.get(ref), Card | Frame | Note)]
    if not any(isinstance(item, Card) for item in items):
        raise Refused("Select the cards of the subgraph first.")
    parents = {item.parent for item in items}
    if len(parents) > 1:
        raise Refused("The cards lie in different subgraphs.")
    x, y = _middle(items) if around is None else (around.x + around.width / 2, around.y)    # where `expand` lays one
    card = Card(edit.name(name), SUBGRAPH, x=0.0, y=0.0, parent=parents.pop())
    edit.put(replace(card, x=coordinate(x - card.width / 2), y=coordinate(y)))
    for item in items:
        edit.put(replace(item, parent=card.id))
    return edit.change(Words("Group {0}", counted(item.ref for item in items)))


def _allowed(name: str, otherwise: str) -> str:
    """`name` if a card can be called that."""
    try:
        check_name(name)
    except Refused:
        return otherwise
    return name


def unpack(document: GraphDocument, subgraphs: Iterable[str]) -> Change:
    """Put what lies in subgraphs in their place: around where their card stands, as it lies to each other.

    Raises
    ------
    Refused if none of the cards is a subgraph.
    """
    edit, labels = Edit(document), []
    for id in subgraphs:
        card = edit.card(id)
        if card.kind != SUBGRAPH:
            continue
        parts = document.parts(id)
        x, y = _middle(parts) if parts else (0.0, 0.0)
        _take_out(edit, card, card.x + card.width / 2 - x, card.y - y)
        labels.append(card.ref)
    if not labels:
        raise Refused("Select a subgraph first.")
    return edit.change(Words("Unpack {0}", counted(labels)))


def expand(document: GraphDocument, subgraph: str, boxes: Mapping[Ref, Box], x: float, y: float) -> Change:
    """Put what lies in a subgraph in its place, in a frame of its name, of which `group` makes the subgraph again.

    Parameters
    ----------
    boxes : where the items in it are, as the scene knows their heights
    x, y : where the frame begins

    Raises
    ------
    Refused if the card is no subgraph, or nothing lies in it.
    """
    edit = Edit(document)
    card = edit.card(subgraph)
    if card.kind != SUBGRAPH or not boxes:
        raise Refused("Select a subgraph first." if card.kind != SUBGRAPH else "There is nothing in it.")
    around = frame_around(boxes)
    _take_out(edit, card, x - around[0], y - around[1])
    edit.put(Frame(edit.name("frame", "frame"), card.id, coordinate(x), coordinate(y), coordinate(around[2]),
                   coordinate(around[3]), parent=card.parent))
    return edit.change(Words("Expand {0}", counted([card.ref])))


def _take_out(edit: Edit, card: Card, dx: float, dy: float) -> None:
    """Put what lies in a subgraph around it, so far from where it lies inside; the subgraph is no more."""
    parts = edit.document.parts(card.id)
    for item in parts:
        edit.put(replace(item, x=coordinate(item.x + dx), y=coordinate(item.y + dy), parent=card.parent))
    _move_bends(edit, parts, dx, dy)
    edit.remove(card.ref)


def _move_bends(edit: Edit, parts: Iterable[Item], dx: float, dy: float) -> None:
    """Let the bends of wires between cards move with them; wires that leave them get straight."""
    ids = [item.id for item in parts if isinstance(item, Card)]
    for wire in {w.ref: w for id in ids for w in (*edit.into(id).values(), *edit.out(id))}.values() if dx or dy else ():
        if wire.bends:
            moves = wire.source in ids and wire.target in ids
            bends = tuple((coordinate(x + dx), coordinate(y + dy)) for x, y in wire.bends) if moves else ()
            edit.put(replace(wire, bends=bends))


def _middle(items: Iterable[Item]) -> tuple[float, float]:
    """The middle of where items begin, which does not depend on how high cards are drawn."""
    boxes = [box for item in items if (box := bare_box(item)) is not None]
    left, right = min(b[0] for b in boxes), max(b[0] + b[2] for b in boxes)
    top, bottom = min(b[1] for b in boxes), max(b[1] for b in boxes)
    return (left + right) / 2, (top + bottom) / 2


def placed(document: GraphDocument, change: Change, level: str) -> Change:
    """The same edit, with what it adds lying in a subgraph, "" for none; what lies in what it adds stays there.

    Raises
    ------
    Refused if subgraphs would lie in each other too deeply.
    """
    added = {ref.key for ref, item in change.after.items() if ref.kind == "card" and change.before.get(ref) is None}
    after = dict(change.after)
    for ref, item in change.after.items():
        if isinstance(item, Card | Frame | Note) and change.before.get(ref) is None and item.parent not in added:
            after[ref] = replace(item, parent=level)
    check_depth(document, after)
    return replace(change, after=after)
