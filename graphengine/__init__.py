"""A computation engine for static dataflow graphs with TensorFlow's programming model.

Graphs of placeholders, variables and ops are differentiated, optimized, compiled with numba and run by sessions.

    import graphengine as tf
"""
from __future__ import annotations

from typing import TYPE_CHECKING as _TYPE_CHECKING

from . import dtypes as _dtypes
from . import errors
from .dtypes import (
    DType,
    as_dtype,
    bfloat16,
    double,  # noqa: F401 - a second name, as `half` is
    float16,
    float32,
    float64,
    half,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
)
from .frontend import train
from .frontend.build import (
    constant,
    control_dependencies,
    convert_to_tensor,
    executing_eagerly,
    fill,
    gradients,
    group,
    init_scope,
    name_scope,
    no_op,
    ones,
    placeholder,
    zeros,
)
from .frontend.control import case, cond, switch_case, while_loop
from .frontend.devices import device
from .frontend.document import load
from .frontend.folds import foldl, foldr, map_fn, scan
from .frontend.function import TensorSpec, function
from .frontend.module import Module
from .frontend.moments import clip_by_global_norm
from .frontend.pieces import einsum, eye, meshgrid, range, split, unstack
from .frontend.session import Session, get_default_session
from .frontend.surface import namespaces as _namespaces
from .frontend.surface import public_function as _public_function
from .frontend.surface import public_names as _public_names
from .frontend.surface import refusing as _refusing
from .frontend.tape import GradientTape, UnconnectedGradients
from .frontend.tensor import Tensor
from .frontend.variables import (
    Variable,
    global_variables,
    global_variables_initializer,
    trainable_variables,
    variables_initializer,
)
from .ir import Graph, get_default_graph, reset_default_graph
from .ir.dims import Shape as TensorShape
from .ir.node import Node as Operation
from .later import later as _later
from .runtime.loop import Rows
from .version import VERSION as __version__  # noqa: F401 - where Python programs look for it

if _TYPE_CHECKING:
    from .frontend import saved_model
    from .frontend.explain import explain
    from .frontend.explanation import Explanation
    from .keras.train_section import Progress, Training
    from .tools.edit import edit


bool = _dtypes.bool

_functions, _modules = _namespaces(_public_names(), _public_function)
globals().update(_modules)

def _function(name: str) -> object:
    """A public function, made when it is first used; an error for a name that is not here."""
    if name in _functions:
        return _public_function(name)
    return _refusing(__name__, lambda: __all__)(name)


newaxis = None
__getattr__, __dir__ = _later(__name__, {
    "TensorArray": ".frontend.tensor_array:TensorArray", "IndexedSlices": ".frontend.variable_parts:IndexedSlices",
    "Explanation": ".frontend.explanation:Explanation", "autograph": ".frontend.autograph", "compat": ".compat",
    "constant_initializer": ".keras.initializers:Constant", "data": ".data", "edit": ".tools.edit:edit",
    "Progress": ".keras.train_section:Progress", "Training": ".keras.train_section:Training",
    "explain": ".frontend.explain:explain", "initializers": ".keras.initializers", "keras": ".keras",
    "losses": ".keras.losses", "metrics": ".keras.metrics", "ones_initializer": ".keras.initializers:Ones",
    "optimizers": ".keras.optimizers", "random_normal_initializer": ".keras.initializers:RandomNormal",
    "random_uniform_initializer": ".keras.initializers:RandomUniform", "saved_model": ".frontend.saved_model",
    "zeros_initializer": ".keras.initializers:Zeros",
    "io": ".io", "summary": ".keras.summaries", "test": ".frontend.testing", "version": ".version",
}, _function)

__all__ = [
    "DType",
    "Explanation",
    "GradientTape",
    "Graph",
    "Module",
    "Operation",
    "Progress",
    "Rows",
    "Session",
    "Tensor",
    "TensorArray",
    "TensorShape",
    "TensorSpec",
    "Training",
    "UnconnectedGradients",
    "Variable",
    "as_dtype",
    "bfloat16",
    "bool",
    "case",
    "clip_by_global_norm",
    "cond",
    "constant",
    "control_dependencies",
    "convert_to_tensor",
    "device",
    "edit",
    "einsum",
    "errors",
    "executing_eagerly",
    "explain",
    "eye",
    "fill",
    "float16",
    "float32",
    "float64",
    "foldl",
    "foldr",
    "function",
    "get_default_graph",
    "get_default_session",
    "global_variables",
    "global_variables_initializer",
    "gradients",
    "group",
    "half",
    "init_scope",
    "int16",
    "int32",
    "int64",
    "int8",
    "load",
    "map_fn",
    "meshgrid",
    "name_scope",
    "no_op",
    "ones",
    "placeholder",
    "range",
    "reset_default_graph",
    "saved_model",
    "scan",
    "split",
    "switch_case",
    "train",
    "trainable_variables",
    "uint16",
    "uint32",
    "uint8",
    "unstack",
    "variables_initializer",
    "while_loop",
    "zeros",
]
__all__ += sorted([*_functions, *_modules])
