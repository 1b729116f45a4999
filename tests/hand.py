"""A person at the canvas: gestures on a real view without a screen, by real mouse and key events."""
from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets
from PySide6.QtCore import QPointF, Qt

from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Card, Wire
from editor.scene import GraphScene, GraphView
from editor.tools import Interaction

NO = Qt.KeyboardModifier.NoModifier
CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier
LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
NOBUTTON = Qt.MouseButton.NoButton
Kind = QtCore.QEvent.Type


class Hand:
    """A person at the canvas: places are the scene's."""

    def __init__(self, qtbot, document):
        self.document = document
        self.inference = Inference(document)
        self.scene = GraphScene(document, self.inference)
        self.view = GraphView(self.scene)
        self.view.resize(1400, 900)
        qtbot.addWidget(self.view)
        self.tool = Interaction(document, self.inference, self.view)
        self.view.show()
        qtbot.waitExposed(self.view)
        self.view.set_zoom(1.0)
        self.view.centerOn(400, 300)
        self.said, self.searched, self.menus, self.viewed, self.files = [], [], [], [], []
        self.tool.said.connect(self.said.append)
        self.tool.search_requested.connect(self.searched.append)
        self.tool.menu_requested.connect(lambda place, hit: self.menus.append(hit))
        self.tool.viewer_requested.connect(lambda card, output: self.viewed.append((card, output)))
        self.tool.files_dropped.connect(lambda paths, at: self.files.append(paths))

    def close(self):
        self.tool.detach()
        self.scene.detach()
        self.inference.close()

    def place(self, at):
        return QPointF(self.view.mapFromScene(QPointF(*at)))

    def _send(self, type, at, button, buttons, modifiers):
        viewport, place = self.view.viewport(), self.place(at)
        far = QPointF(viewport.mapToGlobal(place.toPoint()))
        QtWidgets.QApplication.sendEvent(viewport, QtGui.QMouseEvent(type, place, far, button, buttons, modifiers))

    def press(self, at, button=LEFT, modifiers=NO):
        self._send(Kind.MouseButtonPress, at, button, button, modifiers)

    def move(self, at, button=LEFT, modifiers=NO):
        self._send(Kind.MouseMove, at, NOBUTTON, button, modifiers)

    def release(self, at, button=LEFT, modifiers=NO):
        self._send(Kind.MouseButtonRelease, at, button, NOBUTTON, modifiers)

    def click(self, at, button=LEFT, modifiers=NO):
        self.press(at, button, modifiers)
        self.release(at, button, modifiers)

    def double_click(self, at):
        self.click(at)
        self._send(Kind.MouseButtonDblClick, at, LEFT, LEFT, NO)
        self.release(at)

    def begin(self, start, *way, button=LEFT, modifiers=NO):
        self.press(start, button, modifiers)
        for at in way:
            self.move(at, button, modifiers)

    def drag(self, start, *way, button=LEFT, modifiers=NO):
        middle = ((start[0] + way[0][0]) / 2, (start[1] + way[0][1]) / 2)
        self.begin(start, middle, *way, button=button, modifiers=modifiers)
        self.release(way[-1], button, modifiers)

    def key(self, key, modifiers=NO, text=""):
        target = QtWidgets.QApplication.focusWidget() if self.tool.inline.widget is None else self.tool.inline.widget
        for type in (Kind.KeyPress, Kind.KeyRelease):
            QtWidgets.QApplication.sendEvent(target or self.view, QtGui.QKeyEvent(type, key, modifiers, text))

    def port(self, card, side, number=0):
        at = self.scene.port_position(card, side, number)
        return at.x(), at.y()

    def title(self, card):
        rect = self.scene.card_rect(card)
        return rect.left() + 60, rect.top() + 12

    def row(self, card, name):
        number = [field.name for field in self.scene.shown_fields(card)].index(name)
        middle = self.scene.row_rect(card, number).center()
        return middle.x(), middle.y()

    @property
    def selected(self):
        return {ref.key for ref in self.scene.selected()}

    @property
    def wires(self):
        return sorted((w.source, w.target, w.input) for w in self.document.wires)


def graph():
    return GraphDocument([
        Card("x", "op/placeholder", {"shape": [None, 4]}, 0, 0), Card("a", "op/negative", x=300, y=0),
        Card("b", "op/exp", x=600, y=0), Card("lone", "op/tanh", x=0, y=400),
        Card("k", "op/cast", {"dtype": "int32"}, 300, 400),
        Wire("x", 0, "a", 0), Wire("a", 0, "b", 0)])


def edited(hand):
    """The field that is open on the canvas."""
    assert hand.tool.inline.widget is not None
    return hand.tool.inline.widget
