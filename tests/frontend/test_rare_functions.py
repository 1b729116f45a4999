"""Functions of tensors that few programs use, where TensorFlow's values cannot be recorded: by their definitions."""
import numpy as np
import pytest
import scipy.special
import scipy.stats

import graphengine as tf
import graphengine.compat.v1 as v1

BATCH = np.cos(np.arange(100, dtype=np.float32)).reshape(2, 5, 5, 2)
FILTER = np.cos(np.arange(16, dtype=np.float32)).reshape(2, 2, 2, 2)


def in_a_function(call, *arrays):
    return tf.function(call)(*map(tf.constant, arrays))


def gradients_of_a_convolution(x, w, g, stride, around):
    """By input and filter, tap by tap; `around` is what zeros stand before and after rows and columns."""
    whole = np.pad(x, [(0, 0), *around, (0, 0)])
    of_x, of_w = np.zeros_like(whole), np.zeros_like(w)
    for tap in np.ndindex(*w.shape[:2]):
        part = (slice(None), *(slice(k, k + (n - 1) * stride + 1, stride)
                               for k, n in zip(tap, g.shape[1:3], strict=True)))
        of_w[tap] = np.einsum("nhwc,nhwk->ck", whole[part], g)
        of_x[part] += np.einsum("nhwk,ck->nhwc", g, w[tap])
    inside = tuple(slice(before, before + n) for (before, _), n in zip(around, x.shape[1:3], strict=True))
    return of_x[(slice(None), *inside)], of_w


@pytest.mark.parametrize(("stride", "padding", "around"), [
    (2, "SAME", [(0, 1), (0, 1)]), (1, "VALID", [(0, 0), (0, 0)]), (1, "EXPLICIT", [(1, 0), (0, 2)])])
def test_gradients_of_convolutions_as_functions(stride, padding, around):
    rows, columns = ((5 + sum(sides) - 2) // stride + 1 for sides in around)
    g = np.sin(np.arange(2 * rows * columns * 2, dtype=np.float32)).reshape(2, rows, columns, 2)
    wanted = gradients_of_a_convolution(BATCH, FILTER, g, stride, around)
    pairs = [(0, 0), *around, (0, 0)]
    steps = [1, stride, stride, 1]
    args, explicit = (FILTER, g, steps, padding), np.ravel(pairs) if padding == "EXPLICIT" else []
    known = (BATCH.shape, FILTER, g, steps, pairs if padding == "EXPLICIT" else padding)
    for found in ((tf.conv2d_backprop_input_v2(BATCH, *args, explicit_paddings=explicit),
                   tf.conv2d_backprop_filter_v2(BATCH, *args, explicit_paddings=explicit)),
                  (v1.nn.conv2d_backprop_input(*known),
                   v1.nn.conv2d_backprop_filter(BATCH, FILTER.shape, *known[2:]))):
        for f, want in zip(found, wanted, strict=True):
            np.testing.assert_allclose(f, want, 1e-5, 1e-5)
    first = v1.nn.conv2d_backprop_input(
        [2, 2, 5, 5], FILTER, g.transpose(0, 3, 1, 2), [1, 1, stride, stride],
        [(0, 0), (0, 0), *around] if padding == "EXPLICIT" else padding, data_format="NCHW")
    np.testing.assert_allclose(np.transpose(first, (0, 2, 3, 1)), wanted[0], 1e-5, 1e-5)


def test_convolution_along_one_axis_channels_first():
    x, w = BATCH[:, 0], FILTER[0]
    last = tf.conv(x, w, [1, 2, 1], "SAME")
    np.testing.assert_allclose(last, tf.nn.conv1d(x, w, 2, "SAME"), 1e-5)
    first = tf.conv(x.transpose(0, 2, 1), w, [1, 1, 2], "SAME", data_format="CHANNELS_FIRST")
    np.testing.assert_allclose(first, np.transpose(last, (0, 2, 1)), 1e-5)


def test_pools_of_other_windows_in_each_run():
    image = np.arange(121.0, dtype=np.float32).reshape(1, 11, 11, 1)
    for pseudo in (False, True):
        rows = {tuple(tf.nn.fractional_max_pool(image, 1.6, pseudo)[1].numpy().tolist()) for _ in range(20)}
        assert len(rows) > 1
        for r in rows:
            assert (r[0], r[-1], len(r)) == (0, 11, 7) and set(np.diff(r)) <= {1, 2}
    traced = tf.function(lambda x: tf.nn.fractional_avg_pool(x, [1.0, 1.6, 1.6, 1.0]))
    assert len({tuple(traced(tf.constant(image))[1].numpy().tolist()) for _ in range(20)}) > 1
    means, rows, columns = traced(tf.constant(image))
    np.testing.assert_allclose(means[0, 1, 2, 0], image[0, rows[1]:rows[2], columns[2]:columns[3], 0].mean(), 1e-6)
    for wrong in (0.5, [1.0, 1.5, 1.5, 2.0], [2.0, 1.5, 1.5, 1.0]):
        with pytest.raises(ValueError, match="pooling_ratio"):
            tf.nn.fractional_max_pool(image, wrong)


def test_the_least_k_along_an_axis():
    values, places = tf.math.approx_min_k(tf.constant([[3.0, 1, 2], [5, 0, 6]]), 2, reduction_dimension=0)
    assert values.numpy().tolist() == [[3, 0, 2], [5, 1, 6]] and places.numpy().tolist() == [[0, 1, 0], [1, 0, 1]]
    for whole in (np.array([5, 0, 7], np.uint8), np.array([5, -2**31, 7], np.int32)):
        assert [x.numpy().tolist() for x in tf.math.approx_min_k(whole, 2)] == [[whole[1], 5], [1, 0]]


def test_places_in_an_order_by_chance_are_tensorflows():
    shuffle = tf.random.experimental.index_shuffle
    assert [int(shuffle(k, [1, 2], 5)) for k in range(6)] == [5, 0, 1, 4, 3, 2]             # recorded
    assert shuffle([0, 1, 2, 3], [7, 9], 100000).numpy().tolist() == [5411, 78803, 42985, 13040]
    assert sorted(in_a_function(lambda k: shuffle(k, [3, 4], 49), np.arange(50)).numpy().tolist()) == list(range(50))


# -------------------------------------------------------------------- distributions

@pytest.mark.parametrize("mean", [0.5, 7.0, 80.0])
def test_numbers_of_events(mean):
    drawn = tf.random.stateless_poisson([20000], [1, 2], mean).numpy()
    assert drawn.dtype == np.int32 and abs(drawn.mean() - mean) < 5 * np.sqrt(mean / 20000)
    assert abs(drawn.var() / mean - 1) < 0.05
    np.testing.assert_array_equal(drawn, tf.random.stateless_poisson([20000], [1, 2], mean))
    assert (drawn != tf.random.stateless_poisson([20000], [1, 3], mean).numpy()).any()


def test_poisson_numbers_of_several_means_differ_from_run_to_run():
    draw = tf.function(lambda: tf.random.poisson([4, 3], [0.0, 5.0], seed=1))
    first, second = draw().numpy(), draw().numpy()
    assert first.shape == (4, 3, 2) and first.dtype == np.float32
    assert (first[..., 0] == 0).all() and (first[..., 1] != second[..., 1]).any()
    assert np.isnan(tf.random.poisson([], -1.0))


def test_numbers_of_successes():
    drawn = tf.random.stateless_binomial([20000, 2], [1, 2], [10.0, 40.0], [0.25, 0.75]).numpy()
    assert drawn.dtype == np.int32 and drawn.min() >= 0 and drawn[:, 0].max() <= 10
    np.testing.assert_allclose(drawn.mean(0), [2.5, 30.0], rtol=0.02)
    np.testing.assert_allclose(drawn.var(0), [1.875, 7.5], rtol=0.05)


@pytest.mark.parametrize(("mean", "spread", "low", "high"), [
    (1.0, 2.0, -1.0, 2.0), (0.0, 1.0, 5.0, 6.0), (3.0, 0.5, -9.0, 1.0)])
def test_normal_numbers_between_two_ends(mean, spread, low, high):
    drawn = tf.random.stateless_parameterized_truncated_normal([20000], [1, 2], mean, spread, low, high).numpy()
    assert (drawn >= low).all() and (drawn <= high).all()
    exact = scipy.stats.truncnorm((low - mean) / spread, (high - mean) / spread, mean, spread)
    assert scipy.stats.kstest(drawn, exact.cdf).pvalue > 1e-3


def test_normal_numbers_between_two_ends_move_with_these():
    def draw(mean, spread, low, high):
        return tf.random.stateless_parameterized_truncated_normal([50], [1, 2], mean, spread, low, high)

    given = [tf.constant(v, tf.float64) for v in (0.5, 1.5, -1.0, 2.0)]
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = tf.reduce_sum(draw(*given) ** 2)
    found = tape.gradient(total, given)
    for k, g in enumerate(found):
        moved = [[v + (step if j == k else 0) for j, v in enumerate(given)] for step in (1e-6, -1e-6)]
        ends = [tf.reduce_sum(draw(*values) ** 2) for values in moved]
        np.testing.assert_allclose(g, (ends[0] - ends[1]) / 2e-6, 1e-4)


@pytest.mark.parametrize(("a", "x"), [(0.5, 0.1), (2.0, 3.0), (10.0, 40.0), (100.0, 90.0), (1e-3, 1.0), (30.0, 81.0)])
def test_incomplete_gamma_functions_move_with_their_shape(a, x):
    h = 1e-5 * a
    wanted = (scipy.special.gammaincc(a - h, x) - scipy.special.gammaincc(a + h, x)) / (2 * h)
    for function, sign in ((tf.math.igamma, 1), (tf.math.igammac, -1)):
        shape = tf.constant(a, tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(shape)
            y = function(shape, tf.constant(x, tf.float64))
        np.testing.assert_allclose(tape.gradient(y, shape), sign * wanted, 1e-4)


# -------------------------------------------------------------------- equations

def test_conjugate_gradient(rng):
    half = rng.standard_normal((2, 6, 6))
    matrix = half @ half.transpose(0, 2, 1) + 3 * np.eye(6)
    b = rng.standard_normal((2, 6))
    exact = np.linalg.solve(matrix, b[..., None])[..., 0]
    near = 1 / np.einsum("bii->bi", matrix)
    for settings in ({}, {"preconditioner": lambda r: r * near}, {"x": exact + 0.1}):
        for operator in (matrix, lambda v: tf.linalg.matvec(matrix, v)):
            found = tf.linalg.experimental.conjugate_gradient(operator, tf.constant(b), tol=1e-9, **settings)
            np.testing.assert_allclose(found.x, exact, 1e-6)
            assert 0 < int(found.i) <= 8 and found.r.shape == b.shape
    few = tf.linalg.experimental.conjugate_gradient(matrix, tf.constant(b), tol=1e-12, max_iter=2)
    assert int(few.i) == 2


def test_solutions_with_a_few_diagonals(rng):
    bands, x = rng.uniform(1, 2, (2, 3, 5)), rng.standard_normal((5, 2))
    low = np.stack([sum(np.diag(b[k, k:], -k) for k in range(3)) for b in bands])
    found = tf.linalg.banded_triangular_solve(bands, x[None])
    np.testing.assert_allclose(low @ found.numpy(), np.broadcast_to(x, (2, 5, 2)), 1e-6)
    line = tf.linalg.banded_triangular_solve(bands[0], x[:, 0])
    np.testing.assert_allclose(low[0] @ line.numpy(), x[:, 0], 1e-6)


def test_a_signal_comes_back_from_its_cosine_transform(rng):
    x = rng.standard_normal(100).astype(np.float32)
    for norm in (None, "ortho"):
        for window in (tf.signal.vorbis_window, tf.signal.kaiser_bessel_derived_window, None):
            there = tf.signal.mdct(np.pad(x, (8, 0)), 16, window, pad_end=True, norm=norm)
            np.testing.assert_allclose(tf.signal.inverse_mdct(there, window, norm)[8:108], x, atol=1e-5)
    with pytest.raises(ValueError, match="a multiple of 4"):
        tf.signal.mdct(x, 10)


# -------------------------------------------------------------------- images

def test_glimpses_reach_into_noise():
    image = np.arange(1.0, 26.0, dtype=np.float32).reshape(1, 5, 5, 1) * np.ones((1, 1, 1, 2), np.float32)
    for kind, low, high in (("uniform", 1, 25), ("gaussian", -40, 70)):
        part = tf.image.extract_glimpse(image, [40, 40], [[3.0, 3.0]], False, False, kind).numpy()
        np.testing.assert_array_equal(part[0, :2, :2], image[0, 3:, 3:])
        noise = part[0, 2:]
        assert noise.min() >= low and noise.max() <= high and noise.std() > 5 and abs(noise.mean() - 13) < 2


def test_parts_by_chance_cover_a_box_in_a_function():
    @tf.function
    def part(boxes):
        begin, size, box = tf.image.sample_distorted_bounding_box([60, 80, 3], boxes, min_object_covered=0.5)
        return tf.slice(tf.ones([60, 80, 3]), begin, size), box

    boxes = {tuple(part(tf.constant([[[0.25, 0.25, 0.75, 0.75]]]))[1].numpy().ravel().tolist()) for _ in range(10)}
    assert len(boxes) > 1 and all(0 <= y1 < y2 <= 1 and 0 <= x1 < x2 <= 1 for y1, x1, y2, x2 in boxes)
    with pytest.raises(tf.errors.InvalidArgumentError, match="no bounding boxes"):
        tf.image.sample_distorted_bounding_box([60, 80, 3], tf.zeros([1, 0, 4]))


def test_boxes_are_drawn_where_sizes_are_known_when_it_runs():
    draw = tf.function(tf.image.draw_bounding_boxes, input_signature=[
        tf.TensorSpec([None, None, None, 3]), tf.TensorSpec([None, None, 4]), tf.TensorSpec([None, 3])])
    image = draw(np.zeros((1, 4, 5, 3), np.float32), [[[0.0, 0.0, 1.0, 1.0]]], [[1.0, 0.5, 0.25]]).numpy()
    border = np.ones((4, 5), bool)
    border[1:3, 1:4] = False
    np.testing.assert_array_equal(image[0], border[..., None] * np.array([1, 0.5, 0.25], np.float32))


def test_dropout_by_numbers_of_a_function():
    kept = tf.nn.experimental.general_dropout(
        tf.constant([1.0, 2.0, 3.0]), 0.5, lambda shape, dtype: tf.constant([0.4, 0.5, 0.9], dtype))
    assert kept.numpy().tolist() == [0.0, 4.0, 6.0]


@pytest.mark.parametrize(("index", "most"), [(7, 3), (12, 3), (-1, 3), (0, -3), ([0, 4], 3)])
def test_a_place_outside_is_not_shuffled(index, most):
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"is not in \[0"):
        tf.random.experimental.index_shuffle(index, (1, 2), most)


def test_places_of_many_orders_are_shuffled_at_once():
    most = [0, 1, 5, 900, 2**40]
    places = tf.random_index_shuffle(tf.zeros((5,), tf.int64), [1, 2, 3], most).numpy().tolist()
    assert places == [int(tf.random_index_shuffle(tf.zeros((), tf.int64), [1, 2, 3], m)) for m in most]


def test_no_numbers_in_order_and_windows_above_the_size():
    for found in tf.nn.isotonic_regression(np.zeros((2, 0), np.float32)):
        assert found.shape == (2, 0)
    with pytest.raises(tf.errors.InvalidArgumentError, match="exceeds the 2 places"):
        tf.nn.fractional_max_pool(np.ones((1, 2, 2, 1), np.float32), [1, 3.0, 1.0, 1])


def test_a_system_that_is_solved_first_waits_for_the_others():
    matrices, sides = np.stack([np.eye(2), [[2.0, 1.0], [1.0, 3.0]]]), np.array([[1.0, 0.0], [1.0, 2.0]])
    found = tf.linalg.experimental.conjugate_gradient(matrices, sides, tol=1e-12).x
    np.testing.assert_allclose(found, np.linalg.solve(matrices, sides[..., None])[..., 0], atol=1e-9)


def test_numbers_of_events_above_their_type_are_its_largest():
    assert tf.random.stateless_poisson([2], [1, 2], 1e10).numpy().tolist() == [2**31 - 1] * 2


def test_slope_of_igamma_by_shape_in_the_tails():
    """Values of TensorFlow, and -1 / sqrt(2 pi a) in the middle of a large shape; what underflows asks for no terms."""
    a = tf.constant([0.5, 1.0, 5.0, 1e3, 1e3, 1e4, 1e5, 1e5, np.inf, 3.0, 1e6, 1e9, 1e5, 1e9], tf.float64)
    x = tf.constant([0.3, 40.0, 4.0, 1e3, 1.5e3, 1.01e4, 1.9e5, 5e4, 3.0, np.inf, 1.001e6, 1e9 + 3e4, 1e5, 1e9],
                    tf.float64)
    with tf.GradientTape() as tape:
        tape.watch(a)
        y = tf.math.igamma(a, x)
    wanted = [-0.77057, -1.8228e-17, -0.18027, -1.2617e-2, -8.9939e-44, -2.4157e-3, 0, 0, 0, 0,
              -2.4193041e-4, -8.0440457e-6, -1.26157e-3, -1.261566e-5]
    np.testing.assert_allclose(tape.gradient(y, a), wanted, rtol=1e-4)


@pytest.mark.parametrize(("a", "x", "wanted"), [(1e5, 1e5, -1.26157e-3), (0.5, 40.0, -2.12534e-18)])
def test_slopes_of_igamma_by_shape_are_the_same_for_many(a, x, wanted):
    """-1 / sqrt(2 pi a) in the middle; a difference of scipy's gammaincc far out."""
    shapes = tf.constant(np.full(1500, a))
    with tf.GradientTape() as tape:
        tape.watch(shapes)
        y = tf.math.igamma(shapes, tf.constant(np.full(1500, x)))
    np.testing.assert_allclose(tape.gradient(y, shapes), np.full(1500, wanted), rtol=1e-4)


@pytest.mark.parametrize("x", [1e-300, 1e300, 1e308])
def test_no_slope_of_igamma_by_shape_where_nothing_is_left(x):
    for shape in (1e3, 1e5, 1e250):
        a = tf.constant(shape, tf.float64)
        with tf.GradientTape() as tape:
            tape.watch(a)
            y = tf.math.igamma(a, tf.constant(x, tf.float64))
        assert tape.gradient(y, a) == 0


@pytest.mark.parametrize(("align", "part", "matrix", "whole"), [
    ("RIGHT_LEFT", [[1, 6, 11], [0, 5, 10], [4, 9, -5], [8, -5, -5]], [[1, 0, 0], [4, 2, 0], [0, 5, 3]],
     [[4, 1, 0, 0], [7, 5, 2, 0], [0, 8, 6, 3]]),
    ("LEFT_RIGHT", [[1, 6, 11], [0, 5, 10], [-5, 4, 9], [-5, -5, 8]], [[1, 0, 0], [5, 2, 0], [0, 6, 3]],
     [[4, 1, 0, 0], [8, 5, 2, 0], [0, 9, 6, 3]]),
])
def test_several_diagonals_of_matrices(align, part, matrix, whole):
    x, several = np.arange(12.0).reshape(3, 4), np.arange(1.0, 10.0).reshape(3, 3)
    np.testing.assert_array_equal(tf.linalg.diag_part(x, k=(-2, 1), padding_value=-5, align=align), part)
    np.testing.assert_array_equal(tf.linalg.diag([[1.0, 2, 3], [4, 5, 6]], k=(-1, 0), align=align), matrix)
    np.testing.assert_array_equal(tf.linalg.set_diag(np.zeros((3, 4)), several, k=(-1, 1), align=align), whole)
    found = tf.function(lambda x: tf.linalg.diag_part(x, k=(-2, 1), padding_value=-5, align=align),
                        input_signature=[tf.TensorSpec([None, None], tf.float64)])(x)
    np.testing.assert_array_equal(found, part)
    y = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(y)
        below_main = tf.linalg.diag_part(y, k=(-1, 0), align=align)[1]
    np.testing.assert_array_equal(below_main, [4, 9, 0] if align == "RIGHT_LEFT" else [0, 4, 9])
    np.testing.assert_array_equal(tape.gradient(below_main, y), [[0] * 4, [1, 0, 0, 0], [0, 1, 0, 0]])


def test_a_diagonal_in_a_matrix_of_any_size():
    np.testing.assert_array_equal(tf.linalg.diag([1.0, 2], k=1, num_rows=4, padding_value=7),
                                  [[7, 1, 7], [7, 7, 2], [7, 7, 7], [7, 7, 7]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="5 rows and 5 columns do not fit"):
        tf.linalg.diag([1.0, 2], k=1, num_rows=5, num_cols=5)
    with pytest.raises(tf.errors.InvalidArgumentError, match="outside of matrices of 3 by 4"):
        tf.linalg.diag_part(np.zeros((3, 4)), k=(0, 4))
