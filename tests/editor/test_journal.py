"""Journals: whatever ends the editor, no edit is lost; and settings, which are less worth than a start."""

import errno
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import graphengine as ge
from editor.io.folders import config_folder, data_folder
from editor.io.journal import Journal, LeftOver, journals_folder, left_over
from editor.io.settings import RECENT, Settings
from editor.model.document import Change, GraphDocument
from editor.model.files import open_document, save, to_text
from editor.model.items import Card, Note, Ref, Setting, Wire

ROOT = pathlib.Path(__file__).parents[2]


def put(document, *items, label="Put", merge=None):
    document.do(Change(label, {i.ref: document.items.get(i.ref) for i in items}, {i.ref: i for i in items}, merge))


def remove(document, *refs):
    document.do(Change("Remove", {r: document.items.get(r) for r in refs}, dict.fromkeys(refs)))


@pytest.fixture
def document():
    return GraphDocument([Card("x", "op/placeholder"), Card("y", "op/exp", x=300), Wire("x", 0, "y", 0)])


@pytest.fixture
def died():
    """A journal as it is after its editor died: its lock is let go, its files stay."""
    def let_go(journal):
        journal.leave()
        return left_over()

    return let_go


# -------------------------------------------------------------------- journals

def test_a_large_array_is_forced_to_the_disk_by_a_thread(document, monkeypatch):
    forced, over = [], threading.Event()
    plain = os.fsync

    def fsync(descriptor):
        forced.append((threading.current_thread() is threading.main_thread(), os.fstat(descriptor).st_ino))
        plain(descriptor)
        over.set()

    journal = Journal(document)
    put(document, Card("z", "op/log"))
    journal._flusher.close()                    # what the first edit brought is over
    journal._flusher = type(journal._flusher)()
    monkeypatch.setattr(os, "fsync", fsync)
    document.arrays["ab12"] = np.ones((50, 40), np.float32)
    put(document, Card("c", "op/const", {"value": {"dtype": "float32", "shape": [50, 40], "array": "ab12"}}))
    assert over.wait(10)
    array = (journal.folder / "arrays" / "ab12.npy").stat().st_ino
    assert forced[0] == (False, array) and not any(in_front for in_front, _ in forced)
    journal.close()


def test_nothing_is_written_before_the_first_edit(document):
    journal = Journal(document)
    assert not journal.folder.exists()
    put(document, Card("z", "op/log"))
    assert journal.folder.exists()
    journal.close()
    assert not journal.folder.exists()
    put(document, Card("w", "op/log"))
    assert not journal.folder.exists()


def test_running_editors_keep_their_journals(document):
    journal = Journal(document)
    put(document, Card("z", "op/log"))
    assert left_over() == []
    journal.close()


def test_edits_undo_and_redo_come_back(document, died):
    journal = Journal(document)
    put(document, Card("z", "op/log", attributes={"a": 1.5}), Wire("y", 0, "z", 0, ((1.5, 2.0),)))
    put(document, Note("n", "# ünï\n\nline", 3, 4))
    remove(document, Ref("card", "z"), Ref("wire", ("z", 0)))
    document.undo()
    document.undo()
    document.redo()
    put(document, Setting("seed", 7))
    (found,) = died(journal)
    assert found.path is None
    recovered = found.recover()
    assert to_text(recovered) == to_text(document)
    assert recovered.is_modified
    recovered.undo()
    assert not recovered.items
    found.discard()
    assert left_over() == []


def test_what_has_no_file_keeps_its_name_and_the_folder_of_its_data(document, died, tmp_path):
    journal = Journal(document, name="Drawn iris", data=tmp_path)
    put(document, Card("z", "op/log"))
    (found,) = died(journal)
    assert (found.path, found.name, found.data) == (None, "Drawn iris", tmp_path)
    raw = json.loads(next(found.folder.glob("base-*.json")).read_text())
    next(found.folder.glob("base-*.json")).write_text(json.dumps({**raw, "name": 3, "data": "a\0b"}))
    (found,) = left_over()
    assert (found.name, found.data) == ("", None)


def test_recovering_goes_on_from_the_saved_file(document, died, tmp_path):
    path = tmp_path / "drawn.graph.json"
    save(document, path)
    before = to_text(open_document(path))
    journal = Journal(document, path)
    put(document, Card("y", "op/exp", x=512))
    (found,) = died(journal)
    assert found.path == path
    recovered = found.recover()
    assert to_text(recovered) == to_text(document)
    recovered.undo()
    assert to_text(recovered) == before
    path.unlink()                           # then all of it comes from the journal
    assert to_text(found.recover()) == to_text(document)


def test_saving_ends_a_journal_and_an_edit_begins_one(document, died, tmp_path):
    journal = Journal(document)
    put(document, Card("z", "op/log"))
    save(document, tmp_path / "a.graph.json")
    journal.saved(tmp_path / "a.graph.json")
    assert not journal.folder.exists()
    put(document, Card("w", "op/log"))
    (found,) = died(journal)
    assert found.path == tmp_path / "a.graph.json"
    assert to_text(found.recover()) == to_text(document)


def test_undoing_back_to_the_saved_state_leaves_nothing(document):
    journal = Journal(document)
    put(document, Card("z", "op/log"))
    document.undo()
    assert not journal.folder.exists()
    document.redo()
    assert journal.folder.exists()
    journal.close()


def test_what_was_recovered_is_in_a_journal_again(document, died):
    journal = Journal(document)
    put(document, Card("z", "op/log"))
    (found,) = died(journal)
    again = Journal(found.recover())
    found.discard()
    (second,) = died(again)
    assert to_text(second.recover()) == to_text(document)


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool", "bfloat16"])
def test_large_arrays_come_back(document, died, rng, dtype):
    journal = Journal(document)
    array = rng.standard_normal((50, 40)).astype(ge.as_dtype(dtype).numpy)
    document.arrays["ab12"] = array
    value = {"dtype": dtype, "shape": [50, 40], "array": "ab12"}
    put(document, Card("c", "op/const", attributes={"value": value}))
    (found,) = died(journal)
    recovered = found.recover().arrays["ab12"]
    assert recovered.dtype == array.dtype
    np.testing.assert_array_equal(recovered, array)


def test_after_many_edits_there_is_a_new_base(document, died, monkeypatch):
    monkeypatch.setattr("editor.io.journal.LONGEST", 2_000)
    journal = Journal(document)
    for k in range(60):
        put(document, Card("y", "op/exp", x=float(k)), Note(f"n{k % 5}", "text", k, k))
    assert len(list(journal.folder.glob("base-*.json"))) == len(list(journal.folder.glob("edits-*.jsonl"))) == 1
    assert next(journal.folder.glob("edits-*.jsonl")).stat().st_size < 4_000
    (found,) = died(journal)
    assert to_text(found.recover()) == to_text(document)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(st.data())
def test_a_torn_journal_gives_all_edits_before_the_tear_and_none_after(tmp_path, data):
    home = pathlib.Path(tempfile.mkdtemp(dir=tmp_path))
    document = GraphDocument()
    journal = Journal(document, folder=home)
    states = []
    for k in range(6):
        put(document, Card(f"c{k}", "op/exp", x=float(k)))
        states.append(to_text(document))
    journal.leave()
    file = next(journal.folder.glob("edits-*.jsonl"))
    whole = bytearray(file.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    intact = whole[:place].count(b"\n")
    if data.draw(st.booleans()):
        intact += whole[place] == ord("\n")     # only the end of its line is missing
        file.write_bytes(whole[:place])
    else:
        whole[place] ^= data.draw(st.integers(1, 255))
        file.write_bytes(whole)
    (found,) = left_over(home)
    assert to_text(found.recover()) == states[intact], "the first edit is in the base, each other one in a line"


@pytest.mark.parametrize("text", [
    "", "{", "[]", '{"path": 3, "text": "{}"}', '{"path": null, "text": 5}', '{"path": null, "text": "[[[["}',
    '{"path": "a\\u0000b", "text": "{\\"graphengine\\": \\"drawing\\", \\"items\\": [{\\"item\\": \\"wire\\"}]}"}',
])
def test_a_broken_base_is_an_error(own_home, text):
    folder = journals_folder() / "20260101-000000-aa"
    folder.mkdir(parents=True)
    (folder / "base-1.json").write_text(text, encoding="utf8")
    (found,) = left_over()
    with pytest.raises(ge.errors.FileFormatError):
        found.recover()


def test_folders_without_a_base_and_foreign_files_are_no_journals(own_home):
    home = journals_folder()
    (home / "empty").mkdir(parents=True)
    (home / "stray.txt").write_text("x")
    assert left_over() == []
    assert not (home / "empty").exists()


def test_a_journal_that_cannot_be_written_says_so_and_the_edit_stays(document, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    said = []
    journal = Journal(document, folder=blocked, on_problem=said.append)
    put(document, Card("z", "op/log"))
    assert document.card("z") is not None
    assert len(said) == 1 and said[0]
    blocked.unlink()
    put(document, Card("w", "op/log"))      # then it can
    assert journal.folder.exists()
    journal.close()


def test_a_line_that_is_written_in_part_is_said_and_the_next_edit_begins_anew(document, died, monkeypatch):
    problems = []
    journal = Journal(document, on_problem=problems.append)
    put(document, Card("a", "op/log"))
    write = os.write
    with monkeypatch.context() as full:
        full.setattr(os, "write", lambda file, line: write(file, line[: len(line) // 2]))
        put(document, Card("b", "op/log"))
    assert problems == [os.strerror(errno.ENOSPC)]
    put(document, Card("c", "op/log"))
    put(document, Card("d", "op/log"))
    (left,) = died(journal)
    assert left.recover().items == document.items and len(problems) == 1


def test_no_thread_is_left(document):
    before = {*threading.enumerate()}
    journal = Journal(document)
    put(document, Card("z", "op/log"))
    put(document, Card("w", "op/log"))
    journal.close()
    assert {*threading.enumerate()} <= before


KILLED = """
    import sys
    from editor.io.journal import Journal
    from editor.model.document import Change, GraphDocument
    from editor.model.items import Card
    document = GraphDocument()
    journal = Journal(document)
    k = 0
    while True:
        card = Card(f"c{k % 50}", "op/exp", x=float(k))
        document.do(Change("Put", {card.ref: document.items.get(card.ref)}, {card.ref: card}))
        print(k, flush=True)
        k += 1
"""


def test_killed_in_the_middle_of_editing(own_home):
    """After -9 every edit that was made is there; the one under way may be."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "GRAPHENGINE_EDITOR_HOME": str(own_home)}
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(KILLED)], env=environ, cwd=ROOT,
                               stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    done = 0
    for line in process.stdout:
        done = int(line)
        if done == 500:
            assert left_over() == []        # it is alive, so it is its own
            process.send_signal(signal.SIGKILL) if os.name == "posix" else process.kill()
            break
    done = max([done, *map(int, process.stdout.read().split())])
    process.wait(30)
    process.stdout.close()
    (found,) = left_over()
    recovered = found.recover()
    places = {int(card.x) for card in recovered.cards}
    assert len(places) == 50
    assert max(places) in (done, done + 1)
    assert min(places) == max(places) - 49


# -------------------------------------------------------------------- settings

def test_settings_stay(own_home):
    Settings().set("theme", "light")
    Settings().set("zoom", 1.5)
    assert Settings().get("theme") == "light"
    assert Settings().get("zoom", 1.0) == 1.5
    assert Settings().get("nothing", [1]) == [1]
    Settings().set("theme", None)
    assert Settings().get("theme", "dark") == "dark"
    assert json.loads((own_home / "settings.json").read_text()) == {"zoom": 1.5}


def test_two_windows_do_not_forget_each_others_settings(own_home):
    first, second = Settings(), Settings()
    first.set("a", 1)
    second.set("b", 2)
    first.set("c", 3)
    assert (Settings().get("a"), Settings().get("b"), Settings().get("c")) == (1, 2, 3)


def test_a_value_of_another_type_is_the_default(own_home):
    Settings().set("width", "wide")
    Settings().set("flag", True)
    assert Settings().get("width", 240) == 240
    assert Settings().get("flag", 3) == 3
    assert Settings().get("flag", False) is True


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, "\x00\xff"])
def test_broken_settings_are_put_aside(own_home, text):
    own_home.mkdir()
    (own_home / "settings.json").write_bytes(text.encode("latin1"))
    made = Settings()
    assert made.get("a") is None
    made.set("a", 1)
    assert Settings().get("a") == 1
    assert (own_home / "settings.json.broken").read_bytes() == text.encode("latin1")


def test_settings_that_cannot_be_written_hold_for_this_start(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    made = Settings(blocked)
    made.set("a", 1)
    assert made.get("a") == 1
    with pytest.raises(TypeError):
        made.set("b", object())


def test_recent_files(tmp_path):
    made = Settings(tmp_path)
    files = [tmp_path / f"{k}.graph.json" for k in range(RECENT + 3)]
    for file in files:
        file.write_text("")
        made.remember_file(file)
    made.remember_file(files[5])
    assert made.recent_files[0] == files[5]
    assert len(made.recent_files) == RECENT
    files[5].unlink()
    assert files[5] not in made.recent_files
    made.set("recent", [3, "a\0b", str(files[4])])
    assert made.recent_files == [files[4]]
    made.forget_files()
    assert made.recent_files == []


def test_folders_follow_the_system(tmp_path):
    home = {"HOME": "/home/me"}
    name = "graphengine-editor"
    assert config_folder(home, "linux") == pathlib.Path("/home/me/.config", name)
    assert data_folder(home, "linux") == pathlib.Path("/home/me/.local/share", name)
    assert config_folder({**home, "XDG_CONFIG_HOME": "/conf"}, "linux") == pathlib.Path("/conf", name)
    assert config_folder({**home, "XDG_CONFIG_HOME": "relative"}, "linux") == pathlib.Path("/home/me/.config", name)
    assert data_folder(home, "darwin") == pathlib.Path("/home/me/Library/Application Support", name)
    assert config_folder({**home, "APPDATA": "/roaming"}, "win32") == pathlib.Path("/roaming", name)
    assert data_folder({**home, "GRAPHENGINE_EDITOR_HOME": "/other"}, "win32") == pathlib.Path("/other")


def test_left_over_is_sorted_by_time(own_home):
    made = []
    for k, when in enumerate((100, 300, 200)):
        folder = journals_folder() / f"j{k}"
        folder.mkdir(parents=True)
        base = folder / "base-1.json"
        base.write_text(json.dumps({"path": None, "arrays": [], "text": to_text(GraphDocument())}))
        os.utime(base, (when, when))
        made.append(folder)
    assert [entry.folder for entry in left_over()] == [made[1], made[2], made[0]]
    assert isinstance(left_over()[0], LeftOver)
