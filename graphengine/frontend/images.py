"""Functions of images, (height, width, channels) or a batch of them, that are made of other ops."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from .. import dtypes
from ..errors import AttributeValueError, ShapeError
from ..ir.node import Tensor
from ..ops.images import Resize
from ..ops.indexing import as_size, numbers_in
from ..ops.language import L
from .build import convert_to_tensor

# Rows are red, green and blue, columns what they become: ITU-R BT.470, as TensorFlow rounds it.
TO_YIQ = ((0.299, 0.59590059, 0.2115), (0.587, -0.27455667, -0.52273617), (0.114, -0.32134392, 0.31119955))
FROM_YIQ = ((1.0, 1.0, 1.0), (0.95598634, -0.27201283, -1.10674021), (0.6208248, -0.64720424, 1.70423049))
TO_YUV = ((0.299, -0.14714119, 0.61497538), (0.587, -0.28886916, -0.51496512), (0.114, 0.43601035, -0.10001026))
FROM_YUV = ((1.0, 1.0, 1.0), (0.0, -0.394642334, 2.03206185), (1.13988303, -0.58062185, 0.0))
MSSSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def images_of(image: Any, function: str) -> Any:
    """The tensor of images.

    Raises
    ------
    ShapeError unless it has 3 or 4 axes.
    """
    x = convert_to_tensor(image)
    if x.shape.rank not in (3, 4):
        raise ShapeError(f"shape {x.shape} is not that of images; they are (height, width, channels), or a batch of "
                         "them", op=f"image.{function}")
    return x


def _sizes(x: Any, function: str) -> tuple[int, int]:
    """Height and width, which have to be known."""
    height, width = x.shape[-3], x.shape[-2]
    if not isinstance(height, int) or not isinstance(width, int):
        raise ShapeError(f"the height and the width of {x.shape} have to be known", op=f"image.{function}")
    return height, width


def check_number(value: Any, name: str, function: str) -> None:
    """AttributeValueError unless it is a single number."""
    array = np.asarray(value)
    if array.ndim or array.dtype.kind not in "iuf":
        raise AttributeValueError(f"{name}={value!r}; it takes a number", op=f"image.{function}")


def in_fractions(image: Any, change: Callable[[Any], Any]) -> Any:
    """A change of images as fractions of the brightest, whatever their dtype."""
    x = convert_to_tensor(image)
    if x.dtype.is_floating:
        return change(x)
    return L.convert_image_dtype(change(L.convert_image_dtype(x, dtypes.float32)), x.dtype, True)


# -------------------------------------------------------------------- parts and borders

def crop_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    """The part of images that begins at a row and a column.

    Raises
    ------
    ShapeError if the part reaches over the border, when run where the image's size is not known.
    """
    x = images_of(image, "crop_to_bounding_box")
    numbers = [as_size(n) for n in (offset_height, offset_width, target_height, target_width)]
    if any(isinstance(n, Tensor) for n in numbers):
        first = [0] * (x.shape.rank - 3)
        return L.slice(x, [*first, *numbers[:2], 0], [*[-1] * len(first), *numbers[2:], -1])
    offset_height, offset_width, target_height, target_width = numbers
    for label, size, begin, wanted in (("height", x.shape[-3], offset_height, target_height),
                                       ("width", x.shape[-2], offset_width, target_width)):
        if begin < 0 or wanted <= 0 or (isinstance(size, int) and begin + wanted > size):
            raise ShapeError(f"{wanted} from {begin} on of a {label} of {size}", op="image.crop_to_bounding_box")
    part = x[..., offset_height:offset_height + target_height, offset_width:offset_width + target_width, :]
    return L.expect_size(L.expect_size(part, -3, target_height), -2, target_width)


def pad_to_bounding_box(
    image: Any, offset_height: int, offset_width: int, target_height: int, target_width: int
) -> Any:
    """Images with rows and columns of zeros around them.

    Raises
    ------
    ShapeError if the image does not fit into the target at that place.
    """
    x = images_of(image, "pad_to_bounding_box")
    target_height, target_width = as_size(target_height), as_size(target_width)
    height, width = numbers_in(L.shape_of(x))[-3:-1]
    below, right = as_size(target_height - offset_height - height), as_size(target_width - offset_width - width)
    widths = [as_size(offset_height), as_size(offset_width), below, right]
    if any(isinstance(n, int) and n < 0 for n in widths):
        raise ShapeError(f"an image of {height} by {width} at ({offset_height}, {offset_width}) is larger than "
                         f"{target_height} by {target_width}", op="image.pad_to_bounding_box")
    around = [[widths[0], below], [widths[1], right], [0, 0]]
    found = L.pad(x, [[0, 0]] * (x.shape.rank - 3) + around)
    for axis, size in ((-3, target_height), (-2, target_width)):
        found = found if isinstance(size, Tensor) else L.expect_size(found, axis, size)
    return found


def central_crop(image: Any, central_fraction: float) -> Any:
    """The middle of images, a fraction of their height and width in (0, 1]."""
    check_number(central_fraction, "central_fraction", "central_crop")
    if not 0 < central_fraction <= 1:
        raise AttributeValueError(f"central_fraction={central_fraction} is outside (0, 1]", op="image.central_crop")
    x = images_of(image, "central_crop")
    height, width = numbers_in(L.shape_of(x))[-3:-1]
    top, left = (_margin(n, central_fraction) for n in (height, width))
    return crop_to_bounding_box(x, top, left, height - 2 * top, width - 2 * left)


def _margin(size: Any, fraction: float) -> Any:
    """What lies before the middle fraction of an axis."""
    if isinstance(size, int):
        return int((size - size * fraction) / 2)
    whole = L.cast(size, dtypes.float64)
    return L.cast((whole - whole * fraction) / 2, size.dtype)


def resize(
    images: Any, size: Any, method: str = "bilinear", preserve_aspect_ratio: bool = False, antialias: bool = False,
    name: str | None = None,
) -> Any:
    """Images of another size: in their dtype for "nearest", in float32 for all other methods.

    Parameters
    ----------
    size : height and width of the result, pixels
    method : a member of `ResizeMethod`; what each does is said by the op `resize`
    preserve_aspect_ratio : whether to take the largest size that fits into `size` without distortion
    antialias : whether to average over what a pixel of a smaller image covers

    Shapes
    ------
    images : (height, width, channels) or (batch, height, width, channels)
    result : the same with `size` for height and width
    """
    x = convert_to_tensor(images)
    if preserve_aspect_ratio:
        height, width = numbers_in(L.shape_of(images_of(x, "resize")))[-3:-1]
        wanted = numbers_in(size)
        if any(isinstance(n, Tensor) for n in (height, width, *wanted)):
            preserve_aspect_ratio, size = False, _fitting(height, width, wanted)
    return L.resize(x if method == "nearest" else L.cast(x, dtypes.float32), size, method, preserve_aspect_ratio,
                    antialias, name=name)


resize.op = Resize  # type: ignore[attr-defined]    # the op that has this public name


def _fitting(height: Any, width: Any, size: Sequence[Any]) -> list[Any]:
    """The largest height and width that fit into a size without distortion, known when the program runs."""
    old, new = ([L.cast(n, dtypes.float32) for n in pair] for pair in ((height, width), size))
    share = L.minimum(*[b / a for a, b in zip(old, new, strict=True)])
    return [L.maximum(L.cast(L.round(share * n), dtypes.int32), 1) for n in old]


def resize_with_crop_or_pad(image: Any, target_height: int, target_width: int) -> Any:
    """Images of another size, without scaling: their middle, or zeros around them."""
    x = images_of(image, "resize_with_crop_or_pad")
    height, width = numbers_in(L.shape_of(x))[-3:-1]
    target_height, target_width = as_size(target_height), as_size(target_width)
    kept = _least(height, target_height), _least(width, target_width)
    middle = crop_to_bounding_box(x, (height - kept[0]) // 2, (width - kept[1]) // 2, *kept)
    return pad_to_bounding_box(middle, (target_height - kept[0]) // 2, (target_width - kept[1]) // 2, target_height,
                               target_width)


def _least(a: Any, b: Any) -> Any:
    return min(a, b) if isinstance(a, int) and isinstance(b, int) else L.minimum(a, b)


def resize_with_pad(
    image: Any, target_height: int, target_width: int, method: str = "bilinear", antialias: bool = False
) -> Any:
    """Images scaled without distortion to fit a size, in the middle of zeros."""
    x = images_of(image, "resize_with_pad")
    height, width = numbers_in(L.shape_of(x))[-3:-1]
    target_height, target_width = as_size(target_height), as_size(target_width)
    sizes = height, width, target_height, target_width
    real: Any = np.float32                  # as TensorFlow computes it, whose rounding decides on rows
    whole: Any = int
    largest: Any = max
    if any(isinstance(n, Tensor) for n in sizes):
        real, whole = partial(L.cast, dtype=dtypes.float32), partial(L.cast, dtype=dtypes.int32)
        largest = L.maximum
    tall, wide, *target = map(real, sizes)
    ratio = largest(tall / target[0], wide / target[1])
    size = [largest(whole(n / ratio), 1) for n in (tall, wide)]
    before = [largest(whole((most - n / ratio) / real(2)), 0) for n, most in zip((tall, wide), target, strict=True)]
    scaled = resize(x, size, method, False, antialias)
    return pad_to_bounding_box(scaled, before[0], before[1], target_height, target_width)


def crop_and_resize(
    image: Any, boxes: Any, box_indices: Any, crop_size: Sequence[int], method: str = "bilinear",
    extrapolation_value: float = 0.0, name: str | None = None,
) -> Any:
    """Parts of images, all brought to one size.

    Parameters
    ----------
    boxes : y1, x1, y2, x2 of each part, from 0 to 1 over the image; outside is `extrapolation_value`
    box_indices : of each part, which image it is of
    method : "bilinear" or "nearest"

    Shapes
    ------
    image : (batch, height, width, channels)
    boxes, box_indices : (n, 4) and (n,)
    result : (n, *crop_size, channels), float32
    """
    if method not in ("bilinear", "nearest"):
        raise AttributeValueError(f"method={method!r}; it takes one of ('bilinear', 'nearest')",
                                  op="image.crop_and_resize")
    x, corners = L.cast(image, dtypes.float32), convert_to_tensor(boxes)
    owners = L.expand_dims(L.cast(box_indices, dtypes.int32), 1)

    def rows(places: Any) -> Any:           # of all images only those
        return L.gather_nd(x, L.stack([owners + L.zeros_like(places), places], -1))

    found, inside = x, None
    for axis in (1, 2):
        low, high, n = corners[:, axis - 1], corners[:, axis + 1], int(crop_size[axis - 1])
        last = L.cast(L.shape_of(x)[axis] - 1, corners.dtype)
        begin = low * last if n > 1 else (low + high) * last * 0.5
        step = (high - low) * last / max(n - 1, 1)
        places = L.expand_dims(begin, 1) + L.expand_dims(step, 1) * np.arange(n, dtype=corners.dtype.numpy)
        fits = L.logical_and(places >= 0, places <= last)
        within = L.clip_by_value(places, L.zeros_like(last), last)
        found = _read(rows if axis == 1 else partial(_columns, found), within, axis, method)
        fits = L.reshape(fits, [-1, *(n if k == axis else 1 for k in (1, 2)), 1])
        inside = fits if inside is None else L.logical_and(inside, fits)
    return L.where(inside, found, np.asarray(extrapolation_value, found.dtype.numpy), name=name)


def _columns(x: Any, places: Any) -> Any:
    return L.gather(x, places, None, 2, 1)


def _read(pick: Callable[[Any], Any], places: Any, axis: int, method: str) -> Any:
    """What each batch element has at its own places along an axis, whole ones or between two."""
    below = L.floor(places)
    if method == "nearest":                 # of two that are equally near the second
        return pick(L.cast(L.where(places - below < 0.5, below, L.ceil(places)), dtypes.int32))
    first, second = (pick(L.cast(p, dtypes.int32)) for p in (below, L.ceil(places)))
    sizes = [-1, *(places.shape[1] if k == axis else 1 for k in (1, 2)), 1]
    share = L.reshape(L.cast(places - below, first.dtype), sizes)
    return first + (second - first) * share


# -------------------------------------------------------------------- turned

def transpose(image: Any, name: str | None = None) -> Any:
    """Images with rows and columns exchanged."""
    x = images_of(image, "transpose")
    return L.transpose(x, [1, 0, 2] if x.shape.rank == 3 else [0, 2, 1, 3], name=name)


def rot90(image: Any, k: int = 1, name: str | None = None) -> Any:
    """Images turned by `k` right angles, counterclockwise."""
    x = images_of(image, "rot90")
    rows, columns = x.shape.rank - 3, x.shape.rank - 2
    match k % 4:
        case 1:
            return L.reverse(transpose(x), [rows], name=name)
        case 2:
            return L.reverse(x, [rows, columns], name=name)
        case 3:
            return transpose(L.reverse(x, [rows]), name)
    return L.identity(x, name=name)


# -------------------------------------------------------------------- colors

def _mixed(images: Any, shares: Any) -> Any:
    x = convert_to_tensor(images)
    return L.tensordot(x, np.asarray(shares, x.dtype.numpy), 1)


def rgb_to_yiq(images: Any) -> Any:
    """Red, green and blue as brightness and two differences of color, Y, I and Q."""
    return _mixed(images, TO_YIQ)


def yiq_to_rgb(images: Any) -> Any:
    """Y, I and Q as red, green and blue."""
    return _mixed(images, FROM_YIQ)


def rgb_to_yuv(images: Any) -> Any:
    """Red, green and blue as brightness and two differences of color, Y, U and V."""
    return _mixed(images, TO_YUV)


def yuv_to_rgb(images: Any) -> Any:
    """Y, U and V as red, green and blue."""
    return _mixed(images, FROM_YUV)


def rgb_to_hsv(images: Any, name: str | None = None) -> Any:
    """Red, green and blue as hue, saturation and value, all in [0, 1].

    References
    ----------
    Smith (1978), "Color gamut transform pairs", the hexcone model.
    """
    x = convert_to_tensor(images)
    red, green, blue = (x[..., k] for k in range(3))
    value = L.reduce_max(x, -1)
    spread = value - L.reduce_min(x, -1)
    step = L.divide_no_nan(L.ones_like(spread), spread * 6)
    hue = L.where(L.equal(red, value), step * (green - blue),
                  L.where(L.equal(green, value), step * (blue - red) + 2 / 6, step * (red - green) + 4 / 6))
    hue = L.where(spread > 0, hue, 0)
    saturation = L.where(value > 0, L.divide_no_nan(spread, value), 0)
    return L.stack([L.where(hue < 0, hue + 1, hue), saturation, value], -1, name=name)


def hsv_to_rgb(images: Any, name: str | None = None) -> Any:
    """Hue, saturation and value as red, green and blue, all in [0, 1]."""
    x = convert_to_tensor(images)
    hue, saturation, value = (x[..., k] for k in range(3))
    turn = hue * 6
    pure = (L.abs(turn - 3) - 1, 2 - L.abs(turn - 2), 2 - L.abs(turn - 4))
    colors = [((L.clip_by_value(c, 0.0, 1.0) - 1) * saturation + 1) * value for c in pure]
    return L.stack(colors, -1, name=name)


def adjust_hue(image: Any, delta: Any, name: str | None = None) -> Any:
    """Images whose hues are turned on by `delta`, of which 1 is once around."""
    def change(x: Any) -> Any:
        hsv = rgb_to_hsv(x)
        hue = L.floormod(hsv[..., :1] + delta, 1.0)
        return hsv_to_rgb(L.concat([hue, hsv[..., 1:]], -1), name)

    return in_fractions(image, change)


def adjust_saturation(image: Any, saturation_factor: Any, name: str | None = None) -> Any:
    """Images whose saturation is multiplied by a factor, up to 1."""
    def change(x: Any) -> Any:
        hsv = rgb_to_hsv(x)
        saturation = L.clip_by_value(hsv[..., 1:2] * saturation_factor, 0.0, 1.0)
        return hsv_to_rgb(L.concat([hsv[..., :1], saturation, hsv[..., 2:]], -1), name)

    return in_fractions(image, change)


def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Any:
    """``gain * image ** gamma``."""
    if isinstance(gamma, (int, float)) and gamma < 0:
        raise AttributeValueError(f"gamma={gamma} is below 0", op="image.adjust_gamma")
    return in_fractions(image, lambda x: L.pow(x, L.cast(gamma, x.dtype)) * L.cast(gain, x.dtype))


# -------------------------------------------------------------------- differences

def image_gradients(image: Any) -> tuple[Any, Any]:
    """Differences to the next row, and to the next column; 0 in the last."""
    x = images_of(image, "image_gradients")
    if x.shape.rank != 4:
        raise ShapeError(f"image has shape {x.shape}; it has four axes", op="image.image_gradients")
    down, right = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]
    return L.pad(down, [[0, 0], [0, 1], [0, 0], [0, 0]]), L.pad(right, [[0, 0], [0, 0], [0, 1], [0, 0]])


def sobel_edges(image: Any) -> Any:
    """Sobel's differences down and to the right, along a new last axis; borders are reflected.

    Shapes
    ------
    image : (batch, height, width, channels)
    result : (batch, height, width, channels, 2)
    """
    x = convert_to_tensor(image)
    down = np.array([[-1, -2, -1], [0, 0, 0], [1, 2, 1]], x.dtype.numpy)
    padded = L.pad(x, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT")
    channels = x.shape[-1]
    found = [L.depthwise_conv2d(padded, np.tile(kernel[:, :, None, None], (1, 1, channels, 1)), [1, 1, 1, 1], "VALID")
             for kernel in (down, down.T)]
    return L.stack(found, -1)


def total_variation(images: Any, name: str | None = None) -> Any:
    """The sum of the absolute differences of neighboring pixels, of each image."""
    x = images_of(images, "total_variation")
    axes = [-3, -2, -1]
    down = L.reduce_sum(L.abs(x[..., 1:, :, :] - x[..., :-1, :, :]), axes)
    right = L.reduce_sum(L.abs(x[..., :, 1:, :] - x[..., :, :-1, :]), axes)
    return L.add(down, right, name=name)


def psnr(a: Any, b: Any, max_val: Any, name: str | None = None) -> Any:
    """Peak signal-to-noise ratio, decibels: 20 log10(max_val) - 10 log10 of the mean squared difference."""
    a, b = (L.cast(x, dtypes.float32) if not x.dtype.is_floating else x for x in map(convert_to_tensor, (a, b)))
    error = L.reduce_mean(L.squared_difference(a, b), [-3, -2, -1])
    decibels = 10 / np.log(10)
    peak = L.log(L.cast(max_val, error.dtype)) * (2 * decibels)
    return L.subtract(peak, L.log(error) * decibels, name=name)


def ssim(
    img1: Any, img2: Any, max_val: Any, filter_size: int = 11, filter_sigma: float = 1.5, k1: float = 0.01,
    k2: float = 0.03, return_index_map: bool = False,
) -> Any:
    """How alike two images are in structure, 1 for equal ones: the mean over the image, or a map.

    Parameters
    ----------
    max_val : difference of the brightest and the darkest value that a pixel may have
    filter_size, filter_sigma : of the Gaussian window, pixels

    Raises
    ------
    ShapeError if the images are smaller than the window.

    References
    ----------
    Wang et al. (2004), "Image quality assessment: from error visibility to structural similarity".
    """
    value, _ = _alike(*_comparable(img1, img2), max_val, filter_size, filter_sigma, k1, k2)
    return L.reduce_mean(value, -1) if return_index_map else L.reduce_mean(value, [-3, -2, -1])


def ssim_multiscale(
    img1: Any, img2: Any, max_val: Any, power_factors: Sequence[float] = MSSSIM_WEIGHTS, filter_size: int = 11,
    filter_sigma: float = 1.5, k1: float = 0.01, k2: float = 0.03,
) -> Any:
    """`ssim` on images that become half as large each time, multiplied with these powers.

    References
    ----------
    Wang, Simoncelli and Bovik (2003), "Multiscale structural similarity for image quality assessment".
    """
    x, y = _comparable(img1, img2)
    factors = []
    for k, power in enumerate(power_factors):
        if k:
            x, y = _halved(x), _halved(y)
        value, structure = _alike(x, y, max_val, filter_size, filter_sigma, k1, k2)
        last = value if k == len(power_factors) - 1 else structure
        factors.append(L.pow(L.relu(L.reduce_mean(last, [-3, -2])), power))
    return L.reduce_mean(L.reduce_prod(L.stack(factors, -1), -1), -1)


def _comparable(first: Any, second: Any) -> tuple[Any, Any]:
    x, y = images_of(first, "ssim"), images_of(second, "ssim")
    return (x, y) if x.dtype.is_floating else (L.cast(x, dtypes.float32), L.cast(y, dtypes.float32))


def _halved(x: Any) -> Any:
    around = [[0, size % 2] for size in _sizes(x, "ssim_multiscale")]
    padded = L.pad(x, [*[[0, 0]] * (x.shape.rank - 3), *around, [0, 0]], "SYMMETRIC")
    batch = padded if x.shape.rank == 4 else L.expand_dims(padded, 0)
    found = L.avg_pool2d(batch, 2, 2, "VALID")
    return found if x.shape.rank == 4 else L.squeeze(found, [0])


def _alike(
    x: Any, y: Any, max_val: Any, size: int, sigma: float, k1: float, k2: float
) -> tuple[Any, Any]:
    """The similarity at each place where the window fits, and its part of contrast and structure."""
    for n in _sizes(x, "ssim"):
        if n < size:
            raise ShapeError(f"{n} pixels and a window of {size}", op="image.ssim", fix=f"filter_size={n} or less")
    places = np.arange(size) - (size - 1) / 2
    window = np.exp(-0.5 / sigma**2 * (places[:, None] ** 2 + places ** 2))
    kernel = np.tile((window / window.sum())[:, :, None, None], (1, 1, x.shape[-1], 1)).astype(x.dtype.numpy)

    def mean(values: Any) -> Any:
        batch = values if values.shape.rank == 4 else L.expand_dims(values, 0)
        found = L.depthwise_conv2d(batch, kernel, [1, 1, 1, 1], "VALID")
        return found if values.shape.rank == 4 else L.squeeze(found, [0])

    c1, c2 = (k1 * max_val) ** 2, (k2 * max_val) ** 2
    product, squares = mean(x) * mean(y) * 2, mean(x) ** 2 + mean(y) ** 2
    luminance = (product + c1) / (squares + c1)
    structure = (mean(x * y) * 2 - product + c2) / (mean(x * x + y * y) - squares + c2)
    return luminance * structure, structure


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    adjust_gamma, adjust_hue, adjust_saturation, central_crop, crop_and_resize, crop_to_bounding_box, hsv_to_rgb,
    image_gradients, pad_to_bounding_box, psnr, resize, resize_with_crop_or_pad, resize_with_pad, rgb_to_hsv,
    rgb_to_yiq, rgb_to_yuv, rot90, sobel_edges, ssim, ssim_multiscale, total_variation, transpose, yiq_to_rgb,
    yuv_to_rgb,
)}
