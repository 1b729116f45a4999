"""Offsets of temporary buffers in one arena: buffers that are never alive together share bytes.

Takes lifetimes and sizes in bytes (known once a program is bound), returns offsets. Greedy best fit, largest
first.

References
----------
Pisarchyk and Lee (2020), "Efficient memory management for deep neural net inference", section 4.
"""
from __future__ import annotations

from collections.abc import Mapping

ALIGNMENT = 64                              # bytes: a cache line, and the widest vector


def plan(lifetimes: Mapping[int, tuple[int, int]], sizes: Mapping[int, int]) -> tuple[dict[int, int], int]:
    """Offset of each buffer, and the arena's size, all in bytes.

    Parameters
    ----------
    lifetimes : first and last instruction that touch each buffer
    sizes : bytes of each buffer
    """
    offsets: dict[int, int] = {}
    total = 0
    for b in sorted(lifetimes, key=lambda b: (-sizes[b], b)):
        first, last = lifetimes[b]
        alive = sorted(
            (offsets[o], offsets[o] + aligned(sizes[o]))
            for o in offsets if lifetimes[o][0] <= last and lifetimes[o][1] >= first
        )
        offsets[b] = _best_gap(alive, aligned(sizes[b]))
        total = max(total, offsets[b] + aligned(sizes[b]))
    return offsets, total


def aligned(size: int) -> int:
    return (max(size, 1) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def _best_gap(taken: list[tuple[int, int]], size: int) -> int:
    """Start of the smallest free stretch that holds `size` bytes."""
    best, best_length, end = -1, -1, 0
    for start, stop in taken:
        gap = start - end
        if gap >= size and (best < 0 or gap < best_length):
            best, best_length = end, gap
        end = max(end, stop)
    return best if best >= 0 else end
