"""Reverse-mode differentiation: from ys back to xs, with ordinary ops, so that it can be done again.

Takes tensors of a graph and adds the gradient's nodes to the same graph. Rules are those of the op
classes; sums over broadcast axes and over several uses of a tensor are added here.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import GradientError, InvalidArgumentError
from ..ir.node import Node, Tensor, describe
from ..ir.walk import needed
from ..ops import NoGradient
from ..ops.apply import as_array, constant_tensor
from ..ops.language import L


def gradients(
    ys: Sequence[Tensor],
    xs: Sequence[Tensor],
    grad_ys: Sequence[Any] | None = None,
    stop_gradients: Iterable[Tensor] = (),
) -> list[Tensor | None]:
    """Gradient of the sum of all elements of `ys` with respect to each of `xs`.

    Parameters
    ----------
    ys : tensors of one graph, float
    xs : tensors of the same graph
    grad_ys : for each y the gradient that reaches it, of its shape; ones where None
    stop_gradients : tensors taken as constants

    Returns
    -------
    For each x a tensor of its shape, or None where no differentiable path leads from it to a y.

    Raises
    ------
    GradientError if a y is not float.

    References
    ----------
    Griewank and Walther (2008), "Evaluating Derivatives", chapter 3.
    """
    if not ys:
        return [None] * len(xs)
    graph = ys[0].node.graph
    seeds = list(grad_ys) if grad_ys is not None else [None] * len(ys)
    if len(seeds) != len(ys):
        raise InvalidArgumentError(f"{len(ys)} ys but {len(seeds)} grad_ys", op="gradients")
    flow = _Accumulator()
    stopped = {id(t) for t in stop_gradients}
    path = _nodes_between(ys, xs, stopped)
    with graph.name_scope("gradients"):
        for y, seed in zip(ys, seeds, strict=True):
            flow.add(y, _seed(y, seed))
        for node in reversed(path):
            arriving = [flow.total(t) for t in node.outputs]
            if all(g is None for g in arriving):
                continue
            with graph.made_at(node.origin):
                _through(node, arriving, flow, stopped)
        return [flow.total(x) for x in xs]


class _Accumulator:
    """Gradient contributions of each tensor; they are added up when first asked for."""

    def __init__(self) -> None:
        self.parts: dict[int, list[Tensor]] = {}

    def add(self, tensor: Tensor, g: Tensor) -> None:
        self.parts.setdefault(id(tensor), []).append(g)

    def total(self, tensor: Tensor) -> Tensor | None:
        parts = self.parts.get(id(tensor))
        if not parts:
            return None
        while len(parts) > 1:
            parts[:2] = [parts[0] + parts[1]]
        return parts[0]


def _seed(y: Tensor, seed: Any) -> Tensor:
    if not y.dtype.is_floating:
        raise GradientError(
            f"{y.name} is {y.dtype.name}; only float values have gradients", op="gradients",
            operands=[("y", describe(y))], fix="differentiate a float tensor, or cast before the loss",
        )
    if seed is None:
        return L.ones_like(y)  # type: ignore[no-any-return]
    if not isinstance(seed, Tensor):
        seed = constant_tensor(as_array(seed, y.dtype, "gradients", "grad_ys"), y.node.graph)
    return seed


def _nodes_between(ys: Sequence[Tensor], xs: Sequence[Tensor], stopped: set[int]) -> list[Node]:
    """Nodes on a path from an x to a y, in graph order."""
    before = needed([y.node for y in ys])
    reached = {id(x) for x in xs}
    between = []
    for node in before:
        if any(id(t) in reached and id(t) not in stopped for t in _differentiable(node)):
            between.append(node)
            reached.update(id(t) for t in node.outputs)
    return between


def _differentiable(node: Node) -> Sequence[Tensor]:
    return node.inputs if node.op.reads_inputs else ()


def _through(node: Node, arriving: Sequence[Tensor | None], flow: _Accumulator, stopped: set[int]) -> None:
    """Apply the op's rule and hand the results to its inputs."""
    several = len(node.outputs) > 1
    given = [L.zeros_like(t) if g is None else g for g, t in zip(arriving, node.outputs, strict=True)]
    g, y = (given, node.outputs) if several else (given[0], node.outputs[0])
    results = node.op.gradient(g, y, *node.inputs)
    if results is None:
        return
    if not isinstance(results, (tuple, list)):
        results = (results,)
    if len(results) != len(node.inputs):
        raise GradientError(f"the rule of {node.op.name} gives {len(results)} gradients for {len(node.inputs)} inputs")
    for x, g in zip(node.inputs, results, strict=True):
        if g is not None and x.dtype.is_floating and id(x) not in stopped:
            flow.add(x, _summed_to(g, x, len(node.inputs)))


def _summed_to(g: Any, x: Tensor, inputs: int) -> Tensor:
    """`g` summed over the axes along which `x` was broadcast."""
    if not isinstance(g, Tensor):
        g = constant_tensor(np.asarray(g, x.dtype.numpy), x.node.graph)
    if g.shape == x.shape and (inputs == 1 or x.shape.is_fully_defined()):
        return g
    return L.sum_like(g, x)  # type: ignore[no-any-return]


def why_unconnected(ys: Sequence[Tensor], x: Tensor) -> str:
    """The reason, in a sentence, why `gradients(ys, [x])` is None."""
    path = _nodes_between(ys, [x], set())
    if not path:
        return f"no path leads from {x.node.name} to {', '.join(y.node.name for y in ys)}"
    trail = " -> ".join([x.node.name, *(n.name for n in path)])
    for node in path:
        rule = type(node.op).gradient
        if isinstance(rule, NoGradient):
            where = f" ({node.origin})" if node.origin else ""
            return f"{trail}: {node.op.name} {node.name!r}{where} has no gradient: {rule.why}"
    return f"{trail}: the path goes through values that are not float"
