"""The viewer: which part of a tensor it asks for, and what it shows of it."""
from __future__ import annotations

import numpy as np
import pytest
from PySide6 import QtCore, QtGui

from editor import commands
from editor.infer import Inference
from editor.model.document import GraphDocument
from editor.model.items import Card
from editor.panels.live import plain_tick, power_tick, tick_step
from editor.panels.matrix import MatrixView, colored, limits, picture_scale
from editor.panels.slices import first_index, has_colors
from editor.panels.viewer import HEAT, HISTOGRAM, IMAGE, TABLE, ViewerPanel, as_text
from editor.run import messages as m
from editor.theme import install, theme

Qt = QtCore.Qt


def looked_at(values):
    """A preview as the process makes it."""
    numbers = np.abs(values) if values.dtype.kind == "c" else values
    finite = numbers[np.isfinite(numbers)].astype(float)
    some = [None] * 4 if not finite.size else [finite.min(), finite.max(), finite.mean(), finite.std()]
    counts = tuple(np.histogram(finite, 64)[0].tolist()) if finite.size else ()
    return m.Preview(values.dtype.name, values.shape, values.nbytes, *some, int(np.isnan(values).sum()),
                     int(np.isinf(values).sum()), counts, None, "")


class Process:
    """Answers `Inspect` as the process does."""

    def __init__(self, panel, values):
        self.panel, self.values, self.asked = panel, values, []
        panel.request.connect(self.answer)

    def answer(self, request):
        self.asked.append(request)
        if isinstance(request, m.Inspect):
            value = self.values[request.output]
            index = request.index
            if index is None:
                index = (0,) * (value.ndim - 2) + (None,) * min(value.ndim, 2)
            part = value[tuple(slice(None) if k is None else k for k in index)]
            shown = part[tuple(slice(200) for _ in range(part.ndim))]
            self.panel.take(m.TensorPart(request.output, index, value.shape, value.dtype.name, shown, looked_at(part)))


@pytest.fixture(scope="module")
def look(qapp):
    install(qapp)
    return theme


@pytest.fixture
def viewer(qtbot, look, rng):
    document = GraphDocument([Card("x", "op/placeholder", {"shape": [None, 4], "dtype": "float32"})])
    panel = ViewerPanel(document, Inference(document))
    qtbot.addWidget(panel)
    values = {
        ("matrix", 0): rng.normal(size=(6, 5)).astype(np.float32), ("vector", 1): np.arange(7),
        ("scalar", 0): np.array(2.5), ("pictures", 0): rng.uniform(size=(3, 12, 10, 3)),
        ("deep", 0): np.arange(2 * 3 * 4 * 5).reshape(2, 3, 4, 5), ("empty", 0): np.zeros((0, 4)),
        ("wide", 0): np.zeros((300, 2)), ("flags", 0): np.array([[True, False]]),
        ("complex", 0): np.array([[3 + 4j]]),
    }
    panel.process = Process(panel, values)
    panel.resize(800, 300)
    panel.show()
    return panel


def show(panel, card, output=0):
    panel.show_output(card, output)
    panel.update_now()


# -------------------------------------------------------------------- parts without widgets

@pytest.mark.parametrize(("shape", "index"), [
    ((), ()), ((5,), (None,)), ((4, 5), (None, None)), ((7, 8, 9), (0, None, None)), ((28, 28, 1), (None, None, 0)),
    ((2, 28, 28, 3), (0, None, None, 0)), ((2, 3, 4, 5), (0, 0, None, None)), ((2, 2, 3), (0, None, None)),
    ((2, 2, 2, 2, 2), (0, 0, 0, None, None))])
def test_what_is_shown_first(shape, index):
    assert first_index(shape) == index


def test_colors_are_the_last_of_three_axes():
    assert has_colors((2, 8, 8, 3), (0, None, None, 0)) and has_colors((8, 8, 4), (None, None, 2))
    assert not has_colors((2, 8, 8, 3), (None, None, 0, 0)) and not has_colors((8, 8, 5), (None, None, 0))
    assert not has_colors((8, 3), (None, None))


def test_limits_and_colors():
    table = np.stack([np.arange(256)] * 3, axis=-1).astype(np.uint8)
    values = np.array([[0.0, 1.0, 2.0], [np.nan, np.inf, -1e308]])
    assert limits(np.array([np.nan])) == (0.0, 1.0)
    assert limits(np.array([3.0])) == (2.5, 3.5)
    assert limits(np.array([-1.0, 3.0]), is_symmetric=True) == (-3.0, 3.0)
    picture = colored(values, table, 0.0, 2.0, (9, 8, 7))
    assert picture[0].tolist() == [[0] * 3, [128] * 3, [255] * 3]
    assert picture[1].tolist() == [[9, 8, 7], [9, 8, 7], [0] * 3]
    assert colored(np.array([[-1.7e308, 1.7e308]]), table, -1.7e308, 1.7e308, (0, 0, 0))[0, :, 0].tolist() == [0, 255]
    assert [picture_scale(np.array(v)) for v in ([0.0, 0.5], [0, 100], [-1.0, 1.0])] == [(0, 1), (0, 255), (-1, 1)]


@pytest.mark.parametrize("shape", [(8, 8), (12, 8), (2, 100), (900, 4)])
def test_elements_are_as_high_as_wide_where_there_is_room(qtbot, shape):
    """Of a matrix that is much wider than high they are higher, of one that is much higher, wider."""
    matrix = MatrixView(is_picture=False)
    qtbot.addWidget(matrix)
    matrix.resize(300, 700)
    matrix.show_values(np.zeros(shape), "viridis")
    matrix.grab()
    room = matrix._plot.vb.boundingRect()
    if shape[1] == 8:
        assert room.height() / room.width() == pytest.approx(shape[0] / 8, rel=0.25)
    else:
        assert 100 < room.height() < 700


def test_ticks_have_as_many_places_as_they_need():
    assert [plain_tick(v, 0.5) for v in (-0.5, 0.0, 1.0)] == ["−0.5", "0.0", "1.0"]
    assert [plain_tick(v, 1000.0) for v in (0.0, 12000.0)] == ["0", "12,000"]
    assert plain_tick(-1e-9, 0.2) == "0.0" and plain_tick(2e-7, 1e-7) == "2e−7"
    assert [power_tick(v) for v in (1e-5, 2e-4, 3e-4, 0.005, 0.1, 50.0, 100.0, 2e6)] == [
        "1e−5", "2e−4", "", "0.005", "0.1", "50", "100", "2e6"]


def test_axes_have_at_most_ten_whole_numbers():
    assert [tick_step(size) for size in (1, 10, 11, 25, 60, 200, 1000)] == [1, 1, 2, 5, 10, 20, 100]


def test_text_reads_back(rng):
    values = rng.normal(size=(3, 4)).astype(np.float32)
    back = np.array([[float(v) for v in line.split("\t")] for line in as_text(values).split("\n")], np.float32)
    assert np.array_equal(back, values)
    assert as_text(np.array(3)) == "3" and as_text(np.array([True, False])) == "True\tFalse"


# -------------------------------------------------------------------- the panel

def test_before_anything_is_chosen_or_run(viewer, qtbot):
    assert "Choose an output" in viewer.pages.currentWidget().label.text()
    viewer.process.values.clear()
    viewer.request.disconnect(viewer.process.answer)
    asked = []
    viewer.request.connect(asked.append)
    show(viewer, "x")
    assert viewer.kind.text() == "float32 (?, 4)"
    qtbot.mouseClick(viewer.pages.currentWidget().button, Qt.MouseButton.LeftButton)
    assert asked == [m.Inspect(("x", 0), None), m.Run()]
    viewer.take(m.Failed("inspect", "x cannot be computed", fix="connect its inputs"))
    viewer.update_now()
    assert viewer.pages.currentWidget().label.text() == "x cannot be computed; connect its inputs"


@pytest.mark.parametrize("tab", [HEAT, TABLE, IMAGE, HISTOGRAM])
@pytest.mark.parametrize(("card", "output"), [
    ("matrix", 0), ("vector", 1), ("scalar", 0), ("pictures", 0), ("deep", 0), ("empty", 0), ("wide", 0), ("flags", 0),
    ("complex", 0)])
def test_every_way_shows_every_kind_of_tensor(viewer, card, output, tab):
    viewer.tabs.setCurrentIndex(tab)
    show(viewer, card, output)
    is_empty = card == "empty" and tab != HISTOGRAM
    assert viewer.pages.currentIndex() == (viewer.pages.indexOf(viewer._nothing) if is_empty else tab)
    assert not viewer.grab().isNull()


def test_statistics_count_what_is_no_number(viewer):
    viewer.process.values[("bad", 0)] = np.array([[1.0, np.nan], [np.inf, 3.0]])
    show(viewer, "bad")
    assert viewer.wrong.text() == "1 NaN  1 Inf" and viewer.wrong.property("role") == "error"
    assert viewer.statistics.text() == "min 1  max 3  μ 2  σ 1"
    viewer.tabs.setCurrentIndex(TABLE)
    viewer.update_now()
    model = viewer.table.values
    shown = [[model.data(model.index(r, c), Qt.ItemDataRole.ForegroundRole) for c in range(2)] for r in range(2)]
    assert shown == [[None, theme.color("error")], [theme.color("error"), None]]
    assert model.data(model.index(1, 1)) == "3"
    assert tuple(viewer.heat.picture[0, 1]) == theme.color("error").getRgb()[:3]


def test_pictures_are_asked_for_by_channel_and_shown_in_color(viewer):
    viewer.tabs.setCurrentIndex(IMAGE)
    show(viewer, "pictures")
    indexes = [r.index for r in viewer.process.asked]
    assert indexes == [None, *[(0, None, None, k) for k in range(3)]]
    wanted = np.rint(viewer.process.values["pictures", 0][0] * 255)
    assert np.array_equal(viewer.image.picture, wanted)
    viewer.slices.boxes[0].setValue(2)
    viewer.update_now()
    assert np.array_equal(viewer.image.picture, np.rint(viewer.process.values["pictures", 0][2] * 255))


def test_values_from_before_an_edit_say_so_until_it_is_undone(viewer):
    viewer.process.values["x", 0] = np.ones((2, 4), np.float32)
    show(viewer, "x")
    assert viewer.kind.text().startswith("float32 (2, 4)")
    document, card = viewer.document, viewer.document.card("x")
    document.do(commands.set_attribute(document, ["x"], "shape", [None, 7]))
    viewer.update_now()
    assert viewer.kind.text().startswith("before the edit · float32 (2, 4)")
    document.undo()
    viewer.update_now()
    assert document.card("x") == card and viewer.kind.text().startswith("float32 (2, 4)")


@pytest.mark.parametrize("kind", ["optimizer/Adam", "train"])
def test_cards_without_tensors_are_not_asked(viewer, kind):
    document = viewer.document
    document.do(commands.add_card(document, kind, 0, 0, name="other"))
    viewer.process.asked.clear()
    show(viewer, "other")
    assert not viewer.process.asked and viewer.pages.currentWidget() is viewer._none


def test_slices_keep_two_axes_whole(viewer):
    viewer.tabs.setCurrentIndex(TABLE)
    show(viewer, "deep")
    assert viewer.slices.isVisible() and viewer.slices.index == (0, 0, None, None)
    viewer.slices.boxes[1].setValue(2)
    viewer.slices.boxes[0].setValue(-1)
    viewer.update_now()
    assert viewer.slices.index == (None, 2, 0, None)
    assert np.array_equal(viewer.table.values.matrix, viewer.process.values["deep", 0][:, 2, 0, :])
    viewer.slices.boxes[3].setValue(4)
    viewer.update_now()
    assert np.array_equal(viewer.table.values.matrix, viewer.process.values["deep", 0][:, 2, 0, 4][None])
    show(viewer, "matrix")
    assert not viewer.slices.isVisible() and viewer.slices.index == (None, None)


def test_cursor_tells_place_and_value(viewer):
    show(viewer, "deep")
    assert viewer.readout.isVisible() and viewer.colors.isVisible()
    viewer.slices.boxes[0].setValue(1)
    viewer.update_now()
    viewer.heat.hovered.emit(3, 2)
    assert viewer.readout.text() == f"[1, 0, 3, 2] = {viewer.process.values['deep', 0][1, 0, 3, 2]}"
    viewer.heat.hovered.emit(-1, -1)
    assert viewer.readout.text() == ""
    show(viewer, "vector", 1)
    viewer.heat.hovered.emit(0, 6)
    assert viewer.readout.text() == "[6] = 6"


def test_copy_whole_and_selected(viewer, qtbot):
    show(viewer, "matrix")
    qtbot.mouseClick(viewer.copy_button, Qt.MouseButton.LeftButton)
    assert QtGui.QGuiApplication.clipboard().text() == as_text(viewer.process.values["matrix", 0])
    viewer.tabs.setCurrentIndex(TABLE)
    show(viewer, "deep")
    for r, c in ((0, 1), (0, 3), (2, 1)):
        index = viewer.table.values.index(r, c)
        viewer.table.selectionModel().select(index, QtCore.QItemSelectionModel.SelectionFlag.Select)
    qtbot.keyClick(viewer.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QtGui.QGuiApplication.clipboard().text() == "1\t3\n11"


def test_large_ones_say_that_they_are_cut(viewer):
    show(viewer, "wide")
    assert "first 200 × 2" in viewer.kind.text() and "(300, 2)" in viewer.kind.text()


def test_new_values_are_asked_for_at_most_twice_a_second_and_only_if_seen(viewer, qtbot):
    show(viewer, "matrix")
    count = len(viewer.process.asked)
    for _ in range(20):
        viewer.take(m.Values({("matrix", 0): looked_at(viewer.process.values["matrix", 0])}))
    assert len(viewer.process.asked) == count
    qtbot.waitUntil(lambda: len(viewer.process.asked) == count + 1)
    viewer.take(m.Values({("other", 0): looked_at(np.zeros(3))}))
    viewer.hide()
    viewer.ask()
    assert len(viewer.process.asked) == count + 1
    viewer.show()
    assert len(viewer.process.asked) == count + 2


def test_an_answer_to_an_earlier_question_changes_nothing(viewer):
    show(viewer, "matrix")
    before = viewer.kind.text()
    viewer.take(m.TensorPart(("vector", 1), (None,), (7,), "int64", np.arange(7), looked_at(np.arange(7))))
    viewer.update_now()
    assert viewer.kind.text() == before
