"""What a card of a kind looks like before it is one: for the palette's preview and the picture under a drag."""
from __future__ import annotations

from PySide6 import QtCore, QtGui

from editor.infer import Inference
from editor.model.catalog import Kind
from editor.model.document import GraphDocument
from editor.model.items import Card
from editor.scene.card import MARGIN, CardLook, CardState, Face, paint_face
from editor.scene.inks import inks


def kind_pixmap(kind: Kind, ratio: float = 1.0, opacity: float = 1.0) -> QtGui.QPixmap:
    """The card that dropping a kind would make, with nothing connected.

    Parameters
    ----------
    ratio : pixels of the screen to one of ours
    opacity : less than 1 for a ghost
    """
    face = Face(_look(kind), inks())
    size = QtCore.QSizeF(face.geometry.width + 2 * MARGIN, face.geometry.height + 2 * MARGIN)
    pixmap = QtGui.QPixmap((size * ratio).toSize())
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    painter.setOpacity(opacity)
    painter.translate(MARGIN, MARGIN)
    paint_face(painter, face, CardState(), 1.0)
    painter.end()
    return pixmap


def _look(kind: Kind) -> CardLook:
    """What is known of a card on its own. What it lacks is no problem of a picture."""
    card = Card(kind.name or kind.title, kind.key, kind.starting)
    inference = Inference(GraphDocument([card]))
    rows = inference.inputs_of(card.id)
    return CardLook(card, kind, tuple((row.socket, False, "") for row in rows), tuple(row.number for row in rows),
                    inference.outputs(card.id))
