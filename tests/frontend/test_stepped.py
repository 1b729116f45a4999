"""Loops and branches that Python steps through: they call Python, or sizes in them depend on numbers."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import InvalidArgumentError, ShapeError


@pytest.fixture
def log():
    return []


@pytest.fixture
def note(log):
    """A call in the graph that notes a number."""
    return lambda x: tf.numpy_function(lambda v: log.append(v.tolist()), [x], [])


def test_what_is_printed_in_branches_and_loops(capsys):
    @tf.function
    def f(x):
        if x > 0.0:
            tf.print("positive", x)
        for k in tf.range(tf.cast(x, tf.int32)):
            if k % 2 == 1:
                tf.print("step", k)
            x += 1.0
        while x > 5.0:
            x -= 2.0
            tf.print("left", x)
        return x

    assert float(f(tf.constant(4.0))) == 4.0
    assert capsys.readouterr().err.split("\n") == ["positive 4", "step 1", "step 3", "left 6", "left 4", ""]
    assert float(f(tf.constant(-1.0))) == -1.0
    assert capsys.readouterr().err == ""


def test_calls_happen_once_in_their_order(log, note):
    @tf.function
    def f(n):
        note(n)
        for k in tf.range(n):
            note(k)
            if k > 0:
                note(10 * k)
        note(n + 100)
        return n

    for _ in range(3):
        log.clear()
        f(tf.constant(3))
        assert log == [3, 0, 1, 10, 2, 20, 103]


def test_an_assertion_in_a_branch():
    @tf.function
    def f(x):
        if x > 0.0:
            tf.debugging.assert_less(x, 5.0, message="large")
        return x

    assert [float(f(tf.constant(v))) for v in (1.0, -10.0)] == [1.0, -10.0]
    with pytest.raises(InvalidArgumentError, match=r"(?s)large: x < y does not hold.*test_stepped\.py"):
        f(tf.constant(10.0))


def test_variables_are_those_of_the_program(log, note):
    """A step sees what those before it have assigned; a run that fails assigns nothing."""
    v = tf.Variable(1.0)

    @tf.function
    def f(n, most):
        for _ in tf.range(n):
            v.assign(v * 2.0)
            note(v)
            tf.debugging.assert_less(v, most)
        return v + 0.5

    assert float(f(tf.constant(3), tf.constant(100.0))) == 8.5
    assert log == [2.0, 4.0, 8.0]
    with pytest.raises(InvalidArgumentError):
        f(tf.constant(3), tf.constant(30.0))
    assert float(v) == 8.0


def test_a_training_loop_that_prints(capsys):
    w = tf.Variable([1.0, 1.0])

    @tf.function
    def train(n):
        loss = 0.0
        for k in tf.range(n):
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(w * w)
            w.assign_sub(0.25 * tape.gradient(loss, w))
            if k % 2 == 0:
                tf.print(k, loss)
        return loss

    assert float(train(tf.constant(4))) == 2.0 / 64
    assert w.numpy().tolist() == [0.0625, 0.0625]
    assert capsys.readouterr().err == "0 2\n2 0.125\n"


def test_gradients_pass_by_and_through_calls(log, note):
    @tf.function
    def f(x, n):
        y = x
        for _ in tf.range(n):
            note(y)
            y = y * tf.py_function(lambda v: v * v, [x], tf.float32)
        if y > 0.0:
            y = y * tf.py_function(lambda v: 3.0 * v, [x], tf.float32)
        return y                                    # 3 x^(2 n + 2)

    x = tf.constant(2.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x, tf.constant(2))
        first = tape.gradient(y, x)
    assert [float(y), float(first)] == [3 * 2.0**6, 18 * 2.0**5]
    assert float(outer.gradient(first, x)) == 90 * 2.0**4
    assert log[:2] == [2.0, 8.0]


def test_results_of_unknown_rank(log):
    @tf.function
    def f(x):
        if x > 0.0:
            y = tf.numpy_function(lambda v: log.append(1) or np.full((2, 2), v), [x], tf.float32)
        else:
            y = -x
        return y + 1.0

    assert [f(tf.constant(v)).numpy().tolist() for v in (1.0, -2.0, 3.0)] == [[[2, 2], [2, 2]], 3.0, [[4, 4], [4, 4]]]
    assert len(log) == 2
    x = tf.constant([1.0, 2.0])
    twice = tf.function(lambda x: tf.map_fn(lambda v: tf.numpy_function(lambda a: a * 2.0, [v], tf.float32), x))
    assert twice(x).numpy().tolist() == [2.0, 4.0]


def test_branches_of_other_sizes_and_ranks():
    @tf.function
    def f(x, y):
        z = tf.zeros([2]) if x > 0.0 else tf.ones([3])
        w = y if x > 0.0 else y[None]
        return z + 1.0, w * 2.0

    for _ in range(2):
        for v, shapes in ((1.0, ((2,), (4,))), (-1.0, ((3,), (1, 4)))):
            found = f(tf.constant(v), tf.ones([4]))
            assert tuple(t.shape for t in found) == shapes
            assert [float(t.numpy().flat[0]) for t in found] == [1.0 if v > 0 else 2.0, 2.0]


def test_sizes_that_depend_on_numbers_in_a_loop(rng):
    x = rng.normal(size=(5, 7)).astype("f4")

    @tf.function
    def f(x):
        total = 0.0
        for row in x:
            total += tf.reduce_sum(tf.boolean_mask(row, row > 0.0))
        return total

    value = tf.constant(np.tile(x, (4, 1)))
    with tf.GradientTape() as tape:
        tape.watch(value)
        y = f(value)
    np.testing.assert_allclose(float(y), 4 * x[x > 0].sum(), rtol=1e-5)
    np.testing.assert_array_equal(tape.gradient(y, value).numpy(), np.tile(x > 0, (4, 1)))


def test_a_session_and_what_explain_says(log, note):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None])
        y = tf.cond(tf.reduce_sum(x) > 0.0, lambda: (note(x), x * 2.0)[1], lambda: x - 1.0) + 1.0
        session = tf.Session()
        assert session.run(y, {x: [1.0, 2.0]}).tolist() == [3.0, 5.0]
        assert session.run(y, {x: [-1.0]}).tolist() == [-1.0]
        assert log == [[1.0, 2.0]]
        assert "Python takes its steps: they call Python" in session.explain(y, {x: [1.0]}).text()


def test_sizes_that_change_from_step_to_step():
    """shape_invariants say which; the others keep theirs."""
    @tf.function
    def doubled(n, x):
        for _ in tf.range(n):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(x, tf.TensorShape([None, 2]))])
            x = tf.concat([x, 2.0 * x], 0)
        return x

    @tf.function
    def halved(x):
        steps = 0
        while tf.size(x) > 1:
            tf.autograph.experimental.set_loop_options(shape_invariants=[(x, tf.TensorShape([None]))])
            x = x[::2] + x[1::2]
            steps += 1
        return x, steps

    found = doubled(tf.constant(2), tf.constant([[1.0, 3.0]]))
    assert found.numpy().tolist() == [[1, 3], [2, 6], [2, 6], [4, 12]]
    total, steps = halved(tf.range(16.0))
    assert (total.numpy().tolist(), int(steps)) == ([120.0], 4)
    with tf.Graph().as_default():
        n = tf.placeholder(tf.int32, [])
        _, state = tf.while_loop(
            lambda i, s: i < n, lambda i, s: (i + 1, {"a": s["b"], "b": tf.concat([s["a"], s["b"]], 0)}),
            (0, {"a": tf.zeros([1]), "b": tf.ones([1])}),
            shape_invariants=(tf.TensorShape([]), {"a": tf.TensorShape([None]), "b": tf.TensorShape([None])}))
        assert tf.Session().run(state["b"], {n: 3}).tolist() == [0, 1, 1, 0, 1]
        with pytest.raises(ShapeError, match=r"begins with shape \(None, 3\)|axis"):
            tf.while_loop(lambda x: True, lambda x: x, [tf.zeros([2, 2])], shape_invariants=[tf.TensorShape([None, 3])])
        with pytest.raises(ShapeError, match=r"changes its size on axis 0(?s:.*)shape_invariants"):
            tf.while_loop(lambda x: tf.size(x) < 9, lambda x: tf.concat([x, x], 0), [tf.zeros([2])])


def test_a_gradient_through_a_while_that_prints(capsys):
    """The steps that are taken again for the gradient print nothing."""
    @tf.function
    def f(x):
        y = x
        while y < 100.0:
            tf.print(y)
            y = y * x
        return y

    x = tf.constant(3.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = f(x)
    assert (float(y), float(tape.gradient(y, x))) == (243.0, 405.0)
    assert capsys.readouterr().err == "3\n9\n27\n81\n"


def test_numbers_of_a_shape_that_changes_from_step_to_step():
    """Each step's numbers are others, also those of the next call."""
    @tf.function(input_signature=[tf.TensorSpec([], tf.int32)])
    def f(n):
        found = tf.zeros([0])
        for k in tf.range(n):
            tf.autograph.experimental.set_loop_options(shape_invariants=[(found, tf.TensorShape([None]))])
            found = tf.concat([found, tf.random.uniform([k + 1])], 0)
        return found

    numbers = np.concatenate([f(4), f(3), f(0)])
    assert numbers.shape == (16,)
    assert len(set(numbers.tolist())) == 16
    assert ((numbers >= 0) & (numbers < 1)).all()


# ------------------------------------------------------------------ branches whose sizes are known when they run

@pytest.mark.parametrize("taken", [True, False])
def test_branches_of_sizes_that_turn_out_to_differ(taken):
    """With two elements both give as many, with more they do not: the run then waits for the choice."""
    v = tf.Variable(1.0)

    @tf.function(input_signature=[tf.TensorSpec([], tf.bool), tf.TensorSpec([None])])
    def f(first, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            if first:
                y = x[:2] * 3.0
                v.assign_add(1.0)
            else:
                y = x * x
            total = tf.reduce_sum(y * v)
        return y, total, tape.gradient(total, x)

    for n in (2, 5, 1, 3, 0, 2):
        v.assign(1.0)
        x = np.arange(n, dtype="f4")
        y, total, slope = f(taken, x)
        expected, factor = (x[:2] * 3, 2.0) if taken else (x * x, 1.0)
        np.testing.assert_array_equal(y, expected)
        assert total == expected.sum() * factor
        np.testing.assert_array_equal(slope, np.where(np.arange(n) < 2, 6.0, 0.0) if taken else 2 * x)
        assert v.numpy() == factor


def test_a_branch_that_is_not_taken_asks_nothing_of_sizes():
    f = tf.function(lambda p, x, y: tf.cond(p, lambda: tf.reduce_sum(x + y), lambda: tf.reduce_sum(x)))
    x, y = np.ones(3, "f4"), np.ones(2, "f4")
    spec = [tf.TensorSpec([], tf.bool), tf.TensorSpec([None]), tf.TensorSpec([None])]
    f = tf.function(f.python_function, input_signature=spec)
    assert f(False, x, y) == 3
    assert f(True, x, x) == 6
    with pytest.raises(ShapeError, match="2"):
        f(True, x, y)


def test_sizes_of_branches_in_a_graph():
    with tf.Graph().as_default(), tf.Session() as session:
        p, x = tf.placeholder(tf.bool, []), tf.placeholder(tf.float32, [None])
        y = tf.cond(p, lambda: x[:2], lambda: x)
        assert y.shape.as_list() == [None]
        for n in (2, 3, 4):
            x_n = np.arange(n, dtype="f4")
            np.testing.assert_array_equal(session.run(y + 1, {p: False, x: x_n}), x_n + 1)
            np.testing.assert_array_equal(session.run(y, {p: True, x: x_n}), [0, 1])
        steps = session.run_steps(y, {p: np.array([True, False]), x: np.arange(3, dtype="f4")}, collect=False)
        np.testing.assert_array_equal(steps, [0, 1, 2])


PIECES = {
    "one": (lambda x: x[:1], lambda x: x),
    "all but one": (lambda x: x[1:], lambda x: x * 2.0),
    "turned": (lambda x: x[:2], lambda x: tf.transpose(x), lambda x: x),
    "mean": (lambda x: tf.reduce_mean(x, 0, keepdims=True), lambda x: x),
}


@pytest.mark.parametrize("branches", PIECES.values(), ids=PIECES)
def test_branches_where_one_size_is_1(branches):
    with tf.Graph().as_default(), tf.Session() as session:
        k, x = tf.placeholder(tf.int32, []), tf.placeholder(tf.float32, [None, None])
        y = tf.switch_case(k, [lambda g=g: g(x) for g in branches]) + 1.0
        for shape in ((1, 4), (2, 4), (5, 3), (3, 3), (2, 1)):
            x_n = np.arange(np.prod(shape), dtype="f4").reshape(shape)
            for number, branch in enumerate(branches):
                expected = session.run(branch(tf.constant(x_n))) + 1
                np.testing.assert_allclose(session.run(y, {k: number, x: x_n}), expected, rtol=1e-6)


def test_a_choice_within_a_choice():
    @tf.function(input_signature=[tf.TensorSpec([], tf.bool), tf.TensorSpec([], tf.bool), tf.TensorSpec([None])])
    def f(first, second, x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            if first:
                if second:
                    y = x[1:] * 3.0
                else:
                    y = x[:1]
            else:
                y = x * 2.0
        return y, tape.gradient(y, x)

    for n in (1, 2, 5):
        x = np.arange(n, dtype="f4")
        for first, second in ((True, True), (True, False), (False, True)):
            y, slope = f(first, second, x)
            expected, factors = (x * 2, np.full(n, 2)) if not first else (x[1:] * 3, 3 * (np.arange(n) > 0)) \
                if second else (x[:1], np.arange(n) < 1)
            np.testing.assert_array_equal(y, expected)
            np.testing.assert_array_equal(slope, factors)


def test_a_choice_of_sizes_within_a_loop():
    with tf.Graph().as_default(), tf.Session() as session:
        p, x = tf.placeholder(tf.bool, []), tf.placeholder(tf.float32, [None])
        total = tf.while_loop(
            lambda k, s: k < 3, lambda k, s: (k + 1, s + tf.reduce_sum(tf.cond(p, lambda: x[1:], lambda: x))),
            (0, tf.constant(0.0)))[1]
        for n in (1, 2, 5):
            x_n = np.arange(n, dtype="f4") + 1
            assert session.run(total, {p: True, x: x_n}) == 3 * x_n[1:].sum()
            assert session.run(total, {p: False, x: x_n}) == 3 * x_n.sum()
