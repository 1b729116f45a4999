"""What a model was compiled with, and its steps in Python: of training, evaluation and prediction on a batch."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..frontend.restoring import settle_waiting
from ..frontend.structure import flatten
from ..frontend.tape import GradientTape
from ..ir.node import Tensor
from ..ops.language import L
from .data import unpack_x_y_sample_weight
from .nan_loss import finite
from .outputs import Outputs, by_output
from .steps import Step


@dataclass
class Compiled:
    """What `compile` was given.

    steps : traced steps, by kind, form and types of data
    """

    loss: Any
    loss_weights: Any
    metrics: Any
    weighted_metrics: Any
    run_eagerly: bool
    steps_per_execution: int
    steps: dict[Any, Step] = field(default_factory=dict)
    parts: Outputs | None = None


class StepMaker:
    """What a model is compiled with, and its steps."""

    name: str
    weights: list[Any]
    trainable_weights: list[Any]
    losses: list[Any]
    constraints: dict[int, Any]
    _settings_inside: Callable[[], tuple[int, int, int]]
    _forget_losses: Callable[[], None]

    def __init__(self) -> None:
        self.optimizer: Any = None
        self.stop_training = False
        self.history: Any = None
        self._initial_epoch = 0
        self._refuses_nan = False               # only in fit: whether a step fails if its loss is NaN
        self._compiled: Compiled | None = None
        self._prediction_steps: dict[Any, Step] = {}
        self._open: tuple[dict[str, Tensor], ...] | None = None     # what `symbols_left_open` has found

    # ------------------------------------------------ compile

    def compile(
        self, optimizer: Any = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None,
        weighted_metrics: Any = None, run_eagerly: bool = False, steps_per_execution: int = 1,
        jit_compile: Any = "auto", auto_scale_loss: bool = True,
    ) -> None:
        """Say how to train.

        Parameters
        ----------
        optimizer : name or object
        loss : name, object or function of (y_true, y_pred); a list or dict for several outputs
        loss_weights : numbers that the outputs' losses are multiplied by
        metrics, weighted_metrics : list of names, objects or functions; lists or dicts of lists for several outputs
        run_eagerly : run each step in Python, to look at it
        steps_per_execution, jit_compile, auto_scale_loss : accepted for Keras's sake: epochs are compiled

        Raises
        ------
        InvalidArgumentError for a name that does not exist; the nearest is suggested.
        """
        from . import losses, optimizers
        from . import metrics as metrics_module

        del jit_compile, auto_scale_loss
        self.optimizer = optimizers.get(optimizer)
        for item in flatten(loss)[1]:
            losses.get(item)
        for item in flatten([metrics, weighted_metrics])[1]:
            if item not in ("accuracy", "acc", "crossentropy", "ce"):
                metrics_module.get(item)
        self._compiled = Compiled(loss, loss_weights, metrics, weighted_metrics, run_eagerly, steps_per_execution)
        self.stop_training = False
        settle_waiting()                        # a restored checkpoint may hold the optimizer

    @property
    def compiled(self) -> bool:
        return self._compiled is not None

    @property
    def run_eagerly(self) -> bool:
        return self._compiled is not None and self._compiled.run_eagerly

    def _settings(self, what: str) -> Compiled:
        if self._compiled is None:
            raise InvalidArgumentError(f"{what} of model {self.name!r} before compile()", op=what,
                                       fix="call model.compile(optimizer=..., loss=...) first")
        return self._compiled

    def forget_functions(self) -> None:
        """Trace all steps again: the model has changed."""
        self._prediction_steps.clear()
        self._open = None
        if self._compiled is not None:
            self._compiled.steps.clear()

    @property
    def metrics(self) -> list[Any]:
        """The metrics of the model and of its layers."""
        parts = None if self._compiled is None else self._compiled.parts
        found = [] if parts is None else [m for _, m in parts.all_metrics()]
        return found

    @property
    def metrics_names(self) -> list[str]:
        parts = None if self._compiled is None else self._compiled.parts
        return ["loss"] if parts is None else [n for n, _ in parts.all_metrics()]

    def reset_metrics(self) -> None:
        for m in self.metrics:
            m.reset_state()

    # ------------------------------------------------ one step

    @property
    def _has_symbols(self) -> bool:
        """Whether inputs and outputs are known by name before any data came: those of a model that was drawn."""
        return False

    @property
    def _has_call(self) -> bool:
        """Whether the model is one function of its inputs; one of steps only, such as a GAN's, need not be."""
        return True

    def _parts(self, y: Any, y_pred: Any) -> Outputs:
        """Losses and metrics of `compile`, made for outputs like these."""
        compiled = self._settings("training")
        if compiled.parts is None:
            count = len(flatten(y_pred)[1])
            names = getattr(self, "output_names", None) if self._has_symbols else None
            names = names or [f"output_{k}" if count > 1 else "output" for k in range(count)]
            compiled.parts = Outputs(
                compiled.loss, compiled.loss_weights, compiled.metrics, compiled.weighted_metrics, names, y, y_pred)
        return compiled.parts

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The loss of a batch: that of `compile`, and what layers add."""
        del x, training
        parts = self._parts(y, y_pred)
        outputs = flatten(y_pred)[1]
        targets = parts.targets(y)
        weights = by_output(sample_weight, parts.names, len(outputs), "sample_weight", repeat=True)
        total: Any = None
        for k, loss in enumerate(parts.losses):
            if loss is None or targets[k] is None:
                continue
            value = loss(targets[k], outputs[k], sample_weight=weights[k])
            tracker = parts.output_trackers[k]
            if tracker is not None:
                tracker.update_state(value, sample_weight=_batch_size(outputs[k]))
            value = value if parts.loss_weights[k] == 1.0 else value * parts.loss_weights[k]
            total = value if total is None else total + value
        for extra in self.losses:
            extra = L.reduce_sum(extra)
            total = extra if total is None else total + extra
        if total is None:
            raise InvalidArgumentError(f"model {self.name!r} has no loss to train with", op="compile",
                                       fix="give compile() a loss, or call add_loss() in a layer")
        return total

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the metrics with a batch; their values so far."""
        del x
        self._update_metrics(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def _update_metrics(self, y: Any, y_pred: Any, sample_weight: Any) -> None:
        parts = self._parts(y, y_pred)
        outputs = flatten(y_pred)[1]
        targets = parts.targets(y)
        weights = by_output(sample_weight, parts.names, len(outputs), "sample_weight", repeat=True)
        for k, y_true in enumerate(targets):
            if y_true is None:
                continue
            for m in parts.metrics[k]:
                m.update_state(y_true, outputs[k])
            for m in parts.weighted[k]:
                m.update_state(y_true, outputs[k], sample_weight=weights[k])

    def get_metrics_result(self) -> dict[str, Any]:
        """The value of each metric."""
        parts = None if self._compiled is None else self._compiled.parts
        return {} if parts is None else {name: m.result() for name, m in parts.all_metrics()}

    def _results(self) -> dict[str, Any]:
        """The same, computed in one run."""
        parts = None if self._compiled is None else self._compiled.parts
        return {} if parts is None else parts.results()

    def train_step(self, data: Any) -> dict[str, Any]:
        """One step of training on a batch; override it to train in another way."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        with GradientTape() as tape:
            y_pred = self(x, training=True)  # type: ignore[operator]
            loss = self.compute_loss(x, y, y_pred, sample_weight)
            loss = finite(loss) if self._refuses_nan else loss
            scaled = loss if self.optimizer is None else self.optimizer.scale_loss(loss)
        self._parts(y, y_pred).loss_tracker.update_state(loss, sample_weight=_batch_size(y_pred))
        variables = self.trainable_weights
        if variables:
            gradients = tape.gradient(scaled, variables)
            self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
            for v in variables:
                limit = self.constraints.get(id(v))
                if limit is not None:
                    v.assign(limit(v))
        self._update_metrics(y, y_pred, sample_weight)
        return {}

    def test_step(self, data: Any) -> dict[str, Any]:
        """One step of evaluation on a batch."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)  # type: ignore[operator]
        mode = {"training": False} if "training" in signature(self.compute_loss).parameters else {}
        loss = self.compute_loss(x, y, y_pred, sample_weight, **mode)       # an older program's own has no `training`
        self._parts(y, y_pred).loss_tracker.update_state(loss, sample_weight=_batch_size(y_pred))
        self._update_metrics(y, y_pred, sample_weight)
        return {}

    def predict_step(self, data: Any) -> Any:
        """The outputs for a batch."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)  # type: ignore[operator]


def _batch_size(y_pred: Any) -> Any:
    first = flatten(y_pred)[1][0]
    if not isinstance(first, Tensor):
        return np.float32(len(first))
    column = first[(slice(None), *[0] * (first.rank - 1))]      # its size is a number of the layout; no kernel runs
    return L.cast(L.size_of(column), "float32")
