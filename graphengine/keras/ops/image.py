"""Keras 3's functions of images: (height, width, channels), or a batch of them, or channels first."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Any

import numpy as np

from ...errors import AttributeValueError, ShapeError
from ...frontend import images as _images
from ...ops.images import weights_at
from ...ops.language import L
from .. import random as _random
from .. import warping as _warping
from ..config import image_data_format
from .promotion import tensor
from .windows import conv

__all__ = ["affine_transform", "crop_images", "elastic_transform", "extract_patches", "extract_patches_3d",
           "gaussian_blur", "hsv_to_rgb", "map_coordinates", "pad_images", "perspective_transform", "resize",
           "rgb_to_grayscale", "rgb_to_hsv", "scale_and_translate", "sobel_edges", "ssim"]


def _is_first(data_format: str | None, function: str) -> bool:
    """Whether channels stand before height and width."""
    order = data_format or image_data_format()
    if order not in ("channels_first", "channels_last"):
        raise AttributeValueError(f"data_format={order!r}; it takes 'channels_first' or 'channels_last'",
                                  op=f"image.{function}")
    return order == "channels_first"


def _changed(images: Any, data_format: str | None, function: str, change: Callable[[Any], Any]) -> Any:
    """What a function of (batch, height, width, channels) makes of images of any of the forms."""
    x = tensor(images)
    if x.shape.rank not in (3, 4):
        raise ShapeError(f"images of shape {x.shape}; they have three axes, or four with the batch",
                         op=f"image.{function}")
    is_one, first = x.shape.rank == 3, _is_first(data_format, function)
    x = L.expand_dims(x, 0) if is_one else x
    y = change(L.transpose(x, (0, 2, 3, 1)) if first else x)
    y = L.transpose(y, (0, 3, 1, 2)) if first else y
    return L.squeeze(y, 0) if is_one else y


def _in_fractions(x: Any, change: Callable[[Any], Any]) -> Any:
    """What a function of fractions gives, in the dtype that came in."""
    return change(x) if x.dtype.is_floating else L.cast(change(L.cast(x, "float32")), x.dtype)


def rgb_to_grayscale(images: Any, data_format: str | None = None) -> Any:
    """The brightness: 0.2989 red + 0.587 green + 0.114 blue, as one channel."""
    shares = np.array([0.2989, 0.587, 0.114], np.float32)
    return _changed(images, data_format, "rgb_to_grayscale", lambda x: _in_fractions(
        x, lambda y: L.reduce_sum(y * shares.astype(y.dtype.numpy), -1, True)))


def rgb_to_hsv(images: Any, data_format: str | None = None) -> Any:
    """Hue, saturation and value of red, green and blue, all in [0, 1]."""
    return _changed(images, data_format, "rgb_to_hsv", _images.rgb_to_hsv)


def hsv_to_rgb(images: Any, data_format: str | None = None) -> Any:
    """Red, green and blue of hue, saturation and value, all in [0, 1]."""
    return _changed(images, data_format, "hsv_to_rgb", _images.hsv_to_rgb)


def resize(
    images: Any, size: Any, interpolation: str = "bilinear", antialias: bool = False,
    crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False, fill_mode: str = "constant",
    fill_value: float = 0.0, data_format: str | None = None,
) -> Any:
    """Images in another size, in their dtype; what the arguments say is that of `keras.layers.Resizing`."""
    from ..layers import Resizing

    height, width = size
    layer = Resizing(height, width, interpolation, crop_to_aspect_ratio, pad_to_aspect_ratio, fill_mode, fill_value,
                     antialias, data_format, name="resize")
    return layer.call(tensor(images))


def affine_transform(
    images: Any, transform: Any, interpolation: str = "bilinear", fill_mode: str = "constant", fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Each pixel from the place where a map of eight numbers sends its own.

        (x, y) is taken from ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k),  k = c0 x + c1 y + 1

    Shapes
    ------
    transform : (8,) or (batch, 8): a0, a1, a2, b0, b1, b2, c0, c1
    """
    _warping.chosen("interpolation", interpolation, _warping.INTERPOLATIONS, "image.affine_transform")
    _warping.chosen("fill_mode", fill_mode, _warping.FILL_MODES, "image.affine_transform")
    maps = L.reshape(L.cast(tensor(transform), "float32"), (-1, 8))
    return _changed(images, data_format, "affine_transform", lambda x: _in_fractions(
        x, lambda y: _warping.projected(y, maps, interpolation, fill_mode, fill_value)))


def perspective_transform(
    images: Any, start_points: Any, end_points: Any, interpolation: str = "bilinear", fill_value: float = 0,
    data_format: str | None = None,
) -> Any:
    """Images seen from elsewhere, so that four points come to four others.

    Shapes
    ------
    start_points, end_points : (4, 2) or (batch, 4, 2): x and y of each
    """
    start, end = (L.reshape(L.cast(tensor(p), "float32"), (-1, 4, 2)) for p in (start_points, end_points))
    return affine_transform(images, _warping.of_corners(start, end), interpolation, "constant", fill_value, data_format)


def gaussian_blur(
    images: Any, kernel_size: Sequence[int] = (3, 3), sigma: Sequence[float] = (1.0, 1.0),
    data_format: str | None = None,
) -> Any:
    """Each pixel a mean of those around it, by a normal distribution."""
    return _changed(images, data_format, "gaussian_blur", lambda x: _in_fractions(
        x, lambda y: _warping.blurred(y, kernel_size, sigma)))


def elastic_transform(
    images: Any, alpha: float = 20.0, sigma: float = 5.0, interpolation: str = "bilinear", fill_mode: str = "reflect",
    fill_value: float = 0.0, seed: Any = None, data_format: str | None = None,
) -> Any:
    """Images whose pixels come from places moved at random, neighbors in much the same way.

    Parameters
    ----------
    alpha : how far, in pixels for each deviation of the smoothed noise
    sigma : deviation of the noise, and of its smoothing, in pixels
    """
    source = _random.randint([2], 0, 2**31 - 1, "int32", seed)
    return _changed(images, data_format, "elastic_transform", lambda x: _in_fractions(
        x, lambda y: _warping.bent(y, alpha, sigma, sigma, interpolation, fill_mode, fill_value, source)))


def _margins(function: str, size: Any, before: Any, after: Any, target: Any, sign: int) -> tuple[int, int]:
    """Both of what is put before and after an axis, or with the sign -1 is cut off, from two of the three numbers."""
    if [before, after, target].count(None) != 1:
        raise AttributeValueError(
            f"before={before}, after={after} and the target size {target}; exactly two of the three are given",
            op=f"image.{function}")
    before = sign * (target - size) - after if before is None else before
    after = sign * (target - size) - before if after is None else after
    if before < 0 or after < 0 or size + sign * (before + after) <= 0:
        raise AttributeValueError(f"margins of {before} and {after} at {size} pixels; they are from 0 on, and pixels "
                                  "are left", op=f"image.{function}")
    return before, after


def pad_images(
    images: Any, top_padding: int | None = None, left_padding: int | None = None, bottom_padding: int | None = None,
    right_padding: int | None = None, target_height: int | None = None, target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """Images with zeros around them; of the two margins and the target size of an axis two are given."""
    def padded(x: Any) -> Any:
        around = [_margins("pad_images", int(x.shape[axis]), *given, 1) for axis, given in (
            (1, (top_padding, bottom_padding, target_height)), (2, (left_padding, right_padding, target_width)))]
        return L.pad(x, [[0, 0], *map(list, around), [0, 0]])

    return _changed(images, data_format, "pad_images", padded)


def crop_images(
    images: Any, top_cropping: int | None = None, left_cropping: int | None = None, bottom_cropping: int | None = None,
    right_cropping: int | None = None, target_height: int | None = None, target_width: int | None = None,
    data_format: str | None = None,
) -> Any:
    """A part of images; of what is cut off at both ends of an axis and its target size two are given."""
    def cropped(x: Any) -> Any:
        sizes = int(x.shape[1]), int(x.shape[2])
        (top, bottom), (left, right) = (_margins("crop_images", size, *given, -1) for size, given in zip(
            sizes, ((top_cropping, bottom_cropping, target_height), (left_cropping, right_cropping, target_width)),
            strict=True))
        return x[:, top:sizes[0] - bottom, left:sizes[1] - right, :]

    return _changed(images, data_format, "crop_images", cropped)


def _patches(images: Any, sizes: tuple[int, ...], strides: Any, rate: Any, padding: str, first: bool) -> Any:
    x = tensor(images)
    is_one = x.shape.rank == len(sizes) + 1
    x = L.expand_dims(x, 0) if is_one else x
    channels = int(x.shape[1 if first else -1])
    count = int(np.prod(sizes)) * channels
    kernel = np.eye(count, dtype=x.dtype.numpy).reshape(*sizes, channels, count)
    found = conv(x, kernel, strides or sizes, padding, "channels_first" if first else "channels_last", rate)
    return L.squeeze(found, 0) if is_one else found


def extract_patches(
    images: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The pixels of each window, beside each other as channels.

    Parameters
    ----------
    size : of a window, a number or two; three numbers for volumes
    strides : from one window to the next, `size` if None
    """
    sizes = (size, size) if isinstance(size, int) else tuple(size)
    return _patches(images, sizes, strides, dilation_rate, padding, _is_first(data_format, "extract_patches"))


def extract_patches_3d(
    volumes: Any, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid",
    data_format: str | None = None,
) -> Any:
    """The elements of each window of volumes, beside each other as channels."""
    sizes = (size, size, size) if isinstance(size, int) else tuple(size)
    return _patches(volumes, sizes, strides, dilation_rate, padding, _is_first(data_format, "extract_patches_3d"))


def map_coordinates(inputs: Any, coordinates: Any, order: int, fill_mode: str = "constant", fill_value: Any = 0) -> Any:
    """The elements at places between those of a tensor.

    Parameters
    ----------
    order : 0 for the nearest element, 1 for the lines between them
    fill_mode : what lies beyond the ends: `fill_value` ("constant"), the last element ("nearest"), the tensor once more
        ("wrap") or in a mirror ("reflect", and "mirror", where the last element is not repeated)

    Shapes
    ------
    coordinates : (axes of the input, *places)
    result : places
    """
    _warping.chosen("fill_mode", fill_mode, ("constant", "nearest", "wrap", "mirror", "reflect"),
                    "image.map_coordinates")
    x, places = tensor(inputs), tensor(coordinates)
    if order not in (0, 1):
        raise AttributeValueError(f"order={order}; it takes 0 or 1", op="image.map_coordinates")
    if places.shape.rank < 2 or places.shape[0] != x.shape.rank:
        raise ShapeError(f"coordinates of shape {places.shape} for an input of shape {x.shape}; they have a row for "
                         "each axis", op="image.map_coordinates")
    kind = x.dtype if x.dtype.is_floating else "float32"
    values, places = L.cast(x, kind), L.cast(places, kind)
    axes = [_nodes(places[k], order, _warping.extent(x, k), fill_mode) for k in range(x.shape.rank)]
    parts = []
    for corner in product(*axes):
        indices, inside, shares = zip(*corner, strict=True)
        found = L.gather_nd(values, L.stack(list(indices), -1))
        for held in inside:
            found = found if held is None else L.where(held, found, L.cast(fill_value, kind))
        for share in shares:
            found = found if share is None else found * share
        parts.append(found)
    total = L.add_n(parts)
    return total if x.dtype.is_floating else L.cast(L.round(total), x.dtype)


def _nodes(places: Any, order: int, size: Any, fill_mode: str) -> list[tuple[Any, Any, Any]]:
    """The elements around places of an axis: their numbers, whether they are there, and their shares."""
    if order == 0:
        around = [(L.round(places), None)]
    else:
        below = L.floor(places)
        around = [(below, 1.0 - (places - below)), (below + 1.0, places - below)]
    found = []
    for index, share in around:
        inside, at = None, L.cast(index, "int32")
        if fill_mode == "wrap":
            at = L.floormod(at, size)
        elif fill_mode in ("mirror", "reflect"):        # as Keras: a mirror before the first element, not in it
            rest = L.floormod(L.abs(at), 2 * size)
            at = L.where(rest < size, rest, 2 * size - rest - (1 if fill_mode == "reflect" else 0))
        elif fill_mode == "constant":
            inside = L.logical_and(at >= 0, at < size)
        found.append((L.clip_by_value(at, 0, size - 1), inside, share))
    return found


# Each method's name as one of `image.resize`.
_CURVES = {
    **dict.fromkeys(("linear", "bilinear", "trilinear", "triangle"), "bilinear"),
    **dict.fromkeys(("cubic", "bicubic", "tricubic"), "bicubic"), "lanczos3": "lanczos3", "lanczos5": "lanczos5",
}


def scale_and_translate(
    images: Any, output_shape: Sequence[int], scale: Any, translation: Any, spatial_dims: Sequence[int], method: str,
    antialias: bool = True,
) -> Any:
    """Images stretched and moved along some axes; what comes from outside is 0.

    Parameters
    ----------
    output_shape : of the whole result
    scale, translation : for each of `spatial_dims`, new pixels for an old one, and new pixels
    method : "linear", "cubic", "lanczos3" or "lanczos5"
    antialias : whether a pixel that covers several old ones is a mean of them
    """
    curve = _CURVES[_warping.chosen("method", method, tuple(_CURVES), "image.scale_and_translate")]
    x, scales, moves = tensor(images), L.cast(tensor(scale), "float32"), L.cast(tensor(translation), "float32")
    y = x if x.dtype.is_floating else L.cast(x, "float32")
    for k, axis in enumerate(spatial_dims):
        at, back = axis % x.shape.rank, 1.0 / scales[k]
        old = int(x.shape[at])
        places = (np.arange(output_shape[at], dtype=np.float32) + 0.5) * back - moves[k] * back - 0.5
        width = L.maximum(back, 1.0) if antialias else 1.0
        weights = weights_at(curve, L.abs(places - np.arange(old, dtype=np.float32)[:, None]) / width)
        total = L.reduce_sum(weights, 0, True)
        weights = L.where(L.abs(total) > 1000 * np.finfo(np.float32).eps, L.divide_no_nan(weights, total), 0.0)
        weights = L.where(L.logical_and(places >= -0.5, places <= old - 0.5), weights, 0.0)
        y = L.tensordot(y, L.cast(weights, y.dtype), [[at], [0]])
        last = x.shape.rank - 1
        y = L.transpose(y, [*range(at), last, *range(at, last)])
    return y if x.dtype.is_floating else L.saturate_cast(L.round(y), x.dtype)


def sobel_edges(images: Any, data_format: str | None = None) -> Any:
    """How images change down and across, by Sobel's weights, along a new last axis."""
    x = tensor(images)
    if not _is_first(data_format, "sobel_edges"):
        return _images.sobel_edges(x)
    return L.transpose(_images.sobel_edges(L.transpose(x, (0, 2, 3, 1))), (0, 3, 1, 2, 4))


def ssim(
    image1: Any, image2: Any, max_val: float = 1.0, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01,
    k2: float = 0.03, data_format: str | None = None,
) -> Any:
    """How alike images are in structure, 1 for equal ones; see `graphengine.image.ssim`."""
    first, second = tensor(image1), tensor(image2)
    if _is_first(data_format, "ssim"):
        turned = (1, 2, 0) if first.shape.rank == 3 else (0, 2, 3, 1)
        first, second = L.transpose(first, turned), L.transpose(second, turned)
    return _images.ssim(first, second, max_val, filter_size, filter_sigma, k1, k2)
