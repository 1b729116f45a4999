"""Optimizers with Keras 3's names: functions of gradients that change variables inside the compiled training step."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...frontend.surface import refusing
from ...later import later
from .. import registry
from . import schedules
from .gradient import SGD, Ftrl, Lion
from .moments import Adam, Adamax, AdamW, Lamb, Nadam, ScheduleFreeAdamW
from .optimizer import Optimizer
from .scaled import Adadelta, Adafactor, Adagrad, RMSprop

if TYPE_CHECKING:
    from .orthogonal import Muon
    from .several import MultiOptimizer, OptimizerMap

__all__ = [
    "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "MultiOptimizer",
    "Muon", "Nadam", "Optimizer", "OptimizerMap", "RMSprop", "ScheduleFreeAdamW", "deserialize", "get", "schedules",
    "serialize",
]
registry.register_later("optimizers", f"{__name__}.orthogonal", f"{__name__}.several")
__getattr__, __dir__ = later(__name__, {
    "Muon": ".orthogonal:Muon", "MultiOptimizer": ".several:MultiOptimizer", "OptimizerMap": ".several:OptimizerMap",
}, refusing(__name__, lambda: __all__))


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
