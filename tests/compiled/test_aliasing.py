"""Programs in which what is read and what is written touch: each was once wrong, or might have been."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine import config


@pytest.fixture(params=["kernels", "interpreter"])
def session(request):
    with config.override(tier=request.param), tf.Graph().as_default(), tf.Session() as made:
        yield made


def initialized(session):
    session.run(tf.global_variables_initializer())
    return session


def test_a_slice_that_broadcasts_is_another_element(session):
    x = tf.placeholder(tf.float32, [4])
    y = x * 2.0
    np.testing.assert_array_equal(session.run(y - y[0:1], {x: [1, 2, 3, 4]}), [0, 2, 4, 6])


def test_a_row_that_broadcasts_is_another_row(session):
    x = tf.placeholder(tf.float32, [3, 3])
    y = x * 2.0
    value = np.arange(9.0).reshape(3, 3)
    np.testing.assert_array_equal(session.run(y[0] + y, {x: value}), 2 * value[0] + 2 * value)


def test_a_variable_minus_its_first_element(session):
    w = tf.Variable([1.0, 2.0, 3.0, 4.0])
    update = w.assign(w - w[0:1])
    initialized(session).run(update.op)
    np.testing.assert_array_equal(session.run(w), [0, 1, 2, 3])


@pytest.mark.parametrize("as_target", [False, True])
def test_two_assignments_see_each_others_old_values(session, as_target):
    a, b = tf.Variable([1.0, 2.0]), tf.Variable([10.0, 20.0])
    c = b * 2.0
    updates = [a.assign(c + 1.0), b.assign(c + a)]
    initialized(session).run([u.op for u in updates] if as_target else updates)
    np.testing.assert_array_equal(session.run([a, b]), [[21, 41], [21, 42]])


def test_a_row_value_is_replaced_after_later_folds_have_read_it(session):
    a = tf.Variable([[1.0], [2.0]])
    x = tf.placeholder(tf.float32, [2, 3])
    q = tf.reduce_sum(x, 1, keepdims=True)
    update = a.assign(tf.exp(q * 0.1))
    y = tf.reduce_sum(tf.exp(x * q * 0.01), 1, keepdims=True) + a
    value = np.arange(6.0).reshape(2, 3)
    got = initialized(session).run([update.op, y], {x: value})[1]
    total = value.sum(1, keepdims=True)
    np.testing.assert_allclose(got, np.exp(value * total * 0.01).sum(1, keepdims=True) + [[1], [2]], rtol=1e-6)


def test_a_failed_run_changes_no_variable(session):
    a = tf.Variable([1.0, 2.0])
    place = tf.placeholder(tf.int32, [])
    chosen = tf.gather(tf.constant([1.0, 2.0]), place)
    update = a.assign_add([1.0, 1.0])
    with pytest.raises(tf.errors.IndexOutsideError, match="index 7 is outside"):
        initialized(session).run([update, chosen], {place: 7})
    np.testing.assert_array_equal(session.run(a), [1, 2])


def test_swapped_variables(session):
    a, b = tf.Variable([1.0, 2.0]), tf.Variable([3.0, 4.0])
    initialized(session).run([a.assign(b).op, b.assign(a).op])
    np.testing.assert_array_equal(session.run([a, b]), [[3, 4], [1, 2]])


def test_steps_are_the_same_in_both_tiers(session):
    total = tf.Variable([0.0, 0.0])
    x = tf.placeholder(tf.float32, [2])
    results = initialized(session) and session.run_steps(
        total.assign_add(x * total + 1.0), {x: np.arange(6, dtype="f4").reshape(3, 2)}, collect=True
    )
    state, expected = np.zeros(2), []
    for row in np.arange(6.0).reshape(3, 2):
        state = state + row * state + 1.0
        expected.append(state)
    np.testing.assert_allclose(results, expected)


# -------------------------------------------------------------------- sizes

@pytest.mark.parametrize("shape, count", [([2, -1], 3), ([-1, 4], 7), ([3, -1], 4)])
def test_elements_that_a_reshape_would_lose(session, shape, count):
    x = tf.placeholder(tf.float32, [None])
    with pytest.raises(tf.errors.ShapeError, match="do not fit into shape"):
        session.run(tf.reshape(x, shape), {x: np.zeros(count)})


def test_a_size_that_would_have_to_be_its_own_double(session):
    x = tf.placeholder(tf.float32, [None])
    with pytest.raises(tf.errors.ShapeError, match="sizes differ"):
        session.run(tf.concat([x, x], 0) + x, {x: [3.0, 4.0]})


def test_a_size_of_one_meets_its_double(session):
    x = tf.placeholder(tf.float32, [None])
    np.testing.assert_array_equal(session.run(tf.concat([x, x], 0) + x, {x: [3.0]}), [6, 6])


@pytest.mark.parametrize("divisor", [1, 2, 4])
def test_whole_numbers_divided_by_powers_of_two(session, divisor):
    x = tf.placeholder(tf.int32, [None])
    value = np.array([-7, -1, 0, 5])
    got = session.run([x / divisor, x // divisor, x % divisor], {x: value})
    for a, b in zip(got, [value / divisor, value // divisor, value % divisor], strict=True):
        np.testing.assert_array_equal(a, b)
    assert [a.dtype.name for a in got] == ["float64", "int32", "int32"]


@pytest.mark.parametrize("is_loop", [False, True])
def test_a_feed_that_is_the_memory_of_a_variable_the_run_changes(is_loop):
    n = 100_000
    v = tf.Variable(np.arange(n, dtype="f4"))
    with config.override(tier="kernels"), tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [n])
        update = v.assign(v * 0.0 + x[::-1])
        if is_loop:
            session.run_steps(update, {x: np.broadcast_to(v.array, (n,))}, steps=1)
        else:
            session.run(update, {x: v.array})
    np.testing.assert_array_equal(v.numpy(), np.arange(n, dtype="f4")[::-1])
