"""Tensors with values, variables outside sessions, tapes, and traced functions."""
from __future__ import annotations

import threading

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import DTypeError, GradientError, GraphEngineError, InvalidArgumentError, ShapeError
from graphengine.frontend.structure import flatten
from graphengine.runtime.compiler import default_compiler

# -------------------------------------------------------------------- tensors


def test_tensors_print_as_tensorflow_prints_them():
    a, b = tf.constant(10.0), tf.constant([1, 2, 3, 4])
    assert (str(a), f"{a}") == ("tf.Tensor(10.0, shape=(), dtype=float32)", "10.0")
    assert str(b) == "tf.Tensor([1 2 3 4], shape=(4,), dtype=int32)"
    assert repr(b) == "<tf.Tensor: shape=(4,), dtype=int32, numpy=array([1, 2, 3, 4], dtype=int32)>"
    assert f"{a:.3f} {a.dtype} {a.device[-5:]}" == "10.000 <dtype: 'float32'> CPU:0"


def test_tensors_are_values_of_python_and_numpy():
    x = tf.constant([[1.0, 2.0], [3.0, 4.0]])
    assert (len(x), [float(v) for v in x[0]], int(tf.size(x)), bool(x[0, 0] == 1.0)) == (2, [1.0, 2.0], 4, True)
    assert np.array_equal(np.add(x, 1), [[2, 3], [4, 5]])
    assert isinstance(np.ones(2, np.float32) * x, type(x))
    assert [10, 20, 30][tf.constant(1)] == 20
    with pytest.raises(TypeError, match="len"):
        len(tf.constant(1.0))
    with pytest.raises(InvalidArgumentError, match="single truth value"):
        bool(x)


def test_a_tensor_never_changes():
    source = np.ones(3, np.float32)
    x = tf.constant(source)
    source[:] = 5.0
    mine = x.numpy()
    mine[:] = 7.0
    assert x.numpy().tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(x)[0] = 1.0


def test_a_view_of_a_variable_does_not_change_with_it():
    v = tf.Variable([1.0, 2.0, 3.0, 4.0])
    part, shaped, whole = v[1:3], tf.reshape(v, [2, 2]), tf.identity(v)
    v.assign([9.0, 9.0, 9.0, 9.0])
    assert (part.numpy().tolist(), shaped.numpy()[0].tolist(), whole.numpy()[0]) == ([2.0, 3.0], [1.0, 2.0], 1.0)


def test_errors_name_op_and_operands():
    with pytest.raises(ShapeError, match=r"(?s)matmul: inner sizes differ: 3.*float32 \(2, 3\)"):
        tf.matmul(tf.ones([2, 3]), tf.ones([2, 2]))
    with pytest.raises(DTypeError, match="cast"):
        tf.constant(1.0) + tf.constant(1)


def test_inside_a_graph_values_become_nodes():
    x = tf.constant([1.0, 2.0])
    with tf.Graph().as_default():
        y = x * 2.0
        assert str(y).startswith('Tensor("mul')
        assert tf.Session().run(y).tolist() == [2.0, 4.0]
    assert tf.executing_eagerly()


def test_what_is_computed_has_run():
    x = tf.constant(1.0)
    with tf.control_dependencies([x]):
        assert tf.identity(x) == 1.0
    with tf.Graph().as_default(), tf.control_dependencies([x]):
        assert not tf.no_op().control_inputs


# -------------------------------------------------------------------- variables

def test_variables_are_shared_with_graphs_and_sessions():
    v, p = tf.Variable(3.0, name="v"), tf.placeholder(tf.float32, [])
    session = tf.Session()
    y = p * v
    assert session.run(y, {p: 2.0}) == 6.0
    v.assign_add(1.0)
    assert session.run(y, {p: 2.0}) == 8.0
    assert session.run(v.assign(p), {p: 0.5}) == 0.5
    assert (v.numpy(), v.name) == (0.5, "v:0")
    tf.reset_default_graph()


def test_assign_checks_shape_and_type():
    v = tf.Variable([1.0, 2.0])
    with pytest.raises(ShapeError, match=r"\(2,\), the value \(3,\)"):
        v.assign([1.0, 2.0, 3.0])
    with pytest.raises(DTypeError, match="fractions"):
        tf.Variable(1).assign(1.5)
    assert v.numpy().tolist() == [1.0, 2.0]


def test_a_session_sees_the_variables_of_the_program_before_it_runs_and_puts_them_back():
    w = tf.Variable(3.0, name="w")
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float32, [])
        step = w.assign_add(x)
    with tf.Session(graph) as session:
        start = session.variables()
        assert start == {"w": 3.0}
        session.run(step, {x: 2.0})
        assert session.variables() == {"w": 5.0} and start == {"w": 3.0}
        session.load_variables(start)
        assert session.run(step, {x: 1.0}) == 4.0 == w.numpy()


# -------------------------------------------------------------------- tapes

def test_gradient_of_variables_and_watched_tensors():
    x1, x2 = tf.Variable(3.0), tf.Variable(1.0, trainable=False)
    with tf.GradientTape() as tape:
        tape.watch(x2)
        y = (x1 + 2 * x2) ** 2
    assert [float(g) for g in tape.gradient(y, [x1, x2])] == [10.0, 20.0]
    with pytest.raises(RuntimeError, match="persistent"):
        tape.gradient(y, x1)


def test_unwatched_is_unconnected():
    x, v = tf.constant(2.0), tf.Variable(1.0, trainable=False)
    with tf.GradientTape(persistent=True) as tape:
        y = x * x * v
    assert tape.gradient(y, [x, v]) == [None, None]
    assert float(tape.gradient(y, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)) == 0.0


def test_gradient_of_a_gradient():
    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        slope = inner.gradient(y, x)
    assert (float(slope), float(outer.gradient(slope, x))) == (12.0, 12.0)


def test_a_variable_counts_as_it_was_when_it_was_used():
    w, x = tf.Variable(3.0), tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = w * x
    w.assign(100.0)
    assert float(tape.gradient(y, x)) == 3.0


def test_stop_recording_and_nested_sources():
    v = tf.Variable(2.0)
    with tf.GradientTape(persistent=True) as tape:
        y = v * v
        with tape.stop_recording():
            z = v * 10.0
    found = tape.gradient(y, {"a": v, "b": [v]})
    assert (float(found["a"]), float(found["b"][0]), tape.gradient(z, v)) == (4.0, 4.0, None)
    assert tape.watched_variables() == (v,)


def test_jacobian_against_the_matrix(rng):
    a = rng.normal(size=(3, 2)).astype(np.float32)
    x = tf.constant([0.3, -0.2])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = tf.linalg.matvec(tf.constant(a), x) if hasattr(tf.linalg, "matvec") else tf.reduce_sum(a * x, 1)
    np.testing.assert_allclose(tape.jacobian(y, x), a, rtol=1e-6)


def test_whole_numbers_have_no_gradient():
    x = tf.constant([1, 2])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    with pytest.raises(GradientError, match="int32"):
        tape.gradient(y, x)


# -------------------------------------------------------------------- function

def test_traced_once_for_each_type_and_rank():
    traces = []

    @tf.function
    def f(x, y, power=2):
        traces.append(1)
        return x * y + float(power)

    assert [float(f(tf.constant(2.0), tf.constant(k))) for k in (1.0, 2.0)] == [4.0, 6.0]
    assert len(traces) == 1
    f(tf.ones([2]), tf.ones([2]))
    compiled = default_compiler().counts.compiled
    assert f(tf.ones([7]), tf.ones([7])).shape == (7,)
    assert (len(traces), default_compiler().counts.compiled) == (2, compiled)
    f(tf.ones([2]), tf.ones([2]), power=3)
    assert (len(traces), f.experimental_get_tracing_count()) == (3, 3)


def test_variables_change_in_the_order_of_the_program():
    w = tf.Variable(1.0)

    @tf.function
    def f(x):
        w.assign(x)
        before = w * 1.0
        w.assign_add(1.0)
        return before, {"after": w * 1.0}, None

    before, after, nothing = f(tf.constant(5.0))
    assert (float(before), float(after["after"]), nothing, w.numpy()) == (5.0, 6.0, None, 6.0)


def test_training_step_in_a_function():
    w, b = tf.Variable(1.0), tf.Variable(0.5)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = (w * x + b - y) ** 2
        dw, db = tape.gradient(loss, [w, b])
        w.assign_sub(0.01 * dw)
        b.assign_sub(0.01 * db)

    for _ in range(1000):
        for x, y in ((1.0, 2.0), (3.0, 3.0), (5.0, 4.0), (7.0, 5.0)):
            step(tf.constant(x), tf.constant(y))
    np.testing.assert_allclose([w.numpy(), b.numpy()], [0.5, 1.5], atol=1e-4)


def test_gradient_through_a_function_and_again():
    w = tf.Variable(3.0)

    @tf.function
    def f(x):
        return tf.reduce_sum(x * x * x) * w

    x = tf.constant([1.0, 2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x) * 2.0
        dx, dw = tape.gradient(y, [x, w])
    assert (dx.numpy().tolist(), float(dw)) == ([18.0, 72.0], 18.0)
    assert outer.gradient(dx, x).numpy().tolist() == [36.0, 72.0]


def test_a_function_that_wants_sizes_is_traced_for_them():
    @tf.function
    def f(x):
        return x / float(int(x.shape[0]))

    assert f(tf.constant([1.0, 2.0])).numpy().tolist() == [0.5, 1.0]
    assert f(tf.constant([3.0, 6.0, 9.0])).numpy().tolist() == [1.0, 2.0, 3.0]


def test_input_signature_is_one_trace():
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def f(x):
        return tf.reduce_sum(x, 1)

    assert f(tf.ones([3, 2])).shape == (3,)
    assert f(np.ones((5, 2), np.float32)).shape == (5,)
    assert f.experimental_get_tracing_count() == 1
    with pytest.raises(ShapeError, match="input_signature"):
        f(tf.ones([3, 3]))


def test_methods_and_nested_functions():
    class Model:
        def __init__(self):
            self.w = tf.Variable(2.0)

        @tf.function
        def __call__(self, x):
            return self.twice(x) * self.w

        @tf.function
        def twice(self, x):
            return x + x

    assert float(Model()(tf.constant(3.0))) == 12.0


def test_python_cannot_decide_on_symbols():
    @tf.function(autograph=False)
    def f(x):
        return x if x > 0.0 else -x

    with pytest.raises(InvalidArgumentError, match=r"(?s)test_eager.py.*cond"):
        f(tf.constant(1.0))


def test_dropout_draws_anew_at_each_call():
    f = tf.function(lambda x: tf.nn.dropout(x, 0.5))
    first, second = f(tf.ones([64])), f(tf.ones([64]))
    assert not np.array_equal(first, second)


def test_the_gradient_of_a_call_knows_what_the_call_drew_and_read():
    f = tf.function(lambda x: tf.nn.dropout(x, rate=0.5))
    x = tf.ones([64])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert np.array_equal(tape.gradient(y, x), y)
    v = tf.Variable(3.0)

    @tf.function
    def g(x):
        y = v * v * x
        v.assign(10.0)
        return y

    x = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = g(x)
    assert [float(y), *(float(d) for d in tape.gradient(y, [x, v]))] == [9.0, 9.0, 6.0]


@pytest.mark.parametrize("draws", [
    lambda x: tf.cond(x[0] > 0.0, lambda: tf.nn.dropout(x, rate=0.5), lambda: x),
    lambda x: tf.map_fn(lambda v: tf.nn.dropout(v, rate=0.5), x),
], ids=["branch", "loop"])
def test_the_gradient_of_a_call_draws_nothing_again(draws):
    x = tf.ones([64])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        once, at_once = tf.function(draws)(x), draws(x)
    for y in (once, at_once):
        assert 0 < np.count_nonzero(y) < 64
        assert np.array_equal(tape.gradient(y, x), y)


def test_equal_dicts_are_equal_arguments():
    f = tf.function(lambda d: d["a"] - d["b"])
    a, b = tf.constant(10.0), tf.constant(3.0)
    assert (float(f({"a": a, "b": b})), float(f({"b": b, "a": a}))) == (7.0, 7.0)


def test_objects_that_python_makes_at_the_same_place_are_told_apart():
    f = tf.function(lambda x, k: x * float(sum(k)))
    assert [float(f(tf.constant(1.0), {n})) for n in range(5)] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_threads_share_a_function():
    f = tf.function(lambda x: tf.tanh(x) * 2.0 + x)
    inputs = [np.full(900, k, np.float32) for k in range(4)]
    expected = [f(tf.constant(x)).numpy() for x in inputs]
    wrong = []

    def work(k):
        for _ in range(300):
            if not np.allclose(f(tf.constant(inputs[k])), expected[k], rtol=1e-5):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert wrong == []


def test_loops_of_no_steps():
    assert tf.map_fn(lambda x: x * 2.0, tf.zeros([0, 2])).shape == (0, 2)
    assert tf.scan(lambda a, x: a + x, tf.zeros([0, 2]), initializer=tf.zeros([2])).shape == (0, 2)


def test_a_variable_that_a_loop_changes_has_no_gradient_there():
    v = tf.Variable(3.0)

    @tf.function
    def f(x):
        def body(i, a):
            r = v * x
            v.assign_add(0.0)
            return i + 1, a + r

        return tf.while_loop(lambda i, a: i < 3, body, (tf.constant(0), tf.constant(0.0)), maximum_iterations=5)[1]

    x = tf.constant(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    with pytest.raises(GradientError, match="changes the variable"):
        tape.gradient(y, [x, v])


# -------------------------------------------------------------------- loops at once

@pytest.mark.parametrize(("error", "match", "call"), [
    (InvalidArgumentError, "body returns 2 values for 1 loop variables", lambda x: tf.while_loop(
        lambda i: i < 3, lambda i: (i, i), [tf.constant(0)])),
    (DTypeError, "begins as int32 and becomes float32", lambda x: tf.while_loop(
        lambda i: i < 3, lambda i: [tf.cast(i, tf.float32) + 1.0], [tf.constant(0)])),
    (DTypeError, "cond has to return a single bool", lambda x: tf.while_loop(
        lambda i: i, lambda i: [i], [tf.constant(1)])),
    (DTypeError, "begins as float32 and becomes int32", lambda x: tf.scan(
        lambda a, v: tf.constant(1), x, tf.constant(1.0))),
    (InvalidArgumentError, "fn returns 2 values for 1 accumulators", lambda x: tf.foldl(
        lambda a, v: (a, v), x)),
    (ShapeError, "differ in length", lambda x: tf.map_fn(lambda v: v[0], (x, x[1:]))),
    (ShapeError, "no first axis", lambda x: tf.map_fn(lambda v: v, x[0])),
])
def test_loops_say_the_same_at_once_as_in_a_graph(error, match, call):
    x = tf.constant([1.0, 2.0, 3.0])
    with pytest.raises(error, match=match):
        call(x)
    with pytest.raises(error, match=match):
        tf.function(call)(x)


@pytest.mark.parametrize("call", [
    lambda x: tf.scan(lambda a, v: a * 0.5 + tf.sin(v), x, reverse=True),
    lambda x: tf.scan(lambda a, v: a + v, x, initializer=tf.zeros([2])),
    lambda x: tf.foldr(lambda a, v: a * v + 1.0, x),
    lambda x: tf.map_fn(lambda v: {"b": v[0] * 2.0, "a": (v, tf.reduce_sum(v))}, x),
    lambda x: tf.while_loop(
        lambda i, a: i < tf.shape(x)[0], lambda i, a: [i + 1, a * tf.gather(x, i)], [0, tf.ones([2])],
        maximum_iterations=5),
    lambda x: tf.scan(lambda a, v: (a[0] + v[0], a[1] * v[1]), (x, x + 1.0))[1],
], ids=["scan back", "scan", "foldr", "map_fn", "while_loop", "scan of two"])
@pytest.mark.parametrize("steps", [1, 3])
def test_loops_give_the_same_at_once_as_in_a_graph(call, steps):
    x = tf.constant(np.linspace(-1.0, 1.0, 6, dtype="f4").reshape(3, 2)[:steps])
    found = []
    for f in (call, tf.function(call)):
        with tf.GradientTape() as tape:
            tape.watch(x)
            result = f(x)
            leaves = flatten(result)[1]
            total = sum(tf.reduce_sum(leaf * leaf) for leaf in leaves if leaf.dtype is tf.float32)
        found.append([*map(np.asarray, leaves), np.asarray(tape.gradient(total, x))])
    for at_once, drawn in zip(*found, strict=True):
        np.testing.assert_allclose(at_once, drawn, rtol=1e-5, atol=1e-6)


def test_variables_at_once_may_change_their_size_but_not_their_type():
    """As in TensorFlow, whose loops at once are Python's; in a graph sizes stay."""
    (grown,) = tf.while_loop(lambda x: tf.size(x) < 10, lambda x: [tf.concat([x, x], 0)], [tf.ones([3])])
    assert grown.shape == (12,)


def test_bodies_see_steps_as_python_does():
    seen = []
    tf.scan(lambda a, v: seen.append(float(v)) or a + v, tf.constant([1.0, 2.0, 3.0]), tf.constant(0.0), reverse=True)
    assert seen == [3.0, 2.0, 1.0]


class Scaled:
    def __init__(self, factor):
        self.factor = tf.Variable(factor)

    @tf.function
    def apply(self, x, shift=0.0, twice=False):
        """x times the factor."""
        return (x * self.factor + shift) * (2.0 if twice else 1.0)

    @tf.function(input_signature=[tf.TensorSpec([None])])
    def plain(self, x):
        return x * self.factor


def test_the_concrete_function_of_a_method_belongs_to_its_object():
    two, three = Scaled(2.0), Scaled(3.0)
    for scaled, factor in ((two, 2.0), (three, 3.0)):
        found = scaled.apply.get_concrete_function(tf.TensorSpec([None]), twice=True)
        assert found(tf.constant([1.0, 5.0])).numpy().tolist() == [2 * factor, 10 * factor]
        assert found(x=tf.constant([1.0])).numpy().tolist() == [2 * factor]
        assert scaled.apply.get_concrete_function(tf.TensorSpec([None]), twice=True).concrete is found.concrete
        assert scaled.plain.get_concrete_function()(tf.constant([1.0])).numpy().tolist() == [factor]
    assert Scaled.apply.experimental_get_tracing_count() == two.apply.experimental_get_tracing_count() == 2
    assert (two.apply == two.apply, two.apply == three.apply, two.apply.__doc__) == (True, False, "x times the factor.")
    assert len(two.apply.explain(tf.constant([1.0])).kernels) == 1
    with pytest.raises(InvalidArgumentError, match="2 tensors for a function of 1"):
        found(tf.constant([1.0]), tf.constant([1.0]))


def test_what_is_a_tensor():
    seen = []
    tf.function(lambda x: seen.append(isinstance(x, tf.Tensor)) or x)(tf.constant(1.0))
    with tf.Graph().as_default():
        seen.append(isinstance(tf.placeholder(tf.float32), tf.Tensor))
    assert seen == [True, True]
    values = [tf.constant(1.0), tf.Variable(1.0), np.ones(2), 1.0, None]
    assert [isinstance(x, tf.Tensor) for x in values] == [True, False, False, False, False]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "int32", "int64", "int8"])
@pytest.mark.parametrize("number", [2, 0, -7, 2**24 + 1, 0.5, -0.0, 0.0, 1e300, float("nan")])
@pytest.mark.parametrize("is_first", [True, False])
def test_a_number_beside_a_tensor_is_what_its_array_would_be(dtype, number, is_first):
    x = tf.constant([1, 2, 3], dtype)

    def product(y):
        try:
            return (y * x if is_first else x * y).numpy()
        except GraphEngineError as error:
            return type(error)

    found, wanted = product(number), product([number] * 3)
    if isinstance(wanted, type):
        assert found is wanted
    else:
        assert found.dtype == wanted.dtype and found.tobytes() == wanted.tobytes()


def test_numbers_that_are_equal_keep_their_signs():
    one = tf.constant([1.0])
    signs = [np.signbit((one * y).numpy())[0] for y in (0.0, -0.0, 0, -0.0, 0.0)]
    assert signs == [False, True, False, True, False]
