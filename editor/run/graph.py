"""A document as the process runs it: the engine's graph, its session, and which card each node belongs to. No Qt."""
from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

import graphengine as ge
from graphengine.tools.watch import data_files, feeds_of, origin_of

from ..model.build import bytes_of
from .messages import Array, Output

Files = tuple[tuple[str, int, int], ...]    # path, time of the last change, size
ROWS = 8                                    # of a placeholder that nothing feeds, for each size that is not known
MOST_ROWS = 1024                            # that a run takes of data


class RunningGraph:
    """A graph with the values of its variables.

    Parameters
    ----------
    built : the engine's graph and its cards
    examples : arrays for placeholders that no data feed, by card
    weights : values that variables begin with in place of their initial ones
    folder : what paths of data are relative to

    Attributes
    ----------
    session : holds the variables; they have their first values
    outputs : the results of cards that stand in the graph, in the order in which they can be computed
    start : the values that variables began with
    """

    def __init__(self, built: Any, examples: Mapping[str, Any], folder: str,
                 weights: Mapping[str, Array] | None = None) -> None:
        self.built = built
        self.examples = examples
        self.folder = folder
        self.graph: ge.Graph = built.graph
        self.session = ge.Session(self.graph)
        variables = ge.global_variables(self.graph)
        if variables:
            with self.graph.as_default():
                self.session.run(ge.variables_initializer(variables))
        self.take(weights or {})
        self.start = self.values()
        self.outputs: dict[Output, ge.Tensor] = dict(sorted(
            built.tensors.items(), key=lambda item: (item[1].node.index, item[1].position)))
        self.invented: set[str] = set()     # placeholders that the last feeds gave random numbers
        self._cards = {card for card, _ in self.outputs}
        self._data: Mapping[str, Array] | None = None
        self._read: Files | None = None     # the files that `_data` is from; None: it could not be read

    # ------------------------------------------------ variables

    def values(self) -> dict[str, Array]:
        """A copy of what variables hold."""
        return self.session.variables()

    def begins_with(self, name: str, value: Array) -> bool:
        """Whether a variable has this first value."""
        return name in self.start and _equal(value, self.start[name])

    def changed(self) -> dict[str, Array]:
        """What variables hold that no longer have their first values."""
        now, start = self.values(), self.start
        return {name: value for name, value in now.items() if name in start and not _equal(value, start[name])}

    def begin_anew(self) -> None:
        """Give all variables their first values."""
        self.take(self.start)

    def take(self, values: Mapping[str, Array]) -> None:
        """Give variables values, where name, dtype and shape are the same."""
        take(self.session, values)

    @property
    def parameters(self) -> int:
        """Number of trained numbers."""
        return sum(math.prod(v.shape.numbers()) for v in ge.global_variables(self.graph) if v.trainable)

    @property
    def holders(self) -> tuple[str, ...]:
        """The cards that have variables."""
        return self.cards_of([v.handle_in(self.graph).node for v in ge.global_variables(self.graph)])

    # ------------------------------------------------ cards

    def card_of(self, node: Any) -> str | None:
        """The card that a node belongs to, also if the compiler or the differentiation made it; takes names, too."""
        if not isinstance(node, str):
            origin = origin_of(node)
            if origin is not None:
                found = self.card_of(origin)
                if found is not None:
                    return found
            node = node.name
        name: str = node
        while name:
            found = self.built.card_of(name)
            if found is not None:
                return str(found)
            if name in self._cards:
                return name
            name = name.rpartition("/")[0]
        return None

    def cards_of(self, nodes: Sequence[Any]) -> tuple[str, ...]:
        """The cards of some nodes, each once, in order."""
        return tuple(dict.fromkeys(card for n in nodes if (card := self.card_of(n)) is not None))

    # ------------------------------------------------ feeds

    def feeds(self, given: Mapping[str, Any] | None = None, rows: int | None = None) -> dict[str, Array]:
        """A value for each placeholder: `given`, first rows of data, the example, or random numbers.

        Parameters
        ----------
        given : by card, of placeholders, and of constants for this run
        rows : of data; as many as a step of the training takes if None

        Raises
        ------
        FileFormatError if data cannot be read.
        """
        data = self.data()
        count = min(rows or self._batch(), MOST_ROWS)
        found = {name: array[:count] for name, array in data.items()}
        shared = len(next(iter(found.values()))) if found else ROWS
        random = np.random.default_rng(0)
        self.invented = set()
        for node in self.graph.nodes:
            if not node.op.is_fed:
                continue
            card = self.card_of(node)
            if given and card is not None and card in given:
                found[node.name] = np.asarray(given[card])
            elif node.name not in found:
                example = self.examples.get(card or "")
                if example is None:
                    self.invented.add(node.name)
                value = some_numbers(node.outputs[0], shared, random) if example is None else example
                found[node.name] = np.asarray(value)
        for card, value in (given or {}).items():
            tensor = self.outputs.get((card, 0))
            if tensor is not None and not tensor.node.op.is_fed:
                found[tensor.node.name] = np.asarray(value)
        return found

    def random_outputs(self) -> set[Output]:
        """The results that depend on random numbers, drawn by nodes or in the last `feeds`; variables keep theirs."""
        random: set[int] = set()
        for node in self.graph.nodes:
            reads = node.inputs if node.op.reads_inputs else ()
            if node.name in self.invented or node.op.draws or any(t.node.index in random for t in reads):
                random.add(node.index)
        return {output for output, tensor in self.outputs.items() if tensor.node.index in random}

    def data(self) -> Mapping[str, Array]:
        """Rows of data that feed placeholders, by placeholder; read again only after `look_for_data`.

        Raises
        ------
        GraphEngineError if a source is not complete, or cannot be read.
        """
        if self._data is None:
            read = self.files()
            if self.built.data_problem is not None:
                raise self.built.data_problem
            self._data = feeds_of(self.graph, self.folder, data=self.built.data) if self.built.data else {}
            self._read = read
        return self._data

    def look_for_data(self) -> None:
        """Let data be read again if their files are not those that were read."""
        if self._data is not None and self._read != self.files():
            self._data = None

    def without_data(self) -> None:
        """Do without data until they are looked for again."""
        self._data, self._read = {}, None

    def files(self) -> Files:
        """The files that data come from, with what tells whether somebody wrote them."""
        return stamps_of(self.built.data, self.folder) if self.built.data else ()

    def bytes(self) -> int:
        """Bytes of all variables."""
        return bytes_of(self.graph)

    def _batch(self) -> int:
        wanted = self.graph.document.get("train", {}).get("batch_size")
        return int(wanted) if wanted else MOST_ROWS


def stamps_of(data: Any, folder: str) -> Files:
    """The files that data come from, as `RunningGraph.files`; () where the description says none."""
    try:
        return tuple((path, *_stamp(path)) for path in data_files(data, folder))
    except ge.errors.GraphEngineError:      # what is wrong is said where data are read
        return ()


def _stamp(path: str) -> tuple[int, int]:
    """Time of the last change in nanoseconds, and bytes; (0, -1) if there is no such file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return 0, -1
    return found.st_mtime_ns, found.st_size


def _equal(a: Array, b: Array) -> bool:
    return a.dtype == b.dtype and bool(np.array_equal(a, b, equal_nan=a.dtype.kind == "f"))


def take(session: ge.Session, values: Mapping[str, Array]) -> None:
    """Give variables of a session values, where name, dtype and shape are the same."""
    now = session.variables()
    session.load_variables({name: value for name, value in values.items()
                            if name in now and now[name].dtype == value.dtype and now[name].shape == value.shape})


def some_numbers(tensor: ge.Tensor, rows: int, random: np.random.Generator) -> Array:
    """Random numbers that a placeholder takes; unknown sizes are `ROWS`, the first `rows`."""
    sizes = (None,) if tensor.shape.rank is None else tuple(tensor.shape)
    shape = [s if isinstance(s, int) else rows if k == 0 else ROWS for k, s in enumerate(sizes)]
    kind = np.dtype(tensor.dtype.numpy)
    if kind.kind == "b":
        return random.random(shape) < 0.5
    if kind.kind in "iu":
        return random.integers(0, 2, shape).astype(kind)
    return random.standard_normal(shape).astype(kind)
