"""Norms of vectors and matrices, and vectors scaled to a length."""
from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..errors import AttributeValueError
from ..ir.dims import Shape
from .kinds import Array, Composite, Floating, attr, port
from .language import L
from .parts import Composed
from .quiet import quiet
from .registry import op
from .rules import Axes, as_axes, normal_axis, reduced_shape
from .samples import distinct, normal, sample, spread, uniform, values
from .spectral import converging
from .triangular import Solvable

OF_MATRICES = ("euclidean", "fro", "nuc", 1.0, 2.0, math.inf)


def as_order(value: Any) -> str | float:
    """A name or a number; saved graphs hold infinity as a name."""
    return value if isinstance(value, str) and value != "inf" else float(value)


def as_flag(value: Any) -> bool:
    return bool(value)


def _largest(x: Any, axes: Any, keepdims: bool = False) -> Any:
    """The largest of numbers from 0 on; 0 where there is none."""
    return L.maximum(L.reduce_max(x, axes, keepdims), 0)


@op
class Norm(Composed):
    """Lengths of vectors, or norms of matrices.

        vectors     'euclidean' or 2    sqrt(sum(x^2))                  inf     max(|x|)
                    p > 0               sum(|x|^p)^(1/p)
        matrices    'euclidean', 'fro'  sqrt(sum(x^2))                  1       largest sum of |x| along a column
                    2                   largest singular value          inf     largest sum of |x| along a row
                    'nuc'               sum of singular values

    Parameters
    ----------
    axis : one axis of vectors, two of matrices (the axis along a column, then that along a row), or None for one vector
        of all elements

    Raises
    ------
    AttributeValueError for an `ord` that vectors, or matrices, do not have.
    """

    category = "Linear algebra"
    names = ("norm", "linalg.norm")
    inputs = (port("tensor", Solvable, "vectors or matrices"),)
    ord: str | float = attr("euclidean", "which norm", convert=as_order)
    axis: Axes = attr(None, "one axis of vectors, two of matrices, or None for all elements as a vector",
                      convert=as_axes)
    keepdims: bool = attr(None, "whether the axes stay, with size 1", convert=as_flag)

    def result_shape(self, x: Shape) -> Shape:
        if self.axis is not None and len(self.axis) not in (1, 2):
            raise AttributeValueError(f"axis={self.axis} names {len(self.axis)} axes; it takes one or two")
        is_matrix = self.axis is not None and len(self.axis) == 2
        if is_matrix and self.ord not in OF_MATRICES:
            raise AttributeValueError(f"ord={self.ord!r} of matrices; it takes one of {OF_MATRICES}")
        if not is_matrix and self.ord != "euclidean" and (isinstance(self.ord, str) or not self.ord > 0):
            raise AttributeValueError(f"ord={self.ord!r} of vectors; it takes 'euclidean' or a positive number")
        return reduced_shape(x, self.axis, self.keepdims)

    def decompose(self, x: Any) -> Any:
        axes, order = self.axis, self.ord
        if order in ("euclidean", "fro") or (order == 2 and (axes is None or len(axes) == 1)):
            return L.sqrt(L.reduce_sum(x * x, axes, self.keepdims))
        if axes is not None and len(axes) == 2:
            return self._of_matrices(x, [normal_axis(k, x.rank) for k in axes])
        if order == math.inf:
            return _largest(L.abs(x), axes, self.keepdims)
        if order == 1:
            return L.reduce_sum(L.abs(x), axes, self.keepdims)
        return L.reduce_sum(L.abs(x) ** order, axes, self.keepdims) ** (1 / float(order))

    def _of_matrices(self, x: Any, axes: list[int]) -> Any:
        if self.ord in ("nuc", 2.0):
            others = [k for k in range(x.rank) if k not in axes]
            s = L.svd(L.transpose(x, (*others, *axes)), False, False)
            found = _largest(s, -1) if self.ord == 2.0 else L.reduce_sum(s, -1)
            for k in sorted(axes) if self.keepdims else ():
                found = L.expand_dims(found, k)
            return found
        along, over = axes if self.ord == 1.0 else axes[::-1]
        sums = _largest(L.reduce_sum(L.abs(x), along, True), over, True)
        return sums if self.keepdims else L.squeeze(sums, tuple(axes))

    def reference(self, x: Array) -> Array:
        order: Any = None if self.ord == "euclidean" else self.ord
        axes = self.axis if self.axis is None or len(self.axis) > 1 else self.axis[0]
        if axes is None:
            found = np.asarray(np.linalg.norm(x.reshape(-1), order))
            return found.reshape((1,) * x.ndim if self.keepdims else ()).astype(x.dtype)
        with converging():
            return np.asarray(np.linalg.norm(x, order, axes, self.keepdims), x.dtype)

    samples = (sample(normal(3, 4)), sample(distinct(3, 4), ord=1, axis=1),
               sample(values([[1.0, -6.0, 3.5], [-5.0, 4.0, 2.0]]), ord=np.inf, axis=0),
               sample(distinct(2, 3), ord=3, axis=-1, keepdims=True), sample(distinct(4), ord=1.5),
               sample(normal(2, 3, 4), ord="fro", axis=[0, 2]), sample(distinct(3, 4), ord=1, axis=[-2, -1]),
               sample(distinct(2, 3, 4), ord=np.inf, axis=[2, 0], keepdims=True),
               sample(spread(3, 4), ord=2, axis=[0, 1]),
               sample(spread(2, 3, 3), ord="nuc", axis=[-2, -1], keepdims=True), sample(normal(0)),
               sample(values(0.0, 3.0, 4.0), ord=2, axis=0, keepdims=True), sample(normal(0, 3), axis=1),
               sample(normal(0, 3), ord=np.inf, axis=0), sample(normal(2, 0), ord=1, axis=[0, 1]))


@op
class L2Loss(Composite):
    """Half the sum of squares, sum(t^2) / 2.

    Shapes
    ------
    result : ()
    """

    category = "Loss"
    names = ("nn.l2_loss",)
    node_name = "L2Loss"
    inputs = (port("t", Floating, "numbers"),)

    def result_shape(self, t: Shape) -> Shape:
        return Shape(())

    def decompose(self, t: Any) -> Any:
        return L.reduce_sum(t * t) * 0.5

    def reference(self, t: Array) -> Array:
        return np.asarray(np.sum(t * t) / 2, t.dtype)

    def gradient(self, g: Any, y: Any, t: Any) -> Any:
        return g * t

    samples = (sample(normal(3, 4)), sample(normal(0)), sample(normal()))


@op
class L2Normalize(Composite):
    """x divided by its Euclidean length along axes, x / sqrt(max(sum(x^2), epsilon))."""

    category = "Normalization"
    names = ("nn.l2_normalize", "math.l2_normalize", "linalg.l2_normalize")
    inputs = (port("x", Floating, "vectors"),)
    axis: Axes = attr(None, "axes of a vector, all if None", convert=as_axes)
    epsilon: float = attr(1e-12, "lower limit of the sum of squares", convert=float)

    def result_shape(self, x: Shape) -> Shape:
        reduced_shape(x, self.axis, True)
        return x

    def _factor(self, x: Any) -> tuple[Any, Any]:
        square = L.reduce_sum(x * x, self.axis, True)
        return square, L.rsqrt(L.maximum(square, self.epsilon))

    def decompose(self, x: Any) -> Any:
        return x * self._factor(x)[1]

    @quiet
    def reference(self, x: Array) -> Array:
        square = np.sum(x * x, axis=self.axis, keepdims=True)
        return np.asarray(x / np.sqrt(np.maximum(square, x.dtype.type(self.epsilon))))

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        square, factor = self._factor(x)
        along = L.reduce_sum(g * y, self.axis, True)
        return (g - y * L.where(square >= self.epsilon, along, 0)) * factor

    samples = (sample(normal(3, 4)), sample(normal(3, 4), axis=1), sample(normal(2, 3, 4), axis=[0, 2]),
               sample(values([[0.0, 0.0], [3.0, 4.0]]), axis=-1, smooth=False), sample(normal(0, 3), axis=1))


@op
class ClipByNorm(Composite):
    """t scaled down to a given Euclidean length along axes, where it is longer.

    Shapes
    ------
    t : any
    clip_norm : ()
    result : the shape of t
    """

    category = "Normalization"
    names = ("clip_by_norm",)
    node_name = "clip_by_norm"
    inputs = (port("t", Floating, "vectors"), port("clip_norm", Floating, "the largest length, positive"))
    axes: Axes = attr(None, "axes of a vector, all if None", convert=as_axes)

    def result_shape(self, t: Shape, limit: Shape) -> Shape:
        reduced_shape(t, self.axes, True)
        return t

    def _length(self, t: Any) -> tuple[Any, Any]:
        square = L.reduce_sum(t * t, self.axes, True)
        present = square > 0
        return present, L.where(present, L.sqrt(L.where(present, square, 1)), square)

    def decompose(self, t: Any, limit: Any) -> Any:
        return t * limit / L.maximum(self._length(t)[1], limit)

    @quiet
    def reference(self, t: Array, limit: Array) -> Array:
        length = np.sqrt(np.sum(t * t, axis=self.axes, keepdims=True))
        return np.asarray(t * limit / np.maximum(length, limit))

    def gradient(self, g: Any, y: Any, t: Any, limit: Any) -> Any:
        present, length = self._length(t)
        cut = length > limit
        safe = L.where(present, length, 1)
        unit = t / safe
        along = L.reduce_sum(g * unit, self.axes, True)
        by_t = L.where(cut, (g - unit * along) * (limit / safe), g)
        return by_t, L.reduce_sum(L.where(cut, g * unit, 0))

    samples = (sample(normal(3, 4), uniform(0.5, 0.9)), sample(normal(3, 4), uniform(50.0, 60.0)),
               sample(uniform(1.0, 2.0, 3, 4), uniform(0.5, 0.9), axes=[1]), sample(normal(0), uniform(0.5, 0.9)),
               sample(values(0.0, 0.0), uniform(0.5, 0.9), smooth=False))
