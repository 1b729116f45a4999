"""Signals during long runs: Ctrl-C ends them soon, others are handled and the run goes on with the same result."""
import os
import signal
import socket
import subprocess
import sys
import textwrap

import checks
import numpy as np
import pytest

import graphengine as tf
from graphengine.errors import InvalidArgumentError

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Ctrl-C is heard after a run")

STEPS = 2_000_000


@pytest.fixture
def session():
    with tf.Graph().as_default(), tf.Session() as made:
        yield made


class Alarms:
    """A handler that counts, called each hundredth of a second."""

    def __init__(self):
        self.count = 0

    def __call__(self, number, frame):
        self.count += 1

    def __enter__(self):
        self.before = signal.signal(signal.SIGALRM, self)
        signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
        return self

    def __exit__(self, *_):
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, self.before)


def counted(x):
    """A loop inside a loop with a choice, of some seconds, that is exact in whole numbers."""
    def step(i, total):
        inner = tf.while_loop(lambda j, t: j < 10, lambda j, t: (j + 1, t * 3 + i), [0, total])[1]
        return i + 1, tf.cond(tf.equal(i % 2, 0), lambda: inner + 1, lambda: inner - x)

    return tf.while_loop(lambda i, t: i < x, step, [0, 7])[1]


def test_other_signals_do_not_change_a_run(session):
    x = tf.placeholder(tf.int32, [])
    y = counted(x)
    expected = session.run(y, {x: STEPS // 10})
    with Alarms() as alarms:
        assert session.run(y, {x: STEPS // 10}) == expected
        assert alarms.count > 1, "handlers run while the loop does"
        assert session.run(y, {x: STEPS // 10}) == expected


def test_stacked_results_of_a_run_that_was_stopped_many_times(session):
    count = STEPS // 4
    x = tf.placeholder(tf.float64, [count])
    y = tf.scan(lambda total, element: total * 0.5 + element, x, np.float64(0))
    slope = tf.gradients(tf.reduce_sum(y), [x])[0]          # a loop that walks backward
    data = np.arange(count) % 7.0
    expected = session.run([y, slope], {x: data})
    with Alarms() as alarms:
        while alarms.count < 5:
            found = session.run([y, slope], {x: data})
            assert all(a.tobytes() == b.tobytes() for a, b in zip(found, expected, strict=True))


def test_what_a_handler_raises_ends_the_run(session):
    class Enough(Exception):
        pass

    def stop(number, frame):
        raise Enough

    x = tf.placeholder(tf.int32, [])
    y = counted(x)
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Enough):
            session.run(y, {x: 10**9})
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert session.run(y, {x: 0}) == 7
    with tf.Session(session.graph) as other:
        assert session.run(y, {x: 1001}) == other.run(y, {x: 1001})


def test_a_handler_may_run_a_session_itself(session):
    """Also one whose run takes longer than the time to the next signal; the run outside goes on and still hears."""
    x, n = tf.placeholder(tf.int32, []), tf.placeholder(tf.int32, [])
    y, inner = counted(x), counted(n + 1)
    expected, expected_inside = session.run(y, {x: STEPS // 10}), session.run(inner, {n: STEPS // 40})
    found, refused, inside = [], [], []

    def handle(number, frame):
        if inside or len(found) == 3:       # a signal may arrive during the run below, too
            return
        inside.append(True)
        found.append(session.run(inner, {n: STEPS // 40}))
        with pytest.raises(InvalidArgumentError, match="what the signal has interrupted"):
            session.run(y, {x: STEPS // 10})
        refused.append(True)
        inside.clear()

    before = signal.signal(signal.SIGALRM, handle)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.005, 0.02)
        assert session.run(y, {x: STEPS // 10}) == expected
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(refused) == len(found) > 1
    assert set(found) == {expected_inside}
    with Alarms() as alarms:
        assert session.run(y, {x: STEPS // 10}) == expected
    assert alarms.count > 1


def test_who_waits_for_signals_is_told(session):
    x = tf.placeholder(tf.int32, [])
    y = counted(x)
    session.run(y, {x: 1})
    read, write = socket.socketpair()
    write.setblocking(False)
    read.setblocking(False)
    before = signal.set_wakeup_fd(write.fileno())
    try:
        with Alarms() as alarms:
            session.run(y, {x: STEPS // 10})
        assert len(read.recv(4096)) >= alarms.count > 0     # signals may meet before the handler is called
        assert signal.set_wakeup_fd(before) == write.fileno()
    finally:
        signal.set_wakeup_fd(before)
        read.close()
        write.close()


INTERRUPTED = """
    import os, signal, threading
    import numpy as np
    import graphengine as tf

    scope = tf.Graph().as_default()
    scope.__enter__()
    {graph}
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    session.run(y, short)
    try:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
        session.run(y, endless)
    except KeyboardInterrupt:
        print(tf.nest.flatten(session.run(y, short))[0])
"""
LOOP = """
    x = tf.placeholder(tf.int32, [])
    y = tf.while_loop(lambda i: i < x, lambda i: tf.maximum(i - 1, -5), [0])
    short, endless = {x: 0}, {x: 1}
"""
COUNTED = """
    x = tf.placeholder(tf.int32, [])
    y = tf.while_loop(lambda i, h: i < x, lambda i, h: (i + 1, h * 0.5), [0, np.ones(100)])
    short, endless = {x: 3}, {x: 2**31 - 1}
"""
EMPTY = """
    x = tf.placeholder(tf.bool, [])
    y = tf.while_loop(lambda i: x, lambda i: i, [0])
    short, endless = {x: False}, {x: True}
"""
ROWS = """
    x = tf.placeholder(tf.float32, [None])
    y = x
    for k in range(2000):
        y = tf.reverse(tf.cumsum(tf.sin(y)), [0])
    runs = tf.Variable(0.0)
    y = runs.assign_add(tf.reduce_sum(y) * 0.0 + 1.0)
    short, endless = {x: np.ones(3, "f4")}, {x: np.ones(4_000_000, "f4")}       # more than ten seconds
"""


@pytest.mark.parametrize(("graph", "after"), [(LOOP, "0"), (COUNTED, "3"), (EMPTY, "0"), (ROWS, "2.0")],
                         ids=["loop", "counted", "empty", "rows"])
def test_an_interrupt_is_heard_during_one_run(graph, after):
    """Of rows a run comes to its end, but not the one that is interrupted: two are counted in the end."""
    code = textwrap.dedent(INTERRUPTED).format(graph=textwrap.dedent(graph))
    done = subprocess.run([sys.executable, "-c", code], cwd=checks.ROOT, capture_output=True, text=True,
                          timeout=checks.HANGS_S, preexec_fn=checks.hear_interrupts)
    assert (done.returncode, done.stdout) == (0, f"{after}\n"), done.stderr
