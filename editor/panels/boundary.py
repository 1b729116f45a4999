"""What a model of two numbers says everywhere in the plane, with the rows of data on top."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from PySide6 import QtCore, QtGui, QtWidgets

from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.kinds import catalog
from editor.run.messages import Array, Boundary, BoundaryValues, Output, Preview
from editor.theme import theme

from .amounts import number
from .live import Blank, Pages, add_plot, caption, dress_plot, new_plots, pyqtgraph, row, series_color

Qt = QtCore.Qt
INTERVAL_MS = 500                   # between two questions while it trains
MARGIN = 0.08                       # of the range of the data that is shown around them
MOST_CLASSES = 20
SYMBOLS = ("o", "s", "t", "d", "p", "h", "star", "t1", "t2")
BLANK, PICTURE = range(2)
POINTS = 160                        # along each side of the picture: edges of regions without steps


class BoundaryView(QtWidgets.QWidget):
    """Chooses the placeholder and output, asks the process, draws the answer.

    Signals
    -------
    request(Boundary)
    """

    request = QtCore.Signal(object)

    def __init__(self, document: GraphDocument, inference: Inference, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.document, self.inference = document, inference
        self.range: tuple[tuple[float, float], tuple[float, float]] | None = None
        self.values: BoundaryValues | None = None
        self._asked = QtCore.QElapsedTimer()
        self._plot: Any = None
        self._feed = ""
        self._found: list[Output] = []
        self.outputs = QtWidgets.QComboBox()
        self.outputs.setAccessibleName(self.tr("Output that is drawn"))
        self.outputs.activated.connect(lambda _: self.ask(anew=True))
        self.readout = caption("")
        theme.wear(self.readout, "mono")
        self.pages = Pages()
        self.pages.addWidget(Blank(self.tr("A decision boundary needs a placeholder with two columns, of shape (?, 2), "
                                           "and something that is computed from it alone, for each row.")))
        page = QtWidgets.QWidget()
        self._column = QtWidgets.QVBoxLayout(page)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self.legend = Legend()
        self._column.addLayout(row(caption(self.tr("Output")), self.outputs, 12, self.legend, None, self.readout))
        self.pages.addWidget(page)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.pages)

    # ------------------------------------------------ what is asked

    def look_through(self) -> None:
        """Look through the document for what can be drawn."""
        before = self.chosen
        self._feed, found = next(((feed, found) for feed in plane_feeds(self.document, self.inference)
                                  if (found := row_outputs(self.document, self.inference, feed))), ("", []))
        self.outputs.clear()
        for card, output in found:
            self.outputs.addItem(card if not output else f"{card}:{output}")
        self._found = found
        self.outputs.setCurrentIndex(found.index(before) if before in found else len(found) - 1)
        self.pages.setCurrentIndex(PICTURE if found else BLANK)

    @property
    def chosen(self) -> Output | None:
        """The output that is drawn."""
        place = self.outputs.currentIndex()
        return self._found[place] if 0 <= place < len(self._found) else None

    def ask(self, anew: bool = False) -> None:
        """Ask for the picture, at most twice a second; `anew`: at once."""
        output = self.chosen
        waits = self._asked.isValid() and self._asked.elapsed() < INTERVAL_MS
        if output is None or not self.isVisible() or (waits and not anew):
            return
        self._asked.start()
        (left, right), (bottom, top) = self.range or ((-1.0, 1.0), (-1.0, 1.0))
        self.request.emit(Boundary(self._feed, output, (left, bottom), (right, top), POINTS))

    def take_previews(self, previews: dict[Output, Preview]) -> None:
        """Take the range from the data, until the answer tells it for each column."""
        seen = previews.get((self._feed, 0))
        if self.range is None and seen is not None and seen.minimum is not None and seen.maximum is not None:
            self.range = (widened(seen.minimum, seen.maximum),) * 2

    def take(self, values: BoundaryValues) -> None:
        self.values = values
        points = np.asarray(values.points, dtype=np.float64)
        if points.ndim == 2 and points.shape[1] == 2 and len(points):
            finite = points[np.isfinite(points).all(axis=1)]
            if len(finite):
                low, high = finite.min(axis=0), finite.max(axis=0)
                wanted = widened(low[0], high[0]), widened(low[1], high[1])
                is_news = self.range is None or not np.allclose(wanted, self.range)
                self.range = wanted
                if is_news:
                    self.ask(anew=True)
        self.draw()

    def forget(self) -> None:
        """The data may be others now."""
        self.range = None

    # ------------------------------------------------ drawing

    def draw(self) -> None:
        if self.values is None:
            return
        pg = pyqtgraph()
        if self._plot is None:
            self._canvas = new_plots()
            self._canvas.setAccessibleName(self.tr("Decision boundary"))
            self._column.addWidget(self._canvas, 1)
            self._plot = add_plot(self._canvas, 0, 1)
            self._image, self._points = pg.ImageItem(), pg.ScatterPlotItem()
            self._plot.addItem(self._image)
            self._plot.addItem(self._points)
            self._canvas.scene().sigMouseMoved.connect(self._hover)
        values = self.values
        (left, bottom), (right, top) = values.low, values.high
        grid = np.asarray(values.grid)
        classes = class_numbers(grid, values.labels)
        self._image.setImage(painted(grid, classes), levels=(0, 255))
        self._image.setRect(QtCore.QRectF(left, bottom, right - left, top - bottom))
        self._plot.setRange(xRange=(left, right), yRange=(bottom, top), padding=0)
        points = np.asarray(values.points, dtype=np.float64).reshape(-1, 2)
        kinds = np.zeros(len(points), int)
        if values.labels is not None and classes is not None and len(values.labels) == len(points):
            kinds = np.searchsorted(classes, values.labels).clip(0, len(classes) - 1)
        self.legend.show_classes([] if values.labels is None or classes is None else classes.tolist())
        self._points.setData(
            x=points[:, 0], y=points[:, 1], size=8, pen=pg.mkPen(theme.color("canvas")),
            brush=[series_color(k) for k in kinds] if values.labels is not None else theme.brush("text"),
            symbol=[SYMBOLS[k % len(SYMBOLS)] for k in kinds] if len(points) else "o")

    def dress(self) -> None:
        if self._plot is not None:
            self._canvas.setBackground(theme.color("panel"))
            dress_plot(self._plot)
            self.draw()

    def _hover(self, place: QtCore.QPointF) -> None:
        if self.values is not None:
            at = self._plot.vb.mapSceneToView(place)
            (left, bottom), (right, top) = self.values.low, self.values.high
            rows, columns = self.values.grid.shape
            x = round((at.x() - left) / (right - left) * (columns - 1))
            y = round((at.y() - bottom) / (top - bottom) * (rows - 1))
            inside = 0 <= x < columns and 0 <= y < rows
            said = number(float(self.values.grid[y, x])) if inside else ""
            self.readout.setText(f"({number(at.x(), 3)}, {number(at.y(), 3)}) → {said}" if inside else "")


class Legend(QtWidgets.QWidget):
    """Which symbol is the points of which class."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedHeight(20)
        self._texts: list[str] = []
        self.show_classes([])

    def show_classes(self, classes: Sequence[float]) -> None:
        self._texts = [number(value) for value in classes]
        self.setAccessibleName(self.tr("Classes {0}").format(", ".join(self._texts)))
        self.setFixedWidth(max(sum(map(self._width, self._texts)), 1))
        self.update()

    def _width(self, text: str) -> int:
        return 34 + QtGui.QFontMetrics(theme.font("mono")).horizontalAdvance(text)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        if not self._texts:
            return                                  # the library that draws symbols may not be there yet
        pg, painter = pyqtgraph(), QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("mono"))
        x = 0
        for k, text in enumerate(self._texts):
            painter.save()
            painter.translate(x + 8, self.height() / 2)
            pg.graphicsItems.ScatterPlotItem.drawSymbol(
                painter, SYMBOLS[k % len(SYMBOLS)], 9, pg.mkPen(theme.color("canvas")), pg.mkBrush(series_color(k)))
            painter.restore()
            painter.setPen(theme.color("text2"))
            painter.drawText(QtCore.QRect(x + 18, 0, self._width(text), self.height()),
                             Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)
            x += self._width(text)
        painter.end()


def plane_feeds(document: GraphDocument, inference: Inference) -> Iterator[str]:
    """Placeholders with two columns."""
    for card in document.cards:
        outputs = inference.outputs(card.id)
        if is_fed(document, card.id) and outputs and outputs[0].sizes is not None \
                and len(outputs[0].sizes) == 2 and outputs[0].sizes[1] == 2:
            yield card.id


def is_fed(document: GraphDocument, id: str) -> bool:
    """Whether a card takes rows of data, as placeholders do."""
    card = document.card(id)
    kind = None if card is None else catalog().get(card.kind)
    return kind is not None and any(socket.carries == "feed" for socket in kind.inputs)


def row_outputs(document: GraphDocument, inference: Inference, feed: str) -> list[Output]:
    """Outputs that have an entry for each row of `feed` and depend on no other placeholder; the deepest is last."""
    depth = {feed: 0}
    left = [feed]
    while left:                         # longest ways; the graph has no cycles
        card = left.pop()
        for wire in document.wires_from(card):
            if depth.get(wire.target, -1) <= depth[card] and len(depth) < 10_000:
                depth[wire.target] = depth[card] + 1
                left.append(wire.target)
    found: list[tuple[int, Output]] = []
    for card in depth:
        if card == feed or any(source != feed and is_fed(document, source) for source in _before(document, card)):
            continue
        for number_, result in enumerate(inference.outputs(card)):
            if result.sizes is not None and len(result.sizes) in (1, 2) and result.sizes[0] is None:
                found.append((depth[card], (card, number_)))
    return [output for _, output in sorted(found)]


def _before(document: GraphDocument, card: str) -> set[str]:
    """A card and all that it is computed from."""
    seen, left = {card}, [card]
    while left:
        for wire in document.wires_into(left.pop()).values():
            if wire.source not in seen:
                seen.add(wire.source)
                left.append(wire.source)
    return seen


def widened(low: float, high: float) -> tuple[float, float]:
    margin = (high - low) * MARGIN or 0.5
    return float(low - margin), float(high + margin)


def class_numbers(grid: Array, labels: Array | None) -> Array | None:
    """The classes, ascending, of labels or of the grid; None where these are no classes but values."""
    for values in (labels, grid):
        if values is not None and values.size:
            found = np.unique(values)
            if len(found) <= MOST_CLASSES and np.array_equal(found, np.round(found)):
                if values is labels and grid.dtype.kind in "iu":
                    found = np.union1d(found, np.unique(grid))
                return found
    return None


def painted(grid: Array, classes: Array | None) -> Array:
    """The grid as a picture (rows, columns, 4): flat colours for classes, a course between two for values."""
    if classes is not None and grid.dtype.kind in "iub":
        palette = np.array([_rgb(series_color(k)) for k in range(len(classes))])
        colors = palette[np.searchsorted(classes, grid).clip(0, len(classes) - 1)]
    else:
        first, last = (_rgb(series_color(k)) for k in (0, 1))
        values = grid.astype(np.float64)
        finite = values[np.isfinite(values)]
        low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
        if low >= 0 and high <= 1:
            low, high = 0.0, 1.0            # a probability
        at = np.nan_to_num((values - low) / (high - low or 1.0), nan=0.5)[..., None]
        ground = _rgb(theme.color("panel"))
        paler = np.abs(at - 0.5) * 2        # the undecided is pale
        colors = ground * (1 - paler) + (first * (1 - at) + last * at) * paler
    alpha = np.full((*grid.shape, 1), 150.0)
    return np.concatenate([colors, alpha], axis=-1).astype(np.uint8)


def _rgb(color: QtGui.QColor) -> Array:
    return np.array([color.red(), color.green(), color.blue()], dtype=np.float64)
