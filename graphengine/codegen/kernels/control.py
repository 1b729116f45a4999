"""Loops and choices: kernels that call the runner on the program of a region.

Buffers are the operands of the op, then its results. The table of sizes is made by `runtime.nested`; see `LoopSize`
and `SwitchSize`. A bind (buffer, place, stride) puts a buffer's address into the region's own table of addresses; the
runner then moves it by `stride` after each step. A loop that is stopped goes on where it was when it is called again.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import Any

from .runner import STOPPED, ControlBlock

_STRETCH = 256                              # steps between two looks at whether to stop


class LoopSize(IntEnum):
    """Entries of a loop's table of sizes."""

    RUNNER = 0                              # address of the runner
    CONTROL = 1                             # address of the region's control block
    BINDS = 2                               # table of (buffer, place, stride)
    BIND_COUNT = 3
    COPIES = 4                              # table of (from buffer, to buffer, bytes): where carried values begin
    COPY_COUNT = 5
    FILLS = 6                               # table of (buffer, stride): stacked results
    FILL_COUNT = 7
    MOST = 8                                # most steps, -1 without limit
    COUNTED = 9                             # whether buffer 0 holds the number of steps
    BEGIN = 10                              # buffer that says whether to begin, -1 without condition
    GO_ON = 11                              # address where the region writes whether to go on
    BACKWARD = 12
    STEPS_DONE = 13                         # buffer for the number of steps
    STOPPED_AT = 14                         # steps done of a loop that stopped and will go on, else -1


class SwitchSize(IntEnum):
    """Entries of a choice's table of sizes."""

    RUNNER = 0
    BRANCHES = 1                            # table of (control block, binds, bind count)
    COUNT = 2
    TAKEN = 3                               # out: the branch that ran


def build(name: str) -> Callable[..., int]:
    """`loop` or `switch`."""
    return {"loop": _loop, "switch": _switch}[name]()


def _loop() -> Callable[..., int]:
    from .. import abi

    pointer_i64, pointer_i32, pointer_b1 = abi.pointer_i64, abi.pointer_i32, abi.pointer_b1
    call_runner: Any = abi.call_runner
    addresses, steps = int(ControlBlock.ADDRESSES), int(ControlBlock.STEPS)
    size = {entry.name: int(entry) for entry in LoopSize}
    runner, control_at, binds_at, bind_count = size["RUNNER"], size["CONTROL"], size["BINDS"], size["BIND_COUNT"]
    copies_at, copy_count, fills_at, fill_count = size["COPIES"], size["COPY_COUNT"], size["FILLS"], size["FILL_COUNT"]
    most_at, counted, begin, go_on_at = size["MOST"], size["COUNTED"], size["BEGIN"], size["GO_ON"]
    backward, steps_done, stopped_at = size["BACKWARD"], size["STEPS_DONE"], size["STOPPED_AT"]
    inner_done, stop_at = int(ControlBlock.DONE), int(ControlBlock.STOP)
    stretch, stopped = _STRETCH, STOPPED

    def kernel(b: Any, s: Any, lo: int, hi: int) -> int:
        control = pointer_i64(s[control_at])
        inner = pointer_i64(control[addresses])
        most = s[most_at]
        if s[counted] != 0:
            count = pointer_i32(b[0])[0]
            most = count if most < 0 or count < most else most
            most = 0 if most < 0 else most
        has_condition = s[begin] >= 0
        done = s[stopped_at]
        is_new = done < 0
        s[stopped_at] = -1
        if is_new:
            done = 0
            copies = pointer_i64(s[copies_at])
            for k in range(s[copy_count]):
                source, target = pointer_b1(b[copies[3 * k]]), pointer_b1(b[copies[3 * k + 1]])
                for i in range(copies[3 * k + 2]):
                    target[i] = source[i]
            if has_condition and pointer_b1(b[s[begin]])[0] == 0:
                most = 0
            binds = pointer_i64(s[binds_at])
            for k in range(s[bind_count]):
                ahead = (most - 1) * binds[3 * k + 2] if s[backward] != 0 else 0
                inner[binds[3 * k + 1]] = b[binds[3 * k]] + ahead
        stop = pointer_i64(pointer_i64(control[stop_at])[0])
        while most < 0 or done < most:
            if is_new:
                left = most - done
                control[steps] = 1 if has_condition else stretch if left > stretch else left
            is_new = True
            count = control[steps]
            code = call_runner(s[runner], control)
            if code != 0:
                if code == stopped:
                    s[stopped_at] = done + control[inner_done]
                return code
            done += count
            if has_condition and pointer_b1(s[go_on_at])[0] == 0:
                break
            if stop[0] != 0 and (most < 0 or done < most):
                control[steps] = 0          # nothing is left of this stretch
                s[stopped_at] = done
                return stopped
        if s[most_at] > done:
            fills = pointer_i64(s[fills_at])
            for k in range(s[fill_count]):
                rest = pointer_b1(b[fills[2 * k]])
                for i in range(done * fills[2 * k + 1], s[most_at] * fills[2 * k + 1]):
                    rest[i] = 0
        pointer_i32(b[s[steps_done]])[0] = done
        return 0

    return kernel


def _switch() -> Callable[..., int]:
    from .. import abi

    pointer_i64, pointer_i32 = abi.pointer_i64, abi.pointer_i32
    call_runner: Any = abi.call_runner
    addresses, steps = int(ControlBlock.ADDRESSES), int(ControlBlock.STEPS)
    runner, branches_at, count_at, taken = (int(entry) for entry in SwitchSize)

    def kernel(b: Any, s: Any, lo: int, hi: int) -> int:
        k = pointer_i32(b[0])[0]
        if k < 0 or k >= s[count_at]:
            k = s[count_at] - 1
        s[taken] = k
        branches = pointer_i64(s[branches_at])
        control = pointer_i64(branches[3 * k])
        inner = pointer_i64(control[addresses])
        binds = pointer_i64(branches[3 * k + 1])
        for i in range(branches[3 * k + 2]):
            inner[binds[3 * i + 1]] = b[binds[3 * i]]
        control[steps] = 1
        return call_runner(s[runner], control)

    return kernel
