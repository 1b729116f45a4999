"""Qt without a screen, and a home of its own for what the editor keeps between starts."""
from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"     # before Qt is imported

import pytest


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder for settings, recent files and journals of this test alone; in its windows nothing runs by itself."""
    home = tmp_path / "home"
    monkeypatch.setenv("GRAPHENGINE_EDITOR_HOME", str(home))
    if "qapp" in request.fixturenames:
        home.mkdir()
        (home / "settings.json").write_text('{"live": false}')
    yield home


@pytest.fixture
def hand(qtbot: Any) -> Iterator[Any]:
    """A person at a canvas with a small graph."""
    from hand import Hand, graph

    found = Hand(qtbot, graph())
    yield found
    found.close()


@pytest.fixture
def talk(qtbot: Any) -> Iterator[Any]:
    """A conversation with a process that runs graphs."""
    from talk import Talk

    from editor.run import ProcessRunner

    runner = ProcessRunner()
    runner.start()
    yield Talk(qtbot, runner)
    runner.close()
    assert not runner.alive


@pytest.fixture
def iris(talk: Any) -> Any:
    """The sample of that name, loaded."""
    from talk import SAMPLES

    from editor.model.files import open_document

    document = open_document(SAMPLES / "iris.graph.json")
    talk.load(document)
    return document
