"""``graphengine train``: a graph file in, a progress bar and weights out."""
from __future__ import annotations

import math
import os
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from .. import Progress as Report
from .. import Training, errors
from ..io.weights import load_weights, save_weights
from ..keras.train_section import PARTS


def train_file(file: Path, epochs: int | None, save: Path | None, load: Path | None) -> bool:
    """Train a graph in a file and print how well it does; False if Ctrl-C stopped it.

    Raises
    ------
    NotFoundError if the folder for the weights does not exist, which is known before the training begins.
    InvalidArgumentError if the loss becomes NaN; then no weights are saved.
    """
    if save is not None and not save.absolute().parent.is_dir():
        raise errors.NotFoundError(f"there is no folder {os.fspath(save.parent)!r} for the weights", fix="make it")
    console = Console()
    training = Training.of_file(file)
    if load is not None:
        training.session.load_variables(load_weights(load))
    finished = True
    with Bar(console, training.spec.epochs if epochs is None else epochs) as bar:
        try:
            training.fit(epochs, bar.report)
        except KeyboardInterrupt:
            finished = False
    if math.isnan(bar.loss):
        raise errors.InvalidArgumentError(
            f"the loss is NaN in epoch {int(bar.epochs) + 1}", op="train",
            fix="lower the learning rate, or look at the data",
        )
    if not finished:
        console.print(f"stopped in epoch {int(bar.epochs) + 1}")
    if save is not None:
        save_weights(save, training.weights())
        console.print(f"weights: {save}", highlight=False, soft_wrap=True)
    if finished:
        console.print(results(training))
    return finished


class Bar:
    """A progress bar with loss and rate."""

    def __init__(self, console: Console, total: int) -> None:
        self.epochs = 0.0
        self.loss = 0.0
        self._first: Report | None = None
        self._last: Report | None = None
        self._progress = Progress(
            TextColumn("epoch {task.fields[epoch]}"), BarColumn(), TextColumn("loss {task.fields[loss]}"),
            TextColumn("{task.fields[rate]}"), TimeRemainingColumn(), console=console, refresh_per_second=10,
        )
        self._task = self._progress.add_task("", total=total, epoch=f"0/{total:,}", loss="-", rate="compiling")

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def report(self, now: Report) -> bool:
        """Show how far the training is; the rate is that since the report before, in the end that of the whole.

        Returns
        -------
        whether to stop, because the loss is NaN

        Until the first report kernels are compiled, so that is not counted.
        """
        since = self._first if now.epochs >= now.of else self._last
        samples, seconds = now.samples, now.elapsed_s
        if since is not None:
            samples, seconds = samples - since.samples, seconds - since.elapsed_s
        self.epochs, self.loss, self._first, self._last = now.epochs, now.loss, self._first or now, now
        self._progress.update(
            self._task, completed=now.epochs, epoch=f"{int(now.epochs):,}/{now.of:,}", loss=f"{now.loss:.5g}",
            rate=f"{samples / seconds:,.0f} samples/s",
        )
        return math.isnan(now.loss)


def results(training: Training) -> Table:
    """Loss and metrics over the rows that train, and over those that judge."""
    found = {part: training.evaluate(part) for part in PARTS}
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for label in found["train"]:
        table.add_column(label, justify="right")
    for part, numbers in found.items():
        if numbers:
            table.add_row(part, *(f"{v:.4f}" if isinstance(v, float) else str(v) for v in numbers.values()))
    return table
