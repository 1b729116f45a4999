"""A tag at a socket, in place of a wire that leads far or out of what is shown."""
from __future__ import annotations

from typing import NamedTuple

from PySide6 import QtCore, QtGui

from editor.model.items import Point

from .face import SHORT
from .inks import Lettering, inks, mixed, pen

STUB = 14.0                 # of the wire between the socket and the tag
HEIGHT, FAR_HEIGHT = 18.0, 24.0
SPACE, WIDEST = 8.0, 160.0  # between the text and the ends of the tag; of the text
FARTHEST = 0.3              # zoom at which its text is left out


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
        return self._around(inks().mono, HEIGHT)

    @property
    def far_box(self) -> QtCore.QRectF:
        """As it is below 55 % zoom, where its letters are larger."""
        return self._around(inks().far_mono, FAR_HEIGHT)

    def _around(self, letters: Lettering, height: float) -> QtCore.QRectF:
        width = min(letters.width(self.text), WIDEST) + 2 * SPACE
        x, y = self.end
        return QtCore.QRectF(x if self.way > 0 else x - width, y - height / 2, width, height)

    def paint(self, painter: QtGui.QPainter, color: QtGui.QColor) -> None:
        """color : of the wire."""
        present, scale = inks(), painter.worldTransform().m11()
        letters, box = (present.mono, self.box) if scale >= SHORT else (present.far_mono, self.far_box)
        painter.setPen(pen(color, 1.0))
        painter.setBrush(mixed(present.card, color, 0.14))
        painter.drawRoundedRect(box, box.height() / 2, box.height() / 2)
        if scale >= FARTHEST:
            painter.setFont(letters.font)
            painter.setPen(present.text)
            painter.drawText(QtCore.QPointF(box.left() + SPACE, box.center().y() + letters.rise),
                             letters.cut(self.text, WIDEST))
