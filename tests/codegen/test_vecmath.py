"""The elementary functions of kernels: accuracy over all exponents, special values, vector code, no foreign symbols."""

import ctypes
import functools
import math
import re

import llvmlite.binding as llvm
import numba
import numpy as np
import pytest
import scipy.special
from numba import types

from graphengine.codegen.kernels import scalars, vecmath

FLOAT32, FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)
WIDER = {FLOAT32: FLOAT64, FLOAT64: np.dtype(np.longdouble)}
INF, NAN = np.inf, np.nan


def wide_sigmoid(x):
    z = np.exp(-np.abs(x))
    return np.where(x > 0, 1, z) / (1 + z)


def wide_softplus(x):
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


# Oracle, and the largest error promised in float32 and float64, in units in the last place.
FUNCTIONS = {
    "exp": (np.exp, 1.1, 1.1),
    "expm1": (np.expm1, 1.7, 2.1),
    "tanh": (np.tanh, 2.6, 2.7),
    "sigmoid": (wide_sigmoid, 2.5, 2.5),
    "softplus": (wide_softplus, 2.2, 2.2),
    "log": (np.log, 1.0, 1.0),
    "log1p": (np.log1p, 1.6, 1.6),
    "sinh": (np.sinh, 1.8, 1.8),
    "cosh": (np.cosh, 1.6, 1.6),
    "asinh": (np.arcsinh, 2.0, 2.0),
    "acosh": (np.arccosh, 2.4, 2.4),
    "atanh": (np.arctanh, 2.2, 2.2),
    "sin": (np.sin, 1.5, 0.9),
    "cos": (np.cos, 1.5, 0.9),
    "tan": (np.tan, 2.9, 2.3),
    "asin": (np.arcsin, 2.4, 2.2),
    "acos": (np.arccos, 1.3, 1.3),
    "atan": (np.arctan, 2.3, 2.3),
    "erf": (scipy.special.erf, 2.5, 1.9),
    "erfc": (np.vectorize(math.erfc, otypes=[float]), 4.4, 4.0),
    "erfinv": (scipy.special.erfinv, 3.0, 3.0),
}
# These oracles are float64 at best, where they are wrong by so many units themselves.
ORACLE_ERROR = {"erf": 2, "erfc": 1, "erfinv": 3}
# Where the promise holds.
DOMAIN = {"sin": 2.0**40, "cos": 2.0**40, "tan": 2.0**40}

every_function = pytest.mark.parametrize("name", FUNCTIONS)
every_dtype = pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)


def loop_kernel(function, kind, **options):
    """Machine code for `y[i] = function(x[i])` over lo..hi."""
    pointer = types.CPointer(kind)

    def kernel(x, y, lo, hi):
        for i in range(lo, hi):
            y[i] = function(x[i])

    return numba.cfunc(types.void(pointer, pointer, types.int64, types.int64), **options)(kernel)


@functools.cache
def compiled(name, dtype):
    function = vecmath.FUNCTIONS[f"{name}_f{8 * dtype.itemsize}"]
    return loop_kernel(function, numba.from_dtype(dtype))


def apply(kernel, x):
    y = np.empty_like(x)
    call = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)(kernel.address)
    call(x.ctypes.data, y.ctypes.data, 0, len(x))
    return y


def errors_in_ulp(y, exact):
    """Distance of y from values in a wider format; infinite where only one is NaN or infinite."""
    info = np.finfo(y.dtype)
    _, exponent = np.frexp(np.abs(exact))
    ulp = np.ldexp(exact.dtype.type(1), np.maximum(exponent - 1, info.minexp) - info.nmant)
    nearest = exact.astype(y.dtype)
    agrees = (y == nearest) | (np.isnan(y) & np.isnan(nearest))
    error = np.abs(y - exact) / ulp
    return np.where(np.isfinite(error), error, np.where(agrees, 0, INF))


def arguments(dtype, rng):
    """Every exponent with both signs, and ranges where the functions bend, overflow or cancel."""
    bits = {FLOAT32: np.uint32, FLOAT64: np.uint64}[dtype]
    fraction_bits = np.finfo(dtype).nmant
    exponents = np.arange(2 ** (8 * dtype.itemsize - fraction_bits), dtype=bits) << bits(fraction_bits)
    fractions = rng.integers(0, 2**fraction_bits, (200_000 // len(exponents), 1), dtype=bits)
    ranges = [(-0.5, 0.5), (0.4, 2.5), (-5, 5), (-20, 20), (-110, 95), (-760, 720)]
    spread = [rng.uniform(low, high, 60_000).astype(dtype) for low, high in ranges]
    exact_powers = exponents.view(dtype)
    neighbors = [np.nextafter(exact_powers, dtype.type(side)) for side in (-INF, INF)]
    return np.concatenate([(exponents | fractions).view(dtype).ravel(), *spread, exact_powers, *neighbors])


@pytest.mark.parametrize("dtype", [FLOAT32, FLOAT64], ids=str)
@every_function
@np.errstate(all="ignore")
def test_error_is_within_the_promise(name, dtype, rng):
    if np.finfo(WIDER[dtype]).nmant <= np.finfo(dtype).nmant:
        pytest.skip("long double is no wider than double here")
    oracle, *promises = FUNCTIONS[name]
    promise = promises[dtype == FLOAT64]
    x = arguments(dtype, rng)
    x = x[~(np.abs(x) > DOMAIN.get(name, INF))]
    y = apply(compiled(name, dtype), x)
    if name in ORACLE_ERROR:
        errors = errors_in_ulp(y, oracle(x.astype(FLOAT64)))
        promise += ORACLE_ERROR[name] * (dtype == FLOAT64)
    else:
        errors = errors_in_ulp(y, oracle(x.astype(WIDER[dtype])))
    worst = np.argmax(errors)
    assert errors[worst] <= promise, f"{name}({x[worst]!r}) = {y[worst]!r} is wrong by {errors[worst]:.2f} ulp"


SPECIAL = {
    "exp": [(0.0, 1), (-0.0, 1), (INF, INF), (-INF, 0), (800, INF), (-800, 0), (1e-30, 1)],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1), (800, INF), (-800, -1)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1), (-INF, -1), (50, 1), (-50, -1)],
    "sigmoid": [(0.0, 0.5), (-0.0, 0.5), (INF, 1), (-INF, 0), (800, 1), (-800, 0)],
    "softplus": [(INF, INF), (-INF, 0), (800, 800), (-800, 0)],
    "log": [(1, 0.0), (0.0, -INF), (-0.0, -INF), (INF, INF), (-INF, NAN), (-1, NAN), (-1e-40, NAN)],
    "log1p": [(0.0, 0.0), (-0.0, -0.0), (-1, -INF), (INF, INF), (-INF, NAN), (-1.5, NAN)],
    "sinh": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF), (800, INF), (-800, -INF)],
    "cosh": [(0.0, 1), (-0.0, 1), (INF, INF), (-INF, INF), (-800, INF)],
    "asinh": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -INF)],
    "acosh": [(1, 0.0), (INF, INF), (-INF, NAN), (0.5, NAN), (-2, NAN)],
    "atanh": [(0.0, 0.0), (-0.0, -0.0), (1, INF), (-1, -INF), (1.5, NAN), (-INF, NAN), (INF, NAN)],
    "sin": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)],
    "cos": [(0.0, 1), (-0.0, 1), (INF, NAN), (-INF, NAN)],
    "tan": [(0.0, 0.0), (-0.0, -0.0), (INF, NAN), (-INF, NAN)],
    "asin": [(0.0, 0.0), (-0.0, -0.0), (1, np.pi / 2), (-1, -np.pi / 2), (1.5, NAN), (-INF, NAN)],
    "acos": [(1, 0.0), (0.0, np.pi / 2), (-0.0, np.pi / 2), (-1, np.pi), (-1.5, NAN), (INF, NAN)],
    "atan": [(0.0, 0.0), (-0.0, -0.0), (INF, np.pi / 2), (-INF, -np.pi / 2)],
    "erf": [(0.0, 0.0), (-0.0, -0.0), (INF, 1), (-INF, -1), (30, 1)],
    "erfc": [(0.0, 1), (-0.0, 1), (INF, 0.0), (-INF, 2), (30, 0.0)],
    "erfinv": [(0.0, 0.0), (-0.0, -0.0), (1, INF), (-1, -INF), (1.5, NAN), (-INF, NAN)],
}


@every_dtype
@every_function
def test_special_values(name, dtype):
    cases = np.array([*SPECIAL[name], (NAN, NAN)], dtype)
    x, expected = np.ascontiguousarray(cases.T)
    y = apply(compiled(name, dtype), x)
    np.testing.assert_array_equal(y, expected)
    is_zero = expected == 0
    np.testing.assert_array_equal(np.signbit(y[is_zero]), np.signbit(expected[is_zero]))


@every_dtype
@pytest.mark.parametrize("name", ["expm1", "tanh", "log1p", "sinh", "asinh", "atanh", "sin", "tan", "asin", "atan"])
def test_tiny_arguments_are_returned_as_they_are(name, dtype):
    info = np.finfo(dtype)
    x = np.array([info.smallest_subnormal, 5 * info.smallest_subnormal, info.tiny, 3 * info.tiny], dtype)
    x = np.concatenate([x, -x])
    np.testing.assert_array_equal(apply(compiled(name, dtype), x), x)


@every_dtype
@pytest.mark.parametrize("name", ["exp", "sigmoid", "softplus"])
def test_left_tail_reaches_the_smallest_denormal(name, dtype):
    smallest = np.finfo(dtype).smallest_subnormal
    x = np.log(np.array([0.45, 0.55, 1.0, 2.0], WIDER[dtype]) * smallest).astype(dtype)
    np.testing.assert_array_equal(apply(compiled(name, dtype), x), np.array([0, 1, 1, 2], dtype) * smallest)


@pytest.mark.parametrize("name", ["exp", "tanh", "sigmoid", "log", "log1p", "softplus", "sin", "acosh", "erfc"])
def test_fast_math_of_the_kernel_stays_out(name, rng):
    """Reassociated, the rounding error `x - ((x + 1) - 1)` in log1p would be 0."""
    function = vecmath.FUNCTIONS[f"{name}_f32"]
    fast = loop_kernel(function, types.float32, fastmath={"reassoc", "contract", "arcp", "nsz"})
    x = np.append(rng.uniform(-20, 20, 10_000) ** 3 / 400, [0.0, -0.0, INF, -INF, NAN]).astype(np.float32)
    np.testing.assert_array_equal(apply(fast, x).view(np.int32), apply(compiled(name, FLOAT32), x).view(np.int32))


@every_dtype
@every_function
def test_loops_are_vectorized(name, dtype):
    text = compiled(name, dtype).inspect_llvm()
    vector = r"<\d+ x (float|double)>"
    assert re.search(rf"fadd {vector}", text) and re.search(rf"call {vector} @llvm\.fma", text)


@every_dtype
@every_function
def test_machine_code_calls_nothing(name, dtype):
    """No C library, no numba runtime, no Python: an object file can be loaded without any of them."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    module = llvm.parse_assembly(compiled(name, dtype).inspect_llvm())
    declared = {function.name for function in module.functions if function.is_declaration}
    assert all(symbol.startswith("llvm.") for symbol in declared), declared
    machine = llvm.Target.from_default_triple().create_target_machine(
        opt=3, cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten()
    )
    direct_calls = re.findall(r"^\s+(?:call\w*|bl)\s+([A-Za-z_]\S*)", machine.emit_assembly(module), re.MULTILINE)
    own = {function.name for function in module.functions if not function.is_declaration}
    assert set(direct_calls) <= own


def test_arguments_are_converted():
    exp_f32, exp_f64 = vecmath.FUNCTIONS["exp_f32"], vecmath.FUNCTIONS["exp_f64"]
    assert numba.njit(lambda x: exp_f32(x))(1) == pytest.approx(np.e, rel=1e-6)
    assert numba.njit(lambda x: exp_f64(x))(np.float32(1)) == pytest.approx(np.e, rel=1e-15)


@every_dtype
def test_single_instructions(dtype):
    number = dtype.type

    @numba.njit
    def results(x, y):
        fused = scalars.fma(x, y, -(x * y))
        signs = scalars.copysign(x, -0.0), scalars.fabs(-x)
        bits = scalars.reinterpret(scalars.reinterpret(x))
        return fused, scalars.rint(x + x), signs, scalars.select(x > y, x, y), bits

    x, y = number(1.25), number(1.1)
    fused, rounded, signs, larger, same = results(x, y)
    assert fused == WIDER[dtype].type(x) * y - x * y != 0  # the rounding error of the product
    assert (rounded, signs, larger, same) == (2.0, (-1.25, 1.25), 1.25, 1.25)
