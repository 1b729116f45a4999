"""Results whose gradient somebody else says."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ..dtypes import DType
from ..errors import AttributeValueError
from ..ir.dims import Shape
from ..ir.node import Tensor
from .kinds import REQUIRED, AnyType, Array, Composite, attr, variadic
from .registry import op
from .samples import normal, sample


def _as_rule(value: Any) -> Any:
    if not callable(value):                 # such as what somebody wrote into a file
        raise AttributeValueError(f"rule={value!r} is no Python function", fix="write it in Python, by custom_gradient")
    return value


def _halves(arriving: Sequence[Any]) -> list[Any]:
    return [arriving[0] / 2]


@op
class WithGradient(Composite):
    """The first operands as they are; their gradients go by a rule to the others, from which they were computed.

    Shapes
    ------
    operands : `count` results, then what they depend on
    results : the first `count` operands
    """

    category = "Control"
    internal = True
    inputs = (variadic("operands", AnyType, "results, then what they depend on"),)
    count: int = attr(REQUIRED, "number of results", low=0)
    rule: Callable[..., Sequence[Any]] = attr(REQUIRED, "gradients of the others from those of the results",
                                              convert=_as_rule)

    def check_dtypes(self, types: Sequence[DType]) -> None:
        """Operands may be of any types."""

    def label_operands(self, texts: Sequence[str]) -> list[tuple[str, str]]:
        return [(str(k), text) for k, text in enumerate(texts)]

    def infer(self, inputs: Sequence[Tensor]) -> list[tuple[DType, Shape]]:
        return [(t.dtype, t.shape) for t in inputs[:self.count]]

    def result_shape(self, *shapes: Shape) -> Any:
        return shapes[0] if self.count == 1 else shapes[:self.count]

    def decompose(self, *operands: Any) -> Any:
        return operands[0] if self.count == 1 else operands[:self.count]

    def reference(self, *operands: Array) -> Any:
        return operands[0] if self.count == 1 else operands[:self.count]

    def gradient(self, g: Any, y: Any, *operands: Any) -> Any:
        return (*[None] * self.count, *self.rule(list(g) if self.count > 1 else [g]))

    samples = (sample(normal(3, 2), normal(3, 2), count=1, rule=_halves, smooth=False),)
