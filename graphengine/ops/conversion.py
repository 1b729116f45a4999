"""The same values in another role: another dtype, without gradient, or only their shape."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype
from ..ir.dims import Shape
from .kinds import REQUIRED, AnyType, Array, Bool, Composite, Elementwise, NoGradient, attr, port
from .language import L
from .quiet import quiet
from .registry import op
from .rules import refuse
from .samples import normal, nowhere, sample, uniform, values


def as_dtype_or_none(spec: Any) -> DType | None:
    return None if spec is None else as_dtype(spec)


@op
class Cast(Elementwise):
    """The numbers in another dtype.

    Fractions lose what follows the point when they become whole numbers, and every number but 0 is true. A whole number
    that does not fit into a whole type keeps its lowest bits; a fraction (also NaN) becomes an arbitrary number of it.

    Notes
    -----
    float16 and bfloat16 are rounded to the nearest, ties to even, from float32: other numbers become float32 first, as
    TensorFlow does.
    """

    category = "Conversion"
    names = ("cast", "dtypes.cast")
    onnx = "Cast"
    inputs = (port("x", AnyType, "numbers"),)
    dtype: DType = attr(REQUIRED, "type of the result", convert=as_dtype)
    expression = "to_{R}({x})"

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype

    @quiet
    def reference(self, x: Array) -> Array:
        own = as_dtype(x.dtype)
        if self.dtype.is_narrow and not own.is_bool and own is not self.dtype:
            x = x.astype(self.dtype.wide.numpy)
        return np.asarray(x).astype(self.dtype.numpy)

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.cast(x, self.dtype)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return L.cast(g, x.dtype) if x.dtype.is_floating and y.dtype.is_floating else None

    samples = (sample(normal(3, 4), dtype="float64"), sample(normal(3, 4), dtype="float32", smooth=False),
               sample(uniform(-9.0, 9.0, 20), dtype="int32", smooth=False), sample(normal(), dtype="float64"),
               sample(normal(0), dtype="int64", smooth=False),
               sample(values(0.0, 0.5, -2.0), dtype="bool", smooth=False))


@op
class Identity(Composite):
    """The value itself, under a name of its own."""

    category = "Conversion"
    names = ("identity",)
    onnx = "Identity"
    inputs = (port("input", AnyType, "any value"),)

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        return x

    def reference(self, x: Array) -> Array:
        return np.asarray(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g

    samples = (sample(normal(3, 4)), sample(normal(0)))


@op
class StopGradient(Composite):
    """The value itself, as a constant in the eyes of differentiation."""

    category = "Conversion"
    names = ("stop_gradient",)
    inputs = (port("input", AnyType, "any value"),)
    gradient = NoGradient("that is what it is for")

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        return x

    def reference(self, x: Array) -> Array:
        return np.asarray(x)

    samples = (sample(normal(3, 4)),)


@op
class Checked(Elementwise):
    """The value itself, where nothing is wrong with it.

    Raises
    ------
    InvalidArgumentError, when run, if a condition holds for an element.
    """

    category = "Conversion"
    internal = True
    inputs = (port("x", AnyType, "any value"), port("wrong", Bool, "where it must not be used", same="W"))
    problem: str = attr("a value is refused", "what is wrong then")
    of: str = attr("", "the operation that refuses it; this one if empty")
    expression = "{x}"

    @property
    def called(self) -> str:
        return self.of or self.name

    def failure(self, *types: DType) -> tuple[str, str] | None:
        return "{wrong}", self.problem

    def reference(self, x: Array, wrong: Array) -> Array:
        x, wrong = np.broadcast_arrays(x, wrong)
        refuse(wrong, self.problem)
        return x

    def to_onnx(self, o: Any, x: Any, wrong: Any) -> Any:
        """What is wrong is not seen by a model."""
        return o.Identity(x) if tuple(x.shape) == tuple(self.result_shape(x.shape, wrong.shape)) else None

    def gradient(self, g: Any, y: Any, x: Any, wrong: Any) -> Any:
        return g, None

    samples = (sample(normal(3, 4), nowhere(4)), sample(normal(0), nowhere()))


class _Filled(Composite):
    category = "Source"
    inputs = (port("input", AnyType, "lends shape and dtype"),)
    gradient = NoGradient("it depends on the shape alone")
    number = 0
    dtype: DType | None

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype or types[0]

    def result_shape(self, x: Shape) -> Shape:
        return x

    def decompose(self, x: Any) -> Any:
        from .apply import constant_tensor

        kind = self.dtype or x.dtype
        return L.broadcast_to(constant_tensor(np.full((), self.number, kind.numpy), x.node.graph), tuple(x.shape))

    def reference(self, x: Array) -> Array:
        return np.full(x.shape, self.number, self.dtype.numpy if self.dtype else x.dtype)

    samples = (sample(normal(3, 4)), sample(normal(0)), sample(normal(2), dtype="int64"))


@op
class ZerosLike(_Filled):
    """Zeros of the shape and dtype of another tensor."""

    names = ("zeros_like",)
    node_name = "zeros_like"
    dtype: DType | None = attr(None, "type of the result, that of the input if None", convert=as_dtype_or_none)


@op
class OnesLike(_Filled):
    """Ones of the shape and dtype of another tensor."""

    names = ("ones_like",)
    node_name = "ones_like"
    number = 1
    dtype: DType | None = attr(None, "type of the result, that of the input if None", convert=as_dtype_or_none)
