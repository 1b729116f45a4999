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
    batch, height, width, count = (L.shape_of(y)[k] for y, k in ((x, 0), (x, 1), (x, 2), (corners, 1)))
    lows, highs = zip(*(_ends(corners, axis, size) for axis, size in ((0, height), (1, width))), strict=True)
    is_there = L.logical_and(*(_meets(*ends) for ends in zip(lows, highs, (height, width), strict=True)))
    rows, columns = pieces.range(height), pieces.range(width)
    image = L.reshape(pieces.range(batch), (-1, 1, 1)) * height

    def edge(row: Any, column: Any, is_inside: Any) -> Any:
        """The places of an edge of each box in the flat images, -1 for what is outside."""
        for place, size in ((row, height), (column, width)):
            is_inside = L.logical_and(is_inside, L.logical_and(place >= 0, place < size))
        return L.where(L.logical_and(is_inside, is_there), (image + row) * width + column, -1)

    across = L.logical_and(columns >= lows[1], columns <= highs[1])
    down = L.logical_and(rows >= lows[0], rows <= highs[0])
    edges = [*(edge(row, columns, across) for row in (lows[0], highs[0])),
             *(edge(rows, column, down) for column in (lows[1], highs[1]))]
    number = L.reshape(pieces.range(1, count + 1), (1, -1, 1))
    places = L.concat(edges, 2)
    last = L.unsorted_segment_max(number + L.zeros_like(places), places, batch * height * width)
    last = L.reshape(last, L.shape_of(x)[:3])
    color = L.gather(table, L.floormod(L.maximum(last - 1, 0), L.shape_of(table)[0]))
    return L.where(L.expand_dims(last, -1) > 0, color, x, name=name)


def _ends(corners: Any, axis: int, size: Any) -> tuple[Any, Any]:
    """The first and the last place of each box along an axis of so many pixels."""
    found = (corners[:, :, k] * L.cast(size - 1, corners.dtype) for k in (axis, axis + 2))
    low, high = (L.expand_dims(L.cast(ends, dtypes.int32), -1) for ends in found)
    return low, high


def _meets(low: Any, high: Any, size: Any) -> Any:
    """Which boxes reach into so many pixels."""
    return L.logical_and(low <= high, L.logical_and(low < size, high >= 0))


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
