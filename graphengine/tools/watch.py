"""Looking into a run: every result that can be computed, although some nodes fail."""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from .. import interpret
from ..frontend.session import Session
from ..io.data import load_feeds
from ..io.trainspec import parse_data
from ..ir.dims import Dim
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ops.apply import as_array
from ..rewrite.specialize import Feed, specialize

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Failure:
    """A node that could not be computed. node : its name."""

    node: str
    error: Exception


def evaluate_each(
    session: Session, tensors: Sequence[Tensor], feeds: Mapping[Any, Any]
) -> tuple[list[Array | None], list[Failure]]:
    """Results node by node, in numpy: those that follow from failed nodes are None. Variables keep their values.

    Parameters
    ----------
    tensors : what is wanted
    feeds : by tensor or name, as for ``Session.run``

    Returns
    -------
    An array or None for each of `tensors`, and the nodes that failed, in the order in which they ran.
    """
    graph = session.graph
    fed = [graph.as_tensor(k) if isinstance(k, str) else k for k in feeds]
    arrays = [as_array(value, t.dtype, "feed", f"the value fed for {t.name}")
              for t, value in zip(fed, feeds.values(), strict=True)]
    known = [Feed(t, tuple(t.shape) if t.shape.rank is not None else (None,) * array.ndim)
             for t, array in zip(fed, arrays, strict=True)]
    whole = specialize(tensors, [], known)
    values = {id(t): a for t, a in zip(whole.feeds, arrays, strict=True)}
    sizes = interpret.measure(whole, arrays)
    failures: list[Failure] = []
    for node in whole.nodes:
        if all(id(t) in values for t in node.outputs) or not all(id(t) in values for t in node.inputs):
            continue
        try:
            with np.errstate(all="ignore"):
                made = interpret.evaluate_node(node, [values[id(t)] for t in node.inputs], session.store.values, sizes)
        except Exception as error:  # whatever numpy raises belongs to the node
            failures.append(Failure(node.name, error))
            continue
        for tensor, array in zip(node.outputs, made, strict=True):
            values[id(tensor)] = array
            _learn(tensor, array, sizes)
    return [values.get(id(t)) for t in whole.fetches], failures


def _learn(tensor: Tensor, array: Array, sizes: dict[str, int]) -> None:
    """Note sizes that were not known before the tensor was computed."""
    for size, actual in zip(tensor.shape, array.shape, strict=False):
        if isinstance(size, Dim) and size.symbol is not None:
            sizes.setdefault(size.symbol, int(actual))


def first_bad(session: Session, tensors: Sequence[Tensor], feeds: Mapping[Any, Any]) -> Tensor | None:
    """The first of `tensors` that has an element which is NaN or infinite, or that cannot be computed."""
    values, _ = evaluate_each(session, tensors, feeds)
    for tensor, value in zip(tensors, values, strict=True):
        if value is None or (value.dtype.kind == "f" and not np.isfinite(value).all()):
            return tensor
    return None


def origin_of(node: Node) -> str | None:
    """The node of a document that a node was made for: differentiating and rewriting keep it."""
    return getattr(node.origin, "node", None)


def feeds_of(
    graph: Graph, folder: str, part: Literal["train", "test"] = "train", data: Any = None
) -> dict[str, Array]:
    """The data that a graph's `train` section names, in the dtypes of the placeholders, whether it can train or not.

    Parameters
    ----------
    folder : what paths are relative to
    data : what stands under `data` in such a section, for a graph that has none

    Raises
    ------
    FileFormatError for what is wrong with the section or the data.
    """
    sources = parse_data(graph.document["train"]["data"] if data is None else data, "the document")
    return {
        name: np.ascontiguousarray(as_array(array, graph.as_tensor(name).dtype, "feed", f"the data for {name}"))
        for source in sources for name, array in load_feeds(source, folder, part).items()
    }


def rows_of(data: Any, folder: str) -> dict[str, Array]:
    """All rows of sources of data, by what they feed, as they are before a placeholder takes them.

    Parameters
    ----------
    data : as under `data` in a `train` section
    folder : what paths are relative to

    Raises
    ------
    FileFormatError for what is wrong with the description or the data.
    """
    return {name: array for source in parse_data(data, "the document")
            for name, array in load_feeds(source, folder, "all").items()}


def data_files(data: Any, folder: str) -> tuple[str, ...]:
    """The files that data come from. data : as under `data` in a `train` section"""
    sources = parse_data(data, "the document")
    return tuple(os.path.join(folder, *source.file.split("/")) for source in sources if source.file)
