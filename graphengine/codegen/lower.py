"""From an instruction of the program to a loop nest: views become strides, members become statements."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ..dtypes import DType
from ..ir.dims import Size, product
from ..ir.node import Node, Tensor
from ..ops.kinds import Placement
from ..ops.state import Const, Copy, Counting, SizeValue
from ..schedule.fuse import Group
from ..schedule.program import Instruction, Program
from ..schedule.trace import base_of, trace
from .loops import Access, Axis, Counter, Leaf, Nest, Role, Scalar, Value, collapse


def lower(instruction: Instruction, program: Program) -> Nest:
    """The loop nest of a fused group, or of one store of an assembly."""
    if instruction.group is not None:
        nest = collapse(_Lowering(instruction.group, instruction.kept, program).nest())
        moving = frozenset(b.index for b in program.buffers if b.kind in ("feed", "fetch"))
        return nest if nest.axes else replace(nest, moving=moving)
    assert instruction.place is not None, "library calls have no loops"
    node, tensor, where = instruction.place
    return collapse(_placement(node, tensor, where, instruction.writes[0], program))


class _Lowering:
    """One group: `space` axis k is loop axis k."""

    def __init__(self, group: Group, kept: Sequence[tuple[Tensor, int]], program: Program) -> None:
        self.group = group
        self.kept = {id(t): b for t, b in kept}
        self.program = program
        self.rank = len(group.space)
        self.position = {id(t): k for k, m in enumerate(group.members) for t in m.outputs}
        self.levels = group.levels()

    def nest(self) -> Nest:
        roles = self._roles()
        axes = tuple(Axis(size, role) for size, role in zip(self.group.space, roles, strict=True))
        return Nest(axes, tuple(self._value(m) for m in self.group.members))

    def _roles(self) -> list[Role]:
        inner = sorted(self.group.inner)
        if not inner:
            return ["outer"] * self.rank
        roles: list[Role] = ["outer" if k < inner[0] else "kept" for k in range(self.rank)]
        for k in inner:
            roles[k] = "fold"
        assert inner == list(range(inner[0], inner[-1] + 1)), "folded axes with others in between"
        return roles

    def _value(self, member: Node) -> Value:
        arguments = tuple(self._argument(t) for t in member.inputs)
        result = member.outputs[0]
        index = self.program.buffer_of.get(id(result))
        store = None if index is None else dense_access(index, result, self.rank)
        row = self.kept.get(id(result))
        keep = None if row is None else dense_access(row, result, self.rank)
        return Value(member, arguments, self.group.is_full(member), self.levels[id(member)], store, keep)

    def _argument(self, tensor: Tensor) -> Leaf | int:
        path = trace(tensor)
        inside = self.position.get(id(path.base))
        if inside is not None:
            return inside
        return leaf(tensor, self.rank, self.program)


def leaf(tensor: Tensor, rank: int, program: Program) -> Leaf:
    """An operand from outside the nest, aligned at its last axes with the nest's `rank` axes."""
    path = trace(tensor)
    base = path.base
    strides: list[Size] = [0] * rank
    start: Size = 0
    for source, step in zip(path.axes, dense_strides(base), strict=True):
        start = start + source.start * step
        if source.axis is None or tensor.shape[source.axis] == 1:
            continue
        axis = source.axis - tensor.rank + rank
        strides[axis] = strides[axis] + source.step * step
    op = base.node.op
    if isinstance(op, SizeValue):
        return Scalar(op.dtype, op.size)
    if isinstance(op, Const) and op.value.array.size == 1:
        return Scalar(base.dtype, op.value.array.reshape(()).item())
    if isinstance(op, Counting):
        return Counter(base.dtype, start, tuple(strides))
    index = program.buffer_of[id(base_of(base))]
    return Access(index, base.dtype, start, tuple(strides))


def dense_strides(tensor: Tensor) -> list[Size]:
    """Elements between neighbors along each axis of a dense tensor; a counting source counts by them."""
    sizes: Sequence[Size] = tensor.shape  # type: ignore[assignment]
    return [product(sizes[k + 1:]) for k in range(len(sizes))]


def dense_access(buffer: int, tensor: Tensor, rank: int) -> Access:
    """Access to a dense tensor whose last axes are those of the nest; axes of size 1 stand still."""
    own: list[Size] = [0 if s == 1 else step for s, step in zip(tensor.shape, dense_strides(tensor), strict=True)]
    ahead = rank - len(own)
    strides = [*[0] * ahead, *own] if ahead >= 0 else own[-ahead:]
    return Access(buffer, tensor.dtype, 0, tuple(strides))


def _placement(
    node: Node, tensor: Tensor | None, where: Placement | None, buffer: int, program: Program
) -> Nest:
    """Store one input at its place in the result, or the fill everywhere."""
    result = node.outputs[0]
    steps = dense_strides(result)
    if tensor is None or where is None:
        axes = tuple(Axis(s, "outer") for s in result.shape)  # type: ignore[arg-type]
        value: Leaf = Scalar(result.dtype, _fill(node, result.dtype))
        store = dense_access(buffer, result, len(axes))
    else:
        axes = tuple(Axis(s, "outer") for s in tensor.shape)  # type: ignore[arg-type]
        value = leaf(tensor, len(axes), program)
        start: Size = 0
        for first, step in zip(where.starts, steps, strict=True):
            start = start + first * step
        strides = tuple(a * b for a, b in zip(where.steps, steps, strict=True))
        strides = tuple(0 if s == 1 else step for s, step in zip(tensor.shape, strides, strict=True))
        store = Access(buffer, result.dtype, start, strides)
    return Nest(axes, (Value(_as_copy(node), (value,), True, 0, store),))


def _fill(node: Node, dtype: DType) -> float | bool:
    return bool(node.op.fill) if dtype.is_bool else node.op.fill  # type: ignore[no-any-return]


def _as_copy(node: Node) -> Node:
    """A copy in the place of `node`: assemblies move elements, whatever their own op says."""
    results = [(t.dtype, t.shape) for t in node.outputs]
    return Node(node.graph, node.index, Copy(), (), (), node.name, node.origin, results)
