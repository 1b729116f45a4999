"""The protocol of an op, and the five kinds that differ in how an op becomes machine code.

    Elementwise   an expression of one element of each input
    Reduction     an identity and a step, along axes
    Movement      an index map; nothing is computed
    Library       a named kernel, written by hand
    Composite     other ops

A `Control` op is a library op whose kernel runs other programs: those of its regions. A `Dynamic` op becomes no
machine code: numpy runs it between two programs; an `External` one of them calls a function of the user's. Beside them
stand `Source` (values that come from outside the program) and `Effect` (changes of a variable); both are gone before
anything is lowered. Ops are immutable and hashable; their attributes are dataclass fields. What an op may leave out and
what it must have is checked by `registry.op`.
"""
from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Protocol

import numpy as np

from .. import dtypes
from ..dtypes import DType
from ..errors import AttributeValueError, DTypeError, GraphEngineError, IndexOutsideError, ShapeError
from ..ir.dims import UNKNOWN, Dim, Shape, Size, broadcast, evaluate
from ..ir.node import Tensor
from ..ir.region import Region
from ..values import dataclass
from .attributes import REQUIRED as REQUIRED
from .attributes import allowed
from .attributes import attr as attr
from .samples import Sample

Array = np.ndarray[Any, Any]
Gradient = Any                              # an operand, None, or a tuple of them, one for each input
DrawRegion = Callable[[Region, Sequence[tuple[DType, Shape]]], Region]


# -------------------------------------------------------------------- parts of a declaration

@dataclass(frozen=True)
class Port:
    """An input of an op.

    name : argument name, TensorFlow's
    accepts : data types it takes
    doc : what it is
    same : ports with the same letter have the same dtype
    variadic : a list of operands (then it is the op's only port)
    """

    name: str
    accepts: tuple[DType, ...]
    doc: str
    same: str = "T"
    variadic: bool = False


def port(name: str, accepts: tuple[DType, ...], doc: str, same: str = "T") -> Port:
    return Port(name, accepts, doc, same)


def variadic(name: str, accepts: tuple[DType, ...], doc: str) -> Port:
    return Port(name, accepts, doc, variadic=True)




class NoGradient:
    """The reason why an op has no gradient; such an op cuts the path, as in TensorFlow."""

    def __init__(self, why: str) -> None:
        self.why = why

    def __call__(self, g: Any, y: Any, *inputs: Any) -> None:
        return None


# -------------------------------------------------------------------- the protocol

class Op:
    """Base of all ops. Subclass one of the kinds below, not this."""

    kind: ClassVar[str]
    name: ClassVar[str]                     # saved name, from the class name
    node_name: ClassVar[str]                # first name of its nodes in a graph
    names: ClassVar[tuple[str, ...]] = ()   # public names, if other than `name`
    inputs: ClassVar[tuple[Port, ...]] = ()
    category: ClassVar[str]
    operator: ClassVar[str | None] = None   # "+" and the like
    onnx: ClassVar[str | None] = None
    samples: ClassVar[tuple[Sample, ...]] = ()
    fields: ClassVar[tuple[str, ...]] = ()  # names of several results, where TensorFlow names them
    at_run_time: ClassVar[Callable[..., Any] | None] = None    # called instead where an attribute is a tensor
    needed: ClassVar[str | None] = None     # an attribute without which that is called, too
    alone: ClassVar[str | None] = None      # saved name of what is meant where only the first operand is given
    internal: ClassVar[bool] = False        # made by the engine only, not by users
    drawn: ClassVar[bool | None] = None     # whether people draw it as a card; None: unless it is internal
    takes_missing: ClassVar[bool] = False   # its gradient rule sees None, not zeros, for a result without gradient
    reads_inputs: ClassVar[bool] = True     # False: running the node does not need its inputs
    is_fed: ClassVar[bool] = False          # each run is given its value
    draws: ClassVar[bool] = False           # what it gives is other numbers in each run, from which others follow
    is_shared: ClassVar[bool] = False       # its value is that of the program, not of a session
    is_costly: ClassVar[bool] = False       # a loop keeps its results for the gradient instead of computing them again
    in_own_type: ClassVar[bool] = False     # also narrow operands are not widened; see `computing_types`

    computing: dict[Any, Any]               # what `ops.apply` remembers about types of operands
    infers_from_shapes: ClassVar[bool]      # whether dtypes and shapes of the inputs decide those of the results

    def __init_subclass__(cls) -> None:
        cls.infers_from_shapes = cls.infer is Op.infer

    # One constructor, comparison and hash for all ops: generating them for each class, as dataclasses do, would
    # double the time that importing the package takes.

    def __init__(self, *args: Any, **attributes: Any) -> None:
        """Attributes in their order or by name.

        Raises
        ------
        TypeError for a missing or unknown attribute, AttributeValueError for a value that is not allowed.
        """
        declared = dataclasses.fields(self)  # type: ignore[arg-type]
        if len(args) > len(declared):
            raise TypeError(f"{type(self).__name__} takes {len(declared)} attributes, got {len(args)}")
        given = {**dict(zip((f.name for f in declared), args, strict=False)), **attributes}
        for f in declared:
            value = given.pop(f.name, f.default)
            if value is REQUIRED:
                raise TypeError(f"{type(self).__name__} wants {f.name}")
            try:
                value = allowed(f, value)
            except AttributeValueError as error:
                raise error.located(op=self.name) from None
            self.__dict__[f.name] = value
        if given:
            raise TypeError(f"{type(self).__name__} has no attribute {', '.join(given)}")
        values = [self.__dict__[f.name] for f in declared]
        self.__dict__["_key"] = tuple((type(v), repr(v) if isinstance(v, float) else v) for v in values)
        self.__dict__["computing"] = {}

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is immutable; use dataclasses.replace")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__["_key"] == other.__dict__["_key"]

    def __hash__(self) -> int:
        found = self.__dict__.get("_hash")
        if found is None:                   # an op that is applied again and again is hashed as often
            found = self.__dict__["_hash"] = hash((type(self), self.__dict__["_key"]))
        return found

    def changed_attributes(self) -> dict[str, Any]:
        """Attributes whose values are not the defaults."""
        found = {}
        for f in dataclasses.fields(self):  # type: ignore[arg-type]
            value = getattr(self, f.name)
            convert = f.metadata["convert"]
            default = convert(f.default) if convert and f.default is not REQUIRED else f.default
            if default is REQUIRED or value != default:
                found[f.name] = value
        return found

    # `**_` lets each class write the parameters that its ports have.

    # ------------------------------------------------ inference

    def infer(self, inputs: Sequence[Tensor]) -> list[tuple[DType, Shape]]:
        """dtype and shape of each result. Shapes are unknown where an input's rank is."""
        self.check_dtypes([t.dtype for t in inputs])
        types = _as_tuple(self.result_dtype(*[t.dtype for t in inputs]))
        if any(t.shape.rank is None for t in inputs):
            return [(t, UNKNOWN) for t in types]
        shapes = self.result_shape(*[t.shape for t in inputs])
        several = len(types) > 1
        return list(zip(types, [Shape(s) for s in shapes] if several else [Shape(shapes)], strict=True))

    def check_dtypes(self, types: Sequence[DType]) -> None:
        """Raise DTypeError if an input's type is not accepted or differs from one it must equal."""
        first: dict[str, tuple[str, DType]] = {}
        for p, t in zip(self.ports(len(types)), types, strict=True):
            if t not in p.accepts:
                raise DTypeError(
                    f"{p.name} is {t.name}; it takes {', '.join(a.name for a in p.accepts)}",
                    fix=f"cast({p.name}, {p.accepts[0].name})",
                )
            name, other = first.setdefault(p.same, (p.name, t))
            if other is not t:
                raise DTypeError(
                    f"dtypes differ: {other.name} ({name}) and {t.name} ({p.name})",
                    fix=f"cast one of them, e.g. cast({p.name}, {other.name})",
                )

    def ports(self, count: int) -> tuple[Port, ...]:
        """The port of each of `count` inputs."""
        if self.inputs and self.inputs[0].variadic:
            return self.inputs * count
        return self.inputs

    def label_operands(self, texts: Sequence[str]) -> list[tuple[str, str]]:
        """The descriptions of the operands beside their port names, for an error."""
        return [(p.name, text) for p, text in zip(self.ports(len(texts)), texts, strict=True)]

    def result_dtype(self, *types: Any, **_: Any) -> Any:
        """dtype of the result; a tuple for several."""
        return types[0]

    def result_shape(self, *shapes: Any, **_: Any) -> Any:
        """Shape of the result; a tuple of shapes for several. Raises ShapeError."""
        raise NotImplementedError(type(self).__name__)

    @property
    def called(self) -> str:
        """The name in its errors: of what the user wrote."""
        return self.name

    def failure(self, *types: DType) -> tuple[str, str] | None:
        """Of an op that becomes an expression: kernel text of whether an element of these types has no result, and what
        is wrong then.

        The loop goes on all the same, with any value in the element's place, so that it stays a loop of vectors; the
        kernel says at its end that there was such an element. `reference` raises InvalidArgumentError.
        """
        return None

    def can_fail(self, *types: DType) -> bool:
        """Whether some values of these types make the op an error, found while it runs."""
        return self.failure(*types) is not None

    def computing_types(self, types: Sequence[DType]) -> tuple[DType, ...]:
        """The types that operands of `types` are computed in.

        Narrow numbers become wide, unless the op only moves or compares them, as one that takes bool too must.
        """
        ports = self.ports(len(types))
        if self.in_own_type or not any(t.is_narrow for t in types):
            return tuple(types)
        computed = {p.same for p in ports if dtypes.bool not in p.accepts}
        return tuple(t.wide if p.same in computed else t for p, t in zip(ports, types, strict=True))

    # ------------------------------------------------ meaning

    def to_onnx(self, o: Any, /, *inputs: Any, **_: Any) -> Any:
        """The same as nodes of ONNX, made by `o`, see `io.onnx_nodes.Nodes`, or from other ops.

        None where there is no such node; a composite is opened then.
        """
        return None if self.onnx is None or dataclasses.fields(self) else o.node(self.onnx, *inputs)  # type: ignore[arg-type]

    def with_sizes(self, sizes: Mapping[str, int]) -> Op:
        """The op with numbers in the place of size expressions among its attributes."""
        changed = {}
        for f in dataclasses.fields(self) if sizes else ():  # type: ignore[arg-type]
            value = getattr(self, f.name)
            items = value if isinstance(value, tuple) else (value,)
            if any(isinstance(s, Dim) for s in items):
                numbers = [evaluate(s, sizes) if isinstance(s, Dim) else s for s in items]
                changed[f.name] = type(value)(numbers) if isinstance(value, tuple) else numbers[0]
        return dataclasses.replace(self, **changed) if changed else self  # type: ignore[type-var]

    def values_of(self, *arrays: Any) -> tuple[Array, ...]:
        """`reference` of arrays of any dtype: narrow ones are computed wide, then rounded or wrapped around."""
        types = [dtypes.as_dtype(a.dtype) for a in arrays]
        wide = self.computing_types(types)
        results = _as_tuple(self.reference(*[a.astype(w.numpy, copy=False) for a, w in zip(arrays, wide, strict=True)]))
        if wide == tuple(types):
            return results
        with np.errstate(all="ignore"):
            wanted = _as_tuple(self.result_dtype(*types))
            return tuple(np.asarray(r).astype(t.numpy, copy=False) for r, t in zip(results, wanted, strict=True))

    def reference(self, *arrays: Any, **_: Any) -> Any:
        """The definition, in numpy."""
        raise NotImplementedError(type(self).__name__)

    def gradient(self, g: Any, y: Any, /, *inputs: Any, **_: Any) -> Gradient:
        """Gradient with respect to each input, given `g`, that of the result `y`."""
        raise NotImplementedError(type(self).__name__)


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,)


class Elementwise(Op):
    """One element of the result from one element of each input, sizes broadcast.

    `expression` is kernel text with the port names in braces; ``{T}`` is the code of the first input's
    dtype and ``{R}`` that of the result: ``"exp_{T}({x})"``.
    """

    kind = "Elementwise"
    expression: ClassVar[str]
    returns: ClassVar[DType | None] = None  # result dtype, if not the first input's
    commutative: ClassVar[bool] = False
    cost: ClassVar[int] = 1                 # rough number of machine operations

    def result_dtype(self, *types: DType) -> DType:
        return self.returns or types[0]

    def result_shape(self, *shapes: Shape) -> Shape:
        return broadcast_shapes([p.name for p in self.inputs], shapes)


class Reduction(Op):
    """Axes folded into one element, which keeps its axis with size 1.

    Only these keep-axes forms reach the compiler; the public ops are composites over them.
    """

    kind = "Reduction"
    axes: tuple[int, ...]
    step: ClassVar[str]                     # kernel text of acc, x

    def identity(self, dtype: DType) -> Any:
        """The value that changes nothing: what an empty axis gives."""
        raise NotImplementedError(type(self).__name__)

    def result_shape(self, x: Shape) -> Shape:
        return Shape(1 if k in self.axes else s for k, s in enumerate(x))

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.node(self.onnx, x, self.axes) if self.axes else o.Identity(x)


@dataclass(frozen=True)
class AxisSource:
    """Where an index along an input's axis comes from: ``start + step * index[axis]``, or `start` alone."""

    axis: int | None
    start: Size = 0
    step: Size = 1


@dataclass(frozen=True)
class Placement:
    """Where an input's elements go in the result: ``start + step * index`` along each axis."""

    starts: tuple[Size, ...]
    steps: tuple[Size, ...]


class Movement(Op):
    """Elements in another arrangement. One of three answers, whichever the op can give:

    * `view`: each index of the input is an affine function of one index of the result (free as a load);
    * `is_reshape`: the same elements in the same order (free on a dense buffer);
    * `placements`: where each input goes in a result that holds `fill` elsewhere (stores with offsets).
    """

    kind = "Movement"
    is_reshape: ClassVar[bool] = False
    fill: ClassVar[float | None] = None     # None: the placements cover everything

    def view(self, x: Shape, y: Shape) -> tuple[AxisSource, ...] | None:
        """One AxisSource for each axis of the input, or None."""
        return None

    def placements(self, inputs: Sequence[Shape], y: Shape) -> tuple[Placement | None, ...]:
        """One Placement for each input, None for an input that only lends its shape."""
        raise NotImplementedError(type(self).__name__)


@dataclass(frozen=True)
class Call:
    """A call of a hand-written kernel.

    kernel : its name in `codegen.kernels`
    sizes : what it finds in its table of sizes
    extent : number of slices of its outermost loop
    scratch : dtype and number of elements of each buffer that it writes and nobody reads, after the results
    in_place : its name where the result has the memory of what the op overwrites, if that is another kernel
    """

    kernel: str
    sizes: tuple[Size, ...]
    extent: Size
    scratch: tuple[tuple[DType, Size], ...] = ()
    in_place: str | None = None


class Library(Op):
    """A hand-written kernel. Its buffers are the inputs, then the results, all dense, then the scratch of its call."""

    kind = "Library"
    cost: ClassVar[int] = 100
    is_costly = True
    raises: ClassVar[type[GraphEngineError]] = IndexOutsideError      # what a code other than 0 becomes
    overwrites: ClassVar[int | None] = None  # operand that may have the same memory as the result
    has_sums: ClassVar[bool] = False        # whether `ops.finished` knows what its kernel does before it stores

    @property
    def title(self) -> str:
        """What its kernel does, in a list of kernels."""
        return self.name

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        raise NotImplementedError(type(self).__name__)

    def operations(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Size | None:
        """Rough number of arithmetic operations, for people who measure; None if nobody has counted."""
        return None

    def can_fail(self, *types: DType) -> bool:
        return type(self).explain_code is not Library.explain_code

    def explain_code(self, code: int) -> str:
        """What a result other than 0 of the kernel means."""
        return f"the kernel returned {code}"


class RunRegion(Protocol):
    """What a control op's definition asks of the interpreter."""

    def __call__(self, region: Region, arrays: Sequence[Array]) -> list[Array]:
        """Values of a region's outputs."""

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        """The real sizes of a tensor of a region."""


class Control(Library):
    """An op that runs regions: a loop, a condition. Its kernel calls the runner on their programs.

    The specializer draws the regions again for the sizes of a run and turns variables that they change into values
    that come in and go out (`specialized`); `pruned` leaves out what nobody uses.
    """

    kind = "Control"
    takes_missing = True
    in_own_type = True                      # what a region computes is widened inside it
    head: int                               # operands before those that go into the regions
    carried: int = 0                        # operands that come back changed: first of a region's inputs and outputs
    walked: int = 0                         # operands after these of which a region sees a slice at a time

    @property
    def regions(self) -> tuple[Region, ...]:
        raise NotImplementedError(type(self).__name__)

    def label(self, number: int) -> str:
        """What one of the regions is, for people."""
        return f"branch {number}"

    def with_regions(self, regions: Sequence[Region]) -> Control:
        """The op with other regions of the same inputs and outputs."""
        raise NotImplementedError(type(self).__name__)

    @property
    def calls_python(self) -> bool:
        """Whether a function of the user's is called in the regions."""
        raise NotImplementedError(type(self).__name__)

    @property
    def is_stepped(self) -> bool:
        """Whether Python takes the steps, for the regions hold what no program can: a call of Python, or sizes that are
        known only when it runs. Each region is then programs of its own.
        """
        raise NotImplementedError(type(self).__name__)

    @property
    def states(self) -> tuple[Any, ...]:
        """Variables that the regions change, as State ops; none once a computation is specialized."""
        raise NotImplementedError(type(self).__name__)

    def evaluate(self, run: RunRegion, *arrays: Array) -> tuple[Array, ...]:
        """The definition; `run` gives a region's outputs for values of its inputs."""
        raise NotImplementedError(type(self).__name__)

    def specialized(self, draw: DrawRegion, inputs: Sequence[Tensor], states: int) -> tuple[Control, int, int]:
        """The op that also takes and gives variables, `states` of them; where in its operands and results they stand.

        draw : the region drawn again for inputs of the given types and shapes; further inputs and outputs are the
            variables
        inputs : operands, then the variables' values
        """
        raise NotImplementedError(type(self).__name__)

    def pruned(self, used: Sequence[bool]) -> tuple[Control, list[int], list[int]]:
        """The op without unused results: which inputs it keeps, and which results."""
        raise NotImplementedError(type(self).__name__)


class Composite(Op):
    """An expression of other ops. Gradients are taken on the whole, before it is opened."""

    kind = "Composite"

    def decompose(self, *inputs: Any, **_: Any) -> Any:
        """The same result from other ops; a tuple for several."""
        raise NotImplementedError(type(self).__name__)


class Dynamic(Op):
    """An op whose results have sizes that depend on numbers, None in `result_shape`, or one without a kernel.

    It ends a stretch of program: what it needs is computed, its reference runs, and its results are fed to the next
    stretch, where their sizes are symbols like those of any feed.
    """

    kind = "Dynamic"
    has_parts: ClassVar[bool] = True        # False: `reference` computes it also where all sizes are known

    def settles(self, inputs: Sequence[Tensor], follows: Callable[[Tensor], bool]) -> bool:
        """Whether `infer` is sure to tell all sizes before the program runs; `follows` says which numbers are known."""
        return False

    def settled(self, *inputs: Any) -> Any:
        """The same results from other ops, for inputs that let `infer` tell all sizes before the program runs."""
        raise NotImplementedError(type(self).__name__)


class External(Dynamic):
    """A call of a Python function: once in each run, also where nobody reads its results, in the order of the graph.

    Ranks of its results may be unknown until it has run. What it does cannot be tried out with samples.
    """

    has_parts = False
    kind = "External"


class Source(Op):
    """A value from outside the program: a feed, a constant, a variable, a size."""

    kind = "Source"


class Effect(Op):
    """A change of a variable: the first input is its handle, the result its new value."""

    kind = "Effect"

    def updated(self, old: Any, *values: Any) -> Any:
        """The variable's new value as an expression of the old one."""
        raise NotImplementedError(type(self).__name__)


# -------------------------------------------------------------------- broadcasting

def broadcast_shapes(labels: Sequence[str], shapes: Sequence[Shape]) -> Shape:
    """The common shape of operands that meet elementwise, aligned at their last axes.

    Raises
    ------
    ShapeError that names the two operands and the axis where sizes differ and neither is 1.
    """
    rank = max(len(s) for s in shapes)
    result: list[Any] = [1] * rank
    owner = [labels[0]] * rank
    for label, shape in zip(labels, shapes, strict=True):
        for k, size in enumerate(shape, rank - len(shape)):
            try:
                merged = broadcast(result[k], size, "")
            except ShapeError:
                raise ShapeError(
                    f"sizes differ on axis {k - rank}: {result[k]} ({owner[k]}) and {size} ({label})",
                    fix="make them equal, or one of them 1",
                ) from None
            if result[k] == 1:
                owner[k] = label
            result[k] = merged
    return Shape(result)


Floating, Integer, Index, Numeric, Bool, AnyType = (
    dtypes.Floating, dtypes.Integer, dtypes.Index, dtypes.Numeric, dtypes.Bool, dtypes.ALL,
)
