"""The base of TensorFlow 1's layers: Keras's, whose weights are variables of the scopes that are open."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import InvalidArgumentError
from ...frontend import nest
from ...frontend.build import convert_to_tensor
from ...frontend.session import session_for
from ...frontend.structure import flatten
from ...ir.graph import get_default_graph
from ...keras import initializers, layer, regularizers
from ...keras.input_spec import check_inputs
from ...keras.naming import to_snake_case
from ...keras.shapes import shapes_of
from ...ops.language import L
from .variables import GraphKeys, VariableScope, add_to_collection, get_variable, variable_scope

OLD_ORDER = ("name", "shape", "dtype", "initializer", "regularizer", "trainable", "constraint")
NEW_ORDER = ("shape", "initializer", "dtype", "trainable", "autocast", "regularizer", "constraint")


class Layer(layer.Layer):
    """A function of tensors with variables, which `get_variable` makes, or finds, in the layer's variable scope.

    Parameters
    ----------
    trainable : whether its variables join those that optimizers change
    name : of its variable scope; that of the class if None. A number is put behind a name that a scope has had.
    dtype : type of its variables; that of the first input if None
    """

    def __init__(self, trainable: bool = True, name: Any = None, dtype: Any = None, **kwargs: Any) -> None:
        scope = kwargs.pop("_scope", None)
        self._reuse = kwargs.pop("_reuse", None)
        label = name.name if isinstance(name, VariableScope) else name
        super().__init__(trainable=trainable, dtype=dtype, name=label, **kwargs)
        self._takes_input_dtype = dtype is None
        self._scope_name = label or to_snake_case(type(self).__name__)
        self._opened: VariableScope | None = None
        self.updates: list[Any] = []        # nodes that bring moving averages up to date
        if scope is not None:
            self._open(scope)

    def _open(self, scope: Any = None) -> VariableScope:
        """The layer's variable scope, settled when it is first wanted."""
        if self._opened is None:
            wanted = self._scope_name if scope is None and self._reuse else scope
            with variable_scope(wanted, self._scope_name) as opened:
                self._opened = opened
        return self._opened

    @property
    def scope_name(self) -> str:
        """The name of its variable scope.

        Raises
        ------
        InvalidArgumentError before the layer was called.
        """
        if self._opened is None:
            raise InvalidArgumentError(f"layer {self.name!r} has a scope from its first call on", op="scope_name",
                                       fix="call the layer first")
        return self._opened.name

    # ------------------------------------------------ variables, losses and updates

    def add_weight(self, *args: Any, **settings: Any) -> Any:
        """A variable of the layer's scope.

        Parameters
        ----------
        name, shape : or the shape alone, as Keras's layers give it
        dtype : the layer's if None
        initializer, regularizer : the scope's if None
        trainable : whether it joins those that optimizers change; not those of a layer that is not trained
        """
        order = OLD_ORDER if args and isinstance(args[0], str) else NEW_ORDER
        return self._weight(**dict(zip(order, args, strict=False)), **settings)

    def _weight(
        self, name: str = "variable", shape: Any = (), dtype: Any = None, initializer: Any = None,
        regularizer: Any = None, trainable: bool | None = True, constraint: Any = None, **others: Any,
    ) -> Any:
        start = initializers.get(initializer) if isinstance(initializer, (str, dict)) else initializer
        rule = regularizers.get(regularizer)
        with self._graph.as_default(), variable_scope(self._open(), reuse=self._reuse, auxiliary_name_scope=False):
            made = get_variable(name, shape, dtype or self._dtype, start, rule, trainable is not False and
                                self.trainable, constraint=constraint)
        self._own_weights.append(made)
        if rule is not None:
            self._weight_losses.append(lambda: rule(made))
        return made

    add_variable = add_weight

    def add_loss(self, losses: Any, inputs: Any = None) -> None:
        """Add a number, or several, to what training makes small: to the collection of regularization losses."""
        super().add_loss(losses)
        for loss in flatten(losses)[1]:
            add_to_collection(GraphKeys.REGULARIZATION_LOSSES, loss)

    def add_update(self, updates: Any, inputs: Any = None) -> None:
        """Keep nodes that are to run with each step, in `updates` and in ``UPDATE_OPS``, if the layer is trained."""
        for update in flatten(updates)[1] if self.trainable else ():
            self.updates.append(update)
            add_to_collection(GraphKeys.UPDATE_OPS, update)

    # ------------------------------------------------ calling

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """Results for tensors, with variables that are made at the first call.

        Parameters
        ----------
        scope : variable scope to use in the place of the layer's own, at the first call
        """
        inputs = nest.map_structure(convert_to_tensor, inputs)
        if self._takes_input_dtype and not self.built:
            found = flatten(inputs)[1][0].dtype
            self._dtype = found.name if found.is_floating else self._dtype
        opened = self._open(kwargs.pop("scope", None))
        self._graph = get_default_graph()
        with (variable_scope(opened, reuse=True if self.built else self._reuse, auxiliary_name_scope=False),
              self._graph.name_scope(opened.original_name_scope or None)):
            if self.input_spec is not None:
                check_inputs(self.input_spec, inputs, self.name, type(self).__name__)
            if not self.built:
                self.build(shapes_of(inputs))
                self.built = True
            result = self.call(inputs, *args, **kwargs)
            if self.activity_regularizer is not None:
                for x in flatten(result)[1]:
                    self.add_loss(self.activity_regularizer(x) / L.cast(L.shape_of(x)[0], x.dtype))
        return result

    def apply(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The same as calling the layer."""
        return self(inputs, *args, **kwargs)

    @property
    def losses(self) -> list[Any]:
        """What it has added to what training makes small, as tensors."""
        return super().losses

    def get_weights(self) -> list[Any]:
        """Values of its variables in the default session."""
        return [v.eval() for v in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Give its variables values in the default session."""
        for variable, value in zip(self.weights, weights, strict=True):
            session_for(variable, None).load_variables({variable.op.name: value})
