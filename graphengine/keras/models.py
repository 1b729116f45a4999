"""Models by Keras's names."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..later import later
from .model import Functional, Model, Sequential, clone_model
from .saving.methods import model_from_json

if TYPE_CHECKING:
    from .saving.files import load_model, save_model

__all__ = ["Functional", "Model", "Sequential", "clone_model", "load_model", "model_from_json", "save_model"]

__getattr__, __dir__ = later(__name__, {name: f"..saving.files:{name}" for name in ("load_model", "save_model")})
