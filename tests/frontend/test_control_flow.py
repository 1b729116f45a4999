"""Branches and loops: values by hand, gradients against differences, state, errors."""
from __future__ import annotations

import numpy as np
import pytest

import graphengine as tf
from graphengine.config import override
from graphengine.errors import DTypeError, GradientError, IndexOutsideError, InvalidArgumentError, ShapeError
from graphengine.runtime.compiler import default_compiler

STEP = 1e-6                                 # of central differences, in float64


@pytest.fixture(autouse=True)
def graph():
    with tf.Graph().as_default() as graph:
        yield graph


@pytest.fixture(params=["kernels", "interpreter"], autouse=True)
def tier(request):
    with override(tier=request.param):
        yield request.param


def differences(session, y, feeds, x):
    """Derivatives of the single number `y` with respect to the fed array `x`."""
    array = np.asarray(feeds[x], np.float64)
    found = np.zeros_like(array)
    for k in np.ndindex(*array.shape):
        up, down = array.copy(), array.copy()
        up[k] += STEP
        down[k] -= STEP
        found[k] = (session.run(y, {**feeds, x: up}) - session.run(y, {**feeds, x: down})) / (2 * STEP)
    return found


def check_gradients(build, *arrays):
    """First and second derivatives of what `build` makes of float64 placeholders."""
    xs = [tf.placeholder(tf.float64, [None] * np.ndim(a)) for a in arrays]
    y = build(*xs)
    loss = tf.reduce_sum(y * y * 0.5 + tf.sin(y))
    first = tf.gradients(loss, xs)
    slope = tf.add_n([tf.reduce_sum(g * g) for g in first])
    second = tf.gradients(slope, xs)
    session, feeds = tf.Session(), dict(zip(xs, arrays, strict=True))
    for value, grads in ((loss, first), (slope, second)):
        for x, g in zip(xs, session.run(grads, feeds), strict=True):
            np.testing.assert_allclose(g, differences(session, value, feeds, x), rtol=2e-6, atol=2e-6)


# -------------------------------------------------------------------- values

def test_cond_runs_one_branch():
    x = tf.placeholder(tf.float32, [None])
    y = tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * 2.0, lambda: x - 1.0)
    session = tf.Session()
    assert session.run(y, {x: [1.0, 2.0]}).tolist() == [2.0, 4.0]
    assert session.run(y, {x: [-1.0, 0.5]}).tolist() == [-2.0, -0.5]


def test_cond_keeps_structure():
    p = tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: {"a": tf.constant(1), "b": (tf.constant(2.0),)},
                lambda: {"a": tf.constant(3), "b": (tf.constant(4.0),)})
    assert tf.Session().run(y, {p: False}) == {"a": 3, "b": (4.0,)}


def test_case_takes_the_first_that_holds():
    x = tf.placeholder(tf.int32, [])
    y = tf.case([(x < 1, lambda: tf.constant(10)), (x < 5, lambda: tf.constant(20))], default=lambda: tf.constant(30))
    session = tf.Session()
    assert [session.run(y, {x: k}) for k in (0, 3, 9)] == [10, 20, 30]


def test_switch_case_outside_is_the_default():
    k = tf.placeholder(tf.int32, [])
    y = tf.switch_case(k, {1: lambda: tf.constant(1.0), 0: lambda: tf.constant(0.0)}, default=lambda: tf.constant(-1.0))
    session = tf.Session()
    assert [session.run(y, {k: n}) for n in (0, 1, 2, -7)] == [0.0, 1.0, -1.0, -1.0]


def test_while_loop_of_three_values_that_change_places():
    k, a, b = tf.while_loop(lambda k, a, b: k < 10, lambda k, a, b: (k + 1, b, a + b),
                            (tf.constant(0), tf.constant(0), tf.constant(1)))
    assert tf.Session().run([k, a, b]) == [10, 55, 89]


@pytest.mark.parametrize(("start", "limit", "expected"), [(0, 3, 3), (0, 100, 7), (9, 100, 9), (0, 0, 0)])
def test_maximum_iterations(start, limit, expected):
    (n,) = tf.while_loop(lambda n: n < 7, lambda n: [n + 1], [tf.constant(start)], maximum_iterations=limit)
    assert tf.Session().run(n) == expected


def test_while_loop_uses_what_is_around_it():
    x = tf.placeholder(tf.float32, [None])
    _, total = tf.while_loop(lambda i, s: i < tf.size(x), lambda i, s: (i + 1, s + x * x),
                             (tf.constant(0), tf.zeros_like(x)))
    assert tf.Session().run(total, {x: [1.0, 2.0]}).tolist() == [2.0, 8.0]


def test_scan_foldl_foldr_map_fn():
    x = tf.constant([1.0, 2.0, 3.0, 4.0])
    results = tf.Session().run({
        "scan": tf.scan(lambda a, v: a * 10.0 + v, x), "back": tf.scan(lambda a, v: a * 10.0 + v, x, reverse=True),
        "begin": tf.scan(lambda a, v: a * 10.0 + v, x, initializer=tf.constant(5.0)),
        "foldl": tf.foldl(lambda a, v: a * 10.0 + v, x), "foldr": tf.foldr(lambda a, v: a * 10.0 + v, x),
        "map": tf.map_fn(lambda v: v * v, x), "pair": tf.map_fn(lambda v: (v[0] + v[1], v[1]), (x, x * x)),
    })
    assert results["scan"].tolist() == [1.0, 12.0, 123.0, 1234.0]
    assert results["back"].tolist() == [4321.0, 432.0, 43.0, 4.0]
    assert results["begin"].tolist() == [51.0, 512.0, 5123.0, 51234.0]
    assert (results["foldl"], results["foldr"]) == (1234.0, 4321.0)
    assert results["map"].tolist() == [1.0, 4.0, 9.0, 16.0]
    assert results["pair"][0].tolist() == [2.0, 6.0, 12.0, 20.0]


def test_no_steps():
    x = tf.placeholder(tf.float32, [None, 3])
    y, total = tf.scan(lambda a, v: a + v, x, tf.zeros([3])), tf.foldl(lambda a, v: a + v, x, tf.ones([3]))
    found = tf.Session().run([y, total, tf.gradients(total, [x])[0]], {x: np.zeros((0, 3))})
    assert [f.shape for f in found] == [(0, 3), (3,), (0, 3)]
    assert found[1].tolist() == [1.0, 1.0, 1.0]


def test_loops_inside_loops_and_branches():
    x = tf.placeholder(tf.int32, [None])
    y = tf.map_fn(lambda n: tf.cond(n % 2 == 0, lambda: n, lambda: tf.while_loop(
        lambda k, s: k <= n, lambda k, s: (k + 1, s + k), (tf.constant(0), tf.constant(0)))[1]), x)
    assert tf.Session().run(y, {x: [1, 2, 3, 4, 5]}).tolist() == [1, 2, 6, 4, 15]


def test_compiled_loop_of_steps():
    x = tf.placeholder(tf.float32, [None])
    y = tf.scan(lambda a, v: a + v, x)
    stacked = np.arange(12.0, dtype=np.float32).reshape(3, 4)
    assert np.array_equal(tf.Session().run_steps(y, {x: stacked}, collect=True), stacked.cumsum(1))


def test_another_length_compiles_nothing(tier):
    x = tf.placeholder(tf.float32, [None, 2])
    (g,) = tf.gradients(tf.reduce_sum(tf.scan(lambda a, v: tf.tanh(a + v), x, tf.zeros([2]))), [x])
    session = tf.Session()
    session.run(g, {x: np.ones((3, 2))})
    before = default_compiler().counts.compiled
    assert session.run(g, {x: np.ones((11, 2))}).shape == (11, 2)
    assert default_compiler().counts.compiled == before


# -------------------------------------------------------------------- variables

def test_a_body_assigns_in_program_order():
    w, n = tf.Variable([1.0, 2.0]), tf.Variable(0)

    def body(i, s):
        n.assign_add(1)
        w.assign(w * 2.0)
        return i + 1, s + tf.reduce_sum(w)

    _, s = tf.while_loop(lambda i, s: i < 3, body, (tf.constant(0), tf.constant(0.0)))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(s) == 6.0 + 12.0 + 24.0
    assert (session.run(w).tolist(), session.run(n)) == ([8.0, 16.0], 3)


def test_a_branch_assigns_only_if_taken():
    v, p = tf.Variable(3.0), tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: v.assign_add(1.0), lambda: v * 1.0)
    with tf.control_dependencies([y]):
        after = v.read_value()
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run([y, after], {p: True}) == [4.0, 4.0]
    assert session.run([y, after], {p: False}) == [4.0, 4.0]
    assert session.run(v) == 4.0


def test_a_branch_that_does_nothing():
    v, p = tf.Variable(3.0), tf.placeholder(tf.bool, [])

    def assign():
        v.assign_add(1.0)

    changed = tf.cond(p, assign, lambda: None)
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    for take, value in ((False, 3.0), (True, 4.0), (False, 4.0)):
        assert session.run(changed, {p: take}) is None
        assert session.run(v) == value


def test_gradient_reaches_a_variable_used_in_a_body():
    v, x = tf.Variable(3.0), tf.placeholder(tf.float32, [None])
    y = tf.reduce_sum(tf.map_fn(lambda e: e * v * v, x))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run(tf.gradients(y, [v])[0], {x: [1.0, 2.0]}) == 18.0


def test_dropout_draws_anew_in_each_step_and_its_gradient_uses_the_same_mask():
    x = tf.placeholder(tf.float32, [None, 64])
    y = tf.map_fn(lambda v: tf.nn.dropout(v, rate=0.5, seed=3), x)
    values, g = tf.Session().run([y, tf.gradients(y, [x])[0]], {x: np.ones((3, 64))})
    assert np.array_equal(values, g)
    assert not np.array_equal(values[0], values[1])


# -------------------------------------------------------------------- gradients

def test_gradient_of_a_recurrent_network(rng):
    def network(x, w, u, h):
        def step(h, v):
            return tf.tanh(tf.squeeze(tf.matmul(h[None], u) + tf.matmul(v[None], w), [0]))

        return tf.scan(step, x, h)

    shapes = (4, 3), (3, 2), (2, 2), (2,)
    check_gradients(network, *(rng.normal(size=s) for s in shapes))


def test_gradient_of_a_loop_that_stops_by_itself():
    def root(a):
        return tf.while_loop(lambda i, x: i < 6, lambda i, x: (i + 1, x - (x * x - a) / (2.0 * x)),
                             (tf.constant(0), a * 0.5 + 1.0), maximum_iterations=20)[1]

    check_gradients(root, np.array([2.0, 3.0, 5.0]))


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_gradient_of_a_branch(sign):
    check_gradients(lambda x, w: tf.cond(tf.reduce_sum(x) > 0.0, lambda: x * w * w, lambda: tf.sin(x) * w),
                    np.array([1.0, 2.0]) * sign, np.array(3.0))


def test_dropout_in_a_branch_is_that_without_a_branch():
    x, p = tf.placeholder(tf.float32, [None, 16]), tf.placeholder(tf.bool, [])

    def noisy():
        return tf.nn.dropout(x * x * x, rate=0.5, seed=3)

    def with_gradients(y):
        first = tf.gradients(y, [x])[0]
        return [y, first, tf.gradients(first, [x])[0]]

    chosen, plain = with_gradients(tf.cond(p, noisy, lambda: x * 3.0)), with_gradients(noisy())
    session, value = tf.Session(), np.arange(32.0).reshape(2, 16)
    for _ in range(2):                      # the state goes on from run to run, in both
        for a, b in zip(session.run(chosen, {x: value, p: True}), session.run(plain, {x: value}), strict=True):
            assert np.array_equal(a, b)
    assert np.array_equal(session.run(chosen[1], {x: value, p: False}), np.full((2, 16), 3.0))


def test_gradient_of_a_branch_that_assigns():
    """It sees the value between the assignments, and assigns nothing again."""
    v, x, p = tf.Variable(2.0, trainable=False), tf.placeholder(tf.float32, []), tf.placeholder(tf.bool, [])

    def assigning():
        v.assign_add(1.0)
        y = x * x * v
        v.assign(y)
        return y * v

    y = tf.cond(p, assigning, lambda: x * v)
    (g,) = tf.gradients(y, [x])
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    assert session.run([y, g], {x: 2.0, p: False}) == [4.0, 2.0]
    assert session.run([y, g], {x: 2.0, p: True}) == [144.0, 144.0]     # y = 12, assigned: a constant for the gradient
    assert session.run(v) == 12.0


def test_a_branch_with_a_loop_that_draws():
    """How many numbers the loop draws depends on a size; where the other branch runs there are zeros in their place."""
    x, p = tf.placeholder(tf.float32, [None, 32]), tf.placeholder(tf.bool, [])
    y = tf.cond(p, lambda: tf.map_fn(lambda v: tf.nn.dropout(v * v, rate=0.5, seed=5), x), lambda: x * 2.0)
    g = tf.gradients(y, [x])[0]
    session = tf.Session()
    for rows in (3, 1, 0):
        values, grads = session.run([y, g], {x: np.ones((rows, 32)), p: True})
        assert np.array_equal(values * 2.0, grads)
        assert np.array_equal(session.run(g, {x: np.ones((rows, 32)), p: False}), np.full((rows, 32), 2.0))


def test_branches_inside_branches_and_loops_that_draw():
    x = tf.placeholder(tf.float32, [None, 64])

    def noisy(v):
        return tf.cond(v[0] > 1.0, lambda: tf.nn.dropout(v, 0.5, seed=1), lambda: tf.nn.dropout(v, 0.2, seed=2))

    y = tf.map_fn(lambda v: tf.cond(v[0] > 0.0, lambda: noisy(v), lambda: v * 4.0), x)
    values = np.array([[2.0], [-1.0], [1.0], [3.0]]) * np.ones(64)
    found, g = tf.Session().run([y, tf.gradients(y, [x])[0]], {x: values})
    np.testing.assert_allclose(g * values, found, rtol=1e-6)
    assert [len(np.unique(row)) for row in g] == [2, 1, 2, 2]


def test_what_a_branch_keeps_for_a_gradient_is_not_made_without_one():
    x = tf.placeholder(tf.float32, [4])
    y = tf.cond(x[0] > 0.0, lambda: tf.nn.dropout(x, rate=0.5), lambda: x)

    def results(fetches):
        (found,) = [n for n in tf.explain(fetches).stages[0].computation.nodes if n.name == "cond/switch"]
        return len(found.outputs)

    assert results(y) == 2                  # and the state
    assert results([y, tf.gradients(y, [x])[0]]) == 3


def test_gradient_of_nested_control_flow(rng):
    def nested(x, w):
        def outer(a, row):
            inner = tf.foldl(lambda s, e: s * 0.9 + tf.sin(e * w), row, tf.constant(0.0, tf.float64))
            return a + tf.cond(inner > 0.0, lambda: inner * w, lambda: inner)

        return tf.scan(outer, x, tf.constant(0.0, tf.float64), reverse=True)

    check_gradients(nested, rng.normal(size=(3, 2)), np.array(1.5))


def test_gradients_are_drawn_inside_a_body():
    t = tf.placeholder(tf.float64, [])

    def newton(z):
        f = z * z * z - t
        return [z - f / tf.gradients(f, [z])[0]]

    (root,) = tf.while_loop(lambda z: tf.abs(z * z * z - t) > 1e-12, newton, [t * 0.0 + 1.5])
    assert abs(tf.Session().run(root, {t: 5.0}) - 5.0 ** (1 / 3)) < 1e-12


def test_records_that_nobody_reads_are_not_made():
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.foldl(lambda a, v: tf.tanh(a + v), x, tf.zeros([4]))
    (loop,) = [n for n in tf.explain(y).stages[0].computation.nodes if n.op.name == "loop"]
    assert [str(t.shape) for t in loop.outputs] == ["(4,)", "()"]


def test_products_of_matrices_are_not_computed_again_for_the_gradient():
    """A recurrent cell: one product in a forward step; two in a backward one, for the state and for the weights."""
    x, u = tf.placeholder(tf.float32, [None, 8, 16]), tf.Variable(np.eye(16), dtype=tf.float32)
    h = tf.scan(lambda h, v: tf.tanh(h @ u + v), x, tf.zeros([8, 16]))
    found = tf.explain(tf.gradients(tf.reduce_sum(h), [u]))
    assert [sum("gemm" in k.name for k in p.explanation.kernels) for p in found.parts] == [1, 2]


def test_gradients_of_gates_are_written_side_by_side():
    """No zeros, and no sums, where the parts of a split tensor meet again."""
    x = tf.placeholder(tf.float32, [None, 4, 12])

    def step(h, v):
        a, b, c = tf.split(tf.concat([h, h, h], 1) + v, 3, axis=1)
        return tf.tanh(a) * b + tf.sigmoid(c)

    found = tf.explain(tf.gradients(tf.foldl(step, x, tf.zeros([4, 4])), [x]))
    titles = [i.title for i in found.parts[-1].explanation.compilation.program.instructions]
    assert titles.count("concat") == 3 + 3 and "place_like" not in titles       # the step's own, and the gradient's


# -------------------------------------------------------------------- what is shown

def test_explain_shows_the_programs_inside():
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.scan(lambda h, v: tf.cond(v[0] > 0.0, lambda: tf.tanh(h + v), lambda: h * 2.0), x, tf.zeros([4]), name="net")
    found = tf.Session().explain(y, {x: np.ones((3, 4))})
    (step,) = found.parts
    assert (step.label, found.groups[step.instruction].kernel) == ("each step of net/loop", "loop")
    assert [p.label for p in step.explanation.parts] == ["branch 0 of cond/switch", "branch 1 of cond/switch"]
    tanh = step.explanation.parts[0].explanation
    assert tanh.groups[0].nodes[-1].op.name == "tanh"
    assert tanh.arena_bytes == 0
    inside = len(step.explanation.kernels) + sum(len(p.explanation.kernels) for p in step.explanation.parts)
    assert f"kernel calls: {len(found.kernels)} and {inside} inside of them" in found.summary


def test_sections_show_the_programs_inside():
    x = tf.placeholder(tf.float32, [None, 4])
    y = tf.foldl(lambda h, v: tf.cond(v[0] > 0.0, lambda: tf.tanh(h + v), lambda: h), x, tf.zeros([4]), name="net")
    found = tf.Session().explain(y, {x: np.ones((3, 4))})
    program = found.section("program").split("\n")
    assert [line.strip() for line in program if " of " in line] == [
        "each step of net/loop", "branch 0 of cond/switch", "branch 1 of cond/switch"]
    assert "loop(" in program[program.index("    each step of net/loop") - 1]
    branch = program.index("            branch 0 of cond/switch")
    assert "switch(" in program[branch - 1] and "add + tanh" in program[branch + 1]
    assert len(program[branch + 1]) - len(program[branch + 1].lstrip()) > 16
    for name in ("groups", "memory", "source", "rules", "stages"):
        assert "    each step of net/loop" in found.section(name).split("\n")
    assert "tanh_f32(" in found.section("source")


# -------------------------------------------------------------------- errors

def test_a_failing_step_is_named():
    table, k = tf.constant(np.arange(40.0)), tf.placeholder(tf.int32, [None])
    y = tf.map_fn(lambda i: tf.gather(table, i), k)
    with pytest.raises(IndexOutsideError, match=r"(?s)index 77 is outside \[0, 40\).*tf.gather\(table, i\)"):
        tf.Session().run(y, {k: [1, 2, 77]})


def test_a_loop_without_limit_that_must_not_run_again_has_no_gradient():
    x, v = tf.placeholder(tf.float32, []), tf.Variable(0.0)
    for step in (lambda z: z * tf.random.uniform([], 2.0, 3.0), lambda z: z * 2.0 + 0.0 * v.assign_add(1.0)):
        (y,) = tf.while_loop(lambda z: z < 3.0, lambda z, step=step: [step(z)], [x])
        with pytest.raises(GradientError, match="maximum_iterations"):
            tf.gradients(y, [x])


def powers(x, limit, most=None):
    """x to the first power from `limit` on, by a loop in a loop that sums powers below it."""
    def step(z, s):
        inner = tf.while_loop(lambda i, t: i < z, lambda i, t: (i * x, t + i * x), (x, x), maximum_iterations=most)
        return z * x, s + inner[1]

    return tf.while_loop(lambda z, s: z < limit, step, (x, 0.0), maximum_iterations=most)


@pytest.mark.parametrize("start", [3.0, 1.5, 200.0])
def test_gradients_through_loops_without_limit_are_those_with_one(start):
    x, limit = tf.placeholder(tf.float32, []), tf.placeholder(tf.float32, [])
    wanted = []
    for most in (None, 20):
        ys = powers(x, limit, most)
        slopes = [tf.gradients(y, [x])[0] for y in ys]
        wanted.append([*ys, *slopes, tf.gradients(slopes[0], [x])[0]])
    with tf.Session() as session:
        mine, expected = session.run(wanted, {x: start, limit: 100.0})
        np.testing.assert_allclose(mine, expected, rtol=1e-5)
        if start == 3.0:                    # as TensorFlow has it
            assert (mine[0], mine[2]) == (243.0, 405.0)


@pytest.mark.parametrize(("error", "match", "build"), [
    (DTypeError, "begins as int32 and becomes float32", lambda: tf.while_loop(
        lambda i: tf.less(i, 3), lambda i: [tf.cast(i, tf.float32)], [tf.constant(0)])),
    (ShapeError, "changes its size on axis 0", lambda: tf.while_loop(
        lambda i: i[0] < 3, lambda i: [tf.concat([i, i], 0)], [tf.constant([0, 1])])),
    (InvalidArgumentError, "2 values for 1 loop variables", lambda: tf.while_loop(
        lambda i: i < 3, lambda i: (i, i), [tf.constant(0)])),
    (DTypeError, "cond has to return a single bool", lambda: tf.while_loop(
        lambda i: i, lambda i: [i], [tf.constant(0)])),
    (DTypeError, "pred is int32", lambda: tf.cond(tf.constant(1), lambda: 1, lambda: 2)),
    (DTypeError, "is float32 in branch 0 and int32 in branch 1", lambda: tf.cond(
        tf.constant(True), lambda: tf.constant(1.0), lambda: tf.constant(1))),
    (ShapeError, "no first axis", lambda: tf.map_fn(lambda v: v, tf.constant(1.0))),
    (ShapeError, "differ in length", lambda: tf.map_fn(lambda v: v[0] + v[1], (tf.zeros([2]), tf.zeros([3])))),
])
def test_what_does_not_fit_is_said(error, match, build):
    with pytest.raises(error, match=match):
        build()


# -------------------------------------------------------------------- case without a default

def test_case_wants_a_condition_that_holds():
    p, q = tf.placeholder(tf.bool, []), tf.placeholder(tf.bool, [])
    session, pairs = tf.Session(), [(p, lambda: tf.constant(1)), (q, lambda: tf.constant(2))]
    y = tf.case(pairs)
    assert [session.run(y, {p: a, q: b}) for a, b in ((True, True), (False, True))] == [1, 2]
    with pytest.raises(InvalidArgumentError, match="none of the conditions holds"):
        session.run(y, {p: False, q: False})
    only = tf.case(pairs, default=lambda: tf.constant(3), exclusive=True)
    assert [session.run(only, {p: a, q: False}) for a in (True, False)] == [1, 3]
    with pytest.raises(InvalidArgumentError, match="more than one of the conditions holds"):
        session.run(only, {p: True, q: True})


def test_case_wants_a_condition_that_holds_at_once():
    with tf.init_scope():
        no, yes = tf.constant(False), tf.constant(True)
        assert tf.case([(no, lambda: 1), (yes, lambda: 2)]) == 2
        with pytest.raises(InvalidArgumentError, match="none of the conditions holds"):
            tf.case([(no, lambda: 1), (no, lambda: 2)])
        with pytest.raises(InvalidArgumentError, match="more than one of the conditions holds"):
            tf.case([(yes, lambda: 1), (yes, lambda: 2)], default=lambda: 3, exclusive=True)


def test_at_once_a_number_decides_and_what_is_done_is_no_node():
    with tf.init_scope():
        assert [tf.cond(tf.constant(k), lambda: 1, lambda: 2) for k in (3, 0)] == [1, 2]
        assert tf.group(tf.constant(1), [tf.constant(2)]) is None


@pytest.mark.parametrize("at_once", [True, False])
def test_operators_of_bits(at_once):
    """Recorded from TensorFlow 2.21."""
    def bits(x, y):
        return [x & y, x | y, x ^ y, ~x, 3 & x, 3 | x, 3 ^ x]

    wanted = [[1, 0], [3, 3], [2, 3], [-2, -3], [1, 2], [3, 3], [2, 1]]
    x, y = ([1, 2], [3, 1])
    if at_once:
        with tf.init_scope():
            assert [v.numpy().tolist() for v in bits(tf.constant(x), tf.constant(y))] == wanted
            assert (tf.constant([True, False]) & True).numpy().tolist() == [True, False]
        return
    a, b, p = tf.placeholder(tf.int32, [None]), tf.placeholder(tf.int32, [None]), tf.placeholder(tf.bool, [None])
    found = tf.Session().run([*bits(a, b), ~p, p ^ True], {a: x, b: y, p: [True, False]})
    assert [v.tolist() for v in found] == [*wanted, [False, True], [False, True]]
