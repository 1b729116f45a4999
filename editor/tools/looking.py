"""The tool of a view that is only looked at: what is inside a card."""
from __future__ import annotations

from PySide6 import QtCore, QtGui

from editor.model.document import GraphDocument
from editor.model.items import Ref, Wire
from editor.scene import GraphView, Hit

from . import walk
from .canvas import plain_key

Key = QtCore.Qt.Key
WAYS = {Key.Key_Left: walk.LEFT, Key.Key_Right: walk.RIGHT, Key.Key_Up: walk.UP, Key.Key_Down: walk.DOWN}


class Looking(QtCore.QObject):
    """Selects and walks, and says what is to be opened or left; nothing is changed.

    Signals
    -------
    open_requested(card) : it was double-clicked, or Enter was pressed on it
    up_requested : back to what is around
    """

    open_requested = QtCore.Signal(str)
    up_requested = QtCore.Signal()

    def __init__(self, view: GraphView) -> None:
        super().__init__(view)
        self.view = view
        view.tool = self

    # ------------------------------------------------ mouse

    def mouse_press(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None:
        if event.button() == QtCore.Qt.MouseButton.BackButton:
            self.up_requested.emit()
        else:
            self.view.graph.select([hit.ref] if hit.ref is not None else [])

    def mouse_move(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None:
        pass

    def mouse_release(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None:
        pass

    def mouse_double_click(self, event: QtGui.QMouseEvent, at: QtCore.QPointF, hit: Hit) -> None:
        if hit.kind == "card" and hit.ref is not None:
            self.open_requested.emit(hit.ref.key)

    # ------------------------------------------------ keys

    def key_press(self, event: QtGui.QKeyEvent) -> bool:
        key, modifiers = plain_key(event)
        if modifiers != QtCore.Qt.KeyboardModifier.NoModifier:
            return False
        chosen = next((ref.key for ref in self.view.graph.selected() if ref.kind == "card"), None)
        if key in (Key.Key_Escape, Key.Key_Backspace):
            self.up_requested.emit()
        elif key in (Key.Key_Return, Key.Key_Enter) and chosen is not None:
            self.open_requested.emit(chosen)
        elif key in WAYS:
            self._walk(chosen, WAYS[Key(key)])
        else:
            return False
        return True

    def _walk(self, start: str | None, way: str) -> None:
        scene = self.view.graph
        boxes = {id: (r.x(), r.y(), r.width(), r.height()) for id in scene.cards for r in [scene.card_rect(id)]}
        middle = self.view.visible_rect.center()
        found = walk.step(_wires_at(scene.document, start), start, way, boxes) if start is not None else \
            walk.nearest_to(boxes, middle.x(), middle.y())
        if found is not None:
            scene.select([Ref("card", found)])
            if not self.view.visible_rect.contains(scene.card_rect(found)):
                self.view.center_on_card(found)

    # ------------------------------------------------ nothing is dropped here

    def drag_enter(self, event: QtGui.QDragEnterEvent) -> None:
        event.ignore()

    def drag_move(self, event: QtGui.QDragMoveEvent, at: QtCore.QPointF) -> None:
        event.ignore()

    def drag_leave(self, event: QtGui.QDragLeaveEvent) -> None:
        pass

    def drop(self, event: QtGui.QDropEvent, at: QtCore.QPointF) -> None:
        event.ignore()


def _wires_at(document: GraphDocument, card: str) -> list[Wire]:
    return [*document.wires_into(card).values(), *document.wires_from(card)]
