"""Compiled loops: a program set up to run step after step on feeds that stay where they are."""
from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..codegen.emit import Kernel
from ..codegen.kernels.runner import EXTENT, ROW, ControlBlock
from ..config import settings
from ..dtypes import DType
from ..ir.node import Tensor
from .layout import Layout
from .outline import address_of
from .whole import LOOK_S, WholeStep

if TYPE_CHECKING:
    from .executable import Executable

Array = np.ndarray[Any, Any]
Move = tuple[int, int]                      # place in the table of addresses, bytes that it grows by after a step

SLICE_S = 0.03                              # length of one stretch of a compiled loop, so that Ctrl-C is heard


@dataclass(frozen=True)
class Rows:
    """A feed of a compiled loop that picks rows of an array which stays where it is.

    data : all rows, (n, ...)
    indices : which rows make the batch of each step, (steps, batch), int
    """

    data: Array
    indices: Array


def picking(feeds: Sequence[Tensor], arrays: Sequence[Array | Rows]) -> list[Kernel]:
    """The kernels that pick the rows of each step, for the feeds that want it."""
    return [_picker(t.dtype) for t, a in zip(feeds, arrays, strict=True) if isinstance(a, Rows)]


def _picker(dtype: DType, buffers: tuple[int, ...] = ()) -> Kernel:
    return Kernel(f"gather_{dtype.size}_i64", None, buffers, (), 1)


class CompiledLoop:
    """Steps of a program without a return to Python between them, as often as one likes.

    A program that is one kernel on single numbers is called once for many steps: its variables are in registers then.
    So is a tiny program whose kernels have been made into one (`runtime.whole`).
    The feeds are read anew in each run: what stands in them may change between two runs.

    Parameters
    ----------
    executable : the program's code
    layout : one made for the shapes of one step, that nothing else runs on until `close`
    feeds : for each feed its array, or rows of one
    stacked : whether the array holds one piece for each step, along its first axis
    collect : whether results of all steps are wanted, along a new first axis, or those of the last
    """

    def __init__(
        self, executable: Executable, layout: Layout, feeds: Sequence[Array | Rows], stacked: Sequence[bool],
        collect: bool,
    ) -> None:
        self.executable = executable
        self.layout = layout
        self.feeds = tuple(feeds)           # their memory is read
        self.collect = collect
        self._ahead: list[Kernel] = []      # those before the program
        self.copies: list[tuple[Array, Array]] = []     # of feeds in whose place the steps write, and those
        program = executable.program
        moves = self._pick_rows()
        for b, array, is_stacked in zip(program.feeds, feeds, stacked, strict=True):
            if not isinstance(array, Rows):
                if executable.written.overlaps(array):
                    array, own = array.copy(), array
                    self.copies.append((array, own))
                layout.point(b, address_of(array))
                if is_stacked and array.shape[0]:
                    moves += [(k, array.nbytes // array.shape[0]) for k in layout.outline.entries.get(b, ())]
        if collect:
            moves += [(k, own.nbytes) for b, own in zip(program.fetches, layout.results, strict=True)
                      for k in layout.outline.entries.get(b, ())]
        self._begin = layout.addresses.copy()
        self._moves = moves
        self._whole: WholeStep | None = None
        self.takes_steps = layout.outline.takes_steps and not layout.ahead      # by one call of the kernel
        if self.takes_steps:
            growth = dict(moves)
            for b, entry in layout.outline.step_entries.items():
                layout.sizes[entry] = growth.get(layout.outline.entries[b][0], 0) // program.buffers[b].dtype.size
        else:
            layout.set_moves(moves)

    def _run_as_one(self, seconds: float) -> None:
        """Let one kernel take the steps if there is one, or there soon may be, and they take so many seconds in all."""
        layout = self.layout
        if self.takes_steps or not (seconds >= LOOK_S or settings().tier == "whole"):
            return
        found = self._whole
        if found is None:
            key = tuple(self._moves), *(row.tobytes() for row in (layout.sizes, layout.rows[EXTENT::ROW]))
            found = self._whole = layout.wholes.get(key)
            if found is None:
                found = self._whole = layout.wholes[key] = WholeStep(layout, self._ahead, self._moves)
        code = found.address(self.executable.compiler, seconds)
        if code is not None:
            for place, address in layout.apart.items():
                layout.addresses[place] = self._begin[place] = address
            layout.run_alone(code, found.sizes)
            self.takes_steps = True

    def _pick_rows(self) -> list[Move]:
        """Put kernels before the program that pick the rows of each step; the moves of their indices."""
        rows: list[tuple[int, list[int], list[int], int]] = []
        moves: list[Move] = []
        if not any(isinstance(feed, Rows) for feed in self.feeds):
            self.layout.prepend(rows)
            return moves
        own = self.executable
        for b, stage, dtype, feed in zip(own.program.feeds, self.layout.staging, own.dtypes, self.feeds, strict=True):
            if isinstance(feed, Rows):
                (code,) = own.compiler.addresses([_picker(dtype)])
                inner = feed.data.size // max(len(feed.data), 1)
                batch = feed.indices.shape[1]
                moves.append((3 * len(rows) + 1, 8 * batch))
                addresses = [address_of(feed.data), address_of(feed.indices), address_of(stage)]
                self._ahead.append(_picker(dtype, (-1, -1, b)))
                rows.append((code, addresses, [1, len(feed.data), inner, batch], 1))
        first = self.layout.prepend(rows)
        return [(first + place, size) for place, size in moves]

    def run(self, steps: int, on_progress: Callable[[int], Any] | None = None, first: int = 0) -> list[Any]:
        """Results of some of the steps.

        Parameters
        ----------
        steps : how many, at least 1
        on_progress : called with the number of steps done, about 30 times a second at most; True stops the loop
        first : the step to begin with

        Raises
        ------
        KeyboardInterrupt between two steps: variables are those of the last whole step. In a step with a loop that may
        run for ever, also in the middle of it.
        """
        layout = self.layout
        for copy, own in self.copies:
            copy[...] = own
        layout.addresses[:] = self._begin
        if first:
            self._advance(first)
        results = layout.results
        if self.collect:
            results = [np.empty((steps, *own.shape), own.dtype) for own in layout.results]
            for b, array in zip(self.executable.program.fetches, results, strict=True):
                layout.point(b, address_of(array))
        done = self._run(steps, on_progress)
        if self.collect:
            return [r[:done] for r in results]
        return [r[()] if not r.ndim else r.copy() for r in results]

    def _run(self, steps: int, on_progress: Callable[[int], Any] | None) -> int:
        """Run stretches of steps of about SLICE_S; Python hears signals between them. Returns the steps done."""
        layout = self.layout
        done, stretch, left_s = 0, layout.stretch, 0.0
        while done < steps:
            self._run_as_one(layout.spent_s + left_s)
            count = min(stretch, steps - done)
            if self.takes_steps:
                layout.take_steps(count)
            else:
                layout.control[ControlBlock.STEPS] = count
            start = time.perf_counter()
            code = self.executable.call(layout, layout.is_endless)
            elapsed = time.perf_counter() - start
            layout.spent_s += elapsed
            left_s = elapsed / count * (steps - done - count)
            if code and self.takes_steps:
                done += self._failed()
            elif self.takes_steps:
                self._advance(count)
                done += count
            else:
                done += int(layout.control[ControlBlock.DONE])
            if code:
                raise self.executable.failure(layout, code, done)
            if on_progress is not None and on_progress(done):
                break
            layout.stretch = stretch = max(1, min(int(count * SLICE_S / max(elapsed, 1e-9)), 4 * stretch + 16))
        return done

    def _failed(self) -> int:
        """After a failure of the kernel that runs alone, which is then told as the runner would. Returns steps done."""
        assert self._whole is not None, "a kernel that cannot fail has failed"
        row, step = self._whole.failure()
        self.takes_steps = False
        self.layout.run_all()
        self.layout.control[ControlBlock.FAILED] = row
        self._advance(step)
        return step

    def _advance(self, steps: int) -> None:
        """Let feeds and collected results be those of a later step."""
        for place, size in self._moves:
            self.layout.addresses[place] += steps * size

    def close(self) -> None:
        """Give the layout back as it was."""
        self.layout.restore()
