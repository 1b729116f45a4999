"""Where the parts of a card and the ways of wires are: arithmetic, without a window."""
from __future__ import annotations

import math
from itertools import pairwise

import pytest

from editor.scene import wording
from editor.scene.frame import apart
from editor.scene.geometry import (
    CHIP_TOP,
    PORT_ROW,
    STRIP,
    TITLE,
    Box,
    CardGeometry,
    distance_to,
    frame_part,
    note_part,
    polyline,
    wire_curves,
)

FULL = CardGeometry(192.0, inputs=2, outputs=1, fields=2, preview=46.0, problem=True)


def test_parts_lie_below_each_other_without_overlap_and_fill_the_card():
    wells = [FULL.well(0), FULL.well(1)]
    rows = [FULL.row_middle(0) - PORT_ROW / 2, FULL.row_middle(1) + PORT_ROW / 2]
    edges = [TITLE, *rows, wells[0].y, wells[0].bottom, wells[1].y, wells[1].bottom,
             FULL.preview_top, FULL.preview_top + 46, FULL.strip_top, FULL.strip_top + STRIP]
    assert edges == sorted(edges)
    assert FULL.height == FULL.strip_top + STRIP


@pytest.mark.parametrize(("geometry", "height"), [
    (CardGeometry(inputs=2, outputs=1), 88),                            # as measured in the picture of the look
    (CardGeometry(inputs=1, outputs=1), 66),
    (CardGeometry(outputs=1, fields=1), 94),
    (CardGeometry(outputs=1, fields=1, preview=46), 146),
    (CardGeometry(inputs=2, outputs=1, preview=46), 140),
    (CardGeometry(inputs=2, outputs=1, problem=True), 108),
    (CardGeometry(inputs=5, outputs=3, fields=4, collapsed=True), TITLE),
])
def test_height(geometry, height):
    assert geometry.height == height


def test_every_part_is_found_where_it_is():
    assert FULL.part(60, 10) == ("title", 0)
    assert FULL.part(179, 16) == ("badge", 0)
    for number in range(2):
        x, y = FULL.input(number)
        assert FULL.part(x - 5, y + 3) == ("input", number)
        well = FULL.well(number)
        assert FULL.part(well.x + 30, well.y + 11) == ("row", number)
    assert FULL.part(*FULL.output(0)) == ("output", 0)
    assert FULL.part(90, FULL.preview_top + 20) == ("preview", 0)
    assert FULL.part(90, FULL.height - 5) == ("badge", 2)
    assert FULL.part(190, 120) == ("resize", 0)
    assert FULL.part(90, FULL.row_middle(1)) == ("body", 0)
    assert FULL.part(-20, 50) is None
    assert FULL.part(90, FULL.height + 2) is None


def test_chip_reaches_over_the_edge_only_where_there_is_one():
    place = FULL.width - 20, CHIP_TOP + 2
    assert FULL.part(*place) is None
    assert FULL.part(*place, chip_width=50) == ("badge", 1)


def test_sockets_of_a_collapsed_card_lie_on_its_ends():
    folded = CardGeometry(inputs=3, outputs=2, fields=2, preview=46, collapsed=True)
    assert folded.input(2) == folded.input(0)
    assert folded.part(0, folded.row_middle(2)) == ("input", 0)
    assert folded.part(192, 16) == ("output", 0)


def test_socket_between_two_is_the_nearer():
    assert FULL.part(0, FULL.row_middle(0) + 10)[1] == 0
    assert FULL.part(0, FULL.row_middle(0) + 12)[1] == 1


def test_wire_leaves_and_arrives_level_with_a_pull_between_40_and_160():
    for dx, pull in ((10, 40), (200, 100), (1000, 160), (-500, 160)):
        (curve,) = wire_curves((0, 0), (dx, 70))
        assert curve.first == (pull, 0) and curve.second == (dx - pull, 70)


def test_wire_goes_through_its_bends_without_a_corner():
    bends = ((100.0, 80.0), (220.0, -40.0))
    curves = wire_curves((0, 0), (300, 0), bends)
    assert [c.end for c in curves[:-1]] == list(bends)
    for before, after in pairwise(curves):
        one = math.atan2(before.end[1] - before.second[1], before.end[0] - before.second[0])
        two = math.atan2(after.first[1] - after.start[1], after.first[0] - after.start[0])
        assert one == pytest.approx(two)


def test_bends_at_one_place_are_no_trouble():
    curves = wire_curves((0, 0), (0, 0), ((0.0, 0.0), (0.0, 0.0)))
    assert all(math.isfinite(v) for c in curves for p in c for v in p)


def test_distance_to_a_wire():
    points = list(polyline(wire_curves((0, 0), (200, 0))))
    distance, _ = distance_to(points, 100, 7)
    assert distance == pytest.approx(7)
    assert distance_to(points, -30, 40)[0] == pytest.approx(50)


def test_parts_of_a_frame_leave_its_inside_to_the_cards():
    box = Box(0, 0, 300, 200)
    assert frame_part(box, False, 100, 10, 5) == "title"
    assert frame_part(box, False, 299, 100, 5) == "edge"
    assert frame_part(box, False, 295, 195, 5) == "resize"
    assert frame_part(box, False, 150, 100, 5) is None
    assert frame_part(box, True, 150, 100, 5) is None
    assert frame_part(box, True, 150, 10, 5) == "title"


def test_parts_of_a_note():
    box = Box(10, 10, 100, 80)
    assert note_part(box, 50, 50) == "body"
    assert note_part(box, 108, 88) == "resize"
    assert note_part(box, 0, 0) is None


@pytest.mark.parametrize(("value", "text"), [
    (0.0, "0"), (-0.0, "0"), (0.125, "0.125"), (3.1e-5, "3.1e-5"), (123456.0, "1.2e5"), (1234.5, "1234"),
    (math.nan, "NaN"), (math.inf, "∞"), (-math.inf, "-∞"), (2.0, "2"),
])
def test_numbers_are_short(value, text):
    assert wording.number(value) == text


def test_other_words():
    assert [wording.seconds(s) for s in (2.5, 1.92e-3, 3e-6)] == ["2.50 s", "1.92 ms", "3.0 µs"]
    assert [wording.bytes_of(b) for b in (12, 2048, 200704, 3_000_000_000)] == ["12 B", "2.0 kB", "0.2 MB", "3.0 GB"]
    assert [wording.dtype(d) for d in ("float32", "bfloat16", "int8", "bool", "complex64")] == [
        "f32", "bf16", "i8", "bool", "c64"]
    assert wording.sizes((64, 784)) == "64 × 784" and wording.sizes(()) == "scalar"
    assert wording.brief(1e-5, around=1.0) == "0" and wording.brief(0.1253) == "0.13"


def test_wire_to_the_right_is_level_at_its_bends_and_straight_between_two_of_a_height():
    straight = wire_curves((0, 0), (400, 0), ((100.0, 50.0), (300.0, 50.0)))[1]
    assert {straight.first[1], straight.second[1]} == {50.0}
    ups = [point[1] for point in polyline(wire_curves((0, 0), (400, 0), ((100.0, 50.0), (300.0, 50.0))))]
    assert min(ups) == 0 and max(ups) == 50         # nothing sags


def test_cards_of_a_loop_are_surrounded_without_those_between_them():
    left, right, other = Box(0, 0, 100, 50), Box(300, 0, 100, 50), Box(150, 0, 100, 50)
    assert apart([right, left], []) == [Box(0, 0, 400, 50)]
    assert apart([right, left], [other]) == [left, right]
    assert apart([left, right, Box(0, 60, 100, 50)], [other]) == [Box(0, 0, 100, 110), right]
