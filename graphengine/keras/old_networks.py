"""What networks are made of, losses and control flow by the names that older programs import as ``K``.

The rest of what Keras's backend had before `keras.ops`: `old_backend`.
"""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..errors import InvalidArgumentError, ShapeError
from ..frontend import folds
from ..frontend.build import convert_to_tensor
from ..frontend.control import cond
from ..ops.language import L
from . import activations, ops
from .config import epsilon as smallest
from .config import image_data_format
from .layers.settings import CHANNELS_FIRST
from .old_backend import Shape, rank_of, temporal_padding


def relu(x: Any, alpha: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Any:
    """`x` from `threshold` to `max_value`, below it ``alpha * (x - threshold)``."""
    return activations.relu(x, negative_slope=alpha, max_value=max_value, threshold=threshold)


def hard_sigmoid(x: Any) -> Any:
    """``0.2 x + 0.5``, within [0, 1]; the present one has the slope 1/6."""
    return L.clip_by_value(convert_to_tensor(x) * 0.2 + 0.5, 0.0, 1.0)


def softmax(x: Any, axis: Any = -1) -> Any:
    """Exponentials, divided by their sum along an axis, or along several."""
    x = convert_to_tensor(x)
    if x.shape.rank is not None and x.shape.rank <= 1:
        raise ShapeError(f"a tensor of shape {x.shape}; it has two axes or more", op="softmax")
    if isinstance(axis, int):
        return activations.softmax(x, axis)
    e = L.exp(x - L.reduce_max(x, axis, True))
    return e / L.reduce_sum(e, axis, True)


def l2_normalize(x: Any, axis: Any = None) -> Any:
    """`x`, divided by its length along axes."""
    return L.l2_normalize(x, axis)


def stop_gradient(variables: Any) -> Any:
    """The value, which has no derivatives; of each in a list."""
    if isinstance(variables, (list, tuple)):
        return [L.stop_gradient(v) for v in variables]
    return L.stop_gradient(variables)


def batch_normalization(
    x: Any, mean: Any, var: Any, beta: Any, gamma: Any, axis: int = -1, epsilon: float = 1e-3
) -> Any:
    """``(x - mean) / sqrt(var + epsilon) * gamma + beta``; for the last axis."""
    del axis
    scale = L.rsqrt(var + epsilon) * (1.0 if gamma is None else gamma)
    return x * scale + ((0.0 if beta is None else beta) - mean * scale)


def bias_add(x: Any, bias: Any, data_format: str | None = None) -> Any:
    """A number added to each channel, or a tensor of all axes but the batch's."""
    x, bias = convert_to_tensor(x), convert_to_tensor(bias)
    rank = rank_of(bias, "bias_add")
    if rank != 1 and rank != rank_of(x, "bias_add") - 1:
        raise ShapeError(f"a bias of shape {bias.shape} for {x.shape}", op="bias_add")
    if (data_format or image_data_format()) != CHANNELS_FIRST:
        return x + bias
    sizes = tuple(bias.shape)                   # of several axes the last is moved in the shape, not in memory
    return x + L.reshape(bias, (sizes[-1], *sizes[:-1]) if rank > 1 else [-1] + [1] * (rank_of(x, "bias_add") - 2))


def conv1d(
    x: Any, kernel: Any, strides: int = 1, padding: str = "valid", data_format: str | None = None,
    dilation_rate: int = 1,
) -> Any:
    """Convolution along steps; ``padding="causal"`` looks at those before only."""
    if padding == "causal":
        x, padding = temporal_padding(x, (dilation_rate * (kernel.shape[0] - 1), 0)), "valid"
    return ops.conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv2d(
    x: Any, kernel: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolution of images."""
    return ops.conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv3d(
    x: Any, kernel: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str | None = None,
    dilation_rate: Any = (1, 1, 1),
) -> Any:
    """Convolution of volumes."""
    return ops.conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv2d_transpose(
    x: Any, kernel: Any, output_shape: Shape, strides: Any = (1, 1), padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = (1, 1),
) -> Any:
    """What the derivative of a convolution is: images of `output_shape` from those that it gives."""
    first = (data_format or image_data_format()) == CHANNELS_FIRST
    sizes = tuple(output_shape)
    if first:
        x, sizes = L.transpose(x, (0, 2, 3, 1)), (sizes[0], *sizes[2:], sizes[1])
    batch = ops.shape(x)[0] if sizes[0] is None else sizes[0]
    spread = {} if tuple(dilation_rate) == (1, 1) else {"dilations": list(dilation_rate)}
    y = L.conv2d_transpose(x, kernel, [batch, *sizes[1:]], list(strides), padding.upper(), **spread)
    return L.transpose(y, (0, 3, 1, 2)) if first else y


def depthwise_conv2d(
    x: Any, depthwise_kernel: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
    dilation_rate: Any = (1, 1),
) -> Any:
    """Convolution of each channel by itself."""
    return ops.depthwise_conv(x, depthwise_kernel, strides, padding, data_format, dilation_rate)


def separable_conv2d(
    x: Any, depthwise_kernel: Any, pointwise_kernel: Any, strides: Any = (1, 1), padding: str = "valid",
    data_format: str | None = None, dilation_rate: Any = (1, 1),
) -> Any:
    """Convolution of each channel by itself, and then of each pixel."""
    return ops.separable_conv(x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate)


def pool2d(
    x: Any, pool_size: Any, strides: Any = (1, 1), padding: str = "valid", data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """The largest number, or the mean ("avg"), of each window of images."""
    pools = {"max": ops.max_pool, "avg": ops.average_pool}
    if pool_mode not in pools:
        raise InvalidArgumentError(f"pool_mode is {pool_mode!r}", op="pool", fix='"max" or "avg"')
    return pools[pool_mode](x, pool_size, strides, padding, data_format)


def pool3d(
    x: Any, pool_size: Any, strides: Any = (1, 1, 1), padding: str = "valid", data_format: str | None = None,
    pool_mode: str = "max",
) -> Any:
    """The same of volumes."""
    return pool2d(x, pool_size, strides, padding, data_format, pool_mode)


def in_top_k(predictions: Any, targets: Any, k: int) -> Any:
    """Whether each class is among the `k` with the largest numbers."""
    return L.in_top_k(targets, predictions, k)


# ---------------------------------------------------- losses

def _inside(output: Any) -> Any:
    return L.clip_by_value(output, smallest(), 1.0 - smallest())


def binary_crossentropy(target: Any, output: Any, from_logits: bool = False) -> Any:
    """Cross-entropy of each number by itself."""
    target, output = convert_to_tensor(target), convert_to_tensor(output)
    if from_logits:
        return L.sigmoid_cross_entropy_with_logits(target, output)
    p = _inside(output)
    return -(target * L.log(p + smallest()) + (1 - target) * L.log(1 - p + smallest()))


def binary_focal_crossentropy(
    target: Any, output: Any, apply_class_balancing: bool = False, alpha: float = 0.25, gamma: float = 2.0,
    from_logits: bool = False,
) -> Any:
    """The same, each times the power `gamma` of the probability that was given to the other class.

    alpha : share of the first class in the balance, for `apply_class_balancing`
    """
    p = L.sigmoid(output) if from_logits else convert_to_tensor(output)
    target = L.cast(target, p.dtype)
    found = L.pow(1 - (target * p + (1 - target) * (1 - p)), gamma) * binary_crossentropy(target, p)
    return found * (target * alpha + (1 - target) * (1 - alpha)) if apply_class_balancing else found


def categorical_crossentropy(target: Any, output: Any, from_logits: bool = False, axis: int = -1) -> Any:
    """Cross-entropy of rows of probabilities."""
    return ops.categorical_crossentropy(target, output, from_logits, axis)


def sparse_categorical_crossentropy(
    target: Any, output: Any, from_logits: bool = False, axis: int = -1, ignore_class: int | None = None
) -> Any:
    """Cross-entropy with numbers of classes; where they are `ignore_class` it is 0."""
    target = L.cast(target, "int64")
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(target, output, from_logits, axis)
    counts = target != ignore_class
    found = ops.sparse_categorical_crossentropy(
        L.where(counts, target, L.zeros_like(target)), output, from_logits, axis)
    return L.where(counts, found, L.zeros_like(found))


# ---------------------------------------------------- control flow

def map_fn(fn: Callable[..., Any], elems: Any, name: str | None = None, dtype: Any = None) -> Any:
    """A function of each slice along the first axis."""
    return folds.map_fn(fn, elems, dtype=dtype, name=name)


def switch(condition: Any, then_expression: Any, else_expression: Any) -> Any:
    """One of two values or functions, by a truth value; or element by element, by a tensor of them.

    Raises
    ------
    ShapeError if the condition has more axes than the values, or it is not known how many they have.
    """
    condition = L.cast(condition, "bool")
    if not condition.shape.rank:
        then, other = (x if callable(x) else (lambda x=x: x) for x in (then_expression, else_expression))
        return cond(condition, then, other)
    either = [convert_to_tensor(x() if callable(x) else x) for x in (then_expression, else_expression)]
    missing = rank_of(either[0], "switch") - condition.shape.rank
    if missing < 0:
        raise ShapeError(f"a condition of shape {condition.shape} for values of {either[0].shape}", op="switch")
    for _ in range(missing):
        condition = L.expand_dims(condition, -1)
    return L.where(condition, *either)


def rnn(
    step_function: Callable[[Any, list[Any]], tuple[Any, list[Any]]], inputs: Any, initial_states: Sequence[Any],
    go_backwards: bool = False, mask: Any = None, constants: Sequence[Any] | None = None, unroll: bool = False,
    input_length: int | None = None, time_major: bool = False, zero_output_for_mask: bool = False,
    return_all_outputs: bool = True,
) -> tuple[Any, Any, list[Any]]:
    """Steps along time: ``output, states = step_function(input, states)``.

    Parameters
    ----------
    go_backwards : begin at the last step, and keep the outputs in that order
    mask : (batch, steps), True for steps that count; at others states stay, and the output is repeated, or 0
    constants : appended to the states of each step
    return_all_outputs : whether the outputs have all steps, or the last alone

    Returns
    -------
    The last output, the outputs (batch, steps, ...), the last states.

    Raises
    ------
    ShapeError if there are no steps, or it is not known how many axes the inputs have.
    """
    del input_length
    x = convert_to_tensor(inputs)
    rank = rank_of(x, "rnn")
    if x.shape[not time_major] == 0:
        raise ShapeError(f"inputs of shape {x.shape} have no steps, and so no last one", op="rnn")
    swapped = (1, 0, *range(2, rank))
    x = x if time_major else L.transpose(x, swapped)
    steps: list[Any] = [x]
    if mask is not None:
        marks = L.cast(mask, "bool")
        steps.append(marks if time_major else L.transpose(marks, (1, 0, *range(2, marks.shape.rank))))
    if go_backwards:
        steps = [L.reverse(s, [0]) for s in steps]
    fixed = list(constants or ())
    states = list(initial_states)
    if mask is None:
        states, outputs = folds.recurrence(
            lambda s, now: step_function(now[0], [*s, *fixed])[::-1], steps, states, unroll=unroll)
    else:
        first = L.zeros_like(step_function(steps[0][0], [*states, *fixed])[0])

        def step(held: tuple[list[Any], Any], now: list[Any]) -> tuple[Any, Any]:
            output, following = step_function(now[0], [*held[0], *fixed])
            counted = lambda new, old: switch(now[1], new, old)
            shown = counted(output, L.zeros_like(output) if zero_output_for_mask else held[1])
            return ([counted(a, b) for a, b in zip(following, held[0], strict=True)], shown), shown

        (states, _), outputs = folds.recurrence(step, steps, (states, first), unroll=unroll)
    last = outputs[-1]
    shown = outputs if return_all_outputs else outputs[-1:]
    return last, shown if time_major else L.transpose(shown, (1, 0, *range(2, shown.shape.rank))), list(states)
