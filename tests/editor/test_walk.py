"""Going from card to card, and lines that cross: no window needed."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editor.layout import Link
from editor.tools import walk
from editor.tools.knife import crosses

BOXES = {"x": (0, 0, 192, 60), "w": (0, 200, 192, 60), "m": (300, 100, 192, 80), "y": (600, 100, 192, 60),
         "z": (600, 300, 192, 60), "far": (900, 900, 192, 60)}


LINKS = [Link("x", 0, "m", 0), Link("w", 0, "m", 1), Link("m", 1, "z", 0), Link("m", 0, "y", 0)]


@pytest.mark.parametrize(("card", "way", "there"), [
    ("m", walk.LEFT, "x"), ("m", walk.RIGHT, "y"), ("x", walk.RIGHT, "m"), ("x", walk.DOWN, "w"), ("w", walk.UP, "x"),
    ("y", walk.DOWN, "z"), ("y", walk.UP, "x"), ("x", walk.LEFT, None), ("far", walk.LEFT, "z"),
])
def test_ways(card, way, there):
    assert walk.step(LINKS, card, way, BOXES) == there


def test_what_cannot_be_seen_is_passed_over():
    seen = {id: box for id, box in BOXES.items() if id != "x"}
    assert walk.step(LINKS, "m", walk.LEFT, seen) == "w"
    assert walk.step(LINKS, "x", walk.UP, seen) is None
    assert walk.nearest_to(seen, 0, 0) == "w" and walk.nearest_to({}, 0, 0) is None


def test_lines_that_cross():
    assert crosses([(0, 0), (10, 10)], [(0, 10), (10, 0)])
    assert crosses([(0, 0), (5, 0), (5, 10)], [(0, 5), (10, 5)])
    assert not crosses([(0, 0), (10, 10)], [(0, 10), (4, 7)])
    assert not crosses([(0, 0)], [(0, -5), (0, 5)])


POINT = st.tuples(st.integers(-20, 20), st.integers(-20, 20))


@given(POINT, POINT, POINT, POINT)
def test_crossing_does_not_depend_on_the_order(a, b, c, d):
    found = crosses([a, b], [c, d])
    assert found == crosses([c, d], [a, b]) == crosses([b, a], [d, c])
    assert crosses([a, b], [b, c])
