"""Hand-written kernels as kernel text, for sizes that are known: what a program that becomes one kernel has inside.

Their arithmetic and its order are those of the kernels, so that all bits are the same. Numba is not imported.
"""
from __future__ import annotations

from collections.abc import Sequence

SCOPES = 40                                 # most buffers of a kernel: each has a scope of its own (`codegen.abi`)
MOST_PRODUCTS = 8192                        # of a product that is written into other text; above, calls cost nothing
MOST_COLUMNS = 64

_MOVED = {"1": "u8", "2": "u16", "4": "i32", "8": "i64"}        # elements that keep their bits, by their bytes


def inlined(name: str, sizes: Sequence[int]) -> str | None:
    """Text of a kernel with these sizes; None of those that are only called."""
    family, _, kind = name.partition("_")
    if family == "gemm":
        return _gemm(kind, sizes)
    if family == "gather":
        return _gather(*kind.split("_"))
    return None


def _gather(element_bytes: str, index: str) -> str:
    code = _MOVED[element_bytes]
    return f"""\
def gather(b, s, lo, hi):
    a0 = pointer_{code}(b[0])
    a1 = pointer_{index}(b[1])
    a2 = pointer_{code}(b[2])
    for o in range(lo, hi):
        for c in range(s[3]):
            row = load(a1, c, 1)
            if (row < 0) | (row >= s[1]):
                return 1
            for i in range(s[2]):
                v = load(a0, (o * s[1] + row) * s[2] + i, 0)
                store(a2, (o * s[3] + c) * s[2] + i, v, 2)
    return 0
"""


def _gemm(code: str, sizes: Sequence[int]) -> str | None:
    batch, m, n, k, _, a_row, a_col, _, b_row, b_col, is_finished = sizes[:11]
    first, second = "a0", "a1"
    if n == 1:                              # a column is computed as the row that is the transposed product
        m, n, first, second = n, m, "a1", "a0"
        a_row, a_col, b_row, b_col = b_col, b_row, a_col, a_row
    is_dot = b_col != 1 and n > 1 and m == 1 and not is_finished and b_row == 1 and (a_col == 1 or k <= 1)
    if batch != 1 or is_dot or n > MOST_COLUMNS or not 0 < m * n * k <= MOST_PRODUCTS:
        return None
    pointers = range(6 if is_finished else 3)
    places = ("a2", "a3", "a4", "a5") if is_finished else ("a2",) * 4       # D, alpha, beta, C
    numbers = (m, n, k, a_row, a_col, b_row, b_col, *(sizes[10:14] if is_finished else (0, 0, 0, 0)))
    return "\n    ".join((
        "def gemm(b, s, lo, hi):",
        *(f"a{j} = pointer_{code}(b[{j}])" for j in pointers),
        f"product({', '.join((first, second, *places, *map(str, numbers)))})",
        "return 0\n",
    ))
