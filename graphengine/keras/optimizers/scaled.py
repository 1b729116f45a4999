"""Optimizers that divide by the root of sums or means of squared gradients: RMSprop, Adagrad, Adadelta, Adafactor."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...frontend.variables import Variable
from ...ops.language import L
from ..registry import register
from .optimizer import Optimizer, Slots


@register("optimizers")
class RMSprop(Optimizer):
    """Steps divided by the root of a running mean of squared gradients.

        v = rho * v + (1 - rho) * g * g
        w -= learning_rate * g / sqrt(v + epsilon)

    Parameters
    ----------
    rho : share of the mean that a step leaves as it is
    momentum : share of the last step that is made again
    epsilon : keeps the denominator above 0
    centered : whether to subtract the square of the mean gradient, so that v is a variance
    shared : arguments of `Optimizer`

    References
    ----------
    Tieleman and Hinton (2012), "Lecture 6.5: rmsprop", Neural Networks for Machine Learning.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, **shared: Any,
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, epsilon, centered

    def slots(self) -> Sequence[Slots]:
        wanted = {"velocity": True, "momentum": self.momentum > 0, "average_gradient": self.centered}
        return [{name: 0.0} for name, is_wanted in wanted.items() if is_wanted]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        velocity, *others = self.kept(variable)
        square = _mixed(velocity, L.square(gradient), self.rho)
        velocity.assign(square)
        if self.centered:
            average = others.pop()
            mean = _mixed(average, gradient, self.rho)
            average.assign(mean)
            square = square - L.square(mean)
        step = learning_rate * gradient / L.sqrt(square + self.epsilon)
        for momentum in others:
            step = momentum * self.momentum + step
            momentum.assign(step)
        variable.assign_sub(step)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rho": self.rho, "momentum": self.momentum, "epsilon": self.epsilon,
                                       "centered": self.centered}


@register("optimizers")
class Adagrad(Optimizer):
    """Steps divided by the root of the sum of all squared gradients so far.

        n += g * g
        w -= learning_rate * g / sqrt(n + epsilon)

    Parameters
    ----------
    initial_accumulator_value : what n starts with
    epsilon : keeps the denominator above 0
    shared : arguments of `Optimizer`

    References
    ----------
    Duchi, Hazan and Singer (2011), "Adaptive subgradient methods for online learning and stochastic optimization".
    """

    def __init__(
        self, learning_rate: Any = 0.001, initial_accumulator_value: float = 0.1, epsilon: float = 1e-7, **shared: Any
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.initial_accumulator_value, self.epsilon = initial_accumulator_value, epsilon

    def slots(self) -> Sequence[Slots]:
        return ({"accumulator": self.initial_accumulator_value},)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        (accumulator,) = self.kept(variable)
        total = accumulator + L.square(gradient)
        accumulator.assign(total)
        variable.assign_sub(learning_rate * gradient / L.sqrt(total + self.epsilon))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"initial_accumulator_value": self.initial_accumulator_value,
                                       "epsilon": self.epsilon}


@register("optimizers")
class Adadelta(Optimizer):
    """Steps whose size follows from that of the steps before.

        n = rho * n + (1 - rho) * g * g
        d = -sqrt(s + epsilon) / sqrt(n + epsilon) * g
        s = rho * s + (1 - rho) * d * d
        w += learning_rate * d

    References
    ----------
    Zeiler (2012), "ADADELTA: an adaptive learning rate method", algorithm 1.
    """

    def __init__(
        self, learning_rate: Any = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **shared: Any
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.rho, self.epsilon = rho, epsilon

    def slots(self) -> Sequence[Slots]:
        return ({"accumulated_grad": 0.0, "accumulated_delta_var": 0.0},)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        squares, steps = self.kept(variable)
        square = _mixed(squares, L.square(gradient), self.rho)
        step = L.sqrt(steps + self.epsilon) * gradient / L.sqrt(square + self.epsilon)
        squares.assign(square)
        steps.assign(_mixed(steps, L.square(step), self.rho))
        variable.assign_sub(learning_rate * step)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rho": self.rho, "epsilon": self.epsilon}


@register("optimizers")
class Adafactor(Optimizer):
    """Steps relative to the size of the variable; second moments of matrices are kept as row and column means.

    Parameters
    ----------
    beta_2_decay : exponent of the step, below 0, with which the newest gradient's share falls
    epsilon_1 : added to squared gradients
    epsilon_2 : least size of a variable
    clip_threshold : largest root mean square of a step
    relative_step : whether the rate is at most the inverse root of the step
    shared : arguments of `Optimizer`

    References
    ----------
    Shazeer and Stern (2018), "Adafactor: adaptive learning rates with sublinear memory cost", algorithms 4 and 5.
    """

    _names = ("beta_2_decay", "epsilon_1", "epsilon_2", "clip_threshold", "relative_step")

    def __init__(
        self, learning_rate: Any = 0.001, beta_2_decay: float = -0.8, epsilon_1: float = 1e-30,
        epsilon_2: float = 0.001, clip_threshold: float = 1.0, relative_step: bool = True, **shared: Any,
    ) -> None:
        super().__init__(learning_rate, **shared)
        self.beta_2_decay = beta_2_decay
        self.epsilon_1, self.epsilon_2 = epsilon_1, epsilon_2
        self.clip_threshold = clip_threshold
        self.relative_step = relative_step

    def make_slots(self, trained: Sequence[Variable]) -> None:
        super().make_slots(trained)
        for variable, kept in zip(trained, self._kept, strict=True):
            sizes = variable.shape.numbers()
            is_factored = len(sizes) > 1    # where not, the two are numbers, so that files have as many as Keras's
            shapes = (sizes[:-1], (*sizes[:-2], sizes[-1])) if is_factored else ((), ())
            kept += [self.add_variable(shape, 0.0, variable.dtype, name)
                     for name, shape in zip(("row", "column"), shapes, strict=True)]
            kept.append(self.add_variable_from_reference(variable, "velocity", 0.0))

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        t = L.cast(self.iterations + 1, variable.dtype)
        slowest = 1.0 / L.sqrt(t)
        share = L.pow(t, self.beta_2_decay)
        rate = L.maximum(_root_mean_square(variable), self.epsilon_2) * L.minimum(learning_rate, slowest)
        square = L.square(gradient) + self.epsilon_1
        rows, columns, velocity = self.kept(variable)
        if variable.shape.rank > 1:
            row = _mixed(rows, L.reduce_mean(square, -1), 1.0 - share)
            column = _mixed(columns, L.reduce_mean(square, -2), 1.0 - share)
            rows.assign(row)
            columns.assign(column)
            second = L.expand_dims(row / L.reduce_mean(row, -1, True), -1) * L.expand_dims(column, -2)
        else:
            second = _mixed(velocity, square, 1.0 - share)
        velocity.assign(second)
        step = gradient / L.sqrt(second)
        variable.assign_sub(rate * step / L.maximum(_root_mean_square(step) / self.clip_threshold, 1.0))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {name: getattr(self, name) for name in self._names}


def _mixed(kept: Variable, new: Any, share: Any) -> Any:
    return kept * share + new * (1.0 - share)


def _root_mean_square(x: Any) -> Any:
    return L.sqrt(L.reduce_mean(L.square(x)))
