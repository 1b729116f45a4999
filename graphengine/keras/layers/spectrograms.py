"""Layers that show which frequencies a signal has while time goes on."""
from __future__ import annotations

import math
from typing import Any

from ...errors import DTypeError
from ...frontend import signal
from ...frontend.build import convert_to_tensor
from ...ops.language import L
from ..config import epsilon as smallest
from ..initializers import STFT
from ..ops.pointwise import log10
from ..ops.spectra import stft
from ..registry import register
from ..warping import extent
from .settings import CHANNELS_FIRST, Configured, one_of, order_of_axes

MODES = ("log", "magnitude", "psd", "real", "imag", "angle", "stft")


@register
class STFTSpectrogram(Configured):
    """Spectra of pieces of signals that overlap, by convolutions with cosines and sines, which may be trained.

    Parameters
    ----------
    mode : "magnitude" for the absolute numbers of spectra, "log" for their logarithms, "psd" for their squares, with
        those of the other half of the spectrum; "real", "imag", "angle" for a part, "stft" for both parts
    frame_length, frame_step : elements of a piece, and from one to the next; half of the length if None
    fft_length : elements of a piece with zeros behind; the next power of two if None
    window, scaling, periodic : as of `keras.initializers.STFT`
    padding : "valid", or "same" for as many pieces as there are steps
    expand_dims : whether channels keep an axis of their own

    Shapes
    ------
    inputs : (batch, time, channels), or (batch, channels, time) for channels_first
    result : (batch, pieces, channels * frequencies), or (batch, pieces, frequencies, channels) if expand_dims; for
        channels_first (batch, channels * frequencies, pieces), or (batch, channels, pieces, frequencies)
    """

    def __init__(
        self, mode: str = "log", frame_length: int = 256, frame_step: int | None = None, fft_length: int | None = None,
        window: Any = "hann", periodic: bool = False, scaling: str | None = "density", padding: str = "valid",
        expand_dims: bool = False, data_format: str | None = None, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.data_format = order_of_axes(self)
        one_of(self, "mode", MODES)
        one_of(self, "padding", ("valid", "same"))
        if frame_step is not None and not 1 <= frame_step <= frame_length:
            raise self.refuse("frame_step", frame_step, f"a whole number from 1 to frame_length, {frame_length}")
        if fft_length is not None and fft_length < frame_length:
            raise self.refuse("fft_length", fft_length, f"at least frame_length, {frame_length}")
        STFT("real", window, scaling, periodic)         # an error for what it does not take

    def build(self, input_shape: Any) -> None:
        length = self.fft_length or 2 ** math.ceil(math.log2(self.frame_length))
        shape = (self.frame_length, 1, length // 2 + 1)
        for side, other in (("real", "imag"), ("imag", "real")):
            if self.mode != other:
                first = STFT(side, self.window, self.scaling, self.periodic)
                setattr(self, f"{side}_kernel", self.add_weight(shape, first, name=f"{side}_kernel"))

    def call(self, inputs: Any) -> Any:
        if not inputs.dtype.is_floating:
            raise DTypeError(f"inputs are {inputs.dtype.name}; it takes fractions", op="STFTSpectrogram",
                             fix="cast(inputs, 'float32')")
        if self.mode in ("real", "imag"):
            return self._arranged(self._part(inputs, self.mode))
        real, imag = self._part(inputs, "real"), self._part(inputs, "imag")
        if self.mode == "angle":
            return self._arranged(L.atan2(imag, real))
        if self.mode == "stft":
            return self._arranged(L.concat([real, imag], -1))
        power = L.square(real) + L.square(imag)
        if self.mode == "psd":
            return self._arranged(power + L.pad(power[..., 1:-1], [[0, 0]] * 3 + [[1, 1]]))
        size = L.sqrt(L.maximum(power, smallest()))
        return self._arranged(size if self.mode == "magnitude" else L.log(L.maximum(size, smallest())))

    def _part(self, inputs: Any, side: str) -> Any:
        """One part of the spectra: (batch, channels, pieces, frequencies)."""
        x = inputs if self.data_format == CHANNELS_FIRST else L.transpose(inputs, (0, 2, 1))
        channels = self.known_size(tuple(x.shape), 1)
        kernel = L.cast(convert_to_tensor(getattr(self, f"{side}_kernel")), x.dtype)
        step = self.frame_step or self.frame_length // 2
        found = L.convolution(L.reshape(x, (-1, extent(x, 2), 1)), kernel, (step,), self.padding.upper())
        return L.reshape(found, (-1, channels, extent(found, 1), found.shape[2]))

    def _arranged(self, x: Any) -> Any:
        """Spectra with their axes in the order that is wanted."""
        _, channels, pieces, frequencies = (extent(x, axis) for axis in range(4))
        if self.data_format == CHANNELS_FIRST:
            if self.expand_dims:
                return x
            return L.reshape(L.transpose(x, (0, 1, 3, 2)), (-1, channels * frequencies, pieces))
        if self.expand_dims:
            return L.transpose(x, (0, 2, 3, 1))
        return L.reshape(L.transpose(x, (0, 2, 1, 3)), (-1, pieces, channels * frequencies))


@register
class MelSpectrogram(Configured):
    """Spectra of pieces of signals, their frequencies in bins that are equally wide to the ear.

    Parameters
    ----------
    fft_length, sequence_stride, sequence_length, window : as of `keras.ops.stft`; as long as the transform if None
    sampling_rate : elements per second
    num_mel_bins : number of bins
    min_freq, max_freq : least and largest frequency, hertz; half of the sampling rate if None
    power_to_db : whether the result is in decibels, 10 log10(power / ref_power)
    top_db : how far below the largest decibels of all they may be
    mag_exp : power of the absolute numbers
    min_power : what is less counts as this much

    Shapes
    ------
    inputs : (..., elements), the last size known
    result : (..., num_mel_bins, pieces)
    """

    def __init__(
        self, fft_length: int = 2048, sequence_stride: int = 512, sequence_length: int | None = None,
        window: Any = "hann", sampling_rate: int = 16000, num_mel_bins: int = 128, min_freq: float = 20.0,
        max_freq: float | None = None, power_to_db: bool = True, top_db: float = 80.0, mag_exp: float = 2.0,
        min_power: float = 1e-10, ref_power: float = 1.0, **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.keep(locals())
        self.sequence_length = sequence_length or fft_length
        self.max_freq = max_freq or int(sampling_rate / 2)
        if fft_length < self.sequence_length:
            raise self.refuse("fft_length", fft_length, f"at least sequence_length, {self.sequence_length}")

    def call(self, inputs: Any) -> Any:
        x = L.cast(inputs, self.compute_dtype if self.compute_dtype in ("float32", "float64") else "float32")
        real, imag = stft(x, self.sequence_length, self.sequence_stride, self.fft_length, self.window)
        power = L.pow(L.square(real) + L.square(imag), self.mag_exp / 2)
        weights = signal.mel_weights(self.num_mel_bins, self.fft_length // 2 + 1, self.sampling_rate, self.min_freq,
                                     self.max_freq)
        found = L.tensordot(power, weights.astype(x.dtype.numpy), 1)
        if self.power_to_db:
            decibels = 10 * log10(L.maximum(found, self.min_power))
            decibels = decibels - 10 * math.log10(max(abs(self.ref_power), self.min_power))
            found = L.maximum(decibels, L.reduce_max(decibels) - self.top_db)
        return L.cast(L.matrix_transpose(found), self.compute_dtype)
