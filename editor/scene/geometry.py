"""Where things are: parts of a card, curves of wires, parts of frames. Painting and hit tests both ask here.

A card's coordinates begin at its top left corner; lengths are pixels at 100 % zoom.
"""
from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from editor.model.items import Point, Ref

GRID = 24.0                     # between dots
CARD_WIDTH = 192.0
RADIUS = 8.0                    # of a card's corners
TITLE = 30.0
BAR = 3.0                       # in the colour of the category, on a card's top edge; the bar of heat is as high
PORT_ROW, FIELD_ROW, WELL = 22.0, 24.0, 22.0
STRIP = 24.0                    # the sentence of a problem
PREVIEW, LARGE_PREVIEW = 46.0, 140.0
INSET = 10.0                    # of wells and previews from a card's edges
PORT, PORT_HOVER, PORT_RING, PORT_REACH = 6.0, 7.5, 2.0, 12.0
FAR_CHIP = 22.0            # height of that pill below 55 % zoom
CHIP, CHIP_RIGHT, CHIP_TOP = 15.0, 6.0, -9.0  # height of the gradient's pill, its place from the right and upper edge
EDGE = 5.0                      # from a right or lower edge that can be pulled
FRAME_TITLE, FRAME_RADIUS = 28.0, 10.0
WIRE_REACH = 9.0                # half the width in which the pointer finds a wire
LEVEL = 1.0, 0.0                # direction of a wire at a socket
BEND = 5.0                      # radius of the dot at a bend


STATE, GRADIENT, PROBLEM, ENLARGE = range(4)    # badges: the dot, the pill, the sentence, the strip's arrow


class Hit(NamedTuple):
    """What the pointer is on.

    kind : "nothing", "card", "wire", "frame" or "note"
    part : of a card "title", "input", "output", "row", "preview", "resize", "badge" or "body"; of a frame "title",
        "edge" or "resize"; of a wire "path" or "bend"; of a note "body" or "resize"
    number : of the input, output, attribute row, bend or badge: `STATE`, `GRADIENT`, `PROBLEM`, `ENLARGE`
    """

    kind: str = "nothing"
    ref: Ref | None = None
    part: str = ""
    number: int = 0


NOWHERE = Hit()


class Box(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def holds(self, x: float, y: float) -> bool:
        return self.x <= x <= self.right and self.y <= y <= self.bottom

    def meets(self, other: Box) -> bool:
        """Whether the two overlap."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def grown(self, left: float, top: float, right: float, bottom: float) -> Box:
        return Box(self.x - left, self.y - top, self.width + left + right, self.height + top + bottom)

    def united(self, other: Box) -> Box:
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Box(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)


@dataclass(frozen=True)
class CardGeometry:
    """A card's parts, from how many there are of each.

    inputs, outputs : rows of sockets; an input and an output share a row
    fields : attribute rows
    preview : height of the strip with values, 0 without
    problem : whether a sentence stands at the bottom
    collapsed : the title is all there is; the sockets lie on its ends
    """

    width: float = CARD_WIDTH
    inputs: int = 0
    outputs: int = 0
    fields: int = 0
    preview: float = 0.0
    problem: bool = False
    collapsed: bool = False

    @property
    def fields_top(self) -> float:
        return TITLE + 6 + PORT_ROW * max(self.inputs, self.outputs) + 4

    @property
    def preview_top(self) -> float:
        return self.fields_top + (FIELD_ROW * self.fields + 4 if self.fields else 0)

    @property
    def strip_top(self) -> float:
        if self.preview:
            return self.preview_top + self.preview + INSET
        return self.fields_top + FIELD_ROW * self.fields + (4 if self.fields else 0)

    @property
    def height(self) -> float:
        if self.collapsed:
            return TITLE
        if self.problem:
            return self.strip_top + STRIP
        if self.preview:
            return self.preview_top + self.preview + INSET
        return self.fields_top + FIELD_ROW * self.fields + (8 if self.fields else 4)

    def row_middle(self, number: int) -> float:
        """Height of the middle of a row of sockets."""
        return TITLE / 2 + 1 if self.collapsed else TITLE + 6 + PORT_ROW * (number + 0.5)

    def input(self, number: int) -> Point:
        return 0.0, self.row_middle(number)

    def output(self, number: int) -> Point:
        return self.width, self.row_middle(number)

    def well(self, field: int) -> Box:
        """The box with an attribute's name and value."""
        top = self.fields_top + FIELD_ROW * field + (FIELD_ROW - WELL) / 2
        return Box(INSET, top, self.width - 2 * INSET, WELL)

    @property
    def preview_box(self) -> Box:
        return Box(INSET, self.preview_top, self.width - 2 * INSET, self.preview)

    @property
    def arrow_box(self) -> Box:
        """The corner of the strip that makes it high, or as high as usual."""
        box = self.preview_box
        return Box(box.right - 18, box.bottom - 16, 18, 16)

    def part(self, x: float, y: float, reach: float = PORT_REACH, chip_width: float = 0.0) -> tuple[str, int] | None:
        """Name and number of the part at a place, as in `Hit`; None beside the card. reach : of the sockets."""
        socket = self._socket(x, y, reach)
        if socket is not None:
            return socket
        chip = Box(self.width - CHIP_RIGHT - chip_width, CHIP_TOP, chip_width, CHIP)
        if chip_width and chip.holds(x, y):
            return "badge", GRADIENT
        if not Box(0, 0, self.width, self.height).holds(x, y):
            return None
        if y <= TITLE:
            return ("badge", STATE) if x > self.width - 22 else ("title", 0)
        if x >= self.width - EDGE:
            return "resize", 0
        for field in range(self.fields):
            if self.well(field).holds(x, y):
                return "row", field
        if self.preview and self.preview_box.holds(x, y):
            return ("badge", ENLARGE) if self.arrow_box.holds(x, y) else ("preview", 0)
        if self.problem and y >= self.strip_top:
            return "badge", PROBLEM
        return "body", 0

    def _socket(self, x: float, y: float, reach: float) -> tuple[str, int] | None:
        side, count, distance = ("input", self.inputs, abs(x)) if x < self.width / 2 else (
            "output", self.outputs, abs(x - self.width))
        if not count or distance > reach:
            return None
        if self.collapsed:
            number = 0
        else:
            number = min(max(math.floor((y - TITLE - 6) / PORT_ROW), 0), count - 1)
        return (side, number) if math.hypot(distance, y - self.row_middle(number)) <= reach else None


class Curve(NamedTuple):
    """A cubic Bézier curve."""

    start: Point
    first: Point
    second: Point
    end: Point

    def at(self, t: float) -> Point:
        s = 1 - t
        a, b, c, d = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
        return (a * self.start[0] + b * self.first[0] + c * self.second[0] + d * self.end[0],
                a * self.start[1] + b * self.first[1] + c * self.second[1] + d * self.end[1])


def wire_curves(start: Point, end: Point, bends: Sequence[Point] = ()) -> list[Curve]:
    """The way of a wire: level at both sockets, smooth through its bends, and level there where it goes rightward."""
    if not bends:
        pull = min(max(abs(end[0] - start[0]) / 2, 40.0), 160.0)
        return [Curve(start, (start[0] + pull, start[1]), (end[0] - pull, end[1]), end)]
    points = [start, *bends, end]
    slopes = [LEVEL, *(_slope(*three) for three in zip(points, points[1:], points[2:], strict=False)), LEVEL]
    curves = []
    for (a, b), (u, v) in zip(pairwise(points), pairwise(slopes), strict=True):
        rightward = u == v == LEVEL and b[0] > a[0]
        pull = min((b[0] - a[0]) / 2 if rightward else math.dist(a, b) / 2.5, 160.0)
        curves.append(Curve(a, (a[0] + pull * u[0], a[1] + pull * u[1]), (b[0] - pull * v[0], b[1] - pull * v[1]), b))
    return curves


def _slope(before: Point, bend: Point, after: Point) -> Point:
    """The direction in which a wire goes through a bend, of length 1."""
    length = math.dist(before, after)
    if before[0] <= bend[0] <= after[0] or not length:
        return LEVEL
    return (after[0] - before[0]) / length, (after[1] - before[1]) / length


def polyline(curves: Sequence[Curve], steps: int = 16) -> Iterator[Point]:
    """Points along curves, close enough to find them with the pointer."""
    yield curves[0].start
    for curve in curves:
        for i in range(1, steps + 1):
            yield curve.at(i / steps)


def distance_to(points: Sequence[Point], x: float, y: float) -> tuple[float, int]:
    """Distance of a place from a line through `points`, and the number of the piece that is nearest."""
    best, nearest = math.inf, 0
    for i, ((ax, ay), (bx, by)) in enumerate(pairwise(points)):
        dx, dy = bx - ax, by - ay
        length = dx * dx + dy * dy
        t = min(max(((x - ax) * dx + (y - ay) * dy) / length, 0.0), 1.0) if length else 0.0
        d = math.hypot(ax + t * dx - x, ay + t * dy - y)
        if d < best:
            best, nearest = d, i
    return best, nearest


def frame_part(box: Box, collapsed: bool, x: float, y: float, reach: float) -> str | None:
    """The part of a frame at a place: "title", "edge", "resize"; None inside and beside it."""
    if collapsed:
        return "title" if Box(box.x, box.y, box.width, FRAME_TITLE).holds(x, y) else None
    if not box.grown(reach, reach, reach, reach).holds(x, y):
        return None
    if x > box.right - 16 and y > box.bottom - 16:
        return "resize"
    if y <= box.y + FRAME_TITLE:
        return "title"
    inner = box.grown(-reach, 0, -reach, -reach)
    return None if inner.holds(x, y) else "edge"


def note_part(box: Box, x: float, y: float) -> str | None:
    if not box.holds(x, y):
        return None
    return "resize" if x > box.right - 16 and y > box.bottom - 16 else "body"
