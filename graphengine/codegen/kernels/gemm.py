"""Products of matrices: C[b,i,j] = sum over l of A[b,i,l] * B[b,l,j], any strides of A and B, a dense C.

Buffers: A, B, C. Sizes: batch, m, n, k, then the strides of A and of B along batch, row and column in elements, then
the address of a Fortran BLAS routine or 0. lo..hi is a slice of the batch.
"""

from collections.abc import Callable
from typing import Any

from .. import abi
from .library import BLAS_FROM
from .tiles import Tiles
from .vectors import ITEM_BYTES, Processor

FAR_BYTES = 4096        # rows of B this far apart share few cache sets and fill the TLB: they are packed,
MANY_ROWS = 64          # if this many rows of A pay for it (Goto and van de Geijn 2008, section 4.2)


def build(name: str, processor: Processor | None = None) -> Callable[..., int]:
    """`gemm_f32` and the like, for this processor or another."""
    code = name.removeprefix("gemm_")
    pointer = abi.POINTERS[code]
    tiles = Tiles(code, processor)
    product, dot, pack, stack, at, blas = tiles.product, tiles.dot, tiles.pack, tiles.stack, tiles.at, tiles.blas
    FAR = FAR_BYTES // ITEM_BYTES[code]
    HAS_BLAS = code in ("f32", "f64")
    ROWS, PANEL, DEPTH, COLUMNS = tiles.rows, tiles.panel, tiles.depth, tiles.columns

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        m, n, k = sizes[1], sizes[2], sizes[3]
        if n == 1:  # a column of C has the same elements as the row that is the transposed product
            m, n = n, m
            first, a_batch, a_row, a_col = buffers[1], sizes[7], sizes[9], sizes[8]
            second, b_batch, b_row, b_col = buffers[0], sizes[4], sizes[6], sizes[5]
        else:
            first, a_batch, a_row, a_col = buffers[0], sizes[4], sizes[5], sizes[6]
            second, b_batch, b_row, b_col = buffers[1], sizes[7], sizes[8], sizes[9]
        panel = stack()
        is_transposed = (b_col != 1) & (n > 1)
        is_dot = is_transposed & (m == 1) & (b_row == 1) & ((a_col == 1) | (k <= 1))
        is_packed = is_transposed | ((b_row >= FAR) & (m >= MANY_ROWS))
        # A matrix is good for BLAS if one of its strides is 1 and the other leaves room for what lies between.
        lead_a, lead_b = a_row if a_col == 1 else a_col, b_row if b_col == 1 else b_col
        is_blas = (sizes[10] != 0) & (m > ROWS) & (n > ROWS) & (m * n * k >= BLAS_FROM)
        if is_blas:
            is_blas &= ((a_col == 1) & (lead_a >= k)) | ((a_row == 1) & (lead_a >= m))
            is_blas &= ((b_col == 1) & (lead_b >= n)) | ((b_row == 1) & (lead_b >= k))
            is_blas &= (m | n | k | lead_a | lead_b) < 2**31
        for batch in range(lo, hi):
            a, b = at(pointer(first), batch * a_batch), at(pointer(second), batch * b_batch)
            c = at(pointer(buffers[2]), batch * m * n)
            if HAS_BLAS and is_blas:
                blas(sizes[10], b_col == 1, a_col == 1, n, m, k, b, lead_b, a, lead_a, c)
                continue
            if is_dot:
                for j in range(0, n, COLUMNS):
                    dot(a, at(b, j * b_col), b_col, at(c, j), n - j, k)
                continue
            for j in range(0, n, PANEL):
                width = n - j if n - j < PANEL else PANEL
                l, depth = 0, k
                while True:
                    source, source_row = at(b, l * b_row + j * b_col), b_row
                    if is_packed:
                        depth = k - l if k - l < DEPTH else DEPTH
                        pack(source, b_row, b_col, panel, width, depth)
                        source, source_row = panel, PANEL
                    target = at(c, j)
                    product(at(a, l * a_col), a_row, a_col, source, source_row, target, n, m, width, depth, l)
                    l += depth
                    if l >= k:
                        break
        return 0

    return kernel
