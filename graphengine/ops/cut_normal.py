"""The quantile of a normal distribution between two ends, from which numbers of it are drawn."""
from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.dims import Shape
from .kinds import Array, Dynamic, Floating, broadcast_shapes, port
from .language import L
from .quiet import quiet
from .registry import op
from .samples import normal, sample, uniform, values


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
