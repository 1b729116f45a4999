"""Elements without a result, met in fused loops: the run is an error on the node that the user wrote."""
import inspect
import re

import numba
import numpy as np
import pytest

import graphengine as tf
from graphengine import config, errors
from graphengine.codegen import abi

pytestmark = pytest.mark.usefixtures("own_graph")

DIVIDED, EXPONENT = "a whole number is divided by 0", "a whole number has a negative exponent"
FAILING = [
    ("floordiv", lambda x, y: x // y, DIVIDED), ("floormod", lambda x, y: x % y, DIVIDED),
    ("truncatediv", tf.truncatediv, DIVIDED), ("truncatemod", tf.truncatemod, DIVIDED),
    ("pow", lambda x, y: x ** (y - 1), EXPONENT),
]


@pytest.fixture(params=["kernels", "interpreter"])
def tier(request):
    with config.override(tier=request.param):
        yield request.param


def operands(dtype="int32"):
    return tf.placeholder(dtype, [None, None], "x"), tf.placeholder(dtype, [None, None], "y")


def numbers(rng, dtype="int32", shape=(33, 65)):
    return rng.integers(-9, 10, shape).astype(dtype), rng.integers(1, 5, shape).astype(dtype)


def with_zero(y):
    changed = y.copy()
    changed[-1, -1] = 0                      # in the rest of the loop that its vectors leave
    return changed


@pytest.mark.parametrize("dtype", ["int32", "int64"])
@pytest.mark.parametrize(("op", "function", "problem"), FAILING, ids=[op for op, _, _ in FAILING])
def test_error_says_op_node_and_line(op, function, problem, dtype, tier, rng):
    x, y = operands(dtype)
    z = function(x, y) + 1; line = inspect.currentframe().f_lineno  # noqa: E702
    a, b = numbers(rng, dtype)
    session = tf.Session()
    assert session.run(z, {x: a, y: b}).shape == a.shape
    with pytest.raises(errors.InvalidArgumentError) as caught:
        session.run(z, {x: a, y: with_zero(b)})
    assert (caught.value.op, caught.value.problem) == (op, problem)
    assert f"= {op}(x, " in caught.value.node
    if "lambda" not in getattr(function, "__name__", ""):
        assert f"{__name__.rpartition('.')[2]}.py:{line}" in caught.value.at
    assert session.run(z, {x: a, y: b}).shape == a.shape


@pytest.mark.parametrize("label", [-1, 4])
def test_labels_of_classes_that_do_not_exist(label, tier):
    """The loss, and what an optimizer fetches alone: the gradient."""
    logits, labels = tf.placeholder(tf.float32, [None, 4]), tf.placeholder(tf.int32, [None])
    loss = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
    feeds = {logits: np.zeros((3, 4)), labels: [0, label, 1]}
    session = tf.Session()
    for fetch in (loss, tf.gradients(loss, [logits])):
        with pytest.raises(errors.InvalidArgumentError, match=r"label.* is outside"):
            session.run(fetch, feeds)
        session.run(fetch, {**feeds, labels: [0, 3, 1]})


@pytest.mark.parametrize("axis", [0, 1, None])
def test_in_front_of_a_reduction(axis, tier, rng):
    x, y = operands()
    z = tf.reduce_sum(x // y, axis)
    a, b = numbers(rng)
    session = tf.Session()
    np.testing.assert_array_equal(session.run(z, {x: a, y: b}), (a // b).sum(axis))
    with pytest.raises(errors.InvalidArgumentError, match=DIVIDED):
        session.run(z, {x: a, y: with_zero(b)})


def test_behind_a_reduction(tier, rng):
    x, y = operands()
    z = x - x // tf.reduce_sum(y, 1, keepdims=True)
    a, b = numbers(rng)
    b[3] -= b[3]
    with pytest.raises(errors.InvalidArgumentError, match=DIVIDED):
        tf.Session().run(z, {x: a, y: b})


def test_the_one_of_several_that_failed_is_named(tier, rng):
    x, y = operands()
    p = tf.math.floordiv(x, y, name="first")
    z = tf.math.floormod(p, y - 1, name="second") + p
    a, b = numbers(rng)
    session = tf.Session()
    assert len(session.explain(z, {x: a, y: b}).kernels) == 1
    for divisors, name in ((np.full_like(b, 0), "first"), (np.full_like(b, 1), "second")):
        with pytest.raises(errors.InvalidArgumentError) as caught:
            session.run(z, {x: a, y: divisors})
        assert caught.value.node.startswith(f"{name} = ")


def test_more_divisions_than_a_code_has_bits(rng):
    x, y = operands()
    z = x
    for k in range(40):
        z = z + x // (y + k)
    a, b = numbers(rng)
    session = tf.Session()
    session.run(z, {x: a, y: b})
    for zero in (0, -35):
        with pytest.raises(errors.InvalidArgumentError, match=DIVIDED):
            session.run(z, {x: a, y: np.full_like(b, zero)})


def test_no_elements_cannot_fail(tier):
    x, y = operands()
    zeros = np.zeros((1, 0), "int32")
    assert tf.Session().run(x // y, {x: zeros, y: np.zeros((1, 1), "int32")}).shape == (1, 0)


def test_fractions_never_fail_and_their_kernels_do_not_look(rng):
    x, y = operands("float32")
    ones = np.ones((3, 4), "float32")
    for z in (x // y, x % y, x ** y):
        (kernel,) = tf.Session().explain(z, {x: ones, y: ones}).kernels
        assert "failed" not in kernel.text


def test_constants_fail_when_they_run(tier):
    z = tf.constant([1, 2]) // tf.constant([1, 0])
    with pytest.raises(errors.InvalidArgumentError, match=DIVIDED):
        tf.Session().run(z)


def test_the_compiled_loop_names_the_step(tier):
    x = tf.placeholder(tf.int32, [2])
    steps = np.array([[1, 2], [3, 4], [5, 0]], "int32")
    with pytest.raises(errors.InvalidArgumentError, match=DIVIDED) as caught:
        tf.Session().run_steps(7 // x, {x: steps})
    assert tier == "interpreter" or "(step 2)" in caught.value.problem


def test_a_failed_run_changes_no_variable(tier):
    w, v = tf.Variable([6, 7], name="w"), tf.Variable([1, 1], name="v")
    x = tf.placeholder(tf.int32, [2])
    update = tf.group(w.assign(w // x), v.assign_add(x))
    session = tf.Session()
    session.run(tf.global_variables_initializer())
    with pytest.raises(errors.InvalidArgumentError, match=DIVIDED):
        session.run(update, {x: [1, 0]})
    np.testing.assert_array_equal(session.run([w, v]), [[6, 7], [1, 1]])
    session.run(update, {x: [2, 2]})
    np.testing.assert_array_equal(session.run([w, v]), [[3, 3], [3, 3]])


# ------------------------------------------------------------------ what whole numbers give

def test_mean_of_whole_numbers_is_cut_off(tier):
    x = tf.placeholder(tf.int32, [None, None])
    session = tf.Session()
    mean = tf.reduce_mean(x, 1)
    assert session.run(mean, {x: [[1, 2], [-1, -2], [5, 5]]}).tolist() == [1, -1, 5]
    assert session.run(mean, {x: np.zeros((2, 0), "int32")}).tolist() == [0, 0]


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_powers_of_whole_numbers(dtype, tier):
    bases, exponents = np.meshgrid(np.arange(-4, 5), np.arange(0, 70))
    x, y = operands(dtype)
    got = tf.Session().run(x ** y, {x: bases.astype(dtype), y: exponents.astype(dtype)})
    bits = 8 * np.dtype(dtype).itemsize
    exact = [(int(b) ** int(e) + 2 ** (bits - 1)) % 2**bits - 2 ** (bits - 1)
             for b, e in zip(bases.flat, exponents.flat, strict=True)]
    np.testing.assert_array_equal(got.ravel(), exact)


def test_loops_that_look_for_failures_are_vectorized():
    x, y = operands()
    ones = np.ones((3, 4), "int32")
    (kernel,) = tf.Session().explain(x // y, {x: ones, y: ones}).kernels
    names = abi.namespace()
    exec(kernel.text, names)
    text = numba.cfunc(abi.SIGNATURE, nopython=True)(names[kernel.name]).inspect_llvm()
    assert re.search(r"fdiv <\d+ x double>", text)
    assert re.search(r"or <\d+ x i32>|llvm\.vector\.reduce\.or", text)


@pytest.mark.parametrize("tier", ["kernels", "interpreter"])
def test_an_axis_without_elements_has_no_largest(tier):
    x = tf.placeholder(tf.float32, [None, None])
    with config.override(tier=tier), pytest.raises((errors.ShapeError, errors.IndexOutsideError), match="element"):
        tf.Session().run(tf.argmax(x, 1), {x: np.ones((2, 0), "f4")})


@pytest.mark.parametrize("tier", ["kernels", "interpreter"])
def test_a_factor_that_is_singular(tier):
    x = tf.placeholder(tf.float64, [2, 2])
    y = tf.linalg.cholesky_solve(x, np.ones((2, 1)))
    with config.override(tier=tier), pytest.raises(errors.InvalidArgumentError, match="singular"):
        tf.Session().run(y, {x: np.zeros((2, 2))})
