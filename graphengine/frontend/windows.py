"""Windows of images and volumes: their elements beside each other, and what is the largest or the least in each."""
from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, ShapeError
from ..ops.language import L
from .build import convert_to_tensor


def patches(x: Any, sizes: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str, op: str,
            name: str | None = None) -> Any:
    """The elements of each window, beside each other along the last axis.

    Parameters
    ----------
    sizes, strides, rates : of a window, from one to the next, and from one of its elements to the next, for each axis
        of space
    padding : "VALID" or "SAME"
    op : who asks, for errors

    Shapes
    ------
    x : (batch, *space, channels)
    result : (batch, windows along each axis of space, elements of a window times channels)
    """
    if x.shape.rank != len(sizes) + 2 or not all(isinstance(n, int) for n in tuple(x.shape)[1:-1]):
        raise ShapeError(f"the input has shape {x.shape}; it has {len(sizes) + 2} axes, and those of space are known",
                         op=op)
    counts, around = zip(*(_along(*along, padding, op) for along in zip(
        tuple(x.shape)[1:-1], sizes, strides, rates, strict=True)), strict=True)
    x = L.pad(x, [[0, 0], *map(list, around), [0, 0]])
    parts = []
    for places in itertools.product(*map(range, sizes)):
        inside = [slice(k * r, k * r + (n - 1) * s + 1 if n else k * r, s)
                  for k, r, n, s in zip(places, rates, counts, strides, strict=True)]
        parts.append(x[(slice(None), *inside)])
    return L.concat(parts, -1, name=name)


def _along(size: int, window: int, stride: int, rate: int, padding: str, op: str) -> tuple[int, tuple[int, int]]:
    """How many windows there are along an axis, and the zeros before and after it."""
    reach = (window - 1) * rate + 1
    if padding == "VALID":
        return max((size - reach) // stride + 1, 0), (0, 0)
    if padding != "SAME":
        raise AttributeValueError(f"padding={padding!r}; it takes one of ('SAME', 'VALID')", op=op)
    count = -(-size // stride)
    missing = max((count - 1) * stride + reach - size, 0)
    return count, (missing // 2, missing - missing // 2)


def extract_patches(
    images: Any, sizes: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str,
    name: str | None = None,
) -> Any:
    """The elements of each window, beside each other along the last axis.

    Parameters
    ----------
    sizes : (1, rows, columns, 1) of a window
    strides : (1, rows, columns, 1) from one window to the next
    rates : (1, rows, columns, 1) from one element of a window to the next
    padding : "VALID" or "SAME"

    Shapes
    ------
    images : (batch, height, width, channels)
    result : (batch, rows of windows, columns of windows, elements of a window times channels)
    """
    inside = slice(1, 3)
    return patches(convert_to_tensor(images), list(sizes)[inside], list(strides)[inside], list(rates)[inside], padding,
                   "image.extract_patches", name)


def extract_volume_patches(
    input: Any, ksizes: Sequence[int], strides: Sequence[int], padding: str, name: str | None = None
) -> Any:
    """The elements of each window of volumes, beside each other along the last axis.

    Parameters
    ----------
    ksizes, strides : (1, planes, rows, columns, 1)
    padding : "VALID" or "SAME"

    Shapes
    ------
    input : (batch, planes, rows, columns, channels)
    result : (batch, windows along each of three axes, elements of a window times channels)
    """
    return patches(convert_to_tensor(input), list(ksizes)[1:4], list(strides)[1:4], (1, 1, 1), padding,
                   "extract_volume_patches", name)


# -------------------------------------------------------------------- extremes

def _pair(sizes: Any) -> list[int]:
    """Sizes along height and width of one number, two or four."""
    listed = [int(s) for s in np.atleast_1d(sizes)]
    return listed * 2 if len(listed) == 1 else listed[1:3] if len(listed) == 4 else listed


def _windows(x: Any, sizes: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str) -> Any:
    """(batch, rows, columns, elements of a window, channels)."""
    found = patches(x, sizes, strides, rates, padding, "nn")
    return L.reshape(found, (-1, *tuple(found.shape)[1:3], sizes[0] * sizes[1], x.shape[-1]))


def _inside(x: Any, sizes: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str) -> Any:
    """Which elements of windows are the image's, not of a border around it."""
    return _windows(L.ones_like(x[:1, :, :, :1]), sizes, strides, rates, padding) > 0


def max_pool_with_argmax(
    input: Any, ksize: Any, strides: Any, padding: str, data_format: str = "NHWC", output_dtype: Any = dtypes.int64,
    include_batch_in_index: bool = False, name: str | None = None,
) -> tuple[Any, Any]:
    """The largest element of each window, and where it stands: (row * width + column) * channels + channel.

    Parameters
    ----------
    include_batch_in_index : whether the places count through the whole batch
    """
    if data_format != "NHWC":
        raise AttributeValueError(f"data_format={data_format!r}; it takes 'NHWC'", op="nn.max_pool_with_argmax")
    x = convert_to_tensor(input)
    sizes, steps = _pair(ksize), _pair(strides)
    whole = tuple(x.shape)[1:]
    if not all(isinstance(s, int) for s in whole):
        raise ShapeError(f"sizes of {x.shape} but the batch's have to be known", op="nn.max_pool_with_argmax")
    places = np.arange(int(np.prod(whole)), dtype=np.int32).reshape(1, *whole)
    least = -np.inf if x.dtype.is_floating else np.iinfo(x.dtype.numpy).min
    inside = _inside(x, sizes, steps, (1, 1), padding)
    windows = L.where(inside, _windows(x, sizes, steps, (1, 1), padding), np.asarray(least, x.dtype.numpy))
    largest = L.reduce_max(windows, 3, True)
    hits = L.logical_or(L.equal(windows, largest), L.not_equal(windows, windows))
    numbers = _windows(convert_to_tensor(places), sizes, steps, (1, 1), padding)
    best = L.argmax(L.cast(L.logical_and(hits, inside), dtypes.int32), 3, dtypes.int32)
    chosen = L.one_hot(best, sizes[0] * sizes[1], 1, 0, 3, dtypes.int32)
    found = L.cast(L.reduce_sum(chosen * numbers, 3), output_dtype)
    if include_batch_in_index:
        batch = L.cumsum(L.ones_like(x[:, 0, 0, 0], output_dtype), 0, True)
        found = found + L.reshape(batch, (-1, 1, 1, 1)) * places.size
    return L.squeeze(largest, 3, name=name), found


def dilation2d(
    input: Any, filters: Any, strides: Any, padding: str, data_format: str, dilations: Any, name: str | None = None
) -> Any:
    """The largest of the sums of a window and a filter: grayscale dilation.

    Shapes
    ------
    input : (batch, height, width, channels)
    filters : (rows, columns, channels)
    """
    if data_format != "NHWC":
        raise AttributeValueError(f"data_format={data_format!r}; it takes 'NHWC'", op="nn.dilation2d")
    x, kernel = convert_to_tensor(input), convert_to_tensor(filters)
    rows, columns, channels = kernel.shape
    how = ((rows, columns), _pair(strides), _pair(dilations), padding)
    sums = _windows(x, *how) + L.reshape(kernel, (rows * columns, channels))
    least = (np.finfo if x.dtype.is_floating else np.iinfo)(x.dtype.numpy).min
    return L.reduce_max(L.where(_inside(x, *how), sums, np.asarray(least, x.dtype.numpy)), 3, name=name)


def erosion2d(
    value: Any, filters: Any, strides: Any, padding: str, data_format: str, dilations: Any, name: str | None = None
) -> Any:
    """The least of the differences of a window and a filter: grayscale erosion."""
    turned = L.reverse(filters, [0, 1])
    found = dilation2d(-convert_to_tensor(value), turned, strides, padding, data_format, dilations)
    return L.negative(found, name=name)
