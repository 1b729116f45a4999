"""What the nodes inside a card compute: a path as of `editor.model.inside` comes in, their values go out. No Qt."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

import graphengine as ge
from graphengine.tools.drawn.inside import Inside, inside_card, opened, tensors_of
from graphengine.tools.watch import evaluate_each

from .graph import RunningGraph
from .messages import Array, Output


def values_inside(graph: RunningGraph, path: tuple[str, ...], feeds: Mapping[str, Array]) -> dict[Output, Array]:
    """The results of the nodes inside the last of a path, by name and number; without those that cannot be computed.

    Raises
    ------
    NotFoundError if there is nothing of that path.
    """
    nodes = [graph.graph.by_name[name] for name in graph.built.nodes.get(path[0], ())]
    if not nodes:
        raise ge.errors.NotFoundError(f"{path[0]} cannot be computed", fix="connect its inputs")
    if nodes[-1].name == path[0]:           # an op
        level = opened(nodes[-1])
        wanted = nodes[-1].inputs
    else:
        level = inside_card(path[0], nodes, {})
        wanted = tuple(tensors_of(nodes))
    outside = _computed(graph, dict.fromkeys([*wanted, *(level.sources.values() if level is not None else ())]), feeds)
    values = _values(level, outside)
    for name in path[1:]:
        node = level.graph.by_name.get(name) if level is not None else None
        before = {} if level is None else {t: values[t.node.name, t.position] for t in tensors_of(level.graph.nodes)
                                           if (t.node.name, t.position) in values}
        level = opened(node) if node is not None else None
        values = _values(level, before)
    return values


def _computed(graph: RunningGraph, tensors: Mapping[Any, Any], feeds: Mapping[str, Array]) -> dict[Any, Array]:
    """Values of tensors of the graph; one that fails does not hide the others."""
    wanted = list(tensors)
    try:
        found = graph.session.run(wanted, feeds) if wanted else []
    except (ge.errors.GraphEngineError, ValueError, TypeError, ArithmeticError, LookupError, MemoryError):
        found, _ = evaluate_each(graph.session, wanted, feeds)
    return {t: np.asarray(v) for t, v in zip(wanted, found, strict=True) if v is not None}


def _values(level: Inside | None, outside: Mapping[Any, Array]) -> dict[Output, Array]:
    """Values of the nodes of a level, of those outside: copies have them, what a composite does is computed."""
    if level is None:
        raise ge.errors.NotFoundError("there is nothing inside", fix="go back to the graph")
    given = {name: outside[t] for name, t in level.sources.items() if t in outside}
    if level.originals:
        found = {(name, k): outside[t] for name, node in level.originals.items()
                 for k, t in enumerate(node.outputs) if t in outside}
        return {**found, **{(name, 0): value for name, value in given.items()}}
    tensors = tensors_of(level.graph.nodes)
    if len(given) < len(level.sources) or not given:
        return {}
    found_, _ = evaluate_each(ge.Session(level.graph), tensors, given)
    return {(t.node.name, t.position): v for t, v in zip(tensors, found_, strict=True) if v is not None}
