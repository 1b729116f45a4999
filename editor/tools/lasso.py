"""A rubber band that selects what it touches."""
from __future__ import annotations

from PySide6 import QtCore

from editor.model.items import Ref
from editor.scene import Hit

from .canvas import Canvas, Gesture, Modifiers


class Lasso(Gesture):
    """Select cards and notes that are touched and frames that are enclosed; Shift adds, Ctrl takes the other way."""

    def __init__(self, canvas: Canvas, at: QtCore.QPointF, modifiers: Modifiers) -> None:
        super().__init__(canvas, at)
        self.before = canvas.scene.selected()
        self.adds = bool(modifiers & Modifiers.ShiftModifier)
        self.toggles = bool(modifiers & Modifiers.ControlModifier)

    def move(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        area = QtCore.QRectF(self.began, at).normalized()
        self.canvas.view.overlays.show_lasso(area)
        found = self._within(area)
        self.canvas.scene.select(self.before | found if self.adds else self.before ^ found if self.toggles else found)

    def _within(self, area: QtCore.QRectF) -> set[Ref]:
        scene, found = self.canvas.scene, set()
        for id, card in scene.cards.items():
            if card.isVisible() and area.intersects(QtCore.QRectF(*card.box)):
                found.add(Ref("card", id))
        for id, note in scene.notes.items():
            if note.isVisible() and area.intersects(QtCore.QRectF(*note.box)):
                found.add(Ref("note", id))
        for id, frame in scene.frames.items():
            if frame.isVisible() and area.contains(QtCore.QRectF(*frame.box)):
                found.add(Ref("frame", id))
        return found

    def release(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        self.canvas.view.overlays.show_lasso(None)

    def cancel(self) -> None:
        self.canvas.view.overlays.show_lasso(None)
        self.canvas.scene.select(self.before)
