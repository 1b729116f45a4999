"""Running what is cut where sizes depend on numbers: programs one after the other, numpy in between.

Each stretch is compiled and laid out like a program of its own; sizes that come out of a cut are symbols of the
stretches after it, so other sizes lay out anew and compile nothing. The last stretch changes all variables, so a
failed run changes none.
"""
from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import interpret
from ..errors import InvalidArgumentError, ShapeError
from ..ir.computation import Cut
from ..ir.dims import evaluate
from ..ir.node import Node, Tensor
from ..ir.region import Region
from ..ir.walk import needed
from ..ops.body import calls_python, changes_variables
from ..ops.choice import chooses
from ..ops.kinds import Control, Dynamic, External
from ..ops.known import follows_from_sizes
from ..rewrite.specialize import RankUnknown
from ..runtime.compiler import Compiler
from ..runtime.executable import SizesDiffer, check_sizes
from .plan import Array, Bound, Plan, Programs, Shapes, check_out, drop_oldest, more_fixed, types_of, written
from .prepared import PreparedSteps, PythonSteps
from .store import VariableStore

if TYPE_CHECKING:
    from .explanation import Explanation

Values = dict[int, Array]                   # by the id of a tensor of the whole computation
Called = dict[str, list[Array]]             # by the node that calls Python


class _RanksDiffer(Exception):
    """Results have other ranks than programs were compiled for."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def ranks_of(arrays: Sequence[Array]) -> tuple[int, ...]:
    return tuple(a.ndim for a in arrays)


def planned(store: VariableStore, compiler: Compiler, leaves: Sequence[Any], feeds: Sequence[Any]) -> Plan:
    """The plan of a run, which nearly always needs one program only."""
    plan = Plan(store, compiler, leaves, feeds)
    if not any(isinstance(n.op, (Dynamic, Control)) for n in store.graph.nodes):
        return plan
    given = {id(t) for t in plan.feeds}
    nodes = needed([*(t.node for t in plan.fetches), *plan.targets], plan.feeds)
    cuts = partial(CutPlan, store, compiler, leaves, feeds)
    if any(_is_cut(n, given) for n in nodes):
        return cuts()
    return Plan(store, compiler, leaves, feeds, cuts) if any(map(_chooses, nodes)) else plan


def _chooses(node: Node) -> bool:
    return isinstance(node.op, Control) and chooses(node.op)


def _is_cut(node: Node, given: Collection[int]) -> bool:
    """Whether a program ends before this node."""
    if isinstance(node.op, Control):
        return node.op.is_stepped
    return isinstance(node.op, Dynamic) and not is_settled(node, given)


def is_settled(node: Node, given: Collection[int]) -> bool:
    """Whether the sizes of a dynamic node's results are sure to be known with those of the feeds."""
    return bool(node.op.settles(node.inputs, partial(follows_from_sizes, given=given)))


class CutPlan(Plan):
    """A plan whose programs have cuts between them."""

    def __init__(
        self, store: VariableStore, compiler: Compiler, leaves: Sequence[Any], feeds: Sequence[Any]
    ) -> None:
        super().__init__(store, compiler, leaves, feeds)
        self.bounds: dict[Any, Bound] = {}  # by program and sizes
        self.ahead: dict[str, CutPlan] = {}     # by node that calls Python, what it is given
        self.regions: dict[Region, Plan] = {}   # how the regions of loops and branches run that Python steps through

    def forget(self) -> None:
        super().forget()
        self.bounds.clear()

    def run(self, arrays: list[Array], out: Sequence[Array | None] | None = None) -> list[Any]:
        with self.store.asked():
            return self._run(arrays, out, {})

    def _run(self, arrays: list[Array], out: Sequence[Array | None] | None, called: Called) -> list[Any]:
        """Results of one run. It begins again where sizes or ranks turn out to be others than were assumed; no variable
        has changed by then, and no Python function is called a second time.
        """
        shapes = tuple(a.shape for a in arrays)
        given = self.checked_sizes(shapes)
        fixed: dict[str, int] = {}
        while True:
            sizes = dict(given)
            try:
                return _Run(self, self.compiled(shapes, fixed, given), sizes, fixed, called).results(arrays, out)
            except SizesDiffer as found:
                fixed = more_fixed(fixed, found, sizes)
            except RankUnknown as found:
                self._call_first(found.node, arrays, called)
                self.ranks[found.node.name] = ranks_of(called[found.node.name])
            except _RanksDiffer as found:
                self.ranks[found.name] = ranks_of(called[found.name])

    def _call_first(self, node: Node, arrays: list[Array], called: Called) -> None:
        """Compute what a Python function is given, and call it, after those that come before it."""
        if node.name not in self.ahead:
            nodes = needed([*(t.node for t in self.fetches), *self.targets], self.feeds)
            earlier = [n for n in nodes if n.index < node.index]
            before = [n for n in earlier if calls_python(n) or changes_variables(n)]    # what it is given may be theirs
            steps = [n for n in (*before, node) if isinstance(n.op, Control)]     # all that is read, as they run once
            read = {id(t) for t in (*self.fetches, *(t for n in nodes for t in n.inputs))}
            results = [t for n in steps for t in n.outputs if id(t) in read]
            own = () if node in steps else node.inputs
            plan = CutPlan(self.store, self.compiler, [*own, *results, *before, *steps], self.keep_alive[1])
            plan.keeps_changes = False
            self.ahead[node.name] = plan
        plan = self.ahead[node.name]
        plan.ranks = self.ranks
        if isinstance(node.op, Control):
            self.ranks[node.name] = ()
            plan._run(arrays, None, called)
            return
        given = [np.asarray(a) for a in plan._run(arrays, None, called)[:len(node.inputs)]]
        called[node.name] = interpret.evaluate_node(node, given, self.store.values, {})

    def explanation(self, shapes: Shapes) -> Explanation:
        try:
            return super().explanation(shapes)
        except RankUnknown as found:
            raise InvalidArgumentError(
                "what comes behind it is compiled when it has run and told how many axes its results have",
                node=found.node.equation(), fix="run it once, or give its result a shape with set_shape",
            ) from None

    def steps(self, values: Sequence[Any], count: int | None = None, collect: bool = False) -> PreparedSteps:
        arrays, _, stacked, total = self.steps_of(values, count)
        return PythonSteps(self.run, arrays, stacked, total, collect)

    def bound(self, shapes: Shapes, wait: bool) -> Bound:
        raise InvalidArgumentError(
            "the run is cut where sizes depend on numbers, so it is not one program", fix="look at it with explain()"
        )


class _Stepper:
    """Runs the regions of a loop or branch as programs of their own, for Python to step through."""

    def __init__(self, plan: CutPlan, sizes: Mapping[str, int]) -> None:
        self.plan = plan
        self.sizes = sizes

    def __call__(self, region: Region, arrays: Sequence[Array]) -> list[Array]:
        plan = self.plan.regions.get(region)
        if plan is None:
            store = VariableStore(region.graph, is_of_region=True)     # variables come in and go out as values
            plan = planned(store, self.plan.compiler, [*region.outputs, *region.targets], region.inputs)
            self.plan.regions[region] = plan
        found = plan.run([plan.array(k, np.asarray(a)) for k, a in enumerate(arrays)])
        return [np.asarray(x) for x in found]

    def shape(self, tensor: Tensor) -> tuple[int, ...]:
        return tuple(0 if s is None else evaluate(s, self.sizes) for s in tensor.shape)


class _Run:
    """One run through all stretches.

    sizes : value of each size symbol; grows with each cut
    fixed : those that the programs were compiled for
    called : results of the Python functions that have been called in this run
    """

    def __init__(
        self, plan: CutPlan, programs: Programs, sizes: dict[str, int], fixed: Mapping[str, int], called: Called
    ) -> None:
        self.plan = plan
        self.programs = programs
        self.sizes = sizes
        self.fixed = fixed
        self.called = called

    def results(self, arrays: Sequence[Array], out: Sequence[Array | None] | None) -> list[Any]:
        """Results of the run.

        Raises
        ------
        SizesDiffer if other programs are needed for the sizes that come out of a cut.
        """
        whole, last = self.programs.graph.whole, len(self.programs.parts) - 1
        values: Values = {id(t): a for t, a in zip(whole.feeds, arrays, strict=True)}
        check_sizes(whole.facts, self.sizes)
        for k, (part, program) in enumerate(zip(self.programs.graph.parts, self.programs.parts, strict=True)):
            if k == last and out is not None:
                check_out(types_of(whole.fetches, self.sizes), out)
            if part.gives or part.computation.updates:
                found = self._bound(k)
                self.plan.store.require(program.reads)
                made = self.plan.execute(found, [values[id(t)] for t in part.takes])
                found.is_checked = True
                values.update((id(t), np.asarray(a)) for t, a in zip(part.gives, made, strict=True))
            for cut in part.cuts:
                self._between(cut, values)
            if part.cuts:
                check_sizes(whole.facts, self.sizes)
        taken = {id(t) for t in whole.feeds}
        found_values = [np.array(values[id(t)]) if id(t) in taken else values[id(t)] for t in whole.fetches]
        return written([a if a.ndim else a[()] for a in found_values], out)

    def _between(self, cut: Cut, values: Values) -> None:
        """Run a node in numpy and note the sizes of its results."""
        made = self.called.get(cut.node.name)
        is_control = isinstance(cut.node.op, Control)
        if made is None:
            inputs = [values[id(t)] for t in cut.node.inputs]
            run = _Stepper(self.plan, self.sizes) if is_control else None
            made = interpret.evaluate_node(cut.node, inputs, self.plan.store.values, self.sizes, run)
        is_other = ranks_of(made) != tuple(map(len, cut.symbols))
        if is_control or is_other or isinstance(cut.node.op, External):
            self.called[cut.node.name] = made
        if is_other:
            raise _RanksDiffer(cut.node.name)
        for tensor, names, array in zip(cut.results, cut.symbols, made, strict=True):
            values[id(tensor)] = array
            for axis, (name, size) in enumerate(zip(names, array.shape, strict=True)):
                known = tensor.shape[axis]
                if name is None and known is not None and evaluate(known, self.sizes) != size:
                    raise ShapeError(f"axis {axis} of a result has size {size}, not {known}", op=cut.node.op.name,
                                     node=cut.node.equation())
                if name is not None:
                    self.sizes[name] = size
                    if self.fixed.get(name, size) != size:
                        raise ShapeError(f"size {self.fixed[name]} was {size} when the same numbers came again",
                                         node=cut.node.equation())

    def _bound(self, k: int) -> Bound:
        """The program of a stretch with the sizes known so far."""
        bounds = self.plan.bounds
        key = (id(self.programs), k, tuple(self.sizes.values()))
        found = bounds.get(key)
        if found is None:
            found = self.plan.bind(self.programs.parts[k], dict(self.sizes), wait=False)
            if found.layout is not None:
                drop_oldest(bounds)
                bounds[key] = found
        return found

