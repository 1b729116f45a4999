"""Callbacks that write down how training goes: as csv, or as files for TensorBoard."""
from __future__ import annotations

import os
import time
from typing import Any

from ...errors import InvalidArgumentError
from .callback import Callback, Logs, quiet
from .events import EventFile


class CSVLogger(Callback):
    """Writes the metrics of each epoch as a line of a csv file.

    Parameters
    ----------
    filename : of the file
    separator : between the cells of a line
    append : whether to go on with the file if it is there
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] | None = None
        self._file: Any = None
        self._writer: Any = None

    def on_train_begin(self, logs: Logs = None) -> None:
        import csv

        self._close()
        self._file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115 (closed at the end)
        self._writer = csv.writer(self._file, delimiter=self.sep, lineterminator=os.linesep)
        self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):    # validation may begin in a later epoch
                self.keys += [f"val_{key}" for key in self.keys]
            if not self._file.tell():
                self._writer.writerow(["epoch", *self.keys])
        self._writer.writerow([epoch, *(_cell(logs.get(key, "NA")) for key in self.keys)])
        self._file.flush()

    def on_train_end(self, logs: Logs = None) -> None:
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _cell(value: Any) -> Any:
    if isinstance(value, str) or not hasattr(value, "__iter__") or not getattr(value, "ndim", 1):
        return value
    return f'"[{", ".join(map(str, value))}]"'


class TensorBoard(Callback):
    """Writes metrics, and histograms of the weights, where TensorBoard finds them.

    Parameters
    ----------
    log_dir : folder; what is trained goes to "train" in it, validation to "validation"
    histogram_freq : write histograms of all weights once in so many epochs; 0 never
    write_graph : accepted for Keras's sake
    write_steps_per_second : whether to write how fast training is
    update_freq : "epoch", or write metrics once in so many batches too; "batch" is 1

    Raises
    ------
    InvalidArgumentError for images, profiles and embeddings, which it does not write.
    """

    def __init__(
        self, log_dir: Any = "logs", histogram_freq: int = 0, write_graph: bool = True, write_images: bool = False,
        write_steps_per_second: bool = False, update_freq: Any = "epoch", profile_batch: Any = 0,
        embeddings_freq: int = 0, embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        absent = {"write_images": write_images, "profile_batch": profile_batch, "embeddings_freq": embeddings_freq,
                  "embeddings_metadata": embeddings_metadata}
        for name, value in absent.items():
            if value:
                raise InvalidArgumentError(f"{name}={value!r}: only numbers and histograms are written",
                                           op="TensorBoard", fix=f"leave {name} out")
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._files: dict[str, EventFile] = {}
        self._batches = 0
        self._epoch_start = 0.0, 0

    def wants(self, kind: str) -> bool:
        return (kind == "train" and self.update_freq != "epoch") or super().wants(kind)

    def _file(self, part: str) -> EventFile:
        if part not in self._files:
            self._files[part] = EventFile(os.path.join(self.log_dir, part))
        return self._files[part]

    def on_train_begin(self, logs: Logs = None) -> None:
        self._batches = 0

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._epoch_start = time.perf_counter(), int(self.model.optimizer.iterations)

    @quiet
    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._batches += 1
        if self.update_freq != "epoch" and self._batches % self.update_freq == 0:
            for name, value in (logs or {}).items():
                self._file("train").scalar(f"batch_{name}", value, self._batches)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        train = {name: value for name, value in (logs or {}).items() if not name.startswith("val_")}
        train["learning_rate"] = float(self.model.optimizer.learning_rate)
        if self.write_steps_per_second:
            start, steps = self._epoch_start
            done = int(self.model.optimizer.iterations) - steps
            train["steps_per_second"] = done / (time.perf_counter() - start)
        validation = {name[4:]: value for name, value in (logs or {}).items() if name.startswith("val_")}
        for part, values in (("train", train), ("validation", validation)):
            for name, value in values.items():
                self._file(part).scalar(f"epoch_{name}", value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for weight in self.model.weights:
                name = str(getattr(weight, "path", weight.name)).replace(":", "_")
                self._file("train").histogram(f"{name}/histogram", weight.numpy(), epoch)
        for file in self._files.values():
            file.flush()

    def on_test_end(self, logs: Logs = None) -> None:
        optimizer = self.model.optimizer
        for name, value in (logs or {}).items() if optimizer is not None else ():
            self._file("validation").scalar(f"evaluation_{name}_vs_iterations", value, int(optimizer.iterations))
        for file in self._files.values():
            file.flush()

    def on_train_end(self, logs: Logs = None) -> None:
        for file in self._files.values():
            file.close()
        self._files.clear()
