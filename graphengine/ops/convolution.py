"""Convolutions over 1 to 3 spatial axes, their gradients, which are convolutions, and what is made from them.

With x padded, w the filters and g the gradient of the result y, all three are sums over one product,

    y[n, o, k] = sum over t, c of x[n, o * stride + t * dilation, c] * w[t, c, k]

taken over taps t and channels c, over positions n, o, or (for x) as a convolution of g with the filters reversed.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from ..errors import ShapeError
from ..ir.dims import Shape, Size, product, require_equal
from ..ir.node import Tensor
from .kinds import REQUIRED, Array, Call, Composite, Floating, Library, attr, port
from .language import L
from .quiet import quiet
from .registry import abstract, op
from .rules import as_sizes, sizes_of
from .samples import normal, sample
from .windows import (
    ANY_FORMAT,
    SPACE,
    Numbers,
    Padding,
    Windows,
    as_numbers,
    as_numbers_or_none,
    as_padding,
    canonical,
    channels_of,
    from_canonical,
    place,
    spatial_count,
    to_canonical,
    user_shape,
    windows,
)

SHAPE_ONLY = None                           # gradient of an operand that only lends its shape


def taps(
    x: Array, size: Sequence[int], results: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> Any:
    """For each tap of the windows, its place and the elements of x that all windows have there."""
    for t in np.ndindex(*size):
        parts = [slice(k * d, k * d + (o - 1) * s + 1, s) if o else slice(0, 0)
                 for k, d, o, s in zip(t, dilations, results, strides, strict=True)]
        yield t, x[(slice(None), *parts)]


# -------------------------------------------------------------------- primitives

def window_sizes(
    x: tuple[Size, ...], filters: tuple[Size, ...], y: tuple[Size, ...], strides: Sequence[int],
    dilations: Sequence[int],
) -> tuple[tuple[Size, ...], tuple[Size, ...], tuple[Size, ...]]:
    """Extents and strides in x of positions and of taps, and what the kernel wants to know of channels."""
    _, _, rows, columns, channels = x
    steps = (rows * columns * channels, columns * channels, channels)
    positions = (*y[:4], x[1] * steps[0], *[a * s for a, s in zip(steps, strides, strict=True)])
    places = (*filters[:4], *[a * d for a, d in zip(steps, dilations, strict=True)], 1)
    inside, k = filters[3:]
    groups = channels // inside
    return positions, places, (groups, inside, k // groups, k)


def padding_sizes(kind: int, filled: Sequence[Size], rows: Sequence[int], depth: Sequence[int]) -> tuple[Size, ...]:
    """What the kernel wants to know of padding, rows being positions (1) or taps (2) that are so far apart."""
    if not filled:
        return (0,) * (1 + 4 * SPACE)
    first, extents = filled[:SPACE], filled[SPACE:]
    axes = zip(rows, depth, first, [a + n for a, n in zip(first, extents, strict=True)], strict=True)
    return (kind, *[number for axis in axes for number in axis])


FILLED = "first place along each axis that is not padding, then their numbers; nothing is known of padding without"


@op
class Convolve(Library):
    """Convolution over three axes that are padded already; the number of windows is given, more would fit.

    Shapes
    ------
    x : (batch, d, h, w, groups * c)
    filters : (kd, kh, kw, c, k)
    result : (batch, *sizes, k)
    """

    category = "Convolution"
    internal = True
    has_sums = True
    inputs = (port("x", Floating, "padded input"), port("filters", Floating, "weights"))
    sizes: tuple[Size, ...] = attr(REQUIRED, "number of windows along each axis", convert=as_sizes)
    strides: tuple[int, ...] = attr((1, 1, 1), "step from window to window", convert=tuple)
    dilations: tuple[int, ...] = attr((1, 1, 1), "step from tap to tap", convert=tuple)
    filled: tuple[Size, ...] = attr((), FILLED, convert=as_sizes)

    def result_shape(self, x: Shape, filters: Shape) -> Shape:
        return Shape((x[0], *self.sizes, filters[-1]))

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        x, filters, y = sizes_of(inputs[0]), sizes_of(inputs[1]), sizes_of(results[0])
        positions, places, channels = window_sizes(x, filters, y, self.strides, self.dilations)
        padding = padding_sizes(1, self.filled, self.strides, self.dilations)
        sizes = (*positions, *places, *channels, *padding, 0)
        return Call(f"windows_{inputs[0].dtype.code}", sizes, extent=product(y[:4]))

    @quiet
    def reference(self, x: Array, filters: Array) -> Array:
        *size, inside, outside = filters.shape
        groups = x.shape[-1] // inside
        y = np.zeros((x.shape[0], *self.sizes, groups, outside // groups), x.dtype)
        for t, part in taps(x, size, self.sizes, self.strides, self.dilations):  # type: ignore[arg-type]
            weights = filters[t].reshape(inside, groups, -1)
            y += np.einsum("...gc,cgk->...gk", part.reshape(*part.shape[:-1], groups, inside), weights)
        return y.reshape(*y.shape[:4], outside)

    def gradient(self, g: Any, y: Any, x: Any, filters: Any) -> Any:
        attributes = (self.strides, "VALID", None, self.dilations)
        return (L.convolution_input_gradient(g, filters, x, *attributes),
                L.convolution_filter_gradient(x, g, filters, *attributes))

    samples = (sample(normal(2, 1, 6, 5, 3), normal(1, 3, 2, 3, 4), sizes=(1, 4, 4)),
               sample(normal(1, 3, 6, 7, 4), normal(2, 2, 2, 2, 6), sizes=(2, 3, 2), strides=(1, 2, 3),
                      dilations=(1, 1, 2)),
               sample(normal(2, 1, 4, 4, 18), normal(1, 2, 2, 1, 18), sizes=(1, 3, 3)),
               sample(normal(0, 1, 4, 4, 2), normal(1, 2, 2, 2, 3), sizes=(1, 3, 3)))


@op
class ConvolveFilter(Library):
    """Gradient of `Convolve` with respect to its filters.

    Shapes
    ------
    x : (batch, d, h, w, groups * c)
    g : (batch, od, oh, ow, k)
    result : sizes, which is (kd, kh, kw, c, k)
    """

    category = "Convolution"
    internal = True
    has_sums = True
    inputs = (port("x", Floating, "padded input"), port("g", Floating, "gradient of the result"))
    sizes: tuple[Size, ...] = attr(REQUIRED, "shape of the filters", convert=as_sizes)
    strides: tuple[int, ...] = attr((1, 1, 1), "step from window to window", convert=tuple)
    dilations: tuple[int, ...] = attr((1, 1, 1), "step from tap to tap", convert=tuple)
    filled: tuple[Size, ...] = attr((), FILLED, convert=as_sizes)

    def result_shape(self, x: Shape, g: Shape) -> Shape:
        return Shape(self.sizes)

    def call(self, inputs: Sequence[Tensor], results: Sequence[Tensor]) -> Call:
        x, g, filters = sizes_of(inputs[0]), sizes_of(inputs[1]), sizes_of(results[0])
        positions, places, channels = window_sizes(x, filters, g, self.strides, self.dilations)
        padding = padding_sizes(2, self.filled, self.dilations, self.strides)
        sizes = (*places, *positions, *channels, *padding, 0)
        return Call(f"windows_{inputs[0].dtype.code}", sizes, extent=product(filters[:4]))

    @quiet
    def reference(self, x: Array, g: Array) -> Array:
        *size, inside, outside = self.sizes
        groups = x.shape[-1] // inside
        result = np.zeros((*size, inside, groups, outside // groups), x.dtype)
        grouped = g.reshape(*g.shape[:-1], groups, outside // groups)
        for t, part in taps(x, size, g.shape[1:-1], self.strides, self.dilations):  # type: ignore[arg-type]
            result[t] = np.einsum("ndhwgc,ndhwgk->cgk", part.reshape(*part.shape[:-1], groups, inside), grouped)
        return result.reshape(*size, inside, outside)  # type: ignore[arg-type]

    def gradient(self, h: Any, y: Any, x: Any, g: Any) -> Any:
        attributes = (self.strides, "VALID", None, self.dilations)
        return L.convolution_input_gradient(g, h, x, *attributes), L.convolution_like(x, h, g, *attributes)

    samples = (sample(normal(2, 1, 6, 5, 3), normal(2, 1, 4, 4, 4), sizes=(1, 3, 2, 3, 4)),
               sample(normal(1, 3, 6, 7, 4), normal(1, 2, 3, 2, 6), sizes=(2, 2, 2, 2, 6), strides=(1, 2, 3),
                      dilations=(1, 1, 2)),
               sample(normal(2, 1, 4, 4, 18), normal(2, 1, 3, 3, 18), sizes=(1, 2, 2, 1, 18)),
               sample(normal(0, 1, 4, 4, 2), normal(0, 1, 3, 3, 3), sizes=(1, 2, 2, 2, 3)))


# -------------------------------------------------------------------- any number of axes

class Windowed(Composite):
    """Base of all ops with filters that move over an input. Their attributes are TensorFlow's."""

    category = "Convolution"
    strides: Numbers | None
    padding: Padding
    is_costly = True
    data_format: str | None
    dilations: Numbers | None
    only: ClassVar[int | None] = None       # number of spatial axes, if only one is allowed

    def attributes(self) -> tuple[Any, ...]:
        return self.strides, self.padding, self.data_format, self.dilations

    def windows(self, x: Shape, filters: Shape) -> Windows:
        """The windows over an input.

        Raises
        ------
        ShapeError if numbers of axes do not fit.
        """
        n = spatial_count(x, "input", self.only)
        if len(filters) != n + 2:
            raise ShapeError(f"filters has shape {filters}; it has {n + 2} axes: taps along {n}, channels in and out")
        return windows(filters[:n], n, self.data_format, self.strides, self.dilations, self.padding)

    def pad(self, x: Any, w: Windows) -> tuple[Any, tuple[Any, ...]]:
        """`x` of three spatial axes with the zeros that the windows want, and where it is in them."""
        space = tuple(x.shape[1:-1])
        padded = place(x, (x.shape[0], *w.padded(space), x.shape[-1]), (0, *w.before(space), 0), (1,) * x.rank)
        return padded, () if padded is x else (*w.before(space), *space)


def numbers_attr(default: Any, doc: str) -> Any:
    return attr(default, doc, convert=as_numbers if default is REQUIRED else as_numbers_or_none)


def padding_attr(default: Any = REQUIRED) -> Any:
    return attr(default, "SAME, VALID, or a pair of numbers for each axis", convert=as_padding)


STRIDES, DILATIONS = "step from window to window, 1 if None", "step from tap to tap, 1 if None"


@abstract
class AnyAxes(Windowed):
    """Attributes of convolutions over any number of axes."""

    strides: Numbers | None = numbers_attr(None, STRIDES)
    padding: Padding = padding_attr("VALID")
    data_format: str | None = attr(None, "order of axes, channels last if None", choices=ANY_FORMAT)
    dilations: Numbers | None = numbers_attr(None, DILATIONS)


class Forward(Windowed):
    """A convolution of an input with filters."""

    def result_shape(self, x: Shape, filters: Shape) -> Shape:
        w = self.windows(x, filters)
        check_channels(channels_of(x, self.data_format), filters[-2], filters[-1])
        space = w.results(canonical(x, self.data_format)[1:-1])
        return user_shape(x[0], space, filters[-1], len(x) - 2, self.data_format)

    def decompose(self, x: Any, filters: Any) -> Any:
        w = self.windows(x.shape, filters.shape)
        y = convolve(*self.pad(to_canonical(x, self.data_format), w), filters_of(filters), w, x, self.data_format)
        return from_canonical(y, self.result_shape(x.shape, filters.shape), self.data_format)

    def to_onnx(self, o: Any, x: Any, filters: Any) -> Any:
        n, groups = x.rank - 2, groups_of(x.shape, filters.shape, self.data_format)
        if groups is None:
            return None
        about = self.windows(x.shape, filters.shape).in_onnx(canonical(x.shape, self.data_format)[1:-1], n)
        y = o.Conv(o.channels_first(x, self.data_format, x.rank), o.transpose(filters, (n + 1, n, *range(n))),
                   group=groups, **about)
        return o.channels_as(y, self.data_format, x.rank)

    def reference(self, x: Array, filters: Array) -> Array:
        w = self.windows(Shape(x.shape), Shape(filters.shape))
        space = canonical(x.shape, self.data_format)[1:-1]
        padded = padded_array(x, w, self.data_format)
        y = Convolve(w.results(space), w.strides, w.dilations).reference(padded, filters_array(filters))
        return restored(y, self.result_shape(Shape(x.shape), Shape(filters.shape)), self.data_format)

    def gradient(self, g: Any, y: Any, x: Any, filters: Any) -> Any:
        return (L.convolution_input_gradient(g, filters, x, *self.attributes()),
                L.convolution_filter_gradient(x, g, filters, *self.attributes()))


def groups_of(x: Shape, filters: Shape, data_format: str | None) -> int | None:
    """Number of groups of channels; None if sizes of filters or channels are not known."""
    channels = channels_of(x, data_format)
    return channels // filters[-2] if Shape((channels, *filters)).is_fully_defined() else None


def transposed_in_onnx(self: Windowed, o: Any, g: Any, filters: Any, like: Shape) -> Any:
    """ONNX's transposed convolution, for a result of shape `like`; None if sizes are not known."""
    n, groups = g.rank - 2, groups_of(like, filters.shape, self.data_format)
    w, space = self.windows(like, filters.shape), canonical(like, self.data_format)[1:-1]
    given = canonical(g.shape, self.data_format)[1:-1]
    if groups is None or not Shape((*space, *given)).is_fully_defined():
        return None
    wholes = [(size - 1) * step + span for size, step, span in zip(given, w.strides, w.spans, strict=True)]
    more = [a - b for a, b in zip(w.padded(space), wholes, strict=True)]
    y = o.ConvTranspose(o.channels_first(g, self.data_format, g.rank), o.transpose(filters, (n + 1, n, *range(n))),
                        group=groups, output_padding=more[-n:], **w.in_onnx(space, n))
    return o.channels_as(y, self.data_format, g.rank)


def check_channels(channels: Any, inside: Any, outside: Any) -> None:
    """Have it checked that filters of `inside` channels can be moved over `channels` in groups.

    Raises
    ------
    ShapeError if they cannot, as far as sizes are known.
    """
    if inside == 0 or outside == 0:
        raise ShapeError(f"filters have {inside} channels in and {outside} out; there is at least one of each")
    if channels is None or inside is None:
        return
    problem = f"{channels} channels (input) do not fit {inside} (filters, axis -2) and {outside} filters (axis -1)"
    fix = "make the first two equal, or multiples for convolution in groups"
    groups = channels // inside
    if groups == 0:
        raise ShapeError(problem, fix=fix)
    require_equal(groups * inside, channels, problem, fix)
    if outside is not None:
        require_equal(outside // groups * groups, outside, problem, fix)


def convolve(padded: Any, filled: Sequence[Any], filters: Any, w: Windows, x: Any, data_format: str | None) -> Any:
    """`Convolve` of a padded input; a window of one place that misses none is a product of matrices."""
    sizes = w.results(canonical(x.shape, data_format)[1:-1])
    batch, *space, channels = padded.shape
    *size, inside, outside = filters.shape
    if size == [1] * SPACE and w.strides == (1,) * SPACE and w.padding in ("SAME", "VALID") and inside == channels:
        rows = L.reshape(padded, (product((batch, *space)), channels))
        return L.reshape(L.matmul(rows, L.reshape(filters, (inside, outside))), (batch, *sizes, outside))
    return L.convolve(padded, filters, sizes, w.strides, w.dilations, filled)


def filters_of(filters: Any) -> Any:
    """Filters with three axes of taps."""
    return L.reshape(filters, (*[1] * (SPACE + 2 - filters.rank), *filters.shape))


def filters_array(filters: Array) -> Array:
    return filters.reshape(*[1] * (SPACE + 2 - filters.ndim), *filters.shape)


def canonical_array(x: Array, data_format: str | None) -> Array:
    last = np.moveaxis(x, 1, -1) if data_format is not None and data_format.startswith("NC") else x
    return last.reshape(last.shape[0], *[1] * (SPACE + 2 - x.ndim), *last.shape[1:])


def padded_array(x: Array, w: Windows, data_format: str | None) -> Array:
    """`x` with three spatial axes and its padding."""
    own = canonical_array(x, data_format)
    space = own.shape[1:-1]
    result = np.zeros((own.shape[0], *w.padded(space), own.shape[-1]), x.dtype)
    result[(slice(None), *[slice(b, b + n) for b, n in zip(w.before(space), space, strict=True)])] = own
    return result


def restored(y: Array, target: Shape, data_format: str | None) -> Array:
    """An array of three spatial axes and channels last in the user's shape."""
    if data_format is not None and data_format.startswith("NC"):
        return np.moveaxis(y.reshape(target[0], *target[2:], target[1]), -1, 1)  # type: ignore[arg-type]
    return y.reshape(tuple(target))


INPUT = port("input", Floating, "batch of signals, images or volumes")
FILTERS = port("filters", Floating, "weights: taps along each axis, channels in, channels out")


@op
class Convolution(Forward, AnyAxes):
    """Convolution over as many axes as the input has between batch and channels.

        y[n, o, k] = sum over t, c of input[n, o * stride + t * dilation - before, c] * filters[t, c, k]

    Filters are not reversed, as everywhere in networks. Where the input has several times the channels of the filters,
    it is convolved in as many groups.

    Raises
    ------
    ShapeError if channels do not fit, or a window is larger than the padded input.

    Shapes
    ------
    input : (batch, ..., groups * c), or (batch, groups * c, ...) for formats that begin with NC
    filters : (..., c, k)
    result : (batch, ..., k), or (batch, k, ...)

    References
    ----------
    Dumoulin and Visin (2016), "A guide to convolution arithmetic for deep learning", for sizes and gradients.
    """

    names = ("nn.convolution",)
    node_name = "convolution"
    inputs = (INPUT, FILTERS)

    samples = (sample(normal(2, 6, 3), normal(3, 3, 4), padding="SAME"),
               sample(normal(2, 3, 7), normal(2, 3, 2), strides=[2], data_format="NCW"),
               sample(normal(2, 5, 4, 2), normal(3, 2, 2, 3), strides=[2, 1], padding="SAME", dilations=[1, 2]),
               sample(normal(1, 3, 4, 3, 2), normal(2, 2, 2, 2, 3), padding="SAME"))


@op
class ConvolutionLike(AnyAxes):
    """`Convolution` whose result has the shape of another tensor, which inference may not know how to find."""

    internal = True
    inputs = (INPUT, FILTERS, port("like", Floating, "lends its shape", same="L"))

    def result_shape(self, x: Shape, filters: Shape, like: Shape) -> Shape:
        check_channels(channels_of(x, self.data_format), filters[-2], filters[-1])
        return like

    def decompose(self, x: Any, filters: Any, like: Any) -> Any:
        w = self.windows(x.shape, filters.shape)
        sizes = canonical(like.shape, self.data_format)[1:-1]
        padded, filled = self.pad(to_canonical(x, self.data_format), w)
        y = L.convolve(padded, filters_of(filters), sizes, w.strides, w.dilations, filled)
        return from_canonical(y, like.shape, self.data_format)

    def reference(self, x: Array, filters: Array, like: Array) -> Array:
        w = self.windows(Shape(x.shape), Shape(filters.shape))
        sizes = canonical(like.shape, self.data_format)[1:-1]
        padded = padded_array(x, w, self.data_format)
        y = Convolve(sizes, w.strides, w.dilations).reference(padded, filters_array(filters))
        return restored(y, Shape(like.shape), self.data_format)

    def gradient(self, g: Any, y: Any, x: Any, filters: Any, like: Any) -> Any:
        return (L.convolution_input_gradient(g, filters, x, *self.attributes()),
                L.convolution_filter_gradient(x, g, filters, *self.attributes()), SHAPE_ONLY)

    samples = (sample(normal(2, 6, 5, 3), normal(3, 2, 3, 4), normal(2, 2, 4, 4), strides=[3, 1]),)


@op
class ConvolutionInputGradient(AnyAxes):
    """Gradient of a convolution with respect to its input, whose shape `like` has.

    It is a convolution of g, its elements as far apart as the windows were, with the filters reversed and the channels
    exchanged (Dumoulin and Visin 2016, section 4).
    """

    internal = True
    inputs = (port("g", Floating, "gradient of the result"), FILTERS,
              port("like", Floating, "lends its shape", same="L"))

    def result_shape(self, g: Shape, filters: Shape, like: Shape) -> Shape:
        check_channels(channels_of(like, self.data_format), filters[-2], filters[-1])
        return like

    def decompose(self, g: Any, filters: Any, like: Any) -> Any:
        w = self.windows(like.shape, filters.shape)
        y = transposed(to_canonical(g, self.data_format), filters_of(filters), w,
                       canonical(like.shape, self.data_format))
        return from_canonical(y, like.shape, self.data_format)

    def to_onnx(self, o: Any, g: Any, filters: Any, like: Any) -> Any:
        return transposed_in_onnx(self, o, g, filters, like.shape)

    @quiet
    def reference(self, g: Array, filters: Array, like: Array) -> Array:
        w = self.windows(Shape(like.shape), Shape(filters.shape))
        *size, inside, outside = filters_array(filters).shape
        batch, *space, channels = canonical(like.shape, self.data_format)
        own = canonical_array(g, self.data_format)
        groups = channels // inside
        total = np.zeros((batch, *w.padded(space), channels), g.dtype)
        rows = own.reshape(*own.shape[:-1], groups, outside // groups)
        for t, part in taps(total, size, own.shape[1:-1], w.strides, w.dilations):
            weights = filters_array(filters)[t].reshape(inside, groups, -1)
            part += np.einsum("...gk,cgk->...gc", rows, weights).reshape(part.shape)
        parts = [slice(b, b + n) for b, n in zip(w.before(space), space, strict=True)]
        return restored(total[(slice(None), *parts)], Shape(like.shape), self.data_format)

    def gradient(self, h: Any, y: Any, g: Any, filters: Any, like: Any) -> Any:
        return (L.convolution_like(h, filters, g, *self.attributes()),
                L.convolution_filter_gradient(h, g, filters, *self.attributes()), SHAPE_ONLY)

    samples = (sample(normal(2, 6, 4), normal(3, 3, 4), normal(2, 6, 3), padding="SAME"),
               sample(normal(2, 3, 2, 3), normal(3, 3, 2, 3), normal(2, 5, 4, 2), strides=2, padding="SAME"),
               sample(normal(1, 2, 3, 1), normal(2, 2, 2, 2), normal(1, 2, 4, 3), strides=[1, 2], data_format="NCHW"),
               sample(normal(1, 4, 4, 6), normal(2, 2, 2, 6), normal(1, 5, 6, 4), dilations=[1, 2]),
               sample(normal(2, 8, 4), normal(2, 3, 4), normal(2, 3, 3), padding=[[3, 3]]),
               sample(normal(2, 3, 4), normal(1, 3, 4), normal(2, 6, 3), strides=2))


def transposed(g: Any, filters: Any, w: Windows, like: Sequence[Any]) -> Any:
    """The gradient of a convolution's input of shape `like`, all with three spatial axes and channels last."""
    batch, *space, channels = like
    inside, outside = filters.shape[-2:]
    before = w.before(space)
    if w.is_cropped:                        # the input and its padding first
        space, before, crop = list(w.padded(space)), (0,) * SPACE, before
    reaches = [span - 1 for span in w.spans]
    first = [r - b for r, b in zip(reaches, before, strict=True)]
    spread = place(
        g, (batch, *[n + r for n, r in zip(space, reaches, strict=True)], outside), (0, *first, 0), (1, *w.strides, 1)
    )
    filled = (*first, *[(n - 1) * s + 1 for n, s in zip(g.shape[1:-1], w.strides, strict=True)])
    y = L.convolve(spread, mirrored(filters, channels // inside), tuple(space), (1,) * SPACE, w.dilations, filled)
    if w.is_cropped:
        y = L.strided_slice(y, (0, *crop, 0), tuple(like), (1,) * len(like))
    return y


def mirrored(filters: Any, groups: Any) -> Any:
    """Filters with taps reversed, and channels in and out of each group exchanged."""
    *size, inside, outside = filters.shape
    last = (*[k - 1 for k in size], 0, 0)
    turned = L.strided_slice(filters, last, (*size, inside, outside), (-1, -1, -1, 1, 1))
    if groups == 1:
        return L.transpose(turned, (0, 1, 2, 4, 3))
    parted = L.reshape(turned, (*size, inside, groups, outside // groups))
    return L.reshape(L.transpose(parted, (0, 1, 2, 5, 4, 3)), (*size, outside // groups, groups * inside))


@op
class ConvolutionFilterGradient(AnyAxes):
    """Gradient of a convolution with respect to its filters, whose shape `like` has."""

    internal = True
    inputs = (INPUT, port("g", Floating, "gradient of the result"),
              port("like", Floating, "lends its shape", same="L"))

    def result_shape(self, x: Shape, g: Shape, like: Shape) -> Shape:
        check_channels(channels_of(x, self.data_format), like[-2], like[-1])
        return like

    def decompose(self, x: Any, g: Any, like: Any) -> Any:
        w = self.windows(x.shape, like.shape)
        padded, filled = self.pad(to_canonical(x, self.data_format), w)
        sizes = (*w.size, *like.shape[-2:])
        y = L.convolve_filter(padded, to_canonical(g, self.data_format), sizes, w.strides, w.dilations, filled)
        return L.reshape(y, tuple(like.shape))

    def reference(self, x: Array, g: Array, like: Array) -> Array:
        w = self.windows(Shape(x.shape), Shape(like.shape))
        found = ConvolveFilter((*w.size, *like.shape[-2:]), w.strides, w.dilations)
        rows = canonical_array(g, self.data_format)
        return found.reference(padded_array(x, w, self.data_format), rows).reshape(like.shape)

    def gradient(self, h: Any, y: Any, x: Any, g: Any, like: Any) -> Any:
        return (L.convolution_input_gradient(g, h, x, *self.attributes()),
                L.convolution_like(x, h, g, *self.attributes()), SHAPE_ONLY)

    samples = (sample(normal(2, 6, 3), normal(2, 6, 4), normal(3, 3, 4), padding="SAME"),
               sample(normal(2, 5, 4, 2), normal(2, 3, 2, 3), normal(3, 3, 2, 3), strides=2, padding="SAME"),
               sample(normal(1, 4, 5, 6), normal(1, 6, 2, 4), normal(3, 3, 2, 6), data_format="NCHW"),
               sample(normal(1, 5, 6, 4), normal(1, 4, 4, 6), normal(2, 2, 2, 6), dilations=[1, 2]))
