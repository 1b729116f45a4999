"""Algebra on primitives, with constants folded and equal nodes shared on the way."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from ..ir.dims import equal
from ..ops.apply import apply
from ..ops.conversion import Cast
from ..ops.cumulative import ProdAxes
from ..ops.indexing import PlaceLike
from ..ops.joining import Concat
from ..ops.language import L
from ..ops.math import Divide, Pow
from ..ops.movement import BroadcastTo, Reshape, Transpose
from ..ops.reduce import MaxAxes, MinAxes, SumAxes
from .fold import folder
from .pattern import any_op, constant, like, other, x, y, z
from .rules import Phase, RuleSet
from .share import sharer

simplify_rule = RuleSet("simplify")


# -------------------------------------------------------------------- arithmetic

@simplify_rule(x * 1)
def factor_one(x: Any) -> Any:
    """x * 1 -> x, exact"""
    return x


@simplify_rule(x / 1)
def divisor_one(x: Any) -> Any:
    """x / 1 -> x, exact; whole numbers would become fractions"""
    return x if x.dtype.is_floating else None


@simplify_rule(x - 0)
def minus_zero(x: Any) -> Any:
    """x - 0 -> x, exact"""
    return x


@simplify_rule(x + 0)
def plus_zero(x: Any) -> Any:
    """x + 0 -> x, exact but for the sign of a zero"""
    return x


@simplify_rule(x * 0, fast=True)
def zero_factor(x: Any) -> Any:
    """x * 0 -> 0, wrong for NaN and infinity"""
    return L.zeros_like(x)


@simplify_rule(x * -1)
def factor_minus_one(x: Any) -> Any:
    """x * -1 -> -x, exact"""
    return -x


@simplify_rule(L.negative(L.negative(x)))
def negative_twice(x: Any) -> Any:
    """-(-x) -> x, exact"""
    return x


@simplify_rule((-x) * (-y))
def product_of_negatives(x: Any, y: Any) -> Any:
    """(-x) * (-y) -> x * y, exact"""
    return x * y


@simplify_rule(x + (-y))
def plus_negative(x: Any, y: Any) -> Any:
    """x + (-y) -> x - y, exact"""
    return x - y


@simplify_rule(x - (-y))
def minus_negative(x: Any, y: Any) -> Any:
    """x - (-y) -> x + y, exact"""
    return x + y


@simplify_rule(any_op(Divide, x, constant), example=lambda make: make.with_constant(4.0))
def divisor_power_of_two(x: Any, c: Any) -> Any:
    """x / c -> x * (1 / c), exact where c is a power of two"""
    value = c.node.op.value.array
    fraction, exponent = np.frexp(value)
    if not x.dtype.is_floating or value.size != 1 or abs(fraction).item() != 0.5 or abs(exponent).item() > 100:
        return None
    return x * (1.0 / value.item())


@simplify_rule(any_op(Pow, x, constant), example=lambda make: make.with_constant(2.0))
def small_power(x: Any, c: Any) -> Any:
    """x ** 2 -> x * x, and the like for 1, 3, 4, -1 and -2, within rounding"""
    value = c.node.op.value.array
    if value.size != 1:
        return None
    exponent = value.item()
    if exponent not in (-2, -1, 1, 2, 3, 4) or (exponent < 0 and not x.dtype.is_floating):
        return None
    power = x
    for _ in range(int(abs(exponent)).bit_length() - 1):
        power = power * power
    power = power * x if exponent == 3 else power
    return 1.0 / power if exponent < 0 else power


# -------------------------------------------------------------------- choices

@simplify_rule(L.where(z, x, x))
def where_same(x: Any, z: Any) -> Any:
    """where(c, x, x) -> x, exact"""
    return x


@simplify_rule(L.maximum(x, x))
def maximum_same(x: Any) -> Any:
    """maximum(x, x) -> x, exact"""
    return x


@simplify_rule(L.minimum(x, x))
def minimum_same(x: Any) -> Any:
    """minimum(x, x) -> x, exact"""
    return x


@simplify_rule(L.logical_not(L.logical_not(x)), example=lambda make: make.booleans())
def not_twice(x: Any) -> Any:
    """not (not x) -> x, exact"""
    return x


@simplify_rule(any_op(Cast, x))
def cast_to_same(x: Any, op: Cast) -> Any:
    """cast(x, dtype of x) -> x, exact"""
    return x if x.dtype is op.dtype else None


# -------------------------------------------------------------------- movement

@simplify_rule(any_op(Reshape, any_op(Reshape, x)))
def reshape_twice(x: Any, op: Reshape) -> Any:
    """reshape(reshape(x)) -> reshape(x), exact"""
    return L.reshape(x, op.shape)


@simplify_rule(any_op(Reshape, x), example=lambda make: make.reshape_to_same())
def reshape_to_same(x: Any, op: Reshape) -> Any:
    """reshape(x, shape of x) -> x, exact"""
    same = len(op.shape) == x.rank and all(equal(a, b) for a, b in zip(op.shape, x.shape, strict=True))
    return x if same else None


@simplify_rule(any_op(Transpose, any_op(Transpose, x, label="inner")))
def transpose_twice(x: Any, inner: Any, op: Transpose) -> Any:
    """transpose(transpose(x)) -> transpose(x), exact"""
    first, second = inner.node.op.order(x.rank), op.order(x.rank)
    return L.transpose(x, tuple(first[k] for k in second))


@simplify_rule(any_op(Transpose, x), example=lambda make: make.transpose_in_order())
def transpose_in_order(x: Any, op: Transpose) -> Any:
    """transpose(x) with every axis where it was -> x, exact"""
    return x if op.order(x.rank) == tuple(range(x.rank)) else None


@simplify_rule(any_op(BroadcastTo, x), example=lambda make: make.broadcast_to_same())
def broadcast_to_same(x: Any, op: BroadcastTo) -> Any:
    """broadcast_to(x, shape of x) -> x, exact"""
    same = len(op.shape) == x.rank and all(equal(a, b) for a, b in zip(op.shape, x.shape, strict=True))
    return x if same else None


@simplify_rule(any_op(BroadcastTo, any_op(BroadcastTo, x)))
def broadcast_twice(x: Any, op: BroadcastTo) -> Any:
    """broadcast_to(broadcast_to(x)) -> broadcast_to(x), exact"""
    return L.broadcast_to(x, op.shape)


# -------------------------------------------------------------------- parts of a tensor

def _joined(a: Any, b: Any, axis: int) -> Any:
    """The elements of two neighbors side by side; what is a concatenation already grows."""
    parts = [t for p in (a, b) for t in (p.node.inputs if _is_concat(p, axis) else [p])]
    return L.concat(parts, axis)


def _is_concat(t: Any, axis: int) -> bool:
    return isinstance(t.node.op, Concat) and t.node.op.axis in (axis, axis - t.rank)


@simplify_rule(any_op(PlaceLike, x, like, label="a") + any_op(PlaceLike, y, other, label="b"),
               example=lambda make: make.placed_neighbors())
def sum_of_placed_neighbors(x: Any, y: Any, like: Any, other: Any, a: Any, b: Any) -> Any:
    """x among zeros + y, its neighbor, among zeros -> both side by side, exact but for the sign of a zero

    Gradients of the parts into which a tensor was split add up like this: the gates of a recurrent cell.
    """
    if like.shape != other.shape:
        return None
    first, second = a.node.op, b.node.op
    apart = [k for k in range(a.rank) if not equal(first.begin[k], second.begin[k])]
    if len(apart) != 1 or any(s != 1 for s in (*first.strides, *second.strides)):
        return None
    (axis,) = apart
    same = all(equal(m, n) for k, (m, n) in enumerate(zip(x.shape, y.shape, strict=True)) if k != axis)
    if not same or not equal(first.begin[axis] + x.shape[axis], second.begin[axis]):
        return None
    joined = _joined(x, y, axis)
    is_whole = all(equal(m, n) for m, n in zip(joined.shape, like.shape, strict=True))
    return joined if is_whole else apply(first, (joined, like))


# -------------------------------------------------------------------- reductions

def _in_two_steps(x: Any, op: Any) -> Any:
    real = sorted(k for k in op.axes if x.shape[k] != 1)
    if not real:
        return x
    gaps = [k for k in range(real[0], real[-1]) if k not in real and x.shape[k] != 1]
    if not gaps:
        # Axes of size 1 that lie in between, or are all that follows, are folded too: one stretch of loops, up to the
        # last if that is possible.
        end = x.rank if all(x.shape[k] == 1 for k in range(real[-1] + 1, x.rank)) else real[-1] + 1
        axes = tuple(range(real[0], end))
        return None if axes == tuple(op.axes) else apply(replace(op, axes=axes), (x,))
    tail = tuple(k for k in real if k > max(gaps))
    first = apply(replace(op, axes=tail), (x,))
    return apply(replace(op, axes=tuple(k for k in real if k not in tail)), (first,))


@simplify_rule(any_op(SumAxes, x), example=lambda make: make.sum_with_gap())
def sum_in_two_steps(x: Any, op: SumAxes) -> Any:
    """sum over axes with others between them, or of size 1 -> sums over neighboring axes, within rounding"""
    return _in_two_steps(x, op)


@simplify_rule(any_op(MaxAxes, x), example=lambda make: make.sum_with_gap(largest=True))
def maximum_in_two_steps(x: Any, op: MaxAxes) -> Any:
    """maximum over axes with others between them, or of size 1 -> maxima over neighboring axes, exact"""
    return _in_two_steps(x, op)


@simplify_rule(any_op(MinAxes, x), example=lambda make: make.sum_with_gap(smallest=True))
def minimum_in_two_steps(x: Any, op: MinAxes) -> Any:
    """minimum over axes with others between them, or of size 1 -> minima over neighboring axes, exact"""
    return _in_two_steps(x, op)


@simplify_rule(any_op(ProdAxes, x), example=lambda make: make.sum_with_gap(product=True))
def product_in_two_steps(x: Any, op: ProdAxes) -> Any:
    """product over axes with others between them, or of size 1 -> products over neighboring axes, within rounding"""
    return _in_two_steps(x, op)


simplify = Phase("simplify", simplify_rule, (folder, sharer))
