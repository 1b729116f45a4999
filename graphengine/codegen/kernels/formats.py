"""Float formats and their constants, and the steps that the formulas of several families share."""

import math
from dataclasses import dataclass

from numba import types

from .scalars import Scalar


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

FORMATS = {types.float32: BINARY32, types.float64: BINARY64}


def at_least(x: Scalar, low: float) -> Scalar:
    """max(x, low), where NaN stays NaN."""
    return (x < low).select(low, x)


def at_most(x: Scalar, high: float) -> Scalar:
    """min(x, high), where NaN stays NaN."""
    return (x > high).select(high, x)


def polynomial(x: Scalar, coefficients: tuple[float, ...]) -> Scalar:
    """c0 + c1 x + c2 x^2 + ..., even and odd powers apart: two chains of half the length."""
    square = x * x
    return horner(square, coefficients[1::2]).fma(x, horner(square, coefficients[0::2]))


def horner(x: Scalar, coefficients: tuple[float, ...]) -> Scalar:
    """c0 + c1 x + c2 x^2 + ... with fused steps; the more accurate way where signs alternate."""
    result = x.constant(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        result = result.fma(x, coefficient)
    return result


def power_of_2(exponent: Scalar, fmt: Format) -> Scalar:
    """2^(exponent - bias), where only the lowest bits of the integer count: as many as sign and exponent have."""
    return (exponent << fmt.fraction_bits).bits()


def split(x: Scalar, fmt: Format) -> tuple[Scalar, Scalar]:
    """n, m such that x = 2^n m with sqrt(1/2) <= m < sqrt(2), for positive normal x."""
    # Adding the distance from sqrt(1/2) to 1 carries into the exponent just where m would reach sqrt(2).
    one_bits = fmt.bias << fmt.fraction_bits
    shifted = x.bits() + (one_bits - fmt.sqrt_half_bits)
    m = ((shifted & (2**fmt.fraction_bits - 1)) + fmt.sqrt_half_bits).bits()
    shifter_bits = x.constant(fmt.shifter).bits()
    n = ((shifted >> fmt.fraction_bits) | shifter_bits).bits() - (fmt.shifter + fmt.bias)
    return n, m
