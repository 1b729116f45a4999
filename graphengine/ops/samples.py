"""Example inputs of an op, from which its tests are made."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..dtypes import DType, Index
from ..values import dataclass

Make = Callable[[Any, DType], Any]           # of a numpy Generator, whose module is slow to import


@dataclass(frozen=True)
class Sample:
    """Operands for one call, and its attributes.

    operands : each makes an array, given a generator and the dtype asked for
    smooth : False where the op has a kink or a jump, so that differences say nothing of the gradient
    attributes : keyword arguments of the call
    """

    operands: tuple[Make, ...]
    smooth: bool
    attributes: dict[str, Any]


def sample(*operands: Make, smooth: bool = True, **attributes: Any) -> Sample:
    return Sample(operands, smooth, attributes)


def _in_dtype(array: Any, dtype: DType) -> Any:
    """Numbers in a dtype; those that it does not have become infinite, or wrap around."""
    with np.errstate(over="ignore"):
        return (array.astype(np.int64) if dtype.is_integer else array).astype(dtype.numpy)


def normal(*shape: int) -> Make:
    """Standard normal numbers; small whole ones for integers, coin tosses for bool."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        if dtype.is_floating:
            return rng.standard_normal(shape).astype(dtype.numpy)
        if dtype.is_bool:
            return np.asarray(rng.random(shape) < 0.5)
        return rng.integers(-5, 6, shape).astype(dtype.numpy)

    return make


def uniform(low: float, high: float, *shape: int) -> Make:
    """Uniform numbers in [low, high), of the dtype asked for."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        if dtype.is_floating:
            return _in_dtype(rng.uniform(low, high, shape), dtype)
        return rng.integers(int(low), max(int(high), int(low) + 1), shape).astype(dtype.numpy)

    return make


def distinct(*shape: int) -> Make:
    """Different numbers in random order, at least 0.5 apart: no ties, no kinks within a small step."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        count = int(np.prod(shape))
        numbers = (rng.permutation(count) - count // 2) * 0.5 + 0.25
        return (numbers if dtype.is_floating else np.floor(numbers * 2)).astype(dtype.numpy).reshape(shape)

    return make


def values(*numbers: Any) -> Make:
    """These numbers (nested lists for more axes), in the dtype asked for; 0 for what only fractions can be."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        array = np.array(numbers if len(numbers) != 1 or not isinstance(numbers[0], list) else numbers[0])
        return _in_dtype(array if dtype.is_floating else np.where(np.isfinite(array), array, 0), dtype)

    return make


def fractions(*numbers: float, otherwise: int = 1) -> Make:
    """These numbers for fractions; for whole dtypes `otherwise` in the place of those below 1 and of infinities."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        array = np.array(numbers)
        fits = (array >= 1) & (array < np.inf)
        return _in_dtype(array if dtype.is_floating else np.where(fits, array, otherwise), dtype)

    return make


def integers(low: int, high: int, *shape: int, dtype: str | None = None) -> Make:
    """Whole numbers in [low, high), for indices and labels whatever the dtype asked for (unless it is int64)."""
    def make(rng: np.random.Generator, asked: DType) -> Any:
        kind = dtype or (asked.name if asked in Index else "int32")
        return rng.integers(low, high, shape).astype(kind)

    return make


def whole(numbers: Any) -> Make:
    """These whole numbers (nested lists for more axes), whatever the dtype asked for (unless it is int64)."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        return np.array(numbers, dtype.numpy if dtype in Index else np.int32)

    return make


def nowhere(*shape: int) -> Make:
    """A condition that holds for no element."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        return np.zeros(shape, np.bool_)

    return make


def booleans(*shape: int) -> Make:
    """Coin tosses."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        return np.asarray(rng.random(shape) < 0.5)

    return make


def probabilities(*shape: int) -> Make:
    """Positive numbers that add up to 1 along the last axis."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        raw = rng.uniform(0.1, 1.0, shape)
        return (raw / raw.sum(-1, keepdims=True)).astype(dtype.numpy)

    return make


def definite(*shape: int) -> Make:
    """Symmetric matrices, all of whose eigenvalues are 1 or more."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        x = rng.standard_normal(shape)
        return (x @ np.swapaxes(x, -1, -2) / max(shape[-1], 1) + np.eye(shape[-1])).astype(dtype.numpy)

    return make


def invertible(*shape: int) -> Make:
    """Square matrices far from singular, whose largest numbers stand beside the diagonal."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        return (rng.uniform(-0.5, 0.5, shape) + 2 * np.roll(np.eye(shape[-1]), 1, 0)).astype(dtype.numpy)

    return make


def spread(*shape: int) -> Make:
    """Matrices of full rank, whose singular values are far from each other, as eigenvalues of their lower triangle."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        scale = np.diag(2.0 ** np.arange(max(shape[-2:])))[:shape[-2], :shape[-1]]
        return (rng.uniform(-0.3, 0.3, shape) + scale).astype(dtype.numpy)

    return make


def orthonormal(*shape: int) -> Make:
    """Matrices of orthonormal columns, not more than rows."""
    def make(rng: np.random.Generator, dtype: DType) -> Any:
        return np.linalg.qr(rng.standard_normal(shape))[0].astype(dtype.numpy)

    return make
