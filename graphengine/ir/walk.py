"""Ways through a graph."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from .node import Node, Tensor


def needed(
    roots: Iterable[Node], given: Iterable[Tensor] = (), extra: Callable[[Node], Sequence[Node]] | None = None
) -> list[Node]:
    """Nodes that have to run for `roots`, in graph order; the walk stops at tensors in `given`.

    Parameters
    ----------
    roots : nodes wanted
    given : tensors whose values are supplied from outside
    extra : further nodes that a node waits for, beside its inputs and control inputs
    """
    stop = {id(t) for t in given}
    seen: dict[int, Node] = {}
    stack = list(roots)
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen[id(node)] = node
        if stop and node.outputs and all(id(t) in stop for t in node.outputs):
            continue
        if node.op.reads_inputs:
            stack += [t.node for t in node.inputs if id(t) not in stop]
        stack += node.control_inputs
        if extra is not None:
            stack.extend(extra(node))
    return sorted(seen.values(), key=lambda n: n.index)


def consumers(nodes: Iterable[Node]) -> dict[int, list[Node]]:
    """For the id of each tensor that is read, the nodes that read it."""
    found: dict[int, list[Node]] = {}
    for node in nodes:
        for tensor in node.inputs:
            readers = found.setdefault(id(tensor), [])
            if not readers or readers[-1] is not node:
                readers.append(node)
    return found
