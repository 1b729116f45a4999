"""Cards as text, so that they can be pasted into another window, a message or a file; and doubling them.

    {"graphengine": "cards", "version": 1, "items": [...], "wires": [...], "arrays": {...}}

`items` are cards, frames and notes as `editor.model.plain` writes them, `wires` all those that end at one of the cards,
`arrays` the large ones: {"dtype", "shape", "base64"} little-endian, in row-major order. Text comes from anywhere, and
nothing in it is believed.
"""
from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

import graphengine as ge
from graphengine.tools.drawn.files import rename_arrays, store

from ..model.document import Change, GraphDocument
from ..model.items import SUBGRAPH, Card, Frame, Item, Note, Ref, Wire
from ..model.plain import from_plain, to_plain
from ..model.subgraphs import lost, with_inside
from ..model.values import array_from_text, array_text, arrays_named
from ..model.words import Words
from .edit import Edit, Refused, counted
from .names import check_name
from .places import card_width, coordinate, smallest
from .wires import unlike

FORMAT, VERSION = "cards", 1
MAX_TEXT = 32 * 2**20                       # characters
MAX_ARRAYS = 16 * 2**20                     # bytes
MAX_ITEMS = 20_000
MAX_DEPTH = 64                              # of lists and objects in attributes
STEP = 24.0                                 # how far from the original a double lies, in pixels


# -------------------------------------------------------------------- text

def copy_text(document: GraphDocument, refs: Iterable[Ref]) -> str:
    """Cards, frames and notes as text, with the wires that end at the cards.

    Raises
    ------
    Refused if there is nothing to copy, or arrays are too large for text.
    """
    items = _chosen(document, refs)
    if not items:
        raise Refused("Select what is to be copied first.")
    names: dict[str, None] = {}
    for item in items:
        if isinstance(item, Card):
            names.update(dict.fromkeys(arrays_named((item.attributes, item.example))))
    found = {name: document.arrays[name] for name in names if name in document.arrays}
    size = sum(array.nbytes for array in found.values())
    if size > MAX_ARRAYS:
        raise Refused("The arrays of what is selected take {0:,} bytes; {1:,} can be copied.", size, MAX_ARRAYS)
    return json.dumps({
        "graphengine": FORMAT, "version": VERSION, "items": [to_plain(item) for item in items],
        "wires": [to_plain(wire) for item in items if isinstance(item, Card)
                  for wire in document.wires_into(item.id).values()],
        "arrays": {name: array_text(array) for name, array in found.items()},
    }, ensure_ascii=False, separators=(",", ":"))


def _chosen(document: GraphDocument, refs: Iterable[Ref]) -> list[Card | Frame | Note]:
    wanted = set(with_inside(document, refs))
    return [item for ref, item in document.items.items() if ref in wanted and isinstance(item, Card | Frame | Note)]


# -------------------------------------------------------------------- pasting

def paste(document: GraphDocument, text: str, x: float, y: float, with_inputs: bool = False) -> Change:
    """Cards from text, with names that are free.

    Parameters
    ----------
    x, y : where the top left corner of all of it comes to lie
    with_inputs : whether wires from cards outside begin at the cards of this document that are called the same

    Raises
    ------
    Refused with a sentence if the text is no copied cards, or broken; the document is as it was then.
    """
    items, wires, arrays = _parse(text)
    renamed = {name: store(array, document.arrays) for name, array in arrays.items()}     # kept, whatever is undone
    items = [_with_arrays(document, item, renamed) if isinstance(item, Card) else item for item in items]
    groups = _subgraphs(items)
    outer = [item for item in items if item.parent not in groups]
    if lost(GraphDocument([*(replace(item, parent="") for item in outer),
                           *(item for item in items if item.parent in groups)])):
        raise Refused("The copied cards are broken: a subgraph lies in itself.")
    left, top = min(item.x for item in outer), min(item.y for item in outer)
    items, wires = _without_circles(items, wires)
    edit = Edit(document)
    _put_doubles(edit, items, wires, coordinate(x) - left, coordinate(y) - top, with_inputs, "")
    return edit.change(Words("Paste {0}", counted(item.ref for item in outer)))


def _without_circles(
    items: list[Card | Frame | Note], wires: list[Wire]
) -> tuple[list[Card | Frame | Note], list[Wire]]:
    """The same but for wires that close a circle, and cards that wait for what comes after them; looked at once."""
    after: dict[str, dict[str, None]] = {item.id: {} for item in items if isinstance(item, Card)}
    for wire in wires:
        if wire.source in after and wire.target in after:
            after[wire.source][wire.target] = None
    for item in items:
        for earlier in item.after if isinstance(item, Card) else ():
            if earlier in after:
                after[earlier][item.id] = None
    closing: set[tuple[str, str]] = set()
    way: dict[str, Iterator[str]] = {}         # the way from a start to where one is, and what is left there
    done: set[str] = set()
    for start in after:
        if start not in done:
            way[start] = iter(after[start])
        while way:
            card = next(reversed(way))
            following = next(way[card], None)
            if following is None:
                del way[card]
                done.add(card)
            elif following in way:
                closing.add((card, following))
            elif following not in done:
                way[following] = iter(after[following])
    free = [replace(item, after=tuple(a for a in item.after if (a, item.id) not in closing))
            if isinstance(item, Card) else item for item in items]
    return free, [wire for wire in wires if (wire.source, wire.target) not in closing]


def duplicate(document: GraphDocument, refs: Iterable[Ref], with_inputs: bool = False, dx: float = STEP,
              dy: float = STEP, merge: Any = None) -> Change:
    """Double cards, frames and notes, and the wires between them.

    Parameters
    ----------
    with_inputs : whether the doubles also read what the originals read
    dx, dy : how far away they lie, in pixels
    """
    items = _chosen(document, refs)
    wires = [wire for item in items if isinstance(item, Card) for wire in document.wires_into(item.id).values()]
    edit = Edit(document)
    _put_doubles(edit, items, wires, dx, dy, with_inputs)
    return edit.change(Words("Duplicate {0}", counted(item.ref for item in items)), merge)


def _put_doubles(edit: Edit, items: Sequence[Card | Frame | Note], wires: Iterable[Wire], dx: float, dy: float,
                 with_inputs: bool, level: str | None = None) -> None:
    """Put items under free names into an edit, moved, with the wires that can be.

    level : subgraph of those whose own is not among the items; None: where they lie
    """
    names: dict[str, str] = {}
    fresh: list[Card | Frame | Note] = []
    given = _subgraphs(items)
    for item in items:
        name = edit.name(item.id, item.ref.kind)
        if isinstance(item, Card):
            names[item.id] = name
        x, y = (0.0, 0.0) if item.parent in given else (dx, dy)     # what lies in a subgraph moves with that
        fresh.append(replace(item, id=name, x=coordinate(item.x + x), y=coordinate(item.y + y)))
    for double in fresh:
        around = double.parent if level is None else level
        moved = replace(double, parent=names[double.parent] if double.parent in given else around)
        edit.put(replace(moved, after=tuple(names[a] for a in moved.after if a in names))
                 if isinstance(moved, Card) else moved)
    parents = {item.id: item.parent for item in items if isinstance(item, Card)}
    for wire in wires:
        inner = wire.source in names
        source = names.get(wire.source, wire.source)
        if wire.target not in names or not (inner or (with_inputs and edit.get(Ref("card", source)) is not None)):
            continue
        target = names[wire.target]
        if unlike(edit, source, wire.output, target, wire.input) is None:
            off = (0.0, 0.0) if parents[wire.target] in given else (dx, dy)
            bends = tuple((coordinate(x + off[0]), coordinate(y + off[1])) for x, y in wire.bends) if inner else ()
            portal = edit.tag(wire.portal, source, wire.output) if wire.portal else ""
            edit.put(replace(wire, source=source, target=target, bends=bends, portal=portal))
    edit.close_gaps(names.values())


def _subgraphs(items: Iterable[Card | Frame | Note]) -> set[str]:
    return {item.id for item in items if isinstance(item, Card) and item.kind == SUBGRAPH}


def _parse(text: str) -> tuple[list[Card | Frame | Note], list[Wire], dict[str, np.ndarray[Any, Any]]]:
    if len(text) > MAX_TEXT:
        raise Refused("The text has {0:,} characters; at most {1:,} can be pasted.", len(text), MAX_TEXT)
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("graphengine") != FORMAT:
        raise Refused("The text holds no cards that were copied.")
    if found.get("version") != VERSION:
        raise Refused("The cards were copied by a later version.")
    rows, strands, stored = (found.get(key, empty) for key, empty in (("items", []), ("wires", []), ("arrays", {})))
    if not (isinstance(rows, list) and isinstance(strands, list) and isinstance(stored, dict)):
        raise Refused("The copied cards are broken: items and wires are no lists.")
    if not rows or max(len(rows), len(strands)) > MAX_ITEMS:
        raise Refused("The text holds {0:,} items; 1 to {1:,} can be pasted.", max(len(rows), len(strands)), MAX_ITEMS)
    items = [_item(row, k) for k, row in enumerate(rows)]
    wires = [_wire(row, k) for k, row in enumerate(strands)]
    if len({item.ref for item in items}) < len(items):
        raise Refused("The copied cards are broken: two have the same name.")
    return items, wires, _arrays(stored)


def _item(raw: Any, k: int) -> Card | Frame | Note:
    item = _plain(raw, f"item {k + 1}")
    if not isinstance(item, Card | Frame | Note):
        raise Refused("The copied cards are broken: item {0} is no card, frame or note.", k + 1)
    check_name(item.id)
    if isinstance(item, Card):
        _check_json((item.attributes, item.example))
        return replace(item, width=card_width(item.width))
    width, height = smallest(item.ref, item.width, item.height)
    return replace(item, width=width, height=height)


def _wire(raw: Any, k: int) -> Wire:
    wire = _plain(raw, f"wire {k + 1}")
    if not isinstance(wire, Wire):
        raise Refused("The copied cards are broken: wire {0} is none.", k + 1)
    return wire


def _plain(raw: Any, place: str) -> Item:
    try:
        return from_plain(raw, place)
    except ge.errors.FileFormatError as error:
        raise Refused("The copied cards are broken at {0}: {1}.", place, error.problem) from None


def _check_json(value: Any, depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise Refused("The copied cards are broken: an attribute nests too deeply.")
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise Refused("The copied cards are broken: an attribute is no finite number.")
    for inner in value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ():
        _check_json(inner, depth + 1)


def _arrays(stored: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
    found, size = {}, 0
    for name, raw in stored.items():
        array = array_from_text(raw)
        size += 0 if array is None else array.nbytes
        if array is None or size > MAX_ARRAYS:
            raise Refused("The copied cards are broken: an array does not hold what it says.")
        found[name] = array
    return found


def _with_arrays(document: GraphDocument, card: Card, renamed: Mapping[str, str]) -> Card:
    """A card whose large arrays are those of the document."""
    for name in arrays_named((card.attributes, card.example)):
        if name not in renamed and name not in document.arrays:
            raise Refused("The copied cards are broken: an array of {0!r} is missing.", card.id)
    attributes, example = rename_arrays([card.attributes, card.example], lambda v: renamed.get(v["array"], v["array"]))
    return replace(card, attributes=attributes, example=example)
