"""The two values a graph is made of: a node applies an op, a tensor is one of its results."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ..dtypes import DType
from ..errors import InvalidArgumentError, OperatorNotAllowedInGraphError, ShapeError
from .dims import Shape, as_looked_at, merge
from .operand import Operand
from .source import Origin

if TYPE_CHECKING:
    from .graph import Graph


class OpLike(Protocol):
    """What a graph asks of an op.

    name : as it is saved
    called : its name in errors
    node_name : first name of its nodes
    infers_from_shapes : whether dtypes and shapes of its inputs decide those of its results
    """

    @property
    def name(self) -> str: ...

    @property
    def called(self) -> str: ...

    @property
    def node_name(self) -> str: ...

    @property
    def infers_from_shapes(self) -> bool: ...

    def infer(self, inputs: Sequence[Tensor]) -> Sequence[tuple[DType, Shape]]:
        """dtype and shape of each result."""
        ...

    def label_operands(self, texts: Sequence[str]) -> list[tuple[str, str]]:
        """Descriptions of the operands with their names, for an error."""
        ...


class Node:
    """One application of an op. Immutable; TensorFlow calls it an operation.

    op : the op with its attributes
    inputs : tensors it reads
    control_inputs : nodes that run before it
    name : unique in the graph, e.g. ``"layer/add_1"``
    origin : the user's line
    outputs : its results
    """

    __slots__ = ("control_inputs", "graph", "index", "inputs", "name", "op", "origin", "outputs")

    def __init__(
        self,
        graph: Graph,
        index: int,
        op: OpLike,
        inputs: tuple[Tensor, ...],
        control_inputs: tuple[Node, ...],
        name: str,
        origin: Origin | None,
        results: Sequence[tuple[DType, Shape]],
    ) -> None:
        self.graph = graph
        self.index = index
        self.op: Any = op                   # whoever knows the op's class asks for more than a graph does
        self.inputs = inputs
        self.control_inputs = control_inputs
        self.name = name
        self.origin = origin
        self.outputs = tuple(Tensor(self, k, dtype, shape) for k, (dtype, shape) in enumerate(results))

    @property
    def type(self) -> str:
        """The op's class name, as TensorFlow's ``Operation.type``."""
        return type(self.op).__name__

    if TYPE_CHECKING:                       # given by frontend/session.py, for sessions stand above nodes
        def run(self, feed_dict: Any = None, session: Any = None) -> None: ...

    def equation(self) -> str:
        """The node as a line of text: ``logits = matmul(hidden, w2)``."""
        return f"{self.name} = {self.op.name}({', '.join(t.node.name for t in self.inputs)})"

    def __repr__(self) -> str:
        return f"<tf.Operation {self.name!r} type={self.type}>"


class Tensor(Operand):
    """A result of a node: what it will be, not yet its numbers.

    Prints as TensorFlow prints it; ``==`` compares elementwise, so use ``is`` to compare identity.
    """

    __slots__ = ("derived", "dtype", "node", "part", "position", "shape")
    precedence = 10

    def __init__(self, node: Node, position: int, dtype: DType, shape: Shape) -> None:
        self.node = node
        self.position = position
        self.dtype = dtype
        self.shape = shape
        self.derived: Any = None            # what a later stage has worked out about it and will ask for again

    if TYPE_CHECKING:                       # given by frontend/session.py
        part: tuple[Any, Any]               # of which variable, at which index: set where it is read from one only

        def eval(self, feed_dict: Any = None, session: Any = None) -> Any: ...

        # Given by ops/known.py, which knows of which tensors the numbers follow from sizes while a graph is drawn.
        def __array__(self, dtype: Any = None, copy: Any = None) -> Any: ...
        def __index__(self) -> int: ...
        def __int__(self) -> int: ...

    @property
    def op(self) -> Node:
        """The node that makes it (TensorFlow's name)."""
        return self.node

    @property
    def graph(self) -> Graph:
        return self.node.graph

    @property
    def name(self) -> str:
        return f"{self.node.name}:{self.position}"

    @property
    def rank(self) -> int:
        """Number of axes; an error where it is not known."""
        if self.shape.rank is None:
            raise InvalidArgumentError(f"the rank of {self.name} is not known")
        return self.shape.rank

    def get_shape(self) -> Shape:
        return as_looked_at(self.shape)

    def known_shape(self) -> Shape:
        """The shape for those who cannot do without sizes: in a traced function that of the call it is traced for."""
        return self.shape

    def set_shape(self, shape: Any) -> None:
        """Say what is known of the sizes beyond what has been inferred: None for a size that stays unknown.

        Raises
        ------
        ShapeError if a size is known to be another.
        """
        wanted = Shape(shape)
        if self.shape.rank is not None and wanted.rank is not None:
            if len(self.shape) != len(wanted):
                raise ShapeError(f"{self.name} has shape {self.shape}, not {wanted}", op="set_shape")
            wanted = Shape(merge(a, b, f"axis {k} of {self.name}")
                           for k, (a, b) in enumerate(zip(self.shape, wanted, strict=True)))
        self.shape = self.shape if wanted.rank is None else wanted

    def __str__(self) -> str:
        shape = "" if self.shape.rank is None else f", shape={self.shape}"
        return f'Tensor("{self.name}"{shape}, dtype={self.dtype.name})'

    def __repr__(self) -> str:
        return f"<tf.Tensor {self.name!r} shape={self.shape} dtype={self.dtype.name}>"

    def __hash__(self) -> int:
        return id(self) >> 4

    def __bool__(self) -> bool:
        raise OperatorNotAllowedInGraphError(
            f"{self.name} has no value while the graph is drawn, so Python cannot decide on it",
            at=str(self.node.origin) if self.node.origin else None,
            fix="use where(condition, x, y), or cond and while_loop with functions",
        )

    def __iter__(self) -> Iterator[Any]:
        shape = self.known_shape()
        if shape.rank is None or shape.rank == 0 or not isinstance(shape[0], int):
            raise OperatorNotAllowedInGraphError(f"cannot iterate over {self}", fix="the first axis needs a known size")
        return (self[k] for k in range(shape[0]))

    def __len__(self) -> int:
        raise InvalidArgumentError(f"len() of {self}", fix="use x.shape[0]")


def describe(tensor: Tensor) -> str:
    """A tensor as errors show it: name, type, shape and the line that made it."""
    origin = f"    {tensor.node.origin}" if tensor.node.origin else ""
    return f"{tensor.node.name}   {tensor.dtype.name} {tensor.shape}{origin}"
