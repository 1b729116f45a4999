"""Pulling a wire from a socket: what it does not fit fades and says why; in the empty it asks for a new card."""
from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from PySide6 import QtCore, QtWidgets

from editor import commands
from editor.infer import kinds_accepting, kinds_giving
from editor.model.catalog import Kind
from editor.model.items import Ref, Wire
from editor.scene import Hit
from editor.widgets.labels import as_text

from .canvas import Canvas, Gesture, Modifiers

SLICE_S = 0.006                 # for asking about sockets, before the window is served again


@dataclass(frozen=True)
class End:
    """A socket. side : "input" or "output"."""

    card: str
    side: str
    number: int


@dataclass(frozen=True)
class SearchRequest:
    """A new card is wanted.

    place : of the screen, where the search opens
    at : of the scene, where the card goes
    offers : kinds with the number of the socket that fits; None: all kinds
    side : "input" if the new card takes the wire, "output" if it gives it
    what : what the wire carries, in words
    end : the socket that the wire was pulled from
    seeks_room : whether it goes up or down from there to where it touches no other card, as nobody pointed
    """

    place: QtCore.QPoint
    at: QtCore.QPointF
    offers: list[tuple[Kind, int]] | None = None
    side: str = "input"
    what: str = ""
    end: End | None = None
    seeks_room: bool = False


class PullWire(Gesture):
    """Pull a wire from `end`; `old` is the wire that was pulled off its input, where it was one.

    search : is asked for a new card where the wire ends in the empty
    """

    cursor = QtCore.Qt.CursorShape.CrossCursor

    def __init__(self, canvas: Canvas, at: QtCore.QPointF, end: End, search: Callable[[SearchRequest], None],
                 old: Wire | None = None) -> None:
        super().__init__(canvas, at)
        self.end, self.old, self.search = end, old, search
        self.reasons: dict[Any, str] = {}
        self._left: Iterator[tuple[Any, str] | None] | None = self._questions()
        self._timer = QtCore.QTimer(canvas.view, interval=0)
        self._timer.timeout.connect(self._ask)
        self._ask()
        if self._left is not None:
            self._timer.start()

    # ------------------------------------------------ what does not fit

    def _questions(self) -> Iterator[tuple[Any, str] | None]:
        """For one card after the other why its sockets do not take the wire; those that can be seen come first."""
        canvas, end = self.canvas, self.end
        document = canvas.document
        upstream = set(document.upstream(end.card) if end.side == "output" else document.downstream(end.card))
        visible = dict.fromkeys(canvas.visible_cards)
        for id in [*visible, *(id for id in canvas.level_cards if id not in visible)]:
            if canvas.document.card(id) is None or id == self._here:
                continue
            if id in upstream:
                yield id, commands.CIRCLE
                continue
            found = self._refusals(id)
            if not found or all(found.values()):
                yield id, next(iter(found.values()), "") or self._without(id)
            else:
                yield from (((id, number), reason) for number, reason in found.items() if reason)
            yield None

    def _refusals(self, card: str) -> dict[int, str]:
        """For each shown socket of a card on the other side why it does not fit, "" if it does."""
        if self.end.side == "output":
            numbers = [state.number for state in self.canvas.inference.inputs_of(card)]
        else:
            numbers = list(range(self.canvas.inference.output_count(card)))
        side = "input" if self.end.side == "output" else "output"
        return {n: self._reason(other) for n in numbers for other in self._behind(card, side, n)[:1]}

    def _behind(self, card: str, side: str, number: int) -> list[End]:
        """The sockets that a shown one stands for."""
        return [End(id, side, n) for id, n in self.canvas.scene.ends_behind(card, side, number)]

    def _without(self, card: str) -> str:
        tr = self.canvas.view.tr
        if self._refusals(card):
            text = tr("What takes it on {0} is connected already: drop it on that socket to replace the wire.")
        else:
            text = tr("{0} has no inputs.") if self.end.side == "output" else tr("{0} has no outputs.")
        return text.format(card)

    def _reason(self, other: End) -> str:
        source, target = (self.end, other) if self.end.side == "output" else (other, self.end)
        inference = self.canvas.inference
        return (inference.would_accept(source.card, source.number, target.card, target.number) or "").removeprefix("!")

    def _ask(self) -> None:
        """Ask about sockets for a moment, and show what is known so far."""
        until, left = time.perf_counter() + SLICE_S, self._left
        while left is not None and time.perf_counter() < until:
            try:
                found = next(left)
            except StopIteration:
                self._left = left = None
            else:
                if found is not None:
                    self.reasons[found[0]] = found[1]
        if left is None:
            self._timer.stop()
        self.canvas.scene.dim(dict(self.reasons))

    # ------------------------------------------------ moving and letting go

    @property
    def _here(self) -> str:
        """The card on which the socket is seen that the wire is pulled from."""
        shown = self.canvas.scene.shown_end(self.end.card, self.end.side, self.end.number)
        return shown[0] if shown is not None else self.end.card

    def _other(self, hit: Hit) -> End | None:
        """The socket under the pointer; on the rest of a card the first free one that fits."""
        wanted = "input" if self.end.side == "output" else "output"
        if hit.kind != "card" or hit.ref is None or hit.ref.key == self._here \
                or self.canvas.document.card(self.end.card) is None:
            return None
        card = hit.ref.key
        if hit.part == wanted:
            return next(iter(self._behind(card, wanted, hit.number)), None)
        if hit.part in ("input", "output"):
            return None
        for number, reason in self._refusals(card).items():
            other = self._behind(card, wanted, number)[0]
            if not reason and (wanted == "output" or other.number not in self.canvas.document.wires_into(other.card)):
                return other
        return None

    def _all(self, other: End) -> list[End]:
        """All sockets that are seen as the one that was found."""
        shown = self.canvas.scene.shown_end(other.card, other.side, other.number)
        return self._behind(*shown) if shown is not None else [other]

    def move(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        canvas, other = self.canvas, self._other(hit)
        if canvas.document.card(self.end.card) is None:     # undone meanwhile
            return
        reason = self._reason(other) if other is not None else ""
        if not reason and other is None and hit.kind == "card" and hit.ref is not None and hit.ref.key != self._here:
            reason = next((r for r in self._refusals(hit.ref.key).values() if r), self._without(hit.ref.key))
        place = canvas.scene.port_position(other.card, other.side, other.number) if other is not None else at
        start = canvas.scene.port_position(self.end.card, self.end.side, self.end.number)
        canvas.view.overlays.show_pending_wire(start, place, self._dtype(), not reason, self.end.side == "input")
        shown = canvas.scene.shown_end(other.card, other.side, other.number) if other is not None else None
        canvas.scene.set_hover(Hit("card", Ref("card", shown[0]), *shown[1:]) if shown is not None else None)
        if reason:
            QtWidgets.QToolTip.showText(canvas.global_place(at) + QtCore.QPoint(12, 12), as_text(reason),
                                        canvas.view.viewport())
        else:
            QtWidgets.QToolTip.hideText()

    def _dtype(self) -> str:
        if self.end.side == "input":
            return ""
        results = self.canvas.inference.outputs(self.end.card)
        if self.end.number >= len(results):
            return ""
        result = results[self.end.number]
        return result.dtype if result.carries == "tensor" else result.carries

    def release(self, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers) -> None:
        self._clear()
        document, other = self.canvas.document, self._other(hit)
        if other is not None:
            source, target = (self.end, other) if self.end.side == "output" else (other, self.end)
            ends = [(end.card, end.number) for end in self._all(target)]
            off = sorted(self._off())
            if len(ends) > 1 or len(off) > 1:
                self.canvas.attempt(lambda: commands.rewire(document, off, source.card, source.number, ends))
            elif self.old is not None and self.old.ref in document.items:
                old = self.old.ref
                self.canvas.attempt(lambda: commands.reconnect(document, old, target.card, target.number))
            else:
                self.canvas.attempt(lambda: commands.connect(
                    document, source.card, source.number, target.card, target.number))
        elif hit.kind == "card" and hit.ref is not None:
            if hit.ref.key != self._here:
                reasons = [r for r in self._refusals(hit.ref.key).values() if r]
                self.canvas.report(reasons[0] if reasons else self._without(hit.ref.key))
        elif self.old is not None:
            off = sorted(self._off())
            self.canvas.attempt(lambda: commands.disconnect(document, off))
        elif document.card(self.end.card) is not None:
            self.search(following(self.canvas, self.end, at))

    def _off(self) -> set[Ref]:
        """The wires that come off where the pulled one does."""
        return self.canvas.scene.seen_as([self.old.ref]) if self.old is not None else set()

    def cancel(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._timer.stop()
        self._timer.deleteLater()
        self._left = None
        self.canvas.view.overlays.show_pending_wire(None)
        self.canvas.scene.undim()
        self.canvas.scene.set_hover(None)
        QtWidgets.QToolTip.hideText()


def following(canvas: Canvas, end: End, at: QtCore.QPointF) -> SearchRequest:
    """Ask for a card at a place that a wire from a socket fits."""
    inference, place = canvas.inference, canvas.global_place(at)
    if end.side == "output":
        results = inference.outputs(end.card)
        result = results[end.number] if end.number < len(results) else None
        what = f"{result.dtype} {result.shape}".strip() if result is not None and result.dtype else end.card
        return SearchRequest(place, at, kinds_accepting(inference, end.card, end.number), "input", what, end)
    names = {state.number: state.socket.name for state in inference.inputs_of(end.card)}
    what = f"{names.get(end.number, end.number)} of {end.card}"
    return SearchRequest(place, at, kinds_giving(inference, end.card, end.number), "output", what, end)


def pull_from(canvas: Canvas, at: QtCore.QPointF, hit: Hit, modifiers: Modifiers,
              search: Callable[[SearchRequest], None]) -> PullWire | None:
    """What pulling at a socket means: at a connected input its wire comes off, with Ctrl its source gives another."""
    assert hit.ref is not None, "a socket belongs to a card"
    behind = canvas.scene.ends_behind(hit.ref.key, hit.part, hit.number)
    if not behind:                                      # gone since it was pressed
        return None
    end = End(behind[0][0], hit.part, behind[0][1])
    wire = canvas.document.items.get(Ref("wire", (end.card, end.number))) if end.side == "input" else None
    if isinstance(wire, Wire):
        keeps = bool(modifiers & Modifiers.ControlModifier)
        return PullWire(canvas, at, End(wire.source, "output", wire.output), search, None if keeps else wire)
    return PullWire(canvas, at, end, search)


