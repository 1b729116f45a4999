"""Results whose sizes depend on numbers: which elements differ, where a condition holds, what belongs to which part."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType, as_dtype, int32, int64
from ..dtypes import bool as bool_
from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .gather import check_range
from .kinds import REQUIRED, AnyType, Array, Dynamic, Index, NoGradient, attr, port
from .language import L
from .parts import Composed
from .registry import abstract, op
from .rules import as_int, normal_axis
from .samples import booleans, integers, normal, nowhere, sample, values, whole


def first_places(x: Array) -> tuple[Array, Array]:
    """Where each different element of a vector stands first, in order, and the number of each element's own.

    NaN differs from every number, itself too.
    """
    x = x.astype(np.float32) if x.dtype.kind == "V" else x  # bfloat16, among which numpy puts NaN anywhere
    _, first, sorted_number = np.unique(x, return_index=True, return_inverse=True, equal_nan=False)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return first[order], number[sorted_number]


@abstract
class _Unique(Dynamic):
    category = "Sorting"
    inputs = (port("x", AnyType, "a vector"),)
    out_idx: DType = attr(int32, "type of the indices, int32 or int64", choices=Index, convert=as_dtype)
    gradient = NoGradient("which elements are equal is no smooth function")

    def found(self, o: Any, x: Any) -> tuple[Any, Any, Any]:
        """y, idx and count in ONNX; evaluators compare whole numbers as int64."""
        y, _, idx, count = o.Unique(o.cast(x, int64) if x.dtype.is_integer else x, sorted=0, results=4)
        return o.cast(y, x.dtype), o.cast(idx, self.out_idx), o.cast(count, self.out_idx)

    samples = (sample(integers(0, 4, 9)), sample(whole([3, 1, 3, 3, 2, 1]), out_idx="int64"), sample(normal(0)),
               sample(normal(1)), sample(values(0.0, -0.0, np.inf, np.inf, 0.0)), sample(normal(20)))


@op
class Unique(_Unique):
    """The different elements of a vector in the order in which they come first, and for each element its place there.

        x[k] = y[idx[k]]

    Returns
    -------
    y and idx, which can be fetched and used each on its own.

    Raises
    ------
    ShapeError if x is no vector.

    Shapes
    ------
    x : (n,)
    y : (m,), known when it has run
    idx : (n,)
    """

    names = ("unique",)
    fields = ("y", "idx")

    def result_dtype(self, *types: DType) -> tuple[DType, DType]:
        return types[0], self.out_idx

    def result_shape(self, x: Shape) -> tuple[Shape, Shape]:
        if len(x) != 1:
            raise ShapeError(f"x has shape {x}; it is a vector", fix="reshape(x, [-1])")
        return Shape((None,)), x

    def to_onnx(self, o: Any, x: Any) -> Any:
        y, idx, _ = self.found(o, x)
        return y, idx

    def reference(self, x: Array) -> tuple[Array, Array]:
        first, found = first_places(x)
        return x[first], found.astype(self.out_idx.numpy)


@op
class UniqueWithCounts(_Unique):
    """As `unique`, and how often each different element occurs.

    Returns
    -------
    y, idx and count.

    Raises
    ------
    ShapeError if x is no vector.

    Shapes
    ------
    x : (n,)
    y, count : (m,), known when it has run
    idx : (n,)
    """

    names = ("unique_with_counts",)
    fields = ("y", "idx", "count")

    def result_dtype(self, *types: DType) -> tuple[DType, DType, DType]:
        return types[0], self.out_idx, self.out_idx

    def result_shape(self, x: Shape) -> tuple[Shape, Shape, Shape]:
        y, idx = Unique().result_shape(x)
        return y, idx, y

    def to_onnx(self, o: Any, x: Any) -> Any:
        return self.found(o, x)

    def reference(self, x: Array) -> tuple[Array, Array, Array]:
        y, idx = Unique(self.out_idx).reference(x)
        return y, idx, np.bincount(idx, minlength=len(y)).astype(self.out_idx.numpy)


def places_in_onnx(o: Any, condition: Any, rank: int) -> Any:
    """Where a condition holds; for a single one the standard and evaluators differ in their number of axes."""
    if rank:
        return o.Transpose(o.NonZero(condition), perm=[1, 0])
    return o.Slice(o.Transpose(o.NonZero(o.Reshape(condition, [1])), perm=[1, 0]), [0], [0], [1])


@op
class PlacesWhere(Dynamic):
    """The indices of the elements that are not 0 or false, in the order of the elements.

    Shapes
    ------
    condition : any
    result : (number of such elements, number of axes)
    """

    category = "Indexing"
    internal = True                         # users call where(condition)
    node_name = "Where"
    inputs = (port("condition", AnyType, "elements"),)
    gradient = NoGradient("places are no smooth function")

    def result_dtype(self, *types: DType) -> DType:
        return int64

    def result_shape(self, condition: Shape) -> Shape:
        return Shape((None, len(condition)))

    def to_onnx(self, o: Any, condition: Any) -> Any:
        return places_in_onnx(o, o.cast(condition, bool_), len(condition.shape))

    def reference(self, condition: Array) -> Array:
        if not condition.ndim:
            return np.zeros((int(condition != 0), 0), np.int64)
        return np.argwhere(condition).astype(np.int64)

    samples = (sample(booleans(7)), sample(normal(3, 4)), sample(nowhere(5)), sample(booleans(0, 3)),
               sample(booleans(2, 3, 2)), sample(booleans()), sample(values(0.0, np.nan, -0.0, 2.0)))


@op
class PlacesOfParts(Dynamic):
    """For each part of a partition the indices of the elements that belong to it.

    Returns
    -------
    A tensor for each part.

    Raises
    ------
    IndexOutsideError, when run, for a number outside [0, num_partitions).

    Shapes
    ------
    partitions : any
    results : (number of such elements, number of axes)
    """

    category = "Indexing"
    internal = True                         # users call dynamic_partition()
    node_name = "DynamicPartition"
    inputs = (port("partitions", Index, "the part of each element"),)
    num_partitions: int = attr(REQUIRED, "how many parts there are", low=1, convert=as_int)
    gradient = NoGradient("places are no smooth function")

    def _each(self, value: Any) -> Any:
        return value if self.num_partitions == 1 else (value,) * self.num_partitions

    def result_dtype(self, *types: DType) -> Any:
        return self._each(int64)

    def result_shape(self, partitions: Shape) -> Any:
        return self._each(Shape((None, len(partitions))))

    def to_onnx(self, o: Any, partitions: Any) -> Any:
        return tuple(places_in_onnx(o, o.Equal(partitions, o.number(k, partitions)), len(partitions.shape))
                     for k in range(self.num_partitions))

    def reference(self, partitions: Array) -> Any:
        check_range(partitions, self.num_partitions)
        found = [PlacesWhere().reference(partitions == k) for k in range(self.num_partitions)]
        return found[0] if len(found) == 1 else tuple(found)

    samples = (sample(integers(0, 3, 7), num_partitions=3), sample(integers(0, 2, 2, 3), num_partitions=2),
               sample(integers(0, 1, 0), num_partitions=2), sample(whole([0, 0]), num_partitions=1),
               sample(whole(1), num_partitions=2))


@op
class Masked(Composed):
    """The slices of a tensor at the places of a mask that hold.

    Shapes
    ------
    tensor : (*outer, *mask, *inner), with as many outer axes as `axis`
    mask : lends its shape
    places : (n, number of axes of the mask)
    result : (*outer, n, *inner)

    Raises
    ------
    ShapeError if the mask has other sizes than those axes of the tensor.
    """

    category = "Indexing"
    internal = True                         # users call boolean_mask()
    node_name = "boolean_mask"
    inputs = (port("tensor", AnyType, "what is chosen from"), port("mask", AnyType, "lends its shape", "M"),
              port("places", Index, "where the mask holds", "I"))
    axis: int = attr(0, "first axis of the tensor that the mask is for", convert=as_int)

    def result_shape(self, tensor: Shape, mask: Shape, places: Shape) -> Shape:
        first = normal_axis(self.axis, len(tensor) + 1)
        behind = first + len(mask)
        if behind > len(tensor) or not len(mask):
            raise ShapeError(f"mask has shape {mask}, tensor {tensor} from axis {first} on")
        for k, (a, b) in enumerate(zip(tensor[first:behind], mask, strict=True)):
            merge(a, b, f"mask and tensor differ on axis {k} of the mask")
        return Shape((*tensor[:first], places[0], *tensor[behind:]))

    def decompose(self, tensor: Any, mask: Any, places: Any) -> Any:
        first = normal_axis(self.axis, tensor.rank + 1)
        number, step = places[:, -1], mask.shape[-1]
        for k in reversed(range(mask.rank - 1)):
            number = number + places[:, k] * L.size_value(step, places.dtype)
            step = step * mask.shape[k]
        shape = tensor.shape
        return L.gather(L.reshape(tensor, (*shape[:first], step, *shape[first + mask.rank:])), number, None, first)

    def reference(self, tensor: Array, mask: Array, places: Array) -> Array:
        rest = np.moveaxis(tensor, range(self.axis), range(-self.axis, 0)) if self.axis else tensor
        found = rest[tuple(places.T)]
        return np.moveaxis(found, range(-self.axis, 0), range(self.axis)) if self.axis else found

    samples = (sample(normal(5, 3), booleans(5), whole([[0], [3], [4]])),
               sample(normal(2, 3, 4), booleans(2, 3), whole([[0, 2], [1, 0]])),
               sample(normal(2, 3, 4), booleans(3), whole([[1], [2]]), axis=1),
               sample(normal(2, 3, 4, 2), booleans(3, 4), whole([[1, 3], [2, 0], [2, 1]]), axis=1),
               sample(normal(3), booleans(3), integers(0, 3, 0, 1)))
