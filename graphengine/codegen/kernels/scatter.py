"""Rows put into a table or a copy of it, one after the other, and the places where they go.

    put_update_BYTES_INDEX      out[indices[c], :] = updates[c, :]
    put_COMBINE_DTYPE_INDEX     out[indices[c], :] = combine(out[indices[c], :], updates[c, :])

COMBINE is add, sub, mul, max or min. Buffers: updates, indices, table, out; the last two are the same memory, for
copy_put_... never, which copies the table first. Sizes: n, inner, count; n is the number of rows of the table. Rows
with an index outside 0..n-1 are left out. It works as a whole: lo..hi is 0..1.

    flat_places_INDEX           out[c] = (indices[c, 0] * n1 + indices[c, 1]) * n2 + ...

Buffers: indices, out. Sizes: d, skips, n0, n1, ... An index k outside 0..nk-1 ends the kernel with code 1; if skips is
1, d is too, and negative indices become -1. lo..hi is a slice of the places.
"""

from collections.abc import Callable
from typing import Any

from .. import abi
from .gather import MOVED

BAD_INDEX = 1


def build(name: str) -> Callable[..., int]:
    """`put_update_4_i32`, `copy_put_max_f32_i64`, `flat_places_i32` and the like."""
    if name.startswith("flat_places"):
        return _flat_places(name.rpartition("_")[2])
    copies = name.startswith("copy_")
    _, combine, element, index = name.removeprefix("copy_").split("_")
    pointer: Any = MOVED[int(element)] if combine == "update" else abi.POINTERS[element]
    index_pointer = abi.POINTERS[index]
    load: Any = abi.load
    store: Any = abi.store
    maximum: Any = abi.maximum
    minimum: Any = abi.minimum

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        updates, indices = pointer(buffers[0]), index_pointer(buffers[1])
        table, out = pointer(buffers[2]), pointer(buffers[3])
        n, inner, count = sizes[0], sizes[1], sizes[2]
        if copies:
            for i in range(n * inner):
                store(out, i, load(table, i, 2), 3)
        for c in range(count):
            row = load(indices, c, 1)
            if row < 0 or row >= n:
                continue
            source, target = c * inner, row * inner
            for i in range(inner):
                x = load(updates, source + i, 0)
                if combine == "update":
                    store(out, target + i, x, 3)
                elif combine == "add":
                    store(out, target + i, load(out, target + i, 3) + x, 3)
                elif combine == "sub":
                    store(out, target + i, load(out, target + i, 3) - x, 3)
                elif combine == "mul":
                    store(out, target + i, load(out, target + i, 3) * x, 3)
                elif combine == "max":
                    store(out, target + i, maximum(load(out, target + i, 3), x), 3)
                else:
                    store(out, target + i, minimum(load(out, target + i, 3), x), 3)
        return 0

    return kernel


def _flat_places(index: str) -> Callable[..., int]:
    pointer, convert = abi.POINTERS[index], abi.CONSTANTS[index]
    load: Any = abi.load
    store: Any = abi.store

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        indices, out = pointer(buffers[0]), pointer(buffers[1])
        depth, skips = sizes[0], sizes[1]
        for c in range(lo, hi):
            place = 0
            for k in range(depth):
                at, n = load(indices, c * depth + k, 0), sizes[2 + k]
                if at >= n or (at < 0 and not skips):
                    return BAD_INDEX
                place = place * n + (at if at >= 0 else -1)
            store(out, c, convert(place), 1)
        return 0

    return kernel
