"""A whole tensor: as colours, table, picture and histogram, any two axes of it, with statistics."""
from __future__ import annotations

from typing import Any

import numpy as np
from PySide6 import QtCore, QtGui, QtWidgets

from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Ref
from editor.model.meaning import Signatures
from editor.run import messages as m
from editor.theme import theme

from .amounts import byte_count, number, shape_text
from .live import Blank, LivePanel, Pages, add_plot, caption, dress_plot, new_plots, pyqtgraph, row, tool
from .matrix import COLOR_MAPS, MatrixView, as_numbers
from .slices import Index, Slices, has_colors

Qt = QtCore.Qt
HEAT, TABLE, IMAGE, HISTOGRAM = range(4)
NARROWEST, SAMPLED = 60, 64         # pixels of a column; rows and columns whose texts say how wide columns are
INTERVAL_MS = 500                   # between two questions while values change


class ViewerPanel(LivePanel):
    """Shows one output; which one the window says.

    Signals
    -------
    jump(card) : the card whose output it is

    Attributes
    ----------
    output : what is shown
    parts : what the process sent of it, by index
    """

    jump = QtCore.Signal(str)

    def __init__(self, document: GraphDocument, inference: Inference, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("viewer", self.tr("Viewer"), parent)
        self.document, self.inference = document, inference
        self.output: m.Output | None = None
        self.parts: dict[Index, m.TensorPart] = {}
        self.message = ""
        self._previews: dict[m.Output, m.Preview] = {}
        self._part: m.TensorPart | None = None          # drawn now
        self._signatures = Signatures(document)
        self._asked_of = self._made_by = 0              # signatures of the card as it was asked about, and answered
        self._look: object = None
        self._asked = QtCore.QElapsedTimer()
        self._again = QtCore.QTimer(self)
        self._again.setSingleShot(True)
        self._again.timeout.connect(self.ask)
        self._make_head()
        self._make_pages()
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._head)
        layout.addWidget(self.pages, 1)
        layout.addWidget(self._foot)
        document.listeners.append(self._changed)

    def close_down(self) -> None:
        """Stop listening."""
        self.document.listeners.remove(self._changed)

    def _changed(self, refs: frozenset[Ref]) -> None:
        self._signatures.forget(refs)
        self.mark_stale()

    # ------------------------------------------------ parts

    def _make_head(self) -> None:
        self.title = QtWidgets.QToolButton()
        self.title.setToolTip(self.tr("Show the card"))
        theme.wear(self.title, "title")
        self.title.clicked.connect(lambda: self.jump.emit(self.output[0] if self.output else ""))
        self.kind, self.statistics, self.wrong, self.readout = (caption("") for _ in range(4))
        self.wrong.setProperty("role", "error")
        for label in (self.kind, self.statistics, self.wrong, self.readout):
            theme.wear(label, "mono")
        self.kind.setWordWrap(True)
        for label in (self.kind, self.statistics, self.readout):
            label.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        self.copy_button = tool("copy", self.tr("Copy as text"), self.copy)
        self.tabs = QtWidgets.QTabBar()
        for text in (self.tr("Heat map"), self.tr("Table"), self.tr("Image"), self.tr("Histogram")):
            self.tabs.addTab(text)
        self.tabs.setAccessibleName(self.tr("Ways to look at values"))
        self.tabs.setExpanding(False)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tabs.currentChanged.connect(self._turn)
        self.slices = Slices()
        self.slices.changed.connect(self.ask)
        self.colors = QtWidgets.QComboBox()
        self.colors.addItems(list(COLOR_MAPS))
        self.colors.setAccessibleName(self.tr("Color map"))
        self.colors.setToolTip(self.tr("Color map; diverging has 0 in the middle"))
        self.colors.currentIndexChanged.connect(self.mark_stale)
        self._head = QtWidgets.QWidget()
        lines = QtWidgets.QVBoxLayout(self._head)
        lines.setContentsMargins(0, 0, 0, 0)
        lines.setSpacing(0)
        first = row(self.title, self.kind, self.copy_button, margins=(1, 4, 8, 0))
        first.setStretch(1, 1)
        second = row(self.statistics, self.wrong, margins=(10, 0, 10, 2))
        second.setStretch(0, 1)
        lines.addLayout(first)
        lines.addLayout(second)
        lines.addLayout(row(self.tabs, None, margins=(8, 0, 8, 2)))
        lines.addWidget(self.slices)
        self._foot = QtWidgets.QWidget()
        foot = row(self.readout, self.colors, margins=(10, 2, 8, 4))
        foot.setStretch(0, 1)
        self._foot.setLayout(foot)

    def _make_pages(self) -> None:
        self.heat, self.image = MatrixView(False), MatrixView(True)
        for view in (self.heat, self.image):
            view.hovered.connect(self._hover)
        self.table = ValueTable()
        self.histogram = HistogramView()
        self._blank = Blank(self.tr("Choose an output on the canvas, and its values are shown here."))
        self._wait = Blank(self.tr("Run the graph to see these values."), self.tr("Run"), "run",
                           lambda: self.request.emit(m.Run()))
        self._nothing = Blank(self.tr("This tensor has no elements."))
        self._none = Blank(self.tr("No tensor comes out of this card."))
        self.pages = Pages()
        for page in (self.heat, self.table, self.image, self.histogram, self._blank, self._wait, self._nothing,
                     self._none):
            self.pages.addWidget(page)

    # ------------------------------------------------ asking

    def show_output(self, card: str, output: int) -> None:
        """Show the values of an output from now on."""
        if self.output != (card, output):
            self.output = (card, output)
            self.parts, self._part, self.message = {}, None, ""
            self.readout.setText("")
            self.slices.shape, self.slices.boxes = (), []
            self.slices.hide()
            source = self.inference.document.card(card)
            if source is not None and source.kind.startswith("data/"):
                self.tabs.setCurrentIndex(TABLE)        # rows are to be read
            seen = self._previews.get(self.output)
            if seen is not None:
                self.slices.show_shape(tuple(seen.shape))
        self.mark_stale()
        self.ask()

    def ask(self) -> None:
        """Ask for what is shown, if anybody sees it."""
        if self.output is not None and self.is_seen and self._has_values:
            self._asked.start()
            self._asked_of = self._signatures.of(self.output[0])
            for index in self._wanted():
                self.request.emit(m.Inspect(self.output, index))

    @property
    def _has_values(self) -> bool:
        """Whether a tensor or rows of data come out, as far as that is known."""
        card, output = self.output or ("", 0)
        found = self.inference.outputs(card)[output:output + 1]
        return self.document.card(card) is None or any(r.carries in ("tensor", "feed") for r in found)

    def _wanted(self) -> list[Index | None]:
        """Parts that are needed: one, or three for a colour picture."""
        index = self.slices.index
        if not self.slices.boxes:
            return [None]
        if self.tabs.currentIndex() == IMAGE and has_colors(self.slices.shape, index):
            return [(*index[:-1], k) for k in range(3)]
        return [index]

    def appear(self) -> None:
        super().appear()
        self.ask()

    def take(self, reply: object) -> None:
        match reply:
            case m.TensorPart() if reply.output == self.output:
                self._take_part(reply)
            case m.Values():
                self._previews.update(reply.previews)
                if self.output in reply.previews:
                    self._ask_soon()
            case m.Finished(what="run") if self.output is not None:
                self._ask_soon()
            case m.Failed(what="inspect") if self.is_seen:
                self.message = f"{reply.text}; {reply.fix}" if reply.fix else reply.text
                self.parts, self._part = {}, None
            case m.Loaded():
                self._previews = {}
                return
            case _:
                return
        self.mark_stale()

    def _take_part(self, part: m.TensorPart) -> None:
        self.message, self._made_by = "", self._asked_of
        if tuple(part.whole) != self.slices.shape or (not self.slices.boxes and part.whole):
            self.parts = {}
            self.slices.show_shape(tuple(part.whole))
            if self.slices.index != tuple(part.index):
                self.ask()              # a picture is better seen otherwise than the process guessed
        self.parts[tuple(part.index)] = part

    def _ask_soon(self) -> None:
        """Ask now, or half a second after the last question."""
        waits = INTERVAL_MS - self._asked.elapsed() if self._asked.isValid() else 0
        if waits <= 0:
            self.ask()
        elif not self._again.isActive():
            self._again.start(waits)

    def _turn(self) -> None:
        if any(index not in self.parts for index in self._wanted()):
            self.ask()
        self.readout.setText("")
        self.mark_stale()

    # ------------------------------------------------ showing

    def refresh(self) -> None:
        if self._look is not theme.tokens:
            self._look = theme.tokens
            for view in (self.heat, self.image, self.histogram):
                view.dress()
        self._head.setVisible(self.output is not None)
        self._foot.hide()
        if self.output is None:
            self.pages.setCurrentWidget(self._blank)
            return
        card, output = self.output
        self.title.setText(card if not output else f"{card}:{output}")
        if not self._has_values:
            self._tell_type()
            self.pages.setCurrentWidget(self._none)
            return
        wanted = [self.parts.get(index or self.slices.index) for index in self._wanted()]
        self._part = wanted[0] or self._part
        if self._part is None:
            self._wait.label.setText(self.message or self.tr("Run the graph to see these values."))
            self.pages.setCurrentWidget(self._wait)
            self._tell_type()
            return
        self._tell(self._part)
        self._draw(self._part, [part for part in wanted if part is not None])

    def _tell_type(self) -> None:
        """What is known before it runs."""
        card, output = self.output or ("", 0)
        found = self.inference.outputs(card)
        self.kind.setText(f"{found[output].dtype} {found[output].shape}" if output < len(found) else "")
        self.statistics.setText("")
        self.wrong.setText("")

    def _tell(self, part: m.TensorPart) -> None:
        seen = self._previews.get(part.output, part.preview)
        size = byte_count(seen.bytes) if tuple(seen.shape) == tuple(part.whole) else ""
        shown = [n for n, k in zip(part.whole, part.index, strict=True) if k is None]
        cut = any(n > got for n, got in zip(shown, part.values.shape, strict=True))
        outdated = self._made_by != self._signatures.of(part.output[0])
        text = " · ".join(filter(None, (self.tr("before the edit") if outdated else "",
                                        self.tr("random") if seen.is_random else "",
                                        f"{part.dtype} {shape_text(part.whole)}", size,
                                        self.tr("first {0}").format(" × ".join(map(str, part.values.shape)))
                                        if cut else "")))
        self.kind.setText(text)
        self.kind.setToolTip(text)
        words = [] if seen.minimum is None else [
            f"{name} {number(value, 3)}" for name, value in (
                (self.tr("min"), seen.minimum), (self.tr("max"), seen.maximum), ("μ", seen.mean), ("σ", seen.std))]
        self.statistics.setText("  ".join(words))
        self.statistics.setToolTip("  ".join(words))
        wrong = [f"{count:,} {name}" for count, name in ((seen.nans, "NaN"), (seen.infs, "Inf")) if count]
        self.wrong.setText("  ".join(wrong))

    def _draw(self, part: m.TensorPart, parts: list[m.TensorPart]) -> None:
        tab = self.tabs.currentIndex()
        self.colors.setVisible(tab in (HEAT, IMAGE) and len(parts) == 1)
        values = np.asarray(part.values)
        if not values.size and tab != HISTOGRAM:
            self.pages.setCurrentWidget(self._nothing)
            return
        if tab == TABLE:
            self.table.show_values(values)
        elif tab == HISTOGRAM:
            self.histogram.show_preview(part.preview)
        elif tab == IMAGE and len(parts) == 3:
            self.image.show_channels([as_numbers(p.values) for p in parts])
        else:
            view = self.heat if tab == HEAT else self.image
            view.show_values(as_matrix(as_numbers(values)), self.colors.currentText())
        self._foot.setVisible(tab in (HEAT, IMAGE))
        self.pages.setCurrentIndex(tab)

    def _hover(self, row_: int, column: int) -> None:
        part = self._part
        if part is None or row_ < 0:
            self.readout.setText("")
            return
        matrix = as_matrix(np.asarray(part.values))
        if row_ >= matrix.shape[0] or column >= matrix.shape[1]:
            return
        free = iter((row_, column) if np.ndim(part.values) == 2 else (column,))
        place = ", ".join(str(next(free, 0) if k is None else k) for k in part.index)
        self.readout.setText(f"[{place}] = {cell_text(matrix[row_, column])}")

    def copy(self) -> None:
        """Put what is shown on the clipboard, as rows of numbers parted by tabs."""
        if self._part is not None:
            QtGui.QGuiApplication.clipboard().setText(as_text(np.asarray(self._part.values)))


def as_matrix(values: m.Array) -> m.Array:
    """Rows and columns: a vector is a row."""
    return values.reshape(1, -1) if values.ndim < 2 else values


def cell_text(value: Any) -> str:
    """An element with the digits that it has."""
    if isinstance(value, (np.floating, float, np.complexfloating, complex)):
        return f"{value:.6g}"
    return str(value.decode("utf8", "replace") if isinstance(value, bytes) else value)


def as_text(values: m.Array) -> str:
    """Rows of numbers parted by tabs, exact enough to be read back."""
    return "\n".join("\t".join(str(v) for v in line) for line in as_matrix(values).tolist())


class ValueTable(QtWidgets.QTableView):
    """The elements as text; Ctrl+C copies those that are selected."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Values"))
        self.values = ValueModel(self)
        self.setModel(self.values)
        theme.wear(self, "mono")
        self.setWordWrap(False)
        for header, size in ((self.horizontalHeader(), NARROWEST), (self.verticalHeader(), 22)):
            header.setDefaultSectionSize(size)
            header.setMinimumSectionSize(20)

    def show_values(self, values: m.Array) -> None:
        matrix = as_matrix(values)
        self.values.show_values(matrix)
        longest = max((cell_text(v) for v in matrix[:SAMPLED, :SAMPLED].flat), key=len, default="")
        self.horizontalHeader().setDefaultSectionSize(
            max(NARROWEST, self.fontMetrics().horizontalAdvance(longest) + 20))

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.matches(QtGui.QKeySequence.StandardKey.Copy):
            self.copy()
        else:
            super().keyPressEvent(event)

    def copy(self) -> None:
        places = sorted((index.row(), index.column()) for index in self.selectedIndexes())
        if places:
            rows = sorted({r for r, _ in places})
            lines = [[str(self.values.matrix[r, c]) for q, c in places if q == r] for r in rows]
            QtGui.QGuiApplication.clipboard().setText("\n".join("\t".join(line) for line in lines))


class ValueModel(QtCore.QAbstractTableModel):
    """A matrix; numbers at the right, what is no number in red."""

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.matrix: m.Array = np.zeros((0, 0))

    def show_values(self, matrix: m.Array) -> None:
        if matrix.shape == self.matrix.shape:
            self.matrix = matrix
            if matrix.size:
                self.dataChanged.emit(self.index(0, 0), self.index(matrix.shape[0] - 1, matrix.shape[1] - 1))
        else:
            self.beginResetModel()
            self.matrix = matrix
            self.endResetModel()

    def rowCount(self, parent: Any = None) -> int:
        return self.matrix.shape[0]

    def columnCount(self, parent: Any = None) -> int:
        return self.matrix.shape[1]

    def data(self, index: Any, role: int = 0) -> Any:
        value = self.matrix[index.row(), index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return cell_text(value)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and self.matrix.dtype.kind in "fc" and not np.isfinite(value):
            return theme.color("error")
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        return str(section) if role == Qt.ItemDataRole.DisplayRole else None


class HistogramView(QtWidgets.QWidget):
    """How often which values occur, with the mean."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._plot: Any = None
        self._preview: m.Preview | None = None
        self._layout = QtWidgets.QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    def show_preview(self, preview: m.Preview) -> None:
        pg = pyqtgraph()
        if self._plot is None:
            self._canvas = new_plots()
            self._canvas.setAccessibleName(self.tr("Histogram"))
            self._layout.addWidget(self._canvas)
            self._plot = add_plot(self._canvas, 0, 1)
        self._preview = preview
        self._plot.clear()
        if preview.minimum is None or preview.maximum is None or not preview.histogram:
            return
        low, high = preview.minimum, preview.maximum
        if low == high:
            low, high = low - 0.5, high + 0.5
        width = (high - low) / len(preview.histogram)
        left = low + width * np.arange(len(preview.histogram))
        color = theme.dtype(preview.dtype)
        self._plot.addItem(pg.BarGraphItem(x0=left, width=width * 0.9, height=np.array(preview.histogram), brush=color,
                                           pen=pg.mkPen(None)))
        if preview.mean is not None:
            pen = pg.mkPen(theme.color("text2"), style=Qt.PenStyle.DashLine)
            line = pg.InfiniteLine(preview.mean, pen=pen, label=f"μ {number(preview.mean)}",
                                   labelOpts={"color": theme.color("text2"), "position": 0.94})
            line.label.setFont(theme.font("small-mono"))
            self._plot.addItem(line)
        self._plot.setXRange(low, high)
        self._plot.setYRange(0, max(preview.histogram))

    def dress(self) -> None:
        if self._plot is not None:
            self._canvas.setBackground(theme.color("panel"))
            dress_plot(self._plot)
            if self._preview is not None:
                self.show_preview(self._preview)
