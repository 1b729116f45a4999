"""The part of the scene that follows the document: an item for every one of its items, and where they are."""
from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from PySide6 import QtCore, QtWidgets

from editor import commands
from editor.infer import UNKNOWN, Inference
from editor.model import subgraphs
from editor.model.catalog import Field, Kind
from editor.model.document import GraphDocument
from editor.model.items import SUBGRAPH, Card, Frame, Item, Note, Point, Ref, Wire
from editor.model.meaning import Signatures
from editor.widgets.language import told

from .card import CardItem
from .frame import FrameItem
from .geometry import EDGE, FRAME_TITLE, NOWHERE, PORT_REACH, Hit, frame_part, note_part
from .look import CardLook, CardResults, carried, reserved_height
from .note import NoteItem
from .tag import Tag
from .wire import WireItem

Shown = tuple[str, str, int]                # card, "input" or "output", number: a socket that is seen

class DocumentScene(QtWidgets.QGraphicsScene):
    """Items in step with a document and with what inference says; abstract: `GraphScene` adds how they are looked at.

    Parameters
    ----------
    document, inference : shown, and listened to from `attach` to `detach`
    kinds : the catalog; None: all that there are

    Attributes
    ----------
    cards, wires, frames, notes : the items, by id, of wires by `Ref`
    results : what runs told about cards; survives undo
    level : the subgraph whose inside is shown; "" the graph
    """

    def __init__(self, document: GraphDocument, inference: Inference, kinds: Mapping[str, Kind] | None = None,
                 parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        if kinds is None:
            from editor.model.kinds import catalog
            kinds = catalog()
        self.document, self.inference, self.kinds = document, inference, kinds
        self.cards: dict[str, CardItem] = {}
        self.wires: dict[Ref, WireItem] = {}
        self.frames: dict[str, FrameItem] = {}
        self.notes: dict[str, NoteItem] = {}
        self.results: dict[str, CardResults] = {}
        self.signatures = Signatures(document)
        self._running: frozenset[str] | None = None     # cards that run; None: nothing runs
        self._large: set[str] = set()                   # cards whose strips are high
        self._shows_heat, self._hides_constants = True, False
        self._folded: dict[Ref, str] = {}               # items inside a collapsed frame -> the frame
        self._hidden: set[str] = set()
        self.level = ""
        self._left: tuple[tuple[int, str], dict[subgraphs.End, list[Wire]]] = (0, ""), {}
        self._ports: dict[str, dict[str, list[subgraphs.Port]]] = {}    # subgraph -> side -> rows

    def attach(self) -> None:
        """Show the document, and follow it."""
        self.document.listeners.append(self._document_changed)
        self.inference.listeners.append(self._inference_changed)
        self._document_changed(frozenset(self.document.items))

    def detach(self) -> None:
        """Listen to nothing any more; the scene is about to go."""
        if self._document_changed in self.document.listeners:
            self.document.listeners.remove(self._document_changed)
        if self._inference_changed in self.inference.listeners:
            self.inference.listeners.remove(self._inference_changed)

    # ------------------------------------------------ in step with the document

    def _document_changed(self, refs: frozenset[Ref]) -> None:
        """Make, change and remove items as the document says."""
        self.signatures.forget(refs)
        items = self.document.items
        cards = {ref.key for ref in refs if ref.kind == "card"}
        shown = [self.cards[id].look.card for id in cards if id in self.cards]     # as they were
        cards |= {self.cards[id].look.card.parent for id in cards if id in self.cards}      # where they lay
        for ref in self._in_order(refs):
            item = items.get(ref)
            if ref.kind == "wire":
                cards.update(self._ends(ref, item))
            if item is None:
                self._remove(ref)
            elif isinstance(item, Frame):
                self._show_frame(item)
            elif isinstance(item, Note):
                self._show_note(item)
            elif isinstance(item, Wire):
                self._show_wire(item)
        self._show_cards([ref.key for ref in self._in_order(frozenset(Ref("card", id) for id in cards))])
        if self.level and self.document.card(self.level) is None:
            self.enter(self._renamed(self.level, shown))
        if any(ref.kind in ("card", "frame") for ref in refs):
            self._fold()
        if self._hides_constants:
            self._hide()

    def _in_order(self, refs: frozenset[Ref]) -> list[Ref]:
        """As they stand in the document: what is added last lies on top, so that a file looks the same each time."""
        if len(refs) < 2:
            return list(refs)
        known = [ref for ref in self.document.items if ref in refs]
        return [*known, *refs.difference(known)]

    def _renamed(self, level: str, before: Iterable[Card]) -> str:
        """The subgraph in which all that lay in one lies now, as after that was renamed; "" if there is none."""
        inner = [self.document.card(card.id) for card in before if card.parent == level]
        now = {card.parent if card is not None else "" for card in inner}
        return now.pop() if len(now) == 1 else ""

    def _ends(self, ref: Ref, wire: Any) -> Iterator[str]:
        """Cards whose rows a changed wire changes."""
        yield ref.key[0]
        for end in (wire, self.wires[ref].wire if ref in self.wires else None):
            if isinstance(end, Wire):
                yield end.source

    def _remove(self, ref: Ref) -> None:
        shown: dict[str, dict[Any, Any]] = {"card": self.cards, "wire": self.wires, "frame": self.frames,
                                            "note": self.notes, "setting": {}}
        self._ports.pop(ref.key if ref.kind == "card" else "", None)
        item = shown[ref.kind].pop(ref if ref.kind == "wire" else ref.key, None)
        if item is not None:
            self.removeItem(item)

    def _show_frame(self, frame: Frame) -> None:
        item = self.frames.get(frame.id)
        if item is None:
            item = self.frames[frame.id] = FrameItem(frame)
            self.addItem(item)
        else:
            item.set_frame(frame)
        item.setVisible(self._is_shown(frame.ref))

    def _show_note(self, note: Note) -> None:
        item = self.notes.get(note.id)
        if item is None:
            item = self.notes[note.id] = NoteItem(note)
            self.addItem(item)
        else:
            item.set_note(note)
        item.setVisible(self._is_shown(note.ref))

    def _show_wire(self, wire: Wire) -> None:
        item = self.wires.get(wire.ref)
        if item is None:
            item = self.wires[wire.ref] = WireItem(wire)
            item.running = self._running is not None
            self.addItem(item)
        item.wire = wire

    def _show_cards(self, ids: Iterable[str]) -> None:
        """Looks and places of cards and of the subgraphs around them, and of all wires at them."""
        changed = []
        for id in self._with_around(ids):
            card = self.document.card(id)
            if card is None:
                continue
            item = self.cards.get(id)
            look = self._look(card)
            if item is None:
                item = self.cards[id] = CardItem(look)
                item.state.heat = self._shows_heat
                self.addItem(item)
            else:
                item.set_look(look)
            item.setPos(card.x, card.y)
            item.setVisible(self._is_shown(card.ref))
            changed.append(id)
        for ref in {ref for id in changed for ref in self._wires_at(id)}:
            self._refresh_wire(ref)

    def _wires_at(self, id: str) -> Iterator[Ref]:
        for card in subgraphs.inside(self.document, id):
            for wire in self.document.wires_into(card.id).values():
                yield wire.ref
            for wire in self.document.wires_from(card.id):
                yield wire.ref

    def _inference_changed(self, ids: frozenset[str]) -> None:
        known = {id for id in ids if id in self.cards and self.document.card(id) is not None}
        self._show_cards(known | {wire.target for id in known for wire in self.document.wires_from(id)
                                  if wire.target in self.cards})

    def _look(self, card: Card) -> CardLook:
        if card.kind == SUBGRAPH:
            self._ports[card.id] = {"input": subgraphs.inputs(self.document, card.id),
                                    "output": subgraphs.outputs(self.document, card.id)}
        kind = replace(subgraphs.KIND, title=card.id) if card.kind == SUBGRAPH else self.kinds.get(card.kind)
        inputs = []
        numbers = []
        for row in self.inference.inputs_of(card.id):
            inputs.append((row.socket, row.wire is not None, self._carried(row.wire) if row.wire is not None else ""))
            numbers.append(row.number)
        outputs = list(self.inference.outputs(card.id))
        least = max((wire.output + 1 for wire in self.document.wires_from(card.id)), default=0)
        outputs += [UNKNOWN] * (least - len(outputs))
        problem = self.inference.problem(card.id)
        return CardLook(card, kind, tuple(inputs), tuple(numbers), tuple(outputs),
                        (told(problem.text), problem.severity) if problem is not None else None,
                        self._results_of(card),
                        self._running is not None and not self._running.isdisjoint(self._inner(card)),
                        card.id in self._large)

    def _inner(self, card: Card) -> list[str]:
        return [inner.id for inner in subgraphs.inside(self.document, card.id)]

    def _results_of(self, card: Card) -> CardResults:
        """What runs told about a card; of a subgraph what comes out of it, and all that the cards inside took."""
        if card.kind != SUBGRAPH:
            return self.results.get(card.id) or CardResults()
        found = [self.results[id] for id in self._inner(card) if id in self.results]
        norms = [result.norm for result in found if result.norm is not None]
        times = [result.seconds for result in found if result.seconds is not None]
        previews = {}
        for row, port in enumerate(self._ports[card.id]["output"]):
            id, output = port.ends[0]
            if id in self.results and output in self.results[id].previews:
                previews[row] = self.results[id].previews[output]
        return CardResults(previews, math.hypot(*norms) if norms else None, None, sum(times) if times else None,
                           min(sum(result.share for result in found), 1.0))

    def _carried(self, wire: Wire) -> str:
        """The dtype on a wire, or what else it carries; empty if not known."""
        results = self.inference.outputs(wire.source)
        return carried(results[wire.output]) if wire.output < len(results) else ""

    def _refresh_wire(self, ref: Ref) -> None:
        item = self.wires.get(ref)
        if item is None:
            return
        wire = item.wire
        shown = self._route(item)
        item.setVisible(shown)
        if shown:
            problem = self.inference.problem(wire.target)
            item.set_look(self._carried(wire), problem is not None and problem.severity == "error"
                          and problem.input == wire.input)

    def _route(self, item: WireItem) -> bool:
        """Lay a wire between its sockets; False if there is nothing to be seen of it."""
        wire = item.wire
        if wire.source not in self.cards or wire.target not in self.cards:
            return False
        ends = self.ends_of(wire)
        start, end = (self._socket(*found) if found is not None else None for found in ends)
        shown = [found[0] for found in ends if found is not None]
        folds = [self._folded.get(Ref("card", id)) for id in shown]
        within = len(shown) == 2 and (shown[0] == shown[1] or (folds[0] is not None and folds[0] == folds[1]))
        if not shown or within or not self._hidden.isdisjoint(shown):
            return False
        if end is None and self._leaving(wire)[0] != wire:
            return False                    # one tag speaks for all of them
        is_direct = shown == [wire.source, wire.target]
        item.set_way(start, end, wire.bends if is_direct else (), self._tags(wire, end is None))
        return True

    def _leaving(self, wire: Wire) -> list[Wire]:
        """The wires from the same output whose other end does not lie at this level; looked up once after an edit."""
        present = self.document.state, self.level
        if self._left[0] != present:
            self._left = present, {}
        known = self._left[1]
        output = wire.source, wire.output
        if output not in known:
            known[output] = [w for w in self.document.wires_from(*output)
                             if subgraphs.shown_as(self.document, w.target, self.level) is None]
        return known[output]

    def _tags(self, wire: Wire, leaves: bool) -> tuple[str, str]:
        """What stands on the tags at both ends of a wire where it is not drawn as a line."""
        if wire.portal:
            return wire.portal, wire.portal
        source = wire.source if len(self.inference.outputs(wire.source)) < 2 else f"{wire.source}:{wire.output}"
        count = len(self._leaving(wire)) if leaves else 1
        return (wire.target if count == 1 else self.tr("{0} cards").format(count)), source

    def ends_of(self, wire: Wire) -> tuple[Shown | None, Shown | None]:
        """The sockets at which a wire begins and ends as it is shown; None for one that does not lie at this level."""
        return self.shown_end(wire.source, "output", wire.output), self.shown_end(wire.target, "input", wire.input)

    def shown_end(self, card: str, side: str, number: int) -> Shown | None:
        """The socket by which one is seen, on its card or on a subgraph around it."""
        id = subgraphs.shown_as(self.document, card, self.level)
        if id is None or id == card or id not in self._ports:
            return None if id is None else (id, side, number)
        rows = self._ports[id][side]
        return id, side, next((row for row, port in enumerate(rows) if (card, number) in port.ends), 0)

    def seen_as(self, refs: Iterable[Ref]) -> set[Ref]:
        """All wires that are seen as some are: what several cards of a subgraph read comes by one wire."""
        shown: dict[subgraphs.End, set[tuple[Shown | None, Shown | None]]] = {}
        for ref in refs:
            wire = self.document.items.get(ref)
            if isinstance(wire, Wire):
                shown.setdefault((wire.source, wire.output), set()).add(self.ends_of(wire))
        return {w.ref for output, ends in shown.items() for w in self.document.wires_from(*output)
                if self.ends_of(w) in ends}

    def ends_behind(self, card: str, side: str, number: int) -> tuple[subgraphs.End, ...]:
        """The sockets in the document that a shown one stands for: several behind an input of a subgraph."""
        rows = self._ports[card][side] if card in self._ports else None
        if rows is None:
            return ((card, number),)
        return rows[number].ends if number < len(rows) else ()

    def _socket(self, id: str, side: str, number: int) -> Point:
        frame = self._folded.get(Ref("card", id))
        if frame is not None:
            box = self.frames[frame].box
            return (box.x if side == "input" else box.right), box.y + FRAME_TITLE / 2
        item = self.cards[id]
        look, at = item.look, item.pos()
        if side == "input":
            row = look.numbers.index(number) if number in look.numbers else number
            x, y = look.geometry.input(row)
        else:
            x, y = look.geometry.output(number)
        return at.x() + x, at.y() + y

    # ------------------------------------------------ subgraphs

    def enter(self, level: str) -> None:
        """Show what is inside a subgraph; "" is the graph."""
        if level == self.level:
            return
        self.level = level
        for ref in self.document.items:
            item = self.item(ref)
            if item is not None and ref.kind != "wire":
                item.setVisible(self._is_shown(ref))
        for ref in self.wires:
            self._refresh_wire(ref)

    def _is_shown(self, ref: Ref) -> bool:
        """Whether a card, frame or note is seen at this level."""
        return subgraphs.level_of(self.document, ref) == self.level and self.stands(ref)

    def stands(self, ref: Ref) -> bool:
        """Whether a card, frame or note is drawn where its level is shown: is in no collapsed frame, and not hidden."""
        return ref not in self._folded and (ref.kind != "card" or ref.key not in self._hidden)

    def _with_around(self, ids: Iterable[str]) -> list[str]:
        """Cards and the subgraphs around them, which show what is inside."""
        found = dict.fromkeys(ids)
        for id in list(found):
            found.update(dict.fromkeys(subgraphs.path_to(self.document, self._parent(id))))
        return list(found)

    def _parent(self, id: str) -> str:
        return subgraphs.level_of(self.document, Ref("card", id))

    # ------------------------------------------------ collapsed frames, hidden constants

    def contents(self, frame_id: str) -> set[Ref]:
        """What moves and folds with a frame, since it lies in it."""
        if Ref("frame", frame_id) not in self.document.items:
            return set()
        return commands.content(self.document, frame_id, self._document_box)

    def _document_box(self, item: Item) -> commands.Box | None:
        """Where an item is, of cards with all their rows."""
        if isinstance(item, Card):
            shown = self.cards.get(item.id)
            return (item.x, item.y, item.width, shown.geometry.height) if shown is not None else None
        return commands.bare_box(item)

    def _fold(self) -> None:
        """Hide what lies in collapsed frames; its wires end at the frame."""
        before = self._folded
        collapsed = sorted((f for f in self.document.frames if f.collapsed), key=lambda f: -f.width * f.height)
        self._folded = {}
        for frame in collapsed:
            inside = self.contents(frame.id)
            for ref in inside:
                self._folded.setdefault(ref, frame.id)
            self.frames[frame.id].set_frame(frame, count=sum(ref.kind == "card" for ref in inside))
        if before or self._folded:
            self._show_or_hide(before.keys() | self._folded.keys())

    def hide_constants(self, hide: bool) -> None:
        """Leave out cards that hold or make values without an input: constants, and variables."""
        self._hides_constants = hide
        self._hide()

    def _hide(self) -> None:
        before = self._hidden
        self._hidden = set()
        if self._hides_constants:
            for card in self.document.cards:
                kind = self.kinds.get(card.kind)
                if kind is not None and kind.family == "Ops" and (not kind.inputs or kind.category == "State") and (
                        self.document.wires_from(card.id)):
                    self._hidden.add(card.id)
        self._show_or_hide({Ref("card", id) for id in before ^ self._hidden})

    def _show_or_hide(self, refs: Iterable[Ref]) -> None:
        for ref in refs:
            item = self.item(ref)
            if item is None:
                continue
            item.setVisible(self._is_shown(ref))
            if ref.kind == "card":
                for wire in self._wires_at(ref.key):
                    self._refresh_wire(wire)

    # ------------------------------------------------ asking

    def item(self, ref: Ref) -> CardItem | WireItem | FrameItem | NoteItem | None:
        if ref.kind == "wire":
            return self.wires.get(ref)
        found: dict[str, Mapping[str, Any]] = {"card": self.cards, "frame": self.frames, "note": self.notes}
        result: CardItem | FrameItem | NoteItem | None = found.get(ref.kind, {}).get(ref.key)
        return result

    def hit(self, at: QtCore.QPointF, view_scale: float = 1.0) -> Hit:
        """What lies at a place; `view_scale` is the zoom, so that wires and sockets are found as well from afar."""
        x, y = at.x(), at.y()
        reach = max(PORT_REACH, min(8 / view_scale, 20.0))
        around = max(reach, 6 / view_scale)
        area = QtCore.QRectF(x - around, y - around, 2 * around, 2 * around)
        nearest: tuple[float, Hit] | None = None
        ground: Hit | None = None
        for item in self.items(area, QtCore.Qt.ItemSelectionMode.IntersectsItemBoundingRect):
            if isinstance(item, CardItem):
                found = item.geometry.part(x - item.x(), y - item.y(), reach, item.chip_width)
                if found is not None:
                    return self._card_hit(item, *found)
            elif isinstance(item, NoteItem):
                part = note_part(item.box, x, y)
                if part is not None:
                    return nearest[1] if nearest is not None else Hit("note", item.note.ref, part)
            elif isinstance(item, WireItem):
                found = item.part(x, y, view_scale)
                if found is not None:
                    distance = item.distance(x, y) if found[0] == "path" else -1.0
                    if nearest is None or distance < nearest[0]:
                        nearest = distance, Hit("wire", item.wire.ref, *found)
            elif isinstance(item, FrameItem) and ground is None:
                part = frame_part(item.box, item.collapsed, x, y, max(EDGE, 4 / view_scale))
                if part is not None:
                    ground = Hit("frame", item.frame.ref, part)
        return nearest[1] if nearest is not None else ground or NOWHERE

    @staticmethod
    def _card_hit(item: CardItem, part: str, number: int) -> Hit:
        if part == "input" and number < len(item.look.numbers):
            number = item.look.numbers[number]
        return Hit("card", item.look.card.ref, part, number)

    def port_position(self, card_id: str, side: str, number: int) -> QtCore.QPointF:
        """Middle of a socket; side : "input" or "output"."""
        return QtCore.QPointF(*self._socket(*(self.shown_end(card_id, side, number) or (card_id, side, number))))

    def card_rect(self, card_id: str) -> QtCore.QRectF:
        """Where a card is shown."""
        return QtCore.QRectF(*self.cards[card_id].box)

    def item_rect(self, ref: Ref) -> QtCore.QRectF:
        """Where an item is shown; empty if it is not."""
        item = self.item(ref)
        if isinstance(item, WireItem):
            return item.path().boundingRect()
        return QtCore.QRectF(*item.box) if item is not None else QtCore.QRectF()

    def layout_size(self, card_id: str) -> QtCore.QSizeF:
        """How large a card gets once it shows values: what layout keeps free for it."""
        look = self.cards[card_id].look
        return QtCore.QSizeF(look.geometry.width, reserved_height(look))

    def shown_fields(self, card_id: str) -> tuple[Field, ...]:
        """The attributes that have rows, in the order of `Hit.number`."""
        return self.cards[card_id].look.fields

    def row_rect(self, card_id: str, number: int) -> QtCore.QRectF:
        """The box of an attribute row, where its editor goes."""
        item = self.cards[card_id]
        return QtCore.QRectF(*item.geometry.well(number)).translated(item.pos())

    def contents_rect(self, refs: Iterable[Ref] | None = None) -> QtCore.QRectF:
        """Around the given cards, frames and notes, or all that are seen, where they come to rest; empty if none."""
        return self.around(self.rest_rects(refs))

    def rest_rects(self, refs: Iterable[Ref] | None = None) -> dict[Ref, QtCore.QRectF]:
        """Where each of the given cards, frames and notes, or of all, comes to rest, if it is seen."""
        items = ((ref, self.item(ref)) for ref in (refs if refs is not None else self.document.items))
        return {ref: self.rest_rect(ref) for ref, item in items
                if item is not None and not isinstance(item, WireItem) and item.isVisible()}

    def around(self, rects: Mapping[Ref, QtCore.QRectF]) -> QtCore.QRectF:
        """Around items that are seen and the tags at them."""
        whole = QtCore.QRectF()
        for ref, rect in rects.items():
            whole = whole.united(rect)
            for tag in self._tags_at(ref):
                whole = whole.united(tag.far_box)
        return whole

    def _tags_at(self, ref: Ref) -> Iterator[Tag]:
        """The tags at a card, in a subgraph, where the names of what is outside stand on them."""
        for wire in self._wires_at(ref.key) if ref.kind == "card" and self.level else ():
            if wire in self.wires and self.wires[wire].isVisible():
                yield from self.wires[wire].tags

    def rest_rect(self, ref: Ref) -> QtCore.QRectF:
        """Where an item comes to rest: where it is, unless it is on its way."""
        return self.item_rect(ref)
