"""Comparisons, logic, and the choice between two values."""
from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from . import language as L
from .kinds import AnyType, Array, Bool, Elementwise, Numeric, port
from .math import PIECEWISE
from .registry import op
from .samples import booleans, normal, sample, values

_SIDES = (normal(3, 4), normal(4))
_TIES = (values(1.0, np.nan, 2.0, 3.0), values(2.0, 1.0, np.nan, 3.0))


class _Comparison(Elementwise):
    category = "Comparison"
    inputs = (port("x", Numeric, "left side"), port("y", Numeric, "right side"))
    returns = dtypes.bool
    gradient = PIECEWISE  # type: ignore[assignment]
    samples = (sample(*_SIDES), sample(*_TIES), sample(normal(0), normal()))


@op
class Less(_Comparison):
    """Whether x < y."""

    names = ("less", "math.less")
    operator = "<"
    onnx = "Less"
    expression = "{x} < {y}"

    def reference(self, x: Array, y: Array) -> Array:
        return np.less(x, y)


@op
class LessEqual(_Comparison):
    """Whether x <= y."""

    names = ("less_equal", "math.less_equal")
    operator = "<="
    onnx = "LessOrEqual"
    expression = "{x} <= {y}"

    def reference(self, x: Array, y: Array) -> Array:
        return np.less_equal(x, y)


@op
class Greater(_Comparison):
    """Whether x > y."""

    names = ("greater", "math.greater")
    operator = ">"
    onnx = "Greater"
    expression = "{x} > {y}"

    def reference(self, x: Array, y: Array) -> Array:
        return np.greater(x, y)


@op
class GreaterEqual(_Comparison):
    """Whether x >= y."""

    names = ("greater_equal", "math.greater_equal")
    operator = ">="
    onnx = "GreaterOrEqual"
    expression = "{x} >= {y}"

    def reference(self, x: Array, y: Array) -> Array:
        return np.greater_equal(x, y)


@op
class Equal(_Comparison):
    """Whether x and y are the same number; NaN equals nothing.

    Between symbolic tensors ``==`` asks for identity; this function compares elements.
    """

    names = ("equal", "math.equal")
    onnx = "Equal"
    inputs = (port("x", AnyType, "left side"), port("y", AnyType, "right side"))
    expression = "{x} == {y}"
    commutative = True

    def reference(self, x: Array, y: Array) -> Array:
        return np.equal(x, y)


@op
class NotEqual(_Comparison):
    """Whether x and y are different numbers; NaN differs from everything."""

    names = ("not_equal", "math.not_equal")
    inputs = (port("x", AnyType, "left side"), port("y", AnyType, "right side"))
    expression = "{x} != {y}"
    commutative = True

    def reference(self, x: Array, y: Array) -> Array:
        return np.not_equal(x, y)


class _Logic(Elementwise):
    category = "Logic"
    inputs = (port("x", Bool, "left side"), port("y", Bool, "right side"))
    gradient = PIECEWISE  # type: ignore[assignment]
    samples = (sample(booleans(3, 4), booleans(4)), sample(booleans(0), booleans()),
               sample(values(0, 0, 1, 1), values(0, 1, 0, 1)))


@op
class LogicalAnd(_Logic):
    """Whether both hold."""

    names = ("logical_and", "math.logical_and")
    operator = "&"
    onnx = "And"
    expression = "{x} & {y}"
    commutative = True

    def reference(self, x: Array, y: Array) -> Array:
        return np.logical_and(x, y)


@op
class LogicalOr(_Logic):
    """Whether at least one holds."""

    names = ("logical_or", "math.logical_or")
    operator = "|"
    onnx = "Or"
    expression = "{x} | {y}"
    commutative = True

    def reference(self, x: Array, y: Array) -> Array:
        return np.logical_or(x, y)


@op
class LogicalXor(_Logic):
    """Whether exactly one holds."""

    names = ("math.logical_xor",)
    operator = "^"
    onnx = "Xor"
    expression = "{x} ^ {y}"
    commutative = True

    def reference(self, x: Array, y: Array) -> Array:
        return np.logical_xor(x, y)


@op
class LogicalNot(_Logic):
    """Whether it does not hold."""

    names = ("logical_not", "math.logical_not")
    operator = "~"
    onnx = "Not"
    inputs = (port("x", Bool, "truth values"),)
    expression = "not_({x})"

    def reference(self, x: Array) -> Array:
        return np.logical_not(x)

    samples = (sample(booleans(3, 4)), sample(booleans(0)))


@op
class Where(Elementwise):
    """x where the condition holds, y elsewhere.

    Shapes
    ------
    condition, x, y : sizes equal or 1, aligned at their last axes

    Notes
    -----
    Both values are always needed. TensorFlow's form with the condition alone gives a result whose size depends on
    numbers, which a static graph does not have.
    """

    category = "Comparison"
    names = ("where",)
    node_name = "SelectV2"
    onnx = "Where"
    inputs = (
        port("condition", Bool, "which of the two", same="B"),
        port("x", AnyType, "values where it holds"),
        port("y", AnyType, "values elsewhere"),
    )
    expression = "select({condition}, {x}, {y})"

    def result_dtype(self, *types: dtypes.DType) -> dtypes.DType:
        return types[1]

    def reference(self, condition: Array, x: Array, y: Array) -> Array:
        return np.where(condition, x, y)

    def gradient(self, g: Any, z: Any, condition: Any, x: Any, y: Any) -> Any:
        return None, L.where(condition, g, 0), L.where(condition, 0, g)

    samples = (sample(booleans(3, 4), normal(3, 4), normal(3, 4)), sample(booleans(3, 1), normal(3, 4), normal(4)),
               sample(booleans(), normal(2), normal(2)), sample(booleans(0, 2), normal(2), normal()))
