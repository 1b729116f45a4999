"""Changes of rows and parts of variables by TensorFlow 1's names."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import InvalidArgumentError, OutOfRangeError
from ...frontend.build import control_dependencies, convert_to_tensor
from ...frontend.calls import numpy_function
from ...frontend.variable_parts import assign_slices
from ...ops.language import L
from ...ops.places import check_places
from ...ops.quiet import quiet
from ...ops.scatter import AssignSlices


def _rows(ref: Any, indices: Any, updates: Any) -> tuple[Any, Any]:
    """Indices as a vector, and a row for each of them."""
    places, rows = convert_to_tensor(indices), convert_to_tensor(updates, ref.dtype)
    row = tuple(ref.shape)[1:]
    if rows.shape.rank < places.shape.rank + len(row):
        rows = L.broadcast_to(rows, (*tuple(places.shape), *row))
    return L.reshape(places, (-1,)), L.reshape(rows, (-1, *row))


def _scattered(combine: str, what: str) -> Callable[..., Any]:
    def scatter(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Any:
        places, rows = _rows(ref, indices, updates)
        return assign_slices(ref, L.expand_dims(places, 1), rows, AssignSlices(combine), name)

    scatter.__doc__ = f"{what} the rows at `indices` of a variable; its new value."
    return scatter


scatter_update = _scattered("update", "Replace")
scatter_add = _scattered("add", "Add to")
scatter_sub = _scattered("sub", "Subtract from")
scatter_max = _scattered("max", "Take the larger with")
scatter_min = _scattered("min", "Take the smaller with")


def scatter_nd_update(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Any:
    """Replace the parts of a variable that `indices` name; its new value."""
    return assign_slices(ref, indices, convert_to_tensor(updates, ref.dtype), AssignSlices("update"), name)


def scatter_nd_add(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Add to the parts of a variable that `indices` name; its new value."""
    return assign_slices(ref, indices, convert_to_tensor(updates, ref.dtype), AssignSlices("add"), name)


def scatter_nd_sub(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Subtract from the parts of a variable that `indices` name; its new value."""
    return assign_slices(ref, indices, convert_to_tensor(updates, ref.dtype), AssignSlices("sub"), name)


def _one_by_one(work: Callable[..., Any], ref: Any, indices: Any, updates: Any, name: str | None) -> Any:
    """Rows that meet others one after the other, as many products at once would leave the numbers of the type."""
    def changed(value: Any, places: Any, rows: Any) -> Any:
        check_places(places[:, None], value.shape)
        found = value.copy()
        for place, row in zip(places, rows, strict=True):
            found[place] = work(found[place], row)
        return found

    new = numpy_function(quiet(changed), [ref.read_value(), *_rows(ref, indices, updates)], ref.dtype)
    new.set_shape(ref.shape)
    return ref.assign(new, name=name)


def _whole_quotient(x: Any, y: Any) -> Any:
    if (y == 0).any():
        raise InvalidArgumentError("a row is divided by 0", op="scatter_div")
    return (x - np.fmod(x, y)) // y


def scatter_mul(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Multiply the rows at `indices` of a variable; its new value."""
    return _one_by_one(np.multiply, ref, indices, updates, name)


def scatter_div(ref: Any, indices: Any, updates: Any, use_locking: bool = False, name: str | None = None) -> Any:
    """Divide the rows at `indices` of a variable, whole numbers towards 0; its new value."""
    return _one_by_one(_whole_quotient if ref.dtype.is_integer else np.divide, ref, indices, updates, name)


def batch_scatter_update(
    ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None
) -> Any:
    """Replace rows of each element of a batch, by indices of its own; the variable's new value.

    Shapes
    ------
    ref : (batch..., rows, ...)
    indices : (batch..., n)
    updates : (batch..., n, ...)
    """
    places = L.cast(convert_to_tensor(indices), dtypes.int32)
    shape = tuple(places.shape)
    grid = [L.broadcast_to(L.reshape(L.iota(size, 0, 1, dtypes.int32), (-1, *[1] * (len(shape) - k - 1))), shape)
            for k, size in enumerate(shape[:-1])]
    return scatter_nd_update(ref, L.stack([*grid, places], -1), updates, name=name)


def count_up_to(ref: Any, limit: int, name: str | None = None) -> Any:
    """The value of a variable, which then grows by 1.

    Raises
    ------
    OutOfRangeError, when run, if it has come to the limit.
    """
    def below(value: Any) -> Any:
        if value >= limit:
            raise OutOfRangeError(f"Reached limit of {limit}", op="count_up_to")
        return value

    before = numpy_function(below, [ref.read_value()], ref.dtype)
    before.set_shape(())
    with control_dependencies([ref.assign(before + L.ones_like(before))]):
        return L.identity(before, name=name)


FUNCTIONS: dict[str, Any] = {
    **{f.__name__: f for f in (
        batch_scatter_update, count_up_to, scatter_div, scatter_mul, scatter_nd_add, scatter_nd_sub,
        scatter_nd_update)},
    "scatter_update": scatter_update, "scatter_add": scatter_add, "scatter_sub": scatter_sub,
    "scatter_max": scatter_max, "scatter_min": scatter_min,
}
