"""Points that fill a cube evenly."""
from __future__ import annotations

from typing import Any

from .. import dtypes
from ..dtypes import as_dtype
from ..errors import AttributeValueError
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

    count, size, first = as_int(num_results), as_int(dim), as_int(skip) + 1
    if size < 1 or count < 0 or first < 1:
        raise AttributeValueError(f"dim={dim}, num_results={num_results}, skip={skip}; dim is 1 or more, the others 0",
                                  op="math.sobol_sample")
    drawn = qmc.Sobol(size, scramble=False)
    drawn.fast_forward(first)
    return constant(drawn.random(count).astype(as_dtype(dtype).numpy), name=name or "sobol_sample")
