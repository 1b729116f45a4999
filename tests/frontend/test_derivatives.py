"""Forward, second and per-row derivatives, beside what follows from the formulas (and TensorFlow gives)."""
import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import InvalidArgumentError

HOW = pytest.mark.parametrize("how", [lambda f: f, tf.function], ids=["at once", "traced"])


@HOW
def test_forward(how):
    w = tf.Variable([[1.0, 2.0], [3.0, 4.0]])

    def f(x, dx, dw):
        with tf.autodiff.ForwardAccumulator([x, w], [dx, dw]) as forward:
            y = tf.matmul(x, w)
            z = tf.exp(y) + tf.stop_gradient(x)
        return forward.jvp([y, z])

    x, dx = np.array([[0.1, 0.2]], "f4"), np.array([[1.0, -1.0]], "f4")
    dw = np.array([[0.0, 1.0], [2.0, 0.0]], "f4")
    dy, dz = how(f)(tf.constant(x), tf.constant(dx), tf.constant(dw))
    wanted = dx @ w.numpy() + x @ dw
    np.testing.assert_allclose(dy, wanted, rtol=1e-5)
    np.testing.assert_allclose(dz, np.exp(x @ w.numpy()) * wanted, rtol=1e-5)


def test_forward_over_backward_and_again():
    x = tf.constant([1.0, 2.0])
    with tf.autodiff.ForwardAccumulator(x, tf.constant([1.0, 0.0])) as forward:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(x ** 3) * x[1]
        slope = tape.gradient(y, x)
    np.testing.assert_allclose(slope, [6.0, 33.0], rtol=1e-6)
    np.testing.assert_allclose(forward.jvp(slope), [12.0, 3.0], rtol=1e-6)
    x = tf.constant(1.1)
    with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as outer:
        with tf.autodiff.ForwardAccumulator(x, tf.constant(1.0)) as inner:
            y = x ** 3.5
        once = inner.jvp(y)
    np.testing.assert_allclose(once, 3.5 * 1.1 ** 2.5, rtol=1e-5)
    np.testing.assert_allclose(outer.jvp(once), 3.5 * 2.5 * 1.1 ** 1.5, rtol=1e-5)


def test_forward_of_what_does_not_depend():
    x = tf.constant([1.0, 2.0])
    with tf.autodiff.ForwardAccumulator(x, tf.ones([2])) as forward:
        y = tf.constant([3.0])
    assert forward.jvp(y) is None
    np.testing.assert_array_equal(forward.jvp(y, tf.UnconnectedGradients.ZERO), [0.0])
    with pytest.raises(InvalidArgumentError, match="2 tangents for 1 primals"):
        tf.autodiff.ForwardAccumulator([x], [x, x])
    with pytest.raises(InvalidArgumentError, match=r"shape \(2,\), its tangent \(3,\)"):
        tf.autodiff.ForwardAccumulator(x, tf.ones([3]))


@HOW
@pytest.mark.parametrize("batch", [4, 1])
def test_batch_jacobian(how, batch):
    w = np.arange(6.0, dtype="f4").reshape(3, 2)

    def f(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.sin(tf.matmul(x, w))
        return tape.batch_jacobian(y, x)

    x = np.linspace(-1.0, 1.0, batch * 3, dtype="f4").reshape(batch, 3)
    found = how(f)(tf.constant(x))
    assert found.shape == (batch, 2, 3)
    np.testing.assert_allclose(found, np.cos(x @ w)[:, :, None] * w.T, rtol=1e-5, atol=1e-6)


def test_batch_jacobian_of_more_axes():
    x = tf.constant(np.arange(12.0, dtype="f4").reshape(2, 3, 2))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x
        total = tf.reduce_sum(y, [1, 2])
    found = tape.batch_jacobian(y, x)
    assert found.shape == (2, 3, 2, 3, 2)
    wanted = [np.diag(2.0 * row.ravel()).reshape(3, 2, 3, 2) for row in x.numpy()]
    np.testing.assert_array_equal(found, np.stack(wanted))
    np.testing.assert_array_equal(tape.batch_jacobian(total, x), 2.0 * x.numpy())
    assert tape.batch_jacobian(tf.ones([2, 3]), x) is None


def test_hessians():
    with tf.Graph().as_default(), tf.Session() as session:
        x, z = tf.placeholder(tf.float32, [2, 2]), tf.placeholder(tf.float32, [])
        y = tf.reduce_sum(x ** 3) * z ** 2
        over_x, over_z = tf.hessians(y, [x, z])
        value = np.arange(1.0, 5.0, dtype="f4").reshape(2, 2)
        found, scalar = session.run([over_x, over_z], {x: value, z: 2.0})
    assert found.shape == (2, 2, 2, 2)
    np.testing.assert_allclose(found.reshape(4, 4), np.diag(24.0 * value.ravel()), rtol=1e-6)
    np.testing.assert_allclose(scalar, 2.0 * (value ** 3).sum(), rtol=1e-6)


@HOW
def test_vectorized_map(how):
    x = np.arange(6.0, dtype="f4").reshape(3, 2)
    found = how(lambda x: tf.vectorized_map(lambda row: tf.tensordot(row, row, 1), x))(tf.constant(x))
    np.testing.assert_allclose(found, (x * x).sum(1))


@HOW
def test_recompute_grad(how):
    w, calls = tf.Variable(2.0), []

    def f(x):
        calls.append(1)
        return tf.exp(x * w)

    def slopes(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.recompute_grad(f)(x) * 3.0
        return tape.gradient(y, [x, w])

    dx, dw = how(slopes)(tf.constant(0.5))
    np.testing.assert_allclose([dx, dw], [6.0 * np.e, 1.5 * np.e], rtol=1e-5)
    assert len(calls) == 2


@HOW
def test_grad_pass_through(how):
    w = tf.Variable(2.0)

    def slopes(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.grad_pass_through(lambda x: tf.round(x) * w)(x) * 3.0
        return y, *tape.gradient(y, [x, w])

    y, dx, dw = how(slopes)(tf.constant(1.7))
    assert (float(y), float(dx), dw) == (12.0, 3.0, None)
