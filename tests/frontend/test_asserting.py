"""`debugging`: conditions that hold say nothing, those that do not raise with the values, at once and in functions."""

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import DTypeError, InvalidArgumentError, ShapeError

d = tf.debugging
BROKEN = {
    "assert_equal": ([1, 2], [1, 3]), "assert_none_equal": ([1, 2], [3, 2]), "assert_less": ([1, 2], 2),
    "assert_less_equal": (3, [3, 2]), "assert_greater": (1.0, 1.0), "assert_greater_equal": ([1.0, 0.5], 1.0),
    "assert_near": (1.0, 1.001), "assert_positive": ([1, 0],), "assert_non_negative": ([-1, 0],),
    "assert_negative": ([-1, 0],), "assert_non_positive": ([1, 0],),
}
WHOLE = {
    "assert_equal": ([1, 2], [1, 2]), "assert_none_equal": ([1, 2], 3), "assert_less": ([1, 2], 3),
    "assert_less_equal": (2, [3, 2]), "assert_greater": (1.5, 1.0), "assert_greater_equal": ([1.0, 1.5], 1.0),
    "assert_near": (1.0, 1.0000001), "assert_positive": ([1, 2],), "assert_non_negative": ([1, 0],),
    "assert_negative": ([-1, -2],), "assert_non_positive": ([-1, 0],),
}


@pytest.mark.parametrize("name", BROKEN)
def test_at_once(name):
    assert getattr(d, name)(*map(tf.constant, WHOLE[name])) is None
    with pytest.raises(InvalidArgumentError, match=r"never so: x .*does not hold: x = "):
        getattr(d, name)(*map(tf.constant, BROKEN[name]), message="never so")


@pytest.mark.parametrize("name", BROKEN)
def test_in_a_function(name):
    """The condition is part of the graph although nothing reads it."""
    @tf.function
    def f(*values):
        getattr(d, name)(*values)
        return values[0] + 1

    np.testing.assert_array_equal(f(*map(tf.constant, WHOLE[name])), np.add(WHOLE[name][0], 1))
    with pytest.raises(InvalidArgumentError, match="does not hold"):
        f(*map(tf.constant, BROKEN[name]))


def test_numbers():
    assert float(d.check_numerics(tf.constant(1.0), "x")) == 1.0
    for bad in (np.nan, np.inf):
        with pytest.raises(InvalidArgumentError, match="my x : Tensor had NaN or Inf"):
            d.check_numerics(tf.constant([1.0, bad]), "my x")
        with pytest.raises(InvalidArgumentError, match="NaN or Inf"):
            tf.function(lambda x: d.assert_all_finite(x, "x"))(tf.constant([1.0, bad]))


def test_assert_shows_its_data():
    tf.Assert(tf.constant(True), ["never"])
    with pytest.raises(InvalidArgumentError, match="x is 3"):
        tf.Assert(tf.constant(1) > 2, ["x is", tf.constant(3)])


def test_without_numbers():
    d.assert_rank(tf.zeros([2, 3]), 2)
    d.assert_shapes([(tf.zeros([2, 3]), ("n", 3)), (tf.zeros([3, 2]), (3, "n"))])
    for broken in (lambda: d.assert_rank(tf.zeros([2]), 2), lambda: d.assert_rank_at_least(tf.zeros([2]), 2),
                   lambda: d.assert_scalar(tf.zeros([2])),
                   lambda: d.assert_shapes({tf.zeros([2, 3]): ("n", "n")}.items())):
        with pytest.raises(ShapeError):
            broken()
    d.assert_type(tf.zeros([1]), tf.float32)
    with pytest.raises(DTypeError, match="float32, not int32"):
        d.assert_type(tf.zeros([1]), tf.int32)
    assert d.is_numeric_tensor(tf.zeros([1])) and not d.is_numeric_tensor(3)


def test_functions_run_eagerly():
    seen = []

    @tf.function
    def f(x):
        seen.append(tf.executing_eagerly())
        return x * 2

    f(1.0)
    tf.config.run_functions_eagerly(True)
    try:
        assert tf.config.functions_run_eagerly() and float(f(tf.constant(2.0))) == 4.0
    finally:
        tf.config.run_functions_eagerly(False)
    assert float(f(tf.constant(2.0))) == 4.0 and seen[1] is True and not tf.config.functions_run_eagerly()
