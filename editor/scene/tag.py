"""A tag at a socket, in place of a wire that leads far or out of what is shown."""
from __future__ import annotations

from typing import NamedTuple

from PySide6 import QtCore, QtGui

from editor.model.items import Point

from .inks import inks, mixed, pen

STUB = 14.0                 # of the wire between the socket and the tag
HEIGHT, SPACE, WIDEST = 18.0, 8.0, 160.0        # of the tag; between its text and its ends
FARTHEST = 0.4              # zoom at which its text can be read


class Tag(NamedTuple):
    """at : the socket; way : 1 if the tag is right of it, -1 if it is left."""

    at: Point
    way: int
    text: str

    @property
    def end(self) -> Point:
        """Where the tag begins."""
        return self.at[0] + self.way * STUB, self.at[1]

    @property
    def box(self) -> QtCore.QRectF:
        width = min(inks().mono.width(self.text), WIDEST) + 2 * SPACE
        x, y = self.end
        return QtCore.QRectF(x if self.way > 0 else x - width, y - HEIGHT / 2, width, HEIGHT)

    def paint(self, painter: QtGui.QPainter, color: QtGui.QColor) -> None:
        """color : of the wire."""
        present, box = inks(), self.box
        painter.setPen(pen(color, 1.0))
        painter.setBrush(mixed(present.card, color, 0.14))
        painter.drawRoundedRect(box, HEIGHT / 2, HEIGHT / 2)
        if painter.worldTransform().m11() >= FARTHEST:
            painter.setFont(present.mono.font)
            painter.setPen(present.text)
            painter.drawText(QtCore.QPointF(box.left() + SPACE, box.center().y() + present.mono.rise),
                             present.mono.cut(self.text, WIDEST))
