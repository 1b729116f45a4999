"""Elements in another arrangement: nothing here computes anything."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ir.dims import UNKNOWN, Dim, Shape, Size, merge, product
from .kinds import (
    REQUIRED,
    AnyType,
    Array,
    AxisSource,
    Composite,
    Movement,
    NoGradient,
    Numeric,
    attr,
    broadcast_shapes,
    port,
)
from .language import L
from .registry import op
from .rules import Axes, as_axes, as_int, as_sizes, normal_axes, normal_axis, reduced_shape, reshaped
from .samples import normal, sample

SHAPE_ONLY = None                           # gradient of an operand that only lends its shape


@op
class Reshape(Movement):
    """The same elements in the same order, with other axes.

    Raises
    ------
    ShapeError if the number of elements would change.
    """

    category = "Shape"
    inputs = (port("tensor", AnyType, "the elements"),)
    shape: tuple[Size, ...] = attr(REQUIRED, "new sizes; one may be -1 and follows from the others", convert=as_sizes,
                                    sizes="open")
    is_reshape = True
    onnx = "Reshape"

    def result_shape(self, x: Shape) -> Shape:
        return reshaped(x, self.shape)

    def reference(self, x: Array) -> Array:
        sizes = reshaped(Shape(x.shape), self.shape) if 0 in x.shape else self.shape     # NumPy takes no -1 beside 0
        return np.reshape(x, tuple(sizes))

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.reshape(x, self.result_shape(x.shape))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.reshape_like(g, x)

    samples = (sample(normal(3, 4), shape=[2, 6]), sample(normal(2, 3, 4), shape=[-1]),
               sample(normal(0, 4), shape=[4, 0]), sample(normal(0, 3), shape=[0, -1]),
               sample(normal(0), shape=[-1, 0]))


@op
class ReshapeRows(Composite):
    """The slices along the first axis in another shape, whether or not it is known how many there are.

    Raises
    ------
    ShapeError if the number of elements of a slice would change.
    """

    category = "Shape"
    internal = True
    inputs = (port("x", AnyType, "the slices"),)
    shape: tuple[Size, ...] = attr(REQUIRED, "sizes of a slice; one may be -1 and follows from the others",
                                   convert=as_sizes)

    def result_shape(self, x: Shape) -> Shape:
        if not x:
            raise ShapeError(f"an input of shape {x} has no first axis")
        return Shape((x[0], *reshaped(Shape(x[1:]), self.shape)))

    def decompose(self, x: Any) -> Any:
        return L.reshape(x, tuple(self.result_shape(x.shape)))

    def reference(self, x: Array) -> Array:
        return np.reshape(x, tuple(self.result_shape(Shape(x.shape))))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.reshape_like(g, x)

    samples = (sample(normal(3, 4), shape=[-1]), sample(normal(2, 3, 4), shape=[2, -1]), sample(normal(3), shape=[1]),
               sample(normal(0, 2, 3), shape=[-1]), sample(normal(2, 0), shape=[0, 5]))


@op
class ReshapeLike(Composite):
    """The elements of x in the shape of another tensor."""

    category = "Shape"
    internal = True
    inputs = (port("x", AnyType, "the elements"), port("like", AnyType, "lends its shape", same="L"))

    def result_shape(self, x: Shape, like: Shape) -> Shape:
        return like

    def decompose(self, x: Any, like: Any) -> Any:
        return L.reshape(x, tuple(like.shape))

    def reference(self, x: Array, like: Array) -> Array:
        return np.reshape(x, like.shape)

    def gradient(self, g: Any, y: Any, x: Any, like: Any) -> Any:
        return L.reshape_like(g, x), SHAPE_ONLY

    samples = (sample(normal(3, 4), normal(2, 6)),)


@op
class RestoreAxes(Composite):
    """The result of a reduction of `like`, with the folded axes back as size 1."""

    category = "Shape"
    internal = True
    inputs = (port("x", AnyType, "folded, with or without the axes"), port("like", AnyType, "unfolded", same="L"))
    axis: Axes = attr(None, "folded axes", convert=as_axes)

    def result_shape(self, x: Shape, like: Shape) -> Shape:
        return reduced_shape(like, self.axis, keepdims=True)

    def decompose(self, x: Any, like: Any) -> Any:
        return L.reshape(x, tuple(self.result_shape(x.shape, like.shape)))

    def reference(self, x: Array, like: Array) -> Array:
        return np.reshape(x, tuple(self.result_shape(Shape(x.shape), Shape(like.shape))))

    def gradient(self, g: Any, y: Any, x: Any, like: Any) -> Any:
        return L.reshape_like(g, x), SHAPE_ONLY

    samples = (sample(normal(3), normal(3, 4), axis=1),)


@op
class CountAlong(Composite):
    """How many elements a reduction along axes folds into one, as a number of x's dtype."""

    category = "Shape"
    internal = True
    inputs = (port("x", Numeric, "lends its shape"),)
    axis: Axes = attr(None, "folded axes", convert=as_axes)
    gradient = NoGradient("it depends on the shape alone")

    def result_shape(self, x: Shape) -> Shape:
        return Shape(())

    def decompose(self, x: Any) -> Any:
        return L.size_value(product(x.shape[k] for k in normal_axes(self.axis, x.rank)), x.dtype)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.prod([x.shape[k] for k in normal_axes(self.axis, x.ndim)], initial=1), dtype=x.dtype)

    samples = (sample(normal(3, 4), axis=1),)


@op
class Transpose(Movement):
    """Axes in another order, reversed by default."""

    category = "Shape"
    node_name = "transpose"
    inputs = (port("a", AnyType, "the elements"),)
    perm: Axes = attr(None, "the axis of `a` that each axis of the result is; reversed if None", convert=as_axes)
    onnx = "Transpose"

    def order(self, rank: int) -> tuple[int, ...]:
        if self.perm is None:
            return tuple(reversed(range(rank)))
        if len(self.perm) != rank or len({k % rank for k in self.perm if -rank <= k < rank}) != rank:
            raise ShapeError(f"perm={list(self.perm)} is no order of the {rank} axes")
        return tuple(k % rank for k in self.perm)

    def result_shape(self, x: Shape) -> Shape:
        return Shape(x[k] for k in self.order(len(x)))

    def view(self, x: Shape, y: Shape) -> tuple[AxisSource, ...]:
        order = self.order(len(x))
        return tuple(AxisSource(order.index(k)) for k in range(len(x)))

    def reference(self, x: Array) -> Array:
        return np.transpose(x, self.perm)

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.transpose(x, self.order(x.rank))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        order = self.order(x.rank)
        return L.transpose(g, tuple(order.index(k) for k in range(x.rank)))

    samples = (sample(normal(3, 4)), sample(normal(2, 3, 4), perm=[1, 2, 0]), sample(normal(0, 4)), sample(normal()))


@op
class BroadcastTo(Movement):
    """Copies along axes of size 1 and along new first axes, up to a shape.

    Raises
    ------
    ShapeError if an axis is neither 1 nor the target's size.
    """

    category = "Shape"
    names = ("broadcast_to",)
    inputs = (port("input", AnyType, "the elements"),)
    shape: tuple[Size, ...] = attr(REQUIRED, "sizes of the result", convert=as_sizes, sizes="several")
    onnx = "Expand"

    def result_shape(self, x: Shape) -> Shape:
        target = Shape(self.shape)
        if len(x) > len(target):
            raise ShapeError(f"shape {x} has more axes than {target}")
        broadcast_shapes(["input", "shape"], [x, target])
        for k, (a, b) in enumerate(zip(reversed(x), reversed(target), strict=False), 1):
            if isinstance(a, int) and isinstance(b, int) and a not in (1, b):
                raise ShapeError(f"axis {-k} has size {a}, which does not broadcast to {b}")
        return target

    def view(self, x: Shape, y: Shape) -> tuple[AxisSource, ...]:
        ahead = len(y) - len(x)
        # Two expressions that differ may still be the same size; only a 1 is known to broadcast.
        return tuple(AxisSource(None if s == 1 and y[k + ahead] != 1 else k + ahead) for k, s in enumerate(x))

    def reference(self, x: Array) -> Array:
        return np.broadcast_to(x, self.shape)  # type: ignore[arg-type]

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.Identity(x) if tuple(x.shape) == self.shape else o.Expand(x, o.sizes(self.shape))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.sum_like(g, x)

    samples = (sample(normal(3, 1), shape=[2, 3, 4]), sample(normal(), shape=[3]), sample(normal(1), shape=[0]))


@op
class BroadcastLike(Composite):
    """Copies of x up to the shape of another tensor."""

    category = "Shape"
    internal = True
    inputs = (port("x", AnyType, "the elements"), port("like", AnyType, "lends its shape", same="L"))

    def result_shape(self, x: Shape, like: Shape) -> Shape:
        return like

    def decompose(self, x: Any, like: Any) -> Any:
        return L.broadcast_to(x, tuple(like.shape))

    def reference(self, x: Array, like: Array) -> Array:
        return np.broadcast_to(x, like.shape)

    def gradient(self, g: Any, y: Any, x: Any, like: Any) -> Any:
        return L.sum_like(g, x), SHAPE_ONLY

    samples = (sample(normal(3, 1), normal(3, 4)),)


@op
class SumLike(Composite):
    """The transpose of broadcasting: sums g along the axes where `like` has size 1 or none at all."""

    category = "Shape"
    internal = True
    inputs = (port("g", Numeric, "terms"), port("like", AnyType, "lends its shape", same="L"))

    def result_shape(self, g: Shape, like: Shape) -> Shape:
        return like

    def decompose(self, g: Any, like: Any) -> Any:
        ahead = g.rank - like.rank
        ones = [k for k, s in enumerate(like.shape) if s == 1]
        for k, s in enumerate(like.shape):
            if k not in ones:               # where both are unknown, like's may yet turn out to be 1
                merge(s, g.shape[k + ahead], f"sizes of g and like differ on axis {k}")
        axes = (*range(ahead), *(k + ahead for k in ones if g.shape[k + ahead] != 1))
        folded = L.sum_axes(g, axes) if axes else g
        return L.reshape(folded, tuple(like.shape)) if ahead else folded

    def reference(self, g: Array, like: Array) -> Array:
        ahead = g.ndim - like.ndim
        folded = g.sum(axis=tuple(range(ahead)), dtype=g.dtype)
        axes = tuple(k for k, s in enumerate(like.shape) if s == 1 and folded.shape[k] != 1)
        return np.asarray(folded.sum(axis=axes, keepdims=True, dtype=g.dtype))

    def gradient(self, h: Any, y: Any, g: Any, like: Any) -> Any:
        return L.broadcast_like(h, g), SHAPE_ONLY

    samples = (sample(normal(2, 3, 4), normal(3, 1)), sample(normal(3, 4), normal(4)), sample(normal(3), normal()))


@op
class ExpandDims(Composite):
    """One more axis, of size 1.

    Raises
    ------
    ShapeError if `axis` is outside [-rank - 1, rank].
    """

    category = "Shape"
    names = ("expand_dims",)
    inputs = (port("input", AnyType, "the elements"),)
    axis: int = attr(REQUIRED, "where the new axis stands in the result", convert=as_int)
    onnx = "Unsqueeze"

    def result_shape(self, x: Shape) -> Shape:
        place = normal_axis(self.axis, len(x) + 1)
        return Shape((*x[:place], 1, *x[place:]))

    def decompose(self, x: Any) -> Any:
        return L.reshape(x, tuple(self.result_shape(x.shape)))

    def reference(self, x: Array) -> Array:
        return np.expand_dims(x, self.axis)

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.Unsqueeze(x, [normal_axis(self.axis, x.rank + 1)])

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.reshape_like(g, x)

    samples = (sample(normal(3, 4), axis=0), sample(normal(3, 4), axis=-1), sample(normal(0), axis=1),
               sample(normal(), axis=0))


@op
class Squeeze(Composite):
    """Without axes of size 1: those named, or all that there are; which these are may turn out when it runs.

    Raises
    ------
    ShapeError if a named axis has another size.
    """

    category = "Shape"
    names = ("squeeze",)
    inputs = (port("input", AnyType, "the elements"),)
    axis: Axes = attr(None, "axes to drop, all of size 1 if None", convert=as_axes)
    onnx = "Squeeze"

    def result_shape(self, x: Shape) -> Shape:
        if not self.axis:
            if None in x:
                return UNKNOWN
            for size in x:
                if isinstance(size, Dim):
                    size.facts.suppose_several(size)
            return Shape(s for s in x if s != 1)
        gone = normal_axes(self.axis, len(x))
        for k in gone:
            merge(x[k], 1, f"axis {k} cannot be dropped; its size and 1 differ")
        return Shape(s for k, s in enumerate(x) if k not in gone)

    def decompose(self, x: Any) -> Any:
        return L.reshape(x, tuple(self.result_shape(x.shape)))

    def reference(self, x: Array) -> Array:
        return np.squeeze(x, self.axis or None)

    def to_onnx(self, o: Any, x: Any) -> Any:
        gone = normal_axes(self.axis, x.rank) if self.axis else [k for k, s in enumerate(x.shape) if s == 1]
        return o.Squeeze(x, gone) if gone else o.Identity(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.reshape_like(g, x)

    samples = (sample(normal(3, 1, 4, 1)), sample(normal(3, 1, 4, 1), axis=[1]), sample(normal(1, 0), axis=0),
               sample(normal(1, 1), axis=[-1, 0]))
