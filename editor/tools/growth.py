"""Cards that grow with the values that they show: those below go down, frames around them become higher."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6 import QtCore, QtGui

from editor import commands, layout
from editor.commands.places import coordinate
from editor.model.document import Change, Placed
from editor.model.items import Card, Frame, Item, Ref
from editor.scene import GraphScene

from .canvas import Canvas


def heights(scene: GraphScene) -> dict[str, float]:
    """How high each card is."""
    return {id: card.geometry.height for id, card in scene.cards.items()}


def make_room(canvas: Canvas, before: Mapping[str, float]) -> None:
    """Move what lies below cards that have grown, which is no edit; not while something is dragged.

    before : what `heights` said then
    """
    now = heights(canvas.scene)
    held = QtGui.QGuiApplication.mouseButtons() != QtCore.Qt.MouseButton.NoButton
    if held or all(height <= before.get(id, height) for id, height in now.items()):
        return
    seen = {f"{ref.kind} {ref.key}": item for ref, item in canvas.document.items.items()
            if isinstance(item, Placed) and (shown := canvas.scene.item(ref)) is not None and shown.isVisible()}
    old, boxes = ({name: _box(item, sizes) for name, item in seen.items()} for sizes in ({**now, **before}, now))

    def box_then(item: Item) -> commands.Box | None:
        box = old.get(f"{item.ref.kind} {item.ref.key}")
        return None if box is None else (box.x, box.y, box.width, box.height)

    frames = {name: [] if item.collapsed else
              [f"{ref.kind} {ref.key}" for ref in commands.content(canvas.document, item.id, box_then)]
              for name, item in seen.items() if isinstance(item, Frame)}
    down, higher = layout.made_room_in(frames, old, boxes)
    after: dict[Ref, Item | None] = {}
    for name, dy in down.items():
        after[seen[name].ref] = replace(seen[name], y=coordinate(seen[name].y + dy))
    for name, height in higher.items():
        if isinstance(frame := seen[name], Frame):
            after[frame.ref] = replace(frame, height=coordinate(height))
    if after:
        canvas.document.settle(Change("", {ref: canvas.document.items[ref] for ref in after}, after))


def _box(item: Placed, sizes: Mapping[str, float]) -> layout.Box:
    height = sizes.get(item.id, 0.0) if isinstance(item, Card) else item.height
    return layout.Box(item.width, height, item.x, item.y)
