"""Datasets with TensorFlow's names: each is a source of elements, and knows their types and how many there are.

Everything happens in Python when elements are taken, one after another; `prefetch` and `num_parallel_calls` are
accepted and change nothing. What is still arrays by the row (`rows`) is trained on in compiled loops.
"""
from __future__ import annotations

import builtins
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import GraphEngineError, InvalidArgumentError, ShapeError
from ..frontend.function import TensorSpec
from ..frontend.random import generator
from ..ir.eager import EagerTensor
from ..ir.graph import Graph
from . import saved, sources
from .elements import (
    Iterated,
    arguments,
    as_placeholders,
    as_tensors,
    element_of,
    given_shapes,
    in_types,
    mapped,
    padded,
    padded_spec,
    spec_of,
    stacked,
    taken_apart,
    with_axis,
    without_axis,
)
from .iterators import DatasetIterator, NumpyIterator
from .rows import RowsPlan
from .sources import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Elements, Source


class Dataset(Iterated):
    """Elements that can be gone over again and again: numbers, or tuples and dicts of tensors.

    Parameters
    ----------
    source : makes an iterator over elements
    spec : types and shapes of an element, or a function that finds them
    count : how many there are; below 0 if they never end or that is not known
    rows : the same as rows of arrays, if it is that

    Examples
    --------
    >>> import graphengine as tf
    >>> for batch in tf.data.Dataset.range(5).map(lambda x: x * x).batch(2):
    ...     print(batch.numpy())
    [0 1]
    [4 9]
    [16]
    """

    def __init__(self, source: Source, spec: Any, count: int, rows: RowsPlan | None = None) -> None:
        self._source = source
        self._spec = spec
        self._count = count
        self.rows = rows

    # ------------------------------------------------ where they come from

    @staticmethod
    def from_tensor_slices(tensors: Any, name: str | None = None) -> Dataset:
        """The rows of arrays: pieces along their first axes.

        Raises
        ------
        ShapeError for a number, or if arrays differ in length; DTypeError for strings.
        """
        whole = element_of(tensors)
        leaves = taken_apart(whole)[1]
        if not leaves or any(not x.array.ndim for x in leaves):
            raise ShapeError("a number has no rows", op="from_tensor_slices", fix="use from_tensors")
        other = next((x for x in leaves if len(x.array) != len(leaves[0].array)), None)
        if other is not None:
            raise ShapeError(f"arrays of {len(leaves[0].array)} and {len(other.array)} rows", op="from_tensor_slices")
        return Dataset(lambda: sources.pieces(whole), without_axis(spec_of(whole)), len(leaves[0].array),
                       RowsPlan(whole))

    @staticmethod
    def from_tensors(tensors: Any, name: str | None = None) -> Dataset:
        """One element."""
        whole = element_of(tensors)
        return Dataset(lambda: iter([whole]), spec_of(whole), 1)

    @staticmethod
    def from_generator(
        generator: Callable[..., Any], output_types: Any = None, output_shapes: Any = None, args: Any = None,
        output_signature: Any = None, name: str | None = None,
    ) -> Dataset:
        """What a generator function gives.

        Parameters
        ----------
        generator : function without arguments, or of `args`, that returns an iterator
        output_signature : a TensorSpec for each leaf of an element; or output_types and output_shapes
        """
        spec = output_signature
        if spec is None and output_types is not None:
            structure, types = taken_apart(output_types)
            shapes = given_shapes(output_shapes, len(types))
            spec = structure.fill([TensorSpec(s, t) for s, t in zip(shapes, types, strict=True)])

        def elements() -> Elements:
            for value in generator(*(args or ())):
                yield element_of(value) if spec is None else in_types(value, spec)

        made = Dataset(elements, spec, UNKNOWN_CARDINALITY)
        if spec is None:
            made._spec = made._first_spec
        return made

    @staticmethod
    def range(*args: Any, output_type: Any = "int64", name: str | None = None) -> Dataset:
        """The numbers of Python's range."""
        numbers = builtins.range(*(int(a) for a in args))
        kind = np.dtype(getattr(output_type, "numpy", output_type))
        return Dataset(lambda: (EagerTensor(np.asarray(k, kind)) for k in numbers), TensorSpec((), kind.name),
                       len(numbers))

    @staticmethod
    def counter(start: Any = 0, step: Any = 1, dtype: Any = "int64", name: str | None = None) -> Dataset:
        """Numbers from `start` on in steps of `step`, without end."""
        kind = np.dtype(getattr(dtype, "numpy", dtype))
        return Dataset(lambda: (EagerTensor(np.asarray(k, kind)) for k in itertools.count(int(start), int(step))),
                       TensorSpec((), kind.name), INFINITE_CARDINALITY)

    @staticmethod
    def random(
        seed: int | None = None, rerandomize_each_iteration: bool | None = None, name: str | None = None
    ) -> Dataset:
        """Whole numbers below 2**32 without end, the same ones in each pass.

        Parameters
        ----------
        rerandomize_each_iteration : whether each pass has other ones
        """
        rng = generator(seed)
        start = int(rng.integers(2**62))

        def numbers() -> Elements:
            own = rng if rerandomize_each_iteration else np.random.default_rng(start)
            return (_number(own.integers(2**32)) for _ in itertools.count())

        return Dataset(numbers, TensorSpec((), "int64"), INFINITE_CARDINALITY)

    @staticmethod
    def zip(*args: Any, datasets: Any = None, name: str | None = None) -> Dataset:
        """Elements of several datasets beside each other, as many as the shortest has."""
        structure, leaves = taken_apart(datasets if datasets is not None else args[0] if len(args) == 1 else args)
        known = [d._count for d in leaves if d._count >= 0]
        count = UNKNOWN_CARDINALITY if any(d._count == UNKNOWN_CARDINALITY for d in leaves) else (
            min(known) if known else INFINITE_CARDINALITY)
        return Dataset(lambda: builtins.map(structure.fill, sources.beside([iter(d) for d in leaves])),
                       lambda: structure.fill([d.element_spec for d in leaves]), count)

    @staticmethod
    def sample_from_datasets(
        datasets: Sequence[Dataset], weights: Any = None, seed: int | None = None,
        stop_on_empty_dataset: bool = False, rerandomize_each_iteration: Any = None,
    ) -> Dataset:
        """Elements of several datasets, the one to take from drawn each time."""
        parts = list(datasets)
        return Dataset(lambda: sources.mixed([iter(d) for d in parts], weights, stop_on_empty_dataset,
                                             generator(seed)),
                       lambda: parts[0].element_spec, UNKNOWN_CARDINALITY)

    @staticmethod
    def choose_from_datasets(
        datasets: Sequence[Dataset], choice_dataset: Any, stop_on_empty_dataset: bool = True,
    ) -> Dataset:
        """Elements of several datasets, in the order of the numbers in `choice_dataset`."""
        parts = list(datasets)
        return Dataset(lambda: sources.chosen([iter(d) for d in parts], map(int, choice_dataset),
                                              stop_on_empty_dataset),
                       lambda: parts[0].element_spec, UNKNOWN_CARDINALITY)

    # ------------------------------------------------ what is known of them

    @property
    def element_spec(self) -> Any:
        """A TensorSpec for each leaf of an element."""
        if callable(self._spec):
            self._spec = self._spec()
        return self._spec

    def _first_spec(self) -> Any:
        first = next(iter(self), None)
        if first is None:
            raise InvalidArgumentError("an empty dataset does not say what its elements are", op="element_spec",
                                       fix="give from_generator an output_signature")
        return spec_of(first)

    def cardinality(self, name: str | None = None) -> EagerTensor:
        """How many elements there are, or INFINITE_CARDINALITY, or UNKNOWN_CARDINALITY."""
        return EagerTensor(np.asarray(self._count, np.int64))

    def __len__(self) -> int:
        if self._count == INFINITE_CARDINALITY:
            raise TypeError("The dataset is infinite.")
        if self._count < 0:
            raise TypeError("The dataset length is unknown.")
        return self._count

    def __bool__(self) -> bool:
        return True

    def __iter__(self) -> Iterator[Any]:
        return DatasetIterator(self._source(), lambda: self.element_spec)

    def as_numpy_iterator(self) -> NumpyIterator:
        """The elements with arrays in the place of tensors."""
        return NumpyIterator(self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} element_spec={self.element_spec}>"

    # ------------------------------------------------ one after another

    def map(
        self, map_func: Callable[..., Any], num_parallel_calls: Any = None, deterministic: Any = None,
        synchronous: Any = None, use_unbounded_threadpool: bool = False, name: str | None = None,
    ) -> Dataset:
        """What a function returns for each element; the parts of a tuple are its arguments."""
        def made(element: Any) -> Any:
            return element_of(map_func(*arguments(element)))

        # Unlike a generator, these go on behind an element that raises an error.
        return Dataset(lambda: builtins.map(made, self), lambda: self._spec_after(map_func), self._count)

    def _spec_after(self, function: Callable[..., Any]) -> Any:
        """The types that a function of elements returns, found by drawing it; by calling it where that fails."""
        try:
            with Graph().as_default():
                result = function(*arguments(as_placeholders(self.element_spec)))
                return spec_of(as_tensors(result))
        except (GraphEngineError, TypeError, ValueError, AttributeError):
            first = next(iter(self), None)
            if first is None:
                raise
            return spec_of(element_of(function(*arguments(first))))

    def filter(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements for which a function holds."""
        return Dataset(lambda: builtins.filter(lambda e: bool(predicate(*arguments(e))), self),
                       lambda: self.element_spec, self._count_of_some)

    @property
    def _count_of_some(self) -> int:
        """How many are left if some are left out."""
        return INFINITE_CARDINALITY if self._count == INFINITE_CARDINALITY else UNKNOWN_CARDINALITY

    def flat_map(self, map_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements of the datasets that a function returns, one after the other."""
        return Dataset(lambda: sources.joined(self._parts(map_func)),
                       lambda: map_func(*arguments(next(iter(self)))).element_spec, UNKNOWN_CARDINALITY)

    def _parts(self, function: Callable[..., Any]) -> Iterator[Any]:
        """Iterators over the datasets that a function of elements returns."""
        def made(element: Any) -> Any:
            return iter(function(*arguments(element)))

        return builtins.map(made, self)

    def interleave(
        self, map_func: Callable[..., Any], cycle_length: int | None = None, block_length: int = 1,
        num_parallel_calls: Any = None, deterministic: Any = None, name: str | None = None,
    ) -> Dataset:
        """The elements of the datasets that a function returns: a block of each of several in turn."""
        cycle = 2 if cycle_length in (None, sources.AUTOTUNE) else int(cycle_length)  # type: ignore[arg-type]
        return Dataset(lambda: sources.interleaved(self._parts(map_func), cycle, int(block_length)),
                       lambda: map_func(*arguments(next(iter(self)))).element_spec, UNKNOWN_CARDINALITY)

    def batch(
        self, batch_size: int, drop_remainder: bool = False, num_parallel_calls: Any = None, deterministic: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """So many elements along a new first axis; the last batch is shorter, or left out.

        Raises
        ------
        InvalidArgumentError for a size below 1; ShapeError, when taken, if elements differ in shape.
        """
        size = int(batch_size)
        if size < 1:
            raise InvalidArgumentError(f"batch_size={batch_size}", op="batch", fix="use at least 1")
        rows = self.rows
        if rows is not None and rows.batch_size is None:
            source: Source = lambda: sources.sliced(rows.arrays, size, drop_remainder, rows.order)
        else:
            source = lambda: sources.batched(iter(self), size, drop_remainder, stacked)
        whole = rows is not None and rows.batch_size is None and (not drop_remainder or self._count % size == 0)
        return Dataset(source, lambda: with_axis(self.element_spec, size if drop_remainder else None),
                       _batches(self._count, size, drop_remainder),
                       replace(rows, batch_size=size) if rows is not None and whole else None)

    def padded_batch(
        self, batch_size: int, padded_shapes: Any = None, padding_values: Any = None, drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """So many elements along a new first axis, the shorter ones filled up at their ends."""
        size = int(batch_size)
        return Dataset(lambda: sources.batched(iter(self), size, drop_remainder,
                                               lambda group: padded(group, padded_shapes, padding_values)),
                       lambda: padded_spec(self.element_spec, size if drop_remainder else None, padded_shapes),
                       _batches(self._count, size, drop_remainder))

    def group_by_window(
        self, key_func: Callable[..., Any], reduce_func: Callable[[Any, Dataset], Dataset], window_size: Any = None,
        window_size_func: Callable[[Any], Any] | None = None, name: str | None = None,
    ) -> Dataset:
        """What `reduce_func` makes of windows of elements that have the same key.

        Parameters
        ----------
        key_func : the key of an element, a whole number
        reduce_func : the elements that come in the place of a window, given its key and its dataset
        window_size, window_size_func : elements of a window, for all keys or for each; one of the two
        """
        size_of = window_size_func if window_size_func is not None else lambda _: window_size

        def reduced(key: int, window: list[Any]) -> Iterator[Any]:
            return iter(reduce_func(_number(key), _of_list(window, lambda: self.element_spec)))

        def elements() -> Elements:
            full = sources.grouped(iter(self), lambda e: int(key_func(*arguments(e))),
                                   lambda key: int(size_of(_number(key))))
            return sources.joined(itertools.starmap(reduced, full))

        return Dataset(elements, lambda: reduce_func(_number(0), self).element_spec, UNKNOWN_CARDINALITY)

    def bucket_by_sequence_length(
        self, element_length_func: Callable[..., Any], bucket_boundaries: Sequence[int],
        bucket_batch_sizes: Sequence[int], padded_shapes: Any = None, padding_values: Any = None,
        pad_to_bucket_boundary: bool = False, no_padding: bool = False, drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Batches of elements of about the same length, each filled up to its longest.

        Parameters
        ----------
        element_length_func : the length of an element
        bucket_boundaries : lengths at which the next bucket begins
        bucket_batch_sizes : elements of a batch of each bucket, one more than boundaries
        """
        if len(bucket_batch_sizes) != len(bucket_boundaries) + 1:
            raise InvalidArgumentError(f"{len(bucket_batch_sizes)} batch sizes and {len(bucket_boundaries)} boundaries",
                                       op="bucket_by_sequence_length", fix="give one size more than boundaries")
        if pad_to_bucket_boundary:
            raise InvalidArgumentError("pad_to_bucket_boundary=True: batches are filled up to their longest element",
                                       op="bucket_by_sequence_length", fix="leave it out, or give padded_shapes")

        def batch(key: Any, window: Dataset) -> Dataset:
            size = bucket_batch_sizes[int(key)]
            if no_padding:
                return window.batch(size, drop_remainder)
            return window.padded_batch(size, padded_shapes, padding_values, drop_remainder)

        return self.group_by_window(
            lambda *element: int(np.searchsorted(bucket_boundaries, int(element_length_func(*element)), "right")),
            batch, window_size_func=lambda key: bucket_batch_sizes[int(key)])

    def unbatch(self, name: str | None = None) -> Dataset:
        """The pieces of the elements along their first axes."""
        return Dataset(lambda: sources.joined(builtins.map(sources.pieces, self)),
                       lambda: without_axis(self.element_spec), UNKNOWN_CARDINALITY)

    def rebatch(self, batch_size: int, drop_remainder: bool = False, name: str | None = None) -> Dataset:
        """Batches of another size."""
        return self.unbatch().batch(batch_size, drop_remainder)

    def window(
        self, size: int, shift: int | None = None, stride: int = 1, drop_remainder: bool = False,
        name: str | None = None,
    ) -> Dataset:
        """Datasets of neighbors: for each leaf of the elements one."""
        def parts(group: list[Any]) -> Any:
            structure, _ = taken_apart(group[0])
            columns = builtins.zip(*(taken_apart(e)[1] for e in group), strict=True)
            own = taken_apart(self.element_spec)[1]
            return structure.fill([_of_list(list(c), s) for c, s in builtins.zip(columns, own, strict=True)])

        spec = lambda: mapped(lambda s: _of_list([], s), self.element_spec)
        return Dataset(lambda: builtins.map(parts, sources.windows(iter(self), size, shift or size, stride,
                                                                   drop_remainder)), spec, UNKNOWN_CARDINALITY)

    def shuffle(
        self, buffer_size: int, seed: int | None = None, reshuffle_each_iteration: bool = True,
        name: str | None = None,
    ) -> Dataset:
        """Another order: each time one of the next `buffer_size` elements, drawn by chance; another in each pass.

        Raises
        ------
        InvalidArgumentError for a buffer of less than 1 element.
        """
        size = int(buffer_size)
        if size < 1:
            raise InvalidArgumentError(f"buffer_size={buffer_size}", op="shuffle", fix="use at least 1")
        rng = generator(seed)
        fixed = None if reshuffle_each_iteration else int(rng.integers(2**31))
        rows = self.rows
        full = rows is not None and size >= self._count and reshuffle_each_iteration and not rows.is_shuffled
        return Dataset(
            lambda: sources.shuffled(iter(self), size, rng if fixed is None else np.random.default_rng(fixed)),
            lambda: self.element_spec, self._count,
            replace(rows, order=lambda: rng.permutation(self._count))
            if rows is not None and full and rows.batch_size is None else None)

    def repeat(self, count: int | None = None, name: str | None = None) -> Dataset:
        """All elements `count` times; for ever if that is None or -1."""
        times = None if count is None or int(count) < 0 else int(count)
        total = INFINITE_CARDINALITY if times is None and self._count else (
            self._count if self._count < 0 else self._count * (times or 0))
        return Dataset(lambda: sources.repeated(self._source, times), lambda: self.element_spec,
                       total if times != 0 else 0)

    def take(self, count: int, name: str | None = None) -> Dataset:
        """The first elements; all if `count` is -1."""
        n = int(count)
        if n < 0:
            return self
        total = n if self._count == INFINITE_CARDINALITY else min(n, self._count) if self._count >= 0 else self._count
        return Dataset(lambda: sources.part(iter(self), 0, n), lambda: self.element_spec, total,
                       None if self.rows is None else self.rows.part(slice(0, n)))

    def skip(self, count: int, name: str | None = None) -> Dataset:
        """Those after the first; none if `count` is -1."""
        n = int(count)
        total = max(0, self._count - n) if self._count >= 0 else self._count
        return Dataset(lambda: sources.part(iter(self), n) if n >= 0 else iter(()),
                       lambda: self.element_spec, total if n >= 0 else 0,
                       None if self.rows is None else self.rows.part(slice(max(n, 0), None)))

    def shard(self, num_shards: int, index: int, name: str | None = None) -> Dataset:
        """Every `num_shards`-th element from number `index` on."""
        if not 0 <= index < num_shards:
            raise InvalidArgumentError(f"index={index} of {num_shards} shards", op="shard")
        count = len(builtins.range(index, self._count, num_shards)) if self._count >= 0 else self._count
        return Dataset(lambda: sources.part(iter(self), index, None, num_shards), lambda: self.element_spec,
                       count)

    def take_while(self, predicate: Callable[..., Any], name: str | None = None) -> Dataset:
        """The elements up to the first for which a function does not hold."""
        return Dataset(lambda: itertools.takewhile(lambda e: bool(predicate(*arguments(e))), self),
                       lambda: self.element_spec, UNKNOWN_CARDINALITY)

    def concatenate(self, dataset: Dataset, name: str | None = None) -> Dataset:
        """The elements of this and then those of another."""
        counts = self._count, dataset._count
        count = sum(counts) if min(counts) >= 0 else (
            INFINITE_CARDINALITY if INFINITE_CARDINALITY in counts else UNKNOWN_CARDINALITY)
        return Dataset(lambda: itertools.chain(self, dataset), lambda: self.element_spec, count)

    def enumerate(self, start: int = 0, name: str | None = None) -> Dataset:
        """Pairs of a number, counted from `start`, and an element."""
        def numbered(pair: list[Any]) -> Any:
            return _number(pair[0]), pair[1]

        return Dataset(
            lambda: builtins.map(numbered, sources.beside([itertools.count(start), iter(self)])),
            lambda: (TensorSpec((), "int64"), self.element_spec), self._count)

    def cache(self, filename: str = "", name: str | None = None) -> Dataset:
        """The elements, kept in memory when all have been taken once."""
        return Dataset(sources.Kept(self._source), lambda: self.element_spec, self._count,
                       None if self.rows is None or self.rows.is_shuffled else self.rows)

    def prefetch(self, buffer_size: Any = None, name: str | None = None) -> Dataset:
        """The same: elements are made when they are taken."""
        return self

    def with_options(self, options: Any, name: str | None = None) -> Dataset:
        """The same: there are no options."""
        return self

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """What a function of datasets makes of it."""
        return transformation_func(self)

    def scan(self, initial_state: Any, scan_func: Callable[..., Any], name: str | None = None) -> Dataset:
        """What a function of a state and an element returns beside the next state."""
        made = Dataset(lambda: sources.scanned(iter(self), element_of(initial_state), scan_func), None, self._count)
        made._spec = made._first_spec
        return made

    def reduce(self, initial_state: Any, reduce_func: Callable[..., Any], name: str | None = None) -> Any:
        """What is left when a function of a state and an element has gone over all."""
        state = element_of(initial_state)
        for e in self:
            state = element_of(reduce_func(state, e))
        return state

    def unique(self, name: str | None = None) -> Dataset:
        """Each element the first time that it comes."""
        return Dataset(lambda: sources.distinct(iter(self)), lambda: self.element_spec, UNKNOWN_CARDINALITY)

    def ignore_errors(self, log_warning: bool = False, name: str | None = None) -> Dataset:
        """The elements that can be made; those whose making raises an error of the engine are left out.

        Parameters
        ----------
        log_warning : whether the log tells the errors
        """
        return Dataset(lambda: sources.without_errors(self._source(), log_warning), lambda: self.element_spec,
                       self._count_of_some)

    def rejection_resample(
        self, class_func: Callable[..., Any], target_dist: Any, initial_dist: Any = None, seed: int | None = None,
        name: str | None = None,
    ) -> Dataset:
        """Pairs of a class and an element, so many elements left out by chance that classes are in wanted proportions.

        Parameters
        ----------
        class_func : the class of an element, a whole number from 0 on
        target_dist : wanted share of each class
        initial_dist : share of each class among the elements; counted along the way if None
        """
        rng = generator(seed)
        return Dataset(lambda: sources.resampled(iter(self), lambda e: class_func(*arguments(e)), target_dist,
                                                 initial_dist, rng),
                       lambda: (TensorSpec((), "int32"), self.element_spec), UNKNOWN_CARDINALITY)

    def get_single_element(self, name: str | None = None) -> Any:
        """The only element.

        Raises
        ------
        InvalidArgumentError if there is none, or more.
        """
        found = list(itertools.islice(iter(self), 2))
        if len(found) != 1:
            raise InvalidArgumentError(f"the dataset has {'no' if not found else 'more than one'} element",
                                       op="get_single_element")
        return found[0]

    # ------------------------------------------------ files

    def save(
        self, path: Any, compression: str | None = None, shard_func: Any = None, checkpoint_args: Any = None
    ) -> None:
        """Write all elements into a folder, from which `load` has them; the other arguments ask for nothing."""
        saved.save(self, path)

    @staticmethod
    def load(path: Any, element_spec: Any = None, compression: str | None = None, reader_func: Any = None) -> Dataset:
        """The dataset that `save` wrote into a folder.

        Raises
        ------
        NotFoundError if there is none; FileFormatError if it is damaged.
        """
        return Dataset(*saved.load(path))

    def snapshot(
        self, path: Any, compression: str = "AUTO", reader_func: Any = None, shard_func: Any = None,
        name: str | None = None,
    ) -> Dataset:
        """The elements, read from a folder if they were written there before.

        Otherwise they are kept as they come, and written when the last one has been taken.
        """
        def written() -> Elements:
            kept = []
            for element in self._source():
                kept.append(element)
                yield element
            saved.save(_of_list(kept, lambda: self.element_spec), path)

        def elements() -> Elements:
            return saved.load(path)[0]() if saved.is_there(path) else written()

        return Dataset(elements, lambda: self.element_spec, self._count)


def _of_list(elements: list[Any], spec: Any) -> Dataset:
    return Dataset(lambda: iter(elements), spec, len(elements))


def _number(value: Any) -> EagerTensor:
    return EagerTensor(np.asarray(value, np.int64))


def _batches(count: int, size: int, drop_remainder: bool) -> int:
    return count if count < 0 else count // size if drop_remainder else -(-count // size)
