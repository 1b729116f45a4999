"""What a program's layouts have in common, whatever the sizes are: what stands where in their tables.

Made once for a program, so that a new combination of sizes costs little more than the numbers that differ.
"""
from __future__ import annotations

import ctypes
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..codegen.emit import Kernel, Step
from ..codegen.kernels.entry import NDARRAY_DATA
from ..ops.state import Const
from ..schedule.program import Program

Array = np.ndarray[Any, Any]
Sizes = Mapping[str, int]


def _told_address(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _quick_address(array: Array) -> int:
    """The same from numpy's struct, in a fifth of the time: numpy makes a dict of all it tells."""
    return _word_at(id(array) + 8 * NDARRAY_DATA).value


_word_at = ctypes.c_size_t.from_address
_looks: list[Array] = [np.ones((2, 3), np.float32)[1:], np.ones((0, 2), np.int8), np.ones(())]
_is_where_expected = sys.implementation.name == "cpython" and sys.maxsize > 2**32 and all(
    _quick_address(a) == _told_address(a) for a in _looks
)
address_of = _quick_address if _is_where_expected else _told_address    # of an array's first element


class Outline:
    """Tables of a program before there are sizes.

    Parameters
    ----------
    program : what runs
    kernels : one for each instruction
    code : address of each kernel, by its name
    states : array of each variable that the program touches; None for the program of a loop's or a branch's region

    Attributes
    ----------
    is_region : whether the kernel of a loop or a branch runs it, which puts in the addresses of feeds, variables and
        results
    arrays : buffer -> array, of constants and variables
    addresses : address of each buffer, 0 of those that depend on sizes
    own : buffers of which each layout has arrays of its own
    order : buffer of each place in the table of addresses
    entries : buffer -> places in the table of addresses
    code : address of each kernel
    firsts : first place of each kernel in the table of addresses
    distinct : kernels of which each wants other numbers
    which : for each kernel, the one among those that wants the same
    times : how many kernels want the same as each of those
    nested : kernel -> outlines of the programs that it runs, of loops and choices
    takes_steps : whether it is one kernel that may run many steps by itself
    step_entries : buffer -> place in the table of sizes of what it moves by in each of them
    """

    def __init__(
        self, program: Program, kernels: Sequence[Kernel], code: Mapping[str, int],
        states: Mapping[str, Array] | None = None,
    ) -> None:
        self.program = program
        self.kernels = tuple(kernels)
        self.is_region = states is None
        self.arrays: dict[int, Array] = {}
        self.addresses = np.zeros(len(program.buffers), np.int64)
        for b in program.buffers:
            op = None if b.tensor is None else b.tensor.node.op
            if b.kind == "const" and isinstance(op, Const):
                self.arrays[b.index] = op.value.array
            elif b.kind == "state" and states is not None:
                self.arrays[b.index] = states[b.name]
        for index, array in self.arrays.items():
            self.addresses[index] = address_of(array)
        order = [index for kernel in kernels for index in kernel.buffers]
        kinds = ("const",) if self.is_region else ("const", "feed", "fetch")
        self.own = [b for b in program.buffers if b.kind in kinds and b.index not in self.arrays]
        self.order = np.array(order, np.intp)
        self.entries: dict[int, list[int]] = {}
        for place, index in enumerate(order):
            self.entries.setdefault(index, []).append(place)
        self.code = np.array([code[kernel.name] for kernel in kernels], np.int64)
        lengths = np.array([len(kernel.buffers) for kernel in kernels], np.int64)
        self.firsts = np.cumsum(lengths) - lengths
        self.distinct: list[Kernel] = []
        self.which = np.array(self._compare(kernels), np.intp)
        self.times: list[int] = np.bincount(self.which, minlength=len(self.distinct)).tolist()
        self.nested = {k: [Outline(p.program, p.kernels, code) for p in kernel.nested.parts]
                       for k, kernel in enumerate(kernels) if kernel.nested is not None}
        self.takes_steps = len(kernels) == 1 and kernels[0].takes_steps
        self.step_entries = {slot.buffer: k for k, slot in enumerate(kernels[0].slots if self.takes_steps else ())
                             if isinstance(slot, Step)}

    def _compare(self, kernels: Sequence[Kernel]) -> list[int]:
        """Fill `distinct`; for each kernel its place there. One that runs programs has a place of its own."""
        places: dict[Any, int] = {}
        found = []
        for k, kernel in enumerate(kernels):
            key = k if kernel.nested is not None else (
                kernel.name, tuple(kernel.fixed), kernel.open, kernel.extent, kernel.grain, kernel.points,
                kernel.point_ns)
            place = places.setdefault(key, len(self.distinct))
            if place == len(self.distinct):
                self.distinct.append(kernel)
            found.append(place)
        return found
