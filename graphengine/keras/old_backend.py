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
from ..ops.language import L
from . import activations, losses, ops
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

def rank_of(x: Any, op: str) -> int:
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
    ranks = rank_of(x, "batch_dot"), rank_of(y, "batch_dot")
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
