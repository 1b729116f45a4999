"""What a program may set for all of Keras: the type of floats, and the small number of losses and norms."""
from __future__ import annotations

import dataclasses

from ..errors import AttributeValueError
from .bytecode import trust_always

FLOATS = ("bfloat16", "float16", "float32", "float64")
DATA_FORMATS = ("channels_first", "channels_last")


@dataclasses.dataclass
class _Settings:
    floatx: str = "float32"
    epsilon: float = 1e-7
    image_data_format: str = "channels_last"
    is_interactive: bool = True


_settings = _Settings()


def enable_unsafe_deserialization() -> None:
    """Let configurations and files hold functions as Python code from now on, as ``safe_mode=False`` does for one."""
    trust_always()


def floatx() -> str:
    """The name of the dtype of weights, losses and metrics unless something else is asked for."""
    return _settings.floatx


def set_floatx(value: str) -> None:
    """Let layers, losses and metrics made from now on have another dtype; see `floatx`."""
    _settings.floatx = _one_of(value, FLOATS, "set_floatx")


def epsilon() -> float:
    """The small number that keeps divisions and logarithms finite, dimensionless."""
    return _settings.epsilon


def set_epsilon(value: float) -> None:
    """Change `epsilon`."""
    _settings.epsilon = float(value)


def image_data_format() -> str:
    """Where channels stand unless a layer says: "channels_last" or "channels_first"."""
    return _settings.image_data_format


def set_image_data_format(data_format: str) -> None:
    """Change `image_data_format`."""
    _settings.image_data_format = _one_of(data_format, DATA_FORMATS, "set_image_data_format")


def enable_interactive_logging() -> None:
    """Let what training has to say, bars of progress for instance, go to standard output."""
    _settings.is_interactive = True


def disable_interactive_logging() -> None:
    """Let what training has to say go to the logger "graphengine" at the level INFO."""
    _settings.is_interactive = False


def is_interactive_logging_enabled() -> bool:
    """Whether what training has to say goes to standard output."""
    return _settings.is_interactive


def _one_of(value: str, allowed: tuple[str, ...], op: str) -> str:
    if value not in allowed:
        raise AttributeValueError(f"{value!r} is none of {', '.join(allowed)}", op=op)
    return value
