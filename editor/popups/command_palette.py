"""Every action of the window by name, with its keys."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6 import QtGui, QtWidgets

from editor.search.fuzzy import Part, rank
from editor.widgets.rows import Row

from .search_popup import SearchPopup


def plain(text: str) -> str:
    """An action's text without the mark of its access key and the dots of its dialog."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&").removesuffix("...").removesuffix("…").strip()


def keys_of(action: QtGui.QAction) -> str:
    """The shortcuts of an action as one reads them."""
    return ", ".join(keys.toString(QtGui.QKeySequence.SequenceFormat.NativeText) for keys in action.shortcuts())


class CommandPalette(SearchPopup):
    """Lists actions and triggers the one that is chosen.

    Parameters
    ----------
    actions : gives those that there are now, with the menu each is in
    """

    def __init__(self, actions: Callable[[], Iterable[tuple[str, QtGui.QAction]]],
                 parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("commandPalette", self.tr("Commands"), self.tr("Type a command …"), 520, parent)
        self._actions = actions
        self._shown: list[tuple[str, QtGui.QAction]] = []
        self._last: list[str] = []              # texts of those used, the last first

    def rows(self, query: str) -> Sequence[Row]:
        self._shown = [(menu, action) for menu, action in self._actions()
                       if not action.isSeparator() and action.menu() is None and plain(action.text())]
        numbered = list(enumerate(self._shown))
        answers = rank(query, numbered, self._parts, lambda pair: self._bonus(pair[1][1]))
        rows = [Row(plain(action.text()), str(k), match.places, icon=None, enabled=action.isEnabled(),
                    note="   ".join(filter(None, (menu, keys_of(action)))), data=action)
                for (k, (menu, action)), match in answers]
        return sorted(rows, key=lambda row: not row.enabled) if not query else rows

    @staticmethod
    def _parts(pair: tuple[int, tuple[str, QtGui.QAction]]) -> Sequence[Part]:
        menu, action = pair[1]
        return (Part(plain(action.text())), Part(menu, 0.5), Part(keys_of(action), 0.6, loose=False),
                Part(action.toolTip(), 0.4, loose=False))

    def _bonus(self, action: QtGui.QAction) -> float:
        text = plain(action.text())
        return 6.0 / (1 + self._last.index(text)) if text in self._last else 0.0

    def take(self, row: Row) -> None:
        self._last = [row.title, *(t for t in self._last if t != row.title)][:10]
        row.data.trigger()
