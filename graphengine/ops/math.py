"""Elementwise arithmetic, comparison and elementary functions."""
from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from . import language as L
from .kinds import AnyType, Array, Composite, Elementwise, Floating, NoGradient, Numeric, port
from .registry import op
from .samples import normal, sample, uniform, values

PIECEWISE = NoGradient("its result is piecewise constant")


@op
class Add(Elementwise):
    """Sum, x + y.

    Shapes
    ------
    x, y : sizes equal or 1, aligned at their last axes
    """

    category = "Arithmetic"
    names = ("add", "math.add")
    operator = "+"
    onnx = "Add"
    inputs = (port("x", Numeric, "first term"), port("y", Numeric, "second term"))
    expression = "{x} + {y}"

    def reference(self, x: Array, y: Array) -> Array:
        return np.add(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return g, g

    samples = (sample(normal(3, 4), normal(3, 4)), sample(normal(2, 3, 4), normal(4)), sample(normal(0, 4), normal(4)),
               sample(normal(3, 1), normal(1, 5)), sample(normal(), normal(2)))


@op
class Multiply(Elementwise):
    """Product, x * y."""

    category = "Arithmetic"
    names = ("multiply", "math.multiply")
    node_name = "Mul"
    operator = "*"
    onnx = "Mul"
    inputs = (port("x", Numeric, "first factor"), port("y", Numeric, "second factor"))
    expression = "{x} * {y}"

    def reference(self, x: Array, y: Array) -> Array:
        return np.multiply(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return g * y, g * x

    samples = (sample(normal(3, 4), normal(3, 4)), sample(normal(2, 3, 4), normal(4)), sample(normal(0), normal(1)))


@op
class Exp(Elementwise):
    """Exponential, e to the power x."""

    category = "Exponential"
    names = ("exp", "math.exp")
    onnx = "Exp"
    inputs = (port("x", Floating, "exponents, dimensionless"),)
    expression = "exp_{T}({x})"
    cost = 12

    def reference(self, x: Array) -> Array:
        with np.errstate(over="ignore", under="ignore"):
            return np.exp(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * y

    samples = (sample(normal(3, 4)), sample(uniform(-90.0, 80.0, 50)),
               sample(values(0.0, -0.0, np.inf, -np.inf, np.nan), smooth=False))


@op
class Less(Elementwise):
    """Whether x < y."""

    category = "Comparison"
    names = ("less", "math.less")
    operator = "<"
    onnx = "Less"
    inputs = (port("x", Numeric, "left side"), port("y", Numeric, "right side"))
    expression = "{x} < {y}"
    returns = dtypes.bool
    gradient = PIECEWISE  # type: ignore[assignment]

    def reference(self, x: Array, y: Array) -> Array:
        return np.less(x, y)

    samples = (sample(normal(3, 4), normal(4)), sample(values(1.0, np.nan, 2.0), values(2.0, 1.0, np.nan)))


@op
class Where(Elementwise):
    """x where the condition holds, y elsewhere.

    Shapes
    ------
    condition, x, y : sizes equal or 1, aligned at their last axes
    """

    category = "Arithmetic"
    node_name = "SelectV2"
    onnx = "Where"
    inputs = (
        port("condition", dtypes.Bool, "which of the two", same="B"),
        port("x", AnyType, "values where it holds"),
        port("y", AnyType, "values elsewhere"),
    )
    expression = "select({condition}, {x}, {y})"

    def result_dtype(self, *types: dtypes.DType) -> dtypes.DType:
        return types[1]

    def reference(self, condition: Array, x: Array, y: Array) -> Array:
        return np.where(condition, x, y)

    def gradient(self, g: Any, z: Any, condition: Any, x: Any, y: Any) -> Any:
        zero = L.zeros_like(g)
        return None, L.where(condition, g, zero), L.where(condition, zero, g)

    samples = (sample(normal(3, 4), normal(3, 4), normal(3, 4)), sample(normal(3, 1), normal(3, 4), normal(4)))


@op
class Square(Composite):
    """Square, x * x."""

    category = "Arithmetic"
    names = ("square", "math.square")
    inputs = (port("x", Numeric, "values to square"),)

    def result_shape(self, x: Any) -> Any:
        return x

    def decompose(self, x: Any) -> Any:
        return x * x

    def reference(self, x: Array) -> Array:
        return np.square(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * x * 2

    samples = (sample(normal(3, 4)),)
