"""Graphs as text: one equation a line, in the order in which they would run."""
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .dims import Shape
from .node import Node, Tensor


def show_attribute(value: Any) -> str:
    text = str(value) if isinstance(value, Shape) else getattr(value, "name", None) or repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def show_node(node: Node) -> str:
    """``add = add(x, b)   float32 (None, 4)``"""
    parts = [short_name(t) for t in node.inputs]
    parts += [f"{key}={show_attribute(value)}" for key, value in node.op.changed_attributes().items()]
    results = ", ".join(f"{t.dtype.name} {t.shape}" for t in node.outputs)
    after = f"  after {', '.join(n.name for n in node.control_inputs)}" if node.control_inputs else ""
    return f"{node.name} = {node.op.name}({', '.join(parts)})   {results}{after}"


def short_name(tensor: Tensor) -> str:
    return tensor.name if tensor.position else tensor.node.name


def show_nodes(nodes: Iterable[Node]) -> str:
    return "\n".join(show_node(n) for n in nodes)
