"""Largest and average elements of windows over 1 to 3 spatial axes."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..ir.dims import Shape
from ..ir.node import Tensor
from .convolution import canonical_array, restored
from .kinds import REQUIRED, Array, Call, Composite, Floating, Library, attr, port
from .language import L
from .registry import abstract, op
from .rules import sizes_of
from .samples import distinct, normal, sample, values
from .windows import (
    ANY_FORMAT,
    SPACE,
    Numbers,
    Padding,
    Windows,
    as_numbers,
    as_padding,
    canonical,
    channels_of,
    from_canonical,
    spatial,
    spatial_count,
    to_canonical,
    user_shape,
    windows,
)

INPUT = port("input", Floating, "batch of signals, images or volumes")


class _Pool(Composite):
    """Base of pooling: TensorFlow's attributes."""

    category = "Convolution"
    ksize: Numbers
    strides: Numbers
    padding: Padding
    data_format: str | None
    only: ClassVar[int | None] = None       # number of spatial axes, if only one is allowed

    def attributes(self) -> tuple[Any, ...]:
        return self.ksize, self.strides, self.padding, self.data_format

    def windows(self, x: Shape) -> Windows:
        n = spatial_count(x, "input", self.only)
        size = spatial(self.ksize, n, self.data_format, "ksize")
        return windows(size, n, self.data_format, self.strides, None, self.padding)

    def to_onnx(self, o: Any, x: Any, *others: Any) -> Any:
        w = self.windows(x.shape)
        if self.onnx is None or w.is_cropped:       # with windows that lie in the padding altogether
            return None
        about = w.in_onnx(canonical(x.shape, self.data_format)[1:-1], x.rank - 2)
        del about["dilations"]
        y = o.node(self.onnx, o.channels_first(x, self.data_format, x.rank), **about)
        return o.channels_as(y, self.data_format, x.rank)

    def pooled_shape(self, x: Shape) -> Shape:
        space = self.windows(x).results(canonical(x, self.data_format)[1:-1])
        return user_shape(x[0], space, channels_of(x, self.data_format), len(x) - 2, self.data_format)


def numbers_attr(doc: str) -> Any:
    return attr(REQUIRED, doc, convert=as_numbers)


KSIZE, STRIDES = "extent of a window", "step from window to window"
PADDING = "SAME, VALID, or a pair of numbers for each axis"


@abstract
class AnyAxes(_Pool):
    """Attributes of pooling over any number of axes."""

    ksize: Numbers = numbers_attr(KSIZE)
    strides: Numbers = numbers_attr(STRIDES)
    padding: Padding = attr(REQUIRED, PADDING, convert=as_padding)
    data_format: str | None = attr(None, "order of axes, channels last if None", choices=ANY_FORMAT)


def window_parts(x: Array, w: Windows) -> Any:
    """For each window of `x`, channels last: its place among the results and the slices of the spatial axes."""
    space = x.shape[1:-1]
    before = w.before(space)
    for place in np.ndindex(*w.results(space)):
        firsts = [o * s - b for o, s, b in zip(place, w.strides, before, strict=True)]
        parts = [slice(max(f, 0), max(f + k, 0)) for f, k in zip(firsts, w.size, strict=True)]
        yield (slice(None), *place), (slice(None), *parts)


# -------------------------------------------------------------------- primitives of max pooling

@abstract
class _Search(Library):
    """Base of the kernels: three spatial axes, channels last."""

    category = "Convolution"
    internal = True
    kernel: ClassVar[str]
    sizes: tuple[int, ...] = attr(REQUIRED, "extents of a window", convert=tuple)
    strides: tuple[int, ...] = attr(REQUIRED, "step from window to window", convert=tuple)
    padding: Padding = attr(REQUIRED, "SAME, VALID, or a pair of numbers for each axis", convert=as_padding)

    def windows(self) -> Windows:
        return Windows(self.sizes, self.strides, (1,) * SPACE, self.padding)

    def made_call(self, x: Tensor, y: Tensor) -> Call:
        own, results = sizes_of(x), sizes_of(y)
        table = (*own[:4], *results[1:4], own[4], *self.sizes, *self.strides, *self.windows().before(own[1:4]))
        return Call(f"{self.kernel}_{x.dtype.code}", table, extent=own[0])


@op
class LargestOfWindows(_Search):
    """Largest element of each window.

    Shapes
    ------
    x : (batch, d, h, w, c)
    result : (batch, d', h', w', c)
    """

    kernel = "max_pool"
    inputs = (port("x", Floating, "numbers"),)

    def result_shape(self, x: Shape) -> Shape:
        return Shape((x[0], *self.windows().results(x[1:-1]), x[-1]))

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        return self.made_call(inputs[0], results[0])

    def reference(self, x: Array) -> Array:
        y = np.zeros(self.result_shape(Shape(x.shape)).numbers(), x.dtype)
        for place, parts in window_parts(x, self.windows()):
            y[place] = x[parts].max(axis=(1, 2, 3), initial=-np.inf)
        return y

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.largest_of_windows_back(g, x, y, self.sizes, self.strides, self.padding)

    samples = (sample(distinct(2, 1, 4, 5, 3), sizes=(1, 2, 2), strides=(1, 2, 2), padding="SAME"),
               sample(distinct(1, 3, 4, 4, 2), sizes=(2, 3, 2), strides=(1, 1, 2), padding="VALID"))


def first_largest(x: Array, y: Array, w: Windows) -> Any:
    """For each window its place, and the mask of its elements that are the first largest ones."""
    for place, parts in window_parts(x, w):
        part = x[parts]
        best = y[place][:, None, None, None]
        rows = ((part == best) | np.isnan(part)).reshape(len(x), int(np.prod(part.shape[1:-1])), x.shape[-1])
        yield place, parts, (rows & (np.cumsum(rows, axis=1) == 1)).reshape(part.shape)


# Ties in windows that overlap, in more channels than a vector has lanes.
ZEROS_AND_ONES = values((np.arange(2 * 3 * 4 * 19) % 7 % 2).reshape(1, 2, 3, 4, 19).tolist())
ONES = values(np.ones((1, 2, 2, 4, 19)).tolist())
SEARCHED = (port("x", Floating, "what the windows move over"), port("y", Floating, "largest element of each"))


@op
class LargestOfWindowsBack(_Search):
    """Gradient of `LargestOfWindows`: g goes to the first largest element of each window.

    Shapes
    ------
    g, y : (batch, d', h', w', c)
    x : (batch, d, h, w, c)
    result : the shape of x
    """

    kernel = "max_pool_back"
    inputs = (port("g", Floating, "gradient of the largest elements"), *SEARCHED)

    def result_shape(self, g: Shape, x: Shape, y: Shape) -> Shape:
        return x

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        return self.made_call(inputs[1], inputs[2])

    def reference(self, g: Array, x: Array, y: Array) -> Array:
        result = np.zeros(x.shape, g.dtype)
        for place, parts, mask in first_largest(x, y, self.windows()):
            result[parts] += np.where(mask, g[place][:, None, None, None], g.dtype.type(0))
        return result

    def gradient(self, h: Any, z: Any, g: Any, x: Any, y: Any) -> Any:
        return L.largest_of_windows_pick(h, x, y, self.sizes, self.strides, self.padding), None, None

    samples = (sample(normal(2, 1, 2, 2, 3), distinct(2, 1, 4, 4, 3), normal(2, 1, 2, 2, 3), sizes=(1, 2, 2),
                      strides=(1, 2, 2), padding="VALID", smooth=False),
               sample(normal(1, 2, 2, 4, 19), ZEROS_AND_ONES, ONES, sizes=(2, 2, 3), strides=(1, 2, 1),
                      padding="SAME", smooth=False))


@op
class LargestOfWindowsPick(_Search):
    """Elements of h at the places of the first largest elements of windows over x.

    Shapes
    ------
    h, x : (batch, d, h, w, c)
    y : (batch, d', h', w', c)
    result : the shape of y
    """

    kernel = "max_pool_pick"
    inputs = (port("h", Floating, "what is picked from"), *SEARCHED)

    def result_shape(self, h: Shape, x: Shape, y: Shape) -> Shape:
        return y

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        return self.made_call(inputs[1], inputs[2])

    def reference(self, h: Array, x: Array, y: Array) -> Array:
        result = np.zeros(y.shape, h.dtype)
        for place, parts, mask in first_largest(x, y, self.windows()):
            result[place] = np.where(mask, h[parts], h.dtype.type(0)).sum(axis=(1, 2, 3), dtype=h.dtype)
        return result

    def gradient(self, g: Any, z: Any, h: Any, x: Any, y: Any) -> Any:
        return L.largest_of_windows_back(g, x, y, self.sizes, self.strides, self.padding), None, None

    samples = (sample(normal(2, 1, 4, 4, 3), distinct(2, 1, 4, 4, 3), normal(2, 1, 2, 2, 3), sizes=(1, 2, 2),
                      strides=(1, 2, 2), padding="VALID", smooth=False),
               sample(normal(1, 2, 3, 4, 19), ZEROS_AND_ONES, ONES, sizes=(2, 2, 3), strides=(1, 2, 1),
                      padding="SAME", smooth=False))


# -------------------------------------------------------------------- max pooling

class _MaxPool(_Pool):
    onnx = "MaxPool"
    inputs = (INPUT,)

    def result_shape(self, x: Shape) -> Shape:
        return self.pooled_shape(x)

    def decompose(self, x: Any) -> Any:
        w = self.windows(x.shape)
        y = L.largest_of_windows(to_canonical(x, self.data_format), w.size, w.strides, w.padding)
        return from_canonical(y, self.result_shape(x.shape), self.data_format)

    def reference(self, x: Array) -> Array:
        w = self.windows(Shape(x.shape))
        y = LargestOfWindows(w.size, w.strides, w.padding).reference(canonical_array(x, self.data_format))
        return restored(y, self.result_shape(Shape(x.shape)), self.data_format)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.max_pool_gradient(g, x, y, *self.attributes())


@op
class MaxPoolGradient(AnyAxes):
    """Gradient of max pooling: g goes to the first largest element of each window, as in TensorFlow on CPUs."""

    internal = True
    inputs = (port("g", Floating, "gradient of the largest elements"), *SEARCHED)

    def result_shape(self, g: Shape, x: Shape, y: Shape) -> Shape:
        return x

    def decompose(self, g: Any, x: Any, y: Any) -> Any:
        w = self.windows(x.shape)
        found = L.largest_of_windows_back(*[to_canonical(t, self.data_format) for t in (g, x, y)],
                                          w.size, w.strides, w.padding)
        return from_canonical(found, x.shape, self.data_format)

    def reference(self, g: Array, x: Array, y: Array) -> Array:
        w = self.windows(Shape(x.shape))
        arrays = [canonical_array(a, self.data_format) for a in (g, x, y)]
        found = LargestOfWindowsBack(w.size, w.strides, w.padding).reference(*arrays)
        return restored(found, Shape(x.shape), self.data_format)

    def gradient(self, h: Any, z: Any, g: Any, x: Any, y: Any) -> Any:
        return L.max_pool_pick(h, x, y, *self.attributes()), None, None

    samples = (sample(normal(2, 2, 2, 3), distinct(2, 4, 4, 3), normal(2, 2, 2, 3), ksize=2, strides=2,
                      padding="VALID", smooth=False),)


@op
class MaxPoolPick(AnyAxes):
    """Elements of h at the places of the first largest elements of windows over x."""

    internal = True
    inputs = (port("h", Floating, "what is picked from"), *SEARCHED)

    def result_shape(self, h: Shape, x: Shape, y: Shape) -> Shape:
        return y

    def decompose(self, h: Any, x: Any, y: Any) -> Any:
        w = self.windows(x.shape)
        found = L.largest_of_windows_pick(*[to_canonical(t, self.data_format) for t in (h, x, y)],
                                          w.size, w.strides, w.padding)
        return from_canonical(found, y.shape, self.data_format)

    def reference(self, h: Array, x: Array, y: Array) -> Array:
        w = self.windows(Shape(x.shape))
        arrays = [canonical_array(a, self.data_format) for a in (h, x, y)]
        found = LargestOfWindowsPick(w.size, w.strides, w.padding).reference(*arrays)
        return restored(found, Shape(y.shape), self.data_format)

    def gradient(self, g: Any, z: Any, h: Any, x: Any, y: Any) -> Any:
        return L.max_pool_gradient(g, x, y, *self.attributes()), None, None

    samples = (sample(normal(2, 4, 4, 3), distinct(2, 4, 4, 3), normal(2, 2, 2, 3), ksize=2, strides=2,
                      padding="VALID", smooth=False),)


# -------------------------------------------------------------------- average pooling

class _AveragePool(_Pool):
    onnx = "AveragePool"
    inputs = (INPUT,)

    def result_shape(self, x: Shape) -> Shape:
        return self.pooled_shape(x)

    def decompose(self, x: Any) -> Any:
        own = to_canonical(x, self.data_format)
        w = self.windows(x.shape)
        one = L.cast(1, x.dtype)
        attributes = (w.strides, w.padding, "NDHWC")
        totals = L.convolution(own, L.broadcast_to(one, (*w.size, 1, own.shape[-1])), *attributes)
        space = L.broadcast_to(one, (1, *own.shape[1:-1], 1))
        counts = L.convolution(space, L.broadcast_to(one, (*w.size, 1, 1)), *attributes)
        return from_canonical(totals / counts, self.result_shape(x.shape), self.data_format)

    def reference(self, x: Array) -> Array:
        own = canonical_array(x, self.data_format)
        target = self.result_shape(Shape(x.shape))
        y = np.zeros(canonical(target, self.data_format), x.dtype)
        for place, parts in window_parts(own, self.windows(Shape(x.shape))):
            y[place] = own[parts].mean(axis=(1, 2, 3))
        return restored(y, target, self.data_format)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.average_pool_gradient(g, x, *self.attributes())


@op
class AveragePoolGradient(AnyAxes):
    """Gradient of average pooling: each element of a window gets the same part of g."""

    internal = True
    inputs = (port("g", Floating, "gradient of the averages"), port("like", Floating, "lends its shape", same="L"))

    def result_shape(self, g: Shape, like: Shape) -> Shape:
        return like

    def decompose(self, g: Any, like: Any) -> Any:
        own = to_canonical(g, self.data_format)
        shape = canonical(like.shape, self.data_format)
        w = self.windows(like.shape)
        one = L.cast(1, g.dtype)
        attributes = (w.strides, w.padding, "NDHWC")
        space = L.broadcast_to(one, (1, *shape[1:-1], 1))
        counts = L.convolution(space, L.broadcast_to(one, (*w.size, 1, 1)), *attributes)
        filters = L.broadcast_to(one, (*w.size, 1, shape[-1]))
        whole = L.broadcast_to(one, shape)
        found = L.convolution_input_gradient(own / counts, filters, whole, *attributes)
        return from_canonical(found, like.shape, self.data_format)

    def reference(self, g: Array, like: Array) -> Array:
        own = canonical_array(g, self.data_format)
        result = np.zeros(canonical(like.shape, self.data_format), g.dtype)
        for place, parts in window_parts(result, self.windows(Shape(like.shape))):
            result[parts] += (own[place] / np.prod(result[parts].shape[1:-1]))[:, None, None, None]
        return restored(result, Shape(like.shape), self.data_format)

    def gradient(self, h: Any, z: Any, g: Any, like: Any) -> Any:
        return L.avg_pool(h, *self.attributes()), None

    samples = (sample(normal(2, 2, 3, 2), normal(2, 4, 5, 2), ksize=[3, 2], strides=2, padding="SAME"),)


# -------------------------------------------------------------------- the public ones

@op
class MaxPool(_MaxPool, AnyAxes):
    """Largest element of windows over any number of spatial axes.

    The gradient goes to the first of the largest elements. NaN is the largest; TensorFlow on CPUs passes over it.

    Raises
    ------
    ShapeError if a window is larger than the padded input.

    Shapes
    ------
    input : (batch, ..., channels), or (batch, channels, ...) for formats that begin with NC
    result : the same axes; as many elements as there are windows
    """

    names = ("nn.max_pool",)
    node_name = "max_pool"
    samples = (sample(distinct(2, 4, 5, 3), ksize=2, strides=2, padding="VALID"),
               sample(distinct(2, 5, 4, 3), ksize=[1, 3, 2, 1], strides=[1, 2, 1, 1], padding="SAME"),
               sample(distinct(2, 6, 3), ksize=3, strides=1, padding="SAME"))


@op
class MaxPool1d(_MaxPool):
    """Largest element of windows over signals.

    The gradient goes to the first of the largest elements. NaN is the largest; TensorFlow on CPUs passes over it.

    Raises
    ------
    ShapeError if a window is larger than the padded input.

    Shapes
    ------
    input : (batch, width, channels), or (batch, channels, width) for NCW
    result : the same axes; as many elements as there are windows
    """

    names = ("nn.max_pool1d",)
    node_name = "max_pool1d"
    only = 1
    ksize: Numbers = numbers_attr(KSIZE)
    strides: Numbers = numbers_attr(STRIDES)
    padding: Padding = attr(REQUIRED, PADDING, convert=as_padding)
    data_format: str | None = attr("NWC", "order of axes", choices=(None, "NWC", "NCW"))
    samples = (sample(distinct(2, 7, 3), ksize=3, strides=2, padding="SAME"),
               sample(distinct(2, 3, 7), ksize=2, strides=[2], padding="VALID", data_format="NCW"))


@op
class MaxPool2d(_MaxPool):
    """Largest element of windows over images.

    The gradient goes to the first of the largest elements. NaN is the largest; TensorFlow on CPUs passes over it.

    Raises
    ------
    ShapeError if a window is larger than the padded input.

    Shapes
    ------
    input : (batch, height, width, channels), or (batch, channels, height, width) for NCHW
    result : the same axes; as many elements as there are windows
    """

    names = ("nn.max_pool2d",)
    node_name = "max_pool2d"
    only = 2
    ksize: Numbers = numbers_attr(KSIZE)
    strides: Numbers = numbers_attr(STRIDES)
    padding: Padding = attr(REQUIRED, PADDING, convert=as_padding)
    data_format: str | None = attr("NHWC", "order of axes", choices=(None, "NHWC", "NCHW"))
    samples = (sample(distinct(2, 4, 6, 3), ksize=2, strides=2, padding="VALID"),
               sample(distinct(1, 5, 5, 17), ksize=3, strides=2, padding="SAME"),
               sample(distinct(2, 3, 4, 5), ksize=[2, 3], strides=[1, 2], padding="SAME", data_format="NCHW"),
               sample(distinct(1, 2, 2, 1), ksize=5, strides=1, padding="SAME"),
               sample(distinct(0, 4, 4, 2), ksize=2, strides=2, padding="VALID"))


@op
class MaxPool3d(_MaxPool):
    """Largest element of windows over volumes.

    The gradient goes to the first of the largest elements. NaN is the largest; TensorFlow on CPUs passes over it.

    Raises
    ------
    ShapeError if a window is larger than the padded input.

    Shapes
    ------
    input : (batch, depth, height, width, channels), or (batch, channels, depth, height, width) for NCDHW
    result : the same axes; as many elements as there are windows
    """

    names = ("nn.max_pool3d",)
    node_name = "max_pool3d"
    only = 3
    ksize: Numbers = numbers_attr(KSIZE)
    strides: Numbers = numbers_attr(STRIDES)
    padding: Padding = attr(REQUIRED, PADDING, convert=as_padding)
    data_format: str | None = attr("NDHWC", "order of axes", choices=(None, "NDHWC", "NCDHW"))
    samples = (sample(distinct(1, 4, 3, 5, 2), ksize=2, strides=2, padding="SAME"),
               sample(distinct(1, 2, 4, 3, 4), ksize=2, strides=1, padding="VALID", data_format="NCDHW"))


@op
class AvgPool(_AveragePool, AnyAxes):
    """Average of windows over any number of spatial axes.

    Padding does not count.

    Raises
    ------
    ShapeError if a window is larger than the padded input.

    Shapes
    ------
    input : (batch, ..., channels), or (batch, channels, ...) for formats that begin with NC
    result : the same axes; as many elements as there are windows
    """

    names = ("nn.avg_pool",)
    node_name = "avg_pool"
    samples = (sample(normal(2, 4, 5, 3), ksize=2, strides=2, padding="VALID"),
               sample(normal(2, 5, 4, 3), ksize=[1, 3, 2, 1], strides=[1, 2, 1, 1], padding="SAME"),
               sample(normal(2, 6, 3), ksize=3, strides=1, padding="SAME"))


@op
class AvgPool1d(_AveragePool):
    """Average of windows over signals.

    Padding does not count.

    Raises
    ------
    ShapeError if a window is larger than the padded input.

    Shapes
    ------
    input : (batch, width, channels), or (batch, channels, width) for NCW
    result : the same axes; as many elements as there are windows
    """

    names = ("nn.avg_pool1d",)
    node_name = "avg_pool1d"
    only = 1
    ksize: Numbers = numbers_attr(KSIZE)
    strides: Numbers = numbers_attr(STRIDES)
    padding: Padding = attr(REQUIRED, PADDING, convert=as_padding)
    data_format: str | None = attr("NWC", "order of axes", choices=(None, "NWC", "NCW"))
    samples = (sample(normal(2, 7, 3), ksize=3, strides=2, padding="SAME"),
               sample(normal(2, 3, 7), ksize=2, strides=[2], padding="VALID", data_format="NCW"))


@op
class AvgPool2d(_AveragePool):
    """Average of windows over images.

    Padding does not count.

    Raises
    ------
    ShapeError if a window is larger than the padded input.

    Shapes
    ------
    input : (batch, height, width, channels), or (batch, channels, height, width) for NCHW
    result : the same axes; as many elements as there are windows
    """

    names = ("nn.avg_pool2d",)
    node_name = "avg_pool2d"
    only = 2
    ksize: Numbers = numbers_attr(KSIZE)
    strides: Numbers = numbers_attr(STRIDES)
    padding: Padding = attr(REQUIRED, PADDING, convert=as_padding)
    data_format: str | None = attr("NHWC", "order of axes", choices=(None, "NHWC", "NCHW"))
    samples = (sample(normal(2, 4, 6, 3), ksize=2, strides=2, padding="VALID"),
               sample(normal(1, 5, 5, 17), ksize=3, strides=2, padding="SAME"),
               sample(normal(2, 3, 4, 5), ksize=[2, 3], strides=[1, 2], padding="SAME", data_format="NCHW"),
               sample(normal(1, 2, 2, 1), ksize=5, strides=1, padding="SAME"),
               sample(normal(0, 4, 4, 2), ksize=2, strides=2, padding="VALID"))


@op
class AvgPool3d(_AveragePool):
    """Average of windows over volumes.

    Padding does not count.

    Raises
    ------
    ShapeError if a window is larger than the padded input.

    Shapes
    ------
    input : (batch, depth, height, width, channels), or (batch, channels, depth, height, width) for NCDHW
    result : the same axes; as many elements as there are windows
    """

    names = ("nn.avg_pool3d",)
    node_name = "avg_pool3d"
    only = 3
    ksize: Numbers = numbers_attr(KSIZE)
    strides: Numbers = numbers_attr(STRIDES)
    padding: Padding = attr(REQUIRED, PADDING, convert=as_padding)
    data_format: str | None = attr("NDHWC", "order of axes", choices=(None, "NDHWC", "NCDHW"))
    samples = (sample(normal(1, 4, 3, 5, 2), ksize=2, strides=2, padding="SAME"),
               sample(normal(1, 2, 4, 3, 4), ksize=2, strides=1, padding="VALID", data_format="NCDHW"))
