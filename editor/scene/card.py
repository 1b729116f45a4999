"""A card on the scene: one item, whatever stands on it."""
from __future__ import annotations

import sys
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from .face import CRISP, NEAR, CardState, Face, paint_face
from .geometry import Box, CardGeometry
from .inks import Inks, inks
from .look import CardLook

MARGIN = 13.0               # around a card for shadow, sockets and chip


class CardItem(QtWidgets.QGraphicsItem):
    """A card on the scene."""

    def __init__(self, look: CardLook) -> None:
        super().__init__()
        self.look = look
        self.state = CardState()
        self._face: Face | None = None
        self._bounds = QtCore.QRectF()
        self.setZValue(10)
        self.setCacheMode(QtWidgets.QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self._place()

    def set_look(self, look: CardLook) -> None:
        self.look = look
        self._face = None
        self._place()
        self.update()

    def set_state(self, **changes: Any) -> None:
        """Repaint if one of the values of `CardState` is another now."""
        if any(getattr(self.state, name) != value for name, value in changes.items()):
            for name, value in changes.items():
                setattr(self.state, name, value)
            self.update()

    def forget_face(self) -> None:
        """The look of the window changed."""
        self._face = None
        self.update()

    def face(self, near: bool = False, present: Inks | None = None) -> Face:
        present = present or inks()
        if self._face is None or self._face.near != near or self._face.inks is not present:
            self._face = Face(self.look, present, near)
        return self._face

    @property
    def geometry(self) -> CardGeometry:
        return self.look.geometry

    @property
    def box(self) -> Box:
        """Where it is on the scene; while it is dragged, where it is shown."""
        at, geometry = self.pos(), self.look.geometry
        return Box(at.x(), at.y(), geometry.width, geometry.height)

    @property
    def chip_width(self) -> float:
        return inks().fine.width(self.look.chip) + 10 if self.look.chip else 0.0

    def _place(self) -> None:
        geometry = self.look.geometry
        bounds = QtCore.QRectF(-MARGIN, -MARGIN, geometry.width + 2 * MARGIN, geometry.height + 2 * MARGIN)
        if bounds != self._bounds:
            self.prepareGeometryChange()
            self._bounds = bounds

    def boundingRect(self) -> QtCore.QRectF:
        return self._bounds

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionGraphicsItem,
              widget: QtWidgets.QWidget | None = None) -> None:
        scale = painter.worldTransform().m11()
        try:
            crisp = painter.deviceTransform().m11() >= CRISP
            face = self.face(scale > NEAR, inks() if crisp else inks().small)
        except Exception:                       # one that Qt is handed here would end the process
            sys.excepthook(*sys.exc_info())
            painter.fillRect(self._bounds, inks().error)
            return
        paint_face(painter, face, self.state, scale)
