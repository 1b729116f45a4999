"""How long each kernel of a program takes, beside what it has to read, write and compute.

An executable and a layout go in, measurements come out. Whole steps are run, kernel by kernel, so each meets the data
and the caches that it meets in earnest; variables change as in any run.
"""
from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from ctypes import c_void_p
from typing import Any

import numpy as np

from ..codegen.kernels.runner import ROW, ControlBlock
from ..ir.dims import Size, evaluate, product
from ..ops.kinds import Reduction
from ..schedule.program import Instruction
from ..values import dataclass
from .executable import Executable
from .layout import Layout
from .outline import address_of

Array = np.ndarray[Any, Any]

MEASURED_BYTES = 2**26                      # of the copy that measures bandwidth: far beyond the caches
MEASURED_SIDE = 768                         # of the matrices whose product measures the peak


@dataclass(frozen=True)
class KernelTime:
    """One kernel of a program.

    title : the ops it runs
    kernel : its name; kernels of one name share their code
    nodes : the graph's nodes it computes
    seconds : shortest time of one call
    moved_bytes : of the arrays it reads and writes, each counted once
    operations : rough number of arithmetic operations, None where an op does not say
    """

    title: str
    kernel: str
    nodes: tuple[str, ...]
    seconds: float
    moved_bytes: int
    operations: int | None


@dataclass(frozen=True)
class Machine:
    """Bytes a second that a copy moves, and float32 operations a second of a matrix product, as measured."""

    bandwidth: float
    peak: float


def measure_kernels(executable: Executable, layout: Layout, feeds: Sequence[Array], repeats: int) -> list[KernelTime]:
    """The shortest of `repeats` times of each kernel."""
    for stage, feed in zip(layout.staging, feeds, strict=True):
        stage[...] = feed
    if layout.shared:
        executable.compiler.team.call()
    control = layout.control.copy()
    pointer = c_void_p(address_of(control))
    start = int(layout.control[ControlBlock.ROWS])
    best = [float("inf")] * len(executable.kernels)
    control[ControlBlock.ROW_COUNT] = 0
    idle = _shortest(lambda: executable.run_rows(pointer), 10 * repeats)
    control[ControlBlock.ROW_COUNT] = 1
    for _ in range(repeats):
        for k in range(len(best)):
            control[ControlBlock.ROWS] = start + 8 * ROW * k
            begin = time.perf_counter()
            code = executable.run_rows(pointer)
            best[k] = min(best[k], time.perf_counter() - begin)
            if code:
                layout.control[ControlBlock.FAILED] = k
                raise executable.failure(layout, code)
    return [
        KernelTime(i.title, kernel.name, tuple(n.name for n in i.nodes), max(seconds - idle, 0.0),
                   _moved(executable, i, layout), _operations(i, layout))
        for i, kernel, seconds in zip(executable.program.instructions, executable.kernels, best, strict=True)
    ]


def measure_machine(repeats: int = 5) -> Machine:
    """What this machine can do now, with what else it is doing."""
    source, target = np.ones(MEASURED_BYTES // 4, np.float32), np.zeros(MEASURED_BYTES // 4, np.float32)
    matrix = np.ones((MEASURED_SIDE, MEASURED_SIDE), np.float32)
    copy_s = _shortest(lambda: np.copyto(target, source), repeats)
    product_s = _shortest(lambda: np.matmul(matrix, matrix), repeats)
    return Machine(2 * MEASURED_BYTES / copy_s, 2 * MEASURED_SIDE**3 / product_s)


def _shortest(run: Callable[[], Any], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        begin = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - begin)
    return best


def _moved(executable: Executable, instruction: Instruction, layout: Layout) -> int:
    kept = {b for _, b in instruction.kept}
    buffers = [executable.program.buffers[b] for b in {*instruction.reads, *instruction.writes} - kept]
    return sum(evaluate(b.size, layout.known) * b.dtype.size for b in buffers)


def _operations(instruction: Instruction, layout: Layout) -> int | None:
    if instruction.group is None:
        op, node = instruction.nodes[0].op, instruction.nodes[0]
        count = op.operations(node.inputs, node.outputs) if instruction.call is not None else 0
        return None if count is None else evaluate(count, layout.known)
    total: Size = 0
    for node in instruction.nodes:
        walked = node.inputs[0] if isinstance(node.op, Reduction) else node.outputs[0]
        total = total + product(walked.shape) * (1 if isinstance(node.op, Reduction) else node.op.cost)  # type: ignore[arg-type]
    return evaluate(total, layout.known)
