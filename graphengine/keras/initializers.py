"""What weights begin with: objects that are called with a shape and give numbers at once.

Random initializers are functions of their seed: the same object gives the same numbers for the same shape each time.
Without a seed they take one from Python's random numbers when they are made, as Keras's do: after
`keras.utils.set_random_seed` they give Keras's numbers.
"""
from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import DType, as_dtype
from ..errors import AttributeValueError, ShapeError
from ..frontend.build import constant, init_scope
from ..ir.eager import EagerTensor
from ..ops.language import L
from . import random, registry
from .config import floatx
from .default_seeds import make_default_seed
from .operands import to_tensor
from .registry import Config, register

Sizes = Sequence[int]

LARGEST_SEED = 2**31 - 1
# Standard deviation of normal numbers that lie within two of theirs, for a deviation of 1.
TRUNCATED_DEVIATION = 0.87962566103423978

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")


@register("initializers")
class Initializer:
    """Base of all initializers: a program's own defines ``values(shape, dtype)`` or ``__call__(shape, dtype)``."""

    def __call__(self, shape: Sizes, dtype: Any = None) -> Any:
        """An eager tensor of this shape; `config.floatx()` is the dtype if None."""
        with init_scope():
            return self.values(tuple(int(s) for s in shape), as_dtype(dtype or floatx()))

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        """The numbers, as an eager tensor."""
        raise AttributeValueError("it defines neither values() nor __call__()", op=type(self).__name__)

    def get_config(self) -> Config:
        """The arguments of an equal initializer."""
        return {}

    @classmethod
    def from_config(cls, config: Config) -> Any:
        return cls(**config)

    def clone(self) -> Any:
        """A new initializer with the same arguments."""
        return type(self).from_config(self.get_config())


# -------------------------------------------------------------------- fixed numbers

@register("initializers")
class Constant(Initializer):
    """One number everywhere, or an array that broadcasts to the shape."""

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        return constant(np.broadcast_to(np.asarray(self.value), shape).astype(dtype.numpy))

    def get_config(self) -> Config:
        return {"value": self.value}

    @classmethod
    def from_config(cls, config: Config) -> Any:
        return cls(registry.deserialize_keras_object(config["value"]))


@register("initializers", "zero")
class Zeros(Initializer):
    """Zeros."""

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        return constant(np.zeros(shape, dtype.numpy))


@register("initializers", "one")
class Ones(Initializer):
    """Ones."""

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        return constant(np.ones(shape, dtype.numpy))


@register("initializers", "IdentityInitializer")
class Identity(Initializer):
    """`gain` on the diagonal of a matrix, zeros elsewhere.

    Raises
    ------
    ShapeError, when called, unless the shape has two axes.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        if len(shape) != 2:
            raise ShapeError(f"shape {shape} has {len(shape)} axes; a matrix has 2", op="Identity")
        return constant((self.gain * np.eye(*shape)).astype(dtype.numpy))

    def get_config(self) -> Config:
        return {"gain": self.gain}


# -------------------------------------------------------------------- random numbers

class RandomInitializer(Initializer):
    """Base of those that draw numbers.

    seed : whole number; None for one that is drawn; a generator, or its configuration, for other numbers in each call
    """

    def __init__(self, seed: Any = None) -> None:
        if isinstance(seed, dict):
            seed = registry.deserialize_keras_object(seed)
        if seed is not None and not isinstance(seed, (int, np.integer, random.SeedGenerator)):
            raise AttributeValueError(f"seed={seed!r} is no whole number", op=type(self).__name__)
        self._given = int(seed) if isinstance(seed, np.integer) else seed
        self.seed = make_default_seed() if seed is None else self._given    # what all values follow from

    def get_config(self) -> Config:
        return {"seed": registry.serialize_keras_object(self._given)}

    def _normal(self, shape: Sizes, dtype: DType, mean: float, stddev: float) -> Any:
        return L.cast(random.normal(shape, mean, stddev, _drawn_as(dtype), self.seed), dtype)

    def _truncated(self, shape: Sizes, dtype: DType, mean: float, stddev: float) -> Any:
        return L.cast(random.truncated_normal(shape, mean, stddev, _drawn_as(dtype), self.seed), dtype)

    def _uniform(self, shape: Sizes, dtype: DType, low: float, high: float) -> Any:
        return L.cast(random.uniform(shape, low, high, _drawn_as(dtype), self.seed), dtype)


def _drawn_as(dtype: DType) -> DType:
    """Numbers of narrow types are drawn as float32."""
    return dtypes.float32 if dtype.is_narrow else dtype


@register("initializers", "normal")
class RandomNormal(RandomInitializer):
    """Normal numbers.

    mean, stddev : of the distribution, in the weight's unit
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.mean = mean
        self.stddev = stddev

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        return self._normal(shape, dtype, self.mean, self.stddev)

    def get_config(self) -> Config:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


@register("initializers")
class TruncatedNormal(RandomNormal):
    """Normal numbers within two standard deviations of the mean."""

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        return self._truncated(shape, dtype, self.mean, self.stddev)


@register("initializers", "uniform")
class RandomUniform(RandomInitializer):
    """Numbers in [minval, maxval), each as likely as any other."""

    def __init__(self, minval: float = -0.05, maxval: float = 0.05, seed: Any = None) -> None:
        super().__init__(seed)
        self.minval = minval
        self.maxval = maxval

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        return self._uniform(shape, dtype, self.minval, self.maxval)

    def get_config(self) -> Config:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


@register("initializers")
class VarianceScaling(RandomInitializer):
    """Numbers with mean 0 whose variance is `scale` divided by the number of inputs, outputs, or the mean of both.

    Parameters
    ----------
    scale : positive, dimensionless
    mode : "fan_in", "fan_out" or "fan_avg"
    distribution : "truncated_normal" (also "normal"), "untruncated_normal" or "uniform"
    input_axes, output_axes : axes of the weight that count as inputs and outputs; found from the rank if None

    Raises
    ------
    AttributeValueError for a scale, mode or distribution that there is not.

    References
    ----------
    Glorot and Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", equation 16;
    He et al. (2015), "Delving deep into rectifiers", equation 10.
    """

    def __init__(
        self, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal",
        seed: Any = None, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(seed)
        if scale <= 0:
            raise AttributeValueError(f"scale={scale} is not positive", op="VarianceScaling")
        if mode not in MODES:
            raise AttributeValueError(f"mode={mode!r}; it takes one of {MODES}", op="VarianceScaling")
        distribution = distribution.lower()
        distribution = "truncated_normal" if distribution == "normal" else distribution
        if distribution not in DISTRIBUTIONS:
            raise AttributeValueError(
                f"distribution={distribution!r}; it takes one of {DISTRIBUTIONS}", op="VarianceScaling"
            )
        self.scale = scale
        self.mode = mode
        self.distribution = distribution
        self.input_axes = input_axes
        self.output_axes = output_axes

    def for_axes(self, inputs: Sequence[int], outputs: Sequence[int]) -> VarianceScaling:
        """The same for a weight with these axes, unless it was told which ones count."""
        if self.input_axes is not None and self.output_axes is not None:
            return self
        found = copy.copy(self)
        found.input_axes, found.output_axes = inputs, outputs
        return found

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "truncated_normal":
            return self._truncated(shape, dtype, 0.0, math.sqrt(variance) / TRUNCATED_DEVIATION)
        if self.distribution == "untruncated_normal":
            return self._normal(shape, dtype, 0.0, math.sqrt(variance))
        limit = math.sqrt(3 * variance)
        return self._uniform(shape, dtype, -limit, limit)

    def get_config(self) -> Config:
        return {**super().get_config(), "scale": self.scale, "mode": self.mode, "distribution": self.distribution,
                "input_axes": self.input_axes, "output_axes": self.output_axes}


class _Named(VarianceScaling):
    """A variance scaling with a name of its own."""

    fixed: tuple[float, str, str]       # scale, mode, distribution

    def __init__(
        self, seed: Any = None, input_axes: Sequence[int] | None = None,
        output_axes: Sequence[int] | None = None,
    ) -> None:
        super().__init__(*self.fixed, seed=seed, input_axes=input_axes, output_axes=output_axes)

    def get_config(self) -> Config:
        config = super().get_config()
        return {key: config[key] for key in ("seed", "input_axes", "output_axes")}


@register("initializers")
class GlorotUniform(_Named):
    """Uniform numbers within ``sqrt(6 / (inputs + outputs))`` of 0."""

    fixed = (1.0, "fan_avg", "uniform")


@register("initializers")
class GlorotNormal(_Named):
    """Truncated normal numbers with variance ``2 / (inputs + outputs)``."""

    fixed = (1.0, "fan_avg", "truncated_normal")


@register("initializers")
class LecunUniform(_Named):
    """Uniform numbers within ``sqrt(3 / inputs)`` of 0."""

    fixed = (1.0, "fan_in", "uniform")


@register("initializers")
class LecunNormal(_Named):
    """Truncated normal numbers with variance ``1 / inputs``."""

    fixed = (1.0, "fan_in", "truncated_normal")


@register("initializers")
class HeUniform(_Named):
    """Uniform numbers within ``sqrt(6 / inputs)`` of 0, for rectifiers."""

    fixed = (2.0, "fan_in", "uniform")


@register("initializers")
class HeNormal(_Named):
    """Truncated normal numbers with variance ``2 / inputs``, for rectifiers."""

    fixed = (2.0, "fan_in", "truncated_normal")


def compute_fans(
    shape: Sizes, input_axes: Sequence[int] | None = None, output_axes: Sequence[int] | None = None
) -> tuple[int, int]:
    """Numbers of inputs and outputs of each unit of a weight: the last two axes, times the sizes of a kernel's others.

    Examples
    --------
    >>> from graphengine.keras.initializers import compute_fans
    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[k] for k in input_axes), math.prod(shape[k] for k in output_axes)
    if len(shape) < 2:
        return (shape[0], shape[0]) if shape else (1, 1)
    field = math.prod(shape[:-2])
    return shape[-2] * field, shape[-1] * field


@register("initializers", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A matrix with orthogonal rows or columns, whichever are fewer; other axes than the last count as rows.

    Raises
    ------
    ShapeError, when called, for fewer than two axes.

    References
    ----------
    Saxe, McClelland and Ganguli (2014), "Exact solutions to the nonlinear dynamics of learning in deep linear neural
    networks"; Mezzadri (2007), "How to generate random matrices from the classical compact groups", section 5, for the
    signs.
    """

    def __init__(self, gain: float = 1.0, seed: Any = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        if len(shape) < 2:
            raise ShapeError(f"shape {shape} has fewer than 2 axes", op="Orthogonal")
        rows, columns = math.prod(shape[:-1]), shape[-1]
        q, r = L.qr(self._normal((max(rows, columns), min(rows, columns)), _drawn_as(dtype), 0.0, 1.0))
        q = q * L.sign(L.diag_part(r))
        if rows < columns:
            q = L.transpose(q)
        return L.cast(self.gain * L.reshape(q, shape), dtype)

    def get_config(self) -> Config:
        return {**super().get_config(), "gain": self.gain}


zeros, ones, identity, orthogonal = Zeros, Ones, Identity, Orthogonal
random_normal, random_uniform, truncated_normal = RandomNormal, RandomUniform, TruncatedNormal
variance_scaling, glorot_uniform, glorot_normal = VarianceScaling, GlorotUniform, GlorotNormal
lecun_uniform, lecun_normal, he_uniform, he_normal = LecunUniform, LecunNormal, HeUniform, HeNormal
IdentityInitializer, OrthogonalInitializer = Identity, Orthogonal


@register("initializers", "STFTInitializer")
class STFT(Initializer):
    """Cosines or sines under a window: the kernel of a convolution that gives one part of the spectra of a signal.

        cos(-2 pi t k / n) window[t] / scale,   or sin

    Parameters
    ----------
    side : "real" for cosines, "imag" for sines
    window : name of a window that `scipy.signal.get_window` knows, its numbers, or None for none
    scaling : "density" divides by the root of the sum of the window's squares, "spectrum" by the sum of its absolute
        numbers, None by nothing
    periodic : whether the window of a name is one for periodic signals

    Raises
    ------
    AttributeValueError for another side or scaling, or a window that scipy does not know. ShapeError, when called, if
    the window has another length than the kernel.

    Shapes
    ------
    result : (length of the window, 1, n // 2 + 1)
    """

    def __init__(self, side: str = "real", window: Any = "hann", scaling: str | None = "density", periodic: bool = False
                 ) -> None:
        if side not in ("real", "imag") or scaling not in ("density", "spectrum", None):
            raise AttributeValueError(f"side={side!r}, scaling={scaling!r}; it takes real or imag, and density, "
                                      "spectrum or None", op="STFT")
        if isinstance(window, str):
            named_window(window, 1, periodic)
        self.side, self.window, self.scaling, self.periodic = side, window, scaling, periodic

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        if len(shape) != 3:
            raise ShapeError(f"a kernel of shape {shape}; it is (length, 1, frequencies)", op="STFT")
        length, _, frequencies = shape
        turns = np.arange(length)[:, None, None] * np.arange(frequencies) / max(2 * (frequencies - 1), 1)
        kernel = np.cos(2 * np.pi * turns) if self.side == "real" else -np.sin(2 * np.pi * turns)
        if self.window is not None:
            given = self.window
            window = named_window(given, length, self.periodic) if isinstance(given, str) else np.asarray(given)
            if window.shape != (length,):
                raise ShapeError(f"the window has shape {window.shape}, the kernel {shape}", op="STFT")
            scale = {"density": np.sqrt(np.sum(window**2)), "spectrum": np.sum(np.abs(window)), None: 1.0}[self.scaling]
            kernel = kernel * window[:, None, None] / scale
        return constant(np.broadcast_to(kernel, shape).astype(dtype.numpy))

    def get_config(self) -> Config:
        window = self.window.tolist() if isinstance(self.window, np.ndarray) else self.window
        return {"side": self.side, "window": window, "periodic": self.periodic, "scaling": self.scaling}


def named_window(name: str, length: int, periodic: bool) -> np.ndarray[Any, Any]:
    """The numbers of a window that scipy knows.

    Raises
    ------
    AttributeValueError for an unknown name.
    """
    from scipy.signal import get_window

    try:
        return np.asarray(get_window(name, length, periodic))
    except ValueError as error:
        raise AttributeValueError(f"window={name!r}: {error}", op="STFT") from None


STFTInitializer = stft = STFT


class _Given(Initializer):
    """An array or tensor in the place of an initializer."""

    def __init__(self, array: Any) -> None:
        self.array = array

    def values(self, shape: tuple[int, ...], dtype: DType) -> Any:
        if shape != tuple(self.array.shape):
            raise ShapeError(f"the weight has shape {shape}, the values for it {tuple(self.array.shape)}",
                             op="initializers")
        return to_tensor(self.array, dtype)

    def get_config(self) -> Config:
        return {"array": self.array}


def get(identifier: Any) -> Any:
    """The initializer that a name, a configuration, a class, a function or an array means; None stays None."""
    if isinstance(identifier, (np.ndarray, np.generic, EagerTensor)):
        return _Given(identifier)
    return registry.get_object("initializers", identifier)


def serialize(initializer: Any) -> Any:
    """An initializer as its configuration."""
    return registry.serialize_keras_object(initializer)


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The initializer that a configuration describes."""
    return registry.deserialize("initializers", config, custom_objects)
