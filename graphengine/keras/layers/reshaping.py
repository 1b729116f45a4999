"""Layers that arrange, cut, pad and repeat their inputs."""
from __future__ import annotations

from typing import Any

from ...errors import ShapeError
from ...ops.language import L
from ..input_spec import InputSpec
from ..registry import register
from .settings import (
    CHANNELS_FIRST,
    CHANNELS_LAST,
    RESIZING,
    Configured,
    numbers,
    one_of,
    order_of_axes,
    pairs,
    rounded_to,
    space,
)


@register
class Flatten(Configured):
    """Each sample as a vector.

    Parameters
    ----------
    data_format : with "channels_first", channels are put last before

    Shapes
    ------
    inputs : (batch, ...)
    result : (batch, n); n is 1 for inputs without further axes
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.data_format = order_of_axes(self)
        self.input_spec = InputSpec(min_ndim=1)

    def call(self, inputs: Any) -> Any:
        rank = inputs.shape.rank
        if self.data_format == CHANNELS_FIRST and rank > 1:
            inputs = L.transpose(inputs, (0, *range(2, rank), 1))
        return L.reshape_rows(inputs, (-1,))


@register
class Reshape(Configured):
    """Each sample in another shape.

    target_shape : sizes without the batch; one may be -1 and follows from the others

    Raises
    ------
    ShapeError if the number of elements would change.
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        target = (target_shape,) if isinstance(target_shape, int) else target_shape
        self.target_shape = tuple(-1 if s is None else int(s) for s in target)

    def call(self, inputs: Any) -> Any:
        return L.reshape_rows(inputs, self.target_shape)


@register
class Permute(Configured):
    """The axes of each sample in another order.

    dims : axes in their new order, from 1 on; the batch stays first
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise self.refuse("dims", dims, "each axis from 1 on, once")
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs: Any) -> Any:
        return L.transpose(inputs, (0, *self.dims))


@register
class RepeatVector(Configured):
    """Each vector several times.

    n : how many times

    Shapes
    ------
    inputs : (batch, features)
    result : (batch, n, features)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = n
        if not isinstance(n, int) or n < 1:
            raise self.refuse("n", n, "a whole number from 1 on")
        self.input_spec = InputSpec(ndim=2)

    def call(self, inputs: Any) -> Any:
        return L.repeat(L.expand_dims(inputs, 1), self.n, 1)


# -------------------------------------------------------------------- padding and cropping

class _Ends(Configured):
    """Does something at both ends of the axes of space."""

    rank: int

    def settle(self, name: str) -> None:
        """Bring the argument that says how much into its form, and check the order of axes."""
        both = pairs(self, name, self.rank)
        setattr(self, name, both[0] if self.rank == 1 else both)
        self.data_format = order_of_axes(self)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def by_axis(self, name: str) -> dict[int, tuple[int, int]]:
        """For each axis of space how much before and after."""
        found = getattr(self, name)
        return dict(zip(space(self.data_format, self.rank), (found,) if self.rank == 1 else found, strict=True))


class _ZeroPadding(_Ends):
    def __init__(self, padding: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.settle("padding")

    def call(self, inputs: Any) -> Any:
        ends = self.by_axis("padding")
        return L.pad(inputs, [ends.get(k, (0, 0)) for k in range(inputs.shape.rank)])


@register
class ZeroPadding1D(_ZeroPadding):
    """Zeros before and after signals.

    padding : how many at both ends, or a pair for the ends

    Shapes
    ------
    inputs : (batch, steps, channels), or (batch, channels, steps) for channels_first
    """

    rank = 1


@register
class ZeroPadding2D(_ZeroPadding):
    """Zeros around images.

    padding : how many on all sides, one number each for height and width, or a pair for each

    Shapes
    ------
    inputs : (batch, height, width, channels), or (batch, channels, height, width) for channels_first
    """

    rank = 2


@register
class ZeroPadding3D(_ZeroPadding):
    """Zeros around volumes.

    padding : how many on all sides, one number for each axis, or a pair for each

    Shapes
    ------
    inputs : (batch, depth, height, width, channels), or with channels before space for channels_first
    """

    rank = 3


class _Cropping(_Ends):
    def __init__(self, cropping: Any = 1, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.settle("cropping")

    def call(self, inputs: Any) -> Any:
        ends = self.by_axis("cropping")
        for axis, (before, after) in ends.items():
            size = inputs.shape[axis]
            if isinstance(size, int) and before + after >= size:
                raise ShapeError(f"cropping {before} and {after} leaves nothing of axis {axis} with size {size}",
                                 op=type(self).__name__)
        return inputs[tuple(_between(*ends.get(k, (0, 0))) for k in range(inputs.shape.rank))]


def _between(before: int, after: int) -> slice:
    return slice(before or None, -after if after else None)


@register
class Cropping1D(_Cropping):
    """Signals without their ends.

    cropping : how many steps less at both ends, or a pair for the ends

    Shapes
    ------
    inputs : (batch, steps, channels)
    """

    rank = 1
    unsaved = {"data_format": "channels_last"}

    def __init__(self, cropping: Any = (1, 1), **kwargs: Any) -> None:
        super().__init__(cropping, CHANNELS_LAST, **kwargs)


@register
class Cropping2D(_Cropping):
    """Images without their margins.

    cropping : how much less on all sides, one number each for height and width, or a pair for each

    Shapes
    ------
    inputs : (batch, height, width, channels), or (batch, channels, height, width) for channels_first
    """

    rank = 2

    def __init__(self, cropping: Any = ((0, 0), (0, 0)), data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(cropping, data_format, **kwargs)


@register
class Cropping3D(_Cropping):
    """Volumes without their margins.

    cropping : how much less on all sides, one number for each axis, or a pair for each

    Shapes
    ------
    inputs : (batch, depth, height, width, channels), or with channels before space for channels_first
    """

    rank = 3


# -------------------------------------------------------------------- repeating

class _UpSampling(Configured):
    rank: int

    def __init__(self, size: Any = 2, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.size: Any = numbers(self, "size", self.rank)
        self.data_format = order_of_axes(self)
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs: Any) -> Any:
        for axis, times in zip(space(self.data_format, self.rank), self.size, strict=True):
            inputs = L.repeat(inputs, times, axis)
        return inputs


@register
class UpSampling1D(_UpSampling):
    """Each step several times.

    Shapes
    ------
    inputs : (batch, steps, channels)
    result : (batch, size * steps, channels)
    """

    rank = 1

    def __init__(self, size: int = 2, **kwargs: Any) -> None:
        super().__init__(size, **kwargs)
        self.size = self.size[0]

    def call(self, inputs: Any) -> Any:
        return L.repeat(inputs, self.size, 1)


@register
class UpSampling2D(_UpSampling):
    """Larger images.

    Parameters
    ----------
    size : how many times as large; one number, or one each for height and width
    interpolation : "nearest", which repeats rows and columns, or "bilinear", "bicubic", "area", "lanczos3",
        "lanczos5" of `image.resize`

    Shapes
    ------
    inputs : (batch, height, width, channels), or (batch, channels, height, width) for channels_first
    """

    rank = 2

    def __init__(
        self, size: Any = (2, 2), data_format: str | None = None, interpolation: str = "nearest", **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = interpolation
        one_of(self, "interpolation", RESIZING)

    def call(self, inputs: Any) -> Any:
        if self.interpolation == "nearest":
            return super().call(inputs)
        first = self.data_format == CHANNELS_FIRST
        x = L.transpose(inputs, (0, 2, 3, 1)) if first else inputs
        y = rounded_to(L.resize_by_factors(L.cast(x, "float32"), self.size, self.interpolation), x.dtype)
        return L.transpose(y, (0, 3, 1, 2)) if first else y


@register
class UpSampling3D(_UpSampling):
    """Larger volumes, by repeating.

    size : how many times as large; one number, or one for each axis

    Shapes
    ------
    inputs : (batch, depth, height, width, channels), or with channels before space for channels_first
    """

    rank = 3
