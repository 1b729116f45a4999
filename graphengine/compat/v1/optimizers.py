"""Optimizers of TensorFlow 1 beside those of `graphengine.train`, with its update rules, defaults and slot names."""
from __future__ import annotations

from typing import Any

from ...errors import AttributeValueError
from ...frontend.train import Optimizer
from ...frontend.variables import Variable
from ...ir.node import Tensor
from ...ops.language import L


class RMSPropOptimizer(Optimizer):
    """Steps scaled by a running mean of squared gradients.

        rms = decay * rms + (1 - decay) * g * g
        mom = momentum * mom + learning_rate * g / sqrt(rms + epsilon)      (centered: rms - mg * mg + epsilon)
        var -= mom

    References
    ----------
    Tieleman and Hinton (2012), "Neural networks for machine learning", lecture 6.5.
    """

    def __init__(
        self, learning_rate: Any, decay: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-10,
        use_locking: bool = False, centered: bool = False, name: str = "RMSProp",
    ) -> None:
        super().__init__(learning_rate, name)
        self.decay, self.momentum, self.epsilon, self.centered = decay, momentum, epsilon, centered

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        square, step = self.slot(var, "rms", 1.0), self.slot(var, "momentum")
        changes = [square.assign(square * self.decay + L.square(g) * (1 - self.decay))]
        spread = changes[0]
        if self.centered:
            mean = self.slot(var, "mg")
            changes.append(mean.assign(mean * self.decay + g * (1 - self.decay)))
            spread = spread - L.square(changes[1])
        change = step.assign(step * self.momentum + g * self.rate(var) / L.sqrt(spread + self.epsilon))
        return [*changes, change, var.assign_sub(change)]


class AdagradOptimizer(Optimizer):
    """Steps scaled by all squared gradients so far.

        sum += g * g
        var -= learning_rate * g / sqrt(sum)

    References
    ----------
    Duchi, Hazan and Singer (2011), "Adaptive subgradient methods", figure 1.
    """

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, use_locking: bool = False,
        name: str = "Adagrad",
    ) -> None:
        super().__init__(learning_rate, name)
        self.start = initial_accumulator_value

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        total = self.slot(var, "accumulator", self.start).assign_add(L.square(g))
        return [total, var.assign_sub(g * self.rate(var) / L.sqrt(total))]


class AdadeltaOptimizer(Optimizer):
    """Steps scaled by running means of squared steps and squared gradients.

    References
    ----------
    Zeiler (2012), "ADADELTA: an adaptive learning rate method", algorithm 1.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-8, use_locking: bool = False,
        name: str = "Adadelta",
    ) -> None:
        super().__init__(learning_rate, name)
        self.rho, self.epsilon = rho, epsilon

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        squares, steps = self.slot(var, "accum"), self.slot(var, "accum_update")
        mean = squares.assign(squares * self.rho + L.square(g) * (1 - self.rho))
        step = g * L.sqrt(steps + self.epsilon) / L.sqrt(mean + self.epsilon)
        kept = steps.assign(steps * self.rho + L.square(step) * (1 - self.rho))
        return [mean, kept, var.assign_sub(step * self.rate(var))]


class FtrlOptimizer(Optimizer):
    """Follow the regularized leader: keeps weights at exactly 0 that do not earn their place.

    Parameters
    ----------
    learning_rate_power : at most 0; -0.5 shrinks steps as Adagrad does
    l1_regularization_strength, l2_regularization_strength : at least 0
    l2_shrinkage_regularization_strength : as l2, on the gradient only
    beta : added to the squared gradients' root

    References
    ----------
    McMahan et al. (2013), "Ad click prediction: a view from the trenches", algorithm 1.
    """

    def __init__(
        self, learning_rate: Any, learning_rate_power: float = -0.5, initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, use_locking: bool = False,
        name: str = "Ftrl", accum_name: str | None = None, linear_name: str | None = None,
        l2_shrinkage_regularization_strength: float = 0.0, beta: float | None = None,
    ) -> None:
        super().__init__(learning_rate, name)
        self.power, self.start = learning_rate_power, initial_accumulator_value
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength
        self.shrinkage, self.beta = l2_shrinkage_regularization_strength, beta or 0.0

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        rate = self.rate(var)
        squares, linear = self.slot(var, "accum", self.start), self.slot(var, "linear")
        value = var.read_value()
        total = squares + L.square(g)
        old, new = L.pow(squares, -self.power), L.pow(total, -self.power)
        pulled = linear + g + value * (2 * self.shrinkage) - (new - old) / rate * value
        weight = (new + self.beta) / rate + 2 * self.l2
        fresh = L.where(L.abs(pulled) > self.l1, (L.sign(pulled) * self.l1 - pulled) / weight, 0)
        return [var.assign(fresh), squares.assign(total), linear.assign(pulled)]


# -------------------------------------------------------------------- steps towards 0

def _towards_zero(value: Any, l1: Any, l2: Any) -> Any:
    """What makes l1 |x| + l2 x^2 / 2 + (x - value)^2 / 2 smallest."""
    return L.sign(value) * L.relu(L.abs(value) - l1) / (1.0 + l2)


class ProximalGradientDescentOptimizer(Optimizer):
    """Steps against the gradient, each followed by one towards 0.

    Parameters
    ----------
    l1_regularization_strength, l2_regularization_strength : at least 0

    References
    ----------
    Duchi and Singer (2009), "Efficient online and batch learning using forward backward splitting", section 2.
    """

    def __init__(
        self, learning_rate: Any, l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0,
        use_locking: bool = False, name: str = "ProximalGradientDescent",
    ) -> None:
        super().__init__(learning_rate, name)
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        rate = self.rate(var)
        value = var.read_value() - g * rate
        return [var.assign(_towards_zero(value, rate * self.l1, rate * self.l2))]


class ProximalAdagradOptimizer(Optimizer):
    """`ProximalGradientDescentOptimizer` with the steps of `AdagradOptimizer`."""

    def __init__(
        self, learning_rate: Any, initial_accumulator_value: float = 0.1, l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0, use_locking: bool = False, name: str = "ProximalAdagrad",
    ) -> None:
        super().__init__(learning_rate, name)
        self.start = initial_accumulator_value
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        total = self.slot(var, "accumulator", self.start).assign_add(L.square(g))
        rate = L.rsqrt(total) * self.rate(var)
        value = var.read_value() - g * rate
        return [total, var.assign(_towards_zero(value, rate * self.l1, rate * self.l2))]


class AdagradDAOptimizer(Optimizer):
    """Adagrad whose weights are made anew in each step from the sums of all gradients and of their squares.

    Parameters
    ----------
    global_step : counts the steps
    l1_regularization_strength, l2_regularization_strength : at least 0

    References
    ----------
    Duchi, Hazan and Singer (2011), "Adaptive subgradient methods", equation 3.
    """

    def __init__(
        self, learning_rate: Any, global_step: Variable, initial_gradient_squared_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0, l2_regularization_strength: float = 0.0, use_locking: bool = False,
        name: str = "AdagradDA",
    ) -> None:
        super().__init__(learning_rate, name)
        if initial_gradient_squared_accumulator_value <= 0:
            raise AttributeValueError(f"initial_gradient_squared_accumulator_value="
                                      f"{initial_gradient_squared_accumulator_value}; it is above 0", op="AdagradDA")
        self.global_step, self.start = global_step, initial_gradient_squared_accumulator_value
        self.l1, self.l2 = l1_regularization_strength, l2_regularization_strength

    def update(self, g: Tensor, var: Variable) -> list[Tensor]:
        rate, count = self.rate(var), L.cast(self.global_step.value(), var.dtype) + 1
        total = self.slot(var, "gradient_accumulator").assign_add(g)
        squares = self.slot(var, "gradient_squared_accumulator", self.start).assign_add(L.square(g))
        pulled = L.sign(total) * L.relu(L.abs(total) - count * self.l1)
        return [total, squares, var.assign(-rate * pulled / (count * rate * self.l2 + L.sqrt(squares)))]
