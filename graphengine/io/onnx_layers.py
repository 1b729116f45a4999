"""ONNX operators that are whole layers: matrix products, convolution, pooling, normalization. See onnx_ops.py."""
from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..ops.language import L
from ..ops.rules import normal_axis
from .onnx_ops import Call, NotMeant, means, rank_of
from .onnx_shapes import sizes_along

FORMATS = {1: "NCW", 2: "NCHW", 3: "NCDHW"}
Pairs = str | list[list[int]]


# -------------------------------------------------------------------- products

@means("MatMul")
def matmul(c: Call) -> Any:
    """As numpy does it: an operand of one axis is a row on the left, a column on the right."""
    a, b = c.xs
    ranks = rank_of(a, "the product"), rank_of(b, "the product")
    left = L.expand_dims(a, 0) if ranks[0] == 1 else a
    right = L.expand_dims(b, 1) if ranks[1] == 1 else b
    y = L.matmul(left, right)
    y = L.squeeze(y, [-1]) if ranks[1] == 1 else y
    return L.squeeze(y, [-1 if ranks[1] == 1 else -2]) if ranks[0] == 1 else y


@means("Gemm")
def gemm(c: Call, alpha: float = 1.0, beta: float = 1.0, transA: int = 0, transB: int = 0) -> Any:
    y = L.matmul(c.x(0), c.x(1), bool(transA), bool(transB))
    y = y if alpha == 1.0 else alpha * y
    if not c.given(2) or beta == 0.0:
        return y
    return y + (c.x(2) if beta == 1.0 else beta * c.x(2))


@means("Einsum")
def einsum(c: Call, equation: str) -> Any:
    return L.einsum(c.xs, equation)


# -------------------------------------------------------------------- windows

@dataclass
class Windows:
    """How windows go over the spatial axes of x, channels second.

    size, steps, spread : of a window along each axis, from one to the next, between its taps
    """

    x: Any
    size: Sequence[Any]
    steps: list[int]
    spread: list[int]

    @classmethod
    def of(cls, x: Any, size: Sequence[Any], strides: Any, dilations: Any) -> Windows:
        n = rank_of(x, "windows") - 2
        if n not in FORMATS:
            raise NotMeant(f"there are {n} spatial axes; 1 to 3 are known")
        steps, spread = list(strides or [1] * n), list(dilations or [1] * n)
        if {len(size), len(steps), len(spread)} != {n} or min(steps + spread) < 1:
            raise NotMeant(f"windows of {len(size)} sizes, by strides {steps} and dilations {spread}, go over {n} axes")
        return cls(x, list(size), steps, spread)

    @property
    def data_format(self) -> str:
        return FORMATS[len(self.steps)]

    def padding(self, auto_pad: str, pads: Sequence[int] | None) -> Pairs:
        """As ops take it.

        Raises
        ------
        NotMeant for SAME_LOWER, where the odd row comes first, if sizes are not known.
        """
        if auto_pad in ("SAME_UPPER", "VALID"):
            return auto_pad.partition("_")[0]
        n = len(self.steps)
        flat = list(pads or [0] * (2 * n))
        if len(flat) != 2 * n:
            raise NotMeant(f"{len(flat)} pads are given for {n} axes")
        pairs = [[flat[k], flat[n + k]] for k in range(n)]
        if auto_pad == "SAME_LOWER":
            for k, (size, tap, step, spread) in enumerate(self.axes):
                if not (isinstance(size, int) and isinstance(tap, int)):
                    raise NotMeant("the padding SAME_LOWER of an axis of unknown size is asked for")
                whole = max((-(-size // step) - 1) * step + (tap - 1) * spread + 1 - size, 0)
                pairs[k] = [whole - whole // 2, whole // 2]
        return [[0, 0], [0, 0], *pairs] if any(map(any, pairs)) else "VALID"

    @property
    def axes(self) -> list[tuple[Any, Any, int, int]]:
        """Of each spatial axis its size, and that of a window, the step and the spread."""
        return list(zip(self.x.shape[2:], self.size, self.steps, self.spread, strict=True))

    def rests(self, padding: Pairs) -> list[int]:
        """How far the last window reaches over the border, of those that rounding up adds; 0 where none is added.

        Raises
        ------
        NotMeant if sizes are not known.
        """
        found = []
        for k, (size, tap, step, _) in enumerate(self.axes):
            before, after = (0, 0) if isinstance(padding, str) else padding[2 + k]
            if padding == "SAME":
                found.append(0)
                continue
            if not isinstance(size, int):
                raise NotMeant("ceil_mode of an axis of unknown size is asked for")
            count = -(-(size + before + after - tap) // step)       # of the last window
            count -= count * step >= size + before                  # which has to begin inside
            found.append(max(count * step + tap - (size + before + after), 0))
        return found


@means("Conv")
def conv(c: Call, auto_pad: str = "NOTSET", dilations: Any = None, group: int = 1, kernel_shape: Any = None,
         pads: Any = None, strides: Any = None) -> Any:
    x, w = c.x(0), c.x(1)
    over = Windows.of(x, w.shape[2:], strides, dilations)
    n = len(over.steps)
    filters = L.transpose(w, [*range(2, n + 2), 1, 0])      # (out, in, taps) -> (taps, in, out)
    of = (L.conv1d, L.conv2d, L.conv3d)[n - 1]
    y = of(x, filters, over.steps, over.padding(auto_pad, pads), over.data_format, over.spread)
    return y + channels(c.x(2), n) if c.given(2) else y


def channels(values: Any, n: int) -> Any:
    """One value for each channel, in a shape that goes with (batch, channels, space)."""
    return L.reshape(values, [-1] + [1] * n)


@means("ConvTranspose")
def conv_transpose(c: Call, auto_pad: str = "NOTSET", dilations: Any = None, group: int = 1, kernel_shape: Any = None,
                   output_padding: Any = None, output_shape: Any = None, pads: Any = None,
                   strides: Any = None) -> Any:
    """As the gradient of a convolution whose result is x, with respect to its input."""
    x, w = c.x(0), c.x(1)
    over = Windows.of(x, w.shape[2:], strides, dilations)
    n, flat, extra = len(over.steps), list(pads or []), list(output_padding or [])
    flat, extra = flat or [0] * (2 * n), extra or [0] * n
    if len(flat) != 2 * n or len(extra) != n or len(output_shape or flat[:n]) not in (n, n + 2):
        raise NotMeant(f"pads={flat}, output_padding={extra}, output_shape={output_shape} are given for {n} axes")
    if None in w.shape or (output_shape is not None and None in x.shape[2:]):
        raise NotMeant("sizes of a transposed convolution are not known")
    spans = [(tap - 1) * spread + 1 for _, tap, _, spread in over.axes]
    if output_shape is not None or auto_pad.startswith("SAME"):
        asked = list(output_shape or [])[-n:] or [None] * n
        for k, (size, _, step, _) in enumerate(over.axes):
            left = spans[k] + extra[k] + (-step if asked[k] is None else (size - 1) * step - asked[k])
            half = max(left // 2 if auto_pad == "SAME_UPPER" else left - left // 2, 0)
            flat[k], flat[n + k] = half, left - half
    ends = [flat[n + k] - extra[k] for k in range(n)]       # what is cut off there; below 0: added
    pairs = [[flat[k], max(ends[k], 0)] for k in range(n)]
    if min(flat[:n]) < 0:
        raise NotMeant("borders of negative width are added in front")
    sizes = sizes_along(x)
    space = [(size - 1) * step + span - sum(pair)
             for size, step, span, pair in zip(sizes[2:], over.steps, spans, pairs, strict=True)]
    like = L.broadcast_to(np.zeros((), x.dtype.numpy), [sizes[0], w.shape[1] * group, *space])
    padding: Pairs = [[0, 0], [0, 0], *pairs] if any(map(any, pairs)) else "VALID"
    y = L.convolution_input_gradient(x, L.transpose(w, [*range(2, n + 2), 1, 0]), like, strides=over.steps,
                                     padding=padding, data_format=over.data_format, dilations=over.spread)
    if min(ends) < 0:
        y = L.pad(y, [[0, 0], [0, 0], *([0, max(-end, 0)] for end in ends)])
    return y + channels(c.x(2), n) if c.given(2) else y


@means("MaxPool")
def max_pool(c: Call, kernel_shape: Sequence[int], auto_pad: str = "NOTSET", ceil_mode: int = 0, dilations: Any = None,
             pads: Any = None, storage_order: int = 0, strides: Any = None) -> Any:
    if c.results > 1 or set(dilations or [1]) != {1}:
        raise NotMeant("max pooling has dilations, or is asked for places")
    over = Windows.of(c.x(0), kernel_shape, strides, None)
    padding = over.padding(auto_pad, pads)
    rests = over.rests(padding) if ceil_mode else []
    if any(rests):
        pairs = [[0, 0]] * (2 + len(rests)) if isinstance(padding, str) else padding
        padding = [*pairs[:2], *([a, b + rest] for (a, b), rest in zip(pairs[2:], rests, strict=True))]
    return L.max_pool(over.x, over.size, over.steps, padding, over.data_format)


@means("AveragePool")
def average_pool(c: Call, kernel_shape: Sequence[int], auto_pad: str = "NOTSET", ceil_mode: int = 0,
                 count_include_pad: int = 0, dilations: Any = None, pads: Any = None, strides: Any = None) -> Any:
    if set(dilations or [1]) != {1}:
        raise NotMeant("average pooling has dilations")
    over = Windows.of(c.x(0), kernel_shape, strides, None)
    x, padding = over.x, over.padding(auto_pad, pads)
    if ceil_mode and any(over.rests(padding)):
        raise NotMeant("ceil_mode adds windows that reach over the border")
    if count_include_pad and padding == "SAME":
        raise NotMeant("average pooling counts what SAME_UPPER adds")
    if count_include_pad and not isinstance(padding, str):
        x, padding = L.pad(x, padding), "VALID"
    return L.avg_pool(x, over.size, over.steps, padding, over.data_format)


@means("GlobalAveragePool")
def global_average_pool(c: Call) -> Any:
    x = c.x(0)
    return L.reduce_mean(x, list(range(2, rank_of(x, "the mean"))), True)


@means("GlobalMaxPool")
def global_max_pool(c: Call) -> Any:
    x = c.x(0)
    return L.reduce_max(x, list(range(2, rank_of(x, "the largest"))), True)


# -------------------------------------------------------------------- normalization

@means("BatchNormalization")
def batch_normalization(c: Call, epsilon: float = 1e-5, momentum: float = 0.9, training_mode: int = 0,
                        spatial: int = 1) -> Any:
    """As in inference: with the mean and the variance that are given."""
    if training_mode or c.results > 1:
        raise NotMeant("batch normalization in training")
    x, scale, bias, mean, variance = c.xs
    n = rank_of(x, "the normalization") - 2
    scale, bias, mean, variance = (channels(v, n) for v in (scale, bias, mean, variance))
    return (x - mean) * (scale * L.rsqrt(variance + epsilon)) + bias


def normalized(x: Any, axes: list[int], epsilon: float) -> tuple[Any, Any, Any]:
    """The result, the mean, and one over the deviation."""
    mean = L.reduce_mean(x, axes, True)
    scale = L.rsqrt(L.reduce_mean(L.square(x - mean), axes, True) + epsilon)
    return (x - mean) * scale, mean, scale


@means("InstanceNormalization")
def instance_normalization(c: Call, epsilon: float = 1e-5) -> Any:
    x = c.x(0)
    rank = rank_of(x, "the normalization")
    y, _, _ = normalized(x, list(range(2, rank)), epsilon)
    return y * channels(c.x(1), rank - 2) + channels(c.x(2), rank - 2)


@means("LayerNormalization")
def layer_normalization(c: Call, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1) -> Any:
    x = c.x(0)
    rank = rank_of(x, "the normalization")
    y, mean, scale = normalized(x, list(range(normal_axis(axis, rank), rank)), epsilon)
    y = y * c.x(1)
    return (y + c.x(2) if c.given(2) else y), mean, scale


@means("RMSNormalization")
def rms_normalization(c: Call, axis: int = -1, epsilon: float = 1e-5, stash_type: int = 1) -> Any:
    x = c.x(0)
    rank = rank_of(x, "the normalization")
    return x * L.rsqrt(L.reduce_mean(L.square(x), list(range(normal_axis(axis, rank), rank)), True) + epsilon) * c.x(1)


@means("GroupNormalization")
def group_normalization(c: Call, num_groups: int, epsilon: float = 1e-5, stash_type: int = 1) -> Any:
    """Scale and bias are one number a channel, before version 21 one a group."""
    x = c.x(0)
    rank = rank_of(x, "the normalization")
    if None in x.shape[1:]:
        raise NotMeant("groups of channels of unknown sizes are normalized")
    parts = L.reshape(x, [-1, num_groups, x.shape[1] // num_groups, *x.shape[2:]])
    y, _, _ = normalized(parts, list(range(2, rank + 1)), epsilon)
    if c.version < 21:
        return L.reshape(y * channels(c.x(1), rank - 1) + channels(c.x(2), rank - 1), [-1, *x.shape[1:]])
    return L.reshape(y, [-1, *x.shape[1:]]) * channels(c.x(1), rank - 2) + channels(c.x(2), rank - 2)


@means("MeanVarianceNormalization")
def mean_variance_normalization(c: Call, axes: Sequence[int] = (0, 2, 3)) -> Any:
    return normalized(c.x(0), list(axes), 1e-9)[0]


@means("LpNormalization")
def lp_normalization(c: Call, axis: int = -1, p: int = 2) -> Any:
    x = c.x(0)
    norm = L.sqrt(L.reduce_sum(L.square(x), [axis], True)) if p == 2 else L.reduce_sum(L.abs(x), [axis], True)
    return L.divide_no_nan(x, norm)


# -------------------------------------------------------------------- pictures

CENTERS = ("half_pixel", "pytorch_half_pixel")


@means("Resize")
def resize(c: Call, mode: str = "nearest", coordinate_transformation_mode: str = "half_pixel",
           nearest_mode: str = "round_prefer_floor", antialias: int = 0, axes: Any = None, cubic_coeff_a: float = -0.75,
           exclude_outside: int = 0, extrapolation_value: float = 0.0,
           keep_aspect_ratio_policy: str = "stretch") -> Any:
    """Height and width of pictures: bilinear between the centers of pixels, or nearest by a whole factor."""
    x = c.x(0)
    if rank_of(x, "the resizing") != 4 or axes is not None or antialias or c.version < 11 \
            or keep_aspect_ratio_policy != "stretch":
        raise NotMeant("what is resized is no batch of pictures, or in another way than to a size or by factors")
    before = x.shape[2:]
    if None in before:
        raise NotMeant("pictures of unknown size are resized")
    if c.given(3):
        sizes = c.known(3)
        if sizes is None or sizes.reshape(-1)[-2:].tolist().count(None):
            raise NotMeant("the new size is computed, but has to be a constant")
        after = [int(n) for n in sizes[2:]]
    else:
        factors = c.known(2)
        if factors is None or factors.dtype == object or factors.size != 4 or (factors[:2] != 1).any():
            raise NotMeant("the factors are computed, or channels are resized")
        after = [math.floor(n * float(f)) for n, f in zip(before, factors[2:], strict=True)]
        if any(n * float(f) != m for n, f, m in zip(before, factors[2:], after, strict=True)):
            raise NotMeant("the new size is no whole number")
    is_whole = all(m % n == 0 for n, m in zip(before, after, strict=True))
    floors = (coordinate_transformation_mode, nearest_mode) in (
        ("asymmetric", "floor"), ("half_pixel", "round_prefer_floor"), ("half_pixel", "round_prefer_ceil"))
    if mode == "nearest" and not (is_whole and floors):
        raise NotMeant(f"nearest pixels by a factor that is not whole, or by {coordinate_transformation_mode}, "
                       f"{nearest_mode}")
    if mode != "nearest" and (mode != "linear" or coordinate_transformation_mode not in CENTERS or 1 in after):
        raise NotMeant(f"new pixels are made by {mode}, {coordinate_transformation_mode}")
    pictures = L.transpose(x, (0, 2, 3, 1))
    made = L.resize(pictures, after, "nearest" if mode == "nearest" else "bilinear")
    return L.transpose(made, (0, 3, 1, 2))


@means("LRN")
def local_response_normalization(c: Call, size: int, alpha: float = 1e-4, beta: float = 0.75, bias: float = 1.0) -> Any:
    if size % 2 == 0:
        raise NotMeant("the neighborhood has an even number of channels")
    x = L.transpose(c.x(0), (0, 2, 3, 1))
    y = L.local_response_normalization(x, size // 2, bias, alpha / size, beta)
    return L.transpose(y, (0, 3, 1, 2))
