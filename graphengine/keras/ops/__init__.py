"""Keras 3's functions of tensors, with numpy's names and rules for types; they take arrays, tensors and symbols.

    from graphengine.keras import ops
"""
from __future__ import annotations

import inspect
import sys
from types import ModuleType

from ...frontend.absent import recorded as recorded_spaces
from ...frontend.surface import refusing
from ...later import later
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
    spectra,
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
        pointwise, numeric, missing, arrangement, parts, order, series, spectra, matrices, neural, windows, core,
        functions,
    ) for name, f in _functions(module).items()},
}
_NAMES.pop("truth")
_NAMES = {name: f if name in PLAIN.split() else recorded(name, f) for name, f in _NAMES.items()}  # type: ignore[arg-type]
globals().update(_NAMES)
__all__ = sorted(_NAMES)
_refused = refusing(__name__, lambda: __all__)


def _space(short: str) -> object:
    """Some of these functions once more, as Keras names where they are from: `nn`, `numpy`, `linalg`."""
    if short not in ("linalg", "nn", "numpy"):
        return _refused(short)
    name = f"{__name__}.{short}"
    module = sys.modules[name] = ModuleType(name, f"Functions of keras.ops that Keras has in {short}.")
    names = [known for known in recorded_spaces()[f"keras.ops.{short}"] if known in _NAMES]
    vars(module).update({known: _NAMES[known] for known in names}, __all__=names,
                        __getattr__=refusing(name, lambda: names))
    return module


__getattr__, __dir__ = later(__name__, {"image": ".image"}, _space)
