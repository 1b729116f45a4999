"""Borders around tensors, and blocks of pixels that move into channels and back."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import AttributeValueError, ShapeError
from ..ir.dims import Shape, merge
from ..ir.node import Tensor
from .indexing import at_most, numbers_in
from .kinds import (
    REQUIRED,
    AnyType,
    Array,
    Composite,
    Movement,
    Placement,
    attr,
    port,
)
from .language import L
from .parts import Composed
from .registry import abstract, op
from .rules import as_int
from .samples import normal, sample
from .shaping import part_of, times


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

    def to_onnx(self, o: Any, x: Any) -> Any:
        widths = [*(a for a, _ in self.paddings), *(b for _, b in self.paddings)]
        return o.Pad(x, widths, o.number(self.fill, x)) if widths else o.Identity(x)

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

    @staticmethod
    def at_run_time(
        x: Any, paddings: Any, mode: str = "CONSTANT", constant_values: Any = 0.0, name: str | None = None
    ) -> Any:
        """The same for widths, or a number, that are known when the program runs."""
        x = L.identity(x)
        pairs = [numbers_in(pair) for pair in (paddings if isinstance(paddings, (list, tuple, Tensor))
                                               else np.asarray(paddings))]
        if len(pairs) != x.shape.rank:
            raise ShapeError(f"paddings has {len(pairs)} pairs for {x.shape.rank} axes", op="pad")
        for axis, widths in enumerate(pairs):
            if any(isinstance(w, Tensor) or w for w in widths):
                x = _bordered(x, axis, widths, mode.upper(), constant_values)
        return L.identity(x, name=name)

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


def _bordered(x: Any, axis: int, widths: Sequence[Any], mode: str, number: Any) -> Any:
    """A tensor with borders before and behind along one axis, whose widths may be tensors."""
    sizes = numbers_in(L.shape_of(x))
    if mode == "CONSTANT":
        fill = L.cast(number, x.dtype)
        before, behind = (L.broadcast_to(fill, [*sizes[:axis], w, *sizes[axis + 1:]]) for w in widths)
        return L.concat([before, x, behind], axis)
    size = L.cast(sizes[axis], "int64")
    before, behind = (L.cast(w, "int64") for w in widths)
    is_reflected = int(mode == "REFLECT")
    most = size - is_reflected
    before = L.checked(before, (before < 0) | (behind < 0), "a border has a negative width", "pad")
    before = L.checked(before, (before > most) | (behind > most), "a border is wider than the inside allows", "pad")
    around = L.maximum(2 * most, 1)             # after so many elements the mirrored inside repeats
    places = L.floormod(L.range(-before, size + behind, L.cast(1, "int64")), around)
    return L.gather(x, L.minimum(places, 2 * size - 1 - is_reflected - places), None, axis)


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
