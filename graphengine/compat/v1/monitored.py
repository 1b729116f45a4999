"""Sessions that start or restore their variables, and call hooks around each run."""
from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import FailedPreconditionError, InvalidArgumentError, OutOfRangeError
from ...frontend.build import group
from ...frontend.checkpoint import get_checkpoint_state
from ...frontend.coordinator import Coordinator
from ...frontend.variables import variables_initializer
from ...ir.graph import Graph, get_default_graph
from . import hooks as hook_kinds
from .hooks import SessionRunArgs, SessionRunContext, SessionRunHook, SessionRunValues
from .saver import Saver
from .session import Session
from .summary import merge_all
from .variables import GraphKeys, add_to_collection, get_collection, global_variables, local_variables

_DEFAULT = object()


class Scaffold:
    """What a session needs to begin: how variables start, the summary, the saver. What is not given is made.

    Parameters
    ----------
    init_op, init_feed_dict, init_fn : run where no checkpoint is restored; the function takes scaffold and session
    local_init_op, local_init_feed_dict : run in any case
    ready_op, ready_for_local_init_op : accepted; which variables have a value is asked of the session
    summary_op : what `SummarySaverHook` writes
    saver : what restores and saves
    copy_from_scaffold : whose settings are taken where nothing is given here
    """

    init_op: Any
    init_feed_dict: Mapping[Any, Any] | None
    local_init_op: Any
    local_init_feed_dict: Mapping[Any, Any] | None
    summary_op: Any
    saver: Any

    def __init__(
        self, init_op: Any = None, init_feed_dict: Mapping[Any, Any] | None = None, init_fn: Any = None,
        ready_op: Any = None, ready_for_local_init_op: Any = None, local_init_op: Any = None, summary_op: Any = None,
        saver: Any = None, copy_from_scaffold: Scaffold | None = None,
        local_init_feed_dict: Mapping[Any, Any] | None = None,
    ) -> None:
        given = {k: v for k, v in locals().items() if k not in ("self", "copy_from_scaffold", "init_fn")}
        for name, value in given.items():
            setattr(self, name, getattr(copy_from_scaffold, name, None) if value is None else value)
        self._start = init_fn if init_fn is not None else getattr(copy_from_scaffold, "_start", None)

    @property
    def init_fn(self) -> Callable[[Any], Any] | None:
        """The function that starts a session."""
        start = self._start
        return None if start is None else lambda session: start(self, session)

    def finalize(self) -> Scaffold:
        """Make what was not given, or take it from the graph's collections."""
        for name, key, make in (
            ("init_op", GraphKeys.INIT_OP, lambda: variables_initializer(global_variables())),
            ("local_init_op", GraphKeys.LOCAL_INIT_OP, self.default_local_init_op),
            ("summary_op", GraphKeys.SUMMARY_OP, merge_all),
            ("saver", GraphKeys.SAVERS, lambda: Saver(allow_empty=True)),
        ):
            if getattr(self, name) is None:
                setattr(self, name, self.get_or_default(name, key, make))
        return self

    @staticmethod
    def get_or_default(arg_name: str, collection_key: str, default_constructor: Callable[[], Any]) -> Any:
        """What a collection holds; what the function makes, which joins it, if it is empty.

        Raises
        ------
        InvalidArgumentError if it holds several.
        """
        found = get_collection(collection_key)
        if len(found) > 1:
            raise InvalidArgumentError(f"the collection {collection_key!r} holds {len(found)} items", op="Scaffold",
                                       fix=f"Scaffold({arg_name}=...)")
        if found:
            return found[0]
        made = default_constructor()
        if made is not None:
            add_to_collection(collection_key, made)
        return made

    @staticmethod
    def default_local_init_op() -> Any:
        """A node that gives local variables their initial values."""
        return group(variables_initializer(local_variables(), "init_local"))


class SessionCreator(ABC):
    """Makes the session of a `MonitoredSession`."""

    @abstractmethod
    def create_session(self) -> Session:
        """A new session, whose variables have values."""


class ChiefSessionCreator(SessionCreator):
    """Makes a session whose variables are those of a checkpoint, or start as the scaffold says."""

    def __init__(
        self, scaffold: Scaffold | None = None, master: str = "", config: Any = None, checkpoint_dir: Any = None,
        checkpoint_filename_with_path: Any = None,
    ) -> None:
        if checkpoint_dir and checkpoint_filename_with_path:
            raise InvalidArgumentError("checkpoint_dir and checkpoint_filename_with_path are both given",
                                       op="ChiefSessionCreator")
        self._scaffold = scaffold or Scaffold()
        self._settings: tuple[str, Any] = master, config
        self._folder, self._file = checkpoint_dir, checkpoint_filename_with_path

    def create_session(self) -> Session:
        """A new session.

        Raises
        ------
        FailedPreconditionError if a variable has no value then.
        """
        scaffold, (master, config) = self._scaffold.finalize(), self._settings
        session = Session(master, get_default_graph(), config)
        if not self._restored(session):
            session.run(scaffold.init_op, scaffold.init_feed_dict)
            if scaffold.init_fn is not None:
                scaffold.init_fn(session)
        session.run(scaffold.local_init_op, scaffold.local_init_feed_dict)
        known = session.variables()
        without = [v.op.name for v in (*global_variables(), *local_variables()) if v.op.name not in known]
        if without:
            raise FailedPreconditionError(f"variables without a value: {', '.join(without)}", op="MonitoredSession",
                                          fix="let init_op, init_fn or local_init_op give them one")
        return session

    def _restored(self, session: Session) -> bool:
        state = get_checkpoint_state(self._folder) if self._folder else None
        path = self._file or (state and state.model_checkpoint_path)
        if not path:
            return False
        self._scaffold.saver.restore(session, path)
        if state is not None:
            self._scaffold.saver.recover_last_checkpoints(state.all_model_checkpoint_paths)
        return True


class StepContext:
    """What the function given to `run_step_fn` gets: the session, and a `run` with hooks."""

    def __init__(self, session: Any, run_with_hooks: Callable[..., Any]) -> None:
        self.session = session
        self.run_with_hooks = run_with_hooks

    def request_stop(self) -> None:
        """End the loop over steps: raises StopIteration."""
        raise StopIteration("step_fn has requested the iterations to stop.")


class MonitoredSession:
    """A session with hooks: a ``with`` block at whose beginning variables get values, and which ends as hooks ask.

        with MonitoredSession(hooks=[StopAtStepHook(100)]) as session:
            while not session.should_stop():
                session.run(step)

    The end of a sequence of elements, OutOfRangeError or StopIteration, ends the block without an error.

    Parameters
    ----------
    session_creator : makes the session; `ChiefSessionCreator` if None
    hooks : called in this order
    stop_grace_period_secs : time for threads of the coordinator to end
    """

    StepContext = StepContext

    def __init__(
        self, session_creator: SessionCreator | None = None, hooks: Sequence[SessionRunHook] | None = None,
        stop_grace_period_secs: float = 120,
    ) -> None:
        self._hooks = list(hooks or ())
        self._grace_s = stop_grace_period_secs
        for hook in self._hooks:
            hook.begin()
        self._session: Session | None = (session_creator or ChiefSessionCreator()).create_session()
        self._coordinator = Coordinator(())
        for hook in self._hooks:
            hook.after_create_session(self._session, self._coordinator)

    @property
    def graph(self) -> Graph | None:
        """The graph that is run; None after `close`."""
        return None if self._session is None else self._session.graph

    def _open(self) -> Session:
        if self._session is None:
            raise FailedPreconditionError("the session is closed", op="MonitoredSession")
        return self._session

    def should_stop(self) -> bool:
        """Whether a hook asked to stop, or the session is closed."""
        return self._session is None or self._coordinator.should_stop()

    def run(
        self, fetches: Any, feed_dict: Mapping[Any, Any] | None = None, options: Any = None, run_metadata: Any = None
    ) -> Any:
        """Values, as `Session.run`, with what hooks add, and do.

        Raises
        ------
        FailedPreconditionError after a hook asked to stop. InvalidArgumentError if two feed the same.
        """
        session = self._open()
        self._coordinator.raise_requested_exception()
        if self.should_stop():
            raise FailedPreconditionError("run is called after somebody asked to stop", op="MonitoredSession",
                                          fix="while not session.should_stop():")
        context = SessionRunContext(SessionRunArgs(fetches, feed_dict), session)
        feeds = dict(feed_dict or {})
        wanted: list[Any] = []              # None for hooks that fetch nothing
        for hook in self._hooks:
            added = hook.before_run(context) or SessionRunArgs()
            wanted.append(added.fetches)
            for key, value in (added.feed_dict or {}).items():
                if any(key is known for known in feeds):
                    raise InvalidArgumentError(f"{key} is fed twice, by {type(hook).__name__} and before it",
                                               op="MonitoredSession")
                feeds[key] = value
        found, values = session.run([fetches, [w for w in wanted if w is not None]], feeds)
        for hook, request in zip(self._hooks, wanted, strict=True):
            hook.after_run(context, SessionRunValues(None if request is None else values.pop(0)))
        if context.stop_requested:
            self._coordinator.request_stop()
        return found

    def run_step_fn(self, step_fn: Callable[..., Any]) -> Any:
        """What a function of a `StepContext` returns, which may run the session with or without hooks.

        Raises
        ------
        InvalidArgumentError unless the function's argument is called ``step_context``.
        """
        names = [n for n in inspect.signature(step_fn).parameters if n != "self"]
        if names != ["step_context"]:
            raise InvalidArgumentError(f"step_fn takes {names}; it takes step_context", op="run_step_fn")
        return step_fn(StepContext(self._open(), self.run))

    def close(self) -> None:
        """Let hooks end, and close the session."""
        self._close()

    def _close(self, has_failed: bool = False) -> None:
        session = self._open()
        try:
            for hook in () if has_failed else self._hooks:
                hook.end(session)
        finally:
            self._session = None
            self._coordinator.request_stop()
            try:
                self._coordinator.join(stop_grace_period_secs=self._grace_s, ignore_live_threads=True)
            finally:
                session.close()

    def __enter__(self) -> MonitoredSession:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        is_end = kind is not None and issubclass(kind, (OutOfRangeError, StopIteration))
        self._close(has_failed=kind is not None and not is_end)
        return is_end


class SingularMonitoredSession(MonitoredSession):
    """A `MonitoredSession` whose own session is at hand, for savers and the like."""

    def __init__(
        self, hooks: Sequence[SessionRunHook] | None = None, scaffold: Scaffold | None = None, master: str = "",
        config: Any = None, checkpoint_dir: Any = None, stop_grace_period_secs: float = 120,
        checkpoint_filename_with_path: Any = None,
    ) -> None:
        super().__init__(ChiefSessionCreator(scaffold, master, config, checkpoint_dir, checkpoint_filename_with_path),
                         hooks, stop_grace_period_secs)

    def raw_session(self) -> Session | None:
        """The session; None after `close`."""
        return self._session


def MonitoredTrainingSession(
    master: str = "", is_chief: bool = True, checkpoint_dir: Any = None, scaffold: Scaffold | None = None,
    hooks: Sequence[SessionRunHook] | None = None, chief_only_hooks: Sequence[SessionRunHook] | None = None,
    save_checkpoint_secs: Any = _DEFAULT, save_summaries_steps: Any = _DEFAULT, save_summaries_secs: Any = _DEFAULT,
    config: Any = None, stop_grace_period_secs: float = 120, log_step_count_steps: int | None = 100,
    max_wait_secs: float = 7200, save_checkpoint_steps: Any = _DEFAULT, summary_dir: Any = None,
    save_graph_def: bool = True,
) -> MonitoredSession:
    """A `MonitoredSession` that restores the newest checkpoint of a folder, and writes checkpoints and summaries.

    Parameters
    ----------
    checkpoint_dir : folder of the checkpoints, and of the summaries unless `summary_dir` is given; none are written
        without it
    scaffold : how variables start
    hooks, chief_only_hooks : called after those of steps and summaries, and before them
    save_checkpoint_secs, save_checkpoint_steps : 600 s by default
    save_summaries_steps, save_summaries_secs : 100 steps by default
    log_step_count_steps : steps between two reports of the speed
    master, is_chief, config, max_wait_secs : only this process computes: "", and True

    Raises
    ------
    InvalidArgumentError for is_chief=False.
    """
    if not is_chief:
        raise InvalidArgumentError("is_chief=False; there are no other processes to wait for",
                                   op="MonitoredTrainingSession", fix="leave it out")
    steps, secs = _when(save_summaries_steps, save_summaries_secs, 100, None)
    found = list(chief_only_hooks or ())
    scaffold = scaffold or Scaffold()
    folder = summary_dir or checkpoint_dir
    if folder and log_step_count_steps:
        found.append(hook_kinds.StepCounterHook(log_step_count_steps, output_dir=folder))
    if folder and (steps or secs):
        found.append(hook_kinds.SummarySaverHook(steps, secs, folder, scaffold=scaffold))
    steps, secs = _when(save_checkpoint_steps, save_checkpoint_secs, None, 600)
    if checkpoint_dir and (steps or secs):
        found.append(hook_kinds.CheckpointSaverHook(checkpoint_dir, secs, steps, scaffold=scaffold,
                                                    save_graph_def=save_graph_def))
    creator = ChiefSessionCreator(scaffold, master, config, checkpoint_dir)
    return MonitoredSession(creator, [*found, *(hooks or ())], stop_grace_period_secs)


def _when(steps: Any, secs: Any, usual_steps: int | None, usual_s: float | None) -> tuple[int | None, float | None]:
    """Steps and seconds between two files: the usual ones if neither is given."""
    if steps is _DEFAULT and secs is _DEFAULT:
        return usual_steps, usual_s
    return (None if steps is _DEFAULT else steps), (None if secs is _DEFAULT else secs)
