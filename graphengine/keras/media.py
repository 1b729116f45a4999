"""Pictures, sounds and texts as the messages, in protocol buffers, that TensorBoard shows."""
from __future__ import annotations

import io
import struct
import wave
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ShapeError
from ..ops.summaries import BYTES, FLOAT, NUMBER, field, summary

COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}      # PNG's, by the number of channels
STRING = 7                                  # a tensor's type


def images(tag: str, data: Any, most: int) -> bytes:
    """The first pictures of a batch, (batch, height, width, channels): uint8, or fractions in [0, 1]."""
    x = np.asarray(data)
    if x.ndim != 4 or x.shape[3] not in COLOR_TYPES:
        raise ShapeError(f"pictures of shape {x.shape}; they are (batch, height, width, up to 4 channels)",
                         op="summary.image")
    if x.dtype != np.uint8:
        x = (np.clip(x.astype(np.float64), 0, 1) * 255.5).astype(np.uint8) if x.dtype.kind == "f" else \
            np.clip(x, 0, 255).astype(np.uint8)
    return b"".join(
        summary(_numbered(tag, k, min(len(x), most)), field(4, BYTES, b"".join((
            field(1, NUMBER, picture.shape[0]), field(2, NUMBER, picture.shape[1]),
            field(3, NUMBER, picture.shape[2]), field(4, BYTES, png(picture))))))
        for k, picture in enumerate(x[:most]))


def _numbered(tag: str, k: int, count: int) -> str:
    return tag if count == 1 else f"{tag}/{k}"


def png(picture: Any) -> bytes:
    """A picture of bytes, (height, width, channels), as a PNG file."""
    height, width, channels = picture.shape
    rows = np.pad(picture.reshape(height, -1), [(0, 0), (1, 0)])        # each row begins with its filter, none
    head = struct.pack(">IIBBBBB", width, height, 8, COLOR_TYPES[channels], 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(rows.tobytes())), (b"IEND", b""))
    chunks = (struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
              for kind, data in parts)
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def sounds(tag: str, data: Any, rate: int, most: int) -> bytes:
    """The first clips of a batch, (batch, samples, channels): numbers in [-1, 1] at so many samples a second."""
    x = np.asarray(data)
    if x.ndim != 3:
        raise ShapeError(f"sounds of shape {x.shape}; they are (batch, samples, channels)", op="summary.audio")
    found = []
    for k, clip in enumerate(x[:most]):
        file = io.BytesIO()
        with wave.open(file, "wb") as out:
            out.setnchannels(clip.shape[1])
            out.setsampwidth(2)
            out.setframerate(rate)
            out.writeframes((np.clip(clip, -1, 1) * 32767).round().astype("<i2").tobytes())
        content = (field(1, FLOAT, rate), field(2, NUMBER, clip.shape[1]), field(3, NUMBER, clip.shape[0]),
                   field(4, BYTES, file.getvalue()), field(5, BYTES, b"audio/wav"))
        found.append(summary(_numbered(tag, k, min(len(x), most)), field(6, BYTES, b"".join(content))))
    return b"".join(found)


def texts(tag: str, data: str | bytes | Sequence[Any]) -> bytes:
    """A text, or a list of several."""
    several = [data] if isinstance(data, (str, bytes)) else list(data)
    sizes = b"" if isinstance(data, (str, bytes)) else field(2, BYTES, field(1, NUMBER, len(several)))
    values = b"".join(field(8, BYTES, t.encode() if isinstance(t, str) else t) for t in several)
    tensor = field(1, NUMBER, STRING) + field(2, BYTES, sizes) + values
    plugin = field(1, BYTES, field(1, BYTES, b"text"))
    return summary(tag, field(9, BYTES, plugin) + field(8, BYTES, tensor))
