"""Pictures in PNG files as arrays.

References
----------
W3C (2003), "Portable Network Graphics (PNG) Specification, second edition", sections 5, 7, 9 and 11.
"""
from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import numpy as np

from ..errors import FileFormatError
from .arrays import Array
from .files import read_file

MAX_PNG_BYTES = 256 * 2**20                 # of the file, and of the picture
SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}   # by the type of color
PALETTE = 3


def read_png(path: Path, file: str) -> Array:
    """A picture, (height, width, channels): uint8, or uint16 if it has 16 bits a channel.

    Channels are gray; gray and opacity; red, green, blue; or these and opacity. Colors of a palette are looked up.

    Raises
    ------
    FileFormatError if the file is missing, damaged, too large, or interlaced.
    """
    def refuse(problem: str, fix: str = "save the picture again as PNG") -> NoReturn:
        raise FileFormatError(problem, at=file, fix=fix)

    data = read_file(path, MAX_PNG_BYTES, "the picture")
    if not data.startswith(SIGNATURE):
        refuse("the file is no PNG picture")
    parts = list(_chunks(data))
    if not parts or parts[0][0] != b"IHDR" or len(parts[0][1]) != 13 or parts[-1][0] != b"IEND":
        refuse("the picture is damaged")
    width, height, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", parts[0][1])
    if color not in CHANNELS or depth not in (1, 2, 4, 8, 16) or not width or not height:
        refuse("the picture is damaged")
    if interlaced:
        refuse("the picture is interlaced", "save it without interlacing")
    channels = CHANNELS[color]
    line = (width * channels * depth + 7) // 8
    if height * (line + 1) > MAX_PNG_BYTES or height * width * channels > MAX_PNG_BYTES:
        refuse(f"the picture has {width:,} x {height:,} points; it may have {MAX_PNG_BYTES:,} bytes", "make it smaller")
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(b"".join(body for kind, body in parts if kind == b"IDAT"), height * (line + 1))
    except zlib.error:
        refuse("the picture is damaged")
    if len(raw) != height * (line + 1):
        refuse("the picture is damaged")
    rows = np.frombuffer(raw, np.uint8).reshape(height, line + 1)
    if rows[:, 0].max() > 4:
        refuse("the picture is damaged")
    bytes_ = _unfiltered(rows, max(channels * depth // 8, 1))
    if depth == 16:
        return np.ascontiguousarray(bytes_.view(">u2").astype(np.uint16).reshape(height, width, channels))
    points = bytes_ if depth == 8 else _unpacked(bytes_, depth)[:, :width * channels]
    if color != PALETTE:
        scale = 1 if depth == 8 else 255 // (2**depth - 1)
        return np.ascontiguousarray((points * np.uint8(scale)).reshape(height, width, channels))
    palette = next((body for kind, body in parts if kind == b"PLTE"), b"")
    if len(palette) % 3 or len(palette) <= 3 * int(points.max()):
        refuse("the picture is damaged")
    colors: Array = np.frombuffer(palette, np.uint8).reshape(-1, 3)[points]
    return colors


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and contents of each part, as far as they are whole."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4:at + 8], data[at + 8:at + 8 + size]
        if at + 12 + size > len(data) or zlib.crc32(kind + body) != struct.unpack_from(">I", data, at + 8 + size)[0]:
            return
        yield kind, body
        at += 12 + size


def _unpacked(rows: Array, depth: int) -> Array:
    """Numbers of fewer than 8 bits, the highest bits of a byte first."""
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    return ((rows[:, :, None] >> shifts) & np.uint8(2**depth - 1)).reshape(len(rows), -1)


def _unfiltered(rows: Array, step: int) -> Array:
    """The bytes of a picture; each line begins with the number of its filter (section 9).

    Parameters
    ----------
    step : bytes of a point
    """
    height, line = rows.shape[0], rows.shape[1] - 1
    padded = -(-line // step) * step
    found = np.zeros((height + 1, padded), np.uint8)    # a line of zeros comes before the first
    for y, row in enumerate(rows):
        above, out = found[y].reshape(-1, step), found[y + 1].reshape(-1, step)
        kind = int(row[0])
        out.reshape(-1)[:line] = row[1:]
        if kind == 1:
            np.add.accumulate(out, axis=0, out=out)
        elif kind == 2:
            out += above
        elif kind >= 3:
            _predicted(out, above, kind)
    return found[1:, :line]


def _predicted(out: Array, above: Array, kind: int) -> None:
    """Undo the filters that look at the point on the left and above: their mean (3), or the nearer one (4, Paeth)."""
    for channel in range(out.shape[1]):
        left, corner = 0, 0
        line = out[:, channel].tolist()
        for x, b in enumerate(above[:, channel].tolist()):
            if kind == 3:
                guess = (left + b) // 2
            else:
                far = left + b - corner
                da, db, dc = abs(far - left), abs(far - b), abs(far - corner)
                guess = left if da <= db and da <= dc else b if db <= dc else corner
            left, corner = (line[x] + guess) & 255, b
            line[x] = left
        out[:, channel] = line
