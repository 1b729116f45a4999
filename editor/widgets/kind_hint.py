"""A picture of a kind's card with its documentation, beside the row that the pointer rests on."""
from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.catalog import Kind
from editor.theme import theme

from .documentation import documentation
from .kind_card import kind_pixmap

WIDTH, TALLEST = 340, 460


class KindHint(QtWidgets.QFrame):
    """A window without a frame that takes no focus."""

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent, QtCore.Qt.WindowType.ToolTip | QtCore.Qt.WindowType.FramelessWindowHint)
        self.setObjectName("kindHint")
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFixedWidth(WIDTH)
        self.picture = QtWidgets.QLabel(alignment=QtCore.Qt.AlignmentFlag.AlignCenter)
        self.text = QtWidgets.QLabel(wordWrap=True, textFormat=QtCore.Qt.TextFormat.RichText)
        theme.wear(self.text, "body")
        self._column = layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 14)
        layout.setSpacing(6)
        layout.addWidget(self.picture)
        layout.addWidget(self.text)

    def show_kind(self, kind: Kind, place: QtCore.QPoint, left: int) -> None:
        """Explain a kind at a place of the screen; where the screen ends, left of `left` instead."""
        self.picture.setPixmap(kind_pixmap(kind, self.devicePixelRatioF()))
        self.text.setText(documentation(kind))
        self.setAccessibleName(f"{kind.title}: {kind.summary}")
        height = min(self._column.heightForWidth(WIDTH), TALLEST)
        self.setFixedHeight(height)
        screen = (QtGui.QGuiApplication.screenAt(place) or QtGui.QGuiApplication.primaryScreen()).availableGeometry()
        x = place.x() + 6 if place.x() + WIDTH + 6 <= screen.right() else left - WIDTH - 6
        y = min(place.y() - 12, screen.bottom() - height)
        self.move(max(x, screen.left()), max(y, screen.top()))
        self.show()

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setPen(theme.pen("border"))
        painter.setBrush(theme.brush("canvas"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
