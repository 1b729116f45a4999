"""Memory for a program's temporaries, which layouts that run one at a time share.

The system clears each page when it is first touched, which takes longer than to compute what is in it. So there is room
for somewhat larger sizes than those it was made for, and those that fit plan nothing and touch few fresh pages.
"""
from __future__ import annotations

from typing import Any

import numpy as np

from ..ir.dims import Evaluator, evaluator
from ..schedule.memory import ALIGNMENT, plan
from .outline import Outline, Sizes, address_of

Array = np.ndarray[Any, Any]

MOST_AHEAD_BYTES = 2**28                    # of buffers; above, there is room for no more than is needed


class Arena:
    """One allocation for all temporaries.

    Parameters
    ----------
    outline : of the program
    sizes : value of each size symbol
    ahead : whether there is to be room for sizes a quarter larger

    Attributes
    ----------
    addresses : of the program's buffers, 0 of those that depend on sizes and are no temporaries
    busy : a number that is not 0 while a run uses the memory
    """

    def __init__(self, outline: Outline, sizes: Sizes, ahead: bool = False) -> None:
        program = outline.program
        buffers = [program.buffers[slot.buffers[0]] for slot in program.slots]
        value = evaluator(sizes)
        self.room = {b.size: value(b.size) for b in buffers}
        if ahead:
            value = evaluator({name: size + size // 4 + 1 for name, size in sizes.items()})
            more = {size: max(value(size), least) for size, least in self.room.items()}
            if sum(more[b.size] * b.dtype.size for b in buffers) <= MOST_AHEAD_BYTES:
                self.room = more
        offsets, total = plan(program.slots, {b.index: self.room[b.size] * b.dtype.size for b in buffers})
        self.memory = np.empty(total + ALIGNMENT, np.uint8)
        start = address_of(self.memory)
        start += -start % ALIGNMENT
        self.addresses = outline.addresses.copy()
        self.addresses[list(offsets)] = start + np.array(list(offsets.values()), np.int64)
        self.busy = np.zeros(1, np.int64)

    def has_room(self, value: Evaluator) -> bool:
        """Whether the temporaries of these sizes fit."""
        return all(value(size) <= room for size, room in self.room.items())
