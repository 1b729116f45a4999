"""Keras's names for the dtypes of layers."""
from __future__ import annotations

from typing import Any

from ..frontend.surface import refusing
from .config import DTypePolicy, name_of_dtype

__all__ = ["DTypePolicy", "FloatDTypePolicy", "deserialize", "get", "serialize"]
__getattr__ = refusing(__name__, lambda: __all__)

FloatDTypePolicy = DTypePolicy


def get(identifier: Any) -> DTypePolicy:
    """A policy of a name, of a configuration, or as it is; that of layers made now for None."""
    return identifier if isinstance(identifier, DTypePolicy) else DTypePolicy(name_of_dtype(identifier))


def serialize(dtype_policy: DTypePolicy) -> dict[str, Any]:
    """The configuration of a policy, in Keras's form."""
    return {"module": "keras", "class_name": "DTypePolicy", "config": dtype_policy.get_config(),
            "registered_name": None}


def deserialize(config: Any, custom_objects: Any = None) -> DTypePolicy:
    """The policy of a configuration."""
    del custom_objects
    return get(config)
