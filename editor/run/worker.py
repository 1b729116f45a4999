"""The process that runs graphs: requests come in through a pipe, replies go out. No Qt.

A thread ends the process when the one that started it is gone.
"""
from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from ..model.apart import end_with_parent
from . import messages as m
from .failures import Reported, failure, name_of
from .inbox import LONG, STOPS, Inbox, Outbox, Stopped

if TYPE_CHECKING:
    from .service import Service


def main(pipe: Any) -> None:
    """Serve requests until the pipe ends."""
    inbox = Inbox(pipe)
    end_with_parent()

    def interrupted(number: int, frame: FrameType | None) -> None:
        if inbox.is_interruptible and inbox.wants_stop:
            inbox.is_interruptible, inbox.is_interrupted = False, True
            raise Stopped

    signal.signal(signal.SIGINT, interrupted)   # Ctrl-C in a terminal is for the window
    send = Outbox(pipe)
    try:
        from .service import Service, machine  # imports the engine

        send(m.Ready(os.getpid(), machine()))
        service = Service(inbox, send)
        while True:
            request = inbox.take()
            if isinstance(request, m.Quit):
                return
            serve(service, request, inbox, send)
    except (BrokenPipeError, ConnectionError):  # the window is gone
        return


def serve(service: Service, request: m.Request, inbox: Inbox, send: Callable[[m.Reply], None]) -> None:
    """Answer one request, whatever happens; what is long has a beginning and an end."""
    if isinstance(request, STOPS):
        inbox.stopped()
        send(m.Finished("idle", stopped=True))
        return
    what = name_of(request)
    was_stopped = False
    try:
        service.look_for_data()
        service.handle(request)
        return
    except Stopped:
        was_stopped = True
        inbox.stopped()
    except (BrokenPipeError, ConnectionError):
        raise
    except Reported:
        pass
    except RecursionError as error:
        send(m.Failed(what, "the graph nests too deeply", None, "make it flatter", str(error)))
    except Exception as error:              # nothing that a graph does may end the process
        send(failure(what, error, service.card_of(error)))
    if was_stopped or isinstance(request, LONG):
        send(m.Finished(what, was_stopped))
