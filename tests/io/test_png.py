"""Pictures in PNG files: every filter, color and depth, against an encoder written from the specification."""

import struct
import zlib

import numpy as np
import pytest

from graphengine.errors import FileFormatError
from graphengine.io.png import read_png


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def filtered(line, above, kind, step):
    out = bytearray()
    for k, value in enumerate(line):
        a = line[k - step] if k >= step else 0
        b, c = above[k], above[k - step] if k >= step else 0
        paeth = min((abs(a + b - c - v), i, v) for i, v in enumerate((a, b, c)))[2]
        out.append((value - (0, a, b, (a + b) // 2, paeth)[kind]) % 256)
    return bytes([kind]) + bytes(out)


def png(rows, width, depth, color, filters=(0,), extra=b"", interlaced=0):
    """rows : bytes of each line"""
    step = max({0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color] * depth // 8, 1)
    above, body = bytes(len(rows[0])), b""
    for k, line in enumerate(rows):
        body += filtered(line, above, filters[k % len(filters)], step)
        above = line
    head = struct.pack(">IIBBBBB", width, len(rows), depth, color, 0, 0, interlaced)
    end = chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + end


def read(tmp_path, data):
    (tmp_path / "p.png").write_bytes(data)
    return read_png(tmp_path / "p.png", "p.png")


@pytest.mark.parametrize("kind", range(5))
@pytest.mark.parametrize(("color", "channels"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_filters(tmp_path, rng, kind, color, channels):
    picture = rng.integers(0, 256, (7, 5, channels), np.uint8)
    found = read(tmp_path, png([line.tobytes() for line in picture], 5, 8, color, (kind, (kind + 1) % 5)))
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, picture)


def test_16_bits(tmp_path, rng):
    picture = rng.integers(0, 65536, (4, 3, 3), np.uint16)
    found = read(tmp_path, png([line.astype(">u2").tobytes() for line in picture], 3, 16, 2, (4, 3, 1)))
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found, picture)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_few_bits(tmp_path, rng, depth):
    picture = rng.integers(0, 2**depth, (3, 11), np.uint8)
    bits = (picture[:, :, None] >> np.arange(depth - 1, -1, -1)) & 1
    rows = [line.tobytes() for line in np.packbits(bits.reshape(3, -1), axis=1)]
    np.testing.assert_array_equal(read(tmp_path, png(rows, 11, depth, 0))[:, :, 0], picture * (255 // (2**depth - 1)))
    colors = rng.integers(0, 256, (2**depth, 3), np.uint8)
    found = read(tmp_path, png(rows, 11, depth, 3, extra=chunk(b"PLTE", colors.tobytes())))
    np.testing.assert_array_equal(found, colors[picture])


@pytest.mark.parametrize(("data", "problem"), [
    (b"GIF89a", "no PNG"),
    (png([b"ab"], 2, 8, 0)[:-5], "damaged"),
    (png([b"ab"], 2, 8, 0, filters=(0,)).replace(b"IDAT", b"IDAX"), "damaged"),
    (png([b"ab"], 3, 8, 0), "damaged"),
    (png([b"ab"], 2, 8, 0, interlaced=1), "interlaced"),
    (png([b"ab"], 2, 8, 3), "damaged"),
    (png([b""], 2**31, 8, 0), "may have"),
    (png([b""], 0, 8, 0), "damaged"),
    (png([b"a"], 1, 7, 0), "damaged"),
], ids=["gif", "cut", "no data", "short", "interlaced", "palette", "huge", "empty", "depth"])
def test_refused(tmp_path, data, problem):
    with pytest.raises(FileFormatError, match=problem):
        read(tmp_path, data)


def test_missing(tmp_path):
    with pytest.raises(FileFormatError, match=r"p\.png"):
        read_png(tmp_path / "p.png", "p.png")
