"""Copies where elements have to be in a buffer of their own.

Kernels written by hand and reshapes want dense buffers; a result wants a buffer that nobody else
writes. After this pass every fetch and every update is computed by a kernel, each by its own, and
library kernels finish their sums (`absorb`).
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ir.computation import Computation
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ops.finished import Finished
from ..ops.kinds import Library, Movement
from ..ops.movement import Reshape
from ..ops.state import Const, Copy, Placeholder
from .absorb import Finish, absorb
from .trace import is_dense, producer, view_of


def anchor(computation: Computation) -> Computation:
    """The same computation with copies put in."""
    graph = Graph()
    new: dict[int, Tensor] = {}
    finishes = absorb(computation)
    for feed in computation.feeds:
        op = Placeholder(feed.dtype, feed.shape)
        new[id(feed)] = graph.add(op, (), feed.node.name + "/", origin=feed.node.origin).outputs[0]
    for node in computation.nodes:
        if all(id(t) in new for t in node.outputs):
            continue
        if id(node) in finishes:
            new[id(node.outputs[0])] = _finished(graph, node, finishes[id(node)], new)
            continue
        is_reshape = isinstance(node.op, Movement) and node.op.is_reshape and view_of(node) is None
        wants_dense = isinstance(node.op, Library) or is_reshape
        inputs = [new[id(t)] for t in node.inputs]
        if wants_dense:
            inputs = [_dense(graph, t) for t in inputs]
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


def _finished(graph: Graph, node: Node, finish: Finish, new: dict[int, Tensor]) -> Tensor:
    """`node` as the end of a library kernel: an op in the shape of its sums, between reshapes."""
    plain, result = finish.plain, node.outputs[0]
    one = np.ones((), result.dtype.numpy)

    def add(op: Any, inputs: Sequence[Tensor]) -> Tensor:
        return graph.add(op, inputs, f"{node.name}/{op.node_name}", origin=node.origin).outputs[0]

    operands = [new[id(t)] for t in (*plain.inputs, finish.d)]
    if finish.is_whole:
        operands[2] = add(Reshape(tuple(plain.outputs[0].shape)), operands[2:])
    operands += [add(Const(one), ()) if t is None else new[id(t)] for t in (finish.alpha, finish.beta)]
    op = Finished(plain.op, finish.rectified, finish.subtracts)
    made = add(op, [_dense(graph, t) for t in operands])
    return add(Reshape(tuple(result.shape)), [made])


def _dense(graph: Graph, tensor: Tensor) -> Tensor:
    return tensor if is_dense(tensor) else _copy(graph, tensor)


def _copy(graph: Graph, tensor: Tensor) -> Tensor:
    name = graph.unique_name(f"{tensor.node.name}/copy") + "/"
    return graph.add(Copy(), [tensor], name, origin=tensor.node.origin).outputs[0]
