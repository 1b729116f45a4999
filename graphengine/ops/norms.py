"""Lengths of vectors, scaling to a length, and normalization by given moments."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..ir.dims import Shape
from .kinds import Array, Composite, Floating, attr, port
from .language import L
from .math import same_shape
from .quiet import quiet
from .registry import op
from .rules import Axes, as_axes, reduced_shape
from .samples import distinct, normal, sample, uniform, values


@op
class L2Loss(Composite):
    """Half the sum of squares, sum(t^2) / 2.

    Shapes
    ------
    result : ()
    """

    category = "Loss"
    names = ("nn.l2_loss",)
    node_name = "L2Loss"
    inputs = (port("t", Floating, "numbers"),)

    def result_shape(self, t: Shape) -> Shape:
        return Shape(())

    def decompose(self, t: Any) -> Any:
        return L.reduce_sum(t * t) * 0.5

    def reference(self, t: Array) -> Array:
        return np.asarray(np.sum(t * t) / 2, t.dtype)

    def gradient(self, g: Any, y: Any, t: Any) -> Any:
        return g * t

    samples = (sample(normal(3, 4)), sample(normal(0)), sample(normal()))


@op
class L2Normalize(Composite):
    """x divided by its Euclidean length along axes, x / sqrt(max(sum(x^2), epsilon))."""

    category = "Normalization"
    names = ("nn.l2_normalize", "math.l2_normalize", "linalg.l2_normalize")
    inputs = (port("x", Floating, "vectors"),)
    axis: Axes = attr(None, "axes of a vector, all if None", convert=as_axes)
    epsilon: float = attr(1e-12, "lower limit of the sum of squares", convert=float)

    def result_shape(self, x: Shape) -> Shape:
        reduced_shape(x, self.axis, True)
        return x

    def _factor(self, x: Any) -> tuple[Any, Any]:
        square = L.reduce_sum(x * x, self.axis, True)
        return square, L.rsqrt(L.maximum(square, self.epsilon))

    def decompose(self, x: Any) -> Any:
        return x * self._factor(x)[1]

    @quiet
    def reference(self, x: Array) -> Array:
        square = np.sum(x * x, axis=self.axis, keepdims=True)
        return np.asarray(x / np.sqrt(np.maximum(square, x.dtype.type(self.epsilon))))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        square, factor = self._factor(x)
        along = L.reduce_sum(g * y, self.axis, True)
        return (g - y * L.where(square >= self.epsilon, along, 0)) * factor

    samples = (sample(normal(3, 4)), sample(normal(3, 4), axis=1), sample(normal(2, 3, 4), axis=[0, 2]),
               sample(values([[0.0, 0.0], [3.0, 4.0]]), axis=-1, smooth=False), sample(normal(0, 3), axis=1))


@op
class ClipByNorm(Composite):
    """t scaled down to a given Euclidean length along axes, where it is longer.

    Shapes
    ------
    t : any
    clip_norm : ()
    result : the shape of t
    """

    category = "Normalization"
    names = ("clip_by_norm",)
    node_name = "clip_by_norm"
    inputs = (port("t", Floating, "vectors"), port("clip_norm", Floating, "the largest length, positive"))
    axes: Axes = attr(None, "axes of a vector, all if None", convert=as_axes)

    def result_shape(self, t: Shape, limit: Shape) -> Shape:
        reduced_shape(t, self.axes, True)
        return t

    def _length(self, t: Any) -> tuple[Any, Any]:
        square = L.reduce_sum(t * t, self.axes, True)
        present = square > 0
        return present, L.where(present, L.sqrt(L.where(present, square, 1)), square)

    def decompose(self, t: Any, limit: Any) -> Any:
        return t * limit / L.maximum(self._length(t)[1], limit)

    @quiet
    def reference(self, t: Array, limit: Array) -> Array:
        length = np.sqrt(np.sum(t * t, axis=self.axes, keepdims=True))
        return np.asarray(t * limit / np.maximum(length, limit))

    def gradient(self, g: Any, y: Any, t: Any, limit: Any) -> Any:
        present, length = self._length(t)
        cut = length > limit
        safe = L.where(present, length, 1)
        unit = t / safe
        along = L.reduce_sum(g * unit, self.axes, True)
        by_t = L.where(cut, (g - unit * along) * (limit / safe), g)
        return by_t, L.reduce_sum(L.where(cut, g * unit, 0))

    samples = (sample(normal(3, 4), uniform(0.5, 0.9)), sample(normal(3, 4), uniform(50.0, 60.0)),
               sample(uniform(1.0, 2.0, 3, 4), uniform(0.5, 0.9), axes=[1]), sample(normal(0), uniform(0.5, 0.9)),
               sample(values(0.0, 0.0), uniform(0.5, 0.9), smooth=False))


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
