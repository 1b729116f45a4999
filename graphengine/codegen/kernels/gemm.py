"""Products of matrices: C[b,i,j] = sum over l of A[b,i,l] * B[b,l,j], any strides of A and B, a dense C.

Buffers: A, B, C. Sizes: batch, m, n, k, then the strides of A and of B along batch, row and column in elements, then 0.
lo..hi counts blocks of C: those of a matrix's first columns from top to bottom, then those of its next ones. Each
element is one sum in the order of l, wherever the blocks begin and end.

If there is a 1 in the place of the 0, the sums S are finished before they are stored, C = max(alpha S + beta D, low).
Buffers: A, B, D, alpha, beta, C. Sizes after the 1: from row to row of D, 0 if it is one row of at least two columns
(a bias); whether low is 0, else there is none; whether alpha S is subtracted. A dense D, of one matrix then, may be C
itself: where k is so large that a sum is made of parts, each of them goes into C by itself.
"""

from collections.abc import Callable
from typing import Any

from .. import abi
from .library import BLOCK_COLUMNS, BLOCK_ROWS
from .tiles import Tiles
from .vectors import ITEM_BYTES, Processor

FAR_BYTES = 4096        # rows of B this far apart share few cache sets and fill the TLB: they are packed,
MANY_ROWS = 64          # if this many rows of A pay for it (Goto and van de Geijn 2008, section 4.2)
SEVERAL = 4             # blocks side by side that are packed at once, where there is room


def build(name: str, processor: Processor | None = None) -> Callable[..., int]:
    """`gemm_f32` and the like, for this processor or another."""
    code = name.removeprefix("gemm_")
    pointer = abi.POINTERS[code]
    tiles = Tiles(code, processor)
    product, dot, pack, stack, at = tiles.product, tiles.dot, tiles.pack, tiles.stack, tiles.at
    FAR = FAR_BYTES // ITEM_BYTES[code]
    PANEL, SLIVER, ROOM, ROWS, COLUMNS = tiles.panel, tiles.sliver, tiles.room, tiles.rows, tiles.columns
    HIGH, WIDE = BLOCK_ROWS, BLOCK_COLUMNS
    WIDE_SHIFT, SLIVER_SHIFT, ALL = WIDE.bit_length() - 1, SLIVER.bit_length() - 1, 63
    PILE = tiles.pile if SLIVER % ROWS == 0 else 0
    ONE, ZERO, LOWEST = tiles.numbers

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
        is_finished, d_row, alpha, beta, low, result = sizes[10], 0, ONE, ONE, LOWEST, buffers[2]
        if is_finished != 0:
            result = buffers[5]
            alpha, beta = pointer(buffers[3])[0], pointer(buffers[4])[0]
            d_row = n if sizes[11] != 0 else 0
            low = ZERO if sizes[12] != 0 else LOWEST
            alpha = -alpha if sizes[13] != 0 else alpha
        is_transposed = (b_col != 1) & (n > 1)
        is_dot = is_transposed & (m == 1) & (is_finished == 0) & (b_row == 1) & ((a_col == 1) | (k <= 1))
        is_packed = is_transposed | ((b_row >= FAR) & (m >= MANY_ROWS))
        # Many rows pay for slivers as deep as the product: C is gone through once, and A once for all columns of a
        # block.
        is_deep = is_packed & (m >= MANY_ROWS)
        span, step = (WIDE, SLIVER) if is_deep else (PANEL, PANEL)
        several, most_rows, is_piled = 1, HIGH, False
        most = k  # of the depth of a pass
        if is_packed & (k * span > ROOM):  # tiny products have no time for divisions
            passes = (k * span + ROOM - 1) // ROOM
            most = (k + passes - 1) // passes
        line, apart = (SLIVER, SLIVER * most) if is_deep else (PANEL, SLIVER)
        if is_deep & (most > 0):
            several = ROOM // (WIDE * most)
            several = several if several < SEVERAL else SEVERAL
            # Columns of A that lie far apart are packed for each panel of several blocks: they share few cache sets,
            # too.
            is_piled = (several > 1) & (a_row == 1) & (a_col >= FAR) & (PILE > 0)
            if is_piled & (most * HIGH > PILE):
                most_rows = PILE // most // SLIVER * SLIVER
        stack_height, stacks = (m + HIGH - 1) // HIGH, (n + WIDE - 1) // WIDE
        row = column = batch = 0
        if lo > 0:
            row, column, batch = lo % stack_height, lo // stack_height % stacks, lo // stack_height // stacks
        while lo < hi:
            count = hi - lo if hi - lo < stack_height - row else stack_height - row
            i, j = row * HIGH, column * WIDE
            blocks = 1
            if (row == 0) & (several > 1):
                blocks = (hi - lo) // stack_height
                blocks = several if several < blocks else blocks
                blocks = stacks - column if stacks - column < blocks else blocks
                blocks = 1 if blocks < 1 else blocks
                count = count if blocks == 1 else blocks * stack_height
            reach = blocks * WIDE
            j_end = j + reach if j + reach < n else n
            reach = reach if is_deep else span
            # A row of B goes into all slivers at once, columns of B into one after the other: few pages are open at a
            # time.
            part = SLIVER if is_deep & is_transposed else reach
            height = count * HIGH if i + count * HIGH < m else m - i
            a, b = at(pointer(first), batch * a_batch + i * a_row), at(pointer(second), batch * b_batch)
            c, d = at(pointer(result), (batch * m + i) * n), at(pointer(buffers[2]), i * d_row)
            lo, row, column = lo + count, 0, column + blocks
            if column == stacks:
                column, batch = 0, batch + 1
            if is_dot:
                while j < j_end:
                    dot(a, at(b, j * b_col), b_col, at(c, j), n - j, k)
                    j += COLUMNS
                continue
            while j < j_end:
                width = j_end - j if j_end - j < reach else reach
                l = 0
                while True:
                    source, source_row = at(b, l * b_row + j * b_col), b_row
                    depth = k - l if k - l < most else most
                    if is_packed:
                        e = 0
                        while e < width:
                            columns = width - e if width - e < part else part
                            pack(at(source, e * b_col), b_row, b_col, at(panel, e * most), line, apart, columns, depth)
                            e += part
                        source, source_row = panel, line
                    more, factor = at(d, j), beta
                    is_last = l + depth >= k
                    has_next = (not is_last) | (j + reach < n)
                    following = at(b, (j + reach) * b_col) if is_last else at(b, (l + depth) * b_row + j * b_col)
                    next_shift = WIDE_SHIFT + (blocks >> 1)  # of what is packed next: a row of 1, 2 or 4 blocks
                    if d_row != 0 and l > 0:  # what C already holds takes the place of D
                        more, factor = at(c, j), ONE
                    r = 0
                    while r < height:
                        rows = height - r
                        left, left_row, left_col = at(a, r * a_row + l * a_col), a_row, a_col
                        if is_deep:
                            if is_piled & (blocks > 1):
                                up = r % most_rows
                                if up == 0:
                                    high = rows if rows < most_rows else most_rows
                                    pack(left, a_col, 1, at(panel, ROOM), SLIVER, SLIVER * most, high, depth)
                                rows = rows if rows < ROWS else ROWS
                                left = at(panel, ROOM + up // SLIVER * SLIVER * most + up % SLIVER)
                                left_row, left_col = 1, SLIVER
                            rows = rows if rows < 2 * ROWS else ROWS
                        e = 0
                        while e < width:
                            columns = width - e if width - e < step else step
                            ahead, ahead_row, ahead_shift = at(source, e * most), 0, ALL
                            # Tiles ask for the rows of D below them, or the last ones for what is packed next.
                            if is_deep:
                                after = (height - 1 - r) // ROWS * (width // SLIVER) + e // SLIVER
                                if d_row != 0:
                                    ahead, ahead_row = at(more, (r + rows) * d_row + e), d_row
                                    ahead_shift = SLIVER_SHIFT
                                elif has_next & (after >> next_shift == 0):
                                    if is_transposed:
                                        ahead = at(following, after * b_col)
                                    else:
                                        ahead, ahead_row = at(following, (after * depth >> next_shift) * b_row), b_row
                                        ahead_shift = next_shift
                            product(
                                left, left_row, left_col, at(source, e * most), source_row,
                                at(c, r * n + j + e), n, rows, columns, depth, l if d_row == 0 else 0,
                                ahead, ahead_row, ahead_shift,
                                is_finished if d_row != 0 or is_last else 0, at(more, r * d_row + e), d_row, alpha,
                                factor, low if is_last else LOWEST,
                            )
                            e += step
                        r += rows
                    l += depth
                    if is_last:
                        break
                j += reach
        return 0

    return kernel
