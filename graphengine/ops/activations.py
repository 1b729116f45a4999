"""The further activations of networks: Keras's set beside the rectifiers of `nn`."""
from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np

from ..dtypes import float32
from ..ir.dims import Shape
from .kinds import Array, Composite, Floating, Numeric, attr, port
from .language import L
from .parts import Composed
from .quiet import quiet
from .registry import op
from .rules import as_int, normal_axis
from .samples import Sample, distinct, normal, sample, uniform, values
from .shaping import SplitPart

_SMOOTH = (sample(normal(3, 4)), sample(uniform(-60.0, 60.0, 30), smooth=False), sample(normal(0, 3)), sample(normal()))
_KINKED = (sample(distinct(3, 4)), sample(normal(0, 3)), sample(normal()),
           sample(values(-3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, np.nan, np.inf, -np.inf), smooth=False))


class _Activation(Composite):
    category = "Activation"
    inputs = (port("x", Floating, "numbers"),)
    samples: ClassVar[tuple[Sample, ...]] = _KINKED

    def result_shape(self, x: Shape) -> Shape:
        return x


@op
class Gelu(_Activation):
    """Gaussian error linear unit: x times the share of a standard normal distribution below x.

        y = x (1 + erf(x / sqrt(2))) / 2
        y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2    if approximate

    References
    ----------
    Hendrycks and Gimpel (2016), "Gaussian error linear units (GELUs)", section 2.
    """

    names = ("nn.gelu",)
    onnx = "Gelu"
    inputs = (port("features", Floating, "numbers"),)
    approximate: bool = attr(False, "use the formula with tanh")

    def decompose(self, x: Any) -> Any:
        return x * self._share(x)

    def _share(self, x: Any) -> Any:
        if not self.approximate:
            return L.erfc(x * -math.sqrt(0.5)) * 0.5
        return (L.tanh(self._inner(x)) + 1) * 0.5

    def _inner(self, x: Any) -> Any:
        return (x + x * x * x * 0.044715) * math.sqrt(2 / math.pi)

    @quiet
    def reference(self, x: Array) -> Array:
        from scipy import special

        wide = x.astype(np.float64)
        share = 0.5 * (1 + np.tanh(self._inner(wide))) if self.approximate else 0.5 * special.erfc(-wide / math.sqrt(2))
        return np.asarray(wide * share, x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        share = self._share(x)
        if not self.approximate:
            return g * (share + x * L.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi)))
        inner = (x * x * (3 * 0.044715) + 1) * math.sqrt(2 / math.pi)
        return g * (share + x * share * (1 - share) * 2 * inner)

    samples = (sample(normal(3, 4)), sample(normal(3, 4), approximate=True), sample(normal(0)),
               sample(uniform(-5.0, 5.0, 30), smooth=False))


@op
class LogSigmoid(_Activation):
    """Logarithm of the logistic function, -log(1 + e^-x)."""

    names = ("math.log_sigmoid", "nn.log_sigmoid")
    samples = _SMOOTH

    def decompose(self, x: Any) -> Any:
        return -L.softplus(-x)

    @quiet
    def reference(self, x: Array) -> Array:
        return np.asarray(-np.logaddexp(-x, x.dtype.type(0)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.sigmoid(-x)


@op
class HardSigmoid(_Activation):
    """Straight lines in the place of the logistic function: x / 6 + 1/2, held between 0 and 1."""

    names = ("nn.hard_sigmoid",)

    def decompose(self, x: Any) -> Any:
        return L.relu6(x + 3) * (1 / 6)

    @quiet
    def reference(self, x: Array) -> Array:
        return np.asarray(np.clip(x / 6 + x.dtype.type(0.5), 0, 1), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where((x > -3) & (x < 3), g * (1 / 6), 0)


@op
class HardSilu(_Activation):
    """x times hard_sigmoid(x); also called hard swish.

    References
    ----------
    Howard et al. (2019), "Searching for MobileNetV3", section 5.2.
    """

    names = ("nn.hard_silu", "nn.hard_swish")
    onnx = "HardSwish"

    def decompose(self, x: Any) -> Any:
        return x * L.hard_sigmoid(x)

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.HardSwish(x) if x.dtype is float32 else None

    @quiet
    def reference(self, x: Array) -> Array:
        return np.asarray(x * np.clip(x / 6 + x.dtype.type(0.5), 0, 1), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (L.hard_sigmoid(x) + x * L.where((x > -3) & (x < 3), 1 / 6, L.zeros_like(x)))


@op
class HardTanh(_Activation):
    """x held between -1 and 1."""

    names = ("nn.hard_tanh",)

    def decompose(self, x: Any) -> Any:
        return L.maximum(L.minimum(x, 1), -1)

    def reference(self, x: Array) -> Array:
        return np.clip(x, x.dtype.type(-1), x.dtype.type(1))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where((x > -1) & (x < 1), g, 0)


@op
class Celu(_Activation):
    """Continuously differentiable exponential linear unit.

        y = max(x, 0) + min(alpha (e^(x / alpha) - 1), 0)

    References
    ----------
    Barron (2017), "Continuously differentiable exponential linear units", equation 2.
    """

    names = ("nn.celu",)
    onnx = "Celu"
    alpha: float = attr(1.0, "scale of the saturated part, dimensionless, not 0", convert=float)

    def decompose(self, x: Any) -> Any:
        return L.where(x > 0, x, L.expm1(x * (1 / self.alpha)) * self.alpha)

    @quiet
    def reference(self, x: Array) -> Array:
        a = x.dtype.type(self.alpha)
        return np.where(x > 0, x, a * np.expm1(x / a))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where(x > 0, g, g * L.exp(L.minimum(x, 0) * (1 / self.alpha)))

    samples = (*_KINKED, sample(distinct(3, 4), alpha=0.5))


@op
class Mish(_Activation):
    """x tanh(log(1 + e^x)).

    References
    ----------
    Misra (2019), "Mish: a self regularized non-monotonic activation function", equation 1.
    """

    names = ("nn.mish",)
    onnx = "Mish"
    samples = _SMOOTH

    def decompose(self, x: Any) -> Any:
        return x * L.tanh(L.softplus(x))

    @quiet
    def reference(self, x: Array) -> Array:
        return np.asarray(x * np.tanh(np.logaddexp(x, x.dtype.type(0))))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        t = L.tanh(L.softplus(x))
        return g * (t + x * (1 - t * t) * L.sigmoid(x))


@op
class Squareplus(_Activation):
    """A smooth rectifier without exponentials, (x + sqrt(x^2 + b)) / 2.

    References
    ----------
    Barron (2021), "Squareplus: a softplus-like algebraic rectifier", equation 1.
    """

    names = ("nn.squareplus",)
    b: float = attr(4.0, "how round the corner is", convert=float, low=0.0)
    samples = (sample(normal(3, 4)), sample(normal(3), b=0.5), sample(normal(0)))

    def decompose(self, x: Any) -> Any:
        return (x + L.sqrt(x * x + self.b)) * 0.5

    def reference(self, x: Array) -> Array:
        return np.asarray((x + np.sqrt(x * x + x.dtype.type(self.b))) / 2, x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * (x * L.rsqrt(x * x + self.b) + 1) * 0.5


class _Shrink(_Activation):
    threshold: float

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where(L.abs(x) > self.threshold, g, 0)


@op
class SoftShrink(_Shrink):
    """x moved toward 0 by the threshold, 0 where it would pass it."""

    names = ("nn.soft_shrink",)
    threshold: float = attr(0.5, "how far", convert=float, low=0.0)

    def decompose(self, x: Any) -> Any:
        t = self.threshold
        return L.where(x > t, x - t, L.where(x < -t, x + t, L.zeros_like(x)))

    @quiet
    def reference(self, x: Array) -> Array:
        t = x.dtype.type(self.threshold)
        return np.asarray(np.where(x > t, x - t, np.where(x < -t, x + t, x.dtype.type(0))))


@op
class HardShrink(_Shrink):
    """x where it is farther than the threshold from 0, else 0."""

    names = ("nn.hard_shrink",)
    threshold: float = attr(0.5, "how far", convert=float, low=0.0)

    def decompose(self, x: Any) -> Any:
        return L.where(L.abs(x) > self.threshold, x, 0)

    def reference(self, x: Array) -> Array:
        return np.where(np.abs(x) > self.threshold, x, x.dtype.type(0))


@op
class TanhShrink(_Activation):
    """x - tanh(x)."""

    names = ("nn.tanh_shrink",)
    samples = _SMOOTH

    def decompose(self, x: Any) -> Any:
        return x - L.tanh(x)

    def reference(self, x: Array) -> Array:
        return np.asarray(x - np.tanh(x))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.square(L.tanh(x))


@op
class SparsePlus(_Activation):
    """A smooth rectifier that is exactly 0 up to -1: (x + 1)^2 / 4 between -1 and 1, x above."""

    names = ("nn.sparse_plus",)

    def decompose(self, x: Any) -> Any:
        return L.where(x <= -1, L.zeros_like(x), L.where(x < 1, L.square(x + 1) * 0.25, x))

    @quiet
    def reference(self, x: Array) -> Array:
        return np.asarray(np.where(x <= -1, x.dtype.type(0), np.where(x < 1, (x + 1) * (x + 1) / 4, x)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g * L.sparse_sigmoid(x)


@op
class SparseSigmoid(_Activation):
    """(x + 1) / 2, held between 0 and 1: the slope of sparse_plus."""

    names = ("nn.sparse_sigmoid",)

    def decompose(self, x: Any) -> Any:
        return L.maximum(L.minimum((x + 1) * 0.5, 1), 0)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.clip((x + 1) / 2, 0, 1), x.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where((x > -1) & (x < 1), g * 0.5, 0)


@op
class Threshold(_Activation):
    """x where it is above the threshold, else another number."""

    names = ("nn.threshold",)
    threshold: float = attr(0.0, "what x has to be above", convert=float)
    default_value: float = attr(0.0, "the result elsewhere", convert=float)

    def decompose(self, x: Any) -> Any:
        return L.where(x > self.threshold, x, self.default_value)

    def reference(self, x: Array) -> Array:
        return np.where(x > self.threshold, x, x.dtype.type(self.default_value))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where(x > self.threshold, g, 0)

    samples = (*_KINKED, sample(distinct(3, 4), threshold=0.6, default_value=-2.0))


@op
class Crelu(Composed):
    """Positive parts of the numbers, then those of their negatives, beside each other.

    Shapes
    ------
    features : (..., n, ...)
    result : (..., 2 n, ...)

    References
    ----------
    Shang, Sohn, Almeida and Lee (2016), "Understanding and improving convolutional neural networks via concatenated
    rectified linear units", definition 2.1.
    """

    category = "Activation"
    names = ("nn.crelu",)
    inputs = (port("features", Numeric, "numbers"),)
    axis: int = attr(-1, "axis that becomes twice as long", convert=as_int)

    def result_shape(self, x: Shape) -> Shape:
        axis = normal_axis(self.axis, len(x))
        return Shape(s if k != axis or s is None else 2 * s for k, s in enumerate(x))

    def decompose(self, x: Any) -> Any:
        return L.concat([L.relu(x), L.relu(-x)], self.axis)

    def reference(self, x: Array) -> Array:
        both = np.concatenate([x, -x], self.axis)
        return np.where(both <= 0, x.dtype.type(0), both)

    samples = (sample(distinct(3, 4)), sample(distinct(3, 4), axis=0), sample(normal(0, 2)))


@op
class Glu(Composite):
    """Gated linear unit: the first half of an axis, let through by the sigmoid of the second.

        y = a * sigmoid(b)   with x = concat([a, b], axis)

    Raises
    ------
    ShapeError if the size of the axis is odd.

    Shapes
    ------
    x : (..., 2 n, ...)
    result : (..., n, ...)

    References
    ----------
    Dauphin, Fan, Auli and Grangier (2017), "Language modeling with gated convolutional networks", equation 1.
    """

    category = "Activation"
    names = ("nn.glu",)
    inputs = (port("x", Floating, "values, then gates"),)
    axis: int = attr(-1, "axis that is halved", convert=as_int)

    def result_shape(self, x: Shape) -> Shape:
        return SplitPart(self.axis, 2).result_shape(x)

    def _halves(self, x: Any) -> tuple[Any, Any]:
        return L.split_part(x, self.axis, 2, 0), L.split_part(x, self.axis, 2, 1)

    def decompose(self, x: Any) -> Any:
        a, b = self._halves(x)
        return a * L.sigmoid(b)

    @quiet
    def reference(self, x: Array) -> Array:
        a, b = np.split(x, 2, axis=self.axis)
        return np.asarray(a / (1 + np.exp(-b)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        a, b = self._halves(x)
        gate = L.sigmoid(b)
        return L.concat([g * gate, g * a * gate * (1 - gate)], self.axis)

    samples = (sample(normal(3, 4)), sample(normal(4, 3), axis=0), sample(normal(0, 2)),
               sample(values(1.0, 2.0, 60.0, -90.0), smooth=False))
