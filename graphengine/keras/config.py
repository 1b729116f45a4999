"""What a program may set for all of Keras: the type of floats, and the small number of losses and norms."""
from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..dtypes import ALL, as_dtype
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
    dtype: str | None = None


_settings = _Settings()


def backend() -> str:
    """Whose functions go with Keras's: "tensorflow", as they do here by name."""
    return "tensorflow"


def is_nnx_enabled() -> bool:
    """Whether layers are modules of Flax: never."""
    return False


def enable_unsafe_deserialization() -> None:
    """Let configurations and files hold functions as Python code from now on, as ``safe_mode=False`` does for one."""
    trust_always()


def floatx() -> str:
    """The name of the dtype of weights, losses and metrics unless something else is asked for."""
    return _settings.floatx


def set_floatx(value: str) -> None:
    """Let layers, losses and metrics made from now on have another dtype; see `floatx`."""
    _settings.floatx = _one_of(value, FLOATS, "set_floatx")


class DTypePolicy:
    """In which dtype layers compute and keep their weights.

    Parameters
    ----------
    name : of the dtype; that of layers made now if None

    Raises
    ------
    AttributeValueError for anything else: weights of one dtype and results of another are not mixed here.
    """

    quantization_mode = None

    def __init__(self, name: str | None = None) -> None:
        kind = default_dtype() if name is None else name
        _refuse_mixed(kind)
        if kind not in {t.name for t in ALL}:
            raise AttributeValueError(f"{name!r} is no dtype that layers can have", op="DTypePolicy", fix="'float32'")
        self.name = self.compute_dtype = self.variable_dtype = kind

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> DTypePolicy:
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DTypePolicy) and other.name == self.name

    def __hash__(self) -> int:
        return hash(self.name)

    def __repr__(self) -> str:
        return f'<DTypePolicy "{self.name}">'


def dtype_policy() -> DTypePolicy:
    """The dtype of layers that are made without one: what `set_dtype_policy` said, or `floatx`."""
    return DTypePolicy(default_dtype())


def set_dtype_policy(policy: Any) -> None:
    """Let layers that are made from now on without a dtype have this one; its name or a `DTypePolicy`."""
    _settings.dtype = name_of_dtype(policy)


def default_dtype() -> str:
    """The name of the dtype of layers that are made without one."""
    return _settings.dtype or floatx()


def name_of_dtype(dtype: Any) -> str:
    """The name of a dtype, of a policy or of a policy's configuration; that of layers made now for None."""
    if isinstance(dtype, Mapping):
        dtype = dtype["config"]["name"]
    name = getattr(dtype, "name", dtype)
    _refuse_mixed(name)
    return default_dtype() if name is None else as_dtype(name).name


def _refuse_mixed(name: Any) -> None:
    """Say why there are no policies of two dtypes."""
    if isinstance(name, str) and name.startswith("mixed_"):
        kind = name.removeprefix("mixed_")
        raise AttributeValueError(
            f"{name!r} is no dtype that layers can have: it keeps weights in float32 and computes in {kind}, and a "
            "layer has one dtype here", op="DTypePolicy", fix=f"'float32', or {kind!r} for weights and results")


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
