"""Factors and solvers beyond their samples: products, signs, failures, shared factors, symmetric matrices."""
import os
import subprocess
import sys

import checks
import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays as any_array

import graphengine as tf
from graphengine.autodiff import gradients
from graphengine.config import override
from graphengine.ops.language import L
from graphengine.ops.spectral import LARGE_PERCENT

MATRIX = any_array(
    np.float64, st.tuples(st.integers(0, 5), st.integers(0, 5)),
    elements=st.floats(-8, 8, width=16) | st.sampled_from([0.0, 1.0, -1.0]),
)


@pytest.fixture(scope="module")
def kernels():
    """Functions of arrays through kernels, compiled once for all shapes."""
    made = {}
    with tf.Graph().as_default() as graph:
        x = tf.placeholder(tf.float64, [None, None], name="x")
        made["svd"], made["full"] = tf.linalg.svd(x), tf.linalg.svd(x, full_matrices=True)
        made["qr"], made["qr_full"] = tf.linalg.qr(x), tf.linalg.qr(x, full_matrices=True)
        square = tf.placeholder(tf.float64, [None, None], name="square")
        made["eigh"], made["det"], made["slogdet"] = (
            tf.linalg.eigh(square), tf.linalg.det(square), tf.linalg.slogdet(square))
        made["values"] = tf.linalg.eigvalsh(square), tf.linalg.svd(square, compute_uv=False)
    with override(tier="kernels"), tf.Session(graph) as session:
        yield lambda name, array: session.run(
            made[name], {(square if name in ("eigh", "det", "slogdet", "values") else x): array})


# -------------------------------------------------------------------- what the results are

def close(got, want, scale=1.0):
    np.testing.assert_allclose(got, want, rtol=0, atol=1e-12 * max(scale, 1.0))


def assert_signs(rows):
    """The first large component of each row is positive."""
    for row in rows:
        large = np.flatnonzero(np.abs(row) * 100 > LARGE_PERCENT * np.abs(row).max(initial=0))
        assert not len(large) or row[large[0]] > 0


@settings(max_examples=60, deadline=None)
@given(MATRIX)
def test_singular_vectors_and_bases(kernels, x):
    k, size = min(x.shape), np.abs(x).sum()
    for name in ("svd", "full"):
        s, u, v = kernels(name, x)
        assert (s[:-1] >= s[1:]).all() and (s >= 0).all()
        close(u[:, :k] @ np.diag(s) @ v[:, :k].T, x, size)
        close(u.T @ u, np.eye(u.shape[1]))
        close(v.T @ v, np.eye(v.shape[1]))
        assert_signs(v.T)
    for name in ("qr", "qr_full"):
        q, r = kernels(name, x)
        close(q @ r, x, size)
        close(q.T @ q, np.eye(q.shape[1]))
        assert (np.tril(r, -1) == 0).all()


@settings(max_examples=60, deadline=None)
@given(MATRIX)
def test_eigenvectors_and_determinants(kernels, x):
    n, size = min(x.shape), np.abs(x).sum()
    x = x[:n, :n]
    e, v = kernels("eigh", x)
    assert (e[:-1] <= e[1:]).all()
    close(v @ np.diag(e) @ v.T, np.tril(x) + np.tril(x, -1).T, size)
    close(v.T @ v, np.eye(n))
    assert_signs(v.T)
    det, (sign, log) = kernels("det", x), kernels("slogdet", x)
    close(det, np.linalg.det(x), size**n)
    close(sign * np.exp(log), det, size**n)
    for got, want in zip(kernels("values", x), (e, scipy.linalg.svdvals(x) if n else []), strict=True):
        close(got, want, size)


def test_singular_matrix_has_determinant_zero(kernels):
    x = np.array([[1.0, 2.0], [2.0, 4.0]])
    assert kernels("det", x) == 0
    assert [float(a) for a in kernels("slogdet", x)] == [0, -np.inf]


@pytest.mark.parametrize("n", [40, 150, 300])
def test_sizes_of_both_ways(n, rng):
    """Below some size our own loops do the work, LAPACK above."""
    x, rhs = rng.standard_normal((2, n, n)) + 4 * np.eye(n), rng.standard_normal((2, n, 30))
    definite = x @ x.transpose(0, 2, 1)
    with tf.Graph().as_default(), override(tier="kernels"), tf.Session() as session:
        inverse, solution, turned, factor, substituted = session.run([
            tf.linalg.inv(x), tf.linalg.solve(x, rhs), tf.linalg.solve(x, rhs, adjoint=True),
            tf.linalg.cholesky(definite), tf.linalg.triangular_solve(x, rhs, lower=False, adjoint=True)])
    np.testing.assert_allclose(x @ inverse, np.broadcast_to(np.eye(n), x.shape), atol=1e-9)
    np.testing.assert_allclose(x @ solution, rhs, atol=1e-9)
    np.testing.assert_allclose(x.transpose(0, 2, 1) @ turned, rhs, atol=1e-9)
    np.testing.assert_allclose(factor, np.linalg.cholesky(definite), atol=1e-9)
    np.testing.assert_allclose(np.triu(x).transpose(0, 2, 1) @ substituted, rhs, rtol=1e-6, atol=1e-6)


# -------------------------------------------------------------------- gradients

def symmetric_loss(op, rng, n=4):
    """A number that depends on x through `op` of the symmetric positive definite x x' + 1, and x."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf.placeholder(tf.float64, [n, n])
        y = op(tf.matmul(x, x, transpose_b=True) + np.eye(n))
        return checks.weighted_sum(y, rng), x, rng.standard_normal((n, n))


@pytest.mark.parametrize("op", [tf.linalg.cholesky, tf.linalg.logdet, lambda x: tf.linalg.eigh(x)[1]])
def test_gradient_along_symmetric_matrices(op, rng):
    loss, x, array = symmetric_loss(op, rng)
    checks.compare_with_differences(loss, [x], [array], rng, "first")
    with loss.graph.as_default():
        second = checks.weighted_sum(gradients([loss], [x])[0], rng)
    checks.compare_with_differences(second, [x], [array], rng, "second", 1e-5)


def test_gradient_of_cholesky_is_symmetric_and_that_of_eigh_lower(rng):
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [3, 3])
        by_factor = gradients([tf.reduce_sum(tf.linalg.logdet(x))], [x])[0]
        by_values = gradients([tf.reduce_sum(tf.math.log(tf.linalg.eigvalsh(x)))], [x])[0]
        array = np.cov(rng.standard_normal((3, 9))) + np.eye(3)
        found = tf.Session().run([by_factor, by_values], {x: array})
    inverse = np.linalg.inv(array)
    np.testing.assert_allclose(found[0], inverse, atol=1e-12)
    np.testing.assert_allclose(found[1], np.tril(2 * inverse) - np.diag(np.diag(inverse)), atol=1e-12)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("shape", [(3, 3), (4, 2), (2, 4)])
@pytest.mark.parametrize("which", [1, 2])
def test_gradient_through_vectors(which, shape, full, rng):
    """Of singular vectors and bases; of a whole basis through what does not depend on how its rest is chosen."""
    array = rng.uniform(-0.3, 0.3, shape) + np.diag([1.0, 3.0, 6.0, 9.0])[:shape[0], :shape[1]]
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, shape)
        vectors = tf.linalg.svd(x, full_matrices=full)[which]
        basis, triangle = tf.linalg.qr(x, full_matrices=full)
        k = min(shape)
        for y in (vectors, basis):
            first, rest = y[:, :k], y[:, k:]
            parts = [checks.weighted_sum(z, rng) for z in (first, L.matmul(rest, rest, False, True))]
            checks.compare_with_differences(parts[0] + parts[1], [x], [array], rng, y.name)
        checks.compare_with_differences(checks.weighted_sum(triangle, rng), [x], [array], rng, "triangle")


def test_gradient_is_finite_where_values_are_equal():
    """The projection onto all eigenvectors of one value does not depend on how these are chosen."""
    array = np.diag([1.0, 1.0, 3.0])
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [3, 3])
        vectors = tf.linalg.eigh(x)[1][:, :2]
        projection = tf.matmul(vectors, vectors, transpose_b=True)
        (g,) = gradients([projection[2, 0]], [x])
        found = tf.Session().run(g, {x: array})
    np.testing.assert_allclose(found, [[0, 0, 0], [0, 0, 0], [-0.5, 0, 0]], atol=1e-12)


# -------------------------------------------------------------------- programs

def test_solution_determinant_and_gradients_share_one_factorization():
    with tf.Graph().as_default():
        a, b = tf.placeholder(tf.float32, [None, None]), tf.placeholder(tf.float32, [None, 1])
        y = tf.reduce_sum(tf.linalg.solve(a, b)) + tf.linalg.slogdet(a)[1]
        names = [k.name for k in tf.explain([y, *tf.gradients(y, [a, b])]).kernels]
    assert names.count("lu_factor_f32") == 1
    assert sum(name.startswith("lu_solve") for name in names) == 3      # solution, gradient, inverse


FAILURES = {
    "cholesky": (tf.linalg.cholesky, "not positive definite: leading minor of order 3, batch element 1"),
    "logdet": (tf.linalg.logdet, "not positive definite: leading minor of order 3, batch element 1"),
    "inv": (tf.linalg.inv, "the matrix is singular, batch element 1"),
    "solve": (lambda x: tf.linalg.solve(x, x), "the matrix is singular, batch element 1"),
    "triangular_solve": (lambda x: tf.linalg.triangular_solve(x, x), "0, batch element 1"),
    "eigh": (lambda x: tf.linalg.eigh(x / x)[0], "the iteration does not converge"),
    "svd": (lambda x: tf.linalg.svd(x / x)[0], "the iteration does not converge"),
}
BY_SINGULAR_VALUES = {
    "lstsq": lambda x: tf.linalg.lstsq(x, np.ones((3, 1))), "pinv": tf.linalg.pinv,
    "matrix_rank": tf.linalg.matrix_rank, "norm": lambda x: tf.norm(x, 2, [0, 1]),
}


@pytest.mark.parametrize("name", BY_SINGULAR_VALUES)
def test_numbers_without_singular_values_are_refused_at_once_too(name):
    at_once, problem = tf.init_scope(), "the iteration does not converge"     # `kernels` leaves its graph open
    with at_once, pytest.raises(tf.errors.InvalidArgumentError, match=problem):
        BY_SINGULAR_VALUES[name](np.full((3, 3), np.nan))


@pytest.mark.parametrize("tier", ["interpreter", "kernels"])
@pytest.mark.parametrize("name", FAILURES)
def test_failures_name_matrix_and_node(name, tier):
    compute, problem = FAILURES[name]
    bad = np.stack([np.eye(4), np.diag([1.0, 2.0, 0.0, 1.0])])
    with tf.Graph().as_default() as graph, override(tier=tier), tf.Session(graph) as session:
        x = tf.placeholder(tf.float64, [None, None, None])
        y = compute(x)
        with pytest.raises(tf.errors.InvalidArgumentError) as error:
            session.run(y, {x: bad})
    assert error.value.op == name
    assert problem in error.value.problem


def test_a_failure_changes_no_variable():
    with tf.Graph().as_default() as graph, override(tier="kernels"), tf.Session(graph) as session:
        v = tf.Variable(np.eye(2), name="v")
        factor, step = tf.linalg.cholesky(v - 2 * np.eye(2)), v.assign_add(np.eye(2))
        session.run(tf.global_variables_initializer())
        with pytest.raises(tf.errors.InvalidArgumentError, match="leading minor of order 1"):
            session.run([step, factor])
        np.testing.assert_array_equal(session.run(v), np.eye(2))


def test_scratch_has_a_place_in_the_arena_while_it_is_used():
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float64, [None, None])
        q, _ = tf.linalg.qr(x)
        r = tf.linalg.qr(tf.matmul(q, q, transpose_a=True))[1]
        memory = tf.explain(r, {x: np.zeros((30, 20))}).memory
        scratch = [m for m in memory if m.name.endswith("/scratch")]
    assert len(scratch) == 6                # a copy, factors of reflections, work: twice
    places = [range(m.offset, m.offset + m.size_bytes) for m in scratch]
    first, second = places[:3], places[3:]
    assert all(a.stop <= b.start or b.stop <= a.start for one in (first, second)
               for k, a in enumerate(one) for b in one[:k])
    assert any(a.start < b.stop and b.start < a.stop for a in first for b in second)


def test_an_infinite_order_survives_saving(tmp_path):
    with tf.Graph().as_default() as graph:
        tf.norm([3.0, -4.0], np.inf, name="largest")
        graph.save(tmp_path / "norm.graph.json")
    with tf.Session(tf.load(tmp_path / "norm.graph.json")) as session:
        assert session.run("largest") == 4


def test_shapes_that_do_not_fit():
    with tf.Graph().as_default():
        with pytest.raises(ValueError, match="a square matrix is wanted; its rows and columns are: 2 and 3"):
            tf.linalg.inv(np.zeros((2, 3)))
        with pytest.raises(ValueError, match="matrix and rhs differ in their rows: 2 and 3"):
            tf.linalg.solve(np.eye(2), np.zeros((3, 1)))
        with pytest.raises(ValueError, match="rhs has shape"):
            tf.linalg.solve(np.eye(2), np.zeros(2))
        with pytest.raises(ValueError, match="ord='fro' of vectors"):
            tf.norm([1.0], ord="fro")
        with pytest.raises(ValueError, match=r"ord=3\.0 of matrices"):
            tf.norm([[1.0]], ord=3, axis=[0, 1])


PROGRAM = """
import sys
import numpy as np
import graphengine as tf
from graphengine.runtime.compiler import default_compiler
with tf.Graph().as_default(), tf.Session() as session:
    x = tf.placeholder(tf.float64, [None, None])
    y = tf.linalg.solve(x, x) if sys.argv[1] == "small" else tf.linalg.eigh(x)[0]
    print(session.run(y, {x: np.diag([1.0, 2.0, 3.0])}).tolist())
print("scipy.linalg" in sys.modules, default_compiler().counts.compiled == 0)
"""


def run(which, folder):
    environment = {**os.environ, "GRAPHENGINE_CACHE_DIR": str(folder), "GRAPHENGINE_TIER": "kernels",
                   "PYTHONPATH": str(checks.ROOT)}
    ran = subprocess.run([sys.executable, "-c", PROGRAM, which], env=environment, capture_output=True, text=True,
                         timeout=120, check=True)
    return ran.stdout.splitlines()


def test_kept_machine_code_holds_in_other_processes(tmp_path):
    """Addresses of routines differ from process to process; they are no part of the code."""
    first, second = run("eigh", tmp_path), run("eigh", tmp_path)
    assert first[0] == second[0] == "[1.0, 2.0, 3.0]"
    assert second[1] == "True True"


def test_small_systems_need_no_lapack(tmp_path):
    run("small", tmp_path)                  # numba, which compiles, looks for it
    assert run("small", tmp_path)[1] == "False True"
