"""What is left of a graph after the rewrites: folded, shared, without dead code, transposes in their products."""
import numpy as np
import pytest

import graphengine as tf
from graphengine.ops.language import L

pytestmark = pytest.mark.usefixtures("own_graph")


def rewritten(fetches, **shapes):
    """Saved names of the ops that are left, sources aside, in order."""
    placeholders = [n.outputs[0] for n in tf.get_default_graph().get_operations() if n.op.name == "placeholder"]
    feeds = {t: np.ones([s or 2 for s in t.shape], t.dtype.numpy) for t in placeholders}
    compilation = tf.Session().explain(fetches, feeds).compilation
    return [n.op.name for n in compilation.stages[-1].computation.nodes if n.inputs]


def x(*shape, dtype=tf.float32):
    return tf.placeholder(dtype, shape or [None, 4])


def test_constants_are_folded():
    a = x()
    scale = L.sqrt(tf.constant(4.0)) * 3.0 + L.reduce_sum(tf.constant([1.0, 2.0]))
    assert rewritten(a * scale) == ["multiply"]


def test_folding_gives_the_numbers():
    a = x()
    y = a * (tf.constant([1.0, 2.0, 3.0, 4.0]) * 2.0 - 1.0)
    assert rewritten(y) == ["multiply"]
    np.testing.assert_array_equal(tf.Session().run(y, {a: np.ones((1, 4), "f4")}), [[1.0, 3.0, 5.0, 7.0]])


def test_large_results_are_not_folded():
    big = L.tanh(tf.zeros([1000, 1000]) + 1.0)
    assert rewritten(big) != []


def test_failing_ops_are_not_folded():
    y = L.gather(tf.constant([1.0, 2.0]), tf.constant([5]))
    with pytest.raises(tf.errors.IndexOutsideError):
        tf.Session().run(y)


def test_equal_expressions_are_one():
    a, b = x(), x()
    assert rewritten([L.tanh(a * b), L.tanh(b * a) + 2.0]) == ["multiply", "tanh", "add"]
    assert rewritten(L.tanh(a - b) + L.tanh(b - a)).count("tanh") == 2


def test_equal_constants_are_one_unless_their_bits_differ():
    a = x()
    y = (a + tf.constant(1.0)) * (a + tf.constant(1.0))
    assert rewritten(y) == ["add", "multiply"]
    z = [L.maximum(a, tf.constant(0.0)), L.maximum(a, tf.constant(-0.0))]
    assert rewritten(z) == ["maximum", "maximum"]
    n = tf.placeholder(tf.int32, [])
    assert rewritten([n * tf.constant(1 + 1), L.cast(n, tf.float32) * tf.constant(2.0)]).count("multiply") == 2


def test_what_nobody_asks_for_is_gone():
    a = x()
    L.exp(a)
    assert rewritten(L.tanh(a)) == ["tanh"]


def test_composites_are_opened():
    a = x()
    assert rewritten(L.relu(a)) == ["maximum"]
    assert rewritten(L.identity(L.stop_gradient(a))) == []


def test_transposes_disappear_into_products():
    a, b = x(None, 4), x(None, 4)
    assert rewritten(L.matmul(L.transpose(a), b)) == rewritten(L.matmul(a, b, transpose_a=True))
    assert "transpose" not in rewritten(L.matmul(a, L.transpose(b)))
    assert "transpose" not in rewritten(L.matmul(L.transpose(L.transpose(a)), L.transpose(b)))


def test_gradients_of_products_need_no_transpose():
    a, w = x(None, 4), x(4, 3)
    found = tf.gradients(L.reduce_sum(L.square(L.matmul(a, w))), [a, w])
    assert "transpose" not in rewritten(found)


def test_gradients_share_with_the_forward_pass():
    a = x()
    y = L.tanh(a)
    ops = rewritten([y, *tf.gradients(y, [a])])
    assert ops.count("tanh") == 1


def test_every_firing_names_the_users_node_and_line():
    a = x()
    y = L.log(L.softmax(a), name="chance")
    fired = tf.Session().explain(y, {a: np.ones((2, 4), "f4")}).rules
    (rule,) = [f for f in fired if f.rule == "log_of_softmax"]
    assert rule.node == "chance"
    assert rule.origin.file == __file__
    assert "chance" in rule.origin.text
