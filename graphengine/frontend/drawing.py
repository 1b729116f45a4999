"""User's functions as they are called while a graph is drawn."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..ir.source import PACKAGE_FOLDER


def as_drawn(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function whose ``if``, ``while`` and ``for`` understand tensors; see `autograph`."""
    code = getattr(getattr(function, "__func__", function), "__code__", None)
    if code is not None and code.co_filename.startswith(PACKAGE_FOLDER):
        return function
    from .autograph.convert import callee  # not before a user's function is met: it reads source

    return callee(function)
