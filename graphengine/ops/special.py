"""Special functions: the error function and its relatives, the logarithm of gamma and its derivatives."""
from __future__ import annotations

import functools
import math
from typing import Any, ClassVar

import numpy as np

from ..dtypes import float32
from ..ir.dims import Shape
from .kinds import REQUIRED, Array, Composite, Elementwise, Floating, attr, broadcast_shapes, port
from .language import L
from .quiet import quiet
from .registry import op
from .rules import as_int
from .samples import Sample, normal, sample, uniform, values

_NUMBERS = (port("x", Floating, "numbers"),)
_EDGES = sample(values(0.0, -0.0, np.inf, -np.inf, np.nan, -1.0, 1.0), smooth=False)
# 3 in place of -inf, where authors differ, and of -0.0, whose pole has two sides.
_POLES = sample(values(0.0, 3.0, np.inf, np.nan, 1.0, 2.0), smooth=False)


class _ErrorFunction(Elementwise):
    category = "Special"
    inputs = _NUMBERS
    cost = 30
    samples: ClassVar[tuple[Sample, ...]] = (
        sample(normal(3, 4)), sample(uniform(-6.0, 6.0, 30), smooth=False), sample(normal(0)), _EDGES,
    )


@op
class Erf(_ErrorFunction):
    """Error function, 2 / sqrt(pi) times the integral of e^(-t^2) from 0 to x.

    References
    ----------
    Abramowitz and Stegun (1964), 7.1.1.
    """

    names = ("math.erf",)
    onnx = "Erf"
    expression = "erf_{T}({x})"

    def reference(self, x: Array) -> Array:
        from scipy import special

        return np.asarray(special.erf(x), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (L.exp(-x * x) * (2 / math.sqrt(math.pi)))


@op
class Erfc(_ErrorFunction):
    """1 - erf(x), accurate where it is small.

    References
    ----------
    Abramowitz and Stegun (1964), 7.1.2.
    """

    names = ("math.erfc",)
    expression = "erfc_{T}({x})"

    def to_onnx(self, o: Any, x: Any) -> Any:
        return 1 - L.erf(x)                 # of large x it has fewer digits

    def reference(self, x: Array) -> Array:
        from scipy import special

        return np.asarray(special.erfc(x), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return -g * (L.exp(-x * x) * (2 / math.sqrt(math.pi)))


GILES_CENTRAL = (2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087, -0.00125372503,
                 -0.00417768164, 0.246640727, 1.50140941)
GILES_TAIL = (-0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613,
              0.00943887047, 1.00167406, 2.83297682)


@op
class Erfinv(_ErrorFunction):
    """Number whose error function is x; infinite at -1 and 1, NaN outside."""

    names = ("math.erfinv",)
    expression = "erfinv_{T}({x})"
    cost = 50
    samples = (sample(uniform(-0.9, 0.9, 3, 4)), sample(uniform(-0.999, 0.999, 30), smooth=False), sample(normal(0)),
               _EDGES)

    def reference(self, x: Array) -> Array:
        from scipy import special

        with np.errstate(all="ignore"):
            return np.asarray(special.erfinv(x.astype(np.float64)), x.dtype)

    def to_onnx(self, o: Any, x: Any) -> Any:
        """Giles (2012), "Approximating the erfinv function", table of single precision: within 4 of the last place."""
        if x.dtype is not float32:
            return None
        w = -L.log((1.0 - x) * (1.0 + x))
        near, far = L.minimum(w, 5.0) - 2.5, L.sqrt(L.maximum(w, 5.0)) - 3.0
        central, tail = (functools.reduce(lambda p, term, v=v: p * v + term, terms[1:], terms[0])  # type: ignore[misc]
                         for v, terms in ((near, GILES_CENTRAL), (far, GILES_TAIL)))
        return L.where(L.equal(w, math.inf), x * math.inf, x * L.where(w < 5.0, central, tail))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (L.exp(y * y) * (math.sqrt(math.pi) / 2))


@op
class Ndtri(Composite):
    """Quantile of the standard normal distribution: the number below which a share p of it lies.

        y = sqrt(2) erfinv(2 p - 1)
    """

    category = "Special"
    names = ("math.ndtri",)
    inputs = (port("x", Floating, "p, in [0, 1]"),)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        return L.erfinv(x * 2 - 1) * math.sqrt(2)

    @quiet
    def reference(self, x: Array) -> Array:
        from scipy import special

        return np.asarray(special.ndtri(x.astype(np.float64)), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (L.exp(y * y * 0.5) * math.sqrt(2 * math.pi))

    samples = (sample(uniform(0.1, 0.9, 3, 4)), sample(normal(0)), sample(values(0.0, 1.0, 2.0, np.nan), smooth=False))


@op
class Lgamma(Elementwise):
    """Logarithm of the absolute value of the gamma function; infinite at 0, -1, -2, ...

    References
    ----------
    Abramowitz and Stegun (1964), 6.1.1.
    """

    category = "Special"
    names = ("math.lgamma",)
    inputs = _NUMBERS
    expression = "lgamma_{T}({x})"
    cost = 100

    def reference(self, x: Array) -> Array:
        from scipy import special

        return np.asarray(special.gammaln(x.astype(np.float64)), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.digamma(x)

    samples = (sample(uniform(0.3, 5.0, 3, 4)), sample(uniform(-0.9, -0.1, 5)), sample(uniform(1.0, 200.0, 20)),
               sample(normal(0)), _POLES)


@op
class Digamma(Elementwise):
    """Derivative of lgamma, the logarithmic derivative of the gamma function; NaN at -1, -2, ...

    References
    ----------
    Abramowitz and Stegun (1964), 6.3.1.
    """

    category = "Special"
    names = ("math.digamma",)
    inputs = _NUMBERS
    expression = "digamma_{T}({x})"
    cost = 60

    def reference(self, x: Array) -> Array:
        from scipy import special

        return np.asarray(special.digamma(x.astype(np.float64)), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.polygamma_of_order(x, 1)

    samples = (sample(uniform(0.3, 5.0, 3, 4)), sample(uniform(-0.9, -0.1, 5)), sample(uniform(1.0, 200.0, 20)),
               sample(normal(0)), _POLES)


_BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6)


@op
class PolygammaOfOrder(Composite):
    """Derivative of digamma of a fixed order, 1 or more.

        y = (-1)^(n + 1) n! sum over k >= 0 of 1 / (x + k)^(n + 1)

    References
    ----------
    Abramowitz and Stegun (1964), 6.4.6 (recurrence), 6.4.7 (reflection), 6.4.11 (asymptotic series).
    """

    category = "Special"
    internal = True
    inputs = _NUMBERS
    order: int = attr(REQUIRED, "n, which derivative of digamma", low=1, convert=as_int)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        n, steps = self.order, 10
        is_negative = x < 0
        positive = L.where(is_negative, 1 - x, x)
        total = power(1 / positive, n + 1)
        for k in range(1, steps):
            total = total + power(1 / (positive + k), n + 1)
        w = 1 / (positive + steps)
        series = w * (math.factorial(n - 1) / math.factorial(n)) + w * w * 0.5
        for k, b in enumerate(_BERNOULLI, 1):
            factor = b * math.factorial(2 * k + n - 1) / (math.factorial(2 * k) * math.factorial(n))
            series = series + power(w, 2 * k + 1) * factor
        sign, scale = (-1) ** (n + 1), float(math.factorial(n))
        value = (total + series * power(w, n - 1)) * (sign * scale)
        # psi_n(x) = (-1)^n psi_n(1 - x) - pi (d/dx)^n cot(pi x), a polynomial of the cotangent c: c' = -pi (1 + c^2)
        c = 1 / L.tan((x - L.round(x)) * math.pi)
        derivative = np.polynomial.Polynomial([0.0, math.pi])
        for _ in range(n):
            derivative = derivative.deriv() * np.polynomial.Polynomial([-math.pi, 0.0, -math.pi])
        reflected = horner(c, [float(a) for a in derivative.coef])
        return L.where(is_negative, value * (-1) ** n - reflected, value)

    @quiet
    def reference(self, x: Array) -> Array:
        from scipy import special

        n = self.order
        wide = x.astype(np.float64)
        # cot and its derivatives, for what scipy does not know: negative arguments
        found = special.polygamma(n, np.where(wide < 0, 1 - wide, wide))
        derivative = np.polynomial.Polynomial([0.0, math.pi])
        for _ in range(n):
            derivative = derivative.deriv() * np.polynomial.Polynomial([-math.pi, 0.0, -math.pi])
        turned = derivative(1 / np.tan(np.pi * (wide - np.rint(wide))))
        return np.asarray(np.where(wide < 0, found * (-1) ** n - turned, found), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.polygamma_of_order(x, self.order + 1)

    samples = (sample(uniform(0.8, 5.0, 3, 4), order=1), sample(uniform(0.8, 5.0, 4), order=2),
               sample(uniform(0.8, 3.0, 4), order=3, smooth=False), sample(uniform(-0.7, -0.3, 5), order=1),
               sample(normal(0), order=1))


def power(x: Any, n: int) -> Any:
    """x^n by repeated products, for n >= 0; 1 for n = 0."""
    result: Any = None
    while n:
        if n & 1:
            result = x if result is None else result * x
        x = x * x
        n >>= 1
    return 1 if result is None else result


def horner(x: Any, coefficients: list[float]) -> Any:
    """c0 + c1 x + c2 x^2 + ..."""
    result: Any = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        result = x * result + c
    return result


# -------------------------------------------------------------------- products where zero wins

class _ZeroWins(Composite):
    """0 where x is 0, whatever the other factor is."""

    category = "Special"

    def result_shape(self, x: Shape, y: Shape) -> Shape:
        return broadcast_shapes(["x", "y"], [x, y])


@op
class Xlogy(_ZeroWins):
    """x log(y), 0 where x is 0.

    Notes
    -----
    Where x is 0 the derivatives are 0, as in TensorFlow.
    """

    names = ("math.xlogy",)
    inputs = (port("x", Floating, "factors"), port("y", Floating, "positive numbers"))

    def decompose(self, x: Any, y: Any) -> Any:
        empty = L.equal(x, 0)
        return L.where(empty, 0, x * L.log(L.where(empty, 1, y)))

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.where(x == 0, x.dtype.type(0), x * np.log(y))

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        present = L.cast(L.not_equal(x, 0), x.dtype)
        return g * L.xlogy(present, y), g * L.xdivy(x, y)

    samples = (sample(normal(3, 4), uniform(0.5, 2.0, 4)), sample(normal(0), normal()),
               sample(values(0.0, 0.0, 0.0, 1.0), values(0.0, -1.0, np.inf, 0.0), smooth=False))


@op
class Xlog1py(_ZeroWins):
    """x log(1 + y), 0 where x is 0."""

    names = ("math.xlog1py",)
    inputs = (port("x", Floating, "factors"), port("y", Floating, "numbers above -1"))

    def decompose(self, x: Any, y: Any) -> Any:
        empty = L.equal(x, 0)
        return L.where(empty, 0, x * L.log1p(L.where(empty, 1, y)))

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.where(x == 0, x.dtype.type(0), x * np.log1p(y))

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        present = L.cast(L.not_equal(x, 0), x.dtype)
        return g * L.xlog1py(present, y), g * L.xdivy(x, y + 1)

    samples = (sample(normal(3, 4), uniform(-0.5, 2.0, 4)), sample(normal(0), normal()),
               sample(values(0.0, 0.0, 0.0, 1.0), values(-1.0, -2.0, np.inf, -1.0), smooth=False))


@op
class Xdivy(_ZeroWins):
    """x / y, 0 where x is 0."""

    names = ("math.xdivy",)
    inputs = (port("x", Floating, "numerator"), port("y", Floating, "denominator"))

    def decompose(self, x: Any, y: Any) -> Any:
        empty = L.equal(x, 0)
        return L.where(empty, 0, x / L.where(empty, 1, y))

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.where(x == 0, x.dtype.type(0), x / y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        present = L.cast(L.not_equal(x, 0), x.dtype)
        return g * L.xdivy(present, y), g * L.xdivy(-z, y)

    samples = (sample(normal(3, 4), uniform(0.5, 2.0, 4)), sample(normal(0), normal()),
               sample(values(0.0, 0.0, 0.0, 1.0), values(0.0, -1.0, np.inf, 0.0), smooth=False))


@op
class MultiplyNoNan(_ZeroWins):
    """x y, 0 where y is 0, even if x is infinite or NaN."""

    names = ("math.multiply_no_nan",)
    inputs = (port("x", Floating, "factors"), port("y", Floating, "factors whose zeros win"))

    def decompose(self, x: Any, y: Any) -> Any:
        return L.where(L.equal(y, 0), 0, x * y)

    @quiet
    def reference(self, x: Array, y: Array) -> Array:
        return np.where(y == 0, x.dtype.type(0), x * y)

    def gradient(self, g: Any, z: Any, x: Any, y: Any) -> Any:
        return L.multiply_no_nan(g, y), L.multiply_no_nan(x, g)

    samples = (sample(normal(3, 4), normal(4)), sample(normal(0), normal()),
               sample(values(np.inf, np.nan, 1.0), values(0.0, 0.0, np.nan), smooth=False))


@op
class ReciprocalNoNan(Composite):
    """1 / x, 0 where x is 0."""

    category = "Arithmetic"
    names = ("math.reciprocal_no_nan",)
    inputs = (port("x", Floating, "denominators"),)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        return L.divide_no_nan(L.ones_like(x), x)

    @quiet
    def reference(self, x: Array) -> Array:
        return np.where(x == 0, x.dtype.type(0), 1 / x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return -g * y * y

    samples = (sample(uniform(0.5, 3.0, 3, 4)), sample(normal(0)),
               sample(values(0.0, -0.0, np.inf, np.nan), smooth=False))
