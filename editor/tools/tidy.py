"""Laying out cards: at once, or in a thread where there are so many that the window would stand still."""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from PySide6 import QtCore

from editor import commands, layout
from editor.model.document import Change, GraphDocument
from editor.model.items import SUBGRAPH, Card, Point, Ref

from .canvas import Canvas

MANY = 150                                  # cards and wires from which on a layout may take 50 ms


@dataclass(frozen=True)
class Task:
    """What is to be laid out.

    boxes : of the cards, with room for the values that they will show
    links : the wires between them
    cards : as they are
    others : boxes of the cards that stay
    level : the subgraph that all this lies in
    """

    boxes: Mapping[str, layout.Box]
    links: list[layout.Link]
    cards: Mapping[str, Card | None]
    others: Sequence[layout.Box] = ()
    level: str = ""

    @property
    def is_large(self) -> bool:
        return len(self.boxes) + len(self.links) > MANY

    def found(self) -> layout.Arrangement:
        return layout.layered(self.boxes, self.links)

    def still_holds(self, document: GraphDocument) -> bool:
        """Whether the cards are what they were, and the wires are there."""
        return all(document.card(id) == card for id, card in self.cards.items()) and all(
            Ref("wire", (link.target, link.input)) in document.items for link in self.links if self._is_direct(link))

    def _is_direct(self, link: layout.Link) -> bool:
        """Whether a link is a wire between these cards, and not between cards that lie in one of them."""
        ends = (self.cards[link.source], self.cards[link.target])
        return not any(card is not None and card.kind == SUBGRAPH for card in ends)

    def change(self, document: GraphDocument, found: layout.Arrangement, label: str) -> Change:
        """The edit that puts cards where they were found to belong; the corner of the whole stays, and no note is
        covered.
        """
        dx = min(b.x for b in self.boxes.values()) - min(x for x, _ in found.places.values())
        dy = min(b.y for b in self.boxes.values()) - min(y for _, y in found.places.values())
        places = {Ref("card", id): (x + dx, y + dy) for id, (x, y) in found.places.items()}
        stand = [replace(self.boxes[ref.key], x=x, y=y) for ref, (x, y) in places.items()]
        notes = {note.id: layout.Box(note.width, note.height, note.x, note.y) for note in document.notes
                 if note.parent == self.level}
        places |= {Ref("note", id): at for id, at in layout.cleared(notes, [*stand, *self.others]).items()}
        bends: dict[Ref, tuple[Point, ...]] = {Ref("wire", (link.target, link.input)): () for link in self.links
                                                if self._is_direct(link)}
        for link, points in found.bends.items():
            if self._is_direct(link):
                bends[Ref("wire", (link.target, link.input))] = tuple((x + dx, y + dy) for x, y in points)
        return commands.arrange(document, places, bends, label)


def task_of(canvas: Canvas, ids: Iterable[str]) -> Task:
    """What there is to lay out of some cards."""
    boxes = {id: _roomy(canvas, id) for id in ids}
    links = [link for link in canvas.links(list(boxes)) if link.source in boxes and link.target in boxes]
    others = [_roomy(canvas, id) for id in canvas.level_cards if id not in boxes]
    return Task(boxes, links, {id: canvas.document.card(id) for id in boxes}, others, canvas.scene.level)


def _roomy(canvas: Canvas, card: str) -> layout.Box:
    """A card with room for the values that it will show."""
    box, size = canvas.box(card), canvas.scene.layout_size(card)
    return layout.Box(size.width(), max(size.height(), box.height), box.x, box.y, box.inputs, box.outputs)


class Tidying(QtCore.QObject):
    """One layout at a time; the next one takes the place of the one that is on its way."""

    _arrived = QtCore.Signal(int, object)

    def __init__(self, parent: QtCore.QObject) -> None:
        super().__init__(parent)
        self._number = 0                    # of the layout that is wanted
        self._then: Callable[[layout.Arrangement], None] | None = None
        self._arrived.connect(self._take, QtCore.Qt.ConnectionType.QueuedConnection)

    @property
    def is_busy(self) -> bool:
        return self._then is not None

    def begin(self, task: Task, then: Callable[[layout.Arrangement], None]) -> None:
        """Lay out; `then` gets what is found, later if there is much of it."""
        self.cancel()
        if not task.is_large:
            then(task.found())
            return
        self._then = then
        threading.Thread(target=self._work, args=(self._number, task), name="layout", daemon=True).start()

    def cancel(self) -> bool:
        """Want nothing any more; whether something was on its way."""
        was_busy, self._then = self.is_busy, None
        self._number += 1
        return was_busy

    def _work(self, number: int, task: Task) -> None:
        found = task.found()
        try:
            self._arrived.emit(number, found)
        except RuntimeError:                # the window is gone
            return

    def _take(self, number: int, found: layout.Arrangement) -> None:
        then = self._then
        if number == self._number and then is not None:
            self._then = None
            then(found)
