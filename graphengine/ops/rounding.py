"""Whole numbers from fractions: rounding, and division with remainder."""
from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..ir.dims import Shape
from .compare import PIECEWISE
from .kinds import Array, Composite, Elementwise, Floating, broadcast_shapes, port
from .language import L
from .registry import op
from .samples import distinct, normal, sample, uniform, values

ignoring = np.errstate


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
    gradient = PIECEWISE

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

    samples = (sample(distinct(3, 4), uniform(1.0, 4.0, 4)),
               sample(values(7.0, -7.0, 7.0, -7.0), values(2.0, 2.0, -2.0, -2.0)),
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

    samples = (sample(distinct(3, 4), uniform(20.0, 30.0, 4)),
               sample(values(7.0, -7.0, 7.0, -7.0), values(2.5, 2.5, -2.5, -2.5)),
               sample(values(6.0, -6.0, 0.0), values(0.0, 3.0, -3.0), smooth=False), sample(normal(0), normal()))
