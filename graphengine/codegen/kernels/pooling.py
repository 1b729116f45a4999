"""The largest element of windows: max_pool_DTYPE, and where it is found: max_pool_back_DTYPE, max_pool_pick_DTYPE.

    max_pool        y[n, o, c] = max over t of x[n, o * stride + t - before, c]      buffers: x, y
    max_pool_back   dx, zero but for g[n, o, c] added at the first such place        buffers: g, x, y, dx
    max_pool_pick   h at the first such place                                        buffers: h, x, y, out

Three spatial axes, channels last. Sizes: batch, extents of x (3), of y (3), channels, extents of a window (3), strides
(3), padding before (3). Places outside x count as no elements. lo..hi is a slice of the batch.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import abi


def build(name: str) -> Callable[..., int]:
    """`max_pool_f32` and the like."""
    family, code = name.rsplit("_", 1)
    return {"max_pool": _largest, "max_pool_back": _back, "max_pool_pick": _pick}[family](code)


def _largest(code: str) -> Callable[..., int]:
    pointer = abi.POINTERS[code]
    load: Any = abi.load
    store: Any = abi.store
    maximum: Any = abi.maximum
    LOWEST = abi.NUMBA_TYPES[code](-np.inf)

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        x, y = pointer(buffers[0]), pointer(buffers[1])
        xd, xh, xw, yd, yh, yw, channels = sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], sizes[7]
        for n in range(lo, hi):
            for oz in range(yd):
                z = oz * sizes[11] - sizes[14]
                for oy in range(yh):
                    v = oy * sizes[12] - sizes[15]
                    for ox in range(yw):
                        u = ox * sizes[13] - sizes[16]
                        out = (((n * yd + oz) * yh + oy) * yw + ox) * channels
                        for c in range(channels):
                            store(y, out + c, LOWEST, 1)
                        for i in range(z if z > 0 else 0, z + sizes[8] if z + sizes[8] < xd else xd):
                            for j in range(v if v > 0 else 0, v + sizes[9] if v + sizes[9] < xh else xh):
                                for k in range(u if u > 0 else 0, u + sizes[10] if u + sizes[10] < xw else xw):
                                    at = (((n * xd + i) * xh + j) * xw + k) * channels
                                    for c in range(channels):
                                        store(y, out + c, maximum(load(y, out + c, 1), load(x, at + c, 0)), 1)
        return 0

    return kernel


def _back(code: str) -> Callable[..., int]:
    pointer = abi.POINTERS[code]
    load: Any = abi.load
    store: Any = abi.store
    ZERO = abi.NUMBA_TYPES[code](0)

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        g, x, y, dx = pointer(buffers[0]), pointer(buffers[1]), pointer(buffers[2]), pointer(buffers[3])
        xd, xh, xw, yd, yh, yw, channels = sizes[1], sizes[2], sizes[3], sizes[4], sizes[5], sizes[6], sizes[7]
        for k in range(lo * xd * xh * xw * channels, hi * xd * xh * xw * channels):
            store(dx, k, ZERO, 3)
        for n in range(lo, hi):
            for oz in range(yd):
                z = oz * sizes[11] - sizes[14]
                for oy in range(yh):
                    v = oy * sizes[12] - sizes[15]
                    for ox in range(yw):
                        u = ox * sizes[13] - sizes[16]
                        out = (((n * yd + oz) * yh + oy) * yw + ox) * channels
                        for c in range(channels):
                            found = _first(x, load(y, out + c, 2), c, n, z, v, u, sizes)
                            if found >= 0:
                                store(dx, found, load(dx, found, 3) + load(g, out + c, 0), 3)
        return 0

    _first = _first_place(code)
    return kernel


def _pick(code: str) -> Callable[..., int]:
    pointer = abi.POINTERS[code]
    load: Any = abi.load
    store: Any = abi.store
    ZERO = abi.NUMBA_TYPES[code](0)

    def kernel(buffers: Any, sizes: Any, lo: int, hi: int) -> int:
        h, x, y, picked = pointer(buffers[0]), pointer(buffers[1]), pointer(buffers[2]), pointer(buffers[3])
        yd, yh, yw, channels = sizes[4], sizes[5], sizes[6], sizes[7]
        for n in range(lo, hi):
            for oz in range(yd):
                z = oz * sizes[11] - sizes[14]
                for oy in range(yh):
                    v = oy * sizes[12] - sizes[15]
                    for ox in range(yw):
                        u = ox * sizes[13] - sizes[16]
                        out = (((n * yd + oz) * yh + oy) * yw + ox) * channels
                        for c in range(channels):
                            found = _first(x, load(y, out + c, 2), c, n, z, v, u, sizes)
                            store(picked, out + c, load(h, found, 0) if found >= 0 else ZERO, 3)
        return 0

    _first = _first_place(code)
    return kernel


def _first_place(code: str) -> Any:
    """Where the first element of a window is that equals its largest; a NaN is the largest. -1 if it has none."""
    import numba

    load: Any = abi.load

    def first(x: Any, best: Any, c: int, n: int, z: int, v: int, u: int, sizes: Any) -> int:
        xd, xh, xw, channels = sizes[1], sizes[2], sizes[3], sizes[7]
        for i in range(z if z > 0 else 0, z + sizes[8] if z + sizes[8] < xd else xd):
            for j in range(v if v > 0 else 0, v + sizes[9] if v + sizes[9] < xh else xh):
                for k in range(u if u > 0 else 0, u + sizes[10] if u + sizes[10] < xw else xw):
                    at = (((n * xd + i) * xh + j) * xw + k) * channels + c
                    value = load(x, at, 1)
                    if value == best or value != value:
                        return at
        return -1

    return numba.njit(inline="always")(first)
