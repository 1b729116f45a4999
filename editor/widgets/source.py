"""Program text to be read: highlighted, with line numbers, and lines that belong to something marked."""
from __future__ import annotations

import keyword
import re
from collections.abc import Mapping

from PySide6 import QtCore, QtGui, QtWidgets

from editor.theme import theme
from editor.widgets.labels import as_text

Qt = QtCore.Qt
QUOTES = ('"""', "'''")           # of strings that go over several lines
PATTERN = re.compile(
    r"(?P<comment>#.*)|(?P<quotes>\"{3}|'{3})|(?P<string>\"[^\"]*\"|'[^']*')|(?P<name>[A-Za-z_]\w*)(?P<call>\s*\()?"
    r"|(?P<number>\b\d[\w.]*(?:[eE][+-]?\d+)?)")
TOKENS = {"comment": "text3", "string": "ok", "number": "warn", "keyword": "gradient", "call": "accent"}
MARGIN = 8                          # pixels beside the line numbers


class SourceView(QtWidgets.QPlainTextEdit):
    """A read-only text.

    Signals
    -------
    line_clicked(line) : from 0

    Parameters
    ----------
    is_python : whether it is highlighted and numbered
    """

    line_clicked = QtCore.Signal(int)

    def __init__(self, is_python: bool = True, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setReadOnly(True)
        self.setLineWrapMode(QtWidgets.QPlainTextEdit.LineWrapMode.NoWrap)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse
                                     | Qt.TextInteractionFlag.TextSelectableByKeyboard)
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        theme.wear(self, "code")
        self.marked: frozenset[int] = frozenset()
        self.owners: Mapping[int, str] = {}
        self._numbers = LineNumbers(self) if is_python else None
        self._highlighter = PythonHighlighter(self.document()) if is_python else None
        if self._numbers is not None:
            self.updateRequest.connect(self._scroll_numbers)
            self.setViewportMargins(self._numbers.width_needed(), 0, 0, 0)
        theme.changed.connect(self._dress)

    def show_text(self, text: str, owners: Mapping[int, str] | None = None) -> None:
        """Show a text. owners : of lines that come from something, its name; they say so and can be clicked."""
        self.owners = owners or {}
        if text != self.toPlainText():
            self.setPlainText(text)
        if self._numbers is not None:
            self.setViewportMargins(self._numbers.width_needed(), 0, 0, 0)
        self.viewport().setMouseTracking(bool(self.owners))

    def mark_lines(self, lines: frozenset[int]) -> None:
        """Give lines another ground."""
        self.marked = lines
        found = []
        for line in sorted(lines):
            one = QtWidgets.QTextEdit.ExtraSelection()
            one.cursor = QtGui.QTextCursor(self.document().findBlockByNumber(line))  # type: ignore[attr-defined]
            one.format.setBackground(theme.color("accent", 0.2))  # type: ignore[attr-defined]
            one.format.setProperty(QtGui.QTextFormat.Property.FullWidthSelection, True)  # type: ignore[attr-defined]
            found.append(one)
        self.setExtraSelections(found)
        if lines:
            block = self.document().findBlockByNumber(min(lines))
            place = self.blockBoundingGeometry(block).translated(self.contentOffset())
            if not self.viewport().rect().contains(QtCore.QRectF(place).toRect().topLeft()):
                self.setTextCursor(QtGui.QTextCursor(block))
                self.centerCursor()
        if self._numbers is not None:
            self._numbers.update()

    # ------------------------------------------------ events

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and not self.textCursor().hasSelection():
            self.line_clicked.emit(self.line_at(event.position().toPoint()))

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        owner = self.owners.get(self.line_at(event.position().toPoint()), "")
        self.viewport().setToolTip(as_text(owner))
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if owner else Qt.CursorShape.IBeamCursor)

    def line_at(self, place: QtCore.QPoint) -> int:
        return self.cursorForPosition(place).blockNumber()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._numbers is not None:
            room = self.contentsRect()
            self._numbers.setGeometry(room.left(), room.top(), self._numbers.width_needed(), room.height())

    def _scroll_numbers(self, rect: QtCore.QRect, moved: int) -> None:
        if self._numbers is not None:
            if moved:
                self._numbers.scroll(0, moved)
            else:
                self._numbers.update(0, rect.y(), self._numbers.width(), rect.height())

    def _dress(self) -> None:
        if self._highlighter is not None:
            self._highlighter.rehighlight()
        self.mark_lines(self.marked)


class LineNumbers(QtWidgets.QWidget):
    """Numbers from 1 at the left of a `SourceView`; a dot where a line has an owner."""

    def __init__(self, view: SourceView) -> None:
        super().__init__(view)
        self.view = view

    def width_needed(self) -> int:
        digits = max(len(str(self.view.blockCount())), 2)
        return 2 * MARGIN + 8 + QtGui.QFontMetrics(theme.font("mono")).horizontalAdvance("0") * digits

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.font("mono"))
        view, block = self.view, self.view.firstVisibleBlock()
        top = view.blockBoundingGeometry(block).translated(view.contentOffset()).top()
        while block.isValid() and top <= event.rect().bottom():
            height, line = view.blockBoundingRect(block).height(), block.blockNumber()
            is_marked = line in view.marked
            painter.setPen(theme.color("accent" if is_marked else "text3"))
            painter.drawText(QtCore.QRectF(0, top, self.width() - MARGIN - 8, height),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(line + 1))
            if line in view.owners:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.color("accent" if is_marked else "border"))
                painter.drawEllipse(QtCore.QPointF(self.width() - 8, top + height / 2), 2.5, 2.5)
            top, block = top + height, block.next()
        painter.end()


class PythonHighlighter(QtGui.QSyntaxHighlighter):
    """Keywords, calls, numbers, strings and comments in the theme's colours.

    A line's state is which of `QUOTES` is open at its end, from 1; 0 if none is.
    """

    def highlightBlock(self, text: str) -> None:
        begin, open_at_end = 0, max(self.previousBlockState(), 0)
        if open_at_end:
            begin, open_at_end = self._string(text, 0, 0, open_at_end)
        while found := PATTERN.search(text, begin):
            begin = found.end()
            kind = found.lastgroup or ""
            if kind == "quotes":
                begin, open_at_end = self._string(text, found.start(), begin, QUOTES.index(found.group()) + 1)
                continue
            if kind in ("name", "call"):
                kind = "keyword" if keyword.iskeyword(found["name"]) else kind
            length = len(found["name"]) if kind in ("keyword", "call") else len(found.group())
            self._color(found.start(), length, kind)
        self.setCurrentBlockState(open_at_end)

    def _string(self, text: str, start: int, inside: int, quotes: int) -> tuple[int, int]:
        """Color a string of several lines from `start`; where it ends, and the state there."""
        end = text.find(QUOTES[quotes - 1], inside)
        stop, state = (len(text), quotes) if end < 0 else (end + len(QUOTES[quotes - 1]), 0)
        self._color(start, stop - start, "string")
        return stop, state

    def _color(self, start: int, length: int, kind: str) -> None:
        token = TOKENS.get(kind)
        if token is not None:
            shape = QtGui.QTextCharFormat()
            shape.setForeground(theme.legible(token, theme.tokens.well))
            self.setFormat(start, length, shape)
