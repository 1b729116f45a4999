"""What Keras programs use beside models: labels as vectors, batches of their own, progress, seeds, pictures."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ...frontend.surface import refusing
from ...later import later
from ..config import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from ..data import pack_x_y_sample_weight, unpack_x_y_sample_weight
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
from ..symbolic import clear_session, get_source_inputs
from ..symbolic import is_symbol as is_keras_tensor
from .arrays import normalize, pad_sequences, split_dataset, to_categorical
from .batches import PyDataset, Sequence
from .dtypes import standardize_dtype
from .progress import Progbar
from .seeds import set_random_seed

if TYPE_CHECKING:
    from . import bounding_boxes
    from .drawing import plot_model
    from .graphviz import model_to_dot
    from .images import array_to_img, img_to_array, load_img, save_img
    from .timeseries import timeseries_dataset_from_array

__all__ = [
    "Config", "CustomObjectScope", "Progbar", "PyDataset", "Sequence", "bounding_boxes", "clear_session",
    "custom_object_scope", "deserialize_keras_object", "disable_interactive_logging", "enable_interactive_logging",
    "get_custom_objects", "get_registered_name", "get_registered_object", "get_source_inputs",
    "is_interactive_logging_enabled", "is_keras_tensor", "model_to_dot", "normalize", "pack_x_y_sample_weight",
    "pad_sequences", "plot_model", "register_keras_serializable", "serialize_keras_object", "set_random_seed",
    "split_dataset", "standardize_dtype", "timeseries_dataset_from_array", "to_categorical",
    "unpack_x_y_sample_weight", "array_to_img", "img_to_array", "load_img", "save_img",
]
__getattr__, __dir__ = later(__name__, {
    "Config": ".config:Config", "model_to_dot": ".graphviz:model_to_dot",
    "bounding_boxes": ".bounding_boxes", "plot_model": ".drawing:plot_model",
    **{name: f".images:{name}" for name in ("array_to_img", "img_to_array", "load_img", "save_img")},
    "timeseries_dataset_from_array": ".timeseries:timeseries_dataset_from_array",
}, refusing(__name__, lambda: __all__))
