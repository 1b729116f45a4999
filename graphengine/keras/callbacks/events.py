"""Event files as TensorBoard reads them: numbers and histograms in, records of protocol buffers out.

A record is the length of its data (uint64), a check of that, the data, and a check of it; the data is an ``Event``. The
checks are CRC-32C, rotated and shifted so that a check of checked data is no check of the data.
"""
from __future__ import annotations

import os
import struct
import time
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from ...ops.summaries import BYTES, DOUBLE, NUMBER, field, histogram, scalar


class EventFile:
    """A new event file, written as things happen.

    folder : made if it is not there
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        import socket

        os.makedirs(folder, exist_ok=True)
        stem = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}"
        self._file = open(_free(Path(folder), stem), "xb")  # noqa: SIM115 (closed by close)
        self._write(field(3, BYTES, b"brain.Event:2"))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """A number at a step."""
        self.summary(scalar(tag, value), step)

    def histogram(self, tag: str, values: Any, step: int, buckets: int = 30) -> None:
        """How often which values occur in an array."""
        self.summary(histogram(tag, values, buckets), step)

    def summary(self, content: bytes, step: int) -> None:
        """A message, or several behind each other."""
        self._write(field(2, NUMBER, step) + field(5, BYTES, content))

    def _write(self, content: bytes) -> None:
        data = field(1, DOUBLE, time.time()) + content
        length = struct.pack("<Q", len(data))
        self._file.write(length + _check(length) + data + _check(data))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


def _free(folder: Path, stem: str) -> Path:
    """A name that no file has yet: several may begin within a second."""
    count = 0
    while (folder / f"{stem}.{count}.v2").exists():
        count += 1
    return folder / f"{stem}.{count}.v2"


def _check(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def crc32c(data: Iterable[int]) -> int:
    """The check of bytes by Castagnoli's polynomial, RFC 3720, appendix B.4.

    Examples
    --------
    >>> from graphengine.keras.callbacks.events import crc32c
    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 255] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


@cache
def _table() -> list[int]:
    found = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        found.append(value)
    return found
