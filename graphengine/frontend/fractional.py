"""Pooling by a fraction: windows of two neighboring sizes, whose order along each axis is drawn by chance.

References
----------
Graham (2014), "Fractional max-pooling", section 2.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, ShapeError
from ..ops.language import L
from ..ops.philox import words_of
from . import random
from .build import convert_to_tensor

Array = np.ndarray[Any, Any]


def fractional_max_pool(
    value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False, seed: int = 0,
    name: str | None = None,
) -> tuple[Any, Any, Any]:
    """The largest element of windows by which height and width become smaller by a fraction.

    Parameters
    ----------
    pooling_ratio : how much smaller, 1 or more: one number, two, or four of which the first and the last are 1
    pseudo_random : whether the order of window sizes follows from one number, in place of being any
    overlapping : whether the last row and column of a window are also the first of the next
    seed : 0 for other windows in each run

    Shapes
    ------
    value : (batch, height, width, channels)
    result : the pooled images; first row of each window and the height, first column of each and the width
    """
    windows, inside, *sequences = _windows(value, pooling_ratio, pseudo_random, overlapping, seed, "max")
    least = -np.inf if windows.dtype.is_floating else np.iinfo(windows.dtype.numpy).min
    ordered = L.where(inside, windows, np.asarray(least, windows.dtype.numpy))
    best = L.argmax(ordered, -1, dtypes.int32)          # the gradient goes to the first of equal ones
    found = L.squeeze(L.gather(ordered, L.expand_dims(best, -1), None, -1, 4), [-1], name=name)
    return found, sequences[0], sequences[1]


def fractional_avg_pool(
    value: Any, pooling_ratio: Any, pseudo_random: bool = False, overlapping: bool = False, seed: int = 0,
    name: str | None = None,
) -> tuple[Any, Any, Any]:
    """The mean of windows by which height and width become smaller by a fraction; see `fractional_max_pool`."""
    windows, inside, *sequences = _windows(value, pooling_ratio, pseudo_random, overlapping, seed, "avg")
    shares = L.cast(inside, windows.dtype)
    found = L.divide(L.reduce_sum(windows * shares, -1), L.reduce_sum(shares, -1), name=name)
    return L.cast(found, windows.dtype), sequences[0], sequences[1]


def _windows(value: Any, ratio: Any, pseudo_random: bool, overlapping: bool, seed: int, kind: str) -> tuple[Any, ...]:
    """The elements of all windows along a new last axis, which of them count, and where windows begin."""
    function = f"nn.fractional_{kind}_pool"
    x = convert_to_tensor(value)
    ratios = [float(r) for r in np.atleast_1d(ratio)]
    ratios = ratios * 2 if len(ratios) == 1 else ratios
    if len(ratios) == 4 and ratios[0] == ratios[3] == 1:
        ratios = ratios[1:3]
    if len(ratios) != 2 or min(ratios) < 1:
        raise AttributeValueError(f"pooling_ratio={ratio}; it takes numbers from 1 on, for height and width",
                                  op=function)
    sizes = tuple(x.shape)[1:3]
    if x.shape.rank != 4 or not all(isinstance(n, int) for n in sizes):
        raise ShapeError(f"value has shape {x.shape}; it has four axes, and height and width are known", op=function)
    draw = _Draw(seed)
    sequences, inside = [], None
    for axis, (size, fraction) in enumerate(zip(sizes, ratios, strict=True)):
        count = int(size / fraction)
        if not count:
            raise ShapeError(f"pooling_ratio={ratio}: {fraction} exceeds the {size} places of an axis", op=function)
        steps = draw.steps(size, count, pseudo_random)
        ends = L.cumsum(L.cast(steps, dtypes.int64))
        begins = ends - L.cast(steps, dtypes.int64)
        most = -(-size // count) + (pseudo_random and size % count != 0) + overlapping
        places = L.expand_dims(begins, 1) + np.arange(most)
        last = L.minimum(ends + int(overlapping), size)
        holds = L.reshape(places < L.expand_dims(last, 1), [count, 1, most, 1] if axis == 0 else [count, 1, most])
        inside = holds if inside is None else L.logical_and(inside, holds)
        x = L.gather(x, L.minimum(places, size - 1), None, 1 + 2 * axis)
        sequences.append(L.concat([np.zeros(1, np.int64), ends], 0))
    rows, of_row, columns, of_column = tuple(x.shape)[1:5]
    x = L.reshape(L.transpose(x, [0, 1, 3, 5, 2, 4]), (-1, rows, columns, x.shape[5], of_row * of_column))
    inside = L.reshape(inside, (rows, columns, 1, of_row * of_column))
    return x, inside, *sequences


class _Draw:
    """Sizes of windows along the axes, one after the other; TensorFlow's own where there is a seed."""

    def __init__(self, seed: int) -> None:
        self.state: Array | None = random.state_of(seed) if seed else None

    def steps(self, size: int, count: int, pseudo_random: bool) -> Any:
        """`count` sizes whose sum is `size`."""
        least, larger = divmod(size, count)
        if not larger:
            return np.full(count, least)
        if pseudo_random:
            return self._of_one_number(size, count)
        sizes = [least + 1] * larger + [least] * (count - larger)
        if self.state is None:
            return random.shuffle(np.array(sizes))
        words = self._words(count)
        for k in range(count - 1):
            other = k + int(words[k]) % (count - k)
            sizes[k], sizes[other] = sizes[other], sizes[k]
        return np.array(sizes)

    def _of_one_number(self, size: int, count: int) -> Any:
        ratio, least = size / count, size // count
        most = min((least + 2) / ratio - 1, (size + 1 - least) / ratio - (count - 1))
        share: Any
        if self.state is None:
            share = random.uniform([], 0, most, dtypes.float64)
        else:
            upper, lower = (int(w) for w in self._words(2))
            share = ((upper & 0xFFFFF) << 32 | lower) * 2.0**-52 * most
        inner = L.cast(L.ceil((np.arange(1, count) + share) * ratio), dtypes.int64)
        ends = L.concat([np.ones(1, np.int64), inner, np.full(1, size + 1)], 0)
        return ends[1:] - ends[:-1]

    def _words(self, count: int) -> Sequence[int]:
        assert self.state is not None
        words = words_of(self.state, count)
        self.state = self.state + np.array([-(-count // 4), 0, 0])
        return words.tolist()  # type: ignore[no-any-return]
