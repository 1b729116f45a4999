"""From a tensor back through views to where its elements are.

Sources, views and reshapes take no time of their own: they are free. A trace goes back through views only
and says, for each axis of the tensor reached, which axis of the tensor asked for drives it.
"""
from __future__ import annotations

from dataclasses import dataclass

from ..ir.dims import Size
from ..ir.node import Node, Tensor
from ..ops.kinds import AxisSource, Movement, Source


@dataclass(frozen=True)
class Trace:
    """Where a tensor's elements are.

    base : a tensor that is not a view
    axes : for each axis of `base`, its index as a function of one index of the tensor asked for
    rank : number of axes of the tensor asked for
    """

    base: Tensor
    axes: tuple[AxisSource, ...]
    rank: int

    @property
    def is_aligned(self) -> bool:
        """Whether this is no more than broadcasting: index k of base is index k of the tensor, or 0."""
        ahead = self.rank - len(self.axes)
        return all(
            (s.axis == k + ahead and s.start == 0 and s.step == 1) or (s.axis is None and s.start == 0)
            for k, s in enumerate(self.axes)
        )


def is_view(node: Node) -> bool:
    """A movement that is free as a load."""
    return isinstance(node.op, Movement) and not node.op.is_reshape and _view(node) is not None


def is_free(node: Node) -> bool:
    """A node that needs no kernel: a source, a view, a reshape."""
    return isinstance(node.op, Source) or (isinstance(node.op, Movement) and (node.op.is_reshape or is_view(node)))


def _view(node: Node) -> tuple[AxisSource, ...] | None:
    return node.op.view(node.inputs[0].shape, node.outputs[0].shape)  # type: ignore[no-any-return]


def trace(tensor: Tensor) -> Trace | None:
    """The trace of a tensor; None if a reshape is on the way to the op that computes it."""
    path = trace_views(tensor)
    node = path.base.node
    return None if isinstance(node.op, Movement) and node.op.is_reshape else path


def trace_views(tensor: Tensor) -> Trace:
    """The trace of a tensor back to the first node that is not a view."""
    axes = tuple(AxisSource(k) for k in range(tensor.rank))
    base = tensor
    while isinstance(base.node.op, Movement) and not base.node.op.is_reshape:
        step = _view(base.node)
        if step is None:
            break
        axes = tuple(_compose(source, axes) for source in step)
        base = base.node.inputs[0]
    return Trace(base, axes, tensor.rank)


def _compose(source: AxisSource, outer: tuple[AxisSource, ...]) -> AxisSource:
    """The index of `source`, whose axis is itself driven through `outer`."""
    if source.axis is None:
        return source
    through = outer[source.axis]
    start: Size = source.start + source.step * through.start
    return AxisSource(through.axis, start, source.step * through.step) if through.axis is not None else (
        AxisSource(None, start)
    )


def producer(tensor: Tensor) -> Node | None:
    """The node with a kernel that computes the elements of `tensor`; None if they come from a source."""
    node = tensor.node
    while is_free(node):
        if isinstance(node.op, Source):
            return None
        node = node.inputs[0].node
    return node
