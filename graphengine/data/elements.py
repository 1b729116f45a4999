"""Elements of a dataset: nested tuples and dicts of tensors, their types, and how several become one.

Lists are tensors here, as in TensorFlow: only tuples, named tuples and dicts are structures.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..frontend.build import constant, convert_to_tensor, placeholder
from ..frontend.function import TensorSpec
from ..frontend.structure import Structure, flatten
from ..ir.eager import EagerTensor
from ..ir.graph import at_once
from ..ir.node import Tensor

Array = np.ndarray[Any, Any]


class Iterated:
    """What every dataset is: elements may hold datasets, such as windows."""


class _Whole:
    """A list or an array among structures: a leaf."""

    def __init__(self, value: Any) -> None:
        self.value = value


def taken_apart(value: Any) -> tuple[Structure, list[Any]]:
    """Structure and leaves of an element."""
    structure, leaves = flatten(_with_whole_lists(value))
    return structure, [x.value if isinstance(x, _Whole) else x for x in leaves]


def _with_whole_lists(value: Any) -> Any:
    if isinstance(value, list):
        return _Whole(value)
    if isinstance(value, tuple):
        parts = [_with_whole_lists(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if isinstance(value, Mapping):
        return {k: _with_whole_lists(v) for k, v in value.items()}
    return value


def element_of(value: Any) -> Any:
    """A value as an element: each leaf a tensor that has its numbers.

    Raises
    ------
    DTypeError for strings and other things that are no numbers.
    """
    structure, leaves = taken_apart(value)
    return structure.fill([x if isinstance(x, Iterated) else leaf_of(x) for x in leaves])


def leaf_of(value: Any) -> Any:
    if type(value) is EagerTensor:
        return value
    array = value if isinstance(value, (np.ndarray, np.generic)) else None
    if array is None and not hasattr(value, "dtype"):
        array = np.asarray(value)
        array = None if array.dtype.kind in "fiub" else array
    if array is not None and array.dtype.kind not in "fiub":
        raise DTypeError(f"a dataset of {array.dtype} values", op="data",
                         fix="there are tensors of numbers only; give numbers, such as places in a list of words")
    with at_once():
        found = convert_to_tensor(value)
    if not isinstance(found, EagerTensor):
        raise InvalidArgumentError(f"{value!r} of a graph has no numbers yet", op="data",
                                   fix="make datasets of arrays, and take their elements into the graph")
    return found


def spec_of(element: Any) -> Any:
    """Types and shapes of an element."""
    structure, leaves = taken_apart(element)
    return structure.fill([x if isinstance(x, (TensorSpec, Iterated)) else TensorSpec(tuple(x.shape), x.dtype)
                           for x in leaves])


def in_types(value: Any, spec: Any) -> Any:
    """What a generator gave, in the types that were announced.

    Raises
    ------
    ShapeError if it has other parts or another shape.
    """
    structure, types = taken_apart(spec)
    leaves = taken_apart(tuple(value) if isinstance(spec, tuple) and isinstance(value, list) else value)[1]
    if len(leaves) != len(types):
        raise ShapeError(f"the generator gave {len(leaves)} values, its signature has {len(types)}",
                         op="from_generator")
    found = []
    for x, s in zip(leaves, types, strict=True):
        tensor = EagerTensor(np.array(x, s.placeholder()[0].numpy))
        tensor.set_shape(s.shape)
        found.append(tensor)
    return structure.fill(found)


def mapped(function: Callable[[TensorSpec], Any], spec: Any) -> Any:
    """A specification with another one for each leaf."""
    structure, leaves = taken_apart(spec)
    return structure.fill([function(x) for x in leaves])


def with_axis(spec: Any, size: int | None) -> Any:
    """The specification of batches."""
    return mapped(lambda s: TensorSpec(None if s.shape.rank is None else (size, *s.shape), s.dtype), spec)


def without_axis(spec: Any) -> Any:
    """The specification of the pieces along the first axis."""
    return mapped(lambda s: TensorSpec(None if s.shape.rank is None else tuple(s.shape)[1:], s.dtype), spec)


def as_placeholders(spec: Any) -> Any:
    """Symbols of the graph that is being drawn, for each leaf."""
    return mapped(lambda s: placeholder(s.dtype, s.shape), spec)  # type: ignore[return-value, arg-type]


def as_tensors(element: Any) -> Any:
    """What a function of symbols returned, numbers in it as constants."""
    structure, leaves = taken_apart(element)
    return structure.fill([x if isinstance(x, (Tensor, EagerTensor, Iterated)) else constant(x) for x in leaves])


def arguments(element: Any) -> tuple[Any, ...]:
    """What a function of elements is called with: the parts of a tuple one by one."""
    return element if type(element) is tuple else (element,)


def stacked(elements: Sequence[Any]) -> Any:
    """Several elements along a new first axis.

    Raises
    ------
    ShapeError if they differ in shape.
    """
    structure, _ = taken_apart(elements[0])
    columns = zip(*(taken_apart(e)[1] for e in elements), strict=True)
    return structure.fill([_stack(column) for column in columns])


def _stack(column: Sequence[Any]) -> EagerTensor:
    arrays = [x.array for x in column]
    other = next((a for a in arrays if a.shape != arrays[0].shape), None)
    if other is not None:
        raise ShapeError(f"elements of shape {arrays[0].shape} and {other.shape} in one batch", op="batch",
                         fix="use padded_batch, or map them to one shape")
    return EagerTensor(np.stack(arrays))


def padded(elements: Sequence[Any], shapes: Any, values: Any) -> Any:
    """Several elements along a new first axis, the shorter ones filled up at the end of each axis.

    Parameters
    ----------
    shapes : for each leaf its sizes, None or -1 for the largest among the elements; None: all of them
    values : for each leaf what is filled in, or one number for all
    """
    structure, leaves = taken_apart(elements[0])
    count = len(leaves)
    wanted = given_shapes(shapes, count)
    filled = [values] * count if not isinstance(values, (tuple, Mapping)) else taken_apart(values)[1]
    columns = zip(*(taken_apart(e)[1] for e in elements), strict=True)
    return structure.fill([
        _pad([x.array for x in column], shape, value)
        for column, shape, value in zip(columns, wanted, filled, strict=True)
    ])


def padded_spec(spec: Any, size: int | None, shapes: Any) -> Any:
    """The specification of what `padded` makes, of so many elements."""
    structure, leaves = taken_apart(spec)
    found = []
    for s, given in zip(leaves, given_shapes(shapes, len(leaves)), strict=True):
        sizes = [None] * len(s.shape) if given is None else [None if n == -1 else n for n in given]
        found.append(TensorSpec((size, *sizes), s.dtype))
    return structure.fill(found)


def given_shapes(shapes: Any, count: int) -> list[Any]:
    """The shape of each leaf, None where nothing is said."""
    if shapes is None:
        return [None] * count
    if isinstance(shapes, Mapping):
        return [shapes[k] for k in sorted(shapes)]
    if count == 1 and not (isinstance(shapes, tuple) and len(shapes) == 1 and isinstance(shapes[0], (list, tuple))):
        return [shapes]
    return list(shapes)


def _pad(arrays: Sequence[Array], shape: Any, value: Any) -> EagerTensor:
    largest = [max(sizes) for sizes in zip(*(a.shape for a in arrays), strict=True)]
    sizes = largest if shape is None else [
        most if size in (None, -1) else int(size) for size, most in zip(list(shape), largest, strict=True)]
    for size, most in zip(sizes, largest, strict=True):
        if size < most:
            raise InvalidArgumentError(f"an element of size {most} does not fit into {size}", op="padded_batch")
    result = np.full((len(arrays), *sizes), 0 if value is None else value, arrays[0].dtype)
    for k, a in enumerate(arrays):
        part: tuple[Any, ...] = k, *[slice(0, n) for n in a.shape]
        result[part] = a
    return EagerTensor(result)
