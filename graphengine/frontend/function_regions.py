"""Python functions as regions of a graph: each is called once, on symbols."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import dtypes
from ..errors import InvalidArgumentError
from ..ir.dims import UNKNOWN, Shape
from ..ir.eager import EagerTensor
from ..ir.graph import Graph, get_default_graph, is_drawing
from ..ir.node import Node, Tensor
from ..ir.region import Region
from ..ops.body import Body
from ..ops.control import check_kept
from ..ops.state import Placeholder
from .build import convert_to_tensor
from .structure import Structure, flatten
from .variables import Variable

Traced = tuple[Region, list[Tensor], Structure]


class Like:
    """Type and shape of a tensor that does not exist."""

    def __init__(self, dtype: dtypes.DType, shape: Shape) -> None:
        self.dtype = dtype
        self.shape = shape


def loosened(values: Sequence[Tensor], shapes: Sequence[Shape | None]) -> tuple[list[Any], tuple[int, ...]]:
    """Types of what a step is given, and which values may change their sizes: those whose shapes leave one open.

    shapes : for each value its shape in all steps, or None if it keeps its sizes; empty if all do

    Raises
    ------
    InvalidArgumentError if there is not a shape for each value; ShapeError if one does not fit.
    """
    if not shapes:
        return list(values), ()
    if len(shapes) != len(values):
        raise InvalidArgumentError(f"{len(shapes)} shape_invariants for {len(values)} loop variables", op="while_loop")
    likes = [t if s is None else Like(t.dtype, s) for t, s in zip(values, shapes, strict=True)]
    for k, (t, like) in enumerate(zip(values, likes, strict=True)):
        check_kept(f"carried value {k}", like, t)
    return likes, tuple(k for k, s in enumerate(shapes) if s is not None and (s.rank is None or None in s))


def next_values(returned: Any, before: Sequence[Any], name: str, function: str, what: str) -> list[Any]:
    """The next values of what is carried from step to step.

    In a graph they keep type and sizes; at once only their type, as in TensorFlow.
    """
    given = flatten(returned)[1]
    if len(given) != len(before):
        raise InvalidArgumentError(f"{function} returns {len(given)} values for {len(before)} {what}", op=name,
                                   fix="return the next value of each")
    following = [_as_tensor(x, like) for x, like in zip(given, before, strict=True)]
    for k, (old, new) in enumerate(zip(before, following, strict=True)):
        check_kept(f"carried value {k}", old, new if isinstance(new, Tensor) else Like(new.dtype, UNKNOWN))
    return following


def _as_tensor(x: Any, like: Any) -> Any:
    """A result as a tensor, of the graph if one is drawn; numbers take the type that is wanted."""
    is_typed = isinstance(x, (Tensor, EagerTensor, Variable))
    tensor = convert_to_tensor(x) if is_typed else convert_to_tensor(x, like.dtype)
    return get_default_graph().adopt(tensor) if is_drawing() else tensor


def is_at_once(tensors: Sequence[Any]) -> bool:
    """Whether all tensors have values, and no graph is drawn."""
    return not is_drawing() and all(isinstance(t, EagerTensor) for t in tensors)


def adopted(graph: Graph, tensors: Sequence[Any]) -> list[Tensor]:
    with graph.as_default():
        return [graph.adopt(convert_to_tensor(t)) for t in tensors]


def region_of(graph: Graph, function: Callable[..., Any], inputs: Sequence[Any], label: str) -> Traced:
    """The region of a function called on placeholders like `inputs`, what it captured, and its results' structure."""
    body = Body(graph)
    with body.as_default():
        own = [body.add(Placeholder(t.dtype, t.shape), (), f"{label}_{k}").outputs[0] for k, t in enumerate(inputs)]
        structure, leaves = flatten(function(*own))
        outputs = [] if leaves == [None] else [_output(x) for x in leaves]
    region, captures = body.region(own, outputs)
    return region, captures, structure


def _output(x: Any) -> Tensor:
    if isinstance(x, Node):
        raise InvalidArgumentError(f"{x.name} is an operation, not a tensor", fix="return a tensor, or None")
    return get_default_graph().adopt(convert_to_tensor(x))


def filled(structure: Structure, results: Sequence[Any], node: Node | None) -> Any:
    """Results in their structure; the node itself where there are none."""
    return structure.fill(results) if results else node
