"""Elementwise arithmetic: sums, products, quotients, powers.

What comes in are numbers of one dtype, sizes broadcast; elementary functions are in `elementary`.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import DType
from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .kinds import (
    Array,
    Composite,
    Elementwise,
    Floating,
    Numeric,
    broadcast_shapes,
    port,
    variadic,
)
from .language import L
from .quiet import quiet
from .registry import op
from .rules import refuse
from .samples import distinct, fractions, normal, sample, uniform, values

NEGATIVE_EXPONENT = "a whole number has a negative exponent"


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

    @quiet
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

    @quiet
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

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.multiply(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return g * y, g * x

    samples = (sample(normal(3, 4), normal(3, 4)), sample(normal(2, 3, 4), normal(4)), sample(normal(0), normal(1)))


@op
class Divide(Elementwise):
    """Quotient as a fraction, x / y; whole numbers are divided as float64, those of 8 and 16 bits as float32.

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
        if types[0].is_floating:
            return types[0]
        return dtypes.float32 if types[0].size <= 2 else dtypes.float64

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.true_divide(x, y)

    def to_onnx(self, o: Any, x: Any, y: Any) -> Any:
        kind = self.result_dtype(x.dtype)
        return o.Div(o.cast(x, kind), o.cast(y, kind))

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        if not x.dtype.is_floating:
            return None, None
        return g / y, -g * z / y

    samples = (sample(normal(3, 4), uniform(0.5, 2.0, 3, 4)), sample(normal(2, 3, 1), uniform(1.0, 3.0, 4)),
               sample(normal(0, 2), normal(2)),
               sample(values(1.0, 0.0, -1.0, 2.0), values(0.0, 0.0, 0.0, np.inf), smooth=False))


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

    @quiet
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

    @quiet
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

    @quiet
    def reference(self, x: Array) -> Array:
        return np.abs(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.sign(x)

    samples = (sample(distinct(3, 4)), sample(normal(0)), sample(values(0.0, -0.0, -np.inf, np.nan), smooth=False),
               sample(values(-(2**53) - 1, 2**53 + 1, -(2**63)), smooth=False))


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

    @quiet
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

    @quiet
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

    @quiet
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

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.asarray(np.square(x - y))

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        slope = g * (x - y) * 2
        return slope, -slope

    samples = (sample(normal(3, 4), normal(4)), sample(normal(0), normal()))


@op
class Pow(Elementwise):
    """Power, x ** y.

    A negative base has a real power for a whole exponent only; elsewhere the result is NaN. Powers of whole numbers
    are whole, and wrap where they are too large.

    Raises
    ------
    InvalidArgumentError, when run, if a whole number has a negative exponent.

    Notes
    -----
    The derivative by y is taken as 0 where x <= 0, as TensorFlow does; the derivative by x is 0 where y = 0, also
    at x = 0.
    """

    category = "Arithmetic"
    names = ("pow", "math.pow")
    operator = "**"
    onnx = "Pow"
    inputs = (port("x", Numeric, "base"), port("y", Numeric, "exponent"))
    expression = "pow_{T}({x}, {y})"
    cost = 30

    def failure(self, *types: DType) -> tuple[str, str] | None:
        return ("{y} < 0", NEGATIVE_EXPONENT) if types[0].is_integer else None

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        if x.dtype.kind != "f":
            refuse(np.broadcast_arrays(y, x)[0] < 0, NEGATIVE_EXPONENT)
        return np.power(x, np.maximum(y, 0) if x.dtype.kind != "f" else y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        if not x.dtype.is_floating:
            return None, None
        slope = L.where(L.equal(y, 0), 0, y * x ** (y - 1))
        positive = x > 0
        return g * slope, g * L.where(positive, z * L.log(L.where(positive, x, 1)), 0)

    samples = (sample(uniform(0.5, 2.0, 3, 4), uniform(0.0, 3.0, 4)),
               sample(uniform(0.5, 2.0, 3), fractions(2.0, 3.0, -1.0, otherwise=5)), sample(normal(0), normal()),
               sample(values(-3, -1, 0, 2, 2, 7), values(5, 31, 0, 30, 40, 1), smooth=False),
               sample(values(0.0, 0.0, -2.0, -2.0, 1.0), values(0.0, 2.0, 3.0, 0.5, np.nan), smooth=False))


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

    @quiet
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
    found = shapes[0]
    for k, shape in enumerate(shapes[1:], 1):
        if len(shape) != len(found):
            raise ShapeError(f"operand 0 has shape {found}, operand {k} has shape {shape}")
        found = Shape(merge(a, b, f"operands 0 and {k} differ on axis {axis}")
                      for axis, (a, b) in enumerate(zip(found, shape, strict=True)))
    return found
