"""The release of Qt's bindings keeps count of None: one that does not ends the editor within a second of panning."""
from __future__ import annotations

import sys

from PySide6 import QtGui


def test_calls_that_return_nothing_keep_none_alive() -> None:
    path = QtGui.QPainterPath()
    before = sys.getrefcount(None)
    for _ in range(500):
        path.moveTo(1.0, 2.0)
    assert sys.getrefcount(None) > before - 50
