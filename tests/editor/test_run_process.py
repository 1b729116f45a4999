"""Graphs in the process that runs them: run, train, stop, and what happens when it is killed."""
from __future__ import annotations

import dataclasses
import operator
import os
import pathlib
import signal
import sys
import time

import numpy as np
import pytest

import graphengine as ge
from editor import commands
from editor.model.document import Change, GraphDocument
from editor.model.files import from_text, open_document, to_text
from editor.model.items import Card, Ref, Setting, Wire
from editor.run import ProcessRunner
from editor.run import messages as m
from editor.run.inbox import Inbox, Stopped
from editor.run.service import Service

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
LONG_MS = 60_000


class Talk:
    """A process and everything that it has said."""

    def __init__(self, qtbot, runner):
        self.qtbot, self.runner, self.said, self.serial = qtbot, runner, [], 0
        runner.received.connect(self.said.append)

    def send(self, request):
        self.runner.send(request)

    def wait(self, kind, when=lambda reply: True, timeout=LONG_MS):
        """The next reply of a kind, from now on, that has not been waited for."""
        def found():
            return next((k for k, r in enumerate(self.said) if isinstance(r, kind) and when(r)), None)

        try:
            self.qtbot.waitUntil(lambda: found() is not None, timeout=timeout)
        except self.qtbot.TimeoutError:
            raise AssertionError(f"no {kind.__name__} in {[str(r)[:200] for r in self.said[-20:]]}") from None
        k = found()
        reply, self.said[: k + 1] = self.said[k], []
        return reply

    def load(self, document, folder=SAMPLES, anew=False):
        self.serial += 1
        self.send(m.Load(to_text(document), document.arrays, str(folder), self.serial, anew))
        return self.wait(m.Loaded, lambda r: r.serial == self.serial)

    def finish(self, request, timeout=LONG_MS):
        """Everything that is said until a request is done."""
        start = len(self.said)
        self.send(request)
        self.qtbot.waitUntil(lambda: any(isinstance(r, m.Finished) for r in self.said[start:]), timeout=timeout)
        found, self.said[:] = self.said[start:], []
        return found


def of(replies, kind):
    return [r for r in replies if isinstance(r, kind)]


@pytest.fixture
def talk(qtbot):
    runner = ProcessRunner()
    runner.start()
    yield Talk(qtbot, runner)
    runner.close()
    assert not runner.alive


@pytest.fixture
def iris(talk):
    document = open_document(SAMPLES / "iris.graph.json")
    talk.load(document)
    return document


def drawn(*items):
    return GraphDocument(items)


def put(document, *items):
    document.do(Change("put", {item.ref: document.items.get(item.ref) for item in items},
                       {item.ref: item for item in items}))


def changed(document, card, **attributes):
    old = document.card(card)
    new = dataclasses.replace(old, attributes={**old.attributes, **attributes})
    document.do(Change("edit", {old.ref: old}, {new.ref: new}))


# -------------------------------------------------------------------- running

def test_it_says_that_it_is_up(talk):
    ready = talk.wait(m.Ready)
    assert ready.pid == talk.runner.pid != os.getpid() and "thread" in ready.machine


def test_every_sample_runs(talk):
    for path in sorted(SAMPLES.glob("*.graph.json")):
        document = open_document(path)
        loaded = talk.load(document, anew=True)
        replies = talk.finish(m.Run())
        assert not of(replies, m.Failed), path
        (values,) = of(replies, m.Values)
        assert loaded.parameters >= 0
        with_results = {c.id for c in document.cards if c.kind.split("/")[0] in ("op", "layer", "loss", "metric")
                        and c.kind != "op/no_op"}
        assert {card for card, _ in values.previews} == with_results, path
        assert all(p.nans == 0 for p in values.previews.values()), path


def test_previews_are_those_of_the_values(talk, iris):
    (values,) = of(talk.finish(m.Run()), m.Values)
    shown = values.previews["x", 0]
    talk.send(m.Inspect(("x", 0)))
    part = talk.wait(m.TensorPart)
    assert shown.shape == part.whole == part.values.shape == (15, 4)
    assert shown.mean == pytest.approx(part.values.mean()) and shown.std == pytest.approx(part.values.std())


def test_one_card_that_fails_does_not_hide_the_others(talk):
    document = drawn(
        Card("a", "op/placeholder", {"shape": [None]}), Card("b", "op/placeholder", {"shape": [None]}),
        Card("sum", "op/add"), Card("twice", "op/add"), Card("after", "op/exp"),
        Wire("a", 0, "sum", 0), Wire("b", 0, "sum", 1), Wire("a", 0, "twice", 0), Wire("a", 0, "twice", 1),
        Wire("sum", 0, "after", 0))
    talk.load(document)
    replies = talk.finish(m.Run({"a": np.ones(3, np.float32), "b": np.ones(4, np.float32)}))
    (values,) = of(replies, m.Values)
    assert {card for card, _ in values.previews} == {"a", "b", "twice"}
    assert [f.card for f in of(replies, m.Failed)] == ["sum"]


def test_feeds_of_the_request_come_first(talk):
    talk.load(drawn(Card("x", "op/placeholder", {"shape": []}), Card("y", "op/negative"), Wire("x", 0, "y", 0)))
    (values,) = of(talk.finish(m.Run({"x": 4.5})), m.Values)
    assert values.previews["y", 0].mean == -4.5


def test_a_broken_text_and_a_hostile_graph_are_failures(talk, iris):
    talk.send(m.Load("{", {}, str(SAMPLES), 7))
    assert talk.wait(m.Failed).what == "load"
    talk.send(m.Run())
    assert "no graph" in talk.wait(m.Failed).text
    big = drawn(Card("a", "op/fill", {}), Card("b", "op/no_such_op"), Card("c", "op/eye", {"rows": 10**9}))
    talk.load(big)
    talk.send(m.Run())
    talk.wait(m.Finished)
    pid = talk.runner.pid
    talk.load(iris)
    assert len(of(talk.finish(m.Run()), m.Values)) == 1 and talk.runner.pid == pid


def test_what_feeds_a_placeholder_is_what_it_holds_without_a_training_too(talk, tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n3,4\n5,6\n")
    document = drawn(
        Card("x", "op/placeholder", {"dtype": "float32", "shape": [None]}),
        Card("half", "op/const", {"value": {"dtype": "float32", "shape": [], "values": [0.5]}}),
        Card("y", "op/multiply"), Card("rows", "data/csv", {"file": "rows.csv", "feeds": {"a": "a", "b": "b"}}),
        Wire("rows", 1, "x", 0), Wire("x", 0, "y", 0), Wire("half", 0, "y", 1))
    talk.load(document, tmp_path)
    replies = talk.finish(m.Run())
    assert not of(replies, m.Failed)
    previews = of(replies, m.Values)[0].previews
    assert (previews["x", 0].minimum, previews["x", 0].maximum, previews["x", 0].shape) == (2, 6, (3,))
    assert (previews["y", 0].minimum, previews["y", 0].maximum) == (1, 3)
    changed(document, "rows", file="")
    talk.load(document, tmp_path)
    (failed,) = of(talk.finish(m.Run()), m.Failed)
    assert "rows names no file" in failed.text and failed.card == "rows"


def test_missing_data_are_said_on_their_card_and_the_rest_runs(talk, iris, tmp_path):
    talk.load(iris, tmp_path)
    replies = talk.finish(m.Run())
    (failed,) = of(replies, m.Failed)
    assert "iris.csv" in failed.text + failed.traceback and failed.card is not None
    assert iris.card(failed.card).kind == "data/csv" and len(of(replies, m.Values)) == 1
    talk.send(m.Train("train"))
    assert talk.wait(m.Failed).card == failed.card


def test_data_are_read_again_when_their_file_has_changed(talk, iris, tmp_path):
    """Edited, gone and back: each run and each training takes what the file holds then."""
    file = tmp_path / "data" / "iris.csv"
    file.parent.mkdir()
    whole = (SAMPLES / "data" / "iris.csv").read_text()
    head, *rows = whole.splitlines(keepends=True)
    file.write_text(whole)
    x = next(card.id for card in iris.cards if card.kind == "op/placeholder")

    def first(replies):
        return of(replies, m.Values)[-1].previews[x, 0].shape[0]

    changed(iris, "train", batch_size=150)
    talk.load(iris, tmp_path)
    assert first(talk.finish(m.Run())) == 105           # train_rows of the sample
    talk.finish(m.Step("train"))
    changed(iris, next(c.id for c in iris.cards if c.kind == "data/csv"), train_rows=20)
    talk.load(iris, tmp_path)
    assert first(talk.finish(m.Run())) == 20
    file.write_text("".join([head, *rows[:30]]))
    assert not of(talk.finish(m.Step("train")), m.Failed)
    file.unlink()
    for _ in range(2):                                  # it is said each time, not once
        assert "iris.csv" in of(talk.finish(m.Run()), m.Failed)[0].text
    file.write_text("".join([head, *rows[:10]]))
    assert "train_rows" in of(talk.finish(m.Run()), m.Failed)[0].text
    talk.send(m.Train("train"))
    assert "train_rows" in talk.wait(m.Failed).text
    file.write_text(whole)
    assert not of(replies := talk.finish(m.Run()), m.Failed) and first(replies) == 20
    assert not of(talk.finish(m.Step("train")), m.Failed)


class Broken:
    """Pickles, but cannot be read back."""

    def __reduce__(self):
        return operator.truediv, (1, 0)


def test_a_request_that_cannot_be_read_is_answered(talk, iris):
    talk.send(Broken())
    failed = talk.wait(m.Failed)
    assert failed.what == "unreadable" and "ZeroDivisionError" in failed.text
    endless(iris)
    talk.load(iris)
    talk.send(m.Train("train"))
    talk.wait(m.TrainingProgress)
    talk.send(Broken())                                 # also while it trains, and that goes on
    talk.wait(m.Failed)
    talk.wait(m.TrainingProgress)


# -------------------------------------------------------------------- training

def test_iris_learns(talk, iris):
    replies = talk.finish(m.Train("train"))
    curve = of(replies, m.Metrics)
    assert [p.epoch for p in curve] == sorted(p.epoch for p in curve) and curve[-1].epoch == pytest.approx(1000, abs=1)
    assert curve[-1].values["test accuracy"] >= 0.95 and curve[-1].values["accuracy"] >= 0.97
    assert curve[-1].values["loss"] < 0.06      # it begins at 1.3, and the first report may come late
    last = of(replies, m.TrainingProgress)[-1]
    assert last.epochs == last.of == 1000 and last.rate > 0 and last.learning_rate == pytest.approx(0.1)
    gradients = of(replies, m.Gradients)[-1]
    assert set(gradients.norms) == set(gradients.weights) == {"hidden/w", "hidden/b", "output/w", "output/b"}
    assert len(of(replies, m.Values)) >= 1
    (values,) = of(talk.finish(m.Run()), m.Values)      # with the weights that it has learned
    assert values.previews["accuracy", 0].mean > 0.9


def test_a_step_is_one_step_and_training_goes_on(talk, iris):
    replies = talk.finish(m.Step("train"))
    first = of(replies, m.TrainingProgress)[-1]
    updates = of(replies, m.Gradients)[-1].updates
    assert set(updates) == {"hidden/w", "hidden/b", "output/w", "output/b"} and min(updates.values()) > 0
    second = of(talk.finish(m.Step("train")), m.TrainingProgress)[-1]
    assert (first.steps, second.steps) == (1, 2)


def endless(document):
    changed(document, "train", epochs=2**31 - 1)


def test_stop_and_pause_within_half_a_second_and_on_it_goes(talk, iris):
    endless(iris)
    talk.load(iris)
    talk.send(m.Train("train"))
    talk.wait(m.TrainingProgress, lambda p: p.steps > 20_000)
    pid = talk.runner.pid
    for request in (m.Pause(), m.Stop()):
        begin = time.perf_counter()
        talk.send(request)
        assert talk.wait(m.Finished, timeout=2_000).stopped
        assert time.perf_counter() - begin < 1.0        # half a second, on a machine that others use, too

        talk.send(m.Train("train"))
        steps = talk.wait(m.TrainingProgress).steps
        assert steps > 20_000
    assert talk.runner.pid == pid


def test_the_learning_rate_changes_while_it_trains(talk, iris):
    endless(iris)
    talk.load(iris)
    talk.send(m.Train("train"))
    talk.wait(m.TrainingProgress)
    talk.send(m.SetLearningRate(0.001))
    talk.wait(m.TrainingProgress, lambda p: p.learning_rate == pytest.approx(0.001))
    talk.send(m.GetWeights())
    assert set(talk.wait(m.Weights).values) == {"hidden/w", "hidden/b", "output/w", "output/b"}


def test_an_edit_keeps_what_was_learned_and_a_new_start_does_not(talk, iris):
    talk.finish(m.Train("train"))
    talk.send(m.GetWeights())
    learned = talk.wait(m.Weights).values
    changed(iris, "train", batch_size=30)
    talk.load(iris)
    talk.send(m.GetWeights())
    np.testing.assert_equal(talk.wait(m.Weights).values, learned)
    assert of(talk.finish(m.Step("train")), m.Metrics)[0].epoch > 1000      # the curves go on
    talk.load(iris, anew=True)
    talk.send(m.GetWeights())
    assert not np.array_equal(talk.wait(m.Weights).values["hidden/w"], learned["hidden/w"])


def layers():
    """Irises through layers that behave otherwise while they learn."""
    return drawn(
        Card("iris", "data/iris", {"train_rows": 96, "scale": {"x": "standard"}}),
        Card("x", "op/placeholder", {"shape": [None, 4]}),
        Card("label", "op/placeholder", {"dtype": "int64", "shape": [None]}),
        Card("hidden", "layer/Dense", {"units": 16, "activation": "tanh"}), Card("norm", "layer/BatchNormalization"),
        Card("drop", "layer/Dropout", {"rate": 0.2}), Card("out", "layer/Dense", {"units": 3}),
        Card("loss", "loss/SparseCategoricalCrossentropy", {"from_logits": True}),
        Card("right", "metric/sparse_categorical_accuracy"), Card("adam", "optimizer/Adam", {"learning_rate": 0.01}),
        Card("train", "train", {"epochs": 200}),
        *(Wire(a, k, b, n) for a, k, b, n in (
            ("iris", 0, "x", 0), ("iris", 1, "label", 0), ("x", 0, "hidden", 0), ("hidden", 0, "norm", 0),
            ("norm", 0, "drop", 0), ("drop", 0, "out", 0), ("label", 0, "loss", 0), ("out", 0, "loss", 1),
            ("loss", 0, "train", 0), ("adam", 0, "train", 1), ("label", 0, "right", 0), ("out", 0, "right", 1),
            ("right", 0, "train", 2))))


def test_layers_learn_and_what_they_keep_goes_with_them(talk):
    talk.load(layers())
    replies = talk.finish(m.Train("train"))
    curve = of(replies, m.Metrics)
    assert curve[-1].values["right"] > 0.9 and curve[-1].values["test right"] > 0.85
    assert set(of(replies, m.Gradients)[-1].norms) == {"hidden", "norm", "out"}
    talk.send(m.GetWeights())
    weights = talk.wait(m.Weights).values
    assert abs(weights["norm/moving_mean"]).max() > 0.1
    (found,) = of(talk.finish(m.Compile("train")), m.Compiled)
    assert {card for k in found.kernels for card in k.cards} >= {"hidden", "norm", "drop", "out", "loss"}
    talk.finish(m.Train("train", fresh=True))
    talk.send(m.GetWeights())
    assert not np.array_equal(talk.wait(m.Weights).values["norm/moving_mean"], weights["norm/moving_mean"])


def weights(talk):
    talk.send(m.GetWeights())
    return talk.wait(m.Weights).values


def test_what_was_learnt_stays_until_the_model_is_edited(talk):
    document = layers()
    talk.load(document)
    first = weights(talk)["hidden/kernel"]
    talk.finish(m.Train("train"))
    learnt = weights(talk)["hidden/kernel"]
    assert not np.array_equal(learnt, first)
    put(document, Card("show", "op/softmax"), Wire("out", 0, "show", 0))        # behind what was learnt
    changed(document, "adam", learning_rate=0.5)
    loaded = talk.load(document)
    assert not loaded.forgot and np.array_equal(weights(talk)["hidden/kernel"], learnt)
    changed(document, "drop", rate=0.25)                                        # before the last layer
    loaded = talk.load(document)
    assert loaded.forgot and np.array_equal(weights(talk)["hidden/kernel"], first)
    assert not talk.load(document, anew=True).forgot
    (progress, *_) = of(talk.finish(m.Step("train")), m.TrainingProgress)
    assert progress.steps == 1
    put(document, Setting("seed", 5))
    assert talk.load(document).forgot and not np.array_equal(weights(talk)["hidden/kernel"], first)


def test_what_was_learnt_outlasts_texts_that_cannot_be_read(talk):
    document = layers()
    talk.load(document)
    first = weights(talk)["hidden/kernel"]

    def fail(text, anew=False):
        talk.send(m.Load(text, {}, str(SAMPLES), 99, anew))
        assert talk.wait(m.Failed).what == "load"

    talk.finish(m.Train("train"))
    learnt = weights(talk)["hidden/kernel"]
    fail("{")
    fail("[]")
    assert not talk.load(document).forgot and np.array_equal(weights(talk)["hidden/kernel"], learnt)
    fail("{")
    changed(document, "drop", rate=0.25)    # another model, which is said
    assert talk.load(document).forgot and np.array_equal(weights(talk)["hidden/kernel"], first)
    talk.finish(m.Train("train"))
    fail("{", anew=True)
    assert not talk.load(document).forgot and np.array_equal(weights(talk)["hidden/kernel"], first)


def test_a_fresh_training_begins_with_the_values_of_the_document(talk):
    """Also with those that were kept in it."""
    document = layers()
    talk.load(document)
    talk.finish(m.Train("train"))
    kept = weights(talk)
    document.do(commands.keep_weights(document, kept))
    talk.load(document)
    talk.finish(m.Train("train", fresh=True))
    assert not np.array_equal(weights(talk)["out/kernel"], kept["out/kernel"])
    talk.finish(m.Step("train", fresh=True))
    (progress, *_) = of(talk.finish(m.Step("train")), m.TrainingProgress)
    assert progress.steps == 2
    talk.load(document, anew=True)
    assert all(np.array_equal(value, kept[name]) for name, value in weights(talk).items())


def test_a_short_training_has_a_curve_of_single_steps(talk, iris):
    changed(iris, "train", epochs=10, batch_size=None)
    talk.load(iris)
    losses = [p.values["loss"] for p in of(talk.finish(m.Train("train")), m.Metrics) if "loss" in p.values]
    assert len(losses) >= 10 and losses[0] > losses[-1]


def test_moving_a_card_does_not_end_a_training(talk, iris):
    endless(iris)
    talk.load(iris)
    talk.send(m.Train("train"))
    before = talk.wait(m.TrainingProgress).steps
    old = iris.card("loss")
    iris.do(Change("move", {old.ref: old}, {old.ref: dataclasses.replace(old, x=500.0)}))
    talk.load(iris)
    assert talk.wait(m.TrainingProgress).steps > before
    changed(iris, "train", batch_size=30)
    talk.send(m.Load(to_text(iris), {}, str(SAMPLES), 99))
    assert talk.wait(m.Finished).stopped
    talk.wait(m.Loaded, lambda r: r.serial == 99)


def test_nan_names_the_step_and_the_first_bad_card(talk):
    document = drawn(
        Card("noise", "data/random", {"shape": [64, 2]}), Card("x", "op/placeholder", {"shape": [None, 2]}),
        Card("start", "op/const", {"value": {"dtype": "float32", "shape": [2], "values": [1.0, 1.0]}}),
        Card("w", "op/variable"), Card("scaled", "op/multiply"), Card("root", "op/sqrt"), Card("loss", "op/reduce_sum"),
        Card("sgd", "optimizer/SGD", {"learning_rate": 10.0}), Card("train", "train", {"batch_size": 8}),
        Wire("noise", 0, "x", 0), Wire("start", 0, "w", 0), Wire("x", 0, "scaled", 0), Wire("w", 0, "scaled", 1),
        Wire("scaled", 0, "root", 0), Wire("root", 0, "loss", 0), Wire("loss", 0, "train", 0),
        Wire("sgd", 0, "train", 1))
    talk.load(document)
    replies = talk.finish(m.Train("train"))
    (failed,) = of(replies, m.Failed)
    assert failed.card == "root" and "NaN in step 1," in failed.text and failed.fix
    talk.send(m.GetWeights())
    assert np.isfinite(talk.wait(m.Weights).values["w"]).all()      # as before the bad step


# -------------------------------------------------------------------- ends

@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_is_killed_is_replaced(talk, iris):
    endless(iris)
    talk.load(iris)
    talk.send(m.Train("train"))
    talk.wait(m.TrainingProgress, lambda p: p.steps > 1000)
    pid = talk.runner.pid
    os.kill(pid, signal.SIGKILL)
    died = talk.wait(m.Died)
    assert "train" in died.text and "signal 9" in died.text
    talk.wait(m.Loaded)
    assert talk.runner.pid != pid
    assert len(of(talk.finish(m.Run()), m.Values)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_graph_that_cannot_be_loaded_is_not_loaded_for_ever(talk, iris):
    talk.finish(m.Run())
    runner = talk.runner
    runner.restart(reload=False)
    talk.wait(m.Ready)
    os.kill(runner.pid, signal.SIGSTOP)     # so that it dies with the graph, but before it has said that it is there
    runner.send(m.Load(to_text(iris), {}, str(SAMPLES), 50))
    os.kill(runner.pid, signal.SIGKILL)
    talk.wait(m.Died)
    talk.wait(m.Ready)
    assert not [r for r in talk.said if isinstance(r, m.Loaded)]
    replies = talk.finish(m.Run())          # but with the next request
    assert of(replies, m.Loaded) and of(replies, m.Values)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_what_was_learned_outlives_the_process(talk, iris):
    talk.finish(m.Train("train"))
    talk.send(m.GetWeights())
    learned = talk.wait(m.Weights).values
    os.kill(talk.runner.pid, signal.SIGKILL)
    talk.wait(m.Loaded)
    talk.send(m.GetWeights())
    np.testing.assert_equal(talk.wait(m.Weights).values, learned)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_process_that_does_not_answer_is_replaced(talk, iris):
    talk.send(m.Run())
    talk.wait(m.Finished)
    pid = talk.runner.pid
    os.kill(pid, signal.SIGSTOP)
    talk.send(m.Stop())
    assert talk.wait(m.Finished, timeout=5_000).stopped
    assert "first values" in talk.wait(m.Died).text
    talk.wait(m.Loaded)
    assert talk.runner.pid != pid


class Line:
    """What a service hears, without a process: nobody stops it but the test."""

    wants_stop = is_interruptible = False
    front = None

    def take_now(self, *kinds):
        return None

    def stopped(self):
        self.wants_stop = False

    interruptible = Inbox.interruptible


def test_a_look_that_is_broken_off_leaves_the_training(monkeypatch):
    line, said = Line(), []
    service = Service(line, said.append)
    document = layers()
    endless(document)                       # else it may end before somebody looks
    service.load(m.Load(to_text(document), {}, str(SAMPLES), 1))
    first = service.graph.values()["hidden/kernel"]
    kept = []

    def look(graph, feeds):
        assert line.is_interruptible
        kept.append(bool(of(said, m.Kept)))
        line.wants_stop = True
        raise Stopped

    monkeypatch.setattr(service, "compute", look)
    service.train(m.Train("train"))
    assert of(said, m.Finished)[0].stopped
    assert kept and all(kept) and service.trainer.passed[1] > 0
    assert not np.array_equal(service.graph.values()["hidden/kernel"], first)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_endless_loop_is_broken_off(talk, tmp_path):
    with ge.Graph().as_default() as graph:
        x = ge.placeholder(ge.float32, [], name="x")
        ge.while_loop(lambda k: k >= 0.0, lambda k: [ge.sin(k) * 0.0 + x * x], [x], name="forever")
    graph.save(tmp_path / "forever.graph.json")
    talk.load(open_document(tmp_path / "forever.graph.json"))
    talk.send(m.Run())
    talk.wait(m.Started)
    time.sleep(0.5)
    talk.send(m.Stop())
    assert talk.wait(m.Finished, timeout=5_000).stopped
    talk.load(layers(), anew=True)
    assert len(of(talk.finish(m.Run()), m.Values)) == 1


def test_the_process_ends_with_the_one_that_started_it(tmp_path):
    import subprocess

    program = tmp_path / "parent.py"
    program.write_text(
        "import sys, time\n"
        "from PySide6 import QtCore\n"
        "from editor.run import ProcessRunner\n"
        "if __name__ == '__main__':\n"
        "    app = QtCore.QCoreApplication([])\n"
        "    runner = ProcessRunner()\n"
        "    runner.start()\n"
        "    print(runner.pid, flush=True)\n"
        "    time.sleep(60)\n")
    root = pathlib.Path(__file__).resolve().parents[2]
    parent = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True, cwd=root,
                              env={**os.environ, "PYTHONPATH": str(root)})
    pid = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    for _ in range(300):
        if not is_alive(pid):
            return
        time.sleep(0.05)
    raise AssertionError("it still runs")


def is_alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_process_has_no_qt(talk, iris):
    with open(f"/proc/{talk.runner.pid}/maps") as file:
        assert "QtCore" not in file.read()


def test_texts_go_there_and_back(iris):
    again = from_text(to_text(iris))
    assert again.items[Ref("card", "train")] == iris.card("train")


# -------------------------------------------------------------------- the compiler, and other questions

@pytest.mark.parametrize("training", [None, "train"])
def test_the_compiler_and_the_profile_answer(talk, iris, training):
    replies = talk.finish(m.Compile(training))
    (found,) = of(replies, m.Compiled)
    assert {stage.name for stage in found.stages} >= {"as drawn", "fused"} and found.kernels
    replies = talk.finish(m.MeasureProfile(training))
    (times,) = of(replies, m.ProfileResult)
    assert {row.kernel for row in times.rows} <= {k.name for k in found.kernels} and times.cards


def test_boundary_of_two_columns(talk):
    talk.load(open_document(SAMPLES / "xor.graph.json"))
    talk.finish(m.Train("train"))
    talk.send(m.Boundary("x", ("probability", 0), (0.0, 0.0), (1.0, 1.0), 11))
    found = talk.wait(m.BoundaryValues)
    assert found.grid.shape == (11, 11) and found.points.shape == (4, 2) and found.labels.tolist() == [0, 1, 1, 0]
    assert found.grid[0, 0] < 0.5 < found.grid[0, -1] and found.grid[-1, -1] < 0.5 < found.grid[-1, 0]


def test_parts_of_results(talk, iris):
    talk.finish(m.Run())
    talk.send(m.Inspect(("x", 0), (2, None)))
    assert talk.wait(m.TensorPart).values.shape == (4,)
    talk.send(m.Inspect(("x", 0), (15, None)))
    assert "outside" in talk.wait(m.Failed).text
    talk.send(m.Inspect(("nothing", 0)))
    assert talk.wait(m.Failed).what == "inspect"
