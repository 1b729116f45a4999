"""What the panels share that look at the compiler's work: what it is about, asking for it, saying what goes wrong."""
from __future__ import annotations

from collections.abc import Iterable

from PySide6 import QtCore, QtWidgets

from editor.model.document import GraphDocument
from editor.model.kinds import TRAIN
from editor.run import messages as m
from editor.theme import theme

from .live import Blank, LivePanel, Pages, caption, row, say

BLANK, CONTENTS = range(2)


class CompilerPanel(LivePanel):
    """A bar with what is looked at and the button that asks for it; below, the contents once they are there.

    Signals
    -------
    jump(cards) : ids of the cards that something clicked comes from, a list

    Attributes
    ----------
    selected : cards that are marked
    compiled : what the compiler did, None before it was asked
    """

    jump = QtCore.Signal(object)
    asks_for: type[m.Compile | m.MeasureProfile] = m.Compile
    what = "compile"                    # what the process calls it

    def __init__(self, name: str, title: str, document: GraphDocument, sentence: str, action: str, icon: str,
                 parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(name, title, parent)
        self.document = document
        self.selected: frozenset[str] = frozenset()
        self.compiled: m.Compiled | None = None
        self.message = ""
        self._sentence = sentence
        self._is_busy = False
        self.runs = QtWidgets.QComboBox()
        self.runs.setAccessibleName(self.tr("What is looked at"))
        self.runs.setSizeAdjustPolicy(QtWidgets.QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.button = QtWidgets.QPushButton(action)
        theme.dress(self.button, icon)
        self.button.clicked.connect(self.ask)
        self.note = caption("")
        theme.wear(self.note, "mono")
        self.note.setSizePolicy(QtWidgets.QSizePolicy.Policy.Ignored, QtWidgets.QSizePolicy.Policy.Preferred)
        self.bar = row(self.runs, self.button, 6, margins=(8, 5, 8, 4))
        self.bar.addWidget(self.note, 1)
        self.blank = Blank(sentence, action, icon, self.ask)
        self.contents = QtWidgets.QWidget()
        self.pages = Pages()
        self.pages.addWidget(self.blank)
        self.pages.addWidget(self.contents)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self.bar)
        layout.addWidget(self.pages, 1)
        document.listeners.append(self.mark_stale)

    def close_down(self) -> None:
        """Stop listening."""
        self.document.listeners.remove(self.mark_stale)

    @property
    def training(self) -> str | None:
        """The Train card whose step is looked at; None: a run."""
        found: str | None = self.runs.currentData()
        return found

    def ask(self) -> None:
        """Ask for what is chosen."""
        self._find_runs()
        self.message = ""
        self.request.emit(self.asks_for(self.training))

    def select(self, cards: Iterable[str]) -> None:
        """Mark what comes from these cards."""
        if self.selected != (found := frozenset(cards)):
            self.selected = found
            self.mark_stale()

    # ------------------------------------------------ replies

    def take(self, reply: object) -> None:
        match reply:
            case m.Started(what=self.what):
                self._is_busy, self.message = True, ""
            case m.Finished(what=self.what):
                self._is_busy = False
            case m.Failed() if reply.what in (self.what, self.asks_for.__name__.lower()):
                self._is_busy = False
                self.message = f"{reply.text}; {reply.fix}" if reply.fix else reply.text
            case m.Died():
                self._is_busy = False
            case _:
                if not self.take_result(reply):
                    return
                if isinstance(reply, m.Compiled | m.ProfileResult):
                    self._find_runs()
                    # another panel, or the window, may have asked
                    self.runs.setCurrentIndex(max(self.runs.findData(reply.training), 0))
        self.mark_stale()

    def take_result(self, reply: object) -> bool:
        """Keep a reply that has the contents; whether it is one."""
        if not isinstance(reply, m.Compiled):
            return False
        self.compiled = reply
        return True

    # ------------------------------------------------ showing

    def refresh(self) -> None:
        self._find_runs()
        self.button.setEnabled(not self._is_busy)
        self.button.setVisible(self.has_contents())     # the one in the middle does it till then
        self.blank.button.setEnabled(not self._is_busy)
        self.blank.label.setText(self.message or self._sentence)
        say(self.note, self.message or self.summary(), "error" if self.message else "muted")
        self.pages.setCurrentIndex(CONTENTS if self.has_contents() else BLANK)
        if self.has_contents():
            self.draw()

    def has_contents(self) -> bool:
        """Whether there is something to show."""
        return self.compiled is not None

    def summary(self) -> str:
        """The contents in a line."""
        return ""

    def draw(self) -> None:
        """Show the contents; panels say how."""

    def _find_runs(self) -> None:
        wanted: list[tuple[str, str | None]] = [(self.tr("A run"), None)]
        for card in self.document.cards:
            if card.kind == TRAIN:
                wanted.append((self.tr("Training step of {0}").format(card.id), card.id))
        if [text for text, _ in wanted] != [self.runs.itemText(k) for k in range(self.runs.count())]:
            before = self.training
            self.runs.clear()
            for text, card_id in wanted:
                self.runs.addItem(text, card_id)
            self.runs.setCurrentIndex(max(self.runs.findData(before) if before else 0, 0))
        self.runs.setVisible(len(wanted) > 1)
