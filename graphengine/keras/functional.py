"""Models made of layers called on symbols: the calls between inputs and outputs, played back on other tensors."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import InvalidArgumentError, ShapeError, suggestion
from ..frontend.build import convert_to_tensor, placeholder
from ..frontend.structure import flatten
from ..ir.node import Node, Tensor
from ..ops.apply import apply
from ..ops.language import L
from ..ops.state import Const, ReadVariable, SharedVariable
from .config import floatx
from .layer import Layer
from .naming import auto_name
from .registry import register
from .symbolic import LayerCall, call_of, is_symbol, note, symbolic_graph


@register("layers")
class InputLayer(Layer):
    """Where a model's input comes in.

    Parameters
    ----------
    shape : sizes without the batch axis, None where they may differ
    batch_size : size of the batch axis; None if it may differ
    dtype : type of the elements
    """

    def __init__(
        self, shape: Any = None, batch_size: int | None = None, dtype: Any = None, sparse: bool = False,
        batch_shape: Any = None, input_tensor: Any = None, optional: bool = False, name: str | None = None,
        ragged: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(name=name or auto_name(type(self).__name__), dtype=dtype or floatx(), **kwargs)
        if self.input_shape_given is not None and shape is None and batch_shape is None:
            batch_shape = self.input_shape_given
        if batch_shape is None and shape is None and input_tensor is None:
            raise InvalidArgumentError("an input needs its shape", op="InputLayer", fix="shape=(4,)")
        if sparse or ragged or optional:
            raise InvalidArgumentError("sparse, ragged and optional inputs are not built", op="InputLayer")
        sizes = tuple(batch_shape) if batch_shape is not None else (
            batch_size, *([shape] if isinstance(shape, int) else shape or ()))
        self.batch_shape = sizes
        self.built = True
        if is_symbol(input_tensor):
            self._output = input_tensor
            return
        graph = symbolic_graph()
        with graph.as_default():
            self._output = placeholder(self._dtype, sizes, name=self.name)
        self.calls_on_symbols.append(LayerCall(self, (), {}, (self._output,), graph.made - 1))
        note(self.calls_on_symbols[0])

    @property
    def output(self) -> Tensor:
        return self._output

    def call(self) -> Any:
        return self._output

    def get_config(self) -> dict[str, Any]:
        return {"batch_shape": self.batch_shape, "dtype": self._dtype, "sparse": False, "name": self.name}


def Input(
    shape: Any = None, batch_size: int | None = None, dtype: Any = None, sparse: bool = False, batch_shape: Any = None,
    name: str | None = None, tensor: Any = None, optional: bool = False,
) -> Tensor:
    """A symbol to call layers on.

    Parameters
    ----------
    shape : sizes without the batch axis, None where they may differ
    batch_size : size of the batch axis; None if it may differ

    Examples
    --------
    >>> from graphengine import keras
    >>> x = keras.Input(shape=(4,))
    >>> print(x.shape)
    (None, 4)
    """
    made = InputLayer(shape=shape, batch_size=batch_size, dtype=dtype, sparse=sparse, batch_shape=batch_shape,
                      name=name, input_tensor=tensor, optional=optional)
    return made.output


class Playback:
    """The calls and ops that lead from symbols to symbols.

    Parameters
    ----------
    inputs, outputs : symbols of one graph

    Attributes
    ----------
    steps : layer calls and nodes, in order
    operations : the layers and operations, as Keras orders them: the farther from the outputs the earlier
    layers : the layers among them
    shows_results_inside : whether an output is computed from another one

    Raises
    ------
    InvalidArgumentError if an output depends on a symbol that is not among the inputs.
    """

    def __init__(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        for x in (*inputs, *outputs):
            if not is_symbol(x):
                raise InvalidArgumentError(f"{x!r} is no symbol made from keras.Input", op="Model")
        self.inputs = list(inputs)
        self.outputs = list(outputs)
        self.steps = self._found()
        self.operations = self._ordered()
        self.layers: list[Layer] = [x for x in self.operations if isinstance(x, Layer)]
        ends = {id(t) for t in self.outputs}
        self.shows_results_inside = any(id(t) in ends for step in self.steps for t in step.inputs)

    def _producer(self, t: Tensor) -> LayerCall | Node:
        return call_of(t) or t.node

    def _found(self) -> list[LayerCall | Node]:
        given = {id(t) for t in self.inputs}
        seen: dict[int, LayerCall | Node] = {}
        stack = [t for t in self.outputs if id(t) not in given]
        while stack:
            t = stack.pop()
            producer = self._producer(t)
            if id(producer) in seen:
                continue
            if isinstance(producer, LayerCall) and isinstance(producer.layer, InputLayer):
                raise InvalidArgumentError(
                    f"the outputs depend on the input {producer.layer.name!r}, which is not among the model's inputs",
                    op="Model", fix="add it to inputs",
                )
            seen[id(producer)] = producer
            before = producer.inputs if isinstance(producer, LayerCall) or producer.op.reads_inputs else ()
            stack += [x for x in before if id(x) not in given]
        return sorted(seen.values(), key=lambda p: (p.index, isinstance(p, LayerCall)))

    def _ordered(self) -> list[Any]:
        visited: dict[int, int] = {}
        order: list[LayerCall | Node] = []
        done: set[int] = set()
        given = {id(t) for t in self.inputs}

        def visit(producer: LayerCall | Node) -> None:
            if id(producer) in done:
                return
            done.add(id(producer))
            owner = producer.layer if isinstance(producer, LayerCall) else producer
            visited.setdefault(id(owner), len(visited))
            is_end = any(id(t) in given for t in producer.outputs)
            if not is_end and (isinstance(producer, LayerCall) or producer.op.reads_inputs):
                for t in producer.inputs:
                    visit(self._producer(t))
            order.append(producer)

        for t in self.outputs:
            visit(self._producer(t))
        depths: dict[int, int] = {}
        layer_depths: dict[int, int] = {}
        layers: dict[int, Any] = {}
        for producer in reversed(order):
            depth = depths.setdefault(id(producer), 0)
            if isinstance(producer, LayerCall):
                depth = max(depth, layer_depths.get(id(producer.layer), 0))
                layer_depths[id(producer.layer)] = depth
                layers[id(producer.layer)] = producer.layer
                depths[id(producer)] = depth
            if not any(id(t) in given for t in producer.outputs):
                for t in producer.inputs:
                    before = self._producer(t)
                    depths[id(before)] = max(depth + 1, depths.get(id(before), 0))
        for t in self.inputs:                   # inputs that lead nowhere
            call = call_of(t)
            if call is not None and id(call.layer) not in layers:
                layers[id(call.layer)] = call.layer
                layer_depths[id(call.layer)] = max(layer_depths.values(), default=0)
                visited.setdefault(id(call.layer), -1)
        return sorted(layers.values(), key=lambda x: (-layer_depths[id(x)], visited[id(x)]))

    def run(self, values: Sequence[Any]) -> list[Any]:
        """Values of the outputs for values of the inputs."""
        known: dict[int, Any] = {id(t): x for t, x in zip(self.inputs, values, strict=True)}

        def value(x: Any) -> Any:
            return known[id(x)] if is_symbol(x) else x

        for step in self.steps:
            if isinstance(step, Node):
                if not all(id(t) in known for t in step.outputs):
                    self._node(step, known)
                continue
            args = [_mapped(a, value) for a in step.args]
            result = step.layer(*args, **{k: _mapped(a, value) for k, a in step.kwargs.items()})
            made = [x for x in flatten(result)[1] if x is not None]
            known.update((id(t), x) for t, x in zip(step.outputs, made, strict=True))
        return [known[id(t)] for t in self.outputs]

    @staticmethod
    def _node(node: Node, known: dict[int, Any]) -> None:
        op = node.op
        if isinstance(op, Const):
            known[id(node.outputs[0])] = convert_to_tensor(op.value.array)
        elif isinstance(op, SharedVariable):
            known[id(node.outputs[0])] = op.storage.owner
        elif isinstance(op, ReadVariable):
            known[id(node.outputs[0])] = L.identity(known[id(node.inputs[0])])
        else:
            result = apply(op, [known[id(t)] for t in node.inputs])
            several = result if isinstance(result, tuple) else (result,)
            known.update((id(t), x) for t, x in zip(node.outputs, several, strict=True))


def _mapped(x: Any, value: Any) -> Any:
    structure, leaves = flatten(x)
    return structure.fill([value(v) for v in leaves])


def matched_inputs(names: Sequence[str], shapes: Sequence[Any], given: Any, model: str) -> list[Any]:
    """The inputs of a model in order, from a tensor, a list, or a dict by name.

    Raises
    ------
    InvalidArgumentError, ShapeError that name the input.
    """
    if isinstance(given, Mapping):
        missing = [n for n in names if n not in given]
        if missing:
            raise InvalidArgumentError(f"model {model!r} wants the input {missing[0]!r}; given: {', '.join(given)}",
                                       fix=suggestion(missing[0], given))
        tensors = [given[n] for n in names]
    else:
        tensors = list(given) if isinstance(given, (list, tuple)) else [given]
    if len(tensors) != len(names):
        raise InvalidArgumentError(
            f"model {model!r} takes {len(names)} input{'s' * (len(names) > 1)}, got a list of {len(tensors)}",
            fix="a list means an array for each input; for the rows of one give np.array(...) of the list")
    return [_fitting(n, s, x, model) for n, s, x in zip(names, shapes, tensors, strict=True)]


def _fitting(name: str, shape: Any, x: Any, model: str) -> Any:
    given = tuple(x.shape) if getattr(x, "shape", None) is not None else None
    if given is None or x.shape.rank is None:
        return x
    if len(given) == len(shape) - 1 and shape[-1] == 1:
        return L.expand_dims(x, -1)             # a column for a list of numbers, as Keras gives
    if len(given) == len(shape) + 1 and given[-1] == 1:
        return L.squeeze(x, [-1])
    fits = len(given) == len(shape) and all(a is None or b is None or a == b for a, b in zip(shape, given, strict=True))
    if not fits:
        raise ShapeError(f"input {name!r} of model {model!r} has shape {given}; the model takes {tuple(shape)}",
                         fix="check the data, or the model's input shape")
    return x

