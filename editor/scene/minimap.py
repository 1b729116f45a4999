"""The whole graph in a corner: blocks in the colours of categories, errors red, and the part that the view shows."""
from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets

from editor.theme import theme

from .inks import NO_BRUSH, inks
from .view import GraphView

WIDTH, HEIGHT = 200, 140
INSET = 8.0
FAINT = 0.85                # opacity over cards
REPAINT_MS = 33             # at most so often, however fast things move


class Minimap(QtWidgets.QWidget):
    """Click or drag goes there, the wheel zooms. Lies in the lower right corner of its view.

    Nothing is seen of it where the view shows the whole graph; over cards it is faint until the pointer comes.
    """

    def __init__(self, view: GraphView) -> None:
        super().__init__(view)
        self.view = view
        self.setObjectName("minimap")
        self.setAccessibleName(self.tr("Overview of the graph"))
        self.setFixedSize(WIDTH, HEIGHT)
        self.setCursor(QtCore.Qt.CursorShape.ArrowCursor)
        self._blocks: QtGui.QPixmap | None = None
        self._area = QtCore.QRectF()        # that it shows
        self._contents: QtCore.QRectF | None = None     # around all that is seen, None while it is not known
        self._boxes: list[tuple[float, float, float, float]] = []       # of the cards: sides
        self._pause = QtCore.QTimer(self, singleShot=True, interval=REPAINT_MS)
        self._pause.timeout.connect(self._renew)
        view.moved.connect(self._renew_soon)
        view.graph.rearranged.connect(self._forget)
        theme.changed.connect(self._forget)
        view.installEventFilter(self)
        view.cover = self
        self._move_to_corner()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if watched is self.view and event.type() == QtCore.QEvent.Type.Resize:
            self._move_to_corner()
        return False

    def _move_to_corner(self) -> None:
        self.move(self.view.width() - WIDTH - 12, self.view.height() - HEIGHT - 12)

    def _forget(self) -> None:
        self._blocks = self._contents = None
        self._renew_soon()

    def _renew_soon(self) -> None:
        if self.isVisible() and not self._pause.isActive():
            self._pause.start()

    def showEvent(self, event: QtGui.QShowEvent) -> None:
        super().showEvent(event)
        self._forget()

    def _renew(self) -> None:
        """Something moved: let clicks through where nothing is shown, and paint."""
        self.setAttribute(QtCore.Qt.WidgetAttribute.WA_TransparentForMouseEvents, not self.is_needed)
        self.update()

    @property
    def contents(self) -> QtCore.QRectF:
        """Around all that is seen, looked up once after something has moved."""
        if self._contents is None:
            rects = self.view.graph.rest_rects()
            self._contents = self.view.graph.around(rects)
            self._boxes = [(r.left(), r.top(), r.right(), r.bottom()) for ref, r in rects.items() if ref.kind == "card"]
        return self._contents

    # ------------------------------------------------ painting

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        present = inks()
        if not self.is_needed:
            return
        shown = self.view.visible_rect
        area = self.contents.united(shown)
        if self._blocks is None or area != self._area:
            self._area = area
            self._blocks = self._drawn()
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        if self._covers_cards() and not self.underMouse():
            painter.setOpacity(FAINT)
        ground = QtGui.QColor(present.well)
        ground.setAlphaF(0.94)
        painter.setPen(present.border_pen)
        painter.setBrush(ground)
        painter.drawRoundedRect(QtCore.QRectF(0.5, 0.5, WIDTH - 1, HEIGHT - 1), 8, 8)
        painter.drawPixmap(0, 0, self._blocks)
        painter.setPen(QtGui.QPen(present.accent, 1.5))
        fill = QtGui.QColor(present.accent)
        fill.setAlphaF(0.08)
        painter.setBrush(fill)
        corner, size = self._scale()
        window = QtCore.QRectF(corner.x() + (shown.x() - area.x()) * size, corner.y() + (shown.y() - area.y()) * size,
                               shown.width() * size, shown.height() * size)
        painter.drawRoundedRect(window, 2, 2)

    @property
    def is_needed(self) -> bool:
        """Whether there is more than the view shows."""
        return not self.contents.isEmpty() and not self.view.visible_rect.contains(self.contents)

    def _covers_cards(self) -> bool:
        below = self.view.mapToScene(self.geometry()).boundingRect()
        left, top, right, bottom = below.left(), below.top(), below.right(), below.bottom()
        return any(a < right and left < c and b < bottom and top < d for a, b, c, d in self._boxes)

    def enterEvent(self, event: QtGui.QEnterEvent) -> None:
        self.update()

    def leaveEvent(self, event: QtCore.QEvent) -> None:
        self.update()

    def _scale(self) -> tuple[QtCore.QPointF, float]:
        """Where the shown area begins, and pixels here for one there."""
        area = self._area
        size = min((WIDTH - 2 * INSET) / max(area.width(), 1.0), (HEIGHT - 2 * INSET) / max(area.height(), 1.0))
        return QtCore.QPointF((WIDTH - area.width() * size) / 2, (HEIGHT - area.height() * size) / 2), size

    def _drawn(self) -> QtGui.QPixmap:
        """Frames and cards; no wires, which would be a grey cloud."""
        present, sharpness = inks(), self.devicePixelRatioF()
        picture = QtGui.QPixmap(int(WIDTH * sharpness), int(HEIGHT * sharpness))
        picture.setDevicePixelRatio(sharpness)
        picture.fill(QtCore.Qt.GlobalColor.transparent)
        painter = QtGui.QPainter(picture)
        corner, size = self._scale()
        painter.translate(corner)
        painter.scale(size, size)
        painter.translate(-self._area.topLeft())
        for frame in filter(QtWidgets.QGraphicsItem.isVisible, self.view.graph.frames.values()):
            color = QtGui.QColor(frame.color)
            color.setAlphaF(0.25)
            painter.fillRect(QtCore.QRectF(*frame.box), color)
        least = 2 / size
        selected = self.view.graph.selected()
        for card in self.view.graph.cards.values():
            if not card.isVisible():
                continue
            box = QtCore.QRectF(card.x(), card.y(), max(card.box.width, least), max(card.box.height, least))
            wrong = card.look.state == "error"
            painter.fillRect(box, present.error if wrong else present.accent if card.look.card.ref in selected
                             else present.hue(card.look.category))
            if wrong:       # the hue of a loss is red too
                painter.setPen(QtGui.QPen(present.text, 1.5 / size))
                painter.setBrush(NO_BRUSH)
                painter.drawRect(box)
        for note in filter(QtWidgets.QGraphicsItem.isVisible, self.view.graph.notes.values()):
            color = QtGui.QColor(present.warn)
            color.setAlphaF(0.5)
            painter.fillRect(QtCore.QRectF(*note.box), color)
        painter.end()
        return picture

    # ------------------------------------------------ mouse

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        self._go(event.position())
        event.accept()

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        if event.buttons():
            self._go(event.position())
        event.accept()

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        event.accept()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        self.view.set_zoom(self.view.zoom * 1.2 ** (event.angleDelta().y() / 120))
        event.accept()

    def _go(self, place: QtCore.QPointF) -> None:
        corner, size = self._scale()
        self.view.centerOn(self._area.topLeft() + (place - corner) / size)
