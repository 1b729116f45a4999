"""Names that `data` had before they became methods of datasets, and that programs still use.

Most make a function of datasets, for `Dataset.apply`.
"""
from __future__ import annotations

import functools
import inspect
import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import FailedPreconditionError, InvalidArgumentError, OutOfRangeError
from ..frontend.structure import form_of
from ..frontend.surface import refusing
from ..ir.eager import EagerTensor
from .dataset import Dataset
from .elements import arguments, element_of, mapped, spec_of
from .sources import AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Elements

Transformation = Callable[[Dataset], Dataset]


def _applied(method: Callable[..., Any], name: str | None = None) -> Callable[..., Transformation]:
    """A function of a method's arguments that gives a function of datasets."""
    signature = inspect.signature(method)
    parts = [p for p in signature.parameters.values() if p.name not in ("self", "name")]

    @functools.wraps(method)
    def made(*args: Any, **kwargs: Any) -> Transformation:
        return lambda dataset: method(dataset, *args, **kwargs)

    made.__signature__ = signature.replace(parameters=parts, return_annotation=Transformation)  # type: ignore[attr-defined]
    made.__name__ = made.__qualname__ = name or method.__name__
    made.__module__ = __name__
    made.__doc__ = f"A function of datasets, for `Dataset.apply`: {(method.__doc__ or '').strip()}"
    return made


bucket_by_sequence_length = _applied(Dataset.bucket_by_sequence_length)
enumerate_dataset = _applied(Dataset.enumerate, "enumerate_dataset")
group_by_window = _applied(Dataset.group_by_window)
ignore_errors = _applied(Dataset.ignore_errors)
rejection_resample = _applied(Dataset.rejection_resample)
scan = _applied(Dataset.scan)
snapshot = _applied(Dataset.snapshot)
take_while = _applied(Dataset.take_while)
unbatch = _applied(Dataset.unbatch)
unique = _applied(Dataset.unique)


def shuffle_and_repeat(buffer_size: int, count: int | None = None, seed: int | None = None) -> Transformation:
    """A function of datasets: `Dataset.shuffle`, another order in each pass, then `repeat`."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


def map_and_batch(
    map_func: Callable[..., Any], batch_size: int, num_parallel_batches: Any = None, drop_remainder: bool = False,
    num_parallel_calls: Any = None,
) -> Transformation:
    """A function of datasets: `Dataset.map`, then `batch`."""
    return lambda dataset: dataset.map(map_func).batch(batch_size, drop_remainder)


def parallel_interleave(
    map_func: Callable[..., Any], cycle_length: int, block_length: int = 1, sloppy: bool | None = False,
    buffer_output_elements: Any = None, prefetch_input_elements: Any = None,
) -> Transformation:
    """A function of datasets: `Dataset.interleave`."""
    return lambda dataset: dataset.interleave(map_func, cycle_length, block_length)


# -------------------------------------------------------------------- how many there are

def cardinality(dataset: Any) -> Any:
    """The number of elements; see `Dataset.cardinality`."""
    return dataset.cardinality()


def assert_cardinality(expected_cardinality: Any) -> Transformation:
    """A function of datasets that gives them a known number of elements.

    Raises
    ------
    FailedPreconditionError, when taken, if there are more or fewer.
    """
    wanted = int(expected_cardinality)

    def elements(dataset: Dataset) -> Elements:
        count = 0
        for count, element in enumerate(dataset, 1):
            if 0 <= wanted < count:
                break
            yield element
        if count != wanted:
            raise FailedPreconditionError(f"Input dataset was expected to contain {wanted} elements but contained "
                                          f"{'more' if count > wanted >= 0 else count}.", op="assert_cardinality")

    return lambda dataset: Dataset(lambda: elements(dataset), lambda: dataset.element_spec, wanted)


def pad_to_cardinality(cardinality: Any, mask_key: str = "valid") -> Transformation:
    """A function of datasets of dicts: zeros behind the elements, up to a number of them.

    Parameters
    ----------
    mask_key : a further entry of the dicts, False for those that were added

    Raises
    ------
    InvalidArgumentError for other elements, and if it is not known how many there are, or there are more.
    """
    wanted = int(cardinality)

    def marked(element: Any, is_valid: bool) -> Any:
        return {**element, mask_key: EagerTensor(np.asarray(is_valid))}

    def padded(dataset: Dataset) -> Dataset:
        count = int(dataset.cardinality())
        if not 0 <= count <= wanted or not isinstance(dataset.element_spec, Mapping):
            raise InvalidArgumentError(f"{count} elements of {dataset.element_spec}; it takes dicts, up to {wanted}",
                                       op="pad_to_cardinality")
        zeros = mapped(lambda s: EagerTensor(np.zeros(s.shape.numbers(), s.dtype.numpy)),  # type: ignore[attr-defined]
                       dataset.element_spec)

        def elements() -> Elements:
            return itertools.chain((marked(e, True) for e in dataset),
                                   itertools.repeat(marked(zeros, False), wanted - count))

        return Dataset(elements, spec_of(marked(zeros, True)), wanted)

    return padded


# -------------------------------------------------------------------- groups

@dataclass(frozen=True)
class Reducer:
    """How `group_by_reducer` makes one element of a group: the start for its key, what follows a state, the end."""

    init_func: Callable[[Any], Any]
    reduce_func: Callable[..., Any]
    finalize_func: Callable[[Any], Any]


def group_by_reducer(key_func: Callable[..., Any], reducer: Reducer) -> Transformation:
    """A function of datasets: one element for each key, in the order of the keys.

    Parameters
    ----------
    key_func : the key of an element, a whole number
    """
    def elements(dataset: Dataset) -> Elements:
        states: dict[int, Any] = {}
        for element in dataset:
            key = int(key_func(*arguments(element)))
            if key not in states:
                states[key] = element_of(reducer.init_func(EagerTensor(np.asarray(key, np.int64))))
            states[key] = element_of(reducer.reduce_func(states[key], element))
        return (element_of(reducer.finalize_func(states[key])) for key in sorted(states))

    def grouped(dataset: Dataset) -> Dataset:
        made = Dataset(lambda: elements(dataset), None, UNKNOWN_CARDINALITY)
        made._spec = made._first_spec
        return made

    return grouped


# -------------------------------------------------------------------- where elements come from

Counter = Dataset.counter
RandomDataset = Dataset.random
sample_from_datasets = Dataset.sample_from_datasets
load = Dataset.load


def save(
    dataset: Dataset, path: Any, compression: str | None = None, shard_func: Any = None, checkpoint_args: Any = None
) -> None:
    """Write all elements into a folder; see `Dataset.save`."""
    dataset.save(path)


def choose_from_datasets(
    datasets: Sequence[Dataset], choice_dataset: Any, stop_on_empty_dataset: bool = False
) -> Dataset:
    """Elements of several datasets, in the order of the numbers in `choice_dataset`."""
    return Dataset.choose_from_datasets(datasets, choice_dataset, stop_on_empty_dataset)


def from_list(elements: Sequence[Any], name: str | None = None) -> Dataset:
    """The elements of a list.

    Raises
    ------
    InvalidArgumentError if the list is empty, or the elements differ in structure.
    """
    found = [element_of(e) for e in elements]
    if not found:
        raise InvalidArgumentError("elements is empty, so nothing says what they are", op="data.experimental.from_list")
    if any(form_of(e) != form_of(found[0]) for e in found):
        raise InvalidArgumentError("elements differ in structure", op="data.experimental.from_list")
    return Dataset(lambda: iter(found), spec_of(found[0]), len(found))


def get_single_element(dataset: Dataset) -> Any:
    """The only element; see `Dataset.get_single_element`."""
    return dataset.get_single_element()


def at(dataset: Dataset, index: Any) -> Any:
    """The element with a number, counted from 0.

    Raises
    ------
    OutOfRangeError if there is none.
    """
    k = int(index)
    found = next(itertools.islice(iter(dataset), k, None), None) if k >= 0 else None
    if found is None:
        raise OutOfRangeError(f"there is no element {k}", op="data.experimental.at")
    return found


__all__ = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Counter", "RandomDataset", "Reducer",
           "assert_cardinality", "at", "bucket_by_sequence_length", "cardinality", "choose_from_datasets",
           "enumerate_dataset", "from_list", "get_single_element", "group_by_reducer", "group_by_window",
           "ignore_errors", "load", "map_and_batch", "pad_to_cardinality", "parallel_interleave",
           "rejection_resample", "sample_from_datasets", "save", "scan", "shuffle_and_repeat", "snapshot",
           "take_while", "unbatch", "unique"]
__getattr__ = refusing(__name__, lambda: __all__)
