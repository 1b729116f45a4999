"""Glimpses: parts of images around a place, with noise where an image has ended."""
from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError
from ..ops.language import L
from . import random
from .build import convert_to_tensor
from .pieces import known_value


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
