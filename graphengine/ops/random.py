"""Random tensors: from a state to numbers of one distribution, for the shape of another tensor.

Element k of a tensor depends on the state and on k alone. So it is the same in each tier and whatever the number of
threads, a loop makes it where it is needed, and forward and backward pass see the same numbers.

All ops here are internal: users call the functions of the frontend's `random`.
"""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..dtypes import DType, as_dtype, float32, float64, int32, int64
from ..errors import GradientError, ShapeError
from ..ir.dims import Shape, merge, product
from ..ir.node import Tensor
from .kinds import (
    AnyType,
    Array,
    Call,
    Composite,
    Floating,
    Index,
    Library,
    NoGradient,
    Port,
    attr,
    broadcast_shapes,
    port,
)
from .language import L
from .philox import BLOCKS_PER_ELEMENT, NO_DRAW_GRADIENT, philox, words_of
from .quiet import quiet
from .registry import abstract, op
from .rules import sizes_of
from .samples import Make, integers, normal, sample, uniform, values, whole

LEAST_UNIFORM = 1e-7                        # TensorFlow's, below which no logarithm is taken
TRUNCATED_AT = 2.0                          # standard deviations
WORDS = 4                                   # of a block
FRACTION_BITS = {"float32": 23, "float16": 10, "bfloat16": 7}   # of one word; float64 has 52 of two
ROUNDS = 64                                 # of rejection; each accepts with a chance of 0.95 and more

_STATE = port("state", (int64,), "counter and key", "S")
_STATES = integers(0, 2**40, 3, dtype="int64")
_LAST_STATE = integers(-1, 0, 3, dtype="int64")      # whose counter wraps around


def _check_state(state: Shape) -> None:
    if len(state) != 1:
        raise ShapeError(f"state has shape {state}; it is three whole numbers")
    merge(state[0], 3, "state is three whole numbers")


# -------------------------------------------------------------------- elements from words

def word_at(state: Any, block: Any, lane: Any) -> Any:
    """32 bits for each element: a word of a block."""
    return L.philox_word(state[0] + block, state[1], state[2], lane)


def pair_at(state: Any, block: Any, lane: Any) -> Any:
    """64 bits for each element: half of a block."""
    return L.philox_pair(state[0] + block, state[1], state[2], lane)


def block_of(dtype: DType, place: Any) -> Any:
    """The block that the element with this number has its bits from, four of 32 bits or two of 64."""
    return L.right_shift(place, 1 if dtype.size == 8 else 2)


def fraction_at(dtype: DType, state: Any, block: Any, lane: Any) -> Any:
    """A number in [0, 1) for each element: of as many random bits as fractions of `dtype` have."""
    if dtype is float64:                    # the first word is the upper half
        both = pair_at(state, block, lane)
        upper = L.left_shift(L.bitwise_and(both, 0xFFFFF), 32)
        whole, count = L.bitwise_or(upper, L.bitwise_and(L.right_shift(both, 32), 0xFFFFFFFF)), 52
    else:
        count = FRACTION_BITS[dtype.name]
        whole = L.bitwise_and(word_at(state, block, lane), 2**count - 1)
    return L.cast(whole, dtype) * 2.0**-count


def words_per_number(dtype: DType) -> int:
    return dtype.wide.size // 4


def fractions_of(words: Array, dtype: DType) -> Array:
    """Numbers in [0, 1) of words in numpy, two of each block for float64, else four; exact, as float64."""
    if dtype is float64:
        upper, lower = words.reshape(-1, 2).T
        whole, bits = (upper & np.uint64(0xFFFFF)) << np.uint64(32) | lower, 52
    else:
        bits = FRACTION_BITS[dtype.name]
        whole = words & np.uint64(2**bits - 1)
    return np.asarray(np.ldexp(whole.astype(np.float64), -bits))


def normals_of(words: Array, dtype: DType) -> Array:
    """Normal numbers of words in numpy, as float64: of two neighbors of `fractions_of` each two."""
    first, second = fractions_of(words, dtype).reshape(-1, 2).T
    radius, angle = np.sqrt(-2 * np.log(np.maximum(first, LEAST_UNIFORM))), 2 * np.pi * second
    return np.asarray((radius * np.array([np.sin(angle), np.cos(angle)])).T.reshape(-1))


@abstract
class _Drawn(Composite):
    """Numbers for each element of a tensor that lends its shape."""

    category = "Random"
    internal = True
    inputs: ClassVar[tuple[Port, ...]] = (port("like", AnyType, "lends its shape"), _STATE)
    gradient = NO_DRAW_GRADIENT

    def result_shape(self, like: Shape, state: Shape, *_: Shape) -> Shape:
        _check_state(state)
        return like


@abstract
class _DrawnFloats(_Drawn):
    """Of narrow types only the result is rounded, as in TensorFlow; uniform numbers, which must not become 1, are drawn
    with fewer bits.
    """

    dtype: DType = attr(float32, "type of the numbers", choices=Floating, convert=as_dtype)

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype

    samples = (sample(normal(3, 5), _STATES), sample(normal(), _STATES), sample(normal(0, 2), _STATES),
               sample(normal(2, 3, 7), _STATES, dtype="float64"), sample(normal(4, 9), _STATES, dtype="float16"),
               sample(normal(4, 9), _STATES, dtype="bfloat16"))


@op
class RandomBits(_Drawn):
    """Whole numbers of which each is as likely as any other."""

    dtype: DType = attr(int32, "type of the numbers", choices=Index, convert=as_dtype)

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype

    def decompose(self, like: Any, state: Any) -> Any:
        place = L.positions(tuple(like.shape))
        return (pair_at if self.dtype is int64 else word_at)(state, block_of(self.dtype, place), place)

    def reference(self, like: Array, state: Array) -> Array:
        per_element = self.dtype.size // 4
        words = words_of(state, like.size * per_element).astype("<u4")
        return words.view(f"<i{self.dtype.size}").reshape(like.shape)

    samples = (sample(normal(3, 5), _STATES), sample(normal(), _STATES, dtype="int64"), sample(normal(0), _STATES),
               sample(normal(3, 3), _LAST_STATE, dtype="int64"))


@op
class RandomUniform(_DrawnFloats):
    """Numbers in [0, 1): as many random bits as a number of the type has after the point between 1 and 2."""

    def decompose(self, like: Any, state: Any) -> Any:
        place = L.positions(tuple(like.shape))
        return fraction_at(self.dtype, state, block_of(self.dtype, place), place)

    def reference(self, like: Array, state: Array) -> Array:
        words = words_of(state, like.size * words_per_number(self.dtype))
        return fractions_of(words, self.dtype).astype(self.dtype.numpy).reshape(like.shape)


@op
class RandomNormal(_DrawnFloats):
    """Standard normal numbers.

    Each two neighbors are made of two uniform numbers u and v:

        sqrt(-2 log u) * sin(2 pi v),  sqrt(-2 log u) * cos(2 pi v)

    References
    ----------
    Box and Muller (1958), "A note on the generation of random normal deviates".
    """

    def decompose(self, like: Any, state: Any) -> Any:
        place, dtype = L.positions(tuple(like.shape)), self.dtype.wide
        block, lane = block_of(dtype, place), L.bitwise_and(place, 2)   # one block, drawn once
        lanes = (0, 1) if dtype is float64 else (lane, L.bitwise_or(lane, 1))
        first, second = (fraction_at(dtype, state, block, k) for k in lanes)
        quarter = L.cast(L.bitwise_and(place, 1), dtype) * 0.25         # cos x = sin(x + pi / 2)
        turns = second + quarter                                        # exact, as its whole part is
        angle = (turns - L.round(turns)) * (2 * math.pi)
        return L.cast(L.sqrt(L.log(L.maximum(first, LEAST_UNIFORM)) * -2.0) * L.sin(angle), self.dtype)

    def reference(self, like: Array, state: Array) -> Array:
        words = words_of(state, (like.size + like.size % 2) * words_per_number(self.dtype))
        return normals_of(words, self.dtype.wide)[:like.size].astype(self.dtype.numpy).reshape(like.shape)


@op
class RandomTruncatedNormal(_DrawnFloats):
    """Normal numbers between -2 and 2."""

    def decompose(self, like: Any, state: Any) -> Any:
        return L.cast(L.accepted_normal(like, state, self.dtype.wide), self.dtype)

    def reference(self, like: Array, state: Array) -> Array:
        return _accepted(state, like.size, self.dtype.wide).astype(self.dtype.numpy).reshape(like.shape)


@op
class RandomUniformInt(_Drawn):
    """Whole numbers in [minval, maxval): random bits modulo the number of choices.

    The first choices are more likely than the last by one part in 2**32 (int32) or 2**64 (int64) over their number.

    Shapes
    ------
    minval, maxval : broadcast against `like`
    """

    inputs = (*_Drawn.inputs, port("minval", Index, "least number", "N"), port("maxval", Index, "end", "N"))

    def result_dtype(self, *types: DType) -> DType:
        return types[2]

    def result_shape(self, like: Shape, state: Shape, *ends: Shape) -> Shape:
        _check_state(state)
        whole = broadcast_shapes(["like", "minval", "maxval"], [like, *ends])
        if len(whole) != len(like):
            raise ShapeError(f"minval and maxval have more axes than shape {like}")
        return whole

    def decompose(self, like: Any, state: Any, minval: Any, maxval: Any) -> Any:
        place = L.positions(tuple(like.shape))
        block = block_of(minval.dtype, place)
        if minval.dtype is int32:
            return self._small(word_at(state, block, place), minval, maxval)
        return self._large(pair_at(state, block, place), minval, maxval)

    @staticmethod
    def _small(bits: Any, minval: Any, maxval: Any) -> Any:
        """In float64, where quotients of numbers below 2**32 are exact enough for their whole part."""
        whole = L.cast(L.bitwise_and(L.cast(bits, int64), 0xFFFFFFFF), float64)
        count = L.cast(L.cast(maxval, int64) - L.cast(minval, int64), float64)
        rest = whole - L.floor(whole / count) * count
        return L.cast(L.cast(minval, int64) + L.cast(rest, int64), int32)

    @staticmethod
    def _large(bits: Any, minval: Any, maxval: Any) -> Any:
        """The rest of an unsigned division, by a signed one of all bits but the last."""
        count = maxval - minval
        half = L.floormod(L.bitwise_and(L.right_shift(bits, 1), 2**63 - 1), count)
        rest = half - (count - half) + L.bitwise_and(bits, 1)           # in [-count, count)
        rest = L.where(rest < 0, rest + count, rest)
        flip = np.int64(-(2**63))                                       # unsigned order is signed order, flipped
        is_less = L.bitwise_xor(bits, flip) < L.bitwise_xor(count, flip)
        more_than_half = L.where(is_less, bits, bits - count)
        return minval + L.where(count < 0, more_than_half, rest)

    def reference(self, like: Array, state: Array, minval: Array, maxval: Array) -> Array:
        size = minval.dtype.itemsize
        bits = words_of(state, like.size * (size // 4)).astype("<u4").view(f"<u{size}").astype(np.uint64)
        with np.errstate(over="ignore"):
            count = maxval.astype(np.uint64) - minval.astype(np.uint64)
            rest = bits.reshape(like.shape) % (count & np.uint64(2**(8 * size) - 1))
            return (minval.astype(np.uint64) + rest).astype(minval.dtype)

    samples = (
        sample(normal(3, 5), _STATES, integers(-9, 1), integers(1, 9)),
        sample(normal(40), _STATES, whole(-(2**31)), whole(2**31 - 1)),
        sample(normal(0), _STATES, integers(-9, 1), integers(1, 9)),
        sample(normal(2, 30), _STATES, integers(-9, 1, 30, dtype="int64"), integers(1, 2**62, 30, dtype="int64")),
        sample(normal(40), _STATES, integers(-(2**63), -(2**62), 40, dtype="int64"),
               integers(2**62, 2**63, 40, dtype="int64")),
    )


# -------------------------------------------------------------------- rejection

class _Refused(NoGradient):
    """An error for a gradient that exists in mathematics: a path that is merely cut would give a wrong one."""

    def __call__(self, g: Any, y: Any, *inputs: Any) -> None:
        raise GradientError(self.why, op="random.gamma", fix="stop_gradient(alpha); beta differentiates")


@op
class RandomGamma(Library):
    """Numbers of gamma distributions with scale 1; NaN where alpha is not positive.

    References
    ----------
    Marsaglia and Tsang (2000), "A simple method for generating gamma variables", sections 2 and 6.
    """

    category = "Random"
    internal = True
    inputs = (port("alpha", Floating, "shape of each distribution"), _STATE)
    gradient = _Refused("numbers that were accepted or refused do not differentiate with respect to alpha")

    def result_shape(self, alpha: Shape, state: Shape) -> Shape:
        _check_state(state)
        return alpha

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        count = product(sizes_of(inputs[0]))
        return Call(f"gamma_{inputs[0].dtype.code}", (BLOCKS_PER_ELEMENT, ROUNDS), extent=count)

    @np.errstate(invalid="ignore")          # logarithms of what is refused anyway
    def reference(self, alpha: Array, state: Array) -> Array:
        a = alpha.reshape(-1).astype(np.float64)
        found = np.where(a > 0, a, np.nan)
        left = np.flatnonzero(a > 0)
        d = np.where(a >= 1, a, a + 1) - 1 / 3
        for k in range(ROUNDS):
            (u, v), (share, _) = (_own_shares(state, left, 2 * k + half) for half in (0, 1))
            x = np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)
            cube = (1 + x / np.sqrt(9 * d[left])) ** 3
            is_accepted = (cube > 0) & (np.log(share) < x * x / 2 + d[left] * (1 - cube + np.log(cube)))
            found[left] = d[left] * np.where(is_accepted, cube, 1.0)
            left = left[~is_accepted]
            if not left.size:
                break
        small = np.flatnonzero((a > 0) & (a < 1))
        found[small] *= _own_shares(state, small, 2 * ROUNDS)[0] ** (1 / a[small])
        return found.astype(alpha.dtype).reshape(alpha.shape)

    samples = (sample(uniform(0.1, 9.0, 3, 20), _STATES), sample(uniform(0.5, 2.0), _STATES),
               sample(normal(0), _STATES), sample(values(0.0, -1.0, np.nan, 1e-3, 1e6), _STATES))


@op
class AcceptedNormal(Library):
    """Those of the normal numbers of a sequence of blocks that are between -2 and 2.

    Neighbors, four of float32 or two of float64, have blocks of their own, and are the first that are accepted of them.

    References
    ----------
    Box and Muller (1958), "A note on the generation of random normal deviates".
    """

    category = "Random"
    internal = True
    inputs = _Drawn.inputs
    dtype: DType = attr(float32, "type of the numbers", choices=(float32, float64), convert=as_dtype)
    gradient = NO_DRAW_GRADIENT
    result_dtype = _DrawnFloats.result_dtype
    result_shape = _Drawn.result_shape

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        count, width = product(sizes_of(inputs[0])), WORDS // words_per_number(self.dtype)
        sizes = (count, width, width * BLOCKS_PER_ELEMENT // WORDS)
        return Call(f"truncated_{self.dtype.code}", sizes, extent=(count + width - 1) // width)

    def reference(self, like: Array, state: Array) -> Array:
        return _accepted(state, like.size, self.dtype).reshape(like.shape)

    samples = (sample(normal(3, 5), _STATES), sample(normal(), _STATES), sample(normal(0, 2), _STATES),
               sample(normal(2, 3, 7), _STATES, dtype="float64"), sample(normal(99), _LAST_STATE))


def _accepted(state: Array, count: int, dtype: DType) -> Array:
    """The numbers of `AcceptedNormal`, for one group of neighbors beside the other."""
    width = WORDS // words_per_number(dtype)
    found = np.empty((-(-count // width), width), dtype.numpy)
    taken = np.zeros(len(found), np.int64)
    block = state[0].astype(np.uint64) + np.arange(len(found), dtype=np.uint64) * np.uint64(
        width * BLOCKS_PER_ELEMENT // WORDS)
    left = np.arange(len(found))
    while left.size:
        words = philox(block[left], state[1], state[2])
        normals = normals_of(words, dtype).reshape(-1, width).astype(dtype.numpy)
        is_within = np.abs(normals) < TRUNCATED_AT
        places = taken[left, None] + np.cumsum(is_within, 1) - 1
        rows, columns = np.nonzero(is_within & (places < width))
        found[left[rows], places[rows, columns]] = normals[rows, columns]
        taken[left] += is_within.sum(1)
        block += np.uint64(1)
        left = left[taken[left] < width]
    return found.reshape(-1)[:count]


def _own_shares(state: Array, elements: Array, block: int) -> Array:
    """Two numbers in (0, 1) for each element, from one of the blocks that are its own."""
    low = elements.astype(np.uint64) * np.uint64(BLOCKS_PER_ELEMENT) + np.uint64(block) + state[0].astype(np.uint64)
    words = philox(low, state[1], state[2])
    whole = (words[:, 1::2] << np.uint64(32) | words[:, ::2]) >> np.uint64(12)
    return np.ldexp(whole.astype(np.float64) + 0.5, -52).T


# -------------------------------------------------------------------- orders and choices

def _exchanged(others: Array, count: int) -> Array:
    """The numbers 0 .. count - 1 after step k, for each k in order, exchanged those of places k and others[k] >= k.

    What step k takes from the other place is what the step before it with the same other place had put there: what
    that step's own place held until then, and this again was put there by the last step whose other place it was.
    """
    steps = np.arange(len(others))
    ordered = np.sort(others << 32 | steps)
    step, is_again = ordered & 0xFFFFFFFF, ordered[1:] >> 32 == ordered[:-1] >> 32
    before = np.full(len(others), -1)
    before[step[1:][is_again]] = step[:-1][is_again]
    held = np.arange(count)                 # by place k when its step comes: at first the last step that put it there
    is_other = others != steps
    held[others[is_other]] = steps[is_other]
    while not np.array_equal(further := held[held], held):
        held = further
    return np.append(np.where(before < 0, others, held[before]), held[len(others):])


@op
class RandomOrder(Library):
    """The numbers of the places of a line in an order by chance, all orders equally likely.

    References
    ----------
    Durstenfeld (1964), "Algorithm 235: Random permutation".
    """

    category = "Random"
    internal = True
    inputs = (port("like", AnyType, "a line of as many"), _STATE)
    gradient = NoGradient("an order is no smooth function")

    def result_dtype(self, *types: DType) -> DType:
        return int64

    def result_shape(self, like: Shape, state: Shape) -> Shape:
        _check_state(state)
        if len(like) != 1:
            raise ShapeError(f"like has shape {like}; it has one axis")
        return like

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        return Call("permutation_i64", (product(sizes_of(inputs[0])),), extent=1)

    def reference(self, like: Array, state: Array) -> Array:
        drawn = words_of(state, max(like.size - 1, 0)).astype(np.int64)
        others = np.arange(len(drawn)) + drawn % np.arange(like.size, like.size - len(drawn), -1)
        return _exchanged(others, like.size)

    samples = (sample(normal(9), _STATES), sample(normal(1), _STATES), sample(normal(0), _STATES),
               sample(normal(1000), _LAST_STATE))


def _shares(*shape: int) -> Make:
    """Uniform float64 numbers, whatever the dtype asked for."""
    return lambda rng, dtype: rng.random(shape)


@op
class Choose(Composite):
    """For each of several uniform numbers the class at which a row's running probability passes it.

    Shapes
    ------
    logits : (batch, classes)
    shares : (batch, num_samples), in [0, 1)
    result : (batch, num_samples)
    """

    category = "Random"
    internal = True
    inputs = (port("logits", Floating, "logarithms of probabilities, up to a constant of each row"),
              port("shares", (float64,), "where each choice falls", "S"))
    dtype: DType = attr(int64, "type of the result", choices=Index, convert=as_dtype)
    gradient = NoGradient("a choice is no smooth function")

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype

    def result_shape(self, logits: Shape, shares: Shape) -> Shape:
        if len(logits) != 2 or len(shares) != 2:
            raise ShapeError(f"logits has shape {logits}, shares {shares}; they have two axes")
        return Shape((merge(logits[0], shares[0], "the batches of logits and shares differ"), shares[1]))

    def decompose(self, logits: Any, shares: Any) -> Any:
        wide = L.cast(logits, float64)
        running = L.cumsum(L.exp(wide - L.reduce_max(wide, 1, True)), 1)
        found = L.searchsorted(running, shares * L.reduce_max(running, 1, True), "right", self.dtype)
        classes = L.size_value(logits.shape[1], self.dtype)
        return L.where(found < classes, found, 0)       # the first one in a row without shares: NaN, infinity

    @quiet
    def reference(self, logits: Array, shares: Array) -> Array:
        wide = logits.astype(np.float64)
        running = np.cumsum(np.exp(wide - wide.max(1, keepdims=True, initial=-np.inf)), 1)
        found = [(row <= share * row[-1]).sum() for row, line in zip(running, shares, strict=True) for share in line]
        return np.array(found, self.dtype.numpy).reshape(shares.shape)

    samples = (sample(normal(3, 5), _shares(3, 7)), sample(normal(2, 4), _shares(2, 1), dtype="int32"),
               sample(values([[-np.inf, 0.0, -np.inf, 1.0]]), _shares(1, 9)),
               sample(values([[0.0, np.nan, 1.0], [0.0, np.inf, 1.0], [-np.inf, -np.inf, -np.inf]]), _shares(3, 4)),
               sample(normal(0, 3), _shares(0, 2)))
