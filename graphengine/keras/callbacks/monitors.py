"""Callbacks that watch one metric: stop, save or slow down by what it says."""
from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np

from ...errors import AttributeValueError, InvalidArgumentError
from ..utils.progress import print_message
from .callback import Callback, Logs, quiet

MODES = ("auto", "min", "max")
# What is better the larger, and the smaller, it is: endings of names. Those of FALLING decide first.
RISING = ("acc", "accuracy", "auc", "precision", "recall", "at_recall", "at_precision", "at_specificity", "score",
          "io_u", "iou", "positives", "negatives", "similarity")
FALLING = ("loss", "error", "crossentropy", "hinge", "false_positives", "false_negatives", "divergence", "poisson",
           "mse", "mae", "mape", "msle")


class MonitorCallback(Callback):
    """Base of callbacks that compare a metric with its best value so far.

    Parameters
    ----------
    monitor : name of the metric, as in the logs of an epoch
    mode : "min" or "max", whichever is better; "auto" goes by the metric's name
    baseline : value to begin with, if there is one
    min_delta : how much better counts as better
    """

    def __init__(
        self, monitor: str = "val_loss", mode: str = "auto", baseline: Any = None, min_delta: float = 0
    ) -> None:
        super().__init__()
        if mode not in MODES:
            warnings.warn(f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode.", stacklevel=3)
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = baseline
        self.min_delta = abs(min_delta)
        self._sign = 0                      # 1 where more is better, -1 where less is; 0 before anybody has asked

    def _is_improvement(self, value: Any, reference: Any) -> bool:
        if reference is None:
            return True
        self._sign = self._sign or self._direction()
        return bool(self._sign * (value - reference) > self.min_delta)

    def _direction(self) -> int:
        if self.mode != "auto":
            return 1 if self.mode == "max" else -1
        name = self.monitor.removeprefix("val_")
        if name.endswith(FALLING):
            return -1
        if name.endswith(RISING):
            return 1
        raise InvalidArgumentError(
            f"whether more or less of {self.monitor!r} is better is not known", op=type(self).__name__,
            fix="say mode='max' or mode='min'",
        )

    def _current(self, logs: Logs, doing: str) -> Any:
        """The metric's value; a warning where it is not among the logs."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(f"{doing} conditioned on metric `{self.monitor}` which is not available. Available metrics "
                          f"are: {','.join(logs or ())}", stacklevel=4)
        return value


class EarlyStopping(MonitorCallback):
    """Stops training when a metric has stopped getting better.

    Parameters
    ----------
    monitor, min_delta, mode : see `MonitorCallback`
    patience : epochs without improvement to wait for one
    verbose : 1 says when it stops
    baseline : only what is better than this counts
    restore_best_weights : whether the model gets the weights of its best epoch back
    start_from_epoch : epochs before this one do not count
    """

    def __init__(
        self, monitor: str = "val_loss", min_delta: float = 0, patience: int = 0, verbose: int = 0, mode: str = "auto",
        baseline: float | None = None, restore_best_weights: bool = False, start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_weights: Any = None
        self.best_epoch = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        self._reset()

    def get_monitor_value(self, logs: Logs) -> Any:
        return self._current(logs, "Early stopping")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        current = self.get_monitor_value(logs)
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._remember(epoch)           # where no epoch is better than nothing, the first one is the best
        self.wait += 1
        if self._is_improvement(current, self.best):
            self.best = current
            self._remember(epoch)
            if self.baseline is None or self._is_improvement(current, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print_message(f"Epoch {self.stopped_epoch + 1}: early stopping")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print_message(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.")
            self.model.set_weights(self.best_weights)


class ReduceLROnPlateau(MonitorCallback):
    """Makes the learning rate smaller when a metric has stopped getting better.

    Parameters
    ----------
    monitor, min_delta, mode : see `MonitorCallback`
    factor : what the rate is multiplied with, below 1
    patience : epochs without improvement to wait for one
    verbose : 1 says when it does so
    cooldown : epochs that do not count afterwards
    min_lr : the least rate

    Raises
    ------
    AttributeValueError for a factor of 1 or more.
    """

    def __init__(
        self, monitor: str = "val_loss", factor: float = 0.1, patience: int = 10, verbose: int = 0, mode: str = "auto",
        min_delta: float = 1e-4, cooldown: int = 0, min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if factor >= 1.0:
            raise AttributeValueError(f"factor={factor} is not below 1", op="ReduceLROnPlateau")
        self.factor = factor
        self.patience = patience
        self.verbose = verbose
        self.cooldown = cooldown
        self.min_lr = min_lr
        self.wait = self.cooldown_counter = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        self.best = None
        self.wait = self.cooldown_counter = 0

    def in_cooldown(self) -> bool:
        return self.cooldown_counter > 0

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        current = self._current(logs, "Learning rate reduction is")
        if current is None:
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._is_improvement(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience and logs["learning_rate"] > np.float32(self.min_lr):
                self._reduce(epoch, logs["learning_rate"])

    def _reduce(self, epoch: int, rate: float) -> None:
        smaller = max(rate * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = smaller
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {smaller}.")
        self.cooldown_counter = self.cooldown
        self.wait = 0


class EveryFewBatches(Callback):
    """Base of callbacks that do something at the end of epochs, or once in so many batches.

    save_freq : "epoch", or a number of batches
    """

    def __init__(self, save_freq: Any) -> None:
        if save_freq != "epoch" and not isinstance(save_freq, int):
            raise AttributeValueError(f"save_freq={save_freq!r} is neither 'epoch' nor a number of batches",
                                      op=type(self).__name__)
        self.save_freq = save_freq
        self._batches = 0

    def wants(self, kind: str) -> bool:
        return (kind == "train" and self.save_freq != "epoch") or super().wants(kind)

    def _is_due(self) -> bool:
        """Count a batch; whether it is one of those after which something is done."""
        if self.save_freq == "epoch":
            return False
        self._batches = (self._batches + 1) % self.save_freq
        return self._batches == 0


class ModelCheckpoint(EveryFewBatches, MonitorCallback):
    """Saves the model, or its weights, as training goes on.

    Parameters
    ----------
    filepath : ends with ".keras" or ".h5", or with ".weights.h5" if only weights are saved; ``{epoch}``, ``{batch}``
        and names of metrics in braces stand for their values, with a format as in ``{val_loss:.2f}``
    monitor, mode : see `MonitorCallback`
    verbose : 1 says what it does
    save_best_only : whether to save only after the best epoch so far
    save_weights_only : whether to leave out everything but weights
    save_freq : "epoch", or a number of batches
    initial_value_threshold : only what is better than this counts

    Raises
    ------
    AttributeValueError for another ending, or another `save_freq`.
    """

    def __init__(
        self, filepath: Any, monitor: str = "val_loss", verbose: int = 0, save_best_only: bool = False,
        save_weights_only: bool = False, mode: str = "auto", save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        MonitorCallback.__init__(self, monitor, mode, initial_value_threshold)
        EveryFewBatches.__init__(self, save_freq)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self._epoch = 0
        endings = (".weights.h5",) if save_weights_only else (".keras", ".h5")
        if not self.filepath.endswith(endings):
            raise AttributeValueError(f"filepath {self.filepath!r} does not end with {' or '.join(endings)}",
                                      op="ModelCheckpoint")

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch = epoch

    @quiet
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        if self._is_due():
            self._save({"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.save_freq == "epoch":
            self._save(dict(logs or {}))

    def _save(self, known: dict[str, Any]) -> None:
        try:
            path = self.filepath.format(epoch=self._epoch + 1, **known)
        except KeyError as error:
            raise InvalidArgumentError(f"filepath {self.filepath!r} names {error}, which is not known",
                                       op="ModelCheckpoint", fix=f"there are epoch, {', '.join(known)}") from None
        if not self._is_to_be_saved(known, path):
            return
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path, overwrite=True)
        self._say(f"finished saving model to {path}")

    def _is_to_be_saved(self, known: dict[str, Any], path: str) -> bool:
        if not self.save_best_only:
            self._say(f"saving model to {path}")
            return True
        current = known.get(self.monitor)
        if current is None:
            warnings.warn(f"Can save best model only with {self.monitor} available.", stacklevel=5)
            return True
        best = "None" if self.best is None else f"{self.best:.5f}"
        is_better = self._is_improvement(current, self.best)
        if is_better:
            self._say(f"{self.monitor} improved from {best} to {current:.5f}, saving model to {path}")
            self.best = current
        else:
            self._say(f"{self.monitor} did not improve from {best}")
        return is_better

    def _say(self, what: str) -> None:
        if self.verbose > 0:
            print_message(f"\nEpoch {self._epoch + 1}: {what}")
