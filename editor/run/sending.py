"""Requests on their way to the process that runs graphs, in a thread: it may be starting, or reading large arrays."""
from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

from ..model.apart import send
from . import messages as m


class Sending:
    """Sends requests through a pipe in the order in which they come; nobody waits for it.

    refused : called in the thread with a request that cannot be sent, and why
    """

    def __init__(self, pipe: Any, refused: Callable[[m.Request, Exception], object] = lambda *_: None) -> None:
        self._pipe, self._refused = pipe, refused
        self._waiting: queue.SimpleQueue[m.Request] = queue.SimpleQueue()
        self._is_over = False
        self._thread = threading.Thread(target=self._run, name="requests", daemon=True)
        self._thread.start()

    def put(self, request: m.Request) -> None:
        self._waiting.put(request)

    def quit(self) -> None:
        """Send nothing more but `Quit`."""
        self._is_over = True
        self._waiting.put(m.Quit())

    def join(self, seconds: float) -> None:
        """Wait until `Quit` is sent, or the process is gone."""
        self._thread.join(seconds)

    def _run(self) -> None:
        while True:
            request = self._waiting.get()
            if self._is_over and not isinstance(request, m.Quit):
                continue
            try:
                send(self._pipe, request)
            except OSError:                 # it has ended: the thread that reads tells so
                return
            except Exception as error:      # nothing of it was sent: what comes after it can be
                self._refused(request, error)
            if isinstance(request, m.Quit):
                return
