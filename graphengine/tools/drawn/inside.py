"""What a card or a node is made of: its nodes, a composite's ops or the bodies of a loop come in, a graph goes out.

Nodes of the graph have names of their own, without the scope of what is opened. What they read from outside stands in
it as placeholders. Nothing outside changes.
"""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ...io.text import Mismatch
from ...io.values import attribute_types, encode, holds_regions
from ...ir.dims import Shape, SizeFacts
from ...ir.graph import Graph
from ...ir.node import Node, Tensor
from ...ops import OPS
from ...ops.kinds import Composite, Control, Op
from ...ops.state import Placeholder


@dataclass
class Inside:
    """A graph, and where it comes from.

    sources : the tensor outside that a placeholder stands for, by the placeholder's name; the name may be that of a
        port, or of a node outside
    originals : the nodes outside that were copied, by the name of the copy; none of what a composite does
    """

    graph: Graph = field(default_factory=Graph)
    sources: dict[str, Tensor] = field(default_factory=dict)
    originals: dict[str, Node] = field(default_factory=dict)

    def stand_in(self, tensor: Tensor, name: str) -> Tensor:
        """A placeholder for a tensor outside."""
        return self._placed(self.graph.unique_name(name), tensor, tensor.shape)

    def of_some_size(self, tensor: Tensor, name: str, facts: SizeFacts) -> Tensor:
        """The same, with a symbol for each size that is not known, by the name that a feed's sizes have."""
        name = self.graph.unique_name(name)
        sizes = [n if isinstance(n, int) else facts.symbol(f"{name}.{k}") for k, n in enumerate(tensor.shape)]
        return self._placed(name, tensor, Shape(sizes))

    def _placed(self, name: str, tensor: Tensor, shape: Shape) -> Tensor:
        node = self.graph.add(Placeholder(tensor.dtype, shape), (), f"{name}/")
        self.sources[name] = tensor
        return node.outputs[0]


def can_open(kind: str) -> bool:
    """Whether cards of a kind are made of others: layers, losses and metrics, composite ops, loops and branches."""
    family, _, name = kind.partition("/")
    if family == "op":
        return name in OPS and issubclass(OPS[name], (Composite, Control))
    return family in ("layer", "loss", "metric")


def inside_card(card: str, nodes: Sequence[Node], names: Mapping[int, str]) -> Inside:
    """The nodes of a card that is no op.

    Parameters
    ----------
    names : what to call tensors outside that the nodes read, by their `id`
    """
    found = Inside()
    copies = {node.name: found.graph.unique_name(node.name.removeprefix(f"{card}/")) for node in nodes}
    own = {id(t) for t in tensors_of(nodes)}
    new: dict[int, Tensor] = {}
    for tensor in (t for node in nodes for t in node.inputs):
        if id(tensor) not in own and id(tensor) not in new:
            new[id(tensor)] = found.stand_in(tensor, names.get(id(tensor), tensor.node.name.rpartition("/")[2]))
    for node in nodes:
        found.originals[copies[node.name]] = node
        _copy(node, copies[node.name], found.graph, new)
    return found


def opened(node: Node) -> Inside | None:
    """The ops that a composite stands for, or the bodies of a loop or branch; None for what is no more than itself.

    Raises
    ------
    GraphEngineError if a composite needs to know more of its operands, their rank perhaps.
    """
    op: Any = node.op
    found = Inside()
    if isinstance(op, Composite):
        facts, names = SizeFacts(), _ports(op, len(node.inputs))
        if any(t.shape.rank is None for t in node.inputs):
            return None
        operands = [found.of_some_size(t, name, facts) for t, name in zip(node.inputs, names, strict=True)]
        with found.graph.as_default():
            op.decompose(*operands)
        return found
    if isinstance(op, Control):
        for number, region in enumerate(op.regions):
            prefix = f"{op.label(number).replace(' ', '_')}/" if len(op.regions) > 1 else ""
            new: dict[int, Tensor] = {}
            for inner in region.nodes:
                _copy(inner, found.graph.unique_name(prefix + inner.name), found.graph, new)
        return found
    return None


def _copy(node: Node, name: str, graph: Graph, new: dict[int, Tensor]) -> None:
    """A copy under a name; `new` says what stands for a tensor's id, and grows by the results."""
    copied = graph.add(node.op, [new[id(t)] for t in node.inputs], f"{name}/", origin=node.origin)
    new.update({id(old): fresh for old, fresh in zip(node.outputs, copied.outputs, strict=True)})


def _ports(op: Op, count: int) -> list[str]:
    """Names of operands; those of a list are numbered."""
    names = [port.name for port in op.inputs if not port.variadic]
    many = next((port.name for port in op.inputs if port.variadic), "x")
    return [*names, *(f"{many}_{k}" for k in range(count - len(names)))][:count]


def attributes_of(node: Node) -> dict[str, Any]:
    """The attributes of a node that are not default, as files hold them; without those that they cannot hold."""
    op, found = node.op, {}
    cls: Any = type(op)
    hints = attribute_types(cls)
    for name, value in op.changed_attributes().items():
        if holds_regions(hints[name]):
            continue
        try:
            found[name] = encode(value, hints[name], name, lambda name, array: name)
        except Mismatch:
            continue                        # memory of a variable, a size that depends on feeds
    return found


def tensors_of(nodes: Iterable[Node]) -> list[Tensor]:
    """All results of some nodes."""
    return [t for node in nodes for t in node.outputs]
