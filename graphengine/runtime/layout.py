"""A program with real sizes: tables of addresses and sizes, rows for the runner.

Made once for each combination of feed shapes and used again. The tables are numpy arrays that the runner reads
directly; only addresses of feeds and of large results change from run to run.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from ctypes import c_void_p
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from ..codegen.emit import Kernel, SizeBits, constant_bits
from ..codegen.kernels.runner import EXTENT, MOVE, ROW, ControlBlock
from ..errors import ResourceExhaustedError
from ..ir.dims import Evaluator, evaluate, evaluator
from ..schedule.memory import ALIGNMENT, aligned
from ..schedule.program import Buffer
from .arena import Arena
from .fortran import routine_addresses
from .outline import Outline, Sizes, address_of
from .sharing import LONG_NS, divided, slice_lengths
from .signals import NEVER

if TYPE_CHECKING:
    from .nested import NestedLayout
    from .whole import WholeStep

Array = np.ndarray[Any, Any]
RUNNER = "runner"                           # its address stands beside those of the kernels
STAGED_BYTES = 4096                         # smaller feeds and results are copied, larger ones are pointed at
NOTHING = np.zeros(0, np.int64)


class Layout:
    """Tables for one combination of sizes.

    Parameters
    ----------
    outline : what does not depend on sizes
    code : address of each kernel, by its name
    sizes : value of each size symbol
    team : address of the table of helpers
    arena : memory for its temporaries; its own if not given
    outer : layout of the program around it if it is that of a loop's or a branch's region: the kernel that runs it
        puts in the addresses of feeds, variables and results

    Attributes
    ----------
    known : value of each size symbol
    control : block that the runner is called with
    addresses : table of addresses; the outline says which entries a buffer has
    staging : for each feed an array of its shape, whose address is in the table
    results : for each fetch an array of its shape, whose address is in the table
    stretch : how many steps of a loop to run before Python hears signals, as learned from earlier ones
    is_small : whether it takes the short way: arrays that are copied rather than pointed at, and little work
    work_ns : nanoseconds that its kernels are expected to take, those of loops and branches aside
    is_long : whether it may run so long that somebody loses patience
    is_endless : whether it has a loop that may run for ever
    shared : how many kernels are shared between threads, those of loops and branches included
    is_running : whether it is in the middle of a run that hears signals
    """

    def __init__(
        self, outline: Outline, code: Mapping[str, int], sizes: Sizes, team: int, arena: Arena | None = None,
        outer: Layout | None = None,
    ) -> None:
        program = outline.program
        self.outline = outline
        self.program = program
        self.known = sizes
        self.arrays = outline.arrays.copy()             # buffer -> array, for all but temporaries
        value = evaluator(sizes)
        self.arena = arena or Arena(outline, sizes)
        addresses = self.arena.addresses.copy()
        for b in outline.own:
            array = self.arrays[b.index] = _array(b, sizes)
            addresses[b.index] = address_of(array)
        self.stop: Array = outer.stop if outer is not None else np.array([NEVER], np.int64)
        numbers = [_numbers(kernel, value) for kernel in outline.distinct]
        divisions = [divided(*pair, value) for pair in zip(outline.distinct, numbers, strict=True)]
        lengths = slice_lengths(divisions, outline.times)
        self.shared = sum(times for length, times in zip(lengths, outline.times, strict=True) if length)
        self.nested: dict[int, NestedLayout] = {}       # kernel -> what it runs, of loops and choices
        which = outline.which
        for row, parts in outline.nested.items():
            from .nested import NestedLayout

            kernel = outline.distinct[which[row]]
            self.nested[row] = NestedLayout(kernel, parts, code, sizes, team, self)
            self.shared += sum(p.shared for p in self.nested[row].parts)
            numbers[which[row]] = self.nested[row].numbers + numbers[which[row]]
        self.addresses = addresses[outline.order]
        tables = [np.array(table, np.int64) for table in numbers]
        self.sizes = np.concatenate([NOTHING, *[tables[k] for k in which.tolist()]])
        each = np.array([(len(t), d.extent, n) for t, d, n in zip(tables, divisions, lengths, strict=True)], np.int64)
        counts, extents, slices = each.reshape(-1, 3)[which].T
        columns = (outline.code, outline.firsts, np.cumsum(counts) - counts, extents, slices)
        self.rows = np.array(columns, np.int64).T.reshape(-1)
        self.moves = np.zeros(MOVE, np.int64)
        self.control = np.zeros(len(ControlBlock), np.int64)
        self.home = self.addresses.copy()
        self.stretch = 1
        self.staging = [] if outline.is_region else [self.arrays[b] for b in program.feeds]
        self.results = [] if outline.is_region else [self._shaped(b, t.shape, sizes) for b, t in
                                                     zip(program.fetches, program.computation.fetches, strict=True)]
        self.work_ns = sum(d.work_ns * times for d, times in zip(divisions, outline.times, strict=True))
        self.is_long = bool(self.nested) or self.work_ns >= LONG_NS
        self.is_endless = any(n.is_endless for n in self.nested.values())
        is_small = all(a.nbytes <= STAGED_BYTES for a in (*self.staging, *self.results))
        self.is_small = is_small and not (self.is_long or self.shared)
        self.control[ControlBlock.STOP] = address_of(self.stop)
        self.control[ControlBlock.TEAM] = team
        self.is_running = False
        self.entries_of: dict[bool, Any] = {}           # see `runtime.entry`
        self.ahead = 0                                  # rows before those of the program
        self._replaced: tuple[Array, Array, int] | None = None  # what `run_alone` has replaced
        self.spent_s = 0.0                              # in steps of loops
        self.wholes: dict[Any, WholeStep] = {}          # the step as one kernel, by what a loop moves
        self._own = self.home, self.sizes, self.rows
        self._tell()

    def _shaped(self, buffer: int, shape: Any, sizes: Sizes) -> Array:
        return self.arrays[buffer].reshape([evaluate(s, sizes) for s in shape])

    def _tell(self) -> None:
        """Write where the tables are into the control block."""
        control = self.control
        control[ControlBlock.ROWS] = address_of(self.rows)
        control[ControlBlock.ROW_COUNT] = len(self.rows) // ROW
        control[ControlBlock.ADDRESSES] = address_of(self.addresses)
        control[ControlBlock.SIZES] = address_of(self.sizes)
        control[ControlBlock.MOVES] = address_of(self.moves)
        control[ControlBlock.STEPS] = 1
        self.control_address = address_of(control)
        self.control_pointer = c_void_p(self.control_address)    # ctypes would convert a number at each call

    def own_fetch(self, k: int) -> int:
        """The address of memory of its own for a region's result."""
        buffer = self.program.buffers[self.program.fetches[k]]
        self.arrays[buffer.index] = _array(buffer, self.known)
        self.point(buffer.index, address_of(self.arrays[buffer.index]))
        return address_of(self.arrays[buffer.index])

    def point(self, buffer: int, address: int) -> None:
        """Use memory at `address` for a buffer, until `point_home`."""
        for k in self.outline.entries.get(buffer, ()):
            self.addresses[k] = address

    def point_home(self) -> None:
        """Use the layout's own memory again."""
        self.addresses[:] = self.home

    def restore(self) -> None:
        """Use the layout's own memory again, for one step at a time."""
        self.run_all()
        self.point_home()
        self.control[ControlBlock.MOVE_COUNT] = 0
        self.control[ControlBlock.STEPS] = 1
        if self.outline.takes_steps and not self.ahead:
            self.take_steps(1)
            for entry in self.outline.step_entries.values():
                self.sizes[entry] = 0

    def take_steps(self, count: int) -> None:
        """Let the only kernel run so many steps."""
        self.control[ControlBlock.STEPS] = 1
        self.rows[EXTENT] = count

    def run_alone(self, code: int, sizes: Array) -> None:
        """Let the kernel at an address take the place of all rows, with its own table of sizes, until `run_all`."""
        if self._replaced is None:
            self._replaced = self.rows, self.sizes, int(self.control[ControlBlock.MOVE_COUNT])
        self.rows, self.sizes = np.array([code, 0, 0, 1, 0], np.int64), sizes
        self.control[ControlBlock.MOVE_COUNT] = 0
        self._tell()

    def run_all(self) -> None:
        """Let the program's rows run again, if another kernel was in their place."""
        if self._replaced is not None:
            self.rows, self.sizes, self.control[ControlBlock.MOVE_COUNT] = self._replaced
            self._replaced = None
            self._tell()

    @cached_property
    def apart(self) -> dict[int, int]:
        """Address of a temporary in memory that it shares with no other, by place in the table of addresses."""
        value = evaluator(self.known)
        temps = [b for b in self.program.buffers if b.kind == "temp"]
        room = {b.index: aligned(value(b.size) * b.dtype.size) for b in temps}
        self._apart = np.empty(sum(room.values()) + ALIGNMENT, np.uint8)
        start = address_of(self._apart)
        start += -start % ALIGNMENT
        found: dict[int, int] = {}
        for index, count in room.items():
            found |= dict.fromkeys(self.outline.entries.get(index, ()), start)
            start += count
        return found

    def start_anew(self) -> None:
        """Begin with the first row again after a run that was stopped."""
        self.control[[ControlBlock.START, ControlBlock.STEPS]] = 0, 1
        for row, nested in self.nested.items():
            nested.start_anew(self, self.ahead + row)

    @cached_property
    def bytes(self) -> int:
        """Bytes that the layout holds on to, its arena aside."""
        own = [self.arrays[b.index].nbytes for b in self.outline.own]
        return sum(own) + sum(n.bytes() for n in self.nested.values())

    def prepend(self, rows: Sequence[tuple[int, Sequence[int], Sequence[int], int]]) -> int:
        """Put kernels before the program, in the place of those that were there: (address, buffer addresses, sizes,
        extent) each. All other addresses are the layout's own again.

        Returns
        -------
        The place of their first address in the table.
        """
        home, numbers, own = self._own
        if not rows and not self.ahead:
            self.addresses[:] = home
            return len(home)
        table: list[int] = []
        more: list[int] = []
        ahead: list[int] = []
        for function, addresses, sizes, extent in rows:
            ahead += [function, len(home) + len(table), len(numbers) + len(more), extent, 0]
            table += addresses
            more += sizes
        self.home = np.concatenate([home, np.array(table, np.int64)])
        self.addresses = self.home.copy()
        self.sizes = np.concatenate([numbers, np.array(more, np.int64)])
        self.rows = np.concatenate([np.array(ahead, np.int64), own])
        self.ahead = len(rows)
        self._tell()
        return len(home)

    def set_moves(self, moves: Sequence[tuple[int, int]]) -> None:
        """Addresses that grow after each step: (place in the table, bytes)."""
        self.moves = np.array(moves or [(0, 0)], np.int64).reshape(-1)
        self.control[ControlBlock.MOVES] = address_of(self.moves)
        self.control[ControlBlock.MOVE_COUNT] = len(moves)


def _array(buffer: Buffer, sizes: Sizes) -> Array:
    """Memory of its own for a buffer.

    Raises
    ------
    ResourceExhaustedError that names the node if there is not so much.
    """
    assert buffer.tensor is not None, "scratch lives in the arena"
    shape: Any = [evaluate(s, sizes) for s in buffer.tensor.shape]  # type: ignore[arg-type]
    try:
        return np.zeros(shape, buffer.dtype.numpy)
    except (ValueError, MemoryError) as error:
        node = buffer.tensor.node
        raise ResourceExhaustedError(
            f"a result of shape {tuple(shape)} finds no room: {error}", op=node.op.called, node=node.equation(),
            at=str(node.origin) if node.origin else None, fix="smaller sizes") from None


def _numbers(kernel: Kernel, value: Evaluator) -> list[int]:
    """What the kernel finds in its table of sizes."""
    numbers = kernel.fixed.copy()
    for k, slot in kernel.open:
        numbers[k] = constant_bits(slot.dtype, value(slot.size)) if isinstance(slot, SizeBits) else value(slot)
    if kernel.text is None:
        numbers += routine_addresses(kernel.name, numbers)
    return numbers
