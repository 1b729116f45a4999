"""Whole numbers in an order by chance, in TensorFlow's way.

    permutation_i64     out[0..n) are the numbers 0 .. n - 1        buffers: like, state, out

Sizes: n. Place k exchanges its number with one of those from k on, which word k behind the state says. The only slice
is the whole.

References
----------
Durstenfeld (1964), "Algorithm 235: Random permutation".
"""

from collections.abc import Callable
from typing import Any

from .. import abi
from . import philox


def build(name: str) -> Callable[..., int]:
    """`permutation_i64`."""
    pointer = abi.POINTERS[name.partition("_")[2]]
    load: Any = abi.load
    store: Any = abi.store
    quotient: Any = abi.whole_quotient
    word: Any = philox.FUNCTIONS["philox_word"]

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        state, out = pointer(buffers[1]), pointer(buffers[2])
        low, high, key, n = load(state, 0, 1), load(state, 1, 1), load(state, 2, 1), sizes[0]
        for k in range(n):
            store(out, k, k, 2)
        for k in range(n - 1):
            drawn = word(low + (k >> 2), high, key, k) & 0xFFFFFFFF
            other = k + drawn - quotient(drawn, n - k) * (n - k)
            here, there = load(out, k, 2), load(out, other, 2)
            store(out, k, there, 2)
            store(out, other, here, 2)
        return 0

    return kernel
