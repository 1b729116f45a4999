"""The window and its files, offscreen: saving, closing, what other programs write, what is dropped."""
from __future__ import annotations

import errno
import os

import numpy as np
import pytest
from PySide6 import QtCore, QtWidgets

from editor import commands
from editor.io.journal import left_over
from editor.io.settings import Settings
from editor.model.document import GraphDocument
from editor.model.files import open_document, to_text
from editor.model.items import Ref
from editor.run import messages as m
from editor.welcome import Welcome
from editor.windows import Windows


def test_a_save_that_fails_says_so_and_loses_nothing(open_window, iris_file, tmp_path):
    shown = open_window(open_document(iris_file), iris_file)
    shown.add_kind("op/relu")
    text = to_text(shown.document)
    assert not shown.save_to(tmp_path / "no such folder" / "a.graph.json")
    assert shown.banner.isVisible() and "Not saved" in shown.banner.label.text()
    assert shown.document.is_modified and to_text(shown.document) == text
    shown.add_kind("op/relu")
    assert shown.banner.isVisible(), "no edit mends it"
    assert shown.save_to(tmp_path / "a.graph.json") and not shown.banner.isVisible()


def test_closing_asks_about_what_is_not_saved(open_window, monkeypatch, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    shown.add_kind("op/relu")
    button = QtWidgets.QMessageBox.StandardButton
    monkeypatch.setattr(QtWidgets.QMessageBox, "question", lambda *a: button.Cancel)
    assert not shown.close()
    assert shown.isVisible()


def test_what_a_killed_editor_had_is_offered_again(open_window, qtbot, iris_file):
    document = open_document(iris_file)
    from editor.io.journal import Journal

    journal = Journal(document, iris_file)
    document.do(commands.add_card(document, "op/relu", 0, 0))
    journal.leave()
    left, = left_over()
    welcome = Welcome(Settings())
    qtbot.addWidget(welcome)
    offered = []
    welcome.recover_requested.connect(offered.append)
    link = next(b for b in welcome.findChildren(QtWidgets.QPushButton) if b.text().startswith("drawn_iris"))
    link.click()
    assert to_text(offered[0].recover()) == to_text(document)
    assert left.path == iris_file


def test_files_that_are_dropped_become_cards(open_window, iris_file, tmp_path):

    shown = open_window(open_document(iris_file), iris_file)
    np.save(tmp_path / "weights.npy", np.arange(6.0).reshape(2, 3))
    np.save(tmp_path / "data" / "rows.npy", np.arange(6.0).reshape(2, 3))
    (tmp_path / "data" / "points.csv").write_text("a,b,kind\n1,2,0\n")
    (tmp_path / "broken.xyz").write_text("?")
    before = {c.id for c in shown.document.cards}
    shown._dropped([tmp_path / "data" / "points.csv", tmp_path / "data" / "rows.npy"], QtCore.QPointF(0, 0))
    made = {c.id: c for c in shown.document.cards if c.id not in before}
    one, other = (shown.scene.card_rect(id) for id in made)
    assert not one.intersects(other)
    assert {c.kind for c in made.values()} == {"data/csv", "data/npy"}
    source = next(c for c in made.values() if c.kind == "data/csv")
    assert source.attributes["feeds"] == {"x": ["a", "b"], "kind": "kind"}
    shown._dropped([tmp_path / "broken.xyz"], QtCore.QPointF(0, 0))
    assert shown.banner.isVisible()
    shown._dropped([tmp_path / "data" / "rows.npy"], QtCore.QPointF(0, 0))
    assert not shown.banner.isVisible(), "what went wrong before is no longer news"
    boxes = [shown.scene.card_rect(c.id) for c in shown.document.cards if c.id not in before]
    assert not any(a.intersects(b) for k, a in enumerate(boxes) for b in boxes[:k]), "none hides another"
    (tmp_path / "empty.csv").write_text("")
    shown._dropped([tmp_path / "broken.xyz", tmp_path / "data" / "rows.npy", tmp_path / "empty.csv"],
                   QtCore.QPointF(0, 0))
    told = shown.banner.label.text()
    assert "broken.xyz" in told and "empty.csv" in told, "all that went wrong, also before what went well"


def test_what_went_wrong_with_files_is_read_before_a_run_takes_it_away(open_window, iris_file, tmp_path):
    shown = open_window(open_document(iris_file), iris_file)
    np.save(tmp_path / "data" / "rows.npy", np.arange(6.0).reshape(2, 3))
    (tmp_path / "broken.xyz").write_text("?")
    shown._dropped([tmp_path / "broken.xyz", tmp_path / "data" / "rows.npy"], QtCore.QPointF(0, 0))
    shown.running.by_itself = True
    shown._received(m.Started("run"))
    assert shown.banner.isVisible() and "broken.xyz" in shown.banner.label.text(), "nobody asked for that run"
    shown.banner.dismiss()
    shown._received(m.Died("It ended."))
    shown._received(m.Started("run"))
    assert not shown.banner.isVisible(), "it runs again"


def test_files_that_wait_for_a_folder_are_kept_whatever_else_is_said(open_window, qtbot, monkeypatch, tmp_path):
    shown = open_window(GraphDocument())
    (tmp_path / "points.csv").write_text("a,b,kind\n1,2,0\n")
    shown._dropped([tmp_path / "points.csv"], QtCore.QPointF(0, 0))
    shown._received(m.Failed("run", "It failed."))
    shown.running.run()
    shown._received(m.Started("run"))
    shown._say_of_journal("no room")
    shown.banner.dismiss()
    monkeypatch.setattr(QtWidgets.QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "new.graph.json"), ""))
    qtbot.mouseClick(shown.banner.button, QtCore.Qt.MouseButton.LeftButton)
    (card,) = shown.document.cards
    assert card.attributes["file"] == "points.csv" and not shown.banner.isVisible()


def test_a_table_dropped_on_a_new_drawing_asks_to_save_it(open_window, qtbot, monkeypatch, tmp_path):
    shown = open_window(GraphDocument())
    (tmp_path / "points.csv").write_text("a,b,kind\n1,2,0\n")
    shown._dropped([tmp_path / "points.csv"], QtCore.QPointF(0, 0))
    assert shown.banner.isVisible() and not list(shown.document.cards)
    home = tmp_path / "drawn"
    home.mkdir()
    monkeypatch.setattr(QtWidgets.QFileDialog, "getSaveFileName", lambda *_: (str(home / "new.graph.json"), ""))
    qtbot.mouseClick(shown.banner.button, QtCore.Qt.MouseButton.LeftButton)
    (card,) = shown.document.cards
    assert card.attributes["file"] == "data/points.csv" and (home / "data" / "points.csv").is_file()


def test_a_file_that_is_refused_is_not_copied(open_window, iris_file, tmp_path):
    shown = open_window(open_document(iris_file), iris_file)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "hollow.csv").write_text("")
    shown._dropped([elsewhere / "hollow.csv"], QtCore.QPointF(0, 0))
    assert shown.banner.isVisible() and not (iris_file.parent / "data" / "hollow.csv").exists()


@pytest.mark.parametrize("name, content", [
    ("broken.npz", b"PK\3\4garbage"), ("rows.npz", b"\x93NUMPY"), ("empty.npz", b""), ("empty.npy", b""),
    ("archive.npy", b"PK\5\6" + bytes(18)), ("torn.npy", b"\x93NUMPY\1\0\x76\0{"),
    ("long.csv", b'"' + b"a" * 200_000 + b'"\n'), ("latin.csv", b"caf\xe9,b\n"),
])
def test_broken_files_that_are_dropped_are_said(open_window, iris_file, name, content):
    shown = open_window(open_document(iris_file), iris_file)
    folder = iris_file.parent
    path = (folder.parent if name.endswith(".npy") else folder) / name      # elsewhere it is a constant
    path.write_bytes(content)
    before = to_text(shown.document)
    shown._dropped([path], QtCore.QPointF(0, 0))
    assert shown.banner.isVisible() and to_text(shown.document) == before


def test_arrays_that_are_dropped_are_read(iris_file):

    from editor.incoming import item_of_file

    np.savez(iris_file.parent / "two.npz", a=np.zeros(3), b=np.ones(2))
    np.save(iris_file.parent.parent / "two.npy", np.ones(2, np.float32))
    for path, expected in ((iris_file.parent / "two.npz", {"feeds": {"a": "a", "b": "b"}, "file": "two.npz"}),
                           (iris_file.parent.parent / "two.npy", None)):
        (card,) = item_of_file(GraphDocument(), path, iris_file.parent, 0, 0).after.values()
        assert card.attributes == expected or card.attributes["value"]["values"] == [1.0, 1.0]


def test_nothing_is_copied_into_the_folder_of_the_samples(open_window, iris_file, tmp_path_factory):
    """A sample is shown with its data, but has no place of the user's before it is saved."""
    document = open_document(iris_file)
    shown = open_window(document, None, folder=iris_file.parent)
    other = tmp_path_factory.mktemp("elsewhere") / "other.csv"
    other.write_text("a,b\n1,2\n")
    there, before = sorted(iris_file.parent.rglob("*")), to_text(document)
    shown._dropped([other], QtCore.QPointF(0, 0))
    assert shown.banner.isVisible() and "save the graph first" in shown.banner.label.text()
    assert sorted(iris_file.parent.rglob("*")) == there and to_text(document) == before
    shown._dropped([iris_file.parent / "data" / "iris.csv"], QtCore.QPointF(0, 0))        # which is there needs no copy
    assert to_text(document) != before


def test_what_is_being_typed_is_saved(open_window, qtbot, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    shown.activateWindow()
    shown.scene.select([Ref("card", "hidden")])
    shown.docks.reveal("inspector")
    shown.docks.inspector.update_now()
    editor = shown.docks.inspector.rows["units"].editor
    field = editor if isinstance(editor, QtWidgets.QAbstractSpinBox) else editor.findChild(QtWidgets.QAbstractSpinBox)
    field = field or editor.findChild(QtWidgets.QLineEdit) or editor
    field.setFocus()
    qtbot.waitUntil(lambda: QtWidgets.QApplication.focusWidget() is not None)
    line = field.findChild(QtWidgets.QLineEdit) or field
    line.selectAll()
    qtbot.keyClicks(line, "77")
    shown.do_save()
    assert open_document(iris_file).card("hidden").attributes["units"] == 77


def press(qtbot, text):
    """Press a button of the message box that is about to come."""
    def act():
        box = QtWidgets.QApplication.activeModalWidget()
        button = next(b for b in box.buttons() if b.text().replace("&", "") == text)
        qtbot.mouseClick(button, QtCore.Qt.MouseButton.LeftButton)

    QtCore.QTimer.singleShot(50, act)


def test_a_file_that_another_program_changed_is_not_overwritten_unasked(
        open_window, qtbot, iris_file, monkeypatch, tmp_path):
    shown = open_window(open_document(iris_file), iris_file)
    shown.add_kind("op/relu")
    os.utime(iris_file, ns=(1, 1))
    assert shown.do_save(), "the time alone is no change"
    theirs = iris_file.read_text() + " "
    iris_file.write_text(theirs)
    shown.add_kind("op/exp")
    press(qtbot, "Cancel")
    assert not shown.do_save() and iris_file.read_text() == theirs and shown.document.is_modified
    other = tmp_path / "mine.graph.json"
    monkeypatch.setattr(QtWidgets.QFileDialog, "getSaveFileName", lambda *a, **k: (str(other), ""))
    press(qtbot, "Save as …")
    assert shown.do_save() and iris_file.read_text() == theirs and shown.path == other
    other.write_text("{}")
    shown.add_kind("op/log")
    press(qtbot, "Overwrite")
    assert shown.do_save() and open_document(other).items == shown.document.items
    shown.add_kind("op/sqrt")
    other.unlink()
    assert shown.do_save() and other.exists(), "nothing is lost where nothing is"


def test_what_is_recovered_does_not_overwrite_what_came_after(open_window, qtbot, iris_file, qapp):
    shown = open_window(open_document(iris_file), iris_file)
    shown.add_kind("op/relu")
    shown.journal.leave()
    iris_file.write_text(iris_file.read_text() + " ")
    (left,) = left_over()
    assert left.version == shown.version
    again = open_window(left.recover(), left.path, version=left.version)
    press(qtbot, "Cancel")
    assert not again.do_save()


def test_a_file_has_one_window_also_by_another_name(qapp, iris_file, tmp_path):
    link = tmp_path / "link.graph.json"
    link.symlink_to(iris_file)
    windows = Windows(qapp)
    try:
        assert windows.open_file(iris_file) is windows.open_file(link)
        assert len(windows.open) == 1
    finally:
        for each in list(windows.open):
            each.close()


def test_that_it_was_not_saved_is_shown_until_it_is(open_window, monkeypatch, iris_file):
    """A run that begins by itself, an edit, and what else fails do not take it away."""
    shown = open_window(open_document(iris_file), iris_file)
    shown.add_kind("op/relu")
    shown._say_of_journal("no room")
    assert "no room" in shown.banner.label.text()

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("editor.saving.save", full)
        assert not shown.do_save()
    shown._received(m.Started("run"))
    shown.add_kind("op/relu")
    shown._say_of_journal("no room at all")
    assert shown.banner.isVisible() and "Not saved" in shown.banner.label.text()
    for reply in (m.Failed("run", "It failed."), m.Died("It ended.")):      # said above it; it is seen again
        shown._received(reply)
        assert reply.text in shown.banner.label.text()
        shown._received(m.Started("run"))
        assert shown.banner.isVisible() and "Not saved" in shown.banner.label.text()
    assert shown.do_save() and not shown.banner.isVisible(), "nor is the other news any more"
    shown.banner.show_message("it failed")
    shown._received(m.Started("run"))
    assert not shown.banner.isVisible()


def test_a_training_whose_process_ended_can_be_continued_from_the_message(open_window, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    for training, offered in (("idle", "Run again"), ("paused", "Continue")):
        shown.running.training = training
        shown._received(m.Died("It ended."))
        assert shown.banner.button.text() == offered


def test_a_file_that_is_read_only_stays_as_it_is(open_window, iris_file):
    shown = open_window(open_document(iris_file), iris_file)
    before = iris_file.read_bytes()
    iris_file.chmod(0o444)
    shown.add_kind("op/relu")
    assert not shown.do_save() and "read-only" in shown.banner.label.text()
    assert shown.document.is_modified and iris_file.read_bytes() == before
    iris_file.chmod(0o644)
    assert shown.do_save() and iris_file.read_bytes() != before
