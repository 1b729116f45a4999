"""Checkpoints of objects: all variables that can be reached from them, by the path of attributes that leads there."""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import FailedPreconditionError, InvalidArgumentError
from .checkpoint import (
    Path,
    checkpoint_exists,
    get_checkpoint_state,
    read_arrays,
    remove_checkpoint,
    update_checkpoint_state,
    write_arrays,
)
from .module import children, found_in
from .restoring import Restoration, wait
from .variables import Variable
from .views import PythonState, states_in

COUNTER = "save_counter"


class RestoreStatus:
    """What a restoration has done so far, to be asserted.

    unused : names in the file for which there is no variable yet
    missing : names of variables and states that the file does not hold
    matched : names that were restored
    """

    def __init__(self, path: str, restoration: Restoration, states: Sequence[str] = ()) -> None:
        self.path = path
        self._restoration = restoration
        self._states = states               # of Python that the file does not hold

    @property
    def unused(self) -> list[str]:
        self._restoration.settle()
        return sorted(self._restoration.unused)

    @property
    def missing(self) -> list[str]:
        return sorted({*self._restoration.variables(), *self._states} - set(self.matched))

    @property
    def matched(self) -> list[str]:
        self._restoration.settle()
        return list(self._restoration.matched)

    def assert_existing_objects_matched(self) -> RestoreStatus:
        """Raise AssertionError unless every variable has got its value."""
        if self.missing:
            raise AssertionError(f"{self.path} holds nothing for {', '.join(self.missing)}")
        return self

    def assert_consumed(self) -> RestoreStatus:
        """Raise AssertionError unless, besides, everything in the file was used."""
        if self.unused:
            raise AssertionError(f"{self.path} holds {', '.join(self.unused)}, for which there is no variable")
        return self.assert_existing_objects_matched()

    def assert_nontrivial_match(self) -> RestoreStatus:
        """Raise AssertionError if nothing was restored."""
        if not [name for name in self.matched if name != COUNTER]:
            raise AssertionError(f"{self.path} shares no variable with the objects")
        return self

    def expect_partial(self) -> RestoreStatus:
        """Itself: nothing is said about what does not match unless it is asserted."""
        return self


class Checkpoint:
    """Saves and restores the variables of objects, with a compiled model those of its optimizer.

    Parameters
    ----------
    root : object whose parts are saved as if they were given by name
    kwargs : objects by name: variables, modules, layers, models, optimizers, lists and dicts of them

    Examples
    --------
    >>> import os, tempfile
    >>> import graphengine as tf
    >>> w = tf.Variable([1.0, 2.0])
    >>> checkpoint = tf.train.Checkpoint(w=w)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = checkpoint.save(os.path.join(folder, "model"))
    ...     w = w.assign([0.0, 0.0])
    ...     checkpoint.restore(path).assert_consumed().matched
    ['w', 'save_counter']
    >>> w.numpy().tolist()
    [1.0, 2.0]
    """

    def __init__(self, root: Any = None, **kwargs: Any) -> None:
        self.root = root
        self._parts = dict(kwargs)
        for name, value in kwargs.items():
            setattr(self, name, value)
        self.save_counter = Variable(np.int64(0), trainable=False, name=COUNTER)

    def _variables(self) -> dict[str, Variable]:
        """Variables by their paths."""
        held = {**({} if self.root is None else dict(children(self.root))), **self._parts}
        found = {path: x for path, x in found_in(held) if isinstance(x, Variable)}
        seen = set(map(id, found.values()))
        compiled = [("", self.root)] if self.root is not None else []
        for path, optimizer in _optimizers_of([*compiled, *held.items()], "", set()):
            more = {f"{path}/{key}": x for key, x in found_in(optimizer) if isinstance(x, Variable)}
            if not seen.intersection(map(id, more.values())):       # else it has a name of its own
                found = {**more, **found}
        unsaved = next((v for v in found.values() if not v.has_value), None)
        if unsaved is not None:
            raise FailedPreconditionError(f"variable {unsaved.name} has a value only in a session", op="Checkpoint",
                                          fix="use compat.v1.train.Saver")
        return {**found, COUNTER: self.save_counter}

    def _states(self) -> Iterator[tuple[str, PythonState]]:
        own = [] if self.root is None else children(self.root)
        return states_in([*own, *self._parts.items()], {id(self.root): self.root})

    def write(self, file_prefix: Path, options: Any = None) -> str:
        """Write all variables to files of this prefix; its path."""
        found = self._variables()
        if self.root is not None and list(found) == [COUNTER]:
            raise InvalidArgumentError(f"{self.root!r} holds no variables", op="Checkpoint",
                                       fix="build it first, or pass objects by name")
        states = {path: np.frombuffer(state.serialize(), np.uint8) for path, state in self._states()}
        return write_arrays(file_prefix, {path: v.array for path, v in found.items()} | states)

    def read(self, save_path: Path, options: Any = None) -> RestoreStatus:
        """Give the variables the values of files that `write` or `save` made; no variable changes unless all fit.

        Variables that modules, layers, models and optimizers make later get their values then.

        Raises
        ------
        FileFormatError if there is no such file. ShapeError, DTypeError if a value does not fit its variable. What
        a state of Python raises that cannot take over its own.
        """
        arrays = read_arrays(save_path)
        states = dict(self._states())
        known = [(state, arrays.pop(path)) for path, state in states.items() if path in arrays]
        restoration = Restoration(self._variables, arrays)
        restoration.check()
        for state, data in known:
            state.deserialize(data.tobytes())
        restoration.settle()
        if restoration.unused:
            wait(restoration)
        taken = {id(state) for state, _ in known}
        lost = [path for path, state in states.items() if id(state) not in taken]
        return RestoreStatus(os.fspath(save_path), restoration, lost)

    def save(self, file_prefix: Path, options: Any = None) -> str:
        """Write a numbered checkpoint, ``PREFIX-1``, and name it in its folder as the newest; its path."""
        self.save_counter.assign_add(1)
        path = self.write(f"{os.fspath(file_prefix)}-{int(self.save_counter)}")
        update_checkpoint_state(os.path.dirname(path) or ".", path)
        return path

    def restore(self, save_path: Path | None, options: Any = None) -> RestoreStatus:
        """As `read`; for None, where no checkpoint was found, nothing happens."""
        if save_path is None:
            return RestoreStatus("no checkpoint", Restoration(dict, {}))
        return self.read(save_path)


def _optimizers_of(items: Iterable[tuple[str, Any]], path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Paths and optimizers of the models among values and below them, each once."""
    for key, value in items:
        if id(value) in seen:
            continue
        seen.add(id(value))
        name = path + key.replace("/", ".S")
        optimizer = getattr(value, "optimizer", None) if getattr(value, "compiled", False) is True else None
        if optimizer is not None:
            yield f"{name}/optimizer" if name else "optimizer", optimizer
        yield from _optimizers_of(children(value), f"{name}/" if name else "", seen)


class CheckpointManager:
    """Keeps the newest checkpoints of a folder.

    Parameters
    ----------
    checkpoint : what saves
    directory : the folder; it is made if it is missing
    max_to_keep : number of checkpoints that are kept; all if None
    keep_checkpoint_every_n_hours : keep one of so many hours for good, however many there are
    checkpoint_name : first part of the names
    step_counter : variable that `save` looks at for `checkpoint_interval`
    checkpoint_interval : steps between two checkpoints; `save` does nothing before
    init_fn : called by `restore_or_initialize` where there is nothing to restore
    """

    def __init__(
        self, checkpoint: Checkpoint, directory: Path, max_to_keep: int | None,
        keep_checkpoint_every_n_hours: float | None = None, checkpoint_name: str = "ckpt", step_counter: Any = None,
        checkpoint_interval: int | None = None, init_fn: Callable[[], Any] | None = None,
    ) -> None:
        if max_to_keep is not None and max_to_keep < 1:
            raise InvalidArgumentError(f"max_to_keep={max_to_keep} is less than 1", op="CheckpointManager")
        if checkpoint_interval is not None and step_counter is None:
            raise InvalidArgumentError("checkpoint_interval needs a step_counter", op="CheckpointManager")
        self.checkpoint, self.directory = checkpoint, os.fspath(directory)
        self.max_to_keep, self.checkpoint_interval = max_to_keep, checkpoint_interval
        self._prefix = os.path.join(self.directory, checkpoint_name)
        self._step_counter, self._init = step_counter, init_fn
        self._hours, self._kept_at = keep_checkpoint_every_n_hours, time.time()
        self._saved_at: int | None = None
        state = get_checkpoint_state(self.directory) if os.path.isdir(self.directory) else None
        listed = state.all_model_checkpoint_paths if state else []
        self._paths = [p for p in listed if self._is_own(p) and checkpoint_exists(p)]

    def _is_own(self, path: str) -> bool:
        """Whether a path of the folder's list is one that `save` writes: others are not removed, whoever wrote them."""
        name, _, number = os.path.normpath(path).rpartition("-")
        return name == os.path.normpath(self._prefix) and number.isdecimal()

    @property
    def checkpoints(self) -> list[str]:
        """Those that are kept, oldest first."""
        return list(self._paths)

    @property
    def latest_checkpoint(self) -> str | None:
        """The newest one, or None."""
        return self._paths[-1] if self._paths else None

    def save(self, checkpoint_number: Any = None, check_interval: bool = True, options: Any = None) -> str | None:
        """Write a checkpoint and remove what is too old; its path, or None if the interval is not over."""
        if check_interval and self.checkpoint_interval is not None:
            step = int(self._step_counter)
            if self._saved_at is not None and step < self._saved_at + self.checkpoint_interval:
                return None
            self._saved_at = step
        counter = self.checkpoint.save_counter
        counter.assign_add(1)
        number = int(counter) if checkpoint_number is None else int(checkpoint_number)
        path = self.checkpoint.write(f"{self._prefix}-{number}")
        self._paths = [p for p in self._paths if p != path] + [path]
        self._remove_old()
        update_checkpoint_state(self.directory, path, self._paths)
        return path

    def _remove_old(self) -> None:
        while self.max_to_keep is not None and len(self._paths) > self.max_to_keep:
            oldest = self._paths.pop(0)
            if self._hours is not None and time.time() - self._kept_at >= self._hours * 3600:
                self._kept_at = time.time()     # it stays, and is no longer ours
            else:
                remove_checkpoint(oldest)

    def restore_or_initialize(self) -> str | None:
        """Restore the newest checkpoint; without one call `init_fn`. The path, or None."""
        if self.latest_checkpoint is not None:
            self.checkpoint.restore(self.latest_checkpoint)
            return self.latest_checkpoint
        if self._init is not None:
            self._init()
        return None
