"""From the user's graph to a computation: the nodes needed, sizes as symbols, effects resolved.

* Each size of a feed that is not known becomes a symbol, or a number where the caller says so.
* Variables become values: a plain use of a variable means its value when the run begins; a read that
  depends on assignments sees the last of them (in the order in which they were made) that it depends on;
  assignments to one variable happen in that order. Variables that a loop or a branch changes go into it and come
  out of it as values. What remains is pure.
* An op whose results have sizes that depend on numbers becomes a cut: placeholders stand for its results, and their
  sizes are symbols too.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from ..dtypes import DType
from ..errors import FeedError, GraphEngineError, InvalidArgumentError, ShapeError
from ..ir.computation import MEASURED, STEPPED, Computation, Cut
from ..ir.dims import Shape, Size, SizeFacts, UserSize
from ..ir.graph import Graph
from ..ir.node import Node, Tensor, describe
from ..ir.region import Region
from ..ir.walk import needed
from ..ops.body import calls_python, variable_name
from ..ops.choice import Switch, chooses
from ..ops.kinds import Control, Dynamic, Effect, External
from ..ops.state import Kept, Placeholder, PlaceholderWithDefault, ReadVariable, State
from ..values import dataclass
from .rules import described

Ranks = Mapping[str, tuple[int, ...]]       # by node, a number for each of its results

NOTHING: Mapping[str, int] = MappingProxyType({})
NO_RANKS: Ranks = MappingProxyType({})


def size_symbol(tensor: Tensor, axis: int) -> str:
    """The name of a size that is not known while the graph is drawn."""
    return f"{tensor.name if tensor.position else tensor.node.name}.{axis}"


def waiting(node: Node) -> str:
    """What stands among the fixed sizes if a choice's branches give different ones, so that what follows waits."""
    return f"{node.name}.waits"


class _Waits(Exception):
    """Sizes in these branches turn out to differ, or to depend on the numbers: what follows has to wait."""

    def __init__(self, symbol: str) -> None:
        super().__init__(symbol)
        self.symbol = symbol


class RankUnknown(Exception):
    """A node has to run before more is known of its results than their types.

    node : it calls a Python function, or is given sizes nobody knows how many; of the user's graph
    """

    def __init__(self, node: Node) -> None:
        super().__init__(node.name)
        self.node = node


@dataclass(frozen=True)
class Feed:
    """A tensor whose value is supplied, the sizes known about it, and its rank in this run."""

    tensor: Tensor
    shape: tuple[UserSize, ...]

    def symbol(self, axis: int) -> str:
        return size_symbol(self.tensor, axis)


def specialize(
    fetches: Sequence[Tensor], targets: Iterable[Node], feeds: Sequence[Feed],
    fixed: Mapping[str, int] = NOTHING, ranks: Ranks = NO_RANKS,
) -> Computation:
    """The computation of `fetches` and `targets` from `feeds`.

    Parameters
    ----------
    fetches : tensors wanted
    targets : nodes to run for their effects
    feeds : tensors with supplied values
    fixed : symbols of sizes that are known in this specialization, for some size made of them is 1 and broadcasts; and
        `waiting` of choices
    ranks : number of axes of each result of nodes that have to run to tell it

    Raises
    ------
    RankUnknown for the first such node whose results are not among `ranks`.
    FeedError if a placeholder is needed and not fed.
    ShapeError if sizes cannot fit, now that more of them is known.
    """
    nodes = needed([*(t.node for t in fetches), *targets], [f.tensor for f in feeds])
    in_order = any(n.graph.in_order for n in nodes[:1])
    facts = SizeFacts()
    while True:
        assumed = len(facts.known)
        try:
            computation = _Specializer(nodes, feeds, facts, fixed, ranks, in_order).run(fetches)
        except _Waits as found:
            fixed, facts = {**fixed, found.symbol: 0}, SizeFacts()
        except ShapeError as error:         # perhaps only as branches were taken to give the same sizes
            if facts.choices <= fixed.keys():
                error.facts = facts
                raise
            fixed, facts = {**fixed, **dict.fromkeys(facts.choices, 0)}, SizeFacts()
        else:
            if len(facts.known) == assumed:
                return computation


class _Specializer:
    """One pass over the nodes; repeated while it still learns something about sizes."""

    def __init__(
        self, nodes: Sequence[Node], feeds: Sequence[Feed], facts: SizeFacts, fixed: Mapping[str, int], ranks: Ranks,
        in_order: bool = False,
    ) -> None:
        self.nodes = nodes
        self.feeds = feeds
        self.facts = facts
        self.fixed = fixed
        self.ranks = ranks
        self.graph = Graph()
        self.new: dict[int, Tensor] = {}
        self.versions: dict[str, list[tuple[int, Tensor]]] = {}     # (bit of the assignment, value)
        self.entering: dict[str, Tensor] = {}                       # variable -> its value when the run begins
        self.in_order = in_order                                    # a read sees every assignment made before it
        self.depends = _dependencies(nodes)
        self.cuts: list[Cut] = []
        self.in_region = False              # whether the nodes are those of a loop's body or a branch
        self.is_open = False                # whether that region is left to Python, which makes programs of it

    def run(self, fetches: Sequence[Tensor]) -> Computation:
        self.used = {id(t) for t in (*fetches, *(t for n in self.nodes for t in n.inputs))}
        feeds = tuple(self._feed(f) for f in self.feeds)
        for node in self.nodes:
            if node.outputs and all(id(t) in self.new for t in node.outputs):
                continue                        # its values are given
            if isinstance(node.op, Kept):
                handle = node.outputs[0]
                if id(handle) not in self.new:
                    self.new[id(handle)] = self._enter(State(node.name, handle.dtype, handle.shape), node)
            elif isinstance(node.op, State):
                self.new[id(node.outputs[0])] = self._enter(node.op, node)
            elif isinstance(node.op, Effect):
                self._effect(node)
            elif isinstance(node.op, Control):
                self._control(node)
            elif not all(id(t) in self.new for t in node.outputs) or not node.outputs:
                self._plain(node)
        updates = tuple((name, versions[-1][1]) for name, versions in self.versions.items())
        return Computation(self.graph, feeds, tuple(self.new[id(t)] for t in fetches), updates, self.facts,
                           tuple(self.cuts))

    def _feed(self, feed: Feed) -> Tensor:
        sizes = [size if size is not None else self._size(feed.symbol(k)) for k, size in enumerate(feed.shape)]
        made = self._source(Placeholder(feed.tensor.dtype, Shape(sizes)), feed.tensor.node)
        self.new[id(feed.tensor)] = made
        return made

    def _size(self, symbol: str, is_late: bool = False) -> Size:
        known = self.fixed.get(symbol)
        made = self.facts.late_symbol(symbol) if is_late else self.facts.symbol(symbol)
        return self.facts.resolve(made) if known is None else known

    def _enter(self, state: State, node: Node) -> Tensor:
        """A variable's value when the run, or the region, begins."""
        if state.variable not in self.entering:
            name = state.variable + "/"
            self.entering[state.variable] = self.graph.add(state, (), name, origin=node.origin).outputs[0]
        return self.entering[state.variable]

    def _latest(self, state: State, node: Node) -> Tensor:
        """A variable's value after all assignments so far."""
        versions = self.versions.get(state.variable)
        return versions[-1][1] if versions else self._enter(state, node)

    def _source(self, op: Placeholder | State, node: Node) -> Tensor:
        return self.graph.add(op, (), node.name + "/", origin=node.origin).outputs[0]

    def _plain(self, node: Node) -> None:
        if isinstance(node.op, Placeholder):
            raise FeedError(
                f"placeholder {node.name!r} ({node.op.dtype.name} {node.op.shape}) has no value", node=node.equation(),
                at=str(node.origin) if node.origin else None,
                fix=f"feed it: feed_dict={{{node.name}: ...}}, or --feed '{node.name}=...' on the command line",
            )
        if not node.outputs and not isinstance(node.op, External):
            return
        if isinstance(node.op, PlaceholderWithDefault):
            self.new[id(node.outputs[0])] = self.new[id(node.inputs[0])]
            return
        self.facts.because = partial(described, node)
        made = self.graph.add(node.op, self._inputs(node.inputs), node.name + "/", origin=node.origin)
        results: Sequence[Tensor] = made.outputs
        if isinstance(node.op, Dynamic) and not self.is_open:
            is_settled = node.op.has_parts and not any(t.shape.rank is None or None in t.shape for t in made.outputs)
            results = self._settled(made) if is_settled else self._cut(made, node)
        for old, new in zip(node.outputs, results, strict=True):
            self.new.setdefault(id(old), new)

    def _settled(self, made: Node) -> Sequence[Tensor]:
        """The results of a dynamic op whose sizes are known for once."""
        with self.graph.made_at(made.origin), self.graph.as_default():
            results = made.op.settled(*made.inputs)
        return results if isinstance(results, tuple) else (results,)

    def _cut(self, made: Node, node: Node) -> tuple[Tensor, ...]:
        """Placeholders for what a dynamic op will give."""
        if self.in_region:
            raise InvalidArgumentError(
                "sizes of its results depend on the numbers, which a loop or a branch cannot wait for",
                op=node.op.name, node=node.equation(), at=str(node.origin) if node.origin else None,
                fix="compute it before the loop; inside use where(condition, x, y), weights of 0 and 1, or segments "
                    "of a known number",
            )
        results, names = [], []
        for k, t in enumerate(made.outputs):
            shape = self._ranked(t.shape, node, k)
            names.append(tuple(size_symbol(t, axis) if s is None else None for axis, s in enumerate(shape)))
            sizes = [s if name is None else self._size(name, True) for s, name in zip(shape, names[-1], strict=True)]
            op = Placeholder(t.dtype, Shape(sizes))
            results.append(self.graph.add(op, (), f"{node.name}/{t.position}/", origin=node.origin).outputs[0])
        how = STEPPED if isinstance(made.op, Control) else MEASURED
        self.cuts.append(Cut(made, tuple(results), tuple(names), how))
        return self.cuts[-1].results

    def _ranked(self, shape: Shape, node: Node, k: int) -> Shape:
        """The shape of a result of what waits for numbers, with as many axes as it has in this specialization."""
        said = node.outputs[k].shape if isinstance(node.op, External) else shape
        if shape.rank is not None or said.rank is not None:
            return shape if said.rank is None else said
        known = self.ranks.get(node.name)
        if known is None:
            raise RankUnknown(node)
        return Shape((None,) * (known[k] if k < len(known) else 0))

    def _inputs(self, inputs: Sequence[Tensor]) -> list[Tensor]:
        return [self.new[id(t)] for t in inputs]

    def _effect(self, node: Node) -> None:
        handle, *values = node.inputs
        name = variable_name(handle)
        versions = self.versions.get(name, [])
        if not isinstance(node.op, ReadVariable):
            old = versions[-1][1] if versions else self.new[id(handle)]
            given = self._inputs(values)
            self._check_fit(node, [self.new[id(handle)], *given])
            with self.graph.made_at(node.origin), self.graph.as_default():
                value = node.op.updated(old, *given)
            self.versions.setdefault(name, []).append((1 << node.index, value))
        else:
            seen = -1 if self.in_order else self.depends[id(node)]
            value = next((v for bit, v in reversed(versions) if seen & bit), self.new[id(handle)])
        self.new[id(node.outputs[0])] = value

    def _control(self, node: Node) -> None:
        """A loop or a choice: its regions are drawn again; variables that they change go in and out as values."""
        control, states = node.op, node.op.states
        is_stepped, may_wait = control.is_stepped, chooses(control)
        if not self.in_region and not is_stepped and may_wait:
            is_stepped = waiting(node) in self.fixed
            if not is_stepped:
                self.facts.choices.add(waiting(node))
            elif isinstance(control, Switch):
                control = control.waiting()
        self.facts.because = partial(described, node)
        inputs, values = self._inputs(node.inputs), [self._latest(s, node) for s in states]

        def draw(region: Region, types: Sequence[tuple[DType, Shape]]) -> Region:
            if is_stepped or self.is_open:      # its programs find their own sizes
                own = [(t.dtype, t.shape) for t in region.inputs]
                return self._drawn(region, [*own, *((s.dtype, s.shape) for s in states)], states, True)
            return self._drawn(region, types, states, False)

        try:
            op, into, out = control.specialized(draw, [*inputs, *values], len(states))
        except _Waits:                      # a choice inside; the outermost waits for all
            raise _Waits(waiting(node)) from None
        if op.is_stepped and may_wait and not (is_stepped or self.is_open):
            raise _Waits(waiting(node))
        operands = [*inputs[:into], *values, *inputs[into:]]
        if is_stepped and not self.in_region:
            results = self._stepped(node, op, operands, range(out, out + len(states)))
        else:
            results = self.graph.add(op, operands, node.name + "/", origin=node.origin).outputs
        for state, value in zip(states, results[out:], strict=False):
            assert value is not None, "variables are kept"
            self.versions.setdefault(state.variable, []).append((1 << node.index, value))
        own = (*results[:out], *results[out + len(states):])
        self.new.update((id(t), r) for t, r in zip(node.outputs, own, strict=True) if r is not None)

    def _stepped(self, node: Node, op: Control, operands: Sequence[Tensor], states: range) -> Sequence[Tensor | None]:
        """What comes behind a loop or choice that Python steps through, None for what nobody uses."""
        own = iter([id(t) in self.used for t in node.outputs])
        count = len(node.outputs) + len(states)
        less, kept, places = op.pruned([True if k in states else next(own) for k in range(count)])
        made = self.graph.add(less, [operands[k] for k in kept], node.name + "/", origin=node.origin)
        found = dict(zip(places, self._cut(made, node), strict=True))
        return [found.get(k) for k in range(count)]

    def _drawn(
        self, region: Region, types: Sequence[tuple[DType, Shape]], states: Sequence[State], is_open: bool
    ) -> Region:
        inner = _Specializer(region.nodes, (), self.facts, self.fixed, NO_RANKS, in_order=True)
        inner.in_region, inner.is_open = True, is_open
        made = []
        for t, (dtype, shape) in zip(region.inputs, types, strict=False):
            made.append(inner._source(Placeholder(dtype, shape), t.node))
            inner.new[id(t)] = made[-1]
        for state, (dtype, shape) in zip(states, types[len(made):], strict=True):
            name = state.variable + "/"
            inner.entering[state.variable] = inner.graph.add(Placeholder(dtype, shape), (), name).outputs[0]
            made.append(inner.entering[state.variable])
        outputs = inner.run(region.outputs).fetches
        last = [inner.versions[s.variable][-1][1] if s.variable in inner.versions else inner.entering[s.variable]
                for s in states]
        targets = tuple(n for n in inner.graph.nodes if calls_python(n))
        return Region(inner.graph, tuple(made), (*outputs, *last), targets)

    def _check_fit(self, node: Node, operands: Sequence[Tensor]) -> None:
        """Compare the sizes of a variable and of what is assigned to it, now that more of them is known."""
        self.facts.because = partial(described, node)
        try:
            node.op.infer(operands)
        except GraphEngineError as error:
            raise error.located(
                op=node.op.name, node=node.equation(), at=str(node.origin) if node.origin else None,
                operands=node.op.label_operands([describe(t) for t in operands]),
            ) from None


def _dependencies(nodes: Sequence[Node]) -> Mapping[int, int]:
    """For each node the set of nodes it comes after, as bits of their indices; only if there are effects."""
    if not any(isinstance(n.op, (Effect, Control)) for n in nodes):
        return {}
    found: dict[int, int] = {}
    for node in nodes:
        bits = 1 << node.index if isinstance(node.op, (Effect, Control)) else 0
        for before in (*(t.node for t in node.inputs), *node.control_inputs):
            bits |= found.get(id(before), 0)
        found[id(node)] = bits
    return found
