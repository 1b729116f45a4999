"""Variables: values that a session keeps from run to run."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..dtypes import DType, as_dtype
from ..errors import GraphMismatchError, InvalidArgumentError, ShapeError
from ..ir.dims import Shape, as_looked_at
from ..ir.eager import DEVICE, Typed, shown, typed
from ..ir.graph import Graph, get_default_graph, is_drawing, receiving_graph
from ..ir.node import Node, Tensor
from ..ir.operand import Operand
from ..ir.source import user_line
from ..ops import state
from ..ops.apply import as_array, build, constant_tensor
from ..ops.body import value_of
from ..ops.language import L
from ..ops.state import NoOp
from .store import ON_SHARED

GLOBAL_VARIABLES = "variables"
TRAINABLE_VARIABLES = "trainable_variables"
LOCAL_VARIABLES = "local_variables"           # of a session, and not part of the model


_ASSIGN, _ASSIGN_ADD, _ASSIGN_SUB = state.Assign(), state.AssignAdd(), state.AssignSub()


class Variable(Operand):
    """A value that a session keeps from run to run, and that assignments change.

    Parameters
    ----------
    initial_value : number, array or tensor with known sizes; what the initializer assigns. A function without
        arguments is called for it.
    trainable : whether optimizers change it
    name : first part of its name
    dtype : type of its elements; that of `initial_value` if None

    Raises
    ------
    ShapeError if a size of `initial_value` is not known.

    Examples
    --------
    >>> import graphengine as tf
    >>> with tf.Graph().as_default():
    ...     w = tf.Variable([1.0, 2.0], name="w")
    ...     step = w.assign_add([0.5, 0.5])
    ...     with tf.Session() as session:
    ...         session.run(tf.global_variables_initializer())
    ...         print(session.run(step))
    [1.5 2.5]
    """

    __slots__ = ("__weakref__", "_handle", "_initializer", "storage")
    precedence = 5

    def __init__(
        self, initial_value: Any, trainable: bool = True, validate_shape: bool = True, caching_device: Any = None,
        name: str | None = None, variable_def: Any = None, dtype: Any = None,
    ) -> None:
        del validate_shape, caching_device, variable_def
        value = initial_value() if callable(initial_value) else initial_value
        self._initializer: Node | None = None
        self._handle: Tensor | None = None
        self.storage: state.Storage | None = None
        home = value.graph.root if isinstance(value, Tensor) else get_default_graph().root if is_drawing() else None
        if home is not None and home.start_of_variable is not None:
            value, home = home.start_of_variable(value), None
        if home is not None:
            self._add_to_graph(value, trainable, name, dtype)
        else:
            wanted = None if dtype is None else as_dtype(dtype)
            array = np.array(as_array(getattr(value, "array", value), wanted, "Variable", "initial_value"), order="C")
            scope = get_default_graph().get_name_scope()
            label = "/".join(part for part in (scope, name or "Variable") if part)
            self.storage = state.Storage(array, label, trainable, self)

    def _add_to_graph(self, value: Any, trainable: bool, name: str | None, dtype: Any) -> None:
        graph = value.graph if isinstance(value, Tensor) else get_default_graph().root
        if isinstance(value, Variable):
            value = value.read_value()
        if not isinstance(value, Tensor):
            array = as_array(value, None if dtype is None else as_dtype(dtype), "Variable", "initial_value")
            label = graph.unique_name(name or "Variable") + "/"
            with graph.control_dependencies(None):
                value = constant_tensor(array, graph, f"{label}initial_value/")
        else:
            label = name or "Variable"
        if not value.shape.is_fully_defined():
            raise ShapeError(
                f"initial_value has shape {value.shape}; a variable's sizes have to be known", op="Variable",
                fix="give initial_value a shape without None",
            )
        with graph.control_dependencies(None):
            self._handle = graph.add(state.Variable(trainable), (value,), label).outputs[0]
        graph.add_to_collections([GLOBAL_VARIABLES, *([TRAINABLE_VARIABLES] if trainable else [])], self)

    @classmethod
    def of_type(cls, dtype: Any, shape: Sequence[int], trainable: bool = True, name: str | None = None) -> Self:
        """One outside of sessions whose dtype and shape alone matter: it takes no memory and cannot be changed."""
        self = cls(np.zeros((), as_dtype(dtype).numpy), trainable=trainable, name=name)
        assert self.storage is not None
        self.storage.array = np.broadcast_to(self.storage.array, tuple(shape))
        return self

    @classmethod
    def of_node(cls, node: Node) -> Variable:
        """The Variable of a variable node, for graphs that come from a file or use variables from outside."""
        if isinstance(node.op, state.SharedVariable):
            return node.op.storage.owner  # type: ignore[no-any-return]
        self = cls.__new__(cls)
        self._handle = node.outputs[0]
        self._initializer = self.storage = None
        return self

    @property
    def has_value(self) -> bool:  # type: ignore[override]
        """Whether it lives outside sessions and has its value now."""
        return self.storage is not None

    @property
    def array(self) -> np.ndarray[Any, Any]:
        """Its memory; what it holds changes with the variable."""
        if self.storage is None:
            raise InvalidArgumentError(f"{self.name} has a value only in a session", fix="run it in a session")
        return self.storage.array

    @property
    def handle(self) -> Tensor:
        """What stands for it in its graph, or in the graph being drawn."""
        return self.handle_in(get_default_graph().root) if self._handle is None else self._handle

    def handle_in(self, graph: Graph) -> Tensor:
        """What stands for it in a graph that is no body of another."""
        if self.storage is None:
            return self.handle
        found = graph.shared.get(id(self.storage))
        if found is None:
            with graph.control_dependencies(None), graph.name_scope(graph.shared_scope):
                found = graph.add(state.SharedVariable(self.storage), (), self.storage.name).outputs[0]
            graph.shared[id(self.storage)] = found
        return found

    def made_with(self) -> AbstractContextManager[None]:
        """Nodes made inside count as made where a graph's own variable was: one wants to know whose update they are."""
        return nullcontext() if self.storage is not None else self.graph.made_at(self.node.origin)

    if TYPE_CHECKING:                       # given by session.py, which needs variables
        def eval(self, feed_dict: Any = None, session: Any = None) -> Any: ...

    # ------------------------------------------------ what it is

    @property
    def graph(self) -> Graph:
        return self.handle.node.graph

    @property
    def op(self) -> Node:
        return self.handle.node

    @property
    def node(self) -> Node:
        return self.handle.node

    @property
    def name(self) -> str:
        return f"{self.storage.name}:0" if self.storage is not None else self.handle.name

    @property
    def dtype(self) -> DType:
        return as_dtype(self.storage.array.dtype) if self.storage is not None else self.handle.dtype

    @property
    def type(self) -> Typed:
        """dtype and shape of one that has its value."""
        return typed(self.array.dtype, self.array.shape)

    @property
    def shape(self) -> Shape:
        return Shape(self.storage.array.shape) if self.storage is not None else self.handle.shape

    @property
    def trainable(self) -> bool:
        return self.storage.trainable if self.storage is not None else bool(self.handle.node.op.trainable)

    @property
    def device(self) -> str:
        return DEVICE

    def get_shape(self) -> Shape:
        return as_looked_at(self.shape)

    @property
    def initial_value(self) -> Tensor:
        """What its initializer assigns; only a variable of a graph has one."""
        if self.storage is not None:
            raise InvalidArgumentError(f"{self.name} was made with its value; there is no initializer")
        return self.handle.node.inputs[0]

    @property
    def initializer(self) -> Node:
        """The node that gives it its initial value."""
        if self._initializer is None:
            graph = self.graph
            if self.storage is not None:        # it has its value
                return graph.add(NoOp(), (), f"{self.storage.name}/Assign")
            with graph.control_dependencies(None), graph.name_scope(None):
                name = f"{self.handle.node.name}/Assign"
                self._initializer = graph.add(state.Assign(), (self.handle, self.initial_value), name)
        return self._initializer

    def __repr__(self) -> str:
        value = "" if self.storage is None else f", numpy={shown(self.storage.array)}"
        return f"<tf.Variable {self.name!r} shape={self.shape} dtype={self.dtype.name}{value}>"

    def __hash__(self) -> int:
        return id(self) >> 4

    # ------------------------------------------------ its value

    def as_graph_tensor(self, graph: Graph) -> Tensor:
        """The value as an operand: at the start of a run, or after the control dependencies in force."""
        if self.storage is not None:
            return value_of(self.handle_in(graph.root), graph)
        if not graph.receives(self.graph):
            raise GraphMismatchError(
                f"variable {self.name} belongs to another graph", fix="build inside the graph that the variable is in"
            )
        return value_of(self.handle, graph)

    def apply_op(self, op: Any, operands: Sequence[Any], name: str | None) -> Any:
        return build(op, operands, name, receiving_graph(self.graph))

    def read_value(self) -> Any:
        """A tensor with the value at this point of the program: after the control dependencies in force."""
        if self.storage is not None and not is_drawing():
            return L.identity(self)
        graph = receiving_graph(self.graph)
        handle = self.handle
        return graph.add(state.ReadVariable(), (handle,), f"{handle.node.name}/Read").outputs[0]

    value = read_value

    def numpy(self) -> Any:
        """A copy of its value.

        Raises
        ------
        InvalidArgumentError for a variable of a graph: its values are in sessions.
        """
        return self.array.copy() if self.array.ndim else self.array[()]

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray[Any, Any]:
        if is_drawing() and get_default_graph().root.in_order:
            raise InvalidArgumentError(         # it would be the value of the first call in all
                f"{self.name} has no value while a function is traced, so numpy cannot read it",
                fix="use the graphengine function of the same name",
            )
        return np.array(self.array, dtype)

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.read_value())

    def __getitem__(self, index: Any) -> Any:
        """A part, which `variable_parts` lets be assigned to."""
        found = super().__getitem__(index)
        found.part = self, index
        return found

    def __bool__(self) -> bool:
        return bool(self.read_value())

    def __float__(self) -> float:
        return float(self.read_value())

    def __int__(self) -> int:
        return int(self.read_value())

    def __format__(self, spec: str) -> str:
        return format(self.numpy(), spec) if spec and self.storage is not None else format(repr(self), spec)

    def gather_nd(self, indices: Any, name: str | None = None) -> Any:
        """`gather_nd` of its value."""
        return L.gather_nd(self, indices, name=name)

    def sparse_read(self, indices: Any, name: str | None = None) -> Any:
        """`gather` of its value along the first axis."""
        return L.gather(self, indices, name=name)

    # ------------------------------------------------ changing it

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Give it a new value: now, or while a graph is drawn, whenever the tensor that is returned runs.

        Returns
        -------
        The variable, or while a graph is drawn a tensor with the new value.

        Raises
        ------
        ShapeError or DTypeError if the value does not fit.
        """
        return self._changed(_ASSIGN, value, name)

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """As `assign`, adding to the value."""
        return self._changed(_ASSIGN_ADD, delta, name)

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """As `assign`, subtracting from the value."""
        return self._changed(_ASSIGN_SUB, delta, name)

    def _changed(self, op: Any, value: Any, name: str | None) -> Any:
        if self.storage is None or is_drawing() or isinstance(value, Tensor):
            graph = receiving_graph(value.graph if isinstance(value, Tensor) else self.graph)
            return build(op, (self.handle_in(graph.root), value), name, graph)
        own = self.storage.array
        if op is _ASSIGN and isinstance(value, np.ndarray) and value.dtype == own.dtype \
                and value.shape == own.shape:
            own[...] = value
            return self
        given = as_array(getattr(value, "array", value), self.dtype, op.name, "value")
        if given.shape != own.shape:
            raise ShapeError(f"the variable has shape {own.shape}, the value {given.shape}", op=op.name,
                             node=self.name, at=str(user_line()))
        with self.storage.lock, ON_SHARED:
            own[...] = op.updated(own, given)
        return self

    def __deepcopy__(self, memo: Any) -> Variable:
        return Variable(self.numpy(), self.trainable, name=self.name.removesuffix(":0"))


def tensor_of(value: Any) -> Tensor:
    """A tensor as it is, or the value of a variable.

    Raises
    ------
    InvalidArgumentError for anything else.
    """
    if isinstance(value, Variable):
        return value.as_graph_tensor(receiving_graph(value.graph))
    if not isinstance(value, Tensor):
        raise InvalidArgumentError(f"{value!r} is no tensor of a graph", fix="convert_to_tensor(value)")
    return value


def global_variables(graph: Graph | None = None) -> list[Variable]:
    """The variables of a graph, in the order in which they were made."""
    graph = graph or get_default_graph()
    known: list[Variable] = graph.collections.setdefault(GLOBAL_VARIABLES, [])
    seen = {id(v.handle_in(graph).node) for v in (*known, *graph.get_collection(LOCAL_VARIABLES))}
    known += [Variable.of_node(n) for n in graph.nodes if isinstance(n.op, state.SEEN) and id(n) not in seen]
    return list(known)


def trainable_variables(graph: Graph | None = None) -> list[Variable]:
    """Those that optimizers change."""
    return [v for v in global_variables(graph) if v.trainable]


def variables_initializer(var_list: Sequence[Variable], name: str = "init") -> Node:
    """A node that gives each of these variables its initial value."""
    graph = var_list[0].graph if var_list else get_default_graph()
    with graph.control_dependencies(None):
        return graph.add(NoOp(), (), name, [v.initializer for v in var_list])


def global_variables_initializer() -> Node:
    """A node that gives every variable of the default graph its initial value."""
    return variables_initializer(global_variables())
