"""Where the time goes: a row for each kernel, the slowest first."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.document import GraphDocument
from editor.run import messages as m
from editor.theme import mix, theme

from .amounts import byte_count, duration, number, share
from .compiler import CompilerPanel

Qt = QtCore.Qt
SORT = Qt.ItemDataRole.UserRole
SHARE = 3                           # column with the bar
Cell = tuple[str, float]            # what is written, what it is sorted by


class ProfilePanel(CompilerPanel):
    """Measures on request. A click on a row leads to its cards."""

    asks_for = m.MeasureProfile
    what = "profile"

    def __init__(self, document: GraphDocument, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("profile", self.tr("Profile"), document,
                         self.tr("Measure a run to see which kernels take its time, and how close they come to what "
                                 "the machine can do."), self.tr("Measure"), "profile", parent)
        self.result: m.ProfileResult | None = None
        self._asked: str | None = None
        self.model = ProfileModel(self)
        self.table = QtWidgets.QTableView()
        self.table.setAccessibleName(self.tr("Time of kernels"))
        self.sorted = QtCore.QSortFilterProxyModel(self)
        self.sorted.setSourceModel(self.model)
        self.sorted.setSortRole(SORT)
        self.table.setModel(self.sorted)
        self.table.setSortingEnabled(True)
        self.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setSelectionBehavior(QtWidgets.QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QtWidgets.QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(24)
        self.table.setItemDelegateForColumn(SHARE, BarDelegate(self._share_at, self.table))
        header = self.table.horizontalHeader()
        self.table.setTextElideMode(Qt.TextElideMode.ElideMiddle)       # the end says how many ops became one loop
        for column, width in enumerate((220, 130, 92, 150, 84, 76, 100, 116)):
            header.resizeSection(column, width)
        header.setSectionResizeMode(0, QtWidgets.QHeaderView.ResizeMode.Stretch)
        self.table.clicked.connect(self._click)
        self.table.activated.connect(self._click)
        layout = QtWidgets.QVBoxLayout(self.contents)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)

    def ask(self) -> None:
        super().ask()
        self._asked = self.training

    def take_result(self, reply: object) -> bool:
        match reply:
            case m.ProfileResult():
                self.result = reply
                self.model.show_rows(reply)
                if not self.model.knows_names:
                    self.request.emit(m.Compile(self._asked))
            case m.Compiled():
                self.model.name_kernels({k.name: k.title for k in reply.kernels})
            case _:
                return False
        return True

    def has_contents(self) -> bool:
        return self.result is not None

    def summary(self) -> str:
        if self.result is None:
            return ""
        moved = sum(r.bytes for r in self.result.rows)
        return self.tr("{0} in {1} kernel calls · {2} moved").format(
            duration(self.result.total_s), len(self.result.rows), byte_count(moved))

    def draw(self) -> None:
        self.model.mark(self.selected)

    def _share_at(self, index: QtCore.QModelIndex) -> float:
        return self.model.share_of(self.model.rows[self.sorted.mapToSource(index).row()])

    def _click(self, index: QtCore.QModelIndex) -> None:
        cards = self.model.rows[self.sorted.mapToSource(index).row()].cards
        if cards:
            self.jump.emit(list(cards))


class ProfileModel(QtCore.QAbstractTableModel):
    """Rows of a profile; what is not known is sorted below everything."""

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[m.ProfileRow, ...] = ()
        self.total_s = 0.0
        self.selected: frozenset[str] = frozenset()
        self._titles: dict[str, str] = {}
        self._columns: list[tuple[str, str, Callable[[m.ProfileRow], Cell]]] = [
            (self.tr("Kernel"), self.tr("what is computed together"), lambda r: (self._title(r), 0.0)),
            (self.tr("Cards"), self.tr("the cards whose work it does"), lambda r: (", ".join(r.cards), 0.0)),
            (self.tr("Time"), self.tr("median of the runs"), lambda r: (duration(r.seconds), r.seconds)),
            (self.tr("Share"), self.tr("of the time of all kernels"),
             lambda r: (share(self.share_of(r)), r.seconds)),
            (self.tr("Memory"), self.tr("bytes that it reads and writes"), lambda r: (byte_count(r.bytes), r.bytes)),
            (self.tr("GB/s"), self.tr("bytes by time"), lambda r: _rate(r.bytes, r.seconds)),
            (self.tr("Bandwidth"), self.tr("share of what the machine's memory can do"),
             lambda r: _known(r.bandwidth_share)),
            (self.tr("GFLOP/s"), self.tr("operations by time, and share of the machine's peak"),
             self._operations),
        ]

    def show_rows(self, result: m.ProfileResult) -> None:
        self.beginResetModel()
        self.rows = result.rows
        self.total_s = sum(r.seconds for r in result.rows)
        self.endResetModel()

    def name_kernels(self, titles: dict[str, str]) -> None:
        self.beginResetModel()
        self._titles = titles
        self.endResetModel()

    @property
    def knows_names(self) -> bool:
        """Whether an explanation has told what all kernels do."""
        return all(row.kernel in self._titles for row in self.rows)

    def mark(self, cards: frozenset[str]) -> None:
        if cards != self.selected:
            self.selected = cards
            if self.rows:
                self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self._columns) - 1))

    def share_of(self, row: m.ProfileRow) -> float:
        return row.seconds / self.total_s if self.total_s else 0.0

    def _title(self, row: m.ProfileRow) -> str:
        return self._titles.get(row.kernel, row.kernel)

    def _operations(self, row: m.ProfileRow) -> Cell:
        if row.operations is None:
            return "–", -1.0
        text, rate = _rate(row.operations, row.seconds)
        return (f"{text} · {share(row.peak_share)}" if row.peak_share is not None else text), rate

    def rowCount(self, parent: Any = None) -> int:
        return len(self.rows)

    def columnCount(self, parent: Any = None) -> int:
        return len(self._columns)

    def data(self, index: Any, role: int = 0) -> Any:
        row = self.rows[index.row()]
        text, order = self._columns[index.column()][2](row)
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.ToolTipRole:
                return text
            case Qt.ItemDataRole.UserRole:
                return order if index.column() > 1 else text
            case Qt.ItemDataRole.TextAlignmentRole if index.column() > 1:
                return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            case Qt.ItemDataRole.FontRole:
                return theme.font("body" if index.column() < 2 else "mono")
            case Qt.ItemDataRole.ForegroundRole if self.selected & set(row.cards):
                return theme.color("accent")
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal:
            if role == Qt.ItemDataRole.DisplayRole:
                return self._columns[section][0]
            if role == Qt.ItemDataRole.ToolTipRole:
                return self._columns[section][1]
            if role == Qt.ItemDataRole.TextAlignmentRole:
                side = Qt.AlignmentFlag.AlignLeft if section < 2 else Qt.AlignmentFlag.AlignRight
                return side | Qt.AlignmentFlag.AlignVCenter
        return None


def _rate(count: float, seconds: float) -> Cell:
    """In thousand millions a second."""
    rate = count / max(seconds, 1e-9) / 1e9
    return number(rate, 3), rate


def _known(value: float | None) -> Cell:
    return share(value), -1.0 if value is None else value


class BarDelegate(QtWidgets.QStyledItemDelegate):
    """A share as a bar from yellow to red, with the number beside it. share_of : gives the share of a row."""

    def __init__(self, share_of: Callable[[Any], float], parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.share_of = share_of

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: Any) -> None:
        super().paint(painter, option, index)
        part = self.share_of(index)
        rect: QtCore.QRect = option.rect  # type: ignore[attr-defined]
        room = rect.adjusted(10, rect.height() // 2 - 2, -60, 0)
        room.setHeight(4)
        painter.save()
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QtGui.QColor(mix(theme.tokens.panel, theme.tokens.text, 0.12)))
        painter.drawRoundedRect(room, 2, 2)
        painter.setBrush(QtGui.QColor.fromHsvF((1 - part) * 47 / 360, 0.75, 0.95))
        room.setWidth(max(round(room.width() * part), 2))
        painter.drawRoundedRect(room, 2, 2)
        painter.restore()
