"""Speed of the canvas with 1,000 cards and 1,500 wires, drawn by software into 1400 x 900 pixels.

    python tests/benchmarks/painting.py

Times are of the processor, so that what else the machine does matters less.
"""
from __future__ import annotations

import os
import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"     # before Qt is imported
sys.path[:0] = [str(Path(__file__).parents[2])]

from PySide6 import QtCore, QtWidgets  # noqa: E402

from editor.infer import Inference  # noqa: E402
from editor.model import files  # noqa: E402
from editor.model.document import Change, GraphDocument  # noqa: E402
from editor.model.items import Card, Item, Ref, Wire  # noqa: E402
from editor.scene import GraphScene, GraphView  # noqa: E402

CARDS, WIRES = 1000, 1500
SIZE = QtCore.QSize(1400, 900)


@dataclass(frozen=True)
class Line:
    """A result: median and worst seconds, and the median to reach."""

    what: str
    median: float
    worst: float
    target: float

    def __str__(self) -> str:
        return f"{self.what:<40}{self.median * 1e3:9.1f}{self.worst * 1e3:9.1f}{self.target * 1e3:9.0f} ms"


def large_document() -> GraphDocument:
    """A grid of cards, each with wires from cards a few columns to its left."""
    rng = random.Random(0)
    rows = 25
    items: list[Item] = []
    wires = 0
    for i in range(CARDS):
        column, row = divmod(i, rows)
        left = CARDS - i
        two = column > 0 and (rng.random() < 0.55 or WIRES - wires >= 2 * left) and WIRES - wires > left
        kind = "op/placeholder" if column == 0 else "op/add" if two else "op/relu"
        attributes = {"shape": [None, 128]} if column == 0 else {}
        items.append(Card(f"n{i}", kind, attributes, 270.0 * column, 130.0 * row))
        for k in range(0 if column == 0 else 2 if two else 1):
            source = max(column - 1 - rng.randrange(2), 0) * rows + min(max(row + rng.randint(-2, 2), 0), rows - 1)
            items.append(Wire(f"n{source}", 0, f"n{i}", k))
            wires += 1
    return GraphDocument(items)


class Canvas:
    """A document in a view."""

    def __init__(self, document: GraphDocument) -> None:
        self.document = document
        self.inference = Inference(document)
        self.scene = GraphScene(document, self.inference)
        self.view = GraphView(self.scene)
        self.view.resize(SIZE)
        self.view.show()
        self.view.zoom_to_fit(animated=False)
        self.settle()

    def settle(self) -> None:
        """Paint everything, with pictures of the cards kept again."""
        self.view._settle.stop()
        self.scene.set_caching(True)
        for _ in range(2):
            self.paint()

    def paint(self) -> None:
        """Paint the whole viewport once, together with what changed: as the window's own updates do."""
        self.view.viewport().update()
        QtWidgets.QApplication.processEvents()

    def close(self) -> None:
        self.inference.close()
        self.scene.detach()
        self.view.close()


def timed(step: Callable[[int], None], times: int) -> tuple[float, float]:
    """Median and worst seconds of the processor."""
    spent = []
    for i in range(times):
        start = time.process_time()
        step(i)
        spent.append(time.process_time() - start)
    return statistics.median(spent), max(spent)


def measure(times: int = 20) -> list[Line]:
    """All lines, in the order of the table of targets."""
    text = files.to_text(large_document())
    lines: list[Line] = []

    def line(what: str, target: float, step: Callable[[int], None], count: int = times) -> None:
        lines.append(Line(what, *timed(step, count), target))

    opened: list[Canvas] = []
    files.from_text(text)       # the catalog is made once

    def open_file(i: int) -> None:
        opened.append(Canvas(files.from_text(text)))

    line("open file to first paint", 0.6, open_file, 1)
    canvas = opened[0]
    view, scene, document = canvas.view, canvas.scene, canvas.document
    fit = view.zoom

    for name, zoom in (("fit", fit), ("50 %", 0.5), ("100 %", 1.0)):
        view.set_zoom(zoom)
        canvas.settle()

        def pan(i: int) -> None:
            view._scroll(9 if i % 20 < 10 else -9, 5 if i % 20 < 10 else -5)
            canvas.paint()

        line(f"pan at {name}", 0.016, pan)

    def zoom_step(i: int) -> None:
        view.set_zoom(fit * 1.15 ** (i % 20))
        canvas.paint()

    line("zoom step", 0.025, zoom_step, 20)

    view.set_zoom(1.0)
    middle = scene.cards[f"n{CARDS // 2}"].look.card
    view.center_on_card(middle.id, animated=False)
    canvas.settle()

    def drag(i: int) -> None:
        scene.preview_positions({middle.ref: QtCore.QPointF(middle.x + 3 * i, middle.y + 2 * i)})
        canvas.paint()

    line("drag one card at 100 %", 0.016, drag)
    scene.end_preview()

    def select(i: int) -> None:
        scene.select(document.items if i % 2 == 0 else ())
        canvas.paint()

    view.zoom_to_fit(animated=False)
    canvas.settle()
    line("select all", 0.050, select, 10)

    wire = next(w for w in document.wires if w.target == middle.id)
    other = Wire("n3", 0, wire.target, wire.input)

    def connect(i: int) -> None:
        before, after = (wire, other) if i % 2 == 0 else (other, wire)
        document.do(Change("Connect", {wire.ref: before}, {wire.ref: after}))

    line("connect, inference and badges", 0.010, connect, 10)

    everything: dict[Ref, Item | None] = dict(document.items)

    def delete_and_undo(i: int) -> None:
        document.do(Change("Delete", everything, dict.fromkeys(everything)))
        canvas.paint()

    def undo(i: int) -> None:
        document.undo()

    delete_and_undo(0)
    line("undo of delete-all", 0.200, undo, 1)
    canvas.paint()
    canvas.close()
    return lines


def main() -> None:
    from editor.theme import install
    app = QtWidgets.QApplication.instance() or QtWidgets.QApplication([])
    assert isinstance(app, QtWidgets.QApplication)
    install(app)
    print(f"{'':<40}{'median':>9}{'worst':>9}{'target':>9}")
    for result in measure():
        print(result)


if __name__ == "__main__":
    main()
