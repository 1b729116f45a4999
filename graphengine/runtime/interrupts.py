"""Ctrl-C that arrives where Python does not let it through.

Python's handler raises KeyboardInterrupt wherever the main thread is. In a finalizer or in what a weak reference calls,
Python prints it and goes on, and a training of an hour has not heard it. Long work of many pieces asks for it between
two of them.
"""
from __future__ import annotations

import sys
import threading
from typing import Any


class Interrupts:
    """A block of long work: what Python drops in it is raised by `check`, at the latest where the block ends.

    Only in the main thread, which alone is interrupted; blocks may lie within each other.
    """

    def __init__(self) -> None:
        self._is_dropped = False
        self._is_watching = False

    def __enter__(self) -> Interrupts:
        self._is_watching = threading.current_thread() is threading.main_thread()
        if self._is_watching:
            self._before, sys.unraisablehook = sys.unraisablehook, self._note
        return self

    def _note(self, unraisable: Any) -> None:
        if issubclass(unraisable.exc_type, KeyboardInterrupt):
            self._is_dropped = True
        else:
            self._before(unraisable)

    def check(self) -> None:
        """Between two pieces of the work.

        Raises
        ------
        KeyboardInterrupt if one was dropped since the last time
        """
        if self._is_dropped:
            self._is_dropped = False
            raise KeyboardInterrupt

    def __exit__(self, kind: type[BaseException] | None, *_: Any) -> None:
        if self._is_watching:
            sys.unraisablehook = self._before
        if kind is None:
            self.check()
