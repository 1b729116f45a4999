"""Kernels of a program: generated text for loop nests, names of hand-written kernels for library calls."""
from __future__ import annotations

from ..ops.kinds import Library
from ..schedule.program import Instruction, Program
from .emit import Kernel, emit
from .lower import lower


def generate(program: Program) -> list[Kernel]:
    """One kernel for each instruction."""
    return [_library(i) if i.call is not None else emit(lower(i, program)) for i in program.instructions]


def _library(instruction: Instruction) -> Kernel:
    node = instruction.call
    assert node is not None
    assert isinstance(node.op, Library)
    call, overwritten = node.op.call(node.inputs, node.outputs), node.op.overwrites
    is_in_place = overwritten is not None and instruction.reads[overwritten] == instruction.writes[0]
    buffers = (*instruction.reads, *instruction.writes, *instruction.scratch)
    return Kernel(call.in_place or call.kernel if is_in_place else call.kernel, None, buffers, call.sizes, call.extent)
