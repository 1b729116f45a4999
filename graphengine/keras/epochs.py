"""What training and evaluation go over: batches that somebody gives, or rows of arrays in compiled loops.

A loop is set up for the first epoch and runs again for each of the others.
"""
from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..errors import GraphEngineError
from ..frontend.prepared import PreparedSteps
from ..runtime.loop import Rows
from .data import Order, Samples, batches_of, order_generator, samples_in
from .steps import Step


class SourceBatches:
    """What a generator, an iterator or a Sequence gives, epoch after epoch; it does not run compiled.

    steps : batches of an epoch; None: as many as it gives
    """

    rows: Samples | None = None

    def __init__(
        self, source: Any, shuffle: bool, steps: int | None, class_weight: Mapping[int, float] | None = None,
    ) -> None:
        self.source = source
        self.class_weight = class_weight
        self.shuffle = shuffle
        self.steps = known_length(source) if steps is None else steps
        self.count = 0                                      # of the batches of the last epoch
        self._unfinished: Iterator[Any] | None = None       # goes on in the next epoch, where one has fewer steps

    def __iter__(self) -> Iterator[Samples]:
        goes_on = self.steps is not None and not hasattr(self.source, "__getitem__")
        if goes_on and self._unfinished is None:
            self._unfinished = iter(self.source)
        order = order_generator() if self.shuffle and not goes_on else None
        self.count = 0
        source = self._unfinished if goes_on else self.source
        for rows in batches_of(source, self.steps, order, self.class_weight):
            self.count += 1
            yield rows
        if self.count < (self.steps or 1):
            warnings.warn("Your input ran out of data; interrupting training. Make sure that your dataset or generator "
                          "can generate at least `steps_per_epoch * epochs` batches.", stacklevel=2)
        if self.count != self.steps or known_length(self.source) == self.count:
            self._unfinished = None

    @property
    def is_empty(self) -> bool:
        """Whether the last epoch had no batch."""
        return not self.count

    def __enter__(self) -> SourceBatches:
        return self

    def __exit__(self, *error: Any) -> None:
        pass


class RowBatches:
    """Batches of rows, epoch after epoch: one by one, or in compiled loops. Use it in a ``with``.

    steps : batches of an epoch
    """

    def __init__(self, rows: Samples, order: Order) -> None:
        self.rows = rows
        self.order = order
        self.steps = order.steps
        self._first = self._loop_first = 0          # batch that the epoch begins with, and the running loop
        self._step: Step | None = None
        self._full: PreparedSteps | None = None     # batches of the full size
        self._short: PreparedSteps | None = None    # the last one, if it is shorter

    def __iter__(self) -> Iterator[Samples]:
        return (self.rows.take(self.order.batch(k)) for k in self.order.next_epoch())

    @property
    def is_empty(self) -> bool:
        """Whether there are no rows."""
        return not self.rows.count

    def run(self, step: Step, on_progress: Callable[[int], Any] | None = None) -> Any:
        """What the last step of an epoch returned.

        Parameters
        ----------
        step : the same as in the epoch before, or another
        on_progress : called with the number of steps done; True ends the epoch
        """
        if step is not self._step:
            self.close()
            self._set_up(step)
        batches = self.order.next_epoch()
        count = min(batches.stop, self.order.full) - batches.start
        last: Any = {}
        self._first = self._loop_first = batches.start
        if self._full is not None and count > 0:
            last = step.result.fill(self._full.run(on_progress, batches.start, count))
        is_over = batches.stop <= self.order.full or (count > 0 and on_progress is not None and on_progress(count))
        if self._short is not None and not is_over:
            self._loop_first = self.order.full
            last = step.result.fill(self._short.run())
        return last

    def batch_of(self, error: GraphEngineError) -> tuple[Samples, int]:
        """The batch that an error of `run` is about, and its number in the epoch."""
        number = self._loop_first + (error.step or 0)
        return self.rows.take(self.order.batch(number)), number - self._first

    def _set_up(self, step: Step) -> None:
        places, size = self.order.places, self.order.batch_size
        at = self.order.full * size
        self._step = step
        self._full = self._steps(step, slice(0, at), size) if at else None
        self._short = self._steps(step, slice(at, None), len(places) - at) if at < len(places) else None

    def _steps(self, step: Step, part: slice, size: int) -> PreparedSteps:
        if self.order.shuffle:
            indices = self.order.places[part].reshape(-1, size)     # the order's own memory: the next one comes there
            feeds: list[Any] = [Rows(a, indices) for a in self.rows.arrays]
        else:
            feeds = [a[part].reshape(-1, size, *a.shape[1:]) for a in self.rows.arrays]
        return step.concrete.plan.steps(feeds)

    def close(self) -> None:
        """After the last epoch."""
        for steps in (self._full, self._short):
            if steps is not None:
                steps.close()
        self._step = self._full = self._short = None

    def __enter__(self) -> RowBatches:
        return self

    def __exit__(self, *error: Any) -> None:
        self.close()


def known_length(source: Any) -> int | None:
    """How many batches a source gives; None if it does not say, or never ends."""
    try:
        return len(source)
    except TypeError:
        return None


def batches(
    data: Any, batch_size: int, shuffle: bool, steps: int | None, class_weight: Mapping[int, float] | None = None,
) -> RowBatches | SourceBatches:
    """The batches of rows, or of what gives batches itself: a dataset that is rows in batches is taken as rows."""
    found = None if isinstance(data, Samples) or steps is not None else samples_in(data, class_weight)
    if found is not None:
        data, batch_size, shuffle = found
    if isinstance(data, Samples):
        return RowBatches(data, Order(data.count, batch_size, shuffle, steps))
    return SourceBatches(data, shuffle, steps, class_weight)
