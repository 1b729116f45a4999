"""Elementwise arithmetic: sums, products, quotients, powers, rounding, limits.

What comes in are numbers of one dtype, sizes broadcast; elementary functions are in `elementary`.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import DType
from ..ir.dims import Shape, merge
from . import language as L
from .kinds import (
    Array,
    Composite,
    Elementwise,
    Floating,
    NoGradient,
    Numeric,
    broadcast_shapes,
    port,
    variadic,
)
from .registry import op
from .samples import distinct, normal, sample, uniform, values

PIECEWISE = NoGradient("its result is piecewise constant")
ignoring = np.errstate                      # references give inf and NaN without warnings, as kernels do


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
    commutative = True

    @ignoring(all="ignore")
    def reference(self, x: Array, y: Array) -> Array:
        return np.add(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return g, g

    samples = (sample(normal(3, 4), normal(3, 4)), sample(normal(2, 3, 4), normal(4)), sample(normal(0, 4), normal(4)),
               sample(normal(3, 1), normal(1, 5)), sample(normal(), normal(2)))


@op
class Subtract(Elementwise):
    """Difference, x - y.

    Shapes
    ------
    x, y : sizes equal or 1, aligned at their last axes
    """

    category = "Arithmetic"
    names = ("subtract", "math.subtract")
    node_name = "Sub"
    operator = "-"
    onnx = "Sub"
    inputs = (port("x", Numeric, "what is reduced"), port("y", Numeric, "what is taken away"))
    expression = "{x} - {y}"

    @ignoring(all="ignore")
    def reference(self, x: Array, y: Array) -> Array:
        return np.subtract(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return g, -g

    samples = (sample(normal(3, 4), normal(3, 4)), sample(normal(4), normal(2, 3, 1)), sample(normal(0), normal(1)),
               sample(values(np.inf, 1.0), values(np.inf, np.nan), smooth=False))


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
    commutative = True

    @ignoring(all="ignore")
    def reference(self, x: Array, y: Array) -> Array:
        return np.multiply(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return g * y, g * x

    samples = (sample(normal(3, 4), normal(3, 4)), sample(normal(2, 3, 4), normal(4)), sample(normal(0), normal(1)))


@op
class Divide(Elementwise):
    """Quotient as a fraction, x / y; whole numbers are divided as float64.

    Division by zero gives an infinity, or NaN for 0 / 0, as IEEE 754 says.
    """

    category = "Arithmetic"
    names = ("divide", "math.divide", "truediv", "math.truediv")
    node_name = "truediv"
    operator = "/"
    onnx = "Div"
    inputs = (port("x", Numeric, "numerator"), port("y", Numeric, "denominator"))
    expression = "to_{R}({x}) / to_{R}({y})"
    cost = 4

    def result_dtype(self, *types: DType) -> DType:
        return types[0] if types[0].is_floating else dtypes.float64

    @ignoring(all="ignore")
    def reference(self, x: Array, y: Array) -> Array:
        return np.true_divide(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        if not x.dtype.is_floating:
            return None, None
        return g / y, -g * z / y

    samples = (sample(normal(3, 4), uniform(0.5, 2.0, 3, 4)), sample(normal(2, 3, 1), uniform(1.0, 3.0, 4)),
               sample(normal(0, 2), normal(2)), sample(values(1.0, 0.0, -1.0, 2.0), values(0.0, 0.0, 0.0, np.inf), smooth=False))


@op
class DivideNoNan(Composite):
    """Quotient x / y that is 0 where y is 0.

        z = x / y   where y != 0
        z = 0       elsewhere, whatever x is
    """

    category = "Arithmetic"
    names = ("math.divide_no_nan",)
    node_name = "div_no_nan"
    inputs = (port("x", Floating, "numerator"), port("y", Floating, "denominator"))

    def result_shape(self, x: Shape, y: Shape) -> Shape:
        return broadcast_shapes(["x", "y"], [x, y])

    def decompose(self, x: Any, y: Any) -> Any:
        empty = L.equal(y, 0)
        return L.where(empty, 0, x / L.where(empty, 1, y))

    @ignoring(all="ignore")
    def reference(self, x: Array, y: Array) -> Array:
        return np.where(y == 0, x.dtype.type(0), x / y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return L.divide_no_nan(g, y), L.divide_no_nan(-g * z, y)

    samples = (sample(normal(3, 4), uniform(0.5, 2.0, 4)),
               sample(values(1.0, 0.0, np.inf, np.nan), values(0.0, 0.0, 0.0, 0.0), smooth=False))


@op
class Negative(Elementwise):
    """The number with the other sign, -x."""

    category = "Arithmetic"
    names = ("negative", "math.negative")
    node_name = "Neg"
    operator = "neg"
    onnx = "Neg"
    inputs = (port("x", Numeric, "numbers"),)
    expression = "-{x}"

    @ignoring(all="ignore")
    def reference(self, x: Array) -> Array:
        return np.negative(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return -g

    samples = (sample(normal(3, 4)), sample(normal(0)), sample(values(0.0, -0.0, np.inf, np.nan), smooth=False))


@op
class Abs(Elementwise):
    """The number without its sign, |x|.

    Notes
    -----
    At 0 the derivative is taken as 0.
    """

    category = "Arithmetic"
    names = ("abs", "math.abs")
    operator = "abs"
    onnx = "Abs"
    inputs = (port("x", Numeric, "numbers"),)
    expression = "fabs({x})"

    @ignoring(all="ignore")
    def reference(self, x: Array) -> Array:
        return np.abs(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.sign(x)

    samples = (sample(distinct(3, 4)), sample(normal(0)), sample(values(0.0, -0.0, -np.inf, np.nan), smooth=False))


@op
class Sign(Composite):
    """-1, 0 or 1, as x is below, at or above 0; NaN stays NaN.

    Notes
    -----
    The derivative is 0 everywhere, also at the jump.
    """

    category = "Arithmetic"
    names = ("sign", "math.sign")
    onnx = "Sign"
    inputs = (port("x", Numeric, "numbers"),)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        return L.where(x > 0, 1, L.where(x < 0, -1, x))

    @ignoring(all="ignore")
    def reference(self, x: Array) -> Array:
        return np.sign(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.zeros_like(x)

    samples = (sample(distinct(3, 4)), sample(values(0.0, -0.0, np.inf, -np.inf, np.nan), smooth=False))


@op
class Reciprocal(Composite):
    """One divided by x."""

    category = "Arithmetic"
    names = ("math.reciprocal",)
    onnx = "Reciprocal"
    inputs = (port("x", Floating, "denominators"),)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        return 1 / x

    @ignoring(all="ignore")
    def reference(self, x: Array) -> Array:
        return np.reciprocal(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return -g * y * y

    samples = (sample(uniform(0.5, 3.0, 3, 4)), sample(values(0.0, -0.0, np.inf, np.nan), smooth=False))


@op
class Square(Composite):
    """Square, x * x."""

    category = "Arithmetic"
    names = ("square", "math.square")
    inputs = (port("x", Numeric, "values to square"),)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        return x * x

    @ignoring(all="ignore")
    def reference(self, x: Array) -> Array:
        return np.square(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * x * 2

    samples = (sample(normal(3, 4)), sample(normal(0)))


@op
class SquaredDifference(Composite):
    """Square of the difference, (x - y)^2."""

    category = "Arithmetic"
    names = ("math.squared_difference",)
    inputs = (port("x", Numeric, "numbers"), port("y", Numeric, "what they are compared with"))

    def result_shape(self, x: Shape, y: Shape) -> Shape:
        return broadcast_shapes(["x", "y"], [x, y])

    def decompose(self, x: Any, y: Any) -> Any:
        return L.square(x - y)

    @ignoring(all="ignore")
    def reference(self, x: Array, y: Array) -> Array:
        return np.square(x - y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        slope = g * (x - y) * 2
        return slope, -slope

    samples = (sample(normal(3, 4), normal(4)), sample(normal(0), normal()))


@op
class Pow(Elementwise):
    """Power, x ** y, of fractions.

    A negative base has a real power for a whole exponent only; elsewhere the result is NaN.

    Notes
    -----
    The derivative by y is taken as 0 where x <= 0, as TensorFlow does; the derivative by x is 0 where y = 0, also
    at x = 0.
    """

    category = "Arithmetic"
    names = ("pow", "math.pow")
    operator = "**"
    onnx = "Pow"
    inputs = (port("x", Floating, "base"), port("y", Floating, "exponent"))
    expression = "pow_{T}({x}, {y})"
    cost = 30

    @ignoring(all="ignore")
    def reference(self, x: Array, y: Array) -> Array:
        return np.power(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        slope = L.where(L.equal(y, 0), 0, y * x ** (y - 1))
        positive = x > 0
        return g * slope, g * L.where(positive, z * L.log(L.where(positive, x, 1)), 0)

    samples = (sample(uniform(0.5, 2.0, 3, 4), normal(4)), sample(uniform(0.5, 2.0, 3), values(2.0, 3.0, -1.0)),
               sample(normal(0), normal()),
               sample(values(0.0, 0.0, -2.0, -2.0, 1.0, np.inf), values(0.0, 2.0, 3.0, 0.5, np.nan, -1.0), smooth=False))


@op
class Maximum(Elementwise):
    """The larger of two numbers; NaN if one of them is NaN.

    Notes
    -----
    Where both are equal the derivative goes to x.
    """

    category = "Arithmetic"
    names = ("maximum", "math.maximum")
    onnx = "Max"
    inputs = (port("x", Numeric, "numbers"), port("y", Numeric, "other numbers"))
    expression = "maximum({x}, {y})"
    commutative = True

    @ignoring(all="ignore")
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

    category = "Arithmetic"
    names = ("minimum", "math.minimum")
    onnx = "Min"
    inputs = (port("x", Numeric, "numbers"), port("y", Numeric, "other numbers"))
    expression = "minimum({x}, {y})"
    commutative = True

    @ignoring(all="ignore")
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

    category = "Arithmetic"
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

    @ignoring(all="ignore")
    def reference(self, t: Array, low: Array, high: Array) -> Array:
        return np.maximum(np.minimum(t, high), low)

    def gradient(self, g: Any, y: Any, t: Any, low: Any, high: Any) -> Any:
        capped = L.minimum(t, high)
        inside = L.where(capped >= low, g, 0)
        return L.where(t <= high, inside, 0), L.where(capped >= low, 0, g), L.where(t <= high, 0, inside)

    samples = (sample(distinct(3, 4), values(-1.0), values(1.0)), sample(normal(0), normal(), normal()),
               sample(values(-1.0, 1.0, np.nan, -np.inf), normal(), uniform(1.0, 3.0), smooth=False))


class _Rounding(Elementwise):
    category = "Arithmetic"
    inputs = (port("x", Floating, "fractions"),)
    gradient = PIECEWISE  # type: ignore[assignment]
    samples = (sample(distinct(3, 4)), sample(normal(0)), sample(values(-1.5, -0.5, 0.5, 1.5, 2.5, -0.0)),
               sample(values(np.inf, -np.inf, np.nan, 1e30)))


@op
class Floor(_Rounding):
    """The next whole number at or below x."""

    names = ("floor", "math.floor")
    onnx = "Floor"
    expression = "floor({x})"

    def reference(self, x: Array) -> Array:
        return np.floor(x)


@op
class Ceil(_Rounding):
    """The next whole number at or above x."""

    names = ("math.ceil",)
    onnx = "Ceil"
    expression = "ceil({x})"

    def reference(self, x: Array) -> Array:
        return np.ceil(x)


@op
class Round(_Rounding):
    """The nearest whole number, the even one of two that are equally near."""

    names = ("round", "math.round")
    onnx = "Round"
    expression = "rint({x})"

    def reference(self, x: Array) -> Array:
        return np.rint(x)


_DIVISIBLE = (*Floating, dtypes.int32)


@op
class Floordiv(Composite):
    """Quotient rounded down, floor(x / y), with Python's signs.

    Notes
    -----
    int32 is divided as float64, which is exact; division by zero gives 0 there. int64 has no such exact way yet.
    """

    category = "Arithmetic"
    names = ("math.floordiv",)
    node_name = "floordiv"
    operator = "//"
    inputs = (port("x", _DIVISIBLE, "numerator"), port("y", _DIVISIBLE, "denominator"))
    gradient = PIECEWISE  # type: ignore[assignment]

    def result_shape(self, x: Shape, y: Shape) -> Shape:
        return broadcast_shapes(["x", "y"], [x, y])

    def decompose(self, x: Any, y: Any) -> Any:
        if x.dtype.is_floating:
            return L.floor(x / y)
        empty = L.equal(y, 0)
        return L.where(empty, 0, L.cast(L.floor(x / L.where(empty, 1, y)), x.dtype))

    @ignoring(all="ignore")
    def reference(self, x: Array, y: Array) -> Array:
        return np.floor(x / y) if x.dtype.kind == "f" else np.floor_divide(x, y)

    samples = (sample(distinct(3, 4), uniform(1.0, 4.0, 4)), sample(values(7.0, -7.0, 7.0, -7.0), values(2.0, 2.0, -2.0, -2.0)),
               sample(values(1.0, -1.0, 0.0), values(0.0, 0.0, 0.0)), sample(normal(0), normal()))


@op
class Floormod(Composite):
    """Remainder of the quotient rounded down, with the sign of y, as Python's %.

        z = x - floor(x / y) * y

    Notes
    -----
    The product is rounded, so fractions lose digits where |x / y| is large; an infinite y gives NaN. In int32,
    y = 0 gives 0. int64 has no exact way yet.
    """

    category = "Arithmetic"
    names = ("math.floormod", "math.mod")
    node_name = "FloorMod"
    operator = "%"
    inputs = (port("x", _DIVISIBLE, "numerator"), port("y", _DIVISIBLE, "denominator"))

    def result_shape(self, x: Shape, y: Shape) -> Shape:
        return broadcast_shapes(["x", "y"], [x, y])

    def decompose(self, x: Any, y: Any) -> Any:
        if x.dtype.is_floating:
            return x - L.floordiv(x, y) * y
        return L.where(L.equal(y, 0), 0, x - L.floordiv(x, y) * y)

    @ignoring(all="ignore")
    def reference(self, x: Array, y: Array) -> Array:
        return np.mod(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return g, -g * L.floordiv(x, y)

    samples = (sample(distinct(3, 4), uniform(20.0, 30.0, 4)), sample(values(7.0, -7.0, 7.0, -7.0), values(2.5, 2.5, -2.5, -2.5)),
               sample(values(6.0, -6.0, 0.0), values(0.0, 3.0, -3.0), smooth=False), sample(normal(0), normal()))


@op
class AddN(Composite):
    """Sum of several tensors of one shape.

    Shapes
    ------
    inputs : all the same
    """

    category = "Arithmetic"
    names = ("add_n", "math.add_n")
    onnx = "Sum"
    inputs = (variadic("inputs", Numeric, "terms, at least one"),)

    def result_shape(self, *shapes: Shape) -> Shape:
        return same_shape(shapes)

    def decompose(self, *terms: Any) -> Any:
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    @ignoring(all="ignore")
    def reference(self, *terms: Array) -> Array:
        return np.sum(np.stack(terms), axis=0, dtype=terms[0].dtype)

    def gradient(self, g: Any, y: Any, *terms: Any) -> Any:
        return (g,) * len(terms)

    samples = (sample(normal(3, 4), normal(3, 4), normal(3, 4)), sample(normal(2)), sample(normal(0), normal(0)))


def same_shape(shapes: tuple[Shape, ...]) -> Shape:
    """The one shape that all have.

    Raises
    ------
    ShapeError that names the first operand and the axis that differ.
    """
    from ..errors import ShapeError

    found = shapes[0]
    for k, shape in enumerate(shapes[1:], 1):
        if len(shape) != len(found):
            raise ShapeError(f"operand 0 has shape {found}, operand {k} has shape {shape}")
        found = Shape(merge(a, b, f"operands 0 and {k} differ on axis {axis}")
                      for axis, (a, b) in enumerate(zip(found, shape, strict=True)))
    return found
