"""``explain``: what the compiler makes of a run, without running it."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..ir.graph import get_default_graph
from ..ir.node import Node, Tensor
from ..ir.walk import needed
from ..ops.state import Placeholder
from ..pipeline import compile_graph
from ..rewrite.specialize import Feed
from .explanation import Explanation
from .plan import fetched
from .session import Session
from .structure import flatten


def explain(fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Explanation:
    """What the compiler makes of `fetches`.

    Parameters
    ----------
    fetches : tensors, nodes, variables or names, nested as for ``Session.run``
    feed_dict : values, if sizes and memory are of interest; without it every placeholder counts as fed

    Returns
    -------
    An `Explanation`; printing it shows everything.

    Raises
    ------
    FeedError if the rank of a placeholder is not known and no value is given.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.placeholder(tf.float32, [None, 3])
    ...     print(tf.explain(tf.nn.softmax(x)).summary)
    2 nodes, 6 after rewriting, kernel calls: 1, different kernels: 1, rules applied: 1
    """
    _, leaves = flatten(fetches)
    first = leaves[0] if leaves else None
    graph = getattr(first, "graph", None) or get_default_graph()
    if feed_dict is not None:
        return Session(graph).explain(fetches, feed_dict)
    items = [fetched(graph, leaf) for leaf in leaves]
    tensors = [t for t in items if isinstance(t, Tensor)]
    targets = [n for n in items if isinstance(n, Node)]
    reached = needed([*(t.node for t in tensors), *targets])
    feeds = [Feed(n.outputs[0], tuple(n.outputs[0].shape)) for n in reached if isinstance(n.op, Placeholder)]
    return Explanation.of(compile_graph(tensors, targets, feeds))
