"""Edits of where things lie, of frames and notes, and of the document's settings."""
from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..model.document import Change, GraphDocument
from ..model.items import Card, Frame, Item, Note, Point, Ref, Setting, Wire
from ..model.values import stored
from ..model.words import Words
from .edit import Box, Edit, Refused, counted

FARTHEST = 1e6                              # pixels from the origin
CARD_WIDTHS = (144.0, 360.0)
CARD_STEP = 24.0
SMALLEST = {"frame": (96.0, 60.0), "note": (96.0, 48.0)}
MARGIN, TITLE = 24.0, 34.0                  # of a frame around what it encloses
CARD_TITLE = 30.0                           # height of a card's title


def coordinate(value: float) -> float:
    """A coordinate as it is kept: finite, with two decimals."""
    if not math.isfinite(value):
        raise Refused("A position has to be a finite number.")
    return round(max(-FARTHEST, min(FARTHEST, float(value))), 2)


def card_width(width: float) -> float:
    """The nearest width that a card can have."""
    low, high = CARD_WIDTHS
    return round(max(low, min(high, width)) / CARD_STEP) * CARD_STEP


def smallest(ref: Ref, width: float, height: float) -> tuple[float, float]:
    """A frame's or note's size, large enough to be seen."""
    low_width, low_height = SMALLEST[ref.kind]
    return coordinate(max(low_width, width)), coordinate(max(low_height, height))


def bare_box(item: Item) -> Box | None:
    """Where an item is, of cards the title, since their height is known only where they are drawn."""
    if isinstance(item, Card):
        return item.x, item.y, item.width, CARD_TITLE
    return (item.x, item.y, item.width, item.height) if isinstance(item, Frame | Note) else None


def content(document: GraphDocument, frame: str, box_of: Callable[[Item], Box | None] = bare_box) -> set[Ref]:
    """What lies in a frame, and so moves and folds with it: cards, notes and smaller frames whose middle is inside.

    box_of : where an item is, for who knows how high cards are
    """
    outer = Edit(document).frame(frame)
    found = set()
    for ref, item in document.items.items():
        is_beside = isinstance(item, Card | Frame | Note) and item.parent == outer.parent and ref != outer.ref
        box = box_of(item) if is_beside else None
        if box is None:
            continue
        x, y, width, height = box
        is_inside = 0 <= x + width / 2 - outer.x <= outer.width and 0 <= y + height / 2 - outer.y <= outer.height
        if is_inside and (not isinstance(item, Frame) or width * height < outer.width * outer.height):
            found.add(ref)
    return found


def with_content(document: GraphDocument, refs: Iterable[Ref],
                 inside: Callable[[str], Iterable[Ref]] | None = None) -> dict[Ref, Item]:
    """What moves when `refs` are moved: also what lies in frames, and wires with bends between cards that move.

    inside : says what lies in a frame, for who knows how high cards are; `content` if left out
    """
    moving = {ref: document.items[ref] for ref in refs
              if ref.kind in ("card", "frame", "note") and ref in document.items}
    for ref in list(moving):
        if ref.kind == "frame":
            found = content(document, ref.key) if inside is None else inside(ref.key)
            moving.update((inner, document.items[inner]) for inner in sorted(found))
    for ref in list(moving):
        if ref.kind == "card":
            moving.update((wire.ref, wire) for wire in document.wires_from(ref.key)
                          if wire.bends and Ref("card", wire.target) in moving)
    return moving


def move(document: GraphDocument, refs: Iterable[Ref], dx: float, dy: float, merge: Any = None,
         start: Mapping[Ref, Item] | None = None) -> Change:
    """Move items, and what lies in frames with them.

    Parameters
    ----------
    dx, dy : how far, in pixels at 100 %
    merge : key of a drag
    start : from where: the result of `with_content` at the beginning of a drag; where the items are, if left out
    """
    edit = Edit(document)
    start = with_content(document, refs) if start is None else start
    for ref, item in start.items():
        if ref not in document.items:
            continue
        if isinstance(item, Wire):
            edit.put(replace(item, bends=tuple((coordinate(x + dx), coordinate(y + dy)) for x, y in item.bends)))
        elif isinstance(item, Card | Frame | Note):
            now = document.items[ref]
            assert isinstance(now, Card | Frame | Note), "a place keeps its sort of item"
            edit.put(replace(now, x=coordinate(item.x + dx), y=coordinate(item.y + dy)))
    return edit.change(Words("Move {0}", counted(ref for ref in start if ref.kind != "wire")), merge)


def arrange(document: GraphDocument, places: Mapping[Ref, Point], bends: Mapping[Ref, Sequence[Point]] | None = None,
            label: str = "Arrange") -> Change:
    """Put items at places, and lead wires through points: what editor.layout found."""
    edit = Edit(document)
    for ref, (x, y) in places.items():
        item = edit.get(ref)
        if isinstance(item, Card | Frame | Note):
            edit.put(replace(item, x=coordinate(x), y=coordinate(y)))
    for ref, points in (bends or {}).items():
        wire = edit.get(ref)
        if isinstance(wire, Wire):
            edit.put(replace(wire, bends=tuple((coordinate(x), coordinate(y)) for x, y in points)))
    return edit.change(label)


def resize(document: GraphDocument, ref: Ref, x: float, y: float, width: float, height: float = 0.0,
           merge: Any = None) -> Change:
    """Give a card a width (in steps of 24, 144 to 360; its height is that of its rows), a frame or note a box."""
    edit = Edit(document)
    item = edit.get(ref)
    if isinstance(item, Card):
        edit.put(replace(item, x=coordinate(x), y=coordinate(y), width=card_width(width)))
    elif isinstance(item, Frame | Note):
        width, height = smallest(ref, width, height)
        edit.put(replace(item, x=coordinate(x), y=coordinate(y), width=width, height=height))
    return edit.change(Words("Resize {0}", counted([ref])), merge)


# -------------------------------------------------------------------- frames and notes

def frame_selection(document: GraphDocument, boxes: Mapping[Ref, Box], title: str = "Frame", hue: int = 0) -> Change:
    """Lay a frame around items. boxes : where they are, as the scene knows their heights."""
    if not boxes:
        raise Refused("Select the cards to be framed first.")
    edit = Edit(document)
    first = edit.get(next(iter(boxes)))
    x, y, width, height = (coordinate(number) for number in frame_around(boxes))
    edit.put(Frame(edit.name("frame", "frame"), title, x, y, width, height, hue % 9,
                   parent=first.parent if isinstance(first, Card | Frame | Note) else ""))
    return edit.change(Words("Frame {0}", counted(boxes)))


def frame_around(boxes: Mapping[Ref, Box]) -> Box:
    """Where a frame lies that holds these, one or more."""
    left, top = min(b[0] for b in boxes.values()), min(b[1] for b in boxes.values())
    right, bottom = max(b[0] + b[2] for b in boxes.values()), max(b[1] + b[3] for b in boxes.values())
    return left - MARGIN, top - TITLE, right - left + 2 * MARGIN, bottom - top + TITLE + MARGIN


def edit_frame(document: GraphDocument, id: str, title: str | None = None, hue: int | None = None,
               merge: Any = None) -> Change:
    """Give a frame another title or one of the hues 0 to 8."""
    edit = Edit(document)
    frame = edit.frame(id)
    edit.put(replace(frame, title=frame.title if title is None else title, hue=frame.hue if hue is None else hue % 9))
    return edit.change(Words("Change the color of a frame") if title is None else Words("Rename a frame"), merge)


def add_note(document: GraphDocument, x: float, y: float, text: str = "") -> Change:
    """Lay a piece of paper on the canvas. x, y : its top left corner."""
    edit = Edit(document)
    edit.put(Note(edit.name("note", "note"), text, coordinate(x), coordinate(y)))
    return edit.change(Words("Add a note"))


def edit_note(document: GraphDocument, id: str, text: str, merge: Any = None) -> Change:
    """Write something else on a note."""
    edit = Edit(document)
    edit.put(replace(edit.note(id), text=text))
    return edit.change(Words("Edit a note"), merge)


# -------------------------------------------------------------------- settings

def keep_weights(document: GraphDocument, values: Mapping[str, np.ndarray[Any, Any]]) -> Change:
    """Let variables begin with these values, by name, when the graph is made again."""
    return set_setting(document, "weights", {name: stored(array, document.arrays) for name, array in values.items()})


def set_setting(document: GraphDocument, name: str, value: Any, merge: Any = None) -> Change:
    """Change a value of the whole document; None takes it out."""
    edit = Edit(document)
    ref = Ref("setting", name)
    if value is None:
        edit.remove(ref)
    else:
        edit.put(Setting(name, value))
    return edit.change(Words("Set {0}", name), merge)
