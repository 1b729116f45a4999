"""Counting steps, and learning rates that follow the count."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...errors import InvalidArgumentError
from ...frontend import averages, random
from ...frontend.build import convert_to_tensor
from ...frontend.variables import GLOBAL_VARIABLES
from ...ir.graph import Graph, get_default_graph
from ...ops.language import L
from .variables import GraphKeys, Variable, get_collection

PI = float(np.pi)


def get_global_step(graph: Graph | None = None) -> Any:
    """The variable that counts steps, or None."""
    found = (graph or get_default_graph()).root.get_collection(GraphKeys.GLOBAL_STEP)
    return found[0] if found else None


def create_global_step(graph: Graph | None = None) -> Any:
    """A variable that counts steps: int64, named ``global_step``.

    Raises
    ------
    InvalidArgumentError if the graph has one.
    """
    graph = (graph or get_default_graph()).root
    if get_global_step(graph) is not None:
        raise InvalidArgumentError("the graph has a global step", op="create_global_step", fix="get_global_step()")
    with graph.as_default(), graph.name_scope(None):
        return Variable(np.int64(0), False, [GLOBAL_VARIABLES, GraphKeys.GLOBAL_STEP], name="global_step")


def get_or_create_global_step(graph: Graph | None = None) -> Any:
    """The variable that counts steps, made if there is none."""
    found = get_global_step(graph)
    return create_global_step(graph) if found is None else found


def global_step(sess: Any, global_step_tensor: Any) -> int:
    """The count in a session."""
    return int(sess.run(global_step_tensor))


def _counted(step: Any, rate: Any) -> tuple[Any, Any]:
    """The learning rate as a tensor, and the step in its type."""
    if step is None:
        raise InvalidArgumentError("global_step is missing", fix="get_or_create_global_step()")
    rate = convert_to_tensor(rate)
    return rate, L.cast(step, rate.dtype)


def exponential_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:
    """``learning_rate * decay_rate ** (global_step / decay_steps)``; in steps of whole powers if `staircase`."""
    rate, step = _counted(global_step, learning_rate)
    share = step / L.cast(decay_steps, rate.dtype)
    return L.multiply(rate, L.pow(L.cast(decay_rate, rate.dtype), L.floor(share) if staircase else share),
                      name=name or "ExponentialDecay")


def natural_exp_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:
    """``learning_rate * exp(-decay_rate * global_step / decay_steps)``."""
    rate, step = _counted(global_step, learning_rate)
    share = step / L.cast(decay_steps, rate.dtype)
    return L.multiply(rate, L.exp(-decay_rate * (L.floor(share) if staircase else share)),
                      name=name or "NaturalExpDecay")


def inverse_time_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, decay_rate: Any, staircase: bool = False,
    name: str | None = None,
) -> Any:
    """``learning_rate / (1 + decay_rate * global_step / decay_steps)``."""
    rate, step = _counted(global_step, learning_rate)
    share = step / L.cast(decay_steps, rate.dtype)
    return L.divide(rate, 1 + decay_rate * (L.floor(share) if staircase else share), name=name or "InverseTimeDecay")


def polynomial_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, end_learning_rate: Any = 0.0001, power: Any = 1.0,
    cycle: bool = False, name: str | None = None,
) -> Any:
    """From `learning_rate` to `end_learning_rate` in `decay_steps`; with `cycle` again and again, ever longer."""
    rate, step = _counted(global_step, learning_rate)
    whole = L.cast(decay_steps, rate.dtype)
    if cycle:
        whole = whole * L.maximum(L.ceil(step / whole), 1)
    else:
        step = L.minimum(step, whole)
    return L.add((rate - end_learning_rate) * L.pow(1 - step / whole, L.cast(power, rate.dtype)), end_learning_rate,
                 name=name or "PolynomialDecay")


def cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, alpha: float = 0.0, name: str | None = None
) -> Any:
    """Half a cosine from `learning_rate` to ``alpha * learning_rate``.

    References
    ----------
    Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", equation 5.
    """
    rate, step = _counted(global_step, learning_rate)
    whole = L.cast(decay_steps, rate.dtype)
    wave = (1 + L.cos(PI * L.minimum(step, whole) / whole)) * 0.5
    return L.multiply(rate, (1 - alpha) * wave + alpha, name=name or "CosineDecay")


def cosine_decay_restarts(
    learning_rate: Any, global_step: Any, first_decay_steps: Any, t_mul: float = 2.0, m_mul: float = 1.0,
    alpha: float = 0.0, name: str | None = None,
) -> Any:
    """`cosine_decay` again and again, each time `t_mul` as long and from `m_mul` as high.

    References
    ----------
    Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", section 3.
    """
    from ...keras.optimizers.schedules import CosineDecayRestarts

    rate, _ = _counted(global_step, learning_rate)
    schedule = CosineDecayRestarts(rate, first_decay_steps, t_mul, m_mul, alpha)
    return L.identity(schedule(global_step), name=name or "SGDRDecay")


def linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, num_periods: float = 0.5, alpha: float = 0.0,
    beta: float = 0.001, name: str | None = None,
) -> Any:
    """Cosines below a falling line.

        learning_rate * ((alpha + 1 - t) * (1 + cos(2 pi num_periods t)) / 2 + beta),   t = global_step / decay_steps

    References
    ----------
    Bello et al. (2017), "Neural optimizer search with reinforcement learning", section 4.2.
    """
    return _below_line(learning_rate, global_step, decay_steps, num_periods, alpha, beta, None,
                       name or "LinearCosineDecay")


def noisy_linear_cosine_decay(
    learning_rate: Any, global_step: Any, decay_steps: Any, initial_variance: float = 1.0,
    variance_decay: float = 0.55, num_periods: float = 0.5, alpha: float = 0.0, beta: float = 0.001,
    name: str | None = None,
) -> Any:
    """`linear_cosine_decay` whose line has noise of variance ``initial_variance / (1 + step) ** variance_decay``."""
    return _below_line(learning_rate, global_step, decay_steps, num_periods, alpha, beta,
                       lambda step: L.sqrt(initial_variance / L.pow(1.0 + step, variance_decay)),
                       name or "NoisyLinearCosineDecay")


def _below_line(
    learning_rate: Any, global_step: Any, decay_steps: Any, periods: float, alpha: float, beta: float,
    deviation: Callable[[Any], Any] | None, name: str,
) -> Any:
    rate, step = _counted(global_step, learning_rate)
    whole = L.cast(decay_steps, rate.dtype)
    step = L.minimum(step, whole)
    line = (whole - step) / whole
    if deviation is not None:
        line = line + random.normal([], dtype=rate.dtype) * deviation(step)
    wave = 0.5 * (1.0 + L.cos(2.0 * PI * periods * step / whole))
    return L.multiply(rate, (alpha + line) * wave + beta, name=name)


def piecewise_constant(x: Any, boundaries: Sequence[Any], values: Sequence[Any], name: str | None = None) -> Any:
    """``values[k]`` while `x` is at most ``boundaries[k]``, and the last value after that.

    Raises
    ------
    InvalidArgumentError unless there is one value more than boundaries.
    """
    if len(boundaries) != len(values) - 1:
        raise InvalidArgumentError(f"{len(boundaries)} boundaries and {len(values)} values; one value more is needed",
                                   op="piecewise_constant")
    step = convert_to_tensor(x)
    found = convert_to_tensor(values[-1])
    for limit, value in zip(reversed(boundaries), reversed(values[:-1]), strict=True):
        found = L.where(L.less_equal(step, L.cast(limit, step.dtype)), convert_to_tensor(value), found)
    return L.identity(found, name=name or "PiecewiseConstant")


def assert_global_step(global_step_tensor: Any) -> None:
    """Raise InvalidArgumentError unless it is a single whole number."""
    if not global_step_tensor.dtype.is_integer or global_step_tensor.shape.rank != 0:
        raise InvalidArgumentError(f"{global_step_tensor} is no single whole number", op="assert_global_step")


class ExponentialMovingAverage(averages.ExponentialMovingAverage):
    """The same, whose averages are variables of the graph and in the collection ``moving_average_variables``."""

    def all_variables(self) -> Sequence[Any]:
        from .variables import trainable_variables

        return trainable_variables()

    def beginning(self, var: Any) -> Any:
        keys = [GLOBAL_VARIABLES, GraphKeys.MOVING_AVERAGE_VARIABLES]
        with get_default_graph().root.name_scope(None):
            start = getattr(var, "initial_value", None)
            start = np.zeros(var.shape.numbers(), var.dtype.numpy) if start is None else start
            return Variable(start, False, keys, name=self.average_name(var))

    def average_name(self, var: Any) -> str:
        return f"{var.op.name}/{self.name}"

    def variables_to_restore(self, moving_avg_variables: Sequence[Any] | None = None) -> dict[str, Any]:
        averaged = {id(v) for v in moving_avg_variables or ()} or set(self._averages)
        found = {self.average_name(v): v for v in get_collection(GLOBAL_VARIABLES) if id(v) in averaged}
        hidden = {id(v) for v in self._averages.values()} | averaged
        return found | {v.op.name: v for v in get_collection(GLOBAL_VARIABLES) if id(v) not in hidden}
