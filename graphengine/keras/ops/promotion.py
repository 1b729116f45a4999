"""Operands of functions with numpy's names as tensors of one dtype, chosen as Keras does.

Tensors and arrays of different types meet in the wider one, a fraction wins over whole numbers; Python's own numbers
take the type of what they meet, as long as that can hold them.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...dtypes import DType, as_dtype
from ...dtypes import bool as boolean
from ...frontend.build import convert_to_tensor
from ...ops.language import L
from ..config import floatx


def tensor(x: Any, dtype: Any = None) -> Any:
    """A value as a tensor; Python's fractions in the dtype of `floatx`."""
    if type(x) is float and dtype is None:              # numpy's numbers are of their own types
        dtype = floatx()
    made = convert_to_tensor(x)
    return made if dtype is None or made.dtype is as_dtype(dtype) else L.cast(made, as_dtype(dtype))


def floating(x: Any) -> Any:
    """A value as a tensor of fractions."""
    made = tensor(x)
    return made if made.dtype.is_floating else L.cast(made, floatx())


def wide(x: Any) -> Any:
    """A value as a tensor of fractions, float64 for whole numbers of 64 bits."""
    made = tensor(x)
    return L.cast(made, "float64") if made.dtype.name == "int64" else floating(made)


def together(*values: Any) -> list[Any]:
    """Values as tensors of one dtype."""
    dtype = common_dtype(values)
    return [tensor(v, dtype) for v in values]


def met(*values: Any) -> list[Any]:
    """Values as tensors of one dtype, Python's numbers among them counting as those of arrays."""
    return together(*(tensor(v) for v in values))


def counting(x: Any) -> Any:
    """A value as a tensor in which sums have room: of truth values, and of whole numbers of few bits, as 32 bits."""
    made = tensor(x)
    if made.dtype.name in ("bool", "int8", "int16"):
        return L.cast(made, "int32")
    return L.cast(made, "uint32") if made.dtype.name in ("uint8", "uint16") else made


def numbers(x: Any) -> Any:
    """A value as a tensor of numbers: truth values as whole ones."""
    made = tensor(x)
    return L.cast(made, "int32") if made.dtype is boolean else made


def common_dtype(values: Any) -> DType:
    """The dtype in which values meet."""
    return meeting(tuple(type(v) if type(v) in (bool, int, float) else tensor(v).dtype for v in values))


def meeting(types: tuple[Any, ...]) -> DType:
    """The dtype in which dtypes meet, and Python's `bool`, `int` and `float`, which stand for its own numbers."""
    strong = [t for t in types if isinstance(t, DType)]
    weak = [t for t in types if not isinstance(t, DType)]
    found = _widest(strong) if strong else boolean
    if float in weak and not found.is_floating:
        return as_dtype(floatx())
    if int in weak and found is boolean:
        return as_dtype("int32")
    return found


def _widest(types: list[DType]) -> DType:
    fractions = [t for t in types if t.is_floating]
    if fractions:
        names = {t.name for t in fractions}
        return as_dtype("float32") if names == {"float16", "bfloat16"} else max(fractions, key=lambda t: t.size)
    widest = max(types, key=lambda t: (t.is_integer, t.size, not t.is_unsigned))
    unsigned = max((t.size for t in types if t.is_integer and t.is_unsigned), default=0)
    if widest.is_integer and not widest.is_unsigned and unsigned >= widest.size:
        return as_dtype(f"int{min(16 * unsigned, 64)}")
    if widest.is_unsigned and any(t.is_integer and not t.is_unsigned for t in types):
        return as_dtype(f"int{min(16 * widest.size, 64)}")
    return widest


def named(function: Callable[..., Any], name: str, doc: str) -> Callable[..., Any]:
    """A function under the name and with the description that it has for users."""
    function.__name__ = function.__qualname__ = name
    function.__doc__ = doc
    return function
