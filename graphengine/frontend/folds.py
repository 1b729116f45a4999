"""Walks along the first axis of arrays, with a state or without: ``scan``, ``map_fn`` and their kin.

What they build runs inside the compiled program, without a return to Python between steps.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError, ShapeError
from ..ir.dims import Shape, merge
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, Tensor
from ..ops.control import loop
from ..ops.language import L
from ..values import dataclass
from .build import constant, convert_to_tensor
from .drawing import as_drawn
from .function_regions import Like, adopted, filled, is_at_once, loosened, next_values, region_of
from .structure import Structure, flatten


def scan(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, reverse: bool = False,
    name: str | None = None,
) -> Any:
    """Fold `fn` over the first axis of `elems` and keep every intermediate result.

    Parameters
    ----------
    fn : gives the next accumulator of the accumulator and a slice of `elems`
    elems : tensor or structure of tensors, (steps, ...) each
    initializer : first accumulator, a structure of tensors; the first slice of `elems` if None
    reverse : begin at the last slice
    parallel_iterations, back_prop, swap_memory, infer_shape : accepted for TensorFlow's sake

    Returns
    -------
    The accumulators of all steps, (steps, ...), in the structure of `initializer`. Gradients pass through.

    Raises
    ------
    ShapeError if arrays differ in length, or the accumulator changes its shape; DTypeError if it changes its type.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     print(tf.Session().run(tf.scan(lambda a, x: a + x, tf.constant([1.0, 2.0, 3.0, 4.0]))))
    [ 1.  3.  6. 10.]
    """
    del parallel_iterations, back_prop, swap_memory, infer_shape
    return _folded(fn, elems, initializer, reverse, True, name or "scan")


def foldl(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:
    """As `scan`, but only the last accumulator."""
    del parallel_iterations, back_prop, swap_memory
    return _folded(fn, elems, initializer, False, False, name or "foldl")


def foldr(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any = None, parallel_iterations: int = 10,
    back_prop: bool = True, swap_memory: bool = False, name: str | None = None,
) -> Any:
    """As `foldl`, from the last slice to the first."""
    del parallel_iterations, back_prop, swap_memory
    return _folded(fn, elems, initializer, True, False, name or "foldr")


def map_fn(
    fn: Callable[[Any], Any], elems: Any, dtype: Any = None, parallel_iterations: int | None = None,
    back_prop: bool = True, swap_memory: bool = False, infer_shape: bool = True, name: str | None = None,
    fn_output_signature: Any = None,
) -> Any:
    """Apply `fn` to each slice along the first axis of `elems` and stack the results.

    Parameters
    ----------
    fn : function of a slice, or of a structure of slices
    elems : tensor or structure of tensors, (n, ...) each
    dtype, fn_output_signature : accepted for TensorFlow's sake; what `fn` returns says its types
    parallel_iterations, back_prop, swap_memory, infer_shape : accepted for TensorFlow's sake

    Returns
    -------
    (n, ...) of each result of `fn`.

    Raises
    ------
    ShapeError if arrays differ in length or have no axis.
    """
    del dtype, parallel_iterations, back_prop, swap_memory, infer_shape, fn_output_signature
    structure, arrays = _arrays(elems, "map_fn")
    fn = as_drawn(fn)
    with get_default_graph().name_scope(name or "map"):
        found = _walked(lambda _, piece: ([], fn(structure.fill(piece))), [], arrays, False, "map_fn")
    return filled(found.structure, found.stacked, found.node)


def vectorized_map(
    fn: Callable[[Any], Any], elems: Any, fallback_to_while_loop: bool = True, warn: bool = True
) -> Any:
    """As `map_fn`, whose steps are machine code: `fn` is not drawn for all slices at once."""
    del fallback_to_while_loop, warn
    return map_fn(fn, elems)


def _folded(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, reverse: bool, stacks: bool, name: str
) -> Any:
    structure, arrays = _arrays(elems, name)
    graph, fn = get_default_graph(), as_drawn(fn)
    with graph.name_scope(name):
        if not is_at_once(arrays):
            arrays = adopted(graph, arrays)
        if initializer is None:             # the first slice begins, the others follow
            holder, begin = structure, [t[-1] if reverse else t[0] for t in arrays]
            arrays = [t[:-1] if reverse else t[1:] for t in arrays]
        else:
            holder, leaves = flatten(initializer)
            begin = [convert_to_tensor(x) for x in leaves]

        def step(total: Sequence[Any], piece: Sequence[Any]) -> Any:
            given = fn(holder.fill(total), structure.fill(piece))
            return given, flatten(given)[1] if stacks else []

        found = _walked(step, begin, arrays, reverse, name)
        results = found.stacked if stacks else found.last
        if stacks and initializer is None:
            together = [([r, f[None]] if reverse else [f[None], r]) for f, r in zip(begin, results, strict=True)]
            results = [L.concat(parts, 0) for parts in together]
    return filled(holder, results, found.node)


def recurrence(
    fn: Callable[[Any, Any], tuple[Any, Any]], elems: Any, initializer: Any, reverse: bool = False,
    unroll: bool = False, name: str | None = None,
) -> tuple[Any, Any]:
    """Walk along the first axis of `elems` with a state, and keep what each step gives besides.

    Parameters
    ----------
    fn : gives the next state, and any structure of tensors, of the state and a slice of `elems`
    elems : tensor or structure of tensors, (steps, ...) each
    initializer : first state, a structure of tensors
    reverse : begin at the last slice
    unroll : draw each step; the number of steps has to be known

    Returns
    -------
    The last state; and what `fn` gave besides, (steps, ...) each, in the order of `elems`. Gradients pass through.

    Raises
    ------
    ShapeError if arrays differ in length, or the state changes its shape; DTypeError if it changes its type.
    """
    structure, arrays = _arrays(elems, name or "recurrence")
    fn = as_drawn(fn)
    holder, leaves = flatten(initializer)

    def step(state: Sequence[Any], piece: Sequence[Any]) -> Any:
        return fn(holder.fill(state), structure.fill(piece))

    with get_default_graph().name_scope(name or "recurrence"):
        found = _walked(step, [convert_to_tensor(x) for x in leaves], arrays, reverse, name or "recurrence", unroll)
    return holder.fill(found.last), found.structure.fill(found.stacked)


def walk(
    fn: Callable[..., Sequence[Any]], begin: Sequence[Tensor], rows: Tensor, name: str,
    shapes: Sequence[Shape | None] = (),
) -> Sequence[Tensor]:
    """The last state of a loop over the first axis of `rows`; `fn` gives the next state of the state and a row.

    shapes : of the state in all steps, as for `loosened`
    """
    with get_default_graph().name_scope(name):
        return _walked(lambda state, row: (fn(*state, *row), None), begin, [rows], False, name, shapes=shapes).last


@dataclass(frozen=True)
class _Walked:
    """What steps along arrays gave.

    last : the state after them
    stacked : what they gave besides, (steps, ...) each
    structure : of what one of them gives besides
    node : the loop; None where the steps were taken one by one
    """

    last: list[Any]
    stacked: list[Any]
    structure: Structure
    node: Node | None


def _walked(
    fn: Callable[[Sequence[Any], Sequence[Any]], tuple[Any, Any]], begin: Sequence[Any], arrays: Sequence[Any],
    reverse: bool, name: str, unroll: bool = False, shapes: Sequence[Shape | None] = (),
) -> _Walked:
    """Steps along the first axes of `arrays`: at once, drawn one by one, or as a loop of the graph.

    fn : gives the next state, and what is stacked, of the state and a slice of each array
    """
    def step(state: Sequence[Any], piece: Sequence[Any]) -> tuple[list[Any], Structure, list[Any]]:
        following, besides = fn(state, piece)
        structure, row = flatten(besides)
        return next_values(following, state, name, "fn", "accumulators"), structure, [] if row == [None] else row

    has_values = is_at_once([*begin, *arrays])
    count: Any = None
    for t in arrays:
        count = merge(count, None if t.shape.rank is None else t.shape[0], "the arrays differ in length")
    if (has_values or unroll) and count:
        return _one_by_one(step, begin, arrays, reversed(range(count)) if reverse else range(count))
    graph = Graph() if has_values else get_default_graph()
    with graph.as_default():
        drawn = _looped(graph, step, adopted(graph, begin), adopted(graph, arrays), reverse, shapes)
    if not has_values:
        return drawn
    # No step at all: the drawing has told what there would be.
    empty = [constant(np.zeros([n or 0 for n in t.shape], t.dtype.numpy)) for t in drawn.stacked]
    return _Walked(list(begin), empty, drawn.structure, None)


Step = Callable[[Sequence[Any], Sequence[Any]], tuple[list[Any], Structure, list[Any]]]


def _one_by_one(step: Step, begin: Sequence[Any], arrays: Sequence[Any], order: Iterable[int]) -> _Walked:
    state = list(begin)
    rows: dict[int, list[Any]] = {}
    for k in order:
        state, structure, rows[k] = step(state, [t[k] for t in arrays])
    columns = zip(*(rows[k] for k in sorted(rows)), strict=True)
    return _Walked(state, [L.stack([convert_to_tensor(x) for x in c]) for c in columns], structure, None)


def _looped(
    graph: Graph, step: Step, begin: Sequence[Tensor], arrays: Sequence[Tensor], reverse: bool,
    shapes: Sequence[Shape | None],
) -> _Walked:
    n = len(begin)
    likes, loose = loosened(begin, shapes)
    structures: list[Structure] = []

    def body(*xs: Tensor) -> list[Any]:
        following, structure, row = step(xs[:n], xs[n:])
        structures.append(structure)
        return [*following, *row]

    region, fixed, _ = region_of(graph, body, [*likes, *(_slice_of(t) for t in arrays)], "fn")
    node, count = loop(region, [*begin, *arrays, *fixed], graph, "loop", carried=n, walked=len(arrays),
                       backward=reverse, loose=loose)
    return _Walked(list(node.outputs[:n]), list(node.outputs[n:count]), structures[0], node)


def _arrays(elems: Any, name: str) -> tuple[Structure, list[Tensor]]:
    structure, leaves = flatten(elems) if not _is_numbers(elems) else flatten(convert_to_tensor(elems))
    arrays = [convert_to_tensor(x) for x in leaves]
    for t in arrays:
        if t.shape.rank == 0:
            raise ShapeError(f"{t} is a single number; it has no first axis to walk along", op=name)
    if not arrays:
        raise InvalidArgumentError("elems holds no tensor", op=name)
    return structure, arrays


def _is_numbers(value: Any) -> bool:
    """Whether a list is an array written out rather than a structure of tensors."""
    leaves = flatten(value)[1]
    return isinstance(value, list) and all(isinstance(x, (int, float, np.number)) for x in leaves)


def _slice_of(array: Tensor) -> Any:
    return Like(array.dtype, array.shape if array.shape.rank is None else Shape(array.shape[1:]))
