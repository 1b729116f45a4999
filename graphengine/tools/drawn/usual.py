"""Which kinds people draw most, so that lists begin with them."""
from __future__ import annotations

from .catalog import Kind

USUAL = (
    "layer/Dense", "op/matmul", "op/add", "op/multiply", "op/relu", "layer/Conv2D", "layer/Dropout", "layer/Flatten",
    "layer/BatchNormalization", "layer/MaxPooling2D", "layer/Activation", "op/subtract", "op/reduce_mean",
    "op/reduce_sum", "op/softmax", "op/sigmoid", "op/tanh", "op/divide", "op/square", "op/exp", "op/log", "op/sqrt",
    "op/reshape", "op/transpose", "op/concat", "op/cast", "op/argmax", "op/reduce_max", "layer/Embedding", "layer/LSTM",
    "layer/LayerNormalization", "layer/MultiHeadAttention", "loss/MeanSquaredError",
    "loss/SparseCategoricalCrossentropy", "loss/BinaryCrossentropy", "loss/CategoricalCrossentropy",
    "op/placeholder", "op/const", "op/variable", "train",
)
_PLACES = {key: place for place, key in enumerate(USUAL)}


def usual_place(kind: Kind) -> int:
    """Where a kind stands among others, from 0: the usual ones, then the rest, then what changes variables."""
    return _PLACES.get(kind.key, len(USUAL) + (kind.category == "State"))
