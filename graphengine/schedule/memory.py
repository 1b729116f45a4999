"""Offsets of temporary buffers in one arena: buffers that are never alive together share bytes.

Two steps. Buffers of one size, whatever it will be, are put into slots as soon as the program is known; what is
left to do for real sizes is to place the slots, of which there are few: greedy best fit, largest first.

References
----------
Pisarchyk and Lee (2020), "Efficient memory management for deep neural net inference", section 4; Hashimoto and Stevens
(1971), "Wire routing by optimizing channel assignment within large apertures", for the slots.
"""
from __future__ import annotations

from bisect import insort
from collections.abc import Hashable, Mapping, Sequence
from heapq import heappush, heapreplace

from ..values import dataclass

ALIGNMENT = 64                              # bytes: a cache line, and the widest vector


@dataclass(frozen=True)
class Slot:
    """Memory that buffers of one size use one after the other.

    alive : a bit for each instruction during which one of them is alive
    """

    buffers: tuple[int, ...]
    alive: int


def slots(lifetimes: Mapping[int, tuple[int, int]], sizes: Mapping[int, Hashable]) -> tuple[Slot, ...]:
    """As few slots as there are buffers of each size alive at once.

    Parameters
    ----------
    lifetimes : first and last instruction that touch each buffer
    sizes : of each buffer, in any form in which equal ones are equal
    """
    found: list[list[int]] = []
    used: dict[Hashable, list[tuple[int, int]]] = {}    # size -> (last instruction, slot), the earliest first
    for b in sorted(lifetimes, key=lambda b: (lifetimes[b], b)):
        first, last = lifetimes[b]
        ends = used.setdefault(sizes[b], [])
        if ends and ends[0][0] < first:
            slot = ends[0][1]
            found[slot].append(b)
            heapreplace(ends, (last, slot))
        else:
            heappush(ends, (last, len(found)))
            found.append([b])
    return tuple(Slot(tuple(slot), sum(_bits(*lifetimes[b]) for b in slot)) for slot in found)


def plan(slots: Sequence[Slot], sizes: Mapping[int, int]) -> tuple[dict[int, int], int]:
    """Offset of each buffer, and the arena's size, all in bytes; `sizes` are those of the buffers."""
    offsets: dict[int, int] = {}
    placed: list[tuple[int, int, int]] = []             # start, stop, alive
    total = 0
    for slot in sorted(slots, key=lambda s: (-sizes[s.buffers[0]], s.buffers[0])):
        size = aligned(sizes[slot.buffers[0]])
        start = _best_gap(placed, slot.alive, size)
        insort(placed, (start, start + size, slot.alive))
        total = max(total, start + size)
        offsets.update(dict.fromkeys(slot.buffers, start))
    return offsets, total


def aligned(size: int) -> int:
    return (max(size, 1) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def _bits(first: int, last: int) -> int:
    return (1 << (last + 1)) - (1 << first)


def _best_gap(placed: Sequence[tuple[int, int, int]], alive: int, size: int) -> int:
    """Start of the smallest stretch of `size` bytes or more that is free while a slot is alive."""
    best, best_length, end = -1, -1, 0
    for start, stop, others in placed:
        if others & alive:
            gap = start - end
            if gap >= size and (best < 0 or gap < best_length):
                best, best_length = end, gap
            if stop > end:
                end = stop
    return best if best >= 0 else end
