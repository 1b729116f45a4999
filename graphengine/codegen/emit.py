"""From a loop nest to kernel text.

Names are canonical, sizes and constants are read from the table of sizes, so equal loops give equal text
whatever the graph called them and however large they are.
"""
from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from ..dtypes import DType
from ..errors import CompileError
from ..ir.dims import Dim, Size, product
from ..ir.node import Node
from ..ops.kinds import Reduction
from ..schedule.program import Program
from ..values import dataclass
from .kernels.texts import SCOPES
from .loops import Access, Counter, Leaf, Nest, Scalar, Value

SHIFT = 12
MOST_FAILURES = 31                          # bits of a kernel's result, without its sign
BLOCK = 1 << SHIFT                          # terms of a long sum that are added up before joining the others
# A slice of a loop without others inside is a multiple of every vector loop's step. So the same elements are left over
# for the scalar loop wherever slices begin, and all bits of the result are the same.
FLAT_GRAIN = 512
# What a point takes, by measurement on a Zen 5: machine operations in vectors, and bytes that pass through memory.
OPERATION_NS, BYTE_NS = 0.01, 0.015


@dataclass(frozen=True)
class Bits:
    """A constant as it stands in the table of sizes."""

    dtype: DType
    value: Any

    def number(self) -> int:
        """The constant's bits as a signed 64-bit number."""
        return constant_bits(self.dtype, self.value)


@dataclass(frozen=True)
class SizeBits:
    """A size that a kernel reads as a number of some dtype."""

    dtype: DType
    size: Size


@dataclass(frozen=True)
class Step:
    """How many elements further a buffer is in the next step, if the kernel runs several: 0 otherwise."""

    buffer: int


Slot = Size | Bits | SizeBits | Step


def constant_bits(dtype: DType, value: Any) -> int:
    """The bits of a number of this dtype in its wide type, as a signed 64-bit number."""
    if dtype.is_narrow:
        value = np.asarray(value).astype(dtype.numpy).item()
    if dtype.wide.code == "f32":
        return int(struct.unpack("<i", struct.pack("<f", value))[0])
    if dtype.code == "f64":
        return int(struct.unpack("<q", struct.pack("<d", value))[0])
    return int(value)


@dataclass(frozen=True)
class Kernel:
    """Text of a kernel and what it wants to be called with.

    name : from the text, so that equal kernels have one
    text : Python source for numba, or None for a kernel from the library
    buffers : buffer for each entry of its table of addresses
    slots : what its table of sizes holds
    extent : steps of its outermost loop
    grain : threads may share the steps of its outermost loop by multiples of so many; 0 if they may not
    points, point_ns : how many points its loops have, and roughly what each of them takes
    lines : for each line of the text, the node that it computes, or None
    takes_steps : whether its outermost loop may be that of the steps of a loop that runs nothing else
    nested : of a loop or a choice, what it runs
    """

    name: str
    text: str | None
    buffers: tuple[int, ...]
    slots: tuple[Slot, ...]
    extent: Size
    grain: int = 0
    points: Size = 0
    point_ns: float = 0.0
    lines: tuple[Node | None, ...] = ()
    takes_steps: bool = False
    nested: Nested | None = None

    @cached_property
    def open(self) -> tuple[tuple[int, Size | SizeBits], ...]:
        """Places in the table of sizes where the number depends on the feeds, and what stands there."""
        return tuple((k, slot) for k, slot in enumerate(self.slots) if isinstance(slot, (Dim, SizeBits)))

    @cached_property
    def fixed(self) -> list[int]:
        """The table of sizes, 0 in the open places."""
        return [slot.number() if isinstance(slot, Bits) else slot if isinstance(slot, int) else 0
                for slot in self.slots]

    def all(self) -> Iterator[Kernel]:
        """This kernel, and those of the programs that it runs."""
        yield self
        for part in self.nested.parts if self.nested is not None else ():
            for kernel in part.kernels:
                yield from kernel.all()


@dataclass(frozen=True)
class Part:
    """The program of a region.

    program : carried values are its variables, in order; the region's other inputs and outputs are feeds and fetches
    operands : for each feed the operand of the control op that it is, not counting those before the region's own
    """

    program: Program
    kernels: tuple[Kernel, ...]
    operands: tuple[int, ...]


@dataclass(frozen=True)
class Nested:
    """A loop or a choice, and the program of each of its regions."""

    node: Node
    parts: tuple[Part, ...]


def _wrapping(dtype: DType) -> str:
    """What brings a whole number into the range of its dtype: numba computes in 64 bits."""
    return f"to_{dtype.code}" if dtype.is_narrow else dtype.code


def emit(nest: Nest) -> Kernel:
    """Kernel text of a nest."""
    return _Emitter(nest).kernel()


class _Emitter:
    def __init__(self, nest: Nest) -> None:
        self.nest = nest
        self.lines: list[tuple[int, str, Node | None]] = []
        self.depth = 1
        self.slots: list[Slot] = []
        self.slot_code: list[str] = []
        self.buffers: list[int] = []
        self.pointer_code: list[str] = []
        self.names: dict[int, str] = {}                 # value index -> name, in the scope being written
        self.leaves: dict[Leaf, str] = {}
        self.loaded: dict[int, list[tuple[int, Access]]] = {}   # pointer -> line and place of each load
        self.stored: dict[int, list[tuple[int, Access]]] = {}   # and of each store
        self.in_memory: set[int] = set()                # values that earlier passes over a row have left there
        self.scalars: dict[tuple[str, str], str] = {}
        self.steps: dict[int, str] = {}                 # buffer -> what it moves by from step to step
        self.counts: dict[str, int] = {}
        self.loop = {role: [k for k, a in enumerate(nest.axes) if a.role == role] for role in ("outer", "fold", "kept")}
        self.extent_names = self._extents()
        # Members that can fail, each with its bit of the kernel's result; the last bit stands for all further ones.
        failing = [i for i, v in enumerate(nest.values) if v.node.op.can_fail(*self._types(v))]
        self.failure_bits = {i: min(k, MOST_FAILURES - 1) for k, i in enumerate(failing)}

    # ------------------------------------------------ the whole

    def kernel(self) -> Kernel:
        outer = self.loop["outer"]
        has_fold = any(isinstance(v.node.op, Reduction) for v in self.nest.values)
        if not outer:
            self._open("for i in range(lo, hi):")
        for position, k in enumerate(outer):
            self._open(f"for i{k} in range({'lo, hi' if position == 0 else self.extent_names[k]}):")
        if not has_fold:
            self._statements([i for i, v in enumerate(self.nest.values) if v.store is not None], 0)
        elif self.loop["kept"]:
            self._columns()
        else:
            self._rows()
        self._check_in_place()
        body = self.lines
        head: list[tuple[int, str, Node | None]] = [(1, line, None) for line in (*self.pointer_code, *self.slot_code)]
        if self.failure_bits:
            head.append((1, "failed = i32(0)", None))
        end = (1, "return failed" if self.failure_bits else "return 0", None)
        lines = [(0, "def KERNEL(b, s, lo, hi):", None), *head, *body, end]
        text = "\n".join("    " * depth + line for depth, line, _ in lines) + "\n"
        name = "k" + hashlib.sha256(text.encode()).hexdigest()[:20]
        extent = self.nest.axes[outer[0]].extent if outer else 1
        if len(self.buffers) > SCOPES:
            raise CompileError(f"a kernel of {len(self.buffers)} buffers")
        return Kernel(
            name, text.replace("KERNEL", name), tuple(self.buffers), tuple(self.slots), extent, self._grain(),
            product(a.extent for a in self.nest.axes), self._point_ns(), tuple(node for _, _, node in lines),
            not self.nest.axes and not self.failure_bits,
        )

    def _grain(self) -> int:
        """Slices are independent if each step of the outermost loop writes elements of its own."""
        stored = [v.store for v in self.nest.values if v.store is not None]
        if not self.loop["outer"] or any(access.strides[0] == 0 for access in stored):
            return 0
        return FLAT_GRAIN if len(self.nest.axes) == 1 else 1

    def _point_ns(self) -> float:
        """Time for a point of the loops, had each a vector to itself and memory to wait for."""
        full = [v for v in self.nest.values if v.is_full or isinstance(v.node.op, Reduction)]
        accesses = {a for v in full for a in (*v.arguments, v.store) if isinstance(a, Access)}
        operations = sum(getattr(v.node.op, "cost", 1) * v.node.outputs[0].dtype.size for v in full)
        return operations / 4 * OPERATION_NS + sum(a.dtype.size for a in accesses) * BYTE_NS

    def _rows(self) -> None:
        """Folds over the last axes: partial results are scalars."""
        values = self.nest.values
        last = max(v.level for v in values)
        for level in range(last + 1):
            self._statements([i for i, v in enumerate(values) if not v.is_full and v.level == level
                              and not isinstance(v.node.op, Reduction)], level)
            folds = [i for i, v in enumerate(values) if isinstance(v.node.op, Reduction) and v.level == level + 1]
            stores = [i for i, v in enumerate(values) if v.is_full and v.level == level and v.store is not None]
            if folds or stores:
                self._fold_loop(folds, stores, level)
            for i in folds:
                self._store(i)

    def _fold_loop(self, folds: Sequence[int], stores: Sequence[int], level: int) -> None:
        """One pass over the fold axes; a long one works in blocks, which keeps sums exact."""
        outside = self.names, self.leaves
        axes = self.loop["fold"]
        blocked = bool(folds) and len(axes) == 1 and (not self.loop["outer"] or self._is_long(axes[0]))
        totals = [self._fresh("r") for _ in folds]
        parts = [self._fresh("p") for _ in folds] if blocked else totals
        identities = [self._identity(self.nest.values[i].node) for i in folds]
        for name, identity in zip(totals, identities, strict=True):
            self._line(f"{name} = {identity}")
        depth = self.depth
        if blocked:
            n = self.extent_names[axes[0]]
            self._open(f"for j in range(({n} + {BLOCK - 1}) >> {SHIFT}):")
            for name, identity in zip(parts, identities, strict=True):
                self._line(f"{name} = {identity}")
            self._open(f"for i{axes[0]} in range(j << {SHIFT}, minimum((j + 1) << {SHIFT}, {n})):")
        else:
            self._open_axes(axes)
        self._scope(outside)
        for i in folds:
            self._argument(self.nest.values[i].arguments[0])
        self._statements(stores, level)
        for i, name in zip(folds, parts, strict=True):
            self._step(i, name)
        self._keep()
        self.depth = depth + blocked
        if blocked:
            for i, total, part in zip(folds, totals, parts, strict=True):
                step = self.nest.values[i].node.op.step.format(acc=total, x=part)
                self._line(f"{total} = {step}")
        self.depth = depth
        self.names, self.leaves = outside
        for i, name in zip(folds, totals, strict=True):
            self.names[i] = name

    def _is_long(self, axis: int) -> bool:
        """Whether rows may be longer than a block: those of sizes known only in a run may be."""
        extent = self.nest.axes[axis].extent
        return not isinstance(extent, int) or extent > BLOCK

    def _keep(self) -> None:
        """Leave what later passes over the row want where they find it; what was there before is not read any more."""
        for i, value in enumerate(self.nest.values):
            if i in self.names and i not in self.in_memory and value.is_full:
                if value.keep is not None:
                    k = self._pointer(value.keep)
                    self._line(f"store(a{k}, {self._row_index(value.keep)}, {self.names[i]}, {k})", value.node)
                if value.keep is not None or value.store is not None:
                    self.in_memory.add(i)

    def _columns(self) -> None:
        """Folds over axes that others lie inside: partial results are in memory."""
        values = self.nest.values
        folds = [i for i, v in enumerate(values) if isinstance(v.node.op, Reduction)]
        depth, outside = self.depth, (self.names, self.leaves)
        self._open_axes(self.loop["kept"])
        for i in folds:
            self._write(values[i], self._identity(values[i].node))
        self.depth = depth
        self._open_axes([*self.loop["fold"], *self.loop["kept"]])
        self._scope(outside)
        for i in folds:
            self._argument(values[i].arguments[0])
        self._statements([i for i, v in enumerate(values) if v.is_full and v.store is not None
                          and not isinstance(v.node.op, Reduction)], 0)
        for i in folds:
            value = values[i]
            assert value.store is not None, "a fold of columns without a place to add up"
            part = self._fresh("r")
            self._line(f"{part} = {self._load(value.store)}")
            self._step(i, part)
            self._write(value, part)
        self.depth = depth
        rest = [i for i, v in enumerate(values) if not v.is_full and not isinstance(v.node.op, Reduction)]
        if rest:
            self._open_axes(self.loop["kept"])
            self._scope(outside)
            for i in folds:
                store = values[i].store
                assert store is not None
                self.names[i] = self._fresh("r")
                self._line(f"{self.names[i]} = {self._load(store)}", values[i].node)
            self._statements(rest, 0)
        self.depth = depth
        self.names, self.leaves = outside

    # ------------------------------------------------ statements

    def _statements(self, wanted: Sequence[int], level: int) -> None:
        """Compute values, with everything they need that is not there yet, then store those that are stored.

        A store may replace an element that another of the values reads, so it comes after all of them.
        """
        for i in wanted:
            self._compute(i)
        for i in wanted:
            if self.nest.values[i].level == level or not self.nest.values[i].is_full:
                self._store(i)

    def _compute(self, i: int) -> str:
        if i not in self.names:
            value = self.nest.values[i]
            if i in self.in_memory:
                text = self._reload(value)
            else:
                arguments = [self._argument(a) for a in value.arguments]
                text = self._expression(value, arguments)
            self.names[i] = self._fresh("t")
            self._line(f"{self.names[i]} = {text}", value.node)
            if i in self.failure_bits:
                condition, _ = value.node.op.failure(*self._types(value))
                wrong = condition.format(**self._fields(value, arguments))
                self._line(f"failed = set_bit(failed, {wrong}, {self.failure_bits[i]})", value.node)
        return self.names[i]

    def _reload(self, value: Value) -> str:
        access = value.store or value.keep
        assert access is not None, "nothing was left in memory"
        k = self._pointer(access)
        return f"load(a{k}, {self._index(access) if access is value.store else self._row_index(access)}, {k})"

    def _expression(self, value: Value, arguments: list[str]) -> str:
        op = value.node.op
        result = value.node.outputs[0].dtype
        text = op.expression.format(**self._fields(value, arguments))
        return f"{_wrapping(result)}({text})" if result.is_integer and text not in arguments else text

    def _fields(self, value: Value, arguments: list[str]) -> dict[str, str]:
        """What an expression's braces stand for."""
        fields = dict(zip((p.name for p in value.node.op.ports(len(arguments))), arguments, strict=True))
        return {**fields, "T": self._types(value)[0].code, "R": value.node.outputs[0].dtype.code}

    def _types(self, value: Value) -> list[DType]:
        return [self._argument_dtype(a) for a in value.arguments]

    def _argument_dtype(self, argument: Leaf | int) -> DType:
        if isinstance(argument, int):
            return self.nest.values[argument].node.outputs[0].dtype
        return argument.dtype

    def _argument(self, argument: Leaf | int) -> str:
        if isinstance(argument, int):
            return self._compute(argument)
        if isinstance(argument, Scalar):
            return self._scalar(argument)
        if argument not in self.leaves:
            name = self._fresh("v")
            text = self._load(argument) if isinstance(argument, Access) else (
                f"to_{argument.dtype.code}({self._index(argument)})"
            )
            self._line(f"{name} = {text}")
            self.leaves[argument] = name
        return self.leaves[argument]

    def _step(self, i: int, name: str) -> None:
        value = self.nest.values[i]
        x = self._argument(value.arguments[0])
        step = value.node.op.step.format(acc=name, x=x)
        kind = value.node.outputs[0].dtype
        self._line(f"{name} = {f'{_wrapping(kind)}({step})' if kind.is_integer else step}", value.node)

    def _identity(self, node: Node) -> str:
        dtype = node.outputs[0].dtype
        value = node.op.identity(dtype)
        known = {float("inf"): "np.inf", float("-inf"): "-np.inf"}
        return f"{dtype.code}({known.get(value, value)})"

    def _store(self, i: int) -> None:
        if self.nest.values[i].store is not None:
            self._write(self.nest.values[i], self.names[i])

    def _write(self, value: Value, name: str) -> None:
        access = value.store
        if access is None:
            return
        k, index = self._pointer(access), self._index(access)
        if not isinstance(value.node.op, Reduction):            # partial results are read and written in turn
            self.stored.setdefault(k, []).append((len(self.lines), access))
        self._line(f"store(a{k}, {index}, {name}, {k})", value.node)

    def _load(self, access: Access) -> str:
        k = self._pointer(access)
        self.loaded.setdefault(k, []).append((len(self.lines), access))
        return f"load(a{k}, {self._index(access)}, {k})"

    def _check_in_place(self) -> None:
        """A buffer that is read and written: each element is read where, and before, it is written."""
        for k, stores in self.stored.items():
            for line, access in self.loaded.get(k, ()):
                if line > stores[0][0] or any(access != other for _, other in stores):
                    raise CompileError(f"a kernel writes b{self.buffers[k]} before it has read all of it")

    # ------------------------------------------------ names, sizes, pointers

    def _extents(self) -> dict[int, str]:
        """A name for the extent of each axis but the sliced one."""
        sliced = self.loop["outer"][0] if self.loop["outer"] else None
        names = {}
        for k, axis in enumerate(self.nest.axes):
            if k != sliced:
                names[k] = f"n{k}"
                self._slot(axis.extent, f"n{k} = s[{{}}]")
        return names

    def _slot(self, content: Slot, code: str) -> None:
        self.slot_code.append(code.format(len(self.slots)))
        self.slots.append(content)

    def _scalar(self, scalar: Scalar) -> str:
        key = scalar.dtype.code, repr(scalar.value)     # 0.0 and -0.0 are two constants
        name = self.scalars.get(key)
        if name is None:
            code = scalar.dtype.code
            name = self.scalars[key] = self._fresh("c")
            is_number = isinstance(scalar.value, (bool, int, float))
            content: Slot = Bits(scalar.dtype, scalar.value) if is_number else SizeBits(scalar.dtype, scalar.value)
            self._slot(content, f"{name} = constant_{code}(s[{{}}])")
        return name

    def _pointer(self, access: Access) -> int:
        if access.buffer not in self.buffers:
            k = len(self.buffers)
            self.pointer_code.append(f"a{k} = pointer_{access.dtype.code}(b[{k}])")
            self.buffers.append(access.buffer)
        return self.buffers.index(access.buffer)

    def _row_index(self, access: Access) -> str:
        """The place of a row's element in an array that holds one row for each slice of the outermost loop.

        It is that of the slice's first row: slices that run at the same time never meet, the row stays in the cache.
        """
        strides = [0 if k in self.loop["outer"][1:] else s for k, s in enumerate(access.strides)]
        return self._index(replace(access, strides=tuple(strides)), outermost="lo")

    def _index(self, access: Access | Counter, outermost: str = "i0") -> str:
        terms = []
        for k, stride in enumerate(access.strides):
            if stride == 0:
                continue
            index = outermost if k in self.loop["outer"][:1] else f"i{k}"
            if stride == 1:
                terms.append(index)
            elif stride == product(a.extent for a in self.nest.axes[k + 1:]) and k + 2 == len(self.nest.axes):
                terms.append(f"{index} * {self.extent_names[k + 1]}")
            else:
                name = self._fresh("s")
                self._slot(stride, f"{name} = s[{{}}]")
                terms.append(f"{index} * {name}")
        if isinstance(access, Access) and access.buffer in self.nest.moving:
            if access.buffer not in self.steps:
                self.steps[access.buffer] = self._fresh("s")
                self._slot(Step(access.buffer), f"{self.steps[access.buffer]} = s[{{}}]")
            terms.append(f"i * {self.steps[access.buffer]}")
        if access.start != 0:
            name = self._fresh("o")
            self._slot(access.start, f"{name} = s[{{}}]")
            terms.insert(0, name)
        return " + ".join(terms) or "0"

    def _fresh(self, kind: str) -> str:
        self.counts[kind] = self.counts.get(kind, -1) + 1
        return f"{kind}{self.counts[kind]}"

    def _scope(self, outside: tuple[dict[int, str], dict[Leaf, str]]) -> None:
        """Begin a loop body: what is known outside stays known, what is new ends with it."""
        self.names, self.leaves = dict(outside[0]), dict(outside[1])

    def _open_axes(self, axes: Sequence[int]) -> None:
        for k in axes:
            self._open(f"for i{k} in range({self.extent_names[k]}):")

    def _open(self, line: str) -> None:
        self._line(line)
        self.depth += 1

    def _line(self, text: str, node: Node | None = None) -> None:
        self.lines.append((self.depth, text, node))


__all__ = ["MOST_FAILURES", "Bits", "Kernel", "SizeBits", "Slot", "Step", "constant_bits", "emit"]
