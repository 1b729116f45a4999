"""Elementary functions for kernels: one float in, one float out, no branches, no tables, no calls.

Each is written once for both float formats, on `Scalar` values, and vectorized with the loop that calls it. Kernels
call `exp_f32`, `exp_f64` and so on. "Error" in a docstring bounds what was found in tens of millions of arguments,
against a wider format, in units in the last place (0.5 is correct rounding). NaN gives NaN everywhere.

References
----------
Cody and Waite (1980), "Software Manual for the Elementary Functions": reduction with a constant in two parts.
Tang (1989), "Table-driven implementation of the exponential function in IEEE floating-point arithmetic", ACM TOMS 15.
Muller (2016), "Elementary Functions", 3rd edition, chapters 3 (minimax polynomials) and 11 (range reduction).
The polynomials are minimax fits by Lawson's iteration in 50 digits; leading coefficients are rounded one by one, each
followed by a new fit of the rest.
"""

import math
from dataclasses import dataclass

from numba import types

from .scalars import Scalar, elementary


@dataclass(frozen=True)
class Format:
    """A binary floating-point format: its layout, and the constants of the formulas rounded for it.

    Attributes
    ----------
    fraction_bits, bias : layout of the bits, sign then biased exponent then fraction.
    ln2_high, ln2_low : their sum is log(2); `ln2_high` times any exponent is exact.
    exp_low, exp_high : exp rounds to 0 below the first, to infinity above the second.
    expm1_low : expm1 rounds to -1 below.
    tanh_high : tanh rounds to 1 above.
    expm1_terms : q in expm1(r) = r + r^2 q(r), where |r| <= log(2) / 2.
    log_terms, softplus_terms : the polynomial of `_log1p_correction`, for the reduced argument of log and for 0 to 1.
    """

    fraction_bits: int
    bias: int
    ln2_high: float
    ln2_low: float
    exp_low: float
    exp_high: float
    expm1_low: float
    tanh_high: float
    expm1_terms: tuple[float, ...]
    log_terms: tuple[float, ...]
    softplus_terms: tuple[float, ...]

    @property
    def shifter(self) -> float:
        """Adding it to a small number leaves the nearest integer in the low bits of the sum."""
        return 1.5 * 2.0**self.fraction_bits

    @property
    def smallest_normal(self) -> float:
        """Smaller ones are denormal: their exponent bits are zero."""
        return 2.0 ** (1 - self.bias)

    @property
    def sqrt_half_bits(self) -> int:
        """The bits of sqrt(1/2)."""
        fraction = round((math.sqrt(2.0) - 1.0) * 2**self.fraction_bits)
        return ((self.bias - 1) << self.fraction_bits) | fraction


BINARY32 = Format(
    fraction_bits=23,
    bias=127,
    ln2_high=0.693115234375,
    ln2_low=3.1946184945309415e-05,
    exp_low=-104.0,
    exp_high=89.0,
    expm1_low=-18.0,
    tanh_high=9.5,
    expm1_terms=(0.49999997, 0.16666545, 0.0416675024, 0.00836639199, 0.00138644897),
    log_terms=(
        -0.499999881, 0.333333254, -0.250015974, 0.200019553, -0.166088,
        0.141824782, -0.132458493, 0.128998205, -0.0760847256,
    ),
    softplus_terms=(
        -0.499999315, 0.333304703, -0.24958156, 0.196931928, -0.153490975,
        0.106700167, -0.057561636, 0.0201504473, -0.00330658094,
    ),
)  # fmt: skip

BINARY64 = Format(
    fraction_bits=52,
    bias=1023,
    ln2_high=0.693147180559663,
    ln2_low=2.8235290563031577e-13,
    exp_low=-746.0,
    exp_high=710.0,
    expm1_low=-38.0,
    tanh_high=20.0,
    expm1_terms=(
        0.5, 0.16666666666666677, 0.04166666666666665, 0.0083333333333214989, 0.0013888888888901505,
        0.00019841269886347474, 2.4801587281960681e-05, 2.7557244056347907e-06, 2.7557315761134962e-07,
        2.5109073877830658e-08, 2.0900623384858275e-09,
    ),
    log_terms=(
        0.6666666666666734, 0.39999999999416674, 0.28571428742020893, 0.22222198605457436, 0.18183562856560373,
        0.15314083928707004, 0.14795650802896779,
    ),
    softplus_terms=(
        0.66666666666666308, 0.40000000000155672, 0.28571428548065059, 0.22222223956126511, 0.18181744413434511,
        0.15386549433072394, 0.13301111405690116, 0.1210500062126502, 0.083448094917221688, 0.17009934249443362,
    ),
)  # fmt: skip

_FORMATS = {types.float32: BINARY32, types.float64: BINARY64}


def exp(x: Scalar) -> Scalar:
    """e to the power x.

    Results below the smallest normal number are denormal, rounded like all others.
    Error: 1.1 in float32 and float64.

    Notes
    -----
    x = n log(2) + r with |r| <= log(2) / 2, then 2^n exp(r).
    """
    return _exp_below_limit(_at_most(x, _FORMATS[x.type].exp_high))


def expm1(x: Scalar) -> Scalar:
    """exp(x) - 1, accurate also near 0.

    Error: 1.7 in float32, 2.1 in float64.

    Notes
    -----
    x = n log(2) + r as for exp, then 2^n expm1(r) + (2^n - 1), where half of it is computed and doubled
    because 2^n overflows before the result does. Halving would cost denormal numbers a bit, and zero its sign:
    arguments so small that they are the result are passed through.
    """
    fmt = _FORMATS[x.type]
    exponent, r = _reduce(_at_least(_at_most(x, fmt.exp_high), fmt.expm1_low), fmt, fmt.bias - 1)
    scale = _power_of_2(exponent, fmt)
    half = scale.fma(_expm1_reduced(r, fmt), scale - 0.5)
    return (abs(x) < 2.0 ** -(fmt.fraction_bits + 2)).select(x, half + half)


def tanh(x: Scalar) -> Scalar:
    """Hyperbolic tangent.

    Error: 2.6 in float32, 2.7 in float64.

    Notes
    -----
    tanh(|x|) = e / (e + 2) with e = expm1(2 |x|); the sign is put back, that of zero included.
    """
    fmt = _FORMATS[x.type]
    magnitude = _at_most(abs(x), fmt.tanh_high)
    exponent, r = _reduce(magnitude + magnitude, fmt, fmt.bias)
    scale = _power_of_2(exponent, fmt)
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
    fmt = _FORMATS[x.type]
    z = _exp_below_limit(-abs(x))
    return (x > 0.0).select(x, 0.0) + (z + _log1p_correction(z, fmt, fmt.softplus_terms))


def log(x: Scalar) -> Scalar:
    """Natural logarithm; -infinity at 0, NaN below.

    Error: 1.0 in float32 and float64.

    Notes
    -----
    x = 2^n m with sqrt(1/2) <= m < sqrt(2), then n log(2) + log1p(m - 1). Denormal numbers are scaled first.
    """
    fmt = _FORMATS[x.type]
    is_tiny = x < fmt.smallest_normal
    scaled = is_tiny.select(x * 2.0 ** (fmt.fraction_bits + 1), x)
    n, m = _split(scaled, fmt)
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
    fmt = _FORMATS[x.type]
    u = x + 1.0
    n, m = _split(u, fmt)
    lost = x - (u - 1.0)
    # 2^-n is no normal number for the largest n, where nothing is lost anyway.
    scale = _power_of_2((fmt.shifter + fmt.bias - _at_most(n, fmt.bias)).bits(), fmt)
    return _with_log_limits(u, _log1p_scaled(n, lost.fma(scale, m - 1.0), fmt)).copysign(x)


def _at_least(x: Scalar, low: float) -> Scalar:
    """max(x, low), where NaN stays NaN."""
    return (x < low).select(low, x)


def _at_most(x: Scalar, high: float) -> Scalar:
    """min(x, high), where NaN stays NaN."""
    return (x > high).select(high, x)


def _polynomial(x: Scalar, coefficients: tuple[float, ...]) -> Scalar:
    """c0 + c1 x + c2 x^2 + ..., even and odd powers apart: two chains of half the length."""
    square = x * x
    return _horner(square, coefficients[1::2]).fma(x, _horner(square, coefficients[0::2]))


def _horner(x: Scalar, coefficients: tuple[float, ...]) -> Scalar:
    """c0 + c1 x + c2 x^2 + ... with fused steps; the more accurate way where signs alternate."""
    result = x.constant(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = result.fma(x, coefficient)
    return result


def _reduce(x: Scalar, fmt: Format, offset: int) -> tuple[Scalar, Scalar]:
    """An integer with n + offset in its low bits, and r, where x = n log(2) + r and |r| <= log(2) / 2.

    By Cody and Waite (1980): n log(2) is subtracted in two parts, the first without error.
    """
    shifted = x.fma(1.0 / math.log(2.0), fmt.shifter + offset)
    n = shifted - (fmt.shifter + offset)
    return shifted.bits(), n.fma(-fmt.ln2_low, n.fma(-fmt.ln2_high, x))


def _exp_below_limit(x: Scalar) -> Scalar:
    """exp(x) for x up to `exp_high`."""
    fmt = _FORMATS[x.type]
    exponent, r = _reduce(_at_least(x, fmt.exp_low), fmt, 2 * fmt.bias)
    # 2^n alone may be out of range where the result is not: multiply by two powers that share n.
    half = (exponent & (4 * fmt.bias + 3)) >> 1
    scale = _power_of_2(half, fmt)
    return _expm1_reduced(r, fmt).fma(scale, scale) * _power_of_2(exponent - half, fmt)


def _expm1_reduced(r: Scalar, fmt: Format) -> Scalar:
    """expm1(r) for |r| <= log(2) / 2."""
    return (r * r).fma(_polynomial(r, fmt.expm1_terms), r)


def _power_of_2(exponent: Scalar, fmt: Format) -> Scalar:
    """2^(exponent - bias), where only the lowest bits of the integer count: as many as sign and exponent have."""
    return (exponent << fmt.fraction_bits).bits()


def _split(x: Scalar, fmt: Format) -> tuple[Scalar, Scalar]:
    """n, m such that x = 2^n m with sqrt(1/2) <= m < sqrt(2), for positive normal x."""
    # Adding the distance from sqrt(1/2) to 1 carries into the exponent just where m would reach sqrt(2).
    one_bits = fmt.bias << fmt.fraction_bits
    shifted = x.bits() + (one_bits - fmt.sqrt_half_bits)
    m = ((shifted & (2**fmt.fraction_bits - 1)) + fmt.sqrt_half_bits).bits()
    shifter_bits = x.constant(fmt.shifter).bits()
    n = ((shifted >> fmt.fraction_bits) | shifter_bits).bits() - (fmt.shifter + fmt.bias)
    return n, m


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
        return (f * f) * _horner(f, terms)
    s = f / (f + 2.0)
    square = s * s
    return s * (square * _polynomial(square, terms) - f)


def _with_log_limits(x: Scalar, finite: Scalar) -> Scalar:
    """log(x) where x is zero, negative, infinite or NaN, `finite` elsewhere."""
    at_most_zero = x.equals(0.0).select(x.constant(-math.inf), math.nan)
    return (x < math.inf).select((x > 0.0).select(finite, at_most_zero), x)


exp_f32, exp_f64 = elementary(exp, types.float32), elementary(exp, types.float64)
expm1_f32, expm1_f64 = elementary(expm1, types.float32), elementary(expm1, types.float64)
tanh_f32, tanh_f64 = elementary(tanh, types.float32), elementary(tanh, types.float64)
sigmoid_f32, sigmoid_f64 = elementary(sigmoid, types.float32), elementary(sigmoid, types.float64)
log_f32, log_f64 = elementary(log, types.float32), elementary(log, types.float64)
log1p_f32, log1p_f64 = elementary(log1p, types.float32), elementary(log1p, types.float64)
softplus_f32, softplus_f64 = elementary(softplus, types.float32), elementary(softplus, types.float64)
