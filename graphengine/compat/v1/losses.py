"""Losses with weights, collected in the graph, as TensorFlow 1's `losses`."""
from __future__ import annotations

from typing import Any

from ... import dtypes
from ...errors import AttributeValueError, suggestion
from ...frontend.build import constant, convert_to_tensor
from ...frontend.surface import refusing
from ...ir.graph import get_default_graph
from ...ops.language import L
from .control import name_scope
from .variables import GraphKeys, add_to_collection, get_collection


class Reduction:
    """How the losses of all elements become one."""

    NONE = "none"
    SUM = "weighted_sum"
    MEAN = "weighted_mean"
    SUM_OVER_BATCH_SIZE = "weighted_sum_over_batch_size"
    SUM_OVER_NONZERO_WEIGHTS = SUM_BY_NONZERO_WEIGHTS = "weighted_sum_by_nonzero_weights"

    @classmethod
    def all(cls) -> tuple[str, ...]:
        return cls.NONE, cls.SUM, cls.MEAN, cls.SUM_OVER_BATCH_SIZE, cls.SUM_BY_NONZERO_WEIGHTS


def compute_weighted_loss(
    losses: Any, weights: Any = 1.0, scope: str | None = None, loss_collection: str | None = GraphKeys.LOSSES,
    reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Losses times weights, as one number that joins a collection of the graph.

    Parameters
    ----------
    losses : of each element
    weights : a number, or of the losses' rank and broadcasting to them
    loss_collection : what it joins; None for none
    reduction : one of `Reduction`; by default the sum divided by the number of losses whose weight is not 0

    Raises
    ------
    AttributeValueError for an unknown reduction.
    """
    if reduction not in Reduction.all():
        raise AttributeValueError(f"reduction is {reduction!r}", op="compute_weighted_loss",
                                  fix=suggestion(str(reduction), Reduction.all()))
    with name_scope(scope, "weighted_loss"):
        losses = convert_to_tensor(losses)
        factors = L.cast(weights, losses.dtype)
        weighted = losses * factors
        loss = weighted
        if reduction != Reduction.NONE:
            loss = L.reduce_sum(weighted)
            spread = factors * L.ones_like(losses)
            if reduction == Reduction.MEAN:
                loss = L.divide_no_nan(loss, L.reduce_sum(spread))
            elif reduction == Reduction.SUM_OVER_BATCH_SIZE:
                loss = L.divide_no_nan(loss, L.reduce_sum(L.ones_like(losses)))
            elif reduction == Reduction.SUM_BY_NONZERO_WEIGHTS:
                loss = L.divide_no_nan(loss, L.reduce_sum(L.cast(L.not_equal(spread, 0), losses.dtype)))
        if loss_collection:
            get_default_graph().root.add_to_collection(loss_collection, loss)
        return loss


def _floats(labels: Any, predictions: Any) -> tuple[Any, Any]:
    predictions = L.cast(convert_to_tensor(predictions), dtypes.float32)
    return L.cast(labels, dtypes.float32), predictions


def absolute_difference(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """|predictions - labels|."""
    with name_scope(scope, "absolute_difference") as scope:
        y, p = _floats(labels, predictions)
        return compute_weighted_loss(L.abs(p - y), weights, scope, loss_collection, reduction)


def mean_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """(predictions - labels)^2."""
    with name_scope(scope, "mean_squared_error") as scope:
        y, p = _floats(labels, predictions)
        return compute_weighted_loss(L.squared_difference(p, y), weights, scope, loss_collection, reduction)


def mean_pairwise_squared_error(
    labels: Any, predictions: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES,
) -> Any:
    """The mean over all pairs of elements of a sample of the squared difference of their errors.

    Shapes
    ------
    labels, predictions : (batch, ...)
    weights : a number, or of the labels' rank and broadcasting to them; elements whose weight is 0 do not count
    """
    with name_scope(scope, "mean_pairwise_squared_error"):
        y, p = _floats(labels, predictions)
        errors, factors = p - y, L.cast(weights, dtypes.float32)
        axes = list(range(1, len(errors.shape)))
        present = L.cast(L.not_equal(factors * L.ones_like(errors), 0), dtypes.float32)
        count = L.reduce_sum(present, axes, True)
        squares = L.divide_no_nan(L.reduce_sum(L.square(errors), axes, True), L.maximum(count - 1, 0))
        others = L.divide_no_nan(L.square(L.reduce_sum(errors, axes, True)), L.maximum(count * (count - 1), 0))
        loss = L.reduce_sum(2.0 * (squares - others) * factors)
        if loss_collection:
            add_loss(loss, loss_collection)
        return loss


def huber_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, delta: float = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Half the squared error up to `delta`, and linear beyond.

    References
    ----------
    Huber (1964), "Robust estimation of a location parameter", section 1.
    """
    with name_scope(scope, "huber_loss") as scope:
        y, p = _floats(labels, predictions)
        error = L.abs(p - y)
        near = L.minimum(error, delta)
        return compute_weighted_loss(0.5 * near * near + delta * (error - near), weights, scope, loss_collection,
                                     reduction)


def hinge_loss(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """max(0, 1 - y * logits), where y is -1 or 1 for the labels 0 and 1."""
    with name_scope(scope, "hinge_loss") as scope:
        y, x = _floats(labels, logits)
        return compute_weighted_loss(L.relu(1 - (2 * y - 1) * x), weights, scope, loss_collection, reduction)


def log_loss(
    labels: Any, predictions: Any, weights: Any = 1.0, epsilon: float = 1e-7, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Cross-entropy of probabilities: -y log(p + epsilon) - (1 - y) log(1 - p + epsilon)."""
    with name_scope(scope, "log_loss") as scope:
        y, p = _floats(labels, predictions)
        losses = -y * L.log(p + epsilon) - (1 - y) * L.log(1 - p + epsilon)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


def cosine_distance(
    labels: Any, predictions: Any, axis: int | None = None, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
    dim: int | None = None,
) -> Any:
    """1 - the sum of labels * predictions along `axis`, both of length 1 already."""
    with name_scope(scope, "cosine_distance_loss") as scope:
        y, p = _floats(labels, predictions)
        along = dim if axis is None else axis
        return compute_weighted_loss(1 - L.reduce_sum(y * p, along, True), weights, scope, loss_collection, reduction)


def sigmoid_cross_entropy(
    multi_class_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Cross-entropy of independent labels and the sigmoid of logits; labels are moved towards 1/2 by the smoothing."""
    with name_scope(scope, "sigmoid_cross_entropy_loss") as scope:
        logits = convert_to_tensor(logits)
        y = L.cast(multi_class_labels, logits.dtype)
        if label_smoothing:
            y = y * (1 - label_smoothing) + 0.5 * label_smoothing
        return compute_weighted_loss(L.sigmoid_cross_entropy_with_logits(y, logits), weights, scope, loss_collection,
                                     reduction)


def softmax_cross_entropy(
    onehot_labels: Any, logits: Any, weights: Any = 1.0, label_smoothing: float = 0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Cross-entropy of probabilities and the softmax of logits; labels are moved towards 1/classes."""
    with name_scope(scope, "softmax_cross_entropy_loss") as scope:
        logits = convert_to_tensor(logits)
        y = L.stop_gradient(L.cast(onehot_labels, logits.dtype))
        if label_smoothing:
            classes = L.cast(constant(int(logits.shape[-1])), logits.dtype)
            y = y * (1 - label_smoothing) + label_smoothing / classes
        return compute_weighted_loss(L.softmax_cross_entropy_with_logits(y, logits), weights, scope, loss_collection,
                                     reduction)


def sparse_softmax_cross_entropy(
    labels: Any, logits: Any, weights: Any = 1.0, scope: str | None = None,
    loss_collection: str | None = GraphKeys.LOSSES, reduction: str = Reduction.SUM_BY_NONZERO_WEIGHTS,
) -> Any:
    """Cross-entropy of one given class and the softmax of logits; labels may have one axis of size 1 more."""
    with name_scope(scope, "sparse_softmax_cross_entropy_loss") as scope:
        logits, labels = convert_to_tensor(logits), convert_to_tensor(labels)
        if labels.shape.rank is not None and labels.shape.rank == logits.shape.rank:
            labels = L.squeeze(labels, [-1])
        losses = L.sparse_softmax_cross_entropy_with_logits(labels, logits)
        return compute_weighted_loss(losses, weights, scope, loss_collection, reduction)


# -------------------------------------------------------------------- what the graph has collected

def add_loss(loss: Any, loss_collection: str | None = GraphKeys.LOSSES) -> None:
    """Put a loss into the graph's collection."""
    if loss_collection:
        add_to_collection(loss_collection, loss)


def get_losses(scope: str | None = None, loss_collection: str = GraphKeys.LOSSES) -> list[Any]:
    """The losses that the graph has collected."""
    return get_collection(loss_collection, scope)


def get_regularization_losses(scope: str | None = None) -> list[Any]:
    """The losses that regularizers of variables gave."""
    return get_collection(GraphKeys.REGULARIZATION_LOSSES, scope)


def get_regularization_loss(scope: str | None = None, name: str = "total_regularization_loss") -> Any:
    """Their sum; 0 if there are none."""
    found = get_regularization_losses(scope)
    return L.add_n(found, name=name) if found else constant(0.0)


def get_total_loss(
    add_regularization_losses: bool = True, name: str = "total_loss", scope: str | None = None
) -> Any:
    """The sum of all losses that the graph has collected."""
    found = get_losses(scope) + (get_regularization_losses(scope) if add_regularization_losses else [])
    return L.add_n(found, name=name)


__all__ = [
    "Reduction", "absolute_difference", "add_loss", "compute_weighted_loss", "cosine_distance", "get_losses",
    "get_regularization_loss", "get_regularization_losses", "get_total_loss", "hinge_loss", "huber_loss", "log_loss",
    "mean_pairwise_squared_error", "mean_squared_error", "sigmoid_cross_entropy", "softmax_cross_entropy",
    "sparse_softmax_cross_entropy",
]
__getattr__ = refusing(__name__, lambda: __all__)
