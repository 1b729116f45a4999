"""Where along an axis the largest or smallest element is: argmax_DTYPE_INDEX and argmin_DTYPE_INDEX.

Buffers: x of (outer, n, inner) and out of (outer, inner). Sizes: outer, n, inner. lo..hi is a slice of outer. The first
of equal elements counts; NaN are left out, and only NaN give 0. An empty axis ends the kernel with code 1.
"""

import math
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types

from .. import abi
from .vectors import ITEM_BYTES, Processor, Vectors, host, vector_intrinsic

EMPTY_AXIS = 1
CHAINS = 4      # vectors of a row that are searched side by side


def build(name: str, processor: Processor | None = None) -> Callable[..., int]:
    """`argmax_f32_i64` and the like."""
    family, element, index = name.split("_")
    pointer, index_pointer = abi.POINTERS[element], abi.POINTERS[index]
    LANES = (processor or host()).vector_bytes // ITEM_BYTES[element]
    search_row, search_columns = _searches(family == "argmax", element, index, LANES)

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        x, out = pointer(buffers[0]), index_pointer(buffers[1])
        n, inner = sizes[1], sizes[2]
        if n == 0 and inner > 0 and hi > lo:
            return EMPTY_AXIS
        for o in range(lo, hi):
            if inner == 1:
                search_row(x, o * n, n, out, o)
            else:
                for i in range(0, inner, LANES):
                    search_columns(x, o * n * inner + i, n, inner, inner - i, out, o * inner + i)
        return 0

    return kernel


def _searches(is_max: bool, element: str, index: str, lanes: int) -> tuple[Any, Any]:
    """The search along one row of neighboring elements, and down as many columns as a vector has lanes."""
    index_bits = 8 * ITEM_BYTES[index]

    def search_row(v: Vectors, x: Any, start: Any, n: Any, out: Any, place: Any) -> None:
        builder = v.builder
        row = v.at(x, start)
        rule = _Rule(v, is_max)
        numbers = ir.Constant(rule.indices, list(range(lanes)))

        def step(position: Any, carried: list[Any]) -> list[Any]:
            values, places = [], []
            for k in range(CHAINS):
                here = builder.add(position, v.index(k * lanes))
                candidate = v.load(v.at(row, here)), builder.add(v.splat(here, rule.indices), numbers)
                best, where = rule.first(carried[k], carried[CHAINS + k], *candidate)
                values.append(best)
                places.append(where)
            return values + places

        def last_step(position: Any, carried: list[Any]) -> list[Any]:
            here = builder.add(whole, position)
            mask = v.first_lanes(builder.sub(n, here))
            places = builder.add(v.splat(here, rule.indices), numbers)
            best, where = carried
            return list(rule.first(best, where, v.load(v.at(row, here), mask), places, mask))

        def blocks(position: Any, carried: list[Any]) -> list[Any]:
            found = v.loop(whole, CHAINS * lanes, [carried[0]] * CHAINS + [carried[1]] * CHAINS, step)
            best, where = found[0], found[CHAINS]
            for k in range(1, CHAINS):
                best, where = rule.earlier(best, where, found[k], found[CHAINS + k])
            return [best, where]

        start = [rule.worst, ir.Constant(rule.indices, None)]
        whole = builder.sub(n, builder.urem(n, v.index(CHAINS * lanes)))
        has_blocks = builder.zext(builder.icmp_signed(">", whole, v.index(0)), ir.IntType(64))
        start = v.loop(has_blocks, 1, start, blocks)  # runs once or not at all: short rows have nothing to merge
        best, where = v.loop(builder.sub(n, whole), lanes, start, last_step)
        count = lanes
        while count > 1:  # the upper half against the lower one
            count //= 2
            halves = [(v.shuffle(z, z, range(count)), v.shuffle(z, z, range(count, 2 * count))) for z in (best, where)]
            (best, other), (where, there) = halves
            best, where = rule.earlier(best, where, other, there)
        only = builder.extract_element(where, ir.Constant(ir.IntType(32), 0))
        builder.store(only if index_bits == 64 else builder.trunc(only, ir.IntType(index_bits)), v.at(out, place))

    def search_columns(
        v: Vectors, x: Any, start: Any, n: Any, stride: Any, width: Any, out: Any, place: Any
    ) -> None:
        builder = v.builder
        column = v.at(x, start)
        mask = v.first_lanes(width)
        rule = _Rule(v, is_max)

        def step(position: Any, carried: list[Any]) -> list[Any]:
            values = v.load(v.at(column, builder.mul(position, stride)), mask)
            best, where = carried
            return list(rule.first(best, where, values, v.splat(position, rule.indices)))

        _, where = v.loop(n, 1, [rule.worst, ir.Constant(rule.indices, None)], step)
        if index_bits < 64:
            where = builder.trunc(where, ir.VectorType(ir.IntType(index_bits), lanes))
        Vectors(builder, index, lanes).store(where, v.at(out, place), mask)

    x, out, number = types.CPointer(abi.NUMBA_TYPES[element]), types.CPointer(abi.NUMBA_TYPES[index]), types.int64
    of_row = types.void(x, number, number, out, number)
    of_columns = types.void(x, number, number, number, number, out, number)
    return (
        vector_intrinsic("search_row", element, lanes, search_row, of_row),
        vector_intrinsic("search_columns", element, lanes, search_columns, of_columns),
    )


class _Rule:
    """Which of two elements, lane by lane, is the one to find."""

    def __init__(self, v: Vectors, is_max: bool):
        self._v = v
        self._relation = ">" if is_max else "<"
        self._is_whole = isinstance(v.element, ir.IntType)
        lowest = -(2 ** (8 * v.item_bytes - 1)) if self._is_whole else -math.inf
        worst = lowest if is_max else -lowest - self._is_whole
        self.worst = ir.Constant(v.vector, [ir.Constant(v.element, worst)] * v.lanes)
        self.indices = ir.VectorType(ir.IntType(64), v.lanes)

    def first(self, best: Any, where: Any, x: Any, place: Any, mask: Any = None) -> tuple[Any, Any]:
        """The better one, where x comes later: a NaN never is."""
        builder = self._v.builder
        wins = self._wins(best, x)
        if mask is not None:
            wins = builder.and_(wins, mask)
        return builder.select(wins, x, best), builder.select(wins, place, where)

    def earlier(self, best: Any, where: Any, x: Any, place: Any) -> tuple[Any, Any]:
        """The better one, of equal ones that with the lower index."""
        builder = self._v.builder
        is_equal = builder.icmp_signed("==", x, best) if self._is_whole else builder.fcmp_ordered("==", x, best)
        is_before = builder.icmp_signed("<", place, where)
        wins = builder.or_(self._wins(best, x), builder.and_(is_equal, is_before))
        return builder.select(wins, x, best), builder.select(wins, place, where)

    def _wins(self, best: Any, x: Any) -> Any:
        builder = self._v.builder
        if self._is_whole:
            return builder.icmp_signed(self._relation, x, best)
        return builder.fcmp_ordered(self._relation, x, best)
