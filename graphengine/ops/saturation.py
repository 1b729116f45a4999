"""Conversions that stay within a type's range, and those between the scales of images."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype
from ..ir.dims import Shape
from .conversion import Cast
from .kinds import REQUIRED, Array, Numeric, attr, port
from .language import L
from .parts import Composed
from .quiet import quiet
from .registry import op
from .samples import distinct, normal, sample, uniform, values


def range_within(own: DType, target: DType) -> tuple[Any, Any]:
    """The smallest and the largest number of `own` that `target` has room for."""
    low, high = max(_number(own.min), _number(target.min)), min(_number(own.max), _number(target.max))
    return _toward_zero(own, low), _toward_zero(own, high)


def _number(limit: Any) -> Any:
    return limit if isinstance(limit, int) else limit.item()


def _toward_zero(own: DType, limit: Any) -> Any:
    """The number of `own` next to a limit, no further from 0."""
    found = np.asarray(limit).astype(own.numpy)
    return np.nextafter(found, np.zeros_like(found)) if abs(found.item()) > abs(limit) else found


@op
class SaturateCast(Composed):
    """The nearest number of another dtype: what lies outside its range becomes its limit.

    Notes
    -----
    Infinities become the largest finite numbers. The limits are numbers of the operand's dtype: no float32 beyond
    2147483520 fits into int32. NaN becomes an arbitrary whole number.
    """

    category = "Conversion"
    names = ("saturate_cast", "dtypes.saturate_cast")
    inputs = (port("value", Numeric, "numbers"),)
    dtype: DType = attr(REQUIRED, "type of the result", choices=Numeric, convert=as_dtype)
    in_own_type = True                      # its range matters

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype

    def result_shape(self, value: Shape) -> Shape:
        return value

    def decompose(self, value: Any) -> Any:
        return L.cast(L.clip_by_value(value, *range_within(value.dtype, self.dtype)), self.dtype)

    @quiet
    def reference(self, value: Array) -> Array:
        low, high = range_within(as_dtype(value.dtype), self.dtype)
        return Cast(self.dtype).reference(np.minimum(np.maximum(value, low), high))

    samples = (sample(normal(3, 4), dtype="uint8", smooth=False), sample(normal(3, 4), dtype="float64"),
               sample(values(1e9, -1e9, 300.0, -300.0, 127.5, 0.0), dtype="int8", smooth=False),
               sample(values(np.inf, -np.inf, 1e5, -7.0), dtype="float16", smooth=False),
               sample(values(np.inf, -np.inf, 3e9, -3e9), dtype="int32", smooth=False),
               sample(normal(0, 2), dtype="uint16", smooth=False))


@op
class ConvertImageDtype(Composed):
    """Images in another dtype, on its scale: whole numbers go from 0 to the largest of their type, fractions to 1.

        whole to fraction    image / max
        fraction to whole    image * (max + 0.5), cut off
        whole to whole       by the quotient of the numbers of values
        fraction to fraction a cast

    Notes
    -----
    Without `saturate` what lies outside the range of a whole type wraps around or becomes an arbitrary number.
    """

    category = "Image"
    names = ("image.convert_image_dtype",)
    inputs = (port("image", Numeric, "images"),)
    dtype: DType = attr(REQUIRED, "type of the result", choices=Numeric, convert=as_dtype)
    saturate: bool = attr(False, "keep what is too large or too small within the range")
    in_own_type = True                      # its range matters

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype

    def result_shape(self, image: Shape) -> Shape:
        return image

    def decompose(self, image: Any) -> Any:
        own, target = image.dtype, self.dtype
        convert = L.saturate_cast if self.saturate else L.cast
        if own is target or (own.is_floating and target.is_floating):
            return L.cast(image, target)
        if own.is_floating:
            return convert(L.cast(image, own.wide) * (_number(target.max) + 0.5), target)
        if target.is_floating:
            return L.cast(L.cast(image, target.wide) * (1.0 / _number(own.max)), target)
        if own.max > target.max:
            return convert(L.right_shift(image, _shift(own, target)), target)
        return L.left_shift(convert(image, target), _shift(target, own))

    @quiet
    def reference(self, image: Array) -> Array:
        own, target = as_dtype(image.dtype), self.dtype
        convert = (SaturateCast if self.saturate else Cast)(target).reference
        if own is target or (own.is_floating and target.is_floating):
            return Cast(target).reference(image)
        if own.is_floating:
            return convert(image.astype(own.wide.numpy) * own.wide.numpy.type(_number(target.max) + 0.5))
        if target.is_floating:
            wide = target.wide.numpy
            return Cast(target).reference(image.astype(wide) * wide.type(1 / _number(own.max)))
        if own.max > target.max:
            return convert(image // ((_number(own.max) + 1) // (_number(target.max) + 1)))
        return np.asarray(convert(image) * target.numpy.type((_number(target.max) + 1) // (_number(own.max) + 1)))

    samples = (sample(uniform(0.0, 1.0, 2, 3, 3), dtype="uint8", smooth=False),
               sample(uniform(0.0, 1.0, 2, 3, 3), dtype="int16", saturate=True, smooth=False),
               sample(distinct(3, 4), dtype="uint8", saturate=True, smooth=False),
               sample(normal(3, 4), dtype="float32", smooth=False), sample(normal(3, 4), dtype="float16", smooth=False),
               sample(normal(0, 2), dtype="float64", smooth=False))


def _shift(larger: DType, smaller: DType) -> int:
    """The quotient of the numbers of values as a power of two; signs do not count."""
    return int(larger.max).bit_length() - int(smaller.max).bit_length()
