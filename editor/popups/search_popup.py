"""A field to type in with answers below, without a frame: adding by name and the list of commands are such."""
from __future__ import annotations

from collections.abc import Sequence

from PySide6 import QtCore, QtGui, QtWidgets

from editor.theme import theme
from editor.widgets.rows import HEIGHT, TALL, Row, RowDelegate, RowModel

Qt = QtCore.Qt
RADIUS, MARGIN = 10, 12             # pixels: of the corners, around for the shadow
ROWS = 9                            # that are seen at once


class SearchPopup(QtWidgets.QFrame):
    """Opens with `open_at`, closes when something is chosen, with Esc, and when something else is clicked.

    Parameters
    ----------
    name : object name
    title : what it is called for readers
    hint : stands in the field while it is empty
    width : of the whole, in pixels

    Attributes
    ----------
    closed : signal after it went away; the argument says whether something was chosen
    """

    closed = QtCore.Signal(bool)

    def __init__(self, name: str, title: str, hint: str, width: int, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup | Qt.WindowType.FramelessWindowHint
                         | Qt.WindowType.NoDropShadowWindowHint)
        self.setObjectName(name)
        self.setAccessibleName(title)
        self.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
        self.setFixedWidth(width + 2 * MARGIN)
        self.input = QtWidgets.QLineEdit(placeholderText=hint)
        self.input.setAccessibleName(title)
        self.input.textChanged.connect(self.update_rows)
        self.input.installEventFilter(self)
        self.model = RowModel(self)
        self.delegate = RowDelegate(self)
        self.list = QtWidgets.QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(self.delegate)
        self.list.setMouseTracking(True)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setVerticalScrollMode(QtWidgets.QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.list.setAccessibleName(self.tr("Answers"))
        self.list.clicked.connect(lambda index: self._choose(index.row()))
        self.foot = QtWidgets.QLabel()
        self.foot.setProperty("role", "hint")
        self.foot.setTextFormat(Qt.TextFormat.PlainText)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(MARGIN + 8, MARGIN + 8, MARGIN + 8, MARGIN + 8)
        layout.setSpacing(6)
        layout.addWidget(self.input)
        layout.addWidget(self.list)
        layout.addWidget(self.foot)
        self._has_chosen = False

    # ------------------------------------------------ what the kinds of popups say

    def rows(self, query: str) -> Sequence[Row]:
        """The answers to what is typed, the best first."""
        raise NotImplementedError(f"{type(self).__name__} says which rows answer")

    def take(self, row: Row) -> None:
        """A row was chosen; the popup is closed already."""
        raise NotImplementedError(f"{type(self).__name__} says what choosing does")

    def nothing(self, query: str) -> str:
        """What is said where nothing answers."""
        return self.tr("Nothing is called “{0}”.").format(query)

    # ------------------------------------------------ opening and closing

    def open_at(self, place: QtCore.QPoint, query: str = "") -> None:
        """Open with the field near a place of the screen, inside of the screen."""
        self._has_chosen = False
        self.input.setText(query)
        self.update_rows()
        screen = (QtGui.QGuiApplication.screenAt(place) or QtGui.QGuiApplication.primaryScreen()).availableGeometry()
        tallest = self.sizeHint().height()
        x = min(max(place.x() - MARGIN - 24, screen.left()), screen.right() - self.width())
        y = min(max(place.y() - MARGIN - 22, screen.top()), screen.bottom() - tallest)
        self.move(x, y)
        self.show()
        self.input.setFocus()

    def open_over(self, window: QtWidgets.QWidget, query: str = "") -> None:
        """Open in the middle of the upper part of a window."""
        top = window.mapToGlobal(QtCore.QPoint((window.width() - self.width()) // 2, max(window.height() // 8, 40)))
        self.open_at(top + QtCore.QPoint(MARGIN + 24, MARGIN + 22), query)

    def hideEvent(self, event: QtGui.QHideEvent) -> None:
        super().hideEvent(event)
        if not event.spontaneous():
            self.closed.emit(self._has_chosen)

    # ------------------------------------------------ answers

    def update_rows(self) -> None:
        """Show the answers to what is typed."""
        query = self.input.text().strip()
        rows = list(self.rows(query))
        self.model.show(rows)
        first = next((k for k, row in enumerate(rows) if row.key and row.enabled), None)
        if first is not None:
            self.list.setCurrentIndex(self.model.index(first))
            self.list.scrollToTop()
        heights = [TALL if row.detail else HEIGHT for row in rows[:ROWS]]
        self.list.setFixedHeight(sum(heights) + 4 if rows else 0)
        self.list.setVisible(bool(rows))
        text = self.footer(rows) if rows else self.nothing(query)
        self.foot.setText(text)
        self.foot.setVisible(bool(text))
        self.adjustSize()
        self._shape()

    def _shape(self) -> None:
        """Cut the window to its frame on X11, where nothing may blend the shadow and the corners with what is below."""
        if QtGui.QGuiApplication.platformName() == "xcb":
            path = QtGui.QPainterPath()
            path.addRoundedRect(self._box(), RADIUS, RADIUS)
            self.setMask(QtGui.QRegion(path.toFillPolygon().toPolygon()))

    def _box(self) -> QtCore.QRectF:
        return QtCore.QRectF(self.rect()).adjusted(MARGIN, MARGIN, -MARGIN, -MARGIN)

    def footer(self, rows: Sequence[Row]) -> str:
        """A line below the answers."""
        return ""

    @property
    def current(self) -> Row | None:
        index = self.list.currentIndex()
        return self.model.rows[index.row()] if index.isValid() else None

    def _choose(self, number: int) -> None:
        row = self.model.rows[number] if 0 <= number < len(self.model.rows) else None
        if row is not None and row.key and row.enabled:
            self._has_chosen = True
            self.hide()
            self.take(row)

    # ------------------------------------------------ keys

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if watched is self.input and isinstance(event, QtGui.QKeyEvent) and event.type() == QtCore.QEvent.Type.KeyPress:
            return self._key(event)
        return super().eventFilter(watched, event)

    def _key(self, event: QtGui.QKeyEvent) -> bool:
        """Whether a key was for the answers rather than for the field."""
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._choose(self.list.currentIndex().row())
        elif key == Qt.Key.Key_Escape:
            self.hide()
        elif key in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab):
            self._step(1 if key == Qt.Key.Key_Tab else -1)
        elif key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self._step(1 if key == Qt.Key.Key_Down else -1)
        elif key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            self._step(ROWS - 1 if key == Qt.Key.Key_PageDown else 1 - ROWS, around=False)
        else:
            return False
        return True

    def _step(self, by: int, around: bool = True) -> None:
        """Go to a row further down or up; past the last comes the first."""
        able = [k for k, row in enumerate(self.model.rows) if row.key and row.enabled]
        if not able:
            return
        at = self.list.currentIndex().row()
        k = able.index(at) + by if at in able else 0
        k = k % len(able) if around else min(max(k, 0), len(able) - 1)
        self.list.setCurrentIndex(self.model.index(able[k]))

    # ------------------------------------------------ look

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        box = self._box()
        painter.setPen(Qt.PenStyle.NoPen)
        for growth in (8, 5, 2):
            painter.setBrush(theme.shadow(0.5))
            grown, round_ = box.adjusted(-growth, 3 - growth, growth, 3 + growth), RADIUS + growth
            painter.drawRoundedRect(grown, round_, round_)
        if not self.mask().isEmpty():               # where edges would blend with nothing, which is black
            painter.fillRect(box, theme.color("border"))
        painter.setPen(theme.pen("border"))
        painter.setBrush(theme.brush("panel"))
        painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
