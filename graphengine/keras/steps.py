"""A step of a model on a batch, traced into a graph."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ..frontend.build import convert_to_tensor
from ..frontend.function import Concrete, FunctionGraph
from ..frontend.structure import Structure, flatten
from ..ir.dims import Shape
from ..ops.body import changes_variables
from ..ops.kinds import External
from ..ops.state import Placeholder


@dataclass(frozen=True)
class Step:
    """A traced step: its graph, and the structure of what it returns."""

    concrete: Concrete
    result: Structure


def traced(function: Callable[[Any], Any], structure: Structure, types: Sequence[Any]) -> Step:
    """A function of batches as a graph.

    types : for each leaf of a batch dtype and shape without the batch axis, None for a leaf that is not there
    """
    graph = FunctionGraph()
    with graph.as_default():
        symbols = [None if t is None else graph.add(Placeholder(t[0], Shape((None, *t[1]))), (), "data").outputs[0]
                   for t in types]
        result, leaves = flatten(function(structure.fill(symbols)))
        outputs = [graph.adopt(convert_to_tensor(x)) for x in leaves]
    targets = [n for n in graph.nodes if changes_variables(n) or isinstance(n.op, External)]
    return Step(Concrete(graph, [s for s in symbols if s is not None], outputs, targets), result)
