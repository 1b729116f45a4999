"""Functions of machine code: what they take themselves, what they hand on, and what they leave alone."""
import gc
import sys
import threading
import weakref

import numpy as np
import pytest

import graphengine as tf
from graphengine.config import override
from graphengine.errors import FeedError, InvalidArgumentError
from graphengine.frontend.direct import Direct
from graphengine.runtime.compiler import default_compiler
from graphengine.runtime.entry import _is_possible


@pytest.fixture(autouse=True)
def compiled():
    """The entry is there before the functions are made, not some time later."""
    compiler = default_compiler()
    if compiler.entry(prepare=True) is None:
        compiler._entry.result()


class Counted(Direct):
    """A way to run a plan that counts how often Python had to do it."""

    count = 0

    def __init__(self, fetches, feeds, session=None):
        self.session = session or tf.Session()
        super().__init__(self.session._plan(fetches, feeds), self.session._lock, len(fetches) == 1)

    def run(self, *values, out=None):
        self.count += 1
        return super().run(*values, out=out)

    def warm(self, *values):
        """The function, opened for values like these."""
        with override(tier="kernels"):      # which waits for them
            self.run(*values)
            self.run(*values)
        self.count = 0
        return self.function


@pytest.fixture
def graph():
    with tf.Graph().as_default() as made:
        yield made


pytestmark = pytest.mark.skipif(not _is_possible(), reason="arrays do not lie in memory as the entry expects")


def test_this_interpreter_is_one_that_has_entries():
    is_free = not getattr(sys, "_is_gil_enabled", lambda: True)()
    assert _is_possible() or is_free or sys.implementation.name != "cpython"


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "int64", "uint8", "bool", "float16", "bfloat16"])
@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (0, 2), (2, 1, 4)])
def test_arrays_go_in_and_come_out_without_python(graph, dtype, shape):
    x = tf.placeholder(dtype, shape)
    numpy_dtype = x.dtype.numpy
    call = Counted([tf.where(tf.cast(x, "bool"), x, x)], [x])
    value = np.asarray(np.arange(int(np.prod(shape, dtype=int))).reshape(shape) % 2 + 1, numpy_dtype)
    f = call.warm(value)
    found = f(value)
    assert call.count == 0
    assert found.dtype == numpy_dtype and np.shape(found) == shape
    assert type(found) is (np.ndarray if shape else numpy_dtype.type)
    np.testing.assert_array_equal(found, value)


@pytest.fixture
def product(graph):
    """x (2, 3) times a row of 3, plus a number."""
    x, y, z = tf.placeholder("float32", [None, 3]), tf.placeholder("float32", [3]), tf.placeholder("float32", [])
    call = Counted([x * y + z], [x, y, z])
    values = [np.arange(6, dtype="f4").reshape(2, 3), np.arange(3, dtype="f4"), np.array(2, "f4")]
    return call, call.warm(*values), values


def test_a_result_is_the_callers_own(product):
    call, f, values = product
    first, second = f(*values), f(*values)
    first[...] = 9
    np.testing.assert_array_equal(second, values[0] * values[1] + values[2])
    assert not np.may_share_memory(first, f(*values)) and call.count == 0


class Special(np.ndarray):
    pass


@pytest.mark.parametrize("change", [
    lambda x: np.asfortranarray(x), lambda x: np.repeat(x, 2, 1)[:, ::2], lambda x: x.tolist(), lambda x: x[::-1],
    lambda x: x.view(Special),
    lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view("f4").reshape(x.shape), lambda x: x.astype(">f4"),
], ids=["columns", "strided", "list", "backwards", "subclass", "unaligned", "swapped"])
def test_what_is_no_dense_array_is_handed_on(product, change):
    call, f, values = product
    given = change(values[0])
    np.testing.assert_array_equal(f(given, *values[1:]), np.array(given, "f4") * values[1] + values[2])
    assert call.count == 1


def test_other_sizes_are_handed_on_and_run_alone_from_then_on(product):
    call, f, values = product
    longer = np.ones((5, 3), "f4")
    for _ in range(4):
        np.testing.assert_array_equal(f(longer, *values[1:]), longer * values[1] + values[2])
    assert call.count <= 2
    before = call.count
    f(longer, *values[1:])
    assert call.count == before


@pytest.mark.parametrize(("scalar", "handed_on"), [(np.float32(2), 0), (2.0, 1), (np.array(2.0, "f4"), 0)])
def test_scalars_of_the_type_run_alone(product, scalar, handed_on):
    call, f, values = product
    np.testing.assert_array_equal(f(*values[:2], scalar), values[0] * values[1] + 2)
    assert call.count == handed_on


def test_errors_are_those_of_the_slow_way(product):
    _, f, values = product
    with pytest.raises(FeedError, match="3 values expected, got 2"):
        f(*values[:2])
    with pytest.raises(FeedError, match="shape"):
        f(values[0], np.ones(4, "f4"), values[2])
    with pytest.raises(TypeError):
        f(*values, colour=1)
    out = np.zeros((2, 3), "f4")
    assert f(*values, out=out) is out
    np.testing.assert_array_equal(out, values[0] * values[1] + values[2])


@pytest.mark.parametrize("several", [False, True])
def test_a_kernel_that_fails_raises_on_its_node(graph, several):
    x = tf.placeholder("int32", [3])
    quotient = x // tf.constant([1, 2, 3])
    checked = tf.constant([6, 6, 6]) // x
    call = Counted([checked, quotient] if several else [checked], [x])
    f = call.warm(np.array([1, 2, 3], "i4"))
    for _ in range(3):
        with pytest.raises(InvalidArgumentError, match="divided by 0"):
            f(np.array([1, 0, 3], "i4"))
    found = f(np.array([3, 2, 1], "i4"))
    np.testing.assert_array_equal(found[0] if several else found, [2, 3, 6])
    assert call.count == 0


def test_several_results_are_a_tuple_of_arrays(graph):
    x = tf.placeholder("float32", [4])
    call = Counted([x + 1.0, tf.reduce_sum(x), x[:0]], [x])
    value = np.arange(4, dtype="f4")
    first, total, nothing = call.warm(value)(value)
    np.testing.assert_array_equal(first, value + 1)
    assert total.shape == () and total == 6 and nothing.shape == (0,) and call.count == 0


def test_a_closed_session_refuses(product):
    call, f, values = product
    call.session.close()
    with pytest.raises(InvalidArgumentError, match="closed"):
        f(*values)


def test_the_interpreter_can_be_forced(product):
    call, f, values = product
    with override(tier="interpreter"):
        f(*values)
        assert call.count == 1
    f(*values)
    assert call.count <= 2


def test_nothing_is_counted_wrong(product):
    _, f, values = product
    none = tuple(values)
    before = [sys.getrefcount(v) for v in (*none, f, np.float32, values[0].dtype)]
    for _ in range(100):
        f(*values)
        f(values[0], values[1], np.float32(1))
        f(values[0].tolist(), *values[1:])
    after = [sys.getrefcount(v) for v in (*none, f, np.float32, values[0].dtype)]
    assert all(abs(a - b) < 20 for a, b in zip(after, before, strict=True))


def test_functions_go_when_nobody_holds_them(graph):
    x = tf.placeholder("float32", [3])
    session = tf.Session()
    call = Counted([x + 1.0], [x], session)
    f = call.warm(np.ones(3, "f4"))
    plan = weakref.ref(call.plan)
    session.close()
    del call, session
    gc.collect()
    assert plan() is not None               # the function needs it
    del f
    gc.collect()
    assert plan() is None


def test_threads_take_turns(graph):
    x = tf.placeholder("float32", [None])
    session = tf.Session()
    call = Counted([x * 2.0, tf.reduce_sum(x)], [x], session)
    f = call.warm(np.ones(8, "f4"))
    wrong = []

    def work(number):
        value = np.full(8, number, "f4")
        for k in range(300):
            given = value.tolist() if k % 7 == number else value
            twice, total = f(given)
            if not (twice == 2 * number).all() or total != 8 * number:
                wrong.append((number, twice, total))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(interval)
    assert not wrong


def test_a_function_with_no_result_gives_none(graph):
    step = tf.Variable(np.float32(0))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    add = session.make_callable(step.assign_add(1.0).op)
    for _ in range(20):
        assert add() is None
    assert session.run(step) == 20


@pytest.mark.parametrize("way", ["run", "loop", "profile", "variables", "load_variables"])
def test_it_does_not_come_in_the_middle_of_what_runs_on_its_session(graph, monkeypatch, way):
    x = tf.placeholder("float32", [8])
    total = tf.Variable(np.zeros(8, "f4"))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    call = Counted([total.assign_add(x)], [x], session)
    one = np.ones(8, "f4")
    f = call.warm(one)
    f(one)
    assert call.count == 0

    def inside(*args):
        """What stands for another thread while Python's lock is free."""
        f(one)
        return args[0] if way == "run" else []

    if way == "run":
        session.run(tf.py_function(inside, [x], "float32"), {x: one})
    elif way == "loop":
        session.run_steps(x * 2.0, {x: np.ones((1, 8), "f4")}, on_progress=inside)
    elif way == "profile":
        monkeypatch.setattr("graphengine.runtime.profile.measure_kernels", inside)
        session.profile(x * 2.0, {x: one})
    else:
        monkeypatch.setattr(session.store, "copies" if way == "variables" else "load", inside)
        getattr(session, way)(*[{}] * (way == "load_variables"))
    assert call.count == 1                  # went the way that takes the lock
    f(one)
    f(one)
    assert call.count == 1                  # and is alone again


def test_a_run_in_another_thread_loses_no_update(graph):
    x = tf.placeholder("float32", [8])
    total = tf.Variable(np.zeros(8, "f4"))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    call = Counted([total.assign_add(x)], [x], session)
    one = np.ones(8, "f4")
    f = call.warm(one)
    before = session.run(total)
    begun, called = threading.Event(), threading.Event()

    def other():
        begun.wait(20)
        called.set()
        f(one)

    def waiting(value):
        begun.set()
        called.wait(20)
        return value

    now = total.read_value()
    with tf.control_dependencies([now]):
        waited = tf.py_function(waiting, [now], "float32")
    thread = threading.Thread(target=other)
    thread.start()
    session.run(total.assign(waited + 1.0))
    thread.join()
    assert (session.run(total) == before + 2).all()
