"""Documents: the plain dict that a `*.graph.json` holds, from a graph and back.

    {"format": "graphengine", "version": 2,
     "arrays": {"file": "NAME.HASH.safetensors", "sha256": "..."},       if there are large arrays
     "nodes": [...],                                                     see nodes.py
     "train": {...}, "view": {...}}                                      kept in Graph.document, like any other key

Nodes stand after what they read and wait for. Empty parts and default attributes are left out. Arrays come
and go through `keep` and `fetch` (values.py); no file is touched here.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..ir.graph import Graph
from ..ops.state import ArrayValue
from .files import brief
from .nodes import Beginning, NodeReader, NodeWriter, present_value
from .structure import refuse
from .values import Fetch, Keep, encode

FORMAT = "graphengine"


def _with_optimizers_of_keras(document: dict[str, Any]) -> dict[str, Any]:
    """Version 1 had three optimizers, by the names and with the defaults of TensorFlow 1."""
    found = dict(document)
    train, view = found.get("train"), found.get("view")
    given = train.get("optimizer") if isinstance(train, dict) else None
    if isinstance(given, dict) and isinstance(given.get("name"), str):
        name, values = _of_keras(given["name"], {key: value for key, value in given.items() if key != "name"})
        found["train"] = {**found["train"], "optimizer": {"name": name, **values}}
    if isinstance(view, dict) and isinstance(view.get("items"), list):
        found["view"] = {**view, "items": [_card_of_keras(item) for item in view["items"]]}
    return found


def _card_of_keras(item: Any) -> Any:
    """What is drawn, with an optimizer of version 2 if it is the card of one."""
    kind = item.get("kind") if isinstance(item, dict) else None
    if not (isinstance(kind, str) and kind.startswith("optimizer/")):
        return item
    given = item.get("attributes")
    name, values = _of_keras(kind.removeprefix("optimizer/"), dict(given) if isinstance(given, dict) else {})
    return {**item, "kind": f"optimizer/{name}", "attributes": values}


def _of_keras(name: str, given: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    before: dict[str, Any] = {"Momentum": {"momentum": 0.9}, "Adam": {"epsilon": 1e-8}}.get(name, {})
    now = {"use_nesterov": "nesterov", "beta1": "beta_1", "beta2": "beta_2"}
    return "SGD" if name == "Momentum" else name, {**before, **{now.get(key, key): v for key, v in given.items()}}


MIGRATIONS: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = (_with_optimizers_of_keras,)
"""Entry k makes a document of version k + 2 from one of version k + 1."""
VERSION = len(MIGRATIONS) + 1
OWN_KEYS = ("format", "version", "arrays", "nodes")


# -------------------------------------------------------------------- graph -> document

def describe(graph: Graph, keep: Keep, file: str, beginning: Beginning = present_value) -> dict[str, Any]:
    """The document of a graph, without `arrays`.

    Variables of the program around it become variables of the graph, whose initial value is what they hold now, or
    what `beginning` makes.

    Raises
    ------
    FileFormatError for what a file cannot hold: an op that is not registered, sizes that depend on feeds, two
    nodes of one name, names with a colon.
    """
    nodes = NodeWriter(keep, beginning).graph(graph, file)
    rest = {key: value for key, value in graph.document.items() if key not in OWN_KEYS}
    first = [key for key in ("train", "view") if key in rest]
    order = [*first, *sorted((key for key in rest if key not in first), key=str)]
    try:
        parts = {key: _kept(rest[key], key, keep) for key in order}
    except RecursionError:
        refuse("a part that the engine does not use nests too deeply", file, fix="make it flatter")
    return {"format": FORMAT, "version": VERSION, "nodes": nodes, **parts}


def _kept(value: Any, name: str, keep: Keep) -> Any:
    """A part that the engine does not use, with the arrays in it as they stand in files."""
    if isinstance(value, ArrayValue):
        return encode(value, ArrayValue, name, keep)
    if isinstance(value, Mapping):
        return {key: _kept(item, f"{name}.{key}", keep) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_kept(item, f"{name}.{k}", keep) for k, item in enumerate(value)]
    return value


# -------------------------------------------------------------------- document -> graph

def migrate(
    document: Any, file: str, migrations: Sequence[Callable[[dict[str, Any]], dict[str, Any]]] = MIGRATIONS
) -> dict[str, Any]:
    """The document in the newest version.

    Parameters
    ----------
    document : what the file holds
    file : its name, for errors
    migrations : entry k makes version k + 2 from version k + 1

    Raises
    ------
    FileFormatError if it is no document, or of a version from the future.
    """
    newest = len(migrations) + 1
    if not isinstance(document, dict):
        refuse(f"the file holds {brief(document)}, not an object with format, version and nodes", file,
               fix="check that it is a graph")
    if document.get("format") != FORMAT:
        said = f"says that its format is {brief(document['format'])}" if "format" in document else "names no format"
        refuse(f"the file {said}; a graph says {FORMAT!r}", file, fix="check that it is a graph")
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        refuse(f"the version is {brief(version)}, not a whole number from 1", file)
    if version > newest:
        refuse(f"the file has version {brief(version)}; this graphengine reads up to {newest}", file,
               fix="use a newer graphengine")
    for step in migrations[version - 1:]:
        document = step(document)
    return {**document, "version": newest}


def build(document: Mapping[str, Any], fetch: Fetch, file: str) -> Graph:
    """The graph of a document of the newest version.

    Parameters
    ----------
    document : parsed and migrated
    fetch : finds large arrays
    file : its name, for errors

    Raises
    ------
    FileFormatError for everything that breaks the format, naming file and node.
    ShapeError, DTypeError and the like, with the same places, where nodes do not fit together.
    """
    if "nodes" not in document:
        refuse("the file has no nodes", file, fix='add "nodes": []')
    graph = NodeReader(fetch).graph(document["nodes"], file)
    graph.document = {key: value for key, value in document.items() if key not in OWN_KEYS}
    return graph
