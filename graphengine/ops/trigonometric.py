"""Trigonometric and hyperbolic functions with their inverses. Angles are in radians."""
from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from .kinds import Array, Elementwise, Floating, port
from .language import L
from .quiet import quiet
from .registry import op
from .samples import Sample, normal, sample, uniform, values

_EDGES = sample(values(0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, 1.0, 1.5), smooth=False)


class _OfAngle(Elementwise):
    category = "Trigonometry"
    inputs = (port("x", Floating, "angles, radians"),)
    cost = 25
    samples: ClassVar[tuple[Sample, ...]] = (
        sample(normal(3, 4)), sample(uniform(-1e4, 1e4, 30), smooth=False), sample(normal(0)), _EDGES,
    )


class _OfNumber(Elementwise):
    category = "Trigonometry"
    inputs = (port("x", Floating, "numbers"),)
    cost = 20
    samples: ClassVar[tuple[Sample, ...]] = (
        sample(normal(3, 4)), sample(uniform(-30.0, 30.0, 30), smooth=False), sample(normal(0)), _EDGES,
    )


_INSIDE = (sample(uniform(-0.9, 0.9, 3, 4)), sample(normal(0)), _EDGES)


@op
class Sin(_OfAngle):
    """Sine."""

    names = ("sin", "math.sin")
    onnx = "Sin"
    expression = "sin_{T}({x})"

    @quiet
    def reference(self, x: Array) -> Array:
        return np.sin(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.cos(x)


@op
class Cos(_OfAngle):
    """Cosine."""

    names = ("cos", "math.cos")
    onnx = "Cos"
    expression = "cos_{T}({x})"

    @quiet
    def reference(self, x: Array) -> Array:
        return np.cos(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return -g * L.sin(x)


@op
class Tan(_OfAngle):
    """Tangent, sin(x) / cos(x)."""

    names = ("tan", "math.tan")
    onnx = "Tan"
    expression = "tan_{T}({x})"
    samples = (sample(uniform(-1.2, 1.2, 3, 4)), sample(uniform(-1e4, 1e4, 30), smooth=False), sample(normal(0)),
               _EDGES)

    @quiet
    def reference(self, x: Array) -> Array:
        return np.tan(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (y * y + 1)


@op
class Asin(_OfNumber):
    """Angle in [-pi/2, pi/2] whose sine is x; NaN outside [-1, 1]."""

    names = ("asin", "math.asin")
    onnx = "Asin"
    expression = "asin_{T}({x})"
    samples = _INSIDE

    @quiet
    def reference(self, x: Array) -> Array:
        return np.arcsin(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.rsqrt(1 - x * x)


@op
class Acos(_OfNumber):
    """Angle in [0, pi] whose cosine is x; NaN outside [-1, 1]."""

    names = ("acos", "math.acos")
    onnx = "Acos"
    expression = "acos_{T}({x})"
    samples = _INSIDE

    @quiet
    def reference(self, x: Array) -> Array:
        return np.arccos(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return -g * L.rsqrt(1 - x * x)


@op
class Atan(_OfNumber):
    """Angle in [-pi/2, pi/2] whose tangent is x."""

    names = ("atan", "math.atan")
    onnx = "Atan"
    expression = "atan_{T}({x})"

    def reference(self, x: Array) -> Array:
        return np.arctan(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g / (x * x + 1)


@op
class Atan2(Elementwise):
    """Angle in [-pi, pi] of the point (x, y), seen from the origin.

    Notes
    -----
    At the origin it is that of the signs of the two zeros, and the derivative is NaN.
    """

    category = "Trigonometry"
    names = ("atan2", "math.atan2")
    inputs = (port("y", Floating, "ordinates"), port("x", Floating, "abscissas"))
    expression = "atan2_{T}({y}, {x})"
    cost = 30

    def reference(self, y: Array, x: Array) -> Array:
        return np.arctan2(y, x)

    def to_onnx(self, o: Any, y: Any, x: Any) -> Any:
        """The angle in the first quadrant, then mirrored; 1 / x tells zeros of different signs apart."""
        across, up = L.abs(x), L.abs(y)
        same = L.where(L.equal(up, 0), L.zeros_like(y), math.pi / 4)
        angle = L.where(L.equal(across, up), same, L.atan(up / across))
        is_left, is_below = (L.where(L.equal(v, 0), 1 / v < 0, v < 0) for v in (x, y))
        angle = L.where(is_left, math.pi - angle, angle)
        return L.where(is_below, -angle, angle)

    def gradient(self, g: Any, z: Any, y: Any, x: Any) -> Any:
        slope = g / (x * x + y * y)
        return x * slope, -y * slope

    samples = (sample(uniform(0.3, 2.0, 3, 4), normal(4)), sample(normal(3), uniform(0.3, 2.0, 3)),
               sample(normal(0), normal()),
               sample(values(0.0, 0.0, -0.0, -0.0, 1.0, np.inf, np.nan),
                      values(1.0, -1.0, 0.0, -0.0, 0.0, -np.inf, 1.0), smooth=False))


@op
class Sinh(_OfNumber):
    """Hyperbolic sine, (e^x - e^-x) / 2."""

    names = ("sinh", "math.sinh")
    onnx = "Sinh"
    expression = "sinh_{T}({x})"

    @quiet
    def reference(self, x: Array) -> Array:
        return np.sinh(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.cosh(x)


@op
class Cosh(_OfNumber):
    """Hyperbolic cosine, (e^x + e^-x) / 2."""

    names = ("cosh", "math.cosh")
    onnx = "Cosh"
    expression = "cosh_{T}({x})"

    @quiet
    def reference(self, x: Array) -> Array:
        return np.cosh(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.sinh(x)


@op
class Asinh(_OfNumber):
    """Number whose hyperbolic sine is x."""

    names = ("asinh", "math.asinh")
    onnx = "Asinh"
    expression = "asinh_{T}({x})"
    cost = 30

    def reference(self, x: Array) -> Array:
        return np.arcsinh(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g / L.cosh(y)


@op
class Acosh(_OfNumber):
    """Number at or above 0 whose hyperbolic cosine is x; NaN below 1."""

    names = ("acosh", "math.acosh")
    onnx = "Acosh"
    expression = "acosh_{T}({x})"
    cost = 30
    samples = (sample(uniform(1.2, 4.0, 3, 4)), sample(uniform(1.0, 1e6, 9), smooth=False), sample(normal(0)),
               _EDGES)

    @quiet
    def reference(self, x: Array) -> Array:
        return np.arccosh(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g / L.sinh(y)


@op
class Atanh(_OfNumber):
    """Number whose hyperbolic tangent is x; NaN outside [-1, 1]."""

    names = ("atanh", "math.atanh")
    onnx = "Atanh"
    expression = "atanh_{T}({x})"
    cost = 30
    samples = _INSIDE

    @quiet
    def reference(self, x: Array) -> Array:
        return np.arctanh(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g / (1 - x * x)
