"""Names of dtypes."""
from __future__ import annotations

from typing import Any

from ...dtypes import ALL, as_dtype
from ..config import floatx


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype: of numpy's, of the engine's, of Python's int, float and bool; that of `floatx` for None.

    Raises
    ------
    ValueError for any other value.
    """
    known = {bool: "bool", int: "int64", "int": "int64", float: "float32"}
    name = known.get(dtype, dtype) if isinstance(dtype, (type, str)) else dtype
    name = floatx() if name is None else getattr(name, "name", getattr(name, "__name__", name))
    if name not in {t.name for t in ALL}:
        raise ValueError(f"{dtype!r} is no dtype")
    return str(name)


def is_float_dtype(dtype: Any) -> bool:
    """Whether a dtype is of fractions."""
    return as_dtype(standardize_dtype(dtype)).is_floating


def is_int_dtype(dtype: Any) -> bool:
    """Whether a dtype is of whole numbers."""
    return as_dtype(standardize_dtype(dtype)).is_integer


def result_type(*dtypes: Any) -> str:
    """The name of the dtype in which dtypes meet; Python's int and float give way to those that can hold them."""
    from ..ops.promotion import meeting

    return meeting(tuple(t if t in (bool, int, float) else as_dtype(standardize_dtype(t)) for t in dtypes)).name
