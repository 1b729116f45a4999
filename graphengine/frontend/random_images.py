"""Images changed at random: turned over, cut out, in other colors.

What is random draws from `random`; the functions with ``stateless_`` give TensorFlow's own results for equal seeds.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, ShapeError
from ..ops.language import L
from . import random
from .build import convert_to_tensor
from .images import adjust_hue, adjust_saturation, check_number, images_of, in_fractions


def _flipped_at_random(image: Any, axis: int, toss: Callable[[Any], Any], function: str) -> Any:
    x = images_of(image, function)
    flipped = L.reverse(x, [x.shape.rank + axis])
    if x.shape.rank == 3:
        return L.where(toss([]) < 0.5, flipped, x)
    shares = toss([x.shape[0]] if isinstance(x.shape[0], int) else [L.shape_of(x)[0]])
    return L.where(L.reshape(shares, [-1, 1, 1, 1]) > 0.5, flipped, x)         # as TensorFlow decides it for each


def random_flip_left_right(image: Any, seed: int | None = None) -> Any:
    """Images in a mirror, each with probability 1/2."""
    return _flipped_at_random(image, -2, lambda shape: random.uniform(shape, seed=seed), "random_flip_left_right")


def random_flip_up_down(image: Any, seed: int | None = None) -> Any:
    """Images upside down, each with probability 1/2."""
    return _flipped_at_random(image, -3, lambda shape: random.uniform(shape, seed=seed), "random_flip_up_down")


def stateless_random_flip_left_right(image: Any, seed: Any) -> Any:
    """Images in a mirror, each with probability 1/2: a function of two seeds."""
    return _flipped_at_random(image, -2, lambda shape: random.stateless_uniform(shape, seed),
                              "stateless_random_flip_left_right")


def stateless_random_flip_up_down(image: Any, seed: Any) -> Any:
    """Images upside down, each with probability 1/2: a function of two seeds."""
    return _flipped_at_random(image, -3, lambda shape: random.stateless_uniform(shape, seed),
                              "stateless_random_flip_up_down")


def random_crop(value: Any, size: Any, seed: int | None = None, name: str | None = None) -> Any:
    """A part of a tensor of these sizes, from a random place."""
    return _cropped(value, size, lambda n: random.uniform([n], 0, 2**31 - 1, dtypes.int32, seed), name)


def stateless_random_crop(value: Any, size: Any, seed: Any, name: str | None = None) -> Any:
    """A part of a tensor of these sizes, from a place that follows from two seeds."""
    return _cropped(value, size, lambda n: random.stateless_uniform([n], seed, 0, 2**31 - 1, dtypes.int32), name)


def _cropped(value: Any, size: Any, draw: Callable[[int], Any], name: str | None) -> Any:
    x, sizes = convert_to_tensor(value), [int(s) for s in size]
    known = x.shape if x.shape.rank is None else tuple(x.shape)
    if x.shape.rank != len(sizes) or any(isinstance(n, int) and n < s for n, s in zip(known, sizes, strict=True)):
        raise ShapeError(f"size={sizes} of a tensor of shape {x.shape}", op="image.random_crop")
    begin = L.floormod(draw(len(sizes)), L.shape_of(x) - np.array(sizes, np.int32) + 1)
    for axis, n in enumerate(sizes):
        x = L.gather(x, L.iota(n, 0, 1, dtypes.int32) + begin[axis], None, axis)
    return L.identity(x, name=name)


def _interval(low: Any, high: Any, function: str) -> None:
    check_number(low, "lower", function)
    check_number(high, "upper", function)
    if low < 0 and function.endswith(("contrast", "saturation")):
        raise AttributeValueError(f"lower={low} is negative", op=f"image.{function}")
    if high <= low:
        raise AttributeValueError(f"lower={low} is not below upper={high}", op=f"image.{function}")


def _within(limit: Any, function: str, most: float = np.inf) -> None:
    check_number(limit, "max_delta", function)
    if not 0 <= limit <= most:
        raise AttributeValueError(f"max_delta={limit} is outside [0, {most}]", op=f"image.{function}")


def random_brightness(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """Images with a number in [-max_delta, max_delta) added."""
    _within(max_delta, "random_brightness")
    delta = random.uniform([], -max_delta, max_delta, seed=seed)
    return in_fractions(image, lambda x: L.adjust_brightness(x, L.cast(delta, x.dtype)))


def stateless_random_brightness(image: Any, max_delta: float, seed: Any) -> Any:
    """Images with a number in [-max_delta, max_delta) added that follows from two seeds."""
    _within(max_delta, "stateless_random_brightness")
    delta = random.stateless_uniform([], seed, -max_delta, max_delta)
    return in_fractions(image, lambda x: L.adjust_brightness(x, L.cast(delta, x.dtype)))


def random_contrast(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """Images with contrasts multiplied by a number in [lower, upper)."""
    _interval(lower, upper, "random_contrast")
    factor = random.uniform([], lower, upper, seed=seed)
    return in_fractions(image, lambda x: L.adjust_contrast(x, L.cast(factor, x.dtype)))


def stateless_random_contrast(image: Any, lower: float, upper: float, seed: Any) -> Any:
    """Images with contrasts multiplied by a number in [lower, upper) that follows from two seeds."""
    _interval(lower, upper, "stateless_random_contrast")
    factor = random.stateless_uniform([], seed, lower, upper)
    return in_fractions(image, lambda x: L.adjust_contrast(x, L.cast(factor, x.dtype)))


def random_hue(image: Any, max_delta: float, seed: int | None = None) -> Any:
    """Images whose hues are turned by a number in [-max_delta, max_delta), of which 1 is once around."""
    _within(max_delta, "random_hue", 0.5)
    return adjust_hue(image, random.uniform([], -max_delta, max_delta, seed=seed))


def stateless_random_hue(image: Any, max_delta: float, seed: Any) -> Any:
    """Images whose hues are turned by a number in [-max_delta, max_delta) that follows from two seeds."""
    _within(max_delta, "stateless_random_hue", 0.5)
    return adjust_hue(image, random.stateless_uniform([], seed, -max_delta, max_delta))


def random_saturation(image: Any, lower: float, upper: float, seed: int | None = None) -> Any:
    """Images with saturations multiplied by a number in [lower, upper)."""
    _interval(lower, upper, "random_saturation")
    return adjust_saturation(image, random.uniform([], lower, upper, seed=seed))


def stateless_random_saturation(
    image: Any, lower: float, upper: float, seed: Any = None, name: str | None = None
) -> Any:
    """Images with saturations multiplied by a number in [lower, upper) that follows from two seeds."""
    _interval(lower, upper, "stateless_random_saturation")
    return adjust_saturation(image, random.stateless_uniform([], seed, lower, upper), name)


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    random_brightness, random_contrast, random_crop, random_flip_left_right, random_flip_up_down, random_hue,
    random_saturation, stateless_random_brightness, stateless_random_contrast, stateless_random_crop,
    stateless_random_flip_left_right, stateless_random_flip_up_down, stateless_random_hue, stateless_random_saturation,
)}
