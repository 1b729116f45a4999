"""Elementary functions of one number: roots, exponentials, logarithms, sigmoids. Kernels find them in vecmath."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.dims import Shape
from .kinds import Array, Composite, Elementwise, Floating, port
from .language import L
from .quiet import quiet
from .registry import op
from .samples import normal, sample, uniform, values

EDGES = sample(values(0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, 1.0), smooth=False)


@op
class Exp(Elementwise):
    """Exponential, e to the power x."""

    category = "Exponential"
    names = ("exp", "math.exp")
    onnx = "Exp"
    inputs = (port("x", Floating, "exponents, dimensionless"),)
    expression = "exp_{T}({x})"
    cost = 12

    @quiet
    def reference(self, x: Array) -> Array:
        return np.exp(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * y

    samples = (sample(normal(3, 4)), sample(uniform(-90.0, 80.0, 50), smooth=False), sample(normal(0)), EDGES)


@op
class Expm1(Elementwise):
    """Exponential less one, e^x - 1, exact also near 0."""

    category = "Exponential"
    names = ("math.expm1",)
    inputs = (port("x", Floating, "exponents, dimensionless"),)
    expression = "expm1_{T}({x})"
    cost = 15

    @quiet
    def reference(self, x: Array) -> Array:
        return np.expm1(x)

    def to_onnx(self, o: Any, x: Any) -> Any:
        half = L.tanh(x * 0.5)              # e^x - 1 = 2 t / (1 - t) with t = tanh(x / 2)
        return L.where(L.abs(x) < 1, 2 * half / (1 - half), L.exp(x) - 1)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.exp(x)

    samples = (sample(normal(3, 4)), sample(uniform(-1e-6, 1e-6, 5)), sample(normal(0)), EDGES)


@op
class Log(Elementwise):
    """Natural logarithm; -inf at 0, NaN below."""

    category = "Exponential"
    names = ("math.log",)
    onnx = "Log"
    inputs = (port("x", Floating, "positive numbers"),)
    expression = "log_{T}({x})"
    cost = 12

    @quiet
    def reference(self, x: Array) -> Array:
        return np.log(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g / x

    samples = (sample(uniform(0.3, 4.0, 3, 4)), sample(normal(0)), EDGES)


@op
class Log1p(Elementwise):
    """Natural logarithm of 1 + x, exact also near 0."""

    category = "Exponential"
    names = ("math.log1p",)
    inputs = (port("x", Floating, "numbers above -1"),)
    expression = "log1p_{T}({x})"
    cost = 15

    @quiet
    def reference(self, x: Array) -> Array:
        return np.log1p(x)

    def to_onnx(self, o: Any, x: Any) -> Any:
        """What rounding 1 + x loses is put right (Goldberg 1991, theorem 4)."""
        whole = 1 + x
        small = L.equal(whole, 1)
        near = L.log(whole) * (x / L.where(small, 1, whole - 1))
        return L.where(small, x, L.where(L.abs(x) < 1, near, L.log(whole)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g / (x + 1)

    samples = (sample(uniform(-0.7, 4.0, 3, 4)), sample(uniform(-1e-6, 1e-6, 5)), sample(normal(0)), EDGES)


@op
class Sqrt(Elementwise):
    """Square root; NaN below 0."""

    category = "Arithmetic"
    names = ("sqrt", "math.sqrt")
    onnx = "Sqrt"
    inputs = (port("x", Floating, "numbers, not negative"),)
    expression = "sqrt({x})"
    cost = 4

    @quiet
    def reference(self, x: Array) -> Array:
        return np.sqrt(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * 0.5 / y

    samples = (sample(uniform(0.3, 4.0, 3, 4)), sample(normal(0)), EDGES)


@op
class Rsqrt(Composite):
    """One divided by the square root."""

    category = "Arithmetic"
    names = ("math.rsqrt",)
    inputs = (port("x", Floating, "positive numbers"),)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        return 1 / L.sqrt(x)

    @quiet
    def reference(self, x: Array) -> Array:
        return np.reciprocal(np.sqrt(x))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (y * y * y) * -0.5

    samples = (sample(uniform(0.3, 4.0, 3, 4)), sample(normal(0)), EDGES)


@op
class Tanh(Elementwise):
    """Hyperbolic tangent, (e^x - e^-x) / (e^x + e^-x)."""

    category = "Activation"
    names = ("tanh", "math.tanh", "nn.tanh")
    onnx = "Tanh"
    inputs = (port("x", Floating, "numbers"),)
    expression = "tanh_{T}({x})"
    cost = 20

    def reference(self, x: Array) -> Array:
        return np.tanh(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (1 - y * y)

    samples = (sample(normal(3, 4)), sample(uniform(-40.0, 40.0, 20)), sample(normal(0)), EDGES)


@op
class Sigmoid(Elementwise):
    """Logistic function, 1 / (1 + e^-x)."""

    category = "Activation"
    names = ("sigmoid", "math.sigmoid", "nn.sigmoid")
    onnx = "Sigmoid"
    inputs = (port("x", Floating, "numbers"),)
    expression = "sigmoid_{T}({x})"
    cost = 16

    @quiet
    def reference(self, x: Array) -> Array:
        small = np.exp(-np.abs(x))
        return np.asarray(np.where(x < 0, small, x.dtype.type(1)) / (1 + small))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * y * (1 - y)

    samples = (sample(normal(3, 4)), sample(uniform(-80.0, 80.0, 20)), sample(normal(0)), EDGES)


@op
class Softplus(Elementwise):
    """A smooth rectifier, log(1 + e^x)."""

    category = "Activation"
    names = ("nn.softplus", "math.softplus")
    onnx = "Softplus"
    inputs = (port("features", Floating, "numbers"),)
    expression = "softplus_{T}({features})"
    cost = 25

    @quiet
    def reference(self, x: Array) -> Array:
        return np.asarray(np.logaddexp(x, x.dtype.type(0)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.sigmoid(x)

    samples = (sample(normal(3, 4)), sample(uniform(-80.0, 80.0, 20)), sample(normal(0)), EDGES)
