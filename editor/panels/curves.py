"""Curves of loss and metrics: a plot for each measure, a colour for each run; rows that train solid, others dashed."""
from __future__ import annotations

import html
from typing import Any

import numpy as np
from PySide6 import QtCore, QtGui, QtWidgets

from editor.theme import theme

from .amounts import number
from .live import add_plot, draw_curve, dress_plot, new_plots, pyqtgraph, series_color, series_pen
from .runs import TEST, Run, Runs, base, rises

Qt = QtCore.Qt
MOST_ACROSS = 3                     # plots beside each other


class CurvesView(QtWidgets.QWidget):
    """Plots of all visible runs. The plotting library is imported with the first curve.

    Attributes
    ----------
    logarithmic : the axis of what falls; measures that rise to 1 keep theirs
    smoothing : points that each point is the mean of
    """

    def __init__(self, runs: Runs, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.runs = runs
        self.logarithmic = False
        self.smoothing = 1
        self.plots: dict[str, Any] = {}
        self._canvas: Any = None
        self._lines: dict[tuple[int, str], Any] = {}        # (id of the run's number, label) -> curve
        self._hairs: dict[str, tuple[Any, Any]] = {}
        self._layout = QtWidgets.QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)

    # ------------------------------------------------ drawing

    def draw(self) -> None:
        """Show what the runs hold now."""
        measures = self.runs.measures
        if not measures:
            return
        if list(self.plots) != measures:
            self._place(measures)
        wanted = {(run.hue, label): (run, label) for run in self.runs.visible for label in run.curves}
        for key in [key for key in self._lines if key not in wanted]:
            plot = self.plots.get(base(key[1])[0])
            if plot is not None:
                plot.removeItem(self._lines[key])
            del self._lines[key]
        for key, (run, label) in wanted.items():
            self._draw_line(key, run, label)
        for name, plot in self.plots.items():
            plot.setLogMode(y=self.logarithmic and not rises(name))

    def _draw_line(self, key: tuple[int, str], run: Run, label: str) -> None:
        line = self._lines.get(key)
        if line is None:
            line = self.plots[base(label)[0]].plot()
            line.setClipToView(True)
            line.setDownsampling(auto=True, method="subsample")
            self._lines[key] = line
        epochs, values = run.curves[label].points(self.smoothing)
        if self.logarithmic and not rises(label):
            values = np.where(values > 0, values, np.nan)
        draw_curve(line, epochs, values, line_pen(run, base(label)[1]))

    def _place(self, measures: list[str]) -> None:
        """A plot for each measure, all over the same epochs."""
        if self._canvas is None:
            self._canvas = new_plots()
            self._canvas.setAccessibleName(self.tr("Curves over epochs"))
            self._canvas.scene().sigMouseMoved.connect(self._hover)
            self._canvas.viewport().installEventFilter(self)
            self._layout.addWidget(self._canvas)
        self._canvas.clear()
        self.plots, self._lines, self._hairs = {}, {}, {}
        across = min(len(measures), MOST_ACROSS)
        for place, name in enumerate(measures):
            plot = add_plot(self._canvas, place, across, name, counts=True)
            if self.plots:
                plot.setXLink(next(iter(self.plots.values())))
            self.plots[name] = plot
            self._hairs[name] = self._hair(plot)

    def dress(self) -> None:
        """Follow the theme."""
        if self._canvas is not None:
            self._canvas.setBackground(theme.color("panel"))
            for name, plot in self.plots.items():
                dress_plot(plot)
                plot.removeItem(self._hairs[name][0])
                plot.removeItem(self._hairs[name][1])
                self._hairs[name] = self._hair(plot)

    # ------------------------------------------------ cross-hair

    def _hair(self, plot: Any) -> tuple[Any, Any]:
        pg = pyqtgraph()
        line = pg.InfiniteLine(angle=90, pen=pg.mkPen(theme.color("text3"), style=Qt.PenStyle.DashLine))
        text = pg.TextItem(anchor=(0, 0), fill=theme.color("card", 0.94), border=pg.mkPen(theme.color("border")))
        text.setZValue(10)
        for item in (line, text):
            item.hide()
            plot.addItem(item, ignoreBounds=True)
        return line, text

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.Leave:
            self._hide_hairs()
        return super().eventFilter(watched, event)

    def _hide_hairs(self) -> None:
        for line, text in self._hairs.values():
            line.hide()
            text.hide()

    def _hover(self, place: QtCore.QPointF) -> None:
        inside = next((p for p in self.plots.values() if p.vb.sceneBoundingRect().contains(place)), None)
        if inside is None:
            self._hide_hairs()
        else:
            self.show_at(inside.vb.mapSceneToView(place).x())

    def show_at(self, epoch: float) -> None:
        """Put the cross-hair at an epoch, with the values nearest to it."""
        for name, plot in self.plots.items():
            line, text = self._hairs[name]
            line.setPos(epoch)
            line.show()
            text.setHtml(self.values_at(name, epoch))
            (left, right), (_, top) = plot.vb.viewRange()
            is_right = epoch > (left + right) / 2
            text.setAnchor((1.04 if is_right else -0.04, -0.04))
            text.setPos(epoch, top)
            text.show()
            text.updateTransform(force=True)    # while it was hidden it did not follow the axes

    def values_at(self, measure: str, epoch: float) -> str:
        """The values of a measure at an epoch, as rich text."""
        small = theme.font("mono")
        rows = [f'<span style="color:{theme.color("text2").name()}">{html.escape(self.tr("epoch"))} '
                f'{number(epoch, 3)}</span>']
        for run in self.runs.visible:
            for label, curve in run.curves.items():
                if base(label)[0] == measure and curve.epochs:
                    sign = "╌╌" if base(label)[1] else "──"
                    name = run.name if len(self.runs.visible) > 1 else ""
                    kind = self.tr("test") if label.startswith(TEST) else ""
                    rows.append(f'<span style="color:{series_color(run.hue).name()}">{sign}</span> '
                                f'<span style="color:{theme.color("text").name()}">{number(curve.at(epoch)[1])} '
                                f'{html.escape(name)} {html.escape(kind)}</span>')
        return f'<div style="font-family:\'{small.families()[0]}\'; font-size:11px">{"<br>".join(rows)}</div>'


def line_pen(run: Run, is_test: bool) -> QtGui.QPen:
    """Colour by run, dashes for rows that do not train."""
    return series_pen(run.hue, 1.6 if is_test else 2.0, is_test)
