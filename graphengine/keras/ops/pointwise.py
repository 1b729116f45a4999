"""Functions of one or two tensors element by element, and those that fold axes, with numpy's names."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...dtypes import bool as boolean
from ...frontend import sums
from ...ops.language import L
from .promotion import counting, floating, met, named, numbers, tensor, together

# Public name -> name of the op. Whole numbers become fractions first.
OF_FRACTIONS = {
    "arccos": "acos", "arccosh": "acosh", "arcsin": "asin", "arcsinh": "asinh", "arctan": "atan", "arctanh": "atanh",
    "cos": "cos", "cosh": "cosh", "erf": "erf", "erfc": "erfc", "erfinv": "erfinv", "exp": "exp", "expm1": "expm1",
    "log": "log", "log1p": "log1p", "reciprocal": "reciprocal", "rsqrt": "rsqrt", "sin": "sin", "sinh": "sinh",
    "sqrt": "sqrt", "tan": "tan", "tanh": "tanh", "ceil": "ceil", "floor": "floor", "isfinite": "is_finite",
    "isinf": "is_inf", "isnan": "is_nan",
}
OF_NUMBERS = {"negative": "negative", "sign": "sign", "copy": "identity", "bitwise_not": "invert",
              "bitwise_invert": "invert"}
OF_TWO = {
    "add": "add", "subtract": "subtract", "multiply": "multiply", "maximum": "maximum", "minimum": "minimum",
    "floor_divide": "floordiv", "power": "pow", "equal": "equal", "not_equal": "not_equal",
    "greater": "greater", "greater_equal": "greater_equal", "less": "less", "less_equal": "less_equal",
}
OF_TWO_TENSORS = {"mod": "floormod"}
OF_BITS = {"bitwise_and": "bitwise_and", "bitwise_or": "bitwise_or", "bitwise_xor": "bitwise_xor"}
SHIFTS = {"left_shift": "left_shift", "right_shift": "right_shift", "bitwise_left_shift": "left_shift",
          "bitwise_right_shift": "right_shift"}
OF_TWO_FRACTIONS = {"divide": "divide", "true_divide": "divide", "arctan2": "atan2",
                    "divide_no_nan": "divide_no_nan"}
OF_TRUTHS = {"logical_and": "logical_and", "logical_or": "logical_or", "logical_xor": "logical_xor"}
FOLDS = {"sum": "reduce_sum"}
ENDS = {"amax": "reduce_max", "amin": "reduce_min"}
FOLDS_OF_FRACTIONS = {"mean": "reduce_mean", "std": "reduce_std", "var": "reduce_variance",
                      "logsumexp": "reduce_logsumexp"}
FOLDS_OF_TRUTHS = {"all": "reduce_all", "any": "reduce_any"}


def _of_one(name: str, op: str, convert: Callable[[Any], Any]) -> Callable[..., Any]:
    def function(x: Any) -> Any:
        return getattr(L, op)(convert(x))

    return named(function, name, f"`{op}` of each element.")


def _of_two(
    name: str, op: str, convert: Callable[[Any], Any] | None, meet: Callable[..., list[Any]] = together
) -> Callable[..., Any]:
    def function(x1: Any, x2: Any) -> Any:
        a, b = meet(x1, x2)
        return getattr(L, op)(a, b) if convert is None else getattr(L, op)(convert(a), convert(b))

    return named(function, name, f"`{op}` of two tensors, element by element; sizes broadcast.")


def _of_bits(name: str, op: str, meet: Callable[..., list[Any]]) -> Callable[..., Any]:
    def function(x: Any, y: Any) -> Any:
        return getattr(L, op)(*meet(x, y))

    return named(function, name, f"`{op}` of two tensors of whole numbers, element by element; sizes broadcast.")


def _fold(name: str, op: str, convert: Callable[[Any], Any]) -> Callable[..., Any]:
    def function(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return getattr(L, op)(convert(x), axis, keepdims)

    return named(function, name, f"`{op}` along axes, all of them if None.")


def truth(x: Any) -> Any:
    """A value as a tensor of truth values."""
    return tensor(x, boolean)


def _end(x: Any, op: str, axis: Any, keepdims: bool, initial: Any = None) -> Any:
    """The largest or smallest elements; of truth values whether any, or all, are true."""
    found = tensor(x)
    if found.dtype is boolean:
        return getattr(L, "reduce_any" if op == "reduce_max" else "reduce_all")(found, axis, keepdims)
    end = getattr(L, op)(found, axis, keepdims)
    return end if initial is None else getattr(L, op[-3:] + "imum")(end, tensor(initial, found.dtype))


def _end_of(name: str, op: str) -> Callable[..., Any]:
    def function(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return _end(x, op, axis, keepdims)

    return named(function, name, f"`{op}` along axes, all of them if None.")


FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _of_one(name, op, floating) for name, op in OF_FRACTIONS.items()},
    **{name: _of_one(name, op, tensor) for name, op in OF_NUMBERS.items()},
    **{name: _of_two(name, op, None) for name, op in OF_TWO.items()},
    **{name: _of_two(name, op, None, met) for name, op in OF_TWO_TENSORS.items()},
    **{name: _of_bits(name, op, met) for name, op in OF_BITS.items()},
    **{name: _of_bits(name, op, together) for name, op in SHIFTS.items()},
    **{name: _of_two(name, op, floating) for name, op in OF_TWO_FRACTIONS.items()},
    **{name: _of_two(name, op, truth) for name, op in OF_TRUTHS.items()},
    **{name: _fold(name, op, counting) for name, op in FOLDS.items()},
    **{name: _end_of(name, op) for name, op in ENDS.items()},
    **{name: _fold(name, op, floating) for name, op in FOLDS_OF_FRACTIONS.items()},
    **{name: _fold(name, op, truth) for name, op in FOLDS_OF_TRUTHS.items()},
}


def stop_gradient(variable: Any) -> Any:
    """The numbers as they are, which no gradient passes."""
    return L.stop_gradient(tensor(variable))


def abs(x: Any) -> Any:
    """Numbers without their sign."""
    found = tensor(x)
    return found if found.dtype is boolean else L.abs(found)


absolute = abs


def square(x: Any) -> Any:
    """Numbers times themselves."""
    return L.square(numbers(x))


def max(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The largest elements along axes, at least `initial`."""
    return _end(x, "reduce_max", axis, keepdims, initial)


def min(x: Any, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The smallest elements along axes, at most `initial`."""
    return _end(x, "reduce_min", axis, keepdims, initial)


def prod(x: Any, axis: Any = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """Products along axes, all of them if None."""
    return L.reduce_prod(counting(x) if dtype is None else tensor(x, dtype), axis, keepdims)


def log2(x: Any) -> Any:
    """Logarithm to the base 2."""
    return L.log(floating(x)) / float(np.log(2.0))


def log10(x: Any) -> Any:
    """Logarithm to the base 10."""
    return L.log(floating(x)) / float(np.log(10.0))


def logaddexp(x1: Any, x2: Any) -> Any:
    """log(exp(x1) + exp(x2)), without overflow."""
    a, b = map(floating, together(x1, x2))
    apart = a - b
    return L.where(L.is_nan(apart), a + b, larger(a, b) + L.softplus(-L.abs(apart)))


def larger(a: Any, b: Any) -> Any:
    """The larger of two; where they are equal each is half of it, so that smooth functions have their gradients."""
    return L.where(L.equal(a, b), 0.5 * a + 0.5 * b, L.maximum(a, b))


def logical_not(x: Any) -> Any:
    """Where a condition does not hold."""
    return L.logical_not(truth(x))


def round(x: Any, decimals: int = 0) -> Any:
    """The nearest number with so many decimals; halves go to the even one."""
    found = numbers(x)
    if not found.dtype.is_floating and decimals >= 0:
        return found
    rounded = L.round(floating(found) * 10.0**decimals) / 10.0**decimals if decimals else L.round(found)
    return L.cast(rounded, found.dtype)


def clip(x: Any, x_min: Any, x_max: Any) -> Any:
    """Elements between two bounds."""
    found = numbers(x)
    return L.clip_by_value(found, tensor(x_min, found.dtype), tensor(x_max, found.dtype))


def isclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Where two tensors are equal within tolerances; an infinity is near itself alone, as in numpy."""
    a, b = map(floating, together(x1, x2))
    near = L.logical_and(L.abs(a - b) <= atol + rtol * L.abs(b), L.is_finite(b))
    near = L.logical_or(L.equal(a, b), near)
    return L.logical_or(near, L.logical_and(L.is_nan(a), L.is_nan(b))) if equal_nan else near


def _largest(dtype: Any) -> float:
    """The largest number of a dtype."""
    return (2.0 - 2.0**-7) * 2.0**127 if dtype.name == "bfloat16" else float(np.finfo(dtype.numpy).max)


def nan_to_num(x: Any, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """Numbers in the place of NaN and infinities: the largest there are unless others are given."""
    found = tensor(x)
    if not found.dtype.is_floating:
        return found
    most = _largest(found.dtype)
    found = L.where(L.is_nan(found), tensor(nan, found.dtype), found)
    found = L.where(L.equal(found, np.inf), tensor(most if posinf is None else posinf, found.dtype), found)
    return L.where(L.equal(found, -np.inf), tensor(-most if neginf is None else neginf, found.dtype), found)


def allclose(x1: Any, x2: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False) -> Any:
    """Whether two tensors are equal within tolerances everywhere."""
    return L.reduce_all(isclose(x1, x2, rtol, atol, equal_nan))


def signbit(x: Any) -> Any:
    """Whether a number has a minus sign, as -0.0 has."""
    found = tensor(x)
    if found.dtype is boolean:
        return L.zeros_like(found)
    return L.bitcast(L.cast(found, "float32"), "int32") < 0 if found.dtype.is_floating else found < 0


def argmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the largest element along an axis, in the flat tensor if None; 0 is larger than -0, as in Keras."""
    return _place("argmax", x, axis, keepdims)


def argmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the smallest element along an axis, in the flat tensor if None; -0 is below 0, as in Keras."""
    return _place("argmin", x, axis, keepdims)


def _place(op: str, x: Any, axis: int | None, keepdims: bool) -> Any:
    found = numbers(x)
    if found.dtype.is_floating and found.rank:
        found = L.cast(found, "float32") if found.dtype.size < 4 else found
        tiny = float(np.finfo(found.dtype.numpy).tiny)
        found = L.where(L.logical_and(L.equal(found, 0), 1.0 / found < 0), -tiny, found)
    if axis is None:
        place = getattr(L, op)(L.reshape(found, (-1,)), 0, output_type="int32")
        return L.reshape(place, (1,) * found.rank) if keepdims else place
    place = getattr(L, op)(found, axis, output_type="int32")
    return L.expand_dims(place, axis) if keepdims else place


# -------------------------------------------------------------------- real numbers as complex ones

def real(x: Any) -> Any:
    """The real parts of numbers: the numbers, which are real here."""
    return tensor(x)


conj = conjugate = real


def imag(x: Any) -> Any:
    """The imaginary parts of numbers, which are real here: zeros."""
    return L.zeros_like(tensor(x))


def angle(x: Any) -> Any:
    """The angle of numbers, radians: pi for negative ones, 0 for others."""
    return sums.angle(floating(x))


def isreal(x: Any) -> Any:
    """Where numbers have no imaginary part: everywhere, for they are real here."""
    return L.ones_like(L.cast(tensor(x), boolean))


def view_as_real(x: Any) -> Any:
    """Real and imaginary parts along a new last axis: numbers are real here, so that the second is 0."""
    found = tensor(x)
    return L.stack([found, L.zeros_like(found)], -1)


def count_nonzero(x: Any, axis: Any = None) -> Any:
    """How many elements are not 0."""
    return L.reduce_sum(L.cast(truth(x), "int32"), axis)


def average(x: Any, axis: Any = None, weights: Any = None) -> Any:
    """The mean along axes, each element counting with its weight."""
    found = floating(x)
    if weights is None:
        return L.reduce_mean(found, axis)
    shares = tensor(weights, found.dtype)
    if shares.rank == 1 and axis is not None and found.rank > 1:
        shares = L.reshape(shares, tuple(-1 if k == axis % found.rank else 1 for k in range(found.rank)))
    return L.reduce_sum(found * shares, axis) / L.reduce_sum(L.broadcast_like(shares, found), axis)


def cumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Sums of all elements up to each one along an axis."""
    found = numbers(x) if dtype is None else tensor(x, dtype)
    return L.cumsum(L.reshape(found, (-1,)) if axis is None else found, 0 if axis is None else axis)


def cumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Products of all elements up to each one along an axis."""
    found = numbers(x) if dtype is None else tensor(x, dtype)
    return L.cumprod(L.reshape(found, (-1,)) if axis is None else found, 0 if axis is None else axis)
