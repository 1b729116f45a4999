"""Reverse-mode differentiation: from ys back to xs, with ordinary ops, so that it can be done again.

Takes tensors of a graph and adds the gradient's nodes to the same graph. Rules are those of the op
classes; sums over broadcast axes and over several uses of a tensor are added here.
"""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import GradientError, InvalidArgumentError, ShapeError
from ..ir.dims import Shape
from ..ir.node import Tensor, describe
from ..ir.walk import needed
from ..ops import NoGradient
from ..ops.apply import as_array, constant_tensor
from ..ops.body import variable_name
from ..ops.kinds import Control
from ..ops.language import L
from ..ops.pullback import nodes_between, pulled_back
from ..ops.state import Kept, State


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
    grad_ys : for each y the gradient that reaches it, of its shape or a number; ones where None
    stop_gradients : tensors taken as constants

    Returns
    -------
    For each x a tensor of its shape, or None where no differentiable path leads from it to a y.

    Raises
    ------
    GradientError if a y is not float; ShapeError if a gradient has another shape than its y.

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
    xs = [graph.adopt(x) for x in xs]    # a body's own of what is outside
    stopped = {id(graph.adopt(t)) for t in stop_gradients}
    with graph.as_default(), graph.name_scope("gradients"):
        found = pulled_back(ys, [_seed(y, seed) for y, seed in zip(ys, seeds, strict=True)], xs, stopped)
    _refuse_changed_in_loops(ys, [x for x, g in zip(xs, found, strict=True) if g is None])
    return found


def _refuse_changed_in_loops(ys: Sequence[Tensor], xs: Sequence[Tensor]) -> None:
    """Raise GradientError for a variable that a loop or branch on the way changes: its gradient is not known there."""
    names = {variable_name(x) for x in xs if isinstance(x.node.op, (Kept, State))}
    if not names:
        return
    for node in needed([y.node for y in ys]):
        changed = names & {s.variable for s in node.op.states} if isinstance(node.op, Control) else set()
        if changed:
            raise GradientError(
                f"{node.name} changes the variable {sorted(changed)[0]}, so there is no gradient with respect to it",
                op="gradients", at=str(node.origin) if node.origin else None,
                fix="change the variable outside of the loop, or carry its value through the loop",
            )


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
    check_seed(seed.shape, y.shape)
    return L.broadcast_like(seed, y) if seed.shape.rank == 0 and y.shape.rank != 0 else seed  # type: ignore[no-any-return]


def check_seed(seed: Shape, y: Shape) -> None:
    """Raise ShapeError if a gradient given for a result has another shape; a number stands for all elements."""
    if seed.rank is None or y.rank is None or seed.rank == 0:
        return
    pairs = zip(seed, y, strict=False)
    if len(seed) != len(y) or any(isinstance(a, int) and isinstance(b, int) and a != b for a, b in pairs):
        raise ShapeError(f"the gradient given has shape {seed}, what it is given for has shape {y}", op="gradients",
                         fix="give a gradient of the same shape, or a number for all elements")


def check_connected(y: Tensor, xs: Sequence[Tensor], found: Sequence[Tensor | None], op: str) -> None:
    """Raise GradientError if `gradients([y], xs)` are all None; it names the path and where it is cut.

    op : the optimizer that asks, for the error
    """
    if all(g is None for g in found):
        reasons = "; ".join(why_unconnected([y], x) for x in xs[:3])
        raise GradientError(
            f"no variable has a gradient of {y.name}" + (f": {reasons}" if reasons else ""), op=op,
            fix="let the loss depend on a trainable variable through differentiable ops",
        )


def why_unconnected(ys: Sequence[Tensor], x: Tensor) -> str:
    """The reason, in a sentence, why `gradients(ys, [x])` is None."""
    path = nodes_between(ys, [x])
    if not path:
        return f"no path leads from {x.node.name} to {', '.join(y.node.name for y in ys)}"
    trail = " -> ".join([x.node.name, *(n.name for n in path)])
    for node in path:
        rule = type(node.op).gradient
        if isinstance(rule, NoGradient):
            where = f" ({node.origin})" if node.origin else ""
            return f"{trail}: {node.op.name} {node.name!r}{where} has no gradient: {rule.why}"
    return f"{trail}: the path goes through values that are not float"
