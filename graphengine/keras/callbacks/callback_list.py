"""Several callbacks as one."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ...frontend.structure import flatten
from .callback import HOOKS, Callback, History, Logs
from .progress import ProgbarLogger


class CallbackList(Callback):
    """Callbacks as one, called in their order.

    Parameters
    ----------
    callbacks : a callback, or a list of them
    add_history, add_progbar : whether to add a `History` and a `ProgbarLogger`, unless there are some
    model : what is trained
    params : what `set_params` gives to the callbacks
    """

    def __init__(
        self, callbacks: Any = None, add_history: bool = False, add_progbar: bool = False, model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks: list[Any] = [c for c in flatten(callbacks)[1] if c is not None]
        self._history = self._found(History, add_history)
        self._found(ProgbarLogger, add_progbar)
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def _found(self, cls: type, add: bool) -> Any:
        found = next((c for c in self.callbacks if isinstance(c, cls)), None)
        if found is None and add:
            found = cls()
            self.callbacks.append(found)
        return found

    def wants(self, kind: str) -> bool:
        return any(c.wants(kind) for c in self.callbacks)

    def append(self, callback: Callback) -> None:
        """One more, after the others."""
        self.callbacks.append(callback)

    def set_params(self, params: Any) -> None:
        super().set_params(params)
        for callback in self.callbacks if params else ():
            callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self._history is not None:
            model.history = self._history
        for callback in self.callbacks:
            callback.set_model(model)

    def on_steps_done(self, steps: int, logs: Logs = None) -> None:
        for callback in self.callbacks:
            callback.on_steps_done(steps, logs)


def _telling(hook: str) -> Callable[..., None]:
    """The method of a list that calls the same method of each callback; all see one dict of logs, and may add to it."""
    number = next((x for x in ("batch", "epoch") if x in hook), None)

    def tell(self: CallbackList, *given: Any, logs: Logs = None, **named: Any) -> None:
        if number in named:
            given = (named.pop(number), *given)
        if named:
            raise TypeError(f"{hook}() has no argument {next(iter(named))!r}")
        numbers, rest = (given[:1], given[1:]) if number else ((), given)
        measured: Logs = rest[0] if rest else logs
        shared = {k: _as_python(v) for k, v in (measured or {}).items()}
        for callback in self.callbacks:
            getattr(callback, hook)(*numbers, shared)

    tell.__name__, tell.__doc__ = hook, getattr(Callback, hook).__doc__
    return tell


for _hook in HOOKS:
    setattr(CallbackList, _hook, _telling(_hook))


def _as_python(value: Any) -> Any:
    """One number as Python's own float; anything else as it is."""
    if isinstance(value, (bool, int, float, str, dict, list, tuple)) or np.ndim(value):
        return value
    return float(value)
