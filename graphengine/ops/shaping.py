"""Repeated, reversed and shifted tensors, borders, blocks of pixels, and sizes as tensors."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype, int32
from ..dtypes import bool as bool_
from ..errors import AttributeValueError, ShapeError
from ..ir.dims import Shape, merge, product
from .indexing import at_most
from .kinds import (
    REQUIRED,
    AnyType,
    Array,
    Composite,
    Floating,
    Integer,
    Movement,
    NoGradient,
    Placement,
    attr,
    port,
)
from .language import L
from .parts import Composed
from .registry import abstract, op
from .rules import Axes, as_axes, as_int, as_int_or_none, normal_axes, normal_axis
from .samples import integers, normal, sample


def as_numbers(value: Any) -> tuple[int, ...]:
    """A whole number or a list of them as a tuple."""
    return as_axes(value) or ()


def as_one_or_more(value: Any) -> int | tuple[int, ...]:
    """One whole number as it is, a list of them as a tuple."""
    return as_int(value) if np.ndim(value) == 0 else as_numbers(value)


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
    multiples: tuple[int, ...] = attr(REQUIRED, "how often along each axis", convert=as_numbers)

    def result_shape(self, x: Shape) -> Shape:
        if len(x) != len(self.multiples) or any(m < 0 for m in self.multiples):
            given = list(self.multiples)
            raise ShapeError(f"multiples={given} of shape {x}; it takes a number for each axis, from 0 on")
        return Shape(times(s, m) for s, m in zip(x, self.multiples, strict=True))

    def decompose(self, x: Any) -> Any:
        apart = [part for s in x.shape for part in (1, s)]
        wide = [part for s, m in zip(x.shape, self.multiples, strict=True) for part in (m, s)]
        copies = L.broadcast_to(L.reshape(x, tuple(apart)), tuple(wide))
        return L.reshape(copies, tuple(self.result_shape(x.shape)))

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

    def result_shape(self, x: Shape) -> Shape:
        if self.axis is None:
            whole = None if None in x else product(x)  # type: ignore[arg-type]
            return Shape((self._length(whole),))
        axis = normal_axis(self.axis, len(x))
        return along(x, axis, self._length(x[axis]))

    def _length(self, size: Any) -> Any:
        if isinstance(self.repeats, int):
            return times(size, self.repeats)
        if len(self.repeats) == 1:
            return times(size, self.repeats[0])
        merge(size, len(self.repeats), "repeats needs a number for each element of the axis; their numbers differ")
        return sum(self.repeats)

    def decompose(self, x: Any) -> Any:
        flat = L.reshape(x, (product(x.shape),)) if self.axis is None else x
        axis = 0 if self.axis is None else normal_axis(self.axis, x.rank)
        target = tuple(self.result_shape(x.shape))
        if not isinstance(self.repeats, int) and len(self.repeats) != 1:
            places = np.repeat(np.arange(len(self.repeats), dtype=np.int32), self.repeats)
            return L.gather(flat, places, None, axis)
        count = self.repeats if isinstance(self.repeats, int) else self.repeats[0]
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


# -------------------------------------------------------------------- borders

def as_paddings(value: Any) -> tuple[tuple[int, int], ...]:
    """A list of pairs."""
    array = np.asarray(value)
    if array.size == 0:
        return ()
    if array.ndim != 2 or array.shape[1] != 2 or array.dtype.kind not in "iu" or array.min() < 0:
        raise AttributeValueError(f"paddings={value!r}; it takes a pair of whole numbers from 0 on for each axis")
    return tuple((int(a), int(b)) for a, b in array)


@op
class PadConstant(Movement):
    """A tensor inside a border of one number."""

    category = "Shape"
    internal = True
    inputs = (port("tensor", AnyType, "the inside"),)
    paddings: tuple[Any, ...] = attr(REQUIRED, "width before and behind along each axis", convert=as_paddings)
    fill: float = attr(0.0, "what the border holds")  # type: ignore[misc]

    def result_shape(self, x: Shape) -> Shape:
        if len(x) != len(self.paddings):
            raise ShapeError(f"paddings has {len(self.paddings)} pairs for {len(x)} axes")
        return Shape(None if s is None else s + a + b for s, (a, b) in zip(x, self.paddings, strict=True))

    def placements(self, inputs: Sequence[Shape], y: Shape) -> tuple[Placement | None, ...]:
        return (Placement(tuple(a for a, _ in self.paddings), (1,) * len(y)),)

    def reference(self, x: Array) -> Array:
        return np.pad(x, self.paddings, constant_values=self.fill) if x.ndim else np.array(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g[tuple(slice(a, -b if b else None) for a, b in self.paddings)]

    samples = (sample(normal(3, 4), paddings=[[1, 0], [2, 3]]), sample(normal(3), paddings=[[1, 1]], fill=2.0),
               sample(normal(0, 2), paddings=[[1, 0], [0, 0]]))


@op
class Pad(Composed):
    """A tensor inside a border.

    CONSTANT fills it with a number, REFLECT mirrors the inside at its first and last elements, SYMMETRIC mirrors it
    at its edges, so that these elements come twice.

    Raises
    ------
    ShapeError if a mirrored border is wider than the inside allows; for sizes not yet known, when they are.

    Shapes
    ------
    tensor : (s1, s2, ...)
    result : (paddings[0][0] + s1 + paddings[0][1], ...)
    """

    category = "Shape"
    names = ("pad",)
    onnx = "Pad"
    inputs = (port("tensor", AnyType, "the inside"),)
    paddings: tuple[Any, ...] = attr(REQUIRED, "width before and behind along each axis", convert=as_paddings)
    mode: str = attr("CONSTANT", "what stands in the border", choices=("CONSTANT", "REFLECT", "SYMMETRIC"),
                     convert=lambda mode: mode.upper() if isinstance(mode, str) else mode)
    constant_values: float = attr(0.0, "the number of mode CONSTANT", convert=lambda v: v if v is None else float(v))

    def result_shape(self, x: Shape) -> Shape:
        shape = PadConstant(self.paddings).result_shape(x)
        if self.mode != "CONSTANT":
            for k, (size, widths) in enumerate(zip(x, self.paddings, strict=True)):
                least = max(widths) + (self.mode == "REFLECT" and max(widths) > 0)
                if size is not None and least:
                    merge(at_most(least, size), least, f"a border of {max(widths)} around axis {k} of size {size}")
        return shape

    def decompose(self, x: Any) -> Any:
        if self.mode == "CONSTANT":
            return L.pad_constant(x, self.paddings, self.constant_values)
        self.result_shape(x.shape)
        skip = int(self.mode == "REFLECT")
        for axis, (before, behind) in enumerate(self.paddings):
            size = x.shape[axis]
            first = [part_of(x, axis, before - 1 + skip, before, -1)] if before else []
            last = [part_of(x, axis, size - 1 - skip, behind, -1)] if behind else []
            if first or last:
                x = L.concat([*first, x, *last], axis)
        return x

    def reference(self, x: Array) -> Array:
        if not x.ndim:
            return np.array(x)
        if self.mode == "CONSTANT":
            return np.pad(x, self.paddings, constant_values=self.constant_values)
        return np.pad(x, self.paddings, mode=self.mode.lower())  # type: ignore[call-overload,no-any-return]

    samples = (sample(normal(3, 4), paddings=[[1, 0], [2, 3]]), sample(normal(3), paddings=[[1, 2]], constant_values=7),
               sample(normal(3, 4), paddings=[[2, 1], [0, 3]], mode="REFLECT"),
               sample(normal(3, 4), paddings=[[3, 1], [0, 4]], mode="SYMMETRIC"),
               sample(normal(0, 2), paddings=[[1, 0], [0, 1]]), sample(normal(), paddings=[]))


# -------------------------------------------------------------------- blocks

@abstract
class _Blocks(Composite):
    category = "Shape"
    inputs = (port("input", AnyType, "images (batch, height, width, channels), or channels after batch for NCHW"),)
    block_size: int = attr(REQUIRED, "edge of a block, pixels", low=2, convert=as_int)
    data_format: str = attr("NHWC", "order of the axes", choices=("NHWC", "NCHW"))

    def sizes(self, x: Shape) -> tuple[Any, ...]:
        """batch, height, width, channels"""
        if len(x) != 4:
            raise ShapeError(f"input has shape {x}; images have 4 axes")
        return tuple(x) if self.data_format == "NHWC" else (x[0], x[2], x[3], x[1])

    def shaped(self, batch: Any, height: Any, width: Any, channels: Any) -> Shape:
        found = (batch, height, width, channels) if self.data_format == "NHWC" else (batch, channels, height, width)
        return Shape(found)

    def divided(self, size: Any, by: int, what: str) -> Any:
        if size is None:
            return None
        part = size // by
        merge(part * by, size, f"{what} {size} is no multiple of {by}")
        return part

    def decompose(self, x: Any) -> Any:
        if self.data_format == "NCHW":
            return L.transpose(self._moved(L.transpose(x, (0, 2, 3, 1))), (0, 3, 1, 2))
        return self._moved(x)

    def reference(self, x: Array) -> Array:
        last = np.moveaxis(x, 1, -1) if self.data_format == "NCHW" else x
        b = self.block_size
        found = np.zeros(tuple(self.result_shape(Shape(x.shape))), x.dtype)
        y = np.moveaxis(found, 1, -1) if self.data_format == "NCHW" else found
        deep = isinstance(self, SpaceToDepth)
        channels = last.shape[-1] if deep else y.shape[-1]
        wide, narrow = (last, y) if deep else (y, last)
        for i in range(wide.shape[1]):
            for j in range(wide.shape[2]):
                first = (i % b * b + j % b) * channels
                if deep:
                    narrow[:, i // b, j // b, first:first + channels] = wide[:, i, j]
                else:
                    wide[:, i, j] = narrow[:, i // b, j // b, first:first + channels]
        return found

    def _moved(self, x: Any) -> Any:
        raise NotImplementedError


@op
class SpaceToDepth(_Blocks):
    """Blocks of pixels as channels of one pixel, row by row.

    Raises
    ------
    ShapeError if height or width is no multiple of `block_size`.
    """

    names = ("nn.space_to_depth",)
    onnx = "SpaceToDepth"

    def result_shape(self, x: Shape) -> Shape:
        batch, height, width, channels = self.sizes(x)
        b = self.block_size
        return self.shaped(batch, self.divided(height, b, "height"), self.divided(width, b, "width"),
                           times(channels, b * b))

    def _moved(self, x: Any) -> Any:
        b, (batch, height, width, channels) = self.block_size, x.shape
        apart = L.reshape(x, (batch, height // b, b, width // b, b, channels))
        return L.reshape(L.transpose(apart, (0, 1, 3, 2, 4, 5)), (batch, height // b, width // b, channels * (b * b)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.depth_to_space(g, self.block_size, self.data_format)

    samples = (sample(normal(2, 4, 6, 3), block_size=2), sample(normal(1, 2, 6, 3), block_size=3, data_format="NCHW"),
               sample(normal(0, 2, 2, 1), block_size=2))


@op
class DepthToSpace(_Blocks):
    """Channels of one pixel as a block of pixels, row by row.

    Raises
    ------
    ShapeError if the number of channels is no multiple of the square of `block_size`.
    """

    names = ("nn.depth_to_space",)
    onnx = "DepthToSpace"

    def result_shape(self, x: Shape) -> Shape:
        batch, height, width, channels = self.sizes(x)
        b = self.block_size
        return self.shaped(batch, times(height, b), times(width, b), self.divided(channels, b * b, "channels"))

    def _moved(self, x: Any) -> Any:
        b, (batch, height, width, channels) = self.block_size, x.shape
        apart = L.reshape(x, (batch, height, width, b, b, channels // (b * b)))
        return L.reshape(L.transpose(apart, (0, 1, 3, 2, 4, 5)), (batch, height * b, width * b, channels // (b * b)))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.space_to_depth(g, self.block_size, self.data_format)

    samples = (sample(normal(2, 2, 3, 8), block_size=2), sample(normal(1, 9, 2, 1), block_size=3, data_format="NCHW"),
               sample(normal(0, 2, 2, 4), block_size=2))


# -------------------------------------------------------------------- sizes as tensors

@abstract
class _Sizes(Composite):
    category = "Shape"
    inputs = (port("input", AnyType, "lends its shape"),)
    out_type: DType = attr(int32, "type of the result", choices=Integer, convert=as_dtype)
    gradient = NoGradient("it depends on the shape alone")

    def result_dtype(self, *types: DType) -> DType:
        return self.out_type

    samples = (sample(normal(3, 4)), sample(normal(), out_type="int64"), sample(normal(0, 2)), sample(normal(1)))


@op
class ShapeOf(_Sizes):
    """The sizes of a tensor's axes, as a tensor."""

    node_name = "Shape"
    names = ("shape",)
    onnx = "Shape"

    def result_shape(self, x: Shape) -> Shape:
        return Shape((len(x),))

    def decompose(self, x: Any) -> Any:
        if not x.rank:
            return L.broadcast_to(np.zeros((), self.out_type.numpy), (0,))
        return L.stack([L.size_value(s, self.out_type) for s in x.shape])

    def reference(self, x: Array) -> Array:
        return np.array(x.shape, self.out_type.numpy)


@op
class SizeOf(_Sizes):
    """The number of elements of a tensor, as a tensor."""

    node_name = "Size"
    names = ("size",)
    onnx = "Size"

    def result_shape(self, x: Shape) -> Shape:
        return Shape(())

    def decompose(self, x: Any) -> Any:
        return L.size_value(product(x.shape), self.out_type)

    def reference(self, x: Array) -> Array:
        return np.array(x.size, self.out_type.numpy)


@op
class Rank(Composite):
    """The number of axes of a tensor, as a tensor."""

    category = "Shape"
    names = ("rank",)
    inputs = (port("input", AnyType, "lends its shape"),)
    gradient = NoGradient("it depends on the shape alone")

    def result_dtype(self, *types: DType) -> DType:
        return int32

    def result_shape(self, x: Shape) -> Shape:
        return Shape(())

    def decompose(self, x: Any) -> Any:
        return L.size_value(x.rank, int32)

    def reference(self, x: Array) -> Array:
        return np.array(x.ndim, np.int32)

    samples = (sample(normal(3, 4)), sample(normal()))


# -------------------------------------------------------------------- sequences

@op
class Linspace(Composed):
    """Evenly spaced numbers from `start` to `stop`, both included.

        y[k] = start + (stop - start) * k / (num - 1)

    Shapes
    ------
    start, stop : the same, any
    result : with `num` put in at `axis`
    """

    category = "Source"
    names = ("linspace",)
    node_name = "LinSpace"
    inputs = (port("start", Floating, "first number"), port("stop", Floating, "last number"))
    num: int = attr(REQUIRED, "how many", low=1, convert=as_int)
    axis: int = attr(0, "where the new axis stands", convert=as_int)

    def result_shape(self, start: Shape, stop: Shape) -> Shape:
        if len(start) != len(stop):
            raise ShapeError(f"start has shape {start}, stop {stop}")
        both = [merge(a, b, f"start and stop differ on axis {k}")
                for k, (a, b) in enumerate(zip(start, stop, strict=True))]
        axis = normal_axis(self.axis, len(both) + 1)
        return Shape((*both[:axis], self.num, *both[axis:]))

    def decompose(self, start: Any, stop: Any) -> Any:
        axis = normal_axis(self.axis, start.rank + 1)
        steps = np.arange(self.num) / max(self.num - 1, 1)
        share = steps.reshape([-1 if k == axis else 1 for k in range(start.rank + 1)]).astype(start.dtype.numpy)
        first, last = L.expand_dims(start, axis), L.expand_dims(stop, axis)
        return L.where(share < 1, first + (last - first) * share, last)

    def reference(self, start: Array, stop: Array) -> Array:
        return np.linspace(start, stop, self.num, axis=self.axis, dtype=start.dtype)

    samples = (sample(normal(), normal(), num=5), sample(normal(), normal(), num=1),
               sample(normal(3), normal(3), num=4, axis=-1))


@op
class SequenceMask(Composite):
    """Which steps of padded sequences are part of them: step k of a sequence of length n is if k < n.

    Shapes
    ------
    lengths : any
    result : (*lengths, maxlen)

    Raises
    ------
    AttributeValueError without `maxlen`: the size of the result would depend on the numbers.
    """

    category = "Shape"
    names = ("sequence_mask",)
    inputs = (port("lengths", Integer, "lengths of the sequences"),)
    maxlen: int | None = attr(None, "number of steps; has to be given", convert=as_int_or_none)
    dtype: DType = attr(bool_, "type of the result", convert=as_dtype)
    gradient = NoGradient("it depends on whole numbers alone")

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype

    def result_shape(self, lengths: Shape) -> Shape:
        if self.maxlen is None:
            raise AttributeValueError("without maxlen the size depends on the numbers", fix="give maxlen=")
        return Shape((*lengths, self.maxlen))

    def decompose(self, lengths: Any) -> Any:
        steps = L.iota(self.maxlen, lengths.rank, lengths.rank + 1, lengths.dtype)
        return L.cast(steps < L.expand_dims(lengths, -1), self.dtype)

    def reference(self, lengths: Array) -> Array:
        return np.asarray(np.arange(self.maxlen) < lengths[..., None]).astype(self.dtype.numpy)  # type: ignore[arg-type]

    samples = (sample(integers(0, 6, 3), maxlen=4), sample(integers(-1, 3, 2, 2), maxlen=3, dtype="float32"),
               sample(integers(0, 3), maxlen=2), sample(integers(0, 3, 2), maxlen=0))


