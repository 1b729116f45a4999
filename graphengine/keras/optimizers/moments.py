"""Optimizers that scale steps by first and second moments of the gradient: Adam and its family."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...dtypes import float64
from ...errors import AttributeValueError
from ...frontend.variables import Variable
from ...ops.language import L
from ..registry import register
from .optimizer import Optimizer, Slots


class Moments(Optimizer):
    """Base of optimizers with two decay rates and a small number in the denominator.

    Parameters
    ----------
    beta_1, beta_2 : share of the first and the second moment that a step leaves as it is
    epsilon : keeps the denominator above 0
    shared : arguments of `Optimizer`
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        **shared: Any,
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    def slots(self) -> Sequence[Slots]:
        return ({"momentum": 0.0, "velocity": 0.0},)

    def moved(self, gradient: Any, m: Variable, v: Variable) -> tuple[Any, Any]:
        """Both moments after they have taken in a gradient."""
        first = m + (gradient - m) * (1.0 - self.beta_1)
        second = v + (L.square(gradient) - v) * (1.0 - self.beta_2)
        m.assign(first)
        v.assign(second)
        return first, second

    def count(self, variable: Variable, ahead: int = 1) -> Any:
        """The number of the step, from 1, in the variable's dtype."""
        return L.cast(self.iterations + ahead, variable.dtype)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


@register("optimizers")
class Adam(Moments):
    """Steps along the mean of gradients, divided by the root of the mean of their squares.

        m += (1 - beta_1) * (g - m)
        v += (1 - beta_2) * (g * g - v)
        w -= learning_rate * sqrt(1 - beta_2 ** t) / (1 - beta_1 ** t) * m / (sqrt(v) + epsilon)

    Parameters
    ----------
    amsgrad : whether to divide by the largest v so far
    shared : arguments of `Optimizer`

    References
    ----------
    Kingma and Ba (2015), "Adam: a method for stochastic optimization", section 2, the form with one rate.
    Reddi, Kale and Kumar (2018), "On the convergence of Adam and beyond", algorithm 2, for amsgrad.
    """

    def __init__(
        self, learning_rate: Any = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        amsgrad: bool = False, **shared: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **shared)
        self.amsgrad = amsgrad

    def slots(self) -> Sequence[Slots]:
        return (*super().slots(), {"velocity_hat": 0.0}) if self.amsgrad else super().slots()

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        t = self.count(variable)
        alpha = learning_rate * L.sqrt(1.0 - L.pow(self.beta_2, t)) / (1.0 - L.pow(self.beta_1, t))
        m, v, *largest = self.kept(variable)
        first, second = self.moved(gradient, m, v)
        for hat in largest:
            second = L.maximum(hat, second)
            hat.assign(second)
        variable.assign_sub(first * alpha / (L.sqrt(second) + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"amsgrad": self.amsgrad}


@register("optimizers")
class AdamW(Adam):
    """Adam with weight decay apart from the gradient.

        w -= learning_rate * weight_decay * w           before Adam's own step

    References
    ----------
    Loshchilov and Hutter (2019), "Decoupled weight decay regularization", algorithm 2.
    """

    def __init__(
        self, learning_rate: Any = 0.001, weight_decay: float = 0.004, beta_1: float = 0.9, beta_2: float = 0.999,
        epsilon: float = 1e-7, amsgrad: bool = False, **shared: Any,
    ) -> None:
        if weight_decay is None:
            raise AttributeValueError("weight_decay=None is no number", op="AdamW", fix="use Adam")
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay=weight_decay, **shared)


@register("optimizers")
class Adamax(Moments):
    """Adam with the largest recent gradient in the place of the root of the second moment.

        m += (1 - beta_1) * (g - m)
        u = max(beta_2 * u, |g|)
        w -= learning_rate / (1 - beta_1 ** t) * m / (u + epsilon)

    References
    ----------
    Kingma and Ba (2015), "Adam: a method for stochastic optimization", section 7.1.
    """

    def slots(self) -> Sequence[Slots]:
        return ({"momentum": 0.0, "norm": 0.0},)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        m, u = self.kept(variable)
        first = m + (gradient - m) * (1.0 - self.beta_1)
        largest = L.maximum(u * self.beta_2, L.abs(gradient))
        m.assign(first)
        u.assign(largest)
        shrinking = 1.0 - L.pow(self.beta_1, self.count(variable))
        variable.assign_sub(learning_rate * first / (shrinking * (largest + self.epsilon)))


@register("optimizers")
class Nadam(Moments):
    """Adam with Nesterov's look ahead, and a share of momentum that grows with the steps.

        u(t) = beta_1 * (1 - 0.96 ** t / 2)
        w -= learning_rate * (u(t+1) * m / (1 - u(1) ... u(t+1)) + (1 - u(t)) * g / (1 - u(1) ... u(t)))
             / (sqrt(v / (1 - beta_2 ** t)) + epsilon)

    References
    ----------
    Dozat (2016), "Incorporating Nesterov momentum into Adam", algorithm 8.
    """

    def make_slots(self, trained: Sequence[Variable]) -> None:
        super().make_slots(trained)
        self._product = self.add_variable((), 1.0, trained[0].dtype if trained else None, "u_product")

    def begin_step(self) -> None:
        self._product.assign(self._product * self._share(self.count(self._product)))

    def _share(self, t: Any) -> Any:
        return self.beta_1 * (1.0 - 0.5 * L.pow(0.96, t))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        t = self.count(variable)
        now, following = self._share(t), self._share(self.count(variable, 2))
        product = L.cast(self._product, variable.dtype)
        m, v = self.moved(gradient, *self.kept(variable))
        mean = following * m / (1.0 - product * following) + (1.0 - now) * gradient / (1.0 - product)
        scale = L.sqrt(v / (1.0 - L.pow(self.beta_2, t))) + self.epsilon
        variable.assign_sub(mean * learning_rate / scale)


@register("optimizers")
class Lamb(Moments):
    """Adam's direction, with a length that is a share of the variable's own.

    Notes
    -----
    A direction whose squares are smaller than a normal number counts as none, as in Keras on TensorFlow, which flushes
    them to 0: else the share of a direction that fades out lets a variable without gradient grow until it overflows.

    References
    ----------
    You et al. (2020), "Large batch optimization for deep learning: training BERT in 76 minutes", algorithm 2.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        t = self.count(variable)
        m, v = self.moved(gradient, *self.kept(variable))
        root = L.sqrt(v / (1.0 - L.pow(self.beta_2, t))) + self.epsilon
        direction = m / (1.0 - L.pow(self.beta_1, t)) / root
        own, length = (L.sqrt(L.reduce_sum(L.square(x))) for x in (variable, direction))
        normal = np.float64 if variable.dtype == float64 else np.float32
        both = L.logical_and(own > 0.0, length > np.sqrt(np.finfo(normal).tiny))
        ratio = L.where(both, own / L.where(both, length, 1.0), 1.0)
        variable.assign_sub(ratio * learning_rate * direction)


@register("optimizers")
class ScheduleFreeAdamW(Moments):
    """Adam without a schedule: the weights lie between a point that steps and the mean of where it has been.

        z -= rate * g / (sqrt(v / (1 - beta_2 ** t)) + epsilon),  rate = learning_rate * min(t / warmup_steps, 1)
        x = (1 - 1 / t) * x + z / t
        w = (1 - beta_1) * z + beta_1 * x

    Parameters
    ----------
    warmup_steps : number of steps in which the rate grows
    shared : arguments of `Optimizer`

    Notes
    -----
    The numbers are the paper's, and Keras's on JAX; on TensorFlow Keras 3.15 takes the new z for the old one.

    References
    ----------
    Defazio et al. (2024), "The road less scheduled", algorithm 1.
    """

    def __init__(
        self, learning_rate: Any = 0.0025, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        warmup_steps: int = 0, **shared: Any,
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, **shared)
        if not 0 < beta_1 <= 1:             # of x and z nothing but z would be kept
            raise AttributeValueError(f"beta_1={beta_1} is outside (0, 1]", op="ScheduleFreeAdamW")
        self.warmup_steps = warmup_steps

    def make_slots(self, trained: Sequence[Variable]) -> None:
        for variable, kept in zip(trained, self._kept, strict=True):
            start = (lambda *_, v=variable, **__: v.numpy()) if variable.has_value else 0.0
            kept += [self.add_variable_from_reference(variable, "momentum", start),
                     self.add_variable_from_reference(variable, "velocity")]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        t, (kept, v) = self.count(variable), self.kept(variable)
        z = kept if variable.has_value else L.where(t > 1.0, kept, variable)    # a session's is known in its steps only
        rate = learning_rate * L.minimum(t / self.warmup_steps, 1.0) if self.warmup_steps > 0 else learning_rate
        second = v + (L.square(gradient) - v) * (1.0 - self.beta_2)
        point = z - rate * gradient / (L.sqrt(second / (1.0 - L.pow(self.beta_2, t))) + self.epsilon)
        before = (variable - (1.0 - self.beta_1) * z) / self.beta_1
        mean = (1.0 - 1.0 / t) * before + point / t
        v.assign(second)
        kept.assign(point)
        variable.assign((1.0 - self.beta_1) * point + self.beta_1 * mean)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"warmup_steps": self.warmup_steps}
