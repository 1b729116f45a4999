"""What of a document can change a value, as text that is equal where the meaning is."""
from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from graphengine.tools.drawn.draw import becomes_nodes
from graphengine.tools.drawn.files import KEYS

from .catalog import Field
from .document import GraphDocument
from .items import SUBGRAPH, Card, Item, Ref, Setting, Wire, is_same
from .kinds import catalog
from .plain import to_plain
from .values import EXAMPLE, array_of, is_array, value_of


class Meaning:
    """Texts of a document; those of items are kept as long as the items are the same.

    Parameters
    ----------
    examples : whether what placeholders are run with counts
    """

    def __init__(self, document: GraphDocument, examples: bool = True) -> None:
        self.document = document
        self._examples = examples
        self._known: dict[tuple[Ref, bool], tuple[Item, str]] = {}

    def whole(self) -> str:
        """Everything but places, frames, notes and subgraphs."""
        return self._text(_counts, False)

    def model(self, holders: Iterable[str]) -> str:
        """What the values of variables were learnt for: the cards that hold them, and all that leads there.

        The numbers in arrays do not count, nor where data come from.
        """
        within = {id for id in self.document.upstream(*holders) if self._is_node(id)}
        return self._text(lambda item: (isinstance(item, Card) and item.id in within) or (
            isinstance(item, Wire) and item.target in within and item.source in within), True)

    def _is_node(self, id: str) -> bool:
        card = self.document.card(id)
        return card is not None and becomes_nodes(card.kind)

    def _text(self, counts: Callable[[Item], bool], bare: bool) -> str:
        items = self.document.items
        self._known = {key: found for key, found in self._known.items() if items.get(key[0]) is found[0]}
        return "\n".join(sorted(self._of_item(item, bare) for item in items.values() if counts(item)))

    def _of_item(self, item: Item, bare: bool) -> str:
        key = item.ref, bare
        if key not in self._known:
            plain = to_plain(anywhere(item, self._examples and not bare))
            self._known[key] = item, json.dumps(without_numbers(plain) if bare else plain, sort_keys=True)
        return self._known[key][1]


def _counts(item: Item) -> bool:
    """Whether a value can depend on an item."""
    return isinstance(item, (Wire, Setting)) or (isinstance(item, Card) and item.kind != SUBGRAPH)


def anywhere(item: Item, with_example: bool) -> Item:
    """An item without its place."""
    if isinstance(item, Card):
        return dataclasses.replace(item, x=0.0, y=0.0, width=0.0, collapsed=False, preview=True, parent="",
                                   example=item.example if with_example else None)
    return dataclasses.replace(item, bends=(), portal="") if isinstance(item, Wire) else item


def moved_values(before: Mapping[Ref, Item], document: GraphDocument) -> dict[str, Any] | None:
    """The numbers of constants and placeholders that are others than before; None if anything else is, too.

    Returns
    -------
    arrays by card, of the same dtype and shape as before; none of whole numbers, from which sizes may follow.
    """
    found: dict[str, Any] = {}
    now = document.items
    for ref in before.keys() | now.keys():
        old, new = before.get(ref), now.get(ref)
        if old is new or not any(item is not None and _counts(item) for item in (old, new)):
            continue
        if old is None or new is None:
            return None
        old, new = anywhere(old, True), anywhere(new, True)
        if is_same(old, new):
            continue
        value = _moved(old, new) if isinstance(old, Card) and isinstance(new, Card) else None
        if value is None:
            return None
        found[str(ref.key)] = value
    return found


def _moved(old: Card, new: Card) -> Any:
    """The array that alone is another one, of a placeholder or a constant; None if there is more."""
    field = held(old) if is_same(old.example, new.example) else EXAMPLE
    if field is None:
        return None
    one, other = value_of(old, field), value_of(new, field)
    rest = dataclasses.replace(old, example=new.example) if field is EXAMPLE else dataclasses.replace(
        old, attributes={**old.attributes, field.name: other})
    same = is_array(one) and is_array(other) and one["dtype"] == other["dtype"] and one["shape"] == other["shape"]
    if not is_same(rest, new) or not same or "array" in other:
        return None
    array = array_of(other, {})
    return array if array is not None and array.dtype.kind == "f" else None


def held(card: Card) -> Field | None:
    """The field whose array comes out of a card as it is; None if what comes out is computed."""
    kind = catalog().get(card.kind)
    if kind is None or kind.inputs or kind.family != "Ops" or len(kind.fields) != 1:
        return None
    return kind.fields[0] if kind.fields[0].form == "array" else None


def without_numbers(value: Any) -> Any:
    """JSON with the dtypes and shapes of arrays, but not what they hold."""
    if isinstance(value, dict):
        if set(value) in KEYS:
            return {"dtype": value["dtype"], "shape": value["shape"]}
        return {key: without_numbers(item) for key, item in value.items()}
    return [without_numbers(item) for item in value] if isinstance(value, list) else value


@dataclasses.dataclass(frozen=True)
class Makers:
    """What computed values. cards : their signatures then; losses : those of what was made small, None: of no graph."""

    cards: Mapping[str, int]
    losses: tuple[int, ...] | None = None


OTHERS = Makers({})                         # cards as they were before an edit


class Signatures:
    """Numbers that tell whether cards compute what they computed before: equal if they and all before them are.

    `forget` is to be told of every change of the document.
    """

    def __init__(self, document: GraphDocument) -> None:
        self.document = document
        self._known: dict[str, int] = {}

    def forget(self, refs: Iterable[Ref]) -> None:
        """Items changed: so may what comes after them. Nothing after a card is known that is not known itself."""
        left = [ref.key if ref.kind == "card" else ref.key[0] for ref in refs if ref.kind in ("card", "wire")]
        while left:
            id = left.pop()
            if self._known.pop(id, None) is not None:
                left += [wire.target for wire in self.document.wires_from(id)]
                left += self.document.waiting_for(id)
        if any(ref.kind == "setting" for ref in refs):
            self._known.clear()

    def of(self, card: str) -> int:
        """The number of a card."""
        left, begun = [card], set()             # a file may hold a circle: what is begun is not gone into again
        while left:
            id = left[-1]
            begun.add(id)
            before = [earlier for earlier in self._before(id) if earlier not in self._known and earlier not in begun]
            if before:
                left += before
                continue
            self._known[left.pop()] = self._made(id)
        return self._known[card]

    def _before(self, id: str) -> Iterable[str]:
        """The cards that run before one: those that it reads, and those that it waits for, which may assign."""
        card = self.document.card(id)
        return (*(w.source for w in self.document.wires_into(id).values()), *(card.after if card is not None else ()))

    def _made(self, id: str) -> int:
        card, wires = self.document.card(id), self.document.wires_into(id).values()
        own = "" if card is None else json.dumps(to_plain(anywhere(card, True)), sort_keys=True, default=repr)
        return hash((own, *((w.input, w.output, self._known.get(w.source)) for w in wires),
                     *(self._known.get(earlier) for earlier in (card.after if card is not None else ())),
                     *(repr(self.document.setting(name)) for name in ("seed", "weights"))))
