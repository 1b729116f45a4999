"""Kernels whose work several threads share: the same bits whatever their number, errors, forks, and who has none."""
import os
import subprocess
import sys
import textwrap
import threading
import time

import checks
import numpy as np
import pytest

import graphengine as tf
from graphengine import config, errors
from graphengine.codegen.emit import FLAT_GRAIN
from graphengine.codegen.kernels.runner import ROW
from graphengine.codegen.kernels.team import LINE
from graphengine.codegen.kernels.team import Team as Entry
from graphengine.ops import OPS, Library, Reduction
from graphengine.runtime.compiler import default_compiler
from graphengine.runtime.sharing import SLICES

pytestmark = pytest.mark.usefixtures("own_graph")

CASES = checks.cases()


def shared_rows(session):
    """For each kernel of the programs that a session has run, the length of its slices, 0 if it has only one."""
    layouts = [bound.layout for plan in session._plans.values() for bound in plan.layouts.values()]
    return [int(n) for layout in layouts for n in layout.rows.reshape(-1, ROW)[:, 4]]


def values(fetches, feeds, threads, split_us=0.0):
    """Values and slices of a run in a session of its own."""
    with config.override(threads=threads, split_us=split_us), tf.Session() as session:
        session.run(tf.global_variables_initializer())
        found = [session.run(fetches, feeds) for _ in range(2)]     # variables change in between
        return found, shared_rows(session)


def assert_same_bits(fetches, feeds):
    alone, slices = values(fetches, feeds, threads=1)
    for threads in (2, 3):
        together, _ = values(fetches, feeds, threads)
        for first, second in zip(alone, together, strict=True):
            assert [np.asarray(a).tobytes() for a in first] == [np.asarray(b).tobytes() for b in second]
    whole, nothing = values(fetches, feeds, threads=1, split_us=np.inf)
    assert not any(nothing)
    for first, second in zip(alone, whole, strict=True):
        assert [np.asarray(a).tobytes() for a in first] == [np.asarray(b).tobytes() for b in second]
    return slices


# ------------------------------------------------------------------ the same bits

@pytest.mark.parametrize("name", [name for name, op in OPS.items() if issubclass(op, (Library, Reduction))])
def test_each_op_with_a_loop_of_its_own(name):
    results, feeds = [], {}
    for case in CASES:
        if type(case.op).name == name:
            xs = [tf.placeholder(a.dtype, a.shape) for a in case.arrays()]
            results += tf.get_default_graph().add(case.op, xs).outputs
            feeds.update(zip(xs, case.arrays(), strict=True))
    if results:
        assert_same_bits(results, feeds)


def network(rng):
    """Convolution, pooling, a lookup, attention, normalization, softmax, and Adam on all of it."""
    images, words = tf.placeholder(tf.float32, [None, 9, 9, 2]), tf.placeholder(tf.int32, [None, 12])
    labels = tf.placeholder(tf.int32, [None])

    def weights(*shape):
        return tf.Variable((rng.standard_normal(shape) / np.sqrt(shape[-2])).astype("f4"))

    h = tf.nn.relu(tf.nn.conv2d(images, weights(3, 3, 2, 17), 1, "SAME"))
    h = tf.reshape(tf.nn.max_pool2d(h, 2, 2, "SAME"), [-1, 5 * 5 * 17]) @ weights(425, 130)
    e = tf.gather(weights(50, 24), words)
    scores = tf.nn.softmax(tf.matmul(e, e, transpose_b=True))
    h = h + tf.reduce_mean(scores @ e, 1) @ weights(24, 130)
    h = (h - tf.reduce_mean(h, -1, keepdims=True)) * tf.math.rsqrt(tf.math.reduce_variance(h, -1, keepdims=True) + 1e-5)
    logits = tf.tanh(h) @ weights(130, 10)
    loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits))
    train = tf.train.AdamOptimizer(1e-2).minimize(loss)
    feeds = {images: rng.random((33, 9, 9, 2), np.float32), words: rng.integers(0, 50, (33, 12)).astype("i4"),
             labels: rng.integers(0, 10, 33).astype("i4")}
    with tf.control_dependencies([train]):
        return [loss, tf.identity(logits), *tf.global_variables()], feeds


def test_a_network_that_trains(rng):
    slices = assert_same_bits(*network(rng))
    assert sum(n > 0 for n in slices) > 10


@pytest.mark.parametrize("count", [FLAT_GRAIN, FLAT_GRAIN + 1, 10 * FLAT_GRAIN - 1, 10 * FLAT_GRAIN + 3, 100_003])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_flat_loops(count, dtype, rng):
    x, y = tf.placeholder(dtype, [None]), tf.placeholder(dtype, [None])
    feeds = {x: rng.random(count), y: rng.random(count)}
    slices = assert_same_bits([tf.sigmoid(x * y + 0.1) - tf.exp(-y * y) / x], feeds)
    assert all(n % FLAT_GRAIN == 0 for n in slices)
    assert sum(n > 0 for n in slices) == (count > FLAT_GRAIN)
    assert not any(assert_same_bits([tf.reduce_sum(x * y)], feeds)), "one number is made by one thread"


def test_inside_a_loop(rng):
    x, w = tf.placeholder(tf.float32, [None, 70]), tf.constant(rng.standard_normal((70, 70)).astype("f4") / 9)
    found = tf.while_loop(lambda i, h: i < 7, lambda i, h: (i + 1, tf.tanh(h @ w) + x), [0, x])
    feeds = {x: rng.standard_normal((300, 70)).astype("f4")}
    assert_same_bits(list(found), feeds)
    with config.override(split_us=0.0), tf.Session() as session:
        session.run(found[1], feeds)
        (bound,) = next(iter(session._plans.values())).layouts.values()
    assert bound.layout.shared >= 2


# ------------------------------------------------------------------ what is shared

def test_small_programs_are_not_shared(rng):
    x = tf.placeholder(tf.float32, [None, 64])
    w = tf.constant(rng.random((64, 64), np.float32))
    with tf.Session() as session:
        session.run(tf.nn.softmax(x @ w), {x: rng.random((32, 64), np.float32)})
        assert not any(shared_rows(session))


def test_large_kernels_are_shared_in_slices_of_equal_length(rng):
    x = tf.placeholder(tf.float32, [None, 1000])
    w = tf.constant(rng.random((1000, 300), np.float32))
    data = rng.random((4000, 1000), np.float32)
    with config.override(threads=3), tf.Session() as session:
        session.run([tf.nn.softmax(x), tf.tanh(x) + 1.0, x @ w, tf.argmax(x, 1), tf.sort(x)], {x: data})
        (bound,) = next(iter(session._plans.values())).layouts.values()
    rows = [(extent, length) for _, _, _, extent, length in bound.layout.rows.reshape(-1, ROW).tolist() if length]
    assert len(rows) >= 5
    assert all(2 <= -(-extent // length) <= 3 * SLICES for extent, length in rows)


def test_another_number_of_threads_compiles_nothing(rng):
    x = tf.placeholder(tf.float32, [None])
    call = tf.Session().make_callable(tf.exp(x), [x])
    data = rng.random(10**6, np.float32)
    with config.override(threads=2):
        call(data)
    helpers_are_there()
    before = default_compiler().counts.compiled
    for threads in (1, 3, 2):
        with config.override(threads=threads):
            call(data)
            assert default_compiler().team.table[Entry.HELPERS] == threads - 1
    assert default_compiler().counts.compiled == before


def helpers_are_there():
    """Wait until all helpers that were started sleep, having found nothing to do."""
    team = default_compiler().team
    end = time.monotonic() + checks.HANGS_S
    while not all(team.table[Entry.FIRST + LINE * k] for k in range(len(team.threads))):
        assert time.monotonic() < end
        time.sleep(0.001)


def test_helpers_work(rng):
    x = tf.placeholder(tf.float32, [None])
    call = tf.Session().make_callable(tf.sin(tf.exp(x)), [x])
    data = rng.random(4 * 10**6, np.float32)
    with config.override(threads=2):
        call(data)
        helpers_are_there()
        end = time.monotonic() + checks.HANGS_S
        before = time.process_time() - time.thread_time()
        while time.process_time() - time.thread_time() < before + 0.01:
            assert time.monotonic() < end
            call(data)


# ------------------------------------------------------------------ errors

@pytest.mark.parametrize("place", [0, 70_000, -1])
def test_an_error_in_any_slice_names_the_node(place, rng):
    x, y = tf.placeholder(tf.int32, [None], "x"), tf.placeholder(tf.int32, [None], "y")
    z = tf.identity(x // y + 1)
    a, b = rng.integers(1, 9, 100_003).astype("i4"), rng.integers(1, 9, 100_003).astype("i4")
    wrong = b.copy()
    wrong[place] = 0
    with config.override(threads=3, split_us=0.0), tf.Session() as session:
        for _ in range(5):
            with pytest.raises(errors.InvalidArgumentError, match="a whole number is divided by 0") as caught:
                session.run(z, {x: a, y: wrong})
            assert "floordiv(x, y" in caught.value.node
            np.testing.assert_array_equal(session.run(z, {x: a, y: b}), a // b + 1)


def test_an_error_in_a_slice_of_a_library_kernel(rng):
    table, index = tf.placeholder(tf.float32, [40, None, 3]), tf.placeholder(tf.int32, [None])
    picked = tf.gather(table, index, axis=1)
    data = rng.random((40, 5, 3), np.float32)
    with config.override(threads=3, split_us=0.0), tf.Session() as session:
        with pytest.raises(errors.IndexOutsideError):
            session.run(picked, {table: data, index: [1, 7]})
        np.testing.assert_array_equal(session.run(picked, {table: data, index: [1, 4]}), data[:, [1, 4]])


# ------------------------------------------------------------------ threads and processes of the program

def test_sessions_in_several_threads(rng):
    """One of them has the helpers, the others run alone meanwhile."""
    fetches, feeds = network(rng)
    expected, _ = values(fetches, feeds, threads=1)
    graph, found = tf.get_default_graph(), {}

    def work(k):
        with graph.as_default():
            found[k] = [values(fetches, feeds, threads=3)[0] for _ in range(10)]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for results in (r for k in range(3) for r in found[k]):
        for first, second in zip(expected, results, strict=True):
            assert all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in zip(first, second, strict=True))


START = """
    import os, threading
    import numpy as np
    import graphengine as tf
    assert threading.active_count() == 1
    x = tf.placeholder(tf.float32, [None])
    run = tf.Session().make_callable(tf.exp(x) * 2.0, [x])
    run(np.ones(100, "f4"))
    assert not [t for t in threading.enumerate() if t.name.startswith("graphengine-") and t.name[-1].isdigit()]
    data = np.linspace(0, 1, 3_000_000, dtype="f4")
    expected = run(data)
    helpers = [t for t in threading.enumerate() if t.name.startswith("graphengine-") and t.name[-1].isdigit()]
"""


def child(text, **environment):
    code = textwrap.dedent(START) + textwrap.dedent(text)
    done = subprocess.run([sys.executable, "-c", code], cwd=checks.ROOT, capture_output=True, text=True, timeout=300,
                          env={**os.environ, **environment})
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_start_with_the_first_program_that_wants_them(threads):
    assert child("print(len(helpers))", GRAPHENGINE_THREADS=str(threads)) == [str(threads - 1)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_made_by_fork_has_helpers_of_its_own():
    text = """
        for _ in range(3):
            child = os.fork()
            if not child:
                same = run(data).tobytes() == expected.tobytes() and run(data).tobytes() == expected.tobytes()
                os._exit(0 if same and threading.active_count() == 2 else 1)
            assert os.waitpid(child, 0)[1] == 0
            assert run(data).tobytes() == expected.tobytes()
        print("ok")
    """
    assert child(text, GRAPHENGINE_THREADS="2", PYTHONWARNINGS="ignore") == ["ok"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_made_by_fork_compiles_in_a_background_of_its_own(tmp_path):
    text = """
        import signal, time
        y = tf.sin(x) * 3.0 - x
        session = tf.Session()
        small = np.linspace(0, 1, 5, dtype="f4")
        for _ in range(3):                      # what is being compiled when the process forks, and what is new
            session.run(y, {x: small})
        child = os.fork()
        if not child:
            signal.alarm(120)
            for fetch in (y, tf.cos(x) / 7.0 + x):
                begun = time.monotonic()
                while time.monotonic() - begun < 1:
                    session.run(fetch, {x: small})
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        print("ok")
    """
    assert child(text, GRAPHENGINE_CACHE_DIR=str(tmp_path), PYTHONWARNINGS="ignore")[-1] == "ok"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_child_made_by_fork_in_the_middle_of_loading_holds_no_lock():
    text = """
        import os, sys, threading
        from graphengine.runtime.cache import ObjectCache
        from graphengine.runtime.compiler import Compiler

        compiler = Compiler(ObjectCache(None))      # which compiles nothing
        held, over = threading.Event(), threading.Event()

        def load():
            with compiler._loading:
                held.set()
                over.wait(0.5)

        thread = threading.Thread(target=load)
        thread.start()
        held.wait()
        child = os.fork()
        if not child:
            os._exit(0 if compiler._loading.acquire(timeout=5) else 1)
        over.set()
        thread.join()
        print(os.waitpid(child, 0)[1])
    """
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", textwrap.dedent(text)], cwd=checks.ROOT,
                          capture_output=True, text=True, timeout=checks.HANGS_S)
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_number_of_threads_that_is_none():
    done = subprocess.run([sys.executable, "-c", "from graphengine.config import settings; settings()"],
                          cwd=checks.ROOT, capture_output=True, text=True, timeout=checks.HANGS_S,
                          env={**os.environ, "GRAPHENGINE_THREADS": "two"})
    assert "GRAPHENGINE_THREADS='two'; it takes a number from 0 on" in done.stderr
