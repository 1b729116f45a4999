"""Fourier transforms: numpy computes them, between the kernels before and those after.

Numbers are real, so that a spectrum is a pair of tensors: its real and its imaginary part.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import DType
from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .kinds import Array, Dynamic, attr, port
from .language import L
from .quiet import quiet
from .registry import op
from .samples import normal, sample, uniform
from .triangular import Solvable


@op
class Fourier(Dynamic):
    """Discrete Fourier transform along the last axes of complex numbers, given as their two parts.

        X[k] = sum over t of x[t] exp(-2 pi i k t / n),   along each of the axes

    Shapes
    ------
    real, imag, and both results : the same, with at least as many axes as are transformed

    Notes
    -----
    The matrix of the transform is symmetric, so that the gradient of (x, y) is the transform of (g, -h), its second
    part negated. In the same way ``(x, -y)`` gives the inverse, times the number of elements.

    References
    ----------
    Cooley and Tukey (1965), "An algorithm for the machine calculation of complex Fourier series", equation 1.
    """

    category = "Special"
    internal = True
    has_parts = False
    inputs = (port("real", Solvable, "real parts"), port("imag", Solvable, "imaginary parts"))
    axes: int = attr(1, "how many of the last axes", low=1)

    def result_dtype(self, *types: DType) -> Any:
        return types[0], types[0]

    def result_shape(self, real: Shape, imag: Shape) -> Any:
        if len(real) != len(imag) or len(real) < self.axes:
            raise ShapeError(f"the parts have shapes {real} and {imag}; they are equal, with at least {self.axes} axes")
        both = Shape(merge(a, b, "the sizes of the two parts differ") for a, b in zip(real, imag, strict=True))
        return both, both

    @quiet
    def reference(self, real: Array, imag: Array) -> tuple[Array, Array]:
        axes = tuple(range(-self.axes, 0))
        found = np.fft.fftn(real + 1j * imag, axes=axes) if real.size else np.zeros(real.shape, np.complex128)
        return np.asarray(found.real, real.dtype), np.asarray(found.imag, real.dtype)

    def to_onnx(self, o: Any, real: Any, imag: Any) -> Any:
        """One axis after the other; the standard wants an axis of examples before them."""
        rank, is_alone = real.rank, real.rank == self.axes
        x = o.Concat(o.Unsqueeze(real, [-1]), o.Unsqueeze(imag, [-1]), axis=-1)
        x = o.Unsqueeze(x, [0]) if is_alone else x
        for axis in range(rank - self.axes, rank):
            x = o.DFT(x, axis=axis + is_alone)
        x = o.Squeeze(x, [0]) if is_alone else x
        return tuple(o.Gather(x, np.array(k), axis=rank) for k in (0, 1))

    def gradient(self, g: Any, y: Any, real: Any, imag: Any) -> Any:
        by_real, by_imag = L.fourier(g[0], -g[1], self.axes)
        return by_real, -by_imag

    samples = (sample(normal(2, 6), normal(2, 6)), sample(normal(5), normal(5)), sample(normal(1), normal(1)),
               sample(normal(2, 3, 4), normal(2, 3, 4), axes=2), sample(normal(2, 0), normal(2, 0)),
               sample(uniform(-1e4, 1e4, 7), normal(7), smooth=False))
