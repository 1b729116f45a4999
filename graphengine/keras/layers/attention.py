"""Attention: means of values, weighted by how well their keys fit queries."""
from __future__ import annotations

import math
import string
from collections.abc import Sequence
from typing import Any

import numpy as np

from ...errors import InvalidArgumentError, ShapeError
from ...frontend.pieces import einsum
from ...ops.language import L
from .. import random
from ..masks import get_mask
from ..registry import register
from .activation import Softmax
from .core import EinsumDense
from .regularization import Dropout
from .settings import Configured

LARGE = 1e9                                 # Keras's distance between what counts and what does not
LARGE_HALF = 65504.0                        # the same in float16


def causal(scores: Any) -> Any:
    """True where a key is not behind its query: (1, queries, keys) for scores (..., queries, keys)."""
    first = [0] * (scores.shape.rank - 2)
    ones = L.ones_like(scores[tuple(first)], "int32")
    return (L.cumsum(ones, 0) >= L.cumsum(ones, 1))[None]


def window(scores: Any, width: int) -> Any:
    """True where a key is less than `width` places away from its query: (1, queries, keys)."""
    first = [0] * (scores.shape.rank - 2)
    ones = L.ones_like(scores[tuple(first)], "int32")
    return (L.abs(L.cumsum(ones, 0) - L.cumsum(ones, 1)) < width)[None]


# -------------------------------------------------------------------- one head, no projections

@register
class Attention(Configured):
    """Means of values, weighted by the products of queries and keys.

        result = softmax(scores) @ value
        scores = scale * query @ key'                          score_mode "dot"
        scores = weight * sum(tanh(scale * (query + key)))     score_mode "concat"

    Parameters
    ----------
    use_scale : whether there is a weight `scale`
    score_mode : "dot" or "concat"
    dropout : share of the weights of values that is dropped in training, in [0, 1)
    seed : of what is dropped

    Raises
    ------
    InvalidArgumentError unless the inputs are a list of query, value and, if it is another, key.

    Shapes
    ------
    query : (batch, queries, n)
    value, key : (batch, keys, n)
    mask : a list of (batch, queries) and (batch, keys), true where they count; None for one that always does
    result : (batch, queries, n); with return_attention_scores also the weights, (batch, queries, keys)

    References
    ----------
    Luong, Pham and Manning (2015), "Effective approaches to attention-based neural machine translation", section 3.1.
    """

    takes_list = True

    def __init__(
        self, use_scale: bool = False, score_mode: str = "dot", dropout: float = 0.0, seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        if score_mode not in ("dot", "concat"):
            raise self.refuse("score_mode", score_mode, "'dot' or 'concat'")
        self.scale: Any = None
        self.supports_masking = True
        if dropout > 0:
            self.seed_generator = random.SeedGenerator(seed)

    def build(self, input_shape: Any) -> None:
        self._check_inputs_list(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((), "ones", name="scale")
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def _check_inputs_list(self, inputs: Any) -> None:
        if not isinstance(inputs, (list, tuple)) or not 2 <= len(inputs) <= 3:
            raise InvalidArgumentError("the inputs are no list [query, value] or [query, value, key]",
                                       op=type(self).__name__)

    def _scores(self, query: Any, key: Any) -> Any:
        if self.score_mode == "concat":
            sums = L.expand_dims(query, -2) + L.expand_dims(key, -3)
            sums = sums if self.scale is None else self.scale * sums
            return self.concat_score_weight * L.reduce_sum(L.tanh(sums), -1)
        scores = L.matmul(query, key, transpose_b=True)
        return scores if self.scale is None else scores * self.scale

    def call(
        self, inputs: Any, mask: Any = None, training: bool = False, return_attention_scores: bool = False,
        use_causal_mask: bool = False,
    ) -> Any:
        self._check_inputs_list(inputs)
        query, value, key = inputs[0], inputs[1], inputs[-1]
        query_counts, value_counts = (None, None) if mask is None else mask[:2]
        scores = self._scores(query, key)
        counts = None if value_counts is None else L.expand_dims(value_counts, -2)
        if use_causal_mask:
            counts = causal(scores) if counts is None else L.logical_and(counts, causal(scores))
        if counts is not None:
            far = LARGE_HALF if scores.dtype.name == "float16" else LARGE
            scores = L.where(counts, scores, scores - far)
        weights = L.softmax(scores, -1)
        if training and self.dropout > 0:
            weights = random.dropout(weights, self.dropout, seed=self.seed_generator)
        result = L.matmul(weights, value)
        if query_counts is not None:
            result = L.where(L.expand_dims(query_counts, -1), result, L.zeros_like(result))
        return (result, weights) if return_attention_scores else result

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return [previous_mask[0], None] if previous_mask else None

    def compute_output_shape(self, input_shape: Any) -> Any:
        return (*input_shape[0][:-1], input_shape[1][-1])


@register
class AdditiveAttention(Attention):
    """Means of values, weighted by sums of queries and keys.

        result = softmax(scores) @ value
        scores = sum(scale * tanh(query + key))

    Parameters
    ----------
    use_scale : whether there are weights `scale`, one for each feature
    dropout : share of the weights of values that is dropped in training, in [0, 1)

    Shapes
    ------
    as for `Attention`

    References
    ----------
    Bahdanau, Cho and Bengio (2015), "Neural machine translation by jointly learning to align and translate", A.1.2.
    """

    def __init__(self, use_scale: bool = True, dropout: float = 0.0, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(use_scale=use_scale, dropout=dropout, seed=seed, **kwargs)

    def build(self, input_shape: Any) -> None:
        self._check_inputs_list(input_shape)
        if self.use_scale:
            self.scale = self.add_weight((self.known_size(tuple(input_shape[0]), -1),), "glorot_uniform", name="scale")

    def _scores(self, query: Any, key: Any) -> Any:
        sums = L.tanh(L.expand_dims(query, -2) + L.expand_dims(key, -3))
        return L.reduce_sum(sums if self.scale is None else self.scale * sums, -1)


# -------------------------------------------------------------------- several heads

PROJECTION_RULES = ("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
                    "kernel_constraint", "bias_constraint")


class _Heads(Configured):
    """What attentions with projected queries, keys and values have in common.

    Subclasses set in `build` the equations of scores and of the weighted mean, and the sublayers.
    """

    key_axes = 1                            # of the scores, the last ones

    def _begin(self, activity_regularizer: Any, flash_attention: Any) -> None:
        """What constructors do after they have kept their arguments."""
        if self.sliding_window is not None and (not isinstance(self.sliding_window, int) or self.sliding_window < 1):
            raise self.refuse("sliding_window", self.sliding_window, "None, or a whole number from 1 on")
        if flash_attention and self.dropout > 0:
            raise self.refuse("dropout", self.dropout, "0 with flash_attention")
        self.projections_regularizer = activity_regularizer
        self.supports_masking = True

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | {"activity_regularizer": self.projections_regularizer}
        config.pop("flash_attention", None)
        return config

    def projection(self, name: str, equation: str, sizes: Sequence[int | None], bias_axes: str, shape: Any,
                   activation: Any = None) -> EinsumDense:
        """A built sublayer; each begins with numbers of its own."""
        rules = {rule: _renewed(getattr(self, rule)) for rule in PROJECTION_RULES}
        layer = EinsumDense(
            equation, output_shape=tuple(sizes), bias_axes=bias_axes if self.use_bias else None, name=name,
            activation=activation, activity_regularizer=self.projections_regularizer, dtype=self.dtype, **rules,
        )
        layer.build(tuple(shape))
        layer.built = True
        return layer

    def call(
        self, query: Any, value: Any, key: Any = None, query_mask: Any = None, value_mask: Any = None,
        key_mask: Any = None, attention_mask: Any = None, return_attention_scores: bool = False, training: Any = None,
        use_causal_mask: bool = False,
    ) -> Any:
        query_mask = get_mask(query) if query_mask is None else query_mask
        value_mask = get_mask(value) if value_mask is None else value_mask
        if key is None:
            key = value
        elif key_mask is None:
            key_mask = get_mask(key)
        gate = self.gate_dense(query) if self.use_gate else None
        queries, keys, values = self.query_dense(query), self.key_dense(key), self.value_dense(value)
        keys, values = self._repeated(keys), self._repeated(values)
        scores = self._scores(queries * (1 / math.sqrt(self.size_of_head)), keys)
        counts = self._counts(scores, query_mask, value_mask, key_mask, attention_mask, use_causal_mask)
        # Keras's shorter way, for scores that nobody asks for, gives the plain mean where no key counts.
        shorter = self.dropout == 0 and not return_attention_scores and queries.shape.rank == 4
        if counts is not None and shorter:
            weights = self._softmax(L.where(counts, scores, np.array(_lowest(scores), scores.dtype.numpy)))
        else:
            weights = self._softmax(scores, mask=counts)
        result = self._mean(self._dropout_layer(weights, training=training), values)
        result = self.output_dense(result if gate is None else result * gate)
        return (result, weights) if return_attention_scores else result

    def _repeated(self, x: Any) -> Any:
        return x

    def _scores(self, queries: Any, keys: Any) -> Any:
        raise NotImplementedError

    def _mean(self, weights: Any, values: Any) -> Any:
        raise NotImplementedError

    def _counts(
        self, scores: Any, query_mask: Any, value_mask: Any, key_mask: Any, attention_mask: Any, use_causal_mask: bool
    ) -> Any:
        """Where a key counts for a query, to be broadcast to the scores; None if everywhere."""
        found = [L.expand_dims(_as_bool(query_mask), -1)] if query_mask is not None else []
        found += [L.expand_dims(_as_bool(m), -2) for m in (value_mask, key_mask) if m is not None]
        if use_causal_mask:
            found.append(causal(scores))
        if self.sliding_window is not None:
            found.append(window(scores, self.sliding_window))
        if attention_mask is not None:
            found.append(_as_bool(attention_mask))
        if not found:
            return None
        counts = found[0]
        for one in found[1:]:
            counts = L.logical_and(counts, one)
        while counts.shape.rank < scores.shape.rank:
            counts = L.expand_dims(counts, -2 * self.key_axes - 1)
        return counts

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        return [previous_mask, None] if previous_mask is not None else None

    def _check_lengths(self, value_shape: Sequence[int | None], key_shape: Sequence[int | None]) -> None:
        if tuple(value_shape[1:-1]) != tuple(key_shape[1:-1]):
            raise ShapeError(
                f"values of shape {tuple(value_shape)} and keys of shape {tuple(key_shape)} differ in length",
                op=type(self).__name__, fix="give each value a key",
            )


def _renewed(rule: Any) -> Any:
    """An initializer like another one, which draws numbers of its own; anything else as it is."""
    return type(rule).from_config(rule.get_config()) if hasattr(rule, "get_config") else rule


def _as_bool(mask: Any) -> Any:
    return mask if mask.dtype.name == "bool" else L.cast(mask, "bool")


def _lowest(scores: Any) -> float:
    """Keras's number for what does not count."""
    return -0.7 * float(np.finfo(scores.dtype.numpy).max)


@register
class MultiHeadAttention(_Heads):
    """Attention in several heads, each with projections of queries, keys and values of its own.

        head = softmax(query_h @ key_h' / sqrt(key_dim)) @ value_h
        result = sum over heads of head @ output_h

    Parameters
    ----------
    num_heads : number of heads
    key_dim : size of a head's queries and keys
    value_dim : size of a head's values; `key_dim` if None
    dropout : share of the weights of values that is dropped in training, in [0, 1)
    use_bias : whether projections add numbers
    output_shape : sizes of a result; that of a query if None
    attention_axes : axes of queries that are attended over; all but batch and features if None
    sliding_window : how far a key may be from its query, in places, itself counted; None for any distance
    flash_attention : accepted for Keras's sake
    use_gate : whether heads are multiplied with a sigmoid of a projection of the query

    Raises
    ------
    ShapeError if values and keys differ in length.

    Shapes
    ------
    query : (batch, queries, n)
    value, key : (batch, keys, m)
    query_mask, value_mask, key_mask : (batch, queries), (batch, keys), (batch, keys); true where they count
    attention_mask : broadcasts to (batch, queries, keys)
    result : (batch, queries, n); with return_attention_scores also the weights, (batch, num_heads, queries, keys)

    References
    ----------
    Vaswani et al. (2017), "Attention is all you need", section 3.2.
    """

    def __init__(
        self, num_heads: int, key_dim: int, value_dim: int | None = None, dropout: float = 0.0, use_bias: bool = True,
        output_shape: Any = None, attention_axes: Any = None, sliding_window: int | None = None,
        flash_attention: Any = None, kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None, bias_regularizer: Any = None, activity_regularizer: Any = None,
        kernel_constraint: Any = None, bias_constraint: Any = None, use_gate: bool = False, seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        for name in ("num_heads", "key_dim", "value_dim"):
            number = getattr(self, name)
            if not (isinstance(number, int) and number > 0) and (name != "value_dim" or number is not None):
                raise self.refuse(name, number, "a whole number from 1 on")
        self.value_dim = value_dim or key_dim
        self.output_shape = (output_shape,) if isinstance(output_shape, int) else output_shape and tuple(output_shape)
        axes = (attention_axes,) if isinstance(attention_axes, int) else attention_axes
        self.attention_axes = None if axes is None else tuple(axes)
        self._begin(activity_regularizer, flash_attention)

    @property
    def size_of_head(self) -> int:
        return int(self.key_dim)

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        self._check_lengths(value_shape, key_shape)
        self.query_dense = self._into_heads("query", self.key_dim, query_shape)
        self.key_dense = self._into_heads("key", self.key_dim, key_shape)
        if self.use_gate:
            self.gate_dense = self._into_heads("gate", self.value_dim, query_shape, "sigmoid")
        self.value_dense = self._into_heads("value", self.value_dim, value_shape)
        rank = len(value_shape) + 1
        axes = tuple(range(1, rank - 2)) if self.attention_axes is None else tuple(
            a if a >= 0 else rank - 1 + a for a in self.attention_axes)
        self.attention_axes = axes
        self._equations = attention_equations(rank, axes)
        self.key_axes = len(axes)
        self._softmax = Softmax(tuple(range(-len(axes), 0)), dtype=self.dtype)
        self._dropout_layer = Dropout(self.dropout, dtype=self.dtype, seed=self.seed)
        free = string.ascii_lowercase[:len(query_shape) - 1]
        sizes = self.output_shape or (query_shape[-1],)
        new = string.ascii_lowercase[len(free) + 2:][:len(sizes)]
        heads = "yz"
        self.output_dense = self.projection(
            "attention_output", f"{free}{heads},{heads}{new}->{free}{new}", (*[None] * (len(free) - 1), *sizes), new,
            (*query_shape[:-1], self.num_heads, self.value_dim),
        )

    def _into_heads(self, name: str, size: int, shape: Sequence[int | None], activation: Any = None) -> EinsumDense:
        free = string.ascii_lowercase[:len(shape) - 1]
        return self.projection(name, f"{free}x,xyz->{free}yz", (*[None] * (len(free) - 1), self.num_heads, size), "yz",
                               shape, activation)

    def _scores(self, queries: Any, keys: Any) -> Any:
        return einsum(self._equations[0], keys, queries)

    def _mean(self, weights: Any, values: Any) -> Any:
        return einsum(self._equations[1], weights, values)

    def compute_output_shape(self, query_shape: Any, value_shape: Any = None, key_shape: Any = None) -> Any:
        return (*query_shape[:-1], *(self.output_shape or query_shape[-1:]))


def attention_equations(rank: int, axes: Sequence[int]) -> tuple[str, str]:
    """Equations of scores, of keys and queries, and of the mean, of weights and values.

    rank : of projected queries, (batch, ..., heads, features)
    axes : of queries and keys that are attended over
    """
    target = string.ascii_lowercase[:rank]
    other = iter(string.ascii_lowercase[rank:])
    source = "".join(next(other) if k in axes else c for k, c in enumerate(target))
    kept = "".join(c for k, c in enumerate(target[:-1]) if k not in axes)
    scores = kept + "".join(target[k] for k in axes) + "".join(source[k] for k in axes)
    return f"{source},{target}->{scores}", f"{scores},{source}->{target}"


@register("layers", "GroupedQueryAttention", name="GroupQueryAttention")
class GroupedQueryAttention(_Heads):
    """Attention in several heads, of which groups share projections of keys and values.

    Parameters
    ----------
    head_dim : size of a head's queries, keys and values
    num_query_heads : number of heads
    num_key_value_heads : number of projections of keys and of values; it divides the number of heads
    others : as for `MultiHeadAttention`

    Raises
    ------
    AttributeValueError if the groups are not equally large; ShapeError if values and keys differ in length.

    Shapes
    ------
    as for `MultiHeadAttention`

    References
    ----------
    Ainslie et al. (2023), "GQA: training generalized multi-query transformer models from multi-head checkpoints".
    """

    def __init__(
        self, head_dim: int, num_query_heads: int, num_key_value_heads: int, dropout: float = 0.0,
        use_bias: bool = True, sliding_window: int | None = None, flash_attention: Any = None,
        kernel_initializer: Any = "glorot_uniform", bias_initializer: Any = "zeros", kernel_regularizer: Any = None,
        bias_regularizer: Any = None, activity_regularizer: Any = None, kernel_constraint: Any = None,
        bias_constraint: Any = None, use_gate: bool = False, seed: int | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        if num_query_heads % num_key_value_heads:
            raise self.refuse("num_key_value_heads", num_key_value_heads, f"a divisor of {num_query_heads} heads")
        self._begin(activity_regularizer, flash_attention)

    @property
    def size_of_head(self) -> int:
        return int(self.head_dim)

    def build(  # type: ignore[override]
        self, query_shape: Any, value_shape: Any, key_shape: Any = None
    ) -> None:
        key_shape = value_shape if key_shape is None else key_shape
        self._check_lengths(value_shape, key_shape)
        heads, shared = (None, self.num_query_heads, self.head_dim), (None, self.num_key_value_heads, self.head_dim)
        self.query_dense = self.projection("query", "bqm,muh->bquh", heads, "uh", query_shape)
        self.key_dense = self.projection("key", "bkm,mvh->bkvh", shared, "vh", key_shape)
        if self.use_gate:
            self.gate_dense = self.projection("gate", "bqm,muh->bquh", heads, "uh", query_shape, "sigmoid")
        self.value_dense = self.projection("value", "bkm,mvh->bkvh", shared, "vh", value_shape)
        self._softmax = Softmax(dtype=self.dtype)
        self._dropout_layer = Dropout(self.dropout, dtype=self.dtype, seed=self.seed)
        self.output_dense = self.projection("attention_output", "bquh,uhm->bqm", (None, query_shape[-1]), "m",
                                            (None, None, self.num_query_heads, self.head_dim))

    def _repeated(self, x: Any) -> Any:
        return L.repeat(x, self.num_query_heads // self.num_key_value_heads, 2)

    def _scores(self, queries: Any, keys: Any) -> Any:
        return einsum("bquh,bkuh->buqk", queries, keys)

    def _mean(self, weights: Any, values: Any) -> Any:
        return einsum("buqk,bkuh->bquh", weights, values)

    def compute_output_shape(self, query_shape: Any, value_shape: Any = None, key_shape: Any = None) -> Any:
        return tuple(query_shape)


