"""Optimizers that add their update to a graph: gradients, then one assignment for each variable; and checkpoints.

Names and defaults are those of TensorFlow's ``train`` module.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..autodiff import check_connected, gradients
from ..errors import InvalidArgumentError
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..later import later
from ..ops.language import L
from .build import convert_to_tensor, group
from .checkpoint import (
    checkpoint_exists,
    get_checkpoint_state,
    latest_checkpoint,
    list_variables,
    load_checkpoint,
    load_variable,
)
from .tracking import Checkpoint, CheckpointManager
from .variables import Variable, tensor_of, trainable_variables

__all__ = [
    "AdamOptimizer", "Checkpoint", "CheckpointManager", "GradientDescentOptimizer", "MomentumOptimizer", "Optimizer",
    "checkpoint_exists", "get_checkpoint_state", "latest_checkpoint", "list_variables", "load_checkpoint",
    "load_variable",
]

__getattr__, __dir__ = later(__name__, {
    "Coordinator": "..coordinator:Coordinator", "ExponentialMovingAverage": "..averages:ExponentialMovingAverage",
    "TrackableView": "..views:TrackableView", "checkpoints_iterator": "..views:checkpoints_iterator",
    "experimental": "..views:experimental",
})

GradsAndVars = Sequence[tuple["Tensor | None", Variable]]


class Optimizer:
    """Base of optimizers: a subclass says how one variable changes.

    Parameters
    ----------
    learning_rate : length of a step; a number, or a tensor (such as a placeholder) without axes
    name : scope of the nodes it adds
    """

    def __init__(self, learning_rate: Any, name: str) -> None:
        self.learning_rate = learning_rate
        self.name = name
        self._slots: dict[tuple[str, int], Variable] = {}
        self._prepared: set[Graph] = set()
        self._around = ""                       # the name scope that it was applied in
        self._owners: list[Variable] = []       # of slots; no other variable gets the id of one that is kept

    def minimize(
        self, loss: Tensor, global_step: Variable | None = None, var_list: Sequence[Variable] | None = None,
        gate_gradients: Any = None, aggregation_method: Any = None, colocate_gradients_with_ops: bool = False,
        name: str | None = None, grad_loss: Tensor | None = None,
    ) -> Node:
        """A node that makes one step.

        Parameters
        ----------
        loss : what becomes smaller: float, usually without axes
        global_step : a counter that grows by 1 with each step
        var_list : variables to change; all trainable ones of the loss's graph if None
        gate_gradients, aggregation_method, colocate_gradients_with_ops : accepted, and ask for nothing
        grad_loss : the gradient that reaches `loss`; ones if None

        Raises
        ------
        GradientError if no variable has a gradient; it names the path and where it is cut.
        """
        pairs = self.compute_gradients(loss, var_list, grad_loss=grad_loss)
        check_connected(tensor_of(loss), [v.handle for _, v in pairs], [g for g, _ in pairs], self.name)
        return self.apply_gradients(pairs, global_step, name)

    def compute_gradients(
        self, loss: Tensor, var_list: Sequence[Variable] | None = None, gate_gradients: Any = None,
        aggregation_method: Any = None, colocate_gradients_with_ops: bool = False, grad_loss: Tensor | None = None,
    ) -> list[tuple[Tensor | None, Variable]]:
        """Pairs of gradient (or None) and variable; the arguments are those of `minimize`."""
        chosen = list(var_list) if var_list is not None else trainable_variables(loss.graph)
        seeds = None if grad_loss is None else [grad_loss]
        found = gradients([tensor_of(loss)], [v.handle for v in chosen], seeds)
        return list(zip(found, chosen, strict=True))

    def apply_gradients(
        self, grads_and_vars: GradsAndVars, global_step: Variable | None = None, name: str | None = None
    ) -> Node:
        """A node that changes each variable by its gradient; pairs without a gradient are left out.

        Raises
        ------
        InvalidArgumentError if nothing is left.
        """
        pairs = [(g, v) for g, v in grads_and_vars if g is not None]
        if not pairs:
            raise InvalidArgumentError("no gradients for any variable", op=self.name)
        graph = pairs[0][1].graph
        self._around = graph.get_name_scope()
        with graph.as_default(), graph.name_scope(name or self.name) as scope:
            if graph not in self._prepared:
                self.prepare(pairs[0][1])
                self._prepared.add(graph)
            updates: list[Any] = []
            for g, v in pairs:
                with v.made_with():
                    updates += self.update(convert_to_tensor(g), v)
            updates += self.finish(graph)
            if global_step is not None:
                updates.append(global_step.assign_add(np.ones((), global_step.dtype.numpy)))
            return group(*updates, name=scope)

    def rate(self, var: Variable) -> Any:
        """The learning rate in the variable's dtype."""
        rate = self.learning_rate() if callable(self.learning_rate) else self.learning_rate
        if isinstance(rate, (Tensor, Variable)):
            return rate if rate.dtype is var.dtype else L.cast(rate, var.dtype)
        return rate

    def prepare(self, like: Variable) -> None:
        """Make what all variables of a graph share; called once for each graph."""

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        """The assignments that change one variable and what is kept for it."""
        raise NotImplementedError

    def finish(self, graph: Graph) -> list[Tensor]:
        """Assignments of what all variables of a graph share."""
        return []

    def slot(self, var: Variable, kind: str, value: float = 0.0) -> Variable:
        """The variable of the same shape that is kept for `var`, with this initial value."""
        key = kind, id(var)
        if key not in self._slots:
            start = np.full(var.shape.numbers(), value, var.dtype.numpy)
            with var.graph.name_scope(None):
                label = f"{var.graph.root.variable_prefix}{var.node.name}/{self.name}"
                self._slots[key] = Variable(start, trainable=False, name=label)
            self._owners.append(var)
        return self._slots[key]

    def get_slot(self, var: Variable, name: str) -> Variable | None:
        """What is kept for `var` under this name, or None."""
        return self._slots.get((name, id(var)))

    def get_slot_names(self) -> list[str]:
        """Names of what is kept for variables."""
        return sorted({kind for kind, _ in self._slots})

    def get_name(self) -> str:
        return self.name

    def variables(self) -> list[Variable]:
        """What it keeps."""
        return list(self._slots.values())


class GradientDescentOptimizer(Optimizer):
    """Steps against the gradient: var -= learning_rate * g."""

    def __init__(self, learning_rate: Any, use_locking: bool = False, name: str = "GradientDescent") -> None:
        super().__init__(learning_rate, name)

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        return [var.assign_sub(g * self.rate(var))]


class MomentumOptimizer(Optimizer):
    """Steps along a decaying sum of gradients.

        sum = momentum * sum + g
        var -= learning_rate * sum                      (Nesterov: learning_rate * (g + momentum * sum))

    References
    ----------
    Sutskever et al. (2013), "On the importance of initialization and momentum in deep learning", section 2.
    """

    def __init__(
        self, learning_rate: Any, momentum: Any, use_locking: bool = False, name: str = "Momentum",
        use_nesterov: bool = False,
    ) -> None:
        super().__init__(learning_rate, name)
        self.momentum = momentum
        self.use_nesterov = use_nesterov

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        slot = self.slot(var, "momentum")
        total = slot.assign(slot * self.momentum + g)
        step = g + total * self.momentum if self.use_nesterov else total
        return [total, var.assign_sub(step * self.rate(var))]


class AdamOptimizer(Optimizer):
    """Steps scaled by running moments of the gradient.

        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g * g
        var -= learning_rate * sqrt(1 - beta2 ** t) / (1 - beta1 ** t) * m / (sqrt(v) + epsilon)

    References
    ----------
    Kingma and Ba (2015), "Adam: a method for stochastic optimization", section 2, the form with one rate.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta1: float = 0.9, beta2: float = 0.999, epsilon: float = 1e-8,
        use_locking: bool = False, name: str = "Adam",
    ) -> None:
        super().__init__(learning_rate, name)
        self.beta1, self.beta2, self.epsilon = beta1, beta2, epsilon
        self._powers: dict[Graph, tuple[Variable, Variable]] = {}
        self._scales: dict[Graph, Any] = {}

    def prepare(self, like: Variable) -> None:
        dtype = like.dtype.numpy
        with like.graph.name_scope(f"{self._around}/" if self._around else None):
            power1 = Variable(np.asarray(self.beta1, dtype), trainable=False, name="beta1_power")
            power2 = Variable(np.asarray(self.beta2, dtype), trainable=False, name="beta2_power")
        self._powers[like.graph] = power1, power2
        self._scales[like.graph] = L.sqrt(1.0 - power2) / (1.0 - power1) * self.rate(like)

    def variables(self) -> list[Variable]:
        return [*(power for pair in self._powers.values() for power in pair), *super().variables()]

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        m, v = self.slot(var, "m"), self.slot(var, "v")
        first = m.assign(m * self.beta1 + g * (1.0 - self.beta1))
        second = v.assign(v * self.beta2 + L.square(g) * (1.0 - self.beta2))
        scale = self._scales[var.graph]
        scale = scale if scale.dtype is var.dtype else L.cast(scale, var.dtype)
        return [first, second, var.assign_sub(first * scale / (L.sqrt(second) + self.epsilon))]

    def finish(self, graph: Graph) -> list[Tensor]:
        power1, power2 = self._powers[graph]
        return [power1.assign(power1 * self.beta1), power2.assign(power2 * self.beta2)]
