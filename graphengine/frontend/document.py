"""Graphs as files, at the surface: `load(path)` and `Graph.save(path)`.

A graph stands below the code that writes files, so the method is given to it here, as the registry gives operators
to tensors. What a file holds beside nodes (train, view) is in `Graph.document`.
"""
from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..errors import InvalidArgumentError
from ..ir.graph import Graph

if TYPE_CHECKING:
    from .session import Session

Path = str | os.PathLike[str]
Fetches = Sequence[Any] | Mapping[str, Any] | None


def load(path: Path) -> Graph:
    """The graph in a ``*.graph.json`` file, or in an ``.onnx`` file.

    An ONNX model's inputs become placeholders, its outputs nodes of their names, its weights constants. It needs the
    package onnx: ``pip install graphengine[onnx]``.

    Raises
    ------
    FileFormatError that says what is wrong with the file, and on which node; of an ONNX model that uses operators that
    are not here it names all of them.
    NotFoundError if the package onnx is needed and not installed.
    """
    if os.fspath(path).lower().endswith(".onnx"):
        from ..io.onnx_file import load as read
    else:                                   # imported here, since most programs neither load nor save
        from ..io.graphfile import load as read
    return read(path)


def save(self: Graph, path: Path, fetches: Fetches = None, session: Session | None = None) -> None:
    """Write the graph to a file, conventionally ``NAME.graph.json``, with its `document`: train, view and other keys.

    The file is replaced in one step. More than 1,024 numbers in one array go to ``NAME.HASH.safetensors`` beside it.

    Parameters
    ----------
    path : where; a name that ends with ``.onnx`` makes an ONNX model of what computes `fetches`. Placeholders become
        its inputs, sizes that are not known symbols, variables weights. It needs the package onnx:
        ``pip install graphengine[onnx]``
    fetches : tensors or names that an ONNX model gives, or a dict of them by the names that they get; None: what
        nothing else reads
    session : the one whose values of variables go into an ONNX model; None: their initial values

    Raises
    ------
    FileFormatError if the graph holds what a file cannot. OSError if the system refuses.
    InvalidArgumentError if `fetches` gives a result the name of an input.
    UnimplementedError if nodes have no form in ONNX, as those that draw random numbers: it names all of them, and
    nothing is written.
    NotFoundError if the package onnx is needed and not installed.

    Examples
    --------
    >>> import os, tempfile
    >>> import graphengine as tf
    >>> with tf.Graph().as_default() as graph:
    ...     y = tf.multiply(tf.placeholder(tf.float32, [], name="x"), 2.0, name="y")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     graph.save(os.path.join(folder, "double.graph.json"))
    ...     copy = tf.load(os.path.join(folder, "double.graph.json"))
    >>> print(tf.Session(copy).run("y", {"x": 4.0}))
    8.0
    """
    if os.fspath(path).lower().endswith(".onnx"):
        from .onnx_export import save_graph

        save_graph(self, path, fetches, session)
        return
    if fetches is not None or session is not None:
        raise InvalidArgumentError(f"{os.fspath(path)!r} holds a whole graph without values of variables", op="save",
                                   fix="fetches and session are for names that end with .onnx")
    from ..io.graphfile import save as write

    write(self, path)


Graph.save = save  # type: ignore[method-assign]
