"""The language of kernel scalars: Python arithmetic on one number, in; LLVM instructions, out.

`Scalar` is what formulas are written on, `elementary` makes a formula callable from numba kernels, and the functions
at the end are single instructions for kernels. Nothing here knows of loops or memory; `vecmath` lists the formulas.
"""

import inspect
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_LLVM_TYPE: dict[types.Type, ir.Type] = {
    types.float32: ir.FloatType(),
    types.float64: ir.DoubleType(),
    types.int32: ir.IntType(32),
    types.int64: ir.IntType(64),
}
_LLVM_TYPE[types.boolean] = ir.IntType(1)
_SAME_SIZE: dict[types.Type, types.Type] = {
    types.float32: types.int32,
    types.int32: types.float32,
    types.float64: types.int64,
    types.int64: types.float64,
}


class Scalar:
    """One number of a kernel, as LLVM sees it.

    Each operator emits one instruction, without fast-math flags: an expression is evaluated as it is written. Plain
    Python numbers take the type of the other operand. Comparisons are false for NaN and make a truth value for
    `select`. Integers wrap around; `>>` shifts in zeros.
    """

    __slots__ = ("_builder", "_value", "type")

    def __init__(self, builder: ir.IRBuilder, value: ir.Value, type: Any):
        self._builder = builder
        self._value = value
        self.type = type

    def constant(self, number: float) -> "Scalar":
        """`number` rounded to the type of this scalar."""
        return Scalar(self._builder, ir.Constant(_LLVM_TYPE[self.type], number), self.type)

    def __add__(self, other: "Scalar | float") -> "Scalar":
        return self._binary("fadd", "add", other)

    def __sub__(self, other: "Scalar | float") -> "Scalar":
        return self._binary("fsub", "sub", other)

    def __rsub__(self, other: float) -> "Scalar":
        return self.constant(other) - self

    def __mul__(self, other: "Scalar | float") -> "Scalar":
        return self._binary("fmul", "mul", other)

    def __truediv__(self, other: "Scalar | float") -> "Scalar":
        return self._binary("fdiv", None, other)

    def __rtruediv__(self, other: float) -> "Scalar":
        return self.constant(other) / self

    def __and__(self, other: "Scalar | int") -> "Scalar":
        return self._binary(None, "and_", other)

    def __or__(self, other: "Scalar | int") -> "Scalar":
        return self._binary(None, "or_", other)

    def __xor__(self, other: "Scalar | int") -> "Scalar":
        return self._binary(None, "xor", other)

    def __lshift__(self, other: "Scalar | int") -> "Scalar":
        return self._binary(None, "shl", other)

    def __rshift__(self, other: "Scalar | int") -> "Scalar":
        return self._binary(None, "lshr", other)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> "Scalar":
        return Scalar(self._builder, self._builder.fneg(self._value), self.type)

    def __lt__(self, other: "Scalar | float") -> "Scalar":
        return self._compare("<", other)

    def __gt__(self, other: "Scalar | float") -> "Scalar":
        return self._compare(">", other)

    def equals(self, other: "Scalar | float") -> "Scalar":
        """Whether both are the same number; `==` stays identity, so that scalars can be hashed."""
        return self._compare("==", other)

    def bits(self) -> "Scalar":
        """The same bits read as an integer, or as a float if this is an integer."""
        other = _SAME_SIZE[self.type]
        return Scalar(self._builder, self._builder.bitcast(self._value, _LLVM_TYPE[other]), other)

    def has_bit(self, k: int) -> "Scalar":
        """Whether bit k of this integer is set, as a truth value."""
        masked = (self & (1 << k))._value
        truth = self._builder.icmp_unsigned("!=", masked, ir.Constant(masked.type, 0))
        return Scalar(self._builder, truth, types.boolean)

    def to(self, kind: Any) -> "Scalar":
        """The number in a float format of another size, rounded; or the lower half of an integer's bits."""
        if kind == self.type:
            return self
        narrower = kind.bitwidth < self.type.bitwidth
        if isinstance(kind, types.Float):
            change = self._builder.fptrunc if narrower else self._builder.fpext
        else:
            assert narrower, f"an integer of {self.type} cannot become {kind}"
            change = self._builder.trunc
        return Scalar(self._builder, change(self._value, _LLVM_TYPE[kind]), kind)

    def call(self, name: str, *others: "Scalar | float") -> "Scalar":
        """Result of the LLVM intrinsic `llvm.name`, whose arguments and result all have the type of this scalar."""
        llvm_type = _LLVM_TYPE[self.type]
        args = [self._value, *(self._lift(other) for other in others)]
        function = self._builder.module.declare_intrinsic(
            f"llvm.{name}", [llvm_type], ir.FunctionType(llvm_type, [llvm_type] * len(args))
        )
        return Scalar(self._builder, self._builder.call(function, args), self.type)

    def fma(self, factor: "Scalar | float", addend: "Scalar | float") -> "Scalar":
        """self * factor + addend, rounded once."""
        return self.call("fma", factor, addend)

    def __abs__(self) -> "Scalar":
        return self.call("fabs") if isinstance(self.type, types.Float) else self.call("smax", self.constant(0) - self)

    def sqrt(self) -> "Scalar":
        """The square root; NaN below 0."""
        return self.call("sqrt")

    def rint(self) -> "Scalar":
        """The nearest whole number, ties to even."""
        return self.call("roundeven")

    def copysign(self, sign: "Scalar | float") -> "Scalar":
        """The magnitude of this scalar with the sign of another, also for zeros and NaN."""
        return self.call("copysign", sign)

    def select(self, x: "Scalar | float", y: "Scalar | float") -> "Scalar":
        """x where this truth value holds, else y; both are computed. At least one of the two is a scalar."""
        like = x if isinstance(x, Scalar) else y
        assert isinstance(like, Scalar), "select between two Python numbers: their type is unknown"
        return Scalar(self._builder, self._builder.select(self._value, like._lift(x), like._lift(y)), like.type)

    def _lift(self, other: "Scalar | float") -> ir.Value:
        return other._value if isinstance(other, Scalar) else self.constant(other)._value

    def _binary(self, float_name: str | None, int_name: str | None, other: "Scalar | float") -> "Scalar":
        name = float_name if isinstance(self.type, types.Float) else int_name
        assert name is not None, f"no such operation on {self.type}"
        return Scalar(self._builder, getattr(self._builder, name)(self._value, self._lift(other)), self.type)

    def _compare(self, relation: str, other: "Scalar | float") -> "Scalar":
        assert isinstance(self.type, types.Float), f"comparison of {self.type}"
        truth = self._builder.fcmp_ordered(relation, self._value, self._lift(other))
        return Scalar(self._builder, truth, types.boolean)


def elementary(definition: Callable[..., Scalar], kind: types.Float) -> Callable[..., Any]:
    """Make a formula callable from numba code, always inlined and with its arithmetic untouched.

    Parameters
    ----------
    definition : maps one scalar or two to a scalar of the same type.
    kind : numba type of all of them; what a caller passes is converted to it.

    Notes
    -----
    The instructions live in a module of their own, linked into each kernel that calls the function. In the kernel's own
    module numba's `fastmath=` option would rewrite them, and reassociation turns the `x - ((x + 1) - 1)` of log1p
    into 0. The module is built once in a process, in 7 ms; numba's pipeline takes 50 ms for the same instructions.

    `llvm.fma` is one instruction on x86 with AVX2 and on 64-bit ARM. On older processors it is a call of the C library.
    """
    name = f"graphengine_{definition.__name__}_{kind}"
    count = len(inspect.signature(definition).parameters)
    libraries: dict[Any, Any] = {}

    def emit_call(context: Any, builder: ir.IRBuilder, signature: Any, args: list[ir.Value]) -> ir.Value:
        codegen = context.codegen()
        if codegen not in libraries:
            libraries[codegen] = _library(codegen, name, definition, kind, count)
        context.add_linking_libs([libraries[codegen]])
        return builder.call(cgutils.get_or_insert_function(builder.module, _function(kind, count), name), args)

    def of_one(typing_context: Any, x: types.Type) -> Any:
        return (kind(kind), emit_call) if isinstance(x, types.Number) else None

    def of_two(typing_context: Any, x: types.Type, y: types.Type) -> Any:
        are_numbers = isinstance(x, types.Number) and isinstance(y, types.Number)
        return (kind(kind, kind), emit_call) if are_numbers else None

    typing = of_one if count == 1 else of_two
    typing.__name__ = f"{definition.__name__}_f{kind.bitwidth}"
    typing.__doc__ = definition.__doc__
    return intrinsic(typing)


def _function(kind: types.Float, count: int) -> ir.FunctionType:
    return ir.FunctionType(_LLVM_TYPE[kind], [_LLVM_TYPE[kind]] * count)


def _library(codegen: Any, name: str, definition: Callable[..., Scalar], kind: types.Float, count: int) -> Any:
    """A library that holds the formula as one function; numba drops the function from kernels once it is inlined."""
    library = codegen.create_library(name)
    module = library.create_ir_module(name)
    function = ir.Function(module, _function(kind, count), name)
    function.attributes.add("alwaysinline")
    function.attributes.add("nounwind")
    builder = ir.IRBuilder(function.append_basic_block())
    builder.ret(definition(*(Scalar(builder, arg, kind) for arg in function.args))._value)
    library.add_ir_module(module)
    library.finalize()
    return library


def _float_type(*arguments: types.Type) -> types.Float:
    """The wider float type among the arguments; integers become that type."""
    kinds = [argument for argument in arguments if isinstance(argument, types.Float)]
    return max(kinds, key=lambda kind: kind.bitwidth) if kinds else types.float64


def inline(definition: Callable[..., Scalar]) -> Callable[..., ir.Value]:
    """What an intrinsic emits: the definition on its arguments, as instructions of the kernel itself."""
    def emit(context: Any, builder: ir.IRBuilder, signature: Any, args: list[ir.Value]) -> ir.Value:
        scalars = [Scalar(builder, arg, kind) for arg, kind in zip(args, signature.args, strict=True)]
        return definition(*scalars)._value

    return emit


@intrinsic
def fma(typing_context, a, b, c):
    """a * b + c, rounded once."""
    kind = _float_type(a, b, c)
    return kind(kind, kind, kind), inline(Scalar.fma)


@intrinsic
def rint(typing_context, x):
    """The nearest integer as a float, ties to even."""
    kind = _float_type(x)
    return kind(kind), inline(lambda x: x.call("roundeven"))


@intrinsic
def fabs(typing_context, x):
    """x without its sign, also for zero and NaN; the smallest whole number stays, which has no opposite."""
    kind = x if isinstance(x, types.Integer) else _float_type(x)
    return kind(kind), inline(abs)


@intrinsic
def copysign(typing_context, x, sign):
    """The magnitude of x with the sign of `sign`, also for zeros and NaN."""
    kind = _float_type(x, sign)
    return kind(kind, kind), inline(Scalar.copysign)


@intrinsic
def select(typing_context, condition, x, y):
    """x where the condition holds, else y; both are computed, so that a loop keeps no branch."""
    kind = _float_type(x, y)
    return kind(types.boolean, kind, kind), inline(Scalar.select)


@intrinsic
def reinterpret(typing_context, x):
    """The bits of a float as an integer of the same size, or the reverse."""
    other = _SAME_SIZE.get(x)
    return (other(x), inline(Scalar.bits)) if other is not None else None
