"""Kinds of cards by what is typed, with those first that this person likes and uses."""
from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

from editor.model.catalog import Kind

from .fuzzy import Match, Part, rank

RECENT = 12                         # kinds that are remembered as used
FAVORITE_BONUS, RECENT_BONUS = 9.0, 6.0
Memory = MutableMapping[str, Any]   # what stays from one start to the next: settings, or a dict


class Preferences:
    """Favourites and recently used kinds, by key. listeners : called after each change."""

    def __init__(self, memory: Memory | None = None) -> None:
        self._memory: Memory = {} if memory is None else memory
        self.listeners: list[Callable[[], None]] = []

    @property
    def favorites(self) -> list[str]:
        return _texts(self._memory.get("favorite_kinds"))

    @property
    def recent(self) -> list[str]:
        """The last used first."""
        return _texts(self._memory.get("recent_kinds"))

    def toggle(self, key: str) -> None:
        """Make a kind a favourite, or no longer one."""
        kept = [k for k in self.favorites if k != key]
        self._keep("favorite_kinds", kept if key in self.favorites else [*kept, key])

    def use(self, key: str) -> None:
        """Remember that a kind was put on the canvas."""
        self._keep("recent_kinds", [key, *(k for k in self.recent if k != key)][:RECENT])

    def bonus(self, key: str) -> float:
        """What a kind's score gains by being liked or used."""
        recent = self.recent
        gain = RECENT_BONUS * (1 - recent.index(key) / RECENT) if key in recent else 0.0
        return gain + FAVORITE_BONUS * (key in self.favorites)

    def _keep(self, name: str, keys: list[str]) -> None:
        self._memory[name] = keys
        for listener in list(self.listeners):
            listener()


def _texts(value: Any) -> list[str]:
    """The texts in a list that a person may have edited by hand."""
    return [v for v in value if isinstance(v, str)] if isinstance(value, (list, tuple)) else []


def parts_of(kind: Kind) -> tuple[Part, ...]:
    """The texts by which a kind is found: its title, its name in the engine, further words, its place, what it does."""
    return (
        Part(kind.title), Part(kind.key.partition("/")[2], 0.99), *(Part(word, 0.9) for word in kind.words),
        Part(kind.category, 0.5, loose=False), Part(kind.family, 0.45, loose=False),
        Part(kind.summary, 0.4, loose=False),
    )


def rank_kinds(query: str, kinds: Iterable[Kind], preferences: Preferences) -> list[tuple[Kind, Match]]:
    """The kinds that answer `query`, the best first; with nothing typed all, favourites and recent ones first."""
    likes = {key: preferences.bonus(key) for key in {*preferences.favorites, *preferences.recent}}
    return rank(query, kinds, parts_of, lambda kind: likes.get(kind.key, 0.0))
