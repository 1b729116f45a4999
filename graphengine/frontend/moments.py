"""Functions about means, variances and lengths whose arguments may be missing or whose results are several.

They build on ops and add none. Names, arguments and defaults are TensorFlow's; `layer_normalization` is Keras's.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import AttributeValueError, ShapeError
from ..ir.node import Tensor
from ..ops.language import L
from ..ops.rules import as_axes, normal_axes
from .build import convert_to_tensor


def moments(x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None) -> tuple[Any, Any]:
    """Mean and variance along axes.

    Parameters
    ----------
    shift : not used, as in TensorFlow
    keepdims : keep the folded axes with size 1

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     mean, variance = tf.nn.moments([[1.0, 3.0], [2.0, 8.0]], axes=[1])
    ...     print(*tf.Session().run([mean, variance]))
    [2. 5.] [1. 9.]
    """
    del shift
    x = convert_to_tensor(x)
    return L.reduce_mean(x, axes, keepdims, name=name), L.reduce_variance(x, axes, keepdims, name=name)


def sufficient_statistics(
    x: Any, axes: Any, shift: Any = None, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any, Any, Any]:
    """What mean and variance follow from: the count, the sum and the sum of squares along axes, and the shift.

    Parameters
    ----------
    shift : number near the mean, taken from `x` first, so that little is lost where the mean is large; None for 0
    """
    x = convert_to_tensor(x)
    shifted = x if shift is None else x - shift
    counts = L.count_along(x, axes)
    sums = [L.reduce_sum(terms, axes, keepdims, name=name) for terms in (shifted, shifted * shifted)]
    return counts, sums[0], sums[1], shift


def normalize_moments(
    counts: Any, mean_ss: Any, variance_ss: Any, shift: Any, name: str | None = None
) -> tuple[Any, Any]:
    """Mean and variance from `sufficient_statistics`."""
    share = L.reciprocal(convert_to_tensor(counts), name=name)
    distance = share * mean_ss
    return distance if shift is None else distance + shift, share * variance_ss - L.square(distance)


def weighted_moments(
    x: Any, axes: Any, frequency_weights: Any, keepdims: bool = False, name: str | None = None
) -> tuple[Any, Any]:
    """Mean and variance along axes of numbers that count as often as their weights say.

    Parameters
    ----------
    frequency_weights : weights, not negative; broadcast against `x`
    """
    x = convert_to_tensor(x)
    weights = L.zeros_like(x) + frequency_weights
    total = L.reduce_sum(weights, axes, True)
    mean = L.reduce_sum(weights * x, axes, True) / total
    variance = L.reduce_sum(weights * L.squared_difference(x, mean), axes, True) / total
    if keepdims:
        return mean, variance
    return L.reduce_sum(mean, axes, name=name), L.reduce_sum(variance, axes, name=name)    # of one element each


def batch_normalization(
    x: Any, mean: Any, variance: Any, offset: Any, scale: Any, variance_epsilon: float, name: str | None = None
) -> Any:
    """Numbers brought to a mean and a spread by moments that are given.

        y = scale * (x - mean) / sqrt(variance + variance_epsilon) + offset

    Parameters
    ----------
    mean, variance : of shapes that broadcast against x
    offset, scale : of shapes that broadcast against x; None for 0 and 1

    References
    ----------
    Ioffe and Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal covariate
    shift", algorithm 1.
    """
    factor = L.rsqrt(convert_to_tensor(variance) + variance_epsilon)
    y = (convert_to_tensor(x) - mean) * (factor if scale is None else factor * scale)
    return L.identity(y if offset is None else y + offset, name=name)


def batch_norm_with_global_normalization(
    input: Any, mean: Any, variance: Any, beta: Any, gamma: Any, variance_epsilon: float,
    scale_after_normalization: bool, name: str | None = None,
) -> Any:
    """`batch_normalization` with offset `beta`, and with scale `gamma` if `scale_after_normalization`."""
    return batch_normalization(input, mean, variance, beta, gamma if scale_after_normalization else None,
                               variance_epsilon, name)


def layer_normalization(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, epsilon: float = 1e-7, name: str | None = None
) -> Any:
    """Numbers with mean `beta` and standard deviation `gamma` along axes.

        y = gamma * (x - mean(x)) / sqrt(variance(x) + epsilon) + beta

    Parameters
    ----------
    gamma, beta : of the shape of those axes; None for 1 and 0
    axis : axes that share a mean
    epsilon : what is added to the variance, as large as in Keras's function (its layer takes 0.001)

    Raises
    ------
    ShapeError if `gamma` or `beta` has other sizes.

    References
    ----------
    Ba, Kiros and Hinton (2016), "Layer normalization", equation 4.
    """
    x = convert_to_tensor(x)
    axes = normal_axes(as_axes(axis), x.rank)
    y = L.standardize(x, axes, epsilon)
    if gamma is not None:
        y = y * _along(gamma, axes, x, "gamma")
    if beta is not None:
        y = y + _along(beta, axes, x, "beta")
    return L.identity(y, name=name)


def _along(values: Any, axes: Sequence[int], x: Tensor, label: str) -> Any:
    """`values`, which have the sizes of `axes`, as something that broadcasts against `x`."""
    found = convert_to_tensor(values, None if isinstance(values, Tensor) else x.dtype)
    if found.shape.rank not in (None, len(axes)):
        raise ShapeError(f"{label} has shape {found.shape} for {len(axes)} axes", op="layer_normalization")
    if tuple(axes) == tuple(np.arange(x.rank - len(axes), x.rank)):
        return found
    sizes = iter(found.shape)
    shape = [next(sizes) if k in axes else 1 for k in np.arange(x.rank)]
    if shape.count(None) > 1:
        raise ShapeError(f"{label} has unknown sizes {found.shape}", op="layer_normalization")
    return L.reshape(found, tuple(-1 if s is None else s for s in shape))


# -------------------------------------------------------------------- lengths of lists

def global_norm(t_list: Sequence[Any], name: str | None = None) -> Any:
    """Length of all tensors of a list as one vector: the square root of the sum of all squares; None counts as 0."""
    terms = [L.reduce_sum(L.square(t)) for t in map(convert_to_tensor, _present(t_list, "global_norm"))]
    return L.sqrt(L.add_n(terms), name=name)


def clip_by_global_norm(
    t_list: Sequence[Any], clip_norm: Any, use_norm: Any = None, name: str | None = None
) -> tuple[list[Any], Any]:
    """Tensors scaled down together, so that as one vector they are at most `clip_norm` long, and their length before.

    Parameters
    ----------
    t_list : tensors; None stays None
    clip_norm : the largest length, positive
    use_norm : their length, if it is known already

    Returns
    -------
    The list, and the length. Where the length is infinite or NaN, all results are NaN.

    References
    ----------
    Pascanu, Mikolov and Bengio (2013), "On the difficulty of training recurrent neural networks", algorithm 1.
    """
    present = [convert_to_tensor(t) for t in _present(t_list, "clip_by_global_norm")]
    norm = global_norm(present) if use_norm is None else convert_to_tensor(use_norm)
    factor = clip_norm * L.minimum(1 / norm, 1 / L.cast(convert_to_tensor(clip_norm), norm.dtype))
    factor = L.where(L.is_finite(norm), factor, np.nan)
    clipped = iter([L.multiply(t, factor, name=name) for t in present])
    return [None if t is None else next(clipped) for t in t_list], norm


def _present(t_list: Any, op: str) -> list[Any]:
    if not isinstance(t_list, (list, tuple)):
        raise AttributeValueError(f"t_list is {type(t_list).__name__}; it takes a list of tensors", op=op)
    found = [t for t in t_list if t is not None]
    if not found:
        raise AttributeValueError("t_list holds no tensor", op=op)
    return found
