"""Memory of large results, used again once nobody holds the array or a view of it.

A fresh array of some megabytes costs more than computing it: the system clears each page when it is first touched.
"""
from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..schedule.memory import ALIGNMENT
from .outline import address_of

Array = np.ndarray[Any, Any]

POOLED_BYTES = 2**20                        # results from this size on
MOST_IDLE_BYTES = 2**28                     # kept for later, of one program


def _held_by_pool() -> int:
    """References to a block that nobody else holds: the list's, a name's, and what asking itself adds, if it does."""
    blocks = [np.empty(1, np.uint8)]
    block = blocks[0]
    return sys.getrefcount(block)


_HELD_BY_POOL = _held_by_pool()


class ResultPool:
    """Blocks of memory behind results.

    A result is an array on a block, and so is every view of it: numpy gives each of them a reference to what owns the
    memory. A block with no reference but the pool's own is free. (Without a global lock counts are not exact, so an
    interpreter of that kind gets fresh memory each time.)

    Examples
    --------
    >>> pool = ResultPool()
    >>> first = pool.array((2**18,), np.dtype(np.float32))
    >>> place, view = address_of(first), first[:2]
    >>> del first
    >>> address_of(pool.array((2**18,), np.dtype(np.float32))) == place      # somebody still sees a part
    False
    >>> del view
    >>> second = pool.array((2**18,), np.dtype(np.float32))
    >>> third = pool.array((2**18,), np.dtype(np.float32))
    >>> place in (address_of(second), address_of(third))
    True
    """

    def __init__(self) -> None:
        self._blocks: list[Array] = []      # the one used last comes last
        self._counts = getattr(sys, "_is_gil_enabled", lambda: True)()

    def array(self, shape: Sequence[int], dtype: np.dtype[Any]) -> Array:
        """An array with arbitrary contents that shares memory with nothing that anybody holds."""
        size = math.prod(shape) * dtype.itemsize
        if size < POOLED_BYTES or not self._counts:
            return np.empty(shape, dtype)
        block = self._free(size + ALIGNMENT)
        self._blocks.append(block)
        return np.ndarray(shape, dtype, block, -address_of(block) % ALIGNMENT)

    def _free(self, size: int) -> Array:
        """A block of `size` bytes taken out of the pool, or a new one; old blocks go when too many are idle."""
        found, idle = None, 0
        for k in range(len(self._blocks) - 1, -1, -1):
            block = self._blocks[k]
            if sys.getrefcount(block) > _HELD_BY_POOL:
                continue
            if found is None and block.nbytes == size:
                found = self._blocks.pop(k)
                continue
            idle += block.nbytes
            if idle > MOST_IDLE_BYTES:
                del self._blocks[k]
        return np.empty(size, np.uint8) if found is None else found
