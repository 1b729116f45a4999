"""tf.nest, tf.print, and small helpers of TensorFlow's core."""
from __future__ import annotations

import io

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import InvalidArgumentError, ShapeError


def test_nested_structures():
    nested = {"b": [1, (2, 3)], "a": 4}
    assert tf.nest.flatten(nested) == [4, 1, 2, 3]
    assert tf.nest.map_structure(lambda x, y: x * y, nested, nested) == {"b": [1, (4, 9)], "a": 16}
    assert tf.nest.pack_sequence_as(nested, "abcd") == {"b": ["b", ("c", "d")], "a": "a"}
    assert (tf.nest.flatten(5), tf.nest.is_nested(5), tf.nest.is_nested({})) == ([5], False, True)
    with pytest.raises(ValueError, match="structures differ"):
        tf.nest.assert_same_structure(nested, {"b": [1, 2], "a": 4})
    with pytest.raises(ValueError, match="3 values for a structure of 4"):
        tf.nest.pack_sequence_as(nested, [1, 2, 3])


@pytest.mark.parametrize("how", [lambda f: f, tf.function], ids=["at once", "traced"])
def test_print(how):
    stream = io.StringIO()

    def f(x):
        tf.print("x:", x, {"sum": tf.reduce_sum(x)}, [1, "two"], sep="|", output_stream=stream)
        return x * 2.0

    traced = how(f)
    for value in ([1.0, 2.5], [3.0, 4.0]):
        traced(tf.constant(value))
    assert stream.getvalue() == "x:|[1 2.5]|{'sum': 3.5}|[1, 'two']\nx:|[3 4]|{'sum': 7}|[1, 'two']\n"


def test_print_shows_the_ends_of_long_tensors(capsys):
    tf.print(tf.range(100), end="!")
    tf.print(tf.range(8), summarize=-1)
    tf.print(tf.range(12), tf.ones([2, 2]), tf.constant(True), tf.ones([7, 2]))
    assert capsys.readouterr().err == "[0 1 2 ... 97 98 99]![0 1 2 3 4 5 6 7]\n" \
        "[0 1 2 ... 9 10 11] [[1 1]\n [1 1]] 1 [[1 1]\n [1 1]\n [1 1]\n ...\n [1 1]\n [1 1]\n [1 1]]\n"


def test_numbers_are_printed_as_tensorflow_does(capsys):
    odd = tf.constant([np.pi, 0.1, 1e-7, 1e20, np.nan, -np.inf])
    tf.print(odd, np.pi, tf.constant(np.pi, tf.float64), summarize=-1)
    assert capsys.readouterr().err == "[3.14159274 0.1 1e-07 1e+20 nan -inf] 3.141592653589793 3.1415926535897931\n"


def test_print_in_a_session(capsys):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [])
        with tf.control_dependencies([tf.print("x is", x)]):
            y = x + 1.0
        assert tf.Session().run(y, {x: 2.0}) == 3.0
    assert capsys.readouterr().err == "x is 2\n"


def test_small_helpers():
    assert [tf.is_tensor(x) for x in (tf.constant(1), tf.Variable(1), np.ones(2), 3)] == [True, True, False, False]
    assert [x.numpy().tolist() for x in tf.identity_n([tf.constant([1]), tf.constant(2.0)])] == [[1], 2.0]
    assert tf.ensure_shape(tf.ones([2, 3]), [None, 3]).shape == (2, 3)
    with pytest.raises(ShapeError, match=r"\(2, 3\), and \(3, None\) is asked for"):
        tf.ensure_shape(tf.ones([2, 3]), [3, None])
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None])
        y = tf.ensure_shape(x * 1.0, [3])
        assert y.shape == (3,)
        assert tf.Session().run(y, {x: [1, 2, 3]}).tolist() == [1, 2, 3]
        with pytest.raises(InvalidArgumentError, match="3"):
            tf.Session().run(y, {x: [1, 2, 3, 4]})


def test_to_a_file_by_its_path(tmp_path):
    path = tmp_path / "log.txt"
    tf.print("a", tf.constant([1.0, 2.0]), output_stream=f"file://{path}")
    traced = tf.function(lambda x: tf.print("b", x, output_stream=f"file://{path}"))
    traced(tf.constant(3))
    assert path.read_text() == "a [1 2]\nb 3\n"
    with pytest.raises(ValueError, match="output_stream is 'nowhere'"):
        tf.print(1, output_stream="nowhere")
