"""Sums over windows: convolution and the gradient of its filters, both as one product with a moving left factor.

    c[i, g*w + j] = sum over l of x[row(i) + depth(l) + g*s] * b[l, g*w + j]

`row` and `depth` count through four axes each, the last one fastest, an axis k having extent and stride. A convolution
has output positions for rows and window positions for depth; the gradient of its filters has them the other way round.
No value is copied: what a window holds in common with its neighbor is read from the same place.

Buffers: x, b, c. Sizes: extents and strides of rows, extents and strides of depth (4 each), groups, step of x from
group to group (s), columns of a group (w), columns of b and of c, then 0. lo..hi is a slice of the rows.

If there is a 1 in the place of the 0, the sums are finished as those of `gemm` are. Buffers: x, b, D, alpha, beta, c.
"""

from collections.abc import Callable, Sequence
from typing import Any

from numba import types

from .. import abi
from .tiles import Finish, Tiles
from .vectors import ITEM_BYTES, Processor, Vectors

PANEL_BYTES = 65536     # of b in one pass: a tile reads them all, the next tile the same again
ROWS_BYTES = 131072     # of x in one pass, if every row brings as many as it is apart from the next one
MOST_ROWS = 4096


def build(name: str, processor: Processor | None = None) -> Callable[..., int]:
    """`windows_f32` and the like, for this processor or another."""
    code = name.removeprefix("windows_")
    pointer = abi.POINTERS[code]
    tiles = WindowTiles(code, processor)
    at, product, channels = tiles.at, tiles.windows, tiles.channels
    ROWS, WIDTH = tiles.rows, 2 * tiles.lanes
    ITEM = ITEM_BYTES[code]
    ONE, ZERO, LOWEST = tiles.numbers

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        e1, e2, e3 = sizes[1], sizes[2], sizes[3]
        s0, s1, s2, s3 = sizes[4], sizes[5], sizes[6], sizes[7]
        n0, n1, n2, n3 = sizes[8], sizes[9], sizes[10], sizes[11]
        t0, t1, t2, t3 = sizes[12], sizes[13], sizes[14], sizes[15]
        groups, x_step, width, columns = sizes[16], sizes[17], sizes[18], sizes[19]
        is_finished, d_row, alpha, beta, low, result = sizes[20], 0, ONE, ONE, LOWEST, buffers[2]
        if is_finished != 0:
            result = buffers[5]
            alpha, beta = pointer(buffers[3])[0], pointer(buffers[4])[0]
            d_row = columns if sizes[21] != 0 else 0
            low = ZERO if sizes[22] != 0 else LOWEST
            alpha = -alpha if sizes[23] != 0 else alpha
        if lo >= hi or columns == 0 or groups == 0:
            return 0
        if t2 == t3 * n3:  # the last two axes of depth lie one behind the other
            n2, n3, t2 = 1, n2 * n3, 0
        # From one row to the next, where the last axis ends, the last two, the last three.
        jump2 = s2 - (e3 - 1) * s3
        jump1 = jump2 + s1 - e2 * s2
        jump0 = jump1 + s0 - e1 * s1
        is_channelwise = (width == 1) & (x_step == 1)
        if is_channelwise:  # all groups side by side in vectors
            groups, x_step, width = 1, 0, columns
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
        last = lo
        while last < hi:  # a range with a step that is not constant would call Python to complain of 0
            first = last
            last = first + chunk if first + chunk < hi else hi
            a3, rest = first % e3, first // e3
            a2, rest = rest % e2, rest // e2
            a1, a0 = rest % e1, rest // e1
            start = a0 * s0 + a1 * s1 + a2 * s2 + a3 * s3
            for group in range(groups):
                for o in range(outer):
                    u = 0
                    while u < whole:
                        part = whole - u if whole - u < block else block
                        c0, c1, c2 = n0, n1, n2
                        if level == 0:
                            offset, c0 = u * t0, part if n0 > 0 else 0
                        elif level == 1:
                            offset, c0, c1 = o * t0 + u * t1, 1, part
                        else:
                            offset, c0, c1, c2 = o // n1 * t0 + o % n1 * t1 + u * t2, 1, 1, part
                        is_sum = o + u if d_row == 0 else 0
                        is_last = (o == outer - 1) & (u + part >= whole)
                        finish = is_finished if d_row != 0 or is_last else 0
                        least = low if is_last else LOWEST
                        more, factor = buffers[2], beta
                        if d_row != 0 and o + u > 0:  # what c already holds takes the place of D
                            more, factor = result, ONE
                        line = (o * whole + u) * inner * columns + group * width
                        for j in range(0, width, WIDTH):
                            x = at(pointer(buffers[0]), start + offset + group * x_step)
                            b = at(pointer(buffers[1]), line + j)
                            p1, p2, p3 = a1, a2, a3
                            for i in range(first, last, ROWS):
                                c = at(pointer(result), i * columns + group * width + j)
                                d = at(pointer(more), i * d_row + group * width + j)
                                if is_channelwise:
                                    channels(
                                        at(x, j), p1, p2, p3, e1, e2, e3, s3, jump2, jump1, jump0, c0, c1, c2, n3,
                                        t0, t1, t2, t3, b, columns, c, last - i, width - j, is_sum,
                                        finish, d, d_row, alpha, factor, least,
                                    )
                                else:
                                    product(
                                        x, p1, p2, p3, e1, e2, e3, s3, jump2, jump1, jump0, c0, c1, c2, n3,
                                        t0, t1, t2, t3, b, columns, c, last - i, width - j, is_sum,
                                        finish, d, d_row, alpha, factor, least,
                                    )
                                x = at(x, ROWS * s3)
                                p3 += ROWS
                                while p3 >= e3:
                                    p3 -= e3
                                    p2 += 1
                                    x = at(x, jump2 - s3)
                                    if p2 == e2:
                                        p2 = 0
                                        p1 += 1
                                        x = at(x, jump1 - jump2)
                                        if p1 == e1:
                                            p1 = 0
                                            x = at(x, jump0 - jump1)
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
        of depth, its strides; b, its row stride; c; rows that there are, columns, 0 to overwrite c; the fields of
        `Finish`.
        """
        def emit(v: Vectors, x: Any, *numbers: Any) -> None:
            *places, t0, t1, t2, t3, b, columns, c, height, width, is_sum = numbers[:-6]
            finish = Finish(*numbers[-6:])
            builder, lanes = v.builder, v.index(self.lanes)
            lines = self._rows_of_windows(v, x, places[:3], places[3:6], places[6:10], height)
            targets = v.lines(c, columns, self.rows, height)
            walk = list(zip(places[10:], (t0, t1, t2, t3), strict=True))

            def tile(vectors: int, left: Any) -> None:
                self._window_tile(
                    v, vectors, lines, walk, (b, columns), targets, height, left, is_sum, is_channelwise, finish
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
            name, emit, types.void, pointer, *[number] * 18, pointer, number, pointer, number, number, number,
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
        self, v: Vectors, vectors: int, lines: Sequence[Any], walk: Sequence[tuple[Any, Any]], factor: tuple[Any, Any],
        targets: list[Any], height: Any, width: Any, is_sum: Any, is_channelwise: bool, finish: Finish,
    ) -> None:
        """All the depth of one tile, its part of c in registers."""
        builder = v.builder
        b, columns = factor
        masks, starts = self._columns(v, vectors, width)

        def old() -> list[Any]:
            return [v.load(v.at(t, s), mask) for t in targets for s, mask in zip(starts, masks, strict=True)]

        def step(offset: Any, carried: list[Any]) -> list[Any]:
            place, *totals = carried
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
            sums = [v.add_product(t, p, q) for t, (p, q) in zip(totals, pairs, strict=True)]
            return [builder.add(place, columns), *sums]

        def nested(axes: Sequence[tuple[Any, Any]], offset: Any, carried: list[Any]) -> list[Any]:
            if not axes:
                return step(offset, carried)
            (extent, stride), *others = axes

            def body(position: Any, values: list[Any]) -> list[Any]:
                return nested(others, builder.add(offset, builder.mul(position, stride)), values)

            return v.loop(extent, 1, carried, body)

        first = v.replaced([v.zero()] * (self.rows * vectors), is_sum, old)
        _, *totals = nested(walk, v.index(0), [v.index(0), *first])
        self._store(v, totals, targets, starts, masks, height, finish)
