"""The kernels written by hand, by name: where each is built and from which files, found without importing numba.

A name comes in (an op's `Call.kernel`); a Python function for `numba.cfunc(abi.SIGNATURE)` and a fingerprint for the
key of its cached object come out. Nothing is compiled here.
"""

import dataclasses
import functools
import hashlib
import importlib
import itertools
import math
import pathlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

# Below these sizes our own loops are faster, and spare a program the loading of LAPACK (also on a Zen 5).
FACTOR_FROM = 128     # n of a matrix that is factored
SUBSTITUTE_FROM = 2**18  # n * n * k of k triangular systems, more than one

# Fortran routines that kernels call, by the kernel's name without its dtype. Their addresses follow the sizes in the
# kernel's table; they are 0 where `WANTS` is False for these sizes.
BLAS = ("trsm",)
CALLS: dict[str, tuple[str, ...]] = {
    "cholesky": ("potrf",), "triangular_solve": ("trsm",), "lu_factor": ("getrf",),
    "lu_solve": ("trsm",), "eigh": ("syevd",), "svd": ("gesdd",), "qr": ("gelqf", "orglq"),
}
WANTS: dict[str, Callable[[Sequence[int]], bool]] = {
    "cholesky": lambda sizes: sizes[1] >= FACTOR_FROM,
    "lu_factor": lambda sizes: sizes[1] >= FACTOR_FROM,
    "triangular_solve": lambda sizes: sizes[2] > 1 and sizes[1] * sizes[1] * sizes[2] >= SUBSTITUTE_FROM,
    "lu_solve": lambda sizes: sizes[2] > 1 and sizes[1] * sizes[1] * sizes[2] >= SUBSTITUTE_FROM,
    **dict.fromkeys(("eigh", "svd", "qr"), lambda sizes: True),
}

WIDTHS = (1, 2, 4, 8)  # bytes of elements that are moved as they are
# Blocks of a product's result, multiples of every processor's tiles.
BLOCK_ROWS, BLOCK_COLUMNS = 96, 64


@dataclasses.dataclass(frozen=True)
class Division:
    """How the work of a kernel divides between threads.

    extent : number of slices
    grain : threads are given multiples of so many
    work_ns : what all of them take together, roughly, by measurement on a Zen 5
    """

    extent: int
    grain: int
    work_ns: float


def _gemm(sizes: Sequence[int], extent: int) -> Division:
    batch, m, n, k = sizes[:4]
    rows, columns = (n, m) if n == 1 else (m, n)    # as the kernel has them
    return Division(batch * -(-rows // BLOCK_ROWS) * -(-columns // BLOCK_COLUMNS), 1, batch * m * n * k / 100)


def _windows(sizes: Sequence[int], extent: int) -> Division:
    return Division(extent, 48, math.prod(sizes[:4]) * math.prod(sizes[8:12]) * sizes[19] / 100)


def _pool(sizes: Sequence[int], extent: int) -> Division:
    return Division(extent, 1, sizes[0] * math.prod(sizes[4:11]) / 5)


def _by_element(element_ns: float, *factors: int) -> Callable[[Sequence[int], int], Division]:
    """Independent slices, with a time for each of the elements that some sizes are the number of."""
    return lambda sizes, extent: Division(extent, 1, element_ns * extent * math.prod(sizes[k] for k in factors))


# Kernels whose slices do not depend on each other, by their name without dtypes; others are not divided.
DIVISIONS: dict[str, Callable[[Sequence[int], int], Division]] = {
    "gemm": _gemm, "windows": _windows, "max_pool": _pool, "max_pool_back": _pool, "max_pool_pick": _pool,
    "gather": _by_element(0.3, 2, 3), "scatter_add": _by_element(0.3, 2, 3), "argmax": _by_element(0.2, 1, 2),
    "argmin": _by_element(0.2, 1, 2), "cumsum": _by_element(1, 1, 2), "cumprod": _by_element(1, 1, 2),
    "recurrence": _by_element(1, 1, 2), "logsumexp": _by_element(3, 1, 2), "argsort": _by_element(50, 1),
    "searchsorted": _by_element(20, 2), "gamma": _by_element(50), "truncated": _by_element(20, 1),
    "flat_places": _by_element(0.3, 0),
}


def division(name: str, sizes: Sequence[int], extent: int) -> Division | None:
    """How the kernel's work divides for these sizes, `extent` being its slices by its op's definition; None if not."""
    divided = _divided(name)
    return None if divided is None else divided(sizes, extent)


@functools.cache
def _divided(name: str) -> Callable[[Sequence[int], int], Division] | None:
    return next((DIVISIONS[f] for f in (name, name.rpartition("_")[0], name.rsplit("_", 2)[0]) if f in DIVISIONS), None)


_HERE = pathlib.Path(__file__).parent

# Files beside this one that all kernels are made from, besides their own.
PARTS = (
    "../abi.py", "narrow.py", "scalars.py", "formats.py", "exponential.py", "power.py", "trigonometric.py",
    "special.py", "vecmath.py", "philox.py", "products.py", "vectors.py",
    "texts.py",
)
FILES: dict[str, tuple[str, ...]] = {
    "gemm": ("gemm.py", "tiles.py", "library.py", *PARTS),
    "gather": ("gather.py", "library.py", *PARTS),
    "argreduce": ("argreduce.py", *PARTS),
    "convolution": ("convolution.py", "tiles.py", *PARTS),
    "pooling": ("pooling.py", *PARTS),
    "gamma": ("gamma.py", *PARTS),
    "truncated": ("truncated.py", *PARTS),
    "permutation": ("permutation.py", *PARTS),
    "cumulative": ("cumulative.py", *PARTS),
    "scatter": ("scatter.py", "gather.py", "library.py", *PARTS),
    "sorting": ("sorting.py", *PARTS),
    "triangular": ("triangular.py", "fortran.py", *PARTS),
    "spectral": ("spectral.py", "fortran.py", *PARTS),
    "control": ("control.py", "runner.py", "team.py", "atomics.py", *PARTS),
}


def _sources() -> Iterator[tuple[str, str]]:
    numbers, indices = ("f32", "f64", "i32", "i64"), ("i32", "i64")
    yield from ((f"gemm_{code}", "gemm") for code in numbers)
    yield from ((f"gather_{size}_{index}", "gather") for size, index in itertools.product(WIDTHS, indices))
    yield from ((f"scatter_add_{code}_{index}", "gather") for code, index in itertools.product(numbers, indices))
    for name, code, index in itertools.product(("argmax", "argmin"), numbers, indices):
        yield f"{name}_{code}_{index}", "argreduce"
    yield from ((f"windows_{code}", "convolution") for code in ("f32", "f64"))
    for name, code in itertools.product(("max_pool", "max_pool_back", "max_pool_pick"), ("f32", "f64")):
        yield f"{name}_{code}", "pooling"
    yield from ((f"{name}_{code}", "cumulative") for name, code in itertools.product(("cumsum", "cumprod"), numbers))
    yield from ((f"recurrence_{code}", "cumulative") for code in numbers)
    yield from ((f"logsumexp_{code}", "cumulative") for code in ("f32", "f64"))
    for put, index in itertools.product(("put", "copy_put"), indices):
        yield from ((f"{put}_update_{size}_{index}", "scatter") for size in WIDTHS)
        for combine, code in itertools.product(("add", "sub", "mul", "max", "min"), numbers):
            yield f"{put}_{combine}_{code}_{index}", "scatter"
    yield from ((f"flat_places_{index}", "scatter") for index in indices)
    yield from ((f"{name}_{code}", name) for name, code in itertools.product(("gamma", "truncated"), ("f32", "f64")))
    for name, code, index in itertools.product(("argsort", "searchsorted"), numbers, indices):
        yield f"{name}_{code}_{index}", "sorting"
    for code in ("f32", "f64"):
        triangular = ("cholesky", "triangular_solve", "lu_factor", "lu_solve")
        yield from ((f"{name}_{code}", "triangular") for name in triangular)
        yield from ((f"{name}_{code}", "spectral") for name in ("eigh", "svd", "qr"))
    yield from (("loop", "control"), ("switch", "control"), ("permutation_i64", "permutation"))


SOURCES: dict[str, str] = dict(_sources())  # name of a kernel -> module of this package that builds it


def names() -> tuple[str, ...]:
    """Every kernel there is."""
    return tuple(SOURCES)


def build(name: str) -> Callable[..., int]:
    """The kernel as a Python function of the same name, to be given to `numba.cfunc(abi.SIGNATURE)`. Imports numba."""
    module: Any = importlib.import_module(f".{SOURCES[name]}", __package__)
    kernel: Callable[..., int] = module.build(name)
    kernel.__name__ = kernel.__qualname__ = name  # numba makes the symbols of the object from it
    return kernel


def source(name: str) -> str:
    """The text of the file that builds a kernel; its beginning says what the kernel's sizes mean."""
    return (_HERE / f"{SOURCES[name]}.py").read_text(encoding="utf8")


@functools.cache
def fingerprint(name: str) -> bytes:
    """A hash that changes when the text of a file does that the kernel is made from."""
    digest = hashlib.sha256(name.encode())
    for file in FILES[SOURCES[name]]:
        digest.update((_HERE / file).read_bytes())
    return digest.digest()
