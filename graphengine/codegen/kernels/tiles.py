"""Vector code for products of matrices: what numba cannot express, as intrinsics on typed pointers.

`Tiles` makes, for one dtype and one kind of processor, the register tile, the row of dot products and the transposing
copy that `gemm` puts together. Strides are in elements. Nothing here knows of whole matrices.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from .. import abi
from .vectors import ITEM_BYTES, Processor, Vectors, host, vector_intrinsic

PANEL_BYTES = 262144    # of B in one pass: read again by each tile, in order, from the second-level cache
PILE_BYTES = 131072     # of A, where its columns are packed beside that
CACHE_LINE_BYTES = 64
AHEAD = 16              # rows that lie apart are asked for so long before they are packed: nothing else foresees them


@dataclasses.dataclass(frozen=True)
class Ahead:
    """What will be read after a tile, which asks for it meanwhile: as many elements as it is deep.

    They are 2**shift elements from `start` on, as many `row` elements further, and so on. Lines of the cache are asked
    for one by one: all at once they would hold up what the tile itself reads.
    """

    start: ir.Value
    row: ir.Value
    shift: ir.Value

    def ask(self, v: Vectors, position: ir.Value) -> None:
        builder = v.builder
        within = builder.and_(position, v.index(CACHE_LINE_BYTES // v.item_bytes - 1))
        with builder.if_then(builder.icmp_signed("==", within, v.index(0))):
            line = builder.lshr(position, self.shift)
            rest = builder.sub(position, builder.shl(line, self.shift))
            v.prefetch(v.at(v.at(self.start, builder.mul(line, self.row)), rest))


@dataclasses.dataclass(frozen=True)
class _Operands:
    """What a tile is computed from: where its rows of A, its columns of B and its part of C start, and strides."""

    a: ir.Value
    a_row: ir.Value
    a_col: ir.Value
    b: ir.Value
    b_row: ir.Value
    c: ir.Value
    c_row: ir.Value
    depth: ir.Value
    is_sum: ir.Value
    ahead: Ahead


@dataclasses.dataclass(frozen=True)
class Finish:
    """What becomes of sums S before they are stored: max(alpha S + beta D, low), if it is wanted.

    D has rows that are `row` apart, 0 if all of them are one; `low` may be the lowest number there is.
    """

    is_wanted: ir.Value
    d: ir.Value
    row: ir.Value
    alpha: ir.Value
    beta: ir.Value
    low: ir.Value

    def at(self, v: Vectors, i: ir.Value, j: ir.Value) -> "Finish":
        """From row i and column j on."""
        start = v.at(self.d, v.builder.add(v.builder.mul(i, self.row), j))
        return dataclasses.replace(self, d=start)


class Tiles:
    """The vector code of one dtype.

    Attributes
    ----------
    lanes : elements of a vector.
    rows : height of the main tiles, two vectors wide, or one where columns end.
    few : height of the tile for the last rows of a panel, as wide as the panel.
    numbers : 1, 0 and the lowest number of the dtype.
    finish_types : of the fields of `Finish` as arguments.
    columns : number of results of `dot`.
    panel : width of a panel, four vectors.
    sliver : width of the main tiles.
    room, pile : elements that `stack` has room for, of B and, behind them, of A.
    product, dot, pack, stack, at : intrinsics, described where they are made.
    """

    def __init__(self, code: str, processor: Processor | None = None):
        processor = processor or host()
        self.code = code
        self._pointer = types.CPointer(abi.NUMBA_TYPES[code])
        scalar = abi.NUMBA_TYPES[code]
        self.finish_types = (types.int64, self._pointer, types.int64, scalar, scalar, scalar)
        lowest = -np.inf if code.startswith("f") else np.iinfo(scalar.name).min
        self.numbers = tuple(np.array([1, 0, lowest], scalar.name))
        item_bytes = ITEM_BYTES[code]
        self.lanes = processor.vector_bytes // item_bytes
        self.rows, self.few = (8, 4) if processor.registers >= 32 else (6, 2)
        self.panel, self.sliver = 4 * self.lanes, 2 * self.lanes
        self.columns = min(8, self.lanes)
        self.room, self.pile = PANEL_BYTES // item_bytes, PILE_BYTES // item_bytes
        self.product = self._product()
        self.dot = self._dot()
        self.pack = self._pack()
        self.stack = self._stack()
        self.at = self._at()

    def _intrinsic(self, name: str, emit: Callable[..., Any], result: Any, *arguments: Any) -> Any:
        return vector_intrinsic(name, self.code, self.lanes, emit, result(*arguments))

    def _product(self) -> Any:
        """C = A B, or C += A B, for any height and depth and up to a panel's width, then finished.

        Arguments: A, its row and column stride; B, its row stride; C, its row stride; height, width, depth; 0 to
        overwrite C, other numbers to add to it; the fields of `Ahead` and of `Finish`.
        """
        def emit(
            v: Vectors, a: Any, a_row: Any, a_col: Any, b: Any, b_row: Any, c: Any, c_row: Any,
            height: Any, width: Any, depth: Any, is_sum: Any, start: Any, row: Any, shift: Any, *finish: Any,
        ) -> None:
            builder, pair = v.builder, 2 * self.lanes
            ahead, whole = Ahead(start, row, shift), Finish(*finish)

            def tile(rows: int, vectors: int, i: Any, j: Any, left: Any, is_edge: bool = True) -> None:
                start, target = v.at(a, builder.mul(i, a_row)), v.at(c, builder.add(builder.mul(i, c_row), j))
                operands = _Operands(start, a_row, a_col, v.at(b, j), b_row, target, c_row, depth, is_sum, ahead)
                below = builder.sub(height, i)
                self._tile(v, rows, vectors, operands, below, left if is_edge else None, whole.at(v, i, j))

            def column(vectors: int, j: Any, left: Any, is_edge: bool = True) -> None:
                with v.range(done, self.rows) as i:
                    tile(self.rows, vectors, i, j, left, is_edge)

            # The last few rows of a wide panel have tiles of their own; they would waste most of a high one.
            rest = builder.urem(height, v.index(self.rows))
            is_few = builder.icmp_unsigned("<", builder.sub(rest, v.index(1)), v.index(self.few))
            is_split = builder.and_(is_few, builder.icmp_signed(">", width, v.index(self.lanes)))
            done = builder.select(is_split, builder.sub(height, rest), height)
            with v.range(width, pair) as j:
                left = builder.sub(width, j)
                with builder.if_else(builder.icmp_signed(">", left, v.index(self.lanes))) as (is_two, is_one):
                    with is_two, builder.if_else(builder.icmp_signed(">=", left, v.index(pair))) as (full, edge):
                        with full:
                            column(2, j, left, is_edge=False)
                        with edge:
                            column(2, j, left)
                    with is_one:
                        column(1, j, left)
            is_one_row = builder.icmp_signed("==", rest, v.index(1))
            with builder.if_then(is_split), builder.if_else(is_one_row) as (single, several):
                with single:
                    tile(1, 4, done, v.index(0), width)
                with several:
                    tile(self.few, 4, done, v.index(0), width)

        number, pointer = types.int64, self._pointer
        return self._intrinsic(
            "product", emit, types.void, pointer, number, number, pointer, number, pointer, number,
            number, number, number, number, pointer, number, number, *self.finish_types,
        )

    def _tile(
        self, v: Vectors, rows: int, vectors: int, x: _Operands, height: Any, width: Any, finish: Finish
    ) -> None:
        """As many rows and vectors of C as are kept in registers (Goto and van de Geijn 2008, section 4.2).

        Rows from `height` on repeat the last one, so that one tile serves all heights up to its own. Columns from
        `width` on are masked; None says that all exist: the main tiles, which ask for what comes after them.
        """
        builder = v.builder
        lines, targets = v.lines(x.a, x.a_row, rows, height), v.lines(x.c, x.c_row, rows, height)
        masks, starts = self._columns(v, vectors, width)

        def old() -> list[Any]:
            return [v.load(v.at(t, s), mask) for t in targets for s, mask in zip(starts, masks, strict=True)]

        def step(position: Any, totals: list[Any]) -> list[Any]:
            line = v.at(x.b, builder.mul(position, x.b_row))
            across = [v.load(v.at(line, s), mask) for s, mask in zip(starts, masks, strict=True)]
            offset = builder.mul(position, x.a_col)
            if vectors == 2 and width is None:
                x.ahead.ask(v, position)
            down = [v.splat(builder.load(v.at(start, offset))) for start in lines]
            pairs = [(p, q) for p in down for q in across]
            return [v.add_product(t, p, q) for t, (p, q) in zip(totals, pairs, strict=True)]

        start = v.replaced([v.zero()] * (rows * vectors), x.is_sum, old)
        totals = v.loop(x.depth, 1, start, step, is_rolled=rows > 1)
        self._store(v, totals, targets, starts, masks, height, finish)

    def _store(
        self, v: Vectors, totals: list[Any], targets: list[Any], starts: list[Any], masks: list[Any], height: Any,
        finish: Finish,
    ) -> None:
        """The sums of a tile to where they belong, row by row, finished first if that is wanted."""
        places = [(row, start, mask) for row in range(len(targets)) for start, mask in zip(starts, masks, strict=True)]

        def finished() -> list[Any]:
            lines = v.lines(finish.d, finish.row, len(targets), height)
            alpha, beta, low = (v.splat(x) for x in (finish.alpha, finish.beta, finish.low))
            found = []
            for total, (row, start, mask) in zip(totals, places, strict=True):
                more = v.times(beta, v.load(v.at(lines[row], start), mask))
                found.append(v.at_least(low, v.add_product(more, alpha, total)))
            return found

        values = v.replaced(totals, finish.is_wanted, finished)
        for value, (row, start, mask) in zip(values, places, strict=True):
            v.store(value, v.at(targets[row], start), mask)

    def _columns(self, v: Vectors, vectors: int, width: Any) -> tuple[list[Any], list[Any]]:
        """Mask and first column of each vector; one without columns starts at the first, so as to stay near."""
        firsts = [v.index(self.lanes * k) for k in range(vectors)]
        if width is None:
            return [None] * vectors, firsts
        masks = [v.first_lanes(v.builder.sub(width, first)) for first in firsts]
        exist = [v.builder.icmp_signed("<", first, width) for first in firsts]
        starts = [v.builder.select(e, first, v.index(0)) for e, first in zip(exist, firsts, strict=True)]
        return masks, starts

    def _dot(self) -> Any:
        """c[j] = sum over l of a[l] b[j * stride + l], up to `columns` of them.

        Arguments: a, b, stride, c, width, depth.
        """
        def emit(v: Vectors, a: Any, b: Any, stride: Any, c: Any, width: Any, depth: Any) -> None:
            builder = v.builder
            lines = v.lines(b, stride, self.columns, width)

            def step(position: Any, totals: list[Any], mask: Any = None) -> list[Any]:
                x = v.load(v.at(a, position), mask)
                return [
                    v.add_product(t, x, v.load(v.at(line, position), mask))
                    for t, line in zip(totals, lines, strict=True)
                ]

            whole = builder.and_(depth, v.index(-self.lanes))
            totals = v.loop(whole, self.lanes, [v.zero()] * self.columns, step)
            rest = builder.sub(depth, whole)
            has_rest = builder.icmp_signed("!=", rest, v.index(0))
            totals = step(builder.select(has_rest, whole, v.index(0)), totals, v.first_lanes(rest))
            v.store(v.sums(totals), c, v.first_lanes(width, self.columns))

        number, pointer = types.int64, self._pointer
        return self._intrinsic("dot", emit, types.void, pointer, pointer, number, pointer, number, number)

    def _pack(self) -> Any:
        """Copy a part of B into slivers: whole vectors, arbitrary past the part.

        Arguments: B, its row and column stride, the first sliver, its row stride, from sliver to sliver, width, depth.
        """
        def emit(
            v: Vectors, b: Any, b_row: Any, b_col: Any, panel: Any, row: Any, apart: Any, width: Any, depth: Any
        ) -> None:
            builder, one, sliver = v.builder, v.index(1), v.index(self.sliver)

            def start(l: Any, j: Any) -> tuple[Any, Any]:
                source = builder.add(builder.mul(l, b_row), builder.mul(j, b_col))
                first = v.at(panel, builder.mul(builder.udiv(j, sliver), apart))
                return v.at(b, source), v.at(first, builder.add(builder.mul(l, row), builder.urem(j, sliver)))

            with builder.if_else(builder.icmp_signed("==", b_col, one)) as (has_rows, has_others):
                with has_rows, v.range(depth, 1) as l:
                    line, first = v.at(b, builder.mul(l, b_row)), v.at(panel, builder.mul(l, row))
                    self._spread(v, line, builder.mul(b_row, v.index(AHEAD)), first, apart, width)
                with has_others, builder.if_else(builder.icmp_signed("==", b_row, one)) as (has_columns, has_neither):
                    with has_columns, v.range(depth, self.lanes) as l, v.range(width, self.lanes) as j:
                        self._transpose(v, *start(l, j), row, b_col, builder.sub(width, j), builder.sub(depth, l))
                    with has_neither, v.range(depth, 1) as l, v.range(width, 1) as j:
                        source, target = start(l, j)
                        builder.store(builder.load(source), target)

        number, pointer = types.int64, self._pointer
        return self._intrinsic("pack", emit, types.void, pointer, number, number, pointer, *[number] * 4)

    def _spread(self, v: Vectors, line: Any, ahead: Any, first: Any, apart: Any, width: Any) -> None:
        """A row of B into all slivers."""
        builder = v.builder

        def copy(j: Any, carried: list[Any]) -> list[Any]:
            (place,) = carried
            source, target, left = v.at(line, j), v.at(first, place), builder.sub(width, j)
            is_full = builder.icmp_signed(">=", left, v.index(self.sliver))
            with builder.if_else(is_full) as (full, edge):
                with full:
                    for start in range(0, self.sliver, CACHE_LINE_BYTES // v.item_bytes):
                        v.prefetch(v.at(v.at(source, ahead), v.index(start)))
                    for start in (v.index(k) for k in range(0, self.sliver, self.lanes)):
                        v.store(v.load(v.at(source, start)), v.at(target, start))
                with edge, v.range(left, self.lanes) as start:
                    v.store(v.load(v.at(source, start), v.first_lanes(builder.sub(left, start))), v.at(target, start))
            return [builder.add(place, apart)]

        v.loop(width, self.sliver, [v.index(0)], copy)

    def _transpose(self, v: Vectors, b: Any, panel: Any, row: Any, stride: Any, width: Any, depth: Any) -> None:
        """panel[l, j] = b[j * stride + l] for up to `lanes` of both."""
        mask = v.first_lanes(depth)
        columns = [v.load(column, mask) for column in v.lines(b, stride, self.lanes, width)]
        for line in v.transpose(columns):
            v.store(line, panel)
            panel = v.at(panel, row)

    def _stack(self) -> Any:
        """Room for panels on the stack, the same wherever it is asked for."""
        def emit(v: Vectors) -> Any:
            room = ir.ArrayType(v.element, self.room + self.pile)
            with v.builder.goto_entry_block():  # numba's own way would fill it with zeros
                block = v.builder.alloca(room)
            block.align = 64
            return v.builder.bitcast(block, v.element.as_pointer())

        return self._intrinsic("stack", emit, self._pointer)

    def _at(self) -> Any:
        """The pointer some elements further. Arguments: pointer, number."""
        return self._intrinsic("at", Vectors.at, self._pointer, self._pointer, types.int64)
