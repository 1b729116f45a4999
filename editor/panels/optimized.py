"""The graph at each stage of the compiler, from as it is drawn to fused kernels, beside the rules that were applied."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import networkx as nx
from PySide6 import QtCore, QtGui, QtWidgets

from editor.layout import Box, layered
from editor.model.document import GraphDocument
from editor.run import messages as m
from editor.theme import theme
from editor.widgets.labels import as_text

from .compiler import CompilerPanel
from .live import caption

Qt = QtCore.Qt
BLOCKS = 0.25                       # scale below which a node is a block of its category's color
EDGE = 16                           # pixels around the whole
READABLE, SMALLEST = 0.6, 0.02      # scale below which texts are too small; of a whole that is larger than its view
WIDTH, NODE, HEAD, GAP, PAD = 168.0, 38.0, 24.0, 6.0, 8.0      # pixels: of a node, of a group's title, between, around


@dataclass(frozen=True)
class Block:
    """What stands in one place: a node, or all nodes of a fused kernel below each other.

    title : of a kernel; empty: a node of its own
    """

    key: str
    title: str
    nodes: tuple[m.StageNode, ...]

    @property
    def size(self) -> tuple[float, float]:
        if not self.title:
            return WIDTH, NODE
        return WIDTH + 2 * PAD, HEAD + len(self.nodes) * (NODE + GAP) - GAP + PAD

    def top(self, place: int) -> float:
        """How far below the top of the block one of its nodes is."""
        return HEAD + place * (NODE + GAP) if self.title else 0.0


def blocks_of(stage: m.Stage, titles: Mapping[str, str]) -> list[Block]:
    """The nodes of a stage, with those of a kernel together where there are several."""
    groups: dict[str, list[m.StageNode]] = {}
    for node in stage.nodes:
        groups.setdefault(node.group or f"\0{node.id}", []).append(node)
    blocks = [Block(key, titles.get(key, key) if len(nodes) > 1 else "", tuple(nodes)) for key, nodes in groups.items()]
    return _without_loops(blocks)


def _without_loops(blocks: list[Block]) -> list[Block]:
    """Blocks that lead to each other as one: a view between two ops of a kernel belongs to it."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(block.key for block in blocks)
    graph.add_edges_from((a, c) for a, _, c, _ in wires_of(blocks))
    home = {key: part for part in nx.strongly_connected_components(graph) if len(part) > 1 for key in part}
    found: list[Block] = []
    done: set[str] = set()
    for block in blocks:
        part = [b for b in blocks if b.key in home.get(block.key, ())] or [block]
        if block.key not in done:
            done.update(b.key for b in part)
            first = max(part, key=lambda b: len(b.nodes))
            found.append(Block(first.key, first.title, tuple(n for b in part for n in b.nodes)))
    return found


def wires_of(blocks: Iterable[Block]) -> list[tuple[str, str, str, str]]:
    """(block, node, block, node) for each wire between blocks."""
    home = {node.id: block.key for block in blocks for node in block.nodes}
    return [(home[source], source, block.key, node.id) for block in blocks for node in block.nodes
            for source in node.inputs if source in home and home[source] != block.key]


class OptimizedPanel(CompilerPanel):
    """A slider over the stages, the graph, and what fired."""

    def __init__(self, document: GraphDocument, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__("optimized", self.tr("Optimized graph"), document,
                         self.tr("Compile the graph to see what the compiler makes of it, pass by pass."),
                         self.tr("Compile"), "fuse", parent)
        self._drawn: object = None
        self.slider = QtWidgets.QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Pass"))
        self.slider.setPageStep(1)
        self.slider.setTickPosition(QtWidgets.QSlider.TickPosition.NoTicks)
        self.slider.setFixedWidth(120)
        self.slider.setRange(0, 0)
        self.slider.hide()              # till there are stages
        self.slider.valueChanged.connect(self.mark_stale)
        self.name = caption("", "")
        self.name.setMinimumWidth(90)
        theme.wear(self.name, "bold")
        self.bar.insertWidget(2, self.slider)
        self.bar.insertWidget(3, self.name)
        self.view = StageView()
        self.view.clicked.connect(self.jump)
        self.rules = QtWidgets.QListWidget()
        self.rules.setAccessibleName(self.tr("Rules that were applied"))
        self.rules.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rules.setSpacing(3)        # each has two lines
        theme.wear(self.rules, "small")
        self.heading = caption("")
        self.heading.setContentsMargins(10, 4, 10, 4)
        right = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.heading)
        column.addWidget(self.rules, 1)
        right.setMinimumWidth(140)
        split = QtWidgets.QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        split.addWidget(self.view)
        split.addWidget(right)
        split.setStretchFactor(0, 1)
        split.setSizes([600, 280])
        layout = QtWidgets.QVBoxLayout(self.contents)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(split)

    def take_result(self, reply: object) -> bool:
        was_last = self.slider.value() == self.slider.maximum()
        if not super().take_result(reply) or self.compiled is None:
            return False
        self.slider.setRange(0, max(len(self.compiled.stages) - 1, 0))
        if was_last:
            self.slider.setValue(self.slider.maximum())
        return True

    def has_contents(self) -> bool:
        return self.compiled is not None and bool(self.compiled.stages)

    @property
    def stage(self) -> int:
        """Number of the stage that is shown."""
        return self.slider.value()

    def summary(self) -> str:
        if self.compiled is None or not self.has_contents():
            return ""
        now = self.compiled.stages[self.stage]
        words = [self.tr("{0} nodes").format(len(now.nodes))]
        if any(node.group for node in now.nodes):
            words.append(self.tr("{0} kernels").format(len(self.compiled.kernels)))
        fresh, gone = self.difference()
        if fresh or gone:
            words.append(self.tr("{0} new, {1} gone").format(len(fresh), len(gone)))
        return " · ".join(words)

    def difference(self) -> tuple[set[str], set[str]]:
        """Nodes that the stage before does not have, and those that only it has."""
        if self.compiled is None or not self.stage:
            return set(), set()
        before, now = ({node.id for node in self.compiled.stages[k].nodes} for k in (self.stage - 1, self.stage))
        return now - before, before - now

    def draw(self) -> None:
        assert self.compiled is not None, "drawn with contents only"
        now = self.compiled.stages[self.stage]
        self.slider.setVisible(len(self.compiled.stages) > 1)
        key = self.compiled, self.stage, theme.tokens
        if self._drawn is None or any(a is not b for a, b in zip(key, self._drawn, strict=True)):  # type: ignore[call-overload]
            self._drawn = key
            self.name.setText(now.name)
            self.view.show_stage(now, {k.name: k.title for k in self.compiled.kernels}, self.difference()[0])
            self.heading.setText(self.tr("{0} rules applied").format(len(now.fired)) if now.fired
                                 else self.tr("No rules: this is where the compiler begins") if not self.stage
                                 else self.tr("Nodes that share loops are drawn together"))
            self.rules.clear()
            for fired in now.fired:
                item = QtWidgets.QListWidgetItem("\n".join(fired.split("   ")[:2]), self.rules)
                item.setToolTip(as_text(fired))
        self.view.mark(self.selected)


class StageView(QtWidgets.QGraphicsView):
    """Nodes of one stage by layers; wheel zooms, drag pans.

    Signals
    -------
    clicked(cards) : those that a node comes from
    """

    clicked = QtCore.Signal(object)

    def __init__(self, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Graph at this stage"))
        self.setScene(QtWidgets.QGraphicsScene(self))
        self.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
        self.setDragMode(QtWidgets.QGraphicsView.DragMode.ScrollHandDrag)
        self.setTransformationAnchor(QtWidgets.QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setMinimumSize(120, 80)
        self.nodes: dict[str, NodeItem] = {}
        self._heights: dict[str, float] = {}        # where nodes stood, so that the next stage is alike
        self._is_fitted = True
        self._pressed = QtCore.QPoint()

    def show_stage(self, stage: m.Stage, titles: Mapping[str, str], fresh: set[str]) -> None:
        """Draw a stage. titles : of kernels; fresh : nodes that are new in it."""
        blocks = blocks_of(stage, titles)
        wires = wires_of(blocks)
        ports = {node.id: block.top(k) + NODE / 2 for block in blocks for k, node in enumerate(block.nodes)}
        boxes = {}
        for place, block in enumerate(blocks):
            heights = tuple(ports[node.id] for node in block.nodes)
            y = min((self._heights.get(node.id, 50.0 * place) for node in block.nodes), default=0.0)
            boxes[block.key] = Box(*block.size, y=y, inputs=heights, outputs=heights)
        number = {node.id: k for block in blocks for k, node in enumerate(block.nodes)}
        arranged = layered(boxes, [(a, number[b], c, number[d]) for a, b, c, d in wires])
        scene = self.scene()
        scene.clear()
        self.nodes = {}
        for block in blocks:
            self._draw_block(block, arranged.places[block.key], fresh)
        bends = {(link.source, link.output, link.target, link.input): points for link, points in arranged.bends.items()}
        path = QtGui.QPainterPath()
        for a, b, c, d in wires:
            _wire(path, self._end(b, 1), bends.get((a, number[b], c, number[d]), ()), self._end(d, 0))
        pen = theme.pen("text3", 1, alpha=0.8)
        pen.setCosmetic(True)                       # of a pixel, however small the whole is
        drawn = scene.addPath(path, pen)
        drawn.setZValue(-1)
        scene.setSceneRect(scene.itemsBoundingRect().adjusted(-24, -24, 24, 24))
        self._is_fitted = True
        self.fit()

    def _draw_block(self, block: Block, place: tuple[float, float], fresh: set[str]) -> None:
        x, y = place
        if block.title:
            frame = FrameItem(QtCore.QRectF(x, y, *block.size), block.title)
            self.scene().addItem(frame)
        for k, node in enumerate(block.nodes):
            item = NodeItem(node, node.id in fresh)
            item.setPos(x + (PAD if block.title else 0), y + block.top(k))
            self.scene().addItem(item)
            self.nodes[node.id] = item
            self._heights[node.id] = y + block.top(k)

    def _end(self, node: str, side: int) -> QtCore.QPointF:
        return self.nodes[node].pos() + QtCore.QPointF(WIDTH * side, NODE / 2)

    def mark(self, cards: frozenset[str]) -> None:
        """Mark the nodes that come from cards; the others step back while there are some."""
        for item in self.nodes.values():
            item.set_marked(bool(cards & set(item.node.cards)))
        chosen = [item for item in self.nodes.values() if item.is_marked]
        if chosen and not any(self.viewport().rect().contains(self.mapFromScene(i.sceneBoundingRect().center()))
                              for i in chosen):
            self.centerOn(chosen[0])

    # ------------------------------------------------ view

    def fit(self, whole: bool = False) -> None:
        """Show everything; if some is marked that could not be read then, that, unless `whole`."""
        rect = self.sceneRect()
        room = self.viewport().rect()
        if rect.isEmpty() or room.isEmpty():
            return
        scale = min((room.width() - 2 * EDGE) / rect.width(), (room.height() - 2 * EDGE) / rect.height())
        marked = None if whole else next((item for item in self.nodes.values() if item.is_marked), None)
        scale = min(max(scale, SMALLEST if marked is None else READABLE), 1.0)
        self.setTransform(QtGui.QTransform.fromScale(scale, scale))
        fits = rect.width() * scale <= room.width() and rect.height() * scale <= room.height()
        self.centerOn(rect.center() if fits or marked is None else marked.sceneBoundingRect().center())

    def resizeEvent(self, event: QtGui.QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._is_fitted:
            self.fit()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        factor = 1.0015 ** event.angleDelta().y()
        if 0.05 <= self.transform().m11() * factor <= 3:
            self._is_fitted = False
            self.scale(factor, factor)

    def mouseDoubleClickEvent(self, event: QtGui.QMouseEvent) -> None:
        """Everything, however small."""
        self._is_fitted = True
        self.fit(whole=True)

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        self._pressed = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        place = event.position().toPoint()
        if (place - self._pressed).manhattanLength() > QtWidgets.QApplication.startDragDistance():
            self._is_fitted = False
            return
        found = next((i for i in self.items(place) if isinstance(i, NodeItem)), None)
        if found is not None and found.node.cards:
            self.clicked.emit(list(found.node.cards))


def _wire(path: QtGui.QPainterPath, start: QtCore.QPointF, bends: Iterable[tuple[float, float]],
          end: QtCore.QPointF) -> None:
    """Add a wire through its bends, level at its ends."""
    path.moveTo(start)
    last = start
    for point in (*(QtCore.QPointF(*bend) for bend in bends), end):
        reach = max(abs(point.x() - last.x()) / 2, 16.0)
        path.cubicTo(last + QtCore.QPointF(reach, 0), point - QtCore.QPointF(reach, 0), point)
        last = point


class NodeItem(QtWidgets.QGraphicsItem):
    """A node: its op in the category's colour, and its shape."""

    def __init__(self, node: m.StageNode, is_fresh: bool) -> None:
        super().__init__()
        self.node, self.is_fresh, self.is_marked = node, is_fresh, False
        self.setToolTip(as_text("\n".join(filter(None, (
            node.id, f"{node.title} {node.shape}", ", ".join(node.cards))))))
        self.setCursor(Qt.CursorShape.PointingHandCursor if node.cards else Qt.CursorShape.OpenHandCursor)
        self.setCacheMode(QtWidgets.QGraphicsItem.CacheMode.DeviceCoordinateCache)

    def set_marked(self, is_marked: bool) -> None:
        if is_marked != self.is_marked:
            self.is_marked = is_marked
            self.update()

    def boundingRect(self) -> QtCore.QRectF:
        return QtCore.QRectF(-2, -2, WIDTH + 4, NODE + 4)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionGraphicsItem,
              widget: QtWidgets.QWidget | None = None) -> None:
        rect = QtCore.QRectF(0, 0, WIDTH, NODE)
        shape = QtGui.QPainterPath()
        shape.addRoundedRect(rect, 6, 6)
        is_small = option.levelOfDetailFromTransform(painter.worldTransform()) < BLOCKS
        painter.fillPath(shape, theme.category(self.node.category) if is_small else theme.color("card"))
        painter.save()
        painter.setClipPath(shape)
        painter.fillRect(QtCore.QRectF(0, 0, 4, NODE), theme.category(self.node.category))
        painter.restore()
        if self.is_marked:
            painter.setPen(theme.pen("accent", 2))
        elif self.is_fresh:
            painter.setPen(theme.pen("ok", 1.4))
        else:
            painter.setPen(theme.pen("border"))
        painter.drawPath(shape)
        if is_small:
            return
        room = rect.adjusted(12, 4, -8, -4)
        painter.setFont(theme.font("bold"))
        painter.setPen(theme.color("text"))
        title = painter.fontMetrics().elidedText(self.node.title, Qt.TextElideMode.ElideRight,
                                                 int(room.width()) - (14 if self.is_fresh else 0))
        painter.drawText(room, Qt.AlignmentFlag.AlignTop, title)
        if self.is_fresh:
            painter.setPen(theme.color("ok"))
            painter.drawText(room, Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight, "+")
        painter.setFont(theme.font("small-mono"))
        painter.setPen(theme.color("text2"))
        painter.drawText(room, Qt.AlignmentFlag.AlignBottom, painter.fontMetrics().elidedText(
            self.node.shape, Qt.TextElideMode.ElideRight, int(room.width())))


class FrameItem(QtWidgets.QGraphicsItem):
    """A fused kernel: a dashed frame with its title."""

    def __init__(self, rect: QtCore.QRectF, title: str) -> None:
        super().__init__()
        self.rect, self.title = rect, title
        self.setZValue(-2)
        self.setToolTip(as_text(title))

    def boundingRect(self) -> QtCore.QRectF:
        return self.rect.adjusted(-2, -2, 2, 2)

    def paint(self, painter: QtGui.QPainter, option: QtWidgets.QStyleOptionGraphicsItem,
              widget: QtWidgets.QWidget | None = None) -> None:
        painter.setPen(theme.pen("accent", 1, Qt.PenStyle.DashLine))
        painter.setBrush(theme.brush("accent", 0.07))
        painter.drawRoundedRect(self.rect, 10, 10)
        painter.setPen(theme.color("accent"))
        painter.setFont(theme.font("small-medium"))
        text = painter.fontMetrics().elidedText(self.title, Qt.TextElideMode.ElideRight, int(self.rect.width()) - 16)
        painter.drawText(self.rect.adjusted(8, 5, -8, 0), Qt.AlignmentFlag.AlignTop, text)
