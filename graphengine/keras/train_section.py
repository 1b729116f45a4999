"""Training as a document says: its `train` section becomes data, an optimizer and epochs of compiled steps.

What runs it, a program, the command line or the editor, gets a report about ten times a second and may stop it.
"""
from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..autodiff import check_connected, gradients
from ..errors import FileFormatError
from ..frontend.build import group
from ..frontend.document import load
from ..frontend.session import Session
from ..frontend.variables import Variable, global_variables, global_variables_initializer
from ..io.data import load_feeds
from ..io.trainspec import TrainSpec, check_train, parse_train
from ..ir.graph import Graph
from ..ir.node import Node, Tensor
from ..ops.apply import as_array
from ..ops.body import changes_variables
from ..runtime.interrupts import Interrupts
from ..runtime.loop import Rows
from ..values import dataclass
from .optimizers.plain import arguments, made

Array = np.ndarray[Any, Any]

PARTS: tuple[Literal["train"], Literal["test"]] = ("train", "test")
REPORT_S = 0.1                              # time between two reports


@dataclass(frozen=True)
class Progress:
    """How far a call of `Training.fit` has come.

    epochs : passes over the data, the one under way as a fraction
    of : passes wanted
    steps : changes of the variables
    samples : rows used, each as often as it was
    loss : mean over the steps since the last report, each before its change
    elapsed_s : spent on steps since the beginning
    """

    epochs: float
    of: int
    steps: int
    samples: int
    loss: float
    elapsed_s: float


class Training:
    """A graph, its data and the step that trains it, as the graph's `train` section says.

    The optimizer's nodes are added to the graph. A step also runs the nodes of its collection "update_ops":
    assignments that go with training, such as moving averages. Variables begin with their initial values.

    Parameters
    ----------
    graph : its `document` has a `train` section
    folder : where the document is: the data's path is relative to it

    Attributes
    ----------
    spec : the section as a value
    session : holds the variables
    step : the node that makes one step
    gradients : of the loss, by the name of each variable that is trained and has one

    Raises
    ------
    FileFormatError if there is no such section, if something is wrong with it or with the data.
    GradientError if the loss does not depend on a trainable variable.
    """

    def __init__(self, graph: Graph, folder: str | os.PathLike[str]) -> None:
        if "train" not in graph.document:
            raise FileFormatError("the graph does not say how it is trained", fix='add a section "train"')
        self.spec: TrainSpec = parse_train(graph.document["train"], "the document")
        check_train(self.spec, graph, "the document")
        self.graph = graph
        self._data = {part: _arrays(graph, self.spec, folder, part) for part in PARTS}
        self.random = np.random.default_rng(self.spec.seed)
        self._variables = global_variables(graph)
        self._loss = graph.as_tensor(self.spec.loss)
        wanted = self.spec.variables
        chosen = [v for v in self._variables if (v.trainable if wanted is None else self._name(v) in wanted)]
        with graph.as_default(), graph.name_scope(None):
            handles = [v.handle_in(graph) for v in chosen]
            found = gradients([self._loss], handles)
            check_connected(self._loss, handles, found, self.spec.optimizer.name)
            pairs = [(g, v) for g, v in zip(found, chosen, strict=True) if g is not None]
            self.gradients: dict[str, Tensor] = {self._name(v): g for g, v in pairs}
            updates = self._updates(pairs)
            self.step = group(*graph.get_collection("update_ops"), *updates)
            self.session = Session(graph)
            self.session.run(global_variables_initializer())

    @classmethod
    def of_file(cls, path: str | os.PathLike[str]) -> Training:
        """The training of a ``*.graph.json`` file."""
        return cls(load(path), Path(path).parent)

    def _updates(self, pairs: list[tuple[Tensor, Variable]]) -> list[Node]:
        """The optimizer's assignments; its learning rate is a variable, of the widest dtype among what it trains."""
        name, given = self.spec.optimizer.name, self.spec.optimizer.parameters
        optimizer = made(name, given, "the document", name=name.lower())
        kind = np.result_type(np.float32, *(v.dtype.numpy for _, v in pairs if v.dtype.is_floating))
        start = given.get("learning_rate", arguments(name)["learning_rate"].default)
        self._rate = Variable(np.asarray(start, kind), trainable=False, name="learning_rate")
        optimizer.learning_rate = lambda: self._rate
        before = len(self.graph.nodes)
        self.graph.in_order = True          # optimizers are written as programs are: they read what they have assigned
        with self.graph.name_scope(optimizer.name):
            optimizer.apply_gradients(pairs)
        return [node for node in self.graph.nodes[before:] if changes_variables(node)]

    # ------------------------------------------------ running

    def fit(self, epochs: int | None = None, on_progress: Callable[[Progress], Any] | None = None) -> Progress:
        """Make whole epochs of steps.

        Parameters
        ----------
        epochs : how many; as the section says if None
        on_progress : called about ten times a second and at the end; returning True stops after the last whole step

        Returns
        -------
        the last progress

        Raises
        ------
        KeyboardInterrupt between two steps: variables are those of the last whole step.
        """
        course = self.course(epochs)
        with Interrupts() as interrupts:
            while course.advance():
                if on_progress is not None and on_progress(course.progress):
                    break
                interrupts.check()
        return course.progress

    def course(self, epochs: int | None = None) -> Course:
        """The steps of some epochs, to be made stretch by stretch; as many epochs as the section says if None."""
        return Course(self, self.spec.epochs if epochs is None else epochs)

    def run_steps(self, indices: Array, should_stop: Callable[[], bool] | None = None) -> Array:
        """Make steps in a compiled loop.

        Parameters
        ----------
        indices : rows that train, (steps, batch)
        should_stop : asked about 30 times a second; True ends the loop after a whole step

        Returns
        -------
        the loss of each step that was made, before its change
        """
        feeds = {name: Rows(data, indices) for name, data in self._data["train"].items()}
        poll = None if should_stop is None else lambda done: should_stop()
        losses, _ = self.session.run_steps([self._loss, self.step], feeds, collect=True, on_progress=poll)
        return losses  # type: ignore[no-any-return]

    @property
    def rows(self) -> int:
        """Number of rows that train."""
        return len(next(iter(self._data["train"].values())))

    def batch(self, indices: Array) -> dict[str, Array]:
        """Rows that train, by placeholder."""
        return {name: data[indices] for name, data in self._data["train"].items()}

    def data(self, part: Literal["train", "test"]) -> dict[str, Array]:
        """The rows that train, or those that judge, by placeholder; not copies."""
        return dict(self._data[part])

    @property
    def learning_rate(self) -> float:
        """Length of a step; may be changed at any time."""
        return float(self.session.variables()[self._name(self._rate)])

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self.session.load_variables({self._name(self._rate): np.asarray(value, self._rate.dtype.numpy)})

    def evaluate(self, part: Literal["train", "test"] = "test") -> dict[str, Any]:
        """Loss and metrics over the rows that train, or over those that judge; empty if there are none.

        Returns
        -------
        numbers by label, "loss" first
        """
        data = self._data[part]
        if not len(next(iter(data.values()))):
            return {}
        fetches = {"loss": self._loss, **{k: self.graph.as_tensor(name) for k, name in self.spec.metrics.items()}}
        return {k: v.item() if v.ndim == 0 else v for k, v in self.session.run(fetches, data).items()}

    def first_batch(self) -> dict[str, Array]:
        """The rows of the first step without shuffling, by placeholder."""
        feeds = self._data["train"]
        batch = self.spec.batch_size or len(next(iter(feeds.values())))
        return {name: data[:batch] for name, data in feeds.items()}

    def weights(self) -> dict[str, Array]:
        """The values of the graph's own variables, without those that the optimizer added."""
        values = self.session.variables()
        return {name: values[name] for name in map(self._name, self._variables)}

    def _name(self, variable: Variable) -> str:
        """What the graph calls a variable, which may be one of the program around it."""
        return variable.handle_in(self.graph).node.name


class Course:
    """Some epochs of a training, under way: it goes on by stretches, and may rest between them.

    Attributes
    ----------
    progress : how far it is
    last : rows of the last stretch, (steps, batch); empty before the first
    losses : of its steps
    """

    def __init__(self, training: Training, epochs: int) -> None:
        self.training = training
        rows, spec = training.rows, training.spec
        size = min(spec.batch_size or rows, rows)
        random = training.random if spec.shuffle else None
        self._pace = Pace()
        self._stretches = stretches((p for _ in range(epochs) for p in batches(rows, size, random)), self._pace)
        self._left = self.last = np.zeros((0, size), np.int64)
        self.losses: Array = np.zeros(0)
        self.progress = Progress(0.0, epochs, 0, 0, float("nan"), 0.0)

    def advance(self, should_stop: Callable[[], bool] | None = None, steps: int | None = None) -> bool:
        """Make the steps up to the next report, about a tenth of a second; False if there are none left.

        Parameters
        ----------
        should_stop : asked about 30 times a second; True ends the stretch after a whole step
        steps : make at most so many
        """
        indices = self._left if len(self._left) else next(self._stretches, self._left)
        if not len(indices):
            return False
        wanted = indices if steps is None else indices[:steps]
        begin = time.perf_counter()
        self.losses = self.training.run_steps(wanted, should_stop)
        elapsed = time.perf_counter() - begin
        done = len(self.losses)
        self.last, self._left = indices[:done], indices[done:]
        if steps is None:
            self._pace.took(done, elapsed)
        before = self.progress
        samples = before.samples + self.last.size
        self.progress = Progress(samples / self.training.rows, before.of, before.steps + done, samples,
                                 float(np.mean(self.losses)), before.elapsed_s + elapsed)
        return True


def _arrays(
    graph: Graph, spec: TrainSpec, folder: str | os.PathLike[str], part: Literal["train", "test"]
) -> dict[str, Array]:
    """The data in the dtypes of the placeholders, so that no step converts them."""
    return {
        name: np.ascontiguousarray(as_array(array, graph.as_tensor(name).dtype, "train", f"the data for {name}"))
        for name, array in load_feeds(spec, folder, part).items()
    }


# -------------------------------------------------------------------- batches

def batches(rows: int, batch: int, random: np.random.Generator | None) -> Iterator[Array]:
    """The row indices of one epoch, (steps, batch); rows that are left over follow as one shorter step.

    Parameters
    ----------
    random : shuffles the rows; None keeps their order

    Examples
    --------
    >>> for indices in batches(5, 2, None):
    ...     print(indices.tolist())
    [[0, 1], [2, 3]]
    [[4]]
    """
    order = np.arange(rows) if random is None else random.permutation(rows)
    whole = rows - rows % batch
    yield order[:whole].reshape(-1, batch)
    if whole < rows:
        yield order[whole:].reshape(1, -1)


@dataclass()
class Pace:
    """How many steps fit between two reports, from how long earlier ones took; the first of all compiles, too."""

    steps: int = 1

    def took(self, steps: int, elapsed_s: float) -> None:
        self.steps = max(1, min(int(steps * REPORT_S / elapsed_s), 2 * self.steps))


def stretches(pieces: Iterable[Array], pace: Pace) -> Iterator[Array]:
    """The same steps in the same order, joined where batches are of one size and cut where a report is due.

    Examples
    --------
    >>> steps = [np.zeros((3, 2)), np.zeros((4, 2)), np.zeros((1, 1))]
    >>> [s.shape for s in stretches(steps, Pace(5))]
    [(5, 2), (2, 2), (1, 1)]
    """
    held: list[Array] = []
    count = 0
    for piece in pieces:
        if held and held[0].shape[1] != piece.shape[1]:
            yield np.concatenate(held)
            held, count = [], 0
        held.append(piece)
        count += len(piece)
        while count >= (limit := pace.steps):
            joined = np.concatenate(held)
            yield joined[:limit]
            count -= limit
            held = [joined[limit:]] if count else []
    if held:
        yield np.concatenate(held)
