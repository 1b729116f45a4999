"""Transposed convolutions: the gradient of a convolution with respect to its input, as an op of its own."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .convolution import (
    DILATIONS,
    INPUT,
    ConvolutionInputGradient,
    Windowed,
    filters_of,
    numbers_attr,
    padding_attr,
    transposed,
    transposed_in_onnx,
)
from .kinds import REQUIRED, Array, Floating, attr, port
from .language import L
from .registry import op
from .rules import as_sizes
from .samples import normal, sample
from .windows import (
    Numbers,
    Padding,
    canonical,
    channels_of,
    from_canonical,
    space_of,
    spatial_count,
    to_canonical,
    user_shape,
)


def as_output_shape(value: Any) -> tuple[Any, ...]:
    """Sizes; None or -1 where they follow from the operands."""
    return as_sizes([-1 if s is None else s for s in value])


class _Transposed(Windowed):
    """A convolution's gradient with respect to its input, used as a layer of its own."""

    output_shape: tuple[Any, ...]

    def result_shape(self, x: Shape, filters: Shape) -> Shape:
        n = spatial_count(x, "input", self.only)
        if len(self.output_shape) != n + 2:
            raise ShapeError(f"output_shape={list(self.output_shape)}; it takes {n + 2} sizes")
        merge(channels_of(x, self.data_format), filters[-1], "channels of input and of filters (axis -1) differ")
        own = Shape(self.output_shape)
        space = space_of(own, self.data_format)
        if any(s == -1 for s in space):
            raise ShapeError(f"output_shape={list(own)}; only batch and channels may be left out")
        w = self.windows(x, filters)
        # Of the sizes that a convolution would bring to the input's, output_shape has to be one.
        back = w.results(canonical(own, self.data_format)[1:-1])
        for k, (found, size) in enumerate(zip(back, canonical(x, self.data_format)[1:-1], strict=True)):
            merge(found, size, f"output_shape={list(own)} does not fit the input: windows along axis {k - 3} differ")
        merge(x[0], x[0] if own[0] == -1 else own[0], "batch sizes of input and output_shape differ")
        channels = filters[-2]
        given = channels_of(own, self.data_format)
        merge(channels, channels if given == -1 else given, "channels of filters (axis -2) and output_shape differ")
        return user_shape(x[0], canonical(own, self.data_format)[1:-1], channels, n, self.data_format)

    def decompose(self, x: Any, filters: Any) -> Any:
        target = self.result_shape(x.shape, filters.shape)
        w = self.windows(x.shape, filters.shape)
        y = transposed(to_canonical(x, self.data_format), filters_of(filters), w, canonical(target, self.data_format))
        return from_canonical(y, target, self.data_format)

    def to_onnx(self, o: Any, x: Any, filters: Any) -> Any:
        return transposed_in_onnx(self, o, x, filters, self.result_shape(x.shape, filters.shape))

    def reference(self, x: Array, filters: Array) -> Array:
        target = self.result_shape(Shape(x.shape), Shape(filters.shape))
        like = np.zeros(target.numbers(), x.dtype)
        return np.asarray(ConvolutionInputGradient(*self.attributes()).reference(x, filters, like))

    def gradient(self, g: Any, y: Any, x: Any, filters: Any) -> Any:
        return (L.convolution_like(g, filters, x, *self.attributes()),
                L.convolution_filter_gradient(g, x, filters, *self.attributes()))


TURNED = port("filters", Floating, "weights: taps along each axis, channels out, channels in")
OUTPUT_SHAPE = "sizes of the result; batch and channels may be -1"


@op
class Conv1dTranspose(_Transposed):
    """Transpose of the convolution of signals: each number of the input is spread over a window.

    Raises
    ------
    ShapeError if channels differ, or output_shape is not a size that a convolution would bring to the input's.

    Shapes
    ------
    input : (batch, width, c), or (batch, c, width) for NCW
    filters : (taps, k, c)
    result : output_shape
    """

    names = ("nn.conv1d_transpose",)
    node_name = "conv1d_transpose"
    inputs = (INPUT, TURNED)
    only = 1
    output_shape: tuple[Any, ...] = attr(REQUIRED, OUTPUT_SHAPE, convert=as_output_shape, sizes="several")
    strides: Numbers = numbers_attr(REQUIRED, "step from window to window")
    padding: Padding = padding_attr("SAME")
    data_format: str | None = attr("NWC", "order of axes", choices=(None, "NWC", "NCW"))
    dilations: Numbers | None = numbers_attr(None, DILATIONS)
    samples = (sample(normal(2, 4, 3), normal(3, 2, 3), output_shape=[2, 7, 2], strides=2),)


@op
class Conv2dTranspose(_Transposed):
    """Transpose of the convolution of images: each number of the input is spread over a window.

    Raises
    ------
    ShapeError if channels differ, or output_shape is not a size that a convolution would bring to the input's.

    Shapes
    ------
    input : (batch, height, width, c), or (batch, c, height, width) for NCHW
    filters : (taps down, taps across, k, c)
    result : output_shape
    """

    names = ("nn.conv2d_transpose",)
    node_name = "conv2d_transpose"
    onnx = "ConvTranspose"
    inputs = (INPUT, TURNED)
    only = 2
    output_shape: tuple[Any, ...] = attr(REQUIRED, OUTPUT_SHAPE, convert=as_output_shape, sizes="several")
    strides: Numbers = numbers_attr(REQUIRED, "step from window to window")
    padding: Padding = padding_attr("SAME")
    data_format: str | None = attr("NHWC", "order of axes", choices=(None, "NHWC", "NCHW"))
    dilations: Numbers | None = numbers_attr(None, DILATIONS)
    samples = (sample(normal(2, 3, 2, 3), normal(3, 3, 2, 3), output_shape=[2, 5, 4, 2], strides=[2, 2]),
               sample(normal(1, 3, 2, 3), normal(2, 3, 2, 3), output_shape=[-1, 2, 3, 7], strides=[1, 1, 1, 2],
                      padding="VALID", data_format="NCHW"))


@op
class Conv3dTranspose(_Transposed):
    """Transpose of the convolution of volumes: each number of the input is spread over a window.

    Raises
    ------
    ShapeError if channels differ, or output_shape is not a size that a convolution would bring to the input's.

    Shapes
    ------
    input : (batch, depth, height, width, c), or (batch, c, depth, height, width) for NCDHW
    filters : (taps along each of the three, k, c)
    result : output_shape
    """

    names = ("nn.conv3d_transpose",)
    node_name = "conv3d_transpose"
    inputs = (INPUT, TURNED)
    only = 3
    output_shape: tuple[Any, ...] = attr(REQUIRED, OUTPUT_SHAPE, convert=as_output_shape, sizes="several")
    strides: Numbers = numbers_attr(REQUIRED, "step from window to window")
    padding: Padding = padding_attr("SAME")
    data_format: str | None = attr("NDHWC", "order of axes", choices=(None, "NDHWC", "NCDHW"))
    dilations: Numbers | None = numbers_attr(None, DILATIONS)
    samples = (sample(normal(1, 2, 2, 3, 2), normal(2, 3, 2, 1, 2), output_shape=[1, 4, 4, 3, 1], strides=[2, 2, 1]),)
