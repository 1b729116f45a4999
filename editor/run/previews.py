"""What an array looks like, in few numbers: an array comes in, a `Preview` goes out. No Qt."""
from __future__ import annotations

from typing import Any

import numpy as np

from .messages import Array, Preview

BINS = 64
SIDE = 128                                  # of a thumbnail
NO_NUMBER = (220, 60, 60)                   # red, green, blue of NaN and infinity in a thumbnail
SHORT = 6                                   # so many numbers are shown as text
MOST = 2**22                                # elements that are looked at; of larger arrays a sample, evenly spread


def preview(value: Any) -> Preview:
    """Statistics, histogram and picture of an array.

    Statistics and histogram are those of `MOST` elements, evenly spread, if the array is larger; numbers of NaN and
    infinity are those of the whole.
    """
    array = np.asarray(value)
    numbers = _numbers(array)
    if numbers is None:
        return Preview(array.dtype.name, array.shape, array.nbytes, None, None, None, None, 0, 0, (), None,
                       _text(array))
    flat = numbers.reshape(-1)
    nans = infs = 0
    if flat.dtype.kind == "f":
        nans, infs = int(np.count_nonzero(np.isnan(flat))), int(np.count_nonzero(np.isinf(flat)))
    if flat.size > MOST:
        flat = flat[:: -(-flat.size // MOST)]
    finite = flat[np.isfinite(flat)] if nans or infs else flat
    low = high = mean = std = None
    histogram: tuple[int, ...] = ()
    if finite.size:
        with np.errstate(all="ignore"):
            wide = finite.astype(np.float64, copy=False)
            low, high = float(wide.min()), float(wide.max())
            mean, std = float(wide.mean()), float(wide.std())
        histogram = _histogram(wide, low, high)
    return Preview(array.dtype.name, array.shape, array.nbytes, low, high, mean, std, nans, infs, histogram,
                   thumbnail(numbers), _text(array))


def _numbers(array: Array) -> Array | None:
    """The array as something that numpy counts with; None where it cannot."""
    if array.dtype.kind in "biuf":
        return array
    if array.dtype.kind == "c":
        return np.abs(array)
    try:                                    # bfloat16 and the like
        return array.astype(np.float32) if array.dtype.kind == "V" else None
    except (TypeError, ValueError):
        return None


def _histogram(values: Array, low: float, high: float) -> tuple[int, ...]:
    """Counts in equal bins from `low` to `high`."""
    if low == high:
        return (*[0] * (BINS // 2), len(values), *[0] * (BINS - BINS // 2 - 1))
    if not np.isfinite(high - low):         # of numbers near the largest
        values, low, high = values / 4, low / 4, high / 4
    place = ((values - low) * (BINS / (high - low))).astype(np.int64)
    np.clip(place, 0, BINS - 1, out=place)  # the largest belongs to the last bin
    return tuple(np.bincount(place, minlength=BINS).tolist())


def _text(array: Array) -> str:
    """The value itself, if it is short."""
    if array.size > SHORT:
        return ""
    with np.printoptions(precision=5, suppress=False, threshold=SHORT, linewidth=1000):
        return str(array).replace("\n", "")


# -------------------------------------------------------------------- pictures

def thumbnail(numbers: Array) -> Array | None:
    """A picture of at most `SIDE` x `SIDE` points: (h, w, 3) of three channels, else (h, w).

    Two axes longer than 1 are a matrix; more are a batch of pictures, of which up to 9 stand in a grid, if the last
    axis has 1, 3 or 4 entries or there are three axes; anything else has no picture.
    """
    shape = numbers.shape
    if numbers.ndim < 2 or 0 in shape or max(shape) == 1:
        return None
    is_color = False
    if numbers.ndim == 2:
        picture = _shrunk(numbers)
    elif numbers.ndim == 3 and shape[2] in (3, 4) and min(shape[:2]) > 4:
        picture, is_color = _shrunk(numbers[..., :3]), True
    elif numbers.ndim == 3:
        picture = _grid(numbers)
    elif numbers.ndim == 4:
        is_color = shape[3] in (3, 4)
        picture = _grid(numbers[..., :3] if is_color else numbers[..., 0])
    else:
        return None
    return _gray(picture, is_color)


def _grid(pictures: Array) -> Array:
    """Up to nine pictures of a batch beside each other."""
    count = min(len(pictures), 9)
    side = int(np.ceil(np.sqrt(count)))
    made = [_shrunk(p, SIDE // side) for p in pictures[:count]]
    h, w = made[0].shape[:2]
    rows = -(-count // side)
    numbers = np.concatenate([p[np.isfinite(p)] for p in made])
    out = np.full((rows * h, side * w, *made[0].shape[2:]), numbers.min() if numbers.size else 0.0)
    for k, p in enumerate(made):
        y, x = divmod(k, side)
        out[y * h:(y + 1) * h, x * w:(x + 1) * w] = p
    return out


def _shrunk(picture: Array, side: int = SIDE) -> Array:
    """Means of blocks, so that neither side is longer than `side`."""
    by, bx = (-(-n // side) for n in picture.shape[:2])
    while picture.size > MOST:              # every other point of what is far too large
        picture, by, bx = picture[::2, ::2], -(-by // 2), -(-bx // 2)
    out = picture.astype(np.float64)
    if by > 1 or bx > 1:
        h, w = out.shape[0] // by * by, out.shape[1] // bx * bx
        with np.errstate(all="ignore"):
            out = out[:h, :w].reshape(h // by, by, w // bx, bx, *out.shape[2:]).mean(axis=(1, 3))
    return out[:side, :side]


def _gray(picture: Array, is_color: bool) -> Array:
    """Numbers as brightness from 0 (smallest) to 255; what is no number is red."""
    finite = np.isfinite(picture)
    low, high = (picture[finite].min(), picture[finite].max()) if finite.any() else (0.0, 0.0)
    if is_color and low >= 0 and high <= 255:           # a picture keeps its own scale
        low, high = 0.0, 1.0 if high <= 1 else 255.0
    width = high - low if np.isfinite(high - low) and high > low else 1.0
    with np.errstate(all="ignore"):
        scaled = np.where(finite, (picture - low) * (255.0 / width), 0)
    shades = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    if not finite.all():
        if shades.ndim == 2:
            shades, finite = np.repeat(shades[..., None], 3, axis=2), finite[..., None]
        shades[~finite.all(axis=2)] = NO_NUMBER
    return shades
