"""Where values come from and where they are kept: constants, placeholders, variables, sizes."""
from __future__ import annotations

from collections.abc import Sequence
from threading import RLock
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import DType, as_dtype
from ..errors import ShapeError
from ..ir.dims import Dim, Shape, Size, merge, product
from ..ir.node import Tensor
from .kinds import REQUIRED, AnyType, Array, Effect, Elementwise, NoGradient, Numeric, Source, attr, port
from .registry import op
from .samples import normal, sample


class ArrayValue:
    """An array as an attribute: read-only, hashable, equal when dtype, shape and bytes are."""

    __slots__ = ("_hash", "array")

    def __init__(self, array: Any) -> None:
        self.array: Array = np.array(array, order="C")
        self.array.setflags(write=False)
        self._hash: int | None = None

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, ArrayValue) and self.array.dtype == other.array.dtype
            and self.array.shape == other.array.shape and self.array.tobytes() == other.array.tobytes()
        )

    def __hash__(self) -> int:
        if self._hash is None:
            self._hash = hash((self.array.dtype.str, self.array.shape, self.array.tobytes()))
        return self._hash

    def __repr__(self) -> str:
        return np.array2string(self.array, threshold=8, separator=", ").replace("\n", "")


def as_array_value(value: Any) -> ArrayValue:
    return value if isinstance(value, ArrayValue) else ArrayValue(value)


def as_shape(value: Any) -> Shape:
    """A list with None for unknown sizes, or None for unknown rank."""
    if value is None or isinstance(value, Shape):
        return Shape(value)
    items = [value] if isinstance(value, (int, np.integer)) else value
    return Shape(None if s is None or (not isinstance(s, Dim) and s == -1) else s if isinstance(s, Dim) else int(s)
                 for s in items)


@op
class Const(Source):
    """A value that is part of the graph."""

    category = "Source"
    internal = True                         # users call constant()
    drawn = True
    value: ArrayValue = attr(REQUIRED, "the numbers", convert=as_array_value)

    def result_dtype(self) -> DType:
        return as_dtype(self.value.array.dtype)

    def result_shape(self) -> Shape:
        return Shape(self.value.array.shape)

    def reference(self) -> Array:
        return self.value.array


@op
class Placeholder(Source):
    """A value that is fed at each run."""

    category = "Source"
    internal = True                         # users call placeholder()
    drawn = is_fed = True
    dtype: DType = attr(dtypes.float32, "type of the elements", convert=as_dtype)
    shape: Shape = attr(None, "sizes, None where they differ from run to run", convert=as_shape)

    def result_dtype(self) -> DType:
        return self.dtype

    def result_shape(self) -> Shape:
        return self.shape


@op
class PlaceholderWithDefault(Source):
    """A value that may be fed; if it is not, it is that of another tensor."""

    category = "Source"
    names = ("placeholder_with_default",)
    inputs = (port("input", AnyType, "what it is unless it is fed"),)
    shape: Shape = attr(REQUIRED, "sizes that a feed may have, None where they differ", convert=as_shape)

    def result_shape(self, x: Shape) -> Shape:
        if self.shape.rank is not None:
            if len(x) != len(self.shape):
                raise ShapeError(f"the default has shape {x}, the placeholder takes {self.shape}")
            for k, (wanted, size) in enumerate(zip(self.shape, x, strict=True)):
                merge(wanted, size, f"placeholder and default differ on axis {k}")
        return self.shape

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g


class Kept(Source):
    """A place in the session that keeps its value from run to run.

    As the first operand of an `Effect` the tensor stands for the place; everywhere else for the value that
    it holds when a run begins.
    """

    category = "State"
    internal = True
    reads_inputs = False

    def start(self) -> Array | None:
        """The value in a new session; None where an initializer has to run."""
        return None


class Storage:
    """Memory of a variable that lives outside sessions: graphs refer to it, and its address stays.

    array : the value
    name : of the variable
    trainable : whether optimizers change it
    owner : the variable that users hold
    lock : held by who changes it and lets other threads run meanwhile
    """

    __slots__ = ("array", "lock", "name", "owner", "trainable")

    def __init__(self, array: Array, name: str, trainable: bool, owner: Any) -> None:
        self.array = array
        self.name = name
        self.trainable = trainable
        self.owner = owner
        self.lock = RLock()


@op
class SharedVariable(Kept):
    """A variable of the program around the graph: every graph and session that uses it sees one value."""

    node_name = "Variable"
    is_shared = True
    storage: Storage = attr(REQUIRED, "the variable's memory")

    @property
    def trainable(self) -> bool:
        return self.storage.trainable

    def result_dtype(self) -> DType:
        return as_dtype(self.storage.array.dtype)

    def result_shape(self) -> Shape:
        return Shape(self.storage.array.shape)

    def start(self) -> Array:
        return self.storage.array


@op
class Variable(Kept):
    """A value that programs see, initialize, save and load.

    The initial value is an input, but only the initializer computes it.

    Shapes
    ------
    initial_value : the variable's own
    """

    drawn = True
    inputs = (port("initial_value", AnyType, "its value in the beginning"),)
    trainable: bool = attr(True, "whether optimizers change it")

    def result_shape(self, initial_value: Shape) -> Shape:
        return initial_value


SEEN = (Variable, SharedVariable)           # what programs know as variables


@op
class State(Source):
    """The value that a variable has when a run begins; stands for reads once effects are resolved."""

    category = "State"
    internal = True
    variable: str = attr(REQUIRED, "name of the variable")
    dtype: DType = attr(dtypes.float32, "type of the elements", convert=as_dtype)
    shape: Shape = attr((), "sizes", convert=as_shape)

    def result_dtype(self) -> DType:
        return self.dtype

    def result_shape(self) -> Shape:
        return self.shape


@op
class SizeValue(Source):
    """A number computed from the sizes of the feeds, known when the program is bound."""

    category = "Source"
    internal = True
    size: Size = attr(REQUIRED, "the size")
    dtype: DType = attr(dtypes.float32, "type of the number", convert=as_dtype)

    def result_dtype(self) -> DType:
        return self.dtype

    def result_shape(self) -> Shape:
        return Shape(())

    def to_onnx(self, o: Any) -> Any:
        return o.cast(o.reshape(o.size(self.size), ()), self.dtype)

    def reference(self) -> Array:
        return np.asarray(self.size, self.dtype.numpy)


class Counting(Source):
    """Numbers that follow from the places of elements, so that a loop makes them from its indices."""

    category = "Source"
    internal = True


@op
class Iota(Counting):
    """0, 1, 2, ... along one axis, of size 1 along the others."""

    size: Size = attr(REQUIRED, "length of the axis")
    axis: int = attr(0, "the axis that counts", low=0)
    rank: int = attr(1, "number of axes", low=1)
    dtype: DType = attr(dtypes.int32, "type of the numbers", convert=as_dtype)

    def result_dtype(self) -> DType:
        return self.dtype

    def result_shape(self) -> Shape:
        return Shape(self.size if k == self.axis else 1 for k in range(self.rank))

    def to_onnx(self, o: Any) -> Any:
        shape = [-1 if k == self.axis else 1 for k in range(self.rank)]
        return o.reshape(o.cast(o.counted(self.size), self.dtype), shape)

    def reference(self) -> Array:
        return np.arange(self.size).astype(self.dtype.numpy).reshape(self.result_shape().numbers())  # type: ignore[arg-type]


@op
class Positions(Counting):
    """The number of each element when elements are counted row by row."""

    shape: Shape = attr(REQUIRED, "sizes", convert=as_shape)

    def result_dtype(self) -> DType:
        return dtypes.int64

    def result_shape(self) -> Shape:
        return self.shape

    def to_onnx(self, o: Any) -> Any:
        return o.reshape(o.counted(product(self.shape)), self.shape)  # type: ignore[arg-type]

    def reference(self) -> Array:
        sizes = self.shape.numbers()
        return np.arange(int(np.prod(sizes)), dtype=np.int64).reshape(sizes)


@op
class Copy(Elementwise):
    """The same elements in a buffer of their own; put in where a view has to become dense."""

    category = "State"
    internal = True
    inputs = (port("x", AnyType, "the elements"),)
    expression = "{x}"

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.Identity(x)

    def reference(self, x: Array) -> Array:
        return np.array(x)

    def gradient(self, g: Any, y: Any, x: Any) -> Any:
        return g

    samples = (sample(normal(3, 4)), sample(normal()))


@op
class NoOp(Source):
    """Nothing: a node to hang control dependencies on."""

    category = "Control"
    internal = True

    def infer(self, inputs: Sequence[Tensor]) -> list[tuple[DType, Shape]]:
        return []

    def result_shape(self) -> Shape:
        return Shape(())


class _Assignment(Effect):
    gradient = NoGradient("an assignment is not differentiated")
    inputs = (
        port("ref", AnyType, "the variable's handle"),
        port("value", AnyType, "array of the variable's shape"),
    )

    def result_shape(self, ref: Shape, value: Shape) -> Shape:
        if ref.rank is not None and value.rank is not None:
            if len(ref) != len(value):
                raise ShapeError(f"the variable has shape {ref}, the value {value}")
            for k, (a, b) in enumerate(zip(ref, value, strict=True)):
                merge(a, b, f"sizes of variable and value differ on axis {k}")
        return ref


@op
class ReadVariable(Effect):
    """The value that a variable has after the assignments this read depends on."""

    category = "State"
    internal = True                         # a Variable reads itself
    node_name = "Read"
    inputs = (port("ref", AnyType, "the variable's handle"),)

    def result_shape(self, ref: Shape) -> Shape:
        return ref

    def updated(self, old: Any, *values: Any) -> Any:
        return old

    def gradient(self, g: Any, y: Any, *inputs: Any) -> Any:
        return g


@op
class Assign(_Assignment):
    """Give a variable a new value."""

    category = "State"
    internal = True
    drawn = True

    def updated(self, old: Any, *values: Any) -> Any:
        return values[0]


@op
class AssignAdd(_Assignment):
    """Add to a variable."""

    category = "State"
    internal = True
    drawn = True
    inputs = (
        port("ref", Numeric, "the variable's handle"),
        port("value", Numeric, "array of the variable's shape"),
    )

    def updated(self, old: Any, *values: Any) -> Any:
        return old + values[0]


@op
class AssignSub(_Assignment):
    """Subtract from a variable."""

    category = "State"
    internal = True
    drawn = True
    inputs = AssignAdd.inputs

    def updated(self, old: Any, *values: Any) -> Any:
        return old - values[0]
