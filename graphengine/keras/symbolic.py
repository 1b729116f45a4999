"""Symbols that layers and `keras.ops` are called on: a graph of their own, in which each call is remembered.

`Input` makes a symbol. A layer called on symbols draws its nodes, so that shapes and types of results are known, and
the call is remembered; a functional model plays the calls back on other tensors. What is remembered lies with the
symbols, not with the graph: it lives as long as somebody holds one of them, or a model made of them.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from ..frontend.structure import flatten
from ..ir.graph import Graph, is_drawing
from ..ir.node import Node, Tensor
from ..ops.state import Placeholder


@dataclass(frozen=True, eq=False)
class LayerCall:
    """A layer, or an operation, called on symbols.

    index : number of nodes in the graph before the call
    """

    layer: Any
    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    outputs: tuple[Tensor, ...]
    index: int

    @property
    def inputs(self) -> list[Tensor]:
        """The symbols among the arguments."""
        return [x for x in flatten((self.args, dict(self.kwargs)))[1] if is_symbol(x)]


class SymbolicNode(Node):
    """A node of the graph of symbols.

    calls : for the place of a result the call that it came from
    masks : for the place of a result which steps of it count
    """

    __slots__ = ("calls", "masks")

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.calls: dict[int, LayerCall] = {}
        self.masks: dict[int, Any] = {}


class _Forgetful(dict[int, Tensor]):
    """Keeps nothing: a handle would keep its variable."""

    def __setitem__(self, key: int, value: Tensor) -> None:
        pass


class SymbolicGraph(Graph):
    """The graph of symbols. It keeps no nodes.

    as_call : what a node that a program added itself is in Keras; `operation` says it
    """

    in_order = True
    node_type = SymbolicNode
    as_call: Callable[[Node], LayerCall | None] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.shared = _Forgetful()

    def keep(self, node: Node) -> None:
        if not is_drawing():                    # a program's own operator or function, outside of calls
            call = None if self.as_call is None else self.as_call(node)
            if call is not None:
                note(call)
                call.layer.calls_on_symbols.append(call)

    @contextmanager
    def call(self, layer: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[list[Any]]:
        """A ``with`` block that draws a call; what is appended to its list, the result, is remembered as the call's."""
        index = self.made
        found: list[Any] = []
        with self.as_default(), self.name_scope(layer.name):
            yield found
        outputs = tuple(x for x in flatten(found)[1] if is_symbol(x))
        made = LayerCall(layer, tuple(args), dict(kwargs), outputs, index)
        note(made)
        layer.calls_on_symbols.append(made)


def note(call: LayerCall) -> None:
    """Remember a call with its results."""
    for t in call.outputs:
        t.node.calls[t.position] = call  # type: ignore[attr-defined]


def call_of(t: Tensor) -> LayerCall | None:
    """The call that a symbol came from, if it was one."""
    return t.node.calls.get(t.position)  # type: ignore[attr-defined, no-any-return]


def is_symbol(x: Any) -> bool:
    return isinstance(x, Tensor) and isinstance(x.graph, SymbolicGraph)


def get_source_inputs(tensor: Any) -> Any:
    """The symbols of `Input` that a symbol comes from, in a list; anything else as it is."""
    if not is_symbol(tensor):
        return tensor
    found: dict[int, Tensor] = {}
    seen: set[int] = set()
    stack = [tensor]
    while stack:
        t = stack.pop()
        if id(t) in seen:
            continue
        seen.add(id(t))
        call = call_of(t)
        before = list(t.node.inputs) if call is None else call.inputs
        if not before and (call is not None or isinstance(t.node.op, Placeholder)):
            found[id(t)] = t
        stack.extend(reversed(before))
    return list(found.values())


_current = SymbolicGraph()


def symbolic_graph() -> SymbolicGraph:
    """The graph in which symbols are made now."""
    return _current


def clear_session(free_memory: bool = True) -> None:
    """Begin the names of layers, and of symbols, anew."""
    from .naming import restart_names

    global _current
    del free_memory
    _current = SymbolicGraph()
    restart_names()
