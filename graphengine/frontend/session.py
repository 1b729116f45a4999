"""Sessions: they run parts of a graph and keep the values of its variables.

What is fetched and fed decides the program; it is compiled once for dtypes and ranks and laid out once for each
combination of shapes. A session runs one program at a time; threads take turns.
"""
from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import interpret
from ..config import settings
from ..errors import FailedPreconditionError, FeedError, InvalidArgumentError, NotFoundError, ShapeError
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, Tensor, describe
from ..ops import state
from ..ops.apply import as_array
from ..pipeline import Compilation, compile_graph
from ..rewrite.specialize import Feed
from ..runtime.compiler import default_compiler
from ..runtime.executable import MOST_LAYOUTS, Executable, Rows, SizesDiffer
from ..runtime.layout import Layout
from .explain import BY_DEBUG_LEVEL, Explanation
from .structure import flatten
from .variables import Variable

Array = np.ndarray[Any, Any]
Shapes = tuple[tuple[int, ...], ...]

_sessions: ContextVar[tuple[Session, ...]] = ContextVar("graphengine_sessions", default=())


def get_default_session() -> Session | None:
    """The innermost session that is used as a context manager."""
    stack = _sessions.get()
    return stack[-1] if stack else None


class Session:
    """Runs a graph and keeps its variables' values.

    Parameters
    ----------
    graph : the graph to run; the default graph if None

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     x = tf.placeholder(tf.float32, [None])
    ...     y = tf.reduce_sum(x * x)
    ...     with tf.Session() as session:
    ...         print(session.run(y, feed_dict={x: [1.0, 2.0, 3.0]}))
    14.0
    """

    def __init__(self, graph: Graph | None = None) -> None:
        if graph is not None and not isinstance(graph, Graph):
            raise InvalidArgumentError(f"{graph!r} is no Graph", op="Session")
        self.graph = graph or get_default_graph()
        self._values: dict[str, Array] = {}
        self._initialized: set[str] = set()
        self._plans: dict[Any, _Plan] = {}
        self._lock = threading.RLock()
        self._token: Token[tuple[Session, ...]] | None = None
        self._graph_context: Any = None
        self._closed = False

    # ------------------------------------------------ context

    def __enter__(self) -> Session:
        self._graph_context = self.graph.as_default()
        self._graph_context.__enter__()
        self._token = _sessions.set((*_sessions.get(), self))
        return self

    def __exit__(self, *exception: Any) -> None:
        if self._token is not None:
            _sessions.reset(self._token)
            self._token = None
        self._graph_context.__exit__(None, None, None)
        self.close()

    def close(self) -> None:
        """Let go of compiled programs and variables; the session cannot run any more."""
        self._closed = True
        for plan in self._plans.values():
            plan.layouts.clear()            # functions of make_callable still have their plans
        self._plans.clear()
        self._values.clear()

    # ------------------------------------------------ running

    def run(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Any:
        """Values of `fetches`.

        Parameters
        ----------
        fetches : a tensor, variable, node or name, or lists, tuples and dicts of them, nested
        feed_dict : values of placeholders (or of any tensor), by tensor or name

        Returns
        -------
        The same structure with arrays (numbers for tensors without axes) in the place of tensors, None for nodes.

        Raises
        ------
        FeedError for a missing or unfit feed, NotFoundError for an unknown name, FailedPreconditionError for
        a variable without a value, OutOfRangeError for an index outside its axis.
        """
        feeds = {} if feed_dict is None else feed_dict
        structure, leaves = flatten(fetches)
        with self._lock:
            plan = self._plan(leaves, list(feeds))
            results = plan.run([plan.array(k, value) for k, value in enumerate(feeds.values())])
        return structure.fill(plan.spread(results))

    def make_callable(self, fetches: Any, feed_list: Sequence[Any] = ()) -> Callable[..., Any]:
        """A function of the values of `feed_list` that runs `fetches`: the quick way to run one thing often.

        The function takes one argument for each entry of `feed_list`, and ``out=``: an array, or a structure of
        arrays like `fetches`, into which results are written (C order, of the result's shape and dtype).

        Examples
        --------
        >>> import graphengine as tf
        >>> with tf.Graph().as_default(), tf.Session() as session:
        ...     x = tf.placeholder(tf.float32, [None])
        ...     double = session.make_callable(x * 2.0, [x])
        ...     print(double([1.0, 2.0]))
        [2. 4.]
        """
        structure, leaves = flatten(fetches)
        plan = self._plan(leaves, list(feed_list))
        lock, count = self._lock, len(plan.feeds)
        single = structure.is_leaf and plan.fetch_positions == [0]

        def call(*values: Any, out: Any = None) -> Any:
            if len(values) != count:
                raise FeedError(f"{count} values expected, got {len(values)}", op="make_callable")
            with lock:
                arrays = [plan.array(k, v) for k, v in enumerate(values)]
                results = plan.run(arrays, None if out is None else flatten(out)[1])
            return results[0] if single else structure.fill(plan.spread(results))

        return call

    def run_steps(
        self, fetches: Any, feeds: Mapping[Any, Any] | None = None, steps: int | None = None,
        collect: bool = False, on_progress: Callable[[int], Any] | None = None,
    ) -> Any:
        """Run `fetches` many times in one compiled loop.

        Parameters
        ----------
        fetches : as for `run`
        feeds : by tensor or name: an array of the placeholder's shape, the same for each step; an array with one more
            axis in front, one piece for each step; or ``Rows(data, indices)``, which picks rows of an array each step
        steps : how many; taken from the feeds if None
        collect : return the values of all steps, stacked along a new first axis, instead of those of the last
        on_progress : called with the number of steps done about 30 times a second; returning True stops the loop

        Raises
        ------
        FeedError if the feeds are not for the same number of steps. KeyboardInterrupt leaves the variables of the
        last whole step.
        """
        given = {} if feeds is None else feeds
        structure, leaves = flatten(fetches)
        with self._lock:
            plan = self._plan(leaves, list(given))
            results = plan.run_steps(list(given.values()), steps, collect, on_progress)
        return structure.fill(plan.spread(results))

    def explain(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Explanation:
        """What the compiler makes of a run, without running it."""
        feeds = {} if feed_dict is None else feed_dict
        _, leaves = flatten(fetches)
        with self._lock:
            plan = self._plan(leaves, list(feeds))
            shapes = tuple(plan.array(k, v).shape for k, v in enumerate(feeds.values()))
            return Explanation(plan.bound(shapes).compilation, plan.sizes(shapes))

    # ------------------------------------------------ variables

    def variables(self) -> dict[str, Array]:
        """A copy of the value of each variable that has one, by name."""
        with self._lock:
            return {name: self._values[name].copy() for name in sorted(self._initialized)}

    def load_variables(self, values: Mapping[str, Any]) -> None:
        """Give variables values, by name; nothing changes unless all of them fit.

        Raises
        ------
        NotFoundError for a name that is no variable, ShapeError or DTypeError for a value that does not fit.
        """
        handles = {n.name: n.outputs[0] for n in self.graph.nodes if isinstance(n.op, state.Variable)}
        fitting = {}
        for name, value in values.items():
            if name not in handles:
                raise NotFoundError(f"the graph has no variable {name!r}")
            array = as_array(value, handles[name].dtype, name)
            if array.shape != handles[name].shape:
                raise ShapeError(f"variable {name!r} has shape {handles[name].shape}, the value {array.shape}")
            fitting[name] = array
        with self._lock:
            for name, array in fitting.items():
                self.storage(handles[name])[...] = array
                self._initialized.add(name)

    def storage(self, handle: Tensor) -> Array:
        """The array that holds a variable; it stays the same one for the life of the session."""
        name = handle.node.name
        if name not in self._values:
            self._values[name] = np.zeros(handle.shape.numbers(), handle.dtype.numpy)
        return self._values[name]

    # ------------------------------------------------ plans

    def _plan(self, leaves: Sequence[Any], feeds: Sequence[Any]) -> _Plan:
        key = (tuple(map(_identity, leaves)), tuple(map(_identity, feeds)))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = _Plan(self, leaves, feeds)
        return plan


def _identity(item: Any) -> Any:
    return item if isinstance(item, str) else id(item)


@dataclass
class _Bound:
    """A program with real sizes; ready once it is known that the variables it reads have values."""

    compilation: Compilation
    executable: Executable
    layout: Layout
    is_ready: bool = False


class _Plan:
    """One way of running a session: fixed fetches and feeds, programs by rank, layouts by shape."""

    def __init__(self, session: Session, leaves: Sequence[Any], feeds: Sequence[Any]) -> None:
        graph = session.graph
        self.session = session
        self.keep_alive = (list(leaves), list(feeds))   # their ids are the key of the plan
        self.feeds = [self._fed(graph, f) for f in feeds]
        items = [_fetched(graph, leaf) for leaf in leaves]
        self.fetches = [t for t in items if isinstance(t, Tensor)]
        self.targets = [n for n in items if isinstance(n, Node)]
        self.fetch_positions = [k for k, t in enumerate(items) if isinstance(t, Tensor)]
        self.leaf_count = len(items)
        self.numpy = [t.dtype.numpy for t in self.feeds]
        self.compiled: dict[Any, tuple[Compilation, Executable]] = {}
        self.layouts: dict[Shapes, _Bound] = {}

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
        if kind is not dtype.type and not (kind is float and dtype.kind == "f"):
            tensor = self.feeds[k]
            if isinstance(value, (Tensor, Variable)):
                raise FeedError(f"the value fed for {tensor.name} is a tensor, not numbers", fix="feed an array")
            return as_array(value, tensor.dtype, "feed", f"the value fed for {tensor.name}")
        return np.array(value, dtype)

    def check_shape(self, k: int, shape: tuple[int, ...], steps: str = "") -> None:
        tensor = self.feeds[k]
        known = tensor.shape
        fits = known.rank is None or (
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

    def run(self, arrays: list[Array], out: Sequence[Array | None] | None = None) -> list[Any]:
        shapes = tuple([a.shape for a in arrays])
        found = self.layouts.get(shapes)
        if found is None:
            found = self.bound(shapes)
        if not found.is_ready:
            self._check_initialized(found.compilation)
        if out is not None:
            self._check_out(found.layout, out)
        if settings().tier == "interpreter":
            results = _written(self._interpret(found.compilation, arrays), out)
        else:
            results = found.executable.run(found.layout, arrays, out)
        if not found.is_ready:
            self._after(found.compilation)
            found.is_ready = True
        return results

    def run_steps(
        self, values: Sequence[Any], steps: int | None, collect: bool, on_progress: Callable[[int], Any] | None
    ) -> list[Any]:
        arrays = [self._step_feed(k, v) for k, v in enumerate(values)]
        pieces = [self._pieces(k, a) for k, a in enumerate(arrays)]
        counts = {n for n, _ in pieces if n is not None}
        if len(counts | ({steps} if steps is not None else set())) > 1:
            raise FeedError(f"the feeds are for different numbers of steps: {sorted(counts)}"
                            + (f", and steps={steps}" if steps is not None else ""), op="run_steps")
        total = steps if steps is not None else next(iter(counts), 1)
        if total < 1:
            raise FeedError(f"{total} steps", op="run_steps", fix="run at least one")
        found = self.bound(tuple(shape for _, shape in pieces))
        self._check_initialized(found.compilation)
        layout = found.executable.new_layout(self.sizes(tuple(shape for _, shape in pieces)))
        results = found.executable.run_steps(
            layout, arrays, [n is not None for n, _ in pieces], total, collect, on_progress
        )
        self._after(found.compilation)
        return results

    def _step_feed(self, k: int, value: Any) -> Array | Rows:
        if not isinstance(value, Rows):
            return np.asarray(self.array(k, value), order="C")     # ascontiguousarray would give a number an axis
        data = np.ascontiguousarray(self.array(k, value.data))
        indices = np.ascontiguousarray(value.indices, np.int64)
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

    def _interpret(self, compilation: Compilation, arrays: Sequence[Array]) -> list[Any]:
        fetched, updates = interpret.run(
            compilation.source, arrays, self.session._values, self.sizes(tuple(a.shape for a in arrays))
        )
        results = [np.array(a) for a in fetched]
        for name, value in {n: np.array(v) for n, v in updates.items()}.items():
            self.session._values[name][...] = value
        return [r[()] if not r.ndim else r for r in results]

    # ------------------------------------------------ programs and layouts

    def bound(self, shapes: Shapes) -> _Bound:
        """Program and layout for these shapes; compiled or laid out now if they are new."""
        if self.session._closed:
            raise InvalidArgumentError("the session is closed", op="Session.run")
        for k, shape in enumerate(shapes):
            self.check_shape(k, shape)
        sizes = self.sizes(shapes)
        ones: frozenset[str] = frozenset()
        while True:
            compilation, executable = self._program(shapes, ones)
            try:
                layout = executable.layout(sizes, shapes)
            except SizesDiffer as found:
                if found.ones <= ones:
                    raise ShapeError(
                        found.problem, node=found.reason, fix="feed arrays whose sizes agree, or are 1"
                    ) from None
                ones |= found.ones
            else:
                if len(self.layouts) >= MOST_LAYOUTS:
                    del self.layouts[next(iter(self.layouts))]
                self.layouts[shapes] = _Bound(compilation, executable, layout)
                return self.layouts[shapes]

    def _program(self, shapes: Shapes, ones: frozenset[str]) -> tuple[Compilation, Executable]:
        key = tuple(map(len, shapes)), ones
        if key not in self.compiled:
            feeds = [
                Feed(t, tuple(t.shape) if t.shape.rank is not None else (None,) * len(s))
                for t, s in zip(self.feeds, shapes, strict=True)
            ]
            compilation = compile_graph(self.fetches, self.targets, feeds, ones)
            if settings().debug:
                level = min(settings().debug, max(BY_DEBUG_LEVEL))
                print(Explanation(compilation, self.sizes(shapes)).text(BY_DEBUG_LEVEL[level]), file=sys.stderr)
            for name in self._touched(compilation):
                self.session.storage(self.session.graph.by_name[name].outputs[0])
            executable = Executable(
                compilation.program, compilation.kernels, self.session._values, default_compiler()
            )
            self.compiled[key] = compilation, executable
        return self.compiled[key]

    def sizes(self, shapes: Shapes) -> dict[str, int]:
        """The value of each size symbol."""
        return {
            f"{t.node.name}.{axis}": size
            for t, shape in zip(self.feeds, shapes, strict=True) for axis, size in enumerate(shape)
        }

    # ------------------------------------------------ variables

    def _read(self, compilation: Compilation) -> list[str]:
        return [n.op.variable for n in compilation.source.nodes if isinstance(n.op, state.State)]

    def _touched(self, compilation: Compilation) -> Iterable[str]:
        return dict.fromkeys([*self._read(compilation), *(name for name, _ in compilation.source.updates)])

    def _check_initialized(self, compilation: Compilation) -> None:
        for name in self._read(compilation):
            if name not in self.session._initialized:
                node = self.session.graph.by_name[name]
                raise FailedPreconditionError(
                    f"variable {name!r} is read before it has a value", node=node.equation(),
                    at=str(node.origin) if node.origin else None,
                    fix="run global_variables_initializer() first, or load its value",
                )

    def _after(self, compilation: Compilation) -> None:
        self.session._initialized.update(name for name, _ in compilation.source.updates)

    def _check_out(self, layout: Layout, out: Sequence[Array | None]) -> None:
        if len(out) != len(self.fetches):
            raise InvalidArgumentError(f"out has {len(out)} arrays for {len(self.fetches)} results", op="make_callable")
        for array, own in zip(out, layout.results, strict=True):
            if array is None:
                continue
            if not isinstance(array, np.ndarray) or array.dtype != own.dtype or array.shape != own.shape:
                raise InvalidArgumentError(
                    f"out is {getattr(array, 'dtype', type(array).__name__)} {getattr(array, 'shape', '')}; "
                    f"the result is {own.dtype} {own.shape}", op="make_callable",
                )
            if not (array.flags.c_contiguous and array.flags.writeable):
                raise InvalidArgumentError("out has to be writable and in C order", op="make_callable")
        given = [a for a in out if a is not None]
        if any(np.may_share_memory(a, b) for k, a in enumerate(given) for b in given[:k]):
            raise InvalidArgumentError("two arrays of out share memory", op="make_callable")


def _written(results: list[Any], out: Sequence[Array | None] | None) -> list[Any]:
    """Results, those for which there is an array in `out` written into it."""
    if out is None:
        return results
    for array, value in zip(out, results, strict=True):
        if array is not None:
            array[...] = value
    return [value if array is None else array for array, value in zip(out, results, strict=True)]


def _fetched(graph: Graph, leaf: Any) -> Tensor | Node:
    if isinstance(leaf, str):
        node = graph.by_name.get(leaf)
        if node is None:
            return graph.as_tensor(leaf)
        return node if not node.outputs else node.outputs[0]
    if isinstance(leaf, (Tensor, Variable)):
        node = graph.as_node(leaf)
        return leaf if isinstance(leaf, Tensor) else leaf.handle
    return graph.as_node(leaf)


__all__ = ["Rows", "Session", "get_default_session"]
