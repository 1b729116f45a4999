"""What a program can ask about where it is: the scope, the graph, the time; and tensors that are there together."""
from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import InvalidArgumentError
from ..ir.graph import get_default_graph, is_drawing
from ..ir.node import Tensor
from ..ops.language import L
from .build import constant, control_dependencies, convert_to_tensor, group
from .calls import numpy_function


def get_current_name_scope() -> str:
    """The names of the scopes around, ``a/b``; the empty string outside of all."""
    return get_default_graph().get_name_scope()


def get_logger() -> logging.Logger:
    """The logger of this package, Python's own."""
    return logging.getLogger(__name__.partition(".")[0])


def inside_function() -> bool:
    """Whether a `function` is being traced."""
    return is_drawing() and get_default_graph().root.in_order


def is_symbolic_tensor(tensor: Any) -> bool:
    """Whether a value is a tensor of a graph, which has no value while the graph is drawn."""
    return isinstance(tensor, Tensor)


def timestamp(name: str | None = None) -> Any:
    """Seconds since 1970, float64; in a graph those when it runs."""
    if not is_drawing():
        return constant(time.time(), dtypes.float64)
    now = numpy_function(lambda: np.asarray(time.time()), [], dtypes.float64, name=name or "timestamp")
    now.set_shape(())
    return now


def tuple(tensors: Sequence[Any], control_inputs: Any = None, name: str | None = None) -> list[Any]:
    """Tensors that are there together: in a graph each only after all others, and after `control_inputs`.

    Entries that are None stay so.

    Raises
    ------
    InvalidArgumentError if there is no tensor.
    """
    given = [None if x is None else convert_to_tensor(x) for x in tensors]
    if not is_drawing() and not any(isinstance(x, Tensor) for x in given):
        return given
    known = [x for x in given if x is not None]
    if not known:
        raise InvalidArgumentError("there is no tensor among the tensors", op="tuple")
    gate = group(*known, *(control_inputs or ()), name=name or "tuple")
    with control_dependencies([gate]):
        return [None if x is None else L.identity(x) for x in given]


def enable_op_determinism() -> None:
    """Nothing: kernels compute in the same order in each run."""


def dimension_value(dimension: Any) -> Any:
    """The size itself: an entry of a shape is a number, or None."""
    return dimension if dimension is None or isinstance(dimension, int) else getattr(dimension, "value", dimension)


def dimension_at_index(shape: Any, index: int) -> Any:
    """An entry of a shape; None if not even the number of axes is known."""
    return None if shape.rank is None else shape[index]
