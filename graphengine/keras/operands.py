"""Arguments of losses, metrics and activations as tensors: of one dtype, and of one rank where Keras makes it so."""
from __future__ import annotations

from typing import Any

from ..dtypes import as_dtype
from ..errors import ShapeError
from ..frontend.build import convert_to_tensor
from ..ops.language import L
from .config import epsilon


def to_tensor(x: Any, dtype: Any = None) -> Any:
    """`x` as a tensor, of another dtype if one is given."""
    tensor = convert_to_tensor(x)
    wanted = tensor.dtype if dtype is None else as_dtype(dtype)
    return tensor if tensor.dtype is wanted else L.cast(tensor, wanted)


def same_rank(x1: Any, x2: Any, expand_rank_1: bool = True) -> tuple[Any, Any]:
    """Two tensors of which one may have a last axis of size 1 more: the other gets it too, or it goes.

    Where the number of axes is not known they stay as they are.

    expand_rank_1 : let a vector get the axis, so that a column stays one
    """
    if x1.shape.rank == x2.shape.rank or None in (x1.shape.rank, x2.shape.rank):
        return x1, x2
    if x1.shape.rank == x2.shape.rank + 1 and x1.shape[-1] == 1:
        if x2.shape.rank == 1 and expand_rank_1:
            return x1, L.expand_dims(x2, -1)
        return L.squeeze(x1, -1), x2
    if x2.shape.rank == x1.shape.rank + 1:
        x2, x1 = same_rank(x2, x1, expand_rank_1)
    return x1, x2


def targets_and_outputs(y_true: Any, y_pred: Any) -> tuple[Any, Any]:
    """Both as tensors of the outputs' dtype and of one rank.

    Raises
    ------
    ShapeError if the numbers of axes differ, as those of numbers of classes and of a score for each class.
    """
    outputs = to_tensor(y_pred)
    targets, outputs = same_rank(to_tensor(y_true, outputs.dtype), outputs)
    if None not in (ranks := (targets.shape.rank, outputs.shape.rank)) and 0 not in ranks and ranks[0] != ranks[1]:
        raise ShapeError(
            f"targets have shape {targets.shape}, outputs {outputs.shape}",
            fix="give targets of the outputs' shape; for numbers of classes use sparse_categorical_crossentropy",
        )
    return targets, outputs


def count_of(x: Any, dtype: Any) -> Any:
    """The number of elements, as a tensor that may be divided by."""
    return L.cast(L.size_of(x), dtype)


def normalized(x: Any, axis: int) -> Any:
    """`x` divided by its Euclidean norm along an axis, which counts as `epsilon` where it is smaller."""
    return L.l2_normalize(x, axis, epsilon() ** 2)
