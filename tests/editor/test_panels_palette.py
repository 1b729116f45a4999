"""The palette finds, explains, stars and hands out kinds; adding by name does the same at the pointer."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6 import QtCore, QtGui, QtWidgets
from pytestqt.qtbot import QtBot

from editor.actions import Actions
from editor.model.kinds import catalog
from editor.panels.palette import MIME, Palette
from editor.popups.add_search import AddSearch
from editor.popups.command_palette import CommandPalette, plain
from editor.search.kinds import Preferences
from editor.theme import theme
from editor.widgets.rows import ROW, Row, star_box

Key, Left = QtCore.Qt.Key, QtCore.Qt.MouseButton.LeftButton


@pytest.fixture
def palette(qtbot: QtBot) -> Palette:
    made = Palette(Preferences())
    qtbot.addWidget(made)
    made.resize(260, 600)
    made.show()
    return made


def rows(palette: Palette) -> Iterator[tuple[QtCore.QModelIndex, Row]]:
    """All rows that are open, from the top."""
    index = palette.tree.model().index(0, 0)
    while index.isValid():
        yield index, index.data(ROW)
        index = palette.tree.indexBelow(index)


def titles(palette: Palette) -> list[str]:
    return [row.title for _, row in rows(palette)]


def find(palette: Palette, key: str) -> QtCore.QModelIndex:
    return next(index for index, row in rows(palette) if row.key == key)


def test_families_and_categories_are_those_of_the_catalog(palette: Palette) -> None:
    families = {kind.family for kind in catalog().values() if not kind.hidden}
    assert families <= set(titles(palette))
    counts = {row.title: int(row.note) for _, row in rows(palette) if row.title in families}
    for family in families:
        assert counts[family] == sum(kind.family == family and not kind.hidden for kind in catalog().values())


def test_typing_finds_and_enter_chooses_the_best(qtbot: QtBot, palette: Palette) -> None:
    qtbot.keyClicks(palette.search, "dens")
    first = next(rows(palette))[1]
    assert first.key == "layer/Dense"
    assert first.places == (0, 1, 2, 3)
    with qtbot.waitSignal(palette.chosen) as chosen:
        qtbot.keyClick(palette.search, Key.Key_Return)
    assert chosen.args == ["layer/Dense"]
    qtbot.keyClick(palette.search, Key.Key_Escape)
    assert palette.search.text() == ""


def test_arrows_go_from_the_search_into_the_tree(qtbot: QtBot, palette: Palette) -> None:
    qtbot.keyClicks(palette.search, "conv")
    qtbot.keyClick(palette.search, Key.Key_Down)
    assert palette.tree.currentIndex().row() == 1
    with qtbot.waitSignal(palette.chosen) as chosen:
        qtbot.keyClick(palette.tree, Key.Key_Return)
    assert chosen.args == [palette.tree.key(palette.tree.model().index(1, 0))]


def test_nothing_found_says_so(qtbot: QtBot, palette: Palette) -> None:
    qtbot.keyClicks(palette.search, "qqzzxx")
    assert palette.empty.isVisibleTo(palette)
    assert not palette.tree.isVisibleTo(palette)


def test_a_click_on_a_heading_opens_and_closes_it_and_that_stays(qtbot: QtBot, palette: Palette) -> None:
    def click_data() -> None:
        index = next(i for i, row in rows(palette) if row.title == "Data")
        palette.tree.scrollTo(index)
        qtbot.mouseClick(palette.tree.viewport(), Left, pos=palette.tree.visualRect(index).center())

    click_data()
    assert "CSV" in titles(palette)
    palette.preferences.use("op/add")
    palette.update_now()
    assert "CSV" in titles(palette)
    click_data()
    assert "CSV" not in titles(palette)


def test_a_double_click_chooses(qtbot: QtBot, palette: Palette) -> None:
    qtbot.keyClicks(palette.search, "relu")
    place = palette.tree.visualRect(palette.tree.model().index(0, 0)).center()
    with qtbot.waitSignal(palette.chosen) as chosen:
        qtbot.mouseClick(palette.tree.viewport(), Left, pos=place)
        qtbot.mouseDClick(palette.tree.viewport(), Left, pos=place)
    assert chosen.args == [palette.tree.key(palette.tree.model().index(0, 0))]


def test_the_star_makes_a_favourite_that_stands_at_the_top(qtbot: QtBot, palette: Palette) -> None:
    qtbot.keyClicks(palette.search, "matmul")
    index = find(palette, "op/matmul")
    star = star_box(palette.tree.visualRect(index)).center().toPoint()
    qtbot.mouseClick(palette.tree.viewport(), Left, pos=star)
    assert palette.preferences.favorites == ["op/matmul"]
    palette.search.clear()
    palette.update_now()
    assert titles(palette)[:2] == ["Favorites", "MatMul"]
    qtbot.keyClicks(palette.search, "matmul")
    palette.tree.setCurrentIndex(find(palette, "op/matmul"))
    qtbot.keyClick(palette.tree, Key.Key_Asterisk)
    assert palette.preferences.favorites == []


def test_a_drag_carries_the_key(palette: Palette) -> None:
    palette.search.setText("matmul")
    index = find(palette, "op/matmul")
    assert bytes(palette.tree.mime_data(index).data(MIME).data()).decode() == "op/matmul"
    assert index.flags() & QtCore.Qt.ItemFlag.ItemIsDragEnabled
    heading = next(i for i, row in rows(palette) if row.key)
    assert heading.isValid()


def test_headings_are_not_dragged(palette: Palette) -> None:
    index = palette.tree.model().index(0, 0)
    assert not index.flags() & QtCore.Qt.ItemFlag.ItemIsDragEnabled


def test_moving_with_the_button_down_begins_a_drag(qtbot: QtBot, palette: Palette,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    carried: list[tuple[str, bool]] = []

    def run(drag: QtGui.QDrag, actions: QtCore.Qt.DropAction) -> QtCore.Qt.DropAction:
        carried.append((drag.mimeData().text(), drag.pixmap().isNull()))
        return actions

    monkeypatch.setattr(QtGui.QDrag, "exec", run)           # which would wait for a real pointer to be let go
    qtbot.keyClicks(palette.search, "matmul")
    viewport, place = palette.tree.viewport(), palette.tree.visualRect(find(palette, "op/matmul")).center()
    qtbot.mousePress(viewport, Left, pos=place)
    for k in range(1, 5):
        spot = QtCore.QPointF(place + QtCore.QPoint(8 * k, 2))
        QtWidgets.QApplication.sendEvent(viewport, QtGui.QMouseEvent(
            QtCore.QEvent.Type.MouseMove, spot, viewport.mapToGlobal(spot), QtCore.Qt.MouseButton.NoButton, Left,
            QtCore.Qt.KeyboardModifier.NoModifier))
    assert carried == [("op/matmul", False)]


def test_resting_shows_the_card_and_its_documentation(qtbot: QtBot, palette: Palette) -> None:
    qtbot.keyClicks(palette.search, "matmul")
    index = find(palette, "op/matmul")
    qtbot.mouseMove(palette.tree.viewport(), palette.tree.visualRect(index).center())
    palette.tree.entered.emit(index)
    qtbot.waitUntil(lambda: palette.hint.isVisible())
    assert "Product of two matrices" in palette.hint.text.text()
    assert not palette.hint.picture.pixmap().isNull()
    qtbot.keyClick(palette.tree, Key.Key_Escape)
    assert not palette.hint.isVisible()


def test_every_kind_has_a_picture_and_documentation(palette: Palette) -> None:
    for kind in palette.kinds.values():
        palette.hint.show_kind(kind, QtCore.QPoint(0, 0), 0)
    palette.hint.hide()


def test_both_looks_draw(palette: Palette) -> None:
    mode = theme.mode
    try:
        for other in ("light", "dark"):
            theme.set(other)
            assert not palette.grab().isNull()
    finally:
        theme.set(mode)


# -------------------------------------------------------------------- adding by name

@pytest.fixture
def add(qtbot: QtBot) -> AddSearch:
    popup = AddSearch(Preferences())
    qtbot.addWidget(popup)
    return popup


def shown(popup: AddSearch | CommandPalette) -> list[str]:
    return [row.title for row in popup.model.rows]


def test_a_name_is_typed_and_chosen(qtbot: QtBot, add: AddSearch) -> None:
    add.ask(QtCore.QPoint(200, 200))
    assert add.isVisible()
    qtbot.keyClicks(add.input, "matm")
    assert shown(add)[0] == "MatMul"
    with qtbot.waitSignals([add.chosen, add.closed]):
        qtbot.keyClick(add.input, Key.Key_Return)
    assert not add.isVisible()
    assert add.preferences.recent == ["op/matmul"]
    add.ask(QtCore.QPoint(200, 200))
    assert add.input.text() == ""
    assert shown(add)[0] == "MatMul"


def test_it_stays_on_the_screen_and_escape_closes_it(qtbot: QtBot, add: AddSearch) -> None:
    screen = QtGui.QGuiApplication.primaryScreen().availableGeometry()
    add.ask(screen.bottomRight())
    assert screen.contains(add.geometry())
    with qtbot.waitSignal(add.closed) as closed:
        qtbot.keyClick(add.input, Key.Key_Escape)
    assert closed.args == [False]


def test_only_what_fits_a_wire_is_offered_with_the_reason(qtbot: QtBot, add: AddSearch) -> None:
    kinds = catalog()
    offers = [(kinds["op/matmul"], 1), (kinds["layer/Dense"], 0)]
    add.ask_fitting(QtCore.QPoint(0, 0), offers, "input", "float32 (?, 3)")
    assert shown(add) == ["MatMul", "Dense"]
    assert add.model.rows[0].detail.startswith("takes float32 (?, 3) at b")
    qtbot.keyClicks(add.input, "relu")
    assert shown(add) == []
    assert add.foot.text() == "Relu does not take float32 (?, 3)."
    add.input.setText("qqzzxx")
    assert add.foot.text() == "Nothing is called “qqzzxx”."
    add.input.clear()
    with qtbot.waitSignal(add.chosen) as chosen:
        qtbot.mouseClick(add.list.viewport(), Left, pos=add.list.visualRect(add.model.index(0)).center())
    assert chosen.args == ["op/matmul", 1]
    add.ask_fitting(QtCore.QPoint(0, 0), [], "input", "bool ()")
    assert add.foot.text() == "Nothing fits bool ()."
    add.ask_fitting(QtCore.QPoint(0, 0), [(kinds["optimizer/Adam"], 0)], "output", "optimizer of train")
    assert add.model.rows[0].detail.startswith("gives optimizer for optimizer of train")


def test_arrows_and_tab_go_around(qtbot: QtBot, add: AddSearch) -> None:
    add.ask(QtCore.QPoint(0, 0), "conv")
    assert add.list.currentIndex().row() == 0
    qtbot.keyClick(add.input, Key.Key_Up)
    assert add.list.currentIndex().row() == len(add.model.rows) - 1
    qtbot.keyClick(add.input, Key.Key_Tab)
    assert add.list.currentIndex().row() == 0
    qtbot.keyClick(add.input, Key.Key_PageDown)
    assert add.list.currentIndex().row() == min(8, len(add.model.rows) - 1)


# -------------------------------------------------------------------- all commands

def test_commands_are_found_by_name_and_triggered(qtbot: QtBot) -> None:
    done: list[str] = []
    actions = []
    for menu, text, keys in (("File", "&Open…", "Ctrl+O"), ("Edit", "Zoom && fit", "F"), ("Edit", "Paste", "Ctrl+V")):
        action = QtGui.QAction(text)
        action.setShortcut(keys)
        action.triggered.connect(lambda _=False, text=text: done.append(text))
        actions.append((menu, action))
    actions[2][1].setEnabled(False)
    popup = CommandPalette(lambda: actions)
    qtbot.addWidget(popup)
    popup.open_at(QtCore.QPoint(0, 0))
    assert shown(popup) == ["Open", "Zoom & fit", "Paste"]
    assert popup.model.rows[0].note.endswith("Ctrl+O")
    qtbot.keyClicks(popup.input, "zf")
    qtbot.keyClick(popup.input, Key.Key_Return)
    assert done == ["Zoom && fit"]
    popup.open_at(QtCore.QPoint(0, 0))
    assert shown(popup)[0] == "Zoom & fit"
    qtbot.keyClicks(popup.input, "paste")
    qtbot.keyClick(popup.input, Key.Key_Return)
    assert popup.isVisible()
    assert done == ["Zoom && fit"]
    popup.hide()
    assert plain("&Save as...") == "Save as"


def test_commands_of_menus_in_menus_are_found_by_those(qtbot: QtBot) -> None:
    window = QtWidgets.QMainWindow()
    qtbot.addWidget(window)
    actions = Actions(window, lambda name: lambda *_: None)
    theme_menu = QtWidgets.QMenu("Theme", window)
    theme_menu.addAction("Dark")
    theme_menu.addAction("Light")
    actions.menus["View"].addMenu(theme_menu)
    popup = CommandPalette(actions.by_menu)
    qtbot.addWidget(popup)
    popup.open_at(QtCore.QPoint(0, 0))
    qtbot.keyClicks(popup.input, "theme")
    assert shown(popup)[:2] == ["Dark", "Light"] and popup.model.rows[0].note == "View › Theme"
    popup.hide()
