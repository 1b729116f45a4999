"""The losses of a batch as one number."""
from __future__ import annotations

from typing import Any

from .. import dtypes
from ..ops.language import L
from .build import convert_to_tensor


def compute_average_loss(per_example_loss: Any, sample_weight: Any = None, global_batch_size: Any = None) -> Any:
    """The sum of the losses of a batch, each times its weight, divided by the size of the batch.

    Parameters
    ----------
    global_batch_size : the size of axis 0 of the losses if None
    """
    loss = convert_to_tensor(per_example_loss)
    if not loss.dtype.is_floating:
        loss = L.cast(loss, dtypes.float32)
    if sample_weight is not None:
        loss = loss * L.cast(sample_weight, loss.dtype)
    size = L.shape_of(loss)[0] if global_batch_size is None else global_batch_size
    return L.reduce_sum(loss) / L.cast(size, loss.dtype)


def scale_regularization_loss(regularization_loss: Any) -> Any:
    """The sum of the terms: with one replica there is nothing to divide by."""
    return L.reduce_sum(L.cast(regularization_loss, dtypes.float32))
