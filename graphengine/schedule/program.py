"""The scheduled program: instructions over buffers, sizes as expressions. No bytes, no addresses, no text.
"""
from __future__ import annotations

from functools import cached_property
from typing import Literal

from ..dtypes import DType
from ..ir.computation import Computation
from ..ir.dims import Size
from ..ir.node import Node, Tensor
from ..ops.kinds import Library, Placement
from ..values import dataclass
from .fuse import Group, Refusal
from .memory import Slot, slots

Kind = Literal["feed", "state", "const", "fetch", "temp"]


@dataclass(frozen=True)
class Buffer:
    """A dense array that the program reads or writes.

    kind : feed, state, const: comes from outside; fetch: a result; temp: lives in the arena
    name : of the tensor that is first in it; for a state the variable's
    size : number of elements
    tensor : the tensor whose dtype and shape it has; None for scratch
    """

    index: int
    kind: Kind
    name: str
    dtype: DType
    size: Size
    tensor: Tensor | None

    def __str__(self) -> str:
        return f"b{self.index}:{self.name}"


@dataclass(frozen=True)
class Instruction:
    """One kernel call. Exactly one of group, call and place is given:

    group : ops fused into one loop nest
    call : a node of a hand-written kernel
    place : (assembly node, which input, where it goes); input None fills the result
    kept : tensors that a fused group keeps between passes over a row, each with the buffer that holds the row
    scratch : buffers that a hand-written kernel has to itself
    """

    nodes: tuple[Node, ...]
    reads: tuple[int, ...]
    writes: tuple[int, ...]
    group: Group | None = None
    call: Node | None = None
    place: tuple[Node, Tensor | None, Placement | None] | None = None
    kept: tuple[tuple[Tensor, int], ...] = ()
    scratch: tuple[int, ...] = ()

    @property
    def title(self) -> str:
        if self.group is not None:
            return " + ".join(n.op.name for n in self.nodes)
        op = self.nodes[0].op
        return op.title if isinstance(op, Library) else str(op.name)


@dataclass(frozen=True)
class Program:
    """Instructions in order, and the buffers they work on.

    computation : what it computes, primitives only
    buffer_of : index of the buffer of each stored tensor, by the tensor's id
    feeds, fetches : buffer of each feed and fetch
    updates : (variable, buffer of its new value); in place where that is the variable's own buffer
    refusals : neighbors that were not fused, and why
    """

    computation: Computation
    buffers: tuple[Buffer, ...]
    instructions: tuple[Instruction, ...]
    buffer_of: dict[int, int]
    feeds: tuple[int, ...]
    fetches: tuple[int, ...]
    updates: tuple[tuple[str, int], ...]
    refusals: tuple[Refusal, ...]

    def lifetimes(self) -> dict[int, tuple[int, int]]:
        """For each temp, the first and the last instruction that touch it."""
        found: dict[int, tuple[int, int]] = {}
        for k, instruction in enumerate(self.instructions):
            for b in (*instruction.reads, *instruction.writes, *instruction.scratch):
                if self.buffers[b].kind == "temp":
                    found[b] = (found.get(b, (k, k))[0], k)
        return found

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """Which temps share memory, whatever the sizes are."""
        lifetimes = self.lifetimes()
        return slots(lifetimes, {b: (self.buffers[b].size, self.buffers[b].dtype.size) for b in lifetimes})

    def __str__(self) -> str:
        lines = []
        for k, instruction in enumerate(self.instructions):
            writes = ", ".join(str(self.buffers[b]) for b in instruction.writes)
            reads = ", ".join(str(self.buffers[b]) for b in instruction.reads)
            lines.append(f"{k:3} {writes} <- {instruction.title}({reads})")
        return "\n".join(lines)
