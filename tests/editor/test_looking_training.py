"""The training panel: what it asks for, what it keeps of runs, what it shows of them."""
from __future__ import annotations

import csv
import io
import math
import pathlib

import numpy as np
import pytest
from PySide6 import QtCore, QtWidgets

from editor.infer import Inference
from editor.model.document import Change, GraphDocument
from editor.model.files import open_document, to_text
from editor.model.items import Card, Ref, Wire
from editor.panels.amounts import byte_count, duration, number, share
from editor.panels.boundary import plane_feeds, row_outputs
from editor.panels.runs import MOST, Curve, Run, Runs, moving_mean, rises, table
from editor.panels.training import BOUNDARY, GRADIENTS, TrainingPanel
from editor.panels.viewer import ViewerPanel
from editor.run import ProcessRunner
from editor.run import messages as m
from editor.theme import install, theme

Qt = QtCore.Qt


def drawn():
    """x (two columns) -> hidden -> out; other -> doubled; both meet in sum."""
    return GraphDocument([
        Card("x", "op/placeholder", {"shape": [None, 2], "dtype": "float32"}),
        Card("other", "op/placeholder", {"shape": [None, 3], "dtype": "float32"}),
        Card("hidden", "layer/Dense", {"units": 4}), Card("out", "layer/Dense", {"units": 3}),
        Card("sum", "op/add"), Card("train", "train"),
        Wire("x", 0, "hidden", 0), Wire("hidden", 0, "out", 0), Wire("out", 0, "sum", 0), Wire("other", 0, "sum", 1),
    ])


@pytest.fixture(scope="module")
def look(qapp):
    install(qapp)
    return theme


@pytest.fixture
def panel(qtbot, look):
    document = drawn()
    panel = TrainingPanel(document, Inference(document))
    qtbot.addWidget(panel)
    panel.sent = []
    panel.request.connect(panel.sent.append)
    panel.resize(900, 300)
    panel.show()
    return panel


def preview(shape, mean=0.0, std=1.0):
    return m.Preview("float32", shape, 4 * math.prod(shape), -1.0, 1.0, mean, std, 0, 0, (), None, "")


def trained(panel, epochs=10, start=0.0):
    panel.take(m.Started("train"))
    for k in range(1, epochs + 1):
        panel.take(m.TrainingProgress(k, epochs, 5 * k, 1200.0, 0.5, 2.0, 0.01))
        panel.take(m.Metrics(start + k, {"loss": 1 / k, "accuracy": 1 - 1 / k, "test loss": 2 / k}))
    panel.update_now()


# -------------------------------------------------------------------- numbers

def test_amounts():
    assert [number(v) for v in (None, 0.0, 3.0, 12345.0, 0.000123456, -1.5, math.nan, -math.inf, 1234.5678, 2e9)] == [
        "–", "0", "3", "12,345", "0.0001235", "−1.5", "NaN", "−∞", "1,235", "2e9"]
    assert [byte_count(v) for v in (0, 999, 1000, 1_440_000, 999_999)] == ["0 B", "999 B", "1 kB", "1.44 MB", "1 MB"]
    assert [duration(v) for v in (0, 3.1e-6, 0.012, 2.5, 250, 7500, math.inf)] == [
        "0 µs", "3.1 µs", "12 ms", "2.5 s", "4 min 10 s", "2 h 5 min", "–"]
    assert [share(v) for v in (None, 0.0123, 0.5)] == ["–", "1.2%", "50%"]


def test_moving_mean_against_a_loop(rng):
    values = rng.normal(size=60)
    values[[7, 8, 30]] = math.nan, math.inf, -math.inf
    for count in (1, 2, 5, 100):
        for k, mean in enumerate(moving_mean(values, count)):
            if not math.isfinite(values[k]):
                assert np.array_equal(mean, values[k], equal_nan=True)
                continue
            window = [v for v in values[max(0, k + 1 - count):k + 1] if math.isfinite(v)]
            assert mean == pytest.approx(np.mean(window))


def test_a_curve_knows_its_extremes_and_stays_bounded():
    curve = Curve()
    for k in range(MOST + 10):
        curve.add(k, math.nan if k == 5 else abs(k - 100.0))
    assert len(curve.epochs) < MOST and (curve.epochs[0], curve.last) == (0, MOST + 9 - 100)
    assert curve.lowest == (0, 100) and curve.highest == (MOST + 9 - 100, MOST + 9)
    assert curve.at(-5) == (0, 100)
    empty = Curve()
    empty.add(1, math.nan)
    assert all(math.isnan(v) for v in empty.lowest)


def test_which_measures_rise():
    assert [rises(label) for label in ("loss", "test loss", "accuracy", "test sparse_categorical_accuracy", "r2_score",
                                       "mean_absolute_error", "AUC")] == [False, False, True, True, True, False, True]


def test_runs_begin_where_epochs_fall_and_on_demand():
    runs = Runs()
    for epoch in (1, 2, 2, 3, 1, 2):
        runs.add(m.Metrics(epoch, {"loss": 1.0}))
    runs.begin()
    runs.add(m.Metrics(5, {"loss": 1.0, "accuracy": 0.0}))
    assert [run.name for run in runs.all] == ["Run 1", "Run 2", "Run 3"]
    assert runs.all[0].curves["loss"].epochs == [1, 2, 2, 3]
    runs.remove(runs.all[2])
    runs.add(m.Metrics(6, {"loss": 1.0}))
    assert [run.name for run in runs.all] == ["Run 1", "Run 2", "Run 4"]


def test_table_of_all_runs_reads_back():
    runs = Runs()
    runs.add(m.Metrics(0.5, {"loss": 0.25}))
    runs.add(m.Metrics(1.0, {"loss": 0.125, "test loss": math.inf}))
    runs.add(m.Metrics(0.5, {"loss": 1.0}))
    runs.all[0].name = "a, \"b\""
    assert list(csv.reader(io.StringIO(table(runs.all)))) == [
        ["run", "epoch", "loss", "test loss"], ["a, \"b\"", "0.5", "0.25", ""], ["a, \"b\"", "1.0", "0.125", "inf"],
        ["Run 2", "0.5", "1.0", ""]]


@pytest.mark.parametrize(("norm", "update", "verdict"), [
    (1.0, 1e-3, "ok"), (0.0, 0.0, "zero"), (math.nan, None, "nan"), (1.0, math.nan, "nan"), (1e4, None, "exploding"),
    (1.0, 0.5, "exploding"), (1e-9, None, "vanishing"), (1.0, 1e-8, "vanishing")])
def test_verdicts_on_gradients(norm, update, verdict):
    run = Run("r", 0)
    updates = {} if update is None else {"w": update * math.sqrt(6 * (9 + 16))}
    run.add_gradients(m.Gradients({"w": norm}, {"w": preview((2, 3), mean=3.0, std=4.0)}, updates))
    state = run.gradients["w"]
    assert state.weight == pytest.approx(math.sqrt(6 * 25))
    assert state.verdict() == verdict


# -------------------------------------------------------------------- the panel

def test_without_a_train_card_it_offers_one(qtbot, look):
    document = GraphDocument()
    panel = TrainingPanel(document, Inference(document))
    qtbot.addWidget(panel)
    panel.show()
    blank = panel.pages.currentWidget()
    assert "Train card" in blank.label.text() and not panel.train_button.isEnabled()
    with qtbot.waitSignal(panel.chosen) as chosen:
        qtbot.mouseClick(blank.button, Qt.MouseButton.LeftButton)
    assert chosen.args == ["train"]
    document.do(Change("Add", {Ref("card", "t"): None}, {Ref("card", "t"): Card("t", "train")}))
    panel.update_now()
    assert panel.train_button.isEnabled() and panel.card == "t"


@pytest.mark.parametrize("epochs, said", [(308_013.9, "epoch 308,013 of 9,999,999"), (0.5, "epoch 0.5 of 9,999,999")])
def test_a_training_that_was_stopped_is_not_said_to_be_done(panel, epochs, said):
    panel.show_state("training")
    panel.take(m.TrainingProgress(epochs, 9_999_999, 2_156_093, 1200.0, 4.86, 0.0, 0.01))
    panel.show_state("idle")
    panel.update_now()
    assert panel.words.toolTip().startswith(said) and panel.words.toolTip().endswith("stopped")
    panel.show_state("training", continues=True)
    panel.take(m.TrainingProgress(9_999_999.0, 9_999_999, 70_000_000, 1200.0, 160.0, 0.0, 0.01))
    panel.show_state("idle")
    panel.update_now()
    assert panel.words.toolTip().startswith("epoch 9,999,999 of 9,999,999") and panel.words.toolTip().endswith("done")


def test_the_rate_stays_where_there_is_less_room(panel):
    panel.show_state("training")
    panel.take(m.TrainingProgress(203.0, 5_000, 860, 1200.0, 4.86, 85.2, 0.01))
    panel.words.setSizePolicy(QtWidgets.QSizePolicy.Policy.Fixed, QtWidgets.QSizePolicy.Policy.Preferred)
    panel.update_now()
    metrics = panel.words.fontMetrics()
    for less, said in ((4, "203/5,000 · 1,200 steps/s · "), (80, "203/5,000 · 1,200/s · ")):
        panel.words.setFixedWidth(metrics.horizontalAdvance(panel.words.toolTip()) - less)
        QtWidgets.QApplication.processEvents()
        assert panel.words.text().startswith(said)


def test_a_process_that_ended_is_no_news_after_the_next_run(panel):
    panel.take(m.Died("killed by signal 9"))
    panel.update_now()
    assert "signal 9" in panel.words.toolTip()
    panel.take(m.Started("run"))
    panel.update_now()
    assert "signal 9" not in panel.words.toolTip()


def test_buttons_follow_the_training(panel, qtbot):
    click = lambda button: qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    click(panel.train_button)
    assert panel.sent == [m.Train("train")]
    panel.show_state("training")
    trained(panel)
    assert not panel.train_button.isEnabled() and panel.stop_button.isEnabled()
    assert "1,200 steps/s" in panel.words.text() and "2 s left" in panel.words.text()
    click(panel.pause_button)
    panel.take(m.Finished("train", stopped=True))
    panel.show_state("paused")
    panel.update_now()
    assert panel.train_button.text() == "Continue" and "paused" in panel.words.text()
    click(panel.step_button)
    click(panel.reset_button)
    assert panel.sent[1:] == [m.Pause(), m.Step("train"), m.Train("train", fresh=True)]
    panel.show_state("training", continues=True)
    trained(panel, start=10.0)
    assert [run.name for run in panel.runs.all] == ["Run 1"], "it goes on"
    panel.show_state("idle")
    assert panel.train_button.text() == "Train" and not panel.reset_button.isEnabled()
    panel.show_state("training")
    trained(panel)
    assert [run.name for run in panel.runs.all] == ["Run 1", "Run 2"]
    panel.take(m.Failed("train", "the loss is NaN in step 3"))
    panel.show_state("idle")
    panel.update_now()
    assert panel.words.text() == "the loss is NaN in step 3" and panel.train_button.isEnabled()


def test_learning_rate_is_sent_while_it_trains_and_not_by_itself(panel, qtbot):
    assert not panel.rate.isEnabled()
    trained(panel)
    assert panel.rate.text() == "0.01" and panel.sent == []
    panel.rate.lineEdit().selectAll()
    qtbot.keyClicks(panel.rate, "2.5e-4")
    trained(panel)                                  # what is being typed stays
    qtbot.keyClick(panel.rate, Qt.Key.Key_Return)
    assert panel.sent == [m.SetLearningRate(2.5e-4)]
    qtbot.keyClick(panel.rate, Qt.Key.Key_Up)
    assert panel.sent[1].value == pytest.approx(2.5e-4 * 10 ** 0.25)


def test_curves_hair_and_table(panel, qtbot):
    trained(panel)
    panel.take(m.Finished("train"))
    assert list(panel.curves.plots) == ["loss", "accuracy"]
    panel.curves.show_at(4.2)
    text = panel.curves.values_at("loss", 4.2)
    assert "0.25" in text and "0.5" in text and "accuracy" not in text
    item = panel.tree.topLevelItem(0)
    rows = {item.child(k).text(0): (item.child(k).text(1), item.child(k).text(2)) for k in range(item.childCount())}
    assert rows == {"loss": ("0.1", "↓ 0.1"), "accuracy": ("0.9", "↑ 0.9"), "test loss": ("0.2", "↓ 0.2")}
    panel.log.setChecked(True)
    panel.smoothing.setValue(5)
    panel.update_now()
    assert [bool(p.getAxis("left").logMode) for p in panel.curves.plots.values()] == [True, False]


def test_runs_can_be_named_hidden_and_removed(panel, qtbot, tmp_path):
    trained(panel)
    panel.take(m.Finished("train"))
    panel.show_state("training")
    trained(panel)
    first = panel.tree.topLevelItem(0)
    first.setText(0, "wide")
    first.setCheckState(0, Qt.CheckState.Unchecked)
    panel.update_now()
    assert [run.name for run in panel.runs.all] == ["wide", "Run 2"]
    assert {key[0] for key in panel.curves._lines} == {1}
    panel.export(str(tmp_path / "curves.csv"))
    assert (tmp_path / "curves.csv").read_text().startswith("run,epoch,loss,accuracy,test loss\nwide,1.0,1.0,0.0,2.0\n")
    panel.tree.setCurrentItem(first)
    panel.tree.actions()[1].trigger()
    panel.update_now()
    assert [run.name for run in panel.runs.all] == ["Run 2"] and panel.tree.topLevelItemCount() == 1
    panel.export(str(tmp_path))
    panel.update_now()
    assert panel.words.property("role") == "error"


def test_gradients_are_listed_judged_and_lead_to_their_cards(panel, qtbot):
    trained(panel)
    panel.take(m.Gradients({"hidden": 0.5, "out": 0.0}, {"hidden": preview((2, 4)), "out": preview((4, 3))},
                           {"hidden": 1e-3}))
    panel.tabs.setCurrentIndex(GRADIENTS)
    cells = [[panel.gradients.table.item(r, c).text() for c in range(5)] for r in range(2)]
    assert cells == [["hidden", "0.5", "2.83", "0.00035", "ok"], ["out", "0", "3.46", "–", "zero"]]
    panel.ratio.setChecked(True)
    panel.update_now()
    with qtbot.waitSignal(panel.jump) as jump:
        panel.gradients.table.cellClicked.emit(1, 0)
    assert jump.args == ["out"]


def test_gradients_that_are_all_zero_are_a_warning_and_their_plot_has_no_numbers_at_its_axes(panel):
    trained(panel)
    panel.tabs.setCurrentIndex(GRADIENTS)
    for norm, has_values in ((0.0, False), (0.5, True)):
        panel.take(m.Gradients({"hidden": norm, "out": 0.0}, {}))
        panel.update_now()
        panel.grab()
        assert panel.tabs.tabIcon(GRADIENTS).isNull() == has_values
        assert ("nothing is learnt" in panel.tabs.tabToolTip(GRADIENTS)) == (not has_values)
        plot = panel.gradients._plot
        assert [plot.getAxis(side).style["showValues"] for side in ("left", "bottom")] == [has_values] * 2
        assert ("nothing is learnt" in plot.titleLabel.text) == (not has_values)


def test_curves_without_numbers_do_no_harm(panel):
    panel.take(m.Metrics(1, {"loss": math.nan}))
    panel.update_now()
    panel.log.setChecked(True)
    for value in (math.inf, -1.0, 0.0, math.nan, 2.0):
        panel.take(m.Metrics(2, {"loss": value}))
        panel.update_now()
        panel.grab()
    assert panel.tree.topLevelItem(0).child(0).text(1) == "2"


def test_boundary_finds_what_depends_on_two_columns_alone(panel):
    assert list(plane_feeds(panel.document, panel.inference)) == ["x"]
    assert row_outputs(panel.document, panel.inference, "x") == [("hidden", 0), ("out", 0)]


@pytest.mark.parametrize("grid", [np.arange(64 * 64).reshape(64, 64) // 2000, np.linspace(0, 1, 4096).reshape(64, 64)],
                         ids=["classes", "values"])
def test_boundary_asks_for_the_range_of_the_data_and_draws(panel, rng, grid):
    panel.tabs.setCurrentIndex(BOUNDARY)
    assert [(r.feed, r.output) for r in panel.sent] == [("x", ("out", 0))]
    points = rng.uniform([-3, 10], [5, 20], size=(50, 2))
    asked = panel.sent[0]
    panel.take(m.BoundaryValues(("out", 0), grid, asked.low, asked.high, points, rng.integers(0, 3, 50)))
    again = panel.sent[-1]
    assert len(panel.sent) == 2 and again.low < tuple(points.min(axis=0)) and again.high > tuple(points.max(axis=0))
    panel.take(m.BoundaryValues(("out", 0), grid, again.low, again.high, points, None))
    assert len(panel.sent) == 2
    trained(panel, epochs=5)
    assert len(panel.sent) == 2                     # within half a second of the last question
    panel.take(m.Finished("train"))
    assert len(panel.sent) == 3


def test_a_model_without_two_columns_gets_a_sentence(qtbot, look):
    document = GraphDocument([Card("train", "train")])
    panel = TrainingPanel(document, Inference(document))
    qtbot.addWidget(panel)
    panel.show()
    panel.tabs.setCurrentIndex(BOUNDARY)
    assert any("two columns" in label.text() and label.isVisible() for label in panel.findChildren(QtWidgets.QLabel))


def test_a_switch_of_the_theme_reaches_the_plots(panel, qtbot):
    trained(panel)
    try:
        theme.set("light")
        panel.update_now()
        assert panel.grab().toImage().pixelColor(20, 200) == theme.color("panel")
    finally:
        theme.set("dark")


def test_nothing_is_drawn_while_it_is_hidden(panel):
    panel.hide()
    for k in range(50):
        panel.take(m.Metrics(k, {"loss": 1.0}))
    assert panel.curves.plots == {}
    panel.show()
    assert list(panel.curves.plots) == ["loss"]


def test_a_real_training_fills_every_view(qtbot, look):
    samples = pathlib.Path(__file__).resolve().parents[2] / "samples"
    document = open_document(samples / "xor.graph.json")
    inference = Inference(document)
    panel, viewer = TrainingPanel(document, inference), ViewerPanel(document, inference)
    runner, replies = ProcessRunner(), []
    for part in (panel, viewer):
        qtbot.addWidget(part)
        part.show()
        part.request.connect(runner.send)
        runner.received.connect(part.take)
    runner.received.connect(replies.append)
    try:
        runner.start()
        runner.send(m.Load(to_text(document), document.arrays, str(samples), 1))
        panel.tabs.setCurrentIndex(BOUNDARY)
        panel.train()
        qtbot.waitUntil(lambda: any(isinstance(r, m.Finished) for r in replies))
        assert not [r for r in replies if isinstance(r, m.Failed | m.Died)]
        qtbot.waitUntil(lambda: panel.boundary.values is not None)
        panel.update_now()
        assert "done" in panel.words.toolTip()
        assert panel.runs.latest.curves["loss"].last < 0.1 and panel.runs.latest.gradients
        viewer.show_output(panel.boundary.chosen[0], 0)
        qtbot.waitUntil(lambda: len(viewer.parts) == 1)
    finally:
        runner.close()


def test_the_state_of_a_training_is_told_in_as_many_words_as_there_is_room(panel):
    trained(panel)
    panel.show_state("paused")
    panel.words.setSizePolicy(QtWidgets.QSizePolicy.Policy.Fixed, QtWidgets.QSizePolicy.Policy.Preferred)
    seen = []
    for width in (600, 260, 140, 60, 20):
        panel.words.setFixedWidth(width)
        panel.update_now()
        QtWidgets.QApplication.processEvents()
        seen.append(panel.words.text())
        assert panel.words.fontMetrics().horizontalAdvance(seen[-1]) <= width
        assert panel.words.toolTip() == seen[0]
    assert seen[0].count("·") == 3 and seen[1] == "epoch 10 of 10 · paused" and seen[2] == "10/10 · paused"
    assert seen[3] == "10/10"
