"""What `fit`, `evaluate` and `predict` are given, as arrays by the row, or as batches one after another."""
from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError, ShapeError
from ..frontend.structure import Structure, flatten, form_of
from .config import floatx

Array = np.ndarray[Any, Any]


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """The three parts of what a batch is: x, (x,), (x, y) or (x, y, sample_weight)."""
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise InvalidArgumentError(f"a batch has {len(data)} parts", fix="give (x, y) or (x, y, sample_weight)")
    return (*data, None, None)[:3]  # type: ignore[return-value]


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """What a batch is: x, or (x,) of a list or tuple; (x, y); or (x, y, sample_weight)."""
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def as_array(value: Any, label: str) -> Array:
    """Numbers as a dense array; fractions of 64 bits in the dtype of `floatx`."""
    if isinstance(value, (int, float)):
        raise InvalidArgumentError(f"{label} is a list of numbers, and a list means an array for each of several",
                                   fix=f"give np.array({label})")
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise InvalidArgumentError(f"{label} holds {array.dtype}, not numbers", fix="turn it into numbers first")
    if array.dtype.kind == "f" and array.dtype.itemsize == 8 and floatx() != "float64":
        array = array.astype(np.float32)
    elif not array.dtype.isnative:
        array = array.astype(array.dtype.newbyteorder("="))
    return np.ascontiguousarray(array) if array.ndim else array.reshape(1)


@dataclass(frozen=True)
class Samples:
    """Arrays of equal length: a row of each makes a sample.

    structure : rebuilds (x, y, sample_weight) from leaves; None where nothing was given
    leaves : arrays (n, ...)
    form : the structure, to compare
    """

    structure: Structure
    leaves: tuple[Any, ...]
    form: Any

    @property
    def arrays(self) -> list[Array]:
        return [a for a in self.leaves if a is not None]

    @property
    def count(self) -> int:
        return len(self.arrays[0])

    def take(self, index: Any) -> Samples:
        """Some of the rows, in that order."""
        return replace(self, leaves=tuple(None if a is None else a[index] for a in self.leaves))


def samples_of(
    x: Any, y: Any = None, sample_weight: Any = None, class_weight: Mapping[int, float] | None = None
) -> Samples:
    """Arrays as rows.

    Raises
    ------
    ShapeError if they differ in length; InvalidArgumentError for a class without a weight.
    """
    if class_weight is not None:
        sample_weight = weights_of_classes(y, class_weight, sample_weight)
    structure, leaves = flatten((x, y, sample_weight))
    parts = (("x", x), ("y", y), ("sample_weight", sample_weight))
    labels = [label for label, part in parts for _ in flatten(part)[1]]
    arrays = tuple(None if a is None else as_array(a, label) for a, label in zip(leaves, labels, strict=True))
    first = next((a for a in arrays if a is not None), None)
    if first is None:
        raise InvalidArgumentError("there is no data", fix="give x")
    for a, label in zip(arrays, labels, strict=True):
        if a is not None and len(a) != len(first):
            raise ShapeError(f"x has {len(first)} samples, {label} has {len(a)}", fix="give as many of each")
    return Samples(structure, arrays, form_of((x, y, sample_weight)))


def weights_of_classes(y: Any, class_weight: Mapping[int, float], sample_weight: Any) -> Array:
    """The weight of each sample from that of its class."""
    labels = np.asarray(y)
    if labels.ndim > 1 and labels.shape[-1] > 1:
        labels = labels.argmax(-1)
    labels = labels.reshape(len(labels)).astype(np.int64)
    missing = sorted(set(labels.tolist()) - set(class_weight))
    if missing:
        raise InvalidArgumentError(f"class_weight has no weight for class {missing[0]}")
    table = np.array([class_weight.get(k, 1.0) for k in range(int(labels.max()) + 1)], np.float32)
    weights = table[labels]
    return weights if sample_weight is None else weights * np.asarray(sample_weight, np.float32)


def split_samples(rows: Samples, share: float) -> tuple[Samples, Samples]:
    """The last `share` of the rows apart, for validation.

    Raises
    ------
    InvalidArgumentError if one part would be empty.
    """
    if not 0 < share < 1:
        raise InvalidArgumentError(f"validation_split={share} is outside (0, 1)")
    at = int(np.floor(rows.count * (1.0 - share)))
    if at == 0 or at == rows.count:
        raise InvalidArgumentError(f"{rows.count} samples cannot be split with validation_split={share}",
                                   fix="give more samples, or validation_data")
    return rows.take(slice(0, at)), rows.take(slice(at, None))


def is_batches(x: Any) -> bool:
    """Whether x gives batches itself: a generator, an iterator, a Sequence of Keras."""
    if isinstance(x, (np.ndarray, list, tuple, Mapping)) or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__next__") or hasattr(x, "__getitem__") or hasattr(x, "__iter__")


def samples_in(dataset: Any, class_weight: Mapping[int, float] | None = None) -> tuple[Samples, int, bool] | None:
    """Rows, batch size and whether they are shuffled, of a dataset of `data` that is no more than that."""
    from ..data.rows import RowsPlan  # who has a dataset has loaded it

    plan = getattr(dataset, "rows", None)
    if not isinstance(plan, RowsPlan) or plan.batch_size is None:
        return None
    return samples_of(*unpack_x_y_sample_weight(plan.arrays), class_weight), plan.batch_size, plan.is_shuffled


def batches_of(
    source: Any, steps: int | None, rng: np.random.Generator | None = None,
    class_weight: Mapping[int, float] | None = None,
) -> Iterator[Samples]:
    """The batches that a source gives in one epoch; in an order drawn from `rng` if it gives them by number."""
    getattr(source, "on_epoch_begin", _nothing)()
    if hasattr(source, "__getitem__") and hasattr(source, "__len__"):
        order = np.arange(len(source)) if rng is None else rng.permutation(len(source))
        count = len(source) if steps is None else steps
        items: Iterator[Any] = (source[int(order[k % len(source)])] for k in range(count))
    else:
        items = itertools.islice(source, steps)
    try:
        for item in items:
            yield samples_of(*unpack_x_y_sample_weight(item), class_weight)
    finally:                                # training may stop within an epoch
        getattr(source, "on_epoch_end", _nothing)()


def _nothing() -> None:
    """What a source does at the begin and the end of an epoch if it does not say."""


class Order:
    """Which rows make the batches of one epoch after another.

    Parameters
    ----------
    count : number of rows
    batch_size : rows of a batch; the last has those that are left over
    shuffle : whether each pass over the rows has an order of its own, drawn by `order_generator`
    steps : batches of an epoch, which goes on where the one before ended, but not beyond the last row; None: all

    Attributes
    ----------
    places : the rows in their order; the next order is written into the same memory
    full : number of batches of the full size
    steps : batches of an epoch
    """

    def __init__(self, count: int, batch_size: int, shuffle: bool, steps: int | None = None) -> None:
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.places = np.arange(count, dtype=np.int64)
        self.full = count // batch_size
        self._batches = -(-count // batch_size)
        self.steps = self._batches if steps is None else min(steps, self._batches)
        self._next = self._batches

    def next_epoch(self) -> range:
        """Numbers of the batches of the next epoch."""
        if self._next == self._batches:
            self._next = 0
            if self.shuffle:
                self.places[:] = order_generator().permutation(len(self.places))
        first, self._next = self._next, min(self._next + self.steps, self._batches)
        return range(first, self._next)

    def batch(self, number: int) -> Array:
        """The rows of a batch."""
        return self.places[number * self.batch_size:(number + 1) * self.batch_size]


def joined(parts: Sequence[Any]) -> Any:
    """Results of several batches one after another."""
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


_generator = np.random.default_rng()


def order_generator() -> np.random.Generator:
    """Orders of samples; `utils.set_random_seed` makes them begin anew."""
    return _generator


def seed_orders(seed: int) -> None:
    """Let the orders of samples follow from a seed."""
    global _generator
    _generator = np.random.default_rng(seed)
