"""Further functions of one or two tensors element by element: angles, powers, remainders, signs, tests."""
from __future__ import annotations

from typing import Any

import numpy as np

from ...dtypes import bool as boolean
from ...dtypes import float32, float64
from ...errors import DTypeError
from ...frontend import control
from ...ops.language import L
from .pointwise import larger
from .promotion import common_dtype, floating, met, tensor, together, wide

# -------------------------------------------------------------------- of one

def cbrt(x: Any) -> Any:
    """Cube roots; those of negative numbers are negative."""
    found = wide(x)
    return L.sign(found) * L.pow(L.abs(found), 1.0 / 3.0)


def deg2rad(x: Any) -> Any:
    """Angles in radians, of angles in degrees."""
    return wide(x) * (np.pi / 180.0)


def rad2deg(x: Any) -> Any:
    """Angles in degrees, of angles in radians."""
    return wide(x) * (180.0 / np.pi)


def exp2(x: Any) -> Any:
    """2 to the power of each element."""
    found = floating(x)
    return L.pow(tensor(2.0, found.dtype), found)


def fabs(x: Any) -> Any:
    """Numbers without their sign, as fractions."""
    return L.abs(floating(x))


def i0(x: Any) -> Any:
    """The modified Bessel function of order 0."""
    return L.bessel_i0(wide(x))


def sinc(x: Any) -> Any:
    """sin(pi x) / (pi x), 1 at 0"""
    found = floating(x)
    is_zero = L.equal(found, 0.0)
    angle = L.where(is_zero, L.ones_like(found), found) * np.pi       # no 0 / 0, also none in the gradient
    return L.where(is_zero, L.ones_like(found), L.sin(angle) / angle)


def trunc(x: Any) -> Any:
    """Numbers without their fraction."""
    found = tensor(x)
    return L.where(found < 0.0, L.ceil(found), L.floor(found)) if found.dtype.is_floating else found


def isposinf(x: Any) -> Any:
    """Where elements are infinite."""
    return _is_infinite(x, np.inf)


def isneginf(x: Any) -> Any:
    """Where elements are infinite and negative."""
    return _is_infinite(x, -np.inf)


def _is_infinite(x: Any, end: float) -> Any:
    found = tensor(x)
    return L.equal(found, end) if found.dtype.is_floating else L.cast(L.zeros_like(found), boolean)


# -------------------------------------------------------------------- of two

def fmax(x1: Any, x2: Any) -> Any:
    """The larger of two elements; the other one where one is NaN."""
    return _number_of("maximum", x1, x2)


def fmin(x1: Any, x2: Any) -> Any:
    """The smaller of two elements; the other one where one is NaN."""
    return _number_of("minimum", x1, x2)


def _number_of(op: str, x1: Any, x2: Any) -> Any:
    a, b = together(x1, x2)
    found = getattr(L, op)(a, b)
    return L.where(L.is_nan(a), b, L.where(L.is_nan(b), a, found)) if found.dtype.is_floating else found


def fmod(x1: Any, x2: Any) -> Any:
    """What is left of a division that is cut off towards zero: it has the sign of `x1`."""
    a, b = met(x1, x2)
    if a.dtype is boolean:
        a, b = L.cast(a, "int32"), L.cast(b, "int32")
    return L.truncatemod(a, b)


def gcd(x1: Any, x2: Any) -> Any:
    """The greatest number that divides both, by Euclid's algorithm.

    Raises
    ------
    DTypeError for fractions.
    """
    a, b = _whole("gcd", x1, x2)
    target = L.broadcast_like(a, L.zeros_like(a) + L.zeros_like(b))

    def step(a: Any, b: Any) -> tuple[Any, Any]:
        is_done = L.equal(b, 0)
        rest = L.floormod(a, L.where(is_done, L.ones_like(b), b))
        return L.where(is_done, a, b), L.where(is_done, L.zeros_like(b), rest)

    found, _ = control.while_loop(lambda a, b: L.reduce_any(L.not_equal(b, 0)), step,
                                  [target, L.broadcast_like(b, target)])
    return found


def lcm(x1: Any, x2: Any) -> Any:
    """The least number that both divide, 0 if one is 0.

    Raises
    ------
    DTypeError for fractions.
    """
    a, b = _whole("lcm", x1, x2)
    divisor = gcd(a, b)
    return a * L.floordiv(b, L.maximum(divisor, L.ones_like(divisor)))


def _whole(name: str, x1: Any, x2: Any) -> list[Any]:
    pair = met(x1, x2)
    if not pair[0].dtype.is_integer:
        raise DTypeError(f"{pair[0].dtype.name} numbers", op=name, fix="give whole numbers")
    return pair if pair[0].dtype.is_unsigned else [L.abs(v) for v in pair]


def heaviside(x1: Any, x2: Any) -> Any:
    """0 below zero, 1 above, `x2` at zero."""
    a, b = map(wide, met(x1, x2))
    return L.where(a < 0.0, L.zeros_like(a), L.where(a > 0.0, L.ones_like(a), b))


def hypot(x1: Any, x2: Any) -> Any:
    """sqrt(x1 ** 2 + x2 ** 2), without overflow"""
    a, b = (L.abs(wide(v)) for v in together(x1, x2))
    most, least = larger(a, b), -larger(-a, -b)
    found = most * L.sqrt(1.0 + L.square(L.divide_no_nan(least, most)))
    return L.where(L.logical_or(L.is_inf(a), L.is_inf(b)), a + b, found)


def ldexp(x1: Any, x2: Any) -> Any:
    """x1 * 2 ** x2

    Raises
    ------
    DTypeError for an exponent that is not whole.
    """
    x, exponent = floating(x1), tensor(x2)
    if not exponent.dtype.is_integer:
        raise DTypeError(f"an exponent of {exponent.dtype.name}", op="ldexp", fix="give whole numbers")
    scaled = x * L.pow(tensor(2.0, x.dtype), L.cast(exponent, x.dtype))
    return L.where(L.logical_or(L.is_inf(x), L.equal(x, 0.0)), x + L.zeros_like(scaled), scaled)


def logaddexp2(x1: Any, x2: Any) -> Any:
    """log2(2 ** x1 + 2 ** x2), without overflow"""
    a, b = map(floating, together(x1, x2))
    base = float(np.log(2.0))
    apart = a - b
    return L.where(L.is_nan(apart), a + b, larger(a, b) + L.log1p(L.exp(-L.abs(apart) * base)) / base)


def nextafter(x1: Any, x2: Any) -> Any:
    """The neighbor of each number on the way to another one."""
    dtype = floating(tensor(0, common_dtype([tensor(x1), tensor(x2)]))).dtype
    own = dtype if dtype is float32 else float64            # rounded, a float64's neighbor would be the number itself
    return L.cast(L.nextafter(tensor(x1, own), tensor(x2, own)), dtype)
