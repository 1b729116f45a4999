"""A row that says where one is, and leads back: the way from the graph, every step but the last a button."""
from __future__ import annotations

from collections.abc import Sequence

from PySide6 import QtCore, QtWidgets

from editor.theme import theme

from .labels import clear, label


class Crumbs(QtWidgets.QWidget):
    """chosen(steps) : signal; how many steps of the way, after the graph, are to be left; 0 is the graph."""

    chosen = QtCore.Signal(int)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QtWidgets.QHBoxLayout(self)
        self._row.setContentsMargins(8, 4, 12, 4)
        self._row.setSpacing(2)

    def show_way(self, way: Sequence[str], hint: str) -> None:
        """way : names after that of the graph."""
        clear(self._row)
        names = [self.tr("Graph"), *way]
        for k, name in enumerate(names):
            if k:
                arrow = QtWidgets.QLabel()
                arrow.setPixmap(theme.icon("chevron-right", "text3").pixmap(14, 14))
                self._row.addWidget(arrow)
            if k == len(names) - 1:
                here = label(name, face="bold")
                here.setContentsMargins(6, 0, 6, 0)
                self._row.addWidget(here)
                continue
            button = QtWidgets.QToolButton()
            button.setText(name)
            button.setObjectName(f"crumb_{k}")
            button.setToolTip(self.tr("Back to {0}").format(name))
            button.clicked.connect(lambda _=False, k=k: self.chosen.emit(k),
                                   QtCore.Qt.ConnectionType.QueuedConnection)       # the button goes with it
            self._row.addWidget(button)
        self._row.addStretch(1)
        self._row.addWidget(label(hint, role="hint"))
