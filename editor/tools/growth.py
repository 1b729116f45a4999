"""Cards that grow with the values that they show: those below go down, frames around them become higher."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6 import QtCore, QtGui

from editor import commands, layout
from editor.commands.places import coordinate
from editor.model.document import Change, Placed
from editor.model.items import SUBGRAPH, Card, Frame, Item, Ref
from editor.scene import GraphScene

from .canvas import Canvas


def heights(scene: GraphScene) -> dict[str, float]:
    """How high each card is."""
    return {id: card.geometry.height for id, card in scene.cards.items()}


def make_room(canvas: Canvas, before: Mapping[str, float]) -> None:
    """Move what lies below cards that have grown, also in subgraphs, which is no edit; not while something is dragged.

    before : what `heights` said then
    """
    now = heights(canvas.scene)
    held = QtGui.QGuiApplication.mouseButtons() != QtCore.Qt.MouseButton.NoButton
    if held or all(height <= before.get(id, height) for id, height in now.items()):
        return
    after: dict[Ref, Item | None] = {}
    for level in ("", *(card.id for card in canvas.document.cards if card.kind == SUBGRAPH)):
        after |= _room_at(canvas, level, before, now)
    if after:
        canvas.document.settle(Change("", {ref: canvas.document.items[ref] for ref in after}, after))


def _room_at(canvas: Canvas, level: str, before: Mapping[str, float], now: Mapping[str, float]) -> dict[Ref, Item]:
    """What moves in a subgraph, or in the graph."""
    seen = {f"{item.ref.kind} {item.id}": item for item in canvas.document.parts(level)
            if canvas.scene.stands(item.ref)}
    old, boxes = ({name: _box(item, sizes) for name, item in seen.items()} for sizes in ({**now, **before}, now))

    def box_then(item: Item) -> commands.Box | None:
        box = old.get(f"{item.ref.kind} {item.ref.key}")
        return None if box is None else (box.x, box.y, box.width, box.height)

    frames = {name: [] if item.collapsed else
              [f"{ref.kind} {ref.key}" for ref in commands.content(canvas.document, item.id, box_then)]
              for name, item in seen.items() if isinstance(item, Frame)}
    down, higher = layout.made_room_in(frames, old, boxes)
    after: dict[Ref, Item] = {}
    for name, dy in down.items():
        after[seen[name].ref] = replace(seen[name], y=coordinate(seen[name].y + dy))
    for name, height in higher.items():
        if isinstance(frame := seen[name], Frame):
            after[frame.ref] = replace(frame, height=coordinate(height))
    return after


def _box(item: Placed, sizes: Mapping[str, float]) -> layout.Box:
    height = sizes.get(item.id, 0.0) if isinstance(item, Card) else item.height
    return layout.Box(item.width, height, item.x, item.y)
