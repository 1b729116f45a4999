"""Helpers: threads that take slices of large kernels from the thread that runs a program (`codegen.kernels.team`).

They are started when the first program with such kernels runs, stay in machine code without Python's lock, sleep in the
operating system while there is nothing to do, and end with the process. A child made by `os.fork` starts its own.
"""
from __future__ import annotations

import ctypes
import os
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from ..codegen.kernels.team import LINE
from ..codegen.kernels.team import Team as Entry
from ..config import cores, settings

MOST_HELPERS = 63
_SEMAPHORE_BYTES = 128                      # more than a sem_t has anywhere
_FUNCTIONS = {
    "linux": ("sem_wait", "sem_post", "sched_yield"),
    "darwin": ("dispatch_semaphore_wait", "dispatch_semaphore_signal", "sched_yield"),
    "win32": ("WaitForSingleObject", "ReleaseSemaphore", "SwitchToThread"),
}
_CREATE: dict[str, tuple[str, tuple[Any, ...]]] = {
    "darwin": ("dispatch_semaphore_create", (ctypes.c_long(0),)),
    "win32": ("CreateSemaphoreW", (None, 0, 2**31 - 1, None)),
}

_HELP = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_int64)


def thread_count() -> int:
    """Threads that share the work of a kernel, the caller's included."""
    return min(settings().threads or cores(), MOST_HELPERS + 1)


class Team:
    """The helpers of one compiler's programs.

    Parameters
    ----------
    code : gives the address of the helper's machine code; may compile it

    Attributes
    ----------
    address : of the table that programs and helpers share
    """

    def __init__(self, code: Callable[[], int]) -> None:
        self.code = code
        size = int(Entry.FIRST) + LINE * MOST_HELPERS
        memory = np.zeros(size + LINE, np.int64)
        self.table = memory[-memory.ctypes.data // 8 % LINE:][:size]     # begins with a line of the cache
        self.address = int(self.table.ctypes.data)
        self.threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._keep: list[Any] = []
        self._end = weakref.finalize(self, _dismiss, self.table, self.threads)
        _TEAMS.add(self)

    def call(self) -> None:
        """Have as many helpers as the settings say; the first of them may begin some time later."""
        wanted = thread_count() - 1
        if wanted > len(self.threads):
            self._start(wanted)
            wanted = len(self.threads)
        if self.table[Entry.HELPERS] != wanted:
            self.table[Entry.HELPERS] = wanted

    def _start(self, wanted: int) -> None:
        with self._lock:
            if not self.threads:
                system = _System()
                self._keep.append(system)
                self.table[[Entry.WAIT, Entry.POST, Entry.YIELD]] = system.functions
            for number in range(len(self.threads), wanted):
                self.table[Entry.FIRST + LINE * number + 1] = self._keep[0].semaphore()
                own = np.array([self.address, number], np.int64)
                arguments = self.code, self.table, own
                thread = threading.Thread(target=_help, args=arguments, name=f"graphengine-{number}", daemon=True)
                try:
                    thread.start()
                except RuntimeError:        # of a process that ends, or may have no more: those that are there do it
                    return
                self.threads.append(thread)

    def forget(self) -> None:
        """In a child of `os.fork`, which has none of the threads; one of the parent may have been at work."""
        self.table[:] = 0
        self.threads.clear()
        self._keep.clear()
        self._lock = threading.Lock()


_TEAMS: weakref.WeakSet[Team] = weakref.WeakSet()


def _forget_all() -> None:
    for team in _TEAMS:
        team.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


def _help(code: Callable[[], int], table: Any, own: Any) -> None:
    """The life of a helper; `table` and `own` stay in memory as long."""
    _HELP(code())(own.ctypes.data)


def _dismiss(table: Any, threads: list[threading.Thread]) -> None:
    """Let helpers end before the machine code goes away that they run."""
    if not threads:
        return
    post = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)(int(table[Entry.POST]))
    table[Entry.IS_OVER] = 1
    for number in range(len(threads)):
        post(int(table[Entry.FIRST + LINE * number + 1]), 1, 0)
    for thread in threads:
        thread.join(timeout=1)


class _System:
    """Semaphores of the operating system.

    Attributes
    ----------
    functions : addresses of wait (semaphore, -1), post (semaphore, 1, 0) and yield: a system's functions take so many
        of these arguments as they want
    """

    def __init__(self) -> None:
        self._memory: list[Any] = []
        self._library: Any = ctypes.CDLL("kernel32" if os.name == "nt" else None)
        names = _FUNCTIONS.get(sys.platform, _FUNCTIONS["linux"])
        self.functions = [ctypes.cast(getattr(self._library, name), ctypes.c_void_p).value or 0 for name in names]

    def semaphore(self) -> int:
        """A new one, at 0."""
        if sys.platform not in _CREATE:
            room = ctypes.create_string_buffer(_SEMAPHORE_BYTES)
            self._memory.append(room)
            self._library.sem_init(room, 0, 0)
            return ctypes.addressof(room)
        name, arguments = _CREATE[sys.platform]
        create = self._library[name]
        create.restype = ctypes.c_void_p
        return int(create(*arguments) or 0)
