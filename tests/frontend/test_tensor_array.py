"""Arrays of tensors that loops write one by one."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import InvalidArgumentError, OutOfRangeError


def cumulated(x):
    """Sums of the rows so far, written row by row."""
    found = tf.TensorArray(tf.float32, size=tf.shape(x)[0])
    total = tf.zeros([2])
    for k in tf.range(tf.shape(x)[0]):
        total = total + x[k]
        found = found.write(k, total)
    return found.stack()


@pytest.mark.parametrize("n", [1, 3, 40])
def test_written_in_a_loop(rng, n):
    x = rng.normal(size=(n, 2)).astype("f4")
    want = np.cumsum(x, 0)
    np.testing.assert_allclose(tf.function(cumulated)(tf.constant(x)).numpy(), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(cumulated(tf.constant(x)).numpy(), want, rtol=1e-5, atol=1e-6)


def test_gradient_of_what_was_written(rng):
    x, weights = rng.normal(size=(2, 20, 2)).astype("f4")

    @tf.function
    def loss(x):
        return tf.reduce_sum(cumulated(x) * weights)

    with tf.GradientTape() as tape:
        value = tf.constant(x)
        tape.watch(value)
        y = loss(value)
    want = np.cumsum(weights[::-1], 0)[::-1]                    # row k is part of the sums k and after
    np.testing.assert_allclose(tape.gradient(y, value).numpy(), want, rtol=1e-4, atol=1e-5)


def test_an_episode_that_ends_by_itself():
    """As programs for reinforcement learning collect what they see."""
    @tf.function
    def episode(state, most):
        states = tf.TensorArray(tf.float32, size=most)
        k = 0
        while k < most:
            states = states.write(k, state)
            state = state * 2.0
            k += 1
            if state > 20.0:
                break
        return states.stack(), k

    states, count = episode(tf.constant(3.0), tf.constant(6))
    assert (states.numpy().tolist(), int(count)) == ([3.0, 6.0, 12.0, 0.0, 0.0, 0.0], 3)


def test_at_once():
    array = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
    for k in range(3):
        array = array.write(k, [float(k), 1.0])
    assert array.stack().numpy().tolist() == [[0, 1], [1, 1], [2, 1]]
    assert array.concat().numpy().tolist() == [0, 1, 1, 1, 2, 1]
    assert array.gather([2, 0]).numpy().tolist() == [[2, 1], [0, 1]]
    assert (array.read(1).numpy().tolist(), int(array.size())) == ([1, 1], 3)
    parts = tf.TensorArray(tf.int32, size=3).unstack([[1, 2], [3, 4]])
    assert (parts.read(1).numpy().tolist(), int(parts.size())) == ([3, 4], 2)
    assert parts.concat().numpy().tolist() == [1, 2, 3, 4]
    assert tf.TensorArray(tf.int32, size=3).scatter([2, 0], [7, 8]).stack().numpy().tolist() == [8, 0, 7]


def test_indices_that_are_variables():
    v, n = tf.Variable(1), tf.Variable(3)

    @tf.function
    def f():
        return tf.TensorArray(tf.float32, size=n, element_shape=[]).write(v, 5.0).stack()

    assert f().numpy().tolist() == [0.0, 5.0, 0.0]
    v.assign(2)
    assert f().numpy().tolist() == [0.0, 0.0, 5.0]

    @tf.function
    def g(places):
        return tf.TensorArray(tf.float32, size=4).scatter(places, [1.0, 2.0]).stack()

    assert g(tf.constant([3, 0])).numpy().tolist() == [2.0, 0.0, 0.0, 1.0]


def test_errors():
    array = tf.TensorArray(tf.float32, size=2)
    with pytest.raises(OutOfRangeError, match="index 2 is outside of a TensorArray of 2"):
        array.write(2, 1.0)
    with pytest.raises(OutOfRangeError, match="nothing was written to index 1"):
        array.write(0, 1.0).read(1)
    with pytest.raises(InvalidArgumentError, match=r"shape \(2,\) for a TensorArray of \(\)"):
        array.write(0, 1.0).write(1, [1.0, 2.0])
    with pytest.raises(InvalidArgumentError, match="nothing tells the shape"):
        array.stack()

    @tf.function
    def outside(n):
        found = tf.TensorArray(tf.float32, size=2)
        for k in tf.range(n):
            found = found.write(k, 1.0)
        return found.stack()

    assert outside(tf.constant(2)).numpy().tolist() == [1.0, 1.0]
    with pytest.raises(InvalidArgumentError, match="write: the index is outside of a TensorArray of 2"):
        outside(tf.constant(3))


@pytest.mark.parametrize("n", [0, 1, 3, 40])
def test_one_that_grows_in_a_loop(n):
    @tf.function
    def counted(n):
        found = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        for k in tf.range(n):
            found = found.write(k, [k, k * k])
        return found.stack(), found.size()

    @tf.function
    def some(n):
        odd = tf.TensorArray(tf.int32, size=0, dynamic_size=True, element_shape=[])
        pairs = tf.TensorArray(tf.int32, size=1, dynamic_size=True)
        for k in tf.range(n):
            if k % 2 == 1:
                odd = odd.write(k // 2, k)
            pairs = pairs.write(2 * k + 1, k).write(2 * k, -k)
        return odd.stack(), pairs.stack()

    @tf.function
    def until(n):
        found = tf.TensorArray(tf.int32, size=0, dynamic_size=True)
        k = 0
        while k < n:
            found = found.write(found.size(), k)
            k += 1
            if k == 7:
                break
        return found.stack()

    rows, size = counted(tf.constant(n))
    assert rows.numpy().tolist() == [[k, k * k] for k in range(n)]
    assert int(size) == n
    odd, pairs = some(tf.constant(n))
    assert odd.numpy().tolist() == list(range(n))[1::2]
    assert pairs.numpy().tolist() == ([x for k in range(n) for x in (-k, k)] or [0])
    assert until(tf.constant(n)).numpy().tolist() == list(range(min(n, 7)))


def test_gradients_of_one_that_grows():
    @tf.function
    def f(x, n):
        found = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        y = x
        for k in tf.range(n):
            y = y * x
            found = found.write(k, y)
        return tf.reduce_sum(found.stack())

    @tf.function
    def g(x):
        found = tf.TensorArray(tf.float32, size=0, dynamic_size=True)
        k = 0
        while x[0] < 100.0:
            x = x * 2.0
            found = found.write(k, x)
            k += 1
        return tf.reduce_sum(found.stack())

    x = tf.constant([2.0, 3.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y, z = f(x, tf.constant(3)), g(x)
    assert float(y) == 4 + 8 + 16 + 9 + 27 + 81
    assert tape.gradient(y, x).numpy().tolist() == [4 + 12 + 32, 6 + 27 + 108]
    assert float(z) == 5 * (4 + 8 + 16 + 32 + 64 + 128) / 2
    assert tape.gradient(z, x).numpy().tolist() == [2 + 4 + 8 + 16 + 32 + 64] * 2

