"""Where elements come from, and the steps between: plain Python iterators over elements."""
from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..ir.eager import EagerTensor
from .elements import taken_apart

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2

Elements = Iterator[Any]
Source = Callable[[], Elements]


def pieces(element: Any) -> Elements:
    """The pieces of an element along its first axis."""
    structure, leaves = taken_apart(element)
    arrays = [x.array for x in leaves]
    for k in range(len(arrays[0])):
        yield structure.fill([EagerTensor(np.asarray(a[k])) for a in arrays])


def batched(source: Elements, size: int, drop_remainder: bool, join: Callable[[Sequence[Any]], Any]) -> Elements:
    """Several elements at a time."""
    while group := list(itertools.islice(source, size)):
        if len(group) < size and drop_remainder:
            return
        yield join(group)


def sliced(
    element: Any, size: int, drop_remainder: bool, order: Callable[[], np.ndarray[Any, Any]] | None = None,
) -> Elements:
    """Batches of the pieces of an element, cut from its arrays at once; in the order that `order` draws."""
    structure, leaves = taken_apart(element)
    arrays = [x.array for x in leaves]
    count = len(arrays[0])
    drawn = None if order is None else order()
    for k in range(0, count - count % size if drop_remainder else count, size):
        yield structure.fill([EagerTensor(a[k:k + size] if drawn is None else a.take(drawn[k:k + size], 0))
                              for a in arrays])


def shuffled(source: Elements, buffer_size: int, rng: np.random.Generator) -> Elements:
    """Each time one of the next `buffer_size` elements, by chance."""
    waiting = list(itertools.islice(source, buffer_size))
    for element in source:
        k = int(rng.integers(len(waiting)))
        yield waiting[k]
        waiting[k] = element
    for k in rng.permutation(len(waiting)).tolist():
        yield waiting[k]


def repeated(source: Source, count: int | None) -> Elements:
    """The elements again and again; an empty source ends."""
    for _ in itertools.count() if count is None else range(count):
        is_empty = True
        for element in source():
            is_empty = False
            yield element
        if is_empty:
            return


class Kept:
    """Elements that are computed once: when all have been taken, they are taken from memory."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.elements: list[Any] | None = None

    def __call__(self) -> Elements:
        if self.elements is not None:
            yield from self.elements
            return
        seen = []
        for element in self.source():
            seen.append(element)
            yield element
        self.elements = seen


def windows(source: Elements, size: int, shift: int, stride: int, drop_remainder: bool) -> Iterator[list[Any]]:
    """Lists of elements, each beginning `shift` after the one before."""
    span = (size - 1) * stride + 1
    waiting: list[Any] = []
    ended = False
    while True:
        while len(waiting) < span and not ended:
            try:
                waiting.append(next(source))
            except StopIteration:
                ended = True
        if not waiting or (drop_remainder and len(waiting) < span):
            return
        yield waiting[:span:stride]
        missing = shift - len(waiting)
        del waiting[:shift]
        for _ in range(missing):
            next(source, None)


def interleaved(parts: Iterator[Elements], cycle: int, block: int) -> Elements:
    """`block` elements of each of `cycle` parts in turn; one that has ended is replaced when its turn comes again."""
    active: list[Elements | None] = [None] * cycle
    for place in itertools.cycle(range(cycle)):
        part = active[place] or next(parts, None)
        active[place] = part
        if part is None:
            if not any(active):
                return
            continue
        taken = 0
        for element in itertools.islice(part, block):
            taken += 1
            yield element
        if taken < block:
            active[place] = None


def chosen(parts: Sequence[Elements], choices: Iterator[int], stop_on_empty: bool) -> Elements:
    """The next element of one part after another, as `choices` says; parts that have ended are passed over."""
    ended: set[int] = set()
    for k in choices:
        if not 0 <= k < len(parts):
            raise InvalidArgumentError(f"choice {k} of {len(parts)} datasets", op="choose_from_datasets")
        if k in ended:
            continue
        try:
            yield next(parts[k])
        except StopIteration:
            ended.add(k)
            if stop_on_empty or len(ended) == len(parts):
                return


def mixed(parts: Sequence[Elements], weights: Sequence[float] | None, stop_on_empty: bool,
          rng: np.random.Generator) -> Elements:
    """The next element of a part that is drawn each time, in proportion to its weight; never one of weight 0."""
    shares = np.ones(len(parts)) if weights is None else np.asarray(weights, float)
    alive = np.flatnonzero(shares).tolist()
    while alive:
        k = int(rng.choice(alive, p=shares[alive] / shares[alive].sum()))
        try:
            yield next(parts[k])
        except StopIteration:
            if stop_on_empty:
                return
            alive.remove(k)
