"""What a layout is told, and what it says. Lengths are in pixels at 100 % zoom; x grows to the right, y downward."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """A card as a layout sees it.

    width, height : its size
    x, y : its top left corner, where it stands now
    inputs, outputs : height of each port below the top of the card; where there is none, wires end at the middle
    """

    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    inputs: tuple[float, ...] = ()
    outputs: tuple[float, ...] = ()

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    def input(self, number: int) -> float:
        """How far below the top an input is."""
        return self.inputs[number] if number < len(self.inputs) else self.height / 2

    def output(self, number: int) -> float:
        """How far below the top an output is."""
        return self.outputs[number] if number < len(self.outputs) else self.height / 2


class Link(NamedTuple):
    """A wire: output number `output` of card `source` goes to input number `input` of card `target`."""

    source: str
    output: int
    target: str
    input: int


@dataclass(frozen=True)
class Arrangement:
    """places : top left corner of every box; bends : points that a link goes through, of those that need some."""

    places: Mapping[str, Point]
    bends: Mapping[Link, tuple[Point, ...]]
