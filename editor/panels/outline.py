"""The graph as a tree of words: every card in an order in which it could run, below it what goes in.

It is for finding one's way without the canvas: with the keys, or by listening to a screen reader.
"""
from __future__ import annotations

from collections.abc import Iterable

from PySide6 import QtCore, QtGui, QtWidgets

from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Card, Ref
from editor.model.subgraphs import kind_of
from editor.theme import theme
from editor.widgets.language import told
from editor.widgets.rows import chip_pixmap

from .panel import Empty, Panel, column

Qt = QtCore.Qt
CARD = Qt.ItemDataRole.UserRole
ROOM = 236                          # pixels of the panel's usual width


class Outline(Panel):
    """Signals: select(refs) when rows are selected, jump(card) when one is activated.

    The selection follows the canvas through `show_items`.
    """

    select = QtCore.Signal(object)
    jump = QtCore.Signal(str)

    def __init__(self, document: GraphDocument, inference: Inference, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("outline", self.tr("Outline"), parent)
        self.document, self.inference = document, inference
        self.tree = QtWidgets.QTreeView()
        self.tree.setAccessibleName(self.tr("Cards in the order in which they run"))
        self.tree.setEditTriggers(QtWidgets.QAbstractItemView.EditTrigger.NoEditTriggers)
        self.tree.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.ExtendedSelection)
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(16)
        self.model = QtGui.QStandardItemModel(self)
        self.tree.activated.connect(self._activated)
        self.empty = Empty(self.tr("The graph is empty. Drag something from the palette, or press Tab on the canvas."))
        column(self, [self.tree, self.empty])
        self._selected: frozenset[str] = frozenset()
        self._items: dict[str, QtGui.QStandardItem] = {}
        self._seen: dict[Ref, object] = {}              # what of each item is shown here; places are not
        self._is_following = False
        document.listeners.append(self._follow)
        inference.listeners.append(self._retype)

    def close_down(self) -> None:
        """Stop listening."""
        self.document.listeners.remove(self._follow)
        self.inference.listeners.remove(self._retype)

    def _follow(self, refs: frozenset[Ref]) -> None:
        if any(ref.kind in ("card", "wire") and self._essence(ref) != self._seen.get(ref) for ref in refs):
            self.mark_stale()

    def _essence(self, ref: Ref) -> object:
        """What of an item is shown here; None if it is not there."""
        item = self.document.items.get(ref)
        if isinstance(item, Card):
            return item.kind, item.bypassed, item.after
        return (item.source, item.output) if item is not None and ref.kind == "wire" else None  # type: ignore[union-attr]

    def _retype(self, cards: frozenset[str]) -> None:
        """Other dtypes and shapes: the texts change, the tree stays."""
        if self._is_stale:
            return
        if not self.is_seen:
            self._is_stale = True
            return
        for card in cards:
            if card in self._items:
                self._show_types(card)

    # ------------------------------------------------ contents

    def refresh(self) -> None:
        opened = {id for id, item in self._items.items() if self.tree.isExpanded(item.index())}
        self._is_following = True
        old, self.model = self.model, QtGui.QStandardItemModel(self)    # a view that looks on makes it 4 times slower
        self.model.setHorizontalHeaderLabels([self.tr("Card"), self.tr("Kind"), self.tr("Result")])
        self._items = {}
        self._seen = {ref: self._essence(ref) for ref in self.document.items if ref.kind in ("card", "wire")}
        chips: dict[str, QtGui.QIcon] = {}
        for id in self.order():
            card = self.document.card(id)
            assert card is not None, "the order names cards that are there"
            kind = kind_of(card)
            category = kind.category if kind is not None else ""
            if category not in chips:
                chips[category] = QtGui.QIcon(chip_pixmap(category))
            first = _item(id, id, chips[category])
            title = kind.title if kind is not None else card.kind
            row = [first, _item(self.tr("{0}, bypassed").format(title) if card.bypassed else title, id), _item("", id)]
            self.model.appendRow(row)
            self._items[id] = first
            for number, wire in self.document.wires_into(id).items():
                socket = kind.input(number) if kind is not None else None
                name = socket.name if socket is not None else str(number)
                first.appendRow(_item(self.tr("{0} from {1}").format(name, wire.source), wire.source))
            self._show_types(id)
        widths = [self.tree.header().sectionSize(k) for k in range(2)] if old.rowCount() else []
        self.tree.setModel(self.model)
        self.tree.selectionModel().selectionChanged.connect(self._chosen)
        old.deleteLater()
        if not widths:                  # names whole where that leaves room for kinds
            self.tree.resizeColumnToContents(0)
            names = min(max(self.tree.header().sectionSize(0), 80), 150)
            widths = [names, ROOM - names]
        for column_, width in enumerate(widths):
            self.tree.header().resizeSection(column_, width)
        for id in opened & set(self._items):
            self.tree.setExpanded(self._items[id].index(), True)
        self._is_following = False
        self.tree.setVisible(bool(self._items))
        self.empty.setVisible(not self._items)
        self._select()

    def order(self) -> list[str]:
        """Ids of the cards, each after those it depends on; those not connected in the order they came."""
        before = {card.id: [wire.source for wire in self.document.wires_into(card.id).values()] + list(card.after)
                  for card in self.document.cards}
        found: dict[str, None] = {}
        for start in before:
            left = [start]
            entered: set[str] = set()       # a file may hold a circle; each card is entered once
            while left:
                id = left[-1]
                waiting = [] if id in entered else [b for b in reversed(before[id]) if b in before and b not in found]
                entered.add(id)
                if waiting:
                    left += waiting
                else:
                    found[left.pop()] = None
        return list(found)

    def _show_types(self, id: str) -> None:
        item = self._items[id]
        results = self.inference.outputs(id)
        text = ", ".join(f"{r.dtype} {r.shape}".strip() if r.carries == "tensor" else r.carries for r in results)
        problem = self.inference.problem(id)
        shown = self.model.item(item.row(), 2)
        if shown is not None:
            shown.setText(told(problem.text) if problem is not None else text)
            shown.setForeground(theme.brush("text2" if problem is None else "error" if problem.severity == "error"
                                            else "warn"))
        item.setData(", ".join(filter(None, (
            id, self.model.item(item.row(), 1).text() if self.model.item(item.row(), 1) else "",
            self.tr("problem: {0}").format(told(problem.text)) if problem is not None else text))),
            Qt.ItemDataRole.AccessibleTextRole)

    # ------------------------------------------------ selection

    def show_items(self, refs: Iterable[Ref]) -> None:
        """Mark what is selected on the canvas."""
        self._selected = frozenset(ref.key for ref in refs if ref.kind == "card")
        if not self._is_following and not self._is_stale:
            self._select()

    def _select(self) -> None:
        self._is_following = True
        chosen = QtCore.QItemSelection()
        last = None
        for card in self._selected:
            item = self._items.get(card)
            if item is not None:
                chosen.select(item.index(), item.index())
                last = item
        flag = QtCore.QItemSelectionModel.SelectionFlag
        self.tree.selectionModel().select(chosen, flag.ClearAndSelect | flag.Rows)
        if last is not None and len(self._selected) == 1:
            self.tree.selectionModel().setCurrentIndex(last.index(), flag.NoUpdate)
            self.tree.scrollTo(last.index())
        self._is_following = False

    def _chosen(self) -> None:
        if self._is_following:
            return
        cards = list(dict.fromkeys(index.data(CARD) for index in self.tree.selectionModel().selectedRows()))
        if frozenset(cards) != self._selected:
            self._selected = frozenset(cards)
            self._is_following = True
            self.select.emit({Ref("card", card) for card in cards})
            self._is_following = False

    def _activated(self, index: QtCore.QModelIndex) -> None:
        card = index.siblingAtColumn(0).data(CARD)
        if card:
            self.jump.emit(card)


def _item(text: str, card: str, icon: QtGui.QIcon | None = None) -> QtGui.QStandardItem:
    item = QtGui.QStandardItem(text)
    item.setData(card, CARD)
    if icon is not None:
        item.setIcon(icon)
    return item
