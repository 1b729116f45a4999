"""What loops and branches have in common: operands of any types, and regions that are read, copied and cut.

Takes regions, gives smaller ones or copies; which of them run, and how often, is in `control` and `choice`.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from ..dtypes import DType
from ..errors import DTypeError, GradientError, InvalidArgumentError, ShapeError
from ..ir.dims import Shape
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.region import Region, copy_nodes
from ..ir.walk import needed
from .body import calls_python, changed_variables, happens_once
from .kinds import AnyType, Call, Control, Dynamic, variadic
from .known import follows_from_sizes
from .state import Placeholder, State

Types = list[tuple[DType, Shape]]


class OfRegions(Control):
    """What loops and branches have in common: operands of any types, no kernel without its regions' programs."""

    category = "Control"
    internal = True                         # users call while_loop, cond and the like
    inputs = (variadic("operands", AnyType, "what the op reads itself, then what the regions take"),)

    @cached_property
    def states(self) -> tuple[State, ...]:
        return tuple(changed_variables([n for r in self.regions for n in r.nodes]).values())

    @cached_property
    def calls_python(self) -> bool:
        return any(calls_python(n) for r in self.regions for n in r.nodes)

    @cached_property
    def is_stepped(self) -> bool:
        return any(_waits(n) for r in self.regions for n in r.nodes)

    def can_fail(self, *types: DType) -> bool:
        return any(n.op.can_fail(*[t.dtype for t in n.inputs]) for r in self.regions for n in r.nodes)

    def check_dtypes(self, types: Sequence[DType]) -> None:
        """Operands may be of any type; the regions say what they must be."""

    def label_operands(self, texts: Sequence[str]) -> list[tuple[str, str]]:
        return [(str(k), text) for k, text in enumerate(texts)]

    def check_head(self, inputs: Sequence[Tensor], wanted: Sequence[DType]) -> None:
        """Raise unless the first operands are single values of these types."""
        for k, dtype in enumerate(wanted):
            if k >= len(inputs):
                raise InvalidArgumentError(f"operand {k}, a single {dtype.name}, is missing")
            t = inputs[k]
            if t.dtype is not dtype or t.shape.rank not in (None, 0):
                raise DTypeError(f"{t.node.name} is {t.dtype.name} {t.shape}; operand {k} is a single {dtype.name}")

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        return Call(self.name, (), 1)


def _waits(node: Node) -> bool:
    """Whether a node of a region cannot be part of its program."""
    op = node.op
    if isinstance(op, Control):
        return op.is_stepped
    return isinstance(op, Dynamic) and not op.settles(node.inputs, follows_from_sizes)


def check_operands(region: Region, given: Types) -> None:
    """Raise unless values of these types may be given to a region."""
    if len(given) != len(region.inputs):
        raise InvalidArgumentError(f"the region takes {len(region.inputs)} values, but {len(given)} are given",
                                   fix="give one for each input")
    for k, (t, (dtype, shape)) in enumerate(zip(region.inputs, given, strict=True)):
        if t.dtype is not dtype:
            raise DTypeError(f"input {k} of the region, {t.node.name}, is {t.dtype.name}; {dtype.name} is given",
                             fix=f"cast it to {t.dtype.name}")
        if t.shape.rank is not None and shape.rank is not None and not may_be_same(t.shape, shape):
            raise ShapeError(f"input {k} of the region, {t.node.name}, has shape {t.shape}; {shape} is given")


def may_be_same(a: Shape, b: Shape) -> bool:
    """Whether shapes of known rank may be the same, for all that is known."""
    return len(a) == len(b) and all(
        m == n or not (isinstance(m, int) and isinstance(n, int)) for m, n in zip(a, b, strict=True)
    )


def inputs_read(region: Region, outputs: Sequence[int]) -> set[int]:
    """Which inputs these outputs of a region depend on."""
    nodes = needed([*(region.outputs[k].node for k in outputs), *region.targets], region.inputs)
    ids = {id(t) for n in nodes for t in n.inputs} | {id(region.outputs[k]) for k in outputs}
    return {k for k, t in enumerate(region.inputs) if id(t) in ids}


class RegionCopy:
    """A region copied into a graph of its own, in which its gradient is drawn."""

    def __init__(self, region: Region) -> None:
        self.graph = Graph()
        self.known: dict[int, Tensor] = {}
        self.inputs = [self.placeholder(t) for t in region.inputs]
        self.known |= {id(t): x for t, x in zip(region.inputs, self.inputs, strict=True)}
        copy_nodes(region.nodes, self.known, self.graph)
        self._count = len(self.graph.nodes)         # what comes after is the gradient's

    def placeholder(self, like: Tensor) -> Tensor:
        name = self.graph.unique_name(like.node.name) + "/"
        return self.graph.add(Placeholder(like.dtype, like.shape), (), name, origin=like.node.origin).outputs[0]

    def of(self, tensor: Tensor) -> Tensor:
        """The copy of a tensor of the region."""
        return self.known[id(tensor)]


    def taken_out(self, outputs: Sequence[Tensor], given: Sequence[Tensor]) -> tuple[list[Node], set[int]]:
        """Nodes that compute `outputs` from `given`, and the ids of what they read.

        Raises
        ------
        GradientError if one of the nodes reads or changes a variable, which must not happen again.
        """
        nodes = needed([t.node for t in outputs], given)
        stop = {id(t) for t in given}
        nodes = [n for n in nodes if not n.outputs or not all(id(t) in stop for t in n.outputs)]
        for node in nodes:
            if happens_once(node) and node.index < self._count:
                raise GradientError(f"the gradient would run {node.name} again, which reads or changes a variable")
        return nodes, {id(t) for n in nodes for t in n.inputs} | {id(t) for t in outputs}

    @staticmethod
    def region(inputs: Sequence[Tensor], nodes: Sequence[Node], outputs: Sequence[Tensor]) -> Region:
        """These nodes as a region of a graph of its own, with `inputs` as placeholders."""
        graph = Graph()
        known: dict[int, Tensor] = {}
        for t in inputs:
            name = graph.unique_name(t.node.name) + "/"
            known[id(t)] = graph.add(Placeholder(t.dtype, t.shape), (), name, origin=t.node.origin).outputs[0]
        made = tuple(known[id(t)] for t in inputs)
        copy_nodes(nodes, known, graph)
        return Region(graph, made, tuple(known[id(t)] for t in outputs))
