"""Common subexpressions: equal ops on the same inputs are one node."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ir.node import Tensor
from ..ops.kinds import Elementwise
from ..ops.state import Const, Placeholder
from .rules import Fired, Hook, RewritingGraph


def sharer() -> Hook:
    """A hook that remembers every node made and returns it when it is asked for again."""
    made: dict[tuple[Any, ...], tuple[Tensor, ...]] = {}

    def share(graph: RewritingGraph, op: Any, inputs: Sequence[Tensor], name: str | None) -> Sequence[Tensor] | None:
        if isinstance(op, Placeholder):
            return None
        order = [id(t) for t in inputs]
        if isinstance(op, Elementwise) and op.commutative:
            order.sort()
        key = (op, *order)
        if key in made:
            if not isinstance(op, Const):
                graph.log.append(
                    Fired(graph.phase, "share", f"the same as {made[key][0].node.name}", graph.current, graph.origin)
                )
            return made[key]
        made[key] = graph.add(op, inputs, name).outputs
        return made[key]

    return share
