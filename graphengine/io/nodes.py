"""Nodes as JSON and back: those of a graph, and those of the regions inside it, nested.

    {"id": "y", "op": "reduce_sum", "inputs": ["x", "pair:1"], "attributes": {"axis": [1]}, "after": ["update"]}

The value of an attribute may be a region, a loop's body or a branch, or a list of them:

    {"inputs": ["x"], "nodes": [...], "outputs": ["y", "x"], "targets": ["assign"]}

`inputs` are placeholders among its own nodes, `outputs` results, `targets` nodes that run for their effects. Nothing
else comes into a region; a variable is a node `state` that holds its name.
"""
from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import FileFormatError, GraphEngineError, suggestion
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.region import Region
from ..ir.source import Origin
from ..ops import OPS
from ..ops.body import changes_variables
from ..ops.kinds import Effect
from ..ops.state import Const, Kept, Placeholder, SharedVariable, State, Variable
from .files import brief
from .structure import check_name, check_nodes, parse_reference, refuse
from .text import Mismatch
from .unknown import UnknownOp
from .values import Fetch, Keep, attribute_types, decode_attributes, decode_untyped, encode, holds_regions

MAX_NODES = 100_000                         # of a graph or a region
MAX_RESULTS = 1_000                         # of one unknown op, counted from what reads it
MAX_DEPTH = 20                              # regions inside regions
NODE_KEYS = ("id", "op", "inputs", "attributes", "after")
REGION_KEYS = ("inputs", "nodes", "outputs", "targets")


@dataclass(frozen=True, slots=True)
class DocumentOrigin(Origin):
    """A node of a document, where others have a line of the user's program."""

    node: str = ""

    def __str__(self) -> str:
        return f"{self.file}, node {self.node!r}"


def _inside(file: str, node: str, attribute: str, number: int | None) -> str:
    """Where a region stands, for errors: what its nodes take for the name of the file."""
    return f"{file}, node {brief(node)}, {attribute}{'' if number is None else f' {number}'}"


# -------------------------------------------------------------------- nodes -> JSON

# What a variable of the program around a graph begins with once it stands in a file: an op without inputs.
Beginning = Callable[[SharedVariable], Any]


def present_value(op: SharedVariable) -> Const:
    """What the variable holds now."""
    return Const(op.storage.array)


class NodeWriter:
    """Writes nodes; large arrays go to `keep`.

    A variable of the program around is written as a variable of the graph, and its value as the `beginning` says.
    """

    def __init__(self, keep: Keep, beginning: Beginning = present_value) -> None:
        self.keep = keep
        self.beginning = beginning
        self.before: dict[str, str] = {}                # node that touches variables -> the one before it

    def graph(self, graph: Graph, file: str) -> list[dict[str, Any]]:
        """JSON of the nodes of a graph; if things happen in their order there, the file says so."""
        if graph.in_order:
            names = [n.name for n in graph.nodes if isinstance(n.op, Effect) or changes_variables(n)]
            self.before = dict(itertools.pairwise(names[::-1]))
        return self.nodes(graph.nodes, file)

    def nodes(self, nodes: Sequence[Node], file: str, depth: int = 0) -> list[dict[str, Any]]:
        """JSON of all nodes of a graph.

        Raises
        ------
        FileFormatError for what a file cannot hold.
        """
        seen: set[str] = set()
        nodes = [own for node in nodes for own in self._own(node)]
        for node in nodes:
            check_name(node.name, file)
            if node.name in seen:
                refuse(f"two nodes are called {node.name!r}", file, node.name, "give one of them another name")
            seen.add(node.name)
        return [self._node(node, file, depth) for node in nodes]

    def _own(self, node: Node) -> Sequence[Node]:
        """The node itself; for a variable of the program around, a variable and what it begins with."""
        if not isinstance(node.op, SharedVariable):
            return [node]
        name, taken, apart = f"{node.name}/initial_value", node.graph.by_name, Graph()
        while name in taken:
            name += "_"
        start = apart.add(self.beginning(node.op), (), f"{name}/")
        return [start, apart.add(Variable(node.op.trainable), start.outputs, f"{node.name}/")]

    def _node(self, node: Node, file: str, depth: int) -> dict[str, Any]:
        op = node.op
        cls: Any = OPS.get(op.name)
        known = cls is type(op)
        if not known and not isinstance(op, UnknownOp):
            refuse(f"the op {op.name!r} is not in the registry", file, node.name, "decorate its class with @op")
        parts: dict[str, Any] = {"id": node.name, "op": op.name}
        if node.inputs:
            parts["inputs"] = [_reference(t) for t in node.inputs]
        try:
            if known:
                hints, changed = attribute_types(cls), op.changed_attributes()
                parts["attributes"] = {
                    name: self._attribute(value, hints[name], node, name, file, depth)
                    for name, value in changed.items()
                }
            else:
                parts.update(encode(dict(op.rest), Any, node.name, self.keep))
        except Mismatch as error:
            refuse(str(error), file, node.name, error.fix)
        except RecursionError:
            refuse("its attributes nest too deeply", file, node.name, "make them flatter")
        after = [n.name for n in node.control_inputs]
        if node.name in self.before:
            after = list(dict.fromkeys([*after, self.before[node.name]]))
        if after:
            parts["after"] = after
        order = [*(key for key in NODE_KEYS if parts.get(key)), *(key for key in parts if key not in NODE_KEYS)]
        return {key: parts[key] for key in order}

    def _attribute(self, value: Any, hint: Any, node: Node, name: str, file: str, depth: int) -> Any:
        if isinstance(value, Region):
            return self._region(value, _inside(file, node.name, name, None), depth + 1)
        if holds_regions(hint):
            return [self._region(r, _inside(file, node.name, name, k), depth + 1) for k, r in enumerate(value)]
        try:
            return encode(value, hint, f"{node.name}.{name}", self.keep)
        except Mismatch as error:
            raise Mismatch(f"attribute {name!r}: {error}", error.fix) from None

    def _region(self, region: Region, file: str, depth: int) -> dict[str, Any]:
        _check_depth(depth, file)
        parts = {
            "inputs": [t.node.name for t in region.inputs],
            "nodes": NodeWriter(self.keep).nodes(region.graph.nodes, file, depth),
            "outputs": [_reference(t) for t in region.outputs],
            "targets": [n.name for n in region.targets],
        }
        return {key: part for key, part in parts.items() if part or key != "targets"}


def _reference(tensor: Tensor) -> str:
    return tensor.name if tensor.position else tensor.node.name


def _check_depth(depth: int, file: str) -> None:
    if depth > MAX_DEPTH:
        refuse(f"regions stand inside regions {MAX_DEPTH + 1} deep; a file may have {MAX_DEPTH}", file,
               fix="use fewer loops and branches inside each other")


# -------------------------------------------------------------------- JSON -> nodes

class NodeReader:
    """Builds graphs from nodes; large arrays come from `fetch`."""

    def __init__(self, fetch: Fetch) -> None:
        self.fetch = fetch
        self.states: list[tuple[Node, str]] = []        # what stands for variables, and the file or region it is in

    def graph(self, nodes: Any, file: str) -> Graph:
        """The graph of a list of nodes.

        Raises
        ------
        FileFormatError for everything that breaks the format, naming file and node.
        ShapeError, DTypeError and the like, with the same places, where nodes do not fit together.
        """
        graph = self._nodes(nodes, file, 0)
        for node, place in self.states:
            self._check_state(node, graph, place)
        return graph

    def _nodes(self, nodes: Any, file: str, depth: int) -> Graph:
        if not isinstance(nodes, list):
            refuse(f"nodes is {brief(nodes)}, not a list", file)
        if len(nodes) > MAX_NODES:
            refuse(f"there are {len(nodes):,} nodes; a graph may have {MAX_NODES:,}", file, fix="split the graph")
        results = check_nodes(nodes, file)
        graph = Graph()
        scopes: set[str] = set()
        for raw in nodes:
            _reserve(graph, raw["id"], scopes)
            self._add(graph, raw, results[raw["id"]], file, depth)
        return graph

    def add(self, graph: Graph, raw: dict[str, Any], file: str) -> Node:
        """Append one node to a graph that is being drawn.

        Raises
        ------
        FileFormatError, ShapeError, DTypeError and the like, as `graph` does.
        """
        self._add(graph, raw, 1, file, 0)
        return graph.nodes[-1]

    def _add(self, graph: Graph, raw: dict[str, Any], results: int, file: str, depth: int) -> None:
        name = raw["id"]
        inputs = [_tensor(graph, text, file, name) for text in raw.get("inputs", ())]
        after = [_tensor_node(graph, text, file, name) for text in raw.get("after", ())]
        blocked = _blocked_by(raw, inputs)
        op = self._unknown(raw, results, blocked, file) if blocked else self._known(raw, len(inputs), file, depth)
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
            refuse(f"{op.name} has {len(node.outputs)} results, but {brief(f'{name}:{results - 1}')} is read", file,
                   name, "correct the inputs that name it")
        if isinstance(op, State):
            self.states.append((node, file))
        if isinstance(op, Effect) and not isinstance(inputs[0].node.op, (Kept, State)):
            refuse(f"{op.name} changes or reads {brief(inputs[0].node.name)}, which is no variable", file, name,
                   "let its first input be a variable, inside a region a state")
        if depth and isinstance(op, Kept):
            refuse("a variable cannot stand inside a region", file, name,
                   "put it into the outermost nodes, and a state with its name here")

    def _unknown(self, raw: dict[str, Any], results: int, blocked: str, file: str) -> UnknownOp:
        name = raw["id"]
        if results > MAX_RESULTS:
            refuse(f"its result {results - 1:,} is read; an op may have {MAX_RESULTS:,}", file, name,
                   "correct the inputs that name it")
        kept = {key: value for key, value in raw.items() if key not in ("id", "op", "inputs", "after")}
        try:
            rest = decode_untyped(kept, self.fetch)
        except Mismatch as error:
            refuse(str(error), file, name, error.fix)
        except RecursionError:
            refuse("its attributes nest too deeply", file, name, "make them flatter")
        return UnknownOp(raw["op"], name, results, blocked, rest)

    def _known(self, raw: dict[str, Any], inputs: int, file: str, depth: int) -> Any:
        name, cls = raw["id"], OPS[raw["op"]]
        for key in raw:
            if key not in NODE_KEYS:
                refuse(f"a node has no part {brief(key)}", file, name, suggestion(key, NODE_KEYS) or "remove it")
        try:
            written = raw.get("attributes", {})
            regions = {
                key: self._regions(value, hint, key, name, file, depth)
                for key, value, hint in _of_regions(cls, written)
            }
            rest = {key: value for key, value in written.items() if key not in regions}
            op = cls(**decode_attributes(cls, rest, self.fetch, regions))
            ports = op.ports(inputs)
        except Mismatch as error:
            refuse(str(error), file, name, error.fix)
        except RecursionError:
            refuse("its attributes nest too deeply", file, name, "make them flatter")
        except FileFormatError:             # of a region: it says where
            raise
        except (GraphEngineError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            if isinstance(error, GraphEngineError) and error.at is not None:
                raise
            problem = error.problem if isinstance(error, GraphEngineError) else str(error)
            fix = getattr(error, "fix", None) or "correct the attribute"
            raise FileFormatError(f"{cls.name}: {problem}", at=f"{file}, node {name!r}", fix=fix) from error
        if len(ports) != inputs:
            names = f" ({', '.join(p.name for p in ports)})" if ports else ""
            refuse(f"{cls.name} takes {len(ports)} inputs{names}, not {inputs}", file, name, "correct the inputs")
        return op

    # ------------------------------------------------ regions

    def _regions(self, raw: Any, hint: Any, attribute: str, node: str, file: str, depth: int) -> Any:
        """The region, or the tuple of regions, that an attribute holds."""
        if hint is Region:
            return self._region(raw, _inside(file, node, attribute, None), depth + 1)
        if not isinstance(raw, list):
            raise Mismatch(f"attribute {attribute!r}: it is {brief(raw)}, but should be a list of regions")
        return tuple(self._region(r, _inside(file, node, attribute, k), depth + 1) for k, r in enumerate(raw))

    def _region(self, raw: Any, file: str, depth: int) -> Region:
        if not isinstance(raw, dict):
            refuse(f"the region is {brief(raw)}, not an object with {', '.join(REGION_KEYS)}", file)
        for key in raw:
            if key not in REGION_KEYS:
                refuse(f"a region has no part {brief(key)}", file, fix=suggestion(key, REGION_KEYS) or "remove it")
        for key in REGION_KEYS[:3]:
            if not isinstance(raw.get(key), list):
                refuse(f"{key} of the region is {brief(raw.get(key))}, not a list", file, fix=f'add "{key}": []')
        if not isinstance(raw.get("targets", []), list):
            refuse(f"targets of the region is {brief(raw['targets'])}, not a list of names", file)
        _check_depth(depth, file)
        graph = self._nodes(raw["nodes"], file, depth)
        inputs = _listed(raw["inputs"], "inputs", graph, file, _tensor)
        for text, t in zip(raw["inputs"], inputs, strict=True):
            if not isinstance(t.node.op, Placeholder):
                refuse(f"the input {brief(text)} of the region is no placeholder", file, t.node.name,
                       "let inputs name placeholders")
        if len({id(t) for t in inputs}) != len(inputs):
            refuse("two inputs of the region are the same placeholder", file, fix="name each placeholder once")
        outputs = _listed(raw["outputs"], "outputs", graph, file, _tensor)
        targets = _listed(raw.get("targets", []), "targets", graph, file, _tensor_node)
        region = Region(graph, tuple(inputs), tuple(outputs), tuple(targets))
        given = {id(t) for t in inputs}
        for node in region.nodes:
            if isinstance(node.op, Placeholder) and id(node.outputs[0]) not in given:
                refuse("the placeholder is no input of its region, so it has no value", file, node.name,
                       "add it to the inputs")
        return region

    def _check_state(self, node: Node, graph: Graph, place: str) -> None:
        """Whether what stands for a variable names one of the outermost nodes that is like it."""
        name = node.op.variable
        kept = graph.by_name.get(name)
        if kept is None or not isinstance(kept.op, Kept):
            names = [n.name for n in graph.nodes if isinstance(n.op, Kept)]
            refuse(f"it stands for the variable {brief(name)}, but there is no such variable", place, node.name,
                   suggestion(name, names) or "add the variable or correct the name")
        mine, wanted = node.outputs[0], kept.outputs[0]
        if (mine.dtype, mine.shape) != (wanted.dtype, wanted.shape):
            refuse(f"it says that {brief(name)} is {mine.dtype.name} {mine.shape}; "
                   f"the variable is {wanted.dtype.name} {wanted.shape}", place, node.name, "make them agree")


def _listed(
    names: list[Any], part: str, graph: Graph, file: str, find: Callable[[Graph, str, str, None], Any]
) -> list[Any]:
    """The tensors or nodes of a region that a list names."""
    for text in names:
        source, _ = parse_reference(text, file, None)
        if source not in graph.by_name:
            refuse(f"{part} of the region name {brief(text)}, but there is no such node", file,
                   fix=suggestion(source, graph.by_name) or "add the node or correct the name")
    return [find(graph, text, file, None) for text in names]


def _of_regions(cls: Any, written: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Name, JSON and declared type of the attributes that hold regions."""
    return [(key, written[key], hint) for key, hint in attribute_types(cls).items()
            if key in written and holds_regions(hint)]


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


def _tensor(graph: Graph, text: str, file: str, reader: str | None) -> Tensor:
    source, position = parse_reference(text, file, reader)
    outputs = graph.by_name[source].outputs
    if position >= len(outputs):
        refuse(f"it reads {brief(text)}, but {brief(source)} has {len(outputs)} results", file, reader,
               "read one of them, or name the node under after")
    return outputs[position]


def _tensor_node(graph: Graph, text: str, file: str, reader: str | None) -> Node:
    if ":" in text:
        refuse(f"it waits for {brief(text)}, which is a result, not a node", file, reader, "leave out the colon")
    return graph.by_name[text]


def _blocked_by(raw: dict[str, Any], inputs: Sequence[Tensor]) -> str | None:
    """The unknown op because of which a node cannot be built, if there is one."""
    found = next((t.node.op.blocked_by for t in inputs if isinstance(t.node.op, UnknownOp)), None)
    return raw["op"] if raw["op"] not in OPS else found or _unknown_inside(raw)


def _unknown_inside(raw: dict[str, Any]) -> str | None:
    """An unknown op in the regions of a node: all of the node is kept then as it is, for nothing is known of it."""
    written = raw.get("attributes")
    if not isinstance(written, dict):
        return None
    for _, value, _ in _of_regions(OPS[raw["op"]], written):
        for region in value if isinstance(value, list) else [value]:
            nodes = region.get("nodes") if isinstance(region, dict) else None
            for node in nodes if isinstance(nodes, list) else []:
                op = node.get("op") if isinstance(node, dict) else None
                found = None if not isinstance(op, str) else op if op not in OPS else _unknown_inside(node)
                if found is not None:
                    return found
    return None
