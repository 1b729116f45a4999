"""Convolutions over signals, images and volumes: full, in groups, channel by channel, and transposed."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import AttributeValueError, ShapeError
from ...ops.language import L
from ..input_spec import InputSpec
from ..registry import register
from .settings import Configured, along, channel_axis, format_of, numbers, one_of, order_of_axes, space


class _Convolution(Configured):
    """What all have in common: windows, the order of axes, a bias and an activation."""

    rank: int
    paddings: tuple[str, ...] = ("valid", "same")

    def settle(self) -> None:
        """Bring the arguments into their forms.

        Raises
        ------
        AttributeValueError if one has none, or both strides and dilation are above 1.
        """
        for name in ("kernel_size", "strides", "dilation_rate"):
            setattr(self, name, numbers(self, name, self.rank))
        self.padding = one_of(self, "padding", self.paddings)
        self.data_format = order_of_axes(self)
        self.input_spec = InputSpec(ndim=self.rank + 2)
        for name in ("filters", "depth_multiplier"):
            value = getattr(self, name, 1)
            if not isinstance(value, int) or value < 1:
                raise self.refuse(name, value, "a whole number from 1 on")
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise AttributeValueError(f"strides={self.strides} with dilation_rate={self.dilation_rate}; "
                                      "one of them has to be 1", op=type(self).__name__)

    def channels(self, input_shape: Any) -> int:
        """The number of channels, which the layer expects from now on."""
        axis = channel_axis(self.data_format)
        size = self.known_size(input_shape, axis)
        self.input_spec = InputSpec(ndim=self.rank + 2, axes={axis: size})
        return size

    def add_part(self, name: str, shape: tuple[int, ...], label: str | None = None) -> Any:
        """A weight whose initializer and so on are the arguments that begin with its name."""
        return self.add_weight(shape, getattr(self, f"{name}_initializer"), name=label or name,
                               regularizer=getattr(self, f"{name}_regularizer"),
                               constraint=getattr(self, f"{name}_constraint"))

    def add_bias(self, results: int) -> None:
        self.bias = self.add_part("bias", (results,)) if self.use_bias else None

    def windows(self) -> tuple[Any, ...]:
        """Attributes of the convolution."""
        padding: Any = self.padding.upper()
        if self.padding == "causal":
            padding = [((self.kernel_size[0] - 1) * self.dilation_rate[0], 0)]
        return self.strides, padding, format_of(self.data_format, self.rank), self.dilation_rate

    def moved(self, x: Any, kernel: Any) -> Any:
        """The convolution with the layer's windows.

        Raises
        ------
        ShapeError if no window fits.
        """
        y = L.convolution(x, kernel, *self.windows())
        for k, axis in enumerate(space(self.data_format, self.rank)):
            if y.shape[axis] == 0 and x.shape[axis] != 0:
                span = (self.kernel_size[k] - 1) * self.dilation_rate[k] + 1
                raise ShapeError(f"a window of {span} does not fit {x.shape[axis]} places of axis {axis}",
                                 op=type(self).__name__, fix='padding="same", or a smaller kernel_size')
        return y

    def finished(self, y: Any) -> Any:
        """Results with bias and activation."""
        if self.bias is not None:
            y = y + along(self.bias, channel_axis(self.data_format), self.rank + 2)
        return self.activation(y)


class _Conv(_Convolution):
    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, groups: int = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
        self.settle()
        if not isinstance(groups, int) or groups < 1 or filters % groups:
            raise self.refuse("groups", groups, f"a divisor of filters={filters}")

    def build(self, input_shape: Any) -> None:
        channels = self.channels(input_shape)
        if channels % self.groups:
            raise ShapeError(f"{channels} channels cannot be divided into groups={self.groups}", op=type(self).__name__)
        self.kernel = self.add_part("kernel", (*self.kernel_size, channels // self.groups, self.filters))
        self.add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        return self.finished(self.moved(self.fractions(inputs), self.kernel))


@register
class Conv1D(_Conv):
    """Convolution of signals.

    Parameters
    ----------
    filters : number of results at each place
    kernel_size : length of a window
    strides : step from window to window
    padding : "valid", "same" (zeros at both ends), or "causal" (zeros before, so that no result depends on later steps)
    dilation_rate : step from tap to tap
    groups : number of groups of channels that are convolved by themselves

    Shapes
    ------
    inputs : (batch, steps, channels), or (batch, channels, steps) for channels_first
    result : (batch, windows, filters), or (batch, filters, windows)
    kernel : (kernel_size, channels / groups, filters)
    bias : (filters,)
    """

    rank = 1
    paddings = ("valid", "same", "causal")


@register
class Conv2D(_Conv):
    """Convolution of images; the arguments are those of `Conv1D`, with one number for both axes or one for each.

    Shapes
    ------
    inputs : (batch, height, width, channels), or (batch, channels, height, width) for channels_first
    result : the same axes, with filters for channels
    kernel : (taps down, taps across, channels / groups, filters)
    bias : (filters,)
    """

    rank = 2


@register
class Conv3D(_Conv):
    """Convolution of volumes; the arguments are those of `Conv1D`, with one number for all axes or one for each.

    Shapes
    ------
    inputs : (batch, depth, height, width, channels), or with channels before space for channels_first
    result : the same axes, with filters for channels
    kernel : (taps along each of the three, channels / groups, filters)
    bias : (filters,)
    """

    rank = 3


# -------------------------------------------------------------------- channel by channel

class _DepthwiseConv(_Convolution):
    def __init__(
        self, kernel_size: Any, strides: Any = 1, padding: str = "valid", depth_multiplier: int = 1,
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        depthwise_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        depthwise_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
        self.settle()

    def build(self, input_shape: Any) -> None:
        channels = self.channels(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        self.kernel = self.add_part("depthwise", shape, "kernel")
        self.add_bias(channels * self.depth_multiplier)

    def call(self, inputs: Any) -> Any:
        return self.finished(self.moved(self.fractions(inputs), L.grouped_filters(self.kernel)))


@register
class DepthwiseConv1D(_DepthwiseConv):
    """Convolution of each channel of signals by itself.

    depth_multiplier : number of results for each channel

    Shapes
    ------
    inputs : (batch, steps, channels), or (batch, channels, steps) for channels_first
    kernel : (kernel_size, channels, depth_multiplier)
    bias : (channels * depth_multiplier,)
    """

    rank = 1


@register
class DepthwiseConv2D(_DepthwiseConv):
    """Convolution of each channel of images by itself.

    depth_multiplier : number of results for each channel

    Shapes
    ------
    inputs : (batch, height, width, channels), or (batch, channels, height, width) for channels_first
    kernel : (taps down, taps across, channels, depth_multiplier)
    bias : (channels * depth_multiplier,)
    """

    rank = 2


class _SeparableConv(_Convolution):
    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
        dilation_rate: Any = 1, depth_multiplier: int = 1, activation: Any = None, use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform", pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros", depthwise_regularizer: Any = None, pointwise_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, depthwise_constraint: Any = None,
        pointwise_constraint: Any = None, bias_constraint: Any = None, **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
        self.settle()

    def build(self, input_shape: Any) -> None:
        channels = self.channels(input_shape)
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        points = (*[1] * self.rank, channels * self.depth_multiplier, self.filters)
        self.depthwise_kernel = self.add_part("depthwise", shape, "depthwise_kernel")
        self.pointwise_kernel = self.add_part("pointwise", points, "pointwise_kernel")
        self.add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        between = self.moved(self.fractions(inputs), L.grouped_filters(self.depthwise_kernel))
        return self.finished(L.convolution(between, self.pointwise_kernel, 1, "VALID",
                                           format_of(self.data_format, self.rank)))


@register
class SeparableConv1D(_SeparableConv):
    """Convolution of each channel of signals by itself, and then of all of them at each step.

    Shapes
    ------
    inputs : (batch, steps, channels), or (batch, channels, steps) for channels_first
    depthwise_kernel : (kernel_size, channels, depth_multiplier)
    pointwise_kernel : (1, channels * depth_multiplier, filters)
    bias : (filters,)
    """

    rank = 1


@register
class SeparableConv2D(_SeparableConv):
    """Convolution of each channel of images by itself, and then of all of them at each place.

    Shapes
    ------
    inputs : (batch, height, width, channels), or (batch, channels, height, width) for channels_first
    depthwise_kernel : (taps down, taps across, channels, depth_multiplier)
    pointwise_kernel : (1, 1, channels * depth_multiplier, filters)
    bias : (filters,)
    """

    rank = 2


# -------------------------------------------------------------------- transposed

def spread(
    x: Any, kernel: Any, strides: Sequence[int], padding: str, output_padding: Sequence[int] | None,
    dilation_rate: Sequence[int], data_format: str,
) -> Any:
    """Each number spread over a window; the transpose of a convolution.

    Along an axis of n places, with a window that covers k and strides s, "valid" gives (n - 1) s + max(k, s) places and
    "same" n s. With output_padding p they are (n - 1) s + k + p and (n - 1) s + k % 2 + p.

    Shapes
    ------
    kernel : (*window, filters, channels)
    """
    *window, filters, _ = kernel.shape
    rank = len(window)
    channels = channel_axis(data_format) % (rank + 2)
    # A tensor of the result's shape, of which nobody reads the elements.
    like = L.zeros_like(x[tuple(slice(0, 1) if k == channels else slice(None) for k in range(rank + 2))])
    like = L.repeat(like, filters, channels)
    for k, axis in enumerate(space(data_format, rank)):
        span = (window[k] - 1) * dilation_rate[k] + 1
        if output_padding is not None:
            more = (span % 2 if padding == "same" else span) + output_padding[k] - strides[k]
        else:
            more = 0 if padding == "same" else max(span, strides[k]) - strides[k]
        like = L.repeat(like, strides[k], axis)
        if more < 0:
            like = like[tuple(slice(more) if j == axis else slice(None) for j in range(rank + 2))]
        elif more:
            like = L.pad(like, [(0, more if j == axis else 0) for j in range(rank + 2)])
    return L.convolution_input_gradient(x, kernel, like, tuple(strides), padding.upper(), format_of(data_format, rank),
                                        tuple(dilation_rate))


class _ConvTranspose(_Convolution):
    """What all transposed convolutions have in common; see `spread`."""

    def __init__(
        self, filters: int, kernel_size: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
        data_format: str | None = None, dilation_rate: Any = 1, activation: Any = None, use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, **kwargs: Any,
    ) -> None:
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.keep(locals())
        self.settle()
        if output_padding is not None:
            self.output_padding = numbers(self, "output_padding", self.rank, low=0)
            if any(p >= s for p, s in zip(self.output_padding, self.strides, strict=True)):
                raise self.refuse("output_padding", output_padding, f"numbers below strides={self.strides}")

    def build(self, input_shape: Any) -> None:
        self.kernel = self.add_part("kernel", (*self.kernel_size, self.filters, self.channels(input_shape)))
        self.add_bias(self.filters)

    def call(self, inputs: Any) -> Any:
        return self.finished(spread(self.fractions(inputs), self.kernel, self.strides, self.padding,
                                    self.output_padding, self.dilation_rate, self.data_format))


@register
class Conv1DTranspose(_ConvTranspose):
    """Transposed convolution of signals.

    output_padding : places more at the end, below strides; as few as possible if None

    Shapes
    ------
    inputs : (batch, steps, channels), or (batch, channels, steps) for channels_first
    kernel : (kernel_size, filters, channels)
    bias : (filters,)
    """

    rank = 1


@register
class Conv2DTranspose(_ConvTranspose):
    """Transposed convolution of images.

    output_padding : places more at the ends, below strides; as few as possible if None

    Shapes
    ------
    inputs : (batch, height, width, channels), or (batch, channels, height, width) for channels_first
    kernel : (taps down, taps across, filters, channels)
    bias : (filters,)
    """

    rank = 2


@register
class Conv3DTranspose(_ConvTranspose):
    """Transposed convolution of volumes.

    output_padding : places more at the ends, below strides; as few as possible if None

    Shapes
    ------
    inputs : (batch, depth, height, width, channels), or with channels before space for channels_first
    kernel : (taps along each of the three, filters, channels)
    bias : (filters,)
    """

    rank = 3
