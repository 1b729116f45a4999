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

import numpy as np

DOUBLE, BYTES, FLOAT = 1, 2, 5              # how a field of a message is written
NUMBER = 0


class EventFile:
    """A new event file, written as things happen.

    folder : made if it is not there
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        import socket

        os.makedirs(folder, exist_ok=True)
        stem = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}"
        self._file = open(_free(Path(folder), stem), "xb")  # noqa: SIM115 (closed by close)
        self._write(_field(3, BYTES, b"brain.Event:2"))

    def scalar(self, tag: str, value: float, step: int) -> None:
        """A number at a step."""
        self.summary(scalar(tag, value), step)

    def histogram(self, tag: str, values: Any, step: int, buckets: int = 30) -> None:
        """How often which values occur in an array."""
        self.summary(histogram(tag, values, buckets), step)

    def summary(self, content: bytes, step: int) -> None:
        """What one of the functions below gave, or several of them gave beside each other."""
        self._write(_field(2, NUMBER, step) + _field(5, BYTES, content))

    def _write(self, content: bytes) -> None:
        data = _field(1, DOUBLE, time.time()) + content
        length = struct.pack("<Q", len(data))
        self._file.write(length + _check(length) + data + _check(data))

    def flush(self) -> None:
        self._file.flush()

    def close(self) -> None:
        self._file.close()


# -------------------------------------------------------------------- what is written, as messages

def scalar(tag: str, value: float) -> bytes:
    """A number."""
    return _summary(tag, _field(2, FLOAT, float(value)))


def histogram(tag: str, values: Any, buckets: int = 30) -> bytes:
    """How often which values occur in an array."""
    x = np.asarray(values, np.float64).reshape(-1)
    counts, edges = np.histogram(x, buckets)
    ends = (x.min(), x.max()) if x.size else (0.0, 0.0)
    numbers = (*ends, float(x.size), float(x.sum()), float(np.square(x).sum()))
    message = b"".join(_field(k, DOUBLE, v) for k, v in enumerate(numbers, 1))
    message += _field(6, BYTES, edges[1:].astype("<f8").tobytes())
    message += _field(7, BYTES, counts.astype("<f8").tobytes())
    return _summary(tag, _field(5, BYTES, message))


TYPES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "int64": 9, "bool": 10,
         "bfloat16": 14, "uint16": 17, "float16": 19, "uint32": 22, "uint64": 23}


def tensor(tag: str, value: Any) -> bytes:
    """All elements of an array, with its shape."""
    x = np.asarray(value)
    sizes = b"".join(_field(2, BYTES, _field(1, NUMBER, size)) for size in x.shape)
    message = _field(1, NUMBER, TYPES[x.dtype.name]) + _field(2, BYTES, sizes) + _field(4, BYTES, x.tobytes())
    return _summary(tag, _field(8, BYTES, message))


def _summary(tag: str, content: bytes) -> bytes:
    return _field(1, BYTES, _field(1, BYTES, tag.encode()) + content)


def _free(folder: Path, stem: str) -> Path:
    """A name that no file has yet: several may begin within a second."""
    count = 0
    while (folder / f"{stem}.{count}.v2").exists():
        count += 1
    return folder / f"{stem}.{count}.v2"


def _field(number: int, kind: int, value: Any) -> bytes:
    """A field of a message."""
    head = _varint(number << 3 | kind)
    if kind == BYTES:
        return head + _varint(len(value)) + bytes(value)
    return head + (_varint(value) if kind == NUMBER else struct.pack("<d" if kind == DOUBLE else "<f", value))


def _varint(value: int) -> bytes:
    """A whole number, seven bits a byte, the lowest first."""
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    return bytes([*found, value])


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
