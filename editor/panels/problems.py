"""What is wrong with the graph, and the edits that mend it."""
from __future__ import annotations

import math

from PySide6 import QtCore, QtGui, QtWidgets

from editor.infer import Fix, Inference, Problem
from editor.model.document import GraphDocument
from editor.theme import theme
from editor.widgets.labels import as_text
from editor.widgets.language import told

from .panel import Empty, Panel, column

Qt = QtCore.Qt
WITH_BUTTONS = 100                  # rows that have buttons; beyond, the card itself offers its repairs
SEVERITY, CARD, TEXT, FIXES = range(4)


class Problems(Panel):
    """A table of problems.

    Signals
    -------
    jump(card), edit(Change)
    counted(errors, warnings) : how many there are, also while the panel is not seen
    """

    jump = QtCore.Signal(str)
    edit = QtCore.Signal(object)
    counted = QtCore.Signal(int, int)

    def __init__(self, document: GraphDocument, inference: Inference, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("problems", self.tr("Problems"), parent)
        self.document, self.inference = document, inference
        self.table = QtWidgets.QTreeWidget()
        self.table.setAccessibleName(self.tr("Problems"))
        self.table.setColumnCount(4)
        self.table.setHeaderLabels(["", self.tr("Card"), self.tr("Problem"), self.tr("Repairs")])
        self.table.setRootIsDecorated(False)
        self.table.setUniformRowHeights(True)
        self.table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        header = self.table.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(34)
        header.setSectionResizeMode(SEVERITY, QtWidgets.QHeaderView.ResizeMode.Fixed)
        header.resizeSection(SEVERITY, 34)
        header.resizeSection(CARD, 160)
        header.setSectionResizeMode(TEXT, QtWidgets.QHeaderView.ResizeMode.Stretch)
        self.table.itemClicked.connect(lambda item, _: self._go(item))
        self.table.itemActivated.connect(lambda item, _: self._go(item))
        self.empty = Empty(self.tr("No problems"))
        column(self, [self.table, self.empty])
        self._shown: list[Problem] | None = None
        self._count = QtCore.QTimer(self, singleShot=True, interval=0)
        self._count.timeout.connect(self._tell)
        inference.listeners.append(self._follow)
        theme.changed.connect(self._forget)
        self._count.start()

    def close_down(self) -> None:
        """Stop listening."""
        self.inference.listeners.remove(self._follow)

    def _follow(self, cards: frozenset[str]) -> None:
        self._count.start()
        self.mark_stale()

    def _forget(self) -> None:
        self._shown = None

    def _tell(self) -> None:
        problems = self.inference.problems()
        errors = sum(problem.severity == "error" for problem in problems)
        self.counted.emit(errors, len(problems) - errors)

    def refresh(self) -> None:
        problems = self.inference.problems()
        if problems == self._shown:
            return
        self._shown = problems
        current = self._card(self.table.currentItem())
        self.table.clear()
        for k, problem in enumerate(problems):
            item = QtWidgets.QTreeWidgetItem(["", problem.card, told(problem.text), ""])
            is_error = problem.severity == "error"
            item.setIcon(SEVERITY, theme.icon("error" if is_error else "warning", "error" if is_error else "warn"))
            word = self.tr("Error") if is_error else self.tr("Warning")
            item.setData(SEVERITY, Qt.ItemDataRole.AccessibleTextRole, word)
            item.setToolTip(SEVERITY, word)
            item.setToolTip(TEXT, as_text(told(problem.detail)))
            item.setData(CARD, Qt.ItemDataRole.UserRole, problem.card)
            self.table.addTopLevelItem(item)
            if problem.fixes and k < WITH_BUTTONS:
                self.table.setItemWidget(item, FIXES, self._buttons(problem.fixes))
            if problem.card == current:
                self.table.setCurrentItem(item)
        self.table.header().resizeSection(FIXES, self._width_of_buttons())
        self.table.setVisible(bool(problems))
        self.empty.setVisible(not problems)

    def _buttons(self, fixes: tuple[Fix, ...]) -> QtWidgets.QWidget:
        holder = QtWidgets.QWidget()
        line = QtWidgets.QHBoxLayout(holder)
        line.setContentsMargins(4, 2, 8, 2)
        line.setSpacing(6)
        for fix in fixes:
            button = QtWidgets.QPushButton(told(fix.label))
            button.setStyleSheet("padding: 1px 10px; min-height: 18px;")
            theme.wear(button, "body")
            words = QtGui.QFontMetricsF(theme.font("body")).horizontalAdvance(button.text())
            button.setFixedWidth(math.ceil(words) + 26)
            button.clicked.connect(lambda _=False, fix=fix: self._mend(fix))
            line.addWidget(button)
        line.addStretch(1)
        return holder

    def _width_of_buttons(self) -> int:
        """What the widest row of buttons needs."""
        items = (self.table.topLevelItem(k) for k in range(min(self.table.topLevelItemCount(), WITH_BUTTONS)))
        holders = (self.table.itemWidget(item, FIXES) for item in items if item is not None)
        return max([80, *(holder.sizeHint().width() + 8 for holder in holders if holder is not None)])

    def _mend(self, fix: Fix) -> None:
        self.document.end_merging()
        try:
            change = fix.change(self.document)
        except ValueError:                  # the document has changed since; the problem is found anew
            self._shown = None
            self.mark_stale()
            return
        self.edit.emit(change)

    def _card(self, item: QtWidgets.QTreeWidgetItem | None) -> str:
        return str(item.data(CARD, Qt.ItemDataRole.UserRole)) if item is not None else ""

    def _go(self, item: QtWidgets.QTreeWidgetItem) -> None:
        self.jump.emit(self._card(item))

