"""Graphs and traced functions as ONNX files: what is fetched, with the values that variables have now."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..io.onnx_nodes import ELSEWHERE, Refusal, reason_of
from ..io.onnx_write import NotExportedError, write
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.walk import needed
from ..ops.kinds import Control, Effect, External
from ..ops.state import Kept, Placeholder, ReadVariable, SharedVariable, State
from ..rewrite.specialize import Feed, specialize
from ..rewrite.widen import widen
from .concrete import Concrete
from .results import unread
from .session import Session

Array = np.ndarray[Any, Any]
Path = str | os.PathLike[str]
Fetches = Sequence[Any] | Mapping[str, Any] | None
NONE: Mapping[str, Tensor] = MappingProxyType({})


def save_graph(graph: Graph, path: Path, fetches: Fetches = None, session: Session | None = None) -> None:
    """Write what computes some results of a graph; see `Graph.save`."""
    given = unread(graph) if fetches is None else list(fetches.values() if isinstance(fetches, Mapping) else fetches)
    tensors = [_result(graph, f) for f in given]
    names = fetches if isinstance(fetches, Mapping) else [t.name.removesuffix(":0") for t in tensors]
    outputs = dict(zip(names, tensors, strict=True))
    nodes = needed([t.node for t in tensors])
    inputs = {n.name for n in nodes if isinstance(n.op, Placeholder)}
    taken = [name for name in fetches if name in inputs] if isinstance(fetches, Mapping) else []
    if taken:
        raise InvalidArgumentError(f"a result is to be called {taken[0]!r}, as an input of the model is", op="save",
                                   fix="another name in fetches")
    variables = [n for n in nodes if isinstance(n.op, Kept) and n.op.category == "State"]
    _export(path, outputs, _values(graph, variables, session))


def _result(graph: Graph, fetch: Any) -> Tensor:
    """The tensor that is fetched: by name, itself, or the first result of a node."""
    if isinstance(fetch, str):
        return graph.as_tensor(fetch)
    node = graph.as_node(fetch)
    if not node.outputs:
        raise InvalidArgumentError(f"{node.name!r} gives no results, so a model has nothing to give for it", op="save",
                                   fix="fetch tensors")
    return node.outputs[getattr(fetch, "position", 0)]


def save_function(concrete: Concrete, path: Path, inputs: Sequence[str] | None = None) -> None:
    """Write a traced function; its outputs are called output_0, output_1 ..., those of a dict as its keys are.

    inputs : names of the inputs; None: those of the placeholders
    """
    count = len(concrete.outputs)
    structure = concrete.structured_outputs
    made = structure.fill(list(range(count))) if structure is not None else None
    named = made if isinstance(made, dict) and all(isinstance(k, int) for k in made.values()) else {
        f"output_{k}": k for k in range(count)}
    values = {n.name: np.asarray(n.op.start()) for n in concrete.graph.nodes if isinstance(n.op, SharedVariable)}
    fed = [t for t in concrete.inputs if isinstance(t.node.op, Placeholder)]
    _export(path, {str(name): concrete.outputs[k] for name, k in named.items()}, values,
            dict(zip(inputs or [t.node.name for t in fed], fed, strict=True)))


def _values(graph: Graph, variables: Sequence[Node], session: Session | None) -> dict[str, Array]:
    """What variables hold in a session; their initial values if there is none."""
    if session is not None and session.graph is not graph:
        raise InvalidArgumentError("the session is that of another graph", op="save", fix="give the graph's session")
    if session is not None:
        session.store.require([n.name for n in variables if n.op.start() is None])
        held = session.variables()
        return {n.name: held[n.name] if n.op.start() is None else n.op.start() for n in variables}
    begun = [n for n in variables if n.op.start() is None]
    first = Session(graph).run([n.inputs[0] for n in begun]) if begun else []
    found = {n.name: np.asarray(value) for n, value in zip(begun, first, strict=True)}
    return {n.name: found[n.name] if n.name in found else n.op.start() for n in variables}


def _export(
    path: Path, outputs: Mapping[str, Tensor], values: Mapping[str, Array], inputs: Mapping[str, Tensor] = NONE,
) -> None:
    """Write what computes some tensors.

    Parameters
    ----------
    outputs : by the names that they get
    values : of variables, by name
    inputs : placeholders by the names that they get, needed or not; others follow
    """
    tensors = list(outputs.values())
    if not tensors:
        raise InvalidArgumentError("there is nothing to export", at=os.fspath(path), fix="name what the model gives")
    nodes = needed([t.node for t in tensors])
    _check(path, [found for found in map(_refusal, nodes) if found is not None])
    known = {id(t) for t in inputs.values()}
    others = [n.outputs[0] for n in nodes if isinstance(n.op, Placeholder) and id(n.outputs[0]) not in known]
    feeds = [Feed(t, tuple(t.shape)) for t in (*inputs.values(), *others)]
    computation = replace(specialize(tensors, (), feeds), updates=())
    computation = computation if computation.cuts else widen(computation, [])
    write(path, computation, [*inputs, *(t.node.name for t in others)], list(outputs), values)


def _check(path: Path, refusals: Sequence[Refusal]) -> None:
    if refusals:
        raise NotExportedError(refusals, os.fspath(path))


def _draws(node: Node) -> bool:
    """Whether a node draws random numbers, or a loop or branch whose body does."""
    op = node.op
    if isinstance(op, Control):
        return any(_draws(inner) for region in op.regions for inner in region.nodes)
    return op.category == "Random" and not isinstance(op, (Kept, Effect, State))


def _refusal(node: Node) -> Refusal | None:
    """Why a node cannot be exported, as far as its op tells without its operands."""
    op = node.op
    if _draws(node):
        return Refusal(node.name, "it draws random numbers", "export results that are not random, or feed the numbers")
    if isinstance(op, Effect) and not isinstance(op, ReadVariable) and op.category != "Random":
        return Refusal(node.name, "it changes a variable", "export a result that is computed without the change")
    if isinstance(op, External):            # of results whose number of axes nobody knows yet
        return Refusal(node.name, reason_of(op), ELSEWHERE)
    if isinstance(op, Placeholder) and op.shape.rank is None:
        return Refusal(node.name, "its number of axes is not known", "give the placeholder a shape")
    return None
