"""Calls at the edges of what they take: what TensorFlow 2.21 gives there, or that it refuses them."""
import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import AttributeValueError, IndexOutsideError, InvalidArgumentError

HOW = pytest.mark.parametrize("how", [lambda f: f, tf.function], ids=["at once", "traced"])


@HOW
def test_indices_and_ranges_that_are_refused(how):
    with pytest.raises(InvalidArgumentError, match="negative"):
        how(lambda i: tf.dynamic_stitch([i], [[1.0, 2.0]]))(tf.constant([-1, 0]))
    for ends in ([3.0, 3.0], [3.0, 2.0]):
        with pytest.raises(InvalidArgumentError, match="value_range"):
            how(lambda r: tf.histogram_fixed_width([1.0, 2.0], r, 4))(tf.constant(ends))


@HOW
@pytest.mark.parametrize("dtype", ["int32", "int64", "float32", "float64"])
def test_histograms_of_whole_numbers(how, dtype):
    values = np.array([[-7, 1, 2], [3, 9, 99]], dtype)
    wanted, _ = np.histogram(np.clip(values, 0, 9), 5, (0, 10))
    count = how(lambda x: tf.histogram_fixed_width(x, [0, 10], 5))(tf.constant(values))
    np.testing.assert_array_equal(count, wanted)
    places = how(lambda x: tf.histogram_fixed_width_bins(x, [0, 10], 5))(tf.constant(values))
    np.testing.assert_array_equal(places, [[0, 0, 1], [1, 4, 4]])


@HOW
@pytest.mark.parametrize("call", [lambda x, i: tf.tensor_scatter_nd_add(x, i, [1.0]), tf.gather_nd])
@pytest.mark.parametrize("index", [7, -2])
def test_an_index_outside_is_told(how, call, index):
    with pytest.raises(IndexOutsideError, match=rf"index {index} is outside \[0, 3\)"):
        how(call)(tf.constant([1.0, 2.0, 3.0]), tf.constant([[index]]))


@HOW
@pytest.mark.parametrize(("call", "told"), [
    (lambda i: tf.gather_nd(tf.zeros([3, 4]), i), r"index 7 is outside \[0, 4\) of axis 1"),
    (lambda i: tf.tensor_scatter_nd_max(tf.zeros([3, 4]), i, [1.0]), r"index 7 is outside \[0, 4\) of axis 1"),
    (lambda i: tf.gather(tf.zeros([1, 4]), i, batch_dims=1), r"index 7 is outside \[0, 4\)"),
    (lambda i: tf.math.unsorted_segment_sum([[1.0, 2.0]], i, 3), r"index 7 is outside \[0, 3\)"),
])
def test_an_index_of_several_is_told(how, call, told):
    with pytest.raises(IndexOutsideError, match=told):
        how(call)(tf.constant([[1, 7]]))


@HOW
@pytest.mark.parametrize(("x", "padding", "largest", "places"), [
    (np.full((3, 3), -np.inf, "f4"), "SAME", [-np.inf] * 4, [0, 2, 6, 8]),
    (np.arange(9, dtype="i4").reshape(3, 3), "SAME", [4, 5, 7, 8], [4, 5, 7, 8]),
    (-np.arange(9, dtype="i8").reshape(3, 3), "VALID", [0], [0]),
])
def test_largest_of_windows(how, x, padding, largest, places):
    found = how(lambda x: tf.nn.max_pool_with_argmax(x, 2, 2, padding))(tf.constant(x.reshape(1, 3, 3, 1)))
    assert [np.ravel(y).tolist() for y in found] == [largest, places]


def test_elements_of_a_border_are_never_the_largest():
    x = tf.constant(np.full((1, 2, 2, 1), -np.inf, "f4"))
    assert np.ravel(tf.nn.max_pool_with_argmax(x, 3, 1, "SAME")[1]).tolist() == [0, 0, 0, 0]
    x = tf.constant(np.float32([[1.0, 2.0], [3.0, 3.0]]).reshape(1, 2, 2, 1))
    assert np.ravel(tf.nn.max_pool_with_argmax(x, 3, 1, "SAME")[1]).tolist() == [2, 2, 2, 2]


def test_places_in_batches_of_any_size():
    @tf.function(input_signature=[tf.TensorSpec([None, 2, 2, 1])])
    def places(x):
        return tf.nn.max_pool_with_argmax(x, 2, 2, "SAME", include_batch_in_index=True)[1]

    assert np.ravel(places(tf.ones([3, 2, 2, 1]))).tolist() == [0, 4, 8]


def test_dilation_of_whole_numbers():
    x = np.arange(4, dtype="i4").reshape(1, 2, 2, 1)
    found = tf.nn.dilation2d(x, np.ones((2, 2, 1), "i4"), [1, 1, 1, 1], "SAME", "NHWC", [1, 1, 1, 1])
    assert np.ravel(found).tolist() == [4, 4, 4, 4]


@pytest.mark.parametrize(("a", "b", "x", "slope"), [
    (1.0, 1.0, 0.0, 1.0), (1.0, 1.0, 1.0, 1.0), (0.5, 0.5, 0.0, np.inf), (2.0, 2.0, 0.0, 0.0), (2.0, 1.0, 1.0, 2.0)])
def test_slope_of_betainc_at_its_ends(a, b, x, slope):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.math.betainc(a, b, x)
    np.testing.assert_allclose(tape.gradient(y, x), slope, rtol=1e-6)


def test_frames_without_steps_or_elements():
    for call in (lambda: tf.signal.frame(np.arange(5.0), 2, 0), lambda: tf.signal.overlap_and_add(np.ones((2, 2)), 0)):
        with pytest.raises(AttributeValueError, match="frame_step=0"):
            call()
    assert tf.signal.overlap_and_add(np.ones((3, 2, 0), "f4"), 4).numpy().tolist() == np.zeros((3, 4)).tolist()


@HOW
def test_factors_of_matrices_without_elements(how):
    assert [y.shape for y in how(tf.linalg.lu)(tf.zeros([2, 0, 0]))] == [(2, 0, 0), (2, 0)]


@HOW
@pytest.mark.parametrize("mode", ["REFLECT", "SYMMETRIC"])
@pytest.mark.parametrize("widths", [[-2, 0], [0, -1]])
def test_borders_of_negative_width_are_refused(how, mode, widths):
    with pytest.raises(InvalidArgumentError, match=r"negative|numbers from 0 on"):
        how(lambda w: tf.pad(tf.range(4.0), [[w[0], w[1]]], mode))(tf.constant(widths))


@pytest.mark.parametrize(("size", "box", "told"), [
    ([0, 5, 3], [0.0, 0.0, 1.0, 1.0], "0 by 5 pixels"), ([20, 30, 3], [0.0, 0.0, 0.5, np.nan], "no number"),
])
def test_parts_of_no_image_or_around_no_box_are_refused(size, box, told):
    with pytest.raises(InvalidArgumentError, match=told):
        tf.image.stateless_sample_distorted_bounding_box(size, [[box]], (1, 2))


@pytest.mark.parametrize("wrong", [2, -1])
def test_a_class_outside_is_told(wrong):
    with pytest.raises(InvalidArgumentError, match=f"class {wrong} of 2"):
        list(tf.data.Dataset.range(3).rejection_resample(lambda x: wrong, [0.5, 0.5]))
