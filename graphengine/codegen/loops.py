"""Loop nests as values: what a kernel does, before it is text.

A nest runs over axes with extents. Axes have roles: *outer* axes come first and their first is sliced over
threads; *fold* axes are folded by reductions; *kept* axes lie inside the fold axes and keep one partial
result for each of their points in memory (sums of columns).
"""
from __future__ import annotations

from typing import Any, Literal

from ..dtypes import DType
from ..ir.dims import Size
from ..ir.node import Node
from ..values import dataclass

Role = Literal["outer", "fold", "kept"]


@dataclass(frozen=True)
class Axis:
    """One loop: its number of steps and its role."""

    extent: Size
    role: Role


@dataclass(frozen=True)
class Access:
    """Elements of a buffer as a function of the loop indices: start + sum of stride * index, in elements."""

    buffer: int
    dtype: DType
    start: Size
    strides: tuple[Size, ...]


@dataclass(frozen=True)
class Scalar:
    """A number that is the same at every point: a constant, or a size."""

    dtype: DType
    value: Any                              # a Python number, or a Size


@dataclass(frozen=True)
class Counter:
    """A number computed from the loop indices: start + sum of stride * index."""

    dtype: DType
    start: Size
    strides: tuple[Size, ...]


Leaf = Access | Scalar | Counter


@dataclass(frozen=True)
class Value:
    """A statement: an op on leaves and on other values.

    node : the graph's node, for names in comments and errors
    arguments : leaves, or indices of other values
    is_full : one value for each point, not only for each point of the axes that are not folded
    level : how many folds it has to wait for
    store : where the result goes, if anywhere
    keep : the array whose first rows remember the result until later passes over the same row need it
    """

    node: Node
    arguments: tuple[Leaf | int, ...]
    is_full: bool
    level: int
    store: Access | None
    keep: Access | None = None


@dataclass(frozen=True)
class Nest:
    """A whole kernel: axes from outside in, and statements in order.

    moving : buffers that are elsewhere in the next step of a loop, of a nest without axes: its one loop may be that of
        the steps
    """

    axes: tuple[Axis, ...]
    values: tuple[Value, ...]
    moving: frozenset[int] = frozenset()

    def count(self, role: Role) -> int:
        return sum(a.role == role for a in self.axes)


def collapse(nest: Nest) -> Nest:
    """Drop axes of size 1 and join neighbors that every access walks through without a gap."""
    keep = [k for k, a in enumerate(nest.axes) if a.extent != 1]
    nest = _with_axes(nest, tuple(nest.axes[k] for k in keep), [[k] for k in keep])
    k = 0
    while k + 1 < len(nest.axes):
        first, second = nest.axes[k], nest.axes[k + 1]
        if first.role == second.role and all(_walks_through(s, k, second.extent) for s in _strides(nest)):
            joined = Axis(first.extent * second.extent, first.role)
            groups = [[j] for j in range(len(nest.axes)) if j != k]
            axes = (*nest.axes[:k], joined, *nest.axes[k + 2:])
            nest = _with_axes(nest, axes, groups)
            k = max(k - 1, 0)
        else:
            k += 1
    return nest


def _strides(nest: Nest) -> list[tuple[Size, ...]]:
    leaves = [a for v in nest.values for a in (*v.arguments, v.store, v.keep) if isinstance(a, (Access, Counter))]
    return [leaf.strides for leaf in leaves]


def _walks_through(strides: tuple[Size, ...], k: int, extent: Size) -> bool:
    return strides[k] == strides[k + 1] * extent


def _with_axes(nest: Nest, axes: tuple[Axis, ...], sources: list[list[int]]) -> Nest:
    """The nest over other axes; new axis j has the stride of old axis ``sources[j][0]``."""
    def remap(leaf: Any) -> Any:
        if isinstance(leaf, Access):
            return Access(leaf.buffer, leaf.dtype, leaf.start, tuple(leaf.strides[s[0]] for s in sources))
        if isinstance(leaf, Counter):
            return Counter(leaf.dtype, leaf.start, tuple(leaf.strides[s[0]] for s in sources))
        return leaf

    values = tuple(
        Value(v.node, tuple(map(remap, v.arguments)), v.is_full, v.level, remap(v.store), remap(v.keep))
        for v in nest.values
    )
    return Nest(axes, values)
