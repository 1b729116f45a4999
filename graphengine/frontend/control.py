"""Branches and loops as functions of Python functions: each is called once, on symbols, and becomes a region.

What they build runs inside the compiled program, without a return to Python between steps.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, DTypeError, InvalidArgumentError, ShapeError
from ..ir.dims import Shape
from ..ir.eager import EagerTensor
from ..ir.graph import Graph, get_default_graph, is_drawing
from ..ir.node import Node, Tensor
from ..ir.region import Region, inlined
from ..ops.body import Body
from ..ops.choice import switch
from ..ops.control import check_kept, loop
from ..ops.language import L
from ..ops.state import Placeholder
from .build import constant, convert_to_tensor
from .function import Function
from .structure import Structure, flatten
from .variables import Variable

Traced = tuple[Region, list[Tensor], Structure]


# -------------------------------------------------------------------- branches

def cond(pred: Any, true_fn: Callable[[], Any] | None = None, false_fn: Callable[[], Any] | None = None,
         name: str | None = None) -> Any:
    """What `true_fn` returns where `pred` holds, else what `false_fn` returns; only that one runs.

    Parameters
    ----------
    pred : a single bool
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
    predicate = convert_to_tensor(pred)
    if predicate.dtype is not dtypes.bool or predicate.shape.rank not in (0, None):
        raise DTypeError(f"pred is {predicate.dtype.name} {predicate.shape}; a single bool is needed", op="cond",
                         fix="compare, or reduce it with reduce_all")
    if isinstance(predicate, EagerTensor):
        return true_fn() if predicate else false_fn()
    return _switch(L.where(predicate, np.int32(0), np.int32(1)), [true_fn, false_fn], name or "cond")


def case(pred_fn_pairs: Sequence[tuple[Any, Callable[[], Any]]], default: Callable[[], Any] | None = None,
         exclusive: bool = False, strict: bool = False, name: str = "case") -> Any:
    """What the function beside the first predicate that holds returns; `default`'s result where none does.

    Parameters
    ----------
    pred_fn_pairs : pairs of a single bool and a function without arguments
    default : what to run if no predicate holds; the last of the functions if None
    exclusive, strict : accepted for TensorFlow's sake; the first predicate that holds decides

    Raises
    ------
    InvalidArgumentError without pairs; DTypeError, ShapeError if results do not fit.
    """
    del exclusive, strict
    pairs = list(pred_fn_pairs.items()) if isinstance(pred_fn_pairs, dict) else list(pred_fn_pairs)
    if not pairs:
        raise InvalidArgumentError("there is no pair of a predicate and a function", op="case")
    functions = [f for _, f in pairs] + ([default] if default is not None else [])
    index: Any = np.int32(len(functions) - 1)
    for k, (predicate, _) in reversed(list(enumerate(pairs))):
        index = L.where(convert_to_tensor(predicate), np.int32(k), index)
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
        traced = [_traced(graph, f, [], "branch") for f in functions]
        first = traced[0][2]
        for k, (region, _, structure) in enumerate(traced[1:], 1):
            same = len(region.outputs) == len(traced[0][0].outputs) and structure.is_leaf == first.is_leaf
            if not same:
                raise InvalidArgumentError(
                    f"branch 0 returns {len(traced[0][0].outputs)} values and branch {k} {len(region.outputs)}",
                    op=name, fix="let all branches return the same structure",
                )
        operands = list({id(t): t for _, captures, _ in traced for t in captures}.values())
        regions = [_taking(region, captures, operands) for region, captures, _ in traced]
        node, count = switch(regions, [index, *operands], graph, "switch")
    return _filled(first, node.outputs[:count], node)


def _taking(region: Region, captures: Sequence[Tensor], operands: Sequence[Tensor]) -> Region:
    """The region with an input for each of `operands`, of which it used `captures`."""
    own = {id(t): x for t, x in zip(captures, region.inputs, strict=True)}
    inputs = []
    for t in operands:
        if id(t) not in own:
            name = region.graph.unique_name("unused") + "/"
            own[id(t)] = region.graph.add(Placeholder(t.dtype, t.shape), (), name).outputs[0]
        inputs.append(own[id(t)])
    return Region(region.graph, tuple(inputs), region.outputs, region.targets)


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
    shape_invariants : accepted if it asks for nothing: a loop variable keeps its sizes
    parallel_iterations, back_prop, swap_memory : accepted for TensorFlow's sake
    maximum_iterations : most steps, an int; below 0 means 0. A gradient through the loop wants it, for it says how many
        steps there is room to record

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
    del parallel_iterations, back_prop, swap_memory, shape_invariants
    if maximum_iterations is not None and not isinstance(maximum_iterations, (int, np.integer)):
        raise AttributeValueError(
            f"maximum_iterations is {maximum_iterations!r}; a Python int is needed", op="while_loop"
        )
    structure, leaves = flatten(loop_vars)
    values = [convert_to_tensor(x) for x in leaves]
    if not is_drawing() and all(isinstance(t, EagerTensor) for t in values):
        found = _looped(cond, body, structure, values, maximum_iterations)
        if found is not None:
            return found
    graph = get_default_graph()
    with graph.name_scope(name or "while"):
        values = [graph.adopt(t) for t in values]
        test, captured, _ = _traced(graph, lambda *xs: cond(*_arguments(structure, xs)), values, "cond")
        results = [(t.dtype, t.shape.rank) for t in test.outputs]
        if results not in ([(dtypes.bool, 0)], [(dtypes.bool, None)]):
            raise DTypeError("cond has to return a single bool", op="while_loop")
        if test.targets:
            raise InvalidArgumentError("cond changes a variable", op="while_loop", fix="change it in body")
        (begins,) = inlined(test, [*values, *captured], graph)

        def step(*xs: Tensor) -> Any:
            results = body(*_arguments(structure, xs))
            given = flatten(results)[1]
            if len(given) != len(values):
                raise InvalidArgumentError(f"body returns {len(given)} values for {len(values)} loop variables",
                                           op="while_loop", fix="return the next value of each loop variable")
            inner = get_default_graph()
            following = [_as_tensor(x, like) for x, like in zip(given, values, strict=True)]
            for k, (before, after) in enumerate(zip(values, following, strict=True)):
                check_kept(k, before, after)
            (goes_on,) = inlined(test, [*following, *(inner.adopt(t) for t in captured)], inner)
            return [*following, goes_on]

        region, fixed, _ = _traced(graph, step, values, "body")
        node, _ = loop(
            region, [begins, *values, *fixed], graph, "loop", carried=len(values), conditional=True,
            limit=None if maximum_iterations is None else max(0, int(maximum_iterations)),
        )
    return _filled(structure, node.outputs[:len(values)], node)


def _looped(
    cond: Callable[..., Any], body: Callable[..., Any], structure: Structure, values: Sequence[Any], most: int | None
) -> Any:
    """The loop step by step, in Python, where no graph is drawn; None if it uses symbols from outside."""
    steps = 0
    while most is None or steps < most:
        goes_on = cond(*_arguments(structure, values))
        if isinstance(goes_on, Tensor):
            return None
        if not goes_on:
            break
        values = [convert_to_tensor(x) for x in flatten(body(*_arguments(structure, values)))[1]]
        if any(isinstance(t, Tensor) for t in values):
            return None
        steps += 1
    return structure.fill(values)


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
    if not is_drawing() and all(isinstance(t, EagerTensor) for t in arrays):
        if not all(map(len, arrays)):           # no step shows what comes out: a graph knows
            return Function(lambda *xs: map_fn(fn, structure.fill(xs)))(*arrays)
        rows = [flatten(fn(structure.fill([t[k] for t in arrays]))) for k in range(len(arrays[0]))]
        return rows[0][0].fill([L.stack(list(column)) for column in zip(*(r for _, r in rows), strict=True)])
    graph = get_default_graph()
    with graph.name_scope(name or "map"):
        arrays = [graph.adopt(t) for t in arrays]
        slices = [_slice_of(t) for t in arrays]
        region, fixed, results = _traced(graph, lambda *xs: fn(structure.fill(xs)), slices, "fn")
        node, count = loop(region, [*arrays, *fixed], graph, "loop", walked=len(arrays))
    return _filled(results, node.outputs[:count], node)


def _folded(
    fn: Callable[[Any, Any], Any], elems: Any, initializer: Any, reverse: bool, stacks: bool, name: str
) -> Any:
    structure, arrays = _arrays(elems, name)
    if not is_drawing() and all(isinstance(t, EagerTensor) for t in arrays):
        if not all(map(len, arrays)):
            traced = Function(lambda *xs: _folded(fn, structure.fill(xs), initializer, reverse, stacks, name))
            return traced(*arrays)
        return _folded_at_once(fn, structure, arrays, initializer, reverse, stacks)
    graph = get_default_graph()
    with graph.name_scope(name):
        arrays = [graph.adopt(t) for t in arrays]
        first = None
        if initializer is None:             # the first slice begins, the others follow
            first = [t[-1] if reverse else t[0] for t in arrays]
            arrays = [t[:-1] if reverse else t[1:] for t in arrays]
            holder, begin = structure, first
        else:
            holder, leaves = flatten(initializer)
            begin = [convert_to_tensor(x) for x in leaves]
            begin = [graph.adopt(t) for t in begin]

        def step(total: Sequence[Tensor], piece: Sequence[Tensor]) -> Any:
            given = flatten(fn(holder.fill(total), structure.fill(piece)))[1]
            return given, given if stacks else []

        last, stacked, _, node = _walked(graph, step, begin, arrays, reverse, name)
        results = stacked if stacks else last
        if stacks and first is not None:
            together = [([r, f[None]] if reverse else [f[None], r]) for f, r in zip(first, results, strict=True)]
            results = [L.concat(parts, 0) for parts in together]
    return _filled(holder, results, node)


def _folded_at_once(
    fn: Callable[[Any, Any], Any], structure: Structure, arrays: Sequence[Any], initializer: Any, reverse: bool,
    stacks: bool,
) -> Any:
    order = list(range(len(arrays[0])))
    order = order[::-1] if reverse else order
    slices = [structure.fill([t[k] for t in arrays]) for k in order]
    total = slices.pop(0) if initializer is None else initializer
    rows = [total] if initializer is None else []
    for piece in slices:
        total = fn(total, piece)
        rows.append(total)
    if not stacks:
        return total
    rows = rows[::-1] if reverse else rows
    holder = flatten(total)[0]
    columns = zip(*(flatten(r)[1] for r in rows), strict=True)
    return holder.fill([L.stack([convert_to_tensor(x) for x in column]) for column in columns])


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
    holder, leaves = flatten(initializer)
    begin = [convert_to_tensor(x) for x in leaves]
    at_once = not is_drawing() and all(isinstance(t, EagerTensor) for t in (*arrays, *begin))
    if (at_once or unroll) and arrays[0].shape[0]:
        return _walked_in_python(fn, structure, arrays, initializer, reverse)
    graph = get_default_graph() if not at_once else Graph()
    with graph.as_default(), graph.name_scope(name or "recurrence"):
        def step(state: Sequence[Tensor], piece: Sequence[Tensor]) -> Any:
            following, besides = fn(holder.fill(state), structure.fill(piece))
            return flatten(following)[1], besides

        begin, arrays = ([graph.adopt(convert_to_tensor(t)) for t in tensors] for tensors in (begin, arrays))
        last, stacked, results, _ = _walked(graph, step, begin, arrays, reverse, name or "recurrence")
    if at_once:                             # no step at all: the drawing has told the shapes
        return initializer, results.fill([constant(np.zeros(tuple(t.shape), t.dtype.numpy)) for t in stacked])
    return holder.fill(last), results.fill(stacked)


def _walked_in_python(
    fn: Callable[[Any, Any], tuple[Any, Any]], structure: Structure, arrays: Sequence[Any], state: Any, reverse: bool
) -> tuple[Any, Any]:
    steps = range(arrays[0].shape[0])
    rows = []
    for k in reversed(steps) if reverse else steps:
        state, besides = fn(state, structure.fill([t[k] for t in arrays]))
        rows.append(flatten(besides))
    rows = rows[::-1] if reverse else rows
    columns = zip(*(leaves for _, leaves in rows), strict=True)
    return state, rows[0][0].fill([L.stack(list(column)) for column in columns])


def _walked(
    graph: Graph, fn: Callable[[Sequence[Tensor], Sequence[Tensor]], Any], begin: Sequence[Tensor],
    arrays: Sequence[Tensor], reverse: bool, name: str,
) -> tuple[list[Tensor], list[Tensor], Structure, Node]:
    """A loop along the first axes of `arrays`; `fn` gives the next state and what is stacked.

    Returns
    -------
    The last state, the stacked results, the structure of what is stacked in one step, and the loop.
    """
    n = len(begin)
    kept: list[Structure] = []

    def step(*xs: Tensor) -> Any:
        following, besides = fn(xs[:n], xs[n:])
        if len(following) != n:
            raise InvalidArgumentError(f"fn returns {len(following)} values for {n} accumulators", op=name)
        structure, rows = flatten(besides)
        kept.append(structure)
        return [*(_as_tensor(x, like) for x, like in zip(following, begin, strict=True)), *rows]

    region, fixed, _ = _traced(graph, step, [*begin, *(_slice_of(t) for t in arrays)], "fn")
    node, count = loop(region, [*begin, *arrays, *fixed], graph, "loop", carried=n, walked=len(arrays),
                       backward=reverse)
    return list(node.outputs[:n]), list(node.outputs[n:count]), kept[0], node


def _arrays(elems: Any, name: str) -> tuple[Structure, list[Tensor]]:
    structure, leaves = flatten(elems) if not _is_numbers(elems) else flatten(convert_to_tensor(elems))
    arrays = [convert_to_tensor(x) for x in leaves]
    for t in arrays:
        if t.shape.rank == 0:
            raise ShapeError(f"{t.node.name} is a single number; it has no first axis to walk along", op=name)
    if not arrays:
        raise InvalidArgumentError("elems holds no tensor", op=name)
    return structure, arrays


def _is_numbers(value: Any) -> bool:
    """Whether a list is an array written out rather than a structure of tensors."""
    leaves = flatten(value)[1]
    return isinstance(value, list) and all(isinstance(x, (int, float, np.number)) for x in leaves)


class _Like:
    """Type and shape of a tensor that does not exist."""

    def __init__(self, dtype: dtypes.DType, shape: Shape) -> None:
        self.dtype = dtype
        self.shape = shape


def _slice_of(array: Tensor) -> Any:
    return _Like(array.dtype, array.shape if array.shape.rank is None else Shape(array.shape[1:]))


def _as_tensor(x: Any, like: Any) -> Tensor:
    """A result as a tensor of the graph being drawn; numbers take the type that is wanted."""
    tensor = convert_to_tensor(x) if isinstance(x, (Tensor, Variable)) else convert_to_tensor(x, like.dtype)
    return get_default_graph().adopt(tensor)


def _traced(graph: Graph, function: Callable[..., Any], inputs: Sequence[Any], label: str) -> Traced:
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


def _arguments(structure: Structure, leaves: Sequence[Any]) -> Sequence[Any]:
    """Loop variables as the arguments of cond and body."""
    filled = structure.fill(leaves)
    return list(filled) if isinstance(filled, (list, tuple)) else [filled]


def _filled(structure: Structure, results: Sequence[Tensor], node: Node) -> Any:
    """Results in their structure; the node itself where there are none."""
    return structure.fill(results) if results else node

