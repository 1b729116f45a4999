"""Keras's functions of random numbers: what a whole number as seed gives is always the same.

With a `SeedGenerator`, or no seed, each call gives other numbers, also in each step of a compiled loop.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import AttributeValueError
from ..frontend import random
from ..frontend.build import convert_to_tensor, init_scope
from ..ops.language import L
from .config import floatx
from .default_seeds import make_default_seed
from .variable import Variable


class SeedGenerator:
    """A sequence of random numbers of its own.

    Parameters
    ----------
    seed : whole number that it follows from; None: another one each time

    Attributes
    ----------
    state : the seed, and how many times it has been asked
    """

    def __init__(self, seed: int | None = None, name: str | None = None, **kwargs: Any) -> None:
        if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
            raise AttributeValueError(f"seed={seed!r}; it takes a whole number from 0 on", op="SeedGenerator")
        self._initial_seed = seed
        self.seed = make_default_seed() if seed is None else int(seed)
        with init_scope():
            self.state = Variable(np.array([self.seed, 0]), trainable=False, name="seed_generator_state")

    def next(self, ordered: bool = True) -> Any:
        """A seed of two numbers, another one in each call."""
        del ordered
        step = np.array([0, 1])
        return self.state.assign_add(step) - step       # in a graph, asking for the seed is what moves the state

    def get_config(self) -> dict[str, Any]:
        return {"seed": self._initial_seed}

    @classmethod
    def from_config(cls, config: Any) -> SeedGenerator:
        return cls(**config)


def _drawn(name: str, seed: Any, *args: Any) -> Any:
    """A function of `random` by its name: stateless with a seed."""
    pair = _pair(seed)
    if pair is None:
        return getattr(random, name)(*args, seed=None)
    return getattr(random, f"stateless_{name}")(args[0], pair, *args[1:])


def _pair(seed: Any) -> Any:
    """The two numbers of a seed that is a number or a generator; None if there is none."""
    if isinstance(seed, SeedGenerator):
        return seed.next()
    return (int(seed), 0) if isinstance(seed, (int, np.integer)) else None


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
    found, pair = convert_to_tensor(logits), _pair(seed)
    if pair is None:
        return random.categorical(found, num_samples, dtype)
    return random.stateless_categorical(found, num_samples, pair, dtype)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a gamma distribution with scale 1; `alpha` broadcasts to `shape`."""
    return _gamma(shape, alpha, dtype or floatx(), _any_pair(seed))


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a beta distribution, in [0, 1]; `alpha` and `beta` broadcast to `shape`."""
    pair, kind = _any_pair(seed), dtype or floatx()
    first = _gamma(shape, alpha, kind, pair)
    return first / (first + _gamma(shape, beta, kind, pair + np.array([12, 12], np.int32)))     # the seed as Keras


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """How many of `counts` independent trials succeed, each with its probability; both broadcast to `shape`."""
    from ..frontend.counts import stateless_binomial  # which few programs need

    return stateless_binomial(shape, _any_pair(seed), counts, probabilities, dtype or floatx())


def _gamma(shape: Any, alpha: Any, dtype: Any, pair: Any) -> Any:
    return random.stateless_gamma(shape, pair, L.broadcast_to(convert_to_tensor(alpha, dtype), shape), dtype=dtype)


def _any_pair(seed: Any) -> Any:
    """The two numbers of a seed, others each time if there is none."""
    pair = _pair(seed)
    return random.uniform([2], 0, 2**31 - 1, "int32") if pair is None else pair


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The slices along an axis in another order."""
    found = convert_to_tensor(x)
    size = tuple(found.shape)[axis]
    order = L.argsort(uniform([size if isinstance(size, int) else L.shape_of(found)[axis]], seed=seed))
    return L.gather(found, order, axis=axis)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Elements set to 0 with a probability of `rate`, the others divided by 1 - rate."""
    found, pair = convert_to_tensor(inputs), _pair(seed)
    if pair is None:
        return random.dropout(found, rate, noise_shape)
    return random.stateless_dropout(found, rate, pair, noise_shape=noise_shape)
