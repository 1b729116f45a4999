"""Functions that Keras's backend had before `keras.ops`, by the names that older programs import as ``K``.

They take tensors, arrays and symbols. What only had another name or default calls the function that it became; as in
TensorFlow's own `tf.keras.backend`, variables are made where Keras made some, and no dtype meets another one.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError, ShapeError
from ..frontend import build, folds, images, random
from ..frontend import variables as engine
from ..frontend.build import constant as tensor_of
from ..frontend.build import convert_to_tensor, init_scope
from ..frontend.control import cond
from ..ops.language import L
from . import activations, losses, ops
from .config import epsilon as smallest
from .config import floatx, image_data_format
from .layers.settings import CHANNELS_FIRST

Shape = Sequence[Any]
Pair = tuple[int, int]

# What became a function of `keras.ops`, with other names for the operands at most.
_SAME = """
    abs cast clip cos equal exp greater greater_equal less less_equal log maximum minimum ndim not_equal reshape round
    sigmoid sign sin softplus softsign sqrt square squeeze stack tanh tile transpose
"""
globals().update({name: getattr(ops, name) for name in _SAME.split()})
pow = ops.power
shape = L.shape_of
permute_dimensions, elu = ops.transpose, activations.elu
foldl, foldr = folds.foldl, folds.foldr
gradients, name_scope = build.gradients, build.name_scope
categorical_focal_crossentropy = losses.categorical_focal_crossentropy


# ---------------------------------------------------- sums, and where the largest is

def _numbers(x: Any) -> Any:
    """A value as a tensor; truth values as fractions, so that they have a mean."""
    made = convert_to_tensor(x)
    return L.cast(made, floatx()) if made.dtype.name == "bool" else made


def _folding(name: str, op: Callable[..., Any], value: Callable[[Any], Any]) -> Callable[..., Any]:
    def fold(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
        return op(value(x), axis, keepdims)

    fold.__name__ = fold.__qualname__ = name
    fold.__doc__ = f"`tf.{op.__name__}` along axes, all of them if None."
    return fold


def _truths(x: Any) -> Any:
    return L.cast(x, "bool")


all = _folding("all", L.reduce_all, _truths)
any = _folding("any", L.reduce_any, _truths)
max = _folding("max", L.reduce_max, convert_to_tensor)
mean = _folding("mean", L.reduce_mean, _numbers)
min = _folding("min", L.reduce_min, convert_to_tensor)
prod = _folding("prod", L.reduce_prod, convert_to_tensor)
std = _folding("std", L.reduce_std, _numbers)
sum = _folding("sum", L.reduce_sum, convert_to_tensor)
var = _folding("var", L.reduce_variance, _numbers)


def argmax(x: Any, axis: int = -1) -> Any:
    """Where the largest number along an axis stands."""
    return L.argmax(x, axis)


def argmin(x: Any, axis: int = -1) -> Any:
    """Where the smallest number along an axis stands."""
    return L.argmin(x, axis)


def cumsum(x: Any, axis: int = 0) -> Any:
    """The sums of what stands before, each element included."""
    return L.cumsum(x, axis)


def cumprod(x: Any, axis: int = 0) -> Any:
    """The products of what stands before, each element included."""
    return L.cumprod(x, axis)


def arange(start: Any, stop: Any = None, step: Any = 1, dtype: Any = "int32") -> Any:
    """Numbers at even distances; up to `start` if it is the only one."""
    return ops.arange(start, stop, step, dtype)


# ---------------------------------------------------- variables and values

def variable(value: Any, dtype: Any = None, name: str | None = None, constraint: Any = None) -> Any:
    """A variable, of `floatx` if no dtype is given.

    Raises
    ------
    InvalidArgumentError for a constraint: optimizers apply those of layers only.
    """
    if constraint is not None:
        raise InvalidArgumentError("a constraint of a variable without a layer", op="variable",
                                   fix="Layer.add_weight(constraint=...)")
    return engine.Variable(value, dtype=dtype or floatx(), name=name)


def constant(value: Any, dtype: Any = None, shape: Any = None, name: str | None = None) -> Any:
    """A tensor of numbers, of `floatx` if no dtype is given."""
    return tensor_of(value, dtype or floatx(), shape, name or "Const")


def _filled(value: Any, name: str | None) -> Any:
    with init_scope():
        return variable(value, value.dtype.name, name)


def zeros(shape: Shape, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of zeros."""
    return _filled(ops.zeros(shape, dtype), name)


def ones(shape: Shape, dtype: Any = None, name: str | None = None) -> Any:
    """A variable of ones."""
    return _filled(ops.ones(shape, dtype), name)


def eye(size: int, dtype: Any = None, name: str | None = None) -> Any:
    """A variable: a matrix with ones on its diagonal."""
    return _filled(ops.eye(size, dtype=dtype or floatx()), name)


def zeros_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Zeros in the shape of a tensor."""
    del name
    return ops.zeros_like(x, dtype)


def ones_like(x: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Ones in the shape of a tensor."""
    del name
    return ops.ones_like(x, dtype)


def random_normal_variable(
    shape: Shape, mean: float, scale: float, dtype: Any = None, name: str | None = None, seed: int | None = None
) -> Any:
    """A variable of numbers from a normal distribution; `scale` is their standard deviation."""
    return _filled(random_normal(shape, mean, scale, dtype, seed), name)


def random_uniform_variable(
    shape: Shape, low: float, high: float, dtype: Any = None, name: str | None = None, seed: int | None = None
) -> Any:
    """A variable of numbers that are equally likely in [low, high)."""
    return _filled(random_uniform(shape, low, high, dtype, seed), name)


def get_value(x: Any) -> Any:
    """The numbers of a variable or tensor, as an array; anything else as it is."""
    return x.numpy() if hasattr(x, "numpy") else x


eval = get_value


def batch_get_value(tensors: Iterable[Any]) -> list[Any]:
    """The numbers of several."""
    return [get_value(x) for x in tensors]


def set_value(x: Any, value: Any) -> None:
    """Give a variable other numbers."""
    x.assign(np.asarray(value, x.dtype.numpy))


def batch_set_value(tuples: Iterable[tuple[Any, Any]]) -> None:
    """Give several variables other numbers."""
    for x, value in tuples:
        set_value(x, value)


def update(x: Any, new_x: Any) -> Any:
    """Assign to a variable."""
    return x.assign(new_x)


def update_add(x: Any, increment: Any) -> Any:
    """Add to a variable."""
    return x.assign_add(increment)


def update_sub(x: Any, decrement: Any) -> Any:
    """Subtract from a variable."""
    return x.assign_sub(decrement)


def moving_average_update(x: Any, value: Any, momentum: Any) -> Any:
    """Move a variable to a value by the share ``1 - momentum`` of the way."""
    return x.assign_sub((x - L.cast(value, x.dtype)) * (1 - momentum))


def count_params(x: Any) -> int:
    """How many numbers a variable has."""
    return int(np.prod(tuple(x.shape), dtype=int))


def int_shape(x: Any) -> tuple[int | None, ...] | None:
    """The sizes of a tensor; None if not even their number is known."""
    found = convert_to_tensor(x).shape
    return None if found.rank is None else tuple(found)


def dtype(x: Any) -> str:
    """The name of a tensor's dtype."""
    return str(x.dtype.name)


def cast_to_floatx(x: Any) -> Any:
    """A tensor, or else an array, in the dtype of `floatx`."""
    return L.cast(x, floatx()) if hasattr(x, "numpy") or hasattr(x, "node") else np.asarray(x, floatx())


# ---------------------------------------------------- random numbers

def _seed(seed: int | None) -> int:
    return int(np.random.randint(10_000_000)) if seed is None else seed      # noqa: NPY002 (as `set_random_seed` settles)


def random_normal(
    shape: Shape, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Any:
    """Numbers from a normal distribution."""
    return random.normal(shape, mean, stddev, dtype or floatx(), _seed(seed))


def truncated_normal(
    shape: Shape, mean: float = 0.0, stddev: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Any:
    """Numbers from a normal distribution, those beyond two standard deviations drawn again."""
    return random.truncated_normal(shape, mean, stddev, dtype or floatx(), _seed(seed))


def random_uniform(
    shape: Shape, minval: float = 0.0, maxval: float = 1.0, dtype: Any = None, seed: int | None = None
) -> Any:
    """Numbers that are equally likely in [minval, maxval)."""
    return random.uniform(shape, minval, maxval, dtype or floatx(), _seed(seed))


def random_bernoulli(shape: Shape, p: float = 0.0, dtype: Any = None, seed: int | None = None) -> Any:
    """Ones with probability `p`, and zeros."""
    kind = dtype or floatx()
    return L.cast(random.uniform(shape, dtype=kind, seed=_seed(seed)) <= p, kind)


def dropout(x: Any, level: float, noise_shape: Any = None, seed: int | None = None) -> Any:
    """Set the share `level` of the numbers to 0, and scale the others so that the sum is kept on average."""
    return random.dropout(x, level, noise_shape, _seed(seed))


# ---------------------------------------------------- matrices, and arrangement

def _rank(x: Any, op: str) -> int:
    """How many axes a tensor has.

    Raises
    ------
    ShapeError if that is not known.
    """
    rank: int | None = x.shape.rank
    if rank is None:
        raise ShapeError(f"how many axes {x.name} has is not known", op=op,
                         fix="give the placeholder a shape, as (None, 3)")
    return rank


def dot(x: Any, y: Any) -> Any:
    """Products of the last axis of `x` with the last but one of `y`; the other axes of both follow each other."""
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    are_matrices = x.shape.rank is None or (x.shape.rank <= 2 and (y.shape.rank or 0) <= 2)
    return L.matmul(x, y) if are_matrices else L.tensordot(x, y, [[-1], [-2]])


def batch_dot(x: Any, y: Any, axes: int | Sequence[int] | None = None) -> Any:
    """Products along an axis of each of two batches, row by row.

    Parameters
    ----------
    axes : an axis of both, or of each; if None the last of `x` with the last but one of `y`, or its last of two

    Raises
    ------
    ShapeError for tensors without an axis beside the batch's, or if it is not known how many they have;
    InvalidArgumentError for the batch's axis.

    Shapes
    ------
    result : the batch, the other axes of `x`, those of `y`; (batch, 1) if there are none
    """
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    ranks = _rank(x, "batch_dot"), _rank(y, "batch_dot")
    if 1 in ranks or 0 in ranks:
        raise ShapeError(f"batches of shapes {x.shape} and {y.shape}; each has an axis beside the batch's",
                         op="batch_dot")
    given = (ranks[0] - 1, 1 if ranks[1] == 2 else ranks[1] - 2) if axes is None else (
        (axes, axes) if isinstance(axes, int) else tuple(axes))
    along = [axis % rank for axis, rank in zip(given, ranks, strict=True)]
    if 0 in along:
        raise InvalidArgumentError("axis 0 is that of the batch", op="batch_dot", fix="K.expand_dims(x, 0)")
    letters = iter("cdefghijklmnopqrstuvwxyz")
    names = [["b" if k == 0 else "a" if k == axis else next(letters) for k in range(rank)]
             for axis, rank in zip(along, ranks, strict=True)]
    rest = [name for own in names for name in own if name not in "ab"]
    product = ops.einsum("{},{}->{}".format(*map("".join, (*names, ["b", *rest]))), x, y)
    return product if rest else L.expand_dims(product, -1)


def flatten(x: Any) -> Any:
    """All elements in a row."""
    return L.reshape(x, [-1])


def batch_flatten(x: Any) -> Any:
    """A row for each sample."""
    sizes = L.shape_of(convert_to_tensor(x))
    return L.reshape(x, [sizes[0], L.reduce_prod(sizes[1:])])


def expand_dims(x: Any, axis: int = -1) -> Any:
    """A tensor with one more axis, of size 1."""
    return L.expand_dims(x, axis)


def concatenate(tensors: Sequence[Any], axis: int = -1) -> Any:
    """Tensors behind each other along an axis."""
    return ops.concatenate(tensors, axis)


def gather(reference: Any, indices: Any) -> Any:
    """The rows of the given numbers."""
    return L.gather(reference, indices)


def one_hot(indices: Any, num_classes: int) -> Any:
    """Rows of zeros with a one in the place of each number."""
    return L.one_hot(indices, num_classes, dtype=floatx())


def repeat(x: Any, n: int) -> Any:
    """Each row of a matrix `n` times: (batch, features) -> (batch, n, features)."""
    x = convert_to_tensor(x)
    if x.shape.rank != 2:
        raise ShapeError(f"a tensor of shape {x.shape}; it is (batch, features)", op="repeat")
    return L.tile(L.expand_dims(x, 1), [1, n, 1])


def repeat_elements(x: Any, rep: int, axis: int) -> Any:
    """Each slice along an axis `rep` times, one behind the other."""
    return L.repeat(x, rep, axis)


def reverse(x: Any, axes: int | Sequence[int]) -> Any:
    """The other way round along axes."""
    return L.reverse(x, [axes] if isinstance(axes, int) else axes)


def temporal_padding(x: Any, padding: Pair = (1, 1)) -> Any:
    """Zeros before and after the steps of (batch, steps, features)."""
    return L.pad(x, [(0, 0), tuple(padding), (0, 0)])


def spatial_2d_padding(
    x: Any, padding: Sequence[Sequence[int]] = ((1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    """Zeros around images."""
    return L.pad(x, _at_places(padding, (0, 0), data_format))


def spatial_3d_padding(
    x: Any, padding: Sequence[Sequence[int]] = ((1, 1), (1, 1), (1, 1)), data_format: str | None = None
) -> Any:
    """Zeros around volumes."""
    return L.pad(x, _at_places(padding, (0, 0), data_format))


def _at_places(values: Sequence[Any], other: Any, data_format: str | None) -> list[Any]:
    """A value for each axis of a batch of images, `other` for the batch and the channels."""
    first = (data_format or image_data_format()) == CHANNELS_FIRST
    return [other, other, *values] if first else [other, *values, other]


def resize_images(
    x: Any, height_factor: int, width_factor: int, data_format: str, interpolation: str = "nearest"
) -> Any:
    """Images so many times as high and as wide."""
    first = data_format == CHANNELS_FIRST
    x = L.transpose(x, (0, 2, 3, 1)) if first else convert_to_tensor(x)
    sizes = [n * factor for n, factor in zip(ops.shape(x)[1:3], (height_factor, width_factor), strict=True)]
    y = images.resize(x, sizes, interpolation)
    return L.transpose(y, (0, 3, 1, 2)) if first else y


def resize_volumes(x: Any, depth_factor: int, height_factor: int, width_factor: int, data_format: str) -> Any:
    """Volumes so many times as deep, as high and as wide."""
    for axis, factor in enumerate(_at_places((depth_factor, height_factor, width_factor), 1, data_format)):
        x = x if factor == 1 else L.repeat(x, factor, axis)
    return x


# ---------------------------------------------------- networks

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
    rank = _rank(bias, "bias_add")
    if rank != 1 and rank != _rank(x, "bias_add") - 1:
        raise ShapeError(f"a bias of shape {bias.shape} for {x.shape}", op="bias_add")
    if (data_format or image_data_format()) != CHANNELS_FIRST:
        return x + bias
    sizes = tuple(bias.shape)                   # of several axes the last is moved in the shape, not in memory
    return x + L.reshape(bias, (sizes[-1], *sizes[:-1]) if rank > 1 else [-1] + [1] * (_rank(x, "bias_add") - 2))


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
    missing = _rank(either[0], "switch") - condition.shape.rank
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
    rank = _rank(x, "rnn")
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
