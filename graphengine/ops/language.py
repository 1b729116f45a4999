"""All ops as functions, by their saved names, for use inside rules.

    from .language import L
    L.exp(x)

Names are looked up when they are used, so op families may refer to each other freely.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .registry import by_name, function


class Language:
    """Functions of ops as attributes; each is made when it is first asked for."""

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        made = function(by_name(name))
        self.__dict__[name] = made
        return made


L = Language()
