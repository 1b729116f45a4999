"""Iterators in graphs, sizes as objects, numbers of errors, and what tests use, by TensorFlow 1's names."""
import os
import subprocess
import sys

import numpy as np
import pytest

import graphengine
import graphengine.compat.v1 as tf
from graphengine.errors import FailedPreconditionError, InvalidArgumentError, OutOfRangeError


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


# -------------------------------------------------------------------- data

def pairs(count):
    return tf.data.Dataset.from_tensor_slices({"x": np.arange(2.0 * count, dtype="f4").reshape(count, 2),
                                               "n": np.arange(count)})


def test_elements_by_a_node():
    iterator = tf.data.make_one_shot_iterator(pairs(3))
    element = iterator.get_next()
    assert (element["x"].shape, element["x"].dtype) == ((2,), tf.float32)
    assert iterator.output_types == {"x": tf.float32, "n": tf.int64} == tf.data.get_output_types(pairs(3))
    assert tf.data.get_output_shapes(iterator)["x"] == (2,)
    assert tf.data.get_output_classes(iterator) == {"x": tf.Tensor, "n": tf.Tensor}
    total = tf.reduce_sum(element["x"]) * tf.cast(element["n"], tf.float32)
    with tf.Session() as session:
        assert [session.run([total, element["n"]]) for _ in range(3)] == [[0.0, 0], [5.0, 1], [18.0, 2]]
        with pytest.raises(tf.errors.OutOfRangeError, match="End of sequence"):
            session.run(total)


def test_elements_from_the_beginning_again():
    iterator = tf.data.make_initializable_iterator(pairs(4).batch(3))
    element = iterator.get_next()
    with tf.Session() as session:
        with pytest.raises(FailedPreconditionError, match="initializer"):
            session.run(element)
        for _ in range(2):
            session.run(iterator.initializer)
            assert session.run(element["n"]).tolist() == [0, 1, 2]
        assert session.run(element["n"]).tolist() == [3]


def test_training_from_an_iterator():
    x = np.random.default_rng(0).normal(size=(64, 3)).astype("f4")
    data = tf.data.Dataset.from_tensor_slices((x, x @ [[1.0], [-2.0], [0.5]])).repeat().batch(16)
    features, labels = tf.data.make_one_shot_iterator(data).get_next()
    w = tf.get_variable("w", [3, 1])
    loss = tf.losses.mean_squared_error(labels, tf.matmul(features, w))
    step = tf.train.GradientDescentOptimizer(0.1).minimize(loss)
    with tf.train.MonitoredSession() as session:
        for _ in range(100):
            session.run(step)
        np.testing.assert_allclose(session.run(w), [[1.0], [-2.0], [0.5]], atol=1e-2)


# -------------------------------------------------------------------- sizes

def test_sizes_that_are_not_known():
    size, three = tf.Dimension(None), tf.Dimension(3)
    assert size.is_compatible_with(3)
    assert size.merge_with(3).value == 3 == three.merge_with(size).value
    assert (size < 3) is None and three < 4 and three > 2 and 10 - three == 7 and three % 2 == 1
    with pytest.raises(ValueError, match="sizes 3 and 4 differ"):
        three.merge_with(4)
    with pytest.raises(ValueError, match="-1"):
        tf.Dimension(-1)
    with pytest.raises(TypeError):
        int(size)
    assert np.zeros([three, 2]).shape == (3, 2)
    with pytest.raises(TypeError):
        three + "a"


def test_how_shapes_are_shown_in_the_whole_process():
    text = ("import graphengine.compat.v1 as tf\ntf.disable_v2_tensorshape()\n"
            "print(tf.constant([1.0, 2.0]).get_shape()[0].value)\ntf.disable_v2_behavior()\n"
            "x = tf.placeholder(tf.float32, [None, 6])\nprint(x)\n"
            "print(x.shape, tf.placeholder(tf.float32, [None]).shape)\n"
            "s = x.get_shape()\nprint(s[0].value, s[1].value, s.as_list(), s[1:], s[-1] * 2, s.dims)\n"
            "print(tf.zeros(s[1:]).shape, tf.reshape(x, [-1, 2, s[1] // 2]).shape)\n"
            "print(tf.Variable([1.0]).get_shape()[0].value)\n"
            "tf.enable_v2_tensorshape()\nprint(x.shape, x.get_shape()[0])")
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "2", 'Tensor("Placeholder:0", shape=(?, 6), dtype=float32)', "(?, 6) (?,)",
        "None 6 [None, 6] (6,) 12 [Dimension(None), Dimension(6)]", "(6,) (?, 2, 3)", "1", "(None, 6) None"]


# -------------------------------------------------------------------- errors and tests

def test_numbers_of_errors():
    assert tf.errors.exception_type_from_error_code(5) is tf.errors.NotFoundError
    assert tf.errors.exception_type_from_error_code(tf.errors.OUT_OF_RANGE) is OutOfRangeError
    assert tf.errors.error_code_from_exception_type(tf.errors.InvalidArgumentError) == 3
    assert tf.errors.error_code_from_exception_type(ValueError) == tf.errors.UNKNOWN == 2
    with pytest.raises(InvalidArgumentError, match="99"):
        tf.errors.exception_type_from_error_code(99)
    assert issubclass(tf.errors.NotFoundError, tf.OpError)


def test_things_in_the_place_of_others():
    class Thing:
        value = 1

    with tf.test.StubOutForTesting() as stubs:
        stubs.Set(Thing, "value", 2)
        stubs.SmartSet(Thing, "value", 3)
        assert Thing.value == 3
    assert Thing.value == 1


def test_gradients_by_differences():
    x, k = tf.placeholder(tf.float64, [2, 3]), tf.placeholder(tf.float64, [])
    with tf.Session():
        error = tf.test.compute_gradient_error(x, [2, 3], tf.sin(x) * k, [2, 3], extra_feed_dict={k: 2.0})
        assert error < 1e-5
        wrong = tf.stop_gradient(x) * x
        assert 0.9 < tf.test.compute_gradient_error(x, [2, 3], wrong, [2, 3], np.ones([2, 3])) < 1.1
        assert tf.test.compute_gradient_error([x, k], [[2, 3], []], x * k, [2, 3]) < 1e-6


def test_folders_of_tests():
    assert os.path.isdir(tf.test.get_temp_dir())
    assert tf.test.get_temp_dir() == tf.test.get_temp_dir()
    assert os.path.isabs(tf.test.test_src_dir_path("a/b"))
    assert tf.test.TestCase is graphengine.test.TestCase


def test_numbers_are_looked_at():
    x = tf.placeholder(tf.float32, [])
    tf.get_variable("never_set", [2])
    _ = 1.0 / x
    check = tf.add_check_numerics_ops()
    with tf.Session() as session:
        session.run(check, {x: 2.0})
        with pytest.raises(InvalidArgumentError, match="NaN or Inf"):
            session.run(check, {x: 0.0})


def test_variables_without_a_value_are_told():
    v = tf.get_variable("v", [2])
    check = tf.assert_variables_initialized()
    with tf.Session() as session, pytest.raises(FailedPreconditionError, match="'v'"):
        session.run(check)
    with tf.Graph().as_default():
        assert tf.assert_variables_initialized() is None
    assert v.op.name == "v"


def test_a_process_that_draws_does_so_always():
    tf.enable_eager_execution()
    tf.enable_v2_behavior()
    text = ("import graphengine.compat.v1 as tf\ntf.disable_eager_execution()\n"
            "print(tf.executing_eagerly_outside_functions())\ntf.enable_eager_execution()")
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True)
    assert done.stdout == "False\n"
    assert "draws graphs since disable_eager_execution" in done.stderr
