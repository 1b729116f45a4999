"""Subgraphs that stay in the palette: kept, found, dropped, chosen, searched for, replaced, taken out, broken."""
from __future__ import annotations

import os

import pytest
from PySide6 import QtCore, QtGui, QtWidgets

from editor import commands
from editor.commands import Refused
from editor.kept import Kept
from editor.model.items import SUBGRAPH, Ref
from editor.widgets.rows import ROW

from .test_subgraphs import cards, grouped

Button = QtWidgets.QMessageBox.StandardButton


@pytest.fixture
def kept(tmp_path):
    return Kept(tmp_path)


@pytest.fixture
def window(open_window, qtbot):
    found = open_window(grouped("a", "b", "sum"))
    qtbot.waitExposed(found)
    return found


def rows_of(palette, title):
    palette.update_now()
    model = palette.tree.model()
    heading = next(model.index(k, 0) for k in range(model.rowCount()) if model.index(k, 0).data(ROW).title == title)
    return [model.index(k, 0, heading) for k in range(model.rowCount(heading))]


def parts(document, subgraph):
    return sorted(card.kind for card in document.parts(subgraph))


def test_what_is_kept_is_found_by_another_window(kept, tmp_path):
    told = []
    kept.listeners.append(lambda: told.append(1))
    kept.keep(grouped("a", "b", "sum"), "block")
    assert told == [1]
    (kind,) = Kept(tmp_path).kinds().values()
    assert (kind.key, kind.title, kind.family, kind.summary) == (
        "kept/block", "block", "Subgraphs", "A kept subgraph of 3 cards.")
    assert len(kind.outputs) == 1 and len(kind.inputs) == 3         # of a one, of b two
    kept.forget(kind.key)
    assert not Kept(tmp_path).kinds() and told == [1, 1]


def test_another_window_looks_when_one_comes_to_it(kept, tmp_path):
    other, told = Kept(tmp_path), []
    other.listeners.append(lambda: told.append(1))
    other.look()
    kept.keep(grouped("a", "b", "sum"), "block")
    assert told == []
    other.look()
    other.look()
    assert told == [1]


def test_names_that_no_file_can_have(kept, tmp_path):
    document = grouped("a", "b", name="a/b ü.")
    kept.keep(document, "a/b ü.")
    assert list(Kept(tmp_path).kinds()) == ["kept/a/b ü."] and kept.text("kept/a/b ü.")
    assert kept.has("a/b ü.") and not kept.has("b")
    with pytest.raises(Refused, match="too long to be kept: 305 bytes"):
        kept.keep(grouped("a", "b", name="n" * 300), "n" * 300)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b'{"graphengine": "cards", "version": 1, "items": []}'])
def test_a_broken_file_says_so_and_hides_no_other(kept, content):
    kept.keep(grouped("a", "b", "sum"), "block")
    (kept.folder / "broken.json").write_bytes(content)
    broken, whole = kept.kinds()["kept/broken"], kept.kinds()["kept/block"]
    assert whole.outputs and not broken.outputs and broken.summary.endswith(".") and "cards" not in broken.title
    (kept.folder / "broken.json").unlink()
    with pytest.raises(Refused, match="'broken' is gone"):
        kept.text("kept/broken")
    assert list(kept.kinds()) == ["kept/block"]


def test_files_that_keep_did_not_write(kept, tmp_path):
    kept.keep(grouped("a", "b", "sum"), "block")
    (kept.folder / "block.json").rename(kept.folder / "a+b.json")
    (kept.folder / "gone.json").symlink_to(tmp_path / "nowhere")
    (kept.folder / "endless.json").symlink_to("/dev/zero")
    (kept.folder / "folder.json").mkdir()
    os.mkfifo(kept.folder / "pipe.json")            # who opens it waits
    assert list(kept.kinds()) == ["kept/a+b"] and kept.kinds()["kept/a+b"].outputs and kept.text("kept/a+b")
    kept.forget("kept/a+b")
    assert not kept.kinds()


def test_one_that_cannot_be_taken_away_is_said(window, monkeypatch):
    def refused(path, missing_ok=False):
        raise PermissionError(13, "Permission denied", str(path))

    asked, answers = [], [Button.No, Button.Yes]
    monkeypatch.setattr(QtWidgets.QMessageBox, "question", lambda *a: asked.append(a[-1]) or answers.pop(0))
    window.scene.select(cards("block"))
    window.do_keep()
    monkeypatch.setattr("pathlib.Path.unlink", refused)
    window.docks.palette.forgotten.emit("kept/block")
    assert window.kept.has("block") and "block.json" not in window.status.currentMessage()
    window.docks.palette.forgotten.emit("kept/block")
    assert len(asked) == 2 and "subgraph block for good" in asked[0]
    assert "block.json" in window.status.currentMessage() and window.kept.has("block")


def test_kept_dropped_and_chosen(window, qtbot):
    window.scene.select(cards("block"))
    window.do_keep()
    (row,) = rows_of(window.docks.palette, "Subgraphs")
    data = window.docks.palette.tree.mime_data(row)
    assert not data.hasFormat("application/x-graphengine-kind")
    drop = QtGui.QDropEvent(QtCore.QPointF(), QtCore.Qt.DropAction.CopyAction, data, QtCore.Qt.MouseButton.LeftButton,
                            QtCore.Qt.KeyboardModifier.NoModifier)
    window.tool.drag_enter(drop)
    window.tool.drop(drop, QtCore.QPointF(1000, 1000))
    (dropped,) = (ref.key for ref in window.scene.selected())
    assert window.document.history[-1] == "Paste card 'block'"
    assert dropped == "block_1" and window.document.card(dropped).kind == SUBGRAPH
    assert parts(window.document, dropped) == parts(window.document, "block")
    window.docks.palette.tree.choose(row)
    (chosen,) = (ref.key for ref in window.scene.selected())
    assert chosen == "block_2"
    boxes = [window.scene.item_rect(Ref("card", card.id)) for card in window.document.cards if not card.parent]
    own = window.scene.item_rect(Ref("card", chosen))
    assert sum(own.intersects(box) for box in boxes) == 1           # itself
    window.do_undo()
    window.do_undo()
    assert window.document.card("block_1") is None


def test_searched_for_by_its_name(window):
    window.scene.select(cards("block"))
    window.do_keep()
    window.tool.search()
    found = window.add_search.rows("block")
    assert found[0].key == "kept/block"
    window.add_search.take(found[0])
    assert window.document.card("block_1").kind == SUBGRAPH


def test_one_of_the_same_name_is_replaced_only_when_asked(window, monkeypatch):
    window.scene.select(cards("block"))
    window.do_keep()
    before = window.kept.text("kept/block")
    window.document.do(commands.delete(window.document, cards("b")))
    answers = [Button.No, Button.Yes, Button.Yes]
    monkeypatch.setattr(QtWidgets.QMessageBox, "question", lambda *what: answers.pop(0))
    window.do_keep()
    assert window.kept.text("kept/block") == before
    window.do_keep()
    assert window.kept.text("kept/block") != before
    window.docks.palette.tree.forgotten.emit("kept/block")
    window.docks.palette.update_now()
    assert "kept/block" not in window.docks.palette.kinds


def test_what_went_away_meanwhile_is_said(window):
    window.scene.select(cards("block"))
    window.do_keep()
    kinds = window.kept.kinds()
    window.kept.kinds = lambda: kinds
    (window.kept.folder / "block.json").unlink()
    window.add_kind("kept/block")
    assert "is gone" in window.status.currentMessage()
    assert window.document.card("block_1") is None


def test_only_a_subgraph_can_be_kept(window):
    window.scene.select(cards("x"))
    assert not window.actions_["keep"].isEnabled()
    window.scene.select(cards("block"))
    assert window.actions_["keep"].isEnabled()
