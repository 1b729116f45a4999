"""Loops: an op whose kernel runs the program of a region step after step.

One loop serves `while_loop`, `scan`, `map_fn` and `foldl`, and its own gradient: it carries values from step to step,
walks along the first axis of others, and stacks results. Users build it in `frontend.control`.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, reduce
from typing import Any

import numpy as np

from ..dtypes import bool as boolean
from ..dtypes import int32, int64
from ..errors import DTypeError, GradientError, InvalidArgumentError, ShapeError
from ..ir.dims import UNKNOWN, Shape, UserSize, merge
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.region import Region, copy_nodes
from ..ir.walk import needed
from .body import happens_once
from .kinds import REQUIRED, Array, DrawRegion, Dynamic, RunRegion, attr
from .language import L
from .pullback import pulled_back
from .regions import OfRegions, RegionCopy, Types, check_operands, inputs_read
from .registry import op
from .state import Placeholder


@op
class Loop(OfRegions):
    """Run a region step after step.

    The region takes the carried values, a slice of each walked array and the fixed operands. It gives the next carried
    values, with `conditional` whether to go on, and results that are stacked, a slice for each step.

    Shapes
    ------
    operands : with `counted` the number of steps, int32; with `conditional` whether to begin, bool; then carried
        values, walked arrays (steps, ...), fixed operands
    results : the last carried values; stacked results (steps, ...), zeros where no step came; number of steps, int32
    """

    body: Region = attr(REQUIRED, "one step")
    carried: int = attr(0, "number of values that go from step to step", low=0)
    walked: int = attr(0, "number of arrays that are walked along their first axis", low=0)
    conditional: bool = attr(False, "whether the region says when to stop")
    counted: bool = attr(False, "whether an operand limits the number of steps")
    limit: int | None = attr(None, "most steps, where no array is walked; None: no limit")
    backward: bool = attr(False, "whether arrays are walked from their last slice to the first")
    loose: tuple[int, ...] = attr((), "carried values whose sizes may change where the body says that they are unknown")

    @property
    def regions(self) -> tuple[Region, ...]:
        return (self.body,)

    def label(self, number: int) -> str:
        return "each step"

    def with_regions(self, regions: Sequence[Region]) -> Loop:
        return self._with(regions[0])

    @property
    def head(self) -> int:  # type: ignore[override]
        """Number of operands before the carried ones."""
        return int(self.counted) + int(self.conditional)

    @property
    def stacked(self) -> tuple[Tensor, ...]:
        """The region's outputs that are stacked."""
        return self.body.outputs[self.carried + self.conditional:]

    @cached_property
    def is_stepped(self) -> bool:
        return bool(self.loose) or super().is_stepped

    @property
    def is_bounded(self) -> bool:
        """Whether the number of steps has a limit that is known before the loop runs."""
        return self.limit is not None or self.walked > 0

    def steps(self, inputs: Sequence[Tensor]) -> UserSize:
        """Most steps for these operands; None if not known."""
        found: UserSize = self.limit
        first = self.head + self.carried
        for k, t in enumerate(inputs[first:first + self.walked]):
            if t.shape.rank is not None:
                if not t.shape.rank:
                    raise ShapeError("a number cannot be walked along its first axis")
                size = t.shape[0]
                found = size if k == 0 else merge(found, size, "the arrays differ in length")
        return found

    def infer(self, inputs: Sequence[Tensor]) -> Types:
        self._check_form()
        self.check_head(inputs, [*[int32] * self.counted, *[boolean] * self.conditional])
        first = self.head + self.carried
        slices = [(t.dtype, t.shape if t.shape.rank is None else Shape(t.shape[1:]))
                  for t in inputs[first:first + self.walked]]
        own = [(t.dtype, t.shape) for t in inputs]
        check_operands(self.body, [*own[self.head:first], *slices, *own[first + self.walked:]])
        carried = inputs[self.head:self.head + self.carried]
        for k, (before, after) in enumerate(zip(carried, self.body.outputs, strict=False)):
            if k in self.loose:
                check_kept(f"carried value {k}", self.body.inputs[k], before)
                before = self.body.inputs[k]
            check_kept(f"carried value {k}", before, after)
        steps = self.steps(inputs)
        stacked = [
            (t.dtype, UNKNOWN if t.shape.rank is None else Shape((steps, *t.shape))) for t in self.stacked
        ]
        kept = [(t.dtype, self.body.inputs[k].shape if k in self.loose else t.shape) for k, t in enumerate(carried)]
        return [*kept, *stacked, (int32, Shape(()))]

    def _check_form(self) -> None:
        """Raise unless region and numbers fit together, and something ends the loop."""
        inputs, outputs = len(self.body.inputs), self.body.outputs
        if inputs < self.carried + self.walked or len(outputs) < self.carried + self.conditional:
            raise InvalidArgumentError(
                f"the body takes {inputs} values and gives {len(outputs)}; the loop carries {self.carried} and walks "
                f"{self.walked}", fix="let carried and walked count inputs of the body",
            )
        if self.conditional:
            goes_on = outputs[self.carried]
            if goes_on.dtype is not boolean or goes_on.shape.rank not in (None, 0):
                raise DTypeError(f"the body's {goes_on.node.name} is {goes_on.dtype.name} {goes_on.shape}; whether to "
                                 "go on is a single bool")
        if self.conditional and self.backward:
            raise InvalidArgumentError("a loop that stops by itself cannot walk backward",
                                       fix="give the number of steps: counted")
        if self.limit is not None and self.limit < 0:
            raise InvalidArgumentError(f"limit={self.limit} is below 0")
        if not (self.is_bounded or self.counted or (self.conditional and not self.backward)):
            raise InvalidArgumentError("nothing ends the loop", fix="give it a limit, an array to walk or a condition")

    # ------------------------------------------------ definition

    def evaluate(self, run: RunRegion, *arrays: Array) -> tuple[Array, ...]:
        head, n = self.head, self.carried
        state = list(arrays[head:head + n])
        walked = arrays[head + n:head + n + self.walked]
        fixed = arrays[head + n + self.walked:]
        limit = len(walked[0]) if walked else self.limit
        most = limit
        if self.counted:
            most = int(arrays[0]) if most is None else min(most, int(arrays[0]))
        goes_on = bool(arrays[head - 1]) if self.conditional else True
        rows: list[list[Array]] = []
        while goes_on and (most is None or len(rows) < most):
            assert not self.backward or most is not None
            at = most - 1 - len(rows) if self.backward else len(rows)  # type: ignore[operator]
            outputs = run(self.body, [*state, *(w[at] for w in walked), *fixed])
            state = outputs[:n]
            goes_on = bool(outputs[n]) if self.conditional else True
            rows.append(outputs[n + self.conditional:])
        stacked = []
        for k, t in enumerate(self.stacked):
            sizes = np.shape(rows[0][k]) if rows else run.shape(t)  # which may depend on numbers in the region
            made = np.zeros((limit or 0, *sizes), t.dtype.numpy)
            for step, row in enumerate(rows):
                if np.shape(row[k]) != sizes:
                    raise ShapeError(f"what is stacked of each step differs in size: {Shape(sizes)} of step 0, "
                                     f"{Shape(np.shape(row[k]))} of step {step}",
                                     fix="let shape_invariants (of while_loop) say None where a value changes size, "
                                         "or give all steps one size")
                made[most - 1 - step if self.backward and most is not None else step] = row[k]
            stacked.append(made)
        return (*state, *stacked, np.asarray(len(rows), np.int32))

    def to_onnx(self, o: Any, *operands: Any) -> Any:
        """ONNX's Loop gives no zeros for steps that do not come: where there may be any, None."""
        n, first = self.carried, self.head + self.carried
        most = self.steps(operands)
        may_stop = self.conditional or (self.counted and most is not None)
        if self.is_stepped or (may_stop and (self.stacked or self.backward)):
            return None
        limits = [o.reshape(o.size(most), ())] if most is not None else []
        limits += [o.cast(operands[0], int64)] if self.counted else []
        limit = reduce(o.Min, limits) if limits else None
        walked = operands[first:first + self.walked]
        inside = o.inside()
        step, goes_on, count = inside.given(int64), inside.given(boolean), inside.given(int64)
        at = inside.Sub(inside.Sub(limit, np.array(1)), step) if self.backward else step
        slices = [inside.Gather(w, at, axis=0) for w in walked]
        results = inside.region(self.body, [*[None] * n, *slices, *operands[first + self.walked:]])
        if self.conditional:
            goes_on = results.pop(n)
        body = inside.body([goes_on, inside.Add(count, np.array(1)), *results])
        before = [np.array(0), *operands[self.head:first]]
        begins = operands[self.head - 1] if self.conditional else np.array(True)
        steps, *found = o.Loop(limit, begins, *before, body=body, results=len(results) + 1)
        if self.backward:
            found[n:] = [o.Slice(y, [-1], [-(2**63)], [0], [-1]) for y in found[n:]]
        return (*found, o.cast(steps, int32))

    # ------------------------------------------------ before it runs

    def specialized(self, draw: DrawRegion, inputs: Sequence[Tensor], states: int) -> tuple[Loop, int, int]:
        first = self.head + self.carried
        walked = inputs[first:first + self.walked]
        operands = len(inputs) - states
        types = [
            *((t.dtype, t.shape) for t in inputs[self.head:first]),
            *((t.dtype, Shape(t.shape[1:])) for t in walked),
            *((t.dtype, t.shape) for t in inputs[first + self.walked:operands]),
            *((t.dtype, t.shape) for t in inputs[operands:]),
        ]
        body = draw(self.body, types)
        k, m = self.carried, states
        into, out = len(body.inputs) - m, len(body.outputs) - m
        body = Region(
            body.graph, (*body.inputs[:k], *body.inputs[into:], *body.inputs[k:into]),
            (*body.outputs[:k], *body.outputs[out:], *body.outputs[k:out]), body.targets,
        )
        return self._with(body, carried=k + m), first, k

    def pruned(self, used: Sequence[bool]) -> tuple[Loop, list[int], list[int]]:
        n = self.carried
        outputs = {k for k, u in enumerate(used[:n]) if u}
        outputs |= {k + self.conditional for k, u in enumerate(used[n:-1], n) if u}
        if self.conditional:
            outputs.add(n)
        while True:
            read = inputs_read(self.body, sorted(outputs))
            more = {k for k in range(n) if k in read} - outputs
            if not more:
                break
            outputs |= more
        keep_out = sorted(outputs)
        keep_in = [k for k in range(len(self.body.inputs)) if k in read or (k in outputs and k < n)]
        walked = [k for k in keep_in if n <= k < n + self.walked]
        if not walked and self.walked:      # it says how many steps there are
            walked = [n]
            keep_in = sorted({*keep_in, n})
        body = Region(
            self.body.graph, tuple(self.body.inputs[k] for k in keep_in), tuple(self.body.outputs[k] for k in keep_out),
            self.body.targets,
        )
        state = [k for k in keep_out if k < n]
        loose = tuple(j for j, k in enumerate(state) if k in self.loose)
        made = self._with(body, carried=len(state), walked=len(walked), loose=loose)
        results = [k for k in range(len(used) - 1) if (k if k < n else k + self.conditional) in outputs]
        return made, [*range(self.head), *(self.head + k for k in keep_in)], [*results, len(used) - 1]

    def _with(self, body: Region, **changes: Any) -> Loop:
        attributes = {name: getattr(self, name) for name in
                      ("carried", "walked", "conditional", "counted", "limit", "backward", "loose")}
        return Loop(body, **{**attributes, **changes})

    # ------------------------------------------------ gradient

    def gradient(self, g: Any, y: Any, *inputs: Any) -> Any:
        """A loop that walks the recorded steps from the last to the first.

        Each step's carried values, and what costs much to compute, have been stacked by the forward loop; the rest is
        computed again. A loop without a limit could not stack them: it runs again for as many steps as it took. Values
        whose sizes change cannot be stacked either: each step's are computed again from the first ones.
        """
        if self.is_bounded and not self.loose:
            return _GradientOfLoop(self, g, y, inputs).run()
        return self._gradient_of_counted(g, y, inputs)

    def _gradient_of_counted(self, g: Any, y: Any, inputs: Sequence[Any]) -> Any:
        """The gradient by the same steps in a loop that walks along as many numbers, so there is room for records."""
        n = self.carried
        computing = needed([t.node for t in self.body.outputs[:n]], self.body.inputs)
        if self.states or any(map(happens_once, computing)):
            lacks = "keeps no sizes" if self.loose else "has no limit on its steps"
            raise GradientError(
                f"the loop {lacks}, and what it draws or changes must not happen twice to record them",
                fix="give a TensorArray its size=, or a tensor room for all steps" if self.loose else
                    "give while_loop maximum_iterations= (begin the `while` of a function with "
                    "tf.autograph.experimental.set_loop_options(maximum_iterations=...)), or use scan",
            )
        if self.loose:
            return _gradient_of_loose(self, g, y, inputs)
        trace = RegionCopy(self.body)
        step = trace.graph.add(Placeholder(int32, ()), (), "step").outputs[0]
        region = Region(trace.graph, (*trace.inputs[:n], step, *trace.inputs[n:]),
                        tuple(trace.of(t) for t in self.body.outputs[:n]))
        head, steps = self.head, L.range(0, y[-1], 1)
        again = [*inputs[head:head + n], steps, *inputs[head + n:]]
        node, _ = loop(region, again, y[0].node.graph, "loop_again", carried=n, walked=1)
        arriving = [*g[:n], *[None] * (len(node.outputs) - n)]
        found = _GradientOfLoop(node.op, arriving, node.outputs, again).run()
        return (*[None] * head, *found[:n], *found[n + 1:])


def _gradient_of_loose(f: Loop, g: Sequence[Any], y: Sequence[Any], inputs: Sequence[Any]) -> Any:
    """The gradient of a loop whose values change their sizes, by a loop that walks back.

    What is carried into step k comes from k steps of the loop itself, so n steps take n^2 / 2 again.
    """
    n, m = f.carried, f.carried + f.walked
    operands = [*inputs[f.head:], y[-1]]
    arriving = [(k, a) for k, a in enumerate(g[n:-1], n) if a is not None and y[k].dtype.is_floating]
    floats = [k for k, t in enumerate(f.body.inputs) if t.dtype.is_floating]
    carried, fixed = [k for k in floats if k < n], [k for k in floats if k >= n]

    def place(step: Any, count: Any) -> Any:
        """Where a step finds its slices."""
        return count - 1 - step if f.backward else step

    def body(graph: Graph, state: Sequence[Any], step: Any, rest: Sequence[Any]) -> list[Any]:
        """The outputs of a step of the loop; of what is walked along, `rest` has the whole."""
        *rest, count = rest
        rows = [L.gather(array, place(step, count)) for array in rest[:m - n]]
        known = {id(t): x for t, x in zip(f.body.inputs, [*state, *rows, *rest[m - n:]], strict=True)}
        copy_nodes(f.body.nodes, known, graph)
        return [known[id(t)] for t in f.body.outputs]

    def drawn(types: Sequence[Any], outputs: Callable[..., Sequence[Any]]) -> Region:
        graph = Graph()
        given = [graph.add(Placeholder(t.dtype, t.shape), (), "x").outputs[0] for t in types]
        with graph.as_default():
            return Region(graph, tuple(given), tuple(outputs(graph, given)))

    step = drawn([*f.body.inputs[:n], y[-1], *operands[n:]], lambda graph, x: body(graph, x[:n], x[n], x[n + 1:])[:n])

    def back(graph: Graph, x: Sequence[Any]) -> list[Any]:
        seeds, sums, k, rest = x[:len(carried)], x[len(carried):len(begin)], x[len(begin)], x[len(begin) + 1:]
        first, rest, further = rest[:n], rest[n:len(operands)], rest[len(operands):]
        before, _ = loop(step, [*first, L.range(0, k, 1), *rest], graph, carried=n, walked=1, loose=f.loose)
        state, rest = ([L.identity(t) for t in ts] for ts in (before.outputs[:n], rest))     # where gradients end
        outputs = body(graph, state, k, rest)
        ys = [outputs[j] for j in carried] + [outputs[j + f.conditional] for j, _ in arriving]
        xs = [state[j] for j in carried] + [rest[j - n] for j in fixed]
        found = pulled_back(ys, [*seeds, *(L.gather(a, place(k, rest[-1])) for a in further)], xs)
        own = [L.zeros_like(x) if d is None else d for d, x in zip(found, xs, strict=True)]
        return own[:len(carried)] + [s + d for s, d in zip(sums, own[len(carried):], strict=True)]

    begin = [L.zeros_like(y[k]) if g[k] is None else g[k] for k in carried]
    begin += [L.zeros_like(operands[k]) for k in fixed]
    further = [a for _, a in arriving]
    region = drawn([*(f.body.inputs[k] for k in carried), *begin[len(carried):], y[-1], *operands, *further], back)
    loose = tuple(j for j, k in enumerate(carried) if k in f.loose)
    node, _ = loop(region, [*begin, L.range(0, y[-1], 1), *operands, *further], y[0].node.graph, "while_gradient",
                   carried=len(begin), walked=1, backward=True, loose=loose)
    slopes = dict(zip([*carried, *fixed], node.outputs, strict=False))
    return (*[None] * f.head, *(slopes.get(k) for k in range(len(f.body.inputs))))


def check_kept(what: str, before: Any, after: Any) -> None:
    """Raise unless what is carried from step to step keeps its type and its sizes, for all that is known."""
    if before.dtype is not after.dtype:
        raise DTypeError(
            f"{what} begins as {before.dtype.name} and becomes {after.dtype.name}",
            fix=f"cast it in the body to {before.dtype.name}",
        )
    a, b = before.shape, after.shape
    if a.rank is None or b.rank is None:
        return
    if len(a) != len(b):
        raise ShapeError(f"{what} begins with shape {a} and becomes {b}", fix="keep its shape")
    for axis, (m, n) in enumerate(zip(a, b, strict=True)):
        problem = f"{what} changes its size on axis {axis}"
        if isinstance(m, int) and isinstance(n, int) and m != n:
            raise ShapeError(f"{problem}: {m} and {n}",
                             fix="keep its size, or let shape_invariants (of while_loop, or of "
                                 "tf.autograph.experimental.set_loop_options in a loop) say None there")
        merge(m, n, problem)


def records(body: Region, carried: int) -> list[Tensor]:
    """What a gradient wants of each step: the carried values, and what it should not compute again.

    Values whose sizes depend on numbers, so that they may differ from step to step, cannot be stacked.
    """
    costly = []
    loose: set[int] = set()
    for node in body.nodes:
        is_loose = isinstance(node.op, Dynamic) or any(id(t) in loose for t in node.inputs)
        for t in node.outputs:
            if happens_once(node):
                costly.append(t)
            elif is_loose and not t.shape.is_fully_defined():
                loose.add(id(t))
            elif node.op.is_costly:
                costly.append(t)
    return [*body.inputs[:carried], *costly]


def loop(
    body: Region, operands: Sequence[Tensor], graph: Graph, name: str | None = None, **attributes: Any
) -> tuple[Node, int]:
    """Add a loop to `graph`, with the records that its gradient will want: whoever does not use them pays nothing.

    Returns
    -------
    The node, and how many results it has without records and the number of steps.
    """
    results = len(body.outputs) - attributes.get("conditional", False)
    made = Loop(body, **attributes)
    if made.is_bounded:
        known = {id(t) for t in made.stacked}
        extra = [t for t in records(body, made.carried) if id(t) not in known]
        made = Loop(Region(body.graph, body.inputs, (*body.outputs, *extra), body.targets), **attributes)
    return graph.add(made, operands, name), results


class _GradientOfLoop:
    """The loop that gives the gradients of a loop's operands."""

    def __init__(
        self, forward: Loop, g: Sequence[Tensor | None], y: Sequence[Tensor], inputs: Sequence[Tensor]
    ) -> None:
        self.forward = forward
        self.g = g
        self.y = y
        self.inputs = inputs

    def run(self) -> tuple[Tensor | None, ...]:
        f, body = self.forward, self.forward.body
        n, m = f.carried, f.carried + f.walked
        trace = RegionCopy(body)
        floats = [k for k, t in enumerate(body.inputs) if t.dtype.is_floating]
        seeds, ys, arriving = self._seeds(trace)
        if not ys:
            return (None,) * len(self.inputs)
        with trace.graph.as_default():
            xs = [trace.inputs[k] for k in floats]
            found = dict(zip(floats, pulled_back(ys, seeds, xs), strict=True))
            carried = [k for k in floats if k < n]
            fixed = [k for k in floats if k >= m and found.get(k) is not None]
            walked = [k for k in floats if n <= k < m and found.get(k) is not None]
            sums = {k: trace.placeholder(body.inputs[k]) for k in fixed}
            next_carried = [found.get(k) if found.get(k) is not None else L.zeros_like(trace.inputs[k])
                            for k in carried]
            outputs = [*next_carried, *(sums[k] + found[k] for k in fixed), *(found[k] for k in walked)]
        region, operands = self._region(trace, outputs, [*self.seed_of_carried(carried), *sums.values()], arriving)
        graph = self.y[0].node.graph
        begin = [self._begin(k) for k in carried] + [L.zeros_like(self.inputs[f.head + k]) for k in fixed]
        counted = f.counted or f.conditional
        count = [self.y[-1]] if counted else []
        node, _ = loop(
            region, [*count, *begin, *operands[0], *operands[1]], graph, "while_gradient", carried=len(begin),
            walked=len(operands[0]), counted=counted, backward=not f.backward,
        )
        back: dict[int, Tensor] = dict(zip([*carried, *fixed, *walked], node.outputs, strict=False))
        return (*[None] * f.head, *(back.get(k) for k in range(len(body.inputs))))

    def _seeds(self, trace: RegionCopy) -> tuple[list[Tensor], list[Tensor], list[tuple[Tensor, Tensor]]]:
        """Gradients that arrive at a step's outputs: placeholders, the outputs, and (placeholder, array to walk)."""
        f = self.forward
        self.carried_seeds: dict[int, Tensor] = {}
        seeds: list[Tensor] = []
        ys: list[Tensor] = []
        arriving: list[tuple[Tensor, Tensor]] = []
        for k in range(f.carried):
            if f.body.inputs[k].dtype.is_floating:
                self.carried_seeds[k] = trace.placeholder(f.body.inputs[k])
                seeds.append(self.carried_seeds[k])
                ys.append(trace.of(f.body.outputs[k]))
        for t, g in zip(f.stacked, self.g[f.carried:-1], strict=True):
            if g is not None and t.dtype.is_floating:
                seed = trace.placeholder(t)
                arriving.append((seed, g))
                seeds.append(seed)
                ys.append(trace.of(t))
        return seeds, ys, arriving

    def seed_of_carried(self, carried: Sequence[int]) -> list[Tensor]:
        return [self.carried_seeds[k] for k in carried]

    def _begin(self, k: int) -> Tensor:
        g = self.g[k]
        return L.zeros_like(self.y[k]) if g is None else g

    def _region(
        self, trace: RegionCopy, outputs: Sequence[Tensor], carried: Sequence[Tensor],
        arriving: Sequence[tuple[Tensor, Tensor]],
    ) -> tuple[Region, tuple[list[Tensor], list[Tensor]]]:
        """The backward step, and its operands: arrays to walk, fixed ones.

        What was recorded is read, not computed: the nodes before it are left out.
        """
        f = self.forward
        n, m = f.carried, f.carried + f.walked
        walked: list[tuple[Tensor, Tensor]] = list(arriving)
        walked += [(trace.of(t), stack) for t, stack in zip(f.stacked, self.y[f.carried:-1], strict=True)]
        walked += list(zip(trace.inputs[n:m], self.inputs[f.head + n:f.head + m], strict=True))
        fixed = list(zip(trace.inputs[m:], self.inputs[f.head + m:], strict=True))
        unique: dict[int, tuple[Tensor, Tensor]] = {}
        for inner, outer in walked:
            unique.setdefault(id(inner), (inner, outer))
        pairs = list(unique.values())
        given = [*carried, *(t for t, _ in pairs), *(t for t, _ in fixed)]
        nodes, read = trace.taken_out(outputs, given)
        pairs = [p for p in pairs if id(p[0]) in read] or pairs[:1]
        fixed = [p for p in fixed if id(p[0]) in read]
        inputs = [*carried, *(t for t, _ in pairs), *(t for t, _ in fixed)]
        return trace.region(inputs, nodes, outputs), ([o for _, o in pairs], [o for _, o in fixed])
