"""What the panels share that look at values and at the compiler: they follow what the running process replies, and
are drawn at most thirty times a second; a page without contents that says what fills it; plots in the theme's look.
"""
from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PySide6 import QtCore, QtGui, QtWidgets

from editor.run.messages import Array
from editor.theme import theme
from editor.widgets.labels import as_text

from .amounts import number
from .panel import Empty, Panel

FRAME_MS = 33                       # between two refreshes
FEW = 12                            # points of a curve that are shown as dots as well
APART = (0, 3, 8, 4, 5, 2, 7, 1, 6)     # hues in an order in which neighbours differ most


class LivePanel(Panel):
    """A panel that is fed with replies.

    Signals
    -------
    request(Request) : to be sent to the process
    """

    request = QtCore.Signal(object)

    def __init__(self, name: str, title: str, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(name, title, parent)
        self._timer.setInterval(FRAME_MS)

    def mark_stale(self, *_: Any) -> None:
        """As every panel does it, but without beginning to wait anew with each of many replies."""
        self._is_stale = True
        if self.is_seen and not self._timer.isActive():
            self._timer.start()

    def take(self, reply: object) -> None:
        """Hear what the process says; what does not concern the panel is ignored."""


class Blank(QtWidgets.QWidget):
    """A sentence in the middle, and a button below that does something about the emptiness."""

    def __init__(self, text: str, action: str = "", icon: str = "", does: Callable[[], None] | None = None,
                 parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = Empty(text)
        self.label.setContentsMargins(24, 0, 24, 0)
        self.label.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Preferred)
        self.button = QtWidgets.QPushButton(action)
        self.button.setVisible(does is not None)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setSpacing(12)
        layout.addStretch()
        layout.addWidget(self.label)
        layout.addWidget(self.button, alignment=QtCore.Qt.AlignmentFlag.AlignHCenter)
        layout.addStretch()
        if icon:
            theme.dress(self.button, icon)
        if does is not None:
            self.button.clicked.connect(lambda: does())


class Pages(QtWidgets.QStackedWidget):
    """Pages of which one is shown, none of which keeps the panel from being small."""

    def minimumSizeHint(self) -> QtCore.QSize:
        return QtCore.QSize(80, 60)


def tool(icon: str, tip: str, does: Callable[[], None] | None = None, checkable: bool = False) -> QtWidgets.QToolButton:
    """A small button with a drawing; `tip` is its name for readers too."""
    button = QtWidgets.QToolButton()
    button.setToolTip(tip)
    button.setCheckable(checkable)
    button.setAccessibleName(tip)
    button.setIconSize(QtCore.QSize(18, 18))
    theme.dress(button, icon)
    if does is not None:
        button.clicked.connect(lambda: does())
    return button


def caption(text: str, role: str = "muted") -> QtWidgets.QLabel:
    """A label beside a field."""
    label = QtWidgets.QLabel()
    label.setTextFormat(QtCore.Qt.TextFormat.PlainText)
    label.setText(text)
    label.setProperty("role", role)
    theme.wear(label, "body")
    return label


def say(label: QtWidgets.QLabel, text: str, role: str = "muted") -> None:
    """Let a label say something else, perhaps in another colour."""
    if label.text() != text:
        label.setText(text)
        label.setToolTip(as_text(text))
    if label.property("role") != role:
        label.setProperty("role", role)
        label.style().unpolish(label)
        label.style().polish(label)


class Fitting(QtWidgets.QLabel):
    """A label that shows the longest of some texts for which there is room."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(QtCore.Qt.TextFormat.PlainText)
        self._texts: Sequence[str] = ("",)
        self.setProperty("role", "muted")
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)

    def offer(self, *texts: str, role: str = "muted") -> None:
        """texts : the longest first; the last is cut where even that is too long."""
        self._texts = texts
        self._choose(role)
        self.setToolTip(as_text(texts[0]))

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        self._choose(self.property("role"))

    def _choose(self, role: str) -> None:
        letters = self.fontMetrics()
        chosen = next((text for text in self._texts if letters.horizontalAdvance(text) <= self.width()), None)
        say(self, letters.elidedText(self._texts[-1], QtCore.Qt.TextElideMode.ElideRight, self.width())
            if chosen is None else chosen, role)
        self.setToolTip(as_text(self._texts[0]))


def row(*parts: QtWidgets.QWidget | int | None, margins: tuple[int, int, int, int] = (8, 4, 8, 4)) \
        -> QtWidgets.QHBoxLayout:
    """Widgets beside each other; a number is a gap, None takes what is left."""
    layout = QtWidgets.QHBoxLayout()
    layout.setContentsMargins(*margins)
    layout.setSpacing(6)
    for part in parts:
        if part is None:
            layout.addStretch(1)
        elif isinstance(part, int):
            layout.addSpacing(part)
        else:
            layout.addWidget(part)
    return layout


def swatch(color: QtGui.QColor, dashed: bool = False) -> QtGui.QIcon:
    """A piece of a line, for legends."""
    picture = QtGui.QPixmap(32, 32)
    picture.setDevicePixelRatio(2)
    picture.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(picture)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    pen = QtGui.QPen(color, 2.5, c=QtCore.Qt.PenCapStyle.FlatCap)
    if dashed:
        pen.setDashPattern([2, 1.2])
    painter.setPen(pen)
    painter.drawLine(QtCore.QPointF(0, 8), QtCore.QPointF(16, 8))
    painter.end()
    return QtGui.QIcon(picture)


# -------------------------------------------------------------------- plots

def series_color(number: int) -> QtGui.QColor:
    """The colour of a run, a curve or a class."""
    return theme.hue(APART[number % len(APART)])


@functools.cache
def pyqtgraph() -> Any:
    """The library that draws curves; it takes half a second to import, so only who shows a plot asks for it."""
    import pyqtgraph as pg

    pg.setConfigOptions(antialias=True, imageAxisOrder="row-major")
    return pg


def new_plots() -> Any:
    """An empty `GraphicsLayoutWidget`; `add_plot` puts plots on it."""
    plots = pyqtgraph().GraphicsLayoutWidget()
    plots.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
    plots.setMinimumSize(80, 60)
    plots.ci.setContentsMargins(6, 2, 10, 2)
    plots.ci.layout.setSpacing(4)
    plots.setBackground(theme.color("panel"))
    return plots


@functools.cache
def _axis() -> Any:
    """The class of axes, made once the library is there."""

    class Axis(pyqtgraph().AxisItem):  # type: ignore[misc]
        """Numbers as elsewhere in the panels; whole ones where it counts something."""

        counts = False

        def tickSpacing(self, minVal: float, maxVal: float, size: float) -> Any:
            levels = super().tickSpacing(minVal, maxVal, size)
            return ([level for level in levels if level[0] >= 1] or [(1.0, 0.0)]) if self.counts else levels

        def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
            if self.logMode:
                return [power_tick(10.0**value * scale) for value in values]
            return [plain_tick(value * scale, spacing * scale) for value in values]

    return Axis


def tick_step(size: int, most: int = 10) -> int:
    """Elements between two numbers on an axis: 1, 2 or 5 times a power of ten, so that there are at most so many."""
    return next(step for k in itertools.count() for step in (10**k, 2 * 10**k, 5 * 10**k) if size <= most * step)


def plain_tick(value: float, spacing: float) -> str:
    """What stands at a tick: as many places as tell it from the next one."""
    places = max(0, math.ceil(-math.log10(spacing) - 1e-9))
    return number(value) if places > 4 or abs(value) >= 1e6 else f"{round(value, places) + 0.0:,.{places}f}".replace(
        "-", "−")


def power_tick(value: float) -> str:
    """What stands at a tick of a logarithmic axis: 1, 2 and 5 of each decade, with its power where that is shorter."""
    digit, _, power = f"{value:.0e}".partition("e")
    if digit not in ("1", "2", "5"):
        return ""
    return number(value, 1) if -3 <= int(power) < 5 else f"{digit}e{int(power)}".replace("-", "−")


def add_plot(plots: Any, place: int, across: int, title: str = "", counts: bool = False) -> Any:
    """A plot at a place, counted along rows of `across`. counts : whether there are whole numbers only along it"""
    axes = {side: _axis()(side) for side in ("left", "bottom")}
    axes["bottom"].counts = counts
    plot = plots.addPlot(row=place // across, col=place % across, axisItems=axes)
    plot.hideButtons()
    plot.setMenuEnabled(False)
    plot.heading = title
    dress_plot(plot)
    return plot


def dress_plot(plot: Any) -> None:
    """Give a plot the colours and fonts that are on now."""
    if plot.heading:
        plot.setTitle(plot.heading, color=theme.color("text2"), size="11px")
        plot.titleLabel.item.setFont(theme.font("small-medium"))
    for side in ("left", "bottom"):
        axis = plot.getAxis(side)
        axis.setPen(theme.pen("border"))
        axis.setTextPen(theme.color("text2"))
        axis.setStyle(tickFont=theme.font("small-mono"), tickLength=-4, hideOverlappingLabels=True)
    plot.showGrid(x=True, y=True, alpha=0.14 if theme.is_dark else 0.2)


def series_pen(number: int, width: float, is_dashed: bool) -> QtGui.QPen:
    """The pen of a curve, in pixels at every zoom of the plot and scale of the screen."""
    ratio = max((screen.devicePixelRatio() for screen in QtGui.QGuiApplication.screens()), default=1.0)
    pen = QtGui.QPen(series_color(number), width * ratio)
    pen.setCosmetic(True)
    if is_dashed:
        pen.setDashPattern([4, 3])
    return pen


def draw_curve(line: Any, epochs: Array, values: Array, pen: QtGui.QPen) -> None:
    """Give a curve its points, with gaps where values are no numbers; a few are dots, to tell what was measured."""
    good = np.isfinite(values)
    line.setPen(pen)
    dots: dict[str, Any] = {"symbol": None}
    if 0 < good.sum() <= FEW:
        dots = {"symbol": "o", "symbolSize": 6, "symbolPen": None, "symbolBrush": pen.color()}
    if good.sum() > 1:
        line.setData(epochs, np.where(good, values, np.nan), connect="finite", **dots)
    else:
        line.setData(epochs[good], values[good], **dots)
