"""Reductions: the keep-axes forms that become loops, and the public ops over them."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType
from ..ir.dims import Shape
from . import language as L
from .kinds import REQUIRED, Array, Composite, Floating, Numeric, Reduction, attr, port
from .registry import abstract, op
from .rules import Axes, as_axes, normal_axes, reduced_shape
from .samples import normal, sample


@op
class SumAxes(Reduction):
    """Sum along axes, which stay with size 1."""

    category = "Reduction"
    internal = True
    inputs = (port("x", Numeric, "terms"),)
    axes: tuple[int, ...] = attr(REQUIRED, "axes, counted from the front")
    step = "add_step({acc}, {x})"

    def identity(self, dtype: DType) -> Any:
        return 0

    def reference(self, x: Array) -> Array:
        return np.sum(x, axis=self.axes, keepdims=True, dtype=x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.broadcast_like(g, x)

    samples = (sample(normal(3, 4), axes=(0,)), sample(normal(2, 3, 4), axes=(0, 2)), sample(normal(0, 3), axes=(0,)))


@abstract
class AxisReduction(Composite):
    """Base of the public reductions: TensorFlow's arguments."""

    category = "Reduction"
    inputs = (port("input_tensor", Numeric, "values to fold"),)
    axis: Axes = attr(None, "axes to fold, all if None", convert=as_axes)
    keepdims: bool = attr(False, "keep the folded axes with size 1")

    def result_shape(self, x: Shape) -> Shape:
        return reduced_shape(x, self.axis, self.keepdims)

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
    """Mean of elements along axes; that of no elements is NaN."""

    node_name = "Mean"
    names = ("reduce_mean", "math.reduce_mean")
    inputs = (port("input_tensor", Floating, "values"),)
    onnx = "ReduceMean"

    def decompose(self, x: Any) -> Any:
        axes = normal_axes(self.axis, x.rank)
        return self.finished(L.sum_axes(x, axes) / L.count_along(x, axes), x)

    def reference(self, x: Array) -> Array:
        with np.errstate(invalid="ignore", divide="ignore"):
            count = x.dtype.type(np.prod([x.shape[k] for k in normal_axes(self.axis, x.ndim)]))
            return np.asarray(np.sum(x, axis=self.axis, keepdims=self.keepdims, dtype=x.dtype) / count)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        even = L.restore_axes(g, x, self.axis) / L.count_along(x, self.axis)
        return L.broadcast_like(even, x)

    samples = (sample(normal(3, 4)), sample(normal(3, 4), axis=0), sample(normal(2, 3, 4), axis=[1, 2], keepdims=True))
