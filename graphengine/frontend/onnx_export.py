"""Graphs, traced functions and models as ONNX files: what is fetched, with the values that variables have now."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..io.onnx_nodes import ELSEWHERE, Refusal, reason_of
from ..io.onnx_write import NotExportedError, write
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.walk import needed
from ..ops.kinds import Effect
from ..ops.state import Kept, Placeholder, ReadVariable
from ..rewrite.specialize import Feed, specialize
from ..rewrite.widen import widen

Array = np.ndarray[Any, Any]


def save_onnx(
    path: str | os.PathLike[str], outputs: Mapping[str, Tensor], values: Mapping[str, Array],
    inputs: Sequence[Tensor] = (),
) -> None:
    """Write what computes some tensors as an ONNX model.

    Parameters
    ----------
    outputs : tensors of one graph by the names that they get
    values : of variables, by name
    inputs : placeholders that the model takes in this order, needed or not; others follow

    Raises
    ------
    NotExportedError, before anything is written, if nodes have no form in ONNX: it names all of them.
    InvalidArgumentError if there are no outputs.
    """
    tensors = list(outputs.values())
    if not tensors:
        raise InvalidArgumentError("there is nothing to export", op="onnx", fix="name what the model gives")
    nodes = needed([t.node for t in tensors])
    refusals = [found for found in map(_refusal, nodes) if found is not None]
    if refusals:                            # before sizes are followed through them
        raise NotExportedError(refusals, os.fspath(path))
    known = {id(t) for t in inputs}
    others = [n.outputs[0] for n in nodes if isinstance(n.op, Placeholder) and id(n.outputs[0]) not in known]
    feeds = [Feed(t, tuple(t.shape)) for t in (*inputs, *others)]
    computation = replace(specialize(tensors, (), feeds), updates=())
    cut = {id(t): c.node for c in computation.cuts for t in c.results}
    waiting = [cut[id(t)] for node in computation.nodes for t in node.outputs if id(t) in cut]
    if waiting:
        refusals = [Refusal(node.name, reason_of(node.op), ELSEWHERE) for node in dict.fromkeys(waiting)]
        raise NotExportedError(refusals, os.fspath(path))
    computation = widen(computation, [])
    write(path, computation, list(outputs), values)


def _refusal(node: Node) -> Refusal | None:
    """Why a node cannot be exported, as far as its op tells without its operands."""
    op = node.op
    if op.category == "Random" and not isinstance(op, (Kept, Effect)):
        return Refusal(node.name, "it draws random numbers", "export results that are not random, or feed the numbers")
    if isinstance(op, Effect) and not isinstance(op, ReadVariable) and op.category != "Random":
        return Refusal(node.name, "it changes a variable", "export a result that is computed without the change")
    if isinstance(op, Placeholder) and op.shape.rank is None:
        return Refusal(node.name, "its number of axes is not known", "give the placeholder a shape")
    return None


def graph_outputs(graph: Graph, fetches: Sequence[Any]) -> dict[str, Tensor]:
    """Tensors of a graph by the names that they get as outputs."""
    found: dict[str, Tensor] = {}
    for fetch in fetches:
        node = graph.as_node(fetch)
        tensor = graph.as_tensor(fetch) if isinstance(fetch, str) else fetch
        if not isinstance(tensor, Tensor):
            tensor = getattr(fetch, "tensor", None) or node.outputs[0]
        found[tensor.name.removesuffix(":0")] = tensor
    return found
