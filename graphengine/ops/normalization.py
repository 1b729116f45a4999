"""Numbers brought to a common scale: by their own mean and variance, or by the energy of neighboring channels."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.dims import Shape
from .kinds import REQUIRED, Array, Composite, Floating, attr, port
from .language import L
from .quiet import quiet
from .registry import op
from .rules import Axes, as_axes, as_int, normal_axes, reduced_shape
from .samples import normal, sample, uniform, values
from .shaping import part_of


@op
class Standardize(Composite):
    """Numbers with mean 0 and variance 1 along axes.

        y = (x - mean(x)) / sqrt(variance(x) + epsilon)

    References
    ----------
    Ba, Kiros and Hinton (2016), "Layer normalization", equation 3. For the gradient: Ioffe and Szegedy (2015), "Batch
    normalization", section 3, with the sums brought together.
    """

    category = "Normalization"
    internal = True                         # users call nn.layer_normalization()
    inputs = (port("x", Floating, "numbers"),)
    axis: Axes = attr(None, "axes that share a mean, all if None", convert=as_axes)
    epsilon: float = attr(1e-7, "what is added to the variance", low=0.0, convert=float)

    def result_shape(self, x: Shape) -> Shape:
        reduced_shape(x, self.axis, True)
        return x

    def _centered(self, x: Any) -> tuple[Any, Any]:
        """Distances from the mean, and what they are multiplied by."""
        distance = x - L.reduce_mean(x, self.axis, True)
        return distance, L.rsqrt(L.reduce_mean(distance * distance, self.axis, True) + self.epsilon)

    def decompose(self, x: Any) -> Any:
        distance, scale = self._centered(x)
        return distance * scale

    @quiet
    def reference(self, x: Array) -> Array:
        axes = normal_axes(self.axis, x.ndim)
        if not x.size:
            return np.zeros_like(x)
        variance = np.var(x, axis=axes, keepdims=True)
        return np.asarray((x - np.mean(x, axis=axes, keepdims=True)) / np.sqrt(variance + x.dtype.type(self.epsilon)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        _, scale = self._centered(x)
        mean, along = L.reduce_mean(g, self.axis, True), L.reduce_mean(g * y, self.axis, True)
        return (g - mean - y * along) * scale

    samples = (sample(normal(3, 4)), sample(normal(3, 4), axis=-1, epsilon=1e-3),
               sample(normal(2, 3, 4), axis=[0, 2], epsilon=1e-3), sample(normal(0, 3), axis=1),
               sample(normal(3, 0), axis=1), sample(uniform(3.0, 5.0, 2, 8), axis=1, epsilon=1e-3),
               sample(values([[2.0, 2.0], [1.0, 3.0]]), axis=1, epsilon=0.5))


@op
class LocalSums(Composite):
    """Sums of each element and its neighbors along the last axis; what lies beyond the ends counts as 0."""

    category = "Normalization"
    internal = True
    inputs = (port("x", Floating, "terms, at least one axis"),)
    radius: int = attr(REQUIRED, "neighbors on each side", low=0, convert=as_int)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        last, size, radius = x.rank - 1, x.shape[-1], self.radius
        if isinstance(size, int):
            radius = min(radius, max(size - 1, 0))
        padded = L.pad_constant(x, [[0, 0]] * last + [[radius, radius]])
        return L.add_n([part_of(padded, last, k, size) for k in range(2 * radius + 1)])

    @quiet
    def reference(self, x: Array) -> Array:
        places = range(x.shape[-1])
        sums = [np.sum(x[..., max(k - self.radius, 0):k + self.radius + 1], axis=-1) for k in places]
        return np.stack(sums, axis=-1) if sums else np.zeros_like(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.local_sums(g, self.radius)

    samples = (sample(normal(2, 7), radius=2), sample(normal(3), radius=9), sample(normal(2, 3), radius=0),
               sample(normal(0, 3), radius=1), sample(normal(2, 0), radius=1))


@op
class LocalResponseNormalization(Composite):
    """Each element divided by a power of the squares around it, along the channels.

        y[c] = x[c] / (bias + alpha * sum of x[k]^2 for k from c - depth_radius to c + depth_radius) ^ beta

    Channels that do not exist count as 0.

    Shapes
    ------
    input : (batch, height, width, channels)
    result : the same

    References
    ----------
    Krizhevsky, Sutskever and Hinton (2012), "ImageNet classification with deep convolutional neural networks",
    section 3.3.
    """

    category = "Normalization"
    names = ("nn.local_response_normalization", "nn.lrn")
    node_name = "LRN"
    inputs = (port("input", Floating, "images, channels last"),)
    depth_radius: int = attr(5, "channels that count on each side", low=0, convert=as_int)
    bias: float = attr(1.0, "what is added to the squares; keeps the divisor from 0", convert=float)
    alpha: float = attr(1.0, "weight of the squares", convert=float)
    beta: float = attr(0.5, "exponent of the divisor", convert=float)

    def result_shape(self, x: Shape) -> Shape:
        if len(x) != 4:
            raise ShapeError(f"input has shape {x}; it takes (batch, height, width, channels)")
        return x

    def decompose(self, x: Any) -> Any:
        return x * self._base(x) ** -self.beta

    def _base(self, x: Any) -> Any:
        return L.local_sums(x * x, self.depth_radius) * self.alpha + self.bias

    @quiet
    def reference(self, x: Array) -> Array:
        squares = LocalSums(self.depth_radius).reference(x * x)
        return np.asarray(x / np.power(self.bias + self.alpha * squares, self.beta), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        base = self._base(x)
        shared = L.local_sums(g * y / base, self.depth_radius)
        return g * base ** -self.beta - x * shared * (2 * self.alpha * self.beta)

    samples = (sample(normal(2, 2, 3, 7), depth_radius=2), sample(normal(1, 2, 1, 4)),
               sample(normal(2, 1, 2, 5), depth_radius=1, bias=2.0, alpha=0.3, beta=0.75),
               sample(normal(1, 1, 2, 3), depth_radius=0), sample(normal(0, 2, 2, 3)))
