"""Layers that act while training: numbers dropped or disturbed at random, and what is added to the loss."""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ...ops.language import L
from .. import random, regularizers
from ..input_spec import InputSpec
from ..registry import register
from .settings import CHANNELS_FIRST, Configured, order_of_axes


class _AtRandom(Configured):
    """Does something at random while training, and nothing else.

    seed : with one, the layer draws the same numbers in each program: Keras's on TensorFlow
    """

    def keep(self, arguments: Mapping[str, Any]) -> None:
        super().keep(arguments)
        self.seed_generator = random.SeedGenerator(self.seed) if self.strength > 0 else None

    def draw(self, x: Any) -> Any:
        """The result while training."""
        raise NotImplementedError

    def dropped(self, x: Any, noise_shape: Sequence[int | None] | None) -> Any:
        """Inputs set to 0 with a chance of `rate`."""
        return L.zeros_like(x) if self.rate == 1 else random.dropout(x, self.rate, noise_shape, self.seed_generator)

    def call(self, inputs: Any, training: bool = False) -> Any:
        if not training or self.strength == 0:
            return inputs
        if self.seed_generator is None:     # it was made with 0, and changed since
            self.seed_generator = random.SeedGenerator(self.seed)
        return self.draw(self.fractions(inputs))

    @property
    def strength(self) -> float:
        return float(self.rate)

    def check_rate(self, takes_one: bool = True) -> None:
        rate = self.rate
        if not isinstance(rate, (int, float)) or not (0 <= rate < 1 or (takes_one and rate == 1)):
            raise self.refuse("rate", rate, f"a number in [0, 1{']' if takes_one else ')'}")


@register
class Dropout(_AtRandom):
    """Inputs set to 0 at random while training; the others grow so that the sum stays the same.

    Parameters
    ----------
    rate : chance of an input to become 0, in [0, 1]
    noise_shape : sizes of what is decided at random: 1 for an axis along which inputs share their fate, None for the
        input's size

    References
    ----------
    Srivastava et al. (2014), "Dropout: a simple way to prevent neural networks from overfitting".
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.check_rate()
        self.supports_masking = True

    def draw(self, x: Any) -> Any:
        return self.dropped(x, self.noise_shape)


class _SpatialDropout(_AtRandom):
    rank: int
    unsaved = {"trainable": True}

    def __init__(self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.check_rate()
        self.data_format = order_of_axes(self)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        self.supports_masking = True

    def draw(self, x: Any) -> Any:
        places = (1,) * self.rank
        noise = (None, None, *places) if self.data_format == CHANNELS_FIRST else (None, *places, None)
        return self.dropped(x, noise)


@register
class SpatialDropout1D(_SpatialDropout):
    """Channels of signals set to 0 at random while training.

    Shapes
    ------
    inputs : (batch, steps, channels)
    """

    rank = 1

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, None, seed, **kwargs)


@register
class SpatialDropout2D(_SpatialDropout):
    """Channels of images set to 0 at random while training.

    Shapes
    ------
    inputs : (batch, height, width, channels), or (batch, channels, height, width) for channels_first
    """

    rank = 2


@register
class SpatialDropout3D(_SpatialDropout):
    """Channels of volumes set to 0 at random while training.

    Shapes
    ------
    inputs : (batch, depth, height, width, channels), or with channels before space for channels_first
    """

    rank = 3


@register
class GaussianNoise(_AtRandom):
    """Normal numbers added while training.

    stddev : their standard deviation, at or above 0
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        if not isinstance(stddev, (int, float)) or stddev < 0:
            raise self.refuse("stddev", stddev, "a number from 0 on")
        self.supports_masking = True

    @property
    def strength(self) -> float:
        return float(self.stddev)

    def draw(self, x: Any) -> Any:
        return x + random.normal(L.shape_of(x), 0.0, self.stddev, x.dtype, self.seed_generator)


@register
class GaussianDropout(_AtRandom):
    """Inputs multiplied while training by normal numbers of mean 1 and variance ``rate / (1 - rate)``.

    rate : as of `Dropout`, below 1
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.check_rate(takes_one=False)
        self.supports_masking = True

    def draw(self, x: Any) -> Any:
        spread = math.sqrt(self.rate / (1 - self.rate))
        return x * random.normal(L.shape_of(x), 1.0, spread, x.dtype, self.seed_generator)


# Of `selu`: where its negative side ends is what stands for a dropped input.
SELU_END = -1.6732632423543772848170429916717 * 1.0507009873554804934193349852946


@register
class AlphaDropout(_AtRandom):
    """Dropout that keeps mean and variance of inputs that come from `selu`.

    Parameters
    ----------
    rate : chance of an input to be dropped, in [0, 1)
    noise_shape : as of `Dropout`

    References
    ----------
    Klambauer et al. (2017), "Self-normalizing neural networks", section "New dropout technique".
    """

    def __init__(self, rate: float, noise_shape: Any = None, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.check_rate(takes_one=False)
        self.supports_masking = True

    def draw(self, x: Any) -> Any:
        given = self.noise_shape or (None,) * x.shape.rank
        sizes = [L.shape_of(x)[k] if s is None else s for k, s in enumerate(given)]
        kept = random.uniform(sizes, dtype=x.dtype, seed=self.seed_generator) >= self.rate
        scale = ((1 - self.rate) * (1 + self.rate * SELU_END**2)) ** -0.5
        return scale * L.where(kept, x, SELU_END) - scale * SELU_END * self.rate


@register
class ActivityRegularization(Configured):
    """The inputs as they are; adds ``l1 * sum |x| + l2 * sum x^2``, as a mean over the batch, to the loss."""

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        kwargs.setdefault("activity_regularizer", regularizers.L1L2(l1=l1, l2=l2))
        super().__init__(**kwargs)
        self.keep(locals())
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["activity_regularizer"]
        return config
