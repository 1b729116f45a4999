"""Training from a document: which rows a step gets, what is reported, how it stops, what it refuses."""

import inspect
import json
import pathlib

import numpy as np
import pytest

import graphengine as tf
from graphengine import keras
from graphengine.io.document import migrate
from graphengine.keras.optimizers import plain
from graphengine.keras.train_section import Pace, batches, stretches

SAMPLES = pathlib.Path(__file__).resolve().parents[2] / "samples"
ROWS = 10


@pytest.fixture
def mean(tmp_path):
    """A graph that learns the mean of a column, and a function that makes its training."""
    values = np.arange(ROWS) ** 2
    (tmp_path / "rows.csv").write_text("v\n" + "\n".join(map(str, values)) + "\n")
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float64, [None], name="x")
        m = tf.Variable(0.0, dtype=tf.float64, name="m")
        seen = tf.Variable(0.0, dtype=tf.float64, trainable=False, name="seen")
        with tf.control_dependencies([seen.assign_add(tf.reduce_sum(x))]):
            tf.add(tf.reduce_mean(tf.square(x - m)), 0.0, name="loss")

    def training(**changes):
        graph.document["train"] = {
            "data": {"file": "rows.csv", "feeds": {"x": "v"}}, "loss": "loss", "epochs": 2, "batch_size": 4, "seed": 0,
            "optimizer": {"name": "SGD", "learning_rate": 0.1}, **changes,
        }
        return tf.Training(graph, tmp_path)

    return training


# -------------------------------------------------------------------- rows

@pytest.mark.parametrize("batch", [1, 3, 4, 10])
def test_an_epoch_has_every_row_once(batch, rng):
    pieces = list(batches(ROWS, batch, rng))
    assert sorted(np.concatenate([p.ravel() for p in pieces])) == list(range(ROWS))
    assert [p.shape[1] for p in pieces] == ([batch] if ROWS % batch == 0 else [batch, ROWS % batch])


def test_rows_keep_their_order_without_a_generator():
    assert np.concatenate([p.ravel() for p in batches(ROWS, 4, None)]).tolist() == list(range(ROWS))


@pytest.mark.parametrize("length", [1, 2, 3, 7, 100])
def test_stretches_keep_steps_and_order(length):
    pieces = [p for _ in range(5) for p in batches(ROWS, 4, None)]
    found = list(stretches(pieces, Pace(length)))
    assert np.concatenate([p.ravel() for p in found]).tolist() == list(range(ROWS)) * 5
    assert all(0 < len(p) <= length for p in found)


def test_pace_follows_the_time_that_steps_take():
    pace = Pace()
    pace.took(1, 0.5)                       # the first step compiles
    assert pace.steps == 1
    for _ in range(10):
        pace.took(pace.steps, pace.steps * 1e-4)
    assert pace.steps == pytest.approx(1000, rel=0.01)


# -------------------------------------------------------------------- running

def test_all_rows_are_used_in_each_epoch(mean):
    training = mean(epochs=3)
    last = training.fit()
    assert (last.epochs, last.of, last.steps, last.samples) == (3.0, 3, 9, 3 * ROWS)
    assert training.weights()["seen"] == 3 * (np.arange(ROWS) ** 2).sum()


def test_it_learns(mean):
    training = mean(epochs=300, batch_size=ROWS)
    assert training.fit().loss == pytest.approx(np.var(np.arange(ROWS) ** 2))
    assert training.weights()["m"] == pytest.approx(np.mean(np.arange(ROWS) ** 2))


def test_equal_seeds_give_equal_weights_and_others_do_not(mean):
    found = []
    for seed in (0, 0, 1):
        training = mean(seed=seed)
        training.fit()
        found.append(training.weights()["m"])
    assert found[0] == found[1] != found[2]


def test_epochs_of_the_call_come_before_those_of_the_document(mean):
    assert mean(epochs=9).fit(epochs=2).epochs == 2


def test_a_second_fit_goes_on(mean):
    training = mean(epochs=100, batch_size=ROWS)
    first, second = training.fit().loss, training.fit().loss
    assert second <= first


def test_reports_lead_to_the_end_and_may_stop_it(mean):
    reports = []
    last = mean(epochs=50).fit(on_progress=reports.append)
    assert reports[-1] == last and last.epochs == 50
    assert [r.steps for r in reports] == sorted({r.steps for r in reports})
    stopped = mean(epochs=50).fit(on_progress=lambda report: report.steps >= 3)
    assert 3 <= stopped.steps < 150 and np.isfinite(stopped.loss)


def test_rows_that_judge_do_not_train(mean):
    training = mean(data={"file": "rows.csv", "feeds": {"x": "v"}, "train_rows": 4}, metrics={"again": "loss"})
    training.fit()
    assert training.weights()["seen"] == 2 * (0 + 1 + 4 + 9)
    judged = training.evaluate()
    assert list(judged) == ["loss", "again"] and judged["loss"] == judged["again"]
    assert judged["loss"] > training.evaluate("train")["loss"]


def test_without_rows_that_judge_there_is_nothing_to_say(mean):
    assert mean().evaluate("test") == {}


def test_only_named_variables_are_trained():
    graph = tf.load(SAMPLES / "linear_regression.graph.json")
    graph.document["train"]["variables"] = ["b"]
    training = tf.Training(graph, SAMPLES)
    training.fit()
    assert training.weights()["w"] == 1.0
    assert training.weights()["b"] == pytest.approx(-0.5, abs=0.2)    # mean of y - x


OPTIMIZERS = [*({"name": name} for name in plain.by_name()), *({"name": "SGD", **other} for other in (
    {"momentum": 0.5}, {"momentum": 0.5, "nesterov": True}, {"clipnorm": 0.1}, {"weight_decay": 0.01},
    {"gradient_accumulation_steps": 2}))]


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: "-".join(map(str, o.values())))
def test_each_optimizer_goes_as_it_does_when_it_is_called(optimizer):
    """The same steps, compiled as a loop from the section and called one by one on the same rows."""
    graph = tf.load(SAMPLES / "linear_regression.graph.json")
    graph.document["train"].update(optimizer={**optimizer, "learning_rate": 0.02}, batch_size=1, shuffle=False)
    training = tf.Training(graph, SAMPLES)
    begin, rows = training.weights(), training.data("train")
    training.fit(4)
    variables = {name: tf.Variable(value) for name, value in begin.items()}
    called = plain.made(optimizer["name"], {**{k: v for k, v in optimizer.items() if k != "name"},
                                            "learning_rate": 0.02}, "the test")
    for k in [*range(training.rows)] * 4:
        with tf.GradientTape() as tape:
            predicted = variables["w"] * rows["x"][k] + variables["b"]
            loss = tf.square(predicted - rows["y"][k])
        called.apply_gradients(zip(tape.gradient(loss, [*variables.values()]), variables.values(), strict=True))
    for name, value in training.weights().items():
        assert value != begin[name] and value == pytest.approx(variables[name].numpy(), rel=1e-5, abs=1e-6)


def test_a_file_may_name_every_optimizer():
    """Except the one that is made of others."""
    base, several = keras.optimizers.Optimizer, keras.optimizers.MultiOptimizer
    public = [getattr(keras.optimizers, name) for name in keras.optimizers.__all__]
    classes = {x for x in public if inspect.isclass(x) and issubclass(x, base)}
    assert {*plain.by_name().values()} == classes - {base, several}


@pytest.mark.parametrize(("given", "now"), [
    ({"name": "Momentum", "learning_rate": 0.1, "use_nesterov": True},
     {"name": "SGD", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    ({"name": "Adam", "beta1": 0.8}, {"name": "Adam", "beta_1": 0.8, "epsilon": 1e-8}),
    ({"name": "SGD", "learning_rate": 0.1}, {"name": "SGD", "learning_rate": 0.1}), ({"name": 3}, {"name": 3}), (7, 7),
], ids=repr)
def test_files_of_version_1(given, now):
    name, values = (given.get("name"), {k: v for k, v in given.items() if k != "name"}) if given != 7 else (None, {})
    old = {"format": "graphengine", "version": 1, "nodes": [], "train": {"optimizer": given},
           "view": {"items": [{"item": "card", "kind": f"optimizer/{name}", "attributes": values}, 5]}}
    new = migrate(old, "f")
    assert new["train"] == {"optimizer": now} and new["version"] == 2
    if given not in (7, {"name": 3}):
        card, other = new["view"]["items"]
        assert {"name": card["kind"].partition("/")[2], **card["attributes"]} == now and other == 5


@pytest.mark.parametrize(("changes", "at", "problem"), [
    ({"name": "Adem"}, "name", "no optimizer 'Adem'"), ({"momentun": 0.5}, "train.optimizer", "no argument 'momentun'"),
    ({"momentum": 1.5}, "momentum", "outside [0, 1]"), ({"learning_rate": -0.1}, "learning_rate", "outside [0, inf]"),
    ({"learning_rate": True}, "learning_rate", "not a number"), ({"nesterov": 1}, "nesterov", "not true or false"),
    ({"momentum": None}, "momentum", "not a number"), ({"gradient_accumulation_steps": 1}, "steps", "outside [2"),
    ({"clipnorm": 1.0, "clipvalue": 1.0}, "SGD", "are both given"),
], ids=repr)
def test_what_an_optimizer_does_not_take(mean, changes, at, problem):
    with pytest.raises(tf.errors.FileFormatError) as caught:
        mean(optimizer={"name": "SGD", "learning_rate": 0.1, **changes})
    assert problem in caught.value.problem and at in caught.value.at and caught.value.fix


def test_weights_leave_out_what_the_optimizer_keeps():
    training = tf.Training.of_file(SAMPLES / "digits.graph.json")
    assert sorted(training.weights()) == [f"{k}/{v}" for k in ("first", "output", "second") for v in "bw"]


# -------------------------------------------------------------------- refused

def test_a_graph_without_the_section_is_refused():
    with pytest.raises(tf.errors.FileFormatError, match="does not say how it is trained"):
        tf.Training(tf.load(SAMPLES / "mandelbrot.graph.json"), SAMPLES)


@pytest.mark.parametrize(("changes", "error", "message"), [
    ({"loss": "los"}, tf.errors.FileFormatError, "did you mean 'loss'"),
    ({"epochs": 0}, tf.errors.FileFormatError, "train.epochs"),
    ({"data": {"file": "none.csv", "feeds": {"x": "v"}}}, tf.errors.FileFormatError, "none.csv"),
    ({"loss": "x"}, tf.errors.GradientError, "no variable has a gradient"),
], ids=["loss", "epochs", "data", "gradient"])
def test_what_is_wrong_is_said(mean, changes, error, message):
    with pytest.raises(error, match=message):
        mean(**changes)


def test_data_of_another_kind_are_refused(mean, tmp_path):
    (tmp_path / "rows.csv").write_text("v\n0.5\n")
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.int32, [None], name="x")
        w = tf.Variable(1.0, name="w")
        tf.reduce_mean(tf.cast(x, tf.float32) * w, name="loss")
    graph.document = json.loads(json.dumps({"train": mean().spec.as_json()}))
    with pytest.raises(tf.errors.DTypeError, match="the data for x holds fractions but int32 is needed"):
        tf.Training(graph, tmp_path)


def test_whole_numbers_without_sign_may_be_fed_as_any():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.int64, [None])
        assert tf.Session().run(x + 1, {x: np.array([0, 255], np.uint8)}).tolist() == [1, 256]
        y = tf.placeholder(tf.int32, [None])
        with pytest.raises(tf.errors.DTypeError, match="outside int32"):
            tf.Session().run(y + 1, {y: np.array([2**31], np.uint32)})


# -------------------------------------------------------------------- stretch by stretch

def test_a_course_that_is_stopped_goes_on_where_it_was(mean):
    whole, parts = mean(epochs=30), mean(epochs=30)
    whole.fit()
    course = parts.course()
    while course.advance(should_stop=lambda: True, steps=2):
        assert len(course.last) <= 2 and len(course.losses) == len(course.last)
    assert course.progress.steps == 90 and course.progress.epochs == 30
    assert parts.weights()["m"] == whole.weights()["m"]


def test_the_learning_rate_may_change_while_it_trains(mean):
    training = mean()
    assert training.learning_rate == 0.1
    training.learning_rate = 0.0
    training.fit()
    assert training.weights()["m"] == 0.0
    assert "learning_rate" not in training.weights()


def test_gradients_are_there_to_look_at(mean):
    training = mean(batch_size=ROWS)
    values = training.batch(np.arange(ROWS))
    assert training.session.run(training.gradients["m"], values) == pytest.approx(-2 * values["x"].mean())
