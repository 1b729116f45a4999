"""The few functions of `keras.backend` that programs still use."""
from __future__ import annotations

from .config import epsilon, floatx, set_floatx
from .symbolic import clear_session

__all__ = ["backend", "clear_session", "epsilon", "floatx", "set_floatx"]


def backend() -> str:
    """Whose functions go with Keras's: "tensorflow", as they do here by name."""
    return "tensorflow"
