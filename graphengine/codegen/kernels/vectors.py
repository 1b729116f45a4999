"""Vector instructions and loops at one place of a kernel, for intrinsics that numba's scalars cannot express.

LLVM values of llvmlite go in and come out. Memory is addressed by typed pointers and offsets in elements; nothing
is assumed about alignment beyond that of an element.
"""

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba.core import cgutils
from numba.extending import intrinsic

_I64 = ir.IntType(64)
ITEM_BYTES = {"f32": 4, "f64": 8, "i32": 4, "i64": 8}
_ELEMENT = {"f32": ir.FloatType(), "f64": ir.DoubleType(), "i32": ir.IntType(32), "i64": ir.IntType(64)}


@dataclasses.dataclass(frozen=True)
class Processor:
    """What decides how many elements a vector has, and how many vectors there may be at a time."""

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


class Vectors:
    """Emits instructions on vectors of `lanes` elements of one dtype where a builder stands."""

    def __init__(self, builder: ir.IRBuilder, code: str, lanes: int):
        self.builder = builder
        self.code = code
        self.element, self.item_bytes = _ELEMENT[code], ITEM_BYTES[code]
        self.vector = ir.VectorType(self.element, lanes)
        self.lanes = lanes

    def index(self, number: int) -> ir.Constant:
        return ir.Constant(_I64, number)

    def zero(self) -> ir.Constant:
        return ir.Constant(self.vector, None)

    def at(self, pointer: ir.Value, offset: ir.Value) -> ir.Value:
        return self.builder.gep(pointer, [offset])

    def lines(self, first: ir.Value, stride: ir.Value, count: int, exist: ir.Value) -> list[ir.Value]:
        """Pointers to `count` rows a stride apart; those past the number that exist repeat the last.

        Empty assembly hides where a pointer comes from: LLVM's loop strength reduction would spend a third of the
        compile time on the many ways to compute them all.
        """
        pointers = [first]
        for k in range(1, count):
            is_there = self.builder.icmp_signed("<", self.index(k), exist)
            pointers.append(self.hidden(self.at(pointers[-1], self.builder.select(is_there, stride, self.index(0)))))
        return pointers

    def hidden(self, pointer: ir.Value) -> ir.Value:
        """The same pointer; where it comes from is not to be seen."""
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
        numbers = ir.VectorType(ir.IntType(8 * self.item_bytes), lanes or self.lanes)    # one vector, as elements are
        most = self.index(numbers.count)
        count = self.builder.select(self.builder.icmp_signed("<", count, most), count, most)
        if numbers.element != _I64:
            count = self.builder.trunc(count, numbers.element)
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

    def prefetch(self, pointer: ir.Value) -> None:
        """Have the cache fetch a line that will be read; harmless where no memory is."""
        word, address = ir.IntType(32), pointer.type
        signature = ir.FunctionType(ir.VoidType(), [address, word, word, word])
        function = cgutils.get_or_insert_function(self.builder.module, signature, "llvm.prefetch.p0")
        read, most, data = (ir.Constant(word, number) for number in (0, 3, 1))
        self.builder.call(function, [pointer, read, most, data])

    def _call(self, name: str, result: ir.Type, args: list[ir.Value]) -> ir.Value:
        """Call an LLVM intrinsic on vectors; llvmlite's own declarations know scalars only."""
        vector = args[0].type if isinstance(args[0].type, ir.VectorType) else result
        pointer = ".p0" if name.startswith("masked") else ""
        signature = ir.FunctionType(result, [arg.type for arg in args])
        function = cgutils.get_or_insert_function(
            self.builder.module, signature, f"llvm.{name}.v{vector.count}{self.code}{pointer}"
        )
        return self.builder.call(function, args)

    def add_product(self, total: ir.Value, x: ir.Value, y: ir.Value) -> ir.Value:
        """total + x * y, fused where the processor can."""
        if isinstance(self.element, ir.IntType):
            return self.builder.add(total, self.builder.mul(x, y))
        return self._call("fmuladd", self.vector, [x, y, total])

    def times(self, x: ir.Value, y: ir.Value) -> ir.Value:
        return self.builder.mul(x, y) if isinstance(self.element, ir.IntType) else self.builder.fmul(x, y)

    def at_least(self, low: ir.Value, x: ir.Value) -> ir.Value:
        """The larger of the two; x where it is no number."""
        compare = self.builder.icmp_signed if isinstance(self.element, ir.IntType) else self.builder.fcmp_ordered
        return self.builder.select(compare(">", low, x), low, x)

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

    def replaced(
        self, values: Sequence[ir.Value], is_wanted: ir.Value, make: Callable[[], list[ir.Value]]
    ) -> list[ir.Value]:
        """What `make` emits where a number is not 0, else `values`."""
        builder = self.builder
        before = builder.block
        making, ready = builder.append_basic_block("make"), builder.append_basic_block("ready")
        builder.cbranch(builder.icmp_signed("!=", is_wanted, self.index(0)), making, ready)
        builder.position_at_end(making)
        made = make()
        last = builder.block
        builder.branch(ready)
        builder.position_at_end(ready)
        found = []
        for value, other in zip(values, made, strict=True):
            phi = builder.phi(value.type)
            phi.add_incoming(value, before)
            phi.add_incoming(other, last)
            found.append(phi)
        return found

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


def vector_intrinsic(name: str, code: str, lanes: int, emit: Callable[..., Any], signature: Any) -> Any:
    """`emit(vectors, *values)` as a function of numba with this signature; None is the result of a void one."""
    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        value = emit(Vectors(builder, code, lanes), *args)
        return context.get_dummy_value() if value is None else value

    return typed_intrinsic(f"{name}_{code}", signature, generate)


def typed_intrinsic(name: str, signature: Any, generate: Callable[..., Any]) -> Any:
    """`generate(context, builder, signature, values)` as a function of numba with this signature."""
    def typing(context: Any, *given: Any) -> Any:
        return signature, generate

    typing.__name__ = name
    names = ("context", *(f"x{k}" for k in range(len(signature.args))))  # numba binds arguments by name
    parameters = [inspect.Parameter(n, inspect.Parameter.POSITIONAL_OR_KEYWORD) for n in names]
    typing.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return intrinsic(typing)
