"""Training in the process: what is learned, reported, kept and forgotten."""
from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from talk import SAMPLES, changed, drawn, endless, layers, of, put, weights

from editor import commands
from editor.model.document import Change
from editor.model.files import open_document, to_text
from editor.model.items import Card, Setting, Wire
from editor.run import messages as m


def test_iris_learns(talk, iris):
    replies = talk.finish(m.Train("train"))
    curve = of(replies, m.Metrics)
    assert [p.epoch for p in curve] == sorted(p.epoch for p in curve) and curve[-1].epoch == pytest.approx(1000, abs=1)
    assert curve[-1].values["test accuracy"] >= 0.95 and curve[-1].values["accuracy"] >= 0.97
    assert curve[-1].values["loss"] < 0.06      # it begins at 1.3, and the first report may come late
    assert sum("accuracy" in p.values for p in curve if p.epoch < 50) >= 5, "the first steps are looked at closely"
    said = [type(reply) for reply in replies]
    assert said.index(m.TrainingProgress) < said.index(m.Metrics), "how far it is needs no look at the graph"
    last = of(replies, m.TrainingProgress)[-1]
    assert last.epochs == last.of == 1000 and last.rate > 0 and last.learning_rate == pytest.approx(0.1)
    gradients = of(replies, m.Gradients)[-1]
    assert set(gradients.norms) == set(gradients.weights) == {"hidden/w", "hidden/b", "output/w", "output/b"}
    assert len(of(replies, m.Values)) >= 1
    (values,) = of(talk.finish(m.Run()), m.Values)      # with the weights that it has learned
    assert values.previews["accuracy", 0].mean > 0.9


def test_what_is_looked_at_less_often_is_not_kept_back_by_a_quick_beginning(talk):
    talk.load(open_document(SAMPLES / "drawn_digits.graph.json"))
    talk.said.clear()
    talk.send(m.Train("train"))
    talk.qtbot.waitUntil(lambda: any(isinstance(reply, m.Gradients) for reply in talk.said))
    before = itertools.takewhile(lambda reply: not isinstance(reply, m.Gradients), talk.said)
    assert sum(isinstance(reply, m.Metrics) and len(reply.values) > 1 for reply in before) < 40


def test_a_step_is_one_step_and_training_goes_on(talk, iris):
    replies = talk.finish(m.Step("train"))
    first = of(replies, m.TrainingProgress)[-1]
    updates = of(replies, m.Gradients)[-1].updates
    assert set(updates) == {"hidden/w", "hidden/b", "output/w", "output/b"} and min(updates.values()) > 0
    second = of(talk.finish(m.Step("train")), m.TrainingProgress)[-1]
    assert (first.steps, second.steps) == (1, 2)


def test_stop_and_pause_are_obeyed_and_on_it_goes(talk, iris):
    endless(iris)
    talk.load(iris)
    talk.send(m.Train("train"))
    talk.wait(m.TrainingProgress, lambda p: p.steps > 20_000)
    pid = talk.runner.pid
    for request in (m.Pause(), m.Stop()):
        talk.send(request)
        assert talk.wait(m.Finished).stopped
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
