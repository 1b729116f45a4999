"""ONNX files: bytes come in, a `Graph` goes out. Nothing in a file is executed.

Inputs become placeholders and outputs nodes of their names; weights become constants. What can be computed while the
graph is drawn (shapes, mostly) is, so that sizes are known. The package `onnx` is needed, and imported here only.
"""
from __future__ import annotations

import copy
import functools
import math
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import interpret
from ..dtypes import BY_NAME
from ..errors import FileFormatError, GraphEngineError, NotFoundError
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, Tensor
from ..ir.walk import needed
from ..ops import OPS
from ..ops.language import L
from ..ops.state import Const, Placeholder
from . import onnx_control, onnx_layers, onnx_shapes  # noqa: F401  (register their translations)
from .files import FileMissingError
from .onnx_ops import TRANSLATIONS, Call, NotMeant, dtype_of, translation

Array = np.ndarray[Any, Any]
OLDEST = 7                                  # version of the standard that is read
MOST_FOLDED = 2**16                         # elements of results that are computed while the graph is drawn
HEAVY = {"Control", "Convolution", "Linear algebra"}    # left for the run: their work is more than their elements
MOST_INLINED = 2**22                        # bytes of nodes that calls of local functions come to
MOST_AGAIN = 8, 2**18                       # parts are drawn so often for each byte of the file, and so many bytes more
MOST_MOVED = 2**10                          # entries of lists of sizes that are followed
INT64 = 7                                   # the standard's number of that type
MOST_NAMED = 12                             # nodes named in an error


def load(path: str | os.PathLike[str]) -> Graph:
    """The graph in an ``.onnx`` file.

    Raises
    ------
    NotFoundError if the package `onnx` is not installed.
    FileFormatError if the file is missing or broken, or uses operators that are not here: it names them all.
    """
    file = os.fspath(path)
    model = _parsed(file)
    reader = _Reader(model, file)
    reader.check_operators()
    try:
        return reader.read()
    except (LookupError, ValueError, TypeError, ArithmeticError, AttributeError, MemoryError) as error:
        if isinstance(error, GraphEngineError):
            raise
        raise FileFormatError(f"it is broken: {error}", at=file, fix="export it again") from error


def supported() -> list[str]:
    """Names of all operators of the standard that can be read."""
    return sorted({"Constant", *TRANSLATIONS, *(cls.onnx for cls in OPS.values() if cls.onnx)})


def _parsed(file: str) -> Any:
    """The model in a file, with local functions put in the place of their calls."""
    try:
        import onnx
    except ImportError:
        raise NotFoundError("reading ONNX files needs the package onnx", at=file,
                            fix="pip install graphengine[onnx]") from None
    from onnx import inliner

    if not os.path.exists(file):
        raise FileMissingError("there is no such file", at=file, fix="correct the path")
    try:
        model = onnx.load(file)
        _check(model)
        _check_calls(model, file)
        return inliner.inline_local_functions(model) if model.functions else model
    except (OSError, FileFormatError):
        raise
    except Exception as error:              # protobuf's own, onnx's, and what broken numbers lead to
        text = str(error).strip().splitlines()
        raise FileFormatError(f"it is no valid ONNX model: {text[0] if text else type(error).__name__}", at=file,
                              fix="export it again") from None


def _check(model: Any) -> None:
    """Let onnx look for what is broken. It minds values of which no shape is told; many files have those."""
    from onnx import checker

    graph = model.graph
    bare = [v.type.tensor_type for v in (*graph.input, *graph.output, *graph.value_info)
            if v.type.HasField("tensor_type") and not v.type.tensor_type.HasField("shape")]
    for kind in bare:
        kind.shape.SetInParent()
    checker.check_model(model)
    for kind in bare:
        kind.ClearField("shape")


def _check_calls(model: Any, file: str) -> None:
    """Raises FileFormatError where local functions that call others, none of them itself, would fill the memory."""
    functions = {(f.domain, f.name, f.overload): f for f in model.functions}

    @functools.cache
    def size(key: tuple[str, str, str]) -> int:
        return sum(node.ByteSize() for node in functions[key].node) + called(functions[key])

    def called(graph: Any) -> int:
        keys = [(node.domain, node.op_type, node.overload) for _, node in _all_nodes(graph)]
        return sum(size(key) for key in keys if key in functions)

    found = called(model.graph)
    if found > MOST_INLINED:
        raise FileFormatError(f"its local functions come to {found:,} bytes where they are called; up to "
                              f"{MOST_INLINED:,} are read", at=file, fix="export the model without functions")


@dataclass
class _Room:
    """How many bytes of parts inside nodes may still be drawn: a body is drawn again for each size that changes."""

    left: int

    def take(self, part: Any) -> None:
        self.left -= part.ByteSize()
        if self.left < 0:
            raise NotMeant("sizes of what nested loops carry change one after the other, too often to follow")


class _Reader:
    """One file.

    Attributes
    ----------
    graph : grows node by node
    tensors : by the file's names, those that are in the graph
    ends : inputs and outputs with their names, which no other node may have
    names : of other nodes, where they are those of the file
    arrays : by name, what is known while the graph is drawn; in one of objects, entries that are None are not
    outer : of a part inside a node what reads the part around it
    room : for parts inside nodes, shared by the readers of all
    """

    def __init__(self, model: Any, file: str) -> None:
        self.model, self.file = model, file
        self.outer: _Reader | None = None
        self.graph = Graph()
        self.tensors: dict[str, Tensor] = {}
        self.ends: dict[Node, str] = {}
        self.names: dict[Node, str] = {}
        self.arrays: dict[str, Array] = {}
        self.room = _Room(MOST_AGAIN[0] * model.ByteSize() + MOST_AGAIN[1])
        self.version = max((s.version for s in model.opset_import if s.domain in ("", "ai.onnx")), default=0)

    def check_operators(self) -> None:
        """Raises FileFormatError that names every operator which is not here, with its nodes."""
        if self.version < OLDEST:
            raise FileFormatError(f"it uses version {self.version} of the standard's operators, the oldest that is "
                                  f"read is {OLDEST}", at=self.file, fix="convert it with onnx.version_converter")
        missing: dict[str, list[str]] = {}
        for number, node in _all_nodes(self.model.graph):
            own = node.domain in ("", "ai.onnx")
            if not own or (node.op_type != "Constant" and translation(node.op_type) is None):
                operator = node.op_type if own else f"{node.domain}.{node.op_type}"
                missing.setdefault(operator, []).append(_label(node, number))
        if missing:
            said = "; ".join(f"{operator} (node{'s' if len(names) > 1 else ''} {_some(names)})"
                             for operator, names in sorted(missing.items()))
            raise FileFormatError(f"it uses operators that are not here: {said}", at=self.file,
                                  fix="export the model without them")

    # ------------------------------------------------ the graph

    def read(self) -> Graph:
        graph = self.model.graph
        self._weights(graph)
        for given in graph.input:
            if given.name not in self.arrays:
                self._input(given)
        for number, node in enumerate(graph.node):
            self._node(node, number)
        for wanted in graph.output:
            self._output(wanted.name)
        return self._needed()

    def _weights(self, graph: Any) -> None:
        from onnx.numpy_helper import to_array

        if graph.sparse_initializer:
            raise FileFormatError("it has sparse weights", at=self.file, fix="store them densely")
        for weight in graph.initializer:
            self.arrays[weight.name] = self._array(to_array(weight), weight.name)

    def _inside(self, part: Any, given: Sequence[Any]) -> list[Tensor]:
        """Results of a part of the file inside a node, for tensors and arrays; it is drawn where nodes go now."""
        if len(part.input) != len(given):
            raise NotMeant(f"the part inside, {part.name!r}, takes {len(part.input)} values and is given {len(given)}")
        self.room.take(part)
        inner = copy.copy(self)
        inner.outer, inner.graph, inner.tensors, inner.arrays = self, get_default_graph(), {}, dict(self.arrays)
        inner._weights(part)
        for own, x in zip(part.input, given, strict=True):
            inner.arrays.pop(own.name, None)
            (inner.tensors if isinstance(x, Tensor) else inner.arrays)[own.name] = x
        for number, node in enumerate(part.node):
            inner._node(node, number)
        return [inner._tensor(wanted.name) for wanted in part.output]

    def _input(self, given: Any) -> None:
        kind = given.type.tensor_type
        try:
            dtype = dtype_of(kind.elem_type)
        except NotMeant as error:
            raise FileFormatError(f"the input {given.name!r}: {error}", at=self.file, fix="use tensors") from None
        sizes = [d.dim_value if d.HasField("dim_value") else None for d in kind.shape.dim]
        shape = sizes if kind.HasField("shape") else None
        node = self.graph.add(Placeholder(dtype, shape), (), "input")
        self.tensors[given.name] = node.outputs[0]
        self.ends[node] = _plain(given.name)

    def _output(self, name: str) -> None:
        """Let a node have the output's name."""
        tensor = self._tensor(name)
        if tensor.node in self.ends or len(tensor.node.outputs) > 1 or isinstance(tensor.node.op, Const):
            tensor = L.identity(tensor)
        self.ends[tensor.node] = _plain(name)

    def _node(self, node: Any, number: int) -> None:
        from onnx.helper import get_attribute_value

        label = _label(node, number)
        given = {a.name: _value(get_attribute_value(a)) for a in node.attribute}
        for name in node.output:
            self.arrays.pop(name, None)     # what a part inside calls so hides what is around it
        try:
            if node.op_type == "Constant":
                self.arrays[node.output[0]] = self._array(_constant(given), label)
            elif not self._fold(node, given):
                self._draw(node, given, label)
        except FileFormatError:             # of a part inside
            raise
        except NotMeant as error:
            raise self._refusal(node, label, str(error)) from None
        except TypeError as error:
            word = re.search(r"argument '(\w+)'", str(error))
            said = f"the attribute {word[1]} is not known" if word is not None else str(error)
            raise self._refusal(node, label, said) from error
        except GraphEngineError as error:
            raise self._refusal(node, label, error.problem) from error
        except (LookupError, ValueError, ArithmeticError, AttributeError, MemoryError) as error:
            raise self._refusal(node, label, f"it is broken: {error}") from error

    def _refusal(self, node: Any, label: str, text: str) -> FileFormatError:
        return FileFormatError(f"{node.op_type}: {text}", at=f"{self.file}, node {label!r}",
                               fix="export the model without it")

    def _draw(self, node: Any, given: Mapping[str, Any], label: str) -> None:
        graph, first = self.graph, len(self.graph.nodes)
        with graph.as_default(), graph.name_scope(_plain(label)):
            found = self._results(node, given, self._tensor)
        made = [n for n in graph.nodes[first:] if not isinstance(n.op, Const)]
        if len(made) == 1:
            self.names[made[0]] = _plain(label)
        for name, tensor in zip(node.output, found, strict=False):
            if name:
                self.tensors[name] = tensor
        if node.op_type == "Shape":
            self._learn_shape(node, given)

    def _results(self, node: Any, given: Mapping[str, Any], tensor: Callable[[str], Tensor]) -> Sequence[Tensor]:
        names = list(node.input)
        translate = translation(node.op_type)
        assert translate is not None, "operators were checked"
        call = Call(lambda k: tensor(names[k]), lambda k: self.arrays.get(names[k]) if k < len(names) else None,
                    lambda k: k < len(names) and bool(names[k]), len(names), given, self.version,
                    sum(1 for name in node.output if name), self._inside)
        found = translate(call, **given)
        return found if isinstance(found, (tuple, list)) else (found,)

    def _tensor(self, name: str) -> Tensor:
        """A value as a tensor of the graph; one that is known becomes a constant where it is first needed."""
        if name not in self.tensors:
            array = self.arrays.get(name)
            if self.outer is not None and array is self.outer.arrays.get(name):
                return self.graph.adopt(self.outer._tensor(name))
            if array is None or array.dtype == object:
                raise FileFormatError(f"nothing gives {name!r}", at=self.file, fix="export the model again")
            node = self.graph.add(Const(array), (), None)
            self.tensors[name], self.names[node] = node.outputs[0], _plain(name)
        return self.tensors[name]

    def _needed(self) -> Graph:
        """The nodes that outputs need, and all inputs, by the file's names."""
        kept = Graph()
        names = {node: f"{kept.unique_name(name)}/" for node, name in self.ends.items()}
        wanted = set(needed(self.ends))
        new: dict[int, Tensor] = {}
        for node in self.graph.nodes:
            if node in wanted:
                name = names.get(node) or f"{kept.unique_name(self.names.get(node, node.name))}/"
                made = kept.add(node.op, [new[id(t)] for t in node.inputs], name)
                new.update({id(old): t for old, t in zip(node.outputs, made.outputs, strict=True)})
        return kept

    # ------------------------------------------------ what is known already

    def _fold(self, node: Any, given: Mapping[str, Any]) -> bool:
        """Compute a node whose operands are all known; False if they are not, or the results are large."""
        names = [name for name in node.input if name]
        if any(hasattr(value, "node") for value in given.values()):
            return False                    # it has parts inside
        arrays = [self.arrays.get(name) for name in names]
        if not names or any(array is None for array in arrays):
            return False
        if any(array is not None and array.dtype == object for array in arrays):
            return self._fold_partly(node, given)
        if max((array.size for array in arrays if array is not None), default=0) > MOST_FOLDED:
            return False
        apart, made = Graph(), {}
        with apart.as_default():
            for name, array in zip(names, arrays, strict=True):
                made[name] = apart.add(Const(array), (), None).outputs[0]
            found = self._results(node, given, made.__getitem__)
        if any(n.op.category in HEAVY for n in apart.nodes):
            return False
        made_shapes = [t.shape for n in apart.nodes for t in n.outputs]
        if any(s.rank is None or None in s or math.prod(s.numbers()) > MOST_FOLDED for s in made_shapes):
            return False
        values = _evaluated(apart, found)
        self.arrays.update({name: v for name, v in zip(node.output, values, strict=False) if name})
        return True

    def _learn_shape(self, node: Any, given: Mapping[str, Any]) -> None:
        """A shape of which some sizes are known is followed as far as they are only moved about."""
        x = self.tensors.get(node.input[0])
        if x is not None and x.shape.rank is not None:
            sizes = [n if isinstance(n, int) else None for n in x.shape][given.get("start", 0):given.get("end")]
            self.arrays[node.output[0]] = np.array(sizes, object if None in sizes else np.int64)

    def _fold_partly(self, node: Any, given: Mapping[str, Any]) -> bool:
        """What moves sizes about keeps those that are known; the node itself is drawn, too."""
        move = _MOVES.get(node.op_type)
        arrays = [self.arrays[name] if name else None for name in node.input]
        first, *others = arrays
        if move is None or max(a.size for a in arrays if a is not None) > MOST_MOVED or first is None or (
                node.op_type != "Concat" and any(a is not None and a.dtype == object for a in others)):
            return False
        moved = move(arrays, given)
        if moved is not None:
            is_whole = not any(n is None for n in moved.reshape(-1))
            self.arrays[node.output[0]] = moved.astype(np.int64) if is_whole else moved
            return is_whole
        return False

    def _array(self, array: Array, name: str) -> Array:
        if array.dtype.name not in BY_NAME:
            raise FileFormatError(f"{name!r} has the type {array.dtype}, which is none of ours", at=self.file,
                                  fix="convert the model to float32")
        return array


def _all_nodes(graph: Any) -> Iterator[tuple[int, Any]]:
    """Nodes with their numbers, those of parts inside too."""
    for number, node in enumerate(graph.node):
        yield number, node
        for attribute in node.attribute:
            for part in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
                yield from _all_nodes(part)


def _axes(arrays: Sequence[Array], given: Mapping[str, Any]) -> tuple[int, ...]:
    return tuple(int(k) for k in (arrays[1] if len(arrays) > 1 else given.get("axes", ())))


def _sliced(arrays: Sequence[Any], given: Mapping[str, Any]) -> Any:
    """A part of a list of sizes; None if it is another array."""
    x, start, end, _, step = (arrays[k] if k < len(arrays) else None for k in range(5))
    start, end = (given.get(name) if a is None else a for name, a in (("starts", start), ("ends", end)))
    if x is None or x.ndim != 1 or start is None or end is None or len(start) != 1 or len(end) != 1:
        return None
    return x[int(start[0]):int(end[0]):1 if step is None else int(step[0])]


_MOVES: dict[str, Callable[[list[Any], Mapping[str, Any]], Any]] = {
    "Gather": lambda a, given: np.asarray(np.take(a[0], a[1].astype(np.int64), axis=given.get("axis", 0)), object),
    "Concat": lambda a, given: np.concatenate([np.asarray(x, object) for x in a], axis=given["axis"]),
    "Unsqueeze": lambda a, given: np.expand_dims(a[0], _axes(a, given)),
    "Squeeze": lambda a, given: np.squeeze(a[0], _axes(a, given) or None),
    "Slice": _sliced, "Cast": lambda a, given: a[0] if given["to"] == INT64 else None,
    "Identity": lambda a, given: a[0],
}


def _evaluated(graph: Graph, tensors: Sequence[Tensor]) -> list[Array]:
    """Values of tensors of a graph that reads nothing."""
    values: dict[int, Array] = {}
    for node in graph.nodes:
        made = interpret.evaluate_node(node, [values[id(t)] for t in node.inputs], {}, {})
        values.update({id(t): v for t, v in zip(node.outputs, made, strict=True)})
    return [np.asarray(values[id(t)]) for t in tensors]


def _constant(given: Mapping[str, Any]) -> Array:
    kinds = {"value_float": np.float32, "value_floats": np.float32, "value_int": np.int64, "value_ints": np.int64}
    (name, value), = given.items()
    if name == "value":
        return np.asarray(value)
    if name not in kinds:
        raise NotMeant(f"a constant is given as {name}")
    return np.asarray(value, kinds[name])


def _value(value: Any) -> Any:
    """An attribute as plain Python; a tensor as an array."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if hasattr(value, "data_type"):
        from onnx.numpy_helper import to_array

        return to_array(value)
    return value


def _label(node: Any, number: int) -> str:
    """A node's name, or that of its result."""
    return str(node.name or next(iter(node.output), "") or f"{node.op_type}_{number}")


def _plain(name: str) -> str:
    """A name that a node may have."""
    return re.sub(r"[:\s]+|[^ -~]", "_", name).strip("/") or "_"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:MOST_NAMED])
    return shown if len(names) <= MOST_NAMED else f"{shown} and {len(names) - MOST_NAMED} more"
