"""What converted code calls for ``if``, ``while``, ``for``, ``and``, ``or``, ``not``: each looks at its test first.

A test with a value is Python's business. A tensor of the graph makes a branch or a loop of the graph, whose operands
and results are the variables that the statement assigns. `state` gives functions that read these variables, `assign`
sets them all, `names` says what the user calls them.
"""
from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...dtypes import DType, float32, int32
from ...errors import DTypeError, GraphEngineError, InvalidArgumentError
from ...ir.dims import Shape
from ...ir.eager import EagerTensor
from ...ir.graph import get_default_graph, is_drawing
from ...ir.node import Tensor
from ...ir.source import user_line
from ...ops.body import Body
from ...ops.choice import choose
from ...ops.control import check_kept
from ...ops.extents import Range
from ...ops.language import L
from ...ops.state import Const
from .. import asserting, control, folds, pieces
from ..build import convert_to_tensor
from ..structure import Structure, flatten, form_of
from ..tensor_array import TensorArray
from ..variables import Variable
from .undefined import UNRETURNED, Undefined, nothing_like

State = Callable[[], tuple[Callable[[], Any], ...]]
Assign = Callable[[Sequence[Any]], None]
Block = Callable[..., Any]
Invariants = Sequence[tuple[Any, Any]]      # variables as they are before a loop, and their shapes in all steps

UNROLLED = 16           # a loop over a tensor of at most so many known rows is written out: anything may change in it
RETURNED = "the returned value"


# -------------------------------------------------------------------- branches

def if_(
    test: Any, body: Block, orelse: Block, state: State, assign: Assign, names: Sequence[str],
    places: Sequence[str] = (),
) -> None:
    """``if test: body else: orelse``; `places` are the attributes and items that it assigns."""
    if_returning(test, body, orelse, state, assign, names, places)


def if_returning(
    test: Any, body: Block, orelse: Block, state: State, assign: Assign, names: Sequence[str],
    places: Sequence[str] = (),
) -> Any:
    """The same; gives what the branch returns."""
    test = decided(test)
    if not isinstance(test, Tensor):
        return body() if test else orelse()
    test = control.checked_predicate(test, "if")
    _refuse_places("if", places)
    graph = get_default_graph()
    before = _values(state, names)
    drawn, found = [], []
    for branch in (body, orelse):
        assign(before)
        drawn.append(Body(graph))
        with drawn[-1].as_default():
            returned = branch()
        found.append([*_values(state, names), returned])
    merged = [_Merged(n, a, b, drawn) for n, a, b in zip([*names, RETURNED], *found, strict=True)]
    regions = [b.region([], [t for m in merged for t in m.outputs[k]]) for k, b in enumerate(drawn)]
    with graph.name_scope("if"):
        index = L.where(graph.adopt(test), np.int32(0), np.int32(1))
        results = iter(choose(graph, index, regions)[1])
    *after, returned = [m.filled(results) for m in merged]
    assign(after)
    return returned


def _refuse_places(statement: str, places: Sequence[str]) -> None:
    """Raise if a statement of the graph assigns what only Python can: it would happen once, whatever the test says."""
    if places:
        raise InvalidArgumentError(
            f"`{statement}` on a tensor assigns to {', '.join(places)}", at=str(user_line()),
            fix="assign to a name, or to a place that is the same in each step, such as d['a'] or self.x; a "
                "TensorArray can be written at an index that is a tensor",
        )


class _Merged:
    """A variable after two branches.

    value : where the graph need not decide, what it is
    outputs : else the tensors that each branch gives for it
    """

    def __init__(self, name: str, first: Any, second: Any, drawn: Sequence[Body]) -> None:
        self.value: Any = first
        self.outputs: tuple[list[Tensor], list[Tensor]] = ([], [])
        self.structure: Structure | None = None
        if _is_same(first, second):
            return
        if first is UNRETURNED and _is_made_of(second):
            first = nothing_like(second)
        if second is UNRETURNED and _is_made_of(first):
            second = nothing_like(first)
        if isinstance(first, Undefined) or isinstance(second, Undefined):
            self.value = Undefined(name, "has a value in only one branch of an `if` on a tensor")
            return
        if form_of(first) != form_of(second):
            raise InvalidArgumentError(f"{name} has another structure in each branch of the `if`",
                                       fix="let both branches give the same structure")
        self.structure, left = flatten(first)
        right = flatten(second)[1]
        for a, b in zip(left, right, strict=True):
            for k, (x, other) in enumerate(((a, b), (b, a))):
                with drawn[k].as_default():
                    self.outputs[k].append(drawn[k].adopt(_tensor(name, x, other)))
            one, two = self.outputs[0][-1], self.outputs[1][-1]
            if one.dtype is not two.dtype:
                raise DTypeError(
                    f"{name} is {one.dtype.name} in one branch of the `if` and {two.dtype.name} in the other",
                    fix=f"cast it to {one.dtype.name} in both")

    def filled(self, results: Iterator[Any]) -> Any:
        """The variable's value; takes its share of the results."""
        if self.structure is None:
            return self.value
        return self.structure.fill([next(results) for _ in self.outputs[0]])


def _is_same(a: Any, b: Any) -> bool:
    """Whether no branch of a graph has to decide between the two."""
    if a is b:
        return True
    if isinstance(a, Undefined) or isinstance(b, Undefined):
        return isinstance(a, Undefined) and isinstance(b, Undefined)
    return type(a) is type(b) and isinstance(a, (str, int, float, bool)) and a == b


def _tensor(name: str, x: Any, other: Any) -> Any:
    """A value of a branch as a tensor; a number takes the type that the other branch gives."""
    is_number = isinstance(x, (bool, int, float)) and isinstance(other, (Tensor, EagerTensor, Variable))
    try:
        return convert_to_tensor(x, other.dtype if is_number else None)
    except DTypeError:
        raise
    except (GraphEngineError, TypeError, ValueError) as error:
        raise InvalidArgumentError(f"{name} is {x!r} in one branch of the `if` and {_what(other)} in the other",
                                   fix="let both branches give tensors") from error


def _what(x: Any) -> str:
    return "a tensor" if isinstance(x, (Tensor, EagerTensor, Variable)) else repr(x)


# -------------------------------------------------------------------- loops

def while_(
    test: Block, body: Block, state: State, assign: Assign, names: Sequence[str], places: Sequence[str] = (),
    live: Sequence[str] = (), maximum_iterations: int | None = None, shape_invariants: Invariants = (),
    **accepted: Any,
) -> None:
    """``while test(): body()``. Steps run in Python until the test is a tensor.

    live : names that are read behind it, or in the next step
    """
    del accepted
    goes_on = decided(test())
    while not isinstance(goes_on, Tensor):
        if not goes_on:
            return
        body()
        goes_on = decided(test())
    control.checked_predicate(goes_on, "while")
    if isinstance(maximum_iterations, int) and maximum_iterations < 1:
        return
    _refuse_places("while", places)
    _tell_shapes(body, state, assign, names)

    def loop(most: int | None) -> None:
        carried = _Carried(state, assign, names, "while", live, shape_invariants)

        def step(*values: Any) -> list[Any]:
            carried.begin(values)
            body()
            return carried.after()

        def holds(*values: Any) -> Any:
            carried.begin(values)
            return control.checked_predicate(convert_to_tensor(test()), "while")

        found = control.while_loop(holds, step, carried.leaves, carried.shapes, maximum_iterations=most,
                                   name="while")
        carried.end(found if carried.leaves else [])

    before = _values(state, names)
    try:
        loop(maximum_iterations)
    except _Unset as unset:
        assign(unset.instead(names, before))
        if unset.nothing is not None:
            return while_(test, body, state, assign, names, places, live, maximum_iterations, shape_invariants)
        asserting.Assert(control.checked_predicate(convert_to_tensor(test()), "while"), [unset.problem])
        body()
        loop(None if maximum_iterations is None else maximum_iterations - 1)


class _Unset(Exception):
    """A variable gets its first value in a loop, so its first step stands before the loop.

    nothing : what may stand for it before, so that no step has to
    """

    def __init__(self, name: str, statement: str, nothing: Any = None) -> None:
        super().__init__(name)
        self.name, self.nothing = name, nothing
        self.problem = f"{name} gets its first value in a `{statement}`, which has to take at least one step"

    def instead(self, names: Sequence[str], before: Sequence[Any]) -> list[Any]:
        """Values before the loop, with what stands for the one that is missing."""
        return [self.nothing if self.nothing is not None and n == self.name else b
                for n, b in zip(names, before, strict=True)]


def for_(
    iterable: Any, body: Block, test: Block | None, state: State, assign: Assign, names: Sequence[str],
    places: Sequence[str] = (), live: Sequence[str] = (), shape_invariants: Invariants = (), **accepted: Any,
) -> None:
    """``for item in iterable: body(item)``; `test` tells whether a ``break`` has not been met.

    live : names that are read behind it, or in the next step

    A loop of the graph walks over all rows and does nothing more after a ``break``: so it has room for a gradient.
    """
    del accepted
    rows = decided(iterable)
    goes_on: Any = True

    def step(item: Any) -> bool:
        """One step, unless a tensor says that there was a ``break`` before; whether there may be more."""
        nonlocal goes_on
        if isinstance(goes_on, Tensor):
            if_(goes_on, lambda: body(item), lambda: None, state, assign, names, places)
        else:
            body(item)
        goes_on = True if test is None else decided(test())
        return isinstance(goes_on, Tensor) or bool(goes_on)

    if not isinstance(rows, Tensor) or _is_short(rows):
        for item in rows:
            if not step(item):
                break
        return
    if rows.shape.rank == 0:
        raise InvalidArgumentError(f"cannot iterate over {rows}, a single number", fix="use range, or give it an axis")
    _refuse_places("for", places)
    row_0 = L.gather(rows, 0)
    is_counting = test is None and _is_counting(rows)
    _tell_shapes(lambda: body(row_0), state, assign, names, (row_0, rows) if is_counting else None)

    def loop(rows: Tensor) -> None:
        carried = _Carried(state, assign, names, "for", live, shape_invariants)

        def row(*values: Any) -> list[Any]:
            nonlocal goes_on
            *before, item = values
            carried.begin(before)
            goes_on = True if test is None else decided(test())
            step(item)
            return carried.after()

        is_inside = isinstance(get_default_graph(), Body)
        if is_inside and isinstance(rows.node.op, Range) and not isinstance(rows.shape[0], int):
            carried.end(_counted(rows, row, carried))
        else:
            carried.end(folds.walk(row, carried.leaves, rows, "for", carried.shapes))

    before = _values(state, names)
    try:
        loop(rows)
    except _Unset as unset:
        assign(unset.instead(names, before))
        if unset.nothing is not None:
            return for_(rows, body, test, state, assign, names, places, live, shape_invariants)
        goes_on = True
        step(_first(rows, unset.problem))
        loop(_others(rows))


def _first(rows: Tensor, problem: str) -> Any:
    """The first row; where there is none, it is an error that there is not."""
    if isinstance(rows.node.op, Range):
        start, limit, delta = rows.node.inputs
        asserting.Assert(_is_before(start, limit, delta), [problem])
        return start
    if not isinstance(rows.shape[0], int):
        asserting.Assert(L.shape_of(rows)[0] > 0, [problem])
        rows = L.pad(rows[:1], [[0, 1], *[[0, 0]] * (len(rows.shape) - 1)])     # so that this error is the one
    return L.gather(rows, 0)


def _others(rows: Tensor) -> Tensor:
    """All rows but the first."""
    if not isinstance(rows.node.op, Range):
        return rows[1:]
    start, limit, delta = rows.node.inputs
    return pieces.range(start + delta, limit, delta)  # type: ignore[no-any-return]


def _is_before(item: Any, limit: Any, delta: Any) -> Any:
    return L.where(delta > 0, item < limit, item > limit)


def _counted(rows: Tensor, row: Block, carried: _Carried) -> Sequence[Any]:
    """A loop over a range inside a branch or loop, which cannot wait to know how many numbers there are."""
    start, limit, delta = rows.node.inputs

    def holds(item: Any, *_: Any) -> Any:
        return _is_before(item, limit, delta)

    def step(item: Any, *values: Any) -> list[Any]:
        return [item + delta, *row(*values, item)]

    return control.while_loop(  # type: ignore[no-any-return]
        holds, step, [start, *carried.leaves], [None, *carried.shapes], name="for")[1:]


def _is_short(rows: Tensor) -> bool:
    known = rows.shape[0] if rows.shape.rank else None
    return isinstance(known, int) and known <= UNROLLED


def _is_counting(rows: Tensor) -> bool:
    """Whether the rows are 0, 1, 2 and so on."""
    if not isinstance(rows.node.op, Range):
        return False
    start, _, delta = (t.node.op for t in rows.node.inputs)
    return isinstance(start, Const) and isinstance(delta, Const) and (start.value.array, delta.value.array) == (0, 1)


def _tell_shapes(
    body: Block, state: State, assign: Assign, names: Sequence[str], counted: tuple[Any, Tensor] | None = None
) -> None:
    """Let arrays of tensors know the shape of what a step will write: a step is drawn once and thrown away.

    counted : the item 0 and all items of a loop that counts; an array that every step writes at its item gets its size
    """
    before = _values(state, names)
    arrays = [x for x in before if isinstance(x, TensorArray)]
    if not any((x.grows and counted) or not x.element_shape.is_fully_defined() for x in arrays):
        return
    with Body(get_default_graph()).as_default():
        body()
    after = _values(state, names)
    told = list(before)
    for k, (b, a) in enumerate(zip(before, after, strict=True)):
        if isinstance(b, TensorArray) and isinstance(a, TensorArray):
            told[k] = b.shaped(a)
            new = a.written[len(b.written):]
            if counted is not None and len(new) == 1 and new[0] is counted[0]:
                told[k] = told[k].sized(counted[1])
    assign(told)


class _Carried:
    """The variables of a loop of the graph: those with values before it go from step to step.

    leaves : their tensors before the first step
    shapes : of these in all steps, None for those that keep their sizes
    """

    def __init__(
        self, state: State, assign: Assign, names: Sequence[str], statement: str, live: Sequence[str],
        invariants: Invariants,
    ) -> None:
        self._state, self._assign, self._names, self._statement = state, assign, names, statement
        self._live = live
        self._before = _values(state, names)
        self._structures: dict[int, Structure] = {}
        self._counts: dict[int, int] = {}
        self.leaves: list[Any] = []
        self.shapes: list[Shape | None] = []
        for k, value in enumerate(self._before):
            structure, leaves = flatten(value)
            if _is_made_of(value):
                self._structures[k], self._counts[k] = structure, len(leaves)
                found = [get_default_graph().adopt(convert_to_tensor(x)) for x in leaves]
                self.leaves += found
                self.shapes += [value.shape_in_loops] if isinstance(value, TensorArray) else [
                    next((Shape(s) for y, s in invariants if y is x), None) for x in leaves]

    def begin(self, values: Sequence[Any]) -> None:
        """Give the variables the values of a step."""
        given = iter(values)
        self._assign([
            self._structures[k].fill([next(given) for _ in range(self._counts[k])])
            if k in self._structures else before for k, before in enumerate(self._before)
        ])

    def after(self) -> list[Any]:
        """Their values after it, flat.

        Raises
        ------
        DTypeError, ShapeError, InvalidArgumentError for a variable that is not of the type that it had before; _Unset
        for one that had no value.
        """
        found: list[Any] = []
        expected = iter([_Like(t.dtype, t.shape if s is None else s)
                         for t, s in zip(self.leaves, self.shapes, strict=True)])
        for k, (name, value) in enumerate(zip(self._names, _values(self._state, self._names), strict=True)):
            before = self._before[k]
            if k not in self._structures:
                if before is UNRETURNED and _is_made_of(value):
                    raise _Unset(name, self._statement, nothing_like(value))
                if (before is None or (isinstance(before, Undefined) and name in self._live)) and _is_made_of(value):
                    raise _Unset(name, self._statement)
                is_kept = isinstance(before, Undefined) or before is value or _is_same(before, value)
                if name in self._live and not is_kept:
                    raise InvalidArgumentError(
                        f"{name!r} is {_what(before)} before the `{self._statement}` and {_what(value)} after a step",
                        fix="let it be a tensor of one type before and in the loop")
                continue
            if form_of(value) != form_of(before):
                raise InvalidArgumentError(f"{name!r} changes its structure in the `{self._statement}`",
                                           fix="let it keep its structure, or let scan or map_fn stack the results")
            for x in flatten(value)[1]:
                like = next(expected)
                if isinstance(x, Undefined) or not _is_number(x):
                    raise InvalidArgumentError(f"{name!r} becomes {_what(x)} in the `{self._statement}`",
                                               fix="let it be a tensor of one type before and in the loop")
                is_typed = isinstance(x, (Tensor, EagerTensor, Variable))
                tensor = convert_to_tensor(x) if is_typed else convert_to_tensor(x, like.dtype)
                check_kept(repr(name), like, tensor)
                found.append(tensor)
        return found

    def end(self, values: Sequence[Any]) -> None:
        """Give the variables the values after the last step."""
        self._before = [
            Undefined(n, f"gets its value in a `{self._statement}` on a tensor, which may take no step")
            if isinstance(b, Undefined) else b for n, b in zip(self._names, self._before, strict=True)
        ]
        self.begin(values)


class _Like(NamedTuple):
    """Type and shape that a variable keeps."""

    dtype: DType
    shape: Shape


def _is_made_of(value: Any) -> bool:
    """Whether a variable can go from step to step as tensors."""
    leaves = flatten(value)[1]
    return bool(leaves) and all(map(_is_number, leaves))


def _is_number(x: Any) -> bool:
    return isinstance(x, (Tensor, EagerTensor, Variable, bool, int, float, np.ndarray, np.generic))


def _values(state: State, names: Sequence[str]) -> list[Any]:
    return [_value(read, name) for read, name in zip(state(), names, strict=True)]


def _value(read: Callable[[], Any], name: str) -> Any:
    try:
        return read()
    except (NameError, AttributeError, LookupError):    # Python's words for a variable or place without a value
        return Undefined(name, "has no value here")


def set_item(holder: Callable[[], Any], key: Any, value: Any) -> None:
    """``holder()[key] = value``, or nothing at that key."""
    if not isinstance(value, Undefined):
        holder()[key] = value
        return
    with contextlib.suppress(NameError, LookupError):
        del holder()[key]


def set_attribute(holder: Callable[[], Any], name: str, value: Any) -> None:
    """The same of an attribute."""
    if not isinstance(value, Undefined):
        setattr(holder(), name, value)
        return
    with contextlib.suppress(NameError, AttributeError):
        delattr(holder(), name)


def assert_(test: Any, message: Callable[[], Any]) -> None:
    """``assert test, message()``; of a tensor when it runs."""
    test = decided(test)
    if isinstance(test, Tensor):
        asserting.Assert(test, [message()])
    elif not test:
        raise AssertionError(message())


# -------------------------------------------------------------------- expressions

def decided(value: Any) -> Any:
    """What Python or the graph decides on: a variable is its value."""
    return convert_to_tensor(value) if isinstance(value, Variable) and is_drawing() else value


def by_python(value: Any, why: str) -> Any:
    """What a statement asks that could not become a branch or loop of the graph.

    why : what it holds that cannot

    Raises
    ------
    InvalidArgumentError if it is a tensor of the graph.
    """
    value = decided(value)
    if isinstance(value, Tensor) and not _is_short(value):
        raise InvalidArgumentError(
            f"{value.name} has no value while the graph is drawn, and this statement has to run in Python, for it "
            f"holds {why}",
            at=str(user_line()),
            fix="set a variable and `break`, and return after the loop; or use cond and while_loop",
        )
    return value


def and_(first: Block, second: Block) -> Any:
    """``first and second``; a tensor's second operand is computed only if the first holds."""
    value = decided(first())
    if isinstance(value, Tensor):
        return control.cond(value, second, lambda: value)
    return second() if value else value


def or_(first: Block, second: Block) -> Any:
    """``first or second``, likewise."""
    value = decided(first())
    if isinstance(value, Tensor):
        return control.cond(value, lambda: value, second)
    return value if value else second()


def not_(value: Any) -> Any:
    """``not value``."""
    value = decided(value)
    return L.logical_not(value) if isinstance(value, Tensor) else not value


def if_expression(test: Any, body: Block, orelse: Block) -> Any:
    """``body if test else orelse``."""
    return if_returning(test, body, orelse, lambda: (), lambda values: None, ())


# -------------------------------------------------------------------- builtin functions

def range_(*limits: Any) -> Any:
    """`range`; of tensors a tensor."""
    limits = tuple(decided(x) for x in limits)
    return pieces.range(*limits) if any(isinstance(x, Tensor) for x in limits) else range(*limits)


def len_(value: Any) -> Any:
    """`len`; of a tensor whose first axis has no known size a tensor."""
    if not isinstance(value, Tensor):
        return len(value)
    known = value.shape[0] if value.shape.rank else None
    return known if isinstance(known, int) else L.shape_of(value)[0]


def int_(value: Any = 0, *more: Any, **named: Any) -> Any:
    """`int`; of a tensor a cast to int32."""
    return L.cast(value, int32) if isinstance(value, Tensor) else int(value, *more, **named)


def float_(value: Any = 0.0) -> Any:
    """`float`; of a tensor a cast to float32."""
    return L.cast(value, float32) if isinstance(value, Tensor) else float(value)


BUILTINS: dict[Any, Callable[..., Any]] = {range: range_, len: len_, int: int_, float: float_}
