"""Optimizers against loops written by hand, and programs recorded from TensorFlow."""
import json
import pathlib
import sys

import numpy as np
import pytest

import graphengine as tf

ORACLE = pathlib.Path(__file__).parents[1] / "data" / "oracle"
sys.path.insert(0, str(ORACLE))
import check  # noqa: E402  (a file of the recorded data)

pytestmark = pytest.mark.usefixtures("own_graph")


def sgd(w, g, state, rate):
    return w - rate * g


def momentum(w, g, state, rate, decay=0.9, nesterov=False):
    state["m"] = decay * state.get("m", 0.0) + g
    return w - rate * (g + decay * state["m"] if nesterov else state["m"])


def adam(w, g, state, rate, b1=0.9, b2=0.999, epsilon=1e-8):
    t = state["t"] = state.get("t", 0) + 1
    state["m"] = b1 * state.get("m", 0.0) + (1 - b1) * g
    state["v"] = b2 * state.get("v", 0.0) + (1 - b2) * g * g
    return w - rate * np.sqrt(1 - b2**t) / (1 - b1**t) * state["m"] / (np.sqrt(state["v"]) + epsilon)


CASES = {
    "sgd": (lambda rate: tf.train.GradientDescentOptimizer(rate), sgd),
    "momentum": (lambda rate: tf.train.MomentumOptimizer(rate, 0.9), momentum),
    "nesterov": (lambda rate: tf.train.MomentumOptimizer(rate, 0.9, use_nesterov=True),
                 lambda *a: momentum(*a, nesterov=True)),
    "adam": (lambda rate: tf.train.AdamOptimizer(rate), adam),
}


@pytest.mark.parametrize("fed", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_steps_equal_a_loop_by_hand(name, fed, rng):
    make, by_hand = CASES[name]
    data, target = rng.standard_normal((20, 3)), rng.standard_normal(20)
    x, y = tf.placeholder(tf.float64, [None, 3]), tf.placeholder(tf.float64, [None])
    rate = tf.placeholder(tf.float64, [])
    w, b = tf.Variable(np.ones((3, 1)), name="w"), tf.Variable(np.float64(0.5), name="b")
    loss = tf.reduce_mean(tf.square(tf.squeeze(x @ w, axis=[1]) + b - y))
    step = make(rate if fed else 0.05).minimize(loss)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    feeds = {x: data, y: target, **({rate: 0.05} if fed else {})}
    session.run(step, feeds)
    session.run_steps(step, feeds, steps=24)
    own_w, own_b, states = np.ones((3, 1)), 0.5, ({}, {})
    for _ in range(25):
        error = (data @ own_w)[:, 0] + own_b - target
        g_w, g_b = 2 * data.T @ error[:, None] / 20, 2 * error.mean()
        own_w, own_b = by_hand(own_w, g_w, states[0], 0.05), by_hand(own_b, g_b, states[1], 0.05)
    np.testing.assert_allclose(session.variables()["w"], own_w, rtol=1e-10)
    np.testing.assert_allclose(session.variables()["b"], own_b, rtol=1e-10)


def test_the_line_through_four_points():
    """Sample by sample from w = 1, b = 0.5: the result that the issue states."""
    x, y = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    w, b = tf.Variable(1.0, name="w"), tf.Variable(0.5, name="b")
    step = tf.train.GradientDescentOptimizer(0.01).minimize(tf.square(w * x + b - y))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    feeds = {x: np.tile(np.array([1, 3, 5, 7], "f4"), 1000), y: np.tile(np.array([2, 3, 4, 5], "f4"), 1000)}
    session.run_steps(step, feeds)
    values = session.variables()
    assert (f"{values['w']:.5f}", f"{values['b']:.5f}") == ("0.50000", "1.50000")


def test_gradients_may_be_changed_on_the_way():
    a = tf.Variable([1.0, -2.0], name="a")
    tf.Variable(5.0, name="b")
    optimizer = tf.train.GradientDescentOptimizer(1.0)
    pairs = optimizer.compute_gradients(tf.reduce_sum(a * a))
    assert pairs[1][0] is None and pairs[0][1] is a
    count = tf.Variable(np.int64(0), trainable=False, name="count")
    step = optimizer.apply_gradients([(tf.clip_by_value(g, -1.0, 1.0) if g is not None else None, v) for g, v in pairs],
                                     global_step=count)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(step)
    assert session.variables()["a"].tolist() == [0.0, -1.0]
    assert session.variables()["b"] == 5.0 and session.variables()["count"] == 1


def test_chosen_variables_only():
    a, b = tf.Variable(1.0, name="a"), tf.Variable(1.0, name="b")
    c = tf.Variable(1.0, name="c", trainable=False)
    step = tf.train.GradientDescentOptimizer(0.5).minimize(a * b * c, var_list=[b])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(step)
    assert session.variables() == {"a": 1.0, "b": 0.5, "c": 1.0}


def test_names_of_slots():
    tf.train.AdamOptimizer().minimize(tf.square(tf.Variable(1.0, name="w")))
    names = {v.op.name for v in tf.global_variables()}
    assert names == {"w", "w/Adam", "w/Adam_1", "beta1_power", "beta2_power"}
    assert [v.op.name for v in tf.trainable_variables()] == ["w"]


def test_loss_in_the_same_run_is_that_before_the_step():
    w = tf.Variable(2.0)
    loss = tf.square(w)
    step = tf.train.GradientDescentOptimizer(0.25).minimize(loss)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run([step, loss])[1] == 4.0
    assert session.run(loss) == 1.0


RECORDED = json.loads((ORACLE / "programs" / "tf1.json").read_text())


@pytest.mark.parametrize("name", RECORDED["programs"])
def test_programs_give_what_tensorflow_gave(name):
    (case,) = [c for c in check.program_cases() if c["id"].endswith(name)]
    assert check.program_problems(tf, case) == []


def test_one_optimizer_in_two_graphs_and_for_two_types():
    optimizer = tf.train.AdamOptimizer(0.1)
    for _ in range(2):
        with tf.Graph().as_default(), tf.Session() as session:
            v, w = tf.Variable(1.0), tf.Variable(np.float64(1.0))
            step = optimizer.minimize(tf.cast(v * v, tf.float64) + w * w, var_list=[v, w])
            session.run(tf.global_variables_initializer())
            session.run(step)
            assert session.run([v, w]) == pytest.approx([0.9, 0.9])
