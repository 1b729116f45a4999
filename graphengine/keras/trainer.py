"""compile, fit, evaluate, predict: training steps traced into graphs, and epochs that run in the compiled loop.

A step is traced once for the types of its data. An epoch of arrays is one call of the runner: it picks the rows of each
batch, runs the step, and metrics add up in variables; Python comes back at the end of the epoch, about ten times a
second for a progress bar, or after each batch where a callback asks for it.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import GraphEngineError, InvalidArgumentError
from ..frontend.build import convert_to_tensor
from ..frontend.drawing import as_drawn
from ..frontend.structure import flatten
from ..frontend.tape import GradientTape
from ..ir.node import Tensor
from ..ops.language import L
from .data import Rows, is_batches, joined, rows_of, split_rows, unpack_x_y_sample_weight
from .epochs import batches
from .nan_loss import explained, finite, is_about_nan, is_tolerated
from .outputs import Outputs, by_output
from .steps import Step, traced

LOOKS_PER_S = 10                            # how often a progress bar is drawn


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


class Trainer:
    """The training methods of models."""

    name: str
    weights: list[Any]
    trainable_weights: list[Any]
    losses: list[Any]
    constraints: dict[int, Any]
    _settings_inside: Callable[[], tuple[int, int]]

    def __init__(self) -> None:
        self.optimizer: Any = None
        self.stop_training = False
        self.history: Any = None
        self._initial_epoch = 0
        self._refuses_nan = False               # only in fit: whether a step fails if its loss is NaN
        self._compiled: Compiled | None = None
        self._prediction_steps: dict[Any, Step] = {}

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

    def _parts(self, y: Any, y_pred: Any) -> Outputs:
        """Losses and metrics of `compile`, made for outputs like these."""
        compiled = self._settings("training")
        if compiled.parts is None:
            count = len(flatten(y_pred)[1])
            names = getattr(self, "output_names", None) if _has_output_names(self) else None
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
        targets = by_output(y, parts.names, len(outputs), "y")
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
        targets = by_output(y, parts.names, len(outputs), "y")
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
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=False)
        self._parts(y, y_pred).loss_tracker.update_state(loss, sample_weight=_batch_size(y_pred))
        self._update_metrics(y, y_pred, sample_weight)
        return {}

    def predict_step(self, data: Any) -> Any:
        """The outputs for a batch."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)  # type: ignore[operator]

    # ------------------------------------------------ traced steps

    def _step(self, kind: str, rows: Rows) -> Step:
        """The traced step for data of these types."""
        known = self._prediction_steps if kind == "predict" else self._settings(kind).steps
        types = tuple([None if a is None else (a.dtype, a.shape[1:]) for a in rows.leaves])
        key = kind, rows.form, types, (self._settings_inside()[0], self._refuses_nan) if kind == "train" else 0
        if key not in known:
            known[key] = self._trace(kind, rows)
        return known[key]

    def _ensure_ready(self, kind: str, rows: Rows) -> None:
        """Weights, metrics and slots are made before a step is traced."""
        x, _, _ = rows.structure.fill([None if a is None else a[:1] for a in rows.leaves])
        if not getattr(self, "built", False):
            self(_tensors(x))  # type: ignore[operator]
        if kind == "train" and self.optimizer is not None and not getattr(self.optimizer, "built", False):
            self.optimizer.build(self.trainable_weights)

    def _trace(self, kind: str, rows: Rows) -> Step:
        self._ensure_ready(kind, rows)
        step: Callable[[Any], Any] = as_drawn(getattr(self, f"{kind}_step"))
        types = [None if a is None else (as_dtype(a.dtype), a.shape[1:]) for a in rows.leaves]
        return traced(lambda data: step(_given(data, kind)), rows.structure, types)

    def _run_batch(self, kind: str, rows: Rows) -> Any:
        """One batch through the traced step; its result with arrays."""
        if self.run_eagerly and kind != "predict":
            self._ensure_ready(kind, rows)
            data = rows.structure.fill([None if a is None else convert_to_tensor(a) for a in rows.leaves])
            return getattr(self, f"{kind}_step")(_given(data, kind))
        step = self._step(kind, rows)
        values = step.concrete.call(rows.arrays)
        return step.result.fill([v.numpy() for v in values])

    # ------------------------------------------------ fit

    def fit(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, epochs: int = 1, verbose: Any = "auto",
        callbacks: Any = None, validation_split: float = 0.0, validation_data: Any = None, shuffle: bool = True,
        class_weight: Any = None, sample_weight: Any = None, initial_epoch: int = 0,
        steps_per_epoch: int | None = None, validation_steps: int | None = None,
        validation_batch_size: int | None = None, validation_freq: Any = 1,
    ) -> Any:
        """Train.

        Parameters
        ----------
        x, y, sample_weight : arrays (n, ...), or lists or dicts of them; or x gives batches: a generator or Sequence
        batch_size : samples of a step; 32 if None
        epochs : epoch to stop before
        verbose : 0 nothing, 1 a bar, 2 a line for each epoch; "auto" is 1
        validation_split : share of the samples, the last ones, that are not trained on but evaluated after each epoch
        validation_data : (x, y) or (x, y, sample_weight) to evaluate after each epoch
        shuffle : whether each epoch takes the samples in another order
        class_weight : weight of the samples of each class

        Returns
        -------
        `History`, whose ``history`` has a list of each metric's values.

        Raises
        ------
        ShapeError if arrays differ in length or do not fit the model; InvalidArgumentError if the loss is NaN, with the
        step and the node that began it, unless `TerminateOnNaN` is among the callbacks. These and KeyboardInterrupt
        leave the model at its last whole step.
        """
        from .callbacks import CallbackList

        compiled = self._settings("fit")
        self.stop_training = False
        batch = 32 if batch_size is None else int(batch_size)
        if batch < 1:
            raise InvalidArgumentError(f"batch_size={batch_size}", op="fit", fix="use at least 1")
        given = x if is_batches(x) else rows_of(x, y, sample_weight, class_weight)
        if given is x and (y is not None or sample_weight is not None or validation_split):
            raise InvalidArgumentError("x gives batches, so y, sample_weight and validation_split have no meaning",
                                       op="fit", fix="let x give (x, y) or (x, y, sample_weight), and validation_data")
        if validation_split and validation_data is None and isinstance(given, Rows):
            given, validation_data = split_rows(given, validation_split)
        data = batches(given, batch, shuffle, steps_per_epoch, class_weight)
        validation = None
        if validation_data is not None:
            if not isinstance(validation_data, Rows) and not is_batches(validation_data):
                validation_data = rows_of(*unpack_x_y_sample_weight(validation_data))
            validation = batches(validation_data, validation_batch_size or batch, False, validation_steps)
        shown = 1 if verbose == "auto" else int(verbose)
        watching = callbacks if isinstance(callbacks, CallbackList) else CallbackList(
            callbacks, add_history=True, add_progbar=shown != 0, verbose=shown, epochs=epochs, steps=data.steps,
            model=self)
        by_batch = watching.wants("train") or compiled.run_eagerly
        logs: dict[str, Any] = {}
        self._initial_epoch = initial_epoch     # a callback may go on where training was broken off
        look = self._progress(watching, data.steps or 0)
        watching.on_train_begin()
        self._refuses_nan = not is_tolerated(watching.callbacks)
        try:
            with data, validation or nullcontext():
                for epoch in range(self._initial_epoch, epochs):
                    self.reset_metrics()
                    watching.on_epoch_begin(epoch)
                    last = self._train_epoch(epoch, data, watching, look, by_batch)
                    if data.is_empty:
                        _refuse_nothing(epoch == self._initial_epoch, "fit")
                        break
                    logs = self._logs(last)
                    if validation is not None and _is_due(epoch, validation_freq):
                        logs |= self._validate(validation, watching)
                    watching.on_epoch_end(epoch, logs)
                    if self.stop_training:
                        break
        except (KeyboardInterrupt, GraphEngineError):
            if self.history is not None:        # a list of callbacks may come without one
                self.history.settle()
            raise
        finally:
            self._refuses_nan = False
        if self.optimizer is not None:
            self.optimizer.finalize_variable_values(self.trainable_weights)
        watching.on_train_end(logs)
        return self.history

    def _progress(self, watching: Any, steps: int) -> Callable[[int], Any]:
        """Lets a progress bar look about ten times a second, and stops the loop where a callback says so."""
        last = [time.perf_counter()]

        def look(done: int) -> bool:
            now = time.perf_counter()
            if now - last[0] >= 1 / LOOKS_PER_S and done < steps:
                last[0] = now
                watching.on_steps_done(done, self._logs({}))
            return bool(self.stop_training)

        return look

    def _train_epoch(self, epoch: int, data: Any, watching: Any, look: Callable[[int], Any], by_batch: bool) -> Any:
        """What the last step of an epoch returned."""
        if data.rows is not None and not by_batch:
            step = self._step("train", data.rows)
            try:
                return data.run(step, look)
            except GraphEngineError as error:
                if not is_about_nan(error):
                    raise
                rows, k = data.batch_of(error)
                raise explained(error, step, rows, k, epoch) from error
        last: Any = {}
        for k, rows in enumerate(data):
            watching.on_train_batch_begin(k)
            try:
                last = self._run_batch("train", rows)
            except GraphEngineError as error:
                if not is_about_nan(error):
                    raise
                traced_step = None if self.run_eagerly else self._step("train", rows)
                raise explained(error, traced_step, rows, k, epoch) from error
            watching.on_train_batch_end(k, self._logs(last))
            if self.stop_training:
                break
        return last

    def _logs(self, last: Any) -> dict[str, float]:
        """Metrics' values so far, and what a step of the user's own returned, by name in order."""
        measured = self._results() if type(self).get_metrics_result is Trainer.get_metrics_result else (
            self.get_metrics_result())
        found = {**measured, **(last if isinstance(last, Mapping) else {})}
        parts = None if self._compiled is None else self._compiled.parts
        if parts is not None and isinstance(last, Mapping) and last and "loss" not in last and _is_unused(parts):
            found.pop("loss", None)
        return {k: float(np.asarray(found[k])) for k in sorted(found)}

    def _validate(self, data: Any, watching: Any) -> dict[str, float]:
        watching.on_test_begin()
        logs = self._evaluated(data, watching)
        watching.on_test_end(logs)
        return {} if data.is_empty else {f"val_{k}": v for k, v in logs.items()}

    # ------------------------------------------------ evaluate

    def _evaluated(self, data: Any, watching: Any) -> dict[str, float]:
        self.reset_metrics()
        if data.rows is not None and not self.run_eagerly and not watching.wants("test"):
            return self._logs(data.run(self._step("test", data.rows)))
        last: Any = {}
        for k, rows in enumerate(data):
            watching.on_test_batch_begin(k)
            last = self._run_batch("test", rows)
            watching.on_test_batch_end(k, self._logs(last))
        return self._logs(last)

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, verbose: Any = "auto",
        sample_weight: Any = None, steps: int | None = None, callbacks: Any = None, return_dict: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Loss and metrics on data: a number or a list, losses first and the others by name, or a dict.

        Raises
        ------
        ShapeError if arrays differ in length or do not fit the model.
        """
        from .callbacks import CallbackList

        del kwargs
        self._settings("evaluate")
        given = x if is_batches(x) else rows_of(x, y, sample_weight)
        data = batches(given, batch_size or 32, False, steps)
        shown = 1 if verbose == "auto" else int(verbose)
        watching = callbacks if isinstance(callbacks, CallbackList) else CallbackList(
            callbacks, add_history=False, add_progbar=shown != 0, verbose=shown, epochs=1, steps=data.steps, model=self)
        watching.on_test_begin()
        with data:
            logs = self._evaluated(data, watching)
        _refuse_nothing(data.is_empty, "evaluate")
        watching.on_test_end(logs)
        if return_dict:
            return logs
        return self._listed(logs)

    # ------------------------------------------------ predict

    def predict(
        self, x: Any, batch_size: int | None = None, verbose: Any = "auto", steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Outputs for data, as arrays.

        Parameters
        ----------
        verbose : 1 shows a bar of progress, 2 a line, 0 nothing, as who predicts in a loop wants it; "auto" is 1

        Raises
        ------
        ShapeError if the data does not fit the model.
        """
        batch = batch_size or 32
        given = x if is_batches(x) else rows_of(x)
        if isinstance(given, Rows) and steps is not None:
            given = given.take(slice(0, steps * batch))
        shown = 1 if verbose == "auto" else int(verbose)
        if isinstance(given, Rows) and not callbacks and not shown:
            return self._predicted(given, batch)
        from .callbacks import CallbackList

        data = batches(given, batch, False, steps)
        watching = callbacks if isinstance(callbacks, CallbackList) else CallbackList(
            callbacks, add_history=False, add_progbar=shown != 0, verbose=shown, epochs=1, steps=data.steps,
            model=self)
        watching.on_predict_begin()
        if isinstance(given, Rows) and not watching.wants("predict"):
            found = self._predicted(given, batch)
        else:
            found = self._predicted_by_batch(data, watching)
        watching.on_predict_end()
        return found

    def _predicted(self, rows: Rows, batch: int) -> Any:
        step = self._step("predict", rows)
        full = rows.count // batch
        pieces: list[list[Any]] = []
        if full > 1:
            feeds = [a[:full * batch].reshape(full, batch, *a.shape[1:]) for a in rows.arrays]
            with step.concrete.plan.steps(feeds, collect=True) as loop:
                pieces.append([v.reshape(full * batch, *v.shape[2:]) for v in loop.run()])
            rows = rows.take(slice(full * batch, None))
        if rows.count or not pieces:
            pieces.append([v.numpy() for v in step.concrete.call(rows.arrays)])
        return step.result.fill([joined(column) for column in zip(*pieces, strict=True)])

    def _predicted_by_batch(self, data: Any, watching: Any) -> Any:
        structure: Any = None
        parts = []
        for k, rows in enumerate(data):
            watching.on_predict_batch_begin(k)
            outputs = self._run_batch("predict", rows)
            structure, leaves = flatten(outputs)
            parts.append(leaves)
            watching.on_predict_batch_end(k, {"outputs": outputs})
        _refuse_nothing(structure is None, "predict")
        return structure.fill([joined(column) for column in zip(*parts, strict=True)])

    def predict_on_batch(self, x: Any) -> Any:
        """Outputs for one batch, as arrays."""
        return self._run_batch("predict", rows_of(x))

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step of training; loss and metrics so far."""
        self._settings("train_on_batch")
        logs = self._logs(self._run_batch("train", rows_of(x, y, sample_weight, class_weight)))
        return logs if return_dict else self._listed(logs)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one batch, with those before."""
        self._settings("test_on_batch")
        logs = self._logs(self._run_batch("test", rows_of(x, y, sample_weight)))
        return logs if return_dict else self._listed(logs)

    def _listed(self, logs: Mapping[str, float]) -> Any:
        parts = None if self._compiled is None else self._compiled.parts
        own = [] if parts is None else [m.name for _, m in parts.all_metrics()]     # what Keras goes by
        order = [*(n for n in own if n in logs), *sorted(n for n in logs if n not in own)]
        values = [logs[n] for n in order]
        return values[0] if len(values) == 1 else values


def _given(data: tuple[Any, Any, Any], kind: str) -> tuple[Any, ...]:
    """What a step sees of (x, y, sample_weight): no more than was given."""
    x, y, sample_weight = data
    if kind == "predict" or (y is None and sample_weight is None):
        return (x,)
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def _tensors(x: Any) -> Any:
    structure, leaves = flatten(x)
    return structure.fill([convert_to_tensor(a) for a in leaves])


def _has_output_names(model: Any) -> bool:
    from .model import Functional, Sequential

    return isinstance(model, Functional) or (isinstance(model, Sequential) and model._functional is not None)


def _batch_size(y_pred: Any) -> Any:
    first = flatten(y_pred)[1][0]
    if not isinstance(first, Tensor):
        return np.float32(len(first))
    column = first[(slice(None), *[0] * (first.rank - 1))]      # its size is a number of the layout; no kernel runs
    return L.cast(L.size_of(column), "float32")


def _is_due(epoch: int, freq: Any) -> bool:
    return (epoch + 1) % freq == 0 if isinstance(freq, int) else (epoch + 1) in freq


def _is_unused(parts: Outputs) -> bool:
    return float(parts.loss_tracker.count) == 0.0 if hasattr(parts.loss_tracker, "count") else False


def _refuse_nothing(is_empty: bool, op: str) -> None:
    if is_empty:
        raise InvalidArgumentError("there is no data", op=op, fix="give x, or a source that gives a batch")
