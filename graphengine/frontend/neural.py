"""Functions for networks that are made of other ops: losses of a batch, windows of images, convolution by its rank."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, ShapeError
from ..ops.language import L
from .build import convert_to_tensor
from .images import extract_patches


def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Any:
    """The sum of the losses of a batch, each times its weight, divided by the size of the batch.

    Parameters
    ----------
    global_batch_size : the size of axis 0 of the losses if None
    """
    loss = convert_to_tensor(per_example_loss)
    if not loss.dtype.is_floating:
        loss = L.cast(loss, dtypes.float32)
    if sample_weight is not None:
        loss = loss * L.cast(sample_weight, loss.dtype)
    size = L.shape_of(loss)[0] if global_batch_size is None else global_batch_size
    return L.reduce_sum(loss) / L.cast(size, loss.dtype)


def scale_regularization_loss(regularization_loss: Any) -> Any:
    """The sum of the terms: with one replica there is nothing to divide by."""
    return L.reduce_sum(L.cast(regularization_loss, dtypes.float32))


def _pair(sizes: Any) -> list[int]:
    """Sizes along height and width of one number, two or four."""
    listed = [int(s) for s in np.atleast_1d(sizes)]
    return listed * 2 if len(listed) == 1 else listed[1:3] if len(listed) == 4 else listed


def _windows(x: Any, sizes: Sequence[int], strides: Sequence[int], rates: Sequence[int], padding: str) -> Any:
    """(batch, rows, columns, elements of a window, channels)."""
    patches = extract_patches(x, [1, *sizes, 1], [1, *strides, 1], [1, *rates, 1], padding)
    return L.reshape(patches, (-1, *tuple(patches.shape)[1:3], sizes[0] * sizes[1], x.shape[-1]))


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


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str, name: str | None = None) -> Any:
    """Convolution with a filter whose elements are `rate` pixels apart."""
    return L.conv2d(value, filters, 1, padding, dilations=rate, name=name)


def pool(
    input: Any, window_shape: Any, pooling_type: str, strides: Any = None, padding: Any = "VALID",
    data_format: str | None = None, dilations: Any = None, name: str | None = None,
) -> Any:
    """`max_pool` or `avg_pool` of windows, by "MAX" or "AVG".

    Raises
    ------
    AttributeValueError for another kind, and for dilations other than 1.
    """
    if pooling_type not in ("MAX", "AVG"):
        raise AttributeValueError(f"pooling_type={pooling_type!r}; it takes 'MAX' or 'AVG'", op="nn.pool")
    if dilations is not None and any(d != 1 for d in np.atleast_1d(dilations)):
        raise AttributeValueError(f"dilations={dilations}; windows are without gaps", op="nn.pool")
    call = L.max_pool if pooling_type == "MAX" else L.avg_pool
    steps = [1] * len(np.atleast_1d(window_shape)) if strides is None else strides
    return call(input, window_shape, steps, padding, data_format, name=name)


def conv_transpose(
    input: Any, filters: Any, output_shape: Any, strides: Any, padding: str = "SAME", data_format: str | None = None,
    dilations: Any = None, name: str | None = None,
) -> Any:
    """`conv1d_transpose`, `conv2d_transpose` or `conv3d_transpose`, by the number of axes."""
    rank = convert_to_tensor(input).shape.rank
    if rank not in (3, 4, 5):
        raise ShapeError(f"{rank} axes; there are 3, 4 or 5", op="nn.conv_transpose")
    call = (L.conv1d_transpose, L.conv2d_transpose, L.conv3d_transpose)[rank - 3]
    settings = {"data_format": data_format, "dilations": dilations}
    return call(input, filters, output_shape, strides, padding, name=name,
                **{key: value for key, value in settings.items() if value is not None})


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    atrous_conv2d, compute_average_loss, conv_transpose, dilation2d, erosion2d, max_pool_with_argmax, pool,
    scale_regularization_loss,
)}
