"""Variables and the order of what changes them."""
import numpy as np
import pytest

import graphengine as tf

pytestmark = pytest.mark.usefixtures("own_graph")


def test_initial_values(session):
    start = np.arange(6, dtype="f4").reshape(2, 3)
    made = [tf.Variable(start), tf.Variable(1), tf.Variable(2.0), tf.Variable(True), tf.Variable(tf.ones([2])),
            tf.Variable(lambda: [1.0, 2.0]), tf.Variable([1, 2], dtype=tf.float64)]
    session.run(tf.global_variables_initializer())
    start[...] = 9
    values = session.run(made)
    np.testing.assert_array_equal(values[0], np.arange(6).reshape(2, 3))
    assert [v.dtype.name for v in made] == ["float32", "int32", "float32", "bool", "float32", "float32", "float64"]
    assert [v.dtype.name for v in values] == [v.dtype.name for v in made]


def test_an_initial_value_may_be_another_variables(session):
    a = tf.Variable([1.0, 2.0])
    b = tf.Variable(a.initial_value * 2.0)
    session.run(tf.global_variables_initializer())
    assert session.run(b).tolist() == [2.0, 4.0]


def test_names():
    a, b, c = tf.Variable(1.0), tf.Variable(1.0), tf.Variable(1.0, name="w")
    with tf.name_scope("layer"):
        d = tf.Variable(1.0, name="w")
    assert [v.name for v in (a, b, c, d)] == ["Variable:0", "Variable_1:0", "w:0", "layer/w:0"]


def test_collections():
    a, b = tf.Variable(1.0), tf.Variable(1.0, trainable=False)
    assert tf.global_variables() == [a, b]
    assert tf.trainable_variables() == [a]


def test_an_initializer_for_some(session):
    a, b = tf.Variable(1.0, name="a"), tf.Variable(2.0, name="b")
    session.run(tf.variables_initializer([a]))
    assert session.variables() == {"a": 1.0}
    session.run(b.initializer)
    assert session.run([a, b]) == [1.0, 2.0]


def test_a_plain_use_is_the_value_at_the_start_of_the_run(session):
    w = tf.Variable(1.0)
    before, step, after = w * 10.0, w.assign_add(1.0), w * 100.0
    session.run(tf.global_variables_initializer())
    assert session.run([before, step, after]) == [10.0, 2.0, 100.0]
    assert session.run([before, step, after]) == [20.0, 3.0, 200.0]


def test_control_dependencies_decide_what_a_read_sees(session):
    w = tf.Variable(1.0)
    first = w.assign_add(1.0)
    with tf.control_dependencies([first]):
        between = w.read_value() * 1.0
        used = w * 1.0
        second = w.assign(w * 10.0)
    with tf.control_dependencies([second]):
        last = w.read_value() + 0.0
        with tf.control_dependencies(None):
            old = w + 0.0
    session.run(tf.global_variables_initializer())
    assert session.run([between, used, last, old]) == [2.0, 2.0, 20.0, 1.0]
    assert session.run(w) == 20.0


def test_only_what_is_fetched_changes(session):
    w = tf.Variable(1.0)
    w.assign(5.0)
    y = w + 1.0
    with tf.control_dependencies([w.assign(7.0)]):
        z = y + tf.constant(1.0)
    session.run(tf.global_variables_initializer())
    assert session.run(y) == 2.0
    assert session.run(w) == 1.0
    assert session.run(z) == 3.0
    assert session.run(w) == 7.0


def test_the_value_of_an_assignment_is_the_new_one(session):
    w = tf.Variable([1.0, 2.0])
    session.run(tf.global_variables_initializer())
    assert session.run(w.assign([3.0, 4.0])).tolist() == [3.0, 4.0]
    assert session.run(w.assign_sub([1.0, 1.0])).tolist() == [2.0, 3.0]
    doubled = w.assign(w * 2.0) + 1.0
    assert session.run(doubled).tolist() == [5.0, 7.0]


def test_an_assignment_of_a_fed_value(session):
    x = tf.placeholder(tf.float32, [None])
    w = tf.Variable(np.zeros(3, "f4"))
    change = w.assign(x)
    value = np.array([1.0, 2.0, 3.0], "f4")
    assert session.run(change, {x: value}).tolist() == [1.0, 2.0, 3.0]
    value[...] = 0.0
    assert session.run(w).tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("shape", [(4,), (1,), (0,), (1, 3), ()])
def test_an_assignment_of_a_fed_value_that_does_not_fit(session, shape):
    for placeholder_shape in ([None] * len(shape), None):
        x = tf.placeholder(tf.float32, placeholder_shape)
        w = tf.Variable(np.zeros(3, "f4"))
        session.run(w.initializer)
        if placeholder_shape is None or len(placeholder_shape) == 1:
            for change in (w.assign(x), w.assign_add(x), w.assign(x * 2.0)):
                with pytest.raises(tf.errors.ShapeError, match="3"):
                    session.run(change, {x: np.ones(shape, "f4")})
            assert session.run(w).tolist() == [0.0, 0.0, 0.0]


def test_loading_and_reading_values(session):
    tf.Variable(np.zeros((2, 2), "f4"), name="w")
    session.load_variables({"w": [[1, 2], [3, 4]]})
    copy = session.variables()["w"]
    np.testing.assert_array_equal(copy, [[1, 2], [3, 4]])
    copy[...] = 0
    np.testing.assert_array_equal(session.run("w:0"), [[1, 2], [3, 4]])


def test_counters(session):
    n = tf.Variable(np.int64(0), trainable=False)
    step = n.assign_add(1)
    session.run(tf.global_variables_initializer())
    session.run_steps(step, steps=1000)
    assert session.run(n) == 1000


def test_variables_without_elements(session):
    w = tf.Variable(np.zeros((0, 3), "f4"))
    session.run(tf.global_variables_initializer())
    assert session.run(w.assign_add(w * 2.0)).shape == (0, 3)


def test_large_variables_in_place(session):
    w = tf.Variable(np.ones(100_000, "f4"))
    session.run(tf.global_variables_initializer())
    got = session.run(w.assign_add(w))
    session.run(w.assign(w * 0.0))
    np.testing.assert_array_equal(got, np.full(100_000, 2.0))
