"""Wires drawn by keys: a menu of a card's inputs, each with a menu of what can be read there."""
from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from itertools import islice

from PySide6 import QtWidgets

from editor import commands
from editor.infer import InputState
from editor.model.document import Change
from editor.model.items import Ref
from editor.tools.canvas import Canvas

MOST, MOST_TRIED = 20, 200                  # outputs that are offered; that are looked at for it, the nearest first


class WireMenu(QtWidgets.QMenu):
    """What each input of a card is to read: the results nearest to it that fit."""

    def __init__(self, canvas: Canvas, card: str, parent: QtWidgets.QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas, self.card = canvas, card
        self.inputs = [self._menu(row) for row in canvas.inference.inputs_of(card)]
        if not self.inputs:
            self._say(self, self.tr("{0} has no inputs.").format(card))

    def open(self) -> None:
        """Show it beside the card; it goes when it is closed."""
        self.aboutToHide.connect(self.deleteLater)
        self.popup(self.canvas.global_place(self.canvas.scene.card_rect(self.card).topRight()))

    def _menu(self, row: InputState) -> QtWidgets.QMenu:
        reads = row.wire.source if row.wire is not None else self.tr("nothing")
        menu = self.addMenu(_plain(self.tr("{0} reads {1}").format(row.socket.name, reads)))
        menu.aboutToShow.connect(lambda: self._fill(menu, row))
        return menu

    def _fill(self, menu: QtWidgets.QMenu, row: InputState) -> None:
        menu.clear()
        canvas = self.canvas
        ends = canvas.scene.ends_behind(self.card, "input", row.number)
        taken = [Ref("wire", end) for end in ends if Ref("wire", end) in canvas.document.items]
        if taken:
            menu.addAction(self.tr("Nothing"), lambda: canvas.attempt(
                lambda: commands.disconnect(canvas.document, taken)))
        fitting = (source for source in islice(self._sources(), MOST_TRIED) if ends and canvas.fits(*source, *ends[0]))
        for source in islice(fitting, MOST):
            menu.addAction(_plain(self._words(source)), partial(canvas.attempt, partial(
                self._wired, source, ends, taken)))
        if menu.isEmpty():
            self._say(menu, self.tr("No result on the canvas fits."))

    def _sources(self) -> Iterator[tuple[str, int]]:
        """The results of other cards, those of the nearest first."""
        canvas, middle = self.canvas, self.canvas.scene.card_rect(self.card).center()

        def far(card: str) -> float:
            other = canvas.scene.card_rect(card).center()
            return math.hypot(other.x() - middle.x(), other.y() - middle.y())

        for card in sorted(canvas.level_cards, key=far):
            for number in range(canvas.inference.output_count(card) if card != self.card else 0):
                yield from canvas.scene.ends_behind(card, "output", number)

    def _words(self, source: tuple[str, int]) -> str:
        card, number = source
        results = self.canvas.inference.outputs(card)
        result = results[number]
        named = f"{card} {result.name}" if len(results) > 1 and result.name else card
        return f"{named}   {result.dtype} {result.shape}" if result.dtype else named

    def _wired(self, source: tuple[str, int], ends: tuple[tuple[str, int], ...], taken: list[Ref]) -> Change:
        """The edit; several inputs are behind one of a subgraph."""
        if len(ends) == 1:
            return commands.connect(self.canvas.document, *source, *ends[0])
        return commands.rewire(self.canvas.document, taken, *source, list(ends))

    def _say(self, menu: QtWidgets.QMenu, text: str) -> None:
        menu.addAction(_plain(text)).setEnabled(False)


def _plain(text: str) -> str:
    """A text in which & is no mnemonic."""
    return text.replace("&", "&&")
