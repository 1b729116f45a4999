"""Functions of signals along the last axis: frames, windows, cosine and Fourier transforms, and features of speech.

Windows and cosine transforms of a known length are constants and products with them. A spectrum is a pair of tensors,
real and imaginary parts; TensorFlow's functions that give complex numbers are left out.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import dtypes
from ..dtypes import as_dtype
from ..errors import AttributeValueError, ShapeError
from ..ir.node import Tensor
from ..ops.indexing import as_size, numbers_in
from ..ops.language import L
from ..ops.rules import as_int, normal_axis
from .build import constant, convert_to_tensor

Array = np.ndarray[Any, Any]


def _length(x: Any, axis: int, function: str) -> int:
    size = x.shape[axis] if x.shape.rank is not None else None
    if not isinstance(size, int):
        raise ShapeError(f"the size of axis {axis} of {x.shape} has to be known", op=f"signal.{function}")
    return size


# -------------------------------------------------------------------- frames

def frame(
    signal: Any, frame_length: int, frame_step: int, pad_end: bool = False, pad_value: Any = 0, axis: int = -1,
    name: str | None = None,
) -> Any:
    """Pieces of a signal that overlap, along a new axis.

    Parameters
    ----------
    frame_length : elements of a piece
    frame_step : elements from the beginning of one piece to that of the next
    pad_end : whether pieces that begin in the signal and reach over its end count, filled with `pad_value`

    Shapes
    ------
    signal : (..., elements, ...)
    result : (..., pieces, frame_length, ...)
    """
    x = convert_to_tensor(signal)
    at = normal_axis(axis, x.rank)
    size, length, step = x.shape[at], as_size(frame_length), as_size(frame_step)
    if size is None or isinstance(length, Tensor) or isinstance(step, Tensor):
        return L.identity(_frames_at_run_time(x, length, step, pad_value if pad_end else None, at), name=name)
    length, step = as_int(length), _step(step, "frame")
    count = -(-size // step) if pad_end else max((size - length) // step + 1, 0)
    missing = max((count - 1) * step + length - size, 0) if pad_end else 0
    if missing:
        around = [[0, missing if k == at else 0] for k in range(x.rank)]
        x = L.pad(x, around, "CONSTANT", pad_value)
    places = np.arange(count)[:, None] * step + np.arange(length)
    return L.gather(x, places.astype(np.int32), None, at, name=name)


def _frames_at_run_time(x: Any, length: Any, step: Any, pad_value: Any, axis: int) -> Any:
    """Pieces of which how many there are, or how long they are, is known when the program runs."""
    size, length, step = (L.cast(n, dtypes.int64) for n in (L.shape_of(x)[axis], length, step))
    step = L.checked(step, step < 1, "frame_step is not 1 or more", "signal.frame")
    zero, one = L.cast(0, dtypes.int64), L.cast(1, dtypes.int64)
    begins = L.range(zero, size if pad_value is not None else L.maximum(size - length + 1, 0), step)
    places = L.expand_dims(begins, 1) + L.range(zero, length, one)
    found = L.gather(x, L.minimum(places, size - 1), None, axis)
    if pad_value is None:
        return found
    is_inside = places < size
    for _ in range(x.rank - 1 - axis):
        is_inside = L.expand_dims(is_inside, -1)
    return L.where(is_inside, found, L.cast(pad_value, x.dtype))


def _step(given: Any, what: str) -> int:
    step = as_int(given)
    if step < 1:
        raise AttributeValueError(f"frame_step={step}; it takes a whole number from 1 on", op=f"signal.{what}")
    return step


def overlap_and_add(signal: Any, frame_step: int, name: str | None = None) -> Any:
    """The signal of pieces that overlap, which are added: `frame` backwards.

    Shapes
    ------
    signal : (..., pieces, frame_length)
    result : (..., elements)
    """
    x, step = convert_to_tensor(signal), as_size(frame_step)
    count, length = x.shape[-2], x.shape[-1]
    if count is None or length is None or isinstance(step, Tensor):
        return L.identity(_added_at_run_time(x, step), name=name)
    step = _step(step, "overlap_and_add")
    size = (count - 1) * step + length if count else 0
    if not length:                          # nothing but the distances
        return L.pad(L.reduce_sum(x, -2), [[0, 0]] * (x.rank - 2) + [[0, size]], name=name)
    parts = []
    for begin in range(0, length, step):                # columns that do not overlap
        width = min(step, length - begin)
        row = L.pad(x[..., begin:begin + width], [[0, 0]] * (x.rank - 1) + [[0, step - width]])
        line = L.reshape(row, (*x.shape[:-2], count * step))
        after = size - begin - count * step
        line = L.pad(line, [[0, 0]] * (x.rank - 2) + [[begin, max(after, 0)]])
        parts.append(line[..., :size])
    return L.add_n(parts, name=name)


def _added_at_run_time(x: Any, step: Any) -> Any:
    """Pieces added where how many there are, or how long they are, is known when the program runs."""
    step = L.cast(step, dtypes.int64)
    step = L.checked(step, step < 1, "frame_step is not 1 or more", "signal.overlap_and_add")
    count, length = (L.cast(L.shape_of(x)[k], dtypes.int64) for k in (-2, -1))
    zero, one = L.cast(0, dtypes.int64), L.cast(1, dtypes.int64)
    places = L.expand_dims(L.range(zero, count, one) * step, 1) + L.range(zero, length, one)
    size = L.where(count > 0, (count - 1) * step + length, 0)
    last = range(x.rank - 2)
    pieces_first = L.transpose(x, (x.rank - 2, x.rank - 1, *last))
    return L.transpose(L.unsorted_segment_sum(pieces_first, places, size), (*(k + 1 for k in last), 0))


# -------------------------------------------------------------------- windows

def _window(values: Array, dtype: Any, name: str | None, default: str) -> Any:
    kind = as_dtype(dtype)
    if not kind.is_floating:
        raise AttributeValueError(f"dtype={kind.name}; a window is of fractions", op=f"signal.{default}")
    return constant(values.astype(kind.numpy), name=name or default)


def _cosines(length: Any, periodic: bool, constant_part: float) -> Array:
    n = as_int(length)
    if n == 1:
        return np.ones(1)
    around = n if periodic and n % 2 == 0 else n - 1        # as TensorFlow has it for odd lengths
    return constant_part - (1 - constant_part) * np.cos(2 * np.pi * np.arange(n) / max(around, 1))


def hann_window(window_length: int, periodic: bool = True, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """``0.5 - 0.5 cos(2 pi n / N)``; N is the length if that is even and the window periodic, else one less."""
    return _window(_cosines(window_length, periodic, 0.5), dtype, name, "hann_window")


def hamming_window(
    window_length: int, periodic: bool = True, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """``0.54 - 0.46 cos(2 pi n / N)``; N is the length if that is even and the window periodic, else one less."""
    return _window(_cosines(window_length, periodic, 0.54), dtype, name, "hamming_window")


def kaiser_window(window_length: int, beta: float = 12.0, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """Kaiser's window: Bessel's I0 of beta times a half circle, divided by I0(beta)."""
    return _window(np.kaiser(as_int(window_length), float(beta)), dtype, name, "kaiser_window")


def kaiser_bessel_derived_window(
    window_length: int, beta: float = 12.0, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """The root of the running sum of Kaiser's window, and its mirror image: squares of halves add up to 1."""
    sums = np.cumsum(np.kaiser(as_int(window_length) // 2 + 1, float(beta)))
    half = np.sqrt(sums[:-1] / sums[-1])
    return _window(np.concatenate([half, half[::-1]]), dtype, name, "kaiser_bessel_derived_window")


def vorbis_window(window_length: int, dtype: Any = dtypes.float32, name: str | None = None) -> Any:
    """``sin(pi / 2 sin^2(pi (n + 1/2) / N))``."""
    n = as_int(window_length)
    return _window(np.sin(np.pi / 2 * np.sin(np.pi * (np.arange(n) + 0.5) / max(n, 1)) ** 2), dtype, name,
                   "vorbis_window")


def inverse_stft_window_fn(
    frame_step: int, forward_window_fn: Callable[..., Any] = hann_window, name: str | None = None
) -> Callable[..., Any]:
    """The function that makes the windows to add frames with, which were made with a window themselves.

    Parameters
    ----------
    frame_step : elements from the beginning of one frame to that of the next
    forward_window_fn : gives the window of a length and ``dtype=``

    References
    ----------
    Griffin and Lim (1984), "Signal estimation from modified short-time Fourier transform", equation 7.
    """
    step = _step(frame_step, "inverse_stft_window_fn")

    def inverse_window(frame_length: int, dtype: Any) -> Any:
        length = as_int(frame_length)
        window = convert_to_tensor(forward_window_fn(length, dtype=dtype))
        count = -(-length // step)
        squares = L.reshape(L.pad(L.square(window), [[0, count * step - length]]), (count, step))
        total = L.reshape(L.tile(L.reduce_sum(squares, 0, True), (count, 1)), (-1,))[:length]
        return L.divide_no_nan(window, total, name=name)

    return inverse_window


# -------------------------------------------------------------------- Fourier transforms

def fftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """The middle of axes, all of them if None, rolled to where they begin: the frequency 0 of a spectrum to its middle.
    """
    return _rolled(x, axes, lambda size: size // 2, "fftshift", name)


def ifftshift(x: Any, axes: Any = None, name: str | None = None) -> Any:
    """`fftshift` backwards; they differ where a size is odd."""
    return _rolled(x, axes, lambda size: -(size // 2), "ifftshift", name)


def _rolled(x: Any, axes: Any, shift: Callable[[int], int], function: str, name: str | None) -> Any:
    found = convert_to_tensor(x)
    chosen = range(found.rank) if axes is None else [as_int(k) for k in np.atleast_1d(axes)]
    places = [normal_axis(k, found.rank) for k in chosen]
    return L.roll(found, [shift(_length(found, k, function)) for k in places], places, name=name)


def real_fourier(x: Any, fft_length: int | None) -> tuple[Any, Any]:
    """Real and imaginary parts of the first half of the Fourier transforms of real numbers.

    Shapes
    ------
    x : (..., n)
    results : (..., length // 2 + 1), of the length given, or n
    """
    length = numbers_in(L.shape_of(x))[-1] if fft_length is None else as_int(fft_length)
    x = x if fft_length is None else _fitted(x, length)
    return tuple(part[..., :length // 2 + 1] for part in L.fourier(x, L.zeros_like(x)))  # type: ignore[return-value]


def inverse_real_fourier(real: Any, imag: Any, fft_length: int | None) -> Any:
    """The real numbers whose transforms begin with these parts.

    Shapes
    ------
    real, imag : (..., n)
    result : (..., length), of the length given, or 2 (n - 1)
    """
    # Of the second half, which is the conjugate of the first in reverse, only the sum with the first one is real.
    size = numbers_in(L.shape_of(real))[-1]
    if fft_length is None and isinstance(size, Tensor):
        length, k = 2 * (size - 1), L.range(0, size, 1)
        share = L.where(L.logical_or(L.equal(k, 0), L.equal(k, size - 1)), 1.0, 2.0)
        weights = L.cast(share, real.dtype) / L.cast(length, real.dtype)
        return L.fourier(*(_fitted(part * factor, length) for part, factor in ((real, weights), (imag, -weights))))[0]
    length = 2 * (size - 1) if fft_length is None else as_int(fft_length)
    often = np.full(length // 2 + 1, 2.0)
    often[0] = 1
    if length % 2 == 0:
        often[-1] = 1
    weights = (often / max(length, 1)).astype(real.dtype.numpy)
    first, second = (_fitted(_fitted(part, often.size) * factor, length)
                     for part, factor in ((real, weights), (imag, -weights)))
    return L.fourier(first, second)[0]


def _fitted(x: Any, size: Any) -> Any:
    """The last axis cut off, or followed by zeros, so that it has this size."""
    whole = x.shape[-1]
    if not isinstance(whole, int):
        x, missing = x[..., :size], L.maximum(size - L.shape_of(x)[-1], 0)
        x = L.pad(x, [[0, 0]] * (x.rank - 1) + [[0, missing]])
        return L.expect_size(x, -1, size) if isinstance(size, int) else x
    missing = size - whole
    if missing <= 0:
        return x[..., :size] if missing else x
    return L.pad(x, [[0, 0]] * (x.rank - 1) + [[0, missing]])


# -------------------------------------------------------------------- cosine transforms

def _cosine_matrix(n: int, type: int, norm: str | None) -> Array:
    """What an input of n elements is multiplied with, as scipy.fft.dct defines it: (n, n)."""
    k, j = np.arange(n)[None, :], np.arange(n)[:, None]
    match type:
        case 1:
            found = 2 * np.cos(np.pi * k * j / (n - 1))
            found[[0, -1]] /= 2
        case 2:
            found = 2 * np.cos(np.pi * k * (2 * j + 1) / (2 * n))
        case 3:
            found = 2 * np.cos(np.pi * (2 * k + 1) * j / (2 * n))
            found[0] /= 2
        case _:
            found = 2 * np.cos(np.pi * (2 * k + 1) * (2 * j + 1) / (4 * n))
    if norm == "ortho":
        found *= np.sqrt(1 / (2 * n))
        if type == 2:
            found[:, 0] /= np.sqrt(2)
        elif type == 3:
            found[0] *= np.sqrt(2)
    return found


def dct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Any:
    """Cosine transforms of type 1, 2, 3 or 4 along the last axis.

    Parameters
    ----------
    n : length; longer signals are cut off, shorter ones are followed by zeros
    norm : None or "ortho"

    Raises
    ------
    AttributeValueError for another type, norm or axis, and for type 1 with "ortho" or less than two elements.

    References
    ----------
    Ahmed, Natarajan and Rao (1974), "Discrete cosine transform".
    """
    if axis != -1:
        raise AttributeValueError(f"axis={axis}; it takes -1", op="signal.dct")
    if type not in (1, 2, 3, 4) or norm not in (None, "ortho") or (type == 1 and norm == "ortho"):
        raise AttributeValueError(
            f"type={type}, norm={norm!r}; it takes 1, 2, 3 or 4, and None or 'ortho' (not with 1)", op="signal.dct")
    x = convert_to_tensor(input)
    size = _length(x, -1, "dct")
    wanted = size if n is None else as_int(n)
    if wanted < (2 if type == 1 else 1):
        raise AttributeValueError(f"{wanted} elements are too few for type {type}", op="signal.dct")
    return L.tensordot(_fitted(x, wanted), _cosine_matrix(wanted, type, norm).astype(x.dtype.numpy), 1, name=name)


def idct(
    input: Any, type: int = 2, n: int | None = None, axis: int = -1, norm: str | None = None, name: str | None = None
) -> Any:
    """The cosine transform that undoes `dct` of this type, up to a factor of twice the length without "ortho"."""
    if n is not None:
        raise AttributeValueError(f"n={n}; it takes None", op="signal.idct")
    return dct(input, {1: 1, 2: 3, 3: 2, 4: 4}.get(type, type), None, axis, norm, name)


def mdct(
    signals: Any, frame_length: int, window_fn: Callable[..., Any] | None = vorbis_window, pad_end: bool = False,
    norm: str | None = None, name: str | None = None,
) -> Any:
    """Modified cosine transforms of frames that overlap by half.

    Parameters
    ----------
    frame_length : elements of a frame, a multiple of 4
    window_fn : gives the window of a length and ``dtype=``; None for 1 / sqrt(2)
    pad_end : whether frames that reach over the end count, filled with zeros
    norm : None or "ortho"

    Shapes
    ------
    signals : (..., elements)
    result : (..., frames, frame_length // 2)

    References
    ----------
    Princen, Johnson and Bradley (1987), "Subband/transform coding using filter bank designs based on time domain
    aliasing cancellation".
    """
    length = as_int(frame_length)
    if length % 4 or length < 1:
        raise AttributeValueError(f"frame_length={length}; it takes a multiple of 4", op="signal.mdct")
    x = frame(signals, length, length // 2, pad_end)
    x = x * (1 / np.sqrt(2) if window_fn is None else window_fn(length, dtype=x.dtype))
    a, b, c, d = (x[..., k * length // 4:(k + 1) * length // 4] for k in range(4))
    folded = L.concat([-L.reverse(c, [-1]) - d, a - L.reverse(b, [-1])], -1)
    return dct(folded, 4, norm=norm, name=name)


def inverse_mdct(
    mdcts: Any, window_fn: Callable[..., Any] | None = vorbis_window, norm: str | None = None, name: str | None = None
) -> Any:
    """The signals of `mdct`, with the same window and norm.

    Shapes
    ------
    mdcts : (..., frames, n)
    result : (..., (frames + 1) n)
    """
    x = convert_to_tensor(mdcts)
    half = _length(x, -1, "inverse_mdct")
    x = dct(x, 4, norm=norm) * (1.0 if norm == "ortho" else 0.5 / half)
    first, second = x[..., :half // 2], x[..., half // 2:]
    x = L.concat([second, -L.reverse(second, [-1]), -L.reverse(first, [-1]), -first], -1)
    x = x * (1 / np.sqrt(2) if window_fn is None else window_fn(2 * half, dtype=x.dtype))
    return overlap_and_add(x, half, name)


# -------------------------------------------------------------------- speech

def linear_to_mel_weight_matrix(
    num_mel_bins: int = 20, num_spectrogram_bins: int = 129, sample_rate: float = 8000,
    lower_edge_hertz: float = 125.0, upper_edge_hertz: float = 3800.0, dtype: Any = dtypes.float32,
    name: str | None = None,
) -> Any:
    """Weights that make a mel spectrogram of a linear one by ``matmul(spectrogram, weights)``.

    Parameters
    ----------
    sample_rate : samples per second
    lower_edge_hertz, upper_edge_hertz : least and largest frequency, hertz

    Shapes
    ------
    result : (num_spectrogram_bins, num_mel_bins): triangles that overlap, equally wide in mels

    References
    ----------
    Young et al. (2006), "The HTK Book", section 5.4, for 1127 log(1 + f / 700).
    """
    if not 0 <= lower_edge_hertz < upper_edge_hertz <= sample_rate / 2:
        raise AttributeValueError(
            f"frequencies from {lower_edge_hertz} to {upper_edge_hertz} at {sample_rate} samples per second; they are "
            f"in [0, {sample_rate / 2}]", op="signal.linear_to_mel_weight_matrix")

    weights = mel_weights(as_int(num_mel_bins), as_int(num_spectrogram_bins), sample_rate, lower_edge_hertz,
                          upper_edge_hertz)
    return _window(weights, dtype, name, "linear_to_mel_weight_matrix")


def mel_weights(bins: int, frequencies: int, sample_rate: float, least: float, largest: float) -> Array:
    """The numbers of `linear_to_mel_weight_matrix`, for any frequencies."""
    def mels(hertz: Any) -> Any:
        return 1127 * np.log(1 + np.asarray(hertz) / 700)

    places = mels(np.linspace(0, sample_rate / 2, frequencies)[1:])[:, None]
    edges = np.linspace(mels(least), mels(largest), bins + 2)
    rise = (places - edges[:-2]) / (edges[1:-1] - edges[:-2])
    fall = (edges[2:] - places) / (edges[2:] - edges[1:-1])
    return np.pad(np.maximum(np.minimum(rise, fall), 0), [(1, 0), (0, 0)])


def mfccs_from_log_mel_spectrograms(log_mel_spectrograms: Any, name: str | None = None) -> Any:
    """Mel-frequency cepstral coefficients: the cosine transform of the logarithms, divided by sqrt(2 n)."""
    x = convert_to_tensor(log_mel_spectrograms)
    return L.multiply(dct(x), 1 / np.sqrt(2 * _length(x, -1, "mfccs_from_log_mel_spectrograms")), name=name)


FUNCTIONS: dict[str, Callable[..., Any]] = {f.__name__: f for f in (
    dct, fftshift, frame, hamming_window, hann_window, idct, ifftshift, inverse_mdct, inverse_stft_window_fn,
    kaiser_bessel_derived_window, kaiser_window, linear_to_mel_weight_matrix, mdct, mfccs_from_log_mel_spectrograms,
    overlap_and_add, vorbis_window,
)}
