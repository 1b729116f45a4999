"""All keys and what the mouse does, on one sheet that can be searched."""
from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6 import QtCore, QtGui, QtWidgets

from editor.theme import theme
from editor.widgets.labels import label
from editor.widgets.screens import resize_on_screen

from .command_palette import keys_of, plain

Qt = QtCore.Qt
COLUMNS = 3
WIDEST = 150                                # pixels that keys take; more of them go on in the next line
Line = tuple[str, str]              # keys or gesture, what it does


class CheatSheet(QtWidgets.QDialog):
    """A dialog.

    Parameters
    ----------
    actions : those of the window, each with the menu it is in; only those with keys are shown
    """

    def __init__(self, actions: Iterable[tuple[str, QtGui.QAction]],
                 parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cheatSheet")
        self.setWindowTitle(self.tr("Keys and gestures"))
        self.setAccessibleName(self.windowTitle())
        groups: dict[str, list[Line]] = {}
        for menu, action in actions:
            keys, text = keys_of(action), plain(action.property("always") or action.text())
            if keys and text:
                groups.setdefault(menu, []).append((keys, text))
        for heading, lines in self.gestures().items():
            groups.setdefault(heading, []).extend(lines)
        self.search = QtWidgets.QLineEdit()
        self.search.setPlaceholderText(self.tr("Search keys and actions …"))
        self.search.setAccessibleName(self.tr("Search"))
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.nothing = label(self.tr("No key does that."), role="hint", hidden=True)
        self.groups: list[_Group] = [_Group(heading, lines) for heading, lines in groups.items()]
        sheet = QtWidgets.QWidget()
        line = QtWidgets.QHBoxLayout(sheet)
        line.setContentsMargins(0, 0, 12, 0)
        line.setSpacing(28)
        for members in _balanced(self.groups):
            column = QtWidgets.QVBoxLayout()
            column.setSpacing(18)
            for group in members:
                column.addWidget(group)
            column.addStretch(1)
            line.addLayout(column, 1)
        area = QtWidgets.QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(sheet)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 12, 16)
        layout.setSpacing(14)
        layout.addWidget(self.search)
        layout.addWidget(self.nothing)
        layout.addWidget(area, 1)
        resize_on_screen(self, 1120, 760)
        self.search.setFocus()

    def gestures(self) -> dict[str, Sequence[Line]]:
        """What the mouse does on the canvas, and the keys that are not actions of the window."""
        t = self.tr
        return {
            t("Mouse on the canvas"): [
                (t("Wheel"), t("Zoom at the pointer")),
                (t("Middle button"), t("Move the view; so does Space + drag")),
                (t("Double-click"), t("Add a card by name")),
                (t("Drag"), t("Select what is touched")),
                (t("Shift + drag"), t("Select more")),
                (t("Ctrl + drag"), t("Select or not")),
                (t("Ctrl + right drag"), t("Cut wires")),
                (t("Right-click"), t("Menu of what is there")),
            ],
            t("Mouse on cards and wires"): [
                (t("Drag"), t("Move what is selected; on a wire it is inserted")),
                (t("Alt while dragging"), t("Leave the guides aside")),
                (t("Alt + drag"), t("Duplicate")),
                (t("Drag a socket"), t("Pull a wire; in the empty, choose what takes it")),
                (t("Drag an input"), t("Take its wire elsewhere")),
                (t("Click a value"), t("Edit it on the card")),
                (t("Drag a number"), t("Of a constant or a placeholder: change it; Shift: finely")),
                (t("Double-click"), t("On a title: rename it. On a layer or subgraph: look inside. On a note: write")),
                (t("Ctrl+Shift + click"), t("Look at the values")),
                (t("Drag an edge"), t("Make it wider")),
                (t("Drag a wire"), t("Add a bend; so does a double-click, which also takes one out")),
            ],
            t("Walking with the keys"): [
                (t("Arrows"), t("Follow the wires")),
                (t("Shift + arrows"), t("Move by 12 pixels")),
                (t("Enter"), t("Edit the card's values")),
                (t("F2"), t("Rename")),
                (t("Tab, Space"), t("Add a card by name")),
                (t("Shift+Tab"), t("Add a card that reads the selected one")),
            ],
        }

    def _filter(self, text: str) -> None:
        words = text.lower().split()
        found = sum(group.show_only(words) for group in self.groups)
        self.nothing.setVisible(not found)


class _Group(QtWidgets.QWidget):
    """A heading with its keys."""

    def __init__(self, heading: str, lines: Sequence[Line]) -> None:
        super().__init__()
        self.heading, self.lines = heading, list(lines)
        grid = QtWidgets.QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(12)
        grid.setVerticalSpacing(5)
        grid.setColumnStretch(1, 1)
        grid.addWidget(label(heading, face="title"), 0, 0, 1, 2)
        self.rows: list[tuple[QtWidgets.QLabel, QtWidgets.QLabel]] = []
        for k, (keys, text) in enumerate(self.lines, 1):
            cap, words = Keycap(keys), label(text, role="muted", face="body", wraps=True)
            cap.setMinimumWidth(WIDEST)
            grid.addWidget(words, k, 1, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(cap, k, 0, Qt.AlignmentFlag.AlignTop)
            self.rows.append((cap, words))

    def show_only(self, words: Sequence[str]) -> int:
        """Show the lines that have all words; returns how many."""
        found = 0
        for (keys, text), widgets in zip(self.lines, self.rows, strict=True):
            fits = all(word in f"{self.heading} {keys} {text}".lower() for word in words)
            found += fits
            for widget in widgets:
                widget.setVisible(fits)
        self.setVisible(found > 0)
        return found


class Keycap(QtWidgets.QLabel):
    """Keys in the fixed font."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.setWordWrap(True)
        theme.wear(self, "mono")
        self.setMaximumWidth(WIDEST)
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Fixed, QtWidgets.QSizePolicy.Policy.Preferred)


def _balanced(groups: Sequence[_Group]) -> list[list[_Group]]:
    """Groups in columns of about equal length, in their order."""
    columns: list[list[_Group]] = [[] for _ in range(COLUMNS)]
    whole = sum(len(group.lines) + 2 for group in groups)
    used = 0
    for group in groups:
        length = len(group.lines) + 2
        columns[min(int((used + length / 2) * COLUMNS / max(whole, 1)), COLUMNS - 1)].append(group)
        used += length
    return columns
