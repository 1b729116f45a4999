"""Hooks: what happens before and after each run of a monitored session: stopping, logging, checkpoints, summaries."""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ...errors import FailedPreconditionError, InvalidArgumentError
from ...ir.graph import get_default_graph
from ...ops import summaries
from . import logging
from .schedules import get_global_step
from .summary import FileWriter, FileWriterCache
from .variables import GraphKeys, get_collection


class SessionRunArgs(NamedTuple):
    """What a hook adds to a run.

    fetches : whose values it gets; a structure as for `Session.run`
    feed_dict : values of placeholders
    options : accepted
    """

    fetches: Any = None
    feed_dict: Mapping[Any, Any] | None = None
    options: Any = None


class SessionRunValues(NamedTuple):
    """What came of a run: the values of a hook's fetches."""

    results: Any
    options: Any = None
    run_metadata: Any = None


class SessionRunContext:
    """A run that is about to happen, or has: what was asked for, the session, and whether somebody wants to stop."""

    def __init__(self, original_args: SessionRunArgs, session: Any) -> None:
        self.original_args = original_args
        self.session = session
        self.stop_requested = False

    def request_stop(self) -> None:
        """Let this run be the last."""
        self.stop_requested = True


class SessionRunHook:
    """What happens around the runs of a monitored session: a subclass has those of the methods that it wants."""

    def begin(self) -> None:
        """Before the session is made; nodes may be added."""

    def after_create_session(self, session: Any, coord: Any) -> None:
        """When the session was made and the variables have values."""

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        """Before each run: what to add to it."""
        return None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        """After each run."""

    def end(self, session: Any) -> None:
        """After the last run, unless it failed."""


class SecondOrStepTimer:
    """Tells when something is due again: after so many seconds, or so many steps.

    Raises
    ------
    InvalidArgumentError unless one of them is given.
    """

    def __init__(self, every_secs: float | None = None, every_steps: int | None = None) -> None:
        if (every_secs is None) == (every_steps is None):
            raise InvalidArgumentError("one of every_secs and every_steps is to be given", op="SecondOrStepTimer")
        self._secs, self._steps = every_secs, every_steps
        self.reset()

    def reset(self) -> None:
        """Begin again: the next step is due."""
        self._step: int | None = None
        self._time = 0.0

    def should_trigger_for_step(self, step: int) -> bool:
        """Whether it is due at a step."""
        if self._step is None:
            return True
        if self._step == step:
            return False
        if self._secs is not None:
            return time.time() >= self._time + self._secs
        return self._steps is not None and step >= self._step + self._steps

    def update_last_triggered_step(self, step: int) -> tuple[float | None, int | None]:
        """It was done at a step: the seconds and steps since the time before, None at the first."""
        now, before = time.time(), self._step
        found = (None, None) if before is None else (now - self._time, step - before)
        self._step, self._time = step, now
        return found

    def last_triggered_step(self) -> int | None:
        """The step at which it was done last."""
        return self._step


class _Counting(SessionRunHook):
    """A hook that knows the global step, from the same run, which is one step behind."""

    step_tensor: Any

    def begin(self) -> None:
        self.step_tensor = get_global_step()
        if self.step_tensor is None:
            raise FailedPreconditionError(f"there is no global step to count by for {type(self).__name__}",
                                          fix="create_global_step(), and minimize(..., global_step=get_global_step())")

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        return SessionRunArgs(self.step_tensor)

    def step_of(self, session: Any) -> int:
        """The global step now."""
        return int(session.run(self.step_tensor))

    def due(self, timer: SecondOrStepTimer, run_context: SessionRunContext, before: Any, ahead: int = 1) -> int | None:
        """The global step after a run, if a timer is due at it."""
        if not timer.should_trigger_for_step(int(before) + ahead):
            return None
        step = self.step_of(run_context.session)
        return step if timer.should_trigger_for_step(step) else None


class StopAtStepHook(_Counting):
    """Asks to stop after a number of steps, or at a step.

    Raises
    ------
    InvalidArgumentError unless one of them is given.
    """

    def __init__(self, num_steps: int | None = None, last_step: int | None = None) -> None:
        if (num_steps is None) == (last_step is None):
            raise InvalidArgumentError("one of num_steps and last_step is to be given", op="StopAtStepHook")
        self._count, self._last = num_steps, last_step

    def after_create_session(self, session: Any, coord: Any) -> None:
        if self._last is None:
            self._last = self.step_of(session) + (self._count or 0)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        assert self._last is not None, "a session was made"
        if run_values.results + 1 >= self._last and self.step_of(run_context.session) >= self._last:
            run_context.request_stop()


class LoggingTensorHook(SessionRunHook):
    """Logs values at every so many runs or seconds, or at the end: ``loss = 0.25, step = 100 (1.234 sec)``.

    Parameters
    ----------
    tensors : tensors or their names, or these by what they are called in the log
    every_n_iter, every_n_secs : one of them, or neither if `at_end`
    formatter : makes the text from the dict of values

    Raises
    ------
    InvalidArgumentError if it is not told when.
    """

    def __init__(
        self, tensors: Any, every_n_iter: int | None = None, every_n_secs: float | None = None, at_end: bool = False,
        formatter: Callable[[dict[Any, Any]], str] | None = None,
    ) -> None:
        if every_n_iter is not None and every_n_iter <= 0:
            raise InvalidArgumentError(f"every_n_iter={every_n_iter}; it is at least 1", op="LoggingTensorHook")
        is_at_end_only = at_end and every_n_iter is None and every_n_secs is None
        self._timer = None if is_at_end_only else SecondOrStepTimer(every_n_secs, every_n_iter)
        self._tensors = dict(tensors) if isinstance(tensors, Mapping) else {t: t for t in tensors}
        self._order = sorted(self._tensors) if isinstance(tensors, Mapping) else list(tensors)
        self._formatter, self._at_end = formatter, at_end

    def begin(self) -> None:
        self._count = 0
        self._since: float | None = None
        if self._timer is not None:
            self._timer.reset()
        graph = get_default_graph()
        self._found = [graph.as_tensor(t) if isinstance(t, str) and ":" in t else graph.as_node(t).outputs[0]
                       if isinstance(t, str) else t for t in (self._tensors[key] for key in self._order)]

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        self._is_due = self._timer is not None and self._timer.should_trigger_for_step(self._count)
        return SessionRunArgs(self._found) if self._is_due else None

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if self._is_due:
            self._log(run_values.results)
        self._count += 1

    def end(self, session: Any) -> None:
        if self._at_end:
            self._log(session.run(self._found))

    def _log(self, values: Sequence[Any]) -> None:
        elapsed = None if self._timer is None else self._timer.update_last_triggered_step(self._count)[0]
        with np.printoptions(suppress=True):
            named = dict(zip(self._order, values, strict=True))
            text = ", ".join(f"{key} = {value}" for key, value in named.items())
            if self._formatter is not None:
                logging.info(self._formatter(named))
            else:
                logging.info("%s", text if elapsed is None else f"{text} ({elapsed:.3f} sec)")


class NanLossDuringTrainingError(RuntimeError):
    """The loss is not a number any more."""

    def __str__(self) -> str:
        return "NaN loss during training."


class NanTensorHook(SessionRunHook):
    """Stops when a loss is not a number, with NanLossDuringTrainingError or by asking to stop."""

    def __init__(self, loss_tensor: Any, fail_on_nan_loss: bool = True) -> None:
        self._loss, self._fails = loss_tensor, fail_on_nan_loss

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        return SessionRunArgs(self._loss)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if np.isnan(run_values.results):
            if self._fails:
                logging.error("Model diverged with loss = NaN.")
                raise NanLossDuringTrainingError
            logging.warning("Model diverged with loss = NaN.")
            run_context.request_stop()


# -------------------------------------------------------------------- files

class CheckpointSaverListener:
    """What happens around the checkpoints of a `CheckpointSaverHook`; `after_save` returns True to stop."""

    def begin(self) -> None:
        """Before the session is made."""

    def before_save(self, session: Any, global_step_value: int) -> None:
        """Before each checkpoint."""

    def after_save(self, session: Any, global_step_value: int) -> bool | None:
        """After each checkpoint."""
        return None

    def end(self, session: Any, global_step_value: int) -> None:
        """After the last run."""


class CheckpointSaverHook(_Counting):
    """Saves a checkpoint when the session is made, at every so many seconds or steps, and at the end.

    Parameters
    ----------
    checkpoint_dir, checkpoint_basename : folder, and the first part of the names of the files
    saver, scaffold : what saves; the saver in the collection ``SAVERS`` if neither is given
    listeners : told of each checkpoint
    save_graph_def : whether the graph is saved beside it

    Raises
    ------
    InvalidArgumentError if both of the alternatives are given, or there is no saver.
    """

    def __init__(
        self, checkpoint_dir: str | os.PathLike[str], save_secs: float | None = None, save_steps: int | None = None,
        saver: Any = None, checkpoint_basename: str = "model.ckpt", scaffold: Any = None,
        listeners: Iterable[CheckpointSaverListener] | None = None, save_graph_def: bool = True,
    ) -> None:
        if saver is not None and scaffold is not None:
            raise InvalidArgumentError("saver and scaffold are both given", op="CheckpointSaverHook")
        self._saver, self._scaffold = saver, scaffold
        self._path = os.path.join(checkpoint_dir, checkpoint_basename)
        self._timer = SecondOrStepTimer(save_secs, save_steps)
        self._listeners = list(listeners or ())
        self._saves_graph = save_graph_def

    def begin(self) -> None:
        super().begin()
        for listener in self._listeners:
            listener.begin()

    def after_create_session(self, session: Any, coord: Any) -> None:
        step = self.step_of(session)
        self._save(session, step)
        self._timer.update_last_triggered_step(step)

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        step = self.due(self._timer, run_context, run_values.results)
        if step is not None:
            self._timer.update_last_triggered_step(step)
            if self._save(run_context.session, step):
                run_context.request_stop()

    def end(self, session: Any) -> None:
        step = self.step_of(session)
        if step != self._timer.last_triggered_step():
            self._save(session, step)
        for listener in self._listeners:
            listener.end(session, step)

    def _save(self, session: Any, step: int) -> bool:
        """Whether a listener wants to stop."""
        for listener in self._listeners:
            listener.before_save(session, step)
        logging.info("Saving checkpoints for %d into %s.", step, self._path)
        self._chosen().save(session, self._path, global_step=step, write_meta_graph=self._saves_graph)
        answers = [listener.after_save(session, step) for listener in self._listeners]
        return any(answers)

    def _chosen(self) -> Any:
        known = [self._saver or getattr(self._scaffold, "saver", None) or None]
        found = [s for s in known if s is not None] or get_collection(GraphKeys.SAVERS)
        if len(found) != 1:
            raise InvalidArgumentError(f"there are {len(found)} savers in the collection", op="CheckpointSaverHook",
                                       fix="saver=tf.train.Saver(), or scaffold=...")
        return found[0]


class StepCounterHook(_Counting):
    """Logs and writes how many global steps a second there are: the summary ``global_step/sec``."""

    def __init__(
        self, every_n_steps: int | None = 100, every_n_secs: float | None = None, output_dir: Any = None,
        summary_writer: FileWriter | None = None,
    ) -> None:
        self._timer = SecondOrStepTimer(every_n_secs, every_n_steps)
        self._folder, self._writer = output_dir, summary_writer
        self._before: Any = None

    def begin(self) -> None:
        super().begin()
        if self._writer is None and self._folder:
            self._writer = FileWriterCache.get(self._folder)
        self._tag = f"{self.step_tensor.op.name}/sec"

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        step = self.due(self._timer, run_context, run_values.results)
        if step is not None:
            elapsed, count = self._timer.update_last_triggered_step(step)
            if elapsed is not None and count is not None:
                rate = count / max(elapsed, 1e-9)
                logging.info("%s: %g", self._tag, rate)
                if self._writer is not None:
                    self._writer.add_summary(summaries.scalar(self._tag, rate), step)
        if self._before is not None and run_values.results == self._before:
            logging.log_first_n(logging.WARN, "the global step stays at %s; pass it to the optimizer's minimize", 5,
                                self._before)
        self._before = run_values.results


class SummarySaverHook(_Counting):
    """Writes summaries at every so many steps or seconds.

    Parameters
    ----------
    output_dir, summary_writer : a folder, or what writes
    scaffold, summary_op : one of them: the summary, or several in a list

    Raises
    ------
    InvalidArgumentError unless one of each pair is given.
    """

    def __init__(
        self, save_steps: int | None = None, save_secs: float | None = None, output_dir: Any = None,
        summary_writer: FileWriter | None = None, scaffold: Any = None, summary_op: Any = None,
    ) -> None:
        if (scaffold is None) == (summary_op is None):
            raise InvalidArgumentError("one of scaffold and summary_op is to be given", op="SummarySaverHook")
        self._timer = SecondOrStepTimer(save_secs, save_steps)
        self._folder, self._writer = output_dir, summary_writer
        self._scaffold, self._summary = scaffold, summary_op

    def begin(self) -> None:
        super().begin()
        if self._writer is None and self._folder:
            self._writer = FileWriterCache.get(self._folder)
        self._next: int | None = None

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        found = self._scaffold.summary_op if self._summary is None else self._summary
        several = [] if found is None else found if isinstance(found, list) else [found]
        self._is_due = self._next is None or self._timer.should_trigger_for_step(self._next)
        return SessionRunArgs((self.step_tensor, several if self._is_due else []))

    def after_run(self, run_context: SessionRunContext, run_values: SessionRunValues) -> None:
        if self._writer is None:
            return
        before, made = run_values.results
        step = self.step_of(run_context.session) if self._is_due else int(before) + 1
        if self._is_due:
            self._timer.update_last_triggered_step(step)
            for summary in made:
                self._writer.add_summary(summary, step)
        self._next = step + 1

    def end(self, session: Any) -> None:
        if self._writer is not None:
            self._writer.flush()


# -------------------------------------------------------------------- others

class GlobalStepWaiterHook(_Counting):
    """Waits before the first run until the global step has come to a number, by another thread's work."""

    def __init__(self, wait_until_step: int) -> None:
        self._wanted, self._has_begun = wait_until_step, False

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        if not self._has_begun and self._wanted > 0:
            logging.info("Waiting for global step %d before starting training.", self._wanted)
            while self.step_of(run_context.session) < self._wanted:
                time.sleep(0.5)
        self._has_begun = True
        return None


class FinalOpsHook(SessionRunHook):
    """Runs something at the end; its values are then in `final_ops_values`."""

    def __init__(self, final_ops: Any, final_ops_feed_dict: Mapping[Any, Any] | None = None) -> None:
        self._ops, self._feeds = final_ops, final_ops_feed_dict
        self.final_ops_values: Any = None

    def end(self, session: Any) -> None:
        if self._ops is not None:
            self.final_ops_values = session.run(self._ops, feed_dict=self._feeds)


class FeedFnHook(SessionRunHook):
    """Feeds each run with what a function gives."""

    def __init__(self, feed_fn: Callable[[], Mapping[Any, Any]]) -> None:
        self.feed_fn = feed_fn

    def before_run(self, run_context: SessionRunContext) -> SessionRunArgs | None:
        return SessionRunArgs(None, self.feed_fn())
