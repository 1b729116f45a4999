"""Losses from logits. Differentiated as a whole, so gradients of cross-entropies are differences of probabilities."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError, ShapeError
from ..ir.dims import Shape, merge
from .kinds import Array, Composite, Floating, Index, NoGradient, attr, port
from .language import L
from .math import same_shape
from .quiet import quiet
from .registry import op
from .rules import as_int, normal_axis
from .samples import distinct, integers, normal, probabilities, sample, uniform, values

NO_SUCH_CLASS = "a label is outside [0, classes)"


def log_softmax_array(x: Array, axis: int) -> Array:
    shifted = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return np.asarray(shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True)))


@op
class SoftmaxCrossEntropyWithLogits(Composite):
    """Cross-entropy of given probabilities and the softmax of logits.

        loss = -sum over classes of labels * log(softmax(logits))

    Shapes
    ------
    labels, logits : the same, classes at `axis`
    result : without that axis

    Notes
    -----
    The gradient by logits is softmax(logits) - labels, which supposes that labels add up to 1, as in TensorFlow.

    References
    ----------
    Bishop (2006), "Pattern recognition and machine learning", equations 4.108 and 4.109.
    """

    category = "Loss"
    names = ("nn.softmax_cross_entropy_with_logits",)
    node_name = "softmax_cross_entropy_with_logits"
    inputs = (port("labels", Floating, "probabilities, add up to 1"),
              port("logits", Floating, "unscaled log probabilities, dimensionless"))
    axis: int = attr(-1, "axis of the classes", convert=as_int)

    def result_shape(self, labels: Shape, logits: Shape) -> Shape:
        if len(labels) != len(logits):
            raise ShapeError(f"labels have shape {labels}, logits {logits}")
        k = normal_axis(self.axis, len(logits))
        merged = [merge(a, b, f"labels and logits differ on axis {axis}")
                  for axis, (a, b) in enumerate(zip(labels, logits, strict=True))]
        return Shape(merged[:k] + merged[k + 1:])

    def decompose(self, labels: Any, logits: Any) -> Any:
        return -L.reduce_sum(labels * L.log_softmax(logits, self.axis), self.axis)

    @quiet
    def reference(self, labels: Array, logits: Array) -> Array:
        return np.asarray(-np.sum(labels * log_softmax_array(logits, self.axis), axis=self.axis))

    def gradient(self, g: Any, y: Any, labels: Any, logits: Any) -> Any:
        g = L.restore_axes(g, logits, self.axis)
        return -g * L.log_softmax(logits, self.axis), g * (L.softmax(logits, self.axis) - labels)

    samples = (sample(probabilities(3, 4), normal(3, 4)), sample(probabilities(3, 4), uniform(-400.0, 400.0, 3, 4)),
               sample(normal(2, 3, 4), normal(2, 3, 4), axis=1, smooth=False),
               sample(probabilities(1, 5), normal(1, 5)), sample(normal(0, 3), normal(0, 3)))


@op
class OneHotLike(Composite):
    """1 at the class that a label names, 0 at the others.

    Raises
    ------
    InvalidArgumentError, when run, if a label is outside [0, classes).

    Shapes
    ------
    labels : any
    like : the shape of labels, and the classes last
    result : the shape of like
    """

    category = "Indexing"
    internal = True
    inputs = (port("labels", Index, "numbers of classes", same="I"), port("like", Floating, "lends shape and dtype"))
    gradient = NoGradient("it depends on whole numbers alone")

    def result_dtype(self, *types: Any) -> Any:
        return types[1]

    def result_shape(self, labels: Shape, like: Shape) -> Shape:
        return like

    def decompose(self, labels: Any, like: Any) -> Any:
        return L.cast(class_mask(labels, like), like.dtype)

    def reference(self, labels: Array, like: Array) -> Array:
        check_classes(labels, like.shape[-1])
        return np.asarray(labels[..., None] == np.arange(like.shape[-1]), like.dtype)

    samples = (sample(integers(0, 4, 3), normal(3, 4)), sample(integers(0, 4, 2, 3, dtype="int64"), normal(2, 3, 4)))


def check_classes(labels: Array, count: int) -> None:
    """Raise InvalidArgumentError if a label is outside [0, count), with the first that is."""
    wrong = labels[(labels < 0) | (labels >= count)]
    if wrong.size:
        label = int(wrong.flat[0])
        fix = f"have {int(wrong.max()) + 1} logits a row" if label >= 0 else "number classes from 0"
        raise InvalidArgumentError(f"label {label} is outside 0 to {count - 1}, the {count} classes",
                                   fix=f"{fix}, or correct the labels")


def class_mask(labels: Any, logits: Any) -> Any:
    """Where the label's class, which has to exist, stands along the last axis; rank as logits."""
    last = logits.rank - 1
    names = L.expand_dims(labels, last)
    count = L.size_value(logits.shape[-1], labels.dtype)
    names = L.checked(names, (names < 0) | (names >= count), NO_SUCH_CLASS)
    return L.equal(names, L.iota(logits.shape[-1], last, logits.rank, labels.dtype))


@op
class SparseSoftmaxCrossEntropyWithLogits(Composite):
    """Cross-entropy of one given class and the softmax of logits.

        loss = -log(softmax(logits)[label])

    Shapes
    ------
    labels : (...)
    logits : (..., classes)
    result : (...)

    Raises
    ------
    InvalidArgumentError, when run, if a label is outside [0, classes), as TensorFlow does on a CPU.
    """

    category = "Loss"
    names = ("nn.sparse_softmax_cross_entropy_with_logits",)
    inputs = (port("labels", Index, "numbers of classes, in [0, classes)", same="I"),
              port("logits", Floating, "unscaled log probabilities, dimensionless"))

    def result_dtype(self, *types: Any) -> Any:
        return types[1]

    def result_shape(self, labels: Shape, logits: Shape) -> Shape:
        if len(labels) != len(logits) - 1:
            raise ShapeError(
                f"labels have shape {labels}, logits {logits}; logits have one axis more",
                fix="labels are numbers of classes; for probabilities use softmax_cross_entropy_with_logits",
            )
        return Shape(merge(a, b, f"labels and logits differ on axis {k}")
                     for k, (a, b) in enumerate(zip(labels, logits, strict=False)))

    def decompose(self, labels: Any, logits: Any) -> Any:
        axes = (logits.rank - 1,)
        shifted = logits - L.max_axes(logits, axes)
        chosen = L.sum_axes(L.where(class_mask(labels, logits), shifted, 0), axes)
        return L.reshape(L.log(L.sum_axes(L.exp(shifted), axes)) - chosen, tuple(labels.shape))

    @quiet
    def reference(self, labels: Array, logits: Array) -> Array:
        logs = log_softmax_array(logits, -1)
        check_classes(labels, logits.shape[-1])
        return np.asarray(-np.take_along_axis(logs, labels[..., None], axis=-1)[..., 0])

    def gradient(self, g: Any, y: Any, labels: Any, logits: Any) -> Any:
        return None, L.restore_axes(g, logits, -1) * (L.softmax(logits) - L.one_hot_like(labels, logits))

    samples = (sample(integers(0, 4, 3), normal(3, 4)), sample(integers(0, 4, 2, 3, dtype="int64"), normal(2, 3, 4)),
               sample(integers(0, 4), normal(4)), sample(integers(0, 4, 0), normal(0, 4)),
               sample(integers(0, 4, 3), uniform(-400.0, 400.0, 3, 4)))


@op
class SigmoidCrossEntropyWithLogits(Composite):
    """Cross-entropy of independent yes-or-no labels and the sigmoid of logits, element by element.

        loss = max(x, 0) - x * z + log(1 + e^-|x|)

    which equals -z log(sigmoid(x)) - (1 - z) log(1 - sigmoid(x)) without overflow.

    Shapes
    ------
    labels, logits : the same
    result : the same
    """

    category = "Loss"
    names = ("nn.sigmoid_cross_entropy_with_logits",)
    node_name = "logistic_loss"
    inputs = (port("labels", Floating, "z, probabilities in [0, 1]"),
              port("logits", Floating, "x, log odds, dimensionless"))

    def result_shape(self, labels: Shape, logits: Shape) -> Shape:
        return same_shape((labels, logits))

    def decompose(self, z: Any, x: Any) -> Any:
        return L.maximum(x, 0) - x * z + L.log1p(L.exp(-L.abs(x)))

    @quiet
    def reference(self, z: Array, x: Array) -> Array:
        return np.asarray(z * np.logaddexp(0, -x) + (1 - z) * np.logaddexp(0, x))

    def gradient(self, g: Any, y: Any, z: Any, x: Any) -> Any:
        return -g * x, g * (L.sigmoid(x) - z)

    samples = (sample(uniform(0.0, 1.0, 3, 4), distinct(3, 4)), sample(uniform(0.0, 1.0, 5), uniform(-80.0, 80.0, 5)),
               sample(normal(0), normal(0)), sample(values(0.0, 1.0), values(0.0, 0.0), smooth=False))


@op
class WeightedCrossEntropyWithLogits(Composite):
    """Cross-entropy of yes-or-no labels and the sigmoid of logits, the positive part weighted.

        loss = (1 - z) x + (1 + (q - 1) z) (log(1 + e^-|x|) + max(-x, 0))

    Shapes
    ------
    labels, logits, result : the same
    pos_weight : ()
    """

    category = "Loss"
    names = ("nn.weighted_cross_entropy_with_logits",)
    inputs = (port("labels", Floating, "z, probabilities in [0, 1]"),
              port("logits", Floating, "x, log odds, dimensionless"),
              port("pos_weight", Floating, "q, weight of the positive labels"))

    def result_shape(self, z: Shape, x: Shape, q: Shape) -> Shape:
        return same_shape((z, x))

    def decompose(self, z: Any, x: Any, q: Any) -> Any:
        return (1 - z) * x + ((q - 1) * z + 1) * L.softplus(-x)

    @quiet
    def reference(self, z: Array, x: Array, q: Array) -> Array:
        return np.asarray(q * z * np.logaddexp(0, -x) + (1 - z) * np.logaddexp(0, x), x.dtype)

    def gradient(self, g: Any, y: Any, z: Any, x: Any, q: Any) -> Any:
        tail = L.softplus(-x)
        by_x = (1 - z) - ((q - 1) * z + 1) * L.sigmoid(-x)
        return g * ((q - 1) * tail - x), g * by_x, L.sum_like(g * z * tail, q)

    samples = (sample(uniform(0.0, 1.0, 3, 4), distinct(3, 4), uniform(0.5, 3.0)),
               sample(normal(0), normal(0), uniform(0.5, 3.0)))


@op
class LogPoissonLoss(Composite):
    """Negative logarithm of a Poisson probability, up to the term that the logits do not change.

        loss = e^c - z c
        loss = e^c - z c + z log(z) - z + log(2 pi z) / 2    if compute_full_loss, the last three where z > 1
    """

    category = "Loss"
    names = ("nn.log_poisson_loss",)
    inputs = (port("targets", Floating, "z, counts"), port("log_input", Floating, "c, logarithm of the rate"))
    compute_full_loss: bool = attr(False, "add Stirling's approximation of log(z!)")

    def result_shape(self, z: Shape, c: Shape) -> Shape:
        return same_shape((z, c))

    def decompose(self, z: Any, c: Any) -> Any:
        loss = L.exp(c) - c * z
        if not self.compute_full_loss:
            return loss
        counted = (z < 0) | (z > 1)
        stirling = z * L.log(z) - z + L.log(z * (2 * math.pi)) * 0.5
        return loss + L.where(counted, stirling, 0)

    @quiet
    def reference(self, z: Array, c: Array) -> Array:
        loss = np.exp(c) - c * z
        if self.compute_full_loss:
            stirling = z * np.log(z) - z + np.log(2 * np.pi * z) / 2
            loss = loss + np.where((z >= 0) & (z <= 1), 0, stirling)
        return np.asarray(loss, c.dtype)

    def gradient(self, g: Any, y: Any, z: Any, c: Any) -> Any:
        by_z = -c
        if self.compute_full_loss:
            counted = (z < 0) | (z > 1)
            safe = L.where(counted, z, 1)
            by_z = by_z + L.where(counted, L.log(safe) + 0.5 / safe, 0)
        return g * by_z, g * (L.exp(c) - z)

    samples = (sample(uniform(0.0, 5.0, 3, 4), normal(3, 4)), sample(normal(0), normal(0)),
               sample(uniform(1.5, 5.0, 3, 4), normal(3, 4), compute_full_loss=True),
               sample(values(0.0, 0.5, 1.0), normal(3), compute_full_loss=True, smooth=False))
