"""Offsets of temporary buffers in one arena: buffers that are never alive together share bytes.

Two steps. Buffers of one size, whatever it will be, are put into slots as soon as the program is known; what is
left to do for real sizes is to place the slots, of which there are few: greedy best fit, largest first.

References
----------
Pisarchyk and Lee (2020), "Efficient memory management for deep neural net inference", section 4; Hashimoto and Stevens
(1971), "Wire routing by optimizing channel assignment within large apertures", for the slots.
"""
from __future__ import annotations

from bisect import bisect
from collections.abc import Hashable, Mapping, Sequence
from heapq import heappush, heapreplace

import numpy as np

from ..values import dataclass

ALIGNMENT = 64                              # bytes: a cache line, and the widest vector
STRETCH = 64                                # instructions whose slots are kept in one list, bits of a word
SHORT = 8                                   # stretches in which a slot that lives shortly is alive, at most


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
    placed = _Placed()
    total = 0
    for slot in sorted(slots, key=lambda s: (-sizes[s.buffers[0]], s.buffers[0])):
        size = aligned(sizes[slot.buffers[0]])
        start = placed.best_gap(slot.alive, size)
        placed.add(start, start + size, slot.alive)
        total = max(total, start + size)
        offsets.update(dict.fromkeys(slot.buffers, start))
    return offsets, total


def aligned(size: int) -> int:
    return (max(size, 1) + ALIGNMENT - 1) // ALIGNMENT * ALIGNMENT


def _bits(first: int, last: int) -> int:
    return (1 << (last + 1)) - (1 << first)


_Slotted = tuple[int, int, int]             # start, stop, alive


def _stretches(alive: int) -> list[int]:
    """The stretches of instructions that have a bit."""
    words = alive.to_bytes(-(-alive.bit_length() // STRETCH) * STRETCH // 8, "little")
    return np.flatnonzero(np.frombuffer(words, np.uint64)).tolist()


class _Placed:
    """Slots that have their bytes.

    Of a network that keeps what its gradient needs, most are alive together and stand without a gap between them.
    Nobody who is alive then has to look at each of those.

    slots : (start, stop, alive), by start
    during : of each stretch of instructions those alive in it that live shortly. There may be thousands of these, each
        of a size of its own, and few that one of them could meet
    long : the others
    dense, stop, alive : how many of the first leave no gap, where they end, and when all of them are alive
    """

    def __init__(self) -> None:
        self.slots: list[_Slotted] = []
        self.during: dict[int, list[_Slotted]] = {}
        self.long: list[_Slotted] = []
        self.dense, self.stop, self.alive = 0, 0, -1

    def add(self, start: int, stop: int, alive: int) -> None:
        k = bisect(self.slots, (start, stop, alive))
        self.slots.insert(k, (start, stop, alive))
        stretches = _stretches(alive)
        for kept in [self.during.setdefault(n, []) for n in stretches] if len(stretches) <= SHORT else [self.long]:
            kept.append((start, stop, alive))
        if k < self.dense and not self.alive & alive:
            self.dense, self.stop = k, max((stop for _, stop, _ in self.slots[:k]), default=0)
        elif k < self.dense or (k == self.dense and start <= self.stop and self.alive & alive):
            self.dense, self.stop, self.alive = self.dense + 1, max(self.stop, stop), self.alive & alive

    def best_gap(self, alive: int, size: int) -> int:
        """Start of the smallest stretch of `size` bytes or more that is free while a slot is alive."""
        best, best_length, end, slots = -1, -1, 0, self.slots
        if self.alive & alive:
            end, slots = self.stop, slots[self.dense:]
        if len(self.long) * 4 < len(slots):
            near = [self.during.get(n, []) for n in _stretches(alive)]
            if 4 * sum(map(len, near)) < len(slots):
                end, slots = 0, sorted({slot for few in (*near, self.long) for slot in few})
        for start, stop, others in slots:
            if others & alive:
                gap = start - end
                if gap >= size and (best < 0 or gap < best_length):
                    best, best_length = end, gap
                if stop > end:
                    end = stop
        return best if best >= 0 else end
