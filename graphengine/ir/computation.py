"""What one run computes: a graph without effects, its sources and its results."""
from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from ..values import dataclass
from .dims import SizeFacts
from .graph import Graph
from .node import Node, Tensor
from .show import show_nodes
from .walk import needed

MEASURED = "runs in numpy: sizes of its results depend on the numbers"
STEPPED = "Python takes its steps: they call Python, or sizes in them depend on the numbers"


@dataclass(frozen=True, eq=False)
class Cut:
    """A node whose results have sizes that depend on numbers: the program ends there, and another one goes on.

    node : what runs between the two
    results : placeholders that stand for its results
    symbols : for each result the symbol of each axis, None where the size is known
    how : it runs, and why so, for people
    """

    node: Node
    results: tuple[Tensor, ...]
    symbols: tuple[tuple[str | None, ...], ...]
    how: str = MEASURED

    def __str__(self) -> str:
        at = f"    {self.node.origin}" if self.node.origin else ""
        return f"{self.node.equation()}    {self.how}{at}"


@dataclass(frozen=True)
class Computation:
    """A pure function from feeds and states to fetches and new states.

    graph : holds the nodes; all sizes are numbers or expressions in the feeds' sizes
    feeds : placeholders, in the order in which values are given
    fetches : results, in the order asked for
    updates : (variable, new value), one for each variable that changes
    facts : what was assumed about sizes
    cuts : nodes that end a stretch of the program; none in what is compiled
    """

    graph: Graph
    feeds: tuple[Tensor, ...]
    fetches: tuple[Tensor, ...]
    updates: tuple[tuple[str, Tensor], ...]
    facts: SizeFacts
    cuts: tuple[Cut, ...] = ()

    @cached_property
    def nodes(self) -> list[Node]:
        """What the results need, in order; nothing else counts."""
        return needed([*(t.node for t in self.fetches), *(t.node for _, t in self.updates)])

    def with_results(self, graph: Graph, feeds: tuple[Tensor, ...], results: list[Tensor]) -> Computation:
        """The same computation over another graph; `results` are fetches, then updates."""
        count = len(self.fetches)
        updates = tuple((name, t) for (name, _), t in zip(self.updates, results[count:], strict=True))
        return replace(self, graph=graph, feeds=feeds, fetches=tuple(results[:count]), updates=updates)

    def results(self) -> list[Tensor]:
        return [*self.fetches, *(t for _, t in self.updates)]

    def __str__(self) -> str:
        lines = [show_nodes(self.nodes)]
        if self.fetches:
            lines.append("fetch  " + ", ".join(t.node.name for t in self.fetches))
        lines += [f"update {name} <- {t.node.name}" for name, t in self.updates]
        return "\n".join(lines)
