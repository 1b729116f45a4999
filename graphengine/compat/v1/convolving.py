"""Convolutions and their gradients with TensorFlow 1's arguments: it gives the shapes of what a gradient is for."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...frontend.build import convert_to_tensor
from ...frontend.convolution_gradients import PLAIN, attributes_of, of_shape
from ...ops.language import L

Numbers = Sequence[int]


def conv2d_backprop_input(
    input_sizes: Any, filter: Any = None, out_backprop: Any = None, strides: Any = None, padding: Any = None,
    use_cudnn_on_gpu: bool = True, data_format: str = "NHWC", dilations: Numbers = PLAIN, name: str | None = None,
    filters: Any = None,
) -> Any:
    """The gradient of a convolution by its input.

    Parameters
    ----------
    input_sizes : shape of the input
    filter : the kernel; also by the name `filters`
    out_backprop : the gradient by the result
    """
    g = convert_to_tensor(out_backprop)
    return L.convolution_input_gradient(
        g, filter if filters is None else filters, of_shape(input_sizes, "input_sizes", g),
        *attributes_of(strides, padding, data_format, dilations), name=name)


def conv2d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Numbers, padding: Any, use_cudnn_on_gpu: bool = True,
    data_format: str = "NHWC", dilations: Numbers = PLAIN, name: str | None = None,
) -> Any:
    """The gradient of a convolution by its kernel.

    Parameters
    ----------
    filter_sizes : shape of the kernel
    out_backprop : the gradient by the result
    """
    g = convert_to_tensor(out_backprop)
    return L.convolution_filter_gradient(input, g, of_shape(filter_sizes, "filter_sizes", g),
                                         *attributes_of(strides, padding, data_format, dilations), name=name)


def conv3d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Numbers, padding: str, data_format: str = "NDHWC",
    dilations: Numbers = (1, *PLAIN), name: str | None = None,
) -> Any:
    """The gradient of a convolution of volumes by its kernel; see `conv2d_backprop_filter`."""
    return conv2d_backprop_filter(input, filter_sizes, out_backprop, strides, padding, True, data_format, dilations,
                                  name)


def depthwise_conv2d_native(
    input: Any, filter: Any, strides: Numbers, padding: Any, data_format: str = "NHWC", dilations: Numbers = PLAIN,
    name: str | None = None,
) -> Any:
    """Convolution of each channel by itself.

    Shapes
    ------
    filter : (height, width, channels, results for each channel)
    """
    return L.convolution(input, L.grouped_filters(convert_to_tensor(filter)),
                         *attributes_of(strides, padding, data_format, dilations), name=name)


FUNCTIONS: dict[str, Any] = {
    **{f"nn.{f.__name__}": f for f in (
        conv2d_backprop_filter, conv2d_backprop_input, conv3d_backprop_filter, depthwise_conv2d_native)},
    "nn.conv3d_backprop_filter_v2": conv3d_backprop_filter,
}
