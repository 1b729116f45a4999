"""Numbers in order that come nearest to others."""
from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from ..ops.language import L
from . import pieces
from .arrangement import axis_last
from .build import convert_to_tensor
from .calls import numpy_function

Array = np.ndarray[Any, Any]


def isotonic_regression(inputs: Any, decreasing: bool = True, axis: int = -1) -> tuple[Any, Any]:
    """The numbers in descending, or ascending, order that are nearest to others, by the sum of squared differences.

    Returns
    -------
    the numbers, and which stretch of equal ones each is in, counted from 0

    References
    ----------
    Best and Chakravarti (1990), "Active set algorithms for isotonic regression", section 2.
    """
    x = convert_to_tensor(inputs)
    if not x.dtype.is_floating:
        x = L.cast(x, dtypes.float32 if x.dtype.size <= 2 else dtypes.float64)
    order = axis_last(x.rank, axis)
    moved = L.transpose(x, order)
    n = L.shape_of(moved)[-1]
    rows = L.reshape(moved, L.stack([L.size_of(moved) // L.maximum(n, 1), n]))
    stretches = numpy_function(lambda a: _stretches(-a if decreasing else a), [rows], dtypes.int32)
    stretches.set_shape(rows.shape)
    first = pieces.range(0, L.shape_of(rows)[0]) * n         # each row has numbers of its own
    places = L.reshape(stretches + L.expand_dims(first, 1), (-1,))
    means = L.unsorted_segment_mean(L.reshape(rows, (-1,)), places, L.size_of(rows))
    back = [order.index(k) for k in range(x.rank)]
    found, which = (L.transpose(L.reshape_like(t, moved), back) for t in (L.gather(means, places), stretches))
    return found, which


def _stretches(rows: Array) -> Array:
    """For each row the stretches over which means ascend: neighbors out of order are put together."""
    found = np.zeros(rows.shape, np.int32)
    for k, row in enumerate(rows.astype(np.float64)):
        sums: list[float] = []
        counts: list[int] = []
        for x in row.tolist():
            sums.append(x)
            counts.append(1)
            while len(sums) > 1 and sums[-2] * counts[-1] > sums[-1] * counts[-2]:
                last, many = sums.pop(), counts.pop()
                sums[-1] += last
                counts[-1] += many
        found[k] = np.repeat(np.arange(len(counts)), counts)
    return found
