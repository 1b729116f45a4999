"""Room for boxes that have grown, for what would lie on others, and for what is put between two."""
from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from .boxes import Box, Point
from .guides import GRID

LEAST = 12.0                                # pixels that stay between two boxes, where there were so many
FOOT = 24.0                                 # and below what is in a frame
BESIDE = 36.0                               # and on both sides of what is put between two, for the wires


def made_room(before: Mapping[str, Box], now: Mapping[str, Box], held: Collection[str] = ()) -> dict[str, float]:
    """How far boxes have to go down that lay below one that has grown, on whole steps of the grid; only those that do.

    held : boxes that stay where they are

    Examples
    --------
    >>> small, high = Box(10, 10), Box(10, 30)
    >>> below = Box(10, 10, y=20)
    >>> made_room({"a": small, "b": below}, {"a": high, "b": below})
    {'b': 24.0}
    """
    down: dict[str, float] = {}
    movable = sorted((now[id].x, id) for id in now if id not in held)
    lefts = [x for x, _ in movable]
    widest = max((now[id].width for _, id in movable), default=0.0)
    for id in sorted(now, key=lambda id: (now[id].y, id)):
        old, new = before.get(id, now[id]), now[id]
        if new.height <= old.height and id not in down:
            continue
        bottom = new.bottom + down.get(id, 0.0)
        for _, other in movable[bisect_left(lefts, new.x - widest):bisect_right(lefts, new.right)]:
            box = now[other]
            is_below = (box.y, other) > (new.y, id) and box.y >= old.bottom and box.x < new.right and new.x < box.right
            missing = bottom + min(LEAST, box.y - old.bottom) - (box.y + down.get(other, 0.0))
            if is_below and missing > 0:
                down[other] = down.get(other, 0.0) + math.ceil(missing / GRID) * GRID
    return down


def made_room_in(frames: Mapping[str, Collection[str]], before: Mapping[str, Box],
                 now: Mapping[str, Box]) -> tuple[dict[str, float], dict[str, float]]:
    """As `made_room` where some of the boxes are frames, which stay and become higher with what is in them.

    frames : the names of what is in each, smaller frames too

    Returns
    -------
    how far boxes have to go down, and the heights of frames that grow

    Examples
    --------
    >>> boxes = {"f": Box(50, 40, -10, -10), "a": Box(10, 10), "b": Box(10, 10, y=40)}
    >>> made_room_in({"f": ["a"]}, boxes, {**boxes, "a": Box(10, 30)})
    ({'b': 24.0}, {'f': 60.0})
    """
    now = dict(now)
    higher: dict[str, float] = {}
    while True:
        down, grown = made_room(before, now, frames), {}
        for name in sorted(frames, key=lambda name: (before[name].width * before[name].height, name)):
            inside, frame = frames[name], now[name]
            if inside:
                foot = min(FOOT, before[name].bottom - max(before[id].bottom for id in inside))
                lowest = max(now[id].bottom + down.get(id, 0.0) for id in inside)
                if lowest + max(foot, 0.0) > frame.bottom:
                    grown[name] = lowest + max(foot, 0.0) - frame.y
                    now[name] = replace(frame, height=grown[name])
        if not grown:
            return down, higher
        higher.update(grown)


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


def parted(boxes: Mapping[str, Box], new: Box, before: Collection[str] = (),
           behind: Collection[str] = ()) -> tuple[float, float, float]:
    """Room for a box that is put between others: a line, and all that begins at it or right of it moves to the right.

    before, behind : boxes of which is known on which side they are; of others their middle says it

    Returns
    -------
    where the new box begins, where the line is, and how far what is behind it moves

    Examples
    --------
    >>> parted({"a": Box(100, 50), "b": Box(100, 50, x=150), "c": Box(100, 50, x=150, y=300)}, Box(60, 40, x=95, y=5))
    (136.0, 150, 84.0)
    """
    def is_before(name: str) -> bool:
        return name in before or (name not in behind and boxes[name].middle[0] < new.middle[0])

    beside = {name: box for name, box in boxes.items() if box.y < new.bottom and new.y < box.bottom}
    first = max([new.x, *(box.right + BESIDE for name, box in beside.items()
                          if is_before(name) and box.right + BESIDE > new.x)])
    right = first + new.width + BESIDE
    near = [box.x for name, box in beside.items() if not is_before(name) and box.x < right]
    if not near:
        return first, right, 0.0
    return first, min(near), math.ceil((right - min(near)) / GRID) * GRID
