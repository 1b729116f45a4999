"""Layers that change what pixels are, and not where: brightness, contrast, color, sharpness, histograms."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...frontend import images as colors
from ...frontend.arrangement import counted
from ...ops.language import L
from .. import random
from ..config import epsilon
from ..registry import register
from ..warping import blurred
from .images import (
    ImageLayer,
    RandomImageLayer,
    Transformation,
    factor_of,
    interval,
    per_image,
    rescaled,
    value_range_of,
)

BYTE = (0, 255)
GRAY = (0.2989, 0.587, 0.114)               # shares of red, green and blue that Keras takes


def _gray(images: Any, axis: int) -> Any:
    """The brightness, as images with one channel."""
    if images.shape[axis] == 1:
        return images
    shares = np.reshape(np.array(GRAY, np.float32), (1, 1, 3) if axis == -1 else (3, 1, 1))
    return L.reduce_sum(images * shares, axis, True)


class _Coloring(RandomImageLayer):
    """One number for each image, from a range, changes its pixels.

    value_range : the least and the largest number that a pixel may be
    """

    drawn_name = "factor"

    def __init__(self, value_range: Any = BYTE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = value_range_of(self, value_range)

    def draw(self, batch: Any, seed: Any) -> Any:
        """The number of each image."""
        return self.uniform((batch,), self.factor[0], self.factor[1], seed)

    def changed(self, images: Any, drawn: Any) -> Any:
        """The images, for numbers in a shape that broadcasts against them."""
        raise NotImplementedError

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        return {self.drawn_name: self.draw(self.sizes_of(data)[0], seed)} if training else None

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        x = self.as_computed(images)
        if not training or transformation is None:
            return x
        return self.changed(x, per_image(transformation[self.drawn_name]))


class _ByFactor(_Coloring):
    limits: tuple[int, int]                 # of `factor`

    def __init__(
        self, factor: Any, value_range: Any = BYTE, data_format: str | None = None, seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_of(self, factor, *self.limits)


@register
class RandomBrightness(_Coloring):
    """Images brighter or darker at random while training.

    Parameters
    ----------
    factor : how much at most, as a share of the range in [-1, 1], or two ends
    value_range : the least and the largest number that a pixel may be
    """

    drawn_name = "rgb_delta"

    def __init__(self, factor: Any, value_range: Any = BYTE, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, seed=seed, **kwargs)
        self.factor = factor_of(self, factor, -1, 1)

    def draw(self, batch: Any, seed: Any) -> Any:
        return super().draw(batch, seed) * float(self.value_range[1] - self.value_range[0])

    def changed(self, images: Any, drawn: Any) -> Any:
        return self.in_range(images + drawn)


@register
class RandomContrast(_Coloring):
    """Images with more or less contrast at random while training: ``(x - mean) * c + mean`` for each channel.

    Parameters
    ----------
    factor : how far c is from 1 at most, in [0, 1], or how far below and above
    value_range : the least and the largest number that a pixel may be
    """

    drawn_name = "contrast_factor"

    def __init__(self, factor: Any, value_range: Any = BYTE, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(value_range, seed=seed, **kwargs)
        self.factor = factor_of(self, factor, 0, 1)

    def draw(self, batch: Any, seed: Any) -> Any:
        return self.uniform((batch,), 1.0 - self.factor[0], 1.0 + self.factor[1], seed)

    def changed(self, images: Any, drawn: Any) -> Any:
        mean = L.reduce_mean(images, self.space_axes, True)
        return self.in_range((images - mean) * drawn + mean)


@register
class RandomSaturation(_ByFactor):
    """Images with stronger or weaker colors at random while training.

    Parameters
    ----------
    factor : 0 is gray, 0.5 as it is, 1 as strong as can be; 0 to this number, or two ends
    value_range : what the saturation, a share, is kept in, as Keras does: with (0, 255) a factor above 0.5 may give
        pixels below 0, with (0, 1) it does not
    """

    limits = (-1, 1)

    def draw(self, batch: Any, seed: Any) -> Any:
        share = super().draw(batch, seed)
        return share / (1.0 - share + epsilon())

    def changed(self, images: Any, drawn: Any) -> Any:
        hsv = colors.rgb_to_hsv(self.channels_last(images))
        strength = self.in_range(hsv[..., 1:2] * drawn)
        return self.channels_back(colors.hsv_to_rgb(L.concat([hsv[..., :1], strength, hsv[..., 2:]], -1)))


@register
class RandomHue(_ByFactor):
    """Images whose colors are turned around the circle of hues at random while training.

    Parameters
    ----------
    factor : how far at most, in [0, 1]: 1 is half around in either direction; or two ends
    value_range : the least and the largest number that a pixel may be
    """

    limits = (0, 1)

    def draw(self, batch: Any, seed: Any) -> Any:
        invert = L.where(self.uniform((batch,), 0.0, 1.0, seed) > 0.5, -1.0, 1.0)
        return invert * super().draw(batch, seed) * 0.5

    def changed(self, images: Any, drawn: Any) -> Any:
        hsv = colors.rgb_to_hsv(self.channels_last(rescaled(images, self.value_range, (0, 1))))
        hue = hsv[..., :1] + drawn
        hue = L.where(hue > 1.0, hue - 1.0, hue)
        hue = L.where(hue < 0.0, hue + 1.0, hue)
        rgb = L.clip_by_value(colors.hsv_to_rgb(L.concat([hue, hsv[..., 1:]], -1)), 0.0, 1.0)
        return rescaled(self.channels_back(rgb), (0, 1), self.value_range)


@register
class RandomColorDegeneration(_ByFactor):
    """Images mixed with their brightness at random while training: colors get weaker.

    Parameters
    ----------
    factor : share of the brightness at most, in [0, 1], or two ends
    value_range : the least and the largest number that a pixel may be
    """

    limits = (-1, 1)

    def changed(self, images: Any, drawn: Any) -> Any:
        return self.in_range(images + drawn * (_gray(images, self.channels_axis) - images))


@register
class RandomColorJitter(RandomImageLayer):
    """Brightness, contrast, saturation and hue of images changed at random while training.

    Parameters
    ----------
    value_range : the least and the largest number that a pixel may be
    brightness_factor, contrast_factor, saturation_factor, hue_factor : as of the layers RandomBrightness,
        RandomContrast, RandomSaturation and RandomHue; None leaves it as it is
    """

    def __init__(
        self, value_range: Any = BYTE, brightness_factor: Any = None, contrast_factor: Any = None,
        saturation_factor: Any = None, hue_factor: Any = None, seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.value_range = value_range
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        wanted = ((RandomBrightness, brightness_factor), (RandomContrast, contrast_factor),
                  (RandomSaturation, saturation_factor), (RandomHue, hue_factor))
        self.changes = [layer(factor, value_range=value_range, seed=seed, data_format=self.data_format)
                        for layer, factor in wanted if factor is not None]

    def transform_images(self, images: Any, transformation: Transformation, training: bool = True) -> Any:
        x = self.as_computed(images)
        for layer in self.changes if training else ():
            x = layer.transform_images(x, layer.get_random_transformation(x, seed=self.generator))
        return x


@register
class RandomGrayscale(RandomImageLayer):
    """Images without colors, at random while training.

    factor : share of the images that lose them, in [0, 1]
    """

    def __init__(self, factor: float = 0.5, data_format: str | None = None, seed: int | None = None, **kwargs: Any
                 ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.factor = factor
        if not 0 <= factor <= 1:
            raise self.refuse("factor", factor, "a number in [0, 1]")

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        return per_image(self.uniform((self.sizes_of(data)[0],), 0.0, 1.0, seed) < self.factor)

    def transform_images(self, images: Any, transformation: Transformation, training: bool = True) -> Any:
        x = self.as_computed(images)
        return L.where(per_image(transformation), _gray(x, self.channels_axis), x) if training else x


@register
class RandomInvert(_Coloring):
    """Images as their negatives, at random while training.

    Parameters
    ----------
    factor : share of the images that are inverted, in [0, 1], or two ends
    value_range : the least and the largest number that a pixel may be
    """

    drawn_name = "apply_inversion"

    def __init__(
        self, factor: Any = 1.0, value_range: Any = BYTE, seed: int | None = None, data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_of(self, factor, 0, 1)

    def draw(self, batch: Any, seed: Any) -> Any:
        return self.is_chosen(batch, seed)

    def changed(self, images: Any, drawn: Any) -> Any:
        return L.where(drawn, float(self.value_range[1]) - images, images)


@register
class RandomPosterization(_ByFactor):
    """Images with fewer steps of brightness, at random while training.

    Parameters
    ----------
    factor : number of bits that are kept, 1 to 8, or two ends, of which the second does not count
    value_range : the least and the largest number that a pixel may be
    """

    drawn_name = "shift_factor"

    limits = (1, 8)

    def draw(self, batch: Any, seed: Any) -> Any:
        low, high = self.factor
        if low == high:
            return L.broadcast_to(np.int64(8 - low), [batch])
        return 8 - random.randint([batch], low, high, "int64", self.generator if seed is None else seed)

    def changed(self, images: Any, drawn: Any) -> Any:
        whole = L.cast(rescaled(images, self.value_range, BYTE), "int64")
        steps = L.cast(drawn, "int64")
        kept = L.left_shift(L.right_shift(L.bitwise_and(whole, 255), steps), steps)
        return rescaled(self.as_computed(L.bitwise_and(kept, 255)), BYTE, self.value_range)


@register
class RandomSharpness(_ByFactor):
    """Images sharper or smoother at random while training.

    Parameters
    ----------
    factor : 0 is smoothed, 0.5 as it is, 1 sharpest; 0 to this number, or two ends
    value_range : the least and the largest number that a pixel may be
    """

    limits = (0, 1)

    def changed(self, images: Any, drawn: Any) -> Any:
        x = self.channels_last(images)
        kernel = np.full((3, 3, int(x.shape[-1]), 1), 1 / 13, np.float32)
        kernel[1, 1] = 5 / 13
        smooth = L.depthwise_conv2d(x, kernel, (1, 1), "SAME")
        return self.channels_back(self.in_range(x + (1.0 - drawn * 2.0) * (smooth - x)))


@register
class RandomGaussianBlur(_Coloring):
    """Images blurred at random while training.

    Parameters
    ----------
    factor : share of the images that are blurred, in [0, 1], or two ends
    kernel_size : places that count, odd, or such numbers for columns and rows
    sigma : standard deviation at most, in pixels in [0, 1], or two ends
    value_range : the least and the largest number that a pixel may be
    """

    def __init__(
        self, factor: Any = 1.0, kernel_size: Any = 3, sigma: Any = 1.0, value_range: Any = BYTE,
        data_format: str | None = None, seed: int | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, data_format=data_format, **kwargs)
        self.factor = factor_of(self, factor, 0, 1)
        self.sigma = factor_of(self, sigma, 0, 1, "sigma")
        sizes = kernel_size if isinstance(kernel_size, (tuple, list)) else (kernel_size, kernel_size)
        if len(sizes) != 2 or any(not isinstance(n, int) or n % 2 == 0 for n in sizes):
            raise self.refuse("kernel_size", kernel_size, "an odd number, or two")
        self.kernel_size = tuple(sizes)

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        return {"should_apply_blur": self.is_chosen(self.sizes_of(data)[0], seed),
                "blur_factor": self.uniform((2,), *self.sigma, seed) + 1e-6}

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        x = self.as_computed(images)
        if not training or transformation is None:
            return x
        smooth = self.channels_back(blurred(self.channels_last(x), self.kernel_size, transformation["blur_factor"]))
        return self.in_range(L.where(per_image(transformation["should_apply_blur"]), smooth, x))


@register
class Solarization(_Coloring):
    """Images whose brightest pixels become dark, while training.

        y = x + addition                where that is below the threshold
        y = 255 - (x + addition)        elsewhere

    Parameters
    ----------
    addition_factor, threshold_factor : of what is drawn the largest, as shares of 255, or two ends
    value_range : the least and the largest number that a pixel may be
    """

    def __init__(
        self, addition_factor: Any = 0.0, threshold_factor: Any = 0.0, value_range: Any = BYTE,
        seed: int | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(value_range, seed=seed, **kwargs)
        self.addition_factor, self.threshold_factor = (
            interval(self, name, value, 0, 1, is_mirrored=False)
            for name, value in (("addition_factor", addition_factor), ("threshold_factor", threshold_factor)))

    def get_random_transformation(self, data: Any, training: bool = True, seed: Any = None) -> Transformation:
        if not training:
            return None
        batch = self.sizes_of(data)[0]
        return {name: self.uniform((batch, 1, 1, 1), float(low), high * 255.0, seed)
                for name, (low, high) in (("additions", self.addition_factor), ("thresholds", self.threshold_factor))}

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        x = self.as_computed(images)
        if not training or transformation is None:
            return x
        additions, thresholds = (per_image(transformation[name]) for name in ("additions", "thresholds"))
        shifted = L.clip_by_value(rescaled(x, self.value_range, BYTE) + additions, 0.0, 255.0)
        return rescaled(L.where(shifted < thresholds, shifted, 255.0 - shifted), BYTE, self.value_range)


# -------------------------------------------------------------------- nothing at random

@register
class AutoContrast(ImageLayer):
    """Images whose darkest pixel of each channel is made the least number and whose brightest the largest.

    value_range : the least and the largest number that a pixel may be
    """

    def __init__(self, value_range: Any = BYTE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.value_range = value_range_of(self, value_range)

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        x = rescaled(self.as_computed(images), self.value_range, BYTE)
        low, high = L.reduce_min(x, (1, 2), True), L.reduce_max(x, (1, 2), True)    # axes 1 and 2 as Keras: always
        scale = L.divide_no_nan(L.ones_like(high) * 255.0, high - low)
        wide = rescaled(L.clip_by_value(x * scale - low * scale, 0.0, 255.0), BYTE, self.value_range)
        return L.where(L.equal(low, high), self.as_computed(images), wide)


@register
class Equalization(ImageLayer):
    """Images in which each brightness is about as frequent as any other, while training.

    The frequencies are those of a channel in the whole batch.

    Parameters
    ----------
    value_range : the least and the largest number that a pixel may be
    bins : number of steps of brightness
    """

    def __init__(self, value_range: Any = BYTE, bins: int = 256, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range, self.bins = value_range_of(self, value_range), bins

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        x = self.as_computed(images)
        if not training:
            return x
        low, high = self.value_range
        scale = 255 / (high - low)          # as Keras rounds here: at the edge of two bins it counts
        x = self.channels_last(x) * scale - low * scale
        channels = [self._equal(x[..., k]) for k in range(int(x.shape[-1]))]
        return self.channels_back(L.stack(channels, -1) * ((high - low) / 255) + low)

    def _equal(self, channel: Any) -> Any:
        steps = float(self.bins - 1)
        places = L.cast(L.clip_by_value(channel * steps / 255.0, 0.0, steps), "int32")
        sums = _counts_up_to(L.reshape(places, (1, -1)), self.bins)[0]
        first, whole = L.reduce_min(L.where(sums > 0, sums, L.reduce_max(sums))), sums[-1]
        rest = L.cast(L.maximum(whole - first, 1), self.compute_dtype)
        table = L.round(L.cast((sums - first) * 255, self.compute_dtype) / rest)
        found = L.gather(L.clip_by_value(table, 0.0, 255.0),
                         L.cast(L.clip_by_value(channel / 255.0 * steps, 0.0, steps), "int32"))
        return L.where(L.equal(first, whole), channel, found)        # all in one bin


def _counts_up_to(rows: Any, bins: int) -> Any:
    """Of each row, how many numbers are at most 0, 1, ..., bins - 1."""
    steps = L.zeros_like(rows[:, :1]) + np.arange(bins, dtype=np.int32)
    return L.searchsorted(L.sort(rows, -1), steps, "right")


@register
class ContrastLimitedAdaptiveHistogramEqualization(ImageLayer):
    """Images whose tiles each have every brightness about as often, as far as a limit of contrast allows it.

    Parameters
    ----------
    value_range : the least and the largest number that a pixel may be
    clip_limit : how much more frequent than on the average a brightness may count; 0 for no limit
    tile_grid_size : number of tiles down and across

    References
    ----------
    Pizer et al. (1987), "Adaptive histogram equalization and its variations"; Zuiderveld (1994), "Contrast limited
    adaptive histogram equalization".
    """

    def __init__(
        self, value_range: Any = BYTE, clip_limit: float = 4.0, tile_grid_size: Sequence[int] = (8, 8),
        data_format: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(data_format=data_format, **kwargs)
        self.value_range, self.clip_limit, self.tile_grid_size = value_range, clip_limit, tile_grid_size

    def transform_images(self, images: Any, transformation: Transformation = None, training: bool = True) -> Any:
        x = rescaled(self.channels_last(self.as_computed(images)), self.value_range, BYTE)
        return self.channels_back(rescaled(self._equal(x), BYTE, self.value_range))

    def _equal(self, x: Any) -> Any:
        height, width, channels = (int(n) for n in tuple(x.shape)[1:])
        down, across = self.tile_grid_size
        rows, columns = -(-height // down), -(-width // across)             # of a tile
        padded = L.pad(x, ((0, 0), (0, rows * down - height), (0, columns * across - width), (0, 0)), "SYMMETRIC")
        pixels = L.clip_by_value(L.cast(padded, "int32"), 0, 255)
        tables = self._tables(pixels, (down, rows, across, columns, channels))
        tables = L.pad(tables, ((0, 0), (1, 1), (1, 1), (0, 0), (0, 0)), "SYMMETRIC")       # the last once more
        flat = L.reshape(tables, (-1,))
        (top, below, low), (left, right, beside) = (_neighbors(n * size, size) for n, size in
                                                    ((down, rows), (across, columns)))
        first = L.reshape(counted(x, 0), (-1, 1, 1, 1)) * (down + 2)

        def read(row: Any, column: Any) -> Any:
            tile = (first + row.reshape(1, -1, 1, 1)) * (across + 2) + column.reshape(1, 1, -1, 1)
            return L.gather(flat, (tile * channels + np.arange(channels, dtype=np.int32)) * 256 + pixels)

        v, h = low.reshape(1, -1, 1, 1), beside.reshape(1, 1, -1, 1)
        found = [read(row, left) * (1 - h) + read(row, right) * h for row in (top, below)]
        return (found[0] * (1 - v) + found[1] * v)[:, :height, :width, :]

    def _tables(self, pixels: Any, sizes: tuple[int, ...]) -> Any:
        """What each brightness becomes in each tile: (batch, tiles down, tiles across, channels, 256)."""
        down, rows, across, columns, channels = sizes
        tiled = L.transpose(L.reshape(pixels, (-1, down, rows, across, columns, channels)), (0, 1, 3, 5, 2, 4))
        flat = L.reshape(tiled, (-1, rows * columns))
        up_to = L.cast(_counts_up_to(flat, 256), "float32")
        heights = up_to - L.pad(up_to[:, :-1], ((0, 0), (1, 0)))
        if self.clip_limit > 0:
            clipped = L.minimum(heights, self.clip_limit * rows * columns / 256.0)
            heights = clipped + L.reduce_sum(heights - clipped, -1, True) / 256.0
        sums = L.cumsum(heights, -1)
        least = L.reduce_min(sums, -1, True)
        rest = rows * columns - least
        table = L.clip_by_value((sums - least) * 255.0 / L.where(L.equal(rest, 0.0), 1.0, rest), 0.0, 255.0)
        return L.reshape(table, (-1, down, across, channels, 256))


def _neighbors(count: int, size: int) -> tuple[Any, Any, Any]:
    """Of each pixel along an axis the tiles whose middles are before and after it, and its share of the second."""
    place = (np.arange(count, dtype=np.float32) - size / 2.0) / size + 1.0
    first = np.floor(place)
    return first.astype(np.int32), first.astype(np.int32) + 1, (place - first).astype(np.float32)
