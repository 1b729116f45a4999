"""The step of a tiny program as one kernel, for loops that run long enough: compiled meanwhile, taken when it is there.

A layout comes in with what the loop around it moves; the address of a kernel goes out that runs step after step by
itself, or the reason why there is none. The usual kernels run until then.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..codegen.emit import Kernel
from ..codegen.kernels.runner import EXTENT, ROW
from ..codegen.kernels.texts import inlined
from ..codegen.whole import Row, whole
from ..config import settings
from ..errors import CompileError
from .layout import Array, Layout

if TYPE_CHECKING:
    from concurrent.futures import Future

    from .compiler import Compiler

# By measurement on a Zen 5: numba takes some 3 milliseconds a line, and what calls and sizes cost is lost in the rest
# where a step's loops alone take longer than this.
MOST_LINES = 400
MOST_NS = 1000.0
# Seconds of steps, behind and ahead, from which looking for the kernel on disk pays, and compiling it.
LOOK_S, PAYS_S = 0.1, 1.0


class WholeStep:
    """A program's step as one kernel, for loops that move the same addresses by as much.

    Parameters
    ----------
    layout : with the rows that the loop puts before the program
    ahead : the kernels of these
    moves : place in the table of addresses, bytes that it is further in each step

    Attributes
    ----------
    reason : why there is no such kernel; None while there may be one
    """

    def __init__(self, layout: Layout, ahead: Sequence[Kernel], moves: Sequence[tuple[int, int]]) -> None:
        self.layout = layout
        self.end = len(layout.sizes)
        self.called: list[int] = []         # addresses of kernels without a text
        self.kernel: Kernel | None = None
        self.code: int | None = None
        self.reason = _refusal(layout)
        self._pending: Future[list[int]] | None = None
        if self.reason is None:
            self._write([*ahead, *layout.outline.kernels], dict(moves))

    def _write(self, kernels: Sequence[Kernel], moves: dict[int, int]) -> None:
        layout = self.layout
        table = layout.rows.reshape(-1, ROW).tolist()
        sizes = layout.sizes.tolist()
        ends = sorted(row[2] for row in table)
        rows: list[Row] = []
        for kernel, (address, first, first_size, *_) in zip(kernels, table, strict=True):
            after = next((e for e in ends if e > first_size), len(sizes))
            numbers = tuple(sizes[first_size:after])
            text = inlined(kernel.name, numbers) if kernel.text is None else kernel.text
            if text is None:
                self.called.append(address)
            rows.append(Row(text, table[len(rows)][EXTENT], numbers, first, first_size, kernel.buffers))
        made = whole(rows, moves, self.end)
        lines = (made.text or "").count("\n")
        if len(self.called) == len(rows):
            self.reason = "all of its kernels are written by hand"
        elif lines > MOST_LINES:
            self.reason = f"its text has {lines} lines, more than {MOST_LINES}"
        else:
            self.kernel = made

    def address(self, compiler: Compiler, seconds: float) -> int | None:
        """Where the kernel is if it is here, or on disk; else it is compiled in the background if that pays.

        Parameters
        ----------
        seconds : what the loop's steps take, those behind and those ahead
        """
        if self.kernel is None or self.code is not None:
            return self.code
        waits = settings().tier == "whole"
        try:
            if waits or (seconds >= LOOK_S and compiler.has([self.kernel])):
                (self.code,) = compiler.addresses([self.kernel])
            elif self._pending is None and seconds >= PAYS_S:
                self._pending = compiler.prepare([self.kernel])
            elif self._pending is not None and self._pending.done():
                self._pending.result()
        except CompileError as error:
            self.kernel, self.reason = None, str(error).splitlines()[0]
        return self.code

    def __str__(self) -> str:
        if self.code is not None:
            return "one kernel for all steps"
        yet = "not worth compiling one for all steps yet" if self._pending is None else "one is being compiled"
        return f"kernel by kernel: {self.reason or yet}"

    # ------------------------------------------------ what the kernel reads

    @property
    def sizes(self) -> Array:
        """The layout's table of sizes, and what the kernel wants after it."""
        return np.array([*self.layout.sizes[:self.end].tolist(), 0, 0, *self.called], np.int64)

    def failure(self) -> tuple[int, int]:
        """Row and step in which the kernel has failed."""
        row, step = self.layout.sizes[self.end:self.end + 2].tolist()
        return row, step


def _refusal(layout: Layout) -> str | None:
    if layout.nested:
        return "it has loops or branches"
    if layout.outline.takes_steps and not layout.ahead:
        return "it is one kernel that takes all steps by itself"
    if layout.shared:
        return "threads share its work"
    if layout.work_ns > MOST_NS:
        return f"a step takes more than {MOST_NS:g} nanoseconds"
    return None
