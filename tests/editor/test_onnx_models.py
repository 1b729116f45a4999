"""ONNX models in the editor: they open as drawings that run, drawings become models; what cannot be is said."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6 import QtCore, QtGui, QtWidgets
from talk import drawn, weights

import graphengine as ge
from editor import commands
from editor.incoming import document_of_file, read_document
from editor.infer import Inference
from editor.model.answers import answers
from editor.model.build import build
from editor.model.files import open_document
from editor.model.items import Card, Ref, Wire
from editor.run import messages as m
from editor.windows import Windows

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402

SAMPLES = Path(__file__).parents[2] / "samples"


def network(operator="Relu"):
    rng = np.random.default_rng(0)
    weights = {"w": rng.normal(size=(40, 40)).astype("f4"), "b": rng.normal(size=40).astype("f4")}
    nodes = [helper.make_node("Gemm", ["x", "w", "b"], ["h"], name="dense"), helper.make_node(operator, ["h"], ["y"])]
    ends = [[helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n", 40])] for n in "xy"]
    graph = helper.make_graph(nodes, "g", *ends, [numpy_helper.from_array(a, n) for n, a in weights.items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_model_is_a_drawing_that_gives_the_same_numbers(tmp_path):
    onnx.save(network(), tmp_path / "m.onnx")
    drawn = read_document(tmp_path / "m.onnx")
    inference = Inference(drawn)
    assert inference.problems() == [] and inference.outputs("y")[0].shape == "(?, 40)"
    assert len(drawn.arrays) == 1, "large weights stand beside"
    x = np.random.default_rng(1).normal(size=(3, 40)).astype("f4")
    built = build(drawn)
    found = ge.Session(built.graph).run(built.tensors["y", 0], {"x": x})
    wanted, = ReferenceEvaluator(network()).run(None, {"x": x})
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)


@pytest.fixture
def windows(qapp):
    made = Windows(qapp)
    yield made
    for window in list(made.open):
        window.document.mark_saved()
        window.close()


def test_a_dropped_model_opens_in_a_window(windows, tmp_path, qtbot):
    path = tmp_path / "net.onnx"
    onnx.save(network(), path)
    assert document_of_file(path)
    first = windows.new()
    data = QtCore.QMimeData()
    data.setUrls([QtCore.QUrl.fromLocalFile(str(path))])
    event = QtGui.QDropEvent(QtCore.QPointF(80, 80), QtCore.Qt.DropAction.CopyAction, data,
                             QtCore.Qt.MouseButton.LeftButton, QtCore.Qt.KeyboardModifier.NoModifier)
    first.view.dropEvent(event)
    qtbot.waitUntil(lambda: len(windows.open) == 2)
    shown = windows.open[1]
    assert shown.path is None and "Net" in shown.windowTitle()
    assert len({(c.x, c.y) for c in shown.document.cards}) == len(list(shown.document.cards)), "it is laid out"


def test_operators_that_are_not_here_are_said(windows, tmp_path, qtbot):
    path = tmp_path / "net.onnx"
    onnx.save(network("Hardmax"), path)
    assert windows.open_file(Path(path)) is None
    box = windows.message
    assert box.isVisible() and "Hardmax (node y)" in box.informativeText()
    box.close()


# -------------------------------------------------------------------- drawings as models

def test_answers_are_what_only_losses_and_metrics_read():
    assert answers(open_document(SAMPLES / "drawn_digits.graph.json")) == ["scores"]
    assert answers(open_document(SAMPLES / "drawn_autoencoder.graph.json"))


def test_a_trained_drawing_is_written_with_what_it_has_learnt(talk, tmp_path):
    document = open_document(SAMPLES / "drawn_iris.graph.json")
    path, cards = tmp_path / "iris.onnx", answers(document)
    talk.load(document)
    talk.finish(m.Step(next(card.id for card in document.cards if card.kind == "train")))
    learnt = weights(talk)
    talk.send(m.ExportOnnx(str(path), tuple(cards)))
    assert talk.wait(m.Exported).outputs == tuple(cards)
    built = build(document)
    session = ge.Session(built.graph)
    session.load_variables(learnt)
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    given, = model.graph.input
    x = np.random.default_rng(1).normal(size=(3, 4)).astype("f4")
    found, = ReferenceEvaluator(model).run(None, {given.name: x})
    np.testing.assert_allclose(found, session.run(built.tensors[cards[0], 0], {given.name: x}), rtol=1e-4, atol=1e-5)


def test_cards_without_a_form_are_named(talk, tmp_path):
    document = drawn(Card("x", "op/placeholder", {"shape": [3]}), Card("y", "op/lgamma"), Wire("x", 0, "y", 0))
    talk.load(document)
    talk.send(m.ExportOnnx(str(tmp_path / "m.onnx"), ("y",)))
    failed = talk.wait(m.Failed)
    assert failed.card == "y" and "y: ONNX has no operator for lgamma" in failed.text and failed.fix
    assert not (tmp_path / "m.onnx").exists()


def test_a_selected_subgraph_gives_its_outputs_and_what_gives_nothing_is_said_first(windows, monkeypatch):
    window = windows.open_file(SAMPLES / "drawn_moons.graph.json")
    asked, exported = [], []
    monkeypatch.setattr(QtWidgets.QFileDialog, "getSaveFileName", lambda *_: asked.append(1) or ("m.onnx", ""))
    monkeypatch.setattr(window.running, "ask", lambda what: exported.extend([what] * isinstance(what, m.ExportOnnx)))
    wanted = answers(window.document)
    before = {wire.source for wire in window.document.wires if wire.target == wanted[0]}
    inner = [Ref("card", id) for id in (*wanted, *before)]
    window.edit(commands.group(window.document, inner, "net"))
    window.scene.select([Ref("card", "net")])
    window.do_export_onnx()
    assert set(wanted) <= set(exported.pop().cards) and asked == [1]
    window.do_select_all()
    window.do_delete()
    window.do_export_onnx()
    assert asked == [1] and not exported and "no card gives a result" in window.banner.label.text()


def test_the_window_asks_for_a_file_and_says_what_is_in_it(windows, tmp_path, qtbot, monkeypatch):
    window = windows.open_file(SAMPLES / "drawn_moons.graph.json")
    monkeypatch.setattr(QtWidgets.QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "m"), ""))
    window.do_export_onnx()
    qtbot.waitUntil(lambda: (tmp_path / "m.onnx").exists())
    qtbot.waitUntil(lambda: "Wrote m.onnx; it gives" in window.status.currentMessage())
