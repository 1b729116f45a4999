"""Graphs in files: `save` and `load` of ``*.graph.json``.

What the file holds is said in document.py; large arrays stand in a file beside it (arrays.py). Equal graphs
give equal bytes, one node a line. Nothing in a file is ever executed.
"""
from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..ir.graph import Graph
from .arrays import ArraysFile, Collected, arrays_bytes, arrays_mentioned, arrays_name, is_arrays_name
from .document import build, describe, migrate
from .files import LONGEST_NAME, FileMissingError, name_to_be, read_file, write_file
from .nodes import Beginning, present_value
from .structure import refuse
from .text import Mismatch, compact, parse_json

MAX_DOCUMENT_BYTES = 64 * 2**20
LEFT_SECONDS = 3600                         # by which a file is older than its document that no save still needs
LINE = 110                                  # characters up to which an object of the document stays on one line


def save(graph: Graph, path: str | os.PathLike[str], beginning: Beginning = present_value,
         check: Callable[[Path], object] = lambda new: None) -> None:
    """Write a graph to a file, conventionally ``NAME.graph.json``.

    The file is replaced in one step: a failed save leaves the old one, and its arrays, whole. Arrays of more than
    1,024 elements go to ``NAME.HASH.safetensors`` in the same folder; the previous such file is removed afterwards,
    unless another graph there names it.

    Parameters
    ----------
    graph : also its `document`: train, view and keys that other programs wrote
    path : where; the folder has to exist
    beginning : what a variable of the program around the graph begins with in the file; what it holds now
    check : called with the new file just before it replaces the old one, which may be long after the call; what it
        raises leaves the old one

    Raises
    ------
    FileFormatError if the graph holds what a file cannot.
    OSError if the system refuses (disk full, no permission ...).
    """
    file, target = os.fspath(path), Path(os.path.realpath(path))
    collected = Collected()
    document = describe(graph, collected.keep, file, beginning)
    before, left = _arrays_of_old(target), _left_over(target)
    name, data = None, b""
    if collected.arrays:
        data, digest = arrays_bytes(collected.arrays)
        name = arrays_name(target, digest)
        document = {**document, "arrays": {"file": name, "sha256": digest}}
    text = _render(document, file)
    if len(text) > MAX_DOCUMENT_BYTES:
        refuse(f"the graph takes {len(text):,} bytes; a file may have {MAX_DOCUMENT_BYTES:,}", file,
               fix="split the graph")
    fresh = name is not None and not target.with_name(name).exists()
    if name is not None:
        write_file(target.with_name(name), data)
    try:
        write_file(path, text, check)
    except BaseException:
        if name is not None and fresh:
            target.with_name(name).unlink(missing_ok=True)
        raise
    for gone in {before, *left} - {None, name}:
        assert gone is not None, "taken out"
        with contextlib.suppress(OSError):  # the graph is saved; Windows keeps a file that somebody reads
            if not _is_named_elsewhere(gone, target):
                target.with_name(gone).unlink(missing_ok=True)


def load(path: str | os.PathLike[str]) -> Graph:
    """Read a graph from a file.

    Nodes of ops that this version does not have are kept, with everything downstream of them: they can be saved
    again and raise only when run. What the engine does not use (train, view, further keys) is in `graph.document`.

    Raises
    ------
    FileFormatError if the file is missing, broken, too large, or of a newer version; it names file and node.
    ShapeError, DTypeError and the like if nodes do not fit together, with the same places.
    OSError if the system refuses to read it.
    """
    while True:
        before = _identity(path)
        try:
            return _load(path)
        except FileMissingError:
            if _identity(path) == before:
                raise                       # else another process saved meanwhile, and removed the previous arrays


def _identity(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """What changes when the file is replaced; None if there is none."""
    try:
        info = os.stat(path)
    except OSError:
        return None
    return info.st_ino, info.st_mtime_ns


def _load(path: str | os.PathLike[str]) -> Graph:
    file, target = os.fspath(path), Path(os.path.realpath(path))
    document = migrate(parse_json(read_file(path, MAX_DOCUMENT_BYTES, "a graph"), file), file)
    with ArraysFile(document.get("arrays"), target, file) as arrays:
        return build(document, arrays.fetch, file)


# -------------------------------------------------------------------- text

def _render(document: dict[str, Any], file: str) -> bytes:
    """The document as text: format, version and arrays, a line for each node, the other keys."""
    order = ["format", "version", *(["arrays"] if "arrays" in document else []), "nodes"]
    order += [key for key in document if key not in order]
    parts = []
    for key in order:
        try:
            body = _node_lines(document[key], "  ") if key == "nodes" else _lines(document[key], "  ")
            parts.append(f"  {compact(str(key))}: {body}")
        except Mismatch as error:
            refuse(f"{key}: {error}", file, fix=error.fix)
        except RecursionError:
            refuse(f"{key} nests too deeply", file, fix="make it flatter")
    text = "{\n" + ",\n".join(parts) + "\n}\n"
    return text.encode("utf-8", "backslashreplace")     # half a surrogate pair is written as JSON's \udc00


def _node_lines(nodes: Sequence[Any], indent: str) -> str:
    """A list of nodes, each on a line of its own."""
    rows = ",\n".join(f"{indent}  {_node(node, indent + '  ')}" for node in nodes)
    return f"[\n{rows}\n{indent}]" if nodes else "[]"


def _node(value: Any, indent: str) -> str:
    """A node, or a part of one, on one line; but the nodes of its regions have lines of their own."""
    line = compact(value)
    if '"nodes": [{' not in line:
        return line
    if isinstance(value, dict):
        rows = [f"{compact(str(key))}: {_node_lines(item, indent) if _is_nodes(key, item) else _node(item, indent)}"
                for key, item in value.items()]
        return f"{{{', '.join(rows)}}}"
    return f"[{', '.join(_node(item, indent) for item in value)}]" if isinstance(value, (list, tuple)) else line


def _is_nodes(key: str, value: Any) -> bool:
    return key == "nodes" and isinstance(value, (list, tuple))


def _lines(value: Any, indent: str) -> str:
    """JSON with one entry a line where it does not fit on one; keys are sorted, so that equal dicts give equal text."""
    line = compact(value, sort_keys=True)
    if not isinstance(value, (dict, list, tuple)) or len(line) + len(indent) <= LINE:
        return line
    inner = indent + "  "
    if isinstance(value, dict):
        rows = [f"{compact(str(key))}: {_lines(item, inner)}" for key, item in sorted(value.items())]
        return "{\n" + ",\n".join(inner + row for row in rows) + f"\n{indent}}}"
    return "[\n" + ",\n".join(inner + _lines(item, inner) for item in value) + f"\n{indent}]"


# -------------------------------------------------------------------- the previous arrays

def _arrays_of_old(target: Path) -> str | None:
    """The file of arrays that the document there names, if it is one that `save` made."""
    try:
        return arrays_mentioned(target, target.read_bytes()) if target.is_file() else None
    except OSError:                         # it cannot be read, so nothing beside it is ours to remove
        return None


def _left_over(target: Path) -> list[str]:
    """Files of arrays and temporary files that are `LEFT_SECONDS` older than their document: of processes killed.

    Those that are newer may belong to the document that another process or thread is about to write.
    """
    try:
        written = target.stat().st_mtime
        return [file.name for file in target.parent.iterdir()
                if _is_beside(target, file.name) and file.stat().st_mtime < written - LEFT_SECONDS]
    except OSError:
        return []


def _is_beside(target: Path, name: str) -> bool:
    """Whether `save` made a file of this name for a document."""
    to_be = name_to_be(name)
    return is_arrays_name(target, to_be or name) or to_be == target.name[:LONGEST_NAME]


def _is_named_elsewhere(arrays: str, target: Path) -> bool:
    """Whether another document of the folder, a copy or a backup perhaps, needs the file of arrays."""
    for other in target.parent.iterdir():
        if ".json" in other.name and other != target and other.is_file():
            try:
                if other.stat().st_size <= MAX_DOCUMENT_BYTES and arrays.encode() in other.read_bytes():
                    return True
            except OSError:                 # it may need it: leave it
                return True
    return False
