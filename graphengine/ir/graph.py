"""A graph under construction: nodes are appended, never changed, so their order is topological.

Names, name scopes and control dependencies follow TensorFlow. A finished graph is treated as a value:
each pass reads one and writes a new one.
"""
from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from os import PathLike
from typing import TYPE_CHECKING, Any

from ..dtypes import DType
from ..errors import GraphEngineError, GraphMismatchError, InvalidArgumentError, NotFoundError, suggestion
from .dims import Shape
from .node import Node, OpLike, Tensor, describe
from .source import Origin, user_line


class Graph:
    """A dataflow graph of placeholders, variables and ops.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default() as graph:
    ...     x = tf.placeholder(tf.float32, [None, 4], name="x")
    ...     y = x * 2.0
    >>> print(y)
    Tensor("mul:0", shape=(None, 4), dtype=float32)
    """

    shared_scope: str | None = None         # where handles of variables of the program around get their names
    in_order = False                        # whether a read sees every assignment made before it
    start_of_variable: Callable[[Any], Any] | None = None   # its first value, where it has it while the graph is drawn
    node_type: type[Node] = Node

    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.made = 0                               # number of nodes so far
        self.by_name: dict[str, Node] = {}
        self.collections: dict[str, list[Any]] = {}
        self.seed: int | None = None                # for ops that draw random numbers
        self.variable_prefix = ""                   # what names of variables that optimizers make begin with
        self.shared: dict[int, Tensor] = {}         # id of a variable outside -> its handle here
        self.document: dict[str, Any] = {}          # parts of a file that the engine ignores, kept for saving
        self._names_used: dict[str, int] = {}
        self._scope = ""
        self._control: tuple[Node, ...] = ()
        self._origin: Origin | None = None
        self._inferred: dict[Any, Sequence[tuple[DType, Shape]]] = {}

    if TYPE_CHECKING:

        def save(self, path: str | PathLike[str], fetches: Any = None, session: Any = None) -> None:
            """Write the graph to a file; frontend/document.py gives the method, for files stand above graphs."""

    # ---------------------------------------------------------------- building

    def add(
        self,
        op: OpLike,
        inputs: Sequence[Tensor],
        name: str | None = None,
        control_inputs: Sequence[Node] = (),
        origin: Origin | None = None,
    ) -> Node:
        """Append a node and infer dtype and shape of its results.

        Raises
        ------
        GraphMismatchError if an input belongs to another graph.
        ShapeError, DTypeError from the op's rules, with node, line and operands filled in.
        """
        origin = origin or self._origin or user_line()
        full = self.unique_name(name or op.node_name)
        try:
            inputs = [t if t.node.graph is self else self.adopt(t) for t in inputs]
        except GraphEngineError as error:
            raise error.located(op=op.called, at=str(origin) if origin else None) from None
        try:
            results = self.infer(op, inputs)
        except GraphEngineError as error:
            args = ", ".join(t.node.name for t in inputs)
            raise error.located(
                op=op.called, node=f"{full} = {op.name}({args})", at=str(origin) if origin else None,
                operands=op.label_operands([describe(t) for t in inputs]),
            ) from None
        control = tuple(dict.fromkeys((*self._control, *control_inputs))) if self._control or control_inputs else ()
        node = self.node_type(self, self.made, op, tuple(inputs), control, full, origin, results)
        self.made += 1
        self.keep(node)
        return node

    def keep(self, node: Node) -> None:
        """Remember a node that was made."""
        self.nodes.append(node)
        self.by_name[node.name] = node

    def infer(self, op: OpLike, inputs: Sequence[Tensor]) -> Sequence[tuple[DType, Shape]]:
        """dtype and shape of each result of `op`; remembered, since layers of a network ask for the same again."""
        if not (inputs and op.infers_from_shapes):
            return op.infer(inputs)
        key = (op, *[(t.dtype.name, t.shape) for t in inputs])
        found = self._inferred.get(key)
        if found is None:
            found = self._inferred[key] = op.infer(inputs)
        return found

    def adopt(self, tensor: Tensor) -> Tensor:
        """What stands in this graph for a tensor: itself; only the graph of a loop's body takes others.

        Raises
        ------
        GraphMismatchError
        """
        if tensor.node.graph is self:
            return tensor
        is_inner = tensor.node.graph.root is not tensor.node.graph
        raise GraphMismatchError(
            f"{tensor.name} " + ("is used outside of the loop or branch that computes it" if is_inner else
                                 "belongs to another graph"), operands=[("other", describe(tensor))],
            fix="return it from there, or assign it to a name, item or attribute there; a TensorArray collects tensors"
                if is_inner else "build both inside the same `with graph.as_default():`",
        )

    @property
    def root(self) -> Graph:
        """The graph itself; for the graph of a loop's body the outermost one around it."""
        return self

    def receives(self, graph: Graph) -> bool:
        """Whether tensors of `graph` may be used in this one."""
        return graph is self

    def apply(self, op: OpLike, inputs: Sequence[Tensor], name: str | None = None) -> tuple[Tensor, ...]:
        """Results of `op`: those of a new node, unless a subclass knows better."""
        return self.add(op, inputs, name).outputs

    def unique_name(self, name: str) -> str:
        """`name` inside the current scope, with ``_1``, ``_2`` ... if it is taken; a final ``/`` means as it is."""
        if name.endswith("/"):
            return name[:-1]
        full = f"{self._scope}{name}"
        key = full.lower()
        count = self._names_used.get(key, 0)
        self._names_used[key] = count + 1
        if not count:
            return full
        while f"{key}_{count}" in self._names_used:
            count += 1
        self._names_used[key] = count + 1
        self._names_used[f"{key}_{count}"] = 1
        return f"{full}_{count}"

    @contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Put ``name/`` before the names of the nodes made inside; a used name gets ``_1``."""
        saved = self._scope
        if not name:
            self._scope = ""
        elif name.endswith("/"):
            self._scope = name
        else:
            self._scope = self.unique_name(name) + "/"
        try:
            yield self._scope
        finally:
            self._scope = saved

    @contextmanager
    def control_dependencies(self, control_inputs: Iterable[Any] | None) -> Iterator[None]:
        """Nodes made inside run after `control_inputs` (nodes, tensors, variables); None clears."""
        saved = self._control
        nodes = [] if control_inputs is None else [self.as_node(item) for item in control_inputs]
        self._control = () if control_inputs is None else (*saved, *nodes)
        try:
            yield
        finally:
            self._control = saved

    @property
    def active_control(self) -> tuple[Node, ...]:
        """Nodes that a node made now would run after."""
        return self._control

    @property
    def origin(self) -> Origin | None:
        """The origin that nodes made now get, if it is not the caller's line."""
        return self._origin

    @contextmanager
    def made_at(self, origin: Origin | None) -> Iterator[None]:
        """Give the nodes made inside this origin instead of the caller's line."""
        saved = self._origin
        self._origin = origin
        try:
            yield
        finally:
            self._origin = saved

    @contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Make this the graph that receives nodes inside the ``with`` block."""
        token = _stack.set((*_stack.get(), self))
        try:
            yield self
        finally:
            _stack.reset(token)

    # ---------------------------------------------------------------- asking

    def as_node(self, item: Any) -> Node:
        """The node of a node, tensor, variable or name.

        Raises
        ------
        NotFoundError, GraphMismatchError, InvalidArgumentError.
        """
        if isinstance(item, str):
            return self.as_tensor(item).node if ":" in item else self.get_operation_by_name(item)
        node = item if isinstance(item, Node) else getattr(item, "node", None) or getattr(item, "op", None)
        if not isinstance(node, Node):
            raise InvalidArgumentError(f"{item!r} is not a node or tensor of a graph")
        if node.graph is not self:
            raise GraphMismatchError(
                f"{node.name} belongs to another graph", fix="use tensors of the graph that the session was made for"
            )
        return node

    def as_tensor(self, name: str) -> Tensor:
        """The tensor called ``name:k``; k is 0 if left out."""
        head, _, tail = name.partition(":")
        node = self.get_operation_by_name(head)
        if not (tail or "0").isdigit() or int(tail or 0) >= len(node.outputs):
            raise NotFoundError(f"{node.name} has {len(node.outputs)} results, so there is no {name!r}")
        return node.outputs[int(tail or 0)]

    get_tensor_by_name = as_tensor

    def get_operation_by_name(self, name: str) -> Node:
        try:
            return self.by_name[name]
        except KeyError:
            raise NotFoundError(
                f"the graph has no node {name!r}", fix=suggestion(name, self.by_name)
            ) from None

    def get_operations(self) -> list[Node]:
        return list(self.nodes)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """What was put into a collection; with `scope` only what has a name that begins with this pattern."""
        found = list(self.collections.get(name, ()))
        return found if scope is None else [x for x in found if re.match(scope, getattr(x, "name", ""))]

    def get_collection_ref(self, name: str) -> list[Any]:
        """The collection itself, to be changed."""
        return self.collections.setdefault(name, [])

    def add_to_collection(self, name: str, value: Any) -> None:
        self.collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Iterable[str], value: Any) -> None:
        for name in [names] if isinstance(names, str) else names:
            self.add_to_collection(name, value)

    def get_all_collection_keys(self) -> list[str]:
        return [name for name, items in self.collections.items() if items]

    def get_name_scope(self) -> str:
        """The scope that is put before names now, without the final slash."""
        return self._scope.removesuffix("/")

    def __str__(self) -> str:
        from .show import show_nodes

        return show_nodes(self.nodes)


_global = Graph()
_always_drawing = False
_at_once: ContextVar[bool] = ContextVar("graphengine_at_once", default=False)
_stack: ContextVar[tuple[Graph, ...]] = ContextVar("graphengine_graphs", default=())


def get_default_graph() -> Graph:
    """The graph that receives nodes now: the innermost ``as_default()``, or the process's own."""
    stack = _stack.get()
    return stack[-1] if stack else _global


def seed_of(graph: Graph) -> int | None:
    """The seed set for a graph; else that set outside all graphs, which is the process's own graph's."""
    return _global.seed if graph.seed is None else graph.seed


def is_drawing() -> bool:
    """Whether ops add nodes even if all of their operands have values: inside ``as_default()``, or always."""
    return bool(_stack.get()) or (_always_drawing and not _at_once.get())


@contextmanager
def no_graph() -> Iterator[None]:
    """Compute at once inside the ``with`` block, whatever graph is being drawn around it."""
    token = _stack.set(())
    try:
        yield
    finally:
        _stack.reset(token)


@contextmanager
def at_once() -> Iterator[None]:
    """As `no_graph`, also in a process that draws always."""
    token = _at_once.set(True)
    try:
        with no_graph():
            yield
    finally:
        _at_once.reset(token)


def draw_always() -> None:
    """From now on ops add nodes in this process, whatever their operands are: TensorFlow 1's way."""
    global _always_drawing
    _always_drawing = True


def is_drawing_always() -> bool:
    """Whether `draw_always` was called."""
    return _always_drawing


def receiving_graph(graph: Graph) -> Graph:
    """The graph that receives nodes made now from tensors of `graph`: it, or the body inside it that is being drawn."""
    stack = _stack.get()
    return stack[-1] if stack and stack[-1].receives(graph) else graph


def reset_default_graph() -> None:
    """Start over with an empty global graph.

    Raises
    ------
    InvalidArgumentError inside an ``as_default()`` block.
    """
    global _global
    if _stack.get():
        raise InvalidArgumentError("reset_default_graph() inside `with graph.as_default():`")
    _global = Graph()
