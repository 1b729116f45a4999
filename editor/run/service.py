"""What the process does with each request, but training, which is in trainer.py. No Qt."""
from __future__ import annotations

import json
import math
import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

import graphengine as ge
from graphengine.tools.drawn.draw import decoded
from graphengine.tools.watch import evaluate_each, rows_of

from ..model.build import build, feed_outputs, stored_array, weights_of, whole_source
from ..model.document import GraphDocument
from ..model.files import from_text
from ..model.items import Card
from ..model.meaning import Meaning
from ..model.memory import check_memory, heaviest_card
from ..model.sentences import sentence, stopped
from . import messages as m
from .failures import Reported, failure
from .graph import RunningGraph, stamps_of
from .inbox import Inbox
from .messages import Array, Output, Preview
from .previews import preview
from .trainer import Trainer

MOST_PART = 200                             # elements of an axis that are sent
MOST_POINTS = 2000                          # rows of data beside a boundary
MOST_FAILURES = 20


def machine() -> str:
    """The processor and how many threads this process may use."""
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf8") as file:
            name = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), name)
    except OSError:
        pass
    return f"{name}, {count} thread{'s' if count > 1 else ''}"


class Service:
    """The graph that is loaded, and what is done with it.

    Attributes
    ----------
    graph : as it runs; None before the first, and where the last could not be read
    last : results of the last run, by output
    given : by card, the values that this run was given in place of the document's
    slots : what the optimizer keeps, from a training that is over
    passed : epochs and steps that it made
    rate : the learning rate that was set since the graph was loaded, in place of the document's
    """

    def __init__(self, inbox: Inbox, send: Callable[[m.Reply], None]) -> None:
        self.inbox = inbox
        self.send = send
        self.graph: RunningGraph | None = None
        self.document = GraphDocument()
        self.folder = "."
        self.trainer: Trainer | None = None
        self.last: dict[Output, Array] = {}
        self.given: Mapping[str, Any] = {}
        self.serial = 0                     # of the graph that was loaded last
        self.slots: dict[str, Array] = {}
        self.passed = 0.0, 0
        self.rate: float | None = None
        self._arrays: dict[str, Array] = {}
        self._refused: BaseException | None = None          # why the last graph could not be loaded
        self._at_fault: str | None = None   # the card that is to blame for that
        self._rows: tuple[Any, Mapping[str, Array]] | None = None               # data that were looked at, as they were
        self._aside: RunningGraph | None = None         # with what it learnt, while the last cannot be read
        self._meaning: Any = None
        self._checked: dict[str, tuple[Any, tuple[str, str] | None]] = {}       # data, as they were, and their problem
        self._handlers: Mapping[type, Callable[[Any], None]] = {
            m.Load: self.load, m.Run: self.run, m.Train: self.train, m.Step: self.step, m.Inspect: self.inspect,
            m.LookInside: self.look_inside, m.SetLearningRate: self.set_learning_rate, m.Compile: self.compile,
            m.MeasureProfile: self.profile, m.Boundary: self.boundary, m.GetWeights: self.weights,
            m.ExportOnnx: self.export_onnx,
            m.Restore: self.restore, m.Unreadable: self.refuse, m.CheckData: self.check_data,
        }

    def handle(self, request: m.Request) -> None:
        """Carry out a request; errors are for the caller."""
        handler = self._handlers.get(type(request))
        if handler is None:
            raise ge.errors.InvalidArgumentError(f"{type(request).__name__} is no request")
        handler(request)

    def refuse(self, request: m.Unreadable) -> None:
        self.send(m.Failed("unreadable", f"a request could not be read: {request.problem}", None, "try it again"))

    def look_for_data(self) -> None:
        """Read data again before the next request if their files have changed; not while they train."""
        if self.graph is not None:
            self.graph.look_for_data()

    def loaded(self) -> RunningGraph:
        """The graph.

        Raises
        ------
        FailedPreconditionError if there is none, with what kept it from being loaded.
        """
        if self.graph is None:
            why = failure("load", self._refused) if self._refused is not None else None
            raise ge.errors.FailedPreconditionError(
                f"there is no graph to run: {why.text}" if why is not None else "there is no graph to run",
                fix=why.fix if why is not None and why.fix else "correct the document")
        return self.graph

    # ------------------------------------------------ loading

    def load(self, request: m.Load) -> None:
        self._refused = self._at_fault = None
        try:
            self._load(request)
        except Exception as error:
            self._refused = error.__cause__ if isinstance(error, Reported) else error
            raise

    def _load(self, request: m.Load) -> None:
        begin = time.perf_counter()
        self._arrays.update(request.arrays)
        graph, self.graph = self.graph or self._aside, None
        self._aside = None if request.anew else graph
        document = from_text(request.text, self._arrays)
        whole, forgot = (Meaning(document, examples=False).whole(), request.folder), False
        if graph is not None and whole == self._meaning and not request.anew:
            self.graph = graph
            graph.examples = examples_of(document)
        else:
            self.end_training()
            self.last, self.rate = {}, None
            self._check_memory(document, "load")
            with self.inbox.interruptible():
                self.graph = RunningGraph(build(document), examples_of(document), request.folder, weights_of(document))
            forgot = not self._keep_learnt(graph, document, request.anew)
            if forgot or request.anew:
                self.slots, self.passed = {}, (0.0, 0)
        self._aside = None
        self.document, self.folder, self._meaning, self.given = document, request.folder, whole, {}
        self.serial = request.serial
        self.send(m.Loaded(request.serial, self.graph.parameters, time.perf_counter() - begin, forgot,
                           self.graph.holders))

    def _check_memory(self, document: GraphDocument, what: str) -> None:
        """Refuse what fits into no memory, and name the card that takes most of it."""
        try:
            check_memory(document, what == "train")
        except ge.errors.InvalidArgumentError as error:
            self._at_fault = heaviest_card(document)
            self.send(failure(what, error, self._at_fault))
            raise Reported from error

    def _keep_learnt(self, before: RunningGraph | None, document: GraphDocument, anew: bool) -> bool:
        """Let variables go on with what they have learnt, if it was for the same model; whether nothing is lost."""
        learnt = {} if before is None else before.changed()
        if before is None or not learnt:
            return True
        holders = before.cards_of([before.graph.by_name[name] for name in learnt if name in before.graph.by_name])
        if anew or Meaning(self.document).model(holders) != Meaning(document).model(holders):
            return False
        graph = self.loaded()
        kept = {name: value for name, value in learnt.items() if graph.begins_with(name, before.start[name])}
        graph.take(kept)
        return len(kept) == len(learnt)

    def is_known(self, request: m.Load) -> bool:
        """Whether a document makes the graph that is there."""
        if request.anew or self.graph is None:
            return False
        try:
            document = from_text(request.text, {**self._arrays, **request.arrays})
        except ge.errors.GraphEngineError:
            return False
        return (Meaning(document, examples=False).whole(), request.folder) == self._meaning

    def restore(self, request: m.Restore) -> None:
        self.slots = dict(request.values)
        if self.graph is not None:
            self.graph.take(request.values)

    # ------------------------------------------------ running

    def run(self, request: m.Run) -> None:
        graph = self.loaded()
        self.send(m.Started("run"))
        begin = time.perf_counter()
        self.given = request.feeds
        feeds = self.feeds()
        with self.inbox.interruptible():
            previews, seconds, failures = self.compute(graph, feeds)
        self.send(m.Values(previews, seconds, self.serial if request.serial is None else request.serial))
        for failed in failures[:MOST_FAILURES]:
            self.send(failed)
        self.send(m.Finished("run", seconds=time.perf_counter() - begin))

    def feeds(self) -> dict[str, Array]:
        """Values for all placeholders; where data cannot be read, that is said and others take their place."""
        graph = self.loaded()
        try:
            return graph.feeds(self.given)
        except (ge.errors.GraphEngineError, OSError) as error:
            self.send(failure("run", error, self.source_of(error)))
            graph.without_data()
            return graph.feeds(self.given)

    def source_of(self, error: Exception) -> str | None:
        """The card of the data that an error is about."""
        text = str(error)
        for card in self.document.cards:
            if card.kind.startswith("data/") and str(card.attributes.get("file", card.kind.partition("/")[2])) in text:
                return card.id
        return None

    def card_of(self, error: BaseException) -> str | None:
        """The card that an error is about."""
        node = getattr(error, "node", None)
        if self.graph is None:
            return self._at_fault
        if not isinstance(node, str):
            return None
        return self.graph.card_of(node.partition(" = ")[0])

    def compute(
        self, graph: RunningGraph, feeds: Mapping[str, Array]
    ) -> tuple[dict[Output, Preview], float, list[m.Failed]]:
        """Every result: previews, seconds, and what failed; one card that fails does not hide the others."""
        outputs, tensors = list(graph.outputs), list(graph.outputs.values())
        failures: list[m.Failed] = []
        begin = time.perf_counter()
        try:
            values = graph.session.run(tensors, feeds) if tensors else []
            seconds = time.perf_counter() - begin
        except (ge.errors.GraphEngineError, ValueError, TypeError, ArithmeticError, LookupError, MemoryError) as error:
            values, failed = evaluate_each(graph.session, tensors, feeds)
            seconds = time.perf_counter() - begin
            failures = [failure("run", f.error, graph.card_of(f.node)) for f in failed]
            failures = failures or [failure("run", error, self.card_of(error))]
        self.last = {output: np.asarray(v) for output, v in zip(outputs, values, strict=True) if v is not None}
        random = graph.random_outputs()
        previews = {output: replace(preview(value), is_random=output in random) for output, value in self.last.items()}
        return previews, seconds, failures

    # ------------------------------------------------ training

    def train(self, request: m.Train) -> None:
        if request.fresh:
            self.begin_anew()
        self.training(request.card).run()

    def step(self, request: m.Step) -> None:
        if request.fresh:
            self.begin_anew()
        self.training(request.card).step()

    def training(self, card: str) -> Trainer:
        """The training of a Train card, begun or gone on with.

        Raises
        ------
        GraphEngineError for what keeps it from training.
        """
        graph = self.loaded()
        if "train" not in graph.graph.document:
            problem = graph.built.problems.get(card)
            raise problem or ge.errors.FailedPreconditionError(
                "there is nothing to train", fix="connect a loss, an optimizer and data to a Train card")
        if self.trainer is not None and self.trainer.data != graph.files():
            self.end_training()             # go on with the rows that the files have now
        if self.trainer is None:
            self._check_memory(self.document, "train")
            try:
                with self.inbox.interruptible():
                    built = build(self.document, training=True, layers=graph.built.layers)
                    made = Trainer(self, graph, RunningGraph(built, graph.examples, self.folder), card, self.passed)
                self.trainer = made
            except (ge.errors.FileFormatError, OSError) as error:
                self.send(failure("train", error, self.source_of(error) or card))
                raise Reported from error
            self.trainer.take(self.slots)
            if self.rate is not None:
                self.trainer.learning_rate = self.rate
        return self.trainer

    def end_training(self) -> None:
        """Let go of the trainer; what it reached is for the next one."""
        if self.trainer is not None:
            self.slots, self.passed = self.trainer.slots(), self.trainer.passed
            self.trainer = None

    def begin_anew(self) -> None:
        """Forget what was learnt: all variables have their first values again."""
        self.loaded().begin_anew()
        self.trainer, self.slots, self.passed = None, {}, (0.0, 0)

    def set_learning_rate(self, request: m.SetLearningRate) -> None:
        if not (math.isfinite(request.value) and request.value >= 0):
            raise ge.errors.AttributeValueError(f"the learning rate is {request.value}", fix="use a number from 0")
        self.rate = request.value
        if self.trainer is not None:
            self.trainer.learning_rate = request.value

    # ------------------------------------------------ looking

    def check_data(self, request: m.CheckData) -> None:
        found = {}
        for card, source in request.sources.items():
            key = _state_of(source, request.folder)
            if self._checked.get(card, (None,))[0] != key:
                with self.inbox.interruptible():
                    problem = problem_of_data(source, request.folder)
                self._checked[card] = key, problem
            problem = self._checked[card][1]
            if problem is not None:
                found[card] = problem
        self._checked = {card: known for card, known in self._checked.items() if card in request.sources}
        self.send(m.DataChecked(found))

    def inspect(self, request: m.Inspect) -> None:
        graph = self.loaded()
        value = self.last.get(request.output)
        source = self.document.card(request.output[0])
        if source is not None and source.kind.startswith("data/"):
            value = self.rows_given(source, request.output[1])
        elif value is None:
            tensor = graph.outputs.get(request.output)
            if tensor is None:
                raise ge.errors.NotFoundError(f"{request.output[0]} cannot be computed", fix="connect its inputs")
            with self.inbox.interruptible():
                value = np.asarray(graph.session.run(tensor, self.feeds()))
        part = part_of(request.output, value, request.index)
        self.send(replace(part, preview=replace(part.preview, is_random=request.output in graph.random_outputs())))

    def rows_given(self, source: Card, output: int) -> Array:
        """What comes out of a source of data.

        Raises
        ------
        GraphEngineError if there is no such output, or it cannot be read.
        """
        outputs = feed_outputs(source)
        if output >= len(outputs):
            raise ge.errors.NotFoundError(f"{source.id} has no output {output}", fix="choose another one")
        whole = whole_source(source)
        key = _state_of(whole, self.folder)
        if self._rows is None or self._rows[0] != key:
            self._rows = None
            with self.inbox.interruptible():
                rows = rows_of(whole, self.folder)
            self._rows = key, rows
        return self._rows[1][outputs[output][0]]

    def look_inside(self, request: m.LookInside) -> None:
        from .inside import values_inside

        with self.inbox.interruptible():
            found = values_inside(self.loaded(), request.path, self.feeds())
        self.send(m.InsideValues(request.path, {output: preview(value) for output, value in found.items()}))

    def boundary(self, request: m.Boundary) -> None:
        graph = self.loaded()
        tensor, feed = graph.outputs.get(request.output), graph.outputs.get((request.feed, 0))
        if tensor is None or feed is None:
            missing = request.output[0] if tensor is None else request.feed
            raise ge.errors.NotFoundError(f"{missing} cannot be computed", fix="correct it first")
        if feed.shape.rank != 2 or feed.shape[1] != 2:
            raise ge.errors.ShapeError(f"{request.feed} has shape {feed.shape}", fix="use a placeholder of two columns")
        count = max(2, min(request.points, 512))
        x, y = (np.linspace(a, b, count) for a, b in zip(request.low, request.high, strict=True))
        grid = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(feed.dtype.numpy)
        rows = self.rows(graph)
        points = rows.get(feed.node.name, np.zeros((0, 2)))[:MOST_POINTS]
        others = (v[:MOST_POINTS] for name, v in rows.items() if name != feed.node.name and v.size == len(v))
        labels = next(others, None)
        with self.inbox.interruptible():
            found = graph.session.run(tensor, {**graph.feeds(rows=count * count), feed.node.name: grid})
        found = np.asarray(found).reshape(len(grid), -1)
        values = found.argmax(axis=1) if found.shape[1] > 1 else found[:, 0]
        self.send(m.BoundaryValues(request.output, values.reshape(count, count), request.low, request.high,
                                   np.asarray(points), None if labels is None else labels.reshape(-1)))

    def rows(self, graph: RunningGraph) -> Mapping[str, Array]:
        """The data that train; none if they cannot be read."""
        try:
            return graph.data()
        except (ge.errors.GraphEngineError, OSError):
            return {}

    def weights(self, request: m.GetWeights) -> None:
        self.send(m.Weights(self.loaded().values()))

    def export_onnx(self, request: m.ExportOnnx) -> None:
        from .models import export_onnx

        self.send(export_onnx(self.loaded(), request.path, request.cards))

    # ------------------------------------------------ the compiler

    def compile(self, request: m.Compile) -> None:
        from .compiled import compiled

        self.send(m.Started("compile"))
        begin = time.perf_counter()
        with self.inbox.interruptible():
            found = compiled(*self.what_runs(request.training))
        self.send(replace(found, training=request.training))
        self.send(m.Finished("compile", seconds=time.perf_counter() - begin))

    def profile(self, request: m.MeasureProfile) -> None:
        from .profile import profile

        self.send(m.Started("profile"))
        begin = time.perf_counter()
        with self.inbox.interruptible():
            found = profile(*self.what_runs(request.training))
        self.send(replace(found, training=request.training))
        self.send(m.Finished("profile", seconds=time.perf_counter() - begin))

    def what_runs(self, training: str | None) -> tuple[RunningGraph, ge.Session, list[Any], dict[str, Array]]:
        """Graph, session, fetches and feeds of a run, or of a step of a training."""
        if training is not None:
            trainer = self.training(training)
            return trainer.graph, trainer.training.session, [trainer.training.step], trainer.training.first_batch()
        graph = self.loaded()
        return graph, graph.session, list(graph.outputs.values()), self.feeds()


def _state_of(source: Any, folder: str) -> tuple[Any, ...]:
    """What changes when other rows would be read."""
    return folder, json.dumps(source, sort_keys=True), stamps_of(source, folder)


def problem_of_data(source: Any, folder: str) -> tuple[str, str] | None:
    """What keeps data from being read, in a sentence and in full; None if nothing does."""
    try:
        rows_of(source, folder)
    except ge.errors.GraphEngineError as error:
        place, _, line = (getattr(error, "at", None) or "").rpartition(":")
        text = f"{error.problem} (line {line})" if place and line.isdecimal() else error.problem
        return text, f"{stopped(text)}\n{sentence(error.fix)}" if error.fix else stopped(text)
    except OSError as error:
        text = error.strerror or str(error)
        return text, f"{text}: {error.filename}"
    except MemoryError as error:
        return "the data do not fit into memory", f"The data do not fit into memory.\n{error}".rstrip() + "."
    return None


def part_of(output: Output, value: Array, index: tuple[int | None, ...] | None) -> m.TensorPart:
    """The elements that are asked for; without an index the last two axes, of the others the first entry.

    Raises
    ------
    IndexOutsideError for an index outside its axis.
    """
    wanted = (0,) * (value.ndim - 2) + (None,) * min(value.ndim, 2) if index is None else tuple(index)
    if len(wanted) != value.ndim or sum(k is None for k in wanted) > 2:
        raise ge.errors.IndexOutsideError(f"the index {wanted} does not fit the shape {value.shape}",
                                        fix="give a number or None for each axis, None at most twice")
    for k, size in zip(wanted, value.shape, strict=True):
        if k is not None and not -size <= k < size:
            raise ge.errors.IndexOutsideError(f"{k} is outside an axis of {size}", fix=f"use 0 to {size - 1}")
    part = value[tuple(slice(None) if k is None else k for k in wanted)]
    shown = np.array(part[tuple(slice(MOST_PART) for _ in range(np.ndim(part)))])
    if shown.dtype.kind not in "biufc":
        shown = shown.astype(np.float32)    # bfloat16 and the like, which the window's numpy need not know
    return m.TensorPart(output, wanted, value.shape, value.dtype.name, shown, preview(part))


def examples_of(document: GraphDocument) -> dict[str, Array]:
    """The examples of placeholders, by card; those that cannot be read are left out."""
    found = {}
    for card in document.cards:
        if card.example is not None:
            try:
                value = decoded(card.example, lambda key, dtype, shape: stored_array(document, key))
                found[card.id] = np.asarray(value)
            except (ge.errors.GraphEngineError, ValueError, TypeError, LookupError):
                continue
    return found
