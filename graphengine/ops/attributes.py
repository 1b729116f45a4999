"""Attributes of ops: how a class declares them, and which values they take."""
from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import field
from typing import Any

import numpy as np

from ..errors import AttributeValueError, GraphEngineError
from ..ir.dims import Dim

REQUIRED: Any = dataclasses.MISSING


def attr(
    default: Any,
    doc: str,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] | None = None,
    convert: Callable[[Any], Any] | None = None,
    sizes: str | None = None,
) -> Any:
    """An attribute of an op: default (or REQUIRED), meaning with unit, allowed values.

    convert : brings what a user may pass (a list, a name) into the one form that is stored
    sizes : "several", "two" or "one" if it holds sizes that may be given as a tensor; "open" if -1 may be among them,
        for what is left of the first operand's elements
    """
    return field(
        default=default, kw_only=False,
        metadata={"doc": doc, "low": low, "high": high, "choices": choices, "convert": convert,
                  "sizes": sizes},
    )


def allowed(declared: dataclasses.Field[Any], value: Any) -> Any:
    """A value in the form that is stored.

    Raises
    ------
    AttributeValueError for one that the attribute does not take.
    """
    name, limits = declared.name, declared.metadata
    choices, low, high, convert = (limits[key] for key in ("choices", "low", "high", "convert"))
    try:
        if convert is not None:
            value = convert(value)
        elif isinstance(value, (list, dict, set, np.ndarray)):
            raise AttributeValueError(f"{name}={value!r}; it takes a single value")
        if isinstance(declared.default, bool) and isinstance(value, str):
            raise AttributeValueError(f"{name}={value!r}; it takes True or False")
        if choices is not None and value not in choices:
            raise AttributeValueError(f"{name}={value!r}; it takes one of {choices}")
        if not isinstance(value, Dim) and ((low is not None and value < low) or (high is not None and value > high)):
            interval = f"[{'-inf' if low is None else low}, {'inf' if high is None else high}]"
            raise AttributeValueError(f"{name}={value!r} is outside {interval}")
    except GraphEngineError:
        raise
    except (TypeError, ValueError) as error:        # such as float's own
        raise AttributeValueError(f"{name}={value!r}: {error}") from None
    return value
