"""Points that fill a cube evenly."""
from __future__ import annotations

from typing import Any

from .. import dtypes
from ..dtypes import as_dtype
from ..ops.rules import as_int
from .build import constant


def sobol_sample(
    dim: int, num_results: int, skip: int = 0, dtype: Any = dtypes.float32, name: str | None = None
) -> Any:
    """Points that fill a cube evenly: Sobol's sequence without its first point, which is 0.

    Shapes
    ------
    result : (num_results, dim), in [0, 1)

    References
    ----------
    Joe and Kuo (2008), "Constructing Sobol sequences with better two-dimensional projections".
    """
    from scipy.stats import qmc

    count, first = as_int(num_results), as_int(skip) + 1
    drawn = qmc.Sobol(as_int(dim), scramble=False)
    drawn.fast_forward(first)
    return constant(drawn.random(count).astype(as_dtype(dtype).numpy), name=name or "sobol_sample")
