"""The editor of an array: a slider for a scalar, a grid for a small one, text for others, figures for a large one."""
from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.catalog import REQUIRED, Field
from editor.model.values import array_form, array_of, is_array, read_array, sizes_text, written
from editor.theme import theme
from graphengine import as_dtype
from graphengine.tools.drawn.kinds import DTYPES

from .fields import ChoiceEditor, FieldEditor, NumberEditor, TextEditor

Qt = QtCore.Qt
SLIDER_STEPS = 1000
GRID_ELEMENTS, GRID_SIDE = 64, 8            # arrays up to here are edited in a grid


class ArrayEditor(FieldEditor):
    """An array: a scalar with a slider, a small one as a grid, others as text, a large one by its statistics.

    Parameters
    ----------
    arrays : the document's large arrays
    fixed : whether the dtype is given from outside and cannot be chosen
    """

    def __init__(self, field: Field, arrays: Mapping[str, Any], fixed: bool = False,
                 parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(field, parent)
        self.arrays, self.fixed = arrays, fixed
        self.dtype = ChoiceEditor(dataclasses.replace(field, optional=False), DTYPES)
        self.dtype.name_for_readers(self.tr("dtype of {0}").format(field.name))
        self.dtype.changed.connect(lambda name, moving: self._cast(name))
        self.dtype.setVisible(not fixed)
        self.shape = QtWidgets.QLabel()
        theme.wear(self.shape, "mono")
        self.shape.setProperty("role", "muted")
        self.text = TextEditor(field)
        self.text.read = self._read                                     # type: ignore[method-assign]
        self.text.changed.connect(lambda value, moving: self.announce(value))
        self.text.refused.connect(self.refused)
        self.number = NumberEditor(dataclasses.replace(field, form="float", low=None, high=None))
        self.number.read = self._read                                   # type: ignore[method-assign]
        self.number.changed.connect(lambda value, moving: self.announce(value, moving))
        self.number.refused.connect(self.refused)
        self.number.settled.connect(self.settled)
        self.slider = ValueSlider()
        self.slider.slid.connect(self._slide)
        self.slider.released.connect(self._release)
        self.grid = ArrayGrid()
        self.grid.edited.connect(self._edit_element)
        self.statistics = QtWidgets.QLabel(wordWrap=True)
        theme.wear(self.statistics, "mono")
        self.statistics.setProperty("role", "muted")
        head = QtWidgets.QHBoxLayout()
        head.addWidget(self.dtype)
        head.addWidget(self.shape, 1)
        box = QtWidgets.QVBoxLayout()
        box.setSpacing(6)
        box.addLayout(head)
        for widget in (self.number, self.slider, self.text, self.grid, self.statistics):
            box.addWidget(widget)
        self.line.addLayout(box, 1)
        self.setFocusProxy(self.text)

    def display(self) -> None:
        value = self.value if is_array(self.value) and not self.mixed else None
        array = array_of(value, self.arrays) if value is not None else None
        size = 0 if value is None else math.prod(value["shape"])
        is_scalar = value is not None and not value["shape"] and array is not None
        is_small = array is not None and not is_scalar and 0 < size <= GRID_ELEMENTS and array.ndim <= 2 \
            and array.shape[-1] <= GRID_SIDE
        is_text = value is None or ("values" in value and not is_scalar and not is_small)
        self.dtype.setVisible(not self.fixed and value is not None)
        self.dtype.show_value(value["dtype"] if value else REQUIRED)
        self.shape.setText(sizes_text(value["shape"]) if value else "")
        self.shape.setVisible(value is not None and bool(value["shape"]))
        self.number.setVisible(is_scalar and value is not None and value["dtype"] != "bool")
        self.slider.setVisible(is_scalar)
        self.text.setVisible(is_text or (is_scalar and value is not None and value["dtype"] == "bool"))
        self.grid.setVisible(is_small)
        self.statistics.setVisible(not (is_scalar or is_small or is_text))
        self.setFocusProxy(self.number.box if is_scalar else self.grid if is_small else self.text.edit)
        if is_scalar and array is not None:
            self.number.value, self.number.mixed = self.value, False
            self.number.show_text(written(self.value, "array"))
            self.number.box.field = dataclasses.replace(self.field, form="int" if array.dtype.kind in "iu" else "float")
            self.slider.show_number(float(array), array.dtype.kind in "iub", array.dtype.kind == "b")
        if is_small and array is not None:
            self.grid.show_array(array)
        if self.text.isVisibleTo(self):
            self.text.show_value(self.value, self.mixed)
            if value is not None:
                self.text.edit.setText(str(array.tolist()) if array is not None else "")
        elif array is not None and not (is_scalar or is_small):
            self.statistics.setText(statistics(array))
        elif value is not None and not (is_scalar or is_small):
            self.statistics.setText(self.tr("its numbers are not here"))

    def _read(self, text: str) -> Any:
        dtype = self.value["dtype"] if is_array(self.value) else None
        return read_array(text, dtype)

    def _cast(self, name: str) -> None:
        """The same numbers as another dtype."""
        array = array_of(self.value, self.arrays) if is_array(self.value) else None
        if array is None:
            return
        try:
            with np.errstate(invalid="ignore", over="ignore"):
                self.announce(array_form(array.astype(as_dtype(name).numpy)))
        except ValueError as error:
            self.mark(str(error))
        self.display()

    def _slide(self, number: float) -> None:
        self.announce({**self.value, "values": [_element(number, self.value["dtype"])]}, moving=True)
        self.number.show_text(written(self.value, "array"))

    def _release(self) -> None:
        self.settled.emit()
        self.display()

    def _edit_element(self, place: tuple[int, ...], text: str) -> None:
        array = array_of(self.value, self.arrays)
        assert array is not None, "a grid shows an array that is there"
        try:
            element = read_array(text, self.value["dtype"])
            if element["shape"]:
                raise ValueError("one number belongs there")
        except ValueError as error:
            self.refused.emit(str(error))
            self.display()
            return
        self.refused.emit("")
        values = list(self.value["values"])
        values[int(np.ravel_multi_index(place, array.shape))] = element["values"][0]
        self.announce({**self.value, "values": values})
        self.display()


def _element(number: float, dtype: str) -> Any:
    """A number as an element of an array of a dtype."""
    if dtype == "bool":
        return number >= 0.5
    return float(f"{number:.6g}") if as_dtype(dtype).is_floating else round(number)


def statistics(array: np.ndarray[Any, Any]) -> str:
    """Range, mean, deviation, and how much is not finite, in two lines."""
    numbers = array.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    if not finite.size:
        return f"{array.size:,} elements, none finite"
    lines = [f"[{finite.min():.4g}, {finite.max():.4g}]   μ {finite.mean():.4g}   σ {finite.std():.4g}",
             f"{array.size:,} elements   {array.nbytes:,} bytes"]
    if finite.size < numbers.size:
        lines.append(f"{np.isnan(numbers).sum():,} NaN   {np.isinf(numbers).sum():,} Inf")
    return "\n".join(lines)


class ValueSlider(QtWidgets.QSlider):
    """A slider over numbers around the one shown. slid(number) while it moves, released() after."""

    slid = QtCore.Signal(float)
    released = QtCore.Signal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(0, SLIDER_STEPS)
        self.setAccessibleName(self.tr("value"))
        self._low, self._high, self._whole = -1.0, 1.0, False
        self._is_showing = False
        self.valueChanged.connect(self._move)
        self.sliderReleased.connect(self.released)

    def show_number(self, number: float, is_whole: bool, is_truth: bool = False) -> None:
        """Show a number. The range is set around it, unless the handle is held or the number is well inside."""
        if not math.isfinite(number):
            self.setEnabled(False)
            return
        self.setEnabled(True)
        reach = self._high - self._low
        inside = 0.02 * reach <= number - self._low <= 0.98 * reach and (abs(number) > 0.01 * reach or number == 0)
        if is_truth:
            self._low, self._high = 0.0, 1.0
        elif not self.isSliderDown() and (is_whole != self._whole or not inside):
            size = 2.0 * 10.0 ** math.ceil(math.log10(abs(number) or 0.5))
            size = max(size, 10.0) if is_whole else size
            self._low, self._high = (0.0, size) if number > 0 else (-size, size)
        self._whole = is_whole
        self._is_showing = True
        self.setValue(round((number - self._low) / (self._high - self._low) * SLIDER_STEPS))
        self._is_showing = False

    def _move(self, step: int) -> None:
        if self._is_showing:
            return
        number = self._low + (self._high - self._low) * step / SLIDER_STEPS
        self.slid.emit(round(number) if self._whole else number)

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        event.ignore()

    def keyReleaseEvent(self, event: QtGui.QKeyEvent) -> None:
        super().keyReleaseEvent(event)
        if not event.isAutoRepeat():
            self.released.emit()


class ArrayGrid(QtWidgets.QTableWidget):
    """The elements of a small array. edited(place, text) for each that is typed."""

    edited = QtCore.Signal(tuple, str)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.horizontalHeader().hide()
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(24)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("elements"))
        self.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        theme.wear(self, "mono")
        self._array: np.ndarray[Any, Any] = np.zeros(0)
        self._is_showing = False
        self.cellChanged.connect(self._change)

    def show_array(self, array: np.ndarray[Any, Any]) -> None:
        self._is_showing = True
        self._array = array
        table = np.atleast_2d(array)
        self.setRowCount(table.shape[0])
        self.setColumnCount(table.shape[1])
        self.horizontalHeader().setSectionResizeMode(QtWidgets.QHeaderView.ResizeMode.Stretch)
        for row, column in np.ndindex(*table.shape):
            item = QtWidgets.QTableWidgetItem(str(table[row, column]))
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
        self.setFixedHeight(min(table.shape[0], 8) * 24 + 4)
        self._is_showing = False

    def _change(self, row: int, column: int) -> None:
        item = self.item(row, column)
        if not self._is_showing and item is not None:
            self.edited.emit((row, column) if self._array.ndim == 2 else (column,), item.text())
