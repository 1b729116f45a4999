"""Elements chosen by index arrays, and their transposes that add into places."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import DType
from ..errors import AttributeValueError, IndexOutsideError, ShapeError
from ..ir.dims import Shape, merge, product
from ..ir.node import Tensor
from .conversion import as_dtype_or_none
from .kinds import (
    REQUIRED,
    AnyType,
    Array,
    Call,
    Composite,
    Index,
    Integer,
    Library,
    NoGradient,
    Numeric,
    attr,
    port,
)
from .language import L
from .reduce import outer_size_inner
from .registry import op
from .rules import as_int, as_int_or_none, normal_axis, sizes_of
from .samples import integers, normal, sample

SHAPE_ONLY = None                           # gradient of an operand that only lends its shape
INDICES = port("indices", Index, "places along the axis, in [0, n)", same="I")


def check_range(indices: Array, size: int) -> None:
    """Raise IndexOutsideError if an index is outside [0, size)."""
    wrong = indices[(indices < 0) | (indices >= size)]
    if wrong.size:
        raise IndexOutsideError(f"index {wrong.flat[0]} is outside [0, {size})")


@op
class GatherRows(Library):
    """Chosen rows of each of several tables.

    Shapes
    ------
    params : (outer, n, inner)
    indices : (count,)
    result : (outer, count, inner)
    """

    category = "Indexing"
    internal = True
    inputs = (port("params", AnyType, "tables"), INDICES)

    def result_shape(self, params: Shape, indices: Shape) -> Shape:
        return Shape((params[0], indices[0], params[2]))

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        params, indices = inputs
        outer, size, inner = sizes_of(params)
        kernel = f"gather_{params.dtype.size}_{indices.dtype.code}"
        return Call(kernel, (outer, size, inner, *sizes_of(indices)), extent=outer)

    def explain_code(self, code: int) -> str:
        return "an index is outside [0, n)"

    def reference(self, params: Array, indices: Array) -> Array:
        check_range(indices, params.shape[1])
        return np.take(params, indices, axis=1)

    def to_onnx(self, o: Any, params: Any, indices: Any) -> Any:
        return o.Gather(params, indices, axis=1)

    def gradient(self, g: Any, y: Any, params: Any, indices: Any) -> Any:
        return L.scatter_add_rows(g, indices, params), None

    samples = (sample(normal(2, 5, 3), integers(0, 5, 4)), sample(normal(1, 5, 1), integers(0, 5, 0)),
               sample(normal(0, 5, 3), integers(0, 5, 2, dtype="int64")))


@op
class ScatterAddRows(Library):
    """Rows added up at their places in tables of zeros: the transpose of `GatherRows`.

    Shapes
    ------
    g : (outer, count, inner)
    indices : (count,)
    like : (outer, n, inner)
    result : (outer, n, inner)
    """

    category = "Indexing"
    internal = True
    inputs = (port("g", Numeric, "rows to add"), INDICES, port("like", AnyType, "lends its shape", same="L"))

    def result_shape(self, g: Shape, indices: Shape, like: Shape) -> Shape:
        return like

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        g, indices, like = inputs
        outer, size, inner = sizes_of(like)
        kernel = f"scatter_add_{g.dtype.code}_{indices.dtype.code}"
        return Call(kernel, (outer, size, inner, *sizes_of(indices)), extent=outer)

    def explain_code(self, code: int) -> str:
        return "an index is outside [0, n)"

    def to_onnx(self, o: Any, g: Any, indices: Any, like: Any) -> Any:
        outer, size, inner = like.shape
        table = o.Expand(o.number(0, g), o.sizes((size, outer, inner)))
        places = o.Unsqueeze(o.cast(indices, dtypes.int64), [1])
        return o.transpose(o.ScatterND(table, places, o.transpose(g, (1, 0, 2)), reduction="add"), (1, 0, 2))

    def reference(self, g: Array, indices: Array, like: Array) -> Array:
        check_range(indices, like.shape[1])
        result = np.zeros(like.shape, g.dtype)
        for k, place in enumerate(indices):
            result[:, place] += g[:, k]
        return result

    def gradient(self, h: Any, y: Any, g: Any, indices: Any, like: Any) -> Any:
        return L.gather_rows(h, indices), None, SHAPE_ONLY

    samples = (sample(normal(2, 4, 3), integers(0, 5, 4), normal(2, 5, 3)),
               sample(normal(1, 0, 2), integers(0, 5, 0, dtype="int64"), normal(1, 5, 2)))


@op
class Gather(Composite):
    """Slices of a tensor along an axis, in the order and number that the indices say.

    Raises
    ------
    IndexOutsideError, when run, if an index is outside [0, n) of an axis of size n; negative ones too.

    Shapes
    ------
    params : (*batch, ..., n, ...), n at `axis`
    indices : (*batch, ...)
    result : the shape of params with that of indices, without the batch axes, in place of n
    """

    category = "Indexing"
    names = ("gather",)
    node_name = "GatherV2"
    onnx = "Gather"
    inputs = (port("params", AnyType, "what is chosen from"), INDICES)
    validate_indices: bool | None = attr(None, "not used; indices are always checked")
    axis: int | None = attr(None, "axis to choose along, the first behind the batch if None", convert=as_int_or_none)
    batch_dims: int = attr(0, "first axes that both operands share; negative: counted from those of indices",
                           convert=as_int)

    def places(self, params: int, indices: int) -> tuple[int, int]:
        """The axis and the number of batch axes, for operands of these ranks."""
        batch = self.batch_dims + indices * (self.batch_dims < 0)
        axis = batch if self.axis is None else normal_axis(self.axis, params)
        if not 0 <= batch <= min(indices, axis) or axis >= params:
            problem = f"batch_dims={self.batch_dims} and axis={self.axis}"
            raise ShapeError(f"{problem} of operands of {params} and {indices} axes")
        return axis, batch

    def result_shape(self, params: Shape, indices: Shape) -> Shape:
        k, batch = self.places(len(params), len(indices))
        shared = [merge(a, b, f"params and indices differ on axis {j}")
                  for j, (a, b) in enumerate(zip(params[:batch], indices[:batch], strict=True))]
        return Shape((*shared, *params[batch:k], *indices[batch:], *params[k + 1:]))

    def decompose(self, params: Any, indices: Any) -> Any:
        if self.places(params.rank, indices.rank)[1]:
            return self._batched(params, indices)
        tables = L.reshape(params, outer_size_inner(params.shape, normal_axis(self.axis or 0, params.rank)))
        rows = L.gather_rows(tables, L.reshape(indices, (product(indices.shape),)))
        return L.reshape(rows, tuple(self.result_shape(params.shape, indices.shape)))

    def _batched(self, params: Any, indices: Any) -> Any:
        """All batches as one table: an index is moved to the rows of its own batch."""
        k, batch = self.places(params.rank, indices.rank)
        target = tuple(self.result_shape(params.shape, indices.shape))
        size, between = params.shape[k], product(params.shape[batch:k])
        tables = product(target[:batch]) * between  # type: ignore[arg-type]
        inside = L.flat_places(L.reshape(indices, (-1, 1)), (size,))
        each = L.reshape(inside, (product(target[:batch]), 1, product(indices.shape[batch:])))  # type: ignore[arg-type]
        first = L.reshape(L.iota(tables, 0, 1, indices.dtype), (product(target[:batch]), between, 1))  # type: ignore[arg-type]
        rows = each + first * L.size_value(size, indices.dtype)
        table = L.reshape(params, (1, tables * size, product(params.shape[k + 1:])))
        return L.reshape(L.gather_rows(table, L.reshape(rows, (product(rows.shape),))), target)

    def reference(self, params: Array, indices: Array) -> Array:
        k, batch = self.places(params.ndim, indices.ndim)
        check_range(indices, params.shape[k])
        if not batch:
            return np.take(params, indices, axis=k)
        result = np.zeros(tuple(self.result_shape(Shape(params.shape), Shape(indices.shape))), params.dtype)  # type: ignore[type-var]
        for place in np.ndindex(indices.shape[:batch]):
            result[place] = np.take(params[place], indices[place], axis=k - batch)
        return result

    def to_onnx(self, o: Any, params: Any, indices: Any) -> Any:
        axis, batch = self.places(params.rank, indices.rank)
        if not batch:
            return o.Gather(params, indices, axis=axis)
        if axis != batch:
            return None
        places = o.Unsqueeze(o.cast(indices, dtypes.int64), [indices.rank])
        return o.GatherND(params, places, batch_dims=batch)

    def gradient(self, g: Any, y: Any, params: Any, indices: Any) -> Any:
        if self.batch_dims:
            from .parts import gradients_of_parts

            return gradients_of_parts(self, g, (params, indices))
        return L.scatter_add_like(g, indices, params, self.axis or 0), None

    samples = (sample(normal(5, 3), integers(0, 5, 4)), sample(normal(2, 5), integers(0, 5), axis=-1),
               sample(normal(2, 5, 3), integers(0, 5, 2, 2, dtype="int64"), axis=1),
               sample(normal(5, 2), integers(0, 5, 0)), sample(normal(5, 0), integers(0, 5, 3)),
               sample(normal(2, 5, 3), integers(0, 5, 2, 4), batch_dims=1),
               sample(normal(2, 3, 4), integers(0, 4, 2, 5, dtype="int64"), axis=-1, batch_dims=-1),
               sample(normal(2, 3, 4), integers(0, 4, 2, 3, 2), axis=2, batch_dims=2))


@op
class EmbeddingLookup(Composite):
    """Rows of a table by number.

    Raises
    ------
    IndexOutsideError, when run, if an id is outside [0, n).

    Shapes
    ------
    params : (n, ...)
    ids : any
    result : the shape of ids, then that of a row
    """

    category = "Indexing"
    names = ("nn.embedding_lookup",)
    inputs = (port("params", AnyType, "table"), port("ids", Index, "rows, in [0, n)", same="I"))
    max_norm: float | None = attr(None, "not supported: has to be None", choices=(None,))

    def result_shape(self, params: Shape, ids: Shape) -> Shape:
        return Shape((*ids, *params[1:]))

    def decompose(self, params: Any, ids: Any) -> Any:
        return L.gather(params, ids)

    def reference(self, params: Array, ids: Array) -> Array:
        check_range(ids, params.shape[0])
        return np.take(params, ids, axis=0)

    def to_onnx(self, o: Any, params: Any, ids: Any) -> Any:
        return o.Gather(params, ids, axis=0)

    def gradient(self, g: Any, y: Any, params: Any, ids: Any) -> Any:
        return L.scatter_add_like(g, ids, params, 0), None

    samples = (sample(normal(5, 3), integers(0, 5, 2, 2)), sample(normal(5), integers(0, 5)))


@op
class ScatterAddLike(Composite):
    """Slices added up at their places along an axis of zeros in the shape of `like`: the transpose of `Gather`."""

    category = "Indexing"
    internal = True
    inputs = (port("g", Numeric, "slices to add"), INDICES, port("like", AnyType, "lends its shape", same="L"))
    axis: int = attr(0, "axis of the indices")

    def result_shape(self, g: Shape, indices: Shape, like: Shape) -> Shape:
        return like

    def decompose(self, g: Any, indices: Any, like: Any) -> Any:
        outer, size, inner = outer_size_inner(like.shape, normal_axis(self.axis, like.rank))
        flat = L.reshape(indices, (product(indices.shape),))
        rows = L.reshape(g, (outer, product(indices.shape), inner))
        return L.reshape(L.scatter_add_rows(rows, flat, L.reshape(like, (outer, size, inner))), tuple(like.shape))

    def reference(self, g: Array, indices: Array, like: Array) -> Array:
        k = self.axis % like.ndim
        check_range(indices, like.shape[k])
        result = np.zeros(like.shape, g.dtype)
        spread = np.moveaxis(g, range(k, k + indices.ndim), range(indices.ndim))
        for place in np.ndindex(indices.shape):
            np.moveaxis(result, k, 0)[indices[place]] += spread[place]
        return result

    def gradient(self, h: Any, y: Any, g: Any, indices: Any, like: Any) -> Any:
        return L.gather(h, indices, None, self.axis), None, SHAPE_ONLY

    samples = (sample(normal(2, 4, 3), integers(0, 5, 4), normal(2, 5, 3), axis=1),
               sample(normal(2, 2, 3), integers(0, 5, 2, 2, dtype="int64"), normal(5, 3)))


@op
class OneHot(Composite):
    """`on_value` at the place along a new axis that an index names, `off_value` elsewhere.

    An index outside [0, depth) gives `off_value` everywhere.

    Shapes
    ------
    indices : any
    result : the shape of indices with `depth` put in at `axis`
    """

    category = "Indexing"
    names = ("one_hot",)
    node_name = "one_hot"
    onnx = "OneHot"
    inputs = (port("indices", Integer, "places along the new axis", same="I"),)
    depth: int = attr(REQUIRED, "size of the new axis", low=0, convert=as_int, sizes="one")
    on_value: bool | int | float | None = attr(None, "value at the place, 1 if None")
    off_value: bool | int | float | None = attr(None, "value elsewhere, 0 if None")
    axis: int | None = attr(None, "where the new axis stands, last if None", convert=as_int_or_none)
    dtype: DType | None = attr(None, "type of the result; the values' or float32 if None", convert=as_dtype_or_none)
    gradient = NoGradient("it depends on whole numbers alone")

    def result_dtype(self, *types: DType) -> DType:
        if self.dtype is not None:
            return self.dtype
        given = {dtypes.as_dtype(type(v)) for v in (self.on_value, self.off_value) if v is not None}
        if len(given) > 1:
            raise AttributeValueError(f"{self.on_value!r} and {self.off_value!r} differ in dtype", fix="give dtype=")
        return given.pop() if given else dtypes.float32

    def result_shape(self, indices: Shape) -> Shape:
        k = normal_axis(-1 if self.axis is None else self.axis, len(indices) + 1)
        return Shape((*indices[:k], self.depth, *indices[k:]))

    def levels(self) -> tuple[Array, Array]:
        """The two values as arrays of the result's dtype."""
        kind = self.result_dtype().numpy
        return np.asarray(1 if self.on_value is None else self.on_value, kind), np.asarray(self.off_value or 0, kind)

    def decompose(self, indices: Any) -> Any:
        k = normal_axis(-1 if self.axis is None else self.axis, indices.rank + 1)
        places = L.iota(self.depth, k, indices.rank + 1, indices.dtype)
        return L.where(L.equal(L.expand_dims(indices, k), places), *self.levels())

    def reference(self, indices: Array) -> Array:
        k = normal_axis(-1 if self.axis is None else self.axis, indices.ndim + 1)
        places = np.arange(self.depth).reshape([-1 if axis == k else 1 for axis in range(indices.ndim + 1)])
        return np.where(np.expand_dims(indices, k) == places, *self.levels())

    samples = (sample(integers(0, 4, 3), depth=4), sample(integers(-1, 6, 3, 2), depth=4, axis=0, dtype="float64"),
               sample(integers(0, 3, 5), depth=3, on_value=5, off_value=-1, axis=1), sample(integers(0, 3), depth=3),
               sample(integers(0, 3, 0), depth=3), sample(integers(0, 2, 4), depth=2, on_value=True, off_value=False))
