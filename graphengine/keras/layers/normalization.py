"""Layers that bring numbers to a mean, a spread or a length."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...dtypes import float32
from ...errors import InvalidArgumentError, ShapeError
from ...frontend.moments import batch_normalization, layer_normalization
from ...ops.language import L
from .. import initializers
from ..config import epsilon as smallest
from ..input_spec import InputSpec
from ..registry import register
from .core import Wrapper
from .settings import Configured, along


class _Scaled(Configured):
    """A layer with a scale `gamma` and an offset `beta`."""

    def add_part(self, name: str, shape: tuple[int, ...], wanted: bool = True, trainable: bool = True) -> Any:
        """A weight whose initializer and so on are the arguments that begin with its name; None if it is not wanted."""
        if not wanted:
            return None
        return self.add_weight(shape, getattr(self, f"{name}_initializer"), name=name, trainable=trainable,
                               regularizer=getattr(self, f"{name}_regularizer", None),
                               constraint=getattr(self, f"{name}_constraint", None))

    def add_scale_and_offset(self, shape: tuple[int, ...]) -> None:
        self.gamma = self.add_part("gamma", shape, self.scale)
        self.beta = self.add_part("beta", shape, self.center)


def _wide(x: Any) -> Any:
    """Numbers of 16 bits as float32: sums of them would overflow."""
    return L.cast(x, float32) if x.dtype.size < 4 or not x.dtype.is_floating else x


@register
class BatchNormalization(_Scaled):
    """Numbers with mean `beta` and standard deviation `gamma` for each channel.

        y = gamma * (x - mean) / sqrt(variance + epsilon) + beta

    While training, mean and variance are those of the batch, and the moving ones follow them; else, and with
    ``trainable=False``, they are the moving ones.

    Parameters
    ----------
    axis : of the channels
    momentum : share of the moving mean and variance that stays in each step
    epsilon : what is added to the variance
    center, scale : whether there are `beta` and `gamma`
    renorm : whether training takes its scale from a second pair of moving moments, so that it differs little from
        inference
    renorm_clipping : limits rmin, rmax and dmax of the correction
    renorm_momentum : share of the second pair that stays in each step

    Shapes
    ------
    inputs : any, of known size along `axis`
    mask : the shape of the inputs without the channels, which are last then; steps that do not count
    gamma, beta, moving_mean, moving_variance : (channels,)

    References
    ----------
    Ioffe and Szegedy (2015), "Batch normalization: accelerating deep network training by reducing internal covariate
    shift"; Ioffe (2017), "Batch renormalization", algorithm 1.
    """

    def __init__(
        self, axis: int = -1, momentum: float = 0.99, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones", beta_regularizer: Any = None, gamma_regularizer: Any = None,
        beta_constraint: Any = None, gamma_constraint: Any = None, renorm: bool = False,
        renorm_clipping: Any = None, renorm_momentum: float = 0.99, synchronized: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.axis = int(axis)
        limits = self.renorm_clipping or {}
        if set(limits) - {"rmin", "rmax", "dmax"}:
            raise self.refuse("renorm_clipping", renorm_clipping, "limits rmin, rmax and dmax")
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        size = self.known_size(input_shape, self.axis)
        self.add_scale_and_offset((size,))
        self.moving_mean = self.add_part("moving_mean", (size,), trainable=False)
        self.moving_variance = self.add_part("moving_variance", (size,), trainable=False)
        if self.renorm:
            def spread(shape: Any, dtype: Any = None) -> Any:
                return L.sqrt(self.moving_variance_initializer(shape, dtype))

            self.moving_stddev = self.add_weight((size,), spread, trainable=False, name="moving_stddev")
            self.renorm_mean = self.add_weight((size,), self.moving_mean_initializer, trainable=False,
                                               name="renorm_mean")
            self.renorm_stddev = self.add_weight((size,), spread, trainable=False, name="renorm_stddev")
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})

    def call(self, inputs: Any, training: bool = False, mask: Any = None) -> Any:
        x = _wide(inputs)
        gamma, beta = self.gamma, self.beta
        if training and self.trainable:
            mean, variance = self._moments(x, mask)
            if self.renorm:
                gamma, beta, _ = self.renormed(mean, variance)
            else:
                _follow(self.moving_mean, mean, self.momentum)
                _follow(self.moving_variance, variance, self.momentum)
        else:
            mean, variance = self.moving_mean, self.moving_variance
        rank = x.shape.rank
        mean, variance, beta, gamma = (None if v is None else along(v, self.axis, rank)
                                       for v in (mean, variance, beta, gamma))
        return L.cast(batch_normalization(x, mean, variance, beta, gamma, self.epsilon), self.compute_dtype)

    def _moments(self, x: Any, mask: Any) -> tuple[Any, Any]:
        axes = [k for k in range(x.shape.rank) if k != self.axis % x.shape.rank]
        if mask is None:
            return L.reduce_mean(x, axes), L.reduce_variance(x, axes)
        if mask.shape.rank != x.shape.rank - 1:
            raise ShapeError(f"mask has shape {mask.shape} for inputs of shape {x.shape}; it has one axis less",
                             op="BatchNormalization")
        counts = L.cast(L.expand_dims(mask, -1), x.dtype) + L.zeros_like(x)
        total = L.reduce_sum(counts, axes, True) + smallest()
        mean = L.reduce_sum(x * counts, axes, True) / total
        variance = L.reduce_sum(L.square(x - mean) * counts, axes, True) / total
        return L.squeeze(mean, axes), L.squeeze(variance, axes)

    def renormed(self, mean: Any, variance: Any) -> tuple[Any, Any, list[Any]]:
        """Scale and offset with the correction of batch renormalization; the moving moments follow by assignments."""
        stddev = L.sqrt(variance + self.epsilon)
        known = L.maximum(self.renorm_stddev, self.epsilon ** 0.5)
        ratio, shift = stddev / known, (mean - self.renorm_mean) / known
        limits = self.renorm_clipping or {}
        if limits.get("rmin") is not None:
            ratio = L.maximum(ratio, limits["rmin"])
        if limits.get("rmax") is not None:
            ratio = L.minimum(ratio, limits["rmax"])
        if limits.get("dmax") is not None:
            shift = L.clip_by_value(shift, -limits["dmax"], limits["dmax"])
        ratio, shift = L.stop_gradient(ratio), L.stop_gradient(shift)
        gamma = ratio if self.gamma is None else ratio * self.gamma
        beta = shift if self.gamma is None else shift * self.gamma
        spread = self.moving_stddev * self.momentum + stddev * (1 - self.momentum)
        updates = [
            _follow(self.renorm_mean, mean, self.renorm_momentum),
            _follow(self.renorm_stddev, stddev, self.renorm_momentum), _follow(self.moving_mean, mean, self.momentum),
            self.moving_stddev.assign(spread), self.moving_variance.assign(L.relu(spread * spread - self.epsilon))]
        return gamma, beta if self.beta is None else beta + self.beta, updates


def _follow(moving: Any, value: Any, momentum: float) -> Any:
    """Let a moving average take a step."""
    return moving.assign(moving * momentum + value * (1 - momentum))


@register
class LayerNormalization(_Scaled):
    """Numbers with mean `beta` and standard deviation `gamma` along axes of each sample.

        y = gamma * (x - mean(x)) / sqrt(variance(x) + epsilon) + beta

    Parameters
    ----------
    axis : one or several axes that share a mean
    epsilon : what is added to the variance
    center, scale : whether there are `beta` and `gamma`

    Shapes
    ------
    inputs : any, of known sizes along `axis`
    gamma, beta : these sizes

    References
    ----------
    Ba, Kiros and Hinton (2016), "Layer normalization", equation 4.
    """

    def __init__(
        self, axis: Any = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, **kwargs: Any,
    ) -> None:
        kwargs.pop("rms_scaling", None)             # Keras 3's files say False
        super().__init__(**kwargs)
        self.keep(locals())
        self.axis = _listed(axis)
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        self.axis = _sorted_axes(self.axis, len(input_shape))
        self.add_scale_and_offset(tuple(self.known_size(input_shape, k) for k in self.axis))

    def call(self, inputs: Any) -> Any:
        y = layer_normalization(_wide(inputs), self.gamma, self.beta, self.axis, self.epsilon)
        return L.cast(y, self.compute_dtype)


def _listed(axis: Any) -> Any:
    return list(axis) if isinstance(axis, (list, tuple)) else int(axis)


def _sorted_axes(axis: Any, rank: int) -> list[int]:
    """One or several axes as a list, in their order in the input."""
    axes = axis if isinstance(axis, list) else [axis]
    if any(not -rank <= k < rank for k in axes):
        raise ShapeError(f"axis={axis} of an input with {rank} axes", op="LayerNormalization")
    return sorted(axes, key=lambda k: k % rank)


@register
class RMSNormalization(Configured):
    """Numbers divided by their root mean square along axes, times a weight.

        y = scale * x / sqrt(mean(x^2) + epsilon)

    References
    ----------
    Zhang and Sennrich (2019), "Root mean square layer normalization", equation 4.
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.axis = _listed(axis)

    def build(self, input_shape: Any) -> None:
        self.axis = _sorted_axes(self.axis, len(input_shape))
        self.scale = self.add_weight(tuple(self.known_size(input_shape, k) for k in self.axis), "ones", name="scale")

    def call(self, inputs: Any) -> Any:
        x = _wide(inputs)
        y = x * L.rsqrt(L.reduce_mean(L.square(x), self.axis, True) + self.epsilon)
        return L.cast(y * _placed(self.scale, self.axis, x), self.compute_dtype)


def _placed(values: Any, axes: Sequence[int], x: Any) -> Any:
    """Values that have the sizes of some axes of x, as something that broadcasts against x."""
    sizes = dict(zip((k % x.shape.rank for k in axes), values.shape, strict=True))
    return L.reshape(values, tuple(sizes.get(k, 1) for k in range(x.shape.rank)))


@register
class GroupNormalization(_Scaled):
    """Numbers with mean `beta` and standard deviation `gamma` in each group of channels of each sample.

    Parameters
    ----------
    groups : number of groups; as many as channels if -1
    axis : of the channels
    epsilon : what is added to the variance
    center, scale : whether there are `beta` and `gamma`, one number for each channel

    Raises
    ------
    ShapeError if the channels cannot be divided into the groups.

    References
    ----------
    Wu and He (2018), "Group normalization", section 3.
    """

    def __init__(
        self, groups: int = 32, axis: int = -1, epsilon: float = 1e-3, center: bool = True, scale: bool = True,
        beta_initializer: Any = "zeros", gamma_initializer: Any = "ones", beta_regularizer: Any = None,
        gamma_regularizer: Any = None, beta_constraint: Any = None, gamma_constraint: Any = None, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.groups: int = groups
        self.supports_masking = True

    def build(self, input_shape: Any) -> None:
        size = self.known_size(input_shape, self.axis)
        groups = size if self.groups == -1 else self.groups
        if groups < 1 or size % groups:
            raise ShapeError(f"{size} channels cannot be divided into {groups} groups", op="GroupNormalization")
        self.groups = groups
        self.add_scale_and_offset((size,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})

    def call(self, inputs: Any) -> Any:
        x = _wide(inputs)
        rank, axis = x.shape.rank, self.axis % x.shape.rank
        last = L.transpose(x, (*(k for k in range(rank) if k != axis), axis)) if axis != rank - 1 else x
        parts = (self.groups, last.shape[-1] // self.groups)
        y = L.standardize(L.reshape_rows(last, (-1, *parts)), (1, 3), self.epsilon)
        y = y if self.gamma is None else y * L.reshape(self.gamma, parts)
        y = y if self.beta is None else y + L.reshape(self.beta, parts)
        y = L.reshape_like(y, last)
        back = (*range(axis), rank - 1, *range(axis, rank - 1))
        return L.cast(y if axis == rank - 1 else L.transpose(y, back), self.compute_dtype)


@register
class UnitNormalization(Configured):
    """Numbers whose squares add up to 1 along axes.

    axis : one or several axes
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = _listed(axis)
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        return L.l2_normalize(self.fractions(inputs), self.axis, 1e-24)     # of lengths below 1e-12, as Keras


@register
class SpectralNormalization(Wrapper):
    """A layer whose kernel is divided by its largest singular value in each step of training.

    Parameters
    ----------
    layer : with a weight `kernel` or `embeddings`
    power_iterations : steps by which the singular value comes nearer in each call

    References
    ----------
    Miyato et al. (2018), "Spectral normalization for generative adversarial networks", algorithm 1.
    """

    def __init__(self, layer: Any, power_iterations: int = 1, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.power_iterations = power_iterations
        if not isinstance(power_iterations, int) or power_iterations < 1:
            raise self.refuse("power_iterations", power_iterations, "a whole number from 1 on")

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.kernel = self._kernel_inside()         # first among the weights, as in Keras
        self.vector_u = self.add_weight((1, self.kernel.shape[-1]), initializers.TruncatedNormal(stddev=0.02),
                                        trainable=False, name="vector_u", dtype=self.kernel.dtype)
        self.input_spec = InputSpec(min_ndim=1, axes={-1: input_shape[-1]})

    def _kernel_inside(self) -> Any:
        for name in ("kernel", "embeddings"):
            if hasattr(self.layer, name):
                return getattr(self.layer, name)
        raise InvalidArgumentError(f"layer {self.layer.name!r} has neither kernel nor embeddings",
                                   op="SpectralNormalization")

    def call(self, inputs: Any, training: bool = False) -> Any:
        if training:
            self._divide()
        return L.cast(self.layer(inputs), inputs.dtype)

    def _divide(self) -> None:
        """Bring the kernel to a largest singular value of 1; a kernel of zeros stays."""
        kernel = self.kernel
        rows, u = L.reshape(kernel, (-1, kernel.shape[-1])), self.vector_u.read_value()
        for _ in range(self.power_iterations):
            v = L.l2_normalize(L.matmul(u, rows, transpose_b=True))
            u = L.l2_normalize(L.matmul(v, rows))
        largest = L.reshape(L.matmul(L.matmul(v, rows), u, transpose_b=True), ())
        is_zero = L.reduce_all(L.equal(rows, 0.0))
        self.vector_u.assign(L.where(is_zero, self.vector_u, u))
        kernel.assign(L.where(is_zero, kernel, kernel / L.where(is_zero, 1.0, largest)))
