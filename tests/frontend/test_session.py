"""Sessions: fetches, feeds, callables, threads."""
import collections
import threading

import numpy as np
import pytest

import graphengine as tf
from graphengine import config, errors
from graphengine.runtime.executable import MOST_LAYOUTS

pytestmark = pytest.mark.usefixtures("own_graph")


# ------------------------------------------------------------------ fetches

def test_structure_of_the_result_is_that_of_the_fetches(session):
    x = tf.placeholder(tf.float32, [2], name="x")
    y = tf.add(x, 1.0, name="y")
    nothing = tf.no_op()
    Pair = collections.namedtuple("Pair", "first second")
    got = session.run({"a": [x, (y, nothing)], "b": Pair(y, {"deep": x}), "c": []}, {x: [1.0, 2.0]})
    assert list(got) == ["a", "b", "c"]
    assert got["c"] == [] and isinstance(got["a"][1], tuple) and got["a"][1][1] is None
    assert isinstance(got["b"], Pair)
    for array, want in ((got["a"][0], [1.0, 2.0]), (got["b"].first, [2.0, 3.0]), (got["b"].second["deep"], [1.0, 2.0])):
        np.testing.assert_array_equal(array, np.array(want, "f4"))


def test_names_of_tensors_and_nodes(session):
    x = tf.placeholder(tf.float32, [], name="x")
    y = tf.add(x, 1.0, name="y")
    assert session.run("y:0", {"x:0": 1.0}) == 2.0
    assert session.run(["y", y, y.op], {"x": 1.0})[:2] == [2.0, 2.0]


def test_an_operation_gives_none_and_a_variable_its_value(session):
    w = tf.Variable([1.0, 2.0])
    assert session.run(tf.global_variables_initializer()) is None
    assert session.run([w, w.op.name])[0].tolist() == [1.0, 2.0]
    assert session.run(w.initializer) is None


def test_the_same_tensor_twice(session):
    x = tf.placeholder(tf.float32, [3])
    y = tf.tanh(x)
    first, second, fed = session.run([y, y, x], {x: np.ones(3, "f4")})
    np.testing.assert_array_equal(first, second)
    assert not np.shares_memory(first, second)
    np.testing.assert_array_equal(fed, np.ones(3))


@pytest.mark.parametrize("size", [3, 5000])
def test_results_belong_to_the_caller(session, size):
    """Small results are copied out, large ones are written into fresh arrays."""
    x = tf.placeholder(tf.float32, [None])
    w = tf.Variable(np.ones(size, "f4"))
    session.run(tf.global_variables_initializer())
    fetches = [x, tf.transpose(x), x * 2.0, w.read_value(), tf.reshape(x, [1, -1]), tf.constant(np.ones(size, "f4"))]
    feed = np.arange(size, dtype="f4")
    first = session.run(fetches, {x: feed})
    kept = [a.copy() for a in first]
    for a in first:
        assert not np.shares_memory(a, feed)
    session.run(fetches, {x: -feed})
    for a, b in zip(first, kept, strict=True):
        np.testing.assert_array_equal(a, b)
        a[...] = 7.0
    again = session.run(fetches, {x: feed})
    for a, b in zip(again, kept, strict=True):
        np.testing.assert_array_equal(a, b)


def test_numbers_come_back_as_numpy_numbers(session):
    x = tf.placeholder(tf.float32, [])
    total, flag, count = session.run([x + 1.0, x > 0.0, tf.constant(3)], {x: 1.0})
    assert (type(total), type(flag), type(count)) == (np.float32, np.bool_, np.int32)


def test_nothing_fetched(session):
    assert session.run([]) == []
    assert session.run({}) == {}


# ------------------------------------------------------------------ feeds

def test_values_of_any_kind_that_fits(session):
    x = tf.placeholder(tf.float32, [None])
    for value in ([1, 2], (1.0, 2.0), np.array([1, 2], "i8"), np.array([1.0, 2.0]), np.array([1, 2], ">f4"),
                  np.array([0, 1, 0, 2], "f4")[1::2], range(1, 3), [np.float32(1), np.float64(2)]):
        np.testing.assert_array_equal(session.run(x * 1.5, {x: value}), np.array([1.5, 3.0], "f4"))


def test_feeds_that_are_not_aligned(session):
    x = tf.placeholder(tf.float32, [None])
    raw = bytearray(4 * 5000 + 1)
    value = np.frombuffer(raw, "f4", 5000, offset=1)
    value[...] = np.arange(5000)
    np.testing.assert_array_equal(session.run(x + 1.0, {x: value}), np.arange(5000) + 1.0)


def test_feeding_a_value_in_between_cuts_the_graph(session):
    x = tf.placeholder(tf.float32, [])
    middle = x * 2.0
    y = middle + 1.0
    assert session.run(y, {middle: 10.0}) == 11.0
    assert session.run([y, middle], {middle: 10.0}) == [11.0, 10.0]
    assert session.run(y, {x: 1.0}) == 3.0


def test_feeding_a_constant_and_a_variable(session):
    c = tf.constant(2.0)
    w = tf.Variable(5.0)
    y = c * w
    assert session.run(y, {c: 3.0, w: 4.0}) == 12.0
    session.run(tf.global_variables_initializer())
    assert session.run(y) == 10.0
    assert session.run(y, {c: 3.0}) == 15.0


def test_feeds_are_not_changed(session):
    x = tf.placeholder(tf.float32, [None])
    w = tf.Variable(np.zeros(5000, "f4"))
    step = w.assign(x)
    value = np.ones(5000, "f4")
    session.run(step, {x: value})
    session.run(w.assign_add(np.ones(5000, "f4")))
    np.testing.assert_array_equal(value, np.ones(5000))
    value[...] = 9.0
    np.testing.assert_array_equal(session.run(w), np.full(5000, 2.0))


def test_sizes_of_one_broadcast_though_they_were_unknown(session):
    x, y = tf.placeholder(tf.float32, [None, None]), tf.placeholder(tf.float32, [None, None])
    z = x * y + tf.reduce_sum(y, axis=0)
    pairs = [((2, 3), (2, 3)), ((2, 1), (2, 3)), ((2, 3), (1, 3)), ((1, 3), (2, 1)), ((1, 1), (2, 3))]
    for a, b in (*pairs, *pairs[:2]):
        u, v = np.ones(a, "f4") * 2, np.arange(np.prod(b), dtype="f4").reshape(b)
        np.testing.assert_array_equal(session.run(z, {x: u, y: v}), u * v + v.sum(0))


def test_ranks_come_with_the_feed(session):
    a, b = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    c = a + b
    assert session.run(c, {a: 1.0, b: 2.0}) == 3.0
    np.testing.assert_array_equal(session.run(c, {a: [1.0, 2.0], b: [[1.0], [10.0]]}), [[2.0, 3.0], [11.0, 12.0]])


def test_many_shapes_do_not_pile_up(session):
    x = tf.placeholder(tf.float32, [None])
    y = x + 1.0
    for n in range(3 * MOST_LAYOUTS):
        assert len(session.run(y, {x: np.zeros(n, "f4")})) == n
    (plan,) = session._plans.values()
    assert len(plan.layouts) <= MOST_LAYOUTS


# ------------------------------------------------------------------ callables

def test_callable(session):
    x, y = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [])
    call = session.make_callable({"sum": x + y, "done": tf.no_op()}, [x, y])
    got = call([1.0, 2.0], 3.0)
    assert got["done"] is None
    np.testing.assert_array_equal(got["sum"], [4.0, 5.0])


@pytest.mark.parametrize("size", [4, 5000])
def test_callable_writes_into_arrays(session, size):
    x = tf.placeholder(tf.float32, [None])
    call = session.make_callable([x * 2.0, tf.reduce_sum(x)], [x])
    value = np.ones(size, "f4")
    out, total = np.zeros(size, "f4"), np.zeros((), "f4")
    first, second = call(value, out=[out, total])
    assert first is out and second is total
    np.testing.assert_array_equal(out, np.full(size, 2.0))
    assert total == size
    only, fresh = call(value * 2, out=[out, None])
    assert only is out and fresh == 2 * size


@pytest.mark.parametrize("size", [4, 200])
@pytest.mark.parametrize("tier", ["kernels", "interpreter"])
def test_results_may_replace_their_feeds(session, size, tier):
    x = tf.placeholder(tf.float32, [None, None])
    value = np.arange(size * size, dtype="f4").reshape(size, size) / size**2
    for y, want in ((tf.transpose(x) + x[::-1], value.T + value[::-1]), (x @ x, value @ value)):
        call = session.make_callable(y, [x])
        out = value.copy()
        with config.override(tier=tier):
            assert call(out, out=out) is out
        np.testing.assert_allclose(out, want, rtol=1e-5)


def test_results_may_not_share_an_array(session):
    x = tf.placeholder(tf.float32, [None])
    call = session.make_callable([x + 1.0, x + 2.0], [x])
    both = np.zeros(6000, "f4")
    with pytest.raises(errors.InvalidArgumentError, match="share memory"):
        call(np.zeros(5000, "f4"), out=[both[:5000], both[1000:]])


# ------------------------------------------------------------------ sessions

def test_sessions_keep_their_own_variables(own_graph):
    w = tf.Variable(1.0, name="w")
    step = w.assign_add(1.0)
    first, second = tf.Session(), tf.Session()
    for session in (first, second):
        session.run(tf.global_variables_initializer())
    assert [first.run(step), first.run(step), second.run(step)] == [2.0, 3.0, 2.0]
    assert (first.variables(), second.variables()) == ({"w": 3.0}, {"w": 2.0})


def test_session_is_the_default_inside_with():
    assert tf.get_default_session() is None
    with tf.Graph().as_default() as graph:
        outer = tf.Session(graph)
    with outer:
        assert tf.get_default_session() is outer
        assert tf.get_default_graph() is graph
        with tf.Session(graph) as inner:
            assert tf.get_default_session() is inner
        assert tf.get_default_session() is outer
    assert tf.get_default_session() is None


def test_the_graph_may_grow_between_runs(session):
    x = tf.placeholder(tf.float32, [])
    y = x + 1.0
    assert session.run(y, {x: 1.0}) == 2.0
    assert session.run(y * 2.0, {x: 1.0}) == 4.0


def test_tiers_agree(session):
    x = tf.placeholder(tf.float32, [None, 3])
    w = tf.Variable(np.ones((3, 2), "f4"))
    y = tf.nn.softmax(x @ w)
    step = w.assign_sub(0.1 * tf.gradients(tf.reduce_sum(y * y), [w])[0])
    session.run(tf.global_variables_initializer())
    value = np.arange(6, dtype="f4").reshape(2, 3)
    found = []
    for tier in ("kernels", "interpreter", "auto"):
        with config.override(tier=tier):
            session.run(tf.global_variables_initializer())
            found.append([session.run([y, step], {x: value}), session.run(w)])
    for other in found[1:]:
        for a, b in zip(found[0], other, strict=True):
            for u, v in zip(a, b, strict=True):
                np.testing.assert_allclose(u, v, rtol=1e-5)


def test_threads_take_turns(session):
    """Several threads use one session and one program with arrays of their own."""
    x = tf.placeholder(tf.float32, [None])
    counter = tf.Variable(0.0, name="counter")
    step = counter.assign_add(1.0)
    session.run(tf.global_variables_initializer())
    y = x * 2.0 + 1.0
    call = session.make_callable(y, [x])
    problems = []

    def work(k):
        for turn in range(50):
            value = np.full(3 + (k + turn) % 4 * 2000, k * 100 + turn, "f4")
            got = call(value) if turn % 2 else session.run([y, step], {x: value})[0]
            if not np.array_equal(got, value * 2 + 1):
                problems.append((k, turn))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not problems
    assert session.variables()["counter"] == 4 * 25


def test_sessions_in_threads_compile_at_once():
    """Each thread has a graph, a session and kernels of its own."""
    results = {}

    def work(k):
        with tf.Graph().as_default(), tf.Session() as session:
            x = tf.placeholder(tf.float32, [None])
            y = x
            for _ in range(k + 1):
                y = tf.tanh(y) + 0.125 * k
            results[k] = session.run(y, {x: np.linspace(-1, 1, 50, dtype="f4")})

    threads = [threading.Thread(target=work, args=(k,)) for k in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for k in range(6):
        want = np.linspace(-1, 1, 50, dtype="f4")
        for _ in range(k + 1):
            want = np.tanh(want) + np.float32(0.125 * k)
        np.testing.assert_allclose(results[k], want, rtol=1e-5, atol=1e-6)


def test_a_dict_with_a_default_as_fetch():
    with tf.Graph().as_default():
        fetches = collections.defaultdict(list, a=tf.constant(1.0))
        found = tf.Session().run(fetches)
    assert found == {"a": 1.0} and found["b"] == []
