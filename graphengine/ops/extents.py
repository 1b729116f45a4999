"""Numbers as sizes.

`Extent` is the one way from numbers to sizes: an array without elements that has them. Ops that are given a tensor for
an attribute that holds sizes take them from it (`Sized`).
"""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..dtypes import DType, float32, float64, int32, int64
from ..dtypes import bool as bool_
from ..errors import AttributeValueError, ShapeError
from ..ir.dims import UNKNOWN, Dim, Shape, SizeFacts
from ..ir.node import Tensor
from .kinds import REQUIRED, AnyType, Array, Bool, Dynamic, Index, NoGradient, Port, attr, port, variadic
from .known import Later, known_numbers
from .language import L
from .parts import Composed
from .registry import by_name, op
from .rules import refuse, reshaped
from .samples import booleans, integers, normal, sample, uniform, whole
from .state import Const

COUNTED = (float32, float64, int32, int64)


def refuse_negative(size: Any) -> None:
    """Have it checked, when its number is known, that an expression is not negative."""
    if isinstance(size, Dim) and any(factor < 0 for factor in size.terms.values()):
        size.facts.claim(Dim({(("min", size, 0),): 1}, size.facts), 0, "a size is negative")


@op
class Extent(Dynamic):
    """Numbers as sizes: an array without elements whose first sizes they are.

    Where the numbers follow from the sizes of other tensors, as those of ``shape(x)`` do, nothing waits for them.

    Parameters
    ----------
    whole : number of elements that an axis of size -1 makes up; -1 where there is no such axis

    Raises
    ------
    ShapeError for a negative size, or for sizes that do not make up the whole.

    Shapes
    ------
    sizes : (rank,), or a single number
    result : (*sizes, 0), bool
    """

    category = "Shape"
    internal = True
    inputs = (port("sizes", Index, "the numbers", "S"), port("whole", Index, "elements in all, or -1", "W"))
    gradient = NoGradient("sizes are whole numbers")

    def infer(self, inputs: Sequence[Tensor]) -> list[tuple[DType, Shape]]:
        self.check_dtypes([t.dtype for t in inputs])
        return [(bool_, self._shape(*inputs))]

    def _shape(self, sizes: Tensor, whole: Tensor) -> Shape:
        shape = sizes.shape
        if shape.rank not in (None, 0, 1):
            raise ShapeError(f"sizes have shape {shape}; they are a vector")
        numbers = known_numbers(sizes)
        if numbers is None:
            if shape.rank is None:
                return UNKNOWN
            rank = shape[0] if shape else 1
            return Shape((*[None] * rank, 0)) if isinstance(rank, int) else UNKNOWN
        return Shape((*self._filled(numbers.reshape(-1).tolist(), known_numbers(whole)), 0))

    def _filled(self, sizes: list[Any], elements: Any) -> Sequence[Any]:
        """Sizes with the hole filled; None where it is not known yet."""
        holes = [k for k, s in enumerate(sizes) if isinstance(s, int) and s == -1]
        total = None if elements is None else elements[()]
        if any(isinstance(s, int) and s < -1 for s in sizes) or (holes and isinstance(total, int) and total < 0):
            raise ShapeError(f"sizes {sizes} are negative")
        known = [None if isinstance(s, Later) else s for s in sizes]
        for s in known:
            refuse_negative(s)
        if not holes or total is None or isinstance(total, Later) or None in known:
            return [None if k in holes else s for k, s in enumerate(known)]
        return reshaped(Shape((total,)), known)

    def result_shape(self, sizes: Shape, whole: Shape) -> Shape:
        return UNKNOWN

    def settles(self, inputs: Sequence[Tensor], follows: Callable[[Tensor], bool]) -> bool:
        return inputs[0].shape.is_fully_defined() and all(map(follows, inputs))

    def settled(self, sizes: Any, whole: Any) -> Any:
        return L.broadcast_to(np.zeros((), np.bool_), tuple(self._shape(sizes, whole)))

    def to_onnx(self, o: Any, sizes: Any, whole: Any) -> Any:
        numbers = o.Reshape(o.cast(sizes, int64), [-1])
        if not (isinstance(whole.node.op, Const) and whole.node.op.value.array < 0):
            rest = o.Div(o.cast(whole, int64), o.Max(o.Neg(o.ReduceProd(numbers, keepdims=1)), [1]))
            numbers = o.Where(o.Less(numbers, [0]), rest, numbers)
        return o.Expand(np.array(False), o.Concat(numbers, [0], axis=0))

    def reference(self, sizes: Array, whole: Array) -> Array:
        numbers = self._filled(sizes.reshape(-1).tolist(), np.array(int(whole), object))
        return np.zeros((*[int(s) for s in numbers], 0), np.bool_)

    samples = (sample(whole([3, 2]), whole(-1)), sample(whole(4), whole(-1)), sample(whole([0, 5]), whole(-1)),
               sample(whole([2, -1]), whole(6)), sample(integers(1, 2, 0), whole(-1)))


@op
class Range(Dynamic):
    """The numbers from `start` to before `limit` in steps of `delta`.

    Raises
    ------
    InvalidArgumentError, when run, if delta is 0.

    Shapes
    ------
    start, limit, delta : single numbers
    result : (n,), known when they are
    """

    category = "Source"
    internal = True                         # users call range()
    inputs = (port("start", COUNTED, "first number"), port("limit", COUNTED, "end, not included"),
              port("delta", COUNTED, "step"))
    gradient = NoGradient("how many numbers there are is no smooth function")

    def infer(self, inputs: Sequence[Tensor]) -> list[tuple[DType, Shape]]:
        self.check_dtypes([t.dtype for t in inputs])
        for p, t in zip(self.inputs, inputs, strict=True):
            if t.shape.rank:
                raise ShapeError(f"{p.name} has shape {t.shape}; it is a single number")
        return [(inputs[0].dtype, Shape((self._count(inputs),)))]

    def _count(self, inputs: Sequence[Tensor]) -> Any:
        """How many numbers there are, where that follows from sizes."""
        known = [known_numbers(t) for t in inputs]
        if any(k is None for k in known):
            return None
        start, limit, delta = (k[()] for k in known if k is not None)
        if isinstance(start, Later) or isinstance(limit, Later):
            return None
        if not isinstance(delta, int) or not delta:
            return None
        if isinstance(start, int) and isinstance(limit, int):
            return len(range(start, limit, delta))
        distance = limit - start if delta > 0 else start - limit
        refuse_negative(distance)
        return (distance + abs(delta) - 1) // abs(delta)

    def result_shape(self, start: Shape, limit: Shape, delta: Shape) -> Shape:
        return Shape((None,))

    def settles(self, inputs: Sequence[Tensor], follows: Callable[[Tensor], bool]) -> bool:
        step = inputs[2].node.op
        return all(map(follows, inputs)) and isinstance(step, Const) and bool(step.value.array)

    def settled(self, start: Any, limit: Any, delta: Any) -> Any:
        return start + delta * L.iota(self._count([start, limit, delta]), 0, 1, start.dtype)

    def to_onnx(self, o: Any, start: Any, limit: Any, delta: Any) -> Any:
        return o.Range(start, limit, delta)

    def reference(self, start: Array, limit: Array, delta: Array) -> Array:
        refuse(delta == 0, "delta is 0")
        return np.asarray(np.arange(*[x.item() for x in (start, limit, delta)]), start.dtype)

    samples = (sample(whole(2), whole(11), whole(3)), sample(uniform(0.0, 1.0), uniform(5.0, 9.0), uniform(1.0, 2.0)),
               sample(whole(5), whole(0), whole(-2)), sample(whole(3), whole(3), whole(1)))


@op
class SegmentExtent(Dynamic):
    """The number of segments of ascending ids as a size: one more than the last id.

    Raises
    ------
    InvalidArgumentError, when run, if the ids are not ascending from 0 on.

    Shapes
    ------
    segment_ids : (n,)
    result : (number of segments, 0), bool
    """

    category = "Reduction"
    internal = True                         # users call math.segment_sum() and the like
    inputs = (port("segment_ids", Index, "ascending"),)
    gradient = NoGradient("sizes are whole numbers")

    def result_dtype(self, *types: DType) -> DType:
        return bool_

    def result_shape(self, ids: Shape) -> Shape:
        if len(ids) != 1:
            raise ShapeError(f"segment_ids has shape {ids}; it is a vector")
        return Shape((None, 0))

    def to_onnx(self, o: Any, ids: Any) -> Any:
        last = o.ReduceMax(o.Concat([-1], o.cast(ids, int64), axis=0), keepdims=1)
        return o.Expand(np.array(False), o.Concat(o.Add(last, [1]), [0], axis=0))

    def reference(self, ids: Array) -> Array:
        refuse((np.diff(ids, prepend=0) < 0), "segment_ids is not ascending from 0 on")
        return np.zeros((int(ids[-1]) + 1 if ids.size else 0, 0), np.bool_)

    samples = (sample(whole([0, 0, 1, 3])), sample(whole([2])), sample(integers(0, 1, 0)))


EXTENT = port("extent", Bool, "an array that has the sizes", "extent")


@op
class Sized(Composed):
    """The result of another op one of whose attributes is the sizes of an extent."""

    category = "Shape"
    internal = True
    inputs = (variadic("operands", AnyType, "the op's operands, then the extent"),)
    of: str = attr(REQUIRED, "saved name of the op")
    attribute: str = attr(REQUIRED, "which of its attributes")
    others: tuple[Any, ...] = attr((), "its other attributes: pairs of name and value", convert=tuple)

    @property
    def called(self) -> str:
        return self.of

    @property
    def how_many(self) -> str:
        """Of the attribute: how many sizes it takes."""
        fields: Any = dataclasses.fields(by_name(self.of))  # type: ignore[arg-type]
        kind = next((f.metadata["sizes"] for f in fields if f.name == self.attribute), None)
        if kind is None:
            raise AttributeValueError(f"{self.of} has no sizes {self.attribute!r}", op=self.name)
        return kind  # type: ignore[no-any-return]

    def sized(self, extent: Shape) -> Any:
        """The op with these sizes."""
        cls, kind, sizes = by_name(self.of), self.how_many, tuple(extent[:-1])
        if kind == "one" and len(sizes) != 1:
            raise ShapeError(f"{self.attribute} is a single number, not {len(sizes)}", op=self.of)
        return cls(**dict(self.others), **{self.attribute: sizes[0] if kind == "one" else sizes})

    def ports(self, count: int) -> tuple[Port, ...]:
        own = by_name(self.of).inputs
        if count != len(own) + 1 or not own or own[0].variadic:
            raise AttributeValueError(f"of={self.of!r} does not take {count - 1} operands and sizes", op=self.name)
        return (*own, EXTENT)

    def result_dtype(self, *types: DType) -> DType:
        count = 2 if self.how_many == "two" else 1
        return self.sized(Shape((*[1] * count, 0))).result_dtype(*types[:-1])  # type: ignore[no-any-return]

    def result_shape(self, *shapes: Shape) -> Shape:
        unknown = SizeFacts()
        extent = Shape(unknown.symbol(str(k)) if s is None else s for k, s in enumerate(shapes[-1]))
        found = self.sized(extent).result_shape(*shapes[:-1])
        return Shape(None if isinstance(s, Dim) and s.facts is unknown else s for s in found)

    def decompose(self, *operands: Any) -> Any:
        graph = operands[0].node.graph
        (result,) = graph.apply(self.sized(operands[-1].shape), list(operands[:-1]))
        return result

    def reference(self, *arrays: Array) -> Array:
        return self.sized(Shape(arrays[-1].shape)).reference(*arrays[:-1])  # type: ignore[no-any-return]

    samples = (
        sample(normal(3, 1), booleans(2, 3, 4, 0), of="broadcast_to", attribute="shape"),
        sample(normal(3, 4), booleans(6, 2, 0), of="reshape", attribute="shape"),
        sample(normal(2, 3), booleans(2, 1, 0), of="tile", attribute="multiples"),
        sample(normal(), booleans(0, 3, 0), of="broadcast_to", attribute="shape"),
    )
