"""Sizes as tensors, and sequences of numbers."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype, int32
from ..dtypes import bool as bool_
from ..errors import AttributeValueError, ShapeError
from ..ir.dims import Shape, merge, product
from .kinds import (
    REQUIRED,
    AnyType,
    Array,
    Composite,
    Floating,
    Index,
    Integer,
    NoGradient,
    attr,
    port,
)
from .language import L
from .parts import Composed
from .registry import abstract, op
from .rules import as_int, as_int_or_none, normal_axis
from .samples import integers, normal, sample


@abstract
class _Sizes(Composite):
    category = "Shape"
    inputs = (port("input", AnyType, "lends its shape"),)
    out_type: DType = attr(int32, "type of the result", choices=Index, convert=as_dtype)
    gradient = NoGradient("it depends on the shape alone")

    def result_dtype(self, *types: DType) -> DType:
        return self.out_type

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.cast(o.node(self.onnx, x), self.out_type)

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
    num: int = attr(REQUIRED, "how many", low=1, convert=as_int, sizes="one")
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
        share: Any
        if isinstance(self.num, int):
            steps = np.arange(self.num) / max(self.num - 1, 1)
            share = steps.reshape([-1 if k == axis else 1 for k in range(start.rank + 1)]).astype(start.dtype.numpy)
        else:
            least = L.maximum(L.size_value(self.num - 1, "int64"), 1)
            share = L.iota(self.num, axis, start.rank + 1, start.dtype) / L.cast(least, start.dtype)
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

    Without `maxlen` there are as many steps as the longest sequence has, which is known when the program runs.
    """

    category = "Shape"
    names = ("sequence_mask",)
    inputs = (port("lengths", Integer, "lengths of the sequences"),)
    maxlen: int | None = attr(None, "number of steps", convert=as_int_or_none, sizes="one")
    dtype: DType = attr(bool_, "type of the result", convert=as_dtype)
    gradient = NoGradient("it depends on whole numbers alone")
    needed = "maxlen"

    @staticmethod
    def at_run_time(lengths: Any, maxlen: Any = None, dtype: Any = bool_, name: str | None = None) -> Any:
        """The same for the longest of the sequences."""
        return L.sequence_mask(lengths, L.maximum(L.reduce_max(lengths), 0), dtype, name=name)

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype

    def result_shape(self, lengths: Shape) -> Shape:
        if self.maxlen is None:
            raise AttributeValueError("without maxlen the size depends on the numbers",
                                      fix="give maxlen=, e.g. reduce_max(lengths)")
        return Shape((*lengths, self.maxlen))

    def decompose(self, lengths: Any) -> Any:
        steps = L.iota(self.maxlen, lengths.rank, lengths.rank + 1, lengths.dtype)
        return L.cast(steps < L.expand_dims(lengths, -1), self.dtype)

    def reference(self, lengths: Array) -> Array:
        return np.asarray(np.arange(self.maxlen) < lengths[..., None]).astype(self.dtype.numpy)  # type: ignore[arg-type]

    samples = (sample(integers(0, 6, 3), maxlen=4), sample(integers(-1, 3, 2, 2), maxlen=3, dtype="float32"),
               sample(integers(0, 3), maxlen=2), sample(integers(0, 3, 2), maxlen=0))
