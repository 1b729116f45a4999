"""Open the editor of graphs from a program, a notebook or the command line. It runs in a process of its own."""
from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from ..errors import InvalidArgumentError, NotFoundError
from ..frontend.document import load
from ..ir.graph import Graph

_BESIDE_US = Path(__file__).parents[2]      # the editor lies here; one in the current folder may be anybody's


def edit(graph: Any = None, wait: bool = True) -> Any:
    """Draw, run and train a graph in the desktop editor.

    Parameters
    ----------
    graph : the path of a file, which the editor opens and saves; a `Graph` or a Keras model, of which it edits a copy;
        None for the welcome screen
    wait : whether to wait until the editor is closed

    Returns
    -------
    for a `Graph` or a model, if `wait`: the `Graph` that was saved last in the editor, None if nothing was saved; None
    otherwise

    Raises
    ------
    NotFoundError if the editor, or what it needs, is not installed.
    InvalidArgumentError for what is no graph.
    """
    from importlib.util import find_spec

    if not (_BESIDE_US / "editor" / "__main__.py").is_file() or find_spec("PySide6") is None:
        raise NotFoundError("the editor is not installed", fix="pip install graphengine[editor]")
    command = [sys.executable, "-P", "-m", "editor"]
    if graph is None or isinstance(graph, (str, os.PathLike)):
        _start([*command, *([os.fspath(graph)] if graph is not None else [])], wait)
        return None
    import tempfile

    file = Path(tempfile.mkdtemp(prefix="graphengine-")) / "graph.graph.json"
    _write(graph, file)
    before = file.read_bytes()
    _start([*command, str(file)], wait)
    return load(file) if wait and file.read_bytes() != before else None


def _write(graph: Any, file: Path) -> None:
    if isinstance(graph, Graph):
        graph.save(file)
        return
    document = getattr(graph, "to_document", None)
    if document is None:
        raise InvalidArgumentError(f"{type(graph).__name__} is no graph", op="edit",
                                   fix="pass a Graph, a Keras model or the path of a file")
    document(file)


def _start(command: list[str], wait: bool) -> None:
    import subprocess  # imported here, since most programs open no editor

    path = os.pathsep.join([str(_BESIDE_US), *filter(None, [os.environ.get("PYTHONPATH")])])
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": path})
    if wait:
        process.wait()
