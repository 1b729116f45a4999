"""What was done to the document, and what was taken back; a click goes to that moment."""
from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.document import GraphDocument
from editor.theme import theme
from editor.widgets.language import told

from .panel import Panel, column

Qt = QtCore.Qt


class History(Panel):
    """Edits in their order, the first at the top. Goes through `document.undo` and `redo`, so it is no edit itself."""

    def __init__(self, document: GraphDocument, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("history", self.tr("History"), parent)
        self.document = document
        self.list = QtWidgets.QListWidget()
        self.list.setAccessibleName(self.tr("Edits, the first at the top"))
        self.list.setUniformItemSizes(True)
        self.list.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.itemClicked.connect(lambda item: self.go_to(self.list.row(item)))
        self.list.itemActivated.connect(lambda item: self.go_to(self.list.row(item)))
        column(self, [self.list])
        document.listeners.append(self.mark_stale)
        self._shown: tuple[object, ...] = ()

    def close_down(self) -> None:
        """Stop listening."""
        self.document.listeners.remove(self.mark_stale)

    def go_to(self, moment: int) -> None:
        """Undo or redo until so many edits are done; 0 is the document as it was opened."""
        while len(self.document.history) > moment and self.document.undo() is not None:
            pass
        while len(self.document.history) < moment and self.document.redo() is not None:
            pass

    def refresh(self) -> None:
        done, undone = self.document.history, self.document.undone
        shown = (tuple(done), tuple(undone), theme.is_dark)
        if shown == self._shown:
            return
        self._shown = shown
        self.list.clear()
        for k, text in enumerate([self.tr("As opened"), *done, *undone]):
            text = told(text)
            item = QtWidgets.QListWidgetItem(text)
            if k > len(done):
                item.setForeground(theme.brush("text3"))
                item.setIcon(theme.icon("redo", "text3"))
                item.setData(Qt.ItemDataRole.AccessibleTextRole, self.tr("{0}, taken back").format(text))
            else:
                item.setIcon(theme.icon("dot" if k < len(done) else "check", "text3" if k < len(done) else "accent"))
            self.list.addItem(item)
        self.list.setCurrentRow(len(done))
        current = self.list.currentItem()
        if current is not None:
            current.setFont(_bold(self.list.font()))
            self.list.scrollToItem(current)


def _bold(font: QtGui.QFont) -> QtGui.QFont:
    strong = QtGui.QFont(font)
    strong.setWeight(QtGui.QFont.Weight.DemiBold)
    return strong
