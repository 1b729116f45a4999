"""The memory plan: which buffer lies where in the arena while which kernels run."""
from __future__ import annotations

from PySide6 import QtCore, QtGui, QtWidgets

from editor.model.document import GraphDocument
from editor.run import messages as m
from editor.theme import theme
from editor.widgets.labels import as_text

from .amounts import byte_count, share
from .compiler import CompilerPanel
from .live import series_color, tick_step

Qt = QtCore.Qt
LEFT, TOP, RIGHT, BOTTOM = 74, 8, 12, 26    # pixels around the picture
TICKS = 5                           # of addresses at most
MOST_STEPS = 24                     # numbers below the picture


class MemoryPanel(CompilerPanel):
    """Buffers over steps and addresses."""

    def __init__(self, document: GraphDocument, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("memory", self.tr("Memory"), document,
                         self.tr("Compile the graph to see how its intermediate results share memory."),
                         self.tr("Compile"), "memory", parent)
        self.plan = PlanView()
        self.plan.clicked.connect(self.jump)
        layout = QtWidgets.QVBoxLayout(self.contents)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.plan)

    def summary(self) -> str:
        if self.compiled is None:
            return ""
        if not self.compiled.memory:
            return self.tr("no memory is needed between kernels")
        arena, total = self.compiled.arena_bytes, sum(b.bytes for b in self.compiled.memory)
        saved = max(0.0, 1 - arena / total) if total else 0.0
        return self.tr("{0} buffers of {1} in an arena of {2} · {3} saved by sharing").format(
            len(self.compiled.memory), byte_count(total), byte_count(arena), share(saved))

    def draw(self) -> None:
        if self.compiled is not None:
            self.plan.show_plan(self.compiled, self.selected)


class PlanView(QtWidgets.QWidget):
    """The picture: a step of the program is a column, an address a height; a buffer is a box.

    Signals
    -------
    clicked(cards) : those whose value a buffer is
    """

    clicked = QtCore.Signal(object)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Memory plan"))
        self.setMouseTracking(True)
        self.setMinimumSize(120, 80)
        self.buffers: tuple[m.MemoryInfo, ...] = ()
        self.steps, self.top = 1, 1
        self._titles: list[str] = []
        self._selected: frozenset[str] = frozenset()
        self._hovered: m.MemoryInfo | None = None

    def show_plan(self, compiled: m.Compiled, selected: frozenset[str]) -> None:
        self.buffers = compiled.memory
        self.steps = max([len(compiled.kernels), *(b.last + 1 for b in self.buffers)], default=1) or 1
        self.top = max([compiled.arena_bytes, *(b.offset + b.bytes for b in self.buffers)], default=1) or 1
        self._titles = [k.title for k in compiled.kernels]
        self._selected = selected
        self.update()

    # ------------------------------------------------ places

    @property
    def _room(self) -> QtCore.QRectF:
        return QtCore.QRectF(self.rect()).adjusted(LEFT, TOP, -RIGHT, -BOTTOM)

    def box(self, buffer: m.MemoryInfo) -> QtCore.QRectF:
        """Where a buffer is drawn; addresses grow upward."""
        room = self._room
        x, y = room.width() / self.steps, room.height() / self.top
        return QtCore.QRectF(room.left() + buffer.first * x, room.bottom() - (buffer.offset + buffer.bytes) * y,
                             (buffer.last - buffer.first + 1) * x, max(buffer.bytes * y, 2))

    def at(self, place: QtCore.QPointF) -> m.MemoryInfo | None:
        """The buffer at a point, the smaller one first."""
        found = [b for b in self.buffers if self.box(b).contains(place)]
        return min(found, key=lambda b: b.bytes) if found else None

    # ------------------------------------------------ mouse

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        found = self.at(event.position())
        if found is not self._hovered:
            self._hovered = found
            self.setToolTip(as_text(self.describe(found)) if found else "")
            self.setCursor(Qt.CursorShape.PointingHandCursor if found and found.cards else Qt.CursorShape.ArrowCursor)
            self.update()

    def leaveEvent(self, event: QtCore.QEvent) -> None:
        self._hovered = None
        self.update()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        found = self.at(event.position())
        if found is not None and found.cards:
            self.clicked.emit(list(found.cards))

    def describe(self, buffer: m.MemoryInfo) -> str:
        """A buffer in words."""
        lines = [buffer.name, self.tr("{0} at address {1}").format(byte_count(buffer.bytes), f"{buffer.offset:,}"),
                 self.tr("steps {0} to {1}").format(buffer.first, buffer.last)]
        for step in dict.fromkeys((buffer.first, buffer.last)):
            if step < len(self._titles):
                lines.append(f"{step}  {self._titles[step]}")
        if buffer.cards:
            lines.append(self.tr("value of {0}").format(", ".join(buffer.cards)))
        return "\n".join(lines)

    # ------------------------------------------------ painting

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        painter = QtGui.QPainter(self)
        painter.fillRect(self._room, theme.color("well"))
        self._paint_scales(painter)
        painter.setFont(theme.font("small"))
        for number, buffer in enumerate(self.buffers):
            self._paint_buffer(painter, number, buffer)
        painter.end()

    def _paint_scales(self, painter: QtGui.QPainter) -> None:
        room = self._room
        painter.setFont(theme.font("small-mono"))
        for address in range(0, self.top + 1, tick_step(self.top, TICKS)):
            y = room.bottom() - room.height() * address / self.top
            painter.setPen(theme.pen("border"))
            painter.drawLine(QtCore.QPointF(room.left() - 4, y), QtCore.QPointF(room.right(), y))
            painter.setPen(theme.color("text2"))
            painter.drawText(QtCore.QRectF(0, y - 8, LEFT - 10, 16),
                             Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, byte_count(address))
        every = -(-self.steps // MOST_STEPS)
        width = room.width() / self.steps
        for step in range(0, self.steps, every):
            painter.drawText(QtCore.QRectF(room.left() + step * width, room.bottom() + 4, width * every, 16),
                             Qt.AlignmentFlag.AlignHCenter if every == 1 else Qt.AlignmentFlag.AlignLeft, str(step))

    def _paint_buffer(self, painter: QtGui.QPainter, number: int, buffer: m.MemoryInfo) -> None:
        box = self.box(buffer).adjusted(1, 0.5, -1, -0.5)
        is_chosen = bool(self._selected & set(buffer.cards))
        color = QtGui.QColor(series_color(number))
        color.setAlphaF(0.75 if buffer is self._hovered or is_chosen else 0.4)
        painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        painter.setBrush(color)
        painter.setPen(theme.pen("accent", 2) if is_chosen else QtGui.QPen(series_color(number), 1))
        painter.drawRoundedRect(box, 3, 3)
        if box.height() > 14 and box.width() > 30:
            painter.setPen(theme.color("text"))
            text = painter.fontMetrics().elidedText(f"{buffer.name}  {byte_count(buffer.bytes)}",
                                                    Qt.TextElideMode.ElideRight, int(box.width()) - 8)
            painter.drawText(box.adjusted(5, 0, -3, 0), Qt.AlignmentFlag.AlignVCenter, text)
