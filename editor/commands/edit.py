"""An edit while it is being put together: what the document will hold, on top of what it holds.

Every command makes one `Edit`, puts items in, takes items out and hands back the `Change`. The document is not touched.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import reduce
from typing import Any, TypeVar

from ..model.catalog import Kind
from ..model.document import Change, GraphDocument, reached
from ..model.items import SUBGRAPH, Card, Frame, Item, Note, Ref, Wire, is_same
from ..model.kinds import catalog
from ..model.names import Names, without_number
from ..model.subgraphs import DEEPEST, level_of, too_deep
from ..model.words import Words

Box = tuple[float, float, float, float]     # x, y, width, height
Placed = TypeVar("Placed", Card, Frame, Note)


class Refused(ValueError):
    """An edit that cannot be made; the text, `words`, is one sentence that says why.

    pattern, values : as of `Words`
    """

    def __init__(self, pattern: str, *values: object) -> None:
        self.words = pattern if isinstance(pattern, Words) else Words(pattern, *values)
        super().__init__(str(self.words))


class Edit:
    """What a document will hold. Items are read through to the document where the edit has none of its own."""

    def __init__(self, document: GraphDocument) -> None:
        self.document = document
        self._after: dict[Ref, Item | None] = {}
        self._into: dict[str, dict[int, Wire]] = {}     # of the cards that wires were changed at
        self._out: dict[str, dict[Ref, Wire]] = {}
        self._waiting: dict[str, dict[str, None]] = {}  # card -> cards of the edit that name it in `after`
        self._names: dict[str, Names] = {}
        self._tags: dict[str, tuple[str, int]] = {}     # what tags say -> the output that they are of

    # ------------------------------------------------ asking

    def get(self, ref: Ref) -> Item | None:
        return self._after[ref] if ref in self._after else self.document.items.get(ref)

    def card(self, id: str) -> Card:
        found = self.get(Ref("card", id))
        if not isinstance(found, Card):
            raise Refused("There is no card called {0!r}.", id)
        return found

    def wire(self, ref: Ref) -> Wire:
        found = self.get(ref)
        if not isinstance(found, Wire):
            raise Refused("There is no such wire.")
        return found

    def frame(self, id: str) -> Frame:
        found = self.get(Ref("frame", id))
        if not isinstance(found, Frame):
            raise Refused("There is no such frame.")
        return found

    def note(self, id: str) -> Note:
        found = self.get(Ref("note", id))
        if not isinstance(found, Note):
            raise Refused("There is no such note.")
        return found

    def kind(self, id: str) -> Kind | None:
        """What a card is; None if the catalog does not know it, as of an op of a later version."""
        return catalog().get(self.card(id).kind)

    def into(self, card: str) -> dict[int, Wire]:
        """The wires that end at a card, by the number of the input, in order."""
        found = self._into.get(card)
        return self.document.wires_into(card) if found is None else dict(sorted(found.items()))

    def out(self, card: str) -> list[Wire]:
        """The wires that begin at a card."""
        found = self._out.get(card)
        return self.document.wires_from(card) if found is None else list(found.values())

    def carries(self, id: str, output: int) -> str:
        """What an output carries, as `Socket.carries`."""
        kind = self.kind(id)
        if kind is None or not kind.outputs:        # the number of outputs is known when the inputs are
            return "feed" if kind is not None and kind.family == "Data" else "tensor"
        return kind.outputs[min(output, len(kind.outputs) - 1)].carries

    def list_begin(self, card: str) -> int | None:
        """Number of the input from which on a card takes any number of wires; None if there is none."""
        kind = self.kind(card)
        return len(kind.inputs) - 1 if kind is not None and kind.inputs and kind.inputs[-1].many else None

    def waiting_for(self, card: str) -> list[str]:
        """The cards that have to run after a card without a wire between them."""
        kept = [id for id in self.document.waiting_for(card) if Ref("card", id) not in self._after]
        return [*kept, *self._waiting.get(card, ())]

    def leads_to(self, start: str, end: str) -> bool:
        """Whether `end` runs after `start` or is the same card."""
        return end in reached((start,), lambda id: (*(w.target for w in self.out(id)), *self.waiting_for(id)))

    # ------------------------------------------------ editing

    def put(self, item: Item) -> None:
        self.remove(item.ref)
        self._after[item.ref] = item
        if isinstance(item, Wire):
            self._touch(item)
            self._into[item.target][item.input] = item
            self._out[item.source][item.ref] = item
        elif isinstance(item, Card):
            for earlier in item.after:
                self._waiting.setdefault(earlier, {})[item.id] = None

    def remove(self, ref: Ref) -> None:
        old = self.get(ref)
        if isinstance(old, Wire):
            self._touch(old)
            del self._into[old.target][old.input]
            del self._out[old.source][ref]
        elif isinstance(old, Card):
            for earlier in old.after:
                self._waiting.get(earlier, {}).pop(old.id, None)
        self._after[ref] = None

    def _touch(self, wire: Wire) -> None:
        if wire.target not in self._into:
            self._into[wire.target] = self.document.wires_into(wire.target)
        if wire.source not in self._out:
            self._out[wire.source] = {w.ref: w for w in self.document.wires_from(wire.source)}

    def close_gaps(self, cards: Iterable[str]) -> None:
        """Number the wires of lists of operands anew, in their order, after some were taken out."""
        for card in cards:
            if not isinstance(self.get(Ref("card", card)), Card):
                continue
            first = self.list_begin(card)
            if first is not None:
                self.order_list(card, [w for n, w in self.into(card).items() if n >= first])

    def order_list(self, card: str, wires: list[Wire]) -> None:
        """Make `wires` the list of operands of a card."""
        first = self.list_begin(card)
        assert first is not None, "the card takes no list"
        wanted = [replace(w, target=card, input=first + k) for k, w in enumerate(wires)]
        present = {n: w for n, w in self.into(card).items() if n >= first}
        if list(present.values()) == wanted:
            return
        for wire in present.values():
            self.remove(wire.ref)
        for wire in wanted:
            self.put(wire)

    def name(self, wanted: str, kind: str = "card") -> str:
        """`wanted`, or with the next free number; the name is taken by this."""
        if kind not in self._names:
            refs = (*self.document.items, *self._after)
            self._names[kind] = Names(ref.key for ref in refs if ref.kind == kind)
        return self._names[kind].new(wanted)

    def tag(self, wanted: str, source: str, output: int) -> str:
        """What the tags of an output say: `wanted`, or with the next free number if those of another one say that."""
        if not self._tags:
            self._tags = {item.portal: (item.source, item.output) for ref in (*self.document.items, *self._after)
                          if isinstance(item := self.get(ref), Wire) and item.portal}
        name, base, k = wanted, without_number(wanted), 0
        while self._tags.setdefault(name, (source, output)) != (source, output):
            k += 1
            name = f"{base}_{k}"
        return name

    def change(self, label: str, merge: Any = None) -> Change:
        """The edit; places that hold in the end what they held before are not part of it.

        Raises
        ------
        Refused if subgraphs would lie in each other too deeply.
        """
        items = self.document.items
        after = {ref: item for ref, item in self._after.items() if not is_same(items.get(ref), item)}
        check_depth(self.document, after)
        return Change(label, {ref: items.get(ref) for ref in after}, after, merge)


def check_depth(document: GraphDocument, after: Mapping[Ref, Item | None]) -> None:
    """
    Raises
    ------
    Refused if subgraphs would lie in each other too deeply, with what will be in some places of a document.
    """
    moved = {ref for ref, item in after.items() if isinstance(item, Card) and item.kind == SUBGRAPH
             and (ref not in document.items or level_of(document, ref) != item.parent)}
    present = {**document.items, **after}.values() if moved else ()
    if too_deep(item for item in present if isinstance(item, Card)) is not None:
        raise Refused("At most {0} subgraphs can lie in each other.", DEEPEST)


def made(change: Change) -> set[Ref]:
    """The cards, frames and notes that come into being by an edit: what is selected afterwards."""
    return {ref for ref, item in change.after.items()
            if item is not None and change.before.get(ref) is None and ref.kind in ("card", "frame", "note")}


def counted(refs: Iterable[Ref]) -> Words:
    """Items in words: "card 'x'", "3 cards", "2 cards and a note"."""
    by_kind: dict[str, list[Any]] = {}
    for ref in refs:
        by_kind.setdefault(ref.kind, []).append(ref.key)
    words: list[Words] = []
    for kind in ("card", "frame", "note", "wire", "setting"):
        keys = by_kind.get(kind, [])
        if len(keys) == 1:
            is_named = kind == "card" and len(by_kind) == 1
            words.append(Words("card '{0}'", keys[0]) if is_named else Words(f"a {kind}"))
        elif keys:
            words.append(Words(f"{{0}} {kind}s", len(keys)))
    if not words:
        return Words("nothing")
    *before, last = words
    if not before:
        return last
    return Words("{0} and {1}", reduce(lambda one, other: Words("{0}, {1}", one, other), before), last)
