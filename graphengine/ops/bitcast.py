"""Numbers whose bytes are read as those of another type."""
from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..dtypes import DType, as_dtype
from ..errors import ShapeError
from ..ir.dims import UNKNOWN, Shape, merge
from ..ir.node import Tensor
from .kinds import REQUIRED, Array, Dynamic, NoGradient, Numeric, attr, port
from .registry import op
from .samples import integers, normal, sample


@op
class Bitcast(Dynamic):
    """The same bytes read as numbers of another type.

    Raises
    ------
    ShapeError if smaller numbers do not fill larger ones along the last axis.

    Shapes
    ------
    input : any
    result : the same; with a further axis for the parts of larger numbers, or without the last for wholes of smaller
    """

    category = "Conversion"
    has_parts = False
    in_own_type = True
    names = ("bitcast",)
    inputs = (port("input", Numeric, "numbers"),)
    type: DType = attr(REQUIRED, "type of the result", convert=as_dtype)
    gradient = NoGradient("bytes are no smooth function of numbers")

    def result_dtype(self, *types: DType) -> DType:
        return self.type

    def infer(self, inputs: Sequence[Tensor]) -> list[tuple[DType, Shape]]:
        (x,) = inputs
        self.check_dtypes([x.dtype])
        if x.shape.rank is None:
            return [(self.type, UNKNOWN)]
        parts = max(x.dtype.size // self.type.size, self.type.size // x.dtype.size)
        if x.dtype.size > self.type.size:
            return [(self.type, Shape((*x.shape, parts)))]
        if x.dtype.size < self.type.size:
            if not len(x.shape):
                raise ShapeError(f"one {x.dtype.name} is too small for {self.type.name}")
            merge(x.shape[-1], parts, f"{parts} of {x.dtype.name} make one {self.type.name}")
            return [(self.type, Shape(x.shape[:-1]))]
        return [(self.type, x.shape)]

    def result_shape(self, x: Shape) -> Shape:
        raise AssertionError("infer says it")

    def reference(self, x: Array) -> Array:
        dtype = np.dtype(self.type.numpy)
        if dtype.itemsize < x.itemsize:
            return x.reshape(*x.shape, 1).view(dtype)
        if dtype.itemsize > x.itemsize:
            return np.ascontiguousarray(x).view(dtype).reshape(x.shape[:-1])
        return x.view(dtype)

    samples = (sample(integers(0, 50, 2, 4), type="uint8"), sample(normal(2, 3), type="uint8"),
               sample(normal(0), type="int8"))
