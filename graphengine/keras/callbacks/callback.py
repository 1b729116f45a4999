"""What is told of the progress of training: the base of callbacks, and the simplest of them."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Logs = Mapping[str, Any] | None
F = TypeVar("F", bound=Callable[..., Any])

KINDS = {"train": ("", "train_"), "test": ("test_",), "predict": ("predict_",)}
BATCH_HOOKS = {kind: tuple(f"on_{name}batch_{when}" for name in names for when in ("begin", "end"))
               for kind, names in KINDS.items()}
HOOKS = (*(hook for hooks in BATCH_HOOKS.values() for hook in hooks), *(
    f"on_{what}_{when}" for what in ("epoch", *KINDS) for when in ("begin", "end")))


def quiet(method: F) -> F:
    """Mark a method for batches that does not by itself ask to be called: see `Callback.wants`."""
    method.is_quiet = True  # type: ignore[attr-defined]
    return method


class Callback:
    """Base of what is told of the progress of training; a subclass defines the methods that it needs.

    Whoever defines one for batches is called after each; otherwise whole epochs run compiled, without a return to
    Python.

    params : dict with "verbose", "epochs" and "steps"
    model : the model that is trained
    """

    def __init__(self) -> None:
        self.params: Any = None
        self._model: Any = None

    def set_params(self, params: Any) -> None:
        self.params = params

    def set_model(self, model: Any) -> None:
        self._model = model

    @property
    def model(self) -> Any:
        return self._model

    def wants(self, kind: str) -> bool:
        """Whether it is to be called before and after each batch of "train", "test" or "predict"."""
        return any(not getattr(getattr(self, hook), "is_quiet", False) for hook in BATCH_HOOKS[kind])

    @property
    def wants_batches(self) -> bool:
        """Whether it is to be called before and after batches of any kind."""
        return any(self.wants(kind) for kind in KINDS)

    @quiet
    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Another name of `on_train_batch_begin`."""

    @quiet
    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Another name of `on_train_batch_end`."""

    @quiet
    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a step of training; `batch` counts from 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    @quiet
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a step of training; `logs` has the metrics of the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    @quiet
    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a step of evaluation."""

    @quiet
    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a step of evaluation."""

    @quiet
    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a step of prediction."""

    @quiet
    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a step of prediction; `logs` has its "outputs"."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Before an epoch, counted from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """After an epoch; `logs` has its metrics, those of validation with "val_" before their names."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Before the first epoch."""

    def on_train_end(self, logs: Logs = None) -> None:
        """After the last epoch; `logs` has its metrics."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Before an evaluation."""

    def on_test_end(self, logs: Logs = None) -> None:
        """After an evaluation; `logs` has its metrics."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Before a prediction."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """After a prediction."""

    def on_steps_done(self, steps: int, logs: Logs = None) -> None:
        """A few times a second while an epoch runs compiled: so many of its steps are done."""


class History(Callback):
    """Remembers what `fit` measured; `fit` returns one.

    history : for each metric a list of its values, one for each epoch
    epoch : numbers of the epochs, from 0
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[Any]] = {}
        self.epoch: list[int] = []
        self._before: dict[str, list[Any]] = {}
        self._told: list[tuple[int, dict[str, Any]]] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        self.epoch = []
        self._before = {name: list(values) for name, values in self.history.items()}
        self._told = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        told = epoch, dict(logs or {})
        self._told.append(told)             # at one stroke, for Ctrl-C may come between the lists
        self._enter(*told)
        self.model.history = self

    def _enter(self, epoch: int, logs: Mapping[str, Any]) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def settle(self) -> None:
        """Give all lists the same epochs, after a training that was broken off anywhere."""
        self.epoch = []
        self.history = {name: list(values) for name, values in self._before.items()}
        for told in self._told:
            self._enter(*told)


class LambdaCallback(Callback):
    """Functions as a callback: ``LambdaCallback(on_epoch_end=lambda epoch, logs: print(logs))``.

    Parameters
    ----------
    hooks : methods of `Callback` by name; what else is given becomes an attribute
    """

    def __init__(
        self, on_epoch_begin: Any = None, on_epoch_end: Any = None, on_train_begin: Any = None,
        on_train_end: Any = None, on_train_batch_begin: Any = None, on_train_batch_end: Any = None, **hooks: Any,
    ) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_train_begin": on_train_begin,
            "on_train_end": on_train_end, "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end, **hooks,
        }
        self.__dict__.update({name: value for name, value in given.items() if value is not None})
