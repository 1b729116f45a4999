"""Vector code for products of matrices: what numba cannot express, as intrinsics on typed pointers.

`Tiles` makes, for one dtype and one kind of processor, the register tile, the row of dot products and the transposing
copy that `gemm` puts together. Strides are in elements. Nothing here knows of whole matrices.
"""

import dataclasses
import functools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from .. import abi

_I64 = ir.IntType(64)
_ELEMENT = {"f32": ir.FloatType(), "f64": ir.DoubleType(), "i32": ir.IntType(32), "i64": ir.IntType(64)}


@dataclasses.dataclass(frozen=True)
class Processor:
    """What decides about the shapes of tiles."""

    vector_bytes: int
    registers: int      # vector registers


@functools.cache
def host() -> Processor:
    """This processor: AVX-512, AVX2, or 128 bits, of which 64-bit ARM has 32 registers and others 16."""
    features = llvm.get_host_cpu_features()
    if features.get("avx512f") and features.get("avx512vl") and features.get("avx512dq"):
        return Processor(64, 32)
    if features.get("avx2"):
        return Processor(32, 16)
    return Processor(16, 32 if llvm.get_process_triple().startswith(("aarch64", "arm64")) else 16)


class _Emitter:
    """Instructions on vectors of one element type at a builder's place."""

    def __init__(self, builder: ir.IRBuilder, element: ir.Type, lanes: int):
        self.builder = builder
        self.element = element
        self.vector = ir.VectorType(element, lanes)
        self.lanes = lanes
        self.bytes = {"float": 4, "double": 8, "i32": 4, "i64": 8}[str(element)]

    def index(self, number: int) -> ir.Constant:
        return ir.Constant(_I64, number)

    def zero(self) -> ir.Constant:
        return ir.Constant(self.vector, None)

    def smaller(self, x: ir.Value, y: ir.Value) -> ir.Value:
        return self.builder.select(self.builder.icmp_signed("<", x, y), x, y)

    def at(self, pointer: ir.Value, offset: ir.Value) -> ir.Value:
        return self.builder.gep(pointer, [offset])

    def splat(self, value: ir.Value, vector: ir.VectorType | None = None) -> ir.Value:
        vector = vector or self.vector
        first = self.builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        return self.shuffle(first, first, [0] * self.lanes)

    def shuffle(self, x: ir.Value, y: ir.Value, lanes: Sequence[int]) -> ir.Value:
        order = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
        return self.builder.shuffle_vector(x, y, order)

    def first_lanes(self, count: ir.Value) -> ir.Value:
        """The mask of lanes whose number is below `count`."""
        numbers = ir.VectorType(_I64, self.lanes)
        return self.builder.icmp_signed(
            "<", ir.Constant(numbers, list(range(self.lanes))), self.splat(count, numbers)
        )

    def load(self, pointer: ir.Value, mask: ir.Value | None = None) -> ir.Value:
        """Consecutive elements as a vector; 0 in lanes outside the mask, whose memory is not touched."""
        pointer = self.builder.bitcast(pointer, self.vector.as_pointer())
        if mask is None:
            return self.builder.load(pointer, align=self.bytes)
        function = self._declared("masked.load", ir.FunctionType(
            self.vector, [pointer.type, ir.IntType(32), mask.type, self.vector]
        ))
        return self.builder.call(function, [pointer, ir.Constant(ir.IntType(32), self.bytes), mask, self.zero()])

    def store(self, value: ir.Value, pointer: ir.Value, mask: ir.Value | None = None) -> None:
        pointer = self.builder.bitcast(pointer, self.vector.as_pointer())
        if mask is None:
            self.builder.store(value, pointer, align=self.bytes)
            return
        function = self._declared("masked.store", ir.FunctionType(
            ir.VoidType(), [self.vector, pointer.type, ir.IntType(32), mask.type]
        ))
        self.builder.call(function, [value, pointer, ir.Constant(ir.IntType(32), self.bytes), mask])

    def _declared(self, name: str, signature: ir.FunctionType) -> ir.Function:
        """An LLVM intrinsic on these vectors. llvmlite's own declarations do not know vector types."""
        element = {"float": "f32", "double": "f64"}.get(str(self.element), str(self.element))
        pointer = ".p0" if name.startswith("masked") else ""
        full_name = f"llvm.{name}.v{self.lanes}{element}{pointer}"
        return cgutils.get_or_insert_function(self.builder.module, signature, full_name)

    def add_product(self, total: ir.Value, x: ir.Value, y: ir.Value) -> ir.Value:
        """total + x * y, fused where the processor can."""
        if isinstance(self.element, ir.IntType):
            return self.builder.add(total, self.builder.mul(x, y))
        signature = ir.FunctionType(self.vector, [self.vector] * 3)
        function = self._declared("fmuladd", signature)
        return self.builder.call(function, [x, y, total])

    def sum_of_lanes(self, x: ir.Value) -> ir.Value:
        """The sum of a vector's elements: halves are added until one is left."""
        add = self.builder.add if isinstance(self.element, ir.IntType) else self.builder.fadd
        count = self.lanes
        while count > 1:
            count //= 2
            low, high = (self.shuffle(x, x, range(start, start + count)) for start in (0, count))
            x = add(low, high)
        return self.builder.extract_element(x, ir.Constant(ir.IntType(32), 0))

    def transpose(self, rows: Sequence[ir.Value]) -> list[ir.Value]:
        """A square block the other way: each round interleaves a row of the first half with one of the second.

        One round rotates the bits of an element's number (row, lane) by one place; log2(lanes) rounds swap the two.
        """
        half, rows = self.lanes // 2, list(rows)
        order = [lane for k in range(self.lanes) for lane in (k, k + self.lanes)]
        for _ in range(self.lanes.bit_length() - 1):
            pairs = zip(rows[:half], rows[half:], strict=True)
            rows = [self.shuffle(x, y, part) for x, y in pairs for part in (order[: self.lanes], order[self.lanes :])]
        return rows

    def loop(
        self, count: ir.Value, step: int, start: Sequence[ir.Value],
        body: Callable[[ir.Value, list[ir.Value]], list[ir.Value]],
    ) -> list[ir.Value]:
        """Values carried through a loop over 0, step, 2 step, ... below `count`; its result is theirs at the end."""
        builder = self.builder
        before = builder.block
        inside, after = builder.append_basic_block("steps"), builder.append_basic_block("done")
        builder.cbranch(builder.icmp_signed("<", self.index(0), count), inside, after)
        builder.position_at_end(inside)
        position = builder.phi(_I64)
        carried = [builder.phi(value.type) for value in start]
        results = body(position, list(carried))
        following = builder.add(position, self.index(step), flags=["nsw"])
        position.add_incoming(self.index(0), before)
        position.add_incoming(following, builder.block)
        last = builder.block
        builder.cbranch(builder.icmp_signed("<", following, count), inside, after)
        builder.position_at_end(after)
        finals = []
        for phi, first, result in zip(carried, start, results, strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(result, last)
            final = builder.phi(first.type)
            final.add_incoming(first, before)
            final.add_incoming(result, last)
            finals.append(final)
        return finals


class Tiles:
    """The vector code of one dtype.

    Attributes
    ----------
    lanes : elements of a vector.
    rows : height of the tiles `full`, `edge` (two vectors wide) and `narrow` (one).
    few : height of the tile `wide`, as wide as a panel; `single` is one row of it.
    columns : number of results of `dot`.
    panel : width of a panel, four vectors.
    depth : height of the panel that `stack` has room for.
    """

    def __init__(self, code: str, processor: Processor | None = None):
        processor = processor or host()
        self.code = code
        self._element = _ELEMENT[code]
        self._pointer = types.CPointer(abi.NUMBA_TYPES[code])
        item_bytes = {"f32": 4, "f64": 8, "i32": 4, "i64": 8}[code]
        self.lanes = processor.vector_bytes // item_bytes
        many = processor.registers >= 32
        self.rows = 8 if many else 6
        self.few = 4 if many else 2
        self.panel = 4 * self.lanes
        self.columns = 8
        self.depth = 32768 // (self.panel * item_bytes)
        self.full = self._tile("full", self.rows, 2, False)
        self.edge = self._tile("edge", self.rows, 2, True)
        self.narrow = self._tile("narrow", self.rows, 1, True)
        self.wide = self._tile("wide", self.few, 4, True)
        self.single = self._tile("single", 1, 4, True)
        self.dot = self._dot()
        self.transpose = self._transpose()
        self.stack = self._stack()
        self.at = self._at()

    # ------------------------------------------------ intrinsics

    def _intrinsic(self, name: str, emit: Callable[..., Any], result: Any, *arguments: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            value = emit(_Emitter(builder, self._element, self.lanes), *args)
            return context.get_dummy_value() if value is None else value

        # numba counts the arguments of the function that it is given.
        typings: dict[int, Any] = {
            0: lambda context: (result(), generate),
            2: lambda context, a, b: (result(*arguments), generate),
            5: lambda context, a, b, c, d, e: (result(*arguments), generate),
            6: lambda context, a, b, c, d, e, f: (result(*arguments), generate),
            11: lambda context, a, b, c, d, e, f, g, h, i, j, k: (result(*arguments), generate),
        }
        typing = typings[len(arguments)]
        typing.__name__ = f"{name}_{self.code}"
        return intrinsic(typing)

    def _tile(self, name: str, rows: int, vectors: int, masked: bool) -> Any:
        """C = A B, or C += A B, for as many rows and vectors of C as are kept in registers.

        Arguments: A, its row and column stride; B, its row stride; C, its row stride; height, width, depth; 1 to add.
        Rows from `height` on repeat the last one, so that one tile serves all heights up to its own; columns from
        `width` on are masked, or must not exist.
        """
        def emit(
            v: _Emitter, a: Any, a_row: Any, a_col: Any, b: Any, b_row: Any, c: Any, c_row: Any,
            height: Any, width: Any, depth: Any, is_sum: Any,
        ) -> None:
            builder = v.builder
            last = builder.sub(height, v.index(1))
            numbers = [v.index(0), *(v.smaller(v.index(i), last) for i in range(1, rows))]
            lines = [v.at(a, builder.mul(i, a_row)) for i in numbers]
            targets = [v.at(c, builder.mul(i, c_row)) for i in numbers]
            masks, starts = self._columns(v, vectors, width if masked else None)

            def old() -> list[Any]:
                return [v.load(v.at(t, s), mask) for t in targets for s, mask in zip(starts, masks, strict=True)]

            def step(position: Any, totals: list[Any]) -> list[Any]:
                line = v.at(b, builder.mul(position, b_row))
                across = [v.load(v.at(line, s), mask) for s, mask in zip(starts, masks, strict=True)]
                offset = builder.mul(position, a_col)
                down = [v.splat(builder.load(v.at(start, offset))) for start in lines]
                pairs = [(x, y) for x in down for y in across]
                return [v.add_product(t, x, y) for t, (x, y) in zip(totals, pairs, strict=True)]

            totals = iter(v.loop(depth, 1, self._start(v, is_sum, old, rows * vectors), step))
            for target in targets:
                for start, mask in zip(starts, masks, strict=True):
                    v.store(next(totals), v.at(target, start), mask)

        number, pointer = types.int64, self._pointer
        return self._intrinsic(
            name, emit, types.void, pointer, number, number, pointer, number, pointer, number,
            number, number, number, number,
        )

    def _columns(self, v: _Emitter, vectors: int, width: Any) -> tuple[list[Any], list[Any]]:
        """Mask and first column of each vector; one without columns starts at the first, so as to stay near."""
        firsts = [v.index(self.lanes * k) for k in range(vectors)]
        if width is None:
            return [None] * vectors, firsts
        masks = [v.first_lanes(v.builder.sub(width, first)) for first in firsts]
        exist = [v.builder.icmp_signed("<", first, width) for first in firsts]
        starts = [v.builder.select(e, first, v.index(0)) for e, first in zip(exist, firsts, strict=True)]
        return masks, starts

    def _start(self, v: _Emitter, is_sum: Any, old: Callable[[], list[Any]], count: int) -> list[Any]:
        """What a tile starts from: zeros, or what C holds."""
        builder = v.builder
        before = builder.block
        loading, ready = builder.append_basic_block("sum"), builder.append_basic_block("ready")
        builder.cbranch(builder.icmp_signed("!=", is_sum, v.index(0)), loading, ready)
        builder.position_at_end(loading)
        values = old()
        builder.branch(ready)
        builder.position_at_end(ready)
        start = []
        for value in values:
            phi = builder.phi(v.vector)
            phi.add_incoming(v.zero(), before)
            phi.add_incoming(value, loading)
            start.append(phi)
        return start

    def _dot(self) -> Any:
        """c[j] = sum over l of a[l] b[j * stride + l], up to `columns` of them.

        Arguments: a, b, stride, c, width, depth.
        """
        def emit(v: _Emitter, a: Any, b: Any, stride: Any, c: Any, width: Any, depth: Any) -> None:
            builder = v.builder
            last = builder.sub(width, v.index(1))
            numbers = [v.index(0), *(v.smaller(v.index(j), last) for j in range(1, self.columns))]
            lines = [v.at(b, builder.mul(j, stride)) for j in numbers]

            def step(position: Any, totals: list[Any], mask: Any = None) -> list[Any]:
                x = v.load(v.at(a, position), mask)
                return [
                    v.add_product(t, x, v.load(v.at(line, position), mask))
                    for t, line in zip(totals, lines, strict=True)
                ]

            whole = builder.and_(depth, v.index(-self.lanes))
            totals = v.loop(whole, self.lanes, [v.zero()] * self.columns, step)
            rest = builder.sub(depth, whole)
            has_rest = builder.icmp_signed("!=", rest, v.index(0))
            totals = step(builder.select(has_rest, whole, v.index(0)), totals, v.first_lanes(rest))
            for j, total in zip(numbers, totals, strict=True):
                builder.store(v.sum_of_lanes(total), v.at(c, j))

        number, pointer = types.int64, self._pointer
        return self._intrinsic("dot", emit, types.void, pointer, pointer, number, pointer, number, number)

    def _transpose(self) -> Any:
        """Copy a block of columns into a panel: panel[l, j] = b[j * stride + l] for up to `lanes` of both.

        Arguments: b, stride, panel, width, depth. Whole vectors are written; what lies outside the block is arbitrary.
        """
        def emit(v: _Emitter, b: Any, stride: Any, panel: Any, width: Any, depth: Any) -> None:
            builder = v.builder
            last = builder.sub(width, v.index(1))
            mask = v.first_lanes(depth)
            columns = [
                v.load(v.at(b, builder.mul(v.smaller(v.index(j), last), stride)), mask) for j in range(self.lanes)
            ]
            for l, line in enumerate(v.transpose(columns)):
                v.store(line, v.at(panel, v.index(l * self.panel)))

        number, pointer = types.int64, self._pointer
        return self._intrinsic("transpose", emit, types.void, pointer, number, pointer, number, number)

    def _stack(self) -> Any:
        """Room for one panel on the stack, the same wherever it is asked for."""
        def emit(v: _Emitter) -> Any:
            room = ir.ArrayType(self._element, self.panel * self.depth)
            with v.builder.goto_entry_block():  # numba's own way would fill it with zeros
                block = v.builder.alloca(room)
            block.align = 64
            return v.builder.bitcast(block, self._element.as_pointer())

        return self._intrinsic("stack", emit, self._pointer)

    def _at(self) -> Any:
        """The pointer `offset` elements further."""
        return self._intrinsic("at", lambda v, pointer, offset: v.at(pointer, offset), self._pointer, self._pointer,
                               types.int64)
