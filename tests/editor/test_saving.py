"""Saving in a process of its own: one goes on editing meanwhile, and whatever ends it leaves the old file whole."""
from __future__ import annotations

import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from PySide6 import QtCore, QtWidgets

import graphengine as ge
from editor import commands, saving
from editor.io.journal import left_over
from editor.model import memory
from editor.model.document import Change, GraphDocument
from editor.model.files import is_soon_saved, open_document, save, save_apart, to_text
from editor.model.items import Card, Note, Wire
from editor.model.version import ChangedMeanwhileError, Version, version_of
from editor.saving import Saving
from graphengine.tools.drawn import files as engine

ROOT = pathlib.Path(__file__).resolve().parents[2]


def wide(units=500):
    """Half a million weights, which take their time."""
    return GraphDocument([Card("x", "op/placeholder", {"shape": [None, 1000]}),
                          Card("wide", "layer/Dense", {"units": units}), Wire("x", 0, "wide", 0)])


@pytest.fixture
def window(open_window):
    return open_window(wide())


@pytest.fixture
def held(monkeypatch):
    """An event that files wait for which are written in a process."""
    goes_on = threading.Event()
    monkeypatch.setattr(saving, "save_apart", lambda *given: goes_on.wait() and save_apart(*given))
    yield goes_on
    goes_on.set()


def test_what_is_typed_on_the_canvas_is_saved_by_the_key(window, qtbot, tmp_path):
    path = tmp_path / "noted.graph.json"
    assert window.save_to(path)
    qtbot.waitUntil(lambda: window.saving.path is None)
    note = Note("note", "old", 0.0, 0.0)
    window.document.do(Change("Note", {note.ref: None}, {note.ref: note}))
    window.activateWindow()
    window.tool.inline.write_note("note")
    paper = window.tool.inline.widget
    qtbot.waitUntil(lambda: QtWidgets.QApplication.focusWidget() is paper)
    paper.selectAll()
    qtbot.keyClicks(paper, "CAM, s.")                   # keys that are shortcuts of the window elsewhere
    qtbot.keyClick(paper, QtCore.Qt.Key.Key_S, QtCore.Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: not window.document.is_modified)
    assert window.tool.inline.widget is None and open_document(path).items[note.ref].text == "CAM, s."


def test_what_is_soon_saved():
    assert is_soon_saved(wide(2)) and not is_soon_saved(wide(500)) and not is_soon_saved(wide(10**9))
    assert not is_soon_saved(GraphDocument([Card(f"c{k}", "op/placeholder") for k in range(1000)]))


def test_one_edits_while_it_is_saved(window, qtbot, tmp_path, held):
    """The file is what was there when it was begun; what came after is not saved, and outlives a kill."""
    path, document = tmp_path / "wide.graph.json", window.document
    document.do(commands.add_note(document, 5, 5))
    before = to_text(document)
    assert window.save_to(path)
    assert not path.exists() and window.status.saving.isVisible() and path.name in window.status.saving.text()
    document.do(commands.add_card(document, "op/relu", 900, 900))
    held.set()
    qtbot.waitUntil(lambda: window.path == path)
    assert not window.status.saving.isVisible()
    assert to_text(open_document(path)) == before
    assert document.is_modified and window.isWindowModified()
    window.journal.leave()
    (left,) = left_over()
    assert left.path == path and to_text(left.recover()) == to_text(document)
    document.undo()
    assert not document.is_modified and to_text(document) == before


def test_of_saves_that_wait_for_a_file_the_last_counts(window, qtbot, tmp_path):
    """Each file has the document as it was when it was to be saved; what was to be done after one that went is done."""
    done, texts, written = [], {}, []
    window.saving.begun.connect(lambda path: written.append(path.name))
    for k, name in enumerate("abccb"):
        window.document.do(commands.add_note(window.document, k, k))
        assert window.save_to(tmp_path / f"{name}.graph.json", lambda k=k: done.append(k))
        texts[name] = to_text(window.document)
    qtbot.waitUntil(lambda: window.saving.aim is None)
    assert done == [0, 2, 3, 1, 4] and written == [f"{name}.graph.json" for name in "acb"]
    assert not window.document.is_modified and window.path == tmp_path / "b.graph.json"
    assert texts == {name: to_text(open_document(tmp_path / f"{name}.graph.json")) for name in "abc"}


def test_the_file_of_a_window_is_the_one_it_is_being_saved_as(window, qtbot, tmp_path, monkeypatch):
    one, other = tmp_path / "a.graph.json", tmp_path / "b.graph.json"
    monkeypatch.setattr(QtWidgets.QFileDialog, "getSaveFileName", lambda *a, **k: (str(other), ""))
    window.save_to(one)
    qtbot.waitUntil(lambda: window.path == one)
    before = one.read_bytes()
    for save_so in (window.do_save_as, window.do_save):
        window.document.do(commands.add_note(window.document, 1, 1))
        save_so()
    qtbot.waitUntil(lambda: window.saving.aim is None)
    assert window.path == other and one.read_bytes() == before
    assert to_text(open_document(other)) == to_text(window.document)


@pytest.mark.parametrize("answer", ["cancel", "overwrite"])
def test_what_another_program_writes_meanwhile_is_not_overwritten_unasked(window, qtbot, tmp_path, monkeypatch, answer):
    path, asked = tmp_path / "a.graph.json", []
    window.save_to(path)
    qtbot.waitUntil(lambda: window.path == path)
    monkeypatch.setattr(window, "ask_about_changes", lambda file: asked.append(file) or answer)
    window.document.do(commands.add_note(window.document, 1, 1))
    window.do_save()
    path.write_text("{}")
    window.document.do(commands.add_note(window.document, 2, 2))
    window.do_save()
    qtbot.waitUntil(lambda: window.saving.aim is None)
    assert asked == [path] and window.document.is_modified == (answer == "cancel")
    if answer == "cancel":
        assert path.read_text() == "{}"
    else:
        assert to_text(open_document(path)) == to_text(window.document)


@pytest.fixture
def small(open_window, tmp_path):
    """A small graph, which is saved at once, with its file."""
    window = open_window(GraphDocument([Card("x", "op/placeholder")]))
    assert window.save_to(tmp_path / "a.graph.json")
    window.document.do(commands.add_note(window.document, 1, 1))
    return window


@pytest.mark.parametrize("answer", ["cancel", "overwrite"])
def test_what_another_program_writes_while_a_small_graph_is_written(small, monkeypatch, answer):
    asked, forced = [], os.fsync

    def force(descriptor):
        forced(descriptor)
        if not asked and threading.current_thread() is threading.main_thread():     # the journal's forces its own
            small.path.write_text("{}")

    monkeypatch.setattr(small, "ask_about_changes", lambda file: asked.append(file) or answer)
    monkeypatch.setattr(os, "fsync", force)
    assert small.do_save() == (answer == "overwrite") and asked == [small.path]
    assert small.document.is_modified == (answer == "cancel") == (small.path.read_text() == "{}")


def test_what_another_program_writes_just_after_is_not_taken_for_ones_own(small, monkeypatch):
    asked, replace, path = [], os.replace, small.path

    def replaced_again(source, target):
        replace(source, target)
        if pathlib.Path(target) == path:
            path.write_text("{}")

    monkeypatch.setattr(small, "ask_about_changes", lambda file: asked.append(file) or "cancel")
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", replaced_again)
        assert small.do_save()
    assert not asked
    small.document.do(commands.add_note(small.document, 2, 2))
    assert not small.do_save() and asked == [path] and path.read_text() == "{}"


def test_a_file_is_looked_at_again_just_before_it_is_replaced(tmp_path):
    path = tmp_path / "a.graph.json"
    save(wide(), path)
    graph = ge.load(path)

    def check(new):
        assert new.parent == tmp_path and new != path
        raise ChangedMeanwhileError("another program changed it")

    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    (graph.get_operation_by_name("x").outputs[0] + 1.0)
    with pytest.raises(ChangedMeanwhileError):
        engine.save(graph, path, check=check)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    with pytest.raises(ChangedMeanwhileError):
        save_apart(to_text(wide()), {}, str(path), Version(1, 1, "another"))
    assert save_apart(to_text(wide()), {}, str(path), version_of(path)) == version_of(path)


def test_closing_waits_for_the_file(window, tmp_path, monkeypatch, held):
    asked = []
    monkeypatch.setattr(QtWidgets.QMessageBox, "question", lambda *_: asked.append(_))
    window.document.do(commands.add_note(window.document, 5, 5))
    assert window.save_to(tmp_path / "wide.graph.json")

    def stay():
        box = window.findChild(QtWidgets.QProgressDialog)
        assert "wide.graph.json" in box.labelText()
        box.findChild(QtWidgets.QPushButton).click()

    QtCore.QTimer.singleShot(0, stay)
    assert not window.close() and window.isVisible() and window.saving.path is not None
    held.set()
    assert window.close() and not asked
    assert to_text(open_document(tmp_path / "wide.graph.json")) == to_text(window.document)


def test_a_save_that_fails_after_a_while_says_so(window, qtbot, tmp_path):
    window.document.do(commands.add_note(window.document, 5, 5))
    assert window.save_to(tmp_path / "nowhere" / "a.graph.json")
    qtbot.waitUntil(window.banner.isVisible)
    assert "Not saved" in window.banner.label.text() and window.path is None and window.document.is_modified


def test_a_graph_that_fits_no_memory_is_not_made(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="GB that are free"):
        save_apart(to_text(wide(10**12)), {}, str(tmp_path / "a.graph.json"))


def test_the_file_is_the_same(tmp_path):
    save(wide(), tmp_path / "a.graph.json")
    (tmp_path / "apart").mkdir()
    save_apart(to_text(wide()), {}, str(tmp_path / "apart" / "a.graph.json"))
    one, other = ({file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
                  for folder in (tmp_path, tmp_path / "apart"))
    assert one == other and len(one) == 2


def test_edits_that_merge_are_apart_from_what_is_saved(monkeypatch, qtbot, tmp_path):
    """As typing on, while the file is written."""
    monkeypatch.setattr(saving, "is_soon_saved", lambda document: False)
    document = GraphDocument([Card("x", "op/placeholder")])
    for step in (1, 2):
        document.do(commands.move(document, [document.card("x").ref], step * 12.0, 0.0, ("move", "x")))
    writing = Saving(document)
    with qtbot.waitSignal(writing.ended):
        writing.begin(tmp_path / "a.graph.json", lambda: None)
        document.do(commands.move(document, [document.card("x").ref], 12.0, 0.0, ("move", "x")))
    assert document.is_modified and len(document.history) == 2
    document.undo()
    assert not document.is_modified


# -------------------------------------------------------------------- data beside it

@pytest.fixture
def drawn(open_window, tmp_path):
    """A small graph in a window, with data in its folder."""
    (tmp_path / "from" / "data").mkdir(parents=True)
    (tmp_path / "to").mkdir()
    (tmp_path / "from" / "data" / "a.csv").write_text("x,y\n1,2\n")
    source = Card("rows", "data/csv", {"file": "data/a.csv", "feeds": {"x": ["x"]}})
    return open_window(GraphDocument([source]), None, tmp_path / "from")


def test_data_are_copied_while_one_goes_on(drawn, qtbot, tmp_path, monkeypatch):
    threads, copied, may_go = [], shutil.copyfile, threading.Event()

    def copy(source, target):
        threads.append(threading.current_thread())
        assert may_go.wait(60)
        return copied(source, target)

    monkeypatch.setattr("editor.incoming.shutil.copyfile", copy)
    done, there = [], tmp_path / "to" / "data" / "a.csv"
    assert drawn.save_to(tmp_path / "to" / "a.graph.json", lambda: done.append(there.read_text()))
    assert drawn.status.saving.isVisible() and drawn.folder == tmp_path / "from" and not done
    may_go.set()
    qtbot.waitUntil(lambda: bool(done))
    assert done == ["x,y\n1,2\n"] and drawn.folder == tmp_path / "to" and threading.main_thread() not in threads


@pytest.mark.parametrize("theirs, said", [("x,y\n7,8\n", "Other files"), (None, "were not copied")])
def test_data_that_are_not_copied_are_said(drawn, qtbot, tmp_path, theirs, said):
    place = tmp_path / "to" / "data"
    if theirs is None:
        place.write_text("no folder")
    else:
        place.mkdir()
        (place / "a.csv").write_text(theirs)
    assert drawn.save_to(tmp_path / "to" / "a.graph.json")
    qtbot.waitUntil(drawn.banner.isVisible)
    assert said in drawn.banner.label.text() and not drawn.document.is_modified
    assert theirs is None or (place / "a.csv").read_text() == theirs


# -------------------------------------------------------------------- killed

KILLED = """
import multiprocessing, os, signal, sys, threading, time
from editor.model.files import save_apart

TEXT = open(sys.argv[1]).read()
if __name__ == "__main__":
    threading.Thread(target=save_apart, args=(TEXT, {}, sys.argv[2]), daemon=True).start()
    while not multiprocessing.active_children():
        time.sleep(0.001)
    print(multiprocessing.active_children()[0].pid, flush=True)
    time.sleep(float(sys.argv[3]))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
@pytest.mark.parametrize("after_s", [0.0, 0.7])
def test_an_editor_that_is_killed_while_it_saves_leaves_a_whole_file_and_no_process(tmp_path, after_s):
    file = tmp_path / "a.graph.json"
    save(wide(3), file)
    program, text = tmp_path / "killed.py", tmp_path / "text"
    program.write_text(KILLED)
    text.write_text(to_text(wide(2000)))
    killed = subprocess.Popen([sys.executable, program, text, file, str(after_s)], stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "PYTHONPATH": str(ROOT)})
    pid = int(killed.stdout.readline())
    assert killed.wait(60) == -signal.SIGKILL
    killed.stdout.close()
    end = time.monotonic() + 60
    while runs(pid) and time.monotonic() < end:
        time.sleep(0.05)
    assert not runs(pid)
    assert open_document(file).card("wide").attributes["units"] in (3, 2000)


def runs(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


# -------------------------------------------------------------------- memory

def test_what_a_training_takes_is_known_before(monkeypatch):
    document = open_document(ROOT / "samples" / "drawn_iris.graph.json")
    weights = 4 * (4 * 8 + 8 + 8 * 3 + 3)
    for free, fits in ((6 * weights, True), (6 * weights - 1, False)):       # three copies, gradients, two of Adam
        monkeypatch.setattr(memory, "free_bytes", lambda free=free: free)
        memory.check_memory(document)
        if fits:
            memory.check_memory(document, training=True)
        else:
            with pytest.raises(ValueError, match="the optimizer keeps"):
                memory.check_memory(document, training=True)


def test_free_memory_is_told_here():
    assert memory.free_bytes() > 2**20


@pytest.mark.parametrize("name", ["a.{0}.safetensors", ".a.graph.json.{0}.tmp", ".a.{0}.safetensors.{0}.tmp"])
def test_files_of_a_save_that_was_killed_go_with_a_later_one(tmp_path, name):
    """Unless a document names them, or they are newer than the file: somebody may be about to name them."""
    path, left = tmp_path / "a.graph.json", tmp_path / name.format("0" * 16)
    named, other = tmp_path / f"a.{'1' * 16}.safetensors", tmp_path / f"ab.{'0' * 16}.safetensors"
    for file in (left, named, other):
        file.write_bytes(b"x")
        os.utime(file, (1, 1))
    (tmp_path / "a.graph.json.bak").write_text(f'"{named.name}"')
    save(wide(), path)
    assert left.exists()
    os.utime(left, (2**33, 2**33))
    save(wide(501), path)
    assert left.exists()
    os.utime(left, (1, 1))
    save(wide(502), path)
    assert not left.exists() and named.exists() and other.exists()
    assert len(list(tmp_path.glob("a.*.safetensors"))) == 2 and open_document(path).card("wide") is not None
