"""Functions of tensors that TensorFlow 2 has under other names, with other arguments, or not at all."""
from __future__ import annotations

from typing import Any, NamedTuple

from ... import dtypes
from ...frontend.build import convert_to_tensor
from ...frontend.pieces import boolean_mask
from ...ops.language import L


def to_float(x: Any, name: str = "ToFloat") -> Any:
    """As float32."""
    return L.cast(x, dtypes.float32, name=name)


def to_double(x: Any, name: str = "ToDouble") -> Any:
    """As float64."""
    return L.cast(x, dtypes.float64, name=name)


def to_bfloat16(x: Any, name: str = "ToBFloat16") -> Any:
    """As bfloat16."""
    return L.cast(x, dtypes.bfloat16, name=name)


def to_int32(x: Any, name: str = "ToInt32") -> Any:
    """As int32, towards zero."""
    return L.cast(x, dtypes.int32, name=name)


def to_int64(x: Any, name: str = "ToInt64") -> Any:
    """As int64, towards zero."""
    return L.cast(x, dtypes.int64, name=name)


def div(x: Any, y: Any, name: str | None = None) -> Any:
    """x / y, rounded down where both are whole numbers: Python 2's division."""
    x = convert_to_tensor(x)
    return L.floordiv(x, y, name=name) if x.dtype.is_integer else L.divide(x, y, name=name)


def where(condition: Any, x: Any = None, y: Any = None, name: str | None = None) -> Any:
    """`x` where the condition holds, `y` elsewhere; a condition of one axis chooses whole rows.

    Without x and y the places where the condition holds.

    Shapes
    ------
    condition : that of x and y, or (rows,)
    x, y : the same
    result : that of x; without it (places, axes of the condition), int64
    """
    if x is None and y is None:
        return L.places_where(convert_to_tensor(condition), name=name)
    condition, x = convert_to_tensor(condition), convert_to_tensor(x)
    if condition.shape.rank == 1 and (x.shape.rank or 0) > 1:
        condition = L.reshape(condition, (-1, *[1] * (x.shape.rank - 1)))
    return L.where(condition, x, y, name=name)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """Elements of each batch element by its own indices: `gather` with ``batch_dims``."""
    places = convert_to_tensor(indices)
    rank = places.shape.rank - 1
    return L.gather(params, L.cast(places, dtypes.int32), None, rank, rank, name=name)


class ListDiff(NamedTuple):
    """What `setdiff1d` gives: elements, and their places."""

    out: Any
    idx: Any


def setdiff1d(x: Any, y: Any, index_dtype: Any = dtypes.int32, name: str | None = None) -> ListDiff:
    """The elements of a vector that are not among those of another, in their order, and where they stand."""
    x = convert_to_tensor(x)
    y = convert_to_tensor(y, x.dtype)
    number = L.unique(L.concat([y, x], 0))[1]       # those of y come first: a greater one is not among them
    count = L.size_of(y)
    alone = number[count:] > L.reduce_max(number[:count])
    places = L.cast(L.reshape(L.places_where(alone), (-1,)), index_dtype)
    return ListDiff(boolean_mask(x, alone, name=name or "setdiff1d"), places)


def lin_space(start: Any, stop: Any, num: Any, name: str | None = None) -> Any:
    """`linspace`."""
    return L.linspace(start, stop, num, name=name)


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Any:
    """A tensor whose norm, divided by the number of its elements, is at most `clip_norm`."""
    x = convert_to_tensor(t)
    average = L.sqrt(L.reduce_sum(x * x)) / L.cast(L.size_of(x), x.dtype) if x.shape.rank is None else \
        L.sqrt(L.reduce_sum(x * x)) / L.count_along(x, list(range(x.shape.rank)))
    return L.multiply(x, clip_norm / L.maximum(average, clip_norm), name=name)


FUNCTIONS: dict[str, Any] = {f.__name__: f for f in (
    batch_gather, clip_by_average_norm, div, lin_space, setdiff1d, to_bfloat16, to_double, to_float,
    to_int32, to_int64, where)}
