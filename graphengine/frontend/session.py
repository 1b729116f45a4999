"""Sessions: they run parts of a graph and keep the values of its variables.

What is fetched and fed decides the program; it is compiled once for dtypes and ranks and laid out once for each
combination of shapes. A session runs one program at a time; threads take turns.
"""
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar, Token
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FailedPreconditionError, InvalidArgumentError
from ..ir.graph import Graph, get_default_graph
from ..ir.node import Node, Tensor
from ..runtime.compiler import default_compiler
from ..runtime.interrupts import Interrupts
from .direct import Direct
from .plan import Plan
from .store import VariableStore
from .stretches import planned
from .structure import flatten
from .variables import Variable

if TYPE_CHECKING:
    from .explanation import Explanation
    from .profile import Profile

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
        self.store = VariableStore(self.graph)
        self._plans: dict[Any, Plan] = {}
        self._lock = threading.RLock()
        self._token: Token[tuple[Session, ...]] | None = None
        self._graph_context: Any = None

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

    @contextmanager
    def as_default(self) -> Iterator[Session]:
        """Make it the default session inside the ``with`` block; it is not closed at its end."""
        token = _sessions.set((*_sessions.get(), self))
        try:
            yield self
        finally:
            _sessions.reset(token)

    def close(self) -> None:
        """Let go of compiled programs and variables; the session cannot run any more."""
        for plan in self._plans.values():
            plan.forget()                   # functions of make_callable still have their plans
        self._plans.clear()
        self.store.close()

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
        a variable without a value, IndexOutsideError for an index outside its axis.
        KeyboardInterrupt in a run that takes long, between two of its kernels (a single long one is not cut, and on
        Windows nothing is): of the variables that the run changes, some may have their new values and others not.
        """
        feeds = {} if feed_dict is None else feed_dict
        structure, leaves = flatten(fetches)
        with self._lock:
            plan = self._plan(leaves, list(feeds))
            with plan.turn:
                results = plan.run([plan.array(k, value) for k, value in enumerate(feeds.values())])
        return structure.fill(plan.spread(results))

    def make_callable(self, fetches: Any, feed_list: Sequence[Any] = ()) -> Callable[..., Any]:
        """A function of the values of `feed_list` that runs `fetches`: the quick way to run one thing often.

        The function takes one argument for each entry of `feed_list`, and ``out=``: an array, or a structure of
        arrays like `fetches`, into which results are written (C order, of the result's shape and dtype). Arrays of the
        placeholder's dtype, dense and of the sizes of the call before, are what it takes in the fewest steps: a small
        program then runs without any Python in between.

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
        is_alone = structure.is_leaf
        direct = Direct(plan, self._lock, is_alone)
        if is_alone and direct.function is not None:
            return direct.function

        def call(*values: Any, out: Any = None) -> Any:
            run = direct.function
            if run is None or out is not None:
                results = direct.run(*values, out=out)
            elif is_alone:
                return run(*values)
            else:
                results = [r if r.ndim else r[()] for r in run(*values)]
            return results if is_alone else structure.fill(plan.spread(results))

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
            with plan.turn, plan.steps(list(given.values()), steps, collect) as loop, Interrupts() as interrupts:
                def look(done: int) -> Any:
                    ends = on_progress is not None and on_progress(done)
                    interrupts.check()
                    return ends

                results = loop.run(look)
        return structure.fill(plan.spread(results))

    def explain(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None) -> Explanation:
        """What the compiler makes of a run, without running it."""
        feeds = {} if feed_dict is None else feed_dict
        _, leaves = flatten(fetches)
        with self._lock:
            plan = self._plan(leaves, list(feeds))
            shapes = tuple(plan.array(k, v).shape for k, v in enumerate(feeds.values()))
            return plan.explanation(shapes)

    def profile(self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None, repeats: int = 20) -> Profile:
        """How long each kernel of a run takes, beside what it moves and computes; variables keep their values.

        Parameters
        ----------
        fetches, feed_dict : as for `run`
        repeats : steps that are run; the shortest time of each kernel counts
        """
        from ..runtime.profile import measure_kernels, measure_machine
        from .profile import Profile

        feeds = {} if feed_dict is None else feed_dict
        _, leaves = flatten(fetches)
        with self._lock, self.store.running:
            plan = self._plan(leaves, list(feeds))
            arrays = [plan.array(k, value) for k, value in enumerate(feeds.values())]
            found = plan.bound(tuple(a.shape for a in arrays), wait=True)
            self.store.require(found.program.reads)
            assert found.executable is not None, "who waits has kernels"
            assert found.layout is not None, "and their tables"
            before = {name: value.copy() for name, value in self.store.values.items()}
            try:
                times = measure_kernels(found.executable, found.layout, arrays, repeats)
            finally:
                for name, value in before.items():
                    self.store.values[name][...] = value
        return Profile(tuple(times), measure_machine())

    # ------------------------------------------------ variables

    def variables(self) -> dict[str, Array]:
        """A copy of the value of each variable that has one, by name."""
        with self._lock, self.store.running:
            return self.store.copies()

    def load_variables(self, values: Mapping[str, Any]) -> None:
        """Give variables values, by name; nothing changes unless all of them fit.

        Raises
        ------
        NotFoundError for a name that is no variable, ShapeError or DTypeError for a value that does not fit.
        """
        with self._lock, self.store.running:
            self.store.load(values)

    # ------------------------------------------------ plans

    def _plan(self, leaves: Sequence[Any], feeds: Sequence[Any]) -> Plan:
        key = (tuple(map(_identity, leaves)), tuple(map(_identity, feeds)))
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = planned(self.store, default_compiler(), leaves, feeds)
        return plan


def _identity(item: Any) -> Any:
    return item if isinstance(item, str) else id(item)


# -------------------------------------------------------------------- the default session, asked through what it runs

def session_for(item: Any, session: Session | None) -> Session:
    """The session that is given, or the default one.

    Raises
    ------
    FailedPreconditionError if there is none.
    """
    found = session or get_default_session()
    if found is None:
        raise FailedPreconditionError(
            f"{item.name} is to run, and there is no default session", fix="`with Session():`, or pass session="
        )
    return found


def _eval(self: Any, feed_dict: Mapping[Any, Any] | None = None, session: Session | None = None) -> Any:
    """Its value in a session, the default one if None."""
    return session_for(self, session).run(self, feed_dict)


def _run(self: Node, feed_dict: Mapping[Any, Any] | None = None, session: Session | None = None) -> None:
    """Run it in a session, the default one if None."""
    session_for(self, session).run(self, feed_dict)


# Nodes and tensors stand below sessions, so these methods are given to them here.
Tensor.eval = Variable.eval = _eval  # type: ignore[method-assign]
Node.run = _run  # type: ignore[method-assign]
