"""Pictures of a scene, and the graph that a PNG gives back; what others put into a PNG does no harm."""

import json
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6 import QtCore, QtGui, QtSvg, QtWidgets

import graphengine as ge
from editor.io import pictures
from editor.io.pictures import area_of, image, read_picture, save_picture, text_of, with_text
from editor.model.document import GraphDocument
from editor.model.files import to_text
from editor.model.items import Card, Note, Setting, Wire
from editor.theme import install, theme


@pytest.fixture
def scene(qapp):
    made = QtWidgets.QGraphicsScene()
    item = made.addRect(100, 50, 200, 100, QtGui.QPen(QtCore.Qt.PenStyle.NoPen), theme.color("accent"))
    item.setCacheMode(QtWidgets.QGraphicsItem.CacheMode.DeviceCoordinateCache)
    made.addRect(5000, 5000, 10, 10).setVisible(False)
    return made


@pytest.fixture
def document():
    array = np.arange(3000, dtype="float32")
    value = {"dtype": "float32", "shape": [3000], "array": "ab12"}
    return GraphDocument([
        Card("x", "op/placeholder"), Card("y", "op/exp", x=300), Wire("x", 0, "y", 0, ((250.0, 40.0),)),
        Card("c", "op/const", {"value": value}), Note("n", "ünï → code", 3, 4), Setting("seed", 3),
    ], {"ab12": array})


def test_the_whole_scene_with_a_margin(scene):
    assert area_of(scene) == QtCore.QRectF(100 - 24, 50 - 24, 248, 148)
    made = image(scene, scale=2)
    assert (made.width(), made.height()) == (496, 296)
    assert made.pixelColor(0, 0) == theme.color("canvas")
    assert made.pixelColor(248, 148) == theme.color("accent")
    assert scene.items()[1].cacheMode() == QtWidgets.QGraphicsItem.CacheMode.DeviceCoordinateCache


def test_a_part_and_a_large_scene(scene):
    assert image(scene, QtCore.QRectF(0, 0, 50, 40), 1).size() == QtCore.QSize(50, 40)
    huge = image(scene, QtCore.QRectF(0, 0, 1_000_000, 1_000), 2)
    assert huge.width() <= pictures.LONGEST_SIDE
    square = image(scene, QtCore.QRectF(0, 0, 9_000, 9_000), 3)
    assert square.width() * square.height() <= pictures.MOST_PIXELS * 1.001


def test_png_gives_the_graph_back(scene, document, tmp_path):
    file = tmp_path / "graph.png"
    save_picture(scene, file, document)
    assert QtGui.QImage(str(file)).width() == 496
    found = read_picture(file)
    assert to_text(found) == to_text(document)
    np.testing.assert_array_equal(found.arrays["ab12"], document.arrays["ab12"])


def test_arrays_that_are_too_large_stay_out(scene, document, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_ARRAYS", 100)
    save_picture(scene, tmp_path / "graph.png", document)
    found = read_picture(tmp_path / "graph.png")
    assert to_text(found) == to_text(document)
    assert not found.arrays


def test_svg_and_pdf(scene, tmp_path):
    save_picture(scene, tmp_path / "graph.svg")
    renderer = QtSvg.QSvgRenderer(str(tmp_path / "graph.svg"))
    assert renderer.isValid()
    assert renderer.viewBoxF() == QtCore.QRectF(0, 0, 248, 148)
    assert b"<image" not in (tmp_path / "graph.svg").read_bytes()
    save_picture(scene, tmp_path / "graph.pdf")
    assert (tmp_path / "graph.pdf").read_bytes().startswith(b"%PDF-")
    with pytest.raises(ValueError, match=r"it has to be \.png, \.svg, \.pdf"):
        save_picture(scene, tmp_path / "graph.bmp")


def test_text_in_svg_is_outlines(qapp, tmp_path):
    """It looks as on the screen, also where the fonts are missing, and can still be read aloud."""
    install(qapp)
    scene = QtWidgets.QGraphicsScene()
    item = scene.addSimpleText('a < b & "c"', theme.font("title"))
    item.setBrush(theme.color("text"))
    save_picture(scene, tmp_path / "text.svg")
    svg = (tmp_path / "text.svg").read_text(encoding="utf8")
    assert "<text" not in svg
    assert "aria-label='a &lt; b &amp; \"c\"'" in svg
    drawn = QtGui.QImage(image(scene, scale=2).size(), QtGui.QImage.Format.Format_RGB32)
    painter = QtGui.QPainter(drawn)
    QtSvg.QSvgRenderer(str(tmp_path / "text.svg")).render(painter)
    painter.end()
    first, second = (np.array([[QtGui.qGray(i.pixel(x, y)) for x in range(i.width())] for y in range(i.height())])
                     for i in (drawn, image(scene, scale=2)))
    assert np.abs(first - second).mean() < 2
    assert np.abs(second - second[0, 0]).mean() > 2


def test_an_empty_scene_is_a_picture_too(qapp, tmp_path):
    for ending in ("png", "svg", "pdf"):
        save_picture(QtWidgets.QGraphicsScene(), tmp_path / f"empty.{ending}")
        assert (tmp_path / f"empty.{ending}").stat().st_size > 0


# -------------------------------------------------------------------- hostile pictures

def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


PLAIN = pictures.SIGNATURE + chunk(b"IHDR", bytes(13)) + chunk(b"IEND", b"")


def refused(tmp_path, data, match):
    file = tmp_path / "bad.png"
    file.write_bytes(data)
    with pytest.raises(ge.errors.FileFormatError, match=match):
        read_picture(file)


def test_pictures_without_a_graph(tmp_path):
    refused(tmp_path, PLAIN, "holds no graph")
    refused(tmp_path, b"GIF89a", "no PNG")
    refused(tmp_path, b"", "no PNG")
    refused(tmp_path, PLAIN[:-6], "cut off")
    refused(tmp_path, pictures.SIGNATURE + b"\xff\xff\xff\xffiTXt", "cut off")


@pytest.mark.parametrize("text", [
    b"", b"{", b"[]", b"[" * 200_000, json.dumps({"graphengine": "picture", "version": 2}).encode(),
    json.dumps({"graphengine": "picture", "version": 1, "document": 3, "arrays": {}}).encode(),
    json.dumps({"graphengine": "picture", "version": 1, "document": "{}", "arrays": []}).encode(),
    json.dumps({"graphengine": "picture", "version": 1, "document": "{}", "arrays": {}}).encode(),
])
def test_pictures_with_something_else(tmp_path, text):
    refused(tmp_path, with_text(PLAIN, text), ".")


def test_damaged_and_swollen_texts(tmp_path, monkeypatch):
    good = with_text(PLAIN, b"{}")
    place = good.index(b"iTXt") + 20
    refused(tmp_path, good[:place] + bytes([good[place] ^ 1]) + good[place + 1:], "damaged")
    head = pictures.KEYWORD + b"\0"
    short = zlib.compress(b"x" * 99)[:-9]
    for body in (b"", b"\1", b"\1\0", b"\1\0\0", b"\0\0\0\0{}", b"\1\0\0\0no zlib", b"\1\0\0\0" + short):
        refused(tmp_path, PLAIN[:33] + chunk(b"iTXt", head + body) + PLAIN[33:], "damaged|cut off")
    monkeypatch.setattr(pictures, "MAX_TEXT", 1000)
    refused(tmp_path, with_text(PLAIN, b"x" * 1001), "more than 1,000 bytes")
    monkeypatch.setattr(pictures, "MAX_FILE", 50)
    refused(tmp_path, with_text(PLAIN, b"x"), "may have 50")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_any_damage_is_an_error_or_the_graph(document, data):
    good = bytearray(with_text(PLAIN, pictures._payload(document)))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        found = text_of(bytes(good), "it")
    except ge.errors.FileFormatError:
        return
    assert found in (None, pictures._payload(document))
