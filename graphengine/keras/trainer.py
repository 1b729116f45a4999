"""compile, fit, evaluate, predict: training steps traced into graphs, and epochs that run in the compiled loop.

A step is traced once for the types of its data. An epoch of arrays is one call of the runner: it picks the rows of each
batch, runs the step, and metrics add up in variables; Python comes back at the end of the epoch, about ten times a
second for a progress bar, or after each batch where a callback asks for it.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from ..dtypes import as_dtype
from ..errors import GraphEngineError, InvalidArgumentError
from ..frontend.build import convert_to_tensor
from ..frontend.drawing import as_drawn
from ..frontend.structure import flatten
from ..ir.node import Tensor
from ..runtime.interrupts import Interrupts
from .data import Samples, is_batches, joined, samples_of, split_samples, unpack_x_y_sample_weight
from .epochs import batches
from .nan_loss import explained, is_about_nan, is_tolerated
from .outputs import Outputs
from .steps import Step, loosened, symbols_left_open, traced
from .training_step import StepMaker

LOOKS_PER_S = 10                            # how often a progress bar is drawn


class Trainer(StepMaker):
    """The training methods of models."""

    # ------------------------------------------------ traced steps

    def _step(self, kind: str, rows: Samples) -> Step:
        """The traced step for data of these types."""
        known = self._prediction_steps if kind == "predict" else self._settings(kind).steps
        types = self._types(rows)
        trained, _, adapted = self._settings_inside()
        key = kind, rows.form, types, adapted, (trained, self._refuses_nan) if kind == "train" else 0
        if key not in known:
            known[key] = self._trace(kind, rows, types)
        return known[key]

    def _types(self, rows: Samples) -> tuple[Any, ...]:
        """dtype and sizes of a sample of each leaf; None for sizes that the model's symbols leave open.

        Targets and weights of samples are as open as the outputs that they belong to.
        """
        types = tuple([None if a is None else (a.dtype, a.shape[1:]) for a in rows.leaves])
        symbols = self._symbols_left_open()
        if not symbols:
            return types
        inputs, outputs = symbols
        return loosened(types, *zip(rows.structure.fill(range(len(types))), (inputs, outputs, outputs), strict=True))

    def _symbols_left_open(self) -> tuple[dict[str, Tensor], ...]:
        if self._open is None:
            self._open = symbols_left_open(self) if self._has_symbols else ()
        return self._open

    def _ensure_ready(self, kind: str, rows: Samples) -> None:
        """Weights, metrics and slots are made before a step is traced."""
        if not getattr(self, "built", False) and self._has_call and not self._steps_without_call(kind):
            x, _, _ = rows.structure.fill([None if a is None else convert_to_tensor(a[:1]) for a in rows.leaves])
            if self.run_eagerly:
                self(x)  # type: ignore[operator]
            else:                               # it shall know of any size of the batch
                structure, leaves = flatten(x)
                traced(self, structure, [None if t is None else (t.dtype, t.array.shape[1:]) for t in leaves])  # type: ignore[arg-type]
        if kind == "train" and self.optimizer is not None and not getattr(self.optimizer, "built", False):
            self.optimizer.build(self.trainable_weights)

    def _steps_without_call(self, kind: str) -> bool:
        """Whether the program's own step finds all layers built; `call` may not be for what it takes."""
        own = getattr(type(self), f"{kind}_step") is not getattr(StepMaker, f"{kind}_step")
        inside = list(self._flatten_layers(include_self=False))  # type: ignore[attr-defined]
        return own and bool(inside) and all(layer.built for layer in inside)

    def _trace(self, kind: str, rows: Samples, types: Sequence[Any]) -> Step:
        self._ensure_ready(kind, rows)
        step: Callable[[Any], Any] = as_drawn(getattr(self, f"{kind}_step"))
        leaves = [None if t is None else (as_dtype(t[0]), t[1]) for t in types]
        try:
            return traced(lambda data: step(_given(data, kind)), rows.structure, leaves)
        finally:
            self._forget_losses()               # they belong to the trace

    def _run_batch(self, kind: str, rows: Samples) -> Any:
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
        given = x if is_batches(x) else samples_of(x, y, sample_weight, class_weight)
        if given is x and (y is not None or sample_weight is not None or validation_split):
            raise InvalidArgumentError("x gives batches, so y, sample_weight and validation_split have no meaning",
                                       op="fit", fix="let x give (x, y) or (x, y, sample_weight), and validation_data")
        if validation_split and validation_data is None and isinstance(given, Samples):
            given, validation_data = split_samples(given, validation_split)
        data = batches(given, batch, shuffle, steps_per_epoch, class_weight)
        validation = None
        if validation_data is not None:
            if not isinstance(validation_data, Samples) and not is_batches(validation_data):
                validation_data = samples_of(*unpack_x_y_sample_weight(validation_data))
            validation = batches(validation_data, validation_batch_size or batch, False, validation_steps)
        shown = 1 if verbose == "auto" else int(verbose)
        watching = callbacks if isinstance(callbacks, CallbackList) else CallbackList(
            callbacks, add_history=True, add_progbar=shown != 0, verbose=shown, epochs=epochs, steps=data.steps,
            model=self)
        by_batch = watching.wants("train") or compiled.run_eagerly
        logs: dict[str, Any] = {}
        self._initial_epoch = initial_epoch     # a callback may go on where training was broken off
        interrupts = Interrupts()
        look = self._progress(watching, data.steps or 0, interrupts)
        watching.on_train_begin()
        self._refuses_nan = not is_tolerated(watching.callbacks)
        try:
            with data, validation or nullcontext(), interrupts:
                for epoch in range(self._initial_epoch, epochs):
                    self.reset_metrics()
                    watching.on_epoch_begin(epoch)
                    last = self._train_epoch(epoch, data, watching, look, by_batch, interrupts)
                    if data.is_empty:
                        _refuse_nothing(epoch == self._initial_epoch, "fit")
                        break
                    logs = self._logs(last)
                    if validation is not None and _is_due(epoch, validation_freq):
                        logs |= self._validate(validation, watching)
                    watching.on_epoch_end(epoch, logs)
                    interrupts.check()
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

    def _progress(self, watching: Any, steps: int, interrupts: Interrupts) -> Callable[[int], Any]:
        """Lets a progress bar look about ten times a second, and stops the loop where a callback says so."""
        last = [time.perf_counter()]

        def look(done: int) -> bool:
            interrupts.check()
            now = time.perf_counter()
            if now - last[0] >= 1 / LOOKS_PER_S and done < steps:
                last[0] = now
                watching.on_steps_done(done, self._logs({}))
            return bool(self.stop_training)

        return look

    def _train_epoch(
        self, epoch: int, data: Any, watching: Any, look: Callable[[int], Any], by_batch: bool, interrupts: Interrupts,
    ) -> Any:
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
            interrupts.check()
            if self.stop_training:
                break
        return last

    def _logs(self, last: Any) -> dict[str, Any]:
        """Metrics' values so far, and what a step of the user's own returned, by name in order."""
        measured = self._results() if type(self).get_metrics_result is Trainer.get_metrics_result else (
            self.get_metrics_result())
        found = {**measured, **(last if isinstance(last, Mapping) else {})}
        parts = None if self._compiled is None else self._compiled.parts
        if parts is not None and isinstance(last, Mapping) and last and "loss" not in last and _is_unused(parts):
            found.pop("loss", None)
        arrays = {k: np.asarray(found[k]) for k in sorted(found)}
        return {k: a if a.ndim else float(a) for k, a in arrays.items()}

    def _validate(self, data: Any, watching: Any) -> dict[str, Any]:
        watching.on_test_begin()
        logs = self._evaluated(data, watching)
        watching.on_test_end(logs)
        return {} if data.is_empty else {f"val_{k}": v for k, v in logs.items()}

    # ------------------------------------------------ evaluate

    def _evaluated(self, data: Any, watching: Any) -> dict[str, Any]:
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
        given = x if is_batches(x) else samples_of(x, y, sample_weight)
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
        given = x if is_batches(x) else samples_of(x)
        if isinstance(given, Samples) and steps is not None:
            given = given.take(slice(0, steps * batch))
        shown = 1 if verbose == "auto" else int(verbose)
        if isinstance(given, Samples) and not callbacks and not shown:
            return self._predicted(given, batch)
        from .callbacks import CallbackList

        data = batches(given, batch, False, steps)
        watching = callbacks if isinstance(callbacks, CallbackList) else CallbackList(
            callbacks, add_history=False, add_progbar=shown != 0, verbose=shown, epochs=1, steps=data.steps,
            model=self)
        watching.on_predict_begin()
        if isinstance(given, Samples) and not watching.wants("predict"):
            found = self._predicted(given, batch)
        else:
            found = self._predicted_by_batch(data, watching)
        watching.on_predict_end()
        return found

    def _predicted(self, rows: Samples, batch: int) -> Any:
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
        return self._run_batch("predict", samples_of(x))

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """One step of training; loss and metrics of this batch."""
        self._settings("train_on_batch")
        self.reset_metrics()
        logs = self._logs(self._run_batch("train", samples_of(x, y, sample_weight, class_weight)))
        return logs if return_dict else self._listed(logs)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Loss and metrics of one batch."""
        self._settings("test_on_batch")
        self.reset_metrics()
        logs = self._logs(self._run_batch("test", samples_of(x, y, sample_weight)))
        return logs if return_dict else self._listed(logs)

    def _listed(self, logs: Mapping[str, Any]) -> Any:
        parts = None if self._compiled is None else self._compiled.parts
        own = [] if parts is None else [m.name for _, m in parts.all_metrics()]     # what Keras goes by
        order = [*(n for n in own if n in logs), *sorted(n for n in logs if n not in own)]
        values = [logs[n] for n in order]
        return values[0] if len(values) == 1 else values


def _given(data: tuple[Any, Any, Any], kind: str) -> Any:
    """What a step sees of (x, y, sample_weight): no more than was given, and one x by itself."""
    x, y, sample_weight = data
    if kind == "predict" or (y is None and sample_weight is None):
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def _is_due(epoch: int, freq: Any) -> bool:
    return (epoch + 1) % freq == 0 if isinstance(freq, int) else (epoch + 1) in freq


def _is_unused(parts: Outputs) -> bool:
    return float(parts.loss_tracker.count) == 0.0 if hasattr(parts.loss_tracker, "count") else False


def _refuse_nothing(is_empty: bool, op: str) -> None:
    if is_empty:
        raise InvalidArgumentError("there is no data", op=op, fix="give x, or a source that gives a batch")
