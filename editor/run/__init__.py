"""Running graphs in a process of their own: `ProcessRunner` for the window, messages for both sides.

The process imports this package, too, so Qt is imported only by who asks for `ProcessRunner`.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .process import ProcessRunner

__all__ = ["ProcessRunner"]


def __getattr__(name: str) -> object:
    if name == "ProcessRunner":
        from .process import ProcessRunner

        return ProcessRunner
    raise AttributeError(f"editor.run has no {name!r}")
