"""Memory of large results is used again, but never while somebody can see it."""
import gc
import pickle
import sys
import weakref

import numpy as np
import pytest

import graphengine as tf
from graphengine.frontend.plan import Plan
from graphengine.frontend.store import VariableStore
from graphengine.runtime import results
from graphengine.runtime.compiler import default_compiler
from graphengine.runtime.results import POOLED_BYTES, ResultPool

LONG = POOLED_BYTES // 4
F32 = np.dtype(np.float32)


def address(array):
    return array.__array_interface__["data"][0]


def make(pool, size=LONG):
    array = pool.array((size,), F32)
    array[:] = 1.0
    return array


def test_memory_that_nobody_holds_is_used_again():
    pool = ResultPool()
    first = address(make(pool))
    assert address(make(pool)) == first
    assert first % 64 == 0


def test_a_block_that_nobody_else_holds_counts_as_free():
    """How many references that is differs between versions of Python."""
    blocks = [np.empty(1, np.uint8) for _ in range(2)]
    for block in blocks:
        assert sys.getrefcount(block) == results._HELD_BY_POOL == results._held_by_pool()
    held = blocks[-1][:]
    assert sys.getrefcount(block) == results._HELD_BY_POOL + 1
    del held


def test_a_run_that_fails_while_it_is_set_up_leaves_no_address_behind():
    with tf.Graph().as_default() as graph:
        a, b = tf.placeholder(tf.float32, [None]), tf.placeholder(tf.float32, [None])
        plan = Plan(VariableStore(graph), default_compiler(), [tf.reduce_sum(a) + b], [a, b])
    bound = plan.bound(((LONG,), (3,)), wait=True)
    executable, layout = bound.executable, bound.layout
    ones, three = np.ones(LONG, "f4"), np.arange(3, dtype="f4")
    (expected,) = executable.run(layout, [ones, three])
    with pytest.raises(ValueError, match="broadcast"):
        executable.run(layout, [ones * 2.0, np.zeros(4, "f4")])     # the first is in its place already
    assert np.array_equal(layout.addresses, layout.home)
    assert executable.run(layout, [ones, three])[0].tolist() == expected.tolist() == [LONG, LONG + 1, LONG + 2]


HOLDERS = {
    "the array": lambda a: a,
    "a slice": lambda a: a[3:5],
    "a shape": lambda a: a.reshape(2, -1).T,
    "another type": lambda a: a.view(np.int32)[::2],
    "a memoryview": memoryview,
    "a slice of one": lambda a: memoryview(a)[2:],
    "an array on one": lambda a: np.asarray(memoryview(a)),
    "frombuffer": lambda a: np.frombuffer(a, np.uint8),
    "a subclass": lambda a: a.view(np.matrix),
    "the real part": lambda a: a.real,
    "an iterator": lambda a: a.flat,
    "a masked array": lambda a: np.ma.masked_array(a, copy=False),
}


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("hold", HOLDERS.values(), ids=HOLDERS)
def test_memory_that_somebody_sees_is_left_alone(hold):
    pool = ResultPool()
    array = make(pool)
    held = hold(array)
    first = address(array)
    del array
    for _ in range(3):
        make(pool)[:] = 2.0
    assert not np.any(np.array(held.copy() if isinstance(held, np.flatiter) else held) == 2.0)
    del held
    gc.collect()
    assert first in {address(a) for a in [make(pool) for _ in range(3)]}


def test_sizes_are_not_mixed_and_small_arrays_are_fresh():
    pool = ResultPool()
    first = address(make(pool))
    other = make(pool, 2 * LONG)
    assert other.shape == (2 * LONG,)
    assert not (address(other) <= first < address(other) + other.nbytes)
    small = pool.array((3,), F32)
    assert small.flags.owndata


def test_idle_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(results, "MOST_IDLE_BYTES", 3 * POOLED_BYTES)
    pool = ResultPool()
    for k in range(20):
        make(pool, LONG + k)
    assert len(pool._blocks) <= 4


def test_results_of_a_callable_keep_their_values():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None])
        f = tf.Session().make_callable([x * 2.0, x + 1.0], [x])
    values = np.arange(LONG, dtype="f4")
    kept = []
    for k in range(4):
        double, one = f(values + k)
        kept.append((double[5:7], pickle.loads(pickle.dumps(one[:3]))))
        del double, one
    for k, (double, one) in enumerate(kept):
        np.testing.assert_array_equal(double, [10 + 2 * k, 12 + 2 * k])
        np.testing.assert_array_equal(one, [1 + k, 2 + k, 3 + k])


def test_a_session_that_is_gone_takes_its_memory_with_it():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None])
        f = tf.Session().make_callable(x * 2.0, [x])
    f(np.zeros(LONG, "f4"))
    result = f(np.zeros(LONG, "f4"))
    gone = weakref.ref(result)
    del f, x, result
    gc.collect()
    assert gone() is None
