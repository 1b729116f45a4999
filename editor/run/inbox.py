"""The two ends of the pipe as the process that runs graphs sees them, and how work is broken off. No Qt.

A thread reads the pipe, so that the process hears Stop while it computes: what asks for a pause is a flag that
training looks at between two calls of the runner, and what takes longer is interrupted as by Ctrl-C.
"""
from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from ..model.apart import receive, send
from . import messages as m

SLOWEST_HZ = 15                             # replies of one kind a second
PATIENCE_S = 0.1                            # between a wish to stop and the interruption
PACED = (m.Values, m.TrainingProgress, m.Gradients)
STOPS = (m.Stop, m.Pause)
LONG = (m.Run, m.Train, m.Step, m.Compile, m.MeasureProfile)    # requests that are answered by `Finished` in the end


class Stopped(BaseException):
    """Somebody asked to stop what is computed; no error, so nothing catches it on the way."""


class Inbox:
    """Requests that wait, in order. Of runs and graphs that follow each other only the last counts."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._waiting: deque[m.Request] = deque()
        self._ready = threading.Condition()
        self.is_closed = False
        self.wants_stop = False
        self.is_interrupted = False         # whether it was told to: a callback out of C may have swallowed that
        self.is_interruptible = False       # whether the main thread computes what may be broken off
        threading.Thread(target=self._read, name="requests", daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                request = receive(self._pipe)
            except (EOFError, OSError):
                request = m.Quit()
            except Exception as error:      # whatever reading it back raises: the next request may be whole
                request = m.Unreadable(f"{type(error).__name__}: {error}")
            with self._ready:
                self._put(request)
                self._ready.notify()
            if isinstance(request, (*STOPS, m.Quit)):
                threading.Timer(PATIENCE_S, self._interrupt).start()
            if isinstance(request, m.Quit):
                return

    def _put(self, request: m.Request) -> None:
        if isinstance(request, m.Quit):
            self.is_closed = True
        if isinstance(request, (*STOPS, m.Quit)):
            self.wants_stop = True
            self._waiting = deque(r for r in self._waiting if isinstance(r, (m.Load, m.Restore)))
        last = self._waiting[-1] if self._waiting else None
        if isinstance(request, m.Run) and isinstance(last, m.Run):
            self._waiting.pop()
        if isinstance(request, m.Load) and isinstance(last, m.Load):
            arrays, anew = {**last.arrays, **request.arrays}, last.anew or request.anew
            request = m.Load(request.text, arrays, request.folder, request.serial, anew)
            self._waiting.pop()
        self._waiting.append(request)

    def _interrupt(self) -> None:
        if self.wants_stop and self.is_interruptible and os.name == "posix":
            os.kill(os.getpid(), signal.SIGINT)

    def take(self) -> m.Request:
        """The next request; waits for it."""
        with self._ready:
            self._ready.wait_for(lambda: self._waiting)
            return self._waiting.popleft()

    def take_now(self, *kinds: type) -> m.Request | None:
        """The first request if there is one of these kinds in front."""
        with self._ready:
            if self._waiting and isinstance(self._waiting[0], kinds):
                return self._waiting.popleft()
        return None

    @property
    def front(self) -> m.Request | None:
        """The request that is next, left where it is."""
        with self._ready:
            return self._waiting[0] if self._waiting else None

    def stopped(self) -> None:
        """What somebody wished to stop has stopped."""
        with self._ready:
            self.wants_stop = self.is_closed
            self._waiting = deque(r for r in self._waiting if not isinstance(r, STOPS))

    @contextlib.contextmanager
    def interruptible(self) -> Iterator[None]:
        """What runs in this block ends with `Stopped` if somebody asks for it."""
        self.is_interruptible, self.is_interrupted = True, False
        try:
            yield
        except Exception as error:              # of what was broken off in its middle
            if self.is_interrupted:
                raise Stopped from error
            raise
        finally:
            self.is_interruptible = False
        if self.is_interrupted:
            raise Stopped


class Outbox:
    """Sends replies, those of a kind that comes often not more often than `SLOWEST_HZ`."""

    def __init__(self, pipe: Any) -> None:
        self._pipe = pipe
        self._sent: dict[type, float] = {}

    def __call__(self, reply: m.Reply) -> None:
        if isinstance(reply, PACED):
            wait = self._sent.get(type(reply), 0.0) + 1 / SLOWEST_HZ - time.monotonic()
            if wait > 0:
                time.sleep(wait)
            self._sent[type(reply)] = time.monotonic()
        send(self._pipe, reply)
