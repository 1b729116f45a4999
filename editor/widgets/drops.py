"""What is dropped on a window."""
from __future__ import annotations

from PySide6 import QtCore, QtGui


def take_copy(event: QtGui.QDropEvent) -> None:
    """Take what is dropped, or say that it would be taken, as a copy.

    Whoever offers to move a file may delete it once that is accepted.
    """
    event.setDropAction(QtCore.Qt.DropAction.CopyAction)
    event.accept()
