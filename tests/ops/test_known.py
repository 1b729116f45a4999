"""Numbers that follow from sizes which are known while a graph is drawn stand wherever a number does."""
import numpy as np
import pytest

import graphengine as tf
from graphengine import errors

X = np.arange(12, dtype=np.float32).reshape(3, 4)
rows = lambda x: tf.shape(x)[0]

CALLS = {
    "linspace": (lambda x: tf.linspace(0.0, 1.0, rows(x)), [0.0, 0.5, 1.0]),
    "split": (lambda x: tf.split(x[:, 0], [1, rows(x) - 1])[1], [4.0, 8.0]),
    "split by a tensor": (lambda x: tf.split(x[:, 0], tf.stack([rows(x) - 1, 1]))[0], [0.0, 4.0]),
    "pad": (lambda x: tf.pad(x[:, 0], [[0, 5 - rows(x)]]), [0.0, 4.0, 8.0, 0.0, 0.0]),
    "step of a slice": (lambda x: x[::rows(x) - 1, 0], [0.0, 8.0]),
    "band": (lambda x: tf.linalg.band_part(x[:2, :2], rows(x) - 2, 0), [[0.0, 0.0], [4.0, 5.0]]),
    "perm": (lambda x: tf.transpose(x[:2, :2], tf.range(tf.rank(x))[::-1]), [[0.0, 4.0], [1.0, 5.0]]),
    "axes": (lambda x: tf.reduce_sum(x, tf.range(1, tf.rank(x))), [6.0, 22.0, 38.0]),
    "eye": (lambda x: tf.eye(1, batch_shape=[rows(x)]), [[[1.0]]] * 3),
}


@pytest.mark.parametrize("name", CALLS)
def test_sizes_as_numbers(name):
    call, wanted = CALLS[name]
    traced = tf.function(lambda x: call(x), input_signature=[tf.TensorSpec([3, 4], tf.float32)])
    np.testing.assert_allclose(traced(X), wanted)


@pytest.mark.usefixtures("own_graph")
def test_what_is_not_known_is_no_number():
    x = tf.placeholder(tf.float32, [None, 4])
    for read in (int, np.asarray, lambda t: [1, 2, 3][t]):
        assert read(tf.shape(x)[1] - 2) is not None
        with pytest.raises((errors.InvalidArgumentError, TypeError), match="while the graph is drawn"):
            read(tf.shape(x)[0])
    with pytest.raises(TypeError, match="is no number"):
        int(tf.constant(1.5))
