"""What kind of number a float is: NaN, infinite, finite."""
from __future__ import annotations

from typing import Any

import numpy as np

from .. import dtypes
from .compare import PIECEWISE
from .kinds import Array, Elementwise, Floating, port
from .registry import op
from .samples import normal, sample, values


class _Predicate(Elementwise):
    category = "Comparison"
    inputs = (port("x", Floating, "numbers"),)
    returns = dtypes.bool
    gradient: Any = PIECEWISE
    samples = (sample(normal(3, 4)), sample(normal(0)), sample(values(0.0, np.inf, -np.inf, np.nan, 1e38)))


@op
class IsNan(_Predicate):
    """Whether x is NaN."""

    names = ("math.is_nan",)
    onnx = "IsNaN"
    expression = "{x} != {x}"

    def reference(self, x: Array) -> Array:
        return np.isnan(x)


@op
class IsInf(_Predicate):
    """Whether x is infinite, with either sign."""

    names = ("math.is_inf",)
    onnx = "IsInf"
    expression = "fabs({x}) == {T}(np.inf)"

    def reference(self, x: Array) -> Array:
        return np.isinf(x)


@op
class IsFinite(_Predicate):
    """Whether x is neither infinite nor NaN."""

    names = ("math.is_finite",)
    expression = "fabs({x}) < {T}(np.inf)"

    def to_onnx(self, o: Any, x: Any) -> Any:
        return o.Less(o.Abs(x), o.number(np.inf, x))

    def reference(self, x: Array) -> Array:
        return np.isfinite(x)
