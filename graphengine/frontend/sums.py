"""Functions of numbers that are made of other ops: sums, products, order, polynomials."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..ops.language import L
from .build import convert_to_tensor


def scalar_mul(scalar: Any, x: Any, name: str | None = None) -> Any:
    """A number times a tensor."""
    value = convert_to_tensor(x)
    return L.multiply(convert_to_tensor(scalar, value.dtype), value, name=name)


def realdiv(x: Any, y: Any, name: str | None = None) -> Any:
    """``x / y``."""
    return L.divide(x, y, name=name)


def accumulate_n(
    inputs: Sequence[Any], shape: Any = None, tensor_dtype: Any = None, name: str | None = None
) -> Any:
    """The sum of tensors: `add_n`."""
    return L.add_n(inputs, name=name)


def polyval(coeffs: Sequence[Any], x: Any, name: str | None = None) -> Any:
    """A polynomial at x, by Horner's rule; the coefficient of the highest power comes first."""
    value = convert_to_tensor(x)
    if not len(coeffs):
        return L.zeros_like(value, name=name)
    found = convert_to_tensor(coeffs[0], value.dtype) + L.zeros_like(value)
    for c in coeffs[1:]:
        found = found * value + c
    return L.identity(found, name=name)


def lbeta(x: Any, name: str | None = None) -> Any:
    """Logarithm of the absolute value of the beta function of all numbers along the last axis.

        sum of lgamma(x) - lgamma(sum of x)
    """
    value = convert_to_tensor(x)
    return L.subtract(L.reduce_sum(L.lgamma(value), -1), L.lgamma(L.reduce_sum(value, -1)), name=name)


def erfcinv(x: Any, name: str | None = None) -> Any:
    """Number whose complementary error function is x; infinite at 0 and 2, NaN outside."""
    return L.multiply(L.ndtri(convert_to_tensor(x) * 0.5), -(0.5**0.5), name=name)


def is_non_decreasing(x: Any, name: str | None = None) -> Any:
    """Whether each element is at least as large as the one before it."""
    line = L.reshape(x, (-1,))
    return L.reduce_all(line[1:] >= line[:-1], name=name)


def is_strictly_increasing(x: Any, name: str | None = None) -> Any:
    """Whether each element is larger than the one before it."""
    line = L.reshape(x, (-1,))
    return L.reduce_all(line[1:] > line[:-1], name=name)


# -------------------------------------------------------------------- real numbers as complex ones

def real(input: Any, name: str | None = None) -> Any:
    """The real parts of numbers: the numbers, which are real here."""
    return L.identity(convert_to_tensor(input), name=name)


def conj(x: Any, name: str | None = None) -> Any:
    """The conjugates of numbers: the numbers, which are real here."""
    return L.identity(convert_to_tensor(x), name=name)


def imag(input: Any, name: str | None = None) -> Any:
    """The imaginary parts of numbers, which are real here: zeros."""
    return L.zeros_like(convert_to_tensor(input), name=name)


def angle(input: Any, name: str | None = None) -> Any:
    """The angle of numbers, radians: pi for negative ones, 0 for others."""
    x = convert_to_tensor(input)
    return L.multiply(L.cast(x < 0, x.dtype), np.pi, name=name)


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    accumulate_n, angle, conj, erfcinv, imag, is_non_decreasing, is_strictly_increasing, lbeta, polyval, real,
    scalar_mul,
)}
