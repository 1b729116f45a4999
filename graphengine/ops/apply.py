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
from inspect import unwrap
from typing import Any

import numpy as np

from ..errors import GraphEngineError
from ..ir.eager import EagerTensor, Typed, tensor_of, typed
from ..ir.graph import Graph, get_default_graph, is_drawing, receiving_graph
from ..ir.node import Tensor
from ..ir.operand import Operand
from ..ir.source import user_line
from .kinds import Array, External, Op
from .operands import AT_ONCE, InGraph, as_array, as_operands, beside_number, constant_tensor, operands_in, packed
from .quiet import quiet_context

__all__ = [
    "apply", "as_array", "build", "compute", "constant_tensor", "is_recording", "packed", "recording",
    "tell_recorders", "unrecorded",
]

# Told of each op that is computed: the op, its operands, the same with what variables held, its results.
Recorder = Callable[[Op, Sequence[Any], Sequence[EagerTensor], Sequence[EagerTensor]], None]

_ndarray = np.ndarray

_recorders: ContextVar[tuple[Recorder, ...]] = ContextVar("graphengine_recorders", default=())


def apply(op: Op, operands: Sequence[Any], name: str | None = None) -> Any:
    """The result of `op`: one value, or a tuple where the op has several results."""
    for x in operands:
        if type(x) is not EagerTensor and not (isinstance(x, Operand) and x.has_value):
            break
    else:                                   # nearly each op at once, so in few steps
        return build(op, operands, name, get_default_graph()) if is_drawing() else compute(op, operands)
    pair = beside_number(op, operands)
    if pair is not None and not is_drawing():
        return compute(op, pair)
    deciding: Operand | None = None
    for x in operands:
        if isinstance(x, (list, tuple)):
            x = next(operands_in(x), None)
        if isinstance(x, Operand) and (deciding is None or x.precedence > deciding.precedence):
            deciding = x
    if deciding is None or deciding.has_value:
        if is_drawing():
            return build(op, operands, name, get_default_graph())
        return compute(op, as_operands(op, operands, AT_ONCE))
    if isinstance(deciding, Tensor):
        return build(op, operands, name, receiving_graph(deciding.node.graph))
    return deciding.apply_op(op, operands, name)


def build(op: Op, operands: Sequence[Any], name: str | None, graph: Graph) -> Any:
    """Add a node for `op` to `graph`."""
    results = graph.apply(op, as_operands(op, operands, InGraph(graph)), name)
    return results[0] if len(results) == 1 else results


# -------------------------------------------------------------------- at once

def compute(op: Op, given: Sequence[Any]) -> Any:
    """The result of `op` for tensors and variables that have values; those who record are told."""
    arrays: tuple[Array, ...]
    if len(given) == 2:                     # small ops take as long as the steps here, and a comprehension is many
        x, y = given
        arrays, operands = (x.array, y.array), (x.type, y.type)
    else:
        arrays, operands = tuple([x.array for x in given]), tuple([x.type for x in given])
    try:
        types, plain = op.computing.get(operands) or _computing(op, operands)
        found: Any = op.values_of(*arrays) if plain is None else quiet_context().run(plain, op, *arrays)
    except GraphEngineError as error:
        labels = [f"{x.dtype.name} {x.shape}" for x in given]
        raise error.located(op=op.called, at=str(user_line()), operands=op.label_operands(labels)) from None
    if len(types) == 1:
        result = _result(found[0] if type(found) in (tuple, list) else found, types[0], arrays)
        if _recorders.get():
            tell_recorders(op, given, (result,))
        return result
    results = tuple([_result(r, t, arrays) for r, t in zip(found, types)])  # noqa: B905 - checked by tests of all ops
    tell_recorders(op, given, results)
    return results


def tell_recorders(op: Any, operands: Sequence[Any], results: Sequence[EagerTensor]) -> None:
    """Let those who record know what was computed, and what variables among the operands held then."""
    recorders = _recorders.get()
    if not recorders:
        return
    held = operands
    for x in operands:
        if type(x) is not EagerTensor:
            held = [y if type(y) is EagerTensor else tensor_of(y.array.copy(), y.type) for y in operands]
            break
    for tell in recorders:
        tell(op, operands, held, results)


Types = tuple[Typed, ...]
Computing = tuple[list[tuple[np.dtype[Any], Typed | None]], Callable[..., Any] | None]

MOST_TYPES = 64                             # that an op remembers itself: asking it is quicker than comparing ops


def _computing(op: Op, operands: Types) -> Computing:
    """Type of each result, None if numbers decide its sizes, and the reference if it gives them as they are.

    Raises
    ------
    GraphEngineError where the operands do not fit the op.
    """
    known = op.computing
    if len(known) >= MOST_TYPES:
        known.clear()
    found = known[operands] = _inferred(op, operands)
    return found


@lru_cache(maxsize=4096)
def _inferred(op: Op, operands: Types) -> Computing:
    given = tuple([t.dtype for t in operands])
    results = []
    for dtype, shape in op.infer(operands):  # type: ignore[arg-type]
        results.append((dtype.numpy, typed(dtype.numpy, tuple(shape)) if shape.is_fully_defined() else None))
    is_direct = op.computing_types(given) == given and not isinstance(op, External)     # that runs a user's function
    return results, unwrap(type(op).reference) if is_direct else None


def _result(value: Any, wanted: tuple[np.dtype[Any], Typed | None], operands: Sequence[Array]) -> EagerTensor:
    """A result as a tensor whose memory nobody else writes to: no view of a variable's."""
    dtype, of_type = wanted
    array = value if type(value) is _ndarray and value.dtype is dtype else np.asarray(value, dtype)
    is_own = array.base is None
    for x in operands:
        if array is x:
            is_own = False
    if not is_own and any(x.flags.writeable and np.may_share_memory(array, x) for x in operands):
        array = array.copy()
    return EagerTensor(array) if of_type is None else tensor_of(array, of_type)


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
