"""Nested lists, tuples and dicts of fetches: taken apart, and put together again around the results."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from ..ir.node import Node
from ..ir.operand import Operand
from ..values import dataclass


@dataclass(frozen=True)
class Structure:
    """The shape of a nested value without its leaves.

    build : makes the value from an iterator over leaves
    is_leaf : whether the value was a single leaf
    """

    build: Callable[[Iterator[Any]], Any]
    is_leaf: bool

    def fill(self, leaves: Sequence[Any]) -> Any:
        """The nested value with these leaves."""
        return leaves[0] if self.is_leaf else self.build(iter(leaves))


_LEAF = Structure(next, True)


class Nested:
    """A value of its own kind that is made up of tensors."""

    def leaves(self) -> list[Any]:
        """The tensors."""
        raise NotImplementedError(type(self).__name__)

    def with_leaves(self, leaves: Sequence[Any]) -> Any:
        """The same value made up of others."""
        raise NotImplementedError(type(self).__name__)


def flatten(value: Any) -> tuple[Structure, list[Any]]:
    """Structure and leaves of a nested value; those of dicts by sorted keys, so that equal dicts have equal leaves."""
    if isinstance(value, (Operand, Node)):  # nearly always one, and asking for a Mapping takes long
        return _LEAF, [value]
    if isinstance(value, Mapping):
        keys, order = list(value), _sorted_keys(value)
        parts = [flatten(value[k]) for k in order]
        rebuild: Callable[..., Any] = type(value)
        if isinstance(value, defaultdict):
            rebuild = partial(rebuild, value.default_factory)

        def make(items: list[Any]) -> Any:
            found = dict(zip(order, items, strict=True))
            return rebuild((k, found[k]) for k in keys)
    elif isinstance(value, tuple) and hasattr(value, "_fields"):
        parts = [flatten(v) for v in value]
        make = lambda items: type(value)(*items)
    elif isinstance(value, (list, tuple)):
        parts = [flatten(v) for v in value]
        make = type(value)
    elif isinstance(value, Nested):
        parts = [flatten(v) for v in value.leaves()]
        make = lambda items: value.with_leaves(items)
    else:
        return _LEAF, [value]
    structures = [s for s, _ in parts]
    leaves = [x for _, found in parts for x in found]
    return Structure(lambda values: make([s.build(values) for s in structures]), False), leaves


def form_of(value: Any) -> Any:
    """The structure of a nested value, to compare: leaves of equal types may stand for other things in another one."""
    if isinstance(value, Mapping):
        return (dict, tuple([(k, form_of(value[k])) for k in _sorted_keys(value)]))
    if isinstance(value, (list, tuple)):
        return (type(value), tuple([form_of(v) for v in value]))
    if isinstance(value, Nested):
        return (type(value), tuple([form_of(v) for v in value.leaves()]))
    return None


def _sorted_keys(value: Mapping[Any, Any]) -> list[Any]:
    """Keys in order; as they come where they cannot be compared."""
    try:
        return sorted(value)
    except TypeError:
        return list(value)
