"""Functions that fold axes and leave NaN out, with numpy's names."""
from __future__ import annotations

from typing import Any

import numpy as np

from ...ops.language import L
from . import pointwise
from .promotion import counting, floating, tensor


def _instead(x: Any, number: float) -> Any:
    """A tensor with a number in the place of NaN."""
    found = tensor(x)
    return L.where(L.is_nan(found), tensor(number, found.dtype), found) if found.dtype.is_floating else found


def nansum(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Sums along axes; NaN counts as 0."""
    return L.reduce_sum(counting(_instead(x, 0.0)), axis, keepdims)


def nanprod(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Products along axes; NaN counts as 1."""
    return pointwise.prod(_instead(x, 1.0), axis, keepdims)


def nancumsum(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Sums of all elements up to each one; NaN counts as 0."""
    return pointwise.cumsum(_instead(x, 0.0), axis, dtype)


def nancumprod(x: Any, axis: int | None = None, dtype: Any = None) -> Any:
    """Products of all elements up to each one; NaN counts as 1."""
    return pointwise.cumprod(_instead(x, 1.0), axis, dtype)


def nanmax(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The largest elements that are not NaN, NaN if there is none."""
    return _end(pointwise.max, x, -np.inf, axis, keepdims)


def nanmin(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The smallest elements that are not NaN, NaN if there is none."""
    return _end(pointwise.min, x, np.inf, axis, keepdims)


def _end(function: Any, x: Any, other: float, axis: Any, keepdims: bool) -> Any:
    found = tensor(x)
    ends = function(_instead(found, other), axis, keepdims)
    if not found.dtype.is_floating:
        return ends
    return L.where(L.reduce_all(L.is_nan(found), axis, keepdims), tensor(np.nan, found.dtype), ends)


def nanargmax(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the largest element that is not NaN, -1 if there is none."""
    return _place(pointwise.argmax, x, -np.inf, axis, keepdims)


def nanargmin(x: Any, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the smallest element that is not NaN, -1 if there is none."""
    return _place(pointwise.argmin, x, np.inf, axis, keepdims)


def _place(function: Any, x: Any, other: float, axis: int | None, keepdims: bool) -> Any:
    found = tensor(x)
    places = function(_instead(found, other), axis, keepdims)
    if not found.dtype.is_floating:
        return places
    return L.where(L.reduce_all(L.is_nan(found), axis, keepdims), tensor(-1, places.dtype), places)


def nanmean(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Means of the elements that are not NaN."""
    found = floating(x)
    return nansum(found, axis, keepdims) / _count(found, axis, keepdims)


def nanvar(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Variances of the elements that are not NaN."""
    found = floating(x)
    apart = L.where(L.is_nan(found), L.zeros_like(found), found - nanmean(found, axis, True))
    return L.reduce_sum(L.square(apart), axis, keepdims) / _count(found, axis, keepdims)


def nanstd(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """Standard deviations of the elements that are not NaN."""
    return L.sqrt(nanvar(x, axis, keepdims))


def _count(x: Any, axis: Any, keepdims: bool) -> Any:
    return L.reduce_sum(L.cast(L.logical_not(L.is_nan(x)), x.dtype), axis, keepdims)
