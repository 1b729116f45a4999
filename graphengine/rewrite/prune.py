"""Loops and branches without what nobody uses: results, carried values, operands.

A loop is drawn with records for a gradient that may never be asked for; this is where they go.
"""
from __future__ import annotations

from collections.abc import Sequence

from ..ir.computation import Computation
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.region import Region
from ..ir.walk import needed
from ..ops.kinds import Control
from ..ops.state import Placeholder
from ..values import dataclass


@dataclass(frozen=True)
class _Less:
    """A control op that is left of another: the operands and results that it keeps."""

    op: Control
    operands: Sequence[int]
    results: Sequence[int]


def prune(computation: Computation) -> Computation:
    """The same computation with smaller loops and branches."""
    if not any(isinstance(n.op, Control) for n in computation.nodes):
        return computation
    graph, new = _pruned(computation.results(), computation.feeds)
    feeds = tuple(new[id(t)] for t in computation.feeds)
    return computation.with_results(graph, feeds, [new[id(t)] for t in computation.results()])


def _pruned(results: Sequence[Tensor], given: Sequence[Tensor]) -> tuple[Graph, dict[int, Tensor]]:
    """A graph of what `results` need, from the last node back, and what stands there for a tensor's id."""
    nodes = needed([t.node for t in results], given)
    used = {id(t) for t in results}
    kept: list[tuple[Node, _Less | None]] = []
    for node in reversed(nodes):
        if not any(id(t) in used for t in node.outputs):
            continue
        less = _less(node, used) if isinstance(node.op, Control) else None
        kept.append((node, less))
        operands = node.inputs if less is None else [node.inputs[k] for k in less.operands]
        used.update(id(t) for t in operands)
    graph = Graph()
    new: dict[int, Tensor] = {}
    for t in given:
        made = graph.add(Placeholder(t.dtype, t.shape), (), t.node.name + "/", origin=t.node.origin)
        new[id(t)] = made.outputs[0]
    for node, less in reversed(kept):
        if all(id(t) in new for t in node.outputs):
            continue
        operands = node.inputs if less is None else [node.inputs[k] for k in less.operands]
        op = node.op if less is None else less.op
        made = graph.add(op, [new[id(t)] for t in operands], node.name + "/", origin=node.origin)
        results_of = node.outputs if less is None else [node.outputs[k] for k in less.results]
        new.update((id(t), x) for t, x in zip(results_of, made.outputs, strict=True))
    return graph, new


def _less(node: Node, used: set[int]) -> _Less:
    op, operands, results = node.op.pruned([id(t) in used for t in node.outputs])
    return _Less(op.with_regions([_pruned_region(r) for r in op.regions]), operands, results)


def _pruned_region(region: Region) -> Region:
    graph, new = _pruned(region.outputs, region.inputs)
    return Region(graph, tuple(new[id(t)] for t in region.inputs), tuple(new[id(t)] for t in region.outputs))
