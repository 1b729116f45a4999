"""Matrix products against numpy: sizes around every tile, all strides, batches, slices and wrap-around."""

import itertools

import numba
import numpy as np
import pytest
from handwritten import DTYPES, call, compiled

from graphengine.codegen import abi
from graphengine.codegen.kernels import gemm, library, vectors

every_dtype = pytest.mark.parametrize("code", DTYPES)


def numbers(rng, shape, code):
    """Random numbers that tell a wrong element: integers over their whole range, floats around 0."""
    if code.startswith("f"):
        return rng.normal(size=shape).astype(DTYPES[code])
    info = np.iinfo(DTYPES[code])
    return rng.integers(info.min, info.max, shape, DTYPES[code], endpoint=True)


def strides_of(x):
    return [0 if x.shape[0] == 1 else x.strides[0] // x.itemsize, *(s // x.itemsize for s in x.strides[1:])]


def product(a, b, code, kernel=None, cuts=()):
    """C of the kernel for a (batch, m, k) and b (batch, k, n), arrays with any strides.

    cuts : where the blocks of C are cut into slices, as parts of the whole
    """
    batch, (m, k), n = max(a.shape[0], b.shape[0]), a.shape[1:], b.shape[2]
    if 0 in (a.shape[0], b.shape[0]):
        batch = 0
    border = 24  # what lies around the result must stay as it is
    fill = 77
    room = np.full(batch * m * n + 2 * border, fill, DTYPES[code])
    c = room[border : border + batch * m * n]
    sizes = [batch, m, n, k, *strides_of(a), *strides_of(b), 0]
    blocks = library.division(f"gemm_{code}", sizes, batch).extent
    ends = [0, *(int(blocks * cut) for cut in cuts), blocks]
    for lo, hi in reversed(list(itertools.pairwise(ends))):
        assert call(kernel or compiled(f"gemm_{code}"), [a, b, c], sizes, lo, hi) == 0
    assert (room[:border] == fill).all() and (room[border + c.size :] == fill).all()
    return c.reshape(batch, m, n)


def check(a, b, code, kernel=None):
    c = product(a, b, code, kernel)
    if code.startswith("i"):
        np.testing.assert_array_equal(c, np.matmul(a, b))
        return
    a, b = a.astype(np.float64), b.astype(np.float64)
    bound = 2 * (a.shape[2] + 2) * np.finfo(DTYPES[code]).eps * np.matmul(np.abs(a), np.abs(b))
    assert (np.abs(c - np.matmul(a, b)) <= bound).all()


def layouts(rng, batch, rows, columns, code):
    """The same shape with every kind of stride: plain, transposed, padded, both, every second element, reversed."""
    plain = numbers(rng, (batch, rows, columns), code)
    yield plain
    yield numbers(rng, (batch, columns, rows), code).transpose(0, 2, 1)
    yield numbers(rng, (batch, rows, columns + 3), code)[:, :, :columns]
    yield numbers(rng, (batch, columns, rows + 5), code).transpose(0, 2, 1)[:, :rows]
    yield numbers(rng, (batch, rows, 2 * columns), code)[:, :, ::2]
    yield plain[:, ::-1, ::-1]


# -------------------------------------------------------------------- finished sums

def finished(a, b, code, kernel, d, alpha, beta, rectified, subtracts, in_place):
    """max(alpha A B + beta D, 0) and the like by the kernel, cut into three slices, for one matrix."""
    (m, k), n = a.shape[1:], b.shape[2]
    c = d.copy() if in_place else np.full((m, n), 77, DTYPES[code])
    d = c if in_place else d
    sizes = [1, m, n, k, *strides_of(a), *strides_of(b), 1, int(d.ndim == 2), int(rectified), int(subtracts)]
    blocks = library.division(f"gemm_{code}", sizes, 1).extent
    numbers_ = [np.array([v], DTYPES[code]) for v in (alpha, beta)]
    for lo, hi in itertools.pairwise((0, blocks // 3, blocks // 2, blocks)):
        assert call(kernel, [a, b, d, *numbers_, c], sizes, lo, hi) == 0
    return c


def check_finished(rng, code, kernel, m, n, k, transposed):
    a, b = numbers(rng, (1, m, k), code), numbers(rng, (1, k, n), code)
    if transposed:
        a, b = (np.ascontiguousarray(x.transpose(0, 2, 1)).transpose(0, 2, 1) for x in (a, b))
    whole, row = numbers(rng, (m, n), code), numbers(rng, (n,), code)
    alpha, beta = (3, -2) if code.startswith("i") else (0.7, -1.3)
    for d, in_place in [(whole, False), (whole, True), *([(row, False)] if n > 1 else [])]:
        for rectified, subtracts in itertools.product((False, True), repeat=2):
            c = finished(a, b, code, kernel, d, alpha, beta, rectified, subtracts, in_place)
            kind = np.int64 if code.startswith("i") else np.float64
            x, y = a[0].astype(kind), b[0].astype(kind)
            sign = -1 if subtracts else 1
            want = sign * alpha * (x @ y) + beta * d.astype(kind)
            if code.startswith("i"):
                want = want.astype(DTYPES[code])
            want = np.maximum(want, 0) if rectified else want
            bound = 4 * (k + 4) * np.finfo(DTYPES[code]).eps if code.startswith("f") else 0
            assert (np.abs(c - want) <= bound * (np.abs(x) @ np.abs(y) + np.abs(d) + 1)).all()


FINISHED = [(1, 1, 1), (1, 17, 40), (9, 1, 5), (13, 37, 21), (5, 64, 300), (100, 70, 9), (6, 16, 0), (30, 33, 600),
            (65, 70, 1100), (1100, 260, 30)]


@pytest.mark.parametrize("code", DTYPES)
@pytest.mark.parametrize("processor", [None, vectors.Processor(32, 16), vectors.Processor(16, 16)], ids=str)
def test_finished_sums(code, processor, rng):
    kernel = compiled(f"gemm_{code}") if processor is None else (
        numba.cfunc(abi.SIGNATURE)(gemm.build(f"gemm_{code}", processor)))
    shapes = [tuple(int(v) for v in np.exp(rng.uniform(0, 5, 3))) for _ in range(4)]
    for (m, n, k), transposed in itertools.product([*FINISHED, *shapes], (False, True)):
        check_finished(rng, code, kernel, m, n, k, transposed)


@pytest.mark.parametrize("code", ["f32", "f64"])
def test_a_rectifier_lets_nan_through(code, rng):
    a, b, row = numbers(rng, (1, 9, 4), code), numbers(rng, (1, 4, 21), code), numbers(rng, (21,), code)
    a[0, 3, 1] = np.nan
    b[0, 2, 5] = -np.inf
    c = finished(a, b, code, compiled(f"gemm_{code}"), row, 1, 1, True, False, False)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(c, np.maximum(a[0] @ b[0] + row, 0), rtol=1e-4, atol=1e-5)


EDGES = (1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 33)


@every_dtype
def test_every_small_size(code, rng):
    for m, n, k in itertools.product((1, 2, 3, 4, 5, 7, 8, 9, 13, 17), EDGES, (1, 2, 5, 16, 19)):
        a, b = numbers(rng, (1, m, k), code), numbers(rng, (1, k, n), code)
        check(a, b, code)
        at, bt = (np.ascontiguousarray(x.transpose(0, 2, 1)).transpose(0, 2, 1) for x in (a, b))
        check(at, b, code)
        check(a, bt, code)
        check(at, bt, code)


SIZES = [
    (15, 4, 4), (4, 4, 15), (32, 64, 128), (32, 10, 128), (33, 65, 129), (31, 127, 63), (1, 200, 300), (300, 1, 200),
    (200, 1, 300), (1, 1, 300), (5, 130, 31), (8, 256, 257), (7, 63, 515), (64, 64, 64), (61, 67, 71), (3, 3, 700),
    (16, 48, 16), (24, 32, 8), (2, 97, 3), (97, 2, 3), (129, 193, 2),
]


@every_dtype
@pytest.mark.parametrize(("m", "n", "k"), SIZES)
def test_strides(m, n, k, code, rng):
    for a, b in itertools.product(layouts(rng, 1, m, k, code), layouts(rng, 1, k, n, code)):
        check(a, b, code)


@every_dtype
def test_random_sizes(code, rng):
    for _ in range(60):
        m, n, k = (int(v) for v in np.exp(rng.uniform(0, 5.3, 3)))
        a, b = (layouts(rng, 1, *shape, code) for shape in ((m, k), (k, n)))
        check(next(itertools.islice(a, int(rng.integers(6)), None)), next(b), code)


@every_dtype
def test_batches_and_shared_operands(code, rng):
    for m, n, k in [(3, 5, 4), (17, 20, 9), (8, 32, 16), (1, 1, 1), (5, 1, 33)]:
        for batches in [(4, 4), (4, 1), (1, 4)]:
            for a, b in zip(
                layouts(rng, batches[0], m, k, code), layouts(rng, batches[1], k, n, code), strict=True
            ):
                check(a, b, code)


@every_dtype
def test_empty(code, rng):
    for batch, m, n, k in itertools.product((0, 1, 3), (0, 2), (0, 3, 40), (0, 2)):
        a, b = numbers(rng, (batch, m, k), code), numbers(rng, (batch, k, n), code)
        check(a, b, code)


@every_dtype
@pytest.mark.parametrize(("batch", "m", "n", "k"), [
    (4, 9, 18, 5), (1, 400, 310, 300), (2, 100, 1, 70), (2, 1, 200, 70), (1, 97, 65, 3), (3, 200, 130, 40),
    (1, 500, 10, 9),
])
def test_all_bits_are_the_same_wherever_slices_end(batch, m, n, k, code, rng):
    for a, b in zip(layouts(rng, batch, m, k, code), layouts(rng, batch, k, n, code), strict=True):
        whole = product(a, b, code)
        for cuts in [(0.5,), (0.2, 0.3, 0.9), np.arange(1, 40) / 40]:
            assert product(a, b, code, cuts=cuts).tobytes() == whole.tobytes()


@every_dtype
def test_rows_far_apart(code, rng):
    for m, n, k in [(64, 1030, 7), (70, 33, 270), (65, 20, 300)]:
        b = numbers(rng, (1, k, 1100), code)[:, :, :n]
        check(numbers(rng, (1, m, k), code), b, code)


@every_dtype
@pytest.mark.parametrize("processor", [None, vectors.Processor(32, 16)], ids=str)
def test_columns_far_apart(code, processor, rng):
    kernel = compiled(f"gemm_{code}") if processor is None else (
        numba.cfunc(abi.SIGNATURE)(gemm.build(f"gemm_{code}", processor)))
    for m, n, k in [(64, 130, 5), (203, 400, 270), (131, 150, 450), (100, 70, 1500)]:
        a = numbers(rng, (1, k, 1100), code)[:, :, :m].transpose(0, 2, 1)
        for b in (numbers(rng, (1, k, 1100), code)[:, :, :n], numbers(rng, (1, n, k), code).transpose(0, 2, 1)):
            check(a, b, code, kernel)
            whole = product(a, b, code, kernel)
            for cuts in [(0.6,), (0.1, 0.3), np.arange(1, 20) / 20]:
                assert product(a, b, code, kernel, cuts).tobytes() == whole.tobytes()


@every_dtype
def test_large_sizes(code, rng):
    m, n, k = 400, 310, 300
    for a, b in itertools.product(layouts(rng, 1, m, k, code), layouts(rng, 1, k, n, code)):
        check(a, b, code)


@pytest.mark.parametrize("code", DTYPES)
@pytest.mark.parametrize("processor", [vectors.Processor(32, 16), vectors.Processor(16, 16)], ids=str)
def test_vectors_of_other_processors(code, processor, rng):
    kernel = numba.cfunc(abi.SIGNATURE)(gemm.build(f"gemm_{code}", processor))
    for m, n, k in [(15, 4, 3), (1, 33, 40), (40, 1, 9), (13, 37, 21), (6, 16, 5), (9, 8, 300), (2, 3, 1), (66, 7, 2)]:
        for a, b in itertools.product(layouts(rng, 1, m, k, code), layouts(rng, 1, k, n, code)):
            check(a, b, code, kernel=kernel)


@pytest.mark.parametrize("code", ["f32", "f64"])
def test_not_a_number_and_infinity_go_where_they_belong(code, rng):
    for m, n, k in [(9, 21, 6), (3, 3, 3), (1, 40, 20), (40, 1, 20)]:
        for a, b in itertools.product(layouts(rng, 1, m, k, code), layouts(rng, 1, k, n, code)):
            a, b = a.copy(order="K"), b.copy(order="K")
            a[0, m // 2, k // 2] = np.nan
            b[0, k - 1, n - 1] = np.inf
            c = product(a, b, code)
            nan = np.zeros(c.shape, bool)
            nan[0, m // 2] = True
            np.testing.assert_array_equal(np.isnan(c), nan)
            assert np.isinf(c[0, np.arange(m) != m // 2, n - 1]).all()
