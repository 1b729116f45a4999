"""Tapes that remember the same again and again, several tapes at once, and what a variable held when it was read."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine import config
from graphengine.frontend.replay import PATIENCE, TapePattern


def again(gradients, times=PATIENCE + 2):
    """The gradients of the first time, which are played back, and of the last, which run compiled."""
    with config.override(tier="kernels"):
        found = [gradients() for _ in range(times)]
    return found[0], found[-1]


def same(a, b):
    assert [x is None for x in a] == [x is None for x in b]
    for x, y in zip(a, b, strict=True):
        if x is not None:
            np.testing.assert_allclose(x.numpy(), y.numpy(), rtol=1e-6)


def product(v, x, m):
    return tf.reduce_sum(tf.tanh(tf.matmul(x, m))) * v


def read_twice(v, x, m):
    y = v * v
    v.assign_add(1.0)
    y = y * v
    v.assign_sub(1.0)
    return y


def counted(v, x, m):
    return tf.reduce_sum(tf.boolean_mask(x, x[:, 0] > 0.0)) * v


def of_a_function(v, x, m):
    return CUBE(v) * tf.reduce_mean(m)


CUBE = tf.function(lambda x: x * x * x)


@pytest.mark.parametrize(("value", "is_compiled"), [
    (product, True), (read_twice, True), (counted, False), (of_a_function, False),
])
def test_what_is_taped_often_is_compiled_and_has_the_same_gradients(value, is_compiled, rng, monkeypatch):
    v, m = tf.Variable(2.0), tf.Variable(rng.normal(size=(4, 3)).astype("f4"))
    x = tf.constant(rng.normal(size=(5, 4)).astype("f4"))
    replayed = []
    draw = TapePattern.draw
    monkeypatch.setattr(TapePattern, "draw", lambda self: (draw(self), replayed.append(self.function is not None)))

    def gradients():
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = value(v, x, m)
        return tape.gradient(y, [v, x, m])

    same(*again(gradients))
    assert any(replayed) == is_compiled


def test_random_numbers_are_those_that_were_drawn(rng):
    v, m = tf.Variable(2.0), tf.constant(rng.normal(size=(4, 3)).astype("f4"))
    for _ in range(PATIENCE + 2):
        with tf.GradientTape() as tape:
            y = tf.reduce_sum(tf.nn.dropout(m * v, 0.5))
        np.testing.assert_allclose(tape.gradient(y, v).numpy(), y.numpy() / 2.0, rtol=1e-5)


def test_several_targets_with_gradients_that_reach_them():
    v = tf.Variable([1.0, 2.0])

    def gradients():
        with tf.GradientTape() as tape:
            y, z = v * v, tf.exp(v)
        return [tape.gradient([y, z, v], v, [np.array([1.0, 10.0]), None, np.array([0.0, 5.0])])]

    first, last = again(gradients)
    same(first, last)
    np.testing.assert_allclose(last[0].numpy(), [2.0 + np.exp(1.0), 40.0 + np.exp(2.0) + 5.0], rtol=1e-6)


def test_only_uses_that_were_watched_count():
    x = tf.constant(3.0)

    def gradients():
        with tf.GradientTape() as tape:
            before = x * x
            tape.watch(x)
            y = before * x + x * x
        return [tape.gradient(y, x)]

    first, last = again(gradients)
    assert float(first[0]) == float(last[0]) == 9.0 + 6.0


def test_other_numbers_and_sizes_of_the_same_pattern(rng):
    w = tf.Variable(rng.normal(size=(4,)).astype("f4"))
    for n in (3, 5):
        for _ in range(PATIENCE + 2):
            x = rng.normal(size=(n, 4)).astype("f4")
            with tf.GradientTape() as tape:
                y = tf.reduce_sum(tf.square(x * w))
            np.testing.assert_allclose(tape.gradient(y, w).numpy(), 2 * (x * x).sum(0) * w.numpy(), rtol=1e-5)


@pytest.mark.parametrize("make", [tf.Variable, tf.constant])
def test_derivatives_up_to_the_third(make):
    x = make(2.0)
    for _ in range(PATIENCE + 2):
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as middle:
                middle.watch(x)
                with tf.GradientTape() as inner:
                    inner.watch(x)
                    y = x * x * x * x
                first = inner.gradient(y, x)
            second = middle.gradient(first, x)
        assert [float(g) for g in (first, second, outer.gradient(second, x))] == [32.0, 48.0, 48.0]


def test_a_target_of_which_nothing_was_taped():
    x, v = tf.constant(3.0), tf.Variable(1.0)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([x, v])
    assert [float(g) for g in tape.gradient([x, v], [x, v])] == [1.0, 1.0]
    assert tape.gradient(tf.constant(1.0), x) is None


def test_the_jacobian_of_nothing():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x[:0] * 2.0
    assert tape.jacobian(y, x).shape == (0, 2)


def test_a_tape_is_not_persistent_after_a_jacobian_that_failed():
    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.cast(x, tf.int32)
    with pytest.raises(tf.errors.GradientError):
        tape.jacobian(y, x)
    assert not tape.persistent
