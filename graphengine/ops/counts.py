"""Random numbers that numpy draws, between the kernels before and those after: of events, and of cut-off normals."""
from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from ..dtypes import DType, as_dtype, int64
from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .kinds import Array, Dynamic, Floating, Numeric, Port, attr, broadcast_shapes, port
from .language import L
from .philox import NO_DRAW_GRADIENT
from .quiet import quiet
from .registry import abstract, op
from .samples import integers, normal, sample, uniform, values

_STATE = port("state", (int64,), "counter and key", "S")
_STATES = integers(0, 2**40, 3, dtype="int64")


def _generator(state: Array) -> np.random.Generator:
    counter, key = state[:2].view(np.uint64), state[2:].view(np.uint64)
    return np.random.Generator(np.random.Philox(counter=[*counter.tolist(), 0, 0], key=[*key.tolist(), 0]))


@abstract
class _Counts(Dynamic):
    category = "Random"
    internal = True
    has_parts = False
    gradient = NO_DRAW_GRADIENT
    dtype: DType = attr(int64, "type of the numbers", choices=Numeric, convert=as_dtype)

    def result_dtype(self, *types: DType) -> DType:
        return self.dtype

    def result_shape(self, *shapes: Shape) -> Shape:
        *given, state = shapes
        if len(state) != 1:
            raise ShapeError(f"state has shape {state}; it is three whole numbers")
        merge(state[0], 3, "state is three whole numbers")
        return broadcast_shapes([p.name for p in self.inputs[:-1]], given)

    def as_counts(self, drawn: Array, is_meant: Array) -> Array:
        """Numbers of the type, the largest for those above it; NaN or -1 for those that are not meant."""
        if not self.dtype.is_floating:
            drawn = np.minimum(drawn, np.iinfo(self.dtype.numpy).max)
        return np.where(is_meant, drawn, np.nan if self.dtype.is_floating else -1).astype(self.dtype.numpy)


@op
class RandomPoisson(_Counts):
    """How many of independent events happen, for their mean number; NaN, or -1 as a whole number, if that is none."""

    inputs: ClassVar[tuple[Port, ...]] = (port("lam", Floating, "mean numbers"), _STATE)

    def reference(self, lam: Array, state: Array) -> Array:
        wide = lam.astype(np.float64)
        is_mean = (wide >= 0) & (wide < 2.0**62)
        drawn = _generator(state).poisson(np.where(is_mean, wide, 0))
        return self.as_counts(drawn, is_mean)

    samples = (sample(uniform(0.1, 9.0, 3, 20), _STATES), sample(uniform(20.0, 50.0), _STATES),
               sample(normal(0), _STATES), sample(values(0.0, -1.0, np.nan, 1e6), _STATES, dtype="float32"))


@op
class RandomBinomial(_Counts):
    """How many of so many independent trials succeed; NaN, or -1 as a whole number, where that has no meaning."""

    inputs: ClassVar[tuple[Port, ...]] = (port("counts", Floating, "trials"), port("probs", Floating, "chance of each"),
                                          _STATE)

    @quiet
    def reference(self, counts: Array, probs: Array, state: Array) -> Array:
        n, p = np.broadcast_arrays(np.floor(counts.astype(np.float64)), probs.astype(np.float64))
        is_meant = (n >= 0) & (n < 2.0**62) & (p >= 0) & (p <= 1)
        drawn = _generator(state).binomial(np.where(is_meant, n, 0).astype(np.int64), np.where(is_meant, p, 0))
        return self.as_counts(drawn, is_meant)

    samples = (sample(uniform(1.0, 30.0, 3, 20), uniform(0.1, 0.9, 20), _STATES), sample(normal(0), normal(), _STATES),
               sample(values(5.0, -1.0, 4.0, np.nan), values(1.0, 0.5, 2.0, 0.5), _STATES, dtype="float32"))


@op
class CutNormalQuantile(Dynamic):
    """The number below which a share of a normal distribution between two ends lies.

    Shapes
    ------
    share, low, high : broadcast against each other
    """

    category = "Random"
    internal = True
    has_parts = False
    inputs = (port("share", Floating, "in [0, 1)"), port("low", Floating, "end in standard deviations"),
              port("high", Floating, "end in standard deviations, above `low`"))

    def result_shape(self, *shapes: Shape) -> Shape:
        return broadcast_shapes([p.name for p in self.inputs], shapes)

    @quiet
    def reference(self, share: Array, low: Array, high: Array) -> Array:
        from scipy import special

        u, a, b = np.broadcast_arrays(*(x.astype(np.float64) for x in (share, low, high)))
        is_right = a > 0                    # there the mirror image has the exact logarithms
        a, b, u = np.where(is_right, -b, a), np.where(is_right, -a, b), np.where(is_right, 1 - u, u)
        logarithm = np.logaddexp(np.log1p(-u) + special.log_ndtr(a), np.log(u) + special.log_ndtr(b))
        found = np.clip(special.ndtri_exp(logarithm), a, b)
        return np.where(a < b, np.where(is_right, -found, found), np.nan).astype(share.dtype)

    def gradient(self, g: Any, y: Any, share: Any, low: Any, high: Any) -> Any:
        """The share of what is below y stays as it is when the ends move."""
        at_low = (1 - share) * L.exp((y * y - low * low) * 0.5)
        at_high = share * L.exp((y * y - high * high) * 0.5)
        return None, g * at_low, g * at_high

    samples = (sample(uniform(0.1, 0.9, 3, 4), uniform(-2.0, -1.0, 4), uniform(0.5, 2.0, 3, 1), smooth=False),
               sample(normal(0), normal(0), normal(0)),
               sample(values(0.0, 0.5, 0.25, 0.5), values(-1.0, 5.0, -9.0, 2.0), values(1.0, 6.0, -8.0, 1.0),
                      smooth=False))
