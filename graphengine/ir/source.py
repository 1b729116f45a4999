"""Where in the user's program a node was made."""
from __future__ import annotations

import linecache
import os
import sys
from dataclasses import dataclass
from types import TracebackType

PACKAGE_FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_GENERATED = ("<string>", "<frozen importlib._bootstrap>")     # dataclass methods, imports


@dataclass(frozen=True, slots=True)
class Origin:
    """A line of the user's program; `file` is as Python knows it, `line` counts from 1."""

    file: str
    line: int

    @property
    def text(self) -> str:
        return linecache.getline(self.file, self.line).strip()

    def __str__(self) -> str:
        place = f"{os.path.basename(self.file)}:{self.line}"
        return f"{place}    {self.text}" if self.text else place


def last_line(trace: TracebackType | None) -> Origin | None:
    """The innermost line outside this package that an error came through."""
    found = None
    while trace is not None:
        if _is_users(trace.tb_frame.f_code.co_filename):
            found = Origin(trace.tb_frame.f_code.co_filename, trace.tb_lineno)
        trace = trace.tb_next
    return found


def _is_users(file: str) -> bool:
    return not file.startswith(PACKAGE_FOLDER) and file not in _GENERATED


def user_line() -> Origin | None:
    """The innermost line on the stack that is outside this package."""
    frame = sys._getframe(1)
    while frame is not None:
        if _is_users(frame.f_code.co_filename):
            return Origin(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back  # type: ignore[assignment]
    return None
