"""Copies where elements have to be in a buffer of their own.

Kernels written by hand and reshapes want dense buffers; a result wants a buffer that nobody else
writes. After this pass every fetch and every update is computed by a kernel, each by its own.
"""
from __future__ import annotations

from ..ir.computation import Computation
from ..ir.graph import Graph
from ..ir.node import Tensor
from ..ops.kinds import Library, Movement
from ..ops.state import Copy, Placeholder
from .trace import is_dense, producer, view_of


def anchor(computation: Computation) -> Computation:
    """The same computation with copies put in."""
    graph = Graph()
    new: dict[int, Tensor] = {}
    for feed in computation.feeds:
        op = Placeholder(feed.dtype, feed.shape)
        new[id(feed)] = graph.add(op, (), feed.node.name + "/", origin=feed.node.origin).outputs[0]
    for node in computation.nodes:
        if all(id(t) in new for t in node.outputs):
            continue
        is_reshape = isinstance(node.op, Movement) and node.op.is_reshape and view_of(node) is None
        wants_dense = isinstance(node.op, Library) or is_reshape
        inputs = [new[id(t)] for t in node.inputs]
        if wants_dense:
            inputs = [t if is_dense(t) else _copy(graph, t) for t in inputs]
        made = graph.add(node.op, inputs, node.name + "/", origin=node.origin)
        new.update((id(a), b) for a, b in zip(node.outputs, made.outputs, strict=True))
    taken: set[int] = set()
    results = [_own(graph, new[id(t)], taken) for t in computation.results()]
    feeds = tuple(new[id(t)] for t in computation.feeds)
    return computation.with_results(graph, feeds, results)


def _own(graph: Graph, tensor: Tensor, taken: set[int]) -> Tensor:
    """`tensor` if a kernel computes its elements and no other result has them, else a copy."""
    node = tensor.node
    while isinstance(node.op, Movement) and node.op.is_reshape:
        node = node.inputs[0].node
    computed = producer(tensor)
    if computed is not node or id(node) in taken:
        tensor = _copy(graph, tensor)
        node = tensor.node
    taken.add(id(node))
    return tensor


def _copy(graph: Graph, tensor: Tensor) -> Tensor:
    name = graph.unique_name(f"{tensor.node.name}/copy") + "/"
    return graph.add(Copy(), [tensor], name, origin=tensor.node.origin).outputs[0]
