"""Variables as TensorFlow 1 makes them: in a graph, in collections, found again by name within variable scopes.

What a graph's scopes know is kept in the graph's own collections, so equal names in two graphs are two variables.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from ... import dtypes
from ...dtypes import as_dtype
from ...errors import InvalidArgumentError, ShapeError
from ...frontend import variables
from ...frontend.build import convert_to_tensor
from ...frontend.calls import numpy_function
from ...frontend.session import session_for
from ...frontend.store import store_in_use
from ...frontend.variables import GLOBAL_VARIABLES, LOCAL_VARIABLES, TRAINABLE_VARIABLES
from ...ir.dims import Shape
from ...ir.graph import Graph, get_default_graph
from ...ir.node import Node
from ...ops import state
from .initializers import Initializer, glorot_uniform_initializer, zeros_initializer

VARIABLE_STORE = "__variable_store"         # collection that holds a graph's `_Store`


class GraphKeys:
    """Names of the collections that the library itself uses."""

    GLOBAL_VARIABLES = VARIABLES = GLOBAL_VARIABLES
    LOCAL_VARIABLES = LOCAL_VARIABLES
    TRAINABLE_VARIABLES = TRAINABLE_VARIABLES
    MODEL_VARIABLES = "model_variables"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    METRIC_VARIABLES = "metric_variables"
    REGULARIZATION_LOSSES = "regularization_losses"
    LOSSES = "losses"
    UPDATE_OPS = "update_ops"
    TRAIN_OP = "train_op"
    GLOBAL_STEP = "global_step"
    SUMMARIES = "summaries"
    SUMMARY_OP = "summary_op"
    INIT_OP = "init_op"
    LOCAL_INIT_OP = "local_init_op"
    READY_OP = "ready_op"
    READY_FOR_LOCAL_INIT_OP = "ready_for_local_init_op"
    SAVERS = "savers"
    EVAL_STEP = "eval_step"
    TABLE_INITIALIZERS = "table_initializer"
    ASSET_FILEPATHS = "asset_filepaths"
    QUEUE_RUNNERS = "queue_runners"
    WEIGHTS = "weights"
    BIASES = "biases"
    ACTIVATIONS = "activations"


class _AutoReuse:
    def __repr__(self) -> str:
        return "AUTO_REUSE"


AUTO_REUSE = _AutoReuse()


class Variable(variables.Variable):
    """A variable of a graph.

    Parameters
    ----------
    initial_value : number, array, tensor, or a function that gives one
    trainable : whether optimizers change it; True if None
    collections : names of the graph's collections that it joins; that of global variables if None
    name, dtype : as for graphengine.Variable

    The other arguments of TensorFlow 1 are accepted and ask for nothing.
    """

    __slots__ = ()

    def __init__(
        self, initial_value: Any = None, trainable: bool | None = None, collections: Sequence[str] | None = None,
        validate_shape: bool = True, caching_device: Any = None, name: str | None = None, variable_def: Any = None,
        dtype: Any = None, expected_shape: Any = None, import_scope: str | None = None, constraint: Any = None,
        use_resource: bool | None = None, synchronization: Any = None, aggregation: Any = None, shape: Any = None,
    ) -> None:
        if initial_value is None:
            raise InvalidArgumentError("initial_value is missing", op="Variable")
        graph = get_default_graph().root
        wanted = [GLOBAL_VARIABLES] if collections is None else list(collections)
        with graph.as_default():
            value = initial_value() if callable(initial_value) else initial_value
            super().__init__(value, trainable is not False, name=name, dtype=dtype)
        for key in (GLOBAL_VARIABLES, TRAINABLE_VARIABLES):         # the base has joined these
            known = graph.get_collection_ref(key)
            if known and known[-1] is self and not (key in wanted or (key == TRAINABLE_VARIABLES and self.trainable)):
                known.pop()
        for key in wanted:
            if key not in (GLOBAL_VARIABLES, TRAINABLE_VARIABLES):
                graph.add_to_collection(key, self)

    def initialized_value(self) -> Any:
        """Its initial value."""
        return self.initial_value

    def start_from(self, value: Any) -> None:
        """Let its initializer give it another value from now on."""
        graph = self.graph
        with graph.as_default(), graph.control_dependencies(None), graph.name_scope(None):
            self._initializer = graph.add(state.Assign(), (self.handle, convert_to_tensor(value)),
                                          f"{self.op.name}/Assign")

    def load(self, value: Any, session: Any = None) -> None:
        """Give it a value in a session, the default one if None."""
        session_for(self, session).load_variables({self.op.name: value})


# -------------------------------------------------------------------- scopes

class VariableScope:
    """What `get_variable` takes from the scopes around it."""

    def __init__(
        self, reuse: Any = None, name: str = "", initializer: Any = None, regularizer: Any = None, dtype: Any = None,
        original_name_scope: str = "",
    ) -> None:
        self.reuse = reuse
        self.name = name
        self.initializer = initializer
        self.regularizer = regularizer
        self.dtype = dtypes.float32 if dtype is None else as_dtype(dtype)
        self.original_name_scope = original_name_scope

    def reuse_variables(self) -> None:
        """From now on only variables that exist are given."""
        self.reuse = True

    def set_initializer(self, initializer: Any) -> None:
        self.initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        self.regularizer = regularizer

    def get_collection(self, name: str) -> list[Any]:
        """What of a collection has a name within the scope."""
        return get_default_graph().root.get_collection(name, f"{self.name}/" if self.name else None)

    def global_variables(self) -> list[Any]:
        return self.get_collection(GLOBAL_VARIABLES)

    def local_variables(self) -> list[Any]:
        return self.get_collection(LOCAL_VARIABLES)

    def trainable_variables(self) -> list[Any]:
        return self.get_collection(TRAINABLE_VARIABLES)


class _Store:
    """The variables of `get_variable` in a graph, and the scope that is open."""

    def __init__(self) -> None:
        self.variables: dict[str, Variable] = {}
        self.scope = VariableScope()
        self.opened: dict[str, int] = {}                # how often a scope of this name was opened

    @staticmethod
    def of(graph: Graph) -> _Store:
        kept = graph.root.get_collection_ref(VARIABLE_STORE)
        if not kept:
            kept.append(_Store())
        return kept[0]  # type: ignore[no-any-return]

    @property
    def prefix(self) -> str:
        """What stands before names within the scope that is open."""
        return f"{self.scope.name}/" if self.scope.name else ""

    def enter(self, scope: VariableScope, graph: Graph) -> None:
        """Make a scope the open one."""
        self.scope = scope
        graph.root.variable_prefix = self.prefix

    def unique(self, name: str) -> str:
        """`name`, or with ``_1``, ``_2`` ... if a scope of this name was open."""
        count, found = 0, name
        while self.opened.get(self.prefix + found):
            count += 1
            found = f"{name}_{count}"
        return found


def known_variables() -> dict[str, Variable]:
    """The variables of `get_variable` in the default graph, by name."""
    return dict(_Store.of(get_default_graph()).variables)


def get_variable_scope() -> VariableScope:
    """The variable scope that is open."""
    return _Store.of(get_default_graph()).scope


@contextmanager
def variable_scope(
    name_or_scope: Any = None, default_name: str | None = None, values: Any = None, initializer: Any = None,
    regularizer: Any = None, caching_device: Any = None, partitioner: Any = None, custom_getter: Any = None,
    reuse: Any = None, dtype: Any = None, use_resource: bool | None = None, constraint: Any = None,
    auxiliary_name_scope: bool = True,
) -> Iterator[VariableScope]:
    """A ``with`` block in which `get_variable` puts ``name/`` before names and finds variables again.

    Parameters
    ----------
    name_or_scope : a name, or a scope to enter again
    default_name : what to call it if `name_or_scope` is None, with a number if there was one
    initializer, regularizer, dtype : what `get_variable` uses inside where nothing is said
    reuse : True: variables have to exist; `AUTO_REUSE`: they are made if they do not; None: as around it
    auxiliary_name_scope : whether to open a name scope for ops, too
    """
    graph = get_default_graph()
    store = _Store.of(graph)
    before = store.scope
    if name_or_scope is None:
        if default_name is None:
            raise InvalidArgumentError("variable_scope has neither a name nor a default_name")
        name_or_scope = store.unique(default_name)
    if isinstance(name_or_scope, VariableScope):
        model, full, ops = name_or_scope, name_or_scope.name, name_or_scope.name.rpartition("/")[2] or None
    else:
        model, ops = before, str(name_or_scope)
        full = store.prefix + ops
        store.opened[full] = store.opened.get(full, 0) + 1
    scope = VariableScope(
        model.reuse if reuse is None or model.reuse is True else reuse, full, initializer or model.initializer,
        regularizer or model.regularizer, dtype or model.dtype,
    )
    with ExitStack() as stack:
        if auxiliary_name_scope and ops:
            scope.original_name_scope = stack.enter_context(graph.name_scope(ops))
        store.enter(scope, graph)
        try:
            yield scope
        finally:
            store.enter(before, graph)
            for name in [n for n in store.opened if n.startswith(f"{full}/")]:
                del store.opened[name]


@contextmanager
def variable_op_scope(
    values: Any, name_or_scope: Any, default_name: str | None = None, **settings: Any
) -> Iterator[VariableScope]:
    """`variable_scope` with its arguments in another order."""
    with variable_scope(name_or_scope, default_name, **settings) as scope:
        yield scope


def get_variable(
    name: str, shape: Any = None, dtype: Any = None, initializer: Any = None, regularizer: Any = None,
    trainable: bool | None = None, collections: Sequence[str] | None = None, caching_device: Any = None,
    partitioner: Any = None, validate_shape: bool = True, use_resource: bool | None = None, custom_getter: Any = None,
    constraint: Any = None, synchronization: Any = None, aggregation: Any = None,
) -> Any:
    """The variable of this name in the open variable scope; it is made, or has to exist, as the scope's `reuse` says.

    Parameters
    ----------
    shape : sizes; may be left out if `initializer` is an array or tensor, or the variable exists
    dtype : of the elements; the scope's, float32, if None
    initializer : object or function of (shape, dtype), or the value itself; the scope's if None, else Glorot's uniform
        numbers, zeros for whole numbers
    regularizer : function of the variable whose value joins the collection of regularization losses

    Raises
    ------
    InvalidArgumentError if it exists and should not, or the reverse. ShapeError if it exists with other sizes.
    """
    graph = get_default_graph().root
    store = _Store.of(graph)
    scope = store.scope
    full = store.prefix + name
    known = store.variables.get(full)
    if known is not None:
        if not scope.reuse:
            raise InvalidArgumentError(f"variable {full} already exists", op="get_variable",
                                       fix="set reuse=True or reuse=tf.AUTO_REUSE in its variable_scope")
        wanted = known.shape if shape is None else Shape([shape] if isinstance(shape, int) else shape)
        if tuple(wanted) != tuple(known.shape):
            raise ShapeError(f"variable {full} has shape {known.shape}, {wanted} is asked for", op="get_variable")
        return known
    if scope.reuse is True:
        raise InvalidArgumentError(f"variable {full} does not exist, and its scope has reuse=True", op="get_variable",
                                   fix="make it first, or set reuse=tf.AUTO_REUSE")
    kind = scope.dtype if dtype is None else as_dtype(dtype)
    start = initializer if initializer is not None else scope.initializer
    with graph.as_default(), graph.control_dependencies(None), graph.name_scope(f"{full}/Initializer/"):
        value = _initial(full, start, shape, kind, is_given=dtype is not None)
    with graph.name_scope(None):
        made = Variable(value, trainable, collections, name=full)
    store.variables[full] = made
    loss = (regularizer or scope.regularizer or (lambda v: None))(made)
    if loss is not None:
        graph.add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)
    return made


def _initial(name: str, start: Any, shape: Any, kind: dtypes.DType, is_given: bool) -> Any:
    if isinstance(start, type) and issubclass(start, Initializer):
        start = start()
    if start is not None and not callable(start):
        value = convert_to_tensor(start, kind if is_given else None)
        if shape is not None and tuple(value.shape) != tuple(Shape([shape] if isinstance(shape, int) else shape)):
            raise ShapeError(f"variable {name}: shape is {shape}, the initial value has {value.shape}",
                             op="get_variable", fix="leave out shape")
        return value
    if shape is None and (start is None or isinstance(start, Initializer)):
        raise ShapeError(f"variable {name} has no shape", op="get_variable", fix="shape=[...]")
    if start is None:
        start = glorot_uniform_initializer() if kind.is_floating else zeros_initializer()
    if shape is None:
        return convert_to_tensor(start())
    sizes = Shape([shape] if isinstance(shape, int) else shape)
    if not sizes.is_fully_defined():
        raise ShapeError(f"variable {name}: shape {sizes} is not known", op="get_variable")
    return convert_to_tensor(start(sizes.numbers(), dtype=kind))


def get_local_variable(name: str, *args: Any, **settings: Any) -> Any:
    """As `get_variable`, of a variable that is no part of the model: counts of metrics and the like."""
    return get_variable(name, *args, **{**settings, "trainable": False, "collections": [LOCAL_VARIABLES]})


def no_regularizer(_: Any) -> None:
    """No loss: the regularizer of a variable that is to have none."""


# -------------------------------------------------------------------- collections

def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """What was put into a collection of the default graph; with `scope` what has a name that begins with it."""
    variables.global_variables()            # a graph from a file fills the collection when it is asked
    return get_default_graph().root.get_collection(key, scope)


def get_collection_ref(key: str) -> list[Any]:
    """A collection of the default graph itself."""
    return get_default_graph().root.get_collection_ref(key)


def add_to_collection(name: str, value: Any) -> None:
    """Put something into a collection of the default graph."""
    get_default_graph().root.add_to_collection(name, value)


def add_to_collections(names: Any, value: Any) -> None:
    """Put something into several collections of the default graph."""
    get_default_graph().root.add_to_collections(names, value)


def global_variables(scope: str | None = None) -> list[Any]:
    """The variables of the default graph, local ones aside."""
    return get_collection(GLOBAL_VARIABLES, scope)


def trainable_variables(scope: str | None = None) -> list[Any]:
    """Those that optimizers change."""
    return [v for v in get_collection(GLOBAL_VARIABLES, scope) if v.trainable]


def local_variables(scope: str | None = None) -> list[Any]:
    """Variables that are no part of the model."""
    return get_collection(LOCAL_VARIABLES, scope)


def model_variables(scope: str | None = None) -> list[Any]:
    """What layers put into the collection of the model's variables."""
    return get_collection(GraphKeys.MODEL_VARIABLES, scope)


def moving_average_variables(scope: str | None = None) -> list[Any]:
    """Variables of which averages are kept."""
    return get_collection(GraphKeys.MOVING_AVERAGE_VARIABLES, scope)


def local_variables_initializer() -> Node:
    """A node that gives every local variable its initial value."""
    return variables.variables_initializer(local_variables(), "init_local")


def is_variable_initialized(variable: Any) -> Any:
    """Whether a variable has a value in the session that runs this."""
    name = variable.op.name
    known = numpy_function(lambda: np.bool_(name in store_in_use().initialized), [], dtypes.bool)
    known.set_shape(())
    return known


def assert_variables_initialized(var_list: Sequence[Any] | None = None) -> Node | None:
    """A node that fails, when run, with FailedPreconditionError unless variables have values; None if there are none.

    var_list : all global and local ones if None
    """
    chosen = [*global_variables(), *local_variables()] if var_list is None else list(var_list)
    names = [v.op.name for v in chosen]
    return numpy_function(lambda: store_in_use().require(names), [], []) if chosen else None


# -------------------------------------------------------------------- assignments

def assign(
    ref: Any, value: Any, validate_shape: bool | None = None, use_locking: bool | None = None, name: str | None = None
) -> Any:
    """A tensor that, when it runs, gives a variable a new value, and is it."""
    return ref.assign(value, name=name)


def assign_add(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """As `assign`, adding to the value."""
    return ref.assign_add(value, name=name)


def assign_sub(ref: Any, value: Any, use_locking: bool | None = None, name: str | None = None) -> Any:
    """As `assign`, subtracting from the value."""
    return ref.assign_sub(value, name=name)


def make_template(name_: str, func_: Callable[..., Any], **kwargs: Any) -> Callable[..., Any]:
    """A function that makes its variables when it is first called, and uses them again later.

    Parameters
    ----------
    name_ : of the variable scope
    func_ : the function
    kwargs : arguments that are the same in each call
    """
    scopes: list[VariableScope] = []

    def call(*args: Any, **settings: Any) -> Any:
        with variable_scope(scopes[0] if scopes else None, name_, reuse=True if scopes else None) as scope:
            if not scopes:
                scopes.append(scope)
            return func_(*args, **{**kwargs, **settings})

    return call
