"""The graph of a loop's body or of a branch while the user draws it, and the region that it becomes.

Tensors of the graphs around it may be used: each becomes an input of the region (a capture); small constants are
copied. Inside a body things happen in the order in which they are written, as in a Python function: a read of a
variable sees the assignments above it.
"""
from __future__ import annotations

from collections.abc import Sequence

from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ir.region import Region, copy_nodes
from .kinds import Control, Dynamic, Effect
from .state import Const, Kept, Placeholder, ReadVariable, State

COPIED = 16                                 # elements of a constant that is copied rather than captured


class Body(Graph):
    """A graph drawn inside another.

    outer : the graph around it
    captures : tensors of the outer graph, and the placeholder that stands for each
    """

    in_order = True

    def __init__(self, outer: Graph) -> None:
        super().__init__()
        self.outer = outer
        self.captures: list[tuple[Tensor, Tensor]] = []
        self.handles: dict[str, Tensor] = {}            # variable -> its handle in the outer graph
        self._known: dict[int, Tensor] = {}

    @property
    def root(self) -> Graph:
        return self.outer.root

    def receives(self, graph: Graph) -> bool:
        return graph is self or self.outer.receives(graph)

    def adopt(self, tensor: Tensor) -> Tensor:
        if tensor.node.graph is self:
            return tensor
        if not self.outer.receives(tensor.node.graph):
            return super().adopt(tensor)
        if id(tensor) not in self._known:
            self._known[id(tensor)] = self._adopted(self.outer.adopt(tensor))
        return self._known[id(tensor)]

    def input(self, like: Tensor, name: str) -> Tensor:
        """A new placeholder of another tensor's type and shape."""
        return self.add(Placeholder(like.dtype, like.shape), (), name).outputs[0]

    def _adopted(self, tensor: Tensor) -> Tensor:
        op = tensor.node.op
        with self.name_scope(None):
            if isinstance(op, (Kept, State)):
                name = variable_name(tensor)
                self.handles[name] = tensor
                return self.add(State(name, tensor.dtype, tensor.shape), (), f"{name}/handle").outputs[0]
            if is_small_constant(tensor):
                return self.add(op, (), tensor.node.name).outputs[0]
            inner = self.input(tensor, tensor.node.name)
        self.captures.append((tensor, inner))
        return inner

    def region(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[Region, list[Tensor]]:
        """The finished region, and the outer tensors that it takes after `inputs`.

        A variable that the region only reads comes in as a value, so that gradients can flow to it.
        """
        changed = changed_variables(self.nodes)
        known: dict[int, Tensor] = {}
        graph = Graph()
        placeholders = [*inputs, *(inner for _, inner in self.captures)]
        outer = [t for t, _ in self.captures]
        for t in placeholders:
            name = graph.unique_name(t.node.name) + "/"
            known[id(t)] = graph.add(t.node.op, (), name, origin=t.node.origin).outputs[0]
        made = [known[id(t)] for t in placeholders]
        for node in self.nodes:
            if isinstance(node.op, State) and node.op.variable not in changed:
                handle = self.handles[node.op.variable]
                outer.append(value_of(handle, self.outer))
                name = graph.unique_name(node.op.variable) + "/"
                stands = graph.add(Placeholder(handle.dtype, handle.shape), (), name).outputs[0]
                made.append(stands)
                known[id(node.outputs[0])] = stands

        def read(node: Node, operands: Sequence[Tensor]) -> Sequence[Tensor] | None:
            is_value = isinstance(node.op, ReadVariable) and not isinstance(operands[0].node.op, State)
            return [operands[0]] if is_value else None

        copy_nodes(self.nodes, known, graph, read)
        targets = tuple(n for n in graph.nodes if acts(n))
        return Region(graph, tuple(made), tuple(known[id(t)] for t in outputs), targets), outer


def is_small_constant(tensor: Tensor) -> bool:
    """Whether a region has its own copy of this tensor instead of an operand."""
    op = tensor.node.op
    return isinstance(op, Const) and op.value.array.size <= COPIED


def variable_name(handle: Tensor) -> str:
    """The variable that a handle stands for."""
    op = handle.node.op
    return op.variable if isinstance(op, State) else handle.node.name


def value_of(handle: Tensor, graph: Graph) -> Tensor:
    """A variable's value at this point of `graph`."""
    if graph.in_order or graph.active_control:
        return graph.add(ReadVariable(), (handle,), f"{variable_name(handle)}/Read").outputs[0]
    return handle


def changes_variables(node: Node) -> bool:
    """Whether running the node assigns to a variable."""
    if isinstance(node.op, Control):
        return bool(node.op.states)
    return isinstance(node.op, Effect) and not isinstance(node.op, ReadVariable)


def calls_python(node: Node) -> bool:
    """Whether Python computes the node: a function of the user's, or one of scipy."""
    if isinstance(node.op, Control):
        return node.op.calls_python
    return isinstance(node.op, Dynamic) and not node.op.has_parts


def acts(node: Node) -> bool:
    """Whether running the node does something besides giving results."""
    return changes_variables(node) or calls_python(node)


def happens_once(node: Node) -> bool:
    """Whether running the node again may give something else, or do something that must not happen twice."""
    return isinstance(node.op, (Effect, State)) or acts(node)


def changed_variables(nodes: Sequence[Node]) -> dict[str, State]:
    """Variables that running these nodes assigns to, with type and sizes, in order."""
    found: dict[str, State] = {}
    for node in nodes:
        if isinstance(node.op, Control):
            found.update({state.variable: state for state in node.op.states})
        elif changes_variables(node):
            handle = node.inputs[0]
            name = variable_name(handle)
            found[name] = State(name, handle.dtype, handle.shape)
    return found
