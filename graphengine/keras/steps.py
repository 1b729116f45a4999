"""A step of a model on a batch, traced into a graph."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..frontend.build import convert_to_tensor
from ..frontend.concrete import Concrete
from ..frontend.structure import Structure, flatten
from ..frontend.tracing import FunctionGraph
from ..ir.dims import Shape
from ..ir.node import Tensor
from ..ops.body import acts
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
    targets = [n for n in graph.nodes if acts(n)]
    return Step(Concrete(graph, [s for s in symbols if s is not None], outputs, targets), result)


def symbols_left_open(model: Any) -> tuple[dict[str, Tensor], ...]:
    """A drawn model's inputs and outputs by name, if an input leaves more than the size of the batch open; else ()."""
    if all(isinstance(n, int) for x in model.inputs for n in x.shape[1:]):
        return ()
    pairs = (model.input_names, model.inputs), (model.output_names, model.outputs)
    return tuple(dict(zip(names, symbols, strict=True)) for names, symbols in pairs)


def loosened(types: Sequence[Any], *parts: tuple[Any, Mapping[str, Tensor]]) -> tuple[Any, ...]:
    """Types of a batch's leaves with None for the sizes that a model's symbols leave open.

    Parameters
    ----------
    types : as for `traced`
    parts : a structure of the leaves' numbers, and the symbols by name that these belong to
    """
    found = list(types)
    for numbers, symbols in parts:
        places = numbers if isinstance(numbers, Mapping) else dict(zip(symbols, flatten(numbers)[1], strict=False))
        for name, symbol in symbols.items():
            k = places.get(name)
            if isinstance(k, int) and found[k] is not None and symbol.shape.rank is not None:
                dtype, sizes = found[k]
                known = [isinstance(s, int) for s in symbol.shape[1:]] + [True] * len(sizes)
                found[k] = dtype, tuple([n if fixed else None for n, fixed in zip(sizes, known, strict=False)])
    return tuple(found)
