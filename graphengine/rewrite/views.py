"""Transposes that disappear: a matrix product reads its factors in either order."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..ops.apply import apply
from ..ops.linalg import Matmul
from ..ops.movement import Transpose
from .pattern import any_op, x, y
from .rules import Phase, RuleSet

moved = RuleSet("views")


def _swaps_last_two(transposed: Any) -> bool:
    rank = transposed.rank
    return rank >= 2 and bool(transposed.node.op.order(rank) == (*range(rank - 2), rank - 1, rank - 2))


@moved(any_op(Matmul, any_op(Transpose, x, label="t"), y), example=lambda make: make.matmul_of_transpose(left=True))
def transposed_left_factor(x: Any, y: Any, t: Any, op: Any) -> Any:
    """matmul(transpose(x), y) -> matmul(x, y) with transpose_a flipped, exact"""
    return apply(replace(op, transpose_a=not op.transpose_a), (x, y)) if _swaps_last_two(t) else None


@moved(any_op(Matmul, x, any_op(Transpose, y, label="t")), example=lambda make: make.matmul_of_transpose(left=False))
def transposed_right_factor(x: Any, y: Any, t: Any, op: Any) -> Any:
    """matmul(x, transpose(y)) -> matmul(x, y) with transpose_b flipped, exact"""
    return apply(replace(op, transpose_b=not op.transpose_b), (x, y)) if _swaps_last_two(t) else None


views = Phase("views", moved)
