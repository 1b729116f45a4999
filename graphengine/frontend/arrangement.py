"""Functions that put elements into places: indices, pieces put together, histograms."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import as_dtype
from ..errors import AttributeValueError, ShapeError
from ..ir.dims import Shape
from ..ir.eager import EagerTensor
from ..ir.node import Tensor
from ..ops.indexing import as_size, numbers_in
from ..ops.kinds import broadcast_shapes
from ..ops.language import L
from ..ops.rules import normal_axis
from ..ops.state import Const
from .build import convert_to_tensor
from .pieces import known_value
from .variables import Variable


def get_static_value(tensor: Any, partial: bool = False) -> np.ndarray[Any, Any] | None:
    """The numbers of a tensor that are known without running anything, as an array; None if they are not."""
    del partial
    if isinstance(tensor, EagerTensor):
        return np.array(tensor.array)
    if isinstance(tensor, Tensor):
        op = tensor.node.op
        if isinstance(op, Const):
            return np.array(op.value.array)
        if op.name == "shape_of":
            sizes = tensor.node.inputs[0].shape
            if sizes.rank is not None and all(isinstance(s, int) for s in sizes):
                return np.array(tuple(sizes), tensor.dtype.numpy)
        return None
    return None if isinstance(tensor, Variable) else np.asarray(tensor)


def axis_last(rank: int, axis: int) -> list[int]:
    """The order of axes in which one of them is the last."""
    along = normal_axis(axis, rank)
    return [*(j for j in range(rank) if j != along), along]


def counted(x: Any, axis: int) -> Any:
    """0, 1, 2, ... as many as an axis is long; an array where that is known."""
    size = x.shape[axis]
    if isinstance(size, int):
        return np.arange(size, dtype=np.int32)
    others = [k for k in range(x.rank) if k != axis % x.rank]
    line = L.zeros_like(x[tuple(slice(1) if k in others else slice(None) for k in range(x.rank))], dtypes.int32)
    return L.cumsum(1 + (L.reduce_sum(line, others) if others else line), 0, True)  # so that it is seen to be as long


def unravel_index(indices: Any, dims: Any, name: str | None = None) -> Any:
    """The index along each axis of elements that are counted through all of them, the last axis first.

    Raises
    ------
    InvalidArgumentError, when run, for an index outside the tensor.

    Shapes
    ------
    indices : any
    result : (number of dims, *indices)

    Examples
    --------
    >>> import graphengine as tf
    >>> print(tf.unravel_index([5, 3], [2, 3]).numpy())
    [[1 1]
     [2 0]]
    """
    x = convert_to_tensor(indices)
    sizes = [n if isinstance(n, int) else L.cast(n, x.dtype) for n in numbers_in(dims)]
    shown = str(tuple(sizes)) if all(isinstance(n, int) for n in sizes) else "these dims"
    x = L.checked(x, L.logical_or(x < 0, x >= math.prod(sizes)), f"an index is outside of a tensor of shape {shown}",
                  "unravel_index")
    found = [L.floormod(L.floordiv(x, math.prod(sizes[k + 1:])), size) for k, size in enumerate(sizes)]
    return L.stack(found, 0, name=name)


def dynamic_stitch(indices: Sequence[Any], data: Sequence[Any], name: str | None = None) -> Any:
    """Tensors put together: the slice of `data[k]` at each place goes to the place that `indices[k]` has there.

    Where several go to one place, the last stays; places where none goes hold 0.

    Shapes
    ------
    indices : each any shape, of whole numbers
    data : each the shape of its indices, then the same further axes
    result : (largest index + 1, further axes)

    Examples
    --------
    >>> import graphengine as tf
    >>> print(tf.dynamic_stitch([[0, 2], [1]], [[10, 20], [30]]).numpy())
    [10 30 20]
    """
    places, values = [convert_to_tensor(i) for i in indices], [convert_to_tensor(d) for d in data]
    if not places or len(places) != len(values):
        raise ShapeError(f"{len(places)} indices and {len(values)} data", op="dynamic_stitch")
    rest = numbers_in(L.shape_of(values[0]))[places[0].shape.rank:]
    at = L.concat([L.reshape(i, (-1,)) for i in places], 0)
    at = L.checked(at, at < 0, "an index is negative", "dynamic_stitch")
    slices = L.concat([L.reshape(v, (-1, *rest)) for v in values], 0)
    order = L.cumsum(L.ones_like(at), 0, True)
    last = L.unsorted_segment_max(order, at, L.maximum(L.reduce_max(at), -1) + 1)
    found = L.gather(slices, L.maximum(last, 0), None, 0)
    return L.where(L.reshape(last, (-1, *[1] * len(rest))) >= 0, found, np.zeros((), found.dtype.numpy), name=name)


def strided_slice(
    input_: Any, begin: Any, end: Any, strides: Any = None, begin_mask: int = 0, end_mask: int = 0,
    ellipsis_mask: int = 0, new_axis_mask: int = 0, shrink_axis_mask: int = 0, var: Any = None,
    name: str | None = None,
) -> Any:
    """What ``input_[begin:end:strides]`` reads along each axis.

    Parameters
    ----------
    begin_mask, end_mask : bit k: leave out the begin, or the end, of entry k
    ellipsis_mask, new_axis_mask, shrink_axis_mask : bit k: entry k is ``...``, ``newaxis``, or the single index `begin`
    """
    del var
    begins, ends = numbers_in(begin), numbers_in(end)
    steps = [1] * len(begins) if strides is None else known_value(strides, "strides").tolist()
    entries: list[Any] = []
    for k, (first, last, step) in enumerate(zip(begins, ends, steps, strict=True)):
        bit = 1 << k
        if ellipsis_mask & bit:
            entries.append(...)
        elif new_axis_mask & bit:
            entries.append(None)
        elif shrink_axis_mask & bit:
            entries.append(first)
        else:
            entries.append(slice(None if begin_mask & bit else first, None if end_mask & bit else last, step))
    return L.identity(convert_to_tensor(input_)[tuple(entries)], name=name)


def reverse_sequence(
    input: Any, seq_lengths: Any, seq_axis: int | None = None, batch_axis: int | None = None, name: str | None = None
) -> Any:
    """The first elements of each sequence turned around, as many as its length says; those behind stay.

    Shapes
    ------
    input : sequences along `seq_axis`, a batch of them along `batch_axis`
    seq_lengths : (batch,)
    """
    if seq_axis is None:
        raise AttributeValueError("seq_axis=None; it is the axis of the elements", op="reverse_sequence")
    x = convert_to_tensor(input)
    along, batch = normal_axis(seq_axis, x.rank), normal_axis(batch_axis or 0, x.rank)
    order = [batch, along, *(k for k in range(x.rank) if k not in (along, batch))]
    turned = L.transpose(x, order)
    lengths = L.expand_dims(L.cast(seq_lengths, dtypes.int32), 1)
    places = L.expand_dims(counted(turned, 1), 0) + L.zeros_like(lengths)
    picked = L.gather(turned, L.where(places < lengths, lengths - 1 - places, places), None, 1, 1)
    return L.transpose(picked, [order.index(k) for k in range(x.rank)], name=name)


# -------------------------------------------------------------------- histograms

def histogram_fixed_width_bins(
    values: Any, value_range: Any, nbins: int = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Any:
    """The number of the bin that each value is in: equal ones over a range, the outer ones open."""
    x = convert_to_tensor(values)
    ends = L.cast(value_range, x.dtype)
    ends = L.checked(ends, L.logical_not(ends[0] < ends[1]), "value_range[0] is not less than value_range[1]",
                     "histogram_fixed_width")
    share = (x - ends[0]) / (ends[1] - ends[0])     # float64 of whole numbers
    count = L.cast(nbins, share.dtype)
    return L.cast(L.clip_by_value(L.floor(share * count), 0.0, count - 1.0), dtype, name=name)


def histogram_fixed_width(
    values: Any, value_range: Any, nbins: int = 100, dtype: Any = dtypes.int32, name: str | None = None
) -> Any:
    """How many values are in each of `nbins` equal bins over a range; what is outside counts to the outer ones."""
    places = L.reshape(histogram_fixed_width_bins(values, value_range, nbins), (-1,))
    return L.unsorted_segment_sum(L.ones_like(places, dtype), places, as_size(nbins), name=name)


# -------------------------------------------------------------------- shapes

def broadcast_static_shape(shape_x: Any, shape_y: Any) -> Shape:
    """The shape of two tensors that meet elementwise.

    Raises
    ------
    ShapeError if sizes differ and neither is 1.
    """
    return broadcast_shapes(["shape_x", "shape_y"], [Shape(shape_x), Shape(shape_y)])


def broadcast_dynamic_shape(shape_x: Any, shape_y: Any) -> Any:
    """The sizes of two tensors that meet elementwise, from tensors that hold theirs."""
    x, y = (known_value(s, "shape").reshape(-1) for s in (shape_x, shape_y))
    return convert_to_tensor(np.array(tuple(broadcast_static_shape(x.tolist(), y.tolist())), x.dtype))


def shape_n(input: Sequence[Any], out_type: Any = dtypes.int32, name: str | None = None) -> list[Any]:
    """The shape of each tensor."""
    return [L.cast(L.shape_of(convert_to_tensor(x)), as_dtype(out_type), name=name) for x in input]


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    broadcast_dynamic_shape, broadcast_static_shape, dynamic_stitch, get_static_value, histogram_fixed_width,
    histogram_fixed_width_bins, reverse_sequence, shape_n, strided_slice, unravel_index,
)}
