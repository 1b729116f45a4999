"""Qt without a screen, and a home of its own for what the editor keeps between starts."""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["QT_QPA_PLATFORM"] = "offscreen"     # before Qt is imported

import pytest
from pytestqt.qtbot import QtBot

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
HANGS_MS = 120_000                              # that nothing takes, whatever else the machine does


class Patient(QtBot):
    """Waits until something comes, and gives up only where nothing ever will."""

    def waitUntil(self, callback: Any, *, timeout: int = HANGS_MS) -> None:
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal: Any, *, timeout: int = HANGS_MS, **options: Any) -> Any:
        return super().waitSignal(signal, timeout=timeout, **options)

    def waitSignals(self, signals: Any, *, timeout: int = HANGS_MS, **options: Any) -> Any:
        return super().waitSignals(signals, timeout=timeout, **options)

    def waitExposed(self, widget: Any, *, timeout: int = HANGS_MS) -> Any:
        return super().waitExposed(widget, timeout=timeout)


@pytest.fixture
def qtbot(qapp: Any, request: pytest.FixtureRequest) -> QtBot:
    return Patient(request)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A folder for settings, recent files and journals of this test alone; in its windows nothing runs by itself."""
    home = tmp_path / "home"
    monkeypatch.setenv("GRAPHENGINE_EDITOR_HOME", str(home))
    if "qapp" in request.fixturenames:
        home.mkdir()
        (home / "settings.json").write_text('{"live": false}')
    yield home


@pytest.fixture(autouse=True)
def time_to_answer(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A process that runs graphs is killed where it does not obey, not where the machine has no time for it."""
    if "qapp" in request.fixturenames:
        monkeypatch.setattr("editor.run.process.ANSWER_MS", HANGS_MS // 2)


@pytest.fixture
def open_window(qtbot: Any, qapp: Any) -> Iterator[Any]:
    """Opens windows of documents, and closes them when their files are written."""
    from PySide6 import QtCore

    from editor.io.settings import Settings
    from editor.main_window import MainWindow
    from editor.theme import install

    install(qapp)
    opened = []

    def open_(document: Any, path: Path | None = None, folder: Path | None = None, version: Any = None,
              size: tuple[int, int] = (1400, 900)) -> Any:
        made = MainWindow(document, path, Settings(), "Test", folder, version)
        made.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose, False)
        opened.append(made)
        made.show()
        made.arrange_if_new()
        made.resize(*size)
        return made

    yield open_
    for made in opened:
        qtbot.waitUntil(lambda made=made: made.saving.path is None)
        made.document.mark_saved()
        made.close()
        made.deleteLater()
    qtbot.wait(1)


@pytest.fixture
def iris_file(tmp_path: Path) -> Path:
    """The drawn iris sample in a folder of its own."""
    shutil.copytree(SAMPLES / "data", tmp_path / "data")
    return Path(shutil.copy(SAMPLES / "drawn_iris.graph.json", tmp_path))


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
