"""What a program can say about the conversion of its functions."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .convert import LEFT_ALONE

__all__ = ["do_not_convert", "set_loop_options"]


def do_not_convert(func: Callable[..., Any] | None = None) -> Any:
    """A decorator: the function runs as it is written, also while a graph is drawn."""
    if func is None:
        return do_not_convert
    setattr(func, LEFT_ALONE, True)
    return func


def set_loop_options(
    parallel_iterations: Any = None, swap_memory: Any = None, maximum_iterations: int | None = None,
    shape_invariants: Any = None,
) -> None:
    """As the first line of a ``while`` or ``for`` on tensors: what `while_loop` is to know.

    Parameters
    ----------
    maximum_iterations : most steps, an int; a gradient through a ``while`` takes less time with it
    shape_invariants : pairs of a variable and its shape in all steps, None for sizes that may change
    parallel_iterations, swap_memory : accepted for TensorFlow's sake
    """
    del parallel_iterations, swap_memory, maximum_iterations, shape_invariants     # conversion has taken them
