"""Sine, cosine, tangent and their inverses, written like the functions of `exponential`.

Arguments are in radians. "Error" is in units in the last place, where sin, cos and tan hold it for |x| up to 2^40.
Farther out the number of quarter turns in x has fewer and fewer right digits, as the product of x and 2 / pi has; the
results there are between -1 and 1, but from 2^52 on not those of x.

References
----------
Cody and Waite (1980), "Software Manual for the Elementary Functions", chapters 8 to 11.
Boldo, Daumas and Li (2009), "Formally verified argument reduction with a fused multiply-add", IEEE TC 58: the first
step of `_reduce` is exact.
Coefficients interpolate the function at Chebyshev's nodes, in 60 digits.
"""

import math

from numba import types

from .formats import FORMATS, at_least, at_most, horner, polynomial
from .scalars import Scalar

# pi / 2 = HALF_PI + HALF_PI_LOW + HALF_PI_LOWEST, each rounded to float64.
HALF_PI, HALF_PI_LOW, HALF_PI_LOWEST = 1.5707963267948966, 6.123233995736766e-17, -1.4973849048591833e-33
# pi / 2 = the first + the second, for each format.
_HALF_PI = {
    types.float32: (1.57079637050628662109375, -4.37113900018624283e-8),
    types.float64: (HALF_PI, HALF_PI_LOW),
}

# (sin(r) - r) / r^3, (cos(r) - 1 + r^2 / 2) / r^4, (asin(r) - r) / r^3 and (atan(r) - r) / r^3 as polynomials of r^2.
_SIN_TERMS = {
    types.float32: (-0.16666667, 0.008333332, -0.00019840064, 2.724687e-06),
    types.float64: (
        -0.16666666666666666, 0.008333333333333331, -0.00019841269841264821, 2.7557319219150783e-06,
        -2.5052106167335705e-08, 1.6058521349954986e-10, -7.586094789672621e-13,
    ),
}  # fmt: skip
_COS_TERMS = {
    types.float32: (0.041666664, -0.0013888291, 2.454542e-05),
    types.float64: (
        0.041666666666666664, -0.0013888888888887322, 2.4801587298651292e-05, -2.755731721268659e-07,
        2.0876134024090145e-09, -1.1381754653662937e-11,
    ),
}  # fmt: skip
_ASIN_TERMS = {
    types.float32: (0.16666666, 0.07500094, 0.044599403, 0.031100662, 0.017149238, 0.033690847),
    types.float64: (
        0.16666666666666669, 0.07499999999998433, 0.04464285714635543, 0.030381944138531247, 0.02237217294214989,
        0.017352392720869973, 0.013971212973552933, 0.011479177415184906, 0.01032281435018578, 0.005457506718640358,
        0.01740087944269402, -0.014851887071247204, 0.028757851367421566,
    ),
}  # fmt: skip
_ATAN_TERMS = {
    types.float32: (-0.3333333, 0.1999954, -0.14263953, 0.10743705, -0.064518414),
    types.float64: (
        -0.3333333333333333, 0.19999999999995519, -0.14285714284666184, 0.11111111015227572, -0.09090904576954117,
        0.07692183163650894, -0.06664511064599371, 0.05858145587628202, -0.050854323376990765, 0.0392311556198723,
        -0.01917627151752634,
    ),
}  # fmt: skip


def sin(x: Scalar) -> Scalar:
    """Sine of an angle in radians.

    Error: 1.5 in float32, 0.9 in float64.
    """
    quadrant, r, low = _reduce(x)
    result = quadrant.has_bit(0).select(_cos_reduced(r, low), _sin_reduced(r, low))
    return _is_tiny(x).select(x, _negate_if(quadrant & 2, result))


def cos(x: Scalar) -> Scalar:
    """Cosine of an angle in radians.

    Error: 1.5 in float32, 0.9 in float64.
    """
    quadrant, r, low = _reduce(x)
    result = quadrant.has_bit(0).select(_sin_reduced(r, low), _cos_reduced(r, low))
    return _negate_if((quadrant + 1) & 2, result)


def tan(x: Scalar) -> Scalar:
    """Tangent of an angle in radians.

    Error: 2.9 in float32, 2.3 in float64.
    """
    quadrant, r, low = _reduce(x)
    sine, cosine = _sin_reduced(r, low), _cos_reduced(r, low)
    is_odd = quadrant.has_bit(0)
    result = is_odd.select(cosine, sine) / is_odd.select(-sine, cosine)
    return _is_tiny(x).select(x, result)


def asin(x: Scalar) -> Scalar:
    """Angle in [-pi/2, pi/2] with the sine x; NaN outside [-1, 1].

    Error: 2.4 in float32, 2.2 in float64.

    Notes
    -----
    A polynomial up to 1/2; above, pi/2 - 2 asin(sqrt((1 - x) / 2)), whose difference is exact.
    """
    is_large, angle = _asin_of_magnitude(x)
    high, low = _HALF_PI[x.type]
    return is_large.select(high - (angle + angle - low), angle).copysign(x)


def acos(x: Scalar) -> Scalar:
    """Angle in [0, pi] with the cosine x; NaN outside [-1, 1].

    Error: 1.3 in float32 and float64.
    """
    is_large, angle = _asin_of_magnitude(x)
    high, low = _HALF_PI[x.type]
    double = angle + angle
    outer = (x < 0.0).select(2.0 * high - (double - 2.0 * low), double)
    return is_large.select(outer, high - (angle.copysign(x) - low))


def atan(x: Scalar) -> Scalar:
    """Angle in [-pi/2, pi/2] with the tangent x.

    Error: 2.3 in float32 and float64.
    """
    base, low, angle = _atan_of_quotient(abs(x), x.constant(1.0))
    return (base + (angle + low)).copysign(x)


def atan2(y: Scalar, x: Scalar) -> Scalar:
    """Angle in [-pi, pi] of the point (x, y), as IEEE 754 has it for zeros and infinities.

    Error: 2.6 in float32 and float64.

    Notes
    -----
    Both coordinates are scaled where their sum could overflow. At the origin the angle is that of the signs.
    """
    fmt = FORMATS[x.type]
    a, b = abs(x), abs(y)
    largest = (a < b).select(b, a)
    scale = (largest > 2.0 ** (fmt.bias - 2)).select(x.constant(0.25), 1.0)
    both_infinite = a.equals(math.inf) & b.equals(math.inf)
    a = both_infinite.select(1.0, largest.equals(0.0).select(1.0, a * scale))
    b = both_infinite.select(1.0, b * scale)
    base, low, angle = _atan_of_quotient(b, a)
    high, rest = _HALF_PI[x.type]
    is_left = x.bits().has_bit(x.type.bitwidth - 1)
    right = base + (angle + low)
    # pi - base is exact, as base is a multiple of pi/4.
    left = (2.0 * high - base) - ((angle + low) - 2.0 * rest)
    return is_left.select(left, right).copysign(y)


def cot_pi(r: Scalar) -> Scalar:
    """pi / tan(pi r) for |r| <= 1/2; infinite at 0."""
    magnitude = abs(r)
    is_outer = magnitude > 0.25
    v = is_outer.select(0.5 - magnitude, magnitude) * math.pi
    zero = r.constant(0.0)
    sine, cosine = _sin_reduced(v, zero), _cos_reduced(v, zero)
    return (is_outer.select(sine, cosine) / is_outer.select(cosine, sine) * math.pi).copysign(r)


def _reduce(x: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """An integer with n in its low bits, and r + low = x - n pi / 2, at most a hair over pi / 4.

    float32 is reduced in float64, where it needs two parts of pi and no lower word; float64 in three parts of pi and
    a lower word, since the difference may be as small as 2^-60.
    """
    wide = x.to(types.float64)
    fmt = FORMATS[types.float64]
    shifted = wide.fma(1.0 / HALF_PI, fmt.shifter)
    n = shifted - fmt.shifter
    first = (-n).fma(HALF_PI, wide)
    quadrant = shifted.bits().to(types.int32 if x.type == types.float32 else types.int64)
    if x.type == types.float32:
        return quadrant, _clamped((-n).fma(HALF_PI_LOW, first), 0.79).to(types.float32), x.constant(0.0)
    product = n * HALF_PI_LOW
    r = first - product
    back = r - first
    lost = (first - (r - back)) - (product + back) - n.fma(HALF_PI_LOW, -product)
    return quadrant, _clamped(r, 0.79), _clamped((-n).fma(HALF_PI_LOWEST, lost), 1e-15)


def _clamped(r: Scalar, limit: float) -> Scalar:
    """r, which passes the limit only where x is too large for it to mean anything."""
    return at_least(at_most(r, limit), -limit)


def _sin_reduced(r: Scalar, low: Scalar) -> Scalar:
    """sin(r + low) for |r| up to pi / 4."""
    square = r * r
    return r + (r * square).fma(horner(square, _SIN_TERMS[r.type]), low)


def _cos_reduced(r: Scalar, low: Scalar) -> Scalar:
    """cos(r + low) for |r| up to pi / 4."""
    square = r * r
    half = square * 0.5
    leading = 1.0 - half
    rest = (square * square).fma(horner(square, _COS_TERMS[r.type]), -(r * low))
    return leading + (((1.0 - leading) - half) + rest)


def _negate_if(bit_1: Scalar, x: Scalar) -> Scalar:
    """x with the other sign where bit 1 of the integer is set, which has no other bits."""
    return (x.bits() ^ (bit_1 << (x.type.bitwidth - 2))).bits()


def _is_tiny(x: Scalar) -> Scalar:
    """Whether sin(x) and tan(x) round to x; tells zeros apart too."""
    return abs(x) < 2.0 ** -(FORMATS[x.type].fraction_bits // 2 + 2)


def _asin_of_magnitude(x: Scalar) -> tuple[Scalar, Scalar]:
    """Whether |x| > 1/2, and asin(|x|), or there asin(sqrt((1 - |x|) / 2))."""
    magnitude = abs(x)
    is_large = magnitude > 0.5
    square = is_large.select((1.0 - magnitude) * 0.5, magnitude * magnitude)
    root = is_large.select(square.sqrt(), magnitude)
    return is_large, (root * square).fma(polynomial(square, _ASIN_TERMS[x.type]), root)


def _atan_of_quotient(b: Scalar, a: Scalar) -> tuple[Scalar, Scalar, Scalar]:
    """A multiple of pi/4 in two parts, and the angle that atan(b / a) has beyond it, for b and a not negative.

    The quotient is turned by 0, pi/4 or pi/2 so that its tangent is at most tan(pi/8).
    """
    high, low = _HALF_PI[b.type]
    is_steep = b > a * (math.sqrt(2.0) + 1.0)
    is_middle = b > a * (math.sqrt(2.0) - 1.0)
    numerator = is_steep.select(-a, is_middle.select(b - a, b))
    denominator = is_steep.select(b, is_middle.select(b + a, a))
    t = numerator / denominator
    square = t * t
    angle = (t * square).fma(polynomial(square, _ATAN_TERMS[b.type]), t)
    base = is_steep.select(b.constant(high), is_middle.select(b.constant(high / 2.0), 0.0))
    rest = is_steep.select(b.constant(low), is_middle.select(b.constant(low / 2.0), 0.0))
    return base, rest, angle
