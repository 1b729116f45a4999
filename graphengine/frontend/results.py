"""What a graph is there for, as far as it shows."""
from __future__ import annotations

import re

from ..ir.graph import Graph
from ..ir.node import Tensor
from ..ir.walk import consumers
from ..ops.kinds import Control, Effect, Source

GRADIENTS = re.compile(r"gradients(_\d+)?/")    # the scope of what `gradients` makes


def unread(graph: Graph) -> list[Tensor]:
    """Computed tensors of a graph that nobody reads, without those that `gradients` made.

    If there are none, those that only gradients read: of a model that is trained the loss. Of a loop or a branch
    tensors are none if another of its results is read: it counts and records for gradients.
    """
    own = [node for node in graph.nodes if not GRADIENTS.match(node.name)]
    found: list[Tensor] = []
    for readers in (graph.nodes, own):
        read = consumers(readers)
        found = found or [
            tensor for node in own for tensor in node.outputs
            if id(tensor) not in read and not isinstance(node.op, (Source, Effect))
            and not (isinstance(node.op, Control) and any(id(t) in read for t in node.outputs))]
    return found
