"""Convolutions as TensorFlow's own functions have them: their gradients, axes cut into blocks, windows of volumes."""
from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, ShapeError
from ..ops.language import L
from .arrangement import batch_to_space, space_to_batch
from .build import convert_to_tensor
from .images import windows_along
from .pieces import known_value

space_to_batch_nd = space_to_batch


def conv(
    input: Any, filter: Any, strides: Sequence[int], padding: str, explicit_paddings: Sequence[int] = (),
    data_format: str = "CHANNELS_LAST", dilations: Sequence[int] = (), batch_dims: int = 1, groups: int = 1,
    name: str | None = None,
) -> Any:
    """Convolution over one to three axes, with any number of axes before them.

    Parameters
    ----------
    strides, dilations : a number for each axis from the last batch axis on, 1 for batch and channels
    padding : "SAME", "VALID" or "EXPLICIT"
    explicit_paddings : two numbers for each of these axes
    batch_dims : how many axes come before those of space and channels
    groups : found from the channels of the filter
    """
    if data_format not in ("CHANNELS_LAST", "CHANNELS_FIRST"):
        raise AttributeValueError(f"data_format={data_format!r}; it takes 'CHANNELS_LAST' or 'CHANNELS_FIRST'",
                                  op="conv")
    x = convert_to_tensor(input)
    before = tuple(x.shape)[:batch_dims]
    rest = tuple(x.shape)[batch_dims:]
    layout = (None, "NCW", "NCHW", "NCDHW")[len(rest) - 1] if data_format == "CHANNELS_FIRST" else None
    y = L.convolution(L.reshape(x, (-1, *rest)), filter, list(strides), _padding(padding, explicit_paddings, layout),
                      layout, list(dilations) or None)
    return L.reshape(y, (*(-1 if s is None else s for s in before), *tuple(y.shape)[1:]), name=name)


def _padding(padding: Any, explicit: Sequence[int], data_format: str | None) -> Any:
    """"SAME", "VALID", or the pairs of the axes of space."""
    pairs = np.reshape(explicit, (-1, 2)).tolist() if padding == "EXPLICIT" else padding
    if isinstance(pairs, str):
        return pairs
    return pairs[2:] if data_format is not None and data_format.startswith("NC") else pairs[1:-1]


# -------------------------------------------------------------------- gradients

def conv2d_backprop_input_v2(
    input: Any, filter: Any, out_backprop: Any, strides: Any, padding: str, use_cudnn_on_gpu: bool = True,
    explicit_paddings: Sequence[int] = (), data_format: str = "NHWC", dilations: Sequence[int] = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:
    """The gradient of `nn.conv2d` with respect to its input, of which only the shape counts."""
    around = _padding(padding, explicit_paddings, data_format)
    return L.convolution_input_gradient(out_backprop, filter, input, strides, around, data_format, list(dilations),
                                        name=name)


def conv2d_backprop_filter_v2(
    input: Any, filter: Any, out_backprop: Any, strides: Any, padding: str, use_cudnn_on_gpu: bool = True,
    explicit_paddings: Sequence[int] = (), data_format: str = "NHWC", dilations: Sequence[int] = (1, 1, 1, 1),
    name: str | None = None,
) -> Any:
    """The gradient of `nn.conv2d` with respect to its filter, of which only the shape counts."""
    around = _padding(padding, explicit_paddings, data_format)
    return L.convolution_filter_gradient(input, out_backprop, filter, strides, around, data_format, list(dilations),
                                         name=name)


def depthwise_conv2d_backprop_input(
    input_sizes: Any, filter: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1), name: str | None = None,
) -> Any:
    """The gradient of `nn.depthwise_conv2d` with respect to its input.

    input_sizes : the shape of the input, four numbers
    """
    g = convert_to_tensor(out_backprop)
    like = _of_shape(input_sizes, "input_sizes", g.dtype)
    return L.convolution_input_gradient(g, L.grouped_filters(filter), like, strides,
                                        _padding(padding, (), data_format), data_format, list(dilations), name=name)


def depthwise_conv2d_backprop_filter(
    input: Any, filter_sizes: Any, out_backprop: Any, strides: Any, padding: Any, data_format: str = "NHWC",
    dilations: Sequence[int] = (1, 1, 1, 1), name: str | None = None,
) -> Any:
    """The gradient of `nn.depthwise_conv2d` with respect to its filter.

    filter_sizes : the shape of the filter, four numbers
    """
    x = convert_to_tensor(input)
    like = _of_shape(filter_sizes, "filter_sizes", x.dtype)
    found = L.convolution_filter_gradient(x, out_backprop, L.grouped_filters(like), strides,
                                          _padding(padding, (), data_format), data_format, list(dilations))
    return L.reshape_like(found, like, name=name)


def _of_shape(sizes: Any, label: str, dtype: Any) -> Any:
    """A tensor of a shape, of which nobody reads the elements."""
    return L.broadcast_to(np.zeros((), dtype.numpy), tuple(known_value(sizes, label).tolist()))


def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: str, name: str | None = None
) -> Any:
    """The transpose of `nn.atrous_conv2d`: filters whose elements are `rate` pixels apart."""
    return L.conv2d_transpose(value, filters, output_shape, 1, padding, "NHWC", rate, name=name)


# -------------------------------------------------------------------- windows and blocks

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
    x = convert_to_tensor(input)
    space = tuple(x.shape)[1:4]
    if x.shape.rank != 5 or not all(isinstance(n, int) for n in space):
        raise ShapeError(f"input has shape {x.shape}; it has five axes, and those of space are known",
                         op="extract_volume_patches")
    sizes, steps = list(ksizes)[1:4], list(strides)[1:4]
    counts, around = zip(*(windows_along(n, k, s, 1, padding) for n, k, s in zip(space, sizes, steps, strict=True)),
                         strict=True)
    x = L.pad(x, [[0, 0], *map(list, around), [0, 0]])
    parts = []
    for begin in itertools.product(*map(range, sizes)):
        inside = [slice(b, b + (n - 1) * s + 1 if n else b, s) for b, n, s in zip(begin, counts, steps, strict=True)]
        parts.append(x[(slice(None), *inside)])
    return L.concat(parts, -1, name=name)


def required_space_to_batch_paddings(
    input_shape: Any, block_shape: Any, base_paddings: Any = None, name: str | None = None
) -> tuple[Any, Any]:
    """What `space_to_batch` has to add so that blocks fit, and what `batch_to_space` cuts off for it.

    Parameters
    ----------
    input_shape, block_shape : sizes along n axes
    base_paddings : (n, 2), what is added in any case; none if None

    Returns
    -------
    paddings and crops, (n, 2)
    """
    sizes, blocks = (L.cast(x, dtypes.int32) for x in (input_shape, block_shape))
    base = L.zeros_like(L.stack([blocks, blocks], 1)) if base_paddings is None else L.cast(base_paddings, dtypes.int32)
    whole = sizes + base[:, 0] + base[:, 1]
    extra = L.floormod(blocks - L.floormod(whole, blocks), blocks)
    return (L.stack([base[:, 0], base[:, 1] + extra], 1), L.stack([L.zeros_like(extra), extra], 1))


def with_space_to_batch(
    input: Any, dilation_rate: Any, padding: str, op: Callable[[Any, int, str], Any], filter_shape: Any = None,
    spatial_dims: Sequence[int] | None = None, data_format: str | None = None,
) -> Any:
    """An operation on every `dilation_rate`-th element: on the blocks of `space_to_batch`, which are put back.

    Parameters
    ----------
    dilation_rate : a number for each axis of space
    padding : "SAME" or "VALID"
    op : of a tensor, the number of axes of space, and a padding
    filter_shape : of the windows of `op`, for "SAME"
    spatial_dims : axes of space; those behind batch (and channels, if `data_format` begins with "NC") if None
    """
    rates = [int(r) for r in known_value(dilation_rate, "dilation_rate").reshape(-1)]
    if min(rates) < 1 or padding not in ("SAME", "VALID"):
        raise AttributeValueError(f"dilation_rate={rates}, padding={padding!r}; rates are 1 or more, and padding is "
                                  "'SAME' or 'VALID'", op="nn.with_space_to_batch")
    if all(r == 1 for r in rates):
        return op(input, len(rates), padding)
    x = convert_to_tensor(input)
    first = 2 if (data_format or "").startswith("NC") else 1
    axes = list(range(first, first + len(rates))) if spatial_dims is None else list(spatial_dims)
    base = np.zeros((len(rates), 2), np.int32)
    if padding == "SAME":
        if filter_shape is None:
            raise AttributeValueError("padding='SAME' without filter_shape", op="nn.with_space_to_batch")
        reach = (known_value(filter_shape, "filter_shape")[:len(rates)] - 1) * np.array(rates)
        base = np.stack([reach // 2, reach - reach // 2], 1)
    sizes = [x.shape[axis] for axis in axes]
    if not all(isinstance(n, int) for n in sizes):
        raise ShapeError(f"sizes of axes {axes} of {x.shape} have to be known", op="nn.with_space_to_batch")
    extra = -(np.array(sizes) + base.sum(1)) % rates
    last = max(axes)
    blocks, paddings, crops = np.ones(last, int), np.zeros((last, 2), int), np.zeros((last, 2), int)
    for k, axis in enumerate(axes):
        blocks[axis - 1] = rates[k]
        paddings[axis - 1] = base[k] + (0, extra[k])
        crops[axis - 1] = 0, extra[k]
    result = op(space_to_batch(x, blocks, paddings), len(rates), "VALID")
    return batch_to_space(result, blocks, crops)
