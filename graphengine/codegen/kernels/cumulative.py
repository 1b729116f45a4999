"""Running totals along the middle axis of (outer, n, inner).

    cumsum_DTYPE        out[k] = x[k] + out[k - 1]                   buffers: x, out
    cumprod_DTYPE       out[k] = x[k] * out[k - 1]                   buffers: x, out
    logsumexp_DTYPE     out[k] = log(exp(x[k]) + exp(out[k - 1]))    buffers: x, out
    recurrence_DTYPE    out[k] = g[k] + a[k] * out[k - 1]            buffers: g, a, out

Sizes: outer, n, inner, exclusive, reverse. If exclusive is 1, place k holds the total before k was taken, that of no
terms being 0, 1 or -inf; if reverse is 1, the axis is walked from its end. lo..hi is a slice of outer.
"""

from collections.abc import Callable
from typing import Any

import numba

from .. import abi
from . import vecmath


def build(name: str) -> Callable[..., int]:
    """`cumsum_f32`, `recurrence_f64` and the like."""
    family, element = name.split("_")
    if family == "recurrence":
        return _recurrence(element)
    if family == "logsumexp":
        return _total(_log_added(element), NONE[element], element)
    return _total(_added, 0, element) if family == "cumsum" else _total(_multiplied, constant_one(element), element)


NONE = {"f32": 0xFF800000, "f64": -0x10000000000000}        # bits of -inf, as `abi.CONSTANTS` reads them


@numba.njit(inline="always")  # type: ignore[untyped-decorator]
def _added(total: Any, term: Any) -> Any:
    return total + term


@numba.njit(inline="always")  # type: ignore[untyped-decorator]
def _multiplied(total: Any, term: Any) -> Any:
    return total * term


def _log_added(element: str) -> Any:
    exp, log1p = (vecmath.FUNCTIONS[f"{f}_{element}"] for f in ("exp", "log1p"))
    maximum: Any = abi.maximum
    fabs: Any = abi.fabs
    select: Any = abi.select
    constant = abi.CONSTANTS[element]

    @numba.njit(inline="always")  # type: ignore[untyped-decorator]
    def step(total: Any, term: Any) -> Any:
        gap = select(total == term, constant(0), fabs(total - term))        # also of two infinities
        return maximum(total, term) + log1p(exp(-gap))

    return step


def _total(combined: Any, first: int, element: str) -> Callable[..., int]:
    pointer, constant = abi.POINTERS[element], abi.CONSTANTS[element]
    load: Any = abi.load
    store: Any = abi.store

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        x, out = pointer(buffers[0]), pointer(buffers[1])
        n, inner, exclusive, reverse = sizes[1], sizes[2], sizes[3], sizes[4]
        step = -inner if reverse else inner
        for o in range(lo, hi):
            place = (o * n + (n - 1 if reverse else 0)) * inner
            for k in range(n):
                if k == 0:
                    for i in range(inner):
                        store(out, place + i, constant(first) if exclusive else load(x, place + i, 0), 1)
                else:
                    source = place - step if exclusive else place
                    for i in range(inner):
                        total, term = load(out, place - step + i, 1), load(x, source + i, 0)
                        store(out, place + i, combined(total, term), 1)
                place += step
        return 0

    return kernel


def _recurrence(element: str) -> Callable[..., int]:
    pointer, constant = abi.POINTERS[element], abi.CONSTANTS[element]
    load: Any = abi.load
    store: Any = abi.store

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        g, a, out = pointer(buffers[0]), pointer(buffers[1]), pointer(buffers[2])
        n, inner, exclusive, reverse = sizes[1], sizes[2], sizes[3], sizes[4]
        step = -inner if reverse else inner
        for o in range(lo, hi):
            place = (o * n + (n - 1 if reverse else 0)) * inner
            for k in range(n):
                if k == 0:
                    for i in range(inner):
                        store(out, place + i, constant(0) if exclusive else load(g, place + i, 0), 2)
                else:
                    source = place - step if exclusive else place
                    for i in range(inner):
                        total = load(a, source + i, 1) * load(out, place - step + i, 2)
                        store(out, place + i, load(g, source + i, 0) + total, 2)
                place += step
        return 0

    return kernel


def constant_one(element: str) -> int:
    """The bits of 1, as `abi.CONSTANTS` reads them."""
    return {"f32": 0x3F800000, "f64": 0x3FF0000000000000}.get(element, 1)
