"""Edits of what is selected, as menus and shortcuts ask for them."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from PySide6 import QtCore, QtGui

from editor import commands, layout
from editor.commands import Refused
from editor.commands.clipboard import STEP
from editor.model.document import Change
from editor.model.items import Point, Ref
from editor.widgets.language import told

from .canvas import Canvas, snapped
from .growth import expand
from .tidy import Task, Tidying, task_of

NUDGE = 12.0


class SelectionEdits:
    """What can be done with the selection of a canvas. Where it is empty, nothing is done."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self._pasted: tuple[str, QtCore.QPointF] | None = None
        self._tidying = Tidying(canvas.view)

    # ------------------------------------------------ what is selected

    @property
    def refs(self) -> set[Ref]:
        return self.canvas.scene.selected()

    @property
    def cards(self) -> list[str]:
        """Ids of the selected cards, in the document's order."""
        chosen = self.refs
        return [card.id for card in self.canvas.document.cards if card.ref in chosen]

    def select_all(self) -> None:
        self.canvas.scene.select(part.ref for part in self.canvas.document.parts(self.canvas.scene.level))

    def _edit(self, make: Callable[[], Change], *, new: bool = False) -> Change | None:
        change = self.canvas.attempt(make)
        if change is not None and new:
            self.canvas.scene.select(commands.made(change))
        return change

    # ------------------------------------------------ taking out, doubling, copying

    def delete(self) -> None:
        if self.refs:
            self._edit(lambda: commands.delete(self.canvas.document, self._in_order()))

    def delete_and_reconnect(self) -> None:
        if self.refs:
            self._edit(lambda: commands.delete_and_reconnect(self.canvas.document, self._in_order()))

    def _in_order(self) -> list[Ref]:
        """What is selected, in the document's order, with all the wires that are seen as one of these."""
        chosen = self.refs
        chosen |= self.canvas.scene.seen_as(chosen)
        return [ref for ref in self.canvas.document.items if ref in chosen]

    def duplicate(self, with_inputs: bool = False) -> None:
        if any(ref.kind != "wire" for ref in self.refs):
            whole = self.canvas.whole(self.refs)
            self._edit(lambda: commands.duplicate(self.canvas.document, whole, with_inputs), new=True)

    def copy(self) -> bool:
        """Put what is selected on the clipboard."""
        try:
            text = commands.copy_text(self.canvas.document, self.canvas.whole(self.refs))
        except Refused as refused:
            self.canvas.report(told(refused.words))
            return False
        QtGui.QGuiApplication.clipboard().setText(text)
        self._pasted = None
        return True

    def cut(self) -> None:
        if self.copy():
            self.delete()

    def paste(self, at: QtCore.QPointF | None = None, with_inputs: bool = False) -> None:
        """Put cards from the clipboard at a place, or where the pointer is; each time a bit further."""
        text = QtGui.QGuiApplication.clipboard().text()
        if at is None:
            at = self.canvas.here
            if self._pasted is not None and self._pasted[0] == text \
                    and (self._pasted[1] - at).manhattanLength() < 10 * STEP:
                at = self._pasted[1] + QtCore.QPointF(STEP, STEP)
            self._pasted = text, at
        place = snapped(at)
        self._edit(lambda: commands.paste(self.canvas.document, text, place.x(), place.y(), with_inputs), new=True)

    # ------------------------------------------------ look

    def bypass(self) -> None:
        if self.cards:
            self._edit(lambda: commands.bypass(self.canvas.document, self.cards))

    def collapse(self) -> None:
        if self.refs:
            self._edit(lambda: commands.collapse(self.canvas.document, self._in_order()))

    def show_previews(self) -> None:
        if self.cards:
            self._edit(lambda: commands.show_preview(self.canvas.document, self.cards))

    def frame(self) -> Ref | None:
        """Lay a frame around what is selected; gives it, so that its title can be written."""
        boxes = {ref: self._box(ref) for ref in self._in_order() if ref.kind != "wire"}
        change = self._edit(lambda: commands.frame_selection(self.canvas.document, boxes), new=True)
        return next(iter(commands.made(change)), None) if change is not None else None

    def group(self) -> None:
        """Put what is selected into a subgraph; of one frame, what is in it."""
        whole, chosen = self.canvas.whole(self.refs), [ref for ref in self.refs if ref.kind != "wire"]
        frame = chosen[0] if len(chosen) == 1 and chosen[0].kind == "frame" else None
        self._edit(lambda: commands.group(self.canvas.document, [r for r in self.canvas.document.items if r in whole],
                                          frame=frame), new=True)

    def expand(self) -> None:
        """Show what lies in the selected subgraph in its place, in a frame."""
        if len(self.cards) == 1:
            self._edit(lambda: expand(self.canvas, self.cards[0]), new=True)

    def unpack(self) -> None:
        """Put what lies in the selected subgraphs in their place."""
        parts = {part.ref for id in self.cards for part in self.canvas.document.parts(id)}
        if self._edit(lambda: commands.unpack(self.canvas.document, self.cards)) is not None:
            self.canvas.scene.select(parts)

    def portal(self) -> None:
        """Draw the selected wires as tags, or as lines again; where there are only cards, the wires that leave them."""
        wires = [ref for ref in self._in_order() if ref.kind == "wire"]
        if not wires:
            wires = [wire.ref for id in self.cards for wire in self.canvas.document.wires_from(id)]
        self._edit(lambda: commands.set_portal(self.canvas.document, wires))

    def note(self, at: QtCore.QPointF | None = None) -> Ref | None:
        """Lay a note at a place, or where the pointer is."""
        place = snapped(at if at is not None else self.canvas.here)
        change = self._edit(lambda: commands.add_note(self.canvas.document, place.x(), place.y()), new=True)
        return next(iter(commands.made(change)), None) if change is not None else None

    # ------------------------------------------------ places

    def nudge(self, dx: float, dy: float) -> None:
        """Move by steps of 12 pixels; steps that follow each other are one edit."""
        moved = frozenset(ref for ref in self.refs if ref.kind != "wire")
        start = commands.with_content(self.canvas.document, moved, self.canvas.scene.contents)
        if start:
            self._edit(lambda: commands.move(
                self.canvas.document, (), dx * NUDGE, dy * NUDGE, ("nudge", moved), start))

    def align(self, how: str) -> None:
        """how : "left", "center_h", "right", "top", "center_v" or "bottom" """
        self._arrange(layout.align(self._boxes(), how.replace("_", "-")), self.canvas.view.tr("Align"))

    def distribute(self, how: str) -> None:
        """how : "h" or "v" """
        self._arrange(layout.distribute(self._boxes(), how), self.canvas.view.tr("Distribute"))

    def straighten(self) -> None:
        """Move cards up and down until the selected wires, or those between the selected cards, are straight."""
        ids, chosen = set(self.cards), self.refs
        wires = [wire for wire in self.canvas.document.wires if wire.ref in chosen]
        links = {link for link in self.canvas.links(ids) if {link.source, link.target} <= ids}
        links |= {link for wire in wires if (link := self.canvas.link(wire)) is not None}
        boxes = {id: self.canvas.box(id) for link in links for id in (link.source, link.target)}
        places: dict[str, Point] = {}
        for link in sorted(links, key=lambda link: (boxes[link.source].x, link)):
            for id, (x, y) in layout.straighten(boxes, link).items():
                if id not in places:                    # the first wire of a card decides
                    places[id], boxes[id] = (x, y), replace(boxes[id], x=x, y=y)
        self._arrange(places, self.canvas.view.tr("Straighten wires"))

    def tidy(self, selection: bool = False, then: Callable[[], object] = lambda: None) -> None:
        """Lay out the whole graph, or what is selected, in layers. A large one takes a while, and no edit meanwhile.

        then : is called after the cards were moved
        """
        def move(change: Change) -> None:
            self._glide(change)
            then()

        self._lay_out(selection, move)

    def settle(self, then: Callable[[], object]) -> None:
        """Give cards places that never had any, which is no edit."""
        def put(change: Change) -> None:
            self.canvas.document.settle(change)
            then()

        self._lay_out(False, put)

    def break_off(self) -> bool:
        """Let a layout go that is on its way; whether there was one."""
        return self._tidying.cancel()

    def _lay_out(self, selection: bool, move: Callable[[Change], None]) -> None:
        canvas, task = self.canvas, self._task(selection)
        label = canvas.view.tr("Tidy up")
        if len(task.boxes) < 2:
            move(Change(label, {}, {}))
            return

        def take(found: layout.Arrangement) -> None:
            if task.still_holds(canvas.document):
                move(task.change(canvas.document, found, label))
            else:
                canvas.report(canvas.view.tr("The graph was changed while it was laid out; nothing was moved."))

        self._tidying.begin(task, take)
        if self._tidying.is_busy:
            canvas.report(canvas.view.tr("Laying out {0} cards; Esc leaves it.").format(len(task.boxes)))

    def tidied(self) -> Change:
        """The edit that lays out the whole graph in layers, made at once."""
        task, label = self._task(False), self.canvas.view.tr("Tidy up")
        return Change(label, {}, {}) if len(task.boxes) < 2 else task.change(self.canvas.document, task.found(), label)

    def _task(self, selection: bool) -> Task:
        return task_of(self.canvas, self.cards if selection else self.canvas.level_cards)

    def _boxes(self) -> dict[str, layout.Box]:
        return {id: self.canvas.box(id) for id in self.cards}

    def _arrange(self, places: Mapping[str, Point], label: str) -> None:
        self._glide(commands.arrange(self.canvas.document, _by_ref(places), label=label))

    def _glide(self, change: Change) -> None:
        """Make an edit of places; what moves goes there smoothly."""
        if not change.is_nothing:
            self.canvas.scene.glide()
            self._edit(lambda: change)

    def _box(self, ref: Ref) -> commands.Box:
        self.canvas.scene.end_glide()
        rect = self.canvas.scene.item_rect(ref)
        return rect.x(), rect.y(), rect.width(), rect.height()


def _by_ref(places: Mapping[str, Point]) -> dict[Ref, Point]:
    return {Ref("card", id): place for id, place in places.items()}
