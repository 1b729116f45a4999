"""Parts of images by chance that cover enough of what is in one of their boxes."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import InvalidArgumentError
from ..ops.language import L
from ..ops.philox import words_of
from . import random
from .build import convert_to_tensor
from .calls import numpy_function

Array = np.ndarray[Any, Any]


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
        if min(height, width) < 1:
            raise InvalidArgumentError(f"the image has {height} by {width} pixels",
                                       op="image.sample_distorted_bounding_box", fix="give one with pixels")
        if not np.isfinite(boxes).all():
            raise InvalidArgumentError("a bounding box has a coordinate that is no number",
                                       op="image.sample_distorted_bounding_box", fix="leave such boxes out")
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
