"""argmax and argmin against numpy: ties, NaN, zeros of both signs, long and short axes, strided axes, slices."""

import itertools

import numpy as np
import pytest
from handwritten import DTYPES, run

NAMES = ("argmax", "argmin")
SIZES = [(1, 1, 1), (3, 2, 1), (5, 10, 1), (2, 63, 1), (2, 64, 1), (2, 65, 1), (1, 1000, 1), (2, 1031, 1)]
SHAPES = [*SIZES, (2, 3, 4), (3, 5, 17), (1, 7, 64), (2, 9, 130), (2, 1, 5), (0, 3, 2), (2, 3, 0), (1, 70, 3)]
every_name = pytest.mark.parametrize("name", NAMES)
every_dtype = pytest.mark.parametrize("code", DTYPES)
floats = pytest.mark.parametrize("code", ["f32", "f64"])


def check(name, x, index="i64"):
    outer, _, inner = x.shape
    out = np.full((outer, inner), -7, DTYPES[index])
    code = next(c for c, d in DTYPES.items() if d == x.dtype)
    assert run(f"{name}_{code}_{index}", [x, out], x.shape, 0, outer) == 0
    worst = -np.inf if name == "argmax" else np.inf
    expected = getattr(np, name)(np.where(np.isnan(x), worst, x) if x.dtype.kind == "f" else x, axis=1)
    np.testing.assert_array_equal(out, expected)


@every_name
@every_dtype
@pytest.mark.parametrize("index", ["i32", "i64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_against_numpy(shape, code, index, name, rng):
    for high in (2, 5, 10**9):  # few values make ties
        check(name, rng.integers(-high, high, shape).astype(DTYPES[code]), index)


@every_name
@floats
@pytest.mark.parametrize("shape", [(1, 9, 1), (1, 300, 1), (1, 700, 1), (1, 9, 5), (1, 300, 70)], ids=str)
def test_nan_are_left_out(shape, code, name, rng):
    for count in (1, 2, 5):
        x = rng.normal(size=shape).astype(DTYPES[code])
        x[:, rng.integers(0, shape[1], count)] = np.nan
        check(name, x)
        x[rng.random(shape) < 0.5] = -np.nan
        check(name, x)
    check(name, np.full(shape, np.nan, DTYPES[code]))


@every_name
@floats
@pytest.mark.parametrize("inner", [1, 3])
def test_signs_of_zero_do_not_count_and_infinities_do(inner, code, name):
    for values in itertools.product([0.0, -0.0, np.inf, -np.inf], repeat=3):
        x = np.tile(np.array(values, DTYPES[code]), 30)
        check(name, np.repeat(x, inner).reshape(1, -1, inner))


@every_name
@pytest.mark.parametrize("code", ["i32", "i64"])
@pytest.mark.parametrize("inner", [1, 3])
def test_smallest_and_largest_integers(inner, code, name):
    info = np.iinfo(DTYPES[code])
    for values in itertools.permutations([info.min, 0, info.max]):
        check(name, np.repeat(np.array(values, DTYPES[code]), inner).reshape(1, -1, inner))
        check(name, np.repeat(np.array(values * 50, DTYPES[code]), inner).reshape(1, -1, inner))


@every_name
def test_slices_leave_the_rest_alone(name, rng):
    for inner, (lo, hi) in itertools.product((1, 5), itertools.combinations(range(5), 2)):
        x = rng.random((4, 7, inner), np.float32)
        out = np.full((4, inner), -7, np.int32)
        assert run(f"{name}_f32_i32", [x, out], x.shape, lo, hi) == 0
        expected = np.full_like(out, -7)
        expected[lo:hi] = getattr(np, name)(x[lo:hi], axis=1)
        np.testing.assert_array_equal(out, expected)


def test_empty_axis_is_reported():
    x, out = np.empty((2, 0, 3), np.float32), np.zeros((2, 3), np.int64)
    assert run("argmax_f32_i64", [x, out], (2, 0, 3), 0, 2) == 1
    assert run("argmax_f32_i64", [x, out], (2, 0, 0), 0, 2) == 0
