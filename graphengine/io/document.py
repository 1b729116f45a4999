"""Documents: the plain dict that a `*.graph.json` holds, from a graph and back.

    {"format": "graphengine", "version": 1,
     "arrays": {"file": "NAME.HASH.safetensors", "sha256": "..."},       if there are large arrays
     "nodes": [{"id": "y", "op": "reduce_sum", "inputs": ["x", "pair:1"],
                "attributes": {"axis": [1]}, "after": ["update"]}, ...],
     "train": {...}, "view": {...}}                                      kept in Graph.document, like any other key

Nodes stand after what they read and wait for. Empty parts and default attributes are left out. Arrays come
and go through `keep` and `fetch` (values.py); no file is touched here.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from ..errors import FileFormatError, GraphEngineError, suggestion
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.source import Origin
from ..ops import OPS
from .files import brief
from .text import Mismatch
from .unknown import UnknownOp
from .values import Fetch, Keep, attribute_types, decode_attributes, decode_untyped, encode

FORMAT = "graphengine"
MIGRATIONS: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = ()
"""Entry k makes a document of version k + 2 from one of version k + 1."""
VERSION = len(MIGRATIONS) + 1
MAX_NODES = 100_000
MAX_RESULTS = 1_000                         # of one unknown op, counted from what reads it
MAX_NAME = 1_000                            # characters

OWN_KEYS = ("format", "version", "arrays", "nodes")
NODE_KEYS = ("id", "op", "inputs", "attributes", "after")
_REFERENCE = re.compile(r"([^:]+)(?::(0|[1-9][0-9]{0,8}))?")


@dataclass(frozen=True, slots=True)
class DocumentOrigin(Origin):
    """A node of a document, where others have a line of the user's program."""

    node: str = ""

    def __str__(self) -> str:
        return f"{self.file}, node {self.node!r}"


def refuse(problem: str, file: str, node: str | None = None, fix: str = "correct the file") -> NoReturn:
    """Raise FileFormatError that says where."""
    raise FileFormatError(problem, at=file if node is None else f"{file}, node {brief(node)}", fix=fix)


# -------------------------------------------------------------------- graph -> document

def describe(graph: Graph, keep: Keep, file: str) -> dict[str, Any]:
    """The document of a graph, without `arrays`.

    Raises
    ------
    FileFormatError for what a file cannot hold: an op that is not registered, sizes that depend on feeds, two
    nodes of one name, names with a colon.
    """
    nodes, seen = [], set()
    for node in graph.nodes:
        _check_name(node.name, file)
        if node.name in seen:
            refuse(f"two nodes are called {node.name!r}", file, node.name, "give one of them another name")
        seen.add(node.name)
        nodes.append(_describe_node(node, keep, file))
    rest = {key: value for key, value in graph.document.items() if key not in OWN_KEYS}
    first = [key for key in ("train", "view") if key in rest]
    order = [*first, *sorted((key for key in rest if key not in first), key=str)]
    return {"format": FORMAT, "version": VERSION, "nodes": nodes, **{key: rest[key] for key in order}}


def _describe_node(node: Node, keep: Keep, file: str) -> dict[str, Any]:
    op = node.op
    cls: Any = OPS.get(op.name)
    known = cls is type(op)
    if not known and not isinstance(op, UnknownOp):
        refuse(f"the op {op.name!r} is not in the registry", file, node.name, "decorate its class with @op")
    parts: dict[str, Any] = {"id": node.name, "op": op.name}
    if node.inputs:
        parts["inputs"] = [t.name if t.position else t.node.name for t in node.inputs]
    try:
        if known:
            hints, changed = attribute_types(cls), op.changed_attributes()
            parts["attributes"] = {
                name: _encode_attribute(value, hints[name], node.name, name, keep) for name, value in changed.items()
            }
        else:
            parts.update(encode(dict(op.rest), Any, node.name, keep))
    except Mismatch as error:
        refuse(str(error), file, node.name, error.fix)
    except RecursionError:
        refuse("its attributes nest too deeply", file, node.name, "make them flatter")
    if node.control_inputs:
        parts["after"] = [n.name for n in node.control_inputs]
    order = [*(key for key in NODE_KEYS if parts.get(key)), *(key for key in parts if key not in NODE_KEYS)]
    return {key: parts[key] for key in order}


def _encode_attribute(value: Any, hint: Any, node: str, name: str, keep: Keep) -> Any:
    try:
        return encode(value, hint, f"{node}.{name}", keep)
    except Mismatch as error:
        raise Mismatch(f"attribute {name!r}: {error}", error.fix) from None


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
    nodes = document["nodes"]
    if not isinstance(nodes, list):
        refuse(f"nodes is {brief(nodes)}, not a list", file)
    if len(nodes) > MAX_NODES:
        refuse(f"the file has {len(nodes):,} nodes; a graph may have {MAX_NODES:,}", file, fix="split the graph")
    results = _check_nodes(nodes, file)
    graph = Graph()
    scopes: set[str] = set()
    for raw in nodes:
        _reserve(graph, raw["id"], scopes)
        _add(graph, raw, results[raw["id"]], fetch, file)
    graph.document = {key: value for key, value in document.items() if key not in OWN_KEYS}
    return graph


def _check_nodes(nodes: Sequence[Any], file: str) -> dict[str, int]:
    """Names, types and order of all nodes; gives for each the number of its results that others read."""
    results: dict[str, int] = {}
    for k, raw in enumerate(nodes):
        if not isinstance(raw, dict):
            refuse(f"entry {k} of nodes is {brief(raw)}, not an object with id and op", file)
        name = raw.get("id")
        if not isinstance(name, str):
            refuse(f"the id of entry {k} of nodes is {brief(name)}, not a string", file, fix="give the node a name")
        _check_name(name, file)
        if name in results:
            refuse(f"two nodes have the id {brief(name)}", file, name, "give one of them another name")
        if not isinstance(raw.get("op"), str):
            refuse(f"the op is {brief(raw.get('op'))}, not a name", file, name, "name an op")
        for part, kind in (("inputs", list), ("after", list), ("attributes", dict)):
            if not isinstance(raw.get(part, kind()), kind):
                wanted = "a list of names" if kind is list else "an object"
                refuse(f"{part} is {brief(raw[part])}, not {wanted}", file, name)
        for text in (*raw.get("inputs", ()), *raw.get("after", ())):
            source, position = _parse_reference(text, file, name)
            if source not in results:
                _refuse_reference(source, name, nodes, file)
            results[source] = max(results[source], position + 1)
        results[name] = 1
    return results


def _check_name(name: str, file: str) -> None:
    if not name or ":" in name or name.endswith("/") or len(name) > MAX_NAME or not name.isprintable():
        refuse(f"no node can be called {brief(name)}", file, name,
               f"use 1 to {MAX_NAME} printable characters, no ':' and no '/' at the end")


def _parse_reference(text: Any, file: str, node: str) -> tuple[str, int]:
    """``"x"`` is ("x", 0), ``"x:1"`` is ("x", 1)."""
    found = _REFERENCE.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        refuse(f"it reads {brief(text)}, which is no name of a result", file, node, 'write "id" or "id:1"')
    return found[1], int(found[2] or 0)


def _refuse_reference(source: str, name: str, nodes: Sequence[Any], file: str) -> NoReturn:
    """Why `name` cannot read `source`: there is none, it comes later, or they wait for each other."""
    later = {raw["id"]: raw for raw in nodes if isinstance(raw, dict) and isinstance(raw.get("id"), str)}
    if source not in later:
        refuse(f"it reads {brief(source)}, but there is no such node", file, name,
               suggestion(source, later) or "add the node or correct the name")
    circle = _circle(name, later)
    if circle:
        refuse(f"the nodes wait for each other in a circle: {' <- '.join(map(brief, circle))}", file, name,
               "cut one of these connections")
    refuse(f"it reads {brief(source)}, which comes later in the file", file, name,
           f"move the node {brief(source)} before {brief(name)}")


def _circle(name: str, nodes: Mapping[str, Any]) -> list[str]:
    """A way from `name` along what nodes read that comes back to it, or nothing."""
    came_from: dict[str, str] = {}
    stack = [name]
    while stack:
        reader = stack.pop()
        for part in ("inputs", "after"):
            listed = nodes[reader].get(part)
            for text in listed if isinstance(listed, list) else ():
                source = text.partition(":")[0] if isinstance(text, str) else ""
                if source in nodes and source not in came_from:
                    came_from[source] = reader
                    stack.append(source)
    if name not in came_from:
        return []
    path = [name, came_from[name]]
    while path[-1] != name:
        path.append(came_from[path[-1]])
    return path[::-1]


def _reserve(graph: Graph, name: str, scopes: set[str]) -> None:
    """Mark a name and its scopes as used, so that what is added to the graph later gets other ones."""
    parts = name.split("/")
    for k in range(1, len(parts)):
        scope = "/".join(parts[:k])
        if scope and scope not in scopes and scope not in graph.by_name:
            scopes.add(scope)
            graph.unique_name(scope)
    if name not in scopes:
        graph.unique_name(name)


def _add(graph: Graph, raw: dict[str, Any], results: int, fetch: Fetch, file: str) -> None:
    name = raw["id"]
    inputs = [_tensor(graph, text, file, name) for text in raw.get("inputs", ())]
    after = [_tensor_node(graph, text, file, name) for text in raw.get("after", ())]
    blocked = _blocked_by(raw["op"], inputs)
    op = _unknown(raw, results, blocked, fetch, file) if blocked else _known(raw, len(inputs), fetch, file)
    try:
        node = graph.add(op, inputs, f"{name}/", after, DocumentOrigin(file, 0, name))
    except GraphEngineError:
        raise
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise FileFormatError(
            f"{op.name} does not take its inputs and attributes: {error}", at=f"{file}, node {name!r}",
            fix="compare the node with the op's documentation",
        ) from error
    if len(node.outputs) < results and results > 1:
        refuse(f"{op.name} has {len(node.outputs)} results, but {brief(f'{name}:{results - 1}')} is read", file, name,
               "correct the inputs that name it")


def _tensor(graph: Graph, text: str, file: str, reader: str) -> Tensor:
    source, position = _parse_reference(text, file, reader)
    outputs = graph.by_name[source].outputs
    if position >= len(outputs):
        refuse(f"it reads {brief(text)}, but {brief(source)} has {len(outputs)} results", file, reader,
               "read one of them, or name the node under after")
    return outputs[position]


def _tensor_node(graph: Graph, text: str, file: str, reader: str) -> Node:
    if ":" in text:
        refuse(f"it waits for {brief(text)}, which is a result, not a node", file, reader, "leave out the colon")
    return graph.by_name[text]


def _blocked_by(op_name: str, inputs: Sequence[Tensor]) -> str | None:
    """The unknown op because of which a node cannot be built, if there is one."""
    if op_name not in OPS:
        return op_name
    return next((t.node.op.blocked_by for t in inputs if isinstance(t.node.op, UnknownOp)), None)


def _unknown(raw: dict[str, Any], results: int, blocked: str, fetch: Fetch, file: str) -> UnknownOp:
    name = raw["id"]
    if results > MAX_RESULTS:
        refuse(f"its result {results - 1:,} is read; an op may have {MAX_RESULTS:,}", file, name,
               "correct the inputs that name it")
    kept = {key: value for key, value in raw.items() if key not in ("id", "op", "inputs", "after")}
    try:
        rest = decode_untyped(kept, fetch)
    except Mismatch as error:
        refuse(str(error), file, name, error.fix)
    except RecursionError:
        refuse("its attributes nest too deeply", file, name, "make them flatter")
    return UnknownOp(raw["op"], name, results, blocked, rest)


def _known(raw: dict[str, Any], inputs: int, fetch: Fetch, file: str) -> Any:
    name, cls = raw["id"], OPS[raw["op"]]
    for key in raw:
        if key not in NODE_KEYS:
            refuse(f"a node has no part {brief(key)}", file, name, suggestion(key, NODE_KEYS) or "remove it")
    try:
        attributes = decode_attributes(cls, raw.get("attributes", {}), fetch)
        op = cls(**attributes)
    except Mismatch as error:
        refuse(str(error), file, name, error.fix)
    except RecursionError:
        refuse("its attributes nest too deeply", file, name, "make them flatter")
    except (GraphEngineError, TypeError, ValueError, ArithmeticError, LookupError) as error:
        problem = error.problem if isinstance(error, GraphEngineError) else str(error)
        fix = getattr(error, "fix", None) or "correct the attribute"
        raise FileFormatError(f"{cls.name}: {problem}", at=f"{file}, node {name!r}", fix=fix) from error
    ports = op.ports(inputs)
    if len(ports) != inputs:
        names = f" ({', '.join(p.name for p in ports)})" if ports else ""
        refuse(f"{cls.name} takes {len(ports)} inputs{names}, not {inputs}", file, name, "correct the inputs")
    return op
