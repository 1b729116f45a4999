"""Random bits: the generator as ops, and the state that a session keeps for each op that draws numbers.

A state is three whole numbers: the lower and the upper half of a counter, and a key. Numbers for a tensor come from
the blocks at counter, counter + 1, ...; `AdvanceState` moves the counter on, behind all that a run may have used.

Seeds become states, and states numbers, as in TensorFlow on a CPU, so equal seeds give equal numbers there and here.

References
----------
Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", section 3.3.
"""
from __future__ import annotations

import os
from typing import Any

import numpy as np

from ..dtypes import DType, int32, int64
from ..errors import ShapeError
from ..ir.dims import Shape, merge, product
from .kinds import AnyType, Array, Composite, Effect, Elementwise, Index, NoGradient, attr, port
from .language import L
from .registry import op
from .rules import as_int
from .samples import integers, sample, values
from .state import Kept

NO_DRAW_GRADIENT = NoGradient("random bits are no smooth function")
BLOCKS_PER_ELEMENT = 256                    # that the counter moves on by, enough for rejection
SCRAMBLER = 0x02461E293EC8F720              # TensorFlow's key for making a state of two seeds

_WORD, _HALF = np.uint64(0xFFFFFFFF), np.uint64(32)
_MULTIPLIERS = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_KEY_STEPS = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)


# -------------------------------------------------------------------- the generator

def philox(low: Any, high: Any, key: Any) -> Array:
    """Philox 4x32-10 in numpy.

    Parameters
    ----------
    low, high : halves of the counter, whole numbers whose lower 64 bits count
    key : which sequence

    Returns
    -------
    The four words of each block along a new last axis, uint64 numbers below 2**32.
    """
    low, high, key = (a.astype(np.uint64) for a in np.broadcast_arrays(low, high, key))
    words = [low & _WORD, low >> _HALF, high & _WORD, high >> _HALF]
    keys = [key & _WORD, key >> _HALF]
    for _ in range(10):
        first, second = words[0] * _MULTIPLIERS[0], words[2] * _MULTIPLIERS[1]
        words = [
            (second >> _HALF) ^ words[1] ^ keys[0], second & _WORD, (first >> _HALF) ^ words[3] ^ keys[1], first & _WORD
        ]
        keys = [(k + step) & _WORD for k, step in zip(keys, _KEY_STEPS, strict=True)]
    return np.stack(words, -1)


def words_of(state: Array, count: int) -> Array:
    """The first `count` 32-bit words that follow from a state, as uint64."""
    blocks = np.arange(-(-count // 4), dtype=np.uint64) + state[0].astype(np.uint64)
    return philox(blocks, state[1], state[2]).reshape(-1)[:count]


def blocks_behind(size: Any, order: bool) -> Any:
    """How many blocks a state moves on by for so many numbers, or for an order of them."""
    return (size + 2) // 4 if order else size * BLOCKS_PER_ELEMENT


class _Philox(Elementwise):
    category = "Random"
    internal = True
    gradient = NO_DRAW_GRADIENT
    cost = 60
    inputs = (
        port("low", (int64,), "lower half of the counter"), port("high", (int64,), "upper half of the counter"),
        port("key", (int64,), "which sequence"), port("lane", (int64,), "which part of the block"),
    )
    samples = (
        sample(integers(0, 99, 3, 5), integers(-9, 9), integers(-9, 9), integers(0, 4, 5)),
        sample(values(0, -1, 2**62), values(0, -1, 5), values(0, -1, -(2**63)), integers(0, 4, 3)),
        sample(integers(0, 9, 0), integers(0, 9), integers(0, 9), integers(0, 4)),
    )


@op
class PhiloxWord(_Philox):
    """One of the four words of 32 bits of a block."""

    expression = "philox_word({low}, {high}, {key}, {lane})"
    returns = int32

    def reference(self, low: Array, high: Array, key: Array, lane: Array) -> Array:
        words = philox(low, high, key)
        shape = np.broadcast_shapes(words.shape[:-1], lane.shape)
        words, lane = np.broadcast_to(words, (*shape, 4)), np.broadcast_to(lane & 3, shape)
        return np.take_along_axis(words, lane[..., None], -1)[..., 0].astype(np.uint32).view(np.int32)


@op
class PhiloxPair(_Philox):
    """One of the two halves of a block, as 64 bits: its first word is the lower half."""

    expression = "philox_pair({low}, {high}, {key}, {lane})"
    returns = int64

    def reference(self, low: Array, high: Array, key: Array, lane: Array) -> Array:
        a, b, c, d = np.moveaxis(philox(low, high, key), -1, 0)
        is_late = (lane & 1).astype(bool)
        return np.asarray(np.where(is_late, c, a) | np.where(is_late, d, b) << _HALF).view(np.int64)


# -------------------------------------------------------------------- states

@op
class StateOfSeed(Composite):
    """The state that two seeds stand for; seeds that differ little give states that do not look alike.

    Shapes
    ------
    seed : (2,)
    result : (3,)
    """

    category = "Random"
    internal = True
    inputs = (port("seed", Index, "two whole numbers"),)
    gradient = NO_DRAW_GRADIENT

    def result_dtype(self, *types: DType) -> DType:
        return int64

    def result_shape(self, seed: Shape) -> Shape:
        if len(seed) != 1:
            raise ShapeError(f"seed has shape {seed}; it is two whole numbers")
        merge(seed[0], 2, "seed is two whole numbers")
        return Shape((3,))

    def decompose(self, seed: Any) -> Any:
        low, high = L.cast(seed[0], int64), L.cast(seed[1], int64)
        return L.philox_pair(low, high, SCRAMBLER, np.array([0, 1, 0])) * np.array([0, 1, 1])

    def reference(self, seed: Array) -> Array:
        a, b, c, d = philox(seed[0], seed[1], np.int64(SCRAMBLER))
        return np.array([0, c | d << _HALF, a | b << _HALF], np.uint64).view(np.int64)

    samples = (sample(values(1, 2)), sample(values(-1, 0)), sample(integers(-9, 9, 2)))


@op
class RandomState(Kept):
    """Where a session keeps the state of one op that draws numbers. Programs do not see it.

    With equal seeds each session goes through the same states; without seeds each begins somewhere else.
    """

    draws = True
    seed: int | None = attr(None, "the key, None for one that differs from session to session")
    seed2: int = attr(0, "upper half of the counter", convert=as_int)

    def result_dtype(self) -> DType:
        return int64

    def result_shape(self) -> Shape:
        return Shape((3,))

    def start(self) -> Array:
        if self.seed is None:
            return np.concatenate([np.zeros(1, np.int64), np.frombuffer(os.urandom(16), np.int64)])
        return np.array([0, self.seed2, self.seed], np.int64)


@op
class AdvanceState(Effect):
    """Move a state on behind the numbers that were drawn for one tensor.

    Shapes
    ------
    ref, result : (3,)
    like : that of the tensor
    """

    category = "Random"
    internal = True
    gradient = NoGradient("an assignment is not differentiated")
    inputs = (port("ref", (int64,), "the state's handle", "S"), port("like", AnyType, "lends its shape"))
    order: bool = attr(False, "whether they are an order, of which each number but the last takes one word")

    def result_shape(self, ref: Shape, like: Shape) -> Shape:
        return ref

    def updated(self, old: Any, *values: Any) -> Any:
        like, = values
        is_known = like.shape.rank is not None and None not in like.shape   # then the product is no kernel's work
        blocks = L.size_value(blocks_behind(product(like.shape), self.order), int64) if is_known else \
            blocks_behind(L.size_of(like, int64), self.order)
        return old + blocks * np.array([1, 0, 0])
