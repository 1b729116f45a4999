"""The stages in order: the only place that knows the whole way from a graph to machine code.

    specialize -> stretches -> widen -> stabilize -> views -> decompose -> simplify -> anchor -> fuse -> order -> lower
    -> emit -> compile
"""
from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from .codegen.emit import Kernel, Nested, Part
from .codegen.generate import generate
from .errors import ShapeError
from .ir.computation import Computation
from .ir.dims import SizeFacts
from .ir.graph import Graph
from .ir.node import Node, Tensor
from .ir.region import Region, copy_nodes
from .ops.body import is_small_constant
from .ops.kinds import Control
from .ops.state import Placeholder, State
from .rewrite.decompose import decompose
from .rewrite.rules import Fired, Phase
from .rewrite.simplify import simplify
from .rewrite.specialize import NO_RANKS, NOTHING, Feed, Ranks, specialize
from .rewrite.stabilize import stabilize
from .rewrite.stretches import Stretch, stretches
from .rewrite.views import views
from .rewrite.widen import widen
from .schedule.anchor import anchor
from .schedule.fuse import fuse
from .schedule.order import order
from .schedule.program import Program
from .values import dataclass

# Narrow numbers are widened around whole composites. Stable forms and matmul's flags need composites too, so they come
# before these are opened; folding, sharing and algebra want primitives.
PHASES: tuple[Phase, ...] = (widen, stabilize, views, decompose, simplify)


@dataclass(frozen=True)
class Stage:
    """A computation after a phase, for people to look at."""

    name: str
    computation: Computation


@dataclass(frozen=True)
class Compilation:
    """Everything that compiling one computation produced.

    stages : the graph as it came and after each phase
    fired : every rule that was applied
    program : instructions and buffers
    kernels : one for each instruction
    inner : what compiling the regions of loops and branches produced
    """

    stages: tuple[Stage, ...]
    fired: tuple[Fired, ...]
    program: Program
    kernels: tuple[Kernel, ...]
    inner: tuple[Inner, ...]

    @property
    def source(self) -> Computation:
        """The computation before any rewriting: what the interpreter runs as the oracle."""
        return self.stages[0].computation


@dataclass(frozen=True)
class Inner:
    """The compilation of a region.

    instruction : which one of the program around it runs it
    label : which region of that, in words
    """

    instruction: int
    label: str
    compilation: Compilation


@dataclass(frozen=True)
class CompiledGraph:
    """What one way of running a graph became: one compilation, or several with cuts between them.

    whole : the computation before it was cut
    parts : its stretches
    compilations : one for each stretch
    """

    whole: Computation
    parts: tuple[Stretch, ...]
    compilations: tuple[Compilation, ...]


def rewrite(computation: Computation) -> tuple[list[Stage], list[Fired]]:
    """The computation after each phase, and the rules that fired."""
    fired: list[Fired] = []
    stages = [Stage("graph", computation)]
    for phase in PHASES:
        computation = phase(computation, fired)
        stages.append(Stage(phase.name, computation))
    return stages, fired


def lower_program(computation: Computation) -> Program:
    """Groups, order and buffers of a computation of primitives."""
    anchored = anchor(computation)
    groups, refusals = fuse(anchored)
    return order(anchored, groups, refusals)


def compile_graph(
    fetches: Sequence[Tensor], targets: Iterable[Node], feeds: Sequence[Feed],
    fixed: Mapping[str, int] = NOTHING, ranks: Ranks = NO_RANKS, keeps_changes: bool = True,
) -> CompiledGraph:
    """Everything short of machine code for one way of running a graph; with or without its changes of variables."""
    with _no_collection():
        while True:
            whole = specialize(fetches, targets, feeds, fixed, ranks)
            whole = whole if keeps_changes else replace(whole, updates=())
            parts = stretches(whole)
            try:
                return CompiledGraph(whole, parts, tuple(compile_computation(part.computation) for part in parts))
            except ShapeError:              # perhaps in a branch that is not taken
                if whole.facts.choices <= fixed.keys():
                    raise
                fixed = {**fixed, **dict.fromkeys(whole.facts.choices, 0)}


@contextmanager
def _no_collection() -> Iterator[None]:
    """Let the collector of cycles rest: it would search thousands of new nodes, all of them alive, again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def compile_computation(computation: Computation) -> Compilation:
    """Program and kernels of a computation, and of the regions of its loops and branches."""
    stages, fired = rewrite(computation)
    program = lower_program(stages[-1].computation)
    kernels, inner = [], []
    for k, (instruction, kernel) in enumerate(zip(program.instructions, generate(program), strict=True)):
        node = instruction.call
        if node is not None and isinstance(node.op, Control):
            made = [_part(node, region, computation.facts) for region in node.op.regions]
            kernel = replace(kernel, nested=Nested(node, tuple(part for part, _ in made)))
            inner += [Inner(k, f"{node.op.label(i)} of {node.name}", c) for i, (_, c) in enumerate(made)]
        kernels.append(kernel)
    return Compilation(tuple(stages), tuple(fired), program, tuple(kernels), tuple(inner))


def _part(node: Node, region: Region, facts: SizeFacts) -> tuple[Part, Compilation]:
    """A region compiled by itself: carried values as variables, so that they are updated in place."""
    op = node.op
    graph = Graph()
    new: dict[int, Tensor] = {}
    feeds: list[Tensor] = []
    operands: list[int] = []
    for k, t in enumerate(region.inputs):
        operand = node.inputs[op.head + k]
        name = graph.unique_name(t.node.name) + "/"
        if k < op.carried:
            made = graph.add(State(f"{name}{k}", t.dtype, t.shape), (), name)
        elif k >= op.carried + op.walked and is_small_constant(operand):
            made = graph.add(operand.node.op, (), name)
        else:
            made = graph.add(Placeholder(t.dtype, t.shape), (), name)
            feeds.append(made.outputs[0])
            operands.append(k)
        new[id(t)] = made.outputs[0]
    copy_nodes(region.nodes, new, graph)
    results = [new[id(t)] for t in region.outputs]
    states = [new[id(t)].node.op.variable for t in region.inputs[:op.carried]]
    updates = tuple(zip(states, results[:op.carried], strict=True))
    inner = compile_computation(Computation(graph, tuple(feeds), tuple(results[op.carried:]), updates, facts))
    return Part(inner.program, inner.kernels, tuple(operands)), inner

