"""The samples that come with the project: what they are called, what they show, and a small picture of each."""
from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from pathlib import Path

from PySide6 import QtCore, QtGui

from .layout import Box, Link, layered
from .model.document import GraphDocument
from .model.subgraphs import kind_of, shown_as
from .theme import theme

FOLDER = Path(__file__).resolve().parent.parent / "samples"
ABBREVIATIONS = {"cnn", "pca", "xor"}       # in names of samples
WIDTH, HEIGHT = 184.0, 84.0                 # of a card in a picture of a graph, before it is made small
LARGEST = 0.4                               # of that size


@dataclass(frozen=True)
class Sample:
    """path : of the graph; title : its name in words; about : one sentence"""

    path: Path
    title: str
    about: str


def samples(folder: Path = FOLDER) -> list[Sample]:
    """All samples; those drawn with layers first. None where the samples are not installed."""
    found = []
    for path in sorted(folder.glob("*.graph.json")):
        name = path.name.removesuffix(".graph.json")
        words = name.removeprefix("drawn_").split("_")
        title = " ".join(w.upper() if w in ABBREVIATIONS else w if k else w.capitalize() for k, w in enumerate(words))
        if name.startswith("drawn_"):
            title += ", of layers"
        found.append(Sample(path, title, _about(path.with_name(f"{name}.py")) or _noted(path)))
    return sorted(found, key=lambda s: (not s.path.name.startswith("drawn_"), s.title))


def _about(program: Path) -> str:
    """The first sentence of the program that a sample belongs to."""
    try:
        text = ast.get_docstring(ast.parse(program.read_text(encoding="utf8"))) or ""
    except (OSError, SyntaxError, ValueError):
        return ""
    return " ".join(text.partition("\n\n")[0].split())


def _noted(path: Path) -> str:
    """What the note of a drawing says first, in bold."""
    found = re.search(r"\*\*(.+?)\*\*", path.read_text(encoding="utf8"))
    return found[1] if found is not None else ""


def picture(document: GraphDocument) -> QtGui.QPicture:
    """A picture of a graph to be made small: cards as blocks in the colour of their category, wires as lines."""
    drawing, places = QtGui.QPicture(), _places(document)
    painter = QtGui.QPainter(drawing)
    area = QtCore.QRectF()
    for x, y in places.values():
        area |= QtCore.QRectF(x, y, WIDTH, HEIGHT)
    line = QtGui.QPen(theme.color("text3"), 1.2)
    line.setCosmetic(True)
    painter.setPen(line)
    painter.setBrush(QtCore.Qt.BrushStyle.NoBrush)      # else that of whoever shows it
    for wire in document.wires:
        source, target = (shown_as(document, end, "") for end in (wire.source, wire.target))
        if source in places and target in places and source != target:
            (x, y), (u, v) = places[source], places[target]
            start, end = QtCore.QPointF(x + WIDTH, y + HEIGHT / 2), QtCore.QPointF(u, v + HEIGHT / 2)
            reach = QtCore.QPointF(min(max(abs(u - x) / 2, 40), 160), 0)
            path = QtGui.QPainterPath(start)
            path.cubicTo(start + reach, end - reach, end)
            painter.drawPath(path)
    painter.setPen(QtCore.Qt.PenStyle.NoPen)
    for id in places:
        card = document.card(id)
        kind = kind_of(card) if card is not None else None
        painter.setBrush(theme.category(kind.category if kind is not None else ""))
        painter.drawRoundedRect(QtCore.QRectF(*places[id], WIDTH, HEIGHT), 14, 14)
    painter.end()
    drawing.setBoundingRect(area.toAlignedRect())
    return drawing


def show_picture(painter: QtGui.QPainter, drawing: QtGui.QPicture, room: QtCore.QRectF) -> None:
    """Draw a picture of a graph in the middle of a room, as large as fits there but not as large as the graph is."""
    area = QtCore.QRectF(drawing.boundingRect())
    if area.isEmpty():
        return
    scale = min(room.width() / area.width(), room.height() / area.height(), LARGEST)
    painter.translate(room.center())
    painter.scale(scale, scale)
    painter.translate(-area.center())
    painter.drawPicture(QtCore.QPointF(), drawing)


def _places(document: GraphDocument) -> dict[str, tuple[float, float]]:
    """Where the cards lie; laid out where they have no places yet."""
    places = {card.id: (card.x, card.y) for card in document.cards if not card.parent}
    if len(set(places.values())) > 1 or len(places) < 2:
        return places
    boxes = {id: Box(WIDTH, HEIGHT, 0.0, 0.0) for id in places}
    return dict(layered(boxes, [Link(w.source, w.output, w.target, w.input) for w in document.wires]).places)
