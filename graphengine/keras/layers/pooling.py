"""Layers that take the largest or the mean of windows, or of whole signals, images and volumes."""
from __future__ import annotations

from typing import Any

from ...errors import ShapeError
from ...ops.language import L
from ..input_spec import InputSpec
from ..registry import register
from .settings import CHANNELS_FIRST, Configured, format_of, numbers, one_of, order_of_axes, space


class _Pooling(Configured):
    rank: int
    op: str

    def __init__(
        self, pool_size: Any = 2, strides: Any = None, padding: str = "valid", data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.strides = self.pool_size if strides is None else strides
        for name in ("pool_size", "strides"):
            setattr(self, name, numbers(self, name, self.rank))
        self.padding = one_of(self, "padding", ("valid", "same"))
        self.data_format = order_of_axes(self)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        sizes = [tuple(inputs.shape)[axis] for axis in space(self.data_format, self.rank)]
        if self.padding == "valid" and any(isinstance(size, int) and size < window
                                           for size, window in zip(sizes, self.pool_size, strict=True)):
            raise ShapeError(f"no window of {self.pool_size} fits into inputs of shape {inputs.shape}",
                             op=type(self).__name__, fix="a smaller pool_size, or padding='same'")
        return getattr(L, self.op)(self.fractions(inputs), self.pool_size, self.strides, self.padding.upper(),
                                   format_of(self.data_format, self.rank))


class _GlobalPooling(Configured):
    """One number for each channel, from all of space.

    Parameters
    ----------
    keepdims : whether the axes of space stay, with size 1

    Shapes
    ------
    inputs : (batch, *space, channels), or (batch, channels, *space) for channels_first
    result : (batch, channels)
    """

    rank: int

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.data_format = order_of_axes(self)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        return self.folded(self.fractions(inputs), space(self.data_format, self.rank))

    def folded(self, x: Any, axes: tuple[int, ...]) -> Any:
        """One number for each channel."""
        raise NotImplementedError


class _GlobalMax(_GlobalPooling):
    def folded(self, x: Any, axes: tuple[int, ...]) -> Any:
        return L.reduce_max(x, axes, self.keepdims)


class _GlobalAverage(_GlobalPooling):
    def folded(self, x: Any, axes: tuple[int, ...]) -> Any:
        return L.reduce_mean(x, axes, self.keepdims)


@register
class MaxPooling1D(_Pooling):
    """The largest number of windows over signals.

    Parameters
    ----------
    pool_size : length of a window
    strides : step from window to window; `pool_size` if None
    padding : "valid" or "same"

    Shapes
    ------
    inputs : (batch, steps, channels), or (batch, channels, steps) for channels_first
    """

    rank, op = 1, "max_pool"


@register
class MaxPooling2D(_Pooling):
    """The largest number of windows over images; the arguments are those of `MaxPooling1D`, for both axes or for each.

    Shapes
    ------
    inputs : (batch, height, width, channels), or (batch, channels, height, width) for channels_first
    """

    rank, op = 2, "max_pool"


@register
class MaxPooling3D(_Pooling):
    """The largest number of windows over volumes; the arguments are those of `MaxPooling1D`, for all axes or for each.

    Shapes
    ------
    inputs : (batch, depth, height, width, channels), or with channels before space for channels_first
    """

    rank, op = 3, "max_pool"


class _AveragePooling(_Pooling):
    op = "avg_pool"

    def __init__(
        self, pool_size: Any, strides: Any = None, padding: str = "valid", data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(pool_size, strides, padding, data_format, **kwargs)


@register
class AveragePooling1D(_AveragePooling):
    """The mean of windows over signals; padding does not count. The arguments are those of `MaxPooling1D`.

    Shapes
    ------
    inputs : (batch, steps, channels), or (batch, channels, steps) for channels_first
    """

    rank = 1


@register
class AveragePooling2D(_AveragePooling):
    """The mean of windows over images; padding does not count. The arguments are those of `MaxPooling2D`.

    Shapes
    ------
    inputs : (batch, height, width, channels), or (batch, channels, height, width) for channels_first
    """

    rank = 2


@register
class AveragePooling3D(_AveragePooling):
    """The mean of windows over volumes; padding does not count. The arguments are those of `MaxPooling3D`.

    Shapes
    ------
    inputs : (batch, depth, height, width, channels), or with channels before space for channels_first
    """

    rank = 3


# -------------------------------------------------------------------- over all of space

@register
class GlobalMaxPooling1D(_GlobalMax):
    """The largest number of each channel of signals: (batch, steps, channels) to (batch, channels)."""

    rank = 1


@register
class GlobalMaxPooling2D(_GlobalMax):
    """The largest number of each channel of images: (batch, height, width, channels) to (batch, channels)."""

    rank = 2


@register
class GlobalMaxPooling3D(_GlobalMax):
    """The largest number of each channel of volumes: (batch, depth, height, width, channels) to (batch, channels)."""

    rank = 3


@register
class GlobalAveragePooling1D(_GlobalAverage):
    """The mean of each channel of signals, over the steps that count: (batch, steps, channels) to (batch, channels).

    Shapes
    ------
    mask : (batch, steps)
    """

    rank = 1

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(data_format, keepdims, **kwargs)
        self.supports_masking = True

    def call(self, inputs: Any, mask: Any = None) -> Any:  # type: ignore[override]
        if mask is None:
            return super().call(inputs)
        x = self.fractions(inputs)
        (axis,) = space(self.data_format, 1)
        counts = L.expand_dims(L.cast(mask, x.dtype), 1 if self.data_format == CHANNELS_FIRST else 2)
        return L.reduce_sum(x * counts, axis, self.keepdims) / L.reduce_sum(counts, axis, self.keepdims)

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return None


@register
class GlobalAveragePooling2D(_GlobalAverage):
    """The mean of each channel of images: (batch, height, width, channels) to (batch, channels)."""

    rank = 2


@register
class GlobalAveragePooling3D(_GlobalAverage):
    """The mean of each channel of volumes: (batch, depth, height, width, channels) to (batch, channels)."""

    rank = 3
