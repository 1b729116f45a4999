"""What gestures work on, and what they have in common."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6 import QtCore, QtGui

from editor import commands
from editor.commands import Refused
from editor.infer import Inference
from editor.layout import Box, Link
from editor.model.document import Change, GraphDocument
from editor.model.items import Ref, Wire
from editor.model.subgraphs import inside
from editor.scene import GraphScene, GraphView, Hit
from editor.widgets.language import told

Modifiers = QtCore.Qt.KeyboardModifier
GRID = 12.0


@dataclass
class Canvas:
    """A document as it is shown in a view.

    report : says a sentence to the person at the screen
    pointer : where the mouse was last seen, in the scene
    """

    document: GraphDocument
    inference: Inference
    scene: GraphScene
    view: GraphView
    report: Callable[[str], None]
    pointer: QtCore.QPointF | None = None

    @property
    def here(self) -> QtCore.QPointF:
        """Where something new goes: at the pointer, or in the middle of what is seen if the pointer is elsewhere."""
        area = self.view.visible_rect
        return self.pointer if self.pointer is not None and area.contains(self.pointer) else area.center()

    def attempt(self, make: Callable[[], Change]) -> Change | None:
        """Make an edit; where it is refused, say why and return None."""
        try:
            change = self.placed(make())
        except Refused as refused:
            self.report(told(refused.words))
            return None
        self.document.do(change)
        return change

    def placed(self, change: Change) -> Change:
        """An edit whose new items lie where one looks: in the subgraph that is open, if one is."""
        return commands.placed(self.document, change, self.scene.level)

    def fits(self, source: str, output: int, target: str, input: int) -> bool:
        return self.inference.would_accept(source, output, target, input) is None

    def insertion(self, wire: Ref, card: str) -> Change | None:
        """The edit that leads a wire through a card: by an input that takes what it carries, or else by a free one."""
        for fits in (self.fits, None):
            try:
                return commands.insert_on_wire(self.document, wire, card, fits)
            except Refused:
                continue
        return None

    def whole(self, refs: Iterable[Ref]) -> set[Ref]:
        """Items, and what lies in frames among them: who copies a frame wants what is in it."""
        return {ref for ref in commands.with_content(self.document, refs, self.scene.contents) if ref.kind != "wire"}

    def describe(self, card: str) -> str:
        """A card in words, for who does not see it: "MatMul hidden, float32 (?, 128), reads x and w"."""
        found, kind = self.document.card(card), self.scene.kinds.get(getattr(self.document.card(card), "kind", ""))
        if found is None:
            return ""
        parts = [f"{kind.title if kind is not None else found.kind} {card}"]
        parts += [f"{result.dtype} {result.shape}".strip() for result in self.inference.outputs(card)]
        sources = [row.wire.source for row in self.inference.inputs_of(card) if row.wire is not None]
        if sources:
            parts.append(self.view.tr("reads {0}").format(self.view.tr(" and ").join(sources)))
        problem = self.inference.problem(card)
        if problem is not None:
            heading = self.view.tr("error: {0}") if problem.severity == "error" else self.view.tr("warning: {0}")
            parts.append(heading.format(told(problem.text)))
        return ", ".join(filter(None, parts))

    def box(self, card: str) -> Box:
        """A card as a layout sees it, with its ports."""
        self.scene.end_glide()
        item = self.scene.cards[card]
        x, y, width, height = item.box
        geometry, look = item.geometry, item.look
        return Box(width, height, x, y, tuple(geometry.input(row)[1] for row in range(len(look.numbers))),
                   tuple(geometry.output(row)[1] for row in range(len(look.outputs))))

    def links(self, cards: Iterable[str]) -> list[Link]:
        """The wires at cards, as they are shown: of subgraphs those that cross their border."""
        wires = (wire for card in cards for inner in inside(self.document, card)
                 for wire in (*self.document.wires_into(inner.id).values(), *self.document.wires_from(inner.id)))
        return list(dict.fromkeys(link for wire in wires if (link := self.link(wire)) is not None))

    def link(self, wire: Wire) -> Link | None:
        """A wire as a layout sees it; None if it lies in a subgraph, or leads out of the one that is open."""
        start, end = self.scene.ends_of(wire)
        if start is None or end is None or start[0] == end[0]:
            return None
        return Link(start[0], start[2], end[0], end[2])

    @property
    def level_cards(self) -> list[str]:
        """Ids of the cards that lie where one looks, in the document's order."""
        return [card.id for card in self.document.cards if card.parent == self.scene.level]

    @property
    def visible_cards(self) -> list[str]:
        area = self.view.visible_rect
        return [id for id, item in self.scene.cards.items()
                if item.isVisible() and area.intersects(QtCore.QRectF(*item.box))]

    def global_place(self, at: QtCore.QPointF) -> QtCore.QPoint:
        """The place of the screen where a place of the scene is."""
        return self.view.viewport().mapToGlobal(self.view.mapFromScene(at))


class Gesture:
    """What happens between pressing a button and releasing it. The document changes at the end, in one edit.

    A gesture begins when the pointer has moved far enough; `at` is where the button was pressed.
    """

    cursor: QtCore.Qt.CursorShape | None = None

    def __init__(self, canvas: Canvas, at: QtCore.QPointF) -> None:
        self.canvas, self.began = canvas, QtCore.QPointF(at)

    def move(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        raise NotImplementedError

    def release(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        raise NotImplementedError

    def cancel(self) -> None:
        """Leave everything as it was."""
        raise NotImplementedError


def snapped(at: QtCore.QPointF) -> QtCore.QPointF:
    """The next place of the grid."""
    return QtCore.QPointF(round(at.x() / GRID) * GRID, round(at.y() / GRID) * GRID)


def plain_key(event: QtGui.QKeyEvent) -> tuple[int, Modifiers]:
    """Key and modifiers, those of the number pad as the others."""
    return event.key(), event.modifiers() & ~Modifiers.KeypadModifier
