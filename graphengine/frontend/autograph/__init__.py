"""Python's ``if``, ``while`` and ``for`` on tensors, as TensorFlow's AutoGraph has them.

A `function` is rewritten before it is traced, and so are the functions of the user's own files that it calls: where the
test of a statement is a tensor, the statement becomes a branch or a loop of the graph; otherwise Python runs it.

Examples
--------
>>> import graphengine as tf
>>> @tf.function
... def collatz(n):
...     steps = 0
...     while n > 1:
...         if n % 2 == 0:
...             n = n // 2
...         else:
...             n = 3 * n + 1
...         steps += 1
...     return steps
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import experimental
from .convert import callee, source

__all__ = ["experimental", "to_code", "to_graph", "trace"]


def to_graph(entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None) -> Any:
    """The Python function that `function` traces for this one.

    Parameters
    ----------
    entity : a function or method with source
    recursive, experimental_optional_features : accepted for TensorFlow's sake; what it calls is converted, too
    """
    del recursive, experimental_optional_features
    return callee(getattr(entity, "python_function", entity))


def to_code(entity: Callable[..., Any], recursive: bool = True, experimental_optional_features: Any = None) -> str:
    """The source of what `to_graph` gives, to read.

    Raises
    ------
    ValueError for a function without source.
    """
    del recursive, experimental_optional_features
    return source(entity)


def trace(*args: Any) -> None:
    """Print values while a function is traced, once for each trace: ``Tensor("x:0", dtype=float32)``."""
    print(*args)
