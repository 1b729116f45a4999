"""A compiled program that can be run: machine code, and a layout for each combination of shapes it has met."""
from __future__ import annotations

import ctypes
import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from ..codegen.emit import Kernel
from ..codegen.kernels.runner import ROW, ControlBlock
from ..dtypes import DType
from ..errors import GraphEngineError, IndexOutsideError, InvalidArgumentError
from ..ir.computation import Computation
from ..ir.dims import Dim, Size, SizeFacts, evaluate, evaluator, symbols
from ..ir.graph import Graph
from ..ir.node import Node, describe
from ..schedule.fuse import Group
from ..schedule.program import Instruction, Program
from ..values import dataclass
from .arena import Arena
from .compiler import Compiler
from .layout import RUNNER, STAGED_BYTES, Layout
from .outline import Outline, address_of
from .results import ResultPool
from .signals import hear

Array = np.ndarray[Any, Any]

MOST_LAYOUTS = 64                           # shapes remembered for one program
Quick = Callable[[Sequence[Any]], "list[Any] | None"]

_RUN = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p)


@dataclass(frozen=True)
class SizesDiffer(Exception):
    """What was assumed about sizes does not hold; `symbols` make one that is 1, which might broadcast or be dropped, or
    name choices that have to be waited for.
    """

    symbols: set[str]
    problem: str
    reason: str


def check_sizes(facts: SizeFacts, sizes: Mapping[str, int]) -> None:
    """Compare what was assumed about sizes with the sizes that came.

    Symbols that get their numbers late may be missing; what depends on them is not compared then.

    Raises
    ------
    SizesDiffer at the first pair that disagrees.
    """
    later = facts.late.keys() - sizes.keys()
    value = evaluator(sizes)
    for claim in facts.claims:
        if later and later & (symbols(claim.a) | symbols(claim.b)):
            continue
        left, right = value(claim.a), value(claim.b)
        if left != right:
            found = (symbols(size) for size, value in ((claim.a, left), (claim.b, right)) if value == 1)
            problem = f"{claim.problem}: {_named(claim.a, left)} and {_named(claim.b, right)}"
            raise SizesDiffer(set().union(*found) or facts.choices, problem, claim.reason)
    for size in facts.several:
        if not (later and later & symbols(size)) and value(size) == 1:
            raise SizesDiffer(symbols(size), "a size is 1", "")


def _named(size: Size, value: int) -> str:
    """``x.0 = 3`` as "axis 0 of x is 3"."""
    if isinstance(size, Dim) and size.symbol is not None:
        name, _, axis = size.symbol.rpartition(".")
        return f"{value} (axis {axis} of {name})"
    return str(value)


class Written:
    """Memory that a program changes. Kernels are told that nothing changes where a feed is read."""

    def __init__(self, arrays: Iterable[Array]) -> None:
        spans = sorted((address_of(a), address_of(a) + a.nbytes) for a in arrays)
        self.starts = [start for start, _ in spans]
        self.stops = list(accumulate((stop for _, stop in spans), max))

    def overlaps(self, feed: Array) -> bool:
        """Whether some of it is that of a dense array."""
        start = address_of(feed)
        k = bisect_left(self.starts, start + feed.nbytes)
        return k > 0 and start < self.stops[k - 1]


class Executable:
    """Machine code of a program, for one session.

    Parameters
    ----------
    program, kernels : from the compiler's stages
    source : the computation as the user wrote it, for errors
    feeds : dtype of each feed
    states : the session's arrays; their addresses stay
    compiler : gives the code's addresses
    """

    def __init__(
        self, program: Program, kernels: Sequence[Kernel], source: Computation, states: Mapping[str, Array],
        compiler: Compiler,
    ) -> None:
        self.program = program
        self.source = source
        self.kernels = tuple(kernels)
        self.written = Written(states[name] for name, _ in source.updates)
        self.compiler = compiler
        every = [inner for kernel in kernels for inner in kernel.all()]
        self.code = dict(zip((k.name for k in every), compiler.addresses(every), strict=True))
        self.code[RUNNER] = compiler.runner()
        self.outline = Outline(program, self.kernels, self.code, states)
        self.run_rows = _RUN(self.code[RUNNER])
        self.pool = ResultPool()
        self.arena: Arena | None = None     # that of the layouts that `run` is called with
        self.dtypes: list[DType] = [t.dtype for t in program.computation.feeds]

    def new_layout(self, sizes: Mapping[str, int], shares: bool = False) -> Layout:
        """Tables for these sizes, which have to agree with what was assumed (`check_sizes`).

        Parameters
        ----------
        shares : whether it has its temporaries where others have theirs, for `run` alone
        """
        if shares and (self.arena is None or not self.arena.has_room(evaluator(sizes))):
            self.arena = Arena(self.outline, sizes, ahead=True)
        return Layout(self.outline, self.code, sizes, self.compiler.team.address, self.arena if shares else None)

    def call(self, layout: Layout, hears: bool) -> int:
        """Run the rows as often as the control block says; the code that the runner returns."""
        if layout.shared:
            self.compiler.team.call()
        if not hears:
            return self.run_rows(layout.control_pointer)  # type: ignore[no-any-return]
        layout.is_running = True
        try:
            return hear(layout.stop, lambda: self.run_rows(layout.control_pointer))
        except BaseException:
            layout.start_anew()
            raise
        finally:
            layout.is_running = False

    # ------------------------------------------------ one run

    def run(self, layout: Layout, feeds: Sequence[Array], out: Sequence[Array | None] | None = None) -> list[Any]:
        """Results of one run.

        Parameters
        ----------
        feeds : arrays of the layout's shapes and the feeds' dtypes
        out : for each fetch an array to write it into (dense, of its shape and dtype), or None

        Raises
        ------
        InvalidArgumentError in the handler of a signal that arrived while the layout runs.
        """
        if layout.is_running:
            raise InvalidArgumentError("the handler of a signal runs what the signal has interrupted", op="run",
                                       fix="run it in another session, or after the handler has returned")
        if layout.arena.busy[0]:            # what the signal has interrupted is one of those it shares memory with
            layout = self.new_layout(layout.known)
        pointed = False
        layout.arena.busy[0] = 1
        try:
            for b, stage, array in zip(self.program.feeds, layout.staging, feeds, strict=True):
                is_dense = (flags := array.flags).c_contiguous and flags.aligned
                if (
                    stage.nbytes <= STAGED_BYTES or not is_dense or self.written.overlaps(array)
                    or any(o is not None and np.may_share_memory(array, o) for o in out or ())
                ):
                    stage[...] = array
                else:
                    layout.point(b, address_of(array))
                    pointed = True
            results: list[Any] = []
            for k, own in enumerate(layout.results):
                wanted = None if out is None else out[k]
                target = own if wanted is None else wanted
                if target is own and own.nbytes > STAGED_BYTES:
                    target = self.pool.array(own.shape, own.dtype)
                if target is not own:
                    layout.point(self.program.fetches[k], address_of(target))
                    pointed = True
                results.append(target)
            code = self.call(layout, layout.is_long)
            if code:
                raise self.failure(layout, code)
            return [r if r is not own else own.copy() if own.ndim else own[()]
                    for r, own in zip(results, layout.results, strict=True)]
        finally:
            layout.arena.busy[0] = 0
            if pointed:
                layout.point_home()

    def quick(self, layout: Layout) -> Quick:
        """A function that runs a small layout with little ado: results, or None for values that need a closer look."""
        expected = [(stage, stage.dtype, stage.shape) for stage in layout.staging]
        run_rows, control, owns, ndarray = self.run_rows, layout.control_pointer, layout.results, np.ndarray
        busy = layout.arena.busy

        def call(values: Sequence[Any]) -> list[Any] | None:
            if busy[0]:
                return None
            busy[0] = 1
            try:
                for value, (stage, dtype, shape) in zip(values, expected):  # noqa: B905 - one less microsecond
                    if type(value) is not ndarray or value.dtype is not dtype or value.shape != shape:
                        return None
                    stage[...] = value
                code = run_rows(control)
                if code:
                    raise self.failure(layout, code)
                return [own.copy() if own.ndim else own[()] for own in owns]
            finally:
                busy[0] = 0

        return call

    # ------------------------------------------------ errors

    def failure(self, layout: Layout, code: int, step: int | None = None) -> GraphEngineError:
        """The error that a kernel's code stands for, on its node."""
        row = int(layout.control[ControlBlock.FAILED]) - layout.ahead
        if row < 0:
            return IndexOutsideError("a row index is outside the fed array", op="run_steps")
        layout, row, instruction, drawn = _failed(layout, self.program, row, self.source.graph)
        node = instruction.nodes[0]
        kind: type[GraphEngineError]
        if instruction.group is not None:
            node, reason = _failed_member(instruction.group, code)
            kind = InvalidArgumentError
        else:
            kind, reason = node.op.raises, self._reason(layout, row, node, code)
        owner = _owner(node, drawn)
        error = kind(
            reason + ("" if step is None else f" (step {step})"), op=owner.op.called, node=owner.equation(),
            at=str(node.origin) if node.origin else None,
            operands=owner.op.label_operands([describe(t) for t in owner.inputs]),
        )
        error.step = step
        return error

    def _reason(self, layout: Layout, row: int, node: Node, code: int) -> str:
        """What is wrong, in the words of the op's definition on the same numbers; else what the code means."""
        first = int(layout.rows[row * ROW + 1])
        inputs = [
            array_at(int(layout.addresses[first + k]), t.dtype, [evaluate(s, layout.known) for s in t.shape])  # type: ignore[arg-type]
            for k, t in enumerate(node.inputs)
        ]
        try:
            node.op.with_sizes(layout.known).values_of(*inputs)
        except GraphEngineError as error:
            return error.problem
        except (ValueError, ArithmeticError):   # numpy's own: the kernel's words are better
            pass
        return str(node.op.explain_code(code))


def _failed_member(group: Group, code: int) -> tuple[Node, str]:
    """The first member of a fused group whose bit is set in the code, and what is wrong with it."""
    failing = [(m, f) for m in group.members if (f := m.op.failure(*[t.dtype for t in m.inputs])) is not None]
    node, (_, reason) = failing[(code & -code).bit_length() - 1]
    return node, reason


def _failed(layout: Layout, program: Program, row: int, drawn: Graph) -> tuple[Layout, int, Instruction, Graph]:
    """Where a failure came from, into loops and branches: layout, row there, instruction, the graph drawn for it."""
    inner = layout.nested.get(row)
    if inner is None:
        return layout, row + layout.ahead, program.instructions[row], drawn
    taken = inner.taken(layout, row + layout.ahead)
    part = inner.parts[taken]
    return _failed(part, part.program, int(part.control[ControlBlock.FAILED]), inner.node.op.regions[taken].graph)


def _owner(node: Node, drawn: Graph) -> Node:
    """The user's node that `node` was made for, or `node` itself: composites name their parts after themselves."""
    name = node.name
    while name:
        found = drawn.by_name.get(name)
        if found is not None:
            return found
        name = name.rpartition("/")[0]
    return node


def array_at(address: int, dtype: DType, shape: Sequence[int]) -> Array:
    """The dense array at an address."""
    memory: Any = (ctypes.c_byte * (math.prod(shape) * dtype.size)).from_address(address)
    return np.frombuffer(memory, dtype.numpy).reshape(tuple(shape))
