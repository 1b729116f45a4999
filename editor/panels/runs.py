"""What trainings did: points of curves by label, gradients by card, as the process tells them. Plain values, no Qt."""
from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from editor.run.messages import Array, Gradients, Metrics, Preview, VariableLook

MOST = 20_000                               # points of a curve; of more, every second one is dropped
TEST = "test "                              # what labels of numbers begin with that are of rows that do not train
RISING = ("accuracy", "auc", "f1", "hits", "iou", "precision", "r2", "recall", "score", "similarity")

VANISHED = 1e-6                             # update over weight below which nothing is learned
EXPLODED = 0.1                              # above which learning jumps; about 1e-3 is usual
LARGE, SMALL = 1e3, 1e-8                    # norms of gradients that are suspicious in themselves


class Curve:
    """A number over epochs.

    lowest, highest : (value, epoch), NaN as long as no value is a number
    """

    def __init__(self) -> None:
        self.epochs: list[float] = []
        self.values: list[float] = []
        self.lowest = self.highest = (math.nan, math.nan)

    def add(self, epoch: float, value: float) -> None:
        self.epochs.append(epoch)
        self.values.append(value)
        if math.isfinite(value):
            if not value >= self.lowest[0]:
                self.lowest = value, epoch
            if not value <= self.highest[0]:
                self.highest = value, epoch
        if len(self.epochs) > MOST:
            del self.epochs[1:-1:2], self.values[1:-1:2]

    @property
    def last(self) -> float:
        return self.values[-1]

    def points(self, smoothing: int = 1) -> tuple[Array, Array]:
        """Epochs, and values as means of the last `smoothing` points that are numbers."""
        epochs, values = np.array(self.epochs), np.array(self.values, dtype=np.float64)
        return epochs, moving_mean(values, smoothing)

    def at(self, epoch: float) -> tuple[float, float]:
        """The point nearest to an epoch; epochs never fall."""
        k = int(np.searchsorted(self.epochs, epoch))
        near = min((i for i in (k - 1, k) if 0 <= i < len(self.epochs)), key=lambda i: abs(self.epochs[i] - epoch))
        return self.epochs[near], self.values[near]


def moving_mean(values: Array, count: int) -> Array:
    """Means of the last `count` values, fewer at the beginning; what is not finite is left out, and stays as it is."""
    if count <= 1 or not len(values):
        return values
    good = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(good, values, 0.0))])
    counts = np.concatenate([[0], np.cumsum(good)])
    end = np.arange(1, len(values) + 1)
    begin = np.maximum(end - count, 0)
    means = (sums[end] - sums[begin]) / np.maximum(counts[end] - counts[begin], 1)
    return np.where(good, means, values)


def rises(label: str) -> bool:
    """Whether more is better, by the name of a metric as Keras's callbacks guess it ("auto" mode)."""
    return any(word in label.lower() for word in RISING)


def base(label: str) -> tuple[str, bool]:
    """What is measured, and whether on rows that do not train: "test loss" is ("loss", True)."""
    return (label.removeprefix(TEST), True) if label.startswith(TEST) else (label, False)


@dataclass
class GradientState:
    """What is known of a card's variables: norms over time, and the last values.

    norms : norm of the gradient
    ratios : norm of the last update over the norm of the value
    weight : norm of the value, None where it is not known
    """

    norms: Curve = field(default_factory=Curve)
    ratios: Curve = field(default_factory=Curve)
    weight: float | None = None

    def verdict(self) -> str:
        """"ok", "vanishing", "exploding", "zero" or "nan" by the last norms.

        References
        ----------
        The ratio of update and weight: A. Karpathy, CS231n notes, "Neural Networks Part 3", section "Ratio of
        weights:updates" (about 1e-3).
        """
        norm = self.norms.last
        ratio = self.ratios.last if self.ratios.values else None
        if not math.isfinite(norm) or (ratio is not None and not math.isfinite(ratio)):
            return "nan"
        if norm == 0:
            return "zero"
        if norm > LARGE or (ratio is not None and ratio > EXPLODED):
            return "exploding"
        return "vanishing" if norm < SMALL or (ratio is not None and ratio < VANISHED) else "ok"


@dataclass
class Run:
    """One training.

    hue : number of its colour
    variables : as they were last told, by name
    """

    name: str
    hue: int
    visible: bool = True
    curves: dict[str, Curve] = field(default_factory=dict)
    gradients: dict[str, GradientState] = field(default_factory=dict)
    variables: Mapping[str, VariableLook] = field(default_factory=dict)

    @property
    def epoch(self) -> float:
        """Where it has come to."""
        return max((curve.epochs[-1] for curve in self.curves.values()), default=0.0)

    @property
    def learns_nothing(self) -> bool:
        """Whether the last gradients are all zero."""
        return bool(self.gradients) and all(state.verdict() == "zero" for state in self.gradients.values())

    def add(self, metrics: Metrics) -> None:
        for label, value in metrics.values.items():
            self.curves.setdefault(label, Curve()).add(metrics.epoch, value)

    def add_gradients(self, gradients: Gradients) -> None:
        epoch, self.variables = self.epoch, gradients.variables
        for card, norm in gradients.norms.items():
            state = self.gradients.setdefault(card, GradientState())
            state.norms.add(epoch, norm)
            state.weight = norm_of(gradients.weights.get(card))
            update = gradients.updates.get(card)
            if update is not None and state.weight:
                state.ratios.add(epoch, update / state.weight)


def norm_of(preview: Preview | None) -> float | None:
    """The Euclidean norm of an array of which only the preview is known."""
    if preview is None or preview.mean is None or preview.std is None:
        return None
    return math.sqrt(math.prod(preview.shape) * (preview.mean ** 2 + preview.std ** 2))


class Runs:
    """The trainings of a document, the latest last."""

    def __init__(self) -> None:
        self.all: list[Run] = []
        self._count = 0
        self._begins = True

    def begin(self) -> None:
        """The next point belongs to a new run."""
        self._begins = True

    @property
    def latest(self) -> Run | None:
        return self.all[-1] if self.all else None

    def add(self, metrics: Metrics) -> Run:
        """Put a point into the present run; one that lies before it begins a new one, as the variables do."""
        run = self.latest
        if run is None or self._begins or metrics.epoch < run.epoch - 1e-9:
            self._count += 1
            run = Run(f"Run {self._count}", self._count - 1)
            self.all.append(run)
            self._begins = False
        run.add(metrics)
        return run

    def remove(self, run: Run) -> None:
        if run is self.latest:
            self._begins = True
        self.all.remove(run)

    @property
    def visible(self) -> list[Run]:
        return [run for run in self.all if run.visible]

    @property
    def measures(self) -> list[str]:
        """What is measured in any run, "loss" first, then in the order in which it came."""
        found = dict.fromkeys(base(label)[0] for run in self.all for label in run.curves)
        return sorted(found, key=lambda name: name != "loss")


def table(runs: Iterable[Run]) -> str:
    """All points as CSV: a line for each run and epoch, a column for each label; empty where there is no value."""
    runs = list(runs)
    labels = list(dict.fromkeys(label for run in runs for label in run.curves))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["run", "epoch", *labels])
    for run in runs:
        rows: dict[float, dict[str, float]] = {}
        for label, curve in run.curves.items():
            for epoch, value in zip(curve.epochs, curve.values, strict=True):
                rows.setdefault(epoch, {})[label] = value
        for epoch in sorted(rows):
            writer.writerow([run.name, repr(epoch), *(_cell(rows[epoch], label) for label in labels)])
    return text.getvalue()


def _cell(values: Mapping[str, float], label: str) -> str:
    return repr(values[label]) if label in values else ""
