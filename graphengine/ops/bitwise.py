"""Operations on the bits of whole numbers."""
from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..dtypes import int64
from .kinds import Array, Elementwise, Integer, NoGradient, Port, port
from .registry import op
from .samples import Sample, integers, sample, values

_SIDES = (port("x", Integer, "left side"), port("y", Integer, "right side"))


class _Bitwise(Elementwise):
    category = "Bitwise"
    inputs: ClassVar[tuple[Port, ...]] = _SIDES
    gradient = NoGradient("it acts on whole numbers")
    samples: ClassVar[tuple[Sample, ...]] = (
        sample(integers(-9, 9, 3, 4), integers(-9, 9, 4)), sample(integers(0, 9, 0), integers(0, 9)),
        sample(values(0, -1, 2**31 - 1, -2**31), values(-1, 5, 6, 7)),
    )


@op
class BitwiseAnd(_Bitwise):
    """Bits that are set in both."""

    names = ("bitwise.bitwise_and",)
    operator = "&"
    onnx = "BitwiseAnd"
    expression = "{x} & {y}"
    commutative = True

    def reference(self, x: Array, y: Array) -> Array:
        return np.bitwise_and(x, y)


@op
class BitwiseOr(_Bitwise):
    """Bits that are set in at least one."""

    names = ("bitwise.bitwise_or",)
    operator = "|"
    onnx = "BitwiseOr"
    expression = "{x} | {y}"
    commutative = True

    def reference(self, x: Array, y: Array) -> Array:
        return np.bitwise_or(x, y)


@op
class BitwiseXor(_Bitwise):
    """Bits that are set in exactly one."""

    names = ("bitwise.bitwise_xor",)
    operator = "^"
    onnx = "BitwiseXor"
    expression = "{x} ^ {y}"
    commutative = True

    def reference(self, x: Array, y: Array) -> Array:
        return np.bitwise_xor(x, y)


@op
class Invert(_Bitwise):
    """Every bit turned, -x - 1."""

    names = ("bitwise.invert",)
    operator = "~"
    inputs = (port("x", Integer, "numbers"),)
    onnx = "BitwiseNot"
    expression = "{x} ^ {T}(-1)"

    def reference(self, x: Array) -> Array:
        return np.invert(x)

    samples = (sample(integers(-9, 9, 3, 4)), sample(integers(0, 9, 0)), sample(values(0, -1, 2**31 - 1, -2**31)))


class _Shift(_Bitwise):
    """The count is held between 0 and the number of bits less one, as TensorFlow does on a CPU."""

    in_own_type = True
    inputs = (port("x", Integer, "numbers"), port("y", Integer, "how far, in bits"))
    samples = (sample(integers(-99, 99, 3, 4), integers(0, 20, 4)), sample(integers(0, 9, 0), integers(0, 9)),
               sample(values(-1, -1, 5, -7), values(-1, 31, 0, 99)))

    def held(self, y: Array) -> Any:
        return np.clip(y, 0, y.dtype.itemsize * 8 - 1)

    def power(self, o: Any, like: Any, count: Any) -> Any:
        """2 to the count, in numbers that wrap around."""
        powers = np.left_shift(1, np.arange(like.dtype.numpy.itemsize * 8)).astype(like.dtype.numpy)
        return o.Gather(powers, o.cast(count, int64))

    def count(self, o: Any, y: Any) -> Any:
        return o.Min(o.Max(y, o.number(0, y)), o.number(y.dtype.numpy.itemsize * 8 - 1, y))


@op
class LeftShift(_Shift):
    """Bits moved toward the higher places; those that leave are lost."""

    names = ("bitwise.left_shift",)
    expression = "{x} << shift_count_{T}({y})"

    def to_onnx(self, o: Any, x: Any, y: Any) -> Any:
        return o.Mul(x, self.power(o, x, self.count(o, y)))

    def reference(self, x: Array, y: Array) -> Array:
        return np.asarray(np.left_shift(x, self.held(y)))


@op
class RightShift(_Shift):
    """Bits moved toward the lower places; the sign moves in."""

    names = ("bitwise.right_shift",)
    expression = "{x} >> shift_count_{T}({y})"

    def to_onnx(self, o: Any, x: Any, y: Any) -> Any:
        """Two divisions, so that no divisor is too large; of a negative number all bits are turned around them."""
        count = self.count(o, y)
        half = o.Div(count, o.number(2, y))
        is_negative = o.Less(x, o.number(0, x))
        found = o.Where(is_negative, o.BitwiseNot(x), x)
        found = o.Div(o.Div(found, self.power(o, x, half)), self.power(o, x, o.Sub(count, half)))
        return o.Where(is_negative, o.BitwiseNot(found), found)

    def reference(self, x: Array, y: Array) -> Array:
        return np.asarray(np.right_shift(x, self.held(y)))
