"""Functions of arrays whose arguments or results are lists, or whose sizes come from numbers.

They build on ops and add none: `split` and `unstack` give lists, `einsum` begins with its equation, segment sums over
sorted ids take the number of segments from the ids.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import as_dtype
from ..errors import AttributeValueError, DTypeError, ShapeError
from ..ir.dims import Shape
from ..ir.eager import EagerTensor
from ..ir.node import Tensor
from ..ops.indexing import as_size, numbers_in
from ..ops.known import fixed_numbers
from ..ops.language import L
from ..ops.rules import as_int, normal_axis
from ..ops.state import Const
from .build import constant, convert_to_tensor
from .variables import Variable


def range(start: Any, limit: Any = None, delta: Any = 1, dtype: Any = None, name: str | None = None) -> Tensor:
    """The numbers from `start` to before `limit` in steps of `delta`; from 0 to before `start` without a limit.

    Raises
    ------
    AttributeValueError if delta is 0; InvalidArgumentError, when run, if that is known only then.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.Session().run(tf.range(3, 18, 3)))
    [ 3  6  9 12 15]
    """
    first, last = (0, start) if limit is None else (start, limit)
    given = [first, last, delta]
    if not all(_is_known(x) for x in given):
        wanted = None if dtype is None else as_dtype(dtype)
        return L.range(*(given if wanted is None else [L.cast(x, wanted) for x in given]), name=name)  # type: ignore[no-any-return]
    numbers = [known_value(x, label) for x, label in zip(given, ("start", "limit", "delta"), strict=True)]
    for n, label in zip(numbers, ("start", "limit", "delta"), strict=True):
        if n.size != 1:
            raise ShapeError(f"{label} has shape {n.shape}; it is a single number", op="range")
    if numbers[2] == 0:
        raise AttributeValueError("delta is 0", op="range")
    wanted = as_dtype(dtype) if dtype is not None else _common_dtype(numbers)
    return constant(np.arange(*[n.item() for n in numbers]).astype(wanted.numpy), name=name or "range")


# An order of the types of which the first that is among the arguments of `range` is that of its result.
WIDEST_FIRST = sorted(dtypes.Numeric, key=lambda t: (t.is_floating, t.size, not t.is_unsigned), reverse=True)


def _common_dtype(numbers: Sequence[np.ndarray[Any, Any]]) -> dtypes.DType:
    kinds = {as_dtype(n.dtype) for n in numbers}
    return next(k for k in WIDEST_FIRST if k in kinds)


def _is_known(x: Any) -> bool:
    """Whether a value is a number, an array or a constant."""
    return not isinstance(x, Variable) and (not isinstance(x, Tensor) or isinstance(x.node.op, Const))


def known_value(x: Any, label: str) -> np.ndarray[Any, Any]:
    """The numbers of a constant, or of what follows from sizes that are known.

    Raises
    ------
    AttributeValueError for any other tensor.
    """
    if isinstance(x, EagerTensor):          # whose dtype stays
        return x.array
    if not isinstance(x, (Tensor, Variable)):
        return convert_number(x)
    numbers = fixed_numbers(x) if isinstance(x, Tensor) else None
    if numbers is None:
        raise AttributeValueError(
            f"{label} is {x}; a size has to be known while the graph is drawn", fix="give a number or an array"
        )
    return numbers


def convert_number(x: Any) -> np.ndarray[Any, Any]:
    """Numbers as an array of the dtype that a constant of them would have."""
    from ..ops.apply import as_array

    return as_array(x, None)


def eye(
    num_rows: Any, num_columns: Any = None, batch_shape: Any = None, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Tensor:
    """Matrices with ones on the diagonal and zeros elsewhere.

    Parameters
    ----------
    num_columns : as many as rows if None
    batch_shape : sizes of axes before the last two
    """
    kind = as_dtype(dtype).numpy
    if any(isinstance(n, Tensor) for n in (num_rows, num_columns)):     # known when it runs
        rows = range(L.cast(num_rows, dtypes.int32))
        columns = rows if num_columns is None else range(L.cast(num_columns, dtypes.int32))
        made = L.cast(L.equal(L.expand_dims(rows, 1), columns), dtype, name=name or "eye")
    else:
        sizes = as_int(num_rows), as_int(num_rows if num_columns is None else num_columns)
        if min(sizes) < 0:
            raise AttributeValueError(f"a matrix of {sizes[0]} by {sizes[1]}; sizes are not negative", op="eye")
        matrix = np.eye(*sizes, dtype=kind)
        made = constant(matrix, name=name or "eye")
    if batch_shape is None:
        return made  # type: ignore[no-any-return]
    return L.broadcast_to(made, [*numbers_in(batch_shape), *numbers_in(L.shape_of(made))])  # type: ignore[no-any-return]


def split(value: Any, num_or_size_splits: Any, axis: int = 0, num: Any = None, name: str | None = "split") -> list[Any]:
    """A tensor cut along an axis: into equal parts by their number, or by the list of their sizes.

    Raises
    ------
    ShapeError if equal parts do not fit or the sizes do not add up; when run, if that is known only then.
    """
    del num
    x = convert_to_tensor(value)
    is_list = isinstance(num_or_size_splits, (list, tuple))
    if not is_list and convert_to_tensor(num_or_size_splits).shape.rank == 0:
        count = as_int(known_value(num_or_size_splits, "num_or_size_splits"))
        return [L.split_part(x, axis, count, k, name=name) for k in np.arange(count).tolist()]
    parts = numbers_in(num_or_size_splits)
    whole = None if x.shape.rank is None else x.shape[normal_axis(axis, x.shape.rank)]
    if not is_list and any(isinstance(s, Tensor) for s in parts):
        parts = numbers_in(_filled(convert_to_tensor(num_or_size_splits), L.shape_of(x)[axis]))
    if any(isinstance(s, Tensor) for s in parts) or (whole is None and -1 in parts):
        return _split_at_run_time(x, parts, axis)
    if parts.count(-1) == 1 and isinstance(whole, int):
        parts[parts.index(-1)] = whole - sum(s for s in parts if s != -1)
    if min(parts, default=0) < 0 or (isinstance(whole, int) and sum(parts) != whole):
        raise ShapeError(f"sizes {list(numbers_in(num_or_size_splits))} of axis {axis} with size {whole}", op="split")
    if whole is None:
        x = L.expect_size(x, axis, sum(parts))
    found, begin = [], 0
    for size in parts:
        found.append(x[_at(slice(begin, begin + size), axis)])
        begin += size
    return found


def _filled(sizes: Any, whole: Any) -> Any:
    """Sizes of parts, with what the others leave in the place of -1."""
    is_rest = L.equal(sizes, -L.ones_like(sizes))
    others = L.reduce_sum(L.where(is_rest, L.zeros_like(sizes), sizes))
    return L.where(is_rest, L.maximum(L.cast(whole, sizes.dtype) - others, L.zeros_like(others)), sizes)


def _split_at_run_time(x: Any, sizes: list[Any], axis: int) -> list[Any]:
    """Parts some of whose sizes are known only when the program runs; one of them may be -1, the rest."""
    whole = L.shape_of(x)[axis]
    hole = next((k for k, s in enumerate(sizes) if isinstance(s, int) and s == -1), None)
    others = L.add_n([L.cast(s, whole.dtype) for k, s in enumerate(sizes) if k != hole])
    wrong = whole < others if hole is not None else L.not_equal(whole, others)
    rest = L.checked(whole - others, wrong, "the sizes of the parts do not add up to that of the axis", "split")
    found, begin = [], rest if hole is None else L.zeros_like(rest)     # so that the check is in each of them
    for k, size in enumerate(sizes):
        count = rest if k == hole else L.cast(size, whole.dtype)
        found.append(L.gather(x, L.range(begin, begin + count, L.ones_like(begin)), None, axis))
        begin = begin + count
    return found


def unstack(value: Any, num: int | None = None, axis: int = 0, name: str = "unstack") -> list[Any]:
    """The slices of a tensor along an axis, without it.

    Raises
    ------
    ShapeError if `num` is None and the size is not known, or `num` is another than the size; when run, if that is
    known only then.
    """
    del name
    x = convert_to_tensor(value)
    num = None if num is None else as_int(num)
    shape = x.shape if num is not None else x.known_shape()
    size = None if shape.rank is None else shape[normal_axis(axis, shape.rank)]
    if not isinstance(size, int) and num is None:
        raise ShapeError(f"the size of axis {axis} of {x} is not known", op="unstack", fix="give num=")
    if isinstance(size, int) and num not in (None, size):
        raise ShapeError(f"num={num} of axis {axis} with size {size}", op="unstack")
    count: Any = size if num is None else num
    if size is None:
        x = L.expect_size(x, axis, count)
    return [x[_at(k, axis)] for k in np.arange(count).tolist()]


def _at(entry: Any, axis: int) -> tuple[Any, ...]:
    """An index that reads `entry` along one axis and all of the others."""
    return (*[slice(None)] * axis, entry) if axis >= 0 else (..., entry, *[slice(None)] * (-1 - axis))


def meshgrid(*args: Any, indexing: str = "xy", name: str | None = None) -> list[Any]:
    """The coordinates of the points of a grid: for each vector a tensor over all of them.

    Parameters
    ----------
    indexing : "xy": the first two axes of the results are exchanged; "ij": they stand in the order of the vectors
    """
    del name
    if indexing not in ("xy", "ij"):
        raise AttributeValueError(f"indexing={indexing!r}; it takes one of ('xy', 'ij')", op="meshgrid")
    order = list(np.arange(len(args)).tolist())
    if indexing == "xy" and len(args) > 1:
        order[:2] = [1, 0]
    lines = []
    for x, place in zip([convert_to_tensor(a) for a in args], order, strict=True):
        lines.append(L.reshape(x, tuple(-1 if k == place else 1 for k in np.arange(len(args)))))
    if not lines:
        return []
    whole = L.add_n([L.zeros_like(lines[0], dtypes.int32)])
    for line in lines[1:]:
        whole = whole + L.zeros_like(line, dtypes.int32)
    return [L.broadcast_like(line, whole) for line in lines]


def einsum(equation: str, *inputs: Any, name: str | None = None) -> Any:
    """Products of tensors with named axes, summed over the names that the result does not have.

    Parameters
    ----------
    equation : letters for the axes of each operand, and of the result after ``->``; ``...`` for axes that broadcast

    Raises
    ------
    ShapeError if the equation does not fit the operands.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.Session().run(tf.einsum("ij,j->i", [[1.0, 2.0], [3.0, 4.0]], [1.0, 10.0])))
    [21. 43.]
    """
    return L.einsum(list(inputs), equation, name=name)


class ResizeMethod:
    """Names of the methods of `image.resize`."""

    AREA, BICUBIC, BILINEAR, NEAREST_NEIGHBOR = "area", "bicubic", "bilinear", "nearest"
    GAUSSIAN, LANCZOS3, LANCZOS5, MITCHELLCUBIC = "gaussian", "lanczos3", "lanczos5", "mitchellcubic"


def adjoint(matrix: Any, name: str | None = None) -> Any:
    """The last two axes exchanged: numbers are real, so this is the transpose."""
    return L.matrix_transpose(matrix, name=name)


def boolean_mask(tensor: Any, mask: Any, axis: int | None = None, name: str = "boolean_mask") -> Any:
    """The slices of a tensor where a mask holds, side by side; how many there are is known when the mask is.

    Parameters
    ----------
    tensor : (*outer, *mask, *inner), with as many outer axes as `axis`
    mask : bool; its number of axes has to be known, and is not 0
    axis : first axis of `tensor` that the mask is for, 0 if None

    Returns
    -------
    (*outer, number of places that hold, *inner); gradients reach the slices that were chosen.

    Raises
    ------
    ShapeError if mask and tensor differ along those axes; DTypeError if the mask is not bool.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.Session().run(tf.boolean_mask([1, 2, 3, 4], [True, False, True, False])))
    [1 3]
    """
    holds = convert_to_tensor(mask)
    if holds.dtype is not dtypes.bool:
        raise DTypeError(f"mask is {holds.dtype.name}; it takes bool", op="boolean_mask",
                         fix="compare it, e.g. mask > 0")
    if not holds.shape.rank:
        raise ShapeError("the number of the mask's axes has to be known, and more than 0", op="boolean_mask",
                         fix="give the placeholder a shape, with None for unknown sizes")
    x, first = convert_to_tensor(tensor), 0 if axis is None else as_int(axis)
    if first < 0:
        if x.shape.rank is None:
            raise ShapeError("a negative axis of a tensor of unknown rank", op="boolean_mask", fix="count from 0")
        first += x.shape.rank
    return L.masked(x, holds, L.places_where(holds), first, name=name)


def dynamic_partition(data: Any, partitions: Any, num_partitions: int, name: str | None = None) -> list[Any]:
    """The slices of a tensor sorted into several tensors, in their order.

    Parameters
    ----------
    data : (*partitions, ...)
    partitions : for each slice the number of the tensor that it goes to
    num_partitions : how many there are

    Raises
    ------
    ShapeError if `partitions` has other sizes than the first axes of data. IndexOutsideError, when run, for a number
    outside [0, num_partitions).

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.Session().run(tf.dynamic_partition([10, 20, 30], [1, 0, 1], 2)))
    [array([20], dtype=int32), array([10, 30], dtype=int32)]
    """
    x, numbers = convert_to_tensor(data), convert_to_tensor(partitions)
    places = L.places_of_parts(numbers, num_partitions)
    parts = places if isinstance(places, tuple) else (places,)
    return [L.masked(x, numbers, p, 0, name=name or "dynamic_partition") for p in parts]


def normalize(
    tensor: Any, ord: str | float = "euclidean", axis: Any = None, name: str | None = None
) -> tuple[Any, Any]:
    """A tensor divided by its norm along axes, and the norm, whose axes stay with size 1; see `norm`."""
    x = convert_to_tensor(tensor)
    length = L.norm(x, ord, axis, True)
    return L.divide(x, length, name=name), length


# -------------------------------------------------------------------- counts

def confusion_matrix(
    labels: Any, predictions: Any, num_classes: Any = None, weights: Any = None, dtype: Any = dtypes.int32,
    name: str | None = None,
) -> Any:
    """How often each class (row) was taken for each (column).

    Raises
    ------
    IndexOutsideError, when run, for a class outside [0, num_classes).

    Shapes
    ------
    labels, predictions, weights : (n,)
    result : (num_classes, num_classes)
    """
    places = L.stack([convert_to_tensor(labels), convert_to_tensor(predictions)], 1)
    if num_classes is None:
        num_classes = L.maximum(L.reduce_max(places), -1) + 1
    ones = L.ones_like(places[:, 0], dtype) if weights is None else L.cast(weights, dtype)
    return L.scatter_nd(places, ones, (num_classes, num_classes), name=name)


def bincount(
    arr: Any, weights: Any = None, minlength: int | None = None, maxlength: int | None = None,
    dtype: Any = dtypes.int32, name: str | None = None, axis: int | None = None, binary_output: bool = False,
) -> Any:
    """How often each whole number from 0 on occurs, or the sums of its weights; those from `maxlength` on do not count.

    Parameters
    ----------
    axis : -1 counts in each row of a matrix, 0 or None among all elements
    binary_output : whether to give 1 for a number that occurs, however often

    Returns
    -------
    As many numbers as one more than the largest, but at least `minlength` and at most `maxlength` where these are
    given; how many is known when it has run, unless the two are equal. A row of them for each row with axis -1.

    Raises
    ------
    AttributeValueError for another axis, or weights with `binary_output`; ShapeError for axis -1 of more than two axes;
    InvalidArgumentError, when run, for a negative number.
    """
    if axis not in (None, 0, -1):
        raise AttributeValueError(f"axis is {axis}; it is 0 or -1", op="bincount")
    if weights is not None and binary_output:
        raise AttributeValueError("weights and binary_output are both given; give one of them", op="bincount")
    x = convert_to_tensor(arr)
    x = L.cast(x, dtypes.int32) if x.dtype.is_floating else x       # as TensorFlow takes them
    x = L.checked(x, x < 0, "a number is negative", "bincount")
    terms = L.ones_like(x, dtype) if weights is None else weights
    count: Any = maxlength
    least, most = as_size(minlength), as_size(maxlength)
    if least is None or isinstance(least, Tensor) or isinstance(most, Tensor) or least != most:
        count = L.maximum(L.reduce_max(x), (0 if least is None else L.cast(least, x.dtype)) - 1) + 1
        count = count if maxlength is None else L.minimum(count, maxlength)
    counted = x if maxlength is None else L.where(x < maxlength, x, -1)
    if axis == -1 and x.shape.rank != 1:
        return _counts_of_rows(terms, counted, count, binary_output, name)
    found = L.unsorted_segment_sum(terms, counted, count, name=name)
    return L.minimum(found, 1) if binary_output else found


def _counts_of_rows(terms: Any, x: Any, count: Any, is_binary: bool, name: str | None) -> Any:
    """Sums of terms by the numbers beside them in each row, as segments of one long vector."""
    if x.shape.rank != 2:
        raise ShapeError(f"arr has shape {x.shape}; with axis -1 it is a vector or a matrix", op="bincount")
    height, width = L.cast(L.shape_of(x)[0], x.dtype), L.cast(count, x.dtype)
    rows = L.reshape(L.range(L.zeros_like(height), height, L.ones_like(height)), (-1, 1))
    sums = L.unsorted_segment_sum(terms, L.where(x < 0, x, x + rows * width), height * width)
    found = L.reshape(sums, L.stack([height, width]), name=name)
    return L.minimum(found, 1) if is_binary else found


# -------------------------------------------------------------------- sorted segments

def _segments(which: str, data: Any, segment_ids: Any, name: str | None) -> Any:
    of = f"unsorted_segment_{which}"
    if not _is_known(segment_ids):
        extent = L.segment_extent(segment_ids)
        found = L.sized([data, segment_ids, extent], of, "num_segments", name=name)
        if which not in ("max", "min"):
            return found
        counts = L.sized([L.ones_like(segment_ids), segment_ids, extent], "unsorted_segment_sum", "num_segments")
        return L.where(L.reshape(counts, (-1, *[1] * (found.rank - 1))) > 0, found, np.zeros((), found.dtype.numpy))
    ids = known_value(segment_ids, "segment_ids")
    if ids.ndim != 1 or (np.diff(ids) < 0).any() or (ids < 0).any():
        problem = "segment_ids is no ascending vector of whole numbers from 0 on"
        raise AttributeValueError(problem, op=f"segment_{which}")
    count = int(ids[-1]) + 1 if ids.size else 0
    found = getattr(L, of)(data, ids, count, name=name)
    empty = np.setdiff1d(np.arange(count), ids)
    if which not in ("max", "min") or not empty.size:
        return found
    full = ~np.isin(np.arange(count), empty)
    shape = (count, *[1] * (found.rank - 1))
    return L.where(full.reshape(shape), found, np.zeros((), found.dtype.numpy))


def segment_sum(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Sums of the slices of each segment; the ids are ascending. 0 of an empty segment."""
    return _segments("sum", data, segment_ids, name)


def segment_prod(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Products of the slices of each segment; the ids are ascending. 1 of an empty segment."""
    return _segments("prod", data, segment_ids, name)


def segment_mean(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Means of the slices of each segment, whole ones rounded toward 0; the ids are ascending. 0 of an empty one."""
    x = convert_to_tensor(data)
    if not x.dtype.is_integer:
        return _segments("mean", x, segment_ids, name)
    total, ids = _segments("sum", x, segment_ids, None), convert_to_tensor(segment_ids)
    count = L.maximum(_segments("sum", L.ones_like(ids, dtypes.int64), segment_ids, None), 1)
    found = L.truncatediv(L.cast(total, dtypes.int64), L.reshape(count, (-1, *[1] * (total.rank - 1))))
    return L.cast(found, x.dtype, name=name)


def segment_max(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Largest elements of each segment; the ids are ascending. 0 of an empty segment."""
    return _segments("max", data, segment_ids, name)


def segment_min(data: Any, segment_ids: Any, name: str | None = None) -> Any:
    """Smallest elements of each segment; the ids are ascending. 0 of an empty segment."""
    return _segments("min", data, segment_ids, name)


def is_tensor(x: Any) -> bool:
    """Whether `x` is a tensor or a variable."""
    return isinstance(x, (Tensor, EagerTensor, Variable))


def identity_n(input: Sequence[Any], name: str | None = None) -> list[Any]:
    """Each tensor, under a name of its own."""
    return [L.identity(x, name=name) for x in input]


def ensure_shape(x: Any, shape: Any, name: str | None = None) -> Any:
    """The tensor, of which more sizes are known from here on.

    Raises
    ------
    ShapeError if it has another shape; when it runs, where only the run can tell.
    """
    tensor = convert_to_tensor(x)
    known, wanted = tensor.shape, Shape(shape)
    if known.rank is not None and wanted.rank is not None:
        sizes = list(zip(known, wanted, strict=False))
        if len(known) != len(wanted) or any(isinstance(a, int) and b not in (None, a) for a, b in sizes):
            raise ShapeError(f"the tensor has shape {known}, and {wanted} is asked for", op="ensure_shape")
        for axis, (a, b) in enumerate(sizes):
            if b is not None and not isinstance(a, int):
                tensor = L.expect_size(tensor, axis, b)
    tensor = L.identity(tensor, name=name)
    if isinstance(tensor, Tensor):
        tensor.set_shape(shape)
    return tensor
