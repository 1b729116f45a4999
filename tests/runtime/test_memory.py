"""Where temporaries stand in the arena."""
import itertools

import hypothesis
import numpy as np
import pytest
from hypothesis import strategies as st

import graphengine as tf
from graphengine.config import override
from graphengine.runtime import arena
from graphengine.schedule.memory import aligned, plan, slots

SIZES = {"a": 640, "b": 64, "c": 1, "d": 100}
BUFFERS = st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20), st.sampled_from(sorted(SIZES))), max_size=30)


@hypothesis.given(BUFFERS)
def test_buffers_alive_together_share_no_bytes(drawn):
    lifetimes = {b: (min(i, j), max(i, j)) for b, (i, j, _) in enumerate(drawn)}
    kinds = {b: kind for b, (_, _, kind) in enumerate(drawn)}
    found = slots(lifetimes, kinds)
    sizes = {b: SIZES[kind] for b, kind in kinds.items()}
    offsets, total = plan(found, sizes)
    assert offsets.keys() == lifetimes.keys()
    for a, b in itertools.combinations(lifetimes, 2):
        if lifetimes[a][0] <= lifetimes[b][1] and lifetimes[b][0] <= lifetimes[a][1]:
            assert offsets[a] + sizes[a] <= offsets[b] or offsets[b] + sizes[b] <= offsets[a]
    assert all(offset + sizes[b] <= total for b, offset in offsets.items())
    alive = [[b for b, (first, last) in lifetimes.items() if first <= k <= last] for k in range(21)]
    assert total >= max(sum(aligned(sizes[b]) for b in together) for together in alive)
    for kind in SIZES:
        at_once = max(sum(kinds[b] == kind for b in together) for together in alive)
        assert sum(kinds[slot.buffers[0]] == kind for slot in found) == at_once


@hypothesis.given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 900), st.integers(1, 30)), max_size=80))
def test_best_fit_is_that_of_a_look_at_all(drawn):
    """However few of the slots that have their bytes are looked at."""
    lifetimes = {b: (first, first + length // 30 ** (b % 3)) for b, (first, length, _) in enumerate(drawn)}
    sizes = {b: 64 * size for b, (*_, size) in enumerate(drawn)}
    placed, wanted = [], {}
    for b in sorted(sizes, key=lambda b: (-sizes[b], b)):
        end, best, length = 0, None, 0
        for start, stop, (first, last) in sorted(placed):
            if first <= lifetimes[b][1] and lifetimes[b][0] <= last:
                gap = start - end
                if gap >= sizes[b] and (best is None or gap < length):
                    best, length = end, gap
                end = max(end, stop)
        wanted[b] = end if best is None else best
        placed.append((wanted[b], wanted[b] + sizes[b], lifetimes[b]))
    assert plan(slots(lifetimes, {b: b for b in lifetimes}), sizes)[0] == wanted


def test_new_sizes_find_the_slots_made():
    x = tf.placeholder(tf.float32, [None, 8])
    h = x
    for _ in range(10):
        h = tf.nn.softmax(tf.matmul(h, tf.Variable(tf.eye(8))))
    with tf.Session() as session:
        session.run(tf.global_variables_initializer())
        f = session.make_callable(h, [x])
        for rows in (2, 3, 50):
            assert f([[1] * 8] * rows).shape == (rows, 8)
        program = session.explain(h, {x: [[1] * 8] * 3}).compilation.program
    temps = [b for b in program.buffers if b.kind == "temp"]
    assert program.slots is program.slots and len(program.slots) <= 3 < len(temps)


@pytest.fixture
def squares():
    """A session, and its function of (rows, 8) that has several temporaries."""
    with tf.Graph().as_default(), override(tier="kernels"), tf.Session() as session:
        x = h = tf.placeholder(tf.float64, [None, 8])
        for _ in range(3):
            h = tf.matmul(tf.nn.softmax(h), tf.transpose(tf.nn.softmax(h + 1))) @ h
        yield session, session.make_callable(h, [x])


def check(f, count):
    x = np.sin(np.arange(8.0 * count)).reshape(count, 8)
    found = f(x)
    for _ in range(3):
        e, g = np.exp(x), np.exp(x + 1)
        x = e / e.sum(1, keepdims=True) @ (g / g.sum(1, keepdims=True)).T @ x
    np.testing.assert_allclose(found, x, rtol=1e-9, atol=1e-9)


def layouts_of(session):
    (plan_,) = session._plans.values()
    return [bound.layout for bound in plan_.layouts.values()]


def test_sizes_that_fit_plan_nothing_and_share_memory(squares, monkeypatch):
    session, f = squares
    planned = []
    monkeypatch.setattr(arena, "plan", lambda *given: planned.append(given) or plan(*given))
    for count in (32, 33, 40, 1, 32, 7):
        check(f, count)
    assert len(planned) == 1 and len({layout.arena for layout in layouts_of(session)}) == 1
    check(f, 90)
    assert len(planned) == 2
    check(f, 33)
    assert len({layout.arena for layout in layouts_of(session)}) == 2


def test_memory_of_a_run_that_was_interrupted_is_left_alone(squares):
    session, f = squares
    check(f, 20)
    check(f, 9)
    shared = layouts_of(session)[0].arena
    shared.memory[:], shared.busy[0] = 7, 1
    for count in (9, 20, 11):               # one that ran last and two that others ran after
        check(f, count)
    assert (shared.memory == 7).all() and shared.busy[0] == 1
