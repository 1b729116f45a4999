"""Data types: TensorFlow's names over numpy's types."""
from __future__ import annotations

import builtins
from typing import Any, Final

import numpy as np

from .errors import DTypeError, suggestion


def _extensions() -> Any:
    import ml_dtypes  # here, so that nobody waits for it who has no bfloat16

    return ml_dtypes


class DType:
    """Type of a tensor's elements; one object for each type, so `is` and `==` agree.

    Compares equal to everything numpy accepts as the same type, e.g. ``float32 == "float32"``. Narrow types are how
    numbers are stored: every op computes on them in their `wide` type, and what it gives is rounded to the nearest
    (ties to even) or wraps around.
    """

    __slots__ = ("_numpy", "_wide", "code", "kind", "name", "size")

    def __init__(self, name: str, code: str, wide: DType | None = None) -> None:
        self.name = name
        self.code = code                    # suffix in kernel text: exp_f32
        self.kind = "f" if name.startswith(("float", "bfloat")) else name[0]    # numpy's letter
        self.size = 1 if self.kind == "b" else int("".join(c for c in name if c.isdigit())) // 8
        self._wide = wide
        self._numpy: np.dtype[Any] | None = None

    @property
    def numpy(self) -> np.dtype[Any]:
        """The type as numpy has it; bfloat16 is that of ml_dtypes."""
        if self._numpy is None:
            self._numpy = np.dtype(_extensions().bfloat16 if self.name == "bfloat16" else self.name)
        return self._numpy

    @property
    def wide(self) -> DType:
        """The type that ops compute in: float32, int32 or int64 for a narrow type, else the type itself."""
        return self._wide or self

    @property
    def is_narrow(self) -> builtins.bool:
        return self._wide is not None

    @property
    def as_numpy_dtype(self) -> type[np.generic]:
        return self.numpy.type

    @property
    def is_floating(self) -> builtins.bool:
        return self.kind == "f"

    @property
    def is_integer(self) -> builtins.bool:
        return self.kind in "iu"

    @property
    def is_unsigned(self) -> builtins.bool:
        return self.kind == "u"

    @property
    def is_bool(self) -> builtins.bool:
        return self.kind == "b"

    @property
    def min(self) -> Any:
        """Smallest finite value."""
        return self._limits().min

    @property
    def max(self) -> Any:
        """Largest finite value."""
        return self._limits().max

    def _limits(self) -> Any:
        if self.name == "bfloat16":
            return _extensions().finfo(self.numpy)
        return np.finfo(self.numpy) if self.is_floating else np.iinfo(self.numpy)

    def __eq__(self, other: object) -> builtins.bool:
        if isinstance(other, DType):
            return self is other
        if other is None:                   # which numpy takes for float64
            return False
        if isinstance(other, str) and other in BY_NAME:
            return self is BY_NAME[other]
        try:
            return self.numpy == np.dtype(other)  # type: ignore[call-overload,no-any-return]
        except TypeError:
            return NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f"<dtype: {self.name!r}>"

    def __str__(self) -> str:
        return repr(self)

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return as_dtype, (self.name,)


float32: Final = DType("float32", "f32")
float64: Final = DType("float64", "f64")
int32: Final = DType("int32", "i32")
int64: Final = DType("int64", "i64")
bool: Final = DType("bool", "b1")
float16: Final = DType("float16", "f16", float32)
bfloat16: Final = DType("bfloat16", "bf16", float32)
half: Final = float16                       # as TensorFlow also calls them
double: Final = float64
int8: Final = DType("int8", "i8", int32)
int16: Final = DType("int16", "i16", int32)
uint8: Final = DType("uint8", "u8", int32)
uint16: Final = DType("uint16", "u16", int32)
uint32: Final = DType("uint32", "u32", int64)

Floating: Final = (float32, float64, float16, bfloat16)
Integer: Final = (int32, int64, int8, int16, uint8, uint16, uint32)
Index: Final = (int32, int64)               # what tells a place along an axis
Numeric: Final = Floating + Integer
Bool: Final = (bool,)
ALL: Final = Numeric + Bool
NARROW: Final = tuple(t for t in ALL if t.is_narrow)
BY_NAME: Final = {t.name: t for t in ALL}


_OF_NUMPY: dict[Any, DType] = {}            # what numpy's types are, found once


def kind_of(dtype: np.dtype[Any]) -> str:
    """numpy's letter for the kind of numbers, which is f for bfloat16 too."""
    known = _OF_NUMPY.get(dtype)            # numpy takes long to say a dtype's name
    if known is not None:
        return known.kind
    return BY_NAME[dtype.name].kind if dtype.name in BY_NAME else dtype.kind


def as_dtype(spec: Any) -> DType:
    """The DType for a DType, its name, a numpy type or a Python type.

    Raises
    ------
    DTypeError if it names no type we have.
    """
    if isinstance(spec, DType):
        return spec
    if isinstance(spec, np.dtype) and spec in _OF_NUMPY:
        return _OF_NUMPY[spec]
    if spec is float or (isinstance(spec, str) and spec == "float"):     # single in TensorFlow, double in numpy
        return float32
    if spec is int:
        return int32
    if isinstance(spec, str) and spec in BY_NAME:
        return BY_NAME[spec]
    if isinstance(spec, str) and spec == "half":
        return float16
    try:
        found = np.dtype(spec)
    except TypeError:
        found = None
    if found is not None and found.isnative and found.name in BY_NAME:
        _OF_NUMPY[found] = BY_NAME[found.name]
        return BY_NAME[found.name]
    fix = suggestion(spec, BY_NAME) if isinstance(spec, str) else None
    raise DTypeError(f"no dtype {spec!r}; there are {', '.join(BY_NAME)}", fix=fix)
