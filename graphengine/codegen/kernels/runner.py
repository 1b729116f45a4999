"""The runner: one compiled loop for all programs. It calls kernels in order, step after step.

A control block comes in (see `Control`), a code goes out: 0, or the code of the kernel that failed. A row of the
program is (kernel address, first entry in the table of addresses, first in the table of sizes, extent, length of a
slice if the row is shared between threads, else 0). After a step each move adds its increment to an address, so that
the next step sees the next piece of a stacked feed.

Before each row it looks whether to stop. Then it returns `STOPPED`, and goes on where it was when it is called again.
"""
from __future__ import annotations

from enum import IntEnum
from typing import Any

ROW = 5                                     # entries of a row
EXTENT = 3                                  # the entry that is a kernel's extent
MOVE = 2                                    # entries of a move: place in the table of addresses, increment in bytes
STOPPED = -1                                # code of a run that stopped because it was asked to


class ControlBlock(IntEnum):
    """Entries of the control block."""

    ROWS = 0
    ROW_COUNT = 1
    ADDRESSES = 2
    SIZES = 3
    MOVES = 4
    MOVE_COUNT = 5
    STEPS = 6                               # how many to run; of a run that stopped, how many are left
    DONE = 7                                # out: how many have been run
    FAILED = 8                              # out: the row that returned a code
    START = 9                               # row to go on with: 0, or where the run before stopped
    STOP = 10                               # address of the address of a number that is not 0 when to stop
    TEAM = 11                               # address of the table of helpers; 0 if no row is shared


def build() -> Any:
    """The runner as a function for numba, of a pointer to the control block."""
    from .. import abi
    from .team import build_split

    pointer_i64, call_kernel, offset = abi.pointer_i64, abi.call_kernel, abi.offset
    split = build_split()
    stopped = STOPPED

    def runner(control):  # type: ignore[no-untyped-def]
        rows = pointer_i64(control[0])
        row_count = control[1]
        addresses = pointer_i64(control[2])
        sizes = pointer_i64(control[3])
        moves = pointer_i64(control[4])
        move_count = control[5]
        steps = control[6]
        first = control[9]
        control[9] = 0
        stop = pointer_i64(pointer_i64(control[10])[0])
        for step in range(steps):
            for k in range(first, row_count):
                r = k * 5
                if stop[0] != 0:
                    code = stopped
                elif rows[r + 4] == 0:
                    buffers, numbers = offset(addresses, rows[r + 1]), offset(sizes, rows[r + 2])
                    code = call_kernel(rows[r], buffers, numbers, 0, rows[r + 3])
                else:
                    buffers, numbers = control[2] + 8 * rows[r + 1], control[3] + 8 * rows[r + 2]
                    code = split(pointer_i64(control[11]), rows[r], buffers, numbers, rows[r + 3], rows[r + 4])
                if code != 0:
                    control[7] = step
                    control[8] = k
                    if code == stopped:
                        control[6] = steps - step
                        control[9] = k
                    return code
            first = 0
            for m in range(move_count):
                addresses[moves[2 * m]] += moves[2 * m + 1]
        control[7] = steps
        return 0

    return runner
