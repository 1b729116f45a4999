"""A computation engine for static dataflow graphs with TensorFlow's programming model.

Graphs of placeholders, variables and ops are differentiated, optimized, compiled with numba and run by sessions.

    import graphengine as tf
"""
from __future__ import annotations

from . import dtypes as _dtypes
from . import errors
from .dtypes import (
    DType,
    as_dtype,
    bfloat16,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
)
from .dtypes import float16 as half
from .frontend import saved_model, train
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
from .frontend.control import case, cond, foldl, foldr, map_fn, scan, switch_case, while_loop
from .frontend.devices import device
from .frontend.document import load
from .frontend.explain import Explanation, explain
from .frontend.function import TensorSpec, function
from .frontend.module import Module
from .frontend.moments import clip_by_global_norm
from .frontend.pieces import einsum, eye, meshgrid, range, split, unstack
from .frontend.session import Session, get_default_session
from .frontend.surface import namespaces as _namespaces
from .frontend.surface import public_functions as _public_functions
from .frontend.tape import GradientTape, UnconnectedGradients
from .frontend.tensor import Tensor
from .frontend.training import Progress, Training
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
from .runtime.loop import Rows
from .tools.edit import edit

__version__ = "0.1.0"

bool = _dtypes.bool

_functions, _modules = _namespaces(_public_functions())
globals().update(_functions)
globals().update(_modules)

_PACKAGES = {name: f"{__name__}.{name}" for name in ("compat", "keras")}     # loaded when they are first used
_PACKAGES["autograph"] = f"{__name__}.frontend.autograph"


def __getattr__(name: str) -> object:
    """Packages that are loaded when they are first used; an error for a name that is not here."""
    if name in _PACKAGES:
        from importlib import import_module

        return import_module(_PACKAGES[name])
    if not name.startswith("_"):
        from .frontend.surface import hint

        raise AttributeError(f"graphengine has no {name!r}{hint(name, __all__)}")
    raise AttributeError(name)


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
