"""A cut through wires."""
from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from PySide6 import QtCore

from editor import commands
from editor.model.items import Point, Ref
from editor.scene import Hit

from .canvas import Canvas, Gesture, Modifiers


class Knife(Gesture):
    """Take out the wires that the pointer's way crosses."""

    cursor = QtCore.Qt.CursorShape.CrossCursor

    def __init__(self, canvas: Canvas, at: QtCore.QPointF) -> None:
        super().__init__(canvas, at)
        self.way = [self.began]

    def move(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        self.way.append(QtCore.QPointF(at))
        self.canvas.view.overlays.show_knife(self.way)

    def release(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        self.canvas.view.overlays.show_knife(())
        cut = self._cut()
        if cut:
            self.canvas.attempt(lambda: commands.disconnect(self.canvas.document, cut))

    def _cut(self) -> list[Ref]:
        way = [(p.x(), p.y()) for p in self.way]
        found = []
        for ref, item in self.canvas.scene.wires.items():
            if item.isVisible() and item.is_line:
                item.distance(*way[0])          # so that its points are there
                if crosses(way, item.points):
                    found.append(ref)
        return found

    def cancel(self) -> None:
        self.canvas.view.overlays.show_knife(())


def crosses(one: Sequence[Point], other: Sequence[Point]) -> bool:
    """Whether two lines of straight pieces meet."""
    return any(_meet(a, b, c, d) for a, b in pairwise(one) for c, d in pairwise(other))


def _meet(a: Point, b: Point, c: Point, d: Point) -> bool:
    if max(a[0], b[0]) < min(c[0], d[0]) or max(c[0], d[0]) < min(a[0], b[0]) \
            or max(a[1], b[1]) < min(c[1], d[1]) or max(c[1], d[1]) < min(a[1], b[1]):
        return False
    return _side(a, b, c) * _side(a, b, d) <= 0 and _side(c, d, a) * _side(c, d, b) <= 0


def _side(a: Point, b: Point, p: Point) -> float:
    return (b[0] - a[0]) * (p[1] - a[1]) - (b[1] - a[1]) * (p[0] - a[0])
