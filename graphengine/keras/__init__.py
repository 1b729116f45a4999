"""Keras 3's names for layers, losses, metrics and models, on graphengine's ops.

    from graphengine import keras
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..frontend.build import name_scope
from ..frontend.surface import refusing
from ..later import later
from . import (
    activations,
    backend,
    callbacks,
    config,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    random,
    registry,
    regularizers,
    saving,
    utils,
)
from .config import DTypePolicy
from .functional import Input
from .initializers import Initializer
from .input_spec import InputSpec
from .layer import Layer
from .losses import Loss
from .metrics import Metric
from .model import Functional, Model, Sequential
from .optimizers import Optimizer
from .regularizers import Regularizer
from .variable import Variable

if TYPE_CHECKING:
    from . import datasets, distillation, dtype_policies, mixed_precision, ops, preprocessing, tree, visualization

__all__ = [
    "DTypePolicy", "FloatDTypePolicy", "Functional", "Initializer", "Input", "InputSpec", "Layer", "Loss", "Metric",
    "Model", "Optimizer", "Regularizer", "Sequential", "Variable", "activations", "backend", "callbacks", "config",
    "constraints", "datasets", "distillation", "dtype_policies", "initializers", "layers", "losses", "metrics",
    "mixed_precision", "models", "name_scope", "ops", "optimizers", "preprocessing", "random", "registry",
    "regularizers", "saving", "tree", "utils", "version", "visualization",
]
FloatDTypePolicy = DTypePolicy
registry.register_later("distillation", f"{__name__}.distillation")
_LATER = (
    "datasets", "distillation", "dtype_policies", "mixed_precision", "ops", "preprocessing", "tree", "visualization")
__getattr__, __dir__ = later(
    __name__, {**{name: f".{name}" for name in _LATER}, "__version__": ".saving.files:KERAS_VERSION"},
    refusing(__name__, lambda: __all__))


def version() -> str:
    """The version of Keras whose names, numbers and files these are."""
    from .saving.files import KERAS_VERSION

    return KERAS_VERSION
