"""The compiled loop: feeds of each step, collected results, progress, interruption."""
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import Future

import checks
import numpy as np
import pytest

import graphengine as tf
from graphengine import config, errors
from graphengine.frontend import plan
from graphengine.frontend.plan import Plan
from graphengine.frontend.prepared import EarlySteps, PythonSteps
from graphengine.runtime.cache import ObjectCache
from graphengine.runtime.compiler import Compiler, default_compiler

pytestmark = pytest.mark.usefixtures("own_graph")


def regression():
    """Linear regression, one sample a step: x, y, step, loss."""
    x, y = tf.placeholder(tf.float32, [None], name="x"), tf.placeholder(tf.float32, [None], name="y")
    w, b = tf.Variable(1.0, name="w"), tf.Variable(0.5, name="b")
    loss = tf.reduce_mean(tf.square(w * x + b - y))
    return x, y, tf.train.GradientDescentOptimizer(0.01).minimize(loss), loss


# ------------------------------------------------------------------ feeds

def test_stacked_feeds_equal_single_runs(session, rng):
    x, y, step, loss = regression()
    xs, ys = rng.standard_normal((7, 5)).astype("f4"), rng.standard_normal((7, 5)).astype("f4")
    session.run(tf.global_variables_initializer())
    single = [session.run([loss, step], {x: a, y: b})[0] for a, b in zip(xs, ys, strict=True)]
    want = session.variables()
    session.run(tf.global_variables_initializer())
    got, done = session.run_steps([loss, step], {x: xs, y: ys}, collect=True)
    assert done is None
    np.testing.assert_array_equal(got, np.array(single))
    assert session.variables() == want


def test_rows_equal_batches_taken_by_hand(session, rng):
    x, y, step, loss = regression()
    data = rng.standard_normal((2, 20)).astype("f4")
    order = np.stack([rng.permutation(20)[:5] for _ in range(9)])
    session.run(tf.global_variables_initializer())
    want = [session.run([loss, step], {x: data[0][i], y: data[1][i]})[0] for i in order]
    variables = session.variables()
    session.run(tf.global_variables_initializer())
    feeds = {x: tf.Rows(data[0], order), y: tf.Rows(data[1], order)}
    np.testing.assert_array_equal(session.run_steps([loss, step], feeds, collect=True)[0], np.array(want))
    assert session.variables() == variables


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "bool"])
def test_rows_of_any_type_and_rank(session, dtype, rng):
    x = tf.placeholder(dtype, [None, 2, 3])
    data = rng.integers(0, 2, (6, 2, 3)).astype(dtype)
    order = rng.integers(0, 6, (4, 3))
    got = session.run_steps(tf.identity(x), {x: tf.Rows(data[::-1], order.astype("i4"))}, collect=True)
    np.testing.assert_array_equal(got, data[::-1][order])


def test_a_feed_without_steps_is_the_same_for_each(session):
    x, rate = tf.placeholder(tf.float32, [2]), tf.placeholder(tf.float32, [])
    w = tf.Variable([0.0, 0.0])
    step = w.assign_add(x * rate)
    session.run(tf.global_variables_initializer())
    got = session.run_steps(step, {x: [1.0, 2.0], rate: 0.5}, steps=4, collect=True)
    np.testing.assert_array_equal(got, np.outer([1, 2, 3, 4], [0.5, 1.0]).astype("f4"))
    got = session.run_steps(step, {x: np.array([[1.0, 1.0], [0.0, 2.0]], "f4"), rate: 1.0}, collect=True)
    np.testing.assert_array_equal(got, np.array([[3.0, 5.0], [3.0, 7.0]], "f4"))


def test_stacked_numbers(session):
    x = tf.placeholder(tf.float32, [])
    total = tf.Variable(0.0)
    got = session.run(tf.global_variables_initializer())
    got = session.run_steps(total.assign_add(x), {x: [1.0, 2.0, 3.0]}, collect=True)
    np.testing.assert_array_equal(got, np.array([1.0, 3.0, 6.0], "f4"))


def test_a_program_of_numbers_is_called_once_for_many_steps(session, rng):
    """One kernel whose loop is that of the steps: variables, results of each step, a feed that stands still."""
    x, pair, rate = (tf.placeholder(tf.float64, shape) for shape in ([], [2], []))
    w, b = tf.Variable(rng.standard_normal(), dtype=tf.float64), tf.Variable(0.5, dtype=tf.float64)
    session.run(tf.global_variables_initializer())
    error = w * x + b - pair[1] * pair[0]
    step = tf.group(w.assign_sub(rate * error * x), b.assign_sub(rate * error))
    xs, pairs = rng.standard_normal(1000), rng.standard_normal((1000, 2))
    (kernel,) = session.explain([error, step], {x: xs[0], pair: pairs[0], rate: 0.1}).kernels
    assert kernel.takes_steps
    start = session.variables()
    want = [session.run([error, step], {x: a, pair: p, rate: 0.1})[0] for a, p in zip(xs, pairs, strict=True)]
    end = session.variables()
    for collect in (True, False):
        session.load_variables(start)
        got = session.run_steps([error, step], {x: xs, pair: pairs, rate: 0.1}, collect=collect)[0]
        np.testing.assert_allclose(got, want if collect else want[-1], rtol=1e-12)
        for name, value in session.variables().items():
            np.testing.assert_allclose(value, end[name], rtol=1e-12)
    session.load_variables(start)
    assert session.run([error, step], {x: xs[0], pair: pairs[0], rate: 0.1})[0] == want[0]


def test_stacked_feeds_that_lie_askew(session, rng):
    x = tf.placeholder(tf.float32, [None, 3])
    data = rng.standard_normal((3, 4, 5)).astype("f4").T
    got = session.run_steps(x * 2.0, {x: data}, collect=True)
    np.testing.assert_array_equal(got, data * 2)


@pytest.mark.parametrize("batch", [0, 1, 2000])
def test_batches_of_any_size(session, batch, rng):
    x = tf.placeholder(tf.float32, [None, 3])
    data = rng.standard_normal((4, batch, 3)).astype("f4")
    total, doubled = session.run_steps([tf.reduce_sum(x), x * 2.0], {x: data}, collect=True)
    np.testing.assert_allclose(total, data.sum((1, 2)), rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(doubled, data * 2)


def test_sizes_that_turn_out_to_be_one(session):
    x, y = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
    got = session.run_steps(x + y, {x: np.ones((3, 1), "f4"), y: np.zeros((3, 4), "f4")}, collect=True)
    np.testing.assert_array_equal(got, np.ones((3, 4)))


# ------------------------------------------------------------------ results

@pytest.mark.parametrize("size", [3, 5000])
def test_without_collect_the_last_step_counts(session, size):
    x = tf.placeholder(tf.float32, [None])
    data = np.arange(4 * size, dtype="f4").reshape(4, size)
    first = session.run_steps(x + 1.0, {x: data})
    np.testing.assert_array_equal(first, data[-1] + 1)
    session.run_steps(x + 1.0, {x: data * 0})
    np.testing.assert_array_equal(first, data[-1] + 1)


def test_one_run_after_the_loop_and_before(session):
    x, y, step, loss = regression()
    feeds = {x: [1.0, 3.0, 5.0, 7.0], y: [2.0, 3.0, 4.0, 5.0]}
    session.run(tf.global_variables_initializer())
    session.run([step, loss], feeds)
    session.run_steps([step, loss], feeds, steps=10)
    session.run([step, loss], feeds)
    want = session.variables()
    session.run(tf.global_variables_initializer())
    session.run_steps([step, loss], feeds, steps=12)
    assert session.variables() == want


def test_steps_in_the_interpreter(session, rng):
    x, y, step, loss = regression()
    data = rng.standard_normal((2, 6)).astype("f4")
    found = []
    for tier in ("kernels", "interpreter"):
        with config.override(tier=tier):
            session.run(tf.global_variables_initializer())
            feeds = {x: tf.Rows(data[0], [[0, 1], [2, 3], [4, 5]]), y: data[1].reshape(3, 2)}
            collected = session.run_steps([loss, step], feeds, collect=True)[0]
            last = session.run_steps(loss, feeds)
            found.append([*collected, last, *session.variables().values()])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-5)


# ------------------------------------------------------------------ progress and stops

def test_progress_counts_up_and_may_stop(session):
    w = tf.Variable(0.0, name="w")
    step = w.assign_add(1.0)
    session.run(tf.global_variables_initializer())
    seen = []
    session.run_steps(step, steps=1_000_000, on_progress=seen.append)
    assert seen == sorted(set(seen)) and seen[-1] == 1_000_000
    session.run(tf.global_variables_initializer())
    seen.clear()
    got = session.run_steps(step, steps=10**9, collect=False, on_progress=lambda n: seen.append(n) or len(seen) > 3)
    assert len(seen) == 4 and session.variables()["w"] == got


def test_a_stopped_loop_collects_what_was_done(session):
    w = tf.Variable(0.0)
    session.run(tf.global_variables_initializer())
    done = []
    stop = lambda n: done.append(n) or True
    got = session.run_steps(w.assign_add(1.0), steps=10_000_000, collect=True, on_progress=stop)
    np.testing.assert_array_equal(got, np.arange(1, done[-1] + 1))


def test_an_error_in_progress_leaves_whole_steps(session):
    w = tf.Variable(0.0, name="w")
    session.run(tf.global_variables_initializer())
    with pytest.raises(ZeroDivisionError):
        session.run_steps(w.assign_add(1.0), steps=10**9, on_progress=lambda n: 1 / 0)
    count = session.variables()["w"]
    assert count == int(count) > 0
    assert session.run(w.assign_add(1.0)) == count + 1


def test_variables_after_a_failing_step(session):
    table, index = tf.placeholder(tf.float32, [3]), tf.placeholder(tf.int32, [1])
    w = tf.Variable(0.0, name="w")
    session.run(tf.global_variables_initializer())
    picked = tf.reduce_sum(tf.gather(table, index))
    with pytest.raises(errors.IndexOutsideError, match="step 2"):
        session.run_steps(w.assign_add(picked), {table: np.ones(3, "f4"), index: np.array([[0], [1], [5], [2]])})
    assert session.variables()["w"] == 2.0


INTERRUPTED = """
    import numpy as np
    import graphengine as tf

    with tf.Graph().as_default():
        a, b = tf.Variable(np.zeros(1000), name="a"), tf.Variable(np.zeros(1000), name="b")
        with tf.control_dependencies([a.assign_add(np.ones(1000))]):
            step = b.assign_add(np.ones(1000))
        session = tf.Session()
        session.run(tf.global_variables_initializer())
    session.run_steps(step, steps=2)
    told = []

    def tell(done):                     # the loop runs, however long it took to begin
        if not told:
            told.append(print("ready", flush=True))

    try:
        session.run_steps(step, steps=10**12, on_progress=tell)
    except KeyboardInterrupt:
        values = session.variables()
        assert len(set(values["a"].tolist() + values["b"].tolist())) == 1, "half a step"
        assert values["a"][0] > 2
        assert session.run(step)[0] == values["a"][0] + 1
        print("whole")
"""


@pytest.mark.skipif(os.name != "posix", reason="interrupts a process by a signal")
def test_an_interrupt_stops_the_loop_between_steps():
    assert checks.interrupted(INTERRUPTED, 0.5) == ["whole"]


# ------------------------------------------------------------------ before the kernels are there

def early_steps(switch, collect=True, fails_at=None):
    """Steps of x -> (10 x, who computed it); the kernels are there once `switch` steps are done."""
    pending, taken = Future(), []

    def once(who):
        def run(pieces):
            (x,) = pieces
            if x == fails_at:
                raise errors.IndexOutsideError("no such row", op="gather")
            taken.append((who, int(x)))
            return [np.array(10 * x)]
        return run

    data = [np.arange(8)]
    steps = EarlySteps(PythonSteps(once("early"), data, [True], 8, collect), pending,
                       lambda: PythonSteps(once("later"), data, [True], 8, collect))

    def look(n):
        if n == switch:
            pending.set_result(None)

    if switch == 0:
        look(0)
    return steps, look, taken


@pytest.mark.parametrize("switch", [0, 1, 5, 7, 8])
def test_kernels_go_on_where_the_interpreter_is_when_they_are_there(switch):
    steps, look, taken = early_steps(switch)
    seen = []
    with steps:
        (got,) = steps.run(lambda n: seen.append(n) or look(n))
    np.testing.assert_array_equal(got, 10 * np.arange(8))
    assert taken == [("early" if k < switch else "later", k) for k in range(8)]
    assert seen == list(range(1, 9))
    if switch < 8:
        with steps:
            (again,) = steps.run(first=2, steps=3)
        assert again.tolist() == [20, 30, 40] and taken[8:] == [("later", k) for k in (2, 3, 4)]


def test_the_last_result_is_the_last_steps_whoever_takes_it():
    for switch in (3, 8):
        steps, look, _ = early_steps(switch, collect=False)
        assert steps.run(look)[0] == 70


def test_a_stop_and_an_error_know_their_step():
    steps, look, taken = early_steps(switch=2)
    (got,) = steps.run(lambda n: look(n) or n == 6)
    assert got.tolist() == [0, 10, 20, 30, 40, 50] and len(taken) == 6
    for at in (1, 6):
        steps, look, _ = early_steps(switch=3, fails_at=at)
        with pytest.raises(errors.IndexOutsideError) as caught:
            steps.run(look)
        assert caught.value.step == at


FIRST_STEPS = """
import json
import threading
import numpy as np
import graphengine as tf
from graphengine.runtime import whole
from graphengine.runtime.compiler import default_compiler
whole.PAYS_S = float("inf")     # no kernel more, however slowly the steps go
x, y = tf.placeholder(tf.float32, [None, 5]), tf.placeholder(tf.float32, [None])
w = tf.Variable(tf.zeros([5, 1]))
loss = tf.reduce_mean(tf.square(tf.tanh(x @ w)[:, 0] - y))
step = tf.train.AdamOptimizer(0.1).minimize(loss)
rng = np.random.default_rng(3)
data, wanted = rng.standard_normal((40, 5)).astype("f4"), rng.standard_normal(40).astype("f4")
rows = rng.integers(0, 40, (1500, 8))
compiled, has_looked = [], threading.Event()
default_compiler()._in_background().submit(has_looked.wait, 60)     # however slow the first steps are
def look(n):
    if n > 500:     # by then all of them may be there
        default_compiler()._in_background().submit(int).result()
    compiled.append(default_compiler().counts.compiled)
    has_looked.set()
with tf.Session() as session:
    session.run(tf.global_variables_initializer())
    feeds = {x: tf.Rows(data, rows), y: tf.Rows(wanted, rows)}
    losses = session.run_steps([loss, step], feeds, collect=True, on_progress=look)[0]
print(json.dumps([compiled[0], compiled[-1], losses.tolist()]))
"""


def test_the_first_steps_do_not_wait_for_a_compiler(tmp_path):
    found = {}
    for tier in ("auto", "kernels"):
        environment = {**os.environ, "GRAPHENGINE_TIER": tier, "GRAPHENGINE_CACHE_DIR": str(tmp_path / tier)}
        done = subprocess.run([sys.executable, "-c", FIRST_STEPS], capture_output=True, text=True, env=environment)
        assert done.returncode == 0, done.stderr
        found[tier] = json.loads(done.stdout)
    assert found["auto"][0] < found["auto"][1] == found["kernels"][0] == found["kernels"][1]
    np.testing.assert_allclose(found["auto"][2], found["kernels"][2], rtol=2e-4, atol=1e-6)


def test_nobody_waits_for_kernels_that_stand_behind_others(session, monkeypatch):
    monkeypatch.setattr(plan, "PATIENCE_S", 0.0)
    x = tf.placeholder(tf.float32, [None])
    y = tf.atan(tf.sinh(x)) * tf.cosh(x) - tf.atanh(x * 0.5)
    others = threading.Event()
    before = default_compiler()._in_background().submit(others.wait, 60)
    try:
        with config.override(tier="auto"):
            found = [session.run(y, {x: [0.5, 0.25]}) for _ in range(5)]
            assert not before.done()       # it may itself stand behind what earlier tests left
    finally:
        others.set()
    np.testing.assert_allclose(found[-1], session.run(y, {x: [0.5, 0.25]}), rtol=1e-5)


def test_everybody_waits_for_the_runner(session, monkeypatch):
    monkeypatch.setattr(plan, "PATIENCE_S", 0.0)
    compiler = Compiler(ObjectCache(None))
    others = threading.Event()
    x = tf.placeholder(tf.float32, [])
    ways = Plan(session.store, compiler, [x + 1.0], [x])
    compiler._in_background().submit(others.wait, 60)
    try:
        with config.override(tier="auto"):
            found = [ways.run([np.float32(2)])[0] for _ in range(2)]
        assert compiler.has(())
    finally:
        others.set()
    assert found == [3.0, 3.0]
