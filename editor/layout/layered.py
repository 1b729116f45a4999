"""Cards in columns from left to right, so that few wires cross and none runs over a card.

The steps are those of Sugiyama, Tagawa and Toda (1981), "Methods for visual understanding of hierarchical system
structures": layers, a place in every layer that a wire passes, an order in each layer, coordinates.

* The user's vertical order is where the search for an order begins; it is left only for fewer crossings.
* A wire that passes a layer has a place there like a card's, which it keeps as bends. Wires of one output share it.
* Heights: each layer is drawn to the median of its neighbours as far as the cards' own heights allow. That is an
  isotonic regression, solved by pooling adjacent violators (Barlow, Bartholomew, Bremner and Brunk 1972).
"""
from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

import networkx as nx

from .boxes import Arrangement, Box, Link, Point

COLUMN_GAP = 60.0       # between the widest card of a column and the next column
ROW_GAP = 36.0          # between cards of a column; also the height of a place for a wire
SWEEPS = 8
PASSES = 24
MANY = 4000             # items from which on sweeps and passes get fewer, so that the time grows slowly
STRAIGHT = 8.0          # how much more a wire's places pull each other than a card does
SIDE = 1e-6             # how much what only feeds one wire counts beside the others
WEAK = 1e-7             # how much it counts where an item has no wires


@dataclass(eq=False)
class _Item:
    """A box, or the place of a wire in a layer it passes.

    pull : how much it counts where not all wires can be straight
    before, after : what it is joined to in the layers on its left and right: the item, the height of the port over
        there, the height of the own port
    rank : place in the order of its layer, from 0
    """

    box: str | None
    height: float
    wanted: float                       # height at which the user had it
    pull: float = 1.0
    y: float = 0.0
    rank: int = 0
    before: list[tuple[_Item, float, float]] = field(default_factory=list)
    after: list[tuple[_Item, float, float]] = field(default_factory=list)


_Layers = list[list[_Item]]


def layered(boxes: Mapping[str, Box], links: Iterable[Link | tuple[str, int, str, int]]) -> Arrangement:
    """Arrange all boxes; the top left corner of the whole stays where it is.

    Parameters
    ----------
    boxes : by id
    links : wires between them; one whose end is not among the boxes is left out, one that closes a cycle has no
        part in the arrangement

    Returns
    -------
    Arrangement, the same for the same arguments in the same order
    """
    if not boxes:
        return Arrangement({}, {})
    known = [link for link in (Link(*link) for link in links) if link.source in boxes and link.target in boxes]
    graph = nx.DiGraph()
    graph.add_nodes_from(boxes)
    graph.add_edges_from(_without_cycles(boxes, known))
    index = {box: k for k, box in enumerate(boxes)}
    parts = []
    for found in nx.weakly_connected_components(graph):
        ids = sorted(found, key=index.__getitem__)
        inside = [link for link in known if link.source in found and graph.has_edge(link.source, link.target)]
        parts.append((ids, _arrange({box: boxes[box] for box in ids}, inside, graph.subgraph(ids))))
    return _pack(boxes, parts)


def _without_cycles(boxes: Mapping[str, Box], links: list[Link]) -> dict[tuple[str, str], None]:
    """Pairs of joined boxes, but for those that would close a cycle."""
    follow: dict[str, list[str]] = {box: [] for box in boxes}
    for link in links:
        follow[link.source].append(link.target)
    kept: dict[tuple[str, str], None] = {}
    done: set[str] = set()
    for start in boxes:
        trail, path = [(start, iter(follow[start]))], {start}
        while trail and start not in done:
            box, rest = trail[-1]
            for other in rest:
                if other in path:
                    continue
                kept[box, other] = None
                if other not in done:
                    trail.append((other, iter(follow[other])))
                    path.add(other)
                    break
            else:
                trail.pop()
                path.discard(box)
                done.add(box)
    return kept


# -------------------------------------------------------------------- one connected part

def _arrange(boxes: Mapping[str, Box], links: list[Link], graph: nx.DiGraph[str]) -> Arrangement:
    """A connected part, somewhere."""
    column, free = _columns(graph)
    layers, items, places = _places(boxes, links, column)
    for box in _aside(links, free, column):
        items[box].pull = SIDE
    _order(layers)
    _stand(layers)
    left = _lefts(layers, boxes)
    corners = {box: (left[column[box]], item.y) for box, item in items.items()}
    bends = {}
    for link, passed in places.items():
        source, target = boxes[link.source], boxes[link.target]
        leaves, edge = items[link.source].y + source.output(link.output), left[column[link.source] + 1] - COLUMN_GAP
        points = [(left[column[link.source]] + source.width, leaves)]
        if points[0][0] < edge:                 # beside a wider card it stays level until it is past it
            points.append((edge, leaves))
        for k, item in enumerate(passed, column[link.source] + 1):
            points += [(left[k], item.y + ROW_GAP / 2), (left[k + 1] - COLUMN_GAP, item.y + ROW_GAP / 2)]
        points.append((left[column[link.target]], items[link.target].y + target.input(link.input)))
        if needed := _needed(points):
            bends[link] = needed
    return Arrangement(corners, bends)


def _columns(graph: nx.DiGraph[str]) -> tuple[dict[str, int], set[str]]:
    """Number of the layer of each box: as long as the longest way to it, but what begins there alone stands right
    before what it goes to: a source, or a tree of boxes that leads to one wire only. Returned beside.
    """
    order = list(nx.topological_sort(graph))
    column: dict[str, int] = {}
    free: set[str] = set()                  # what nothing else hangs on
    for box in order:
        before = list(graph.predecessors(box))
        column[box] = max((column[b] + 1 for b in before), default=0)
        if all(b in free and graph.out_degree(b) == 1 for b in before):
            free.add(box)
    for box in reversed(order):
        if box in free and graph.out_degree(box):
            column[box] = min(column[b] for b in graph.successors(box)) - 1
    return column, free


def _aside(links: list[Link], free: set[str], column: Mapping[str, int]) -> set[str]:
    """What only feeds inputs beside a card's first one: weights, sizes."""
    found: set[str] = set()
    main = {link.source for link in links if link.source not in free}
    for link in sorted(links, key=lambda link: -column[link.target]):
        if link.input == 0 and link.target not in found:
            main.add(link.source)
        elif link.source not in main:
            found.add(link.source)
    return found - main


def _places(boxes: Mapping[str, Box], links: list[Link], column: Mapping[str, int]) \
        -> tuple[_Layers, dict[str, _Item], dict[Link, list[_Item]]]:
    """Items of each layer in the user's order, those of boxes, and the places each link goes through."""
    items = {box: _Item(box, size.height, size.y + size.height / 2) for box, size in boxes.items()}
    layers: _Layers = [[] for _ in range(max(column.values()) + 1)]
    for box, item in items.items():
        layers[column[box]].append(item)
    chains: dict[tuple[str, int], list[_Item]] = {}
    passed = {}
    for link in links:
        source, target = boxes[link.source], boxes[link.target]
        first, last = column[link.source], column[link.target]
        chain = chains.setdefault((link.source, link.output), [])
        start, end = source.y + source.output(link.output), target.y + target.input(link.input)
        for k in range(first + 1 + len(chain), last):
            item = _Item(None, ROW_GAP, start + (end - start) * (k - first) / (last - first))
            if chain:
                _join(chain[-1], ROW_GAP / 2, item, ROW_GAP / 2)
            else:
                _join(items[link.source], source.output(link.output), item, ROW_GAP / 2)
            layers[k].append(item)
            chain.append(item)
        passed[link] = chain[:last - first - 1]
        if passed[link]:
            _join(passed[link][-1], ROW_GAP / 2, items[link.target], target.input(link.input))
        else:
            _join(items[link.source], source.output(link.output), items[link.target], target.input(link.input))
    for layer in layers:
        _set(layer, sorted(layer, key=lambda item: item.wanted))
    return layers, items, passed


def _join(first: _Item, leaves: float, second: _Item, enters: float) -> None:
    first.after.append((second, enters, leaves))
    second.before.append((first, leaves, enters))


def _set(layer: list[_Item], order: list[_Item]) -> None:
    layer[:] = order
    for rank, item in enumerate(layer):
        item.rank = rank


# -------------------------------------------------------------------- the order in each layer

def _order(layers: _Layers) -> None:
    """Sort each layer by where its neighbours are, to and fro, and keep the order with the fewest crossings."""
    best, kept = _crossings(layers), [list(layer) for layer in layers]
    for sweep in range(_rounds(layers, SWEEPS)):
        if not best:
            break
        forward = sweep % 2 == 0
        for layer in layers if forward else reversed(layers):
            _sort(layer, forward)
        found = _crossings(layers)
        if found < best:
            best, kept = found, [list(layer) for layer in layers]
    for layer, order in zip(layers, kept, strict=True):
        _set(layer, order)
    _swap(layers, best)


def _rounds(layers: _Layers, most: int) -> int:
    """`most`, or fewer in a large graph: an even number, at least 2."""
    items = sum(map(len, layers))
    return most if items <= MANY else max(2, most * MANY // items // 2 * 2)


def _sort(layer: list[_Item], forward: bool) -> None:
    """Sort by the mean place of the neighbours on one side; who has none there stays."""
    keyed = []
    for item in layer:
        joined = item.before if forward else item.after
        if joined:
            keyed.append((sum(other.rank + there / other.height for other, there, _ in joined) / len(joined), item))
    order = iter([item for _, item in sorted(keyed, key=lambda pair: pair[0])])
    _set(layer, [next(order) if (item.before if forward else item.after) else item for item in layer])


def _crossings(layers: _Layers) -> int:
    """Pairs of wires between neighbouring layers that cross."""
    total = 0
    for layer in layers:
        ends = [(item.rank + leaves / item.height, other.rank + enters / other.height)
                for item in layer for other, enters, leaves in item.after]
        ends.sort()
        seen: list[float] = []
        for _, end in ends:
            total += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return total


def _swap(layers: _Layers, crossings: int) -> None:
    """Swap neighbours in a layer as long as wires then cross less, a few rounds at most."""
    for _ in range(3):
        better = 0
        for layer in layers if crossings else ():
            sides = [(_ends(item.before), _ends(item.after)) for item in layer]
            for k in range(len(layer) - 1):
                gain = sum(_crossed(upper, lower) - _crossed(lower, upper)
                           for upper, lower in zip(sides[k], sides[k + 1], strict=True))
                if gain > 0:
                    better += gain
                    layer[k], layer[k + 1] = layer[k + 1], layer[k]
                    sides[k], sides[k + 1] = sides[k + 1], sides[k]
            _set(layer, layer[:])
        if not better:
            break


def _ends(joined: list[tuple[_Item, float, float]]) -> list[float]:
    return sorted([other.rank + there / other.height for other, there, _ in joined])


def _crossed(upper: list[float], lower: list[float]) -> int:
    """Crossings between the wires of two items, the first above the second."""
    if not upper or not lower or upper[-1] <= lower[0]:
        return 0
    return sum(len(upper) - bisect_right(upper, end) for end in lower)


# -------------------------------------------------------------------- heights

def _stand(layers: _Layers) -> None:
    """Give every item its height on the canvas: near its neighbours' middle, and below the one above it."""
    for layer in layers:
        y = -float(sum(item.height + ROW_GAP for item in layer) // 2)     # whole, so that rounding is the same for all
        for item in layer:
            item.y, y = y, y + item.height + ROW_GAP
    for number in range(_rounds(layers, PASSES)):
        forward = number % 2 == 0
        moved = [_settle(layer, forward) for layer in (layers[1:] if forward else layers[-2::-1])]
        if max(moved, default=0.0) < 0.5:
            break
    for item in (item for layer in layers for item in layer):
        item.y = float(round(item.y))


def _settle(layer: list[_Item], forward: bool) -> float:
    """Move a layer's items as near to where they are drawn to as their heights allow, by least squares.

    Returns
    -------
    the longest way that one of them went
    """
    # Blocks of items that touch each other: sum of weighted wishes, sum of weights, number of items.
    totals: list[float] = []
    weights: list[float] = []
    counts: list[int] = []
    room = 0.0                              # taken by the items above
    for item in layer:
        joined = item.before if forward else item.after
        if len(joined) == 1:
            (other, there, here), = joined
            wish, weight = other.y + there - here, STRAIGHT if item.box is None and other.box is None else item.pull
        elif joined:
            wish, weight = _level(joined), item.pull
        else:                               # it follows those on the other side, but pushes nobody away
            aside = item.after if forward else item.before
            wish, weight = _level(aside) if aside else item.y, WEAK
        total, count = (wish - room) * weight, 1
        while totals and totals[-1] * weight > total * weights[-1]:
            total += totals.pop()
            weight += weights.pop()
            count += counts.pop()
        totals.append(total)
        weights.append(weight)
        counts.append(count)
        room += item.height + ROW_GAP
    room, farthest, items = 0.0, 0.0, iter(layer)
    for total, weight, count in zip(totals, weights, counts, strict=True):
        top = total / weight
        for _ in range(count):
            item = next(items)
            y = top + room
            farthest = max(farthest, abs(y - item.y))
            item.y = y
            room += item.height + ROW_GAP
    return farthest


def _level(joined: list[tuple[_Item, float, float]]) -> float:
    """The height at which a wire is straight: the middle one of those to the items that count most."""
    most, found = -1.0, []
    for other, there, here in joined:
        if other.pull > most:
            most, found = other.pull, [other.y + there - here]
        elif other.pull == most:
            found.append(other.y + there - here)
    found.sort()
    return found[(len(found) - 1) // 2]


# -------------------------------------------------------------------- columns and parts

def _lefts(layers: _Layers, boxes: Mapping[str, Box]) -> list[float]:
    """Left edge of each column, and of one more."""
    left = [0.0]
    for layer in layers:
        widest = max((boxes[item.box].width for item in layer if item.box is not None), default=0.0)
        left.append(left[-1] + widest + COLUMN_GAP)
    return left


def _needed(points: list[Point]) -> tuple[Point, ...]:
    """Without the two ends, and without those that lie on the line between their neighbours."""
    kept = [points[0]]
    for here, after in pairwise(points[1:]):
        if not kept[-1][1] == here[1] == after[1]:
            kept.append(here)
    return tuple(kept[1:])


def _pack(boxes: Mapping[str, Box], parts: list[tuple[list[str], Arrangement]]) -> Arrangement:
    """Connected parts below and beside each other: those above come first, of equals the tallest."""
    sized = []
    for ids, part in parts:
        xs, ys = zip(*part.places.values(), strict=True)
        low_x, low_y = min(xs), min([*ys, *(y - ROW_GAP / 2 for points in part.bends.values() for _, y in points)])
        width = max(part.places[box][0] + boxes[box].width for box in ids) - low_x
        bottoms = [part.places[box][1] + boxes[box].height for box in ids]
        height = max([*bottoms, *(y + ROW_GAP / 2 for points in part.bends.values() for _, y in points)]) - low_y
        sized.append((min(boxes[box].y for box in ids), -height, (low_x, low_y), (width, height), part))
    sized.sort(key=lambda entry: entry[:2])
    area = sum((width + COLUMN_GAP) * (height + 2 * ROW_GAP) for *_, (width, height), _ in sized)
    limit = max(max(width for *_, (width, _), _ in sized), (1.6 * area) ** 0.5)
    places: dict[str, Point] = {}
    bends: dict[Link, tuple[Point, ...]] = {}
    origin_x, y = min(box.x for box in boxes.values()), min(box.y for box in boxes.values())
    x, tallest = origin_x, 0.0
    for *_, (low_x, low_y), (width, height), part in sized:
        if x > origin_x and x + width > origin_x + limit:
            x, y, tallest = origin_x, y + tallest + 2 * ROW_GAP, 0.0
        places.update({box: (px - low_x + x, py - low_y + y) for box, (px, py) in part.places.items()})
        bends.update({link: tuple((px - low_x + x, py - low_y + y) for px, py in points)
                      for link, points in part.bends.items()})
        x, tallest = x + width + COLUMN_GAP, max(tallest, height)
    return Arrangement({box: places[box] for box in boxes}, bends)
