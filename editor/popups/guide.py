"""Hints for who opens the editor for the first time: a few small steps that point at parts of the window."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6 import QtCore, QtGui, QtWidgets

from editor.search.kinds import Memory
from editor.theme import theme
from editor.widgets.labels import label

Qt = QtCore.Qt
WIDTH, POINTER, RADIUS = 300, 9, 10
SEEN = "guide_seen"
Target = Callable[[], QtWidgets.QWidget | None]


@dataclass(frozen=True)
class Step:
    """title, text : what is said; target : what it points at, or None if that is not there now; spot : a part of it."""

    title: str
    text: str
    target: Target
    spot: Callable[[], QtCore.QRect] | None = None


def first_steps(palette: Target, canvas: Target, inspector: Target, run: Target,
                socket: Callable[[], QtCore.QRect]) -> tuple[Step, ...]:
    """What one needs to begin, pointing at the parts of the window that are given, on the canvas at a socket."""
    def t(text: str) -> str:
        return QtCore.QCoreApplication.translate("Guide", text)

    return (
        Step(t("Everything that can be drawn"), t("Drag an op or a layer onto the canvas, or double-click it. "
             "Typing searches by name, category and meaning."), palette),
        Step(t("Wires carry tensors"), t("Drag from a socket to another. Let go in the empty, or press Tab, to choose "
             "among what fits. Shapes are worked out as you draw."), canvas, socket),
        Step(t("What is selected"), t("Attributes, shapes, problems with their repairs, and the documentation stand "
             "here. Every edit can be undone."), inspector),
        Step(t("See what it does"), t("Run shows the values on the cards; with a Train card, Train moves the curves. "
             "Ctrl+Shift+P lists all commands, ? all keys."), run),
    )


class Guide(QtWidgets.QFrame):
    """A bubble in a window. It is shown once; `memory` holds that it was.

    Parameters
    ----------
    window : in which it appears
    steps : in their order; steps whose target is hidden are left out
    """

    ended = QtCore.Signal()

    def __init__(self, window: QtWidgets.QWidget, steps: Sequence[Step], memory: Memory) -> None:
        super().__init__(window)
        self.setObjectName("guide")
        self.setAccessibleName(self.tr("First steps"))
        self.steps, self.memory = list(steps), memory
        self._window = window
        self.at = -1
        self._side = "left"                     # where the pointer is
        self._tip = QtCore.QPoint()
        self.setFixedWidth(WIDTH)
        self.title = label(face="title", wraps=True)
        self.text = label(role="muted", face="body", wraps=True)
        self.count = label(role="hint", face="mono")
        self.skip = QtWidgets.QPushButton(self.tr("Skip"))
        self.next = QtWidgets.QPushButton(self.tr("Next"))
        self.next.setProperty("primary", True)
        self.skip.clicked.connect(self.end)
        self.next.clicked.connect(self.go_on)
        buttons = QtWidgets.QHBoxLayout()
        buttons.addWidget(self.count)
        buttons.addStretch(1)
        buttons.addWidget(self.skip)
        buttons.addWidget(self.next)
        layout = QtWidgets.QVBoxLayout(self)
        layout.setContentsMargins(16 + POINTER, 14 + POINTER, 16 + POINTER, 14 + POINTER)
        layout.setSpacing(8)
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addLayout(buttons)
        self._column = layout
        QtGui.QShortcut(Qt.Key.Key_Escape, self, self.end)      # while it is seen, wherever the focus is
        window.installEventFilter(self)
        self.hide()

    def begin(self, again: bool = False) -> bool:
        """Show the first step, unless it was seen before and is not asked for again; whether it is shown."""
        if self.memory.get(SEEN) and not again:
            return False
        self.memory[SEEN] = True                # also if the window is closed before its end
        self.at = -1
        self.go_on()
        return self.isVisible()

    def go_on(self) -> None:
        """Go to the next step whose target is there; after the last the guide ends."""
        for k in range(self.at + 1, len(self.steps)):
            if self._target(k) is not None:
                self.at = k
                self._show_step()
                return
        self.end()

    def end(self) -> None:
        """Go away."""
        if not self.isHidden():
            self.hide()
            self.ended.emit()

    def _target(self, k: int) -> QtWidgets.QWidget | None:
        target = self.steps[k].target()
        return target if target is not None and target.isVisible() else None

    def _show_step(self) -> None:
        step = self.steps[self.at]
        last = all(self._target(k) is None for k in range(self.at + 1, len(self.steps)))
        self.title.setText(step.title)
        self.text.setText(step.text)
        self.count.setText(f"{self.at + 1} / {len(self.steps)}")
        self.next.setText(self.tr("Done") if last else self.tr("Next"))
        self.skip.setVisible(not last)
        self._place()
        self.show()
        self.raise_()
        self.next.setFocus()

    def _place(self) -> None:
        """Beside the target, where there is room, with the pointer at its middle."""
        target, window = self._target(self.at), self._window
        if target is None:
            return
        height = self._column.totalHeightForWidth(WIDTH)
        self.setFixedHeight(height)
        spot = self.steps[self.at].spot
        part = spot() if spot is not None else target.rect()
        box = QtCore.QRect(target.mapTo(window, part.topLeft()), part.size())
        middle = box.center()
        if box.right() + WIDTH <= window.width():
            self._side, x, y = "left", box.right(), middle.y() - height // 2
        elif box.left() - WIDTH >= 0:
            self._side, x, y = "right", box.left() - WIDTH, middle.y() - height // 2
        elif box.bottom() + height <= window.height():
            self._side, x, y = "top", middle.x() - WIDTH // 2, box.bottom()
        elif box.top() - height >= 0:
            self._side, x, y = "bottom", middle.x() - WIDTH // 2, box.top() - height
        else:                                   # the target fills the window: on it
            self._side, x, y = "", middle.x() - WIDTH // 2, middle.y() - height // 2
        x, y = max(min(x, window.width() - WIDTH), 0), max(min(y, window.height() - height), 0)
        self._tip = QtCore.QPoint(min(max(middle.x() - x, 30), WIDTH - 30), min(max(middle.y() - y, 30), height - 30))
        self.move(x, y)
        self.update()

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        if event.type() in (QtCore.QEvent.Type.Resize, QtCore.QEvent.Type.LayoutRequest) and self.isVisible():
            self._place()
            self.raise_()                       # a panel that comes to the front takes the canvas along
        return super().eventFilter(watched, event)

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        box = QtCore.QRectF(self.rect()).adjusted(POINTER, POINTER, -POINTER, -POINTER).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QtGui.QPainterPath()
        path.addRoundedRect(box, RADIUS, RADIUS)
        if self._side:
            path = path.united(self._pointer(box))
        painter.setPen(theme.pen("accent", 1))
        painter.setBrush(theme.brush("card"))
        painter.drawPath(path)

    def _pointer(self, box: QtCore.QRectF) -> QtGui.QPainterPath:
        """The triangle toward the target."""
        x, y, p = float(self._tip.x()), float(self._tip.y()), float(POINTER)
        corners = {
            "left": [(box.left() + 1, y - p), (box.left() - p, y), (box.left() + 1, y + p)],
            "right": [(box.right() - 1, y - p), (box.right() + p, y), (box.right() - 1, y + p)],
            "top": [(x - p, box.top() + 1), (x, box.top() - p), (x + p, box.top() + 1)],
            "bottom": [(x - p, box.bottom() - 1), (x, box.bottom() + p), (x + p, box.bottom() - 1)],
        }[self._side]
        path = QtGui.QPainterPath()
        path.addPolygon(QtGui.QPolygonF([QtCore.QPointF(*corner) for corner in corners]))
        path.closeSubpath()
        return path
