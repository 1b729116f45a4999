"""Means over all elements so far, and over classes."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .... import dtypes
from ....errors import ShapeError
from ....frontend.build import convert_to_tensor
from ....frontend.pieces import confusion_matrix
from ....ops.language import L
from .streams import Pair, alike, share, streamed, weighted


def _mean(
    values: Any, weights: Any, name: str | None, default: str, collections: tuple[Any, Any],
    value: Callable[..., Any] = share,
) -> Pair:
    total, count = weighted(values, weights)
    return streamed(name, default, {"total": L.reduce_sum(total), "count": L.reduce_sum(count)}, value, collections)


def mean(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> Pair:
    """The mean of all values so far, and the op that adds a batch."""
    return _mean(values, weights, name, "mean", (metrics_collections, updates_collections))


def mean_tensor(
    values: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> Pair:
    """The mean of tensors of one shape, element by element.

    Raises
    ------
    ShapeError if the shape is not known.
    """
    total, count = weighted(values, weights)
    if not total.shape.is_fully_defined():
        raise ShapeError(f"values has shape {total.shape}; it has to be known", op="metrics.mean_tensor")
    return streamed(name, "mean", {"total_tensor": total, "count_tensor": count}, share,
                    (metrics_collections, updates_collections))


def accuracy(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The share of predictions that equal their labels."""
    labels, predictions, weights = alike(labels, predictions, weights)
    right = L.equal(L.cast(predictions, labels.dtype), labels)
    return _mean(right, weights, name, "accuracy", (metrics_collections, updates_collections))


def _errors(
    labels: Any, predictions: Any, weights: Any, error: Callable[[Any, Any], Any], name: str | None, default: str,
    *collections: Any, value: Callable[..., Any] = share,
) -> Pair:
    labels, predictions, weights = alike(labels, predictions, weights)
    return _mean(error(L.cast(labels, predictions.dtype), predictions), weights, name, default, collections, value)


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The mean of (predictions - labels)^2."""
    return _errors(labels, predictions, weights, L.squared_difference, name, "mean_squared_error",
                   metrics_collections, updates_collections)


def root_mean_squared_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The root of the mean of (predictions - labels)^2."""
    return _errors(labels, predictions, weights, L.squared_difference, name, "root_mean_squared_error",
                   metrics_collections, updates_collections, value=lambda total, count: L.sqrt(share(total, count)))


def mean_absolute_error(
    labels: Any, predictions: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The mean of |predictions - labels|."""
    return _errors(labels, predictions, weights, lambda y, p: L.abs(p - y), name, "mean_absolute_error",
                   metrics_collections, updates_collections)


def mean_relative_error(
    labels: Any, predictions: Any, normalizer: Any, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The mean of |predictions - labels| / normalizer, with 0 where the normalizer is 0."""
    by = alike(normalizer, predictions)[0]
    return _errors(labels, predictions, weights, lambda y, p: L.divide_no_nan(L.abs(p - y), by), name,
                   "mean_relative_error", metrics_collections, updates_collections)


def mean_cosine_distance(
    labels: Any, predictions: Any, dim: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """1 - the mean of the sums of labels * predictions along `dim`, both of length 1 already."""
    return _errors(labels, predictions, weights, lambda y, p: L.reduce_sum(y * p, [dim], True), name,
                   "mean_cosine_distance", metrics_collections, updates_collections,
                   value=lambda total, count: 1.0 - share(total, count))


def percentage_below(
    values: Any, threshold: Any, weights: Any = None, metrics_collections: Any = None, updates_collections: Any = None,
    name: str | None = None,
) -> Pair:
    """The share of values below a threshold, in [0, 1]."""
    return _mean(L.less(convert_to_tensor(values), threshold), weights, name, "percentage_below_threshold",
                 (metrics_collections, updates_collections))


# -------------------------------------------------------------------- of classes

def mean_per_class_accuracy(
    labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The mean over classes of the share of a class that was found; the update gives that of each class."""
    y = L.reshape(L.cast(convert_to_tensor(labels), dtypes.int64), (-1,))
    p = L.reshape(L.cast(convert_to_tensor(predictions), dtypes.int64), (-1,))
    right, counts = weighted(L.equal(p, y), None if weights is None else L.reshape(convert_to_tensor(weights), (-1,)))
    sums = {key: L.unsorted_segment_sum(x, y, num_classes) for key, x in (("total", counts), ("count", right))}
    return streamed(name, "mean_accuracy", sums, lambda total, count: L.reduce_mean(share(count, total)),
                    (metrics_collections, updates_collections), update=lambda total, count: share(count, total))


def mean_iou(
    labels: Any, predictions: Any, num_classes: int, weights: Any = None, metrics_collections: Any = None,
    updates_collections: Any = None, name: str | None = None,
) -> Pair:
    """The mean over classes of intersection over union, of classes that occur; the update gives the counts of pairs.

        overlap of c / (labels c + predictions c - overlap of c)
    """
    flat = [None if x is None else L.reshape(convert_to_tensor(x), (-1,)) for x in (labels, predictions, weights)]
    counts = confusion_matrix(L.cast(flat[0], dtypes.int64), L.cast(flat[1], dtypes.int64), num_classes, flat[2],
                              dtypes.float64)

    def value(matrix: Any) -> Any:
        overlap = L.diag_part(matrix)
        union = L.reduce_sum(matrix, 0) + L.reduce_sum(matrix, 1) - overlap
        occur = L.reduce_sum(L.cast(L.not_equal(union, 0), dtypes.float64))
        return L.cast(L.divide_no_nan(L.reduce_sum(L.divide_no_nan(overlap, union)), occur), dtypes.float32)

    counts = L.reshape(counts, (num_classes, num_classes))
    return streamed(name, "mean_iou", {"total_confusion_matrix": counts}, value,
                    (metrics_collections, updates_collections), update=lambda matrix: matrix)
