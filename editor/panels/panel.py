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
        self._is_behind = False             # another tab
        self._timer = QtCore.QTimer(self, singleShot=True, interval=0)
        self._timer.timeout.connect(self.update_now)
        theme.changed.connect(self.mark_stale)

    @property
    def is_seen(self) -> bool:
        """Whether it is on the screen. Qt takes a panel behind another tab for visible: it lies outside the window."""
        return self.isVisible() and not self._is_behind

    def come_forward(self, is_seen: bool) -> None:
        """Its dock came before the others with which it shares a place, or went behind them."""
        self._is_behind = not is_seen
        if is_seen:
            self.appear()

    def appear(self) -> None:
        """It came on the screen."""
        self.update_now()

    def mark_stale(self, *_: Any) -> None:
        """Something that is shown has changed: show it anew after the present event, or once the panel is seen."""
        self._is_stale = True
        if self.is_seen:
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
        if self.is_seen:
            self.appear()


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
