"""Saving models and weights, in Keras 3's own files; nothing in a file is ever executed."""
from typing import TYPE_CHECKING

from ...later import later
from ..registry import (
    CustomObjectScope,
    custom_object_scope,
    deserialize_keras_object,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
    serialize_keras_object,
)

if TYPE_CHECKING:
    from .files import load_model, load_weights, save_model, save_weights

__all__ = [
    "CustomObjectScope", "custom_object_scope", "deserialize_keras_object", "get_custom_objects",
    "get_registered_name", "get_registered_object", "load_model", "load_weights", "register_keras_serializable",
    "save_model", "save_weights", "serialize_keras_object",
]

__getattr__, __dir__ = later(__name__, {
    name: f".files:{name}" for name in ("load_model", "load_weights", "save_model", "save_weights")
})
