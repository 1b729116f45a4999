"""Slices put at places: into zeros, into a tensor, or into segments."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..dtypes import int64
from ..errors import IndexOutsideError, ShapeError
from ..ir.dims import Shape, Size, merge, product
from ..ir.node import Tensor
from .gather import INDICES
from .kinds import (
    REQUIRED,
    AnyType,
    Array,
    Call,
    Composite,
    Effect,
    Floating,
    Library,
    NoGradient,
    Numeric,
    Port,
    attr,
    port,
)
from .language import L
from .parts import Composed
from .places import PLACES, check_places, check_updates, depth_of, flat_places
from .quiet import quiet
from .registry import abstract, op
from .rules import as_int, as_sizes, sizes_of
from .samples import integers, normal, sample, whole

COMBINES = {"add": np.add, "sub": np.subtract, "mul": np.multiply, "max": np.maximum, "min": np.minimum}


def put_in_onnx(o: Any, tensor: Any, places: Any, updates: Any, combine: str) -> Any:
    """Slices put at places of a tensor in a model of ONNX."""
    reduction = {"update": "none", "sub": "add"}.get(combine, combine)
    slices = o.Neg(updates) if combine == "sub" else updates
    return o.ScatterND(tensor, o.cast(places, int64), slices, reduction=reduction)


# -------------------------------------------------------------------- kernel

class _PutRows(Library):
    category = "Indexing"
    internal = True
    overwrites = 2
    combine = "update"

    def result_shape(self, updates: Shape, indices: Shape, table: Shape) -> Shape:
        return table

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        updates, indices, table = inputs
        element = str(updates.dtype.size) if self.combine == "update" else updates.dtype.code
        own = f"{self.combine}_{element}_{indices.dtype.code}"
        return Call(f"copy_put_{own}", (*sizes_of(table), *sizes_of(indices)), extent=1, in_place=f"put_{own}")

    def to_onnx(self, o: Any, updates: Any, indices: Any, table: Any) -> Any:
        """Rows for places outside meet one more row, which is cut off again."""
        count = o.size(table.shape[0])
        places = o.cast(indices, int64)
        is_inside = o.And(o.GreaterOrEqual(places, [0]), o.Less(places, count))
        more = o.Pad(table, [0, 0, 1, 0])
        changed = put_in_onnx(o, more, o.Unsqueeze(o.Where(is_inside, places, count), [1]), updates, self.combine)
        return o.Slice(changed, [0], count, [0])

    @quiet
    def reference(self, updates: Array, indices: Array, table: Array) -> Array:
        result = np.array(table)
        inside = (indices >= 0) & (indices < len(result))
        if self.combine == "update":
            result[indices[inside]] = updates[inside]       # of several for one place the last one stays
        else:
            COMBINES[self.combine].at(result, indices[inside], updates[inside])
        return result


@op
class ScatterRows(_PutRows):
    """A table with other rows at places; the last of several for one place counts, those outside of it do not.

    Shapes
    ------
    updates : (count, inner)
    indices : (count,)
    table : (n, inner)
    result : (n, inner)
    """

    inputs = (port("updates", AnyType, "rows"), INDICES, port("table", AnyType, "what they are put into"))

    def gradient(self, g: Any, y: Any, updates: Any, indices: Any, table: Any) -> Any:
        return _picked(g, indices), None, L.scatter_rows(L.zeros_like(updates), indices, g)

    samples = (sample(normal(4, 3), whole([3, 1, 0, 4]), normal(5, 3)),
               sample(normal(3, 2), whole([-1, 1, 0]), normal(2, 2)),
               sample(normal(0, 2), integers(0, 3, 0), normal(3, 2)))


@op
class CombineRows(_PutRows):
    """A table whose rows meet others at places, one after the other; those outside of it are left out.

    Shapes
    ------
    updates : (count, inner)
    indices : (count,)
    table : (n, inner)
    result : (n, inner)

    Notes
    -----
    The gradient of an extremum is shared by all rows, that of the table too, that are equal to it, and 0 where it is
    NaN. Of a product it is the product of the others, found by counting zeros.
    """

    inputs = (port("updates", Numeric, "rows"), INDICES, port("table", Numeric, "what they are combined with"))
    combine: str = attr("add", "how a row meets what is there", choices=tuple(COMBINES))

    def gradient(self, g: Any, y: Any, updates: Any, indices: Any, table: Any) -> Any:
        rule = {"add": self._added, "sub": self._added, "mul": self._multiplied}.get(self.combine, self._chosen)
        return rule(g, y, updates, indices, table)

    def _added(self, g: Any, y: Any, updates: Any, indices: Any, table: Any) -> Any:
        rows = _picked(g, indices)
        return rows if self.combine == "add" else -rows, None, g

    def _multiplied(self, g: Any, y: Any, updates: Any, indices: Any, table: Any) -> Any:
        is_zero = L.equal(updates, 0)
        divisors = L.where(is_zero, 1, updates)
        zeros = L.combine_rows(L.cast(is_zero, g.dtype), indices, L.zeros_like(g), "add")
        factors = L.combine_rows(divisors, indices, L.ones_like(g), "mul")
        whole_product, count = _picked(table * factors, indices), _picked(zeros, indices)
        others = L.where(L.equal(count, L.cast(is_zero, g.dtype)), whole_product / divisors, 0)
        return _picked(g, indices) * others, None, g * L.where(L.equal(zeros, 0), factors, 0)

    def _chosen(self, g: Any, y: Any, updates: Any, indices: Any, table: Any) -> Any:
        ours = L.cast(L.equal(updates, _picked(y, indices)), g.dtype)
        theirs = L.cast(L.equal(table, y), g.dtype)
        share = L.divide_no_nan(g, L.combine_rows(ours, indices, theirs, "add"))     # a NaN equals none of them
        return ours * _picked(share, indices), None, theirs * share

    samples = (sample(normal(4, 3), integers(0, 5, 4), normal(5, 3)),
               sample(normal(4, 3), integers(-2, 5, 4, dtype="int64"), normal(5, 3), combine="sub"),
               sample(normal(6, 2), integers(0, 3, 6), normal(3, 2), combine="mul"),
               sample(normal(6, 2), integers(-1, 3, 6), normal(3, 2), combine="max"),
               sample(normal(6, 2), integers(0, 3, 6), normal(3, 2), combine="min"),
               sample(normal(0, 2), integers(0, 3, 0), normal(3, 2)),
               sample(normal(2, 0), integers(0, 3, 2), normal(3, 0)))


def _picked(rows: Any, indices: Any) -> Any:
    """The row of a table that belongs to each place; 0 for places outside."""
    inside = (indices >= 0) & (indices < L.shape_of(rows, indices.dtype)[0])
    if not (isinstance(rows.shape[0], int) and rows.shape[0]):
        rows = L.pad(rows, [[0, 1], [0, 0]])    # there may be none to read where a place is outside
    return L.where(L.expand_dims(inside, -1), picked_rows(rows, L.where(inside, indices, 0)), 0)


def picked_rows(rows: Any, indices: Any) -> Any:
    """Rows of a table (n, inner)."""
    return L.squeeze(L.gather_rows(L.expand_dims(rows, 0), indices), [0])


@op
class GatherNd(Composed):
    """Slices of a tensor at places that name several axes each.

    Raises
    ------
    ShapeError if the last size of `indices` is not known or exceeds the axes of `params`. IndexOutsideError, when run,
    if an index is outside its axis.

    Shapes
    ------
    params : (*batch, n1, ..., nd, ...)
    indices : (*batch, ..., d)
    result : the shape of indices without d, then what remains of params behind nd
    """

    category = "Indexing"
    names = ("gather_nd",)
    onnx = "GatherND"
    inputs = (port("params", AnyType, "what is chosen from"), PLACES)
    batch_dims: int = attr(0, "axes that both operands share", low=0, convert=as_int)

    def result_shape(self, params: Shape, indices: Shape) -> Shape:
        batch, depth = self.batch_dims, depth_of(indices, len(params), self.batch_dims)
        if len(indices) <= batch:
            raise ShapeError(f"batch_dims={batch} of indices of shape {indices}")
        shared = [merge(a, b, f"params and indices differ on axis {k}")
                  for k, (a, b) in enumerate(zip(params[:batch], indices[:batch], strict=True))]
        return Shape((*shared, *indices[batch:-1], *params[batch + depth:]))

    def decompose(self, params: Any, indices: Any) -> Any:
        target, batch = tuple(self.result_shape(params.shape, indices.shape)), self.batch_dims
        for axis in reversed(range(batch)):
            own = L.iota(params.shape[axis], axis, indices.rank, indices.dtype)
            indices = L.concat([L.broadcast_to(own, (*indices.shape[:-1], 1)), indices], -1)
        depth = indices.shape[-1]
        rows = L.reshape(params, (product(params.shape[:depth]), product(params.shape[depth:])))
        at = flat_places(indices, params.shape[:depth]) if depth != 1 else L.reshape(indices, (-1,))
        return L.reshape(picked_rows(rows, at), target)     # which sees by itself whether an only index is inside

    def to_onnx(self, o: Any, params: Any, indices: Any) -> Any:
        return o.GatherND(params, o.cast(indices, int64), batch_dims=self.batch_dims) if indices.shape[-1] else None

    def reference(self, params: Array, indices: Array) -> Array:
        if self.batch_dims:
            rest = GatherNd(self.batch_dims - 1)
            if not len(params):
                return np.zeros(tuple(self.result_shape(Shape(params.shape), Shape(indices.shape))), params.dtype)
            return np.stack([rest.reference(p, i) for p, i in zip(params, indices, strict=True)])
        check_places(indices, params.shape)
        return np.asarray(params[tuple(np.moveaxis(indices, -1, 0))]) if indices.shape[-1] else \
            np.broadcast_to(params, indices.shape[:-1] + params.shape)

    samples = (sample(normal(3, 4, 2), integers(0, 3, 5, 2)), sample(normal(3, 4), integers(0, 3, 2, 2, 1)),
               sample(normal(2, 3, 4), integers(0, 2, 2, 5, 1, dtype="int64"), batch_dims=1),
               sample(normal(3, 4), integers(0, 3, 2)), sample(normal(3, 4), integers(0, 3, 0, 2)))


@abstract
class _TensorScatter(Composed):
    category = "Indexing"
    inputs: ClassVar[tuple[Port, ...]] = (port("tensor", Numeric, "what is changed in a copy"), PLACES,
                                port("updates", Numeric, "slices, one for each place"))
    combine = "update"

    def result_shape(self, tensor: Shape, indices: Shape, updates: Shape) -> Shape:
        depth = depth_of(indices, len(tensor))
        check_updates(indices, updates, Shape(tensor[depth:]))
        return tensor

    def decompose(self, tensor: Any, indices: Any, updates: Any) -> Any:
        depth = depth_of(indices.shape, tensor.rank)
        inner, count = product(tensor.shape[depth:]), product(indices.shape[:-1])
        table = L.reshape(tensor, (product(tensor.shape[:depth]), inner))
        places = flat_places(indices, tensor.shape[:depth])
        rows = L.reshape(updates, (count, inner)), places, table
        changed = L.scatter_rows(*rows) if self.combine == "update" else L.combine_rows(*rows, self.combine)
        return L.reshape(changed, tuple(tensor.shape))

    def to_onnx(self, o: Any, tensor: Any, indices: Any, updates: Any) -> Any:
        return put_in_onnx(o, tensor, indices, updates, self.combine) if indices.shape[-1] else None

    def reference(self, tensor: Array, indices: Array, updates: Array) -> Array:
        check_places(indices, tensor.shape)
        result = np.array(tensor)
        for place in np.ndindex(indices.shape[:-1]):
            where = tuple(indices[place])
            result[where] = updates[place] if self.combine == "update" else \
                COMBINES[self.combine](result[where], updates[place])
        return result

    samples = (sample(normal(5), whole([[4], [1]]), normal(2)),
               sample(normal(3, 4), whole([[2], [0]]), normal(2, 4)),
               sample(normal(3, 4), integers(0, 3, 0, 2), normal(0)),
               sample(normal(3, 4), whole([[2, 3], [0, 1], [2, 0]]), normal(3)))


@op
class TensorScatterNdUpdate(_TensorScatter):
    """A copy of a tensor with other slices at places; the last of several for one place counts.

    Raises
    ------
    ShapeError if updates has not one slice for each place. IndexOutsideError, when run, for a place outside.
    """

    names = ("tensor_scatter_nd_update",)
    onnx = "ScatterND"
    inputs = (port("tensor", AnyType, "what is changed in a copy"), PLACES,
              port("updates", AnyType, "slices, one for each place"))


@op
class TensorScatterNdAdd(_TensorScatter):
    """A copy of a tensor with slices added at places, all of those for one place."""

    names = ("tensor_scatter_nd_add",)
    combine = "add"


@op
class TensorScatterNdSub(_TensorScatter):
    """A copy of a tensor with slices subtracted at places, all of those for one place."""

    names = ("tensor_scatter_nd_sub",)
    combine = "sub"


@op
class TensorScatterNdMax(_TensorScatter):
    """The larger of a tensor's elements and those of slices at places; equal ones share the gradient."""

    names = ("tensor_scatter_nd_max",)
    combine = "max"


@op
class TensorScatterNdMin(_TensorScatter):
    """The smaller of a tensor's elements and those of slices at places; equal ones share the gradient."""

    names = ("tensor_scatter_nd_min",)
    combine = "min"


@op
class AssignSlices(Effect):
    """Change slices of a variable at places: those that it has when this runs, so that other changes stay.

    Raises
    ------
    ShapeError if updates has not one slice for each place. IndexOutsideError, when run, for a place outside.
    """

    category = "State"
    internal = True
    gradient = NoGradient("an assignment is not differentiated")
    inputs = (port("ref", AnyType, "the variable's handle"), PLACES,
              port("updates", AnyType, "slices, one for each place"))
    combine: str = attr("update", "what becomes of old and new slice", choices=("update", "add", "sub", "max", "min"))
    flat: bool = attr(False, "places count the elements row by row, along an axis of one index")

    def result_shape(self, ref: Shape, indices: Shape, updates: Shape) -> Shape:
        table = Shape((product(ref),)) if self.flat else ref  # type: ignore[arg-type]
        check_updates(indices, updates, Shape(table[depth_of(indices, len(table)):]))
        return ref

    def updated(self, old: Any, *values: Any) -> Any:
        change = getattr(L, f"tensor_scatter_nd_{self.combine}")
        if not self.flat:
            return change(old, *values)
        return L.reshape(change(L.reshape(old, (-1,)), *values), tuple(old.shape))


@op
class ScatterNd(Composed):
    """Slices added up at places in zeros.

    Raises
    ------
    ShapeError if updates has not one slice for each place. IndexOutsideError, when run, for a place outside.

    Shapes
    ------
    indices : (..., d)
    updates : the shape of indices without d, then what remains of `shape` behind its first d sizes
    result : `shape`
    """

    category = "Indexing"
    names = ("scatter_nd",)
    inputs = (PLACES, port("updates", Numeric, "slices, one for each place"))
    shape: tuple[Size, ...] = attr(REQUIRED, "sizes of the result", convert=as_sizes, sizes="several")

    def result_dtype(self, *types: Any) -> Any:
        return types[1]

    def result_shape(self, indices: Shape, updates: Shape) -> Shape:
        depth = depth_of(indices, len(self.shape))
        check_updates(indices, updates, Shape(self.shape[depth:]))
        return Shape(self.shape)

    def decompose(self, indices: Any, updates: Any) -> Any:
        zeros = L.broadcast_to(np.zeros((), updates.dtype.numpy), self.shape)
        return L.tensor_scatter_nd_add(zeros, indices, updates)

    def reference(self, indices: Array, updates: Array) -> Array:
        sizes = Shape(self.shape).numbers()
        return TensorScatterNdAdd().reference(np.zeros(sizes, updates.dtype), indices, updates)

    samples = (sample(whole([[4], [1], [4]]), normal(3), shape=[5]),
               sample(integers(0, 3, 2, 2, 1, dtype="int64"), normal(2, 2, 4), shape=[3, 4]),
               sample(integers(0, 3, 0, 1), normal(0, 2), shape=[3, 2]))


# -------------------------------------------------------------------- segments

@abstract
class _Segments(Composed):
    category = "Reduction"
    inputs: ClassVar[tuple[Port, ...]] = (port("data", Numeric, "what is folded"),
                                port("segment_ids", INDICES.accepts, "the segment of each slice", "I"))
    num_segments: int = attr(REQUIRED, "number of segments", low=0, convert=as_int, sizes="one")
    combine = "add"

    def start(self, dtype: Any) -> Any:
        """What an empty segment gives."""
        return {"add": 0, "mul": 1}[self.combine] if self.combine in ("add", "mul") else \
            dtype.min if self.combine == "max" else dtype.max

    def result_shape(self, data: Shape, ids: Shape) -> Shape:
        if len(ids) > len(data):
            raise ShapeError(f"segment_ids has shape {ids}, data only {data}")
        for k, (a, b) in enumerate(zip(data[:len(ids)], ids, strict=True)):
            merge(a, b, f"data and segment_ids differ on axis {k}")
        return Shape((self.num_segments, *data[len(ids):]))

    def decompose(self, data: Any, ids: Any) -> Any:
        target = tuple(self.result_shape(data.shape, ids.shape))
        count, inner = product(ids.shape), product(target[1:])  # type: ignore[arg-type]
        rows = L.reshape(data, (count, inner))
        table = L.broadcast_to(np.asarray(self.start(data.dtype), data.dtype.numpy), (self.num_segments, inner))
        places = flat_places(L.expand_dims(ids, -1), (self.num_segments,), skips=True)
        found = L.combine_rows(rows, places, table, self.combine)
        return L.reshape(found, target)

    @quiet
    def reference(self, data: Array, ids: Array) -> Array:
        from ..dtypes import as_dtype

        rest = data.shape[ids.ndim:]
        result = np.full((self.num_segments, *rest), self.start(as_dtype(data.dtype)), data.dtype)
        for place in ids[ids >= self.num_segments][:1]:
            raise IndexOutsideError(f"index {place} is outside [0, {self.num_segments})")
        COMBINES[self.combine].at(result, ids[ids >= 0], data[ids >= 0])
        return result

    samples = (sample(normal(5, 3), whole([0, 2, 1, 2, 0]), num_segments=3),
               sample(normal(4), whole([0, -1, 1, -2]), num_segments=2),
               sample(normal(2, 3, 2), whole([[0, 1, 2], [2, 2, 1]]), num_segments=3),
               sample(normal(5, 3), whole([0, 2, 1, 2, 0]), num_segments=4, smooth=False),
               sample(normal(0, 3), integers(0, 3, 0), num_segments=2, smooth=False))


@op
class UnsortedSegmentSum(_Segments):
    """Sums of the slices of each segment; slices with a negative id are left out.

    Raises
    ------
    ShapeError if segment_ids is not the first axes of data. IndexOutsideError, when run, for an id of num_segments or
    more.

    Shapes
    ------
    data : (*ids, ...)
    segment_ids : (*ids)
    result : (num_segments, ...)
    """

    names = ("math.unsorted_segment_sum",)


@op
class UnsortedSegmentProd(_Segments):
    """Products of the slices of each segment, 1 of an empty one; slices with a negative id are left out."""

    names = ("math.unsorted_segment_prod",)
    combine = "mul"


@op
class UnsortedSegmentMax(_Segments):
    """Largest elements of each segment, the lowest number of an empty one; equal ones share the gradient. NaN wins,
    while TensorFlow on CPUs passes over one that comes last.
    """

    names = ("math.unsorted_segment_max",)
    in_own_type = True                      # so that an empty segment gives the type's own limit
    combine = "max"


@op
class UnsortedSegmentMin(_Segments):
    """Smallest elements of each segment, the highest number of an empty one; equal ones share the gradient."""

    names = ("math.unsorted_segment_min",)
    in_own_type = True                      # so that an empty segment gives the type's own limit
    combine = "min"


@abstract
class _SegmentAverages(_Segments):
    """Sums over something that depends on how many slices there are."""

    inputs = (port("data", Floating, "what is folded"),
              port("segment_ids", INDICES.accepts, "the segment of each slice", "I"))

    def divisor(self, count: Any) -> Any:
        """What the sum of `count` slices, at least 1, is divided by."""
        raise NotImplementedError(type(self).__name__)

    def decompose(self, data: Any, ids: Any) -> Any:
        total = L.unsorted_segment_sum(data, ids, self.num_segments)
        count = L.unsorted_segment_sum(L.ones_like(ids, data.dtype), ids, self.num_segments)
        shape = self.num_segments, *(1,) * (total.rank - 1)
        return total / L.reshape(self.divisor(L.maximum(count, 1)), shape)

    def reference(self, data: Array, ids: Array) -> Array:
        total = super().reference(data, ids)
        count = np.bincount(ids[ids >= 0].reshape(-1), minlength=self.num_segments)
        below = np.asarray(self.divisor(np.maximum(count, 1.0)))
        return np.asarray(total / below.reshape((-1, *(1,) * (total.ndim - 1))), data.dtype)


@op
class UnsortedSegmentMean(_SegmentAverages):
    """Means of the slices of each segment, 0 of an empty one; slices with a negative id are left out."""

    names = ("math.unsorted_segment_mean",)

    def divisor(self, count: Any) -> Any:
        return count


@op
class UnsortedSegmentSqrtN(_SegmentAverages):
    """Sums of the slices of each segment over the square root of their number, 0 of an empty one; slices with a
    negative id are left out.
    """

    names = ("math.unsorted_segment_sqrt_n",)

    def divisor(self, count: Any) -> Any:
        return count**0.5


# -------------------------------------------------------------------- permutations

@op
class InvertPermutation(Composite):
    """Where each of 0 .. n - 1 stands in a permutation of them.

        y[x[k]] = k

    Raises
    ------
    IndexOutsideError, when run, if a number is outside [0, n).
    """

    category = "Indexing"
    names = ("math.invert_permutation",)
    inputs = (port("x", INDICES.accepts, "the numbers 0 .. n - 1 in some order"),)
    gradient = NoGradient("it acts on whole numbers")

    def result_shape(self, x: Shape) -> Shape:
        if len(x) != 1:
            raise ShapeError(f"x has shape {x}; a permutation has one axis")
        return x

    def decompose(self, x: Any) -> Any:
        order = L.iota(x.shape[0], 0, 1, x.dtype)
        return L.tensor_scatter_nd_update(L.zeros_like(x), L.expand_dims(x, -1), order)

    def reference(self, x: Array) -> Array:
        check_places(x[:, None], (len(x),))
        result = np.zeros_like(x)
        result[x] = np.arange(len(x))
        return result

    samples = (sample(whole([2, 0, 3, 1])), sample(whole([0])), sample(integers(0, 1, 0)))


