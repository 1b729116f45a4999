"""Sums over windows: convolution and the gradient of its filters, both as one product with a moving left factor.

    c[i, g*w + j] = sum over l of x[row(i) + depth(l) + g*s] * b[l, g*w + j]

`row` and `depth` count through four axes each, the last one fastest, an axis k having extent and stride. A convolution
has output positions for rows and window positions for depth; the gradient of its filters has them the other way round.
No value is copied: what a window holds in common with its neighbor is read from the same place.

Buffers: x, b, c. Sizes: extents and strides of rows, extents and strides of depth (4 each), groups, step of x from
group to group (s), columns of a group (w), columns of b and of c; what is said of padding; then 0. lo..hi is a slice of
the rows.

What is said of padding is 0 for nothing, 1 if rows are positions, 2 if they are taps; and for each axis of space the
step from row to row, that of depth, the first place that is not padding and the one behind the last. Tiles are then
made of rows that meet the same places, and pass over the depth that meets zeros: a sixth of 3 by 3 taps on 8 by 8. If b
holds infinity or NaN, whose products with zero are NaN, nothing is passed over.

If there is a 1 in the place of the last 0, the sums are finished as those of `gemm` are. Buffers: x, b, D, alpha, beta,
c.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numba
from numba import types

from .. import abi
from .tiles import Finish, Tiles
from .vectors import ITEM_BYTES, Processor, Vectors

PANEL_BYTES = 65536     # of b in one pass: a tile reads them all, the next tile the same again
ROWS_BYTES = 131072     # of x in one pass, if every row brings as many as it is apart from the next one
MOST_ROWS = 4096
EXPONENT = {"f32": ("i32", 0x7F800000), "f64": ("i64", 0x7FF0000000000000)}     # whose bits are all 1 in inf and NaN
DEEP, WIDE = 32, 64     # from this depth on, and up to so many positions along the last axis, padding is looked for
NEVER = 2**62           # how far it is to the end of an axis that a tile does not reach


@numba.njit(inline="always")  # type: ignore[untyped-decorator]
def _meeting(own: int, axis: Any, at: int, first: int, count: int) -> tuple[int, int]:
    """The part of a range along an axis of depth that does not meet padding: its first place, and how many.

    Parameters
    ----------
    own : place of the rows along the axis
    axis, at : where the numbers are that say what is padding: of a step of the rows, of one of the range
    first, count : the range
    """
    start, step = own * axis[at], axis[at + 1]
    low, high = axis[at + 2] - start, axis[at + 3] - start
    if step != 1:
        low, high = -(-low // step), -(-high // step)
    low = low if low > first else first
    high = high if high < first + count else first + count
    return low, high - low if high > low else 0


def build(name: str, processor: Processor | None = None) -> Callable[..., int]:
    """`windows_f32` and the like, for this processor or another."""
    code = name.removeprefix("windows_")
    pointer = abi.POINTERS[code]
    tiles = WindowTiles(code, processor)
    at, product, channels = tiles.at, tiles.windows, tiles.channels
    ROWS, WIDTH = tiles.rows, 2 * tiles.lanes
    ITEM = ITEM_BYTES[code]
    ONE, ZERO, LOWEST = tiles.numbers
    whole_number, exponent = EXPONENT[code]
    bits = abi.POINTERS[whole_number]

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        e0, e1, e2, e3 = sizes[0], sizes[1], sizes[2], sizes[3]
        s0, s1, s2, s3 = sizes[4], sizes[5], sizes[6], sizes[7]
        n0, n1, n2, n3 = sizes[8], sizes[9], sizes[10], sizes[11]
        t0, t1, t2, t3 = sizes[12], sizes[13], sizes[14], sizes[15]
        groups, x_step, width, columns = sizes[16], sizes[17], sizes[18], sizes[19]
        padding, is_finished = sizes[20], sizes[33]
        d_row, alpha, beta, low, result = 0, ONE, ONE, LOWEST, buffers[2]
        if is_finished != 0:
            result = buffers[5]
            alpha, beta = pointer(buffers[3])[0], pointer(buffers[4])[0]
            d_row = columns if sizes[34] != 0 else 0
            low = ZERO if sizes[35] != 0 else LOWEST
            alpha = -alpha if sizes[36] != 0 else alpha
        if lo >= hi or columns == 0 or groups == 0:
            return 0
        is_channelwise = (width == 1) & (x_step == 1)
        if is_channelwise:  # all groups side by side in vectors
            groups, x_step, width = 1, 0, columns
        is_one = t2 == t3 * n3  # the last two axes of depth lie one behind the other
        # b is passed through in blocks of one axis of depth, the axes before it one by one.
        panel = width if width < WIDTH else WIDTH
        room = PANEL_BYTES // (ITEM * panel)
        outer, whole, inner = 1, n0, n1 * n2 * n3
        level = 0
        if inner > room and n0 * n1 > 0:
            outer, whole, inner, level = n0, n1, n2 * n3, 1
            if inner > room:
                outer, whole, inner, level = n0 * n1, n2, n3, 2
        block = room // inner if 0 < inner <= room else 1
        apart = s3 if s3 > 0 else 1
        chunk = ROWS_BYTES // (ITEM * apart) // ROWS * ROWS
        chunk = ROWS if chunk < ROWS else MOST_ROWS if chunk > MOST_ROWS else chunk
        if outer * whole * inner == 0:
            outer, whole, block, level = 1, 1, 1, 0
        # Rows before `even` are taken in tiles of one position in several images, or of one tap in several channels.
        # A slice has the tiles that begin in it. Little depth, or wide images, are not worth looking for padding.
        positions = e1 * e2 * e3
        even = 0
        if padding == 1 and n0 * n1 * n2 * n3 >= DEEP and e3 <= WIDE:
            even = e0 // ROWS * ROWS * positions
        elif padding == 2 and e3 % ROWS == 0 and n3 <= WIDE:
            even = e0 * positions
        if even > 0:
            top, b_bits = 0, bits(buffers[1])
            for l in range(n0 * n1 * n2 * n3 * columns):
                exponent_of_b = b_bits[l] & exponent
                top = exponent_of_b if exponent_of_b > top else top
            even = 0 if top == exponent else even
        lo = -(-lo // ROWS) * ROWS if lo < even else lo
        hi = -(-hi // ROWS) * ROWS if hi < even else hi
        last = lo
        while last < hi:  # a range with a step that is not constant would call Python to complain of 0
            first = last
            last = first + chunk if first + chunk < hi else hi
            last = even if first < even < last else last
            is_even = first < even
            # From tile to tile: places of counters, steps of x for the first and the last, extent of the last, rows
            # of c, and those more where the first moves on. From row to row in a tile: x, rows of c, where axes end.
            by, g0, g3, f3, c_step, c_jump = ROWS, s0, s3, e3, ROWS, 0
            x_row, c_row, b1, b2, b3 = s3, 1, e1, e2, e3
            tile = first
            if is_even:
                by, b1, b2, b3, tile = 1, NEVER, NEVER, NEVER, first // ROWS
                if padding == 1:
                    g0, x_row, c_row, c_step, c_jump = ROWS * s0, s0, positions, 1, (ROWS - 1) * positions
                else:
                    g3, f3 = ROWS * s3, e3 // ROWS
            # From one row to the next, where the last axis ends, the last two, the last three.
            jump2 = s2 - (f3 - 1) * g3
            jump1 = jump2 + s1 - e2 * s2
            jump0 = jump1 + g0 - e1 * s1
            a3, rest = tile % f3, tile // f3
            a2, rest = rest % e2, rest // e2
            a1, a0 = rest % e1, rest // e1
            start = a0 * g0 + a1 * s1 + a2 * s2 + a3 * g3
            c_first = tile * c_step // by + a0 * c_jump
            for group in range(groups):
                for o in range(outer):
                    u = 0
                    while u < whole:
                        part = whole - u if whole - u < block else block
                        k0, k1, k2, c0, c1, c2 = 0, 0, 0, n0, n1, n2
                        if level == 0:
                            k0, c0 = u, part if n0 > 0 else 0
                        elif level == 1:
                            k0, k1, c0, c1 = o, u, 1, part
                        else:
                            k0, k1, k2, c0, c1, c2 = o // n1, o % n1, u, 1, 1, part
                        m0, m1, m2, m3 = c0, c1, 1 if is_one else c2, c2 * n3 if is_one else n3
                        offset = k0 * t0 + k1 * t1 + k2 * t2
                        line = ((k0 * n1 + k1) * n2 + k2) * n3 * columns
                        is_sum = o + u if d_row == 0 else 0
                        is_last = (o == outer - 1) & (u + part >= whole)
                        finish = is_finished if d_row != 0 or is_last else 0
                        least = low if is_last else LOWEST
                        more, factor = buffers[2], beta
                        if d_row != 0 and o + u > 0:  # what c already holds takes the place of D
                            more, factor = result, ONE
                        for j in range(0, width, WIDTH):
                            x = at(pointer(buffers[0]), start + group * x_step)
                            b = at(pointer(buffers[1]), group * width + j)
                            p0, p1, p2, p3, row = a0, a1, a2, a3, c_first
                            for i in range(first, last, ROWS):
                                c = at(pointer(result), row * columns + group * width + j)
                                d = at(pointer(more), row * d_row + group * width + j)
                                if is_even:
                                    l0, l1, l2, l3, m0, m1, m2, m3 = k0, k1, k2, 0, c0, c1, c2, n3
                                    if padding == 1:
                                        l0, m0 = _meeting(p1, sizes, 21, k0, c0)
                                        l1, m1 = _meeting(p2, sizes, 25, k1, c1)
                                        l2, m2 = _meeting(p3, sizes, 29, k2, c2)
                                    else:
                                        l1, m1 = _meeting(p0, sizes, 21, k1, c1)
                                        l2, m2 = _meeting(p1, sizes, 25, k2, c2)
                                        l3, m3 = _meeting(p2, sizes, 29, 0, n3)
                                    if is_one and m3 == n3:
                                        m2, m3 = 1, m2 * n3
                                    offset = l0 * t0 + l1 * t1 + l2 * t2 + l3 * t3
                                    line = (((l0 * n1 + l1) * n2 + l2) * n3 + l3) * columns
                                if is_channelwise:
                                    channels(
                                        at(x, offset + j), p1, p2, p3, b1, b2, b3, x_row, jump2, jump1, jump0,
                                        m0, m1, m2, m3, t0, t1, t2, t3, at(b, line), n1, n2, n3, columns,
                                        c, c_row * columns, last - i, width - j, is_sum,
                                        finish, d, c_row * d_row, alpha, factor, least,
                                    )
                                else:
                                    product(
                                        at(x, offset), p1, p2, p3, b1, b2, b3, x_row, jump2, jump1, jump0,
                                        m0, m1, m2, m3, t0, t1, t2, t3, at(b, line), n1, n2, n3, columns,
                                        c, c_row * columns, last - i, width - j, is_sum,
                                        finish, d, c_row * d_row, alpha, factor, least,
                                    )
                                x = at(x, by * g3)
                                p3 += by
                                row += c_step
                                while p3 >= f3:
                                    p3 -= f3
                                    p2 += 1
                                    x = at(x, jump2 - g3)
                                    if p2 == e2:
                                        p2 = 0
                                        p1 += 1
                                        x = at(x, jump1 - jump2)
                                        if p1 == e1:
                                            p1 = 0
                                            p0 += 1
                                            x = at(x, jump0 - jump1)
                                            row += c_jump
                        u += part
        return 0

    return kernel


class WindowTiles(Tiles):
    """Vector code of one dtype for windows.

    Attributes
    ----------
    windows : a tile of c up to two vectors wide, each element of x meeting a row of b.
    channels : the same where column j of x meets column j of b only.
    """

    def __init__(self, code: str, processor: Processor | None = None):
        super().__init__(code, processor)
        self.windows = self._windows("windows", is_channelwise=False)
        self.channels = self._windows("channels", is_channelwise=True)

    def _windows(self, name: str, is_channelwise: bool) -> Any:
        """Up to `rows` rows of c.

        Arguments: x at the first row; the first row's place along the last three axes of rows, and their extents; what
        lies between two rows inside the last axis, at its end, at the end of the last two, of the last three; extents
        of depth to walk through, their strides; b; extents of depth by which b is stored, its row stride; c, its row
        stride; rows that there are, columns, 0 to overwrite c; the fields of `Finish`.
        """
        def emit(v: Vectors, x: Any, *numbers: Any) -> None:
            *places, t0, t1, t2, t3, b, n1, n2, n3, b_row, c, c_row, height, width, is_sum = numbers[:-6]
            finish = Finish(*numbers[-6:])
            builder, lanes = v.builder, v.index(self.lanes)
            lines = self._rows_of_windows(v, x, places[:3], places[3:6], places[6:10], height)
            targets = v.lines(c, c_row, self.rows, height)
            b2 = builder.mul(b_row, n3)
            b1 = builder.mul(b2, n2)
            walk = list(zip(places[10:], (t0, t1, t2, t3), (builder.mul(b1, n1), b1, b2, b_row), strict=True))

            def tile(vectors: int, left: Any) -> None:
                self._window_tile(
                    v, vectors, lines, walk, b, targets, height, left, is_sum, is_channelwise, finish
                )

            with builder.if_else(builder.icmp_signed(">", width, lanes)) as (is_two, is_one):
                with is_two:
                    is_full = builder.icmp_signed(">=", width, v.index(2 * self.lanes))
                    with builder.if_else(is_full) as (full, edge):
                        with full:
                            tile(2, None)
                        with edge:
                            tile(2, width)
                with is_one:
                    tile(1, width)

        number, pointer = types.int64, self._pointer
        return self._intrinsic(
            name, emit, types.void, pointer, *[number] * 18, pointer, *[number] * 4, pointer, *[number] * 4,
            *self.finish_types,
        )

    def _rows_of_windows(
        self, v: Vectors, x: Any, places: Sequence[Any], extents: Sequence[Any], jumps: Sequence[Any], height: Any
    ) -> list[Any]:
        """Where each row's window begins in x; rows past `height` repeat the last one."""
        builder, zero, one = v.builder, v.index(0), v.index(1)
        step, *ends = jumps
        p1, p2, p3 = places
        lines = [x]
        for k in range(1, self.rows):
            next3 = builder.add(p3, one)
            end3 = builder.icmp_signed("==", next3, extents[2])
            next2 = builder.add(p2, builder.zext(end3, p2.type))
            end2 = builder.icmp_signed("==", next2, extents[1])
            next1 = builder.add(p1, builder.zext(end2, p1.type))
            end1 = builder.icmp_signed("==", next1, extents[0])
            jump = step
            for is_end, other in zip((end3, end2, end1), ends, strict=True):
                jump = builder.select(is_end, other, jump)
            p3, p2, p1 = (
                builder.select(e, zero, n) for e, n in ((end3, next3), (end2, next2), (end1, next1))
            )
            is_there = builder.icmp_signed("<", v.index(k), height)
            lines.append(v.hidden(v.at(lines[-1], builder.select(is_there, jump, zero))))
        return lines

    def _window_tile(
        self, v: Vectors, vectors: int, lines: Sequence[Any], walk: Sequence[tuple[Any, Any, Any]], b: Any,
        targets: list[Any], height: Any, width: Any, is_sum: Any, is_channelwise: bool, finish: Finish,
    ) -> None:
        """All the depth of one tile, its part of c in registers."""
        builder = v.builder
        masks, starts = self._columns(v, vectors, width)

        def old() -> list[Any]:
            return [v.load(v.at(t, s), mask) for t in targets for s, mask in zip(starts, masks, strict=True)]

        def step(offset: Any, place: Any, totals: list[Any]) -> list[Any]:
            line = v.at(b, place)
            across = [v.load(v.at(line, s), mask) for s, mask in zip(starts, masks, strict=True)]
            pairs: list[Any] = []
            for start in lines:
                here = v.at(start, offset)
                if is_channelwise:
                    down = [v.load(v.at(here, s), mask) for s, mask in zip(starts, masks, strict=True)]
                else:
                    down = [v.splat(builder.load(here))] * vectors
                pairs += zip(down, across, strict=True)
            return [v.add_product(t, p, q) for t, (p, q) in zip(totals, pairs, strict=True)]

        def nested(axes: Sequence[tuple[Any, Any, Any]], offset: Any, place: Any, totals: list[Any]) -> list[Any]:
            if not axes:
                return step(offset, place, totals)
            (extent, stride, b_stride), *others = axes

            def body(position: Any, values: list[Any]) -> list[Any]:
                here = builder.add(offset, builder.mul(position, stride))
                line = builder.add(place, builder.mul(position, b_stride))
                return nested(others, here, line, values)

            return v.loop(extent, 1, totals, body)

        first = v.replaced([v.zero()] * (self.rows * vectors), is_sum, old)
        totals = nested(walk, v.index(0), v.index(0), first)
        self._store(v, totals, targets, starts, masks, height, finish)
