"""Functions that say their own gradients: at once, traced, and in a graph."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import FileFormatError, GradientError, InvalidArgumentError


@tf.custom_gradient
def product(x, y):
    """x * y, with ten and twenty times its gradients."""
    return x * y, lambda g: (10.0 * g * y, 20.0 * g * x)


def gradients_of(function, *values):
    with tf.GradientTape() as tape:
        tape.watch(values)
        y = function(*values)
    return tape.gradient(y, values)


@pytest.mark.parametrize("how", [lambda f: f, tf.function], ids=["at once", "traced"])
def test_the_gradient_is_what_the_function_says(how):
    x, y = tf.constant([1.0, 2.0]), tf.constant([3.0, 4.0])
    assert product(x, y).numpy().tolist() == [3.0, 8.0]
    of_x, of_y = gradients_of(how(lambda a, b: tf.reduce_sum(2.0 * product(a, b))), x, y)
    assert (of_x.numpy().tolist(), of_y.numpy().tolist()) == ([60.0, 80.0], [40.0, 80.0])


def test_gradients_of_gradients_pass_through():
    x, y = tf.constant(2.0), tf.constant(5.0)
    with tf.GradientTape() as outer:
        outer.watch([x, y])
        of_x, _ = gradients_of(product, x, y)                   # 10 y
    assert [None if g is None else float(g) for g in outer.gradient(of_x, [x, y])] == [None, 10.0]


def test_in_a_graph_with_sizes_known_only_when_it_runs():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None])
        z = product(x, 2.0 * x)
        got = tf.Session().run([z, tf.gradients(z, [x])[0]], {x: [1.0, 2.0]})
    np.testing.assert_array_equal(got, [[2.0, 8.0], [60.0, 120.0]])       # 10 * 2x + 20 * x * 2


def test_structures_of_results_and_missing_gradients():
    @tf.custom_gradient
    def both(x, y):
        return {"sum": x + y, "all": [x, y]}, lambda a, b, c: (a + 100.0 * b, None)

    x, y = tf.constant(1.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch([x, y])
        found = both(x, y)
        loss = found["sum"] + found["all"][0]
    assert list(found) == ["sum", "all"]
    gradients = tape.gradient(loss, [x, y])
    assert gradients[1] is None and float(gradients[0]) == 1.0          # leaves of dicts go by sorted keys: all, sum


@pytest.mark.parametrize("how", [lambda f: f, tf.function], ids=["at once", "traced"])
def test_variables_that_the_function_reads(how):
    w = tf.Variable(2.0)

    @tf.custom_gradient
    def scaled(x):
        def grad(g, variables=None):
            assert variables == [w]
            return 100.0 * g, [1000.0 * tf.reduce_sum(g)]
        return x * w, grad

    x = tf.constant([1.0, 2.0])

    def gradients(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = tf.reduce_sum(scaled(x))
        return tape.gradient(y, [x, w])

    of_x, of_w = how(gradients)(x)
    assert of_x.numpy().tolist() == [100.0, 100.0] and float(of_w) == 2000.0


def test_errors():
    w, x = tf.Variable(2.0), tf.constant(3.0)
    with pytest.raises(InvalidArgumentError, match="has to return its result and a function"):
        tf.custom_gradient(lambda a: a * 2.0)(x)
    with pytest.raises(InvalidArgumentError, match=r"reads the variables Variable.*takes none"):
        tf.custom_gradient(lambda a: (a * w, lambda g: g))(x)
    with pytest.raises(GradientError, match="gives 2 gradients for 1 tensors"):
        gradients_of(tf.custom_gradient(lambda a: (a * 2.0, lambda g: (g, g))), x)


def test_a_graph_with_such_a_function_does_not_go_to_a_file(tmp_path):
    with tf.Graph().as_default() as graph:
        product(tf.placeholder(tf.float32, []), tf.constant(2.0))
        with pytest.raises(FileFormatError, match="which a file cannot hold"):
            graph.save(str(tmp_path / "x.graph.json"))
    assert list(tmp_path.iterdir()) == []
