"""Python functions called from graphs: values, order, number of calls, gradients, and what is refused."""
import json

import numpy as np
import pytest

import graphengine as tf
from graphengine import config, errors
from graphengine.io import load, save
from graphengine.runtime.compiler import default_compiler


@pytest.fixture(params=["kernels", "interpreter", "auto"])
def tier(request):
    with config.override(tier=request.param):
        yield request.param


@pytest.fixture
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture
def calls():
    return []


# -------------------------------------------------------------------- arrays

def test_results_go_on_into_the_program(tier, graph, calls):
    """Sizes and ranks differ from run to run; it is called once in each."""
    x = tf.placeholder(tf.float32, [None])

    def some(a):
        calls.append(a.tolist())
        return a[a > 0] if len(a) < 5 else a.reshape(-1, 2)

    y = tf.numpy_function(some, [x * 2.0], tf.float32)
    assert y.shape.rank is None
    total = tf.reduce_sum(y * 3.0) + tf.reduce_sum(x)
    session = tf.Session()
    for value in ([1.0, -1.0, 2.0], [], [4.0], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1.0, -1.0]):
        calls.clear()
        doubled = np.array(value, "f4") * 2
        wanted = some(doubled)
        found, sum_found = session.run([y, total], {x: value})
        assert np.array_equal(found, wanted) and found.shape == wanted.shape
        np.testing.assert_allclose(sum_found, 3 * wanted.sum() + np.sum(value), rtol=1e-6)
        assert calls == [doubled.tolist()] * 2


def test_no_operands_several_results_and_none(graph, calls):
    pair = tf.numpy_function(lambda: (np.arange(3), np.float64(2.5)), [], [tf.int64, tf.float64])
    one = tf.numpy_function(lambda a: [a], [1.5], [tf.float32])
    nothing = tf.numpy_function(lambda a: calls.append(int(a)), [pair[0][2]], [])
    assert len(one) == 1 and isinstance(nothing, tf.Operation)
    session = tf.Session()
    whole, number = session.run([pair[0] * 2, pair[1]])
    assert whole.tolist() == [0, 2, 4] and number == 2.5 and session.run(one[0]) == 1.5
    assert calls == []
    assert session.run(nothing) is None and calls == [2]


def test_calls_keep_their_order_and_come_before_changes(graph, calls):
    """Also the first time, when what later ones are given has to be found out."""
    v = tf.Variable(1.0)
    a = tf.numpy_function(lambda: calls.append("a") or np.float32(1.0), [], tf.float32)
    b = tf.numpy_function(lambda y: calls.append("b") or y, [a + v], tf.float32)
    c = tf.numpy_function(lambda: calls.append("c") or np.ones(2, "f4"), [], tf.float32)
    d = tf.numpy_function(lambda y: calls.append("d") or y, [b * c], tf.float32)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    step = v.assign_add(tf.reduce_sum(d))
    for k in range(3):
        calls.clear()
        assert session.run(step) == [5.0, 17.0, 53.0][k]
        assert calls == ["a", "b", "c", "d"]


def test_a_function_that_fails_leaves_variables_alone(tier, graph):
    v, x = tf.Variable(1.0), tf.placeholder(tf.float32, [])

    def picky(a):
        if a < 0:
            raise KeyError("below 0")
        return a

    y = tf.numpy_function(picky, [x], tf.float32)
    step = tf.group(v.assign_add(1.0), tf.numpy_function(picky, [y + v], []))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    for value in (-1.0, -1.0, 1.0, -1.0):
        if value < 0:
            with pytest.raises(KeyError, match="below 0"):
                session.run(step, {x: value})
        else:
            with pytest.raises(errors.InvalidArgumentError, match="picky returned 1 values, and Tout has 0"):
                session.run(step, {x: value})
        assert session.run(v) == 1.0


def test_known_shapes_compile_ahead_and_are_checked(graph):
    x = tf.placeholder(tf.float32, [None])
    y = tf.numpy_function(lambda a: a * 2, [x], tf.float32)
    with pytest.raises(errors.InvalidArgumentError, match="compiled when it has run"):
        tf.Session().explain(y + 1.0, {x: np.ones(3)})
    y.set_shape([3])
    assert (y + 1.0).shape == (3,)
    assert "numpy_function" in str(tf.Session().explain(y + 1.0, {x: np.ones(3)}))
    assert tf.Session().run(y + 1.0, {x: [1.0, 2.0, 3.0]}).tolist() == [3.0, 5.0, 7.0]
    with pytest.raises(errors.ShapeError, match="size 2, not 3"):
        tf.Session().run(y + 1.0, {x: [1.0, 2.0]})
    with pytest.raises(errors.ShapeError, match="axis 0 of numpy_function:0"):
        y.set_shape([4])


def test_another_size_compiles_nothing(graph):
    x = tf.placeholder(tf.float32, [None])
    y = tf.tanh(tf.numpy_function(lambda a: a[a > 0], [x + 1.0], tf.float32)) * 2.0
    session = tf.Session()
    with config.override(tier="kernels"):
        session.run(y, {x: [1.0, 2.0]})
        before = default_compiler().counts.compiled
        assert session.run(y, {x: [1.0, -5.0, 2.0, 3.0]}).shape == (3,)
        assert default_compiler().counts.compiled == before


def test_operands_cannot_be_changed_and_results_are_copied(graph):
    kept = np.zeros(3, "f4")

    def same(a):
        kept[:] += 1.0
        with pytest.raises(ValueError, match="read-only"):
            a[0] = 7.0
        return kept

    x = tf.placeholder(tf.float32, [3])
    first = tf.numpy_function(same, [x], tf.float32)
    second = tf.numpy_function(same, [first], tf.float32)
    fed = np.arange(3, dtype="f4")
    assert [a.tolist() for a in tf.Session().run([first, second], {x: fed})] == [[1.0] * 3, [2.0] * 3]
    assert fed.tolist() == [0.0, 1.0, 2.0]


def test_steps_in_python(graph, calls):
    x = tf.placeholder(tf.float32, [])
    y = tf.numpy_function(lambda a: calls.append(float(a)) or a, [x], tf.float32) + 1.0
    assert tf.Session().run_steps(y, {x: np.arange(4.0)}, collect=True).tolist() == [1.0, 2.0, 3.0, 4.0]
    assert calls == [0.0, 1.0, 2.0, 3.0]


# -------------------------------------------------------------------- tensors

def test_gradients_of_a_py_function(tier, graph):
    x, v = tf.placeholder(tf.float64, []), tf.Variable(3.0, dtype=tf.float64)
    y = tf.py_function(lambda a, b: a * a * b if a > 0.0 else tf.sin(a) * b, [x, v], tf.float64)
    first = tf.gradients(y * y, [x, v])
    second = tf.gradients(first[0], [x])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run([y, first, second], {x: 2.0}) == [12.0, [288.0, 96.0], [432.0]]
    value, (dx, dv), _ = session.run([y, first, second], {x: -1.0})
    s, c = np.sin(-1.0), np.cos(-1.0)
    np.testing.assert_allclose([value, dx, dv], [3 * s, 18 * s * c, 6 * s * s], rtol=1e-12)


def test_gradient_with_results_of_several_types_and_unused_ones(graph):
    x, k = tf.placeholder(tf.float64, [None]), tf.placeholder(tf.int32, [])

    def several(a, n):
        return a * tf.cast(n, tf.float64), n + 1, tf.reduce_sum(a * a)

    scaled, following, squares = tf.py_function(several, [x, k], [tf.float64, tf.int32, tf.float64])
    values = np.array([1.0, -2.0])
    found = tf.Session().run([tf.gradients(scaled, [x])[0], tf.gradients(squares, [x])[0], following],
                             {x: values, k: 3})
    assert [np.asarray(f).tolist() for f in found] == [[3.0, 3.0], [2.0, -4.0], 4]
    assert tf.gradients(tf.numpy_function(np.sin, [x], tf.float64), [x]) == [None]


def test_in_functions_and_at_once_as_in_plain_tensor_code(calls):
    def body(x):
        tf.py_function(lambda a: calls.append(a.numpy().tolist()), [x], [])
        return tf.py_function(lambda a: tf.exp(a) if tf.reduce_sum(a) > 0.0 else a, [x * 2.0], tf.float32) * x

    x = tf.constant([1.0, 2.0])
    grads = []
    for f in (tf.function(body), body, lambda x: tf.exp(x * 2.0) * x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        grads.append((y.numpy(), tape.gradient(y, x).numpy()))
    for found in grads[:2]:
        np.testing.assert_allclose(found, grads[2], rtol=1e-6)
    assert calls == [[1.0, 2.0]] * 2


def test_at_once():
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        (y,) = tf.py_function(lambda a: [a * a], [v], [tf.float32])
    assert tape.gradient(y, v).numpy().tolist() == [2.0, 4.0]
    assert tf.numpy_function(lambda a: a + a, [v], tf.float32).numpy().tolist() == [2.0, 4.0]
    assert tf.py_function(lambda: None, [], []) == []


def test_ops_in_a_py_function_belong_to_no_graph_and_no_tape(graph):
    x = tf.placeholder(tf.float32, [])
    y = tf.py_function(lambda a: tf.constant(2.0) * a, [x], tf.float32)
    before = len(graph.nodes)
    with tf.GradientTape() as tape:
        assert tf.Session().run(y, {x: 3.0}) == 6.0
    assert len(graph.nodes) == before and tape.watched_variables() == ()


# -------------------------------------------------------------------- what is refused

def test_other_types_than_were_said(graph):
    session = tf.Session()
    with pytest.raises(errors.DTypeError, match=r"(?s)is float64, and Tout says float32.*test_calls.py"):
        session.run(tf.numpy_function(lambda: np.zeros(3), [], tf.float32))
    with pytest.raises(errors.DTypeError, match="result 0 of <lambda> is int32, and Tout says float32"):
        session.run(tf.py_function(lambda: tf.constant(1), [], tf.float32))
    assert session.run(tf.numpy_function(lambda: 1, [], tf.float32)) == 1.0


def test_not_in_files(graph, tmp_path):
    tf.numpy_function(lambda: 1.0, [], tf.float32, name="mine")
    with pytest.raises(errors.FileFormatError, match="a file cannot hold"):
        save(graph, tmp_path / "a.graph.json")
    attributes = {"callback": "os.system", "types": ["float32"]}
    text = {"format": "graphengine", "version": 1, "nodes": [
        {"id": "n", "op": "py_function", "attributes": attributes}]}
    (tmp_path / "b.graph.json").write_text(json.dumps(text))
    with pytest.raises(errors.GraphEngineError, match=r"'os\.system' is no Python function"):
        load(tmp_path / "b.graph.json")


def test_a_call_behind_an_assignment_is_given_the_new_value_the_first_time_too(calls):
    """A result of unknown rank: what the first call is given is computed before there is a program."""
    n = tf.Variable(1)

    @tf.function
    def count(more):
        n.assign_add(1)
        first = tf.numpy_function(lambda value: (calls.append(int(value)), value * 10)[1], [n], tf.int32)
        n.assign(n * 2)
        if more > 0:
            n.assign_add(more)
        return first, tf.numpy_function(lambda value: value + 0, [n], tf.int32)

    assert [[int(x) for x in count(tf.constant(more))] for more in (1, 0, 1)] == [[20, 5], [60, 12], [130, 27]]
    assert calls == [2, 6, 13] and n.numpy() == 27
