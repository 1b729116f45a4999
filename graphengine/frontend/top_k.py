"""The largest and the least elements along any axis, by the names of functions that may miss some."""
from __future__ import annotations

from typing import Any

from ..ops.language import L
from ..ops.rules import as_int
from .arrangement import axis_last
from .build import convert_to_tensor


def approx_max_k(
    operand: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
    reduction_input_size_override: int = -1, aggregate_to_topk: bool = True, name: str | None = None,
) -> tuple[Any, Any]:
    """The k largest elements along an axis, the largest first, and their places: all of them, so exactly `top_k`.

    recall_target, reduction_input_size_override, aggregate_to_topk : accepted, and ask for nothing
    """
    return approx_top_k(operand, k, reduction_dimension, recall_target, True, name=name)


def approx_min_k(
    operand: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95,
    reduction_input_size_override: int = -1, aggregate_to_topk: bool = True, name: str | None = None,
) -> tuple[Any, Any]:
    """The k least elements along an axis, the least first, and their places; arguments are those of `approx_max_k`."""
    return approx_top_k(operand, k, reduction_dimension, recall_target, False, name=name)


def approx_top_k(
    input: Any, k: int, reduction_dimension: int = -1, recall_target: float = 0.95, is_max_k: bool = True,
    reduction_input_size_override: int = -1, aggregate_to_topk: bool = True, name: str | None = None,
) -> tuple[Any, Any]:
    """`approx_max_k`, or `approx_min_k` without `is_max_k`."""
    x = convert_to_tensor(input)
    order = axis_last(x.rank, reduction_dimension)
    last = L.transpose(x, order)
    turned = L.invert if x.dtype.is_integer else L.negative     # of whole numbers, the least has no negative
    values, places = L.top_k(last if is_max_k else turned(last), as_int(k))
    back = [order.index(axis) for axis in range(x.rank)]
    return L.transpose(values if is_max_k else turned(values), back, name=name), L.transpose(places, back)
