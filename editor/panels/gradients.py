"""Gradients and updates of each card's variables over a training, and which of them vanish or explode."""
from __future__ import annotations

from typing import Any

import numpy as np
from PySide6 import QtCore, QtWidgets

from editor.theme import icon, theme

from .amounts import number
from .histograms import HistogramsView
from .live import add_plot, draw_curve, dress_plot, new_plots, series_color, series_pen, swatch
from .runs import GradientState, Run

Qt = QtCore.Qt
NUMBERS = 1, 2, 3                   # columns of the table


class GradientsView(QtWidgets.QSplitter):
    """A logarithmic plot, and a table with the last values.

    Signals
    -------
    jump(card) : a row was clicked
    """

    jump = QtCore.Signal(str)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.shows_ratio = self.shows_histograms = False
        self._canvas: Any = None
        self._plot: Any = None
        self._lines: dict[str, Any] = {}
        self._cells: list[list[QtWidgets.QTableWidgetItem]] = []
        left = QtWidgets.QWidget()
        self.histograms = HistogramsView()
        self._sides = QtWidgets.QStackedWidget()
        self._sides.addWidget(left)
        self._sides.addWidget(self.histograms)
        self._left = QtWidgets.QVBoxLayout(left)
        self._left.setContentsMargins(0, 0, 0, 0)
        self.table = QtWidgets.QTableWidget(0, 5)
        self.table.setAccessibleName(self.tr("Gradients of variables"))
        for column, (text, tip) in enumerate([
            (self.tr("variable"), self.tr("the card whose variables these are")),
            (self.tr("|∂|"), self.tr("norm of the gradient")), (self.tr("|w|"), self.tr("norm of the value")),
            (self.tr("Δw / w"), self.tr("norm of the last update over that of the value; 1e-3 is usual")), ("", ""),
        ]):
            item = QtWidgets.QTableWidgetItem(text)
            item.setToolTip(tip)
            item.setTextAlignment((Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft)
                                  | Qt.AlignmentFlag.AlignVCenter)
            self.table.setHorizontalHeaderItem(column, item)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.setShowGrid(False)
        self.table.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setMinimumWidth(300)
        self.table.setIconSize(QtCore.QSize(16, 16))
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QtWidgets.QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.Stretch)
        self.table.cellClicked.connect(self._choose)
        self.addWidget(self._sides)
        self.addWidget(self.table)
        self.setStretchFactor(0, 1)
        self.setSizes([460, 420])
        self.setChildrenCollapsible(False)

    def _choose(self, row: int, _: int) -> None:
        card = self._cells[row][0].text()
        self.histograms.show_card(card)
        self.jump.emit(card)

    def draw(self, run: Run) -> None:
        """Show a run."""
        self._fill(run)
        self._sides.setCurrentIndex(1 if self.shows_histograms else 0)
        if self.shows_histograms:
            self.histograms.draw(run.variables.items())
            return
        if self._plot is None:
            self._canvas = new_plots()
            self._left.addWidget(self._canvas)
            self._plot = add_plot(self._canvas, 0, 1, " ", counts=True)
            self._plot.setLogMode(y=True)
        curves = [state.ratios if self.shows_ratio else state.norms for state in run.gradients.values()]
        is_empty = not any(curve.highest[0] > 0 for curve in curves)    # a logarithmic axis has no place for zero
        self._plot.heading = self.tr("All gradients are zero: nothing is learnt") if is_empty and run.learns_nothing \
            else self.tr("norm of update / norm of value") if self.shows_ratio else self.tr("norm of gradient")
        self._plot.setTitle(self._plot.heading)
        for side in ("left", "bottom"):
            self._plot.getAxis(side).setStyle(showValues=not is_empty)
        for card in [card for card in self._lines if card not in run.gradients]:
            self._plot.removeItem(self._lines.pop(card))
        for number_, (card, state) in enumerate(run.gradients.items()):
            line = self._lines.get(card)
            if line is None:
                line = self._lines[card] = self._plot.plot()
                line.setClipToView(True)
            epochs, values = (state.ratios if self.shows_ratio else state.norms).points()
            is_late = number_ >= 9          # of a hue that an earlier one has, too
            draw_curve(line, epochs, np.where(values > 0, values, np.nan),
                       series_pen(number_, 1.4 if is_late else 2.0, is_late))

    def dress(self) -> None:
        self.histograms.dress()
        if self._plot is not None:
            self._canvas.setBackground(theme.color("panel"))
            dress_plot(self._plot)

    def _fill(self, run: Run) -> None:
        while len(self._cells) < len(run.gradients):
            self._add_row()
        del self._cells[len(run.gradients):]
        self.table.setRowCount(len(run.gradients))
        for place, (card, state) in enumerate(run.gradients.items()):
            ratio = state.ratios.last if state.ratios.values else None
            cells = self._cells[place]
            texts = card, number(state.norms.last, 3), number(state.weight, 3), number(ratio, 2)
            for cell, text in zip(cells, texts, strict=False):
                cell.setText(text)
            cells[0].setIcon(swatch(series_color(place), place >= 9))
            self._judge(cells[-1], state, run.learns_nothing)

    def _add_row(self) -> None:
        place = len(self._cells)
        self.table.setRowCount(place + 1)
        self._cells.append([QtWidgets.QTableWidgetItem() for _ in range(self.table.columnCount())])
        for column, cell in enumerate(self._cells[-1]):
            if column in NUMBERS:
                cell.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                cell.setFont(theme.font("mono"))
            self.table.setItem(place, column, cell)

    def _judge(self, item: QtWidgets.QTableWidgetItem, state: GradientState, learns_nothing: bool) -> None:
        verdict = state.verdict()
        token, drawing, text, tip = {
            "ok": ("ok", "ok", self.tr("ok"), self.tr("learning goes on in small steps")),
            "vanishing": ("warn", "warning", self.tr("vanishing"),
                          self.tr("updates are too small: raise the learning rate, or use other activations")),
            "exploding": ("error", "error", self.tr("exploding"),
                          self.tr("updates are a large part of the value: lower the learning rate")),
            "zero": (*(("warn", "warning") if learns_nothing else ("text3", "info")), self.tr("zero"),
                     self.tr("nothing of the loss depends on it here")),
            "nan": ("error", "error", self.tr("no number"), self.tr("NaN or infinity: lower the learning rate")),
        }[verdict]
        item.setText(text)
        item.setToolTip(tip)
        item.setIcon(icon(drawing, token))
        item.setForeground(theme.color(token))
