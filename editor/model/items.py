"""The items of a drawn graph: immutable values. An edit replaces items; nothing changes in place.

Lengths are in pixels at 100 % zoom; x grows to the right and y downward, as on the screen.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple

Point = tuple[float, float]
NOTHING: Mapping[str, Any] = MappingProxyType({})
SUBGRAPH = "subgraph"                       # kind of a card that stands for the cards whose parent it is


class Ref(NamedTuple):
    """What names an item in its document.

    kind : "card", "wire", "frame", "note" or "setting"
    key : the item's id; of a wire the id of the card it ends at and the number of its input
    """

    kind: str
    key: Any


@dataclass(frozen=True)
class Card:
    """A node as it is drawn: an op, a layer, a source of data, a loss, an optimizer, a training.

    id : unique in the document; the name of the node in the engine's graph
    kind : key in the catalog: "op/matmul", "layer/Dense", "data/csv"; or `SUBGRAPH`, which no graph has a node for
    attributes : those that are not default, in the form they have in files (JSON; a large array is
        {"dtype", "shape", "array": name} with the name of one in `GraphDocument.arrays`)
    x, y : top left corner
    width : of the card
    bypassed : the first input goes through unchanged
    collapsed : only the title is drawn
    preview : the strip with values is drawn
    example : of a placeholder, the value it is run with while nothing feeds it, as an attribute's array; None: random
    after : ids of cards that have to run before
    parent : id of the subgraph it lies in; "" in none
    """

    id: str
    kind: str
    attributes: Mapping[str, Any] = field(default_factory=lambda: NOTHING, hash=False)
    x: float = 0.0
    y: float = 0.0
    width: float = 192.0
    bypassed: bool = False
    collapsed: bool = False
    preview: bool = True
    example: Any = field(default=None, hash=False)
    after: tuple[str, ...] = ()
    parent: str = ""

    @property
    def ref(self) -> Ref:
        return Ref("card", self.id)


@dataclass(frozen=True)
class Wire:
    """A tensor that goes from a card's output to a card's input; an input has one wire at most.

    source, output : id of the card, number of its output
    target, input : id of the card, number of its input; of a list of operands the number in the list
    bends : points it goes through, from source to target
    portal : what stands on two tags at its ends that are drawn in place of a line; "" for a line
    """

    source: str
    output: int
    target: str
    input: int
    bends: tuple[Point, ...] = ()
    portal: str = ""

    @property
    def ref(self) -> Ref:
        return Ref("wire", (self.target, self.input))


@dataclass(frozen=True)
class Frame:
    """A titled area behind cards. hue : one of 9 (0 to 8). Whatever lies inside moves with it. parent : as of cards."""

    id: str
    title: str
    x: float
    y: float
    width: float
    height: float
    hue: int = 0
    collapsed: bool = False
    parent: str = ""

    @property
    def ref(self) -> Ref:
        return Ref("frame", self.id)


@dataclass(frozen=True)
class Note:
    """A piece of paper with text: Markdown's headings, emphasis, lists and code. parent : as of cards."""

    id: str
    text: str
    x: float
    y: float
    width: float = 216.0
    height: float = 120.0
    parent: str = ""

    @property
    def ref(self) -> Ref:
        return Ref("note", self.id)


@dataclass(frozen=True)
class Setting:
    """A value of the whole document: "seed", or a part of a file that the editor does not know and keeps."""

    name: str
    value: Any = field(hash=False)

    @property
    def ref(self) -> Ref:
        return Ref("setting", self.name)


Item = Card | Wire | Frame | Note | Setting


def is_same(one: Any, other: Any) -> bool:
    """Whether two values, or items, are the same in a file: 1 is not true, a tuple is a list."""
    if one is other:
        return True
    if isinstance(one, Item) and type(one) is type(other):
        return is_same(vars(one), vars(other))
    if isinstance(one, (list, tuple)) and isinstance(other, (list, tuple)):
        return len(one) == len(other) and all(map(is_same, one, other))
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(is_same(v, other[k]) for k, v in one.items())
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
