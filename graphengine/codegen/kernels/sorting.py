"""Order of the elements of rows, and places in rows that are in order.

    argsort_DTYPE_INDEX         the places of a row's elements in their order        buffers: x, out
    searchsorted_DTYPE_INDEX    how many elements of a sorted row come before a value
                                                                                     buffers: sorted, values, out

argsort: x and out are (outer, n); sizes: outer, n, descending. Equal elements stay in the order of their places, and
NaN count as above all numbers. searchsorted: (outer, n), (outer, m), (outer, m); sizes: outer, n, m, right. With right
1, elements equal to the value count too. lo..hi is a slice of outer.

Heapsort (Williams 1964, "Algorithm 232") needs no memory beside the result; as no two pairs of value and place are
equal, it keeps the order of equal values although heapsort in itself does not.
"""

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic

from .. import abi


def build(name: str) -> Callable[..., int]:
    """`argsort_f32_i32`, `searchsorted_i64_i32` and the like."""
    family, element, index = name.split("_")
    return (_argsort if family == "argsort" else _searchsorted)(element, index)


@intrinsic
def _follows(context, x, i, y, j, descending):  # type: ignore[no-untyped-def]
    """Whether element x at place i comes after element y at place j."""
    is_float = isinstance(x, types.Float)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x, i, y, j, descending = args
        if is_float:
            above, below = builder.fcmp_ordered(">", x, y), builder.fcmp_ordered("<", x, y)
        else:
            above, below = builder.icmp_signed(">", x, y), builder.icmp_signed("<", x, y)
        if is_float:
            x_is_nan, y_is_nan = builder.fcmp_unordered("uno", x, x), builder.fcmp_unordered("uno", y, y)
            above = builder.or_(above, builder.and_(x_is_nan, builder.not_(y_is_nan)))
            below = builder.or_(below, builder.and_(y_is_nan, builder.not_(x_is_nan)))
        after, before = builder.select(descending, below, above), builder.select(descending, above, below)
        later = builder.and_(builder.not_(before), builder.icmp_signed(">", i, j))
        return builder.or_(after, later)

    return types.boolean(x, types.int64, x, types.int64, types.boolean), emit


def _argsort(element: str, index: str) -> Callable[..., int]:
    pointer, index_pointer = abi.POINTERS[element], abi.POINTERS[index]
    load: Any = abi.load
    store: Any = abi.store
    follows: Any = _follows

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        x, out = pointer(buffers[0]), index_pointer(buffers[1])
        n, descending = sizes[1], sizes[2] != 0
        for o in range(lo, hi):
            base = o * n
            for k in range(n):
                store(out, base + k, k, 1)
            start, end = n >> 1, n
            while end > 1:
                if start > 0:                   # the heap is still being made
                    start -= 1
                    place = start
                    item = load(out, base + place, 1)
                else:                           # its top is the last of those not yet placed
                    end -= 1
                    place = 0
                    item = load(out, base + end, 1)
                    store(out, base + end, load(out, base, 1), 1)
                key = load(x, base + item, 0)
                child = 2 * place + 1
                while child < end:
                    chosen = load(out, base + child, 1)
                    value = load(x, base + chosen, 0)
                    if child + 1 < end:
                        other = load(out, base + child + 1, 1)
                        rival = load(x, base + other, 0)
                        if follows(rival, other, value, chosen, descending):
                            child, chosen, value = child + 1, other, rival
                    if not follows(value, chosen, key, item, descending):
                        break
                    store(out, base + place, chosen, 1)
                    place, child = child, 2 * child + 1
                store(out, base + place, item, 1)
        return 0

    return kernel


def _searchsorted(element: str, index: str) -> Callable[..., int]:
    pointer, index_pointer = abi.POINTERS[element], abi.POINTERS[index]
    load: Any = abi.load
    store: Any = abi.store
    follows: Any = _follows

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        row, values, out = pointer(buffers[0]), pointer(buffers[1]), index_pointer(buffers[2])
        n, m, right = sizes[1], sizes[2], sizes[3]
        for o in range(lo, hi):
            for c in range(m):
                value = load(values, o * m + c, 1)
                first, last = 0, n
                while first < last:
                    middle = (first + last) >> 1
                    if follows(value, right, load(row, o * n + middle, 0), 0, False):
                        first = middle + 1
                    else:
                        last = middle
                store(out, o * m + c, first, 2)
        return 0

    return kernel
