"""A bar over the canvas that finds cards, frames and notes."""
from __future__ import annotations

from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Ref
from editor.search.find import find
from editor.theme import theme
from editor.widgets.labels import label

Qt = QtCore.Qt


class FindBar(QtWidgets.QFrame):
    """Opens with `begin`, closes with Esc.

    Signals
    -------
    found(refs) : all items that answer what was typed, as a list; not when only the document changed
    jump(ref) : the one to look at
    closed()
    """

    found = QtCore.Signal(object)
    jump = QtCore.Signal(object)
    closed = QtCore.Signal()

    def __init__(self, document: GraphDocument, inference: Inference, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.document, self.inference = document, inference
        self.refs: list[Ref] = []
        self.at = -1
        self.setObjectName("findBar")
        self.setAccessibleName(self.tr("Find"))
        self.setProperty("role", "card")
        self.setSizePolicy(QtWidgets.QSizePolicy.Policy.Maximum, QtWidgets.QSizePolicy.Policy.Fixed)
        self.input = QtWidgets.QLineEdit()
        self.input.setPlaceholderText(self.tr("Find: name, op, (?, 128), units=10 …"))
        self.input.setAccessibleName(self.tr("Find"))
        self.input.setToolTip(self.tr(
            "Words, each somewhere in a card, frame or note\n"
            "(?, 128)\t\ta shape; ? is any size, ... any number of them\n"
            "float64\t\ta dtype\nunits=128\tan attribute\nis:error\t\tor is:warning, is:bypassed"))
        self.input.setMinimumWidth(230)
        self.input.textChanged.connect(self._search)
        self.input.installEventFilter(self)
        self.count = label(role="muted", face="mono")
        self.count.setMinimumWidth(64)
        self.count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.before = self._button("chevron-up", self.tr("Previous (Shift+Enter)"), lambda: self.step(-1))
        self.after = self._button("chevron-down", self.tr("Next (Enter)"), lambda: self.step(1))
        self.shut = self._button("close", self.tr("Close (Esc)"), self.end)
        layout = QtWidgets.QHBoxLayout(self)
        layout.setContentsMargins(8, 6, 6, 6)
        layout.setSpacing(4)
        for widget in (self.input, self.count, self.before, self.after, self.shut):
            layout.addWidget(widget)
        self._timer = QtCore.QTimer(self, singleShot=True, interval=150)
        self._timer.timeout.connect(self._search_again)
        document.listeners.append(self._changed)
        self.hide()

    def _button(self, picture: str, tip: str, act: Any) -> QtWidgets.QToolButton:
        button = QtWidgets.QToolButton()
        button.setToolTip(tip)
        button.setAccessibleName(tip.partition(" (")[0])
        theme.dress(button, picture)
        button.clicked.connect(lambda: act())
        return button

    def begin(self, query: str = "") -> None:
        """Open, with what was looked for last or something else."""
        if query:
            self.input.setText(query)
        self.show()
        self.raise_()
        self.input.setFocus()
        self.input.selectAll()
        self._search()

    def end(self) -> None:
        """Close; what was found last stays selected."""
        if not self.isHidden():
            self.hide()
            self.closed.emit()

    def close_down(self) -> None:
        """Stop listening."""
        self.document.listeners.remove(self._changed)

    def _changed(self, refs: frozenset[Ref]) -> None:
        if self.isVisible():
            self._timer.start()

    def _search(self) -> None:
        self.refs = find(self.input.text(), self.document, self.inference)
        self.at = -1
        if self.input.text().strip():
            self.found.emit(list(self.refs))
        if self.refs:
            self.at = 0
            self.jump.emit(self.refs[0])
        self._say()

    def _search_again(self) -> None:
        """The document changed: find anew, and stay where the eye is."""
        old = self.refs[self.at] if 0 <= self.at < len(self.refs) else None
        self.refs = find(self.input.text(), self.document, self.inference)
        self.at = self.refs.index(old) if old in self.refs else min(max(self.at, 0), len(self.refs) - 1)
        self._say()

    def step(self, by: int) -> None:
        """Go to the next item or one before; past the last comes the first."""
        if self.refs:
            self.at = (self.at + by) % len(self.refs)
            self.jump.emit(self.refs[self.at])
            self._say()

    def _say(self) -> None:
        is_asked = bool(self.input.text().strip())
        text = self.tr("{0} of {1}").format(self.at + 1, len(self.refs)) if self.refs else \
            self.tr("none") if is_asked else ""
        self.count.setText(text)
        for button in (self.before, self.after):
            button.setEnabled(len(self.refs) > 1)
        is_bad = is_asked and not self.refs
        if bool(self.input.property("invalid")) != is_bad:
            self.input.setProperty("invalid", is_bad)
            self.input.style().unpolish(self.input)
            self.input.style().polish(self.input)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if watched is self.input and event.type() == QtCore.QEvent.Type.KeyPress and isinstance(event, QtGui.QKeyEvent):
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F3):
                self.step(-1 if shift else 1)
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self.step(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.end()
                return True
        return super().eventFilter(watched, event)
