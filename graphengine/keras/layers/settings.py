"""The base of the layers that ship: arguments of constructors become attributes, and from these follows the config.

Also the forms in which arguments come: numbers for each axis, pairs for each axis, the order of axes.
"""
from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import AttributeValueError, ShapeError
from ...ops.language import L
from ...ops.windows import FORMATS
from .. import activations, constraints, initializers, regularizers
from ..config import image_data_format
from ..layer import Layer

KINDS = {"activation": activations, "initializer": initializers, "regularizer": regularizers,
         "constraint": constraints}
CHANNELS_LAST, CHANNELS_FIRST = "channels_last", "channels_first"
RESIZING = ("nearest", "bilinear", "bicubic", "area", "lanczos3", "lanczos5")    # methods of `image.resize` in Keras


class Configured(Layer):
    """A layer that keeps each argument of its constructor as an attribute of the same name.

    Activations, initializers, regularizers and constraints, known by the last word of the argument's name, may be given
    by name, config or object.
    """

    if TYPE_CHECKING:
        def __getattr__(self, name: str) -> Any: ...

    unsaved: Mapping[str, Any] = {}         # arguments that Keras's layer does not have, left out at these values

    def keep(self, arguments: Mapping[str, Any]) -> None:
        """Make attributes of the arguments of a constructor, which are what ``locals()`` holds there."""
        for name, value in arguments.items():
            if name not in ("self", "kwargs", "__class__", *BASE):
                kind = _kind(name)
                setattr(self, name, value if kind is None else kind.get(value))

    def argument(self, name: str) -> Any:
        """What an argument of the constructor was."""
        return getattr(self, name)

    def get_config(self) -> dict[str, Any]:
        names = _arguments(type(self))
        if self.activity_regularizer is not None and "activity_regularizer" not in names:
            names = (*names, "activity_regularizer")
        found = super().get_config() | {name: _saved(name, self.argument(name)) for name in names}
        return {name: value for name, value in found.items() if self.unsaved.get(name, ...) != value}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Any:
        """An equal layer. Arguments that it does not know are left out where they are None, as options not in use."""
        known = (*_arguments(cls), *BASE)
        return cls(**{name: value for name, value in config.items() if value is not None or name in known})

    # ------------------------------------------------ what layers say of their inputs

    def known_size(self, shape: tuple[int | None, ...], axis: int) -> int:
        """The size of an axis that weights depend on.

        Raises
        ------
        ShapeError if it is not known, or there is no such axis.
        """
        if not -len(shape) <= axis < len(shape):
            raise ShapeError(f"there is no axis {axis} in an input of shape {shape}", op=type(self).__name__)
        size = shape[axis]
        if size is None:
            raise ShapeError(f"axis {axis} of an input of shape {shape} is not known; weights depend on it",
                             op=type(self).__name__, fix="give Input(shape=...) a number for this axis")
        return size

    def fractions(self, x: Any) -> Any:
        """Whole numbers in the layer's dtype, fractions as they are."""
        return x if x.dtype.is_floating else L.cast(x, self.compute_dtype)

    def refuse(self, name: str, value: Any, expected: str) -> AttributeValueError:
        """The error for an argument."""
        return AttributeValueError(f"{name}={value!r}; it takes {expected}", op=type(self).__name__)


BASE = ("name", "dtype", "trainable", "activity_regularizer")


def _arguments(cls: type) -> tuple[str, ...]:
    parameters = inspect.signature(cls).parameters.values()
    return tuple(p.name for p in parameters if p.kind is not p.VAR_KEYWORD and p.name not in BASE[:3])


def _kind(name: str) -> Any:
    return KINDS.get(name.rpartition("_")[2])


def _saved(name: str, value: Any) -> Any:
    kind = _kind(name)
    if kind is not None:
        return None if value is None else kind.serialize(value)
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value


# -------------------------------------------------------------------- forms of arguments

def numbers(layer: Configured, name: str, rank: int, low: int = 1) -> tuple[int, ...]:
    """An argument that is one number, or one for each of `rank` axes, as a tuple.

    Raises
    ------
    AttributeValueError if there are as many as neither, or one is no whole number or below `low`.
    """
    value = getattr(layer, name)
    found = (value,) * rank if isinstance(value, (int, np.integer)) else value
    if (not isinstance(found, (list, tuple)) or len(found) != rank
            or any(not isinstance(v, (int, np.integer)) or isinstance(v, bool) or v < low for v in found)):
        raise layer.refuse(name, value, f"a whole number from {low} on, or {rank} of them")
    return tuple(int(v) for v in found)


def pairs(layer: Configured, name: str, rank: int) -> tuple[tuple[int, int], ...]:
    """An argument that is a number for both ends of all axes, one for both ends of each axis, or two for each axis."""
    value = getattr(layer, name)
    each = (value,) * rank if isinstance(value, (int, np.integer)) else value
    if rank == 1 and isinstance(each, (list, tuple)) and len(each) == 2:
        each = (each,)
    if not isinstance(each, (list, tuple)) or len(each) != rank:
        raise layer.refuse(name, value, f"a number, {rank} numbers or {rank} pairs")
    found = []
    for pair in each:
        both = (pair, pair) if isinstance(pair, (int, np.integer)) else tuple(pair)
        if len(both) != 2 or any(not isinstance(v, (int, np.integer)) or v < 0 for v in both):
            raise layer.refuse(name, value, "whole numbers from 0 on")
        found.append((int(both[0]), int(both[1])))
    return tuple(found)


def one_of(layer: Configured, name: str, choices: tuple[str, ...]) -> str:
    """An argument that is a word, whatever its case."""
    value = getattr(layer, name)
    word = value.lower() if isinstance(value, str) else value
    if word not in choices:
        raise layer.refuse(name, value, f"one of {', '.join(choices)}")
    return str(word)


def order_of_axes(layer: Configured) -> str:
    """The argument `data_format`; None stands for what `keras.config` says."""
    if layer.data_format is None:
        return image_data_format()
    return one_of(layer, "data_format", (CHANNELS_LAST, CHANNELS_FIRST))


def format_of(data_format: str, rank: int) -> str:
    """The order of axes as convolutions and pooling name it."""
    return FORMATS[rank][data_format == CHANNELS_FIRST]


def channel_axis(data_format: str) -> int:
    return 1 if data_format == CHANNELS_FIRST else -1


def rounded_to(x: Any, dtype: Any) -> Any:
    """Numbers in another dtype, the nearest whole ones where it has no others."""
    if x.dtype == dtype:
        return x
    return L.saturate_cast(x if dtype.is_floating else L.round(x), dtype)


def along(vector: Any, axis: int, rank: int) -> Any:
    """A vector that broadcasts against tensors of `rank` axes along one of them."""
    if axis in (-1, rank - 1):
        return vector
    return L.reshape(vector, tuple(-1 if k == axis % rank else 1 for k in range(rank)))


def space(data_format: str, rank: int) -> tuple[int, ...]:
    """The axes of space."""
    first = 2 if data_format == CHANNELS_FIRST else 1
    return tuple(range(first, first + rank))
