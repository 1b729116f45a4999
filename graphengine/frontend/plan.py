"""One way of running a session: what is fetched and fed is fixed, so a program can be compiled for it.

A program is compiled once for each combination of ranks (and of sizes that broadcast), and laid out once for each
combination of shapes. While its kernels are still being compiled, the interpreter runs it.
"""
from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import interpret
from ..codegen.emit import Kernel
from ..config import settings
from ..errors import FeedError, InvalidArgumentError, ShapeError
from ..ir.dims import evaluate
from ..ir.graph import Graph
from ..ir.node import Node, Tensor, describe
from ..ir.walk import needed
from ..ops import state
from ..ops.apply import as_array
from ..ops.body import calls_python, changed_variables
from ..ops.kinds import Control
from ..pipeline import Compilation, CompiledGraph, compile_graph
from ..rewrite.specialize import Feed, size_symbol
from ..runtime.compiler import PATIENCE_S, Compiler
from ..runtime.executable import MOST_LAYOUTS, Executable, Quick, SizesDiffer, check_sizes
from ..runtime.layout import Layout
from ..runtime.loop import Rows, picking
from ..values import dataclass
from .prepared import CompiledSteps, EarlySteps, PreparedSteps, PythonSteps
from .store import Running, Turn, VariableStore
from .variables import Variable

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .explanation import Explanation

MOST_BYTES = 2**28                          # of memory that the layouts of one plan keep

Array = np.ndarray[Any, Any]
Shapes = tuple[tuple[int, ...], ...]


class Program:
    """A compilation and, once its kernels are machine code, what runs it."""

    def __init__(self, compilation: Compilation, store: VariableStore, compiler: Compiler) -> None:
        self.compilation = compilation
        self.store = store
        self.compiler = compiler
        source = compilation.source
        self.reads = [n.op.variable for n in source.nodes if isinstance(n.op, state.State)]
        self.writes = [name for name, _ in source.updates]
        for name in (*self.reads, *self.writes):
            store.allocate(name)
        # A loop may take millions of steps: the interpreter is no stopgap for it.
        self.has_loops = any(isinstance(n.op, Control) for n in source.nodes)
        self._executable: Executable | None = None
        self._pending: Future[Any] | None = None
        self._since = 0.0
        self._process = 0                   # whose thread compiles; a child made by `os.fork` has it not

    def prepare(self, more: Sequence[Kernel] = ()) -> Future[Any]:
        """Begin to compile the kernels, and more of them, in the background, unless they are being compiled already."""
        if self._pending is None or self._process != os.getpid():
            kernels = [*self.compilation.kernels, *more]
            self._pending, self._since = self.compiler.prepare(kernels), time.perf_counter()
            self._process = os.getpid()
        return self._pending

    def executable(self, wait: bool) -> Executable | None:
        """What runs the kernels; None while they are not compiled and nobody waits for it.

        Raises
        ------
        CompileError if a kernel cannot be compiled.
        """
        if self._executable is None:
            kernels = self.compilation.kernels
            if not wait and not self.has_loops and not self.compiler.has(kernels):
                if self._pending is None or self._process != os.getpid():
                    return None
                if not self._pending.done():
                    if time.perf_counter() - self._since <= PATIENCE_S:
                        return None
                    self.compiler.runner()      # comes first, and nothing can do without it: no time of others
                    if not self._pending.running():
                        return None
                self._pending.result()
            program, source = self.compilation.program, self.compilation.source
            self._executable = Executable(program, kernels, source, self.store.values, self.compiler)
        return self._executable


@dataclass(frozen=True)
class Programs:
    """What one combination of ranks was compiled into: a program for each stretch, nearly always one."""

    graph: CompiledGraph
    parts: tuple[Program, ...]


@dataclass()
class Bound:
    """A program with real sizes.

    results : dtype and shape of each fetch
    layout : None while the kernels are not compiled
    is_checked : whether it is known that the variables it reads have values
    quick : runs it if it is small
    idle : a layout for compiled loops that none is using; `on_progress` may begin another loop inside one
    """

    program: Program
    sizes: dict[str, int]
    results: list[tuple[np.dtype[Any], tuple[int, ...]]]
    executable: Executable | None
    layout: Layout | None
    is_checked: bool = False
    quick: Quick | None = None
    idle: list[Layout] = field(default_factory=list)

    @property
    def layouts(self) -> list[Layout]:
        return self.idle if self.layout is None else [self.layout, *self.idle]


def held_bytes(bounds: Iterable[Bound]) -> int:
    """Bytes that layouts hold on to, memory that several share once."""
    layouts = [layout for bound in bounds for layout in bound.layouts]
    arenas = {layout.arena for layout in layouts}
    return sum(layout.bytes for layout in layouts) + sum(arena.memory.nbytes for arena in arenas)


def drop_oldest(bounds: dict[Any, Bound]) -> bool:
    """Forget the oldest while there are many or they hold much memory; whether any was."""
    before = len(bounds)
    while bounds and (len(bounds) >= MOST_LAYOUTS or held_bytes(bounds.values()) > MOST_BYTES):
        del bounds[next(iter(bounds))]
    return len(bounds) < before


class Plan:
    """One way of running a session: fixed fetches and feeds, programs by rank, layouts by shape.

    cuts : makes the plan for shapes that want cuts between programs; None if none does
    """

    def __init__(
        self, store: VariableStore, compiler: Compiler, leaves: Sequence[Any], feeds: Sequence[Any],
        cuts: Callable[[], Plan] | None = None,
    ) -> None:
        self._cuts = cuts
        self._cut: Plan | None = None
        self.store = store
        self.compiler = compiler
        self.keep_alive = (list(leaves), list(feeds))   # their ids are the key of the plan
        self.feeds = [self._fed(store.graph, f) for f in feeds]
        twice = [t.name for k, t in enumerate(self.feeds) if any(t is o for o in self.feeds[:k])]
        if twice:
            raise FeedError(f"{twice[0]} is fed twice", fix="feed it by the tensor or by its name, not both")
        items = [fetched(store.graph, leaf) for leaf in leaves]
        self.fetches = [t for t in items if isinstance(t, Tensor)]
        self.targets = [n for n in items if isinstance(n, Node)]
        self.fetch_positions = [k for k, t in enumerate(items) if isinstance(t, Tensor)]
        self.leaf_count = len(items)
        self.numpy = [t.dtype.numpy for t in self.feeds]
        self.programs: dict[Any, Programs] = {}
        self.layouts: dict[Shapes, Bound] = {}
        self.quick: Quick | None = None     # that of what ran last
        self.small: Bound | None = None     # what ran last, if it is small
        self.gate = np.zeros(1, np.int64)   # moves on when layouts are forgotten
        self.ranks: dict[str, tuple[int, ...]] = {}     # of results of Python functions, as they were last
        self.keeps_changes = True           # whether variables change

    @staticmethod
    def _fed(graph: Graph, feed: Any) -> Tensor:
        if isinstance(feed, str):
            return graph.as_tensor(feed)
        node = graph.as_node(feed)
        return feed if isinstance(feed, Tensor) else node.outputs[0]

    # ------------------------------------------------ values in

    def array(self, k: int, value: Any) -> Array:
        """Feed `k` as an array of the right dtype, its shape checked against the placeholder's."""
        dtype = self.numpy[k]
        kind = type(value)
        if kind is np.ndarray and value.dtype is dtype:
            return value  # type: ignore[no-any-return]
        if kind is not dtype.type and not (kind is float and self.feeds[k].dtype.is_floating):
            tensor = self.feeds[k]
            if isinstance(value, (Tensor, Variable)):
                raise FeedError(f"the value fed for {tensor.name} is a tensor, not numbers", fix="feed an array")
            return as_array(value, tensor.dtype, "feed", f"the value fed for {tensor.name}")
        return np.array(value, dtype)

    def check_shape(self, k: int, shape: tuple[int, ...], steps: str = "") -> None:
        tensor = self.feeds[k]
        known = tensor.shape
        fits = known == shape or known.rank is None or (
            len(known) == len(shape) and all(a is None or a == b for a, b in zip(known, shape, strict=True))
        )
        if not fits:
            raise FeedError(
                f"the value fed for {tensor.node.name} has shape {shape}{steps}; the placeholder takes {known}",
                operands=[("feed", describe(tensor))],
                fix="reshape the value, or give the placeholder None for that size",
            )

    def spread(self, results: Sequence[Any]) -> list[Any]:
        """Results in the places of the fetched tensors, None for nodes."""
        found: list[Any] = [None] * self.leaf_count
        for k, value in zip(self.fetch_positions, results, strict=True):
            found[k] = value
        return found

    # ------------------------------------------------ running

    @cached_property
    def turn(self) -> Running | Turn:
        """Entered for a run: those of other functions and sessions wait that change the same variables.

        A run that calls Python makes nobody wait: what it calls might wait for others.
        """
        graph = self.store.graph
        nodes = needed([*(t.node for t in self.fetches), *self.targets], self.feeds) if graph.shared else []
        if any(calls_python(node) for node in nodes):
            return self.store.running
        changed = [graph.by_name[name].op for name in changed_variables(nodes)]
        storages = [op.storage for op in changed if isinstance(op, state.SharedVariable)]
        return Turn(self.store.running, storages) if storages else self.store.running

    def run(self, arrays: list[Array], out: Sequence[Array | None] | None = None) -> list[Any]:
        """Results of one run.

        Parameters
        ----------
        arrays : values of the feeds
        out : for each fetch an array to write it into, or None

        The interpreter runs as long as the kernels are being compiled.
        """
        shapes = tuple([a.shape for a in arrays])
        found = self.layouts.get(shapes)
        if found is None:
            cut = self._cut_for(shapes)
            if cut is not None:
                return cut.run(arrays, out)
            found = self.bound(shapes, wait=False)
        if not found.is_checked:
            self.store.require(found.program.reads)
        if out is not None:
            check_out(found.results, out)
        results = self.execute(found, arrays, out)
        if found.is_checked and found.layout is not None and found.layout.is_small and found.executable is not None:
            self.quick = found.quick = found.quick or found.executable.quick(found.layout)
            self.small = found
        found.is_checked = True
        return results

    def execute(self, found: Bound, arrays: Sequence[Array], out: Sequence[Array | None] | None = None) -> list[Any]:
        """Results of one run of a program whose variables have values."""
        if found.executable is None or found.layout is None or settings().tier == "interpreter":
            results = written(self._interpret(found, arrays), out)
            if found.executable is None and settings().tier == "auto":
                found.program.prepare()         # only now, for numba would slow the first result down
        else:
            results = found.executable.run(found.layout, arrays, out)
        if not found.is_checked:
            self.store.initialized.update(found.program.writes)
        return results

    def steps(self, values: Sequence[Any], count: int | None = None, collect: bool = False) -> PreparedSteps:
        """Feeds set up for as many steps; see `Session.run_steps`."""
        arrays, shapes, stacked, total = self.steps_of(values, count)
        cut = self._cut_for(shapes)
        if cut is not None:
            return cut.steps(values, count, collect)
        found = self.layouts.get(shapes) or self.bound(shapes, wait=False)
        self.store.require(found.program.reads)

        def compiled() -> PreparedSteps:
            bound = found if found.layout is not None else self.bound(shapes, wait=True)
            return CompiledSteps(bound, self.store, arrays, stacked, total, collect)

        is_interpreted = settings().tier == "interpreter"
        if found.layout is not None and not is_interpreted:
            return compiled()
        early = PythonSteps(lambda pieces: self._interpret(found, pieces), arrays, stacked, total, collect)
        if is_interpreted:
            return early
        return EarlySteps(early, found.program.prepare(picking(self.feeds, arrays)), compiled)

    def steps_of(
        self, values: Sequence[Any], steps: int | None
    ) -> tuple[list[Array | Rows], Shapes, list[bool], int]:
        """The feeds of several steps, their shapes in one step, which of them hold a piece for each, how many steps."""
        arrays = [self._step_feed(k, v) for k, v in enumerate(values)]
        pieces = [self._pieces(k, a) for k, a in enumerate(arrays)]
        counts = {n for n, _ in pieces if n is not None}
        if len(counts | ({steps} if steps is not None else set())) > 1:
            raise FeedError(f"the feeds are for different numbers of steps: {sorted(counts)}"
                            + (f", and steps={steps}" if steps is not None else ""), op="run_steps")
        if steps is None and not counts:
            raise FeedError("no feed says how many steps", op="run_steps", fix="give steps=, or stack a feed")
        total = steps if steps is not None else next(iter(counts))
        if total < 1:
            raise FeedError(f"{total} steps", op="run_steps", fix="run at least one")
        return arrays, tuple(shape for _, shape in pieces), [n is not None for n, _ in pieces], total

    def _step_feed(self, k: int, value: Any) -> Array | Rows:
        if not isinstance(value, Rows):
            array = self.array(k, value)
            return array if array.flags.c_contiguous else np.asarray(array, order="C")  # ascontiguousarray adds an axis
        data = np.ascontiguousarray(self.array(k, value.data))
        given = np.asarray(value.indices)
        if given.dtype.kind not in "iu" and given.size:
            raise FeedError(f"Rows.indices holds {given.dtype}; it takes whole numbers", op="run_steps")
        indices = np.ascontiguousarray(given, np.int64)
        if indices.ndim != 2:
            raise FeedError(f"Rows.indices has shape {indices.shape}; it takes (steps, batch)", op="run_steps")
        return Rows(data, indices)

    def _pieces(self, k: int, feed: Array | Rows) -> tuple[int | None, tuple[int, ...]]:
        """Number of steps that a feed is for (None: the same for all), and its shape in one step."""
        if isinstance(feed, Rows):
            shape = (feed.indices.shape[1], *feed.data.shape[1:])
            self.check_shape(k, shape, " in each step")
            return len(feed.indices), shape
        rank = self.feeds[k].shape.rank
        if rank is not None and feed.ndim == rank + 1:
            self.check_shape(k, feed.shape[1:], " in each step")
            return feed.shape[0], feed.shape[1:]
        self.check_shape(k, feed.shape)
        return None, feed.shape

    def _interpret(self, found: Bound, arrays: Sequence[Array]) -> list[Any]:
        fetched, updates = interpret.run(found.program.compilation.source, arrays, self.store.values, found.sizes)
        results = [np.array(a) for a in fetched]
        self.store.assign({name: np.array(value) for name, value in updates.items()})
        return [r if r.ndim else r[()] for r in results]

    # ------------------------------------------------ programs and layouts

    def bound(self, shapes: Shapes, wait: bool) -> Bound:
        """Program and layout for these shapes; compiled or laid out now if they are new.

        Raises
        ------
        FeedError if a shape does not fit its placeholder, ShapeError if sizes that have to agree do not.
        """
        sizes = self.checked_sizes(shapes)
        found = self.bind(self._fitting(shapes, sizes).parts[0], sizes, wait)
        if found.layout is not None:
            self._make_room()
            self.layouts[shapes] = found
        return found

    def checked_sizes(self, shapes: Shapes) -> dict[str, int]:
        """The value of each size symbol of the feeds, whose shapes have to fit."""
        if self.store.is_closed:
            raise InvalidArgumentError("the session is closed", op="Session.run")
        for k, shape in enumerate(shapes):
            self.check_shape(k, shape)
        return {
            size_symbol(t, axis): size
            for t, shape in zip(self.feeds, shapes, strict=True) for axis, size in enumerate(shape)
        }

    def _cut_for(self, shapes: Shapes) -> Plan | None:
        """The plan with cuts for shapes with which the branches of a choice differ in size; else None."""
        if self._cuts is None or len(self._fitting(shapes, self.checked_sizes(shapes)).parts) == 1:
            return None
        self._cut = self._cut or self._cuts()
        return self._cut

    def bind(self, program: Program, sizes: dict[str, int], wait: bool) -> Bound:
        """A program with sizes that fit it."""
        executable = program.executable(wait or settings().tier in ("whole", "kernels"))
        layout = None if executable is None else executable.new_layout(sizes, shares=True)
        return Bound(program, sizes, types_of(program.compilation.source.fetches, sizes), executable, layout)

    def _make_room(self) -> None:
        """Forget layouts, the oldest first, while there are many or they hold much memory."""
        if drop_oldest(self.layouts):
            self.quick = self.small = None

    def forget(self) -> None:
        """Let go of all layouts."""
        if self._cut is not None:
            self._cut.forget()
        self.layouts.clear()
        self.quick = self.small = None
        self.gate[0] += 1

    def explanation(self, shapes: Shapes) -> Explanation:
        """What the compiler makes of feeds of these shapes."""
        from .explanation import Explanation  # loaded for those who look

        sizes = self.checked_sizes(shapes)
        found = self.layouts.get(shapes)
        wholes = [str(w) for layout in (found.idle if found is not None else ()) for w in layout.wholes.values()]
        return Explanation.of(self._fitting(shapes, sizes).graph, sizes, wholes[-1] if wholes else "")

    def _fitting(self, shapes: Shapes, sizes: dict[str, int]) -> Programs:
        """Programs whose assumptions hold: sizes that are 1 and broadcast are found by trying."""
        fixed: dict[str, int] = {}
        while True:
            try:
                programs = self.compiled(shapes, fixed, sizes)
                check_sizes(programs.graph.whole.facts, sizes)
            except SizesDiffer as found:
                fixed = more_fixed(fixed, found, sizes)
            else:
                return programs

    def compiled(self, shapes: Shapes, fixed: Mapping[str, int], sizes: Mapping[str, int]) -> Programs:
        """The programs for feeds of these ranks, with some sizes fixed.

        Raises
        ------
        SizesDiffer if no program fits what was assumed about sizes, and it does not hold for these either.
        ShapeError if sizes cannot fit.
        """
        key = tuple(map(len, shapes)), frozenset(fixed.items()), frozenset(self.ranks.items())
        if key not in self.programs:
            feeds = [
                Feed(t, tuple(t.shape) if t.shape.rank is not None else (None,) * len(s))
                for t, s in zip(self.feeds, shapes, strict=True)
            ]
            try:
                graph = compile_graph(self.fetches, self.targets, feeds, fixed, self.ranks, self.keeps_changes)
            except ShapeError as error:
                if error.facts is not None:     # an axis of size 1 was taken for one that does not broadcast
                    check_sizes(error.facts, sizes)
                raise
            if settings().debug:
                from .explanation import BY_DEBUG_LEVEL, Explanation

                level = min(settings().debug, max(BY_DEBUG_LEVEL))
                made = Explanation.of(graph, self.checked_sizes(shapes))
                print(made.text(BY_DEBUG_LEVEL[level]), file=sys.stderr)
            parts = tuple(Program(c, self.store, self.compiler) for c in graph.compilations)
            self.programs[key] = Programs(graph, parts)
        return self.programs[key]


def more_fixed(fixed: Mapping[str, int], found: SizesDiffer, sizes: Mapping[str, int]) -> dict[str, int]:
    """Sizes for another program, one of which is a 1 that might broadcast; or it waits for one.

    Raises
    ------
    ShapeError if there is none.
    """
    if found.symbols <= fixed.keys():
        raise ShapeError(found.problem, node=found.reason, fix="give arrays whose sizes fit together") from None
    return {**fixed, **{symbol: sizes.get(symbol, 0) for symbol in found.symbols}}


def types_of(fetches: Sequence[Tensor], sizes: Mapping[str, int]) -> list[tuple[np.dtype[Any], tuple[int, ...]]]:
    """dtype and shape of each result."""
    return [(t.dtype.numpy, tuple(evaluate(s, sizes) for s in t.shape)) for t in fetches]  # type: ignore[arg-type]


def check_out(results: Sequence[tuple[np.dtype[Any], tuple[int, ...]]], out: Sequence[Array | None]) -> None:
    """Raise InvalidArgumentError unless results of these types and shapes can be written into `out`."""
    if len(out) != len(results):
        raise InvalidArgumentError(f"out has {len(out)} arrays for {len(results)} results", op="make_callable")
    for array, (dtype, shape) in zip(out, results, strict=True):
        if array is None:
            continue
        if not isinstance(array, np.ndarray) or array.dtype != dtype or array.shape != shape:
            raise InvalidArgumentError(
                f"out is {getattr(array, 'dtype', type(array).__name__)} {getattr(array, 'shape', '')}; "
                f"the result is {dtype} {shape}", op="make_callable",
            )
        if not (array.flags.c_contiguous and array.flags.writeable):
            raise InvalidArgumentError("out has to be writable and in C order", op="make_callable")
    given = [a for a in out if a is not None]
    if any(np.may_share_memory(a, b) for k, a in enumerate(given) for b in given[:k]):
        raise InvalidArgumentError("two arrays of out share memory", op="make_callable")


def written(results: list[Any], out: Sequence[Array | None] | None) -> list[Any]:
    """Results, those for which there is an array in `out` written into it."""
    if out is None:
        return results
    for array, value in zip(out, results, strict=True):
        if array is not None:
            array[...] = value
    return [value if array is None else array for array, value in zip(out, results, strict=True)]


def fetched(graph: Graph, leaf: Any) -> Tensor | Node:
    """What a tensor, variable, node or name stands for as a fetch; the name of a node with results for its first."""
    if isinstance(leaf, str):
        node = graph.by_name.get(leaf)
        if node is None:
            return graph.as_tensor(leaf)
        return node if not node.outputs else node.outputs[0]
    if isinstance(leaf, (Tensor, Variable)):
        node = graph.as_node(leaf)
        return leaf if isinstance(leaf, Tensor) else leaf.handle_in(graph)
    return graph.as_node(leaf)
