"""A scene as a picture: PNG, SVG, PDF. A PNG carries the drawn graph itself, and gives it back.

The graph is in a chunk "iTXt" with the keyword "graphengine" (PNG specification, third edition, section 11.3.3), which
other programs skip: {"graphengine": "picture", "version": 1, "document": what `files.to_text` gives, "arrays": {...}}.
A picture may come from anywhere, so nothing in it is believed, and nothing is unpacked beyond a limit.
"""
from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PySide6 import QtCore, QtGui, QtSvg, QtWidgets

import graphengine as ge
from graphengine.tools.drawn.files import read_file, write_file

from ..model.document import GraphDocument
from ..model.files import from_text, to_text
from ..model.plain import to_plain
from ..model.values import array_from_text, array_text, arrays_named
from ..theme import theme
from .outlines import outlined

Array = np.ndarray[Any, Any]
MARGIN = 24.0                               # around everything, pixels at 100 %
LONGEST_SIDE = 16_000                       # pixels of a picture
MOST_PIXELS = 100_000_000
MAX_ARRAYS = 8 * 2**20                      # bytes of large arrays that go into a picture
MAX_FILE = 128 * 2**20                      # bytes of a picture that is read
MAX_TEXT = 64 * 2**20                       # bytes of the graph in it
SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEYWORD = b"graphengine"


# -------------------------------------------------------------------- drawing

def save_picture(scene: QtWidgets.QGraphicsScene, path: str | os.PathLike[str], document: GraphDocument | None = None,
                 area: QtCore.QRectF | None = None, scale: float = 2.0) -> None:
    """Draw a scene into a file; its ending says how. The old file stays whole if that fails.

    Parameters
    ----------
    path : of a .png, .svg or .pdf file
    document : goes into a PNG
    area : of the scene; all of it with a margin if None
    scale : pixels of a PNG for each of the scene; less where the picture would become too large

    Raises
    ------
    ValueError for another ending, OSError if the system refuses.
    """
    ending = Path(path).suffix.lower()
    if ending not in WRITERS:
        raise ValueError(f"a picture cannot be {ending or 'without ending'!r}; it has to be {', '.join(WRITERS)}")
    write_file(path, WRITERS[ending](scene, area, scale, document))


def image(scene: QtWidgets.QGraphicsScene, area: QtCore.QRectF | None = None, scale: float = 2.0) -> QtGui.QImage:
    """A scene as an image, for a PNG or the clipboard."""
    area = area_of(scene) if area is None else area
    scale = min(scale, LONGEST_SIDE / max(area.width(), area.height(), 1),
                (MOST_PIXELS / max(area.width() * area.height(), 1)) ** 0.5)
    size = QtCore.QSize(max(1, round(area.width() * scale)), max(1, round(area.height() * scale)))
    made = QtGui.QImage(size, QtGui.QImage.Format.Format_RGB32)
    if made.isNull():
        raise OSError(f"there is no memory for a picture of {size.width()} by {size.height()} pixels")
    made.setDotsPerMeterX(round(96 * scale / 0.0254))
    made.setDotsPerMeterY(round(96 * scale / 0.0254))
    made.fill(theme.color("canvas"))
    _paint(scene, made, QtCore.QRectF(QtCore.QPointF(), QtCore.QSizeF(size)), area)
    return made


def area_of(scene: QtWidgets.QGraphicsScene) -> QtCore.QRectF:
    """What the visible items of a scene take, with a margin."""
    found = QtCore.QRectF()
    for item in scene.items():
        if item.isVisible():
            found = found.united(item.sceneBoundingRect())
    return found.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)


def _png(scene: QtWidgets.QGraphicsScene, area: QtCore.QRectF | None, scale: float,
         document: GraphDocument | None) -> bytes:
    device = _Device()
    if not image(scene, area, scale).save(device, "PNG"):  # type: ignore[call-overload]
        raise OSError("the picture cannot be written")
    return device.bytes if document is None else with_text(device.bytes, _payload(document))


def _svg(scene: QtWidgets.QGraphicsScene, area: QtCore.QRectF | None, scale: float,
         document: GraphDocument | None) -> bytes:
    area = area_of(scene) if area is None else area
    device = _Device()
    generator = QtSvg.QSvgGenerator()
    generator.setOutputDevice(device)
    target = QtCore.QRectF(QtCore.QPointF(), area.size())
    generator.setSize(area.size().toSize())
    generator.setViewBox(target)
    generator.setResolution(96)             # what the others take a pixel to be
    generator.setTitle("graphengine")
    _paint(scene, generator, target, area)
    return outlined(device.bytes.decode("utf8")).encode()


def _pdf(scene: QtWidgets.QGraphicsScene, area: QtCore.QRectF | None, scale: float,
         document: GraphDocument | None) -> bytes:
    area = area_of(scene) if area is None else area
    device = _Device()
    writer = QtGui.QPdfWriter(device)
    writer.setTitle("graphengine")
    writer.setResolution(144)               # two units a pixel: thin lines stay thin
    page = QtGui.QPageSize
    writer.setPageSize(page(area.size() * 0.75, page.Unit.Point, "", page.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QtCore.QMarginsF())
    target = QtCore.QRectF(0, 0, writer.width(), writer.height())
    _paint(scene, writer, target, area)
    return device.bytes


Writer = Callable[[QtWidgets.QGraphicsScene, QtCore.QRectF | None, float, GraphDocument | None], bytes]
WRITERS: Mapping[str, Writer] = {".png": _png, ".svg": _svg, ".pdf": _pdf}


class _Device(QtCore.QBuffer):
    """Memory that pictures are written to."""

    def __init__(self) -> None:
        super().__init__()
        self.open(QtCore.QIODevice.OpenModeFlag.WriteOnly)

    @property
    def bytes(self) -> bytes:
        return bytes(self.data().data())


def _paint(scene: QtWidgets.QGraphicsScene, device: QtGui.QPaintDevice, target: QtCore.QRectF,
           area: QtCore.QRectF) -> None:
    painter = QtGui.QPainter(device)
    if not painter.isActive():
        raise OSError("the picture cannot be drawn")
    try:
        painter.setRenderHints(QtGui.QPainter.RenderHint.Antialiasing | QtGui.QPainter.RenderHint.TextAntialiasing
                               | QtGui.QPainter.RenderHint.SmoothPixmapTransform)
        with _uncached(scene):
            scene.render(painter, target, area)
    finally:
        painter.end()


@contextmanager
def _uncached(scene: QtWidgets.QGraphicsScene) -> Iterator[None]:
    """Items are drawn, not copied from what they looked like on the screen."""
    modes = {item: item.cacheMode() for item in scene.items()}
    none = QtWidgets.QGraphicsItem.CacheMode.NoCache
    cached = [item for item, mode in modes.items() if mode != none]
    for item in cached:
        item.setCacheMode(none)
    try:
        yield
    finally:
        for item in cached:
            item.setCacheMode(modes[item])


# -------------------------------------------------------------------- the graph in a picture

def read_picture(path: str | os.PathLike[str]) -> GraphDocument:
    """The graph that a PNG carries.

    Raises
    ------
    FileFormatError if it carries none, or a broken one; OSError if the system refuses.
    """
    file = os.fspath(path)
    text = text_of(read_file(path, MAX_FILE, "a picture"), file)
    if text is None:
        raise ge.errors.FileFormatError("the picture holds no graph", at=file,
                                        fix="use a picture that graphengine's editor saved")
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    is_ours = isinstance(found, dict) and found.get("graphengine") == "picture" and found.get("version") == 1
    if not is_ours or not isinstance(found.get("document"), str) or not isinstance(found.get("arrays"), dict):
        raise ge.errors.FileFormatError("the graph in the picture is broken, or of a later version", at=file,
                                        fix="use the graph's own file")
    arrays = {name: array_from_text(raw) for name, raw in found["arrays"].items()}
    whole = {name: array for name, array in arrays.items() if array is not None}
    return from_text(found["document"], whole, file=file)


def _payload(document: GraphDocument) -> bytes:
    names = dict.fromkeys(n for item in document.items.values() for n in arrays_named(to_plain(item)))
    arrays, left = {}, MAX_ARRAYS
    for name in names:
        array = document.arrays.get(name)
        if array is not None and array.nbytes <= left:
            left -= array.nbytes
            arrays[name] = array_text(array)
    return json.dumps({"graphengine": "picture", "version": 1, "document": to_text(document), "arrays": arrays},
                      ensure_ascii=False, separators=(",", ":")).encode()


def with_text(png: bytes, text: bytes) -> bytes:
    """A PNG with a text after its header."""
    end = len(SIGNATURE) + 25               # the header is 13 bytes long in every PNG
    body = KEYWORD + b"\0\1\0\0\0" + zlib.compress(text, 9)
    chunk = struct.pack(">I", len(body)) + b"iTXt" + body + struct.pack(">I", zlib.crc32(b"iTXt" + body))
    return png[:end] + chunk + png[end:]


def text_of(png: bytes, file: str) -> bytes | None:
    """The text that `with_text` put there; None if there is none.

    Raises
    ------
    FileFormatError if it is no PNG, broken, or the text too long.
    """
    def refuse(problem: str) -> ge.errors.FileFormatError:
        return ge.errors.FileFormatError(problem, at=file, fix="use another picture")

    if not png.startswith(SIGNATURE):
        raise refuse("it is no PNG")
    place = len(SIGNATURE)
    while place + 12 <= len(png):
        size, kind = struct.unpack_from(">I4s", png, place)
        body = png[place + 8:place + 8 + size]
        if place + 12 + size > len(png):
            raise refuse("the picture is cut off")
        if kind == b"IEND":
            return None
        if kind == b"iTXt" and body.startswith(KEYWORD + b"\0"):
            if struct.unpack_from(">I", png, place + 8 + size)[0] != zlib.crc32(kind + body):
                raise refuse("the graph in the picture is damaged")
            return _inflated(body[len(KEYWORD) + 1:], refuse)
        place += 12 + size
    raise refuse("the picture is cut off")


def _inflated(body: bytes, refuse: Callable[[str], ge.errors.FileFormatError]) -> bytes:
    flags, _, rest = body[:2], body[2:4], body[2:]
    language_end = rest.find(b"\0")
    keyword_end = rest.find(b"\0", language_end + 1)
    if flags != b"\1\0" or language_end < 0 or keyword_end < 0:
        raise refuse("the graph in the picture is damaged")
    packed = zlib.decompressobj()
    try:
        text = packed.decompress(rest[keyword_end + 1:], MAX_TEXT)
    except zlib.error:
        raise refuse("the graph in the picture is damaged") from None
    if packed.unconsumed_tail:
        raise refuse(f"the graph in the picture has more than {MAX_TEXT:,} bytes")
    if not packed.eof:
        raise refuse("the graph in the picture is cut off")
    return text
