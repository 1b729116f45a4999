"""Sizes that turn out to be 1 when a program runs: they broadcast, or are dropped, as TensorFlow does."""
import numpy as np
import pytest

import graphengine as tf
from graphengine import config, errors
from graphengine.ops import known

pytestmark = pytest.mark.usefixtures("own_graph")


EXPRESSIONS = {
    "x[1:] + x": lambda x: x[1:] + x,
    "x[::2] * x": lambda x: x[::2] * x,
    "sum(x[1:] * x)": lambda x: (x[1:] * x).sum() if isinstance(x, np.ndarray) else tf.reduce_sum(x[1:] * x),
    "x[2:] - x[1:]": lambda x: x[2:] - x[1:],
}


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_parts_of_one_feed_broadcast(name):
    x = tf.placeholder(tf.float64, [None])
    y, session = EXPRESSIONS[name](x), tf.Session()
    for n in (2, 3, 1, 2, 5):
        value = np.arange(1.0, n + 1)
        try:
            wanted = EXPRESSIONS[name](value)
        except ValueError:
            with pytest.raises(errors.ShapeError, match="sizes differ"):
                session.run(y, {x: value})
        else:
            np.testing.assert_array_equal(session.run(y, {x: value}), wanted)


def test_an_axis_of_one_element_where_no_other_size_would_do():
    """With x taken for something that does not broadcast no size fits: 2 for the sum, and 1 for what is joined."""
    x, y = tf.placeholder(tf.float64, [None]), tf.placeholder(tf.float64, [2])
    total, joined, session = x + y, tf.concat([x, x], 0) + y, tf.Session()
    other = np.array([10.0, 20.0])
    for _ in range(2):
        found = session.run([total, joined], {x: [3.0], y: other})
        np.testing.assert_array_equal(found, [other + 3.0, other + 3.0])
    for n in (2, 3):
        with pytest.raises(errors.ShapeError, match="sizes differ"):
            session.run([total, joined], {x: np.ones(n), y: other})
    np.testing.assert_array_equal(session.run(total, {x: [1.0, 2.0], y: other}), [11.0, 22.0])


def test_such_an_axis_before_a_cut():
    x, y = tf.placeholder(tf.float64, [None]), tf.placeholder(tf.float64, [2])
    total = tf.concat([x, x], 0) * (x + y)
    kept, session = tf.boolean_mask(total, total > 40.0), tf.Session()
    np.testing.assert_array_equal(session.run(kept, {x: [3.0], y: [10.0, 20.0]}), [69.0])
    with pytest.raises(errors.ShapeError, match="sizes differ"):
        session.run(kept, {x: [3.0, 1.0], y: [10.0, 20.0]})


def test_a_part_of_one_feed_meets_another():
    x, y = tf.placeholder(tf.float64, [None]), tf.placeholder(tf.float64, [None])
    z, session = x[1:] * y, tf.Session()
    for n, m in ((4, 3), (2, 5), (4, 1), (2, 1)):
        a, b = np.arange(1.0, n + 1), np.arange(1.0, m + 1)
        np.testing.assert_array_equal(session.run(z, {x: a, y: b}), a[1:] * b)
    with pytest.raises(errors.ShapeError):
        session.run(z, {x: np.ones(4), y: np.ones(5)})


CONVOLUTIONS = {                            # channels in: x, filters; filters
    "no multiple": (3, 2, 2), "filters are no multiple of groups": (4, 2, 3), "fewer": (1, 2, 2), "none": (0, 2, 2),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
@pytest.mark.parametrize("data_format", ["NHWC", "NCHW"])
@pytest.mark.parametrize("is_gradient", [False, True])
def test_channels_of_a_convolution_that_do_not_fit(name, data_format, is_gradient):
    channels, inside, outside = CONVOLUTIONS[name]
    x, w = tf.placeholder(tf.float32, [None] * 4), tf.placeholder(tf.float32, [None] * 4)
    y = tf.nn.conv2d(x, w, 1, "SAME", data_format=data_format)
    if is_gradient:
        (y,) = tf.gradients(y, [w])
    shape = [1, 5, 5, channels] if data_format == "NHWC" else [1, channels, 5, 5]
    for tier in ("kernels", "interpreter"):
        with config.override(tier=tier), pytest.raises(errors.ShapeError):
            tf.Session().run(y, {x: np.ones(shape), w: np.ones([2, 2, inside, outside])})


def test_channels_of_a_convolution_in_groups():
    x, w = tf.placeholder(tf.float64, [None] * 3), tf.placeholder(tf.float64, [None] * 3)
    y = tf.nn.conv1d(x, w, 1, "SAME")
    with config.override(tier="kernels"):
        assert tf.Session().run(y, {x: np.ones([1, 5, 4]), w: np.ones([1, 2, 6])}).tolist() == [[[2.0] * 6] * 5]


def test_gradients_of_what_broadcasts():
    x = tf.placeholder(tf.float64, [None])
    (slope,) = tf.gradients(tf.reduce_sum(x[1:] * x), [x])
    assert tf.Session().run(slope, {x: [3.0, 5.0]}).tolist() == [5.0, 13.0]


@pytest.mark.parametrize("shape", [(3, 1, 2), (1, 4), (2, 3), (1, 1), (0, 1)])
@pytest.mark.parametrize("known", ["rank", "nothing"])
def test_squeeze_drops_what_turns_out_to_be_one(shape, known, rng):
    value = rng.normal(size=shape)
    x = tf.placeholder(tf.float64, [None] * len(shape) if known == "rank" else None)
    y = tf.squeeze(x)
    assert y.shape.rank is None
    total = tf.reduce_sum(tf.square(y) * 0.5)
    got, slope = tf.Session().run([y, tf.gradients(total, [x])[0]], {x: value})
    np.testing.assert_array_equal(got, value.squeeze())
    np.testing.assert_array_equal(slope, value)


def test_squeeze_of_one_program_for_several_shapes():
    x = tf.placeholder(tf.float32, [None, None])
    y, session = tf.squeeze(x) + 1.0, tf.Session()
    for shape in ((2, 3), (1, 3), (4, 1), (2, 3), (5, 6), (1, 1)):
        assert np.shape(session.run(y, {x: np.zeros(shape)})) == np.zeros(shape).squeeze().shape


# ------------------------------------------------------------------ lists that hold tensors

def test_lists_of_tensors_are_stacked():
    x, y = tf.placeholder(tf.float64, [2]), tf.placeholder(tf.float64, [2])
    feeds = {x: [1.0, 2.0], y: [3.0, 4.0]}
    session = tf.Session()

    def value(tensor):
        return session.run(tensor, feeds).tolist()

    assert value(tf.convert_to_tensor([x, y])) == [[1, 2], [3, 4]]
    assert value(tf.convert_to_tensor([[x[0], 0], [1.5, y[1]]])) == [[1, 0], [1.5, 4]]
    assert value(tf.stack([[x, y], [y, x]])) == [[[1, 2], [3, 4]], [[3, 4], [1, 2]]]
    assert value(tf.reduce_sum([x[0], 10, y[0]])) == 14
    assert value(x + [y[0], 1]) == [4, 3]
    assert value(tf.concat([[x[0], 7], y], 0)) == [1, 7, 3, 4]
    assert tf.convert_to_tensor([x, y], name="both").node.name == "both"


def test_variables_and_gradients_in_lists():
    w = tf.Variable([1.0, 2.0])
    y = tf.reduce_sum(tf.square([w[0], 3.0 * w[1]]))
    (slope,) = tf.gradients(y, [w])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(tf.stack([w, w])).tolist() == [[1, 2], [1, 2]]
    assert session.run([y, slope])[1].tolist() == [2.0, 36.0]


def test_lists_of_unlike_tensors_are_refused():
    x = tf.placeholder(tf.float32, [2])
    with pytest.raises(errors.ShapeError):
        tf.convert_to_tensor([x, x[0]])
    with pytest.raises(errors.DTypeError):
        tf.convert_to_tensor([x, tf.cast(x, "int32")])


# ------------------------------------------------------------------ placeholders that need no feed

def test_placeholder_with_default():
    x = tf.placeholder_with_default([1.0, 2.0], [None])
    y = tf.reduce_sum(x * x)
    session = tf.Session()
    assert x.shape == (None,)
    assert (session.run(y), session.run(y, {x: [1.0, 1.0, 1.0]})) == (5.0, 3.0)


def test_gradient_through_a_default():
    w = tf.Variable([1.0, 2.0])
    x = tf.placeholder_with_default(w * 2.0, [None])
    slopes = tf.gradients(tf.reduce_sum(x * x), [w, x])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert [s.tolist() for s in session.run(slopes)] == [[8, 16], [4, 8]]


def test_default_and_feed_have_to_fit():
    with pytest.raises(errors.ShapeError, match="differ on axis 0: 3 and 2"):
        tf.placeholder_with_default([1.0, 2.0], [3])
    x = tf.placeholder_with_default([1.0, 2.0], [2])
    with pytest.raises(errors.FeedError):
        tf.Session().run(x, {x: [1.0, 2.0, 3.0]})
    assert tf.placeholder_with_default([1.0], None).shape.rank is None


def test_a_default_goes_through_a_file(tmp_path):
    tf.placeholder_with_default([1.0, 2.0], [None], name="x")
    tf.get_default_graph().save(tmp_path / "a.graph.json")
    graph = tf.load(tmp_path / "a.graph.json")
    assert tf.Session(graph).run("x").tolist() == [1, 2]


# ------------------------------------------------------------------ explanations by name

def test_a_node_without_results_is_explained_by_its_name():
    w = tf.Variable([1.0])
    tf.group(w.assign_add([2.0]), name="step")
    assert "add" in str(tf.explain("step")) and "add" in str(tf.explain(["step", w]))


def test_sizes_from_a_long_chain_of_nodes():
    x = tf.placeholder(tf.float32, [None])
    n = tf.shape(x)[0]
    for _ in range(1500):
        n = n + 1
    assert tf.reshape(x, tf.stack([n - 1500, 1])).shape.rank == 2


def test_numbers_too_many_or_too_large_to_be_sizes_are_left_to_the_run():
    x = tf.placeholder(tf.float32, [None])
    many, large = tf.stack([tf.shape(x)[0]]), tf.stack([tf.shape(x, out_type=tf.int64)[0] * 0 + 3])
    for _ in range(40):
        many, large = tf.concat([many, many], 0), large * large
    assert not known.follows_from_sizes(many)
    assert tf.reshape(x, large).shape.rank == 1


def test_a_size_that_is_too_long_a_product():
    x = tf.placeholder(tf.float32, [None])
    n = tf.shape(x)[0]
    for _ in range(30):
        n = n * n
    y = tf.reshape(x, tf.stack([n]))
    with config.override(tier="kernels"), pytest.raises(errors.ShapeError, match="a product of more than 64"):
        tf.Session().run(y, {x: [1.0]})


@pytest.mark.parametrize("method", ["nearest", "bilinear"])
@pytest.mark.parametrize("tier", ["kernels", "interpreter"])
def test_images_without_pixels(method, tier):
    x = tf.placeholder(tf.float32, [None] * 4)
    with config.override(tier=tier), pytest.raises(errors.ShapeError, match="no pixels"):
        tf.Session().run(tf.image.resize(x, [2, 2], method), {x: np.ones([1, 0, 3, 1])})
    with pytest.raises(errors.ShapeError, match="no pixels"):
        tf.image.resize(tf.zeros([0, 2, 1]), [2, 2], method)


def test_sequences_of_unknown_lengths_are_turned_around():
    with tf.Graph().as_default(), tf.Session() as session:
        x, lengths = tf.placeholder(tf.float32, [None, None, 2]), tf.placeholder(tf.int32, [None])
        turned = tf.reverse_sequence(x, lengths, seq_axis=1, batch_axis=0)
        back = tf.reverse_sequence(turned, lengths, seq_axis=1, batch_axis=0)
        for n, steps in ((3, 4), (1, 1), (2, 3), (0, 3), (2, 0)):
            x_n = np.arange(n * steps * 2, dtype="f4").reshape(n, steps, 2)
            own = np.arange(n) % (steps + 1)
            expected = [[*row[:k][::-1], *row[k:]] for row, k in zip(x_n, own, strict=True)]
            found, again = session.run([turned, back], {x: x_n, lengths: own})
            np.testing.assert_array_equal(found, np.reshape(expected, (n, steps, 2)))
            np.testing.assert_array_equal(again, x_n)


@pytest.mark.parametrize("fold", ["sum", "prod", "max", "min", "mean", "sqrt_n"])
@pytest.mark.parametrize("known", [True, False])
def test_gradients_of_no_segments(fold, known):
    """All ids are left out, so there is no row that a gradient might come from."""
    with tf.Graph().as_default(), tf.Session() as session:
        x, n = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.int32, [])
        y = getattr(tf.math, f"unsorted_segment_{fold}")(x, [-1, -1, -1], 0 if known else n)
        slopes = tf.gradients(tf.reduce_sum(y), x)[0]
        np.testing.assert_array_equal(session.run(slopes, {x: np.ones((3, 2)), n: 0}), np.zeros((3, 2)))


def test_matrices_of_ones_on_the_diagonal():
    with tf.Graph().as_default(), tf.Session() as session:
        x = tf.placeholder(tf.float32, [None, 3])
        n = tf.shape(x)[0]
        square, wide, batch = tf.eye(n), tf.eye(n, 4, dtype=tf.float64), tf.eye(n, batch_shape=[2])
        for size in (0, 1, 5):
            found = session.run([square, wide, batch, square @ x], {x: np.ones((size, 3))})
            np.testing.assert_array_equal(found[0], np.eye(size))
            np.testing.assert_array_equal(found[1], np.eye(size, 4))
            np.testing.assert_array_equal(found[2], np.broadcast_to(np.eye(size), (2, size, size)))
            np.testing.assert_array_equal(found[3], np.ones((size, 3)))
