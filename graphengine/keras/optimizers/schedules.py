"""Learning rates that depend on the step: a step comes in, a float32 without axes goes out.

Inside a compiled training step they are nodes of its graph, computed from the optimizer's `iterations`.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ... import dtypes
from ...errors import AttributeValueError, InvalidArgumentError
from ...frontend.build import convert_to_tensor
from ...ops.language import L
from .. import registry

__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "LearningRateSchedule",
    "PiecewiseConstantDecay", "PolynomialDecay", "deserialize", "serialize",
]


class LearningRateSchedule:
    """Base of schedules: a subclass says what the rate is at a step.

    Its arguments are kept under their own names in `config_names`, from which `get_config` is made.
    """

    config_names: tuple[str, ...] = ()

    def __call__(self, step: Any) -> Any:
        """The rate at `step`, a whole number or a tensor of one."""
        raise NotImplementedError(f"{type(self).__name__} has to define __call__(self, step)")

    def get_config(self) -> dict[str, Any]:
        if not self.config_names:
            raise NotImplementedError(f"{type(self).__name__} has to define get_config(self)")
        return {name: getattr(self, name) for name in self.config_names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        return cls(**config)


@registry.register("optimizers.schedules")
class ExponentialDecay(LearningRateSchedule):
    """A rate multiplied by `decay_rate` every `decay_steps` steps.

        initial_learning_rate * decay_rate ** (step / decay_steps)

    Parameters
    ----------
    staircase : whether it falls at once after `decay_steps` steps, and not a little with each

    Examples
    --------
    >>> from graphengine import keras
    >>> rate = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=10, decay_rate=0.5)
    >>> [round(float(rate(step)), 5) for step in (0, 10, 20)]
    [0.1, 0.05, 0.025]
    """

    config_names = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive(type(self), "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Any:
        return self.initial_learning_rate * L.pow(self.decay_rate, _periods(step, self.decay_steps, self.staircase))


@registry.register("optimizers.schedules")
class InverseTimeDecay(LearningRateSchedule):
    """A rate that falls as the inverse of time.

        initial_learning_rate / (1 + decay_rate * step / decay_steps)

    Parameters
    ----------
    staircase : whether it falls at once after `decay_steps` steps, and not a little with each
    """

    config_names = ("initial_learning_rate", "decay_steps", "decay_rate", "staircase", "name")

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive(type(self), "decay_steps", decay_steps)
        self.decay_rate = decay_rate
        self.staircase = staircase
        self.name = name

    def __call__(self, step: Any) -> Any:
        return self.initial_learning_rate / (
            1.0 + self.decay_rate * _periods(step, self.decay_steps, self.staircase))


@registry.register("optimizers.schedules")
class PiecewiseConstantDecay(LearningRateSchedule):
    """``values[0]`` up to and including step ``boundaries[0]``, then ``values[1]`` and so on.

    Raises
    ------
    InvalidArgumentError unless there is one value more than boundaries.
    """

    config_names = ("boundaries", "values", "name")

    def __init__(self, boundaries: Sequence[int], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        if len(boundaries) != len(values) - 1:
            raise InvalidArgumentError(
                f"{len(boundaries)} boundaries and {len(values)} values", op=type(self).__name__,
                fix="give one value more than boundaries",
            )
        self.boundaries = boundaries
        self.values = values
        self.name = name

    def __call__(self, step: Any) -> Any:
        at = convert_to_tensor(step)
        rate = L.cast(convert_to_tensor(self.values[-1]), dtypes.float32)
        for boundary, value in reversed(list(zip(self.boundaries, self.values[:-1], strict=True))):
            rate = L.where(at <= L.cast(convert_to_tensor(boundary), at.dtype), value, rate)
        return rate


@registry.register("optimizers.schedules")
class PolynomialDecay(LearningRateSchedule):
    """A rate that goes to `end_learning_rate` in `decay_steps` steps, and stays there.

        (initial - end) * (1 - step / decay_steps) ** power + end

    Parameters
    ----------
    cycle : whether to start again with twice, three times ... as many steps, once the end is reached
    """

    config_names = ("initial_learning_rate", "decay_steps", "end_learning_rate", "power", "cycle", "name")

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, end_learning_rate: float = 0.0001, power: float = 1.0,
        cycle: bool = False, name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive(type(self), "decay_steps", decay_steps)
        self.end_learning_rate = end_learning_rate
        self.power = power
        self.cycle = cycle
        self.name = name

    def __call__(self, step: Any) -> Any:
        at = _as_float(step)
        steps = self.decay_steps * L.maximum(L.ceil(at / self.decay_steps), 1.0) if self.cycle else self.decay_steps
        part = at / steps if self.cycle else L.minimum(at, float(self.decay_steps)) / steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * L.pow(1.0 - part, self.power) + self.end_learning_rate


@registry.register("optimizers.schedules")
class CosineDecay(LearningRateSchedule):
    """Half a cosine wave from the initial rate down to `alpha` times it, after a linear warm-up if asked for.

    Parameters
    ----------
    decay_steps : length of the half wave
    alpha : what remains, as a share of the rate that it starts from
    warmup_target : rate at the end of the warm-up, where the wave starts; no warm-up if None
    warmup_steps : length of the warm-up

    References
    ----------
    Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", equation 5.
    """

    config_names = ("initial_learning_rate", "decay_steps", "alpha", "name", "warmup_target", "warmup_steps")

    def __init__(
        self, initial_learning_rate: float, decay_steps: int, alpha: float = 0.0, name: str = "CosineDecay",
        warmup_target: float | None = None, warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.decay_steps = _positive(type(self), "decay_steps", decay_steps)
        self.alpha = alpha
        self.name = name
        self.warmup_target = warmup_target
        self.warmup_steps = warmup_steps

    def __call__(self, step: Any) -> Any:
        at, start = _as_float(step), self.initial_learning_rate
        if self.warmup_target is None or not self.warmup_steps:
            top = start if self.warmup_target is None else self.warmup_target
            return top * self._share(at)
        rising = (self.warmup_target - start) * (at / self.warmup_steps) + start
        return L.where(at < float(self.warmup_steps), rising, self.warmup_target * self._share(at - self.warmup_steps))

    def _share(self, at: Any) -> Any:
        part = L.minimum(at, float(self.decay_steps)) / self.decay_steps
        return (1 - self.alpha) * _half_wave(part) + self.alpha


@registry.register("optimizers.schedules")
class CosineDecayRestarts(LearningRateSchedule):
    """Half cosine waves after each other, each `t_mul` times as long and `m_mul` times as high as the one before.

    References
    ----------
    Loshchilov and Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", section 3.
    """

    config_names = ("initial_learning_rate", "first_decay_steps", "t_mul", "m_mul", "alpha", "name")

    def __init__(
        self, initial_learning_rate: float, first_decay_steps: int, t_mul: float = 2.0, m_mul: float = 1.0,
        alpha: float = 0.0, name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = initial_learning_rate
        self.first_decay_steps = _positive(type(self), "first_decay_steps", first_decay_steps)
        self.t_mul = t_mul
        self.m_mul = m_mul
        self.alpha = alpha
        self.name = name

    def __call__(self, step: Any) -> Any:
        waves = _as_float(step) / self.first_decay_steps
        if self.t_mul == 1.0:
            restarts = L.floor(waves)
            part = waves - restarts
        else:                               # the waves before number k have lasted (1 - t ** k) / (1 - t)
            restarts = L.floor(L.log(1.0 - waves * (1.0 - self.t_mul)) / math.log(self.t_mul))
            length = L.pow(self.t_mul, restarts)
            part = (waves - (1.0 - length) / (1.0 - self.t_mul)) / length
        height = L.pow(self.m_mul, restarts)
        return self.initial_learning_rate * ((1 - self.alpha) * height * _half_wave(part) + self.alpha)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """The schedule as a JSON-able dict."""
    return registry.serialize_keras_object(learning_rate_schedule)


def deserialize(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """The schedule that `serialize` made a dict of."""
    return registry.deserialize("optimizers.schedules", config, custom_objects)


def _positive(cls: type, name: str, value: Any) -> Any:
    if value <= 0:
        raise AttributeValueError(f"{name}={value} is not positive", op=cls.__name__)
    return value


def _as_float(step: Any) -> Any:
    return L.cast(convert_to_tensor(step), dtypes.float32)


def _periods(step: Any, length: Any, staircase: bool) -> Any:
    """Periods passed until `step`: whole ones only if `staircase`."""
    passed = _as_float(step) / length
    return L.floor(passed) if staircase else passed


def _half_wave(part: Any) -> Any:
    """From 1 at 0 down to 0 at 1."""
    return 0.5 * (1.0 + L.cos(math.pi * part))
