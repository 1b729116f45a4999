"""Qt without a screen, and a home of its own for what the editor keeps between starts."""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"     # before Qt is imported

import pytest


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for settings, recent files and journals of this test alone."""
    home = tmp_path / "home"
    monkeypatch.setenv("GRAPHENGINE_EDITOR_HOME", str(home))
    yield home


@pytest.fixture
def hand(qtbot: Any) -> Iterator[Any]:
    """A person at a canvas with a small graph."""
    from hand import Hand, graph

    found = Hand(qtbot, graph())
    yield found
    found.close()
