"""The few functions of `keras.backend` that programs still use."""
from .config import backend, epsilon, floatx, set_floatx
from .symbolic import clear_session

__all__ = ["backend", "clear_session", "epsilon", "floatx", "set_floatx"]
