"""Places of slices in a tensor: several indices each, which are checked and become one number."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import IndexOutsideError, ShapeError
from ..ir.dims import Shape, Size, merge, product
from ..ir.node import Tensor
from .gather import INDICES, check_range
from .kinds import REQUIRED, Array, Call, Library, NoGradient, attr, port
from .language import L
from .registry import op
from .rules import as_sizes, sizes_of
from .samples import integers, sample, whole

PLACES = port("indices", INDICES.accepts, "places: the last axis holds one index for each of the first axes", "I")


@op
class FlatPlaces(Library):
    """Places in the first axes of a tensor as the numbers of its slices, row by row.

    What runs behind it need not look whether a place is in the tensor, so that it cannot fail halfway.

    Raises
    ------
    IndexOutsideError, when run, if an index is outside its axis.

    Shapes
    ------
    indices : (count, d)
    result : (count,)
    """

    category = "Indexing"
    internal = True
    gradient = NoGradient("it acts on whole numbers")
    inputs = (PLACES,)
    axes: tuple[Size, ...] = attr(REQUIRED, "sizes of the axes that are indexed", convert=as_sizes, sizes="several")
    skips: bool = attr(False, "whether negative indices of an only axis stay as they are, not errors")

    def result_shape(self, indices: Shape) -> Shape:
        return Shape(indices[:1])

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        indices, = inputs
        count, depth = sizes_of(indices)
        return Call(f"flat_places_{indices.dtype.code}", (depth, int(self.skips), *self.axes), extent=count)

    def explain_code(self, code: int) -> str:
        return "an index is outside its axis"

    def to_onnx(self, o: Any, indices: Any) -> Any:
        if self.skips:
            return o.Max(o.Squeeze(indices, [1]), o.number(-1, indices))
        steps = [product(self.axes[k + 1:]) for k in range(len(self.axes))]
        return o.ReduceSum(o.Mul(indices, o.cast(o.sizes(steps), indices.dtype)), [1], keepdims=0)

    def reference(self, indices: Array) -> Array:
        axes = Shape(self.axes).numbers()
        if self.skips:
            check_range(indices[indices >= 0], axes[0])
            return np.maximum(indices[:, 0], -1)
        check_places(indices, axes)
        return np.asarray(np.ravel_multi_index(tuple(indices.T), axes), indices.dtype)

    samples = (sample(whole([[4], [1]]), axes=[5]), sample(whole([[2, 3, 0], [0, 1, 1]]), axes=[3, 4, 2]),
               sample(integers(-3, 4, 9, 1, dtype="int64"), axes=[4], skips=True),
               sample(integers(0, 1, 0, 2), axes=[0, 3]))


def flat_places(indices: Any, sizes: Sequence[Size], skips: bool = False) -> Any:
    """(..., d) indices into the first d axes as a vector of numbers of slices; all 0 where no axis is indexed."""
    count = product(indices.shape[:-1])
    if not sizes:
        return L.broadcast_to(np.zeros((), indices.dtype.numpy), (count,))
    return L.flat_places(L.reshape(indices, (count, len(sizes))), tuple(sizes), skips)


def depth_of(indices: Shape, rank: int, axis: int = 0) -> int:
    """How many axes an array of places indexes.

    Raises
    ------
    ShapeError if its last size is not known, or larger than the number of axes.
    """
    if not indices or not isinstance(indices[-1], int):
        raise ShapeError(f"indices has shape {indices}; its last axis, one index an axis, needs a known size")
    if axis + indices[-1] > rank:
        raise ShapeError(f"indices has {indices[-1]} indices a place, for {rank - axis} axes")
    return indices[-1]


def check_places(indices: Array, sizes: Sequence[int]) -> None:
    """Raise IndexOutsideError if a place is outside its tensor."""
    for k, size in enumerate(sizes[:indices.shape[-1]]):
        wrong = indices[..., k][(indices[..., k] < 0) | (indices[..., k] >= size)]
        if wrong.size:
            raise IndexOutsideError(f"index {wrong.flat[0]} is outside [0, {size}) of axis {k}")


def check_updates(indices: Shape, updates: Shape, rest: Shape) -> None:
    """Raise ShapeError unless there is one slice for each place."""
    wanted = (*indices[:-1], *rest)
    if len(updates) != len(wanted):
        raise ShapeError(f"updates has shape {updates}; indices of shape {indices} want {Shape(wanted)}")
    for k, (a, b) in enumerate(zip(updates, wanted, strict=True)):
        merge(a, b, f"updates and the slices to change differ on axis {k}")
