"""What an op means is decided by its operands.

An `Operand` with a meaning of its own for ops (a pattern) decides. Tensors of a graph add a node to it. Where all
operands have values (eager tensors, variables, numbers), the result is computed now, by the op's own definition, unless
a graph is being drawn.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Any

import numpy as np

from ..dtypes import DType
from ..errors import GraphEngineError
from ..ir.dims import Shape
from ..ir.eager import EagerTensor
from ..ir.graph import Graph, get_default_graph, is_drawing, receiving_graph
from ..ir.node import Tensor
from ..ir.operand import Operand
from ..ir.source import user_line
from .kinds import Array, Op
from .operands import AT_ONCE, InGraph, as_array, as_operands, constant_tensor, operands_in, packed

__all__ = [
    "apply", "as_array", "build", "compute", "constant_tensor", "is_recording", "packed", "recording",
    "tell_recorders", "unrecorded",
]

# Told of each op that is computed: the op, its operands, the same with what variables held, its results.
Recorder = Callable[[Op, Sequence[Any], Sequence[EagerTensor], Sequence[EagerTensor]], None]

_recorders: ContextVar[tuple[Recorder, ...]] = ContextVar("graphengine_recorders", default=())


def apply(op: Op, operands: Sequence[Any], name: str | None = None) -> Any:
    """The result of `op`: one value, or a tuple where the op has several results."""
    deciding: Operand | None = None
    for x in operands:
        if not isinstance(x, Operand):
            x = next(operands_in((x,)), None)   # one in a list
        if x is not None and (deciding is None or x.precedence > deciding.precedence):
            deciding = x
    if deciding is None or deciding.has_value:
        return build(op, operands, name, get_default_graph()) if is_drawing() else compute(op, operands)
    if isinstance(deciding, Tensor):
        return build(op, operands, name, receiving_graph(deciding.node.graph))
    return deciding.apply_op(op, operands, name)


def build(op: Op, operands: Sequence[Any], name: str | None, graph: Graph) -> Any:
    """Add a node for `op` to `graph`."""
    results = graph.apply(op, as_operands(op, operands, InGraph(graph)), name)
    return results[0] if len(results) == 1 else results


# -------------------------------------------------------------------- at once

def compute(op: Op, operands: Sequence[Any]) -> Any:
    """The result of `op` for operands that have values; those who record are told."""
    given = as_operands(op, operands, AT_ONCE)
    arrays = [x.array for x in given]
    try:
        types, is_direct = _computing(op, tuple([(x.dtype, a.shape) for x, a in zip(given, arrays)]))  # noqa: B905
        found: Any = op.reference(*arrays) if is_direct else op.values_of(*arrays)
    except GraphEngineError as error:
        labels = [f"{x.dtype.name} {x.shape}" for x in given]
        raise error.located(op=op.name, at=str(user_line()), operands=op.label_operands(labels)) from None
    if len(types) == 1 and is_direct:
        found = found[0] if isinstance(found, (tuple, list)) else found
        result = EagerTensor(_own(found, types[0].numpy, arrays), types[0])
        tell_recorders(op, given, (result,))
        return result
    results = tuple([EagerTensor(_own(r, t.numpy, arrays), t) for r, t in zip(found, types)])  # noqa: B905
    tell_recorders(op, given, results)
    return results[0] if len(results) == 1 else results


def tell_recorders(op: Any, operands: Sequence[Any], results: Sequence[EagerTensor]) -> None:
    """Let those who record know what was computed, and what variables among the operands held then."""
    recorders = _recorders.get()
    if not recorders:
        return
    held = operands
    for x in operands:
        if type(x) is not EagerTensor:
            held = [y if type(y) is EagerTensor else EagerTensor(np.array(y.array)) for y in operands]
            break
    for tell in recorders:
        tell(op, operands, held, results)


class _Typed:
    """dtype and shape of an operand, for an op's inference."""

    __slots__ = ("dtype", "shape")

    def __init__(self, dtype: DType, shape: tuple[int, ...]) -> None:
        self.dtype = dtype
        self.shape = Shape(shape)


@lru_cache(maxsize=4096)
def _computing(op: Op, types: tuple[tuple[DType, tuple[int, ...]], ...]) -> tuple[list[DType], bool]:
    """Type of each result, and whether `reference` gives them as it is; raises where the operands do not fit the op."""
    operands: Any = [_Typed(dtype, shape) for dtype, shape in types]
    given = tuple(dtype for dtype, _ in types)
    return [dtype for dtype, _ in op.infer(operands)], op.computing_types(given) == given


def _own(result: Any, dtype: np.dtype[Any], operands: Sequence[Array]) -> Array:
    """A result as an array that nobody else writes to: not a view of a variable's memory."""
    array = np.asarray(result, dtype)
    if array.base is None:
        for x in operands:
            if array is x:
                break
        else:
            return array
    if any(x.flags.writeable and np.may_share_memory(array, x) for x in operands):
        return array.copy()
    return array


def is_recording() -> bool:
    """Whether anybody is told of what is computed."""
    return bool(_recorders.get())


class recording:
    """Tell `recorder` of each op that is computed inside the ``with`` block."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def __enter__(self) -> None:
        self._token = _recorders.set((*_recorders.get(), self.recorder))

    def __exit__(self, *error: object) -> None:
        _recorders.reset(self._token)


@contextmanager
def unrecorded() -> Iterator[None]:
    """Tell nobody of what is computed inside the ``with`` block."""
    token = _recorders.set(())
    try:
        yield
    finally:
        _recorders.reset(token)
