"""Functions of neural networks: activations, convolutions, pooling, normalization, losses, attention."""
from __future__ import annotations

from typing import Any

import numpy as np

from ...errors import AttributeValueError
from ...frontend import moments as statistics
from ...ops.language import L
from ..config import epsilon, floatx, image_data_format
from .arrangement import moveaxis
from .promotion import floating, tensor, together


def relu6(x: Any) -> Any:
    """min(max(x, 0), 6)"""
    return L.relu6(floating(x))


def gelu(x: Any, approximate: bool = True) -> Any:
    """x times the probability that a normal number is below x."""
    return L.gelu(floating(x), approximate)


def one_hot(x: Any, num_classes: int, axis: int = -1, dtype: Any = None, sparse: bool = False) -> Any:
    """1 at the class that a number names, 0 at the others."""
    return L.one_hot(tensor(x), num_classes, axis=axis, dtype=dtype or floatx())


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
    y = (found - mean) * L.rsqrt(variance + (1e-3 if epsilon is None else epsilon))
    y = y if gamma is None else y * tensor(gamma, found.dtype)
    return y if beta is None else y + tensor(beta, found.dtype)


def rms_normalization(x: Any, scale: Any = None, axis: Any = -1, epsilon: float | None = None) -> Any:
    """Numbers divided by the root of the mean of their squares along axes, times `scale`."""
    found = floating(x)
    mean = L.reduce_mean(L.square(found), axis, True)
    y = found * L.rsqrt(mean + (1e-7 if epsilon is None else epsilon))
    return y if scale is None else y * tensor(scale, found.dtype)


def normalize(x: Any, axis: int = -1, order: float = 2, epsilon: float | None = None) -> Any:
    """Numbers divided by their norm along an axis."""
    found = floating(x)
    length = L.norm(found, "euclidean" if order == 2 else order, axis, True)
    return found / L.maximum(length, 1e-12 if epsilon is None else epsilon)


# -------------------------------------------------------------------- windows

def conv(inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
         dilation_rate: Any = 1) -> Any:
    """Convolution over one, two or three axes; kernel: (*window, channels, filters)."""
    x, w = together(inputs, kernel)
    n = w.rank - 2
    return _last(x, data_format, lambda y: L.convolution(y, w, _each(strides, n), padding.upper(),
                                                         dilations=_each(dilation_rate, n)))


def depthwise_conv(inputs: Any, kernel: Any, strides: Any = 1, padding: str = "valid", data_format: str | None = None,
                   dilation_rate: Any = 1) -> Any:
    """Convolution of each channel by itself; kernel: (*window, channels, multiplier)."""
    x, w = together(inputs, kernel)
    steps, gaps = _each(strides, 2), _each(dilation_rate, 2)
    if w.rank == 3:
        return L.squeeze(depthwise_conv(
            L.expand_dims(x, 1), L.expand_dims(w, 0), (1, steps[-1]), padding, data_format, (1, gaps[-1])), 1)
    return _last(x, data_format, lambda y: L.depthwise_conv2d(y, w, (1, *steps, 1), padding.upper(), dilations=gaps))


def separable_conv(inputs: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = 1, padding: str = "valid",
                   data_format: str | None = None, dilation_rate: Any = 1) -> Any:
    """Convolution of each channel by itself, and then of all channels at each point."""
    found = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(found, pointwise_kernel, 1, "valid", data_format)


def max_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid",
             data_format: str | None = None) -> Any:
    """The largest element of each window."""
    return _pool("max_pool", inputs, pool_size, strides, padding, data_format)


def average_pool(inputs: Any, pool_size: Any, strides: Any = None, padding: str = "valid",
                 data_format: str | None = None) -> Any:
    """The mean of each window."""
    return _pool("avg_pool", floating(inputs), pool_size, strides, padding, data_format)


def _pool(op: str, inputs: Any, pool_size: Any, strides: Any, padding: str, data_format: str | None) -> Any:
    x = tensor(inputs)
    size = _each(pool_size, x.rank - 2)
    return _last(x, data_format, lambda y: getattr(L, op)(
        y, size, size if strides is None else _each(strides, x.rank - 2), padding.upper()))


def _each(value: Any, count: int) -> tuple[int, ...]:
    return (value,) * count if isinstance(value, int) else tuple(value)


def _last(x: Any, data_format: str | None, function: Any) -> Any:
    """A function of tensors with channels last, on one that may have them first."""
    if (data_format or image_data_format()) == "channels_last":
        return function(x)
    return moveaxis(function(moveaxis(x, 1, -1)), -1, 1)


# -------------------------------------------------------------------- losses

def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Cross-entropy of truth values and their probabilities, element by element."""
    y = floating(output)
    t = tensor(target, y.dtype)
    if from_logits:
        return L.sigmoid_cross_entropy_with_logits(t, y)
    y = L.clip_by_value(y, epsilon(), 1.0 - epsilon())
    return -(t * L.log(y) + (1.0 - t) * L.log(1.0 - y))


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Cross-entropy of the probabilities of classes."""
    y = floating(output)
    t = tensor(target, y.dtype)
    if from_logits:
        return L.softmax_cross_entropy_with_logits(t, y, axis)
    y = y / L.reduce_sum(y, axis, True)
    return -L.reduce_sum(t * L.log(L.clip_by_value(y, epsilon(), 1.0 - epsilon())), axis)


def sparse_categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Cross-entropy of numbers of classes and the probabilities of all."""
    y = floating(output)
    t = tensor(target)
    if axis not in (-1, y.rank - 1):
        y = moveaxis(y, axis, -1)
    if t.rank == y.rank and t.shape[-1] == 1:
        t = L.squeeze(t, -1)
    t = t if t.dtype.is_integer else L.cast(t, "int64")
    logits = y if from_logits else L.log(L.clip_by_value(y, epsilon(), 1.0 - epsilon()))
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


def _segments(op: str, data: Any, segment_ids: Any, count: int | None) -> Any:
    ids = tensor(segment_ids)
    return getattr(L, op)(tensor(data), ids, L.reduce_max(ids) + 1 if count is None else count)


