"""Functions of windows that move over signals, images and volumes: convolutions, pooling, patches, blocks."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ShapeError
from ...ops.language import L
from ..config import image_data_format
from ..layers.convolutional import spread
from .arrangement import moveaxis
from .promotion import floating, tensor, together


def conv(inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
         dilation_rate: Any = 1) -> Any:
    """Convolution over one, two or three axes; kernel: (*window, channels, filters)."""
    x, w = together(inputs, kernel)
    n = w.rank - 2
    return _last(x, data_format, lambda y: L.convolution(y, w, _each(strides, n), padding.upper(),
                                                         dilations=_each(dilation_rate, n)))


def depthwise_conv(inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
                   dilation_rate: Any = 1) -> Any:
    """Convolution of each channel by itself; kernel: (*window, channels, multiplier)."""
    x, w = together(inputs, kernel)
    steps, gaps = _each(strides, 2), _each(dilation_rate, 2)
    if w.rank == 3:
        return L.squeeze(depthwise_conv(
            L.expand_dims(x, 1), L.expand_dims(w, 0), (1, steps[-1]), padding, data_format, (1, gaps[-1])), 1)
    return _last(x, data_format, lambda y: L.depthwise_conv2d(y, w, (1, *steps, 1), padding.upper(), dilations=gaps))


def separable_conv(inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = 1, padding: str = "valid",
                   data_format: str | None = None, dilation_rate: Any = 1) -> Any:
    """Convolution of each channel by itself, and then of all channels at each point."""
    found = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(found, pointwise_kernel, 1, "valid", data_format)


def max_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid",
             data_format: str | None = None) -> Any:
    """The largest element of each window."""
    return _pool("max_pool", inputs, pool_size, strides, padding, data_format)


def average_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid",
                 data_format: str | None = None) -> Any:
    """The mean of each window."""
    return _pool("avg_pool", floating(inputs), pool_size, strides, padding, data_format)


def _pool(op: str, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: str | None) -> Any:
    x = tensor(inputs)
    size = _each(pool_size, x.rank - 2)
    return _last(x, data_format, lambda y: getattr(L, op)(
        y, size, size if strides is None else _each(strides, x.rank - 2), padding.upper()))


def _each(value: int | Sequence[int], count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)


def _last(x: Any, data_format: str | None, function: Any) -> Any:
    """A function of tensors with channels last, on one that may have them first."""
    if (data_format or image_data_format()) == "channels_last":
        return function(x)
    return moveaxis(function(moveaxis(x, 1, -1)), -1, 1)


def conv_transpose(
    inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", output_padding: Any = None,
    data_format: str | None = None, dilation_rate: Any = 1,
) -> Any:
    """Each number spread over a window, the transpose of a convolution; kernel: (*window, filters, channels)."""
    x, w = together(inputs, kernel)
    n = w.rank - 2
    beyond = None if output_padding is None else _each(output_padding, n)
    return spread(x, w, _each(strides, n), padding.lower(), beyond, _each(dilation_rate, n),
                  data_format or image_data_format())


# -------------------------------------------------------------------- pooling to a size

def adaptive_average_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    """Means of windows that cover the input, so many along each axis."""
    return _adaptive(floating(inputs), output_size, data_format, _mean)


def adaptive_max_pool(inputs: Any, output_size: Any, data_format: str | None = None) -> Any:
    """The largest elements of windows that cover the input, so many along each axis."""
    return _adaptive(tensor(inputs), output_size, data_format, lambda x, inside, axis: L.reduce_max(x, axis))


def _adaptive(x: Any, output_size: Any, data_format: str | None, fold: Any) -> Any:
    """Window i of m along an axis of n places goes from floor(i n / m) to before ceil((i + 1) n / m)."""
    def pooled(y: Any) -> Any:
        for axis, count in enumerate(_each(output_size, x.rank - 2), 1):
            size = y.shape[axis]
            if not isinstance(size, int):
                raise ShapeError(f"the size of axis {axis} of {y.shape} has to be known", op="adaptive_pool")
            first = np.arange(count) * size // count
            width = -(-(np.arange(count) + 1) * size // count) - first
            steps = np.arange(int(width.max(initial=1)))
            places = first[:, None] + np.minimum(steps, width[:, None] - 1)    # the last one again in shorter windows
            y = fold(L.gather(y, places.astype(np.int32), axis=axis), steps < width[:, None], axis + 1)
        return y

    return _last(x, data_format, pooled)


def _mean(x: Any, inside: Any, axis: int) -> Any:
    """Means along an axis of what is inside of windows."""
    shape = (*inside.shape, *(1,) * (x.rank - axis - 1))
    total = L.reduce_sum(L.where(inside.reshape(shape), x, L.zeros_like(x)), axis)
    return total / tensor(inside.sum(1).reshape(-1, *shape[2:]), x.dtype)


# -------------------------------------------------------------------- patches and blocks

def unfold(x: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """The windows of images, channels first, as columns.

    Shapes
    ------
    x : (images, channels, height, width)
    result : (images, channels * window, number of windows)
    """
    found = tensor(x)
    window, gap, around, step = (_each(v, 2) for v in (kernel_size, dilation, padding, stride))
    found = L.pad(found, [[0, 0], [0, 0], *([p, p] for p in around)])
    for k in range(2):
        places = _places(int(found.shape[2 + 2 * k]), window[k], gap[k], step[k])
        found = L.gather(found, places, axis=2 + 2 * k)
    columns = L.transpose(found, (0, 1, 2, 4, 3, 5))
    channels, high, wide = int(found.shape[1]), int(found.shape[3]), int(found.shape[5])
    return L.reshape(columns, (-1, channels * window[0] * window[1], high * wide))


def fold(x: Any, output_size: Any, kernel_size: Any, dilation: Any = 1, padding: Any = 0, stride: Any = 1) -> Any:
    """Images, channels first, from the windows that `unfold` gives; where these overlap they are added."""
    found = tensor(x)
    window, gap, around, step, size = (_each(v, 2) for v in (kernel_size, dilation, padding, stride, output_size))
    whole = [n + 2 * p for n, p in zip(size, around, strict=True)]
    places = [_places(whole[k], window[k], gap[k], step[k]) for k in range(2)]
    channels = int(found.shape[1]) // (window[0] * window[1])
    parts = L.reshape(found, (-1, channels, *window, places[0].shape[1], places[1].shape[1]))
    parts = L.transpose(parts, (2, 4, 3, 5, 0, 1))                          # (window, windows) of each axis first
    where = places[0][:, :, None, None] * whole[1] + places[1]
    added = L.unsorted_segment_sum(parts, where.astype(np.int32), whole[0] * whole[1])
    images = L.transpose(L.reshape(added, (*whole, *_sizes(parts)[4:])), (2, 3, 0, 1))
    return images[:, :, around[0]:whole[0] - around[0], around[1]:whole[1] - around[1]]


def _sizes(x: Any) -> list[int]:
    return [n if isinstance(n, int) else -1 for n in x.shape]


def _places(size: int, window: int, gap: int, step: int) -> Any:
    """Where the elements of windows lie along an axis, (window, number of windows)."""
    count = (size - gap * (window - 1) - 1) // step + 1
    return (np.arange(window)[:, None] * gap + np.arange(count) * step).astype(np.int32)


def depth_to_space(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Channels as square blocks of pixels."""
    return _last(tensor(x), data_format, lambda y: L.depth_to_space(y, block_size))


def space_to_depth(x: Any, block_size: int, data_format: str = "channels_last") -> Any:
    """Square blocks of pixels as channels."""
    return _last(tensor(x), data_format, lambda y: L.space_to_depth(y, block_size))
