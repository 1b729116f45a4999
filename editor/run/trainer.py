"""Training in the process: stretches of compiled steps, and between them reports and requests. No Qt."""
from __future__ import annotations

import itertools
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

import graphengine as ge
from graphengine.tools.watch import evaluate_each, feeds_of, first_bad

from . import messages as m
from .failures import Reported, failure, name_of
from .graph import RunningGraph, take
from .inbox import Stopped
from .messages import Array
from .previews import preview

if TYPE_CHECKING:
    from .service import Service

SHARE = 0.2                                 # of the time that each kind of looking may take
REPORT_S = 0.1                              # between two looks of a kind
POINTS = 8                                  # of a curve between two reports,
EARLY = 64                                  # and so many in the beginning, which a short training does not get beyond
YOUNG = 25                                  # stretches at most after which one looks at once, in the beginning
QUICK_S = 0.02                              # that steps and a look take in the beginning, when looks are more frequent
KEEP_S = 5.0                                # between two copies for a new process
MOST_ROWS = 4096                            # that metrics are computed over
MOST_SNAPSHOT = 64 * 2**20                  # bytes of variables that are copied before each stretch
MEANWHILE = (m.Inspect, m.LookInside, m.SetLearningRate, m.GetWeights, m.ExportOnnx, m.Boundary, m.Compile,
             m.MeasureProfile, m.CheckData, m.Unreadable)
USELESS = (m.Run, m.Train, m.Step)          # requests that say nothing while a training runs


class Pace:
    """How often something may be done that takes time: at most `SHARE` of it, and each `REPORT_S`.

    In the beginning it waits no longer than it has been at it: what is done first compiles.
    """

    def __init__(self, least_s: float = REPORT_S) -> None:
        self.least_s = least_s
        self.took_s = 0.0                   # the last time
        self._next = 0.0
        self._began: float | None = None

    @property
    def is_due(self) -> bool:
        return time.monotonic() >= self._next

    def reset(self) -> None:
        """Let it be due now."""
        self._next = 0.0

    @contextmanager
    def taking(self) -> Iterator[None]:
        begin = time.monotonic()
        yield
        now = time.monotonic()
        self.took_s = now - begin
        self._began = begin if self._began is None else self._began
        rest = min(self.took_s * (1 - SHARE) / SHARE, begin - self._began)
        self._next = now + max(self.least_s, rest)


class Trainer:
    """The training of one graph; it rests between `run` and `step`, and goes on where it was.

    Parameters
    ----------
    service : hears of results, has the inbox
    shown : the graph as it runs otherwise: it gets the variables' values, and computes metrics and previews
    graph : the same with layers that behave as in training
    card : the Train card
    passed : epochs and steps that were made before, with the graph as it was then

    Attributes
    ----------
    data : the files that the rows are from, as they were
    """

    def __init__(
        self, service: Service, shown: RunningGraph, graph: RunningGraph, card: str, passed: tuple[float, int],
    ) -> None:
        self.service = service
        self.shown = shown
        self.graph = graph
        self.card = card
        self.data = graph.files()
        self.training = ge.Training(graph.graph, graph.folder)
        self.course = self.training.course()
        self._before = passed               # epochs and steps of courses that are over
        self._changes: dict[str, float] = {}            # of variables in the last step, if it was one alone
        self._curve: list[tuple[float, Array]] = []     # since the last report: epoch at the end, losses
        self._from = passed[0]              # epoch of the last report
        self._shown = 0                     # points so far
        self._first = 0                     # step at which it was last begun or gone on with
        self._young = YOUNG                 # early stretches that are left
        self._reported, self._steps, self._rate = 0.0, 0, 0.0  # time, steps of the last report; steps a second
        self._began = self._spent = self._elapsed = 0.0         # when it was gone on with; seconds until then; in all
        self._test = feeds_of(graph.graph, graph.folder, "test")
        self._paces = {kind: Pace() for kind in ("metrics", "gradients", "values")}
        self._paces["keep"] = Pace(KEEP_S)
        self._cards = {name: graph.card_of(graph.graph.by_name[name]) or name for name in self.training.gradients}

    @property
    def passed(self) -> tuple[float, int]:
        """Epochs and steps made so far."""
        progress = self.course.progress
        return self._before[0] + progress.epochs, self._before[1] + progress.steps

    # ------------------------------------------------ variables

    def slots(self) -> dict[str, Array]:
        """Everything that variables hold, also what the optimizer keeps."""
        return self.training.session.variables()

    def take(self, values: Mapping[str, Array]) -> None:
        """Give variables of the optimizer, and others, the values that they had before."""
        rate = self.learning_rate
        take(self.training.session, values)
        self.learning_rate = rate           # the document's: it may have been changed there

    @property
    def learning_rate(self) -> float:
        return self.training.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.training.learning_rate = value

    # ------------------------------------------------ running

    def run(self) -> None:
        """Go on until the end of the epochs, or until somebody stops it."""
        self._go("train", None)

    def step(self) -> None:
        """One step."""
        self._go("step", 1)

    def _go(self, what: str, steps: int | None) -> None:
        send, inbox = self.service.send, self.service.inbox
        send(m.Started(what))
        begin = time.perf_counter()
        self._reported = self._began = time.monotonic()
        self._spent = self._elapsed
        self._first, self._young = self.passed[1], YOUNG
        take(self.training.session, self.shown.values())
        if self.course.progress.epochs >= self.course.progress.of:
            self._before = self.passed
            self.course, self._steps, self._spent = self.training.course(), 0, 0.0
        is_over = False
        try:
            while not is_over and not inbox.wants_stop and not self._is_outdated():
                is_over = not self._stretch(steps) or steps is not None
                self._meanwhile()
        except Diverged as error:
            self._progress()
            send(m.Several(tuple(self._points())))
            send(error.reply)
            is_over = True
        finally:
            self.shown.take(self.training.session.variables())
        done = m.Finished(what, not is_over, time.perf_counter() - begin)
        inbox.stopped()
        if is_over:
            self._report_end()
            send(done)
        else:                               # who asked to stop wants to hear of it at once
            send(done)
            if inbox.front is None:
                self._report_end()

    def _stretch(self, steps: int | None) -> bool:
        """Some steps, and a report if it is time for one; False at the end.

        The first are few, more each time, so that a training that is over at once is seen to learn.
        """
        begin, made = time.monotonic(), self.passed[1] - self._first
        if not self._advance(steps):
            return False
        if steps is None and self._young:
            is_quick = max(time.monotonic() - begin, self._paces["metrics"].took_s) < QUICK_S
            self._young = self._young - 1 if made <= 1 or is_quick else 0
            self._paces["metrics"].reset()
            self._progress()
            self._send_points()
            return True
        if time.monotonic() - self._reported < REPORT_S and steps is None:
            return True
        self._report()
        if steps is None and (pace := self._paces["gradients"]).is_due and not self.service.inbox.wants_stop:
            with pace.taking():
                if not self._advance(1):    # a step alone, to see what it changes
                    return False
                self._send_gradients()
        return True

    def _advance(self, steps: int | None) -> bool:
        """Steps, all of which end in numbers; False if there are none left."""
        before = self._snapshot()
        with self.service.inbox.interruptible():
            try:
                if not self.course.advance(lambda: self.service.inbox.wants_stop, steps):
                    return False
            except ge.errors.GraphEngineError as error:
                self._explain(error)
                raise Reported from error
        bad = np.flatnonzero(np.isnan(self.course.losses))
        if len(bad):
            self._curve.append((self.passed[0], self.course.losses))
            raise Diverged(self._diverged(int(bad[0]), before))
        self._changes = self._changed(before) if steps == 1 and before is not None else {}
        self._curve.append((self.passed[0], self.course.losses))
        return True

    def _explain(self, error: ge.errors.GraphEngineError) -> None:
        """Say what failed: in numpy once more, where the number that does not fit is told, too."""
        rows = {name: array[:MOST_ROWS] for name, array in self.training.data("train").items()}
        feeds = {**self.graph.feeds(), **rows}
        _, failed = evaluate_each(self.training.session, [self.graph.graph.as_tensor(self.training.spec.loss)], feeds)
        first = next(iter(failed), None)
        card = self.graph.card_of(first.node) if first is not None else self.service.card_of(error)
        self.service.send(failure("train", first.error if first is not None else error, card))

    def _changed(self, before: Mapping[str, Array]) -> dict[str, float]:
        """How far each variable is from where it was, by card."""
        now = self.training.weights()
        return self._joined({name: np.sum(np.square(now[name].astype(np.float64) - before[name]))
                             for name in self._cards})

    def _is_outdated(self) -> bool:
        """Whether another graph is to be loaded. One that only looks different is taken at once."""
        request = self.service.inbox.front
        if not isinstance(request, m.Load):
            return False
        if not self.service.is_known(request):
            return True
        self.service.inbox.take_now(m.Load)
        self.service.load(request)
        return False

    def _meanwhile(self) -> None:
        """Answer what can be answered without ending the training."""
        while (request := self.service.inbox.take_now(*MEANWHILE, *USELESS)) is not None:
            if isinstance(request, USELESS):
                continue
            if not isinstance(request, m.SetLearningRate):
                self.shown.take(self.training.session.variables())
            try:
                self.service.handle(request)
            except Stopped:                 # the question alone: the training ends as it does without one
                return
            except Exception as error:      # a question that fails does not end the training
                self.service.send(failure(name_of(request), error))

    # ------------------------------------------------ reports

    def _report(self) -> None:
        """How far it is, the curve since the last report, and what else it is time for."""
        self._progress()
        self._keep()                        # before looks, which may take so long that the process is ended for it
        self._send_points()
        self._look()

    def _send_points(self) -> None:
        points = self._points()
        points[-1:] = [replace(p, values={**p.values, **self._metrics()}) for p in points[-1:]]
        self.service.send(m.Several(tuple(points)))

    def _progress(self) -> None:
        progress, now = self.course.progress, time.monotonic()
        steps = progress.steps - self._steps
        if steps > 0:
            self._rate = steps / max(now - self._reported, 1e-9)
        self._steps, self._reported, self._elapsed = progress.steps, now, self._spent + now - self._began
        left = max(progress.of - progress.epochs, 0.0) * progress.steps / max(progress.epochs, 1e-9)
        self.service.send(m.TrainingProgress(
            progress.epochs, progress.of, self.passed[1], self._rate, self._elapsed,
            left / self._rate if self._rate else 0.0, self.learning_rate))

    def _points(self) -> list[m.Metrics]:
        """The loss since the last report, in a few points."""
        losses = np.concatenate([np.asarray(part, np.float64) for _, part in self._curve] or [np.zeros(0)])
        ends = np.cumsum([0, *(len(part) for _, part in self._curve)])
        epochs = np.array([self._from, *(epoch for epoch, _ in self._curve)])
        self._curve = []
        if not len(losses):
            return []
        self._from = epochs[-1]
        count = min(len(losses), max(POINTS, EARLY - self._shown))
        self._shown += count
        cuts = np.linspace(0, len(losses), count + 1).astype(int)
        at = np.interp(cuts, ends, epochs)
        return [m.Metrics(float(at[k + 1]), {"loss": float(losses[a:b].mean())})
                for k, (a, b) in enumerate(itertools.pairwise(cuts))]

    def _report_end(self) -> None:
        """What the training ends with, however short ago the last report was."""
        for pace in self._paces.values():
            pace.reset()
        if len(self.course.losses) and not np.isnan(self.course.losses).any():
            self._progress()
            values = {"loss": self.course.progress.loss, **self._metrics()}
            last = m.Metrics(self.passed[0], values)
            self.service.send(m.Several((*self._points(), last)))
        self._keep()
        self._send_gradients()
        self._look()

    def _metrics(self) -> dict[str, float]:
        """Metrics over rows that train and rows that judge, if it is time for them."""
        pace, spec = self._paces["metrics"], self.training.spec
        if not pace.is_due or self.service.inbox.wants_stop:
            return {}
        found = {}
        with pace.taking():
            self.shown.take(self.training.session.variables())
            graph = self.shown.graph
            wanted = {name: graph.as_tensor(tensor) for name, tensor in spec.metrics.items()}
            parts = [("", self.training.data("train"), wanted)] if wanted else []
            if self._test and len(next(iter(self._test.values()))):
                parts.append(("test ", self._test, {"loss": graph.as_tensor(spec.loss), **wanted}))
            for before, data, fetches in parts:
                feeds = {name: rows[:MOST_ROWS] for name, rows in data.items()}
                values = self._looked(self.shown.session.run, fetches, feeds)
                if values is None:
                    return {}
                found.update({before + name: float(np.mean(value)) for name, value in values.items()})
        return found

    def _look(self) -> None:
        """What the cards compute now, if it is time."""
        if (pace := self._paces["values"]).is_due and not self.service.inbox.wants_stop:
            with pace.taking():
                self.shown.take(self.training.session.variables())
                found = self._looked(self.service.compute, self.shown, self.shown.feeds())
                if found is not None:
                    previews, seconds, _ = found
                    self.service.send(m.Values(previews, seconds, self.service.serial))

    def _keep(self) -> None:
        """A copy of the variables for a new process, if it is time."""
        if (pace := self._paces["keep"]).is_due and not self.service.inbox.wants_stop:
            with pace.taking():
                self.service.send(m.Kept(self.slots()))

    def _looked(self, compute: Callable[..., Any], *args: Any) -> Any:
        """What is computed to be looked at; None if somebody wishes to stop, which only the look is broken off for."""
        if self.service.inbox.wants_stop:
            return None
        try:
            with self.service.inbox.interruptible():
                return compute(*args)
        except Stopped:
            return None

    def _send_gradients(self) -> None:
        rows = self.course.last[-1] if len(self.course.last) else np.arange(min(self.training.rows, 32))
        found = self._looked(self.training.session.run, self.training.gradients, self.training.batch(rows))
        if found is None:
            return
        squares = {name: np.sum(np.square(np.asarray(g, np.float64))) for name, g in found.items()}
        values = self.training.weights()
        largest: dict[str, str] = {}        # of the variables of each card
        for name, card in self._cards.items():
            if card not in largest or values[name].size > values[largest[card]].size:
                largest[card] = name
        looks = {name: m.VariableLook(card, preview(values[name]), preview(found[name]))
                 for name, card in self._cards.items()}
        weights = {card: looks[name].weight for card, name in largest.items()}
        self.service.send(m.Gradients(self._joined(squares), weights, self._changes, looks, self.service.serial))

    def _joined(self, squares: Mapping[str, Any]) -> dict[str, float]:
        """Norms by card, of sums of squares by variable."""
        found: dict[str, float] = {}
        for name, square in squares.items():
            found[self._cards[name]] = found.get(self._cards[name], 0.0) + float(square)
        return {card: math.sqrt(square) if square >= 0 else square for card, square in found.items()}

    # ------------------------------------------------ NaN

    def _snapshot(self) -> dict[str, Array] | None:
        """A copy of all variables, if they are not too large for one before each stretch."""
        if self.graph.bytes() > MOST_SNAPSHOT:
            return None
        return self.training.session.variables()

    def _diverged(self, k: int, before: Mapping[str, Array] | None) -> m.Failed:
        """What to say of a loss that is NaN in step `k` of the last stretch; variables become those before it."""
        rows = self.course.last
        step = self.passed[1] - len(rows) + k + 1
        card = None
        if before is not None:
            self.training.session.load_variables(before)
            if k:
                self.training.run_steps(rows[:k])
            feeds = {**self.graph.feeds(), **self.training.batch(rows[k])}
            tensors = list(self.graph.outputs.values())
            bad = first_bad(self.training.session, tensors, feeds)
            card = None if bad is None else self.graph.card_of(bad.node)
        where = "" if card is None else f"; the first result that is no number is that of {card}"
        return m.Failed("train", f"the loss is NaN in step {step:,}, epoch "
                        f"{int(self.passed[0]) + 1}{where}", card,
                        "lower the learning rate, or look at the data")


class Diverged(Exception):
    """The loss is no number any more. reply : what to say."""

    def __init__(self, reply: m.Failed) -> None:
        super().__init__(reply.text)
        self.reply = reply
