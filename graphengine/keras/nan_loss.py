"""Training whose loss is NaN: it ends before the step that would spoil the weights, and says where it began."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..errors import GraphEngineError, InvalidArgumentError
from ..frontend.not_finite import refuse_nan, source_of_nan
from ..ir.node import describe
from ..ops.state import Placeholder, State
from .data import Samples
from .steps import Step

PROBLEM = "the loss is NaN"
FIX = ("a smaller learning rate, or clipnorm=1.0 of the optimizer, if it grew; TerminateOnNaN() as a callback"
       " ends training without an error")


def finite(loss: Any) -> Any:
    """The loss; a step in which it is NaN fails and changes nothing."""
    return refuse_nan(loss, PROBLEM)


def is_tolerated(callbacks: Iterable[Any]) -> bool:
    """Whether a callback looks for NaN itself."""
    return any(getattr(c, "watches_for_nan", False) for c in callbacks)


def is_about_nan(error: GraphEngineError) -> bool:
    """Whether an error of a step is that of `finite`."""
    return error.problem.startswith(PROBLEM)


def explained(error: GraphEngineError, step: Step | None, rows: Samples, batch: int, epoch: int) -> GraphEngineError:
    """The error of `finite` with the epoch, the batch, and the node that came first.

    Parameters
    ----------
    step : the traced step; None if it ran in Python
    rows : the batch, as the step was given it
    batch, epoch : counted from 0
    """
    where = f"{PROBLEM} in step {batch} of epoch {epoch + 1}"
    node = None if step is None else source_of_nan(step.concrete.plan, rows.arrays, PROBLEM)
    if node is None:
        return InvalidArgumentError(where, op="fit", at=error.at, fix=FIX)
    if isinstance(node.op, Placeholder):
        return InvalidArgumentError(f"{where}: the data of the batch holds NaN or infinity", op="fit",
                                    fix="look for it with np.isfinite(x).all()")
    if isinstance(node.op, State):
        return InvalidArgumentError(f"{where}: the variable {node.name} holds NaN or infinity", op="fit", fix=FIX)
    return InvalidArgumentError(
        f"{where}: this is the first node whose result is not finite", op="fit", node=node.equation(),
        at=str(node.origin) if node.origin else None,
        operands=node.op.label_operands([describe(t) for t in node.inputs]), fix=FIX,
    )
