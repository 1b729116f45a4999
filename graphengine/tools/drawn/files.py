"""Documents as plain JSON, with their large arrays beside: what an editor reads, and the nodes of a graph it writes."""
from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...dtypes import BY_NAME
from ...errors import FileFormatError
from ...io.arrays import ArraysFile
from ...io.csvfile import header_of
from ...io.document import describe, migrate
from ...io.files import brief, read_file, regular_size, write_file
from ...io.graphfile import MAX_DOCUMENT_BYTES, save
from ...io.structure import check_name, check_nodes, parse_reference
from ...io.text import parse_json
from ...io.values import Fetch, Keep, array_in_full
from ...ir.graph import Graph
from ...ops.state import ArrayValue

__all__ = ["ArrayValue", "array_in_full", "brief", "check_name", "check_nodes", "header_of", "nodes_of",
           "parse_reference", "parsed", "plain", "read", "read_file", "save", "store", "write_file"]

Array = np.ndarray[Any, Any]
KEYS = ({"dtype", "shape", "array"}, {"dtype", "shape", "values"})


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, Array]]:
    """A document in the newest version, and its large arrays by the hash of their contents, which it names them by.

    Raises
    ------
    FileFormatError, OSError as `graphengine.load` does.
    """
    file, target = os.fspath(path), Path(os.path.realpath(path))
    document = parsed(read_file(path, MAX_DOCUMENT_BYTES, "a graph"), file)
    found: dict[str, Array] = {}
    with ArraysFile(document.get("arrays"), target, file) as arrays:
        whole = rename_arrays(document, lambda value: store(_fetched(value, arrays.fetch, file), found))
    return {key: value for key, value in whole.items() if key != "arrays"}, found


def beginning(path: str | os.PathLike[str]) -> bytes:
    """The first bytes of a file, which tell what it is.

    Raises
    ------
    FileFormatError, OSError as `read_file` does.
    """
    regular_size(path, "a graph")           # opening a pipe would wait for who writes to it
    with open(path, "rb") as file:
        return file.read(64)


def plain(path: str | os.PathLike[str]) -> Any:
    """The JSON in a file, whatever it means.

    Raises
    ------
    FileFormatError, OSError
    """
    return parse_json(read_file(path, MAX_DOCUMENT_BYTES, "a graph"), os.fspath(path))


def parsed(text: bytes | str, file: str) -> dict[str, Any]:
    """The document in a text, in the newest version.

    Raises
    ------
    FileFormatError
    """
    return migrate(parse_json(text.encode() if isinstance(text, str) else text, file), file)


def store(array: Array, arrays: dict[str, Array]) -> str:
    """Put an array among others; returns its name, which follows from its contents."""
    whole = np.ascontiguousarray(array)
    head = f"{whole.dtype.name}{whole.shape}".encode()
    name = hashlib.sha256(head + whole.tobytes()).hexdigest()[:24]
    whole = whole.copy()
    whole.flags.writeable = False
    arrays.setdefault(name, whole)
    return name


def _fetched(value: Mapping[str, Any], fetch: Fetch, file: str) -> Array:
    dtype, shape, name = value["dtype"], value["shape"], value["array"]
    is_shape = isinstance(shape, list) and all(isinstance(s, int) and not isinstance(s, bool) and s >= 0 for s in shape)
    if not (isinstance(dtype, str) and dtype in BY_NAME and is_shape and isinstance(name, str)):
        raise FileFormatError(f"an array is described as {str(dict(value))[:80]}", at=file, fix="correct it")
    return fetch(name, BY_NAME[dtype], tuple(shape))


def rename_arrays(value: Any, rename: Callable[[Mapping[str, Any]], str]) -> Any:
    """The same JSON, with another name for each large array."""
    if isinstance(value, dict):
        if set(value) == KEYS[0]:
            return {**value, "array": rename(value)}
        return {key: rename_arrays(item, rename) for key, item in value.items()}
    return [rename_arrays(item, rename) for item in value] if isinstance(value, list) else value


def with_arrays(value: Any, fetch: Callable[[str], Array]) -> Any:
    """The same JSON with large arrays themselves, as `Graph.document` may hold them to be saved."""
    if isinstance(value, dict):
        if set(value) == KEYS[0]:
            return ArrayValue(fetch(value["array"]))
        return {key: with_arrays(item, fetch) for key, item in value.items()}
    return [with_arrays(item, fetch) for item in value] if isinstance(value, list) else value


def nodes_of(graph: Graph, keep: Keep, file: str) -> list[dict[str, Any]]:
    """The nodes of a graph as they stand in a file.

    Raises
    ------
    FileFormatError for what a file cannot hold.
    """
    found: list[dict[str, Any]] = describe(graph, keep, file)["nodes"]
    return found
