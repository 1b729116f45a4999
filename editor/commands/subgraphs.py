"""Edits of subgraphs: cards that are taken together, and taken apart again. No wire is touched by either."""
from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ..model.document import Change, GraphDocument
from ..model.items import SUBGRAPH, Card, Frame, Item, Note, Ref
from .edit import Edit, Refused, check_depth, counted
from .places import bare_box, coordinate


def group(document: GraphDocument, refs: Iterable[Ref], name: str = "subgraph") -> Change:
    """Put cards, frames and notes into a subgraph, whose card stands where the middle of them was.

    Raises
    ------
    Refused if there is no card among them, or they do not lie together.
    """
    edit = Edit(document)
    items = [item for ref in refs if isinstance(item := edit.get(ref), Card | Frame | Note)]
    if not any(isinstance(item, Card) for item in items):
        raise Refused("Select the cards of the subgraph first.")
    parents = {item.parent for item in items}
    if len(parents) > 1:
        raise Refused("The cards lie in different subgraphs.")
    x, y = _middle(items)
    card = Card(edit.name(name), SUBGRAPH, x=0.0, y=0.0, parent=parents.pop())
    edit.put(replace(card, x=coordinate(x - card.width / 2), y=coordinate(y)))
    for item in items:
        edit.put(replace(item, parent=card.id))
    return edit.change(f"Group {counted(item.ref for item in items)}")


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
        dx, dy = card.x + card.width / 2 - x, card.y - y
        for item in parts:
            edit.put(replace(item, x=coordinate(item.x + dx), y=coordinate(item.y + dy), parent=card.parent))
        _move_bends(edit, parts, dx, dy)
        edit.remove(card.ref)
        labels.append(card.ref)
    if not labels:
        raise Refused("Select a subgraph first.")
    return edit.change(f"Unpack {counted(labels)}")


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
