"""Activations of networks: rectifiers, their smooth relatives, and softmax."""
from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..dtypes import float32
from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .kinds import Array, Composite, Floating, Numeric, attr, port
from .language import L
from .quiet import quiet
from .registry import op
from .rules import as_int, normal_axis
from .samples import Sample, distinct, normal, sample, uniform, values

KINK = sample(values(-1.0, -0.0, 0.0, 2.0, np.nan, np.inf, -np.inf), smooth=False)
FEATURES = (port("features", Floating, "numbers"),)


class _Activation(Composite):
    category = "Activation"
    inputs = FEATURES

    def result_shape(self, x: Shape) -> Shape:
        return x

    samples: ClassVar[tuple[Sample, ...]] = (sample(distinct(3, 4)), sample(normal(0, 3)), sample(normal()), KINK)


def as_axis(value: Any) -> int:
    """A whole number; None stands for the last axis."""
    return -1 if value is None else as_int(value)


@op
class Relu(_Activation):
    """Rectifier: x where it is positive, 0 elsewhere.

    Notes
    -----
    At 0 the derivative is taken as 0.
    """

    names = ("nn.relu",)
    onnx = "Relu"
    inputs = (port("features", Numeric, "numbers"),)

    def decompose(self, x: Any) -> Any:
        return L.maximum(x, 0)

    def reference(self, x: Array) -> Array:
        return np.where(x <= 0, x.dtype.type(0), x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where(y > 0, g, 0)


@op
class Relu6(_Activation):
    """Rectifier that stops at 6: min(max(x, 0), 6).

    Notes
    -----
    At 0 and at 6 the derivative is taken as 0.
    """

    names = ("nn.relu6",)
    inputs = (port("features", Numeric, "numbers"),)

    def decompose(self, x: Any) -> Any:
        return L.minimum(L.maximum(x, 0), 6)

    def reference(self, x: Array) -> Array:
        return np.clip(x, x.dtype.type(0), x.dtype.type(6))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where((y > 0) & (y < 6), g, 0)

    samples = (*_Activation.samples, sample(values(5.5, 6.0, 7.0), smooth=False))


@op
class LeakyRelu(_Activation):
    """Rectifier that keeps a small slope for negative inputs.

        y = x            where x > 0
        y = alpha * x    elsewhere

    Notes
    -----
    At x = 0 the derivative is taken as alpha, the limit from below.

    References
    ----------
    Maas, Hannun and Ng (2013), "Rectifier nonlinearities improve neural network acoustic models", section 2.
    """

    names = ("nn.leaky_relu",)
    node_name = "LeakyRelu"
    onnx = "LeakyRelu"
    alpha: float = attr(0.2, "slope where x < 0, dimensionless", convert=float)

    def decompose(self, x: Any) -> Any:
        return L.where(x > 0, x, x * self.alpha)

    @quiet
    def reference(self, x: Array) -> Array:
        return np.where(x > 0, x, x * x.dtype.type(self.alpha))

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.LeakyRelu(x, alpha=self.alpha) if x.dtype is float32 else None    # a file's attributes are float32

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where(x > 0, g, g * self.alpha)

    samples = (*_Activation.samples, sample(distinct(3, 4), alpha=-0.5))


@op
class Elu(_Activation):
    """Exponential linear unit: x where it is positive, e^x - 1 elsewhere.

    References
    ----------
    Clevert, Unterthiner and Hochreiter (2016), "Fast and accurate deep network learning by exponential linear units",
    equation 16, with alpha = 1.
    """

    names = ("nn.elu",)
    onnx = "Elu"

    def decompose(self, x: Any) -> Any:
        return L.where(x > 0, x, L.expm1(x))

    @quiet
    def reference(self, x: Array) -> Array:
        return np.where(x > 0, x, np.expm1(x))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where(y > 0, g, g * (y + 1))


SELU_SCALE, SELU_ALPHA = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717


@op
class Selu(_Activation):
    """Scaled exponential linear unit, which keeps mean 0 and variance 1 through layers.

        y = scale * x                    where x > 0
        y = scale * alpha * (e^x - 1)    elsewhere

    References
    ----------
    Klambauer, Unterthiner, Mayr and Hochreiter (2017), "Self-normalizing neural networks", equation 2 and the constants
    alpha = 1.67326..., scale = 1.05070... of its section 2.
    """

    names = ("nn.selu",)
    onnx = "Selu"

    def decompose(self, x: Any) -> Any:
        return L.where(x > 0, x * SELU_SCALE, L.expm1(x) * (SELU_SCALE * SELU_ALPHA))

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.Selu(x) if x.dtype is float32 else None

    @quiet
    def reference(self, x: Array) -> Array:
        scale, alpha = x.dtype.type(SELU_SCALE), x.dtype.type(SELU_ALPHA)
        return np.asarray(np.where(x > 0, scale * x, scale * alpha * np.expm1(x)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.where(y > 0, g * SELU_SCALE, g * (y + SELU_SCALE * SELU_ALPHA))


@op
class Silu(_Activation):
    """Sigmoid-weighted linear unit, x * sigmoid(beta * x); also called swish.

    References
    ----------
    Elfwing, Uchibe and Doya (2018), "Sigmoid-weighted linear units for neural network function approximation in
    reinforcement learning", equation 5. Ramachandran, Zoph and Le (2017) for beta.
    """

    names = ("nn.silu", "nn.swish")
    node_name = "swish"
    beta: float = attr(1.0, "steepness of the sigmoid, dimensionless", convert=float)

    def decompose(self, x: Any) -> Any:
        return x * L.sigmoid(x * self.beta)

    @quiet
    def reference(self, x: Array) -> Array:
        return np.asarray(x / (1 + np.exp(-x * x.dtype.type(self.beta))))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        gate = L.sigmoid(x * self.beta)
        return g * (gate + y * (1 - gate) * self.beta)

    samples = (sample(normal(3, 4)), sample(normal(3, 4), beta=1.5), sample(normal(0)),
               sample(values(-60.0, 0.0, 60.0, np.nan, np.inf), smooth=False))


@op
class Softsign(_Activation):
    """x / (1 + |x|), between -1 and 1."""

    names = ("nn.softsign", "math.softsign")
    onnx = "Softsign"

    def decompose(self, x: Any) -> Any:
        return x / (L.abs(x) + 1)

    @quiet
    def reference(self, x: Array) -> Array:
        return np.asarray(x / (1 + np.abs(x)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g / L.square(L.abs(x) + 1)


CHANNELS_LAST = (None, "N...C", "NWC", "NHWC", "NDHWC")
CHANNELS_SECOND = ("NC...", "NCW", "NCHW", "NCDHW")


@op
class BiasAdd(Composite):
    """One number added to each channel.

    Shapes
    ------
    value : (batch, ..., channels), or (batch, channels, ...) for the formats that begin with NC
    bias : (channels,)
    """

    category = "Arithmetic"
    names = ("nn.bias_add",)
    inputs = (port("value", Numeric, "numbers"), port("bias", Numeric, "what each channel gets"))
    data_format: str | None = attr(
        None, "where the channels stand, last if None", choices=(*CHANNELS_LAST, *CHANNELS_SECOND)
    )

    @property
    def channels_last(self) -> bool:
        return self.data_format in CHANNELS_LAST

    def result_shape(self, value: Shape, bias: Shape) -> Shape:
        if len(bias) != 1 or len(value) < 2:
            raise ShapeError(f"value has at least 2 axes and bias has 1; their shapes are {value} and {bias}")
        k = len(value) - 1 if self.channels_last else 1
        merge(value[k], bias[0], f"channels (value, axis {k}) and bias differ in size")
        return value

    def decompose(self, value: Any, bias: Any) -> Any:
        after = 0 if self.channels_last else value.rank - 2
        return value + (L.reshape(bias, (*bias.shape, *[1] * after)) if after else bias)

    @quiet
    def reference(self, value: Array, bias: Array) -> Array:
        return value + bias.reshape(-1, *[1] * (0 if self.channels_last else value.ndim - 2))

    def gradient(self, g: Any, y: Any, value: Any, bias: Any) -> Any:
        if self.channels_last:
            return g, L.sum_like(g, bias)
        return g, L.reduce_sum(g, [0, *range(2, value.rank)])

    samples = (sample(normal(3, 4), normal(4)), sample(normal(2, 3, 4), normal(3), data_format="NC..."),
               sample(normal(2, 3, 4, 5), normal(5), data_format="NHWC"), sample(normal(0, 2), normal(2)))


class _AlongAxis(Composite):
    category = "Activation"
    inputs = (port("logits", Floating, "unscaled log probabilities, dimensionless"),)
    axis: int

    def result_shape(self, x: Shape) -> Shape:
        normal_axis(self.axis, len(x))
        return x

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.node(self.onnx, x, axis=self.axis)

    samples = (sample(normal(3, 4)), sample(normal(2, 3, 4), axis=1), sample(uniform(-400.0, 400.0, 3, 4), axis=0),
               sample(normal(0, 3)), sample(normal(3, 0)), sample(normal(3, 1)),
               sample(values([[0.0, -np.inf], [1.0, np.nan], [-np.inf, -np.inf]]), smooth=False))


@op
class Softmax(_AlongAxis):
    """Positive numbers that add up to 1 along an axis, e^x / sum(e^x).

    Shapes
    ------
    logits : at least one axis
    result : the same
    """

    names = ("nn.softmax", "math.softmax")
    onnx = "Softmax"
    axis: int = attr(-1, "axis along which they add up to 1", convert=as_axis)

    def decompose(self, x: Any) -> Any:
        axes = (normal_axis(self.axis, x.rank),)
        powers = L.exp(x - L.max_axes(x, axes))
        return powers / L.sum_axes(powers, axes)

    @quiet
    def reference(self, x: Array) -> Array:
        powers = np.exp(x - np.max(x, axis=self.axis, keepdims=True, initial=-np.inf))
        return np.asarray(powers / np.sum(powers, axis=self.axis, keepdims=True))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return (g - L.reduce_sum(g * y, self.axis, True)) * y


@op
class LogSoftmax(_AlongAxis):
    """Logarithm of softmax without loss of accuracy, x - log(sum(e^x)).

    Shapes
    ------
    logits : at least one axis
    result : the same
    """

    names = ("nn.log_softmax", "math.log_softmax")
    onnx = "LogSoftmax"
    axis: int = attr(-1, "axis along which the probabilities add up to 1", convert=as_axis)

    def decompose(self, x: Any) -> Any:
        axes = (normal_axis(self.axis, x.rank),)
        shifted = x - L.max_axes(x, axes)
        return shifted - L.log(L.sum_axes(L.exp(shifted), axes))

    def to_onnx(self, o: Any, x: Any) -> Any:
        return None                         # ONNX's own may be the logarithm of a softmax that is 0

    @quiet
    def reference(self, x: Array) -> Array:
        shifted = x - np.max(x, axis=self.axis, keepdims=True, initial=-np.inf)
        return np.asarray(shifted - np.log(np.sum(np.exp(shifted), axis=self.axis, keepdims=True)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g - L.exp(y) * L.reduce_sum(g, self.axis, True)
