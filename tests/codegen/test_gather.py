"""gather and scatter_add against numpy: sizes that hurt, repeated and wrong indices, slices of the outer axis."""

import itertools

import numpy as np
import pytest
from handwritten import DTYPES, run

SHAPES = [
    (2, 4, 3, 0), (1, 5, 1, 7), (1, 4, 3, 2), (3, 1, 4, 5), (2, 7, 17, 9), (1, 3, 64, 4), (2, 5, 0, 3), (0, 5, 2, 3),
]
INDICES = ("i32", "i64")
every_index = pytest.mark.parametrize("index", INDICES)


def indices_of(rng, n, count, index):
    return rng.integers(0, n, count).astype(DTYPES[index])


@every_index
@pytest.mark.parametrize("element", [np.uint8, np.float32, np.int64])
@pytest.mark.parametrize(("outer", "n", "inner", "count"), SHAPES)
def test_gather(outer, n, inner, count, element, index, rng):
    params = rng.integers(0, 256, (outer, n, inner)).astype(element)
    indices = indices_of(rng, n, count, index)
    out = np.empty((outer, count, inner), element)
    name = f"gather_{params.itemsize}_{index}"
    assert run(name, [params, indices, out], (outer, n, inner, count), 0, outer) == 0
    np.testing.assert_array_equal(out, params[:, indices])


@every_index
@pytest.mark.parametrize("code", DTYPES)
@pytest.mark.parametrize(("outer", "n", "inner", "count"), SHAPES)
def test_scatter_add(outer, n, inner, count, code, index, rng):
    g = rng.integers(-99, 100, (outer, count, inner)).astype(DTYPES[code])
    indices = indices_of(rng, n, count, index)
    like = np.empty((outer, n, inner), DTYPES[code])
    out = np.full_like(like, 77)
    assert run(f"scatter_add_{code}_{index}", [g, indices, like, out], (outer, n, inner, count), 0, outer) == 0
    expected = np.zeros_like(out)
    for o in range(outer):
        np.add.at(expected[o], indices, g[o])
    np.testing.assert_array_equal(out, expected)


def test_integers_wrap_around():
    for code, dtype in ((c, d) for c, d in DTYPES.items() if c.startswith("i")):
        g = np.full((1, 2, 1), np.iinfo(dtype).max, dtype)
        out = np.empty((1, 1, 1), dtype)
        assert run(f"scatter_add_{code}_i32", [g, np.zeros(2, np.int32), out, out], (1, 1, 1, 2), 0, 1) == 0
        assert out[0, 0, 0] == -2


@every_index
@pytest.mark.parametrize("bad", [-1, 4, 2**31 - 1, -(2**31)])
def test_index_out_of_range_is_reported(bad, index):
    indices = np.array([0, bad, 1], DTYPES[index])
    rows, out = np.zeros((1, 4, 2), np.float32), np.zeros((1, 4, 2), np.float32)
    assert run(f"gather_4_{index}", [rows, indices, out], (1, 4, 2, 3), 0, 1) == 1
    assert run(f"scatter_add_f32_{index}", [rows, indices, out, out], (1, 4, 2, 3), 0, 1) == 1


def test_indices_are_not_cut_to_32_bits():
    indices = np.array([2**32], np.int64)
    rows, out = np.zeros((1, 4, 1), np.float32), np.zeros((1, 1, 1), np.float32)
    assert run("gather_4_i64", [rows, indices, out], (1, 4, 1, 1), 0, 1) == 1


@pytest.mark.parametrize(("lo", "hi"), list(itertools.combinations(range(4), 2)))
def test_slices_leave_the_rest_alone(lo, hi, rng):
    params, g = rng.random((3, 5, 2), np.float32), rng.random((3, 4, 2), np.float32)
    indices = np.array([4, 0, 4, 2], np.int32)
    out = np.full((3, 4, 2), 7, np.float32)
    assert run("gather_4_i32", [params, indices, out], (3, 5, 2, 4), lo, hi) == 0
    expected = np.full_like(out, 7)
    expected[lo:hi] = params[lo:hi, indices]
    np.testing.assert_array_equal(out, expected)
    sums = np.full_like(params, 7)
    assert run("scatter_add_f32_i32", [g, indices, params, sums], (3, 5, 2, 4), lo, hi) == 0
    assert (sums[:lo] == 7).all() and (sums[hi:] == 7).all()
    np.testing.assert_array_equal(sums[lo:hi, 4], g[lo:hi, 0] + g[lo:hi, 2])
    np.testing.assert_array_equal(sums[lo:hi, 1], 0)
