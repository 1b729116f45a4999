"""Summaries as nodes of a graph, and the writers that take what a session makes of them: TensorFlow 1's `summary`.

A summary is a vector of bytes, uint8: the message that TensorBoard reads. Several are one when they stand behind each
other, which is all that `merge` does.
"""
from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import FailedPreconditionError
from ...frontend.surface import refusing
from ...ir.graph import get_default_graph
from ...keras import summaries
from ...ops.language import L
from .variables import GraphKeys, add_to_collections, get_collection

Collections = Sequence[str] | None


def _summary(name: str, tensor: Any, content: str, collections: Collections, family: str | None) -> Any:
    """A node that makes the message of a tensor, under the name that it has among the scopes around."""
    clean = "".join(c if c.isalnum() or c in "_./-" else "_" for c in name).lstrip("/")
    with get_default_graph().name_scope(f"{family}/{clean}" if family else clean) as scope:
        tag = f"{family}/{scope.rstrip('/')}" if family else scope.rstrip("/")
        message = L.summary_message(tensor, tag, content, name=scope)
    add_to_collections([GraphKeys.SUMMARIES] if collections is None else collections, message)
    return message


def scalar(name: str, tensor: Any, collections: Collections = None, family: str | None = None) -> Any:
    """A summary of a number.

    Parameters
    ----------
    collections : of the graph that it joins; that of `merge_all` if None
    family : put before the name, by which TensorBoard arranges
    """
    return _summary(name, tensor, "scalar", collections, family)


def histogram(name: str, values: Any, collections: Collections = None, family: str | None = None) -> Any:
    """A summary of how often which values occur in a tensor; arguments are those of `scalar`."""
    return _summary(name, values, "histogram", collections, family)


def tensor_summary(
    name: str, tensor: Any, summary_description: Any = None, collections: Collections = None,
    summary_metadata: Any = None, family: str | None = None, display_name: str | None = None,
) -> Any:
    """A summary of all elements of a tensor; arguments are those of `scalar`, and the others are accepted."""
    return _summary(name, tensor, "tensor", collections, family)


def merge(inputs: Sequence[Any], collections: Collections = None, name: str | None = None) -> Any:
    """A summary that holds what several hold."""
    merged = L.concat(list(inputs), 0, name=name or "Merge")
    add_to_collections(collections or (), merged)
    return merged


def merge_all(key: str = GraphKeys.SUMMARIES, scope: str | None = None, name: str | None = None) -> Any:
    """All summaries of the graph as one; None if it has none."""
    found = get_collection(key, scope)
    return merge(found, name=name) if found else None


def initialize(graph: Any = None, session: Any = None) -> None:
    """Nothing: writers of `create_file_writer` are ready when they are made.

    Raises
    ------
    FailedPreconditionError if none is in use.
    """
    if summaries.default_writer() is None:
        raise FailedPreconditionError("no writer is in use", op="summary.initialize",
                                      fix="with tf.summary.create_file_writer(...).as_default():")


class FileWriter:
    """Writes summaries into a folder, for TensorBoard.

    Parameters
    ----------
    logdir : made when something is first written
    graph, max_queue, flush_secs, graph_def, filename_suffix, session : accepted; what is written goes to the system at
        once, and graphs are seen by `graphengine explain` and in the editor
    """

    def __init__(
        self, logdir: Any, graph: Any = None, max_queue: int = 10, flush_secs: int = 120, graph_def: Any = None,
        filename_suffix: str | None = None, session: Any = None,
    ) -> None:
        self._logdir = os.fspath(logdir)
        self._writer = summaries.SummaryWriter(self._logdir)

    def get_logdir(self) -> str:
        """The folder."""
        return self._logdir

    def add_summary(self, summary: Any, global_step: Any = None) -> None:
        """Write a summary: what a session made of its node, an array of bytes, or the bytes."""
        content = summary if isinstance(summary, bytes) else np.asarray(summary, np.uint8).tobytes()
        self._writer.file.summary(content, 0 if global_step is None else int(global_step))

    def add_graph(self, graph: Any, global_step: Any = None, graph_def: Any = None) -> None:
        """Nothing is written: graphs are seen by `graphengine explain` and in the editor."""

    def flush(self) -> None:
        """Let others see what was written."""
        self._writer.flush()

    def close(self) -> None:
        """Write no more to this file."""
        self._writer.close()

    def reopen(self) -> None:
        """Go on with another file after `close`."""
        self._writer.close()
        self._writer = summaries.SummaryWriter(self._logdir)

    def __enter__(self) -> FileWriter:
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()


class FileWriterCache:
    """One writer for each folder."""

    _writers: dict[str, FileWriter] = {}

    @staticmethod
    def get(logdir: Any) -> FileWriter:
        """The writer of a folder, made when it is first asked for."""
        return FileWriterCache._writers.setdefault(os.fspath(logdir), FileWriter(logdir))

    @staticmethod
    def clear() -> None:
        """Close all of them, and begin again."""
        for writer in FileWriterCache._writers.values():
            writer.close()
        FileWriterCache._writers.clear()


__all__ = ["FileWriter", "FileWriterCache", "histogram", "initialize", "merge", "merge_all", "scalar",
           "tensor_summary"]
__getattr__ = refusing(__name__, lambda: __all__)
