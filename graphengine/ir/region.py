"""A function inside a graph: the body of a loop, a branch of a condition."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

from ..values import dataclass
from .graph import Graph
from .node import Node, Tensor
from .walk import needed


@dataclass(frozen=True, eq=False, repr=False)
class Region:
    """Results of a graph of its own as a function of its inputs; nothing else comes in.

    graph : holds the nodes; they run in the order in which they were made
    inputs : tensors that are given a value
    outputs : results; an input may be one
    targets : nodes that run for their effects
    """

    graph: Graph
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    targets: tuple[Node, ...] = ()

    @cached_property
    def nodes(self) -> list[Node]:
        """What the outputs need, in order, and the inputs."""
        roots = [t.node for t in (*self.inputs, *self.outputs)]
        return needed([*roots, *self.targets], self.inputs)

    def __str__(self) -> str:
        names = ", ".join(t.name for t in self.outputs)
        return f"({', '.join(t.node.name for t in self.inputs)}) -> ({names})"

    __repr__ = __str__


# What may be done with a node instead of copying it: its results, or None.
Replacement = Callable[[Node, Sequence[Tensor]], Sequence[Tensor] | None]


def copy_nodes(
    nodes: Sequence[Node], new: dict[int, Tensor], graph: Graph, replace: Replacement | None = None
) -> None:
    """Copy nodes into `graph`; `new` says what stands for a tensor's id, and grows by the copies."""
    for node in nodes:
        if node.outputs and all(id(t) in new for t in node.outputs):
            continue
        inputs = [new[id(t)] for t in node.inputs]
        made = None if replace is None else replace(node, inputs)
        if made is None:
            made = graph.add(node.op, inputs, graph.unique_name(node.name) + "/", origin=node.origin).outputs
        for old, copied in zip(node.outputs, made, strict=True):
            new.setdefault(id(old), copied)


def inlined(region: Region, operands: Sequence[Tensor], graph: Graph) -> list[Tensor]:
    """The region's outputs for these operands, its nodes copied into `graph`."""
    new = {id(t): x for t, x in zip(region.inputs, operands, strict=True)}
    copy_nodes(region.nodes, new, graph)
    return [new[id(t)] for t in region.outputs]

