"""Layers that bring data into the form that a network takes: scaled, counted, put into bins, resized."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ...errors import FailedPreconditionError, InvalidArgumentError, ShapeError
from ...frontend.build import convert_to_tensor
from ...frontend.images import resize
from ...ops.language import L
from ..config import epsilon as smallest
from ..registry import register
from .settings import CHANNELS_FIRST, RESIZING, Configured, one_of, order_of_axes, rounded_to

Array = np.ndarray[Any, Any]


def batches(data: Any, dtype: Any = None) -> Iterator[Array]:
    """The batches of an array, a tensor, or of something that yields them; of pairs the first."""
    if not hasattr(data, "shape"):
        for batch in data:
            yield np.asarray(batch[0] if isinstance(batch, tuple) else batch, dtype)
    else:
        yield np.asarray(data, dtype)


@register
class Rescaling(Configured):
    """Numbers times a scale, plus an offset.

    scale, offset : a number, or one for each channel
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.supports_masking = True

    def call(self, inputs: Any) -> Any:
        scale, offset = (np.asarray(v, self.compute_dtype) for v in (self.scale, self.offset))
        return L.cast(inputs, self.compute_dtype) * scale + offset


@register
class Normalization(Configured):
    """Numbers with mean 0 and standard deviation 1, by moments that are given or found in data with `adapt`.

        y = (x - mean) / max(sqrt(variance), epsilon)

    Parameters
    ----------
    axis : axes along which each place has moments of its own; None for one mean of all
    mean, variance : the moments, if they are known
    invert : whether to go the other way

    Examples
    --------
    >>> from graphengine import keras
    >>> layer = keras.layers.Normalization()
    >>> layer.adapt([[1.0, 10.0], [3.0, 30.0]])
    >>> print(layer([[1.0, 20.0]]).numpy())
    [[-1.  0.]]
    """

    def __init__(
        self, axis: Any = -1, mean: Any = None, variance: Any = None, invert: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.keep({"invert": invert})
        self._given = (mean, variance)
        self.axis = () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        if (mean is None) != (variance is None):
            raise self.refuse("variance" if variance is None else "mean", None, "a number if the other moment is given")

    def build(self, input_shape: Any) -> None:
        rank = len(input_shape)
        if any(not -rank <= k < rank for k in self.axis):
            raise ShapeError(f"axis={self.axis} of an input of shape {input_shape}", op="Normalization")
        own = sorted(k % rank for k in self.axis)
        self._own_axes = tuple(own)
        sizes = tuple(self.known_size(input_shape, k) for k in own)
        self._shape = tuple(input_shape[k] if k in own else 1 for k in range(rank))
        if self._given[0] is None:
            self.adapt_mean = self.add_weight(sizes, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(sizes, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", "int32", trainable=False, name="count")

    def adapt(self, data: Any) -> None:
        """Take the moments of data: an array, or something that yields batches.

        Raises
        ------
        InvalidArgumentError if the moments were given, or there are no data; ShapeError if batches differ.
        """
        if self._given[0] is not None:
            raise InvalidArgumentError("mean and variance were given", op="Normalization.adapt")
        total, mean, variance = 0, 0.0, 0.0
        for batch in batches(data if hasattr(data, "shape") or not _is_table(data) else np.asarray(data)):
            if not self.built:
                self.build(batch.shape)
            if batch.ndim != len(self._shape) or any(batch.shape[k] != self._shape[k] for k in self._own_axes):
                raise ShapeError(f"a batch of shape {batch.shape} for a layer built for {self._shape}",
                                 op="Normalization.adapt")
            folded = tuple(k for k in range(batch.ndim) if k not in self._own_axes)
            count = int(np.prod([batch.shape[k] for k in folded], dtype=int))
            if not count:
                continue
            wide = batch.astype(np.float64)
            own_mean, own_variance = wide.mean(folded), wide.var(folded)
            share = count / (total + count)         # Chan, Golub and LeVeque (1979), equation 2.1
            distance = own_mean - mean
            variance = variance + (own_variance - variance) * share + distance**2 * share * (1 - share)
            mean, total = mean + distance * share, total + count
        if not total:
            raise InvalidArgumentError("there are no data", op="Normalization.adapt")
        self.adapt_mean.assign(np.asarray(mean, self.dtype))
        self.adapt_variance.assign(np.asarray(variance, self.dtype))

    def argument(self, name: str) -> Any:
        return self._given[name == "variance"] if name in ("mean", "variance") else super().argument(name)

    @property
    def mean(self) -> Any:
        """What is subtracted, in a shape that broadcasts against the inputs; None before it is known."""
        return convert_to_tensor(self._moments()[0]) if self.built else self._given[0]

    @property
    def variance(self) -> Any:
        """The square of what is divided by, as `mean`."""
        return convert_to_tensor(self._moments()[1]) if self.built else self._given[1]

    def _moments(self) -> tuple[Any, Any]:
        """Mean and variance in shapes that broadcast against the inputs."""
        if self._given[0] is None:
            return tuple(L.reshape(v, self._shape) for v in (self.adapt_mean, self.adapt_variance))  # type: ignore[return-value]
        given = [np.asarray(v, self.compute_dtype) for v in self._given]
        sizes = [self._shape[k] for k in self._own_axes]
        whole = [v.reshape(self._shape) if v.size == np.prod(self._shape) else np.broadcast_to(v, sizes) for v in given]
        return whole[0].reshape(self._shape), whole[1].reshape(self._shape)

    def call(self, inputs: Any) -> Any:
        x = L.cast(inputs, self.compute_dtype)
        mean, variance = map(convert_to_tensor, self._moments())
        spread = L.maximum(L.sqrt(variance), smallest())
        return mean + x * spread if self.invert else (x - mean) / spread

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis or None}


def _is_table(data: Any) -> bool:
    """Whether nested lists hold numbers, not arrays."""
    while isinstance(data, (list, tuple)) and data:
        data = data[0]
    return isinstance(data, (int, float))


def encoded(indices: Any, mode: str, depth: int, dtype: Any, weights: Any = None) -> Any:
    """Numbers of classes as vectors: one for each ("one_hot"), or for those along the last axis together.

    weights : what each counts, for "count"
    """
    if mode == "one_hot":
        squeezed = indices.shape.rank > 1 and indices.shape[-1] == 1
        return L.one_hot(L.squeeze(indices, -1) if squeezed else indices, depth, dtype=dtype)
    marks = L.one_hot(indices, depth, dtype=dtype)
    if weights is not None:
        marks = marks * L.expand_dims(L.cast(weights, dtype), -1)
    if not indices.shape.rank:
        return marks
    axis = indices.shape.rank - 1
    if mode == "count":
        return L.reduce_sum(marks, axis)
    return L.maximum(L.reduce_max(marks, axis), 0)       # of no numbers the greatest is none of them


@register
class CategoryEncoding(Configured):
    """Whole numbers as vectors of zeros and ones, or of counts.

    Parameters
    ----------
    num_tokens : how many numbers there are, from 0 on
    output_mode : "one_hot" for a vector for each number, "multi_hot" for one that tells which numbers stand along the
        last axis, "count" for one that tells how often

    Shapes
    ------
    inputs : (..., n), whole numbers in [0, num_tokens)
    count_weights : the shape of inputs; what each number counts, for "count"
    result : (..., num_tokens); for "one_hot" (..., n, num_tokens), without n if it is 1
    """

    def __init__(self, num_tokens: Any = None, output_mode: str = "multi_hot", sparse: bool = False, **kwargs: Any
                 ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.output_mode = "multi_hot" if output_mode == "binary" else output_mode
        one_of(self, "output_mode", ("count", "one_hot", "multi_hot"))
        if not isinstance(num_tokens, int) or num_tokens < 1:
            raise self.refuse("num_tokens", num_tokens, "a whole number from 1 on")
        if sparse:
            raise self.refuse("sparse", sparse, "False: tensors are dense")

    def call(self, inputs: Any, count_weights: Any = None) -> Any:
        if count_weights is not None and self.output_mode != "count":
            raise InvalidArgumentError(f"count_weights with output_mode={self.output_mode!r}", op="CategoryEncoding",
                                       fix='output_mode="count"')
        indices = inputs if inputs.dtype.is_integer else L.cast(inputs, "int32")
        return encoded(indices, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)


@register
class Discretization(Configured):
    """The number of the interval that each number lies in.

    Parameters
    ----------
    bin_boundaries : where intervals end, in order; the first reaches from minus infinity, and each end belongs to the
        next
    num_bins : number of intervals that `adapt` finds boundaries for, so that as many numbers lie in each
    epsilon : how exact these boundaries are, as a share of the data
    output_mode : "int" for numbers of intervals, or as of `CategoryEncoding`
    """

    unsaved = {"trainable": True}

    def __init__(
        self, bin_boundaries: Any = None, num_bins: int | None = None, epsilon: float = 0.01,
        output_mode: str = "int", sparse: bool = False, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.bin_boundaries = None if bin_boundaries is None else [float(b) for b in bin_boundaries]
        one_of(self, "output_mode", ("int", "one_hot", "multi_hot", "count"))
        if (num_bins is None) == (bin_boundaries is None):
            raise InvalidArgumentError("it takes either bin_boundaries or num_bins", op="Discretization")
        if num_bins is not None and num_bins < 0:
            raise self.refuse("num_bins", num_bins, "a whole number from 0 on")
        if sparse:
            raise self.refuse("sparse", sparse, "False: tensors are dense")

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Find boundaries in data: an array, or something that yields batches, of which `steps` are taken.

        Raises
        ------
        InvalidArgumentError if the boundaries were given.
        """
        if self.num_bins is None:
            raise InvalidArgumentError("bin_boundaries were given", op="Discretization.adapt", fix="give num_bins")
        summary = np.zeros((2, 0), np.float32)
        for k, batch in enumerate(batches(np.asarray(data) if _is_table(data) else data)):
            if steps is not None and k >= steps:
                break
            own = _summary(np.asarray(batch, np.float32), self.epsilon)
            merged = np.concatenate([own, summary], axis=1)
            summary = _compressed(merged[:, np.argsort(merged[0])], self.epsilon)
        self.bin_boundaries = _compressed(summary, 1.0 / self.num_bins)[0, :-1].tolist()
        self._has_adapted()

    def call(self, inputs: Any) -> Any:
        if self.bin_boundaries is None:
            raise FailedPreconditionError("it has no boundaries yet", op="Discretization", fix="call adapt(data)")
        x = self.fractions(inputs)
        places = L.reduce_sum(L.cast(L.expand_dims(x, -1) >= np.asarray(self.bin_boundaries, x.dtype.numpy), "int32"),
                              -1)
        if self.output_mode == "int":
            return places
        return encoded(places, self.output_mode, len(self.bin_boundaries) + 1, self.compute_dtype)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        if config.get("num_bins") is None:
            return super().from_config(config)
        layer = super().from_config({**config, "bin_boundaries": None})
        layer.bin_boundaries = config["bin_boundaries"]         # what adapt() has found
        return layer


def _summary(values: Array, epsilon: float) -> Array:
    """Numbers at even distances in the order of their size, and how many each stands for.

    Shapes
    ------
    result : (2, n)
    """
    ordered = np.sort(values.reshape(-1))
    step = max(ordered.size * epsilon, 1)
    picked = ordered[int(step - 1)::int(step)]
    return np.stack([picked, np.full_like(picked, step)])


def _compressed(summary: Array, epsilon: float) -> Array:
    """A summary of about ``1 / epsilon`` numbers, as one of many."""
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    counts = summary[1].cumsum()
    found = counts / counts[-1]
    weights = np.interp(shares, found, counts)
    return np.stack([np.interp(shares, found, summary[0]), np.diff(weights, prepend=0)]).astype(np.float32)


@register
class Resizing(Configured):
    """Images in another size.

    Parameters
    ----------
    height, width : the new size in pixels
    interpolation : "nearest", "bilinear", "bicubic", "area", "lanczos3" or "lanczos5", as of `image.resize`
    crop_to_aspect_ratio : whether to cut off what does not fit instead of stretching
    pad_to_aspect_ratio : whether to put margins of `fill_value` around instead of stretching
    antialias : whether to smooth before making smaller

    Shapes
    ------
    inputs : (batch, height, width, channels) or one image, or with channels first
    """

    def __init__(
        self, height: int, width: int, interpolation: str = "bilinear", crop_to_aspect_ratio: bool = False,
        pad_to_aspect_ratio: bool = False, fill_mode: str = "constant", fill_value: float = 0.0,
        antialias: bool = False, data_format: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.data_format = order_of_axes(self)
        one_of(self, "fill_mode", ("constant",))
        one_of(self, "interpolation", RESIZING)
        if crop_to_aspect_ratio and pad_to_aspect_ratio:
            raise self.refuse("pad_to_aspect_ratio", True, "False with crop_to_aspect_ratio")

    def call(self, inputs: Any) -> Any:
        first = self.data_format == CHANNELS_FIRST
        rank = inputs.shape.rank
        x = L.transpose(inputs, (*range(rank - 3), rank - 2, rank - 1, rank - 3)) if first else inputs
        if self.crop_to_aspect_ratio or self.pad_to_aspect_ratio:
            x = self._framed(x)
        y = resize(x, (self.height, self.width), self.interpolation, False, self.antialias)
        y = rounded_to(y, inputs.dtype)
        return L.transpose(y, (*range(rank - 3), rank - 1, rank - 3, rank - 2)) if first else y

    def _framed(self, x: Any) -> Any:
        """The images cut or padded to the proportions of the new size."""
        axes = (x.shape.rank - 3, x.shape.rank - 2)
        rows, columns = (self.known_size(tuple(x.shape), k) for k in axes)
        fitted = (int(columns * self.height / self.width), int(rows * self.width / self.height))
        if self.crop_to_aspect_ratio:
            size = (min(rows, fitted[0]), min(columns, fitted[1]))
            starts = (int((rows - size[0]) / 2), int((columns - size[1]) / 2))
            parts = dict(zip(axes, (slice(b, b + n) for b, n in zip(starts, size, strict=True)), strict=True))
            return x[tuple(parts.get(k, slice(None)) for k in range(x.shape.rank))]
        # As Keras: as much before as after, so that an odd difference leaves the proportions a little off.
        each = (max(0, (fitted[0] - rows) // 2), max(0, (fitted[1] - columns) // 2))
        ends = {axis: (n, n) for axis, n in zip(axes, each, strict=True)}
        return L.pad(x, [ends.get(k, (0, 0)) for k in range(x.shape.rank)], "CONSTANT", self.fill_value)

