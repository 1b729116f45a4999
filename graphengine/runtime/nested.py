"""Tables of a loop or a choice with real sizes: a layout for the program of each region, and how it is tied in.

The addresses of a region's inputs and outputs are those of the op's buffers; the kernel puts them in each time it
runs, since feeds and results of the program around it may be elsewhere then.
"""
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..codegen.emit import Kernel, Part
from ..codegen.kernels.control import LoopSize, SwitchSize
from ..codegen.kernels.runner import ROW
from ..ir.dims import evaluate
from ..ir.node import Tensor
from ..ops.control import Loop
from .layout import RUNNER, Layout, Sizes
from .outline import Outline, address_of

Array = np.ndarray[Any, Any]


class NestedLayout:
    """What the kernel of a loop or a choice finds in its table of sizes.

    Attributes
    ----------
    parts : layout of each region's program
    numbers : the table of sizes
    """

    def __init__(
        self, kernel: Kernel, outlines: Sequence[Outline], code: Mapping[str, int], sizes: Sizes, team: int,
        outer: Layout,
    ) -> None:
        assert kernel.nested is not None, "a kernel without regions"
        self.sizes = sizes
        self.node = kernel.nested.node
        self.parts = [Layout(outline, code, sizes, team, outer=outer) for outline in outlines]
        self.tables: list[Array] = []       # kept alive: the numbers hold their addresses
        op = self.node.op
        if isinstance(op, Loop):
            self.numbers = self._loop(op, kernel.nested.parts[0], code[RUNNER])
        else:
            self.numbers = self._switch(kernel.nested.parts, code[RUNNER])

    def bytes(self) -> int:
        """Bytes that the regions' layouts hold on to."""
        return sum(p.bytes + p.arena.memory.nbytes for p in self.parts)

    @property
    def is_endless(self) -> bool:
        """Whether this, or what is inside it, is a loop without a largest number of steps."""
        is_loop = isinstance(self.node.op, Loop)
        return (is_loop and self.numbers[LoopSize.MOST] < 0) or any(p.is_endless for p in self.parts)

    def start_anew(self, outer: Layout, row: int) -> None:
        """Forget where a loop was that has been stopped."""
        if isinstance(self.node.op, Loop):
            outer.sizes[outer.rows[row * ROW + 2] + LoopSize.STOPPED_AT] = -1
        for part in self.parts:
            part.start_anew()

    def taken(self, outer: Layout, row: int) -> int:
        """Which region ran last."""
        if isinstance(self.node.op, Loop):
            return 0
        return int(outer.sizes[outer.rows[row * ROW + 2] + SwitchSize.TAKEN])

    def _table(self, rows: Sequence[Sequence[int]]) -> int:
        table = np.array(list(rows) or [[0]], np.int64).reshape(-1)
        self.tables.append(table)
        return address_of(table)

    def _bytes(self, tensor: Tensor, first_axis: int = 0) -> int:
        sizes = [evaluate(s, self.sizes) for s in tensor.shape[first_axis:]]  # type: ignore[arg-type]
        return math.prod(sizes) * tensor.dtype.size

    def _loop(self, op: Loop, part: Part, runner: int) -> list[int]:
        layout, program, node = self.parts[0], part.program, self.node
        first_result = len(node.inputs)
        backward = -1 if op.backward else 1
        binds: list[tuple[int, int, int]] = []
        moves: list[tuple[int, int]] = []

        def bind(buffer: int, operand: int, stride: int) -> None:
            for place in layout.outline.entries.get(buffer, ()):
                binds.append((operand, place, stride))
                if stride:
                    moves.append((place, backward * stride))

        for buffer, k in zip(program.feeds, part.operands, strict=True):
            is_walked = op.carried <= k < op.carried + op.walked
            bind(buffer, op.head + k, self._bytes(node.inputs[op.head + k], 1) if is_walked else 0)
        for k, (_, buffer) in enumerate(program.updates):
            bind(buffer, first_result + k, 0)
        stacked = program.fetches[int(op.conditional):]
        strides = [self._bytes(t, 1) for t in node.outputs[op.carried:-1]]
        for k, (buffer, stride) in enumerate(zip(stacked, strides, strict=True)):
            bind(buffer, first_result + op.carried + k, stride)
        layout.set_moves(moves)
        carried = range(op.carried)
        copies = [(op.head + k, first_result + k, self._bytes(node.outputs[k])) for k in carried]
        fills = [(first_result + op.carried + k, stride) for k, stride in enumerate(strides)]
        most = op.steps(node.inputs)
        numbers = {
            LoopSize.RUNNER: runner, LoopSize.CONTROL: layout.control_address,
            LoopSize.BINDS: self._table(binds), LoopSize.BIND_COUNT: len(binds),
            LoopSize.COPIES: self._table(copies), LoopSize.COPY_COUNT: len(copies),
            LoopSize.FILLS: self._table(fills), LoopSize.FILL_COUNT: len(fills),
            LoopSize.MOST: -1 if most is None else evaluate(most, self.sizes), LoopSize.COUNTED: int(op.counted),
            LoopSize.BEGIN: op.head - 1 if op.conditional else -1,
            LoopSize.GO_ON: layout.own_fetch(0) if op.conditional else 0, LoopSize.BACKWARD: int(op.backward),
            LoopSize.STEPS_DONE: first_result + len(node.outputs) - 1, LoopSize.STOPPED_AT: -1,
        }
        return [numbers[entry] for entry in LoopSize]

    def _switch(self, parts: Sequence[Part], runner: int) -> list[int]:
        node = self.node
        rows = []
        for layout, part in zip(self.parts, parts, strict=True):
            binds = [(1 + k, place, 0) for buffer, k in zip(part.program.feeds, part.operands, strict=True)
                     for place in layout.outline.entries.get(buffer, ())]
            binds += [(len(node.inputs) + k, place, 0) for k, buffer in enumerate(part.program.fetches)
                      for place in layout.outline.entries.get(buffer, ())]
            rows.append((layout.control_address, self._table(binds), len(binds)))
        numbers = {SwitchSize.RUNNER: runner, SwitchSize.BRANCHES: self._table(rows), SwitchSize.COUNT: len(rows),
                   SwitchSize.TAKEN: 0}
        return [numbers[entry] for entry in SwitchSize]

