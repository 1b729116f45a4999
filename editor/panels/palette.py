"""All kinds of cards: a tree by family and category, a search, favourites; to be dragged onto the canvas."""
from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6 import QtCore, QtGui, QtWidgets

from editor.commands import Refused
from editor.kept import Kept
from editor.model.catalog import Kind
from editor.model.kinds import catalog
from editor.search.kinds import Preferences, rank_kinds
from editor.widgets.kind_hint import KindHint
from editor.widgets.rows import ROW, Index, Row, RowDelegate, row_data, tag_pixmap

from .panel import Empty, Panel, column

MIME = "application/x-graphengine-kind"
MOST = 80                           # answers to a search
HOVER_MS = 450                      # until the preview comes
Qt = QtCore.Qt


class Palette(Panel):
    """Signals: chosen(key) when a kind is to be put on the canvas, forgotten(key) when a kept subgraph is to go.

    Parameters
    ----------
    preferences : favourites and recent kinds, shared with whatever else adds cards
    kinds : those that are offered; all of the catalog that are not hidden, if left out
    kept : subgraphs of the person's own, which stand first
    """

    chosen = QtCore.Signal(str)
    forgotten = QtCore.Signal(str)

    def __init__(self, preferences: Preferences | None = None, kinds: Mapping[str, Kind] | None = None,
                 kept: Kept | None = None, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("palette", self.tr("Palette"), parent)
        self._offered = {key: kind for key, kind in (catalog() if kinds is None else kinds).items() if not kind.hidden}
        self.preferences = preferences or Preferences()
        self.preferences.listeners.append(self.mark_stale)
        self.kept = kept
        if kept is not None:
            kept.listeners.append(self.mark_stale)
        self.search = QtWidgets.QLineEdit(placeholderText=self.tr("Search ops, layers, data …"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search the palette"))
        self.search.textChanged.connect(self._type)
        self.search.installEventFilter(self)
        self.tree = KindTree(kept, self)
        self.tree.setAccessibleName(self.tr("Kinds of cards"))
        self.tree.chosen.connect(self.chosen)
        self.tree.forgotten.connect(self.forgotten)
        self.tree.delegate.starred.connect(self.preferences.toggle)
        self.tree.hinted.connect(self._hint)
        self.hint = KindHint(self)
        self.empty = Empty(self.tr("Nothing is called that. Try another word, or a category such as “activation”."))
        top = QtWidgets.QWidget()
        column(top, [self.search], margin=8)
        column(self, [top, self.tree, self.empty])
        self.setFocusProxy(self.search)
        self._open: set[str] = {"Layers"}               # headings that are open while nothing is typed
        self.tree.expanded.connect(lambda index: self._open.add(_path(index)))
        self.tree.collapsed.connect(lambda index: self._open.discard(_path(index)))

    # ------------------------------------------------ contents

    @property
    def kinds(self) -> dict[str, Kind]:
        """All that are offered, by key."""
        return {**(self.kept.kinds() if self.kept is not None else {}), **self._offered}

    def refresh(self) -> None:
        chosen = self.tree.key(self.tree.currentIndex())
        at = self.tree.verticalScrollBar().value()
        query = self.search.text().strip()
        model = self._answers(query) if query else self._everything()
        self.tree.setRootIsDecorated(not query)
        self.tree.show_model(model)
        self.tree.setVisible(model.rowCount() > 0)
        self.empty.setVisible(model.rowCount() == 0)
        if query:
            self.tree.setCurrentIndex(model.index(0, 0))
        else:
            self._open_headings(model)
            self.tree.select(chosen)
            self.tree.verticalScrollBar().setValue(at)

    def _everything(self) -> QtGui.QStandardItemModel:
        model, offered = QtGui.QStandardItemModel(), self.kinds
        liked = [offered[k] for k in self.preferences.favorites if k in offered]
        recent = [offered[k] for k in self.preferences.recent if k in offered and offered[k] not in liked]
        for title, kinds in ((self.tr("Favorites"), liked), (self.tr("Recently used"), recent[:6])):
            if kinds:
                model.appendRow(self._heading(title, kinds))
        families: dict[str, dict[str, list[Kind]]] = {}
        for kind in offered.values():
            families.setdefault(kind.family, {}).setdefault(kind.category, []).append(kind)
        for family, categories in families.items():
            if len(categories) == 1:
                model.appendRow(self._heading(family, next(iter(categories.values())), next(iter(categories))))
                continue
            heading = _item(Row(family, note=str(sum(map(len, categories.values())))))
            for category, kinds in categories.items():
                heading.appendRow(self._heading(category, kinds, category))
            model.appendRow(heading)
        return model

    def _heading(self, title: str, kinds: Iterable[Kind], category: str | None = None) -> QtGui.QStandardItem:
        members = sorted(kinds, key=lambda kind: kind.title.lower())
        heading = _item(Row(title, category=category, note=str(len(members))))
        heading.appendRows([_item(self._row(kind)) for kind in members])
        return heading

    def _answers(self, query: str) -> QtGui.QStandardItemModel:
        model = QtGui.QStandardItemModel()
        for kind, match in rank_kinds(query, self.kinds.values(), self.preferences)[:MOST]:
            model.appendRow(_item(self._row(kind, match.places, kind.family)))
        return model

    def _row(self, kind: Kind, places: tuple[int, ...] = (), note: str = "") -> Row:
        return Row(kind.title, kind.key, places, kind.category, note=note,
                   star=kind.key in self.preferences.favorites, data=kind)

    def _open_headings(self, model: QtGui.QStandardItemModel) -> None:
        special = model.rowCount() and model.index(0, 0).data(ROW).title in (
            self.tr("Favorites"), self.tr("Recently used"))
        if special:
            self._open.add(model.index(0, 0).data(ROW).title)
        blocked = self.tree.blockSignals(True)
        for k in range(model.rowCount()):
            index = model.index(k, 0)
            self.tree.setExpanded(index, _path(index) in self._open)
            for j in range(model.rowCount(index)):
                below = model.index(j, 0, index)
                self.tree.setExpanded(below, _path(below) in self._open)
        self.tree.blockSignals(blocked)

    # ------------------------------------------------ what people do

    def _type(self) -> None:
        self._is_stale = True
        self.update_now()

    def _hint(self, index: Index) -> None:
        row: Row | None = index.data(ROW) if index.isValid() else None
        if row is None or row.data is None:
            self.hint.hide()
            return
        line = self.tree.visualRect(index)
        place = self.tree.viewport().mapToGlobal(QtCore.QPoint(self.tree.viewport().width(), line.top()))
        self.hint.show_kind(row.data, place, self.mapToGlobal(QtCore.QPoint(0, 0)).x())

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """Arrows and Enter in the search go to the tree, so that the hands stay on the keys."""
        is_press = event.type() == QtCore.QEvent.Type.KeyPress
        if watched is self.search and is_press and isinstance(event, QtGui.QKeyEvent):
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
                self.tree.setFocus()
                self.tree.keyPressEvent(event)
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.tree.choose(self.tree.currentIndex())
                return True
            if event.key() == Qt.Key.Key_Escape and self.search.text():
                self.search.clear()
                return True
        return super().eventFilter(watched, event)

    def hideEvent(self, event: QtGui.QHideEvent) -> None:
        self.hint.hide()
        super().hideEvent(event)


class KindTree(QtWidgets.QTreeView):
    """A tree of rows that can be dragged, chosen and starred. hinted : index to explain, or an invalid one.

    kept : the subgraphs among the kinds, which are dragged as copied cards
    """

    chosen = QtCore.Signal(str)
    forgotten = QtCore.Signal(str)
    hinted = QtCore.Signal(object)

    def __init__(self, kept: Kept | None = None, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.kept = kept
        self.delegate = RowDelegate(self)
        self.setItemDelegate(self.delegate)
        self.setHeaderHidden(True)
        self.setMouseTracking(True)
        self.setDragEnabled(True)
        self.setDragDropMode(QtWidgets.QAbstractItemView.DragDropMode.DragOnly)
        self.setIndentation(14)
        self.setUniformRowHeights(False)
        self.setExpandsOnDoubleClick(False)
        self.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.clicked.connect(self._toggle)
        self.doubleClicked.connect(self.choose)
        self._wanted = QtCore.QPersistentModelIndex()
        self._wait = QtCore.QTimer(self, singleShot=True, interval=HOVER_MS)
        self._wait.timeout.connect(lambda: self.hinted.emit(self._wanted))
        self.entered.connect(self._expect)

    def show_model(self, model: QtGui.QStandardItemModel) -> None:
        old = self.model()
        model.setParent(self)
        self.setModel(model)
        self._wait.stop()
        self.selectionModel().currentChanged.connect(self._arrive)
        if old is not None:
            old.deleteLater()

    def key(self, index: Index) -> str:
        """The key of the kind in a row; empty for headings."""
        row = index.data(ROW) if index.isValid() else None
        return row.key if row is not None else ""

    def select(self, key: str) -> None:
        """Make the first row with this key the current one, if its heading is open."""
        index = self.model().index(0, 0)
        while key and index.isValid():
            if self.key(index) == key:
                self.setCurrentIndex(index)
                return
            index = self.indexBelow(index)

    def choose(self, index: QtCore.QModelIndex) -> None:
        """Put the kind of a row on the canvas; a heading opens or closes."""
        if self.key(index):
            self.hinted.emit(QtCore.QModelIndex())
            self._wait.stop()
            self.chosen.emit(self.key(index))
        elif index.isValid():
            self.setExpanded(index, not self.isExpanded(index))

    def _toggle(self, index: QtCore.QModelIndex) -> None:
        """A click on a heading opens or closes it, wherever it is hit."""
        if not self.key(index):
            self.setExpanded(index, not self.isExpanded(index))

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and not self.key(index):         # the arrow is part of the heading, which the click opens
            self.setCurrentIndex(index)
            event.accept()
            return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.LeftButton and index.isValid() and not self.key(index):
            self._toggle(index)
            event.accept()
            return
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:
        if not self.key(self.indexAt(event.position().toPoint())):
            event.accept()                                  # two clicks, which the releases count
            return
        super().mouseDoubleClickEvent(event)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.choose(self.currentIndex())
        elif event.key() in (Qt.Key.Key_Asterisk, Qt.Key.Key_F2) and self.key(self.currentIndex()):
            self.delegate.starred.emit(self.key(self.currentIndex()))
        elif event.key() == Qt.Key.Key_Escape:
            self.hinted.emit(QtCore.QModelIndex())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QtGui.QContextMenuEvent) -> None:
        index = self.currentIndex() if event.reason() == QtGui.QContextMenuEvent.Reason.Keyboard else \
            self.indexAt(event.pos())
        key = self.key(index)
        if not key:
            return
        menu = QtWidgets.QMenu(self)
        menu.addAction(self.tr("Add to the canvas"), lambda: self.chosen.emit(key))
        star = self.tr("Remove from favorites") if index.data(ROW).star else self.tr("Add to favorites")
        menu.addAction(star, lambda: self.delegate.starred.emit(key))
        if self.kept is not None and key in self.kept.kinds():
            menu.addAction(self.tr("Remove from the palette"), lambda: self.forgotten.emit(key))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    # ------------------------------------------------ preview

    def _arrive(self, index: QtCore.QModelIndex) -> None:
        """The keys came to a row: it is explained as if the pointer rested there."""
        if self.hasFocus():
            self._expect(index)

    def _expect(self, index: QtCore.QModelIndex) -> None:
        self.hinted.emit(QtCore.QModelIndex())
        self._wanted = QtCore.QPersistentModelIndex(index)
        self._wait.start()

    def leaveEvent(self, event: QtCore.QEvent) -> None:
        self._wait.stop()
        self.hinted.emit(QtCore.QModelIndex())
        super().leaveEvent(event)

    # ------------------------------------------------ dragging

    def mime_data(self, index: QtCore.QModelIndex) -> QtCore.QMimeData:
        """What a drop of the row's kind brings: its key; of a kept subgraph the cards.

        Raises
        ------
        Refused if a kept subgraph cannot be read.
        """
        data, key = QtCore.QMimeData(), self.key(index)
        if self.kept is not None and key in self.kept.kinds():
            data.setText(self.kept.text(key))
        else:
            data.setData(MIME, key.encode())
            data.setText(key)
        return data

    def startDrag(self, actions: Qt.DropAction) -> None:
        index = self.currentIndex()
        if not self.key(index):
            return
        self.hinted.emit(QtCore.QModelIndex())
        self._wait.stop()
        try:
            data = self.mime_data(index)
        except Refused:
            self.chosen.emit(self.key(index))           # who adds it says why not
            return
        drag = QtGui.QDrag(self)
        drag.setMimeData(data)
        row = index.data(ROW)               # a tag: on the canvas the card itself is shown, at its place and scale
        drag.setPixmap(tag_pixmap(row.title, row.category, self.devicePixelRatioF()))
        drag.setHotSpot(QtCore.QPoint(-12, -14))
        drag.exec(Qt.DropAction.CopyAction)

    def drawBranches(self, painter: QtGui.QPainter, rect: QtCore.QRect, index: Index) -> None:
        """Only headings have an arrow, and no row's ground begins farther left than the tree."""
        if not self.key(index):
            super().drawBranches(painter, rect, index)


class _Item(QtGui.QStandardItem):
    """An item of the tree with its row."""

    def __init__(self, row: Row) -> None:
        super().__init__()
        self.row_ = row
        self.setData(row, ROW)
        self.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable | (
            Qt.ItemFlag.ItemIsDragEnabled if row.key else Qt.ItemFlag.NoItemFlags))

    def data(self, role: int = int(ROW)) -> object:
        own = row_data(self.row_, role)
        return super().data(role) if own is None else own       # flags are kept under a role too


def _item(row: Row) -> QtGui.QStandardItem:
    return _Item(row)


def _path(index: QtCore.QModelIndex) -> str:
    """A heading with those above it, so that "Activation" of ops is not that of layers."""
    titles = []
    while index.isValid():
        titles.append(index.data(ROW).title)
        index = index.parent()
    return "/".join(reversed(titles))
