"""All ops as functions, by their saved names, for use inside rules.

    from . import language as L
    L.exp(x)

Names are looked up when they are used, so op families may refer to each other freely.
"""
from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .registry import by_name, function


@functools.cache
def _function(name: str) -> Callable[..., Any]:
    return function(by_name(name))


def __getattr__(name: str) -> Any:         # a Callable; that spelling, used from other modules, crashes mypy 2.4
    if name.startswith("__"):
        raise AttributeError(name)
    return _function(name)
