"""Convolutions as users write them: one op for each number of axes, depthwise and separable ones."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .convolution import (
    DILATIONS,
    FILTERS,
    INPUT,
    Forward,
    Windowed,
    filters_array,
    numbers_attr,
    padded_array,
    padding_attr,
    restored,
    taps,
)
from .kinds import REQUIRED, Array, Composite, Floating, attr, port
from .language import L
from .registry import op
from .samples import normal, sample
from .windows import (
    Numbers,
    Padding,
    canonical,
    channels_of,
    user_shape,
)


@op
class Conv1d(Forward):
    """Convolution of signals.

    Raises
    ------
    ShapeError if channels do not fit, or a window is larger than the padded input.

    Shapes
    ------
    input : (batch, width, groups * c), or (batch, groups * c, width) for NCW
    filters : (taps, c, k)
    result : (batch, windows, k), or (batch, k, windows)
    """

    names = ("nn.conv1d",)
    node_name = "conv1d"
    onnx = "Conv"
    inputs = (INPUT, FILTERS)
    only = 1
    stride: Numbers = numbers_attr(REQUIRED, "step from window to window")
    padding: Padding = padding_attr()
    data_format: str | None = attr("NWC", "order of axes", choices=(None, "NWC", "NCW"))
    dilations: Numbers | None = numbers_attr(None, DILATIONS)

    @property
    def strides(self) -> Numbers:  # type: ignore[override]
        return self.stride

    samples = (sample(normal(2, 7, 3), normal(3, 3, 4), stride=2, padding="SAME"),
               sample(normal(2, 4, 9), normal(3, 2, 4), stride=[1], padding="valid", data_format="NCW", dilations=3),
               sample(normal(1, 2, 1), normal(5, 1, 1), stride=1, padding="SAME"))


@op
class Conv2d(Forward):
    """Convolution of images.

    Raises
    ------
    ShapeError if channels do not fit, or a window is larger than the padded input.

    Shapes
    ------
    input : (batch, height, width, groups * c), or (batch, groups * c, height, width) for NCHW
    filters : (taps down, taps across, c, k)
    result : (batch, height', width', k), or (batch, k, height', width')
    """

    names = ("nn.conv2d",)
    node_name = "Conv2D"
    onnx = "Conv"
    inputs = (INPUT, FILTERS)
    only = 2
    strides: Numbers = numbers_attr(REQUIRED, "step from window to window")
    padding: Padding = padding_attr()
    data_format: str | None = attr("NHWC", "order of axes", choices=(None, "NHWC", "NCHW"))
    dilations: Numbers | None = numbers_attr(None, DILATIONS)

    samples = (sample(normal(2, 5, 4, 3), normal(3, 3, 3, 4), strides=1, padding="SAME"),
               sample(normal(2, 6, 7, 2), normal(3, 2, 2, 3), strides=[2, 3], padding="VALID"),
               sample(normal(1, 7, 6, 2), normal(3, 3, 2, 3), strides=[1, 2, 2, 1], padding="SAME"),
               sample(normal(2, 4, 5, 5), normal(3, 3, 2, 6), strides=1, padding="SAME", data_format="NCHW"),
               sample(normal(1, 6, 6, 2), normal(2, 3, 2, 2), strides=1, padding="SAME", dilations=2),
               sample(normal(2, 3, 3, 2), normal(2, 2, 2, 3), strides=2, padding=[[0, 0], [1, 2], [3, 0], [0, 0]]),
               sample(normal(2, 3, 4, 3), normal(1, 1, 3, 5), strides=1, padding="VALID"),
               sample(normal(2, 4, 4, 3), normal(1, 1, 3, 2), strides=2, padding="SAME"),
               sample(normal(1, 2, 2, 1), normal(5, 5, 1, 2), strides=1, padding="SAME"),
               sample(normal(2, 2, 3, 4), normal(2, 2, 1, 4), strides=1, padding="SAME"),
               sample(normal(0, 3, 3, 2), normal(2, 2, 2, 3), strides=1, padding="SAME"))


@op
class Conv3d(Forward):
    """Convolution of volumes.

    Raises
    ------
    ShapeError if channels do not fit, or a window is larger than the padded input.

    Shapes
    ------
    input : (batch, depth, height, width, groups * c), or (batch, groups * c, depth, height, width) for NCDHW
    filters : (taps along each of the three, c, k)
    result : (batch, depth', height', width', k), or (batch, k, depth', height', width')
    """

    names = ("nn.conv3d",)
    node_name = "Conv3D"
    onnx = "Conv"
    inputs = (INPUT, FILTERS)
    only = 3
    strides: Numbers = numbers_attr(REQUIRED, "step from window to window")
    padding: Padding = padding_attr()
    data_format: str | None = attr("NDHWC", "order of axes", choices=(None, "NDHWC", "NCDHW"))
    dilations: Numbers | None = numbers_attr(None, DILATIONS)

    samples = (sample(normal(1, 4, 3, 5, 2), normal(2, 3, 2, 2, 3), strides=[1, 1, 2, 2, 1], padding="SAME"),
               sample(normal(2, 2, 3, 4, 3), normal(2, 2, 2, 2, 2), strides=1, padding="VALID", data_format="NCDHW"))


# -------------------------------------------------------------------- made from them

@op
class GroupedFilters(Composite):
    """Filters of a depthwise convolution as those of a convolution with a group for each channel."""

    category = "Convolution"
    internal = True
    inputs = (port("filters", Floating, "taps, channels, results of each channel"),)

    def result_shape(self, filters: Shape) -> Shape:
        channels, multiplier = filters[-2:]
        outside = None if channels is None or multiplier is None else channels * multiplier
        return Shape((*filters[:-2], 1, outside))

    def decompose(self, filters: Any) -> Any:
        return L.reshape(filters, tuple(self.result_shape(filters.shape)))

    def reference(self, filters: Array) -> Array:
        return filters.reshape(*filters.shape[:-2], 1, -1)

    def gradient(self, g: Any, y: Any, filters: Any) -> Any:
        return L.reshape_like(g, filters)

    samples = (sample(normal(2, 3, 4, 2)),)


DEPTHWISE = port("filter", Floating, "weights: taps down and across, channels, results of each channel")


class _Depthwise(Windowed):
    only = 2

    def depthwise_shape(self, x: Shape, filters: Shape) -> Shape:
        """Shape of the result of the convolution of each channel by itself."""
        w = self.windows(x, filters)
        merge(channels_of(x, self.data_format), filters[2], "channels of input and filter (axis 2) differ")
        outside = GroupedFilters().result_shape(filters)[-1]
        return user_shape(x[0], w.results(canonical(x, self.data_format)[1:-1]), outside, 2, self.data_format)

    def depthwise(self, x: Any, filters: Any) -> Any:
        return L.depthwise_conv2d(x, filters, *self.attributes())

    def depthwise_reference(self, x: Array, filters: Array) -> Array:
        w = self.windows(Shape(x.shape), Shape(filters.shape))
        padded = padded_array(x, w, self.data_format)
        space = w.results(canonical(x.shape, self.data_format)[1:-1])
        channels, multiplier = filters.shape[-2:]
        y = np.zeros((x.shape[0], *space, channels, multiplier), x.dtype)
        for t, part in taps(padded, w.size, space, w.strides, w.dilations):
            y += part[..., None] * filters_array(filters)[t]
        target = self.depthwise_shape(Shape(x.shape), Shape(filters.shape))
        return restored(y.reshape(*y.shape[:4], channels * multiplier), target, self.data_format)

    def depthwise_gradient(self, g: Any, x: Any, filters: Any) -> tuple[Any, Any]:
        grouped = L.grouped_filters(filters)
        found = L.convolution_filter_gradient(x, g, grouped, *self.attributes())
        return L.convolution_input_gradient(g, grouped, x, *self.attributes()), L.reshape_like(found, filters)


@op
class DepthwiseConv2d(_Depthwise):
    """Convolution of each channel of images by itself.

        y[n, o, c * m + j] = sum over t of input[n, o * stride + t * dilation - before, c] * filter[t, c, j]

    Raises
    ------
    ShapeError if channels differ, or a window is larger than the padded input.

    Shapes
    ------
    input : (batch, height, width, c), or (batch, c, height, width) for NCHW
    filter : (taps down, taps across, c, m)
    result : (batch, height', width', c * m), or (batch, c * m, height', width')
    """

    names = ("nn.depthwise_conv2d",)
    node_name = "depthwise"
    inputs = (INPUT, DEPTHWISE)
    strides: Numbers = numbers_attr(REQUIRED, "step from window to window")
    padding: Padding = padding_attr()
    data_format: str | None = attr(None, "order of axes, NHWC if None", choices=(None, "NHWC", "NCHW"))
    dilations: Numbers | None = numbers_attr(None, DILATIONS)

    def result_shape(self, x: Shape, filters: Shape) -> Shape:
        return self.depthwise_shape(x, filters)

    def decompose(self, x: Any, filters: Any) -> Any:
        return L.convolution(x, L.grouped_filters(filters), *self.attributes())

    def reference(self, x: Array, filters: Array) -> Array:
        return self.depthwise_reference(x, filters)

    def gradient(self, g: Any, y: Any, x: Any, filters: Any) -> Any:
        return self.depthwise_gradient(g, x, filters)

    samples = (sample(normal(2, 5, 4, 3), normal(3, 3, 3, 1), strides=[1, 1, 1, 1], padding="SAME"),
               sample(normal(2, 5, 6, 2), normal(3, 2, 2, 3), strides=[1, 2, 2, 1], padding="VALID"),
               sample(normal(1, 3, 5, 6), normal(2, 3, 3, 2), strides=[1, 1, 1, 1], padding="SAME", data_format="NCHW",
                      dilations=[1, 2]),
               sample(normal(1, 6, 6, 19), normal(3, 3, 19, 1), strides=[1, 2, 2, 1], padding="SAME"))


@op
class SeparableConv2d(_Depthwise):
    """Convolution of each channel of images by itself, and then of all of them at each place.

    Raises
    ------
    ShapeError if channels differ, or a window is larger than the padded input.

    Shapes
    ------
    input : (batch, height, width, c), or (batch, c, height, width) for NCHW
    depthwise_filter : (taps down, taps across, c, m)
    pointwise_filter : (1, 1, c * m, k)
    result : (batch, height', width', k), or (batch, k, height', width')
    """

    names = ("nn.separable_conv2d",)
    node_name = "separable_conv2d"
    inputs = (INPUT, port("depthwise_filter", Floating, "weights of each channel"),
              port("pointwise_filter", Floating, "weights between channels"))
    strides: Numbers = numbers_attr(REQUIRED, "step from window to window")
    padding: Padding = padding_attr()
    data_format: str | None = attr(None, "order of axes, NHWC if None", choices=(None, "NHWC", "NCHW"))
    dilations: Numbers | None = numbers_attr(None, DILATIONS)

    def result_shape(self, x: Shape, filters: Shape, points: Shape) -> Shape:
        if len(points) != 4:
            raise ShapeError(f"pointwise_filter has shape {points}; it has one tap: (1, 1, channels, filters)")
        for k in (0, 1):
            merge(points[k], 1, f"pointwise_filter has one tap; its size on axis {k} and 1 differ")
        between = self.depthwise_shape(x, filters)
        channels = channels_of(between, self.data_format)
        merge(channels, points[2], "channels after the depthwise convolution and of pointwise_filter differ")
        space = canonical(between, self.data_format)[1:-1]
        return user_shape(x[0], space, points[3], 2, self.data_format)

    def decompose(self, x: Any, filters: Any, points: Any) -> Any:
        return L.convolution(self.depthwise(x, filters), points, None, "VALID", self.data_format)

    def reference(self, x: Array, filters: Array, points: Array) -> Array:
        between = self.depthwise_reference(x, filters)
        axes = "nchw,ck->nkhw" if self.data_format == "NCHW" else "nhwc,ck->nhwk"
        return np.asarray(np.einsum(axes, between, points[0, 0]))

    def gradient(self, g: Any, y: Any, x: Any, filters: Any, points: Any) -> Any:
        between = self.depthwise(x, filters)
        g_between = L.convolution_input_gradient(g, points, between, None, "VALID", self.data_format)
        g_points = L.convolution_filter_gradient(between, g, points, None, "VALID", self.data_format)
        return (*self.depthwise_gradient(g_between, x, filters), g_points)

    samples = (sample(normal(2, 5, 4, 3), normal(3, 3, 3, 1), normal(1, 1, 3, 4), strides=[1, 1, 1, 1],
                      padding="SAME"),
               sample(normal(1, 2, 5, 6), normal(3, 2, 2, 2), normal(1, 1, 4, 3), strides=[1, 1, 2, 2],
                      padding="VALID", data_format="NCHW"))
