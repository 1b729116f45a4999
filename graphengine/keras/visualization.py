"""What was found in images, drawn over them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import DTypeError, ShapeError
from ..frontend.surface import refusing
from .config import image_data_format

Array = np.ndarray[Any, Any]

PALETTE = np.array([2**25 - 1, 2**15 - 1, 2**21 - 1])      # multiples modulo 255 are colors that differ


def draw_segmentation_masks(
    images: Any, segmentation_masks: Any, num_classes: int | None = None,
    color_mapping: Mapping[int, Sequence[int]] | None = None, alpha: float = 0.8, blend: bool = True,
    ignore_index: int = -1, data_format: str | None = None,
) -> Array:
    """Images in which each pixel has the color of its class.

    Parameters
    ----------
    num_classes : of classes that are drawn; the largest number in the masks if None
    color_mapping : red, green and blue in [0, 255] for each class
    alpha : share of the color, in [0, 1]
    blend : whether to mix the colors with the images; else the result are float32 pixels of either
    ignore_index : number of pixels that keep their color

    Raises
    ------
    ShapeError unless images have four axes. DTypeError for masks that are no whole numbers.

    Shapes
    ------
    images : (batch, height, width, 3), or channels before the height for channels_first; in [0, 255]
    segmentation_masks : (batch, height, width, 1), or likewise
    result : (batch, height, width, 3), uint8
    """
    pictures, masks = np.asarray(images, np.float32), np.asarray(segmentation_masks)
    if pictures.ndim != 4:
        raise ShapeError(f"images has shape {pictures.shape}; it is a batch", op="draw_segmentation_masks")
    if masks.dtype.kind not in "iu":
        raise DTypeError(f"segmentation_masks is {masks.dtype.name}; it is whole numbers", op="draw_segmentation_masks")
    if (data_format or image_data_format()) == "channels_first":
        pictures, masks = (x.transpose(0, 2, 3, 1) for x in (pictures, masks))
    classes = masks[..., 0]
    count = int(classes.max()) if num_classes is None else num_classes
    drawn = pictures.copy()
    for k in range(count):
        drawn[classes == k] = PALETTE * k % 255 if color_mapping is None else color_mapping[k]
    if not blend:
        return drawn
    mixed = pictures * (1 - alpha) + drawn * alpha
    return np.where((classes != ignore_index)[..., None], mixed, pictures).astype(np.uint8)


__all__ = ["draw_segmentation_masks"]
__getattr__ = refusing(__name__, lambda: __all__)
