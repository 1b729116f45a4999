"""Tensors put together from tensors, one after the other or side by side."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .kinds import REQUIRED, AnyType, Array, Composite, Movement, Placement, attr, variadic
from .language import L
from .math import same_shape
from .registry import op
from .rules import as_int, normal_axis
from .samples import normal, sample

SHAPE_ONLY = None                           # gradient of an operand that only lends its shape


@op
class Concat(Movement):
    """Tensors one after the other along an axis.

    Raises
    ------
    ShapeError if ranks differ, or sizes of another axis.

    Shapes
    ------
    values : the same but for the size of `axis`
    result : the same, with the sum of these sizes
    """

    category = "Shape"
    names = ("concat",)
    node_name = "concat"
    onnx = "Concat"
    inputs = (variadic("values", AnyType, "tensors, at least one"),)
    axis: int = attr(REQUIRED, "axis along which they follow each other", convert=as_int)

    def result_shape(self, *shapes: Shape) -> Shape:
        sizes: list[Any] = list(shapes[0])
        axis = normal_axis(self.axis, len(sizes))
        for k, shape in enumerate(shapes[1:], 1):
            if len(shape) != len(sizes):
                raise ShapeError(f"values 0 has shape {shapes[0]}, values {k} has shape {shape}")
            for place, size in enumerate(shape):
                if place == axis:
                    sizes[axis] = None if None in (size, sizes[axis]) else sizes[axis] + size
                else:
                    sizes[place] = merge(sizes[place], size, f"values 0 and {k} differ on axis {place}")
        return Shape(sizes)

    def placements(self, inputs: Sequence[Shape], y: Shape) -> tuple[Placement | None, ...]:
        axis, starts = offsets(self.axis, inputs)
        return tuple(Placement(at_axis(start, axis, len(y)), (1,) * len(y)) for start in starts)

    def reference(self, *arrays: Array) -> Array:
        return np.concatenate(arrays, axis=self.axis)

    def to_onnx(self, o: Any, *values: Any) -> Any:
        return o.Concat(*values, axis=normal_axis(self.axis, values[0].rank))

    def gradient(self, g: Any, y: Any, *values: Any) -> Any:
        return tuple(L.concat_part([g, *values], self.axis, k) for k in range(len(values)))

    samples = (sample(normal(2, 3), normal(2, 1), normal(2, 3), axis=-1), sample(normal(2, 3), axis=0),
               sample(normal(0, 3), normal(2, 3), axis=0), sample(normal(2, 3, 2), normal(2, 1, 2), axis=1))


def offsets(axis: int, shapes: Sequence[Shape]) -> tuple[int, list[Any]]:
    """The axis counted from the front, and where each of the operands begins along it."""
    axis = normal_axis(axis, len(shapes[0]))
    starts: list[Any] = [0]
    for shape in shapes[:-1]:
        starts.append(starts[-1] + shape[axis])
    return axis, starts


def at_axis(start: Any, axis: int, rank: int) -> tuple[Any, ...]:
    return tuple(start if k == axis else 0 for k in range(rank))


@op
class ConcatPart(Composite):
    """What one operand of a concatenation was: the first operand is cut, the others lend their shapes."""

    category = "Shape"
    internal = True
    inputs = (variadic("parts", AnyType, "the whole, then what it was made from"),)
    axis: int = attr(REQUIRED, "axis along which they follow each other", convert=as_int)
    index: int = attr(0, "which part", low=0)

    def result_shape(self, *shapes: Shape) -> Shape:
        return shapes[1 + self.index]

    def decompose(self, g: Any, *values: Any) -> Any:
        axis, starts = offsets(self.axis, [v.shape for v in values])
        begin = at_axis(starts[self.index], axis, g.rank)
        return L.strided_slice(g, begin, tuple(values[self.index].shape), (1,) * g.rank)

    def reference(self, g: Array, *values: Array) -> Array:
        ends = np.cumsum([v.shape[self.axis] for v in values])[:-1]
        return np.split(g, ends, axis=self.axis)[self.index]

    def gradient(self, h: Any, y: Any, g: Any, *values: Any) -> Any:
        terms = [h if k == self.index else L.zeros_like(v) for k, v in enumerate(values)]
        return (L.concat(terms, self.axis), *[SHAPE_ONLY] * len(values))

    samples = (sample(normal(2, 4), normal(2, 3), normal(2, 1), axis=-1, index=1),
               sample(normal(3), normal(0), normal(3), axis=0))


@op
class Stack(Composite):
    """Tensors of one shape, side by side along a new axis.

    Raises
    ------
    ShapeError if the shapes differ.
    """

    category = "Shape"
    names = ("stack",)
    node_name = "stack"
    inputs = (variadic("values", AnyType, "tensors, at least one"),)
    axis: int = attr(0, "where the new axis stands in the result", convert=as_int)

    def result_shape(self, *shapes: Shape) -> Shape:
        one = same_shape(shapes)
        axis = normal_axis(self.axis, len(one) + 1)
        return Shape((*one[:axis], len(shapes), *one[axis:]))

    def decompose(self, *values: Any) -> Any:
        axis = normal_axis(self.axis, values[0].rank + 1)
        return L.concat([L.expand_dims(v, axis) for v in values], axis)

    def reference(self, *arrays: Array) -> Array:
        return np.stack(arrays, axis=self.axis)

    def gradient(self, g: Any, y: Any, *values: Any) -> Any:
        before: list[Any] = [slice(None)] * self.axis if self.axis >= 0 else [...]
        after = [slice(None)] * (-1 - self.axis)
        return tuple(g[(*before, k, *after)] for k in range(len(values)))

    samples = (sample(normal(2, 3), normal(2, 3)), sample(normal(2, 3), normal(2, 3), axis=-1),
               sample(normal(), normal()), sample(normal(0, 2), axis=1))
