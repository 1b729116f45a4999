"""TensorFlow 1's surface: graphs that are drawn first and run by sessions.

    import graphengine.compat.v1 as tf
    tf.disable_v2_behavior()

Everything of `graphengine` is here too; functions take the arguments that TensorFlow 1 had as well as today's.

Examples
--------
>>> import graphengine.compat.v1 as tf
>>> with tf.Graph().as_default():
...     a, b = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
...     c = a + b
...     print(c)
...     with tf.Session() as sess:
...         print(sess.run(c, feed_dict={a: 1.0, b: 2.0}))
Tensor("add:0", dtype=float32)
3.0
"""
from __future__ import annotations

from types import ModuleType as _Module

import graphengine as _today

from ... import version as _version
from ...errors import FailedPreconditionError as _FailedPreconditionError
from ...frontend.surface import PACKAGE as _PACKAGE
from ...frontend.surface import namespaces as _namespaces
from ...frontend.surface import refusing as _refusing
from ...ir.graph import draw_always as _draw_always
from ...ir.graph import is_drawing_always as _is_drawing_always
from . import app, data, errors, flags, initializers, layers, logging, losses, metrics, summary, test, train
from .dimensions import (
    Dimension,
    dimension_at_index,
    dimension_value,
    disable_v2_tensorshape,
    enable_v2_tensorshape,
)
from .initializers import (
    constant_initializer,
    glorot_normal_initializer,
    glorot_uniform_initializer,
    ones_initializer,
    orthogonal_initializer,
    random_normal_initializer,
    random_uniform_initializer,
    truncated_normal_initializer,
    uniform_unit_scaling_initializer,
    variance_scaling_initializer,
    zeros_initializer,
)
from .names import FUNCTIONS as _FUNCTIONS
from .session import ConfigProto, GPUOptions, InteractiveSession, Session
from .variables import (
    AUTO_REUSE,
    GraphKeys,
    Variable,
    VariableScope,
    add_to_collection,
    add_to_collections,
    assert_variables_initialized,
    assign,
    assign_add,
    assign_sub,
    get_collection,
    get_collection_ref,
    get_local_variable,
    get_variable,
    get_variable_scope,
    global_variables,
    is_variable_initialized,
    local_variables,
    local_variables_initializer,
    make_template,
    model_variables,
    moving_average_variables,
    no_regularizer,
    trainable_variables,
    variable_op_scope,
    variable_scope,
)

OpError = errors.OpError
globals().update({name: value for name, value in vars(_version).items() if name.isupper()})
all_variables = global_variables
initialize_all_variables = global_variables_initializer = _today.global_variables_initializer
initialize_local_variables = local_variables_initializer
initialize_variables = variables_initializer = _today.variables_initializer


def tables_initializer(name: str = "init_all_tables") -> object:
    """Nothing to compute, for programs that run it beside `global_variables_initializer`: there are no tables."""
    return _today.no_op(name)


initialize_all_tables = tables_initializer


def disable_v2_behavior() -> None:
    """From now on ops add nodes to the default graph in this process; sizes that are not known are shown as ``?``."""
    disable_eager_execution()
    disable_v2_tensorshape()


def disable_eager_execution() -> None:
    """From now on ops add nodes to the default graph in this process, whatever their operands are."""
    _draw_always()


def enable_eager_execution(config: object = None, device_policy: object = None, execution_mode: object = None) -> None:
    """Nothing: ops compute at once where no graph is drawn, unless the process was told otherwise.

    Raises
    ------
    FailedPreconditionError after `disable_eager_execution`.
    """
    if _is_drawing_always():
        raise _FailedPreconditionError("the whole process draws graphs since disable_eager_execution",
                                       op="enable_eager_execution", fix="leave that call out")


def enable_v2_behavior() -> None:
    """Nothing but what `enable_eager_execution` and `enable_v2_tensorshape` do.

    Raises
    ------
    FailedPreconditionError after `disable_v2_behavior`.
    """
    enable_eager_execution()
    enable_v2_tensorshape()


def enable_resource_variables() -> None:
    """Nothing: variables are of this kind."""


def disable_resource_variables() -> None:
    """Nothing: order among assignments and reads is what control dependencies say, as with TensorFlow 1's variables."""


def __getattr__(name: str) -> object:
    """Today's surface, for what TensorFlow 1 has as it is."""
    return getattr(_today, name) if name in dir(_today) else _refuse(name)


# Of the modules of this folder those that say what they offer: the others are how it is done.
_OWN = [name for name, found in globals().items() if not name.startswith("_") and name != "annotations"
        and (not isinstance(found, _Module) or hasattr(found, "__all__"))]
_functions, _modules = _namespaces(_FUNCTIONS, _FUNCTIONS.__getitem__, f"{_PACKAGE}.compat.v1")
globals().update({name: getattr(_today, name) for name in _today.__all__ if name not in _OWN})
globals().update({name: _FUNCTIONS[name] for name in _functions})
globals().update(_modules)
dtypes = _today.dtypes                      # which has the types too, and whose functions are the same

__all__ = sorted({*_OWN, *_today.__all__, *_functions, *_modules})
_refuse = _refusing(__name__, lambda: __all__)
