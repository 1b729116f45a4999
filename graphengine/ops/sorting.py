"""Elements in order, their places, and places in what is in order. NaN counts as above all numbers."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype, int32
from ..errors import ShapeError
from ..ir.dims import Shape, merge, product
from ..ir.node import Tensor
from .kinds import REQUIRED, Array, Bool, Call, Composite, Floating, Index, Library, NoGradient, Numeric, attr, port
from .language import L
from .parts import Composed
from .registry import abstract, op
from .rules import as_int, normal_axis, sizes_of
from .samples import distinct, integers, normal, sample, values, whole

DIRECTIONS = ("ASCENDING", "DESCENDING")


def order_of(x: Array, descending: bool) -> Array:
    """Places along the last axis in order: equal elements as they stand, NaN as the greatest."""
    rows = x.reshape(-1, x.shape[-1]) if x.size else x.reshape(0, x.shape[-1])
    result = np.zeros(rows.shape, np.int64)
    for k, row in enumerate(rows.tolist()):
        numbers = [p for p in range(len(row)) if row[p] == row[p]]
        numbers.sort(key=row.__getitem__ if not descending else lambda place, row=row: -row[place])
        unordered = [p for p in range(len(row)) if row[p] != row[p]]
        result[k] = unordered + numbers if descending else numbers + unordered
    return result.reshape(x.shape)


@op
class ArgsortRows(Library):
    """Places of the elements of each row in their order: equal ones as they stand, NaN as the greatest.

    Shapes
    ------
    x : (outer, n)
    result : (outer, n)
    """

    category = "Sorting"
    internal = True
    inputs = (port("x", Numeric, "numbers"),)
    descending: bool = attr(False, "whether the largest comes first")
    gradient = NoGradient("an order is no smooth function")

    def result_dtype(self, *types: DType) -> DType:
        return int32

    def result_shape(self, x: Shape) -> Shape:
        return x

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        outer, size = sizes_of(inputs[0])
        return Call(f"argsort_{inputs[0].dtype.code}_i32", (outer, size, int(self.descending)), extent=outer)

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.cast(o.TopK(x, o.size(x.shape[1]), largest=int(self.descending), results=2)[1], int32)

    def reference(self, x: Array) -> Array:
        return order_of(x, self.descending).astype(np.int32)

    samples = (sample(normal(2, 9)), sample(integers(-2, 3, 3, 7), descending=True), sample(normal(2, 0)),
               sample(values([[3.0, np.nan, -np.inf, 3.0, np.nan, 1.0]])), sample(normal(0, 4)),
               sample(values([[3.0, np.nan, np.inf, 3.0, np.nan, 1.0]]), descending=True), sample(normal(1, 40)))


def last_rows(x: Any, axis: int) -> tuple[Any, Any]:
    """x with an axis last, and that as rows."""
    moved = x if axis == x.rank - 1 else L.transpose(x, (*(k for k in range(x.rank) if k != axis), axis))
    return moved, L.reshape(moved, (product(moved.shape[:-1]), moved.shape[-1]))


def first_to(x: Any, axis: int) -> Any:
    """x with its last axis at `axis`."""
    rank = x.rank
    return x if axis == rank - 1 else L.transpose(x, (*range(axis), rank - 1, *range(axis, rank - 1)))


@abstract
class _Sorted(Composite):
    category = "Sorting"
    inputs = (port("values", Numeric, "numbers"),)
    axis: int = attr(-1, "axis along which they are put in order", convert=as_int)
    direction: str = attr("ASCENDING", "which comes first", choices=DIRECTIONS)

    def result_shape(self, x: Shape) -> Shape:
        normal_axis(self.axis, len(x))
        return x

    samples = (sample(distinct(3, 4)), sample(distinct(3, 4), axis=0, direction="DESCENDING"), sample(normal(0)),
               sample(distinct(2, 3, 4), axis=1), sample(values(2.0, 1.0, 2.0, np.nan, 1.0), smooth=False),
               sample(values(2.0, np.nan, 1.0, np.nan, 3.0), direction="DESCENDING", smooth=False))


@op
class Argsort(_Sorted):
    """Places along an axis in the order of their elements: equal ones as they stand, NaN as the greatest."""

    names = ("argsort",)
    stable: bool = attr(False, "not used; equal elements always stay in order")
    gradient = NoGradient("an order is no smooth function")

    def result_dtype(self, *types: DType) -> DType:
        return int32

    def decompose(self, x: Any) -> Any:
        axis = normal_axis(self.axis, x.rank)
        moved, rows = last_rows(x, axis)
        places = L.argsort_rows(rows, self.direction == "DESCENDING")
        return first_to(L.reshape(places, tuple(moved.shape)), axis)

    def reference(self, x: Array) -> Array:
        found = order_of(np.moveaxis(x, self.axis, -1), self.direction == "DESCENDING")
        return np.moveaxis(found, -1, self.axis).astype(np.int32)


@op
class Sort(_Sorted, Composed):
    """Elements in order along an axis, NaN as the greatest."""

    names = ("sort",)

    def decompose(self, x: Any) -> Any:
        axis = normal_axis(self.axis, x.rank)
        moved, rows = last_rows(x, axis)
        places = L.argsort_rows(rows, self.direction == "DESCENDING")
        return first_to(L.reshape(L.gather(rows, places, None, 1, 1), tuple(moved.shape)), axis)

    def reference(self, x: Array) -> Array:
        rows = np.moveaxis(x, self.axis, -1)
        found = np.take_along_axis(rows, order_of(rows, self.direction == "DESCENDING"), -1)
        return np.moveaxis(found, -1, self.axis)


@op
class TopK(Composite):
    """The k largest elements along the last axis, the largest first, and their places; of equal ones the first.

    NaN counts as the greatest.

    Returns
    -------
    values and indices (int32), which can be fetched and used each on its own.

    Raises
    ------
    ShapeError if the last axis is shorter than k.

    Shapes
    ------
    input : (..., n)
    values, indices : (..., k)
    """

    category = "Sorting"
    node_name = "TopKV2"
    names = ("math.top_k", "nn.top_k")
    fields = ("values", "indices")
    onnx = "TopK"
    inputs = (port("input", Numeric, "numbers"),)
    k: int = attr(1, "how many", low=0, convert=as_int)
    sorted: bool = attr(True, "not used; they are always in order")

    @staticmethod
    def at_run_time(x: Any, k: Any, sorted: bool = True, name: str | None = None) -> Any:
        """The same for a `k` that is known when the program runs: the first ones of all in order."""
        x, count = L.identity(x), L.reshape(L.cast(k, "int64"), ())
        lacks = L.logical_or(count < 0, count > L.cast(L.shape_of(x)[-1], "int64"))
        count = L.checked(count, lacks, "k is negative, or more than the last axis has", "top_k")
        places = L.argsort(x, -1, "DESCENDING", True)
        first = L.gather(places, L.range(L.cast(0, "int64"), count, L.cast(1, "int64")), None, -1)
        return L.gather(x, first, None, -1, len(x.shape) - 1), L.identity(first, name=name)

    def result_dtype(self, *types: DType) -> tuple[DType, DType]:
        return types[0], int32

    def result_shape(self, x: Shape) -> tuple[Shape, Shape]:
        if not x or (isinstance(x[-1], int) and x[-1] < self.k):
            raise ShapeError(f"k={self.k} elements of shape {x}")
        found = Shape((*x[:-1], self.k))
        return found, found

    def decompose(self, x: Any) -> Any:
        rows = L.reshape(x, (product(x.shape[:-1]), x.shape[-1]))
        places = L.slice(L.argsort_rows(rows, True), (0, 0), (-1, self.k))
        shape = tuple(self.result_shape(x.shape)[0])
        return L.reshape(L.gather(rows, places, None, 1, 1), shape), L.reshape(places, shape)

    def to_onnx(self, o: Any, x: Any) -> Any:
        largest, places = o.TopK(x, [self.k], results=2)
        return largest, o.cast(places, int32)

    def reference(self, x: Array) -> tuple[Array, Array]:
        places = order_of(x, True)[..., :self.k]
        return np.take_along_axis(x, places, -1), places.astype(np.int32)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.place_chosen(g[0], y[1], x)

    samples = (sample(distinct(3, 5), k=2), sample(distinct(4)), sample(distinct(2, 2, 3), k=3),
               sample(values(2.0, 5.0, 5.0, 1.0, 5.0), k=2, smooth=False), sample(normal(0, 3), k=2),
               sample(normal(3), k=0), sample(values(1.0, np.nan, 3.0, np.nan, 2.0), k=3, smooth=False))


@op
class PlaceChosen(Composed):
    """Zeros in the shape of `like`, with g added at places along the last axis."""

    category = "Sorting"
    internal = True
    inputs = (port("g", Numeric, "numbers"), port("indices", Index, "places along the last axis", "I"),
              port("like", Numeric, "lends its shape", "L"))

    def result_shape(self, g: Shape, indices: Shape, like: Shape) -> Shape:
        return like

    def decompose(self, g: Any, indices: Any, like: Any) -> Any:
        rows, size, count = product(like.shape[:-1]), like.shape[-1], product(g.shape)
        first = L.iota(rows, 0, 2, indices.dtype) * L.size_value(size, indices.dtype)
        places = L.reshape(L.reshape(indices, (rows, g.shape[-1])) + first, (count,))
        flat = L.reshape(like, (1, rows * size, 1))
        return L.reshape(L.scatter_add_rows(L.reshape(g, (1, count, 1)), places, flat), tuple(like.shape))

    def reference(self, g: Array, indices: Array, like: Array) -> Array:
        result = np.zeros(like.shape, g.dtype)
        for place in np.ndindex(g.shape):
            result[(*place[:-1], indices[place])] += g[place]
        return result

    samples = (sample(normal(3, 2), integers(0, 5, 3, 2), normal(3, 5)),
               sample(normal(0), integers(0, 3, 0), normal(3)))


@op
class SearchsortedRows(Library):
    """How many elements of each sorted row come before each of some values.

    Shapes
    ------
    sorted_sequence : (outer, n)
    values : (outer, m)
    result : (outer, m)
    """

    category = "Sorting"
    internal = True
    inputs = (port("sorted_sequence", Numeric, "rows in ascending order"), port("values", Numeric, "what is looked up"))
    side: str = attr("left", "whether equal elements come before", choices=("left", "right"))
    out_type: DType = attr(int32, "type of the result", choices=Index, convert=as_dtype)
    gradient = NoGradient("a place is no smooth function")

    def result_dtype(self, *types: DType) -> DType:
        return self.out_type

    def result_shape(self, rows: Shape, wanted: Shape) -> Shape:
        return wanted

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        (outer, size), (_, count) = sizes_of(inputs[0]), sizes_of(inputs[1])
        kernel = f"searchsorted_{inputs[0].dtype.code}_{self.out_type.code}"
        return Call(kernel, (outer, size, count, int(self.side == "right")), extent=outer)

    def to_onnx(self, o: Any, rows: Any, wanted: Any) -> Any:
        """Comparisons with all elements, counted; NaN is above all numbers."""
        is_left, rows, wanted = self.side == "left", o.Unsqueeze(rows, [1]), o.Unsqueeze(wanted, [2])
        before = (o.Less if is_left else o.LessOrEqual)(rows, wanted)
        if wanted.dtype.is_floating:
            above = o.IsNaN(wanted)
            before = o.Or(before, o.And(above, o.Not(o.IsNaN(rows))) if is_left else above)
        return o.cast(o.ReduceSum(o.cast(before, int32), [2], keepdims=0), self.out_type)

    def reference(self, rows: Array, wanted: Array) -> Array:
        found = [np.searchsorted(row, v, side=self.side) for row, v in zip(rows, wanted, strict=True)]  # type: ignore[call-overload]
        return np.array(found, self.out_type.numpy).reshape(wanted.shape)

    samples = (sample(values([[1.0, 2.0, 2.0, 5.0]]), values([[0.0, 2.0, 3.0, 5.0, 9.0]])),
               sample(values([[1.0, 2.0, 2.0, 5.0]]), values([[0.0, 2.0, 3.0, 5.0, 9.0]]), side="right"),
               sample(normal(2, 0), normal(2, 3), out_type="int64"), sample(normal(0, 3), normal(0, 2)))


@op
class Searchsorted(Composite):
    """Where values would be put into sorted rows so that these stay sorted.

    Raises
    ------
    ShapeError if the operands differ but on the last axis.

    Shapes
    ------
    sorted_sequence : (..., n)
    values : (..., m)
    result : (..., m)
    """

    category = "Sorting"
    names = ("searchsorted",)
    inputs = SearchsortedRows.inputs
    side: str = attr("left", "before equal elements or behind them", choices=("left", "right"))
    out_type: DType = attr(int32, "type of the result", choices=Index, convert=as_dtype)
    gradient = NoGradient("a place is no smooth function")

    def result_dtype(self, *types: DType) -> DType:
        return self.out_type

    def result_shape(self, rows: Shape, wanted: Shape) -> Shape:
        if len(rows) != len(wanted) or not rows:
            raise ShapeError(f"sorted_sequence has shape {rows}, values {wanted}")
        batch = [merge(a, b, f"sorted_sequence and values differ on axis {k}")
                 for k, (a, b) in enumerate(zip(rows[:-1], wanted[:-1], strict=True))]
        return Shape((*batch, wanted[-1]))

    def decompose(self, rows: Any, wanted: Any) -> Any:
        target = tuple(self.result_shape(rows.shape, wanted.shape))
        outer = product(target[:-1])  # type: ignore[arg-type]
        flat = L.reshape(rows, (outer, rows.shape[-1])), L.reshape(wanted, (outer, wanted.shape[-1]))
        return L.reshape(L.searchsorted_rows(*flat, self.side, self.out_type), target)

    def reference(self, rows: Array, wanted: Array) -> Array:
        outer = int(np.prod(wanted.shape[:-1]))
        flat = rows.reshape(outer, rows.shape[-1]), wanted.reshape(outer, wanted.shape[-1])
        return SearchsortedRows(self.side, self.out_type).reference(*flat).reshape(wanted.shape)

    samples = (sample(values(1.0, 2.0, 2.0, 5.0), values(0.0, 2.0, 3.0, 5.0, 9.0)),
               sample(values([[1.0, 2.0], [0.0, 4.0]]), values([[1.0, 2.0, 2.5], [1.0, 2.0, 5.0]]), side="right"))


@op
class InTopK(Composite):
    """Whether fewer than k classes have a higher score than the target.

    False for a target that is no class, and where a score of the row is not finite.

    Shapes
    ------
    targets : (batch,)
    predictions : (batch, classes)
    result : (batch,), bool
    """

    category = "Sorting"
    names = ("math.in_top_k", "nn.in_top_k")
    inputs = (port("targets", Index, "class of each example", "I"), port("predictions", Floating, "scores"))
    k: int = attr(REQUIRED, "how many classes count as the top", convert=as_int)
    gradient = NoGradient("its result is a truth value")

    def result_dtype(self, *types: DType) -> DType:
        return Bool[0]

    def result_shape(self, targets: Shape, predictions: Shape) -> Shape:
        if len(targets) != 1 or len(predictions) != 2:
            raise ShapeError(f"targets has shape {targets}, predictions {predictions}; they have one axis and two")
        return Shape((merge(targets[0], predictions[0], "targets and predictions differ in their number"),))

    def decompose(self, targets: Any, scores: Any) -> Any:
        places = L.iota(scores.shape[1], 1, 2, targets.dtype)
        is_target = L.equal(L.expand_dims(targets, 1), places)
        own = L.reduce_sum(L.where(is_target, scores, 0), 1, True)
        above = L.reduce_sum(L.cast(scores > own, "int32"), 1)
        is_finite = L.reduce_all(L.abs(scores) < np.inf, 1)
        return (above < self.k) & is_finite & L.reduce_any(is_target, 1)

    def reference(self, targets: Array, scores: Array) -> Array:
        found = []
        for target, row in zip(targets, scores, strict=True):
            fits = 0 <= target < len(row) and bool(np.isfinite(row).all())
            found.append(fits and int((row > row[target]).sum()) < self.k)
        return np.array(found, bool)

    samples = (sample(integers(0, 4, 5), normal(5, 4), k=2), sample(whole([1, 4, -1]), normal(3, 4), k=4),
               sample(integers(0, 2, 3), values([[1.0, np.inf], [2.0, 2.0], [np.nan, 0.0]]), k=1))
