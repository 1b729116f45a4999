"""Where along an axis the largest or smallest element is: argmax_DTYPE_INDEX and argmin_DTYPE_INDEX.

Buffers: x of (outer, n, inner) and out of (outer, inner). Sizes: outer, n, inner. lo..hi is a slice of outer. The first
of equal elements counts, and the first NaN before all numbers, as in numpy. An empty axis ends the kernel with code 1.
"""

from collections.abc import Callable
from typing import Any

from .. import abi

EMPTY_AXIS = 1


def build(name: str) -> Callable[..., int]:
    """`argmax_f32_i64` and the like."""
    family, element, index = name.split("_")
    pointer, index_pointer, as_index = abi.POINTERS[element], abi.POINTERS[index], abi.CONVERSIONS[index]
    load, store = abi.load, abi.store
    is_max = family == "argmax"

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        x, out = pointer(buffers[0]), index_pointer(buffers[1])
        n, inner = sizes[1], sizes[2]
        if n == 0 and inner > 0 and hi > lo:
            return EMPTY_AXIS
        for o in range(lo, hi):
            for i in range(inner):
                start = o * n * inner + i
                best, where = load(x, start, 0), 0
                for l in range(1, n):
                    v = load(x, start + l * inner, 0)
                    if (v > best if is_max else v < best) or (v != v and best == best):
                        best, where = v, l
                store(out, o * inner + i, as_index(where), 1)
        return 0

    return kernel
