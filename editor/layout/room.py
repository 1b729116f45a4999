"""Room for boxes that have grown: those below go down as far as they have to."""
from __future__ import annotations

import math
from collections.abc import Mapping

from .boxes import Box
from .guides import GRID

LEAST = 12.0                                # pixels that stay between two boxes, where there were so many


def made_room(before: Mapping[str, Box], now: Mapping[str, Box]) -> dict[str, float]:
    """How far boxes have to go down that lay below one that has grown, on whole steps of the grid; only those that do.

    Examples
    --------
    >>> small, high = Box(10, 10), Box(10, 30)
    >>> below = Box(10, 10, y=20)
    >>> made_room({"a": small, "b": below}, {"a": high, "b": below})
    {'b': 24.0}
    """
    down: dict[str, float] = {}
    order = sorted(now, key=lambda id: (now[id].y, id))
    for k, id in enumerate(order):
        old, new = before.get(id, now[id]), now[id]
        if new.height <= old.height and id not in down:
            continue
        for other in order[k + 1:]:
            box = now[other]
            is_below = box.y >= old.bottom and box.x < new.right and new.x < box.right
            gap = min(LEAST, box.y - old.bottom)
            missing = new.bottom + down.get(id, 0.0) + gap - (box.y + down.get(other, 0.0))
            if is_below and missing > 0:
                down[other] = down.get(other, 0.0) + math.ceil(missing / GRID) * GRID
    return down
