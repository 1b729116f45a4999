"""Windows and the screens that they are on."""
from __future__ import annotations

from PySide6 import QtCore, QtWidgets

TITLE = 36                                  # pixels that the bar above a window takes, about


def resize_on_screen(window: QtWidgets.QWidget, width: int, height: int) -> None:
    """Give a window that is not shown yet a size; less where its screen is smaller."""
    room = window.screen().availableGeometry().size() - QtCore.QSize(0, TITLE)
    window.resize(QtCore.QSize(width, height).boundedTo(room))
