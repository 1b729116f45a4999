"""What all metrics are made of: sums over batches in local variables, a value of them, and an update for each batch."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from .... import dtypes
from ....frontend.build import convert_to_tensor
from ....ops.language import L
from ..variables import GraphKeys, Variable, add_to_collections, variable_scope

Pair = tuple[Any, Any]
Sums = Mapping[str, Any]


def streamed(
    name: str | None, default: str, sums: Sums, value: Callable[..., Any], collections: tuple[Any, Any],
    update: Callable[..., Any] | None = None,
) -> Pair:
    """The value of what all batches so far add up to, and the node that adds this one and gives the value then.

    Parameters
    ----------
    name, default : of the variable scope
    sums : what this batch adds, of known shapes, by the names of the variables that keep it
    value : function of the sums, in their order
    collections : that the value, and the update, join; None for none
    update : function of the sums that the update gives; `value` if None
    """
    with variable_scope(name, default):
        keys = [GraphKeys.LOCAL_VARIABLES, GraphKeys.METRIC_VARIABLES]
        kept = [Variable(np.zeros(x.shape.numbers(), x.dtype.numpy), False, keys, name=key) for key, x in sums.items()]
        now = L.identity(value(*(v.read_value() for v in kept)), name="value")
        added = [v.assign_add(x) for v, x in zip(kept, sums.values(), strict=True)]
        then = L.identity((update or value)(*added), name="update_op")
    for found, names in zip((now, then), collections, strict=True):
        add_to_collections(names or (), found)
    return now, then


def alike(labels: Any, predictions: Any, weights: Any = None) -> tuple[Any, Any, Any]:
    """Labels, predictions and weights of one rank: a last axis of size 1 that one has more is left out."""
    labels, predictions = convert_to_tensor(labels), convert_to_tensor(predictions)
    more = _rank(labels) - _rank(predictions)
    labels = _without_last(labels) if more == 1 else labels
    predictions = _without_last(predictions) if more == -1 else predictions
    return labels, predictions, None if weights is None else weights_for(predictions, weights)


def weights_for(values: Any, weights: Any) -> Any:
    """Weights of the rank of values, or a single one."""
    factors = convert_to_tensor(weights)
    more = _rank(factors) - _rank(values)
    if _rank(factors) == 0 or more not in (1, -1):
        return factors
    return _without_last(factors) if more == 1 else L.expand_dims(factors, -1)


def _rank(x: Any) -> int:
    return len(x.shape)


def _without_last(x: Any) -> Any:
    return L.squeeze(x, [-1]) if x.shape[-1] in (1, None) else x


def weighted(values: Any, weights: Any, dtype: Any = dtypes.float32) -> Pair:
    """Values times weights, and the weights, of the values' shape."""
    values = L.cast(convert_to_tensor(values), dtype)
    if weights is None:
        return values, L.ones_like(values)
    factors = L.cast(weights_for(values, weights), dtype) * L.ones_like(values)
    return values * factors, factors


def total_of(values: Any, weights: Any, dtype: Any = dtypes.float32) -> Any:
    """The sum of values times weights."""
    return L.reduce_sum(weighted(values, weights, dtype)[0])


def share(total: Any, count: Any) -> Any:
    """total / count, and 0 where nothing was counted."""
    return L.divide_no_nan(total, L.maximum(count, 0))
