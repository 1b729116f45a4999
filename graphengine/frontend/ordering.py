"""Orders: the largest of many, what comes nearest to numbers in order, numbers of places in an order by chance."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import as_dtype
from ..errors import AttributeValueError, InvalidArgumentError
from ..ops.language import L
from ..ops.rules import as_int, normal_axis
from . import pieces
from .arrangement import broadcast_static_shape
from .build import constant, convert_to_tensor
from .calls import numpy_function

FIRST_SEED = 498247692                      # TensorFlow's, before the two that a program gives
LEAST_BITS = 16                             # of a block
ONE = np.uint64(1)
Array = np.ndarray[Any, Any]


def approx_max_k(
    operand: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
    reduction_input_size_override: int = -1, aggregate_to_topk: bool = True, name: str | None = None,
) -> tuple[Any, Any]:
    """The k largest elements along an axis, the largest first, and their places: all of them, so exactly `top_k`.

    recall_target, reduction_input_size_override, aggregate_to_topk : accepted, and ask for nothing
    """
    return approx_top_k(operand, k, reduction_dimension, recall_target, True, name=name)


def approx_min_k(
    operand: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
    reduction_input_size_override: int = -1, aggregate_to_topk: bool = True, name: str | None = None,
) -> tuple[Any, Any]:
    """The k least elements along an axis, the least first, and their places; arguments are those of `approx_max_k`."""
    return approx_top_k(operand, k, reduction_dimension, recall_target, False, name=name)


def approx_top_k(
    input: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, is_max_k: bool = True,
    reduction_input_size_override: int = -1, aggregate_to_topk: bool = True, name: str | None = None,
) -> tuple[Any, Any]:
    """`approx_max_k`, or `approx_min_k` without `is_max_k`."""
    x = convert_to_tensor(input)
    order = _axis_last(x.rank, reduction_dimension)
    last = L.transpose(x, order)
    values, places = L.top_k(last if is_max_k else -last, as_int(k))
    back = [order.index(axis) for axis in range(x.rank)]
    return L.transpose(values if is_max_k else -values, back, name=name), L.transpose(places, back)


def _axis_last(rank: int, axis: int) -> list[int]:
    along = normal_axis(axis, rank)
    return [*(j for j in range(rank) if j != along), along]


# -------------------------------------------------------------------- numbers in order

def isotonic_regression(inputs: Any, decreasing: bool = True, axis: int = -1) -> tuple[Any, Any]:
    """The numbers in descending, or ascending, order that are nearest to others, by the sum of squared differences.

    Returns
    -------
    the numbers, and which stretch of equal ones each is in, counted from 0

    References
    ----------
    Best and Chakravarti (1990), "Active set algorithms for isotonic regression", section 2.
    """
    x = convert_to_tensor(inputs)
    if not x.dtype.is_floating:
        x = L.cast(x, dtypes.float32 if x.dtype.size <= 2 else dtypes.float64)
    order = _axis_last(x.rank, axis)
    moved = L.transpose(x, order)
    n = L.shape_of(moved)[-1]
    rows = L.reshape(moved, L.stack([L.size_of(moved) // L.maximum(n, 1), n]))
    stretches = numpy_function(lambda a: _stretches(-a if decreasing else a), [rows], dtypes.int32)
    stretches.set_shape(rows.shape)
    first = pieces.range(0, L.shape_of(rows)[0]) * n         # each row has numbers of its own
    places = L.reshape(stretches + L.expand_dims(first, 1), (-1,))
    means = L.unsorted_segment_mean(L.reshape(rows, (-1,)), places, L.size_of(rows))
    back = [order.index(k) for k in range(x.rank)]
    found, which = (L.transpose(L.reshape_like(t, moved), back) for t in (L.gather(means, places), stretches))
    return found, which


def _stretches(rows: Array) -> Array:
    """For each row the stretches over which means ascend: neighbors out of order are put together."""
    found = np.zeros(rows.shape, np.int32)
    for k, row in enumerate(rows.astype(np.float64)):
        sums: list[float] = []
        counts: list[int] = []
        for x in row.tolist():
            sums.append(x)
            counts.append(1)
            while len(sums) > 1 and sums[-2] * counts[-1] > sums[-1] * counts[-2]:
                last, many = sums.pop(), counts.pop()
                sums[-1] += last
                counts[-1] += many
        found[k] = np.repeat(np.arange(len(counts)), counts)
    return found


# -------------------------------------------------------------------- places by chance, and points that fill a cube

def index_shuffle(index: Any, seed: Any, max_index: Any) -> Any:
    """Where an element comes to stand when 0 .. max_index are put in an order by chance; without making that order.

    Parameters
    ----------
    index : whole numbers up to `max_index`
    seed : two whole numbers

    Notes
    -----
    The numbers are TensorFlow's.
    """
    first, second = (convert_to_tensor(seed)[k] for k in range(2))
    return random_index_shuffle(index, L.stack([L.cast(FIRST_SEED, first.dtype), first, second]), max_index)


def random_index_shuffle(
    index: Any, seed: Any, max_index: Any, rounds: int = 4, name: str | None = None
) -> Any:
    """`index_shuffle` with a seed of three numbers.

    rounds : of encryption, an even number from 4 on

    References
    ----------
    Beaulieu et al. (2013), "The Simon and Speck families of lightweight block ciphers", section 3.
    """
    if rounds < 4 or rounds % 2:
        raise AttributeValueError(f"rounds={rounds}; it takes an even number from 4 on", op="random_index_shuffle")
    places = convert_to_tensor(index)

    def shuffled(index: Array, seed: Array, most: Array) -> Array:
        shape = np.broadcast_shapes(index.shape, most.shape, seed.shape[:-1])
        where, ends = (np.broadcast_to(v, shape).ravel().astype(np.int64) for v in (index, most))
        if (outside := (where < 0) | (where > ends)).any():
            k = int(outside.argmax())
            raise InvalidArgumentError(f"index {where[k]} is not in [0, {ends[k]}]", op="random_index_shuffle",
                                       fix="give places from 0 up to max_index")
        keys = np.broadcast_to(seed, (*shape, 3)).reshape(-1, 3).astype(np.int64).view(np.uint64)
        return _shuffled(where.view(np.uint64), keys.T, ends.view(np.uint64), rounds).astype(index.dtype).reshape(shape)

    given = [places, convert_to_tensor(seed), L.cast(max_index, places.dtype)]
    found = numpy_function(shuffled, given, places.dtype, name=name)
    if given[1].shape.rank == 1:
        found.set_shape(broadcast_static_shape(places.shape, given[2].shape))
    return found


def _shuffled(index: Array, key: Array, most: Array, rounds: int) -> Array:
    """The numbers encrypted again and again until they are among the wanted."""
    bits = np.array([(int(m) - 1).bit_length() if m else 0 for m in np.unique(most)], np.uint64)
    bits = bits[np.searchsorted(np.unique(most), most)]
    half = np.maximum(bits + bits % np.uint64(2), np.uint64(LEAST_BITS)) // np.uint64(2)
    keys = _keys(key, rounds, half)
    found = _encrypted(index, keys, half)
    while (again := np.flatnonzero(found > most)).size:
        found[again] = _encrypted(found[again], [k[again] for k in keys], half[again])
    return found


def _keys(key: Array, rounds: int, half: Array) -> list[Array]:
    mask = (ONE << half) - ONE
    sequence = np.uint64(0x7369F885192C0EF5) & mask
    found = [k & mask for k in key]
    for k in range(3, rounds):
        turned = _turned(found[k - 1], half - np.uint64(3), half) ^ _turned(found[k - 1], half - np.uint64(4), half)
        found.append(np.uint64(0xFFFFFFFC) & mask ^ sequence & ONE ^ found[k - 3] ^ turned)
        sequence = sequence >> ONE
    return found


def _turned(x: Array, by: Any, half: Array) -> Array:
    """The bits of numbers turned to the left."""
    by = np.uint64(by) % half
    return (x << by | x >> (half - by)) & ((ONE << half) - ONE)


def _encrypted(value: Array, keys: Sequence[Array], half: Array) -> Array:
    left, right = value >> half, value & ((ONE << half) - ONE)
    for key in keys:
        mixed = _turned(right, 1, half) & _turned(right, 8, half) ^ _turned(right, 2, half)
        left, right = right, left ^ mixed ^ key
    return left << half | right


def sobol_sample(
    dim: int, num_results: int, skip: int = 0, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """Points that fill a cube evenly: Sobol's sequence without its first point, which is 0.

    Shapes
    ------
    result : (num_results, dim), in [0, 1)

    References
    ----------
    Joe and Kuo (2008), "Constructing Sobol sequences with better two-dimensional projections".
    """
    from scipy.stats import qmc

    count, first = as_int(num_results), as_int(skip) + 1
    drawn = qmc.Sobol(as_int(dim), scramble=False)
    drawn.fast_forward(first)
    return constant(drawn.random(count).astype(as_dtype(dtype).numpy), name=name or "sobol_sample")
