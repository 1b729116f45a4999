"""Sequences as arrays: of one length, in windows over time, and as pairs of words that stand near each other."""
from __future__ import annotations

import json
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import ShapeError
from ..utils import PyDataset, pad_sequences


class TimeseriesGenerator(PyDataset):
    """Batches of windows over data, and what comes right after each.

    Parameters
    ----------
    data, targets : of equal length; arrays or lists of steps
    length : steps that a window reaches back
    sampling_rate : from one step of a window to the next
    stride : from one window to the next
    start_index, end_index : of the data that count; the last one if None
    shuffle : draw windows at random, with numpy's own numbers
    reverse : let a window begin with its last step
    batch_size : windows in a batch

    Raises
    ------
    ShapeError for data and targets of different lengths, or too few steps for a window.

    Examples
    --------
    >>> import numpy as np
    >>> from graphengine.keras.preprocessing.sequence import TimeseriesGenerator
    >>> x, y = TimeseriesGenerator(np.arange(10), np.arange(10) * 10, length=3, batch_size=2)[0]
    >>> print(x.tolist(), y.tolist())
    [[0, 1, 2], [1, 2, 3]] [30, 40]
    """

    def __init__(
        self, data: Any, targets: Any, length: int, sampling_rate: int = 1, stride: int = 1, start_index: int = 0,
        end_index: int | None = None, shuffle: bool = False, reverse: bool = False, batch_size: int = 128,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if len(data) != len(targets):
            raise ShapeError(f"{len(data)} steps of data, {len(targets)} targets", op="TimeseriesGenerator")
        self.data, self.targets, self.length = data, targets, length
        self.sampling_rate, self.stride = sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise ShapeError(f"a window of {length} steps from {start_index} on ends behind {self.end_index}",
                             op="TimeseriesGenerator", fix="give more data, or a smaller length")

    def __len__(self) -> int:
        step = self.batch_size * self.stride
        return (self.end_index - self.start_index + step) // step

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)  # noqa: NPY002
        else:
            first = self.start_index + self.batch_size * self.stride * index
            rows = np.arange(first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride)
        windows = np.array([self.data[row - self.length:row:self.sampling_rate] for row in rows])
        return windows[:, ::-1] if self.reverse else windows, np.array([self.targets[row] for row in rows])

    def get_config(self) -> dict[str, Any]:
        """The settings as plain data; data and targets as JSON."""
        plain = {name: json.dumps(np.asarray(getattr(self, name)).tolist()) for name in ("data", "targets")}
        names = ("length", "sampling_rate", "stride", "start_index", "end_index", "shuffle", "reverse", "batch_size")
        return {**plain, **{name: getattr(self, name) for name in names}}

    def to_json(self, **kwargs: Any) -> str:
        """The configuration as JSON; `kwargs` are those of ``json.dumps``."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)


def make_sampling_table(size: int, sampling_factor: float = 1e-5) -> Any:
    """For each word by its rank the probability to be kept, so that frequent words are rarer: Zipf's law is assumed.

        frequency(rank) = 1 / (rank * (log(rank) + 0.577) + 1/2 - 1 / (12 rank))

    Parameters
    ----------
    size : number of words
    sampling_factor : frequency from which on words are left out

    References
    ----------
    Mikolov et al. (2013), "Distributed representations of words and phrases and their compositionality", section 2.3.
    """
    rank = np.arange(size)
    rank[0] = 1
    inverse = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)
    return np.minimum(1.0, np.sqrt(sampling_factor * inverse))


def skipgrams(
    sequence: Sequence[int], vocabulary_size: int, window_size: int = 4, negative_samples: float = 1.0,
    shuffle: bool = True, categorical: bool = False, sampling_table: Any = None, seed: int | None = None,
) -> tuple[list[list[int]], list[Any]]:
    """Pairs of words that stand near each other, labeled 1, and random pairs, labeled 0; by Python's random numbers.

    Parameters
    ----------
    sequence : numbers of words; 0 stands for none
    vocabulary_size : number of words
    window_size : how far words of a pair are apart at most
    negative_samples : number of random pairs for each other one
    shuffle : whether to mix the pairs
    categorical : give labels as [0, 1] and [1, 0]
    sampling_table : for each word the probability to be taken
    seed : of the mixing
    """
    pairs: list[list[int]] = []
    for place, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        near = range(max(0, place - window_size), min(len(sequence), place + window_size + 1))
        pairs += [[word, sequence[k]] for k in near if k != place and sequence[k]]
    labels: list[Any] = [[0, 1] if categorical else 1 for _ in pairs]
    if negative_samples > 0:
        count = int(len(labels) * negative_samples)
        words = [first for first, _ in pairs]
        random.shuffle(words)
        pairs += [[words[k % len(words)], random.randint(1, vocabulary_size - 1)] for k in range(count)]
        labels += [[1, 0] if categorical else 0 for _ in range(count)]
    if shuffle:
        seed = random.randint(0, 10_000_000) if seed is None else seed
        for values in (pairs, labels):
            random.seed(seed)
            random.shuffle(values)
    return pairs, labels


__all__ = ["TimeseriesGenerator", "make_sampling_table", "pad_sequences", "skipgrams"]
