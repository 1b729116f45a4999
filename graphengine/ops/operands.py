"""What users pass to ops, as operands: numbers, lists and arrays take the dtype that the other operands have."""
from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Protocol

import numpy as np

from .. import dtypes
from ..dtypes import DType
from ..errors import DTypeError, InvalidArgumentError
from ..ir.eager import EagerTensor
from ..ir.graph import Graph
from ..ir.node import Tensor
from ..ir.operand import Operand
from .kinds import Array, Op


def operands_in(items: Iterable[Any]) -> Iterator[Operand]:
    """The operands among `items`, those in lists and tuples too."""
    for x in items:
        if isinstance(x, Operand):
            yield x
        elif isinstance(x, (list, tuple)):
            yield from operands_in(x)


class Home(Protocol):
    """Where operands are used: a graph, or at once."""

    def constant(self, value: Array) -> Any:
        """An operand that holds these numbers."""

    def take(self, x: Operand) -> Any:
        """What stands there for an operand."""


class InGraph:
    """Operands become tensors of a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    def constant(self, value: Array) -> Tensor:
        return constant_tensor(value, self.graph)

    def take(self, x: Operand) -> Tensor:
        if isinstance(x, Tensor):
            return x
        if isinstance(x, EagerTensor):
            return constant_tensor(x.array, self.graph)
        convert = getattr(x, "as_graph_tensor", None)
        if convert is None:
            raise InvalidArgumentError(f"{x!r} cannot enter a graph")
        return convert(self.graph)  # type: ignore[no-any-return]


class AtOnce:
    """Operands stay values: eager tensors and variables."""

    def constant(self, value: Array) -> EagerTensor:
        return EagerTensor(np.array(value))

    def take(self, x: Operand) -> Operand:
        return x


AT_ONCE = AtOnce()


def as_operands(op: Op, operands: Sequence[Any], home: Home) -> Sequence[Any]:
    """What stands for `operands` at home; bare numbers take the dtype of the operands they must agree with."""
    ports = op.inputs if len(op.inputs) == len(operands) else op.ports(len(operands))
    if len(ports) != len(operands):
        raise InvalidArgumentError(f"it takes {len(ports)} operands, got {len(operands)}", op=op.name)
    for x in operands:                      # the path of nearly each op, so in few steps
        if not isinstance(x, Operand):
            break
    else:
        return operands if home is AT_ONCE else [home.take(x) for x in operands]
    wanted: dict[str, DType] = {}
    for p, x in zip(ports, operands, strict=True):
        dtype = own_dtype(x)
        if dtype is not None:
            wanted.setdefault(p.same, dtype)
    found = []
    for p, x in zip(ports, operands, strict=True):
        own = home.take(x) if isinstance(x, Operand) else _converted(op, p.name, x, wanted.get(p.same), p.accepts, home)
        wanted.setdefault(p.same, own.dtype)
        found.append(own)
    return found


def own_dtype(x: Any) -> DType | None:
    first = next(operands_in(x), None) if isinstance(x, (list, tuple)) else x if isinstance(x, Operand) else None
    dtype = getattr(first, "dtype", None)
    return dtype if isinstance(dtype, DType) else None


def _converted(
    op: Op, port_name: str, x: Any, wanted: DType | None, accepts: tuple[DType, ...], home: Home
) -> Any:
    if x is None:
        raise InvalidArgumentError(f"{port_name} is None", op=op.name)
    if isinstance(x, (list, tuple)) and next(operands_in(x), None) is not None:
        return packed(x, home, wanted)
    value = as_array(x, wanted, op.name, port_name)
    is_plain = wanted is None and isinstance(x, (int, list, tuple))
    if is_plain and accepts[0].is_floating and dtypes.as_dtype(value.dtype) not in accepts:
        value = value.astype(accepts[0].numpy)
    return home.constant(value)


def packed(items: Any, home: Home, dtype: DType | None = None, name: str | None = None) -> Any:
    """A nested list that holds tensors as one tensor: its entries stacked along a new first axis.

    Numbers get `dtype`, or that of the first tensor in the list.
    """
    from .language import L

    dtype = dtype or own_dtype(items)
    found = [
        packed(x, home, dtype) if isinstance(x, (list, tuple)) and next(operands_in(x), None) is not None
        else x if isinstance(x, Operand) else home.constant(as_array(x, dtype))
        for x in items
    ]
    return L.stack(found, name=name)


def constant_tensor(value: Any, graph: Graph, name: str | None = None) -> Tensor:
    """A constant node that holds `value`, an array."""
    from .state import Const

    return graph.apply(Const(value), (), name)[0]


_PLAIN = {"float32": (int, float), "float64": (int, float), "int32": (int,), "int64": (int,)}
_SMALL = 2**24                              # whole numbers below are whole in float32 too


def _is_plain(x: Any, wanted: DType) -> bool:
    """Whether it is a number of Python's that goes into `wanted` as it is."""
    return type(x) in _PLAIN.get(wanted.name, ()) and -_SMALL < x < _SMALL


def beside_number(op: Op, operands: Sequence[Any]) -> tuple[Any, Any] | None:
    """A tensor and a plain number, in either order, as two tensors; None for other operands, and where types differ."""
    if len(operands) != 2 or len(op.inputs) != 2 or op.inputs[0].same != op.inputs[1].same:
        return None
    x, y = operands
    if type(x) is EagerTensor and _is_plain(y, x.type.dtype):
        return x, _number(str(y), x.type.dtype.name)
    if type(y) is EagerTensor and _is_plain(x, y.type.dtype):
        return _number(str(x), y.type.dtype.name), y
    return None


@lru_cache(maxsize=1024)
def _number(text: str, dtype: str) -> EagerTensor:
    """A plain number as a tensor; as text, 0.0 and -0.0 differ."""
    wanted = dtypes.as_dtype(dtype)
    return EagerTensor(np.array(float(text) if wanted.is_floating else int(text), wanted.numpy))


def as_array(x: Any, wanted: DType | None, op_name: str | None = None, label: str = "value") -> np.ndarray[Any, Any]:
    """A number, nested list or array as an array; Python floats are float32, Python ints int32.

    Raises
    ------
    DTypeError if the numbers do not go into `wanted` without losing their kind (1.5 into int32) or wrapping around
    (300 into uint8).
    InvalidArgumentError if it is not an array at all.
    """
    if wanted is not None:                  # nearly always one of these, which need none of the checks below
        if type(x) is np.ndarray and x.dtype is wanted.numpy:
            return x
        if _is_plain(x, wanted):
            return np.array(x, wanted.numpy)
    try:
        value = np.asarray(x)
    except (ValueError, TypeError) as error:
        raise InvalidArgumentError(f"{label} is no array: {error}", op=op_name) from None
    if not value.dtype.isnative:
        value = value.astype(value.dtype.newbyteorder("="))
    kind = dtypes.kind_of(value.dtype)
    if kind == "c":
        raise DTypeError(f"{label} holds complex numbers; numbers are real here", op=op_name,
                         fix="keep real and imaginary parts in two tensors")
    if kind not in "biuf":
        raise InvalidArgumentError(f"{label} is {type(x).__name__} {str(x)[:60]!r}, not numbers", op=op_name)
    if wanted is not None:
        rank = {"b": 0, "i": 1, "u": 1, "f": 2}
        if rank[kind] > rank[wanted.kind] and value.size:
            kinds = {"b": "bool", "i": "whole numbers", "u": "whole numbers", "f": "fractions"}
            raise DTypeError(
                f"{label} holds {kinds[kind]} but {wanted.name} is needed",
                op=op_name, fix=f"cast({label}, ...) or use {wanted.name} numbers",
            )
        is_whole = wanted.is_integer and kind in "iu" and value.size
        if is_whole and (value.min() < wanted.min or value.max() > wanted.max):
            raise DTypeError(f"{label} holds numbers outside {wanted.name}, [{wanted.min}, {wanted.max}]", op=op_name,
                             fix=f"cast the {wanted.name} operand to a wider type first")
        if not wanted.is_bool and kind == "b" and not isinstance(x, (int, float)):
            raise DTypeError(
                f"{label} is bool but {wanted.name} is needed", op=op_name, fix=f"cast({label}, {wanted.name})"
            )
        with np.errstate(over="ignore"):        # 1e6 is infinite in float16
            return np.asarray(value, dtype=wanted.numpy)
    if isinstance(x, (np.ndarray, np.generic)):
        return np.asarray(value, dtype=dtypes.as_dtype(value.dtype).numpy)
    if kind == "f":
        return value.astype(np.float32)
    if kind in "iu":
        small = value.size == 0 or (value.min() >= dtypes.int32.min and value.max() <= dtypes.int32.max)
        return value.astype(np.int32 if small else np.int64)
    return value.astype(np.bool_)
