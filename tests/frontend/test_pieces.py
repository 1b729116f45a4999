"""Functions that give lists, or want numbers known beforehand; an op of two results through a session."""
import numpy as np
import pytest

import graphengine as tf
from graphengine import config, errors


def run(build, feeds=()):
    """The values of what `build` makes of placeholders of unknown sizes for `feeds`."""
    with tf.Graph().as_default() as graph:
        xs = [tf.placeholder(a.dtype, [None] * a.ndim) for a in feeds]
        fetches = build(*xs)
        with tf.Session(graph) as session:
            return session.run(fetches, dict(zip(xs, feeds, strict=True)))


X = np.arange(12, dtype=np.float32).reshape(3, 4)


def test_equal_parts_and_parts_of_given_sizes():
    for got, want in zip(run(lambda x: tf.split(x, 2, axis=1), [X]), np.split(X, 2, 1), strict=True):
        np.testing.assert_array_equal(got, want)
    sizes = [a.shape for a in run(lambda x: tf.split(x, [1, 3], axis=-1), [X])]
    assert sizes == [(3, 1), (3, 3)]


@pytest.mark.parametrize("tier", ["kernels", "interpreter"])
@pytest.mark.parametrize("size", [4, 7])
def test_parts_make_up_the_whole_when_its_size_is_known(size, tier):
    with config.override(tier=tier):
        for build in (lambda x: tf.split(x, [2, 3]), lambda x: tf.unstack(x, 5)):
            with pytest.raises(errors.ShapeError, match="another size than is asked for"):
                run(build, [np.arange(size, dtype=np.float32)])


@pytest.mark.parametrize("tier", ["kernels", "interpreter"])
def test_sizes_of_parts_in_a_tensor_may_leave_one_to_the_rest(tier):
    x, sizes = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int32, [3])
    parts, values = tf.split(x, sizes), np.arange(6, dtype=np.float32)
    with config.override(tier=tier):
        for given, ends in (([2, -1, 1], [2, 5]), ([-1, 0, 4], [2, 2]), ([4, 2, -1], [4, 6]), ([1, 2, 3], [1, 3])):
            found = tf.Session(x.graph).run(parts, {x: values, sizes: given})
            for got, want in zip(found, np.split(values, ends), strict=True):
                np.testing.assert_array_equal(got, want)
        for given in ([-1, -1, 6 - 1], [4, 3, -1], [2, 2, 1], [7, -1, 0]):
            for part in parts:
                with pytest.raises(errors.InvalidArgumentError, match="add up"):
                    tf.Session(x.graph).run(part, {x: values, sizes: given})


def test_slices_along_an_axis():
    for got, want in zip(run(lambda x: tf.unstack(x, 4, axis=-1), [X]), X.T, strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("indexing", ["xy", "ij"])
def test_grid(indexing):
    lines = [np.arange(k, dtype=np.float32) for k in (2, 3, 4)]
    got = run(lambda *xs: tf.meshgrid(*xs, indexing=indexing), lines)
    for g, w in zip(got, np.meshgrid(*lines, indexing=indexing), strict=True):
        np.testing.assert_array_equal(g, w)


def test_sequences_and_identity():
    assert run(lambda: tf.range(3, 18, 3)).tolist() == [3, 6, 9, 12, 15]
    assert run(lambda: tf.range(2.5)).dtype == np.float32
    assert run(lambda: tf.eye(2, 3, batch_shape=[2])).shape == (2, 2, 3)


def test_counts():
    assert run(lambda: tf.math.bincount([1, 1, 5, 0], minlength=3, maxlength=3)).tolist() == [1, 2, 0]
    assert tf.math.bincount([1.0, 1.7, 3.0]).numpy().tolist() == [0, 2, 0, 1]           # as TensorFlow
    assert run(lambda: tf.math.confusion_matrix([1, 0, 1], [1, 1, 1], 2)).tolist() == [[0, 1], [0, 2]]


@pytest.mark.parametrize("arguments, counts", [         # recorded from TensorFlow 2.21
    ({"axis": -1}, [[0, 1, 1], [0, 2, 0]]), ({"axis": -1, "binary_output": True}, [[0, 1, 1], [0, 1, 0]]),
    ({"binary_output": True}, [0, 1, 1]), ({"axis": 0}, [0, 3, 1]), ({"axis": -1, "maxlength": 2}, [[0, 1], [0, 2]]),
    ({"axis": -1, "minlength": 4}, [[0, 1, 1, 0], [0, 2, 0, 0]]),
    ({"axis": -1, "weights": [[0.5, 1.0], [2.0, 3.0]]}, [[0, 0.5, 1], [0, 5, 0]]),
])
def test_counts_of_rows(arguments, counts):
    assert run(lambda: tf.math.bincount([[1, 2], [1, 1]], **arguments)).tolist() == counts
    assert tf.math.bincount([[1, 2], [1, 1]], **arguments).numpy().tolist() == counts


def test_counts_refuse_negative_numbers():
    for axis in (0, -1):
        with pytest.raises(errors.InvalidArgumentError, match="bincount: a number is negative"):
            tf.math.bincount([[1, 2], [2, -5]], axis=axis)
        with pytest.raises(errors.InvalidArgumentError, match="a number is negative"):
            run(lambda axis=axis: tf.math.bincount([[1, 2], [2, -5]], axis=axis))
    with pytest.raises(errors.AttributeValueError, match="axis is 1"):
        tf.math.bincount([[1, 2]], axis=1)
    with pytest.raises(errors.AttributeValueError, match="both given"):
        tf.math.bincount([1], weights=[1.0], binary_output=True)


@pytest.mark.parametrize("sizes, shape, wanted", [      # recorded from TensorFlow 2.21
    ([0], [0, -1], (0, 1)), ([0], [-1, 0], (1, 0)), ([0, 3], [0, -1], (0, 3)), ([0, 3], [2, 0, -1], (2, 0, 1)),
    ([2, 0, 6], [3, 0, -1], (3, 0, 4)), ([2, 0], [3, -1], (3, 0)), ([0, 5], [3, 0, -1], (3, 0, 1)),
])
def test_nothing_in_another_shape(sizes, shape, wanted):
    assert run(lambda: tf.reshape(tf.zeros(sizes), shape)).shape == wanted
    assert tf.reshape(tf.zeros(sizes), shape).shape == wanted


@pytest.mark.parametrize("tier", ["kernels", "interpreter"])
def test_nothing_of_unknown_sizes_in_another_shape(tier):
    with config.override(tier=tier), tf.Graph().as_default():
        x, y = tf.placeholder(tf.float32, [None, None]), tf.placeholder(tf.float32, [None])
        found = tf.Session().run([tf.reshape(x, [0, -1]), tf.reshape(y, [0, -1])], {x: np.zeros((0, 3)), y: []})
        assert [a.shape for a in found] == [(0, 3), (0, 1)]


def test_sorted_segments():
    assert run(lambda x: tf.math.segment_sum(x, [0, 0, 2]), [X])[:, 0].tolist() == [4, 0, 8]
    assert run(lambda x: tf.math.segment_max(x, [0, 0, 2]), [X])[:, 0].tolist() == [4, 0, 8]


def test_two_results_and_their_gradient():
    x = np.array([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]], np.float32)

    def build(x):
        values, indices = tf.math.top_k(x, 2)
        (g,) = tf.gradients(values * values, [x])
        return values, indices, g

    values, indices, g = run(build, [x])
    assert values.tolist() == [[3, 2], [5, 4]]
    assert indices.tolist() == [[0, 2], [1, 2]]
    assert g.tolist() == [[6, 0, 4], [0, 10, 8]]


def test_a_long_row_is_put_in_order(rng):
    x = rng.integers(-50, 50, (2, 3000)).astype(np.float32)
    x[0, ::7] = np.nan
    places = run(lambda x: tf.argsort(x), [x])
    np.testing.assert_array_equal(places, np.argsort(x, kind="stable"))


def test_places_outside_are_errors_when_run():
    with pytest.raises(errors.InvalidArgumentError):
        run(lambda x: tf.gather_nd(x, np.array([[3, 0]], np.int32)), [X])
    with pytest.raises(errors.InvalidArgumentError):
        run(lambda x: tf.scatter_nd(np.array([[5]], np.int32), x[0, :1], [5]), [X])


@pytest.mark.parametrize("how", [lambda f: f, tf.function], ids=["at once", "traced"])
def test_results_have_tensorflows_names(how):
    x = tf.constant([3.0, 1.0, 3.0])
    square = tf.constant([[2.0, 0.0], [0.0, 3.0]])
    top, unique, counted, qr, size = how(lambda: (
        tf.math.top_k(x, 2), tf.unique(x), tf.unique_with_counts(x), tf.linalg.qr(square), tf.linalg.slogdet(square)))()
    np.testing.assert_array_equal(top.indices, [0, 2])
    np.testing.assert_array_equal(top.values, [3.0, 3.0])
    np.testing.assert_array_equal(unique.idx, [0, 1, 0])
    np.testing.assert_array_equal(counted.count, [2, 1])
    np.testing.assert_allclose(np.asarray(qr.q) @ np.asarray(qr.r), square, rtol=1e-6)
    np.testing.assert_allclose([size.sign, size.log_abs_determinant], [1.0, np.log(6.0)], rtol=1e-6)


@pytest.mark.parametrize("data, ids, wanted", [         # recorded from TensorFlow 2.21
    ([-1, -2, 4], [0, 0, 3], [-1, 0, 0, 4]), ([1, 2, 4], [0, 0, 1], [1, 4]),
    ([[1, 2], [2, 2], [4, 5]], [0, 0, 1], [[1, 2], [4, 5]]),
])
def test_means_of_segments_of_whole_numbers(data, ids, wanted):
    assert tf.math.segment_mean(data, ids).numpy().tolist() == wanted
    with tf.Graph().as_default():
        x, places = tf.placeholder(tf.int32, np.shape(data)), tf.placeholder(tf.int32, [None])
        y = tf.math.segment_mean(x, places)
        found = tf.Session().run(y, {x: data, places: ids})
    assert found.dtype == np.int32 and found.tolist() == wanted
