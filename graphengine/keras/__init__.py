"""Keras 3's names for layers, losses, metrics and models, on graphengine's ops.

    from graphengine import keras
"""
from __future__ import annotations

from ..frontend.variables import Variable
from . import (
    activations,
    backend,
    callbacks,
    config,
    constraints,
    datasets,
    initializers,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    preprocessing,
    registry,
    regularizers,
    saving,
    utils,
)
from .functional import Input
from .input_spec import InputSpec
from .layer import Layer
from .model import Functional, Model, Sequential

__all__ = [
    "Functional", "Input", "InputSpec", "Layer", "Model", "Sequential", "Variable", "activations", "backend",
    "callbacks", "config", "constraints", "datasets", "initializers", "layers", "losses", "metrics", "models",
    "optimizers", "preprocessing", "registry", "regularizers", "saving", "utils",
]
