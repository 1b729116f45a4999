"""Signals that arrive while machine code runs.

Python's own handler of a signal only notes it; what a program set for it runs when the main thread is back in Python,
which may be long. But the handler can also write a byte to a file. Here that file is memory, which the runner looks at
between two kernels: it stops, Python's handlers run, and unless one of them raises, as that of Ctrl-C does, the run
goes on where it was. Not on Windows, where Ctrl-C is heard after a run.
"""
from __future__ import annotations

import ctypes
import mmap
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np

from ..codegen.kernels.runner import STOPPED

Array = np.ndarray[Any, Any]

_IS_POSSIBLE = os.name == "posix"
_SILENT = np.zeros(1, np.int64)
NEVER: int = _SILENT.ctypes.data            # where to look when nothing is to be heard


class _Memory:
    """A page that is a file: its first number is not 0 once a signal has arrived."""

    @cached_property
    def file(self) -> int:
        if hasattr(os, "memfd_create"):
            found = os.memfd_create("graphengine")
        else:
            found, name = tempfile.mkstemp()
            os.unlink(name)
        os.ftruncate(found, mmap.PAGESIZE)
        os.set_blocking(found, False)       # Python wants it so, though writing to memory never waits
        return found

    @cached_property
    def numbers(self) -> Array:
        return np.frombuffer(mmap.mmap(self.file, mmap.PAGESIZE), np.int64)

    @cached_property
    def address(self) -> int:
        return self.numbers.ctypes.data     # which numpy takes long to tell

    def take(self) -> bytes:
        """The numbers of the signals that have arrived, which are forgotten."""
        count = os.lseek(self.file, 0, os.SEEK_CUR)
        found = self.numbers.tobytes()[:count]
        os.lseek(self.file, 0, os.SEEK_SET)
        self.numbers[:] = 0
        return found

    def forget(self) -> None:
        """In a child of `os.fork`: the page and the place in the file are also the parent's."""
        self.__dict__.pop("address", None)
        if self.__dict__.pop("numbers", None) is not None:
            os.close(self.__dict__.pop("file"))


_MEMORY = _Memory()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_MEMORY.forget)


def hear(place: Array, run: Callable[[], int]) -> int:
    """What `run` returns, having gone on after each signal that it stopped for.

    Parameters
    ----------
    place : the address that the runner looks at stands here

    Raises
    ------
    whatever the handler of a signal raises, such as KeyboardInterrupt
    """
    if not _IS_POSSIBLE or threading.current_thread() is not threading.main_thread():
        return run()
    place[0] = _MEMORY.address
    before = signal.set_wakeup_fd(_MEMORY.file, warn_on_full_buffer=False)
    is_inside = before == _MEMORY.file      # a handler that was called during a run runs something itself
    before = -1 if is_inside else before
    try:
        while (code := run()) == STOPPED:
            _pass_on(before)
            ctypes.pythonapi.PyErr_CheckSignals()
        return code
    finally:
        if not is_inside:
            signal.set_wakeup_fd(before, warn_on_full_buffer=False)
        place[0] = NEVER
        if _MEMORY.numbers[0]:
            _pass_on(before)


def _pass_on(before: int) -> None:
    """Tell who was told of signals before, such as an event loop."""
    arrived = _MEMORY.take()
    if before != -1:
        os.write(before, arrived)
