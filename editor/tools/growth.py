"""Cards that grow with the values that they show, are put into a wire or taken apart: what is in their way moves."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from PySide6 import QtCore, QtGui

from editor import commands, layout
from editor.commands.places import MARGIN, coordinate
from editor.layout.room import FOOT
from editor.model.document import Change, Placed
from editor.model.items import SUBGRAPH, Card, Frame, Item, Note, Ref, Wire
from editor.scene import GraphScene

from .canvas import Canvas, snapped


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
    return after | _folded_room(canvas, level, {**now, **before}, now)


def _folded_room(canvas: Canvas, level: str, before: Mapping[str, float], now: Mapping[str, float]) -> dict[Ref, Item]:
    """Collapsed frames as high as what has grown in them asks for when they are opened."""
    document = canvas.document
    after: dict[Ref, Item] = {}

    def box_then(item: Item) -> commands.Box | None:
        box = _box(item, before) if isinstance(item, Card | Frame | Note) else None
        return None if box is None else (box.x, box.y, box.width, box.height)

    for frame in document.parts(level):
        if isinstance(frame, Frame) and frame.collapsed:
            inner = [item for ref in commands.content(document, frame.id, box_then)
                     if isinstance(item := document.items[ref], Card)]
            foot = max((_box(item, now).bottom for item in inner if now.get(item.id, 0.0) > before.get(item.id, 0.0)),
                       default=frame.y) + FOOT
            if foot > frame.y + frame.height:
                after[frame.ref] = replace(frame, height=coordinate(foot - frame.y))
    return after


def part(canvas: Canvas, card: str, wire: Ref, dx: float, dy: float) -> Change:
    """Room for a card that moves into a wire: what lies right of it moves to the right, frames become wider."""
    document, scene = canvas.document, canvas.scene
    boxes = {id: canvas.box(id) for id in canvas.level_cards if scene.cards[id].isVisible()}
    dropped, found, own = document.card(card), document.items[wire], boxes.pop(card)
    assert dropped is not None, "it was dragged"
    link = canvas.link(found) if isinstance(found, Wire) else None
    is_forward = link is not None and boxes[link.source].middle[0] < boxes[link.target].middle[0]
    ends = ([link.source], [link.target]) if link is not None and is_forward else ([], [])
    x, line, far = layout.parted(boxes, replace(own, x=dropped.x + dx, y=dropped.y + dy), *ends)
    after = _moved_right(canvas, boxes, line, far, dropped.ref)
    after[dropped.ref] = replace(dropped, x=coordinate(x), y=coordinate(dropped.y + dy))
    return Change("", {ref: document.items[ref] for ref in after}, after)


def expand(canvas: Canvas, subgraph: str) -> Change:
    """Put what lies in a subgraph in its place, in a frame; what lies right of it moves to the right.

    Nothing else comes to lie in the frame, not even what is not seen: grouping it gives the same subgraph.

    Raises
    ------
    Refused if the card is no subgraph, or nothing lies in it.
    """
    document, scene = canvas.document, canvas.scene
    card, high = document.card(subgraph), heights(scene)
    assert card is not None, "it is selected"
    inner = {item.ref: (box.x, box.y, box.width, box.height) for item in document.parts(subgraph)
             for box in [_box(item, high)]}
    if not inner:
        return commands.expand(document, subgraph, inner, card.x, card.y)
    width, height = commands.frame_around(inner)[2:]
    boxes = {id: canvas.box(id) for id in canvas.level_cards if id != subgraph}
    links = [link for link in canvas.links([subgraph]) if {link.source, link.target} - {subgraph} <= boxes.keys()]
    others = {f"{item.ref.kind} {item.id}": _box(item, high) for item in document.parts(scene.level)
              if isinstance(item, Note) or (isinstance(item, Frame) and item.collapsed)}
    left = snapped(QtCore.QPointF(card.x + card.width / 2 - width / 2, card.y)).x()
    x, line, far = layout.parted({**boxes, **others}, layout.Box(width, height, left, card.y),
                                 [link.source for link in links if link.target == subgraph],
                                 [link.target for link in links if link.source == subgraph])
    after = _moved_right(canvas, boxes, line, far, card.ref)
    for frame in _frames_around(canvas, card.ref):
        now = after.get(frame.ref, frame)
        assert isinstance(now, Frame), "a frame stays one"
        right, bottom = max(now.x + now.width, x + width + MARGIN), max(now.y + now.height, card.y + height + MARGIN)
        start = min(now.x, x - MARGIN)
        after[frame.ref] = replace(now, x=start, width=coordinate(right - start), height=coordinate(bottom - now.y))
    change = commands.expand(document, subgraph, inner, x, card.y)
    room = {ref: item for ref, item in after.items() if ref not in change.after}
    return change.then(Change("", {ref: document.items[ref] for ref in room}, room))


def _frames_around(canvas: Canvas, ref: Ref) -> list[Frame]:
    return [item for item in canvas.document.parts(canvas.scene.level)
            if isinstance(item, Frame) and ref in canvas.scene.contents(item.id)]


def _moved_right(canvas: Canvas, boxes: Mapping[str, layout.Box], line: float, far: float,
                 but: Ref) -> dict[Ref, Item | None]:
    """What begins at a line or right of it, so far to the right; frames that it lies in become wider.

    but : what stays
    """
    document, scene = canvas.document, canvas.scene
    after: dict[Ref, Item | None] = {}
    standing = [item for item in document.parts(scene.level) if scene.stands(item.ref) and item.ref != but]
    for item in standing if far else ():
        inside = scene.contents(item.id) if isinstance(item, Frame) else ()
        if item.x >= line:
            refs = {item.ref, *inside}
            after |= {ref: replace(moved, x=coordinate(moved.x + far)) for ref in refs
                      if ref != but and isinstance(moved := document.items[ref], Card | Frame | Note)}
        elif isinstance(item, Frame) and not item.collapsed and any(ref.key in boxes and boxes[ref.key].x >= line
                                                                    for ref in inside if ref.kind == "card"):
            after[item.ref] = replace(item, width=coordinate(item.width + far))
    for wire in document.wires if far else ():
        if wire.bends and {Ref("card", wire.source), Ref("card", wire.target)} & after.keys():
            after[wire.ref] = replace(wire, bends=tuple((coordinate(x + far) if x >= line else x, y)
                                                        for x, y in wire.bends))
    return after


def _box(item: Placed, sizes: Mapping[str, float]) -> layout.Box:
    height = sizes.get(item.id, 0.0) if isinstance(item, Card) else item.height
    return layout.Box(item.width, height, item.x, item.y)
