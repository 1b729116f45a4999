"""Gradients through loops whose values change their sizes. Numbers are TensorFlow's, or of the same loop in numpy."""
import numpy as np
import pytest

import graphengine as tf
from graphengine import errors

ANY = tf.TensorShape([None])
VECTOR = tf.TensorSpec([None], tf.float32)


@pytest.mark.parametrize(("steps", "wanted"), [(0, [2, 4]), (1, [2, 20]), (3, [2, 340])])
def test_a_vector_that_grows(steps, wanted):
    @tf.function(input_signature=[VECTOR, tf.TensorSpec([], tf.int32)])
    def slope(x, n):
        _, a = tf.while_loop(lambda i, a: i < n, lambda i, a: (i + 1, tf.concat([a, a[-1:] * 2], 0)),
                             [tf.constant(0), x], shape_invariants=[tf.TensorShape([]), ANY])
        return tf.gradients(tf.reduce_sum(a * a), [x])[0]

    np.testing.assert_allclose(slope(tf.constant([1.0, 2.0]), tf.constant(steps)), wanted)


@pytest.mark.parametrize(("x", "wanted"), [([1, 2, 3, 4], [864, 1296, 864, 216]), ([2], [1]), ([2, 5], [5, 2])])
def test_a_vector_that_shrinks(x, wanted):
    @tf.function(input_signature=[VECTOR])
    def slope(x):
        a = x
        while tf.shape(a)[0] > 1:
            tf.autograph.experimental.set_loop_options(shape_invariants=[(a, ANY)])
            a = a[1:] * a[:-1]
        return tf.gradients(tf.reduce_sum(a), [x])[0]

    np.testing.assert_allclose(slope(tf.constant(x, tf.float32)), wanted)


def test_what_the_loop_reads_gets_its_gradient_too():
    """s = w (x0 + x1 + x2) + w^2 (x0 + x1) + w^3 x0 for what is left of x after each step."""
    w = tf.Variable(0.5)

    @tf.function(input_signature=[VECTOR])
    def slopes(x):
        a, s = x, 0.0
        for _ in tf.range(tf.size(x)):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(a, ANY)])
            a = a * w
            s += tf.reduce_sum(a)
            a = a[:-1]
        return s, tf.gradients(s, [x, w])

    s, (dx, dw) = slopes(tf.constant([1.0, 2.0, 3.0]))
    assert float(s) == 3.0 + 0.75 + 0.125
    np.testing.assert_allclose(dx, [0.875, 0.75, 0.5])
    np.testing.assert_allclose(dw, 6.0 + 2 * 0.5 * 3.0 + 3 * 0.25)


def test_which_elements_stay_depends_on_numbers():
    @tf.function(input_signature=[VECTOR])
    def slope(x):
        def body(i, a, s):
            kept = tf.boolean_mask(a, a > 0.5)
            return i + 1, kept * 0.9, s + tf.reduce_sum(kept)

        shapes = [tf.TensorShape([]), ANY, tf.TensorShape([])]
        s = tf.while_loop(lambda i, a, s: i < 3, body, [0, x, 0.0], shape_invariants=shapes)[2]
        return tf.gradients(s, [x])[0]

    np.testing.assert_allclose(slope(tf.constant([1.0, 0.55, 0.6, 0.3])), [2.71, 1.0, 1.9, 0.0], rtol=1e-6)


def test_what_is_drawn_in_such_a_loop_cannot_be_computed_again():
    @tf.function(input_signature=[VECTOR])
    def slope(x):
        a = x
        for _ in tf.range(tf.size(x) + 1):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(a, ANY)])
            a = tf.concat([a, a * tf.random.uniform([])], 0)
        return tf.gradients(tf.reduce_sum(a), [x])[0]

    with pytest.raises(errors.GradientError, match="must not happen twice"):
        slope(tf.constant([1.0]))


def test_arrays_that_are_walked_along_and_results_that_are_stacked():
    """With sizes 1 to 3 of a, y = (sum of a) * rows: the same by hand."""
    @tf.function(input_signature=[VECTOR, VECTOR])
    def slopes(x, rows):
        sums = tf.TensorArray(tf.float32, size=tf.size(rows))
        a, i = x, 0
        for row in rows:
            tf.autograph.experimental.set_loop_options(shape_invariants=[(a, ANY)])
            sums = sums.write(i, tf.reduce_sum(a) * row)
            a, i = tf.concat([a, x * row], 0), i + 1
        y = sums.stack()
        return y, tf.gradients(tf.reduce_sum(y) + tf.reduce_sum(a), [x, rows])

    y, (dx, drows) = slopes(tf.constant([1.0, 2.0]), tf.constant([2.0, 3.0]))
    np.testing.assert_allclose(y, [6.0, 27.0])          # 3 * 2, (3 + 6) * 3
    np.testing.assert_allclose(dx, [2 + 9 + 6] * 2)     # 2 + (1 + 2) * 3, and of a 1 + 2 + 3
    np.testing.assert_allclose(drows, [3 + 3 * 3 + 3, 9 + 3])


def slopes_at(make, x, w, order):
    """The gradient of ``make(x, w)``; with order 2 the gradient of its sum."""
    with tf.Graph().as_default():
        a, b = tf.placeholder(tf.float64, [None]), tf.placeholder(tf.float64, [])
        found = make(a, b)
        for _ in range(order):
            given = tf.gradients(found, [a, b])
            found = tf.reduce_sum(given[0]) + given[1]
        return tf.Session().run(given, {a: x, b: w})


def by_differences(make, x, w, step=1e-6):
    """The slope of the sum of the first gradient, by central differences."""
    def total(x, w):
        return sum(np.sum(g) for g in slopes_at(make, x, w, 1))

    along_x = [(total(x + d, w) - total(x - d, w)) / (2 * step) for d in step * np.eye(len(x))]
    return along_x, (total(x, w + step) - total(x, w - step)) / (2 * step)


def shrinking(a, w, i):
    return (tf.sin(a) * w + a * a * tf.cast(i, tf.float64) * 0.1)[:-1]


def growing(a, w, i):
    return tf.concat([a * w, a[:1] * a[:1] * tf.cast(i + 1, tf.float64)], 0)


def chosen(a, w, i):
    return tf.boolean_mask(tf.sin(a) * w + a * a * tf.cast(i, tf.float64) * 0.1, a < 0.85)


@pytest.mark.parametrize("step", [shrinking, growing, chosen])
@pytest.mark.parametrize("steps", [0, 1, 2, 4])
def test_gradients_of_gradients(step, steps):
    def make(x, w):
        _, a = tf.while_loop(lambda i, a: i < steps, lambda i, a: (i + 1, step(a, w, i)), [tf.constant(0), x],
                             shape_invariants=[tf.TensorShape([]), ANY])
        return tf.reduce_sum(a * a) + w * w

    x, w = np.array([0.3, -0.5, 0.9, 0.2, 0.6]), 0.7
    dx, dw = slopes_at(make, x, w, 2)
    wanted = by_differences(make, x, w)
    np.testing.assert_allclose(dx, wanted[0], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(dw, wanted[1], rtol=1e-6, atol=1e-7)


def halved_and_sum_of_some(v):
    return v * 0.5 + tf.reduce_sum(tf.sin(tf.boolean_mask(v, v > 0))) * 0.1


def all_by_a_mask(v):
    return tf.boolean_mask(tf.sin(v), v < 9)


@pytest.mark.parametrize(("step", "size"), [
    (halved_and_sum_of_some, 2), (halved_and_sum_of_some, None), (all_by_a_mask, None)])
@pytest.mark.parametrize("limit", [None, 3, 5])
def test_sizes_that_depend_on_numbers_but_stay(step, size, limit):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [size])
        a = tf.while_loop(lambda i, a: i < 3, lambda i, a: (i + 1, step(a)), [tf.constant(0), x],
                          maximum_iterations=limit)[1]
        y = tf.reduce_sum(a * a)
        slope, session, at = tf.gradients(y, x)[0], tf.Session(), np.array([0.2, 0.9])
        found = session.run(slope, {x: at})
        wanted = [(session.run(y, {x: at + d}) - session.run(y, {x: at - d})) / 2e-6 for d in 1e-6 * np.eye(2)]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_a_scan_stacks_what_a_mask_leaves():
    with tf.Graph().as_default():
        rows, first = tf.placeholder(tf.float64, [None, 2]), tf.placeholder(tf.float64, [None])
        states = tf.scan(lambda a, row: tf.boolean_mask(a * row[0] + row[1], a < 1e3), rows, initializer=first)
        values, start = np.array([[0.3, -0.5], [0.7, 1.1], [-0.4, 0.6]]), np.array([0.2, 0.9])
        wanted = [start]
        for factor, more in values:
            wanted.append(wanted[-1] * factor + more)
        np.testing.assert_allclose(tf.Session().run(states, {rows: values, first: start}), wanted[1:])
        with pytest.raises(errors.ShapeError, match=r"differs in size: .* of step 0"):
            tf.Session().run(states, {rows: values * [1e5, 1], first: start})
