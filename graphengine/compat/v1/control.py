"""Choices, loops, scopes of names, and tensors that are printed or checked when they are computed."""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from ...errors import InvalidArgumentError
from ...frontend import control, printing
from ...frontend.asserting import check_numerics
from ...frontend.build import control_dependencies, convert_to_tensor
from ...frontend.calls import numpy_function
from ...ir.graph import get_default_graph, is_drawing
from ...ops.body import changes_variables
from ...ops.language import L
from ...ops.state import SEEN


def cond(
    pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
    strict: bool = False, name: str | None = None, fn1: Callable[[], Any] | None = None,
    fn2: Callable[[], Any] | None = None,
) -> Any:
    """What one of two functions returns; without `strict`, a list of one value is that value."""
    return _single(control.cond(pred, true_fn or fn1, false_fn or fn2, name), strict)


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
    maximum_iterations: int | None = None, return_same_structure: bool = False,
) -> Any:
    """Apply `body` to `loop_vars` while `cond` holds; without `return_same_structure`, one value comes as it is."""
    found = control.while_loop(cond, body, loop_vars, shape_invariants, maximum_iterations=maximum_iterations,
                               name=name)
    return _single(found, return_same_structure)


def _single(found: Any, is_kept: bool) -> Any:
    return found[0] if isinstance(found, (list, tuple)) and len(found) == 1 and not is_kept else found


def name_scope(
    name: str | None = None, default_name: str | None = None, values: Any = None
) -> AbstractContextManager[str]:
    """Put ``name/``, or ``default_name/`` if it is None, before the names of nodes made inside."""
    return get_default_graph().name_scope(default_name if name is None else name)


@contextmanager
def op_scope(values: Any, name: str | None, default_name: str | None = None) -> Iterator[str]:
    """`name_scope` with its arguments in another order."""
    with name_scope(name, default_name) as scope:
        yield scope


def Print(
    input_: Any, data: Any, message: str | None = None, first_n: int | None = None, summarize: int | None = None,
    name: str | None = None,
) -> Any:
    """The tensor itself; each time that it is computed, `data` is printed with a text before it.

    Parameters
    ----------
    first_n : print so many times only; always if None
    summarize : elements to show at both ends of each axis
    """
    left = [-1 if first_n is None else first_n]

    class Stream:
        @staticmethod
        def write(text: str) -> None:
            if left[0]:
                sys.stderr.write(text)
                left[0] -= text.endswith("\n")

        @staticmethod
        def flush() -> None:
            """Nothing is kept back."""

    x = convert_to_tensor(input_)
    shown = printing.print_(message or "", *data, output_stream=Stream(), summarize=summarize or 3, sep="")
    if shown is None:
        return x
    with control_dependencies([shown] if not isinstance(shown, (list, tuple)) else list(shown)):
        return L.identity(x, name=name)


def verify_tensor_all_finite(t: Any = None, msg: str = "", name: str | None = None, x: Any = None) -> Any:
    """The tensor itself; an error, when run, if an element is NaN or infinite."""
    return check_numerics(t if x is None else x, msg, name)


def add_check_numerics_ops() -> Any:
    """A node that fails, when run, if a tensor of the graph has NaN or infinity; variables are left out."""
    graph = get_default_graph()
    found = [t for n in graph.nodes if not isinstance(n.op, SEEN) and not changes_variables(n)
             for t in n.outputs if t.dtype.is_floating]
    names = [t.name for t in found]

    def check(*arrays: Any) -> None:
        for name, x in zip(names, arrays, strict=True):
            if not np.isfinite(x).all():
                raise InvalidArgumentError(f"{name} : Tensor had NaN or Inf values", op="add_check_numerics_ops")

    return numpy_function(check, found, [])


def executing_eagerly_outside_functions() -> bool:
    """Whether ops compute at once where no function is traced."""
    return not is_drawing() or bool(get_default_graph().root.in_order)


FUNCTIONS: dict[str, Any] = {f.__name__: f for f in (
    Print, add_check_numerics_ops, cond, executing_eagerly_outside_functions, name_scope, op_scope,
    verify_tensor_all_finite, while_loop)}
