"""Whole numbers from fractions: rounding, and division with remainder."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType, float32, float64
from ..ir.dims import Shape
from .compare import PIECEWISE
from .kinds import Array, Composite, Elementwise, Floating, Integer, Numeric, broadcast_shapes, port
from .language import L
from .quiet import quiet
from .registry import op
from .rules import refuse
from .samples import distinct, fractions, normal, sample, uniform, values

DIVIDED_BY_ZERO = "a whole number is divided by 0"


def check_divisors(x: Array, y: Array) -> None:
    """Raise InvalidArgumentError if a whole number of x meets a 0 of y."""
    if x.dtype.kind != "f":
        refuse(np.broadcast_arrays(y, x)[0] == 0, DIVIDED_BY_ZERO)


class _Rounding(Elementwise):
    category = "Arithmetic"
    inputs = (port("x", Floating, "fractions"),)
    gradient = PIECEWISE
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

    names = ("round", "math.round", "math.rint")
    onnx = "Round"
    expression = "rint({x})"

    def reference(self, x: Array) -> Array:
        return np.rint(x)


@op
class Nextafter(Elementwise):
    """The next number that the type can hold from x1 toward x2; x2 where they are equal.

    Notes
    -----
    The gradient is that of x1, as in TensorFlow.

    Shapes
    ------
    x1, x2 : broadcast against each other
    """

    category = "Arithmetic"
    names = ("math.nextafter",)
    inputs = (port("x1", (float32, float64), "where to begin"), port("x2", (float32, float64), "where to go"))
    expression = "nextafter_{T}({x1}, {x2})"
    cost = 10

    @quiet
    def reference(self, x1: Array, x2: Array) -> Array:
        return np.nextafter(x1, x2)

    def gradient(self, g: Any, y: Any, x1: Any, x2: Any) -> Any:
        return g, L.zeros_like(y)

    samples = (sample(normal(3, 4), uniform(4.0, 5.0, 4), smooth=False), sample(normal(0), normal()),
               sample(values(0.0, -0.0, 1.0, -1.0, 1.0, np.inf, -np.inf, np.nan, 1.0),
                      values(1.0, -1.0, 1.0, -2.0, np.inf, 0.0, 0.0, 1.0, np.nan), smooth=False))


@op
class TruncatedQuotient(Elementwise):
    """Whole quotient rounded toward 0. The lowest number divided by -1 is itself.

    Raises
    ------
    InvalidArgumentError, when run, if y is 0.
    """

    category = "Arithmetic"
    internal = True
    inputs = (port("x", Integer, "numerator"), port("y", Integer, "denominator"))
    expression = "whole_quotient({x}, {y})"
    gradient = PIECEWISE
    cost = 8

    def failure(self, *types: DType) -> tuple[str, str] | None:
        return "{y} == 0", DIVIDED_BY_ZERO

    def to_onnx(self, o: Any, x: Any, y: Any) -> Any:
        return o.Div(x, y)

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        check_divisors(x, y)
        quotient = np.floor_divide(x, y)
        inexact = (quotient * y != x) & (quotient < 0)
        return np.asarray(quotient + inexact, x.dtype)

    samples = (sample(normal(3, 4), values(-2, -1, 1, 3)), sample(normal(0), normal()),
               sample(values(7, -7, 7, -7, -2**31), values(2, 2, -2, -2, -1)))


@op
class Fmod(Elementwise):
    """Exact remainder of x / y rounded toward 0, with the sign of x."""

    category = "Arithmetic"
    internal = True
    inputs = (port("x", Floating, "numerator"), port("y", Floating, "denominator"))
    expression = "fmod_{T}({x}, {y})"
    cost = 40

    def to_onnx(self, o: Any, x: Any, y: Any) -> Any:
        return o.Mod(x, y, fmod=1)

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.fmod(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        quotient = x / y
        return g, -g * L.where(quotient < 0, L.ceil(quotient), L.floor(quotient))

    samples = (sample(distinct(3, 4), uniform(20.0, 30.0, 4)), sample(normal(0), normal()),
               sample(values(7.0, -7.0, 1e20, np.inf, 1.0), values(2.5, -2.5, 3.0, 1.0, np.inf), smooth=False))


class _Division(Composite):
    category = "Arithmetic"
    inputs = (port("x", Numeric, "numerator"), port("y", Numeric, "denominator"))

    def result_shape(self, x: Shape, y: Shape) -> Shape:
        return broadcast_shapes(["x", "y"], [x, y])


_QUOTIENTS = (
    sample(distinct(3, 4), uniform(1.0, 4.0, 4)), sample(values(7.0, -7.0, 7.0, -7.0), values(2.0, 2.0, -2.0, -2.0)),
    sample(values(1.0, -1.0, 0.0), fractions(0.0, 0.0, 0.0)), sample(normal(0), normal()),
)
_REMAINDERS = (
    sample(distinct(3, 4), uniform(20.0, 30.0, 4)),
    sample(values(7.0, -7.0, 7.0, -7.0), values(2.5, 2.5, -2.5, -2.5)),
    sample(values(6.0, -6.0, 0.0), fractions(0.0, 3.0, -3.0), smooth=False), sample(normal(0), normal()),
    sample(values(1e9, -1e9, 3.0, -3.0), fractions(3.0, 3.0, np.inf, np.inf), smooth=False),
)


@op
class Floordiv(_Division):
    """Quotient rounded down, floor(x / y), with Python's signs.

    Raises
    ------
    InvalidArgumentError, when run, if a whole number is divided by 0.
    """

    names = ("math.floordiv",)
    node_name = "floordiv"
    operator = "//"
    gradient = PIECEWISE

    def decompose(self, x: Any, y: Any) -> Any:
        if x.dtype.is_floating:
            return L.floor(x / y)
        quotient = L.truncated_quotient(x, y)
        return quotient - L.cast(_goes_below(x - quotient * y, y), x.dtype)

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        check_divisors(x, y)
        return np.floor(x / y) if x.dtype.kind == "f" else np.floor_divide(x, y)

    samples = _QUOTIENTS


@op
class Floormod(_Division):
    """Remainder of the quotient rounded down, exact, with the sign of y, as Python's %.

        z = x - floor(x / y) * y

    Raises
    ------
    InvalidArgumentError, when run, if a whole number is divided by 0.
    """

    names = ("math.floormod", "math.mod")
    node_name = "FloorMod"
    operator = "%"

    def decompose(self, x: Any, y: Any) -> Any:
        rest = L.truncatemod(x, y)
        return rest + L.where(_goes_below(rest, y), y, 0)

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        check_divisors(x, y)
        return np.mod(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return g, -g * L.floordiv(x, y)

    samples = _REMAINDERS


@op
class Truncatediv(_Division):
    """Quotient rounded toward 0, as C's / of whole numbers.

    Raises
    ------
    InvalidArgumentError, when run, if a whole number is divided by 0.
    """

    names = ("truncatediv",)
    gradient = PIECEWISE

    def decompose(self, x: Any, y: Any) -> Any:
        if not x.dtype.is_floating:
            return L.truncated_quotient(x, y)
        quotient = x / y
        return L.where(quotient < 0, L.ceil(quotient), L.floor(quotient))

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.trunc(x / y) if x.dtype.kind == "f" else TruncatedQuotient().reference(x, y)

    samples = _QUOTIENTS


@op
class Truncatemod(_Division):
    """Remainder of the quotient rounded toward 0, exact, with the sign of x, as C's % and fmod.

    Raises
    ------
    InvalidArgumentError, when run, if a whole number is divided by 0.
    """

    names = ("truncatemod",)

    def decompose(self, x: Any, y: Any) -> Any:
        if x.dtype.is_floating:
            return L.fmod(x, y)
        return x - L.truncated_quotient(x, y) * y

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        check_divisors(x, y)
        return np.fmod(x, y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return g, -g * L.truncatediv(x, y)

    samples = _REMAINDERS


def _goes_below(rest: Any, y: Any) -> Any:
    """Whether rounding down differs from rounding toward 0: there is a rest, and its sign is not that of y."""
    return L.not_equal(rest, 0) & ((rest < 0) ^ (y < 0))
