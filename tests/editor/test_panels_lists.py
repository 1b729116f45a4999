"""Problems, outline and history show what is there, lead there, and stay in step with the document."""
from __future__ import annotations

import time

import pytest
from PySide6 import QtCore, QtWidgets
from pytestqt.qtbot import QtBot

from editor import commands
from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Card, Item, Ref, Wire
from editor.panels.history import History
from editor.panels.outline import Outline
from editor.panels.problems import CARD, FIXES, TEXT, Problems
from editor.theme import theme

Left, Key = QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.Key
WRONG: tuple[Item, ...] = (
    Card("mm", "op/matmul"), Card("x", "op/placeholder", {"shape": [None, 784]}), Card("lone", "op/matmul"),
    Card("hidden", "layer/Dense", {"units": 128}),
    Card("w", "op/const", {"value": {"dtype": "float32", "shape": [2, 3], "values": [1.0] * 6}}),
    Wire("x", 0, "hidden", 0), Wire("hidden", 0, "mm", 0), Wire("w", 0, "mm", 1))


@pytest.fixture
def document() -> GraphDocument:
    return GraphDocument(WRONG)


# -------------------------------------------------------------------- problems

@pytest.fixture
def problems(qtbot: QtBot, document: GraphDocument) -> Problems:
    panel = Problems(document, Inference(document))
    qtbot.addWidget(panel)
    panel.edit.connect(document.do)
    panel.resize(800, 220)
    panel.show()
    return panel


def cards(panel: Problems) -> list[str]:
    return [panel.table.topLevelItem(k).text(CARD) for k in range(panel.table.topLevelItemCount())]


def test_problems_are_listed_errors_first_with_words_for_who_cannot_see(problems: Problems) -> None:
    assert cards(problems) == ["mm", "lone"]
    item = problems.table.topLevelItem(0)
    assert "128" in item.text(TEXT)
    assert item.data(0, QtCore.Qt.ItemDataRole.AccessibleTextRole) == "Error"
    assert item.toolTip(TEXT)


def test_a_click_leads_to_the_card_and_so_does_enter(qtbot: QtBot, problems: Problems) -> None:
    item = problems.table.topLevelItem(0)
    with qtbot.waitSignal(problems.jump) as asked:
        place = problems.table.visualItemRect(item).center()
        qtbot.mouseClick(problems.table.viewport(), Left, pos=place)
    assert asked.args == ["mm"]
    problems.table.setCurrentItem(problems.table.topLevelItem(1))
    with qtbot.waitSignal(problems.jump) as asked:
        qtbot.keyClick(problems.table, Key.Key_Return)
    assert asked.args == ["lone"]


def test_a_button_mends_and_undo_brings_the_problem_back(qtbot: QtBot, problems: Problems,
                                                         document: GraphDocument) -> None:
    holder = problems.table.itemWidget(problems.table.topLevelItem(0), FIXES)
    button = holder.findChildren(QtWidgets.QPushButton)[0]
    assert button.width() >= button.sizeHint().width()
    qtbot.mouseClick(button, Left)
    problems.update_now()
    assert cards(problems) == ["lone"]
    document.undo()
    problems.update_now()
    assert cards(problems) == ["mm", "lone"]


def test_no_problems_are_said_and_counted(qtbot: QtBot, problems: Problems, document: GraphDocument) -> None:
    problems.hide()
    with qtbot.waitSignal(problems.counted) as counted:
        document.do(commands.delete(document, [Ref("card", "mm"), Ref("card", "lone")]))
    assert counted.args == [0, 0]
    problems.show()
    assert problems.empty.isVisibleTo(problems)
    assert not problems.table.isVisibleTo(problems)


def test_problems_keep_their_icons_in_the_other_look(problems: Problems) -> None:
    mode = theme.mode
    try:
        theme.set("light")
        problems.update_now()
        assert not problems.table.topLevelItem(0).icon(0).isNull()
        assert not problems.grab().isNull()
    finally:
        theme.set(mode)


# -------------------------------------------------------------------- outline

@pytest.fixture
def outline(qtbot: QtBot, document: GraphDocument) -> Outline:
    panel = Outline(document, Inference(document))
    qtbot.addWidget(panel)
    panel.resize(400, 500)
    panel.show()
    return panel


def texts(panel: Outline) -> list[tuple[str, str, str]]:
    rows = ([panel.model.item(k, column).text() for column in range(3)] for k in range(panel.model.rowCount()))
    return [(card, kind, result) for card, kind, result in rows]


def test_cards_come_after_what_they_depend_on(outline: Outline) -> None:
    order = outline.order()
    assert order == ["x", "hidden", "w", "mm", "lone"]
    assert texts(outline)[1] == ("hidden", "Dense", "float32 (?, 128)")
    first = outline.model.item(3, 0)
    assert [first.child(k, 0).text() for k in range(first.rowCount())] == ["a from hidden", "b from w"]
    said = outline.model.item(1, 0).data(QtCore.Qt.ItemDataRole.AccessibleTextRole)
    assert said == "hidden, Dense, float32 (?, 128)"


def test_a_circle_in_a_file_is_listed_too(qtbot: QtBot) -> None:
    document = GraphDocument([Card("a", "op/relu"), Card("b", "op/relu"), Wire("a", 0, "b", 0), Wire("b", 0, "a", 0)])
    panel = Outline(document, Inference(document))
    qtbot.addWidget(panel)
    assert sorted(panel.order()) == ["a", "b"]


def test_the_selection_goes_both_ways(qtbot: QtBot, outline: Outline) -> None:
    outline.show_items([Ref("card", "hidden"), Ref("card", "w")])
    rows = {index.row() for index in outline.tree.selectionModel().selectedRows()}
    assert rows == {1, 2}
    index = outline.model.item(0, 0).index()
    with qtbot.waitSignal(outline.select) as chosen:
        qtbot.mouseClick(outline.tree.viewport(), Left, pos=outline.tree.visualRect(index).center())
    assert chosen.args == [{Ref("card", "x")}]
    with qtbot.waitSignal(outline.select) as chosen:
        qtbot.keyClick(outline.tree, Key.Key_Down)
    assert chosen.args == [{Ref("card", "hidden")}]
    with qtbot.waitSignal(outline.jump) as asked:
        qtbot.keyClick(outline.tree, Key.Key_Return)
    assert asked.args == ["hidden"]


def test_edits_are_followed_and_moves_cost_nothing(outline: Outline, document: GraphDocument) -> None:
    document.do(commands.set_attribute(document, ["hidden"], "units", 2))
    outline.update_now()
    assert texts(outline)[1][2] == "float32 (?, 2)"
    assert texts(outline)[3][2] == "float32 (?, 3)"
    document.do(commands.move(document, [Ref("card", "x")], 24, 24))
    assert not outline._is_stale
    document.do(commands.delete(document, [Ref("card", "lone")]))
    outline.update_now()
    assert [row[0] for row in texts(outline)] == ["x", "hidden", "w", "mm"]
    document.do(commands.delete(document, [Ref("card", id) for id in ("x", "hidden", "w", "mm")]))
    outline.update_now()
    assert outline.empty.isVisibleTo(outline)


def test_opened_rows_stay_open(outline: Outline, document: GraphDocument) -> None:
    outline.tree.setExpanded(outline.model.item(3, 0).index(), True)
    document.do(commands.rename(document, "x", "images"))
    outline.update_now()
    assert outline.tree.isExpanded(outline.model.item(3, 0).index())


# -------------------------------------------------------------------- history

@pytest.fixture
def history(qtbot: QtBot, document: GraphDocument) -> History:
    panel = History(document)
    qtbot.addWidget(panel)
    panel.resize(260, 300)
    panel.show()
    return panel


def test_a_click_goes_back_and_forth(qtbot: QtBot, history: History, document: GraphDocument) -> None:
    for units in (1, 2, 3):
        document.do(commands.set_attribute(document, ["hidden"], "units", units))
    history.update_now()
    assert history.list.count() == 4
    assert history.list.currentRow() == 3
    place = history.list.visualItemRect(history.list.item(1)).center()
    qtbot.mouseClick(history.list.viewport(), Left, pos=place)
    hidden = document.card("hidden")
    assert hidden is not None
    assert hidden.attributes["units"] == 1
    history.update_now()
    assert history.list.currentRow() == 1
    assert history.list.item(2).data(QtCore.Qt.ItemDataRole.AccessibleTextRole).endswith("taken back")
    history.list.setCurrentRow(3)
    qtbot.keyClick(history.list, Key.Key_Return)
    assert len(document.history) == 3
    history.go_to(0)
    assert document.card("hidden") == WRONG[3]


def test_large_documents_are_shown_at_once(qtbot: QtBot) -> None:
    """Structure, not time: one pass over the document, however many listeners were told. The time is printed."""
    items: list[Item] = [Card("c0", "op/placeholder", {"shape": [None, 8]})]
    for k in range(1, 400):
        items += [Card(f"c{k}", "op/relu"), Wire(f"c{k - 1}", 0, f"c{k}", 0)]
    document = GraphDocument(items)
    inference = Inference(document)
    panel = Outline(document, inference)
    qtbot.addWidget(panel)
    begin = time.perf_counter()
    panel.show()
    print(f"outline of 400 cards: {time.perf_counter() - begin:.3f} s")
    assert panel.order() == [f"c{k}" for k in range(400)]
    assert panel.model.rowCount() == 400
