"""Losses as functions of targets and outputs that give a value for each sample.

Outputs of a sigmoid or a softmax of the same graph are taken back to its logits, so that saturated outputs lose
neither digits nor gradients; where only the numbers are known, probabilities are held `epsilon` away from 0 and 1.
"""
from __future__ import annotations

import math
from typing import Any

from ...dtypes import int32
from ...errors import ShapeError
from ...ir.node import Tensor
from ...ops.language import L
from ..config import epsilon
from ..masks import set_mask
from ..operands import normalized, targets_and_outputs, to_tensor
from ..registry import register

# -------------------------------------------------------------------- distances


@register("losses", "mse", "MSE")
def mean_squared_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of squared differences over the last axis."""
    y, p = targets_and_outputs(y_true, y_pred)
    return L.reduce_mean(L.squared_difference(y, p), -1)


@register("losses", "mae", "MAE")
def mean_absolute_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of absolute differences over the last axis."""
    y, p = targets_and_outputs(y_true, y_pred)
    return L.reduce_mean(L.abs(y - p), -1)


@register("losses", "mape", "MAPE")
def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of absolute differences in percent of the targets, over the last axis."""
    y, p = targets_and_outputs(y_true, y_pred)
    return 100 * L.reduce_mean(L.abs((y - p) / L.maximum(L.abs(y), epsilon())), -1)


@register("losses", "msle", "MSLE")
def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Any:
    """Mean of squared differences of ``log(1 + y)`` over the last axis; negative numbers count as 0."""
    y, p = targets_and_outputs(y_true, y_pred)
    return L.reduce_mean(L.squared_difference(L.log1p(L.maximum(p, epsilon())), L.log1p(L.maximum(y, epsilon()))), -1)


@register("losses")
def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Any:
    """Mean over the last axis of half the squared difference, which goes on as a straight line beyond `delta`.

    References
    ----------
    Huber (1964), "Robust estimation of a location parameter".
    """
    y, p = targets_and_outputs(y_true, y_pred)
    error = L.abs(p - y)
    return L.reduce_mean(L.where(error <= delta, 0.5 * L.square(error), delta * error - 0.5 * delta**2), -1)


@register("losses")
def log_cosh(y_true: Any, y_pred: Any) -> Any:
    """Mean of the logarithm of the hyperbolic cosine of differences over the last axis."""
    y, p = targets_and_outputs(y_true, y_pred)
    error = p - y
    return L.reduce_mean(error + L.softplus(-2 * error) - 0.6931471805599453, -1)


@register("losses")
def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Any:
    """Minus the cosine of the angle between targets and outputs along an axis: -1 for the same direction."""
    y, p = targets_and_outputs(y_true, y_pred)
    return -L.reduce_sum(normalized(y, axis) * normalized(p, axis), axis)


# -------------------------------------------------------------------- margins

def _as_signs(y: Any) -> Any:
    """Targets of 0 and 1 as -1 and 1; others as they are."""
    is_binary = L.reduce_all(L.logical_or(L.equal(y, 0), L.equal(y, 1)))
    return L.where(is_binary, 2 * y - 1, y)


@register("losses")
def hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean of ``max(1 - y_true y_pred, 0)`` over the last axis; targets of 0 and 1 count as -1 and 1."""
    y, p = targets_and_outputs(y_true, y_pred)
    return L.reduce_mean(L.maximum(1 - _as_signs(y) * p, 0), -1)


@register("losses")
def squared_hinge(y_true: Any, y_pred: Any) -> Any:
    """Mean of the square of ``max(1 - y_true y_pred, 0)`` over the last axis; see `hinge`."""
    y, p = targets_and_outputs(y_true, y_pred)
    return L.reduce_mean(L.square(L.maximum(1 - _as_signs(y) * p, 0)), -1)


@register("losses")
def categorical_hinge(y_true: Any, y_pred: Any) -> Any:
    """How far the best wrong class comes within 1 of the right one; targets are 0 and 1."""
    y, p = targets_and_outputs(y_true, y_pred)
    return L.maximum(L.reduce_max((1 - y) * p, -1) - L.reduce_sum(y * p, -1) + 1, 0)


# -------------------------------------------------------------------- distributions

def _probability(p: Any) -> Any:
    return L.clip_by_value(p, epsilon(), 1 - epsilon())


@register("losses", "kld", "KLD")
def kl_divergence(y_true: Any, y_pred: Any) -> Any:
    """Kullback-Leibler divergence of the outputs from the targets, in nats, over the last axis."""
    y, p = targets_and_outputs(y_true, y_pred)
    y, p = L.clip_by_value(y, epsilon(), 1), L.clip_by_value(p, epsilon(), 1)
    return L.reduce_sum(y * L.log(y / p), -1)


@register("losses")
def poisson(y_true: Any, y_pred: Any) -> Any:
    """Mean over the last axis of ``y_pred - y_true log(y_pred)``, for outputs that are rates of counts."""
    y, p = targets_and_outputs(y_true, y_pred)
    return L.reduce_mean(p - y * L.log(p + epsilon()), -1)


def logits_behind(p: Any, op: str, axis: int | None = None) -> Any:
    """What the sigmoid or softmax that made a tensor was taken of; None for other tensors.

    op : "sigmoid" or "softmax"
    axis : along which a softmax has to be
    """
    while isinstance(p, Tensor) and p.node.op.name == "identity":
        p = p.node.inputs[0]
    if not isinstance(p, Tensor) or p.node.op.name != op:
        return None
    if axis is not None and (p.node.op.axis - axis) % p.shape.rank:
        return None
    return p.node.inputs[0]


@register("losses", "bce", "BCE")
def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Cross-entropy of yes-or-no targets in nats, the mean over an axis.

    Parameters
    ----------
    from_logits : outputs are logits, not probabilities
    label_smoothing : how far targets go towards 1/2, in [0, 1]
    """
    y, p = targets_and_outputs(y_true, y_pred)
    y = y * (1 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else y
    return L.reduce_mean(_binary_crossentropy(y, p, from_logits), axis)


def _binary_crossentropy(y: Any, p: Any, from_logits: bool) -> Any:
    logits = p if from_logits else logits_behind(p, "sigmoid")
    if logits is not None:
        return L.sigmoid_cross_entropy_with_logits(y, logits)
    p = _probability(p)
    return -(y * L.log(p) + (1 - y) * L.log(1 - p))


@register("losses")
def binary_focal_crossentropy(
    y_true: Any, y_pred: Any, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
    from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1,
) -> Any:
    """`binary_crossentropy` with less weight on what is right already, by ``(1 - p)^gamma`` of the right answer.

    Parameters
    ----------
    apply_class_balancing : weigh targets of 1 with `alpha` and those of 0 with ``1 - alpha``

    References
    ----------
    Lin et al. (2017), "Focal loss for dense object detection", equations 4 and 5.
    """
    y, p = targets_and_outputs(y_true, y_pred)
    y = y * (1 - label_smoothing) + 0.5 * label_smoothing if label_smoothing else y
    logits = p if from_logits else logits_behind(p, "sigmoid")
    p = L.sigmoid(logits) if from_logits else p
    entropy = _binary_crossentropy(y, p if logits is None else logits, logits is not None)
    values = L.pow(1 - (y * p + (1 - y) * (1 - p)), gamma) * entropy
    if apply_class_balancing:
        values = (y * alpha + (1 - y) * (1 - alpha)) * values
    return L.reduce_mean(values, axis)


@register("losses")
def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Any:
    """Cross-entropy of probabilities of classes in nats.

    Parameters
    ----------
    y_true : probabilities that add up to 1 along `axis`, such as one 1 and zeros
    from_logits : outputs are logits, not probabilities
    label_smoothing : how far targets go towards equal probabilities, in [0, 1]

    Raises
    ------
    ShapeError if the two shapes differ.
    """
    y, p = _classes(y_true, y_pred, label_smoothing, axis, "categorical_crossentropy")
    logits = p if from_logits else logits_behind(p, "softmax", axis)
    if logits is not None:
        return L.softmax_cross_entropy_with_logits(y, logits, axis)
    return -L.reduce_sum(y * L.log(_shares(p, axis)), axis)


def _classes(y_true: Any, y_pred: Any, label_smoothing: float, axis: int, op: str) -> tuple[Any, Any]:
    y, p = targets_and_outputs(y_true, y_pred)
    if y.shape.rank != p.shape.rank or p.shape.rank == 0:
        raise ShapeError(f"targets have shape {y.shape}, outputs {p.shape}", op=op,
                         fix="for targets that are numbers of classes use sparse_categorical_crossentropy")
    if label_smoothing:
        count = L.cast(L.shape_of(p)[axis], p.dtype)
        y = y * (1 - label_smoothing) + label_smoothing / count
    return y, p


def _shares(p: Any, axis: int) -> Any:
    """Outputs as probabilities that add up to 1 and have logarithms."""
    return _probability(p / L.reduce_sum(p, axis, True))


@register("losses")
def categorical_focal_crossentropy(
    y_true: Any, y_pred: Any, alpha: Any = 0.25, gamma: float = 2.0, from_logits: bool = False,
    label_smoothing: float = 0.0, axis: int = -1,
) -> Any:
    """`categorical_crossentropy` with less weight on what is right already.

    alpha : weight, or one for each class
    gamma : exponent of what is missing to 1

    References
    ----------
    Lin et al. (2017), "Focal loss for dense object detection", equation 5.
    """
    y, p = _classes(y_true, y_pred, label_smoothing, axis, "categorical_focal_crossentropy")
    p = _shares(L.softmax(p, axis) if from_logits else p, axis)
    return L.reduce_sum(to_tensor(alpha, p.dtype) * L.pow(1 - p, gamma) * -y * L.log(p), axis)


@register("losses")
def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Any:
    """Cross-entropy of numbers of classes in nats.

    Parameters
    ----------
    y_true : numbers of classes, in the shape of the outputs without `axis`, or with size 1 there
    from_logits : outputs are logits, not probabilities
    ignore_class : targets of this number do not count
    axis : where the outputs' classes stand

    Raises
    ------
    ShapeError if the shapes do not fit; InvalidArgumentError, when run, for a number that is no class.
    """
    y, p = to_tensor(y_true), to_tensor(y_pred)
    y = y if y.dtype.name in ("int32", "int64") else L.cast(y, int32)
    if y.shape.rank == p.shape.rank and y.shape[axis] == 1:
        y = L.squeeze(y, axis)
    if y.shape.rank != p.shape.rank - 1:
        raise ShapeError(f"targets have shape {y.shape}, outputs {p.shape}", op="sparse_categorical_crossentropy",
                         fix="for targets that are probabilities use categorical_crossentropy")
    counts = None if ignore_class is None else L.not_equal(y, ignore_class)
    y = y if counts is None else L.where(counts, y, 0)
    logits = p if from_logits else logits_behind(p, "softmax", axis)
    if logits is not None:
        values = L.sparse_softmax_cross_entropy_with_logits(y, _classes_last(logits, axis))
    else:
        logs = _classes_last(L.log(_shares(p, axis)), axis)
        values = -L.reduce_sum(L.one_hot_like(y, logs) * logs, -1)
    if counts is None:
        return values
    values = L.where(counts, values, 0)
    set_mask(values, counts)
    return values


def _classes_last(x: Any, axis: int) -> Any:
    rank = x.shape.rank
    axis %= rank
    return x if axis == rank - 1 else L.transpose(x, [*[k for k in range(rank) if k != axis], axis])


@register("losses")
def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float) -> Any:
    """``(1 - p^q) / q`` of the probability p of the right class: between cross-entropy and absolute error.

    y_true : numbers of classes
    q : in (0, 1); the larger, the less wrong labels matter

    References
    ----------
    Zhang and Sabuncu (2018), "Generalized cross entropy loss for training deep neural networks with noisy labels",
    equation 6.
    """
    y, p = to_tensor(y_true, int32), to_tensor(y_pred)
    y = L.squeeze(y, -1) if y.shape.rank == p.shape.rank else y
    return (1 - L.pow(L.reduce_sum(p * L.one_hot_like(y, p), -1), q)) / q


# -------------------------------------------------------------------- overlaps

@register("losses")
def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Any:
    """1 minus twice the overlap divided by the sum of both, over some axes, all if None.

    References
    ----------
    Milletari, Navab and Ahmadi (2016), "V-Net", equation 3, with sums in place of squares.
    """
    y, p = targets_and_outputs(y_true, y_pred)
    both = L.reduce_sum(y, axis) + L.reduce_sum(p, axis)
    return 1 - 2 * L.reduce_sum(y * p, axis) / (both + epsilon())


@register("losses")
def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None) -> Any:
    """1 minus the overlap divided by itself and the weighted rests: what is missing (alpha) and too much (beta).

    References
    ----------
    Salehi, Erdogmus and Gholipour (2017), "Tversky loss function for image segmentation", equation 3.
    """
    y, p = targets_and_outputs(y_true, y_pred)
    overlap = L.reduce_sum(y * p, axis)
    missing, extra = L.reduce_sum(y * (1 - p), axis), L.reduce_sum(p * (1 - y), axis)
    return 1 - overlap / (overlap + alpha * missing + beta * extra + epsilon())


# Functions whose targets are numbers of classes.
OF_CLASSES = (sparse_categorical_crossentropy, categorical_generalized_cross_entropy)


@register("losses")
def circle(
    y_true: Any, y_pred: Any, ref_labels: Any = None, ref_embeddings: Any = None, remove_diagonal: bool = True,
    gamma: float = 80, margin: float = 0.4,
) -> Any:
    """For each vector softplus of logsumexp over its own class plus that over other classes, by cosine distance.

        own     -gamma * (d + margin) * (margin - d)
        other   gamma * max(1 + margin - d, 0) * (1 - margin - d)

    Vectors whose value is 0 do not count in a mean.

    Parameters
    ----------
    y_true : number of the class of each vector
    y_pred : vectors of length 1
    ref_labels, ref_embeddings : what they are compared with; themselves if None
    remove_diagonal : whether the first vector is not compared with the first of the others, and so on

    Shapes
    ------
    y_true, ref_labels : (batch,) and (n,), or with a last axis of size 1
    y_pred, ref_embeddings : (batch, size) and (n, size)
    result : (batch,)

    References
    ----------
    Sun et al. (2020), "Circle loss: a unified perspective of pair similarity optimization", equation 6.
    """
    vectors = to_tensor(y_pred)
    others = vectors if ref_embeddings is None else to_tensor(ref_embeddings, vectors.dtype)
    classes = L.reshape(L.cast(to_tensor(y_true), "int32"), (-1, 1))
    kinds = L.reshape(classes if ref_labels is None else L.cast(to_tensor(ref_labels), "int32"), (1, -1))
    is_own = L.equal(classes, kinds)
    is_other = L.logical_not(is_own)
    if remove_diagonal:
        rows, columns = L.cumsum(L.ones_like(classes), 0), L.cumsum(L.ones_like(kinds), 1)
        is_own = L.logical_and(is_own, L.not_equal(rows, columns))
    apart = L.maximum(1.0 - L.matmul(vectors, others, transpose_b=True), 0.0)
    own = -gamma * (apart + margin) * (margin - apart)
    other = gamma * L.maximum(1.0 + margin - apart, 0.0) * (1.0 - margin - apart)
    sums = [L.reduce_logsumexp(L.where(counts, terms, -math.inf), 1)
            for counts, terms in ((is_own, own), (is_other, other))]
    found = L.softplus(sums[0] + sums[1])
    set_mask(found, found > 0.0)
    return found
