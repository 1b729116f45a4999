"""Products of small matrices of known sizes, a name of kernel text: whole vectors, no masks, no decisions.

What `gemm` computes, in its order, so that all bits are the same. Sizes are literal numbers of the text.
"""
from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from .vectors import ITEM_BYTES, Vectors, host

HEIGHT = 8                                  # rows of a tile
UNROLLED = 8                                # depth up to which sums have no loop
_CODES = {types.float32: "f32", types.float64: "f64", types.int32: "i32", types.int64: "i64"}


class _Sizes(NamedTuple):
    """Of C (m, n) = A (m, k) B (k, n): strides in elements, and how the sums are finished, as `gemm` says it."""

    m: int
    n: int
    k: int
    a_row: int
    a_col: int
    b_row: int
    b_col: int
    is_finished: int
    has_rows: int
    is_rectified: int
    is_subtracted: int


class _Pointers(NamedTuple):
    a: Any
    b: Any
    d: Any
    alpha: Any
    beta: Any
    c: Any


@intrinsic(prefer_literal=True)
def product(  # type: ignore[no-untyped-def]
    context, a, b, d, alpha, beta, c,
    m, n, k, a_row, a_col, b_row, b_col, is_finished, has_rows, is_rectified, is_subtracted,
):
    """C = A B, finished or not; the last eleven are literal numbers."""
    literals = (m, n, k, a_row, a_col, b_row, b_col, is_finished, has_rows, is_rectified, is_subtracted)
    sizes = _Sizes(*(int(x.literal_value) for x in literals))
    code = _CODES[a.dtype]
    lanes = host().vector_bytes // ITEM_BYTES[code]

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for j in range(0, sizes.n, lanes):
            v = Vectors(builder, code, min(lanes, sizes.n - j))
            p = _Pointers(*args[:6])
            _columns(v, sizes, p._replace(b=v.at(p.b, v.index(j * sizes.b_col)), c=v.at(p.c, v.index(j)),
                                          d=v.at(p.d, v.index(j))))
        return context.get_dummy_value()

    return types.void(a, b, d, alpha, beta, c, *literals), emit


def _columns(v: Vectors, sizes: _Sizes, p: _Pointers) -> None:
    """As many columns as a vector has lanes, tile below tile."""
    whole = sizes.m // HEIGHT * HEIGHT
    if whole:
        with v.range(v.index(whole), HEIGHT) as i:
            _tile(v, HEIGHT, i, sizes, p)
    if whole < sizes.m:
        _tile(v, sizes.m - whole, v.index(whole), sizes, p)


def _tile(v: Vectors, rows: int, i: Any, sizes: _Sizes, p: _Pointers) -> None:
    """The rows of C from i on, in registers until they are done."""
    builder = v.builder

    def lines(pointer: Any, stride: int) -> list[Any]:
        starts = (builder.add(i, v.index(r)) for r in range(rows))
        return [v.at(pointer, builder.mul(start, v.index(stride))) for start in starts]

    down = lines(p.a, sizes.a_row)

    def step(position: Any, totals: list[Any]) -> list[Any]:
        across = _across(v, v.at(p.b, builder.mul(position, v.index(sizes.b_row))), sizes.b_col)
        offset = builder.mul(position, v.index(sizes.a_col))
        factors = [v.splat(builder.load(v.at(line, offset))) for line in down]
        return [v.add_product(total, factor, across) for total, factor in zip(totals, factors, strict=True)]

    totals = [v.zero()] * rows
    if sizes.k > UNROLLED:
        totals = v.loop(v.index(sizes.k), 1, totals, step)
    else:
        for position in range(sizes.k):
            totals = step(v.index(position), totals)
    if sizes.is_finished:
        totals = _finished(v, totals, lines(p.d, sizes.n if sizes.has_rows else 0), sizes, p)
    for total, place in zip(totals, lines(p.c, sizes.n), strict=True):
        v.store(total, place)


def _across(v: Vectors, start: Any, stride: int) -> Any:
    """A row of B."""
    if stride == 1:
        return v.load(start)
    found = ir.Constant(v.vector, ir.Undefined)
    for lane in range(v.lanes):
        number = v.builder.load(v.at(start, v.index(lane * stride)))
        found = v.builder.insert_element(found, number, ir.Constant(ir.IntType(32), lane))
    return found


def _finished(v: Vectors, totals: list[Any], lines: list[Any], sizes: _Sizes, p: _Pointers) -> list[Any]:
    """max(alpha S + beta D, low)."""
    builder = v.builder
    alpha, beta = builder.load(p.alpha), v.splat(builder.load(p.beta))
    if sizes.is_subtracted:
        alpha = builder.neg(alpha) if isinstance(v.element, ir.IntType) else builder.fneg(alpha)
    factor = v.splat(alpha)
    olds = [v.times(beta, v.load(line)) for line in lines]
    found = [v.add_product(old, factor, total) for old, total in zip(olds, totals, strict=True)]
    return [v.at_least(v.zero(), x) for x in found] if sizes.is_rectified else found
