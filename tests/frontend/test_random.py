"""Random tensors: numbers of TensorFlow, distributions, seeds and states, and what is compiled for them."""
import contextvars

import numpy as np
import pytest
from scipy import stats

import graphengine as tf
from graphengine import config, errors

pytestmark = pytest.mark.usefixtures("own_graph")

COUNT = 20_000


def value(fetches, feeds=None):
    """In a session of its own."""
    with tf.Session() as session:
        return session.run(fetches, feeds)


def kernels_of(fetches, feeds=None):
    return len(tf.Session().explain(fetches, feeds).compilation.kernels)


# ------------------------------------------------------------------ numbers that TensorFlow's documentation shows

def test_split_and_stateless_normal():
    seeds = tf.random.experimental.stateless_split([1, 2], num=3)
    found, numbers = value([seeds, tf.random.stateless_normal([3], seed=seeds[0, :])])
    assert found.tolist() == [[1105988140, 1738052849], [-335576002, 370444179], [10670227, -246211131]]
    np.testing.assert_allclose(numbers, [-0.59835213, -0.9578608, 0.9002807], rtol=0, atol=5e-7)


@pytest.mark.parametrize("rate, kept", [(0.5, [0, 2, 7, 9, 14]), (0.8, [0, 9, 14])])
def test_stateless_dropout(rate, kept):
    dropped = value(tf.nn.experimental.stateless_dropout(tf.ones([3, 5]), rate=rate, seed=[1, 0]))
    assert np.flatnonzero(dropped).tolist() == kept
    np.testing.assert_allclose(dropped[dropped > 0], 1 / (1 - rate), rtol=1e-6)


@pytest.mark.parametrize("rate, zeros", [(0.5, [1, 2, 11, 13]), (0.8, [0, 1, 2, 5, 7, 9, 11, 13])])
def test_dropout_of_two_seeds(rate, zeros):
    tf.random.set_seed(0)
    dropped = value(tf.nn.dropout(tf.ones([3, 5]), rate=rate, seed=1))
    assert np.flatnonzero(dropped == 0).tolist() == zeros


@pytest.mark.parametrize("dtype, expected", [
    ("float32", [0.54411012, 0.20738031, 0.073564321, 0.046434551, 0.16820592, -1.6850333, 0.24202858]),
    ("float64", [-0.14231181, 0.74060725, -0.55238776, -0.73445009, -0.39842024, 0.1899654, -1.1075957]),
    ("float16", [0.54394531, 0.20739746, 0.073547363, 0.046447754, 0.16821289, -1.6845703, 0.24206543]),
])
def test_truncated_normal(dtype, expected):
    """Recorded."""
    numbers = value(tf.random.stateless_truncated_normal([7], [1, 2], dtype=dtype))
    np.testing.assert_allclose(numbers, expected, rtol=1e-3 if dtype == "float16" else 1e-5)


def test_truncated_normal_of_a_state():
    """Recorded."""
    numbers, session = tf.random.truncated_normal([5], seed=3), tf.Session()
    for expected in ([1.0616621, -0.87857831, 0.11187216, 0.18511717, -0.16233478],
                     [1.1687908, -0.32148558, 0.29357058, 0.076228142, -1.2204427]):
        np.testing.assert_allclose(session.run(numbers), expected, rtol=1e-5)


def test_orders():
    """Recorded; a sequence goes on where the order before ended."""
    tf.random.set_seed(5)
    order, session = tf.random.shuffle(tf.range(8), seed=3), tf.Session()
    assert session.run(order).tolist() == [2, 4, 1, 0, 6, 5, 7, 3]
    assert session.run(order).tolist() == [4, 6, 5, 7, 3, 0, 2, 1]
    assert value(tf.random.experimental.stateless_shuffle(tf.range(8), [1, 2])).tolist() == [4, 2, 1, 7, 3, 6, 0, 5]
    with tf.init_scope():
        tf.random.set_seed(0)
        found = [tf.random.shuffle(tf.range(n), seed=3).numpy().tolist() for n in (8, 5, 0, 1, 6)]
    assert found == [[4, 5, 2, 1, 6, 7, 3, 0], [1, 4, 2, 3, 0], [], [0], [2, 5, 4, 0, 3, 1]]


# ------------------------------------------------------------------ distributions

FLOATS = ("float32", "float64")


def both(name, shape, **arguments):
    """The same distribution from a state and from seeds."""
    return [getattr(tf.random, name)(shape, seed=11, **arguments),
            getattr(tf.random, f"stateless_{name}")(shape, seed=[11, 5], **arguments)]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name, distribution", [
    ("uniform", stats.uniform()), ("normal", stats.norm()), ("truncated_normal", stats.truncnorm(-2, 2)),
])
def test_distribution(name, distribution, dtype):
    for numbers in value(both(name, [COUNT], dtype=dtype)):
        assert numbers.dtype == dtype
        assert stats.kstest(numbers, distribution.cdf).pvalue > 0.01
        assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.03


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("alpha", [0.2, 1.0, 7.5])
def test_gamma_distribution(alpha, dtype):
    for numbers in value(both("gamma", [COUNT], alpha=alpha, beta=2.0, dtype=dtype)):
        assert numbers.dtype == dtype
        assert stats.kstest(numbers, stats.gamma(alpha, scale=0.5).cdf).pvalue > 0.01


@pytest.mark.parametrize("dtype, low, high", [
    ("int32", 0, 10), ("int64", -3, 4), ("int32", -(2**31), 2**31 - 1), ("int64", -(2**63), 2**63 - 1),
])
def test_whole_numbers(dtype, low, high):
    for numbers in value(both("uniform", [COUNT], minval=low, maxval=high, dtype=dtype)):
        assert numbers.dtype == dtype and numbers.min() >= low and numbers.max() < high
        parts = min(high - low, 16)
        which = np.floor((numbers.astype(float) - low) / (float(high) - low) * parts).astype(int)
        assert stats.chisquare(np.bincount(which.clip(0, parts - 1), minlength=parts)).pvalue > 0.01


def test_limits_move_and_stretch():
    low, spread = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.float32, [])
    feeds = {low: [0.0, 10.0, -10.0], spread: 2.0}
    raw, scaled = value([tf.random.stateless_uniform([5, 3], [1, 2]),
                         tf.random.stateless_uniform([5, 3], [1, 2], low, low + spread)], feeds)
    np.testing.assert_allclose(scaled, raw * 2 + feeds[low], rtol=1e-6)
    raw, scaled = value([tf.random.stateless_normal([5, 3], [1, 2]),
                         tf.random.stateless_normal([5, 3], [1, 2], low, spread)], feeds)
    np.testing.assert_allclose(scaled, raw * 2 + feeds[low], rtol=1e-6)


def test_categorical():
    logits = np.log(np.array([[1, 2, 3, 4], [4, 4, 1, 1]]) / 10).astype("f4")
    stateful = tf.random.categorical(logits, COUNT, seed=3)
    stateless = tf.random.stateless_categorical(logits, COUNT, seed=[3, 4], dtype=tf.int32)
    found = value([stateful, stateless])
    assert [f.dtype for f in found] == ["int64", "int32"]
    for rows in found:
        for row, weights in zip(rows, np.exp(logits.astype(float)), strict=True):
            assert stats.chisquare(np.bincount(row, minlength=4), weights / weights.sum() * COUNT).pvalue > 0.01


def test_impossible_classes_are_not_chosen():
    logits = tf.constant([[-np.inf, 0.0, -np.inf, 0.0, -np.inf]])
    assert set(value(tf.random.categorical(logits, 1000, seed=1)).ravel().tolist()) == {1, 3}


def test_shuffle():
    x = np.arange(60).reshape(30, 2)
    first, second, third = (tf.random.shuffle(x, seed=1), tf.random.shuffle(x, seed=2),
                            tf.random.experimental.stateless_shuffle(x, [1, 2]))
    for found in value([first, second, third]):
        assert not np.array_equal(found, x) and np.array_equal(found[np.argsort(found[:, 0])], x)
    assert not np.array_equal(*value([first, second]))


def test_each_order_is_as_likely():
    orders = tf.Session().run_steps(tf.random.shuffle([0, 1, 2], seed=1), steps=6000, collect=True)
    counts = np.unique(orders @ [9, 3, 1], return_counts=True)[1]
    assert len(counts) == 6 and stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("shape", [[], [0], [1], [3, 0, 2], 4, (2, 3)])
def test_shapes(shape):
    sizes = tuple(np.atleast_1d(np.array(shape, int)).tolist())
    made = [tf.random.normal(shape), tf.random.uniform(shape), tf.random.truncated_normal(shape),
            tf.random.uniform(shape, maxval=3, dtype=tf.int32), tf.random.stateless_normal(shape, [1, 2])]
    assert [v.shape for v in value(made)] == [sizes] * len(made)
    assert value(tf.random.gamma(shape, [1.0, 2.0])).shape == (*sizes, 2)


def test_shapes_that_are_known_at_the_run():
    x = tf.placeholder(tf.float32, [None, 3])
    like, mixed = tf.random.normal(tf.shape(x)), tf.random.normal([tf.shape(x)[0], 7])
    found = value([like, mixed, tf.random.shuffle(x)], {x: np.ones((5, 3))})
    assert [f.shape for f in found] == [(5, 3), (5, 7), (5, 3)]


# ------------------------------------------------------------------ seeds and states

def sequence(count=3, **seeds):
    with tf.Graph().as_default() as graph:
        if "graph" in seeds:
            tf.random.set_seed(seeds["graph"])
        draw = tf.Session(graph).make_callable(tf.random.uniform([4], seed=seeds.get("op")))
        return [draw().tolist() for _ in range(count)]


def test_seeds_decide_the_sequence():
    assert sequence(graph=1, op=2) == sequence(graph=1, op=2)
    assert sequence(graph=1) == sequence(graph=1)
    assert sequence(op=2) == sequence(op=2)
    seeds = ({"graph": 1, "op": 2}, {"graph": 1}, {"op": 2}, {"graph": 2, "op": 1}, {}, {})
    firsts = [sequence(1, **s)[0] for s in seeds]
    assert len(set(map(tuple, firsts))) == len(firsts)


def test_each_run_gives_other_numbers():
    runs = sequence(5, op=1)
    assert len({x for run in runs for x in run}) == 20


def test_ops_of_one_graph_differ_and_the_process_has_a_seed_for_all_graphs():
    def draw():
        with tf.Graph().as_default():
            return np.concatenate(value([tf.random.uniform([3]), tf.random.uniform([3])])).tolist()

    outside = contextvars.Context()                         # of all graphs
    outside.run(tf.random.set_seed, 7)
    try:
        first, second = draw(), draw()
    finally:
        outside.run(tf.random.set_seed, None)
    assert first == second and len(set(first)) == 6 and draw() != first


def test_tensors_drawn_from_one_op_are_drawn_once_a_run():
    x = tf.random.normal([5])
    left, right = value([x * 1.0, x * 2.0])
    np.testing.assert_array_equal(left * 2, right)


def test_steps_of_a_compiled_loop_equal_single_runs():
    x = tf.random.normal([3], seed=1)
    single = tf.Session().make_callable(x)
    want = [single() for _ in range(6)]
    session = tf.Session()
    got = np.concatenate([session.run_steps(x, steps=4, collect=True), session.run_steps(x, steps=2, collect=True)])
    np.testing.assert_array_equal(got, want)


def test_the_interpreter_goes_through_the_same_states():
    fetches = [tf.random.normal([7], seed=1), tf.random.uniform([7], 0, 99, tf.int32, seed=1),
               tf.random.gamma([7], 0.7, seed=1), tf.random.truncated_normal([7], seed=1),
               tf.random.categorical(np.zeros((2, 3), "f4"), 5, seed=1), tf.random.shuffle(np.arange(9), seed=1)]
    kernels = tf.Session().run_steps(fetches, steps=3, collect=True)
    with config.override(tier="interpreter"):
        session = tf.Session()
        for step in range(3):
            for got, want in zip(session.run(fetches), kernels, strict=True):
                np.testing.assert_allclose(got, want[step], rtol=2e-6, atol=2e-6)


def test_states_are_no_variables_of_the_program(tmp_path):
    w = tf.Variable(tf.random.normal([3], seed=1), name="w")
    y = tf.nn.dropout(w * 2.0, 0.5, seed=2)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(y)
    assert [v.node.name for v in tf.global_variables()] == ["w"] == [v.node.name for v in tf.trainable_variables()]
    assert set(session.variables()) == {"w"}
    session.load_variables(session.variables())
    with pytest.raises(errors.NotFoundError):
        session.load_variables({"dropout/state": np.zeros(3, np.int64)})


def test_saved_graphs_go_through_the_same_states(own_graph, tmp_path):
    x = tf.identity(tf.random.normal([3], seed=1), name="x")
    own_graph.save(tmp_path / "g.graph.json")
    loaded = tf.load(tmp_path / "g.graph.json")
    want, got = tf.Session().make_callable(x), tf.Session(loaded).make_callable("x")
    for _ in range(3):
        np.testing.assert_array_equal(got(), want())


def test_variables_start_with_other_numbers_in_each_session():
    w = tf.Variable(tf.random.normal([4]))
    first, second = tf.Session(), tf.Session()
    for session in (first, second):
        session.run(tf.global_variables_initializer())
    assert not np.array_equal(first.run(w), second.run(w))


def test_fold_in_is_a_function_of_both():
    step = tf.placeholder(tf.int32, [])
    numbers = tf.random.stateless_uniform([2], tf.random.fold_in([1, 2], step))
    session = tf.Session()
    draws = [session.run(numbers, {step: k}).tolist() for k in (0, 1, 0)]
    assert draws[0] == draws[2] != draws[1]


# ------------------------------------------------------------------ dropout

def test_dropout_keeps_the_mean_and_scales():
    x = np.linspace(0.5, 1.5, COUNT, dtype="f4")
    dropped = value(tf.nn.dropout(x, 0.25, seed=4))
    kept = dropped != 0
    np.testing.assert_allclose(dropped[kept], x[kept] / 0.75, rtol=1e-6)
    assert stats.binomtest(int(kept.sum()), COUNT, 0.75).pvalue > 0.01


def test_gradient_of_dropout_has_the_mask_of_its_run():
    x = tf.placeholder(tf.float32, [None, 8])
    y = tf.nn.dropout(x, 0.5, seed=4)
    (g,) = tf.gradients(tf.reduce_sum(y * 3.0), [x])
    session = tf.Session()
    runs = [session.run([y, g], {x: np.ones((6, 8))}) for _ in range(3)]
    for dropped, slope in runs:
        np.testing.assert_array_equal(slope, dropped * 3)
    assert not np.array_equal(runs[0][0], runs[1][0])


def test_gradient_alone_draws_too():
    x = tf.placeholder(tf.float32, [64])
    (g,) = tf.gradients(tf.nn.dropout(x, 0.5, seed=4), [x])
    first, second = tf.Session().run_steps(g, {x: np.ones((2, 64), "f4")}, collect=True)
    assert not np.array_equal(first, second)


def test_noise_shape():
    x = tf.placeholder(tf.float32, [None, 40, 3])
    fed = {x: np.ones((5, 40, 3))}
    for shape in ([None, 1, 3], [5, 1, 3]):
        dropped = value(tf.nn.dropout(x, 0.5, noise_shape=shape, seed=1), fed)
        assert (dropped == dropped[:, :1]).all() and 0 < dropped.mean() < 2
    with pytest.raises(errors.ShapeError):
        tf.nn.dropout(x, 0.5, noise_shape=[None, 2, 3])


def test_rates():
    x = tf.placeholder(tf.float32, [100])
    rate = tf.placeholder(tf.float32, [])
    fed = {x: np.ones(100), rate: 0.75}
    assert set(value(tf.nn.dropout(x, rate, seed=1), fed).tolist()) == {0.0, 4.0}
    np.testing.assert_array_equal(value(tf.nn.dropout(x, 0), fed), fed[x])
    with pytest.raises(errors.AttributeValueError, match=r"rate=1.0 is outside"):
        tf.nn.dropout(x, 1.0)
    with pytest.raises(errors.DTypeError):
        tf.nn.dropout(tf.constant([1, 2]), 0.5)


# ------------------------------------------------------------------ gradients

def test_reparameterized_numbers_differentiate():
    mean, spread = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.float32, [3])
    raw = tf.random.stateless_normal([4, 3], [1, 2])
    slopes = tf.gradients(tf.random.stateless_normal([4, 3], [1, 2], mean, spread), [mean, spread])
    found, noise = value([slopes, raw], {mean: np.zeros(3), spread: np.ones(3)})
    np.testing.assert_allclose(found[0], np.full(3, 4.0))
    np.testing.assert_allclose(found[1], noise.sum(0), rtol=1e-5)
    low, high = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    share = tf.random.stateless_uniform([9], [1, 2])
    slopes = tf.gradients(tf.random.stateless_uniform([9], [1, 2], low, high), [low, high])
    found, noise = value([slopes, share], {low: 0.0, high: 1.0})
    np.testing.assert_allclose(found, [9 - noise.sum(), noise.sum()], rtol=1e-5)


def test_gamma_differentiates_in_beta_and_refuses_alpha():
    alpha, beta = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    y = tf.random.stateless_gamma([5], [1, 2], alpha, beta)
    (slope,) = tf.gradients(y, [beta])
    found, numbers = value([slope, y], {alpha: 2.0, beta: 4.0})
    np.testing.assert_allclose(found, -numbers.sum() / 4, rtol=1e-5)
    with pytest.raises(errors.GradientError, match="alpha"):
        tf.gradients(y, [alpha])


# ------------------------------------------------------------------ what is compiled

def test_dropout_is_one_pass_with_its_neighbors():
    x = tf.placeholder(tf.float32, [None, 8])
    y = tf.nn.dropout(tf.nn.relu(x + 1.0), 0.5, seed=1) * 2.0
    assert kernels_of(y, {x: np.ones((3, 8))}) == 2         # the loop, and the state's step
    assert kernels_of(tf.nn.experimental.stateless_dropout(tf.nn.relu(x), 0.5, [1, 2]), {x: np.ones((3, 8))}) == 1


def test_shapes_are_lent_and_not_computed():
    x = tf.placeholder(tf.float32, [None, 3])
    assert kernels_of(tf.random.stateless_normal([tf.shape(x)[0], 7], [1, 2]), {x: np.ones((3, 3))}) == 1


def test_another_size_or_seed_compiles_nothing_new():
    def names(shape, seed):
        with tf.Graph().as_default():
            return [k.name for k in tf.Session().explain(tf.random.normal(shape, seed=seed)).compilation.kernels]

    assert names([5], 1) == names([7, 9], 2)


# ------------------------------------------------------------------ what is refused

@pytest.mark.parametrize("call, problem", [
    (lambda: tf.random.uniform([2], dtype=tf.int32), "int32 numbers want minval and maxval"),
    (lambda: tf.random.uniform([2], 5, 5, tf.int32), "minval=5 is not below maxval=5"),
    (lambda: tf.random.normal([2], dtype=tf.int32), "dtype is int32"),
    (lambda: tf.random.stateless_normal([2], [1, 2, 3]), "seed is two whole numbers"),
    (lambda: tf.random.stateless_normal([2], 1), "it is two whole numbers"),
    (lambda: tf.random.stateless_normal([2], [1, 2], alg="threefry"), "alg='threefry'"),
    (lambda: tf.random.categorical([1.0, 2.0], 3), "it has two axes"),
    (lambda: tf.random.normal(tf.placeholder(tf.float32, [2])), "float32"),
])
def test_errors(call, problem):
    with pytest.raises(errors.GraphEngineError, match=problem):
        call()


def test_a_shape_that_is_fed():
    sizes = tf.placeholder(tf.int32, [2])
    x = tf.random.normal(sizes)
    with tf.Session() as session:
        assert [session.run(x, {sizes: s}).shape for s in ((2, 3), (0, 1), (4, 1))] == [(2, 3), (0, 1), (4, 1)]
        assert not np.any(session.run(x, {sizes: (2, 3)}) == session.run(x, {sizes: (2, 3)}))
