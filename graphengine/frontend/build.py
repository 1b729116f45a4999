"""Functions that build graphs beside the ops themselves: sources, scopes, groups, gradients."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from .. import autodiff, dtypes
from ..dtypes import as_dtype
from ..errors import DTypeError, InvalidArgumentError, ShapeError
from ..ir.eager import EagerTensor
from ..ir.graph import get_default_graph, is_drawing, no_graph, receiving_graph
from ..ir.node import Node, Tensor
from ..ir.operand import Operand
from ..ops.language import L
from ..ops.operands import AT_ONCE, InGraph, as_array, constant_tensor, packed
from ..ops.state import NoOp, Placeholder
from .variables import Variable, tensor_of


def placeholder(dtype: Any, shape: Any = None, name: str | None = None) -> Tensor:
    """A value that is fed at each run.

    Parameters
    ----------
    dtype : type of its elements
    shape : sizes, None where they differ from run to run; None for any number of axes

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.placeholder(tf.float32, [None, 4], name="x"))
    Tensor("x:0", shape=(None, 4), dtype=float32)
    """
    return get_default_graph().add(Placeholder(dtype, shape), (), name).outputs[0]


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """A value that does not change: an eager tensor, or while a graph is drawn a part of it.

    Parameters
    ----------
    value : number, nested list or array
    dtype : type of the elements; float32 for Python floats and int32 for Python integers if None
    shape : shape to give the elements; one number fills it

    Raises
    ------
    DTypeError if the numbers do not go into `dtype`; ShapeError if they do not fill `shape`.
    """
    array = as_array(value, None if dtype is None else as_dtype(dtype), "constant")
    if shape is not None:
        sizes = tuple(int(s) for s in ([shape] if isinstance(shape, int) else shape))
        if array.size not in (1, int(np.prod(sizes))):
            raise ShapeError(f"{array.size} elements do not fill shape {sizes}", op="constant")
        array = np.broadcast_to(array, sizes) if array.size == 1 else array.reshape(sizes)
    if not is_drawing():
        return EagerTensor(np.array(array))
    return constant_tensor(array, get_default_graph(), name or "Const")


def convert_to_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """`value` as a tensor of the default graph; a tensor is returned as it is, a list that holds tensors is stacked.

    Raises
    ------
    DTypeError if `value` is a tensor or variable of another type than `dtype`.
    """
    kind = value.dtype if isinstance(value, (Tensor, EagerTensor, Variable)) else None
    if kind is not None and dtype is not None and kind is not as_dtype(dtype):
        raise DTypeError(f"a tensor of {kind.name} is no tensor of {as_dtype(dtype).name}", op="convert_to_tensor",
                         fix="cast(value, dtype)")
    if isinstance(value, Tensor):
        return value
    if isinstance(value, (EagerTensor, Variable)):
        if value.has_value and not is_drawing():
            return value if isinstance(value, EagerTensor) else value.read_value()
        return InGraph(receiving_graph(value.graph) if isinstance(value, Variable) else get_default_graph()).take(value)
    if isinstance(value, (list, tuple)) and any(isinstance(x, Operand) for x in _flat(value)):
        return packed(value, InGraph(get_default_graph()) if is_drawing() else AT_ONCE,
                      None if dtype is None else as_dtype(dtype), name)
    return constant(value, dtype, name=name)


def init_scope() -> AbstractContextManager[None]:
    """A ``with`` block outside of the graphs being drawn: variables made inside have their values at once."""
    return no_graph()


def executing_eagerly() -> bool:
    """Whether ops compute at once: no graph is being drawn."""
    return not is_drawing()


def fill(dims: Any, value: Any, name: str | None = None) -> Tensor:
    """A tensor of shape `dims` all of whose elements are `value`."""
    return L.broadcast_to(convert_to_tensor(value), dims, name=name)  # type: ignore[no-any-return]


def zeros(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Zeros."""
    return fill(shape, constant(0, dtype), name)


def ones(shape: Any, dtype: Any = dtypes.float32, name: str | None = None) -> Tensor:
    """Ones."""
    return fill(shape, constant(1, dtype), name)


def no_op(name: str | None = None) -> Node:
    """A node that does nothing."""
    return get_default_graph().add(NoOp(), (), name)


def group(*inputs: Any, name: str | None = None) -> Any:
    """A node that is done when all of `inputs` (nodes, tensors, variables, lists of them) are; None of what is done."""
    graph = get_default_graph()
    if not is_drawing() and inputs and all(isinstance(i, EagerTensor) for i in _flat(inputs)):
        return None
    return graph.add(NoOp(), (), name or "group_deps", [graph.as_node(i) for i in _flat(inputs)])


def _flat(items: Any) -> Iterator[Any]:
    for item in items:
        if isinstance(item, (list, tuple)):
            yield from _flat(item)
        else:
            yield item


@contextmanager
def name_scope(name: str | None) -> Iterator[str]:
    """Put ``name/`` before the names of nodes made inside."""
    with get_default_graph().name_scope(name) as scope:
        yield scope


def control_dependencies(control_inputs: Sequence[Any] | None) -> AbstractContextManager[None]:
    """Nodes made inside the ``with`` block run after `control_inputs`; what is computed already has run."""
    left = None if control_inputs is None else [x for x in control_inputs if not isinstance(x, EagerTensor)]
    return get_default_graph().control_dependencies(left)


def gradients(
    ys: Any, xs: Any, grad_ys: Any = None, name: str = "gradients", stop_gradients: Any = None
) -> list[Tensor | None]:
    """Gradient of the sum of all elements of `ys` with respect to each of `xs`.

    Parameters
    ----------
    ys : tensor or list of tensors, float
    xs : tensor, variable, or list of them
    grad_ys : for each y the gradient that reaches it, of its shape; ones if None
    stop_gradients : tensors taken as constants

    Returns
    -------
    For each x a tensor of its shape, or None where no differentiable path leads from it to a y.

    Raises
    ------
    GradientError if a y is not float.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.placeholder(tf.float32, [])
    ...     (slope,) = tf.gradients(x * x * x, [x])
    ...     print(tf.Session().run(slope, {x: 2.0}))
    12.0
    """
    del name
    seeds = None if grad_ys is None else list(_flat([grad_ys]))
    stops = [tensor_of(t) for t in _flat([stop_gradients or []])]
    return autodiff.gradients(
        [tensor_of(y) for y in _flat([ys])], [_handle(x) for x in _flat([xs])], seeds, stops
    )


def _handle(x: Any) -> Tensor:
    if isinstance(x, Variable):
        return x.handle
    if not isinstance(x, Tensor):
        raise InvalidArgumentError(f"{x!r} is no tensor or variable", op="gradients")
    return x
