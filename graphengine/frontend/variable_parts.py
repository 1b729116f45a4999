"""Assigning to parts of variables: ``v[2:].assign(x)``.

What `Variable.__getitem__` gives remembers the variable and the index; other tensors have no `assign`.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..errors import ShapeError
from ..ir.eager import EagerTensor
from ..ir.graph import is_drawing, receiving_graph
from ..ir.node import Tensor
from ..ir.source import user_line
from ..ops import state
from ..ops.apply import as_array, build
from ..ops.indexing import as_index, python_index
from ..ops.language import L
from ..ops.scatter import AssignSlices
from .build import convert_to_tensor
from .store import ON_SHARED
from .variables import Variable


def assign_part(variable: Variable, index: Any, value: Any, op: Any) -> Any:
    """Change the part of a variable that an index names: at once, or where a graph is drawn when that runs.

    Parameters
    ----------
    value : broadcasts to the part
    op : what the new value of an element is

    Returns
    -------
    The variable, or where a graph is drawn a tensor with its new value.

    Raises
    ------
    ShapeError if the value does not broadcast to the part; DTypeError if it is of another type.
    """
    if variable.storage is None or is_drawing() or isinstance(value, Tensor):
        return _drawn(variable, index, value, op)
    own = variable.array
    place = python_index(as_index(index))
    given = as_array(getattr(value, "array", value), variable.dtype, op.name, "value")
    try:
        with variable.storage.lock, ON_SHARED:
            own[place] = op.updated(own[place], np.broadcast_to(given, np.shape(own[place])))
    except ValueError:
        raise ShapeError(f"the part of the variable has shape {np.shape(own[place])}, the value {given.shape}",
                         op=op.name, node=variable.name, at=str(user_line())) from None
    return variable


def _drawn(variable: Variable, index: Any, value: Any, op: Any) -> Any:
    """Other elements at the places that the index names."""
    graph = receiving_graph(value.graph if isinstance(value, Tensor) else variable.graph)
    with graph.as_default():
        places = L.positions(variable.shape.numbers())[index]
        given = L.reshape(L.broadcast_like(convert_to_tensor(value, variable.dtype), places), (-1,))
        combine = {state.Assign: "update", state.AssignAdd: "add", state.AssignSub: "sub"}[type(op)]
        return assign_slices(variable, L.reshape(places, (-1, 1)), given, AssignSlices(combine, flat=True))


def assign_slices(variable: Variable, places: Any, updates: Any, op: AssignSlices, name: str | None = None) -> Any:
    """Change slices of a variable at places: at once, or where a graph is drawn when that runs.

    Returns
    -------
    The variable, or where a graph is drawn a tensor with its new value.
    """
    tensors = [x for x in (places, updates) if isinstance(x, Tensor)]
    if variable.storage is None or is_drawing() or tensors:
        graph = receiving_graph(tensors[0].graph if tensors else variable.graph)
        return build(op, (variable.handle_in(graph.root), places, updates), name, graph)
    with variable.storage.lock, ON_SHARED:
        return variable.assign(op.updated(variable, places, updates))


class IndexedSlices(NamedTuple):
    """Slices of a tensor, and where along its first axis they are: what `Variable.scatter_add` and the like take, and
    optimizers as a gradient.

    Shapes
    ------
    values : (n, ...)
    indices : (n,)
    """

    values: Any
    indices: Any
    dense_shape: Any = None

    def among(self, rows: Any) -> Any:
        """The tensor of `rows` slices: those of one index are added, the others are 0."""
        return L.unsorted_segment_sum(convert_to_tensor(self.values), convert_to_tensor(self.indices), rows)


def _nd_change(combine: str) -> Callable[..., Any]:
    def scatter(self: Variable, indices: Any, updates: Any, name: str | None = None) -> Any:
        return assign_slices(self, indices, convert_to_tensor(updates, self.dtype), AssignSlices(combine), name)

    scatter.__doc__ = f"`tensor_scatter_nd_{combine}` on the variable: {_RESULT}"
    return scatter


def _row_change(combine: str) -> Callable[..., Any]:
    def scatter(self: Variable, sparse_delta: Any, use_locking: bool = False, name: str | None = None) -> Any:
        places = L.expand_dims(sparse_delta.indices, -1)
        rows = convert_to_tensor(sparse_delta.values, self.dtype)
        return assign_slices(self, places, rows, AssignSlices(combine), name)

    scatter.__doc__ = f"`tensor_scatter_nd_{combine}` on slices of the variable, given as `IndexedSlices`: {_RESULT}"
    return scatter


_RESULT = "the variable, or where a graph is drawn a tensor with its new value."

for _combine in ("update", "add", "sub", "max", "min"):
    for _name, _method in ((f"scatter_nd_{_combine}", _nd_change(_combine)),
                           (f"scatter_{_combine}", _row_change(_combine))):
        _method.__name__, _method.__qualname__ = _name, f"Variable.{_name}"
        setattr(Variable, _name, _method)


def _assigning(op: Any) -> property:
    def bound(self: Any) -> Callable[..., Any]:
        try:
            variable, index = self.part
        except AttributeError:
            problem = f"{self!r} is no part of a variable, such as v[2:], so it has no {op.name!r}"
            raise AttributeError(problem) from None
        return lambda value, use_locking=False, name=None, read_value=True: assign_part(variable, index, value, op)

    return property(bound)


for _kind in (EagerTensor, Tensor):
    for _op in (state.Assign(), state.AssignAdd(), state.AssignSub()):
        setattr(_kind, _op.name, _assigning(_op))
