"""Shape rules and attribute forms that several op families share."""
from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import AttributeValueError, InvalidArgumentError, ShapeError
from ..ir.dims import Dim, Shape, Size, product

Axes = tuple[int, ...] | None


def as_int(value: Any) -> int:
    """A whole number from a Python or numpy one, from what stands for one, or from an array of one element."""
    if isinstance(value, Dim):
        return value  # type: ignore[return-value]
    try:
        number = np.asarray(value)
    except ValueError:                      # rows of different lengths
        number = np.zeros(0)
    if number.dtype == object and hasattr(value, "__index__"):
        number = np.asarray(operator.index(value))
    if number.size != 1 or number.dtype.kind not in "iu":
        raise AttributeValueError(f"{value!r} is not a whole number")
    return int(number.reshape(()))


def as_int_or_none(value: Any) -> int | None:
    return None if value is None else as_int(value)


def as_axes(value: Any) -> Axes:
    """None, a number or a list of numbers as a tuple, or None for all axes."""
    if value is None:
        return None
    if isinstance(value, (tuple, list)) and any(isinstance(k, Dim) for k in value):
        return tuple(as_int(k) for k in value)
    items = np.asarray(value)
    if items.dtype.kind not in "iu" and items.size:
        raise AttributeValueError(f"axis={value!r}; it takes whole numbers")
    return tuple(int(k) for k in items.reshape(-1))


def as_sizes(value: Any) -> tuple[Size, ...]:
    """A list of sizes as a tuple; -1 may stand for one that follows from the others."""
    if isinstance(value, (int, np.integer)):
        return (int(value),)
    try:
        return tuple(s if isinstance(s, Dim) else as_int(s) for s in value)
    except TypeError:
        if hasattr(value, "__index__"):
            return (as_int(value),)
        raise InvalidArgumentError(f"{value!r} is no list of sizes") from None


def refuse(wrong: np.ndarray[Any, Any], problem: str) -> None:
    """Raise InvalidArgumentError if an element is wrong."""
    if wrong.any():
        raise InvalidArgumentError(problem)


def normal_axis(axis: int, rank: int) -> int:
    """`axis` counted from the front.

    Raises
    ------
    ShapeError outside [-rank, rank).
    """
    if not hasattr(axis, "__index__"):
        raise AttributeValueError(f"axis={axis!r}; it takes a whole number")
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is outside [{-rank}, {rank}) of a tensor of rank {rank}")
    return axis % rank


def normal_axes(axes: Axes, rank: int) -> tuple[int, ...]:
    """All axes for None; else each counted from the front, in order, without repeats."""
    if axes is None:
        return tuple(range(rank))
    found = [normal_axis(k, rank) for k in axes]
    if len(set(found)) != len(found):
        raise ShapeError(f"axis {axes} names an axis twice")
    return tuple(sorted(found))


def reduced_shape(x: Shape, axes: Axes, keepdims: bool) -> Shape:
    """Shape after folding `axes`."""
    gone = normal_axes(axes, len(x))
    if keepdims:
        return Shape(1 if k in gone else s for k, s in enumerate(x))
    return Shape(s for k, s in enumerate(x) if k not in gone)


def reshaped(x: Shape, target: Sequence[Any]) -> Shape:
    """The shape that `target` means for `x`, its -1 filled in where the sizes are known.

    Raises
    ------
    ShapeError if the number of elements would change.
    """
    holes = [k for k, s in enumerate(target) if not isinstance(s, Dim) and s == -1]
    if len(holes) > 1:
        raise ShapeError(f"shape {list(target)} has more than one -1")
    if any(isinstance(s, int) and s < -1 for s in target):
        raise ShapeError(f"shape {list(target)} has a negative size")
    known = all(s is not None for s in x)
    rest = [s for s in target if isinstance(s, Dim) or s != -1]
    if not known:
        return Shape(None if k in holes else s for k, s in enumerate(target))
    total, others = product(x), product(rest)  # type: ignore[arg-type]
    if not holes:
        if isinstance(total, int) and isinstance(others, int) and total != others:
            raise ShapeError(f"{total} elements of shape {x} do not fit into shape {Shape(target)} of {others}")
        if total != others:
            facts = next(s.facts for s in (total, others) if isinstance(s, Dim))
            facts.equate(total, others)
        return Shape(target)
    if isinstance(total, int) and isinstance(others, int) and (total % others if others else total):
        raise ShapeError(f"{total} elements of shape {x} do not fit into shape {list(target)}")
    if isinstance(others, int) and others == 0:     # of nothing, the sizes that are not 0 tell, as in TensorFlow
        unknown = next((k for k, s in enumerate(x) if isinstance(s, Dim)), None) if 0 not in x else None
        some, own = product(s for s in rest if s != 0), product(s for k, s in enumerate(x) if s and k != unknown)
        if isinstance(total, Dim):
            total.facts.equate(total, 0)    # so the first of the unknown sizes is taken for the one that is 0
        return Shape(own // some if k in holes else s for k, s in enumerate(target))
    hole = total // others
    whole = hole * others
    if total != whole:                      # known only when the program runs
        facts = next(s.facts for s in (total, whole) if isinstance(s, Dim))
        facts.claim(total, whole, f"the elements do not fit into shape {list(target)}")
    return Shape(hole if k in holes else s for k, s in enumerate(target))


def sizes_of(tensor: Any) -> tuple[Size, ...]:
    """The sizes of a tensor of a compile-time graph, where each is a number or an expression."""
    sizes = tuple(tensor.shape)
    assert None not in sizes, f"{tensor} has an unknown size while it is compiled"
    return sizes
