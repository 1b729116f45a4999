"""Where NaN and infinity come from: a run's graph evaluated node by node, and followed back from what is no number."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import interpret
from ..ir.node import Node, Tensor
from ..ops.conversion import Checked
from ..ops.language import L
from .plan import Plan

Array = np.ndarray[Any, Any]


def refuse_nan(x: Any, problem: str) -> Any:
    """The tensor itself; a run in which it holds NaN fails before it changes a variable."""
    return L.checked(x, L.is_nan(x), problem)


def source_of_nan(plan: Plan, arrays: Sequence[Array], problem: str) -> Node | None:
    """The node that made the first NaN or infinity on the way to what `refuse_nan` has refused.

    Parameters
    ----------
    arrays : values of the plan's feeds in the run that failed
    problem : as `refuse_nan` was told

    Returns
    -------
    A node with finite operands; or the placeholder or variable that holds NaN or infinity itself; None if the same run
    would not fail again.
    """
    found = plan.bound(tuple([a.shape for a in arrays]), wait=False)
    run = found.program.compilation.source
    values = {id(t): a for t, a in zip(run.feeds, arrays, strict=True)}
    for node in run.nodes:
        if isinstance(node.op, Checked) and node.op.problem == problem:
            return _followed_back(node.inputs[0], values) if _has_nan(values[id(node.inputs[0])]) else None
        if not all(id(t) in values for t in node.outputs):
            given = [values[id(t)] for t in node.inputs]
            with np.errstate(all="ignore"):
                made = interpret.evaluate_node(node, given, plan.store.values, found.sizes)
            values.update((id(t), a) for t, a in zip(node.outputs, made, strict=True))
    return None


def _followed_back(end: Tensor, values: dict[int, Array]) -> Node:
    node = end.node
    for is_wrong in (_has_nan, _is_infinite):   # infinities may be meant, as in a mask, unless NaN came of them
        while wrong := [t for t in node.inputs if is_wrong(values[id(t)])]:
            node = wrong[0].node
    return node


def _has_nan(array: Array) -> bool:
    return array.dtype.kind == "f" and bool(np.isnan(array).any())


def _is_infinite(array: Array) -> bool:
    return array.dtype.kind == "f" and bool(np.isinf(array).any())
