"""Branches and loops as functions of Python functions: each is called once, on symbols, and becomes a region.

What they build runs inside the compiled program, without a return to Python between steps.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, DTypeError, InvalidArgumentError, ShapeError
from ..ir.dims import UNKNOWN, Shape, merge
from ..ir.eager import EagerTensor
from ..ir.graph import Graph, get_default_graph, is_drawing
from ..ir.node import Node, Tensor
from ..ir.region import Region, inlined
from ..ir.source import user_line
from ..ops.body import Body
from ..ops.choice import switch
from ..ops.control import check_kept, loop
from ..ops.language import L
from ..ops.state import Kept, Placeholder, ReadVariable, State
from ..values import dataclass
from .build import constant, convert_to_tensor
from .drawing import as_drawn
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
    predicate = checked_predicate(convert_to_tensor(pred), "cond")
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
        traced = [_traced(graph, as_drawn(f), [], "branch") for f in functions]
        first = traced[0][2]
        for k, (region, _, structure) in enumerate(traced[1:], 1):
            same = len(region.outputs) == len(traced[0][0].outputs) and structure.is_leaf == first.is_leaf
            if not same:
                raise InvalidArgumentError(
                    f"branch 0 returns {len(traced[0][0].outputs)} values and branch {k} {len(region.outputs)}",
                    op=name, fix="let all branches return the same structure",
                )
        node, results = choose(graph, index, [(region, captures) for region, captures, _ in traced])
    return _filled(first, results, node)


def choose(
    graph: Graph, index: Tensor, branches: Sequence[tuple[Region, Sequence[Tensor]]]
) -> tuple[Node, Sequence[Tensor]]:
    """A choice among regions, each with the tensors that it takes; the node and its results."""
    operands = list({id(t): t for _, captures in branches for t in captures}.values())
    regions = [_taking(region, captures, operands) for region, captures in branches]
    node, count = switch(regions, [index, *operands], graph, "switch")
    return node, node.outputs[:count]


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
    if _is_at_once(values):
        found = _repeated(cond, body, structure, values, maximum_iterations)
        if found is not None:
            return found
    graph, cond, body = get_default_graph(), as_drawn(cond), as_drawn(body)
    with graph.name_scope(name or "while"):
        values = _adopted(graph, values)
        likes, loose = _loosened(values, _shapes_in(shape_invariants) if shape_invariants is not None else ())
        test, captured, _ = _traced(graph, lambda *xs: cond(*_arguments(structure, xs)), likes, "cond")
        _check_condition(test.outputs)
        if test.targets:
            raise InvalidArgumentError("cond changes a variable", op="while_loop", fix="change it in body")
        (begins,) = inlined(test, [*values, *captured], graph)
        reads = _reads_variables(captured)

        def step(*xs: Tensor) -> Any:
            following = _following(body(*_arguments(structure, xs)), likes, "while_loop", "body", "loop variables")
            if not reads:
                inner = get_default_graph()
                (goes_on,) = inlined(test, [*following, *(inner.adopt(t) for t in captured)], inner)
            else:                           # it sees what the body has assigned, so it is drawn after it
                goes_on = convert_to_tensor(flatten(cond(*_arguments(structure, following)))[1][0])
            return [*following, goes_on]

        region, fixed, _ = _traced(graph, step, likes, "body")
        node, _ = loop(
            region, [begins, *values, *fixed], graph, "loop", carried=len(values), conditional=True,
            limit=None if maximum_iterations is None else max(0, int(maximum_iterations)), loose=loose,
        )
    return _filled(structure, node.outputs[:len(values)], node)


def _shapes_in(invariants: Any) -> list[Shape | None]:
    """Shapes in a structure of them, in the order of its leaves; None where none is given."""
    if isinstance(invariants, Mapping):
        return [s for key in sorted(invariants) for s in _shapes_in(invariants[key])]
    if isinstance(invariants, (list, tuple)) and not isinstance(invariants, Shape):
        return [s for part in invariants for s in _shapes_in(part)]
    return [None if invariants is None else Shape(getattr(invariants, "shape", invariants))]


def _loosened(values: Sequence[Tensor], shapes: Sequence[Shape | None]) -> tuple[list[Any], tuple[int, ...]]:
    """Types of what a step is given, and which values may change their sizes: those whose shapes leave one open.

    shapes : for each value its shape in all steps, or None if it keeps its sizes; empty if all do

    Raises
    ------
    InvalidArgumentError if there is not a shape for each value; ShapeError if one does not fit.
    """
    if not shapes:
        return list(values), ()
    if len(shapes) != len(values):
        raise InvalidArgumentError(f"{len(shapes)} shape_invariants for {len(values)} loop variables", op="while_loop")
    likes = [t if s is None else _Like(t.dtype, s) for t, s in zip(values, shapes, strict=True)]
    for k, (t, like) in enumerate(zip(values, likes, strict=True)):
        check_kept(f"carried value {k}", like, t)
    return likes, tuple(k for k, s in enumerate(shapes) if s is not None and (s.rank is None or None in s))


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
        values = _following(body(*_arguments(structure, values)), values, "while_loop", "body", "loop variables")
        if any(isinstance(t, Tensor) for t in values):
            return None
        steps += 1
    return structure.fill(values)


def _check_condition(results: Sequence[Any]) -> None:
    if len(results) != 1 or results[0].dtype is not dtypes.bool or results[0].shape.rank not in (0, None):
        raise DTypeError("cond has to return a single bool", op="while_loop")


def _following(returned: Any, before: Sequence[Any], name: str, function: str, what: str) -> list[Any]:
    """The next values of what is carried from step to step.

    In a graph they keep type and sizes; at once only their type, as in TensorFlow.
    """
    given = flatten(returned)[1]
    if len(given) != len(before):
        raise InvalidArgumentError(f"{function} returns {len(given)} values for {len(before)} {what}", op=name,
                                   fix="return the next value of each")
    following = [_as_tensor(x, like) for x, like in zip(given, before, strict=True)]
    for k, (old, new) in enumerate(zip(before, following, strict=True)):
        check_kept(f"carried value {k}", old, new if isinstance(new, Tensor) else _Like(new.dtype, UNKNOWN))
    return following


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
    return _filled(found.structure, found.stacked, found.node)


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
        if not _is_at_once(arrays):
            arrays = _adopted(graph, arrays)
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
    return _filled(holder, results, found.node)


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

    shapes : of the state in all steps, as for `_loosened`
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
        return _following(following, state, name, "fn", "accumulators"), structure, [] if row == [None] else row

    is_at_once = _is_at_once([*begin, *arrays])
    count: Any = None
    for t in arrays:
        count = merge(count, None if t.shape.rank is None else t.shape[0], "the arrays differ in length")
    if (is_at_once or unroll) and count:
        return _one_by_one(step, begin, arrays, reversed(range(count)) if reverse else range(count))
    graph = Graph() if is_at_once else get_default_graph()
    with graph.as_default():
        drawn = _looped(graph, step, _adopted(graph, begin), _adopted(graph, arrays), reverse, shapes)
    if not is_at_once:
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
    likes, loose = _loosened(begin, shapes)
    structures: list[Structure] = []

    def body(*xs: Tensor) -> list[Any]:
        following, structure, row = step(xs[:n], xs[n:])
        structures.append(structure)
        return [*following, *row]

    region, fixed, _ = _traced(graph, body, [*likes, *(_slice_of(t) for t in arrays)], "fn")
    node, count = loop(region, [*begin, *arrays, *fixed], graph, "loop", carried=n, walked=len(arrays),
                       backward=reverse, loose=loose)
    return _Walked(list(node.outputs[:n]), list(node.outputs[n:count]), structures[0], node)


def _is_at_once(tensors: Sequence[Any]) -> bool:
    """Whether all tensors have values, and no graph is drawn."""
    return not is_drawing() and all(isinstance(t, EagerTensor) for t in tensors)


def _adopted(graph: Graph, tensors: Sequence[Any]) -> list[Tensor]:
    with graph.as_default():
        return [graph.adopt(convert_to_tensor(t)) for t in tensors]


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


class _Like:
    """Type and shape of a tensor that does not exist."""

    def __init__(self, dtype: dtypes.DType, shape: Shape) -> None:
        self.dtype = dtype
        self.shape = shape


def _slice_of(array: Tensor) -> Any:
    return _Like(array.dtype, array.shape if array.shape.rank is None else Shape(array.shape[1:]))


def _as_tensor(x: Any, like: Any) -> Any:
    """A result as a tensor, of the graph if one is drawn; numbers take the type that is wanted."""
    is_typed = isinstance(x, (Tensor, EagerTensor, Variable))
    tensor = convert_to_tensor(x) if is_typed else convert_to_tensor(x, like.dtype)
    return get_default_graph().adopt(tensor) if is_drawing() else tensor


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


def _filled(structure: Structure, results: Sequence[Any], node: Node | None) -> Any:
    """Results in their structure; the node itself where there are none."""
    return structure.fill(results) if results else node

