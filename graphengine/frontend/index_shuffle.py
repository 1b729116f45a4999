"""Where elements come to stand in an order by chance, without that order being made: a cipher of their numbers."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import AttributeValueError, InvalidArgumentError
from ..ops.language import L
from .arrangement import broadcast_static_shape
from .build import convert_to_tensor
from .calls import numpy_function

FIRST_SEED = 498247692                      # TensorFlow's, before the two that a program gives
LEAST_BITS = 16                             # of a block
ONE = np.uint64(1)
Array = np.ndarray[Any, Any]


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
