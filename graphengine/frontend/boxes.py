"""Boxes in images: drawn, chosen, sampled; and glimpses, parts of images around a place."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, InvalidArgumentError
from ..ops.language import L
from ..ops.philox import words_of
from . import pieces, random
from .build import convert_to_tensor
from .calls import numpy_function
from .pieces import known_value

Array = np.ndarray[Any, Any]

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


# -------------------------------------------------------------------- glimpses

def extract_glimpse(
    input: Any, size: Any, offsets: Any, centered: bool = True, normalized: bool = True, noise: str = "uniform",
    name: str | None = None,
) -> Any:
    """A part of each image, at a place of its own; what is outside of the image is filled with noise.

    Parameters
    ----------
    size : height and width of the parts
    offsets : y and x of each: of the part's middle if `centered` and `normalized`, else of its upper left corner
    centered : whether (0, 0) is the middle of the image, else the upper left corner
    normalized : whether offsets go from -1 (centered) or 0 to 1 over the image, else they count pixels
    noise : "uniform", between the least and the largest number of the image; "gaussian", with their mean and
        standard deviation; or "zero"

    Shapes
    ------
    input : (batch, height, width, channels)
    offsets : (batch, 2)
    result : (batch, *size, channels)
    """
    if noise not in ("uniform", "gaussian", "zero"):
        raise AttributeValueError(f"noise={noise!r}; it takes 'uniform', 'gaussian' or 'zero'",
                                  op="image.extract_glimpse")
    x, at = convert_to_tensor(input), L.cast(offsets, dtypes.float32)
    wanted = known_value(size, "size").tolist()
    inside = None
    found = x
    for axis, count in enumerate(wanted):
        whole = L.shape_of(x)[axis + 1]
        extent = L.cast(whole, dtypes.float32)
        begin = at[:, axis]
        if normalized:
            begin = begin * extent
            if centered:
                begin = begin / 2 + extent / 2 - count / 2
        elif centered:
            begin = begin + extent / 2
        places = L.expand_dims(L.cast(begin, dtypes.int32), 1) + np.arange(count, dtype=np.int32)
        fits = L.logical_and(places >= 0, places < whole)
        fits = L.reshape(fits, [-1, *(count if k == axis else 1 for k in (0, 1)), 1])
        inside = fits if inside is None else L.logical_and(inside, fits)
        found = L.gather(found, L.clip_by_value(places, 0, whole - 1), None, axis + 1, 1)
    return L.where(inside, found, _noise(noise, x, found), name=name)


def _noise(kind: str, image: Any, like: Any) -> Any:
    """Numbers for the shape of `like`, in the range of each image."""
    if kind == "zero":
        return L.zeros_like(like)
    shape = tuple(like.shape) if like.shape.is_fully_defined() else L.shape_of(like)
    if kind == "uniform":
        low, high = L.reduce_min(image, [1, 2, 3], True), L.reduce_max(image, [1, 2, 3], True)
        return low + (high - low) * random.uniform(shape, dtype=image.dtype)
    mean = L.reduce_mean(image, [1, 2, 3], True)
    spread = L.sqrt(L.reduce_mean(L.squared_difference(image, mean), [1, 2, 3], True))
    return mean + spread * random.normal(shape, dtype=image.dtype)


# -------------------------------------------------------------------- boxes by chance

def sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: int = 0, min_object_covered: Any = 0.1,
    aspect_ratio_range: Sequence[float] | None = None, area_range: Sequence[float] | None = None,
    max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None, name: str | None = None,
) -> tuple[Any, Any, Any]:
    """A part of an image by chance that covers enough of one of its boxes, another one in each run.

    Parameters
    ----------
    image_size : height, width and channels
    bounding_boxes : y1, x1, y2, x2 of each, from 0 to 1 over the image
    seed : 0 for parts that follow from the seed of all alone
    min_object_covered : how much of a box the part has to cover
    aspect_ratio_range : of width to height, (0.75, 1.33) if None
    area_range : of the part to the whole, (0.05, 1) if None
    max_attempts : after so many, 100 if None, it is the whole image
    use_image_if_no_bounding_boxes : whether the whole image counts as a box where there is none

    Returns
    -------
    begin and size for `slice`, and the part as a box, (1, 1, 4)

    Raises
    ------
    InvalidArgumentError, when run, if there is no box.

    Notes
    -----
    Equal seeds give TensorFlow's own parts for the stateless function, and other ones for this.

    References
    ----------
    Szegedy et al. (2015), "Going deeper with convolutions", section 6.
    """
    seeds = random.uniform([2], 0, 2**31 - 1, dtypes.int32, seed or None)
    return stateless_sample_distorted_bounding_box(
        image_size, bounding_boxes, seeds, min_object_covered, aspect_ratio_range, area_range, max_attempts,
        use_image_if_no_bounding_boxes, name)


def stateless_sample_distorted_bounding_box(
    image_size: Any, bounding_boxes: Any, seed: Any, min_object_covered: Any = 0.1,
    aspect_ratio_range: Sequence[float] | None = None, area_range: Sequence[float] | None = None,
    max_attempts: int | None = None, use_image_if_no_bounding_boxes: bool | None = None, name: str | None = None,
) -> tuple[Any, Any, Any]:
    """`sample_distorted_bounding_box` as a function of two seeds."""
    shapes = aspect_ratio_range or (0.75, 1.33)
    areas = area_range or (0.05, 1.0)
    attempts = max_attempts or 100

    def drawn(sizes: Array, boxes: Array, state: Array, covered: Array) -> tuple[Array, Array, Array]:
        height, width = int(sizes[0]), int(sizes[1])
        whole = (0, 0, height, width)
        known = [tuple((box * (height, width, height, width)).astype(int).tolist()) for box in boxes.reshape(-1, 4)]
        if not known and not use_image_if_no_bounding_boxes:
            raise InvalidArgumentError("there are no bounding boxes", op="image.sample_distorted_bounding_box",
                                       fix="use_image_if_no_bounding_boxes=True")
        words = _Words(state, 4 * attempts)
        parts = (_part(height, width, shapes, areas, words) for _ in range(attempts))
        fitting = (p for p in parts if p is not None and _covers(p, known or [whole], float(covered)))
        top, left, bottom, right = next(fitting, whole)
        return (np.array([top, left, 0], sizes.dtype), np.array([bottom - top, right - left, -1], sizes.dtype),
                np.array([[[top / height, left / width, bottom / height, right / width]]], np.float32))

    size = convert_to_tensor(image_size)
    begin, extent, box = numpy_function(
        drawn, [size, L.cast(bounding_boxes, dtypes.float32), L.state_of_seed(convert_to_tensor(seed)),
                L.cast(min_object_covered, dtypes.float32)], [size.dtype, size.dtype, dtypes.float32], name=name)
    for x, shape in ((begin, (3,)), (extent, (3,)), (box, (1, 1, 4))):
        x.set_shape(shape)
    return begin, extent, box


class _Words:
    """Random numbers from words of 32 bits, one after the other."""

    def __init__(self, state: Array, count: int) -> None:
        self._words: Iterator[int] = iter(words_of(state, count).tolist())

    def fraction(self) -> float:
        return (next(self._words) & 0x7FFFFF) * 2.0**-23

    def below(self, n: int) -> int:
        """A whole number in [0, n)."""
        if n & (n - 1) == 0:
            return next(self._words) & (n - 1)
        least = (2**32 - 1) % n + 1
        return next(w for w in self._words if w >= least) % n


def _part(
    height: int, width: int, shapes: Sequence[float], areas: Sequence[float], words: _Words
) -> tuple[int, int, int, int] | None:
    """A part by chance: top, left, bottom, right; None if none of this shape is of a wanted area."""
    f = np.float32                          # as which TensorFlow rounds
    ratio = f(f(words.fraction()) * (f(shapes[1]) - f(shapes[0])) + f(shapes[0]))
    least, most = (f(f(a) * f(width) * f(height)) for a in areas)
    rows, most_rows = (round(float(np.sqrt(a / ratio))) for a in (least, most))
    if round(float(f(most_rows) * ratio)) > width:
        most_rows = int((width + 0.5 - 1e-7) / float(ratio))
        most_rows -= round(float(f(most_rows) * ratio)) > width
    most_rows = min(most_rows, height)
    rows = min(rows, most_rows)
    if rows < most_rows:
        rows += words.below(most_rows - rows + 1)
    columns = round(float(f(rows) * ratio))
    if rows * columns < least:              # after rounding
        rows += 1
        columns = round(float(f(rows) * ratio))
    if rows * columns > most:
        rows -= 1
        columns = round(float(f(rows) * ratio))
    if not (least <= rows * columns <= most and 0 < columns <= width and 0 < rows <= height):
        return None
    top = words.below(height - rows) if rows < height else 0
    left = words.below(width - columns) if columns < width else 0
    return top, left, top + rows, left + columns


def _covers(part: tuple[int, int, int, int], boxes: Sequence[tuple[int, ...]], least: float) -> bool:
    """Whether a part covers so much of one of the boxes; boxes without area do not count."""
    for top, left, bottom, right in boxes:
        area = max(bottom - top, 0) * max(right - left, 0)
        rows = min(bottom, part[2]) - max(top, part[0])
        columns = min(right, part[3]) - max(left, part[1])
        if area >= 1 and np.float32(max(rows, 0) * max(columns, 0)) / np.float32(area) >= np.float32(least):
            return True
    return False
