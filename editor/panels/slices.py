"""Which part of a tensor is looked at: an entry or all of each axis, at most two of them all."""
from __future__ import annotations

from PySide6 import QtCore, QtWidgets

from editor.theme import theme

from .live import caption

Index = tuple[int | None, ...]
CHANNELS = (1, 3, 4)                # sizes of a last axis that holds the channels of pictures


def first_index(shape: tuple[int, ...]) -> Index:
    """What is shown first: of pictures height and width, else the last two axes; of other axes the first entry."""
    rank = len(shape)
    is_picture = (rank == 4 and shape[-1] in CHANNELS) or (rank == 3 and shape[-1] in CHANNELS and min(shape[:2]) > 4)
    free = (rank - 3, rank - 2) if is_picture else (rank - 2, rank - 1)
    return tuple(None if axis in free else 0 for axis in range(rank))


def has_colors(shape: tuple[int, ...], index: Index) -> bool:
    """Whether the entries of the last axis are red, green and blue of the two axes before."""
    rank = len(shape)
    return rank >= 3 and shape[-1] in (3, 4) and index[-3:] == (None, None, index[-1]) and index[-1] is not None


class Slices(QtWidgets.QWidget):
    """A spin box for each axis; "all" stands below 0.

    Signals
    -------
    changed : another part is wanted
    """

    changed = QtCore.Signal()

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.shape: tuple[int, ...] = ()
        self.boxes: list[QtWidgets.QSpinBox] = []
        self._latest: list[int] = []        # axes shown whole, the one chosen last at the end
        self._layout = QtWidgets.QHBoxLayout(self)
        self._layout.setContentsMargins(8, 0, 8, 4)
        self._layout.setSpacing(4)

    @property
    def index(self) -> Index:
        return tuple(None if box.value() < 0 else box.value() for box in self.boxes)

    def show_shape(self, shape: tuple[int, ...]) -> None:
        """Make boxes for a shape; entries that it still has stay chosen."""
        if shape == self.shape and len(self.boxes) == len(shape):
            return
        keeps = len(shape) == len(self.shape) and bool(self.boxes)
        index = self.index if keeps else first_index(shape)
        while (item := self._layout.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self.shape, self.boxes = shape, []
        for axis, (size, entry) in enumerate(zip(shape, index, strict=True)):
            box = QtWidgets.QSpinBox()
            box.setRange(-1, max(size - 1, 0))
            box.setSpecialValueText(self.tr("all"))
            box.setValue(-1 if entry is None else min(entry, max(size - 1, 0)))
            box.setAccessibleName(self.tr("Entry of axis {0}").format(axis))
            box.setToolTip(self.tr("Axis {0} has {1:,} entries; two axes can be shown whole").format(axis, size))
            box.setFixedWidth(60)
            theme.wear(box, "mono")
            box.lineEdit().setTextMargins(6, 0, 0, 0)
            box.valueChanged.connect(lambda value, axis=axis: self._change(axis, value))
            self.boxes.append(box)
            self._layout.addWidget(caption("[" if axis == 0 else ","))
            self._layout.addWidget(box)
        if shape:
            self._layout.addWidget(caption("]"))
        self._layout.addStretch(1)
        self._latest = [axis for axis, entry in enumerate(index) if entry is None]
        self.setVisible(len(shape) > 2)

    def _change(self, axis: int, value: int) -> None:
        """A third axis shown whole takes the place of the one chosen longest ago."""
        if axis in self._latest:
            self._latest.remove(axis)
        if value < 0:
            self._latest.append(axis)
            for other in self._latest[:-2]:
                with QtCore.QSignalBlocker(self.boxes[other]):
                    self.boxes[other].setValue(0)
            del self._latest[:-2]
        self.changed.emit()
