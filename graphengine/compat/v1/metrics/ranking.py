"""Precision and recall of the k classes with the highest scores, where a sample has several true classes."""
from __future__ import annotations

from typing import Any

from .... import dtypes
from ....errors import AttributeValueError, ShapeError
from ....frontend.build import convert_to_tensor
from ....ops.language import L
from .streams import Pair, streamed, total_of, weighted


def _classes(labels: Any, chosen: Any) -> tuple[Any, Any]:
    """Labels and chosen classes as int64; a single label of each sample gets an axis.

    Shapes
    ------
    labels : (..., number of labels), or (...)
    chosen : (..., k)
    """
    y, p = L.cast(convert_to_tensor(labels), dtypes.int64), L.cast(convert_to_tensor(chosen), dtypes.int64)
    if len(p.shape) == len(y.shape) + 1:
        y = L.expand_dims(y, -1)
    if len(p.shape) != len(y.shape):
        raise ShapeError(f"labels of shape {y.shape} for classes of shape {p.shape}; they have the same axes, or labels"
                         " lack the last")
    return y, p


def _members(x: Any, others: Any, class_id: int | None, inside: bool) -> Any:
    """How many different numbers of a row are among others, or are not; with a class, that one only.

    Returns
    -------
    (...) float64
    """
    among = L.reduce_any(L.equal(L.expand_dims(x, -1), L.expand_dims(others, -2)), -1)
    same = L.cast(L.equal(L.expand_dims(x, -1), L.expand_dims(x, -2)), dtypes.float64)
    first = L.equal(L.reduce_sum(L.band_part(same, -1, 0), -1), 1.0)
    held = L.logical_and(first, among if inside else L.logical_not(among))
    if class_id is not None:
        held = L.logical_and(held, L.equal(x, class_id))
    return L.reduce_sum(L.cast(held, dtypes.float64), -1)


def _named(name: str, k: int | None, class_id: int | None = None) -> str:
    return f"{name}_at_{'k' if k is None else k}" + ("" if class_id is None else f"_class{class_id}")


def precision_at_top_k(
    labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The share of chosen classes that are labels.

    Parameters
    ----------
    predictions_idx : chosen classes
    k : their number, for names
    class_id : the only class that counts

    Shapes
    ------
    labels : (..., number of labels), or (...)
    predictions_idx : (..., k)
    weights : (...)
    """
    y, p = _classes(labels, predictions_idx)
    sums = {_named("true_positive", k, class_id): total_of(_members(p, y, class_id, True), weights, dtypes.float64),
            _named("false_positive", k, class_id): total_of(_members(p, y, class_id, False), weights, dtypes.float64)}
    return streamed(name, _named("precision", k, class_id), sums, lambda tp, fp: tp / (tp + fp),
                    (metrics_collections, updates_collections))


def recall_at_top_k(
    labels: Any, predictions_idx: Any, k: int | None = None, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The share of labels that were chosen; arguments are those of `precision_at_top_k`."""
    y, p = _classes(labels, predictions_idx)
    sums = {_named("true_positive", k, class_id): total_of(_members(p, y, class_id, True), weights, dtypes.float64),
            _named("false_negative", k, class_id): total_of(_members(y, p, class_id, False), weights, dtypes.float64)}
    return streamed(name, _named("recall", k, class_id), sums, lambda tp, fn: tp / (tp + fn),
                    (metrics_collections, updates_collections))


def _best(predictions: Any, k: int, op: str) -> Any:
    if k < 1:
        raise AttributeValueError(f"k={k}; it is at least 1", op=op)
    return L.top_k(convert_to_tensor(predictions), k)[1]


def precision_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The share of the `k` classes with the highest scores that are labels; see `precision_at_top_k`.

    Shapes
    ------
    predictions : (..., classes)
    """
    return precision_at_top_k(labels, _best(predictions, k, "metrics.precision_at_k"), k, class_id, weights,
                              metrics_collections, updates_collections, name)


def recall_at_k(
    labels: Any, predictions: Any, k: int, class_id: int | None = None, weights: Any = None,
    metrics_collections: Any = None, updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The share of labels among the `k` classes with the highest scores; see `precision_at_top_k`.

    Shapes
    ------
    predictions : (..., classes)
    """
    return recall_at_top_k(labels, _best(predictions, k, "metrics.recall_at_k"), k, class_id, weights,
                           metrics_collections, updates_collections, name)


def average_precision_at_k(
    labels: Any, predictions: Any, k: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The mean over samples of the precision at each of the `k` best places that holds a label.

        sum of precision(i) over places i that hold a label / min(number of labels, k)

    Labels that are no class do not count.

    Shapes
    ------
    labels : (..., number of labels), or (...)
    predictions : (..., classes)
    weights : (...)
    """
    scores = convert_to_tensor(predictions)
    y, p = _classes(labels, _best(scores, k, "metrics.average_precision_at_k"))
    y = L.where(L.greater_equal(y, L.cast(L.shape_of(scores)[-1], dtypes.int64)), L.zeros_like(y) - 1, y)
    relevant = L.cast(L.reduce_any(L.equal(L.expand_dims(p, -1), L.expand_dims(y, -2)), -1), dtypes.float64)
    precision = L.cumsum(relevant, -1) / L.cumsum(L.ones_like(relevant), -1)
    count = L.minimum(L.reduce_sum(L.cast(L.greater_equal(y, 0), dtypes.float64), -1), float(k))
    average, factors = weighted(L.reduce_sum(precision * relevant, -1) / count, weights, dtypes.float64)
    sums = {"total": L.reduce_sum(average), "max": L.reduce_sum(factors)}
    return streamed(name, _named("average_precision", k), sums, L.divide_no_nan,
                    (metrics_collections, updates_collections))


sparse_precision_at_k, sparse_average_precision_at_k = precision_at_k, average_precision_at_k
