"""Gradients of convolutions as functions of their own: by the input, and by the filter."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..ops.language import L
from .build import convert_to_tensor
from .pieces import known_value

Numbers = Sequence[int]
PLAIN = (1, 1, 1, 1)


def attributes_of(strides: Any, padding: Any, data_format: str | None, dilations: Any, explicit: Numbers = ()) -> Any:
    """TensorFlow's arguments as the attributes of convolutions.

    Parameters
    ----------
    padding : "SAME", "VALID", pairs of numbers for all axes, or "EXPLICIT"
    explicit : for "EXPLICIT", two numbers for each axis
    """
    pairs = np.reshape(explicit, (-1, 2)).tolist() if padding == "EXPLICIT" else padding
    if not isinstance(pairs, str):
        pairs = pairs[2:] if data_format is not None and data_format.startswith("NC") else pairs[1:-1]
    return strides, pairs, data_format, list(dilations) or None


def of_shape(sizes: Any, label: str, like: Any) -> Any:
    """A tensor of a shape, of the type of another, of which nobody reads the elements."""
    return L.broadcast_to(np.zeros((), like.dtype.numpy), tuple(known_value(sizes, label).tolist()))


def conv2d_backprop_input_v2(
    input: Any, filter: Any, out_backprop: Any, strides: Any, padding: str, use_cudnn_on_gpu: bool = True,
    explicit_paddings: Numbers = (), data_format: str = "NHWC", dilations: Numbers = PLAIN, name: str | None = None,
) -> Any:
    """The gradient of `nn.conv2d` with respect to its input, of which only the shape counts."""
    how = attributes_of(strides, padding, data_format, dilations, explicit_paddings)
    return L.convolution_input_gradient(out_backprop, filter, input, *how, name=name)


def conv2d_backprop_filter_v2(
    input: Any, filter: Any, out_backprop: Any, strides: Any, padding: str, use_cudnn_on_gpu: bool = True,
    explicit_paddings: Numbers = (), data_format: str = "NHWC", dilations: Numbers = PLAIN, name: str | None = None,
) -> Any:
    """The gradient of `nn.conv2d` with respect to its filter, of which only the shape counts."""
    how = attributes_of(strides, padding, data_format, dilations, explicit_paddings)
    return L.convolution_filter_gradient(input, out_backprop, filter, *how, name=name)


def depthwise_conv2d_backprop_input(
    input_sizes: Any, filter: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NHWC",
    dilations: Numbers = PLAIN, name: str | None = None,
) -> Any:
    """The gradient of `nn.depthwise_conv2d` with respect to its input.

    input_sizes : the shape of the input, four numbers
    """
    g = convert_to_tensor(out_backprop)
    return L.convolution_input_gradient(g, L.grouped_filters(filter), of_shape(input_sizes, "input_sizes", g),
                                        *attributes_of(strides, padding, data_format, dilations), name=name)


def depthwise_conv2d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NHWC",
    dilations: Numbers = PLAIN, name: str | None = None,
) -> Any:
    """The gradient of `nn.depthwise_conv2d` with respect to its filter.

    filter_sizes : the shape of the filter, four numbers
    """
    x = convert_to_tensor(input)
    like = of_shape(filter_sizes, "filter_sizes", x)
    found = L.convolution_filter_gradient(x, out_backprop, L.grouped_filters(like),
                                          *attributes_of(strides, padding, data_format, dilations))
    return L.reshape_like(found, like, name=name)
