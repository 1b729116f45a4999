"""What a card of a kind looks like before it is one."""
from __future__ import annotations

from PySide6 import QtCore, QtGui

from editor.model.catalog import Kind
from editor.scene.card import MARGIN
from editor.scene.face import CardState, Face, paint_face
from editor.scene.inks import inks
from editor.scene.overlay import kind_look


def kind_pixmap(kind: Kind, ratio: float = 1.0) -> QtGui.QPixmap:
    """The card that dropping a kind would make, with nothing connected.

    Parameters
    ----------
    ratio : pixels of the screen to one of ours
    """
    face = Face(kind_look(kind), inks())
    size = QtCore.QSizeF(face.geometry.width + 2 * MARGIN, face.geometry.height + 2 * MARGIN)
    pixmap = QtGui.QPixmap((size * ratio).toSize())
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    painter.translate(MARGIN, MARGIN)
    paint_face(painter, face, CardState(), 1.0)
    painter.end()
    return pixmap
