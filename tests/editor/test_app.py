"""Starting the editor: what it refuses, and its command line."""
from __future__ import annotations

import subprocess
import sys

import PySide6
import pytest
from PySide6 import QtGui

from editor import app


def test_a_release_of_qt_that_crashes_is_refused(monkeypatch):
    monkeypatch.setattr(PySide6, "__version__", "6.12.0")
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    assert "PySide6-Essentials<6.12" in app.refusal()
    monkeypatch.setattr(sys, "version_info", (3, 12, 1))
    assert app.refusal() is None
    monkeypatch.setattr(PySide6, "__version__", "6.11.3")
    monkeypatch.setattr(sys, "version_info", (3, 11, 7))
    assert app.refusal() is None


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="nobody counts references to None there")
def test_calls_that_return_nothing_keep_none_alive():
    """A release of the bindings that does not ends the editor within a second of panning."""
    path = QtGui.QPainterPath()
    before = sys.getrefcount(None)
    for _ in range(500):
        path.moveTo(1.0, 2.0)
    assert sys.getrefcount(None) > before - 50


def test_help_needs_no_screen():
    done = subprocess.run([sys.executable, "-m", "editor", "--help"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "usage" in done.stdout


def test_the_command_line_knows_the_editor():
    command = [sys.executable, "-m", "graphengine", "edit", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and "editor" in done.stdout
