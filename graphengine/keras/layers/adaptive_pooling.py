"""Layers that take the largest or the mean of windows, as many as are asked for, whatever the size of the inputs."""
from __future__ import annotations

from typing import Any

from ..input_spec import InputSpec
from ..ops.windows import adaptive_average_pool, adaptive_max_pool
from ..registry import register
from .settings import Configured, numbers, order_of_axes


class _Adaptive(Configured):
    """Windows of about the same size, which together cover all of the inputs.

    Parameters
    ----------
    output_size : number of windows along each axis, or one number for all axes
    data_format : "channels_last" or "channels_first"; Keras's setting if None

    Shapes
    ------
    inputs : (batch, *space, channels), or (batch, channels, *space) for channels_first
    result : (batch, *output_size, channels), or (batch, channels, *output_size)
    """

    rank: int

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.output_size = numbers(self, "output_size", self.rank)
        self.data_format = order_of_axes(self)
        self.input_spec = InputSpec(ndim=self.rank + 2)


class _Average(_Adaptive):
    def call(self, inputs: Any) -> Any:
        return adaptive_average_pool(self.fractions(inputs), self.output_size, self.data_format)


class _Max(_Adaptive):
    def call(self, inputs: Any) -> Any:
        return adaptive_max_pool(self.fractions(inputs), self.output_size, self.data_format)


@register
class AdaptiveAveragePooling1D(_Average):
    """Means of windows along signals: (batch, steps, channels) to (batch, output_size, channels)."""

    rank = 1


@register
class AdaptiveAveragePooling2D(_Average):
    """Means of windows of images: (batch, height, width, channels) to (batch, *output_size, channels)."""

    rank = 2


@register
class AdaptiveAveragePooling3D(_Average):
    """Means of windows of volumes: (batch, depth, height, width, channels) to (batch, *output_size, channels)."""

    rank = 3


@register
class AdaptiveMaxPooling1D(_Max):
    """Maxima of windows along signals: (batch, steps, channels) to (batch, output_size, channels)."""

    rank = 1


@register
class AdaptiveMaxPooling2D(_Max):
    """Maxima of windows of images: (batch, height, width, channels) to (batch, *output_size, channels)."""

    rank = 2


@register
class AdaptiveMaxPooling3D(_Max):
    """Maxima of windows of volumes: (batch, depth, height, width, channels) to (batch, *output_size, channels)."""

    rank = 3
