"""Finding in a document, the sheet of keys, the first hints."""
from __future__ import annotations

import pytest
from PySide6 import QtCore, QtGui, QtWidgets
from pytestqt.qtbot import QtBot

from editor import commands
from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Card, Frame, Note, Ref, Wire
from editor.popups.cheat_sheet import CheatSheet
from editor.popups.find_bar import FindBar
from editor.popups.guide import SEEN, Guide, Step, first_steps
from editor.search.find import find

Key, Left = QtCore.Qt.Key, QtCore.Qt.MouseButton.LeftButton


@pytest.fixture
def document() -> GraphDocument:
    return GraphDocument([
        Card("images", "op/placeholder", {"shape": [None, 784]}), Card("hidden", "layer/Dense", {"units": 128}),
        Card("logits", "layer/Dense", {"units": 10, "activation": "softmax"}),
        Card("digit", "op/placeholder", {"dtype": "int64", "shape": [None]}), Card("lone", "op/matmul", bypassed=True),
        Wire("images", 0, "hidden", 0), Wire("hidden", 0, "logits", 0),
        Frame("frame", "The encoder", 0, 0, 100, 100), Note("note", "Trains on digits", 0, 0)])


@pytest.mark.parametrize("query, names", [
    ("", []),
    ("hidden", ["hidden"]),
    ("dense", ["hidden", "logits"]),
    ("DENSE softmax", ["logits"]),
    ("digit", ["digit", "note"]),
    ("encoder", ["frame"]),
    ("(?, 128)", ["hidden"]),
    ("(?, ?)", ["images", "hidden", "logits"]),
    ("(..., 10)", ["logits"]),
    ("(...)", ["images", "hidden", "logits", "digit"]),
    ("(?,)", ["digit"]),
    ("()", []),
    ("(unfinished", []),
    ("int64", ["digit"]),
    ("units=128", ["hidden"]),
    ("units=12", []),
    ("activation:soft", ["logits"]),
    ("op:dense name:log", ["logits"]),
    ("category:source", ["images", "digit"]),
    ("shape:(?, 784)", ["images"]),
    ("dtype:int64", ["digit"]),
    ("is:bypassed", ["lone"]),
    ("is:problem", ["lone"]),
    ("is:nothing", []),
    ("nowhere=3", []),
    ("dense (?, 10)", ["logits"]),
    ("zzz", []),
])
def test_what_is_typed_finds_what_was_meant(document: GraphDocument, query: str, names: list[str]) -> None:
    found = [str(ref.key) for ref in find(query, document, Inference(document))]
    assert found == names


@pytest.fixture
def bar(qtbot: QtBot, document: GraphDocument) -> FindBar:
    made = FindBar(document, Inference(document))
    qtbot.addWidget(made)
    return made


def test_enter_goes_on_and_around(qtbot: QtBot, bar: FindBar) -> None:
    bar.begin()
    jumps: list[Ref] = []
    bar.jump.connect(jumps.append)
    qtbot.keyClicks(bar.input, "dense")
    assert bar.count.text() == "1 of 2"
    qtbot.keyClick(bar.input, Key.Key_Return)
    assert bar.count.text() == "2 of 2"
    qtbot.keyClick(bar.input, Key.Key_Return)
    qtbot.keyClick(bar.input, Key.Key_Return, QtCore.Qt.KeyboardModifier.ShiftModifier)
    assert [ref.key for ref in jumps[-3:]] == ["logits", "hidden", "logits"]
    qtbot.mouseClick(bar.after, Left)
    assert jumps[-1].key == "hidden"


def test_nothing_found_is_said_and_escape_closes(qtbot: QtBot, bar: FindBar) -> None:
    bar.begin("zzz")
    assert bar.count.text() == "none"
    assert bar.input.property("invalid")
    assert not bar.after.isEnabled()
    with qtbot.waitSignal(bar.jump) as asked:
        bar.begin("encoder")
    assert asked.args == [Ref("frame", "frame")]
    with qtbot.assertNotEmitted(bar.found), qtbot.waitSignal(bar.closed):
        qtbot.keyClick(bar.input, Key.Key_Escape)
    assert bar.isHidden()


def test_edits_are_found_too_without_moving_the_eye(qtbot: QtBot, bar: FindBar, document: GraphDocument) -> None:
    bar.begin("dense")
    qtbot.keyClick(bar.input, Key.Key_Return)
    bar.found.connect(lambda refs: pytest.fail("what the user selected since is replaced"))
    jumps: list[Ref] = []
    bar.jump.connect(jumps.append)
    document.do(commands.add_card(document, "layer/Dense", 0, 0))
    qtbot.waitUntil(lambda: bar.count.text() == "2 of 3")
    document.do(commands.delete(document, [Ref("card", "hidden")]))
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 2")
    document.do(commands.delete(document, [Ref("card", "logits")]))
    qtbot.waitUntil(lambda: bar.count.text() == "1 of 1")
    assert jumps == []


# -------------------------------------------------------------------- keys

def test_the_sheet_lists_keys_by_menu_and_is_searched(qtbot: QtBot) -> None:
    actions = []
    for menu, text, keys in (("File", "&Open…", "Ctrl+O"), ("Edit", "Undo", "Ctrl+Z"), ("Edit", "Without keys", "")):
        action = QtGui.QAction(text)
        action.setShortcut(keys)
        actions.append((menu, action))
    actions[1][1].setProperty("always", "Undo")
    actions[1][1].setText("Undo recover edits")
    sheet = CheatSheet(actions)
    qtbot.addWidget(sheet)
    sheet.show()
    groups = {group.heading: group for group in sheet.groups}
    assert groups["File"].lines == [("Ctrl+O", "Open")]
    assert groups["Edit"].lines == [("Ctrl+Z", "Undo")], "whatever would be undone now"
    qtbot.keyClicks(sheet.search, "undo")
    assert not groups["File"].isVisibleTo(sheet)
    assert groups["Edit"].isVisibleTo(sheet)
    qtbot.keyClicks(sheet.search, "zzz")
    assert sheet.nothing.isVisibleTo(sheet)
    qtbot.keyClick(sheet, Key.Key_Escape)
    assert not sheet.isVisible()


# -------------------------------------------------------------------- first hints

def test_hints_point_at_what_is_there_and_come_once(qtbot: QtBot) -> None:
    window = QtWidgets.QWidget()
    qtbot.addWidget(window)
    window.resize(900, 600)
    parts = [QtWidgets.QWidget(window) for _ in range(4)]
    for part, box in zip(parts, [(0, 0, 200, 600), (200, 50, 400, 550), (600, 50, 300, 550), (200, 0, 80, 40)],
                         strict=True):
        part.setGeometry(*box)
    window.show()
    parts[2].hide()
    memory: dict[str, object] = {}
    steps = first_steps(*((lambda part=part: part) for part in parts), lambda: QtCore.QRect(30, 40, 20, 20))
    guide = Guide(window, steps, memory)
    assert guide.begin()
    seen = [guide.title.text()]
    for _ in range(2):
        assert window.rect().contains(guide.geometry())
        qtbot.mouseClick(guide.next, Left)
        seen.append(guide.title.text())
    assert seen == ["Everything that can be drawn", "Wires carry tensors", "See what it does"]
    assert guide.next.text() == "Done"
    window.resize(700, 500)
    assert not guide.grab().isNull()
    with qtbot.waitSignal(guide.ended):
        qtbot.mouseClick(guide.next, Left)
    assert memory[SEEN] is True
    assert not guide.begin()
    assert guide.begin(again=True)
    field = QtWidgets.QLineEdit(parts[1])
    field.show()
    window.activateWindow()
    field.setFocus()
    qtbot.waitUntil(field.hasFocus)
    qtbot.keyClick(field, Key.Key_Escape)
    assert guide.isHidden(), "wherever the focus is"


def test_a_guide_without_targets_does_not_appear(qtbot: QtBot) -> None:
    window = QtWidgets.QWidget()
    qtbot.addWidget(window)
    window.show()
    guide = Guide(window, [Step("a", "b", lambda: None)], {})
    assert not guide.begin()
