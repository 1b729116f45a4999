"""Callbacks that change the training itself: its learning rate, its weights, where it begins and ends."""
from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import AttributeValueError, FailedPreconditionError, InvalidArgumentError
from ..utils.progress import print_message
from .callback import Callback, Logs, quiet
from .monitors import EveryFewBatches


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch.

    Parameters
    ----------
    schedule : function of the epoch, from 0, and of the rate now; it may take the epoch only. Returns a float
    verbose : 1 says what it sets
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        optimizer = self.model.optimizer
        try:
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        except TypeError:                   # a function of the epoch only
            rate = self.schedule(epoch)
        if not isinstance(rate, (float, np.floating)):
            raise InvalidArgumentError(f"the schedule returned {rate!r}, not a float", op="LearningRateScheduler")
        optimizer.learning_rate = rate
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


class TerminateOnNaN(Callback):
    """Ends training as soon as the loss is not a finite number.

    Parameters
    ----------
    raise_error : whether to raise a RuntimeError instead of ending quietly
    """

    watches_for_nan = True                  # `fit` leaves it to this then

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or np.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. Terminating "
                               "training immediately.")
        print_message(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True


class SwapEMAWeights(Callback):
    """Evaluates with the optimizer's moving averages in the place of the weights.

    Parameters
    ----------
    swap_on_epoch : whether the weights are swapped at the end of each epoch too, so that what is saved then are the
        averages

    Raises
    ------
    FailedPreconditionError, in use, if the optimizer has no averages.
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._is_swapped = False

    def _swap(self, to_averages: bool) -> None:
        if self._is_swapped != to_averages:
            self.model.optimizer.swap_averages()
            self._is_swapped = to_averages

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._check()
        if self.swap_on_epoch:
            self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if self.swap_on_epoch:
            self._swap(True)
            if epoch == self.params["epochs"] - 1:
                self.model.optimizer.restart_averages()

    def on_test_begin(self, logs: Logs = None) -> None:
        self._check()
        self._swap(True)

    def on_test_end(self, logs: Logs = None) -> None:
        self._swap(False)

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._check()
        self._swap(True)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._swap(False)

    def _check(self) -> None:
        if not getattr(self.model.optimizer, "use_ema", False):
            raise FailedPreconditionError("the optimizer keeps no moving averages", op="SwapEMAWeights",
                                          fix="make the optimizer with use_ema=True")


class BackupAndRestore(EveryFewBatches):
    """Keeps what is needed to go on with training that was broken off, and goes on with it.

    Parameters
    ----------
    backup_dir : folder for the weights, the optimizer's state and the number of the epoch
    save_freq : "epoch", or a number of batches
    double_checkpoint : whether to keep the state before the last one too
    delete_checkpoint : whether to remove them when training has ended as planned

    Raises
    ------
    AttributeValueError without a folder, or for another `save_freq`.
    """

    def __init__(
        self, backup_dir: Any, save_freq: Any = "epoch", double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        Callback.__init__(self)
        super().__init__(save_freq)
        if not backup_dir:
            raise AttributeValueError("backup_dir is empty", op="BackupAndRestore")
        self.backup_dir = os.fspath(backup_dir)
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._weights = Path(self.backup_dir, "latest.weights.h5")
        self._place = Path(self.backup_dir, "training_metadata.json")
        self._epoch = self._batch = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        if not self._weights.exists():
            return
        if not self.model.built:
            raise FailedPreconditionError("the model has no weights yet", op="BackupAndRestore",
                                          fix="begin it with keras.Input(shape=...), or call it on data first")
        try:
            self._load()
        except OSError:                     # broken off while it was saved
            if not self._before(self._weights).exists():
                raise
            for path in (self._weights, self._place):
                shutil.copy(self._before(path), path)
            self._load()

    def _load(self) -> None:
        optimizer = self.model.optimizer
        if optimizer is not None and not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        self.model.load_weights(os.fspath(self._weights))
        if self._place.exists():
            self.model._initial_epoch = json.loads(self._place.read_text())["epoch"]

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._epoch, self._batch = epoch + 1, 0
        if self.save_freq == "epoch":
            self._save()

    @quiet
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._batch = batch
        if self._is_due():
            self._save()

    def _save(self) -> None:
        os.makedirs(self.backup_dir, exist_ok=True)
        for path in (self._weights, self._place) if self.double_checkpoint else ():
            if path.exists():
                shutil.copy(path, self._before(path))
        self.model.save_weights(os.fspath(self._weights), overwrite=True)
        self._place.write_text(json.dumps({"epoch": self._epoch, "batch": self._batch}))

    @staticmethod
    def _before(path: Path) -> Path:
        return path.with_name(path.name + ".bkp")

    def on_train_end(self, logs: Logs = None) -> None:
        if not self.delete_checkpoint or not os.path.isdir(self.backup_dir):
            return
        for path in (self._weights, self._place):
            path.unlink(missing_ok=True)
            self._before(path).unlink(missing_ok=True)
        if not os.listdir(self.backup_dir):     # what others have put there stays
            os.rmdir(self.backup_dir)
