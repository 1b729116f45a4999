"""A wire: a path that Qt draws by itself; a gradient and bends are further paths on it. One item draws all halos."""
from __future__ import annotations

from collections.abc import Sequence

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.items import Point, Wire

from .geometry import BEND, WIRE_REACH, Curve, distance_to, polyline, wire_curves
from .inks import NO_BRUSH, NO_PEN, inks, mixed, pen
from .tag import Tag

WIDTH, HOVERED, SELECTED, HALO = 2.0, 3.0, 3.0, 6.0
FARTHEST_HALO = 0.35        # zoom
DASH = 6.0
STEPS = 16                  # pieces of a curve that the pointer is measured against


def path_of(curves: Sequence[Curve]) -> QtGui.QPainterPath:
    path = QtGui.QPainterPath(QtCore.QPointF(*curves[0].start))
    for curve in curves:
        path.cubicTo(*curve.first, *curve.second, *curve.end)
    return path


class WireItem(QtWidgets.QGraphicsPathItem):
    """A wire on the scene; `set_way` says where, `set_look` what it carries, the rest how it is looked at.

    A portal has tags in place of a line while nobody looks at it; so has a wire that leads out of what is shown.
    """

    def __init__(self, wire: Wire) -> None:
        super().__init__()
        self.wire = wire
        self.dtype = ""
        self.wrong = self.selected = self.hovered = self.running = self.backward = False
        self.points: list[Point] = []
        self._curves: list[Curve] = []
        self._gradient: QtWidgets.QGraphicsPathItem | None = None
        self._bends: QtWidgets.QGraphicsPathItem | None = None
        self._phase = 0.0
        self.bends: Sequence[Point] = ()
        self.tags: tuple[Tag, ...] = ()
        self.setZValue(5)

    def set_way(self, start: Point | None, end: Point | None, bends: Sequence[Point], words: tuple[str, str]) -> None:
        """start, end : None where it leads out of what is shown, but not both
        words : on the tags at its start and its end, if it has any
        """
        ends = ((start, 1, words[0]), (end, -1, words[1]))
        has_tags = bool(self.wire.portal) or start is None or end is None
        tags = tuple(Tag(at, way, text) for at, way, text in ends if has_tags and at is not None)
        begin, finish = (at if at is not None else tags[0].end for at in (start, end))
        curves = wire_curves(begin, finish, bends)
        if (curves, tags, bends) != (self._curves, self.tags, self.bends):
            self.prepareGeometryChange()
            self._curves, self.tags, self.bends = curves, tags, bends
            self.points = []
            self._show_path()
            self._show_bends()

    @property
    def is_line(self) -> bool:
        return not self.tags or (len(self.tags) == 2 and (self.selected or self.hovered))

    def _show_path(self) -> None:
        path = path_of(self._curves) if self.is_line else QtGui.QPainterPath()
        for tag in self.tags if not self.is_line else ():
            path.moveTo(*tag.at)
            path.lineTo(*tag.end)
        self.setPath(path)
        if self._gradient is not None:
            self._gradient.setPath(path)

    def set_look(self, dtype: str, wrong: bool) -> None:
        """dtype : that it carries, or "feed", "optimizer"; wrong : what it carries does not fit where it ends."""
        self.dtype, self.wrong = dtype, wrong
        self.refresh()

    def refresh(self) -> None:
        """Pens anew, after a change of look or state."""
        present = inks()
        color = present.error if self.wrong else present.dtype(self.dtype).color()
        width = SELECTED if self.selected else HOVERED if self.hovered else WIDTH
        if self.backward and not (self.selected or self.wrong):
            self.setPen(pen(mixed(present.canvas, color, 0.45), WIDTH))
        else:
            self.setPen(pen(present.accent if self.selected and not self.wrong else color, width,
                            (8.0, 4.0) if self.wrong else (DASH, DASH) if self.running else
                            (2.0, 4.0) if self.tags and self.is_line else ()))
        self.setZValue(7 if self.selected or self.hovered else 5)
        if self.backward or self._gradient is not None:
            self._gradient = self._second(self._gradient, self.backward)
            if self._gradient is not None:
                self._gradient.setPen(pen(present.gradient, WIDTH, (DASH, DASH)))
        if self.backward or self.running:
            self.march(self._phase)
        if self.bends or self._bends is not None:
            self._show_bends()

    def set_state(self, **changes: bool) -> None:
        """selected, hovered, running, backward."""
        if any(getattr(self, name) != value for name, value in changes.items()):
            was_line = self.is_line
            for name, value in changes.items():
                setattr(self, name, value)
            if self.is_line != was_line:
                self._show_path()
            self.refresh()

    def march(self, phase: float) -> None:
        """Move the dashes: pixels along the wire; those of the gradient go back."""
        self._phase = phase
        if self.running and not self.backward:
            moved = self.pen()
            moved.setDashOffset(-phase / moved.widthF())
            self.setPen(moved)
        if self._gradient is not None:
            moved = self._gradient.pen()
            moved.setDashOffset(phase / moved.widthF())
            self._gradient.setPen(moved)

    def distance(self, x: float, y: float) -> float:
        if any(tag.box.contains(x, y) for tag in self.tags):
            return 0.0
        return distance_to(self._measured(), x, y)[0]

    def _measured(self) -> list[Point]:
        """Points along the line; where there are tags alone, along the stub of the first."""
        if not self.points:
            self.points = list(polyline(self._curves, STEPS))
        return self.points if not self.tags or self.is_line else [self.tags[0].at, self.tags[0].end]

    def tag_at(self, x: float, y: float) -> int | None:
        """Which of the tags is at a place, if one is."""
        return next((k for k, tag in enumerate(self.tags) if tag.box.contains(x, y)), None)

    def part(self, x: float, y: float, scale: float) -> tuple[str, int] | None:
        """ "bend" or "path" with a number, as in `Hit`; of a path the number of bends before the place."""
        reach = max(WIRE_REACH, 6 / scale)
        for i, (bx, by) in enumerate(self.bends if self.is_line else ()):
            if abs(bx - x) <= reach and abs(by - y) <= reach:
                return "bend", i
        if self.tag_at(x, y) is not None:
            return "path", 0
        distance, piece = distance_to(self._measured(), x, y)
        return ("path", piece // STEPS) if distance <= reach else None

    @property
    def middle(self) -> Point:
        """Where its label stands."""
        return self._curves[len(self._curves) // 2].at(0.5 if len(self._curves) % 2 else 0.0)

    def boundingRect(self) -> QtCore.QRectF:
        found = super().boundingRect()
        for tag in self.tags:
            found = found.united(tag.far_box.adjusted(-2, -2, 2, 2))
        return found

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionGraphicsItem,
              widget: QtWidgets.QWidget | None = None) -> None:
        super().paint(painter, option, widget)      # type: ignore[arg-type]
        for tag in self.tags:
            tag.paint(painter, self.pen().color())

    def _second(self, item: QtWidgets.QGraphicsPathItem | None, wanted: bool) -> QtWidgets.QGraphicsPathItem | None:
        """A further path on this one, made and removed as it is wanted."""
        if not wanted:
            if item is not None:
                item.setParentItem(None)    # type: ignore[arg-type]
                self.scene().removeItem(item)
            return None
        return QtWidgets.QGraphicsPathItem(self.path(), self) if item is None else item

    def _show_bends(self) -> None:
        """As dots where the wire can be taken, while it is looked at: laid out graphs have many bends."""
        self._bends = self._second(self._bends, bool(self.bends) and (self.selected or self.hovered))
        if self._bends is not None:
            dots = QtGui.QPainterPath()
            for x, y in self.bends:
                dots.addEllipse(QtCore.QPointF(x, y), BEND, BEND)
            self._bends.setPath(dots)
            self._bends.setPen(pen(inks().canvas, 1.5) if not self.selected else NO_PEN)
            self._bends.setBrush(self.pen().color())


class HaloItem(QtWidgets.QGraphicsItem):
    """Behind all selected wires at once: a thousand of them cost no thousand items."""

    def __init__(self) -> None:
        super().__init__()
        self._wires: list[WireItem] = []
        self._bounds = QtCore.QRectF()
        self.setZValue(6)

    def surround(self, wires: Sequence[WireItem]) -> None:
        self.prepareGeometryChange()
        self._wires = list(wires)
        self._bounds = QtCore.QRectF()
        for wire in wires:
            self._bounds = self._bounds.united(wire.path().controlPointRect())
        self._bounds.adjust(-HALO, -HALO, HALO, HALO)
        self.setVisible(bool(wires))

    def boundingRect(self) -> QtCore.QRectF:
        return self._bounds

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionGraphicsItem,
              widget: QtWidgets.QWidget | None = None) -> None:
        if painter.worldTransform().m11() < FARTHEST_HALO:
            return
        present = inks()
        painter.setBrush(NO_BRUSH)
        for wire in self._wires:
            if wire.isVisible():
                painter.setPen(pen(_pale(present.error if wire.wrong else present.accent, 0.25), SELECTED + HALO))
                painter.drawPath(wire.path())


def _pale(color: QtGui.QColor, alpha: float) -> QtGui.QColor:
    result = QtGui.QColor(color)
    result.setAlphaF(alpha)
    return result
