"""Modules with their variables and traced functions as a folder, to be called without the program that made them.

    saved_model.json            objects, what they hold, and for each traced function its arguments and results
    function_0.graph.json ...   one graph for each trace
    variables.safetensors       values by the numbers of the variables' objects

What is traced when the module is saved is what can be called later. Nothing in the folder is ever executed as code.
"""
from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ..errors import FileFormatError, InvalidArgumentError, NotFoundError
from ..ir.dims import Shape
from ..ir.eager import EagerTensor
from ..ir.graph import Graph, get_default_graph, is_drawing
from ..ir.node import Tensor
from ..ops.body import changes_variables
from ..ops.state import Kept, Placeholder, SharedVariable
from ..ops.state import Variable as VariableOp
from .build import convert_to_tensor
from .checkpoint import read_arrays, write_arrays
from .concrete import Concrete
from .function import ConcreteFunction, Function, Method, TensorSpec
from .module import Module, children
from .structure import Structure, flatten
from .tracing import FunctionGraph
from .variables import Variable

__all__ = ["contains_saved_model", "load", "save"]

FORMAT, VERSION = "graphengine.saved_model", 1
INDEX, VARIABLES = "saved_model.json", "variables"
MAX_INDEX_BYTES = 2**26
DEFAULT_SIGNATURE = "serving_default"
PARAMETER_KINDS = {kind.name: kind for kind in (
    inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.VAR_POSITIONAL,
    inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.VAR_KEYWORD)}

Path = str | os.PathLike[str]
Json = dict[str, Any]


def contains_saved_model(export_dir: Path) -> bool:
    """Whether a folder holds what `save` writes."""
    return os.path.isfile(os.path.join(export_dir, INDEX))


# -------------------------------------------------------------------- saving

def save(obj: Any, export_dir: Path, signatures: Any = None, options: Any = None) -> None:
    """Write a module: its variables, the modules inside, and its functions as they have been traced.

    Parameters
    ----------
    obj : a Module, or a model of Keras, which becomes one with a function `serve`; functions are those decorated with
        `function`, each with an input_signature or called before
    export_dir : folder, which is made if it is missing
    signatures : a function, or functions by name, that are called by the names of their arguments and return dicts

    Raises
    ------
    InvalidArgumentError if it is no Module, or a signature no traced function.
    OSError if the system refuses.

    Examples
    --------
    >>> import tempfile
    >>> import graphengine as tf
    >>> class Scale(tf.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = tf.Variable(3.0)
    ...     @tf.function(input_signature=[tf.TensorSpec([None])])
    ...     def __call__(self, x):
    ...         return self.factor * x
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     tf.saved_model.save(Scale(), folder)
    ...     scale = tf.saved_model.load(folder)
    >>> print(scale(tf.constant([1.0, 2.0])))
    tf.Tensor([3. 6.], shape=(2,), dtype=float32)
    """
    from ..io.files import write_file  # imported here, since most programs neither load nor save

    del options
    if not isinstance(obj, Module) and hasattr(obj, "as_module"):       # a model of Keras
        obj = obj.as_module()
        signatures = obj.serve if signatures is None else signatures
    if not isinstance(obj, Module):
        raise InvalidArgumentError(f"{type(obj).__name__} is no Module", op="saved_model.save",
                                   fix="let its class inherit Module")
    named = signatures if isinstance(signatures, Mapping) else {} if signatures is None else {
        DEFAULT_SIGNATURE: signatures}
    folder = os.fspath(export_dir)
    os.makedirs(folder, exist_ok=True)
    writer = _Writer()
    writer.number(obj)
    index = {"format": FORMAT, "version": VERSION,
             "signatures": {name: writer.function(f) for name, f in named.items()}, "objects": writer.objects}
    for k, concrete in enumerate(writer.concretes):
        writer.save_graph(concrete, os.path.join(folder, f"function_{k}.graph.json"))
    write_arrays(os.path.join(folder, VARIABLES), writer.values)
    write_file(os.path.join(folder, INDEX), json.dumps(index, indent=1).encode())


class _Writer:
    """Numbers the objects that are reached.

    objects : of each what the index says
    values : of variables, by number
    concretes : the traces, each a file
    """

    def __init__(self) -> None:
        self.objects: list[Json] = []
        self.values: dict[str, Any] = {}
        self.concretes: list[Concrete] = []
        self._numbers: dict[int, int] = {}
        self._kept: list[Any] = []

    def number(self, x: Any) -> int | None:
        """The number of an object, or None if there is nothing to save of it."""
        if id(x) in self._numbers:
            return self._numbers[id(x)]
        is_held = isinstance(x, (Variable, Module, Function)) or bool(children(x))
        if not is_held:
            return None
        place = self._numbers[id(x)] = len(self.objects)
        self._kept.append(x)
        self.objects.append({})
        self.objects[place] = self._described(x, place)
        return place

    def _described(self, x: Any, place: int) -> Json:
        if isinstance(x, Variable):
            self.values[str(place)] = x.array
            return {"kind": "variable", "name": x.name.removesuffix(":0"), "trainable": x.trainable}
        if isinstance(x, Function):
            return self.function(x)
        kind = "module" if isinstance(x, Module) else "dict" if isinstance(x, Mapping) else "list"
        numbers = {name: self.number(value) for name, value in children(x)}
        held = {name: k for name, k in numbers.items() if k is not None}
        if not isinstance(x, Module):
            return {"kind": kind, "children": held}
        methods = {name: f for name, f in inspect.getmembers_static(type(x)) if isinstance(f, Function)}
        return {"kind": kind, "name": x.name, "children": held,
                "methods": {name: self.function(f, x) for name, f in methods.items()}}

    def function(self, f: Any, owner: Any = None) -> Json:
        """What the index says of a function: as a method of `owner` only the traces with this first argument."""
        if isinstance(f, Method):
            f, owner = f.__func__, f.__self__
        if isinstance(f, Function):
            signature, traces = inspect.signature(f.python_function), self._traces(f, owner)
        elif isinstance(f, ConcreteFunction):
            signature, traces, owner = f.signature, [f.concrete], f.owner
        else:
            raise InvalidArgumentError(f"{f!r} is no traced function", op="saved_model.save",
                                       fix="decorate it with function")
        found = [self._trace(trace, owner, signature) for trace in traces]
        parameters = [_parameter(p) for p in signature.parameters.values()]
        return {"kind": "function", "parameters": parameters[owner is not None:], "traces": [t for t in found if t]}

    @staticmethod
    def _traces(f: Function, owner: Any) -> list[Concrete]:
        if f.input_signature is not None and not any(_is_of(trace, owner) for trace in f.traces):
            f.concrete_function(owner, (), {})
        return [trace for trace in f.traces if _is_of(trace, owner)]

    def _trace(self, trace: Concrete, owner: Any, signature: inspect.Signature) -> Json | None:
        """What the index says of a trace; None if it was made for an argument that no file can hold."""
        args, settings = trace.arguments
        bound = signature.bind(*args, **settings)
        bound.apply_defaults()
        given = [list(bound.args[owner is not None:]), dict(sorted(bound.kwargs.items()))]
        specs = [x for x in flatten(trace.arguments)[1] if isinstance(x, TensorSpec)]       # in the inputs' order
        written = _written(given, {id(x): k for k, x in enumerate(specs)})
        if written is None:
            return None
        assert trace.structured_outputs is not None, "a traced function knows what it returns"
        self.concretes.append(trace)
        return {"graph": len(self.concretes) - 1, "arguments": written,
                "result": _result(trace.structured_outputs.build(iter(range(len(trace.outputs))))),
                "outputs": [t.name for t in trace.outputs], "inputs": [t.node.name for t in trace.inputs],
                "variables": self._variables(trace)}

    def _variables(self, trace: Concrete) -> dict[str, int | None]:
        """Numbers of the variables that a graph uses, by their nodes."""
        shared = [n for n in trace.graph.nodes if isinstance(n.op, SharedVariable)]
        return {n.name: self.number(n.op.storage.owner) for n in shared}

    def save_graph(self, concrete: Concrete, path: str) -> None:
        from ..io.graphfile import save as write

        beginning = lambda op: Placeholder(op.result_dtype(), op.result_shape())
        write(concrete.graph, path, beginning)


def _parameter(p: inspect.Parameter) -> Json:
    """A parameter of a Python function: name, kind, and its default if a file can hold that."""
    default = None if p.default is p.empty else _written(p.default, {})
    return {"name": p.name, "kind": p.kind.name, **({} if default is None else {"default": default})}


def _is_of(trace: Concrete, owner: Any) -> bool:
    """Whether a trace is of this object's method; any trace is if there is no owner."""
    return owner is None or (bool(trace.arguments[0]) and trace.arguments[0][0] is owner)


def _written(value: Any, numbers: Mapping[int, int]) -> Any:
    """Arguments as JSON, tensors with the numbers of the inputs; None if one of them cannot be said."""
    if isinstance(value, TensorSpec):
        shape = Shape(value.shape)
        sizes = None if shape.rank is None else [s if isinstance(s, int) else None for s in shape]
        return {"tensor": numbers[id(value)], "dtype": value.placeholder()[0].name, "shape": sizes}
    if isinstance(value, Mapping):
        parts = {str(key): _written(x, numbers) for key, x in value.items()}
        return None if any(p is None for p in parts.values()) else {"dict": parts}
    if isinstance(value, (list, tuple)):
        items = [_written(x, numbers) for x in value]
        return None if any(p is None for p in items) else {"list": items}
    return {"value": value} if value is None or isinstance(value, (bool, int, float, str)) else None


def _result(value: Any) -> Any:
    """The structure of results: numbers of tensors in lists, tuples and dicts."""
    if isinstance(value, Mapping):
        return {"dict": {str(key): _result(x) for key, x in value.items()}}
    if isinstance(value, (list, tuple)):
        return {"tuple" if isinstance(value, tuple) else "list": [_result(x) for x in value]}
    return value


# -------------------------------------------------------------------- loading

class Restored(Module):
    """A module that was loaded: variables, modules and functions by the names that they had."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._methods: dict[str, RestoredFunction] = {}

    def __getattr__(self, name: str) -> Any:
        methods = self.__dict__.get("_methods", {})
        if name not in methods:
            raise AttributeError(f"the saved module has no {name!r}")
        return methods[name]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if "__call__" not in self._methods:
            raise InvalidArgumentError(f"the saved module {self.name!r} has no __call__ that was traced",
                                       fix="decorate it with function and call it before saving")
        return self._methods["__call__"](*args, **kwargs)


class RestoredFunction:
    """A function that was loaded, with the traces that it had.

    traces : of each the arguments that it takes, and the graph
    returns_dict : whether results come by name, as signatures give them
    """

    def __init__(self, parameters: Sequence[Json], traces: Sequence[tuple[Any, Concrete]], returns_dict: bool) -> None:
        self.signature = inspect.Signature([
            inspect.Parameter(p["name"], PARAMETER_KINDS[p["kind"]],
                              default=_plain(p["default"]) if "default" in p else inspect.Parameter.empty)
            for p in parameters
        ])
        self.traces = list(traces)
        self.returns_dict = returns_dict

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        try:
            bound = self.signature.bind(*args, **kwargs)
        except TypeError as error:
            raise InvalidArgumentError(f"{error}: it takes {self._takes()}", op="saved_model") from None
        bound.apply_defaults()
        for pattern, concrete in self.traces:
            operands: dict[int, Any] = {}
            if _matches(pattern, [list(bound.args), dict(sorted(bound.kwargs.items()))], operands):
                return self._named(_run(concrete, [operands[k] for k in range(len(concrete.inputs))]))
        raise InvalidArgumentError("no trace was saved for these arguments", op="saved_model",
                                   fix=f"it takes {self._takes()}; call it with others before saving")

    def _takes(self) -> str:
        return "; ".join(_shown(pattern) for pattern, _ in self.traces) or "nothing"

    def _named(self, result: Any) -> Any:
        if not self.returns_dict or isinstance(result, Mapping):
            return result
        return {f"output_{k}": x for k, x in enumerate(flatten(result)[1])}


def _plain(pattern: Json) -> Any:
    """The value of a default."""
    ((kind, held),) = pattern.items()
    if kind == "dict":
        return {key: _plain(x) for key, x in held.items()}
    return [_plain(x) for x in held] if kind == "list" else held


def _matches(pattern: Json, value: Any, operands: dict[int, Any]) -> bool:
    """Whether a value fits; tensors are collected by the numbers of the inputs."""
    if "value" in pattern:
        held = pattern["value"]
        return type(value) is type(held) and value == held
    if "dict" in pattern:
        parts = pattern["dict"]
        return isinstance(value, Mapping) and list(parts) == [str(k) for k in value] and all(
            _matches(parts[str(key)], x, operands) for key, x in value.items())
    if "list" in pattern:
        items = pattern["list"]
        return isinstance(value, (list, tuple)) and len(items) == len(value) and all(
            _matches(p, x, operands) for p, x in zip(items, value, strict=True))
    if value is None or isinstance(value, (str, Mapping)):
        return False
    is_tensor = isinstance(value, (EagerTensor, Variable, Tensor))
    tensor = convert_to_tensor(value, None if is_tensor or isinstance(value, np.ndarray) else pattern["dtype"])
    shape = Shape(pattern["shape"])
    if tensor.dtype.name != pattern["dtype"] or not _fits(tensor.shape, shape):
        return False
    operands[pattern["tensor"]] = tensor
    return True


def _fits(given: Shape, wanted: Shape) -> bool:
    if given.rank is None or wanted.rank is None:
        return True
    return len(given) == len(wanted) and all(
        not (isinstance(a, int) and isinstance(b, int)) or a == b for a, b in zip(given, wanted, strict=True))


def _shown(pattern: Json) -> str:
    if "tensor" in pattern:
        return f"{pattern['dtype']} {Shape(pattern['shape'])}"
    if "value" in pattern:
        return repr(pattern["value"])
    parts = pattern.get("list")
    texts = [_shown(p) for p in parts] if parts is not None else [
        f"{key}={_shown(p)}" for key, p in pattern["dict"].items()]
    return f"({', '.join(texts)})"


def _run(concrete: Concrete, operands: Sequence[Any]) -> Any:
    """The results, computed now or drawn into the graph that is being drawn."""
    assert concrete.structured_outputs is not None, "a loaded function knows what it returns"
    if not is_drawing():
        return concrete.structured_outputs.fill(concrete(*operands))
    graph = get_default_graph()
    new = {id(t): graph.adopt(convert_to_tensor(x)) for t, x in zip(concrete.inputs, operands, strict=True)}
    with graph.name_scope("call"):
        _copy(concrete.graph, graph, new, lambda op, name: op.storage.owner.handle_in(graph.root), is_exact=False)
    return concrete.structured_outputs.fill([new[id(t)] for t in concrete.outputs])


def _copy(
    source: Graph, graph: Graph, new: dict[int, Tensor], handle: Callable[[Any, str], Tensor], is_exact: bool
) -> None:
    """Copy nodes with the order among them; `new` grows by the copies, `handle` gives what stands for a variable."""
    made: dict[int, Any] = {}
    starts = {id(n.inputs[0].node) for n in source.nodes if isinstance(n.op, VariableOp)}
    for node in source.nodes:
        if id(node) in starts or (node.outputs and all(id(t) in new for t in node.outputs)):
            continue
        if isinstance(node.op, (VariableOp, SharedVariable)):
            new[id(node.outputs[0])] = handle(node.op, node.name)
            continue
        after = [made[id(c)] for c in node.control_inputs if id(c) in made]
        name = f"{node.name}/" if is_exact else node.name
        copy = graph.add(node.op, [new[id(t)] for t in node.inputs], name, after, node.origin)
        made[id(node)] = copy
        new.update((id(t), x) for t, x in zip(node.outputs, copy.outputs, strict=True))


def load(export_dir: Path, tags: Any = None, options: Any = None) -> Any:
    """The module of a folder that `save` wrote.

    Raises
    ------
    NotFoundError if there is none. FileFormatError if a file is damaged.
    """
    from ..io.files import read_file

    del tags, options
    folder = os.fspath(export_dir)
    if not contains_saved_model(folder):
        raise NotFoundError(f"{folder!r} holds no {INDEX}", op="saved_model.load", fix="check the folder")
    at = os.path.join(folder, INDEX)
    try:
        index = json.loads(read_file(at, MAX_INDEX_BYTES, "a saved model"))
        if not isinstance(index, dict) or (index.get("format"), index.get("version")) != (FORMAT, VERSION):
            raise FileFormatError(f"the file is no {FORMAT} of version {VERSION}", at=at, fix="save it again")
        return _Reader(folder, index["objects"]).root(index["signatures"])
    except FileFormatError:
        raise
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise FileFormatError(f"the file is damaged: {error}", at=at, fix="restore it from a copy") from error


class _Reader:
    """Makes the objects of an index."""

    def __init__(self, folder: str, objects: Sequence[Json]) -> None:
        self.folder = folder
        self.objects = objects
        self.values = read_arrays(os.path.join(folder, VARIABLES))
        self._made: dict[int, Any] = {}

    def root(self, signatures: Mapping[str, Json]) -> Any:
        made = self.object(0)
        made.signatures = {name: self.function(f, returns_dict=True) for name, f in signatures.items()}
        return made

    def object(self, number: int) -> Any:
        if number in self._made:
            return self._made[number]
        said = self.objects[number]
        kind = said["kind"]
        if kind == "variable":
            made: Any = Variable(self.values[str(number)], said["trainable"], name=said["name"])
        elif kind == "function":
            made = self.function(said, returns_dict=False)
        elif kind == "module":
            made = self._made[number] = Restored(said["name"])
            for name, k in said["children"].items():
                made.__dict__[name] = self.object(k)
            made._methods.update((name, self.function(f, returns_dict=False)) for name, f in said["methods"].items())
        elif kind == "list":
            made = [self.object(k) for k in said["children"].values()]
        else:
            made = {name: self.object(k) for name, k in said["children"].items()}
        self._made[number] = made
        return made

    def function(self, said: Json, returns_dict: bool) -> RestoredFunction:
        traces = [(trace["arguments"], self._concrete(trace)) for trace in said["traces"]]
        return RestoredFunction(said["parameters"], traces, returns_dict)

    def _concrete(self, trace: Json) -> Concrete:
        from ..io.graphfile import load as read

        source = read(os.path.join(self.folder, f"function_{int(trace['graph'])}.graph.json"))
        graph = FunctionGraph()
        new: dict[int, Tensor] = {}

        def handle(op: Kept, name: str) -> Tensor:
            storage = self.object(trace["variables"][name]).storage
            graph.shared[id(storage)] = graph.add(SharedVariable(storage), (), f"{name}/").outputs[0]
            return graph.shared[id(storage)]

        _copy(source, graph, new, handle, is_exact=True)
        inputs = [new[id(source.as_tensor(name))] for name in trace["inputs"]]
        outputs = [new[id(source.as_tensor(name))] for name in trace["outputs"]]
        _check_trace(trace, inputs, outputs)
        targets = [n for n in graph.nodes if changes_variables(n)]
        return Concrete(graph, inputs, outputs, targets, _structure(trace["result"]))


def _check_trace(trace: Json, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
    """Raise ValueError or TypeError unless arguments and results are of the graph's inputs and outputs."""
    specs: dict[int, Json] = {}
    _collect(trace["arguments"], specs)
    if sorted(specs) != list(range(len(inputs))) or not all(isinstance(t.node.op, Placeholder) for t in inputs):
        raise ValueError(f"the arguments are of tensors {sorted(specs)}, the graph has {len(inputs)}")
    for k, t in enumerate(inputs):
        if specs[k]["dtype"] != t.dtype.name or not _fits(t.shape, Shape(specs[k]["shape"])):
            raise ValueError(f"an argument is {_shown(specs[k])}, {t.name} is {t.dtype.name} {t.shape}")
    numbers: list[int] = []
    _collect_results(trace["result"], numbers)
    if not all(type(k) is int and 0 <= k < len(outputs) for k in numbers):
        raise ValueError(f"a result is none of the graph's {len(outputs)}")


def _collect(pattern: Any, specs: dict[int, Json]) -> None:
    """The tensors of arguments, by number."""
    if "tensor" in pattern:
        if pattern["tensor"] in specs:
            raise ValueError(f"two arguments are tensor {pattern['tensor']}")
        specs[pattern["tensor"]] = pattern
    elif "value" not in pattern:
        parts = pattern["dict"].values() if "dict" in pattern else pattern["list"]
        for part in parts:
            _collect(part, specs)


def _collect_results(result: Any, numbers: list[Any]) -> None:
    if isinstance(result, Mapping):
        ((kind, items),) = result.items()
        for part in items.values() if kind == "dict" else items:
            _collect_results(part, numbers)
    elif result is not None:
        numbers.append(result)


def _structure(result: Any) -> Structure:
    """What fills the structure of results with tensors."""
    def build(values: Any) -> Any:
        tensors = list(values)

        def fill(part: Any) -> Any:
            if isinstance(part, Mapping):
                ((kind, items),) = part.items()
                if kind == "dict":
                    return {key: fill(x) for key, x in items.items()}
                return (tuple if kind == "tuple" else list)([fill(x) for x in items])
            return None if part is None else tensors[part]

        return fill(result)

    return Structure(build, False)
