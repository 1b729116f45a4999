"""Going from card to card by the keys: left to what a card reads, right to what reads it, up and down to others."""
from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from editor.commands import Box
from editor.layout import Link
from editor.model.items import Wire

LEFT, RIGHT, UP, DOWN = "left", "right", "up", "down"


def step(links: Iterable[Link | Wire], card: str, way: str, boxes: Mapping[str, Box]) -> str | None:
    """The card that comes next, None if there is none that way.

    Parameters
    ----------
    links : the wires at the card
    boxes : where the cards are that can be gone to
    """
    if way == LEFT:
        linked = [link.source for link in sorted(links, key=lambda link: link.input) if link.target == card]
    elif way == RIGHT:
        linked = [link.target for link in sorted(links, key=lambda link: link.output) if link.source == card]
    else:
        linked = []
    found = next((id for id in linked if id in boxes), None)
    return found if found is not None else nearest(boxes, card, way)


def nearest(boxes: Mapping[str, Box], card: str, way: str) -> str | None:
    """The card that is nearest in a direction; what is off to the side counts as three times as far."""
    if card not in boxes:
        return None
    x, y = middle(boxes[card])
    best, found = math.inf, None
    for id, box in boxes.items():
        u, v = middle(box)
        ahead, aside = {LEFT: (x - u, v - y), RIGHT: (u - x, v - y), UP: (y - v, u - x), DOWN: (v - y, u - x)}[way]
        distance = ahead + 3 * abs(aside)
        if id != card and ahead > 0 and distance < best:
            best, found = distance, id
    return found


def nearest_to(boxes: Mapping[str, Box], x: float, y: float) -> str | None:
    """The card whose middle is nearest to a place."""
    return min(boxes, key=lambda id: math.dist(middle(boxes[id]), (x, y)), default=None)


def middle(box: Box) -> tuple[float, float]:
    return box[0] + box[2] / 2, box[1] + box[3] / 2
