"""Symbols in a model's configuration: where they come from, as a layer, the number of its call, and of the result."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from ..errors import InvalidArgumentError
from ..ir.node import Tensor
from .registry import deserialize_keras_object, serialize_keras_object
from .symbolic import is_symbol

_SYMBOL = "__keras_tensor__"


def written(value: Any, places: Mapping[int, tuple[str, int, int]], model: str) -> Any:
    """Arguments of a call with places in the stead of symbols."""
    if isinstance(value, dict):
        return {k: written(v, places, model) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [written(v, places, model) for v in value]
    if isinstance(value, FunctionType):
        return serialize_keras_object(value)
    if not is_symbol(value):
        return value
    return {"class_name": _SYMBOL, "config": {"shape": list(value.shape), "dtype": value.dtype.name,
                                              "keras_history": list(place(value, places, model))}}


def place(symbol: Tensor, places: Mapping[int, tuple[str, int, int]], model: str) -> tuple[str, int, int]:
    if id(symbol) not in places:
        raise InvalidArgumentError(
            f"model {model!r} calls a function on symbols that Keras's files do not know: {symbol.node.op.name}",
            fix="use the function of keras.ops, or put it into a layer, e.g. Lambda, to save or copy the model")
    return places[id(symbol)]


def _is_written_symbol(value: Any) -> bool:
    return isinstance(value, Mapping) and value.get("class_name") == _SYMBOL


def read(value: Any, made: Mapping[tuple[str, int], list[Any]]) -> Any:
    if _is_written_symbol(value):
        name, call, result = value["config"]["keras_history"]
        return made[name, call][result]
    if isinstance(value, Mapping) and {"class_name", "config"} <= set(value):
        return deserialize_keras_object(value)
    if isinstance(value, Mapping):
        return {k: read(v, made) for k, v in value.items()}
    return [read(v, made) for v in value] if isinstance(value, (list, tuple)) else value


def places_in(value: Any) -> list[tuple[str, int]]:
    """The calls that a call waits for."""
    if _is_written_symbol(value):
        name, call, _ = value["config"]["keras_history"]
        return [(name, call)]
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return [place for part in parts for place in places_in(part)]


def at_places(given: Any, pick: Callable[[Any], Any]) -> Any:
    """A structure of symbols from one of places: lists of a name and two numbers."""
    if isinstance(given, Mapping):
        return {k: at_places(v, pick) for k, v in given.items()}
    if len(given) == 3 and isinstance(given[0], str):
        return pick(given)
    return [at_places(v, pick) for v in given]


def as_call(node: Any) -> Any:
    """A call as Keras 3 writes it; that of Keras 2 is a list of [layer, call, result, further arguments]."""
    if isinstance(node, Mapping):
        return node
    symbols = [{"class_name": _SYMBOL, "config": {"keras_history": entry[:3]}} for entry in node]
    return {"args": symbols if len(symbols) == 1 else [symbols], "kwargs": node[0][3] if len(node[0]) > 3 else {}}


def ends_of(config: Mapping[str, Any]) -> tuple[Any, Any]:
    """The places of a model's inputs and outputs; Keras 2 writes a list also of a single one."""
    ends = config["input_layers"], config["output_layers"]
    if not any(isinstance(node, list) for layer in config["layers"] for node in layer.get("inbound_nodes", ())):
        return ends
    first, last = (places[0] if isinstance(places, list) and len(places) == 1 else places for places in ends)
    return first, last
