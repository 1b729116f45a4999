"""Which ops run in one loop nest.

A group has a space, the sizes its loops run over, and inner axes, those that its reductions fold. A member
is *full* if it has one value for each point of the space, *outer* if it has one for each point of the other
axes: a folded value, or something computed from folded values. Softmax over the last axis is one group: two
reductions and an epilogue that is full again.

Groups start as single ops and are merged along the edges of the graph where spaces agree and no cycle
between groups would arise. Everything refused is written down with the reason.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..ir.computation import Computation
from ..ir.dims import Size
from ..ir.node import Node, Tensor
from ..ops.kinds import Elementwise, Reduction, Source
from ..ops.state import Const, Counting, SizeValue
from ..values import dataclass
from .trace import base_of, is_free, producer, trace

MOST_MEMBERS = 100                          # statements in a kernel: compile time grows faster than linearly
MOST_BUFFERS = 36                           # arrays that a kernel reads or writes, as fusion counts them
CHEAP = 4                                   # cost up to which a value is computed again rather than kept

Space = tuple[Size, ...]


@dataclass(frozen=True)
class Refusal:
    """Two neighbors that do not share a kernel, and why."""

    producer: Node
    consumer: Node
    reason: str

    def __str__(self) -> str:
        return f"{self.producer.name} | {self.consumer.name}: {self.reason}"


class Group:
    """Ops that run in one loop nest, or a single op that is a kernel of its own.

    members : nodes in graph order
    space : sizes of the loops, leading ones stripped; empty for a kernel of its own
    inner : axes of the space that reductions fold
    full : ids of the members with a value at each point
    """

    def __init__(self, node: Node, position: int) -> None:
        self.position = position
        self.members = [node]
        self.fusable = isinstance(node.op, (Elementwise, Reduction))
        self.space: Space = ()
        self.inner: frozenset[int] = frozenset()
        self.full: set[int] = set() if isinstance(node.op, Reduction) else {id(node)}
        if isinstance(node.op, Reduction):
            self.space = stripped(node.inputs[0])
            ahead = node.inputs[0].rank - len(self.space)
            self.inner = frozenset(k - ahead for k in node.op.axes if k >= ahead)
        elif self.fusable:
            self.space = stripped(node.outputs[0])

    @property
    def outer_space(self) -> Space:
        """The space with its inner axes folded."""
        return strip(tuple(1 if k in self.inner else s for k, s in enumerate(self.space)))

    @property
    def is_row(self) -> bool:
        """Whether the inner axes are the last ones, so that folded values are scalars of the loop."""
        return self.inner == frozenset(range(len(self.space) - len(self.inner), len(self.space)))

    def is_full(self, node: Node) -> bool:
        return id(node) in self.full

    def levels(self) -> dict[int, int]:
        """For the id of each member, how many folds inside the group it has to wait for."""
        return levels_of(self.members)

    @property
    def can_fail(self) -> bool:
        """Whether its kernel may return a code other than 0."""
        return any(m.op.can_fail(*[t.dtype for t in m.inputs]) for m in self.members)

    def __contains__(self, node: Node) -> bool:
        return any(node is m for m in self.members)


def levels_of(members: Sequence[Node]) -> dict[int, int]:
    """For the id of each node, the number of folds in a row among `members` before its value is there."""
    found: dict[int, int] = {}
    for node in members:
        level = max((found.get(id(p), 0) for t in node.inputs if (p := producer(t)) is not None), default=0)
        found[id(node)] = level + isinstance(node.op, Reduction)
    return found


def strip(sizes: Space) -> Space:
    """Sizes without leading ones."""
    first = next((k for k, s in enumerate(sizes) if s != 1), len(sizes))
    return sizes[first:]


def stripped(tensor: Tensor) -> Space:
    return strip(tuple(tensor.shape))  # type: ignore[arg-type]


def fuse(computation: Computation) -> tuple[list[Group], list[Refusal]]:
    """Groups of a computation of primitives, and what was refused."""
    fusion = _Fusion(computation)
    return fusion.run()


class _Fusion:
    """Merging in progress.

    direct, after : for each group, those whose values it reads, and those that read its values
    before : the groups that have to run before it, as bits
    """

    def __init__(self, computation: Computation) -> None:
        self.computation = computation
        self.groups: dict[int, Group] = {}
        self.group_of: dict[int, int] = {}
        self.direct: dict[int, set[int]] = {}
        self.after: dict[int, set[int]] = {}
        self.before: dict[int, int] = {}
        self.refusals: list[Refusal] = []
        kernels = [n for n in computation.nodes if not is_free(n)]
        self.parents = {id(n): list(_parents(n)) for n in kernels}
        self.sources = {id(n): list(_sources(n)) for n in kernels}
        self.results = {id(producer(t)) for t in computation.results()}
        self.readers: dict[int, list[Node]] = {}
        for node in kernels:
            for parent, _ in self.parents[id(node)]:
                self.readers.setdefault(id(parent), []).append(node)

    def run(self) -> tuple[list[Group], list[Refusal]]:
        for node in self.computation.nodes:
            if is_free(node):
                continue
            self._create(node)
            for parent, soft in self.parents[id(node)]:
                self._consider(parent, node, soft)
        self._sink()
        groups = sorted(self.groups.values(), key=lambda g: g.members[-1].index)
        for group in groups:
            group.members.sort(key=lambda n: n.index)
        return groups, self.refusals

    def _sink(self) -> None:
        """Move cheap values that only one later group needs into that group: computed there, they need no memory."""
        for node in reversed(self.computation.nodes):
            if is_free(node) or id(node) in self.results or not isinstance(node.op, Elementwise):
                continue
            homes = {self.group_of[id(r)] for r in self.readers.get(id(node), ())}
            here = self.group_of[id(node)]
            if len(homes) == 1 and here not in homes and node.op.cost <= CHEAP:
                self._move(node, self.groups[here], self.groups[homes.pop()])

    def _move(self, node: Node, here: Group, there: Group) -> None:
        """Move `node` if its operands are in memory anyway and its new group has its loops."""
        in_memory = all(
            p not in here or id(p) in self.results or any(r not in here for r in self.readers[id(p)] if r is not node)
            for p, _ in self.parents[id(node)]
        )
        fits = there.fusable and stripped(node.outputs[0]) == there.space and len(here.members) > 1
        if not (in_memory and fits and len(there.members) < MOST_MEMBERS and here.is_full(node)):
            return
        if any(not soft and parent is node for m in there.members for parent, soft in self.parents[id(m)]):
            return
        if self._buffer_count([*there.members, node], there.space, there.inner) > MOST_BUFFERS:
            return
        here.members = [m for m in here.members if m is not node]
        here.full.discard(id(node))
        there.members = sorted((*there.members, node), key=lambda n: n.index)
        there.full.add(id(node))
        self.group_of[id(node)] = there.position

    def _create(self, node: Node) -> None:
        key = len(self.group_of)
        self.groups[key] = Group(node, key)
        self.group_of[id(node)] = key
        self.direct[key] = {self.group_of[id(p)] for p, _ in self.parents[id(node)]}
        self.after[key] = set()
        self.before[key] = 0
        for p in self.direct[key]:
            self.before[key] |= self.before[p] | 1 << p
            self.after[p].add(key)

    def _consider(self, parent: Node, node: Node, soft: bool) -> None:
        a, b = self.group_of[id(parent)], self.group_of[id(node)]
        if a == b:
            return
        reason = None if soft else "its elements are needed in another arrangement, or all at once"
        reason = reason or self._obstacle(a, b)
        if reason is None:
            self._merge(a, b)
        else:
            self.refusals.append(Refusal(parent, node, reason))

    def _obstacle(self, a: int, b: int) -> str | None:
        g, h = self.groups[a], self.groups[b]
        if not (g.fusable and h.fusable):
            return "one of them is a library kernel"
        if len(g.members) + len(h.members) > MOST_MEMBERS:
            return f"the kernel would have more than {MOST_MEMBERS} statements"
        joined = _joined(g, h)
        if isinstance(joined, str):
            return joined
        if self._passes_through(a, b) or self._passes_through(b, a):
            return "a third kernel has to run in between"
        members = sorted((*g.members, *h.members), key=lambda n: n.index)
        if any(self._hard_edge(m, h) for m in g.members) or any(self._hard_edge(m, g) for m in h.members):
            return "one reads the other's elements in another arrangement"
        space, inner, full = joined
        if self._buffer_count(members, space, inner) > MOST_BUFFERS:
            return f"the kernel would read and write more than {MOST_BUFFERS} arrays"
        if not _is_suffix(space, inner):
            levels = levels_of(members)
            if any(levels[id(m)] > (0 if id(m) in full else 1) for m in members if _walks(m, full)):
                return "it needs whole columns before it can go on"
        return None

    def _buffer_count(self, members: Sequence[Node], space: Space, inner: frozenset[int]) -> int:
        """Arrays that a kernel of these members reads or writes, if no further reader joins them.

        Sums of columns grow in memory, whoever reads them.
        """
        inside = {id(m) for m in members}
        has_columns = not _is_suffix(space, inner)
        read = {base for m in members for base in self.sources[id(m)]}
        read |= {id(p) for m in members for p, _ in self.parents[id(m)]} - inside
        written = [m for m in members if id(m) in self.results or (has_columns and isinstance(m.op, Reduction))
                   or any(id(r) not in inside for r in self.readers.get(id(m), ()))]
        return len(read) + len(written)

    def _hard_edge(self, node: Node, other: Group) -> bool:
        return any(not soft and parent in other for parent, soft in self.parents[id(node)])

    def _passes_through(self, a: int, b: int) -> bool:
        """Whether a path leads from a through a third group to b."""
        return any(x != a and self.before[x] >> a & 1 for x in self.direct[b])

    def _merge(self, a: int, b: int) -> None:
        g, h = self.groups[a], self.groups.pop(b)
        joined = _joined(g, h)
        assert not isinstance(joined, str), joined
        g.space, g.inner, g.full = joined
        g.members = sorted((*g.members, *h.members), key=lambda n: n.index)
        for m in h.members:
            self.group_of[id(m)] = a
        for links, back in ((self.direct, self.after), (self.after, self.direct)):
            for other in links[b]:
                back[other].discard(b)
                back[other].add(a)
            links[a] = (links[a] | links.pop(b)) - {a, b}
        bits_a, bits_b = 1 << a, 1 << b
        self.before[a] = (self.before[a] | self.before.pop(b)) & ~bits_a & ~bits_b
        stack = [a]
        while stack:
            for key in self.after[stack.pop()]:
                before = (self.before[key] & ~bits_b) | bits_a | self.before[a]
                if before != self.before[key]:          # else those after it have all of that before them, too
                    self.before[key] = before
                    stack.append(key)


def _parents(node: Node) -> Iterator[tuple[Node, bool]]:
    """Nodes whose values `node` reads, and whether it reads them point by point (so that they may fuse)."""
    for tensor in node.inputs:
        parent = producer(tensor)
        if parent is not None:
            path = trace(tensor)
            yield parent, path.base.node is parent and path.is_aligned


def _sources(node: Node) -> Iterator[int]:
    """Ids of the arrays from outside the program that `node` reads; numbers are part of the kernel."""
    for tensor in node.inputs:
        base = base_of(tensor)
        op = base.node.op
        is_number = isinstance(op, (SizeValue, Counting)) or (isinstance(op, Const) and op.value.array.size == 1)
        if isinstance(op, Source) and not is_number:
            yield id(base)


def _walks(node: Node, full: set[int]) -> bool:
    """Whether the node is computed at each point of the space."""
    return id(node) in full or isinstance(node.op, Reduction)


def _is_suffix(space: Space, inner: frozenset[int]) -> bool:
    return inner == frozenset(range(len(space) - len(inner), len(space)))


def _joined(g: Group, h: Group) -> tuple[Space, frozenset[int], set[int]] | str:
    """Space, inner axes and full members of the merged group, or why there is none."""
    if g.space == h.space:
        if g.inner and h.inner and g.inner != h.inner:
            return "they fold different axes"
        return g.space, g.inner or h.inner, g.full | h.full
    if g.inner and not h.inner and h.space == g.outer_space:
        return g.space, g.inner, g.full
    if h.inner and not g.inner and g.space == h.outer_space:
        return h.space, h.inner, h.full
    return f"their loops differ: {list(g.space)} and {list(h.space)}"


__all__ = ["Group", "Refusal", "fuse", "levels_of", "strip"]
