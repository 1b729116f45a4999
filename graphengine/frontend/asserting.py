"""Conditions that values have to meet: at once, or each time that the graph runs."""
from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..dtypes import as_dtype, float32
from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.dims import Shape
from ..ir.eager import EagerTensor
from ..ir.graph import is_drawing
from ..ir.node import Tensor
from ..ops.kinds import broadcast_shapes
from ..ops.language import L
from .build import convert_to_tensor
from .calls import numpy_function

Array = np.ndarray[Any, Any]


def check_numerics(tensor: Any, message: str, name: str | None = None) -> Any:
    """The tensor itself.

    Raises
    ------
    InvalidArgumentError, when run, if an element is NaN or infinite.
    """
    x = convert_to_tensor(tensor)
    return L.checked(x, L.logical_not(L.is_finite(x)), f"{message} : Tensor had NaN or Inf values", "check_numerics",
                     name=name)


def assert_all_finite(x: Any, message: str, name: str | None = None) -> Any:
    """The tensor itself; see `check_numerics`."""
    return check_numerics(x, message, name)


def Assert(condition: Any, data: Sequence[Any], summarize: int | None = None, name: str | None = None) -> Any:
    """Raise InvalidArgumentError with the values of `data`, when run, if a condition does not hold."""
    values = list(data)

    def check(holds: Array, *arrays: Array) -> None:
        if not np.all(holds):
            shown = " ".join(map(str, _filled(values, arrays)))
            raise InvalidArgumentError(f"assertion failed: {shown}", op="Assert")

    return _checked(check, [condition, *(v for v in values if not isinstance(v, str))])


def _filled(values: Sequence[Any], arrays: Sequence[Array]) -> list[Any]:
    numbers = iter(arrays)
    return [v if isinstance(v, str) else next(numbers) for v in values]


def _compared(name: str, holds: Callable[[Array, Array], Any], sign: str) -> Callable[..., Any]:
    def function(x: Any, y: Any, message: str | None = None, summarize: int | None = None,
                 name: str | None = None) -> Any:
        def check(a: Array, b: Array) -> None:
            broadcast_shapes(["x", "y"], [Shape(a.shape), Shape(b.shape)])
            if not np.all(holds(a, b)):
                raise InvalidArgumentError(_said(message, f"x {sign} y", x=a, y=b), op=function.__name__)

        return _checked(check, [x, y])

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Raise InvalidArgumentError, when run, unless x {sign} y for all elements; sizes broadcast."
    return function


def _signed(name: str, holds: Callable[[Array, Any], Any], sign: str) -> Callable[..., Any]:
    def function(x: Any, message: str | None = None, summarize: int | None = None, name: str | None = None) -> Any:
        def check(a: Array) -> None:
            if not np.all(holds(a, 0)):
                raise InvalidArgumentError(_said(message, f"x {sign} 0", x=a), op=function.__name__)

        return _checked(check, [x])

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"Raise InvalidArgumentError, when run, unless x {sign} 0 for all elements."
    return function


assert_equal = _compared("assert_equal", operator.eq, "==")
assert_none_equal = _compared("assert_none_equal", operator.ne, "!=")
assert_less = _compared("assert_less", operator.lt, "<")
assert_less_equal = _compared("assert_less_equal", operator.le, "<=")
assert_greater = _compared("assert_greater", operator.gt, ">")
assert_greater_equal = _compared("assert_greater_equal", operator.ge, ">=")
assert_positive = _signed("assert_positive", operator.gt, ">")
assert_non_negative = _signed("assert_non_negative", operator.ge, ">=")
assert_negative = _signed("assert_negative", operator.lt, "<")
assert_non_positive = _signed("assert_non_positive", operator.le, "<=")


def assert_near(x: Any, y: Any, rtol: Any = None, atol: Any = None, message: str | None = None,
                summarize: int | None = None, name: str | None = None) -> Any:
    """Raise InvalidArgumentError, when run, unless |x - y| <= atol + rtol |y| for all elements.

    rtol, atol : ten times the distance between 1 and the next number of the type unless given
    """
    def check(a: Array, b: Array) -> None:
        least = 10 * float(np.finfo(a.dtype).eps)
        relative, absolute = (least if t is None else float(t) for t in (rtol, atol))
        if not np.all(np.abs(a - b) <= absolute + relative * np.abs(b)):
            raise InvalidArgumentError(_said(message, "x and y are near", x=a, y=b), op="assert_near")

    return _checked(check, [x, y])


def _said(message: str | None, fact: str, **arrays: Array) -> str:
    before = "" if message is None else f"{message}: "
    values = ", ".join(f"{name} = {np.array2string(a, threshold=6, edgeitems=3)}" for name, a in arrays.items())
    return f"{before}{fact} does not hold: {values}"


def _checked(check: Callable[..., None], values: Sequence[Any]) -> Any:
    """Call a function of arrays, now or when the graph runs; the operation where a graph is drawn."""
    first = next((convert_to_tensor(v).dtype for v in values if hasattr(v, "dtype")), None)
    tensors = [convert_to_tensor(v, None if hasattr(v, "dtype") else first) for v in values]
    if is_drawing() or any(isinstance(t, Tensor) for t in tensors):
        return numpy_function(check, tensors, [], name="assert")
    check(*(np.asarray(t) for t in tensors))
    return None


# -------------------------------------------------------------------- what is known without numbers

def assert_rank(x: Any, rank: int, message: str | None = None, name: str | None = None) -> None:
    """Raise ShapeError unless a tensor has so many axes."""
    found = convert_to_tensor(x).shape
    if found.rank is not None and found.rank != int(rank):
        raise ShapeError(f"{message or 'the tensor'} has shape {found}; it takes {rank} axes", op="assert_rank")


def assert_rank_at_least(x: Any, rank: int, message: str | None = None, name: str | None = None) -> None:
    """Raise ShapeError if a tensor has fewer axes."""
    found = convert_to_tensor(x).shape
    if found.rank is not None and found.rank < int(rank):
        raise ShapeError(f"{message or 'the tensor'} has shape {found}; it takes at least {rank} axes",
                         op="assert_rank_at_least")


def assert_rank_in(x: Any, ranks: Sequence[int], message: str | None = None, name: str | None = None) -> None:
    """Raise ShapeError unless a tensor has one of several numbers of axes."""
    found = convert_to_tensor(x).shape
    if found.rank is not None and found.rank not in [int(r) for r in ranks]:
        raise ShapeError(f"{message or 'the tensor'} has shape {found}; it takes one of {tuple(ranks)} axes",
                         op="assert_rank_in")


def assert_integer(x: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise DTypeError unless a tensor is of whole numbers."""
    found = convert_to_tensor(x).dtype
    if not found.is_integer:
        raise DTypeError(f"{message or 'the tensor'} is {found.name}, and no whole number", op="assert_integer")


def assert_same_float_dtype(tensors: Any = None, dtype: Any = None) -> Any:
    """The dtype that tensors share, which is `dtype` if that is given; float32 if there is neither.

    Raises
    ------
    DTypeError if they differ, or are no fractions.
    """
    given = [convert_to_tensor(x).dtype for x in tensors or () if x is not None]
    wanted = as_dtype(dtype) if dtype is not None else given[0] if given else float32
    other = next((k for k in given if k is not wanted), None)
    if other is not None:
        raise DTypeError(f"tensors are {wanted.name} and {other.name}", op="assert_same_float_dtype")
    if not wanted.is_floating:
        raise DTypeError(f"tensors are {wanted.name}, and no fractions", op="assert_same_float_dtype")
    return wanted


def assert_proper_iterable(values: Any) -> None:
    """Raise DTypeError for a tensor, an array or a text in the place of a list of values, and for what is no list."""
    if isinstance(values, (Tensor, EagerTensor, np.ndarray, bytes, str)) or not hasattr(values, "__iter__"):
        raise DTypeError(f"values is a {type(values).__name__}, and no list or tuple of values",
                         op="assert_proper_iterable", fix="give [values]")


def assert_scalar(tensor: Any, message: str | None = None, name: str | None = None) -> Any:
    """The tensor; ShapeError if it is no single number."""
    assert_rank(tensor, 0, message)
    return convert_to_tensor(tensor)


def assert_type(tensor: Any, tf_type: Any, message: str | None = None, name: str | None = None) -> None:
    """Raise DTypeError unless a tensor has a dtype."""
    found = convert_to_tensor(tensor).dtype
    if found is not as_dtype(tf_type):
        raise DTypeError(f"{message or 'the tensor'} is {found.name}, not {as_dtype(tf_type).name}", op="assert_type")


def assert_shapes(shapes: Any, data: Any = None, summarize: int | None = None, message: str | None = None,
                  name: str | None = None) -> None:
    """Raise ShapeError unless tensors have shapes, where equal letters stand for equal sizes.

    shapes : a dict or list of pairs: tensor, and a tuple of numbers, names, or None
    """
    known: dict[Any, int] = {}
    for x, wanted in shapes.items() if isinstance(shapes, dict) else shapes:
        found = tuple(convert_to_tensor(x).shape)
        names = tuple(wanted)
        fits = len(found) == len(names) and all(
            n in (None, ".") or size is None or size == (n if isinstance(n, int) else known.setdefault(n, size))
            for n, size in zip(names, found, strict=True))
        if not fits:
            raise ShapeError(f"{message or 'a tensor'} has shape {found}; it takes {names}"
                             + (f" with {known}" if known else ""), op="assert_shapes")


def is_numeric_tensor(tensor: Any) -> bool:
    """Whether a value is a tensor of numbers."""
    return isinstance(tensor, (Tensor, EagerTensor)) and (tensor.dtype.is_floating or tensor.dtype.is_integer)


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    Assert, assert_all_finite, assert_equal, assert_greater, assert_greater_equal, assert_integer, assert_less,
    assert_less_equal, assert_proper_iterable, assert_rank_in, assert_same_float_dtype, assert_near,
    assert_negative, assert_non_negative, assert_non_positive, assert_none_equal, assert_positive, assert_rank,
    assert_rank_at_least, assert_scalar, assert_shapes, assert_type, check_numerics, is_numeric_tensor,
)}
AT_TOP = ("Assert", "assert_equal", "assert_greater", "assert_less", "assert_rank")
