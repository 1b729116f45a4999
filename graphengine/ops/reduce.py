"""Reductions: the keep-axes forms that become loops, and the public ops over them."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype, int64
from ..errors import ShapeError
from ..ir.dims import Shape, product
from ..ir.node import Tensor
from .kinds import (
    REQUIRED,
    Array,
    Call,
    Composite,
    Floating,
    Index,
    Library,
    NoGradient,
    Numeric,
    Reduction,
    attr,
    port,
)
from .language import L
from .quiet import quiet
from .registry import abstract, op
from .rules import Axes, as_axes, as_int_or_none, normal_axes, normal_axis, reduced_shape, sizes_of
from .samples import distinct, normal, sample, uniform, values


@op
class SumAxes(Reduction):
    """Sum along axes, which stay with size 1."""

    category = "Reduction"
    internal = True
    inputs = (port("x", Numeric, "terms"),)
    axes: tuple[int, ...] = attr(REQUIRED, "axes, counted from the front", convert=tuple)
    onnx = "ReduceSum"
    step = "add_step({acc}, {x})"

    def identity(self, dtype: DType) -> Any:
        return 0

    def reference(self, x: Array) -> Array:
        return np.sum(x, axis=self.axes, keepdims=True, dtype=x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.broadcast_like(g, x)

    samples = (sample(normal(3, 4), axes=(0,)), sample(normal(2, 3, 4), axes=(0, 2)), sample(normal(0, 3), axes=(0,)))


def lowest(dtype: DType) -> Any:
    """What no number of a type is below."""
    return -np.inf if dtype.is_floating else dtype.min


def highest(dtype: DType) -> Any:
    """What no number of a type is above."""
    return np.inf if dtype.is_floating else dtype.max


class _Extremum(Reduction):
    """Gradients are shared by all elements that are equal to the extremum, as TensorFlow does."""

    in_own_type = True                      # nothing is rounded, and the extremum of nothing is the type's own
    category = "Reduction"
    internal = True
    inputs = (port("x", Numeric, "numbers"),)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        axes: tuple[int, ...] = self.axes
        chosen = L.cast(L.equal(x, y), x.dtype)
        return chosen * (g / L.sum_axes(chosen, axes))

    samples = (sample(distinct(3, 4), axes=(0,)), sample(distinct(2, 3, 4), axes=(0, 2)),
               sample(normal(0, 3), axes=(0,), smooth=False),
               sample(values([[1.0, np.nan], [2.0, 0.0]]), axes=(0,), smooth=False))


@op
class MaxAxes(_Extremum):
    """Largest element along axes, which stay with size 1; NaN if there is one."""

    axes: tuple[int, ...] = attr(REQUIRED, "axes, counted from the front", convert=tuple)
    onnx = "ReduceMax"
    step = "max_step({acc}, {x})"

    def identity(self, dtype: DType) -> Any:
        return lowest(dtype)

    @np.errstate(invalid="ignore")         # NaN in bfloat16
    def reference(self, x: Array) -> Array:
        return np.asarray(np.max(x, axis=self.axes, keepdims=True, initial=self.identity(as_dtype(x.dtype))))


@op
class MinAxes(_Extremum):
    """Smallest element along axes, which stay with size 1; NaN if there is one."""

    axes: tuple[int, ...] = attr(REQUIRED, "axes, counted from the front", convert=tuple)
    onnx = "ReduceMin"
    step = "min_step({acc}, {x})"

    def identity(self, dtype: DType) -> Any:
        return highest(dtype)

    @np.errstate(invalid="ignore")         # NaN in bfloat16
    def reference(self, x: Array) -> Array:
        return np.asarray(np.min(x, axis=self.axes, keepdims=True, initial=self.identity(as_dtype(x.dtype))))


@abstract
class AxisReduction(Composite):
    """Base of the public reductions: TensorFlow's arguments."""

    category = "Reduction"
    inputs = (port("input_tensor", Numeric, "values to fold"),)
    axis: Axes = attr(None, "axes to fold, all if None", convert=as_axes)
    keepdims: bool = attr(False, "keep the folded axes with size 1")

    def result_shape(self, x: Shape) -> Shape:
        return reduced_shape(x, self.axis, self.keepdims)

    def to_onnx(self, o: Any, x: Any) -> Any:
        axes = normal_axes(self.axis, x.rank)
        return o.node(self.onnx, x, axes, keepdims=int(self.keepdims)) if axes and self.onnx else None

    def finished(self, folded: Any, x: Any) -> Any:
        """The keep-axes result in the shape that the user asked for."""
        return folded if self.keepdims else L.reshape(folded, tuple(self.result_shape(x.shape)))


@op
class ReduceSum(AxisReduction):
    """Sum of elements along axes.

    Shapes
    ------
    input_tensor : any
    result : input_tensor without `axis`, or with size 1 there if keepdims
    """

    node_name = "Sum"
    names = ("reduce_sum", "math.reduce_sum")
    inputs = (port("input_tensor", Numeric, "terms"),)
    onnx = "ReduceSum"

    def decompose(self, x: Any) -> Any:
        return self.finished(L.sum_axes(x, normal_axes(self.axis, x.rank)), x)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.sum(x, axis=self.axis, keepdims=self.keepdims, dtype=x.dtype))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.broadcast_like(L.restore_axes(g, x, self.axis), x)

    samples = (sample(normal(3, 4)), sample(normal(3, 4), axis=1), sample(normal(2, 3, 4), axis=[0, -1], keepdims=True),
               sample(normal(0, 3), axis=0), sample(normal()))


@op
class ReduceMean(AxisReduction):
    """Mean of elements along axes; that of no elements is NaN.

    The mean of whole numbers is whole too: cut off toward 0, and 0 of no elements.
    """

    node_name = "Mean"
    names = ("reduce_mean", "math.reduce_mean")
    inputs = (port("input_tensor", Numeric, "values"),)
    onnx = "ReduceMean"

    def decompose(self, x: Any) -> Any:
        axes = normal_axes(self.axis, x.rank)
        total, count = L.sum_axes(x, axes), L.count_along(x, axes)
        mean = total / count if x.dtype.is_floating else L.truncatediv(total, L.maximum(count, 1))
        return self.finished(mean, x)

    def reference(self, x: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            count = x.dtype.type(np.prod([x.shape[k] for k in normal_axes(self.axis, x.ndim)]))
            total = np.sum(x, axis=self.axis, keepdims=self.keepdims, dtype=x.dtype)
            if x.dtype.kind == "f":
                return np.asarray(total / count)
            return np.asarray(np.sign(total) * (np.abs(total) // np.maximum(count, 1)), x.dtype)

    def to_onnx(self, o: Any, x: Any) -> Any:
        return super().to_onnx(o, x) if x.dtype.is_floating else None

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        if not x.dtype.is_floating:
            return None
        even = L.restore_axes(g, x, self.axis) / L.count_along(x, self.axis)
        return L.broadcast_like(even, x)

    samples = (sample(normal(3, 4)), sample(normal(3, 4), axis=0), sample(normal(2, 3, 4), axis=[1, 2], keepdims=True),
               sample(normal(2, 0), axis=1, smooth=False))


class _ReduceExtremum(AxisReduction):
    in_own_type = True
    inputs = (port("input_tensor", Numeric, "numbers"),)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        chosen = L.cast(L.equal(x, L.restore_axes(y, x, self.axis)), x.dtype)
        count = L.reduce_sum(chosen, self.axis, True)
        return chosen * (L.restore_axes(g, x, self.axis) / count)

    samples = (sample(distinct(3, 4)), sample(distinct(3, 4), axis=1), sample(normal()),
               sample(distinct(2, 3, 4), axis=[0, -1], keepdims=True), sample(normal(0, 3), axis=0, smooth=False),
               sample(values([[1.0, 1.0, 0.0], [2.0, np.nan, 5.0]]), axis=1, smooth=False))


@op
class ReduceMax(_ReduceExtremum):
    """Largest element along axes; NaN if there is one, and the smallest number there is if there is no element.

    Notes
    -----
    Several largest elements share the gradient equally.
    """

    node_name = "Max"
    names = ("reduce_max", "math.reduce_max")
    onnx = "ReduceMax"

    def decompose(self, x: Any) -> Any:
        return self.finished(L.max_axes(x, normal_axes(self.axis, x.rank)), x)

    @np.errstate(invalid="ignore")         # NaN in bfloat16
    def reference(self, x: Array) -> Array:
        return np.asarray(np.max(x, axis=self.axis, keepdims=self.keepdims, initial=lowest(as_dtype(x.dtype))))


@op
class ReduceMin(_ReduceExtremum):
    """Smallest element along axes; NaN if there is one, and the largest number there is if there is no element.

    Notes
    -----
    Several smallest elements share the gradient equally.
    """

    node_name = "Min"
    names = ("reduce_min", "math.reduce_min")
    onnx = "ReduceMin"

    def decompose(self, x: Any) -> Any:
        return self.finished(L.min_axes(x, normal_axes(self.axis, x.rank)), x)

    @np.errstate(invalid="ignore")         # NaN in bfloat16
    def reference(self, x: Array) -> Array:
        return np.asarray(np.min(x, axis=self.axis, keepdims=self.keepdims, initial=highest(as_dtype(x.dtype))))


@op
class ReduceLogsumexp(AxisReduction):
    """Logarithm of the sum of exponentials along axes, without overflow.

        y = m + log(sum(exp(x - m)))   with m the largest element, or 0 if that is infinite

    Notes
    -----
    Where all elements are -inf the result is -inf and the gradient 0.
    """

    node_name = "ReduceLogSumExp"
    names = ("reduce_logsumexp", "math.reduce_logsumexp")
    inputs = (port("input_tensor", Floating, "exponents, dimensionless"),)
    onnx = "ReduceLogSumExp"

    def decompose(self, x: Any) -> Any:
        axes = normal_axes(self.axis, x.rank)
        shift = self.shift(L.max_axes(x, axes))
        return self.finished(L.log(L.sum_axes(L.exp(x - shift), axes)) + shift, x)

    def to_onnx(self, o: Any, x: Any) -> Any:
        return None                         # of infinities ONNX's own may be NaN

    @quiet
    def reference(self, x: Array) -> Array:
        add: Any = np.logaddexp
        return np.asarray(add.reduce(x, axis=normal_axes(self.axis, x.ndim), keepdims=self.keepdims))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        # As a quotient: e^(x - y) would lose the digits that y lost when the logarithm was added to m.
        powers = L.exp(x - self.shift(L.reduce_max(x, self.axis, True)))
        return L.restore_axes(g, x, self.axis) * L.divide_no_nan(powers, L.reduce_sum(powers, self.axis, True))

    def shift(self, largest: Any) -> Any:
        """What is taken from the exponents; the result does not depend on it, so nor does the gradient."""
        return L.stop_gradient(L.where(L.abs(largest) < np.inf, largest, 0))

    samples = (sample(normal(3, 4)), sample(normal(3, 4), axis=1), sample(normal(2, 3, 4), axis=[0, -1], keepdims=True),
               sample(uniform(500.0, 900.0, 3, 4), axis=0), sample(normal(2, 0), axis=1, smooth=False),
               sample(normal()),
               sample(values([[-np.inf, -np.inf], [np.inf, 0.0], [np.nan, 0.0], [-np.inf, 1.0]]), axis=1, smooth=False))


# -------------------------------------------------------------------- places of extrema

def outer_size_inner(shape: Shape, axis: int) -> tuple[Any, Any, Any]:
    """Sizes before, at and after an axis, each as one number."""
    return product(shape[:axis]), shape[axis], product(shape[axis + 1:])  # type: ignore[arg-type]


def _extremum_place(x: Array, axis: int, extremum: str) -> Array:
    find, worst = (np.argmax, -np.inf) if extremum == "max" else (np.argmin, np.inf)
    return np.asarray(find(np.where(np.isnan(x), worst, x) if x.dtype.kind == "f" else x, axis=axis))


@op
class ArgReduce(Library):
    """Where along the middle axis the extremum stands: the first of equal ones, NaN left out; 0 if all are NaN.

    Shapes
    ------
    x : (outer, n, inner)
    result : (outer, inner)
    """

    category = "Reduction"
    internal = True
    inputs = (port("x", Numeric, "numbers"),)
    extremum: str = attr("max", "which", choices=("max", "min"))
    output_type: DType = attr(int64, "type of the indices", convert=as_dtype)
    gradient = NoGradient("an index is no smooth function")

    def result_dtype(self, *types: DType) -> DType:
        return self.output_type

    def result_shape(self, x: Shape) -> Shape:
        return Shape((x[0], x[2]))

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        outer, size, inner = sizes_of(inputs[0])
        kernel = f"arg{self.extremum}_{inputs[0].dtype.code}_{self.output_type.code}"
        return Call(kernel, (outer, size, inner), extent=outer)

    def explain_code(self, code: int) -> str:
        return "the axis has no elements to choose from"

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.cast(o.node(f"Arg{self.extremum.title()}", x, axis=1, keepdims=0), self.output_type)

    def reference(self, x: Array) -> Array:
        return _extremum_place(x, 1, self.extremum).astype(self.output_type.numpy)

    samples = (sample(normal(3, 4, 2)), sample(distinct(1, 7, 1), extremum="min", output_type="int32"),
               sample(normal(0, 3, 2)), sample(values([[[1.0], [np.nan], [np.nan], [5.0]]])),
               sample(values([[[np.nan], [np.nan]], [[np.nan], [-np.inf]]]), extremum="min"))


@abstract
class _ArgExtremum(Composite):
    category = "Reduction"
    inputs = (port("input", Numeric, "numbers"),)
    axis: int | None = attr(None, "axis to search, the first if None", convert=as_int_or_none)
    output_type: DType = attr(int64, "type of the indices, int32 or int64", choices=Index, convert=as_dtype)
    gradient = NoGradient("an index is no smooth function")
    extremum = "max"

    def result_dtype(self, *types: DType) -> DType:
        return self.output_type

    def result_shape(self, x: Shape) -> Shape:
        k = normal_axis(self.axis or 0, len(x))
        if x[k] == 0:
            raise ShapeError(f"axis {k} has no elements to choose from")
        return Shape((*x[:k], *x[k + 1:]))

    def decompose(self, x: Any) -> Any:
        rows = L.reshape(x, outer_size_inner(x.shape, normal_axis(self.axis or 0, x.rank)))
        return L.reshape(L.arg_reduce(rows, self.extremum, self.output_type), tuple(self.result_shape(x.shape)))

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.cast(o.node(self.onnx, x, axis=normal_axis(self.axis or 0, x.rank), keepdims=0), self.output_type)

    def reference(self, x: Array) -> Array:
        self.result_shape(Shape(x.shape))
        return _extremum_place(x, self.axis or 0, self.extremum).astype(self.output_type.numpy)

    samples = (sample(normal(3, 4)), sample(normal(2, 3, 4), axis=-1, output_type="int32"),
               sample(normal(2, 3, 4), axis=1), sample(normal(0, 3), axis=1), sample(values(1.0, 3.0, 3.0, np.nan)))


@op
class Argmax(_ArgExtremum):
    """Index of the largest element along an axis: the first of equal ones, NaN left out; 0 if all are NaN."""

    node_name = "ArgMax"
    names = ("argmax", "math.argmax")
    onnx = "ArgMax"


@op
class Argmin(_ArgExtremum):
    """Index of the smallest element along an axis: the first of equal ones, NaN left out; 0 if all are NaN."""

    node_name = "ArgMin"
    names = ("argmin", "math.argmin")
    onnx = "ArgMin"
    extremum = "min"
