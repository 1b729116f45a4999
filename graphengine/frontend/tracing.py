"""The graph of a function while Python runs it on symbols.

What the function sees of sizes, and what becomes of variables that it makes, is decided here: a first axis is free, so
that a batch of another size needs no new trace, until the function looks at its size; variables begin at once.
"""
from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..dtypes import DType
from ..errors import GraphEngineError, InvalidArgumentError
from ..ir.dims import Shape, as_looked_at
from ..ir.eager import EagerTensor
from ..ir.graph import Graph, no_graph
from ..ir.node import Node, Tensor
from ..ir.region import copy_nodes
from ..ir.source import PACKAGE_FOLDER
from ..ir.walk import needed
from ..ops.body import changes_variables
from ..ops.philox import AdvanceState
from ..ops.state import Placeholder

_kept: Any = vars(Tensor)["shape"]                   # where a tensor keeps what is known of its shape


class FunctionGraph(Graph):
    """The graph of a traced function: things happen in the order in which they are written."""

    in_order = True


class Tracing(FunctionGraph):
    """The graph of a function while it is traced.

    Parameters
    ----------
    types : dtype and shape of the symbol for each argument
    names : of the arguments
    operands : the arguments: tensors of a call, or what is known of such
    tells_sizes : whether the function is told sizes of this call that the types leave open
    may_make : whether it may make variables now
    value_of : computes a tensor for values of symbols

    Attributes
    ----------
    inputs : the symbols
    has_looked : whether the function has seen a size that the types leave open
    variable_count : how many variables it has made
    """

    def __init__(
        self, types: Sequence[tuple[DType, Shape]], names: Sequence[str], operands: Sequence[Any], tells_sizes: bool,
        may_make: bool, value_of: Callable[[Any, Tensor], Any],
    ) -> None:
        super().__init__()
        self.operands = operands
        self.tells_sizes = tells_sizes
        self.may_make = may_make
        self.value_of = value_of
        self.has_looked = False
        self.variable_count = 0
        self.inputs = [self.add(Placeholder(*t), (), name).outputs[0] for t, name in zip(types, names, strict=True)]
        self._exact: Graph | None = None    # the same graph for the arguments' own sizes, as far as it was asked for
        self._known: dict[int, Tensor] = {}
        self._copied = len(self.inputs)

    def add(self, *args: Any, **settings: Any) -> Node:
        node = super().add(*args, **settings)
        for t in node.outputs:
            t.__class__ = _Looked
        return node

    def finish(self) -> None:
        """The function has returned: who looks at sizes now sees those that are known for every call."""
        for node in self.nodes:
            for t in node.outputs:
                t.__class__ = Tensor
        self._exact, self._known, self.operands = None, {}, ()

    # ------------------------------------------------ sizes

    def exact_shape(self, tensor: Tensor) -> Shape:
        """The shape that a tensor has in the call that it is traced for, as far as that can be known."""
        kept: Shape = _kept.__get__(tensor)
        if not self.tells_sizes or kept.rank is None:
            return kept
        if self._exact is None:
            self._exact = Graph()
            self._known = {id(t): self._exact.add(Placeholder(t.dtype, x.shape), (), "x").outputs[0]
                           for t, x in zip(self.inputs, self.operands, strict=True)}
        if id(tensor) not in self._known:
            end = tensor.node.index + 1
            try:
                with no_graph():
                    copy_nodes(self.nodes[self._copied:end], self._known, self._exact)
            except GraphEngineError:        # which the function will meet when it runs
                return kept
            self._copied = end
        found = self._known[id(tensor)].shape
        if found.rank != kept.rank:
            return kept
        return Shape(b if a is None else a for a, b in zip(kept, found, strict=True))

    # ------------------------------------------------ variables

    def start_of_variable(self, value: Any) -> Any:
        """The value that a variable which is made now begins with.

        Raises
        ------
        InvalidArgumentError if the function has been traced before.
        """
        if not self.may_make:
            raise InvalidArgumentError(
                "a function may make variables in its first call only", op="Variable",
                fix="make it before, or once: `if self.v is None: self.v = tf.Variable(...)`",
            )
        self.variable_count += 1
        if not isinstance(value, Tensor):
            return value
        if value.graph is not self:
            raise InvalidArgumentError("initial_value is made inside of a branch or loop", op="Variable",
                                       fix="make the variable before it")
        feeds = [(t, x) for t, x in zip(self.inputs, self.operands, strict=True) if isinstance(x, EagerTensor)]
        for node in needed([value.node], [t for t, _ in feeds]):
            if changes_variables(node) and not isinstance(node.op, AdvanceState):
                raise InvalidArgumentError("initial_value depends on an assignment in the same function", op="Variable",
                                           node=node.equation(), fix="make the variable before it")
            if isinstance(node.op, Placeholder) and not any(t.node is node for t, _ in feeds):
                raise InvalidArgumentError(f"initial_value depends on {node.name}, which has no value yet",
                                           op="Variable", fix="call the function once before get_concrete_function")
        with no_graph():
            return self.value_of(feeds, value)


class _Looked(Tensor):
    """A tensor of a function that is traced: the function's own lines see the sizes of this call."""

    __slots__ = ()

    @property
    def shape(self) -> Shape:  # type: ignore[override]
        return self._seen_from(sys._getframe(1).f_code.co_filename)

    @shape.setter
    def shape(self, shape: Shape) -> None:
        _kept.__set__(self, shape)

    def get_shape(self) -> Shape:
        return as_looked_at(self._seen_from(sys._getframe(1).f_code.co_filename))

    def known_shape(self) -> Shape:
        return Shape(self._seen_from(""))

    def _seen_from(self, file: str) -> Shape:
        kept: Shape = _kept.__get__(self)
        if file.startswith(PACKAGE_FOLDER) or kept.is_fully_defined():
            return kept
        tracing: Any = self.node.graph
        exact = tracing.exact_shape(self)
        return kept if exact == kept else _Told(kept, exact, tracing)


class _Told(Shape):
    """Sizes of which those that the types leave open are told to who looks at them."""

    exact: Shape
    tracing: Tracing

    def __new__(cls, kept: Any, exact: Any = None, tracing: Any = None) -> Any:
        if exact is None:                   # made of other sizes
            return Shape(kept)
        self = tuple.__new__(cls, kept)
        self.rank, self.exact, self.tracing = kept.rank, exact, tracing
        return self

    def _all(self) -> Shape:
        self.tracing.has_looked = True
        return self.exact

    def __getitem__(self, key: Any) -> Any:
        here = tuple.__getitem__(self, key)
        told = self.exact[key]
        if told != here:
            self.tracing.has_looked = True
        return told

    def __iter__(self) -> Iterator[Any]:
        return iter(self._all())

    def __add__(self, other: Any) -> Any:
        return self._all() + tuple(other)

    def __radd__(self, other: Any) -> Any:
        return tuple(other) + tuple(self._all())

    def __contains__(self, size: object) -> bool:
        return size in self._all()

    def __eq__(self, other: object) -> bool:
        return self._all() == other

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self._all())

    def __str__(self) -> str:
        return str(self._all())

    def __repr__(self) -> str:
        return repr(self._all())
