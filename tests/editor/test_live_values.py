"""Numbers of constants and placeholders: dragged on the card or by the slider, one edit a drag, run as they move."""
from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6 import QtCore, QtTest

from editor import commands
from editor.model.build import build
from editor.model.document import GraphDocument
from editor.model.items import Card, Ref, Setting, Wire
from editor.model.meaning import moved_values
from editor.model.values import array_form
from editor.run import messages as m
from editor.run.graph import RunningGraph


def number(value, dtype="float32"):
    return array_form(np.array(value, dtype))


def drawing():
    return GraphDocument([
        Card("x", "op/placeholder", {"shape": []}, example=number(3.0)),
        Card("c", "op/const", {"value": number(2.0)}, x=0, y=200), Card("y", "op/multiply", {}, x=320),
        Card("n", "op/const", {"value": number(4, "int32")}, x=0, y=400),
        Wire("x", 0, "y", 0), Wire("c", 0, "y", 1)])


# -------------------------------------------------------------------- what has moved

def test_numbers_alone_are_told_from_other_edits():
    drawn = drawing()
    before = dict(drawn.items)
    assert moved_values(before, drawn) == {}
    drawn.do(commands.set_attribute(drawn, ["c"], "value", number(5.0)))
    drawn.do(commands.set_example(drawn, "x", number(7.0)))
    drawn.do(commands.move(drawn, [Ref("card", "y")], 12, 0))
    assert moved_values(before, drawn) == {"c": 5.0, "x": 7.0}
    for edit in (lambda: commands.set_attribute(drawn, ["c"], "value", number([5.0, 6.0])),
                 lambda: commands.set_attribute(drawn, ["c"], "value", number(5.0, "float64")),
                 lambda: commands.set_attribute(drawn, ["n"], "value", number(5, "int32")),
                 lambda: commands.set_attribute(drawn, ["x"], "dtype", "float64"),
                 lambda: commands.set_example(drawn, "x", None),
                 lambda: commands.rename(drawn, "c", "d"),
                 lambda: commands.delete(drawn, [Ref("wire", ("y", 0))]),
                 lambda: commands.set_setting(drawn, "seed", 3)):
        drawn.do(edit())
        assert moved_values(before, drawn) is None
        drawn.undo()
    assert moved_values({**before, Ref("setting", "s"): Setting("s", 1)}, drawn) is None


def test_a_run_takes_numbers_of_constants():
    graph = RunningGraph(build(drawing()), {"x": np.float32(3)}, ".")
    feeds = graph.feeds({"c": np.float32(10)})
    assert graph.session.run(graph.outputs["y", 0], feeds) == 30
    assert graph.session.run(graph.outputs["y", 0], graph.feeds()) == 6, "for that run alone"


# -------------------------------------------------------------------- on the card

@pytest.fixture
def window(open_window, qtbot):
    made = open_window(drawing())
    qtbot.waitExposed(made)
    return made


def dragged(window, card, steps, release=True):
    """Drag the number on a card to the right, some pixels at a time."""
    view = window.view
    start = view.mapFromScene(window.scene.row_rect(card, 0).center())
    mouse, left = QtTest.QTest, QtCore.Qt.MouseButton.LeftButton
    mouse.mousePress(view.viewport(), left, pos=start)
    for dx in steps:
        mouse.mouseMove(view.viewport(), start + QtCore.QPoint(dx, 0))
        yield dx
    if release:
        mouse.mouseRelease(view.viewport(), left, pos=start + QtCore.QPoint(dx, 0))


def value(window, card):
    found = window.document.card(card)
    return (found.attributes.get("value") or found.example)["values"][0]


@pytest.mark.parametrize("card", ["c", "x", "n"])
def test_a_drag_over_a_number_is_one_edit(window, card):
    before = value(window, card)
    assert [f.name for f in window.scene.shown_fields("x")] == ["value", "shape"]
    seen = [value(window, card) for _ in dragged(window, card, (10, 30, 60, 90))]
    assert seen == sorted(seen) and before < seen[0] < seen[-1]
    assert isinstance(seen[-1], int) == (card == "n")
    assert len(window.document.history) == 1
    window.document.undo()
    assert value(window, card) == before and not window.document.is_modified


def test_escape_breaks_a_drag_off_and_a_click_types(window):
    for _ in dragged(window, "c", (20, 60), release=False):
        pass
    assert value(window, "c") != 2.0
    QtTest.QTest.keyClick(window.view, QtCore.Qt.Key.Key_Escape)
    assert value(window, "c") == 2.0
    window.tool.inline.edit_row("x", 0)
    QtTest.QTest.keyClicks(window.tool.inline.widget, "8.5")
    QtTest.QTest.keyClick(window.tool.inline.widget, QtCore.Qt.Key.Key_Return)
    assert value(window, "x") == 8.5
    assert window.document.card("x").example["dtype"] == "float32"


def test_the_slider_of_the_inspector_moves_a_constant(window, qtbot):
    window.jump("c")
    qtbot.waitUntil(lambda: "value" in window.docks.inspector.rows)
    slider = window.docks.inspector.rows["value"].editor.slider
    assert slider.isVisible()
    slider.setSliderDown(True)
    for step in (520, 610, 700):
        slider.setValue(step)
    slider.setSliderDown(False)
    assert value(window, "c") != 2.0 and len(window.document.history) == 1


# -------------------------------------------------------------------- live

def test_only_the_number_is_sent_while_it_moves(window, qtbot, monkeypatch):
    monkeypatch.setattr("editor.running.LONGEST_S", math.inf)       # a busy machine is no slow graph
    sent, said, real = [], [], window.running.runner.send
    window.running.runner.send = lambda request: (sent.append(request), real(request))
    window.running.received.connect(said.append)
    window.actions_["live"].trigger()
    qtbot.waitUntil(lambda: any(isinstance(r, m.Finished) for r in said))
    sent.clear()

    def is_shown():
        return window.scene.results["y"].previews[0].mean == pytest.approx(3.0 * value(window, "c"))

    for dx in dragged(window, "c", range(8, 100, 8)):
        if dx % 16 == 0:                    # while the button is held
            qtbot.waitUntil(is_shown)
    qtbot.waitUntil(is_shown)
    assert {type(request) for request in sent} <= {m.Run, m.Inspect}, "no graph is sent, also not for the viewer"
    assert all(set(request.feeds) == {"c"} for request in sent if isinstance(request, m.Run))
    assert window.running.is_current
    window.running.ask(m.LookInside(("y",)))    # an op of its own: only whether a graph goes before
    assert m.Load not in map(type, sent)
    sent.clear()
    window.document.do(commands.set_attribute(window.document, ["n"], "value", number(5, "int32")))
    qtbot.waitUntil(lambda: m.Load in map(type, sent))
