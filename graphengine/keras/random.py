"""Keras's functions of random numbers: what a whole number as seed gives is always the same.

With a `SeedGenerator`, or no seed, each call gives other numbers, also in each step of a compiled loop.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import AttributeValueError
from ..frontend import random
from ..frontend.build import convert_to_tensor
from ..ops.language import L
from .config import floatx


class SeedGenerator:
    """A sequence of random numbers of its own.

    Parameters
    ----------
    seed : whole number that it follows from; None: another one each time
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
            raise AttributeValueError(f"seed={seed!r}; it takes a whole number from 0 on", op="SeedGenerator")
        self._initial_seed = seed
        self.seed = int(random.generator(None).integers(2**31 - 1)) if seed is None else int(seed)

    def next(self, ordered: bool = True) -> Any:
        """A seed of two numbers, another one in each call."""
        del ordered
        return random.uniform([2], 0, 2**31 - 1, "int32", seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self._initial_seed}

    @classmethod
    def from_config(cls, config: Any) -> SeedGenerator:
        return cls(**config)


def _drawn(name: str, seed: Any, *args: Any) -> Any:
    """A function of `random` by its name: stateless for a number as seed."""
    if isinstance(seed, (int, np.integer)):
        return getattr(random, f"stateless_{name}")(args[0], (int(seed), 0), *args[1:])
    return getattr(random, name)(*args, seed=seed.seed if isinstance(seed, SeedGenerator) else None)


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a normal distribution."""
    return _drawn("normal", seed, shape, mean, stddev, dtype or floatx())


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a normal distribution, none more than two deviations away."""
    return _drawn("truncated_normal", seed, shape, mean, stddev, dtype or floatx())


def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers between two bounds, all equally likely."""
    return _drawn("uniform", seed, shape, minval, maxval, dtype or floatx())


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Whole numbers from `minval` to before `maxval`."""
    return _drawn("uniform", seed, shape, minval, maxval, dtype)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Classes drawn by their scores, `num_samples` for each row."""
    found = convert_to_tensor(logits)
    if isinstance(seed, (int, np.integer)):
        return random.stateless_categorical(found, num_samples, (int(seed), 0), dtype)
    return random.categorical(found, num_samples, dtype, seed.seed if isinstance(seed, SeedGenerator) else None)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a gamma distribution with scale 1."""
    if isinstance(seed, (int, np.integer)):
        return random.stateless_gamma(shape, (int(seed), 0), alpha, dtype=dtype or floatx())
    own = seed.seed if isinstance(seed, SeedGenerator) else None
    return random.gamma(shape, alpha, dtype=dtype or floatx(), seed=own)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The slices along an axis in another order."""
    found = convert_to_tensor(x)
    order = L.argsort(uniform([int(found.shape[axis])], seed=seed))
    return L.gather(found, order, axis=axis)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Elements set to 0 with a probability of `rate`, the others divided by 1 - rate."""
    found = convert_to_tensor(inputs)
    if isinstance(seed, (int, np.integer)):
        return random.stateless_dropout(found, rate, (int(seed), 0), noise_shape=noise_shape)
    return random.dropout(found, rate, noise_shape, seed.seed if isinstance(seed, SeedGenerator) else None)
