"""Models as drawings: the plain form in which the editor opens a graph of layers."""
from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter, signature
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..io.files import write_file
from ..io.nodes import NodeWriter
from ..io.values import array_in_full
from ..ir.node import Node, Tensor
from .functional import InputLayer
from .naming import to_snake_case
from .operation import Operation
from .symbolic import LayerCall

Item = dict[str, Any]
Held = Callable[[np.ndarray[Any, Any]], dict[str, Any]]


def to_document(model: Any, path: Any = None, held: Held = array_in_full) -> dict[str, Any]:
    """A model as the editor's document: a card for each layer with its arguments, wires, and the weights.

    Parameters
    ----------
    model : of symbols: `Sequential` with a known input shape, or functional
    path : a file to write it to as well, conventionally ``NAME.graph.json``; None for none
    held : how the document holds a weight; the editor keeps large ones beside it

    Returns
    -------
    the document, plain JSON

    Raises
    ------
    InvalidArgumentError for a subclassed model, whose calls nobody knows before they are made, and for a layer that is
    called twice.
    """
    drawn = getattr(model, "_drawn", None)
    whole = drawn() if drawn is not None else model
    if not hasattr(whole, "_playback"):
        raise InvalidArgumentError(f"model {model.name!r} is not made of symbols", op="to_document",
                                   fix="make it with keras.Model(inputs, outputs) or keras.Sequential")
    cards = _Cards(held)
    cards.model(whole, "", None)
    weights = {"item": "setting", "name": "weights", "value": cards.weights}
    document = {"graphengine": "drawing", "version": 1, "items": [*cards.items, *([weights] if cards.weights else [])]}
    if path is not None:
        write_file(path, json.dumps(document).encode())
    return document


class _Cards:
    """Cards and wires, as they come."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self.items: list[Item] = []
        self.weights: dict[str, Any] = {}
        self.sources: dict[int, tuple[str, int]] = {}   # id of a symbol -> card and number of its output
        self.taken: set[str] = set()

    def model(self, model: Any, scope: str, given: list[tuple[str, int]] | None) -> list[tuple[str, int]]:
        """Draw a model's calls; returns where its outputs come from.

        given : what its inputs are wired to, of a model inside another
        """
        playback = model._playback
        for k, (symbol, name) in enumerate(zip(playback.inputs, model.input_names, strict=True)):
            self.sources[id(symbol)] = given[k] if given is not None else self._input(symbol, f"{scope}{name}")
        for step in playback.steps:
            if not isinstance(step, LayerCall):
                self._op(step, scope)
            elif hasattr(step.layer, "_playback") or hasattr(step.layer, "_drawn"):
                inner = step.layer._drawn() if hasattr(step.layer, "_drawn") else step.layer
                wired = [self.sources[id(t)] for t in step.inputs]
                found = self.model(inner, f"{scope}{step.layer.name}/", wired)
                self.sources.update((id(t), source) for t, source in zip(step.outputs, found, strict=True))
            elif isinstance(step.layer, Operation):
                for node in _between(step.inputs, step.outputs):
                    self._op(node, scope)
            elif not isinstance(step.layer, InputLayer):
                self._layer(step, scope)
        return [self.sources[id(t)] for t in playback.outputs]

    def _input(self, symbol: Tensor, id: str) -> tuple[str, int]:
        attributes: dict[str, Any] = {"shape": [s if isinstance(s, int) else None for s in symbol.shape]}
        if symbol.dtype.name != "float32":
            attributes["dtype"] = symbol.dtype.name
        return self._card(id, "op/placeholder", attributes), 0

    def _card(self, id: str, kind: str, attributes: Mapping[str, Any]) -> str:
        if id in self.taken:
            raise InvalidArgumentError(f"layer {id!r} is called twice; a drawing has each layer once", op="to_document",
                                       fix="draw the models apart")
        self.taken.add(id)
        self.items.append({"item": "card", "id": id, "kind": kind, "attributes": dict(attributes)})
        return id

    def _wires(self, card: str, inputs: list[Tensor]) -> None:
        for number, symbol in enumerate(inputs):
            source, output = self.sources[id(symbol)]
            self.items.append({"item": "wire", "source": source, "output": output, "target": card, "input": number})

    def _op(self, node: Any, scope: str) -> None:
        if all(id(t) in self.sources for t in node.outputs):
            return
        written, = NodeWriter(lambda name, array: name).nodes([node], "the model")
        card = self._card(f"{scope}{node.name}", f"op/{written['op']}", written.get("attributes", {}))
        self._wires(card, list(node.inputs))
        self.sources.update((id(t), (card, k)) for k, t in enumerate(node.outputs))

    def _layer(self, call: LayerCall, scope: str) -> None:
        layer = call.layer
        card = self._card(f"{scope}{layer.name}", f"layer/{type(layer).__name__}", changed_arguments(layer))
        self._wires(card, call.inputs)
        self.sources.update((id(t), (card, k)) for k, t in enumerate(call.outputs))
        used: dict[str, int] = {}
        for weight in layer.weights:
            name = weight.storage.name
            count = used[name] = used.get(name, 0) + 1
            key = f"{card}/{name}" if count == 1 else f"{card}/{name}_{count - 1}"
            self.weights[key] = self._held(np.asarray(weight))


def _between(inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> list[Node]:
    """The nodes that lead from symbols to symbols, in order."""
    found: dict[int, Node] = {}
    given = {id(t) for t in inputs}
    stack = [t.node for t in outputs]
    while stack:
        node = stack.pop()
        if node.index not in found:
            found[node.index] = node
            stack += [t.node for t in node.inputs if id(t) not in given]
    return [found[k] for k in sorted(found)]


def changed_arguments(layer: Any) -> dict[str, Any]:
    """The arguments of a layer that differ from the defaults, as they stand in its configuration."""
    config = layer.get_config()
    parameters = signature(type(layer)).parameters
    needed = {name: config[name] for name, p in parameters.items() if p.default is Parameter.empty and name in config}
    usual = type(layer).from_config(dict(needed)).get_config()
    found = {}
    for name in parameters:
        if name in config and (name in needed or config[name] != usual.get(name)):
            found[name] = _plain(config[name])
    return found


def _plain(value: Any) -> Any:
    """A configuration's value with objects by their names alone where these say everything."""
    if isinstance(value, dict) and {"class_name", "config"} <= set(value):
        return to_snake_case(value["class_name"]) if not any(value["config"].values()) else value
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value
