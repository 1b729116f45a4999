"""The part of the scene that follows the document: an item for every one of its items, and where they are."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from PySide6 import QtCore, QtWidgets

from editor import commands
from editor.infer import UNKNOWN, Inference
from editor.model.catalog import Field, Kind
from editor.model.document import GraphDocument
from editor.model.items import Card, Frame, Item, Note, Point, Ref, Wire
from editor.model.meaning import Signatures

from .card import CardItem
from .frame import FrameItem
from .geometry import EDGE, FRAME_TITLE, NOWHERE, PORT_REACH, Hit, frame_part, note_part
from .look import CardLook, CardResults, carried, reserved_height
from .note import NoteItem
from .wire import WireItem


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
        for ref in refs:
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
        self._show_cards(cards)
        if any(ref.kind in ("card", "frame") for ref in refs):
            self._fold()
        if self._hides_constants:
            self._hide()

    def _ends(self, ref: Ref, wire: Any) -> Iterator[str]:
        """Cards whose rows a changed wire changes."""
        yield ref.key[0]
        for end in (wire, self.wires[ref].wire if ref in self.wires else None):
            if isinstance(end, Wire):
                yield end.source

    def _remove(self, ref: Ref) -> None:
        shown: dict[str, dict[Any, Any]] = {"card": self.cards, "wire": self.wires, "frame": self.frames,
                                            "note": self.notes, "setting": {}}
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

    def _show_note(self, note: Note) -> None:
        item = self.notes.get(note.id)
        if item is None:
            item = self.notes[note.id] = NoteItem(note)
            self.addItem(item)
        else:
            item.set_note(note)

    def _show_wire(self, wire: Wire) -> None:
        item = self.wires.get(wire.ref)
        if item is None:
            item = self.wires[wire.ref] = WireItem(wire)
            item.running = self._running is not None
            self.addItem(item)
        item.wire = wire

    def _show_cards(self, ids: Iterable[str]) -> None:
        """Looks and places of cards, and of all wires at them."""
        changed = []
        for id in ids:
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
            changed.append(id)
        for ref in {ref for id in changed for ref in self._wires_at(id)}:
            self._refresh_wire(ref)

    def _wires_at(self, id: str) -> Iterator[Ref]:
        for wire in self.document.wires_into(id).values():
            yield wire.ref
        for wire in self.document.wires_from(id):
            yield wire.ref

    def _inference_changed(self, ids: frozenset[str]) -> None:
        known = {id for id in ids if id in self.cards and self.document.card(id) is not None}
        self._show_cards(known | {wire.target for id in known for wire in self.document.wires_from(id)
                                  if wire.target in self.cards})

    def _look(self, card: Card) -> CardLook:
        kind = self.kinds.get(card.kind)
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
                        (problem.text, problem.severity) if problem is not None else None,
                        self.results.get(card.id) or CardResults(),
                        self._running is not None and card.id in self._running, card.id in self._large)

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
        if {wire.source, wire.target} & self._hidden:
            return False
        folds = [self._folded.get(Ref("card", end)) for end in (wire.source, wire.target)]
        if folds[0] is not None and folds[0] == folds[1]:
            return False
        item.set_way(self._socket(wire.source, "output", wire.output), self._socket(wire.target, "input", wire.input))
        return True

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
            item.setVisible(ref not in self._folded and (ref.kind != "card" or ref.key not in self._hidden))
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
                    return Hit("note", item.note.ref, part)
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
        return QtCore.QPointF(*self._socket(card_id, side, number))

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
        whole = QtCore.QRectF()
        for ref in refs if refs is not None else self.document.items:
            item = self.item(ref)
            if item is not None and not isinstance(item, WireItem) and item.isVisible():
                whole = whole.united(self.rest_rect(ref))
        return whole

    def rest_rect(self, ref: Ref) -> QtCore.QRectF:
        """Where an item comes to rest: where it is, unless it is on its way."""
        return self.item_rect(ref)
