"""Images of another size as TensorFlow 1 makes them: pixels are points, and the first is at 0.

`half_pixel_centers` makes them squares, as those of today's `image.resize`; `align_corners` puts the last one of both
images at the same place.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ... import dtypes
from ...errors import AttributeValueError, InvalidArgumentError, ShapeError
from ...frontend.arrangement import counted
from ...frontend.build import convert_to_tensor
from ...ops.images import STEPS, Resize
from ...ops.language import L


def _resized(images: Any, size: Any, op: str, along: Callable[[Any, int, int], Any], name: str | None) -> Any:
    x = convert_to_tensor(images)
    if x.shape.rank != 4:
        raise ShapeError(f"images has shape {x.shape}; it is (batch, height, width, channels)", op=op)
    for axis, count in zip((1, 2), np.asarray(size).tolist(), strict=True):
        x = along(x, axis, int(count))
    return L.identity(x, name=name)


def _places(x: Any, axis: int, size: int, align_corners: bool, half_pixel_centers: bool) -> tuple[Any, Any]:
    """Where the new pixels are among the old ones, and the number of the last old one."""
    if align_corners and half_pixel_centers:
        raise InvalidArgumentError("align_corners and half_pixel_centers are both True", op="image.resize")
    old = x.shape[axis] if isinstance(x.shape[axis], int) else L.shape_of(x)[axis]
    count = L.cast(convert_to_tensor(old), dtypes.float32)
    scale = (count - 1) / (size - 1) if align_corners and size > 1 else count / size
    numbers = L.iota(size, 0, 1, dtypes.float32)
    places = (numbers + 0.5) * scale - 0.5 if half_pixel_centers else numbers * scale
    return places, L.cast(convert_to_tensor(old), dtypes.int32) - 1


def _at(x: Any, axis: int, places: Any, last: Any) -> Any:
    return L.gather(x, L.clip_by_value(L.cast(places, dtypes.int32), 0, last), None, axis)


def _along(weights: Any, axis: int) -> Any:
    return L.reshape(weights, (-1, *[1] * (3 - axis)))


def resize_nearest_neighbor(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False
) -> Any:
    """Images of another size, each pixel one of the old ones.

    Shapes
    ------
    images : (batch, height, width, channels)
    size : (2,): height and width of the result
    """
    def along(x: Any, axis: int, count: int) -> Any:
        places, last = _places(x, axis, count, align_corners, half_pixel_centers)
        nearest = L.floor(places + 0.5) if align_corners or half_pixel_centers else L.floor(places)
        return _at(x, axis, nearest, last)

    return _resized(images, size, "image.resize_nearest_neighbor", along, name)


def resize_bilinear(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False
) -> Any:
    """Images of another size, float32, each pixel on the lines between the four old ones around it.

    Shapes
    ------
    images : (batch, height, width, channels)
    size : (2,): height and width of the result
    """
    def along(x: Any, axis: int, count: int) -> Any:
        places, last = _places(x, axis, count, align_corners, half_pixel_centers)
        below = L.floor(places)
        first, second = _at(x, axis, below, last), _at(x, axis, below + 1, last)
        return first + (second - first) * _along(places - below, axis)

    return _resized(L.cast(images, dtypes.float32), size, "image.resize_bilinear", along, name)


def resize_bicubic(
    images: Any, size: Any, align_corners: bool = False, name: str | None = None, half_pixel_centers: bool = False
) -> Any:
    """Images of another size, float32, each pixel on cubic curves through the sixteen old ones around it.

    Shapes
    ------
    images : (batch, height, width, channels)
    size : (2,): height and width of the result

    References
    ----------
    Keys (1981), "Cubic convolution interpolation for digital image processing", equation 15, with the slope -1/2, and
    -3/4 without `half_pixel_centers`.
    """
    slope = -0.5 if half_pixel_centers else -0.75

    def weight(distance: Any) -> Any:
        near = ((slope + 2) * distance - (slope + 3)) * distance * distance + 1
        far = ((slope * distance - 5 * slope) * distance + 8 * slope) * distance - 4 * slope
        return L.where(L.less_equal(distance, 1.0), near, far)

    def along(x: Any, axis: int, count: int) -> Any:
        places, last = _places(x, axis, count, align_corners, half_pixel_centers)
        below = L.floor(places)
        share = L.round((places - below) * STEPS) / STEPS
        weights = [weight(L.abs(share - step)) for step in (-1.0, 0.0, 1.0, 2.0)]
        if half_pixel_centers:              # what lies outside of the image does not count
            inside = [L.logical_and(L.greater_equal(below + step, 0.0), L.less_equal(below + step, L.cast(
                last, dtypes.float32))) for step in (-1.0, 0.0, 1.0, 2.0)]
            weights = [L.where(held, w, L.zeros_like(w)) for held, w in zip(inside, weights, strict=True)]
            total = L.add_n(weights)
            weights = [w / total for w in weights]
        return L.add_n([_at(x, axis, below + step, last) * _along(w, axis)
                        for step, w in zip((-1.0, 0.0, 1.0, 2.0), weights, strict=True)])

    return _resized(L.cast(images, dtypes.float32), size, "image.resize_bicubic", along, name)


def resize_area(images: Any, size: Any, align_corners: bool = False, name: str | None = None) -> Any:
    """Images of another size, float32, each pixel the mean of what it covers of the old image.

    Shapes
    ------
    images : (batch, height, width, channels)
    size : (2,): height and width of the result
    """
    def along(x: Any, axis: int, count: int) -> Any:
        starts, last = _places(x, axis, count, align_corners, False)
        old = L.cast(last + 1, dtypes.float32)
        width = (old - 1) / (count - 1) if align_corners and count > 1 else old / count
        pixels = L.expand_dims(L.cast(counted(x, axis), dtypes.float32), 0)
        ends = L.where(L.equal(pixels, old - 1), L.maximum(old, width * count) + L.zeros_like(pixels), pixels + 1)
        starts = L.expand_dims(starts, 1)
        covered = L.relu(L.minimum(starts + width, ends) - L.maximum(starts, pixels)) / width
        moved = L.tensordot(covered, x, [[1], [axis]])
        return L.transpose(moved, [*range(1, axis + 1), 0, *range(axis + 1, 4)])

    return _resized(L.cast(images, dtypes.float32), size, "image.resize_area", along, name)


class ResizeMethod:
    """Numbers of the methods of `resize_images`."""

    BILINEAR, NEAREST_NEIGHBOR, BICUBIC, AREA = range(4)


METHODS = {
    "bilinear": resize_bilinear, "nearest": resize_nearest_neighbor, "bicubic": resize_bicubic, "area": resize_area,
}                                           # in the order of their numbers


def resize_images(
    images: Any, size: Any, method: Any = ResizeMethod.BILINEAR, align_corners: bool = False,
    preserve_aspect_ratio: bool = False, name: str | None = None,
) -> Any:
    """Images of another size; those that have it already stay as they are.

    Parameters
    ----------
    method : a member of `ResizeMethod`, or "bilinear", "nearest", "bicubic", "area"
    preserve_aspect_ratio : take the largest size that fits into `size` without distortion

    Raises
    ------
    AttributeValueError for another method. ShapeError if `images` are no images.

    Shapes
    ------
    images : (height, width, channels), or a batch of them
    size : (2,): height and width of the result
    """
    names = list(METHODS)
    if method not in names and method not in range(len(names)):
        raise AttributeValueError(f"method={method!r}; it takes one of {names}, or their numbers from 0",
                                  op="image.resize_images")
    resized = METHODS[method if method in names else names[method]]
    x = convert_to_tensor(images)
    if x.shape.rank not in (3, 4):
        raise ShapeError(f"images has shape {x.shape}; it is (height, width, channels), or a batch of them",
                         op="image.resize_images")
    sizes = tuple(x.shape)[-3:-1]
    wanted = tuple(Resize(np.asarray(size).tolist(), preserve_aspect_ratio=preserve_aspect_ratio).target(x.shape))
    if wanted == sizes:
        return L.identity(x, name=name)
    if x.shape.rank == 4:
        return resized(x, wanted, align_corners, name)
    return L.squeeze(resized(L.expand_dims(x, 0), wanted, align_corners), [0], name=name)


FUNCTIONS: dict[str, Any] = {
    **{f"image.{f.__name__}": f for f in (
        resize_area, resize_bicubic, resize_bilinear, resize_images, resize_nearest_neighbor, ResizeMethod)},
    "image.resize": resize_images,
}
