"""A drawn graph, and the history of what was done to it.

The only way to change a document is a `Change`: for each item it touches, what stands there before and after.
Undoing swaps the two, so every edit can be undone, whatever it does. Whoever shows it is told which items changed.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from .items import Card, Frame, Item, Note, Ref, Setting, Wire, is_same

Listener = Callable[[frozenset[Ref]], None]
Placed = Card | Frame | Note
LEVELS = 1000                               # edits that can be undone


@dataclass(frozen=True)
class Change:
    """One edit.

    label : what is done, for menus and history: "Move 3 cards"
    before, after : the items at the places that change; None where there is none
    merge : edits that follow each other with an equal key that is not None are one, as of a drag or of typing
    number : tells the state after it from others; the document gives it
    """

    label: str
    before: Mapping[Ref, Item | None] = field(hash=False)
    after: Mapping[Ref, Item | None] = field(hash=False)
    merge: Any = None
    number: int = field(default=0, compare=False)

    @property
    def is_nothing(self) -> bool:
        return is_same(self.before, self.after)

    def reversed(self) -> Change:
        return Change(self.label, self.after, self.before)

    def then(self, later: Change) -> Change:
        """This edit and a later one as one."""
        before = {**later.before, **self.before}
        after = {**self.after, **later.after}
        return Change(self.label, before, after, self.merge)


def _settled(items: Mapping[Ref, Item | None], moved: Mapping[Ref, tuple[Placed, Placed]]) -> dict[Ref, Item | None]:
    """Items of an edit where those that stand at the old place stand at the new one."""
    found = dict(items)
    for ref, (old, new) in moved.items():
        item = found.get(ref)
        if isinstance(item, Placed) and _place(item) == _place(old):
            found[ref] = (replace(item, x=new.x, y=new.y) if isinstance(item, Card) or isinstance(new, Card) else
                          replace(item, x=new.x, y=new.y, height=new.height))
    return found


def _place(item: Placed) -> tuple[float, ...]:
    """Where an item is, and how high, but for cards: these are as high as what is in them."""
    return (item.x, item.y) if isinstance(item, Card) else (item.x, item.y, item.height)


def reached(starts: Iterable[str], neighbors: Callable[[str], Iterable[str]]) -> Iterator[str]:
    """Cards and those that can be reached from them, each once."""
    left = list(dict.fromkeys(starts))
    seen = set(left)
    while left:
        card = left.pop()
        yield card
        for neighbor in neighbors(card):
            if neighbor not in seen:
                seen.add(neighbor)
                left.append(neighbor)


class GraphDocument:
    """Cards, wires, frames, notes and settings, with undo.

    Attributes
    ----------
    items : everything, by `Ref`, in the order in which it came
    arrays : large arrays of attributes, by the hash of their contents; they stay while the document is open
    listeners : called with the places that changed, once for each edit, in the order in which they came
    is_settling : whether what they are told of is no edit
    """

    def __init__(self, items: Iterable[Item] = (), arrays: Mapping[str, np.ndarray[Any, Any]] | None = None) -> None:
        self.items: dict[Ref, Item] = {item.ref: item for item in items}
        self.arrays: dict[str, np.ndarray[Any, Any]] = dict(arrays or {})
        self.listeners: list[Listener] = []
        self.is_settling = False
        self._cards: dict[str, Card] = {}               # by their ids, in the same order
        self._into: dict[str, dict[int, Wire]] = {}     # card -> number of its input -> wire
        self._out: dict[str, dict[Ref, Wire]] = {}      # card -> wires that begin there
        self._waiting: dict[str, dict[str, None]] = {}  # card -> cards that name it in `after`
        self._parts: dict[str, dict[Ref, None]] = {}    # subgraph -> what lies in it
        self._done: list[Change] = []
        self._undone: list[Change] = []
        self._last = self._first = self._saved = 0      # numbers: given last, of the state all undone, of the saved one
        for item in self.items.values():
            self._index(item)

    # ------------------------------------------------ asking

    @property
    def cards(self) -> Iterator[Card]:
        return iter(self._cards.values())

    @property
    def wires(self) -> Iterator[Wire]:
        return (item for item in self.items.values() if isinstance(item, Wire))

    @property
    def frames(self) -> Iterator[Frame]:
        return (item for item in self.items.values() if isinstance(item, Frame))

    @property
    def notes(self) -> Iterator[Note]:
        return (item for item in self.items.values() if isinstance(item, Note))

    def card(self, id: str) -> Card | None:
        return self._cards.get(id)

    def setting(self, name: str, default: Any = None) -> Any:
        found = self.items.get(Ref("setting", name))
        return found.value if isinstance(found, Setting) else default

    def wires_into(self, card: str) -> dict[int, Wire]:
        """The wires that end at a card, by the number of the input, in order."""
        return dict(sorted(self._into.get(card, {}).items()))

    def wires_from(self, card: str, output: int | None = None) -> list[Wire]:
        """The wires that begin at a card, or at one of its outputs."""
        return [w for w in self._out.get(card, {}).values() if output is None or w.output == output]

    def waiting_for(self, card: str) -> Iterable[str]:
        """The cards that have to run after a card without a wire between them."""
        return self._waiting.get(card, ())

    def parts(self, subgraph: str) -> list[Placed]:
        """What lies in a subgraph; in "" what lies in none."""
        found = (self.items[ref] for ref in self._parts.get(subgraph, ()))
        return [item for item in found if isinstance(item, Placed)]

    def downstream(self, card: str) -> Iterator[str]:
        """A card and everything that runs after it."""
        return reached((card,), lambda id: (*(w.target for w in self._out.get(id, {}).values()), *self.waiting_for(id)))

    def upstream(self, *cards: str) -> Iterator[str]:
        """Cards and everything that runs before them."""
        def before(id: str) -> Iterable[str]:
            found = self.card(id)
            return (*(w.source for w in self._into.get(id, {}).values()), *(found.after if found is not None else ()))

        return reached(cards, before)

    # ------------------------------------------------ editing

    def do(self, change: Change) -> None:
        """Make an edit; what was undone can no longer be done again."""
        if change.is_nothing:
            return
        self._put(change)
        last = self._done[-1] if self._done else None
        self._last += 1
        if last is not None and last.merge is not None and last.merge == change.merge and self.is_modified:
            self._done[-1] = replace(last.then(change), number=self._last)
            if self._done[-1].is_nothing:               # a drag that came back
                self._done.pop()
        else:
            self._done.append(replace(change, number=self._last))
            for gone in self._done[:-LEVELS]:
                self._first = gone.number
            del self._done[:-LEVELS]
        self._undone.clear()
        self._tell(change)

    def settle(self, change: Change) -> None:
        """Change what is no edit and cannot be undone, as places of cards that never had one.

        Edits that are undone or made again later leave what they did not move where it is then.
        """
        moved = {ref: (old, new) for ref, new in change.after.items()
                 if isinstance(old := self.items.get(ref), Placed) and isinstance(new, Placed)}
        for edits in (self._done, self._undone):
            for k, edit in enumerate(edits):
                if not moved.keys().isdisjoint(edit.after):
                    edits[k] = replace(edit, before=_settled(edit.before, moved), after=_settled(edit.after, moved))
        self._put(change)
        self.is_settling = True
        try:
            self._tell(change)
        finally:
            self.is_settling = False

    def undo(self) -> Change | None:
        """Take the last edit back; returns it, or None if there is none."""
        if not self._done:
            return None
        change = self._done.pop()
        self._undone.append(change)
        self._put(change.reversed())
        self._tell(change)
        return change

    def redo(self) -> Change | None:
        """Make the edit again that was taken back last; returns it, or None if there is none."""
        if not self._undone:
            return None
        change = self._undone.pop()
        self._done.append(change)
        self._put(change)
        self._tell(change)
        return change

    @property
    def history(self) -> list[str]:
        """Labels of the edits that can be undone, the oldest first."""
        return [change.label for change in self._done]

    @property
    def undone(self) -> list[str]:
        """Labels of the edits that can be made again, the next first."""
        return [change.label for change in reversed(self._undone)]

    def end_merging(self) -> None:
        """Let the next edit be one of its own: a drag ended, a field was left."""
        if self._done and self._done[-1].merge is not None:
            self._done[-1] = replace(self._done[-1], merge=None)

    @property
    def state(self) -> int:
        """A number that is equal where everything is as it was, but for what was settled."""
        return self._done[-1].number if self._done else self._first

    def mark_saved(self, state: int | None = None) -> None:
        """The file is as the document was in a state, now if it is None."""
        self._saved = self.state if state is None else state

    @property
    def is_modified(self) -> bool:
        return self.state != self._saved

    def _put(self, change: Change) -> None:
        for ref, item in change.after.items():
            old = self.items.get(ref)
            if isinstance(old, Wire):
                del self._into[old.target][old.input]
                del self._out[old.source][ref]
            elif isinstance(old, Card):
                for earlier in old.after:
                    del self._waiting[earlier][old.id]
                if item is None:
                    del self._cards[old.id]
            if isinstance(old, Placed):
                del self._parts[old.parent][ref]
            if item is None:
                self.items.pop(ref, None)
            else:
                self.items[ref] = item
                self._index(item)

    def _index(self, item: Item) -> None:
        if isinstance(item, Wire):
            self._into.setdefault(item.target, {})[item.input] = item
            self._out.setdefault(item.source, {})[item.ref] = item
        elif isinstance(item, Card):
            self._cards[item.id] = item
            for earlier in item.after:
                self._waiting.setdefault(earlier, {})[item.id] = None
        if isinstance(item, Placed):
            self._parts.setdefault(item.parent, {})[item.ref] = None

    def _tell(self, change: Change) -> None:
        """Tell everybody; one who fails keeps nobody else from hearing of it."""
        refs, failed = frozenset(change.after), None
        for listener in list(self.listeners):
            try:
                listener(refs)
            except Exception as error:
                failed = failed or error
        if failed is not None:
            raise failed
