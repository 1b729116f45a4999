"""A wire: a path that Qt draws by itself; a gradient and bends are further paths on it. One item draws all halos."""
from __future__ import annotations

from collections.abc import Sequence

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.items import Point, Wire

from .geometry import BEND, WIRE_REACH, Curve, distance_to, polyline, wire_curves
from .inks import NO_BRUSH, NO_PEN, inks, mixed, pen

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
    """A wire on the scene; `set_way` says where, `set_look` what it carries, the rest how it is looked at."""

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
        self.setZValue(5)

    def set_way(self, start: Point, end: Point) -> None:
        curves = wire_curves(start, end, self.wire.bends)
        if curves != self._curves:
            self._curves = curves
            self.points = []
            self.setPath(path_of(curves))
            if self._gradient is not None:
                self._gradient.setPath(self.path())
            self._show_bends()

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
                            (8.0, 4.0) if self.wrong else (DASH, DASH) if self.running else ()))
        self.setZValue(7 if self.selected or self.hovered else 5)
        if self.backward or self._gradient is not None:
            self._gradient = self._second(self._gradient, self.backward)
            if self._gradient is not None:
                self._gradient.setPen(pen(present.gradient, WIDTH, (DASH, DASH)))
        if self.backward or self.running:
            self.march(self._phase)
        if self.wire.bends or self._bends is not None:
            self._show_bends()

    def set_state(self, **changes: bool) -> None:
        """selected, hovered, running, backward."""
        if any(getattr(self, name) != value for name, value in changes.items()):
            for name, value in changes.items():
                setattr(self, name, value)
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
        if not self.points:
            self.points = list(polyline(self._curves, STEPS))
        return distance_to(self.points, x, y)[0]

    def part(self, x: float, y: float, scale: float) -> tuple[str, int] | None:
        """ "bend" or "path" with a number, as in `Hit`; of a path the number of bends before the place."""
        reach = max(WIRE_REACH, 6 / scale)
        for i, (bx, by) in enumerate(self.wire.bends):
            if abs(bx - x) <= reach and abs(by - y) <= reach:
                return "bend", i
        if not self.points:
            self.points = list(polyline(self._curves, STEPS))
        distance, piece = distance_to(self.points, x, y)
        return ("path", piece // STEPS) if distance <= reach else None

    @property
    def middle(self) -> Point:
        """Where its label stands."""
        return self._curves[len(self._curves) // 2].at(0.5 if len(self._curves) % 2 else 0.0)

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
        self._bends = self._second(self._bends, bool(self.wire.bends) and (self.selected or self.hovered))
        if self._bends is not None:
            dots = QtGui.QPainterPath()
            for x, y in self.wire.bends:
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
