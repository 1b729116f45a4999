"""The application's windows: opening, recovering, closing and quitting, and the whole of it killed in mid-edit."""
from __future__ import annotations

import errno
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import pytest
from PySide6 import QtCore, QtGui, QtWidgets

from editor import commands
from editor.gallery import FOLDER
from editor.io import journal as journals
from editor.io.journal import Journal, left_over
from editor.model.document import Change, GraphDocument
from editor.model.files import open_document, save, to_text
from editor.model.items import Card, Ref, Wire
from editor.model.version import version_of
from editor.run import messages as m
from editor.theme import theme
from editor.windows import Windows

ROOT = pathlib.Path(__file__).resolve().parents[2]
Button = QtWidgets.QMessageBox.StandardButton


@pytest.fixture
def windows(qapp, qtbot):
    """All windows of an application; they close at the end, whatever they hold."""
    mode, interrupt = theme.mode, signal.getsignal(signal.SIGINT)
    made = Windows(qapp)
    made.settings.memory("guide")["guide_seen"] = True
    yield made
    for window in list(made.open):
        window.document.mark_saved()
        window.close()
    if made.welcome is not None:
        made.welcome.close()
    made.deleteLater()
    signal.signal(signal.SIGINT, interrupt)
    theme.set(mode)
    qtbot.wait(1)


@pytest.fixture
def answers(monkeypatch):
    """What is answered when a window asks what is to become of unsaved changes; each question is counted."""
    given = {"answer": Button.Cancel, "asked": 0}

    def answer(*_):
        given["asked"] += 1
        return given["answer"]

    monkeypatch.setattr(QtWidgets.QMessageBox, "question", answer)
    return given


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "drawn.graph.json"
    save(GraphDocument([Card("x", "op/placeholder", {"shape": [None, 4]})]), path)
    return path


def complaints(qapp):
    return [box for box in qapp.topLevelWidgets() if isinstance(box, QtWidgets.QMessageBox) and box.isVisible()]


# -------------------------------------------------------------------- opening

def test_without_files_there_is_the_welcome_screen_until_something_opens(windows, file):
    windows.start([])
    assert windows.welcome is not None and windows.welcome.isVisible() and windows.open == []
    windows.welcome.open_requested.emit(str(file))
    assert windows.welcome is None and [w.path for w in windows.open] == [file]
    assert windows.settings.recent_files == [file]


def test_a_file_whose_window_cannot_be_made_says_why(windows, file, qapp, monkeypatch):
    def broken(*_):
        raise RecursionError("too deep")

    monkeypatch.setattr("editor.windows.MainWindow", broken)
    windows.start([file])
    box, = complaints(qapp)
    assert "too deep" in box.informativeText().lower() and windows.open == []
    box.close()


def test_files_are_opened_once(windows, file):
    windows.start([file, file])
    assert len(windows.open) == 1
    assert windows.open_file(file) is windows.open[0]
    windows.open[0].close()
    assert windows.open == []


def test_a_pipe_is_refused_without_waiting_for_who_writes_to_it(windows, tmp_path, qapp):
    pipe = tmp_path / "pipe.graph.json"
    os.mkfifo(pipe)
    before = signal.signal(signal.SIGALRM, lambda *_: pytest.fail("it waits"))
    signal.alarm(10)
    try:
        assert version_of(pipe) is None and windows.open_file(pipe) is None
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
    box, = complaints(qapp)
    assert "no regular file" in box.text() + box.informativeText()
    box.close()


def test_a_file_that_cannot_be_opened_says_why(windows, tmp_path, qapp):
    broken = tmp_path / "broken.graph.json"
    broken.write_text("[[[[", encoding="utf8")
    for path in (broken, tmp_path / "missing.graph.json"):
        assert windows.open_file(path) is None
        box, = complaints(qapp)
        assert path.name in box.text() and box.informativeText()
        box.close()
        qapp.sendPostedEvents(None, QtCore.QEvent.Type.DeferredDelete)
    windows.start([broken])
    assert windows.open == [] and windows.welcome is not None, "there is something to go on with"
    for box in complaints(qapp):
        box.close()


IMAGE = "<img src='/nowhere/picture'>"


def openings(widgets):
    """The texts that Qt takes for HTML and that name an image, which it would open: of a pipe for ever."""
    found = [widget.toolTip() for widget in widgets]
    for widget in widgets:
        if isinstance(widget, QtWidgets.QLabel) and widget.textFormat() != QtCore.Qt.TextFormat.PlainText:
            found.append(widget.text())
        if isinstance(widget, QtWidgets.QTreeWidget):
            items = [widget.topLevelItem(k) for k in range(widget.topLevelItemCount())]
            found += [item.toolTip(column) for item in items for column in range(widget.columnCount())]
    return [text for text in found if "<img" in text and QtGui.Qt.mightBeRichText(text)]


def test_no_text_of_a_document_is_taken_for_html(windows, tmp_path, qtbot, qapp):
    shown, items = windows.new(), [
        Card("rows", "data/csv", {"file": "h.csv", "feeds": {"x": [IMAGE]}}), Card("p", "op/placeholder"),
        Card("dense", "layer/Dense", {"units": IMAGE}), Wire("p", 0, "dense", 0), Card("odd", f"op/{IMAGE}")]
    shown.document.do(Change("draw", {item.ref: None for item in items}, {item.ref: item for item in items}))
    shown.watching._take(m.DataChecked({"rows": (f"there is no column {IMAGE}", f"there is no column {IMAGE}.")}))
    assert sum(IMAGE in problem.detail for problem in shown.inference.problems()) >= 2
    shown.docks.reveal("problems")
    for card in ("rows", "dense", "odd"):
        shown.scene.select([Ref("card", card)])
        shown.docks.problems.refresh()
        qtbot.wait(50)
        assert not openings(shown.findChildren(QtWidgets.QWidget)), card
    windows._complain(tmp_path / "a", ValueError(IMAGE))
    box = windows.message
    labels = box.findChildren(QtWidgets.QLabel)
    assert any("nowhere" in label.text() for label in labels) and not openings(labels)
    box.close()


def test_samples_are_not_overwritten(windows):
    shown = windows.open_file(ROOT / "samples" / "drawn_iris.graph.json")
    assert shown.path is None and shown.folder == ROOT / "samples"


# -------------------------------------------------------------------- saving elsewhere

def test_data_go_with_a_graph_that_is_saved_elsewhere(windows, tmp_path, monkeypatch, qtbot):
    shown = windows.open_file(ROOT / "samples" / "drawn_moons.graph.json")
    there = tmp_path / "mine"
    there.mkdir()
    monkeypatch.setattr(QtWidgets.QFileDialog, "getSaveFileName", lambda *a, **k: (str(there / "moons"), ""))
    assert shown.do_save_as()
    qtbot.waitUntil(lambda: shown.path == there / "moons.graph.json")
    assert shown.folder == there
    assert shown._folder_text() == str(there), "what runs the graph reads from there"
    assert (there / "data" / "moons.csv").read_bytes() == (ROOT / "samples" / "data" / "moons.csv").read_bytes()
    assert not shown.banner.isVisible()


def test_other_data_of_that_name_stay_and_are_told_of(windows, tmp_path, qtbot):
    shown = windows.open_file(ROOT / "samples" / "drawn_moons.graph.json")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "moons.csv").write_text("x,y,kind\n1,2,0\n")
    assert shown.save_to(tmp_path / "moons.graph.json")
    qtbot.waitUntil(lambda: shown.path == tmp_path / "moons.graph.json")
    assert (tmp_path / "data" / "moons.csv").read_text() == "x,y,kind\n1,2,0\n"
    assert shown.banner.isVisible() and "data/moons.csv" in shown.banner.label.text()


# -------------------------------------------------------------------- recovering

def left_behind(path=None):
    """A journal of an edit that was not saved, of an editor that is gone."""
    document = open_document(path) if path is not None else GraphDocument()
    journal = Journal(document, path)
    document.do(commands.add_card(document, "op/relu", 12, 24))
    journal.leave()
    left, = left_over()
    return left, to_text(document)


@pytest.mark.parametrize("has_file", [True, False])
def test_recovered_edits_are_shown_unsaved_and_in_a_journal_again(windows, file, has_file):
    left, text = left_behind(file if has_file else None)
    windows.show_welcome()
    windows.welcome.recover_requested.emit(left)
    shown, = windows.open
    assert to_text(shown.document) == text
    assert shown.isWindowModified() and shown.path == (file if has_file else None)
    assert not left.folder.exists() and shown.journal.folder.exists()
    shown.do_undo()
    assert not shown.isWindowModified()


def test_a_recovered_sample_has_its_name_and_finds_its_data(windows, own_home):
    window = windows.open_file(FOLDER / "drawn_moons.graph.json")
    window.document.do(commands.add_note(window.document, 5, 5))
    window.journal.leave()
    (left,) = left_over()
    windows.recover(left)
    recovered = windows.open[-1]
    assert recovered.windowTitle() == window.windowTitle() and recovered.folder == FOLDER and recovered.path is None


def test_recovering_with_a_full_disk_keeps_the_only_copy(windows, file, monkeypatch):
    left, text = left_behind(file)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(journals, "write_file", full)
    windows.recover(left)
    shown, = windows.open
    assert to_text(shown.document) == text
    assert left.folder.exists() and to_text(left.recover()) == text
    assert shown.banner.isVisible() and "No space left" in shown.banner.label.text()


def test_a_broken_journal_says_so_and_stays(windows, file, qapp):
    left, _ = left_behind(file)
    next(left.folder.glob("base-*.json")).write_text("{", encoding="utf8")
    windows.recover(left)
    assert windows.open == [] and left.folder.exists()
    box, = complaints(qapp)
    assert "drawn" in box.text()
    box.close()


# -------------------------------------------------------------------- closing and quitting

def test_quitting_stops_at_a_window_that_is_kept(windows, file, answers):
    windows.start([file])
    kept = windows.new()
    kept.add_kind("op/relu")
    windows.quit()
    assert windows.open == [kept] and answers["asked"] == 1
    assert kept.isVisible() and kept.journal.folder.exists()
    answers["answer"] = Button.Discard
    windows.quit()
    assert windows.open == [] and left_over() == []


def test_save_on_closing_saves(windows, file, answers):
    shown = windows.open_file(file)
    shown.add_kind("op/relu")
    answers["answer"] = Button.Save
    assert shown.close()
    assert open_document(file).card("relu") is not None and windows.open == []


def test_what_is_being_typed_counts_when_a_window_closes(windows, qtbot, file, answers):
    shown = windows.open_file(file)
    shown.activateWindow()
    shown.scene.select([Ref("card", "x")])
    shown.tool.inline.rename("x")
    line = shown.tool.inline.widget
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, "pixels")
    answers["answer"] = Button.Save
    assert shown.close() and answers["asked"] == 1
    assert open_document(file).card("pixels") is not None


# -------------------------------------------------------------------- the end of the process

KILLED = """
    import sys
    from pathlib import Path
    from PySide6 import QtCore, QtTest, QtWidgets
    from editor.windows import Windows

    if __name__ == "__main__":
        app = QtWidgets.QApplication([])
        windows = Windows(app)
        windows.start([Path(sys.argv[1])])
        window, = windows.open
        steps = iter(range(1_000_000))

        def edit():
            step = next(steps)
            if step % 5 == 4:
                window.do_undo()
            else:
                window.add_kind("op/relu")
            print(len(list(window.document.cards)), step, flush=True)
            QtCore.QTimer.singleShot(0, edit)

        QtCore.QTimer.singleShot(0, edit)
        app.exec()
"""


@pytest.mark.skipif(os.name != "posix", reason="another system kills otherwise")
def test_killed_in_the_middle_of_an_edit_and_opened_again(windows, file, own_home, tmp_path):
    """Every edit that the window had shown is there at the next start; the one under way may be."""
    program = tmp_path / "edits.py"
    program.write_text(textwrap.dedent(KILLED), encoding="utf8")
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen([sys.executable, str(program), str(file)], env=environ, cwd=tmp_path,
                               stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stdout is not None
    for line in process.stdout:
        if int(line.split()[1]) == 33:
            os.killpg(process.pid, signal.SIGKILL)
            break
    rest = process.stdout.read().splitlines()
    process.wait(30)
    process.stdout.close()
    count = int([line, *(r for r in rest if len(r.split()) == 2)][-1].split()[0])
    windows.start([])
    left, = windows.welcome.left_over
    assert left.path == file
    link = next(b for b in windows.welcome.findChildren(QtWidgets.QPushButton) if b.text().startswith("drawn"))
    link.click()
    shown, = windows.open
    found = len(list(shown.document.cards))
    assert abs(found - count) <= 1 and found > 15
    assert shown.isWindowModified()
    assert len(list(open_document(file).cards)) == 1, "the file is as it was saved"
