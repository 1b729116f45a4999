"""Layers and variables among the attributes of an object, in lists and dicts too."""
from __future__ import annotations

from collections.abc import Iterator
from typing import Any

# What of a layer is not a part of it.
NOT_TRACKED = frozenset({"_own_weights", "optimizer", "_metrics", "_compiled", "history", "calls_on_symbols"})


def values_of(owner: Any, kind: type) -> Iterator[Any]:
    """Attributes of a kind, in the order in which they were set; lists and dicts are looked into."""
    for name, value in list(vars(owner).items()):
        if name not in NOT_TRACKED:
            yield from inside(value, kind)


def inside(value: Any, kind: type) -> Iterator[Any]:
    """A value if it is of a kind, and those in lists and dicts."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, (list, tuple)):
        for x in value:
            yield from inside(x, kind)
    elif isinstance(value, dict):
        for x in value.values():
            yield from inside(x, kind)
