"""Images: (height, width, channels), or a batch of them, (batch, height, width, channels)."""
from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..dtypes import DType, float32
from ..errors import AttributeValueError, ShapeError
from ..ir.dims import Shape, merge, require_equal, smaller
from .kinds import REQUIRED, AnyType, Array, Floating, Numeric, attr, port
from .language import L
from .parts import Composed
from .quiet import quiet
from .registry import op
from .rules import as_axes
from .samples import Sample, normal, sample, uniform, values

GRAY = (0.2989, 0.5870, 0.1140)             # shares of red, green and blue in brightness


def check_images(shape: Shape, channels: int | None = None) -> Shape:
    """The shape itself.

    Raises
    ------
    ShapeError unless it is that of an image or of a batch of images.
    """
    if len(shape) not in (3, 4):
        raise ShapeError(f"shape {shape} is not that of images; they are (height, width, channels), or a batch of them")
    if channels is not None:
        merge(shape[-1], channels, "the numbers of channels differ")
    return shape


class _Images(Composed):
    category = "Image"

    def result_shape(self, x: Shape, *others: Shape) -> Shape:
        for shape in others:
            if len(shape):
                raise ShapeError(f"{self.inputs[1].name} has shape {shape}; it takes a number")
        return check_images(x)


# -------------------------------------------------------------------- sizes

def as_two_sizes(value: Any) -> tuple[int, int]:
    sizes = as_axes(value) or ()
    if len(sizes) != 2 or any(isinstance(s, int) and s < 1 for s in sizes):
        raise AttributeValueError(f"size={value!r}; it takes a height and a width, at least 1")
    return sizes[0], sizes[1]


# How far each method looks from the center of a new pixel, in old ones, or in new ones if that is more and `antialias`.
REACH = {"bilinear": 1.0, "bicubic": 2.0, "mitchellcubic": 2.0, "lanczos3": 3.0, "lanczos5": 5.0, "gaussian": 1.5}
STEPS = 1024                                # of the places between two pixels that TensorFlow's bicubic weights know


def weights_at(method: str, x: Any) -> Any:
    """What pixels at distances x >= 0 count, before it is divided by the sum of all."""
    match method:
        case "bilinear":
            return L.maximum(1 - x, 0)
        case "gaussian":
            found = L.exp(-2 * x * x)
        case "bicubic":
            found = L.where(x < 1, (1.5 * x - 2.5) * x * x + 1, ((2.5 - 0.5 * x) * x - 4) * x + 2)
        case "mitchellcubic":
            near, far = (7 * x - 12) * x * x / 6 + 8 / 9, ((2 - 7 / 18 * x) * x - 10 / 3) * x + 16 / 9
            found = L.where(x < 1, near, far)
        case _:
            angle = np.pi * L.maximum(x, 1e-9)
            found = L.sin(angle) * L.sin(angle / REACH[method]) * REACH[method] / (angle * angle)
    return L.where(x < REACH[method], found, 0)


@op
class Resize(Composed):
    """Images of another size. Pixels are squares: the first begins at 0, its center is at 1/2.

    nearest: the old pixel in which the new center lies.
    bilinear: at the center of each new pixel, what lies on the lines between the four old centers around it.
    bicubic, lanczos3, lanczos5, gaussian, mitchellcubic: means of more pixels around, weighted by curves.
    area: the mean of what a new pixel covers of the old ones.

    With `antialias`, pixels of smaller images are means of all that they cover, the triangle or curve being as wide.

    Raises
    ------
    AttributeValueError for another method or size. ShapeError if what comes in are no images, or have no pixels.

    Shapes
    ------
    images : (height, width, channels) or (batch, height, width, channels)
    result : the same with `size` for height and width

    Notes
    -----
    Whole numbers become float32 unless the method is nearest; fractions keep their dtype. (`image.resize` computes in
    float32.) Bicubic weights without `antialias` are those of 1024 places between two pixels, as TensorFlow's. A pixel
    that is not finite spoils those that it is part of, and no others.

    References
    ----------
    Heckbert (1989), "Fundamentals of texture mapping and image warping", section 3.5, for the triangle. Keys (1981),
    "Cubic convolution interpolation for digital image processing", equation 15. Mitchell and Netravali (1988),
    "Reconstruction filters in computer graphics", equation 8, with B = C = 1/3. Duchon (1979), "Lanczos filtering in
    one and two dimensions".
    """

    category = "Image"
    names: ClassVar[tuple[str, ...]] = ("image.resize",)
    node_name = "resize"
    inputs = (port("images", Numeric, "images, channels last"),)
    size: tuple[int, int] = attr(REQUIRED, "height and width of the result, pixels", convert=as_two_sizes,
                                 sizes="two")
    method: str = attr("bilinear", "how new pixels are made",
                       choices=("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian",
                                "mitchellcubic"))
    preserve_aspect_ratio: bool = attr(False, "take the largest size that fits into `size` without distortion")
    antialias: bool = attr(False, "average over what a pixel of a smaller image covers")

    def result_dtype(self, *types: DType) -> DType:
        return types[0] if types[0].is_floating or self.method == "nearest" else float32

    def result_shape(self, x: Shape) -> Shape:
        check_images(x)
        return Shape((*x[:-3], *self.target(x), x[-1]))

    def target(self, x: Shape) -> tuple[Any, Any]:
        """Height and width of the result; all have to be known at last not to be 0."""
        for s in x[-3:-1]:
            require_equal(None if s is None else smaller(s, 1), 1, "an image has no pixels to make others of")
        for s in self.size:
            require_equal(smaller(s, 1), 1, "the height or the width of the result is 0")
        return self.sizes_from(x)

    def sizes_from(self, x: Shape) -> tuple[Any, Any]:
        if not self.preserve_aspect_ratio:
            return self.size
        if None in x[-3:-1]:
            return None, None
        if not all(isinstance(s, int) for s in x[-3:-1]):
            raise ShapeError("height and width have to be known to preserve their ratio", fix="give both")
        new, old = (np.array(s, np.float32) for s in (self.size, x[-3:-1]))    # as TensorFlow computes it
        height, width = np.maximum(np.round(np.min(new / old) * old), 1)
        return int(height), int(width)

    def decompose(self, x: Any) -> Any:
        x = L.cast(x, self.result_dtype(x.dtype))
        for axis, size in zip((x.rank - 3, x.rank - 2), self.target(x.shape), strict=True):
            if self.method == "nearest":
                x = self._nearest(x, axis, size)
            elif self.method == "bilinear" and not self.antialias:
                x = self._between(x, axis, size)
            else:
                x = self._averaged(x, axis, size)
        return x

    def _centers(self, old: Any, size: Any, dtype: DType) -> Any:
        """Centers of the new pixels in units of the old ones, from the border."""
        width = L.size_value(old, dtype) / L.size_value(size, dtype)
        return (L.iota(size, 0, 1, dtype) + 0.5) * width

    def _nearest(self, x: Any, axis: int, size: Any) -> Any:
        centers = self._centers(x.shape[axis], size, float32)
        last = L.size_value(x.shape[axis], "int32") - 1
        return L.gather(x, L.minimum(L.cast(L.floor(centers), "int32"), last), None, axis)

    def _between(self, x: Any, axis: int, size: Any) -> Any:
        places = self._centers(x.shape[axis], size, x.dtype) - 0.5
        below = L.floor(places)
        last = L.size_value(x.shape[axis], "int32") - 1
        first = L.gather(x, L.maximum(L.cast(below, "int32"), 0), None, axis)
        second = L.gather(x, L.minimum(L.cast(L.ceil(places), "int32"), last), None, axis)
        share = L.reshape(places - below, (size, *[1] * (x.rank - axis - 1)))
        return first + (second - first) * share

    def _averaged(self, x: Any, axis: int, size: Any) -> Any:
        """Each new pixel as a mean of the old ones that it covers along an axis; no others are read."""
        old = x.shape[axis]
        number = L.iota(size, 0, 2, x.dtype)
        first, behind, centers, wide = self._spans(number, L.size_value(old, x.dtype), L.size_value(size, x.dtype))
        last = L.size_value(old, "int32") - 1
        first = L.clip_by_value(L.cast(first, "int32"), 0, last)
        behind = L.clip_by_value(L.cast(behind, "int32"), 1, last + 1)
        pixels = first + L.iota(self.covered(old, size), 1, 2, "int32")
        places = L.cast(pixels, x.dtype)
        if self.method == "area":
            half = 0.5 * wide
            weights = L.maximum(L.minimum(centers + half, places + 1) - L.maximum(centers - half, places), 0)
        else:
            weights = weights_at(self.method, L.abs(places + 0.5 - centers) * (1 / wide))
        weights = L.where(pixels < behind, weights, 0)
        weights = weights / L.reduce_sum(weights, 1, True)
        found = L.gather(x, L.minimum(pixels, behind - 1), None, axis)
        return L.reduce_sum(found * L.reshape(weights, (*weights.shape, *[1] * (x.rank - axis - 1))), axis + 1)

    def _spans(self, number: Any, old: Any, size: Any) -> tuple[Any, Any, Any, Any]:
        """The first old pixel of each new one and that behind the last, its center, and how wide curves are."""
        if self.method == "area":
            width = old / size
            return L.floor(number * width), L.ceil((number + 1) * width), (number + 0.5) * width, width
        if self.method == "bicubic" and not self.antialias:
            places = (number + 0.5) * (old / size) - 0.5
            below = L.floor(places)
            return below - 1, below + 3, L.round(places * float(STEPS)) / float(STEPS) + 0.5, 1.0
        width = 1 / (size / old)            # rounded twice, as TensorFlow's: a pixel on the edge counts or does not
        centers, wide = (number + 0.5) * width, L.maximum(width, 1) if self.antialias else 1.0
        reach = REACH[self.method] * wide
        return L.ceil(centers - reach - 0.5), L.floor(centers + reach - 0.5) + 1, centers, wide

    def covered(self, old: Any, size: Any) -> Any:
        """The most old pixels along an axis that a new one is made of."""
        if self.method == "area":
            return (old + size - 1) // size + 1
        twice = int(2 * REACH[self.method])
        reach = (twice + 1) // 2
        if self.antialias:
            wider = (old * twice + 2 * size - 1) // (2 * size)
            reach = reach + wider - smaller(reach, wider)
        return 2 * reach + 1

    def reference(self, x: Array) -> Array:
        x = x.astype(self.result_dtype(float32).numpy) if x.dtype.kind != "f" and self.method != "nearest" else x
        for axis, size in zip((x.ndim - 3, x.ndim - 2), self.target(Shape(x.shape)), strict=True):
            x = np.moveaxis(self._resized(np.moveaxis(x, axis, 0), size), 0, axis)
        return x

    @quiet
    def _resized(self, x: Array, size: int) -> Array:
        """The first axis with another size, by the definitions. Places are rounded to the dtype, shares are not."""
        n, number = len(x), np.float32 if self.method == "nearest" else x.dtype.type
        edges = np.arange(size, dtype=number)
        if self.method == "nearest":
            return np.asarray(x[np.minimum((edges + number(0.5)) * (number(n) / number(size)), n - 1).astype(int)])
        width, wide = number(n) / number(size), number(1)
        centers = (edges + number(0.5)) * width
        below = np.floor(centers - number(0.5))
        if self.method == "area":
            first, last, wide = np.floor(edges * width), np.ceil((edges + 1) * width) - 1, width
        elif self.method == "bilinear" and not self.antialias:
            pair = np.maximum(below, 0), np.minimum(np.ceil(centers - number(0.5)), n - 1)
            a, b = (x[end.astype(int)] for end in pair)
            share = (centers - number(0.5) - below).reshape(-1, *[1] * (x.ndim - 1))
            return np.asarray(a + (b - a) * share, x.dtype)
        elif self.method == "bicubic" and not self.antialias:
            first, last = below - 1, below + 2
            centers = np.round((centers - number(0.5)) * STEPS) / STEPS + number(0.5)
        else:
            width = number(1) / (number(size) / number(n))
            centers, wide = (edges + number(0.5)) * width, max(width, wide) if self.antialias else wide
            reach = number(REACH[self.method]) * wide
            first, last = np.ceil(centers - reach - number(0.5)), np.floor(centers + reach - number(0.5))
        first, last = (np.clip(end.astype(int), 0, n - 1) for end in (first, last))
        y, total = np.zeros((size, *x.shape[1:])), np.zeros((size, *[1] * (x.ndim - 1)))
        for old in range(int((last - first).max()) + 1):
            rows = np.flatnonzero(first + old <= last)
            shares = self._shares(first[rows] + old, centers[rows], wide).reshape(-1, *total.shape[1:])
            y[rows] += shares * x[first[rows] + old]
            total[rows] += shares
        return np.asarray(y / total, x.dtype)

    def _shares(self, old: Array, new: Array, wide: Any) -> Array:
        """What old pixels count for new ones at these places, up to a factor."""
        if self.method == "area":
            return np.asarray(np.maximum(np.minimum(new + wide / 2, old + 1) - np.maximum(new - wide / 2, old), 0))
        x = np.abs((old + new.dtype.type(0.5) - new) * (1 / wide)).astype(np.float64)
        match self.method:
            case "bilinear":
                found = 1 - x
            case "gaussian":
                found = np.exp(-0.5 * (x / 0.5)**2)
            case "bicubic":
                found = np.where(x < 1, 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2)
            case "mitchellcubic":
                near, far = 7 * x**3 - 12 * x**2 + 16 / 3, -7 / 3 * x**3 + 12 * x**2 - 20 * x + 32 / 3
                found = np.where(x < 1, near, far) / 6
            case _:
                found = np.sinc(x) * np.sinc(x / REACH[self.method])
        return np.where(x < REACH[self.method], found, 0)

    samples: ClassVar[tuple[Sample, ...]] = (
        sample(normal(2, 3, 4, 2), size=[5, 3]), sample(normal(3, 4, 2), size=[2, 7]),
        sample(normal(4, 6, 1), size=[3, 3], antialias=True),
        sample(normal(2, 3, 3, 2), size=[7, 2], antialias=True),
        sample(normal(2, 3, 4, 2), size=[5, 3], method="nearest"), sample(normal(1, 1, 3), size=[2, 2]),
        sample(normal(5, 4, 1), size=[2, 6], method="nearest"), sample(normal(3, 4, 2), size=[3, 4]),
        sample(normal(0, 3, 4, 2), size=[2, 2]), sample(normal(2, 3, 0), size=[4, 4]),
        sample(uniform(0, 9, 4, 5, 1), size=[7, 3], method="bicubic"),
        sample(uniform(0, 9, 6, 3, 1), size=[4, 2], method="bicubic", antialias=True),
        sample(uniform(0, 9, 2, 5, 3, 1), size=[3, 4], method="area"),
        sample(uniform(0, 9, 7, 6, 1), size=[5, 9], method="lanczos3"),
        sample(uniform(0, 9, 9, 6, 1), size=[4, 5], method="lanczos5", antialias=True),
        sample(uniform(0, 9, 5, 4, 1), size=[3, 6], method="gaussian"),
        sample(uniform(0, 9, 5, 4, 1), size=[3, 6], method="mitchellcubic"),
    )


@op
class ResizeByFactors(Resize):
    """Images a whole number of times as large, whatever their size; `size` is the two numbers.

    Shapes
    ------
    images : (height, width, channels) or (batch, height, width, channels)
    result : the same with size[0] * height and size[1] * width
    """

    internal = True
    names = ()
    node_name = "resize"

    def sizes_from(self, x: Shape) -> tuple[Any, Any]:
        height, width = (None if s is None else s * n for s, n in zip(x[-3:-1], self.size, strict=True))
        return height, width

    samples = (sample(normal(2, 3, 4, 2), size=[2, 3]), sample(normal(1, 1, 3), size=[2, 1], method="area"),
               sample(uniform(0, 9, 3, 2, 1), size=[2, 3], method="bicubic"),
               sample(uniform(0, 9, 3, 4, 1), size=[1, 3], method="lanczos3"),
               sample(normal(0, 3, 4, 2), size=[2, 2], method="bicubic"))


# -------------------------------------------------------------------- turned over

class _Flipped(_Images):
    inputs = (port("image", AnyType, "images, channels last"),)
    axis: int

    def decompose(self, x: Any) -> Any:
        return L.reverse(x, [x.rank + self.axis])

    def reference(self, x: Array) -> Array:
        return np.flip(x, self.axis)

    samples = (sample(normal(3, 4, 2)), sample(normal(2, 3, 4, 1)), sample(normal(0, 3, 4, 1)))


@op
class FlipLeftRight(_Flipped):
    """Images in a mirror: their first column becomes their last."""

    names = ("image.flip_left_right",)
    axis = -2


@op
class FlipUpDown(_Flipped):
    """Images upside down: their first row becomes their last."""

    names = ("image.flip_up_down",)
    axis = -3


# -------------------------------------------------------------------- colors

@op
class RgbToGrayscale(Composed):
    """The brightness of colors: 0.2989 red + 0.587 green + 0.114 blue.

    Shapes
    ------
    images : (..., 3)
    result : (..., 1)

    References
    ----------
    Recommendation ITU-R BT.601, section 2.5.1.
    """

    category = "Image"
    names = ("image.rgb_to_grayscale",)
    inputs = (port("images", Floating, "images, colors last"),)

    def result_shape(self, x: Shape) -> Shape:
        return Shape((*check_images(x, 3)[:-1], 1))

    def decompose(self, x: Any) -> Any:
        return L.reduce_sum(x * np.asarray(GRAY, x.dtype.numpy), -1, True)

    def reference(self, x: Array) -> Array:
        return np.asarray(x @ np.asarray(GRAY, x.dtype)[:, None])

    samples = (sample(normal(2, 2, 3)), sample(normal(2, 1, 2, 3)), sample(normal(0, 2, 3)))


@op
class GrayscaleToRgb(Composed):
    """The same brightness as red, green and blue.

    Shapes
    ------
    images : (..., 1)
    result : (..., 3)
    """

    category = "Image"
    names = ("image.grayscale_to_rgb",)
    inputs = (port("images", AnyType, "images of one channel"),)

    def result_shape(self, x: Shape) -> Shape:
        return Shape((*check_images(x, 1)[:-1], 3))

    def decompose(self, x: Any) -> Any:
        return L.broadcast_to(x, (*x.shape[:-1], 3))

    def reference(self, x: Array) -> Array:
        return np.repeat(x, 3, axis=-1)

    samples = (sample(normal(2, 2, 1)), sample(normal(2, 1, 2, 1)), sample(normal(0, 2, 1)))


@op
class PerImageStandardization(_Images):
    """Each image with mean 0 and variance 1.

        y = (x - mean(x)) / max(standard deviation of x, 1 / sqrt(number of elements of x))
    """

    names = ("image.per_image_standardization",)
    inputs = (port("image", Floating, "images, channels last"),)

    def decompose(self, x: Any) -> Any:
        distance = x - L.reduce_mean(x, [-3, -2, -1], True)
        variance = L.reduce_mean(distance * distance, [-3, -2, -1], True)
        return distance * L.rsqrt(L.maximum(variance, 1 / L.count_along(x, [-3, -2, -1])))

    @quiet
    def reference(self, x: Array) -> Array:
        if not x.size:
            return np.zeros_like(x)
        axes = (-3, -2, -1)
        least = 1 / np.sqrt(np.prod(x.shape[-3:]))
        spread = np.maximum(np.std(x, axis=axes, keepdims=True), x.dtype.type(least))
        return np.asarray((x - np.mean(x, axis=axes, keepdims=True)) / spread)

    samples = (sample(normal(2, 3, 3)), sample(normal(2, 3, 2, 1)), sample(normal(0, 2, 2, 3)),
               sample(values([[[0.5], [0.5]], [[0.5], [0.5]]]), smooth=False))


@op
class AdjustBrightness(_Images):
    """Images with a number added to each pixel."""

    names = ("image.adjust_brightness",)
    inputs = (port("image", Floating, "images, channels last"), port("delta", Floating, "what is added"))

    def decompose(self, x: Any, delta: Any) -> Any:
        return x + delta

    def reference(self, x: Array, delta: Array) -> Array:
        return np.add(x, delta)

    samples = (sample(normal(2, 3, 1), normal()), sample(normal(2, 2, 2, 3), normal()),
               sample(normal(0, 2, 1), normal()))


@op
class AdjustContrast(_Images):
    """Images with the distance of each pixel from the mean of its channel multiplied.

        y = (x - mean(x)) * contrast_factor + mean(x)   for each image and channel
    """

    names = ("image.adjust_contrast",)
    inputs = (port("images", Floating, "images, channels last"), port("contrast_factor", Floating, "1 changes nothing"))

    def decompose(self, x: Any, factor: Any) -> Any:
        mean = L.reduce_mean(x, [-3, -2], True)
        return (x - mean) * factor + mean

    def reference(self, x: Array, factor: Array) -> Array:
        if not x.size:
            return x
        mean = np.mean(x, axis=(-3, -2), keepdims=True)
        return np.asarray((x - mean) * factor + mean)

    samples = (sample(normal(2, 3, 2), uniform(0.5, 2.0)), sample(normal(2, 3, 2, 1), uniform(0.5, 2.0)),
               sample(normal(0, 2, 2, 1), uniform(0.5, 2.0)))
