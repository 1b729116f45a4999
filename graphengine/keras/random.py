"""Keras's functions of random numbers: what a whole number as seed gives is always the same.

With a `SeedGenerator`, or no seed, each call gives other numbers, also in each step of a compiled loop. All calls
without a seed share one generator, which begins anew with `utils.set_random_seed`.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import AttributeValueError
from ..frontend import random
from ..frontend.build import control_dependencies, convert_to_tensor, init_scope
from ..frontend.surroundings import inside_function
from ..ir.graph import is_drawing
from ..ops.language import L
from .config import floatx
from .default_seeds import make_default_seed
from .registry import register
from .variable import Variable

# Seeds are taken modulo this, as Keras does.
SEEDS = 2**31 - 2


@register("random")
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
        if seed is not None and not isinstance(seed, (int, np.integer)):
            raise AttributeValueError(f"seed={seed!r}; it takes a whole number", op="SeedGenerator")
        self._initial_seed = seed
        self.seed = make_default_seed() if seed is None else int(seed)
        with init_scope():
            self.state = Variable(np.array([self.seed, 0]), trainable=False, name="seed_generator_state")

    def next(self, ordered: bool = True) -> Any:
        """A seed of two numbers, another one in each call.

        ordered : whether the second number counts the calls; else both are mixed, as Keras does
        """
        if ordered:
            step = np.array([0, 1])
            return self.state.assign_add(step) - step   # in a graph, asking for the seed is what moves the state
        now = L.identity(self.state)
        with control_dependencies([now]):
            moved = self.state.assign((now + 1) * 5387 % 933199)
        with control_dependencies([moved]):
            return L.identity(now)

    def get_config(self) -> dict[str, Any]:
        return {"seed": self._initial_seed}

    @classmethod
    def from_config(cls, config: Any) -> SeedGenerator:
        return cls(**config)


_shared: tuple[Any, SeedGenerator] | None = None        # the source of seeds since when it goes on, and what goes on


def _shared_generator() -> SeedGenerator:
    """What calls without a seed draw from."""
    global _shared
    source = random.source_of_seeds()
    if _shared is None or _shared[0] is not source:
        _shared = source, SeedGenerator()
    return _shared[1]


def _pair(seed: Any) -> Any:
    """The two numbers of a seed that is a number, a generator, or None."""
    if seed is None:
        if is_drawing() and not inside_function():      # a graph in which nothing orders one draw behind another
            return random.uniform([2], 0, random.LARGEST_SEED, "int32")
        return _shared_generator().next(ordered=False)
    if not isinstance(seed, SeedGenerator):
        return int(seed) % SEEDS, 0
    pair = seed.next()
    return pair if 0 <= seed.seed < SEEDS else L.floormod(pair, np.array(SEEDS))


def normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a normal distribution."""
    return random.stateless_normal(shape, _pair(seed), mean, stddev, dtype or floatx())


def truncated_normal(shape: Any, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a normal distribution, none more than two deviations away."""
    return random.stateless_truncated_normal(shape, _pair(seed), mean, stddev, dtype or floatx())


def uniform(shape: Any, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers between two bounds, all equally likely."""
    return random.stateless_uniform(shape, _pair(seed), minval, maxval, dtype or floatx())


def randint(shape: Any, minval: int, maxval: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Whole numbers from `minval` to before `maxval`; those of other types than int32 are drawn as int64."""
    kind = as_dtype(dtype)
    drawn = kind if kind.name in ("int32", "int64") else "int64"
    return L.cast(random.stateless_uniform(shape, _pair(seed), minval, maxval, drawn), kind)


def categorical(logits: Any, num_samples: int, dtype: Any = "int32", seed: Any = None) -> Any:
    """Classes drawn by their scores, `num_samples` for each row."""
    return random.stateless_categorical(convert_to_tensor(logits), num_samples, _pair(seed), dtype)


def gamma(shape: Any, alpha: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a gamma distribution with scale 1; `alpha` broadcasts to `shape`."""
    return _gamma(shape, alpha, dtype or floatx(), _pair(seed))


def beta(shape: Any, alpha: Any, beta: Any, dtype: Any = None, seed: Any = None) -> Any:
    """Numbers of a beta distribution, in [0, 1]; `alpha` and `beta` broadcast to `shape`."""
    pair, kind = _pair(seed), dtype or floatx()
    first = _gamma(shape, alpha, kind, pair)
    return first / (first + _gamma(shape, beta, kind, pair + np.array([12, 12], np.int32)))     # the seed as Keras


def binomial(shape: Any, counts: Any, probabilities: Any, dtype: Any = None, seed: Any = None) -> Any:
    """How many of `counts` independent trials succeed, each with its probability; both broadcast to `shape`."""
    from ..frontend.counts import stateless_binomial  # which few programs need

    return stateless_binomial(shape, _pair(seed), counts, probabilities, dtype or floatx())


def _gamma(shape: Any, alpha: Any, dtype: Any, pair: Any) -> Any:
    return random.stateless_gamma(shape, pair, L.broadcast_to(convert_to_tensor(alpha, dtype), shape), dtype=dtype)


def shuffle(x: Any, axis: int = 0, seed: Any = None) -> Any:
    """The slices along an axis in another order."""
    found = convert_to_tensor(x)
    size = tuple(found.shape)[axis]
    order = L.argsort(uniform([size if isinstance(size, int) else L.shape_of(found)[axis]], seed=seed))
    return L.gather(found, order, axis=axis)


def dropout(inputs: Any, rate: float, noise_shape: Any = None, seed: Any = None) -> Any:
    """Elements set to 0 with a probability of `rate`, the others divided by 1 - rate."""
    return random.stateless_dropout(convert_to_tensor(inputs), rate, _pair(seed), noise_shape=noise_shape)
