"""Calls of Python functions from graphs. The graph knows what they are given; what they do is theirs.

A program ends before such a call and another one goes on behind it. What is called comes as a value with a method for
arrays; how Python is spoken to, in arrays or in tensors, is in the frontend.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from ..dtypes import DType, as_dtype
from ..errors import AttributeValueError
from ..ir.dims import UNKNOWN, Shape
from ..ir.node import Tensor
from .kinds import REQUIRED, AnyType, Array, External, NoGradient, attr, variadic
from .registry import abstract, op


class Callback(Protocol):
    """What is called."""

    def arrays(self, *given: Array) -> tuple[Array, ...]:
        """The results for these operands."""

    def pulled_back(self, types: Sequence[DType], asked: Sequence[int], arriving: Sequence[int]) -> Callback:
        """What gives the gradients of the operands `asked`, whose types those are.

        It takes the operands, then the gradients of the results `arriving`.
        """


def _as_callback(value: Any) -> Any:
    if not hasattr(value, "arrays"):        # such as what somebody wrote into a file
        raise AttributeValueError(f"callback={value!r} is no Python function",
                                  fix="call it in Python, by numpy_function")
    return value


@abstract
class _Called(External):
    category = "Control"
    internal = True
    in_own_type = True
    inputs = (variadic("inp", AnyType, "what the function is given"),)
    callback: Any = attr(REQUIRED, "what is called", convert=_as_callback)
    types: tuple[DType, ...] = attr(REQUIRED, "dtype of each result", convert=lambda ts: tuple(map(as_dtype, ts)))
    shapes: tuple[Shape, ...] | None = attr(None, "shape of each result; None: they are known when it has run")

    def check_dtypes(self, types: Sequence[DType]) -> None:
        """Operands may be of any types."""

    def label_operands(self, texts: Sequence[str]) -> list[tuple[str, str]]:
        return [(str(k), text) for k, text in enumerate(texts)]

    def infer(self, inputs: Sequence[Tensor]) -> list[tuple[DType, Shape]]:
        return list(zip(self.types, self.shapes or [UNKNOWN] * len(self.types), strict=True))

    def result_shape(self, *shapes: Shape) -> Any:
        return self.shapes or (UNKNOWN,) * len(self.types)

    def reference(self, *given: Array) -> tuple[Array, ...]:
        return self.callback.arrays(*given)  # type: ignore[no-any-return]


@op
class NumpyFunction(_Called):
    """A call of a Python function of arrays."""

    gradient = NoGradient("nobody knows what a function of arrays does; py_function has a gradient")


@op
class PyFunction(_Called):
    """A call of a Python function of tensors that have values."""

    def gradient(self, g: Any, y: Any, *inputs: Any) -> Any:
        """A call of another function: it calls this one once more, and a tape listens."""
        gradients = list(g) if isinstance(g, (list, tuple)) else [g]
        asked = [k for k, x in enumerate(inputs) if x.dtype.is_floating]
        arriving = [k for k, t in enumerate(self.types) if t.is_floating]
        types = tuple(inputs[k].dtype for k in asked)
        callback = self.callback.pulled_back(types, asked, arriving)
        back = PyFunction(callback, types, tuple(inputs[k].shape for k in asked))
        node = inputs[0].node.graph.add(back, [*inputs, *(gradients[k] for k in arriving)], "py_function_gradient")
        found = dict(zip(asked, node.outputs, strict=True))
        return tuple(found.get(k) for k in range(len(inputs)))
