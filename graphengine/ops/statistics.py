"""Reductions made of others: truth, counts, spread and length."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype, float32, int64
from ..ir.dims import Shape
from .kinds import AnyType, Array, Bool, Composite, Floating, NoGradient, Numeric, attr, port
from .language import L
from .parts import Composed
from .quiet import quiet
from .reduce import AxisReduction
from .registry import op
from .rules import Axes, as_axes, reduced_shape
from .samples import booleans, normal, sample, values


class _Truth(AxisReduction):
    inputs = (port("input_tensor", Bool, "truth values"),)
    gradient = NoGradient("its result is a truth value")
    samples = (sample(booleans(3, 4)), sample(booleans(3, 4), axis=1), sample(booleans(0, 3), axis=0),
               sample(booleans(2, 3, 2), axis=[0, -1], keepdims=True), sample(booleans()))


@op
class ReduceAny(_Truth):
    """Whether an element along axes is true; false of no elements."""

    node_name = "Any"
    names = ("reduce_any", "math.reduce_any")

    def decompose(self, x: Any) -> Any:
        return L.reduce_max(L.cast(x, "int32"), self.axis, self.keepdims) > 0

    def reference(self, x: Array) -> Array:
        return np.asarray(np.any(x, axis=self.axis, keepdims=self.keepdims))


@op
class ReduceAll(_Truth):
    """Whether all elements along axes are true; true of no elements."""

    node_name = "All"
    names = ("reduce_all", "math.reduce_all")

    def decompose(self, x: Any) -> Any:
        return L.reduce_min(L.cast(x, "int32"), self.axis, self.keepdims) > 0

    def reference(self, x: Array) -> Array:
        return np.asarray(np.all(x, axis=self.axis, keepdims=self.keepdims))


class _Spread(AxisReduction, Composed):
    inputs = (port("input_tensor", Floating, "values"),)
    samples = (sample(normal(3, 4)), sample(normal(3, 4), axis=0),
               sample(normal(2, 3, 4), axis=[1, -1], keepdims=True))


@op
class ReduceVariance(_Spread):
    """Mean square distance of elements along axes from their mean; of no elements it is NaN.

        y = mean((x - mean(x)) ** 2)
    """

    names = ("math.reduce_variance",)

    def decompose(self, x: Any) -> Any:
        distance = x - L.reduce_mean(x, self.axis, True)
        return L.reduce_mean(distance * distance, self.axis, self.keepdims)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        # Through the mean no gradient comes: the distances from it add up to 0.
        distance = x - L.reduce_mean(x, self.axis, True)
        return distance * (L.restore_axes(g, x, self.axis) * 2 / L.count_along(x, self.axis))

    def reference(self, x: Array) -> Array:
        return np.asarray(np.var(x, axis=self.axis, keepdims=self.keepdims))


@op
class ReduceStd(_Spread):
    """Standard deviation of elements along axes: the square root of their variance.

    Notes
    -----
    Where all elements are equal the gradient is NaN, as TensorFlow's.
    """

    names = ("math.reduce_std",)

    def decompose(self, x: Any) -> Any:
        return L.sqrt(L.reduce_variance(x, self.axis, self.keepdims))

    def reference(self, x: Array) -> Array:
        return np.asarray(np.std(x, axis=self.axis, keepdims=self.keepdims))


@op
class ReduceEuclideanNorm(_Spread):
    """Length of vectors along axes: the square root of the sum of squares.

    Notes
    -----
    At the zero vector the gradient is NaN, as TensorFlow's.
    """

    node_name = "EuclideanNorm"
    names = ("math.reduce_euclidean_norm",)

    def decompose(self, x: Any) -> Any:
        return L.sqrt(L.reduce_sum(x * x, self.axis, self.keepdims))

    def reference(self, x: Array) -> Array:
        return np.asarray(np.sqrt(np.sum(x * x, axis=self.axis, keepdims=self.keepdims)))


@op
class CountNonzero(Composite):
    """How many elements along axes are not 0, or not false."""

    category = "Reduction"
    names = ("math.count_nonzero",)
    inputs = (port("input", AnyType, "numbers or truth values"),)
    axis: Axes = attr(None, "axes to fold, all if None", convert=as_axes)
    keepdims: bool = attr(False, "keep the folded axes with size 1")
    dtype: DType = attr(int64, "type of the count", convert=as_dtype)
    gradient = NoGradient("it counts")

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype

    def result_shape(self, x: Shape) -> Shape:
        return reduced_shape(x, self.axis, self.keepdims)

    def decompose(self, x: Any) -> Any:
        return L.reduce_sum(L.cast(L.cast(x, "bool"), self.dtype), self.axis, self.keepdims)

    def reference(self, x: Array) -> Array:
        count = np.count_nonzero(x, axis=self.axis, keepdims=self.keepdims)
        return np.asarray(count, dtype=self.dtype.numpy)

    samples = (sample(normal(3, 4)), sample(normal(3, 4), axis=1, dtype="int32"), sample(normal(0, 3), axis=0),
               sample(values([[0.0, -0.0], [np.nan, 2.0]]), axis=0, keepdims=True))


@op
class ZeroFraction(Composite):
    """Share of the elements that are 0, a number in [0, 1]; of no elements it is NaN."""

    category = "Reduction"
    names = ("nn.zero_fraction", "math.zero_fraction")
    inputs = (port("value", Numeric, "numbers"),)
    gradient = NoGradient("it counts")

    def result_dtype(self, *types: DType) -> DType:
        return float32

    def result_shape(self, x: Shape) -> Shape:
        return Shape(())

    def decompose(self, x: Any) -> Any:
        return L.reduce_mean(L.cast(L.equal(x, 0), float32))

    @quiet
    def reference(self, x: Array) -> Array:
        return np.asarray(np.float32(x.size - np.count_nonzero(x)) / np.float32(x.size))

    samples = (sample(values(0.0, 1.0, -0.0, np.nan)), sample(normal(3, 4)), sample(normal(0)), sample(normal()))
