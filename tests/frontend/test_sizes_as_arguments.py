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
    "a step": (lambda x: tf.signal.frame(column(x), 2, rows(x) - 3), "signal.frame: frame_step"),
    "a block": (lambda x: tf.slice(column(x), [rows(x)], [1]), "slice: the block does not fit into axis 0"),
    "the greatest": (lambda x: tf.math.top_k(x, rows(x) + 2), "top_k: k is negative, or more"),
    "blocks": (lambda x: tf.space_to_batch(x, [2], [[0, rows(x) - 2]]), "space_to_batch: a size is no multiple of 2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_does_not_fit(name):
    call, match = WRONG[name]
    traced = tf.function(lambda x: call(x), input_signature=[tf.TensorSpec([None, None], tf.float32)])
    with pytest.raises(errors.InvalidArgumentError, match=match):
        traced(X)


# Of the numbers 0 to 11 as an image of 3 by 4, brought to 2 by 3; the sizes come from another image.
RESIZED = {
    ("bilinear", False): [1.1667, 2.5, 3.8333, 7.1667, 8.5, 9.8333],
    ("bilinear", True): [1.8, 3.0, 4.2, 6.8, 8.0, 9.2],
    ("nearest", False): [0, 2, 3, 8, 10, 11],
    ("area", False): [1.5833, 2.8333, 4.0833, 6.9167, 8.1667, 9.4167],
    ("bicubic", False): [0.7746, 2.1715, 3.5685, 7.4315, 8.8285, 10.2254],
    ("lanczos3", True): [1.2552, 2.5958, 3.9364, 7.0636, 8.4042, 9.7448],
}
OTHER = np.zeros((1, 2, 3, 1), np.float32)
IMAGE = np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)


def of_images(call):
    return tf.function(call, input_signature=[tf.TensorSpec([None, None, None, 1])] * 2)


@pytest.mark.parametrize(("method", "antialias"), RESIZED)
def test_images_as_large_as_others(method, antialias):
    resize = of_images(lambda x, y: tf.image.resize(x, tf.shape(y)[1:3], method, antialias=antialias))
    found = resize(IMAGE, OTHER)
    assert found.shape == (1, 2, 3, 1)
    np.testing.assert_allclose(np.ravel(found), RESIZED[method, antialias], atol=1e-4)
    assert resize(OTHER, IMAGE).shape == (1, 3, 4, 1)


@pytest.mark.parametrize(("call", "shape"), [
    (lambda x, y: tf.image.resize(x, [5, tf.shape(y)[2]], preserve_aspect_ratio=True), (1, 2, 3, 1)),
    (lambda x, y: tf.image.resize_with_pad(x, tf.shape(y)[1] * 2, tf.shape(y)[2]), (1, 4, 3, 1)),
])
def test_images_brought_into_a_size(call, shape):
    found = of_images(call)(IMAGE, OTHER)
    assert found.shape == shape
    wanted = np.zeros(shape[1] * 3)
    wanted[:6] = RESIZED["bilinear", False]
    np.testing.assert_allclose(np.ravel(found), wanted, atol=1e-4)


@pytest.mark.parametrize(("image", "picture"), [((9, 7), (7, 5)), ((1, 7), (1, 12)), ((3, 2), (7, 4))])
def test_an_image_in_zeros_is_as_large_whether_its_size_is_known(image, picture):
    """Rows and columns of the picture are TensorFlow's, which computes them in float32."""
    def framed(x):
        return tf.image.resize_with_pad(x, 7, 13)

    x = np.ones((1, *image, 1), np.float32)
    for found in (framed(x), tf.function(framed, input_signature=[tf.TensorSpec([1, None, None, 1])])(x)):
        is_picture = np.asarray(found)[0, :, :, 0] > 0
        assert (is_picture.any(1).sum(), is_picture.any(0).sum()) == picture


def test_an_image_without_pixels_is_refused():
    shrunk = tf.function(lambda size: tf.image.resize(IMAGE, size), input_signature=[tf.TensorSpec([2], tf.int32)])
    with pytest.raises(errors.ShapeError, match="height or the width of the result is 0"):
        shrunk(np.array([0, 4], np.int32))


def test_shapes_nobody_knows_the_length_of():
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)])
    def made(sizes):
        return tf.fill(sizes, 2.0), tf.reduce_sum(tf.broadcast_to(tf.constant(1.0), sizes) * 3.0)

    for sizes in ([2, 3], [2, 1, 3], [], [2, 3], [0]):
        filled, total = made(np.array(sizes, np.int32))
        np.testing.assert_array_equal(filled, np.full(sizes, 2.0))
        assert total == 3.0 * np.prod(sizes)


def test_one_number_of_repeats_among_those_nobody_has_counted():
    repeat = tf.function(lambda n: tf.repeat(tf.constant([1, 2]), n), input_signature=[tf.TensorSpec([None], tf.int32)])
    np.testing.assert_array_equal(repeat(np.array([2], np.int32)), [1, 1, 2, 2])
    np.testing.assert_array_equal(repeat(np.array([2, 1], np.int32)), [1, 1, 2])
    with pytest.raises(errors.InvalidArgumentError, match="repeat: repeats needs a number for each"):
        repeat(np.array([1, 1, 1], np.int32))


def test_borders_of_blocks_as_tensors():
    traced = tf.function(lambda x, around: tf.batch_to_space(tf.space_to_batch(x, [2], around), [2], around),
                         input_signature=[tf.TensorSpec([None, None]), tf.TensorSpec([1, 2], tf.int32)])
    np.testing.assert_array_equal(traced(X, np.array([[1, 1]], np.int32)), X)
    with pytest.raises(errors.ShapeError, match="batch_to_space: more is cropped"):
        tf.batch_to_space(X[:2], [2], [[5, 9]])
