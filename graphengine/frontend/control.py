"""Branches and loops as functions of Python functions: each is called once, on symbols, and becomes a region.

What they build runs inside the compiled program, without a return to Python between steps.
"""
from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, DTypeError, InvalidArgumentError
from ..ir.dims import Shape
from ..ir.eager import EagerTensor
from ..ir.graph import get_default_graph
from ..ir.node import Tensor
from ..ir.region import inlined
from ..ir.source import user_line
from ..ops.choice import choose
from ..ops.control import loop
from ..ops.language import L
from ..ops.state import Kept, ReadVariable, State
from .build import convert_to_tensor
from .drawing import as_drawn
from .function_regions import adopted, filled, is_at_once, loosened, next_values, region_of
from .structure import Structure, flatten

# -------------------------------------------------------------------- branches

def cond(pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
         name: str | None = None) -> Any:
    """What `true_fn` returns where `pred` holds, else what `false_fn` returns; only that one runs.

    Parameters
    ----------
    pred : a single bool; at once also a number, which holds unless it is 0
    true_fn, false_fn : functions without arguments; they return equal structures of tensors of equal types and shapes

    Raises
    ------
    DTypeError, ShapeError if the branches' results or `pred` do not fit.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.placeholder(tf.float32, [])
    ...     y = tf.cond(x > 0.0, lambda: x * 2.0, lambda: x - 1.0)
    ...     print(tf.Session().run(y, {x: -3.0}))
    -4.0
    """
    if true_fn is None or false_fn is None:
        raise InvalidArgumentError("true_fn and false_fn have to be given", op="cond")
    found = convert_to_tensor(pred)
    is_number = isinstance(found, EagerTensor) and found.shape.rank == 0
    predicate = found if is_number else checked_predicate(found, "cond")
    if isinstance(predicate, EagerTensor):
        return true_fn() if predicate else false_fn()
    return _switch(L.where(predicate, np.int32(0), np.int32(1)), [true_fn, false_fn], name or "cond")


def checked_predicate(predicate: Any, op: str) -> Any:
    """What decides on a branch or loop, of shape (); several axes of size 1 are as good as none.

    Raises
    ------
    DTypeError unless it is a single bool.
    """
    if predicate.dtype is not dtypes.bool or (predicate.shape.rank is not None and set(predicate.shape) - {1}):
        raise DTypeError(f"pred is {predicate.dtype.name} {predicate.shape}; a single bool is needed", op=op,
                         at=str(user_line()), fix="compare, or reduce it with reduce_all")
    return L.reshape(predicate, ()) if predicate.shape.rank else predicate


def case(pred_fn_pairs: Sequence[tuple[Any, Callable[[], Any]]], default: Callable[[], Any] | None = None,
         exclusive: bool = False, strict: bool = False, name: str = "case") -> Any:
    """What the function beside the first predicate that holds returns; `default`'s result where none does.

    Parameters
    ----------
    pred_fn_pairs : pairs of a single bool and a function without arguments
    default : what to run if no predicate holds; without it one has to
    exclusive : whether it is an error that several hold; else the first of them decides
    strict : accepted for TensorFlow's sake

    Raises
    ------
    InvalidArgumentError without pairs, and, when run, if no predicate holds and there is no default, or if several do
    that are `exclusive`; DTypeError, ShapeError if results do not fit.
    """
    del strict
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    if not pairs:
        raise InvalidArgumentError("there is no pair of a predicate and a function", op="case")
    functions = [f for _, f in pairs] + ([default] if default is not None else [])
    index: Any = np.int32(len(functions) - 1)
    predicates = [convert_to_tensor(predicate) for predicate, _ in pairs]
    for k, predicate in reversed(list(enumerate(predicates))):
        index = L.where(predicate, np.int32(k), index)
    holding = functools.reduce(operator.add, [L.cast(p, dtypes.int32) for p in predicates])
    if default is None:
        index = L.checked(index, holding < 1, "none of the conditions holds, and there is no default", "case")
    if exclusive:
        index = L.checked(index, holding > 1, "more than one of the conditions holds, and they are exclusive", "case")
    if isinstance(index, EagerTensor):
        return functions[int(index)]()
    return _switch(index, functions, name)


def switch_case(branch_index: Any, branch_fns: Any, default: Callable[[], Any] | None = None,
                name: str = "switch_case") -> Any:
    """What the function at `branch_index` returns.

    Parameters
    ----------
    branch_index : a single int32
    branch_fns : functions without arguments, in order or as {index: function}
    default : for an index outside; the last function if None

    Raises
    ------
    AttributeValueError if the indices of a dict are not 0, 1, ... ; DTypeError, ShapeError if results do not fit.
    """
    functions = branch_fns
    if isinstance(branch_fns, dict) or (branch_fns and isinstance(branch_fns[0], tuple)):
        table = dict(branch_fns)
        if sorted(table) != list(range(len(table))):
            raise AttributeValueError(f"the indices are {sorted(table)}, not 0 to {len(table) - 1}", op="switch_case")
        functions = [table[k] for k in range(len(table))]
    functions = [*functions, *([default] if default is not None else [])]
    index = convert_to_tensor(branch_index)
    if isinstance(index, EagerTensor):
        k, last = int(index), len(functions) - 1
        return functions[k if 0 <= k < last else last]()
    return _switch(index, functions, name)


def _switch(index: Tensor, functions: Sequence[Callable[[], Any]], name: str) -> Any:
    graph = get_default_graph()
    with graph.name_scope(name):
        index = graph.adopt(index)
        traced = [region_of(graph, as_drawn(f), [], "branch") for f in functions]
        first = traced[0][2]
        for k, (region, _, structure) in enumerate(traced[1:], 1):
            same = len(region.outputs) == len(traced[0][0].outputs) and structure.is_leaf == first.is_leaf
            if not same:
                raise InvalidArgumentError(
                    f"branch 0 returns {len(traced[0][0].outputs)} values and branch {k} {len(region.outputs)}",
                    op=name, fix="let all branches return the same structure",
                )
        node, results = choose(graph, index, [(region, captures) for region, captures, _ in traced])
    return filled(first, results, node)


# -------------------------------------------------------------------- loops

def while_loop(
    cond: Callable[..., Any], body: Callable[..., Any], loop_vars: Any, shape_invariants: Any = None,
    parallel_iterations: int = 10, back_prop: bool = True, swap_memory: bool = False,
    maximum_iterations: int | None = None, name: str | None = None,
) -> Any:
    """Apply `body` to `loop_vars` while `cond` holds of them.

    Parameters
    ----------
    cond : gives a single bool of the loop variables
    body : gives the next loop variables, each of the same type and shape as before
    loop_vars : list, tuple or nested structure of tensors
    shape_invariants : for each loop variable its shape in all steps, None for sizes that may change; without it they
        keep their sizes. Python takes the steps where sizes may change, and no gradient passes
    parallel_iterations, back_prop, swap_memory : accepted for TensorFlow's sake
    maximum_iterations : most steps, an int; below 0 means 0. It says how many steps there is room to record for a
        gradient; without it a gradient runs the loop once more to record them, which a loop that draws random numbers
        or changes variables does not allow

    Returns
    -------
    The loop variables after the last step, in the structure of `loop_vars`.

    Raises
    ------
    DTypeError, ShapeError if a loop variable changes its type or shape.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     i, total = tf.while_loop(lambda i, s: i < 5, lambda i, s: (i + 1, s + i), (tf.constant(0), tf.constant(0)))
    ...     print(tf.Session().run(total))
    10
    """
    del parallel_iterations, back_prop, swap_memory
    if maximum_iterations is not None and not isinstance(maximum_iterations, (int, np.integer)):
        raise AttributeValueError(
            f"maximum_iterations is {maximum_iterations!r}; a Python int is needed", op="while_loop"
        )
    structure, leaves = flatten(loop_vars)
    values = [convert_to_tensor(x) for x in leaves]
    if is_at_once(values):
        found = _repeated(cond, body, structure, values, maximum_iterations)
        if found is not None:
            return found
    graph, cond, body = get_default_graph(), as_drawn(cond), as_drawn(body)
    with graph.name_scope(name or "while"):
        values = adopted(graph, values)
        likes, loose = loosened(values, _shapes_in(shape_invariants) if shape_invariants is not None else ())
        test, captured, _ = region_of(graph, lambda *xs: cond(*_arguments(structure, xs)), likes, "cond")
        _check_condition(test.outputs)
        if test.targets:
            raise InvalidArgumentError("cond changes a variable", op="while_loop", fix="change it in body")
        (begins,) = inlined(test, [*values, *captured], graph)
        reads = _reads_variables(captured)

        def step(*xs: Tensor) -> Any:
            following = next_values(body(*_arguments(structure, xs)), likes, "while_loop", "body", "loop variables")
            if not reads:
                inner = get_default_graph()
                (goes_on,) = inlined(test, [*following, *(inner.adopt(t) for t in captured)], inner)
            else:                           # it sees what the body has assigned, so it is drawn after it
                goes_on = convert_to_tensor(flatten(cond(*_arguments(structure, following)))[1][0])
            return [*following, goes_on]

        region, fixed, _ = region_of(graph, step, likes, "body")
        node, _ = loop(
            region, [begins, *values, *fixed], graph, "loop", carried=len(values), conditional=True,
            limit=None if maximum_iterations is None else max(0, int(maximum_iterations)), loose=loose,
        )
    return filled(structure, node.outputs[:len(values)], node)


def _shapes_in(invariants: Any) -> list[Shape | None]:
    """Shapes in a structure of them, in the order of its leaves; None where none is given."""
    if isinstance(invariants, Mapping):
        return [s for key in sorted(invariants) for s in _shapes_in(invariants[key])]
    if isinstance(invariants, (list, tuple)) and not isinstance(invariants, Shape):
        return [s for part in invariants for s in _shapes_in(part)]
    return [None if invariants is None else Shape(getattr(invariants, "shape", invariants))]


def _reads_variables(captured: Sequence[Tensor]) -> bool:
    """Whether a variable is among what a region takes from outside, as its handle or as a value read just before."""
    return any(isinstance(t.node.op, (Kept, ReadVariable, State)) for t in captured)


def _repeated(
    cond: Callable[..., Any], body: Callable[..., Any], structure: Structure, values: Sequence[Any], most: int | None
) -> Any:
    """The loop in Python, where no graph is drawn; None if it uses symbols from outside."""
    steps = 0
    while most is None or steps < most:
        goes_on = convert_to_tensor(cond(*_arguments(structure, values)))
        if isinstance(goes_on, Tensor):
            return None
        _check_condition([goes_on])
        if not goes_on:
            break
        values = next_values(body(*_arguments(structure, values)), values, "while_loop", "body", "loop variables")
        if any(isinstance(t, Tensor) for t in values):
            return None
        steps += 1
    return structure.fill(values)


def _check_condition(results: Sequence[Any]) -> None:
    if len(results) != 1 or results[0].dtype is not dtypes.bool or results[0].shape.rank not in (0, None):
        raise DTypeError("cond has to return a single bool", op="while_loop")


def _arguments(structure: Structure, leaves: Sequence[Any]) -> Sequence[Any]:
    """Loop variables as the arguments of cond and body."""
    filled = structure.fill(leaves)
    return list(filled) if isinstance(filled, (list, tuple)) else [filled]
