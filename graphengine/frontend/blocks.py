"""Blocks of space as batch elements of their own: how TensorFlow makes windows with gaps of windows without."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, ShapeError
from ..ir.node import Tensor
from ..ops.indexing import numbers_in
from ..ops.language import L
from .build import convert_to_tensor
from .pieces import known_value


def space_to_batch(input: Any, block_shape: Any, paddings: Any, name: str | None = None) -> Any:
    """Blocks of the axes after the first become batch elements of their own, after zeros are put around.

    Shapes
    ------
    input : (batch, *space, ...)
    block_shape : sizes of a block along the first axes of space, m of them
    paddings : (m, 2), zeros before and after along each
    result : (batch times elements of a block, *numbers of blocks, ...)
    """
    blocks = known_value(block_shape, "block_shape").reshape(-1).tolist()
    x = convert_to_tensor(input)
    m, others = len(blocks), x.rank - 1 - len(blocks)
    x = L.pad(x, [[0, 0], *_pairs(paddings), *[[0, 0]] * others])
    cut: list[Any] = []
    batch, *sizes = numbers_in(L.shape_of(x))
    for size, block in zip(sizes[:m], blocks, strict=True):
        size = _checked(size, size % block > 0, f"a size is no multiple of {block}", "space_to_batch")
        cut += [size // block, block]
    x = L.reshape(x, (batch, *cut, *sizes[m:]))
    order = [*(2 * k + 2 for k in range(m)), 0, *(2 * k + 1 for k in range(m)),
             *(2 * m + 1 + k for k in range(others))]
    return L.reshape(L.transpose(x, order), (batch * math.prod(blocks), *cut[::2], *sizes[m:]), name=name)


def _checked(size: Any, is_wrong: Any, problem: str, function: str) -> Any:
    """A size, or an error; if it is a tensor, when it runs."""
    if isinstance(size, Tensor):
        return L.checked(size, is_wrong, problem, function)
    if is_wrong:
        raise ShapeError(f"{problem}: {size}", op=function)
    return size


def _pairs(given: Any) -> list[Any]:
    """Rows of two numbers, which may be tensors."""
    rows = given if isinstance(given, (list, tuple, Tensor)) else known_value(given, "paddings")
    return [numbers_in(pair) for pair in rows]


def batch_to_space(input: Any, block_shape: Any, crops: Any, name: str | None = None) -> Any:
    """`space_to_batch` backwards: batch elements become blocks of space, of which `crops` is cut off.

    Shapes
    ------
    input : (batch times elements of a block, *numbers of blocks, ...)
    crops : (m, 2), elements that go before and after along each axis
    result : (batch, *space, ...)
    """
    blocks = known_value(block_shape, "block_shape").reshape(-1).tolist()
    x = convert_to_tensor(input)
    m, others = len(blocks), x.rank - 1 - len(blocks)
    batch, *sizes = numbers_in(L.shape_of(x))
    count = math.prod(blocks)
    batch = _checked(batch, batch % count > 0, f"the number of batch elements is no multiple of {count}",
                     "batch_to_space") // count
    x = L.reshape(x, (*blocks, batch, *sizes))
    order = [m, *(k for j in range(m) for k in (m + 1 + j, j)), *(2 * m + 1 + k for k in range(others))]
    whole = [n * b for n, b in zip(sizes[:m], blocks, strict=True)]
    x = L.reshape(L.transpose(x, order), (batch, *whole, *sizes[m:]))
    pairs = _pairs(crops)
    left = [n - before - after for (before, after), n in zip(pairs, whole, strict=True)]
    left = [_checked(n, n < 0, "more is cropped than a size", "batch_to_space") for n in left]
    return L.slice(x, [0, *(before for before, _ in pairs), *[0] * others], [-1, *left, *[-1] * others], name=name)


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


space_to_batch_nd = space_to_batch
