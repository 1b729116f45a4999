"""The step of a tiny program as one kernel: when there is one, what it computes, where it comes from."""
import os
import subprocess
import sys
import time

import checks
import numpy as np
import pytest

import graphengine as tf
from graphengine import config, errors
from graphengine.runtime import whole
from graphengine.runtime.compiler import default_compiler

pytestmark = pytest.mark.usefixtures("own_graph")

ALONE = "one kernel for all steps"


def network(rng):
    """The flowers' network: x, y, loss, step; and its data."""
    x, y = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.int32, [None])
    h = x
    for width, activation in ((4, tf.sigmoid), (3, tf.identity)):
        weight = tf.Variable(rng.standard_normal((4, width)).astype("f4"))
        h = activation(h @ weight + tf.Variable(np.zeros(width, "f4")))
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=h))
    return x, y, loss, tf.train.MomentumOptimizer(0.1, 0.9).minimize(loss)


def data(rng, rows=60, steps=40):
    order = np.stack([rng.permutation(rows)[:15] for _ in range(steps)])
    return rng.standard_normal((rows, 4)).astype("f4"), rng.integers(0, 3, rows).astype("i4"), order


def test_the_loop_of_the_flowers_is_one_kernel(session, rng):
    x, y, loss, step = network(rng)
    lengths, species, order = data(rng)
    feeds = {x: tf.Rows(lengths, order), y: tf.Rows(species, order)}
    session.run(tf.global_variables_initializer())
    start = session.variables()
    want = session.run_steps([loss, step], feeds, collect=True)[0]
    end = session.variables()
    once = {x: lengths[:15], y: species[:15]}
    assert len(session.explain([loss, step], once).kernels) > 5
    with config.override(tier="whole"):
        session.load_variables(start)
        got = session.run_steps([loss, step], feeds, collect=True)[0]
    assert session.explain([loss, step], once).loop == ALONE
    assert ALONE in session.explain([loss, step], once).summary
    checks.assert_close(got, want, length=15)
    for name, value in session.variables().items():
        checks.assert_close(value, end[name], length=15 * 40)
    again = session.run_steps([loss, step], feeds, collect=True)[0]     # kernel by kernel on what the other has left
    assert again.shape == want.shape and again[0] < want[0]


def test_products_have_the_same_bits(session, rng):
    """Wide, narrow, high, transposed, finished: a rectifier after a bias, the update of a weight."""
    a, b, c = (tf.placeholder(tf.float32, shape) for shape in ([9, 5], [5, 37], [9, 5]))
    column, w = tf.placeholder(tf.float32, [5, 1]), tf.Variable(rng.standard_normal((9, 37)).astype("f4"))
    fetches = [
        a @ b, a @ column, tf.matmul(c, w, transpose_a=True), tf.matmul(a, c, transpose_b=True),
        tf.matmul(b, a, True, True), tf.nn.relu(a @ b + rng.standard_normal(37).astype("f4")),
        w.assign_sub(0.5 * (a @ b)),
    ]
    session.run(tf.global_variables_initializer())
    start = session.variables()
    feeds = {p: rng.standard_normal((6, *p.shape.as_list())).astype("f4") for p in (a, b, c, column)}
    want = session.run_steps(fetches, feeds, collect=True)
    with config.override(tier="whole"):
        session.load_variables(start)
        got = session.run_steps(fetches, feeds, collect=True)
    assert session.explain(fetches, {p: v[0] for p, v in feeds.items()}).loop == ALONE
    for g, w in zip(got, want, strict=True):
        np.testing.assert_array_equal(g, w)


@pytest.mark.parametrize("dtype", ["float64", "float16", "int32", "int8", "bool"])
def test_dtypes_and_kernels_that_are_called(session, dtype, rng):
    """A sort has no text; rows of every width are picked; a feed stands still, and one moves."""
    x, still = tf.placeholder(dtype, [4, 3]), tf.placeholder(tf.int32, [3])
    number = tf.cast(x, tf.float32)
    fetches = [tf.sort(number * 2), tf.cast(tf.cast(x, tf.int32) + still, dtype), tf.argmax(number, 1)]
    rows = rng.integers(0, 2, (20, 3)).astype(dtype)
    feeds = {x: tf.Rows(rows, rng.integers(0, 20, (5, 4))), still: [1, 2, 3]}
    want = session.run_steps(fetches, feeds, collect=True)
    with config.override(tier="whole"):
        got = session.run_steps(fetches, feeds, collect=True)
    assert session.explain(fetches, {x: rows[:4], still: [1, 2, 3]}).loop == ALONE
    for g, w in zip(got, want, strict=True):
        np.testing.assert_array_equal(g, w)


def test_a_failure_is_that_of_its_step(session, rng):
    x, y, loss, step = network(rng)
    lengths, species, order = data(rng)
    species[59] = 7
    order[order == 59] = 0
    order[30, 4] = 59
    session.run(tf.global_variables_initializer())
    start = session.variables()
    told, left = [], []
    for tier in ("kernels", "whole"):
        session.load_variables(start)
        with config.override(tier=tier), pytest.raises(errors.InvalidArgumentError) as found:
            session.run_steps([loss, step], {x: tf.Rows(lengths, order), y: tf.Rows(species, order)})
        assert found.value.step == 30
        told.append(str(found.value))
        left.append(session.variables())
    assert told[0] == told[1]
    for name, value in left[0].items():
        checks.assert_close(left[1][name], value, length=15 * 30)
    order[30, 4] = 60
    with config.override(tier="whole"), pytest.raises(errors.IndexOutsideError, match="outside the fed array"):
        session.run_steps([loss, step], {x: tf.Rows(lengths, order), y: tf.Rows(species, order)})


def test_steps_go_on_from_the_middle(session, rng):
    x = tf.placeholder(tf.float32, [3])
    total = tf.Variable(np.zeros(3, "f4"))
    step = total.assign_add(tf.sort(x) * tf.reduce_sum(total + 1.0))
    values = rng.standard_normal((9, 3)).astype("f4")
    session.run(tf.global_variables_initializer())
    start = session.variables()
    with config.override(tier="whole"), session._plan([step], [x]).steps([values], collect=True) as prepared:
        (whole,) = prepared.run()
        session.load_variables(start)
        parts = [prepared.run(steps=4)[0], prepared.run(first=4, steps=5)[0]]
        session.load_variables(start)
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    checks.assert_close(session.run_steps(step, {x: values}, steps=9), whole[-1], length=100)


def test_a_short_loop_compiles_nothing(session, rng, monkeypatch):
    monkeypatch.setattr(whole, "PAYS_S", 60.0)      # which it does not take, however busy the machine is
    x, y, loss, step = network(rng)
    lengths, species, order = data(rng)
    session.run(tf.global_variables_initializer())
    feeds = {x: tf.Rows(lengths, order), y: tf.Rows(species, order)}
    session.run_steps([loss, step], feeds)
    before = default_compiler().counts.compiled
    with config.override(tier="auto"):
        for _ in range(20):
            session.run_steps([loss, step], feeds)
    assert default_compiler().counts.compiled == before
    assert session.explain([loss, step], {x: lengths[:15], y: species[:15]}).loop == ""


def test_a_long_loop_goes_on_with_it(session, monkeypatch, rng):
    """It is compiled meanwhile; one run, and variables that change by every step."""
    monkeypatch.setattr(whole, "PAYS_S", 0.2)
    count = tf.Variable(np.zeros(4, "f8"))
    step = count.assign_add(tf.sort(tf.cast(tf.range(4), tf.float64)) * 0 + 1.0)
    session.run(tf.global_variables_initializer())
    session.run_steps(step, {}, steps=2)
    end = time.monotonic() + 300
    done = 2
    with config.override(tier="auto"):
        while session.explain(step).loop != ALONE:
            assert time.monotonic() < end, session.explain(step).summary
            session.run_steps(step, {}, steps=1_000_000)
            done += 1_000_000
    np.testing.assert_array_equal(session.variables()[count.name.split(":")[0]], np.full(4, float(done)))


def test_a_program_without_it_says_why(session):
    x = tf.placeholder(tf.float32, [None])
    total = tf.Variable(0.0)
    programs = {
        "it has loops or branches": total.assign_add(
            tf.while_loop(lambda i: i < 3.0, lambda i: i + tf.reduce_sum(x), [total])[0]),
        "a step takes more than 1000 nanoseconds": tf.sort(x) + 1.0,
    }
    session.run(tf.global_variables_initializer())
    values = np.ones(10_000, "f4")              # fewer than threads would share
    for reason, step in programs.items():
        with config.override(tier="whole", threads=1):
            session.run_steps(step, {x: values}, steps=1)
        assert reason in session.explain(step, {x: values}).loop


def test_another_process_takes_it_from_disk(tmp_path):
    program = """
import numpy as np
import graphengine as tf
from graphengine.runtime.compiler import default_compiler
x = tf.placeholder(tf.float32, [3])
total = tf.Variable(np.zeros(3, "f4"))
step = total.assign_add(tf.sort(x) * tf.reduce_sum(total + 1.0))
session = tf.Session()
session.run(tf.global_variables_initializer())
print(session.run_steps(step, {x: [1.0, 2.0, 3.0]}, steps=3))
print(session.explain(step, {x: [1.0, 2.0, 3.0]}).loop, default_compiler().counts.compiled)
"""
    environment = {**os.environ, "GRAPHENGINE_TIER": "whole", "GRAPHENGINE_CACHE_DIR": str(tmp_path)}
    told = [subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True,
                           timeout=300).stdout.splitlines() for _ in range(2)]
    assert told[0][0] == told[1][0]
    assert told[0][1].startswith(ALONE) and not told[0][1].endswith(" 0")
    assert told[1][1] == f"{ALONE} 0"
