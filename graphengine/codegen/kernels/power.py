"""Real powers x^y, written like the functions of `exponential`.

The exponent multiplies the error of the logarithm by up to 1000, so log(x) is computed to more digits than x has: in
float64 for float32, and as the sum of two numbers for float64.

References
----------
Dekker (1971), "A floating-point technique for extending the available precision", Numerische Mathematik 18: sums and
products as two numbers.
IEEE 754-2008, section 9.2.1: the special cases of pow.
"""

import math

from numba import types

from .exponential import exp, log
from .formats import BINARY64, horner, split
from .scalars import Scalar

# 2 atanh(s) = 2 s + s^3 (2/3 + s^2 q(s^2)) for |s| <= 3 - 2 sqrt(2); 2/3 in two parts, and q.
_TWO_THIRDS, _TWO_THIRDS_LOW = 0.6666666666666666, 3.700743415417188e-17
_ATANH_TERMS = (
    0.4, 0.2857142857142937, 0.22222222221654733, 0.1818181833565416, 0.15384594934597917, 0.13334806212100603,
    0.11706195689881364, 0.11723603622905411,
)  # fmt: skip
# log(2) in two parts; the first times an exponent is exact, and the second ends at 2^-95.
_LN2_HIGH, _LN2_LOW = BINARY64.ln2_high, BINARY64.ln2_low


def pow(x: Scalar, y: Scalar) -> Scalar:
    """x to the power y; NaN where x < 0 and y is no whole number, 1 where y = 0 or x = 1, also beside NaN.

    Error: 0.51 in float32, 1.6 in float64.
    """
    magnitude = abs(x)
    if x.type == types.float32:
        power = exp(log(magnitude.to(types.float64)) * y.to(types.float64)).to(types.float32)
    else:
        power = _power(magnitude, y)
    whole = y.rint().equals(y)
    half = y * 0.5
    is_odd = whole & (half.rint().equals(half) ^ 1)
    power = (y * (magnitude - 1.0) > 0.0).select(_beyond(magnitude, y, power, math.inf), power)
    power = (y * (magnitude - 1.0) < 0.0).select(_beyond(magnitude, y, power, 0.0), power)
    power = ((x < 0.0) & (whole ^ 1)).select(_nan_if_finite(x, power), power)
    power = is_odd.select(power.copysign(x), power)
    is_one = y.equals(0.0) | x.equals(1.0) | (magnitude.equals(1.0) & abs(y).equals(math.inf))
    return is_one.select(power.constant(1.0), power)


def _beyond(magnitude: Scalar, y: Scalar, power: Scalar, limit: float) -> Scalar:
    """`limit` where an operand is zero or infinite, `power` elsewhere."""
    is_limit = magnitude.equals(0.0) | magnitude.equals(math.inf) | abs(y).equals(math.inf)
    return is_limit.select(limit, power)


def _nan_if_finite(x: Scalar, power: Scalar) -> Scalar:
    """NaN for a finite negative base; -infinity has powers like infinity."""
    return (abs(x) < math.inf).select(math.nan, power)


def _power(x: Scalar, y: Scalar) -> Scalar:
    """x^y for a positive finite x in float64."""
    high, low = _log(x)
    product = y * high
    rest = y.fma(high, -product) + y * low
    power = exp(product)
    # Where the power is zero or infinite, the rest of its logarithm is no number or does not count.
    is_inside = abs(product) < 746.0
    power = (is_inside & (power < math.inf)).select(power.fma(rest, power), power)
    return x.equals(x).select(power, x)     # `split` makes a number of NaN


def _log(x: Scalar) -> tuple[Scalar, Scalar]:
    """log(x) as the sum of two numbers, to 2^-66 of its size or of 1/100, whichever is larger."""
    fmt = BINARY64
    is_tiny = x < fmt.smallest_normal
    n, m = split(is_tiny.select(x * 2.0 ** (fmt.fraction_bits + 1), x), fmt)
    n = n - is_tiny.select(n.constant(fmt.fraction_bits + 1), 0.0)
    f = m - 1.0
    # s = f / (2 + f) in two parts; the denominator is m + 1 with what its rounding took away.
    denominator = m + 1.0
    lost = m - (denominator - 1.0)
    s = f / denominator
    s_low = ((-s).fma(denominator, f) - s * lost) / denominator
    square = s * s
    square_low = s.fma(s, -square) + (s + s) * s_low
    # c = 2/3 + square q(square)
    tail = square * horner(square, _ATANH_TERMS)
    c, c_low = _fast_sum(tail.constant(_TWO_THIRDS), tail)
    c_low = c_low + _TWO_THIRDS_LOW
    t, t_low = _product(square, square_low, c, c_low)
    t, t_low = _product(t, t_low, s, s_low)
    high, low = _fast_sum(s + s, t)
    low = low + ((s_low + s_low) + t_low)
    # n log(2) is 0 or larger than the rest
    total, error = _sum(n * _LN2_HIGH, high)
    lower = n.fma(_LN2_LOW, low + error)
    return _fast_sum(total, lower)


def _fast_sum(a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
    """a + b and its rounding error, for |a| >= |b|."""
    total = a + b
    return total, b - (total - a)


def _sum(a: Scalar, b: Scalar) -> tuple[Scalar, Scalar]:
    """a + b and its rounding error."""
    total = a + b
    back = total - a
    return total, (a - (total - back)) + (b - back)


def _product(a: Scalar, a_low: Scalar, b: Scalar, b_low: Scalar) -> tuple[Scalar, Scalar]:
    """(a + a_low) (b + b_low) as two numbers."""
    product = a * b
    return product, a.fma(b, -product) + a.fma(b_low, a_low * b)
