"""Keras 3's functions of tensors, with numpy's names and rules for types; they take arrays, tensors and symbols.

    from graphengine.keras import ops
"""
from __future__ import annotations

import inspect
from types import ModuleType

from ...frontend.surface import refusing
from .. import activations as _activations
from ..naming import is_of_this_package
from ..operation import PLAIN, recorded
from . import (
    arrangement,
    core,
    functions,
    matrices,
    missing,
    neural,
    numeric,
    order,
    parts,
    pointwise,
    series,
    windows,
)


def _functions(module: ModuleType) -> dict[str, object]:
    """The functions that a module defines for users."""
    return {name: f for name, f in vars(module).items() if not name.startswith("_") and inspect.isfunction(f)
            and (f.__module__ == module.__name__)}


# What Keras has in `activations` only.
_OTHER = ("deserialize", "exponential", "get", "linear", "mish", "serialize")
_NAMES: dict[str, object] = {
    **{name: f for name, f in vars(_activations).items() if inspect.isfunction(f) and is_of_this_package(f)
       and f.__module__ == _activations.__name__ and name not in _OTHER},
    **pointwise.FUNCTIONS, **{name: f for module in (
        pointwise, numeric, missing, arrangement, parts, order, series, matrices, neural, windows, core, functions,
    ) for name, f in _functions(module).items()},
}
_NAMES.pop("truth")
_NAMES = {name: f if name in PLAIN.split() else recorded(name, f) for name, f in _NAMES.items()}  # type: ignore[arg-type]
globals().update(_NAMES)
__all__ = sorted(_NAMES)
__getattr__ = refusing(__name__, lambda: __all__)
