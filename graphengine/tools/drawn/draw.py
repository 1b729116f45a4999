"""Cards become nodes: each kind of card, with its attributes and what is wired to it, adds to a graph."""
from __future__ import annotations

import inspect
import json
import zlib
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ...dtypes import as_dtype
from ...errors import FileFormatError, GraphEngineError, InvalidArgumentError
from ...frontend.build import init_scope
from ...frontend.structure import flatten
from ...io.nodes import DocumentOrigin, NodeReader
from ...io.values import Fetch, decode
from ...ir.dims import Shape
from ...ir.graph import Graph, get_default_graph
from ...ir.node import Node, Tensor
from ...keras import initializers
from ...keras.layer import only_types
from ...keras.registry import registered
from ...ops.kinds import Effect
from ...ops.language import L
from ...ops.state import ArrayValue, Kept, Placeholder, Variable
from .kinds import TRAIN, catalog, random_functions

UPDATES = "update_ops"                      # the graph's collection of assignments that go with a training step
SEED = "seed"                               # the attribute that random numbers of a card follow from
FAMILIES = ("op", "random", "layer", "loss", "metric")  # kinds that become nodes


STAND_IN = "card"                           # what a card is called while only its types are looked for
UNREADABLE = (AttributeError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError)   # odd attributes


def seed_of(seed: int, id: str, field: str) -> int:
    """What random numbers of a card's attribute follow from, in a document with that seed."""
    return zlib.crc32(f"{seed}/{id}/{field}".encode()) % initializers.LARGEST_SEED


def becomes_nodes(kind: str) -> bool:
    return kind.partition("/")[0] in FAMILIES


class Drawing:
    """A graph that grows card by card.

    Parameters
    ----------
    fetch : finds large arrays of attributes
    training : whether layers behave as in training (dropout, batch statistics)
    seed : what random initial values follow from, together with the name of the card
    plain : weights have dtypes and shapes alone, however large they are: what is drawn cannot run
    layers : layers made before, by card, whose weights are used again

    Attributes
    ----------
    graph : what has been drawn
    layers : the layer of each card
    """

    def __init__(
        self, fetch: Fetch, *, training: bool = False, seed: int = 0, plain: bool = False,
        layers: dict[str, Any] | None = None, names: Sequence[str] = (),
    ) -> None:
        self.graph = Graph()
        self.layers = {} if layers is None else layers
        self._reader = NodeReader(fetch)
        self._training, self._seed, self._plain = training, seed, plain
        for name in names:                  # so that no node inside a layer takes the name of a card
            self.graph.unique_name(name)

    def card(
        self, id: str, kind: str, attributes: Mapping[str, Any], operands: Sequence[Tensor], after: Sequence[Node] = (),
    ) -> tuple[Tensor, ...]:
        """Add a card's nodes; returns its results.

        Raises
        ------
        GraphEngineError that says what does not fit.
        """
        family, _, name = kind.partition("/")
        if family == "op":
            raw = {"id": id, "op": name, "inputs": [t.name for t in operands], "attributes": dict(attributes),
                   "after": [n.name for n in after]}
            return self._reader.add(self.graph, raw, "the graph").outputs
        before = len(self.graph.nodes)
        self.graph.shared_scope = f"{id}/"
        origin = DocumentOrigin("the graph", 0, id)
        with (self.graph.as_default(), self.graph.made_at(origin), self.graph.name_scope(f"{id}/"),
              self._after(after), only_types() if self._plain else nullcontext()):
            try:
                if family == "layer":
                    found = self._layer(self._made(id, kind, attributes), operands)
                elif family == "random":
                    found = self._random(id, name, attributes, operands)
                else:
                    found = (_loss if family == "loss" else _metric)(name, attributes, operands)
            except GraphEngineError:
                raise
            except (*UNREADABLE, MemoryError) as error:     # weights of more than there is, say
                raise InvalidArgumentError(str(error), op=name) from error
        for node in self.graph.nodes[before:]:
            if isinstance(node.op, Effect) and node.op.name != "read_variable":
                self.graph.add_to_collection(UPDATES, node)
        return tuple(flatten(found)[1])

    def _after(self, nodes: Sequence[Node]) -> AbstractContextManager[None]:
        return self.graph.control_dependencies(nodes)

    def _made(self, id: str, kind: str, attributes: Mapping[str, Any]) -> Any:
        if id in self.layers:
            return self.layers[id]
        name = kind.partition("/")[2]
        given = {}
        for key, value in attributes.items():
            if catalog()[kind].field(key) is None:
                raise FileFormatError(f"{name} has no attribute {key!r}", fix="remove it")
            is_start = key.endswith("initializer")
            given[key] = self._initializer(id, key, value) if is_start and value is not None else _argument(value)
        for field in catalog()[kind].fields:
            if field.name.endswith("initializer") and field.name not in given:
                given[field.name] = self._initializer(id, field.name, field.default)
            elif field.name == SEED and given.get(SEED) is None:
                given[SEED] = seed_of(self._seed, id, SEED)
        layer = self._construct(name, given, id)
        self.layers[id] = layer
        return layer

    def _construct(self, name: str, given: Mapping[str, Any], id: str) -> Any:
        try:
            return registered("layers")[name].from_config({**given, "name": id.replace("/", "_")})
        except GraphEngineError:
            raise
        except UNREADABLE as error:
            raise InvalidArgumentError(str(error), op=name, fix="give the attribute a value") from error

    def _initializer(self, id: str, field: str, value: Any) -> Any:
        if self._plain:
            return "zeros"
        made = initializers.get(value)
        config = made.get_config() if isinstance(made, initializers.Initializer) else {}
        if config.get("seed", 0) is not None:
            return made
        return type(made).from_config({**config, "seed": seed_of(self._seed, id, field)})

    def _random(self, id: str, name: str, attributes: Mapping[str, Any], operands: Sequence[Tensor]) -> Any:
        given = {key: _number(value) for key, value in attributes.items() if key != "shape"}
        shape = L.shape_of(operands[0]) if operands else attributes.get("shape")
        if shape is None:
            raise InvalidArgumentError("shape is not given", op=name, fix="give sizes, or connect a tensor with such")
        if given.get(SEED) is None:
            given[SEED] = seed_of(self._seed, id, SEED)
        return random_functions()[name]([shape] if isinstance(shape, int) else shape, **given)

    def _layer(self, layer: Any, operands: Sequence[Tensor]) -> Any:
        knows_training = "training" in inspect.signature(layer.call).parameters
        extra = {"training": self._training} if knows_training else {}
        return layer(list(operands), **extra) if layer.takes_list else layer(*operands, **extra)


def _argument(value: Any) -> Any:
    return tuple(map(_argument, value)) if isinstance(value, list) else value


def _number(value: Any) -> Any:
    """A whole number as one, which limits of whole numbers have to be."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _loss(name: str, attributes: Mapping[str, Any], operands: Sequence[Tensor]) -> Any:
    return registered("losses")[name](**{k: _argument(v) for k, v in attributes.items()})(*operands)


def _metric(name: str, attributes: Mapping[str, Any], operands: Sequence[Tensor]) -> Any:
    found = registered("metrics.functions")[name](*operands, **{k: _argument(v) for k, v in attributes.items()})
    return L.reduce_mean(L.cast(found, "float32"))


def add_node(
    op: str, name: str, operands: Sequence[Any] = (), attributes: Mapping[str, Any] | None = None,
    arrays: Mapping[str, Any] | None = None,
) -> Any:
    """Add a node to the graph that is being drawn, as files describe it: also ops without a public function.

    Parameters
    ----------
    op : its saved name
    operands : tensors and variables
    attributes : as in files
    arrays : the large arrays that attributes name

    Returns
    -------
    its result, or a tuple of them
    """
    graph = get_default_graph()
    reader = NodeReader(lambda key, dtype, shape: (arrays or {})[key])
    tensors = [x if isinstance(x, Tensor) else graph.as_node(x).outputs[0] for x in operands]
    raw = {"id": name, "op": op, "inputs": [t.name for t in tensors], "attributes": dict(attributes or {})}
    results = reader.add(graph, raw, "the graph").outputs
    return results[0] if len(results) == 1 else results


def decoded(raw: Any, fetch: Fetch) -> Any:
    """The numpy array that stands in a file as ``{"dtype", "shape", "values" or "array"}``."""
    return decode(raw, ArrayValue, fetch).array


# -------------------------------------------------------------------- dtypes and shapes alone

@dataclass(frozen=True)
class Type:
    """What is known of a tensor before anything runs. is_variable : it is a variable, which assignments can change."""

    dtype: str
    shape: Shape
    is_variable: bool = False


def no_array(name: str, dtype: Any, shape: tuple[int, ...]) -> Any:
    """Stands for a large array where only its dtype and shape matter."""
    import numpy as np

    return np.broadcast_to(np.zeros((), dtype.numpy), shape)


def operand_nodes(graph: Graph, operands: Sequence[Type]) -> list[Tensor]:
    """A tensor of each type, that stands for an operand of which no more is known."""
    tensors = []
    for k, given in enumerate(operands):
        node = graph.add(Placeholder(as_dtype(given.dtype), given.shape), (), f"operand_{k}/")
        if given.is_variable:
            node = graph.add(Variable(), node.outputs, f"variable_{k}/")
        tensors.append(node.outputs[0])
    return tensors


@lru_cache(maxsize=20_000)
def types_of(kind: str, attributes: str, operands: tuple[Type, ...]) -> tuple[Type, ...]:
    """The types of a card's results.

    attributes : as JSON, with sorted keys

    Raises
    ------
    GraphEngineError that says what does not fit.
    """
    if kind == TRAIN or not becomes_nodes(kind):
        return ()
    drawing = Drawing(no_array, plain=True)
    tensors = operand_nodes(drawing.graph, operands)
    try:
        with init_scope():
            results = drawing.card(STAND_IN, kind, json.loads(attributes), tensors)
    except GraphEngineError:
        raise
    except (*UNREADABLE, MemoryError) as error:     # an array whose size alone is too much, say
        raise InvalidArgumentError(f"its attributes cannot be used: {error}", fix="correct them") from error
    return tuple(Type(t.dtype.name, t.shape, isinstance(t.node.op, Kept)) for t in results)
