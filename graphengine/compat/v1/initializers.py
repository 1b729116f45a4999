"""Initial values of variables, with TensorFlow 1's names and defaults: objects that are called with shape and dtype."""
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from ... import dtypes
from ...dtypes import as_dtype
from ...errors import AttributeValueError, ShapeError, suggestion
from ...frontend import build, random
from ...frontend.pieces import eye
from ...frontend.surface import refusing
from ...later import later
from ...ops.language import L


class Initializer:
    """Base: a subclass draws the numbers.

    dtype : type of the elements where the call says nothing
    """

    def __init__(self, dtype: Any = dtypes.float32) -> None:
        self.dtype = as_dtype(dtype)

    def __call__(self, shape: Any, dtype: Any = None, partition_info: Any = None) -> Any:
        """A tensor of this shape."""
        return self.drawn(tuple(int(s) for s in shape), self.dtype if dtype is None else as_dtype(dtype))

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        raise NotImplementedError


class zeros_initializer(Initializer):
    """Zeros."""

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        return build.fill(shape, build.constant(0, dtype))


class ones_initializer(Initializer):
    """Ones."""

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        return build.fill(shape, build.constant(1, dtype))


class constant_initializer(Initializer):
    """A value, or as many as there are elements.

    Parameters
    ----------
    value : number, or nested list whose elements fill the variable row by row
    """

    def __init__(self, value: Any = 0, dtype: Any = dtypes.float32, verify_shape: bool = False) -> None:
        super().__init__(dtype)
        self.value = value

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        values = np.asarray(self.value).ravel()
        count = math.prod(shape)
        if values.size > count:
            raise ShapeError(f"{values.size} values for {count} elements", op="constant_initializer")
        rest = np.repeat(values[-1:], count - values.size)          # the last one fills what is left, as in TensorFlow
        return build.constant(np.concatenate([values, rest]).reshape(shape).astype(dtype.numpy))


class _Seeded(Initializer):
    def __init__(self, seed: int | None, dtype: Any) -> None:
        super().__init__(dtype)
        self.seed = seed


class random_uniform_initializer(_Seeded):
    """Numbers in [minval, maxval); `maxval` is 1 if None."""

    def __init__(
        self, minval: Any = 0.0, maxval: Any = None, seed: int | None = None, dtype: Any = dtypes.float32
    ) -> None:
        super().__init__(seed, dtype)
        self.minval, self.maxval = minval, maxval

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)


class random_normal_initializer(_Seeded):
    """Normal numbers."""

    def __init__(
        self, mean: Any = 0.0, stddev: Any = 1.0, seed: int | None = None, dtype: Any = dtypes.float32
    ) -> None:
        super().__init__(seed, dtype)
        self.mean, self.stddev = mean, stddev

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)


class truncated_normal_initializer(random_normal_initializer):
    """Normal numbers within two standard deviations of the mean."""

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


TRUNCATED_DEVIATION = 0.87962566103423978   # of normal numbers cut at two standard deviations
MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("uniform", "normal", "truncated_normal", "untruncated_normal")


class variance_scaling_initializer(_Seeded):
    """Numbers whose variance is ``scale / n``, n being the number of inputs or outputs of a unit, or their mean.

    Parameters
    ----------
    scale : positive, dimensionless
    mode : "fan_in", "fan_out" or "fan_avg"
    distribution : "truncated_normal" ("normal" is the same), "untruncated_normal" or "uniform"

    References
    ----------
    Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", section 4.2.
    He et al. (2015), "Delving deep into rectifiers", section 2.2.
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
        seed: int | None = None, dtype: Any = dtypes.float32,
    ) -> None:
        super().__init__(seed, dtype)
        if scale <= 0:
            raise AttributeValueError(f"scale={scale} is not positive", op="variance_scaling_initializer")
        for value, known in ((mode, MODES), (distribution, DISTRIBUTIONS)):
            if value not in known:
                raise AttributeValueError(f"{value!r} is none of {known}", op="variance_scaling_initializer",
                                          fix=suggestion(value, known))
        self.scale, self.mode, self.distribution = scale, mode, distribution

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        inputs, outputs = fans(shape)
        size = {"fan_in": inputs, "fan_out": outputs, "fan_avg": (inputs + outputs) / 2}[self.mode]
        variance = self.scale / max(1.0, size)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        return random.truncated_normal(shape, 0.0, math.sqrt(variance) / TRUNCATED_DEVIATION, dtype, self.seed)


def fans(shape: Sequence[int]) -> tuple[float, float]:
    """Number of inputs and of outputs of a unit with weights of this shape; the last two axes are (inputs, outputs)."""
    if len(shape) < 2:
        size = float(shape[0]) if shape else 1.0
        return size, size
    field = math.prod(shape[:-2])
    return float(field * shape[-2]), float(field * shape[-1])


class glorot_uniform_initializer(variance_scaling_initializer):
    """Uniform numbers with the variance 2 / (inputs + outputs)."""

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(1.0, "fan_avg", "uniform", seed, dtype)


class glorot_normal_initializer(variance_scaling_initializer):
    """Normal numbers with the variance 2 / (inputs + outputs)."""

    def __init__(self, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(1.0, "fan_avg", "truncated_normal", seed, dtype)


class uniform_unit_scaling_initializer(_Seeded):
    """Uniform numbers that keep the variance of what goes through: limits of factor * sqrt(3 / inputs)."""

    def __init__(self, factor: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(seed, dtype)
        self.factor = factor

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        limit = math.sqrt(3 / max(1.0, math.prod(shape[:-1]))) * self.factor
        return random.uniform(shape, -limit, limit, dtype, self.seed)


class orthogonal_initializer(_Seeded):
    """A matrix with orthonormal rows or columns; axes before the last count as one.

    References
    ----------
    Saxe, McClelland and Ganguli (2014), "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks", section 3.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None, dtype: Any = dtypes.float32) -> None:
        super().__init__(seed, dtype)
        self.gain = gain

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        if len(shape) < 2:
            raise ShapeError(f"shape {shape} has fewer than two axes", op="orthogonal_initializer")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        drawn = random.normal((max(rows, columns), min(rows, columns)), 0.0, 1.0, dtype, self.seed)
        q, r = L.qr(drawn)
        q = q * L.sign(L.diag_part(r))      # so that all of them are equally likely
        return L.reshape(self.gain * (L.transpose(q) if rows < columns else q), shape)


class identity_initializer(Initializer):
    """`gain` on the diagonal of a matrix."""

    def __init__(self, gain: float = 1.0, dtype: Any = dtypes.float32) -> None:
        super().__init__(dtype)
        self.gain = gain

    def drawn(self, shape: tuple[int, ...], dtype: dtypes.DType) -> Any:
        if len(shape) != 2:
            raise ShapeError(f"shape {shape} is no matrix's", op="identity_initializer")
        return self.gain * eye(*shape, dtype=dtype)


def he_normal(seed: int | None = None) -> variance_scaling_initializer:
    """Normal numbers with the variance 2 / inputs."""
    return variance_scaling_initializer(2.0, "fan_in", "truncated_normal", seed)


def he_uniform(seed: int | None = None) -> variance_scaling_initializer:
    """Uniform numbers with the variance 2 / inputs."""
    return variance_scaling_initializer(2.0, "fan_in", "uniform", seed)


def lecun_normal(seed: int | None = None) -> variance_scaling_initializer:
    """Normal numbers with the variance 1 / inputs."""
    return variance_scaling_initializer(1.0, "fan_in", "truncated_normal", seed)


def lecun_uniform(seed: int | None = None) -> variance_scaling_initializer:
    """Uniform numbers with the variance 1 / inputs."""
    return variance_scaling_initializer(1.0, "fan_in", "uniform", seed)


# The names that they have in `initializers`.
constant, zeros, ones = constant_initializer, zeros_initializer, ones_initializer
random_uniform, random_normal = random_uniform_initializer, random_normal_initializer
truncated_normal, uniform_unit_scaling = truncated_normal_initializer, uniform_unit_scaling_initializer
variance_scaling, orthogonal, identity = variance_scaling_initializer, orthogonal_initializer, identity_initializer
glorot_uniform, glorot_normal = glorot_uniform_initializer, glorot_normal_initializer

_LATER = {
    "global_variables": "....frontend.variables:global_variables_initializer",
    "tables_initializer": "..:tables_initializer",
    "local_variables": "..variables:local_variables_initializer",
    "variables": "....frontend.variables:variables_initializer",
}
__all__ = sorted({
    "constant", "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
    "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "truncated_normal",
    "uniform_unit_scaling", "variance_scaling", "zeros", *_LATER})
__getattr__, __dir__ = later(__name__, _LATER, refusing(__name__, lambda: __all__))
