"""Spectra as Keras has them: pairs of real tensors, the real and the imaginary parts."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import AttributeValueError, DTypeError, ShapeError
from ...frontend import signal
from ...ir.operand import Operand
from ...ops.language import L
from .promotion import tensor

Pair = tuple[Any, Any]


def _parts(x: Any, op: str) -> Pair:
    """Both parts of a spectrum.

    Raises
    ------
    AttributeValueError unless it is a pair; ShapeError if the shapes differ; DTypeError unless it is of fractions.
    """
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise AttributeValueError(f"x={x!r}; it takes a pair, real and imaginary parts", op=op)
    real, imag = (tensor(part) for part in x)
    if real.shape != imag.shape:
        raise ShapeError(f"the two parts have shapes {real.shape} and {imag.shape}", op=op)
    for part in (real, imag):
        if not part.dtype.is_floating:
            raise DTypeError(f"a part is {part.dtype.name}; it takes fractions", op=op, fix="cast(x, 'float32')")
    return real, imag


def fft(x: Sequence[Any]) -> Pair:
    """Fourier transforms along the last axis: X[k] = sum of x[t] exp(-2 pi i k t / n).

    x : real and imaginary parts, of the same shape; so is the result
    """
    return tuple(L.fourier(*_parts(x, "fft")))  # type: ignore[return-value]


def fft2(x: Sequence[Any]) -> Pair:
    """Fourier transforms along the last two axes, as `fft`."""
    return tuple(L.fourier(*_parts(x, "fft2"), 2))  # type: ignore[return-value]


def ifft2(x: Sequence[Any]) -> Pair:
    """What `fft2` gives the spectra `x` for."""
    real, imag = _parts(x, "ifft2")
    found, negated = L.fourier(real, -imag, 2)
    count = L.cast(L.count_along(real, [-2, -1]), real.dtype)
    return found / count, -negated / count


def rfft(x: Any, fft_length: int | None = None) -> Pair:
    """Fourier transforms of real numbers along the last axis: the first half, which tells the other.

    fft_length : length; longer rows are cut off, shorter ones are followed by zeros; the size of the axis if None

    Shapes
    ------
    x : (..., n)
    results : (..., fft_length // 2 + 1)

    Notes
    -----
    Arrays of float64 are taken as float32, as in Keras; tensors keep their dtype.
    """
    x = x if isinstance(x, Operand) else L.cast(x, "float32")
    return signal.real_fourier(tensor(x), fft_length)


def irfft(x: Sequence[Any], fft_length: int | None = None) -> Any:
    """The real numbers that `rfft` gives the spectra `x` for.

    Shapes
    ------
    x : twice (..., n)
    result : (..., fft_length), 2 (n - 1) if it is None
    """
    return signal.inverse_real_fourier(*_parts(x, "irfft"), fft_length)


def _window(window: Any, sequence_length: int, fft_length: int, dtype: Any, op: str) -> Any:
    """The window of a name, or given as numbers, with zeros on both sides; None for none."""
    if window is None:
        return None
    if isinstance(window, str):
        if window not in ("hann", "hamming"):
            raise AttributeValueError(f"window={window!r}; it takes 'hann', 'hamming', numbers or None", op=op)
        found = getattr(signal, f"{window}_window")(sequence_length, dtype=dtype)
    else:
        found = tensor(window, dtype)
    if tuple(found.shape) != (sequence_length,):
        raise ShapeError(f"window has shape {found.shape}; it is ({sequence_length},), as sequence_length is", op=op)
    left = (fft_length - sequence_length) // 2
    return L.pad(found, [[left, fft_length - sequence_length - left]])


def _refuse_short(fft_length: int, sequence_length: int, op: str) -> None:
    if fft_length < sequence_length:
        raise AttributeValueError(f"fft_length={fft_length} is less than sequence_length={sequence_length}", op=op)


def stft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True
) -> Pair:
    """Spectra of pieces of a signal that overlap.

    Parameters
    ----------
    sequence_length, sequence_stride : elements of a piece, and from the beginning of one piece to that of the next
    fft_length : elements of a piece with zeros around, at least `sequence_length`
    window : "hann", "hamming", numbers that a piece is multiplied with, or None
    center : whether pieces are around their place, the signal mirrored at its ends, rather than behind it

    Shapes
    ------
    x : (..., elements), float32 or float64
    results : (..., pieces, fft_length // 2 + 1)
    """
    found = tensor(x)
    if found.dtype.name not in ("float32", "float64"):
        raise DTypeError(f"x is {found.dtype.name}; it takes float32 or float64", op="stft", fix="cast(x, 'float32')")
    _refuse_short(fft_length, sequence_length, "stft")
    factors = _window(window, sequence_length, fft_length, found.dtype, "stft")
    if center:
        around = (fft_length // 2, fft_length // 2)
        found = L.pad(found, [[0, 0]] * (found.rank - 1) + [around], "REFLECT")
    pieces = signal.frame(found, fft_length, sequence_stride)
    return signal.real_fourier(pieces if factors is None else pieces * factors, None)


def istft(
    x: Sequence[Any], sequence_length: int, sequence_stride: int, fft_length: int, length: int | None = None,
    window: Any = "hann", center: bool = True,
) -> Any:
    """The signal that `stft` with the same arguments gives the spectra `x` for.

    length : elements of the result; as many as the pieces cover, without their margins if `center`, if None

    Raises
    ------
    AttributeValueError if `fft_length` is less than `sequence_length`, or for another window.

    Shapes
    ------
    x : twice (..., pieces, fft_length // 2 + 1)
    result : (..., elements)

    References
    ----------
    Griffin and Lim (1984), "Signal estimation from modified short-time Fourier transform", equation 7.
    """
    real, imag = _parts(x, "istft")
    _refuse_short(fft_length, sequence_length, "istft")
    pieces = signal.inverse_real_fourier(real, imag, fft_length)
    factors = _window(window, sequence_length, fft_length, real.dtype, "istft")
    if factors is not None:
        make = signal.inverse_stft_window_fn(sequence_stride, lambda *_, **__: factors)
        pieces = pieces * make(fft_length, dtype=real.dtype)
    whole = signal.overlap_and_add(pieces, sequence_stride)
    start = fft_length // 2 if center else 0
    if length is not None:
        return whole[..., start:start + length]
    return whole[..., start:-start] if start else whole
