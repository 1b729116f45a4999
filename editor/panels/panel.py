"""What panels have in common: they are brought up to date when something changed and they are seen, not before."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from editor.theme import theme


class Panel(QtWidgets.QWidget):
    """A panel that shows something that changes.

    Parameters
    ----------
    name : object name; the window saves its layout by it
    title : what it is called on the screen and for readers
    """

    def __init__(self, name: str, title: str, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setWindowTitle(title)
        self._is_stale = True
        self._timer = QtCore.QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.update_now)
        theme.changed.connect(self.mark_stale)

    def mark_stale(self, *_: Any) -> None:
        """Something that is shown has changed: show it anew after the present event, or once the panel is seen."""
        self._is_stale = True
        if self.isVisible():
            self._timer.start()

    def update_now(self) -> None:
        """Show what is there, if it is not shown already."""
        if self._is_stale:
            self._is_stale = False
            self.refresh()

    def refresh(self) -> None:
        """Show what is there; panels say how."""

    def showEvent(self, event: QtGui.QShowEvent) -> None:
        super().showEvent(event)
        self.update_now()


class Empty(QtWidgets.QLabel):
    """What stands where there is nothing to show, and what to do about it."""

    def __init__(self, text: str, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setProperty("role", "hint")
        self.setWordWrap(True)
        self.setAlignment(QtCore.Qt.AlignmentFlag.AlignCenter)
        self.setContentsMargins(24, 24, 24, 24)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Preferred, QtWidgets.QSizePolicy.Policy.Expanding)


def column(parent: QtWidgets.QWidget, widgets: Iterable[QtWidgets.QWidget] = (), margin: int = 0,
           spacing: int = 0) -> QtWidgets.QVBoxLayout:
    """Widgets under each other."""
    layout = QtWidgets.QVBoxLayout(parent)
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    for widget in widgets:
        layout.addWidget(widget)
    return layout
