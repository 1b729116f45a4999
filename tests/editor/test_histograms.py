"""Histograms of variables and of their gradients: what the process tells of a training, and how it is shown."""
from __future__ import annotations

import math
import pathlib
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pytest

import graphengine as ge
from editor.infer import Inference
from editor.model.build import build
from editor.model.document import GraphDocument
from editor.model.files import open_document, to_text
from editor.model.items import Card, Wire
from editor.model.kinds import catalog
from editor.panels.histograms import Histogram
from editor.panels.training import GRADIENTS, TrainingPanel
from editor.run import messages as m
from editor.run.graph import RunningGraph
from editor.run.previews import preview
from editor.run.service import Service
from editor.scene.look import CardLook, CardResults
from editor.scene.preview import HistogramStrip, PictureStrip, strip_of
from editor.theme import install

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"


@pytest.fixture
def panel(qtbot, qapp):
    install(qapp)
    document = GraphDocument()
    made = TrainingPanel(document, Inference(document))
    qtbot.addWidget(made)
    made.resize(900, 300)
    made.show()
    return made


def looks(rng):
    shapes = {"dense/kernel": (4, 3), "dense/bias": (3,)}
    return {name: m.VariableLook("dense", preview(rng.normal(size=shape)), preview(rng.normal(size=shape) * 1e-3))
            for name, shape in shapes.items()}


def test_each_variable_has_two_histograms(panel, rng):
    panel.take(m.Metrics(1.0, {"loss": 1.0}))
    variables = looks(rng)
    panel.take(m.Gradients({"dense": 0.5}, {"dense": variables["dense/kernel"].weight}, {"dense": 1e-3}, variables))
    panel.tabs.setCurrentIndex(GRADIENTS)
    panel.histograms.setChecked(True)
    panel.update_now()
    rows = panel.gradients.histograms.rows
    assert list(rows) == ["dense/kernel", "dense/bias"] and rows["dense/kernel"].shape.text() == "4 × 3"
    assert rows["dense/bias"].weight.preview is variables["dense/bias"].weight
    assert rows["dense/bias"].gradient.preview is variables["dense/bias"].gradient
    assert "…" in rows["dense/bias"].gradient.words and not panel.ratio.isVisible()
    again = looks(rng)
    panel.take(m.Gradients({"dense": 0.5}, {}, {}, {"dense/kernel": again["dense/kernel"]}))
    panel.update_now()
    assert list(rows) == ["dense/kernel"], "a variable that is gone has no row"
    assert rows["dense/kernel"].weight.preview is again["dense/kernel"].weight, "it moves with the training"
    panel.gradients.table.cellClicked.emit(0, 0)
    panel.histograms.setChecked(False)
    panel.update_now()
    assert panel.ratio.isVisible()


@pytest.mark.parametrize("array", [np.zeros(3), np.array([math.nan, 1.0]), np.array([math.inf]), np.zeros((0, 2)),
                                   np.array(2.0), np.array([-1e300, 1e300])],
                         ids=["zeros", "nan", "infinite", "empty", "scalar", "huge"])
def test_odd_values_are_drawn(array, qtbot, qapp):
    install(qapp)
    shown = Histogram("values of w", "accent")
    qtbot.addWidget(shown)
    shown.resize(160, 58)
    shown.show_preview(preview(array))
    assert not shown.grab().isNull()
    assert shown.is_bad == (not np.isfinite(array).all())
    assert shown.accessibleName().startswith("values of w")


def test_the_tab_warns_of_gradients_that_explode(panel):
    weight = preview(np.ones(4))
    panel.take(m.Metrics(1.0, {"loss": 1.0}))
    panel.take(m.Gradients({"a": 0.1, "b": 0.1}, {"a": weight, "b": weight}, {"a": 1e-3, "b": 1e-3}))
    panel.update_now()
    assert panel.tabs.tabIcon(GRADIENTS).isNull() and panel.tabs.tabToolTip(GRADIENTS) == ""
    panel.take(m.Gradients({"a": 0.1, "b": 0.1}, {"a": weight, "b": weight}, {"a": 1e-3, "b": 1.0}))
    panel.update_now()
    assert not panel.tabs.tabIcon(GRADIENTS).isNull() and panel.tabs.tabToolTip(GRADIENTS).endswith(": b")


def test_weights_are_a_histogram_on_the_card_and_values_a_picture(rng):
    shown = preview(rng.normal(size=(4, 8)))
    assert isinstance(strip_of((), shown, shown), HistogramStrip)
    assert isinstance(strip_of((), None, shown), PictureStrip)


class Quiet:
    """An inbox that nobody writes to."""

    wants_stop, front = False, None

    def interruptible(self):
        return nullcontext()

    def stopped(self):
        pass

    def take_now(self, *kinds):
        return None


def test_histograms_are_of_the_gradients_by_the_engine():
    document = open_document(SAMPLES / "drawn_iris.graph.json")
    told = []
    service = Service(Quiet(), told.append)
    service.load(m.Load(to_text(document), document.arrays, str(SAMPLES), 1))
    service.step(m.Step("train"))
    found = [reply for reply in told if isinstance(reply, m.Gradients)][-1]
    assert set(found.variables) == {"hidden/kernel", "hidden/bias", "scores/kernel", "scores/bias"}
    trainer = service.trainer
    rows = trainer.training.batch(trainer.course.last[-1])
    graph = build(document).graph
    session = ge.Session(graph)
    session.load_variables({name: value for name, value in trainer.training.session.variables().items()
                            if name in session.variables()})
    loss = graph.as_tensor(trainer.training.spec.loss)
    with graph.as_default():
        variables = {v.handle_in(graph).node.name: v for v in ge.trainable_variables(graph)}
        wanted = session.run(dict(zip(variables, ge.gradients(loss, list(variables.values())), strict=True)), rows)
    for name, look in found.variables.items():
        assert look.card == name.partition("/")[0]
        assert look.gradient.shape == wanted[name].shape == look.weight.shape
        assert look.gradient.mean == pytest.approx(float(wanted[name].mean()), rel=1e-3, abs=1e-7)
        assert look.gradient.maximum == pytest.approx(float(wanted[name].max()), rel=1e-3, abs=1e-7)
        assert sum(look.gradient.histogram) == wanted[name].size
    whole = math.sqrt(sum(float(np.sum(np.square(wanted[f"hidden/{part}"]))) for part in ("kernel", "bias")))
    assert found.norms["hidden"] == pytest.approx(whole, rel=1e-3)


def test_what_depends_on_random_numbers_says_so(qapp):
    """A placeholder without a value, a card that draws, and all that reads them; not what has numbers of its own."""
    ones = {"dtype": "float32", "shape": [8], "values": [1.0] * 8}
    document = GraphDocument([
        Card("x", "op/placeholder", {"shape": [None]}), Card("given", "op/placeholder", {"shape": [8]}, example=ones),
        Card("noise", "random/normal", {"shape": [8]}), Card("a", "op/exp"), Card("b", "op/exp"), Card("c", "op/add"),
        Card("mean", "op/reduce_mean"), Card("grid", "random/uniform", {"shape": [4, 4]}),
        Wire("x", 0, "a", 0), Wire("given", 0, "b", 0), Wire("noise", 0, "c", 0), Wire("given", 0, "c", 1),
        Wire("c", 0, "mean", 0)])
    graph = RunningGraph(build(document), {"given": np.ones(8, np.float32)}, ".")
    shown, _, failures = Service(None, list).compute(graph, graph.feeds())
    assert not failures
    assert {card for (card, _), p in shown.items() if p.is_random} == {"x", "a", "noise", "c", "mean", "grid"}

    def strip(card):
        kind = catalog()[document.card(card).kind]
        return CardLook(document.card(card), kind, results=CardResults(previews={0: shown[card, 0]})).strip

    assert strip("x").left.startswith("random ") and strip("mean").below.startswith("random ")
    assert strip("grid").above[0].startswith("random ")
    assert not strip("b").left.startswith("random")
    parts = []
    service = Service(SimpleNamespace(interruptible=nullcontext), parts.append)
    service.document, service.graph = document, graph
    service.inspect(m.Inspect(("a", 0), None))
    service.inspect(m.Inspect(("b", 0), None))
    assert [part.preview.is_random for part in parts] == [True, False], "also before a run"
    shown = Service(None, list).compute(graph, graph.feeds({"x": np.ones(3, np.float32)}))[0]
    assert not shown["a", 0].is_random
