"""Graphs as values: nodes, tensors, sizes, names, and where in the user's program they come from."""
from .dims import Dim, Shape, SizeFacts
from .graph import Graph, get_default_graph, reset_default_graph
from .node import Node, Tensor
from .operand import Operand
from .source import Origin

__all__ = [
    "Dim", "Graph", "Node", "Operand", "Origin", "Shape", "SizeFacts", "Tensor", "get_default_graph",
    "reset_default_graph",
]
