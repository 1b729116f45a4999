"""Repeated, reversed, shifted and split tensors."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import AttributeValueError, ShapeError
from ..ir.dims import Shape, merge, product
from .indexing import as_read, at_most
from .kinds import (
    REQUIRED,
    AnyType,
    Array,
    Composite,
    attr,
    port,
)
from .language import L
from .parts import Composed
from .registry import op
from .rules import Axes, as_axes, as_int, as_int_or_none, normal_axes, normal_axis
from .samples import normal, sample


def as_numbers(value: Any) -> tuple[int, ...]:
    """A whole number or a list of them as a tuple."""
    return as_axes(value) or ()


def as_one_or_more(value: Any) -> int | tuple[int, ...]:
    """One whole number as it is, a list of them as a tuple."""
    numbers = as_axes(value) or ()
    if min(numbers, default=0) < 0:
        raise AttributeValueError(f"{value!r} is negative")
    return numbers if np.ndim(value) else as_int(value)


def along(x: Shape, axis: int, size: Any) -> Shape:
    """The shape with another size of one axis."""
    return Shape(size if k == axis else s for k, s in enumerate(x))


def times(a: Any, b: Any) -> Any:
    return None if a is None or b is None else a * b


# -------------------------------------------------------------------- copies

@op
class Tile(Composed):
    """Copies of a tensor side by side.

    Raises
    ------
    ShapeError if `multiples` has not one number for each axis.

    Shapes
    ------
    input : (s1, s2, ...)
    result : (multiples[0] * s1, multiples[1] * s2, ...)
    """

    category = "Shape"
    names = ("tile",)
    onnx = "Tile"
    inputs = (port("input", AnyType, "what is repeated"),)
    multiples: tuple[int, ...] = attr(REQUIRED, "how often along each axis", convert=as_numbers, sizes="several")

    def result_shape(self, x: Shape) -> Shape:
        if len(x) != len(self.multiples) or any(isinstance(m, int) and m < 0 for m in self.multiples):
            given = list(self.multiples)
            raise ShapeError(f"multiples={given} of shape {x}; it takes a number for each axis, from 0 on")
        return Shape(times(s, m) for s, m in zip(x, self.multiples, strict=True))

    def decompose(self, x: Any) -> Any:
        apart = [part for s in x.shape for part in (1, s)]
        wide = [part for s, m in zip(x.shape, self.multiples, strict=True) for part in (m, s)]
        copies = L.broadcast_to(L.reshape(x, tuple(apart)), tuple(wide))
        return L.reshape(copies, tuple(self.result_shape(x.shape)))

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.Tile(x, o.sizes(self.multiples)) if self.multiples else o.Identity(x)

    def reference(self, x: Array) -> Array:
        return np.tile(x, self.multiples)

    samples = (sample(normal(3), multiples=[2]), sample(normal(2, 3), multiples=[2, 2]), sample(normal(), multiples=[]),
               sample(normal(2, 1, 3), multiples=[1, 4, 2]), sample(normal(2, 3), multiples=[0, 1]),
               sample(normal(0, 2), multiples=[2, 2]))


@op
class Repeat(Composed):
    """Each element several times in a row.

    Shapes
    ------
    input : any; taken as a vector if `axis` is None
    result : with the size of `axis` times `repeats`, or with the sum of `repeats` there if it is a list

    Raises
    ------
    ShapeError if `repeats` is a list of another length than the axis.
    """

    category = "Shape"
    names = ("repeat",)
    inputs = (port("input", AnyType, "what is repeated"),)
    repeats: int | tuple[int, ...] = attr(REQUIRED, "how often, or how often each", convert=as_one_or_more)
    axis: int | None = attr(None, "axis of the repetition, all as one if None", convert=as_int_or_none)

    @staticmethod
    def at_run_time(x: Any, repeats: Any, axis: Any = None, name: str | None = None) -> Any:
        """The same for numbers that are known when the program runs: elements are gathered."""
        flat, k = (L.reshape(x, (-1,)), 0) if axis is None else (L.identity(x), as_int(axis))
        size, counts = L.cast(L.shape_of(flat)[k], "int64"), L.reshape(L.cast(repeats, "int64"), (-1,))
        if not isinstance(counts.shape[0], int):        # one may be for all
            count = L.size_of(counts, "int64")
            lacks = L.logical_and(L.not_equal(count, size), L.not_equal(count, 1))
            counts = L.checked(counts, lacks, "repeats needs a number for each element of the axis", "repeat")
            places = L.range(L.cast(0, "int64"), size, L.cast(1, "int64"))
            counts = L.gather(counts, L.minimum(places, count - 1))
        elif counts.shape[0] == 1:
            counts = L.broadcast_to(counts, [size])
        else:
            lacks = L.not_equal(L.size_of(counts, "int64"), size)
            counts = L.checked(counts, lacks, "repeats needs a number for each element of the axis", "repeat")
        counts = L.checked(counts, counts < 0, "a number of repeats is negative", "repeat")
        ends, zero, one = L.cumsum(counts), L.cast(0, "int64"), L.cast(1, "int64")
        places = L.searchsorted(ends, L.range(zero, L.reduce_sum(counts), one), "right")
        return L.gather(flat, places, None, k, name=name)

    def result_shape(self, x: Shape) -> Shape:
        if self.axis is None:
            whole = None if None in x else product(x)  # type: ignore[arg-type]
            return Shape((self._length(whole),))
        axis = normal_axis(self.axis, len(x))
        return along(x, axis, self._length(x[axis]))

    def _length(self, size: Any) -> Any:
        if not isinstance(self.repeats, tuple):
            return times(size, self.repeats)
        if len(self.repeats) == 1:
            return times(size, self.repeats[0])
        merge(size, len(self.repeats), "repeats needs a number for each element of the axis; their numbers differ")
        return sum(self.repeats)

    def decompose(self, x: Any) -> Any:
        flat = L.reshape(x, (product(x.shape),)) if self.axis is None else x
        axis = 0 if self.axis is None else normal_axis(self.axis, x.rank)
        target = tuple(self.result_shape(x.shape))
        if isinstance(self.repeats, tuple) and len(self.repeats) != 1:
            places = np.repeat(np.arange(len(self.repeats), dtype=np.int32), self.repeats)
            return L.gather(flat, places, None, axis)
        count = self.repeats[0] if isinstance(self.repeats, tuple) else self.repeats
        sizes = tuple(flat.shape)
        apart = L.reshape(flat, (*sizes[:axis + 1], 1, *sizes[axis + 1:]))
        return L.reshape(L.broadcast_to(apart, (*sizes[:axis + 1], count, *sizes[axis + 1:])), target)

    def reference(self, x: Array) -> Array:
        return np.repeat(x, self.repeats, self.axis)

    samples = (sample(normal(3), repeats=2), sample(normal(2, 3), repeats=3, axis=0), sample(normal(2, 3), repeats=2),
               sample(normal(2, 3), repeats=[2, 0, 1], axis=-1), sample(normal(2, 3), repeats=[2], axis=1),
               sample(normal(0, 3), repeats=2, axis=1), sample(normal(), repeats=2))


@op
class Reverse(Composite):
    """Axes walked from their ends."""

    category = "Shape"
    node_name = "ReverseV2"
    names = ("reverse",)
    inputs = (port("tensor", AnyType, "the elements"),)
    axis: Axes = attr(REQUIRED, "axes to reverse", convert=as_axes)

    def result_shape(self, x: Shape) -> Shape:
        normal_axes(self.axis or (), len(x))
        return x

    def decompose(self, x: Any) -> Any:
        gone = normal_axes(self.axis or (), x.rank)
        begin = tuple(s - 1 if k in gone else 0 for k, s in enumerate(x.shape))
        return L.strided_slice(x, begin, tuple(x.shape), tuple(-1 if k in gone else 1 for k in range(x.rank)))

    def reference(self, x: Array) -> Array:
        return np.flip(x, self.axis or ())

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.reverse(g, self.axis)

    samples = (sample(normal(3, 4), axis=[0]), sample(normal(3, 4), axis=[-1, 0]), sample(normal(3), axis=[]),
               sample(normal(0, 2), axis=[0]))


@op
class Roll(Composed):
    """Elements shifted along axes; those that leave at one end come back at the other.

    Raises
    ------
    ShapeError if `shift` and `axis` have not as many numbers.
    """

    category = "Shape"
    names = ("roll",)
    inputs = (port("input", AnyType, "the elements"),)
    shift: tuple[int, ...] = attr(REQUIRED, "places to the end, one number for each axis", convert=as_numbers)
    axis: tuple[int, ...] = attr(REQUIRED, "axes; one may stand several times", convert=as_numbers)

    @staticmethod
    def at_run_time(x: Any, shift: Any, axis: Any, name: str | None = None) -> Any:
        """The same for shifts that are known when the program runs: elements are gathered."""
        shifts, axes = (list(g) if isinstance(g, (list, tuple)) else [g] for g in (shift, axis))
        if len(shifts) != len(axes):
            raise ShapeError(f"shift has {len(shifts)} numbers, axis {len(axes)}", op="roll")
        for by, k in zip(shifts, axes, strict=True):
            count = L.cast(L.shape_of(x)[as_int(k)], "int64")
            places = L.range(L.cast(0, "int64"), count, L.cast(1, "int64")) - L.cast(as_read(by), "int64")
            x = L.gather(x, L.floormod(places, L.maximum(count, 1)), None, as_int(k))
        return L.identity(x, name=name)

    def result_shape(self, x: Shape) -> Shape:
        if len(self.shift) != len(self.axis):
            raise ShapeError(f"shift has {len(self.shift)} numbers, axis {len(self.axis)}")
        for axis in self.axis:
            normal_axis(axis, len(x))
        return x

    def decompose(self, x: Any) -> Any:
        for shift, axis in zip(self.shift, self.axis, strict=True):
            x = self._rolled(x, shift, normal_axis(axis, x.rank))
        return x

    def _rolled(self, x: Any, shift: int, axis: int) -> Any:
        size = x.shape[axis]
        if size == 0:
            return x
        count = size + 1 - at_most(size, 1)     # the size, or 1 for an axis without elements
        ahead = at_most(shift - shift // count * count, size)
        return L.concat([part_of(x, axis, size - ahead, ahead), part_of(x, axis, 0, size - ahead)], axis)

    def reference(self, x: Array) -> Array:
        return np.roll(x, self.shift, self.axis)

    samples = (sample(normal(5), shift=2, axis=0), sample(normal(3, 4), shift=[-1, 6], axis=[0, 1]),
               sample(normal(3, 4), shift=[1, 2], axis=[-1, -1]), sample(normal(0, 2), shift=3, axis=0),
               sample(normal(3), shift=0, axis=0))


def part_of(x: Any, axis: int, begin: Any, size: Any, step: int = 1) -> Any:
    """`size` elements along one axis, from `begin` on."""
    starts = tuple(begin if k == axis else 0 for k in range(x.rank))
    steps = tuple(step if k == axis else 1 for k in range(x.rank))
    return L.strided_slice(x, starts, tuple(along(x.shape, axis, size)), steps)


@op
class ExpectSize(Composite):
    """The tensor itself, one axis of which has a certain size, as is checked once that is known.

    Raises
    ------
    ShapeError for another size.
    """

    category = "Shape"
    internal = True                         # users call ensure_shape()
    inputs = (port("value", AnyType, "any value"),)
    axis: int = attr(REQUIRED, "axis that is looked at", convert=as_int)
    size: int = attr(REQUIRED, "the size it has", low=0, convert=as_int)

    def result_shape(self, x: Shape) -> Shape:
        axis = normal_axis(self.axis, len(x))
        return along(x, axis, merge(x[axis], self.size, f"axis {axis} has another size than is asked for"))

    def decompose(self, x: Any) -> Any:
        return x

    def reference(self, x: Array) -> Array:
        self.result_shape(Shape(x.shape))
        return np.asarray(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g

    samples = (sample(normal(3, 4), axis=1, size=4), sample(normal(0, 2), axis=-2, size=0))


@op
class SplitPart(Composed):
    """One of several equal parts of a tensor."""

    category = "Shape"
    internal = True                         # users call split()
    node_name = "split"
    inputs = (port("value", AnyType, "the whole"),)
    axis: int = attr(REQUIRED, "axis that is cut", convert=as_int)
    count: int = attr(REQUIRED, "number of parts", low=1, convert=as_int)
    index: int = attr(0, "which part", low=0, convert=as_int)

    def result_shape(self, x: Shape) -> Shape:
        axis = normal_axis(self.axis, len(x))
        size = x[axis]
        if size is None:
            return x
        part = size // self.count
        merge(part * self.count, size, f"axis {axis} of size {size} cannot be cut into {self.count} equal parts")
        return along(x, axis, part)

    def decompose(self, x: Any) -> Any:
        axis = normal_axis(self.axis, x.rank)
        size = self.result_shape(x.shape)[axis]
        return part_of(x, axis, size * self.index, size)  # type: ignore[operator]

    def reference(self, x: Array) -> Array:
        return np.split(x, self.count, self.axis)[self.index]

    samples = (sample(normal(6, 2), axis=0, count=3, index=1), sample(normal(2, 4), axis=-1, count=2),
               sample(normal(0, 2), axis=0, count=2, index=1))
