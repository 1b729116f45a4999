"""The elementary functions that kernels call by name and dtype: `exp_f32`, `pow_f64` and so on.

Each formula stands with its family; here it becomes a function for both float formats.
"""

from collections.abc import Callable
from typing import Any

from numba import types

from . import exponential, power, special, trigonometric
from .scalars import Scalar, elementary

FORMULAS: tuple[Callable[..., Scalar], ...] = (
    exponential.exp, exponential.expm1, exponential.log, exponential.log1p, exponential.tanh, exponential.sigmoid,
    exponential.softplus, exponential.sinh, exponential.cosh, exponential.asinh, exponential.acosh, exponential.atanh,
    power.pow,
    trigonometric.sin, trigonometric.cos, trigonometric.tan, trigonometric.asin, trigonometric.acos,
    trigonometric.atan, trigonometric.atan2,
    special.erf, special.erfc, special.erfinv, special.digamma,
)  # fmt: skip

FUNCTIONS: dict[str, Callable[..., Any]] = {
    f"{formula.__name__}_f{kind.bitwidth}": elementary(formula, kind)
    for formula in FORMULAS
    for kind in (types.float32, types.float64)
}
