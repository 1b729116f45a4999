"""Where elements come from, and the steps between: plain Python iterators over elements."""
from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from ..errors import GraphEngineError, InvalidArgumentError
from ..ir.eager import EagerTensor
from .elements import element_of, taken_apart

AUTOTUNE = -1
INFINITE_CARDINALITY = -1
UNKNOWN_CARDINALITY = -2

Elements = Iterator[Any]
Source = Callable[[], Elements]

END = object()                              # what no element is


def pieces(element: Any) -> Elements:
    """The pieces of an element along its first axis."""
    structure, leaves = taken_apart(element)
    arrays = [x.array for x in leaves]
    for k in range(len(arrays[0])):
        yield structure.fill([EagerTensor(np.asarray(a[k])) for a in arrays])


class Steps:
    """Elements that a function gives one by one, up to its StopIteration; unlike a generator's, behind an error too."""

    def __init__(self, step: Callable[[], Any]) -> None:
        self.step = step

    def __iter__(self) -> Steps:
        return self

    def __next__(self) -> Any:
        return self.step()


def asked(sources: Iterable[Elements]) -> list[Any]:
    """The next element of each up to one that has ended; an error of the engine is raised when all have been asked."""
    found, failed = [], None
    for source in sources:
        try:
            found.append(next(source))
        except StopIteration:
            break
        except GraphEngineError as error:
            failed = failed or error
    if failed is not None:
        raise failed
    return found


def beside(sources: Sequence[Elements]) -> Iterator[list[Any]]:
    """The elements of several sources, one of each at a time, up to the end of one."""
    def following() -> list[Any]:
        found = asked(sources)
        if len(found) < len(sources) or not found:
            raise StopIteration
        return found

    return Steps(following)


def batched(source: Elements, size: int, drop_remainder: bool, join: Callable[[Sequence[Any]], Any]) -> Elements:
    """Several elements at a time; those beside one that is an error go with it."""
    def group() -> Any:
        found = asked(itertools.repeat(source, size))
        if not found or (len(found) < size and drop_remainder):
            raise StopIteration
        return join(found)

    return Steps(group)


def part(source: Elements, start: int, stop: int | None = None, step: int = 1) -> Elements:
    """`itertools.islice` that goes on behind an error, which is no element."""
    place = -1                              # of the last element

    def following() -> Any:
        nonlocal place
        goal = start if place < start else place + step
        if stop is not None and goal >= stop:
            raise StopIteration
        while place < goal:
            element = next(source)
            place += 1
        return element

    return Steps(following)


def joined(parts: Iterator[Elements]) -> Elements:
    """The elements of iterators, one after the other."""
    current: Elements = iter(())

    def following() -> Any:
        nonlocal current
        while True:
            for element in current:
                return element
            current = next(parts)

    return Steps(following)


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
    waiting: list[Any] = []
    rest: list[int] | None = None           # the order of the last ones

    def following() -> Any:
        nonlocal rest
        while rest is None:
            element = next(source, END)
            if element is END:
                rest = rng.permutation(len(waiting)).tolist()[::-1]
            elif len(waiting) < buffer_size:
                waiting.append(element)
            else:
                k = int(rng.integers(len(waiting)))
                chosen, waiting[k] = waiting[k], element
                return chosen
        if not rest:
            raise StopIteration
        return waiting[rest.pop()]

    return Steps(following)


def repeated(source: Source, count: int | None) -> Elements:
    """The elements again and again; an empty source ends."""
    left = itertools.count() if count is None else iter(range(count))
    current: Elements | None = None
    is_empty = False

    def following() -> Any:
        nonlocal current, is_empty
        while not is_empty:
            if current is None:
                next(left)
                current, is_empty = source(), True
            try:
                element = next(current)
            except StopIteration:
                current = None
                continue
            except Exception:
                is_empty = False
                raise
            is_empty = False
            return element
        raise StopIteration

    return Steps(following)


class Kept:
    """Elements that are computed once: when all have been taken, they are taken from memory."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.elements: list[Any] | None = None

    def __call__(self) -> Elements:
        if self.elements is not None:
            return iter(self.elements)
        source, seen = self.source(), []

        def following() -> Any:
            try:
                seen.append(next(source))
            except StopIteration:
                self.elements = seen
                raise
            return seen[-1]

        return Steps(following)


def windows(source: Elements, size: int, shift: int, stride: int, drop_remainder: bool) -> Iterator[list[Any]]:
    """Lists of elements, each beginning `shift` after the one before."""
    span = (size - 1) * stride + 1
    waiting: list[Any] = []
    missing = 0                             # elements between two windows

    def following() -> list[Any]:
        nonlocal missing
        while missing > 0:
            next(source, None)
            missing -= 1
        waiting.extend(asked(itertools.repeat(source, span - len(waiting))))
        if not waiting or (drop_remainder and len(waiting) < span):
            raise StopIteration
        found = waiting[:span:stride]
        missing = shift - len(waiting)
        del waiting[:shift]
        return found

    return Steps(following)


def interleaved(parts: Iterator[Elements], cycle: int, block: int) -> Elements:
    """`block` elements of each of `cycle` parts in turn; one that has ended is replaced when its turn comes again."""
    active: list[Elements | None] = [None] * cycle
    place = taken = 0

    def following() -> Any:
        nonlocal place, taken
        while True:
            current = active[place]
            if current is None:
                current = active[place] = next(parts, None)
            if current is None and not any(active):
                raise StopIteration
            element = END if current is None else next(current, END)
            if element is END:
                active[place] = None
            else:
                taken += 1
            if element is END or taken == block:
                place, taken = (place + 1) % cycle, 0
            if element is not END:
                return element

    return Steps(following)


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


def scanned(source: Elements, state: Any, function: Callable[[Any, Any], tuple[Any, Any]]) -> Elements:
    """What a function of a state and an element returns beside the next state."""
    def made(element: Any) -> Any:
        nonlocal state
        state, found = function(state, element)
        return element_of(found)

    return map(made, source)


def grouped(
    source: Elements, key_of: Callable[[Any], int], size_of: Callable[[int], int]
) -> Iterator[tuple[int, list[Any]]]:
    """A key and its next `size_of(key)` elements, as soon as there are so many; at the end the rest, by keys."""
    waiting: dict[int, list[Any]] = {}
    for element in source:
        key = key_of(element)
        waiting.setdefault(key, []).append(element)
        if len(waiting[key]) >= size_of(key):
            yield key, waiting.pop(key)
    for key in sorted(waiting):
        yield key, waiting[key]


# -------------------------------------------------------------------- elements left out

def distinct(source: Elements) -> Elements:
    """Each element the first time that it comes."""
    seen: set[tuple[Any, ...]] = set()

    def is_new(element: Any) -> bool:
        arrays = [x.array for x in taken_apart(element)[1]]
        key = tuple([(a.dtype.str, a.shape, a.tobytes()) for a in arrays])
        before = len(seen)
        seen.add(key)
        return len(seen) > before

    return filter(is_new, source)


def without_errors(source: Elements, is_told: bool) -> Elements:
    """The elements whose making raises no error of the engine; the log tells of the others, if wanted."""
    while True:
        try:
            yield next(source)
        except StopIteration:
            return
        except GraphEngineError as error:
            if is_told:
                logging.getLogger(__name__.partition(".")[0]).warning("an element is left out: %s", error)


def resampled(
    source: Elements, class_of: Callable[[Any], Any], wanted: Sequence[float], known: Sequence[float] | None,
    rng: np.random.Generator,
) -> Iterator[tuple[EagerTensor, Any]]:
    """Pairs of a class and an element, so many left out by chance that classes come in wanted shares.

    known : share of each class among the elements; counted along the way if None
    """
    target = np.asarray(wanted, float)
    seen = np.ones(len(target)) if known is None else np.asarray(known, float)
    for element in source:
        of = class_of(element)
        k = int(of)
        if not 0 <= k < len(target):
            raise InvalidArgumentError(f"class {k} of {len(target)}", op="rejection_resample",
                                       fix="let class_func give whole numbers from 0 on, and target_dist one for each")
        if known is None:
            seen[k] += 1
        chance = np.divide(target, seen, out=np.zeros_like(target), where=seen > 0)
        if rng.random() * chance.max() < chance[k]:
            yield EagerTensor(np.asarray(of)), element
