"""Sizes that are known only when a program runs, where TensorFlow's programs pass them. Results are TensorFlow's."""
import numpy as np
import pytest

import graphengine as tf
from graphengine import errors

X = np.arange(12, dtype=np.float32).reshape(3, 4)
rows = lambda x: tf.shape(x)[0]
column = lambda x: x[:, 1]                  # [1, 5, 9]

CALLS = {
    "eye": (lambda x: tf.eye(1, batch_shape=tf.shape(x)[:1]), [[[1]]] * 3),
    "linspace": (lambda x: tf.linspace([0.0, 1.0], [1.0, 5.0], num=rows(x)), [[0, 1], [0.5, 3], [1, 5]]),
    "repeat": (lambda x: tf.repeat(column(x), rows(x) - 1), [1, 1, 5, 5, 9, 9]),
    "repeats": (lambda x: tf.repeat(column(x), tf.range(rows(x)), axis=0), [5, 9, 9]),
    "split": (lambda x: tf.split(column(x), [1, rows(x) - 1], 0)[1], [5, 9]),
    "split, the rest": (lambda x: tf.split(column(x), [1, -1, 1], 0)[1], [5]),
    "pad": (lambda x: tf.pad(column(x), [[1, rows(x) - 1]], constant_values=7.0), [7, 1, 5, 9, 7, 7]),
    "pad by a tensor": (lambda x: tf.pad(column(x), tf.stack([[0, rows(x)]])), [1, 5, 9, 0, 0, 0]),
    "reflect": (lambda x: tf.pad(column(x), [[rows(x) - 1, 1]], "REFLECT"), [9, 5, 1, 5, 9, 5]),
    "symmetric": (lambda x: tf.pad(column(x), [[rows(x), 1]], "SYMMETRIC"), [9, 5, 1, 1, 5, 9, 9]),
    "sequence_mask": (lambda x: tf.sequence_mask(tf.range(rows(x))), [[0, 0], [1, 0], [1, 1]]),
    "band": (lambda x: tf.linalg.band_part(x[:, :3], rows(x) - 2, 0), [[0, 0, 0], [4, 5, 0], [0, 9, 10]]),
    "frame": (lambda x: tf.signal.frame(column(x), 2, 1), [[1, 5], [5, 9]]),
    "frame by sizes": (lambda x: tf.signal.frame(column(x), rows(x) - 1, 1), [[1, 5], [5, 9]]),
    "frame to the end": (lambda x: tf.signal.frame(column(x), 2, 2, True, -1.0), [[1, 5], [9, -1]]),
    "overlap_and_add": (lambda x: tf.signal.overlap_and_add(x[:, :3], 2), [0, 1, 6, 5, 14, 9, 10]),
    "bincount": (lambda x: tf.math.bincount([1, 2, 2], minlength=rows(x) + 1, maxlength=rows(x) + 1), [0, 1, 2, 0]),
    "unravel_index": (lambda x: tf.unravel_index([5, 1], tf.shape(x)), [[1, 0], [1, 1]]),
    "dynamic_stitch": (lambda x: tf.dynamic_stitch([tf.range(rows(x)), [rows(x)]], [x, tf.zeros([1, 4])])[2:],
                       [[8, 9, 10, 11], [0, 0, 0, 0]]),
    "tensor_diag": (lambda x: tf.linalg.tensor_diag(column(x)), [[1, 0, 0], [0, 5, 0], [0, 0, 9]]),
    "crop or pad": (lambda x: tf.image.resize_with_crop_or_pad(x[:, :, None], 4, 2)[:, :, 0],
                    [[1, 2], [5, 6], [9, 10], [0, 0]]),
    "crop": (lambda x: tf.image.crop_to_bounding_box(x[:, :, None], 1, 2, rows(x) - 1, 1)[:, 0, 0], [6, 10]),
    "histogram": (lambda x: tf.histogram_fixed_width(x, [0.0, 12.0], nbins=rows(x)), [4, 4, 4]),
    "convolution": (lambda x: tf.nn.conv1d_transpose(x[:, :1, None], tf.ones([2, 1, 1]), [rows(x), 2, 1], 2)[:, :, 0],
                    [[0, 0], [4, 4], [8, 8]]),
    "draws": (lambda x: tf.shape(tf.random.gamma([rows(x)], [1.0, 2.0])), [3, 2]),
}


@pytest.mark.parametrize("name", CALLS)
def test_sizes_at_run_time(name):
    call, wanted = CALLS[name]
    traced = tf.function(lambda x: call(x), input_signature=[tf.TensorSpec([None, None], tf.float32)])
    np.testing.assert_allclose(traced(X), wanted)
    np.testing.assert_allclose(call(tf.constant(X)), wanted)


SLOPES = {
    "pad": (lambda x: tf.pad(column(x), [[1, rows(x)]]) * tf.range(1.0, 8.0), [2, 3, 4]),
    "symmetric": (lambda x: tf.pad(column(x), [[rows(x), 0]], "SYMMETRIC") * tf.range(1.0, 7.0), [7, 7, 7]),
    "split": (lambda x: tf.split(column(x), [1, -1], 0)[1], [0, 1, 1]),
    "frame": (lambda x: tf.signal.frame(column(x), 2, 1), [1, 2, 1]),
    "repeats": (lambda x: tf.repeat(column(x), tf.range(rows(x)), axis=0), [0, 1, 2]),
}


@pytest.mark.parametrize("name", SLOPES)
def test_gradients(name):
    call, wanted = SLOPES[name]

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.float32)])
    def slope(x):
        return tf.gradients(tf.reduce_sum(call(x)), [x])[0]

    np.testing.assert_allclose(slope(X)[:, 1], wanted)


WRONG = {
    "a border": (lambda x: tf.pad(column(x), [[rows(x), 0]], "REFLECT"), "wider than the inside"),
    "parts": (lambda x: tf.split(column(x), [rows(x), 1], 0)[0], "do not add up"),
    "repeats": (lambda x: tf.repeat(column(x), tf.range(rows(x) + 1), axis=0), "for each element"),
    "a step": (lambda x: tf.signal.frame(column(x), 2, rows(x) - 3), "frame_step"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit(name):
    call, match = WRONG[name]
    traced = tf.function(lambda x: call(x), input_signature=[tf.TensorSpec([None, None], tf.float32)])
    with pytest.raises(errors.InvalidArgumentError, match=match):
        traced(X)
