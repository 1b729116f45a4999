"""What a view draws over the scene while something is being done: guides, a lasso, a wire that follows the pointer,
a knife's cut, a card that is about to be; and labels of wires when near."""
from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from PySide6 import QtCore, QtGui, QtWidgets

from editor.infer import Inference
from editor.model.catalog import Kind
from editor.model.document import GraphDocument
from editor.model.items import Card, Point

from .face import NEAR, CardState, Face, paint_face
from .geometry import PORT, wire_curves
from .inks import NO_BRUSH, NO_PEN, Inks, inks, pen
from .look import CardLook
from .wire import DASH, WIDTH, WireItem, path_of

if TYPE_CHECKING:
    from .scene import GraphScene

GHOST = 0.6                 # opacity
LABEL_ROOM = 60.0           # wires shorter than this have no label


class Overlays:
    """Set what is to be seen; each call repaints the view. None and empty take it away."""

    def __init__(self, view: QtWidgets.QGraphicsView, scene: GraphScene) -> None:
        self._view, self._scene = view, scene
        self.guides: list[QtCore.QLineF] = []
        self.lasso: QtCore.QRectF | None = None
        self.pending: tuple[Point, Point, str, bool] | None = None
        self.knife: list[QtCore.QPointF] = []
        self.ghost: tuple[Face, QtCore.QPointF] | None = None

    def show_guides(self, lines: Iterable[QtCore.QLineF]) -> None:
        """Lines that a dragged card snapped to."""
        self.guides = list(lines)
        self._repaint()

    def show_lasso(self, rect: QtCore.QRectF | None) -> None:
        self.lasso = rect.normalized() if rect is not None else None
        self._repaint()

    def show_pending_wire(self, start: QtCore.QPointF | None, end: QtCore.QPointF | None = None, dtype: str = "",
                          fits: bool = True, backward: bool = False) -> None:
        """A wire that is being pulled from `start` to the pointer at `end`.

        dtype : gives the colour; fits : whether what is under the pointer takes it; backward : `start` is an input
        """
        if start is None or end is None:
            self.pending = None
        else:
            a, b = (end, start) if backward else (start, end)
            self.pending = (a.x(), a.y()), (b.x(), b.y()), dtype, fits
        self._repaint()

    def show_knife(self, points: Sequence[QtCore.QPointF]) -> None:
        """The way of the cut so far."""
        self.knife = list(points)
        self._repaint()

    def show_ghost(self, kind: str | None, at: QtCore.QPointF | None = None) -> None:
        """A card of a kind with its top left corner at a place, before it is there."""
        found = self._scene.kinds.get(kind) if kind is not None else None
        if found is None or at is None:
            self.ghost = None
        elif self.ghost is not None and self.ghost[0].look.kind is found:
            self.ghost = self.ghost[0], at
        else:
            self.ghost = Face(kind_look(found), inks()), at
        self._repaint()

    def clear(self) -> None:
        self.guides, self.lasso, self.pending, self.knife, self.ghost = [], None, None, [], None
        self._repaint()

    def _repaint(self) -> None:
        self._view.viewport().update()

    # ------------------------------------------------ painting

    def paint(self, painter: QtGui.QPainter, area: QtCore.QRectF, scale: float) -> None:
        present = inks()
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, True)
        self._paint_labels(painter, present, area, scale)
        if self.ghost is not None:
            face, at = self.ghost
            painter.save()
            painter.translate(at)
            painter.setOpacity(GHOST)
            paint_face(painter, face, CardState(), scale)
            painter.restore()
        if self.guides:
            painter.setPen(_thin(present.accent, 1.0))
            painter.drawLines(self.guides)
        if self.pending is not None:
            self._paint_pending(painter, present)
        if self.lasso is not None:
            fill = QtGui.QColor(present.accent)
            fill.setAlphaF(0.10)
            painter.setPen(_thin(present.accent, 1.0))
            painter.setBrush(fill)
            painter.drawRoundedRect(self.lasso, 3 / scale, 3 / scale)
        if len(self.knife) > 1:
            painter.setPen(_thin(present.error, 2.0, QtCore.Qt.PenStyle.DashLine))
            painter.setBrush(NO_BRUSH)
            painter.drawPolyline(self.knife)

    def _paint_pending(self, painter: QtGui.QPainter, present: Inks) -> None:
        assert self.pending is not None
        start, end, dtype, fits = self.pending
        brush = present.dtype(dtype) if fits else QtGui.QBrush(present.error)
        painter.setBrush(NO_BRUSH)
        painter.setPen(pen(brush.color(), WIDTH, () if fits else (DASH, DASH)))
        painter.drawPath(path_of(wire_curves(start, end)))
        painter.setPen(NO_PEN)
        painter.setBrush(brush)
        for x, y in (start, end):
            painter.drawEllipse(QtCore.QPointF(x, y), PORT - 1, PORT - 1)

    def _paint_labels(self, painter: QtGui.QPainter, present: Inks, area: QtCore.QRectF, scale: float) -> None:
        """Shapes on wires: on the one under the pointer, on all when near."""
        hover = self._scene.hover
        if scale > NEAR:
            found = self._scene.items(area, QtCore.Qt.ItemSelectionMode.IntersectsItemBoundingRect)
            wires = [item for item in found if isinstance(item, WireItem) and item.isVisible()]
        elif hover.kind == "wire" and hover.ref is not None and hover.ref in self._scene.wires:
            wires = [self._scene.wires[hover.ref]]
        else:
            return
        for item in wires:
            self._paint_label(painter, present, item, scale)

    def _paint_label(self, painter: QtGui.QPainter, present: Inks, item: WireItem, scale: float) -> None:
        results = self._scene.inference.outputs(item.wire.source)
        if item.wire.output >= len(results) or not results[item.wire.output].dtype:
            return
        around = item.path().boundingRect()
        if around.width() < LABEL_ROOM and not item.hovered:
            return
        text = results[item.wire.output].shape
        size = 1 / min(scale, 1.0)                  # readable from afar, where only the hovered wire has a label
        width = present.mono.width(text) + 12
        if width * size > math.hypot(around.width(), around.height()):
            return                                  # it would lie on the sockets, which say the same
        painter.save()
        painter.translate(*item.middle)
        painter.scale(size, size)
        painter.setPen(pen(item.pen().color(), 1))
        painter.setBrush(present.card_brush)
        painter.drawRoundedRect(QtCore.QRectF(-width / 2, -9, width, 18), 9, 9)
        painter.setFont(present.mono.font)
        painter.setPen(present.text)
        painter.drawText(QtCore.QPointF(6 - width / 2, present.mono.rise), text)
        painter.restore()


def kind_look(kind: Kind) -> CardLook:
    """A card of a kind before it is one, with nothing connected. What it lacks is no problem of a picture."""
    card = Card(kind.name or kind.title, kind.key, kind.starting)
    inference = Inference(GraphDocument([card]))
    rows = inference.inputs_of(card.id)
    return CardLook(card, kind, tuple((row.socket, False, "") for row in rows), tuple(row.number for row in rows),
                    inference.outputs(card.id))


def _thin(color: QtGui.QColor, width: float, style: QtCore.Qt.PenStyle = QtCore.Qt.PenStyle.SolidLine) -> QtGui.QPen:
    """As wide on the screen at every zoom."""
    line = QtGui.QPen(color, width, style)
    line.setCosmetic(True)
    return line
