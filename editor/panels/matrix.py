"""A matrix as colours, gray or a colour picture; what is no number is red. Axes count elements; wheel and drag zoom."""
from __future__ import annotations

from typing import Any

import numpy as np
from PySide6 import QtCore, QtGui, QtWidgets

from editor.run.messages import Array
from editor.theme import theme

from .amounts import number
from .live import add_plot, dress_plot, new_plots, pyqtgraph, tick_step

COLOR_MAPS = {"viridis": "viridis", "magma": "magma", "gray": "CET-L1", "diverging": "CET-D1A"}    # name -> pyqtgraph's
DIVERGING = "diverging"


def as_numbers(values: Array) -> Array:
    """Something to draw: complex numbers by their magnitude, no numbers as NaN."""
    if values.dtype.kind == "c":
        return np.abs(values)
    if values.dtype.kind in "biuf":
        return values.astype(np.float64)
    return np.full(values.shape, np.nan)


def limits(values: Array, is_symmetric: bool = False) -> tuple[float, float]:
    """The range that colours stand for: of the finite values, around 0 if it is symmetric."""
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    if is_symmetric:
        high = max(abs(low), abs(high))
        low = -high
    return (low, high) if high > low else (low - 0.5, low + 0.5)


def colored(values: Array, table: Array, low: float, high: float, wrong: tuple[int, int, int]) -> Array:
    """Values through a table of 256 colours, (rows, columns, 3) of uint8; NaN and infinity are `wrong`."""
    finite = np.isfinite(values)
    with np.errstate(all="ignore"):
        place = np.where(finite, (values / 2 - low / 2) * (255.0 / (high / 2 - low / 2)), 0)    # no overflow
    picture = table[np.clip(np.rint(place), 0, 255).astype(np.intp)]
    picture[~finite] = wrong
    return picture


def picture_scale(values: Array) -> tuple[float, float]:
    """The range of a picture: 0 to 1 or 0 to 255 where its values lie there, else their own."""
    low, high = limits(values)
    finite = values[np.isfinite(values)]
    if finite.size and finite.min() >= 0 and finite.max() <= 255:
        return 0.0, 1.0 if finite.max() <= 1 else 255.0
    return low, high


MARKED = 40                                 # elements along an axis
MARGINS = 0, 0, 8, 4
BESIDE, BELOW = 34, 30                      # about what axes take of the width and height
LEAST_HIGH = 140                            # of a matrix that is much wider than high


class MatrixView(QtWidgets.QWidget):
    """Draws a matrix with axes and a bar that explains the colours.

    Signals
    -------
    hovered(row, column) : the element below the cursor; -1, -1 if there is none

    Parameters
    ----------
    is_picture : elements are square
    """

    hovered = QtCore.Signal(int, int)

    def __init__(self, is_picture: bool, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_picture = is_picture
        self.picture: Array | None = None
        self._plot: Any = None
        self._size = (0, 0)
        self.bar = ColorBar()
        self._layout = QtWidgets.QHBoxLayout(self)
        self._layout.setContentsMargins(*MARGINS)
        self._layout.setSpacing(0)
        self._layout.addWidget(self.bar)

    def show_values(self, values: Array, color_map: str) -> None:
        """Show a matrix through a colour map."""
        low, high = limits(values, color_map == DIVERGING) if not self.is_picture else picture_scale(values)
        table = pyqtgraph().colormap.get(COLOR_MAPS[color_map]).getLookupTable(nPts=256)[:, :3].astype(np.uint8)
        self._show(colored(values, table, low, high, _rgb("error")))
        self.bar.show_colors(table, low, high)

    def show_channels(self, channels: list[Array]) -> None:
        """Show a picture of red, green and blue."""
        stacked = np.stack(channels, axis=-1)
        low, high = picture_scale(stacked)
        finite = np.isfinite(stacked)
        with np.errstate(all="ignore"):
            scaled = np.where(finite, (stacked - low) * (255.0 / (high - low)), 0)
        picture = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
        picture[~finite.all(axis=-1)] = _rgb("error")
        self._show(picture)
        self.bar.hide()

    def _show(self, picture: Array) -> None:
        pg = pyqtgraph()
        if self._plot is None:
            self._canvas = new_plots()
            self._canvas.setAccessibleName(self.tr("Values as colors"))
            self._layout.insertWidget(0, self._canvas, 1)
            self._plot = add_plot(self._canvas, 0, 1)
            self._plot.invertY(True)
            self._plot.showGrid(x=False, y=False)
            self._plot.setAspectLocked(self.is_picture)
            self._image = pg.ImageItem(autoDownsample=True)
            self._plot.addItem(self._image)
            self._canvas.scene().sigMouseMoved.connect(self._hover)
        self.picture = picture
        self._image.setImage(picture, levels=(0, 255))
        if picture.shape[:2] != self._size:
            self._size = picture.shape[:2]
            for side, size, most in zip(("left", "bottom"), self._size, (10, 6), strict=True):
                self._plot.showAxis(side, size > 1 and not self.is_picture)
                ticks = [(tick_step(size, most), 0), (1, 0)]        # with a mark for each element, if they are few
                self._plot.getAxis(side).setTickSpacing(levels=ticks if size <= MARKED else ticks[:1])
            self._image.setRect(QtCore.QRectF(-0.5, -0.5, self._size[1], self._size[0]))
            self._plot.setRange(xRange=(-0.5, self._size[1] - 0.5), yRange=(-0.5, self._size[0] - 0.5), padding=0.01)
        self._fit()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Elements as high as wide, as far as there is room for all: a picture of eight by eight is a square."""
        rows, columns = self._size
        across = self.width() - BESIDE - MARGINS[2] - (0 if self.bar.isHidden() else self.bar.width())
        high = max(across * rows / max(columns, 1), LEAST_HIGH) + BELOW
        left, top, right, bottom = MARGINS
        self._layout.setContentsMargins(left, top, right, max(bottom, self.height() - round(high)))

    def dress(self) -> None:
        if self._plot is not None:
            self._canvas.setBackground(theme.color("panel"))
            dress_plot(self._plot)
            self._plot.showGrid(x=False, y=False)

    def _hover(self, place: QtCore.QPointF) -> None:
        at = self._plot.vb.mapSceneToView(place)
        row, column = round(at.y()), round(at.x())
        inside = 0 <= row < self._size[0] and 0 <= column < self._size[1]
        self.hovered.emit(*((row, column) if inside else (-1, -1)))


class ColorBar(QtWidgets.QWidget):
    """What the colours of a `MatrixView` stand for."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedWidth(70)
        self._image = QtGui.QImage()
        self._texts = "", ""

    def show_colors(self, table: Array, low: float, high: float) -> None:
        column = np.ascontiguousarray(table[::-1, None, :])
        self._image = QtGui.QImage(column.data, 1, len(column), 3, QtGui.QImage.Format.Format_RGB888).copy()
        self._texts = number(high, 3), number(low, 3)
        self.show()
        self.update()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        if self._image.isNull():
            return
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        bar = QtCore.QRect(8, 8, 10, max(self.height() - 30, 10))
        painter.drawImage(bar, self._image)
        painter.setPen(theme.color("text2"))
        painter.setFont(theme.font("small-mono"))
        painter.drawText(bar.right() + 6, bar.top() + 9, self._texts[0])
        painter.drawText(bar.right() + 6, bar.bottom(), self._texts[1])
        painter.end()


def _rgb(token: str) -> tuple[int, int, int]:
    color = theme.color(token)
    return color.red(), color.green(), color.blue()
