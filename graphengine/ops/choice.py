"""Branches: an op whose kernel runs the program of one of several regions. Users build it in `frontend.control`."""
from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from ..dtypes import int32
from ..errors import DTypeError, InvalidArgumentError
from ..ir.dims import UNKNOWN, Shape, UserSize, merge
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.region import Region
from .body import happens_once
from .kinds import REQUIRED, Array, Control, DrawRegion, RunRegion, attr
from .language import L
from .pullback import pulled_back
from .regions import OfRegions, RegionCopy, Types, check_operands, inputs_read
from .registry import op
from .state import Placeholder


@op
class Switch(OfRegions):
    """Run one of several regions.

    Shapes
    ------
    operands : which region, int32, of shape (); then what the regions take. An index outside 0..n-1 means the last.
    results : those that all regions give; then those that only the first gives, the second and so on, which are zeros
        where another one runs
    """

    branches: tuple[Region, ...] = attr(REQUIRED, "the regions")
    shared: int | None = attr(None, "number of results that all regions give, first of each; None: all of them")
    differs: bool = attr(False, "whether sizes are others in each region, so that what follows waits for the choice")
    head = 1

    @property
    def regions(self) -> tuple[Region, ...]:
        return self.branches

    def with_regions(self, regions: Sequence[Region]) -> Switch:
        return Switch(tuple(regions), self.shared, self.differs)

    def waiting(self) -> Switch:
        """The same choice with branches that may want and give other sizes."""
        return Switch(self.branches, self.shared, True)

    @property
    def common(self) -> int:
        """Number of results that all branches give."""
        return len(self.branches[0].outputs) if self.shared is None else self.shared

    @cached_property
    def places(self) -> tuple[tuple[int, ...], ...]:
        """For each branch which of the results its outputs are."""
        found, end = [], self.common
        for branch in self.branches:
            begin, end = end, end + len(branch.outputs) - self.common
            found.append((*range(self.common), *range(begin, end)))
        return tuple(found)

    @cached_property
    def is_stepped(self) -> bool:
        if self.differs or super().is_stepped:
            return True
        alike = zip(*(r.outputs[:self.common] for r in self.branches), strict=True)
        return any(_differ(first.shape, t.shape) for first, *others in alike for t in others)

    @property
    def results(self) -> list[Tensor]:
        """A branch's output for each result."""
        first, *others = self.branches
        return [*first.outputs, *(t for r in others for t in r.outputs[self.common:])]

    def to_onnx(self, o: Any, index: Any, *operands: Any) -> Any:
        """A chain of choices between two."""
        if self.shared is not None or self.is_stepped:
            return None
        parts = []
        for branch in self.branches:
            inside = o.inside()
            parts.append(inside.body(inside.region(branch, operands)))
        for number in reversed(range(len(parts) - 1)):
            inside = o.inside() if number else o
            chosen = inside.If(inside.Equal(index, np.array(number, np.int32)), then_branch=parts[number],
                               else_branch=parts[-1], results=len(self.results))
            chosen = chosen if isinstance(chosen, tuple) else (chosen,)
            if not number:
                return chosen
            for value, t in zip(chosen, self.results, strict=True):
                value.dtype = t.dtype
            parts[-1] = inside.body(chosen)
        return None                         # of one branch

    def infer(self, inputs: Sequence[Tensor]) -> Types:
        self.check_head(inputs, [int32])
        if not self.branches:
            raise InvalidArgumentError("there is no branch", fix="give it regions to choose from")
        for region in self.branches:
            check_operands(region, [(t.dtype, t.shape) for t in inputs[1:]])
        self._check_numbers()
        first, *others = self.branches
        found: Types = []
        for k, t in enumerate(first.outputs[:self.common]):
            shape = t.shape
            for number, branch in enumerate(others, 1):
                shape = _common(k, t, branch.outputs[k], shape, number, self.differs)
            found.append((t.dtype, shape))
        return [*found, *((t.dtype, t.shape) for t in self.results[self.common:])]

    def _check_numbers(self) -> None:
        counts = [len(r.outputs) for r in self.branches]
        if self.common < 0:
            raise InvalidArgumentError(f"shared={self.shared} is below 0")
        for number, count in enumerate(counts):
            if self.shared is None and count != counts[0]:
                raise InvalidArgumentError(f"branch 0 gives {counts[0]} values and branch {number} {count}",
                                           fix="let all branches give the same values")
            if count < self.common:
                raise InvalidArgumentError(f"branch {number} gives {count} values, but {self.common} are shared",
                                           fix="let shared count values that all branches give")

    def evaluate(self, run: RunRegion, *arrays: Array) -> tuple[Array, ...]:
        index = int(arrays[0])
        last = len(self.branches) - 1
        number = index if 0 <= index < last else last
        made = dict(zip(self.places[number], run(self.branches[number], arrays[1:]), strict=True))
        return tuple(made[k] if k in made else np.zeros(run.shape(t), t.dtype.numpy)
                     for k, t in enumerate(self.results))

    def _stepped(self, drawn: Sequence[Region], states: int) -> Switch:
        """With the variables behind what all branches give; what only one gives has sizes that nobody knows."""
        n = self.common
        branches = tuple(
            Region(r.graph, r.inputs, (*r.outputs[:n], *r.outputs[len(r.outputs) - states:],
                                       *r.outputs[n:len(r.outputs) - states]), r.targets) for r in drawn)
        return Switch(branches, None if self.shared is None else n + states, self.differs)

    def specialized(self, draw: DrawRegion, inputs: Sequence[Tensor], states: int) -> tuple[Switch, int, int]:
        """All branches give all results, now that the sizes of those that others give are known."""
        types = [(t.dtype, t.shape) for t in inputs[1:]]
        drawn = [draw(r, types) for r in self.branches]
        if self.is_stepped:
            return self._stepped(drawn, states), len(inputs) - states, self.common
        last = [r.outputs[len(r.outputs) - states:] for r in drawn]
        owned = [dict(zip(places, r.outputs, strict=False)) for places, r in zip(self.places, drawn, strict=True)]
        results = {k: t for own in owned for k, t in own.items()}
        branches = []
        for r, own, ends in zip(drawn, owned, last, strict=True):
            outputs = [own[k] if k in own else _zeros_in(r.graph, results[k]) for k in sorted(results)]
            branches.append(Region(r.graph, r.inputs, (*outputs, *ends)))
        return Switch(tuple(branches)), len(inputs) - states, len(results)

    def pruned(self, used: Sequence[bool]) -> tuple[Switch, list[int], list[int]]:
        keep = [k for k, u in enumerate(used) if u]
        kept = [[j for j, k in enumerate(places) if used[k]] for places in self.places]
        read = sorted(set().union(*(inputs_read(r, js) for r, js in zip(self.branches, kept, strict=True))))
        branches = [
            Region(r.graph, tuple(r.inputs[k] for k in read), tuple(r.outputs[j] for j in js), r.targets)
            for r, js in zip(self.branches, kept, strict=True)
        ]
        shared = None if self.shared is None else sum(used[:self.shared])
        return Switch(tuple(branches), shared, self.differs), [0, *(k + 1 for k in read)], keep

    def gradient(self, g: Any, y: Any, *inputs: Any) -> Any:
        """The same choice among the branches' gradients.

        A branch computes its own values again, but for what `switch` has added to its results: that happens once.
        """
        several = not (isinstance(g, Tensor) or g is None)
        arriving, ys = (list(g), list(y)) if several else ([g], [y])
        seeded = [k for k, s in enumerate(arriving) if s is not None and ys[k].dtype.is_floating]
        floats = [k for k, t in enumerate(inputs[1:]) if t.dtype.is_floating]
        made = [_GradientOfBranch(r, places, seeded, floats, ys)
                for r, places in zip(self.branches, self.places, strict=True)]
        reached = [j for j in range(len(floats)) if any(b.found[j] is not None for b in made)]
        if not reached:
            return None
        regions = tuple(b.region([floats[j] for j in reached], [b.found[j] for j in reached], self.common)
                        for b in made)
        operands = [*inputs, *ys[self.common:], *(arriving[k] for k in seeded)]
        node = inputs[0].node.graph.add(Switch(regions), operands, "cond_gradient")
        back = {floats[j]: t for j, t in zip(reached, node.outputs, strict=True)}
        return (None, *(back.get(k) for k in range(len(inputs) - 1)))


def chooses(op: Control) -> bool:
    """Whether it is a choice, or its regions hold one."""
    return isinstance(op, Switch) or any(
        chooses(n.op) for r in op.regions for n in r.nodes if isinstance(n.op, Control))


class _GradientOfBranch:
    """One branch's part of the gradient of a choice.

    places : for each of the branch's outputs which of the choice's results it is
    seeded : results at which gradients arrive
    floats : inputs whose gradients are asked for
    results : of the choice
    """

    def __init__(
        self, branch: Region, places: Sequence[int], seeded: Sequence[int], floats: Sequence[int],
        results: Sequence[Tensor],
    ) -> None:
        self.trace = RegionCopy(branch)
        self.results = results
        self.own = {k: self.trace.of(t) for k, t in zip(places, branch.outputs, strict=True)}
        self.seeds = [self.trace.placeholder(results[k]) for k in seeded]
        mine = [(self.own[k], s) for k, s in zip(seeded, self.seeds, strict=True) if k in self.own]
        self.found: list[Tensor | None] = [None] * len(floats)
        if mine:
            with self.trace.graph.as_default():
                xs = [self.trace.inputs[k] for k in floats]
                self.found = pulled_back([t for t, _ in mine], [s for _, s in mine], xs)

    def region(self, inputs: Sequence[int], found: Sequence[Tensor | None], common: int) -> Region:
        """Gradients of these inputs as a function of the branch's inputs, the results after the first `common` ones,
        and what arrives."""
        trace = self.trace
        with trace.graph.as_default():
            outputs = [L.zeros_like(trace.inputs[k]) if g is None else g for k, g in zip(inputs, found, strict=True)]
        records = [self.own[k] if k in self.own else trace.placeholder(self.results[k])
                   for k in range(common, len(self.results))]
        given = [*trace.inputs, *records, *self.seeds]
        return trace.region(given, trace.taken_out(outputs, given)[0], outputs)


def _zeros_in(graph: Graph, like: Tensor) -> Tensor:
    """Zeros of another graph's tensor's type and sizes."""
    with graph.as_default():
        return L.broadcast_to(np.zeros((), like.dtype.numpy), tuple(like.shape))  # type: ignore[no-any-return]


def switch(
    branches: Sequence[Region], operands: Sequence[Tensor], graph: Graph, name: str | None = None
) -> tuple[Node, int]:
    """Add a choice to `graph`, with what happens once in its branches among its results, for a gradient to read.

    operands : which branch, then what the branches take

    Returns
    -------
    The node, and how many results it has without these.
    """
    shared = len(branches[0].outputs)
    once = [[t for n in r.nodes if happens_once(n) for t in n.outputs] for r in branches]
    made = [Region(r.graph, r.inputs, (*r.outputs, *more), r.targets) for r, more in zip(branches, once, strict=True)]
    return graph.add(Switch(tuple(made), shared if any(once) else None), operands, name), shared


def choose(
    graph: Graph, index: Tensor, branches: Sequence[tuple[Region, Sequence[Tensor]]]
) -> tuple[Node, Sequence[Tensor]]:
    """A choice among regions, each with the tensors that it takes; the node and its results."""
    operands = list({id(t): t for _, captures in branches for t in captures}.values())
    regions = [_taking(region, captures, operands) for region, captures in branches]
    node, count = switch(regions, [index, *operands], graph, "switch")
    return node, node.outputs[:count]


def _taking(region: Region, captures: Sequence[Tensor], operands: Sequence[Tensor]) -> Region:
    """The region with an input for each of `operands`, of which it used `captures`."""
    own = {id(t): x for t, x in zip(captures, region.inputs, strict=True)}
    inputs = []
    for t in operands:
        if id(t) not in own:
            name = region.graph.unique_name("unused") + "/"
            own[id(t)] = region.graph.add(Placeholder(t.dtype, t.shape), (), name).outputs[0]
        inputs.append(own[id(t)])
    return Region(region.graph, tuple(inputs), region.outputs, region.targets)


def _common(k: int, a: Tensor, b: Tensor, shape: Shape, number: int, differs: bool) -> Shape:
    """The shape of a result that all branches give: sizes are unknown that are so in one, or differ."""
    if a.dtype is not b.dtype:
        raise DTypeError(f"result {k} is {a.dtype.name} in branch 0 and {b.dtype.name} in branch {number}",
                         fix=f"cast it in branch {number} to {a.dtype.name}")
    if shape.rank is None or b.shape.rank is None:
        return UNKNOWN
    if len(shape) != len(b.shape):
        return UNKNOWN
    return Shape(None if m is None or n is None or _are_others(m, n) or (differs and m != n) else
                 merge(m, n, f"result {k} differs on axis {axis} between branch 0 and branch {number}")
                 for axis, (m, n) in enumerate(zip(shape, b.shape, strict=True)))


def _differ(a: Shape, b: Shape) -> bool:
    """Whether shapes are known not to be the same."""
    return a.rank is not None and b.rank is not None and (
        len(a) != len(b) or any(map(_are_others, a, b)))


def _are_others(m: UserSize, n: UserSize) -> bool:
    return isinstance(m, int) and isinstance(n, int) and m != n

