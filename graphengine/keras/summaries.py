"""Numbers and histograms written for TensorBoard, as TensorFlow's `summary`: at once, and each time a function runs.

    with tf.summary.create_file_writer("logs").as_default():
        tf.summary.scalar("loss", loss, step=epoch)
"""
from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import local
from types import SimpleNamespace
from typing import Any

import numpy as np

from ..errors import FailedPreconditionError, InvalidArgumentError
from ..frontend.build import convert_to_tensor
from ..frontend.calls import numpy_function
from ..frontend.control import cond
from ..frontend.surface import refusing
from ..frontend.variables import Variable
from ..ir.eager import EagerTensor
from ..ir.graph import get_default_graph
from ..ir.node import Tensor
from ..ops import summaries as messages
from . import media
from .callbacks.events import EventFile


class SummaryWriter:
    """A file in a folder, which is made when something is first written."""

    def __init__(self, logdir: Any) -> None:
        self._logdir = os.fspath(logdir)
        self._file: EventFile | None = None
        self._is_closed = False

    @property
    def file(self) -> EventFile:
        """The file that is written to.

        Raises
        ------
        FailedPreconditionError after `close`.
        """
        if self._is_closed:
            raise FailedPreconditionError("the writer is closed", op="summary", fix="create_file_writer(...)")
        if self._file is None:
            self._file = EventFile(self._logdir)
        return self._file

    @contextmanager
    def as_default(self, step: Any = None) -> Iterator[SummaryWriter]:
        """Write here what is written inside, at this step where none is given."""
        before = _now.writer, _now.step
        _now.writer, _now.step = self, before[1] if step is None else step
        try:
            yield self
        finally:
            _now.writer, _now.step = before
            self.flush()

    def flush(self) -> None:
        """Let others see what was written."""
        if self._file is not None:
            self._file.flush()

    def close(self) -> None:
        """Write no more to this file."""
        if self._file is not None:
            self._file.close()
            self._file = None
        self._is_closed = True


class _Nowhere(SummaryWriter):
    """A writer that writes nothing."""

    def __init__(self) -> None:
        super().__init__(os.curdir)


def create_noop_writer() -> SummaryWriter:
    """A writer that writes nothing, where one is asked for."""
    return _Nowhere()


class _Now(local):
    """What `as_default`, `set_step` and `record_if` change, in each thread for itself."""

    writer: Any = None
    step: Any = None
    records: Any = True


_now = _Now()


def default_writer() -> SummaryWriter | None:
    """The writer that is in use."""
    return _now.writer  # type: ignore[no-any-return]


def create_file_writer(
    logdir: Any, max_queue: int | None = None, flush_millis: int | None = None, filename_suffix: str | None = None,
    name: str | None = None,
) -> SummaryWriter:
    """A writer of files that TensorBoard reads, in a folder."""
    return SummaryWriter(logdir)


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Let others see what a writer, or the one in use, has written."""
    chosen = _now.writer if writer is None else writer
    if chosen is not None:
        chosen.flush()


@contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """Write what is written inside only if a condition holds: a bool, a tensor of one, or a function that gives it."""
    before, _now.records = _now.records, condition
    try:
        yield
    finally:
        _now.records = before


def should_record_summaries() -> Any:
    """Whether there is a writer, and `record_if` lets it write; a tensor where the condition is one of a graph."""
    if _now.writer is None or isinstance(_now.writer, _Nowhere):
        return False
    holds = _now.records() if callable(_now.records) else _now.records
    if isinstance(holds, Variable):
        holds = convert_to_tensor(holds)
    return holds if isinstance(holds, Tensor) else bool(holds)


def get_step() -> Any:
    """The step where none is given, or None."""
    return _now.step


def set_step(step: Any) -> None:
    """Let a number, or a variable, be the step where none is given."""
    _now.step = step


def _written(write: Callable[[EventFile, Any, int], None], data: Any, step: Any, function: str) -> Any:
    holds = should_record_summaries()
    if not isinstance(holds, Tensor):
        return holds and _written_now(write, data, step, function)

    def written() -> Any:
        _written_now(write, data, step, function)
        return True

    return cond(holds, written, lambda: False)


def _written_now(write: Callable[[EventFile, Any, int], None], data: Any, step: Any, function: str) -> Any:
    at = _now.step if step is None else step
    if at is None:
        raise InvalidArgumentError("no step is given", op=f"summary.{function}", fix="step=..., or summary."
                                   "experimental.set_step(...)")
    writer = _now.writer
    x, number = convert_to_tensor(data), convert_to_tensor(at)
    if isinstance(x, EagerTensor) and isinstance(number, EagerTensor):
        write(writer.file, x.array, int(number.array))
        return True
    return numpy_function(lambda values, k: write(writer.file, np.asarray(values), int(k)), [x, number], [])


def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Write a number under a name.

    Parameters
    ----------
    step : a whole number, or a tensor or variable of one; that of `experimental.set_step` if None

    Returns
    -------
    Whether it was written; inside a function, the operation that writes it.

    Raises
    ------
    InvalidArgumentError if there is no step.
    """
    return _written(lambda file, x, at: file.scalar(name, float(x.reshape(())), at), data, step, "scalar")


def histogram(
    name: str, data: Any, step: Any = None, buckets: int | None = None, description: str | None = None
) -> Any:
    """Write how often which values occur in a tensor; arguments are those of `scalar`."""
    return _written(lambda file, x, at: file.histogram(name, x, at, buckets or 30), data, step, "histogram")


def image(name: str, data: Any, step: Any = None, max_outputs: int = 3, description: str | None = None) -> Any:
    """Write the first pictures of a batch under a name; further arguments are those of `scalar`.

    data : (batch, height, width, channels), uint8, or fractions in [0, 1]
    """
    return _written(lambda file, x, at: file.summary(media.images(name, x, max_outputs), at), data, step, "image")


def audio(
    name: str, data: Any, sample_rate: int, step: Any = None, max_outputs: int = 3, encoding: str | None = None,
    description: str | None = None,
) -> Any:
    """Write the first sounds of a batch under a name; further arguments are those of `scalar`.

    data : (batch, samples, channels), in [-1, 1]
    sample_rate : samples per second
    encoding : "wav", or None for that

    Raises
    ------
    InvalidArgumentError for another encoding.
    """
    if encoding not in (None, "wav"):
        raise InvalidArgumentError(f"encoding={encoding!r}; it takes 'wav'", op="summary.audio")
    rate = int(sample_rate)
    return _written(lambda file, x, at: file.summary(media.sounds(name, x, rate, max_outputs), at), data, step,
                    "audio")


def text(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """Write a text, or a list of several, under a name; further arguments are those of `scalar`."""
    return _written(lambda file, _, at: file.summary(media.texts(name, data), at), 0, step, "text")


def write(tag: str, tensor: Any, step: Any = None, metadata: Any = None, name: str | None = None) -> Any:
    """Write all elements of a tensor under a name.

    Parameters
    ----------
    tensor : or a function that gives it, called only if it is written
    metadata : the message that says which part of TensorBoard shows it, as bytes, or as what has `SerializeToString`
    """
    if callable(tensor) and not hasattr(tensor, "dtype"):
        tensor = tensor() if _now.writer is not None else 0
    told = metadata.SerializeToString() if hasattr(metadata, "SerializeToString") else metadata

    def written(file: EventFile, x: Any, at: int) -> None:
        file.summary(messages.tensor(tag, x, told or b""), at)

    return _written(written, tensor, step, "write")


@contextmanager
def summary_scope(name: str, default_name: str = "summary", values: Any = None) -> Iterator[tuple[str, str]]:
    """A name scope for what a summary is made of; the name to write it under, and that of the scope."""
    graph = get_default_graph()
    around = graph.get_name_scope()
    label = name or default_name
    with graph.name_scope(re.sub(r"[^A-Za-z0-9_.\-/]", "", label) or default_name) as scope:
        yield f"{around}/{label}" if around else label, scope


experimental = SimpleNamespace(get_step=get_step, set_step=set_step, summary_scope=summary_scope)

__all__ = ["SummaryWriter", "audio", "create_file_writer", "create_noop_writer", "experimental", "flush", "histogram",
           "image", "record_if", "scalar", "should_record_summaries", "text", "write"]
__getattr__ = refusing("graphengine.summary", lambda: __all__)
