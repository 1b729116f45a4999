"""Rows of lists and trees: a chip in the category's colour or an icon, a title with the found characters marked, words
at the right, a second line, a star. A model of such rows, and the delegate that paints them.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6 import QtCore, QtGui, QtWidgets

from editor.theme import icon, theme

ROW = QtCore.Qt.ItemDataRole.UserRole
HEIGHT, TALL, HEADER = 28, 46, 26           # pixels: with one line, with two, of a heading
CHIP, STAR, EDGE = 10, 16, 10
Index = QtCore.QModelIndex | QtCore.QPersistentModelIndex


@dataclass(frozen=True)
class Row:
    """title : what is written first; places : its characters that answer what was typed.

    key : what is chosen by choosing the row; empty for headings
    category : whose colour the chip has; None: no chip
    icon : name of a drawing instead of a chip
    note : at the right; detail : in a second line
    star : favourite or not; None: the row has no star
    enabled : whether it can be chosen
    data : for whoever made the row
    """

    title: str
    key: str = ""
    places: tuple[int, ...] = ()
    category: str | None = None
    icon: str | None = None
    note: str = ""
    detail: str = ""
    star: bool | None = None
    enabled: bool = True
    data: Any = field(default=None, hash=False, compare=False)

    @property
    def spoken(self) -> str:
        """The row in words, for who cannot see it."""
        return ", ".join(filter(None, (self.title, self.note, self.detail)))


class RowModel(QtCore.QAbstractListModel):
    """A list of rows."""

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []

    def show(self, rows: Sequence[Row]) -> None:
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = QtCore.QModelIndex()) -> int:  # noqa: B008, Qt's own default
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = int(QtCore.Qt.ItemDataRole.DisplayRole)) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        return row_data(self.rows[index.row()], role)

    def flags(self, index: Index) -> QtCore.Qt.ItemFlag:
        if index.isValid() and self.rows[index.row()].key and self.rows[index.row()].enabled:
            return QtCore.Qt.ItemFlag.ItemIsEnabled | QtCore.Qt.ItemFlag.ItemIsSelectable
        return QtCore.Qt.ItemFlag.NoItemFlags


def row_data(row: Row, role: int) -> Any:
    """What a model says of a row: its words for readers and searches, itself for the delegate."""
    if role == ROW:
        return row
    if role == QtCore.Qt.ItemDataRole.DisplayRole:
        return row.title
    if role == QtCore.Qt.ItemDataRole.AccessibleTextRole:
        return row.spoken
    return None


class RowDelegate(QtWidgets.QStyledItemDelegate):
    """Paints rows. starred : signal with the key of a row whose star is pressed."""

    starred = QtCore.Signal(str)

    def sizeHint(self, option: QtWidgets.QStyleOptionViewItem, index: Index) -> QtCore.QSize:
        row = index.data(ROW)
        height = TALL if row is not None and row.detail else HEIGHT if row is None or row.key else HEADER
        return QtCore.QSize(120, height)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: Index) -> None:
        row: Row | None = index.data(ROW)
        if row is None:
            super().paint(painter, option, index)
            return
        painter.save()
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        self._ground(painter, option, index)
        box = QtCore.QRectF(option.rect)
        if row.key:
            self._row(painter, box, row, option)
        else:
            self._heading(painter, box, row, option)
        painter.restore()

    def _ground(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionViewItem, index: Index) -> None:
        """Hover and selection, drawn by the style."""
        plain = QtWidgets.QStyleOptionViewItem(option)
        plain.text, plain.features = "", QtWidgets.QStyleOptionViewItem.ViewItemFeature.None_
        if option.widget is not None and option.widget.focusPolicy() == QtCore.Qt.FocusPolicy.NoFocus:
            plain.state |= QtWidgets.QStyle.StateFlag.State_Active      # the field above it has the keys
        style = option.widget.style() if option.widget is not None else QtWidgets.QApplication.style()
        style.drawPrimitive(QtWidgets.QStyle.PrimitiveElement.PE_PanelItemViewItem, plain, painter, option.widget)

    def _heading(self, painter: QtGui.QPainter, box: QtCore.QRectF, row: Row,
                 option: QtWidgets.QStyleOptionViewItem) -> None:
        left = box.left() + EDGE - 4
        if row.category is not None:
            draw_chip(painter, QtCore.QPointF(left + CHIP / 2, box.center().y()), row.category, CHIP - 2)
            left += CHIP + 6
        painter.setPen(_ink("text2", option))
        font = theme.font("bold")
        painter.setFont(font)
        title = _elided(row.title, font, box.right() - 4 * EDGE - left)
        painter.drawText(QtCore.QRectF(left, box.top(), box.right() - left, box.height()), _MIDDLE, title)
        if row.note:
            painter.setPen(_ink("text3", option))
            painter.setFont(theme.font("mono"))
            painter.drawText(box.adjusted(0, 0, -EDGE, 0), _RIGHT, row.note)

    def _row(self, painter: QtGui.QPainter, box: QtCore.QRectF, row: Row,
             option: QtWidgets.QStyleOptionViewItem) -> None:
        line = QtCore.QRectF(box.left() + EDGE - 2, box.top(), box.width() - 2 * EDGE + 2, box.height())
        if row.detail:
            line.setBottom(box.top() + 25)
            line.setTop(box.top() + 3)
        painter.setOpacity(1.0 if row.enabled else 0.45)
        left = self._mark(painter, line, row)
        right = line.right()
        if row.star is not None:
            right -= STAR + 4
            if row.star or option.state & QtWidgets.QStyle.StateFlag.State_MouseOver:
                picture = icon("star-filled" if row.star else "star", "warn" if row.star else "text3")
                picture.paint(painter, star_box(option.rect).toRect())
        if row.note:
            font = theme.font("small")
            painter.setFont(font)
            painter.setPen(_ink("text3", option))
            note = _elided(row.note, font, (right - left) * 0.55)
            painter.drawText(QtCore.QRectF(left, line.top(), right - left, line.height()), _RIGHT, note)
            right -= QtGui.QFontMetricsF(font).horizontalAdvance(note) + 10
        _draw_marked(painter, QtCore.QRectF(left, line.top(), max(right - left, 0), line.height()), row,
                     _ink("accent", option))
        if row.detail:
            below = QtCore.QRectF(left, line.bottom() - 2, box.right() - EDGE - left, box.bottom() - line.bottom())
            font = theme.font("small")
            painter.setFont(font)
            painter.setPen(_ink("text2", option))
            painter.drawText(below, _MIDDLE, _elided(row.detail, font, below.width()))

    def _mark(self, painter: QtGui.QPainter, line: QtCore.QRectF, row: Row) -> float:
        """The chip or icon; returns where the title begins."""
        if row.icon is not None:
            place = QtCore.QRectF(line.left() - 1, line.center().y() - 8, 16, 16)
            icon(row.icon, "text2").paint(painter, place.toRect())
            return place.right() + 8
        if row.category is None:
            return line.left()
        draw_chip(painter, QtCore.QPointF(line.left() + CHIP / 2, line.center().y()), row.category)
        return line.left() + CHIP + 9

    def editorEvent(self, event: QtCore.QEvent, model: QtCore.QAbstractItemModel,
                    option: QtWidgets.QStyleOptionViewItem, index: Index) -> bool:
        row: Row | None = index.data(ROW)
        is_press = event.type() in (QtCore.QEvent.Type.MouseButtonPress, QtCore.QEvent.Type.MouseButtonDblClick)
        if row is not None and row.star is not None and is_press and isinstance(event, QtGui.QMouseEvent) \
                and star_box(option.rect).adjusted(-4, -4, 4, 4).contains(event.position()):
            self.starred.emit(row.key)
            return True
        return super().editorEvent(event, model, option, index)


_MIDDLE = QtCore.Qt.AlignmentFlag.AlignVCenter | QtCore.Qt.AlignmentFlag.AlignLeft
_RIGHT = QtCore.Qt.AlignmentFlag.AlignVCenter | QtCore.Qt.AlignmentFlag.AlignRight


def star_box(row: QtCore.QRect) -> QtCore.QRectF:
    """Where the star of a row is."""
    return QtCore.QRectF(row.right() - EDGE - STAR + 2, row.center().y() - STAR / 2 + 1, STAR, STAR)


def draw_chip(painter: QtGui.QPainter, middle: QtCore.QPointF, category: str, size: float = CHIP) -> None:
    """The mark of a category: a small square in its colour."""
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    painter.setBrush(theme.category(category))
    painter.drawRoundedRect(QtCore.QRectF(middle.x() - size / 2, middle.y() - size / 2, size, size), 3, 3)


def chip_pixmap(category: str, size: int = 12, ratio: float = 2.0) -> QtGui.QPixmap:
    """The chip as a picture, for labels."""
    pixmap = QtGui.QPixmap(QtCore.QSize(size, size) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    draw_chip(painter, QtCore.QPointF(size / 2, size / 2), category, size - 1)
    painter.end()
    return pixmap


def tag_pixmap(title: str, category: str, ratio: float = 1.0) -> QtGui.QPixmap:
    """A small tag with the category's mark, to be carried by the pointer."""
    font = theme.font("title")
    width = QtGui.QFontMetricsF(font).horizontalAdvance(title) + CHIP + 30
    pixmap = QtGui.QPixmap((QtCore.QSizeF(width, HEIGHT) * ratio).toSize())
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(theme.pen("accent"))
    painter.setBrush(theme.brush("card"))
    painter.drawRoundedRect(QtCore.QRectF(0.5, 0.5, width - 1, HEIGHT - 1), 6, 6)
    draw_chip(painter, QtCore.QPointF(10 + CHIP / 2, HEIGHT / 2), category)
    painter.setPen(theme.color("text"))
    painter.setFont(font)
    painter.drawText(QtCore.QRectF(CHIP + 18, 0, width, HEIGHT), _MIDDLE, title)
    painter.end()
    return pixmap


def _ink(name: str, option: QtWidgets.QStyleOptionViewItem) -> QtGui.QColor:
    """A colour of text that is read on what is chosen, too."""
    chosen = option.state & QtWidgets.QStyle.StateFlag.State_Selected
    return theme.legible(name, theme.tokens.chosen) if chosen else theme.color(name)


def _elided(text: str, font: QtGui.QFont, width: float) -> str:
    return QtGui.QFontMetricsF(font).elidedText(text, QtCore.Qt.TextElideMode.ElideRight, max(width, 0))


def _draw_marked(painter: QtGui.QPainter, box: QtCore.QRectF, row: Row, mark: QtGui.QColor) -> None:
    """The title, with the characters that answer what was typed in bold and another colour."""
    font = theme.font("ui")
    shown = _elided(row.title, font, box.width())
    layout = QtGui.QTextLayout(shown, font)
    form = QtGui.QTextCharFormat()
    form.setForeground(mark)
    form.setFontWeight(QtGui.QFont.Weight.DemiBold)
    ranges = []
    for place in row.places:
        if place < len(shown):
            span = QtGui.QTextLayout.FormatRange()
            span.start, span.length, span.format = place, 1, form
            ranges.append(span)
    layout.setFormats(ranges)
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(10_000)
    layout.endLayout()
    painter.setPen(theme.color("text"))
    layout.draw(painter, QtCore.QPointF(box.left(), box.center().y() - line.height() / 2))


def dot_pixmap(color: QtGui.QColor, ratio: float = 2.0, hollow: bool = False) -> QtGui.QPixmap:
    """The dot of a socket."""
    pixmap = QtGui.QPixmap(QtCore.QSize(10, 10) * ratio)
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(pixmap)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    painter.setPen(QtGui.QPen(color, 1.5))
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush if hollow else QtGui.QBrush(color))
    painter.drawEllipse(QtCore.QRectF(1.5, 1.5, 7, 7))
    painter.end()
    return pixmap
