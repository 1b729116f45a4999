"""The order of kernels, and which buffer each value lives in.

Takes the groups, returns the program. A variable's new value goes straight into the variable's buffer where
every other reader of the old value can run before and the kernel reads an element before it writes it;
otherwise it is copied there at the end.
"""
from __future__ import annotations

import heapq
from collections.abc import Sequence
from functools import cached_property

from ..errors import CompileError
from ..ir.computation import Computation
from ..ir.dims import Size, product
from ..ir.node import Node, Tensor
from ..ops.kinds import Library, Movement, Reduction, Source
from ..ops.state import Const, Copy, Counting, SizeValue, State
from .fuse import Group, Refusal
from .keep import kept
from .program import Buffer, Instruction, Kind, Program
from .trace import base_of, is_dense, is_free, producer, trace


def order(computation: Computation, groups: Sequence[Group], refusals: Sequence[Refusal]) -> Program:
    """The program that runs `groups`."""
    return _Order(computation, groups, refusals).run()


def has_buffer(base: Tensor) -> bool:
    """Whether a base tensor is in memory; numbers and counters are part of the kernel."""
    op = base.node.op
    if isinstance(op, (SizeValue, Counting)):
        return False
    return not (isinstance(op, Const) and op.value.array.size == 1)


class _Order:
    def __init__(self, computation: Computation, groups: Sequence[Group], refusals: Sequence[Refusal]) -> None:
        self.computation = computation
        self.groups = groups
        self.refusals = refusals
        self.group_of = {id(m): k for k, g in enumerate(groups) for m in g.members}
        self.after: list[set[int]] = [set() for _ in groups]           # k -> groups that run after k
        self.home: dict[int, str] = {}                                 # id of producing tensor -> variable
        self.late: list[tuple[str, Tensor]] = []                       # updates that are copied at the end
        self.uses = self._uses_of_states()                             # variable -> (group, member, operand)
        self.buffers: list[Buffer] = []
        self.states: dict[str, int] = {}                               # variable -> its buffer
        self.buffer_of: dict[int, int] = {}

    def run(self) -> Program:
        for k, group in enumerate(self.groups):
            for node in group.members:
                for tensor in node.inputs:
                    parent = producer(tensor)
                    if parent is not None and self.group_of[id(parent)] != k:
                        self.after[self.group_of[id(parent)]].add(k)
        for name, tensor in self.computation.updates:
            self._settle(name, tensor)
        self._fail_before_writing()
        sequence = self._sorted()
        feeds = tuple(self._buffer(t, "feed", t.node.name) for t in self.computation.feeds)
        for name, tensor in self.computation.updates:
            self._state_buffer(name, base_of(tensor))
        fetches = tuple(self._fetch_buffer(t) for t in self.computation.fetches)
        instructions = [i for k in sequence for i in self._instructions(self.groups[k])]
        instructions += [self._late_copy(name, tensor) for name, tensor in self.late]
        updates = tuple((name, self._state_buffer(name, base_of(t))) for name, t in self.computation.updates)
        return Program(
            self.computation, tuple(self.buffers), tuple(instructions), self.buffer_of, feeds, fetches, updates,
            tuple(self.refusals),
        )

    # ------------------------------------------------ in place or later

    def _uses_of_states(self) -> dict[str, list[tuple[int, Node, Tensor]]]:
        """For each variable, who reads its old value."""
        found: dict[str, list[tuple[int, Node, Tensor]]] = {}
        for k, group in enumerate(self.groups):
            for member in group.members:
                for tensor in member.inputs:
                    op = base_of(tensor).node.op
                    if isinstance(op, State):
                        found.setdefault(op.variable, []).append((k, member, tensor))
        return found

    def _settle(self, variable: str, tensor: Tensor) -> None:
        """Decide where the new value of `variable` is written."""
        base = base_of(tensor)
        writer = self.group_of[id(base.node)]
        others = sorted({k for k, _, _ in self.uses.get(variable, ()) if k != writer})
        in_place = self._reads_before_writing(writer, base, variable) and not self.groups[writer].can_fail
        if in_place and not any(self._reaches(writer, k) for k in others):
            for k in others:
                self.after[k].add(writer)
            self.home[id(base)] = variable
        else:
            self.late.append((variable, tensor))

    def _reads_before_writing(self, writer: int, new: Tensor, variable: str) -> bool:
        """Whether each element of the old value is read only where the same element is then written."""
        group = self.groups[writer]
        uses = [(m, t) for k, m, t in self.uses.get(variable, ()) if k == writer]
        if not uses:
            return True
        overwritten = new.node.op.overwrites if isinstance(new.node.op, Library) else None
        if overwritten is not None:
            old = new.node.inputs[overwritten]
            return len(uses) == 1 and uses[0][1] is old and is_dense(old) and old.shape == new.shape
        if not group.fusable or _assembles(group) or isinstance(new.node.op, Reduction):
            return False
        levels = group.levels()
        own = levels[id(new.node)]
        shape = new.shape
        for member, tensor in uses:
            path = trace(tensor)
            aligned = isinstance(path.base.node.op, State) and path.is_aligned and path.base.shape == shape
            same_place = group.is_full(member) == group.is_full(new.node) and not isinstance(member.op, Reduction)
            if not (aligned and same_place and member.outputs[0].shape == shape and levels[id(member)] <= own):
                return False
        return not group.is_full(new.node) or own == max(levels.values())

    def _fail_before_writing(self) -> None:
        """Run kernels that may fail before variables change, unless they need the change: a failed run changes none."""
        writers = sorted({self.group_of[id(t.node)] for t in self._home_tensors()})
        for k, group in enumerate(self.groups):
            if group.can_fail:
                for writer in writers:
                    if writer != k and not self._reaches(writer, k):
                        self.after[k].add(writer)

    def _home_tensors(self) -> list[Tensor]:
        found = [t for g in self.groups for m in g.members for t in m.outputs]
        return [t for t in found if id(t) in self.home]

    def _reaches(self, start: int, goal: int) -> bool:
        seen, stack = {start}, [start]
        while stack:
            k = stack.pop()
            if k == goal:
                return True
            stack.extend(n for n in self.after[k] if n not in seen)
            seen |= self.after[k]
        return False

    def _sorted(self) -> list[int]:
        """Groups in an order that respects the edges: updates as soon as they can run, else as they were made."""
        waiting = [0] * len(self.groups)
        for targets in self.after:
            for k in targets:
                waiting[k] += 1
        writes_home = [any(id(t) in self.home for m in g.members for t in m.outputs) for g in self.groups]
        key = [(not writes_home[k], g.members[-1].index, k) for k, g in enumerate(self.groups)]
        ready = [key[k] for k, n in enumerate(waiting) if not n]
        heapq.heapify(ready)
        sequence = []
        while ready:
            k = heapq.heappop(ready)[2]
            sequence.append(k)
            for n in sorted(self.after[k]):
                waiting[n] -= 1
                if not waiting[n]:
                    heapq.heappush(ready, key[n])
        assert len(sequence) == len(self.groups), "groups form a cycle"
        return sequence

    # ------------------------------------------------ buffers

    def _new_buffer(self, tensor: Tensor, kind: Kind, name: str) -> int:
        if None in tensor.shape:
            raise CompileError(f"{tensor.name} has shape {tensor.shape} in a program", op=tensor.node.op.name)
        size: Size = product(tensor.shape)  # type: ignore[arg-type]
        self.buffers.append(Buffer(len(self.buffers), kind, name, tensor.dtype, size, tensor))
        return len(self.buffers) - 1

    def _buffer(self, base: Tensor, kind: Kind, name: str) -> int:
        if id(base) not in self.buffer_of:
            self.buffer_of[id(base)] = self._new_buffer(base, kind, name)
        return self.buffer_of[id(base)]

    def _state_buffer(self, variable: str, tensor: Tensor) -> int:
        """The buffer of a variable; shared by its old value, and by a new one that is written in place."""
        if variable not in self.states:
            self.states[variable] = self._new_buffer(tensor, "state", variable)
        index = self.states[variable]
        if self.home.get(id(tensor)) == variable or isinstance(tensor.node.op, State):
            self.buffer_of[id(tensor)] = index
        return index

    def _fetch_buffer(self, tensor: Tensor) -> int:
        return self._buffer(base_of(tensor), "fetch", tensor.node.name)

    def _place_of(self, base: Tensor) -> int:
        op = base.node.op
        if isinstance(op, State):
            return self._state_buffer(op.variable, base)
        kind: Kind = "const" if isinstance(op, Source) else "temp"
        return self._buffer(base, kind, base.node.name)

    # ------------------------------------------------ instructions

    def _instructions(self, group: Group) -> list[Instruction]:
        node = group.members[0]
        if group.fusable:
            return [self._fused(group)]
        reads = tuple(dict.fromkeys(self._place_of(b) for t in node.inputs if has_buffer(b := base_of(t))))
        writes = tuple(self._place_of(t) for t in node.outputs)
        if not isinstance(node.op, Movement):
            reads = tuple(self._place_of(base_of(t)) for t in node.inputs)
            return [Instruction((node,), reads, writes, call=node, scratch=self._scratch(node))]
        places = node.op.placements([t.shape for t in node.inputs], node.outputs[0].shape)
        found = [] if node.op.fill is None else [Instruction((node,), (), writes, place=(node, None, None))]
        for tensor, where in zip(node.inputs, places, strict=True):
            if where is not None:
                base = base_of(tensor)
                own = (self._place_of(base),) if has_buffer(base) else ()
                found.append(Instruction((node,), own, writes, place=(node, tensor, where)))
        return found

    def _scratch(self, node: Node) -> tuple[int, ...]:
        """Buffers for what a hand-written kernel needs to itself."""
        first = len(self.buffers)
        for dtype, size in node.op.call(node.inputs, node.outputs).scratch:
            self.buffers.append(Buffer(len(self.buffers), "temp", f"{node.name}/scratch", dtype, size, None))
        return tuple(range(first, len(self.buffers)))

    def _fused(self, group: Group) -> Instruction:
        inside = {id(t) for m in group.members for t in m.outputs}
        stored = [t for m in group.members for t in m.outputs if self._is_stored(t, group)]
        bases = [base_of(t) for m in group.members for t in m.inputs]
        reads = dict.fromkeys(self._place_of(b) for b in bases if id(b) not in inside and has_buffer(b))
        writes = tuple(self._place_of(t) for t in stored)
        rows = [(row, self._new_buffer(row[0], "temp", "rows")) for row in kept(group, stored)]
        return Instruction(
            tuple(group.members), tuple(reads), (*writes, *[b for _, b in rows]), group=group,
            kept=tuple((t, b) for row, b in rows for t in row),
        )

    def _is_stored(self, tensor: Tensor, group: Group) -> bool:
        """Whether somebody outside the group's loops needs the tensor in memory."""
        if id(tensor) in self.needed_outside:
            return True
        return isinstance(tensor.node.op, Reduction) and not group.is_row      # where columns are added up

    @cached_property
    def needed_outside(self) -> set[int]:
        """Ids of the tensors that have to be in memory: results, and what another group reads."""
        found = {id(base_of(t)) for t in self.computation.results()}
        for k, group in enumerate(self.groups):
            for member in group.members:
                for t in member.inputs:
                    base = base_of(t)
                    if not is_free(base.node) and self.group_of[id(base.node)] != k:
                        found.add(id(base))
        return found

    def _late_copy(self, variable: str, tensor: Tensor) -> Instruction:
        base = base_of(tensor)
        graph = self.computation.graph
        copy = graph.add(Copy(), [tensor], graph.unique_name(f"{variable}/update") + "/", origin=tensor.node.origin)
        home = self._state_buffer(variable, copy.outputs[0])
        self.buffer_of[id(copy.outputs[0])] = home
        return Instruction((copy,), (self._place_of(base),), (home,), group=Group(copy, 0))


def _assembles(group: Group) -> bool:
    return any(isinstance(m.op, Movement) for m in group.members)
