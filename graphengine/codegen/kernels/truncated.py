"""Normal numbers between -2 and 2 by rejection, in TensorFlow's order.

    truncated_DTYPE     out[0..count)                               buffers: like, state, out

Sizes: count, width, blocks. Each `width` neighbors are the first that are accepted of what follows from the blocks from
state[0] + blocks * group on; of a block two normal numbers for each two words (float32) or four (float64). They are
computed in float64. lo..hi is a slice of the groups.

References
----------
Box and Muller (1958), "A note on the generation of random normal deviates".
"""

import math
from collections.abc import Callable
from typing import Any

import numba

from .. import abi
from . import philox, vecmath

LEAST = 1e-7                                # a logarithm is taken of


def build(name: str) -> Callable[..., int]:
    """`truncated_f32` and `truncated_f64`."""
    element = name.partition("_")[2]
    pointer, convert = abi.POINTERS[element], abi.CONVERSIONS[element]
    load: Any = abi.load
    store: Any = abi.store
    sqrt: Any = abi.sqrt
    fabs: Any = abi.fabs
    to_f64: Any = abi.CONVERSIONS["f64"]
    share = _share_of_pair if element == "f64" else _share_of_word
    log, sin, cos = (vecmath.FUNCTIONS[f"{f}_f64"] for f in ("log", "sin", "cos"))

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        state, out = abi.pointer_i64(buffers[1]), pointer(buffers[2])
        low, high, key = load(state, 0, 1), load(state, 1, 1), load(state, 2, 1)
        count, width, blocks = sizes[0], sizes[1], sizes[2]
        for group in range(lo, hi):
            block = low + group * blocks
            place = group * width
            end = place + width if place + width < count else count
            while place < end:
                for first in range(0, width, 2):
                    u, v = share(block, high, key, first), share(block, high, key, first + 1)
                    radius = sqrt(-2.0 * log(u if u > LEAST else LEAST))
                    angle = 2.0 * math.pi * v
                    for k in range(2):
                        x = convert(radius * (cos(angle) if k else sin(angle)))
                        if fabs(to_f64(x)) < 2.0 and place < end:
                            store(out, place, x, 2)
                            place += 1
                block += 1
        return 0

    return kernel


_word: Any = philox.FUNCTIONS["philox_word"]
_pair: Any = philox.FUNCTIONS["philox_pair"]


@numba.njit(inline="always")  # type: ignore[untyped-decorator]
def _share_of_word(block: Any, high: Any, key: Any, lane: Any) -> Any:
    """A number in [0, 1) of 23 bits of a word."""
    return (_word(block, high, key, lane) & 0x7FFFFF) * 2.0**-23


@numba.njit(inline="always")  # type: ignore[untyped-decorator]
def _share_of_pair(block: Any, high: Any, key: Any, lane: Any) -> Any:
    """A number in [0, 1) of 52 bits of half a block, whose first word is the upper one."""
    both = _pair(block, high, key, lane)
    return ((both & 0xFFFFF) << 32 | (both >> 32) & 0xFFFFFFFF) * 2.0**-52
