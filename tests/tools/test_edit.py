"""`edit`: what the editor is started with, and what comes back. No window is opened."""
from __future__ import annotations

import os
import subprocess

import pytest

import graphengine as ge
from graphengine import keras


class Editor:
    """Stands for the process: saves another graph over the file, if it is told to."""

    saves = False

    def __init__(self, command, env):
        type(self).command, type(self).env = command, env

    def wait(self):
        if self.saves:
            graph = ge.Graph()
            with graph.as_default():
                ge.constant(3.0, name="three")
            graph.save(self.command[-1])


@pytest.fixture
def editor(monkeypatch):
    monkeypatch.setattr(subprocess, "Popen", Editor)
    monkeypatch.setattr(Editor, "saves", False)
    return Editor


def drawn():
    graph = ge.Graph()
    with graph.as_default():
        ge.placeholder("float32", [2], name="x")
    return graph


def test_a_file_is_opened_as_it_is(editor, tmp_path):
    assert ge.edit(tmp_path / "a.graph.json") is None
    assert editor.command[-3:] == ["-m", "editor", str(tmp_path / "a.graph.json")]
    ge.edit()
    assert editor.command[-2:] == ["-m", "editor"]


def test_what_lies_in_the_current_folder_is_not_run(editor, tmp_path, monkeypatch):
    (tmp_path / "editor.py").write_text("raise SystemExit('not ours')")
    ge.edit()
    monkeypatch.undo()
    command = [*editor.command[:-2], "-c", "import editor; print(editor.__file__)"]
    found = subprocess.run(command, env=editor.env, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert found.stdout.strip().endswith(os.path.join("editor", "__init__.py")), found.stderr


def test_the_graph_that_was_saved_comes_back(editor):
    assert ge.edit(drawn()) is None, "nothing was saved"
    editor.saves = True
    assert list(ge.edit(drawn()).by_name) == ["three"]


def test_a_model_is_opened_as_a_drawing(editor):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    assert ge.edit(model) is None
    with open(editor.command[-1], encoding="utf8") as file:
        assert '"layer/Dense"' in file.read()


def test_other_things_are_refused(editor):
    with pytest.raises(ge.errors.InvalidArgumentError, match="int is no graph"):
        ge.edit(3)
