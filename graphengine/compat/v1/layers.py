"""Layers as classes, and as functions that make their variables when they are called: TensorFlow 1's `layers`."""
from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from ...frontend import control, random
from ...frontend.surface import refusing
from ...keras import layers
from ...keras.input_spec import InputSpec
from ...keras.naming import to_snake_case
from ...ops.language import L
from .batch_normalization import BatchNormalization
from .initializers import zeros_initializer
from .layer import Layer

_ZEROS = zeros_initializer()
Activation = Callable[[Any], Any] | None


def given(names: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a constructor, which are what ``locals()`` holds there."""
    return {k: v for k, v in names.items() if k not in ("self", "kwargs", "__class__")} | names["kwargs"]


class Dense(Layer, layers.Dense):
    """``activation(inputs @ kernel + bias)``.

    Shapes
    ------
    inputs : (..., features)
    result : (..., units)
    """

    def __init__(
        self, units: int, activation: Activation = None, use_bias: bool = True, kernel_initializer: Any = None,
        bias_initializer: Any = _ZEROS, kernel_regularizer: Any = None, bias_regularizer: Any = None,
        activity_regularizer: Any = None, kernel_constraint: Any = None, bias_constraint: Any = None,
        trainable: bool = True, name: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(**given(locals()))


# -------------------------------------------------------------------- convolutions

class _Conv(Layer):
    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str = "channels_last", dilation_rate: Any = 1, activation: Activation = None,
        use_bias: bool = True, kernel_initializer: Any = None, bias_initializer: Any = _ZEROS,
        kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, bias_constraint: Any = None, trainable: bool = True, name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**given(locals()))


class _SeparableConv(Layer):
    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str = "channels_last", dilation_rate: Any = 1, depth_multiplier: int = 1,
        activation: Activation = None, use_bias: bool = True, depthwise_initializer: Any = None,
        pointwise_initializer: Any = None, bias_initializer: Any = _ZEROS, depthwise_regularizer: Any = None,
        pointwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        depthwise_constraint: Any = None, pointwise_constraint: Any = None, bias_constraint: Any = None,
        trainable: bool = True, name: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(**given(locals()))


class _ConvTranspose(Layer):
    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid",
        data_format: str = "channels_last", activation: Activation = None, use_bias: bool = True,
        kernel_initializer: Any = None, bias_initializer: Any = _ZEROS, kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, trainable: bool = True, name: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(**given(locals()))


class _Pooling(Layer):
    def __init__(
        self, pool_size: Any, strides: Any, padding: str = "valid", data_format: str = "channels_last",
        name: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(**given(locals()))


class Conv1D(_Conv, layers.Conv1D):
    """Convolution of signals, with a bias and an activation.

    Shapes
    ------
    inputs : (batch, steps, channels); channels second if `data_format` is "channels_first"
    result : (batch, windows, filters)
    """


class Conv2D(_Conv, layers.Conv2D):
    """Convolution of images, with a bias and an activation.

    Shapes
    ------
    inputs : (batch, height, width, channels); channels second if `data_format` is "channels_first"
    result : (batch, windows down, windows across, filters)
    """


class Conv3D(_Conv, layers.Conv3D):
    """Convolution of volumes, with a bias and an activation.

    Shapes
    ------
    inputs : (batch, depth, height, width, channels); channels second if `data_format` is "channels_first"
    result : (batch, windows along each of the three, filters)
    """


class SeparableConv1D(_SeparableConv, layers.SeparableConv1D):
    """Convolution of each channel of signals by itself, and then of all of them at each step."""


class SeparableConv2D(_SeparableConv, layers.SeparableConv2D):
    """Convolution of each channel of images by itself, and then of all of them at each place."""


class Conv2DTranspose(_ConvTranspose, layers.Conv2DTranspose):
    """Transposed convolution of images."""


class Conv3DTranspose(_ConvTranspose, layers.Conv3DTranspose):
    """Transposed convolution of volumes."""


# -------------------------------------------------------------------- windows

class MaxPooling1D(_Pooling, layers.MaxPooling1D):
    """The largest element of each window of signals."""


class MaxPooling2D(_Pooling, layers.MaxPooling2D):
    """The largest element of each window of images."""


class MaxPooling3D(_Pooling, layers.MaxPooling3D):
    """The largest element of each window of volumes."""


class AveragePooling1D(_Pooling, layers.AveragePooling1D):
    """The mean of each window of signals."""


class AveragePooling2D(_Pooling, layers.AveragePooling2D):
    """The mean of each window of images."""


class AveragePooling3D(_Pooling, layers.AveragePooling3D):
    """The mean of each window of volumes."""


# -------------------------------------------------------------------- without variables

class Flatten(Layer, layers.Flatten):
    """All axes but the first as one; channels are put last before where `data_format` is "channels_first"."""

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**given(locals()))


class Dropout(Layer):
    """Elements set to 0 at random while `training`, a bool or a tensor, holds; the others grow by 1 / (1 - rate)."""

    def __init__(
        self, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, name: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.rate, self.noise_shape, self.seed = rate, noise_shape, seed

    def call(self, inputs: Any, training: Any = False) -> Any:
        """The elements that are left."""
        def dropped() -> Any:
            return random.dropout(inputs, self.rate, self.noise_shape, self.seed)

        if isinstance(training, (bool, int)):
            return dropped() if training else L.identity(inputs)
        return control.cond(training, dropped, lambda: L.identity(inputs))


# -------------------------------------------------------------------- as functions

def _function(kind: type[Layer], is_reused: bool = True) -> Callable[..., Any]:
    """The function of the arguments of a layer, behind its inputs, that makes and calls it."""
    own = [p for p in inspect.signature(kind).parameters.values() if p.kind is not p.VAR_KEYWORD]
    more = [own[-1].replace(name="reuse")] if is_reused else []
    first = inspect.Parameter("inputs", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Any)
    signature = inspect.Signature([first, *own, *more], return_annotation=Any)

    def function(*args: Any, **settings: Any) -> Any:
        found = signature.bind(*args, **settings).arguments
        inputs, reuse = found.pop("inputs"), found.pop("reuse", None)
        return kind(**found, _scope=found.get("name"), _reuse=reuse)(inputs)

    function.__name__ = function.__qualname__ = to_snake_case(kind.__name__).replace("pooling_", "pooling")
    function.__signature__ = signature  # type: ignore[attr-defined]
    function.__doc__ = f"{kind.__doc__}\n\n    The arguments are those of `{kind.__name__}`, behind the inputs." \
                       + ("\n    reuse : whether its variables exist already, as for `variable_scope`" * is_reused)
    return function


dense = _function(Dense)
conv1d, conv2d, conv3d = _function(Conv1D), _function(Conv2D), _function(Conv3D)
separable_conv1d, separable_conv2d = _function(SeparableConv1D), _function(SeparableConv2D)
conv2d_transpose, conv3d_transpose = _function(Conv2DTranspose), _function(Conv3DTranspose)
max_pooling1d, max_pooling2d, max_pooling3d = (
    _function(kind, is_reused=False) for kind in (MaxPooling1D, MaxPooling2D, MaxPooling3D))
average_pooling1d, average_pooling2d, average_pooling3d = (
    _function(kind, is_reused=False) for kind in (AveragePooling1D, AveragePooling2D, AveragePooling3D))


def flatten(inputs: Any, name: str | None = None, data_format: str = "channels_last") -> Any:
    """All axes but the first as one."""
    return Flatten(data_format, name=name)(inputs)


def dropout(
    inputs: Any, rate: Any = 0.5, noise_shape: Any = None, seed: int | None = None, training: Any = False,
    name: str | None = None,
) -> Any:
    """Elements set to 0 at random while `training`, a bool or a tensor, holds."""
    return Dropout(rate, noise_shape, seed, name)(inputs, training=training)


def batch_normalization(
    inputs: Any, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True,
    scale: bool = True, beta_initializer: Any = _ZEROS, gamma_initializer: Any = "ones",
    moving_mean_initializer: Any = _ZEROS, moving_variance_initializer: Any = "ones", beta_regularizer: Any = None,
    gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, training: Any = False,
    trainable: bool = True, name: str | None = None, reuse: Any = None, renorm: bool = False,
    renorm_clipping: Any = None, renorm_momentum: float = 0.99, fused: bool | None = None,
    virtual_batch_size: int | None = None, adjustment: Any = None,
) -> Any:
    """Numbers with mean `beta` and standard deviation `gamma` for each channel; see `BatchNormalization`.

    The nodes that bring the moving mean and variance up to date join the collection ``UPDATE_OPS``: run them with each
    step of training.
    """
    settings = {k: v for k, v in locals().items() if k not in ("inputs", "training", "reuse")}
    return BatchNormalization(**settings, _scope=name, _reuse=reuse)(inputs, training=training)


__all__ = [
    "AveragePooling1D", "AveragePooling2D", "AveragePooling3D", "BatchNormalization", "Conv1D", "Conv2D",
    "Conv2DTranspose", "Conv3D", "Conv3DTranspose", "Dense", "Dropout", "Flatten", "InputSpec", "Layer",
    "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "SeparableConv1D", "SeparableConv2D", "average_pooling1d",
    "average_pooling2d", "average_pooling3d", "batch_normalization", "conv1d", "conv2d", "conv2d_transpose", "conv3d",
    "conv3d_transpose", "dense", "dropout", "flatten", "max_pooling1d", "max_pooling2d", "max_pooling3d",
    "separable_conv1d", "separable_conv2d",
]
__getattr__ = refusing(__name__, lambda: __all__)
