"""Forms that do not overflow or cancel, in the place of those that users write down. They look at whole
composites (softmax), so this phase comes before these are opened.
"""
from __future__ import annotations

from typing import Any

from ..ops.elementary import Log
from ..ops.language import L
from ..ops.nn import Softmax
from ..ops.reduce import ReduceSum
from .pattern import any_op, x
from .rules import Phase, RuleSet

stable = RuleSet("stabilize")


@stable(any_op(Log, any_op(Softmax, x, label="p")))
def log_of_softmax(x: Any, p: Any) -> Any:
    """log(softmax(x)) -> log_softmax(x), more accurate where the softmax underflows"""
    return L.log_softmax(x, p.node.op.axis)


@stable(L.log(x + 1))
def log_of_one_plus(x: Any) -> Any:
    """log(x + 1) -> log1p(x), more accurate for small x"""
    return L.log1p(x)


@stable(L.exp(x) - 1)
def exp_minus_one(x: Any) -> Any:
    """exp(x) - 1 -> expm1(x), more accurate for small x"""
    return L.expm1(x)


@stable(L.log1p(L.exp(x)))
def log1p_of_exp(x: Any) -> Any:
    """log1p(exp(x)) -> softplus(x), no overflow for large x"""
    return L.softplus(x)


@stable(L.log(L.sigmoid(x)))
def log_of_sigmoid(x: Any) -> Any:
    """log(sigmoid(x)) -> -softplus(-x), more accurate where the sigmoid underflows"""
    return -L.softplus(-x)


@stable(1 / (L.exp(-x) + 1))
def sigmoid_written_out(x: Any) -> Any:
    """1 / (exp(-x) + 1) -> sigmoid(x), keeps its precision for large negative x"""
    return L.sigmoid(x)


@stable(any_op(Log, any_op(ReduceSum, L.exp(x), label="total")))
def log_of_sum_of_exp(x: Any, total: Any) -> Any:
    """log(reduce_sum(exp(x))) -> reduce_logsumexp(x), no overflow"""
    return L.reduce_logsumexp(x, total.node.op.axis, total.node.op.keepdims)


stabilize = Phase("stabilize", stable)
