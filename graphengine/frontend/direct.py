"""A plan as a function of its feeds: machine code alone where a small program allows it, else under a lock."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..codegen.kernels.entry import ALONE
from ..config import settings
from ..errors import FeedError
from ..runtime.entry import new_function, open_for
from .structure import flatten

if TYPE_CHECKING:
    from threading import RLock

    from .plan import Plan


class Direct:
    """A way to run a plan again and again.

    Parameters
    ----------
    lock : held while Python sets up a run
    is_alone : whether the plan's one result is given, None if it has none, rather than a list or tuple of all

    Attributes
    ----------
    function : runs what `run` ran last without Python if it is small, or calls `run`; None while there is none
    """

    def __init__(self, plan: Plan, lock: RLock, is_alone: bool) -> None:
        self.plan = plan
        self.lock = lock
        self.is_alone = is_alone
        self.function = self._new_function()

    def _new_function(self, prepare: bool = False) -> Callable[..., Any] | None:
        plan = self.plan
        count = ALONE if self.is_alone else len(plan.fetches)
        running = plan.store.running.count
        return new_function(plan.compiler, len(plan.feeds), count, self.run, plan.gate, running, prepare)

    def run(self, *values: Any, out: Any = None) -> Any:
        """Results for values of the feeds, which are written into the arrays of `out` where there are some.

        Raises
        ------
        FeedError if there are more or fewer values than feeds.
        """
        plan = self.plan
        if len(values) != len(plan.feeds):
            raise FeedError(f"{len(plan.feeds)} values expected, got {len(values)}", op="make_callable")
        with self.lock, plan.turn:
            results = None
            if plan.quick is not None and out is None and settings().tier != "interpreter":
                results = plan.quick(values)
            if results is None:
                arrays = [plan.array(k, v) for k, v in enumerate(values)]
                results = plan.run(arrays, None if out is None else flatten(out)[1])
            self._open()
        if not self.is_alone:
            return results
        return results[0] if results else None

    def _open(self) -> None:
        """Let the function run by itself what ran last."""
        found = self.plan.small
        if found is None or found.executable is None or found.layout is None:
            return
        self.function = self.function or self._new_function(prepare=True)    # whose kernels are there
        if self.function is not None:
            open_for(self.function, found.executable, found.layout)
