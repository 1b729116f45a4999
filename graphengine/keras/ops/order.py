"""Functions that rest on the order of elements: parts of it, quantiles, classes, and what occurs how often."""
from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import AttributeValueError, ShapeError
from ...frontend import control
from ...ops.language import L
from .arrangement import moveaxis
from .pointwise import max as largest
from .pointwise import min as smallest
from .promotion import floating, numbers, tensor, together

METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def sort(x: Any, axis: int | None = -1) -> Any:
    """Elements in order along an axis, in the flat tensor if None."""
    line, k = _line(x, axis)
    return L.cast(L.sort(numbers(line), k), line.dtype)


def argsort(x: Any, axis: int | None = -1) -> Any:
    """The places of the elements in order along an axis, in the flat tensor if None."""
    line, k = _line(x, axis)
    return L.argsort(numbers(line), k)


def argpartition(x: Any, kth: int, axis: int | None = -1) -> Any:
    """Places of the elements, so that the one at place `kth` has the smaller ones before it and the others behind."""
    del kth                                 # all elements in order have each one at its place
    return argsort(x, axis)


def _line(x: Any, axis: int | None) -> tuple[Any, int]:
    found = tensor(x)
    return (L.reshape(found, (-1,)), 0) if axis is None else (found, axis)


def ptp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest elements less the smallest."""
    found = numbers(x)
    return largest(found, axis, keepdims) - smallest(found, axis, keepdims)


def searchsorted(sorted_sequence: Any, values: Any, side: str = "left") -> Any:
    """Where values would have to go in an ordered sequence."""
    return L.searchsorted(*together(sorted_sequence, values), side)


def digitize(x: Any, bins: Any) -> Any:
    """For each number how many of the bounds, which are in order, are not above it."""
    found = tensor(x)
    bounds = floating(bins)
    wanted = L.cast(found, "float64" if found.dtype.size == 8 else "float32")
    places = L.searchsorted(L.cast(bounds, wanted.dtype), L.reshape(wanted, (-1,)), "right")
    return L.reshape_like(places, found)


# -------------------------------------------------------------------- quantiles

def quantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The element below which a share `q` of them lies, along axes; between two of them as `method` says.

    Shapes
    ------
    q : scalar or (n,)
    result : what is left of the axes of x, behind those of q

    Raises
    ------
    AttributeValueError for another method than linear, lower, higher, midpoint and nearest.
    """
    found = floating(x)
    line = L.sort(_behind(found, axis), -1)
    values = _between(line, None, q, method)
    values = L.where(L.reduce_any(L.is_nan(line), -1, True), tensor(np.nan, line.dtype), values)
    return _placed(values, found, q, axis, keepdims)


def percentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` of shares in hundredths."""
    return quantile(x, floating(q) / 100.0, axis, method, keepdims)


def median(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The element in the middle of the order, or the mean of two, along axes."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def nanquantile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` of the elements that are not NaN; NaN if there is none."""
    found = floating(x)
    line = _behind(found, axis)
    line = L.pad(line, [[0, 0]] * (line.rank - 1) + [[0, 1]], "CONSTANT", np.nan)       # so that none is empty
    is_missing = L.is_nan(line)
    count = L.reduce_sum(L.cast(L.logical_not(is_missing), "float64"), -1, True)
    line = L.sort(L.where(is_missing, tensor(np.inf, line.dtype), line), -1)
    values = L.where(count > 0.0, _between(line, count, q, method), tensor(np.nan, line.dtype))
    return _placed(values, found, q, axis, keepdims)


def nanpercentile(x: Any, q: Any, axis: Any = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`nanquantile` of shares in hundredths."""
    return nanquantile(x, floating(q) / 100.0, axis, method, keepdims)


def nanmedian(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The middle one of the elements that are not NaN, along axes."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


def _axes(x: Any, axis: Any) -> list[int]:
    axes = list(range(x.rank)) if axis is None else [axis] if isinstance(axis, int) else list(axis)
    if any(not -x.rank <= k < x.rank for k in axes):
        raise ShapeError(f"axes {axes} of a tensor of rank {x.rank}", op="quantile")
    return [k % x.rank for k in axes]


def _behind(x: Any, axis: Any) -> Any:
    """The tensor with some of its axes as the last one."""
    axes = _axes(x, axis)
    rest = [k for k in range(x.rank) if k not in axes]
    moved = L.transpose(x, (*rest, *axes))
    if not rest:
        return L.reshape(moved, (-1,))
    if all(isinstance(x.shape[k], int) for k in axes):
        sizes = [x.shape[k] for k in rest]
        if sum(not isinstance(n, int) for n in sizes) <= 1:
            return L.reshape(moved, (*(n if isinstance(n, int) else -1 for n in sizes),
                                     int(np.prod([x.shape[k] for k in axes]))))
    return L.reshape(moved, L.concat([L.shape_of(moved)[:len(rest)], [-1]], 0))


def _between(line: Any, count: Any, q: Any, method: str) -> Any:
    """The elements of ordered rows at shares of the first `count` of them, or of all if None.

    Shapes
    ------
    line : (..., n)
    count : (..., 1)
    result : (..., number of shares)
    """
    if method not in METHODS:
        raise AttributeValueError(f"method={method!r}; it takes {', '.join(METHODS)}", op="quantile")
    last = (L.cast(L.shape_of(line)[-1], "float64") if count is None else count) - 1.0
    exact = L.cast(L.reshape(tensor(q), (-1,)), "float64") * last

    def at(place: Any) -> Any:
        place = L.cast(L.maximum(L.minimum(place, last), 0.0), "int32")
        return L.gather(line, place, axis=-1, batch_dims=0 if count is None else line.rank - 1)

    if method == "nearest":
        return at(L.round(exact))
    if method in ("lower", "higher"):
        return at(L.floor(exact) if method == "lower" else L.ceil(exact))
    lower, higher = at(L.floor(exact)), at(L.ceil(exact))
    if method == "midpoint":
        return 0.5 * (lower + higher)
    share = L.cast(exact - L.floor(exact), line.dtype)
    return L.where(L.equal(share, 0.0), lower, lower * (1.0 - share) + higher * share)


def _placed(values: Any, x: Any, q: Any, axis: Any, keepdims: bool) -> Any:
    """Values of shares, which are along the last axis, as they come to the user."""
    values = moveaxis(values, -1, 0)
    if keepdims:
        for k in sorted(_axes(x, axis)):
            values = L.expand_dims(values, k + 1)
    return values if tensor(q).rank else L.squeeze(values, 0)


# -------------------------------------------------------------------- what occurs

def isin(x1: Any, x2: Any, assume_unique: bool = False, invert: bool = False) -> Any:
    """Where elements occur in another tensor; where they do not if `invert`."""
    del assume_unique
    a, b = together(x1, x2)
    is_there = L.reduce_any(L.equal(L.expand_dims(a, -1), L.reshape(b, (-1,))), -1)
    return L.logical_not(is_there) if invert else is_there


def histogram(x: Any, bins: int = 10, range: Any = None) -> tuple[Any, Any]:
    """How many numbers lie in each of `bins` equal parts of a range, all there is if None; and the bounds of the parts.

    The last part holds its upper bound, too.

    Raises
    ------
    ShapeError unless there is one axis.
    """
    line = tensor(x)
    if line.rank != 1:
        raise ShapeError(f"{line.rank} axes; numbers in a row are counted", op="histogram", fix="ravel(x)")
    low, high = (L.reduce_min(line), L.reduce_max(line)) if range is None else (tensor(v, line.dtype) for v in range)
    bounds = L.cast(L.linspace(floating(low), floating(high), bins + 1), line.dtype)
    places = L.searchsorted(bounds[1:-1], line, "right")
    is_inside = L.logical_and(line >= low, line <= high)
    counts = L.unsorted_segment_sum(L.cast(is_inside, "int32"), places, bins)
    return L.cast(counts, line.dtype), bounds


def unique(
    x: Any, sorted: bool = True, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, size: int | None = None, fill_value: Any = None,
) -> Any:
    """Each element that occurs, once; or each slice along an axis.

    Parameters
    ----------
    sorted : in order; else as they come
    return_index, return_inverse, return_counts : also give the place where each one is first; for each element which
        one it is; how often each one occurs
    size : give so many, the first, or `fill_value` behind them, 0 if None
    """
    found = tensor(x)
    line, k = _line(found, axis)
    k %= line.rank
    ranks = _ranks(moveaxis(line, k, 0))
    ones, which, counts = L.unique_with_counts(ranks)
    firsts = L.unsorted_segment_min(L.cast(L.range(0, L.size_of(ranks), 1), "int32"), which, L.size_of(ones))
    if sorted:
        order = L.argsort(ones)
        firsts, counts = L.gather(firsts, order), L.gather(counts, order)
        which = L.gather(L.invert_permutation(order), which)
    values = L.gather(line, firsts, axis=k)
    if size is not None:
        values, firsts, counts = (_of_size(v, size, at, fill) for v, at, fill in (
            (values, k, 0 if fill_value is None else fill_value), (firsts, 0, 1), (counts, 0, 0)))
    if axis is None:
        which = L.reshape_like(which, found)
    results = [values, *(v for v, is_wanted in (
        (firsts, return_index), (which, return_inverse), (counts, return_counts)) if is_wanted)]
    return tuple(results) if len(results) > 1 else values


def _ranks(rows: Any) -> Any:
    """For each slice along the first axis how many different ones come before it in the order of their elements."""
    if rows.rank == 1:
        return _rank(rows)
    table = L.reshape(rows, L.concat([L.shape_of(rows)[:1], [-1]], 0))
    count = L.cast(L.shape_of(table)[0], "int64")
    begin = L.zeros_like(L.cast(L.reduce_any(L.equal(table, table), 1), "int32"))

    def step(k: Any, ranks: Any) -> tuple[Any, Any]:
        column = _rank(L.gather(table, k, axis=1))
        return k + 1, _rank(L.cast(ranks, "int64") * count + L.cast(column, "int64"))

    return control.while_loop(lambda k, _: k < L.shape_of(table)[1], step, [tensor(0), begin])[1]


def _rank(line: Any) -> Any:
    values, which = L.unique(L.cast(line, "int32") if line.dtype.name == "bool" else line)
    return L.gather(L.invert_permutation(L.argsort(values)), which)


def _of_size(x: Any, size: int, axis: int, fill: Any) -> Any:
    """The first slices along an axis, with others of one value behind them."""
    front = moveaxis(x, axis, 0)
    more = L.broadcast_to(tensor(fill, x.dtype), L.concat([[size], L.shape_of(front)[1:]], 0))
    return moveaxis(L.slice(L.concat([front, more], 0), [0] * front.rank, [size] + [-1] * (front.rank - 1)), 0, axis)
