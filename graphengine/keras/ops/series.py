"""Numbers in a row: at equal or growing distances, windows of signals; differences, areas, and pieces of such rows."""
from __future__ import annotations

from typing import Any

import numpy as np

from ...dtypes import bool as boolean
from ...errors import AttributeValueError, ShapeError
from ...frontend import pieces, signal
from ...frontend.build import constant
from ...ops.language import L
from ..config import floatx
from .arrangement import moveaxis
from .promotion import common_dtype, floating, tensor, together, wide


def arange(start: Any, stop: Any = None, step: Any = None, dtype: Any = None) -> Any:
    """Numbers from `start` to before `stop` in steps; from 0 to before `start` without a stop."""
    first, last = (0, start) if stop is None else (start, stop)
    ends = [v for v in (first, last, step) if v is not None]
    wanted = dtype or common_dtype([tensor(v) for v in ends])
    return pieces.range(first, last, 1 if step is None else step, "int32" if wanted is boolean else wanted)


def linspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, retstep: bool = False, dtype: Any = None,
             axis: int = 0) -> Any:
    """`num` numbers at equal distances, `stop` the last unless it is left out."""
    a, b = map(floating, together(start, stop))
    a, b = a + L.zeros_like(b), b + L.zeros_like(a)
    step = (b - a) / float(max(num - 1 if endpoint else num, 1))
    made = L.linspace(a, b if endpoint else b - step, num or 1, axis)
    if not num:
        made = moveaxis(moveaxis(made, axis, 0)[:0], 0, axis)
    made = made if dtype is None else L.cast(made, dtype)
    return (made, step) if retstep else made


def logspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, base: Any = 10, dtype: Any = None,
             axis: int = 0) -> Any:
    """Powers of `base` whose exponents are at equal distances."""
    exponents = linspace(start, stop, num, endpoint, False, dtype, axis)
    return L.pow(tensor(base, exponents.dtype), exponents)


def geomspace(start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0) -> Any:
    """`num` numbers of which each is the one before it times the same factor; both ends have the same sign."""
    a, b = (tensor(v, dtype or floatx()) for v in (start, stop))
    low, high = (L.log(L.abs(v)) / float(np.log(10.0)) for v in (a, b))
    return logspace(low, high, num, endpoint, 10, dtype, axis) * L.sign(a)


# -------------------------------------------------------------------- windows of signals

def bartlett(x: int) -> Any:
    """Bartlett's window of so many numbers, a triangle."""
    return constant(np.bartlett(int(x)), floatx())


def blackman(x: int) -> Any:
    """Blackman's window of so many numbers: 0.42 - 0.5 cos(2 pi n / N) + 0.08 cos(4 pi n / N)."""
    return constant(np.blackman(int(x)), floatx())


def hamming(x: int) -> Any:
    """Hamming's window of so many numbers: 0.54 - 0.46 cos(2 pi n / N)."""
    return signal.hamming_window(int(x), periodic=False)


def hanning(x: int) -> Any:
    """Hann's window of so many numbers: 0.5 - 0.5 cos(2 pi n / N)."""
    return signal.hann_window(int(x), periodic=False)


def kaiser(x: int, beta: float) -> Any:
    """Kaiser's window of so many numbers."""
    return signal.kaiser_window(int(x), float(beta))


# -------------------------------------------------------------------- along an axis

def diff(a: Any, n: int = 1, axis: int = -1) -> Any:
    """Differences of neighbors along an axis, `n` times over; of truth values whether they differ.

    Raises
    ------
    AttributeValueError for a number of times below 0; ShapeError for a scalar.
    """
    found = tensor(a)
    if n < 0:
        raise AttributeValueError(f"n={n}; it counts how many times differences are taken", op="diff")
    if n and not found.rank:
        raise ShapeError("a scalar has no neighbors", op="diff")
    before = (slice(None),) * (axis % found.rank if n else 0)
    for _ in range(n):
        later, sooner = found[(*before, slice(1, None))], found[(*before, slice(None, -1))]
        found = L.not_equal(later, sooner) if found.dtype is boolean else later - sooner
    return found


def trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The area below points along an axis, which are `dx` apart, or at the places `x`."""
    heights = moveaxis(floating(y), axis, -1)
    width: Any = dx
    if x is not None:
        width = diff(tensor(x, heights.dtype), axis=axis)
        width = moveaxis(width, axis, -1) if width.rank > 1 else width
    return L.reduce_sum(0.5 * (heights[..., 1:] + heights[..., :-1]) * width, -1)


def vander(x: Any, N: int | None = None, increasing: bool = False) -> Any:
    """Powers of numbers along a new axis, from N - 1 down to 0, or the other way around; as many as numbers if None."""
    found = tensor(x)
    count = int(found.shape[0]) if N is None else N
    powers = np.arange(count) if increasing else np.arange(count)[::-1]
    base = floating(found)
    return L.cast(L.pow(L.expand_dims(base, -1), constant(powers.copy(), base.dtype)), found.dtype)


def correlate(x1: Any, x2: Any, mode: str = "valid") -> Any:
    """Sums of products of one row with another one that moves along it.

    mode : "valid" where they meet fully, "same" as many as the longer one has, "full" where they meet at all

    Raises
    ------
    AttributeValueError for another mode.
    """
    a, b = map(wide, together(x1, x2))
    n, m = int(a.shape[0]), int(b.shape[0])
    least = min(n, m)
    kept = {"full": (0, n + m - 1), "same": ((least - 1) // 2, max(n, m)), "valid": (least - 1, max(n, m) - least + 1)}
    if mode not in kept:
        raise AttributeValueError(f"mode={mode!r}; it takes full, same or valid", op="correlate")
    line = L.reshape(L.pad(a, [[m - 1, m - 1]]), (1, -1, 1))
    whole = L.reshape(L.convolution(line, L.reshape(b, (m, 1, 1)), (1,), "VALID"), (-1,))
    begin, size = kept[mode]
    return whole[begin:begin + size]


def extract_sequences(x: Any, sequence_length: int, sequence_stride: int) -> Any:
    """Pieces of the last axis, each `sequence_stride` behind the one before it, along a new axis."""
    return signal.frame(tensor(x), sequence_length, sequence_stride)
