"""Vector code for products of matrices: what numba cannot express, as intrinsics on typed pointers.

`Tiles` makes, for one dtype and one kind of processor, the register tile, the row of dot products and the transposing
copy that `gemm` puts together. Strides are in elements. Nothing here knows of whole matrices.
"""

import contextlib
import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
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
        self.item_bytes = {"float": 4, "double": 8, "i32": 4, "i64": 8}[str(element)]

    def index(self, number: int) -> ir.Constant:
        return ir.Constant(_I64, number)

    def zero(self) -> ir.Constant:
        return ir.Constant(self.vector, None)

    def smaller(self, x: ir.Value, y: ir.Value) -> ir.Value:
        return self.builder.select(self.builder.icmp_signed("<", x, y), x, y)

    def at(self, pointer: ir.Value, offset: ir.Value) -> ir.Value:
        return self.builder.gep(pointer, [offset])

    def opaque(self, pointer: ir.Value) -> ir.Value:
        """The same pointer, of unknown origin: LLVM's loop strength reduction takes 0.1 s to try all its forms."""
        signature = ir.FunctionType(pointer.type, [pointer.type])
        return self.builder.asm(signature, "", "=r,0", [pointer], side_effect=False)

    def splat(self, value: ir.Value, vector: ir.VectorType | None = None) -> ir.Value:
        vector = vector or self.vector
        first = self.builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
        return self.shuffle(first, first, [0] * vector.count)

    def shuffle(self, x: ir.Value, y: ir.Value, lanes: Sequence[int]) -> ir.Value:
        order = ir.Constant(ir.VectorType(ir.IntType(32), len(lanes)), list(lanes))
        return self.builder.shuffle_vector(x, y, order)

    def first_lanes(self, count: ir.Value, lanes: int | None = None) -> ir.Value:
        """The mask of lanes whose number is below `count`."""
        numbers = ir.VectorType(_I64, lanes or self.lanes)
        return self.builder.icmp_signed(
            "<", ir.Constant(numbers, list(range(numbers.count))), self.splat(count, numbers)
        )

    def load(self, pointer: ir.Value, mask: ir.Value | None = None) -> ir.Value:
        """Consecutive elements as a vector; 0 in lanes outside the mask, whose memory is not touched."""
        pointer = self.builder.bitcast(pointer, self.vector.as_pointer())
        if mask is None:
            return self.builder.load(pointer, align=self.item_bytes)
        alignment = ir.Constant(ir.IntType(32), self.item_bytes)
        return self._call("masked.load", self.vector, [pointer, alignment, mask, self.zero()])

    def store(self, value: ir.Value, pointer: ir.Value, mask: ir.Value | None = None) -> None:
        pointer = self.builder.bitcast(pointer, value.type.as_pointer())
        if mask is None:
            self.builder.store(value, pointer, align=self.item_bytes)
        else:
            alignment = ir.Constant(ir.IntType(32), self.item_bytes)
            self._call("masked.store", ir.VoidType(), [value, pointer, alignment, mask])

    def _call(self, name: str, result: ir.Type, args: list[ir.Value]) -> ir.Value:
        """Call an LLVM intrinsic on vectors; llvmlite's own declarations know scalars only."""
        vector = args[0].type if isinstance(args[0].type, ir.VectorType) else result
        element = {"float": "f32", "double": "f64"}.get(str(vector.element), str(vector.element))
        pointer = ".p0" if name.startswith("masked") else ""
        signature = ir.FunctionType(result, [arg.type for arg in args])
        function = cgutils.get_or_insert_function(
            self.builder.module, signature, f"llvm.{name}.v{vector.count}{element}{pointer}"
        )
        return self.builder.call(function, args)

    def add_product(self, total: ir.Value, x: ir.Value, y: ir.Value) -> ir.Value:
        """total + x * y, fused where the processor can."""
        if isinstance(self.element, ir.IntType):
            return self.builder.add(total, self.builder.mul(x, y))
        return self._call("fmuladd", self.vector, [x, y, total])

    def sums(self, vectors: Sequence[ir.Value]) -> ir.Value:
        """The sum of the elements of each vector, as one vector as long as there are vectors.

        A round adds neighboring elements and packs two vectors into one, the last rounds a vector into its half.
        """
        add = self.builder.add if isinstance(self.element, ir.IntType) else self.builder.fadd
        vectors, count = list(vectors), len(vectors)
        while len(vectors) > 1:
            pairs = zip(vectors[::2], vectors[1::2], strict=True)
            even = range(0, 2 * self.lanes, 2)
            vectors = [add(self.shuffle(x, y, even), self.shuffle(x, y, [k + 1 for k in even])) for x, y in pairs]
        (total,) = vectors
        while total.type.count > count:
            even = range(0, total.type.count, 2)
            total = add(self.shuffle(total, total, even), self.shuffle(total, total, [k + 1 for k in even]))
        return total

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

    def _keep_rolled(self, branch: ir.Instruction) -> None:
        """Do not unroll this loop: its body is long enough, and a copy for the odd step would cost tiny products."""
        module = self.builder.module
        disable = module.add_metadata([ir.MetaDataString(module, "llvm.loop.unroll.disable")])
        number = ir.Constant(_I64, len(module.metadata))  # makes the node one of its own
        loop = module.add_metadata([disable, module.add_metadata([number])])
        loop.operands = (loop, disable)  # a loop's node begins with itself
        branch.set_metadata("llvm.loop", loop)

    @contextlib.contextmanager
    def range(self, stop: ir.Value, step: int) -> Iterator[ir.Value]:
        """What is emitted inside runs for 0, step, 2 step, ... below `stop`."""
        builder = self.builder
        before = builder.block
        inside, after = builder.append_basic_block("each"), builder.append_basic_block("end")
        builder.cbranch(builder.icmp_signed("<", self.index(0), stop), inside, after)
        builder.position_at_end(inside)
        position = builder.phi(_I64)
        position.add_incoming(self.index(0), before)
        yield position
        following = builder.add(position, self.index(step), flags=["nsw"])
        position.add_incoming(following, builder.block)
        self._keep_rolled(builder.cbranch(builder.icmp_signed("<", following, stop), inside, after))
        builder.position_at_end(after)

    def loop(
        self, count: ir.Value, step: int, start: Sequence[ir.Value],
        body: Callable[[ir.Value, list[ir.Value]], list[ir.Value]], is_rolled: bool = True,
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
        branch = builder.cbranch(builder.icmp_signed("<", following, count), inside, after)
        if is_rolled:
            self._keep_rolled(branch)
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


@dataclasses.dataclass(frozen=True)
class _Operands:
    """What a tile is computed from: where its rows of A, its columns of B and its part of C start, and strides."""

    a: ir.Value
    a_row: ir.Value
    a_col: ir.Value
    b: ir.Value
    b_row: ir.Value
    c: ir.Value
    c_row: ir.Value
    depth: ir.Value
    is_sum: ir.Value


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
        self.columns = min(8, self.lanes)
        self.depth = 32768 // (self.panel * item_bytes)
        self.product = self._product()
        self.dot = self._dot()
        self.pack = self._pack()
        self.blas = self._blas()
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
            6: lambda context, a, b, c, d, e, f: (result(*arguments), generate),
            11: lambda context, a, b, c, d, e, f, g, h, i, j, k: (result(*arguments), generate),
        }
        typing = typings[len(arguments)]
        typing.__name__ = f"{name}_{self.code}"
        return intrinsic(typing)

    def _product(self) -> Any:
        """C = A B, or C += A B, for any height and depth and up to a panel's width.

        Arguments: A, its row and column stride; B, its row stride; C, its row stride; height, width, depth; 0 to
        overwrite C, other numbers to add to it.
        """
        def emit(
            v: _Emitter, a: Any, a_row: Any, a_col: Any, b: Any, b_row: Any, c: Any, c_row: Any,
            height: Any, width: Any, depth: Any, is_sum: Any,
        ) -> None:
            builder, pair = v.builder, 2 * self.lanes

            def tile(rows: int, vectors: int, i: Any, j: Any, left: Any, is_edge: bool = True) -> None:
                start, target = v.at(a, builder.mul(i, a_row)), v.at(c, builder.add(builder.mul(i, c_row), j))
                operands = _Operands(start, a_row, a_col, v.at(b, j), b_row, target, c_row, depth, is_sum)
                self._tile(v, rows, vectors, operands, builder.sub(height, i), left if is_edge else None)

            def column(vectors: int, j: Any, left: Any, is_edge: bool = True) -> None:
                with v.range(done, self.rows) as i:
                    tile(self.rows, vectors, i, j, left, is_edge)

            # The last few rows of a wide panel have tiles of their own; they would waste most of a high one.
            rest = builder.urem(height, v.index(self.rows))
            is_few = builder.icmp_unsigned("<", builder.sub(rest, v.index(1)), v.index(self.few))
            is_split = builder.and_(is_few, builder.icmp_signed(">", width, v.index(self.lanes)))
            done = builder.select(is_split, builder.sub(height, rest), height)
            with v.range(width, pair) as j:
                left = builder.sub(width, j)
                with builder.if_else(builder.icmp_signed(">", left, v.index(self.lanes))) as (is_two, is_one):
                    with is_two, builder.if_else(builder.icmp_signed(">=", left, v.index(pair))) as (full, edge):
                        with full:
                            column(2, j, left, is_edge=False)
                        with edge:
                            column(2, j, left)
                    with is_one:
                        column(1, j, left)
            with builder.if_then(is_split):
                with builder.if_else(builder.icmp_signed("==", rest, v.index(1))) as (single, several):
                    with single:
                        tile(1, 4, done, v.index(0), width)
                    with several:
                        tile(self.few, 4, done, v.index(0), width)

        number, pointer = types.int64, self._pointer
        return self._intrinsic(
            "product", emit, types.void, pointer, number, number, pointer, number, pointer, number,
            number, number, number, number,
        )

    def _tile(self, v: _Emitter, rows: int, vectors: int, x: _Operands, height: Any, width: Any) -> None:
        """As many rows and vectors of C as are kept in registers (Goto and van de Geijn 2008, section 4.2).

        Rows from `height` on repeat the last one, so that one tile serves all heights up to its own. Columns from
        `width` on are masked; None says that all exist.
        """
        builder = v.builder
        lines, targets = [x.a], [x.c]
        for i in range(1, rows):
            exists = builder.icmp_signed("<", v.index(i), height)
            for pointers, stride in ((lines, x.a_row), (targets, x.c_row)):
                pointers.append(v.opaque(v.at(pointers[-1], builder.select(exists, stride, v.index(0)))))
        masks, starts = self._columns(v, vectors, width)

        def old() -> list[Any]:
            return [v.load(v.at(t, s), mask) for t in targets for s, mask in zip(starts, masks, strict=True)]

        def step(position: Any, totals: list[Any]) -> list[Any]:
            line = v.at(x.b, builder.mul(position, x.b_row))
            across = [v.load(v.at(line, s), mask) for s, mask in zip(starts, masks, strict=True)]
            offset = builder.mul(position, x.a_col)
            down = [v.splat(builder.load(v.at(start, offset))) for start in lines]
            pairs = [(p, q) for p in down for q in across]
            return [v.add_product(t, p, q) for t, (p, q) in zip(totals, pairs, strict=True)]

        start = self._start(v, x.is_sum, old)
        totals = iter(v.loop(x.depth, 1, start, step, is_rolled=rows > 1))
        for target in targets:
            for start, mask in zip(starts, masks, strict=True):
                v.store(next(totals), v.at(target, start), mask)

    def _columns(self, v: _Emitter, vectors: int, width: Any) -> tuple[list[Any], list[Any]]:
        """Mask and first column of each vector; one without columns starts at the first, so as to stay near."""
        firsts = [v.index(self.lanes * k) for k in range(vectors)]
        if width is None:
            return [None] * vectors, firsts
        masks = [v.first_lanes(v.builder.sub(width, first)) for first in firsts]
        exist = [v.builder.icmp_signed("<", first, width) for first in firsts]
        starts = [v.builder.select(e, first, v.index(0)) for e, first in zip(exist, firsts, strict=True)]
        return masks, starts

    def _start(self, v: _Emitter, is_sum: Any, old: Callable[[], list[Any]]) -> list[Any]:
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
            v.store(v.sums(totals), c, v.first_lanes(width, self.columns))

        number, pointer = types.int64, self._pointer
        return self._intrinsic("dot", emit, types.void, pointer, pointer, number, pointer, number, number)

    def _pack(self) -> Any:
        """Copy a part of B into a panel, so that its rows are `panel` apart: whole vectors, arbitrary past the part.

        Arguments: B, its row and column stride, the panel, width, depth.
        """
        def emit(v: _Emitter, b: Any, b_row: Any, b_col: Any, panel: Any, width: Any, depth: Any) -> None:
            builder, one = v.builder, v.index(1)

            def start(l: Any, j: Any) -> tuple[Any, Any]:
                source = builder.add(builder.mul(l, b_row), builder.mul(j, b_col))
                return v.at(b, source), v.at(panel, builder.add(builder.mul(l, v.index(self.panel)), j))

            with builder.if_else(builder.icmp_signed("==", b_col, one)) as (has_rows, has_others):
                with has_rows, v.range(depth, 1) as l, v.range(width, self.lanes) as j:
                    source, target = start(l, j)
                    v.store(v.load(source, v.first_lanes(builder.sub(width, j))), target)
                with has_others, builder.if_else(builder.icmp_signed("==", b_row, one)) as (has_columns, has_neither):
                    with has_columns, v.range(depth, self.lanes) as l, v.range(width, self.lanes) as j:
                        self._transpose(v, *start(l, j), b_col, builder.sub(width, j), builder.sub(depth, l))
                    with has_neither, v.range(depth, 1) as l, v.range(width, 1) as j:
                        source, target = start(l, j)
                        builder.store(builder.load(source), target)

        number, pointer = types.int64, self._pointer
        return self._intrinsic("pack", emit, types.void, pointer, number, number, pointer, number, number)

    def _transpose(self, v: _Emitter, b: Any, panel: Any, stride: Any, width: Any, depth: Any) -> None:
        """panel[l, j] = b[j * stride + l] for up to `lanes` of both."""
        mask, columns = v.first_lanes(depth), [b]
        for j in range(1, self.lanes):
            exists = v.builder.icmp_signed("<", v.index(j), width)
            columns.append(v.opaque(v.at(columns[-1], v.builder.select(exists, stride, v.index(0)))))
        for l, line in enumerate(v.transpose([v.load(column, mask) for column in columns])):
            v.store(line, v.at(panel, v.index(l * self.panel)))

    def _blas(self) -> Any:
        """C = A B by the Fortran routine at an address. It has columns where we have rows, so it makes C' = B' A'.

        Arguments: the address, whether the rows of B and of A are dense, n, m, k, B, its leading dimension, A, its
        leading dimension, C. Dense columns instead of rows are a transposed operand.
        """
        def emit(
            v: _Emitter, address: Any, b_plain: Any, a_plain: Any, n: Any, m: Any, k: Any,
            b: Any, ld_b: Any, a: Any, ld_a: Any, c: Any,
        ) -> None:
            builder = v.builder

            def passed(value: Any) -> Any:
                with builder.goto_entry_block():
                    place = builder.alloca(value.type)
                builder.store(value, place)
                return place

            def letter(is_plain: Any) -> Any:
                codes = (ir.Constant(ir.IntType(8), ord(text)) for text in "NT")
                return passed(builder.select(is_plain, *codes))

            def size(value: Any) -> Any:
                return passed(builder.trunc(value, ir.IntType(32)))

            one, zero = (passed(ir.Constant(self._element, number)) for number in (1, 0))
            args = [
                letter(b_plain), letter(a_plain), size(n), size(m), size(k), one, b, size(ld_b), a, size(ld_a),
                zero, c, size(n),
            ]
            routine = ir.FunctionType(ir.VoidType(), [arg.type for arg in args])
            builder.call(builder.inttoptr(address, routine.as_pointer()), args)

        number, pointer, truth = types.int64, self._pointer, types.boolean
        return self._intrinsic(
            "blas", emit, types.void, number, truth, truth, number, number, number,
            pointer, number, pointer, number, pointer,
        )

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
