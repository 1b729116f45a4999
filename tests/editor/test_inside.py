"""Cards seen from inside: which ops they are made of, what these compute, and the way there and back."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6 import QtCore, QtTest, QtWidgets

from editor import commands
from editor.drawings import DRAWINGS, document, iris
from editor.infer import Inference
from editor.model.build import build
from editor.model.document import GraphDocument
from editor.model.files import to_text
from editor.model.inside import can_open, inside
from editor.model.items import Card, Wire
from editor.run import messages as m
from editor.run.graph import RunningGraph
from editor.run.inside import values_inside
from editor.run.previews import preview


def opened(drawn, *path):
    return inside(drawn, Inference(drawn).operand_types(path[0]), path)


def kinds(drawn):
    return {card.id: card.kind for card in drawn.document.cards}


# -------------------------------------------------------------------- what is inside

def test_a_layer_is_its_nodes_with_what_it_reads():
    drawn = document(iris)
    text = to_text(drawn)
    found = opened(drawn, "hidden")
    assert kinds(found) == {"x": "op/placeholder", "kernel": "op/shared_variable", "MatMul": "op/matmul",
                            "bias": "op/shared_variable", "add": "op/add", "Relu": "op/relu"}
    assert found.sources == {"x": ("x", 0)}
    assert [(w.source, w.target, w.input) for w in found.document.wires] == [
        ("x", "MatMul", 0), ("kernel", "MatMul", 1), ("MatMul", "add", 0), ("bias", "add", 1), ("add", "Relu", 0)]
    assert str(found.types["kernel"][0].shape) == "(4, 8)" and str(found.types["Relu"][0].shape) == "(None, 8)"
    assert to_text(drawn) == text and not drawn.is_modified


def test_a_composite_is_the_ops_that_it_stands_for():
    found = opened(document(iris), "hidden", "Relu")
    assert set(kinds(found).values()) == {"op/placeholder", "op/const", "op/maximum"}
    assert opened(document(iris), "hidden", "Relu", "Maximum") is None
    assert opened(document(iris), "hidden", "nothing") is None


def test_a_loop_is_its_body():
    import graphengine as ge
    from editor.model.files import from_engine
    from graphengine.tools.drawn.files import nodes_of

    with ge.Graph().as_default() as graph:
        ge.while_loop(lambda k: k < 3, lambda k: k + 1, [ge.constant(0)])
    drawn = from_engine({"nodes": nodes_of(graph, lambda name, array: name, "the test")}, {}, "the test")
    loop, = (card.id for card in drawn.cards if card.kind == "op/loop")
    assert {"op/add", "op/less"} <= set(kinds(opened(drawn, loop)).values())


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_card_of_the_samples_that_can_be_opened_opens(name):
    drawn = document(DRAWINGS[name])
    inference = Inference(drawn)
    for card in drawn.cards:
        found = inside(drawn, inference.operand_types(card.id), (card.id,))
        assert (found is not None) == can_open(card.kind), card.id
        for inner in found.document.cards if found is not None else ():
            deeper = inside(drawn, inference.operand_types(card.id), (card.id, inner.id))
            assert (deeper is not None) == can_open(inner.kind), (card.id, inner.id)


def test_what_lacks_an_input_does_not_open():
    drawn = GraphDocument([Card("dense", "layer/Dense", {"units": 3})])
    assert opened(drawn, "dense") is None


# -------------------------------------------------------------------- what it computes

def test_values_inside_are_those_of_the_formula(rng):
    drawn = document(iris)
    graph = RunningGraph(build(drawn), {}, "samples")
    feeds = {"x": rng.normal(size=(5, 4)).astype("f4"), "y": np.zeros(5, "i8")}
    found = values_inside(graph, ("hidden",), feeds)
    weights = graph.values()
    wanted = feeds["x"] @ weights["hidden/kernel"] + weights["hidden/bias"]
    np.testing.assert_allclose(found["kernel", 0], weights["hidden/kernel"])
    np.testing.assert_allclose(found["add", 0], wanted, rtol=1e-5, atol=1e-6)
    deeper = values_inside(graph, ("hidden", "Relu"), feeds)
    np.testing.assert_allclose(deeper["features", 0], wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(deeper["Maximum", 0], np.maximum(wanted, 0), rtol=1e-5, atol=1e-6)
    for path in (("hidden",), ("hidden", "Relu")):
        assert {at[0] for at in values_inside(graph, path, feeds)} == set(kinds(opened(drawn, *path)))


def test_values_inside_an_op_of_the_drawing(rng):
    drawn = GraphDocument([Card("x", "op/placeholder", {"shape": [None, 4]}), Card("p", "op/softmax"),
                           Wire("x", 0, "p", 0)])
    x = rng.normal(size=(3, 4)).astype("f4")
    found = values_inside(RunningGraph(build(drawn), {}, "."), ("p",), {"x": x})
    powers = np.exp(x - x.max(1, keepdims=True))
    assert any(np.allclose(value, powers / powers.sum(1, keepdims=True)) for value in found.values())
    assert {at[0] for at in found} == set(kinds(opened(drawn, "p")))


# -------------------------------------------------------------------- there and back

@pytest.fixture
def window(open_window):
    return open_window(document(iris))


def press_twice(view, card, part):
    """A double click on a card, on its title or on the row of its result."""
    rect = view.graph.card_rect(card)
    at = QtCore.QPointF(rect.left() + 90, rect.top() + (12 if part == "title" else 41))
    place = view.mapFromScene(at)
    QtTest.QTest.mouseDClick(view.viewport(), QtCore.Qt.MouseButton.LeftButton, pos=place)


def key(view, which):
    QtTest.QTest.keyClick(view, which)
    QtTest.QTest.qWait(1)                   # the view goes after the key was heard


def test_double_clicks_lead_in_and_keys_out(window, qtbot):
    window.scene.end_glide()
    text = to_text(window.document)
    press_twice(window.view, "hidden", "body")
    assert window.opened.path == ("hidden",) and window.pages.currentWidget() is window.opened
    places = {(c.x, c.y) for c in window.opened._drawn.document.cards}
    assert len(places) == 6, "it is laid out"
    assert not window.actions_["delete"].isEnabled() and not window.actions_["paste"].isEnabled()
    press_twice(window.opened.view, "Relu", "title")
    assert window.opened.path == ("hidden", "Relu")
    press_twice(window.opened.view, "Maximum", "title")
    assert window.opened.path == ("hidden", "Relu"), "an op of its own stays closed"
    key(window.opened.view, QtCore.Qt.Key.Key_Backspace)
    assert window.opened.path == ("hidden",)
    assert [ref.key for ref in window.opened.view.graph.selected()] == ["Relu"], "where one came from"
    key(window.opened.view, QtCore.Qt.Key.Key_Return)
    assert window.opened.path == ("hidden", "Relu")
    crumb = window.opened.findChild(QtWidgets.QToolButton, "crumb_0")
    crumb.click()
    qtbot.waitUntil(lambda: window.pages.currentWidget() is window.view)
    assert window.opened.path == () and window.opened.view is None
    assert window.actions_["delete"].isEnabled() and window.actions_["paste"].isEnabled()
    assert to_text(window.document) == text and not window.document.is_modified


def test_the_button_of_the_inspector_and_the_key(window, qtbot):
    window.jump("scores")
    qtbot.waitUntil(lambda: window.docks.inspector.findChild(QtWidgets.QPushButton, "openCard") is not None)
    window.docks.inspector.findChild(QtWidgets.QPushButton, "openCard").click()
    assert window.opened.path == ("scores",)
    key(window.opened.view, QtCore.Qt.Key.Key_Escape)
    assert window.pages.currentWidget() is window.view
    window.actions_["open_card"].trigger()
    assert window.opened.path == ("scores",)
    window.jump("scores")
    assert window.pages.currentWidget() is window.view, "who jumps to a card wants to see it"
    window.jump("train")
    assert not window.actions_["open_card"].isEnabled()


def test_what_depends_on_random_numbers_says_so_inside_too(window):
    window.scene.show_previews({("x", 0): replace(preview(np.ones((5, 4))), is_random=True)})
    window.open_card("hidden")
    shown = window.opened.view.graph
    inside = {(id, 0): preview(np.ones((5, 12))) for id in shown.cards}
    window.opened.take(m.InsideValues(("hidden",), inside))
    random = {id for id in shown.cards if shown.results[id].previews[0].is_random}
    assert "add" in random and not random & {"kernel", "bias"}


def test_edits_outside_are_followed_inside(window):
    window.open_card("hidden")
    view = window.opened.view
    window.document.do(commands.move(window.document, [Card("hidden", "").ref], 12, 12))
    assert window.opened.view is view, "what only looks different outside is the same inside"
    window.document.do(commands.set_attribute(window.document, ["hidden"], "activation", None))
    assert "Relu" not in window.opened.view.graph.cards
    window.document.undo()
    assert "Relu" in window.opened.view.graph.cards
    window.document.do(commands.delete(window.document, [Card("hidden", "").ref]))
    assert window.pages.currentWidget() is window.view and window.opened.path == ()


def test_values_of_a_run_inside(window, qtbot):
    said = []
    window.running.received.connect(said.append)
    window.do_run()
    qtbot.waitUntil(lambda: any(isinstance(r, m.Finished) for r in said))
    window.open_card("hidden")
    qtbot.waitUntil(lambda: any(isinstance(r, m.InsideValues) for r in said))
    results = window.opened.view.graph.results
    assert {"x", "kernel", "MatMul", "bias", "add", "Relu"} <= results.keys()
    assert results["kernel"].previews[0].shape == (4, 8) and results["Relu"].previews[0].minimum == 0.0
    window.opened.view.setFocus()
    window.settle()
    assert window.opened.view.hasFocus(), "keys stay with it when something is run"
    window.opened.open(("hidden", "MatMul"))
    qtbot.waitUntil(lambda: "BatchMatmul" in window.opened.view.graph.results)


def test_what_cannot_be_computed_inside_is_no_failure_of_a_run(window, qtbot):
    window.open_card("hidden")
    before = window.banner.isVisible()
    window._received(m.Failed("lookinside", "hidden cannot be computed"))
    assert window.banner.isVisible() == before
