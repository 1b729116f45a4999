"""Comparisons, logic, and the choice between values."""
from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from .. import dtypes
from ..ir.dims import Shape
from .kinds import (
    AnyType,
    Array,
    Bool,
    Composite,
    Elementwise,
    NoGradient,
    Numeric,
    Port,
    broadcast_shapes,
    port,
)
from .language import L
from .quiet import quiet
from .registry import op
from .samples import Sample, booleans, distinct, normal, sample, uniform, values

PIECEWISE = NoGradient("its result is piecewise constant")
_SIDES = (normal(3, 4), normal(4))
_TIES = (values(1.0, np.nan, 2.0, 3.0), values(2.0, 1.0, np.nan, 3.0))


class _Comparison(Elementwise):
    category = "Comparison"
    inputs = (port("x", Numeric, "left side"), port("y", Numeric, "right side"))
    returns = dtypes.bool
    gradient = PIECEWISE
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
    """Whether x and y are the same number; NaN equals nothing."""

    names = ("equal", "math.equal")
    operator = "=="
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
    operator = "!="
    inputs = (port("x", AnyType, "left side"), port("y", AnyType, "right side"))
    expression = "{x} != {y}"
    commutative = True

    def to_onnx(self, o: Any, x: Any, y: Any) -> Any:
        return o.Not(o.Equal(x, y))

    def reference(self, x: Array, y: Array) -> Array:
        return np.not_equal(x, y)


class _Logic(Elementwise):
    category = "Logic"
    inputs: ClassVar[tuple[Port, ...]] = (port("x", Bool, "left side"), port("y", Bool, "right side"))
    gradient = PIECEWISE
    samples: ClassVar[tuple[Sample, ...]] = (sample(booleans(3, 4), booleans(4)), sample(booleans(0), booleans()),
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
    Both values are always needed. The condition alone gives the places where it holds: int64, a row of indices for each
    element that is not 0, in the order of the elements; their number is known when it has run.
    """

    category = "Comparison"
    names = ("where",)
    alone = "places_where"
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

    def to_onnx(self, o: Any, c: Any, x: Any, y: Any) -> Any:
        if x.dtype is not dtypes.bool:
            return o.Where(c, x, y)
        return o.Or(o.And(c, x), o.And(o.Not(c), y))        # ONNX Runtime chooses no truth values

    def reference(self, condition: Array, x: Array, y: Array) -> Array:
        return np.where(condition, x, y)

    def gradient(self, g: Any, z: Any, condition: Any, x: Any, y: Any) -> Any:
        return None, L.where(condition, g, 0), L.where(condition, 0, g)

    samples = (sample(booleans(3, 4), normal(3, 4), normal(3, 4)), sample(booleans(3, 1), normal(3, 4), normal(4)),
               sample(booleans(), normal(2), normal(2)), sample(booleans(0, 2), normal(2), normal()))


@op
class Maximum(Elementwise):
    """The larger of two numbers; NaN if one of them is NaN.

    Notes
    -----
    Where both are equal the derivative goes to x.
    """

    category = "Comparison"
    names = ("maximum", "math.maximum")
    onnx = "Max"
    inputs = (port("x", Numeric, "numbers"), port("y", Numeric, "other numbers"))
    expression = "maximum({x}, {y})"
    commutative = True

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.maximum(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        first = x >= y
        return L.where(first, g, 0), L.where(first, 0, g)

    samples = (sample(distinct(3, 4), values(0.0)), sample(normal(0), normal()),
               sample(values(1.0, np.nan, 2.0, -np.inf), values(1.0, 2.0, np.nan, np.inf), smooth=False))


@op
class Minimum(Elementwise):
    """The smaller of two numbers; NaN if one of them is NaN.

    Notes
    -----
    Where both are equal the derivative goes to x.
    """

    category = "Comparison"
    names = ("minimum", "math.minimum")
    onnx = "Min"
    inputs = (port("x", Numeric, "numbers"), port("y", Numeric, "other numbers"))
    expression = "minimum({x}, {y})"
    commutative = True

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.minimum(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        first = x <= y
        return L.where(first, g, 0), L.where(first, 0, g)

    samples = (sample(distinct(3, 4), values(0.0)), sample(normal(0), normal()),
               sample(values(1.0, np.nan, 2.0, -np.inf), values(1.0, 2.0, np.nan, np.inf), smooth=False))


@op
class ClipByValue(Composite):
    """Numbers held between two limits: max(min(t, clip_value_max), clip_value_min).

    Notes
    -----
    At a limit the derivative goes to t.
    """

    category = "Comparison"
    names = ("clip_by_value",)
    node_name = "clip_by_value"
    onnx = "Clip"
    inputs = (
        port("t", Numeric, "numbers"), port("clip_value_min", Numeric, "lower limit"),
        port("clip_value_max", Numeric, "upper limit"),
    )

    def result_shape(self, t: Shape, low: Shape, high: Shape) -> Shape:
        return broadcast_shapes([p.name for p in self.inputs], [t, low, high])

    def decompose(self, t: Any, low: Any, high: Any) -> Any:
        return L.maximum(L.minimum(t, high), low)

    @quiet
    def reference(self, t: Array, low: Array, high: Array) -> Array:
        return np.maximum(np.minimum(t, high), low)

    def to_onnx(self, o: Any, t: Any, low: Any, high: Any) -> Any:
        return None                         # where the limits cross, Clip gives the upper one

    def gradient(self, g: Any, y: Any, t: Any, low: Any, high: Any) -> Any:
        capped = L.minimum(t, high)
        inside = L.where(capped >= low, g, 0)
        return L.where(t <= high, inside, 0), L.where(capped >= low, 0, g), L.where(t <= high, 0, inside)

    samples = (sample(distinct(3, 4), values(-1.0), values(1.0)), sample(normal(0), normal(), normal()),
               sample(values(-1.0, 1.0, np.nan, -np.inf), normal(), uniform(1.0, 3.0), smooth=False))
