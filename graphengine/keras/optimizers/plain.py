"""Optimizers as files and forms give them: a name and plain numbers come in, an optimizer goes out."""
from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from ...errors import FileFormatError, GraphEngineError, suggestion
from ...values import dataclass
from ..registry import registered
from .optimizer import Optimizer

_NEVER = {"self", "name", "loss_scale_factor", "use_ema", "ema_momentum", "ema_overwrite_frequency",
          "exclude_layers"}
_INTERVALS: Mapping[str, tuple[float, float]] = MappingProxyType({
    "gradient_accumulation_steps": (2, 2**31),
    **dict.fromkeys(("learning_rate_power", "beta_2_decay"), (-math.inf, 0.0)),
    **dict.fromkeys(("muon_a", "muon_b", "muon_c"), (-math.inf, math.inf)),
    **dict.fromkeys(("momentum", "beta_1", "beta_2", "rho"), (0.0, 1.0)),
})


@dataclass(frozen=True)
class Argument:
    """A number, a whole number, or true or false, from `low` to `high`; None where there may be none."""

    kind: type
    default: float | bool | None
    low: float = 0.0
    high: float = math.inf


@cache
def by_name() -> Mapping[str, type[Optimizer]]:
    """The optimizers that come with the engine, without those that want an object to begin with."""
    return MappingProxyType({
        name: cls for name, cls in registered("optimizers").items()
        if all(p.default is not p.empty or p.kind is p.VAR_KEYWORD for p in inspect.signature(cls).parameters.values())
    })


@cache
def arguments(name: str) -> Mapping[str, Argument]:
    """What a form may ask for: the optimizer's own arguments, then those that all have."""
    found: dict[str, Argument] = {}
    for home in (by_name()[name], Optimizer):
        for p in inspect.signature(home).parameters.values():
            if p.name not in _NEVER and p.kind is not p.VAR_KEYWORD and p.name not in found:
                low, high = _INTERVALS.get(p.name, (0.0, math.inf))
                kind = bool if isinstance(p.default, bool) else int if "int" in str(p.annotation) else float
                found[p.name] = Argument(kind, p.default, low, high)
    return MappingProxyType(found)


def made(name: str, values: Mapping[str, Any], file: str, /, **other: Any) -> Optimizer:
    """The optimizer of a name with these arguments.

    Parameters
    ----------
    file : that says so, for errors
    other : arguments that are no plain values

    Raises
    ------
    FileFormatError for a name or an argument that there is not, and for a value that the argument does not take.
    """
    at = f"{file}, train.optimizer"
    if name not in by_name():
        raise FileFormatError(f"there is no optimizer {name[:80]!r}", at=f"{at}.name",
                              fix=suggestion(name, by_name()) or f"use one of {', '.join(sorted(by_name()))}")
    known = arguments(name)
    for key, value in values.items():
        if key not in known:
            raise FileFormatError(f"{name} has no argument {key[:80]!r}", at=at,
                                  fix=suggestion(key, known) or "remove it")
        problem = _problem(known[key], value)
        if problem:
            raise FileFormatError(f"it is {value!r}, {problem[0]}", at=f"{at} ({name}).{key}", fix=problem[1])
    try:
        return by_name()[name](**{**values, **other})
    except GraphEngineError as error:
        raise FileFormatError(error.problem, at=f"{at} ({name})", fix=error.fix or "use another value") from error


def _problem(argument: Argument, value: Any) -> tuple[str, str] | None:
    """What is wrong with a value, and what to do."""
    if value is None and argument.default is None:
        return None
    words = {bool: "true or false", int: "a whole number", float: "a number"}[argument.kind]
    is_number = isinstance(value, (int, float) if argument.kind is float else int) and not isinstance(value, bool)
    if not (isinstance(value, bool) if argument.kind is bool else is_number):
        return f"not {words}", f"write {words}"
    if argument.kind is not bool and not argument.low <= value <= argument.high:
        return f"which is outside [{argument.low:g}, {argument.high:g}]", "use a value inside"
    return None
