"""What the compiler makes of a run, and the cards that it comes from: an explanation in, `Compiled` out. No Qt."""
from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import graphengine as ge

from . import messages as m
from .graph import RunningGraph
from .messages import Array

MOST_NAMES = 4                              # of ops in a title
TEXT = ("summary", "program", "groups", "memory")
LABELS = {"graph": "as drawn", "simplify": "simplified"}    # of stages, where the engine's word says less


def compiled(
    graph: RunningGraph, session: ge.Session, fetches: Sequence[Any], feeds: Mapping[str, Array]
) -> m.Compiled:
    """Stages, kernels and memory of one way of running a graph."""
    begin = time.perf_counter()
    found = session.explain(list(fetches), feeds)
    kernels = tuple(kernels_of(graph, found))
    stretches = found.stretches
    memory = tuple(entry for part in stretches for entry in _memory(graph, part))
    return m.Compiled(tuple(_stages(graph, stretches, kernels)), tuple(info for info, _ in kernels), memory,
                      sum(s.arena_bytes or 0 for s in stretches), time.perf_counter() - begin, found.text(TEXT))


# -------------------------------------------------------------------- kernels

def kernels_of(graph: RunningGraph, found: ge.Explanation) -> Iterator[tuple[m.KernelInfo, Sequence[Any]]]:
    """Every kernel of a run with the nodes that it computes, as they run; those inside loops after them."""
    for number, stretch in enumerate(found.stretches):
        yield from _of_program(graph, stretch, f"{number}." if number else "", ())


def _of_program(
    graph: RunningGraph, found: ge.Explanation, prefix: str, outer: tuple[str, ...]
) -> Iterator[tuple[m.KernelInfo, Sequence[Any]]]:
    """outer : cards of the loop or branch that runs the program"""
    program = found.compilation.program
    cards_at = []
    for k, (instruction, kernel) in enumerate(zip(program.instructions, found.kernels, strict=True)):
        nodes = instruction.nodes
        cards = graph.cards_of(nodes) or outer
        cards_at.append(cards)
        lines = {line: card for line, node in enumerate(kernel.lines)
                 if node is not None and (card := graph.card_of(node)) is not None}
        source = found.source_of(kernel)
        yield m.KernelInfo(f"{prefix}{k} {kernel.name}", title_of(instruction), cards, source, lines, 1,
                           _reason(graph, found, nodes)), nodes
    for part in found.parts:
        yield from _of_program(graph, part.explanation, f"{prefix}{part.instruction}.", cards_at[part.instruction])


def title_of(instruction: Any) -> str:
    """A kernel in words: ``add + relu · 2 ops → 1 loop``."""
    if instruction.group is None:
        return str(instruction.title)
    names = [n.op.name for n in instruction.nodes]
    shown = " + ".join(names[:MOST_NAMES]) + (" + …" if len(names) > MOST_NAMES else "")
    return f"{shown} · {len(names)} ops → 1 loop" if len(names) > 1 else f"{shown} · 1 loop"


def _reason(graph: RunningGraph, found: ge.Explanation, nodes: Sequence[Any]) -> str:
    """Why neighbors are not part of a kernel."""
    own = {id(n) for n in nodes}
    reasons = []
    for refusal in found.refusals:
        if (id(refusal.producer) in own) != (id(refusal.consumer) in own):
            other = refusal.consumer if id(refusal.producer) in own else refusal.producer
            reasons.append(f"{graph.card_of(other) or other.name}: {refusal.reason}")
    return "\n".join(dict.fromkeys(reasons))


# -------------------------------------------------------------------- stages

def _stages(
    graph: RunningGraph, stretches: Sequence[ge.Explanation], kernels: Sequence[tuple[m.KernelInfo, Sequence[Any]]]
) -> Iterator[m.Stage]:
    """The graph after each pass that did something, and in the end with the kernels as groups."""
    before: Any = None
    last: tuple[m.StageNode, ...] = ()
    for k, stage in enumerate(stretches[0].stages):
        nodes = [n for s in stretches for n in s.stages[k].computation.nodes]
        text = "\n".join(str(s.stages[k].computation) for s in stretches)
        fired = tuple(str(f) for s in stretches for f in s.rules if f.phase == stage.name)
        if text != before:
            last = tuple(_node(graph, n) for n in nodes)
            yield m.Stage(LABELS.get(stage.name, stage.name), last, fired)
        before = text
    groups: dict[str, str] = {}
    for info, members in kernels:
        groups.update({n.name: info.name for n in members})
    yield m.Stage("fused", tuple(replace(node, group=groups.get(node.id, "")) for node in last))


def _node(graph: RunningGraph, node: Any) -> m.StageNode:
    inputs = tuple(dict.fromkeys(t.node.name for t in node.inputs))
    shape = ", ".join(str(t.shape) for t in node.outputs)
    return m.StageNode(node.name, node.op.name, node.op.category, inputs, graph.cards_of([node]), shape)


# -------------------------------------------------------------------- memory

def _memory(graph: RunningGraph, found: ge.Explanation) -> Iterator[m.MemoryInfo]:
    """The buffers of the arena."""
    for buffer, entry in zip(found.compilation.program.buffers, found.memory, strict=True):
        if entry.kind == "temp" and entry.first is not None and entry.last is not None:
            cards = () if buffer.tensor is None else graph.cards_of([buffer.tensor.node])
            yield m.MemoryInfo(entry.name, entry.offset or 0, entry.size_bytes or 0, entry.first, entry.last, cards)
