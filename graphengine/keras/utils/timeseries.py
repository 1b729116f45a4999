"""Windows that slide over a time series, as a dataset of batches."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...data import Dataset
from ...errors import AttributeValueError
from ...frontend.random import generator


def timeseries_dataset_from_array(
    data: Any, targets: Any, sequence_length: int, sequence_stride: int = 1, sampling_rate: int = 1,
    batch_size: int | None = 128, shuffle: bool = False, seed: int | None = None, start_index: int | None = None,
    end_index: int | None = None,
) -> Dataset:
    """Windows of a time series.

    Parameters
    ----------
    data : (steps, ...)
    targets : for the window that begins at step k its target number k; None for windows alone
    sequence_length : steps of a window
    sequence_stride : steps between the beginnings of two windows
    sampling_rate : steps between two that a window holds
    batch_size : windows of a batch; None: windows one by one
    start_index, end_index : part of the steps that is used

    Raises
    ------
    AttributeValueError for a length, stride or rate below 1, or a part outside the data.
    """
    for name, value in (("sequence_length", sequence_length), ("sequence_stride", sequence_stride),
                        ("sampling_rate", sampling_rate)):
        if value < 1:
            raise AttributeValueError(f"{name}={value}; it takes a whole number from 1 on",
                                      op="timeseries_dataset_from_array")
    whole = np.asarray(data)
    first = 0 if start_index is None else start_index
    last = len(whole) if end_index is None else end_index
    if not 0 <= first <= last <= len(whole):
        raise AttributeValueError(f"steps {first} to {last} of {len(whole)}", op="timeseries_dataset_from_array")
    span = (sequence_length - 1) * sampling_rate
    starts = len(whole[first:last]) - span if targets is None else min(
        len(np.asarray(targets)), last - first - span)
    begins = np.arange(0, max(starts, 0), sequence_stride) + first
    if shuffle:
        begins = generator(seed).permutation(begins)
    windows = whole[begins[:, None] + np.arange(0, span + 1, sampling_rate)]
    parts: Sequence[Any] = (windows,) if targets is None else (windows, np.asarray(targets)[begins])
    made = Dataset.from_tensor_slices(parts[0] if targets is None else tuple(parts))
    if batch_size is None:
        return made
    if shuffle:
        made = made.shuffle(buffer_size=batch_size * 8, seed=seed)
    return made.batch(batch_size)

