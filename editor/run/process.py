"""The window's side of the process that runs graphs: starts it, sends requests, hears replies in the GUI thread."""
from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any

from PySide6 import QtCore

from ..model.apart import receive
from . import messages as m
from .inbox import STOPS
from .sending import Sending
from .worker import main

ANSWER_MS = 500                             # that a process has to obey Stop
MOST_FAILURES = 3                           # to start
QUIT_S = 1.0                                # that it has to end by itself
LATEST = (m.Values, m.TrainingProgress, m.Gradients)    # of those that wait only the last of each kind is shown


class ProcessRunner(QtCore.QObject):
    """A process that runs graphs, and another one as soon as it ends.

    Signals
    -------
    received : a `Reply`, in the GUI thread. `Died` if the process ended by itself; the graph that was loaded last is
        loaded again then, and variables get the values that they had a few seconds before

    Attributes
    ----------
    pid : of the process, None while there is none
    """

    received = QtCore.Signal(object)
    _arrived = QtCore.Signal()

    def __init__(self, parent: QtCore.QObject | None = None) -> None:
        super().__init__(parent)
        self._process: Any = None
        self._pipe: Connection[Any, Any] | None = None
        self._sending: Sending | None = None
        self._is_hearing = False            # whether a reply is on its way, perhaps a large one
        self._generation = 0                # of the process: what came from an earlier one does not count
        self._inbox: list[tuple[int, m.Reply | None]] = []
        self._lock = threading.Lock()
        self._reader: threading.Thread | None = None
        self._load: m.Load | None = None    # the last, with all arrays
        self._kept: m.Kept | None = None
        self._busy = ""                     # what the process does
        self._is_up = self._is_loaded = False           # whether it has said so, of the last graph
        self._has_load = False              # whether it has been sent a graph
        self._failures = 0                  # processes in a row that ended before they were up
        self._arrived.connect(self._take, QtCore.Qt.ConnectionType.QueuedConnection)
        self._stopping = QtCore.QTimer(self)
        self._stopping.setSingleShot(True)
        self._stopping.setInterval(ANSWER_MS)
        self._stopping.timeout.connect(self._not_obeyed)

    # ------------------------------------------------ the process

    @property
    def alive(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.is_alive()

    @property
    def pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    @property
    def busy(self) -> str:
        """What the process does: "run", "train" ..., or ""."""
        return self._busy

    def start(self) -> None:
        """Start the process, if there is none; `Ready` tells when it is up."""
        if self._process is not None:
            return
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._generation += 1
        self._is_up = self._is_loaded = self._has_load = False
        self._process = context.Process(target=main, args=(theirs,), name="runs graphs", daemon=True)
        self._process.start()
        theirs.close()
        generation = self._generation
        self._sending = Sending(self._pipe, lambda request, error: self._hear(generation, m.Failed(
            "unreadable", f"a request could not be sent: {error}", None, "try it again")))
        self._reader = threading.Thread(
            target=self._read, args=(self._pipe, self._generation), name="replies", daemon=True)
        self._reader.start()

    def close(self) -> None:
        """End the process, and wait until it is gone."""
        self._stopping.stop()
        process, pipe, sending = self._process, self._pipe, self._sending
        self._process = self._pipe = self._sending = None
        self._generation += 1
        self._busy = ""
        if sending is not None:
            sending.quit()
        if process is not None:
            process.join(QUIT_S)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()
        if self._reader is not None:        # it must not tell of the end when this object is gone
            self._reader.join(QUIT_S)
            self._reader = None
        if sending is not None:
            sending.join(QUIT_S)
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()

    def restart(self, reload: bool = True) -> None:
        """End the process at once and start another one.

        Parameters
        ----------
        reload : with the same graph and, as far as they are known, the same values of variables
        """
        if self._process is not None:
            self._process.kill()
        self.close()
        self.start()
        if reload:
            self._reload()

    def _reload(self) -> None:
        """Give a new process the graph and the values that the last one had."""
        if self._load is not None:
            self._send(replace(self._load, anew=True))
        if self._kept is not None:
            self._send(m.Restore(self._kept.values))

    # ------------------------------------------------ requests

    def send(self, request: m.Request) -> None:
        """Ask the process for something; the answer comes as `received`."""
        if isinstance(request, m.Load):
            if request.anew:
                self._kept = None
            known = {} if self._load is None else self._load.arrays
            self._load = replace(request, arrays={**known, **request.arrays})
            if not self._has_load:          # a new process has no arrays yet
                request = self._load
        elif isinstance(request, (m.Train, m.Step)) and request.fresh:
            self._kept = None
        if isinstance(request, STOPS):
            if not self._stopping.isActive():
                self._stopping.start()
        elif not isinstance(request, (m.Load, m.CheckData)) and not self._has_load and self._load is not None:
            self._reload()
        self._send(request)

    def _send(self, request: m.Request) -> None:
        if self._sending is None:
            return
        if isinstance(request, m.Load):
            self._has_load, self._is_loaded = True, False
        self._sending.put(request)

    # ------------------------------------------------ replies

    def _read(self, pipe: Connection[Any, Any], generation: int) -> None:
        """In a thread: take replies as they come."""
        while True:
            reply: m.Reply | None
            try:
                pipe.poll(None)
                self._is_hearing = True
                reply = receive(pipe)
            except Exception:               # it ended, was closed, or sent what cannot be read: the rest is lost, too
                reply = None
            self._is_hearing = False
            self._hear(generation, reply)
            if reply is None:
                return

    def _hear(self, generation: int, reply: m.Reply | None) -> None:
        """In a thread: let the window take a reply."""
        with self._lock:
            self._inbox.append((generation, reply))
            is_first = len(self._inbox) == 1
        if is_first:
            with contextlib.suppress(RuntimeError):         # the window is gone
                self._arrived.emit()

    def _take(self) -> None:
        with self._lock:
            arrived, self._inbox = self._inbox, []
        now = [reply for generation, reply in arrived if generation == self._generation]
        for reply in merged(now):
            if reply is None:
                self._ended()
            elif isinstance(reply, m.Several):
                for part in reply.replies:
                    self._receive(part)
            else:
                self._receive(reply)

    def _receive(self, reply: m.Reply) -> None:
        if isinstance(reply, m.Kept):
            self._kept = reply
            return
        if isinstance(reply, m.Ready):
            self._is_up, self._failures = True, 0
        elif isinstance(reply, m.Loaded):
            self._is_loaded |= self._load is not None and reply.serial == self._load.serial
            if reply.forgot:
                self._kept = None
        elif isinstance(reply, m.Started):
            self._busy = reply.what
        elif isinstance(reply, (m.Finished, m.Failed)):
            if isinstance(reply, m.Finished):
                self._busy = ""
            self._stopping.stop()
        self.received.emit(reply)

    def _ended(self) -> None:
        """The process ended by itself."""
        code = None
        if self._process is not None:
            self._process.join(QUIT_S)
            code = self._process.exitcode
        self._failures += not self._is_up
        ended = self.tr("What runs graphs has ended{0}: {1}.").format(self._meanwhile(), self._cause(code))
        if self._failures >= MOST_FAILURES:
            self.close()
            text = self.tr("{0} It cannot be started.").format(ended)
        else:
            self.restart(self._may_reload)
            text = self.tr("{0} Another one has been started.").format(ended)
        self.received.emit(m.Died(text))

    def _meanwhile(self) -> str:
        """What the process did when it ended, for the middle of a sentence."""
        return {"run": self.tr(" in a run"), "train": self.tr(" in a training"), "step": self.tr(" in a training"),
                "compile": self.tr(" while it compiled"), "profile": self.tr(" while it measured")}.get(self._busy, "")

    def _cause(self, code: int | None) -> str:
        """What the code says that a process ended with; those below zero are signals."""
        if code is None:
            return self.tr("nobody knows why")
        if code >= 0:
            return self.tr("it gave up with code {0}").format(code)
        if -code == getattr(signal, "SIGKILL", None):
            return self.tr("the system or somebody killed it, perhaps because memory ran out")
        return self.tr("it crashed ({0})").format(signal.strsignal(-code) or -code)

    @property
    def _may_reload(self) -> bool:
        """False where it had a graph that it did not load: that may be what ended it, or what took so long."""
        return self._is_loaded or not self._has_load

    def _not_obeyed(self) -> None:
        """Stop was not answered: what runs cannot be broken off, so the process ends."""
        if self._is_hearing:                # what it says first may be long
            self._stopping.start()
            return
        busy = self._busy or "run"
        self.restart(self._may_reload)
        self.received.emit(m.Finished(busy, stopped=True))
        values = (self.tr("variables have their first values") if self._kept is None else
                  self.tr("variables have the values of some seconds before"))
        text = self.tr("What runs graphs did not stop in time. Another one has been started; {0}.").format(values)
        self.received.emit(m.Died(text))


def merged(replies: list[m.Reply | None]) -> list[m.Reply | None]:
    """Replies without those that a later one of the same kind makes old.

    Examples
    --------
    >>> merged([m.Started("run"), m.Values({}, 1.0), m.Values({}, 2.0), m.Finished("run")])[1]
    Values(previews={}, seconds=2.0)
    """
    last = {type(reply): k for k, reply in enumerate(replies)}
    return [r for k, r in enumerate(replies) if not isinstance(r, LATEST) or last[type(r)] == k]


