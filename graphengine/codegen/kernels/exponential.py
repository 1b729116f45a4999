"""Exponentials, logarithms, and the hyperbolic functions with their inverses.

No branches, no tables, no calls: each is written once for both float formats, on `Scalar` values, and vectorized with
the loop that calls it. "Error" in a docstring bounds what was found in tens of millions of arguments, against a wider
format, in units in the last place (0.5 is correct rounding). NaN gives NaN everywhere.

References
----------
Cody and Waite (1980), "Software Manual for the Elementary Functions": reduction with a constant in two parts.
Tang (1989), "Table-driven implementation of the exponential function in IEEE floating-point arithmetic", ACM TOMS 15.
Muller (2016), "Elementary Functions", 3rd edition, chapters 3 (minimax polynomials) and 11 (range reduction).
The polynomials are minimax fits by Lawson's iteration in 50 digits; leading coefficients are rounded one by one, each
followed by a new fit of the rest.
"""

import math

from numba import types

from .formats import BINARY32, FORMATS, Format, at_least, at_most, horner, polynomial, power_of_2, split
from .scalars import Scalar


def exp(x: Scalar) -> Scalar:
    """e to the power x.

    Results below the smallest normal number are denormal, rounded like all others.
    Error: 1.1 in float32 and float64.

    Notes
    -----
    x = n log(2) + r with |r| <= log(2) / 2, then 2^n exp(r).
    """
    return _exp_below_limit(at_most(x, FORMATS[x.type].exp_high))


def expm1(x: Scalar) -> Scalar:
    """exp(x) - 1, accurate also near 0.

    Error: 1.7 in float32, 2.1 in float64.

    Notes
    -----
    x = n log(2) + r as for exp, then 2^n expm1(r) + (2^n - 1), where half of it is computed and doubled
    because 2^n overflows before the result does. Halving would cost denormal numbers a bit, and zero its sign:
    arguments so small that they are the result are passed through.
    """
    fmt = FORMATS[x.type]
    exponent, r = _reduce(at_least(at_most(x, fmt.exp_high), fmt.expm1_low), fmt, fmt.bias - 1)
    scale = power_of_2(exponent, fmt)
    half = scale.fma(_expm1_reduced(r, fmt), scale - 0.5)
    return (abs(x) < 2.0 ** -(fmt.fraction_bits + 2)).select(x, half + half)


def tanh(x: Scalar) -> Scalar:
    """Hyperbolic tangent.

    Error: 2.6 in float32, 2.7 in float64.

    Notes
    -----
    tanh(|x|) = e / (e + 2) with e = expm1(2 |x|); the sign is put back, that of zero included.
    """
    fmt = FORMATS[x.type]
    magnitude = at_most(abs(x), fmt.tanh_high)
    exponent, r = _reduce(magnitude + magnitude, fmt, fmt.bias)
    scale = power_of_2(exponent, fmt)
    e = scale.fma(_expm1_reduced(r, fmt), scale - 1.0)
    return (e / (e + 2.0)).copysign(x)


def sigmoid(x: Scalar) -> Scalar:
    """Logistic function 1 / (1 + exp(-x)), accurate in both tails.

    Error: 2.5 in float32 and float64.

    Notes
    -----
    With z = exp(-|x|), which cannot overflow: 1 / (1 + z) where x > 0, z / (1 + z) elsewhere. So the left tail is
    exp(x), down to the denormal numbers.
    """
    z = _exp_below_limit(-abs(x))
    return (x > 0.0).select(1.0, z) / (z + 1.0)


def softplus(x: Scalar) -> Scalar:
    """log(1 + exp(x)), without overflow and accurate in both tails.

    Error: 2.2 in float32 and float64.

    Notes
    -----
    max(x, 0) + log1p(z) with z = exp(-|x|), which is between 0 and 1 and needs no reduction.
    """
    fmt = FORMATS[x.type]
    z = _exp_below_limit(-abs(x))
    return (x > 0.0).select(x, 0.0) + (z + _log1p_correction(z, fmt, fmt.softplus_terms))


def log(x: Scalar) -> Scalar:
    """Natural logarithm; -infinity at 0, NaN below.

    Error: 1.0 in float32 and float64.

    Notes
    -----
    x = 2^n m with sqrt(1/2) <= m < sqrt(2), then n log(2) + log1p(m - 1). Denormal numbers are scaled first.
    """
    fmt = FORMATS[x.type]
    is_tiny = x < fmt.smallest_normal
    scaled = is_tiny.select(x * 2.0 ** (fmt.fraction_bits + 1), x)
    n, m = split(scaled, fmt)
    n = n - is_tiny.select(n.constant(fmt.fraction_bits + 1), 0.0)
    finite = _log1p_scaled(n, m - 1.0, fmt)
    return _with_log_limits(x, finite)


def log1p(x: Scalar) -> Scalar:
    """log(1 + x), accurate also near 0; -infinity at -1, NaN below.

    Error: 1.6 in float32 and float64.

    Notes
    -----
    1 + x is rounded to u; what rounding took away is added back after u is scaled to m = 2^-n u near 1, where it counts
    in full only for n = 0.
    """
    fmt = FORMATS[x.type]
    u = x + 1.0
    n, m = split(u, fmt)
    lost = x - (u - 1.0)
    # 2^-n is no normal number for the largest n, where nothing is lost anyway.
    scale = power_of_2((fmt.shifter + fmt.bias - at_most(n, fmt.bias)).bits(), fmt)
    return _with_log_limits(u, _log1p_scaled(n, lost.fma(scale, m - 1.0), fmt)).copysign(x)


def sinh(x: Scalar) -> Scalar:
    """Hyperbolic sine.

    Error: 1.8 in float32 and float64.

    Notes
    -----
    With h = exp(|x|) / 2, halved before it can overflow: h - 1 / (4 h); below 1, where that cancels, a polynomial.
    """
    fmt = FORMATS[x.type]
    magnitude = abs(x)
    half = _exp_below_limit(at_most(magnitude, fmt.exp_high + 1.0), halvings=1)
    square = at_most(magnitude, 1.0) * at_most(magnitude, 1.0)
    small = (magnitude * square).fma(horner(square, _SINH_TERMS[x.type]), magnitude)
    return (magnitude < 1.0).select(small, half - 0.25 / half).copysign(x)


def cosh(x: Scalar) -> Scalar:
    """Hyperbolic cosine, h + 1 / (4 h) with h = exp(|x|) / 2.

    Error: 1.6 in float32 and float64.
    """
    half = _exp_below_limit(at_most(abs(x), FORMATS[x.type].exp_high + 1.0), halvings=1)
    return half + 0.25 / half


def asinh(x: Scalar) -> Scalar:
    """Inverse hyperbolic sine.

    Error: 2.0 in float32 and float64.

    Notes
    -----
    log1p(|x| + x^2 / (1 + sqrt(1 + x^2))); where 1 is lost beside x^2, log(|x|) + log(2).
    """
    magnitude = abs(x)
    is_large, bounded = _split_large(magnitude)
    square = bounded * bounded
    u = bounded + square / ((square + 1.0).sqrt() + 1.0)
    return _log_of_double(is_large, magnitude, u).copysign(x)


def acosh(x: Scalar) -> Scalar:
    """Inverse hyperbolic cosine; NaN below 1.

    Error: 2.4 in float32 and float64.

    Notes
    -----
    log1p(t + sqrt(t (t + 2))) with t = x - 1; where 1 is lost beside x^2, log(x) + log(2).
    """
    is_large, bounded = _split_large(x)
    t = (bounded < 1.0).select(math.nan, bounded - 1.0)
    return _log_of_double(is_large, x, t + (t * (t + 2.0)).sqrt())


def atanh(x: Scalar) -> Scalar:
    """Inverse hyperbolic tangent, log1p(2 |x| / (1 - |x|)) / 2; infinite at -1 and 1, NaN outside.

    Error: 2.2 in float32 and float64.
    """
    magnitude = abs(x)
    result = log1p((magnitude + magnitude) / (1.0 - magnitude)) * 0.5
    is_tiny = magnitude < 2.0 ** -(FORMATS[x.type].fraction_bits // 2 + 2)
    return is_tiny.select(x, result.copysign(x))


def _split_large(x: Scalar) -> tuple[Scalar, Scalar]:
    """Whether 1 is lost beside x^2, and x where it is not."""
    is_large = x > 2.0 ** (FORMATS[x.type].fraction_bits // 2 + 3)
    return is_large, is_large.select(1.0, x)


def _log_of_double(is_large: Scalar, x: Scalar, u: Scalar) -> Scalar:
    """log(2 x) for large x, log1p(u) elsewhere."""
    # log1p(x - 1) is log(x), and costs no second logarithm.
    finite = log1p(is_large.select(x - 1.0, u))
    return finite + is_large.select(finite.constant(math.log(2.0)), 0.0)


def _reduce(x: Scalar, fmt: Format, offset: int) -> tuple[Scalar, Scalar]:
    """An integer with n + offset in its low bits, and r, where x = n log(2) + r and |r| <= log(2) / 2.

    By Cody and Waite (1980): n log(2) is subtracted in two parts, the first without error.
    """
    shifted = x.fma(1.0 / math.log(2.0), fmt.shifter + offset)
    n = shifted - (fmt.shifter + offset)
    return shifted.bits(), n.fma(-fmt.ln2_low, n.fma(-fmt.ln2_high, x))


def _exp_below_limit(x: Scalar, halvings: int = 0) -> Scalar:
    """2^-halvings exp(x) for x up to `exp_high`, or one more with a halving."""
    fmt = FORMATS[x.type]
    exponent, r = _reduce(at_least(x, fmt.exp_low), fmt, 2 * fmt.bias - halvings)
    # 2^n alone may be out of range where the result is not: multiply by two powers that share n.
    half = (exponent & (4 * fmt.bias + 3)) >> 1
    scale = power_of_2(half, fmt)
    return _expm1_reduced(r, fmt).fma(scale, scale) * power_of_2(exponent - half, fmt)


def _expm1_reduced(r: Scalar, fmt: Format) -> Scalar:
    """expm1(r) for |r| <= log(2) / 2."""
    return (r * r).fma(polynomial(r, fmt.expm1_terms), r)


def _log1p_scaled(n: Scalar, f: Scalar, fmt: Format) -> Scalar:
    """n log(2) + log1p(f) for sqrt(1/2) - 1 <= f <= sqrt(2) - 1."""
    correction = n.fma(fmt.ln2_low, _log1p_correction(f, fmt, fmt.log_terms))
    return n.fma(fmt.ln2_high, f + correction)


def _log1p_correction(f: Scalar, fmt: Format, terms: tuple[float, ...]) -> Scalar:
    """log1p(f) - f.

    One polynomial where few terms suffice. In double precision it would need 22, so there log1p(f) = 2 atanh(s) with
    s = f / (2 + f), whose series in s^2 converges four times as fast. Since 2 s = f - s f, the difference
    is s (s^2 (2/3 + ...) - f), which is small, and its errors with it.
    """
    if fmt is BINARY32:
        return (f * f) * horner(f, terms)
    s = f / (f + 2.0)
    square = s * s
    return s * (square * polynomial(square, terms) - f)


def _with_log_limits(x: Scalar, finite: Scalar) -> Scalar:
    """log(x) where x is zero, negative, infinite or NaN, `finite` elsewhere."""
    at_most_zero = x.equals(0.0).select(x.constant(-math.inf), math.nan)
    return (x < math.inf).select((x > 0.0).select(finite, at_most_zero), x)


# (sinh(x) - x) / x^3 as a polynomial of x^2, up to 1; interpolates at Chebyshev's nodes.
_SINH_TERMS = {
    types.float32: (0.16666667, 0.008333339, 0.00019838102, 2.8062802e-06),
    types.float64: (
        0.16666666666666666, 0.008333333333333299, 0.00019841269841324198, 2.7557319191381816e-06,
        2.5052117695907823e-08, 1.6057679623801638e-10, 7.746178593018827e-13,
    ),
}  # fmt: skip
