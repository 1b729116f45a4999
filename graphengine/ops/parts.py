"""Gradients of composites through the ops that they are made of.

A composite whose parts have gradients needs no rule of its own: `Composed` makes a node that stands for its gradient,
and this node is opened, with the composite's parts, once the sizes are known. Its own gradient comes in the same way,
so derivatives of any order exist.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..dtypes import DType
from ..errors import AttributeValueError
from ..ir.dims import Shape
from ..ir.graph import Graph
from ..ir.node import Tensor
from ..ir.walk import needed
from .kinds import REQUIRED, AnyType, Array, Composite, Op, attr, variadic
from .language import L
from .pullback import pulled_back
from .quiet import quiet
from .registry import by_name, op
from .samples import normal, sample
from .state import Placeholder


class Composed(Composite):
    """A composite of one result whose gradient is that of its parts."""

    def gradient(self, g: Any, y: Any, /, *inputs: Any, **_: Any) -> Any:
        return gradients_of_parts(self, g, inputs)


def gradients_of_parts(op_: Op, g: Any, inputs: Sequence[Any]) -> tuple[Any, ...]:
    """For each float input of a composite the gradient through its parts, None for the others."""
    attributes = tuple(op_.changed_attributes().items())
    return tuple(
        L.gradient_of_parts([g, *inputs], op_.name, attributes, k) if x.dtype.is_floating else None
        for k, x in enumerate(inputs)
    )


@op
class GradientOfParts(Composed):
    """Gradient of a composite's result with respect to one of its operands."""

    category = "Gradient"
    internal = True
    inputs = (variadic("operands", AnyType, "the gradient of the result, then the composite's operands"),)
    of: str = attr(REQUIRED, "saved name of the composite")
    attributes: tuple[Any, ...] = attr((), "its attributes: pairs of name and value", convert=tuple)
    index: int = attr(0, "which operand", low=0)

    def composite(self) -> Any:
        cls = by_name(self.of)
        if not issubclass(cls, Composite):
            raise AttributeValueError(f"of={self.of!r}, which has no parts", op=self.name)
        return cls(**dict(self.attributes))

    def check_dtypes(self, types: Sequence[DType]) -> None:
        if self.index + 1 >= len(types):
            raise AttributeValueError(f"index={self.index} of {len(types) - 1} operands", op=self.name)
        self.composite().check_dtypes(types[1:])

    def result_dtype(self, *types: DType) -> DType:
        return types[1 + self.index]

    def result_shape(self, *shapes: Shape) -> Shape:
        return shapes[1 + self.index]

    def decompose(self, *operands: Tensor) -> Any:
        result, stand_ins = self._parts(operands, [(t.dtype, t.shape) for t in operands])
        if result is None:
            return L.zeros_like(operands[1 + self.index])
        known = {id(s): t for s, t in zip(stand_ins, operands, strict=True)}
        graph = operands[0].node.graph
        for node in needed([result.node], stand_ins):
            if not all(id(t) in known for t in node.outputs):
                made = graph.apply(node.op, [known[id(t)] for t in node.inputs])
                known.update((id(s), t) for s, t in zip(node.outputs, made, strict=True))
        return known[id(result)]

    def _parts(self, operands: Any, types: Sequence[tuple[Any, Any]]) -> tuple[Tensor | None, list[Tensor]]:
        """The gradient in a graph of its own, made of other ops, and that graph's placeholders."""
        graph = Graph()
        stand_ins = [graph.add(Placeholder(dtype, shape), ()).outputs[0] for dtype, shape in types]
        with graph.as_default():
            y = self.composite().decompose(*stand_ins[1:])
            (result,) = pulled_back([y], [stand_ins[0]], [stand_ins[1 + self.index]])
        return result, stand_ins

    @quiet
    def reference(self, *arrays: Array) -> Array:
        result, stand_ins = self._parts(arrays, [(a.dtype, a.shape) for a in arrays])
        if result is None:
            return np.zeros_like(arrays[1 + self.index])
        values = {id(t): a for t, a in zip(stand_ins, arrays, strict=True)}
        for node in needed([result.node], stand_ins):
            if not all(id(t) in values for t in node.outputs):
                found = node.op.reference(*[values[id(t)] for t in node.inputs])
                several = found if isinstance(found, tuple) else (found,)
                values.update(
                    (id(t), np.asarray(a, t.dtype.numpy)) for t, a in zip(node.outputs, several, strict=True)
                )
        return values[id(result)]

    samples = (sample(normal(3), normal(3), of="reverse", attributes=(("axis", (0,)),)),
               sample(normal(4, 3), normal(3, 4), of="matrix_transpose"))
