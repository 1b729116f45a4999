"""Threads that end together."""
from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ..errors import OutOfRangeError


class Coordinator:
    """Tells several threads when to stop, and raises in the one that waits what was raised in another.

    Parameters
    ----------
    clean_stop_exception_types : what ends the threads without being an error; OutOfRangeError if None
    """

    def __init__(self, clean_stop_exception_types: tuple[type[Exception], ...] | None = None) -> None:
        self._clean = (OutOfRangeError,) if clean_stop_exception_types is None else clean_stop_exception_types
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._error: BaseException | None = None
        self._threads: list[threading.Thread] = []

    def register_thread(self, thread: threading.Thread) -> None:
        """Let `join` wait for a thread too."""
        self._threads.append(thread)

    def should_stop(self) -> bool:
        """Whether somebody asked for it."""
        return self._stop.is_set()

    def request_stop(self, ex: BaseException | None = None) -> None:
        """Ask all threads to stop; the first error given is raised by `join`."""
        with self._lock:
            if ex is not None and self._error is None and not self._stop.is_set() and not isinstance(ex, self._clean):
                self._error = ex
            self._stop.set()

    def clear_stop(self) -> None:
        """Begin again."""
        self._stop.clear()
        self._error = None

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Wait until somebody asks for it, or so many seconds; whether somebody did."""
        return self._stop.wait(timeout)

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """A context whose errors ask all threads to stop."""
        try:
            yield
        except Exception as error:
            self.request_stop(error)

    def raise_requested_exception(self) -> None:
        """Raise the error that a thread gave to `request_stop`."""
        if self._error is not None:
            raise self._error

    def join(
        self, threads: Iterable[threading.Thread] | None = None, stop_grace_period_secs: float = 120,
        ignore_live_threads: bool = False,
    ) -> None:
        """Wait for all threads, and raise what one of them raised.

        Raises
        ------
        RuntimeError if a thread goes on for longer than the grace period, seconds, after it was asked to stop.
        """
        waited = [*self._threads, *(threads or ())]
        while any(t.is_alive() for t in waited) and not self._stop.wait(0.01):
            pass
        deadline = time.monotonic() + stop_grace_period_secs
        for thread in waited:
            thread.join(max(deadline - time.monotonic(), 0))
        self.raise_requested_exception()
        alive = [t.name for t in waited if t.is_alive()]
        if alive and not ignore_live_threads:
            raise RuntimeError(f"threads that were asked to stop still run: {', '.join(alive)}")
