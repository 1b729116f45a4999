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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import FileFormatError, GraphEngineError, suggestion
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.source import Origin
from ..ops import OPS
from .files import brief
from .structure import check_name, check_nodes, parse_reference, refuse
from .text import Mismatch
from .unknown import UnknownOp
from .values import Fetch, Keep, attribute_types, decode_attributes, decode_untyped, encode

FORMAT = "graphengine"
MIGRATIONS: tuple[Callable[[dict[str, Any]], dict[str, Any]], ...] = ()
"""Entry k makes a document of version k + 2 from one of version k + 1."""
VERSION = len(MIGRATIONS) + 1
MAX_NODES = 100_000
MAX_RESULTS = 1_000                         # of one unknown op, counted from what reads it

OWN_KEYS = ("format", "version", "arrays", "nodes")
NODE_KEYS = ("id", "op", "inputs", "attributes", "after")


@dataclass(frozen=True, slots=True)
class DocumentOrigin(Origin):
    """A node of a document, where others have a line of the user's program."""

    node: str = ""

    def __str__(self) -> str:
        return f"{self.file}, node {self.node!r}"


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
        check_name(node.name, file)
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
    results = check_nodes(nodes, file)
    graph = Graph()
    scopes: set[str] = set()
    for raw in nodes:
        _reserve(graph, raw["id"], scopes)
        _add(graph, raw, results[raw["id"]], fetch, file)
    graph.document = {key: value for key, value in document.items() if key not in OWN_KEYS}
    return graph


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
    source, position = parse_reference(text, file, reader)
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
