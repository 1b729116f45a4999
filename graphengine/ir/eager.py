"""The tensor that has its numbers: what ops give where no graph is being drawn."""
from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype
from ..errors import InvalidArgumentError, ShapeError
from .dims import Shape, as_looked_at
from .operand import Operand

Array = np.ndarray[Any, Any]
DEVICE = "/job:localhost/replica:0/task:0/device:CPU:0"


class Typed:
    """dtype and shape of a value; equal ones are nearly always the same object, by which they are looked up."""

    __slots__ = ("dtype", "shape")

    def __init__(self, dtype: DType, shape: Shape) -> None:
        self.dtype = dtype
        self.shape = shape


@lru_cache(maxsize=4096)
def typed(dtype: np.dtype[Any], sizes: tuple[int, ...]) -> Typed:
    """The type of arrays of this dtype and these sizes."""
    return Typed(as_dtype(dtype), Shape(sizes))


class EagerTensor(Operand):
    """An array that never changes, with TensorFlow's dtype, shape and way of printing.

    array : its numbers, read-only
    type : dtype and shape
    mask : which steps of a sequence count; set by layers only
    part : of which variable, at which index: set where it is read from one only
    """

    __slots__ = ("__weakref__", "array", "mask", "part", "type")
    precedence = 3
    has_value = True

    def __init__(self, array: Array) -> None:
        array.setflags(write=False)
        self.array = array
        self.type = typed(array.dtype, array.shape)
        self.mask: Any = None

    @property
    def dtype(self) -> DType:
        return self.type.dtype

    @property
    def shape(self) -> Shape:
        return self.type.shape

    def get_shape(self) -> Shape:
        return as_looked_at(self.shape)

    def known_shape(self) -> Shape:
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Say what is known of the shape, as of a tensor of a graph: here all is known, so this only compares.

        Raises
        ------
        ShapeError if it is another.
        """
        wanted = Shape(shape)
        if wanted.rank is not None and (len(wanted) != self.array.ndim or any(
                a is not None and a != b for a, b in zip(wanted, self.array.shape, strict=True))):
            raise ShapeError(f"the tensor has shape {self.shape}, not {wanted}", op="set_shape")

    @property
    def ndim(self) -> int:
        return self.array.ndim

    @property
    def rank(self) -> int:
        return self.array.ndim

    @property
    def device(self) -> str:
        """Where it is, as TensorFlow names it."""
        return DEVICE

    def numpy(self) -> Any:
        """Its numbers as an array of the caller's own, or as one number of numpy's."""
        return self.array.copy() if self.array.ndim else self.array[()]

    # ------------------------------------------------ as text

    def __str__(self) -> str:
        return f"tf.Tensor({_printed(self.array)}, shape={self.shape}, dtype={self.dtype.name})"

    def __repr__(self) -> str:
        return f"<tf.Tensor: shape={self.shape}, dtype={self.dtype.name}, numpy={shown(self.array)}>"

    def __format__(self, spec: str) -> str:
        return format(self.array[()], spec)     # the numbers alone, as TensorFlow does

    # ------------------------------------------------ as Python's and numpy's values

    def __array__(self, dtype: Any = None, copy: Any = None) -> Array:
        if copy or (dtype is not None and np.dtype(dtype) != self.array.dtype):
            return np.array(self.array, dtype)
        return self.array

    def __len__(self) -> int:
        if not self.array.ndim:
            raise TypeError("a tensor of shape () has no len()")
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        if not self.array.ndim:
            raise TypeError("cannot iterate over a tensor of shape ()")
        return (self[k] for k in range(len(self.array)))

    def _single(self, what: str) -> Any:
        if self.array.size != 1:
            raise InvalidArgumentError(
                f"a tensor of shape {self.shape} is not a single {what}", fix="reduce it to one number first"
            )
        return self.array.reshape(())[()]

    def __bool__(self) -> bool:
        return bool(self._single("truth value"))

    def __int__(self) -> int:
        return int(self._single("number"))

    def __float__(self) -> float:
        return float(self._single("number"))

    def __index__(self) -> int:
        if not self.dtype.is_integer:
            raise TypeError(f"a tensor of {self.dtype.name} is no index")
        return int(self._single("index"))

    def __hash__(self) -> int:
        return id(self) >> 4

    def __copy__(self) -> EagerTensor:
        return self

    def __deepcopy__(self, memo: Any) -> EagerTensor:
        return self


_new: Any = EagerTensor.__new__


def tensor_of(array: Array, of_type: Typed) -> EagerTensor:
    """The same as `EagerTensor(array)` in half the time, for an array of this type."""
    self: EagerTensor = _new(EagerTensor)
    array.setflags(write=False)
    self.array, self.type, self.mask = array, of_type, None
    return self


def _printed(array: Array) -> str:
    text = str(array[()]) if array.ndim == 0 else str(array)
    return f"\n{text}" if "\n" in text else text       # rows below each other, as TensorFlow has them


def shown(array: Array) -> str:
    if array.ndim == 0:
        return str(array[()])
    return repr(array)
