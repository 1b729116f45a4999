"""What belongs to checkpoints beside variables: what objects hold, states of Python, new checkpoints as they come."""
from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from .checkpoint import latest_checkpoint
from .module import children

SECONDS_BETWEEN_LOOKS = 1.0


class TrackableView:
    """What an object holds that checkpoints save.

    Examples
    --------
    >>> import graphengine as tf
    >>> class Pair(tf.Module):
    ...     def __init__(self):
    ...         self.x, self.y = tf.Variable(1.0), tf.Variable(2.0)
    >>> pair = Pair()
    >>> list(tf.train.TrackableView(pair).children(pair))
    ['x', 'y']
    """

    def __init__(self, root: Any) -> None:
        self._root = root

    @property
    def root(self) -> Any:
        return self._root

    @classmethod
    def children(cls, obj: Any, save_type: Any = None, **kwargs: Any) -> dict[str, Any]:
        """What an object holds, by name."""
        return {name: value for name, value in children(obj) if children(value) or hasattr(value, "has_value")}

    def descendants(self) -> list[Any]:
        """The root, then what it holds, then what that holds ..., each once."""
        found, seen = [self._root], {id(self._root)}
        for value in found:
            for child in self.children(value).values():
                if id(child) not in seen:
                    seen.add(id(child))
                    found.append(child)
        return found


class PythonState(ABC):
    """A state of Python's that a `Checkpoint` saves and restores with the variables."""

    @abstractmethod
    def serialize(self) -> bytes:
        """The state as bytes."""

    @abstractmethod
    def deserialize(self, string_value: bytes) -> None:
        """Take over a state that `serialize` gave."""


experimental = SimpleNamespace(PythonState=PythonState)


def states_in(
    items: Iterable[tuple[str, Any]], seen: dict[int, Any], path: str = ""
) -> Iterator[tuple[str, PythonState]]:
    """Paths and states of Python among named values and below them, each once; `seen` are objects by their ids."""
    for name, value in items:
        if id(value) in seen:
            continue
        seen[id(value)] = value             # which keeps it, and its id
        if isinstance(value, PythonState):
            yield f"{path}{name}/.python_state", value
        else:
            yield from states_in(children(value), seen, f"{path}{name}/")


def checkpoints_iterator(
    checkpoint_dir: Any, min_interval_secs: float = 0, timeout: float | None = None,
    timeout_fn: Callable[[], bool] | None = None,
) -> Iterator[str]:
    """The newest checkpoint of a folder each time that there is another one.

    Parameters
    ----------
    min_interval_secs : seconds at least between two
    timeout : seconds after which it stops to wait; None to wait for ever
    timeout_fn : called then; it goes on to wait unless that returns True
    """
    newest = None
    while True:
        began = time.monotonic()
        found = _next(checkpoint_dir, newest, timeout)
        if found is not None:
            newest = found
            yield found
            time.sleep(max(began + min_interval_secs - time.monotonic(), 0))
        elif timeout_fn is None or timeout_fn():
            return


def _next(folder: Any, newest: str | None, timeout: float | None) -> str | None:
    """A checkpoint that is not `newest`, or None after the time."""
    deadline = None if timeout is None else time.monotonic() + timeout
    while True:
        found = latest_checkpoint(folder)
        if found not in (None, newest):
            return found
        left = SECONDS_BETWEEN_LOOKS if deadline is None else deadline - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(SECONDS_BETWEEN_LOOKS, left))
