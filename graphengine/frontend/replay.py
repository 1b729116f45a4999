"""Gradients of tapes that look alike: a program that tapes the same thing again and again gets it compiled.

The first times the rules of a record's ops are played back one by one. Then its pattern is drawn as a graph, whose
feeds are the values that the tape holds, and that runs as any program does.
"""
from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from .. import autodiff
from ..config import settings
from ..errors import GraphEngineError
from ..ir.dims import Shape
from ..ir.eager import EagerTensor
from ..ir.graph import Graph
from ..ir.node import Tensor
from ..ir.walk import needed
from ..ops.kinds import Control, Dynamic, Effect
from ..ops.state import Placeholder
from .concrete import Concrete
from .record import Record, Step, numbers_of

PATIENCE = 8                                # times that a pattern is played back before it is compiled

Starts = tuple[tuple[int, ...], ...]        # for each source the numbers under which it was used


class TapePattern:
    """A record without its values, and what is asked of it.

    count : how often it was asked for
    function : what computes the gradients; None while they are played back
    feeds : numbers of the values that it takes, before the seeds that are given
    exist : which sources have a gradient
    """

    def __init__(
        self, steps: tuple[Step, ...], ends: tuple[int, ...], starts: Starts, seeded: tuple[bool, ...]
    ) -> None:
        self.asked = steps, ends, starts, seeded
        self.count = 0
        self.function: Concrete | None = None
        self.feeds: tuple[int, ...] = ()
        self.exist: tuple[bool, ...] = ()

    def draw(self) -> None:
        """Draw the graph, unless more than the types of values decides what it is, or something has no gradient."""
        steps, ends, starts, seeded = self.asked
        if any(isinstance(op, (Control, Dynamic, Effect)) for op, *_ in steps):
            return
        graph = Graph()
        with graph.as_default():
            values = _drawn(steps, graph)
            if max([*ends, *(k for several in starts for k in several)], default=0) >= len(values):
                return                      # a target that comes from nothing
            ys = [values[k] for k in ends]
            xs = [values[k] for several in starts for k in several]
            if not (all(x.dtype.is_floating for x in xs) and all(t.shape.is_fully_defined() for t in values)):
                return
            seeds = [_placeholder(graph, y.dtype, y.shape) if s else None for y, s in zip(ys, seeded, strict=True)]
            try:
                found = iter(autodiff.gradients(ys, xs, seeds))
            except GraphEngineError:
                return                      # who plays it back finds the error, or that nobody asked for that part
            totals = [_total([next(found) for _ in several]) for several in starts]
        fetches = [g for g in totals if g is not None]
        read = {id(t) for n in needed([g.node for g in fetches], values) if n.op.reads_inputs for t in n.inputs}
        read |= {id(g) for g in fetches}
        self.feeds = tuple(k for k, t in enumerate(values) if id(t) in read)
        self.exist = tuple(g is not None for g in totals)
        inputs = [*(values[k] for k in self.feeds), *(s for s in seeds if s is not None)]
        self.function = Concrete(graph, inputs, fetches)


def _drawn(steps: Sequence[Step], graph: Graph) -> list[Tensor]:
    """A tensor for each value of a record."""
    values: list[Tensor] = []
    for step in steps:
        op, operands, _, _ = step
        values += [_placeholder(graph, x[0].dtype, x[0].shape) for x in operands if isinstance(x, tuple)]
        values += graph.apply(op, [values[k] for k in numbers_of(step, len(values))])
    return values


def _placeholder(graph: Graph, dtype: Any, shape: Any) -> Tensor:
    return graph.add(Placeholder(dtype, Shape(shape)), (), "x").outputs[0]


def _total(parts: Sequence[Tensor | None]) -> Any:
    found: Any = None
    for g in parts:
        found = g if found is None or g is None else found + g
    return found


_pattern = lru_cache(maxsize=128)(TapePattern)


def replayed(
    record: Record, ends: tuple[int, ...], starts: Starts, seeds: Sequence[EagerTensor | None]
) -> list[Any] | None:
    """The gradients for the sources, None where there is none; or None: play the ops back one by one.

    Parameters
    ----------
    ends : numbers of the targets
    starts : for each source the numbers under which it was used
    seeds : for each target the gradient that reaches it, None for ones
    """
    if record.has_calls:                    # which are compiled already
        return None
    values = record.values
    found = _pattern(tuple(record.steps), ends, starts, tuple([s is not None for s in seeds]))
    if found.function is None:
        found.count += 1
        if found.count != PATIENCE or settings().tier == "interpreter":
            return None
        found.draw()
        if found.function is None:
            return None
    arrays = [values[k].array for k in found.feeds]
    for s, end in zip(seeds, ends):  # noqa: B905 - a seed for each target
        if s is not None:
            if s.array.shape != values[end].array.shape:
                return None
            arrays.append(s.array)
    gradients = iter(found.function.call(arrays))
    return [next(gradients) if there else None for there in found.exist]
