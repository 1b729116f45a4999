"""What is known of a tensor's numbers before a program runs: sizes, and whole numbers computed from sizes.

``tf.shape(x)[0] * 2`` has a value as soon as the sizes of the feeds are known. Here such values are found as arrays of
numbers and size expressions, so that they can be sizes again. The ops' own references compute them.
"""
from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np

from ..errors import InvalidArgumentError
from ..ir.dims import Dim, Shape, product
from ..ir.node import Tensor
from .state import Const, SizeValue

Known = np.ndarray[Any, Any]                # of objects: int, Dim or Later

SHAPES = ("shape_of", "size_of", "rank")
# Their references work on arrays of size expressions as on numbers.
ARITHMETIC = ("add", "subtract", "multiply", "floordiv", "negative", "stack", "concat", "get_item", "reshape",
              "expand_dims", "squeeze", "reduce_prod", "reduce_sum", "slice")
MOST_NUMBERS = 1000                         # of a tensor that is computed here; sizes are far fewer
COMPUTING = frozenset({*SHAPES, *ARITHMETIC, "cast", "const", "size_value"})


class Later:
    """A size that is not known yet; so is everything made from it."""

    def _later(self, *_: Any) -> Later:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __rfloordiv__ = __neg__ = _later


LATER = Later()


def follows_from_sizes(tensor: Tensor, given: Collection[int] = ()) -> bool:
    """Whether a tensor's numbers are known when the sizes of the feeds are; `given` are ids of tensors that are fed."""
    nodes, stack = set(), [tensor]
    while stack:
        t = stack.pop()
        if id(t) in given:
            return False
        if id(t.node) in nodes:
            continue
        nodes.add(id(t.node))
        is_computing = t.node.op.name in COMPUTING or (t.node.op.name == "range" and t.shape.num_elements() is not None)
        if not is_computing or not t.dtype.is_integer or (t.shape.num_elements() or 0) > MOST_NUMBERS:
            return False
        if t.node.op.name not in SHAPES:
            stack.extend(t.node.inputs)
    return True


def known_numbers(tensor: Tensor) -> Known | None:
    """The numbers of a tensor that follows from sizes, `Later` where a size is not known yet; None for any other."""
    if not isinstance(tensor, Tensor) or not follows_from_sizes(tensor):     # an eager one has no node
        return None
    found: dict[int, Known | None] = {}
    stack = [tensor]
    while stack:                            # a chain of nodes may be longer than Python's own stack
        t = stack[-1]
        waits = [] if t.node.op.name in SHAPES else [x for x in t.node.inputs if id(x) not in found]
        if waits:
            stack += waits
        else:
            found[id(t)] = _known(t, [found[id(x)] for x in t.node.inputs if id(x) in found])
            stack.pop()
    return found[id(tensor)]


def _known(tensor: Tensor, inputs: list[Known | None]) -> Known | None:
    op = tensor.node.op
    if op.name in SHAPES:
        return _of_shape(op.name, tensor.node.inputs[0].shape)
    if isinstance(op, Const):
        return op.value.array.astype(object)
    if isinstance(op, SizeValue):
        return _objects(op.size)
    if any(x is None for x in inputs):
        return None
    if op.name == "range":
        start, _, delta = inputs            # those of `follows_from_sizes` are as many as is known
        return _objects(start + delta * np.arange(*tensor.shape).astype(object))
    numbers = _objects(inputs[0] if op.name == "cast" else op.reference(*inputs))
    return None if numbers.size > MOST_NUMBERS or any(map(_is_too_large, numbers.flat)) else numbers


def _is_too_large(number: Any) -> bool:
    return isinstance(number, int) and abs(number) >= 2**63


def _of_shape(name: str, shape: Shape) -> Known | None:
    if shape.rank is None:
        return _objects(LATER) if name == "size_of" else None
    if name == "rank":
        return _objects(shape.rank)
    sizes: list[Any] = [LATER if s is None else s for s in shape]
    return _objects(sizes) if name == "shape_of" else _objects(product(sizes))


def _objects(value: Any) -> Known:
    """An array of objects; a list becomes a vector."""
    if isinstance(value, np.ndarray):
        return value.astype(object)
    made = np.empty(len(value) if isinstance(value, list) else (), object)
    made[...] = value
    return made


def fixed_numbers(tensor: Tensor) -> np.ndarray[Any, Any] | None:
    """The numbers of a constant, or of a tensor that follows from sizes each of which is a number; None for others."""
    op = tensor.node.op
    if isinstance(op, Const):
        return op.value.array
    numbers = known_numbers(tensor)
    if numbers is None or not all(isinstance(n, (int, np.integer)) for n in numbers.flat):
        return None
    return numbers.astype(tensor.dtype.numpy)


def _read_by_numpy(self: Tensor, dtype: Any = None, copy: Any = None) -> Any:
    """So that what is known while a graph is drawn can be an axis, or a number of things."""
    numbers = fixed_numbers(self)
    if numbers is None:
        raise InvalidArgumentError(
            f"{self.name} has no value while the graph is drawn, so numpy cannot read it",
            fix="compute it with Session.run, or use the graphengine function of the same name",
        )
    return numbers.astype(dtype or numbers.dtype)


def _read_as_number(self: Tensor) -> int:
    """So that lists of sizes some of which are tensors can be read."""
    numbers = fixed_numbers(self) if self.dtype.is_integer else None
    if numbers is None or numbers.size != 1:
        raise TypeError(f"{self} is no number while the graph is drawn")
    return int(numbers.item())


Tensor.__array__ = _read_by_numpy  # type: ignore[method-assign]
Tensor.__index__ = Tensor.__int__ = _read_as_number  # type: ignore[method-assign]


def is_number(x: Any) -> bool:
    """Whether a known number is one already, or an expression that becomes one."""
    return isinstance(x, (int, np.integer, Dim))
