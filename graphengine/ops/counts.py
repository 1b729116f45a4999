"""How often something happens: random numbers that numpy draws, between the kernels before and those after."""
from __future__ import annotations

from typing import ClassVar

import numpy as np

from ..dtypes import DType, as_dtype, int64
from ..errors import ShapeError
from ..ir.dims import Shape, merge
from .kinds import Array, Dynamic, Floating, Numeric, Port, attr, broadcast_shapes, port
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
