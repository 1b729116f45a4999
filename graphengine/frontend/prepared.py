"""Feeds set up for a number of steps of a plan: in a compiled loop, with Python between the steps, or both in turn."""
from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import GraphEngineError, ShapeError
from ..runtime.loop import CompiledLoop, Rows

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .plan import Bound
    from .store import VariableStore

Array = np.ndarray[Any, Any]
Look = Callable[[int], Any]

# While numba compiles it shares Python's lock with the interpreter. So that the kernels are not much later than without
# it, the interpreter rests after each step for so many times as long as the step took.
REST = 4


class PreparedSteps:
    """Steps that may run again and again, on what then stands in the feeds; use it in a ``with``.

    count : how many the feeds are for
    """

    def __init__(self, count: int) -> None:
        self.count = count

    def run(self, on_progress: Look | None = None, first: int = 0, steps: int | None = None) -> list[Any]:
        """Results of `steps` steps from step `first` on, of all of them by default; see `Session.run_steps`."""
        raise NotImplementedError

    def close(self) -> None:
        """After the last run."""

    def __enter__(self) -> PreparedSteps:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: Any, trace: TracebackType | None) -> None:
        self.close()


class CompiledSteps(PreparedSteps):
    """Steps that return to Python about 30 times a second, to hear signals and tell how far they are."""

    def __init__(
        self, bound: Bound, store: VariableStore, feeds: Sequence[Array | Rows], stacked: Sequence[bool], count: int,
        collect: bool,
    ) -> None:
        super().__init__(count)
        executable = bound.executable
        assert executable is not None, "a compiled loop waits for its kernels"
        self.bound = bound
        self.store = store
        self.layout = bound.idle.pop() if bound.idle else executable.new_layout(bound.sizes)
        self.loop = CompiledLoop(executable, self.layout, feeds, stacked, collect)

    def run(self, on_progress: Look | None = None, first: int = 0, steps: int | None = None) -> list[Any]:
        results = self.loop.run(self.count if steps is None else steps, on_progress, first)
        self.store.initialized.update(self.bound.program.writes)
        return results

    def close(self) -> None:
        self.loop.close()
        self.bound.idle[:] = [self.layout]


class PythonSteps(PreparedSteps):
    """Steps with Python between them.

    run_once : results for the feeds of one step
    """

    def __init__(
        self, run_once: Callable[[list[Array]], list[Any]], feeds: Sequence[Array | Rows], stacked: Sequence[bool],
        count: int, collect: bool,
    ) -> None:
        super().__init__(count)
        self.run_once = run_once
        self.feeds, self.stacked, self.collect = feeds, stacked, collect

    def run(self, on_progress: Look | None = None, first: int = 0, steps: int | None = None) -> list[Any]:
        every: list[list[Any]] = []
        for done in range(self.count if steps is None else steps):
            try:
                every.append(self.run_once(self._pieces(first + done)))
            except GraphEngineError as error:
                error.step = done
                raise
            if on_progress is not None and on_progress(done + 1):
                break
        return _stacked(every) if self.collect else every[-1]

    def _pieces(self, step: int) -> list[Array]:
        return [
            f.data[f.indices[step]] if isinstance(f, Rows) else f[step] if is_stacked else f
            for f, is_stacked in zip(self.feeds, self.stacked, strict=True)
        ]


class EarlySteps(PreparedSteps):
    """Steps of the interpreter as long as the kernels are being compiled, compiled ones from then on.

    early : the interpreter's
    pending : done when the kernels are there
    later : makes the compiled ones
    """

    def __init__(self, early: PythonSteps, pending: Future[Any], later: Callable[[], PreparedSteps]) -> None:
        super().__init__(early.count)
        self.early, self.pending, self.later = early, pending, later
        self.compiled: PreparedSteps | None = None

    def run(self, on_progress: Look | None = None, first: int = 0, steps: int | None = None) -> list[Any]:
        total = self.count if steps is None else steps
        done = 0
        begun: list[Any] = []
        if self.compiled is None and not self.pending.done():
            done, is_over, begun = self._begin(on_progress, first, total)
            if is_over:
                return begun
        if self.compiled is None:
            self.pending.result()
            self.compiled = self.later()
        look = on_progress if on_progress is None or not done else lambda n: on_progress(done + n)
        try:
            rest = self.compiled.run(look, first + done, total - done)
        except GraphEngineError as error:
            if error.step is not None:
                error.step += done
            raise
        return [np.concatenate(pair) for pair in zip(begun, rest, strict=True)] if done and self.early.collect else rest

    def _begin(self, on_progress: Look | None, first: int, total: int) -> tuple[int, bool, list[Any]]:
        """Steps that the interpreter has done, whether these are all that are wanted, and their results."""
        from concurrent.futures import wait

        done, is_over, since = 0, False, time.thread_time()

        def look(count: int) -> bool:
            nonlocal done, is_over, since
            took = time.thread_time() - since
            done = count
            is_over = (on_progress is not None and bool(on_progress(count))) or done == total
            if not is_over:
                wait([self.pending], REST * took)
            since = time.thread_time()
            return is_over or self.pending.done()

        results = self.early.run(look, first, total)
        return done, is_over, results

    def close(self) -> None:
        if self.compiled is not None:
            self.compiled.close()


def _stacked(every: Sequence[Sequence[Any]]) -> list[Any]:
    """The results of all steps, those of each fetch along a new axis.

    Raises
    ------
    ShapeError if they differ in shape.
    """
    for column in zip(*every, strict=True):
        shapes = sorted({np.shape(value) for value in column})
        if len(shapes) > 1:
            raise ShapeError(f"a result has shape {shapes[0]} in one step and {shapes[1]} in another", op="run_steps",
                             fix="collect=False, or results of one shape")
    return [np.stack(column) for column in zip(*every, strict=True)]
