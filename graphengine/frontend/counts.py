"""Random numbers of rarer distributions: how often something happens, and normal numbers between two ends.

Seeds say which numbers come, as everywhere; unlike most of `random` they are not TensorFlow's own.
"""
from __future__ import annotations

from typing import Any

from .. import dtypes
from ..ir.graph import get_default_graph
from ..ops.language import L
from . import random
from .build import convert_to_tensor


def poisson(shape: Any, lam: Any, dtype: Any = dtypes.float32, seed: int | None = None, name: str | None = None) -> Any:
    """How many of independent events happen, other numbers in each run: `shape` of them for each mean number.

    Parameters
    ----------
    shape : sizes of the first axes of the result
    lam : mean numbers, 0 or more

    Shapes
    ------
    result : `shape`, then that of lam
    """
    means = _means(lam)
    with get_default_graph().name_scope(name or "random_poisson") as scope:
        first = random.like(shape)
        for _ in range(means.shape.rank):
            first = L.expand_dims(first, -1)
        whole = means + L.zeros_like(first, means.dtype)
        draw = lambda like, state: L.random_poisson(like, state, dtype, name=scope)
        return random.fresh(whole, seed, "poisson", draw)


def stateless_poisson(shape: Any, seed: Any, lam: Any, dtype: Any = dtypes.int32, name: str | None = None) -> Any:
    """How many of independent events happen, a function of two seeds; `lam` broadcasts to `shape`."""
    with get_default_graph().name_scope(name or "stateless_random_poisson") as scope:
        return L.random_poisson(_spread(_means(lam), shape), _state(seed), dtype, name=scope)


def stateless_binomial(
    shape: Any, seed: Any, counts: Any, probs: Any, output_dtype: Any = dtypes.int32, name: str | None = None
) -> Any:
    """How many of so many independent trials succeed, a function of two seeds.

    Parameters
    ----------
    counts : trials, broadcast to `shape`
    probs : chance of each trial to succeed, broadcast to `shape`
    """
    with get_default_graph().name_scope(name or "stateless_random_binomial") as scope:
        chances = _means(probs)
        trials = _spread(L.cast(counts, chances.dtype), shape)
        return L.random_binomial(trials, chances, _state(seed), output_dtype, name=scope)


def stateless_parameterized_truncated_normal(
    shape: Any, seed: Any, means: Any = 0.0, stddevs: Any = 1.0, minvals: Any = -2.0, maxvals: Any = 2.0,
    name: str | None = None,
) -> Any:
    """Normal numbers between two ends, a function of two seeds; differentiable with respect to all four parameters.

    Parameters
    ----------
    means, stddevs : of the distributions before they are cut off; broadcast to `shape`
    minvals, maxvals : ends; broadcast to `shape`
    """
    with get_default_graph().name_scope(name or "stateless_parameterized_truncated_normal") as scope:
        kind = _means(means).dtype
        mean, spread, low, high = (
            convert_to_tensor(x) if hasattr(x, "dtype") else convert_to_tensor(x, kind)
            for x in (means, stddevs, minvals, maxvals))
        share = L.random_uniform(random.like(shape), _state(seed), kind)
        return L.add(L.cut_normal_quantile(share, (low - mean) / spread, (high - mean) / spread) * spread, mean,
                     name=scope)


def _means(value: Any) -> Any:
    """Parameters of distributions; numbers without a dtype are float32."""
    x = convert_to_tensor(value)
    return x if x.dtype.is_floating else L.cast(x, dtypes.float32)


def _spread(x: Any, shape: Any) -> Any:
    return x + L.zeros_like(random.like(shape), x.dtype)


def _state(seed: Any) -> Any:
    return L.state_of_seed(convert_to_tensor(seed))
