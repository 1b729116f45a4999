"""Generated source of each kernel, with the lines of the selected cards marked, and the whole explanation as text."""
from __future__ import annotations

from collections.abc import Iterable

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.document import GraphDocument
from editor.run import messages as m
from editor.theme import theme
from editor.widgets.labels import as_text
from editor.widgets.source import SourceView

from .compiler import CompilerPanel
from .live import Pages, caption, tool

Qt = QtCore.Qt
SOURCE, EXPLANATION = range(2)


class CodePanel(CompilerPanel):
    """Kernels at the left, the source of the chosen one at the right. A click on a line leads to its card."""

    def __init__(self, document: GraphDocument, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("code", self.tr("Code"), document,
                         self.tr("Compile the graph to read the code that runs it, kernel by kernel."),
                         self.tr("Compile"), "code", parent)
        self._shown: m.Compiled | None = None
        self.tabs = QtWidgets.QTabBar()
        self.tabs.addTab(self.tr("Source"))
        self.tabs.addTab(self.tr("Explanation"))
        self.tabs.setExpanding(False)
        self.tabs.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.tabs.setAccessibleName(self.tr("Source or explanation"))
        self.copy_button = tool("copy", self.tr("Copy the text"), self.copy)
        self.bar.addWidget(self.tabs)
        self.bar.addWidget(self.copy_button)
        self.kernels = QtWidgets.QTreeWidget()
        self.kernels.setAccessibleName(self.tr("Kernels"))
        self.kernels.setHeaderHidden(True)
        self.kernels.setRootIsDecorated(False)
        self.kernels.setTextElideMode(Qt.TextElideMode.ElideMiddle)     # the end says how many ops became one loop
        self.kernels.setMinimumWidth(160)
        self.kernels.currentItemChanged.connect(lambda *_: self._show_kernel())
        self.reason = caption("", "hint")
        self.reason.setWordWrap(True)
        self.reason.setContentsMargins(10, 2, 10, 6)
        self.source = SourceView()
        self.source.setAccessibleName(self.tr("Source of the kernel"))
        self.source.line_clicked.connect(self._click_line)
        self.text = SourceView(is_python=False)
        self.text.setAccessibleName(self.tr("Explanation"))
        right = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.source, 1)
        column.addWidget(self.reason)
        split = QtWidgets.QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self.kernels)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([280, 520])
        self.views = Pages()
        self.views.addWidget(split)
        self.views.addWidget(self.text)
        self.tabs.currentChanged.connect(self.views.setCurrentIndex)
        layout = QtWidgets.QVBoxLayout(self.contents)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.views)

    # ------------------------------------------------ contents

    def summary(self) -> str:
        if self.compiled is None:
            return ""
        different = len({k.name.rpartition(" ")[2] for k in self.compiled.kernels})
        return self.tr("{0} kernel calls · {1} different").format(len(self.compiled.kernels), different)

    @property
    def kernel(self) -> m.KernelInfo | None:
        """The kernel that is shown."""
        place = self._place()
        return self.compiled.kernels[place] if self.compiled is not None and place >= 0 else None

    def draw(self) -> None:
        if self.compiled is None:
            return
        if self._shown is not self.compiled:
            self._fill(self.compiled)
        for place, kernel in enumerate(self.compiled.kernels):
            item = self.kernels.topLevelItem(place)
            if item is not None:
                is_chosen = bool(self.selected & set(kernel.cards))
                item.setForeground(0, theme.color("accent" if is_chosen else "text"))
                item.setFont(0, theme.font("bold" if is_chosen else "body"))
        self.source.mark_lines(self._own_lines())

    def _fill(self, compiled: m.Compiled) -> None:
        chosen = self._place()
        before = self._shown.kernels[chosen].name if self._shown is not None and chosen >= 0 else ""
        self._shown = compiled
        with QtCore.QSignalBlocker(self.kernels):
            self.kernels.clear()
            for place, kernel in enumerate(compiled.kernels):
                item = QtWidgets.QTreeWidgetItem(self.kernels, [f"{place}  {kernel.title}"])
                item.setToolTip(0, as_text("\n".join(filter(None, (
                    kernel.name, ", ".join(kernel.cards), kernel.reason)))))
        names = [k.name for k in compiled.kernels]
        if names:
            own = next((k for k, kernel in enumerate(compiled.kernels) if self.selected & set(kernel.cards)), 0)
            self._choose(names.index(before) if before in names else own)
        self.text.show_text(compiled.text)
        self._show_kernel()

    def _place(self) -> int:
        item = self.kernels.currentItem()
        return -1 if item is None else self.kernels.indexOfTopLevelItem(item)

    def _show_kernel(self) -> None:
        kernel = self.kernel
        if kernel is None:
            self.source.show_text("")
            self.reason.setText("")
            return
        self.source.show_text(kernel.source, kernel.lines)
        self.source.mark_lines(self._own_lines())
        lines = kernel.reason.splitlines()
        self.reason.setText(self.tr("Not fused with {0}").format("; ".join(lines)) if lines else "")
        self.reason.setVisible(bool(lines))

    def _own_lines(self) -> frozenset[int]:
        kernel = self.kernel
        return frozenset() if kernel is None else frozenset(k for k, card in kernel.lines.items()
                                                            if card in self.selected)

    # ------------------------------------------------ both ways

    def select(self, cards: Iterable[str]) -> None:
        """Mark these cards' lines; if the kernel that is shown has none of them, show one that has."""
        super().select(cards)
        if self.compiled is None or not self.selected:
            return
        self.update_now()
        if self.kernel is None or not self.selected & set(self.kernel.cards):
            for place, kernel in enumerate(self.compiled.kernels):
                if self.selected & set(kernel.cards):
                    self._choose(place)
                    break

    def _choose(self, place: int) -> None:
        item = self.kernels.topLevelItem(place)
        if item is not None:
            self.kernels.setCurrentItem(item)

    def _click_line(self, line: int) -> None:
        kernel = self.kernel
        if kernel is not None and line in kernel.lines:
            self.jump.emit([kernel.lines[line]])

    def copy(self) -> None:
        """Put the text that is shown on the clipboard."""
        view = self.source if self.tabs.currentIndex() == SOURCE else self.text
        QtGui.QGuiApplication.clipboard().setText(view.toPlainText())
