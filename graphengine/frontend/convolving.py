"""Convolutions and pools over any number of axes, and with filters whose elements are apart."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import AttributeValueError, ShapeError
from ..ops.language import L
from .build import convert_to_tensor
from .convolution_gradients import attributes_of


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
    how = attributes_of(list(strides), padding, layout, dilations, explicit_paddings)
    y = L.convolution(L.reshape(x, (-1, *rest)), filter, *how)
    return L.reshape(y, (*(-1 if s is None else s for s in before), *tuple(y.shape)[1:]), name=name)


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


def atrous_conv2d(value: Any, filters: Any, rate: int, padding: str, name: str | None = None) -> Any:
    """Convolution with a filter whose elements are `rate` pixels apart."""
    return L.conv2d(value, filters, 1, padding, dilations=rate, name=name)


def atrous_conv2d_transpose(
    value: Any, filters: Any, output_shape: Any, rate: int, padding: str, name: str | None = None
) -> Any:
    """The transpose of `nn.atrous_conv2d`: filters whose elements are `rate` pixels apart."""
    return L.conv2d_transpose(value, filters, output_shape, 1, padding, "NHWC", rate, name=name)


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
