"""A computation cut where sizes depend on numbers: stretches, each of which is compiled by itself.

Takes a computation with cuts, gives one without cuts for each stretch, and says which values go from one to the next.
What an earlier stretch has computed is passed on, never computed twice. Python functions of the user's are cuts that
nobody may want the results of; they keep their order. All variables change in the last stretch, so
every stretch reads the values that they had when the run began, and a run that fails changes none.
"""
from __future__ import annotations

from collections.abc import Sequence

from ..ir.computation import Computation, Cut
from ..ir.dims import symbols
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.region import copy_nodes
from ..ir.walk import needed
from ..ops.body import calls_python
from ..ops.kinds import Source
from ..ops.state import Placeholder, SizeValue
from ..values import dataclass
from .prune import prune


@dataclass(frozen=True)
class Stretch:
    """A part of a computation that runs at once.

    computation : what it computes
    takes : for each of its feeds the tensor of the whole computation
    gives : for each of its fetches the tensor of the whole computation
    cuts : what runs in numpy after it
    """

    computation: Computation
    takes: tuple[Tensor, ...]
    gives: tuple[Tensor, ...]
    cuts: tuple[Cut, ...]


def stretches(computation: Computation) -> tuple[Stretch, ...]:
    """The parts of a computation, in the order in which they run; one if nothing cuts it."""
    if not computation.cuts:
        whole = prune(computation)
        return (Stretch(whole, computation.feeds, computation.fetches, ()),)
    return _Cutter(computation).run()


class _Cutter:
    def __init__(self, computation: Computation) -> None:
        self.computation = computation
        self.cut_of = {id(t.node): cut for cut in computation.cuts for t in cut.results}
        self.made_by = {name: cut.node for cut in computation.cuts for names in cut.symbols for name in names if name}
        calls = [cut.node for cut in computation.cuts if calls_python(cut.node)]
        self.nodes = needed([*(t.node for t in computation.results()), *calls], extra=self._waits_for)
        self.level: dict[int, int] = {}     # id of a node -> the stretch that computes it
        called = 0                          # the stretch before the last call
        for node in self.nodes:
            before = [t.node for t in node.inputs]
            if id(node) in self.cut_of:
                before = [self.cut_of[id(node)].node]
            level = max((self.level[id(n)] for n in before), default=0) + (id(node) in self.cut_of)
            level = max([level, *(self.level[id(n)] + 1 for n in self._sizes_from(node))])
            if calls_python(node):
                level = called = max(level, called)
            self.level[id(node)] = level
        ends = [self.level[id(t.node)] for t in computation.results()]
        self.last = max([*ends, *(self.level[id(n)] + 1 for n in calls)], default=0)
        self.given = {id(t) for t in (*computation.feeds, *(t for cut in computation.cuts for t in cut.results))}
        self.wanted: list[dict[int, Tensor]] = [{} for _ in range(self.last + 1)]

    def _waits_for(self, node: Node) -> Sequence[Node]:
        return [self.cut_of[id(node)].node] if id(node) in self.cut_of else self._sizes_from(node)

    def _sizes_from(self, node: Node) -> list[Node]:
        """The cut nodes that make the sizes of a node's results, or the size which it is the value of."""
        sizes = [node.op.size] if isinstance(node.op, SizeValue) else [n for t in node.outputs for n in t.shape]
        found = {name for size in sizes if size is not None for name in symbols(size)}
        return [self.made_by[name] for name in sorted(found) if self.made_by.get(name, node) is not node]

    def run(self) -> tuple[Stretch, ...]:
        used = {id(n) for n in self.nodes}
        cuts: list[list[Cut]] = [[] for _ in range(self.last + 1)]
        for cut in self.computation.cuts:
            if id(cut.node) in used:
                cuts[self.level[id(cut.node)]].append(cut)
                for t in cut.node.inputs:
                    self._want(t)
        for t in self.computation.fetches:
            self._want(t)
        made = [self._stretch(k, cuts[k]) for k in reversed(range(self.last + 1))]     # later ones want more of earlier
        return tuple(reversed(made))

    def _want(self, tensor: Tensor) -> None:
        if id(tensor) not in self.given:
            self.wanted[self.level[id(tensor.node)]][id(tensor)] = tensor

    def _stretch(self, k: int, cuts: Sequence[Cut]) -> Stretch:
        updates = self.computation.updates if k == self.last else ()
        gives = tuple(self.wanted[k].values())
        inside, takes = self._parts(k, [*gives, *(t for _, t in updates)])
        graph = Graph()
        new: dict[int, Tensor] = {}
        for t in takes:
            self._want(t)
            name = t.node.name if not t.position else f"{t.node.name}/{t.position}"
            made = graph.add(Placeholder(t.dtype, t.shape), (), name + "/", origin=t.node.origin)
            new[id(t)] = made.outputs[0]
        copy_nodes(inside, new, graph)
        part = Computation(
            graph, tuple(new[id(t)] for t in takes), tuple(new[id(t)] for t in gives),
            tuple((name, new[id(t)]) for name, t in updates), self.computation.facts,
        )
        return Stretch(prune(part), tuple(takes), gives, tuple(cuts))

    def _parts(self, k: int, roots: Sequence[Tensor]) -> tuple[list[Node], list[Tensor]]:
        """The nodes that a stretch computes for `roots`, and the tensors that it takes from outside."""
        inside: dict[int, Node] = {}
        outside: dict[int, Tensor] = {}
        stack = list(roots)
        while stack:
            t = stack.pop()
            is_earlier = self.level[id(t.node)] < k and not isinstance(t.node.op, Source)
            if is_earlier or id(t) in self.given:
                outside[id(t)] = t
            elif id(t.node) not in inside:
                inside[id(t.node)] = t.node
                stack.extend(t.node.inputs)
        takes = sorted(outside.values(), key=lambda t: (t.node.index, t.position))
        return sorted(inside.values(), key=lambda n: n.index), takes
