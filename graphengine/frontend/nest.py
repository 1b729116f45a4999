"""Nested lists, tuples and dicts of tensors, as programs take them apart and put them together."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..errors import InvalidArgumentError
from . import structure as structures


def flatten(structure: Any, expand_composites: bool = False) -> list[Any]:
    """The leaves, those of dicts by sorted keys; the value itself in a list if it is no list, tuple or dict."""
    del expand_composites
    return structures.flatten(structure)[1]


def map_structure(func: Callable[..., Any], *structure: Any, **kwargs: Any) -> Any:
    """The structure with `func` of its leaves; of several structures, `func` of the leaves at the same place.

    Raises
    ------
    ValueError if there is no structure; InvalidArgumentError if they differ.
    """
    if not structure:
        raise ValueError("map_structure wants a structure")
    for other in structure[1:]:
        assert_same_structure(structure[0], other, check_types=kwargs.get("check_types", True))
    holder, first = structures.flatten(structure[0])
    rest = [structures.flatten(s)[1] for s in structure[1:]]
    return holder.fill([func(*leaves) for leaves in zip(first, *rest, strict=True)])


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any], expand_composites: bool = False) -> Any:
    """The structure with other leaves.

    Raises
    ------
    InvalidArgumentError if there are more or fewer than it has.
    """
    del expand_composites
    holder, leaves = structures.flatten(structure)
    if len(flat_sequence) != len(leaves):
        raise InvalidArgumentError(f"{len(flat_sequence)} values for a structure of {len(leaves)}",
                                   op="pack_sequence_as")
    return holder.fill(list(flat_sequence))


def is_nested(structure: Any) -> bool:
    """Whether it is a list, a tuple or a dict."""
    return isinstance(structure, (list, tuple, Mapping))


def assert_same_structure(nest1: Any, nest2: Any, check_types: bool = True, expand_composites: bool = False) -> None:
    """Raise InvalidArgumentError, which is a ValueError, unless both are nested alike."""
    del check_types, expand_composites
    if structures.form_of(nest1) != structures.form_of(nest2):
        raise InvalidArgumentError(f"the structures differ: {nest1!r} and {nest2!r}", op="assert_same_structure")
