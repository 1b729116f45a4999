"""Nested lists, tuples, dicts and deques as trees: taken apart, put together, compared and mapped.

The leaves of a dict come by its sorted keys, those of an `OrderedDict` in its own order; None is a leaf.
"""
from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..frontend.surface import refusing

__all__ = ["MAP_TO_NONE", "assert_same_paths", "assert_same_structure", "flatten", "flatten_with_path", "is_nested",
           "lists_to_tuples", "map_shape_structure", "map_structure", "map_structure_up_to", "pack_sequence_as",
           "traverse"]
__getattr__ = refusing(__name__, lambda: __all__)

IsLeaf = Callable[[Any], bool]


class MAP_TO_NONE:
    """What a function given to `traverse` returns for None in a structure's place."""


@dataclass(frozen=True)
class _Node:
    """A value that holds others.

    kind : equal for values that count as the same: all dicts do
    keys : where its children stand in it
    build : makes a value of the same type of other children
    """

    kind: type
    keys: tuple[Any, ...]
    children: tuple[Any, ...]
    build: Callable[[Sequence[Any]], Any]


def _node(value: Any) -> _Node | None:
    """A value as a node, None for a leaf."""
    if isinstance(value, dict):
        keys = tuple(value) if isinstance(value, OrderedDict) else _in_order(value)
        return _Node(dict, keys, tuple(value[k] for k in keys), lambda parts: _dict(value, keys, parts))
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return _Node(type(value), tuple(range(len(value))), tuple(value), lambda parts: type(value)(*parts))
    if isinstance(value, (list, tuple)):
        return _Node(type(value), tuple(range(len(value))), tuple(value), type(value))
    if isinstance(value, deque):
        return _Node(deque, tuple(range(len(value))), tuple(value), lambda parts: deque(parts, value.maxlen))
    return None


def _in_order(value: dict[Any, Any]) -> tuple[Any, ...]:
    """Keys in order; those of different types by the names of these."""
    try:
        return tuple(sorted(value))
    except TypeError:
        return tuple(sorted(value, key=lambda k: (type(k).__name__, repr(k))))


def _dict(like: dict[Any, Any], keys: Sequence[Any], parts: Sequence[Any]) -> Any:
    found = dict(zip(keys, parts, strict=True))
    pairs = [(k, found[k]) for k in like]
    return defaultdict(like.default_factory, pairs) if isinstance(like, defaultdict) else type(like)(pairs)


def _leaves(structure: Any, is_leaf: IsLeaf, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    node = None if is_leaf(structure) else _node(structure)
    if node is None:
        yield path, structure
    else:
        for key, child in zip(node.keys, node.children, strict=True):
            yield from _leaves(child, is_leaf, (*path, key))


def _never(value: Any) -> bool:
    return False


def _mapped(
    func: Callable[..., Any], structure: Any, others: Sequence[Any], is_leaf: IsLeaf = _never, to_leaves: bool = True
) -> Any:
    """A function of the leaves of a structure, and of what stands at the same place in others.

    to_leaves : whether that has to be a leaf, too
    """
    node = None if is_leaf(structure) else _node(structure)
    if node is None:
        if to_leaves and any(is_nested(other) for other in others):
            raise _differ(structure, others)
        return func(structure, *others)
    rows = []
    for other in others:
        found = _node(other)
        if found is None or found.kind is not node.kind or set(found.keys) != set(node.keys):
            raise _differ(structure, others)
        places = dict(zip(found.keys, found.children, strict=True))
        rows.append([places[k] for k in node.keys])
    return node.build([_mapped(func, child, theirs, is_leaf, to_leaves)
                       for child, *theirs in zip(node.children, *rows, strict=True)])


def _differ(structure: Any, others: Sequence[Any]) -> ValueError:
    return ValueError(f"the structures differ: {structure!r} and {', '.join(map(repr, others))}")


def _check(func: Any) -> None:
    if not callable(func):
        raise TypeError(f"func={func!r} cannot be called")


def is_nested(structure: Any) -> bool:
    """Whether a value is a list, a tuple, a dict or a deque."""
    return _node(structure) is not None


def flatten(structure: Any) -> list[Any]:
    """The leaves; the value itself in a list if it is a leaf."""
    return [leaf for _, leaf in _leaves(structure, _never)]


def flatten_with_path(structure: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """The leaves with their paths: keys of dicts, and places in lists and tuples.

    Examples
    --------
    >>> from graphengine import keras
    >>> keras.tree.flatten_with_path([{"foo": 42}])
    [((0, 'foo'), 42)]
    """
    return list(_leaves(structure, _never))


def map_structure(func: Callable[..., Any], *structures: Any, none_is_leaf: bool = True) -> Any:
    """A structure like the first one of what a function gives for its leaves and those at the same places of others.

    Raises
    ------
    ValueError if there is no structure, or they differ; TypeError for a function that is none.
    """
    if not structures:
        raise ValueError("map_structure takes one structure or more")
    _check(func)
    call = func if none_is_leaf else lambda *leaves: None if leaves[0] is None else func(*leaves)
    return _mapped(call, structures[0], structures[1:])


def map_structure_up_to(shallow_structure: Any, func: Callable[..., Any], *structures: Any) -> Any:
    """A structure like a first one of what a function gives for all that stands at the places of its leaves in others.

    Raises
    ------
    ValueError if there are no others, or one of them is not like the first one as far as that goes; TypeError for a
    function that is none.

    Examples
    --------
    >>> from graphengine import keras
    >>> keras.tree.map_structure_up_to([None, [None, None]], str, [[1, 1], [2, 2]])
    ['[1, 1]', ['2', '2']]
    """
    if not structures:
        raise ValueError("map_structure_up_to takes one structure or more")
    _check(func)
    return _mapped(lambda _, *parts: func(*parts), shallow_structure, structures, to_leaves=False)


def assert_same_structure(a: Any, b: Any, check_types: bool | None = None) -> None:
    """Raise ValueError unless two structures are nested alike, in values of the same types; all dicts count as such."""
    del check_types
    _mapped(lambda *_: None, a, (b,))


def assert_same_paths(a: Any, b: Any) -> None:
    """Raise ValueError unless the leaves of two structures have the same paths."""
    ours, theirs = ({path for path, _ in flatten_with_path(x)} for x in (a, b))
    if ours != theirs:
        raise ValueError(f"paths differ: {sorted(map(str, ours - theirs))} and {sorted(map(str, theirs - ours))}")


def pack_sequence_as(structure: Any, flat_sequence: Sequence[Any]) -> Any:
    """The structure with other leaves.

    Raises
    ------
    ValueError if they are more or fewer than it has; TypeError if they are no sequence.
    """
    leaves, count = list(flat_sequence), len(flatten(structure))
    if len(leaves) != count:
        raise ValueError(f"{len(leaves)} values for a structure with {count} leaves")
    return _filled(structure, iter(leaves))


def _filled(structure: Any, leaves: Iterator[Any]) -> Any:
    node = _node(structure)
    return next(leaves) if node is None else node.build([_filled(child, leaves) for child in node.children])


def lists_to_tuples(structure: Any) -> Any:
    """The structure with tuples in the place of lists."""
    return traverse(lambda x: tuple(x) if isinstance(x, list) else None, structure, top_down=False)


def map_shape_structure(func: Callable[[Any], Any], structure: Any) -> Any:
    """A function of all shapes, lists and tuples of numbers and None, in a structure."""
    return _mapped(func, structure, (), _is_shape)


def _is_shape(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(x is None or isinstance(x, int) for x in value)


def traverse(func: Callable[[Any], Any], structure: Any, top_down: bool = True) -> Any:
    """Call a function with a structure and all that it holds, and put what it returns in their places, unless None.

    top_down : parents first; what is in a part that was replaced is not seen then

    Examples
    --------
    >>> from graphengine import keras
    >>> keras.tree.traverse(lambda x: x * 10 if isinstance(x, int) else None, [(1, 2), {"a": 3}])
    [(10, 20), {'a': 30}]
    """
    def inside(value: Any) -> Any:
        node = _node(value)
        return value if node is None else node.build([traverse(func, child, top_down) for child in node.children])

    _check(func)
    seen = structure if top_down else inside(structure)
    found = func(seen)
    if found is None:
        return inside(structure) if top_down else seen
    return None if found is MAP_TO_NONE else found
