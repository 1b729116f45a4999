"""Elementary functions of two numbers, and those whose promise is of another kind: powers, angles, digamma."""

import ctypes
import functools

import numba
import numpy as np
import pytest
import scipy.special
from numba import types

from graphengine.codegen.kernels import vecmath

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
WIDER = {FLOAT32: FLOAT64, FLOAT64: np.dtype(np.longdouble)}
INF, NAN = np.inf, np.nan

every_dtype = pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)


def errors_in_ulp(y, exact):
    """Distance of y from values in a wider format; infinite where only one is NaN or infinite."""
    info = np.finfo(y.dtype)
    _, exponent = np.frexp(np.abs(exact))
    ulp = np.ldexp(exact.dtype.type(1), np.maximum(exponent - 1, info.minexp) - info.nmant)
    nearest = exact.astype(y.dtype)
    agrees = (y == nearest) | (np.isnan(y) & np.isnan(nearest))
    error = np.abs(y - exact) / ulp
    return np.where(np.isfinite(error), error, np.where(agrees, 0, INF))


def apply(name, dtype, x):
    function = vecmath.FUNCTIONS[f"{name}_f{8 * dtype.itemsize}"]
    return numba.vectorize([numba.from_dtype(dtype)(numba.from_dtype(dtype))])(lambda x: function(x))(x)


@functools.cache
def compiled_pair(name, dtype):
    """Machine code for `z[i] = function(x[i], y[i])`, as a function of two arrays."""
    function = vecmath.FUNCTIONS[f"{name}_f{8 * dtype.itemsize}"]
    pointer = types.CPointer(numba.from_dtype(dtype))

    @numba.cfunc(types.void(pointer, pointer, pointer, types.int64))
    def kernel(x, y, z, n):
        for i in range(n):
            z[i] = function(x[i], y[i])

    return kernel


def apply_pair(name, dtype, x, y):
    z = np.empty_like(x)
    address = compiled_pair(name, dtype).address
    ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, ctypes.c_int64)(address)(
        x.ctypes.data, y.ctypes.data, z.ctypes.data, len(z)
    )
    return z


def needs_wider(dtype):
    if np.finfo(WIDER[dtype]).nmant <= np.finfo(dtype).nmant:
        pytest.skip("long double is no wider than double here")


def spread(dtype, rng, count):
    """Positive numbers of every size."""
    info = np.finfo(dtype)
    return (2.0 ** rng.uniform(info.minexp - 10, info.maxexp - 0.01, count)).astype(dtype)


@every_dtype
@np.errstate(all="ignore")
def test_powers(dtype, rng):
    needs_wider(dtype)
    n = 40_000
    x = np.concatenate([
        spread(dtype, rng, n), rng.uniform(0.5, 2.0, n).astype(dtype), rng.uniform(0.999, 1.001, n).astype(dtype),
    ])
    reach = np.log(np.finfo(dtype).max) * 1.05
    y = (rng.uniform(-reach, reach, len(x)) / np.log(x.astype(np.float64))).astype(dtype)
    y[::3] = rng.integers(-6, 7, len(y[::3]))
    exact = np.power(x.astype(WIDER[dtype]), y.astype(WIDER[dtype]))
    errors = errors_in_ulp(apply_pair("pow", dtype, x, y), exact)
    worst = np.argmax(errors)
    promise = 0.51 if dtype == FLOAT32 else 1.6
    assert errors[worst] <= promise, f"{x[worst]!r} ** {y[worst]!r} is wrong by {errors[worst]:.2f} ulp"


@every_dtype
@pytest.mark.parametrize("name", ["pow", "atan2"])
@np.errstate(all="ignore")
def test_special_values_as_in_ieee_754(name, dtype):
    numbers = [0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 2.5, 1e30, -1e30, 1e-30, INF, -INF, NAN]
    numbers += [np.finfo(dtype).max, -np.finfo(dtype).max, np.finfo(dtype).smallest_subnormal]
    x, y = (np.ascontiguousarray(a.ravel()) for a in np.meshgrid(np.array(numbers, dtype), np.array(numbers, dtype)))
    oracle = {"pow": np.power, "atan2": np.arctan2}[name]
    want, got = oracle(x, y), apply_pair(name, dtype, x, y)
    np.testing.assert_allclose(got, want, rtol=4 * np.finfo(dtype).eps, atol=0)
    is_zero = want == 0
    np.testing.assert_array_equal(np.signbit(got[is_zero]), np.signbit(want[is_zero]))


@every_dtype
def test_angles(dtype, rng):
    needs_wider(dtype)
    n = 60_000
    y = np.concatenate([rng.uniform(-1, 1, n).astype(dtype), spread(dtype, rng, n) * rng.choice([-1, 1], n)])
    x = np.concatenate([rng.uniform(-1, 1, n).astype(dtype), spread(dtype, rng, n) * rng.choice([-1, 1], n)])
    x, y = x.astype(dtype), y.astype(dtype)
    errors = errors_in_ulp(
        apply_pair("atan2", dtype, y, x), np.arctan2(y.astype(WIDER[dtype]), x.astype(WIDER[dtype]))
    )
    worst = np.argmax(errors)
    assert errors[worst] <= 2.6, f"atan2({y[worst]!r}, {x[worst]!r}) is wrong by {errors[worst]:.2f} ulp"


@every_dtype
@pytest.mark.parametrize("name", ["sin", "cos"])
def test_far_from_zero_sines_stay_sines(name, dtype, rng):
    """Past 2^40 the angle loses digits, but what comes out is the sine of some angle."""
    x = spread(dtype, rng, 20_000)
    y = apply(name, dtype, np.concatenate([x, -x]))
    assert np.all(np.abs(y) <= 1)


@every_dtype
@np.errstate(all="ignore")
def test_digamma(dtype, rng):
    x = np.concatenate([rng.uniform(0, 30, 20_000), spread(dtype, rng, 20_000), 1 - rng.uniform(0, 1e-3, 100)])
    x = x.astype(dtype)
    want = scipy.special.digamma(x.astype(np.float64))
    error = np.abs(apply("digamma", dtype, x) - want) / np.maximum(np.abs(want), 1) / np.finfo(dtype).eps
    assert np.nanmax(error[np.abs(want) < np.finfo(dtype).max]) <= (8 if dtype == FLOAT32 else 10)


@every_dtype
@np.errstate(all="ignore")
def test_digamma_of_negative_numbers(dtype, rng):
    x = rng.uniform(-20, 0, 20_000).astype(dtype)
    x = x[np.abs(x - np.rint(x)) > 1e-3]
    want = scipy.special.digamma(x.astype(np.float64))
    error = np.abs(apply("digamma", dtype, x) - want) / np.maximum(np.abs(want), 1) / np.finfo(dtype).eps
    assert np.max(error) <= (12 if dtype == FLOAT32 else 1000)    # the oracle's own error
    poles = np.array([0.0, -0.0, -1.0, -7.0, INF, NAN], dtype)
    np.testing.assert_array_equal(apply("digamma", dtype, poles), [-INF, INF, NAN, NAN, INF, NAN])


