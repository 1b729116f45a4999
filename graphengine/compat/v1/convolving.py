"""Gradients of convolutions as functions of their own, and batch normalization in one piece: TensorFlow 1's `nn`."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import InvalidArgumentError
from ...frontend.build import convert_to_tensor
from ...frontend.moments import batch_normalization
from ...ops.language import L

Numbers = Sequence[int]


def _like(sizes: Any, dtype: Any) -> Any:
    """A tensor of a shape that is given as numbers, of which nobody reads the elements."""
    return L.broadcast_to(L.cast(0, dtype), [int(s) for s in np.asarray(sizes).tolist()])


def _inside(numbers: Numbers, data_format: str) -> list[int]:
    """The numbers for the axes of space."""
    return [int(n) for axis, n in zip(data_format, numbers, strict=True) if axis not in "NC"] \
        if len(numbers) == len(data_format) else [int(n) for n in numbers]


def _input_gradient(
    sizes: Any, kernel: Any, g: Any, strides: Numbers, padding: Any, data_format: str, dilations: Numbers,
    name: str | None,
) -> Any:
    g = convert_to_tensor(g)
    return L.convolution_input_gradient(g, kernel, _like(sizes, g.dtype), _inside(strides, data_format), padding,
                                        data_format, _inside(dilations, data_format), name=name)


def _filter_gradient(
    x: Any, sizes: Any, g: Any, strides: Numbers, padding: Any, data_format: str, dilations: Numbers,
    name: str | None,
) -> Any:
    g = convert_to_tensor(g)
    return L.convolution_filter_gradient(x, g, _like(sizes, g.dtype), _inside(strides, data_format), padding,
                                         data_format, _inside(dilations, data_format), name=name)


def conv2d_backprop_input(
    input_sizes: Any, filter: Any = None, out_backprop: Any = None, strides: Any = None, padding: Any = None,
    use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Numbers = (1, 1, 1, 1),
    name: str | None = None, filters: Any = None,
) -> Any:
    """The gradient of a convolution by its input.

    Parameters
    ----------
    input_sizes : shape of the input
    filter : the kernel; also by the name `filters`
    out_backprop : the gradient by the result
    """
    return _input_gradient(input_sizes, filter if filters is None else filters, out_backprop, strides, padding,
                           data_format, dilations, name)


def conv2d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Numbers, padding: Any, use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC", dilations: Numbers = (1, 1, 1, 1), name: str | None = None,
) -> Any:
    """The gradient of a convolution by its kernel.

    Parameters
    ----------
    filter_sizes : shape of the kernel
    out_backprop : the gradient by the result
    """
    return _filter_gradient(input, filter_sizes, out_backprop, strides, padding, data_format, dilations, name)


def conv3d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Numbers, padding: str, data_format: str = "NDHWC",
    dilations: Numbers = (1, 1, 1, 1, 1), name: str | None = None,
) -> Any:
    """The gradient of a convolution of volumes by its kernel; see `conv2d_backprop_filter`."""
    return _filter_gradient(input, filter_sizes, out_backprop, strides, padding, data_format, dilations, name)


# -------------------------------------------------------------------- channel by channel

def depthwise_conv2d_native(
    input: Any, filter: Any, strides: Numbers, padding: Any, data_format: str = "NHWC",
    dilations: Numbers = (1, 1, 1, 1), name: str | None = None,
) -> Any:
    """Convolution of each channel by itself.

    Shapes
    ------
    filter : (height, width, channels, results for each channel)
    """
    return L.convolution(input, L.grouped_filters(convert_to_tensor(filter)), _inside(strides, data_format), padding,
                         data_format, _inside(dilations, data_format), name=name)


def depthwise_conv2d_native_backprop_input(
    input_sizes: Any, filter: Any, out_backprop: Any, strides: Numbers, padding: Any, data_format: str = "NHWC",
    dilations: Numbers = (1, 1, 1, 1), name: str | None = None,
) -> Any:
    """The gradient of `depthwise_conv2d_native` by its input."""
    return _input_gradient(input_sizes, L.grouped_filters(convert_to_tensor(filter)), out_backprop, strides, padding,
                           data_format, dilations, name)


def depthwise_conv2d_native_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Numbers, padding: Any, data_format: str = "NHWC",
    dilations: Numbers = (1, 1, 1, 1), name: str | None = None,
) -> Any:
    """The gradient of `depthwise_conv2d_native` by its kernel."""
    height, width, channels, each = np.asarray(filter_sizes).tolist()
    found = _filter_gradient(input, (height, width, 1, channels * each), out_backprop, strides, padding, data_format,
                             dilations, name)
    return L.reshape(found, (height, width, channels, each))


# -------------------------------------------------------------------- normalization

def fused_batch_norm(
    x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001,
    data_format: str = "NHWC", is_training: bool = True, name: str | None = None, exponential_avg_factor: float = 1.0,
) -> tuple[Any, Any, Any]:
    """Images with mean `offset` and standard deviation `scale` for each channel; and the running mean and variance.

    Parameters
    ----------
    mean, variance : in inference those to use; in training the running ones, if `exponential_avg_factor` is below 1
    exponential_avg_factor : share of the batch's moments in the running ones. The variance is then that without bias.

    Raises
    ------
    InvalidArgumentError if mean and variance are wanted and missing.
    """
    if (mean is None or variance is None) and (not is_training or exponential_avg_factor != 1.0):
        raise InvalidArgumentError("mean and variance are to be given", op="nn.fused_batch_norm")
    x = convert_to_tensor(x)
    channels = data_format.index("C")
    axes, sizes = [k for k in range(4) if k != channels], [1 if k != channels else -1 for k in range(4)]
    if not is_training:
        mid, spread, low, wide = (L.reshape(v, sizes) for v in (mean, variance, offset, scale))
        y = batch_normalization(x, mid, spread, low, wide, epsilon, name)
        return y, convert_to_tensor(mean), convert_to_tensor(variance)
    wide = L.cast(x, dtypes.float32) if x.dtype.size < 4 else x
    found, spread = L.reduce_mean(wide, axes), L.reduce_variance(wide, axes)
    mid, around, low, factor = (L.reshape(v, sizes) for v in (found, spread, offset, scale))
    y = L.cast(batch_normalization(wide, mid, around, low, factor, epsilon), x.dtype, name=name)
    count = L.cast(L.count_along(wide, axes), wide.dtype)
    moments = [found, spread * count / L.maximum(count - 1, 1)]
    if exponential_avg_factor != 1.0:
        share = exponential_avg_factor
        moments = [old * (1 - share) + new * share for old, new in zip((mean, variance), moments, strict=True)]
    return y, moments[0], moments[1]


FUNCTIONS: dict[str, Any] = {
    **{f"nn.{f.__name__}": f for f in (
        conv2d_backprop_filter, conv2d_backprop_input, conv3d_backprop_filter, depthwise_conv2d_native,
        depthwise_conv2d_native_backprop_filter, depthwise_conv2d_native_backprop_input, fused_batch_norm)},
    "nn.conv3d_backprop_filter_v2": conv3d_backprop_filter,
}
