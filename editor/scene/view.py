"""The window onto the scene: pan, zoom, dots, hovering, tooltips. What else mouse and keys do is the active tool's."""
from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Protocol

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.items import Ref
from editor.theme import theme

from .geometry import ENLARGE, GRID, Hit
from .inks import inks
from .overlay import Overlays
from .scene import GraphScene

FARTHEST, NEAREST = 0.05, 3.0       # zoom
STEP = 1.2                          # of the zoom, for one notch of a wheel or one key
SPARSE = 0.40                       # below this zoom every fifth dot is drawn each way, below a fifth of it every 25th
EXTENT = 200_000.0                  # how far the view can be moved, from the middle
FIT_MARGIN = 28
READABLE = 0.5                      # zoom from which cards can be told apart and read
MOST_TRIED = 200                    # cards that may lie at the edge of the first view
BORDER = 28                         # pixels from the edge where a drag moves the view
SETTLE_MS = 160                     # after the last step of a zoom, cards keep pictures of themselves again
CACHE_KB = 49_152                   # for those pictures; Qt's own limit holds forty cards on a sharp screen
MOTION_MS = 250


class Tool(Protocol):
    """What the view hands its events to. Positions are the scene's; `hit` is what lies there."""

    def mouse_press(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None: ...

    def mouse_move(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None: ...

    def mouse_release(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None: ...

    def mouse_double_click(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None: ...

    def key_press(self, event: QtGui.QKeyEvent) -> bool: ...

    def drag_enter(self, event: QtGui.QDragEnterEvent) -> None: ...

    def drag_move(self, event: QtGui.QDragMoveEvent, at: QtCore.QPointF) -> None: ...

    def drag_leave(self, event: QtGui.QDragLeaveEvent) -> None: ...

    def drop(self, event: QtGui.QDropEvent, at: QtCore.QPointF) -> None: ...


class GraphView(QtWidgets.QGraphicsView):
    """Shows a `GraphScene`.

    Attributes
    ----------
    zoomed : signal with the zoom, 1.0 for 100 %
    moved : signal, after the visible part changed
    tool : the active tool, or None
    cover : a widget that lies in a corner and covers what is there, or None
    overlays : what is drawn over the scene while something is done
    trackpad_pans : two fingers move the view; False: they zoom, as a wheel does
    """

    zoomed = QtCore.Signal(float)
    moved = QtCore.Signal()

    def __init__(self, scene: GraphScene, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(scene, parent)
        self.graph = scene
        self.tool: Tool | None = None
        self.cover: QtWidgets.QWidget | None = None
        self.overlays = Overlays(self, scene)
        self.trackpad_pans = True
        self._panning: QtCore.QPoint | None = None
        self._minded = False            # a press that the tool does not hear of
        self._space = False             # held down
        self._space_panned = False
        self._dots: tuple[object, QtGui.QPixmap] | None = None
        self._last_move: QtGui.QMouseEvent | None = None
        self._way = (QtCore.QPointF(), 1.0, QtCore.QPointF(), 1.0)      # middle and zoom, from and to
        self._motion = QtCore.QVariantAnimation(self, startValue=0.0, endValue=1.0, duration=MOTION_MS)
        self._motion.setEasingCurve(QtCore.QEasingCurve.Type.OutCubic)
        self._motion.valueChanged.connect(self._show_motion)
        self._settle = QtCore.QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._settle.timeout.connect(lambda: self.graph.set_caching(True))
        self._caching = True
        self._first_sight: tuple[float, int, int] | None = None         # zoom and place that nobody has changed yet
        self._edge = QtCore.QTimer(self, interval=16)
        self._edge.timeout.connect(self._move_at_border)
        self.setObjectName("canvas")
        self.setAccessibleName(self.tr("Canvas with the drawn graph"))
        self.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
        self.setRenderHints(QtGui.QPainter.RenderHint.Antialiasing | QtGui.QPainter.RenderHint.TextAntialiasing
                            | QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        self.setViewportUpdateMode(QtWidgets.QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setOptimizationFlag(QtWidgets.QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTransformationAnchor(QtWidgets.QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QtWidgets.QGraphicsView.ViewportAnchor.NoAnchor)
        self.setSceneRect(-EXTENT, -EXTENT, 2 * EXTENT, 2 * EXTENT)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAcceptDrops(True)
        if QtGui.QPixmapCache.cacheLimit() < CACHE_KB:
            QtGui.QPixmapCache.setCacheLimit(CACHE_KB)
        theme.changed.connect(self.viewport().update)
        self.centerOn(0, 0)

    # ------------------------------------------------ where it looks

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    @property
    def visible_rect(self) -> QtCore.QRectF:
        """The part of the scene that is seen."""
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def set_zoom(self, zoom: float, around: QtCore.QPoint | None = None) -> None:
        """around : place in the viewport that stays where it is; None: the middle."""
        zoom = min(max(zoom, FARTHEST), NEAREST)
        fixed = around if around is not None else self.viewport().rect().center()
        there = self.mapToScene(fixed)
        if not math.isclose(zoom, self.zoom, rel_tol=1e-9):
            self._suspend_caching()
            self.setTransform(QtGui.QTransform.fromScale(zoom, zoom))
            self._bring(there, fixed)
            self.zoomed.emit(zoom)
            self.moved.emit()

    def zoom_in(self) -> None:
        self.set_zoom(self.zoom * STEP)

    def zoom_out(self) -> None:
        self.set_zoom(self.zoom / STEP)

    def zoom_to_fit(self, selection: bool = False, animated: bool = True) -> None:
        """Show everything, or what is selected, not larger than 100 %."""
        refs: Iterable[Ref] | None = None
        if selection and self.graph.selected():
            refs = set(self.graph.selected())
            refs |= {Ref("card", end) for ref in refs if ref in self.graph.wires
                     for end in (self.graph.wires[ref].wire.source, self.graph.wires[ref].wire.target)}
        area = self.graph.contents_rect(refs)
        if area.isEmpty():
            self.look_at(QtCore.QPointF(0, 0), 1.0, animated)
            return
        cards = [self.graph.card_rect(id) for id in self.graph.cards if refs is None or Ref("card", id) in refs]
        middle, zoom = self._fitting(area, cards)
        self.look_at(middle, zoom, animated)

    def see_beginning(self) -> None:
        """See everything, neither larger than it is nor too small to be read; if it is too wide for that, its left.

        The view goes on to do so when its size changes, until somebody looks elsewhere.
        """
        self.zoom_to_fit(animated=False)
        if self.zoom < READABLE:
            area = self.graph.contents_rect()
            shown = QtCore.QSizeF(self.viewport().size()) / READABLE
            self.set_zoom(READABLE)
            left, middle = area.left() - FIT_MARGIN + shown.width() / 2, area.center()
            x = middle.x() if area.width() < shown.width() else left
            self.centerOn(x, self._fullest(x, shown, middle.y()))
        self._first_sight = self._sight

    def _fullest(self, x: float, shown: QtCore.QSizeF, y: float) -> float:
        """The height of the middle at which most cards are seen around `x`; of several the one that is nearest `y`."""
        boxes = [item.box for item in self.graph.cards.values() if item.isVisible() and abs(
            item.box.x + item.box.width / 2 - x) < shown.width() / 2]
        half = shown.height() / 2 - FIT_MARGIN
        middles = [y, *(box.y + half for box in boxes[:MOST_TRIED]), *(box.bottom - half for box in boxes[:MOST_TRIED])]

        def seen(middle: float) -> int:
            return sum(middle - half <= box.y and box.bottom <= middle + half for box in boxes)

        return max(middles, key=lambda middle: (seen(middle), -abs(middle - y)))

    def keep_sight(self) -> None:
        """Stay at this zoom and place when the size changes: somebody works here."""
        self._first_sight = None

    @property
    def _sight(self) -> tuple[float, int, int]:
        return self.zoom, self.horizontalScrollBar().value(), self.verticalScrollBar().value()

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        is_first = self._first_sight == self._sight
        super().resizeEvent(event)
        if is_first:
            self.see_beginning()

    def _fitting(self, area: QtCore.QRectF, cards: Iterable[QtCore.QRectF]) -> tuple[QtCore.QPointF, float]:
        """Middle and zoom that show an area; what lies in the corner covers none of the cards, if that can be."""
        whole = self.viewport().rect()
        found = _fit(area, whole, whole)
        covered = self.cover.geometry() if self.cover is not None and self.cover.isVisible() else QtCore.QRect()
        if covered.isEmpty() or area.contains(self.graph.contents_rect()):      # who sees everything needs no overview
            return found
        middle, zoom = found
        corner = QtCore.QRectF(middle.x() + (covered.x() - whole.width() / 2) / zoom,
                               middle.y() + (covered.y() - whole.height() / 2) / zoom,
                               covered.width() / zoom, covered.height() / zoom)
        if not any(corner.intersects(card) for card in cards):
            return found
        beside = whole.adjusted(0, 0, -(whole.width() - covered.left()), 0)
        above = whole.adjusted(0, 0, 0, -(whole.height() - covered.top()))
        return max((_fit(area, room, whole) for room in (beside, above)), key=lambda fit: fit[1])

    def center_on_card(self, card_id: str, animated: bool = True) -> None:
        """Bring a card to the middle, near enough to be read."""
        if card_id in self.graph.cards:
            self.look_at(self.graph.card_rect(card_id).center(), max(self.zoom, 0.75), animated)

    def some_socket(self) -> QtCore.QRect:
        """A place in the view where a wire begins, near the left; the middle if there is none."""
        seen = self.viewport().rect()
        starts = [self.mapFromScene(self.graph.port_position(item.wire.source, "output", item.wire.output))
                  for item in self.graph.wires.values() if item.isVisible()]
        place = min((start for start in starts if seen.contains(start)), key=lambda start: (start.x(), start.y()),
                    default=seen.center())
        return QtCore.QRect(place, QtCore.QSize(0, 0)).adjusted(-10, -10, 10, 10)

    def look_at(self, middle: QtCore.QPointF, zoom: float, animated: bool = True) -> None:
        """Bring a place to the middle, in a smooth way if motion is wanted."""
        self._motion.stop()
        if animated and self.isVisible() and theme.motion(MOTION_MS):
            self._way = self.visible_rect.center(), self.zoom, middle, zoom
            self._motion.start()
        else:
            self._set_view(middle, zoom)

    def _show_motion(self, part: float) -> None:
        start, start_zoom, middle, zoom = self._way
        self._set_view(start + (middle - start) * _share(part, start_zoom, zoom),
                       start_zoom * (zoom / start_zoom) ** part)

    def _set_view(self, middle: QtCore.QPointF, zoom: float) -> None:
        if not math.isclose(zoom, self.zoom, rel_tol=1e-9):
            self._suspend_caching()
            self.setTransform(QtGui.QTransform.fromScale(zoom, zoom))
            self.zoomed.emit(zoom)
        self._bring(middle, self.viewport().rect().center())
        self.moved.emit()

    def _bring(self, there: QtCore.QPointF, to: QtCore.QPoint) -> None:
        """Move so that a place of the scene is at a place of the viewport."""
        off = self.mapFromScene(there) - to
        self._scroll(off.x(), off.y())

    def _scroll(self, x: int, y: int) -> None:
        horizontal, vertical = self.horizontalScrollBar(), self.verticalScrollBar()
        horizontal.setValue(horizontal.value() + x)
        vertical.setValue(vertical.value() + y)

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self.moved.emit()

    def _suspend_caching(self) -> None:
        if not self._settle.isActive():
            self.graph.set_caching(False)
        self._settle.start()

    # ------------------------------------------------ painting

    def drawBackground(self, painter: QtGui.QPainter, rect: QtCore.QRectF | QtCore.QRect) -> None:
        """The canvas with its dots, which lie on the grid of 24 pixels."""
        painter.save()
        painter.resetTransform()
        ground = self.viewport().rect()
        painter.fillRect(ground, inks().canvas_brush)
        spacing = GRID * self.zoom * (1 if self.zoom >= SPARSE else 5 if self.zoom >= SPARSE / 5 else 25)
        origin = self.mapFromScene(QtCore.QPointF(0, 0))
        left, top = math.fmod(origin.x(), spacing) - spacing, math.fmod(origin.y(), spacing) - spacing
        dots = self._row_of_dots(spacing, ground.width())
        for i in range(int((ground.height() - top) / spacing) + 1):
            painter.drawPixmap(QtCore.QPoint(round(left) - 2, round(top + spacing * i) - 2), dots)
        painter.restore()

    def _row_of_dots(self, spacing: float, width: int) -> QtGui.QPixmap:
        """Dots from left to right with two pixels around them, drawn once for each zoom and look."""
        sharpness = self.devicePixelRatioF()
        key = (spacing, width, sharpness, inks())
        if self._dots is None or self._dots[0] != key:
            columns = int(width / spacing) + 3
            picture = QtGui.QPixmap(int((columns * spacing + 4) * sharpness), int(4 * sharpness))
            picture.setDevicePixelRatio(sharpness)
            picture.fill(QtCore.Qt.GlobalColor.transparent)
            painter = QtGui.QPainter(picture)
            painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
            dot = QtGui.QPen(inks().dot, 2)
            dot.setCapStyle(QtCore.Qt.PenCapStyle.RoundCap)
            painter.setPen(dot)
            painter.drawPoints([QtCore.QPointF(2 + spacing * i, 2) for i in range(columns)])
            painter.end()
            self._dots = key, picture
        return self._dots[1]

    def drawForeground(self, painter: QtGui.QPainter, rect: QtCore.QRectF | QtCore.QRect) -> None:
        self.overlays.paint(painter, QtCore.QRectF(rect), self.zoom)

    # ------------------------------------------------ mouse

    def hit_at(self, place: QtCore.QPointF | QtCore.QPoint) -> tuple[QtCore.QPointF, Hit]:
        """The scene's position at a place of the viewport, and what lies there."""
        exact = self.viewportTransform().inverted()[0].map(QtCore.QPointF(place))
        return exact, self.graph.hit(exact, self.zoom)

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        """A wheel zooms at the pointer; two fingers move the view, with Ctrl they zoom; Shift moves sideways."""
        pixels = event.pixelDelta()
        fingers = event.device() is not None and event.device().type() == QtGui.QInputDevice.DeviceType.TouchPad
        control = event.modifiers() & QtCore.Qt.KeyboardModifier.ControlModifier
        if fingers and self.trackpad_pans and not control:
            off = pixels if not pixels.isNull() else event.angleDelta() / 4
            self._scroll(-off.x(), -off.y())
        elif event.modifiers() & QtCore.Qt.KeyboardModifier.ShiftModifier:
            self._scroll(-(event.angleDelta().y() or event.angleDelta().x()) // 2, 0)
        elif event.angleDelta().y():
            self.set_zoom(self.zoom * STEP ** (event.angleDelta().y() / 120), event.position().toPoint())
        event.accept()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        middle = event.button() == QtCore.Qt.MouseButton.MiddleButton
        if middle or (self._space and event.button() == QtCore.Qt.MouseButton.LeftButton):
            self._panning = event.position().toPoint()
            self._space_panned = self._space
            self.viewport().setCursor(QtCore.Qt.CursorShape.ClosedHandCursor)
        else:
            self._press(event)
        event.accept()

    def _press(self, event: QtGui.QMouseEvent) -> None:
        """The arrow on a strip changes nothing in the document, so the view minds it itself."""
        at, hit = self.hit_at(event.position())
        self._last_move = None
        self._minded = event.button() == QtCore.Qt.MouseButton.LeftButton and hit[2:] == ("badge", ENLARGE)
        if self._minded and hit.ref is not None:
            self.graph.enlarge_preview(hit.ref.key)
            self.graph.set_hover(self.hit_at(event.position())[1])
        elif self.tool is not None:
            self.tool.mouse_press(event, at, hit)

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        if self._panning is not None:
            here = event.position().toPoint()
            off, self._panning = self._panning - here, here
            self._scroll(off.x(), off.y())
        else:
            at, hit = self.hit_at(event.position())
            if not event.buttons():
                self.graph.set_hover(hit)
            if self.tool is not None and not self._minded:
                self.tool.mouse_move(event, at, hit)
            if event.buttons() & QtCore.Qt.MouseButton.LeftButton:
                self._last_move = QtGui.QMouseEvent(event)
                self._watch_border(event.position().toPoint())
        event.accept()

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        self._edge.stop()
        if self._panning is not None:
            self._panning = None
            self._show_hand()
        elif self._minded:
            self._minded = False
        elif self.tool is not None:
            self.tool.mouse_release(event, *self.hit_at(event.position()))
        event.accept()

    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:
        if event.button() == QtCore.Qt.MouseButton.MiddleButton or self._space:
            self.mousePressEvent(event)
        elif self.hit_at(event.position())[1][2:] == ("badge", ENLARGE):
            self._press(event)
        elif self.tool is not None:
            self.tool.mouse_double_click(event, *self.hit_at(event.position()))
        event.accept()

    def leaveEvent(self, event: QtCore.QEvent) -> None:
        self.graph.set_hover(None)
        super().leaveEvent(event)

    def _watch_border(self, place: QtCore.QPoint) -> None:
        inner = self.viewport().rect().adjusted(BORDER, BORDER, -BORDER, -BORDER)
        if inner.isValid() and not inner.contains(place):
            if not self._edge.isActive():
                self._edge.start()
        else:
            self._edge.stop()

    def _move_at_border(self) -> None:
        """Move the view under a drag that is held at its border, and let the tool follow."""
        if self._last_move is None or not QtWidgets.QApplication.mouseButtons() & QtCore.Qt.MouseButton.LeftButton:
            self._edge.stop()
            return
        place, inner = self._last_move.position(), self.viewport().rect().adjusted(BORDER, BORDER, -BORDER, -BORDER)
        x = min(place.x() - inner.left(), 0) + max(place.x() - inner.right(), 0)
        y = min(place.y() - inner.top(), 0) + max(place.y() - inner.bottom(), 0)
        self._scroll(round(min(max(x, -BORDER), BORDER) * 0.5), round(min(max(y, -BORDER), BORDER) * 0.5))
        if self.tool is not None:
            self.tool.mouse_move(self._last_move, *self.hit_at(place))

    def _show_hand(self) -> None:
        if self._space:
            self.viewport().setCursor(QtCore.Qt.CursorShape.OpenHandCursor)
        else:
            self.viewport().unsetCursor()

    # ------------------------------------------------ keys, tooltips, gestures

    def event(self, event: QtCore.QEvent) -> bool:
        """Tab and Space are the canvas's own, not the way to the next widget or a shortcut of the window."""
        if event.type() == QtCore.QEvent.Type.ShortcutOverride and isinstance(event, QtGui.QKeyEvent) and (
                event.key() == QtCore.Qt.Key.Key_Space and not event.modifiers()):
            event.accept()
            return True
        if event.type() == QtCore.QEvent.Type.KeyPress and isinstance(event, QtGui.QKeyEvent) and (
                event.key() in (QtCore.Qt.Key.Key_Tab, QtCore.Qt.Key.Key_Backtab)):
            self.keyPressEvent(event)
            if not event.isAccepted():
                self.focusNextPrevChild(event.key() == QtCore.Qt.Key.Key_Tab)
            return True
        return super().event(event)

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        if event.key() == QtCore.Qt.Key.Key_Space and not event.modifiers():
            if not event.isAutoRepeat():
                self._space, self._space_panned = True, False
                self._show_hand()
            event.accept()
        elif self.tool is not None and self.tool.key_press(event):
            event.accept()
        else:
            event.ignore()

    def keyReleaseEvent(self, event: QtGui.QKeyEvent) -> None:
        """Space alone, without a drag, is a key for the tool like others."""
        if event.key() == QtCore.Qt.Key.Key_Space and not event.isAutoRepeat() and self._space:
            self._space = False
            self._show_hand()
            if not self._space_panned and self.tool is not None:
                self.tool.key_press(QtGui.QKeyEvent(QtCore.QEvent.Type.KeyPress, event.key(), event.modifiers(), " "))
            event.accept()
        else:
            super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QtGui.QFocusEvent) -> None:
        self._space = False
        self._show_hand()
        super().focusOutEvent(event)

    def viewportEvent(self, event: QtCore.QEvent) -> bool:
        if event.type() == QtCore.QEvent.Type.ToolTip and isinstance(event, QtGui.QHelpEvent):
            at, hit = self.hit_at(event.pos())
            text = self.graph.tooltip(hit) or ("" if hit.kind != "nothing" else self.graph.group_tooltip(at))
            if text:
                QtWidgets.QToolTip.showText(event.globalPos(), text, self.viewport())
            else:
                QtWidgets.QToolTip.hideText()
            return True
        if isinstance(event, QtGui.QNativeGestureEvent) and (
                event.gestureType() == QtCore.Qt.NativeGestureType.ZoomNativeGesture):
            self.set_zoom(self.zoom * (1 + event.value()), event.position().toPoint())
            return True
        return super().viewportEvent(event)

    # ------------------------------------------------ drag and drop

    def dragEnterEvent(self, event: QtGui.QDragEnterEvent) -> None:
        if self.tool is not None:
            self.tool.drag_enter(event)
        else:
            event.ignore()

    def dragMoveEvent(self, event: QtGui.QDragMoveEvent) -> None:
        if self.tool is not None:
            self.tool.drag_move(event, self.hit_at(event.position())[0])
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QtGui.QDragLeaveEvent) -> None:
        if self.tool is not None:
            self.tool.drag_leave(event)

    def dropEvent(self, event: QtGui.QDropEvent) -> None:
        if self.tool is not None:
            self.tool.drop(event, self.hit_at(event.position())[0])
        else:
            event.ignore()


def _fit(area: QtCore.QRectF, room: QtCore.QRect, whole: QtCore.QRect) -> tuple[QtCore.QPointF, float]:
    """Middle of the view and zoom that show an area in a part of the viewport, not larger than 100 %."""
    inside = room.adjusted(FIT_MARGIN, FIT_MARGIN, -FIT_MARGIN, -FIT_MARGIN)
    zoom = max(min(inside.width() / area.width(), inside.height() / area.height(), 1.0), FARTHEST)
    off = QtCore.QPointF(room.center() - whole.center()) / zoom
    return area.center() - off, zoom


def _share(t: float, start: float, end: float) -> float:
    """How far the middle has moved when the zoom has gone the part `t` of its way, so that the way looks straight."""
    if math.isclose(start, end, rel_tol=1e-3):
        return t
    return (1 - (start / end) ** t) / (1 - start / end)
