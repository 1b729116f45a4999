"""Pictures between files, Pillow's images and arrays. Pillow reads and writes them, and is loaded when it is needed."""
from __future__ import annotations

from importlib import import_module
from os import PathLike
from typing import IO, Any

import numpy as np

from ...errors import InvalidArgumentError, ShapeError
from ..config import floatx, image_data_format

Array = np.ndarray[Any, Any]

MODES = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
GRAY = ("L", "I;16", "I")
METHODS = {"nearest": "NEAREST", "bilinear": "BILINEAR", "bicubic": "BICUBIC", "hamming": "HAMMING", "box": "BOX",
           "lanczos": "LANCZOS"}


def _pillow(op: str) -> Any:
    try:
        return import_module("PIL.Image")
    except ImportError:
        raise ImportError(f"{op}: pictures are read and written by Pillow, which is not installed: "
                          "pip install pillow") from None


def _is_first(data_format: str | None) -> bool:
    return (data_format or image_data_format()) == "channels_first"


def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:
    """An image of Pillow, or an array, as an array of numbers.

    dtype : `floatx` if None

    Shapes
    ------
    result : (height, width, channels), or channels first

    Examples
    --------
    >>> from graphengine import keras
    >>> keras.utils.img_to_array([[0, 255]]).shape
    (1, 2, 1)
    """
    x = np.asarray(img, dtype=dtype or floatx())
    if x.ndim not in (2, 3):
        raise ShapeError(f"an image of shape {x.shape}; it has two or three axes", op="img_to_array")
    x = x[:, :, None] if x.ndim == 2 else x
    return x.transpose(2, 0, 1) if _is_first(data_format) else x


def array_to_img(x: Any, data_format: str | None = None, scale: bool = True, dtype: Any = None) -> Any:
    """An array as an image of Pillow.

    Parameters
    ----------
    x : (height, width, channels), or channels first: one of gray, three, or four with the opacity
    scale : whether to stretch the numbers to [0, 255]

    Raises
    ------
    ShapeError for other shapes; ImportError without Pillow.
    """
    pillow = _pillow("array_to_img")
    numbers = np.asarray(x, dtype=dtype or floatx())
    if numbers.ndim == 3 and _is_first(data_format):
        numbers = numbers.transpose(1, 2, 0)
    if numbers.ndim != 3 or numbers.shape[2] not in (1, 3, 4):
        raise ShapeError(f"an image of shape {np.shape(x)}; it has three axes, and 1, 3 or 4 channels",
                         op="array_to_img")
    if scale:
        numbers = numbers - numbers.min()
        numbers = numbers / (numbers.max() or 1) * 255
    if numbers.shape[2] > 1:
        return pillow.fromarray(numbers.astype(np.uint8))
    return pillow.fromarray(numbers[:, :, 0].astype(np.int32 if numbers.max() > 255 else np.uint8))


def save_img(
    path: str | PathLike[str] | IO[bytes], x: Any, data_format: str | None = None, file_format: str | None = None,
    scale: bool = True, **kwargs: Any,
) -> None:
    """Write an array as a picture; in the format that the ending of the path tells, unless one is given."""
    image = array_to_img(x, data_format, scale)
    ending = file_format or (str(path).rpartition(".")[2] if isinstance(path, (str, PathLike)) else None)
    kind = "jpeg" if ending and ending.lower() == "jpg" else ending
    if image.mode == "RGBA" and kind and kind.lower() == "jpeg":
        image = image.convert("RGB")            # it has no opacity
    image.save(path, format=kind, **kwargs)


def load_img(
    path: str | PathLike[str] | IO[bytes], color_mode: str = "rgb", target_size: tuple[int, int] | None = None,
    interpolation: str = "nearest", keep_aspect_ratio: bool = False,
) -> Any:
    """Read a picture as an image of Pillow.

    Parameters
    ----------
    color_mode : "rgb", "rgba" or "grayscale"
    target_size : height and width to bring it to
    interpolation : "nearest", "bilinear", "bicubic", "hamming", "box" or "lanczos"
    keep_aspect_ratio : whether to cut off what does not fit instead of stretching

    Raises
    ------
    InvalidArgumentError for other words; ImportError without Pillow.
    """
    pillow = _pillow("load_img")
    if color_mode not in MODES or interpolation not in METHODS:
        raise InvalidArgumentError(f"color_mode={color_mode!r}, interpolation={interpolation!r}", op="load_img",
                                   fix=f"one of {', '.join(MODES)}, and one of {', '.join(METHODS)}")
    with pillow.open(path) as file:
        file.load()
        image = file.copy()
    if not (color_mode == "grayscale" and image.mode in GRAY) and image.mode != MODES[color_mode]:
        image = image.convert(MODES[color_mode])
    if target_size is None or image.size == target_size[::-1]:
        return image
    height, width = target_size
    box = None
    if keep_aspect_ratio:
        columns, rows = image.size
        inner = min(columns, rows * width // height), min(rows, columns * height // width)
        left, top = (columns - inner[0]) // 2, (rows - inner[1]) // 2
        box = (left, top, left + inner[0], top + inner[1])
    return image.resize((width, height), getattr(pillow.Resampling, METHODS[interpolation]), box=box)


def smart_resize(
    x: Any, size: tuple[int, int], interpolation: str = "bilinear", data_format: str = "channels_last"
) -> Any:
    """Images in another size, cut to its proportions first; an array of an array, a tensor of a tensor."""
    from ..ops.image import resize

    y = resize(x, size, interpolation, crop_to_aspect_ratio=True, data_format=data_format)
    return y.numpy() if isinstance(x, np.ndarray) else y
