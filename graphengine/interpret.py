"""The numpy interpreter: runs a computation op by op with the ops' own definitions.

It is the oracle of the tests, folds constants, and runs what has no lowering. It knows nothing of
kernels and buffers.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .errors import GraphEngineError, ResourceExhaustedError
from .ir.computation import Computation
from .ir.dims import Dim, evaluate
from .ir.node import Node, Tensor, describe
from .ir.region import Region
from .ops.kinds import Array, Control, External, Op, RunRegion
from .ops.state import Const, Placeholder, SizeValue, State
from .values import dataclass

Sizes = Mapping[str, int]


def run(
    computation: Computation, feeds: Sequence[Array], states: Mapping[str, Array], sizes: Sizes | None = None
) -> tuple[list[Array], dict[str, Array]]:
    """Values of the fetches, and the new values of the variables that change.

    Parameters
    ----------
    computation : what to run, at any stage of rewriting
    feeds : one array for each of its feeds
    states : variables' values
    sizes : values of the symbols; taken from the feeds if None
    """
    known = dict(sizes) if sizes is not None else measure(computation, feeds)
    values: dict[int, Array] = {id(t): a for t, a in zip(computation.feeds, feeds, strict=True)}
    _evaluate(computation.nodes, values, states, known)
    fetched = [values[id(t)] for t in computation.fetches]
    return fetched, {name: values[id(t)] for name, t in computation.updates}


def _evaluate(nodes: Sequence[Node], values: dict[int, Array], states: Mapping[str, Array], sizes: Sizes) -> None:
    """Put the results of nodes beside the values that are known."""
    for node in nodes:
        if not all(id(t) in values for t in node.outputs):
            results = evaluate_node(node, [values[id(t)] for t in node.inputs], states, sizes)
            values.update((id(t), r) for t, r in zip(node.outputs, results, strict=True))


@dataclass(frozen=True)
class _Regions:
    """Runs the regions of loops and branches."""

    states: Mapping[str, Array]
    sizes: Sizes

    def __call__(self, region: Region, arrays: Sequence[Array]) -> list[Array]:
        values = {id(t): np.asarray(a, t.dtype.numpy) for t, a in zip(region.inputs, arrays, strict=True)}
        _evaluate(region.nodes, values, self.states, self.sizes)
        return [values[id(t)] for t in region.outputs]

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        return tuple(evaluate(s, self.sizes) for s in tensor.shape)  # type: ignore[arg-type]


def measure(computation: Computation, feeds: Sequence[Array]) -> dict[str, int]:
    """Values of the size symbols, read off the feeds."""
    known: dict[str, int] = {}
    for tensor, array in zip(computation.feeds, feeds, strict=True):
        for size, actual in zip(tensor.shape, array.shape, strict=True):
            if isinstance(size, Dim) and size.symbol is not None:
                known[size.symbol] = int(actual)
    return known


def evaluate_node(
    node: Node, inputs: Sequence[Array], states: Mapping[str, Array], sizes: Sizes, run: RunRegion | None = None
) -> list[Array]:
    """Results of one node, in the dtypes that were inferred.

    run : what runs the regions of a loop or branch, if not the interpreter

    Raises
    ------
    The op's own errors, with the node and the user's line filled in.
    """
    op = node.op
    if isinstance(op, State):
        return [states[op.variable]]
    if isinstance(op, Placeholder):
        raise KeyError(f"no value for {node.name}")
    try:
        if isinstance(op, Control):
            results: Any = op.evaluate(_Regions(states, sizes) if run is None else run, *inputs)
        else:
            is_source = not node.inputs and not isinstance(op, External)
            results = (constant_value(op, sizes),) if is_source else op.with_sizes(sizes).values_of(*inputs)
    except (GraphEngineError, MemoryError) as error:
        known = error if isinstance(error, GraphEngineError) else ResourceExhaustedError(str(error))
        operands = op.label_operands([describe(t) for t in node.inputs])
        raise known.located(
            op=op.called, node=node.equation(), at=str(node.origin) if node.origin else None, operands=operands
        ) from None
    return [np.asarray(r, dtype=t.dtype.numpy) for r, t in zip(results, node.outputs, strict=True)]


def constant_value(op: Op, sizes: Sizes) -> Array:
    """Value of an op without inputs."""
    if isinstance(op, Const):
        return op.value.array
    if isinstance(op, SizeValue):
        return np.asarray(evaluate(op.size, sizes), op.dtype.numpy)
    return np.asarray(op.with_sizes(sizes).reference())
