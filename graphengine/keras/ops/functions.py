"""Functions that take a function and apply it to more than it was written for, or in another way."""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from functools import wraps
from typing import Any

import numpy as np

from ...errors import AttributeValueError, ShapeError
from ...frontend import custom_gradient as gradients
from ...frontend.derivatives import ForwardAccumulator
from ...frontend.structure import flatten
from ...ops.language import L
from ..operation import recorded
from . import core
from .promotion import tensor

_map = recorded("map", core.map)


def custom_gradient(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function that gives its result and the function of the result's gradient, as one whose gradient that is."""
    return gradients.custom_gradient(f)


def jvp(fun: Callable[..., Any], primals: Any, tangents: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """What a function gives, and the directional derivative of it.

    Parameters
    ----------
    primals, tangents : its arguments, and the direction in which each one changes
    has_aux : whether it gives a second value, which is not differentiated and comes third
    """
    points = [tensor(x) for x in flatten(primals)[1]]
    ways = [tensor(t, x.dtype) for t, x in zip(flatten(tangents)[1], points, strict=True)]
    with ForwardAccumulator(points, ways) as accumulator:
        results = fun(*flatten(primals)[0].fill(points))
        found, *more = results if has_aux else (results,)
        structure, leaves = flatten(found)
        derivatives = structure.fill([accumulator.jvp(y) for y in leaves])
    return (found, derivatives, *more)


# -------------------------------------------------------------------- an associative function

def associative_scan(f: Callable[[Any, Any], Any], elems: Any, reverse: bool = False, axis: int = 0) -> Any:
    """What an associative function makes of all elements up to each one along an axis, in few steps.

    Parameters
    ----------
    f : of two structures like `elems`, slice by slice
    elems : tensor, or structure of tensors with the same number of slices
    reverse : from the last one on

    Raises
    ------
    ShapeError if the numbers of slices differ, or are not known.

    References
    ----------
    Blelloch (1990), "Prefix sums and their applications", section 1.2.
    """
    structure, leaves = flatten(elems)
    arrays = [tensor(x) for x in leaves]
    counts = {x.shape[axis] for x in arrays}
    if len(counts) != 1 or None in counts:
        raise ShapeError(f"numbers of slices: {', '.join(map(str, counts))}", op="associative_scan",
                         fix="give tensors with one known size along the axis")

    def combined(a: Sequence[Any], b: Sequence[Any]) -> list[Any]:
        return [tensor(x) for x in flatten(f(structure.fill(list(a)), structure.fill(list(b))))[1]]

    arrays = [L.reverse(x, [axis % x.rank]) for x in arrays] if reverse else arrays
    found = _scanned(combined, arrays, axis)
    return structure.fill([L.reverse(x, [axis % x.rank]) for x in found] if reverse else found)


def _scanned(combined: Callable[..., list[Any]], arrays: Sequence[Any], axis: int) -> list[Any]:
    count = int(arrays[0].shape[axis])
    if count < 2:
        return list(arrays)

    def every(found: Sequence[Any], first: int, last: int | None = None, step: int = 1) -> list[Any]:
        return [x[(*(slice(None),) * (axis % x.rank), slice(first, last, step))] for x in found]

    odd = _scanned(combined, combined(every(arrays, 0, -1, 2), every(arrays, 1, None, 2)), axis)
    even = every(arrays, 0, 1)
    if count > 2:
        later = combined(every(odd, 0, (count - 1) // 2), every(arrays, 2, None, 2))
        even = [L.concat([a, b], axis) for a, b in zip(even, later, strict=True)]
    half = (count + 1) // 2
    places = np.arange(count, dtype=np.int32)
    places = places // 2 + places % 2 * half                # even, odd, even ... out of all even ones and all odd ones
    return [L.gather(L.concat([a, b], axis), places, axis=axis) for a, b in zip(even, odd, strict=True)]


# -------------------------------------------------------------------- a function of small tensors

def vectorize(
    pyfunc: Callable[..., Any], *, excluded: Collection[int | str] | None = None, signature: str | None = None
) -> Callable[..., Any]:
    """A function of scalars, or of what `signature` says, as one of tensors of them, whose sizes broadcast.

    Parameters
    ----------
    excluded : places and names of arguments that are handed on as they are
    signature : the axes of arguments and results, e.g. ``"(n),(n,k)->(k)"``

    Raises
    ------
    AttributeValueError for something else than a function, or another number of arguments than the signature has.
    """
    if not callable(pyfunc):
        raise AttributeValueError(f"pyfunc={pyfunc!r}; it is a function", op="vectorize")
    left_out = excluded or ()

    @wraps(pyfunc)
    def called(*args: Any, **kwargs: Any) -> Any:
        moving = [k for k, x in enumerate(args) if k not in left_out and x is not None]
        names = [key for key in kwargs if key not in left_out]
        given = [tensor(args[k]) for k in moving] + [tensor(kwargs[key]) for key in names]
        ranks = [0] * len(given) if signature is None else _ranks(signature)
        if len(ranks) != len(given):
            raise AttributeValueError(f"{len(given)} arguments for {signature}", op="vectorize")

        def once(values: Sequence[Any]) -> Any:
            rows = list(args)
            for k, value in zip(moving, values, strict=False):
                rows[k] = value
            return pyfunc(*rows, **kwargs | dict(zip(names, values[len(moving):], strict=True)))

        return _applied(once, given, ranks)

    return called


def _ranks(signature: str) -> list[int]:
    """How many axes each argument has."""
    return [len(re.findall(r"\w+", part)) for part in re.findall(r"\(([^)]*)\)", signature.partition("->")[0])]


def _applied(function: Callable[[Sequence[Any]], Any], arrays: Sequence[Any], ranks: Sequence[int]) -> Any:
    """A function of each entry of tensors whose last axes, so many, make up an entry."""
    outside = [x if not r else x[(..., *(0,) * r)] for x, r in zip(arrays, ranks, strict=True)]
    like = sum(L.cast(L.zeros_like(x), "float32") for x in outside)         # of which only the shape counts
    if not like.rank:
        return function(arrays)

    def rows(x: Any, rank: int) -> Any:
        spread = L.reshape(like, L.concat([L.shape_of(like), [1] * rank], 0)) if rank else like
        spread = L.broadcast_like(x, spread + L.cast(L.zeros_like(x), "float32"))
        return L.reshape(spread, (-1, *x.shape[x.rank - rank:]))

    found = _map(function, tuple(rows(x, r) for x, r in zip(arrays, ranks, strict=True)))
    structure, leaves = flatten(found)
    return structure.fill([_unrolled(y, like) for y in leaves])


def _unrolled(x: Any, like: Any) -> Any:
    """A tensor with the axes of another one in the place of its first one."""
    inside = tuple(x.shape)[1:]
    if None not in like.shape:
        return L.reshape(x, (*like.shape, *inside))
    return L.reshape(x, L.concat([L.shape_of(like), list(inside)], 0)) if inside else L.reshape_like(x, like)
