"""From a tensor back through views to where its elements are.

Sources, views and reshapes take no time of their own: they are free. A trace goes back through views only
and says, for each axis of the tensor reached, which axis of the tensor asked for drives it.
"""
from __future__ import annotations

from functools import cache

from ..ir.dims import Shape, Size
from ..ir.node import Node, Tensor
from ..ops.kinds import AxisSource, Movement, Source
from ..ops.state import Counting, SizeValue
from ..values import dataclass


@dataclass(frozen=True)
class Trace:
    """Where a tensor's elements are.

    base : a tensor that is not a view
    axes : for each axis of `base`, its index as a function of one index of the tensor asked for
    shape : that of the tensor asked for
    """

    base: Tensor
    axes: tuple[AxisSource, ...]
    shape: Shape

    @property
    def is_aligned(self) -> bool:
        """Whether this is no more than broadcasting: index k of base is index k of the tensor, or 0."""
        ahead = len(self.shape) - len(self.axes)
        return all(
            source.start == 0 and (
                size == 1 if source.axis is None else
                source.axis == k + ahead and source.step == 1 and size == self.shape[source.axis]
            )
            for k, (source, size) in enumerate(zip(self.axes, self.base.shape, strict=True))
        )


def is_free(node: Node) -> bool:
    """A node that needs no kernel: a source, a view, a reshape."""
    return isinstance(node.op, Source) or (
        isinstance(node.op, Movement) and (node.op.is_reshape or view_of(node) is not None)
    )


def view_of(node: Node) -> tuple[AxisSource, ...] | None:
    """The index map of a movement that is free as a load, or None.

    A reshape that only puts in or takes out axes of size 1 is one, so that it does not end a loop nest.
    """
    x, y = node.inputs[0].shape, node.outputs[0].shape
    if not node.op.is_reshape:
        return node.op.view(x, y)  # type: ignore[no-any-return]
    ours = [k for k, s in enumerate(x) if s != 1]
    theirs = [k for k, s in enumerate(y) if s != 1]
    if [x[k] for k in ours] != [y[k] for k in theirs]:
        return None
    target = dict(zip(ours, theirs, strict=True))
    return tuple(AxisSource(target.get(k)) for k in range(len(x)))


def trace(tensor: Tensor) -> Trace:
    """Back through views to the first node that is not one: a kernel's, a source, or a reshape."""
    if tensor.derived is None:
        tensor.derived = _trace(tensor)
    return tensor.derived  # type: ignore[no-any-return]


def _trace(tensor: Tensor) -> Trace:
    axes = _same(tensor.rank)
    base = tensor
    while isinstance(base.node.op, Movement):
        step = view_of(base.node)
        if step is None:
            break
        axes = tuple(_compose(source, axes) for source in step)
        base = base.node.inputs[0]
    return Trace(base, axes, tensor.shape)


@cache
def _same(rank: int) -> tuple[AxisSource, ...]:
    return tuple(AxisSource(k) for k in range(rank))


def base_of(tensor: Tensor) -> Tensor:
    """The tensor whose dense buffer holds the elements: back through views and reshapes."""
    while True:
        tensor = trace(tensor).base
        if not (isinstance(tensor.node.op, Movement) and tensor.node.op.is_reshape):
            return tensor
        tensor = tensor.node.inputs[0]


def is_dense(tensor: Tensor) -> bool:
    """Whether the elements lie in a buffer in the tensor's own order."""
    node = tensor.node
    if isinstance(node.op, Movement) and is_free(node):
        return node.op.is_reshape and is_dense(node.inputs[0])
    return not isinstance(node.op, (Counting, SizeValue))


def _compose(source: AxisSource, outer: tuple[AxisSource, ...]) -> AxisSource:
    """The index of `source`, whose axis is itself driven through `outer`."""
    if source.axis is None:
        return source
    through = outer[source.axis]
    start: Size = source.start + source.step * through.start
    if through.axis is None:
        return AxisSource(None, start)
    return AxisSource(through.axis, start, source.step * through.step)


def producer(tensor: Tensor) -> Node | None:
    """The node with a kernel that computes the elements of `tensor`; None if they come from a source."""
    node = base_of(tensor).node
    return None if isinstance(node.op, Source) else node
