"""Special functions that few programs use: scipy computes them, between the kernels before and those after.

Their derivatives are ordinary ops.
"""
from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any, ClassVar

import numpy as np

from ..ir.dims import Shape
from .kinds import Array, Dynamic, Floating, NoGradient, broadcast_shapes, port
from .language import L
from .quiet import quiet
from .registry import abstract, op
from .samples import Sample, normal, sample, uniform, values


@abstract
class _ByScipy(Dynamic):
    category = "Special"
    has_parts = False
    scipy_name: ClassVar[str]               # of the function in scipy.special
    names: ClassVar[tuple[str, ...]]

    def result_shape(self, *shapes: Shape) -> Shape:
        return broadcast_shapes([p.name for p in self.inputs], shapes)

    @quiet
    def reference(self, *arrays: Any) -> Array:
        from scipy import special

        found = getattr(special, self.scipy_name)(*[a.astype(np.float64) for a in arrays])
        return np.asarray(found, arrays[0].dtype)


class _OfOne(_ByScipy):
    inputs = (port("x", Floating, "numbers"),)
    samples: ClassVar[tuple[Sample, ...]] = (
        sample(uniform(0.3, 4.0, 3, 4)), sample(uniform(0.1, 20.0, 20), smooth=False), sample(normal(0)),
        sample(values(1.0, 2.0, np.nan), smooth=False),
    )


# -------------------------------------------------------------------- zeta and its relatives

@op
class Zeta(_ByScipy):
    """Hurwitz zeta function, the sum over k >= 0 of (q + k)^-x; infinite at x = 1.

    Notes
    -----
    There is no gradient with respect to x, as in TensorFlow.

    References
    ----------
    Abramowitz and Stegun (1964), 23.2.1 for q = 1.
    """

    names = ("math.zeta",)
    scipy_name = "zeta"
    inputs = (port("x", Floating, "exponents"), port("q", Floating, "first terms"))

    def gradient(self, g: Any, y: Any, x: Any, q: Any) -> Any:
        return None, -g * x * L.zeta(x + 1, q)

    samples = (sample(uniform(1.5, 4.0, 3, 4), uniform(0.5, 3.0, 4), smooth=False), sample(normal(0), normal()),
               sample(values(1.0, 2.0, np.nan), values(1.0, 1.0, 2.0), smooth=False))


@op
class Polygamma(_ByScipy):
    """Derivative of digamma of order a: 0, 1, 2 ...

        y = (-1)^(a + 1) a! zeta(a + 1, x)

    References
    ----------
    Abramowitz and Stegun (1964), 6.4.1 and 6.4.10.
    """

    names = ("math.polygamma",)
    inputs = (port("a", Floating, "orders, whole numbers"), port("x", Floating, "positive numbers"))

    @quiet
    def reference(self, a: Array, x: Array) -> Array:
        from scipy import special

        order, wide = a.astype(np.float64), x.astype(np.float64)
        found = np.where(order % 2 == 0, -1, 1) * special.gamma(order + 1) * special.zeta(order + 1, wide)
        found = np.where(order == 0, special.digamma(wide), found)
        return np.asarray(np.where((order < 0) | (order % 1 != 0), np.nan, found), a.dtype)

    def gradient(self, g: Any, y: Any, a: Any, x: Any) -> Any:
        return None, g * L.polygamma(a + 1, x)

    samples = (sample(values(0.0, 1.0, 2.0, 3.0), uniform(0.5, 3.0, 2, 4), smooth=False), sample(normal(0), normal()),
               sample(values(-1.0, 0.5, 1.0), values(1.0, 1.0, np.inf), smooth=False))


# -------------------------------------------------------------------- incomplete gamma and beta functions

class _IncompleteGamma(_ByScipy):
    inputs = (port("a", Floating, "shapes, positive"), port("x", Floating, "ends, 0 or more"))
    samples = (sample(uniform(0.5, 4.0, 3, 4), uniform(0.5, 4.0, 4), smooth=False), sample(normal(0), normal()),
               sample(values(1.0, 2.0, 0.5), values(0.0, np.inf, 50.0), smooth=False))


def _density(a: Any, x: Any) -> Any:
    """That of the gamma distribution: the derivative of igamma by x."""
    return L.exp((a - 1) * L.log(x) - x - L.lgamma(a))


@op
class Igamma(_IncompleteGamma):
    """Lower incomplete gamma function, divided by gamma(a): from 0 at x = 0 to 1.

    References
    ----------
    Abramowitz and Stegun (1964), 6.5.1.
    """

    names = ("math.igamma",)
    scipy_name = "gammainc"

    def gradient(self, g: Any, y: Any, a: Any, x: Any) -> Any:
        return g * L.igamma_by_shape(a, x), g * _density(a, x)


@op
class Igammac(_IncompleteGamma):
    """Upper incomplete gamma function, divided by gamma(a): 1 - igamma(a, x), exact where it is small."""

    names = ("math.igammac",)
    scipy_name = "gammaincc"

    def gradient(self, g: Any, y: Any, a: Any, x: Any) -> Any:
        return -g * L.igamma_by_shape(a, x), -g * _density(a, x)


@op
class IgammaByShape(_IncompleteGamma):
    """Derivative of igamma with respect to a.

        sum over n >= 0 of t(n) (log x - digamma(a + n + 1)),   t(n) = x^(a + n) e^-x / gamma(a + n + 1)

    For large x, and for large a, it is the integral over the rest of the density, times log t - digamma(a), taken by
    Gauss and Laguerre, or Gauss and Legendre.

    References
    ----------
    Abramowitz and Stegun (1964), 6.5.29, differentiated term by term; 25.4.45 and 25.4.29 for the
    integrals; 6.1.41 for Stirling's series.
    """

    internal = True
    scipy_name = ""
    gradient = NoGradient("a second derivative with respect to a is not among TensorFlow's either")

    @quiet
    def reference(self, a: Array, x: Array) -> Array:
        shape, end = np.broadcast_arrays(a.astype(np.float64), x.astype(np.float64))
        found = np.where((shape > 0) & (end >= 0), 0.0, np.nan)
        is_inside = (shape > 0) & (end > 0) & np.isfinite(end)
        is_large = is_inside & (shape >= LARGE) & np.isfinite(shape)
        found[is_large] = _in_blocks(_large, shape[is_large], end[is_large])
        is_far = is_inside & (shape < LARGE) & (end > shape + 10 * np.sqrt(shape) + 20)
        found[is_far] = -_in_blocks(_far, shape[is_far], end[is_far])
        is_near = is_inside & (shape < LARGE) & ~is_far
        found[is_near] = _near(shape[is_near], end[is_near])
        return found.astype(a.dtype)


LARGE = 1000.0                              # shapes from which on the density is smooth enough for one rule
FALL = 45.0                                 # in powers of e, after which the density counts for nothing
VANISHED = -1000.0                          # a power of e that is 0, also times what else is in an integral
BLOCK = 1024                                # elements whose nodes are computed together


def _in_blocks(integral: Callable[[Array, Array], Array], a: Array, x: Array) -> Array:
    """An integral for each element; all nodes of all elements at once would be a hundred times as large."""
    found = np.zeros_like(x)
    for k in range(0, x.size, BLOCK):
        found[k:k + BLOCK] = integral(a[k:k + BLOCK], x[k:k + BLOCK])
    return found


@cache
def _rule(name: str, size: int) -> tuple[Array, Array]:
    """Nodes and weights of Gauss and Laguerre, or Legendre."""
    rules = {"laguerre": np.polynomial.laguerre.laggauss, "legendre": np.polynomial.legendre.leggauss}
    return rules[name](size)


def _near(a: Array, x: Array) -> Array:
    """The series; its terms shrink as soon as n exceeds x. Who has enough leaves, who has none does not begin."""
    from scipy import special

    first = np.exp(a * np.log(x) - x - special.gammaln(a + 1))
    total = np.zeros_like(x)
    places = np.flatnonzero(first)          # the sum is of the order of its first term, below and above x
    a, x, term = a[places], x[places], first[places]
    slope = np.log(x) - special.digamma(a + 1)
    for n in count(1):
        if not places.size:
            break
        total[places] += term * slope
        if n % 16 == 0:
            goes_on = ~((np.abs(term * slope) <= 1e-17 * np.abs(total[places])) & (a + n > x))
            places, a, x, term, slope = (v[goes_on] for v in (places, a, x, term, slope))
        term = term * x / (a + n)
        slope = slope - 1 / (a + n)
    return total


def _far(a: Array, x: Array) -> Array:
    from scipy import special

    nodes, weights = _rule("laguerre", 64)
    width = (x / (x - a))[:, None]          # in which the density falls by e
    t = x[:, None] + width * nodes
    density = width * np.exp((a[:, None] - 1) * np.log(t) - t + nodes - special.gammaln(a)[:, None])
    slope = np.log(t) - special.digamma(a)[:, None]
    return np.asarray((weights * density * slope).sum(1))


def _large(a: Array, x: Array) -> Array:
    """The integral of the density times log t - digamma(a) over what is beyond x, seen from a, by Gauss and Legendre.

    With t = a (1 + m) the density is exp(a (log(1 + m) - m)) / t times what Stirling's series gives, so that no large
    numbers are subtracted.
    """
    nodes, weights = _rule("legendre", 96)
    found = np.zeros_like(x)
    counts = a * _log1p_less(x / a - 1) > VANISHED
    a, x = a[counts], x[counts]
    deviation = np.sqrt(a)
    side = np.where(x < a, -1.0, 1.0)
    start = (x - a) / deviation
    stretch = 1 + np.maximum(start / deviation, 0)      # far to the right it falls more slowly than a normal density
    fall = np.abs(start) / stretch
    width = stretch**2 * (np.sqrt(fall**2 + 2 * FALL / stretch**2) - fall)
    s = (width / 2)[:, None] * (nodes + 1)
    m = np.maximum((start[:, None] + side[:, None] * s) / deviation[:, None], -1 + 1e-12)
    exponent = a[:, None] * _log1p_less(m) - 1 / (12 * a[:, None]) - np.log1p(m)
    slope = np.log1p(m) + (1 / (2 * a) + 1 / (12 * a * a))[:, None]
    total = (weights * np.exp(exponent) * slope).sum(1) * width / 2
    found[counts] = -side * total / np.sqrt(2 * np.pi)
    return found


def _log1p_less(m: Array) -> Array:
    """log(1 + m) - m, also where both are nearly equal: 2 atanh(s) - m with s = m / (2 + m)."""
    s = m / (2 + m)
    square = s * s
    rest = np.zeros_like(m)
    for k in range(33, 1, -2):
        rest = rest * square + 1 / k
    return np.where(np.abs(m) < 0.5, 2 * s * square * rest - m * s, np.log1p(m) - m)


@op
class Betainc(_ByScipy):
    """Incomplete beta function, divided by beta(a, b): from 0 at x = 0 to 1 at x = 1.

    Notes
    -----
    There are no gradients with respect to a and b, as in TensorFlow.

    References
    ----------
    Abramowitz and Stegun (1964), 6.6.2.
    """

    names = ("math.betainc",)
    scipy_name = "betainc"
    inputs = (port("a", Floating, "first shapes, positive"), port("b", Floating, "second shapes, positive"),
              port("x", Floating, "ends, in [0, 1]"))

    def gradient(self, g: Any, y: Any, a: Any, b: Any, x: Any) -> Any:
        size = L.lgamma(a + b) - L.lgamma(a) - L.lgamma(b)
        return None, None, g * L.exp(L.xlogy(a - 1, x) + L.xlog1py(b - 1, -x) + size)

    samples = (sample(uniform(0.5, 4.0, 3, 4), uniform(0.5, 4.0, 4), uniform(0.1, 0.9, 4), smooth=False),
               sample(normal(0), normal(), normal()), sample(values(1.0, 2.0), values(1.0, 0.5), values(0.0, 1.0),
                                                             smooth=False))


# -------------------------------------------------------------------- Bessel functions

_SIGNED = (sample(uniform(-4.0, -0.3, 3, 4)), sample(uniform(0.3, 4.0, 4)),
           sample(uniform(-20.0, 20.0, 20), smooth=False), sample(normal(0)),
           sample(values(0.0, np.nan, 30.0), smooth=False))


@op
class BesselI0(_OfOne):
    """Modified Bessel function of the first kind and order 0.

    References
    ----------
    Abramowitz and Stegun (1964), 9.6.12; 9.6.27 for the derivative.
    """

    names = ("math.bessel_i0", "math.special.bessel_i0")
    scipy_name = "i0"
    samples = _SIGNED

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.bessel_i1(x)


@op
class BesselI1(_OfOne):
    """Modified Bessel function of the first kind and order 1."""

    names = ("math.bessel_i1", "math.special.bessel_i1")
    scipy_name = "i1"
    samples = _SIGNED

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (L.bessel_i0(x) - _over(y, x))


def _over(y: Any, x: Any) -> Any:
    """y / x, and its limit 1/2 at 0 for functions that rise like x / 2."""
    return L.where(L.equal(x, 0), 0.5, y / L.where(L.equal(x, 0), 1, x))


@op
class BesselI0e(_OfOne):
    """exp(-|x|) times the modified Bessel function of the first kind and order 0."""

    names = ("math.bessel_i0e", "math.special.bessel_i0e")
    scipy_name = "i0e"
    samples = _SIGNED

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (L.bessel_i1e(x) - L.sign(x) * y)


@op
class BesselI1e(_OfOne):
    """exp(-|x|) times the modified Bessel function of the first kind and order 1."""

    names = ("math.bessel_i1e", "math.special.bessel_i1e")
    scipy_name = "i1e"
    samples = _SIGNED

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (L.bessel_i0e(x) - L.sign(x) * y - _over(y, x))


@op
class BesselJ0(_OfOne):
    """Bessel function of the first kind and order 0.

    References
    ----------
    Abramowitz and Stegun (1964), 9.1.10; 9.1.27 and 9.1.28 for derivatives.
    """

    names = ("math.special.bessel_j0",)
    scipy_name = "j0"
    samples = _SIGNED

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return -g * L.bessel_j1(x)


@op
class BesselJ1(_OfOne):
    """Bessel function of the first kind and order 1."""

    names = ("math.special.bessel_j1",)
    scipy_name = "j1"
    samples = _SIGNED

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (L.bessel_j0(x) - _over(y, x))


@op
class BesselY0(_OfOne):
    """Bessel function of the second kind and order 0; NaN below 0."""

    names = ("math.special.bessel_y0",)
    scipy_name = "y0"

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return -g * L.bessel_y1(x)


@op
class BesselY1(_OfOne):
    """Bessel function of the second kind and order 1; NaN below 0."""

    names = ("math.special.bessel_y1",)
    scipy_name = "y1"

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (L.bessel_y0(x) - y / x)


@op
class BesselK0(_OfOne):
    """Modified Bessel function of the second kind and order 0; NaN below 0."""

    names = ("math.special.bessel_k0",)
    scipy_name = "k0"

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return -g * L.bessel_k1(x)


@op
class BesselK1(_OfOne):
    """Modified Bessel function of the second kind and order 1; NaN below 0."""

    names = ("math.special.bessel_k1",)
    scipy_name = "k1"

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return -g * (L.bessel_k0(x) + y / x)


@op
class BesselK0e(_OfOne):
    """exp(x) times the modified Bessel function of the second kind and order 0; NaN below 0."""

    names = ("math.special.bessel_k0e",)
    scipy_name = "k0e"

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (y - L.bessel_k1e(x))


@op
class BesselK1e(_OfOne):
    """exp(x) times the modified Bessel function of the second kind and order 1; NaN below 0."""

    names = ("math.special.bessel_k1e",)
    scipy_name = "k1e"

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (y - L.bessel_k0e(x) - y / x)


# -------------------------------------------------------------------- integrals

@op
class Dawsn(_OfOne):
    """Dawson's integral, exp(-x^2) times the integral of exp(t^2) from 0 to x.

    References
    ----------
    Abramowitz and Stegun (1964), 7.1.17.
    """

    names = ("math.special.dawsn",)
    scipy_name = "dawsn"
    samples = _SIGNED

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (1 - x * y * 2)


@op
class Expint(_OfOne):
    """Exponential integral Ei, the principal value of the integral of exp(t) / t up to x; NaN below 0.

    References
    ----------
    Abramowitz and Stegun (1964), 5.1.2.
    """

    names = ("math.special.expint",)

    @quiet
    def reference(self, x: Array) -> Array:
        from scipy import special

        return np.asarray(np.where(x < 0, np.nan, special.expi(x.astype(np.float64))), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.exp(x) / x


class _Fresnel(_OfOne):
    samples = _SIGNED
    place: ClassVar[int]                    # among scipy's two results

    @quiet
    def reference(self, x: Array) -> Array:
        from scipy import special

        return np.asarray(special.fresnel(x.astype(np.float64))[self.place], x.dtype)


@op
class FresnelCos(_Fresnel):
    """Integral of cos(pi t^2 / 2) from 0 to x.

    References
    ----------
    Abramowitz and Stegun (1964), 7.3.1.
    """

    names = ("math.special.fresnel_cos",)
    place = 1

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.cos(x * x * (math.pi / 2))


@op
class FresnelSin(_Fresnel):
    """Integral of sin(pi t^2 / 2) from 0 to x.

    References
    ----------
    Abramowitz and Stegun (1964), 7.3.2.
    """

    names = ("math.special.fresnel_sin",)
    place = 0

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.sin(x * x * (math.pi / 2))


@op
class Spence(_OfOne):
    """Spence's integral, that of log(t) / (1 - t) from 1 to x; NaN below 0.

    References
    ----------
    Abramowitz and Stegun (1964), 27.7.1, for -log(t) / (t - 1).
    """

    names = ("math.special.spence",)
    scipy_name = "spence"

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        is_one = L.equal(x, 1)
        return g * L.where(is_one, -1, L.log(x) / L.where(is_one, 1, 1 - x))
