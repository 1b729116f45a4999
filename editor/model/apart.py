"""Processes that work for another one: what they say to each other through a pipe, and when they end."""
from __future__ import annotations

import os
import pickle
import threading
from multiprocessing import connection, parent_process
from typing import Any

PART = 2**20                                # bytes of an array that go through a pipe at a time
SMALL = 2**16                               # bytes of an array that goes with the rest


def send(pipe: Any, value: Any) -> None:
    """Send a value for `receive`. Large arrays are not copied, and who sends in a thread stops no other one.

    Raises
    ------
    OSError if the other end is gone.
    """
    large: list[memoryview] = []

    def is_small(buffer: pickle.PickleBuffer) -> bool:
        raw = buffer.raw()
        if raw.nbytes > SMALL:
            large.append(raw)
        return raw.nbytes <= SMALL

    text = pickle.dumps(value, 5, buffer_callback=is_small)
    pipe.send((text, [raw.nbytes for raw in large]))
    for raw in large:
        for k in range(0, raw.nbytes, PART):
            pipe.send_bytes(raw[k:k + PART])


def receive(pipe: Any) -> Any:
    """What `send` sent at the other end.

    Raises
    ------
    EOFError, OSError if that is gone; else whatever the value raises, and the next one can be received.
    """
    text, sizes = pipe.recv()
    buffers = [bytearray(size) for size in sizes]
    for buffer in buffers:
        for k in range(0, len(buffer), PART):
            pipe.recv_bytes_into(buffer, k)
    return pickle.loads(text, buffers=buffers)


def end_with_parent() -> None:
    """End at once when the process that started this one is gone, whatever is computed just then."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        connection.wait([parent.sentinel])
        os._exit(0)

    threading.Thread(target=watch, name="parent", daemon=True).start()
