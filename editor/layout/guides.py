"""What cards snap to while they are dragged: straight wires, the edges and middles of other cards, the grid."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .boxes import Box, Link, Point

GRID = 12.0
REACH = 7.0             # pixels on the screen from which a line attracts
SAME = 0.01             # distance at which lines are one


@dataclass(frozen=True)
class Guide:
    """A line that shows what was snapped to.

    what : "edge", "center" or "wire"
    start, end : its two ends; it is upright or level
    """

    what: str
    start: Point
    end: Point


@dataclass(frozen=True)
class Snap:
    """How far the cards move, and why there."""

    offset: Point
    guides: tuple[Guide, ...] = ()


@dataclass(frozen=True)
class _Line:
    """An upright or level line of another card, or the height of a wire's other end.

    own : where the moving cards have theirs before they move
    at : where it would have to be
    low, high : how far the other card goes along the line
    """

    what: str
    own: float
    at: float
    low: float
    high: float


def snap(moving: Mapping[str, Box], others: Mapping[str, Box], offset: Point, links: Iterable[Link] = (),
         reach: float = REACH, grid: float = GRID) -> Snap:
    """Where cards come to rest that are dragged by `offset`.

    A wire that would be straight comes before the lines of other cards, the nearest of them before the grid. The cards
    move as one; edges and middle are those of the area around them.

    Parameters
    ----------
    moving : the cards that are dragged, where they were before
    others : the cards to look at: those that can be seen
    links : wires; those between a moving card and another one count
    reach : distance in pixels of the scene (divide by the zoom)
    grid : its step; 0 for none
    """
    if not moving:
        return Snap(offset)
    area = _around(list(moving.values()))
    upright, level = _lines(area, others.values())
    dx = _nearest(upright, offset[0], reach)
    dy = _nearest(_straight(moving, others, links), offset[1], reach)
    if dy is None:
        dy = _nearest(level, offset[1], reach)
    x = offset[0] if dx is None and not grid else _to_grid(area.x, offset[0], grid) if dx is None else dx
    y = offset[1] if dy is None and not grid else _to_grid(area.y, offset[1], grid) if dy is None else dy
    guides = [_upright(line, area, x, y) for line in upright if abs(line.at - line.own - x) < SAME]
    guides += [_level(line, area, x, y) for line in (*level, *_straight(moving, others, links))
               if abs(line.at - line.own - y) < SAME]
    return Snap((x, y), tuple(_joined(guides)))


def _around(boxes: list[Box]) -> Box:
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    return Box(max(b.right for b in boxes) - x, max(b.bottom for b in boxes) - y, x, y)


def _lines(area: Box, others: Iterable[Box]) -> tuple[list[_Line], list[_Line]]:
    """Lines of the others, upright and level, each with the line of the area that would come to lie on it."""
    upright, level = [], []
    for b in others:
        for what, own, at in (("edge", area.x, b.x), ("edge", area.right, b.right),
                              ("center", area.middle[0], b.middle[0])):
            upright.append(_Line(what, own, at, b.y, b.bottom))
        for what, own, at in (("edge", area.y, b.y), ("edge", area.bottom, b.bottom),
                              ("center", area.middle[1], b.middle[1])):
            level.append(_Line(what, own, at, b.x, b.right))
    return upright, level


def _straight(moving: Mapping[str, Box], others: Mapping[str, Box], links: Iterable[Link]) -> list[_Line]:
    found = []
    for link in links:
        if link.source in moving and link.target in others:
            own, other = moving[link.source], others[link.target]
            found.append(_Line("wire", own.y + own.output(link.output), other.y + other.input(link.input),
                               other.x, other.x))
        elif link.target in moving and link.source in others:
            own, other = moving[link.target], others[link.source]
            found.append(_Line("wire", own.y + own.input(link.input), other.y + other.output(link.output),
                               other.right, other.right))
    return found


def _nearest(lines: Iterable[_Line], offset: float, reach: float) -> float | None:
    """The offset of the line that is nearest, if one is within reach."""
    distance, found = min(((abs(line.at - line.own - offset), line.at - line.own) for line in lines),
                          default=(reach + 1, 0.0))
    return found if distance <= reach else None


def _to_grid(start: float, offset: float, grid: float) -> float:
    return round((start + offset) / grid) * grid - start


def _upright(line: _Line, area: Box, x: float, y: float) -> Guide:
    low, high = min(line.low, area.y + y), max(line.high, area.bottom + y)
    return Guide(line.what, (line.at, low), (line.at, high))


def _level(line: _Line, area: Box, x: float, y: float) -> Guide:
    low, high = min(line.low, area.x + x), max(line.high, area.right + x)
    return Guide(line.what, (low, line.at), (high, line.at))


def _joined(guides: list[Guide]) -> list[Guide]:
    """One guide for those that lie on each other."""
    found: dict[tuple[bool, float], Guide] = {}
    for guide in guides:
        upright = guide.start[0] == guide.end[0]
        key = upright, round(guide.start[0] if upright else guide.start[1], 2)
        if (other := found.get(key)) is not None:
            what = "wire" if "wire" in (guide.what, other.what) else other.what
            guide = Guide(what, min(guide.start, other.start), max(guide.end, other.end))
        found[key] = guide
    return list(found.values())
