"""Assigning to parts of variables, beside numpy's: at once, traced, and in a session."""
import sys
import threading

import numpy as np
import pytest

import graphengine as tf
import graphengine.compat.v1 as v1
from graphengine.errors import DTypeError, ShapeError

START = np.arange(12, dtype="f4").reshape(3, 4)


def at_once(change):
    v = tf.Variable(START)
    assert change(v) is v
    return v.numpy()


def traced(change):
    v = tf.Variable(START)
    result = tf.function(lambda: change(v))()
    np.testing.assert_array_equal(result, v.numpy())
    return v.numpy()


def in_session(change):
    with tf.Graph().as_default():
        v = tf.Variable(START)
        new = change(v)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            np.testing.assert_array_equal(session.run(new), session.run(v))
            return session.run(v)


@pytest.mark.parametrize("how", [at_once, traced, in_session])
@pytest.mark.parametrize(("index", "value"), [
    (1, 5.0), ((2, 3), 7.0), (slice(1, None), [1.0, 2.0, 3.0, 4.0]), ((..., -1), [7.0, 8.0, 9.0]),
    ((slice(None, None, -2), slice(1, 3)), [[1.0, 2.0], [3.0, 4.0]]), ((None, 0), [[1.0, 2.0, 3.0, 4.0]]),
    (slice(2, 2), 5.0), ((), 3.0), (slice(None), 0.5),
])
@pytest.mark.parametrize("name", ["assign", "assign_add", "assign_sub"])
def test_as_numpy_does(how, index, value, name):
    expected = START.copy()
    given = np.asarray(value, "f4")
    old = expected[index]
    expected[index] = {"assign": given, "assign_add": old + given, "assign_sub": old - given}[name]
    np.testing.assert_array_equal(how(lambda v: getattr(v[index], name)(value)), expected)


def test_at_a_place_known_when_it_runs():
    v = tf.Variable([1.0, 2.0, 3.0])
    set_at = tf.function(lambda k, x: v[k].assign(x))
    set_at(tf.constant(2), tf.constant(9.0))
    set_at(tf.constant(-3), tf.constant(8.0))
    np.testing.assert_array_equal(v.numpy(), [8.0, 2.0, 9.0])


def test_in_program_order():
    v = tf.Variable([1.0, 2.0, 3.0])

    @tf.function
    def f():
        v[0].assign(v[1] * 10.0)
        v[1:].assign_add([1.0, v[0]])
        return v * 1.0

    np.testing.assert_array_equal(f(), [20.0, 3.0, 23.0])


def test_values_that_do_not_fit():
    v = tf.Variable([1.0, 2.0, 3.0])
    with pytest.raises(ShapeError, match=r"shape \(2,\), the value \(3,\)"):
        v[1:].assign([1.0, 2.0, 3.0])
    with pytest.raises(ShapeError):
        tf.function(lambda: v[1:].assign([1.0, 2.0, 3.0]))()
    with pytest.raises(DTypeError):
        tf.Variable([1, 2])[0].assign(1.5)
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0, 3.0])


def test_other_tensors_are_not_assigned_to():
    v = tf.Variable([1.0, 2.0])
    for x in (tf.constant([1.0, 2.0])[0], v[0] + 1.0):
        assert not hasattr(x, "assign")
        with pytest.raises(AttributeError, match="no part of a variable"):
            x.assign(1.0)


def test_a_part_has_a_gradient():
    v = tf.Variable([1.0, 2.0])
    with tf.GradientTape() as tape:
        y = v[1] * v[1]
    np.testing.assert_array_equal(tape.gradient(y, v), [0.0, 4.0])


@pytest.mark.parametrize(("changes", "expected"), [
    (lambda v: [v[0].assign(1.0), v[1].assign(2.0)], [1, 2, 0]),
    (lambda v: [v[0].assign_add(1.0), v[:2].assign_add([1.0, 1.0]), v[1].assign_sub(3.0)], [2, -2, 0]),
    (lambda v: [v1.scatter_add(v, [0], [1.0]), v1.scatter_add(v, [0], [1.0])], [2, 0, 0]),
    (lambda v: [v1.scatter_update(v, [0], [5.0]), v1.scatter_update(v, 1, 4.0)], [5, 4, 0]),
    (lambda v: [v1.scatter_nd_add(v, [[0]], [1.0]), v1.scatter_nd_sub(v, [[0]], [3.0]), v.assign_add([0, 0, 1.0])],
     [-2, 0, 1]),
    (lambda v: [v1.scatter_max(v, [0, 0], [1.0, 2.0]), v1.scatter_min(v, [1], [-2.0])], [2, -2, 0]),
])
def test_changes_of_one_run_all_stay(changes, expected):
    with tf.Graph().as_default():
        v = tf.Variable(np.zeros(3, "f4"))
        both = changes(v)
        with tf.Session() as session:
            session.run(tf.global_variables_initializer())
            session.run(both)
            np.testing.assert_array_equal(session.run(v), expected)


def test_changes_of_slices_at_once():
    v = tf.Variable(np.zeros((2, 2), "f4"))
    v1.scatter_add(v, [0, 0], [[1.0, 2.0], [1.0, 2.0]])
    v1.scatter_nd_update(v, [[1, 0]], [7.0])
    np.testing.assert_array_equal(v.numpy(), [[2, 4], [7, 0]])
    tf.function(lambda x: v1.scatter_sub(v, [1], x))(tf.constant([[1.0, 1.0]]))
    np.testing.assert_array_equal(v.numpy(), [[2, 4], [6, -1]])


def test_a_part_of_a_large_variable_brings_no_numbers_into_the_graph():
    v = tf.Variable(np.zeros(100_000, "f4"))
    f = tf.function(lambda x: v[3:5].assign(x))
    constants = [n.op.value.array.size for n in f.get_concrete_function(tf.TensorSpec([], tf.float32)).graph.nodes
                 if n.op.name == "const"]
    assert max(constants, default=0) < 100
    f(tf.constant(2.0))
    assert v.numpy()[2:6].tolist() == [0, 2, 2, 0]


# ------------------------------------------------------------------ threads

def function_of(change):
    return lambda v: tf.function(lambda: change(v))


def at_once_of(change):
    return lambda v: lambda: change(v)


@pytest.fixture
def many_switches():
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


CHANGES = {
    "all": lambda v: v.assign_add(tf.ones(v.shape)),
    "part": lambda v: v[:1].assign_add([1.0]),
    "slices": lambda v: v.scatter_nd_add([[0]], [1.0]),
}


@pytest.mark.parametrize("size", [4, 100_000])
@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("makers", [(function_of,) * 4, (at_once_of,) * 3, (function_of, at_once_of) * 2])
def test_threads_lose_no_changes_of_one_variable(many_switches, makers, name, size):
    """Each thread changes it in a way of its own, as functions do that are traced apart."""
    v, runs = tf.Variable(tf.zeros([size])), 60
    changes = [make(CHANGES[name])(v) for make in makers]

    def work(change):
        for _ in range(runs):
            change()

    threads = [threading.Thread(target=work, args=(change,)) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert v.numpy()[0] == runs * len(makers)


def test_threads_lose_no_changes_of_two_variables(many_switches):
    """Whoever changes both waits for both, in one order."""
    v, w, runs = tf.Variable([0.0]), tf.Variable([0.0]), 200
    changes = [tf.function(lambda a=a, b=b: (a.assign_add([1.0]), b.assign_add([1.0])))
               for a, b in ((v, w), (w, v))]
    threads = [threading.Thread(target=lambda f=f: [f() for _ in range(runs)]) for f in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert (v.numpy()[0], w.numpy()[0]) == (2 * runs, 2 * runs)
