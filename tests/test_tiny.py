"""The heart of everything, in seconds: run it before each commit."""
import checks
import numpy as np
import pytest

import graphengine as tf
from graphengine import interpret

pytestmark = pytest.mark.usefixtures("own_graph")


def test_a_small_network_learns(rng):
    x, y = tf.placeholder(tf.float32, [None, 2], name="x"), tf.placeholder(tf.int32, [None], name="y")
    w1, b1 = tf.Variable(rng.standard_normal((2, 8)).astype("f4")), tf.Variable(np.zeros(8, "f4"))
    w2, b2 = tf.Variable(rng.standard_normal((8, 2)).astype("f4")), tf.Variable(np.zeros(2, "f4"))
    logits = tf.tanh(x @ w1 + b1) @ w2 + b2
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=logits))
    right = tf.reduce_mean(tf.cast(tf.equal(tf.argmax(logits, 1, output_type=tf.int32), y), tf.float32))
    step = tf.train.AdamOptimizer(0.05).minimize(loss)
    points = rng.standard_normal((64, 2)).astype("f4")
    labels = (points[:, 0] * points[:, 1] > 0).astype("i4")
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        order = np.stack([rng.permutation(64)[:16] for _ in range(600)])
        feeds = {x: tf.Rows(points, order), y: tf.Rows(labels, order)}
        losses, _ = session.run_steps([loss, step], feeds, collect=True)
        assert losses[-50:].mean() < 0.3 * losses[:10].mean()
        assert session.run(right, {x: points, y: labels}) > 0.9


def test_compiled_equals_interpreted(rng):
    a, b = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.float32, [4])
    y = tf.nn.softmax(tf.sigmoid(a * b + 1.0) - tf.exp(-a * a))
    (g,) = tf.gradients(y * y, [a])
    fetches = [y, g, tf.reduce_max(y, axis=0), tf.concat([a, g], 0)[::-1], tf.transpose(a) @ a]
    feeds = {a: rng.standard_normal((5, 4)).astype("f4"), b: rng.standard_normal(4).astype("f4")}
    session = tf.Session()
    source = session.explain(fetches, feeds).compilation.source
    wanted, _ = interpret.run(source, list(feeds.values()), {})
    for got, want in zip(session.run(fetches, feeds), wanted, strict=True):
        checks.assert_close(got, want, 32)


def test_gradients_equal_differences(rng):
    x = tf.placeholder(tf.float64, [3, 3])
    y = tf.reduce_logsumexp(tf.tanh(x @ x) * x)
    (g,) = tf.gradients(y, [x])
    session = tf.Session()
    value, along, step = rng.standard_normal((3, 3)), rng.standard_normal((3, 3)), 1e-6
    ends = [session.run(y, {x: value + sign * step * along}) for sign in (1, -1)]
    np.testing.assert_allclose((session.run(g, {x: value}) * along).sum(), (ends[0] - ends[1]) / (2 * step), rtol=1e-7)


def test_an_error_says_what_and_where():
    x, w = tf.placeholder(tf.float32, [None, 3], name="x"), tf.placeholder(tf.float32, [4, 2], name="w")
    with pytest.raises(tf.errors.ShapeError, match=r"inner sizes differ: 3 \(a, .*\) and 4 \(b, ") as error:
        x @ w
    assert "test_tiny.py" in str(error.value) and "fix" in str(error.value)


def test_a_fused_step_is_few_kernels():
    x, w = tf.placeholder(tf.float32, [None, 4]), tf.Variable(np.ones((4, 3), "f4"))
    loss = tf.reduce_mean(tf.square(tf.nn.softmax(x @ w)))
    step = tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)
    kernels = tf.Session().explain([step, loss], {x: np.ones((5, 4), "f4")}).kernels
    assert len(kernels) <= 7
