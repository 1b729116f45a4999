"""How the values of variables and their gradients are spread, a row for each variable: a `Run` comes in."""
from __future__ import annotations

from collections.abc import Iterable

from PySide6 import QtCore, QtGui, QtWidgets

from editor.run.messages import Preview, VariableLook
from editor.scene.preview import rebinned
from editor.theme import theme
from editor.widgets.labels import as_text, label

from .amounts import number
from .panel import Empty

Qt = QtCore.Qt
BARS = 32
HEIGHT = 58                         # of a row
WORDS = 15                          # of the line of words below the bars


class Histogram(QtWidgets.QWidget):
    """Bars from the smallest to the largest value, with these, mean and deviation below; a line stands at zero.

    what : in words, for who does not see it
    token : of the colour
    """

    def __init__(self, what: str, token: str, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.what, self.token = what, token
        self.preview: Preview | None = None
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(120)

    def show_preview(self, preview: Preview) -> None:
        self.preview = preview
        words = self.words
        self.setToolTip(as_text(f"{self.what}: {words}"))
        self.setAccessibleName(f"{self.what}: {words}")
        self.update()

    @property
    def is_bad(self) -> bool:
        """Whether some elements are no numbers."""
        return self.preview is not None and bool(self.preview.nans or self.preview.infs)

    @property
    def words(self) -> str:
        p = self.preview
        if p is None:
            return ""
        bad = f"{p.nans} NaN, {p.infs} ∞" if self.is_bad else ""
        if p.minimum is None or p.maximum is None:
            return bad
        span = f"{number(p.minimum, 2)} … {number(p.maximum, 2)}"
        return "  ".join(filter(None, (span, f"σ {number(p.std or 0.0, 2)}", bad)))

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        area = QtCore.QRectF(self.rect()).adjusted(0.5, 2.5, -0.5, -2.5)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("well"))
        painter.drawRoundedRect(area, 4, 4)
        if self.preview is None:
            return
        self._paint_bars(painter, area.adjusted(5, 4, -5, -WORDS))
        painter.setFont(theme.font("small-mono"))
        painter.setPen(theme.color("error" if self.is_bad else "text2"))
        below = QtCore.QRectF(area.left() + 5, area.bottom() - WORDS, area.width() - 10, WORDS)
        text = painter.fontMetrics().elidedText(self.words, Qt.TextElideMode.ElideRight, int(below.width()))
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)

    def _paint_bars(self, painter: QtGui.QPainter, room: QtCore.QRectF) -> None:
        preview = self.preview
        if preview is None or preview.minimum is None or preview.maximum is None or not any(preview.histogram):
            return
        step = room.width() / BARS
        painter.setBrush(theme.color(self.token))
        painter.drawRects([
            QtCore.QRectF(room.left() + step * k, room.bottom() - room.height() * h, max(step - 1, 1),
                          room.height() * h)
            for k, h in enumerate(rebinned(preview.histogram, BARS)) if h])
        if preview.minimum < 0 < preview.maximum:
            x = room.left() + room.width() * -preview.minimum / (preview.maximum - preview.minimum)
            painter.setPen(QtGui.QPen(theme.color("text3"), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QtCore.QPointF(x, room.top()), QtCore.QPointF(x, room.bottom()))


class VariableRow(QtWidgets.QWidget):
    """A variable: its name and shape, its values, its gradient."""

    def __init__(self, name: str, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = label(name, tip=name)
        self.shape = QtWidgets.QLabel()
        self.shape.setProperty("role", "muted")
        theme.wear(self.name, "body")
        theme.wear(self.shape, "small-mono")
        self.weight = Histogram(self.tr("values of {0}").format(name), "accent")
        self.gradient = Histogram(self.tr("gradient of {0}").format(name), "gradient")
        words = QtWidgets.QVBoxLayout()
        words.setSpacing(0)
        words.addStretch()
        words.addWidget(self.name)
        words.addWidget(self.shape)
        words.addStretch()
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 8, 0)
        layout.setSpacing(8)
        layout.addLayout(words)
        layout.addWidget(self.weight, 1)
        layout.addWidget(self.gradient, 1)
        self.name.setFixedWidth(104)

    def show_look(self, look: VariableLook) -> None:
        self.shape.setText(" × ".join(map(str, look.weight.shape)) or self.tr("scalar"))
        self.weight.show_preview(look.weight)
        self.gradient.show_preview(look.gradient)


class HistogramsView(QtWidgets.QScrollArea):
    """The variables of a training."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Histograms of variables and gradients"))
        self.rows: dict[str, VariableRow] = {}
        self._cards: dict[str, str] = {}
        page = QtWidgets.QWidget()
        self._layout = QtWidgets.QVBoxLayout(page)
        self._layout.setContentsMargins(0, 4, 0, 4)
        self._layout.setSpacing(2)
        self._head = QtWidgets.QHBoxLayout()
        self._head.setContentsMargins(120, 0, 8, 0)
        self._head.setSpacing(8)
        for text in (self.tr("values"), self.tr("gradient")):
            self._head.addWidget(label(text, "hint"), 1)
        self._layout.addLayout(self._head)
        self._none = Empty(self.tr("Histograms come with the next report of a training."))
        self._layout.addWidget(self._none)
        self._layout.addStretch(1)
        self.setWidget(page)

    def draw(self, variables: Iterable[tuple[str, VariableLook]]) -> None:
        """Show variables, by name."""
        shown = dict(variables)
        for name in [name for name in self.rows if name not in shown]:
            gone = self.rows.pop(name)
            gone.hide()
            gone.deleteLater()
        self._none.setVisible(not shown)
        for name, look in shown.items():
            row = self.rows.get(name)
            if row is None:
                row = self.rows[name] = VariableRow(name)
                self._layout.insertWidget(self._layout.count() - 1, row)
            row.show_look(look)
        self._cards = {name: look.card for name, look in shown.items()}

    def show_card(self, card: str) -> None:
        """Bring the variables of a card into view."""
        name = next((name for name, owner in self._cards.items() if owner == card), None)
        if name is not None:
            self.ensureWidgetVisible(self.rows[name], 0, HEIGHT)

    def dress(self) -> None:
        for row in self.rows.values():
            row.update()
