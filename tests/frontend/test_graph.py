"""Graphs under construction: names, scopes, printing, operators, control dependencies, as TensorFlow has them."""
import numpy as np
import pytest

import graphengine as tf
from graphengine import errors

pytestmark = pytest.mark.usefixtures("own_graph")


def test_names_are_tensorflows():
    a, b = tf.placeholder(tf.float32), tf.placeholder(tf.float32, name="b")
    made = [a, b, a + b, a + b, a - b, a * b, a / b, -a, abs(a), a ** b, a > b, a @ b, tf.constant(1.0), tf.tanh(a)]
    assert [t.name for t in made] == [
        "Placeholder:0", "b:0", "add:0", "add_1:0", "sub:0", "mul:0", "truediv:0", "Neg:0", "Abs:0", "pow:0",
        "Greater:0", "matmul:0", "Const:0", "Tanh:0",
    ]


def test_taken_names_get_numbers():
    names = [tf.no_op(name=n).name for n in ("x", "x", "x_1", "x", "X", "y")]
    assert names == ["x", "x_1", "x_1_1", "x_2", "X_3", "y"]


def test_scopes():
    x = tf.placeholder(tf.float32, name="x")
    with tf.name_scope("layer") as scope:
        assert scope == "layer/"
        a = tf.tanh(x)
        with tf.name_scope("inner"):
            b = tf.tanh(x)
        with tf.name_scope(None):
            c = tf.tanh(x)
    with tf.name_scope("layer"):
        d = tf.tanh(x)
    with tf.name_scope(scope):
        e = tf.tanh(x)
    names = [t.node.name for t in (a, b, c, d, e)]
    assert names == ["layer/Tanh", "layer/inner/Tanh", "Tanh", "layer_1/Tanh", "layer/Tanh_1"]


def test_printing():
    assert str(tf.placeholder(tf.float32, [None, 4], name="x")) == 'Tensor("x:0", shape=(None, 4), dtype=float32)'
    assert str(tf.placeholder(tf.int64, [], name="n")) == 'Tensor("n:0", shape=(), dtype=int64)'
    a, b = tf.placeholder(tf.float32), tf.placeholder(tf.float32)
    assert str(a + b) == 'Tensor("add:0", dtype=float32)'
    assert repr(tf.placeholder(tf.bool, [3], name="c")) == "<tf.Tensor 'c:0' shape=(3,) dtype=bool>"
    assert repr(tf.no_op(name="done")) == "<tf.Operation 'done' type=NoOp>"
    assert repr(tf.Variable([1.0], name="w")) == "<tf.Variable 'w:0' shape=(1,) dtype=float32>"
    assert repr(tf.float32) == "<dtype: 'float32'>"
    assert str(tf.TensorShape([None, 3])) == "(None, 3)" and repr(tf.TensorShape([None, 3])) == "TensorShape([None, 3])"


def test_shapes():
    x = tf.placeholder(tf.float32, [None, 4])
    assert x.shape == (None, 4) and x.shape.rank == 2 and x.get_shape().as_list() == [None, 4]
    assert not x.shape.is_fully_defined() and x.shape[1] == 4
    assert tf.placeholder(tf.float32).shape.rank is None
    assert (x @ tf.zeros([4, 2])).shape == (None, 2)
    assert tf.reduce_sum(x, axis=0).shape == (4,)
    assert (x + tf.placeholder(tf.float32, [3, 1])).shape == (3, 4)


def test_finding_nodes(own_graph):
    x = tf.placeholder(tf.float32, name="x")
    y = tf.tanh(x, name="y")
    assert own_graph.get_tensor_by_name("y:0") is y
    assert own_graph.get_operation_by_name("y") is y.op
    assert [n.name for n in own_graph.get_operations()] == ["x", "y"]
    assert y.op.type == "Tanh" and y.op.inputs[0] is x and y.graph is own_graph


@pytest.mark.parametrize("form", [
    lambda x: x + 1, lambda x: 1 + x, lambda x: x - 1, lambda x: 1 - x, lambda x: x * 2.0, lambda x: 2 / x,
    lambda x: x / 2, lambda x: -x, lambda x: abs(x), lambda x: x ** 2, lambda x: 2.0 ** x, lambda x: x // 2,
    lambda x: x % 2, lambda x: (x > 1) & (x < 3), lambda x: (x >= 1) | ~(x <= 3), lambda x: (x > 1) ^ (x > 2),
    lambda x: np.float32(2) * x, lambda x: np.array([1.0, 2.0, 3.0], "f4") * x, lambda x: x - np.arange(3),
    lambda x: x[1], lambda x: x[::-1], lambda x: x[1:, None], lambda x: x[..., -2:],
])
def test_operators_mean_what_they_mean_in_numpy(form):
    x = tf.placeholder(tf.float32, [None])
    value = np.array([0.5, 2.0, 3.5], "f4")
    got = tf.Session().run(form(x), {x: value})
    np.testing.assert_allclose(got, np.asarray(form(value)).astype(got.dtype), rtol=1e-6)


def test_numbers_take_the_type_of_the_tensor_beside_them():
    for dtype in (tf.float64, tf.int64, tf.int32):
        x = tf.placeholder(dtype, [])
        assert (x + 1).dtype is dtype and (2 * x).dtype is dtype
    assert tf.constant(1).dtype is tf.int32 and tf.constant(1.0).dtype is tf.float32
    assert tf.constant([1.0], tf.float64).dtype is tf.float64 and tf.constant(2**40).dtype is tf.int64


def test_constants():
    session = tf.Session()
    assert session.run(tf.constant([[1, 2], [3, 4]])).tolist() == [[1, 2], [3, 4]]
    assert session.run(tf.constant(7.0, shape=[2, 2])).tolist() == [[7.0, 7.0], [7.0, 7.0]]
    assert session.run(tf.constant([1, 2, 3, 4], shape=(2, 2))).tolist() == [[1, 2], [3, 4]]
    assert session.run([tf.zeros([2], tf.int32), tf.ones([]), tf.fill([2], 5)])[2].tolist() == [5, 5]


def test_graphs_are_apart(own_graph):
    with tf.Graph().as_default() as other:
        x = tf.placeholder(tf.float32, name="x")
        assert tf.get_default_graph() is other
        y = tf.tanh(x)
    assert tf.get_default_graph() is own_graph
    assert y.graph is other and not own_graph.get_operations()
    assert tf.tanh(x).graph is other


def test_control_dependencies_order_effects():
    w = tf.Variable(1.0)
    doubled = w.assign(w * 2.0)
    with tf.control_dependencies([doubled]):
        with tf.control_dependencies([w.assign_add(3.0)]):
            done = tf.no_op()
        value = tf.identity(w.read_value())
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(done)
    assert session.run(w) == 5.0
    assert session.run(value) == 10.0


def test_groups():
    a, b = tf.Variable(1.0, name="a"), tf.Variable(1.0, name="b")
    both = tf.group(a.assign_add(1.0), [b.assign_add(2.0)], name="both")
    assert both.name == "both"
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(both) is None
    assert session.variables() == {"a": 2.0, "b": 3.0}


def test_gradients_through_the_public_function():
    x, y = tf.placeholder(tf.float64, []), tf.placeholder(tf.float64, [])
    z = x * x * y
    first = tf.gradients(z, [x, y])
    (second,) = tf.gradients(first[0], [x])
    stopped = tf.gradients(z, [x], stop_gradients=[y])
    weighted = tf.gradients([z, x], [x], grad_ys=[tf.constant(2.0, tf.float64), None])
    got = tf.Session().run([*first, second, *stopped, *weighted], {x: 3.0, y: 5.0})
    assert got == [30.0, 9.0, 10.0, 30.0, 61.0]


def test_gradients_given_have_the_shape_of_their_results():
    with tf.Graph().as_default():
        x = tf.constant([1.0, 2.0])
        for wrong in (np.ones((2, 2), "f4"), np.ones(3, "f4")):
            with pytest.raises(errors.ShapeError, match="gradient given has shape"):
                tf.gradients(x * x, [x], grad_ys=wrong)
        (of_all,) = tf.gradients(tf.identity(x), [x], grad_ys=2.0)
        assert tf.Session().run(of_all).tolist() == [2.0, 2.0]
    with tf.init_scope():
        x = tf.constant([1.0, 2.0])
        with tf.GradientTape(persistent=True) as tape:
            tape.watch(x)
            y = tf.identity(x)
        assert tape.gradient(y, x, output_gradients=2.0).numpy().tolist() == [2.0, 2.0]
        with pytest.raises(errors.ShapeError, match="gradient given has shape"):
            tape.gradient(y, x, output_gradients=np.ones((2, 2), "f4"))


@pytest.mark.parametrize("make", [tf.constant, tf.Variable])
def test_a_tensor_does_not_change_its_type_by_itself(make):
    value = make(1)
    assert tf.convert_to_tensor(value, dtype=tf.int32).dtype == tf.int32
    with pytest.raises(errors.DTypeError, match="int32 is no tensor of float32"):
        tf.convert_to_tensor(value, dtype=tf.float32)
