"""Results whose sizes depend on numbers: where programs are cut, and that all else stays as it is."""
import numpy as np
import pytest

import graphengine as tf
from graphengine import config, errors
from graphengine.frontend.stretches import CutPlan
from graphengine.runtime.compiler import default_compiler

pytestmark = pytest.mark.usefixtures("own_graph")

TIERS = ("kernels", "interpreter", "auto")
every_tier = pytest.mark.parametrize("tier", TIERS)


def plan_of(session, fetch, feeds):
    return session._plan([fetch], list(feeds))


def is_cut(fetches, feeds):
    return isinstance(plan_of(tf.Session(), fetches, feeds), CutPlan)


# ------------------------------------------------------------------ values

@every_tier
def test_unique_between_two_stretches(tier, rng):
    x = tf.placeholder(tf.float32, [None])
    y, idx = tf.unique(tf.round(x * 2.0))
    result = tf.reduce_sum(y * y), tf.gather(y, idx), y + 1.0
    session = tf.Session()
    with config.override(tier=tier):
        for n in (1, 7, 40, 0, 7):
            value = rng.normal(size=n).astype("f4")
            rounded = np.round(value * np.float32(2))
            different = np.array(list(dict.fromkeys(rounded.tolist())), "f4")
            total, back, more = session.run(result, {x: value})
            np.testing.assert_allclose(total, (different**2).sum(), rtol=1e-5)
            np.testing.assert_array_equal(back, rounded)
            np.testing.assert_array_equal(more, different + 1)


def test_unique_with_counts_as_documented():
    y, idx, count = tf.Session().run(tf.unique_with_counts([1, 1, 2, 4, 4, 4, 7, 8, 8]))
    assert y.tolist() == [1, 2, 4, 7, 8]
    assert idx.tolist() == [0, 0, 1, 2, 2, 2, 3, 4, 4]
    assert count.tolist() == [2, 1, 3, 1, 2]
    assert (y.dtype, idx.dtype, count.dtype) == (np.int32, np.int32, np.int32)
    assert tf.Session().run(tf.unique([5, 5], tf.int64))[1].dtype == np.int64


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
def test_numbers_that_are_not_equal_to_themselves_are_all_different(dtype):
    y, idx = tf.Session().run(tf.unique(tf.cast([3.0, np.nan, 1.0, np.nan, 3.0, -0.0, 0.0, -np.inf, 1.0], dtype)))
    assert idx.tolist() == [0, 1, 2, 3, 0, 4, 4, 5, 2]
    np.testing.assert_array_equal(y.astype(float), [3, np.nan, 1, np.nan, 0, -np.inf])


@pytest.mark.parametrize(("shape", "mask_shape", "axis"), [
    ((5,), (5,), None), ((5, 3), (5,), 0), ((2, 5), (5,), 1), ((2, 3, 4), (2, 3), None), ((2, 3, 4), (3, 4), 1),
    ((2, 3, 4), (4,), -1), ((0, 3), (0,), 0), ((1,), (1,), 0),
])
@pytest.mark.parametrize("known", [True, False])
def test_boolean_mask(shape, mask_shape, axis, known, rng):
    value, holds = rng.normal(size=shape), rng.random(mask_shape) < 0.5
    x = tf.placeholder(tf.float64, shape if known else [None] * len(shape))
    mask = tf.placeholder(tf.bool, mask_shape if known else [None] * len(mask_shape))
    chosen = tf.boolean_mask(x * 2.0, mask, axis)
    first = (axis or 0) % len(shape)
    wanted = value[(*[slice(None)] * first, holds)]
    weights = np.linspace(1.0, 2.0, wanted.size).reshape(wanted.shape)
    loss = tf.reduce_sum(chosen * weights * chosen)
    (slope,) = tf.gradients(loss, [x])
    got, found = tf.Session().run([chosen, slope], {x: value, mask: holds})
    np.testing.assert_array_equal(got, 2.0 * wanted)
    spread = np.zeros(shape)
    spread[(*[slice(None)] * first, holds)] = 8.0 * weights * wanted
    np.testing.assert_allclose(found, spread, rtol=1e-12)


def test_places_where_a_condition_holds():
    x = tf.placeholder(tf.float32, [None, 2])
    places = tf.where(x > 1.0)
    assert (places.shape, places.dtype) == ((None, 2), tf.int64)
    got = tf.Session().run(places, {x: [[0.0, 2.0], [3.0, 0.5], [4.0, 5.0]]})
    assert got.tolist() == [[0, 1], [1, 0], [2, 0], [2, 1]]
    with pytest.raises(errors.InvalidArgumentError, match="y is None"):
        tf.where(x > 1.0, x)


def test_dynamic_partition_and_its_gradient():
    x = tf.placeholder(tf.float64, [None, 2])
    parts = tf.dynamic_partition(x, tf.cast(x[:, 0] > 2.0, tf.int32), 3)
    loss = tf.reduce_sum(parts[0]) + tf.reduce_sum(parts[1] * parts[1])
    value = [[1.0, 5.0], [3.0, 4.0], [2.0, 0.0]]
    found, slope = tf.Session().run([parts, tf.gradients(loss, [x])[0]], {x: value})
    assert [p.tolist() for p in found] == [[[1, 5], [2, 0]], [[3, 4]], []]
    assert slope.tolist() == [[1, 1], [6, 8], [1, 1]]
    with pytest.raises(errors.IndexOutsideError, match=r"index 3 is outside \[0, 2\)"):
        tf.Session().run(tf.dynamic_partition([1.0, 2.0], [0, 3], 2))


@pytest.mark.parametrize("which", ["sum", "prod", "mean", "max", "min"])
def test_segments_whose_number_is_in_the_ids(which, rng):
    x, ids = tf.placeholder(tf.float64, [None, 2]), tf.placeholder(tf.int32, [None])
    y = getattr(tf.math, f"segment_{which}")(x, ids)
    value, numbers = rng.normal(size=(6, 2)), [0, 0, 2, 2, 2, 3]
    got, slope = tf.Session().run([y, tf.gradients(tf.reduce_sum(y), [x])[0]], {x: value, ids: numbers})
    fold = {"sum": np.sum, "prod": np.prod, "mean": np.mean, "max": np.max, "min": np.min}[which]
    empty = np.full(2, 1.0 if which == "prod" else 0.0)
    wanted = [fold(value[np.equal(numbers, k)], axis=0) if k in numbers else empty for k in range(4)]
    np.testing.assert_allclose(got, wanted, rtol=1e-12)
    constant = tf.Session().run(tf.gradients(tf.reduce_sum(getattr(tf.math, f"segment_{which}")(x, numbers)), [x]),
                                {x: value})
    np.testing.assert_allclose(slope, constant[0], rtol=1e-12)
    with pytest.raises(errors.InvalidArgumentError, match="not ascending"):
        tf.Session().run(y, {x: value, ids: [0, 2, 1, 1, 1, 1]})


# ------------------------------------------------------------------ sizes that are tensors

def test_sizes_from_shapes_cut_nothing(rng):
    x = tf.placeholder(tf.float32, [None, 3])
    rows = tf.shape(x)[0]
    built = {
        "zeros": tf.zeros([rows, 2]), "ones": tf.ones(tf.shape(x)), "fill": tf.fill([2, rows], 7.0),
        "reshape": tf.reshape(x, [rows * 3]), "hole": tf.reshape(x, tf.stack([rows, -1, 1])),
        "tile": tf.tile(x, [1, rows]), "broadcast": tf.broadcast_to(x[0], tf.shape(x)),
        "one_hot": tf.one_hot([0, 1], rows), "segments": tf.math.unsorted_segment_sum(x[:2], [0, 1], rows),
        "scatter": tf.scatter_nd([[0]], [5.0], [rows]), "total": tf.zeros([tf.size(x) // 3]),
    }
    assert built["zeros"].shape == (None, 2)
    assert built["reshape"].shape == (None,)
    assert not any(is_cut(y, [x]) for y in built.values())
    session = tf.Session()
    for n in (4, 2, 7):
        value = rng.normal(size=(n, 3)).astype("f4")
        got = session.run(built, {x: value})
        wanted = {
            "zeros": np.zeros((n, 2)), "ones": np.ones((n, 3)), "fill": np.full((2, n), 7.0),
            "reshape": value.reshape(-1), "hole": value[..., None], "tile": np.tile(value, (1, n)),
            "broadcast": np.tile(value[0], (n, 1)), "one_hot": np.eye(n)[:2],
            "segments": np.concatenate([value[:2], np.zeros((n - 2, 3))]), "scatter": 5.0 * np.eye(n)[0],
            "total": np.zeros(n),
        }
        for name in built:
            np.testing.assert_array_equal(got[name], wanted[name], err_msg=name)


def test_sizes_from_numbers():
    n = tf.placeholder(tf.int32, [])
    x = tf.placeholder(tf.float64, [None])
    y = tf.reshape(x, [n, -1])
    loss = tf.reduce_sum(y * y)
    session = tf.Session()
    for rows, value in ((2, np.arange(6.0)), (3, np.arange(6.0)), (1, np.arange(4.0))):
        got, slope = session.run([y, tf.gradients(loss, [x])[0]], {n: rows, x: value})
        np.testing.assert_array_equal(got, value.reshape(rows, -1))
        np.testing.assert_array_equal(slope, 2 * value)
    assert session.run(tf.tile([1, 2], [n]), {n: 2}).tolist() == [1, 2, 1, 2]
    assert session.run(tf.math.unsorted_segment_sum([1, 2, 3], [0, 1, 0], n), {n: 3}).tolist() == [4, 2, 0]
    with pytest.raises(errors.ShapeError, match="do not fit"):
        session.run(y, {n: 4, x: np.arange(6.0)})
    with pytest.raises(errors.ShapeError, match="negative"):
        session.run(tf.zeros([n]), {n: -2})


def test_ranges():
    n, x = tf.placeholder(tf.int32, []), tf.placeholder(tf.float32, [None])
    session, feeds = tf.Session(), {n: 5, x: np.zeros(4, "f4")}
    rows = tf.shape(x)[0]
    for limits, wanted in (
        ((n,), range(5)), ((1, n), range(1, 5)), ((n, 0, -2), range(5, 0, -2)), ((rows,), range(4)),
        ((1, rows), range(1, 4)), ((0, rows, 3), range(0, 4, 3)),
        ((rows, 0, -2), range(4, 0, -2)),
    ):
        assert session.run(tf.range(*limits), feeds).tolist() == list(wanted)
    assert session.run(tf.range(n, dtype=tf.float32) * 0.5, feeds).tolist() == [0, 0.5, 1, 1.5, 2]
    assert not is_cut(tf.range(rows) * 2, [x])
    assert not is_cut(tf.range(rows - 1, 0, -2), [x])
    with pytest.raises(errors.InvalidArgumentError, match="delta is 0"):
        session.run(tf.range(0, 5, n), {n: 0})
    with pytest.raises(errors.ShapeError, match="negative"):
        session.run(tf.range(5, rows), feeds)


def test_counts_up_to_the_largest_number():
    x, y = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None])
    session, feeds = tf.Session(), {x: [0, 2, 2, 5], y: [1, 2, 0, 5]}
    for arguments in ({}, {"minlength": 8}, {"maxlength": 3}, {"minlength": 2, "maxlength": 4}):
        wanted = np.bincount([0, 2, 2, 5], minlength=arguments.get("minlength", 0))[:arguments.get("maxlength")]
        assert session.run(tf.math.bincount(x, **arguments), feeds).tolist() == wanted.tolist()
    table = session.run(tf.math.confusion_matrix(x, y), feeds)
    assert table.shape == (6, 6)
    assert [tuple(p) for p in np.argwhere(table)] == [(0, 1), (2, 0), (2, 2), (5, 5)]
    assert session.run(tf.math.bincount(x), {x: []}).tolist() == []
    mask = session.run(tf.sequence_mask(x, tf.reduce_max(x)), feeds)
    assert mask.sum(1).tolist() == [0, 2, 2, 5]
    assert session.run(tf.repeat(x, tf.reduce_max(x) - 3), feeds).tolist() == [0, 0, 2, 2, 2, 2, 5, 5]


def test_a_size_from_a_shape_that_turns_out_negative_is_refused():
    x = tf.placeholder(tf.float32, [None])
    y = tf.zeros([tf.shape(x)[0] - 2])
    session = tf.Session()
    assert session.run(y, {x: np.ones(5, "f4")}).shape == (3,)
    with pytest.raises(errors.ShapeError, match="negative"):
        session.run(y, {x: [1.0]})


# ------------------------------------------------------------------ structure

def test_other_numbers_of_results_compile_nothing(rng):
    x = tf.placeholder(tf.float32, [None, 4])
    rows = tf.boolean_mask(tf.tanh(x), x[:, 0] > 0.0)
    y = tf.reduce_sum(tf.exp(rows), 0) * 2.0
    session = tf.Session()
    session.run(y, {x: rng.normal(size=(20, 4)).astype("f4")})
    before = default_compiler().counts.compiled
    for n in (21, 3, 50):
        value = rng.normal(size=(n, 4)).astype("f4")
        wanted = 2 * np.exp(np.tanh(value[value[:, 0] > 0])).sum(0)
        np.testing.assert_allclose(session.run(y, {x: value}), wanted, rtol=1e-4)
    assert default_compiler().counts.compiled == before
    assert len(plan_of(session, y, [x]).programs) == 1


def test_what_was_computed_before_a_cut_is_not_computed_again():
    x = tf.placeholder(tf.float32, [None, 4])
    w = tf.Variable(np.ones((4, 4), "f4"))
    hidden = tf.tanh(x @ w)
    loss = tf.reduce_sum(tf.boolean_mask(hidden, hidden[:, 0] > 0.0))
    explanation = tf.Session().explain([loss, tf.gradients(loss, [w])[0]], {x: np.ones((3, 4), "f4")})
    first, last = explanation.stretches
    assert sum("gemm" in k.name or "matmul" in k.name for k in first.kernels) == 1
    assert sum("gemm" in k.name or "matmul" in k.name for k in last.kernels) == 1     # the gradient's
    assert [c.node.op.name for c in last.cuts] == ["places_where"]


def test_explain_says_where_the_cut_is_and_why():
    x = tf.placeholder(tf.float32, [None])
    y = tf.reduce_sum(tf.unique(x + 1.0)[0])
    for explanation in (tf.explain(y), tf.Session().explain(y, {x: [1.0]})):
        assert len(explanation.stretches) == 2
        text = str(explanation)
        assert "cut: Unique = unique(add)" in text
        assert "sizes of its results depend on the numbers" in text
        assert "test_sizes_from_data.py" in text


def test_nodes_that_do_not_wait_for_each_other_share_a_cut():
    x = tf.placeholder(tf.float32, [None])
    a, b = tf.unique(x)[0], tf.boolean_mask(x, x > 1.0)
    c = tf.unique(tf.round(a))[0]
    assert len(tf.explain([a, b]).stretches) == 2
    assert len(tf.explain([a, b, c]).stretches) == 3


def test_a_program_without_such_ops_is_not_cut():
    x = tf.placeholder(tf.float32, [None])
    tf.unique(x)
    assert not is_cut(x * 2.0, [x])
    assert is_cut(tf.unique(x)[0], [x])
    given, _ = tf.unique(x)
    assert not is_cut(given * 2.0, [given])           # it is fed


# ------------------------------------------------------------------ sizes that have to fit

def test_sizes_after_a_cut_are_compared_with_those_of_feeds():
    x, z = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    y = tf.unique(x)[0] * z
    session = tf.Session()
    assert session.run(y, {x: [1, 2, 1], z: [3, 4]}).tolist() == [3, 8]
    assert session.run(y, {x: [2, 2], z: [3, 4, 5]}).tolist() == [6, 8, 10]      # a single element broadcasts
    assert session.run(y, {x: [1, 2, 3], z: [3]}).tolist() == [3, 6, 9]
    assert session.run(y, {x: [1, 2, 1], z: [5, 6]}).tolist() == [5, 12]
    with pytest.raises(errors.ShapeError, match=r"2 \(axis 0 of Unique\) and 3"):
        session.run(y, {x: [1, 2], z: [1, 2, 3]})


def test_a_mask_of_another_length_is_refused():
    x, mask = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.bool, [None])
    with pytest.raises(errors.ShapeError, match="mask and tensor differ"):
        tf.Session().run(tf.boolean_mask(x, mask), {x: [1, 2, 3], mask: [True]})
    with pytest.raises(errors.ShapeError, match="mask and tensor differ"):
        tf.boolean_mask(tf.zeros([3]), tf.zeros([2]) > 0.0)
    with pytest.raises(errors.ShapeError, match="number of the mask's axes"):
        tf.boolean_mask(x, tf.placeholder(tf.bool))
    with pytest.raises(errors.DTypeError, match="mask is float32"):
        tf.boolean_mask(x, x)


# ------------------------------------------------------------------ variables

@every_tier
def test_variables_change_in_order_around_a_cut(tier):
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable([1.0, 1.0, 2.0])
    first = v.assign(v + x)
    with tf.control_dependencies([first]):
        different, _ = tf.unique(v.read_value())
        second = v.assign_add(tf.fill([3], tf.reduce_sum(different)))
    with tf.control_dependencies([second]):
        last = v.read_value() * 1.0
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    with config.override(tier=tier):
        got = session.run([different, first, last, v], {x: [1.0, 1.0, 0.0]})
    assert [a.tolist() for a in got] == [[2], [2, 2, 2], [4, 4, 4], [1, 1, 2]]
    assert session.run(v).tolist() == [4, 4, 4]


def test_an_assignment_that_only_a_cut_needs_is_made():
    v = tf.Variable([3, 3, 1])
    y = tf.unique(v.assign_add([1, 1, 1]))[0]
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(y).tolist() == [4, 2]
    assert session.run(v).tolist() == [4, 4, 2]


@every_tier
def test_a_run_that_fails_after_a_cut_changes_nothing(tier):
    x, at = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.int32, [])
    v = tf.Variable(0.0)
    different, _ = tf.unique(x)
    step = v.assign_add(tf.reduce_sum(x))
    picked = tf.gather(different, at)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    with config.override(tier=tier):
        session.run([step, picked], {x: [1, 1], at: 0})
        with pytest.raises(errors.IndexOutsideError):
            session.run([step, picked], {x: [1, 1], at: 1})
    assert session.run(v) == 2.0


def test_random_numbers_are_the_same_on_both_sides_of_a_cut():
    noise = tf.random.uniform([50], seed=3)
    chosen = tf.boolean_mask(noise, noise > 0.5)
    session = tf.Session()
    for _ in range(3):
        got, whole = session.run([chosen, noise])
        np.testing.assert_array_equal(got, whole[whole > 0.5])


def test_training_through_a_mask():
    x, y = tf.placeholder(tf.float32, [None, 2]), tf.placeholder(tf.float32, [None])
    w = tf.Variable([[0.0], [0.0]])
    error = tf.boolean_mask(tf.squeeze(x @ w, 1) - y, y > 0.0)
    step = tf.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_mean(tf.square(error)))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    data, target = np.array([[1, 0], [0, 1], [1, 1]], "f4"), np.array([2.0, -5.0, 5.0], "f4")
    run = session.make_callable(step, [x, y])
    for _ in range(300):
        run(data, target)
    np.testing.assert_allclose(session.run(w), [[2.0], [3.0]], atol=1e-2)        # the second row is masked


# ------------------------------------------------------------------ other ways to run

def test_run_steps_returns_to_python_between_the_steps():
    x = tf.placeholder(tf.float32, [None])
    v = tf.Variable(0.0)
    different = tf.unique(x)[0]
    step = v.assign_add(tf.reduce_sum(different))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    data = np.array([[1, 1, 2], [3, 3, 3], [1, 2, 3]], "f4")
    assert session.run_steps(step, {x: data}, collect=True).tolist() == [3, 6, 12]
    assert session.run_steps([step, different], {x: data})[1].tolist() == [1, 2, 3]
    rows = tf.Rows(np.array([1, 2, 2], "f4"), np.array([[0, 1], [1, 2]]))
    assert session.run_steps(different, {x: rows}).tolist() == [2]
    with pytest.raises(errors.ShapeError, match="in one step"):
        session.run_steps(different, {x: data}, collect=True)


def test_make_callable_writes_into_arrays():
    x = tf.placeholder(tf.float32, [None])
    run = tf.Session().make_callable(tf.unique(x)[0] + 1.0, [x])
    out = np.zeros(2, "f4")
    assert run([1.0, 1.0, 2.0], out=out) is out
    assert out.tolist() == [2, 3]
    with pytest.raises(errors.InvalidArgumentError, match="out is"):
        run([1.0, 1.0], out=out)


def test_fetching_feeds_and_results_of_a_cut():
    x = tf.placeholder(tf.float32, [None])
    y, idx = tf.unique(x)
    value = np.array([2.0, 2.0], "f4")
    fed, found, places = tf.Session().run([x, y, idx], {x: value})
    assert fed is not value
    assert (fed.tolist(), found.tolist(), places.tolist()) == ([2, 2], [2], [0, 0])


def test_unknown_rank_before_a_cut():
    x = tf.placeholder(tf.float32)
    y = tf.unique(tf.reshape(x, [-1]))[0] * 2.0
    assert tf.Session().run(y, {x: [[1, 2], [2, 3]]}).tolist() == [2, 4, 6]


def test_inside_a_loop():
    x = tf.placeholder(tf.float32, [None])
    total = tf.while_loop(lambda i: i < 7, lambda i: i + tf.size(tf.boolean_mask(x, x > 0.0)), [tf.constant(0)])
    session = tf.Session()
    assert [session.run(total, {x: [1.0, -1.0, 2.0][:n]})[0] for n in (1, 3)] == [7, 8]


def test_inside_a_loop_sizes_may_follow_from_shapes():
    x = tf.placeholder(tf.float32, [None, 3])
    sums = tf.scan(lambda a, row: a + row * tf.ones([tf.shape(x)[1]]), x, initializer=tf.zeros([3]))
    assert tf.Session().run(sums, {x: [[1, 2, 3], [1, 1, 1]]}).tolist() == [[1, 2, 3], [2, 3, 4]]


def test_saved_and_loaded(tmp_path):
    x = tf.placeholder(tf.float32, [None], name="x")
    tf.reduce_sum(tf.boolean_mask(x, x > 1.0), name="y")
    tf.reshape(tf.zeros([tf.shape(x)[0], 2]), [-1], name="z")
    tf.get_default_graph().save(tmp_path / "a.graph.json")
    session = tf.Session(tf.load(tmp_path / "a.graph.json"))
    assert session.run("y", {"x": [1.0, 2.0, 3.0]}) == 5.0
    assert session.run("z", {"x": [1.0, 2.0]}).tolist() == [0, 0, 0, 0]
