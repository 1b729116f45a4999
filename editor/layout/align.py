"""Cards in line: at an edge, at equal distances, or so that a wire is straight. Answers name the cards that move."""
from __future__ import annotations

from collections.abc import Mapping

from .boxes import Box, Link, Point

LEAST_GAP = 12.0        # between cards that are distributed where there is too little room for them


def align(boxes: Mapping[str, Box], edge: str) -> dict[str, Point]:
    """Move boxes to a common edge, the outermost of them.

    Parameters
    ----------
    edge : "left", "right", "top", "bottom"; "center-h" for one middle from left to right, "center-v" from top to bottom

    Raises
    ------
    ValueError for another edge.
    """
    if not boxes:
        return {}
    all_ = list(boxes.values())
    left, right = min(b.x for b in all_), max(b.right for b in all_)
    top, bottom = min(b.y for b in all_), max(b.bottom for b in all_)
    match edge:
        case "left":
            places = {key: (left, b.y) for key, b in boxes.items()}
        case "right":
            places = {key: (right - b.width, b.y) for key, b in boxes.items()}
        case "center-h":
            places = {key: ((left + right - b.width) / 2, b.y) for key, b in boxes.items()}
        case "top":
            places = {key: (b.x, top) for key, b in boxes.items()}
        case "bottom":
            places = {key: (b.x, bottom - b.height) for key, b in boxes.items()}
        case "center-v":
            places = {key: (b.x, (top + bottom - b.height) / 2) for key, b in boxes.items()}
        case _:
            raise ValueError(f"align: edge is {edge!r}; it has to be left, right, top, bottom, center-h or center-v")
    return _moved(boxes, places)


def distribute(boxes: Mapping[str, Box], direction: str) -> dict[str, Point]:
    """Equal distances between boxes, "h" from left to right or "v" from top to bottom.

    The first and the last stay, unless there is too little room between them: then the others move on.

    Raises
    ------
    ValueError for another direction.
    """
    if direction not in ("h", "v"):
        raise ValueError(f"distribute: direction is {direction!r}; it has to be h or v")
    if len(boxes) < 3:
        return {}
    across = direction == "h"
    spans = {key: (b.x, b.width) if across else (b.y, b.height) for key, b in boxes.items()}
    order = sorted(spans, key=lambda key: (spans[key][0] + spans[key][1] / 2, key))
    room = spans[order[-1]][0] - sum(spans[order[0]])
    gap = max((room - sum(spans[key][1] for key in order[1:-1])) / (len(order) - 1), LEAST_GAP)
    places, at = {}, spans[order[0]][0]
    for key in order:
        places[key] = (at, boxes[key].y) if across else (boxes[key].x, at)
        at += spans[key][1] + gap
    return _moved(boxes, places)


def straighten(boxes: Mapping[str, Box], link: Link, move: str | None = None) -> dict[str, Point]:
    """Move a card up or down until a wire is straight: the one the wire goes to, or `move`, its other end."""
    source, target = boxes[link.source], boxes[link.target]
    leaves, enters = source.y + source.output(link.output), target.y + target.input(link.input)
    if move == link.source:
        return _moved(boxes, {link.source: (source.x, source.y + enters - leaves)})
    return _moved(boxes, {link.target: (target.x, target.y + leaves - enters)})


def _moved(boxes: Mapping[str, Box], places: Mapping[str, Point]) -> dict[str, Point]:
    return {key: place for key, place in places.items() if place != (boxes[key].x, boxes[key].y)}
