"""Dragging a number on a card: it grows to the right and falls to the left, the document follows at once."""
from __future__ import annotations

import math
from typing import Any

import numpy as np
from PySide6 import QtCore

from editor import commands
from editor.model.catalog import Field
from editor.model.document import GraphDocument
from editor.model.values import array_of, is_array, value_of
from editor.scene import Hit
from graphengine import as_dtype

from .canvas import Canvas, Gesture, Modifiers

WAY = 150.0                                 # pixels of the scene for a whole reach
FINE = 0.1                                  # of that, with Shift
STEPS = 1000                                # of a reach, to which numbers are rounded


def is_dragged(document: GraphDocument, card: str, field: Field) -> bool:
    """Whether an attribute is a single number that is dragged: of a constant, or of a placeholder."""
    return _number(document, card, field) is not None


def _number(document: GraphDocument, card: str, field: Field) -> float | None:
    found = document.card(card)
    value: Any = value_of(found, field) if found is not None else None
    if field.form != "array" or not is_array(value) or value["shape"] or value["dtype"] == "bool":
        return None
    array = array_of(value, document.arrays)
    return float(array) if array is not None and array.dtype.kind in "iuf" and np.isfinite(array) else None


class Scrub(Gesture):
    """One drag is one edit. Shift makes it ten times finer."""

    cursor = QtCore.Qt.CursorShape.SizeHorCursor

    def __init__(self, canvas: Canvas, at: QtCore.QPointF, card: str, field: Field) -> None:
        super().__init__(canvas, at)
        self.key, self.card, self.field = object(), card, field
        found = canvas.document.card(card)
        number = _number(canvas.document, card, field)
        assert found is not None and number is not None, "what is dragged was asked for before"
        self.number = number
        self.before: Any = value_of(found, field)
        self.reach = 10.0 ** math.ceil(math.log10(abs(number) or 0.5))

    def move(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        part = (at.x() - self.began.x()) / WAY * (FINE if modifiers & Modifiers.ShiftModifier else 1.0)
        kind = as_dtype(self.before["dtype"]).numpy
        if kind.kind in "iu":
            number: float = round(self.number + part * max(self.reach, 10.0))
            limits = np.iinfo(kind)
            number = min(max(number, int(limits.min)), int(limits.max))
        else:
            step = self.reach / STEPS * (FINE if modifiers & Modifiers.ShiftModifier else 1.0)
            number = float(f"{round((self.number + part * self.reach) / step) * step:.9g}")
        self._set({**self.before, "values": [number]})

    def _set(self, value: Any) -> None:
        document = self.canvas.document
        if document.card(self.card) is not None:
            self.canvas.attempt(lambda: commands.set_value(document, self.card, self.field, value, self.key))

    def release(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        self.canvas.document.end_merging()

    def cancel(self) -> None:
        self._set(self.before)
        self.canvas.document.end_merging()
