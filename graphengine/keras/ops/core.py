"""What is asked of tensors, and functions that take functions."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ...frontend import control, folds
from ...frontend.structure import flatten
from ...frontend.variables import Variable
from ...ir.eager import EagerTensor
from ...ir.node import Tensor
from ...ops.language import L
from .promotion import numbers, tensor


def convert_to_tensor(x: Any, dtype: Any = None, sparse: Any = None, ragged: Any = None) -> Any:
    """A value as a tensor."""
    return tensor(x, dtype)


def convert_to_numpy(x: Any) -> np.ndarray[Any, Any]:
    """The numbers of a tensor."""
    return np.asarray(x)


def is_tensor(x: Any) -> bool:
    """Whether a value is a tensor."""
    return isinstance(x, (EagerTensor, Tensor, Variable))


def cast(x: Any, dtype: Any) -> Any:
    """The tensor in another dtype."""
    return L.cast(tensor(x), dtype)


def saturate_cast(x: Any, dtype: Any) -> Any:
    """The tensor in another dtype; what is too large for it becomes its largest number."""
    return L.saturate_cast(numbers(x), dtype)


def shape(x: Any) -> tuple[Any, ...]:
    """The sizes of the axes: numbers, or tensors where they are not known before it runs."""
    found = tensor(x)
    return tuple(n if isinstance(n, int) else L.shape_of(found)[k] for k, n in enumerate(found.shape))


def dtype(x: Any) -> str:
    """The name of a tensor's dtype."""
    return str(tensor(x).dtype.name)


def ndim(x: Any) -> int:
    """The number of axes."""
    return int(tensor(x).rank)


def size(x: Any) -> Any:
    """The number of elements."""
    return L.size_of(tensor(x))


# -------------------------------------------------------------------- functions of functions

def cond(pred: Any, true_fn: Callable[[], Any], false_fn: Callable[[], Any]) -> Any:
    """What one function returns where a condition holds, what the other returns where not."""
    return control.cond(tensor(pred), true_fn, false_fn)


def switch(index: Any, branches: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """What the function of this number returns for operands."""
    index = L.clip_by_value(tensor(index), 0, len(branches) - 1)
    return control.switch_case(index, [lambda f=f: f(*operands) for f in branches])


def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, maximum_iterations: int | None = None,
) -> Any:
    """A function of variables again and again while a condition holds."""
    several = isinstance(loop_vars, (tuple, list))
    begin = tuple(loop_vars) if several else (loop_vars,)

    def step(*state: Any) -> Any:
        following = body(*state)
        return tuple(following) if isinstance(following, (tuple, list)) else (following,)

    found = control.while_loop(cond, step, [tensor(x) for x in begin], maximum_iterations=maximum_iterations)
    return tuple(found) if several else found[0]


def fori_loop(lower: Any, upper: Any, body_fun: Callable[[Any, Any], Any], init_val: Any) -> Any:
    """A function of a number, counted from `lower` to before `upper`, and of a state."""
    structure, leaves = flatten(init_val)

    def step(k: Any, *state: Any) -> list[Any]:
        return [k + 1, *flatten(body_fun(k, structure.fill(list(state))))[1]]

    end = tensor(upper)
    begin = [tensor(lower, end.dtype), *(tensor(x) for x in leaves)]
    found = control.while_loop(lambda k, *state: k < end, step, begin)
    return structure.fill(list(found[1:]))


def scan(f: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: int | None = None, reverse: bool = False,
         unroll: int = 1) -> Any:
    """Steps along the first axes of `xs`: the last state, and what each step gave besides, along a new axis."""
    if xs is None:
        counted = tensor(np.arange(length or 0))
        return folds.recurrence(lambda state, _: f(state, None), counted, init, reverse=reverse)
    return folds.recurrence(f, xs, init, reverse=reverse)


def map(f: Callable[[Any], Any], xs: Any) -> Any:
    """A function of each slice along the first axis, the results along a new one."""
    return folds.map_fn(f, xs)


def vectorized_map(function: Callable[[Any], Any], elements: Any) -> Any:
    """A function of each slice along the first axis; see `map`."""
    return folds.map_fn(function, elements)
