"""Optimizers with Keras 3's names: functions of gradients that change variables inside the compiled training step."""
from __future__ import annotations

from typing import Any

from ...frontend.surface import refusing
from .. import registry
from . import schedules
from .gradient import SGD, Ftrl, Lion
from .moments import Adam, Adamax, AdamW, Lamb, Nadam
from .optimizer import Optimizer
from .scaled import Adadelta, Adafactor, Adagrad, RMSprop

__all__ = [
    "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "Nadam", "Optimizer",
    "RMSprop", "deserialize", "get", "schedules", "serialize",
]
__getattr__ = refusing(__name__, lambda: __all__)


def get(identifier: Any) -> Any:
    """The optimizer that is meant by a name, a configuration or an optimizer."""
    return registry.get_object("optimizers", identifier)


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """The optimizer's configuration, without its state, as plain data."""
    found: dict[str, Any] = registry.serialize_keras_object(optimizer)
    return found


def deserialize(config: Any, custom_objects: Any = None) -> Any:
    """The optimizer that `serialize` gave a configuration of."""
    return registry.deserialize("optimizers", config, custom_objects)
