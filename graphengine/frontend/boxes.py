"""Boxes in images: drawn into them, and chosen by their scores."""
from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..errors import InvalidArgumentError
from ..ops.language import L
from . import pieces
from .build import convert_to_tensor
from .pieces import known_value

# TensorFlow's, as red, green, blue and opacity.
COLORS = ((1, 1, 0, 1), (0, 0, 1, 1), (1, 0, 0, 1), (0, 1, 0, 1), (0.5, 0, 0.5, 1), (0.5, 0.5, 0, 1), (0.5, 0, 0, 1),
          (0, 0, 0.5, 1), (0, 1, 1, 1), (1, 0, 1, 1))


def draw_bounding_boxes(images: Any, boxes: Any, colors: Any, name: str | None = None) -> Any:
    """Images with the borders of boxes drawn into them, a later box over an earlier one.

    Parameters
    ----------
    boxes : y1, x1, y2, x2 of each, from 0 to 1 over the image; what is outside of the image is not drawn
    colors : for each box, again from the first when there are no more; ten different ones if None

    Shapes
    ------
    images : (batch, height, width, channels), up to 4
    boxes : (batch, n, 4)
    colors : (number of colors, channels or more)
    """
    x, corners = convert_to_tensor(images), convert_to_tensor(boxes)
    channels = x.shape[3]
    table = L.cast(np.array(COLORS) if colors is None else colors, x.dtype)
    table = L.ones_like(table[:, :1]) if channels == 1 else table[:, :channels]
    height, width = L.shape_of(x)[1], L.shape_of(x)[2]

    def along(axis: int, size: Any) -> tuple[Any, Any, Any]:
        """Which places of an axis are inside of each box, which on its border, and whether the box is in the image."""
        low, high = (L.cast(corners[:, :, k] * L.cast(size - 1, corners.dtype), dtypes.int32) for k in (axis, axis + 2))
        places = pieces.range(0, size)
        low, high = L.expand_dims(low, -1), L.expand_dims(high, -1)
        inside = L.logical_and(places >= low, places <= high)
        border = L.logical_or(L.equal(places, low), L.equal(places, high))
        return inside, border, L.logical_and(low <= high, L.logical_and(low < size, high >= 0))

    rows, top, has_rows = along(0, height)
    columns, left, has_columns = along(1, width)
    drawn = L.logical_or(L.logical_and(L.expand_dims(top, 3), L.expand_dims(columns, 2)),
                         L.logical_and(L.expand_dims(rows, 3), L.expand_dims(left, 2)))
    drawn = L.logical_and(drawn, L.expand_dims(L.logical_and(has_rows, has_columns), 3))
    count = L.shape_of(corners)[1]
    number = L.reshape(pieces.range(1, count + 1), (1, -1, 1, 1))
    last = L.reduce_max(L.concat([L.zeros_like(x[:, None, :, :, 0], dtypes.int32),
                                  L.where(drawn, number, 0)], 1), 1)
    color = L.gather(table, L.floormod(L.maximum(last - 1, 0), L.shape_of(table)[0]))
    return L.where(L.expand_dims(last, -1) > 0, color, x, name=name)


def non_max_suppression_padded(
    boxes: Any, scores: Any, max_output_size: Any, iou_threshold: float = 0.5, score_threshold: float = -np.inf,
    pad_to_max_output_size: bool = False, name: str | None = None, sorted_input: bool = False,
    canonicalized_coordinates: bool = False, tile_size: int = 512,
) -> tuple[Any, Any]:
    """The boxes with the highest scores, without those that overlap with a better one, and how many these are.

    Parameters
    ----------
    pad_to_max_output_size : whether zeros follow, up to `max_output_size`; has to be so with several images
    sorted_input, canonicalized_coordinates, tile_size : accepted, and ask for nothing

    Shapes
    ------
    boxes : (..., n, 4)
    scores : (..., n)
    result : numbers of boxes (..., m), and how many count (...)
    """
    x, ranks = convert_to_tensor(boxes), convert_to_tensor(scores)
    most = int(known_value(max_output_size, "max_output_size"))
    if x.shape.rank != 2 and not pad_to_max_output_size:
        raise InvalidArgumentError("boxes of several images without pad_to_max_output_size",
                                   op="image.non_max_suppression_padded", fix="pad_to_max_output_size=True")
    before = tuple(-1 if s is None else s for s in tuple(x.shape)[:-2])
    kept, count = L.best_boxes(L.reshape(x, (-1, *tuple(x.shape)[-2:])), L.reshape(ranks, (-1, ranks.shape[-1])), most,
                               float(iou_threshold), float(score_threshold))
    kept, count = L.reshape(kept, (*before, most)), L.reshape(count, before, name=name)
    return kept if pad_to_max_output_size else kept[:count], count
