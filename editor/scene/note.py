"""A piece of paper with text: Markdown's headings, emphasis, lists and code. Links and pictures are not fetched."""
from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.items import Note
from editor.theme import theme

from .geometry import Box
from .inks import inks, mixed, pen
from .laid import LaidItem

INSET = 10.0
FEATURES = (QtGui.QTextDocument.MarkdownFeature.MarkdownNoHTML
            | QtGui.QTextDocument.MarkdownFeature.MarkdownDialectCommonMark)
GIVEN_ONLY = QtGui.QTextCharFormat.FontPropertiesInheritanceBehavior.FontPropertiesSpecifiedOnly


def paper() -> QtGui.QColor:
    """The colour of a note."""
    present = inks()
    return mixed(present.card, present.warn, 0.10 if present.dark else 0.07)


class NoteItem(LaidItem):
    """A note of the document."""

    def __init__(self, note: Note) -> None:
        super().__init__()
        self.note = note
        self._text: QtGui.QTextDocument | None = None
        self._size = QtCore.QSizeF()
        self.setZValue(4)               # below wires and their tags, which it would hide
        self.setCacheMode(QtWidgets.QGraphicsItem.CacheMode.DeviceCoordinateCache)
        self.set_note(note)

    def set_note(self, note: Note) -> None:
        self.note = note
        size = QtCore.QSizeF(note.width, note.height)
        if size != self._size:
            self.prepareGeometryChange()
            self._size = size
        self.setPos(note.x, note.y)
        self.forget_face()

    def forget_face(self) -> None:
        self._text = None
        self.update()

    @property
    def box(self) -> Box:
        return Box(self.pos().x(), self.pos().y(), self.note.width, self.note.height)

    def boundingRect(self) -> QtCore.QRectF:
        return QtCore.QRectF(-2, -2, self._size.width() + 4, self._size.height() + 4)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionGraphicsItem,
              widget: QtWidgets.QWidget | None = None) -> None:
        present, scale = inks(), painter.worldTransform().m11()
        edge = mixed(present.border, present.warn, 0.3)
        rect = QtCore.QRectF(0, 0, self.note.width, self.note.height)
        if scale < 0.35:
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing, False)
            painter.fillRect(rect, present.accent if self.selected else paper())
            return
        painter.setBrush(paper())
        painter.setPen(present.selected_pen if self.selected else pen(mixed(edge, present.text3, 0.6)) if self.hovered
                       else pen(edge))
        inner = rect if self.selected else rect.adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(inner, 4, 4)
        painter.save()
        painter.setClipRect(rect.adjusted(INSET, INSET - 2, -INSET, -INSET + 2))
        painter.translate(INSET, INSET - 2)
        context = QtGui.QAbstractTextDocumentLayout.PaintContext()
        context.palette.setColor(QtGui.QPalette.ColorRole.Text, present.text)
        self._document().documentLayout().draw(painter, context)
        painter.restore()

    def _document(self) -> QtGui.QTextDocument:
        """The text laid out. Sources of pictures are not looked up: the document loads nothing."""
        if self._text is None:
            text = _Closed()
            text.setDefaultFont(theme.font("body"))
            text.setDocumentMargin(0)
            text.setUseDesignMetrics(True)      # letters keep their distances at every zoom
            text.setMarkdown(self.note.text, FEATURES)
            text.setTextWidth(self.note.width - 2 * INSET)
            _dress(text)
            self._text = text
        return self._text


class _Closed(QtGui.QTextDocument):
    """A text that loads neither pictures nor styles, whatever it names."""

    def loadResource(self, kind: int, name: QtCore.QUrl | str) -> object:
        return None


def _dress(text: QtGui.QTextDocument) -> None:
    """Headings a little larger than the text, code in the fixed font, and no weight that the fonts do not have."""
    strong, code = QtGui.QTextCharFormat(), QtGui.QTextCharFormat()
    strong.setFontWeight(QtGui.QFont.Weight.DemiBold)
    code.setFont(theme.font("mono"), GIVEN_ONLY)
    code.setBackground(inks().well)
    block = text.begin()
    cursor = QtGui.QTextCursor(text)
    while block.isValid():
        level = block.blockFormat().headingLevel()
        cursor.setPosition(block.position())
        spacing = QtGui.QTextBlockFormat()
        spacing.setTopMargin(0 if block.position() == 0 else 4)
        spacing.setBottomMargin(2)
        cursor.mergeBlockFormat(spacing)
        for start, length, letters in _pieces(block):
            cursor.setPosition(start)
            cursor.setPosition(start + length, QtGui.QTextCursor.MoveMode.KeepAnchor)
            if level:
                letters.clearProperty(QtGui.QTextFormat.Property.FontSizeAdjustment)     # stronger than a size
                letters.setFont(theme.font("heading" if level == 1 else "title"), GIVEN_ONLY)
                cursor.setCharFormat(letters)
            elif letters.fontWeight() > QtGui.QFont.Weight.DemiBold:
                cursor.mergeCharFormat(strong)
            if letters.fontFixedPitch():
                cursor.mergeCharFormat(code)
        block = block.next()


def _pieces(block: QtGui.QTextBlock) -> list[tuple[int, int, QtGui.QTextCharFormat]]:
    """Start, length and letters of the pieces that look alike."""
    found = []
    pieces = block.begin()
    while not pieces.atEnd():
        piece = pieces.fragment()
        found.append((piece.position(), piece.length(), piece.charFormat()))
        pieces += 1
    return found
