"""Moving cards, frames and notes: they snap to others, push themselves into wires, and are doubled with Alt."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6 import QtCore

from editor import commands
from editor.layout import Box, Guide, snap
from editor.layout.guides import REACH
from editor.model.document import Change
from editor.model.items import Card, Frame, Note, Ref
from editor.scene import Hit

from .canvas import Canvas, Gesture, Modifiers
from .growth import part


class DragItems(Gesture):
    """Move items by the mouse; Alt while moving ignores guides and grid. doubled : move doubles and leave the items."""

    cursor = QtCore.Qt.CursorShape.SizeAllCursor

    def __init__(self, canvas: Canvas, at: QtCore.QPointF, refs: Iterable[Ref], doubled: bool = False) -> None:
        super().__init__(canvas, at)
        self.key = object()
        self.made: Change | None = None
        if doubled:
            self.made = commands.duplicate(canvas.document, canvas.whole(refs), dx=0, dy=0, merge=self.key)
            canvas.document.do(self.made)
            refs = commands.made(self.made)
            canvas.scene.select(refs)
        # A double lies on what it was made from until it is moved: only the doubles move.
        inside: Callable[[str], Iterable[Ref]] = (lambda frame: ()) if doubled else canvas.scene.contents
        self.start = commands.with_content(canvas.document, refs, inside)
        self.cards = [ref.key for ref in self.start if ref.kind == "card"]
        self.moving = {**{id: canvas.box(id) for id in self.cards},
                       **{f"{ref.kind}:{ref.key}": Box(item.width, item.height, item.x, item.y)
                          for ref, item in self.start.items() if isinstance(item, Frame | Note)}}
        self.others = {id: canvas.box(id) for id in canvas.visible_cards if id not in self.moving}
        self.links = canvas.links(self.cards)
        self.offset = (0.0, 0.0)
        self.inserted: tuple[Ref, Change] | None = None

    def move(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        canvas, wanted = self.canvas, (at.x() - self.began.x(), at.y() - self.began.y())
        guides: tuple[QtCore.QLineF, ...] = ()
        self.offset = wanted
        if self.made is not None or not modifiers & Modifiers.AltModifier:
            found = snap(self.moving, self.others, wanted, self.links, REACH / canvas.view.zoom)
            self.offset = found.offset
            guides = tuple(QtCore.QLineF(*guide.start, *guide.end) for guide in telling(found.guides))
        dx, dy = self.offset
        canvas.scene.preview_positions({
            ref: QtCore.QPointF(item.x + dx, item.y + dy) for ref, item in self.start.items()
            if isinstance(item, Card | Frame | Note)})
        canvas.view.overlays.show_guides(guides)
        self.inserted = self._insertion()
        canvas.scene.set_hover(Hit("wire", self.inserted[0], "path") if self.inserted is not None else None)

    def _insertion(self) -> tuple[Ref, Change] | None:
        """The wire that a lone card lies on, and the edit that leads it through the card."""
        canvas, document = self.canvas, self.canvas.document
        if len(self.start) != 1 or len(self.cards) != 1 or self.links or document.card(self.cards[0]) is None:
            return None
        wire = wire_under(canvas, canvas.scene.card_rect(self.cards[0]))
        change = canvas.insertion(wire, self.cards[0]) if wire is not None and wire in document.items else None
        return (wire, change) if wire is not None and change is not None else None

    def release(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        document, (dx, dy) = self.canvas.document, self.offset
        self.inserted = self._insertion()       # the graph may have changed since the pointer moved
        self._clear()
        change = commands.move(document, (), dx, dy, self.key if self.made is not None else None, self.start)
        if self.inserted is not None:
            room = part(self.canvas, self.cards[0], self.inserted[0], dx, dy)
            change = replace(change.then(room).then(self.inserted[1]), label=self.inserted[1].label, merge=change.merge)
        if change.is_nothing:
            self.canvas.scene.end_preview()
        document.do(change)
        document.end_merging()

    def cancel(self) -> None:
        self._clear()
        self.canvas.scene.end_preview()
        if self.made is not None and any(ref in self.canvas.document.items for ref in self.start):
            self.canvas.document.do(replace(self.made.reversed(), merge=self.key))     # together they are nothing

    def _clear(self) -> None:
        self.canvas.view.overlays.show_guides(())
        self.canvas.scene.set_hover(None)


def telling(guides: Iterable[Guide]) -> list[Guide]:
    """The guides that say why a card rests: in each direction straight wires, else edges, else middles."""
    found: list[Guide] = []
    for upright in (True, False):
        present = [guide for guide in guides if (guide.start[0] == guide.end[0]) == upright]
        what = next((w for w in ("wire", "edge", "center") if any(guide.what == w for guide in present)), "")
        found += [guide for guide in present if guide.what == what]
    return found


def wire_under(canvas: Canvas, area: QtCore.QRectF) -> Ref | None:
    """The wire that runs through an area, nearest to its middle."""
    middle, inner, best = area.center(), area.adjusted(6, 3, -6, -3), None
    for ref, item in canvas.scene.wires.items():
        around = item.path().boundingRect().adjusted(-1, -1, 1, 1)
        if not item.isVisible() or not item.is_line or not around.intersects(inner):
            continue
        distance = item.distance(middle.x(), middle.y())
        if any(inner.contains(x, y) for x, y in item.points) and (best is None or distance < best[0]):
            best = distance, ref
    return best[1] if best is not None else None
