"""Repairs as edits that can be undone."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from graphengine.tools.drawn.repairs import Adjustment, Insertion, Repair

from .. import commands
from ..model.document import Change, GraphDocument
from ..model.items import Ref, Wire
from .problem import Fix

WIDTH, GAP, BELOW = 192.0, 24.0, 192.0      # of a card that is inserted; distances from tops of others, in pixels


def as_fix(card: str, repair: Repair) -> Fix:
    """A repair of a card whose operands do not fit."""
    if isinstance(repair, Adjustment):
        return Fix(repair.label, lambda document: _adjusted(document, card, repair))
    return Fix(repair.label, lambda document: _inserted(document, card, repair))


def setting(card: str, name: str, value: Any, label: str) -> Fix:
    """Another value for an attribute of the card itself."""
    return Fix(label, lambda document: replace(commands.set_attribute(document, [card], name, value), label=label))


def _adjusted(document: GraphDocument, card: str, repair: Adjustment) -> Change:
    source = card if repair.input is None else _wire(document, card, repair.input).source
    return replace(commands.set_attribute(document, [source], repair.name, repair.value), label=repair.label)


def _inserted(document: GraphDocument, card: str, repair: Insertion) -> Change:
    wire = _wire(document, card, repair.input)
    source, target = document.card(wire.source), document.card(card)
    assert source is not None and target is not None, "wires end at cards"
    x = (source.x + source.width + target.x - WIDTH) / 2
    y = _free(document, x, (source.y + target.y) / 2)
    added = commands.add_card(document, repair.kind, x, y, repair.attributes, wire=wire.ref, input=0)
    return replace(added, label=repair.label)


def _free(document: GraphDocument, x: float, y: float) -> float:
    """The height, from `y` downward, at which a card can stand without touching another one."""
    beside = sorted(c.y for c in document.cards if x - GAP < c.x + c.width and c.x < x + WIDTH + GAP)
    for other in beside:
        if abs(other - y) < BELOW:
            y = other + BELOW
    return y


def _wire(document: GraphDocument, card: str, input: int) -> Wire:
    found = document.items.get(Ref("wire", (card, input)))
    if not isinstance(found, Wire):
        raise commands.Refused("The wire is not there any more.")
    return found
