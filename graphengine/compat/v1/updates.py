"""Changes of rows of variables, and what is asked of variables, by TensorFlow 1's names."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ... import dtypes
from ...frontend import printing
from ...frontend.build import control_dependencies, convert_to_tensor
from ...frontend.variable_parts import assign_slices
from ...io import gfile
from ...ops.language import L
from ...ops.scatter import AssignSlices


def _scattered(combine: str, what: str) -> Callable[..., Any]:
    def scatter(ref: Any, indices: Any, updates: Any, use_locking: bool = True, name: str | None = None) -> Any:
        places = convert_to_tensor(indices)
        rows = convert_to_tensor(updates, ref.dtype)
        rank = places.shape.rank
        flat = L.reshape(places, (-1, 1))
        values = L.broadcast_to(rows, (*tuple(places.shape), *tuple(ref.shape)[1:])) if rows.shape.rank < rank + len(
            ref.shape) - 1 else rows
        return assign_slices(ref, flat, L.reshape(values, (-1, *tuple(ref.shape)[1:])), AssignSlices(combine), name)

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


def Print(
    input_: Any, data: Any, message: str | None = None, first_n: int | None = None, summarize: int | None = None,
    name: str | None = None,
) -> Any:
    """The tensor itself; each time that it is computed, `data` is printed with a text before it.

    Parameters
    ----------
    first_n : print so many times only; always if None
    summarize : elements to show at both ends of each axis
    """
    left = [-1 if first_n is None else first_n]

    class Stream:
        @staticmethod
        def write(text: str) -> None:
            import sys

            if left[0]:
                sys.stderr.write(text)
                left[0] -= text.endswith("\n")

        @staticmethod
        def flush() -> None:
            """Nothing is kept back."""

    x = convert_to_tensor(input_)
    shown = printing.print_(message or "", *data, output_stream=Stream(), summarize=summarize or 3, sep="")
    if shown is None:
        return x
    with control_dependencies([shown] if not isinstance(shown, (list, tuple)) else list(shown)):
        return L.identity(x, name=name)


def lin_space(start: Any, stop: Any, num: Any, name: str | None = None) -> Any:
    """`linspace`."""
    return L.linspace(start, stop, num, name=name)


def clip_by_average_norm(t: Any, clip_norm: Any, name: str | None = None) -> Any:
    """A tensor whose norm, divided by the number of its elements, is at most `clip_norm`."""
    x = convert_to_tensor(t)
    average = L.sqrt(L.reduce_sum(x * x)) / L.cast(L.size_of(x), x.dtype) if x.shape.rank is None else \
        L.sqrt(L.reduce_sum(x * x)) / L.count_along(x, list(range(x.shape.rank)))
    return L.multiply(x, clip_norm / L.maximum(average, clip_norm), name=name)


def verify_tensor_all_finite(t: Any = None, msg: str = "", name: str | None = None, x: Any = None) -> Any:
    """The tensor itself; an error, when run, if an element is NaN or infinite."""
    value = convert_to_tensor(t if x is None else x)
    return L.checked(value, L.logical_not(L.is_finite(value)), f"{msg} : Tensor had NaN or Inf values", name=name)


def batch_gather(params: Any, indices: Any, name: str | None = None) -> Any:
    """Elements of each batch element by its own indices: `gather` with ``batch_dims``."""
    places = convert_to_tensor(indices)
    rank = places.shape.rank - 1
    return L.gather(params, L.cast(places, dtypes.int32), None, rank, rank, name=name)


FUNCTIONS: dict[str, Any] = {
    **{f.__name__: f for f in (
        Print, batch_gather, clip_by_average_norm, lin_space, scatter_nd_add, scatter_nd_sub, scatter_nd_update,
        verify_tensor_all_finite)},
    "scatter_update": scatter_update, "scatter_add": scatter_add, "scatter_sub": scatter_sub,
    "scatter_max": scatter_max, "scatter_min": scatter_min,
    **{f"gfile.{old}": gfile.FUNCTIONS[new] for old, new in (
        ("Copy", "copy"), ("DeleteRecursively", "rmtree"), ("Exists", "exists"), ("FastGFile", "GFile"),
        ("GFile", "GFile"), ("Glob", "glob"), ("IsDirectory", "isdir"), ("ListDirectory", "listdir"),
        ("MakeDirs", "makedirs"), ("MkDir", "mkdir"), ("Open", "GFile"), ("Remove", "remove"), ("Rename", "rename"),
        ("Stat", "stat"), ("Walk", "walk"))},
}
