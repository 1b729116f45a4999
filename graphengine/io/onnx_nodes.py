"""Nodes of an ONNX model: a computation comes in, what its ops become goes out. Nothing is written here.

An op says by `to_onnx` which nodes stand for it; a composite that does not is opened. Sizes that are not known are
computed in the model from those of its inputs. Only the standard's list of operators is asked of the package `onnx`.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from ..dtypes import BY_NAME, DType
from ..ir.computation import Computation, Cut
from ..ir.dims import Dim, Shape, Size
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.region import Region
from ..ir.walk import needed
from ..ops.kinds import Composite, Dynamic, External
from ..ops.state import Const, Placeholder, State

Array = np.ndarray[Any, Any]
VERSION = 18                                # of the standard's operators
TYPES = {"float32": "float", "float64": "double"}       # where the standard has another name


class NotInOnnx(Exception):
    """The standard does not have something; the text says what."""


@dataclass(eq=False)
class Value:
    """An input, known numbers or the result of a node.

    dtype : of the elements; None where nobody asked
    array : the numbers, if they are known
    label : the user's node that it belongs to
    name : in the model
    shape : of what a body is given
    """

    dtype: DType | None
    array: Array | None = None
    label: str = ""
    name: str = ""
    shape: Shape | None = None


@dataclass(eq=False)
class Made:
    """A node of the model.

    attributes : as they stand in the file; a `Body` for a part of the model inside
    label : the user's node that it belongs to
    """

    operator: str
    inputs: tuple[Value | None, ...]
    results: tuple[Value, ...]
    attributes: dict[str, Any]
    label: str


@dataclass(eq=False)
class Body:
    """A part of the model inside a loop or a choice; it sees what is around it."""

    inputs: tuple[Value, ...]
    made: list[Made]
    results: list[Value]


@dataclass(frozen=True)
class Refusal:
    """A node that cannot be exported, why not, and what to do instead."""

    node: str
    reason: str
    fix: str


ELSEWHERE = "compute it outside of the model, or export results that do not need it"


def reason_of(op: Any) -> str:
    if isinstance(op, External):
        return "it calls a Python function"
    if isinstance(op, Dynamic) and op.has_parts:
        return "the sizes of its results depend on the numbers"
    return f"ONNX has no operator for {op.name}"


# -------------------------------------------------------------------- making nodes

@lru_cache(maxsize=512)
def schema(operator: str) -> Any:
    """What the standard says of an operator: types of operands and results."""
    from onnx import defs

    return defs.get_schema(operator, VERSION, "")


def result_types(operator: str, dtypes: Sequence[DType | None]) -> list[DType | None]:
    """Types of an operator's results, as far as they follow from those of its operands.

    Raises
    ------
    NotInOnnx if it does not take these operands.
    """
    found = schema(operator)
    allowed = {c.type_param_str: c.allowed_type_strs for c in found.type_constraints}
    bound: dict[str, DType] = {}
    for k, dtype in enumerate(dtypes):
        formal = found.inputs[min(k, len(found.inputs) - 1)]
        if dtype is not None:
            if f"tensor({TYPES.get(dtype.name, dtype.name)})" not in allowed.get(formal.type_str, [formal.type_str]):
                raise NotInOnnx(f"ONNX's {operator} takes no {dtype.name}")
            bound.setdefault(formal.type_str, dtype)
    single = {f"tensor({TYPES.get(name, name)})": dtype for name, dtype in BY_NAME.items()}
    texts = [allowed.get(r.type_str, [r.type_str]) for r in found.outputs]
    return [bound.get(r.type_str) or (single.get(text[0]) if len(text) == 1 else None)
            for r, text in zip(found.outputs, texts, strict=True)]


class Nodes:
    """Makes nodes: ``o.Relu(x)``, ``o.Concat(x, y, axis=1)``, of tensors, values, arrays and lists of numbers.

    made : the nodes so far
    inputs : of a body
    values : of tensors, by id
    symbols : of each unknown size the input and the axis that has it
    refusals : of nodes that cannot be drawn, one each
    outer : of a body what is around it
    label : the user's node that is drawn now
    """

    def __init__(
        self, symbols: Mapping[str, tuple[Value, int]], refusals: list[Refusal], outer: Nodes | None = None,
    ) -> None:
        self.made: list[Made] = []
        self.refusals = refusals
        self.inputs: list[Value] = []
        self.values: dict[int, Value] = {}
        self.symbols = symbols
        self.outer = outer
        self.label: str = outer.label if outer is not None else ""
        self._sizes: dict[Size, Value] = {}
        self._arrays: dict[Any, Value] = outer._arrays if outer is not None else {}
        self._moved: dict[int, tuple[Value, tuple[int, ...]]] = {}      # results of Transpose: of what, and how

    def __getattr__(self, operator: str) -> Callable[..., Any]:
        if not operator[:1].isupper():
            raise AttributeError(operator)
        return partial(self.node, operator)

    def node(self, operator: str, *operands: Any, results: int = 1, **attributes: Any) -> Any:
        """The result of a new node, or several of them."""
        inputs = tuple(None if x is None else self.value(x) for x in operands)
        types = result_types(operator, [None if v is None else v.dtype for v in inputs])
        types += types[-1:] * (results - len(types))
        made = tuple(Value(t, label=self.label) for t in types[:results])
        self.made.append(Made(operator, inputs, made, attributes, self.label))
        return made[0] if results == 1 else made

    def refuse(self, reason: str, fix: str = ELSEWHERE) -> None:
        """Write down why the node that is drawn cannot be exported."""
        if all(known.node != self.label for known in self.refusals):
            self.refusals.append(Refusal(self.label, reason, fix))

    # ------------------------------------------------ operands

    def value(self, x: Any) -> Value:
        if isinstance(x, Value):
            return x
        if isinstance(x, Tensor):
            return self._of_tensor(x)
        return self.const(np.asarray(x, np.int64) if isinstance(x, (list, tuple)) else x)

    def _of_tensor(self, x: Tensor) -> Value:
        around: Nodes | None = self
        while around is not None:
            if id(x) in around.values:
                return around.values[id(x)]
            around = around.outer
        assert isinstance(x.node.op, Const), f"{x.name} was drawn"
        return self.values.setdefault(id(x), self.const(x.node.op.value.array, x.node.name))

    def const(self, array: Array, label: str = "") -> Value:
        """Known numbers; few of them are the same value wherever they are used."""
        array = np.asarray(array)
        key = (array.dtype.str, array.shape, array.tobytes()) if array.size <= 64 else id(array)
        found = self._arrays.get(key)
        if found is None or (array.size > 64 and found.array is not array):
            found = self._arrays[key] = Value(BY_NAME[array.dtype.name], array, label or "const")
        return found

    def number(self, value: float, like: Any) -> Value:
        """A number of the type of a tensor or value."""
        return self.const(np.asarray(value, like.dtype.numpy))

    # ------------------------------------------------ sizes

    def size(self, size: Size) -> Value:
        """A size as a vector of one number."""
        if not isinstance(size, Dim):
            return self.const(np.array([size], np.int64))
        around: Nodes | None = self
        while around is not None:
            if size in around._sizes:
                return around._sizes[size]
            around = around.outer
        found = self._sizes[size] = self._made_size(size)
        return found

    def _made_size(self, size: Dim) -> Value:
        if size.symbol is not None:
            source, axis = self.symbols[size.symbol]
            return self.Shape(source, start=axis, end=axis + 1)  # type: ignore[no-any-return]
        total = None
        for atoms, factor in size.terms.items():
            term = None if factor == 1 and atoms else self.size(factor)
            for atom in atoms:
                part = self._atom(atom, size)
                term = part if term is None else self.Mul(term, part)
            total = term if total is None else self.Add(total, term)
        assert total is not None, "a size has terms"
        return total

    def _atom(self, atom: Any, size: Dim) -> Value:
        if isinstance(atom, str):
            return self.size(Dim({(atom,): 1}, size.facts))
        kind, a, b = atom
        left, right = self.size(a), self.size(b)
        if kind == "min":
            return self.Min(left, right)  # type: ignore[no-any-return]
        may_be_negative = min(a.terms.values()) < 0 if isinstance(a, Dim) else a < 0
        if may_be_negative:                 # Div rounds toward 0
            left = self.Sub(left, self.Mod(left, right))
        return self.Div(left, right)  # type: ignore[no-any-return]

    def sizes(self, sizes: Sequence[Size]) -> Value:
        """Sizes as a vector of whole numbers."""
        if not any(isinstance(s, Dim) for s in sizes):
            return self.const(np.array(sizes, np.int64))
        parts = [self.size(s) for s in sizes]
        return parts[0] if len(parts) == 1 else self.Concat(*parts, axis=0)

    # ------------------------------------------------ what many ops need

    def cast(self, x: Any, dtype: DType) -> Value:
        value = self.value(x)
        if value.dtype is dtype:
            return value
        from onnx import helper

        found: Value = self.Cast(value, to=int(helper.np_dtype_to_tensor_dtype(np.dtype(dtype.numpy))))
        found.dtype = dtype
        return found

    def reshape(self, x: Any, shape: Sequence[Size]) -> Value:
        """The same elements with other sizes, of which one may be -1."""
        value = self.value(x)
        unknown = [k for k, s in enumerate(shape) if isinstance(s, Dim)]
        if len(unknown) == 1 and all(isinstance(s, Dim) or s > 0 for s in shape):
            shape = [-1 if isinstance(s, Dim) else s for s in shape]
        elif not unknown and value.array is not None:
            return self.const(value.array.reshape(tuple(shape)), value.label)  # type: ignore[arg-type]
        is_literal = not any(isinstance(s, Dim) for s in shape)
        takes_zeros = {} if is_literal and 0 not in shape else {"allowzero": 1}
        return self.Reshape(value, self.sizes(shape), **takes_zeros)  # type: ignore[no-any-return]

    def counted(self, count: Size) -> Value:
        """0, 1, 2 ... as int64."""
        if not isinstance(count, Dim):
            return self.const(np.arange(count, dtype=np.int64))
        return self.Range(np.array(0), self.reshape(self.size(count), ()), np.array(1))  # type: ignore[no-any-return]

    def transpose(self, x: Any, order: Sequence[int]) -> Value:
        """Axes in another order; what would only undo another transposition is left out."""
        value, order = self.value(x), tuple(order)
        if id(value) in self._moved:
            value, before = self._moved[id(value)]
            order = tuple(before[k] for k in order)
        if order == tuple(range(len(order))):
            return value
        if value.array is not None:
            return self.const(np.ascontiguousarray(value.array.transpose(order)), value.label)
        found: Value = self.Transpose(value, perm=list(order))
        self._moved[id(found)] = (value, order)
        return found

    def channels_first(self, x: Any, data_format: str | None, rank: int) -> Value:
        """Images and the like as the standard has them."""
        is_first = data_format is not None and data_format.startswith("NC")
        return self.value(x) if is_first else self.transpose(x, (0, rank - 1, *range(1, rank - 1)))

    def channels_as(self, x: Value, data_format: str | None, rank: int) -> Value:
        """The way back."""
        is_first = data_format is not None and data_format.startswith("NC")
        return x if is_first else self.transpose(x, (0, *range(2, rank), 1))

    # ------------------------------------------------ parts of a model inside a node

    def inside(self) -> Nodes:
        """Makes the nodes of a body."""
        return Nodes(self.symbols, self.refusals, self)

    def given(self, dtype: DType, shape: Shape | tuple[()] = ()) -> Value:
        """One more input of the body, a number unless it has a shape."""
        self.inputs.append(Value(dtype, label=self.label, shape=Shape(shape)))
        return self.inputs[-1]

    def region(self, region: Region, operands: Sequence[Any]) -> list[Value]:
        """Results of a region for operands; None for one that the body is given."""
        drawing, new = Drawing(self), {}
        for t, x in zip(region.inputs, operands, strict=True):
            new[id(t)] = drawing.add(Placeholder(t.dtype, t.shape), ()).outputs[0]
            self.values[id(new[id(t)])] = self.given(t.dtype, t.shape) if x is None else self.value(x)
        drawing.draw(region.nodes, new)
        return [self.value(new[id(t)]) for t in region.outputs]

    def body(self, results: Sequence[Value]) -> Body:
        """The body made so far. What it hands through gets a node, for names stand for one thing only."""
        own = {id(v) for node in self.made for v in node.results}
        seen: set[int] = set()
        found = []
        for value in results:
            if id(value) not in own or id(value) in seen:
                value = self.Identity(value)
            seen.add(id(value))
            found.append(value)
        return Body(tuple(self.inputs), used(self.made, found), found)


# -------------------------------------------------------------------- drawing a computation

class Drawing(Graph):
    """The graph of a computation whose ops become nodes of a model as they are added."""

    def __init__(self, onnx: Nodes) -> None:
        super().__init__()
        self.onnx = onnx

    def draw(self, nodes: Sequence[Node], new: dict[int, Tensor]) -> None:
        """Add copies of nodes; `new` says what stands for a tensor's id, and grows."""
        with self.as_default():
            for node in nodes:
                if node.outputs and all(id(t) in new for t in node.outputs):
                    continue
                found = self.apply(node.op, [new[id(t)] for t in node.inputs], node.name + "/")
                new.update((id(old), t) for old, t in zip(node.outputs, found, strict=True))

    def apply(self, op: Any, inputs: Sequence[Tensor], name: str | None = None) -> tuple[Tensor, ...]:
        if isinstance(op, Const):           # a weight, where it is used
            return self.add(op, (), name).outputs
        reason = ""
        try:
            made = op.to_onnx(self.onnx, *inputs)
        except NotInOnnx as error:
            made, reason = None, str(error)
        if made is None and isinstance(op, Composite):
            made = op.decompose(*inputs)
        found = tuple(made) if isinstance(made, (tuple, list)) else (made,)
        if isinstance(found[0], Tensor):
            return found
        results = self.add(op, inputs, name).outputs
        if made is None:
            self.onnx.refuse(reason or reason_of(op))
            found = tuple(Value(t.dtype) for t in results)
        for t, value in zip(results, found, strict=True):
            value.dtype = t.dtype
            self.onnx.values[id(t)] = value
        return results


@dataclass(eq=False)
class Model:
    """What goes into a file.

    inputs, outputs : with their tensors, which have type and sizes
    symbols : of each size that is not known the input and the axis that has it
    """

    made: list[Made]
    inputs: list[tuple[Value, Tensor]]
    outputs: list[tuple[Value, Tensor]]
    symbols: Mapping[str, tuple[Value, int]]


def drawn(
    computation: Computation, ends: tuple[Sequence[str], Sequence[str]], states: Mapping[str, Array],
    refusals: list[Refusal],
) -> Model:
    """The model of a computation.

    Parameters
    ----------
    ends : names of the inputs and of the outputs
    states : values of variables
    refusals : what is already known of nodes that cannot be exported; it grows
    """
    symbols: dict[str, tuple[Value, int]] = {}
    onnx = Nodes(symbols, refusals)
    drawing, new = Drawing(onnx), {}
    inputs = []
    for name, t in zip(ends[0], computation.feeds, strict=True):
        value = Value(t.dtype, label=t.node.name, name=name)
        inputs.append((value, t))
        new[id(t)] = drawing.add(Placeholder(t.dtype, t.shape), ()).outputs[0]
        onnx.values[id(new[id(t)])] = value
        for axis, size in enumerate(t.shape):
            if isinstance(size, Dim) and size.symbol is not None:
                symbols.setdefault(size.symbol, (value, axis))
    cuts = {id(t): cut for cut in computation.cuts for t in cut.results}
    for node in _with_cuts(computation, cuts):
        onnx.label = node.name
        if node.outputs and id(node.outputs[0]) in new:
            continue
        if node.outputs and id(node.outputs[0]) in cuts:
            _draw_cut(drawing, cuts[id(node.outputs[0])], new, symbols)
            continue
        if isinstance(node.op, State):
            (t,) = node.outputs
            new[id(t)] = drawing.add(Placeholder(t.dtype, t.shape), ()).outputs[0]
            onnx.values[id(new[id(t)])] = Value(t.dtype, states[node.name], node.name)
            continue
        drawing.draw([node], new)
        for k, t in enumerate(node.outputs):
            value = onnx.value(new[id(t)])
            if not value.name and value.array is None and value.label == node.name:
                value.name = f"{node.name}:{k}" if k else node.name
    outputs: list[tuple[Value, Tensor]] = []
    for name, t in zip(ends[1], computation.fetches, strict=True):
        value = onnx.value(new[id(t)])
        if value.array is not None or any(value is other for other, _ in (*inputs, *outputs)):
            value = onnx.Identity(value)
        value.name = name
        outputs.append((value, t))
    made = used(onnx.made, [value for value, _ in outputs])
    name_all(made, [value for value, _ in (*inputs, *outputs)])
    return Model(made, inputs, outputs, symbols)


def _with_cuts(computation: Computation, cuts: Mapping[int, Cut]) -> list[Node]:
    """Nodes that the results need, also those that stretches before a cut compute; for cuts stand their results."""
    found: dict[int, Node] = {}
    stack = [t.node for t in computation.fetches]
    while stack:
        for node in needed([stack.pop()]):
            if node.index not in found:
                found[node.index] = node
                stack += [t.node for t in cuts[id(node.outputs[0])].node.inputs] if (
                    node.outputs and id(node.outputs[0]) in cuts) else []
    return [found[index] for index in sorted(found)]


def _draw_cut(
    drawing: Drawing, cut: Cut, new: dict[int, Tensor], symbols: dict[str, tuple[Value, int]],
) -> None:
    """What stands for a node whose results have sizes that only the numbers tell: the file reads them off."""
    onnx, made = drawing.onnx, None
    onnx.label = cut.node.name
    try:
        made = cut.node.op.to_onnx(onnx, *[new[id(t)] for t in cut.node.inputs])
        reason = reason_of(cut.node.op)
    except NotInOnnx as error:
        reason = str(error)
    if made is None:
        onnx.refuse(reason)
    values = made if isinstance(made, tuple) else (made or Value(None),) * len(cut.results)
    for t, value, names in zip(cut.results, values, cut.symbols, strict=True):
        new[id(t)] = drawing.add(Placeholder(t.dtype, t.shape), ()).outputs[0]
        value.dtype = t.dtype
        onnx.values[id(new[id(t)])] = value
        symbols.update((name, (value, axis)) for axis, name in enumerate(names) if name is not None)


# -------------------------------------------------------------------- what is kept, and its names

def used(made: Sequence[Made], results: Sequence[Value]) -> list[Made]:
    """The nodes that results need."""
    wanted = {id(v) for v in results}
    kept = []
    for node in reversed(made):
        if any(id(v) in wanted for v in node.results):
            kept.append(node)
            wanted.update(id(v) for v in read_by(node))
    return kept[::-1]


def bodies(node: Made) -> list[Body]:
    return [part for part in node.attributes.values() if isinstance(part, Body)]


def read_by(node: Made) -> list[Value]:
    """Values that a node reads, its bodies too."""
    found = [v for v in node.inputs if v is not None]
    for body in bodies(node):
        found += body.results
        for inner in body.made:
            found += read_by(inner)
    return found


def all_made(made: Sequence[Made]) -> Iterator[Made]:
    """Nodes with those of their bodies."""
    for node in made:
        yield node
        for body in bodies(node):
            yield from all_made(body.made)


def arrays_of(model: Model) -> list[Value]:
    """Known numbers that a model uses, in the order of their use."""
    found = {id(v): v for node in model.made for v in read_by(node) if v.array is not None}
    return list(found.values())


def name_all(made: Sequence[Made], ends: Sequence[Value]) -> None:
    """Give each value a name of its own: inputs and outputs first, then what users named, then the rest."""
    taken: set[str] = set()
    seen: set[int] = set()
    rest: list[Value] = []

    def named(value: Value, name: str) -> None:
        name = name.encode(errors="replace").decode() or "_"
        count, wanted = 0, name
        while name in taken:
            count += 1
            name = f"{wanted}_{count}"
        taken.add(name)
        value.name = name

    def visit(value: Value) -> None:
        if id(value) not in seen:
            seen.add(id(value))
            named(value, value.name) if value.name else rest.append(value)

    for value in ends:
        visit(value)
    for node in all_made(made):
        for value in (*read_by(node), *node.results, *(v for body in bodies(node) for v in body.inputs)):
            visit(value)
    makers = {id(v): node.operator for node in all_made(made) for v in node.results}
    for value in rest:
        operator = makers.get(id(value))
        named(value, f"{value.label}/{operator}" if operator else value.label)
