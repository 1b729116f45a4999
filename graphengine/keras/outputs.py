"""Losses and metrics of a model's outputs: what `compile` was given, matched with the outputs by place or name."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..errors import InvalidArgumentError, suggestion
from ..frontend.build import init_scope
from ..frontend.structure import flatten
from .naming import is_of_this_package
from .steps import Step, traced


class Outputs:
    """Losses and metrics of a model's outputs, made when their shapes are known."""

    def __init__(
        self, loss: Any, loss_weights: Any, metrics: Any, weighted_metrics: Any, names: Sequence[str], y: Any,
        y_pred: Any,
    ) -> None:
        from . import losses
        from . import metrics as module

        self.names = list(names)
        outputs = flatten(y_pred)[1]
        self.losses = [None if s is None else _loss(s, losses) for s in
                       by_output(loss, self.names, len(outputs), "loss", repeat=True)]
        targets = self.targets(y)
        weights = by_output(loss_weights, self.names, len(outputs), "loss_weights")
        self.loss_weights = [1.0 if w is None else w for w in weights]
        with init_scope():
            self.loss_tracker = module.Mean(name="loss")
            several = sum(own is not None for own in self.losses) > 1
            self.output_trackers = [
                module.Mean(name=f"{name}_loss") if several and own is not None else None
                for name, own in zip(self.names, self.losses, strict=True)
            ]
            if isinstance(loss, Mapping) and isinstance(y_pred, Mapping):   # Keras lists them as `compile` has them
                order = list(loss)
                trackers = dict(zip(self.names, self.output_trackers, strict=True))
                self._listed = [trackers[name] for name in order]
            else:
                self._listed = self.output_trackers
            self.metrics = self._metrics(metrics, targets, outputs, module)
            self.weighted = self._metrics(weighted_metrics, targets, outputs, module)
        self._traced: Step | None = None        # the results of those that run compiled
        self._others: dict[str, Any] = {}

    def targets(self, y: Any) -> list[Any]:
        """What each output is compared with. Those without a loss may be left out of a list; their target is None."""
        compared = [k for k, loss in enumerate(self.losses) if loss is not None]
        several = list(y) if isinstance(y, (list, tuple)) else [y]
        if isinstance(y, Mapping) or len(several) != len(compared):
            return by_output(y, self.names, len(self.names), "y")
        found = dict(zip(compared, several, strict=True))
        return [found.get(k) for k in range(len(self.names))]

    def _metrics(self, given: Any, targets: Sequence[Any], outputs: Sequence[Any], module: Any) -> list[list[Any]]:
        if given is None:
            return [[] for _ in outputs]
        if len(outputs) == 1 and not isinstance(given, Mapping):
            per_output = [given]
        elif isinstance(given, (list, tuple)) and not any(isinstance(g, (list, tuple)) for g in given):
            per_output = list(given) if len(given) == len(outputs) else [given] * len(outputs)
        else:
            per_output = by_output(given, self.names, len(outputs), "metrics")
        found = []
        for specs, y, y_pred in zip(per_output, targets, outputs, strict=True):
            items = [] if specs is None else list(specs) if isinstance(specs, (list, tuple)) else [specs]
            flat = [x for item in items for x in (item if isinstance(item, (list, tuple)) else [item])]
            found.append([_metric(x, y, y_pred, module) for x in flat])
        return found

    def all_metrics(self) -> Iterator[tuple[str, Any]]:
        """Each metric with the name under which History has it: none twice, one with weights after one without."""
        yield "loss", self.loss_tracker
        for tracker in self._listed:
            if tracker is not None:
                yield tracker.name, tracker
        counts: Counter[str] = Counter()
        for group in (self.metrics, self.weighted):
            for output, items in zip(self.names, group, strict=True):
                for m in items:
                    name = self._of(output, m.name)
                    if counts[name] and group is self.weighted:
                        name = self._of(output, f"weighted_{m.name}")
                    counts[name] += 1
                    yield name if counts[name] == 1 else f"{name}_{counts[name] - 1}", m

    def _of(self, output: str, name: str) -> str:
        return f"{output}_{name}" if len(self.names) > 1 else name

    def results(self) -> dict[str, Any]:
        """The value of each metric so far. Those of this package, and those that inherit `result`, run compiled."""
        if self._traced is None:
            ours = {name: m for name, m in self.all_metrics() if is_of_this_package(type(m).result)}
            self._others = {name: m for name, m in self.all_metrics() if name not in ours}
            self._traced = traced(lambda _: {name: m.result() for name, m in ours.items()}, flatten(())[0], ())
        found: dict[str, Any] = self._traced.result.fill(self._traced.concrete.call(()))
        return {**found, **{name: m.result() for name, m in self._others.items()}}


def by_output(given: Any, names: Sequence[str], count: int, label: str, repeat: bool = False) -> list[Any]:
    """Something said for each output: one for a single output, a list, or a dict by name."""
    if given is None:
        return [None] * count
    if isinstance(given, Mapping):
        for key in given:
            if key not in names:
                raise InvalidArgumentError(f"{label} names the output {key!r}; the model has {', '.join(names)}",
                                           fix=suggestion(str(key), names))
        return [given.get(n) for n in names]
    if isinstance(given, (list, tuple)):
        if len(given) != count:
            raise InvalidArgumentError(f"{label} is for {len(given)} outputs, the model has {count}")
        return list(given)
    if count == 1 or repeat:
        return [given] * count
    raise InvalidArgumentError(f"{label} is for one output, the model has {count}: {', '.join(names)}")


def _loss(given: Any, losses: Any) -> Any:
    found = losses.get(given)
    if isinstance(found, losses.Loss):
        return found
    return losses.LossFunctionWrapper(found, name=getattr(found, "__name__", "loss"))


def _metric(given: Any, y: Any, y_pred: Any, metrics: Any) -> Any:
    if isinstance(given, str) and given in ("accuracy", "acc", "crossentropy", "ce"):
        shapes = tuple(y.shape), tuple(y_pred.shape)
        cls = _kind_of_accuracy(*shapes, metrics) if given in ("accuracy", "acc") else (
            _kind_of_crossentropy(*shapes, metrics))
        return cls(name=given)
    found = metrics.get(given)
    if not isinstance(found, metrics.Metric):
        found = metrics.MeanMetricWrapper(found, name=getattr(found, "__name__", "metric"))
    if isinstance(given, str):
        found.name = given                  # History has it under the name that it was asked for by
    return found


def _kind_of_accuracy(y: tuple[Any, ...], y_pred: tuple[Any, ...], metrics: Any) -> Any:
    if y_pred[-1] == 1:
        return metrics.BinaryAccuracy
    is_sparse = len(y) < len(y_pred) or (len(y) == len(y_pred) and y[-1] == 1)
    return metrics.SparseCategoricalAccuracy if is_sparse else metrics.CategoricalAccuracy


def _kind_of_crossentropy(y: tuple[Any, ...], y_pred: tuple[Any, ...], metrics: Any) -> Any:
    if y_pred[-1] == 1:
        return metrics.BinaryCrossentropy
    is_sparse = len(y) < len(y_pred) or (len(y) == len(y_pred) and y[-1] == 1)
    return metrics.SparseCategoricalCrossentropy if is_sparse else metrics.CategoricalCrossentropy
