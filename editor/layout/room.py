"""Room for boxes that have grown, and for what would lie on others: it moves up or down."""
from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace

from .boxes import Box, Point
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


def cleared(movable: Mapping[str, Box], fixed: Iterable[Box]) -> dict[str, Point]:
    """Where boxes that lie on fixed ones are to go: up or down to the nearest place that is free; only those that move.

    Examples
    --------
    >>> cleared({"a": Box(50, 10, y=5), "b": Box(50, 10, y=90)}, [Box(50, 30), Box(50, 30, y=32)])
    {'a': (0.0, -22.0)}
    """
    taken, found = list(fixed), {}
    for id in sorted(movable, key=lambda id: (movable[id].y, id)):
        own = movable[id]
        beside = [box for box in taken if box.x < own.right and own.x < box.right]
        heights = [own.y, *(y for box in beside for y in (box.y - LEAST - own.height, box.bottom + LEAST))]
        free = [y for y in heights if all(y >= box.bottom or box.y >= y + own.height for box in beside)]
        y = min(free, key=lambda y: abs(y - own.y))
        taken.append(replace(own, y=y))
        if y != own.y:
            found[id] = own.x, y
    return found
