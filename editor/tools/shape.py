"""Pulling at the edges of cards, frames and notes, and at the bends of wires: the document follows at once."""
from __future__ import annotations

from PySide6 import QtCore

from editor import commands
from editor.model.items import Card, Frame, Note, Ref, Wire
from editor.scene import Hit

from .canvas import Canvas, Gesture, Modifiers, snapped


class Resize(Gesture):
    """Pull at the right edge of a card, or the lower right corner of a frame or note."""

    def __init__(self, canvas: Canvas, at: QtCore.QPointF, ref: Ref) -> None:
        super().__init__(canvas, at)
        self.key, self.ref = object(), ref
        item = canvas.document.items[ref]
        assert isinstance(item, Card | Frame | Note), "only these have sizes"
        self.item = item
        wide = isinstance(item, Card)
        self.cursor = QtCore.Qt.CursorShape.SizeHorCursor if wide else QtCore.Qt.CursorShape.SizeFDiagCursor

    def move(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        item = self.item
        corner = QtCore.QPointF(item.x + item.width, item.y + getattr(item, "height", 0.0)) + at - self.began
        if not modifiers & Modifiers.AltModifier:
            corner = snapped(corner)
        self._resize(corner.x() - item.x, corner.y() - item.y)

    def _resize(self, width: float, height: float) -> None:
        document, item = self.canvas.document, self.item
        if self.ref in document.items:
            self.canvas.attempt(
                lambda: commands.resize(document, self.ref, item.x, item.y, width, height, merge=self.key))

    def release(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        self.canvas.document.end_merging()

    def cancel(self) -> None:
        self._resize(self.item.width, getattr(self.item, "height", 0.0))
        self.canvas.document.end_merging()


class BendWire(Gesture):
    """Pull a wire through a place: by a bend that it has, or by a new one before the one with that number."""

    cursor = QtCore.Qt.CursorShape.SizeAllCursor

    def __init__(self, canvas: Canvas, at: QtCore.QPointF, wire: Ref, number: int, new: bool) -> None:
        super().__init__(canvas, at)
        self.key, self.ref, self.number = object(), wire, number
        found = canvas.document.items[wire]
        assert isinstance(found, Wire), "only wires bend"
        self.before = found.bends
        self.rest = found.bends[:number], found.bends[number if new else number + 1:]

    def move(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        place = at if modifiers & Modifiers.AltModifier else snapped(at)
        self._set((*self.rest[0], (place.x(), place.y()), *self.rest[1]))

    def _set(self, bends: tuple[tuple[float, float], ...]) -> None:
        document = self.canvas.document
        if self.ref in document.items:
            self.canvas.attempt(lambda: commands.set_bends(document, self.ref, bends, merge=self.key))

    def release(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        self.canvas.document.end_merging()

    def cancel(self) -> None:
        self._set(self.before)
        self.canvas.document.end_merging()
