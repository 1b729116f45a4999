"""Images whose pixels are taken from other places, and smoothed: what layers that turn, bend and blur are made of.

Images have their channels last. Results are those of Keras on TensorFlow.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..errors import AttributeValueError
from ..frontend import random
from ..frontend.arrangement import counted
from ..ops.language import L

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


def extent(x: Any, axis: int) -> Any:
    """The size of an axis: a whole number if it is known, else a tensor."""
    size = tuple(x.shape)[axis]
    return size if isinstance(size, int) else L.shape_of(x)[axis]


def as_float(number: Any, dtype: Any = "float32") -> Any:
    """A size, or another whole number, that can be multiplied with fractions."""
    return float(number) if isinstance(number, (int, float, np.generic)) else L.cast(number, dtype)


def chosen(name: str, value: Any, choices: Sequence[str], op: str) -> str:
    """One of several words.

    Raises
    ------
    AttributeValueError for any other.
    """
    if value not in choices:
        raise AttributeValueError(f"{name}={value!r}; it takes one of {', '.join(choices)}", op=op)
    return str(value)


# -------------------------------------------------------------------- places beyond the border

def _reflected(x: Any, size: Any) -> Any:
    """abcd goes on as dcba|abcd|dcba; the steps are TensorFlow's, which also tell what rounding does."""
    twice = 2.0 * size
    below = L.where(x < twice, x + twice * L.floor(-x / twice), x)
    below = L.where(below < -size, below + twice, -below - 1.0)
    above = x - twice * L.floor(x / twice)
    above = L.where(above >= size, twice - above - 1.0, above)
    return _clamped(L.where(x < 0, below, L.where(x > size - 1.0, above, x)), size)


def _wrapped(x: Any, size: Any) -> Any:
    """abcd goes on as abcd|abcd|abcd, with TensorFlow's steps."""
    last = L.maximum(size - 1.0, 1.0)
    below = x + size * (L.floor(-x / last) + 1.0)
    above = x - size * L.floor(x / last)
    return _clamped(L.where(x < 0, below, L.where(x > size - 1.0, above, x)), size)


def _clamped(x: Any, size: Any) -> Any:
    return L.minimum(L.maximum(x, 0.0), size - 1.0)


_BEYOND: dict[str, Callable[[Any, Any], Any]] = {
    "reflect": _reflected, "wrap": _wrapped, "nearest": _clamped, "constant": lambda x, size: x,
}


# -------------------------------------------------------------------- pixels from other places

def _half_away(x: Any) -> Any:
    """The nearest whole number; of two that are equally near the one farther from 0."""
    return L.sign(x) * L.floor(L.abs(x) + 0.5)


def _read(images: Any, y: Any, x: Any, fill_value: Any) -> Any:
    """The pixels at whole places; where there is none, `fill_value`, or with None the nearest.

    Shapes
    ------
    images : (batch, height, width, channels)
    y, x : (batch, rows, columns)
    result : (batch, rows, columns, channels)
    """
    height, width = extent(images, 1), extent(images, 2)
    row, column = (L.cast(_clamped(p, as_float(n)), "int32") for p, n in ((y, height), (x, width)))
    places = (L.reshape(counted(images, 0), (-1, 1, 1)) * height + row) * width + column
    found = L.gather(L.reshape(images, (-1, extent(images, 3))), places, None, 0)
    if fill_value is None:
        return found
    inside = (y >= 0) & (y < as_float(height)) & (x >= 0) & (x < as_float(width))
    return L.where(L.expand_dims(inside, -1), found, L.cast(fill_value, images.dtype))


def _between(images: Any, y: Any, x: Any, interpolation: str, fill_value: Any) -> Any:
    """The pixels at places that may lie between them."""
    if interpolation == "nearest":
        return _read(images, _half_away(y), _half_away(x), fill_value)
    top, left = L.floor(y), L.floor(x)
    right_share, bottom_share = L.expand_dims(x - left, -1), L.expand_dims(y - top, -1)
    rows = [(1.0 - right_share) * _read(images, row, left, fill_value)
            + right_share * _read(images, row, left + 1.0, fill_value) for row in (top, top + 1.0)]
    return (1.0 - bottom_share) * rows[0] + bottom_share * rows[1]


def projected(images: Any, transform: Any, interpolation: str, fill_mode: str, fill_value: float = 0.0) -> Any:
    """Each pixel from the place where a projective map sends its own.

        (x, y) is taken from ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k),  k = c0 x + c1 y + 1

    Parameters
    ----------
    transform : a0, a1, a2, b0, b1, b2, c0, c1 for each image
    fill_mode : what lies beyond the border: the image in a mirror ("reflect"), once more ("wrap"), its last pixel
        ("nearest") or `fill_value` ("constant")

    Shapes
    ------
    images, result : (batch, height, width, channels)
    transform : (batch, 8)
    """
    y, x = _grid(images)
    a0, a1, a2, b0, b1, b2, c0, c1 = (L.reshape(transform[:, k], (-1, 1, 1)) for k in range(8))
    k = c0 * x + c1 * y + 1.0
    beyond = _BEYOND[fill_mode]
    row = beyond((b0 * x + b1 * y + b2) / k, as_float(extent(images, 1)))
    column = beyond((a0 * x + a1 * y + a2) / k, as_float(extent(images, 2)))
    return _between(images, row, column, interpolation, fill_value if fill_mode == "constant" else None)


def _grid(images: Any) -> tuple[Any, Any]:
    """The numbers of rows and of columns, in shapes that broadcast against (batch, height, width)."""
    return (L.cast(L.reshape(counted(images, 1), (1, -1, 1)), "float32"),
            L.cast(L.reshape(counted(images, 2), (1, 1, -1)), "float32"))


# -------------------------------------------------------------------- which maps

def around_center(angle: Any, height: Any, width: Any) -> Any:
    """The map that turns images around their middle.

    angle : in degrees, (batch,)
    """
    turn = angle * np.float32(np.pi / 180)
    cx, cy = (as_float(width) - 1.0) * 0.5, (as_float(height) - 1.0) * 0.5
    cos, sin, zero = L.cos(turn), L.sin(turn), L.zeros_like(turn)
    return L.stack([cos, -sin, cx - cx * cos + cy * sin, sin, cos, cy - cx * sin - cy * cos, zero, zero], 1)


def of_corners(start: Any, end: Any) -> Any:
    """The map that sends the four points `end` to `start`.

    Shapes
    ------
    start, end : (batch, 4, 2), x and y of each
    result : (batch, 8)
    """
    rows, targets = [], []
    for k in range(4):
        (sx, sy), (ex, ey) = ((p[:, k, 0], p[:, k, 1]) for p in (start, end))
        one, zero = L.ones_like(ex), L.zeros_like(ex)
        rows += [L.stack([ex, ey, one, zero, zero, zero, -sx * ex, -sx * ey], -1),
                 L.stack([zero, zero, zero, ex, ey, one, -sy * ex, -sy * ey], -1)]
        targets += [sx, sy]
    return L.reshape(L.solve(L.stack(rows, 1), L.expand_dims(L.stack(targets, -1), -1)), (-1, 8))


# -------------------------------------------------------------------- blurred and bent

def _bell(largest: int, size: Any, sigma: Any) -> Any:
    """Shares of a normal distribution on `size` places, zeros around them up to `largest`; both numbers are odd."""
    x = np.arange(largest, dtype=np.float32) - (largest - 1) / 2
    heights = L.where(np.abs(x) <= (L.cast(size, "float32") - 1.0) / 2.0, L.exp(-0.5 * L.square(x / sigma)), 0.0)
    return heights / L.reduce_sum(heights)


def blurred(images: Any, kernel_size: Sequence[Any], sigma: Any, largest: Sequence[int] | None = None) -> Any:
    """Each pixel a mean of those around it, by a normal distribution.

    Parameters
    ----------
    kernel_size : places that count along x and along y, odd numbers
    sigma : standard deviations along x and along y, in pixels
    largest : what `kernel_size` is at most, if these are tensors

    Shapes
    ------
    images, result : (batch, height, width, channels)
    """
    across, down = tuple(kernel_size) if largest is None else tuple(largest)
    weights = L.tensordot(_bell(down, kernel_size[1], sigma[1]), _bell(across, kernel_size[0], sigma[0]), 0)
    # Keras lays the table of (down, across) out as (across, down); the two only differ where the sizes do.
    kernel = L.tile(L.reshape(weights, (across, down, 1, 1)), (1, 1, int(images.shape[-1]), 1))
    return L.depthwise_conv2d(images, kernel, (1, 1), "SAME")


def bent(
    images: Any, alpha: Any, sigma: Any, largest_sigma: float, interpolation: str, fill_mode: str, fill_value: float,
    seed: Any,
) -> Any:
    """Images whose pixels come from places moved at random, neighbors in much the same way.

    Parameters
    ----------
    alpha : how far, in pixels for each deviation of the smoothed noise
    sigma : deviation of the noise, and of its smoothing, in pixels; `largest_sigma` is its bound
    seed : two numbers that the noise follows from

    References
    ----------
    Simard, Steinkraus and Platt (2003), "Best practices for convolutional neural networks applied to visual document
    analysis", section 2.
    """
    batch, height, width = (extent(images, k) for k in range(3))
    noise = random.stateless_normal([batch, height, width], seed, 0.0, 1.0, "float32") * sigma
    places = L.cast(sigma, "int32") * 6
    places = places + 1                     # an even number before: `| 1` of Keras
    most = 6 * int(largest_sigma) + 1
    # Keras draws both directions from one seed: pixels move along the diagonal.
    moved = alpha * blurred(L.expand_dims(noise, -1), (places, places), (sigma, sigma), (most, most))[..., 0]
    y, x = _grid(images)
    return _by_coordinates(images, y + moved, x + moved, interpolation, fill_mode, fill_value)


def _by_coordinates(images: Any, y: Any, x: Any, interpolation: str, fill_mode: str, fill_value: float) -> Any:
    """The pixels at places; what lies beyond the border is found for the whole places around each."""
    if interpolation == "nearest":
        parts = [(L.round(y), L.round(x), 1.0)]
    else:
        top, left = L.floor(y), L.floor(x)
        parts = [(row, column, L.expand_dims(v * h, -1)) for row, v in ((top, 1.0 - (y - top)), (top + 1.0, y - top))
                 for column, h in ((left, 1.0 - (x - left)), (left + 1.0, x - left))]
    fill = fill_value if fill_mode == "constant" else None
    height, width = (as_float(extent(images, k)) for k in (1, 2))
    found = [_read(images, _whole_beyond(row, height, fill_mode), _whole_beyond(column, width, fill_mode), fill) * share
             for row, column, share in parts]
    return found[0] if len(found) == 1 else found[0] + found[1] + found[2] + found[3]


def _whole_beyond(place: Any, size: Any, fill_mode: str) -> Any:
    if fill_mode == "wrap":
        return L.floormod(place, size)
    if fill_mode == "reflect":              # as Keras: -1 is 1, but `size` is size - 1
        rest = L.floormod(L.abs(place), 2.0 * size)
        return L.where(rest < size, rest, 2.0 * size - rest - 1.0)
    return place if fill_mode == "constant" else _clamped(place, size)
