"""Losses with their arguments by name, dropout by the share that is kept, and layers in one call."""
from __future__ import annotations

from typing import Any

from ... import dtypes
from ...errors import InvalidArgumentError
from ...frontend import random
from ...frontend.build import convert_to_tensor
from ...frontend.moments import batch_normalization
from ...ops.language import L


def dropout(
    x: Any, keep_prob: Any = None, noise_shape: Any = None, seed: int | None = None, name: str | None = None,
    rate: Any = None,
) -> Any:
    """Elements set to 0 at random, and the others divided by the chance to be kept.

    Parameters
    ----------
    keep_prob : chance of an element to be kept, in (0, 1]
    rate : chance of an element to become 0; in the place of `keep_prob`
    """
    if (keep_prob is None) == (rate is None):
        raise InvalidArgumentError("one of keep_prob and rate is to be given", op="dropout")
    return random.dropout(x, 1 - keep_prob if rate is None else rate, noise_shape, seed, name)


def _by_name(function: str, _sentinel: Any, labels: Any, logits: Any) -> None:
    if _sentinel is not None or labels is None or logits is None:
        raise InvalidArgumentError("labels and logits are given by name, since their order has changed", op=function,
                                   fix=f"{function}(labels=..., logits=...)")


def softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, dim: int | None = None, name: str | None = None,
    axis: int | None = None,
) -> Any:
    """Cross-entropy of given probabilities and the softmax of logits; no gradient goes to `labels`."""
    _by_name("softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    chosen = next((k for k in (axis, dim) if k is not None), -1)
    return L.softmax_cross_entropy_with_logits(L.stop_gradient(labels), logits, chosen, name=name)


def softmax_cross_entropy_with_logits_v2(
    labels: Any, logits: Any, axis: int | None = None, name: str | None = None, dim: int | None = None
) -> Any:
    """Cross-entropy of given probabilities and the softmax of logits."""
    chosen = next((k for k in (axis, dim) if k is not None), -1)
    return L.softmax_cross_entropy_with_logits(labels, logits, chosen, name=name)


def sparse_softmax_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """Cross-entropy of one given class and the softmax of logits."""
    _by_name("sparse_softmax_cross_entropy_with_logits", _sentinel, labels, logits)
    return L.sparse_softmax_cross_entropy_with_logits(labels, logits, name=name)


def sigmoid_cross_entropy_with_logits(
    _sentinel: Any = None, labels: Any = None, logits: Any = None, name: str | None = None
) -> Any:
    """Cross-entropy of independent labels and the sigmoid of logits, element by element."""
    _by_name("sigmoid_cross_entropy_with_logits", _sentinel, labels, logits)
    return L.sigmoid_cross_entropy_with_logits(labels, logits, name=name)


def xw_plus_b(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """``x @ weights + biases``."""
    return L.add(L.matmul(x, weights), biases, name=name or "xw_plus_b")


def relu_layer(x: Any, weights: Any, biases: Any, name: str | None = None) -> Any:
    """``relu(x @ weights + biases)``."""
    return L.relu(xw_plus_b(x, weights, biases), name=name or "relu_layer")


def fused_batch_norm(
    x: Any, scale: Any, offset: Any, mean: Any = None, variance: Any = None, epsilon: float = 0.001,
    data_format: str = "NHWC", is_training: bool = True, name: str | None = None, exponential_avg_factor: float = 1.0,
) -> tuple[Any, Any, Any]:
    """Images with mean `offset` and standard deviation `scale` for each channel; and the running mean and variance.

    Parameters
    ----------
    mean, variance : in inference those to use; in training the running ones, if `exponential_avg_factor` is below 1
    exponential_avg_factor : share of the batch's moments in the running ones. The variance is then that without bias.

    Raises
    ------
    InvalidArgumentError if mean and variance are wanted and missing.
    """
    if (mean is None or variance is None) and (not is_training or exponential_avg_factor != 1.0):
        raise InvalidArgumentError("mean and variance are to be given", op="nn.fused_batch_norm")
    x = convert_to_tensor(x)
    channels = data_format.index("C")
    axes, sizes = [k for k in range(4) if k != channels], [1 if k != channels else -1 for k in range(4)]
    if not is_training:
        mid, spread, low, wide = (L.reshape(v, sizes) for v in (mean, variance, offset, scale))
        y = batch_normalization(x, mid, spread, low, wide, epsilon, name)
        return y, convert_to_tensor(mean), convert_to_tensor(variance)
    wide = L.cast(x, dtypes.float32) if x.dtype.size < 4 else x
    found, spread = L.reduce_mean(wide, axes), L.reduce_variance(wide, axes)
    mid, around, low, factor = (L.reshape(v, sizes) for v in (found, spread, offset, scale))
    y = L.cast(batch_normalization(wide, mid, around, low, factor, epsilon), x.dtype, name=name)
    count = L.cast(L.count_along(wide, axes), wide.dtype)
    moments = [found, spread * count / L.maximum(count - 1, 1)]
    if exponential_avg_factor != 1.0:
        share = exponential_avg_factor
        moments = [old * (1 - share) + new * share for old, new in zip((mean, variance), moments, strict=True)]
    return y, moments[0], moments[1]


FUNCTIONS: dict[str, Any] = {f"nn.{f.__name__}": f for f in (
    dropout, fused_batch_norm, relu_layer, sigmoid_cross_entropy_with_logits, softmax_cross_entropy_with_logits,
    softmax_cross_entropy_with_logits_v2, sparse_softmax_cross_entropy_with_logits, xw_plus_b)}
