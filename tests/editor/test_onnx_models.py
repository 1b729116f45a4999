"""ONNX models in the editor: they open as drawings that run, and what cannot be read is said."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6 import QtCore, QtGui

import graphengine as ge
from editor.incoming import document_of_file, read_document
from editor.infer import Inference
from editor.model.build import build
from editor.windows import Windows

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402
from onnx.reference import ReferenceEvaluator  # noqa: E402


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
    onnx.save(network("NonZero"), path)
    assert windows.open_file(Path(path)) is None
    box = windows.message
    assert box.isVisible() and "NonZero (node y)" in box.informativeText()
    box.close()
