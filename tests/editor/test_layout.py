"""Layouts: no card on another, no wire over a card, the user's order; what cards align and snap to."""

import random
from itertools import pairwise

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.layout import (
    GRID,
    Box,
    Guide,
    Link,
    align,
    distribute,
    layered,
    made_room,
    made_room_in,
    snap,
    straighten,
)
from editor.layout.layered import COLUMN_GAP

CARD = Box(192, 97, inputs=(41, 63), outputs=(41,))


def overlaps(boxes, places):
    found, names = [], sorted(boxes, key=lambda name: places[name][0])
    for k, a in enumerate(names):
        for b in names[k + 1:]:
            if places[b][0] >= places[a][0] + boxes[a].width:
                break
            if places[a][1] < places[b][1] + boxes[b].height and places[b][1] < places[a][1] + boxes[a].height:
                found.append((a, b))
    return found


def polyline(boxes, arrangement, link):
    source, target = boxes[link.source], boxes[link.target]
    (sx, sy), (tx, ty) = arrangement.places[link.source], arrangement.places[link.target]
    return [(sx + source.width, sy + source.output(link.output)), *arrangement.bends.get(link, ()),
            (tx, ty + target.input(link.input))]


def runs_over(boxes, arrangement, link):
    """Cards that the wire of a link crosses, but for its own two."""
    found = set()
    for (ax, ay), (bx, by) in pairwise(polyline(boxes, arrangement, link)):
        for name, box in boxes.items():
            x, y = arrangement.places[name]
            low, high = max(ax, x), min(bx, x + box.width)
            if low < high and name not in (link.source, link.target):
                ys = [ay + (by - ay) * (at - ax) / (bx - ax) for at in (low, high)]
                if min(ys) < y + box.height and max(ys) > y:
                    found.add(name)
    return found


def crossings(boxes, arrangement, links):
    def side(a, b, c):
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    lines = [(link, a, b) for link in links for a, b in pairwise(polyline(boxes, arrangement, link))]
    return sum(first[:2] != second[:2] and side(a, b, c) * side(a, b, d) < 0 and side(c, d, a) * side(c, d, b) < 0
               for k, (first, a, b) in enumerate(lines) for second, c, d in lines[k + 1:])


@st.composite
def graphs(draw):
    n = draw(st.integers(1, 25))
    sizes = st.tuples(st.sampled_from([144, 192, 360]), st.integers(30, 400))
    boxes = {}
    for k in range(n):
        width, height = draw(sizes)
        x, y = draw(st.tuples(st.integers(-500, 500), st.integers(-500, 500)))
        boxes[f"n{k}"] = Box(width, height, x, y, (30.0, 30.0 + height / 3), (30.0,))
    ends = st.tuples(st.integers(0, n - 1), st.integers(0, n - 1), st.integers(0, 1))
    links = {(f"n{max(a, b)}", i): Link(f"n{min(a, b)}", 0, f"n{max(a, b)}", i)
             for a, b, i in draw(st.lists(ends, max_size=50)) if a != b}
    return boxes, list(links.values())


@given(graphs())
def test_any_graph(graph):
    boxes, links = graph
    arrangement = layered(boxes, links)
    assert list(arrangement.places) == list(boxes)
    assert not overlaps(boxes, arrangement.places)
    assert all(arrangement.places[a.source][0] + boxes[a.source].width < arrangement.places[a.target][0] for a in links)
    assert not any(runs_over(boxes, arrangement, link) for link in links)
    assert min(x for x, _ in arrangement.places.values()) == min(b.x for b in boxes.values())
    assert layered(boxes, links) == arrangement


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(-500, 500)), min_size=1, max_size=20))
def test_tidying_twice_is_tidying_once(parents):
    """The order that was found is where the next search begins, so it is kept."""
    links = [Link(f"n{parent % k}", 0, f"n{k}", 0) for k, (parent, _) in enumerate(parents[1:], 1)]
    boxes = {f"n{k}": Box(192, 97, 0, y, (41,), (41,)) for k, (_, y) in enumerate(parents)}
    once = layered(boxes, links)
    if not crossings(boxes, once, links):
        again = layered({name: Box(192, 97, *once.places[name], (41,), (41,)) for name in boxes}, links)
        assert again == once


def test_order_of_the_user_stays():
    """Two branches that cross nowhere either way: the one that was above stays above."""
    links = [Link("in", 0, "a", 0), Link("in", 0, "b", 0), Link("a", 0, "out", 0), Link("b", 0, "out", 0)]
    for first, second in (("a", "b"), ("b", "a")):
        boxes = {"in": CARD, first: Box(192, 97, 300, 0, (41,), (41,)), second: Box(192, 97, 300, 200, (41,), (41,)),
                 "out": Box(192, 97, 600, 0, (41, 41), (41,))}
        places = layered(boxes, links).places
        assert places[first][1] < places[second][1]


def test_a_chain_is_straight_and_sources_stand_before_their_consumer():
    links = [Link("x", 0, "a", 0), Link("a", 0, "b", 0), Link("b", 0, "c", 0), Link("w", 0, "c", 1)]
    arrangement = layered(dict.fromkeys("xabcw", CARD), links)
    places = arrangement.places
    assert places["x"][1] == places["a"][1] == places["b"][1]
    assert places["w"][0] == places["b"][0]
    assert places["a"][0] - places["x"][0] == 192 + COLUMN_GAP
    assert not arrangement.bends


def test_what_feeds_one_wire_stands_aside_and_the_main_line_is_level():
    """Two layers with weights: the trees of constants and variables stand right before their card, below the line."""
    names = ["x", "matmul", "add", "relu", "matmul_1", "out"]
    links = [Link(a, 0, b, 0) for a, b in pairwise(names)]
    links += [Link(f"{target}/{a}", 0, f"{target}/{b}" if b else target, 0 if b else 1)
              for target in ("add", "matmul_1") for a, b in (("zero", "wide"), ("wide", "b"), ("b", ""))]
    boxes = dict.fromkeys([*names, *(name for link in links for name in (link.source, link.target))], CARD)
    places = layered(boxes, links).places
    column = {name: round(x / 268) for name, (x, _) in places.items()}
    assert column["matmul_1/b"] == column["matmul_1"] - 1
    assert column["matmul_1/zero"] == column["matmul_1"] - 3
    assert len({places[name][1] for name in names}) == 1


def test_a_long_wire_goes_around_cards():
    links = [Link("x", 0, "a", 0), Link("a", 0, "b", 0), Link("b", 0, "c", 0), Link("x", 0, "c", 1)]
    boxes = dict.fromkeys("xabc", CARD)
    arrangement = layered(boxes, links)
    assert set(arrangement.bends) == {Link("x", 0, "c", 1)}
    assert not any(runs_over(boxes, arrangement, link) for link in links)


def test_crossings_that_need_not_be_are_gone():
    links = [Link(f"a{k}", 0, f"b{5 - k}", 0) for k in range(6)]
    boxes = {name: Box(192, 97, 0, 100 * k, (41,), (41,)) for k, name in enumerate(
        [f"a{k}" for k in range(6)] + [f"b{k}" for k in range(6)] + ["end"])}
    links += [Link(f"b{k}", 0, "end", k) for k in range(6)]
    boxes["end"] = Box(192, 200, 0, 0, tuple(20.0 * k for k in range(6)))
    assert crossings(boxes, layered(boxes, links), links) == 0


def test_better_than_columns_of_topological_generations():
    rng = random.Random(3)
    boxes = {f"n{k}": CARD for k in range(120)}
    links = list({(b, i): Link(f"n{max(0, b - rng.randint(1, 15))}", 0, f"n{b}", i)
                  for b, i in ((rng.randrange(1, 120), rng.randrange(2)) for _ in range(200))}.values())
    graph = nx.DiGraph()
    graph.add_nodes_from(boxes)
    graph.add_edges_from((link.source, link.target) for link in links)
    plain = {}
    for k, layer in enumerate(nx.topological_generations(graph)):
        plain |= {name: (268.0 * k, 133.0 * row) for row, name in enumerate(layer)}
    own = layered(boxes, links)
    assert crossings(boxes, own, links) < crossings(boxes, type(own)(plain, {}), links) / 2


def test_parts_lie_beside_each_other_and_cycles_do_no_harm():
    boxes = dict.fromkeys("abcdefgh", CARD)
    links = [Link("a", 0, "b", 0), Link("b", 0, "a", 0), Link("c", 0, "c", 0), Link("d", 0, "nowhere", 0)]
    places = layered(boxes, links).places
    assert not overlaps(boxes, places)
    assert len({y for _, y in places.values()}) > 1
    assert layered({}, []).places == {}


# -------------------------------------------------------------------- lines

ROW = {"a": Box(100, 50, 0, 0), "b": Box(60, 80, 130, 20), "c": Box(100, 40, 400, 90)}


@pytest.mark.parametrize(("edge", "expected"), [
    ("left", {"b": (0, 20), "c": (0, 90)}), ("right", {"a": (400, 0), "b": (440, 20)}),
    ("top", {"b": (130, 0), "c": (400, 0)}), ("bottom", {"a": (0, 80), "b": (130, 50)}),
    ("center-h", {"a": (200, 0), "b": (220, 20), "c": (200, 90)}),
    ("center-v", {"a": (0, 40), "b": (130, 25), "c": (400, 45)}),
])
def test_align(edge, expected):
    assert align(ROW, edge) == expected


def test_align_and_distribute_name_what_they_know():
    with pytest.raises(ValueError, match="center-h"):
        align(ROW, "middle")
    with pytest.raises(ValueError, match="h or v"):
        distribute(ROW, "x")
    assert align({}, "left") == {}


def test_distribute():
    assert distribute(ROW, "h") == {"b": (220, 20)}         # 120 on both sides
    assert distribute({"a": ROW["a"], "c": ROW["c"]}, "h") == {}
    crowded = {name: Box(100, 50, 10 * k, 0) for k, name in enumerate("abc")}
    assert distribute(crowded, "h") == {"b": (112, 0), "c": (224, 0)}


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.builds(
    Box, st.integers(10, 300), st.integers(10, 300), st.integers(-500, 500), st.integers(-500, 500)), min_size=3))
def test_distributed_boxes_have_equal_gaps(boxes):
    moved = distribute(boxes, "v")
    placed = [(moved.get(key, (b.x, b.y))[1], b.height) for key, b in boxes.items()]
    placed.sort(key=lambda p: p[0] + p[1] / 2)
    gaps = [after[0] - sum(before) for before, after in pairwise(placed)]
    assert max(gaps) - min(gaps) < 1e-6
    assert min(gaps) > 11.999


def test_straighten():
    boxes = {"a": Box(192, 97, 0, 0, outputs=(41,)), "b": Box(192, 97, 300, 55, inputs=(41, 63))}
    link = Link("a", 0, "b", 1)
    assert straighten(boxes, link) == {"b": (300, -22)}
    assert straighten(boxes, link, move="a") == {"a": (0, 77)}
    assert straighten({**boxes, "b": Box(192, 97, 300, -22, inputs=(41, 63))}, link) == {}


# -------------------------------------------------------------------- snapping

def test_snap_to_the_grid_where_nothing_is_near():
    found = snap({"a": Box(192, 97, 5, 7)}, {"b": Box(192, 97, 2000, 2000)}, (100, 50))
    assert found.offset == (GRID * 9 - 5, GRID * 5 - 7)
    assert found.guides == ()
    assert snap({"a": Box(192, 97, 5, 7)}, {}, (100, 50), grid=0).offset == (100, 50)
    assert snap({}, {}, (3, 4)).offset == (3, 4)


def test_snap_to_an_edge_shows_the_line():
    found = snap({"a": Box(100, 50, 0, 0)}, {"b": Box(200, 50, 300, 400)}, (297, 117))
    assert found.offset == (300, 120)
    assert found.guides == (Guide("edge", (300, 120), (300, 450)),)


def test_snap_to_the_middle():
    found = snap({"a": Box(100, 50, 0, 0)}, {"b": Box(200, 70, 300, 403)}, (600, 410))
    assert found.offset[1] == 413
    assert found.guides == (Guide("center", (300, 438), (700, 438)),)


def test_a_straight_wire_comes_before_an_edge():
    moving, others = {"a": Box(192, 97, 0, 0, outputs=(41,))}, {"b": Box(192, 97, 400, 100, inputs=(41, 45))}
    assert snap(moving, others, (0, 101), [Link("a", 0, "b", 1)]).offset[1] == 104
    found = snap(moving, others, (0, 101), [Link("a", 0, "b", 0)])
    assert found.offset[1] == 100
    assert Guide("wire", (0, 141), (400, 141)) in found.guides
    assert Guide("edge", (0, 100), (592, 100)) in found.guides


@given(st.integers(-50, 50), st.integers(-50, 50), st.floats(-300, 300), st.floats(-300, 300))
def test_snapping_moves_no_farther_than_a_line_attracts(x, y, dx, dy):
    found = snap({"a": Box(100, 50, x, y)}, {"b": Box(80, 60, 40, 20)}, (dx, dy))
    assert abs(found.offset[0] - dx) <= 7 + 1e-9
    assert abs(found.offset[1] - dy) <= 7 + 1e-9
    for guide in found.guides:
        assert guide.start[0] == guide.end[0] or guide.start[1] == guide.end[1]


# -------------------------------------------------------------------- room

def test_what_grows_pushes_what_is_below_it_and_that_the_next():
    before = {"a": Box(10, 100), "b": Box(10, 100, y=104), "c": Box(10, 100, y=216),
              "beside": Box(10, 100, x=11, y=104), "far": Box(10, 100, y=1000)}
    now = {**before, "a": Box(10, 150)}
    down = made_room(before, now)
    assert down == {"b": 60, "c": 60}
    assert not made_room(before, before) and not made_room(now, before)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.integers(0, 60)), max_size=8))
def test_boxes_that_did_not_overlap_do_not_once_there_is_room(stacks):
    before, now, bottoms = {}, {}, {}
    for k, (column, gap, growth) in enumerate(stacks):
        y = bottoms.get(column, 0) + gap
        before[str(k)], now[str(k)] = Box(50, 40, column * 50, y), Box(50, 40 + growth, column * 50, y)
        bottoms[column] = y + 40
    down = made_room(before, now)
    assert not overlaps(now, {id: (box.x, box.y + down.get(id, 0.0)) for id, box in now.items()})


def test_frames_hold_what_grows_in_them_and_push_what_is_below():
    """Also one in another; a frame itself stays where it is."""
    before = {"outer": Box(200, 200), "inner": Box(100, 110, 10, 10), "a": Box(80, 40, 20, 20),
              "b": Box(80, 20, 20, 72), "below": Box(50, 50, 0, 210), "beside": Box(50, 50, 300, 60),
              "other": Box(300, 100, 0, 205), "c": Box(10, 10, 100, 230)}
    now = {**before, "a": Box(80, 100, 20, 20)}
    frames = {"outer": ["inner", "a", "b"], "inner": ["a", "b"], "other": ["c", "below"]}
    down, higher = made_room_in(frames, before, now)
    assert down["b"] == 60 and "beside" not in down and not set(down) & set(frames)
    assert higher["inner"] == 166, "24 below what is lowest in it"
    places = {id: (box.x, box.y + down.get(id, 0.0)) for id, box in now.items()}
    sizes = {id: Box(box.width, higher.get(id, box.height)) for id, box in now.items()}
    for frame, inside in frames.items():
        for id in inside:
            assert places[id][1] + sizes[id].height <= places[frame][1] + sizes[frame].height
    assert places["below"][1] >= places["outer"][1] + sizes["outer"].height
    assert made_room_in(frames, now, now) == ({}, {})
