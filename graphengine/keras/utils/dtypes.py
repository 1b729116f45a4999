"""Names of dtypes."""
from __future__ import annotations

from typing import Any

from ...dtypes import ALL
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
