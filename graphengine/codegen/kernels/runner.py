"""The runner: one compiled loop for all programs. It calls kernels in order, step after step.

A control block comes in (see `Control`), a code goes out: 0, or the code of the kernel that failed. A row of the
program is (kernel address, first entry in the table of addresses, first in the table of sizes, extent). After a
step each move adds its increment to an address, so that the next step sees the next piece of a stacked feed.
"""
from __future__ import annotations

from enum import IntEnum
from typing import Any

ROW = 4                                     # entries of a row
MOVE = 2                                    # entries of a move: place in the table of addresses, increment in bytes


class Control(IntEnum):
    """Entries of the control block."""

    ROWS = 0
    ROW_COUNT = 1
    ADDRESSES = 2
    SIZES = 3
    MOVES = 4
    MOVE_COUNT = 5
    STEPS = 6                               # how many to run
    DONE = 7                                # out: how many have been run
    FAILED = 8                              # out: the row that returned a code


def build() -> Any:
    """The runner as a function for numba, of a pointer to the control block."""
    from .. import abi

    pointer_i64, call_kernel, offset = abi.pointer_i64, abi.call_kernel, abi.offset

    def runner(control):  # type: ignore[no-untyped-def]
        rows = pointer_i64(control[0])
        row_count = control[1]
        addresses = pointer_i64(control[2])
        sizes = pointer_i64(control[3])
        moves = pointer_i64(control[4])
        move_count = control[5]
        steps = control[6]
        for step in range(steps):
            for k in range(row_count):
                r = k * 4
                code = call_kernel(rows[r], offset(addresses, rows[r + 1]), offset(sizes, rows[r + 2]), 0, rows[r + 3])
                if code != 0:
                    control[7] = step
                    control[8] = k
                    return code
            for m in range(move_count):
                addresses[moves[2 * m]] += moves[2 * m + 1]
        control[7] = steps
        return 0

    return runner
