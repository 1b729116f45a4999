"""Functions of neural networks: activations, normalization, losses, attention, segments."""
from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import AttributeValueError
from ...frontend import moments as statistics
from ...ops.language import L
from ..config import epsilon as _epsilon
from ..config import floatx
from .arrangement import moveaxis
from .matrices import norm
from .promotion import floating, tensor, together


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)"""
    found = tensor(x)
    return L.cast(L.relu6(floating(found)), found.dtype if found.dtype.is_integer else floating(found).dtype)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Any:
    """Rectifier with a slope for negative numbers."""
    return L.leaky_relu(floating(x), negative_slope)


def soft_shrink(x: Any, threshold: float = 0.5) -> Any:
    """x moved towards 0 by a threshold, and 0 where that would pass it."""
    return L.soft_shrink(floating(x), threshold)


def softmax(x: Any, axis: Any = -1) -> Any:
    """Positive numbers that add up to 1 along axes, all of them if None, in the proportions of ``e^x``."""
    return _along(L.softmax, floating(x), axis)


def log_softmax(x: Any, axis: Any = -1) -> Any:
    """Logarithm of the softmax."""
    return _along(L.log_softmax, floating(x), axis)


def _along(function: Any, x: Any, axis: Any) -> Any:
    """A function along an axis, of several axes as one."""
    if isinstance(axis, int):
        return function(x, axis)
    axes = list(range(x.rank)) if axis is None else [k % x.rank for k in axis]
    if len(axes) == 1:
        return function(x, axes[0])
    order = [*(k for k in range(x.rank) if k not in axes), *axes]
    moved = L.transpose(x, tuple(order))
    flat = L.reshape(moved, L.concat([L.shape_of(moved)[:x.rank - len(axes)], [-1]], 0))
    return L.transpose(L.reshape_like(function(flat, -1), moved), tuple(int(k) for k in np.argsort(order)))


def gelu(x: Any, approximate: bool = True) -> Any:
    """x times the probability that a normal number is below x."""
    return L.gelu(floating(x), approximate)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """1 at the class that a number names, 0 at the others."""
    found = tensor(x)
    places = L.cast(found, "int32") if found.dtype.is_floating else found
    return L.one_hot(places, num_classes, axis=axis, dtype=dtype or floatx())


def multi_hot(inputs: Any, num_classes: int | None = None, axis: int = -1, dtype: Any = None, sparse: bool = False,
              **kwargs: Any) -> Any:
    """1 at all classes that the numbers along the last axis name, 0 at the others."""
    count = kwargs.pop("num_tokens", num_classes)
    found = tensor(inputs)
    places = one_hot(found, count, dtype=dtype)
    return L.reduce_max(places, 1 if found.rank > 1 else 0)


def moments(x: Any, axes: Any, keepdims: bool = False, synchronized: bool = False) -> tuple[Any, Any]:
    """Mean and variance along axes."""
    return statistics.moments(floating(x), axes, keepdims=keepdims)


def batch_normalization(
    x: Any, mean: Any, variance: Any, axis: int, offset: Any = None, scale: Any = None, epsilon: float = 1e-3,
) -> Any:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset, with these along one axis."""
    found = floating(x)
    shape = tuple(-1 if k == axis % found.rank else 1 for k in range(found.rank))
    m, v, b, g = (None if x is None else L.reshape(tensor(x, found.dtype), shape)
                  for x in (mean, variance, offset, scale))
    return statistics.batch_normalization(found, m, v, b, g, epsilon)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float | None = None, **kwargs: Any,
) -> Any:
    """Numbers with mean 0 and variance 1 along axes, times `gamma`, plus `beta`."""
    found = floating(x)
    axes = [axis] if isinstance(axis, int) else list(axis)
    mean, variance = statistics.moments(found, axes, keepdims=True)
    y = (found - mean) * L.rsqrt(variance + (_epsilon() if epsilon is None else epsilon))
    y = y if gamma is None else y * tensor(gamma, found.dtype)
    return y if beta is None else y + tensor(beta, found.dtype)


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Any:
    """Numbers divided by the root of the mean of their squares along axes, times `scale`."""
    found = floating(x)
    mean = L.reduce_mean(L.square(found), axis, True)
    y = found * L.rsqrt(mean + (_epsilon() if epsilon is None else epsilon))
    return y if scale is None else y * tensor(scale, found.dtype)


def normalize(x: Any, axis: int = -1, order: float = 2, epsilon: float | None = None) -> Any:
    """Numbers divided by their norm along an axis."""
    found = floating(x)
    found = found if found.rank else L.reshape(found, (1,))
    length = norm(found, order, axis, True)
    return found / L.maximum(length, 1e-12 if epsilon is None else epsilon)


# -------------------------------------------------------------------- losses

def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Cross-entropy of truth values and their probabilities, element by element."""
    y = floating(output)
    t = tensor(target, y.dtype)
    if from_logits:
        return L.sigmoid_cross_entropy_with_logits(t, y)
    y = L.clip_by_value(y, _epsilon(), 1.0 - _epsilon())
    return -(t * L.log(y) + (1.0 - t) * L.log(1.0 - y))


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Cross-entropy of the probabilities of classes."""
    y = floating(output)
    t = tensor(target, y.dtype)
    if from_logits:
        return L.softmax_cross_entropy_with_logits(t, y, axis)
    y = y / L.reduce_sum(y, axis, True)
    return -L.reduce_sum(t * L.log(L.clip_by_value(y, _epsilon(), 1.0 - _epsilon())), axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Cross-entropy of numbers of classes and the probabilities of all."""
    y = floating(output)
    t = tensor(target)
    if axis not in (-1, y.rank - 1):
        y = moveaxis(y, axis, -1)
    if t.rank == y.rank and t.shape[-1] == 1:
        t = L.squeeze(t, -1)
    t = t if t.dtype.is_integer else L.cast(t, "int64")
    logits = y if from_logits else L.log(L.clip_by_value(y, _epsilon(), 1.0 - _epsilon()))
    return L.sparse_softmax_cross_entropy_with_logits(t, logits)


def dot_product_attention(
    query: Any, key: Any, value: Any, bias: Any = None, mask: Any = None, scale: float | None = None,
    is_causal: bool = False, flash_attention: Any = None, attn_logits_soft_cap: Any = None,
) -> Any:
    """softmax(query key' * scale + bias) value, for each head.

    Shapes
    ------
    query : (batch, queries, heads, size)
    key, value : (batch, keys, heads, size)
    bias, mask : broadcast against (batch, heads, queries, keys)

    Raises
    ------
    AttributeValueError for a cap of the scores.
    """
    if attn_logits_soft_cap is not None:
        raise AttributeValueError("scores are not capped here", op="dot_product_attention",
                                  fix="leave attn_logits_soft_cap out")
    q, k, v = together(query, key, value)
    size = int(q.shape[-1])
    scores = L.einsum([q, k], "bqhd,bkhd->bhqk") * (float(size) ** -0.5 if scale is None else scale)
    scores = scores if bias is None else scores + tensor(bias, scores.dtype)
    allowed = None if mask is None else L.cast(tensor(mask), "bool")
    if is_causal:
        past = np.tri(int(q.shape[1]), int(k.shape[1]), dtype=bool)[None, None]
        allowed = past if allowed is None else L.logical_and(allowed, past)
    if allowed is not None:
        lowest = float(np.finfo(scores.dtype.numpy).max) * -0.7
        scores = L.where(allowed, scores, np.asarray(lowest, scores.dtype.numpy))
    return L.einsum([L.softmax(scores, -1), v], "bhqk,bkhd->bqhd")


def in_top_k(targets: Any, predictions: Any, k: int) -> Any:
    """Whether the class is among the `k` of the highest scores."""
    return L.in_top_k(tensor(targets), floating(predictions), k)


def top_k(x: Any, k: int, sorted: bool = True) -> tuple[Any, Any]:
    """The `k` largest elements along the last axis, and their places."""
    values, places = L.top_k(tensor(x), k, sorted)
    return values, places


def segment_sum(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Sums of the slices of each segment."""
    return _segments("unsorted_segment_sum", data, segment_ids, num_segments)


def segment_max(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The largest elements of the slices of each segment."""
    return _segments("unsorted_segment_max", data, segment_ids, num_segments)


def segment_min(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """The smallest elements of the slices of each segment."""
    return _segments("unsorted_segment_min", data, segment_ids, num_segments)


def segment_prod(data: Any, segment_ids: Any, num_segments: int | None = None, sorted: bool = False) -> Any:
    """Products of the slices of each segment."""
    return _segments("unsorted_segment_prod", data, segment_ids, num_segments)


def _segments(op: str, data: Any, segment_ids: Any, count: int | None) -> Any:
    ids = tensor(segment_ids)
    return getattr(L, op)(tensor(data), ids, L.reduce_max(ids) + 1 if count is None else count)


